//! Rankers: what can be asked of one, and what its cassettes say of the answers.

pub(crate) mod rules;

use crate::call::{Call, Made};
use crate::form::{Time, number, read};
use crate::kind::{Function, Kind};
use crate::words::{Described, ErrorWord, Reason, ShownPacket, written};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use numbers::{E164, Moment, Status};
use sandbox::agency::Description;
use sandbox::ranker::{RankCandidate, RankRequest, Ranking};
use sandbox::{CallError, Guest, Powers, manifest};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// Rankers, as the kit treats them.
pub static KIND: Kind = Kind { kind: manifest::Kind::Ranker, functions: &FUNCTIONS, obvious: "rank" };

static FUNCTIONS: [Function; 2] = [
    Function {
        name: "describe",
        answers: &["description"],
        read: read::<NoRequest, Answer>,
        words: &[],
        example: "",
        effects: false,
    },
    Function {
        name: "rank",
        answers: &["order", "reason"],
        read: read::<RankFile, Answer>,
        words: &[],
        example: include_str!("ranker/rank.toml"),
        effects: false,
    },
];

#[derive(Clone, Debug)]
enum Ask {
    Describe,
    Rank(RankRequest),
}

enum Told {
    Described(Description),
    Ranked(Ranking),
}

impl Ask {
    async fn ask(&self, guest: &Guest, powers: &Arc<dyn Powers>) -> Result<Told, CallError> {
        match self {
            Ask::Describe => guest.describe(powers).await.map(Told::Described),
            Ask::Rank(request) => guest.rank(powers, request).await.map(Told::Ranked),
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
struct RankFile {
    call: OwnCall,
    candidates: Vec<Candidate>,
}

/// The call that a number is wanted for; what is not named is of no weight in the cassette.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OwnCall {
    #[serde(default)]
    owner: String,
    campaign: Option<String>,
    #[serde(default)]
    callee_area_code: String,
    callee_carrier: Option<String>,
    #[serde(default = "first")]
    attempt: u32,
    at: Time,
}

const fn first() -> u32 {
    1
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Candidate {
    #[serde(deserialize_with = "number")]
    number: E164,
    standing: Status,
    locality: Locality,
    #[serde(default)]
    shown_today: u32,
    #[serde(default)]
    shown_last_hour: u32,
    #[serde(default)]
    engaged: u32,
    #[serde(default)]
    attempts: u32,
    #[serde(default)]
    turn_left: u32,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Locality {
    Group,
    State,
    Zone,
    None,
}

impl Locality {
    const fn word(self) -> &'static str {
        match self {
            Locality::Group => "group",
            Locality::State => "state",
            Locality::Zone => "zone",
            Locality::None => "none",
        }
    }
}

impl From<NoRequest> for Arc<dyn Call> {
    fn from(_: NoRequest) -> Arc<dyn Call> {
        Arc::new(Ask::Describe)
    }
}

impl From<RankFile> for Arc<dyn Call> {
    fn from(RankFile { call, candidates }: RankFile) -> Arc<dyn Call> {
        let OwnCall { owner, campaign, callee_area_code, callee_carrier, attempt, at } = call;
        let at = Moment::from_seconds(at.0);
        let candidates = candidates.into_iter().map(RankCandidate::from).collect();
        let request = RankRequest { owner, campaign, callee_area_code, callee_carrier, attempt, at, candidates };
        Arc::new(Ask::Rank(request))
    }
}

impl From<Candidate> for RankCandidate {
    fn from(candidate: Candidate) -> RankCandidate {
        let Candidate { number, standing, locality, shown_today, shown_last_hour, engaged, attempts, turn_left } =
            candidate;
        let locality = locality.word();
        RankCandidate { number, standing, locality, shown_today, shown_last_hour, engaged, attempts, turn_left }
    }
}

/// What a function answers, or how it fails.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Answer {
    #[serde(skip_serializing_if = "Option::is_none")]
    order: Option<Vec<usize>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
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

impl From<Told> for Answer {
    fn from(told: Told) -> Answer {
        match told {
            Told::Described(description) => Answer { description: Some(description.into()), ..Answer::default() },
            Told::Ranked(Ranking { order, reason }) => {
                Answer { order: Some(order), reason: Some(reason), ..Answer::default() }
            }
        }
    }
}
