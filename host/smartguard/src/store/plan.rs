//! The rules of a commit, shared by all embedded engines: what the single writer works out before it writes.
//!
//! A [`Plan`] stands on a view of what is stored, takes whole commits in order, and collects the writes of all that
//! were accepted. It never writes itself. With every plan goes the record of the store's own state, which holds a sum
//! over all records, so that a later check of the whole store also notices records that are missing or out of date.

use super::jobs::{self, JOB_ID_MAX, JOB_PAYLOAD_MAX, JOBS_TAKE_MAX, Job, Queue, Row};
use super::{
    Bound, COMMIT_BYTES_MAX, CommitError, CommitSeq, Entry, KEY_MAX, Key, OPS_MAX, Op, PAYLOAD_MAX, Record, Revision,
    SCAN_MAX, StoreError, Tree, envelope,
};
use bytes::Bytes;
use numbers::Moment;
use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, ops::Bound as Edge, sync::Arc, time::Duration};

/// The key of the store's own record: a tree number that no tree has.
pub(super) const STATE_KEY: &[u8] = &[0, b's'];

/// Present while an import is under way; a store that still has it was filled only in part.
pub(super) const IMPORT_UNFINISHED: &[u8] = b"import-unfinished";

/// What the store knows of itself; written with every group.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct State {
    pub commit: u64,
    pub epoch: u64,
    pub stopped_cleanly: bool,
    /// The wrapping sum of [`weight`] over all records.
    pub sum: u128,
}

impl State {
    pub fn seal(&self) -> Result<Bytes, StoreError> {
        let row = postcard::to_stdvec(self).map_err(|source| broken("writing its own record", source))?;
        Ok(envelope::seal(STATE_KEY, Revision(self.commit), &row))
    }

    pub fn read(stored: &Bytes) -> Result<State, StoreError> {
        let entry = envelope::open(STATE_KEY, stored)?;
        postcard::from_bytes(&entry.value).map_err(|source| broken("reading its own record", source))
    }
}

/// What an engine shows of itself: raw keys and raw values.
pub(super) trait View {
    fn get(&self, raw: &[u8]) -> Result<Option<Bytes>, StoreError>;
    /// Raw records in order from `from` up to but without `to`, at most `limit`.
    fn range(&self, from: &[u8], to: &[u8], limit: usize) -> Result<Vec<(Vec<u8>, Bytes)>, StoreError>;
}

pub(super) fn get(view: &impl View, key: &Key) -> Result<Option<Entry>, StoreError> {
    let raw = envelope::raw_key(key.tree as u8, &key.bytes);
    view.get(&raw)?.map(|stored| envelope::open(&raw, &stored)).transpose()
}

pub(super) fn scan(
    view: &impl View,
    tree: Tree,
    from: &[u8],
    to: Option<&[u8]>,
    limit: usize,
) -> Result<Vec<Record>, StoreError> {
    let from = envelope::raw_key(tree as u8, from);
    let to = match to {
        Some(to) => envelope::raw_key(tree as u8, to),
        None => vec![tree as u8 + 1],
    };
    if from >= to {
        return Ok(Vec::new());
    }
    let page = view.range(&from, &to, limit.min(SCAN_MAX))?;
    page.into_iter()
        .map(|(raw, stored)| {
            let entry = envelope::open(&raw, &stored)?;
            Ok((raw[1..].to_vec(), entry.revision, entry.value))
        })
        .collect()
}

/// Reads everything, checks every checksum, and compares the sum over all records with the stored one.
/// `None` means that all is well, otherwise it says what is wrong.
pub(super) fn verify(view: &impl View, state: &State) -> Result<Option<String>, StoreError> {
    let (mut from, mut sum) = (vec![1], 0u128);
    loop {
        let page = view.range(&from, &[u8::MAX], SCAN_MAX)?;
        let Some((last, _)) = page.last() else { break };
        from = super::after(last);
        for (raw, stored) in &page {
            match envelope::open(raw, stored) {
                Ok(entry) => sum = sum.wrapping_add(weight(raw, entry.revision)),
                Err(error) => return Ok(Some(error.to_string())),
            }
        }
    }
    Ok((sum != state.sum).then(|| "records are missing or out of date".into()))
}

/// What one record adds to the sum over all records.
fn weight(raw: &[u8], revision: Revision) -> u128 {
    let mut hasher = blake3::Hasher::new();
    hasher.update(&revision.0.to_be_bytes());
    hasher.update(raw);
    let mut half = [0; 16];
    half.copy_from_slice(&hasher.finalize().as_bytes()[..16]);
    u128::from_be_bytes(half)
}

fn broken(doing: &'static str, source: postcard::Error) -> StoreError {
    StoreError::Engine { doing, source: Arc::new(source) }
}

/// Raw writes; `None` deletes.
pub(super) type Writes = BTreeMap<Vec<u8>, Option<Bytes>>;

/// A group of commits that is being worked out.
pub(super) struct Plan<'a, V> {
    view: &'a V,
    state: State,
    writes: Writes,
    bytes: usize,
}

impl<'a, V: View> Plan<'a, V> {
    pub fn new(view: &'a V, state: State) -> Self {
        Plan { view, state, writes: Writes::new(), bytes: 0 }
    }

    /// How many bytes the accepted commits of this group write.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// The new state and the writes, the state's own record among them; nothing when no commit changes anything.
    pub fn finish(mut self) -> Result<Option<(State, Writes)>, StoreError> {
        if self.writes.is_empty() {
            return Ok(None);
        }
        self.writes.insert(STATE_KEY.to_vec(), Some(self.state.seal()?));
        Ok(Some((self.state, self.writes)))
    }

    /// Takes a commit into the group, or refuses it and leaves the group as it was.
    pub fn commit(&mut self, ops: &[Op]) -> Result<CommitSeq, CommitError> {
        bounds(ops)?;
        let mut step = Step::on(self);
        for op in ops {
            step.apply(op)?;
        }
        let (sum, writes) = (step.sum, step.writes);
        Ok(self.accept(sum, writes))
    }

    /// Takes due jobs as a commit of its own.
    pub fn take_jobs(
        &mut self,
        queue: Queue,
        now: Moment,
        max: usize,
        lease: Duration,
    ) -> Result<Vec<Job>, CommitError> {
        let mut step = Step::on(self);
        let (from, to) = jobs::due_range(queue, now);
        let due = step.range(&from, &to, max.min(JOBS_TAKE_MAX))?;
        let mut taken = Vec::with_capacity(due.len());
        for raw in due {
            let key = Key::new(Tree::Job, &raw[1..]);
            let id = jobs::id_of(&key.bytes).unwrap_or_default();
            let Some(mut row) = step.row(queue, id)? else {
                step.write(&key, None)?;
                continue;
            };
            row.attempt = row.attempt.saturating_add(1);
            let leased_until = now.plus(lease);
            step.move_job(queue, id, &mut row, leased_until.0)?;
            taken.push(Job { queue, id: id.to_vec(), attempt: row.attempt, leased_until, payload: row.payload });
        }
        let (sum, writes) = (step.sum, step.writes);
        self.accept(sum, writes);
        Ok(taken)
    }

    fn accept(&mut self, sum: u128, writes: Writes) -> CommitSeq {
        if !writes.is_empty() {
            self.state.commit += 1;
            self.state.sum = sum;
            self.bytes +=
                writes.iter().map(|(key, value)| key.len() + value.as_ref().map_or(0, Bytes::len)).sum::<usize>();
            self.writes.extend(writes);
        }
        CommitSeq(self.state.commit)
    }
}

/// Refuses what is over a bound, before anything is looked at.
pub(super) fn bounds(ops: &[Op]) -> Result<(), CommitError> {
    let within = |bound, size, max| match size > max {
        true => Err(CommitError::TooLarge { bound, size, max }),
        false => Ok(()),
    };
    within(Bound::Ops, ops.len(), OPS_MAX)?;
    let mut bytes = 0;
    for op in ops {
        bytes += match op {
            Op::Put { key, value } => {
                within(Bound::Key, key.bytes.len(), KEY_MAX)?;
                within(Bound::Value, value.len(), PAYLOAD_MAX)?;
                key.bytes.len() + value.len()
            }
            Op::Delete { key } | Op::Check { key, .. } => {
                within(Bound::Key, key.bytes.len(), KEY_MAX)?;
                key.bytes.len()
            }
            Op::Under(fence) => fence.name.len(),
            Op::Enqueue(job) => {
                within(Bound::JobId, job.id.len(), JOB_ID_MAX)?;
                within(Bound::JobPayload, job.payload.len(), JOB_PAYLOAD_MAX)?;
                job.id.len() + job.payload.len()
            }
            Op::FinishJob { id, .. } | Op::PostponeJob { id, .. } => {
                within(Bound::JobId, id.len(), JOB_ID_MAX)?;
                id.len()
            }
        };
    }
    within(Bound::CommitBytes, bytes, COMMIT_BYTES_MAX)
}

/// One commit that is being worked out over the commits of the group before it.
struct Step<'p, 'a, V> {
    plan: &'p Plan<'a, V>,
    revision: Revision,
    sum: u128,
    writes: Writes,
}

impl<'p, 'a, V: View> Step<'p, 'a, V> {
    fn on(plan: &'p Plan<'a, V>) -> Self {
        Step { plan, revision: Revision(plan.state.commit + 1), sum: plan.state.sum, writes: Writes::new() }
    }

    fn apply(&mut self, op: &Op) -> Result<(), CommitError> {
        match op {
            Op::Put { key, value } => self.write(key, Some(value))?,
            Op::Delete { key } => self.write(key, None)?,
            Op::Check { key, expected } => {
                if self.read(key)?.map(|entry| entry.revision) != *expected {
                    return Err(CommitError::Conflict(key.clone()));
                }
            }
            Op::Under(fence) => {
                if fence.epoch != self.plan.state.epoch {
                    return Err(CommitError::Fenced(fence.name.clone()));
                }
            }
            Op::Enqueue(job) => {
                if self.row(job.queue, &job.id)?.is_none() {
                    let row = Row { due: job.due.0, attempt: 0, payload: job.payload.clone() };
                    self.put_job(job.queue, &job.id, &row)?;
                }
            }
            Op::FinishJob { queue, id, attempt } => {
                let row = self.held(*queue, id, *attempt)?;
                self.write(&jobs::order_key(*queue, row.due, id), None)?;
                self.write(&jobs::row_key(*queue, id), None)?;
            }
            Op::PostponeJob { queue, id, attempt, due } => {
                let mut row = self.held(*queue, id, *attempt)?;
                self.move_job(*queue, id, &mut row, due.0)?;
            }
        }
        Ok(())
    }

    fn stored(&self, raw: &[u8]) -> Result<Option<Bytes>, StoreError> {
        match self.writes.get(raw).or_else(|| self.plan.writes.get(raw)) {
            Some(written) => Ok(written.clone()),
            None => self.plan.view.get(raw),
        }
    }

    fn read(&self, key: &Key) -> Result<Option<Entry>, StoreError> {
        let raw = envelope::raw_key(key.tree as u8, &key.bytes);
        self.stored(&raw)?.map(|stored| envelope::open(&raw, &stored)).transpose()
    }

    /// Reads the value that is replaced too, since it leaves the sum over all records.
    fn write(&mut self, key: &Key, value: Option<&[u8]>) -> Result<(), StoreError> {
        let raw = envelope::raw_key(key.tree as u8, &key.bytes);
        let before = self.read(key)?;
        if before.is_none() && value.is_none() {
            return Ok(());
        }
        if let Some(before) = before {
            self.sum = self.sum.wrapping_sub(weight(&raw, before.revision));
        }
        if value.is_some() {
            self.sum = self.sum.wrapping_add(weight(&raw, self.revision));
        }
        let sealed = value.map(|value| envelope::seal(&raw, self.revision, value));
        self.writes.insert(raw, sealed);
        Ok(())
    }

    fn row(&self, queue: Queue, id: &[u8]) -> Result<Option<Row>, StoreError> {
        let key = jobs::row_key(queue, id);
        let Some(entry) = self.read(&key)? else { return Ok(None) };
        let row = postcard::from_bytes(&entry.value);
        row.map(Some).map_err(|_| StoreError::BadValue { key, why: "it is not a job" })
    }

    fn held(&self, queue: Queue, id: &[u8], attempt: u32) -> Result<Row, CommitError> {
        match self.row(queue, id)? {
            Some(row) if row.attempt == attempt => Ok(row),
            _ => Err(CommitError::Conflict(jobs::row_key(queue, id))),
        }
    }

    fn put_job(&mut self, queue: Queue, id: &[u8], row: &Row) -> Result<(), StoreError> {
        let stored = postcard::to_stdvec(row).map_err(|source| broken("writing a job", source))?;
        self.write(&jobs::row_key(queue, id), Some(&stored))?;
        self.write(&jobs::order_key(queue, row.due, id), Some(&[]))
    }

    fn move_job(&mut self, queue: Queue, id: &[u8], row: &mut Row, due: u64) -> Result<(), StoreError> {
        self.write(&jobs::order_key(queue, row.due, id), None)?;
        row.due = due;
        self.put_job(queue, id, row)
    }

    /// The raw keys between two keys, seen through the writes of this group.
    fn range(&self, from: &Key, to: &Key, limit: usize) -> Result<Vec<Vec<u8>>, StoreError> {
        let from = envelope::raw_key(from.tree as u8, &from.bytes);
        let to = envelope::raw_key(to.tree as u8, &to.bytes);
        let within = (Edge::Included(from.clone()), Edge::Excluded(to.clone()));
        let written: Vec<_> = self.plan.writes.range(within).collect();
        // The group may have deleted as many of the stored ones as it has writes, so that many more are read.
        let stored = self.plan.view.range(&from, &to, limit + written.len())?;
        let mut keys: BTreeMap<Vec<u8>, bool> = stored.into_iter().map(|(raw, _)| (raw, true)).collect();
        keys.extend(written.into_iter().map(|(raw, value)| (raw.clone(), value.is_some())));
        Ok(keys.into_iter().filter(|(_, present)| *present).map(|(raw, _)| raw).take(limit).collect())
    }
}
