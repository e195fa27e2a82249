//! The name of `shiplap` in the crate that uses a macro: another one if the dependency is renamed,
//! `nn = { package = "shiplap", version = ".." }`.
//!
//! Only this line of the manifest matters, so a parser of the whole file would cost more to build than it is worth.

use std::{
    env, fs,
    path::{Path, PathBuf},
    sync::OnceLock,
};

use proc_macro2::{Group, Ident, TokenStream, TokenTree};

/// `tokens` with the name of the dependency instead of `::shiplap`.
pub fn renamed(tokens: TokenStream) -> TokenStream {
    static NAME: OnceLock<Option<String>> = OnceLock::new();
    let name = NAME.get_or_init(|| {
        let folder = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR")?);
        let manifests: Vec<String> = folder
            .ancestors()
            .filter_map(|folder| fs::read_to_string(folder.join(Path::new("Cargo.toml"))).ok())
            .collect();
        // A dependency of the workspace is renamed in the manifest of the workspace.
        manifests.iter().find_map(|manifest| name(manifest))
    });
    match name {
        Some(name) if name != "shiplap" => replaced(tokens, name),
        _ => tokens,
    }
}

fn replaced(tokens: TokenStream, name: &str) -> TokenStream {
    let (mut colons, mut all) = (0, Vec::new());
    for token in tokens {
        let token = match token {
            TokenTree::Group(group) => {
                let mut inner = Group::new(group.delimiter(), replaced(group.stream(), name));
                inner.set_span(group.span());
                TokenTree::Group(inner)
            }
            TokenTree::Ident(ident) if colons >= 2 && ident == "shiplap" => Ident::new(name, ident.span()).into(),
            token => token,
        };
        colons = if matches!(&token, TokenTree::Punct(punct) if punct.as_char() == ':') { colons + 1 } else { 0 };
        all.push(token);
    }
    all.into_iter().collect()
}

/// The name of the dependency `shiplap` in a manifest.
fn name(manifest: &str) -> Option<String> {
    let lines = logical_lines(manifest);
    let (mut section, mut names) = ("", Vec::new());
    for line in lines.iter().map(|line| line.trim()) {
        if let Some(header) = line.strip_prefix('[') {
            section = header.trim_end_matches(']');
            continue;
        }
        let Some((key, value)) = line.split_once('=').filter(|_| !line.starts_with('#')) else { continue };
        let (key, value): (_, String) = (key.trim(), value.chars().filter(|letter| !letter.is_whitespace()).collect());
        // `[dependencies.nn]` and `nn.package` are other ways to write the key.
        let (table, last) = key.rsplit_once('.').unwrap_or((section, key));
        let name = if value.starts_with(r#"{"#)
            && value.contains(r#"package="shiplap""#)
            && section.ends_with("dependencies")
        {
            key
        } else if last == "package" && value.starts_with(r#""shiplap""#) && (section.contains("dependencies")) {
            table.rsplit('.').next().unwrap_or(table)
        } else if key == "shiplap" && section.ends_with("dependencies") || section.ends_with("dependencies.shiplap") {
            "shiplap"
        } else {
            continue;
        };
        names.push(name.trim_matches(['"', '\'', ' ']).replace('-', "_"));
    }
    // Beside another version under another name, the plain one is used.
    names.iter().find(|name| *name == "shiplap").or(names.first()).cloned()
}

/// The lines of a manifest without comments. A value in brackets that spans several lines is one of them.
fn logical_lines(manifest: &str) -> Vec<String> {
    let (mut lines, mut line, mut depth) = (Vec::new(), String::new(), 0);
    for physical in manifest.lines() {
        let mut quote = None;
        for letter in physical.chars() {
            match (quote, letter) {
                (None, '#') => break,
                (None, '"' | '\'') => quote = Some(letter),
                (None, '[' | '{') => depth += 1,
                (None, ']' | '}') => depth -= 1,
                (Some(open), close) if open == close => quote = None,
                _ => {}
            }
            line.push(letter);
        }
        if depth <= 0 {
            lines.push(core::mem::take(&mut line));
            depth = 0;
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_renamed_dependency_is_found_however_it_is_written() {
        let found = |manifest: &str| name(manifest);
        let other = Some("neural_nets".to_string());
        assert_eq!(found("[dependencies]\nneural-nets = { version = \"0.1\", package = \"shiplap\" }"), other);
        assert_eq!(found("[dependencies]\n\"neural-nets\"={package=\"shiplap\"} # why"), other);
        assert_eq!(found("[dev-dependencies.neural-nets]\nversion = \"0.1\"\npackage = \"shiplap\""), other);
        assert_eq!(found("[target.'cfg(unix)'.dependencies]\nneural-nets.package = 'x'\n"), None);
        assert_eq!(found("[workspace.dependencies]\nneural-nets.package = \"shiplap\""), other);
        assert_eq!(found("[dependencies]\nshiplap = \"0.1\"\nold = { package = \"shiplap\" }"), Some("shiplap".into()));
        let long = "[dependencies] # ours\nneural-nets = { path = \"#\", features = [\n  \"csv\", # tables\n], package = \"shiplap\" }";
        assert_eq!(found(long), other);
        assert_eq!(found("[dependencies.shiplap]\nversion = \"0.1\""), Some("shiplap".into()));
        assert_eq!(found("[package]\nname = \"shiplap\"\n[dependencies]\n# a = { package = \"shiplap\" }"), None);
    }

    #[test]
    fn only_the_path_of_the_crate_is_replaced() {
        let tokens: TokenStream =
            "< A as :: shiplap :: layer :: Layer > :: f ({ x : :: shiplap :: G = (shiplap) })".parse().unwrap();
        let expected: TokenStream =
            "< A as :: nn :: layer :: Layer > :: f ({ x : :: nn :: G = (shiplap) })".parse().unwrap();
        assert_eq!(replaced(tokens, "nn").to_string(), expected.to_string());
    }
}
