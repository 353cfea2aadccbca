//! When each source is asked about each number. Derived from the state, never stored: after a start it is simply derived again.
//!
//! Batches what is due for one adapter. What is on its way is not asked again until its answer or its failure is an event.

use core::time::Duration;
use numbers::{Command, E164, Moment, State};
use std::collections::{BTreeMap, BTreeSet};

/// Due times of all numbers, by adapter.
///
/// Invariant: `due` and `of` hold the same triples.
#[derive(Debug, Default)]
pub struct Schedule {
    due: BTreeSet<(Moment, String, E164)>,
    of: BTreeMap<E164, Vec<Entry>>,
}

/// One number's turn at one adapter.
#[derive(Clone, Debug)]
struct Entry {
    adapter: String,
    due: Moment,
    /// When it was handed out, while nothing was heard of it.
    out_since: Option<Moment>,
}

/// Numbers in one batch at most; an adapter's manifest may ask for fewer, which the performer sees to.
const BATCH_MAX: usize = 20;
/// Batches handed out in one round, so that a restart makes no herd.
const BATCHES_MAX: usize = 64;
/// A check that was handed out is handed out again after so long if nothing was heard of it.
const LOST_AFTER: Duration = Duration::from_secs(5 * 60);

impl Schedule {
    /// Sets the due times of one number anew, after something happened to it.
    pub fn set(&mut self, state: &State, number: E164) {
        let before = self.of.remove(&number).unwrap_or_default();
        for Entry { adapter, due, .. } in &before {
            self.due.remove(&(*due, adapter.clone(), number));
        }
        let entries: Vec<Entry> = state
            .adapters
            .values()
            .filter(|adapter| adapter.checks)
            .filter_map(|adapter| {
                let due = state.check_due_at(number, &adapter.id)?;
                // What happened may be another adapter's answer. This one's would have moved the time it is due at.
                let out_since = before
                    .iter()
                    .find(|entry| entry.adapter == adapter.id)
                    .and_then(|entry| entry.out_since)
                    .filter(|since| due <= *since);
                let due = out_since.map_or(due, |since| since.plus(LOST_AFTER));
                Some(Entry { adapter: adapter.id.clone(), due, out_since })
            })
            .collect();
        for Entry { adapter, due, .. } in &entries {
            self.due.insert((*due, adapter.clone(), number));
        }
        if !entries.is_empty() {
            self.of.insert(number, entries);
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
            if let Some(entries) = self.of.get_mut(&number) {
                entries.iter_mut().filter(|entry| entry.due == due && entry.adapter == adapter).for_each(|entry| {
                    entry.due = again;
                    entry.out_since = Some(now);
                });
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

#[cfg(test)]
mod tests {
    use super::{LOST_AFTER, Schedule};
    use numbers::{
        AdapterFacts, Business, Command, E164, Effects, Event, ImportedRow, Moment, RightToUse, Service, State, What,
    };

    const SECOND: u64 = 1000;

    fn number() -> E164 {
        E164::parse("+12125550143").expect("a number")
    }

    fn happens(state: &mut State, schedule: &mut Schedule, at: u64, what: What) {
        let touched = state.step(&Event { at: Moment(at), what }).expect("a legal event");
        for number in touched.numbers {
            schedule.set(state, number);
        }
    }

    fn failed(adapter: &str) -> What {
        What::CheckFailed { adapter: adapter.into(), asked: vec![number()], failure: "it rests".into() }
    }

    fn asked(commands: Vec<Command>) -> Vec<String> {
        commands
            .into_iter()
            .map(|command| match command {
                Command::Check { adapter, numbers } if numbers == [number()] => adapter,
                other => panic!("not a check of the number: {other:?}"),
            })
            .collect()
    }

    /// One number, of which two adapters have just been asked for the first time, at the given moment.
    fn both_asked(at: u64) -> (State, Schedule) {
        let (mut state, mut schedule) = (State::default(), Schedule::default());
        let adapter = |id: &str| AdapterFacts {
            id: id.into(),
            checks: true,
            speaks_for: vec![id.into()],
            registers: false,
            register_required: false,
            disputes: Vec::new(),
            register_effects: Effects::Manual,
            dispute_effects: Effects::Manual,
        };
        let adapters = vec![adapter("left"), adapter("right")];
        happens(&mut state, &mut schedule, 0, What::RosterChanged { adapters });
        happens(&mut state, &mut schedule, 0, What::BusinessAdded(business()));
        let row =
            ImportedRow { number: number(), service: Service::New, right: RightToUse::Unproven, callback_route: None };
        let imported = What::NumbersImported { business: "acme".into(), by: "Ann".into(), rows: vec![row] };
        happens(&mut state, &mut schedule, 0, imported);
        assert_eq!(asked(schedule.due(Moment(at))), ["left", "right"]);
        assert_eq!(asked(schedule.due(Moment(at))), [""; 0], "both are on their way");
        (state, schedule)
    }

    fn business() -> Business {
        serde_json::from_value(serde_json::json!({
            "id": "acme", "legal_name": "Acme LLC", "relation": "self", "use_case": "Reminders", "calls_per_month": 1,
            "address": {"line1": "1 Main St", "city": "Dayton", "state": "OH", "zip": "45402"},
            "contact": {"name": "Ann", "email": "ann@acme.example", "phone": "+19375550100"},
            "originating_providers": [],
        }))
        .expect("a business")
    }

    #[test]
    fn one_adapters_answer_does_not_have_another_asked_twice() {
        let (mut state, mut schedule) = both_asked(10 * SECOND);
        happens(&mut state, &mut schedule, 11 * SECOND, failed("left"));
        assert_eq!(asked(schedule.due(Moment(12 * SECOND))), [""; 0], "the right one is still on its way");
        happens(&mut state, &mut schedule, 13 * SECOND, failed("right"));
        let urgent = state.policy.check_every_urgent;
        assert_eq!(schedule.next_due(), Some(Moment(11 * SECOND).plus(urgent)));
        assert_eq!(asked(schedule.due(Moment(13 * SECOND).plus(urgent))), ["left", "right"]);
    }

    #[test]
    fn what_was_never_heard_of_is_asked_again() {
        let (mut state, mut schedule) = both_asked(10 * SECOND);
        happens(&mut state, &mut schedule, 11 * SECOND, failed("left"));
        let lost = Moment(10 * SECOND).plus(LOST_AFTER);
        assert_eq!(schedule.next_due(), Some(lost));
        assert_eq!(asked(schedule.due(lost)), ["right"]);
        assert_eq!(asked(schedule.due(lost)), [""; 0]);
    }
}
