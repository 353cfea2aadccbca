//! The model: the same promises as the embedded engine, kept in RAM.
//!
//! A [`MemoryDisk`] stands for the folder. It outlives the stores opened over it, so tests can close and open, cleanly
//! or not, without a file.

use super::plan::{self, Plan, STATE_KEY, State, View, Writes};
use super::{
    BLOB_MAX, BlobId, COMMIT_BYTES_MAX, Caps, CommitError, CommitSeq, Entry, Fence, Health, Job, Key, OPS_MAX, Op,
    Queue, Record, SCAN_MAX, Store, StoreError, Tree,
};
use bytes::Bytes;
use futures_util::future::{BoxFuture, FutureExt, ready};
use numbers::Moment;
use parking_lot::Mutex;
use std::{collections::BTreeMap, sync::Arc, time::Duration, time::Instant};

/// What a memory store keeps; clones share it.
#[derive(Clone, Default)]
pub struct MemoryDisk {
    kept: Arc<Mutex<Kept>>,
}

#[derive(Default)]
struct Kept {
    records: BTreeMap<Vec<u8>, Bytes>,
    blobs: BTreeMap<BlobId, Bytes>,
}

impl View for Kept {
    fn get(&self, raw: &[u8]) -> Result<Option<Bytes>, StoreError> {
        Ok(self.records.get(raw).cloned())
    }

    fn range(&self, from: &[u8], to: &[u8], limit: usize) -> Result<Vec<(Vec<u8>, Bytes)>, StoreError> {
        let range = self.records.range(from.to_vec()..to.to_vec());
        Ok(range.take(limit).map(|(raw, stored)| (raw.clone(), stored.clone())).collect())
    }
}

impl Kept {
    fn apply(&mut self, writes: Writes) {
        for (raw, stored) in writes {
            match stored {
                Some(stored) => self.records.insert(raw, stored),
                None => self.records.remove(&raw),
            };
        }
    }
}

/// A store without a disk.
pub struct MemoryStore {
    disk: MemoryDisk,
    state: Mutex<Option<State>>,
    committed: Mutex<CommitSeq>,
    epoch: u64,
    clean: bool,
    opened: Instant,
}

impl Default for MemoryStore {
    fn default() -> Self {
        MemoryStore::new()
    }
}

impl MemoryStore {
    /// An empty store of its own.
    pub fn new() -> Self {
        // A fresh disk holds nothing that could be damaged, so this branch is the only one there is.
        MemoryStore::from_state(MemoryDisk::default(), None)
    }

    /// Opens what an earlier store left on this disk.
    pub fn open(disk: MemoryDisk) -> Result<Self, StoreError> {
        let found = disk.kept.lock().records.get(STATE_KEY).map(State::read).transpose()?;
        Ok(MemoryStore::from_state(disk, found))
    }

    fn from_state(disk: MemoryDisk, found: Option<State>) -> Self {
        let clean = found.as_ref().is_none_or(|state| state.stopped_cleanly);
        let mut state = found.unwrap_or_default();
        state.epoch += 1;
        state.stopped_cleanly = false;
        let store = MemoryStore {
            disk,
            committed: Mutex::new(CommitSeq(state.commit)),
            epoch: state.epoch,
            clean,
            opened: Instant::now(),
            state: Mutex::new(Some(state.clone())),
        };
        store.keep_state(&state);
        store
    }

    fn keep_state(&self, state: &State) {
        // The state is a handful of integers: writing it to memory has no way to fail, and a model has no disk to lose.
        if let Ok(sealed) = state.seal() {
            self.disk.kept.lock().records.insert(STATE_KEY.to_vec(), sealed);
        }
    }

    fn read<T>(&self, read: impl FnOnce(&Kept) -> Result<T, StoreError>) -> Result<T, StoreError> {
        match *self.state.lock() {
            Some(_) => read(&self.disk.kept.lock()),
            None => Err(StoreError::Closed),
        }
    }

    fn write<T>(&self, work: impl FnOnce(&mut Plan<'_, Kept>) -> Result<T, CommitError>) -> Result<T, CommitError> {
        let mut state = self.state.lock();
        let before = state.clone().ok_or(StoreError::Closed)?;
        let mut kept = self.disk.kept.lock();
        let mut plan = Plan::new(&*kept, before);
        let answer = work(&mut plan)?;
        if let Some((after, writes)) = plan.finish()? {
            *self.committed.lock() = CommitSeq(after.commit);
            *state = Some(after);
            kept.apply(writes);
        }
        Ok(answer)
    }
}

impl Store for MemoryStore {
    fn get<'a>(&'a self, key: &'a Key) -> BoxFuture<'a, Result<Option<Entry>, StoreError>> {
        ready(self.read(|kept| plan::get(kept, key))).boxed()
    }

    fn scan<'a>(
        &'a self,
        tree: Tree,
        from: &'a [u8],
        to: Option<&'a [u8]>,
        limit: usize,
    ) -> BoxFuture<'a, Result<Vec<Record>, StoreError>> {
        ready(self.read(|kept| plan::scan(kept, tree, from, to, limit))).boxed()
    }

    fn commit(&self, ops: Vec<Op>) -> BoxFuture<'_, Result<CommitSeq, CommitError>> {
        ready(self.write(|plan| plan.commit(&ops))).boxed()
    }

    fn put_blob(&self, content: Bytes) -> BoxFuture<'_, Result<BlobId, StoreError>> {
        if content.len() > BLOB_MAX {
            return ready(Err(StoreError::BlobTooLarge { bytes: content.len(), max: BLOB_MAX })).boxed();
        }
        let id = BlobId::of(&content);
        let kept = self.read(|_| Ok(())).map(|()| self.disk.kept.lock().blobs.insert(id, content));
        ready(kept.map(|_| id)).boxed()
    }

    fn get_blob(&self, id: BlobId) -> BoxFuture<'_, Result<Option<Bytes>, StoreError>> {
        ready(self.read(|kept| Ok(kept.blobs.get(&id).cloned()))).boxed()
    }

    fn drop_blob(&self, id: BlobId) -> BoxFuture<'_, Result<(), StoreError>> {
        ready(self.read(|_| Ok(())).map(|()| drop(self.disk.kept.lock().blobs.remove(&id)))).boxed()
    }

    fn blobs(&self, after: Option<BlobId>, limit: usize) -> BoxFuture<'_, Result<Vec<BlobId>, StoreError>> {
        let beyond = |id: &&BlobId| after.is_none_or(|after| **id > after);
        let limit = limit.min(SCAN_MAX);
        ready(self.read(|kept| Ok(kept.blobs.keys().filter(beyond).take(limit).copied().collect()))).boxed()
    }

    fn lease<'a>(&'a self, name: &'a str, _ttl: Duration) -> BoxFuture<'a, Result<Option<Fence>, StoreError>> {
        ready(self.read(|_| Ok(Some(Fence { name: name.into(), epoch: self.epoch })))).boxed()
    }

    fn renew<'a>(&'a self, fence: &'a Fence, _ttl: Duration) -> BoxFuture<'a, Result<bool, StoreError>> {
        ready(self.read(|_| Ok(fence.epoch == self.epoch))).boxed()
    }

    fn take_jobs(
        &self,
        queue: Queue,
        now: Moment,
        max: usize,
        lease: Duration,
    ) -> BoxFuture<'_, Result<Vec<Job>, CommitError>> {
        ready(self.write(|plan| plan.take_jobs(queue, now, max, lease))).boxed()
    }

    fn committed(&self) -> CommitSeq {
        *self.committed.lock()
    }

    fn caps(&self) -> Caps {
        let (ops_max, commit_bytes_max) = (OPS_MAX, COMMIT_BYTES_MAX);
        Caps { engine: "memory", shared: false, durable: false, ops_max, commit_bytes_max }
    }

    fn boot_epoch(&self) -> u64 {
        self.epoch
    }

    fn opened_cleanly(&self) -> bool {
        self.clean
    }

    fn health(&self) -> Health {
        Health {
            writer_idle_since: Some(self.opened),
            writer_busy_since: None,
            waiting: 0,
            poisoned: None,
            unsynced_files: false,
        }
    }

    fn close(&self) -> BoxFuture<'_, Result<(), CommitError>> {
        if let Some(mut state) = self.state.lock().take() {
            state.stopped_cleanly = true;
            self.keep_state(&state);
        }
        ready(Ok(())).boxed()
    }
}
