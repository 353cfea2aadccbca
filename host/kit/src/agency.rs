//! Agencies' adapters: what can be asked of one, and what its cassettes say of the answers.

mod answer;
mod rules;

pub use answer::Answer;

use crate::cassette::{Time, carrier, number, numbers, read};
use crate::kind::{Call, Function, Kind};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use numbers::{Business, Carrier, E164, Moment, Status};
use sandbox::agency::{CheckAnswer, Description, Dispute, FilingAnswer, InboundAnswer, Register, TrackAnswer};
use sandbox::{CallError, Guest, Powers, manifest};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Agencies, as the kit treats them.
pub static KIND: Kind = Kind {
    kind: manifest::Kind::Agency,
    functions: &FUNCTIONS,
    sketch,
    rules: rules::list,
    judge: |bench| rules::judge(bench).boxed(),
};

static FUNCTIONS: [Function; 7] = [
    Function { name: "describe", answers: &["description"], read: read::<NoRequest, Answer> },
    Function { name: "check", answers: &["observations", "pending"], read: read::<CheckRequest, Answer> },
    Function { name: "register", answers: &["filed", "pending"], read: read::<RegisterRequest, Answer> },
    Function { name: "dispute", answers: &["filed", "pending"], read: read::<DisputeRequest, Answer> },
    Function { name: "track", answers: &["found", "absent", "unknown"], read: read::<TrackRequest, Answer> },
    Function { name: "inbound", answers: &["observations", "filings"], read: read::<InboundRequest, Answer> },
    Function { name: "call_started", answers: &["noted"], read: read::<OwnCall, Answer> },
];

/// A check of these numbers.
fn sketch(numbers: &[String]) -> toml::Table {
    let numbers = toml::Value::from(numbers.to_vec());
    let request = toml::Table::from_iter([("numbers".to_owned(), numbers)]);
    toml::Table::from_iter([("call".to_owned(), "check".into()), ("request".to_owned(), request.into())])
}

/// A call of an agency's adapter.
#[derive(Clone, Debug)]
pub enum Ask {
    Describe,
    Check { numbers: Vec<E164>, token: Option<String> },
    Register(Register),
    Dispute(Dispute),
    Track { key: String },
    Inbound { headers: Vec<(String, String)>, body: String },
    CallStarted { number: E164, started_at: Moment },
}

/// What came back, before it is put into a cassette's words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Told {
    Described(Description),
    Checked(CheckAnswer),
    Filed(FilingAnswer),
    Tracked(TrackAnswer),
    Brought(InboundAnswer),
    Noted,
}

impl Ask {
    /// Makes the call.
    ///
    /// # Errors
    /// The adapter's own error, an answer that cannot be true, or the fault that ended the call.
    pub async fn ask(&self, guest: &Guest, powers: &Arc<dyn Powers>) -> Result<Told, CallError> {
        match self.clone() {
            Ask::Describe => guest.describe(powers).await.map(Told::Described),
            Ask::Check { numbers, token } => guest.check(powers, &numbers, token).await.map(Told::Checked),
            Ask::Register(register) => guest.register(powers, register).await.map(Told::Filed),
            Ask::Dispute(dispute) => guest.dispute(powers, dispute).await.map(Told::Filed),
            Ask::Track { key } => guest.track(powers, &key).await.map(Told::Tracked),
            Ask::Inbound { headers, body } => guest.inbound(powers, headers, body).await.map(Told::Brought),
            Ask::CallStarted { number, started_at } => {
                guest.call_started(powers, number, started_at).await.map(|()| Told::Noted)
            }
        }
    }
}

impl Call for Ask {
    fn make<'a>(&'a self, guest: &'a Guest, powers: &'a Arc<dyn Powers>) -> BoxFuture<'a, toml::Table> {
        async move { Answer::from(self.ask(guest, powers).await).table() }.boxed()
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NoRequest {}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CheckRequest {
    #[serde(deserialize_with = "numbers")]
    numbers: Vec<E164>,
    token: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RegisterRequest {
    key: String,
    business: Business,
    #[serde(deserialize_with = "numbers")]
    numbers: Vec<E164>,
    token: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DisputeRequest {
    key: String,
    business: Business,
    #[serde(deserialize_with = "number")]
    number: E164,
    agency: String,
    #[serde(default, deserialize_with = "carrier")]
    carrier: Option<Carrier>,
    label: Option<String>,
    status: Status,
    statement: String,
    token: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TrackRequest {
    key: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct InboundRequest {
    #[serde(default)]
    headers: BTreeMap<String, crate::cassette::Texts>,
    body: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OwnCall {
    #[serde(deserialize_with = "number")]
    number: E164,
    started_at: Time,
}

impl From<NoRequest> for Arc<dyn Call> {
    fn from(_: NoRequest) -> Arc<dyn Call> {
        Arc::new(Ask::Describe)
    }
}

impl From<CheckRequest> for Arc<dyn Call> {
    fn from(CheckRequest { numbers, token }: CheckRequest) -> Arc<dyn Call> {
        Arc::new(Ask::Check { numbers, token })
    }
}

impl From<RegisterRequest> for Arc<dyn Call> {
    fn from(RegisterRequest { key, business, numbers, token }: RegisterRequest) -> Arc<dyn Call> {
        Arc::new(Ask::Register(Register { key, business, numbers, token }))
    }
}

impl From<DisputeRequest> for Arc<dyn Call> {
    fn from(request: DisputeRequest) -> Arc<dyn Call> {
        let DisputeRequest { key, business, number, agency, carrier, label, status, statement, token } = request;
        Arc::new(Ask::Dispute(Dispute { key, business, number, agency, carrier, label, status, statement, token }))
    }
}

impl From<TrackRequest> for Arc<dyn Call> {
    fn from(TrackRequest { key }: TrackRequest) -> Arc<dyn Call> {
        Arc::new(Ask::Track { key })
    }
}

impl From<InboundRequest> for Arc<dyn Call> {
    fn from(InboundRequest { headers, body }: InboundRequest) -> Arc<dyn Call> {
        let pairs = headers.iter().flat_map(|(name, texts)| texts.iter().map(|text| (name.clone(), text.to_owned())));
        Arc::new(Ask::Inbound { headers: pairs.collect(), body })
    }
}

impl From<OwnCall> for Arc<dyn Call> {
    fn from(OwnCall { number, started_at }: OwnCall) -> Arc<dyn Call> {
        Arc::new(Ask::CallStarted { number, started_at: Moment::from_seconds(started_at.0) })
    }
}
