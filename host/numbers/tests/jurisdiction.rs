//! The table of jurisdictions: that it is whole, that a wrong line is found, and what it says of places people know.

use numbers::jurisdiction::{Jurisdiction, Mark, Rule, read};
use numbers::region::{Country, Region};
use numbers::zone::{Date, Weekday};
use std::collections::BTreeSet;

const TABLE: &str = include_str!("../src/jurisdictions.tsv");

fn rules() -> Vec<Rule> {
    read(TABLE).unwrap_or_else(|error| panic!("jurisdictions.tsv: {error}"))
}

fn place(code: &str) -> Jurisdiction {
    match code {
        "USA" => Jurisdiction::Federal(Country::UnitedStates),
        "CAN" => Jurisdiction::Federal(Country::Canada),
        code => Jurisdiction::Region(Region::parse(code).unwrap_or_else(|error| panic!("{error}"))),
    }
}

fn date(text: &str) -> Date {
    Date::parse(text).unwrap_or_else(|| panic!("{text} is a date"))
}

/// Every line is read and given to its place; a place has its lines together, federal law first and states in order.
#[test]
fn the_table_is_whole() {
    let rules = rules();
    assert_eq!(rules.len(), TABLE.lines().filter(|line| !line.starts_with('#')).count());
    assert!(rules.is_sorted_by_key(|rule| rule.jurisdiction), "places are in order");
    let places: BTreeSet<Jurisdiction> = rules.iter().map(|rule| rule.jurisdiction).collect();
    let given: Vec<Rule> = places.iter().flat_map(|place| place.rules()).cloned().collect();
    assert_eq!(given, rules);
    for rule in &rules {
        assert!(rule.source.len() > 5 && rule.source.trim() == &*rule.source, "{:?}", rule.source);
        // Who did not see the text itself says so, or says where it was read.
        let is_told = rule.mark == Mark::D || rule.source.contains(char::is_numeric) || !rule.remark.is_empty();
        assert!(is_told, "{}: {}", rule.jurisdiction, rule.source);
    }
}

/// Whatever a state says, federal law holds beside it; a line that forbids less is there to say that it was looked up.
#[test]
fn federal_law_holds_everywhere_and_today() {
    for country in ["USA", "CAN"] {
        let rules: Vec<&Rule> = place(country).rules_on(date("2026-11-22")).collect();
        assert_eq!(rules.len(), 1, "{country}");
        assert_eq!(rules[0].until, None, "{country}");
    }
}

/// What holds in a place on a date: hours of each rule, attempts, whether Christmas is closed.
fn check(code: &str, on: &str, expected: &[(&str, Option<u32>, bool)]) {
    let christmas = date("2026-12-25");
    let found: Vec<_> = place(code)
        .rules_on(date(on))
        .map(|rule| (rule.hours.to_string(), rule.attempts_per_24h, rule.closed_on.contains(christmas)))
        .collect();
    let expected: Vec<_> =
        expected.iter().map(|(hours, attempts, closed)| ((*hours).to_owned(), *attempts, *closed)).collect();
    assert_eq!(found, expected, "{code} on {on}");
}

#[test]
fn rules_of_well_known_places() {
    check("USA", "2026-11-22", &[("daily 8:00-21:00", None, false)]);
    check("CAN", "2026-11-22", &[("mon-fri 9:00-21:30, sat-sun 10:00-18:00", None, false)]);
    check("FL", "2021-06-30", &[]);
    check("FL", "2021-07-01", &[("daily 8:00-20:00", Some(3), false)]);
    check("OK", "2022-10-31", &[]);
    check("OK", "2022-11-01", &[("daily 8:00-20:00", Some(3), false)]);
    check("MD", "2024-01-01", &[("daily 8:00-20:00", Some(3), false)]);
    check("OR", "2025-12-31", &[]);
    check("OR", "2026-01-01", &[("daily 8:00-20:00", Some(3), false)]);
    check("CT", "2023-09-30", &[("daily 9:00-21:00", None, false)]);
    check("CT", "2023-10-01", &[("daily 9:00-20:00", None, false)]);
    check("TX", "2026-11-22", &[("mon-sat 9:00-21:00, sun 12:00-21:00", None, false)]);
    check("RI", "2026-11-22", &[("mon-fri 9:00-18:00, sat 10:00-17:00", None, true)]);
    check("MS", "2026-11-22", &[("mon-sat 8:00-21:00", None, false), ("daily 8:00-20:00", None, false)]);
    check("UT", "2026-11-22", &[("mon-sat 8:00-21:00", None, true)]);
    check("NY", "2026-11-22", &[]);
    let sunday = |code: &str| {
        let mut rules = place(code).rules_on(date("2026-11-22"));
        rules.any(|rule| (0..1440).all(|minute| !rule.hours.contains(Weekday::Sunday, minute)))
    };
    for code in ["AL", "LA", "MS", "RI", "SD", "UT"] {
        assert!(sunday(code), "{code} has no calls on Sundays");
    }
    assert!(!sunday("FL"));
}

#[test]
fn a_rule_names_its_place_in_words() {
    for (code, words) in [("USA", "the United States"), ("CAN", "Canada"), ("FL", "Florida"), ("QC", "Quebec")] {
        assert_eq!((place(code).to_string().as_str(), place(code).code()), (words, code));
    }
}

/// Every way in which a line can be wrong is found, with its line and with what to write instead.
#[test]
fn wrong_lines_are_found() {
    const RIGHT: &str = "FL\t2021-07-01\t-\tdaily 8:00-20:00\t3\t-\tD\tFla. Stat. 501.616(6)\t";
    assert_eq!(read(RIGHT).map(|rules| rules.len()), Ok(1));
    let check = |column: usize, text: &str, message: &str| {
        let mut columns: Vec<&str> = RIGHT.split('\t').collect();
        columns[column] = text;
        let table = format!("# a remark\n{RIGHT}\n{}\n", columns.join("\t"));
        let error = read(&table).expect_err(message);
        assert_eq!(error.line, 3, "{message}");
        assert!(error.to_string().starts_with(&format!("line 3: {message}")), "{error} is not {message}");
    };
    check(0, "ZZ", "`ZZ` is no place; write USA, CAN or");
    check(0, "Florida", "`Florida` is no place");
    check(1, "2021-02-30", "`2021-02-30` is no date; write it as in 2026-01-31");
    check(2, "soon", "`soon` is no date");
    check(2, "2021-06-30", "its last date is before its first");
    check(3, "8-20", "hours, entry 1, `8-20`: times are missing");
    check(3, "daily closed", "its hours never open");
    check(4, "three", "`three` is no number of attempts; write 1 or more");
    check(4, "0", "`0` is no number of attempts");
    check(4, "-1", "`-1` is no number of attempts");
    check(5, "yule", "`yule` is no holiday");
    check(6, "X", "`X` is no mark; write D, S or M");
    check(6, "", "`` is no mark");
    check(7, "", "it has no source");
    check(7, "-", "it has no source");
    check(7, "https://example.org/501.616", "its source is an address");
    check(7, "leg.state.fl.us at www.leg", "its source is an address");
    for table in [format!("{RIGHT}\tmore"), "FL\t-".to_owned(), String::from("\n")] {
        assert!(read(&table).expect_err("columns").to_string().contains("columns; write place, from"), "{table:?}");
    }
    let nothing = "FL\t-\t-\t-\t-\t-\tD\tFla. Stat.\t";
    assert!(read(nothing).expect_err("nothing").to_string().contains("it limits nothing"));
}

/// Text, not code, is what most people read here: it holds no address anywhere, remarks included.
#[test]
fn the_table_names_no_site() {
    for part in ["://", "www.", ".com", ".gov", ".org"] {
        assert!(!TABLE.contains(part), "{part}");
    }
}
