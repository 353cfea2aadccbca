//! What is kept, and the promises of keeping it.
//!
//! This module owns the trait [`Store`], the words it speaks (trees, keys, revisions, operations, jobs, leases, blobs)
//! and its engines: [`SledStore`], the embedded default, and [`MemoryStore`], the model that tests are run against.
//! Data passes through in one direction: a caller hands over a list of operations, one writer applies whole lists in
//! order, makes them durable in groups, and only then answers.
//!
//! It deliberately knows nothing of numbers, pools or cases: keys and payloads are bytes whose meaning belongs to the
//! caller. It promises no snapshot over several pages of a scan, no order across trees, and no wall clock: the moment
//! at which jobs are taken is passed in. A read may see a commit an instant before that commit is durable.

mod blobs;
mod envelope;
pub mod export;
mod jobs;
mod memory;
mod plan;
mod sled;

pub use blobs::BlobId;
pub use envelope::{HEADER_BYTES, PAYLOAD_MAX, VALUE_MAX};
pub use jobs::{JOB_ID_MAX, JOB_PAYLOAD_MAX, JOBS_TAKE_MAX, Job, NewJob, Queue};
pub use memory::{MemoryDisk, MemoryStore};
pub use sled::{OpenError, SledOptions, SledStore, Verify, WAITING_MAX};

use bytes::Bytes;
use futures_util::future::BoxFuture;
use numbers::Moment;
use std::{fmt, sync::Arc, time::Duration, time::Instant};

/// The most operations one commit may hold. Guessed: a swap in a pool needs about ten, a checkpoint slice hundreds.
pub const OPS_MAX: usize = 512;
/// The most bytes of keys and payloads that one commit may hold.
pub const COMMIT_BYTES_MAX: usize = 256 * 1024;
/// The longest key within a tree. Seventeen such keys with full values stay well below the page size at which sled
/// begins to write files that it never syncs.
pub const KEY_MAX: usize = 128;
/// The largest blob: a letter with scans is a few megabytes.
pub const BLOB_MAX: usize = 16 * 1024 * 1024;
/// The most records one page of a scan returns; a larger limit is lowered to this.
pub const SCAN_MAX: usize = 4096;

/// The kinds of things that are kept. The numbers are part of the format on disk and are never used again for
/// something else.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Tree {
    /// Configuration, cursors, checkpoints: few records with names.
    Meta = 1,
    Business = 2,
    /// Users and campaigns: whoever owns a pool.
    Owner = 3,
    Number = 4,
    Case = 5,
    Filing = 6,
    Task = 7,
    /// Events in the order in which they happened.
    Event = 8,
    Callee = 9,
    /// Counters of what was shown and spent.
    Usage = 10,
    /// Jobs and their order. Written with [`Op::Enqueue`] and its like; only an import puts its rows directly.
    Job = 11,
    /// Do-not-call lists: what each consists of, and the changes since.
    DoNotCall = 12,
}

impl Tree {
    /// Every tree, in the order in which an export writes them.
    pub const ALL: [Tree; 12] = [
        Tree::Meta,
        Tree::Business,
        Tree::Owner,
        Tree::Number,
        Tree::Case,
        Tree::Filing,
        Tree::Task,
        Tree::Event,
        Tree::Callee,
        Tree::Usage,
        Tree::Job,
        Tree::DoNotCall,
    ];

    /// The name used in exports and messages.
    pub const fn name(self) -> &'static str {
        match self {
            Tree::Meta => "meta",
            Tree::Business => "business",
            Tree::Owner => "owner",
            Tree::Number => "number",
            Tree::Case => "case",
            Tree::Filing => "filing",
            Tree::Task => "task",
            Tree::Event => "event",
            Tree::Callee => "callee",
            Tree::Usage => "usage",
            Tree::Job => "job",
            Tree::DoNotCall => "do_not_call",
        }
    }

    /// The tree of this name.
    pub fn named(name: &str) -> Option<Tree> {
        Tree::ALL.into_iter().find(|tree| tree.name() == name)
    }
}

impl fmt::Display for Tree {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Where a value is kept.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key {
    pub tree: Tree,
    pub bytes: Vec<u8>,
}

impl Key {
    pub fn new(tree: Tree, bytes: impl Into<Vec<u8>>) -> Key {
        Key { tree, bytes: bytes.into() }
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let readable = self.bytes.iter().all(|byte| byte.is_ascii_graphic());
        match std::str::from_utf8(&self.bytes) {
            Ok(text) if readable => write!(f, "{}/{text}", self.tree),
            _ => write!(f, "{}/0x{}", self.tree, envelope::hex(&self.bytes)),
        }
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Which commit wrote a value last. It never comes back, not even when a key is deleted and written again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Revision(pub u64);

/// The place of a commit among all commits of this store.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CommitSeq(pub u64);

/// A value as it was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    pub revision: Revision,
    pub value: Bytes,
}

/// One record of a scan: the key within its tree, the revision, the payload.
pub type Record = (Vec<u8>, Revision, Bytes);

/// One step of a commit. Steps see the effects of the steps before them in the same commit.
#[derive(Clone, Debug)]
pub enum Op {
    Put {
        key: Key,
        value: Bytes,
    },
    Delete {
        key: Key,
    },
    /// The commit happens only if the key still has this revision, or, with `None`, still does not exist.
    Check {
        key: Key,
        expected: Option<Revision>,
    },
    /// The commit happens only if this lease is still held.
    Under(Fence),
    /// Adds a job. A job of the same queue and id that already waits stays as it is, so asking twice does no harm.
    Enqueue(NewJob),
    /// Removes a job that was taken. It conflicts when somebody else has taken the job since.
    FinishJob {
        queue: Queue,
        id: Vec<u8>,
        attempt: u32,
    },
    /// Gives a taken job back, to be due at another time. It conflicts as `FinishJob` does.
    PostponeJob {
        queue: Queue,
        id: Vec<u8>,
        attempt: u32,
        due: Moment,
    },
}

impl Op {
    pub fn put(key: Key, value: impl Into<Bytes>) -> Op {
        Op::Put { key, value: value.into() }
    }
}

/// Proof that a lease is held; put it into every commit made under the lease.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fence {
    pub name: String,
    pub epoch: u64,
}

/// What an engine can do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Caps {
    pub engine: &'static str,
    /// Whether several hosts may work on the same store.
    pub shared: bool,
    /// Whether an answered commit outlives the process and the power.
    pub durable: bool,
    pub ops_max: usize,
    pub commit_bytes_max: usize,
}

/// How the store is, for readiness, gauges and the watchdog.
#[derive(Clone, Debug)]
pub struct Health {
    /// When the writer last began to wait for work; `None` while it works.
    pub writer_idle_since: Option<Instant>,
    /// When the writer began the group it is at; `None` while it waits.
    pub writer_busy_since: Option<Instant>,
    /// Requests that wait for the writer.
    pub waiting: usize,
    /// Why nothing is committed any more until a restart.
    pub poisoned: Option<String>,
    /// The engine wrote files that it never syncs, which the cap on values is there to prevent.
    pub unsynced_files: bool,
}

impl Health {
    /// Whether one group has taken longer than `limit`; the health pages then say so, and a supervisor may act.
    pub fn stuck(&self, limit: Duration) -> bool {
        self.writer_busy_since.is_some_and(|since| since.elapsed() > limit)
    }
}

/// What failed beneath; shared, because one failure is the answer to every commit of a group.
pub type Cause = Arc<dyn std::error::Error + Send + Sync>;

/// Why something could not be read.
#[derive(Clone, Debug, thiserror::Error)]
pub enum StoreError {
    #[error("the stored value of {key} is damaged ({why}); stop the daemon and restore the last export")]
    BadValue { key: Key, why: &'static str },
    #[error("the stored file {id} is damaged ({why}); restore it from the last export")]
    BadBlob { id: BlobId, why: &'static str },
    #[error("a file of {bytes} bytes is more than the {max} that the store takes; split it")]
    BlobTooLarge { bytes: usize, max: usize },
    #[error("the store failed while {doing}")]
    Engine { doing: &'static str, source: Cause },
    #[error("the store is closed; this happens only while the daemon stops")]
    Closed,
}

/// What was over its bound.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bound {
    Ops,
    CommitBytes,
    Key,
    Value,
    JobId,
    JobPayload,
}

impl fmt::Display for Bound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Bound::Ops => "operations in the commit",
            Bound::CommitBytes => "bytes in the commit",
            Bound::Key => "bytes of a key",
            Bound::Value => "bytes of a value",
            Bound::JobId => "bytes of a job's id",
            Bound::JobPayload => "bytes of a job's payload",
        })
    }
}

/// Why a commit did not happen, or is not known to have happened.
#[derive(Clone, Debug, thiserror::Error)]
pub enum CommitError {
    #[error("{0} was changed by somebody else; read it again and decide anew")]
    Conflict(Key),
    #[error("{size} {bound} are more than the {max} that the store takes; split it")]
    TooLarge { bound: Bound, size: usize, max: usize },
    #[error("the lease `{0}` is no longer held; take it again and decide anew")]
    Fenced(String),
    /// Read again to learn whether it happened.
    #[error("it is unknown whether the commit is durable; read again after a restart")]
    Unknown { source: Cause },
    #[error("nothing is committed any more since an earlier write failed ({reason}); restart the daemon")]
    Poisoned { reason: String },
    #[error("more than {waiting_max} commits wait for the disk; try again a little later")]
    QueueFull { waiting_max: usize },
    #[error(
        "only {free} bytes are free on the disk and {min} are kept in reserve; free some space, no restart is needed"
    )]
    DiskFull { free: u64, min: u64 },
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Keeps things. Used as `Arc<dyn Store>`.
pub trait Store: Send + Sync + 'static {
    /// The value of a key, if it has one.
    fn get<'a>(&'a self, key: &'a Key) -> BoxFuture<'a, Result<Option<Entry>, StoreError>>;

    /// An ordered page of a tree: keys from `from` up to but without `to`, at most `limit` of them (see [`SCAN_MAX`]).
    /// To go on, ask again from the last key with a zero byte behind it ([`after`]).
    fn scan<'a>(
        &'a self,
        tree: Tree,
        from: &'a [u8],
        to: Option<&'a [u8]>,
        limit: usize,
    ) -> BoxFuture<'a, Result<Vec<Record>, StoreError>>;

    /// All of it or nothing of it; answers only when it is durable.
    fn commit(&self, ops: Vec<Op>) -> BoxFuture<'_, Result<CommitSeq, CommitError>>;

    /// Keeps a file under the hash of its content. It is durable when this answers, so that a commit may name it.
    fn put_blob(&self, content: Bytes) -> BoxFuture<'_, Result<BlobId, StoreError>>;

    /// A file, checked against its name.
    fn get_blob(&self, id: BlobId) -> BoxFuture<'_, Result<Option<Bytes>, StoreError>>;

    /// Lets go of a file, which nothing that is committed names any more. One that is not there is gone already.
    fn drop_blob(&self, id: BlobId) -> BoxFuture<'_, Result<(), StoreError>>;

    /// The names of all files, in order, beyond `after`, at most `limit`.
    fn blobs(&self, after: Option<BlobId>, limit: usize) -> BoxFuture<'_, Result<Vec<BlobId>, StoreError>>;

    /// Takes exclusive ownership of a name for a while; `None` when somebody else has it.
    fn lease<'a>(&'a self, name: &'a str, ttl: Duration) -> BoxFuture<'a, Result<Option<Fence>, StoreError>>;

    /// Keeps a lease for another while; `false` when it is lost.
    fn renew<'a>(&'a self, fence: &'a Fence, ttl: Duration) -> BoxFuture<'a, Result<bool, StoreError>>;

    /// Takes jobs that are due at `now`, the longest due first. Each is hidden until the lease is over; whoever has not
    /// finished it by then loses it to the next taker. Durable before it answers. At most [`JOBS_TAKE_MAX`] a time.
    fn take_jobs(
        &self,
        queue: Queue,
        now: Moment,
        max: usize,
        lease: Duration,
    ) -> BoxFuture<'_, Result<Vec<Job>, CommitError>>;

    /// The last commit that this store has answered for, or loaded at its opening.
    fn committed(&self) -> CommitSeq;

    fn caps(&self) -> Caps;

    /// How often this store has been opened.
    fn boot_epoch(&self) -> u64;

    /// Whether the run before this one ended with [`Store::close`]. A new store counts as cleanly opened.
    fn opened_cleanly(&self) -> bool;

    fn health(&self) -> Health;

    /// Finishes what waits, leaves the mark of a clean stop and lets go of the files.
    fn close(&self) -> BoxFuture<'_, Result<(), CommitError>>;
}

/// The first key behind `key`, from which the next page of a scan begins.
pub fn after(key: &[u8]) -> Vec<u8> {
    let mut next = key.to_vec();
    next.push(0);
    next
}
