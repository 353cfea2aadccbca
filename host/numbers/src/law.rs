//! Whether the law lets a callee be called now, from when otherwise, and how often in a day.
//!
//! Owns the weighing: a callee may be in every place that its area code, its given state or its ZIP code tells, and a call is
//! permitted only where each of those places and each of their clocks permits it. What the places say is
//! [`crate::jurisdiction`]; the policy's own hours come in beside them and can only take away.
//! It counts no attempts and keeps no list of whom not to call, and it knows no exemption: who may lift a rule is for a
//! named person to say, and for the caller to tell.

use crate::area::area;
use crate::e164::E164;
use crate::hours::{Hours, Window};
use crate::jurisdiction::Jurisdiction;
use crate::moment::Moment;
use crate::region::{Country, Region, Regions, Zip};
use crate::zone::{Date, Zone, Zones};
use core::time::Duration;
use serde::{Deserialize, Serialize};
use std::sync::LazyLock;

/// What is known of where a callee is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Whereabouts {
    /// Of the callee's number. One without a place, such as 800, tells nothing.
    pub area_code: Option<u16>,
    /// As the list of callees gives it.
    pub state: Option<Region>,
    /// As the list of callees gives it.
    pub zip: Option<Zip>,
}

/// A call that is not permitted now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotNow {
    /// The next moment at which it is permitted; none when that is more than [`SEARCH`] away, and so perhaps never.
    pub until: Option<Moment>,
    /// The first that forbids it: federal law before a state's, and both before the policy.
    pub because: Because,
}

/// Who forbids a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Because {
    Law(Jurisdiction),
    /// The policy's own hours.
    Policy,
}

/// How far ahead the next permitted moment is looked for. No two places close for a week together, unless their hours never
/// meet at all.
pub const SEARCH: Duration = Duration::from_secs(8 * 24 * 60 * 60);
const SEARCH_DAYS: i64 = 8;

/// The zones of a callee of whom nothing is known: those of the 48 states that lie together. Alaska and Hawaii would leave
/// three hours of the day to call anybody.
static CONTINENT: LazyLock<Zones> = LazyLock::new(|| {
    let names = ["America/New_York", "America/Chicago", "America/Denver", "America/Phoenix", "America/Los_Angeles"];
    names.into_iter().filter_map(Zone::named).collect()
});

/// The regions of the United States, and those of Canada.
static COUNTRIES: LazyLock<[(Country, Regions); 2]> = LazyLock::new(|| {
    [Country::UnitedStates, Country::Canada]
        .map(|country| (country, Region::all().filter(|region| region.country() == country).collect()))
});

impl Whereabouts {
    /// What the number alone tells.
    pub const fn of(callee: E164) -> Whereabouts {
        Whereabouts { area_code: callee.area_code(), state: None, zip: None }
    }

    /// Whose law holds for a call there: of the federations first, then of the states.
    pub fn jurisdictions(self) -> impl Iterator<Item = Jurisdiction> {
        Reach::of(self).jurisdictions()
    }
}

/// Whether a call to somebody there is permitted at `at`, by every law and by the policy's own hours. Where somebody answers
/// for it that the laws do not bind, `bound` is false and the policy's hours hold alone.
///
/// # Errors
/// Says from when it is permitted, and who forbids it now.
pub fn hours(whereabouts: Whereabouts, at: Moment, own: &Hours, bound: bool) -> Result<(), NotNow> {
    let reach = Reach { bound, ..Reach::of(whereabouts) };
    match reach.forbidden_by(at, own) {
        None => Ok(()),
        Some(because) => Err(NotNow { until: reach.opens_at(at, own), because }),
    }
}

/// How many attempts in 24 hours the law permits for somebody there, and whose law says so; none where no law limits them.
pub fn attempts_per_24h(whereabouts: Whereabouts, at: Moment) -> Option<(u32, Jurisdiction)> {
    let reach = Reach::of(whereabouts);
    // A new rule holds as soon as it does by one of the clocks.
    let dates = reach.zones.iter().map(|zone| zone.local(at).date);
    let limits = dates.flat_map(|date| {
        let rules = reach.jurisdictions().flat_map(move |jurisdiction| jurisdiction.rules_on(date));
        rules.filter_map(|rule| Some((rule.attempts_per_24h?, rule.jurisdiction)))
    });
    limits.min_by_key(|(attempts, _)| *attempts)
}

/// Every place a callee may be in, and every clock it may live by.
#[derive(Clone, Copy, Debug)]
struct Reach {
    /// None where nothing is known; then federal law alone holds.
    regions: Regions,
    zones: Zones,
    /// Laws hold for it.
    bound: bool,
}

impl Reach {
    const fn new(regions: Regions, zones: Zones) -> Reach {
        Reach { regions, zones, bound: true }
    }

    /// What area code, state and ZIP code tell together. Where they agree on a region they narrow each other, so that the
    /// code 305 in Florida keeps the clock of Miami. Where they contradict each other, somebody has moved and kept the
    /// number, or the list is wrong, and every place that any of them tells counts.
    fn of(whereabouts: Whereabouts) -> Reach {
        let Whereabouts { area_code, state, zip } = whereabouts;
        let area = area_code.and_then(area).map(|area| Reach::new(area.regions, area.zone_set));
        let state = state.map(|state| Reach::new(Regions::from_iter([state]), state.zones()));
        let zip = zip.map(|zip| Reach::new(zip.regions(), zip.zones()));
        // Military post tells no place.
        let zip = zip.filter(|zip| !zip.regions.is_empty());
        let address = match (state, zip) {
            (Some(state), Some(zip)) => match state.narrowed(zip) {
                Some(address) => Some(address),
                // The number cannot settle which half of such an address is right.
                None => return area.into_iter().fold(state.widened(zip), Reach::widened),
            },
            (one, other) => one.or(other),
        };
        match (address, area) {
            (Some(address), Some(area)) => address.narrowed(area).unwrap_or(address.widened(area)),
            (Some(only), None) | (None, Some(only)) => only,
            (None, None) => Reach::new(Regions::NONE, *CONTINENT),
        }
    }

    /// The regions that both tell, with the clocks of both if they share one; none where they contradict each other.
    fn narrowed(self, other: Reach) -> Option<Reach> {
        let regions = self.regions.intersection(other.regions);
        let zones = self.zones.intersection(other.zones);
        let zones = if zones.is_empty() { self.zones.union(other.zones) } else { zones };
        (!regions.is_empty()).then_some(Reach::new(regions, zones))
    }

    fn widened(self, other: Reach) -> Reach {
        Reach::new(self.regions.union(other.regions), self.zones.union(other.zones))
    }

    fn jurisdictions(self) -> impl Iterator<Item = Jurisdiction> {
        let is_unknown = self.regions.is_empty();
        let federal = COUNTRIES.iter().filter(move |(country, regions)| {
            (is_unknown && *country == Country::UnitedStates) || !self.regions.intersection(*regions).is_empty()
        });
        let federal = federal.map(|(country, _)| Jurisdiction::Federal(*country));
        federal.chain(self.regions.iter().map(Jurisdiction::Region)).filter(move |_| self.bound)
    }

    /// The first that forbids a call at `at`.
    fn forbidden_by(self, at: Moment, own: &Hours) -> Option<Because> {
        let locals = self.zones.iter().map(|zone| zone.local(at));
        let forbids = |jurisdiction: &Jurisdiction| {
            locals.clone().any(|local| {
                jurisdiction.rules_on(local.date).any(|rule| {
                    !rule.hours.contains(local.weekday, local.minute) || rule.closed_on.contains(local.date)
                })
            })
        };
        match self.jurisdictions().find(forbids) {
            Some(jurisdiction) => Some(Because::Law(jurisdiction)),
            None if locals.clone().any(|local| !own.contains(local.weekday, local.minute)) => Some(Because::Policy),
            None => None,
        }
    }

    /// The first moment from `at` on at which nobody forbids it, if one is found. Each zone in turn moves the moment to when
    /// it opens, until none does any more.
    fn opens_at(self, at: Moment, own: &Hours) -> Option<Moment> {
        let last = at.plus(SEARCH);
        let mut found = at;
        loop {
            let before = found;
            for zone in self.zones.iter() {
                found = self.opens_in(zone, found, own).filter(|opens| *opens <= last)?;
            }
            if found == before {
                return Some(found);
            }
        }
    }

    /// The first moment from `from` on at which the clock of one zone lies in the hours of every law and of the policy.
    fn opens_in(self, zone: Zone, from: Moment, own: &Hours) -> Option<Moment> {
        let local = zone.local(from);
        let today = self.window(local.date, own);
        if today.contains(local.minute) {
            return Some(from);
        }
        (0..=SEARCH_DAYS).find_map(|ahead| {
            let date = local.date.plus_days(ahead);
            let window = self.window(date, own);
            let opens = if window.is_closed() { None } else { zone.shows_on(date, window.open, from) };
            // A window may lie within the hour that the clock jumps over, and then it does not open on that day.
            opens.filter(|opens| window.contains(zone.local(*opens).minute))
        })
    }

    /// What every law and the policy leave of one day, by the clock of that day.
    fn window(self, date: Date, own: &Hours) -> Window {
        let weekday = date.weekday();
        let mut rules = self.jurisdictions().flat_map(|jurisdiction| jurisdiction.rules_on(date));
        rules
            .try_fold(own.window(weekday), |window, rule| {
                let window = window.intersection(rule.hours.window(weekday));
                if window.is_closed() || rule.closed_on.contains(date) { Err(()) } else { Ok(window) }
            })
            .unwrap_or_default()
    }
}
