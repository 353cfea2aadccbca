//! Agencies' adapters: what can be asked of one, and what its cassettes say of the answers.

mod answer;
pub(crate) mod rules;
mod told;

pub use answer::Answer;
pub use told::Told;

use crate::call::{Call, Made};
use crate::form::{Texts, Time, carrier, named, number, numbers, read};
use crate::kind::{Function, Kind, Word};
use crate::words::written;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use numbers::{Business, Carrier, E164, Moment, Status};
use sandbox::agency::{Check, Dispute, Register};
use sandbox::{CallError, Guest, Powers, manifest};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Agencies, as the kit treats them.
pub static KIND: Kind = Kind { kind: manifest::Kind::Agency, functions: &FUNCTIONS, obvious: "check" };

static FUNCTIONS: [Function; 8] = [
    Function {
        name: "describe",
        answers: &["description"],
        read: read::<NoRequest, Answer>,
        words: &[],
        example: "",
        effects: false,
    },
    Function {
        name: "check",
        answers: &["observations", "pending"],
        read: read::<CheckRequest, Answer>,
        words: &[Word::Many("numbers")],
        example: "numbers = [\"+12025550143\"]\n",
        effects: false,
    },
    Function {
        name: "register",
        answers: &["filed", "pending"],
        read: read::<RegisterRequest, Answer>,
        words: &[],
        example: include_str!("agency/register.toml"),
        effects: true,
    },
    Function {
        name: "dispute",
        answers: &["filed", "pending"],
        read: read::<DisputeRequest, Answer>,
        words: &[],
        example: include_str!("agency/dispute.toml"),
        effects: true,
    },
    Function {
        name: "track",
        answers: &["found", "absent", "unknown"],
        read: read::<TrackRequest, Answer>,
        words: &[Word::One("key")],
        example: "key = \"case-7-submit\"\n",
        effects: false,
    },
    Function {
        name: "inbound",
        answers: &["observations", "filings"],
        read: read::<InboundRequest, Answer>,
        words: &[],
        example: "headers = { Content-Type = \"application/json\" }\nbody = \"{}\"\n",
        effects: false,
    },
    Function {
        name: "call_started",
        answers: &["noted"],
        read: read::<OwnCall, Answer>,
        words: &[],
        example: "number = \"+12025550143\"\nstarted_at = 2026-11-23T12:00:00Z\n",
        effects: true,
    },
    Function {
        name: "probe",
        answers: &["probed"],
        read: read::<ProbeRequest, Answer>,
        words: &[],
        example: "",
        effects: false,
    },
];

/// A call of an agency's adapter.
#[derive(Clone, Debug)]
pub enum Ask {
    Describe,
    Check(Check),
    Register(Register),
    Dispute(Dispute),
    Track { key: String },
    Inbound { headers: Vec<(String, String)>, body: String },
    CallStarted { number: E164, started_at: Moment },
    Probe,
}

impl Ask {
    /// Makes the call.
    ///
    /// # Errors
    /// The adapter's own error, an answer that cannot be true, or the fault that ended the call.
    pub async fn ask(&self, guest: &Guest, powers: &Arc<dyn Powers>) -> Result<Told, CallError> {
        match self.clone() {
            Ask::Describe => guest.describe(powers).await.map(Told::Described),
            Ask::Check(check) => guest.check(powers, check).await.map(Told::Checked),
            Ask::Register(register) => guest.register(powers, register).await.map(Told::Filed),
            Ask::Dispute(dispute) => guest.dispute(powers, dispute).await.map(Told::Filed),
            Ask::Track { key } => guest.track(powers, &key).await.map(Told::Tracked),
            Ask::Inbound { headers, body } => guest.inbound(powers, headers, body).await.map(Told::Brought),
            Ask::CallStarted { number, started_at } => {
                guest.call_started(powers, number, started_at).await.map(|()| Told::Noted)
            }
            Ask::Probe => guest.probe(powers).await.map(Told::Probed),
        }
    }
}

impl Call for Ask {
    fn make<'a>(&'a self, guest: &'a Guest, powers: &'a Arc<dyn Powers>) -> BoxFuture<'a, Made> {
        async move { self.ask(guest, powers).await.map(|told| written(&Answer::from(told))) }.boxed()
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NoRequest {}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ProbeRequest {}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CheckRequest {
    #[serde(deserialize_with = "numbers")]
    numbers: Vec<E164>,
    #[serde(default, deserialize_with = "named")]
    cnams: Vec<(E164, String)>,
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
    headers: BTreeMap<String, Texts>,
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

impl From<ProbeRequest> for Arc<dyn Call> {
    fn from(_: ProbeRequest) -> Arc<dyn Call> {
        Arc::new(Ask::Probe)
    }
}

impl From<CheckRequest> for Arc<dyn Call> {
    fn from(CheckRequest { numbers, cnams, token }: CheckRequest) -> Arc<dyn Call> {
        Arc::new(Ask::Check(Check { numbers, cnams, token }))
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
