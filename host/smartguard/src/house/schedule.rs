//! When each source is asked about each number. Derived from the state, never stored: after a start it is simply derived again.
//!
//! Batches what is due for one adapter. What is in flight is not asked again until its answer or its failure is an event.

use core::time::Duration;
use numbers::{Command, E164, Moment, State};
use std::collections::{BTreeMap, BTreeSet};

/// Due times of all numbers, by adapter.
#[derive(Debug, Default)]
pub struct Schedule {
    due: BTreeSet<(Moment, String, E164)>,
    of: BTreeMap<E164, Vec<(Moment, String)>>,
}

/// Numbers in one batch at most; an adapter's manifest may ask for fewer, which the performer sees to.
const BATCH_MAX: usize = 20;
/// Batches handed out in one round, so that a restart makes no herd.
const BATCHES_MAX: usize = 64;
/// A check that was handed out is handed out again after so long if nothing was heard of it.
const LOST_AFTER: Duration = Duration::from_secs(5 * 60);

impl Schedule {
    /// Sets the due times of one number anew.
    pub fn set(&mut self, state: &State, number: E164) {
        for (due, adapter) in self.of.remove(&number).unwrap_or_default() {
            self.due.remove(&(due, adapter, number));
        }
        let dues: Vec<(Moment, String)> = state
            .adapters
            .values()
            .filter(|adapter| adapter.checks)
            .filter_map(|adapter| Some((state.check_due_at(number, &adapter.id)?, adapter.id.clone())))
            .collect();
        for (due, adapter) in &dues {
            self.due.insert((*due, adapter.clone(), number));
        }
        if !dues.is_empty() {
            self.of.insert(number, dues);
        }
    }

    /// When the next check is due.
    pub fn next_due(&self) -> Option<Moment> {
        self.due.first().map(|(due, _, _)| *due)
    }

    /// The checks that are due now, in batches by adapter.
    pub fn due(&mut self, now: Moment) -> Vec<Command> {
        let mut batches: BTreeMap<String, Vec<E164>> = BTreeMap::new();
        let mut taken = 0;
        while taken < BATCHES_MAX * BATCH_MAX {
            let Some((due, adapter, number)) = self.due.first().cloned().filter(|(due, _, _)| *due <= now) else {
                break;
            };
            self.due.pop_first();
            // An answer sets the due time anew; this one stands only if none comes.
            let again = now.plus(LOST_AFTER);
            self.due.insert((again, adapter.clone(), number));
            if let Some(dues) = self.of.get_mut(&number) {
                dues.iter_mut().filter(|entry| **entry == (due, adapter.clone())).for_each(|entry| entry.0 = again);
            }
            batches.entry(adapter).or_default().push(number);
            taken += 1;
        }
        batches
            .into_iter()
            .flat_map(|(adapter, numbers)| {
                numbers
                    .chunks(BATCH_MAX)
                    .map(|numbers| Command::Check { adapter: adapter.clone(), numbers: numbers.to_vec() })
                    .collect::<Vec<_>>()
            })
            .collect()
    }
}
