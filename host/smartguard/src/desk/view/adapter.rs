//! Adapters as people see them, and what came of one call by hand.

use super::{RefusalView, Stamp};
use kit::attempt::{Exchange, Seen};
use kit::test::Used;
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AdapterView {
    pub id: String,
    /// The agency's own name.
    pub name: String,
    /// The WIT world it serves: `agency`, …
    pub world: String,
    /// Where it came from: `bundled` or a folder.
    pub origin: String,
    /// `live`, `development`, `ungranted`, `benched` or `refused`. Under development it serves like a live one, from its
    /// author's own folder, until `adapter dev` ends.
    pub state: String,
    /// Why it is in that state.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The start of the content hash of what serves now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revision: Option<String>,
    /// The functions that it supports.
    pub functions: Vec<String>,
    /// The powers its manifest asks for, and those that the operator granted.
    pub asks: Vec<String>,
    pub granted: Vec<String>,
    /// A newer version that was not taken.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_refusal: Option<RefusalView>,
    /// A newer version that waits for a grant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub waiting: Option<WaitingView>,
    pub calls: u64,
    pub faults: u64,
    /// The last call of this version that brought no answer, through its own fault or its agency's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_failure: Option<FailureView>,
}

/// A version of an adapter that asks for more than it was granted; what serves meanwhile is the one before.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WaitingView {
    pub version: String,
    /// The powers that it asks for and was not granted.
    pub asks_more: Vec<String>,
}

/// A call of an adapter that brought no answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FailureView {
    pub at: Stamp,
    pub reason: String,
}

/// One call of an adapter, made by hand.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TryView {
    pub adapter: String,
    pub function: String,
    /// What it answered, in the words of a cassette's `[answer]`; none when it failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answer: Option<serde_json::Value>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// What to do about the error.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remedy: Option<String>,
    /// The requests that it made, without secrets.
    pub exchanges: Vec<Exchange>,
    pub log: Vec<String>,
    pub took_ms: u64,
    /// What the call used up; none when it was never made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub used: Option<Used>,
}

impl TryView {
    /// What came of a call: its answer, or the error with what to do about it.
    pub fn of(
        adapter: &str,
        function: &str,
        outcome: Result<serde_json::Value, (String, Option<String>)>,
        seen: Seen,
        took: core::time::Duration,
    ) -> TryView {
        let (answer, error, remedy) = match outcome {
            Ok(answer) => (Some(answer), None, None),
            Err((error, remedy)) => (None, Some(error), remedy),
        };
        let Seen { exchanges, log, used } = seen;
        let took_ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
        let (adapter, function) = (adapter.to_owned(), function.to_owned());
        TryView { adapter, function, answer, error, remedy, exchanges, log, took_ms, used }
    }
}
