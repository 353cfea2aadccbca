//! What is shown of calls that were taken again: receipts that are held against it, one call in words, another policy.

use super::{EffectiveFieldView, ReceiptView, Stamp};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What came of taking every kept decision again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct VerifiedView {
    /// Decisions from here on were taken again.
    pub since: Stamp,
    /// The first one that is kept of these.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub oldest: Option<Stamp>,
    pub decisions: u64,
    /// Came out the same: number or hold, candidate by candidate, rungs and turn.
    pub same: u64,
    pub differ: u64,
    /// The first of those that came out otherwise.
    pub first: Vec<DifferenceView>,
    /// How many could not be taken again, by why.
    pub not_again: BTreeMap<String, u64>,
    /// Calls whose decision a crash took, and whose outcome brought them back; they have no receipt.
    pub restored: u64,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DifferenceView {
    /// The sequence number of the record.
    pub record: u64,
    pub at: Stamp,
    pub owner: String,
    pub what: String,
}

/// A replay that is under way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReplayingView {
    pub what: String,
    pub began: Stamp,
    pub records: u64,
    /// How far in the past it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<Stamp>,
}

/// The receipt of one call in words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExplainedView {
    pub asked: AskedView,
    pub answer: String,
    pub candidates: Vec<ExplainedCandidateView>,
    pub rungs: Vec<ExplainedRungView>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ranking: Option<String>,
    /// Missing where the revision is not kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policy: Option<ExplainedPolicyView>,
    pub replayed: ReplayedCallView,
    pub receipt: ReceiptView,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AskedView {
    pub owner: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub campaign: Option<String>,
    /// Of a callee only this is kept of its number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub callee_area_code: Option<u16>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub callee_state: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub callee_zip: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub callee_carrier: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExplainedCandidateView {
    pub number: String,
    pub code: String,
    pub sentence: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExplainedRungView {
    pub rung: String,
    pub sentence: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExplainedPolicyView {
    pub revision: u64,
    pub in_force: bool,
    /// Those that decided, each with the scope whose word held.
    pub fields: Vec<EffectiveFieldView>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReplayedCallView {
    /// Missing where it cannot be asked again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub same: Option<bool>,
    pub sentence: String,
}

/// What another policy would have answered to the recorded calls.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct JudgedView {
    pub since: Stamp,
    pub policy: String,
    /// Recorded calls, and how many of them could be taken again.
    pub calls: u64,
    pub again: u64,
    pub not_again: BTreeMap<String, u64>,
    /// The same number, or a hold for the same reason.
    pub same: u64,
    pub other_number: u64,
    /// Held then and shown now, by why it was held; shown then and held now, by why it would be; held for another reason.
    pub hold_to_use: BTreeMap<String, u64>,
    pub use_to_hold: BTreeMap<String, u64>,
    pub other_hold: u64,
    pub was: SideView,
    pub would_be: SideView,
    /// What such a replay cannot know.
    pub unknown: Vec<String>,
}

/// One side of the comparison, over the calls that could be taken again.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SideView {
    pub shown: u64,
    pub held: u64,
    /// Calls that one number was shown on in one calling day, without those that were never placed.
    pub per_number_day_max: u32,
    pub per_number_day_p95: u32,
    pub distinct_numbers: u64,
    /// Decisions in which a cap passed over a number.
    pub cap_touched: u64,
    pub rungs: BTreeMap<String, u64>,
    /// Shown numbers by how near they were to the callee: group, state, neighbour, zone, elsewhere.
    pub locality: BTreeMap<String, u64>,
    /// Shown numbers by their standing on the callee's carrier at the time.
    pub standing: BTreeMap<String, u64>,
    /// Calls on which the callee saw another number than the time before.
    pub changes_seen: u64,
}
