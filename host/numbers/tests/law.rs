//! Whether a callee may be called: tables of well-known cases, and every answer against a slow one.

use jiff::Timestamp;
use jiff::tz::TimeZoneDatabase;
use numbers::area::area;
use numbers::jurisdiction::Jurisdiction;
use numbers::law::{Because, NotNow, SEARCH, Whereabouts, attempts_per_24h, hours};
use numbers::region::{Country, Region, Regions, Zip};
use numbers::zone::{Date, Weekday, Zone, Zones};
use numbers::{E164, Hours, Moment};
use proptest::prelude::*;

const MINUTE: u64 = 60_000;

/// An area code, a state and a ZIP code with spaces between, as in `305 FL 33101`; a dash for what is not known.
fn whereabouts(text: &str) -> Whereabouts {
    let mut parts = text.split(' ').map(|part| Some(part).filter(|part| *part != "-")).chain([None, None]);
    let mut next = || parts.next().flatten();
    Whereabouts {
        area_code: next().map(|code| code.parse().unwrap_or_else(|error| panic!("{text}: {error}"))),
        state: next().map(|code| Region::parse(code).unwrap_or_else(|error| panic!("{text}: {error}"))),
        zip: next().map(|zip| Zip::parse(zip).unwrap_or_else(|error| panic!("{text}: {error}"))),
    }
}

/// The moment of a UTC time such as `2026-06-03T12:00`.
fn moment(utc: &str) -> Moment {
    let timestamp: Timestamp = format!("{utc}:00Z").parse().unwrap_or_else(|error| panic!("{utc}: {error}"));
    Moment::from_seconds(timestamp.as_second() as u64)
}

fn own(text: &str) -> Hours {
    Hours::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"))
}

fn law(code: &str) -> Because {
    Because::Law(match code {
        "USA" => Jurisdiction::Federal(Country::UnitedStates),
        "CAN" => Jurisdiction::Federal(Country::Canada),
        code => Jurisdiction::Region(Region::parse(code).unwrap_or_else(|error| panic!("{error}"))),
    })
}

fn permitted(place: &str, at: &str) {
    assert_eq!(hours(whereabouts(place), moment(at), &Hours::ALWAYS, true), Ok(()), "{place} at {at}");
}

fn forbidden(place: &str, at: &str, because: &str, until: &str) {
    let expected = NotNow { until: Some(moment(until)), because: law(because) };
    assert_eq!(hours(whereabouts(place), moment(at), &Hours::ALWAYS, true), Err(expected), "{place} at {at}");
}

/// Wednesday, 3 June 2026. New York is four hours behind UTC, Los Angeles seven.
#[test]
fn a_day_in_the_united_states() {
    forbidden("212", "2026-06-03T11:59", "USA", "2026-06-03T12:00");
    permitted("212", "2026-06-03T12:00");
    permitted("212", "2026-06-04T00:59");
    forbidden("212", "2026-06-04T01:00", "USA", "2026-06-04T12:00");
    permitted("213", "2026-06-04T01:00");
    forbidden("213", "2026-06-03T12:00", "USA", "2026-06-03T15:00");
    // Arizona does not turn its clock, Hawaii and Guam are far away.
    permitted("602", "2026-06-03T15:00");
    forbidden("602", "2026-12-02T14:59", "USA", "2026-12-02T15:00");
    permitted("808", "2026-06-04T06:00");
    permitted("671", "2026-06-02T23:00");
}

#[test]
fn states_are_stricter() {
    // Florida ends at 20:00, Texas begins at 9:00, Connecticut is within both.
    permitted("305", "2026-06-03T23:59");
    forbidden("305", "2026-06-04T00:00", "FL", "2026-06-04T12:00");
    forbidden("214", "2026-06-03T13:30", "TX", "2026-06-03T14:00");
    forbidden("203", "2026-06-03T12:30", "CT", "2026-06-03T13:00");
    // Before a rule began, federal law alone held.
    permitted("305", "2021-07-01T00:30");
    forbidden("305", "2021-07-02T00:30", "FL", "2021-07-02T12:00");
    permitted("503", "2026-01-01T04:30");
    forbidden("503", "2026-01-02T04:30", "OR", "2026-01-02T16:00");
}

#[test]
fn sundays_and_holidays() {
    // Sunday, 7 June 2026.
    forbidden("801", "2026-06-07T18:00", "UT", "2026-06-08T14:00");
    forbidden("214", "2026-06-07T16:30", "TX", "2026-06-07T17:00");
    permitted("305", "2026-06-07T16:00");
    forbidden("416", "2026-06-07T13:59", "CAN", "2026-06-07T14:00");
    permitted("416", "2026-06-07T14:00");
    // Friday, 3 July, stands for Saturday the fourth; Rhode Island has no Sunday either.
    forbidden("401", "2026-07-02T22:00", "RI", "2026-07-06T13:00");
    permitted("212", "2026-07-04T16:00");
    // Utah keeps Pioneer Day, a Friday in 2026; Christmas comes before a Saturday.
    forbidden("801", "2026-07-24T18:00", "UT", "2026-07-25T14:00");
    forbidden("215", "2026-12-25T18:00", "PA", "2026-12-26T13:00");
}

/// Monday in Canada, with its longer evening; one clock there is half an hour off.
#[test]
fn a_day_in_canada() {
    permitted("416", "2026-06-02T01:29");
    forbidden("416", "2026-06-02T01:30", "CAN", "2026-06-02T13:00");
    forbidden("709", "2026-06-01T11:29", "CAN", "2026-06-01T12:00");
    permitted("709", "2026-06-01T12:00");
    // British Columbia stayed on summer time: at 9:00 in Vancouver it is 16:00 UTC in December too, but 250 serves the
    // Kootenays as well, whose clock is Alberta's.
    permitted("604", "2026-12-01T16:00");
    permitted("250", "2026-12-01T16:00");
    forbidden("250", "2026-12-01T15:30", "CAN", "2026-12-01T16:00");
    forbidden("250", "2026-12-02T03:30", "CAN", "2026-12-02T16:00");
}

/// Every clock a callee may live by must permit the call.
#[test]
fn more_than_one_clock() {
    // 850 serves the Florida panhandle on both sides of the border of the zones.
    forbidden("850", "2026-06-03T12:30", "USA", "2026-06-03T13:00");
    forbidden("850", "2026-06-04T00:00", "FL", "2026-06-04T13:00");
    // A state alone is all of its clocks; with a code of that state, the code's.
    forbidden("- FL", "2026-06-03T12:30", "USA", "2026-06-03T13:00");
    permitted("305 FL", "2026-06-03T12:30");
    permitted("305 FL 33101", "2026-06-03T12:30");
    permitted("305 - 33101", "2026-06-03T12:30");
    permitted("915 TX 79901", "2026-06-03T15:30");
    forbidden("915", "2026-06-03T14:30", "TX", "2026-06-03T15:00");
}

/// Somebody who moved and kept the number: both places count.
#[test]
fn a_number_from_elsewhere() {
    // New York's clock is Florida's, but not Florida's law, and the panhandle's clock may be the callee's.
    forbidden("212 FL", "2026-06-04T00:30", "FL", "2026-06-04T13:00");
    forbidden("212 FL", "2026-06-03T12:30", "USA", "2026-06-03T13:00");
    forbidden("213 - 10001", "2026-06-03T14:59", "USA", "2026-06-03T15:00");
    permitted("213 - 10001", "2026-06-03T15:00");
    forbidden("213 - 10001", "2026-06-04T01:00", "USA", "2026-06-04T15:00");
    // A Canadian number in Florida is under three laws.
    // At 8:59 in the panhandle it is too early for Canada's law, whose callee may be there.
    forbidden("416 FL", "2026-06-03T12:59", "USA", "2026-06-03T14:00");
    forbidden("416 FL", "2026-06-03T13:59", "CAN", "2026-06-03T14:00");
    forbidden("416 FL 33101", "2026-06-06T22:00", "CAN", "2026-06-07T14:00");
    // A ZIP code alone says whether it is the panhandle.
    forbidden("212 - 33101", "2026-06-04T00:30", "FL", "2026-06-04T12:00");
    forbidden("212 - 32501", "2026-06-04T00:30", "FL", "2026-06-04T13:00");
    // State and ZIP code contradict each other, so both count though the number agrees with one.
    forbidden("305 FL 73301", "2026-06-03T13:30", "TX", "2026-06-03T14:00");
    // A ZIP prefix in two states is narrowed by a state that is one of them.
    forbidden("- - 06390", "2026-06-04T00:30", "CT", "2026-06-04T13:00");
    permitted("- NY 06390", "2026-06-04T00:30");
    // Military post tells no place.
    permitted("212 - 09012", "2026-06-04T00:30");
}

/// Nothing is known of toll-free numbers, of codes newer than the table and of other countries.
#[test]
fn nowhere_in_particular() {
    for place in ["800", "999", "-", "- - 09012"] {
        forbidden(place, "2026-06-03T14:59", "USA", "2026-06-03T15:00");
        permitted(place, "2026-06-03T15:00");
        forbidden(place, "2026-06-04T01:00", "USA", "2026-06-04T15:00");
    }
    // A given state says more than such a code.
    permitted("800 NY", "2026-06-03T12:00");
    let london = E164::parse("+442079460143").expect("a number");
    assert_eq!(Whereabouts::of(london), whereabouts("-"));
    assert_eq!(Whereabouts::of(E164::parse("+13055550143").expect("a number")), whereabouts("305"));
}

#[test]
fn own_hours_take_away_and_give_nothing() {
    let check = |place: &str, at: &str, text: &str, expected: Result<(), (Option<&str>, Because)>| {
        let expected = expected.map_err(|(until, because)| NotNow { until: until.map(moment), because });
        assert_eq!(hours(whereabouts(place), moment(at), &own(text), true), expected, "{place} at {at} within {text}");
    };
    let workdays = "mon-fri 9:00-17:00";
    check("212", "2026-06-03T13:00", workdays, Ok(()));
    check("212", "2026-06-03T12:30", workdays, Err((Some("2026-06-03T13:00"), Because::Policy)));
    check("212", "2026-06-05T21:00", workdays, Err((Some("2026-06-08T13:00"), Because::Policy)));
    // What the law forbids is the law's, even where the policy forbids it as well.
    check("305", "2026-06-04T00:30", workdays, Err((Some("2026-06-04T13:00"), law("FL"))));
    check("212", "2026-06-04T05:00", "daily 0:00-24:00", Err((Some("2026-06-04T12:00"), law("USA"))));
    // Hours that never open, and hours that never meet the law's.
    check("212", "2026-06-03T13:00", "daily closed", Err((None, Because::Policy)));
    check("212", "2026-06-03T05:00", "daily 0:00-8:00", Err((None, law("USA"))));
    check("801", "2026-06-03T18:00", "sun 8:00-21:00", Err((None, Because::Policy)));
    // Three hours apart, a short morning has no common minute.
    check("213 NY", "2026-06-03T16:00", "daily 9:00-11:00", Err((None, Because::Policy)));
    check("213 NY", "2026-06-03T15:00", "daily 9:00-13:00", Err((Some("2026-06-03T16:00"), Because::Policy)));
}

/// Before federal law had hours, those of a policy alone held, and they may lie in the hour that the clock jumps over.
#[test]
fn own_hours_in_the_hour_that_is_jumped_over() {
    let found = hours(whereabouts("212"), moment("1990-03-11T05:00"), &own("daily 2:10-2:50"), true);
    assert_eq!(found, Err(NotNow { until: Some(moment("1990-03-12T06:10")), because: Because::Policy }));
}

#[test]
fn attempts_are_the_least_that_any_place_permits() {
    let check = |place: &str, at: &str, expected: Option<(u32, &str)>| {
        let found = attempts_per_24h(whereabouts(place), moment(at));
        let found = found.map(|(attempts, jurisdiction)| (attempts, Because::Law(jurisdiction)));
        assert_eq!(found, expected.map(|(attempts, code)| (attempts, law(code))), "{place} at {at}");
    };
    for (place, code) in
        [("305", "FL"), ("405", "OK"), ("410", "MD"), ("503", "OR"), ("212 FL", "FL"), ("212 - 33101", "FL")]
    {
        check(place, "2026-06-03T12:00", Some((3, code)));
    }
    for place in ["212", "800", "416", "-"] {
        check(place, "2026-06-03T12:00", None);
    }
    // Dated by the callee's own calendar: at 3:00 UTC it is still the evening before in Oregon.
    check("503", "2026-01-01T03:00", None);
    check("503", "2026-01-01T12:00", Some((3, "OR")));
}

#[test]
fn places_name_whose_law_holds() {
    for (place, expected) in [
        ("305", "the United States, Florida"),
        ("212 FL", "the United States, Florida, New York"),
        ("416", "Canada, Ontario"),
        ("416 FL", "the United States, Canada, Florida, Ontario"),
        ("867 YT", "Canada, Yukon"),
        ("902", "Canada, Nova Scotia, Prince Edward Island"),
        ("800", "the United States"),
    ] {
        let found: Vec<String> = whereabouts(place).jurisdictions().map(|found| found.to_string()).collect();
        assert_eq!(found.join(", "), expected, "{place}");
    }
}

/// Codes that are given, unknown or absent, with states and ZIP codes that agree or do not.
fn any_whereabouts() -> impl Strategy<Value = Whereabouts> {
    prop_oneof![strangers(), neighbours()]
}

/// Code, state and ZIP code that know nothing of each other, and so mostly contradict each other.
fn strangers() -> impl Strategy<Value = Whereabouts> {
    let regions: Vec<Region> = Region::all().collect();
    let code = proptest::option::weighted(0.9, 200u16..1000);
    let state = proptest::option::weighted(0.5, proptest::sample::select(regions));
    let zip = proptest::option::weighted(0.3, (0u32..1000).prop_map(zip_of_prefix));
    (code, state, zip).prop_map(|(area_code, state, zip)| Whereabouts { area_code, state, zip })
}

/// Code, state and ZIP code of one region.
fn neighbours() -> impl Strategy<Value = Whereabouts> {
    let regions: Vec<Region> = Region::all().collect();
    let told = (any::<bool>(), any::<bool>(), any::<bool>());
    (proptest::sample::select(regions), any::<proptest::sample::Index>(), told).prop_map(|(region, index, told)| {
        let codes: Vec<u16> =
            (200..1000).filter(|code| area(*code).is_some_and(|area| area.regions.contains(region))).collect();
        let zips: Vec<Zip> = (0..1000).map(zip_of_prefix).filter(|zip| zip.regions().contains(region)).collect();
        let code = (!codes.is_empty()).then(|| codes[index.index(codes.len())]);
        let zip = (!zips.is_empty()).then(|| zips[index.index(zips.len())]);
        Whereabouts {
            area_code: code.filter(|_| told.0),
            state: Some(region).filter(|_| told.1),
            zip: zip.filter(|_| told.2),
        }
    })
}

fn zip_of_prefix(prefix: u32) -> Zip {
    Zip::parse(&format!("{prefix:03}01")).expect("five digits are a ZIP code")
}

fn any_own() -> impl Strategy<Value = Hours> {
    proptest::sample::select(vec![
        "daily 0:00-24:00",
        "daily 9:00-17:00",
        "mon-fri 8:30-20:00, sat 10:00-14:00",
        "tue 12:00-13:00",
        "daily 17:30-18:00",
        "sun 8:00-21:00",
        "daily closed",
    ])
    .prop_map(own)
}

/// From 2021, when Yukon had its clock of today, until 2030.
fn any_moment() -> impl Strategy<Value = Moment> {
    (1_609_459_200_000u64..1_893_456_000_000).prop_map(Moment)
}

/// What the tz database says of the clocks of all places, and the rules of all jurisdictions in turn: slow, and written apart
/// from the code it judges.
fn is_permitted_slowly(whereabouts: Whereabouts, at: Moment, own: &Hours) -> bool {
    let zones = clocks(whereabouts);
    let database = TimeZoneDatabase::bundled();
    zones.iter().all(|zone| {
        let shown = Timestamp::from_millisecond(at.0 as i64).expect("a time");
        let shown = shown.to_zoned(database.get(zone.name()).expect("a zone"));
        let date = Date { year: i32::from(shown.year()), month: shown.month() as u8, day: shown.day() as u8 };
        let weekday = Weekday::ALL[shown.weekday().to_monday_zero_offset() as usize];
        let minute = shown.hour() as u16 * 60 + shown.minute() as u16;
        let rules = whereabouts.jurisdictions().flat_map(|jurisdiction| jurisdiction.rules());
        let forbids = rules.filter(|rule| {
            let begun = rule.from.is_none_or(|from| date >= from);
            let ended = rule.until.is_some_and(|until| date > until);
            begun && !ended
        });
        own.contains(weekday, minute)
            && forbids.into_iter().all(|rule| rule.hours.contains(weekday, minute) && !rule.closed_on.contains(date))
    })
}

/// The clocks of a callee, found by asking each zone whether it may be the callee's.
fn clocks(whereabouts: Whereabouts) -> Zones {
    let area = whereabouts.area_code.and_then(area).map(|area| (area.regions, area.zone_set));
    let state = whereabouts.state.map(|state| (Regions::from_iter([state]), state.zones()));
    let zip = whereabouts.zip.map(|zip| (zip.regions(), zip.zones())).filter(|(regions, _)| !regions.is_empty());
    let told: Vec<(Regions, Zones)> = [area, state, zip].into_iter().flatten().collect();
    let agree = |told: &[(Regions, Zones)]| {
        Region::all().any(|region| told.iter().all(|(regions, _)| regions.contains(region)))
    };
    let in_all = |zone: &Zone, told: &[(Regions, Zones)]| told.iter().all(|(_, zones)| zones.contains(*zone));
    let in_any = |zone: &Zone, told: &[(Regions, Zones)]| told.iter().any(|(_, zones)| zones.contains(*zone));
    // What agrees is narrowed to what all of it tells; what does not, or has no zone in common, is all of it together.
    let together = |told: &[(Regions, Zones)]| -> Zones {
        let common: Vec<Zone> = Zone::all().filter(|zone| in_all(zone, told)).collect();
        let any = Zone::all().filter(|zone| in_any(zone, told));
        if agree(told) && !common.is_empty() { common.into_iter().collect() } else { any.collect() }
    };
    match (state, zip, area) {
        (None, None, None) => {
            let states = ["NY", "TX", "CA", "AZ"].map(|code| Region::parse(code).expect("a state"));
            states.iter().fold(Zones::NONE, |zones, state| zones.union(state.zones()))
        }
        (Some(state), Some(zip), Some(area)) if agree(&[state, zip]) && !agree(&told) => {
            together(&[state, zip]).union(area.1)
        }
        (Some(state), Some(zip), Some(area)) if agree(&told) => {
            let address = (state.0.intersection(zip.0), together(&[state, zip]));
            together(&[address, area])
        }
        _ => together(&told),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(20_000))]

    #[test]
    fn every_answer_is_the_slow_one(place in any_whereabouts(), at in any_moment(), own in any_own()) {
        prop_assert_eq!(hours(place, at, &own, true).is_ok(), is_permitted_slowly(place, at, &own));
    }

    /// An address that contradicts the code takes away from both, and own hours take away in any case.
    #[test]
    fn nothing_but_agreement_loosens(place in any_whereabouts(), at in any_moment(), own in any_own()) {
        if hours(place, at, &own, true).is_err() {
            return Ok(());
        }
        prop_assert_eq!(hours(place, at, &Hours::ALWAYS, true), Ok(()));
        let Some((code, state)) = place.area_code.zip(place.state) else { return Ok(()) };
        if area(code).is_some_and(|area| !area.regions.contains(state)) {
            let alone = Whereabouts { state: None, zip: None, ..place };
            prop_assert_eq!(hours(alone, at, &own, true), Ok(()));
            let alone = Whereabouts { area_code: None, ..place };
            prop_assert_eq!(hours(alone, at, &own, true), Ok(()));
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    /// The moment that is named is the first one, counted minute by minute; and where none is named there is none.
    #[test]
    fn until_is_the_first_permitted_moment(place in any_whereabouts(), at in any_moment(), own in any_own()) {
        let Err(not_now) = hours(place, at, &own, true) else { return Ok(()) };
        let minutes = (at.0 / MINUTE + 1..).map(|minute| Moment(minute * MINUTE));
        let mut minutes = minutes.take_while(|moment| moment.since(at) <= SEARCH);
        let first = minutes.find(|moment| hours(place, *moment, &own, true).is_ok());
        prop_assert_eq!(not_now.until, first);
    }
}
