//! What the examples have in common.

use std::{
    error::Error,
    fs,
    path::{Path, PathBuf},
};

use shiplap::report::Plot;

/// The folders that the program's arguments name (`--out DIR`), or else these in the repository.
pub fn folders<const N: usize>(options: [(&str, &str); N]) -> Result<[PathBuf; N], String> {
    let mut folders = options.map(|(_, default)| repository(default));
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        let place = options.iter().position(|(option, _)| argument == *option);
        let (Some(place), Some(folder)) = (place, arguments.next()) else {
            return Err(format!(
                "the arguments are {}",
                options.map(|(option, _)| format!("[{option} DIR]")).join(" ")
            ));
        };
        folders[place] = folder.into();
    }
    Ok(folders)
}

/// Writes each picture as SVG and PNG.
pub fn save(out: &Path, pictures: &[(&str, &dyn Plot)]) -> Result<(), Box<dyn Error>> {
    for (name, picture) in pictures {
        fs::write(out.join(format!("{name}.svg")), picture.svg()?)?;
        fs::write(out.join(format!("{name}.png")), picture.png()?)?;
    }
    Ok(())
}

/// A path in the repository.
pub fn repository(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}
