//! Filings and tasks: an intent is recorded first, and every ending is recorded once.

use super::change::Change;
use super::{AGAIN_AFTER, Refusal, TASK_DUE, bounded, settle, tasks};
use crate::carrier::Carrier;
use crate::case::{Case, CaseState, Filing, FilingState, Purpose, Task, TaskKind, TaskState};
use crate::e164::E164;
use crate::event::{FILING_NUMBERS_MAX, FilingOutcome, FilingPlan};
use crate::moment::Moment;
use crate::number::{Registration, RegistrationState};
use crate::state::{AdapterFacts, Effects, State};
use core::time::Duration;

impl State {
    /// The adapters that dispute at this agency for a label seen on this carrier, the best first: what needs no person,
    /// then what concerns this carrier alone, then the agency's own adapter, then by name.
    pub fn disputers(&self, agency: &str, carrier: Option<Carrier>) -> Vec<&AdapterFacts> {
        let concerned = |adapter: &AdapterFacts| {
            adapter.disputes_for.is_empty() || carrier.is_some_and(|carrier| adapter.disputes_for.contains(carrier))
        };
        let mut found: Vec<&AdapterFacts> = self
            .adapters
            .values()
            .filter(|adapter| adapter.disputes.iter().any(|disputed| disputed == agency) && concerned(adapter))
            .collect();
        found.sort_by_key(|adapter| {
            (!adapter.disputes_by_machine, adapter.disputes_for.is_empty(), adapter.id != agency, &adapter.id)
        });
        found
    }

    /// The adapter that makes the next dispute of this case: one that can, and after a refusal another one if there is.
    pub fn disputer(&self, case: &Case) -> Option<&AdapterFacts> {
        let mut able = self.disputers(&case.agency, case.carrier);
        able.retain(|adapter| !case.unsupported_by.contains(&adapter.id));
        let next = (case.refusals as usize).checked_rem(able.len())?;
        Some(able[next])
    }

    /// What may be done when nobody knows whether this filing arrived.
    pub fn effects_of(&self, filing: &Filing) -> Effects {
        match (self.adapters.get(&filing.adapter), filing.purpose) {
            (Some(adapter), Purpose::Register) => adapter.register_effects,
            (Some(adapter), Purpose::Dispute { .. }) => adapter.dispute_effects,
            // Nobody is left who could be asked.
            (None, _) => Effects::Manual,
        }
    }

    /// The key of the next registration of this business with this adapter, and the moment before which none is made.
    pub(crate) fn next_register(&self, adapter: &str, business: &str) -> (String, Moment) {
        let filings = self.index.registers.get(&(adapter.to_owned(), business.to_owned()));
        let count = filings.map_or(0, Vec::len);
        let last = filings.and_then(|filings| filings.last()).and_then(|id| self.filings.get(id));
        let from =
            last.map_or(Moment::ZERO, |last| last.intended_at.plus(self.policies.of_business(business).file_every));
        (format!("register-{adapter}-{business}-{}", count + 1), from)
    }
}

pub(super) fn intended(change: &mut Change<'_>, plan: &FilingPlan) -> Result<(), Refusal> {
    bounded("numbers", plan.numbers.len(), FILING_NUMBERS_MAX)?;
    let now = change.now;
    let stale = |reason| Err(Refusal::StaleFiling { key: plan.key.clone(), reason });
    let Some(business) = change.state.businesses.get(&plan.business).cloned() else {
        return Err(Refusal::UnknownBusiness(plan.business.clone()));
    };
    let Some(adapter) = change.state.adapters.get(&plan.adapter).cloned() else {
        return Err(Refusal::UnknownAdapter(plan.adapter.clone()));
    };
    if plan.numbers.is_empty() {
        return stale("it names no number");
    }
    for e164 in &plan.numbers {
        let number = change.number(*e164)?;
        if number.business != plan.business {
            return Err(Refusal::NumberOfOther { number: *e164, business: number.business.clone() });
        }
        if !number.is_proven() {
            return Err(Refusal::Unproven(*e164));
        }
    }
    let id = change.id();
    match plan.purpose {
        Purpose::Register => {
            let (key, from) = change.state.next_register(&plan.adapter, &plan.business);
            if !adapter.registers {
                return stale("the adapter takes no registrations");
            }
            if key != plan.key {
                return stale("another was made in the meantime");
            }
            if from > now {
                return stale("the last one of this business was too short a time ago");
            }
            for e164 in &plan.numbers {
                let number = change.number(*e164)?;
                if !number.is_fileable() || number.registrations.iter().any(|r| r.adapter == plan.adapter) {
                    return stale("one of its numbers is filed already or retired");
                }
                change.edit_number(*e164, |number| {
                    number.registrations.push(Registration {
                        adapter: plan.adapter.clone(),
                        filing: Some(id),
                        state: RegistrationState::Filing,
                    });
                })?;
            }
        }
        Purpose::Dispute { case: case_id } => {
            let case = change.case(case_id)?;
            if case.state != CaseState::Open || case.task.is_some() {
                return stale("the case does not wait for a dispute");
            }
            if case.next_at > now || case.attempts >= change.state.policies.of_business(&plan.business).dispute_attempts
            {
                return stale("the case has been disputed often enough for now");
            }
            if plan.numbers != [case.number] || plan.key != dispute_key(case) {
                return stale("it does not fit its case");
            }
            if !adapter.disputes.contains(&case.agency) {
                return stale("the adapter does not dispute at this agency");
            }
            change.edit_case(case_id, |case| {
                case.attempts += 1;
                case.filing = Some(id);
                case.state = CaseState::Submitting;
            })?;
        }
    }
    change.put_filing(Filing {
        id,
        key: plan.key.clone(),
        purpose: plan.purpose,
        adapter: plan.adapter.clone(),
        numbers: plan.numbers.clone(),
        business,
        intended_at: now,
        state: FilingState::Sending,
    });
    Ok(())
}

/// The key of a case's next dispute.
pub(crate) fn dispute_key(case: &Case) -> String {
    format!("case-{}-{}", case.id, case.begun() + 1)
}

/// A filing that certainly had no effect goes out again.
pub(super) fn resent(change: &mut Change<'_>, id: u64) -> Result<(), Refusal> {
    match change.filing(id)?.state {
        FilingState::Again { .. } => change.edit_filing(id, |filing| filing.state = FilingState::Sending),
        FilingState::Sending
        | FilingState::Unsure { .. }
        | FilingState::Pending { .. }
        | FilingState::WithPerson { .. }
        | FilingState::Filed { .. }
        | FilingState::Unsupported { .. }
        | FilingState::Rejected { .. }
        | FilingState::Withdrawn { .. } => {
            let key = change.filing(id)?.key.clone();
            Err(Refusal::StaleFiling { key, reason: "it is not known to have had no effect" })
        }
    }
}

pub(super) fn answered(change: &mut Change<'_>, id: u64, answer: &FilingOutcome) -> Result<(), Refusal> {
    let now = change.now;
    let filing = change.filing(id)?.clone();
    match (&filing.state, answer) {
        // The case closed while the request was out. That it arrived is worth knowing; the rest has no use any more.
        (FilingState::Withdrawn { .. }, FilingOutcome::Filed { reference, refused: _ }) => {
            let reference = reference.clone();
            return change.edit_filing(id, |filing| filing.state = FilingState::Filed { at: now, reference });
        }
        (FilingState::Withdrawn { .. }, _) => return Ok(()),
        (state, _) if state.is_over() => return Err(Refusal::FilingOver(id)),
        // The answer takes the place of what the person was asked to do, who must not do it as well.
        (FilingState::WithPerson { task }, _) => {
            tasks::withdraw(change, *task, "the agency answered in the meantime")?;
            if let Purpose::Dispute { case } = filing.purpose {
                change.edit_case(case, |case| case.task = None)?;
            }
        }
        (_, _) => {}
    }
    match answer {
        FilingOutcome::Filed { reference, refused } => filed(change, &filing, reference.clone(), refused),
        FilingOutcome::Pending { token, ask_again_at } => {
            let (token, ask_again_at) = (token.clone(), *ask_again_at);
            change.edit_filing(id, |filing| filing.state = FilingState::Pending { token, ask_again_at })
        }
        FilingOutcome::NeedsPerson { packet_blob, title, due_at } => with_person(
            change,
            &filing,
            TaskKind::File { filing: id },
            title.clone(),
            Some(packet_blob.clone()),
            *due_at,
        ),
        FilingOutcome::Unsupported { reason } => {
            change.edit_filing(id, |filing| filing.state = FilingState::Unsupported { reason: reason.clone() })?;
            match filing.purpose {
                Purpose::Register => {
                    registered(change, &filing, |_| RegistrationState::Unsupported { reason: reason.clone() })
                }
                Purpose::Dispute { case } => {
                    change.edit_case(case, |case| {
                        case.filing = None;
                        case.note = Some(reason.clone());
                        if case.unsupported_by.insert(filing.adapter.clone()) {
                            case.attempts = case.attempts.saturating_sub(1);
                        }
                    })?;
                    if change.state.disputer(change.case(case)?).is_none() {
                        return tasks::ask_person(change, case, reason);
                    }
                    let now = change.now;
                    change.edit_case(case, |case| {
                        case.state = CaseState::Open;
                        case.next_at = now;
                    })
                }
            }
        }
        FilingOutcome::Rejected { reason } => rejected(change, &filing, reason),
        FilingOutcome::Failed { reason, retry_at } => {
            let (at, reason) = (*retry_at, reason.clone());
            change.edit_filing(id, |filing| filing.state = FilingState::Again { at, reason })
        }
        FilingOutcome::Lost { reason } => lost(change, &filing, reason, AGAIN_AFTER),
        FilingOutcome::Absent => {
            let reason = "the agency does not have it".to_owned();
            change.edit_filing(id, |filing| filing.state = FilingState::Again { at: now, reason })
        }
    }
}

/// After a start nobody knows which requests were out.
pub(super) fn restarted(change: &mut Change<'_>) -> Result<(), Refusal> {
    let sending: Vec<Filing> =
        change.state.open_filings().filter(|filing| filing.state == FilingState::Sending).cloned().collect();
    for filing in sending {
        lost(change, &filing, "we stopped while it was on its way", Duration::ZERO)?;
    }
    Ok(())
}

pub(super) fn task_done(change: &mut Change<'_>, id: u64, by: &str, note: Option<&str>) -> Result<(), Refusal> {
    let now = change.now;
    let task = tasks::open(change, id)?;
    change.put_task(Task {
        state: TaskState::Done { by: by.to_owned(), at: now, note: note.map(str::to_owned) },
        ..task.clone()
    });
    match task.kind {
        TaskKind::File { filing } | TaskKind::FindOut { filing } => {
            let filing = change.filing(filing)?.clone();
            filed(change, &filing, note.map(str::to_owned), &[])
        }
        TaskKind::Dispute { case } => {
            change.edit_case(case, |case| case.attempts += 1)?;
            submitted(change, case)
        }
    }
}

pub(super) fn task_withdrawn(change: &mut Change<'_>, id: u64, by: &str, reason: &str) -> Result<(), Refusal> {
    let now = change.now;
    let task = tasks::open(change, id)?;
    tasks::withdraw(change, id, &format!("{by}: {reason}"))?;
    match task.kind {
        TaskKind::File { filing } | TaskKind::FindOut { filing } => {
            let filing = change.filing(filing)?.clone();
            change.edit_filing(filing.id, |filing| filing.state = FilingState::Withdrawn { at: now })?;
            match filing.purpose {
                Purpose::Register => {
                    registered(change, &filing, |_| RegistrationState::Refused { reason: reason.to_owned(), at: now })
                }
                Purpose::Dispute { case } => reopen(change, case, reason),
            }
        }
        TaskKind::Dispute { case } => reopen(change, case, reason),
    }
}

fn filed(
    change: &mut Change<'_>,
    filing: &Filing,
    reference: Option<String>,
    refused: &[(String, Vec<E164>)],
) -> Result<(), Refusal> {
    let at = change.now;
    change.edit_filing(filing.id, |filing| filing.state = FilingState::Filed { at, reference })?;
    match filing.purpose {
        Purpose::Register => registered(change, filing, |e164| {
            let refusal = refused.iter().find(|(_, numbers)| numbers.contains(&e164));
            match refusal {
                Some((reason, _)) => RegistrationState::Refused { reason: reason.clone(), at },
                None => RegistrationState::Filed { at },
            }
        }),
        Purpose::Dispute { case } => submitted(change, case),
    }
}

fn rejected(change: &mut Change<'_>, filing: &Filing, reason: &str) -> Result<(), Refusal> {
    let at = change.now;
    match filing.purpose {
        Purpose::Register => {
            registered(change, filing, |_| RegistrationState::Refused { reason: reason.to_owned(), at })?;
            // Registrations are refused for what they say, which a person can put right; waiting would not.
            let title = format!("Put right and file by hand at {}: {reason}", filing.adapter);
            let due_at = at.plus(TASK_DUE);
            with_person(change, filing, TaskKind::File { filing: filing.id }, title, None, due_at)
        }
        Purpose::Dispute { case } => {
            change.edit_filing(filing.id, |filing| {
                filing.state = FilingState::Rejected { reason: reason.to_owned(), at };
            })?;
            change.edit_case(case, |case| case.refusals += 1)?;
            reopen(change, case, reason)
        }
    }
}

/// Nobody knows whether it arrived; the adapter's declaration for the function says what may be done, after the pause.
fn lost(change: &mut Change<'_>, filing: &Filing, reason: &str, pause: Duration) -> Result<(), Refusal> {
    let now = change.now;
    match change.state.effects_of(filing) {
        Effects::Idempotent => change.edit_filing(filing.id, |filing| {
            filing.state = FilingState::Again { at: now.plus(pause), reason: reason.to_owned() };
        }),
        Effects::Queryable { settle } => change.edit_filing(filing.id, |filing| {
            filing.state = FilingState::Unsure { track_at: now.plus(settle.max(pause)) };
        }),
        Effects::Manual => {
            let title = format!(
                "Find out whether {} has `{}`, and file it by hand if not: {reason}",
                filing.adapter, filing.key
            );
            let due_at = now.plus(TASK_DUE);
            with_person(change, filing, TaskKind::FindOut { filing: filing.id }, title, None, due_at)
        }
    }
}

fn with_person(
    change: &mut Change<'_>,
    filing: &Filing,
    kind: TaskKind,
    title: String,
    packet: Option<String>,
    due_at: Moment,
) -> Result<(), Refusal> {
    let task = change.id();
    change.put_task(Task {
        id: task,
        business: filing.business.id.clone(),
        kind,
        title,
        packet,
        opened_at: change.now,
        due_at,
        state: TaskState::Open,
    });
    change.edit_filing(filing.id, |filing| filing.state = FilingState::WithPerson { task })?;
    match filing.purpose {
        Purpose::Register => Ok(()),
        Purpose::Dispute { case } => change.edit_case(case, |case| case.task = Some(task)),
    }
}

/// Writes what became of a registration to each of its numbers.
fn registered(
    change: &mut Change<'_>,
    filing: &Filing,
    state: impl Fn(E164) -> RegistrationState,
) -> Result<(), Refusal> {
    for e164 in &filing.numbers {
        change.edit_number(*e164, |number| {
            if let Some(registration) = number.registrations.iter_mut().find(|r| r.filing == Some(filing.id)) {
                registration.state = state(*e164);
            }
        })?;
        settle::settle(change, *e164)?;
    }
    Ok(())
}

fn submitted(change: &mut Change<'_>, case: u64) -> Result<(), Refusal> {
    let at = change.now;
    let next_at = at.plus(change.policy_of_case(case)?.dispute_every);
    change.edit_case(case, |case| {
        case.state = CaseState::Submitted { at };
        case.next_at = next_at;
        case.filing = None;
        case.task = None;
        case.note = None;
    })?;
    let number = change.case(case)?.number;
    settle::settle(change, number)
}

/// The dispute came to nothing; another may follow after the pause.
fn reopen(change: &mut Change<'_>, case: u64, reason: &str) -> Result<(), Refusal> {
    let next_at = change.now.plus(change.policy_of_case(case)?.dispute_every);
    change.edit_case(case, |case| {
        case.state = CaseState::Open;
        case.next_at = next_at;
        case.filing = None;
        case.task = None;
        case.note = Some(reason.to_owned());
    })?;
    let number = change.case(case)?.number;
    settle::settle(change, number)
}
