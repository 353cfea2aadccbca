//! What sources say, and the standings we therefore hold.
//!
//! Silence says nothing: neither a failed look-up nor an empty answer takes a flag away.

use super::change::Change;
use super::{Refusal, bounded, settle};
use crate::carrier::{Carrier, Carriers};
use crate::case::CaseState;
use crate::e164::E164;
use crate::event::{NUMBERS_MAX, OBSERVATIONS_MAX};
use crate::life::LifeChange;
use crate::number::{Checked, Life, Number, Source, Standing};
use crate::standing::{AgencyId, Observation, Status};
use std::collections::BTreeSet;

/// The agency of a report that names neither an engine's carrier nor a label that tells; it concerns every carrier.
pub const UNATTRIBUTED: &str = "unattributed";
/// The name under which the warnings of our own calls are held.
pub const OWN_CALLS: &str = "own_calls";

/// The agency whose label a person saw: the engine of the carrier it was seen on, else the one that uses such words.
///
/// First Orion, Hiya and TNS use these words on T-Mobile, AT&T and Verizon handsets.
pub fn agency_of_report(carrier: Option<Carrier>, label: Option<&str>) -> AgencyId {
    let words = label.unwrap_or_default().to_ascii_lowercase();
    let agency = match carrier.and_then(Carrier::engine) {
        Some(engine) => engine,
        None if words.contains("scam likely") => "first_orion",
        None if words.contains("spam risk") || words.contains("fraud risk") => "hiya",
        None if words.contains("potential spam") => "tns",
        None => UNATTRIBUTED,
    };
    agency.to_owned()
}

pub(super) fn observed(
    change: &mut Change<'_>,
    source: &Source,
    adapter: Option<&str>,
    asked: &[E164],
    observations: &[Observation],
) -> Result<(), Refusal> {
    bounded("numbers", asked.len(), NUMBERS_MAX)?;
    bounded("observations", observations.len(), OBSERVATIONS_MAX)?;
    let mut touched: BTreeSet<E164> = BTreeSet::new();
    for observation in observations {
        match source {
            // A person names one number, and wants to know that it is not ours.
            Source::Person(_) => {
                change.number(observation.number)?;
            }
            // A data set may speak of numbers that are not ours, or no longer.
            Source::Adapter(_) | Source::Outcomes => {
                if change.number(observation.number).is_err() {
                    continue;
                }
            }
        }
        hear(change, source, observation)?;
        touched.insert(observation.number);
    }
    if let Some(adapter) = adapter {
        let now = change.now;
        for e164 in asked.iter().copied().filter(|e164| change.state.numbers.contains_key(e164)).collect::<Vec<_>>() {
            change.edit_number(e164, |number| {
                let checked = checked_by(number, adapter, now);
                checked.asked_at = now;
                checked.answered_at = Some(now);
                checked.failure = None;
                if !observations.iter().any(|observation| observation.number == e164) {
                    forget(number, adapter, now);
                }
            })?;
            touched.insert(e164);
        }
    }
    for e164 in touched {
        settle::settle(change, e164)?;
    }
    Ok(())
}

pub(super) fn check_failed(
    change: &mut Change<'_>,
    adapter: &str,
    asked: &[E164],
    failure: &str,
) -> Result<(), Refusal> {
    bounded("numbers", asked.len(), NUMBERS_MAX)?;
    let now = change.now;
    for e164 in asked.iter().copied().filter(|e164| change.state.numbers.contains_key(e164)).collect::<Vec<_>>() {
        change.edit_number(e164, |number| {
            let checked = checked_by(number, adapter, now);
            checked.asked_at = now;
            checked.failure = Some(failure.to_owned());
        })?;
        settle::settle(change, e164)?;
    }
    Ok(())
}

/// An early sign lowers the number on these carriers and has it checked at once; it is confirmed or ends by itself.
pub(super) fn warned(change: &mut Change<'_>, e164: E164, carriers: Carriers) -> Result<(), Refusal> {
    let now = change.now;
    let number = change.number(e164)?;
    let place = number.place.clone();
    match number.life {
        Life::Active => change.live(e164, LifeChange::Warned, place)?,
        Life::AtRisk => {}
        // It is not shown, or is being seen to already.
        Life::Quarantined | Life::Ready | Life::Remediating | Life::Resting | Life::Retired => return Ok(()),
    }
    change.edit_number(e164, |number| {
        for carrier in carriers.iter() {
            let held = number.standings.iter().any(|s| s.agency == OWN_CALLS && s.carrier == Some(carrier));
            if !held {
                number.standings.push(Standing {
                    agency: OWN_CALLS.to_owned(),
                    carrier: Some(carrier),
                    status: Status::MixedHigh,
                    label: None,
                    score: None,
                    source: Source::Outcomes,
                    observed_at: now,
                    since: now,
                });
            }
        }
    })?;
    settle::settle(change, e164)
}

/// Turns one observation into a standing.
fn hear(change: &mut Change<'_>, source: &Source, observation: &Observation) -> Result<(), Refusal> {
    let now = change.now;
    let agency = match source {
        Source::Person(_) if observation.agency.is_empty() => {
            agency_of_report(observation.carrier, observation.label.as_deref())
        }
        Source::Person(_) | Source::Adapter(_) | Source::Outcomes => observation.agency.clone(),
    };
    let heard = Standing {
        agency: agency.clone(),
        carrier: observation.carrier,
        status: observation.status,
        label: observation.label.clone(),
        score: observation.score,
        source: source.clone(),
        // A source whose clock runs ahead must not outrank what is said later.
        observed_at: observation.observed_at.min(now),
        since: now,
    };
    let concerns = heard.concerns();
    change.edit_number(observation.number, |number| {
        let mut is_held = false;
        for held in number.standings.iter_mut().filter(|held| held.agency == agency) {
            let same = held.carrier == heard.carrier;
            // The whole clears its parts: "unflagged at Hiya" covers "flagged at Hiya on AT&T".
            let covered = held.concerns().union(concerns) == concerns;
            let clears = matches!(heard.status, Status::Unflagged | Status::MixedLow);
            is_held |= same;
            if heard.observed_at < held.observed_at || !(same || covered && clears && held.status.excludes()) {
                continue;
            }
            if heard.status == Status::Unknown && held.status.excludes() {
                continue;
            }
            let since = if held.status == heard.status { held.since } else { now };
            let carrier = held.carrier;
            *held = Standing { since, carrier, ..heard.clone() };
        }
        if !is_held {
            number.standings.push(heard);
            number.standings.sort_by(|a, b| (&a.agency, a.carrier).cmp(&(&b.agency, b.carrier)));
        }
    })?;
    // Somebody looked, so a case that was only submitted is being verified.
    for id in change.number(observation.number)?.cases.clone() {
        let case = change.case(id)?;
        if let CaseState::Submitted { .. } = case.state
            && case.agency == agency
            && observation.status != Status::Unknown
        {
            change.edit_case(id, |case| case.state = CaseState::Verifying { since: now })?;
        }
    }
    Ok(())
}

/// The adapter answered and had nothing to say: what it said before is no longer known, except a flag.
fn forget(number: &mut Number, adapter: &str, now: crate::moment::Moment) {
    for standing in &mut number.standings {
        let said_by_it = matches!(&standing.source, Source::Adapter(id) if id == adapter);
        if said_by_it && !standing.status.excludes() && standing.status != Status::Unknown {
            standing.status = Status::Unknown;
            standing.since = now;
            standing.observed_at = now;
        }
    }
}

fn checked_by<'a>(number: &'a mut Number, adapter: &str, now: crate::moment::Moment) -> &'a mut Checked {
    let at = number.checked.iter().position(|checked| checked.adapter == adapter).unwrap_or_else(|| {
        number.checked.push(Checked { adapter: adapter.to_owned(), answered_at: None, asked_at: now, failure: None });
        number.checked.len() - 1
    });
    &mut number.checked[at]
}
