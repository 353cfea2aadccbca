//! The calls that rules are judged by: an adapter's own cassettes, played again with something changed.

use crate::call::Call;
use crate::form::DatasetReply;
use crate::kind::Function;
use crate::stage::{Stage, Tape, door, find};
use crate::verdict::Bench;
use crate::words::table;
use numbers::Moment;
use parking_lot::Mutex;
use sandbox::http::Door;
use sandbox::manifest::Manifest;
use sandbox::{HttpError, HttpResponse, Powers};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;
use toml::{Table, Value};

pub(crate) type Reply = Result<HttpResponse, HttpError>;

/// What an answer claims to be so, one sentence each. A claim that a server has not made is made up.
pub(crate) type Facts = fn(&Table) -> Vec<String>;

/// A cassette as it went, ready to be played otherwise.
#[derive(Clone)]
pub(crate) struct Seed {
    pub name: String,
    pub function: &'static Function,
    pub request: Table,
    pub replies: Vec<Reply>,
    pub answer: Table,
    pub tape: Tape,
    call: Arc<dyn Call>,
    dataset: Option<DatasetReply>,
    now: Moment,
    config: BTreeMap<String, String>,
}

/// A call that was made, and everything that came of it.
#[derive(Clone)]
pub(crate) struct Played {
    /// What was tried, for people.
    pub what: String,
    pub answer: Table,
    pub tape: Tape,
    /// The answers that it got.
    pub replies: Vec<Reply>,
}

/// What answers requests during a call; the reply is the one that the cassette shows.
type Answering = Box<dyn Fn(usize, Reply) -> Reply + Send + Sync>;

/// A seed with what is changed about it.
pub(crate) struct Scene {
    seed: Seed,
    what: String,
    answering: Answering,
    chance: u64,
}

pub(crate) struct Plays<'a> {
    pub bench: &'a Bench<'a>,
    pub manifest: &'a Manifest,
    pub seeds: Vec<Seed>,
    facts: Facts,
    door: Arc<Door>,
    ledger: Mutex<Vec<Played>>,
}

impl<'a> Plays<'a> {
    /// Plays each cassette once, to know what the adapter makes of it.
    pub async fn of(bench: &'a Bench<'a>, facts: Facts) -> Plays<'a> {
        let manifest = &bench.folder.manifest;
        let mut plays =
            Plays { bench, manifest, seeds: Vec::new(), facts, door: door(manifest), ledger: Mutex::default() };
        for cassette in &bench.folder.cassettes {
            let parsed = &cassette.parsed;
            let mut config = manifest.config.clone();
            config.extend(parsed.config.clone());
            let written: Table = cassette.text.parse().unwrap_or_default();
            let mut seed = Seed {
                name: cassette.name.clone(),
                function: cassette.function,
                request: written.get("request").and_then(Value::as_table).cloned().unwrap_or_default(),
                replies: parsed.exchanges.iter().map(|exchange| exchange.reply.clone()).collect(),
                answer: Table::new(),
                tape: Tape::default(),
                call: parsed.call.clone(),
                dataset: parsed.dataset.clone(),
                now: parsed.now,
                config,
            };
            let played = plays.play(seed.with("as it is")).await;
            (seed.answer, seed.tape) = (played.answer, played.tape);
            plays.seeds.push(seed);
        }
        plays
    }

    pub async fn play(&self, scene: Scene) -> Played {
        let Scene { seed, what, answering, chance } = scene;
        let Seed { name, call, dataset, now, config, replies: shown, .. } = seed;
        let replies = Arc::new(Mutex::new(Vec::new()));
        let kept = replies.clone();
        let stage = Arc::new(Stage {
            now,
            chance,
            config,
            door: self.door.clone(),
            answers: Box::new(move |turn, _| {
                let nothing = || Err(HttpError::Unreachable("the cassette shows no answer to this".to_owned()));
                let reply = answering(turn, shown.get(turn).cloned().unwrap_or_else(nothing));
                kept.lock().push(reply.clone());
                reply
            }),
            finds: Box::new(move |name, keys| find(dataset.as_ref(), name, keys)),
            tape: Mutex::default(),
        });
        let powers: Arc<dyn Powers> = stage.clone();
        let answer = table(call.make(self.bench.guest, &powers).await);
        let tape = stage.tape.lock().clone();
        let replies = replies.lock().clone();
        let played = Played { what: format!("{name}, {what}"), answer, tape, replies };
        self.ledger.lock().push(played.clone());
        played
    }

    /// Every call that was made so far.
    pub fn ledger(&self) -> Vec<Played> {
        self.ledger.lock().clone()
    }

    pub fn calls(&self) -> usize {
        self.ledger.lock().len()
    }

    /// Seeds of this function in which it answered as if all were well.
    pub fn good(&self, function: &'static str) -> impl Iterator<Item = &Seed> {
        self.seeds.iter().filter(move |seed| seed.function.name == function && seed.is_good())
    }

    /// Good seeds whose answers came over the network.
    pub fn fetching(&self) -> impl Iterator<Item = &Seed> {
        self.seeds.iter().filter(|seed| seed.is_good() && !seed.replies.is_empty())
    }

    /// Why this is not what an adapter may make of an answer that says nothing: it broke, or made something up.
    pub fn dishonest(&self, played: &Played) -> Option<String> {
        broke(&played.answer).or_else(|| (self.facts)(&played.answer).into_iter().next())
    }

    /// Why this is not what an adapter may make of an answer that is broken in one place, where it made `before` of the
    /// whole one: what the broken place does not concern may stay, and nothing may be new.
    pub fn invented(&self, played: &Played, before: &Table) -> Option<String> {
        broke(&played.answer).or_else(|| {
            let known: BTreeSet<String> = (self.facts)(before).into_iter().collect();
            (self.facts)(&played.answer).into_iter().find(|fact| !known.contains(fact))
        })
    }
}

impl Seed {
    /// The same again, with something changed.
    pub fn with(&self, what: impl Into<String>) -> Scene {
        Scene { seed: self.clone(), what: what.into(), answering: Box::new(|_, reply| reply), chance: 0 }
    }

    /// The same with one body in the place of the one that came; with all of them for none.
    pub fn with_body(&self, which: Option<usize>, what: &str, body: &str) -> Scene {
        let body = body.to_owned();
        self.with(what).answering(move |turn, reply| match which {
            Some(which) if which != turn => reply,
            _ => reply.map(|response| HttpResponse { body: body.clone(), ..response }),
        })
    }

    pub fn bodies(&self) -> Vec<&str> {
        self.replies.iter().flatten().map(|response| response.body.as_str()).collect()
    }

    fn is_good(&self) -> bool {
        let replied = self.replies.iter().all(|reply| reply.as_ref().is_ok_and(|r| (200..300).contains(&r.status)));
        let found = self.dataset.as_ref().is_none_or(|dataset| dataset.reply.is_ok());
        let answered = !self.answer.contains_key("fault")
            && error(&self.answer).is_none_or(|error| error == "needs-person")
            && !self.answer.is_empty();
        replied && found && answered && self.tape.requests.len() == self.replies.len()
    }
}

impl Scene {
    pub fn answering(mut self, answering: impl Fn(usize, Reply) -> Reply + Send + Sync + 'static) -> Scene {
        self.answering = Box::new(answering);
        self
    }

    /// With another request of the same function, or of another one. One that cannot be read stays as it was, and is
    /// then no other call; requests that rules make can all be read.
    pub fn asking(mut self, function: &'static Function, request: &Table) -> Scene {
        if let Ok(call) = function.call(&self.seed.name, request) {
            self.seed.call = call;
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

impl Played {
    /// The words that it answered or failed with, and those that it logged.
    pub fn words(&self) -> Vec<String> {
        let mut words: Vec<String> = self.tape.log.iter().map(|(_, line)| line.clone()).collect();
        words.push(self.answer.to_string());
        words
    }
}

/// The typed error that an answer is.
pub(crate) fn error(answer: &Table) -> Option<&str> {
    answer.get("error").and_then(Value::as_str)
}

/// That a call was ended, or that the adapter says itself that it broke.
pub(crate) fn broke(answer: &Table) -> Option<String> {
    if let Some(fault) = answer.get("fault").and_then(Value::as_str) {
        return Some(fault.to_owned());
    }
    let message = answer.get("value").and_then(Value::as_str).unwrap_or_default();
    (error(answer) == Some("internal")).then(|| format!("it broke: {}", message.lines().next().unwrap_or_default()))
}

/// An answer on one line, for people.
pub(crate) fn shown(answer: &Table) -> String {
    crate::compare::shown(&Value::Table(answer.clone()))
}
