//! Goes through the kept records of calls in their order, and has somebody look at each before it is applied.
//!
//! The state that decisions saw is rebuilt beside the daemon's own: it begins with what older calls add up to, and every record
//! is applied by the same rules as at a start ([`super::rolled`]). Only what the kept records touch is read. It works on a
//! thread of its own, one replay at a time, and asks nothing of the path of a call but that it has written what it answered.

mod explain;
pub(super) mod judge;
mod scene;
#[cfg(test)]
mod tests;
mod verify;

use super::House;
use super::errors::inner;
use super::hot::Hot;
use super::keeper::now;
use super::record::{PAGE_PREFIX, Record, read_page};
use super::rollup::Roller;
use super::stored::StoredError;
use crate::desk::{DeskError, DeskErrorKind, ReplayingView, Stamp};
use crate::store::{Key, Store, Tree, after};
use core::time::Duration;
use numbers::Moment;
use parking_lot::Mutex;
use scene::Scene;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Pages read at once: some two thousand calls.
const PAGES_AT_ONCE: usize = 128;
/// Between two readings, so that the disk and the processor are there for the calls of today.
const PAUSE: Duration = Duration::from_millis(2);
/// Numbers, callees and turns that a replay holds at most: by their sizes some 300 MiB, and twice that where another policy
/// is followed beside. At a million and a half callees a month a week touches less than a fifth of it.
const PARTS_MAX: usize = 2_000_000;

/// Looks at records.
pub trait Onlooker: Send {
    /// These parts of the state were read, and nothing of the records was applied to them yet.
    fn loaded(&mut self, _parts: &super::rolled::Rolled) {}

    /// One record, before it is applied to the scene. Answers whether to go on.
    fn look(&mut self, scene: &Scene, seq: u64, record: &Record) -> bool;
}

/// What is being replayed, for whoever waits for it.
#[derive(Default)]
pub struct Replaying {
    busy: tokio::sync::Mutex<()>,
    progress: Mutex<Option<Progress>>,
}

#[derive(Clone, Copy, Debug)]
struct Progress {
    what: &'static str,
    began: Moment,
    records: u64,
    /// When the record that was read last was made.
    at: Moment,
}

/// Why a replay came to no end.
#[derive(Debug, thiserror::Error)]
enum ReplayError {
    #[error("the records of calls could not be read")]
    Stored(#[from] StoredError),
    #[error("the last records of calls are not on the disk")]
    Journal(#[from] super::journal::JournalError),
    #[error("the calls touch more than {PARTS_MAX} numbers and callees")]
    TooMany,
    #[error("the thread that replayed broke")]
    Broken(#[from] tokio::task::JoinError),
}

impl House {
    /// Lets somebody look at all kept records, on a thread of its own.
    async fn replay<O: Onlooker + 'static>(&self, what: &'static str, onlooker: O) -> Result<O, DeskError> {
        let Ok(_busy) = self.replaying.busy.try_lock() else {
            return Err(DeskError::new(
                DeskErrorKind::Unavailable { retry_after_s: 5 },
                "replay_busy",
                "calls are being replayed already, and that is done for one at a time",
                "ask again when it is done; `GET /v1/replaying` shows how far it is",
            ));
        };
        let (store, hot, roller) = (self.store.clone(), self.hot.clone(), self.roller.clone());
        let replaying = self.replaying.clone();
        *replaying.progress.lock() = Some(Progress { what, began: now(), records: 0, at: Moment::ZERO });
        let runtime = tokio::runtime::Handle::current();
        let noted = replaying.clone();
        let work = move || runtime.block_on(show_all(store, &hot, &roller, onlooker, &noted));
        let done = tokio::task::spawn_blocking(work).await.map_err(ReplayError::from).flatten();
        *replaying.progress.lock() = None;
        done.map_err(|cause| match cause {
            ReplayError::TooMany => DeskError::new(
                DeskErrorKind::Refused,
                "too_many_calls",
                cause.to_string(),
                "set `keep` under [calls] lower, so that fewer calls are kept",
            ),
            cause => inner("replaying calls", &super::chain(&cause)),
        })
    }

    pub(super) fn replaying_view(&self) -> Option<ReplayingView> {
        let progress = *self.replaying.progress.lock();
        progress.map(|Progress { what, began, records, at }| ReplayingView {
            what: what.to_owned(),
            began: Stamp(began),
            records,
            at: (records > 0).then_some(Stamp(at)),
        })
    }
}

/// Shows every record that was made before now.
async fn show_all<O: Onlooker>(
    store: Arc<dyn Store>,
    hot: &Hot,
    roller: &Roller,
    onlooker: O,
    replaying: &Replaying,
) -> Result<O, ReplayError> {
    // Nothing is rolled up meanwhile, so that what older calls add up to and the first record fit together.
    let _rolling = roller.working.lock().await;
    let end = hot.journal.sequence();
    hot.journal.settle().await?;
    show(store.as_ref(), end, onlooker, |records, at| {
        if let Some(progress) = &mut *replaying.progress.lock() {
            progress.records += records;
            progress.at = at;
        }
    })
    .await
}

/// Shows every record before `end`. The caller sees to it that none is rolled up meanwhile.
async fn show<O: Onlooker>(
    store: &dyn Store,
    end: u64,
    mut onlooker: O,
    progress: impl Fn(u64, Moment),
) -> Result<O, ReplayError> {
    let mut walk = Walk::new(end);
    let mut scene = Scene::default();
    while let Some(records) = walk.next(store).await? {
        let parts = scene.prepare(store, &records).await?;
        onlooker.loaded(&parts);
        scene.begin_with(parts);
        if scene.parts() > PARTS_MAX {
            return Err(ReplayError::TooMany);
        }
        for (seq, record) in &records {
            if !onlooker.look(&scene, *seq, record) {
                return Ok(onlooker);
            }
            scene.apply(record);
        }
        if let Some((_, last)) = records.last() {
            progress(records.len() as u64, last.at());
        }
        tokio::time::sleep(PAUSE).await;
    }
    Ok(onlooker)
}

/// The kept records in their order, a few pages at a time.
struct Walk {
    from: Option<Vec<u8>>,
    /// Read, and perhaps behind others that are not.
    ahead: BTreeMap<u64, Record>,
    end: u64,
}

impl Walk {
    fn new(end: u64) -> Walk {
        Walk { from: Some(vec![PAGE_PREFIX]), ahead: BTreeMap::new(), end }
    }

    /// The next records; none at the end. A page lies under its first record, so those before the first of the last page
    /// that was read are all there, although pages may overlap.
    async fn next(&mut self, store: &dyn Store) -> Result<Option<Vec<(u64, Record)>>, StoredError> {
        let Some(from) = self.from.take() else { return Ok(None) };
        let pages = store.scan(Tree::Event, &from, Some(&[PAGE_PREFIX + 1]), PAGES_AT_ONCE).await?;
        let mut first_of_last = u64::MAX;
        self.from = pages.last().map(|(last, _, _)| after(last));
        for (key, _, value) in pages {
            let format = |source| StoredError::Format { key: Key::new(Tree::Event, key.clone()), source };
            let records = read_page(&value).map_err(format)?;
            first_of_last = records.first().map_or(first_of_last, |(seq, _)| *seq);
            self.ahead.extend(records);
        }
        if self.from.is_none() {
            first_of_last = u64::MAX;
        }
        let beyond = first_of_last.min(self.end);
        if beyond == self.end {
            self.from = None;
        }
        let rest = self.ahead.split_off(&beyond);
        Ok(Some(core::mem::replace(&mut self.ahead, rest).into_iter().collect()))
    }
}
