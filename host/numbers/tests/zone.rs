//! Local clocks against the tz database itself, and the way back from a clock to a moment.

use jiff::Timestamp;
use jiff::tz::{TimeZone, TimeZoneDatabase};
use numbers::Moment;
use numbers::area::area;
use numbers::zone::{Date, Local, Weekday, Zone, local};
use proptest::prelude::*;
use std::collections::BTreeSet;

const HOUR: u64 = 3600;

fn date(text: &str) -> Date {
    Date::parse(text).unwrap_or_else(|| panic!("{text} is a date"))
}

fn zone(name: &str) -> Zone {
    Zone::named(name).unwrap_or_else(|| panic!("{name} is a zone of the table"))
}

/// The moment of a UTC time such as `2026-11-01T06:00:00Z`.
fn moment(utc: &str) -> Moment {
    let timestamp: Timestamp = utc.parse().unwrap_or_else(|error| panic!("{utc}: {error}"));
    Moment::from_seconds(timestamp.as_second() as u64)
}

/// What the tz database says, from the copy that comes with the test and not from the machine's.
fn expected(zone: &TimeZone, at: Moment) -> Local {
    let shown = Timestamp::from_second(at.seconds() as i64).expect("a time").to_zoned(zone.clone());
    Local {
        date: Date { year: i32::from(shown.year()), month: shown.month() as u8, day: shown.day() as u8 },
        weekday: Weekday::ALL[shown.weekday().to_monday_zero_offset() as usize],
        minute: shown.hour() as u16 * 60 + shown.minute() as u16,
    }
}

fn database(name: &str) -> TimeZone {
    TimeZoneDatabase::bundled().get(name).unwrap_or_else(|error| panic!("{name}: {error}"))
}

#[test]
fn every_zone_of_the_area_codes_is_known_and_no_other() {
    let named: BTreeSet<&str> = (200..1000).filter_map(area).flat_map(|area| area.zones.iter().copied()).collect();
    let known: BTreeSet<&str> = Zone::all().map(Zone::name).collect();
    assert_eq!(named, known);
    assert_eq!(local("Europe/London", Moment::ZERO), None);
}

/// Every hour of seven years, which holds every change of every clock.
#[test]
fn every_hour_is_that_of_the_tz_database() {
    let from = moment("2024-01-01T00:00:00Z").seconds();
    let until = moment("2031-01-01T00:00:00Z").seconds();
    for zone in Zone::all() {
        let database = database(zone.name());
        for second in (from..until).step_by(HOUR as usize) {
            let at = Moment::from_seconds(second);
            assert_eq!(zone.local(at), expected(&database, at), "{zone:?} at {second}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4_000))]

    /// Any second at all, not whole hours alone, from the year in which the daylight rule began.
    #[test]
    fn any_second_is_that_of_the_tz_database(place in 0..Zone::COUNT, second in 1_199_145_600u64..2_524_608_000) {
        let zone = Zone::all().nth(place).expect("a zone");
        // The table holds today's rules alone, and these two came to them later than 2008.
        let second = match zone.name() {
            "America/Whitehorse" => second.max(1_609_459_200),
            "America/St_Johns" => second.max(1_325_376_000),
            _ => second,
        };
        let at = Moment(second * 1000 + 999);
        prop_assert_eq!(zone.local(at), expected(&database(zone.name()), at), "{:?} at {}", zone, second);
    }

    /// The next time that a clock shows something is the first minute, counted one by one, at which it does or has just
    /// jumped over it.
    #[test]
    fn the_next_time_is_the_first(
        place in 0..Zone::COUNT,
        start in 1_735_689_600u64..1_861_920_000,
        minute in 0u16..1440,
        weekday in proptest::option::of(0usize..7),
    ) {
        let zone = Zone::all().nth(place).expect("a zone");
        let start = Moment::from_seconds(start / 60 * 60);
        let weekday = weekday.map(|place| Weekday::ALL[place]);
        let found = zone.next_at(start, weekday, minute);
        let mut before: Option<Local> = None;
        let mut walked = start;
        let first = loop {
            let here = zone.local(walked);
            let jumped = before.is_some_and(|before| {
                before.date == here.date && before.minute < minute && minute < here.minute && here.minute > before.minute + 1
            });
            if (here.minute == minute || jumped) && weekday.is_none_or(|weekday| weekday == here.weekday) {
                break walked;
            }
            before = Some(here);
            walked = Moment(walked.0 + 60_000);
        };
        prop_assert_eq!(found, first, "{:?} {:?} {:?}", zone, weekday, minute);
    }
}

/// The clock of each zone on a day in winter and one in summer of the winter in which three provinces stayed ahead.
#[test]
fn clocks_of_well_known_places() {
    for (name, january, july) in [
        ("America/New_York", 7 * 60, 8 * 60),
        ("America/Phoenix", 5 * 60, 5 * 60),
        ("Pacific/Honolulu", 2 * 60, 2 * 60),
        ("Pacific/Guam", 22 * 60, 22 * 60),
        ("America/St_Johns", 8 * 60 + 30, 9 * 60 + 30),
        ("America/Vancouver", 5 * 60, 5 * 60),
        ("America/Los_Angeles", 4 * 60, 5 * 60),
        ("America/Edmonton", 6 * 60, 6 * 60),
        ("America/Winnipeg", 7 * 60, 7 * 60),
    ] {
        for (at, minute) in [("2027-01-15T12:00:00Z", january), ("2027-07-15T12:00:00Z", july)] {
            assert_eq!(local(name, moment(at)).expect("a zone").minute, minute, "{name} at {at}");
        }
    }
    assert_eq!(
        zone("America/New_York").local(moment("2026-03-01T03:30:00Z")),
        Local { date: date("2026-02-28"), weekday: Weekday::Saturday, minute: 22 * 60 + 30 }
    );
}

/// The changes of the clock, to the minute, and what comes next around them.
#[test]
fn times_around_a_change_of_the_clock() {
    let new_york = zone("America/New_York");
    let check = |from: &str, weekday: Option<Weekday>, minute: u16, next: &str| {
        assert_eq!(new_york.next_at(moment(from), weekday, minute), moment(next), "{minute} from {from}");
    };
    // In the night to 8 March 2026 the clock goes from 2:00 to 3:00, so 2:30 has come when it does.
    check("2026-03-08T06:00:00Z", None, 2 * 60 + 30, "2026-03-08T07:00:00Z");
    check("2026-03-08T06:00:00Z", None, 3 * 60, "2026-03-08T07:00:00Z");
    check("2026-03-08T07:00:00Z", None, 2 * 60 + 30, "2026-03-08T07:00:00Z");
    check("2026-03-08T07:01:00Z", None, 2 * 60 + 30, "2026-03-09T06:30:00Z");
    check("2026-03-07T20:00:00Z", None, 8 * 60, "2026-03-08T12:00:00Z");
    check("2026-03-06T20:00:00Z", None, 8 * 60, "2026-03-07T13:00:00Z");
    // In the night to 1 November 2026 it shows 1:30 twice.
    check("2026-11-01T05:00:00Z", None, 90, "2026-11-01T05:30:00Z");
    check("2026-11-01T05:31:00Z", None, 90, "2026-11-01T06:30:00Z");
    check("2026-11-01T06:31:00Z", None, 90, "2026-11-02T06:30:00Z");
    // A day of the week: today if it is still to come, else in a week.
    check("2026-06-03T12:00:00Z", Some(Weekday::Wednesday), 8 * 60, "2026-06-03T12:00:00Z");
    check("2026-06-03T12:00:01Z", Some(Weekday::Wednesday), 8 * 60, "2026-06-10T12:00:00Z");
    check("2026-06-03T12:00:01Z", Some(Weekday::Sunday), 0, "2026-06-07T04:00:00Z");
}

#[test]
fn dates_are_read_from_the_calendar_alone() {
    for text in ["2026-11-01", "2024-02-29", "1970-01-01", "2000-02-29", "0400-12-31"] {
        assert_eq!(date(text).to_string(), text);
    }
    for text in
        ["", "2026", "2026-11", "2026-11-31", "2026-02-29", "2100-02-29", "2026-00-01", "2026-13-01", "2026-1-01"]
    {
        assert_eq!(Date::parse(text), None, "{text}");
    }
    for text in ["2026-11-01-01", "+026-11-01", "2026-11-00", "26-11-01", "2026/11/01"] {
        assert_eq!(Date::parse(text), None, "{text}");
    }
    assert_eq!(date("2026-11-01").weekday(), Weekday::Sunday);
    assert_eq!(date("2026-12-31").plus_days(1), date("2027-01-01"));
    assert_eq!(date("2026-03-01").plus_days(-1), date("2026-02-28"));
}
