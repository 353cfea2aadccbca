//! One seat of the roster: who serves in it, what was last refused, and how often it failed in a row.

use crate::grant::Verdict;
use crate::http::Gate;
use crate::manifest::{Kind, Manifest};
use crate::powers::HostPowers;
use crate::trouble::Trouble;
use arc_swap::ArcSwapOption;
use numbers::Moment;
use parking_lot::Mutex;
use serde::Serialize;
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// A version that serves.
pub struct Live<G> {
    pub manifest: Manifest,
    pub guest: G,
    pub powers: Arc<HostPowers>,
    /// The hash of manifest and code: the same for the same files, on any machine.
    pub revision: String,
    pub origin: Origin,
    pub loaded_at: Moment,
}

/// Where a version came from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    Bundled,
    Folder(PathBuf),
    /// Its author's folder, for as long as the author works on it.
    Development(PathBuf),
}

/// Whether an error is a fault of the adapter, which counts towards the bench; with what it did.
pub trait Strike {
    fn strike(&self) -> Option<String>;
}

/// Why a call brought nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refused<E> {
    /// Nobody serves, with the reason.
    NotLive(String),
    /// It rests after repeated faults.
    Benched {
        until: Moment,
        reason: String,
    },
    Failed(E),
}

/// How an adapter is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum State {
    Live,
    /// Its only version asks for more than was granted.
    Held {
        reason: String,
        missing: Vec<String>,
    },
    /// Nobody has granted it anything.
    Ungranted {
        asked: Vec<String>,
    },
    Benched {
        until_ms: u64,
        reason: String,
    },
    /// Its only version was refused; see the trouble.
    Broken,
}

/// What people see of an adapter.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct AdapterStatus {
    pub id: String,
    #[serde(flatten)]
    pub state: State,
    pub kind: Option<Kind>,
    pub version: Option<String>,
    pub summary: Option<String>,
    pub revision: Option<String>,
    pub origin: Option<Origin>,
    pub loaded_at_ms: Option<u64>,
    /// Why the newest version does not serve.
    pub trouble: Option<Trouble>,
    /// The newest version, where it waits for a grant.
    pub waiting: Option<Waiting>,
    pub secrets_missing: Vec<Trouble>,
    pub calls: u64,
    pub faults: u64,
    pub faults_in_a_row: u32,
    /// Why the last call that failed did, whoever was to blame, and when.
    pub last_failure: Option<(Moment, String)>,
    pub last_call_micros: Option<u64>,
}

/// A version that waits for a grant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Waiting {
    pub version: String,
    /// What it asks for and was not granted.
    pub missing: Vec<String>,
}

/// A version that is offered.
#[derive(Clone)]
pub(super) struct Candidate {
    pub file: String,
    pub manifest: String,
    /// The code's name as stack traces show it.
    pub code_file: String,
    pub code: Vec<u8>,
    pub origin: Origin,
}

impl Candidate {
    pub fn revision(&self) -> String {
        let mut hasher = blake3::Hasher::new();
        hasher.update(&(self.manifest.len() as u64).to_le_bytes()).update(self.manifest.as_bytes()).update(&self.code);
        hasher.finalize().to_hex()[..16].to_owned()
    }
}

pub(super) struct Seat<G> {
    live: ArcSwapOption<Live<G>>,
    account: Mutex<Account>,
    /// Held while a version is built, so that two never race for the seat.
    pub offering: tokio::sync::Mutex<()>,
}

#[derive(Default)]
struct Account {
    trouble: Option<Trouble>,
    /// What waits for a grant, how that shows while nobody serves, and which version it is.
    waiting: Option<(Candidate, State, String)>,
    calls: u64,
    faults: u64,
    faults_in_a_row: u32,
    /// Rests since the last success; each is twice as long as the one before.
    rests: u32,
    bench: Option<(Moment, String)>,
    last_failure: Option<(Moment, String)>,
    last_call: Option<Duration>,
}

/// So many faults in a row bench an adapter. Guessed: one is an accident, three are a pattern.
const STRIKES_MAX: u32 = 3;
const REST_FIRST: Duration = Duration::from_secs(60);
const REST_MAX: Duration = Duration::from_secs(60 * 60);

impl<G> Default for Seat<G> {
    fn default() -> Seat<G> {
        Seat { live: ArcSwapOption::empty(), account: Mutex::default(), offering: tokio::sync::Mutex::default() }
    }
}

impl<G> Seat<G> {
    pub fn live(&self) -> Option<Arc<Live<G>>> {
        self.live.load_full()
    }

    pub fn trouble(&self) -> Option<Trouble> {
        self.account.lock().trouble.clone()
    }

    /// A version was refused; whoever serves goes on.
    pub fn refuse(&self, trouble: Trouble) {
        let mut account = self.account.lock();
        account.trouble = Some(trouble);
        account.waiting = None;
    }

    /// A version waits for a grant; whoever serves goes on.
    pub fn wait(&self, candidate: Candidate, version: &str, verdict: &Verdict) {
        let (state, reason) = match verdict {
            Verdict::Granted(_) => return,
            Verdict::Held { reason, missing } => {
                let missing = missing.iter().map(ToString::to_string).collect();
                (State::Held { reason: reason.clone(), missing }, reason.clone())
            }
            Verdict::Ungranted { asked } => {
                let reason = if asked.is_empty() {
                    "nobody has granted it; it asks for nothing".to_owned()
                } else {
                    format!("nobody has granted it; it asks for {asked}")
                };
                (State::Ungranted { asked: asked.iter().map(ToString::to_string).collect() }, reason)
            }
        };
        let mut account = self.account.lock();
        account.trouble =
            Some(Trouble::new(&candidate.file, reason, "read what it asks for, then grant it or change it"));
        account.waiting = Some((candidate, state, version.to_owned()));
    }

    pub fn take_waiting(&self) -> Option<Candidate> {
        self.account.lock().waiting.take().map(|(candidate, _, _)| candidate)
    }

    /// The files are again what serves: earlier refusals no longer matter.
    pub fn settle(&self) {
        let mut account = self.account.lock();
        account.trouble = None;
        account.waiting = None;
    }

    /// Puts a version in force. It begins with a clean record, because the faults were another's.
    pub fn swap(&self, live: Live<G>) {
        let mut account = self.account.lock();
        self.live.store(Some(Arc::new(live)));
        let (calls, faults) = (account.calls, account.faults);
        *account = Account { calls, faults, ..Account::default() };
    }

    /// Puts back who served before, or nobody, with a clean record as well.
    pub fn restore(&self, before: Option<Arc<Live<G>>>) {
        let mut account = self.account.lock();
        self.live.store(before);
        let (calls, faults) = (account.calls, account.faults);
        *account = Account { calls, faults, ..Account::default() };
    }

    pub async fn call<T, E, F>(&self, now: Moment, call: F) -> Result<T, Refused<E>>
    where
        E: Strike + fmt::Display,
        F: AsyncFnOnce(Arc<Live<G>>) -> Result<T, E>,
    {
        let live = {
            let account = self.account.lock();
            let Some(live) = self.live() else {
                let reason =
                    account.trouble.as_ref().map_or_else(|| "it is not loaded yet".to_owned(), ToString::to_string);
                return Err(Refused::NotLive(reason));
            };
            match &account.bench {
                Some((until, reason)) if *until > now => {
                    return Err(Refused::Benched { until: *until, reason: reason.clone() });
                }
                _ => live,
            }
        };
        let began = Instant::now();
        let answer = call(live.clone()).await;
        let took = began.elapsed();
        let strike = answer.as_ref().err().and_then(Strike::strike);
        let failure = answer.as_ref().err().map(ToString::to_string);
        self.count(&live, now.plus(took), took, failure, strike);
        answer.map_err(Refused::Failed)
    }

    fn count(
        &self,
        served: &Arc<Live<G>>,
        now: Moment,
        took: Duration,
        failure: Option<String>,
        strike: Option<String>,
    ) {
        let mut account = self.account.lock();
        account.calls += 1;
        account.last_call = Some(took);
        account.faults += u64::from(strike.is_some());
        // What a version did that has been replaced meanwhile says nothing about the one that serves.
        if !self.live.load().as_ref().is_some_and(|live| Arc::ptr_eq(live, served)) {
            return;
        }
        if let Some(failure) = failure {
            account.last_failure = Some((now, failure));
        }
        let Some(reason) = strike else {
            account.faults_in_a_row = 0;
            account.rests = 0;
            account.bench = None;
            return;
        };
        account.faults_in_a_row += 1;
        // Calls that were in flight when the bench began do not lengthen it.
        let resting = account.bench.as_ref().is_some_and(|(until, _)| *until > now);
        if account.faults_in_a_row >= STRIKES_MAX && !resting {
            let rest = REST_FIRST.saturating_mul(1 << account.rests.min(16)).min(REST_MAX);
            account.rests += 1;
            let in_a_row = account.faults_in_a_row;
            let id = &served.manifest.id;
            tracing::warn!(adapter = id, rest_s = rest.as_secs(), in_a_row, reason, "benched");
            account.bench = Some((now.plus(rest), format!("{in_a_row} faults in a row; the last: {reason}")));
        }
    }

    pub fn status(&self, id: String, now: Moment, gate: &Gate) -> AdapterStatus {
        let account = self.account.lock();
        let live = self.live();
        let state = match (&live, &account.bench, &account.waiting) {
            (Some(_), Some((until, reason)), _) if *until > now => {
                State::Benched { until_ms: until.0, reason: reason.clone() }
            }
            (Some(_), _, _) => State::Live,
            (None, _, Some((_, state, _))) => state.clone(),
            (None, _, None) => State::Broken,
        };
        let live = live.as_deref();
        AdapterStatus {
            id,
            state,
            kind: live.map(|live| live.manifest.kind),
            version: live.map(|live| live.manifest.version.clone()),
            summary: live.map(|live| live.manifest.summary.clone()),
            revision: live.map(|live| live.revision.clone()),
            origin: live.map(|live| live.origin.clone()),
            loaded_at_ms: live.map(|live| live.loaded_at.0),
            trouble: account.trouble.clone(),
            waiting: account.waiting.as_ref().and_then(|(_, state, version)| {
                let (State::Held { missing, .. } | State::Ungranted { asked: missing }) = state else { return None };
                Some(Waiting { version: version.clone(), missing: missing.clone() })
            }),
            secrets_missing: live.map_or_else(Vec::new, |live| gate.secrets_missing(&live.manifest)),
            calls: account.calls,
            faults: account.faults,
            faults_in_a_row: account.faults_in_a_row,
            last_failure: account.last_failure.clone(),
            last_call_micros: account.last_call.map(|took| took.as_micros() as u64),
        }
    }
}
