//! Writes small valid files, from which the fuzzer starts, to a folder for each target: `seeds FOLDER`.

use std::{env, error::Error, fs, io::Write, path::PathBuf};

use flate2::{Compression, write::GzEncoder};
use shiplap::{data::npy, io, prelude::*};

type Net = (Dense<3, 4, Relu>, Dense<4, 2, Softmax>);
type Dropped = (Dense<3, 4, Relu>, Dropout<4, 20>, Dense<4, 2, Softmax>);

const TABLE: &str = "a,b,c\n0.5,x,p\n\"1,5\",y,q\n,\"x\ny\",p\n";
const IDX: [u8; 24] = [0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 2, 0, 0, 0, 2, 0, 51, 102, 153, 204, 255, 0, 0];

fn checkpoint<O: Optimizer>(optimizer: O, path: PathBuf) -> Result<(), Box<dyn Error>> {
    let mut trainer = Trainer::<Dropped, SparseCategoricalCrossentropy, O, 2>::new(optimizer, 1);
    trainer.fit(&[[0.5, -1.0, 2.0], [1.0, 0.0, -0.5]], &[1, 0], Fit::epochs(1))?;
    Ok(io::save_checkpoint(&trainer.state(), 1, path)?)
}

/// A safetensors file of the layers `hidden` and `head`, whose weights are called as in PyTorch or Keras.
fn weights(layers: [&str; 2], weight: &str, transposed: bool) -> Vec<u8> {
    let (mut header, mut start) = (vec![], 0);
    for (name, [rows, columns]) in layers.into_iter().zip([[3, 4], [4, 2]]) {
        let shape = if transposed { format!("[{columns},{rows}]") } else { format!("[{rows},{columns}]") };
        for (parameter, shape, length) in [(weight, shape, rows * columns), ("bias", format!("[{columns}]"), columns)] {
            let end = start + 4 * length;
            header.push(format!(
                r#""{name}.{parameter}":{{"dtype":"F32","shape":{shape},"data_offsets":[{start},{end}]}}"#
            ));
            start = end;
        }
    }
    let header = format!("{{{}}}", header.join(","));
    [&(header.len() as u64).to_le_bytes(), header.as_bytes(), &vec![0; start]].concat()
}

fn gzip(bytes: &[u8]) -> Result<Vec<u8>, std::io::Error> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes)?;
    encoder.finish()
}

fn main() -> Result<(), Box<dyn Error>> {
    let folder = PathBuf::from(env::args().nth(1).ok_or("the folder is missing")?);
    for target in ["checkpoint", "cifar", "csv", "gzip", "idx", "images", "import", "npy", "npz", "safetensors"] {
        fs::create_dir_all(folder.join(target))?;
    }
    let at = |path: &str| folder.join(path);
    checkpoint(Adam::new(0.01), at("checkpoint/adam"))?;
    checkpoint(Sgd::new(0.1), at("checkpoint/sgd"))?;
    checkpoint(RmsProp::new(0.01), at("checkpoint/rmsprop"))?;
    fs::write(at("cifar/ten"), [&[7; 3073][..], &[9; 3073]].concat())?;
    fs::write(at("cifar/hundred"), [19; 3074])?;
    for settings in 0..8u8 {
        fs::write(at("csv").join(settings.to_string()), [&[settings], TABLE.as_bytes()].concat())?;
    }
    fs::write(at("csv/numbers"), b"\x011,2,0\r\n3,4,1\r\n")?;
    fs::write(at("idx/images"), IDX)?;
    fs::write(at("idx/labels"), [0, 0, 8, 1, 0, 0, 0, 3, 7, 2, 1])?;
    fs::write(at("import/torch"), weights(["0", "2"], "weight", true))?;
    fs::write(at("import/torch_named"), weights(["hidden", "head"], "weight", true))?;
    fs::write(at("import/keras"), weights(["0", "1"], "kernel", false))?;
    fs::write(at("import/keras_named"), weights(["hidden", "head"], "kernel", false))?;
    npy::write(at("npy/matrix"), &[[0.0f32, 1.0, 2.0, 3.0], [4.0, 5.0, 6.0, 7.0]])?;
    npy::write(at("npy/wide"), &[0.5f64, 1e300])?;
    npy::write_labels(at("npy/labels"), &[1, 0, 2])?;
    npy::Npz::new().with("x", &[[1.0f32, 2.0, 3.0]]).with_labels("y", &[1, 0]).write(at("npz/two"))?;
    io::save(&Net::new(1), at("safetensors/net"))?;
    fs::write(at("gzip/table"), gzip(TABLE.as_bytes())?)?;
    fs::write(at("gzip/images"), [gzip(&IDX[..9])?, gzip(&IDX[9..])?, vec![0; 20]].concat())?;
    fs::write(at("gzip/matrix"), gzip(&fs::read(at("npy/matrix"))?)?)?;
    fs::write(at("gzip/plain"), TABLE)?;
    Ok(())
}
