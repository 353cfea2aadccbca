//! Calls as a dialer makes them: ask, show the number, say what became of the call; over several connections at once.

use crate::daemon::Daemon;
use crate::floor::{list, text};
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};
use tokio::sync::watch;
use tokio::task::JoinSet;

/// Whose pool is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Owner {
    User(String),
    Campaign(String),
}

/// One call that was made and reported.
#[derive(Clone, Debug)]
pub struct Call {
    /// The place of its owner in the list that the stream was started with.
    pub owner: usize,
    pub callee: u64,
    /// The number that was shown.
    pub number: String,
    /// Just before the question left.
    pub asked_at: Instant,
    pub answered_after: Duration,
    pub reported_after: Duration,
}

/// Calls that go on until they are stopped. Every one of them must be given a number, and every report must find its call.
pub struct Stream {
    stop: Arc<AtomicBool>,
    over: watch::Receiver<u64>,
    /// They end with the stream, so that a test that failed for another reason says only that.
    connections: JoinSet<Vec<Call>>,
}

/// Callees before each of them is called once more; a third time none is called.
const CALLEES: u64 = 4_000;

impl Stream {
    /// Begins to call, in turn for each of these owners.
    pub fn start(daemon: &Daemon, owners: &[Owner], connections: usize) -> Stream {
        let stop = Arc::new(AtomicBool::new(false));
        let next = Arc::new(AtomicU64::new(0));
        let (counter, over) = watch::channel(0);
        let counter = Arc::new(counter);
        let dialer = Arc::new(Dialer {
            client: daemon.client.clone(),
            ask: daemon.url("/v1/caller-id"),
            report: daemon.url("/v1/outcomes"),
            owners: owners.to_vec(),
        });
        let connections = (0..connections)
            .map(|_| {
                let (dialer, stop, next, counter) = (dialer.clone(), stop.clone(), next.clone(), counter.clone());
                async move {
                    let mut calls = Vec::new();
                    while !stop.load(Ordering::Relaxed) {
                        calls.push(dialer.call(next.fetch_add(1, Ordering::Relaxed)).await);
                        counter.send_modify(|count| *count += 1);
                    }
                    calls
                }
            })
            .collect();
        Stream { stop, over, connections }
    }

    /// Calls made and reported so far.
    pub fn count(&self) -> u64 {
        *self.over.borrow()
    }

    /// Waits until so many calls are over.
    pub async fn reach(&self, calls: u64) {
        self.over.clone().wait_for(|over| *over >= calls).await.expect("the stream goes on");
    }

    /// Lets the calls under way come to their ends, and gives all of them in the order in which they were asked.
    pub async fn stop(self) -> Vec<Call> {
        self.stop.store(true, Ordering::Relaxed);
        let mut calls: Vec<Call> = self.connections.join_all().await.into_iter().flatten().collect();
        calls.sort_by_key(|call| call.asked_at);
        calls
    }
}

struct Dialer {
    client: reqwest::Client,
    ask: String,
    report: String,
    owners: Vec<Owner>,
}

impl Dialer {
    async fn call(&self, n: u64) -> Call {
        // Each callee is called twice by the same owner, so that the number shown first counts for the second call.
        let callee = n / (2 * CALLEES) * CALLEES + n % CALLEES;
        let owner = (callee % self.owners.len() as u64) as usize;
        let call_id = format!("call-{n}");
        let mut ask = json!({ "to": number_of(callee), "call_id": call_id });
        match &self.owners[owner] {
            Owner::User(name) => ask["user"] = json!(name),
            Owner::Campaign(name) => ask["campaign"] = json!(name),
        }
        let asked_at = Instant::now();
        let answer = self.post(&self.ask, &ask).await;
        let answered_after = asked_at.elapsed();
        assert_eq!(answer["decision"], "use", "{ask} was held: {answer}");

        let (mut report, outcome) = became(n);
        // A dialer that keeps no decision ids names its call instead.
        match n.is_multiple_of(5) {
            true => report["call_id"] = json!(call_id),
            false => report["decision_id"] = answer["decision_id"].clone(),
        }
        let ended_at = Instant::now();
        let receipt = self.post(&self.report, &report).await;
        let reported_after = ended_at.elapsed();
        assert_eq!(receipt["matched"], "joined", "{report} found no call: {receipt}");
        assert_eq!(receipt["outcome"], outcome, "{report}: {receipt}");
        assert_eq!(receipt["decision_id"], answer["decision_id"], "it joined another call: {receipt}");
        Call { owner, callee, number: text(&answer, "caller_id").to_owned(), asked_at, answered_after, reported_after }
    }

    async fn post(&self, url: &str, body: &Value) -> Value {
        let response = self.client.post(url).json(body).send().await.expect("an answer");
        let status = response.status();
        let answer = response.text().await.expect("a body");
        assert_eq!(status, 200, "{body}: {answer}");
        serde_json::from_str(&answer).expect("JSON")
    }
}

fn number_of(callee: u64) -> String {
    format!("+1312{:07}", 2_000_000 + callee)
}

/// What became of a call, in a dialer's words and in ours: most ring out, some are answered.
fn became(n: u64) -> (Value, &'static str) {
    match n % 10 {
        0..=3 => (json!({ "dialstatus": "NOANSWER", "dial_time": 25 }), "no_answer"),
        4 | 5 => (json!({ "sip_code": 486, "sip_reason": "Busy Here" }), "busy"),
        6 | 7 => (json!({ "dialstatus": "ANSWER", "answered_by": "machine", "duration": 12 }), "voicemail"),
        _ => (json!({ "dialstatus": "ANSWER", "answered_by": "human", "duration": 47 }), "answered_human"),
    }
}

/// Holds the daemon's own counts against the calls that were made, and asks whether any adapter came to grief meanwhile.
pub async fn nothing_was_dropped(daemon: &Daemon, calls: &[Call]) {
    let status = daemon.get("/v1/status").await;
    for (figure, expected) in [("decisions", calls.len()), ("outcomes", calls.len()), ("holds", 0), ("orphans", 0)] {
        assert_eq!(status[figure], expected, "{figure}: {status}");
    }
    let adapters = daemon.get("/v1/adapters").await;
    for adapter in list(&adapters, "adapters") {
        assert_eq!(adapter["state"], "live", "{adapter}");
        assert_eq!(adapter["faults"], 0, "{adapter}");
    }
}

/// Prints what these waits were, as figures and not as a test: a machine may be busy.
pub fn print_latencies(what: &str, waits: impl Iterator<Item = Duration>) {
    let mut waits: Vec<Duration> = waits.collect();
    waits.sort();
    let at = |of_thousand: usize| waits[(waits.len() - 1) * of_thousand / 1000];
    println!("{what}: {} of them, p50 {:?}, p99 {:?}, max {:?}", waits.len(), at(500), at(990), at(1000));
}
