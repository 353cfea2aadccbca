//! What agencies make of a number: observations as they come in, and the standing we therefore hold.

use crate::carrier::Carrier;
use crate::e164::E164;
use crate::moment::Moment;
use core::fmt;
use serde::{Deserialize, Serialize};

/// The canonical scale. A failed or empty look-up is `Unknown`, never `Unflagged`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    Unflagged,
    Unknown,
    MixedLow,
    MixedHigh,
    Flagged,
    Blocked,
}

impl Status {
    /// The word used in files, addresses and answers.
    pub const fn word(self) -> &'static str {
        match self {
            Status::Unflagged => "unflagged",
            Status::Unknown => "unknown",
            Status::MixedLow => "mixed_low",
            Status::MixedHigh => "mixed_high",
            Status::Flagged => "flagged",
            Status::Blocked => "blocked",
        }
    }

    /// Only these keep a number from being shown.
    pub const fn excludes(self) -> bool {
        match self {
            Status::Flagged | Status::Blocked => true,
            Status::Unflagged | Status::Unknown | Status::MixedLow | Status::MixedHigh => false,
        }
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// The agency's own figure, kept beside the canonical status.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Score {
    pub value: i32,
    pub best: i32,
    pub worst: i32,
}

/// The name of an agency: `nomorobo`, `hiya`, `first_orion`, `tns`, …
pub type AgencyId = String;

/// One source's answer about one number at one time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Observation {
    pub number: E164,
    pub agency: AgencyId,
    /// Set when the opinion holds for one carrier's subscribers only.
    pub carrier: Option<Carrier>,
    pub status: Status,
    /// The agency's own words.
    pub label: Option<String>,
    pub score: Option<Score>,
    pub observed_at: Moment,
    /// Millionths of a US dollar.
    pub cost_micros: u64,
}
