//! What becomes of a number now: the one place where its life branches.
//!
//! Runs at the end of every event that touches a number, and when time has passed for it.
//! The steps below compute; only [`settle`] decides.

use super::change::Change;
use super::{Refusal, cases, pools};
use crate::carrier::Carriers;
use crate::case::Closure;
use crate::e164::E164;
use crate::life::LifeChange;
use crate::moment::Moment;
use crate::number::{Life, Number, Origin, Place, RegistrationState, Source, Standing};
use crate::state::State;
use serde::{Deserialize, Serialize};

/// What a quarantined number still lacks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Lack {
    /// Nobody has shown that the business may use it.
    Right,
    /// This adapter has not been asked about it.
    Screening { adapter: String },
    /// This required registry does not have it.
    Filing { adapter: String },
    /// It waits, so that registries and engines can take note of it.
    Waiting { until: Moment },
}

impl State {
    /// What a number lacks before it may be shown for the first time; nothing when it may.
    ///
    /// A source that only fails does not block for ever: it must have been asked.
    pub fn lacks(&self, number: &Number, now: Moment) -> Vec<Lack> {
        let mut lacks = Vec::new();
        if !number.is_proven() {
            lacks.push(Lack::Right);
        }
        if let Origin::Adopted { .. } = number.origin {
            return lacks;
        }
        let mut waits_since = number.life_since;
        for adapter in self.adapters.values() {
            if adapter.checks && !number.checked.iter().any(|checked| checked.adapter == adapter.id) {
                lacks.push(Lack::Screening { adapter: adapter.id.clone() });
            }
            if adapter.registers && adapter.register_required {
                match number.registrations.iter().find(|r| r.adapter == adapter.id).map(|r| &r.state) {
                    Some(RegistrationState::Filed { at }) => waits_since = waits_since.max(*at),
                    Some(RegistrationState::Unsupported { .. }) => {}
                    Some(RegistrationState::Filing | RegistrationState::Refused { .. }) | None => {
                        lacks.push(Lack::Filing { adapter: adapter.id.clone() });
                    }
                }
            }
        }
        let until = waits_since.plus(self.policies.of_business(&number.business).new_number_wait);
        if until > now {
            lacks.push(Lack::Waiting { until });
        }
        lacks
    }
}

/// Takes every step that is due for this number, until none is.
pub(super) fn settle(change: &mut Change<'_>, e164: E164) -> Result<(), Refusal> {
    // No number takes more steps at once than there are states; the bound turns a mistake here into a pause, not a hang.
    for _ in 0..STEPS_MAX {
        if !step(change, e164)? {
            break;
        }
    }
    Ok(())
}

const STEPS_MAX: usize = 8;

/// Takes one step that is due; says whether there was one.
fn step(change: &mut Change<'_>, e164: E164) -> Result<bool, Refusal> {
    let now = change.now;
    let number = change.number(e164)?.clone();
    let since = now.since(number.life_since);
    if !number.resting_on.is_empty() && number.rest_until.is_some_and(|until| until <= now) {
        change.edit_number(e164, |number| {
            number.resting_on = Carriers::NONE;
            number.rest_until = None;
        })?;
        return Ok(true);
    }
    let excluded = number.excluded_on();
    let flagged = !number.flagged_on().is_empty();
    let policy = change.state.policies.of_business(&number.business);
    let (at_risk_for, rest_for) = (policy.at_risk_for, policy.rest_for);
    let leaves = excluded.share_permille() > policy.leave_pool_permille || !number.is_proven();
    let shown = match number.place {
        Place::Pool(_) | Place::Bench => true,
        Place::Aside | Place::Reserve => false,
    };
    match number.life {
        Life::Quarantined if flagged => remediate(change, &number)?,
        Life::Quarantined if change.state.lacks(&number, now).is_empty() => {
            change.live(e164, LifeChange::Admitted, Place::Reserve)?;
        }
        Life::Quarantined => return Ok(false),

        Life::Ready | Life::Active | Life::AtRisk if !number.is_proven() => withhold(change, &number)?,
        Life::Ready | Life::Active | Life::AtRisk if flagged => remediate(change, &number)?,
        Life::Ready => {
            pools::offer(change, e164)?;
            return Ok(change.number(e164)?.life != Life::Ready);
        }
        Life::Active if change.state.pause_due_at(&number).is_some_and(|due| due <= now) => pools::pause(change, e164)?,
        Life::Active => return Ok(false),
        Life::AtRisk if since >= at_risk_for => {
            change.live(e164, LifeChange::Calmed, number.place.clone())?;
            drop_warnings(change, e164)?;
        }
        Life::AtRisk => return Ok(false),

        Life::Remediating if shown && leaves => pools::leave(change, e164)?,
        Life::Remediating => {
            if cases::refused_too_often(change, &number) {
                retire(change, e164)?;
                return Ok(true);
            }
            cases::advance(change, e164)?;
            if !change.number(e164)?.cases.is_empty() {
                return Ok(false);
            }
            // One that stayed for the carriers that it was good on goes on serving these, and rests on the others.
            let number = change.number(e164)?.clone();
            let stays = shown && pools::may_rest_in_place(change, &number);
            if shown && !stays {
                pools::leave(change, e164)?;
            }
            let place = change.number(e164)?.place.clone();
            let rest_until = now.plus(rest_for);
            change.live(e164, if stays { LifeChange::Resumed } else { LifeChange::Cleared }, place)?;
            change.edit_number(e164, |number| {
                number.rest_until = Some(rest_until);
                if !stays {
                    number.resting_on = Carriers::NONE;
                }
            })?;
        }

        Life::Resting if shown && !number.is_proven() => pools::leave(change, e164)?,
        // An expired case leaves its flag behind, so only a flag that came since then ends the rest early.
        Life::Resting if number.standings.iter().any(|s| s.status.excludes() && s.since > number.life_since) => {
            remediate(change, &number)?;
        }
        Life::Resting if number.rest_until.is_some_and(|until| until > now) => return Ok(false),
        Life::Resting if flagged => remediate(change, &number)?,
        Life::Resting if !number.is_proven() => withhold(change, &number)?,
        Life::Resting if number.first_shown.is_none() && !change.state.lacks(&number, now).is_empty() => {
            withhold(change, &number)?;
        }
        Life::Resting => pools::take_back(change, e164)?,

        Life::Retired => return Ok(false),
    }
    Ok(true)
}

/// Flagged: cases are opened, and a number that nobody shows is set aside.
/// One in a pool stays for the carriers it is good on; whether it leaves is the next step's question.
fn remediate(change: &mut Change<'_>, number: &Number) -> Result<(), Refusal> {
    let place = match number.place {
        Place::Pool(_) | Place::Bench => number.place.clone(),
        Place::Aside | Place::Reserve => Place::Aside,
    };
    change.live(number.e164, LifeChange::Flagged, place)?;
    change.edit_number(number.e164, |number| {
        // A rest of all its calls ends here; on some carriers it goes on beside the new case.
        number.rest_until = number.rest_until.filter(|_| !number.resting_on.is_empty());
    })?;
    drop_warnings(change, number.e164)?;
    cases::open_missing(change, number.e164)
}

/// Not to be shown until it has what it lacks.
fn withhold(change: &mut Change<'_>, number: &Number) -> Result<(), Refusal> {
    match number.place {
        Place::Pool(_) | Place::Bench => pools::leave(change, number.e164)?,
        Place::Aside | Place::Reserve => {}
    }
    change.live(number.e164, LifeChange::Withheld, Place::Aside)?;
    change.edit_number(number.e164, |number| {
        number.resting_on = Carriers::NONE;
        number.rest_until = None;
    })?;
    drop_warnings(change, number.e164)
}

/// Out for good; its place in the pool is filled, and what is under way for it ends.
pub(super) fn retire(change: &mut Change<'_>, e164: E164) -> Result<(), Refusal> {
    let number = change.number(e164)?;
    let max = change.state.policies.of_business(&number.business).dispute_attempts;
    match number.place {
        Place::Pool(_) | Place::Bench => pools::leave(change, e164)?,
        Place::Aside | Place::Reserve => {}
    }
    for id in change.number(e164)?.cases.clone() {
        let how = if change.case(id)?.refusals >= max { Closure::Refused } else { Closure::Expired };
        cases::close(change, id, how)?;
    }
    change.live(e164, LifeChange::Retired, Place::Aside)?;
    change.edit_number(e164, |number| {
        number.home = None;
        number.resting_on = Carriers::NONE;
        number.rest_until = None;
    })
}

/// The warnings of our own calls have done their work once they are confirmed or not.
fn drop_warnings(change: &mut Change<'_>, e164: E164) -> Result<(), Refusal> {
    if change.number(e164)?.standings.iter().any(is_warning) {
        change.edit_number(e164, |number| number.standings.retain(|standing| !is_warning(standing)))?;
    }
    Ok(())
}

fn is_warning(standing: &Standing) -> bool {
    standing.source == Source::Outcomes && !standing.status.excludes()
}
