//! Adapters that know which carrier serves a callee: what can be asked of one, and what its cassettes say of the answers.

pub(crate) mod rules;

use crate::call::{Call, Made};
use crate::form::{Maybe, numbers, read};
use crate::kind::{Function, Kind, Word};
use crate::words::{Described, ErrorWord, Reason, ShownPacket, ShownProbe, Waiting, written};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use numbers::{Carrier, E164};
use sandbox::agency::{Description, Probed};
use sandbox::lookup::{LookupAnswer, ServedBy};
use sandbox::{CallError, Guest, Powers, manifest};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// Look-ups of carriers, as the kit treats them.
pub static KIND: Kind = Kind { kind: manifest::Kind::CarrierLookup, functions: &FUNCTIONS, obvious: "lookup" };

static FUNCTIONS: [Function; 4] = [
    Function {
        name: "describe",
        answers: &["description"],
        read: read::<NoRequest, Answer>,
        words: &[],
        example: "",
        effects: false,
    },
    Function {
        name: "price_micros",
        answers: &["price_micros"],
        read: read::<PriceRequest, Answer>,
        words: &[Word::Count("count")],
        example: "count = 200\n",
        effects: false,
    },
    Function {
        name: "lookup",
        answers: &["served", "pending"],
        read: read::<LookupRequest, Answer>,
        words: &[Word::Many("numbers")],
        example: "numbers = [\"+13125550142\"]\n",
        effects: false,
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

#[derive(Clone, Debug)]
enum Ask {
    Describe,
    Probe,
    Price { count: u32 },
    Lookup { callees: Vec<E164>, token: Option<String> },
}

enum Told {
    Described(Description),
    Probed(Probed),
    Priced(u64),
    LookedUp(LookupAnswer),
}

impl Ask {
    async fn ask(&self, guest: &Guest, powers: &Arc<dyn Powers>) -> Result<Told, CallError> {
        match self {
            Ask::Describe => guest.describe(powers).await.map(Told::Described),
            Ask::Probe => guest.probe(powers).await.map(Told::Probed),
            Ask::Price { count } => guest.price_micros(powers, *count).await.map(Told::Priced),
            Ask::Lookup { callees, token } => guest.lookup(powers, callees, token.clone()).await.map(Told::LookedUp),
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
struct PriceRequest {
    count: u32,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct LookupRequest {
    #[serde(deserialize_with = "numbers")]
    numbers: Vec<E164>,
    token: Option<String>,
}

impl From<ProbeRequest> for Arc<dyn Call> {
    fn from(_: ProbeRequest) -> Arc<dyn Call> {
        Arc::new(Ask::Probe)
    }
}

impl From<NoRequest> for Arc<dyn Call> {
    fn from(_: NoRequest) -> Arc<dyn Call> {
        Arc::new(Ask::Describe)
    }
}

impl From<PriceRequest> for Arc<dyn Call> {
    fn from(PriceRequest { count }: PriceRequest) -> Arc<dyn Call> {
        Arc::new(Ask::Price { count })
    }
}

impl From<LookupRequest> for Arc<dyn Call> {
    fn from(LookupRequest { numbers, token }: LookupRequest) -> Arc<dyn Call> {
        Arc::new(Ask::Lookup { callees: numbers, token })
    }
}

/// What a function answers, or how it fails.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Answer {
    #[serde(skip_serializing_if = "Option::is_none")]
    price_micros: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    served: Option<Vec<Served>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pending: Option<Waiting>,
    #[serde(skip_serializing_if = "Option::is_none")]
    probed: Option<ShownProbe>,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<Described>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<ErrorWord>,
    #[serde(skip_serializing_if = "Option::is_none")]
    value: Option<Reason>,
    #[serde(skip_serializing_if = "Option::is_none")]
    fault: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    packet: Option<ShownPacket>,
}

#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Served {
    #[serde(skip_serializing_if = "Option::is_none")]
    number: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    carrier: Option<Maybe<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    line_type: Option<Maybe<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cost_micros: Option<u64>,
}

impl From<Told> for Answer {
    fn from(told: Told) -> Answer {
        let mut answer = Answer::default();
        match told {
            Told::Described(description) => answer.description = Some(description.into()),
            Told::Probed(probed) => answer.probed = Some(probed.into()),
            Told::Priced(price) => answer.price_micros = Some(price),
            Told::LookedUp(LookupAnswer::Pending(pending)) => answer.pending = Some(pending.into()),
            Told::LookedUp(LookupAnswer::Served(served)) => {
                answer.served = Some(served.into_iter().map(Served::from).collect());
            }
        }
        answer
    }
}

impl From<ServedBy> for Served {
    fn from(served: ServedBy) -> Served {
        Served {
            number: Some(served.callee.to_string()),
            carrier: Some(served.carrier.map(Carrier::word).map(str::to_owned).into()),
            line_type: Some(served.line_type.into()),
            cost_micros: Some(served.cost_micros),
        }
    }
}
