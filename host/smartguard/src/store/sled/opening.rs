//! Opening a folder: what a person has to know when it fails, and what happens to a folder that is damaged.
//!
//! sled panics on some damage and serves old values on other. So it is opened under `catch_unwind`; the last commit is
//! compared with the witness beside it; and after an unclean stop every record is read and the sum over all records
//! compared. A folder that fails is moved aside, never repaired and never deleted.

use super::super::blobs::{Letters, sync_folder};
use super::super::plan::{self, IMPORT_UNFINISHED, STATE_KEY, State, View};
use super::super::{Key, Tree};
use super::{Engine, SledOptions, Verify};
use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Read};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Why a store was not opened. Each says what to do.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    #[error("another daemon has the store in {}; stop that one, or give this one a folder of its own", .folder.display())]
    InUse { folder: PathBuf },
    #[error("this user may not write to the store in {}; give the folder to the user that the daemon runs as", .folder.display())]
    NotPermitted { folder: PathBuf, source: io::Error },
    #[error("{} is to be the store's folder, and it or a part of that path is a file; name another data folder with --data", .folder.display())]
    NotAFolder { folder: PathBuf, source: io::Error },
    #[error("the disk that holds the store in {} is full; free some space and start again, nothing is lost", .folder.display())]
    DiskFull { folder: PathBuf, source: io::Error },
    #[error("only {free} bytes are free on the disk that holds the store in {}, and {min} are kept in reserve; free some space and start again, nothing is lost", .folder.display())]
    NearlyFull { folder: PathBuf, free: u64, min: u64 },
    #[error("the store in {} lies on btrfs, where its durability is not proven; move it to ext4", .folder.display())]
    FileSystem { folder: PathBuf },
    #[error("the store in {} was damaged ({why}) and was moved to {}; restore the last export", .folder.display(), .quarantined_to.display())]
    Damaged { folder: PathBuf, quarantined_to: PathBuf, why: String },
    #[error("the store in {} was damaged ({why}) and could not be moved aside; move it away and restore the last export", .folder.display())]
    NotQuarantined { folder: PathBuf, why: String, source: io::Error },
    #[error("an import into the store in {} was not finished; remove the folder and import again", .folder.display())]
    ImportUnfinished { folder: PathBuf },
    #[error("the store in {} could not be opened while {doing}; see to the disk, or name another data folder with --data", .folder.display())]
    Io { doing: &'static str, folder: PathBuf, source: io::Error },
}

/// An open folder, before its writer starts.
pub(super) struct Opened {
    pub engine: Engine,
    pub letters: Letters,
    pub witness: File,
    /// Already that of this run: the epoch counted up, the mark of a clean stop removed, both durable.
    pub state: State,
    pub clean: bool,
    pub unsynced_files: bool,
}

/// What became of a first look into a folder.
enum Fault {
    Damaged(String),
    Other(OpenError),
}

pub(super) fn open(folder: &Path, options: &SledOptions) -> Result<Opened, OpenError> {
    let at = |doing| move |source| sorted(doing, folder, source);
    fs::create_dir_all(folder).map_err(at("making the folder"))?;
    look_at_file_system(folder)?;
    // The engine survives a disk that fills up only by a restart, and begins with a write.
    let free = free_bytes(folder).map_err(at("asking for the room on its disk"))?;
    if free < options.disk_free_min {
        return Err(OpenError::NearlyFull { folder: folder.into(), free, min: options.disk_free_min });
    }
    let witness_path = folder.join("witness");
    let witness = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(&witness_path);
    let witness = witness.map_err(at("opening its file `witness`"))?;
    // sled reports a file that it may not open as it reports everything else, so this is found out beforehand.
    let permitted = OpenOptions::new().read(true).append(true).create(true).open(folder.join("db"));
    permitted.map_err(at("opening its file `db`"))?;

    let looked = catch_unwind(AssertUnwindSafe(|| load(folder, options, &witness)));
    match looked.unwrap_or_else(|panic| Err(Fault::Damaged(format!("the engine panicked: {}", words(&*panic))))) {
        Ok((engine, state, clean)) => {
            let letters = Letters::open(&folder.join("letters")).map_err(at("opening its folder `letters`"))?;
            sync_folder(folder).map_err(at("syncing the folder"))?;
            let unsynced_files = has_unsynced_files(folder);
            Ok(Opened { engine, letters, witness, state, clean, unsynced_files })
        }
        Err(Fault::Other(error)) => Err(error),
        Err(Fault::Damaged(why)) => Err(quarantine(folder, why)),
    }
}

/// Opens sled and checks what it says, then begins the new run.
fn load(folder: &Path, options: &SledOptions, witness: &File) -> Result<(Engine, State, bool), Fault> {
    let db = ::sled::Config::new()
        .path(folder)
        .cache_capacity(options.cache_bytes)
        .flush_every_ms(None)
        .open()
        .map_err(|error| fault(folder, error))?;
    let file = File::open(folder.join("db"))
        .map_err(|source| Fault::Other(sorted("opening its file `db`", folder, source)))?;
    let engine = Engine { db, file: Arc::new(file), folder: folder.into() };

    let damaged = |error: super::StoreError| Fault::Damaged(error.to_string());
    let found =
        engine.get(STATE_KEY).map_err(damaged)?.map(|stored| State::read(&stored)).transpose().map_err(damaged)?;
    let seen = witnessed(witness);
    let state = match found {
        None if !engine.db.is_empty() || seen > 0 => {
            return Err(Fault::Damaged("the store's own record is missing".into()));
        }
        None => State { stopped_cleanly: true, ..State::default() },
        Some(state) if state.commit < seen => {
            let why = format!("it ends at commit {} although {seen} was acknowledged", state.commit);
            return Err(Fault::Damaged(why));
        }
        Some(state) => state,
    };
    let clean = state.stopped_cleanly;
    let verifies = match options.verify {
        Verify::Never => false,
        Verify::AfterUncleanStop => !clean,
        Verify::Always => true,
    };
    if verifies && let Some(why) = plan::verify(&engine, &state).map_err(damaged)? {
        return Err(Fault::Damaged(why));
    }
    let unfinished = plan::get(&engine, &Key::new(Tree::Meta, IMPORT_UNFINISHED)).map_err(damaged)?;
    if unfinished.is_some() {
        return Err(Fault::Other(OpenError::ImportUnfinished { folder: folder.into() }));
    }

    let state = State { epoch: state.epoch + 1, stopped_cleanly: false, ..state };
    let sealed = state.seal().map_err(damaged)?;
    let mut begin = ::sled::Batch::default();
    begin.insert(STATE_KEY, &sealed[..]);
    engine.db.apply_batch(begin).map_err(|error| fault(folder, error))?;
    engine.db.flush().map_err(|error| fault(folder, error))?;
    engine.file.sync_data().map_err(|source| Fault::Other(sorted("syncing its file `db`", folder, source)))?;
    Ok((engine, state, clean))
}

/// Whether somebody holds the lock that sled takes on its file.
pub(super) fn is_locked(folder: &Path) -> io::Result<bool> {
    use rustix::fs::{FlockOperation, flock};
    let file = match File::open(folder.join("db")) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(false),
        Err(error) => return Err(error),
    };
    // The lock goes with the file's handle, at the end of this function.
    match flock(&file, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => Ok(false),
        Err(rustix::io::Errno::WOULDBLOCK) => Ok(true),
        Err(error) => Err(error.into()),
    }
}

/// What the engine's error means to a person.
fn fault(folder: &Path, error: ::sled::Error) -> Fault {
    match error {
        // The lock is reported as a plain error whose text is all there is to tell it by.
        ::sled::Error::Io(source) if source.to_string().contains("could not acquire lock") => {
            Fault::Other(OpenError::InUse { folder: folder.into() })
        }
        // A file that ends too early is damage, and so is content that cannot be read.
        ::sled::Error::Io(source) if matches!(source.kind(), ErrorKind::UnexpectedEof | ErrorKind::InvalidData) => {
            Fault::Damaged(source.to_string())
        }
        // A format of another version, or settings that differ: nothing is broken, so nothing is moved.
        ::sled::Error::Unsupported(why) => {
            Fault::Other(sorted("reading its files", folder, io::Error::new(ErrorKind::Unsupported, why)))
        }
        ::sled::Error::Io(source) => Fault::Other(sorted("reading its files", folder, source)),
        other => Fault::Damaged(other.to_string()),
    }
}

fn sorted(doing: &'static str, folder: &Path, source: io::Error) -> OpenError {
    let folder = folder.to_path_buf();
    match source.kind() {
        ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem => OpenError::NotPermitted { folder, source },
        ErrorKind::NotADirectory | ErrorKind::AlreadyExists => OpenError::NotAFolder { folder, source },
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => OpenError::DiskFull { folder, source },
        _ => OpenError::Io { doing, folder, source },
    }
}

/// Moves a damaged folder beside its place, so that a new one can begin there and nothing is thrown away.
fn quarantine(folder: &Path, why: String) -> OpenError {
    let stamp = jiff::Timestamp::now().strftime("%Y%m%dT%H%M%S");
    let name = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let free = (0..).map(|n| folder.with_file_name(format!("{name}.damaged-{stamp}-{n}"))).find(|path| !path.exists());
    let quarantined_to = free.unwrap_or_else(|| folder.with_extension("damaged"));
    let folder = folder.to_path_buf();
    match fs::rename(&folder, &quarantined_to) {
        Ok(()) => OpenError::Damaged { folder, quarantined_to, why },
        Err(source) => OpenError::NotQuarantined { folder, why, source },
    }
}

fn free_bytes(folder: &Path) -> io::Result<u64> {
    let disk = rustix::fs::statvfs(folder)?;
    Ok(disk.f_bavail.saturating_mul(disk.f_frsize))
}

/// The kinds of file system, as Linux numbers them.
const EXT4: u64 = 0xEF53;
const BTRFS: u64 = 0x9123_683E;

fn look_at_file_system(folder: &Path) -> Result<(), OpenError> {
    let found = rustix::fs::statfs(folder);
    let found = found.map_err(|source| sorted("asking for its file system", folder, source.into()))?;
    match found.f_type as u64 {
        EXT4 => Ok(()),
        BTRFS => Err(OpenError::FileSystem { folder: folder.into() }),
        other => {
            tracing::warn!(
                kind = format!("{other:#x}"),
                "power cuts were tested on ext4 only; the store lies elsewhere"
            );
            Ok(())
        }
    }
}

/// Whether sled wrote files of its own beside the log, which it never syncs.
pub(super) fn has_unsynced_files(folder: &Path) -> bool {
    fs::read_dir(folder.join("blobs")).is_ok_and(|mut files| files.next().is_some())
}

/// What the witness holds after this commit.
pub(super) fn witness(commit: u64) -> [u8; 12] {
    let mut written = [0; 12];
    written[..8].copy_from_slice(&commit.to_be_bytes());
    written[8..].copy_from_slice(&crc32c::crc32c(&commit.to_be_bytes()).to_be_bytes());
    written
}

/// The commit that the witness saw; 0 when it saw none, or was torn while it was written.
fn witnessed(mut file: &File) -> u64 {
    let (mut written, mut commit) = ([0; 12], [0; 8]);
    if file.read_exact(&mut written).is_err() {
        return 0;
    }
    commit.copy_from_slice(&written[..8]);
    let commit = u64::from_be_bytes(commit);
    if written == witness(commit) { commit } else { 0 }
}

/// What a panic said.
fn words(panic: &(dyn std::any::Any + Send)) -> String {
    let said =
        panic.downcast_ref::<&str>().map(|said| said.to_string()).or_else(|| panic.downcast_ref::<String>().cloned());
    let said = said.unwrap_or_else(|| "without a word".into());
    said.lines().next().unwrap_or_default().chars().take(200).collect()
}
