//! The version of each adapter that served last, kept apart from the folder that people edit.
//!
//! So a start goes on with what served, when the folder meanwhile holds a version that waits for a grant or is broken:
//! an upgrade that nobody granted never takes an adapter away. Nothing here is trusted; a kept version is judged and
//! built like any other. What cannot be kept is said and changes nothing, because the folder has it for now.

use super::Bundled;
use super::seat::{Candidate, Origin};
use crate::folder::Files;
use crate::modules;
use crate::trouble::Trouble;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

pub(super) struct Kept {
    /// Nothing is kept where there is none.
    folder: Option<PathBuf>,
}

impl Kept {
    pub fn new(folder: Option<PathBuf>) -> Kept {
        Kept { folder }
    }

    /// Keeps a version that serves from a folder now. One that came with the program needs no keeping.
    pub fn keep(&self, id: &str, candidate: &Candidate) {
        let (Some(folder), Origin::Folder(_)) = (&self.folder, &candidate.origin) else { return };
        if let Err(error) = write(folder, id, candidate) {
            tracing::warn!(adapter = id, %error, "what serves could not be kept; a start goes by the folder alone");
        }
    }

    /// The version that served last, where the adapter's folder holds another one now.
    pub fn other_than(&self, id: &str, folder: &Path) -> Option<Candidate> {
        let Files { manifest, code_file, code, .. } = Files::read(&self.folder.as_ref()?.join(id), id).ok()?;
        let file = folder.join("adapter.toml").display().to_string();
        let kept = Candidate { file, manifest, code_file, code, origin: Origin::Folder(folder.to_owned()) };
        let now = Candidate::read(folder, id).ok();
        now.is_none_or(|now| now.revision() != kept.revision()).then_some(kept)
    }

    /// Forgets every adapter whose folder went away while nobody looked.
    pub fn forget_without_folder(&self, adapters: &Path) {
        let kept = self.folder.iter().filter_map(|folder| fs::read_dir(folder).ok()).flatten().flatten();
        for id in kept.map(|entry| entry.file_name()).filter(|id| !adapters.join(id).is_dir()) {
            self.forget(&id.to_string_lossy());
        }
    }

    /// The adapter's folder is gone, so that nothing of it shall come back by itself.
    pub fn forget(&self, id: &str) {
        let Some(folder) = self.folder.as_ref().map(|folder| folder.join(id)) else { return };
        match fs::remove_dir_all(&folder) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                tracing::warn!(adapter = id, %error, "what served could not be forgotten");
            }
            Ok(()) | Err(_) => {}
        }
    }
}

/// Another process sees the version before or this one, and a crash leaves at most an unfinished folder behind.
fn write(folder: &Path, id: &str, candidate: &Candidate) -> io::Result<()> {
    let (unfinished, kept) = (folder.join(format!("{id}.part")), folder.join(id));
    if unfinished.exists() {
        fs::remove_dir_all(&unfinished)?;
    }
    fs::create_dir_all(&unfinished)?;
    fs::write(unfinished.join("adapter.toml"), &candidate.manifest)?;
    let code = Path::new(&candidate.code_file).file_name().unwrap_or_default();
    fs::write(unfinished.join(code), &candidate.code)?;
    if kept.exists() {
        fs::remove_dir_all(&kept)?;
    }
    fs::rename(unfinished, kept)
}

impl Bundled {
    pub(super) fn candidate(&self) -> Result<Candidate, Trouble> {
        let code_file = format!("{}/adapter.js", self.id);
        let module = |name: &str| {
            let own = self.modules.iter().find(|(known, _)| *known == name).map(|(_, text)| *text);
            Ok(own.or_else(|| modules::library(name)).map(str::to_owned))
        };
        Ok(Candidate {
            file: format!("{}/adapter.toml", self.id),
            manifest: self.manifest.to_owned(),
            code: modules::join(&code_file, self.script.to_owned(), module)?.into(),
            code_file,
            origin: Origin::Bundled,
        })
    }
}

impl Candidate {
    pub(super) fn read(folder: &Path, id: &str) -> Result<Candidate, Trouble> {
        let Files { manifest_file, manifest, code_file, code } = Files::read(folder, id)?;
        Ok(Candidate { file: manifest_file, manifest, code_file, code, origin: Origin::Folder(folder.to_owned()) })
    }
}
