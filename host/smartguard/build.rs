//! Lists the adapters of `adapters/` that become part of the program.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    if let Err(reason) = list() {
        println!("cargo::error=the adapters that come with the program could not be listed: {reason}");
        std::process::exit(1);
    }
}

fn list() -> io::Result<()> {
    let here = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").unwrap_or_default());
    let out = PathBuf::from(env::var_os("OUT_DIR").unwrap_or_default());
    let adapters = here.join("../../adapters").canonicalize()?;
    // Its index changes when an adapter comes or goes. Watching the whole folder would build the daemon anew for each
    // cassette.
    println!("cargo::rerun-if-changed={}", adapters.join("README.md").display());
    let mut list = String::from("const BUNDLED: &[Bundled] = &[\n");
    for folder in entries(&adapters)?.iter().filter(|folder| folder.join("adapter.js").is_file()) {
        let id = name(folder);
        let text = |path: &Path| format!("include_str!({:?})", path.display().to_string());
        let modules: Vec<String> = entries(folder)?
            .iter()
            .filter(|path| path.extension().is_some_and(|extension| extension == "js") && name(path) != "adapter.js")
            .map(|path| format!("({:?}, {})", format!("{id}/{}", name(path)), text(path)))
            .collect();
        let (manifest, script) = (text(&folder.join("adapter.toml")), text(&folder.join("adapter.js")));
        let modules = modules.join(", ");
        let _ = writeln!(
            list,
            "    Bundled {{ id: {id:?}, manifest: {manifest}, script: {script}, modules: &[{modules}] }},"
        );
    }
    list.push_str("];\n");
    fs::write(out.join("bundled.rs"), list)
}

/// What lies in a folder, in the order of the names.
fn entries(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut paths = Vec::new();
    for entry in fs::read_dir(folder)? {
        paths.push(entry?.path());
    }
    paths.sort();
    Ok(paths)
}

fn name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}
