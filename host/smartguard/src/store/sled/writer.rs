//! The one thread that writes.
//!
//! It drains the queue into a group, works the group out as one plan, applies it as one batch, flushes, syncs the file
//! through our own handle, and only then answers. A lone commit goes at once. When groups come without a pause they are
//! spaced, which makes them larger and fewer.
//!
//! When a write or a sync fails, what the disk holds is unknown: the group is answered so, and nothing is written again
//! before a restart. Reads may then still show what that group would have written.

use super::super::plan::{Plan, STATE_KEY, State, Writes};
use super::super::{Cause, CommitError, CommitSeq, Health, Job, Op, Queue, StoreError};
use super::{Engine, SledOptions};
use numbers::Moment;
use parking_lot::Mutex;
use std::fs::File;
use std::os::unix::fs::FileExt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::{mpsc, oneshot};

/// A group takes no further commit once it writes this much. Guessed: about one of sled's segments.
const GROUP_BYTES_MAX: usize = 512 * 1024;
/// How many groups in a row may go without being spaced: a short exchange with the store is not the busy case.
const BURST_GROUPS: u32 = 8;
/// How many groups lie between two looks for files that sled does not sync.
const LOOK_EVERY_GROUPS: u64 = 256;

type Answer<T> = oneshot::Sender<Result<T, CommitError>>;

/// What the writer can be asked.
pub(super) enum Ask {
    Commit { ops: Vec<Op>, answer: Answer<CommitSeq> },
    TakeJobs { queue: Queue, now: Moment, max: usize, lease: Duration, answer: Answer<Vec<Job>> },
    Close { answer: Answer<()> },
}

/// An answer that waits until its group is durable.
enum Pending {
    Commit(Answer<CommitSeq>, Result<CommitSeq, CommitError>),
    Jobs(Answer<Vec<Job>>, Result<Vec<Job>, CommitError>),
}

impl Pending {
    /// The failure of the engine itself that this request met while it was planned.
    fn engine_failure(&self) -> Option<&StoreError> {
        let refusal = match self {
            Pending::Commit(_, answer) => answer.as_ref().err(),
            Pending::Jobs(_, answer) => answer.as_ref().err(),
        };
        match refusal {
            Some(CommitError::Store(error @ StoreError::Engine { .. })) => Some(error),
            _ => None,
        }
    }

    /// Whoever asked may have gone away meanwhile, which changes nothing.
    fn send(self, failure: Option<&CommitError>) {
        match (self, failure) {
            (Pending::Commit(to, answer), None) => drop(to.send(answer)),
            (Pending::Jobs(to, answer), None) => drop(to.send(answer)),
            (Pending::Commit(to, _), Some(failure)) => drop(to.send(Err(failure.clone()))),
            (Pending::Jobs(to, _), Some(failure)) => drop(to.send(Err(failure.clone()))),
        }
    }
}

/// What others may see of the writer.
pub(super) struct Pulse {
    seen: Mutex<Seen>,
}

struct Seen {
    committed: CommitSeq,
    /// Since when it has been at the same thing, and whether that is work.
    since: Instant,
    busy: bool,
    poisoned: Option<String>,
    unsynced_files: bool,
}

impl Pulse {
    pub fn new(committed: CommitSeq) -> Pulse {
        let since = Instant::now();
        Pulse { seen: Mutex::new(Seen { committed, since, busy: false, poisoned: None, unsynced_files: false }) }
    }

    pub fn committed(&self) -> CommitSeq {
        self.seen.lock().committed
    }

    pub fn health(&self, waiting: usize) -> Health {
        let seen = self.seen.lock();
        Health {
            writer_idle_since: (!seen.busy).then_some(seen.since),
            writer_busy_since: seen.busy.then_some(seen.since),
            waiting,
            poisoned: seen.poisoned.clone(),
            unsynced_files: seen.unsynced_files,
        }
    }

    /// Why the writer takes nothing any more.
    pub fn refusal(&self) -> CommitError {
        match &self.seen.lock().poisoned {
            Some(reason) => CommitError::Poisoned { reason: reason.clone() },
            None => StoreError::Closed.into(),
        }
    }

    pub fn see_unsynced_files(&self, found: bool) {
        if found {
            tracing::error!("the store's folder `blobs` is not empty: its files are not safe in a power cut");
        }
        self.seen.lock().unsynced_files = found;
    }

    fn turn(&self, busy: bool) {
        let mut seen = self.seen.lock();
        (seen.busy, seen.since) = (busy, Instant::now());
    }

    fn poison(&self, reason: String) {
        tracing::error!(reason, "the store takes no further commits until the daemon is restarted");
        self.seen.lock().poisoned = Some(reason);
    }
}

/// All that the thread owns.
pub(super) struct Writer {
    pub engine: Engine,
    pub state: State,
    pub witness: File,
    pub queue: mpsc::Receiver<Ask>,
    pub pulse: Arc<Pulse>,
    pub options: SledOptions,
}

pub(super) fn start(writer: Writer) -> std::io::Result<std::thread::JoinHandle<()>> {
    std::thread::Builder::new().name("store-writer".into()).spawn(move || writer.run())
}

impl Writer {
    fn run(mut self) {
        // The moment until which the groups so far are paid for, each with one spacing.
        let mut paid_until = Instant::now();
        let mut groups = 0u64;
        while let Some(first) = self.queue.blocking_recv() {
            self.pulse.turn(true);
            let spacing = self.options.group_spacing;
            let burst = spacing * BURST_GROUPS;
            std::thread::sleep(paid_until.saturating_duration_since(Instant::now() + burst));
            paid_until = paid_until.max(Instant::now()) + spacing;

            let closing = self.group(first);
            groups += 1;
            if groups.is_multiple_of(LOOK_EVERY_GROUPS) {
                self.pulse.see_unsynced_files(super::opening::has_unsynced_files(&self.engine.folder));
            }
            if let Some(answer) = closing {
                // Nobody may find the folder still locked once the answer is out.
                let closed = self.close();
                drop(self);
                let _ = answer.send(closed);
                return;
            }
            self.pulse.turn(false);
        }
    }

    /// Takes one group from the queue and sees it through. Returns the asker when the group ended with a close.
    fn group(&mut self, first: Ask) -> Option<Answer<()>> {
        let refusal = self.refusal();
        let engine = self.engine.clone();
        let mut plan = Plan::new(&engine, self.state.clone());
        let (mut pending, mut next, mut closing) = (Vec::new(), Some(first), None);
        while let Some(ask) = next {
            match ask {
                Ask::Commit { ops, answer } => {
                    let planned = guarded(&refusal, || plan.commit(&ops));
                    pending.push(Pending::Commit(answer, planned));
                }
                Ask::TakeJobs { queue, now, max, lease, answer } => {
                    let planned = guarded(&refusal, || plan.take_jobs(queue, now, max, lease));
                    pending.push(Pending::Jobs(answer, planned));
                }
                Ask::Close { answer } => {
                    closing = Some(answer);
                    break;
                }
            }
            next = if plan.bytes() < GROUP_BYTES_MAX { self.queue.try_recv().ok() } else { None };
        }
        // An engine that fails to read will not write any more either: often the real failure was a write of its own
        // in the background. Nothing of this group is applied then, so that nobody has to wonder about it.
        let failure = match pending.iter().find_map(Pending::engine_failure) {
            Some(error) => {
                self.pulse.poison(chain(error));
                Some(self.pulse.refusal())
            }
            None => {
                let written = match plan.finish() {
                    Ok(None) => Ok(()),
                    Ok(Some((state, writes))) => self.write(state, writes),
                    Err(error) => Err(Arc::new(error) as Cause),
                };
                written.err().map(|source| {
                    self.pulse.poison(chain(&*source));
                    CommitError::Unknown { source }
                })
            }
        };
        for answer in pending {
            answer.send(failure.as_ref());
        }
        closing
    }

    /// Why this group may not write at all.
    fn refusal(&self) -> Option<CommitError> {
        if self.pulse.seen.lock().poisoned.is_some() {
            return Some(self.pulse.refusal());
        }
        let min = self.options.disk_free_min;
        match rustix::fs::fstatvfs(&*self.engine.file) {
            Ok(disk) => {
                let free = disk.f_bavail.saturating_mul(disk.f_frsize);
                (free < min).then_some(CommitError::DiskFull { free, min })
            }
            // A file system that does not say how full it is will say so by a failed write.
            Err(_) => None,
        }
    }

    /// One batch, flushed by sled and then synced by ourselves; durable when this returns.
    fn write(&mut self, state: State, writes: Writes) -> Result<(), Cause> {
        let mut batch = ::sled::Batch::default();
        for (raw, stored) in writes {
            match stored {
                Some(stored) => batch.insert(raw, &stored[..]),
                None => batch.remove(raw),
            }
        }
        let engine = &self.engine;
        catch_unwind(AssertUnwindSafe(|| -> Result<(), Cause> {
            engine.db.apply_batch(batch).map_err(|error| Arc::new(error) as Cause)?;
            engine.db.flush().map_err(|error| Arc::new(error) as Cause)?;
            Ok(())
        }))
        .unwrap_or_else(|_| Err(Arc::new(std::io::Error::other("the engine panicked while it wrote"))))?;
        engine.file.sync_data().map_err(|error| Arc::new(error) as Cause)?;
        // The witness never runs ahead of what is synced, so it needs no sync of its own.
        self.witness
            .write_all_at(&super::opening::witness(state.commit), 0)
            .map_err(|error| Arc::new(error) as Cause)?;
        self.pulse.seen.lock().committed = CommitSeq(state.commit);
        self.state = state;
        Ok(())
    }

    fn close(&mut self) -> Result<(), CommitError> {
        if self.pulse.seen.lock().poisoned.is_some() {
            return Err(self.pulse.refusal());
        }
        let mut state = self.state.clone();
        state.stopped_cleanly = true;
        let sealed = state.seal()?;
        let mark = Writes::from([(STATE_KEY.to_vec(), Some(sealed))]);
        self.write(state, mark).map_err(|source| CommitError::Unknown { source })
    }
}

/// Plans one request, unless the group may not write. sled panics on some damage; that is a failure of the
/// engine like any other.
fn guarded<T>(refusal: &Option<CommitError>, plan: impl FnOnce() -> Result<T, CommitError>) -> Result<T, CommitError> {
    if let Some(refusal) = refusal {
        return Err(refusal.clone());
    }
    catch_unwind(AssertUnwindSafe(plan)).unwrap_or_else(|_| {
        let source =
            Arc::new(std::io::Error::other("the engine panicked while it read; its files are probably damaged"));
        Err(StoreError::Engine { doing: "reading", source }.into())
    })
}

/// An error and what is behind it, in one line.
fn chain(error: &dyn std::error::Error) -> String {
    let mut line = error.to_string();
    let mut next = error.source();
    while let Some(source) = next {
        line = format!("{line}: {source}");
        next = source.source();
    }
    line
}
