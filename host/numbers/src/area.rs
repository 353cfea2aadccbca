//! Where a North American number is at home, as far as its area code tells.
//!
//! Owns the table of area codes in `areas.tsv`: state or province, time zones, and the group of codes that share a region.
//! It never looks at the exchange: a caller ID with the callee's own exchange is what neighbour spoofing looks like.
//! It knows nothing of ported numbers, whose owners may have moved; nobody learns that from the digits.

use crate::e164::E164;
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
    } else if shown_area.zones.iter().any(|zone| callee_area.zones.contains(zone)) {
        Locality::Zone
    } else {
        Locality::Elsewhere
    }
}

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
    let zones = columns.next()?.split(',').collect();
    Some((code, Area { state, zones, group }))
}
