//! When each source is asked about each number. Derived from the state, never stored: after a start it is simply derived again.
//!
//! Batches what is due for one adapter. What is on its way is not asked again until its answer or its failure is an event,
//! and only so much is on its way at once; the rest stays due, so that what becomes urgent meanwhile is not behind it all.

use core::time::Duration;
use numbers::{Command, E164, Moment, State};
use std::collections::{BTreeMap, BTreeSet};

/// Due times of all numbers, by adapter.
///
/// Invariant: each entry of `of` stands in its adapter's line, under `out` while it is handed out and under `due` otherwise.
#[derive(Debug, Default)]
pub struct Schedule {
    lines: BTreeMap<String, Line>,
    of: BTreeMap<E164, Vec<Entry>>,
}

/// What is to be asked of one adapter, with the moment it is due.
#[derive(Debug, Default)]
struct Line {
    due: BTreeSet<(Moment, E164)>,
    /// Handed out, and due again at this moment if nothing is heard of it.
    out: BTreeSet<(Moment, E164)>,
}

/// One number in the line of one adapter.
#[derive(Clone, Debug)]
struct Entry {
    adapter: String,
    due: Moment,
    /// When it was handed out, while nothing was heard of it.
    out_since: Option<Moment>,
}

/// Numbers in one batch at most; an adapter's manifest may ask for fewer, which the performer sees to.
const BATCH_MAX: usize = 20;
/// Numbers on their way to one adapter at most. At sixty requests a minute they take some seven minutes.
const OUT_MAX: usize = 400;
/// A check that was handed out is handed out again after so long if nothing was heard of it, which only a fault of ours
/// brings about: an adapter that fails is heard of.
const LOST_AFTER: Duration = Duration::from_secs(6 * 60 * 60);

impl Line {
    fn next_due(&self) -> Option<Moment> {
        let due = self.due.first().filter(|_| self.out.len() < OUT_MAX);
        due.into_iter().chain(self.out.first()).map(|(due, _)| *due).min()
    }
}

impl Schedule {
    /// Sets the due times of one number anew, after something happened to it.
    pub fn set(&mut self, state: &State, number: E164) {
        let before = self.of.remove(&number).unwrap_or_default();
        for entry in &before {
            self.place(entry).remove(&(entry.due, number));
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
        for entry in &entries {
            self.place(entry).insert((entry.due, number));
        }
        if !entries.is_empty() {
            self.of.insert(number, entries);
        }
    }

    /// When the next check is to be handed out.
    pub fn next_due(&self) -> Option<Moment> {
        self.lines.values().filter_map(Line::next_due).min()
    }

    /// The checks that are due now, in batches by adapter.
    pub fn due(&mut self, now: Moment) -> Vec<Command> {
        let mut commands = Vec::new();
        for (adapter, line) in &mut self.lines {
            let mut note = |number: E164, due: Moment, out_since: Option<Moment>| {
                let entries = self.of.get_mut(&number).into_iter().flatten();
                entries.filter(|entry| entry.adapter == *adapter).for_each(|entry| {
                    (entry.due, entry.out_since) = (due, out_since);
                });
            };
            while let Some((lost_at, number)) = line.out.first().copied().filter(|(lost_at, _)| *lost_at <= now) {
                line.out.remove(&(lost_at, number));
                line.due.insert((lost_at, number));
                note(number, lost_at, None);
            }
            let mut numbers = Vec::new();
            while line.out.len() < OUT_MAX
                && let Some((due, number)) = line.due.first().copied().filter(|(due, _)| *due <= now)
            {
                line.due.remove(&(due, number));
                line.out.insert((now.plus(LOST_AFTER), number));
                note(number, now.plus(LOST_AFTER), Some(now));
                numbers.push(number);
            }
            commands.extend(
                numbers
                    .chunks(BATCH_MAX)
                    .map(|numbers| Command::Check { adapter: adapter.clone(), numbers: numbers.to_vec() }),
            );
        }
        commands
    }

    fn place(&mut self, entry: &Entry) -> &mut BTreeSet<(Moment, E164)> {
        let line = self.lines.entry(entry.adapter.clone()).or_default();
        if entry.out_since.is_some() { &mut line.out } else { &mut line.due }
    }
}

#[cfg(test)]
mod tests {
    use super::{BATCH_MAX, LOST_AFTER, OUT_MAX, Schedule};
    use numbers::event::IMPORT_ROWS_MAX;
    use numbers::{
        AdapterFacts, Business, Command, E164, Effects, Event, ImportedRow, Moment, RightToUse, Service, State, What,
    };
    use numbers::{Policies, Policy};
    use std::collections::BTreeMap;

    const SECOND: u64 = 1000;

    fn number(n: usize) -> E164 {
        E164::parse(&format!("+1212555{n:04}")).expect("a number")
    }

    fn happens(state: &mut State, schedule: &mut Schedule, at: u64, what: What) {
        let touched = state.step(&Event { at: Moment(at), what }).expect("a legal event");
        for number in touched.numbers {
            schedule.set(state, number);
        }
    }

    fn failed(adapter: &str, asked: Vec<E164>) -> What {
        What::CheckFailed { adapter: adapter.into(), asked, failure: "it rests".into() }
    }

    /// What is handed out, as the adapter and how many numbers it is asked about.
    fn asked(commands: &[Command]) -> Vec<(&str, usize)> {
        let mut asked: BTreeMap<&str, usize> = BTreeMap::new();
        for command in commands {
            match command {
                Command::Check { adapter, numbers } => *asked.entry(adapter.as_str()).or_default() += numbers.len(),
                other => panic!("not a check: {other:?}"),
            }
        }
        asked.into_iter().collect()
    }

    /// So many numbers that nobody has been asked about.
    fn unasked(adapters: &[&str], count: usize) -> (State, Schedule) {
        let (mut state, mut schedule) = (State::default(), Schedule::default());
        let adapter = |id: &&str| AdapterFacts {
            id: (*id).to_owned(),
            checks: true,
            speaks_for: vec![(*id).to_owned()],
            registers: false,
            register_required: false,
            disputes: Vec::new(),
            disputes_for: numbers::Carriers::NONE,
            disputes_by_machine: true,
            register_effects: Effects::Manual,
            dispute_effects: Effects::Manual,
        };
        let adapters = adapters.iter().map(adapter).collect();
        happens(&mut state, &mut schedule, 0, What::RosterChanged { adapters });
        happens(&mut state, &mut schedule, 0, What::BusinessAdded(business()));
        for numbers in (0..count).collect::<Vec<_>>().chunks(IMPORT_ROWS_MAX) {
            let (service, right) = (Service::New, RightToUse::Unproven);
            let row =
                |n: &usize| ImportedRow { number: number(*n), service, right: right.clone(), callback_route: None };
            let rows = numbers.iter().map(row).collect();
            let imported = What::NumbersImported { business: "acme".into(), by: "Ann".into(), rows };
            happens(&mut state, &mut schedule, 0, imported);
        }
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
        let (mut state, mut schedule) = unasked(&["left", "right"], 1);
        assert_eq!(asked(&schedule.due(Moment(10 * SECOND))), [("left", 1), ("right", 1)]);
        assert_eq!(asked(&schedule.due(Moment(10 * SECOND))), [], "both are on their way");
        happens(&mut state, &mut schedule, 11 * SECOND, failed("left", vec![number(0)]));
        assert_eq!(asked(&schedule.due(Moment(12 * SECOND))), [], "the right one is still on its way");
        happens(&mut state, &mut schedule, 13 * SECOND, failed("right", vec![number(0)]));
        let urgent = state.policies.base().check_every_urgent;
        assert_eq!(schedule.next_due(), Some(Moment(11 * SECOND).plus(urgent)));
        assert_eq!(asked(&schedule.due(Moment(13 * SECOND).plus(urgent))), [("left", 1), ("right", 1)]);
    }

    #[test]
    fn what_was_never_heard_of_is_asked_again() {
        let (mut state, mut schedule) = unasked(&["left", "right"], 1);
        schedule.due(Moment(10 * SECOND));
        happens(&mut state, &mut schedule, 11 * SECOND, failed("left", vec![number(0)]));
        // So that the left one is not due as well.
        let policy = Policy { check_every_urgent: LOST_AFTER * 2, ..state.policies.base().clone() };
        state.policies = Policies::new(1, policy, Default::default());
        schedule.set(&state, number(0));
        let lost = Moment(10 * SECOND).plus(LOST_AFTER);
        assert_eq!(schedule.next_due(), Some(lost));
        assert_eq!(asked(&schedule.due(lost)), [("right", 1)]);
        assert_eq!(asked(&schedule.due(lost)), []);
        happens(&mut state, &mut schedule, lost.0 + SECOND, failed("right", vec![number(0)]));
        assert_eq!(schedule.next_due(), Some(Moment(11 * SECOND).plus(LOST_AFTER * 2)));
    }

    #[test]
    fn only_so_much_is_on_its_way_at_once() {
        let (mut state, mut schedule) = unasked(&["left"], OUT_MAX + 50);
        let commands = schedule.due(Moment(10 * SECOND));
        assert_eq!(asked(&commands), [("left", OUT_MAX)]);
        assert_eq!(schedule.next_due(), Some(Moment(10 * SECOND).plus(LOST_AFTER)), "the rest waits for answers");
        assert_eq!(asked(&schedule.due(Moment(11 * SECOND))), []);
        for command in &commands[..2] {
            let Command::Check { numbers, .. } = command else { panic!("a check") };
            happens(&mut state, &mut schedule, 12 * SECOND, failed("left", numbers.clone()));
        }
        assert_eq!(schedule.next_due(), Some(Moment::ZERO));
        assert_eq!(asked(&schedule.due(Moment(12 * SECOND))), [("left", 2 * BATCH_MAX)]);
    }
}
