//! The same seed gives the same run, bit for bit, whoever makes it and in whatever order.

mod common;

use common::small;
use gym::{Blind, Comparison, Contender, Course, Strategy, compare, run};
use numbers::{Policies, Policy};

fn tally(strategy: &Strategy, seed: u64) -> gym::Tally {
    let world = small("default");
    run(&Course { world: &world, strategy, seed, days: 10, more_numbers: 0 }, &mut |_| {})
}

#[test]
fn a_seed_says_everything() {
    for contender in common::contenders() {
        let first = tally(&contender.strategy, 7);
        assert_eq!(first, tally(&contender.strategy, 7), "{}", contender.name);
        assert_ne!(first, tally(&contender.strategy, 8), "{}: another seed is another world", contender.name);
    }
}

#[test]
fn threads_change_nothing() {
    let (world, contenders) = (small("default"), common::contenders());
    let report = |threads| {
        let seeds = vec![3, 1, 2];
        compare(&Comparison { world: &world, contenders: &contenders, days: 5, seeds, against: 0, threads }, &|_| {})
    };
    assert_eq!(report(1), report(4));
}

#[test]
fn whoever_does_the_same_meets_the_same_luck() {
    // Two contenders that show the very same numbers, under two names, and one that does so in another way.
    let world = small("default");
    let of =
        |strategy: &Strategy| run(&Course { world: &world, strategy, seed: 5, days: 10, more_numbers: 0 }, &mut |_| {});
    let one = of(&Strategy::Blind(Blind::OneNumber));
    assert_eq!(one, of(&Strategy::Blind(Blind::RoundRobin { every: u32::MAX })));
    // Without remediation a policy dials the same leads in the same order for as long as nobody answers otherwise.
    let policy = of(&Strategy::NoRemediation(Policies::default()));
    assert_eq!(one.slots, policy.slots);
}

/// Frozen on one machine, so that another one that draws otherwise is found out. Of a policy it rests on the hours and the
/// attempts alone, and beside them on the table of laws: whoever changes a law freezes it anew.
#[test]
fn the_world_is_the_same_on_every_machine() {
    let tally = tally(&Strategy::Blind(Blind::Random), 1);
    let frozen = (tally.shown, tally.human, tally.engaged, tally.labelled(), tally.labels.set, tally.complaints);
    assert_eq!(frozen, (7174, 458, 158, 109, 2, 3));
}

#[test]
fn progress_tells_each_day() {
    let world = small("default");
    let strategy = Contender::policy("default", Policy::default()).strategy;
    let mut days = Vec::new();
    run(&Course { world: &world, strategy: &strategy, seed: 1, days: 3, more_numbers: 0 }, &mut |heard| {
        days.push(heard.day)
    });
    assert_eq!(days, [1, 2, 3]);
}
