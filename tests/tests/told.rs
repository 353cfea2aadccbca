//! What comes and goes without a question of ours: webhooks of agencies, and agencies that want to know of calls that begin.

use axum::Router;
use axum::extract::{Query, State};
use axum::routing::{get, post};
use serde_json::{Value, json};
use smartguard_tests::daemon::Daemon;
use smartguard_tests::floor::{
    NOWHERE, POLICY, adapter_folder, business, import, list, number_path, prepare, share_compiled_adapters, sheet,
};
use std::collections::HashMap;
use std::path::Path;
use std::sync::{Arc, Mutex};

const MANIFEST: &str = r#"
id = "bell"
kind = "agency"
version = "1.0.0"
summary = "An invented agency that rings, and wants to be told"
wit = "0.0.1"
confidence = "unknown"
sources = ["this test"]
[origins]
api = { url = "https://bell.example", methods = ["get", "post"] }
[agencies]
speaks_for = ["bell"]
[functions.register]
effects = "idempotent"
[functions.inbound]
[functions.call_started]
"#;

/// It believes no webhook: what rings only makes it ask.
const SCRIPT: &str = r#"
import http from "smartguard:adapter/http@0.0.1";
import clock from "smartguard:adapter/clock@0.0.1";
const ask = (method, path, query) => {
  const { status, body } = http.fetch({ method, origin: "api", path, query, headers: [], body: null });
  if (status !== 200) throw { tag: "unavailable", val: `HTTP ${status}` };
  return JSON.parse(body);
};
export const agency = {
  describe: () => ({ id: "bell", version: "1.0.0", functions: ["register", "inbound", "call_started"], speaksFor: ["bell"] }),
  register({ token, key }) {
    const { taken } = token === null ? {} : ask("get", "/truth", [["key", key]]);
    const filing = { reference: "B-1", status: "accepted", detail: null, refused: [] };
    return taken ? { tag: "filed", val: filing } : { tag: "pending", val: { token: "wait", askAgainS: 3600 } };
  },
  inbound({ body }) {
    const { number, key } = JSON.parse(body);
    const { flagged, taken } = ask("get", "/truth", [["number", number ?? ""], ["key", key ?? ""]]);
    const observedAt = Math.floor(clock.nowMs() / 1000);
    const observation = { number, agency: "bell", carrier: null, status: "flagged", label: "Rung", score: null, observedAt, costMicros: 0 };
    const filing = { reference: "B-1", status: "accepted", detail: null, refused: [] };
    return { observations: flagged ? [observation] : [], filings: taken ? [{ key, filing }] : [] };
  },
  callStarted({ number }) { ask("post", "/begun", [["number", number]]); },
};
"#;

#[derive(Clone, Default)]
struct Bell {
    truth: Arc<Mutex<Value>>,
    begun: Arc<Mutex<Vec<String>>>,
}

async fn truth(State(bell): State<Bell>) -> axum::Json<Value> {
    axum::Json(bell.truth.lock().expect("not poisoned").clone())
}

async fn begun(State(bell): State<Bell>, Query(query): Query<HashMap<String, String>>) -> axum::Json<Value> {
    bell.begun.lock().expect("not poisoned").push(query["number"].clone());
    axum::Json(json!({}))
}

async fn open(folder: &Path) -> (Bell, Daemon) {
    let bell = Bell { truth: Arc::new(Mutex::new(json!({}))), ..Bell::default() };
    let router = Router::new().route("/truth", get(truth)).route("/begun", post(begun)).with_state(bell.clone());
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    tokio::spawn(async move { axum::serve(listener, router).await });
    prepare(folder, NOWHERE, NOWHERE, POLICY);
    share_compiled_adapters(folder);
    let config = std::fs::read_to_string(folder.join("smartguard.toml")).expect("a configuration");
    std::fs::write(folder.join("smartguard.toml"), format!("{config}\n[origins.bell]\napi = \"http://{address}\"\n"))
        .expect("written");
    let place = adapter_folder(folder, "bell");
    std::fs::create_dir_all(&place).expect("a folder");
    std::fs::write(place.join("adapter.toml"), MANIFEST).expect("written");
    std::fs::write(place.join("adapter.js"), SCRIPT).expect("written");
    let daemon = Daemon::start(folder);
    daemon.must_post("/v1/adapters/bell/grant", &json!({ "by": "Ann" })).await;
    daemon.must_post("/v1/businesses", &business("acme", "self")).await;
    import(&daemon, "acme", sheet(212, 12, |_| true)).await;
    daemon.must_post("/v1/users", &json!({ "name": "ann", "business": "acme" })).await;
    (bell, daemon)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_webhook_is_heard_by_its_adapter_and_believed_only_as_far_as_that_believes_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let (bell, daemon) = open(folder.path()).await;
    let ours = "+12125551000";
    let path = number_path(ours);
    let registered = |state: &'static str| {
        move |number: &Value| {
            list(number, "registrations").iter().any(|one| one["adapter"] == "bell" && one["state"] == state)
        }
    };
    daemon.wait_for(&path, 30, registered("filing")).await;
    let ring = async |body: Value| daemon.post("/v1/inbound/bell", &body).await;

    // A forged one says that a number is flagged, and the agency knows nothing of it.
    let (status, answer) = ring(json!({ "number": ours, "key": "register-bell-acme-1" })).await;
    assert_eq!((status, &answer["observations"], &answer["filings"]), (200, &json!(0), &json!(0)), "{answer}");
    assert_eq!(daemon.get(&path).await["life"], "active");

    *bell.truth.lock().expect("not poisoned") = json!({ "flagged": true, "taken": true });
    let (status, answer) = ring(json!({ "number": ours, "key": "register-bell-acme-1" })).await;
    assert_eq!((status, &answer["observations"], &answer["filings"]), (200, &json!(1), &json!(1)), "{answer}");
    let number = daemon.wait_for(&path, 30, registered("filed")).await;
    assert_eq!(number["life"], "remediating", "{number}");

    // The same again changes nothing, and neither does a number that is not ours or a key that nobody knows.
    ring(json!({ "number": ours, "key": "register-bell-acme-1" })).await;
    let (status, _) = ring(json!({ "number": "+12025550143", "key": "register-bell-acme-99" })).await;
    assert_eq!(status, 200);
    assert_eq!(daemon.post("/v1/inbound/nomorobo", &json!({})).await.0, 404, "it takes no webhooks");
    let (status, problem) = ring(json!("no object")).await;
    assert_eq!(status, 503, "what an adapter cannot read is told, and may be sent again: {problem}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_agency_is_told_of_calls_that_begin_and_no_call_waits_for_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let (bell, daemon) = open(folder.path()).await;
    let mut shown = Vec::new();
    for n in 0..5 {
        let body = json!({ "to": format!("+1312{:07}", 2_000_000 + n), "call_id": format!("c{n}"), "user": "ann" });
        let (_, answer) = daemon.post("/v1/caller-id", &body).await;
        shown.push(answer["caller_id"].as_str().expect("a number").to_owned());
    }
    let told = || bell.begun.lock().expect("not poisoned").clone();
    daemon.wait_for("/v1/adapters/bell", 30, |_| told().len() == 5).await;
    let mut told = told();
    told.sort();
    shown.sort();
    assert_eq!(told, shown, "each number that was shown, and never a callee");
}
