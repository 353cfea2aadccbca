//! A new adapter: a folder that passes its own tests and the kit's rules before anything of it is changed.
//!
//! The files lie under `templates/`, a folder for each kind, and are part of the program.
//! Nothing that is there already is ever written over.

pub mod rust;

use crate::declarations;
use sandbox::manifest::{Kind, is_id};
use sandbox::trouble::Trouble;
use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::{Path, PathBuf};

/// A file of a template: its place in the folder, and its text with `__ID__` where the id belongs.
type Template = (&'static str, &'static str);

macro_rules! template {
    ($kind:literal: $($file:literal),+) => {
        &[$(($file, include_str!(concat!("../templates/", $kind, "/", $file)))),+]
    };
}

const fn templates(kind: Kind) -> &'static [Template] {
    match kind {
        Kind::Agency => template!(
            "agency": "adapter.toml", "adapter.js", "README.md", "cassettes/check.toml", "cassettes/check_flagged.toml",
            "cassettes/check_blocked.toml", "cassettes/register.toml", "cassettes/dispute.toml"
        ),
        Kind::Provider => template!(
            "provider": "adapter.toml", "adapter.js", "README.md", "cassettes/search.toml", "cassettes/acquire.toml",
            "cassettes/release.toml", "cassettes/list_numbers.toml"
        ),
        Kind::CarrierLookup => template!(
            "carrier-lookup": "adapter.toml", "adapter.js", "README.md", "cassettes/price_micros.toml",
            "cassettes/lookup.toml"
        ),
        Kind::Ranker => template!("ranker": "adapter.toml", "adapter.js", "README.md", "cassettes/rank.toml"),
    }
}

/// The files of a new adapter, by their places in its folder.
pub fn files(id: &str, kind: Kind) -> Vec<(PathBuf, String)> {
    let mut files: Vec<(PathBuf, String)> =
        templates(kind).iter().map(|(place, text)| (PathBuf::from(place), filled(text, id))).collect();
    // What an editor needs to know of a script: the interface, and that nothing of a browser is there.
    files.push((PathBuf::from("smartguard.d.ts"), declarations::typescript()));
    files.push((PathBuf::from("jsconfig.json"), include_str!("../templates/jsconfig.json").to_owned()));
    files
}

fn filled(text: &str, id: &str) -> String {
    text.replace("__ID__", id).replace("__UPPER__", &id.to_uppercase())
}

/// Writes a new adapter into `<parent>/<id>`, which must not be there yet. Answers with the folder and its files.
///
/// # Errors
/// When the id is none, something lies there already, or the folder cannot be written.
pub fn write(parent: &Path, id: &str, kind: Kind) -> Result<(PathBuf, Vec<PathBuf>), Trouble> {
    let folder = absent(parent, id)?;
    let written = fill(&folder, files(id, kind))?;
    Ok((folder, written))
}

/// The folder of a new adapter of this id, which is not there yet.
fn absent(parent: &Path, id: &str) -> Result<PathBuf, Trouble> {
    if !is_id(id) {
        let wished: String =
            id.to_ascii_lowercase().chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect();
        let remedy = match is_id(&wished) {
            true => format!("write `{wished}`"),
            false => "write up to 40 lower-case letters, digits and underscores, beginning with a letter".to_owned(),
        };
        return Err(Trouble::new(format!("`{id}`"), "is no adapter id", remedy));
    }
    let folder = parent.join(id);
    let place = folder.display().to_string();
    if folder.exists() {
        return Err(Trouble::new(
            place,
            "is there already, and nothing is written over",
            "choose another id, or move it away",
        ));
    }
    Ok(folder)
}

/// Writes files into a folder, and answers with their places in it.
fn fill(folder: &Path, files: Vec<(PathBuf, String)>) -> Result<Vec<PathBuf>, Trouble> {
    let unwritable = |place: &Path, error: std::io::Error| {
        Trouble::new(place.display().to_string(), format!("cannot be written: {error}"), "let this user write there")
    };
    let mut written = Vec::new();
    for (name, text) in files {
        let path = folder.join(&name);
        if let Some(parent) = path.parent() {
            std::fs::create_dir_all(parent).map_err(|error| unwritable(parent, error))?;
        }
        let made = OpenOptions::new().write(true).create_new(true).open(&path);
        made.and_then(|mut file| file.write_all(text.as_bytes())).map_err(|error| unwritable(&path, error))?;
        written.push(name);
    }
    Ok(written)
}
