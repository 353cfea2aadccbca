//! `[answer]` of an agency's cassette: the same words whether an author expects them or an adapter said them.
//!
//! An author names what matters; an adapter's answer names everything, with `false` for nothing there.

use super::told::Told;
use crate::form::{Maybe, Time};
use crate::words::{Described, ErrorWord, Reason, ShownPacket, ShownProbe, Waiting};
use numbers::{Carrier, Observation, Status};
use sandbox::agency::{CheckAnswer, Filing, FilingAnswer, FilingStatus, InboundAnswer, TrackAnswer};
use serde::{Deserialize, Serialize};

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
    probed: Option<ShownProbe>,
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
struct Filed {
    #[serde(skip_serializing_if = "Option::is_none")]
    reference: Option<Maybe<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<FiledStatus>,
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<Maybe<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    refused: Option<Vec<RefusedNumber>>,
}

#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct RefusedNumber {
    number: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
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
            Told::Probed(probed) => answer.probed = Some(probed.into()),
        }
        answer
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

impl From<Filing> for Filed {
    fn from(filing: Filing) -> Filed {
        let status = match filing.status {
            FilingStatus::Submitted => FiledStatus::Submitted,
            FilingStatus::InReview => FiledStatus::InReview,
            FilingStatus::Accepted => FiledStatus::Accepted,
            FilingStatus::Refused => FiledStatus::Refused,
        };
        let refused = filing.refused.into_iter();
        let refused =
            refused.map(|(number, reason)| RefusedNumber { number: number.to_string(), reason: Some(reason) });
        Filed {
            reference: Some(filing.reference.into()),
            status: Some(status),
            detail: Some(filing.detail.into()),
            refused: Some(refused.collect()),
        }
    }
}
