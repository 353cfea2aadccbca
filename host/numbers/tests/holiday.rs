//! Holidays, against calendars that a person can look up.

use numbers::holiday::Holidays;
use numbers::zone::Date;

fn holidays(words: &str) -> Holidays {
    Holidays::parse(words).unwrap_or_else(|word| panic!("{word} is no holiday"))
}

/// The dates of a year on which these are kept, by month and day.
fn check(words: &str, year: i32, expected: &[&str]) {
    let first = Date { year, month: 1, day: 1 };
    let kept = (0..366).map(|ahead| first.plus_days(ahead)).filter(|date| date.year == year);
    let kept: Vec<String> =
        kept.filter(|date| holidays(words).contains(*date)).map(|date| date.to_string()[5..].to_owned()).collect();
    assert_eq!(kept, expected, "{words} in {year}");
}

#[test]
fn federal_holidays_of_two_years() {
    check(
        "federal",
        2025,
        &["01-01", "01-20", "02-17", "05-26", "06-19", "07-04", "09-01", "10-13", "11-11", "11-27", "12-25"],
    );
    // The fourth of July is a Saturday, so the Friday before it is kept as well.
    check(
        "federal",
        2026,
        &["01-01", "01-19", "02-16", "05-25", "06-19", "07-03", "07-04", "09-07", "10-12", "11-11", "11-26", "12-25"],
    );
    // New Year's Day of 2028 is a Saturday and is kept in the year before.
    check(
        "federal",
        2027,
        &[
            "01-01", "01-18", "02-15", "05-31", "06-18", "06-19", "07-04", "07-05", "09-06", "10-11", "11-11", "11-25",
            "12-24", "12-25", "12-31",
        ],
    );
}

#[test]
fn holidays_of_single_states() {
    check("good_friday", 2024, &["03-29"]);
    check("good_friday", 2026, &["04-03"]);
    check("good_friday", 2038, &["04-23"]);
    check("mardi_gras", 2024, &["02-13"]);
    check("mardi_gras", 2025, &["03-04"]);
    check("mardi_gras", 2026, &["02-17"]);
    check("election_day", 2026, &["11-03"]);
    // The Tuesday after the first Monday, which is not the first Tuesday.
    check("election_day", 2022, &["11-08"]);
    check("day_after_thanksgiving", 2026, &["11-27"]);
    check("pioneer_day", 2026, &["07-24"]);
    check("pioneer_day", 2022, &["07-24", "07-25"]);
    check("victory_day", 2026, &["08-10"]);
    check("flag_day", 2026, &["06-14", "06-15"]);
    check("rhode_island_independence_day", 2026, &["05-04"]);
    check("confederate_memorial_day", 2026, &["04-27"]);
    check("jefferson_davis_birthday", 2026, &["06-01"]);
    check("rosa_parks_day", 2026, &["12-01"]);
}

/// Easter of years that the usual short formulas get wrong.
#[test]
fn easter_where_it_is_hard() {
    for (year, easter) in [(1954, "04-18"), (1981, "04-19"), (2000, "04-23"), (2049, "04-18"), (2076, "04-19")] {
        let sunday = Date::parse(&format!("{year}-{easter}")).expect("a date");
        assert!(holidays("good_friday").contains(sunday.plus_days(-2)), "{year}");
        assert!(!holidays("good_friday").contains(sunday.plus_days(5)), "{year}");
    }
}

#[test]
fn words_that_are_no_holiday() {
    assert_eq!(Holidays::parse("federal,easter_monday"), Err("easter_monday"));
    assert_eq!(Holidays::parse(""), Err(""));
    assert_eq!(Holidays::parse("federal, good_friday"), Err(" good_friday"));
    assert_eq!(format!("{:?}", holidays("good_friday,new_year")), "{\"new_year\", \"good_friday\"}");
}
