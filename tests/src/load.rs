//! A daemon under load: several connections ask, report, import, see labels, add users and grant, all at the same time,
//! and write down in a [`Ledger`] what they were told. It ends by itself when the daemon is gone.

use crate::daemon::Daemon;
use crate::dice::Dice;
use crate::floor::{number_path, text};
use crate::ledger::{Ledger, Use};
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Instant;
use tokio::sync::mpsc;
use tokio::task::JoinSet;

/// Connections that ask.
const ASKERS: u32 = 6;
/// Calls that wait to be reported.
const REPORTS_WAITING_MAX: usize = 256;
/// Numbers of one import.
const IMPORT_ROWS: u32 = 20;

/// What is to be done in one round.
pub struct Plan {
    pub round: u32,
    /// Users whose pools are asked.
    pub owners: Vec<String>,
    /// Adapters that wait for a grant.
    pub grants: Vec<String>,
    /// How long the persons who see labels rest between two of them.
    pub label_every_ms: u64,
}

/// A round of load.
pub struct Load {
    tasks: JoinSet<()>,
}

/// One connection. None from it means that the daemon is gone.
#[derive(Clone)]
struct Line {
    client: reqwest::Client,
    base: String,
    ledger: Arc<Ledger>,
    round: u32,
}

impl Load {
    /// Begins the round.
    pub fn start(daemon: &Daemon, ledger: &Arc<Ledger>, plan: Plan, dice: &mut Dice) -> Load {
        let Plan { round, owners, grants, label_every_ms } = plan;
        let line =
            || Line { client: crate::daemon::client(), base: daemon.base.clone(), ledger: ledger.clone(), round };
        let mut tasks = JoinSet::new();
        let (sender, receiver) = mpsc::channel(REPORTS_WAITING_MAX);
        for lost in ledger.unreported() {
            // A late outcome brings a decision back that a crash took.
            let _ = sender.try_send(lost);
        }
        for asker in 0..ASKERS {
            tasks.spawn(ended(line().ask(asker, owners.clone(), sender.clone(), dice.fork())));
        }
        tasks.spawn(ended(line().report(receiver, dice.fork())));
        tasks.spawn(ended(line().import(dice.fork())));
        tasks.spawn(ended(line().add_users(dice.fork())));
        tasks.spawn(ended(line().see_labels(label_every_ms, dice.fork())));
        tasks.spawn(ended(line().grant(grants, dice.fork())));
        Load { tasks }
    }

    /// Waits until everybody has noticed that the daemon is gone. Panics when one of them was answered wrongly.
    pub async fn over(mut self) {
        while let Some(task) = self.tasks.join_next().await {
            task.expect("nobody was answered wrongly");
        }
    }
}

/// A connection goes on until it finds nobody at the other end.
async fn ended(line: impl Future<Output = Option<()>>) {
    let _ = line.await;
}

impl Line {
    /// The answer to a POST; panics when it is a refusal.
    async fn post(&self, path: &str, body: &Value) -> Option<Value> {
        self.take(path, self.client.post(format!("{}{path}", self.base)).json(body)).await
    }

    async fn take(&self, path: &str, request: reqwest::RequestBuilder) -> Option<Value> {
        let response = request.send().await.ok()?;
        let status = response.status();
        // Broken off in the midst of its body it is no acknowledgement.
        let body = response.text().await.ok()?;
        assert!(status.is_success(), "{path}: {status} {body}");
        Some(serde_json::from_str(&body).expect("JSON"))
    }

    async fn ask(self, asker: u32, owners: Vec<String>, reports: mpsc::Sender<String>, mut dice: Dice) -> Option<()> {
        for n in 0.. {
            let owner = dice.pick(&owners).clone();
            // Some callees are called again and again, so that their attempts run out.
            let callee = match dice.one_in(8) {
                true => format!("+1312555{:04}", dice.below(20)),
                false => format!("+1312{:07}", 2_000_000 + dice.below(7_000_000)),
            };
            let call_id = format!("r{}a{asker}n{n}", self.round);
            let ask = json!({ "to": callee, "call_id": call_id, "user": owner, "callee_carrier": "verizon" });
            let answer = self.post("/v1/caller-id", &ask).await?;
            if dice.one_in(10) {
                let again = self.post("/v1/caller-id", &ask).await?;
                assert_eq!(again["decision_id"], answer["decision_id"], "asked again, answered otherwise: {ask}");
            }
            if answer["decision"] == "hold" {
                assert!(["capacity", "callee_law", "time"].contains(&text(&answer, "class")), "{answer}");
                self.ledger.held(self.round, call_id);
                continue;
            }
            let decision_id = text(&answer, "decision_id").to_owned();
            self.ledger.used(Use {
                round: self.round,
                owner,
                callee,
                number: text(&answer, "caller_id").to_owned(),
                decision_id: decision_id.clone(),
                answered_at: Instant::now(),
            });
            // More calls than the reporter keeps up with go without a report, as they do in life.
            let _ = reports.try_send(decision_id);
        }
        None
    }

    async fn report(self, mut calls: mpsc::Receiver<String>, mut dice: Dice) -> Option<()> {
        loop {
            let mut ids = vec![calls.recv().await?];
            while ids.len() < 5
                && let Ok(id) = calls.try_recv()
            {
                ids.push(id);
            }
            let reports: Vec<Value> = ids.iter().map(|id| became(id, &mut dice)).collect();
            let answer = self.post("/v1/outcomes", &json!(reports)).await?;
            let receipts = answer["receipts"].as_array().unwrap_or_else(|| panic!("{answer}"));
            assert_eq!(receipts.len(), ids.len(), "{answer}");
            for (id, receipt) in ids.iter().zip(receipts) {
                assert_eq!(receipt["matched"], "joined", "{receipt}");
                assert_eq!(text(receipt, "decision_id"), id, "{receipt}");
                self.ledger.reported(self.round, id.clone(), text(receipt, "outcome").to_owned());
            }
        }
    }

    async fn import(self, mut dice: Dice) -> Option<()> {
        for n in 0.. {
            let first = (self.round * 1_000 + n) * IMPORT_ROWS;
            let numbers: Vec<String> =
                (first..first + IMPORT_ROWS).map(|n| format!("+1313{}{:04}", 200 + n / 10_000, n % 10_000)).collect();
            let rows: Vec<Value> = numbers
                .iter()
                .map(|number| {
                    json!({ "number": number, "service": "in_service", "since": "2025-01-01", "right": "declared:Ann" })
                })
                .collect();
            let report =
                self.post("/v1/numbers", &json!({ "business": "acme", "by": "test", "numbers": rows })).await?;
            assert_eq!((&report["added"], &report["refused"]), (&json!(IMPORT_ROWS), &json!([])), "{report}");
            self.ledger.imported(numbers);
            tokio::time::sleep(dice.millis(10, 60)).await;
        }
        None
    }

    async fn add_users(self, mut dice: Dice) -> Option<()> {
        for n in 0.. {
            let name = format!("new{}-{n}", self.round);
            let user = self.post("/v1/users", &json!({ "name": name, "business": "acme", "pool_size": 1 })).await?;
            assert_eq!(text(&user, "name"), name);
            self.ledger.added_owner(name);
            tokio::time::sleep(dice.millis(50, 200)).await;
        }
        None
    }

    async fn see_labels(self, every_ms: u64, mut dice: Dice) -> Option<()> {
        loop {
            tokio::time::sleep(dice.millis(every_ms / 2, every_ms * 3 / 2)).await;
            let Some(number) = self.ledger.some_import(dice.draw()) else { continue };
            let carrier = dice.pick(&["tmobile", "att"]);
            let report = json!({ "label": "Spam Likely", "carrier": carrier, "by": "Ann" });
            let number = self.post(&format!("{}/reports", number_path(&number)), &report).await?;
            assert_eq!(number["life"], "remediating", "{number}");
            self.ledger.opened(&number);
        }
    }

    async fn grant(self, adapters: Vec<String>, mut dice: Dice) -> Option<()> {
        for adapter in adapters {
            tokio::time::sleep(dice.millis(0, 300)).await;
            let view = self.post(&format!("/v1/adapters/{adapter}/grant"), &json!({ "by": "Ann" })).await?;
            assert_eq!(view["state"], "live", "{view}");
            self.ledger.granted(adapter);
        }
        Some(())
    }
}

/// What became of a call. Nothing in it says that the call was never placed, so every decision counts.
fn became(decision_id: &str, dice: &mut Dice) -> Value {
    let mut report = match dice.below(3) {
        0 => json!({ "sip_code": 486, "sip_reason": "Busy Here" }),
        1 => json!({ "dialstatus": "NOANSWER", "dial_time": 25 }),
        _ => json!({ "dialstatus": "ANSWER", "answered_by": "machine", "duration": 12 }),
    };
    report["decision_id"] = json!(decision_id);
    report
}
