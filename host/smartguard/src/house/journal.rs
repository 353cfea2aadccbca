//! The writer of call records: packs them into pages, commits a group, and tells those who wait.
//!
//! A lone record goes at once. While groups are on their way to the disk the next one gathers for a moment and follows
//! them, so that the store can put all that came meanwhile into one write. While the disk is full the group waits, nothing new is taken,
//! and whoever waits for it is told at once: nobody is kept waiting until a person makes room.

use super::record::{LENGTH_BYTES, Record, add_to_page, encode, page_key};
use crate::store::{CommitError, CommitSeq, Op, Store};
use bytes::Bytes;
use core::time::Duration;
use futures_util::FutureExt;
use futures_util::future::{BoxFuture, ready};
use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::Instant;

/// Records that may wait for the writer. A full queue is answered with 503, not waited for.
const QUEUE_MAX: usize = 32_768;
/// Records taken from the queue at once.
const GROUP_MAX: usize = 1_024;
/// While commits are under way, the next group gathers for so long: pages are fuller than if each record had its own,
/// and a record that comes while the store waits between two of its groups still gets into the next one.
const GATHER: Duration = Duration::from_millis(4);
/// Commits that may be under way at once; beyond it records wait in the queue.
const UNDER_WAY_MAX: usize = 16;
/// Pages of one commit: 222 KiB, within the 256 KiB that the store takes.
const PAGES_MAX: usize = 60;
/// A group that found the disk full is tried again after so long.
const RETRY_AFTER: Duration = Duration::from_millis(250);
/// A page stays under the store's cap of 4 KiB with its header.
const PAGE_BYTES_MAX: usize = 3_800;
/// The longest record: a decision with the receipt of some three hundred candidates.
pub(super) const RECORD_BYTES_MAX: usize = 3_600;

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
    /// Why records wait for a full disk, while they do.
    held_up: watch::Receiver<Option<String>>,
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
        let (hold_up, held_up) = watch::channel(None);
        let next = Arc::new(AtomicU64::new(next));
        let journal = Journal { queue, next, broken: broken.clone(), held_up };
        (journal, tokio::spawn(write(store, waiting, broken, hold_up)))
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
        let bytes = encode(seq, record).map_err(|_| JournalError::TooLong)?;
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
        self.durable(durable).await
    }

    /// Waits until a record that was handed over is durable, or the disk is full.
    pub async fn durable(&self, durable: oneshot::Receiver<()>) -> Result<(), JournalError> {
        let mut held_up = self.held_up.clone();
        tokio::select! {
            biased;
            done = durable => done.map_err(|_| JournalError::Broken),
            full = held_up.wait_for(Option::is_some) => {
                Err(full.map_or(JournalError::Broken, |_| JournalError::Full))
            }
        }
    }

    /// Waits until everything handed over before is durable.
    pub async fn settle(&self) -> Result<(), JournalError> {
        let (sender, durable) = oneshot::channel();
        let barrier = Waiting { seq: u64::MAX, bytes: Vec::new(), done: Done::Sender(sender) };
        self.queue.send(barrier).await.map_err(|_| JournalError::Broken)?;
        self.durable(durable).await
    }

    /// Whether records are still taken, for the health page.
    pub fn is_well(&self) -> bool {
        !self.broken.load(Ordering::Acquire)
    }

    /// Why records wait for a full disk, while they do.
    pub fn held_up(&self) -> Option<String> {
        self.held_up.borrow().clone()
    }

    /// Whether there is room, asked before anything is changed.
    pub fn has_room(&self) -> Result<(), JournalError> {
        if !self.is_well() {
            return Err(JournalError::Broken);
        }
        if self.held_up.borrow().is_some() || self.queue.capacity() < QUEUE_MAX / 8 {
            Err(JournalError::Full)
        } else {
            Ok(())
        }
    }
}

/// A commit that was handed to the store and not yet answered. The store answers them in their order.
struct UnderWay<'a> {
    ops: Vec<Op>,
    records: Vec<Waiting>,
    commit: BoxFuture<'a, Result<CommitSeq, CommitError>>,
}

async fn write(
    store: Arc<dyn Store>,
    mut queue: mpsc::Receiver<Waiting>,
    broken: Arc<AtomicBool>,
    hold_up: watch::Sender<Option<String>>,
) {
    let mut under_way: VecDeque<UnderWay<'_>> = VecDeque::new();
    let mut group = Vec::with_capacity(GROUP_MAX);
    let mut next_at = Instant::now();
    let mut open = true;
    while open || !under_way.is_empty() {
        let idle = under_way.is_empty();
        let takes = open && (idle || under_way.len() < UNDER_WAY_MAX);
        let gathered = idle || Instant::now() >= next_at;
        tokio::select! {
            biased;
            Some(answer) = first_answer(&mut under_way), if !idle => {
                let Some(first) = under_way.pop_front() else { continue };
                if let Err(cause) = settle(store.as_ref(), first, answer, &hold_up).await {
                    let cause = super::chain(&cause);
                    tracing::error!(
                        cause,
                        "call records could not be made durable; no further calls are answered until a restart"
                    );
                    broken.store(true, Ordering::Release);
                    return;
                }
            }
            taken = queue.recv_many(&mut group, GROUP_MAX), if takes && gathered => {
                open = taken > 0;
                hand_over(store.as_ref(), &mut group, &mut under_way);
                next_at = Instant::now() + GATHER;
            }
            () = tokio::time::sleep_until(next_at), if takes && !gathered => {}
        }
    }
}

/// Waits for the oldest commit; dropped and called again it goes on waiting for the same one.
async fn first_answer(under_way: &mut VecDeque<UnderWay<'_>>) -> Option<Result<CommitSeq, CommitError>> {
    match under_way.front_mut() {
        Some(first) => Some(first.commit.as_mut().await),
        None => None,
    }
}

/// Puts records into pages, and the pages on their way.
fn hand_over<'a>(store: &'a dyn Store, group: &mut Vec<Waiting>, under_way: &mut VecDeque<UnderWay<'a>>) {
    group.sort_by_key(|waiting| waiting.seq);
    let mut rest: VecDeque<Waiting> = group.drain(..).collect();
    while !rest.is_empty() {
        let (ops, held) = pages(&rest);
        let records = rest.drain(..held).collect();
        // Barriers alone have nothing to be made durable: they are told when all that came before them is.
        let commit = match ops.is_empty() {
            true => ready(Ok(store.committed())).boxed(),
            false => store.commit(ops.clone()),
        };
        under_way.push_back(UnderWay { ops, records, commit });
    }
}

/// Sees one commit through, however long the disk is full, and tells those who wait for it.
async fn settle(
    store: &dyn Store,
    first: UnderWay<'_>,
    mut answer: Result<CommitSeq, CommitError>,
    hold_up: &watch::Sender<Option<String>>,
) -> Result<(), CommitError> {
    let UnderWay { ops, records, .. } = first;
    // Nothing is lost while the disk is full: the group waits here, and new records are refused at the door.
    // The answer may be old: groups that were under way together were refused together, and there may be room by now.
    let mut old = true;
    while let Err(cause @ (CommitError::DiskFull { .. } | CommitError::QueueFull { .. })) = &answer {
        if !old {
            if hold_up.send_replace(Some(cause.to_string())).is_none() {
                tracing::warn!(%cause, records = records.len(), "call records wait for the disk");
            }
            tokio::time::sleep(RETRY_AFTER).await;
        }
        old = false;
        answer = store.commit(ops.clone()).await;
    }
    answer?;
    if hold_up.borrow().is_some() {
        hold_up.send_replace(None);
        tracing::info!("the disk has room again, and the call records that waited for it are durable");
    }
    for waiting in records {
        match waiting.done {
            Done::Nobody => {}
            // The asker may have gone; the record stays.
            Done::Sender(sender) => drop(sender.send(())),
            Done::Ahead(count) => drop(count.fetch_sub(1, Ordering::AcqRel)),
        }
    }
    Ok(())
}

/// The pages of one commit, and how many of the waiting are in them.
fn pages(waiting: &VecDeque<Waiting>) -> (Vec<Op>, usize) {
    let mut ops = Vec::new();
    let mut page: Vec<u8> = Vec::new();
    let mut first = None;
    let mut held = 0;
    for Waiting { seq, bytes, .. } in waiting {
        if !page.is_empty() && page.len() + bytes.len() + LENGTH_BYTES > PAGE_BYTES_MAX {
            ops.push(put(first.take().unwrap_or(*seq), core::mem::take(&mut page)));
            if ops.len() == PAGES_MAX {
                return (ops, held);
            }
        }
        held += 1;
        // A barrier carries nothing.
        if bytes.is_empty() {
            continue;
        }
        first.get_or_insert(*seq);
        add_to_page(&mut page, bytes);
    }
    if let Some(first) = first {
        ops.push(put(first, page));
    }
    (ops, held)
}

fn put(first: u64, page: Vec<u8>) -> Op {
    Op::Put { key: page_key(first), value: Bytes::from(page) }
}

#[cfg(test)]
mod tests {
    use super::super::moody_store::{Mood, MoodyStore};
    use super::super::record::{Counted, Lost, read_page};
    use super::*;
    use crate::store::Tree;
    use numbers::{Moment, OwnerId};

    /// A record of about `numbers` × 7 bytes.
    fn record(numbers: u64) -> Record {
        let numbers = (0..numbers).filter_map(|n| numbers::E164::from_digits(12_125_550_000 + n)).collect();
        let lost = Lost { at: Moment(1), calls: 8, counted: Counted::default() };
        Record::Charged { owner: OwnerId::User("ann".into()), numbers, lost }
    }

    async fn kept(store: &Arc<MoodyStore>) -> Vec<u64> {
        let pages = store.scan(Tree::Event, &[], None, 4096).await.expect("pages");
        let mut seqs: Vec<u64> =
            pages.iter().flat_map(|(_, _, page)| read_page(page).expect("a page")).map(|(seq, _)| seq).collect();
        seqs.sort_unstable();
        seqs
    }

    #[tokio::test]
    async fn a_group_larger_than_a_commit_is_kept_whole() {
        let store = Arc::new(MoodyStore::new());
        let (journal, _writer) = Journal::start(store.clone(), 1);
        let record = record(400);
        // The writer runs only when this test waits, so that all of them come as one group of 2.8 MB.
        for _ in 0..GROUP_MAX {
            journal.append(journal.sequence(), &record, Done::Nobody).expect("taken");
        }
        journal.settle().await.expect("durable");
        assert_eq!(kept(&store).await, (1..=GROUP_MAX as u64).collect::<Vec<_>>());
    }

    #[tokio::test]
    async fn a_full_disk_keeps_nobody_waiting_and_loses_nothing() {
        let store = Arc::new(MoodyStore::new());
        let (journal, _writer) = Journal::start(store.clone(), 1);
        store.become_(Mood::Full);
        let first = journal.append_durably(journal.sequence(), &record(1)).await;
        assert_eq!(first, Err(JournalError::Full), "it is told at once");
        assert_eq!(journal.has_room(), Err(JournalError::Full));
        assert!(journal.held_up().is_some_and(|why| why.contains("free")), "{:?}", journal.held_up());
        assert!(kept(&store).await.is_empty());
        store.become_(Mood::Well);
        let mut full = journal.held_up.clone();
        full.wait_for(Option::is_none).await.expect("it goes on by itself");
        assert_eq!(kept(&store).await, [1], "what waited is durable");
        journal.append_durably(journal.sequence(), &record(1)).await.expect("taken again");
        assert_eq!(journal.has_room(), Ok(()));
    }

    #[tokio::test]
    async fn a_failed_write_ends_it() {
        let store = Arc::new(MoodyStore::new());
        let (journal, _writer) = Journal::start(store.clone(), 1);
        store.become_(Mood::Broken);
        assert_eq!(journal.append_durably(journal.sequence(), &record(1)).await, Err(JournalError::Broken));
        store.become_(Mood::Well);
        assert_eq!(journal.append(journal.sequence(), &record(1), Done::Nobody), Err(JournalError::Broken));
        assert!(!journal.is_well());
        assert!(kept(&store).await.is_empty(), "nothing is written behind what was lost");
    }
}
