//! Code that the examples share.

use std::{
    error::Error,
    fs,
    path::{Path, PathBuf},
};

use shiplap::report::Plot;

/// Parses the folders from the command line (`--out DIR`). Each option has a default relative to the repository.
pub fn folders<const N: usize>(options: [(&str, &str); N]) -> Result<[PathBuf; N], String> {
    let mut folders = options.map(|(_, default)| repository(default));
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        let index = options.iter().position(|(option, _)| argument == *option);
        let (Some(index), Some(folder)) = (index, arguments.next()) else {
            return Err(format!(
                "unexpected argument `{argument}`; usage: {}",
                options.map(|(option, _)| format!("[{option} DIR]")).join(" ")
            ));
        };
        folders[index] = folder.into();
    }
    Ok(folders)
}

/// Writes each plot as SVG and PNG.
pub fn save(out: &Path, plots: &[(&str, &dyn Plot)]) -> Result<(), Box<dyn Error>> {
    for (name, plot) in plots {
        fs::write(out.join(format!("{name}.svg")), plot.svg()?)?;
        fs::write(out.join(format!("{name}.png")), plot.png()?)?;
    }
    Ok(())
}

/// A path in the repository.
pub fn repository(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}
