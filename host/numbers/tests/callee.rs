//! What is remembered of a callee, and for how long, whatever policies come and go meanwhile.

use numbers::{CalleeRecord, E164, Moment};
use std::time::Duration;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

fn day(day: u32) -> Moment {
    Moment::from_seconds(1_700_000_000).plus(DAY * day)
}

fn number(last: u64) -> E164 {
    E164::from_digits(12_125_550_100 + last).expect("a number")
}

/// Shows numbers on days, and gives the day on which the next change is free, as a policy has it on the last day.
#[track_caller]
fn check_change(shown: &[(u64, u32)], days: u32, free_on: Option<u32>) {
    let mut callee = CalleeRecord::default();
    for (n, on) in shown {
        callee.record_shown(number(*n), day(*on));
    }
    let last = shown.last().map_or(0, |(_, on)| *on);
    assert_eq!(callee.change_spent_until(day(last), DAY * days), free_on.map(day), "{shown:?} under {days} days");
}

#[test]
fn a_change_counts_under_the_policy_that_is_asked() {
    check_change(&[(1, 0), (1, 3)], 30, None);
    check_change(&[(1, 0), (2, 3)], 30, Some(33));
    check_change(&[(1, 0), (2, 3), (2, 20)], 30, Some(33));
    check_change(&[(1, 0), (2, 3), (1, 40)], 30, None);
    // The same calls, where two days are long enough to forget a number.
    check_change(&[(1, 0), (2, 3)], 2, None);
    check_change(&[(1, 0), (2, 3)], 0, None);
}

#[test]
fn a_callee_is_forgotten_when_no_rule_asks_about_it() {
    let mut callee = CalleeRecord::default();
    assert!(callee.is_forgotten(day(0), DAY * 30));
    callee.record_attempt(day(0));
    callee.record_shown(number(1), day(0));
    assert!(!callee.is_forgotten(day(29), DAY * 30));
    assert!(callee.is_forgotten(day(31), DAY * 30));
    // Attempts count for thirty days, however soon the number is forgotten; the number for as long as the policy says.
    assert!(!callee.is_forgotten(day(29), DAY));
    assert!(!callee.is_forgotten(day(89), DAY * 90));
    // It saw another number meanwhile.
    callee.record_shown(number(2), day(80));
    assert!(!callee.is_forgotten(day(169), DAY * 90));
    assert!(callee.is_forgotten(day(171), DAY * 90));
    // Who asked not to be called is never forgotten.
    callee.suppress(day(2));
    assert!(!callee.is_forgotten(day(3000), DAY * 30));
}
