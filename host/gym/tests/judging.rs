//! The short judging: the default policy against everybody, in the tuning world and in the worlds that only judge.
//!
//! The full length is `cargo run --release -p gym --example judge`; its tables are in `host/FIGURES.md`.

mod common;

use common::small;
use gym::{Comparison, Judgement, Measure, Report, compare};

fn judged(name: &str, days: u32) -> Report {
    let world = small(name);
    let contenders = common::contenders();
    let seeds = (1..=6).collect();
    compare(&Comparison { world: &world, contenders: &contenders, days, seeds, against: 0, threads: 2 }, &|_| {})
}

const MEASURED: [Measure; 2] = [Measure::LabelledPercent, Measure::EngagedPer1000];

#[track_caller]
fn check(report: &Report, allowed: fn(Judgement) -> bool) {
    for row in report.contenders.iter().skip(1) {
        for measure in MEASURED {
            let figure = report.figure(&row.name, measure).expect("every contender has every measure");
            let judgement = figure.judgement().expect("it is held against the policy");
            assert!(
                allowed(judgement),
                "{}: `{}` is {judgement:?} on {measure:?}: {:?}",
                report.world,
                row.name,
                figure.less_the_other
            );
        }
    }
}

/// What the default policy wins, it wins without showing more numbers. One number is one number, whoever wins against it.
fn shows_no_more_numbers(report: &Report) {
    let ours = report.contenders[0].total.numbers_shown;
    for row in report.contenders.iter().skip(1).filter(|row| row.name != "one number") {
        assert!(row.total.numbers_shown >= ours, "{}: `{}` shows fewer numbers", report.world, row.name);
    }
}

#[test]
fn the_default_policy_beats_every_baseline_in_the_tuning_world() {
    let report = judged("default", 60);
    check(&report, |judgement| judgement == Judgement::Worse);
    shows_no_more_numbers(&report);
}

#[test]
fn the_default_policy_never_loses_in_four_worlds_that_it_was_not_tuned_in() {
    for name in ["enterprise_churn", "complaints", "neighbour", "slow_redress"] {
        let report = judged(name, 60);
        check(&report, |judgement| judgement != Judgement::Better);
        shows_no_more_numbers(&report);
    }
}

/// A wrong behaviour that is asserted as it is, until the policy is mended: where volume alone brings labels and ten
/// numbers are tight, each flagged number that rests for two weeks and warms up for two more puts its calls on the others,
/// which are flagged for it. So the default policy holds calls that mere rotation makes, and loses engaged answers.
#[test]
fn where_numbers_are_tight_the_default_policy_rests_itself_out_of_numbers() {
    let report = judged("volume_threshold", 60);
    let figure = report.figure("no remediation", Measure::EngagedPer1000).expect("a figure");
    assert_eq!(figure.judgement(), Some(Judgement::Better), "mended: move this world to the test above");
    let labelled = report.figure("no remediation", Measure::LabelledPercent).expect("a figure");
    assert_eq!(labelled.judgement(), Some(Judgement::Worse));
    shows_no_more_numbers(&report);
}
