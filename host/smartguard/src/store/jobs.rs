//! Jobs: work that is due at a time, taken with a lease, and done or given back.
//!
//! Each job is two records of the job tree: a row under its queue and id, and an entry in the order of due times.
//! A taken job is simply due again when its lease ends, so nobody has to clean up behind a taker that died.

use super::{Key, Tree};
use numbers::Moment;
use serde::{Deserialize, Serialize};

/// The longest id of a job; with its place in the order of due times it still fits into a key.
pub const JOB_ID_MAX: usize = 96;
/// The largest payload of a job.
pub const JOB_PAYLOAD_MAX: usize = 4000;
/// The most jobs taken at a time; each costs three writes of one commit.
pub const JOBS_TAKE_MAX: usize = 128;

/// A kind of work. The caller assigns the numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Queue(pub u8);

/// A job to be added.
#[derive(Clone, Debug)]
pub struct NewJob {
    pub queue: Queue,
    /// Names the work, so that the same work is not queued twice.
    pub id: Vec<u8>,
    pub due: Moment,
    pub payload: Vec<u8>,
}

/// A job that was taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Job {
    pub queue: Queue,
    pub id: Vec<u8>,
    /// How often it has been taken, this time included; it proves who holds the job.
    pub attempt: u32,
    pub leased_until: Moment,
    pub payload: Vec<u8>,
}

/// The stored row of a job.
#[derive(Serialize, Deserialize)]
pub(super) struct Row {
    pub due: u64,
    pub attempt: u32,
    pub payload: Vec<u8>,
}

const ROW: u8 = 0;
const ORDER: u8 = 1;

pub(super) fn row_key(queue: Queue, id: &[u8]) -> Key {
    let mut bytes = vec![ROW, queue.0];
    bytes.extend_from_slice(id);
    Key::new(Tree::Job, bytes)
}

pub(super) fn order_key(queue: Queue, due: u64, id: &[u8]) -> Key {
    let mut bytes = vec![ORDER, queue.0];
    bytes.extend_from_slice(&due.to_be_bytes());
    bytes.extend_from_slice(id);
    Key::new(Tree::Job, bytes)
}

/// The keys in the order of due times that are due at `now`: from the first, up to but without the second.
pub(super) fn due_range(queue: Queue, now: Moment) -> (Key, Key) {
    (order_key(queue, 0, &[]), order_key(queue, now.0.saturating_add(1), &[]))
}

/// The id of a job behind its key in the order of due times.
pub(super) fn id_of(order_key: &[u8]) -> Option<&[u8]> {
    order_key.get(10..)
}
