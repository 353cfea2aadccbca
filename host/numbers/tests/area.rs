//! Area codes, their homes, and how near one number is to another.

use numbers::E164;
use numbers::area::{Locality, area, locality, same_exchange};

fn number(code: u16, exchange: u16) -> E164 {
    E164::parse(&format!("+1{code}{exchange}0143")).unwrap_or_else(|error| panic!("{code} {exchange}: {error}"))
}

/// How near the shown code is to the callee's, whatever the exchanges are and whichever way round.
fn check(shown: u16, callee: u16, expected: Locality) {
    for (one, other) in [(234, 234), (234, 987)] {
        assert_eq!(locality(number(shown, one), number(callee, other)), expected, "{shown} shown to {callee}");
        assert_eq!(locality(number(callee, one), number(shown, other)), expected, "{callee} shown to {shown}");
    }
}

#[test]
fn overlays_of_the_big_metros_are_one_group() {
    for group in [
        &[212, 332, 646, 917][..],
        &[347, 718, 929],
        &[213, 323, 738],
        &[310, 424],
        &[747, 818],
        &[619, 858],
        &[415, 628],
        &[408, 669],
        &[341, 510],
        &[312, 773, 872],
        &[224, 847],
        &[281, 346, 621, 713, 832],
        &[214, 469, 945, 972],
        &[682, 817],
        &[480, 602, 623],
        &[215, 267, 445],
        &[404, 470, 678, 770, 943],
        &[305, 645, 786],
        &[754, 954],
        &[202, 771],
        &[240, 227, 301],
        &[571, 703],
        &[617, 857],
        &[303, 720, 983],
        &[412, 724, 878],
        &[416, 437, 647, 942],
        &[263, 438, 514],
    ] {
        for (shown, callee) in group.iter().flat_map(|shown| group.iter().map(move |callee| (*shown, *callee))) {
            check(shown, callee, Locality::Group);
        }
    }
}

#[test]
fn state_then_neighbour_then_zone_then_elsewhere() {
    check(212, 718, Locality::State);
    check(212, 716, Locality::State);
    check(310, 415, Locality::State);
    check(214, 713, Locality::State);
    check(416, 613, Locality::State);
    check(403, 780, Locality::State);
    // New York borders Massachusetts, Quebec and Ontario, and Nevada borders California.
    check(212, 617, Locality::Neighbour);
    check(212, 514, Locality::Neighbour);
    check(212, 416, Locality::Neighbour);
    check(702, 310, Locality::Neighbour);
    check(305, 205, Locality::Neighbour);
    // 902 serves Prince Edward Island too, and 867 Yukon, which borders Alaska.
    check(902, 506, Locality::Neighbour);
    check(867, 907, Locality::Neighbour);
    // Arizona and Colorado touch in a corner, which is no border.
    check(602, 303, Locality::Elsewhere);
    check(212, 305, Locality::Zone);
    check(214, 312, Locality::Zone);
    // The Florida panhandle keeps Central time in part.
    check(850, 334, Locality::Neighbour);
    check(850, 214, Locality::Zone);
    check(305, 214, Locality::Elsewhere);
    check(212, 310, Locality::Elsewhere);
    // Arizona's clock is Denver's for half of the year only.
    check(602, 406, Locality::Elsewhere);
    check(212, 800, Locality::Elsewhere);
    assert!(
        Locality::Group < Locality::State
            && Locality::State < Locality::Neighbour
            && Locality::Neighbour < Locality::Zone
            && Locality::Zone < Locality::Elsewhere
    );
}

#[test]
fn numbers_without_a_place_are_elsewhere() {
    let london = E164::parse("+442079460143").expect("a number");
    assert_eq!(locality(london, london), Locality::Elsewhere);
    assert_eq!(locality(number(212, 234), london), Locality::Elsewhere);
    for code in [0, 199, 211, 500, 800, 833, 888, 900, 999, 1000, u16::MAX] {
        assert_eq!(area(code), None, "{code}");
    }
}

/// Every line of the table is read, in order, and every group has its lowest code for a name and lies in one state.
#[test]
fn the_table_is_whole() {
    let rows: Vec<&str> = include_str!("../src/areas.tsv").lines().filter(|line| !line.starts_with('#')).collect();
    let mut codes = Vec::new();
    for row in &rows {
        let code: u16 = row.split('\t').next().and_then(|code| code.parse().ok()).unwrap_or_else(|| panic!("{row:?}"));
        let found = area(code).unwrap_or_else(|| panic!("{row:?} is not read"));
        assert_eq!(row, &format!("{code}\t{}\t{}\t{}", found.state, found.group, found.zones.join(",")));
        assert!(found.state.len() == 2 && found.state.bytes().all(|b| b.is_ascii_uppercase()), "{row:?}");
        assert!(found.zones.iter().all(|zone| zone.starts_with("America/") || zone.starts_with("Pacific/")), "{row:?}");
        let head = area(found.group).unwrap_or_else(|| panic!("{row:?}: the group is no code"));
        assert!(found.group <= code && head.group == found.group && head.state == found.state, "{row:?}");
        codes.push(code);
    }
    assert!(codes.is_sorted_by(|a, b| a < b), "codes are in order and none stands twice");
    assert_eq!((200..1000).filter(|code| area(*code).is_some()).count(), rows.len());

    let states: std::collections::BTreeSet<_> = codes.iter().filter_map(|code| area(*code)).map(|a| a.state).collect();
    // Fifty states, the capital, five territories, nine provinces (one stands for its neighbour too) and the Canadian north.
    assert_eq!(states.len(), 50 + 1 + 5 + 10, "{states:?}");
}

/// Samples that a person can check by heart.
#[test]
fn homes_of_well_known_codes() {
    for (code, state, zone) in [
        (212, "NY", "America/New_York"),
        (307, "WY", "America/Denver"),
        (312, "IL", "America/Chicago"),
        (415, "CA", "America/Los_Angeles"),
        (602, "AZ", "America/Phoenix"),
        (808, "HI", "Pacific/Honolulu"),
        (907, "AK", "America/Anchorage"),
        (915, "TX", "America/Denver"),
        (787, "PR", "America/Puerto_Rico"),
        (306, "SK", "America/Regina"),
        (604, "BC", "America/Vancouver"),
        (902, "NS", "America/Halifax"),
    ] {
        let found = area(code).unwrap_or_else(|| panic!("{code}"));
        assert_eq!((found.state, found.zones[0]), (state, zone), "{code}");
    }
}

#[test]
fn an_exchange_is_shared_with_its_area_code_alone() {
    for (shown, callee, expected) in [
        ("+12125550143", "+12125559876", true),
        ("+12125550143", "+12125560143", false),
        ("+12125550143", "+13475550143", false),
        ("+442079460143", "+442079460143", false),
        ("+12125550143", "+442125550143", false),
    ] {
        let [shown, callee] =
            [shown, callee].map(|text| E164::parse(text).unwrap_or_else(|error| panic!("{text}: {error}")));
        assert_eq!(same_exchange(shown, callee), expected, "{shown} shown to {callee}");
        assert_eq!(same_exchange(callee, shown), expected, "{callee} shown to {shown}");
    }
}
