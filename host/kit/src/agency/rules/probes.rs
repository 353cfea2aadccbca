//! The calls that rules are judged by: an adapter's own cassettes, played again with something changed.

use super::replies::{Agency, Reply};
use crate::agency::{Ask, Told};
use crate::breaking::is_garbled;
use crate::form::DatasetReply;
use crate::stage::{Stage, Tape, door, find};
use crate::verdict::Bench;
use numbers::{Carrier, E164, Moment, Status};
use parking_lot::Mutex;
use sandbox::agency::{Check, CheckAnswer, Filing, FilingAnswer, TrackAnswer};
use sandbox::http::Door;
use sandbox::manifest::Manifest;
use sandbox::{AdapterError, CallError, FilesError, Found, HttpRequest, HttpResponse, Powers};
use std::any::Any;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

pub(super) type Outcome = Result<Told, CallError>;

/// What an agency holds of a number, as far as an answer says something: `unknown` says nothing.
pub(super) type Standings = BTreeSet<(E164, String, Option<Carrier>, Status)>;

/// A cassette as it went, ready to be played otherwise.
#[derive(Clone)]
pub(super) struct Seed {
    pub name: String,
    pub ask: Ask,
    pub replies: Vec<Reply>,
    pub dataset: Option<DatasetReply>,
    pub outcome: Outcome,
    pub tape: Tape,
    now: Moment,
    config: BTreeMap<String, String>,
    agency: Agency,
}

/// A call that was made, and everything that came of it.
#[derive(Clone)]
pub(super) struct Made {
    /// What was tried, for people.
    pub what: String,
    pub outcome: Outcome,
    pub tape: Tape,
    /// The answers that it got.
    pub replies: Vec<Reply>,
}

/// What answers requests during a call; the reply is the one that the cassettes show.
type Answering = Arc<dyn Fn(usize, &HttpRequest, Reply) -> Reply + Send + Sync>;

/// A seed with what is changed about it.
pub(super) struct Scene {
    seed: Seed,
    what: String,
    answering: Answering,
    chance: u64,
}

pub(super) struct Probes<'a> {
    pub bench: &'a Bench<'a>,
    pub manifest: &'a Manifest,
    pub seeds: Vec<Seed>,
    door: Arc<Door>,
    ledger: Mutex<Vec<Made>>,
}

impl<'a> Probes<'a> {
    /// Plays each cassette once, to know what the adapter makes of it.
    pub async fn of(bench: &'a Bench<'a>) -> Probes<'a> {
        let manifest = &bench.folder.manifest;
        let mut probes = Probes { bench, manifest, seeds: Vec::new(), door: door(manifest), ledger: Mutex::default() };
        for cassette in &bench.folder.cassettes {
            let parsed = &cassette.parsed;
            let call: &dyn Any = &*parsed.call;
            let Some(ask) = call.downcast_ref::<Ask>() else { continue };
            let mut config = manifest.config.clone();
            config.extend(parsed.config.clone());
            let replies: Vec<Reply> = parsed.exchanges.iter().map(|exchange| exchange.reply.clone()).collect();
            let mut seed = Seed {
                name: cassette.name.clone(),
                ask: ask.clone(),
                replies: replies.clone(),
                dataset: parsed.dataset.clone(),
                outcome: Ok(Told::Noted),
                tape: Tape::default(),
                now: parsed.now,
                config,
                agency: Agency::default(),
            };
            let in_order = replies.clone();
            let scene =
                seed.with("as it is").answering(move |turn, _, reply| in_order.get(turn).cloned().unwrap_or(reply));
            let made = probes.make(scene).await;
            seed.agency = Agency::new(&made.tape, &replies, &numbers_of(ask));
            (seed.outcome, seed.tape) = (made.outcome, made.tape);
            probes.seeds.push(seed);
        }
        probes
    }

    pub async fn make(&self, scene: Scene) -> Made {
        let Scene { seed, what, answering, chance } = scene;
        let Seed { ask, dataset, now, config, agency, .. } = seed;
        let numbers = numbers_of(&ask);
        let replies = Arc::new(Mutex::new(Vec::new()));
        let kept = replies.clone();
        let stage = Arc::new(Stage {
            now,
            chance,
            config,
            door: self.door.clone(),
            answers: Box::new(move |turn, request| {
                let reply = answering(turn, request, agency.reply(turn, request, &numbers));
                kept.lock().push(reply.clone());
                reply
            }),
            finds: Box::new(move |name, keys| find(dataset.as_ref(), name, keys)),
            tape: Mutex::default(),
        });
        let powers: Arc<dyn Powers> = stage.clone();
        let outcome = ask.ask(self.bench.guest, &powers).await;
        let tape = stage.tape.lock().clone();
        let replies = replies.lock().clone();
        let made = Made { what: format!("{}, {what}", seed.name), outcome, tape, replies };
        self.ledger.lock().push(made.clone());
        made
    }

    /// Every call that was made so far.
    pub fn ledger(&self) -> Vec<Made> {
        self.ledger.lock().clone()
    }

    pub fn calls(&self) -> usize {
        self.ledger.lock().len()
    }

    /// Seeds of this function in which it answered as if all were well.
    pub fn good(&self, function: &'static str) -> impl Iterator<Item = &Seed> {
        self.seeds.iter().filter(move |seed| function_of(&seed.ask) == function && seed.is_good())
    }

    /// Good seeds whose answers came over the network, few of each sort: those of all functions.
    pub fn fetching(&self) -> Vec<&Seed> {
        /// More of the same sort show no more.
        const OF_A_SORT_MAX: usize = 3;
        let mut sorts: BTreeMap<String, usize> = BTreeMap::new();
        let single = self.seeds.iter().filter(|seed| seed.is_good() && numbers_of(&seed.ask).len() <= 1);
        let single = single.filter(|seed| !seed.replies.is_empty() || matches!(seed.ask, Ask::Inbound { .. }));
        single
            .filter(|seed| {
                let statuses: Vec<Status> = standings(&seed.outcome).into_iter().map(|(.., status)| status).collect();
                let count = sorts.entry(format!("{} {statuses:?}", function_of(&seed.ask))).or_default();
                *count += 1;
                *count <= OF_A_SORT_MAX
            })
            .collect()
    }
}

impl Seed {
    /// The same again, with something changed.
    pub fn with(&self, what: impl Into<String>) -> Scene {
        Scene { seed: self.clone(), what: what.into(), answering: Arc::new(|_, _, reply| reply), chance: 0 }
    }

    /// The same with one body, or the webhook itself, in the place of the one that came; with all of them for none.
    pub fn with_body(&self, which: Option<usize>, what: &str, body: &str) -> Scene {
        match &self.ask {
            Ask::Inbound { headers, .. } => {
                let inbound = Ask::Inbound { headers: headers.clone(), body: body.to_owned() };
                self.with(what).asking(inbound)
            }
            _ => self.with(what).answering({
                let body = body.to_owned();
                move |turn, _, reply| match which {
                    Some(which) if which != turn => reply,
                    _ => reply.map(|response| HttpResponse { body: body.clone(), ..response }),
                }
            }),
        }
    }

    /// The bodies that its answer was made of.
    pub fn bodies(&self) -> Vec<&str> {
        match &self.ask {
            Ask::Inbound { body, .. } => vec![body],
            _ => self.replies.iter().flatten().map(|response| response.body.as_str()).collect(),
        }
    }

    /// The time at which it is played, in seconds since 1970.
    pub fn now_s(&self) -> u64 {
        self.now.seconds()
    }

    fn is_good(&self) -> bool {
        let replied = self.replies.iter().all(|reply| reply.as_ref().is_ok_and(|r| (200..300).contains(&r.status)));
        let found = self.dataset.as_ref().is_none_or(|dataset| dataset.reply.is_ok());
        let answered = match &self.outcome {
            Ok(Told::Checked(CheckAnswer::Observations(seen))) => {
                numbers_of(&self.ask).iter().all(|number| seen.iter().any(|seen| seen.number == *number))
                    && !seen.is_empty()
            }
            Ok(_) => true,
            Err(CallError::Adapter(AdapterError::NeedsPerson(_))) => true,
            Err(_) => false,
        };
        replied && found && answered && self.tape.requests.len() == self.replies.len()
    }
}

impl Scene {
    pub fn asking(mut self, ask: Ask) -> Scene {
        self.seed.ask = ask;
        self
    }

    pub fn answering(
        mut self,
        answering: impl Fn(usize, &HttpRequest, Reply) -> Reply + Send + Sync + 'static,
    ) -> Scene {
        self.answering = Arc::new(answering);
        self
    }

    pub fn finding(mut self, reply: Result<Found, FilesError>) -> Scene {
        if let Some(dataset) = &mut self.seed.dataset {
            dataset.reply = reply;
        }
        self
    }

    /// With other luck, and so much later.
    pub fn later(mut self, chance: u64, span: Duration) -> Scene {
        self.chance = chance;
        self.seed.now = self.seed.now.plus(span);
        self
    }
}

impl Made {
    /// Why this is not what an adapter may make of an answer that says nothing: it broke, or made something up.
    pub fn dishonest(&self) -> Option<String> {
        if let Some(broke) = broke(&self.outcome) {
            return Some(broke);
        }
        if let Some((number, _, _, status)) = standings(&self.outcome).into_iter().next() {
            return Some(format!("{number} is called {status}"));
        }
        match &self.outcome {
            Ok(Told::Checked(CheckAnswer::Pending(_)) | Told::Filed(FilingAnswer::Pending(_))) => {
                Some("it is told to be pending".to_owned())
            }
            Ok(Told::Filed(FilingAnswer::Filed(_))) => Some("it is told to be filed".to_owned()),
            Ok(Told::Tracked(TrackAnswer::Found(_))) => Some("a filing is told to be there".to_owned()),
            Ok(Told::Tracked(TrackAnswer::Absent)) => {
                Some("a filing is told to be absent, and would be sent again".to_owned())
            }
            Ok(Told::Brought(brought)) if !brought.filings.is_empty() => {
                Some("a filing is told to have moved".to_owned())
            }
            Ok(_) | Err(_) => None,
        }
    }

    /// Why this is not what an adapter may make of an answer that is broken in one place, where it made `before` of the
    /// whole one: what the broken place does not concern may stay, and nothing may be new.
    pub fn invented(&self, before: &Outcome) -> Option<String> {
        if let Some(broke) = broke(&self.outcome) {
            return Some(broke);
        }
        let known = standings(before);
        if let Some((number, _, _, status)) = standings(&self.outcome).difference(&known).next() {
            return Some(format!("{number} is called {status}"));
        }
        for (label, was) in
            labels(&self.outcome).iter().zip(labels(before).iter().map(Some).chain(std::iter::repeat(None)))
        {
            if Some(label) != was && is_garbled(label) {
                return Some(format!("it is shown as {label:?}"));
            }
        }
        match (&self.outcome, before) {
            (Ok(Told::Filed(FilingAnswer::Filed(now))), Ok(Told::Filed(FilingAnswer::Filed(was))))
            | (Ok(Told::Tracked(TrackAnswer::Found(now))), Ok(Told::Tracked(TrackAnswer::Found(was)))) => {
                moved(now, was)
            }
            (Ok(Told::Tracked(TrackAnswer::Absent)), Ok(Told::Tracked(was))) if *was != TrackAnswer::Absent => {
                Some("a filing is told to be absent, and would be sent again".to_owned())
            }
            (Ok(Told::Brought(now)), Ok(Told::Brought(was))) => {
                now.filings.iter().find_map(|(key, filing)| match was.filings.iter().find(|(known, _)| known == key) {
                    Some((_, was)) => moved(filing, was),
                    None => Some(format!("a filing {key:?} is told to have moved")),
                })
            }
            _ => None,
        }
    }

    /// The words that it answered or failed with, and those that it logged.
    pub fn words(&self) -> Vec<String> {
        let mut words: Vec<String> = self.tape.log.iter().map(|(_, line)| line.clone()).collect();
        words.push(match &self.outcome {
            Ok(told) => format!("{told:?}"),
            Err(error) => format!("{error:?}"),
        });
        words
    }
}

fn moved(now: &Filing, was: &Filing) -> Option<String> {
    if now.status != was.status {
        return Some(format!("the filing is told to be {:?}", now.status));
    }
    let garbled = [&now.reference, &now.detail].into_iter().flatten().find(|text| is_garbled(text));
    garbled.filter(|_| now != was).map(|text| format!("the filing is told with {text:?}"))
}

/// That a call was ended, or that the adapter says itself that it broke.
pub(super) fn broke(outcome: &Outcome) -> Option<String> {
    match outcome {
        Err(CallError::Fault(fault)) => Some(fault.to_string()),
        Err(CallError::Adapter(AdapterError::Internal(message))) => {
            Some(format!("it broke: {}", message.lines().next().unwrap_or_default()))
        }
        Ok(_) | Err(CallError::Adapter(_)) => None,
    }
}

pub(super) fn standings(outcome: &Outcome) -> Standings {
    let seen = match outcome {
        Ok(Told::Checked(CheckAnswer::Observations(seen))) => seen,
        Ok(Told::Brought(brought)) => &brought.observations,
        Ok(_) | Err(_) => return Standings::new(),
    };
    let known = seen.iter().filter(|seen| seen.status != Status::Unknown);
    known.map(|seen| (seen.number, seen.agency.clone(), seen.carrier, seen.status)).collect()
}

fn labels(outcome: &Outcome) -> Vec<String> {
    match outcome {
        Ok(Told::Checked(CheckAnswer::Observations(seen))) => {
            seen.iter().filter_map(|seen| seen.label.clone()).collect()
        }
        Ok(Told::Brought(brought)) => brought.observations.iter().filter_map(|seen| seen.label.clone()).collect(),
        Ok(_) | Err(_) => Vec::new(),
    }
}

pub(super) fn function_of(ask: &Ask) -> &'static str {
    match ask {
        Ask::Describe => "describe",
        Ask::Check(_) => "check",
        Ask::Register(_) => "register",
        Ask::Dispute(_) => "dispute",
        Ask::Track { .. } => "track",
        Ask::Inbound { .. } => "inbound",
        Ask::CallStarted { .. } => "call_started",
        Ask::Probe => "probe",
    }
}

/// The numbers that a call is about.
pub(super) fn numbers_of(ask: &Ask) -> Vec<E164> {
    match ask {
        Ask::Check(check) => check.numbers.clone(),
        Ask::Register(register) => register.numbers.clone(),
        Ask::Dispute(dispute) => vec![dispute.number],
        Ask::CallStarted { number, .. } => vec![*number],
        Ask::Describe | Ask::Track { .. } | Ask::Inbound { .. } | Ask::Probe => Vec::new(),
    }
}

/// The same question about other numbers; what is known of their names stays.
pub(super) fn check_of(ask: &Ask, numbers: Vec<E164>, token: Option<String>) -> Ask {
    let cnams = match ask {
        Ask::Check(check) => check.cnams.clone(),
        _ => Vec::new(),
    };
    Ask::Check(Check { numbers, cnams, token })
}
