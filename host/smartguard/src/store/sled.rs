//! The embedded engine: sled 0.34, used in the one way that was measured to keep its promises.
//!
//! All records lie in one tree of sled under `[tree number][key]`, so that one batch is atomic over all our trees. All
//! writing is done by one thread (see `writer`); reads go straight to sled on the runtime's blocking threads. This
//! module opens and closes the folder and tells a person what is wrong with it; it decides nothing about commits, which
//! is `plan`'s.
//!
//! The folder holds sled's own `db`, `conf`, `snap.*` and `blobs`, and of ours `letters` (files) and `witness` (the last
//! commit that was acknowledged, to notice a log that lost its end).

mod opening;
mod writer;

pub use opening::OpenError;

use super::blobs::Letters;
use super::plan::{self, View};
use super::{
    BlobId, COMMIT_BYTES_MAX, Caps, CommitError, CommitSeq, Entry, Fence, Health, Job, Key, OPS_MAX, Op, Queue, Record,
    Store, StoreError, Tree,
};
use bytes::Bytes;
use futures_util::future::{BoxFuture, FutureExt, ready};
use numbers::Moment;
use parking_lot::Mutex;
use std::{fs::File, path::Path, path::PathBuf, sync::Arc, time::Duration};
use tokio::sync::{mpsc, oneshot};
use writer::{Ask, Pulse};

/// Requests that may wait for the writer; one more is refused. Guessed: four full groups of small commits.
pub const WAITING_MAX: usize = 1024;

/// When to read the whole store and check it before anything is answered from it. It costs about a microsecond a
/// record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verify {
    Never,
    AfterUncleanStop,
    Always,
}

/// How to open a store.
#[derive(Clone, Debug)]
pub struct SledOptions {
    /// sled's page cache. It bounds sled's memory only roughly.
    pub cache_bytes: u64,
    pub verify: Verify,
    /// The least time between two groups when they come without a pause. Each group costs a few hundred kilobytes of
    /// rewritten segments whatever it holds, so many small ones would wear the disk.
    pub group_spacing: Duration,
    /// Commits are refused while less than this is free on the disk; sled itself survives a full disk only by a restart.
    pub disk_free_min: u64,
}

impl Default for SledOptions {
    fn default() -> Self {
        SledOptions {
            cache_bytes: 256 * 1024 * 1024,
            verify: Verify::AfterUncleanStop,
            group_spacing: Duration::from_millis(10),
            disk_free_min: 64 * 1024 * 1024,
        }
    }
}

/// The engine's own handles. Dropping the last clone lets go of the folder.
#[derive(Clone)]
struct Engine {
    db: ::sled::Db,
    /// Our own handle of sled's file: its `flush` does not reach the device, `sync_data` on this one does.
    file: Arc<File>,
    folder: PathBuf,
}

impl View for Engine {
    fn get(&self, raw: &[u8]) -> Result<Option<Bytes>, StoreError> {
        let found = self.db.get(raw).map_err(|source| failed("reading", source))?;
        Ok(found.map(|value| Bytes::copy_from_slice(&value)))
    }

    fn range(&self, from: &[u8], to: &[u8], limit: usize) -> Result<Vec<(Vec<u8>, Bytes)>, StoreError> {
        let mut page = Vec::new();
        for record in self.db.range(from..to).take(limit) {
            let (raw, stored) = record.map_err(|source| failed("reading", source))?;
            page.push((raw.to_vec(), Bytes::copy_from_slice(&stored)));
        }
        Ok(page)
    }
}

fn failed(doing: &'static str, source: impl std::error::Error + Send + Sync + 'static) -> StoreError {
    StoreError::Engine { doing, source: Arc::new(source) }
}

/// A store in a folder of one machine, for one process.
pub struct SledStore {
    /// Gone once the store is closed.
    engine: Mutex<Option<Engine>>,
    letters: Arc<Letters>,
    asks: Mutex<Option<mpsc::Sender<Ask>>>,
    writer: Mutex<Option<std::thread::JoinHandle<()>>>,
    pulse: Arc<Pulse>,
    epoch: u64,
    clean: bool,
}

impl SledStore {
    /// Opens the folder, or makes it. Reads and checks the store as the options ask. Blocks; call it before the runtime
    /// has work, or from a blocking thread.
    pub fn open(folder: &Path, options: SledOptions) -> Result<SledStore, OpenError> {
        let opened = opening::open(folder, &options)?;
        let (asks, queue) = mpsc::channel(WAITING_MAX);
        let pulse = Arc::new(Pulse::new(CommitSeq(opened.state.commit)));
        pulse.see_unsynced_files(opened.unsynced_files);
        let (epoch, clean) = (opened.state.epoch, opened.clean);
        let thread = writer::start(writer::Writer {
            engine: opened.engine.clone(),
            state: opened.state,
            witness: opened.witness,
            queue,
            pulse: pulse.clone(),
            options,
        })
        .map_err(|source| OpenError::Io {
            doing: "starting the writer's thread",
            folder: folder.into(),
            source,
        })?;
        Ok(SledStore {
            engine: Mutex::new(Some(opened.engine)),
            letters: Arc::new(opened.letters),
            asks: Mutex::new(Some(asks)),
            writer: Mutex::new(Some(thread)),
            pulse,
            epoch,
            clean,
        })
    }

    /// Whether some process has the store in this folder open now.
    ///
    /// # Errors
    /// The folder's lock could not be asked for.
    pub fn is_open(folder: &Path) -> std::io::Result<bool> {
        opening::is_locked(folder)
    }

    /// Reads on a blocking thread. sled panics on some damage, and that panic ends there, as an error.
    fn read<T: Send + 'static>(
        &self,
        read: impl FnOnce(&Engine) -> Result<T, StoreError> + Send + 'static,
    ) -> BoxFuture<'static, Result<T, StoreError>> {
        match self.engine.lock().clone() {
            Some(engine) => blocking(move || read(&engine)),
            None => ready(Err(StoreError::Closed)).boxed(),
        }
    }

    /// Works on the files, as long as the store is open.
    fn file<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Letters) -> Result<T, StoreError> + Send + 'static,
    ) -> BoxFuture<'static, Result<T, StoreError>> {
        if self.engine.lock().is_none() {
            return ready(Err(StoreError::Closed)).boxed();
        }
        let letters = self.letters.clone();
        blocking(move || work(&letters))
    }

    /// Hands something to the writer and waits for its answer.
    fn ask<T: Send + 'static>(
        &self,
        ask: impl FnOnce(oneshot::Sender<Result<T, CommitError>>) -> Ask,
    ) -> BoxFuture<'static, Result<T, CommitError>> {
        let (answer, answered) = oneshot::channel();
        let sent = match &*self.asks.lock() {
            Some(asks) => asks.try_send(ask(answer)),
            None => return ready(Err(StoreError::Closed.into())).boxed(),
        };
        match sent {
            Ok(()) => async move {
                // The writer answers everything it takes; it fails to only when it ended in a panic.
                answered.await.unwrap_or_else(|gone| Err(CommitError::Unknown { source: Arc::new(gone) }))
            }
            .boxed(),
            Err(mpsc::error::TrySendError::Full(_)) => {
                ready(Err(CommitError::QueueFull { waiting_max: WAITING_MAX })).boxed()
            }
            Err(mpsc::error::TrySendError::Closed(_)) => ready(Err(self.pulse.refusal())).boxed(),
        }
    }
}

fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, StoreError> + Send + 'static,
) -> BoxFuture<'static, Result<T, StoreError>> {
    async move {
        match tokio::task::spawn_blocking(work).await {
            Ok(answer) => answer,
            Err(panicked) => Err(failed("reading; its files are probably damaged", panicked)),
        }
    }
    .boxed()
}

impl Store for SledStore {
    fn get<'a>(&'a self, key: &'a Key) -> BoxFuture<'a, Result<Option<Entry>, StoreError>> {
        let key = key.clone();
        self.read(move |engine| plan::get(engine, &key))
    }

    fn scan<'a>(
        &'a self,
        tree: Tree,
        from: &'a [u8],
        to: Option<&'a [u8]>,
        limit: usize,
    ) -> BoxFuture<'a, Result<Vec<Record>, StoreError>> {
        let (from, to) = (from.to_vec(), to.map(<[u8]>::to_vec));
        self.read(move |engine| plan::scan(engine, tree, &from, to.as_deref(), limit))
    }

    fn commit(&self, ops: Vec<Op>) -> BoxFuture<'_, Result<CommitSeq, CommitError>> {
        // Refused before it waits: the bounds depend on nothing that is stored.
        match plan::bounds(&ops) {
            Ok(()) => self.ask(|answer| Ask::Commit { ops, answer }),
            Err(refusal) => ready(Err(refusal)).boxed(),
        }
    }

    fn put_blob(&self, content: Bytes) -> BoxFuture<'_, Result<BlobId, StoreError>> {
        self.file(move |letters| letters.put(&content))
    }

    fn get_blob(&self, id: BlobId) -> BoxFuture<'_, Result<Option<Bytes>, StoreError>> {
        self.file(move |letters| letters.get(id))
    }

    fn drop_blob(&self, id: BlobId) -> BoxFuture<'_, Result<(), StoreError>> {
        self.file(move |letters| letters.drop(id))
    }

    fn blobs(&self, after: Option<BlobId>, limit: usize) -> BoxFuture<'_, Result<Vec<BlobId>, StoreError>> {
        self.file(move |letters| letters.list(after, limit))
    }

    fn lease<'a>(&'a self, name: &'a str, _ttl: Duration) -> BoxFuture<'a, Result<Option<Fence>, StoreError>> {
        // One process holds the folder, so nobody else can hold the lease.
        let fence = Fence { name: name.into(), epoch: self.epoch };
        ready(self.engine.lock().as_ref().map(|_| Some(fence)).ok_or(StoreError::Closed)).boxed()
    }

    fn renew<'a>(&'a self, fence: &'a Fence, _ttl: Duration) -> BoxFuture<'a, Result<bool, StoreError>> {
        let held = fence.epoch == self.epoch;
        ready(self.engine.lock().as_ref().map(|_| held).ok_or(StoreError::Closed)).boxed()
    }

    fn take_jobs(
        &self,
        queue: Queue,
        now: Moment,
        max: usize,
        lease: Duration,
    ) -> BoxFuture<'_, Result<Vec<Job>, CommitError>> {
        self.ask(|answer| Ask::TakeJobs { queue, now, max, lease, answer })
    }

    fn committed(&self) -> CommitSeq {
        self.pulse.committed()
    }

    fn caps(&self) -> Caps {
        let (ops_max, commit_bytes_max) = (OPS_MAX, COMMIT_BYTES_MAX);
        Caps { engine: "sled", shared: false, durable: true, ops_max, commit_bytes_max }
    }

    fn boot_epoch(&self) -> u64 {
        self.epoch
    }

    fn opened_cleanly(&self) -> bool {
        self.clean
    }

    fn health(&self) -> Health {
        let waiting = self.asks.lock().as_ref().map_or(0, |asks| asks.max_capacity() - asks.capacity());
        self.pulse.health(waiting)
    }

    fn close(&self) -> BoxFuture<'_, Result<(), CommitError>> {
        let Some(asks) = self.asks.lock().take() else { return ready(Ok(())).boxed() };
        async move {
            let (answer, answered) = oneshot::channel();
            let sent = asks.send(Ask::Close { answer }).await;
            let closed = match sent {
                Ok(()) => answered.await.unwrap_or_else(|gone| Err(CommitError::Unknown { source: Arc::new(gone) })),
                Err(_) => Err(self.pulse.refusal()),
            };
            let (engine, writer) = (self.engine.lock().take(), self.writer.lock().take());
            // The last handle flushes and unlocks when it goes, which waits for the disk.
            let released = tokio::task::spawn_blocking(move || {
                if let Some(writer) = writer {
                    let _ = writer.join();
                }
                drop(engine);
            });
            let _ = released.await;
            closed
        }
        .boxed()
    }
}

impl Drop for SledStore {
    /// Without [`Store::close`] there is no mark of a clean stop, but what was handed to the writer is still finished.
    fn drop(&mut self) {
        self.asks.lock().take();
        if let Some(writer) = self.writer.lock().take() {
            let _ = writer.join();
        }
    }
}
