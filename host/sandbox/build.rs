//! Finds the prebuilt parts that script adapters are made of, proves that they are the expected ones, and lays them ready.
//!
//! The parts lie inside published packages, so that this repository holds no foreign binary.
//! `runtime/Cargo.toml` names the package, cargo says where it lies, and nothing of it is compiled.

use sha2::{Digest, Sha256};
use std::env;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

struct Part {
    package: &'static str,
    file: &'static str,
    sha256: &'static str,
    name: &'static str,
}

const PARTS: [Part; 2] = [
    // The small, synchronous build: it compiles nearly twice as fast as the fast one and runs about as fast for adapters.
    Part {
        package: "componentize-qjs",
        file: "prebuilt/runtime-opt-size-sync.wasm",
        sha256: "51bced91769e0a3cb8bc288d230675b03fca8f97b42723b9f9f1702e6903b6f7",
        name: "runtime.wasm",
    },
    Part {
        package: "wasi-preview1-component-adapter-provider",
        file: "artefacts/wasi_snapshot_preview1.reactor.wasm",
        sha256: "6086547b5f011b03a6900a7758a480e5ffe5cdac76f33483c9cfaa888d399d95",
        name: "preview1.wasm",
    },
];

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=runtime/Cargo.toml");
    println!("cargo::rerun-if-changed=runtime/Cargo.lock");
    if let Err(reason) = library() {
        println!("cargo::error=the modules that adapters share could not be read: {reason}");
        std::process::exit(1);
    }
    if let Err(reason) = lay_ready() {
        println!("cargo::error=the runtime for script adapters could not be had: {reason}");
        std::process::exit(1);
    }
}

/// Lists `adapters/lib`, so that every adapter finds its modules wherever its own folder lies.
fn library() -> Result<(), String> {
    let here = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").ok_or("cargo did not say where the manifest is")?);
    let out = PathBuf::from(env::var_os("OUT_DIR").ok_or("cargo did not name an output folder")?);
    let folder = here.join("../../adapters/lib").canonicalize().map_err(|e| format!("adapters/lib: {e}"))?;
    println!("cargo::rerun-if-changed={}", folder.display());
    let mut files: Vec<PathBuf> = fs::read_dir(&folder)
        .map_err(|e| format!("{}: {e}", folder.display()))?
        .filter_map(|entry| entry.ok().map(|entry| entry.path()))
        .filter(|path| path.extension().is_some_and(|extension| extension == "js"))
        .collect();
    files.sort();
    let mut list = String::from("static LIBRARY: &[(&str, &str)] = &[\n");
    for path in files {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let _ = writeln!(list, "    ({:?}, include_str!({:?})),", format!("lib/{name}"), path.display().to_string());
    }
    list.push_str("];\n");
    fs::write(out.join("library.rs"), list).map_err(|e| e.to_string())
}

fn lay_ready() -> Result<(), String> {
    let here = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").ok_or("cargo did not say where the manifest is")?);
    let out = PathBuf::from(env::var_os("OUT_DIR").ok_or("cargo did not name an output folder")?);
    let holder = here.join("runtime/Cargo.toml");
    // Without the network first: an ordinary rebuild must neither wait for it nor depend on it.
    let metadata = metadata(&holder, true).or_else(|_| metadata(&holder, false))?;
    for part in &PARTS {
        let source = folder_of(&metadata, part.package)?.join(part.file);
        let bytes = fs::read(&source).map_err(|e| format!("{}: {e}", source.display()))?;
        let found = Sha256::digest(&bytes).iter().fold(String::new(), |mut hex, byte| {
            let _ = write!(hex, "{byte:02x}");
            hex
        });
        if found != part.sha256 {
            return Err(format!("{} of {} has sha256 {found}, expected {}", part.file, part.package, part.sha256));
        }
        let target = out.join(part.name);
        fs::write(&target, bytes).map_err(|e| format!("{}: {e}", target.display()))?;
    }
    Ok(())
}

fn metadata(holder: &Path, offline: bool) -> Result<serde_json::Value, String> {
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command.args(["metadata", "--format-version", "1", "--all-features", "--locked", "--manifest-path"]).arg(holder);
    if let Ok(target) = env::var("TARGET") {
        command.args(["--filter-platform", &target]);
    }
    if offline {
        command.arg("--offline");
    }
    let output = command.output().map_err(|e| format!("cargo metadata did not start: {e}"))?;
    if !output.status.success() {
        return Err(format!(
            "cargo metadata failed; with the network up, run `cargo fetch --manifest-path host/sandbox/runtime/Cargo.toml` once: {}",
            String::from_utf8_lossy(&output.stderr).trim()
        ));
    }
    serde_json::from_slice(&output.stdout).map_err(|e| format!("cargo metadata answered nonsense: {e}"))
}

fn folder_of(metadata: &serde_json::Value, package: &str) -> Result<PathBuf, String> {
    metadata["packages"]
        .as_array()
        .into_iter()
        .flatten()
        .find(|candidate| candidate["name"] == package)
        .and_then(|found| found["manifest_path"].as_str())
        .and_then(|manifest| Path::new(manifest).parent())
        .map(Path::to_path_buf)
        .ok_or_else(|| format!("cargo knows no package {package}"))
}
