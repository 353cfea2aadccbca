//! What goes into one commit, and who waits for it.

use super::{ProposeError, Reply};
use crate::store::{CommitError, Op};
use numbers::step::Touched;

/// A commit is made when so much is gathered, so that with one more event it stays within the store's bounds.
const ROUND_OPS_MAX: usize = 200;
const ROUND_BYTES_MAX: usize = 128 * 1024;

/// Events of one commit.
#[derive(Default)]
pub struct Round {
    pub events: Vec<Op>,
    pub touched: Touched,
    pub waiters: Vec<Waiter>,
    /// What these events write, records that several of them touch counted each time.
    pub ops: usize,
    pub bytes: usize,
}

/// Somebody who proposed, and what came of it.
pub struct Waiter {
    pub patient: bool,
    pub reply: Reply,
    pub touched: Touched,
}

impl Round {
    pub fn is_full(&self) -> bool {
        self.ops > ROUND_OPS_MAX || self.bytes > ROUND_BYTES_MAX
    }

    /// Whoever is not patient hears that the change is not durable yet.
    pub fn tell_the_hurried(&mut self, cause: &CommitError) {
        let (patient, hurried) = self.waiters.drain(..).partition(|waiter| waiter.patient);
        self.waiters = patient;
        for waiter in hurried {
            let _ = waiter.reply.send(Err(ProposeError::Waiting(cause.clone())));
        }
    }
}

/// Adds what one event touched to what the round touched.
pub fn join(round: &mut Touched, event: &Touched) {
    let Touched { businesses, owners, numbers, cases, filings, tasks, policy, adapters } = event;
    round.businesses.extend(businesses.iter().cloned());
    round.owners.extend(owners.iter().cloned());
    round.numbers.extend(numbers);
    round.cases.extend(cases);
    round.filings.extend(filings);
    round.tasks.extend(tasks);
    round.policy |= policy;
    round.adapters |= adapters;
}
