//! Hours of the week: how they are written, and what two of them have in common.

use numbers::hours::{Hours, HoursReason};
use numbers::zone::Weekday;
use proptest::prelude::*;

fn hours(text: &str) -> Hours {
    Hours::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"))
}

/// Read as it stands, and written in the one way that is ours.
fn check(text: &str, written: &str) {
    assert_eq!(hours(text).to_string(), written, "{text}");
    assert_eq!(hours(written), hours(text), "{text}");
}

#[test]
fn hours_are_read_and_written() {
    check("mon-fri 8:00-20:00, sat 9:00-17:00", "mon-fri 8:00-20:00, sat 9:00-17:00");
    check("daily 08:00-21:00", "daily 8:00-21:00");
    check("DAILY 0:00-24:00", "daily 0:00-24:00");
    check("  Mon 9:05 - 9:06 ", "mon 9:05-9:06");
    check("mon 8:00-20:00, tue 8:00-20:00, wed 8:00-20:00", "mon-wed 8:00-20:00");
    check("sat-mon 10:00-18:00", "mon 10:00-18:00, sat-sun 10:00-18:00");
    check("mon-sat 8:00-20:00, sun closed", "mon-sat 8:00-20:00");
    check("fri\t8:00-12:00", "fri 8:00-12:00");
    check("mon-fri 9:00-21:30, sat-sun 10:00-18:00", "mon-fri 9:00-21:30, sat-sun 10:00-18:00");
}

#[test]
fn hours_that_never_open_can_be_read() {
    for text in ["daily closed", "mon 9:00-9:00", "daily 0:00-0:00", "sun 24:00-24:00", "mon closed"] {
        assert!(!hours(text).opens_ever(), "{text}");
        assert_eq!(hours(text), Hours::NEVER, "{text}");
    }
    assert!(hours("sun 23:59-24:00").opens_ever());
    check("mon closed", "daily closed");
}

#[test]
fn a_window_ends_before_its_last_minute() {
    let hours = hours("mon-fri 8:00-20:00");
    for (weekday, minute, expected) in [
        (Weekday::Monday, 8 * 60 - 1, false),
        (Weekday::Monday, 8 * 60, true),
        (Weekday::Friday, 20 * 60 - 1, true),
        (Weekday::Friday, 20 * 60, false),
        (Weekday::Saturday, 12 * 60, false),
    ] {
        assert_eq!(hours.contains(weekday, minute), expected, "{weekday:?} {minute}");
    }
    assert!(Hours::ALWAYS.contains(Weekday::Sunday, 0) && Hours::ALWAYS.contains(Weekday::Sunday, 1439));
}

/// Place, reason and remedy, as the person who wrote them reads it.
#[test]
fn texts_that_are_no_hours() {
    for (text, entry, message) in [
        (
            "",
            1,
            "entry 1, ``: there is nothing in it; write days and times, as in mon-fri 8:00-20:00, or leave the comma out",
        ),
        (
            "mon 8:00-9:00,",
            2,
            "entry 2, ``: there is nothing in it; write days and times, as in mon-fri 8:00-20:00, or leave the comma out",
        ),
        ("mon", 1, "entry 1, `mon`: times are missing; write days and times, as in mon-fri 8:00-20:00"),
        (
            "mon 8:00-9:00, moon 8:00-9:00",
            2,
            "entry 2, `moon 8:00-9:00`: `moon` is no day; write mon, tue, wed, thu, fri, sat, sun or daily, or a range such as mon-fri",
        ),
        (
            "mon-friday 8:00-9:00",
            1,
            "entry 1, `mon-friday 8:00-9:00`: `friday` is no day; write mon, tue, wed, thu, fri, sat, sun or daily, or a range such as mon-fri",
        ),
        ("mon 8:00", 1, "entry 1, `mon 8:00`: `8:00` is no span of time; write it as in 8:00-20:00, or closed"),
        (
            "mon 8-20",
            1,
            "entry 1, `mon 8-20`: `8` is no time of day; write hours and minutes from 0:00 to 24:00, as in 8:30 or 20:00",
        ),
        (
            "mon 8:00-8:00pm",
            1,
            "entry 1, `mon 8:00-8:00pm`: `8:00pm` is no time of day; write hours and minutes from 0:00 to 24:00, as in 8:30 or 20:00",
        ),
        (
            "mon 8:60-9:00",
            1,
            "entry 1, `mon 8:60-9:00`: `8:60` is no time of day; write hours and minutes from 0:00 to 24:00, as in 8:30 or 20:00",
        ),
        (
            "mon 8:00-24:01",
            1,
            "entry 1, `mon 8:00-24:01`: `24:01` is no time of day; write hours and minutes from 0:00 to 24:00, as in 8:30 or 20:00",
        ),
        (
            "mon 8:00-+9:00",
            1,
            "entry 1, `mon 8:00-+9:00`: `+9:00` is no time of day; write hours and minutes from 0:00 to 24:00, as in 8:30 or 20:00",
        ),
        (
            "mon 20:00-8:00",
            1,
            "entry 1, `mon 20:00-8:00`: it closes before it opens; hours end on their day, so those across midnight are two entries",
        ),
        (
            "mon-fri 8:00-9:00, wed 8:00-9:00",
            2,
            "entry 2, `wed 8:00-9:00`: wed has its hours from an earlier entry; give each day once",
        ),
    ] {
        let error = Hours::parse(text).expect_err(text);
        assert_eq!((error.entry, error.to_string().as_str()), (entry, message));
    }
    assert_eq!(
        Hours::parse("daily 9:00-17:00, sun closed").expect_err("twice").reason,
        HoursReason::Twice(Weekday::Sunday)
    );
}

fn any_hours() -> impl Strategy<Value = Hours> {
    proptest::collection::vec((0u16..=1440, 0u16..=1440), 7).prop_map(|windows| {
        let entries = Weekday::ALL.iter().zip(windows).map(|(day, (one, other))| {
            let (open, close) = (one.min(other), one.max(other));
            format!("{} {}:{:02}-{}:{:02}", day.word(), open / 60, open % 60, close / 60, close % 60)
        });
        hours(&entries.collect::<Vec<_>>().join(", "))
    })
}

proptest! {
    #[test]
    fn what_is_written_is_read_again(some in any_hours()) {
        prop_assert_eq!(hours(&some.to_string()), some);
        let stored = postcard::to_stdvec(&some).expect("stored");
        prop_assert_eq!(postcard::from_bytes::<Hours>(&stored), Ok(some));
    }

    #[test]
    fn an_intersection_holds_what_both_hold(one in any_hours(), other in any_hours(), day in 0usize..7, minute in 0u16..1440) {
        let both = one.intersection(&other);
        let day = Weekday::ALL[day];
        prop_assert_eq!(both.contains(day, minute), one.contains(day, minute) && other.contains(day, minute));
        prop_assert_eq!(both, other.intersection(&one));
        let any = Weekday::ALL.iter().any(|day| (0..1440).any(|minute| both.contains(*day, minute)));
        prop_assert_eq!(both.opens_ever(), any);
    }

    #[test]
    fn no_text_makes_it_panic(text in "[a-z0-9:, \\-é]{0,40}") {
        let _ = Hours::parse(&text);
    }
}
