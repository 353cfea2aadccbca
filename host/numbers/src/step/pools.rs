//! Who gets which number: first fills, replacements within the swap ration, and the way out of a pool.

use super::Refusal;
use super::change::Change;
use crate::carrier::Carrier;
use crate::e164::E164;
use crate::life::LifeChange;
use crate::moment::Moment;
use crate::number::{Life, Number, Place, Served};
use crate::owner::{Owner, OwnerId};
use crate::state::State;
use std::collections::{BTreeMap, BTreeSet};

/// What an owner may take from the reserve, as it is published for decisions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Room {
    /// Numbers that its pool is short of.
    pub lacks: usize,
    /// The pool was full once, so that what is new in it counts as a swap.
    pub filled: bool,
}

impl Room {
    /// Whether a number of the reserve may be drawn. `drawn` are the numbers that were drawn since this was published, by
    /// this owner and, of those that nobody knew, by all of its business; `swaps_left` is what [`State::swaps_left`] said.
    pub fn permits(self, known: bool, drawn: Drawn, swaps_left: usize) -> bool {
        let rationed = self.filled && !known;
        drawn.by_owner < self.lacks && (!rationed || drawn.unknown < swaps_left)
    }
}

/// What was drawn and is not yet seen by the keeper.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Drawn {
    pub by_owner: usize,
    pub unknown: usize,
}

impl State {
    /// How many numbers of this business may still be shown for the first time in the place of another.
    ///
    /// Agencies take a stream of fresh numbers for abuse, so it is rationed; one is always allowed, or a small business never heals.
    pub fn swaps_left(&self, business: &str, now: Moment) -> usize {
        let holdings = self.index.holdings.get(business).copied().unwrap_or(0);
        let policy = self.policies.of_business(business);
        let allowed = (holdings * policy.swap_percent_max as usize / 100).max(1);
        let window = policy.swap_window;
        let made = self
            .index
            .swapped
            .get(business)
            .map_or(0, |swapped| swapped.iter().rev().take_while(|(at, _)| at.plus(window) > now).count());
        allowed.saturating_sub(made)
    }

    /// Whether the swap ration lets this number join this pool now.
    pub fn may_join(&self, number: &Number, owner: &Owner, now: Moment) -> bool {
        number.first_shown.is_some() || !owner.filled || self.swaps_left(&owner.business, now) > 0
    }

    /// What this owner may take from the reserve now.
    pub fn room(&self, owner: &Owner) -> Room {
        let held = self.count_in(&owner.business, &Place::Pool(owner.id.clone()));
        Room { lacks: (owner.pool_size as usize).saturating_sub(held), filled: owner.filled }
    }

    fn lacks_numbers(&self, owner: &Owner) -> bool {
        self.count_in(&owner.business, &Place::Pool(owner.id.clone())) < owner.pool_size as usize
    }
}

/// Fills a new owner's pool from the reserve: numbers that were there before, then numbers nobody has a claim on,
/// spread evenly over the area codes, the lowest first.
pub(super) fn fill(change: &mut Change<'_>, id: &OwnerId) -> Result<(), Refusal> {
    let Some(owner) = change.state.owners.get(id).cloned() else { return Err(Refusal::UnknownOwner(id.clone())) };
    // By claim and area code, each in ascending order; `pop_first` then needs no search.
    let mut free: BTreeMap<u8, BTreeMap<Option<u16>, BTreeSet<E164>>> = BTreeMap::new();
    for number in change.state.numbers_in(&owner.business, &Place::Reserve).filter(|number| is_free(number)) {
        let areas = free.entry(claim(number, id)).or_default();
        areas.entry(number.e164.area_code()).or_default().insert(number.e164);
    }
    let mut held: BTreeMap<Option<u16>, usize> = BTreeMap::new();
    for number in change.state.pool(&owner) {
        *held.entry(number.e164.area_code()).or_default() += 1;
    }
    for mut areas in free.into_values() {
        while change.state.lacks_numbers(&owner) {
            let fewest = areas.keys().min_by_key(|area| (held.get(*area).copied().unwrap_or(0), **area)).copied();
            let Some(area) = fewest else { break };
            let Some(number) = areas.get_mut(&area).and_then(BTreeSet::pop_first) else {
                areas.remove(&area);
                continue;
            };
            assign(change, number, id)?;
            *held.entry(area).or_default() += 1;
        }
    }
    Ok(())
}

/// Gives a ready number to a pool that lacks one: its home first, then the owners in order.
pub(super) fn offer(change: &mut Change<'_>, e164: E164) -> Result<(), Refusal> {
    let number = change.number(e164)?;
    if !is_free(number) {
        return Ok(());
    }
    let short = change.state.index.short.get(&number.business);
    let fits = |id: &&OwnerId| {
        change.state.owners.get(id).is_some_and(|owner| change.state.may_join(number, owner, change.now))
    };
    let taker = number
        .home
        .as_ref()
        .filter(|home| short.is_some_and(|short| short.contains(home)))
        .filter(fits)
        .or_else(|| short.into_iter().flatten().find(fits))
        .cloned();
    match taker {
        Some(owner) => assign(change, e164, &owner),
        None => Ok(()),
    }
}

/// Takes a number out of its pool or off the bench, and puts a ready one of its area code in its place, if there is one.
pub(super) fn leave(change: &mut Change<'_>, e164: E164) -> Result<(), Refusal> {
    let number = change.number(e164)?;
    let Place::Pool(id) = number.place.clone() else {
        return change.edit_number(e164, |number| number.place = Place::Aside);
    };
    change.edit_number(e164, |number| {
        number.place = Place::Aside;
        number.home = Some(id.clone());
    })?;
    let Some(owner) = change.state.owners.get(&id) else { return Ok(()) };
    let replacement = change
        .state
        .numbers_in(&owner.business, &Place::Reserve)
        .filter(|other| other.e164.area_code() == e164.area_code() && is_free(other))
        .filter(|other| change.state.may_join(other, owner, change.now))
        // A number that callees know already costs no ration.
        .min_by_key(|other| (claim(other, &id), other.first_shown.is_none(), other.e164))
        .map(|other| other.e164);
    match replacement {
        Some(other) => assign(change, other, &id),
        None => Ok(()),
    }
}

/// The hot path took this number for this owner.
pub(super) fn draw(change: &mut Change<'_>, e164: E164, id: &OwnerId) -> Result<(), Refusal> {
    let owner = change.state.owners.get(id).ok_or_else(|| Refusal::UnknownOwner(id.clone()))?;
    let number = change.number(e164)?;
    if number.business != owner.business {
        return Err(Refusal::NumberOfOther { number: e164, business: number.business.clone() });
    }
    check_free(number)?;
    if !change.state.lacks_numbers(owner) {
        return Err(Refusal::PoolFull(id.clone()));
    }
    if !change.state.may_join(number, owner, change.now) {
        return Err(Refusal::SwapRation(owner.business.clone()));
    }
    assign(change, e164, id)
}

/// Puts a ready number on the bench of its business. A person does this, so it is no swap.
pub(super) fn bench(change: &mut Change<'_>, e164: E164) -> Result<(), Refusal> {
    check_free(change.number(e164)?)?;
    show(change, e164, Place::Bench, None)
}

/// A number that rested goes back: to where it stayed, to its home if there is room, else to the reserve.
pub(super) fn take_back(change: &mut Change<'_>, e164: E164) -> Result<(), Refusal> {
    let number = change.number(e164)?;
    let stayed = match number.place {
        Place::Pool(_) | Place::Bench => true,
        Place::Aside | Place::Reserve => false,
    };
    let home = number.home.as_ref().and_then(|id| change.state.owners.get(id));
    let (step, place) = match (&number.place, home) {
        (Place::Pool(_) | Place::Bench, _) => (LifeChange::Returned, number.place.clone()),
        (Place::Aside | Place::Reserve, Some(home))
            if change.state.lacks_numbers(home) && change.state.may_join(number, home, change.now) =>
        {
            (LifeChange::Returned, Place::Pool(home.id.clone()))
        }
        (Place::Aside | Place::Reserve, _) => (LifeChange::Reserved, Place::Reserve),
    };
    let now = change.now;
    let policy = change.state.policies.of_place(&number.business, &place);
    // It is as far in the warm-up as one that has so much of it left.
    let ramp_since = now.before(policy.ramp_for.saturating_sub(policy.ramp_after_rest_for));
    let joined = place.clone();
    change.live(e164, step, place)?;
    change.edit_number(e164, |number| {
        number.rest_until = None;
        number.ramp_since = Some(ramp_since);
        number.served = number.served.map(|served| Served {
            since: now,
            shown_before: number.shown_total,
            placed_at: if stayed { served.placed_at } else { now },
        });
        if step == LifeChange::Returned {
            number.home = None;
        }
    })?;
    let Place::Pool(id) = joined else { return Ok(()) };
    note_full(change, &id)?;
    // Now another one may rest that waited for it.
    let waiting = change.state.owners.get(&id).and_then(|owner| {
        let due = |number: &&Number| change.state.pause_due_at(number).is_some_and(|due| due <= now);
        change
            .state
            .pool(owner)
            .filter(due)
            .min_by_key(|number| number.served.map(|served| served.since))
            .map(|n| n.e164)
    });
    waiting.map_or(Ok(()), |waiting| pause(change, waiting))
}

impl State {
    /// From when this number may pause in its place, because it has served as long or as much as its policy lets it; none
    /// when it has not, or when too much of its pool rests.
    pub(crate) fn pause_due_at(&self, number: &Number) -> Option<Moment> {
        let (Life::Active, Place::Pool(id), Some(served)) = (number.life, &number.place, number.served) else {
            return None;
        };
        let owner = self.owners.get(id)?;
        let policy = self.policies.of_owner(&owner.business, id);
        if policy.pinned.contains(&number.e164) {
            return None;
        }
        let by_age = policy.rest_every.map(|every| served.since.plus(every));
        let shown = number.shown_total.saturating_sub(served.shown_before);
        let by_volume = policy.rest_every_calls.filter(|calls| shown >= u64::from(*calls)).map(|_| Moment::ZERO);
        let due = by_age.into_iter().chain(by_volume).min()?;
        let rests = |other: &&Number| other.life == Life::Resting || !other.resting_on.is_empty();
        let resting = self.pool(owner).filter(rests).count() + 1;
        let fits = resting * 100 <= owner.pool_size as usize * policy.resting_percent_max as usize;
        fits.then(|| due.max(served.placed_at.plus(policy.dwell_min)))
    }
}

/// It has served for long enough: it rests where it is, so that its pool keeps it.
pub(super) fn pause(change: &mut Change<'_>, e164: E164) -> Result<(), Refusal> {
    let number = change.number(e164)?;
    let place = number.place.clone();
    let policy = change.state.policies.of_place(&number.business, &place);
    let rest_until = change.now.plus(policy.rest_planned_for);
    change.live(e164, LifeChange::Paused, place)?;
    // What it rests on some carriers may be longer.
    change.edit_number(e164, |number| number.rest_until = number.rest_until.max(Some(rest_until)))
}

/// Whether one more may rest in this pool on the carriers that it rests on, without thinning it too much for their callees.
pub(super) fn may_rest_in_place(change: &Change<'_>, number: &Number) -> bool {
    let Place::Pool(id) = &number.place else { return number.place == Place::Bench };
    let Some(owner) = change.state.owners.get(id) else { return false };
    let policy = change.state.policies.of_owner(&owner.business, id);
    let with_it = |other: &&Number| {
        other.e164 != number.e164
            && Carrier::ALL
                .iter()
                .any(|carrier| number.resting_on.contains(*carrier) && other.resting_on.contains(*carrier))
    };
    let resting = change.state.pool(owner).filter(with_it).count() + 1;
    resting * 100 <= owner.pool_size as usize * policy.resting_percent_max as usize
}

fn assign(change: &mut Change<'_>, e164: E164, id: &OwnerId) -> Result<(), Refusal> {
    let swaps = change.state.owners.get(id).is_some_and(|owner| owner.filled);
    show(change, e164, Place::Pool(id.clone()), swaps.then_some(change.now))?;
    note_full(change, id)
}

fn show(change: &mut Change<'_>, e164: E164, place: Place, swapped_in: Option<Moment>) -> Result<(), Refusal> {
    change.live(e164, LifeChange::Assigned, place)?;
    let now = change.now;
    change.edit_number(e164, |number| {
        number.home = None;
        number.served = Some(Served { since: now, shown_before: number.shown_total, placed_at: now });
        if number.first_shown.is_none() {
            number.first_shown = Some(now);
            number.ramp_since = Some(now);
            number.swapped_in = swapped_in;
        }
    })
}

fn note_full(change: &mut Change<'_>, id: &OwnerId) -> Result<(), Refusal> {
    let owner = change.state.owners.get(id).ok_or_else(|| Refusal::UnknownOwner(id.clone()))?;
    if !owner.filled && !change.state.lacks_numbers(owner) {
        let filled = Owner { filled: true, ..owner.clone() };
        change.put_owner(filled);
    }
    Ok(())
}

/// Own numbers first, then free ones, then those another owner has a claim on.
fn claim(number: &Number, owner: &OwnerId) -> u8 {
    match &number.home {
        Some(home) if home == owner => 0,
        None => 1,
        Some(_) => 2,
    }
}

fn is_free(number: &Number) -> bool {
    check_free(number).is_ok()
}

fn check_free(number: &Number) -> Result<(), Refusal> {
    if !number.is_proven() {
        return Err(Refusal::Unproven(number.e164));
    }
    if number.life != Life::Ready || number.place != Place::Reserve {
        return Err(Refusal::NotInReserve(number.e164));
    }
    Ok(())
}
