//! Files too large for the store: letters, packets, policies, do-not-call lists. Named by the hash of their content, never changed.
//!
//! A file is written beside its place, synced, renamed into place, and its folder synced, before its name is handed
//! out; so whatever commit names it can rely on it.

use super::envelope;
use super::{BLOB_MAX, SCAN_MAX, StoreError};
use bytes::Bytes;
use std::fmt;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// The name of a file: the BLAKE3 hash of its content.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BlobId(pub [u8; 32]);

impl BlobId {
    pub fn of(content: &[u8]) -> BlobId {
        BlobId(*blake3::hash(content).as_bytes())
    }

    /// Reads the 64 digits that `Display` writes.
    pub fn parse(text: &str) -> Option<BlobId> {
        envelope::unhex(text)?.try_into().ok().map(BlobId)
    }
}

impl fmt::Display for BlobId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&envelope::hex(&self.0))
    }
}

impl fmt::Debug for BlobId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// What the name of a file that is not yet complete ends with.
const PART: &str = ".part";

/// The folder of files. Distinct from `blobs`, which is the engine's own and has to stay empty.
pub(super) struct Letters {
    folder: PathBuf,
    parts: AtomicU64,
}

impl Letters {
    /// Opens or makes the folder, and clears away what an earlier run did not finish.
    pub fn open(folder: &Path) -> io::Result<Letters> {
        fs::create_dir_all(folder)?;
        for file in fs::read_dir(folder)? {
            let path = file?.path();
            if path.to_string_lossy().ends_with(PART) {
                fs::remove_file(path)?;
            }
        }
        Ok(Letters { folder: folder.to_path_buf(), parts: AtomicU64::new(0) })
    }

    pub fn put(&self, content: &[u8]) -> Result<BlobId, StoreError> {
        if content.len() > BLOB_MAX {
            return Err(StoreError::BlobTooLarge { bytes: content.len(), max: BLOB_MAX });
        }
        let id = BlobId::of(content);
        let place = self.folder.join(id.to_string());
        // A present file is compared, not trusted, and one that was damaged is replaced by the good content.
        if !matches!(self.get(id), Ok(Some(_))) {
            let number = self.parts.fetch_add(1, Ordering::Relaxed);
            let part = self.folder.join(format!("{id}-{number}{PART}"));
            write_durably(&part, &place, content).map_err(|source| failed("writing a file", source))?;
        } else {
            // An earlier writer may have renamed it and not yet synced the folder.
            sync_folder(&self.folder).map_err(|source| failed("writing a file", source))?;
        }
        Ok(id)
    }

    pub fn get(&self, id: BlobId) -> Result<Option<Bytes>, StoreError> {
        let content = match fs::read(self.folder.join(id.to_string())) {
            Ok(content) => content,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(failed("reading a file", error)),
        };
        match BlobId::of(&content) == id {
            true => Ok(Some(content.into())),
            false => Err(StoreError::BadBlob { id, why: "its content does not match its name" }),
        }
    }

    /// Durable too, so that no power cut brings back what nobody would look for any more.
    pub fn drop(&self, id: BlobId) -> Result<(), StoreError> {
        match fs::remove_file(self.folder.join(id.to_string())) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(failed("removing a file", error)),
            Ok(()) | Err(_) => sync_folder(&self.folder).map_err(|source| failed("removing a file", source)),
        }
    }

    pub fn list(&self, after: Option<BlobId>, limit: usize) -> Result<Vec<BlobId>, StoreError> {
        let names = fs::read_dir(&self.folder).map_err(|source| failed("listing its files", source))?;
        let mut ids = Vec::new();
        for name in names {
            let name = name.map_err(|source| failed("listing its files", source))?.file_name();
            ids.extend(name.to_str().and_then(BlobId::parse).filter(|id| after.is_none_or(|after| *id > after)));
        }
        ids.sort_unstable();
        ids.truncate(limit.min(SCAN_MAX));
        Ok(ids)
    }
}

/// Writes a file so that it is either whole and durable in its place or not there.
pub(super) fn write_durably(part: &Path, place: &Path, content: &[u8]) -> io::Result<()> {
    let mut file = File::create(part)?;
    file.write_all(content)?;
    settle(&file, part, place)
}

/// Gives a written file its name, durably.
pub(super) fn settle(file: &File, part: &Path, place: &Path) -> io::Result<()> {
    file.sync_all()?;
    fs::rename(part, place)?;
    sync_folder(place.parent().unwrap_or(Path::new(".")))
}

/// Makes the names within a folder durable.
pub(super) fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

fn failed(doing: &'static str, source: io::Error) -> StoreError {
    StoreError::Engine { doing, source: Arc::new(source) }
}
