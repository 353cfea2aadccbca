//! For tests: a store in memory whose disk fills up or breaks when it is told to.

use crate::store::{
    BlobId, Caps, CommitError, CommitSeq, Entry, Fence, Health, Job, Key, MemoryStore, Op, Queue, Revision, Store,
    StoreError, Tree,
};
use bytes::Bytes;
use core::time::Duration;
use futures_util::FutureExt;
use futures_util::future::{BoxFuture, ready};
use numbers::Moment;
use parking_lot::Mutex;

/// How its disk is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mood {
    Well,
    Full,
    /// Every commit fails, and nobody knows what became of it.
    Broken,
}

pub struct MoodyStore {
    pub inner: MemoryStore,
    pub mood: Mutex<Mood>,
    /// Commits and changes of files until it breaks.
    breaks_after: Mutex<Option<usize>>,
}

impl MoodyStore {
    pub fn new() -> MoodyStore {
        MoodyStore { inner: MemoryStore::new(), mood: Mutex::new(Mood::Well), breaks_after: Mutex::default() }
    }

    pub fn become_(&self, mood: Mood) {
        *self.mood.lock() = mood;
    }

    pub fn mood_is(&self, mood: Mood) -> bool {
        *self.mood.lock() == mood
    }

    /// Breaks when so many commits and changes of files were made, as the machine would that loses its power there.
    pub fn break_after(&self, writes: usize) {
        *self.breaks_after.lock() = Some(writes);
    }

    /// Its mood for one more commit or change of a file.
    fn mood_now(&self) -> Mood {
        if let Some(left) = self.breaks_after.lock().as_mut() {
            match left.checked_sub(1) {
                Some(fewer) => *left = fewer,
                None => self.become_(Mood::Broken),
            }
        }
        *self.mood.lock()
    }

    /// A file cannot be changed on a disk that is not well.
    fn file<T>(&self, change: impl FnOnce() -> T) -> Result<T, StoreError> {
        match self.mood_now() {
            Mood::Well => Ok(change()),
            Mood::Full | Mood::Broken => {
                let source = std::sync::Arc::new(std::io::Error::other("the cable is out"));
                Err(StoreError::Engine { doing: "writing a file", source })
            }
        }
    }
}

impl Store for MoodyStore {
    fn commit(&self, ops: Vec<Op>) -> BoxFuture<'_, Result<CommitSeq, CommitError>> {
        let broken = || CommitError::Unknown { source: std::sync::Arc::new(std::io::Error::other("the cable is out")) };
        match self.mood_now() {
            Mood::Well => self.inner.commit(ops),
            Mood::Full => ready(Err(CommitError::DiskFull { free: 1, min: 2 })).boxed(),
            Mood::Broken => ready(Err(broken())).boxed(),
        }
    }

    fn get<'a>(&'a self, key: &'a Key) -> BoxFuture<'a, Result<Option<Entry>, StoreError>> {
        self.inner.get(key)
    }
    fn scan<'a>(
        &'a self,
        tree: Tree,
        from: &'a [u8],
        to: Option<&'a [u8]>,
        limit: usize,
    ) -> BoxFuture<'a, Result<Vec<(Vec<u8>, Revision, Bytes)>, StoreError>> {
        self.inner.scan(tree, from, to, limit)
    }
    fn put_blob(&self, content: Bytes) -> BoxFuture<'_, Result<BlobId, StoreError>> {
        match self.file(|| self.inner.put_blob(content)) {
            Ok(put) => put,
            Err(broken) => ready(Err(broken)).boxed(),
        }
    }
    fn get_blob(&self, id: BlobId) -> BoxFuture<'_, Result<Option<Bytes>, StoreError>> {
        self.inner.get_blob(id)
    }
    fn drop_blob(&self, id: BlobId) -> BoxFuture<'_, Result<(), StoreError>> {
        match self.file(|| self.inner.drop_blob(id)) {
            Ok(dropped) => dropped,
            Err(broken) => ready(Err(broken)).boxed(),
        }
    }
    fn blobs(&self, after: Option<BlobId>, limit: usize) -> BoxFuture<'_, Result<Vec<BlobId>, StoreError>> {
        self.inner.blobs(after, limit)
    }
    fn lease<'a>(&'a self, name: &'a str, ttl: Duration) -> BoxFuture<'a, Result<Option<Fence>, StoreError>> {
        self.inner.lease(name, ttl)
    }
    fn renew<'a>(&'a self, fence: &'a Fence, ttl: Duration) -> BoxFuture<'a, Result<bool, StoreError>> {
        self.inner.renew(fence, ttl)
    }
    fn take_jobs(
        &self,
        queue: Queue,
        now: Moment,
        max: usize,
        lease: Duration,
    ) -> BoxFuture<'_, Result<Vec<Job>, CommitError>> {
        self.inner.take_jobs(queue, now, max, lease)
    }
    fn committed(&self) -> CommitSeq {
        self.inner.committed()
    }
    fn caps(&self) -> Caps {
        self.inner.caps()
    }
    fn boot_epoch(&self) -> u64 {
        self.inner.boot_epoch()
    }
    fn opened_cleanly(&self) -> bool {
        self.inner.opened_cleanly()
    }
    fn health(&self) -> Health {
        self.inner.health()
    }
    fn close(&self) -> BoxFuture<'_, Result<(), CommitError>> {
        self.inner.close()
    }
}
