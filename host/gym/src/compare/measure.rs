//! What contenders are measured by: one figure of one run each, with its name, its unit and which way is better.

use crate::tally::Tally;
use serde::Serialize;

/// One figure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Measure {
    LabelledPercent,
    EngagedPer1000,
    HumanPer1000,
    HeldPercent,
    OutsideHoursPercent,
    EmptySlotsPercent,
    DetectionHoursMean,
    DetectionHoursMedian,
    UndetectedLabels,
    ClearanceHoursMean,
    ClearanceHoursMedian,
    StandingLabels,
    SameAgainPercent,
    RungsPer1000,
    NumbersShown,
    Bought,
    Retired,
    CallsPerNumberDay,
    CallsPerNumberDayP95,
    CheckDollars,
}

/// Which way a figure is better.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Better {
    More,
    Less,
    Neither,
}

/// Every measure, in the order of a report.
pub const MEASURES: [Measure; 20] = [
    Measure::LabelledPercent,
    Measure::EngagedPer1000,
    Measure::HumanPer1000,
    Measure::HeldPercent,
    Measure::OutsideHoursPercent,
    Measure::EmptySlotsPercent,
    Measure::DetectionHoursMean,
    Measure::DetectionHoursMedian,
    Measure::UndetectedLabels,
    Measure::ClearanceHoursMean,
    Measure::ClearanceHoursMedian,
    Measure::StandingLabels,
    Measure::SameAgainPercent,
    Measure::RungsPer1000,
    Measure::NumbersShown,
    Measure::Bought,
    Measure::Retired,
    Measure::CallsPerNumberDay,
    Measure::CallsPerNumberDayP95,
    Measure::CheckDollars,
];

impl Measure {
    /// The heading of its column.
    pub const fn title(self) -> &'static str {
        match self {
            Measure::LabelledPercent => "labelled calls, %",
            Measure::EngagedPer1000 => "engaged answers per 1,000 dials",
            Measure::HumanPer1000 => "human answers per 1,000 dials",
            Measure::HeldPercent => "held questions, %",
            Measure::OutsideHoursPercent => "held as no hour to call, %",
            Measure::EmptySlotsPercent => "dials held for good, %",
            Measure::DetectionHoursMean => "hours to detection, mean",
            Measure::DetectionHoursMedian => "hours to detection, median",
            Measure::UndetectedLabels => "labels never detected",
            Measure::ClearanceHoursMean => "hours to clearance, mean",
            Measure::ClearanceHoursMedian => "hours to clearance, median",
            Measure::StandingLabels => "labels standing at the end",
            Measure::SameAgainPercent => "same number again, %",
            Measure::RungsPer1000 => "rungs taken per 1,000 calls",
            Measure::NumbersShown => "distinct numbers shown",
            Measure::Bought => "numbers bought",
            Measure::Retired => "numbers retired",
            Measure::CallsPerNumberDay => "calls a number and day, mean",
            Measure::CallsPerNumberDayP95 => "calls a number and day, p95",
            Measure::CheckDollars => "checks, $",
        }
    }

    pub const fn better(self) -> Better {
        match self {
            Measure::EngagedPer1000 | Measure::HumanPer1000 => Better::More,
            Measure::LabelledPercent
            | Measure::HeldPercent
            | Measure::EmptySlotsPercent
            | Measure::DetectionHoursMean
            | Measure::DetectionHoursMedian
            | Measure::UndetectedLabels
            | Measure::ClearanceHoursMean
            | Measure::ClearanceHoursMedian
            | Measure::StandingLabels => Better::Less,
            Measure::OutsideHoursPercent
            | Measure::SameAgainPercent
            | Measure::RungsPer1000
            | Measure::NumbersShown
            | Measure::Bought
            | Measure::Retired
            | Measure::CallsPerNumberDay
            | Measure::CallsPerNumberDayP95
            | Measure::CheckDollars => Better::Neither,
        }
    }

    /// The figure of this run; none where there was nothing to measure.
    pub fn of(self, tally: &Tally) -> Option<f64> {
        let count = |count: u64| Some(count as f64);
        let labels = &tally.labels;
        match self {
            Measure::LabelledPercent => percent(tally.labelled(), tally.shown),
            Measure::EngagedPer1000 => ratio(tally.engaged, tally.slots).map(|share| share * 1000.0),
            Measure::HumanPer1000 => ratio(tally.human, tally.slots).map(|share| share * 1000.0),
            Measure::HeldPercent => percent(tally.held_total() - tally.held_outside_hours(), tally.asks),
            Measure::OutsideHoursPercent => percent(tally.held_outside_hours(), tally.asks),
            Measure::EmptySlotsPercent => percent(tally.slots_held, tally.slots),
            Measure::DetectionHoursMean => mean_hours(&labels.detection_seconds),
            Measure::DetectionHoursMedian => median_hours(&labels.detection_seconds),
            Measure::UndetectedLabels => count(labels.ended_unseen + labels.unseen),
            Measure::ClearanceHoursMean => mean_hours(&labels.clearance_seconds),
            Measure::ClearanceHoursMedian => median_hours(&labels.clearance_seconds),
            Measure::StandingLabels => count(labels.standing),
            Measure::SameAgainPercent => percent(tally.same_again, tally.shown),
            Measure::RungsPer1000 => ratio(tally.rungs.iter().sum(), tally.shown).map(|share| share * 1000.0),
            Measure::NumbersShown => count(tally.numbers_shown),
            Measure::Bought => count(tally.bought),
            Measure::Retired => count(tally.retired),
            Measure::CallsPerNumberDay => ratio(tally.calls_on_number_days, tally.number_days),
            Measure::CallsPerNumberDayP95 => count(tally.number_day_p95()),
            Measure::CheckDollars => ratio(tally.check_cost_micros, 1_000_000),
        }
    }
}

fn ratio(part: u64, of: u64) -> Option<f64> {
    (of > 0).then(|| part as f64 / of as f64)
}

pub(super) fn percent(part: u64, of: u64) -> Option<f64> {
    ratio(part, of).map(|share| share * 100.0)
}

fn mean_hours(seconds: &[u64]) -> Option<f64> {
    ratio(seconds.iter().sum(), seconds.len() as u64 * 3600)
}

/// Of seconds in ascending order.
fn median_hours(seconds: &[u64]) -> Option<f64> {
    let middle = seconds.len() / 2;
    let upper = *seconds.get(middle)? as f64;
    let lower = if seconds.len().is_multiple_of(2) { seconds[middle - 1] as f64 } else { upper };
    Some((lower + upper) / 2.0 / 3600.0)
}
