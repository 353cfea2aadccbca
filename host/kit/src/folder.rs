//! The folder of one adapter, as its author has it: manifest, code and cassettes.

use crate::cassette::Cassette;
use crate::kind::Kind;
use crate::kinds;
use sandbox::folder::Files;
use sandbox::manifest::Manifest;
use sandbox::roster::Maker;
use sandbox::trouble::Trouble;
use sandbox::{Engine, Guest};
use std::path::{Path, PathBuf};

/// The part of an adapter's folder that holds its cassettes.
pub const CASSETTES: &str = "cassettes";

/// An adapter, read and not yet run.
pub struct Folder {
    pub path: PathBuf,
    /// Where the manifest lies, as errors show it.
    pub manifest_file: String,
    pub manifest: Manifest,
    pub kind: &'static Kind,
    /// The code's name as stack traces show it.
    pub code_file: String,
    pub code: Vec<u8>,
    /// In the order of their names.
    pub cassettes: Vec<Cassette>,
    /// What is wrong with the cassettes that could not be read; the others run all the same.
    pub troubles: Vec<Trouble>,
}

impl Folder {
    /// Reads the adapter whose folder this is.
    ///
    /// # Errors
    /// When manifest or code are missing or faulty. A faulty cassette is no error.
    pub fn read(path: &Path) -> Result<Folder, Trouble> {
        // `.` is a folder too, and has a name.
        let whole = path.canonicalize().map_err(|error| {
            Trouble::new(path.display().to_string(), format!("cannot be read: {error}"), "name an adapter's folder")
        })?;
        let id = whole.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
        let Files { manifest_file, manifest, code_file, code } = Files::read(path, &id)?;
        let manifest = Manifest::parse(&manifest_file, &manifest)?;
        if manifest.id != id {
            return Err(Trouble::new(
                manifest_file,
                format!("`id` is `{}`, and the folder is `{id}`", manifest.id),
                "give both the same name",
            ));
        }
        let kind = kinds::of(manifest.kind);
        let mut folder = Folder {
            path: path.to_owned(),
            manifest_file,
            manifest,
            kind,
            code_file,
            code,
            cassettes: Vec::new(),
            troubles: Vec::new(),
        };
        for file in folder.cassette_files()? {
            match Cassette::read(kind, &file) {
                Ok(cassette) => folder.cassettes.push(cassette),
                Err(trouble) => folder.troubles.push(trouble),
            }
        }
        Ok(folder)
    }

    /// Makes it ready as the daemon would, under the limits that its manifest asks for.
    ///
    /// # Errors
    /// What is wrong with the code, with its line where the runtime knows it.
    pub async fn load(&self, engine: &Engine) -> Result<Guest, Trouble> {
        Ok(engine.make(&self.manifest, &self.code_file, self.code.clone()).await?.guest)
    }

    fn cassette_files(&self) -> Result<Vec<PathBuf>, Trouble> {
        let folder = self.path.join(CASSETTES);
        if !folder.exists() {
            return Ok(Vec::new());
        }
        let unreadable = |error: std::io::Error| {
            Trouble::new(folder.display().to_string(), format!("cannot be read: {error}"), "make it a readable folder")
        };
        let mut files = Vec::new();
        for entry in std::fs::read_dir(&folder).map_err(unreadable)? {
            let path = entry.map_err(unreadable)?.path();
            if path.extension().is_some_and(|extension| extension == "toml") {
                files.push(path);
            }
        }
        files.sort();
        Ok(files)
    }
}
