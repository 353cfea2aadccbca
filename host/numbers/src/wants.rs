//! What should happen next: commands derived from the state, so that after a crash they are simply asked for again.
//!
//! Asked for touched numbers and due wakes, never by scanning everything.
//! Whoever performs them keeps the set in flight, because the same want is given until an event says it was met.

use crate::case::{Case, CaseState, Filing, FilingState, Purpose};
use crate::e164::E164;
use crate::event::{FILING_NUMBERS_MAX, FilingPlan};
use crate::moment::Moment;
use crate::number::{Life, Number};
use crate::state::State;
use crate::step::{Lack, dispute_key};

/// Something to be done outside; its result comes back as an event.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Command {
    /// Ask this adapter about these numbers.
    Check { adapter: String, numbers: Vec<E164> },
    /// Propose [`crate::event::What::FilingIntended`], and send it when that is committed.
    File { filing: FilingPlan },
    /// Go on with a filing, as its [`FilingState`] says: `Again` goes out under the same key once
    /// [`crate::event::What::FilingResent`] is committed, `Unsure` tracks the key, `Pending` asks with the token.
    AskFiling { filing: u64 },
    /// Send [`crate::event::What::Woke`] for these numbers.
    Wake { numbers: Vec<E164> },
}

impl State {
    /// What is wanted for this number now.
    pub fn wants(&self, number: E164, now: Moment) -> Vec<Command> {
        let Some(record) = self.numbers.get(&number) else { return Vec::new() };
        let mut commands = Vec::new();
        for adapter in self.adapters.keys() {
            if self.check_due_at(number, adapter).is_some_and(|due| due <= now) {
                commands.push(Command::Check { adapter: adapter.clone(), numbers: vec![number] });
            }
        }
        for case in record.cases.iter().filter_map(|id| self.cases.get(id)) {
            if let Some(filing) = case.filing.and_then(|id| self.filings.get(&id)) {
                if ask_at(filing).is_some_and(|at| at <= now) {
                    commands.push(Command::AskFiling { filing: filing.id });
                }
            } else if self.dispute_at(record, case).is_some_and(|at| at <= now)
                && let Some(adapter) = self.disputer(case)
            {
                commands.push(Command::File {
                    filing: FilingPlan {
                        purpose: Purpose::Dispute { case: case.id },
                        adapter: adapter.id.clone(),
                        business: record.business.clone(),
                        numbers: vec![number],
                        key: dispute_key(case),
                    },
                });
            }
        }
        if self.life_due_at(record).is_some_and(|due| due <= now) {
            commands.push(Command::Wake { numbers: vec![number] });
        }
        commands
    }

    /// What is wanted for this business now: one registration for each registry, of every number it has not been told of.
    pub fn wants_for_business(&self, business: &str, now: Moment) -> Vec<Command> {
        let mut commands = Vec::new();
        for filing in self.registrations_of(business) {
            if ask_at(filing).is_some_and(|at| at <= now) {
                commands.push(Command::AskFiling { filing: filing.id });
            }
        }
        for adapter in self.adapters.values().filter(|adapter| adapter.registers) {
            let (key, from) = self.next_register(&adapter.id, business);
            if from > now {
                continue;
            }
            let numbers: Vec<E164> = self.unfiled(business, &adapter.id).take(FILING_NUMBERS_MAX).collect();
            if !numbers.is_empty() {
                let (adapter, business) = (adapter.id.clone(), business.to_owned());
                let filing = FilingPlan { purpose: Purpose::Register, adapter, business, numbers, key };
                commands.push(Command::File { filing });
            }
        }
        commands
    }

    /// When this adapter is to be asked about this number; none when it is not to be.
    ///
    /// An early sign has it asked at once, out of turn.
    pub fn check_due_at(&self, number: E164, adapter: &str) -> Option<Moment> {
        let number = self.numbers.get(&number)?;
        if !self.adapters.get(adapter)?.checks {
            return None;
        }
        let policy = self.policies.of_business(&number.business);
        let every = match number.life {
            Life::Quarantined | Life::AtRisk | Life::Remediating => policy.check_every_urgent,
            Life::Ready | Life::Active | Life::Resting => policy.check_every,
            Life::Retired => return None,
        };
        let Some(checked) = number.checked.iter().find(|checked| checked.adapter == adapter) else {
            return Some(Moment::ZERO);
        };
        if number.life == Life::AtRisk && checked.asked_at < number.life_since {
            return Some(number.life_since);
        }
        let every = if checked.failure.is_some() { every.min(policy.check_every_urgent) } else { every };
        Some(checked.asked_at.plus(every))
    }

    /// When to ask what is wanted for this number again, if nothing happens to it before; may lie in the past.
    /// Checks aside: [`State::check_due_at`] says when those are due, to whoever batches them.
    pub fn next_wake(&self, number: E164) -> Option<Moment> {
        let record = self.numbers.get(&number)?;
        let filings = record.cases.iter().filter_map(|id| self.filings.get(&self.cases.get(id)?.filing?));
        let disputes = record.cases.iter().filter_map(|id| self.dispute_at(record, self.cases.get(id)?));
        self.life_due_at(record).into_iter().chain(filings.filter_map(ask_at)).chain(disputes).min()
    }

    /// When to ask what is wanted for this business again; may lie in the past.
    pub fn next_wake_for_business(&self, business: &str) -> Option<Moment> {
        let files = self
            .adapters
            .values()
            .filter(|adapter| adapter.registers && self.unfiled(business, &adapter.id).next().is_some())
            .map(|adapter| self.next_register(&adapter.id, business).1);
        files.chain(self.registrations_of(business).filter_map(ask_at)).min()
    }

    /// When time alone changes something about this number's life or cases.
    fn life_due_at(&self, number: &Number) -> Option<Moment> {
        let policy = self.policies.of_business(&number.business);
        let own = match number.life {
            Life::Quarantined => {
                // The wait counts only when it is all that is lacking; the rest ends with an event of its own.
                match self.lacks(number, Moment::ZERO).as_slice() {
                    [] => Some(Moment::ZERO),
                    [Lack::Waiting { until }] => Some(*until),
                    _ => None,
                }
            }
            Life::AtRisk => Some(number.life_since.plus(policy.at_risk_for)),
            Life::Active => self.pause_due_at(number),
            Life::Resting => number.rest_until,
            Life::Ready | Life::Remediating | Life::Retired => None,
        };
        let rest = number.rest_until.filter(|_| !number.resting_on.is_empty());
        let cases = number.cases.iter().filter_map(|id| self.cases.get(id)).flat_map(|case| {
            let attempts_left = case.attempts < policy.dispute_attempts;
            let again = match case.state {
                CaseState::Submitted { .. } | CaseState::Verifying { .. } if attempts_left => Some(case.next_at),
                // With nobody to dispute it, a person is asked; with an adapter, a filing is wanted instead.
                CaseState::Open if case.task.is_none() && attempts_left && self.disputer(case).is_none() => {
                    Some(case.next_at)
                }
                CaseState::Open
                | CaseState::Submitting
                | CaseState::Submitted { .. }
                | CaseState::Verifying { .. }
                | CaseState::Closed { .. } => None,
            };
            again.into_iter().chain([case.opened_at.plus(policy.case_expires_after)])
        });
        own.into_iter().chain(rest).chain(cases).min()
    }

    /// When this case is to be disputed by an adapter.
    fn dispute_at(&self, number: &Number, case: &Case) -> Option<Moment> {
        let waits = case.state == CaseState::Open && case.task.is_none() && case.filing.is_none();
        let attempts_left = case.attempts < self.policies.of_business(&number.business).dispute_attempts;
        (waits && attempts_left && number.is_proven() && self.disputer(case).is_some()).then_some(case.next_at)
    }

    fn unfiled<'a>(&'a self, business: &str, adapter: &'a str) -> impl Iterator<Item = E164> + use<'a> {
        self.index
            .unfiled
            .get(business)
            .into_iter()
            .flatten()
            .filter_map(|e164| self.numbers.get(e164))
            .filter(move |number| !number.registrations.iter().any(|r| r.adapter == adapter))
            .map(|number| number.e164)
    }

    fn registrations_of<'a>(&'a self, business: &'a str) -> impl Iterator<Item = &'a Filing> + use<'a> {
        self.open_filings().filter(move |filing| filing.purpose == Purpose::Register && filing.business.id == business)
    }
}

/// When the performer goes on with this filing; none while it waits for somebody else.
fn ask_at(filing: &Filing) -> Option<Moment> {
    match &filing.state {
        FilingState::Again { at, .. } => Some(*at),
        FilingState::Unsure { track_at } => Some(*track_at),
        FilingState::Pending { ask_again_at, .. } => Some(*ask_again_at),
        FilingState::Sending
        | FilingState::WithPerson { .. }
        | FilingState::Filed { .. }
        | FilingState::Unsupported { .. }
        | FilingState::Rejected { .. }
        | FilingState::Withdrawn { .. } => None,
    }
}
