//! Agencies as people see them: who sees, registers and disputes there, where to file by hand, and what a key would add.

use super::PacketView;
use serde::{Deserialize, Serialize};

/// An agency, and every way to it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AgencyView {
    pub id: String,
    pub name: String,
    /// The adapters whose checks report what it thinks.
    pub seen_by: Vec<WayView>,
    pub registered_by: Vec<WayView>,
    pub disputed_by: Vec<WayView>,
}

/// One adapter's way to an agency.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WayView {
    pub adapter: String,
    /// `machine`, or `person` where the adapter makes a packet.
    pub by: String,
    /// It works with the secrets that are there.
    pub usable: bool,
    /// What it lacks.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub lacks: Vec<LackView>,
    /// Millionths of a US dollar for one number, where a check costs something that is published.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub price_micros: Option<u64>,
    /// The carriers whose subscribers see what a check reports.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub carriers: Vec<String>,
}

/// A secret that is not there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LackView {
    pub secret: String,
    /// The variable of the environment that gives it.
    pub variable: String,
    /// How one gets it.
    pub obtained: String,
}

/// What one more key would add.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyAdviceView {
    pub adapter: String,
    pub lacks: Vec<LackView>,
    /// In one sentence.
    pub adds: String,
    /// Lines in a thousand that would be seen and are not.
    pub lines_permille: u32,
    /// Of what: `your callees` once enough calls have named a carrier, `US lines` before.
    pub of: String,
    /// What a check of one number costs; none where that is agreed with the agency.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub price_micros: Option<u64>,
}

/// All agencies, and what is not seen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AgenciesView {
    pub agencies: Vec<AgencyView>,
    /// The carriers of which no source that works now sees the labels.
    pub unobserved: Vec<String>,
    /// The cheapest first.
    pub keys: Vec<KeyAdviceView>,
}

/// Where a person files by hand, as an adapter's manifest says it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DirectoryEntry {
    pub adapter: String,
    pub name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub website: Option<String>,
    pub contact: String,
    pub file: String,
    pub covers: String,
    /// What our adapter does by itself, and what it prepares.
    pub ability: String,
    /// `official`, `secondary` or `unknown`.
    pub confidence: String,
    pub verified: String,
}

/// A packet that somebody asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MadePacketView {
    /// By which its files are fetched.
    pub id: String,
    pub adapter: String,
    pub packet: PacketView,
}

/// How one thing is that the daemon needs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CheckupView {
    /// `secret`, `clock`, `names`, `data`, `policy`, `reserve`, `do_not_call`, `adapter`, `daemon`.
    pub what: String,
    /// Of which of them: an adapter's id, a host, a business.
    pub of: String,
    pub state: CheckupState,
    pub found: String,
    /// What to do, where something is to be done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remedy: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CheckupState {
    Well,
    /// It could not be looked at.
    Unknown,
    Warning,
    Wrong,
}

impl CheckupState {
    pub const fn word(self) -> &'static str {
        match self {
            CheckupState::Well => "well",
            CheckupState::Unknown => "unknown",
            CheckupState::Warning => "warning",
            CheckupState::Wrong => "wrong",
        }
    }
}

/// What became of a webhook.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InboundView {
    pub observations: u64,
    pub filings: u64,
}
