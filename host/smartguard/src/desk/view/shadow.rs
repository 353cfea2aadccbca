//! What is shown of policies in shadow.

use super::{ProblemView, Stamp};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The policies in shadow, and how their figures are reckoned.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ShadowsView {
    /// The revision of the policies in force, beside which they run.
    pub revision: u64,
    pub shadows: Vec<ShadowView>,
    /// Why files were not put in shadow.
    pub refused: Vec<ProblemView>,
    pub method: Vec<String>,
}

/// One policy in shadow.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ShadowView {
    pub name: String,
    pub file: String,
    /// Since when calls are counted; a change of it or of the policy in force begins anew, and so does a start of the daemon.
    pub since: Stamp,
    /// Calls and reports that were left out, because more waited than the queue holds.
    pub left_out: u64,
    pub comparison: ComparisonView,
    pub estimate: EstimateView,
}

/// What both answered to the same calls.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ComparisonView {
    pub calls: u64,
    /// The same number, or a hold for the same reason.
    pub same: u64,
    pub other_number: u64,
    /// Held and would be shown, by why it was held; shown and would be held, by why; held for another reason.
    pub hold_to_use: BTreeMap<String, u64>,
    pub use_to_hold: BTreeMap<String, u64>,
    pub other_hold: u64,
    /// Calls of which the shadow's ranker said nothing that could be used; its own order holds there.
    pub ranker_silent: u64,
    pub measures: Vec<MeasureView>,
}

/// Answers of which something holds, under the policy in force and under the shadow.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MeasureView {
    /// `shown`, `held`, `rung`, `locality` or `standing`.
    pub what: String,
    pub word: String,
    pub in_force: u64,
    pub shadow: u64,
    /// The share of all compared calls under the shadow less that in force.
    pub difference: IntervalView,
}

/// A figure and its 95 % interval.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct IntervalView {
    pub value: f64,
    pub low: f64,
    pub high: f64,
}

/// How often people would have answered under the shadow.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EstimateView {
    /// The outcome whose rate it is.
    pub of: String,
    pub estimable: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why_not: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rates: Option<RatesView>,
    /// Since when every call was decided by a policy that explores enough.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<Stamp>,
    /// Calls whose outcome was told, and for which the shadow would show a number that might have been shown.
    pub calls: u64,
    /// Those of them on which both showed the same number.
    pub shown_alike: u64,
    pub effective_calls: f64,
    /// Near 1 when there are calls enough.
    pub mean_weight: f64,
    /// Calls that the shadow would have held, or for which it would show a number that could not be shown: nothing is said of
    /// them.
    pub would_be_held: u64,
    pub out_of_reach: u64,
    /// Calls of which no outcome was told yet.
    pub untold: u64,
    /// Calls let go before their outcome was told, because there were too many.
    pub let_go: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct RatesView {
    pub in_force: IntervalView,
    pub shadow: IntervalView,
    pub difference: IntervalView,
}
