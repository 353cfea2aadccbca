//! Providers' adapters: what can be asked of one, and what its cassettes say of the answers.

pub(crate) mod rules;

use crate::call::{Call, Made};
use crate::form::{Maybe, Time, number, read};
use crate::kind::{Function, Kind, Word};
use crate::words::{Described, ErrorWord, Reason, ShownPacket, ShownProbe, Waiting, written};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use numbers::E164;
use sandbox::agency::{Description, Probed};
use sandbox::provider::{Acquired, HeldNumber, Offer, Page};
use sandbox::{CallError, Guest, Powers, manifest};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// Providers, as the kit treats them.
pub static KIND: Kind = Kind { kind: manifest::Kind::Provider, functions: &FUNCTIONS, obvious: "search" };

static FUNCTIONS: [Function; 6] = [
    Function {
        name: "describe",
        answers: &["description"],
        read: read::<NoRequest, Answer>,
        words: &[],
        example: "",
        effects: false,
    },
    Function {
        name: "search",
        answers: &["offers"],
        read: read::<SearchRequest, Answer>,
        words: &[Word::One("area_code"), Word::Count("count")],
        example: "area_code = \"202\"\ncount = 2\n",
        effects: false,
    },
    Function {
        name: "acquire",
        answers: &["acquired", "pending"],
        read: read::<AcquireRequest, Answer>,
        words: &[Word::One("key"), Word::One("number")],
        example: "key = \"buy-7\"\nnumber = \"+12025550143\"\n",
        effects: true,
    },
    Function {
        name: "release",
        answers: &["released"],
        read: read::<ReleaseRequest, Answer>,
        words: &[Word::One("key"), Word::One("number")],
        example: "key = \"give-7\"\nnumber = \"+12025550143\"\n",
        effects: true,
    },
    Function {
        name: "list_numbers",
        answers: &["numbers", "next"],
        read: read::<ListRequest, Answer>,
        words: &[Word::Maybe("page")],
        example: "page = \"2\"\n",
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
    Search { area_code: String, count: u32 },
    Acquire { key: String, number: E164 },
    Release { key: String, number: E164 },
    ListNumbers { page: Option<String> },
}

enum Told {
    Described(Description),
    Probed(Probed),
    Offered(Vec<Offer>),
    Acquired(Acquired),
    Released,
    Listed(Page),
}

impl Ask {
    async fn ask(&self, guest: &Guest, powers: &Arc<dyn Powers>) -> Result<Told, CallError> {
        match self.clone() {
            Ask::Describe => guest.describe(powers).await.map(Told::Described),
            Ask::Probe => guest.probe(powers).await.map(Told::Probed),
            Ask::Search { area_code, count } => guest.search(powers, &area_code, count).await.map(Told::Offered),
            Ask::Acquire { key, number } => guest.acquire(powers, &key, number).await.map(Told::Acquired),
            Ask::Release { key, number } => guest.release(powers, &key, number).await.map(|()| Told::Released),
            Ask::ListNumbers { page } => guest.list_numbers(powers, page).await.map(Told::Listed),
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
struct SearchRequest {
    area_code: String,
    count: u32,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AcquireRequest {
    key: String,
    #[serde(deserialize_with = "number")]
    number: E164,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ReleaseRequest {
    key: String,
    #[serde(deserialize_with = "number")]
    number: E164,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ListRequest {
    page: Option<String>,
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

impl From<SearchRequest> for Arc<dyn Call> {
    fn from(SearchRequest { area_code, count }: SearchRequest) -> Arc<dyn Call> {
        Arc::new(Ask::Search { area_code, count })
    }
}

impl From<AcquireRequest> for Arc<dyn Call> {
    fn from(AcquireRequest { key, number }: AcquireRequest) -> Arc<dyn Call> {
        Arc::new(Ask::Acquire { key, number })
    }
}

impl From<ReleaseRequest> for Arc<dyn Call> {
    fn from(ReleaseRequest { key, number }: ReleaseRequest) -> Arc<dyn Call> {
        Arc::new(Ask::Release { key, number })
    }
}

impl From<ListRequest> for Arc<dyn Call> {
    fn from(ListRequest { page }: ListRequest) -> Arc<dyn Call> {
        Arc::new(Ask::ListNumbers { page })
    }
}

/// What a function answers, or how it fails.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Answer {
    #[serde(skip_serializing_if = "Option::is_none")]
    offers: Option<Vec<Offered>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    acquired: Option<Held>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pending: Option<Waiting>,
    #[serde(skip_serializing_if = "Option::is_none")]
    released: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    numbers: Option<Vec<Held>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<Maybe<String>>,
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
struct Offered {
    #[serde(skip_serializing_if = "Option::is_none")]
    number: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    monthly_micros: Option<u64>,
}

#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Held {
    #[serde(skip_serializing_if = "Option::is_none")]
    number: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    acquired_at: Option<Maybe<Time>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    inbound_route: Option<Maybe<String>>,
}

impl From<Told> for Answer {
    fn from(told: Told) -> Answer {
        let mut answer = Answer::default();
        match told {
            Told::Described(description) => answer.description = Some(description.into()),
            Told::Probed(probed) => answer.probed = Some(probed.into()),
            Told::Offered(offers) => answer.offers = Some(offers.into_iter().map(Offered::from).collect()),
            Told::Acquired(Acquired::Held(held)) => answer.acquired = Some(held.into()),
            Told::Acquired(Acquired::Pending(pending)) => answer.pending = Some(pending.into()),
            Told::Released => answer.released = Some(true),
            Told::Listed(Page { numbers, next }) => {
                answer.numbers = Some(numbers.into_iter().map(Held::from).collect());
                answer.next = Some(next.into());
            }
        }
        answer
    }
}

impl From<Offer> for Offered {
    fn from(offer: Offer) -> Offered {
        Offered { number: Some(offer.number.to_string()), monthly_micros: Some(offer.monthly_micros) }
    }
}

impl From<HeldNumber> for Held {
    fn from(held: HeldNumber) -> Held {
        Held {
            number: Some(held.number.to_string()),
            acquired_at: Some(held.acquired_at.map(|at| Time(at.seconds())).into()),
            inbound_route: Some(held.inbound_route.into()),
        }
    }
}
