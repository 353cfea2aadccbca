//! Tells which files or folders changed under the folders that people edit.
//!
//! The only module that says notify. It takes the system's word for *when* to look, never for *what* changed:
//! after a burst has gone quiet it hashes what is there and compares. So a missed, doubled or garbled notice costs nothing,
//! an editor's rename-over-the-old-file looks like any other save, and a save without a change is not reported.
//! It looks by itself from time to time as well, because notices can be lost and a folder can be replaced.
//! It knows nothing of adapters or policies: an entry is whatever lies directly in a watched folder.

use crate::trouble::Trouble;
use notify::{RecommendedWatcher, RecursiveMode, Watcher};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::time::{Instant, timeout, timeout_at};

/// One entry of a watched folder is not what it was.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Change {
    /// New, or with other content.
    Written(PathBuf),
    Removed(PathBuf),
}

/// A burst is over when nothing has happened for this long. Guessed: editors and copies take less between two writes.
pub const QUIET_DEFAULT: Duration = Duration::from_millis(60);
/// Somebody who never stops writing is looked at all the same.
const BURST_MAX: Duration = Duration::from_secs(1);
/// How often it looks without a notice.
const LOOK_EVERY: Duration = Duration::from_secs(15);
/// A folder of an adapter has a manifest, a script and some cassettes; deeper folders are nobody's.
const DEPTH_MAX: usize = 4;
/// Entries beyond this are not looked at. Guessed: a hundred times what a person keeps.
const FILES_MAX: usize = 20_000;
/// A larger file counts by its size and its time, because reading it each time would be felt.
const HASHED_BYTES_MAX: u64 = 32 * 1024 * 1024;

type Marks = BTreeMap<PathBuf, blake3::Hash>;

/// Watched folders.
pub struct Watch {
    folders: Vec<PathBuf>,
    quiet: Duration,
    watcher: RecommendedWatcher,
    notices: mpsc::Receiver<()>,
    /// A notice was taken and nobody has looked since: whoever waited was dropped meanwhile.
    pending: bool,
    known: Marks,
}

impl Watch {
    /// Begins to watch; what is there now is known, and what changes from here on is reported.
    /// A folder that does not exist yet is found when it appears.
    ///
    /// # Errors
    /// When the system gives no more watches.
    pub fn start(folders: Vec<PathBuf>, quiet: Duration) -> Result<Watch, Trouble> {
        // One place suffices: a notice only says that there is reason to look.
        let (sender, notices) = mpsc::channel(1);
        let watcher = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
            // Reading a file is an event too, and our own hashing would wake us for ever.
            let looks = event.is_ok_and(|event| event.kind.is_access() && !event.need_rescan());
            // A full channel already holds the reason to look.
            if !looks && sender.try_send(()).is_err() {
                tracing::trace!("a reason to look is already waiting");
            }
        });
        let watcher = watcher.map_err(|error| {
            Trouble::new(
                "file notices",
                format!("cannot be had: {error}"),
                "raise the limit of inotify instances (fs.inotify.max_user_instances)",
            )
        })?;
        let mut watch = Watch { folders, quiet, watcher, notices, pending: false, known: Marks::new() };
        // Watch before reading: what changes in between is then noticed.
        watch.attach();
        watch.known = marks(&watch.folders);
        Ok(watch)
    }

    /// Waits for the next changes. To drop the future loses none of them, but begins the wait for quiet anew.
    pub async fn changed(&mut self) -> Vec<Change> {
        loop {
            if !self.pending {
                // Without a notice the wait ends as well, and that is when lost notices are made up for.
                if let Ok(None) = timeout(LOOK_EVERY, self.notices.recv()).await {
                    // The watcher's thread is gone; looking from time to time is what remains.
                    tokio::time::sleep(LOOK_EVERY).await;
                }
                self.pending = true;
            }
            let burst_ends = Instant::now() + BURST_MAX;
            while Instant::now() < burst_ends
                && matches!(
                    timeout_at(burst_ends.min(Instant::now() + self.quiet), self.notices.recv()).await,
                    Ok(Some(()))
                )
            {}
            let changes = self.look().await;
            if !changes.is_empty() {
                return changes;
            }
        }
    }

    /// Looks now, notice or not.
    pub async fn look(&mut self) -> Vec<Change> {
        self.attach();
        let folders = self.folders.clone();
        // Reads whole folders, so not on a thread that others wait for.
        let Ok(found) = tokio::task::spawn_blocking(move || marks(&folders)).await else { return Vec::new() };
        let mut changes: Vec<Change> = found
            .iter()
            .filter(|(path, mark)| self.known.get(*path) != Some(mark))
            .map(|(path, _)| Change::Written(path.clone()))
            .collect();
        changes.extend(self.known.keys().filter(|path| !found.contains_key(*path)).cloned().map(Change::Removed));
        self.known = found;
        self.pending = false;
        changes
    }

    /// Asks for notices again each time, because a folder that was replaced keeps its name and loses its watch.
    fn attach(&mut self) {
        for folder in &self.folders {
            let Err(error) = self.watcher.watch(folder, RecursiveMode::Recursive) else { continue };
            // It is not there yet, and whoever makes it changes the folder that it will lie in.
            let above = folder.parent().filter(|above| *above != Path::new("")).unwrap_or(Path::new("."));
            if self.watcher.watch(above, RecursiveMode::NonRecursive).is_err() {
                tracing::trace!(folder = %folder.display(), %error, "no notices; it is looked at from time to time");
            }
        }
    }
}

/// What lies in the folders, each entry with a mark of all its content.
fn marks(folders: &[PathBuf]) -> Marks {
    let mut marks = Marks::new();
    let mut files_left = FILES_MAX;
    for folder in folders {
        for entry in entries(folder) {
            let mut hasher = blake3::Hasher::new();
            mark(&entry, DEPTH_MAX, &mut files_left, &mut hasher);
            marks.insert(entry, hasher.finalize());
        }
    }
    marks
}

fn mark(path: &Path, depth: usize, files_left: &mut usize, hasher: &mut blake3::Hasher) {
    let Ok(metadata) = std::fs::metadata(path) else { return };
    if *files_left == 0 || depth == 0 {
        return;
    }
    *files_left -= 1;
    let name = path.file_name().unwrap_or_default().as_encoded_bytes();
    hasher.update(&(name.len() as u64).to_le_bytes()).update(name).update(&[u8::from(metadata.is_dir())]);
    if metadata.is_dir() {
        let inside = entries(path);
        hasher.update(&(inside.len() as u64).to_le_bytes());
        for entry in inside {
            mark(&entry, depth - 1, files_left, hasher);
        }
        return;
    }
    hasher.update(&metadata.len().to_le_bytes());
    if metadata.is_file() && metadata.len() <= HASHED_BYTES_MAX {
        // One that cannot be read is marked by its size, and whoever loads it says why.
        hasher.update(&std::fs::read(path).unwrap_or_default());
    } else if let Ok(Ok(changed)) = metadata.modified().map(|at| at.duration_since(std::time::UNIX_EPOCH)) {
        hasher.update(&changed.as_nanos().to_le_bytes());
    }
}

/// The entries of a folder in a fixed order, without what editors leave lying about.
fn entries(folder: &Path) -> Vec<PathBuf> {
    let Ok(found) = std::fs::read_dir(folder) else { return Vec::new() };
    let mut paths: Vec<PathBuf> = found.filter_map(|entry| entry.ok().map(|entry| entry.path())).collect();
    paths.retain(|path| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        !(name.starts_with('.') || name.ends_with('~') || name.ends_with(".swp") || name.ends_with(".part"))
    });
    paths.sort();
    paths
}
