//! The adapters' folder, when adapters are put into it and taken out of it: the version before is kept.
//!
//! Everything here works on files alone, with or without a daemon, which notices a changed folder by itself.
//! A folder is exchanged in one step, so that whoever looks sees the old one or the new one, whole.
//! What was in force before lies under `.earlier/<id>`, where the daemon does not look, and comes back by `rollback`.

use crate::pack::Pack;
use rustix::fs::{CWD, RenameFlags, renameat_with};
use rustix::io::Errno;
use sandbox::manifest::Manifest;
use sandbox::trouble::Trouble;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// Where the versions before lie.
const EARLIER: &str = ".earlier";
/// Where a folder is put together before it is put in force.
const INCOMING: &str = ".incoming";
/// Only what came from a file can be had again from a file.
const FROM_A_FILE: &str = "pack.toml";

/// A folder of adapters.
pub struct Shelf {
    folder: PathBuf,
}

/// What became of the version that was there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Before {
    /// There was none.
    None,
    /// It lies here.
    Kept(PathBuf),
}

impl Shelf {
    pub fn new(folder: impl Into<PathBuf>) -> Shelf {
        Shelf { folder: folder.into() }
    }

    /// Where an adapter is while it is in force.
    pub fn place(&self, id: &str) -> PathBuf {
        self.folder.join(id)
    }

    /// Where its version before is kept.
    pub fn earlier(&self, id: &str) -> PathBuf {
        self.folder.join(EARLIER).join(id)
    }

    /// Puts a packed adapter in the place of what is there.
    ///
    /// # Errors
    /// When the folder cannot be written; then nothing has changed.
    pub fn install(&self, pack: &Pack) -> Result<Before, Trouble> {
        let id = &pack.manifest.id;
        let incoming = self.folder.join(INCOMING).join(format!("{id}.{}", std::process::id()));
        let written = self.write(&incoming, pack).inspect_err(|_| {
            // What cannot be written may be impossible to remove as well; the next try begins by removing it.
            let _ = fs::remove_dir_all(&incoming);
        });
        let done = written.and_then(|()| self.exchange(id, &incoming));
        // Only an empty folder goes this way: after a fault the old version may lie in it.
        let _ = fs::remove_dir(self.folder.join(INCOMING));
        done.map_err(|error| self.unwritable(&error))
    }

    /// Takes an adapter out of force and keeps it as the version before.
    ///
    /// # Errors
    /// When it is not there, or the folder cannot be written.
    pub fn remove(&self, id: &str) -> Result<PathBuf, Trouble> {
        let place = self.place(id);
        if !place.is_dir() {
            let reason = format!("no adapter `{id}` is in {}", self.folder.display());
            let remedy = "name one that has a folder there; one that came with the program can only be replaced";
            return Err(Trouble::new(id, reason, remedy));
        }
        self.keep(id, &place).map_err(|error| self.unwritable(&error))
    }

    /// What the version before says of itself.
    ///
    /// # Errors
    /// When none is kept, or it cannot be read.
    pub fn manifest_before(&self, id: &str) -> Result<Manifest, Trouble> {
        let earlier = self.earlier(id);
        if !earlier.is_dir() {
            let reason = format!("no earlier version of `{id}` is kept in {}", self.folder.display());
            return Err(Trouble::new(id, reason, "install the file of that version"));
        }
        Manifest::read(&earlier.join("adapter.toml"))
    }

    /// Puts the version before in force again, and keeps the one that it replaces as the version before.
    /// So a second `rollback` undoes the first, and one after `remove` brings the adapter back.
    ///
    /// # Errors
    /// When no version before is kept, or the folder cannot be written.
    pub fn rollback(&self, id: &str) -> Result<Before, Trouble> {
        self.manifest_before(id)?;
        let (place, earlier) = (self.place(id), self.earlier(id));
        let turned = if place.exists() {
            exchange(&earlier, &place).map(|()| Before::Kept(earlier))
        } else {
            fs::rename(&earlier, &place).map(|()| Before::None)
        };
        let synced = turned.and_then(|before| sync(&self.folder).map(|()| before));
        synced.map_err(|error| self.unwritable(&error))
    }

    fn write(&self, incoming: &Path, pack: &Pack) -> io::Result<()> {
        if incoming.exists() {
            fs::remove_dir_all(incoming)?;
        }
        fs::create_dir_all(incoming)?;
        for (name, content) in &pack.files {
            let mut file = File::create(incoming.join(name))?;
            file.write_all(content)?;
            file.sync_all()?;
        }
        sync(incoming)
    }

    fn exchange(&self, id: &str, incoming: &Path) -> io::Result<Before> {
        let place = self.place(id);
        if !place.exists() {
            fs::rename(incoming, &place)?;
            sync(&self.folder)?;
            return Ok(Before::None);
        }
        exchange(incoming, &place)?;
        // The new one is in force from here on; what follows only tidies up.
        self.keep(id, incoming).map(Before::Kept)
    }

    /// Moves a folder to where the version before is kept.
    fn keep(&self, id: &str, folder: &Path) -> io::Result<PathBuf> {
        let earlier = self.earlier(id);
        fs::create_dir_all(self.folder.join(EARLIER))?;
        if earlier.exists() {
            if earlier.join(FROM_A_FILE).is_file() {
                fs::remove_dir_all(&earlier)?;
            } else {
                // Somebody wrote it, and may have nothing else.
                let spare = |n: u32| self.folder.join(EARLIER).join(format!("{id}.by-hand-{n}"));
                let free = (1..).map(spare).find(|place| !place.exists());
                fs::rename(&earlier, free.unwrap_or_else(|| spare(0)))?;
            }
        }
        fs::rename(folder, &earlier)?;
        sync(&self.folder)?;
        Ok(earlier)
    }

    fn unwritable(&self, error: &io::Error) -> Trouble {
        let place = self.folder.display().to_string();
        Trouble::new(
            place,
            format!("cannot be changed: {error}"),
            "make it a folder that you may write, with room left",
        )
    }
}

/// Exchanges two folders in one step, where the file system can; else in two, with the place empty for a moment.
fn exchange(one: &Path, other: &Path) -> io::Result<()> {
    match renameat_with(CWD, one, CWD, other, RenameFlags::EXCHANGE) {
        Err(Errno::INVAL | Errno::NOSYS | Errno::NOTSUP) => {
            let aside = one.with_extension("aside");
            fs::rename(other, &aside)?;
            fs::rename(one, other)?;
            fs::rename(aside, one)
        }
        done => done.map_err(io::Error::from),
    }
}

/// Makes renames durable.
fn sync(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}
