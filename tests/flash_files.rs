//! Writes the files that `tests/flash` reads at compile time:
//! `cargo test -p shiplap-tests --features exhaustive --test flash_files -- --ignored`.

#[path = "flash/networks.rs"]
mod networks;

use std::{fs, path::Path};

use networks::{Listener, Mobile, Own, Scale, Table, Wide, Xor};
use shiplap::{io, prelude::*};

#[test]
#[ignore = "it writes files that are part of the sources"]
fn write() -> Result<(), Box<dyn std::error::Error>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("flash");
    let (x, y) = ([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]], [[0.0], [1.0], [1.0], [0.0]]);
    let mut xor = Trainer::<Xor, BinaryCrossentropy, Adam, 4>::new(Adam::new(0.05), 1);
    xor.fit(&x, &y, Fit::epochs(500))?;
    io::save(xor.network(), folder.join("xor.safetensors"))?;
    io::save_checkpoint(&xor.state(), 500, folder.join("checkpoint.safetensors"))?;
    let whole = io::to_bytes(xor.network())?;
    fs::write(folder.join("truncated.safetensors"), &whole[..whole.len() - 6])?;
    fs::write(folder.join("nan.safetensors"), [&whole[..whole.len() - 4], &f32::NAN.to_le_bytes()].concat())?;

    let rows = [[1.0, 0.0, f32::NAN], [4.0, 3.0, 2.0], [-2.0, 1.0, 0.5]];
    let mut table = Table::new(2);
    table.0.0 = Impute::mean(&rows)?;
    table.0.1.range = [6.0, 1.0, 1.5];
    table.1.mean = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6];
    table.1.deviation = [1.0, 0.5, 0.0, 2.0, 3.0, 0.25];
    table.2.layer.bias[7] = -0.0;
    io::save(&table, folder.join("table.safetensors"))?;
    io::save(&Wide::new(3), folder.join("wide.safetensors"))?;
    io::save(&Mobile::new(5), folder.join("mobile.safetensors"))?;
    io::save(&Listener::new(6), folder.join("listener.safetensors"))?;
    let mut own = Own::new(4);
    own.0 = Scale { factor: [2.0, -1.0, 0.5] };
    io::save(&own, folder.join("own.safetensors"))?;
    Ok(())
}
