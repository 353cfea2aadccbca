//! Making a data folder out of an export, while no daemon runs on it.
//!
//! The store is filled beside its place and moved there when it is whole, so that an import that is cut short, or finds
//! that it has the wrong key, has changed nothing. A store that was there is moved aside and never deleted.

use super::format::{self, FormatError};
use super::key_path;
use super::keys::{KeyError, Keys, mark_in, mark_key};
use crate::store::export::{self, ExportError, Exporter, Progress};
use crate::store::{CommitError, Op, OpenError, SledOptions, SledStore, Store, StoreError, Tree};
use std::fs::{self, File};
use std::io::{self, BufReader};
use std::path::{Path, PathBuf};

/// Where the key of the installation comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeySource {
    /// It lies beside the new data folder, or will before the first start.
    Beside,
    /// Copy this one there.
    File(PathBuf),
    /// It is lost; callees begin anew.
    Lost,
}

/// What the new folder's key is like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyState {
    /// It lies beside the folder and is the right one.
    InPlace,
    /// It has to be put beside the folder before the daemon starts.
    Missing,
    /// Callees begin anew under whatever key lies there at the first start, or is made then.
    New,
}

/// What an import did.
#[derive(Clone, Debug)]
pub struct Restored {
    pub brought: Progress,
    /// Where the store that was there lies now.
    pub replaced: Option<PathBuf>,
    pub key: KeyState,
}

/// Why an import was not done. Nothing has changed then.
#[derive(Debug, thiserror::Error)]
pub enum RestoreError {
    #[error("the data folder {} is in use; stop its daemon first", .0.display())]
    InUse(PathBuf),
    #[error("the data folder {} holds a store already", .0.display())]
    NotEmpty(PathBuf),
    #[error("another import into {} is under way", .0.display())]
    UnderWay(PathBuf),
    #[error("there is no store in the data folder {}", .0.display())]
    NoStore(PathBuf),
    #[error("the key in {} is not the one that the export was written under", .0.display())]
    OtherKey(PathBuf),
    #[error("there is no key in {}", .0.display())]
    NoKey(PathBuf),
    #[error(transparent)]
    Export(#[from] ExportError),
    #[error("the store could not be opened")]
    Open(#[from] OpenError),
    #[error("the new store could not be written")]
    Commit(#[from] CommitError),
    #[error("the export could not be used")]
    Format(#[from] FormatError),
    #[error("the new store could not be read")]
    Store(#[from] StoreError),
    #[error("the key could not be copied")]
    Key(#[from] KeyError),
    #[error("{} could not be {doing}", .place.display())]
    Files { doing: &'static str, place: PathBuf, source: io::Error },
}

/// Fills `data` from an export. `replace` moves a store that is there aside. `progress` is told what was written so far,
/// and how much it will be.
///
/// # Errors
/// Says why nothing was changed.
pub async fn restore(
    export: &Path,
    data: &Path,
    key: &KeySource,
    replace: bool,
    progress: &mut (dyn FnMut(Progress, Progress) + Send),
) -> Result<Restored, RestoreError> {
    let files = |doing, place: &Path| {
        let place = place.to_owned();
        move |source| RestoreError::Files { doing, place, source }
    };
    let mut source = BufReader::new(File::open(export).map_err(ExportError::Read)?);
    let total = export::verify(&mut source)?;
    let (store, filling) = (data.join("store"), data.join("store.importing"));
    if SledStore::is_open(&store).map_err(files("looked at", &store))? {
        return Err(RestoreError::InUse(data.into()));
    }
    let there = fs::read_dir(&store).is_ok_and(|mut entries| entries.next().is_some());
    if there && !replace {
        return Err(RestoreError::NotEmpty(data.into()));
    }
    if SledStore::is_open(&filling).map_err(files("looked at", &filling))? {
        return Err(RestoreError::UnderWay(data.into()));
    }
    clear(&filling).map_err(files("cleared away", &filling))?;

    let filled = fill(&filling, &mut source, data, key, &mut |done| progress(done, total)).await;
    let (brought, key) = match filled {
        Ok(filled) => filled,
        Err(error) => {
            // What is left of it is of no use; that it could not be removed would hide the real reason.
            let _ = clear(&filling);
            return Err(error);
        }
    };
    let mut replaced = None;
    if there {
        let stamp = jiff::Timestamp::now().strftime("%Y%m%dT%H%M%S%3f");
        let aside = data.join(format!("store.replaced-{stamp}"));
        fs::rename(&store, &aside).map_err(files("moved aside", &store))?;
        replaced = Some(aside);
    }
    fs::rename(&filling, &store).map_err(files("moved into place", &filling))?;
    File::open(data).and_then(|folder| folder.sync_all()).map_err(files("synced", data))?;
    Ok(Restored { brought, replaced, key })
}

/// Fills the new store and sees to its key.
async fn fill(
    filling: &Path,
    source: &mut BufReader<File>,
    data: &Path,
    key: &KeySource,
    progress: &mut (dyn FnMut(Progress) + Send),
) -> Result<(Progress, KeyState), RestoreError> {
    let store = SledStore::open(filling, SledOptions::default())?;
    let brought = export::import(&store, source, progress).await?;
    format::check(&store).await?;
    let key = see_to_key(&store, data, key).await?;
    if !brought.crashed {
        store.close().await?;
    }
    // Without the mark of a clean stop the first start charges what the crash may have lost, as it would have done there.
    drop(store);
    Ok((brought, key))
}

async fn see_to_key(store: &SledStore, data: &Path, source: &KeySource) -> Result<KeyState, RestoreError> {
    let Some(mark) = mark_in(store).await? else { return Ok(KeyState::New) };
    let place = key_path(data);
    let held = Keys::read(&place)?;
    let fits = |keys: &Keys| keys.mark() == mark;
    match (source, held) {
        (_, Some(held)) if fits(&held) => Ok(KeyState::InPlace),
        (KeySource::Lost, _) => {
            store.commit(vec![Op::Delete { key: mark_key() }]).await?;
            Ok(KeyState::New)
        }
        (KeySource::Beside | KeySource::File(_), Some(_)) => Err(RestoreError::OtherKey(place)),
        (KeySource::Beside, None) => Ok(KeyState::Missing),
        (KeySource::File(from), None) => {
            let keys = Keys::read(from)?.ok_or_else(|| RestoreError::NoKey(from.clone()))?;
            if !fits(&keys) {
                return Err(RestoreError::OtherKey(from.clone()));
            }
            keys.write(&place)?;
            Ok(KeyState::InPlace)
        }
    }
}

fn clear(folder: &Path) -> io::Result<()> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        Ok(()) | Err(_) => Ok(()),
    }
}

/// Exports a data folder on which no daemon runs. `to` is a file that is not there yet.
///
/// # Errors
/// There is no store, a daemon has it, or the file could not be written.
pub async fn export_stopped(
    data: &Path,
    to: &Path,
    progress: &mut (dyn FnMut(Progress) + Send),
) -> Result<Progress, RestoreError> {
    let place = data.join("store");
    if !place.join("db").exists() {
        return Err(RestoreError::NoStore(data.into()));
    }
    let store = match SledStore::open(&place, SledOptions::default()) {
        Err(OpenError::InUse { .. }) => return Err(RestoreError::InUse(data.into())),
        opened => opened?,
    };
    let crashed = !store.opened_cleanly();
    let written = export::write_to(to, async |out| {
        let mut exporter = Exporter::begin(&store, out, crashed)?;
        exporter.trees(&Tree::ALL, progress).await?;
        exporter.finish(progress).await
    })
    .await;
    // A folder that was left by a crash stays one, so that the next start charges what may have been lost.
    if !crashed {
        store.close().await?;
    }
    Ok(written?)
}
