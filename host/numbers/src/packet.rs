//! What a person needs to file something by hand.

use serde::{Deserialize, Serialize};

/// One field of a form that a person submits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PacketField {
    /// The form's own element id, empty where it has none.
    pub id: String,
    pub label: String,
    pub value: String,
    pub required: bool,
    /// Only a person can fill it: a mailed code, a tick of attestation, a human check.
    pub by_person: bool,
    pub note: Option<String>,
}

/// What stands in a file of a packet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FileContent {
    Text(String),
    /// Rendered as a spreadsheet when a person fetches it.
    Table {
        columns: Vec<String>,
        rows: Vec<Vec<String>>,
    },
}

/// A file that goes with the form.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PacketFile {
    pub name: String,
    pub content: FileContent,
}

/// A letter, ready to be sent by a person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Email {
    pub to: String,
    pub subject: String,
    pub body: String,
}

/// How well the contract behind a packet is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Confidence {
    /// The agency's own documentation.
    Official,
    /// Other people's descriptions of it.
    Secondary,
    /// Nobody has published it.
    Unknown,
}

/// The ready-to-file form, files and letter for one filing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Packet {
    pub title: String,
    pub url: Option<String>,
    /// What the person does, in order.
    pub steps: Vec<String>,
    pub fields: Vec<PacketField>,
    pub files: Vec<PacketFile>,
    pub email: Option<Email>,
    /// What the person should write down when it is done.
    pub tracking: Vec<String>,
    pub acknowledged_in_days: u32,
    pub effective_in_days: u32,
    pub confidence: Confidence,
}
