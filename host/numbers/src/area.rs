//! Where a North American number is at home, as far as its area code tells.
//!
//! Owns the table of area codes in `areas.tsv`: state or province, time zones, and the group of codes that share a region.
//! It looks at the exchange to say that a caller ID shares the callee's, and for nothing else: that is what neighbour
//! spoofing looks like, so it counts against a number and never for it.
//! It knows nothing of ported numbers, whose owners may have moved; nobody learns that from the digits.

use crate::e164::E164;
use crate::region::{Region, Regions};
use crate::zone::{Zone, Zones};
use serde::{Deserialize, Serialize};
use std::sync::LazyLock;

/// Area codes begin with 200; there are this many from there to 999.
const CODES: usize = 800;
const CODE_FIRST: u16 = 200;

/// One area code's home.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Area {
    /// The state, territory or province by its two letters. 902 and 782 say `NS` for Prince Edward Island too,
    /// and 867 says `NT` for all three northern territories.
    pub state: &'static str,
    /// Every time zone that callees of this code live in, the commonest first, by its name in the tz database.
    pub zones: Box<[&'static str]>,
    /// The same zones as a set.
    pub zone_set: Zones,
    /// Every region that the code serves: the one of `state`, and those that it stands for.
    pub regions: Regions,
    /// The regions that border one of them.
    pub neighbours: Regions,
    /// The lowest code among those that share the region (212, 332, 646 and 917 are group 212).
    pub group: u16,
}

/// How near a shown number is to a callee, best first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Locality {
    /// The same area code, or one that shares its region.
    Group,
    /// The same state or province.
    State,
    /// A state or province that borders the callee's.
    Neighbour,
    /// At least one time zone in common.
    Zone,
    Elsewhere,
}

/// The home of an area code; none for codes without a place, such as 800, and for codes newer than the table.
pub fn area(code: u16) -> Option<&'static Area> {
    AREAS.get(usize::from(code.checked_sub(CODE_FIRST)?))?.as_ref()
}

/// How near `shown` is to `callee`.
pub fn locality(shown: E164, callee: E164) -> Locality {
    let (Some(shown), Some(callee)) = (shown.area_code(), callee.area_code()) else { return Locality::Elsewhere };
    let (Some(shown_area), Some(callee_area)) = (area(shown), area(callee)) else { return Locality::Elsewhere };
    if shown_area.group == callee_area.group {
        Locality::Group
    } else if shown_area.state == callee_area.state {
        Locality::State
    } else if !shown_area.neighbours.intersection(callee_area.regions).is_empty() {
        Locality::Neighbour
    } else if !shown_area.zone_set.intersection(callee_area.zone_set).is_empty() {
        Locality::Zone
    } else {
        Locality::Elsewhere
    }
}

/// Whether both numbers have the same area code and exchange, so that the callee would take the caller for a neighbour. How
/// much that weighs is for the policy to say (`own_exchange`).
pub fn same_exchange(shown: E164, callee: E164) -> bool {
    match (shown.area_code(), callee.area_code()) {
        (Some(shown_code), Some(callee_code)) => shown_code == callee_code && shown.exchange() == callee.exchange(),
        // Outside the North American plan there are no exchanges to share.
        _ => false,
    }
}

/// The regions that share the codes of another one.
const STANDS_FOR: [(&str, &[&str]); 2] = [("NS", &["PE"]), ("NT", &["NU", "YT"])];

/// The table, read once. It is the same in every process, so reading it late breaks no promise of this crate.
static AREAS: LazyLock<[Option<Area>; CODES]> = LazyLock::new(|| {
    let mut areas = [const { None }; CODES];
    for (code, area) in include_str!("areas.tsv").lines().filter_map(row) {
        if let Some(place) = code.checked_sub(CODE_FIRST).and_then(|at| areas.get_mut(usize::from(at))) {
            *place = Some(area);
        }
    }
    areas
});

/// One line of the table: code, state, group, zones. A remark is no row, and a test holds that every other line is one.
fn row(line: &'static str) -> Option<(u16, Area)> {
    let mut columns = line.split('\t');
    let code = columns.next()?.parse().ok()?;
    let state = columns.next()?;
    let group = columns.next()?.parse().ok()?;
    let zones: Box<[&'static str]> = columns.next()?.split(',').collect();
    let zone_set = zones.iter().map(|zone| Zone::named(zone)).collect::<Option<Zones>>()?;
    let also = STANDS_FOR.iter().filter(|(stands, _)| *stands == state).flat_map(|(_, for_these)| *for_these);
    let regions = core::iter::once(&state).chain(also).map(|region| Region::parse(region).ok());
    let regions = regions.collect::<Option<Regions>>()?;
    let neighbours = regions.iter().fold(Regions::NONE, |all, region| all.union(region.neighbours()));
    Some((code, Area { state, zones, zone_set, regions, neighbours, group }))
}
