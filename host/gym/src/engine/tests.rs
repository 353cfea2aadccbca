//! Each model labels for what its file says, and for nothing else.

use super::{CallFacts, Engines, Gone};
use crate::dialer::number_of;
use crate::draw::Key;
use crate::world::World;
use core::time::Duration;
use numbers::Moment;

/// Numbers that are watched at once; labels come by chance, so that one number says little.
const NUMBERS: u32 = 400;

/// How many of the numbers AT&T's engine labels in so many days, if each makes so many such calls to it a day.
fn labelled(world: &str, days: u32, bought: Option<u32>, calls: u32, call: impl Fn(u32) -> CallFacts) -> usize {
    let world = World::named(world).expect("a world");
    let mut engines = Engines::new(&world, Key::seed(1));
    for n in 0..NUMBERS {
        engines.add_number(number_of(12_122_201_000 + u64::from(n)), true, bought);
    }
    for day in 0..days {
        for number in 0..NUMBERS {
            (0..calls).for_each(|nth| engines.see(0, number, day, call(nth)));
        }
        // All of them within one hour would be a burst, so the hour is over at once only where there are few.
        end_of(day, &mut engines);
    }
    engines.labels.iter().filter(|label| label.engine == 0).count()
}

fn end_of(day: u32, engines: &mut Engines) {
    let midnight = Moment::from_seconds(u64::from(day + 1) * 86_400);
    engines.hour_ends(u64::from(day + 1) * 24, midnight);
    engines.day_ends(day, midnight);
    engines.hour_ends(u64::from(day + 2) * 24, midnight.plus(Duration::from_secs(86_399)));
}

fn plain(_: u32) -> CallFacts {
    CallFacts::default()
}

#[test]
fn volume_is_what_the_volume_model_goes_by() {
    // AT&T sees 280 of a thousand callees: 5 calls stand for 17 an hour, 21 for 75 a day and for a burst.
    assert_eq!(labelled("volume_threshold", 10, None, 5, plain), 0);
    assert!(labelled("volume_threshold", 10, None, 21, plain) > 300);
}

#[test]
fn complaints_are_what_the_complaints_model_goes_by() {
    let complains =
        |every: u32| move |nth: u32| CallFacts { complaint: nth.is_multiple_of(every), ..CallFacts::default() };
    assert_eq!(labelled("complaints", 10, None, 60, plain), 0, "volume does not matter");
    assert!(labelled("complaints", 10, None, 60, complains(60)) > 300, "17 in a thousand, every day");
    assert_eq!(labelled("complaints", 10, None, 400, complains(400)), 0, "3 in a thousand, and more than two of them");
}

#[test]
fn neighbours_are_what_the_neighbour_model_goes_by() {
    let area = |same_area| move |_: u32| CallFacts { same_area, ..CallFacts::default() };
    let exchange = |_: u32| CallFacts { same_area: true, same_exchange: true, ..CallFacts::default() };
    let [far, near, next_door] = [
        labelled("neighbour", 40, None, 9, area(false)),
        labelled("neighbour", 40, None, 9, area(true)),
        labelled("neighbour", 40, None, 9, exchange),
    ];
    assert!(far * 2 < near && near * 2 < next_door, "{far}, {near}, {next_door}");
}

#[test]
fn new_numbers_are_what_the_enterprise_score_goes_by() {
    let old = labelled("enterprise_churn", 10, None, 9, plain);
    let new = labelled("enterprise_churn", 10, Some(0), 9, plain);
    assert!(old < 15 && new > 20 * old.max(5), "{old} and {new}: all numbers are new, and each is distrusted itself");
}

#[test]
fn the_logistic_model_weighs_all_of_them() {
    let short = |_: u32| CallFacts { answered: true, short: true, ..CallFacts::default() };
    let answered = |_: u32| CallFacts { answered: true, ..CallFacts::default() };
    let complaint = |nth: u32| CallFacts { complaint: nth == 0, ..CallFacts::default() };
    let of = |calls: u32, call: &dyn Fn(u32) -> CallFacts| labelled("default", 30, None, calls, call);
    let ordinary = of(9, &plain);
    assert!(of(60, &plain) > 4 * ordinary, "volume");
    assert!(of(9, &answered) < ordinary, "answers speak for a number");
    assert!(of(9, &short) > of(9, &answered), "short ones less so");
    assert!(of(9, &complaint) > ordinary, "complaints");
}

#[test]
fn a_label_goes_when_it_was_not_deserved_for_long_and_leaves_suspicion() {
    let world = World::named("volume_threshold").expect("a world");
    let mut engines = Engines::new(&world, Key::seed(1));
    engines.add_number(number_of(12_122_201_000), true, None);
    engines.set(0, 0, Moment::ZERO);
    assert!(engines.label(0, 0).is_some());
    for day in 0..29 {
        end_of(day, &mut engines);
        assert!(engines.label(0, 0).is_some(), "day {day}");
    }
    end_of(29, &mut engines);
    assert_eq!(engines.label(0, 0), None);
    assert_eq!(engines.labels[0].gone.map(|(_, how)| how), Some(Gone::Expired));
    let gone = Moment::from_seconds(30 * 86_400);
    let later = |days: u64| gone.plus(Duration::from_secs(days * 86_400));
    assert_eq!(engines.each[0].suspecting(0, 1000, later(13)), 3000);
    assert_eq!(engines.each[0].suspecting(0, 1000, later(14)), 1000);
    // A source that lags by an hour still says what was.
    assert!(engines.seems_labelled(0, 0, Moment(gone.0 - 3_600_000)));
    assert!(!engines.seems_labelled(0, 0, gone));
}
