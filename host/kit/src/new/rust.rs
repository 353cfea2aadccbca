//! A new adapter in Rust: a crate that passes as the script of its kind does, once it is built.
//!
//! It stands on the SDK, which is part of the program and is put beside the adapters as `sdk` where it is not there yet.
//! That folder has no manifest of an adapter, so nobody takes it for one.

use super::{absent, fill, filled, templates};
use sandbox::manifest::Kind;
use sandbox::trouble::Trouble;
use std::path::{Path, PathBuf};

/// The folder of the SDK, beside those of the adapters.
const SDK: &str = "sdk";
/// The SDK's name, by which its folder is known.
const SDK_PACKAGE: &str = "name = \"smartguard-adapter\"";

const SDK_MANIFEST: &str = include_str!("../../../../adapters/sdk/Cargo.toml");
const SDK_BINDINGS: &str = include_str!("../../../../adapters/sdk/src/bindings.rs");
const SDK_LOCK: &str = include_str!("../../../../adapters/sdk/Cargo.lock");
const SDK_README: &str = include_str!("../../../../adapters/sdk/README.md");
const INTERFACE: &str = include_str!("../../../../wit/0.0.1/adapter.wit");

macro_rules! sources {
    ($($file:literal),+) => {
        [$((concat!("src/", $file), include_str!(concat!("../../../../adapters/sdk/src/", $file)))),+]
    };
}

/// The sources that are the same wherever they lie.
const SDK_SOURCES: [(&str, &str); 9] =
    sources!("batch.rs", "csv.rs", "failure.rs", "http.rs", "json.rs", "kinds.rs", "lib.rs", "pages.rs", "settings.rs");

/// What an adapter that sends bodies needs beside the SDK.
const SERDE: &str = "\
# Writes the bodies of requests as JSON.
serde = { version = \"1.0.229\", features = [\"derive\"] }
";

/// A crate that was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Crate {
    pub folder: PathBuf,
    /// Its files, by their places in the folder.
    pub files: Vec<PathBuf>,
    /// Where the SDK lies that it stands on.
    pub sdk: PathBuf,
    /// Whether the SDK was put there now.
    pub sdk_is_new: bool,
}

/// Writes a new crate into `<parent>/<id>`, which must not be there yet, and the SDK into `<parent>/sdk` where it is not.
///
/// # Errors
/// When the kind has no template in Rust, the id is none, something else lies in either place, or neither can be written.
pub fn write(parent: &Path, id: &str, kind: Kind) -> Result<Crate, Trouble> {
    let (code, serde) = match kind {
        Kind::Agency => (include_str!("../../templates/rust/agency.rs"), SERDE),
        Kind::Ranker => (include_str!("../../templates/rust/ranker.rs"), ""),
        Kind::Provider | Kind::CarrierLookup => {
            return Err(Trouble::new(
                format!("--rust --kind {kind}"),
                "there is no template in Rust for this kind",
                "leave out `--rust`, or begin with `--rust --kind agency` and implement the SDK's trait of this kind",
            ));
        }
    };
    if id == SDK {
        return Err(Trouble::new(format!("`{id}`"), "is where the SDK lies", "choose another id"));
    }
    let folder = absent(parent, id)?;
    let sdk = parent.join(SDK);
    let sdk_is_new = !sdk.exists();
    if !sdk_is_new && !std::fs::read_to_string(sdk.join("Cargo.toml")).is_ok_and(|text| text.contains(SDK_PACKAGE)) {
        return Err(Trouble::new(
            sdk.display().to_string(),
            "is there already and is not the SDK, which belongs there",
            "move it away, or choose another folder with `--in`",
        ));
    }
    let taken = templates(kind).iter().filter(|(place, _)| *place != "adapter.js");
    let mut files: Vec<(PathBuf, String)> =
        taken.map(|(place, text)| (PathBuf::from(place), filled(text, id))).collect();
    let manifest = filled(include_str!("../../templates/rust/Cargo.toml"), id).replace("__SERDE__", serde);
    files.push((PathBuf::from("Cargo.toml"), manifest));
    files.push((PathBuf::from("Cargo.lock"), lock(id, !serde.is_empty())));
    files.push((PathBuf::from("src/lib.rs"), filled(code, id)));
    files.push((PathBuf::from(".gitignore"), "target/\n".to_owned()));
    if sdk_is_new {
        fill(&sdk, sdk_files())?;
    }
    let files = fill(&folder, files)?;
    Ok(Crate { folder, files, sdk, sdk_is_new })
}

/// The SDK as it lies away from its repository: with the interface inside, and without the examples.
fn sdk_files() -> Vec<(PathBuf, String)> {
    let manifest: String = SDK_MANIFEST.split_inclusive('\n').filter(|line| !line.starts_with("members = ")).collect();
    let readme = SDK_README.split("\n## In this repository").next().unwrap_or(SDK_README);
    let mut files: Vec<(PathBuf, String)> =
        SDK_SOURCES.iter().map(|(place, text)| (PathBuf::from(place), (*text).to_owned())).collect();
    files.push((PathBuf::from("src/bindings.rs"), SDK_BINDINGS.replace("../../wit/", "wit/")));
    files.push((PathBuf::from("wit/0.0.1/adapter.wit"), INTERFACE.to_owned()));
    files.push((PathBuf::from("Cargo.toml"), manifest));
    files.push((PathBuf::from("README.md"), readme.to_owned()));
    files
}

/// The versions that the SDK was tried with, for a crate that stands on it alone, or on serde as well.
fn lock(id: &str, serde: bool) -> String {
    const PACKAGE: &str = "[[package]]\n";
    let serde = if serde { " \"serde\",\n" } else { "" };
    let own =
        format!("name = \"adapter-{id}\"\nversion = \"0.1.0\"\ndependencies = [\n{serde} \"smartguard-adapter\",\n]\n");
    let mut parts = SDK_LOCK.split(PACKAGE);
    let head = parts.next().unwrap_or_default();
    // What comes from no registry is the SDK itself, or a guest of its repository.
    let mut packages: Vec<&str> = parts
        .filter(|package| package.contains("\nsource = ") || package.starts_with(SDK_PACKAGE))
        .map(str::trim_end)
        .collect();
    packages.push(own.trim_end());
    packages.sort_unstable();
    let packages: Vec<String> = packages.iter().map(|package| format!("{PACKAGE}{package}\n")).collect();
    format!("{head}{}", packages.join("\n"))
}
