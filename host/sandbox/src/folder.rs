//! The files of one adapter, as they lie in its folder.
//!
//! Reads them under bounds and says what is missing; what they mean is found out by [`crate::manifest`] and the engine.

use crate::manifest::MANIFEST_BYTES_MAX;
use crate::modules::{self, LIBRARY_FOLDER};
use crate::trouble::Trouble;
use std::path::Path;

/// Code above this is not read. The engine has its own, tighter bound for each form.
const CODE_BYTES_MAX: u64 = 32 * 1024 * 1024;
/// A module of a script is no larger. Guessed: ten times the largest of ours.
const MODULE_BYTES_MAX: u64 = 512 * 1024;
/// The names under which a folder may hold the adapter's code, in the order they are looked for.
pub const CODE_FILES: [&str; 2] = ["adapter.js", "adapter.wasm"];

/// Manifest and code, not yet looked into.
#[derive(Clone, Debug)]
pub struct Files {
    /// Where the manifest lies, as errors shall show it.
    pub manifest_file: String,
    pub manifest: String,
    /// The code's name as stack traces show it: `<id>/adapter.js`.
    pub code_file: String,
    /// A script with the modules that it imports ([`crate::modules`]), or a component.
    pub code: Vec<u8>,
}

impl Files {
    /// Reads the folder of the adapter `id`.
    ///
    /// # Errors
    /// When a file is missing, too large or not readable.
    pub fn read(folder: &Path, id: &str) -> Result<Files, Trouble> {
        let manifest_path = folder.join("adapter.toml");
        let manifest_file = manifest_path.display().to_string();
        let unreadable = |file: &str, error: std::io::Error| {
            Trouble::new(file, format!("cannot be read: {error}"), "make it a file that this user may read")
        };
        let size = std::fs::metadata(&manifest_path).map_err(|error| unreadable(&manifest_file, error))?.len();
        if size > MANIFEST_BYTES_MAX {
            return Err(Trouble::new(
                &manifest_file,
                format!("has {size} bytes and is no manifest"),
                "move data out of it",
            ));
        }
        let manifest = std::fs::read_to_string(&manifest_path).map_err(|error| unreadable(&manifest_file, error))?;
        let code_path =
            CODE_FILES.iter().map(|name| folder.join(name)).find(|path| path.is_file()).ok_or_else(|| {
                Trouble::new(
                    folder.display().to_string(),
                    "holds a manifest and no code",
                    format!("add one of {}", CODE_FILES.join(", ")),
                )
            })?;
        let code_name = code_path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let code_file = format!("{id}/{code_name}");
        let size = std::fs::metadata(&code_path).map_err(|error| unreadable(&code_file, error))?.len();
        if size > CODE_BYTES_MAX {
            return Err(Trouble::new(
                &code_file,
                format!("has {size} bytes"),
                format!("keep it under {CODE_BYTES_MAX}"),
            ));
        }
        let code = std::fs::read(&code_path).map_err(|error| unreadable(&code_file, error))?;
        let code = match String::from_utf8(code) {
            Ok(text) if code_name.ends_with(".js") => {
                modules::join(&code_file, text, |name| module(folder, id, name))?.into()
            }
            Ok(text) => text.into_bytes(),
            Err(other) => other.into_bytes(),
        };
        Ok(Files { manifest_file, manifest, code_file, code })
    }
}

/// The text of a module that a script of this folder imports: its own, one of the library beside it, or one that came with
/// the program.
fn module(folder: &Path, id: &str, name: &str) -> Result<Option<String>, Trouble> {
    let (owner, file) = name.split_once('/').unwrap_or_default();
    let path = if owner == id { folder.join(file) } else { folder.join("..").join(LIBRARY_FOLDER).join(file) };
    let unreadable = |error: std::io::Error| {
        Trouble::new(
            path.display().to_string(),
            format!("cannot be read: {error}"),
            "make it a file that this user may read",
        )
    };
    match std::fs::metadata(&path) {
        Ok(found) if found.len() > MODULE_BYTES_MAX => Err(Trouble::new(
            path.display().to_string(),
            format!("has {} bytes", found.len()),
            format!("keep it under {MODULE_BYTES_MAX}"),
        )),
        Ok(_) => std::fs::read_to_string(&path).map(Some).map_err(unreadable),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(modules::library(name).map(str::to_owned)),
        Err(error) => Err(unreadable(error)),
    }
}
