//! The views: what the daemon shows of itself over the wire. Words are those of the domain types' own `word` functions.

mod adapter;
mod agency;
mod do_not_call;
mod plan;
mod policy;
mod replay;
mod shadow;

pub use adapter::*;
pub use agency::*;
pub use do_not_call::*;
pub use plan::*;
pub use policy::*;
pub use replay::*;
pub use shadow::*;

use numbers::moment::Moment;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::collections::BTreeMap;

/// A moment as people and programs write it: RFC 3339 in UTC, such as `2026-03-01T15:04:05.120Z`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Stamp(pub Moment);

impl From<Moment> for Stamp {
    fn from(moment: Moment) -> Stamp {
        Stamp(moment)
    }
}

impl std::fmt::Display for Stamp {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let millis = i64::try_from(self.0.0).unwrap_or(i64::MAX);
        // A moment beyond the year 9999 is shown as the last one there is.
        let stamp = jiff::Timestamp::from_millisecond(millis).unwrap_or(jiff::Timestamp::MAX);
        write!(f, "{stamp}")
    }
}

impl Stamp {
    /// Reads RFC 3339, or whole seconds since 1970.
    pub fn parse(text: &str) -> Option<Stamp> {
        if let Ok(seconds) = text.parse::<u64>() {
            return Some(Stamp(Moment::from_seconds(seconds)));
        }
        let stamp: jiff::Timestamp = text.parse().ok()?;
        Some(Stamp(Moment(u64::try_from(stamp.as_millisecond()).ok()?)))
    }
}

impl Serialize for Stamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Stamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Stamp, D::Error> {
        let text = String::deserialize(deserializer)?;
        Stamp::parse(&text).ok_or_else(|| {
            serde::de::Error::custom(format!("{text:?} is no time; write it as in 2026-03-01T15:04:05Z"))
        })
    }
}

/// A user or campaign with its pool.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OwnerView {
    pub kind: super::OwnerKind,
    pub name: String,
    pub business: String,
    /// How many numbers the pool should have.
    pub pool_size: u32,
    pub pool: Vec<PoolNumber>,
}

/// A number in a pool, in short.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PoolNumber {
    pub number: String,
    pub life: String,
    pub shown_today: u32,
}

/// What became of an import.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImportReport {
    pub added: u64,
    /// Held before this import, or named twice in it. They are as they were.
    pub already_held: u64,
    pub refused: Vec<RefusedRow>,
}

/// A row that was not taken.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefusedRow {
    pub row: u32,
    pub reason: String,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct NumberPage {
    pub numbers: Vec<NumberView>,
    /// Give it as `after` for the next page; none when this is the last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

/// A number and all that is held of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NumberView {
    pub number: String,
    pub business: String,
    /// `provider:<name>`, `declared:<who>` or `unproven`.
    pub right: String,
    /// `new` or `in_service`.
    pub service: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub in_service_since: Option<Stamp>,
    /// Until when an adopted number must have what it lacks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deadline: Option<Stamp>,
    pub life: String,
    pub life_since: Stamp,
    /// `aside`, `reserve`, `bench`, `user <name>` or `campaign <name>`.
    pub place: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub home: Option<String>,
    /// Calls it was shown on in this calling day, and the cap that holds now.
    pub shown_today: u32,
    pub cap_today: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_shown: Option<Stamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rest_until: Option<Stamp>,
    /// Carriers on whose callees it rests while it serves the others; empty where it rests wholly or not at all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub resting_on: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub callback_route: Option<String>,
    /// One for each source that has spoken.
    pub standings: Vec<StandingView>,
    /// One for each carrier.
    pub carriers: Vec<CarrierView>,
    /// Carriers of which no source tells us anything.
    pub unobserved: Vec<String>,
    pub registrations: Vec<RegistrationView>,
    /// The open cases.
    pub cases: Vec<u64>,
    pub revision: u64,
}

/// What is held of a number at one agency.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StandingView {
    pub agency: String,
    /// The adapter or person that said so.
    pub source: String,
    /// The carriers whose callees it concerns.
    pub carriers: Vec<String>,
    pub status: String,
    /// The agency's own words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub score: Option<i32>,
    pub observed_at: Stamp,
}

/// A number as callees of one carrier meet it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CarrierView {
    pub carrier: String,
    /// The worst standing that concerns it.
    pub status: String,
    pub evidence: EvidenceView,
}

/// What our own calls show.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct EvidenceView {
    pub attempts: u64,
    pub human_answers: u64,
    pub talk_seconds: u64,
    pub short_calls: u64,
    pub blocks: u64,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RegistrationView {
    pub adapter: String,
    /// `filing`, `filed`, `unsupported` or `refused`.
    pub state: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<Stamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub filing: Option<u64>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CasePage {
    pub cases: Vec<CaseView>,
    /// Give it as `before` for the next page; none when this is the last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<u64>,
}

/// A dispute of a label.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CaseView {
    pub id: u64,
    pub number: String,
    pub business: String,
    pub agency: String,
    /// `open`, `submitting`, `submitted`, `verifying`, `cleared`, `refused` or `expired`.
    pub state: String,
    pub open: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    pub opened_at: Stamp,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub closed_at: Option<Stamp>,
    /// Disputes sent so far.
    pub attempts: u32,
    /// The next thing that will happen by itself or needs a person.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
    pub tasks: Vec<u64>,
    pub history: Vec<CaseNote>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CaseNote {
    pub at: Stamp,
    pub what: String,
}

/// A step that only a person can do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TaskView {
    pub id: u64,
    /// Such as `register` or `dispute`.
    pub kind: String,
    pub title: String,
    pub business: String,
    pub adapter: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub case: Option<u64>,
    pub numbers: Vec<String>,
    pub created_at: Stamp,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub done: Option<TaskDoneView>,
    /// In a list it is left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub packet: Option<PacketView>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TaskDoneView {
    pub at: Stamp,
    pub by: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// The ready-to-file form, files and letter.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PacketView {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    pub steps: Vec<String>,
    pub fields: Vec<PacketFieldView>,
    /// Names; the content is fetched file by file.
    pub files: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<EmailView>,
    /// What the person writes down when it is done.
    pub tracking: Vec<String>,
    pub acknowledged_in_days: u32,
    pub effective_in_days: u32,
    /// How well the contract is known: `official`, `secondary` or `unknown`.
    pub confidence: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PacketFieldView {
    pub id: String,
    pub label: String,
    pub value: String,
    pub required: bool,
    pub by_person: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EmailView {
    pub to: String,
    pub subject: String,
    pub body: String,
}

/// Why a call got the answer it got, as it was stored then.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReceiptView {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decision_id: Option<String>,
    pub call_id: String,
    pub at: Stamp,
    /// Whose pool answered. This, the candidates and the policy are missing where a crash took the record of the decision
    /// and only its outcome brought it back; the reason then is `restored_by_its_outcome`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
    pub answer: super::AskAnswer,
    /// The do-not-call lists on which the callee stood when it was decided, the one that least can be said against first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub listed: Vec<String>,
    pub candidates: Vec<CandidateView>,
    /// The rungs of the ladder that were climbed.
    pub rungs: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policy_revision: Option<u64>,
    /// What the policy's ranker had to do with it, where one was asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ranking: Option<RankingView>,
    /// What became of the call, as far as it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outcome: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RankingView {
    pub ranker: String,
    /// What it put first, and in which order. Empty where the policy's own order held.
    pub order: Vec<String>,
    /// Why it put them so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Why the policy's own order held.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fell_back: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CandidateView {
    pub number: String,
    pub chosen: bool,
    /// Why it was passed over, or taken, as reason codes.
    pub reasons: Vec<String>,
}

/// A new version of a file that changed nothing, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefusalView {
    pub at: Stamp,
    pub problems: Vec<ProblemView>,
}

/// Place, reason, remedy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProblemView {
    /// Such as `policies/acme.toml:12`.
    pub place: String,
    pub reason: String,
    pub remedy: String,
}

/// Something that keeps the daemon from a part of its work.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TroubleView {
    /// Stable, for programs: `disk_full`, `store_broken`, …
    pub code: String,
    /// What it is and what follows from it.
    pub sentence: String,
    pub remedy: String,
    /// Calls are not answered meanwhile.
    pub stops_calls: bool,
    /// Only a restart ends it.
    pub needs_restart: bool,
}

/// What the daemon serves, and what to do next.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StatusView {
    pub version: String,
    pub running_since: Stamp,
    pub listen: String,
    pub data: String,
    pub durability: String,
    pub businesses: u64,
    pub users: u64,
    pub campaigns: u64,
    pub numbers: u64,
    /// How many numbers are in each life.
    pub lives: BTreeMap<String, u64>,
    pub cases_open: u64,
    pub tasks_open: u64,
    /// Since the start.
    pub decisions: u64,
    pub holds: u64,
    pub outcomes: u64,
    pub orphans: u64,
    /// Adapter ids with their states.
    pub adapters: BTreeMap<String, String>,
    /// Sentences for the operator, the most pressing first.
    pub advice: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExportView {
    pub path: String,
    pub records: u64,
    pub bytes: u64,
    /// The file with the key of the installation, which no export holds and without which callees are strangers.
    pub key: String,
}
