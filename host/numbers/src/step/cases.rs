//! Cases: opened for each agency that flags a number, and closed by what its sources say since.

use super::change::Change;
use super::{Refusal, tasks};
use crate::carrier::Carriers;
use crate::case::{Case, CaseState, Closure, FilingState};
use crate::e164::E164;
use crate::number::{Number, Standing};
use crate::standing::{AgencyId, Status};
use std::collections::BTreeSet;

/// Opens a case for each agency that flags this number and has none.
pub(super) fn open_missing(change: &mut Change<'_>, e164: E164) -> Result<(), Refusal> {
    let number = change.number(e164)?.clone();
    let mut served: BTreeSet<AgencyId> = BTreeSet::new();
    for id in &number.cases {
        served.insert(change.case(*id)?.agency.clone());
    }
    for standing in number.standings.iter().filter(|standing| standing.status.excludes()) {
        if served.insert(standing.agency.clone()) {
            open(change, e164, standing)?;
        }
    }
    Ok(())
}

fn open(change: &mut Change<'_>, e164: E164, standing: &Standing) -> Result<(), Refusal> {
    let id = change.id();
    change.put_case(Case {
        id,
        number: e164,
        agency: standing.agency.clone(),
        opened_at: change.now,
        state: CaseState::Open,
        status: standing.status,
        label: standing.label.clone(),
        carrier: standing.carrier,
        attempts: 0,
        unsupported_by: BTreeSet::new(),
        refusals: 0,
        next_at: change.now,
        filing: None,
        task: None,
        note: None,
    });
    change.edit_number(e164, |number| number.cases.push(id))
}

/// Whether an agency has said no for the last time.
pub(super) fn refused_too_often(change: &Change<'_>, number: &Number) -> bool {
    let max = change.state.policies.of_business(&number.business).dispute_attempts;
    number.cases.iter().filter_map(|id| change.state.cases.get(id)).any(|case| case.refusals >= max)
}

/// Moves each open case of this number as far as what is known allows.
pub(super) fn advance(change: &mut Change<'_>, e164: E164) -> Result<(), Refusal> {
    let now = change.now;
    let number = change.number(e164)?.clone();
    // Only a flag that came with this event opens a case beside those there are: an older one has had its own.
    if number.standings.iter().any(|standing| standing.status.excludes() && standing.since == now) {
        open_missing(change, e164)?;
    }
    for id in change.number(e164)?.cases.clone() {
        let case = change.case(id)?.clone();
        let policy = change.state.policies.of_business(&number.business);
        let expires = case.opened_at.plus(policy.case_expires_after);
        let attempts_left = case.attempts < policy.dispute_attempts;
        if is_verified_clean(&number, &case) {
            close(change, id, Closure::Cleared)?;
        } else if now >= expires {
            close(change, id, Closure::Expired)?;
        } else {
            match case.state {
                CaseState::Open if case.task.is_none() && case.next_at <= now && attempts_left => {
                    if change.state.disputer(&case).is_none() {
                        tasks::ask_person(change, id, "no adapter in force disputes there")?;
                    }
                }
                CaseState::Submitted { .. } | CaseState::Verifying { .. } if case.next_at <= now && attempts_left => {
                    change.edit_case(id, |case| case.state = CaseState::Open)?;
                    if change.state.disputer(&case).is_none() {
                        tasks::ask_person(change, id, "no adapter in force disputes there")?;
                    }
                }
                CaseState::Open
                | CaseState::Submitting
                | CaseState::Submitted { .. }
                | CaseState::Verifying { .. }
                | CaseState::Closed { .. } => {}
            }
        }
    }
    Ok(())
}

/// Ends a case, and with it what is still under way for it.
pub(super) fn close(change: &mut Change<'_>, id: u64, how: Closure) -> Result<(), Refusal> {
    let at = change.now;
    let case = change.case(id)?.clone();
    if let Some(task) = case.task {
        tasks::withdraw(change, task, "the case is closed")?;
    }
    if let Some(filing) = case.filing
        && !change.filing(filing)?.state.is_over()
    {
        change.edit_filing(filing, |filing| filing.state = FilingState::Withdrawn { at })?;
    }
    change.edit_case(id, |case| {
        case.state = CaseState::Closed { how, at };
        case.task = None;
        case.filing = None;
    })?;
    // Where a label was, engines still look closely; whether that is a rest on some carriers or of all is for the life to say.
    let concerned = match how {
        Closure::Cleared => case.concerns(),
        Closure::Refused | Closure::Expired => Carriers::NONE,
    };
    change.edit_number(case.number, |number| {
        number.cases.retain(|open| *open != id);
        number.resting_on = number.resting_on.union(concerned);
    })
}

/// Whether the agency has said since the case was opened that the number is fine, and says nothing else anywhere.
fn is_verified_clean(number: &Number, case: &Case) -> bool {
    let mut said_so = false;
    for standing in number.standings.iter().filter(|standing| standing.agency == case.agency) {
        match standing.status {
            Status::Unflagged | Status::MixedLow => said_so |= standing.since >= case.opened_at,
            Status::Unknown => {}
            Status::MixedHigh | Status::Flagged | Status::Blocked => return false,
        }
    }
    said_so
}
