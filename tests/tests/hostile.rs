//! Adapters that mean no good, dropped into the running daemon: each costs its own call alone.

use serde_json::{Value, json};
use smartguard_tests::agency::Nomorobo;
use smartguard_tests::daemon::Daemon;
use smartguard_tests::guests::{self, HOSTILE};
use smartguard_tests::villain::Villain;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// Caps that nobody reaches, and checks so often that a test sees several rounds of them.
const POLICY: &str = r#"
per_day_soft = 100000
per_day_hard = 100000
per_hour = 65000
per_minute = 65000
turn_gap = "0s"
check_every = "12s"
check_every_urgent = "5s"
"#;

/// Small, so that each call is over soon. One number a call gives each guest as many calls as there are numbers.
const LIMITS: &str = "memory_max_mib = 8\ncpu_ms = 100\ntimeout_s = 1\nlog_max_kib = 4\nbatch_max = 1";
/// So few that Nomorobo's own rate of a request a second is not the bound.
const NUMBERS: u32 = 10;
const NUMBER: &str = "+12125551000";

fn business() -> Value {
    json!({
        "id": "acme", "legal_name": "Acme LLC", "relation": "self", "website": "https://acme.example",
        "use_case": "Appointment reminders", "calls_per_month": 20000, "originating_providers": ["Twilio"],
        "address": {"line1": "1 Main St", "city": "Dayton", "state": "OH", "zip": "45402"},
        "contact": {"name": "Ann Smith", "email": "ann@acme.example", "phone": "+19375550100"},
    })
}

async fn furnish(daemon: &Daemon) {
    daemon.must_post("/v1/businesses", &business()).await;
    let rows: String = (0..NUMBERS)
        .map(|n| format!("+1212555{},in_service,2025-01-01,declared:Ann,+12125550100\n", 1000 + n))
        .collect();
    let sent = daemon
        .client
        .post(daemon.url("/v1/numbers?business=acme&by=test"))
        .header("content-type", "text/csv")
        .body(format!("number,service,since,right,callback\n{rows}"));
    assert!(sent.send().await.expect("an answer").status().is_success());
    daemon.must_post("/v1/users", &json!({ "name": "ann", "business": "acme" })).await;
}

/// Asks as a dialer does until it is told to stop, and says how often it was told a number. Nothing else may come.
fn dial(daemon: Arc<Daemon>, stop: Arc<AtomicBool>) -> tokio::task::JoinHandle<u32> {
    tokio::spawn(async move {
        let mut pace = tokio::time::interval(Duration::from_millis(5));
        let mut n = 0;
        while !stop.load(Ordering::Relaxed) {
            pace.tick().await;
            let body = json!({ "to": format!("+1312{}", 2_000_000 + n), "call_id": format!("c{n}"), "user": "ann" });
            let (status, answer) = daemon.post("/v1/caller-id", &body).await;
            assert_eq!((status, &answer["decision"]), (200, &json!("use")), "{answer}");
            n += 1;
        }
        n
    })
}

/// The standings of all numbers: agency, source, status.
async fn standings(daemon: &Daemon) -> Vec<(String, String, String)> {
    let page = daemon.get("/v1/numbers").await;
    let numbers = page["numbers"].as_array().expect("numbers");
    assert_eq!(numbers.len(), NUMBERS as usize);
    let standings = numbers.iter().flat_map(|number| number["standings"].as_array().expect("standings"));
    let word = |standing: &Value, field: &str| standing[field].as_str().expect("a word").to_owned();
    standings.map(|held| (word(held, "agency"), word(held, "source"), word(held, "status"))).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_hostile_adapter_costs_its_own_call_alone() {
    let folder = tempfile::tempdir().expect("a folder");
    let (nomorobo, agency) = Nomorobo::start().await;
    let (villain, lair) = Villain::start().await;
    let adapters = folder.path().join("adapters");
    std::fs::create_dir_all(&adapters).expect("a folder");
    std::fs::create_dir_all(folder.path().join("policies")).expect("a folder");
    std::fs::write(folder.path().join("policies/default.toml"), POLICY).expect("written");
    let configuration = format!(
        "bundled = [\"fcr\", \"nomorobo\"]\n[origins.nomorobo]\napi = \"http://{agency}\"\n{}",
        guests::rebinds(lair)
    );
    std::fs::write(folder.path().join("smartguard.toml"), configuration).expect("written");
    let daemon = Arc::new(Daemon::start(folder.path()));
    furnish(&daemon).await;
    let stop = Arc::new(AtomicBool::new(false));
    let dialed = dial(daemon.clone(), stop.clone());

    for id in HOSTILE.iter().map(|guest| guest.id).chain(["silent"]) {
        guests::drop_in(&adapters, id, &guests::script(id), LIMITS);
    }
    for id in HOSTILE.iter().map(|guest| guest.id).chain(["silent"]) {
        let path = format!("/v1/adapters/{id}");
        daemon.wait_for("/v1/adapters", 60, |list| list.to_string().contains(&format!("\"id\":\"{id}\""))).await;
        let waiting = daemon.wait_for(&path, 60, |adapter| adapter["state"] == "ungranted").await;
        assert_eq!(waiting["calls"], 0, "nobody runs what nobody granted: {waiting}");
        daemon.must_post(&format!("{path}/grant"), &json!({ "by": "Ann" })).await;
    }

    // From here on the schedule calls them about every number.
    for guest in &HOSTILE {
        let path = format!("/v1/adapters/{}", guest.id);
        let tried = json!({ "function": "check", "numbers": [NUMBER] });
        if guest.at_fault {
            let benched = daemon.wait_for(&path, 90, |adapter| adapter["state"] == "benched").await;
            let reason = benched["reason"].as_str().expect("a reason");
            assert!(reason.contains(guest.told) && reason.contains("3 faults in a row"), "{}: {reason}", guest.id);
            let answer = daemon.must_post(&format!("{path}/try"), &tried).await;
            let said = answer["error"].as_str().expect("an error");
            assert!(said.contains("it rests after repeated faults"), "a call by hand is no way around: {said}");
        } else {
            let failing = daemon.wait_for(&path, 90, |adapter| !adapter["last_failure"].is_null()).await;
            let reason = failing["last_failure"]["reason"].as_str().expect("a reason");
            assert!(reason.contains(guest.told), "{}: {reason}", guest.id);
            assert_eq!(failing["state"], "live", "the agency's fault is not the adapter's: {failing}");
        }
    }
    assert!(villain.redirected() >= 3, "the adapter that was led was answered");
    let given_up = tokio::time::timeout(Duration::from_secs(60), villain.is_given_up()).await;
    given_up.expect("a body that drips is given up");

    // All the while a healthy adapter is asked, finds what its agency says, and goes on being asked.
    let healthy = |number: &Value| {
        let standings = number["standings"].as_array().expect("standings");
        standings.iter().any(|held| held["agency"] == "nomorobo" && held["status"] == "unflagged")
    };
    let all_clean = |page: &Value| page["numbers"].as_array().expect("numbers").iter().all(healthy);
    daemon.wait_for("/v1/numbers", 60, all_clean).await;
    let asked = nomorobo.asked();
    nomorobo.block([NUMBER.to_owned()]);
    let path = format!("/v1/numbers/{}", NUMBER.replace('+', "%2B"));
    daemon.wait_for(&path, 90, |number| number["life"] == "remediating").await;
    assert!(nomorobo.asked() > asked);
    assert_eq!(daemon.get("/v1/adapters/nomorobo").await["faults"], 0);

    // Neither what failed nor what was left unsaid became good news, and nobody spoke in another's name.
    let all_asked = |adapter: &Value| adapter["calls"].as_u64() >= Some(u64::from(NUMBERS));
    let silent = daemon.wait_for("/v1/adapters/silent", 60, all_asked).await;
    assert_eq!((&silent["state"], &silent["faults"]), (&json!("live"), &json!(0)), "{silent}");
    let guests: BTreeSet<&str> = HOSTILE.iter().map(|guest| guest.id).chain(["silent"]).collect();
    for (agency, source, status) in standings(&daemon).await {
        let by_guest = guests.contains(source.as_str()) || guests.contains(agency.as_str());
        assert!(!by_guest || (source == agency && status == "unknown"), "{source} says of {agency}: {status}");
    }

    stop.store(true, Ordering::Relaxed);
    let dialed = dialed.await.expect("every ask was answered with a number");
    println!("{dialed} asks were answered with a number meanwhile");
    assert!(dialed > 100);
    assert_eq!(daemon.get("/v1/status").await["holds"], 0);
}
