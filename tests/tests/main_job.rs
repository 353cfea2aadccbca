//! The main job on the real binary over real sockets: a call asks, a number answers, an agency flags it, it heals.

use serde_json::{Value, json};
use smartguard_tests::agency::Nomorobo;
use smartguard_tests::daemon::Daemon;
use std::collections::BTreeSet;
use std::path::Path;

/// A policy in seconds, so that a whole life fits into a test.
const POLICY: &str = r#"
per_day_soft = 100000
per_day_hard = 100000
per_hour = 65000
per_minute = 65000
turn_gap = "0s"
new_number_wait = "1s"
ramp_for = "4s"
ramp_per_day = [1000, 2000]
rest_for = "2s"
check_every = "20s"
check_every_urgent = "8s"
file_every = "1s"
swap_percent_max = 20
"#;

fn business(id: &str, relation: &str) -> Value {
    json!({
        "id": id, "legal_name": format!("{id} LLC"), "relation": relation, "website": "https://acme.example",
        "use_case": "Appointment reminders", "calls_per_month": 20000, "originating_providers": ["Twilio"],
        "address": {"line1": "1 Main St", "city": "Dayton", "state": "OH", "zip": "45402"},
        "contact": {"name": "Ann Smith", "email": "ann@acme.example", "phone": "+19375550100"},
    })
}

fn setting(folder: &Path, origin: &str, policy: &str) {
    std::fs::create_dir_all(folder.join("policies")).expect("a folder");
    std::fs::create_dir_all(folder.join("adapters")).expect("a folder");
    std::fs::write(folder.join("policies/default.toml"), policy).expect("written");
    std::fs::write(folder.join("smartguard.toml"), format!("[origins.nomorobo]\napi = \"{origin}\"\n"))
        .expect("written");
}

/// Rows of a CSV: half of them in service, half new.
fn sheet(area: u16, count: u32, in_service: impl Fn(u32) -> bool) -> String {
    let mut text = "number,service,since,right,callback\n".to_owned();
    for n in 0..count {
        let (service, since) = if in_service(n) { ("in_service", "2025-01-01") } else { ("new", "") };
        text.push_str(&format!("+1{area}555{:04},{service},{since},declared:Ann,+12125550100\n", 1000 + n));
    }
    text
}

async fn import(daemon: &Daemon, business: &str, sheet: String) -> Value {
    let response = daemon
        .client
        .post(daemon.url(&format!("/v1/numbers?business={business}&by=test")))
        .header("content-type", "text/csv")
        .body(sheet)
        .send()
        .await
        .expect("an answer");
    let status = response.status();
    let body = response.text().await.expect("a body");
    assert!(status.is_success(), "{status} {body}");
    serde_json::from_str(&body).expect("JSON")
}

async fn ask(daemon: &Daemon, owner: &str, n: u32) -> Value {
    let to = format!("+1312{:07}", 2_000_000 + n % 7_000_000);
    let body = json!({ "to": to, "call_id": format!("c{n}"), "user": owner });
    let (status, answer) = daemon.post("/v1/caller-id", &body).await;
    assert_eq!(status, 200, "{answer}");
    assert_eq!(answer["decision"], "use", "{answer}");
    answer
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_flagged_number_leaves_is_replaced_and_comes_back() {
    let folder = tempfile::tempdir().expect("a folder");
    let (nomorobo, address) = Nomorobo::start().await;
    setting(folder.path(), &format!("http://{address}"), POLICY);
    let daemon = Daemon::start(folder.path());
    daemon.must_post("/v1/businesses", &business("acme", "self")).await;
    // So few that the adapter's own rate of one request a second is not the bound.
    let report = import(&daemon, "acme", sheet(212, 16, |_| true)).await;
    assert_eq!(report["added"], 16, "{report}");
    daemon.must_post("/v1/users", &json!({ "name": "ann", "business": "acme" })).await;

    // A number that no source has spoken of yet comes after those that are known to be unflagged.
    daemon
        .wait_for("/v1/numbers?owner=ann", 90, |page| {
            let numbers = page["numbers"].as_array().expect("numbers");
            numbers.iter().all(|number| number["standings"].as_array().is_some_and(|standings| !standings.is_empty()))
        })
        .await;
    let mut shown = BTreeSet::new();
    for n in 0..400 {
        let answer = ask(&daemon, "ann", n).await;
        shown.insert(answer["caller_id"].as_str().expect("a number").to_owned());
    }
    assert_eq!(shown.len(), 10, "the pool turns over all of its numbers: {shown:?}");

    let bad = shown.first().expect("one").clone();
    nomorobo.block([bad.clone()]);
    let path = format!("/v1/numbers/{}", bad.replace('+', "%2B"));
    let flagged = daemon.wait_for(&path, 90, |number| number["life"] == "remediating").await;
    assert_eq!(flagged["place"], "aside", "it left its pool: {flagged}");
    let cases = daemon.get("/v1/cases").await;
    let case = &cases["cases"][0];
    assert_eq!(case["number"], bad.as_str(), "{cases}");
    assert_eq!(case["agency"], "nomorobo");
    let pool = daemon.get("/v1/users").await;
    let ann = pool["users"].as_array().expect("a list").iter().find(|user| user["name"] == "ann").expect("ann").clone();
    let now: BTreeSet<String> = ann["pool"]
        .as_array()
        .expect("a pool")
        .iter()
        .map(|number| number["number"].as_str().expect("a number").to_owned())
        .collect();
    assert_eq!(now.len(), 10, "a ready number took its place: {now:?}");
    assert!(!now.contains(&bad));
    for n in 400..600 {
        assert_ne!(ask(&daemon, "ann", n).await["caller_id"], bad.as_str(), "a flagged number is never shown");
    }
    let tasks = daemon.wait_for("/v1/tasks", 20, |tasks| tasks.to_string().contains("\"kind\":\"dispute\"")).await;
    assert!(tasks.to_string().contains(&bad), "the packet is about it: {tasks}");

    nomorobo.block([]);
    daemon.wait_for(&path, 90, |number| number["life"] == "ready" || number["life"] == "active").await;
    let cases = daemon.get("/v1/cases").await;
    assert_eq!(cases["cases"][0]["state"], "cleared", "{cases}");
    assert!(nomorobo.asked() > 16, "every number was asked about");
    assert!(daemon.stop().success());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_kill_loses_nothing_acknowledged_and_exceeds_no_cap() {
    let folder = tempfile::tempdir().expect("a folder");
    let policy = POLICY
        .replace("per_day_soft = 100000", "per_day_soft = 60")
        .replace("per_day_hard = 100000", "per_day_hard = 60")
        .replace("swap_percent_max = 20", "swap_percent_max = 20\nattempts_per_24h = 30\nattempts_per_30d = 30");
    setting(folder.path(), "http://127.0.0.1:9", &policy);
    let mut daemon = Daemon::start(folder.path());
    daemon.must_post("/v1/businesses", &business("acme", "self")).await;
    import(&daemon, "acme", sheet(212, 10, |_| true)).await;
    daemon.must_post("/v1/users", &json!({ "name": "ann", "business": "acme" })).await;
    let rounds: u32 = if std::env::var_os("SMARTGUARD_LONG").is_some() { 60 } else { 6 };
    let mut calls = std::collections::BTreeMap::<String, u32>::new();
    let mut reported = 0;
    for round in 0..rounds {
        for n in 0..7 + round % 5 {
            let body = json!({ "to": format!("+1312{:07}", 2_000_000 + round * 100 + n), "call_id": format!("r{round}n{n}"), "user": "ann" });
            let (status, answer) = daemon.post("/v1/caller-id", &body).await;
            assert_eq!(status, 200, "{answer}");
            if answer["decision"] == "hold" {
                assert_eq!(answer["class"], "capacity", "{answer}");
                continue;
            }
            let number = answer["caller_id"].as_str().expect("a number").to_owned();
            let of = calls.entry(number).or_default();
            *of += 1;
            assert!(*of <= 60, "the cap is exceeded");
            if n == 3 {
                let outcome =
                    json!({ "decision_id": answer["decision_id"], "sip_code": 486, "sip_reason": "Busy Here" });
                let taken = daemon.must_post("/v1/outcomes", &outcome).await;
                assert!(taken.to_string().contains("joined"), "{taken}");
                reported += 1;
            }
        }
        daemon.kill();
        daemon = Daemon::start(folder.path());
        let status = daemon.get("/v1/status").await;
        assert_eq!(status["numbers"], 10, "what was imported is there: {status}");
    }
    assert!(reported > 0);
    let page = daemon.get("/v1/numbers").await;
    for number in page["numbers"].as_array().expect("numbers") {
        let shown = number["shown_today"].as_u64().expect("a count");
        let called = calls.get(number["number"].as_str().expect("a number")).copied().unwrap_or_default();
        assert!(shown >= u64::from(called), "caps may be under-used after a kill, never exceeded: {shown} < {called}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_person_flags_and_clears_and_a_broken_policy_changes_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    setting(folder.path(), "http://127.0.0.1:9", POLICY);
    let daemon = Daemon::start(folder.path());
    daemon.must_post("/v1/businesses", &business("acme", "self")).await;
    import(&daemon, "acme", sheet(212, 20, |_| true)).await;
    daemon.must_post("/v1/users", &json!({ "name": "ann", "business": "acme" })).await;
    let first = ask(&daemon, "ann", 1).await["caller_id"].as_str().expect("a number").to_owned();
    let path = format!("/v1/numbers/{}", first.replace('+', "%2B"));
    let report = json!({ "label": "Spam Likely", "carrier": "tmobile", "by": "Ann" });
    let number = daemon.must_post(&format!("{path}/reports"), &report).await;
    assert_eq!(number["life"], "remediating", "{number}");
    assert_eq!(number["place"], "user ann", "one carrier's label is no reason to leave the pool: {number}");
    for n in 2..60 {
        let body = json!({ "to": format!("+1312{:07}", 2_000_000 + n), "call_id": format!("t{n}"), "user": "ann", "callee_carrier": "tmobile" });
        let (_, answer) = daemon.post("/v1/caller-id", &body).await;
        assert_ne!(answer["caller_id"], first.as_str(), "it rests on that carrier");
    }

    let before = daemon.get("/v1/policies").await["policies"][0]["revision"].clone();
    std::fs::write(folder.path().join("policies/default.toml"), "per_day_sofd = 5\n").expect("written");
    let policies =
        daemon.wait_for("/v1/policies", 10, |policies| !policies["policies"][0]["last_refusal"].is_null()).await;
    assert_eq!(policies["policies"][0]["revision"], before, "the old revision stays in force");
    assert!(policies.to_string().contains("per_day_soft"), "the nearest known name is told: {policies}");
    std::fs::write(
        folder.path().join("policies/default.toml"),
        POLICY.replace("rest_for = \"2s\"", "rest_for = \"1s\""),
    )
    .expect("written");
    daemon.wait_for("/v1/policies", 10, |policies| policies["policies"][0]["revision"] != before).await;

    let cleared = daemon
        .must_post(&format!("{path}/reports"), &json!({ "clear": true, "carrier": "tmobile", "by": "Ann" }))
        .await;
    assert_eq!(cleared["life"], "resting", "{cleared}");
    daemon.wait_for(&path, 20, |number| number["life"] == "active").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_script_is_swapped_while_calls_go_on_and_a_broken_one_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let (_nomorobo, address) = Nomorobo::start().await;
    setting(folder.path(), &format!("http://{address}"), POLICY);
    let daemon = Daemon::start(folder.path());
    daemon.must_post("/v1/businesses", &business("acme", "self")).await;
    import(&daemon, "acme", sheet(212, 10, |_| true)).await;
    daemon.must_post("/v1/users", &json!({ "name": "ann", "business": "acme" })).await;
    let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("../adapters/nomorobo");
    let script = std::fs::read_to_string(shipped.join("adapter.js")).expect("the shipped script");
    let place = folder.path().join("adapters/nomorobo");
    std::fs::create_dir_all(&place).expect("a folder");
    std::fs::copy(shipped.join("adapter.toml"), place.join("adapter.toml")).expect("copied");
    let before = daemon.get("/v1/adapters/nomorobo").await["revision"].clone();
    std::fs::write(place.join("adapter.js"), format!("{script}\n// a newer version\n")).expect("written");
    let mut n = 0;
    let newer = loop {
        ask(&daemon, "ann", n).await;
        n += 1;
        let adapter = daemon.get("/v1/adapters/nomorobo").await;
        if adapter["revision"] != before {
            break adapter["revision"].clone();
        }
        assert!(n < 20_000, "the new version never served: {adapter}");
    };
    std::fs::write(place.join("adapter.js"), "export const agency = {\n  describe( { }\n").expect("written");
    let adapter = daemon.wait_for("/v1/adapters/nomorobo", 30, |adapter| !adapter["last_refusal"].is_null()).await;
    assert_eq!(adapter["revision"], newer, "what served before serves on: {adapter}");
    assert_eq!(adapter["state"], "live");
    assert!(adapter["last_refusal"].to_string().contains("adapter.js"), "the place is named: {adapter}");
    ask(&daemon, "ann", n + 1).await;
}

#[tokio::test]
async fn a_second_daemon_on_the_same_folder_is_told_so() {
    let folder = tempfile::tempdir().expect("a folder");
    setting(folder.path(), "http://127.0.0.1:9", POLICY);
    let _first = Daemon::start(folder.path());
    let said = match Daemon::try_start(folder.path()) {
        Ok(_) => panic!("two daemons share one folder"),
        Err(said) => said,
    };
    assert!(said.contains("data") && said.contains("another"), "it says what is the matter: {said}");
}
