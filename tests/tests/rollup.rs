//! Old calls leave the store through the real binary: the archive names each of them, and what they add up to stays.

use serde_json::{Value, json};
use smartguard::house::record::{PAGE_PREFIX, Record, add_to_page, encode, read_page};
use smartguard::store::{Key, Op, SledOptions, SledStore, Store, Tree};
use smartguard_tests::daemon::{Daemon, binary};
use smartguard_tests::floor::{self, NOWHERE, POLICY, list, text};
use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

const TEN_DAYS: Duration = Duration::from_secs(10 * 24 * 60 * 60);

/// A folder whose policy permits a callee three attempts in thirty days.
fn setting(more: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let policy = format!("{POLICY}attempts_per_24h = 3\nattempts_per_30d = 3\n");
    floor::prepare(folder.path(), NOWHERE, NOWHERE, &policy);
    let config = folder.path().join("smartguard.toml");
    let text = std::fs::read_to_string(&config).expect("a configuration");
    std::fs::write(config, format!("{text}{more}")).expect("written");
    floor::share_compiled_adapters(folder.path());
    folder
}

/// Makes all calls in the store of a folder at rest ten days older, as if the daemon had stood still since.
async fn ten_days_later(folder: &Path) {
    let store = SledStore::open(&folder.join("data/store"), SledOptions::default()).expect("the store");
    let pages = store.scan(Tree::Event, &[PAGE_PREFIX], Some(&[PAGE_PREFIX + 1]), 4096).await.expect("pages");
    for (key, _, page) in pages {
        let mut aged = Vec::new();
        for (seq, mut record) in read_page(&page).expect("a page") {
            let times = match &mut record {
                Record::Decided(decided) => vec![&mut decided.at, &mut decided.valid_until],
                Record::Reported(reported) => {
                    let called_at = reported.call.as_mut().map(|call| &mut call.at);
                    called_at.into_iter().chain([&mut reported.at]).collect()
                }
                Record::Restored { at, .. } | Record::Settled { at } => vec![at],
                Record::Charged { lost, .. } => vec![&mut lost.at],
                Record::Viewed(viewed) => vec![&mut viewed.at],
            };
            for at in times {
                *at = at.before(TEN_DAYS);
            }
            add_to_page(&mut aged, &encode(seq, &record).expect("an encoding"));
        }
        store.commit(vec![Op::put(Key::new(Tree::Event, key), aged)]).await.expect("kept");
    }
    store.close().await.expect("closed");
}

/// The lines of an archive by their record. One that is there twice, because a kill came in between, is the same.
fn archived(folder: &Path) -> BTreeMap<u64, Value> {
    let mut lines = BTreeMap::new();
    for file in std::fs::read_dir(folder).into_iter().flatten() {
        let text = std::fs::read_to_string(file.expect("a file").path()).expect("text");
        // What a kill cut short is no JSON, and comes again whole.
        for line in text.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok()) {
            let before = lines.insert(line["record"].as_u64().expect("a record"), line.clone());
            assert!(before.is_none_or(|before| before == line), "{line}");
        }
    }
    lines
}

/// The lines of this kind, in the order of their records, once there are so many.
async fn archived_lines(folder: &Path, kind: &str, count: usize) -> Vec<Value> {
    let waiting = async {
        loop {
            let lines: Vec<Value> = archived(folder).into_values().filter(|line| line["line"] == kind).collect();
            if lines.len() >= count {
                return lines;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    let lines = tokio::time::timeout(Duration::from_secs(60), waiting).await.expect("old calls go by themselves");
    assert_eq!(lines.len(), count, "{lines:#?}");
    lines
}

async fn set_up(daemon: &Daemon) {
    daemon.must_post("/v1/businesses", &floor::business("acme", "self")).await;
    floor::import(daemon, "acme", floor::sheet(212, 10, |_| true)).await;
    daemon.must_post("/v1/users", &json!({ "name": "ann", "business": "acme" })).await;
}

/// Asks for a call to this callee.
async fn ask(daemon: &Daemon, callee: u32, call: &str) -> Value {
    let to = format!("+1312555{callee:04}");
    let ask = json!({ "to": to, "call_id": call, "user": "ann", "callee_carrier": "verizon" });
    daemon.must_post("/v1/caller-id", &ask).await
}

/// Calls five callees: the first so often as the policy permits, the second asks not to be called again, the call of the
/// third is never placed. Gives the numbers that were shown, in order.
async fn call_five(daemon: &Daemon) -> Vec<String> {
    let mut shown = Vec::new();
    for (call, callee) in [0, 0, 0, 1, 2, 3, 4].into_iter().enumerate() {
        let answer = ask(daemon, callee, &format!("first-{call}")).await;
        let mut outcome = json!({ "decision_id": answer["decision_id"] });
        match callee {
            1 => outcome["sip_code"] = json!(607),
            2 => outcome["not_placed"] = json!(true),
            _ => outcome["duration"] = json!(40),
        }
        daemon.must_post("/v1/outcomes", &outcome).await;
        shown.push(text(&answer, "caller_id").to_owned());
    }
    shown
}

/// What our own calls show of each number.
async fn evidence(daemon: &Daemon) -> Vec<Value> {
    let page = daemon.get("/v1/numbers?limit=100").await;
    let numbers = list(&page, "numbers").iter().map(|number| text(number, "number").to_owned());
    let mut evidence = Vec::new();
    for number in numbers.collect::<Vec<_>>() {
        evidence.push(daemon.get(&floor::number_path(&number)).await["carriers"].clone());
    }
    evidence
}

/// Asks once more for each callee, with calls of this name, and checks that each is remembered.
async fn check_remembered(daemon: &Daemon, shown: &[String], name: &str) {
    let again = async |callee: u32| ask(daemon, callee, &format!("{name}-{callee}")).await;
    for callee in [0, 1] {
        let answer = again(callee).await;
        assert_eq!((&answer["decision"], &answer["class"]), (&json!("hold"), &json!("callee_law")), "{answer}");
    }
    // The attempt that was given back is there again, and the number that was seen is shown.
    for (callee, call, left) in [(2, 4, 2), (3, 5, 1)] {
        let answer = again(callee).await;
        assert_eq!(answer["caller_id"], shown[call], "{answer}");
        assert_eq!((&answer["attempts_left"], &answer["reason"]), (&json!(left), &json!("same_number_as_last_time")));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn old_calls_go_to_the_archive_and_are_remembered() {
    let folder = setting("");
    let archive = folder.path().join("data/archive");
    let daemon = Daemon::start(folder.path());
    set_up(&daemon).await;
    let shown = call_five(&daemon).await;
    let before = evidence(&daemon).await;
    let carriers = before.iter().flat_map(|carriers| carriers.as_array().expect("carriers"));
    let answers: u64 = carriers.filter_map(|carrier| carrier["evidence"]["human_answers"].as_u64()).sum();
    assert_eq!(answers, 5, "{before:?}");
    assert!(daemon.stop().success());

    ten_days_later(folder.path()).await;
    // It may be killed while it moves them.
    Daemon::start(folder.path()).kill();
    let daemon = Daemon::start(folder.path());
    let calls = archived_lines(&archive, "call", shown.len()).await;
    let named: Vec<&str> = calls.iter().map(|call| text(call, "number")).collect();
    assert_eq!(named, shown, "each call, in order");
    assert!(calls.iter().all(|call| call["right"]["declared_by"] == "Ann" && call["owner"] == "user ann"), "{calls:?}");
    let dispositions = archived_lines(&archive, "disposition", shown.len()).await;
    let of = |call: &Value| dispositions.iter().find(|line| line["call"] == call["call"]).expect("a disposition");
    assert_eq!(of(&calls[3])["asked_not_to_be_called"], true);
    assert_eq!((&of(&calls[0])["talk_s"], &of(&calls[0])["number"]), (&json!(40), &json!(shown[0])));
    assert!(daemon.stop().success());

    // Nothing is left to replay, and nothing is forgotten.
    let daemon = Daemon::start(folder.path());
    assert_eq!(evidence(&daemon).await, before);
    check_remembered(&daemon, &shown, "second").await;
    assert!(daemon.stop().success());

    // The calls since then have numbers of their own, and their turn comes.
    ten_days_later(folder.path()).await;
    let daemon = Daemon::start(folder.path());
    let all = archived_lines(&archive, "call", shown.len() + 2).await;
    assert_eq!(all[..shown.len()], calls);
    archived_lines(&archive, "hold", 2).await;
    assert!(daemon.stop().success());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_hinders_the_archive_is_said_and_an_export_holds_what_was_added_up() {
    let folder = setting("[calls]\narchive = \"calls\"\n");
    let archive = folder.path().join("calls");
    std::fs::write(&archive, "no folder").expect("written");
    let daemon = Daemon::start(folder.path());
    set_up(&daemon).await;
    let shown = call_five(&daemon).await;
    let before = evidence(&daemon).await;
    assert!(daemon.stop().success());

    ten_days_later(folder.path()).await;
    let daemon = Daemon::start(folder.path());
    let hindered = |status: &Value| status["advice"].to_string().contains("Old calls stay in data");
    let status = daemon.wait_for("/v1/status", 60, hindered).await;
    let named = archive.file_name().expect("a name").to_string_lossy().into_owned();
    let advice = list(&status, "advice").iter().find(|advice| advice.to_string().contains("Old calls")).expect("it");
    assert!(advice.to_string().contains(&format!("may write to {named}")), "{advice}");
    let metrics = daemon.client.get(daemon.url("/metrics")).send().await.expect("an answer");
    let metrics = metrics.text().await.expect("text");
    assert!(metrics.contains("smartguard_trouble{code=\"old_calls_stay\"} 1"), "{metrics}");
    assert_eq!(evidence(&daemon).await, before, "nothing is lost by it");
    assert!(daemon.stop().success());

    std::fs::remove_file(&archive).expect("removed");
    let daemon = Daemon::start(folder.path());
    archived_lines(&archive, "call", shown.len()).await;
    let said = Command::new(binary())
        .current_dir(folder.path())
        .args(["--server", &daemon.base, "export", "export.ndjson"])
        .output()
        .expect("the binary runs");
    assert!(said.status.success(), "{said:?}");
    assert!(daemon.stop().success());

    let other = setting("");
    let (export, key) = (folder.path().join("export.ndjson"), folder.path().join("data.key"));
    let said = Command::new(binary())
        .current_dir(other.path())
        .args(["import".as_ref(), export.as_os_str(), "--data".as_ref(), "data".as_ref()])
        .args(["--key".as_ref(), key.as_os_str()])
        .output()
        .expect("the binary runs");
    assert!(said.status.success(), "{said:?}");
    let daemon = Daemon::start(other.path());
    assert_eq!(evidence(&daemon).await, before);
    check_remembered(&daemon, &shown, "elsewhere").await;
    assert!(daemon.stop().success());
    assert!(archived(&other.path().join("data/archive")).is_empty(), "what was archived there is not archived here");
}
