//! The writer of call records: packs them into pages, commits a group, and tells those who wait.
//!
//! While one group is on its way to the disk the next one gathers, so the rate of commits follows the disk
//! and the size of a group follows the rate of calls.

use super::record::Record;
use crate::store::{CommitError, Key, Op, Store, Tree};
use bytes::Bytes;
use core::time::Duration;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use tokio::sync::{mpsc, oneshot};

/// Records that may wait for the writer. A full queue is answered with 503, not waited for.
const QUEUE_MAX: usize = 32_768;
/// Records taken into one group, so that one commit stays within the store's bounds.
const GROUP_MAX: usize = 1_024;
/// A group that found the disk full is tried again after so long.
const RETRY_AFTER: Duration = Duration::from_millis(250);
/// A page stays under the store's cap of 4 KiB with its header.
const PAGE_BYTES_MAX: usize = 3_800;
/// First byte of the keys of pages, beside the keeper's own events in the same tree.
pub const PAGE_PREFIX: u8 = b'c';

/// The longest record: a decision with the receipt of some three hundred candidates.
const RECORD_BYTES_MAX: usize = 3_600;

/// A record on its way, encoded by whoever handed it over.
struct Waiting {
    seq: u64,
    bytes: Vec<u8>,
    done: Done,
}

/// Who is told that a record is durable.
pub enum Done {
    Nobody,
    Sender(oneshot::Sender<()>),
    /// The owner's count of answers that ran ahead.
    Ahead(Arc<AtomicU64>),
}

/// A door's end of the journal.
#[derive(Clone)]
pub struct Journal {
    queue: mpsc::Sender<Waiting>,
    next: Arc<AtomicU64>,
    broken: Arc<AtomicBool>,
    held_up: Arc<AtomicBool>,
}

/// The journal takes no record now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum JournalError {
    #[error("records wait for the disk; try again in a second")]
    Full,
    #[error("the record is too long to be kept")]
    TooLong,
    #[error("the store refused a write and takes no more until the daemon is restarted; see the log")]
    Broken,
}

impl Journal {
    /// Starts the writer. `next` is the first sequence number that no kept record has.
    pub fn start(store: Arc<dyn Store>, next: u64) -> (Journal, tokio::task::JoinHandle<()>) {
        let (queue, waiting) = mpsc::channel(QUEUE_MAX);
        let broken = Arc::new(AtomicBool::new(false));
        let held_up = Arc::new(AtomicBool::new(false));
        let next = Arc::new(AtomicU64::new(next));
        let journal = Journal { queue, next, broken: broken.clone(), held_up: held_up.clone() };
        (journal, tokio::spawn(write(store, waiting, broken, held_up)))
    }

    /// The next sequence number. Drawn under the lock that guards what the record changes, so replay keeps the order.
    pub fn sequence(&self) -> u64 {
        self.next.fetch_add(1, Ordering::Relaxed)
    }

    /// Hands over a record.
    pub fn append(&self, seq: u64, record: &Record, done: Done) -> Result<(), JournalError> {
        if self.broken.load(Ordering::Acquire) {
            return Err(JournalError::Broken);
        }
        let bytes = postcard::to_stdvec(&(seq, record)).map_err(|_| JournalError::TooLong)?;
        if bytes.len() > RECORD_BYTES_MAX {
            return Err(JournalError::TooLong);
        }
        self.queue.try_send(Waiting { seq, bytes, done }).map_err(|refused| match refused {
            mpsc::error::TrySendError::Full(_) => JournalError::Full,
            mpsc::error::TrySendError::Closed(_) => JournalError::Broken,
        })
    }

    /// Hands over a record and waits until it is durable.
    pub async fn append_durably(&self, seq: u64, record: &Record) -> Result<(), JournalError> {
        let (done, durable) = oneshot::channel();
        self.append(seq, record, Done::Sender(done))?;
        durable.await.map_err(|_| JournalError::Broken)
    }

    /// Waits until everything handed over before is durable.
    pub async fn settle(&self) -> Result<(), JournalError> {
        let (sender, durable) = oneshot::channel();
        let barrier = Waiting { seq: u64::MAX, bytes: Vec::new(), done: Done::Sender(sender) };
        self.queue.send(barrier).await.map_err(|_| JournalError::Broken)?;
        durable.await.map_err(|_| JournalError::Broken)
    }

    /// Whether records are still taken, for the health page.
    pub fn is_well(&self) -> bool {
        !self.broken.load(Ordering::Acquire)
    }

    /// Whether there is room, asked before anything is changed.
    pub fn has_room(&self) -> Result<(), JournalError> {
        if !self.is_well() {
            return Err(JournalError::Broken);
        }
        if self.held_up.load(Ordering::Acquire) || self.queue.capacity() < QUEUE_MAX / 8 {
            Err(JournalError::Full)
        } else {
            Ok(())
        }
    }
}

async fn write(
    store: Arc<dyn Store>,
    mut queue: mpsc::Receiver<Waiting>,
    broken: Arc<AtomicBool>,
    held_up: Arc<AtomicBool>,
) {
    let mut group = Vec::with_capacity(GROUP_MAX);
    while queue.recv_many(&mut group, GROUP_MAX).await > 0 {
        group.sort_by_key(|waiting| waiting.seq);
        loop {
            match store.commit(pages(&group)).await {
                Ok(_) => break held_up.store(false, Ordering::Release),
                // Nothing is lost while the disk is full: the group waits here, and new records are refused at the door.
                Err(cause @ (CommitError::DiskFull { .. } | CommitError::QueueFull { .. })) => {
                    tracing::warn!(%cause, records = group.len(), "call records wait for the disk");
                    held_up.store(true, Ordering::Release);
                    tokio::time::sleep(RETRY_AFTER).await;
                }
                Err(cause) => {
                    tracing::error!(%cause, "call records could not be made durable; no further calls are answered until a restart");
                    broken.store(true, Ordering::Release);
                    return;
                }
            }
        }
        for waiting in group.drain(..) {
            match waiting.done {
                Done::Nobody => {}
                // The asker may have gone; the record stays.
                Done::Sender(sender) => drop(sender.send(())),
                Done::Ahead(count) => drop(count.fetch_sub(1, Ordering::AcqRel)),
            }
        }
    }
}

fn pages(group: &[Waiting]) -> Vec<Op> {
    let mut ops = Vec::new();
    let mut page: Vec<u8> = Vec::new();
    let mut first = None;
    for Waiting { seq, bytes, .. } in group {
        // A barrier carries nothing.
        if bytes.is_empty() {
            continue;
        }
        if !page.is_empty() && page.len() + bytes.len() + LENGTH_BYTES > PAGE_BYTES_MAX {
            ops.push(put(first.take().unwrap_or(*seq), core::mem::take(&mut page)));
        }
        first.get_or_insert(*seq);
        // It fits: RECORD_BYTES_MAX is far below 64 KiB.
        page.extend_from_slice(&(bytes.len() as u16).to_be_bytes());
        page.extend_from_slice(bytes);
    }
    if let Some(first) = first {
        ops.push(put(first, page));
    }
    ops
}

/// Each record of a page is preceded by its length.
const LENGTH_BYTES: usize = 2;

fn put(first: u64, page: Vec<u8>) -> Op {
    Op::Put { key: page_key(first), value: Bytes::from(page) }
}

/// The key of the page that begins with this record.
pub fn page_key(first: u64) -> Key {
    let mut key = vec![PAGE_PREFIX];
    key.extend_from_slice(&first.to_be_bytes());
    Key::new(Tree::Event, key)
}

/// The records of a page, in their order.
pub fn read_page(page: &[u8]) -> Result<Vec<(u64, Record)>, postcard::Error> {
    let mut records = Vec::new();
    let mut rest = page;
    while let Some((length, after)) = rest.split_first_chunk::<2>() {
        let length = usize::from(u16::from_be_bytes(*length));
        let bytes = after.get(..length).ok_or(postcard::Error::DeserializeUnexpectedEnd)?;
        records.push(postcard::from_bytes(bytes)?);
        rest = after.get(length..).unwrap_or_default();
    }
    Ok(records)
}
