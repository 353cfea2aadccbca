//! `[answer]` of an agency's cassette: the same words whether an author expects them or an adapter said them.
//!
//! An author names what matters; an adapter's answer names everything, with `false` for nothing there.

use super::Told;
use crate::cassette::{Maybe, Time, table_of};
use numbers::{Carrier, Confidence, FileContent, Observation, Packet, PacketField, PacketFile, Status};
use sandbox::agency::{
    CheckAnswer, Description, Filing, FilingAnswer, FilingStatus, InboundAnswer, Pending, TrackAnswer,
};
use sandbox::{AdapterError, CallError};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What a function answers, or how it fails.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Answer {
    #[serde(skip_serializing_if = "Option::is_none")]
    observations: Option<Vec<Observed>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    filings: Option<Vec<Update>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pending: Option<Waiting>,
    #[serde(skip_serializing_if = "Option::is_none")]
    filed: Option<Filed>,
    #[serde(skip_serializing_if = "Option::is_none")]
    found: Option<Filed>,
    #[serde(skip_serializing_if = "Option::is_none")]
    absent: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    unknown: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    noted: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<Described>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<ErrorWord>,
    /// The reason, or the seconds of `retry-after`.
    #[serde(skip_serializing_if = "Option::is_none")]
    value: Option<Reason>,
    /// The call was ended: the whole sentence that people see.
    #[serde(skip_serializing_if = "Option::is_none")]
    fault: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    packet: Option<ShownPacket>,
}

/// The adapter's typed errors, as the interface spells them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
enum ErrorWord {
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
enum Reason {
    Text(String),
    Seconds(u64),
}

#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Observed {
    #[serde(skip_serializing_if = "Option::is_none")]
    number: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    agency: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    carrier: Option<Maybe<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<Status>,
    #[serde(skip_serializing_if = "Option::is_none")]
    label: Option<Maybe<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    score: Option<Maybe<ShownScore>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    observed_at: Option<Time>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cost_micros: Option<u64>,
}

#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct ShownScore {
    value: i32,
    best: i32,
    worst: i32,
}

#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Waiting {
    #[serde(skip_serializing_if = "Option::is_none")]
    token: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ask_again_s: Option<u64>,
}

#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Filed {
    #[serde(skip_serializing_if = "Option::is_none")]
    reference: Option<Maybe<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<FiledStatus>,
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<Maybe<String>>,
}

#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
enum FiledStatus {
    Submitted,
    InReview,
    Accepted,
    Refused,
}

#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Update {
    #[serde(skip_serializing_if = "Option::is_none")]
    key: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    filing: Option<Filed>,
}

#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Described {
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
struct ShownPacket {
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

impl Answer {
    /// As a cassette has it.
    pub fn table(&self) -> toml::Table {
        // What no TOML file can hold is not what anybody expects.
        table_of(self).unwrap_or_else(|reason| {
            let fault = toml::Value::String(format!("the answer cannot be written down: {reason}"));
            toml::Table::from_iter([("fault".to_owned(), fault)])
        })
    }

    fn failed(error: ErrorWord, reason: Reason) -> Answer {
        Answer { error: Some(error), value: Some(reason), ..Answer::default() }
    }
}

impl From<Result<Told, CallError>> for Answer {
    fn from(told: Result<Told, CallError>) -> Answer {
        match told {
            Ok(told) => told.into(),
            Err(CallError::Adapter(error)) => error.into(),
            Err(CallError::Fault(fault)) => Answer { fault: Some(fault.to_string()), ..Answer::default() },
        }
    }
}

impl From<Told> for Answer {
    fn from(told: Told) -> Answer {
        let mut answer = Answer::default();
        match told {
            Told::Described(description) => answer.description = Some(description.into()),
            Told::Checked(CheckAnswer::Observations(seen)) => answer.observations = Some(observed(seen)),
            Told::Checked(CheckAnswer::Pending(pending)) | Told::Filed(FilingAnswer::Pending(pending)) => {
                answer.pending = Some(pending.into());
            }
            Told::Filed(FilingAnswer::Filed(filing)) => answer.filed = Some(filing.into()),
            Told::Tracked(TrackAnswer::Found(filing)) => answer.found = Some(filing.into()),
            Told::Tracked(TrackAnswer::Absent) => answer.absent = Some(true),
            Told::Tracked(TrackAnswer::Unknown) => answer.unknown = Some(true),
            Told::Brought(InboundAnswer { observations, filings }) => {
                answer.observations = Some(observed(observations));
                let update = |(key, filing): (String, Filing)| Update { key: Some(key), filing: Some(filing.into()) };
                answer.filings = Some(filings.into_iter().map(update).collect());
            }
            Told::Noted => answer.noted = Some(true),
        }
        answer
    }
}

impl From<AdapterError> for Answer {
    fn from(error: AdapterError) -> Answer {
        match error {
            AdapterError::NeedsPerson(packet) => {
                let packet = Some(ShownPacket::from(*packet));
                Answer { error: Some(ErrorWord::NeedsPerson), packet, ..Answer::default() }
            }
            AdapterError::RetryAfter(wait) => Answer::failed(ErrorWord::RetryAfter, Reason::Seconds(wait.as_secs())),
            AdapterError::Rejected(reason) => Answer::failed(ErrorWord::Rejected, Reason::Text(reason)),
            AdapterError::Unauthorized(reason) => Answer::failed(ErrorWord::Unauthorized, Reason::Text(reason)),
            AdapterError::Unavailable(reason) => Answer::failed(ErrorWord::Unavailable, Reason::Text(reason)),
            AdapterError::Protocol(detail) => Answer::failed(ErrorWord::Protocol, Reason::Text(detail)),
            AdapterError::Internal(message) => Answer::failed(ErrorWord::Internal, Reason::Text(message)),
            AdapterError::Unsupported(reason) => Answer::failed(ErrorWord::Unsupported, Reason::Text(reason)),
        }
    }
}

fn observed(seen: Vec<Observation>) -> Vec<Observed> {
    let one = |seen: Observation| Observed {
        number: Some(seen.number.to_string()),
        agency: Some(seen.agency),
        carrier: Some(seen.carrier.map(Carrier::word).map(str::to_owned).into()),
        status: Some(seen.status),
        label: Some(seen.label.into()),
        score: Some(seen.score.map(|s| ShownScore { value: s.value, best: s.best, worst: s.worst }).into()),
        observed_at: Some(Time(seen.observed_at.seconds())),
        cost_micros: Some(seen.cost_micros),
    };
    seen.into_iter().map(one).collect()
}

impl From<Pending> for Waiting {
    fn from(pending: Pending) -> Waiting {
        Waiting { token: Some(pending.token), ask_again_s: Some(pending.ask_again.as_secs()) }
    }
}

impl From<Filing> for Filed {
    fn from(filing: Filing) -> Filed {
        let status = match filing.status {
            FilingStatus::Submitted => FiledStatus::Submitted,
            FilingStatus::InReview => FiledStatus::InReview,
            FilingStatus::Accepted => FiledStatus::Accepted,
            FilingStatus::Refused => FiledStatus::Refused,
        };
        Filed { reference: Some(filing.reference.into()), status: Some(status), detail: Some(filing.detail.into()) }
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
