//! Takes old calls out of the store: adds them to the archive, then adds them up and removes their records.
//!
//! Adding up and removing are one commit, page by page, so a crash counts nothing twice and loses nothing, and a start
//! has only the last days to replay. A page stays until everything in it is old.

use super::archive::{Archive, Rights};
use super::directory::Directory;
use super::hot::Hot;
use super::journal::JournalError;
use super::keeper::{KeeperHandle, ProposeError, now};
use super::record::{PAGE_PREFIX, Record, read_page};
use super::rolled::{ROLLED_TO, Rolled, callee_key, forgotten};
use super::stored::StoredError;
use crate::store::{CommitError, Key, OPS_MAX, Op, Store, StoreError, Tree, after};
use core::time::Duration;
use numbers::{E164, Moment, OwnerId};
use parking_lot::Mutex;
use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

/// How often it is looked for calls that have grown old.
const EVERY: Duration = Duration::from_secs(10 * 60);
/// And how soon again when that failed.
const RETRY_AFTER: Duration = Duration::from_secs(60);
/// Between two commits, so that the disk is there for the calls of today.
const PAUSE: Duration = Duration::from_millis(50);
/// How often callees are looked through for those to forget.
const FORGET_EVERY: Duration = Duration::from_secs(24 * 60 * 60);
/// Pages looked at for one commit. Each holds some twenty calls.
const PAGES_MAX: usize = 16;
/// What is written by one commit at most, below the store's bound.
const OPS_AT_ONCE: usize = OPS_MAX - 64;
/// Records and the times in them come in almost the same order; so much is allowed for the difference.
const SLACK: Duration = Duration::from_secs(24 * 60 * 60);
const CALLEES_AT_ONCE: usize = 256;

/// Why old calls stay in the store for now. Nothing is lost by it.
#[derive(Debug, thiserror::Error)]
pub enum RollUpError {
    #[error("old calls could not be read")]
    Read(#[from] StoredError),
    #[error("the archive in {} could not be written", .folder.display())]
    Archive { folder: std::path::PathBuf, source: std::io::Error },
    #[error("what old calls add up to could not be written")]
    Commit(#[from] CommitError),
    #[error("the records of calls cannot be settled")]
    Journal(#[from] JournalError),
    #[error("the keeper was not there to ask")]
    Keeper(#[from] ProposeError),
}

impl RollUpError {
    /// What to do about it, where the store lies in `data`.
    pub fn remedy(&self, data: &Path) -> String {
        match self {
            RollUpError::Archive { folder, .. } => format!(
                "see that this user may write to {} and that there is room; it is tried again every minute",
                folder.display()
            ),
            RollUpError::Read(_) | RollUpError::Commit(_) | RollUpError::Journal(_) | RollUpError::Keeper(_) => {
                format!("see to the disk that holds {}; it is tried again every minute", data.display())
            }
        }
    }
}

/// Does the work, and holds what it works with.
pub struct Roller {
    pub store: Arc<dyn Store>,
    pub keeper: KeeperHandle,
    pub hot: Arc<Hot>,
    pub directory: Arc<Directory>,
    /// None where nothing is kept anyway.
    pub archive: Option<Archive>,
    /// Calls keep their own records for so long.
    pub keep: Duration,
    /// Held while anything is moved, and by whoever needs that nothing is.
    pub working: tokio::sync::Mutex<()>,
    /// Why the last try failed.
    pub trouble: Mutex<Option<RollUpError>>,
    /// The last page that this run added to the archive, so that a commit that is tried again adds nothing twice.
    pub archived: Mutex<Vec<u8>>,
}

/// A page that has grown old.
struct Page {
    key: Vec<u8>,
    records: Vec<(u64, Record)>,
}

impl Page {
    /// Whether a record in it was made after one of those in the page that follows.
    fn interleaves(&self, next: &[(u64, Record)]) -> bool {
        let seq = |record: Option<&(u64, Record)>| record.map(|(seq, _)| *seq);
        seq(self.records.last()) > seq(next.first())
    }
}

/// The roller at work.
pub struct Rolling {
    stop: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

impl Rolling {
    pub fn start(roller: Arc<Roller>) -> Rolling {
        let (stop, stopped) = oneshot::channel();
        Rolling { stop, task: tokio::spawn(async move { roller.run(stopped).await }) }
    }

    /// Ends it after the commit that is under way. What is left to do is done after the next start.
    pub async fn stop(self) {
        drop(self.stop);
        // It has come to its end, or broke, which has been seen in the log.
        let _ = self.task.await;
    }
}

/// How far callees have been looked through for those to forget.
#[derive(Default)]
struct Forgetting {
    ended_at: Moment,
    /// Where to go on.
    from: Option<Vec<u8>>,
}

impl Roller {
    pub fn new(
        (store, keeper): (Arc<dyn Store>, KeeperHandle),
        (hot, directory): (Arc<Hot>, Arc<Directory>),
        archive: Option<Archive>,
        keep: Duration,
    ) -> Roller {
        let (working, trouble, archived) = Default::default();
        Roller { store, keeper, hot, directory, archive, keep, working, trouble, archived }
    }

    /// Works until it is told to stop.
    async fn run(&self, mut stop: oneshot::Receiver<()>) {
        let mut forgetting = Forgetting::default();
        loop {
            // An export may hold it for long.
            let working = tokio::select! {
                _ = &mut stop => return,
                working = self.working.lock() => working,
            };
            let done = self.do_some(&mut forgetting, now()).await;
            drop(working);
            let pause = match done {
                Ok(true) => PAUSE,
                Ok(false) => EVERY,
                Err(_) => RETRY_AFTER,
            };
            self.note(done.err());
            tokio::select! {
                _ = &mut stop => return,
                () = tokio::time::sleep(pause) => {}
            }
        }
    }

    /// What one commit takes. Answers whether there is more to do.
    async fn do_some(&self, forgetting: &mut Forgetting, now: Moment) -> Result<bool, RollUpError> {
        if self.roll_up_some(now).await? > 0 {
            return Ok(true);
        }
        if forgetting.from.is_none() && now.since(forgetting.ended_at) < FORGET_EVERY {
            return Ok(false);
        }
        let from = forgetting.from.take().unwrap_or_default();
        forgetting.from = self.forget_some(&from, now).await?;
        if forgetting.from.is_none() {
            forgetting.ended_at = now;
            self.hot.forget_callees(now);
        }
        Ok(true)
    }

    fn note(&self, trouble: Option<RollUpError>) {
        let mut noted = self.trouble.lock();
        let cause = trouble.as_ref().map(|cause| super::chain(cause));
        if let Some(cause) = &cause
            && noted.as_ref().map(|cause| super::chain(cause)).as_ref() != Some(cause)
        {
            tracing::error!(cause, "old calls stay in the store");
        }
        *noted = trouble;
    }

    /// Rolls up the oldest pages, as many as one commit takes, while the caller holds [`Roller::working`]. Answers how
    /// many; none when nothing is old enough.
    ///
    /// # Errors
    /// Says why they stay. What was added to the archive may be added again by the next run.
    pub async fn roll_up_some(&self, now: Moment) -> Result<usize, RollUpError> {
        let oldest = now.before(self.keep);
        let pages = self.old_pages(oldest).await?;
        if pages.is_empty() {
            return Ok(0);
        }
        let mut records: Vec<&(u64, Record)> = pages.iter().flat_map(|page| &page.records).collect();
        records.sort_by_key(|(seq, _)| *seq);
        let policy = self.hot.policy.load_full();
        let touched = Rolled::touched_by(records.iter().map(|(_, record)| record));
        let mut rolled = touched.read(self.store.as_ref()).await?;
        for (_, record) in &records {
            rolled.apply(record, policy.base());
        }
        let last = records.last().map_or(0, |(seq, _)| *seq);
        let to = Key::new(Tree::Meta, ROLLED_TO);
        let before = self.store.get(&to).await?;
        let before = before.and_then(|entry| entry.value.as_ref().try_into().ok()).map_or(0, u64::from_be_bytes);

        self.end_grants(&pages, oldest).await?;
        self.archive(&pages).await?;
        let mut ops = rolled.ops(oldest.before(SLACK), policy.sticky_for_longest());
        ops.extend(pages.iter().map(|page| Op::Delete { key: Key::new(Tree::Event, page.key.clone()) }));
        ops.push(Op::put(to, last.max(before).to_be_bytes().to_vec()));
        self.store.commit(ops).await?;
        Ok(pages.len())
    }

    /// The first pages in which everything is older than `oldest`, as far as one commit can take them.
    async fn old_pages(&self, oldest: Moment) -> Result<Vec<Page>, RollUpError> {
        let found = self.store.scan(Tree::Event, &[PAGE_PREFIX], Some(&[PAGE_PREFIX + 1]), PAGES_MAX + 1).await;
        let mut pages: Vec<Page> = Vec::new();
        let mut next = None;
        for (key, _, value) in found? {
            let format = |source| StoredError::Format { key: Key::new(Tree::Event, key.clone()), source };
            let records = read_page(&value).map_err(format)?;
            let is_old = records.iter().all(|(_, record)| record.needed_until() < oldest);
            let all = pages.iter().flat_map(|page| &page.records).chain(&records);
            let ops = Rolled::touched_by(all.map(|(_, record)| record)).len() + pages.len() + 1;
            if !is_old || pages.len() == PAGES_MAX || (ops > OPS_AT_ONCE && !pages.is_empty()) {
                next = Some(records);
                break;
            }
            pages.push(Page { key, records });
        }
        // Where two pages were filled at the same time, the later one of them may hold the earlier record. They go
        // together, so that what is added up in pieces is added up in order.
        while let Some(last) = pages.pop_if(|last| next.as_ref().is_some_and(|next| last.interleaves(next))) {
            if pages.is_empty() {
                pages.push(last);
                break;
            }
            next = Some(last.records);
        }
        Ok(pages)
    }

    /// An owner that was idle since has no record left by which a start would know that it was at work.
    async fn end_grants(&self, pages: &[Page], oldest: Moment) -> Result<(), RollUpError> {
        let records = pages.iter().flat_map(|page| &page.records);
        let owners: BTreeSet<&OwnerId> = records
            .filter_map(|(_, record)| match record {
                Record::Decided(decided) => Some(&decided.owner),
                Record::Reported(_)
                | Record::Restored { .. }
                | Record::Charged { .. }
                | Record::Settled { .. }
                | Record::Viewed(_) => None,
            })
            .collect();
        for owner in owners {
            if let Some(cell) = self.directory.owner(owner) {
                cell.end_grant_of_before(oldest);
            }
        }
        // What ran ahead under a grant that has just ended is durable before its record goes.
        Ok(self.hot.journal.settle().await?)
    }

    async fn archive(&self, pages: &[Page]) -> Result<(), RollUpError> {
        let Some(archive) = self.archive.clone() else { return Ok(()) };
        let archived = self.archived.lock().clone();
        let records: Vec<(u64, Record)> =
            pages.iter().filter(|page| page.key > archived).flat_map(|page| page.records.clone()).collect();
        let rights = self.rights(&records).await?;
        let folder = archive.folder.clone();
        let written = tokio::task::spawn_blocking(move || archive.append(&records, &rights)).await;
        let written = written.unwrap_or_else(|broken| Err(std::io::Error::other(broken)));
        written.map_err(|source| RollUpError::Archive { folder, source })?;
        if let Some(last) = pages.last() {
            *self.archived.lock() = last.key.clone();
        }
        Ok(())
    }

    async fn rights(&self, records: &[(u64, Record)]) -> Result<Rights, RollUpError> {
        let numbers: BTreeSet<E164> =
            Rolled::touched_by(records.iter().map(|(_, record)| record)).numbers.into_keys().collect();
        let rights = self.keeper.read(move |state| {
            let held = numbers.into_iter().filter_map(|number| state.numbers.get(&number));
            held.map(|number| (number.e164, number.right.clone())).collect()
        });
        Ok(rights.await?)
    }

    /// Lets go of stored callees of whom nothing is to be remembered any more, as many as one commit takes, while the
    /// caller holds [`Roller::working`]. Answers where to go on; none at the end.
    async fn forget_some(&self, from: &[u8], now: Moment) -> Result<Option<Vec<u8>>, RollUpError> {
        let policy = self.hot.policy.load_full();
        let oldest = now.before(self.keep).before(SLACK);
        let page = self.store.scan(Tree::Callee, from, None, CALLEES_AT_ONCE).await?;
        let forgotten = forgotten(&page, oldest, policy.sticky_for_longest())?;
        let ops: Vec<Op> = forgotten.into_iter().map(|callee| Op::Delete { key: callee_key(callee) }).collect();
        if !ops.is_empty() {
            self.store.commit(ops).await?;
        }
        Ok(page.last().map(|(last, _, _)| after(last)))
    }
}

impl From<StoreError> for RollUpError {
    fn from(error: StoreError) -> RollUpError {
        RollUpError::Read(error.into())
    }
}

#[cfg(test)]
pub mod tests;
