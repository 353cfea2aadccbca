//! Builds the adapters that are written in compiled languages: `adapters/sdk/examples` and `tests/guests/languages`.
//!
//! Rust guests are built by a target for WebAssembly where one is installed, else by Debian's compiler, which builds the
//! standard library from its sources. Nothing is downloaded here but crates; what is missing is said with the line that
//! installs it. The results lie in `<target folder>/guests`, where the tests look for them. The crate of one adapter, as
//! `adapter new --rust` makes it, is built in the same way into its own folder.

use super::go;
use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The workspace of the Rust guests.
const WORKSPACE: &str = "adapters/sdk";

/// Targets that make what the host loads, the better one first: it imports nothing but our own interfaces.
const TARGETS: [&str; 2] = ["wasm32-unknown-unknown", "wasm32-wasip2"];

const MISSING: &str = "\
xtask: no compiler for WebAssembly is here. One of these gives one:
  the target wasm32-unknown-unknown of your toolchain
  .ci/rust-web                       on Debian 12 and later: unpacks its compiler into a folder of its own, 0.9 GB";

/// How Rust guests can be built on this machine.
enum Compiler {
    /// By the toolchain at hand, for this target.
    Installed(&'static str),
    /// By Debian's compiler and the sources of its library, linked by this linker.
    Debian { rustc: PathBuf, linker: PathBuf },
}

/// Builds all guests, and says whether it could.
pub fn build() -> bool {
    let results = results();
    let workspace = root().join(WORKSPACE);
    build_crates(&workspace, "the Rust guests").is_some_and(|built| collect(&built, &results)) && build_python(&results)
}

/// Builds the crate of one adapter into its `adapter.wasm`, and says whether it could.
pub fn build_one(folder: &Path) -> bool {
    build_crates(folder, &folder.display().to_string()).is_some_and(|built| {
        let module = built.join("adapter.wasm");
        // Gone from there, it is not collected among our own guests.
        let put = fs::copy(&module, folder.join("adapter.wasm")).and_then(|_| fs::remove_file(&module));
        put.inspect_err(|cause| eprintln!("xtask: {}/adapter.wasm cannot be put there: {cause}", folder.display()))
            .is_ok()
    })
}

/// Builds all crates of a workspace, and answers with the folder in which their modules lie.
fn build_crates(workspace: &Path, what: &str) -> Option<PathBuf> {
    let Some(compiler) = find() else {
        eprintln!("{MISSING}");
        return None;
    };
    let builds = results().join("build");
    let target = match &compiler {
        Compiler::Installed(target) => target,
        Compiler::Debian { .. } => TARGETS[0],
    };
    let mut cargo = Command::new("cargo");
    cargo.args(["build", "--release", "--workspace", "--locked", "--target", target]);
    cargo.arg("--manifest-path").arg(workspace.join("Cargo.toml"));
    cargo.arg("--target-dir").arg(&builds);
    // A panic's message names its source: by the place in this repository, and not by where somebody has that.
    // In the place of RUSTFLAGS, because those of this machine's builds are for another target.
    cargo.env_remove("RUSTFLAGS").env("CARGO_ENCODED_RUSTFLAGS", plain_paths(&compiler).join("\x1f"));
    if let Compiler::Debian { rustc, linker } = &compiler {
        cargo.arg("-Zbuild-std=std,panic_abort").env("RUSTC", rustc).env("RUSTC_BOOTSTRAP", "1");
        cargo.env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER", linker);
    }
    go(&mut cargo, what).then(|| builds.join(target).join("release"))
}

/// The guest in Python, where its tool is here. It is no failure that it is not, because nobody needs it to work on the rest.
fn build_python(results: &Path) -> bool {
    let unpacked = cache().map(|cache| cache.join("smartguard/componentize-py/bin/componentize-py"));
    let tool = unpacked.filter(|tool| tool.is_file()).unwrap_or_else(|| PathBuf::from("componentize-py"));
    if answer(Command::new(&tool).arg("--version")).is_none() {
        println!(
            "xtask: the guest in Python is left out: componentize-py is not here; adapters/OTHER_LANGUAGES.md says how to get it"
        );
        return true;
    }
    let mut componentize = Command::new(tool);
    componentize.arg("--quiet").arg("--wit-path").arg(root().join("wit/0.0.1")).args(["--world", "agency-adapter"]);
    componentize.args(["componentize", "--stub-wasi", "--python-path"]).arg(root().join("tests/guests/languages"));
    componentize.args(["plain", "--output"]).arg(results.join("plain_python.wasm"));
    go(&mut componentize, "the guest in Python")
}

/// Flags that leave the folders of this machine out of what is built.
fn plain_paths(compiler: &Compiler) -> Vec<String> {
    let here = root().canonicalize().unwrap_or_else(|_| root().to_owned());
    let cargo = env::var_os("CARGO_HOME").map(PathBuf::from);
    let cargo = cargo.or_else(|| env::var_os("HOME").map(|home| PathBuf::from(home).join(".cargo")));
    let rust = match compiler {
        Compiler::Debian { rustc, .. } => rustc.parent().map(Path::to_owned),
        Compiler::Installed(_) => None,
    };
    // Where crates lie is named after where they came from.
    let crates = cargo.iter().filter_map(|cargo| fs::read_dir(cargo.join("registry/src")).ok()).flatten().flatten();
    let crates: Vec<(PathBuf, &str)> = crates.map(|folder| (folder.path(), "crates")).collect();
    let places = [(Some(here), "."), (cargo, "cargo"), (rust, "rust")];
    let places = places.into_iter().filter_map(|(place, name)| Some((place?, name)));
    // Of several that fit, the compiler takes the last.
    places.chain(crates).map(|(place, name)| format!("--remap-path-prefix={}={name}", place.display())).collect()
}

/// Where the guests are put. This program lies in a profile's folder of the target folder.
pub fn results() -> PathBuf {
    let own = env::current_exe().unwrap_or_default();
    own.ancestors().nth(2).unwrap_or(Path::new("target")).join("guests")
}

fn root() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
}

fn collect(from: &Path, to: &Path) -> bool {
    let modules = fs::read_dir(from).into_iter().flatten().flatten().map(|entry| entry.path());
    for module in modules.filter(|path| path.extension().is_some_and(|extension| extension == "wasm")) {
        let Some(name) = module.file_name() else { continue };
        let put = to.join(name);
        match fs::copy(&module, &put) {
            Ok(bytes) => println!("xtask: {} has {} KiB", put.display(), bytes / 1024),
            Err(cause) => {
                eprintln!("xtask: {} cannot be written: {cause}", put.display());
                return false;
            }
        }
    }
    true
}

fn find() -> Option<Compiler> {
    let installed = |target: &&str| {
        let libraries = answer(Command::new("rustc").args(["--print", "target-libdir", "--target", target]));
        libraries.is_some_and(|folder| has_core(Path::new(&folder)))
    };
    if let Some(target) = TARGETS.into_iter().find(|target| installed(target)) {
        println!("xtask: the toolchain has {target}");
        return Some(Compiler::Installed(target));
    }
    let (rustc, folder) = debian_compiler()?;
    let Some(linker) = linker(&folder) else {
        eprintln!("xtask: {} is here, but no linker for WebAssembly; `apt-get install lld` gives one", rustc.display());
        return None;
    };
    println!("xtask: {} builds the standard library from its sources", rustc.display());
    Some(Compiler::Debian { rustc, linker })
}

/// Whether the folder of a target's libraries holds any: rustc names it for each target that it knows.
fn has_core(folder: &Path) -> bool {
    let mut entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries.any(|entry| entry.file_name().to_string_lossy().starts_with("libcore-"))
}

/// Debian's compiler, unpacked by `.ci/rust-web` or installed, and the folder that it lies in.
fn debian_compiler() -> Option<(PathBuf, PathBuf)> {
    let unpacked = env::var_os("SMARTGUARD_RUST_WEB").map(PathBuf::from);
    let unpacked = unpacked.or_else(|| cache().map(|cache| cache.join("smartguard/rust-web")));
    let places = unpacked.map(|folder| (folder.join("rustc"), folder)).into_iter();
    let mut places = places.chain([(PathBuf::from("/usr/bin/rustc"), PathBuf::from("/"))]);
    places.find(|(rustc, folder)| rustc.is_file() && folder.join("usr/lib/rustlib/src/rust/library").is_dir())
}

/// Where tools are unpacked that only we use.
fn cache() -> Option<PathBuf> {
    let cache = env::var_os("XDG_CACHE_HOME").map(PathBuf::from);
    cache.or_else(|| env::var_os("HOME").map(|home| PathBuf::from(home).join(".cache")))
}

/// The linker that comes with every toolchain of rustup's, or Debian's own.
fn linker(debian: &Path) -> Option<PathBuf> {
    let sysroot = answer(Command::new("rustc").args(["--print", "sysroot"]));
    let host = answer(Command::new("rustc").args(["--print", "host-tuple"]));
    let own = sysroot
        .zip(host)
        .map(|(sysroot, host)| Path::new(&sysroot).join("lib/rustlib").join(host).join("bin/rust-lld"));
    let others = [debian.join("usr/bin/wasm-ld"), PathBuf::from("/usr/bin/wasm-ld")];
    own.into_iter().chain(others).find(|linker| linker.is_file())
}

/// What a program prints, when it succeeds.
fn answer(command: &mut Command) -> Option<String> {
    let output = command.output().ok().filter(|output| output.status.success())?;
    Some(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}
