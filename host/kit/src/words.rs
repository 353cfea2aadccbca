//! Words of `[answer]` that every kind of adapter has: how a call fails, what only a person can do, what takes its time,
//! and what an adapter says of itself.

use crate::call::Made;
use crate::form::{Maybe, table_of};
use numbers::{Confidence, FileContent, Packet, PacketField, PacketFile};
use sandbox::agency::{Description, Pending, Probed};
use sandbox::{AdapterError, CallError};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What came of a call, as a cassette has it.
pub(crate) fn table(made: Made) -> toml::Table {
    made.unwrap_or_else(|error| written(&Failed::from(error)))
}

/// An answer, as a cassette has it.
pub(crate) fn written<A: Serialize>(answer: &A) -> toml::Table {
    // What no TOML file can hold is not what anybody expects.
    table_of(answer).unwrap_or_else(|reason| {
        let fault = toml::Value::String(format!("the answer cannot be written down: {reason}"));
        toml::Table::from_iter([("fault".to_owned(), fault)])
    })
}

/// How a call fails; the same fields stand in every kind's answer.
#[derive(Default, Serialize)]
struct Failed {
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<ErrorWord>,
    #[serde(skip_serializing_if = "Option::is_none")]
    value: Option<Reason>,
    #[serde(skip_serializing_if = "Option::is_none")]
    fault: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    packet: Option<ShownPacket>,
}

impl From<CallError> for Failed {
    fn from(error: CallError) -> Failed {
        let error = match error {
            CallError::Adapter(error) => error,
            CallError::Fault(fault) => return Failed { fault: Some(fault.to_string()), ..Failed::default() },
        };
        let (error, value) = match error {
            AdapterError::NeedsPerson(packet) => {
                let packet = Some(ShownPacket::from(*packet));
                return Failed { error: Some(ErrorWord::NeedsPerson), packet, ..Failed::default() };
            }
            AdapterError::RetryAfter(wait) => (ErrorWord::RetryAfter, Reason::Seconds(wait.as_secs())),
            AdapterError::Rejected(reason) => (ErrorWord::Rejected, Reason::Text(reason)),
            AdapterError::Unauthorized(reason) => (ErrorWord::Unauthorized, Reason::Text(reason)),
            AdapterError::Unavailable(reason) => (ErrorWord::Unavailable, Reason::Text(reason)),
            AdapterError::Protocol(detail) => (ErrorWord::Protocol, Reason::Text(detail)),
            AdapterError::Internal(message) => (ErrorWord::Internal, Reason::Text(message)),
            AdapterError::Unsupported(reason) => (ErrorWord::Unsupported, Reason::Text(reason)),
        };
        Failed { error: Some(error), value: Some(value), ..Failed::default() }
    }
}

/// The adapter's typed errors, as the interface spells them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum ErrorWord {
    RetryAfter,
    Rejected,
    Unauthorized,
    Unavailable,
    NeedsPerson,
    Protocol,
    Internal,
    Unsupported,
}

#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(untagged, expecting = "neither a text nor seconds")]
pub(crate) enum Reason {
    Text(String),
    Seconds(u64),
}

#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Waiting {
    #[serde(skip_serializing_if = "Option::is_none")]
    token: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ask_again_s: Option<u64>,
}

/// What a probe showed.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ShownProbe {
    #[serde(skip_serializing_if = "Option::is_none")]
    found: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cost_micros: Option<u64>,
}

impl From<Probed> for ShownProbe {
    fn from(Probed { found, cost_micros }: Probed) -> ShownProbe {
        ShownProbe { found: Some(found), cost_micros: Some(cost_micros) }
    }
}

#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Described {
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    functions: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    speaks_for: Option<Vec<String>>,
}

#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ShownPacket {
    #[serde(skip_serializing_if = "Option::is_none")]
    title: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    url: Option<Maybe<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    steps: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tracking: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    acknowledged_in_days: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    effective_in_days: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    confidence: Option<Confidence>,
    #[serde(skip_serializing_if = "Option::is_none")]
    email: Option<Maybe<ShownEmail>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    fields: Option<Vec<ShownField>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    files: Option<Vec<ShownFile>>,
    /// The same fields, looked up by id, or by label where the form has no id.
    #[serde(skip_serializing_if = "Option::is_none")]
    field_values: Option<BTreeMap<String, String>>,
}

#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct ShownEmail {
    #[serde(skip_serializing_if = "Option::is_none")]
    to: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    subject: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    body: Option<String>,
}

#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct ShownField {
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    label: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    value: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    required: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    by_person: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<Maybe<String>>,
}

/// A file's content stands beside its name.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct ShownFile {
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    table: Option<ShownTable>,
}

#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct ShownTable {
    columns: Vec<String>,
    rows: Vec<Vec<String>>,
}

impl From<Pending> for Waiting {
    fn from(pending: Pending) -> Waiting {
        Waiting { token: Some(pending.token), ask_again_s: Some(pending.ask_again.as_secs()) }
    }
}

impl From<Description> for Described {
    fn from(description: Description) -> Described {
        let Description { id, version, functions, speaks_for } = description;
        Described { id: Some(id), version: Some(version), functions: Some(functions), speaks_for: Some(speaks_for) }
    }
}

impl From<Packet> for ShownPacket {
    fn from(packet: Packet) -> ShownPacket {
        let name = |field: &PacketField| if field.id.is_empty() { field.label.clone() } else { field.id.clone() };
        let email = packet.email.map(|email| ShownEmail {
            to: Some(email.to),
            subject: Some(email.subject),
            body: Some(email.body),
        });
        ShownPacket {
            title: Some(packet.title),
            url: Some(packet.url.into()),
            steps: Some(packet.steps),
            tracking: Some(packet.tracking),
            acknowledged_in_days: Some(packet.acknowledged_in_days),
            effective_in_days: Some(packet.effective_in_days),
            confidence: Some(packet.confidence),
            email: Some(email.into()),
            field_values: Some(packet.fields.iter().map(|field| (name(field), field.value.clone())).collect()),
            fields: Some(packet.fields.into_iter().map(ShownField::from).collect()),
            files: Some(packet.files.into_iter().map(ShownFile::from).collect()),
        }
    }
}

impl From<PacketField> for ShownField {
    fn from(field: PacketField) -> ShownField {
        let PacketField { id, label, value, required, by_person, note } = field;
        ShownField {
            id: Some(id),
            label: Some(label),
            value: Some(value),
            required: Some(required),
            by_person: Some(by_person),
            note: Some(note.into()),
        }
    }
}

impl From<PacketFile> for ShownFile {
    fn from(file: PacketFile) -> ShownFile {
        let (text, table) = match file.content {
            FileContent::Text(text) => (Some(text), None),
            FileContent::Table { columns, rows } => (None, Some(ShownTable { columns, rows })),
        };
        ShownFile { name: Some(file.name), text, table }
    }
}
