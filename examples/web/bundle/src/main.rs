//! Builds a package of this workspace for browsers and node, as the npm package `dist/NAME`, and for `digits`, the page
//! `dist/index.html`.
//!
//! `cargo run -p bundle`, or `cargo run -p bundle -- template`

use std::{
    env,
    error::Error,
    fs,
    path::{self, Path, PathBuf},
    process::Command,
};

use base64::prelude::{BASE64_STANDARD, Engine as _};
use wasm_bindgen_cli_support::Bindgen;

/// The builds: their names, and the flags of the compiler.
const BUILDS: [(&str, &str); 2] = [("simd", "-C target-feature=+simd128"), ("plain", "")];
const TARGET: &str = "wasm32-unknown-unknown";

type Outcome<T = ()> = Result<T, Box<dyn Error>>;

fn main() -> Outcome {
    let root = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/.."));
    let name = env::args().nth(1).unwrap_or("digits".into());
    let package = root.join("dist").join(&name);
    fs::create_dir_all(&package)?;

    // `compile` runs cargo in another folder.
    let folder = path::absolute(env::var_os("CARGO_TARGET_DIR").map_or(root.join("target"), PathBuf::from))?;
    let mut glue: Vec<Vec<u8>> = Vec::new();
    for (build, flags) in BUILDS {
        compile(&root, &name, &folder, flags)?;
        bindgen(&folder.join(TARGET).join("release").join(name.replace('-', "_")).with_extension("wasm"), &package)?;
        fs::rename(package.join("network_bg.wasm"), package.join(build).with_extension("wasm"))?;
        glue.push(fs::read(package.join("network.js"))?);
    }
    fs::remove_file(package.join("network_bg.wasm.d.ts"))?;
    if glue[0] != glue[1] {
        return Err("the builds with and without SIMD need different JavaScript".into());
    }
    for file in fs::read_dir(root.join("package"))? {
        let file = file?;
        let text = fs::read_to_string(file.path())?.replace("NAME", &name);
        fs::write(package.join(file.file_name()), text)?;
    }
    if name == "digits" { page(&root, &package) } else { Ok(()) }
}

/// Compiles a package to WebAssembly.
fn compile(root: &Path, name: &str, folder: &Path, flags: &str) -> Outcome {
    let cargo = env::var_os("CARGO").unwrap_or("cargo".into());
    let mut command = Command::new(cargo);
    command.current_dir(root).env("RUSTFLAGS", flags).args(["rustc", "--quiet", "--release", "--lib"]);
    command.args(["--crate-type", "cdylib", "--package", name, "--target", TARGET, "--target-dir"]).arg(folder);
    if command.status()?.success() { Ok(()) } else { Err(format!("cargo did not build {name}").into()) }
}

/// Writes the WebAssembly and the JavaScript that calls it.
fn bindgen(wasm: &Path, package: &Path) -> Outcome {
    let mut bindgen = Bindgen::new();
    bindgen.input_path(wasm).out_name("network").typescript(true).web(true)?;
    bindgen.remove_name_section(true).remove_producers_section(true).omit_default_module_path(true);
    Ok(bindgen.generate(package)?)
}

/// Writes the page as one file, which also opens without a server.
fn page(root: &Path, package: &Path) -> Outcome {
    let source = |name: &str| fs::read_to_string(root.join("page").join(name));
    let mut modules = Vec::new();
    for name in ["index.js", "network.js", "safetensors.js"] {
        // Modules in a page have no folder.
        let module = fs::read_to_string(package.join(name))?.replace("from \"./", "from \"");
        modules.push(format!("\"{name}\": \"data:text/javascript;base64,{}\"", BASE64_STANDARD.encode(module)));
    }
    let mut builds = Vec::new();
    for (build, _) in BUILDS {
        builds.push(format!(
            "\"{build}\": \"{}\"",
            BASE64_STANDARD.encode(fs::read(package.join(build).with_extension("wasm"))?)
        ));
    }
    let page = source("index.html")?
        .replace("/* style.css */", &source("style.css")?)
        .replace("/* modules */", &format!("{{ \"imports\": {{ {} }} }}", modules.join(", ")))
        .replace("/* builds */", &format!("{{ {} }}", builds.join(", ")))
        .replace("/* page.js */", &source("page.js")?);
    Ok(fs::write(root.join("dist/index.html"), page)?)
}
