//! What a daemon has acknowledged, written down by those who asked; and whether it is still there.

use crate::daemon::Daemon;
use crate::floor::{list, number_path, text};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;
use std::time::{Duration, Instant};

/// Answers to calls that may run ahead of the disk for each owner; `WINDOW` of the daemon's path of a call.
pub const WINDOW: usize = 8;

/// A call that was given a number.
#[derive(Clone, Debug)]
pub struct Use {
    pub round: u32,
    pub owner: String,
    pub callee: String,
    pub number: String,
    pub decision_id: String,
    pub answered_at: Instant,
}

/// Everything acknowledged so far.
#[derive(Default)]
pub struct Ledger {
    kept: Mutex<Kept>,
}

#[derive(Default)]
struct Kept {
    uses: Vec<Use>,
    /// Call ids that were told to wait.
    holds: Vec<(u32, String)>,
    /// Decision id → the outcome that its report was acknowledged with.
    outcomes: BTreeMap<String, (u32, String)>,
    imports: BTreeSet<String>,
    owners: BTreeSet<String>,
    /// Case → its number.
    cases: BTreeMap<u64, String>,
    grants: BTreeSet<String>,
    /// Decisions that a crash took, and those of them whose outcome has not been told since.
    lost: BTreeSet<String>,
    unreported: BTreeSet<String>,
}

/// How a look at the daemon after a kill turned out.
#[derive(Clone, Copy, Debug, Default)]
pub struct Look {
    pub decisions: usize,
    pub lost: usize,
    pub outcomes: usize,
    pub holds: usize,
}

/// How strictly decisions are looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Promise {
    /// Each owner's window may be missing after a kill.
    Lease,
    /// Nothing may.
    Sync,
}

/// Receipts asked for at once.
const LOOKS_AT_ONCE: usize = 4;

impl Ledger {
    fn write<T>(&self, write: impl FnOnce(&mut Kept) -> T) -> T {
        write(&mut self.kept.lock().expect("no task died over it"))
    }

    pub fn used(&self, used: Use) {
        self.write(|kept| kept.uses.push(used));
    }

    pub fn held(&self, round: u32, call_id: String) {
        self.write(|kept| kept.holds.push((round, call_id)));
    }

    pub fn reported(&self, round: u32, decision_id: String, outcome: String) {
        self.write(|kept| {
            kept.unreported.remove(&decision_id);
            kept.outcomes.insert(decision_id, (round, outcome));
        });
    }

    pub fn imported(&self, numbers: Vec<String>) {
        self.write(|kept| kept.imports.extend(numbers));
    }

    pub fn added_owner(&self, name: String) {
        self.write(|kept| kept.owners.insert(name));
    }

    /// The cases that a report's answer names.
    pub fn opened(&self, number: &Value) {
        let cases = list(number, "cases").iter().filter_map(Value::as_u64);
        self.write(|kept| kept.cases.extend(cases.map(|case| (case, text(number, "number").to_owned()))));
    }

    pub fn granted(&self, adapter: String) {
        self.write(|kept| kept.grants.insert(adapter));
    }

    /// A number that was imported, drawn by `at`; none before the first import.
    pub fn some_import(&self, at: u64) -> Option<String> {
        self.write(|kept| kept.imports.iter().nth(at as usize % kept.imports.len().max(1)).cloned())
    }

    /// Decisions that a crash took and whose outcome has not been told since.
    pub fn unreported(&self) -> Vec<String> {
        self.write(|kept| kept.unreported.iter().cloned().collect())
    }

    pub fn cases(&self) -> BTreeMap<u64, String> {
        self.write(|kept| kept.cases.clone())
    }

    pub fn uses(&self) -> Vec<Use> {
        self.write(|kept| kept.uses.clone())
    }

    /// Looks for everything of this round (of all rounds: none), and panics at what is missing.
    pub async fn look(&self, daemon: &Daemon, round: Option<u32>, promise: Promise) -> Look {
        self.look_for_records(daemon).await;
        let of = |other: u32| round.is_none_or(|round| round == other);
        let uses: Vec<Use> = self.write(|kept| kept.uses.iter().filter(|used| of(used.round)).cloned().collect());
        let outcomes: BTreeMap<String, String> = self.write(|kept| {
            let wanted = kept.outcomes.iter().filter(|(_, (round, _))| of(*round));
            wanted.map(|(id, (_, outcome))| (id.clone(), outcome.clone())).collect()
        });
        let ids: BTreeSet<&String> = uses.iter().map(|used| &used.decision_id).chain(outcomes.keys()).collect();
        let found = receipts(daemon, ids.into_iter().cloned().collect()).await;

        for (id, outcome) in &outcomes {
            let there =
                found[id].as_ref().unwrap_or_else(|| panic!("the call of an acknowledged outcome is gone: {id}"));
            assert_eq!(there["outcome"], outcome.as_str(), "an acknowledged outcome is gone: {there}");
        }
        let mut lost: BTreeMap<(u32, &str), Vec<&Use>> = BTreeMap::new();
        for used in &uses {
            match &found[&used.decision_id] {
                Some(there) => assert_eq!(there["answer"]["caller_id"], used.number.as_str(), "{used:?}: {there}"),
                None => lost.entry((used.round, &used.owner)).or_default().push(used),
            }
        }
        for ((round, owner), lost) in &lost {
            let most = if promise == Promise::Sync { 0 } else { WINDOW };
            assert!(lost.len() <= most, "{} decisions of {owner} are gone in round {round}: {lost:?}", lost.len());
        }
        let gone: Vec<String> = lost.values().flatten().map(|used| used.decision_id.clone()).collect();
        if round.is_some() {
            self.write(|kept| {
                kept.lost.extend(gone.iter().cloned());
                kept.unreported.extend(gone.iter().cloned());
            });
        }
        let mut holds = self.write(|kept| kept.holds.clone());
        holds.retain(|(round, _)| of(*round));
        if promise == Promise::Sync {
            for (_, call_id) in &holds {
                let there = receipt(&daemon.client, &daemon.url(&format!("/v1/receipts?call_id={call_id}"))).await;
                assert!(there.is_some(), "an answer that promised to be durable is gone: {call_id}");
            }
        }
        Look { decisions: uses.len(), lost: gone.len(), outcomes: outcomes.len(), holds: holds.len() }
    }

    /// Imports, owners, cases and grants.
    async fn look_for_records(&self, daemon: &Daemon) {
        let (imports, owners, cases, grants) =
            self.write(|kept| (kept.imports.clone(), kept.owners.clone(), kept.cases.clone(), kept.grants.clone()));
        let numbers: BTreeSet<String> = numbers(daemon).await.iter().map(|n| text(n, "number").to_owned()).collect();
        let gone: Vec<&String> = imports.difference(&numbers).collect();
        assert!(gone.is_empty(), "acknowledged imports are gone: {gone:?}");
        let users = daemon.get("/v1/users").await;
        let users: BTreeSet<&str> = list(&users, "users").iter().map(|user| text(user, "name")).collect();
        for owner in &owners {
            assert!(users.contains(owner.as_str()), "an acknowledged user is gone: {owner}");
        }
        let held = all_cases(daemon).await;
        for (case, number) in &cases {
            let there = held.get(case).unwrap_or_else(|| panic!("an acknowledged case is gone: {case} of {number}"));
            assert_eq!(there["number"], number.as_str(), "{there}");
        }
        for adapter in &grants {
            let there = daemon.get(&format!("/v1/adapters/{adapter}")).await;
            assert_eq!(there["state"], "live", "an acknowledged grant is gone: {there}");
        }
    }

    /// Panics when the calls that were acknowledged went beyond a cap, over all rounds together.
    pub fn check_caps(&self, per_day: usize, per_minute: usize) {
        let mut of: BTreeMap<String, Vec<Instant>> = BTreeMap::new();
        for used in self.uses() {
            of.entry(used.number).or_default().push(used.answered_at);
        }
        for (number, mut times) in of {
            assert!(times.len() <= per_day, "{number} was shown {} times in one day, {per_day} allowed", times.len());
            times.sort();
            for (first, last) in times.iter().zip(times.iter().skip(per_minute)) {
                // Answers arrive later than they were counted, by less than this even on a slow machine.
                let apart = last.duration_since(*first) + Duration::from_secs(5);
                assert!(apart >= Duration::from_secs(60), "{number} was shown {} times in {apart:?}", per_minute + 1);
            }
        }
    }

    /// Panics when a callee was called more often than is allowed. A call that a crash took is known to the daemon only
    /// when its outcome is told afterwards, which may be too late.
    pub fn check_attempts(&self, most: usize) {
        let (uses, lost) = self.write(|kept| (kept.uses.clone(), kept.lost.clone()));
        let mut of: BTreeMap<String, usize> = BTreeMap::new();
        for used in uses.into_iter().filter(|used| !lost.contains(&used.decision_id)) {
            *of.entry(used.callee).or_default() += 1;
        }
        for (callee, attempts) in of {
            assert!(attempts <= most, "{callee} was called {attempts} times, {most} allowed");
        }
    }
}

/// A receipt, if the daemon has it.
async fn receipt(client: &reqwest::Client, url: &str) -> Option<Value> {
    let response = client.get(url).send().await.expect("an answer");
    if response.status().as_u16() == 404 {
        return None;
    }
    assert!(response.status().is_success(), "GET {url}: {}", response.status());
    Some(response.json().await.expect("JSON"))
}

/// The receipts of these decisions; none for what the daemon does not know.
async fn receipts(daemon: &Daemon, ids: Vec<String>) -> BTreeMap<String, Option<Value>> {
    let mut lookers = tokio::task::JoinSet::new();
    for ids in ids.chunks(ids.len().div_ceil(LOOKS_AT_ONCE).max(1)) {
        let (client, base, ids) = (daemon.client.clone(), daemon.base.clone(), ids.to_vec());
        lookers.spawn(async move {
            let mut found = Vec::with_capacity(ids.len());
            for id in ids {
                let there = receipt(&client, &format!("{base}/v1/receipts/{id}")).await;
                found.push((id, there));
            }
            found
        });
    }
    lookers.join_all().await.into_iter().flatten().collect()
}

/// Every number.
pub async fn numbers(daemon: &Daemon) -> Vec<Value> {
    let mut numbers = Vec::new();
    let mut path = "/v1/numbers?limit=1000".to_owned();
    loop {
        let page = daemon.get(&path).await;
        numbers.extend_from_slice(list(&page, "numbers"));
        let Some(next) = page["next"].as_str() else { return numbers };
        path = format!("/v1/numbers?limit=1000&after={}", next.replace('+', "%2B"));
    }
}

/// Every case, open or not.
pub async fn all_cases(daemon: &Daemon) -> BTreeMap<u64, Value> {
    let mut cases = BTreeMap::new();
    let mut path = "/v1/cases?state=all&limit=1000".to_owned();
    loop {
        let page = daemon.get(&path).await;
        cases.extend(list(&page, "cases").iter().filter_map(|case| Some((case["id"].as_u64()?, case.clone()))));
        let Some(next) = page["next"].as_u64() else { return cases };
        path = format!("/v1/cases?state=all&limit=1000&before={next}");
    }
}

/// What the daemon counts for a number today.
pub async fn shown_today(daemon: &Daemon, number: &str) -> u64 {
    daemon.get(&number_path(number)).await["shown_today"].as_u64().expect("a count")
}
