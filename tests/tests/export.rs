//! Exports and imports through the real binary: what one daemon held, another one holds after it.

use serde_json::{Value, json};
use smartguard_tests::daemon::{Daemon, binary};
use std::path::{Path, PathBuf};
use std::process::Command;

/// What the command line said, both ways, and its exit code.
fn say(folder: &Path, arguments: &[&str]) -> (i32, String) {
    let output = Command::new(binary()).current_dir(folder).args(arguments).output().expect("the binary runs");
    let said = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    (output.status.code().expect("it ended by itself"), said)
}

/// Says something and checks the exit code and what is answered.
fn check(folder: &Path, arguments: &[&str], exit: i32, parts: &[&str]) -> String {
    let (code, said) = say(folder, arguments);
    assert_eq!(code, exit, "{arguments:?} said:\n{said}");
    for part in parts {
        assert!(said.contains(part), "{part:?} is not said of {arguments:?}:\n{said}");
    }
    said
}

/// A folder with a policy, an adapter that waits for its grant, and nothing to reach beyond this machine.
fn setting(folder: &Path, more: &str) {
    std::fs::create_dir_all(folder.join("policies")).expect("a folder");
    std::fs::write(folder.join("policies/default.toml"), "turn_gap = \"0s\"\nper_minute = 60\nper_hour = 60\n")
        .expect("written");
    let adapter = folder.join("adapters/house_list");
    std::fs::create_dir_all(&adapter).expect("a folder");
    let manifest = "id = \"house_list\"\nkind = \"agency\"\nversion = \"0.1.0\"\nsummary = \"A list of our own\"\n\
        wit = \"0.0.1\"\nconfidence = \"secondary\"\nsources = [\"this test\"]\n[origins]\nlist = \"https://list.example\"\n";
    std::fs::write(adapter.join("adapter.toml"), manifest).expect("written");
    let script = "export const agency = {\n  describe() {\n    \
        return { id: \"house_list\", version: \"0.1.0\", functions: [], speaksFor: [] };\n  },\n};\n";
    std::fs::write(adapter.join("adapter.js"), script).expect("written");
    // One registry that files by packets is enough here, and starts fast.
    let config = format!("bundled = [\"fcr\"]\n{more}");
    std::fs::write(folder.join("smartguard.toml"), config).expect("written");
}

/// Fills a daemon with some of everything; gives the ids of its decisions.
async fn fill(daemon: &Daemon) -> Vec<String> {
    for (id, relation) in [("acme", "self"), ("bolt", "client")] {
        let business = json!({
            "id": id, "legal_name": format!("{id} LLC"), "relation": relation, "website": "https://acme.example",
            "use_case": "Appointment reminders", "calls_per_month": 20000, "originating_providers": ["Twilio"],
            "address": {"line1": "1 Main St", "city": "Dayton", "state": "OH", "zip": "45402"},
            "contact": {"name": "Ann Smith", "email": "ann@acme.example", "phone": "+19375550100"},
        });
        daemon.must_post("/v1/businesses", &business).await;
        let numbers: Vec<Value> = (0..14)
            .map(|n| {
                let number = format!("+1{}5552{n:03}", if id == "acme" { 212 } else { 646 });
                json!({ "number": number, "service": "in_service", "since": "2025-01-01", "right": "declared:Ann" })
            })
            .collect();
        daemon.must_post("/v1/numbers", &json!({ "business": id, "by": "Ann", "numbers": numbers })).await;
    }
    daemon.must_post("/v1/users", &json!({ "name": "ann", "business": "acme" })).await;
    daemon.must_post("/v1/campaigns", &json!({ "name": "autumn", "business": "bolt" })).await;
    daemon.must_post("/v1/adapters/house_list/grant", &json!({ "by": "Ann" })).await;

    let (mut decisions, mut shown) = (Vec::new(), Vec::new());
    for n in 0..30 {
        let owner = if n % 3 == 0 { json!({ "campaign": "autumn" }) } else { json!({ "user": "ann" }) };
        let mut ask = json!({ "to": format!("+13125550{:03}", 100 + n), "call_id": format!("c{n}") });
        ask.as_object_mut().expect("an object").extend(owner.as_object().expect("an object").clone());
        let answer = daemon.must_post("/v1/caller-id", &ask).await;
        let id = answer["decision_id"].as_str().expect("a decision").to_owned();
        let code = if n == 7 { 607 } else { 486 };
        if n % 2 == 1 {
            daemon.must_post("/v1/outcomes", &json!({ "decision_id": id, "sip_code": code })).await;
        }
        decisions.push(id);
        shown.push(answer["caller_id"].as_str().expect("a number").to_owned());
    }
    // The number that callee 1 saw stays clean, so that it can be seen there again.
    let flagged = shown.iter().find(|number| number.starts_with("+1212") && **number != shown[1]).expect("another");
    let report = json!({ "label": "Scam Likely", "carrier": "tmobile", "by": "Ann" });
    daemon.must_post(&format!("/v1/numbers/{}/reports", flagged.replace('+', "%2B")), &report).await;
    // Both are packets that the adapter makes and the store keeps as files.
    // The business registers by itself; the registry takes no client of a call centre.
    for (kind, count) in [("register", 1), ("dispute", 1)] {
        let kind = format!("\"kind\":\"{kind}\"");
        daemon.wait_for("/v1/tasks", 60, |tasks| tasks.to_string().matches(&kind).count() == count).await;
    }
    daemon.wait_for("/v1/adapters/house_list", 60, |adapter| adapter["state"] == "live").await;
    decisions
}

/// These fields of each member of a list.
fn only(list: &Value, fields: &[&str]) -> Value {
    let members = list.as_array().expect("a list").iter();
    members.map(|member| fields.iter().map(|field| member[field].clone()).collect::<Value>()).collect()
}

/// Everything that has to outlive an export and an import, as the doors show it.
async fn held(daemon: &Daemon, decisions: &[String]) -> Value {
    let mut held = serde_json::Map::new();
    let fields = ["number", "business", "right", "life", "place", "shown_today", "standings", "cases", "service"];
    held.insert("numbers".to_owned(), only(&daemon.get("/v1/numbers?limit=1000").await["numbers"], &fields));
    for list in ["businesses", "users", "campaigns"] {
        held.insert(list.to_owned(), daemon.get(&format!("/v1/{list}")).await);
    }
    held.insert("cases".to_owned(), daemon.get("/v1/cases?state=all").await);
    let tasks = daemon.get("/v1/tasks?state=all").await;
    for task in tasks["tasks"].as_array().expect("tasks") {
        let path = format!("/v1/tasks/{}", task["id"]);
        let whole = daemon.get(&path).await;
        for file in whole["packet"]["files"].as_array().into_iter().flatten() {
            let file = file.as_str().expect("a name");
            let url = daemon.url(&format!("{path}/files/{file}"));
            let got = daemon.client.get(url).send().await.expect("an answer");
            assert!(got.status().is_success(), "{path}/files/{file}: {}", got.status());
        }
        held.insert(path, whole);
    }
    for id in decisions {
        held.insert(id.clone(), daemon.get(&format!("/v1/receipts/{id}")).await);
    }
    let policies = daemon.get("/v1/policies").await;
    assert_eq!(policies["policies"][0]["fields"]["per_hour"], "60", "the test's own policy is in force: {policies}");
    held.insert("policy".to_owned(), only(&policies["policies"], &["revision", "fields"]));
    let adapters = daemon.get("/v1/adapters").await;
    held.insert("adapters".to_owned(), only(&adapters["adapters"], &["id", "state", "granted"]));
    Value::Object(held)
}

/// What the other daemon holds is the same, and it goes on from there.
async fn holds_the_same(daemon: &Daemon, expected: &Value, decisions: &[String]) {
    let found = held(daemon, decisions).await;
    for (name, value) in expected.as_object().expect("an object") {
        assert_eq!(found[name], *value, "{name}");
    }
    let names = |held: &Value| held.as_object().expect("an object").keys().cloned().collect::<Vec<_>>();
    assert_eq!(names(&found), names(expected), "nothing was added");
    // Callee 1 saw a number and was called once; callee 7 does not want to be called.
    let first = &expected[&decisions[1]]["answer"];
    let ask =
        |n: u32| json!({ "to": format!("+13125550{:03}", 100 + n), "call_id": format!("again{n}"), "user": "ann" });
    let answer = daemon.must_post("/v1/caller-id", &ask(1)).await;
    assert_eq!(answer["caller_id"], first["caller_id"], "{answer}");
    assert_eq!(answer["attempts_left"].as_u64(), first["attempts_left"].as_u64().map(|left| left - 1), "{answer}");
    let answer = daemon.must_post("/v1/caller-id", &ask(7)).await;
    assert_eq!((&answer["decision"], &answer["class"]), (&json!("hold"), &json!("callee_law")), "{answer}");
    // A late report joins a call of before by its sealed id.
    let late = json!({ "decision_id": decisions[2], "sip_code": 486 });
    assert_eq!(daemon.must_post("/v1/outcomes", &late).await["matched"], "joined");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_one_daemon_holds_another_holds_after_an_import() {
    let (old, new) = (tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("a folder"));
    setting(old.path(), "");
    setting(new.path(), "");
    let daemon = Daemon::start(old.path());
    let decisions = fill(&daemon).await;
    let expected = held(&daemon, &decisions).await;

    let export = old.path().join("running.ndjson").display().to_string();
    let said = check(old.path(), &["--server", &daemon.base, "export", &export], 0, &["records", "data.key"]);
    assert!(said.contains("does not hold the key"), "{said}");
    check(old.path(), &["--server", &daemon.base, "export", &export], 1, &["is there already"]);
    // While it runs nobody else touches its folder.
    check(old.path(), &["export", "other.ndjson", "--data", "data"], 1, &["in use", "stop"]);
    check(old.path(), &["import", &export, "--data", "data", "--replace"], 1, &["in use"]);

    // The key is what the daemon waits for.
    check(new.path(), &["import", &export, "--data", "data"], 0, &["records", "does not start", "data.key"]);
    let refused = Daemon::try_start(new.path()).err().expect("it has no key");
    assert!(refused.contains("data.key is missing"), "{refused}");
    assert!(!new.path().join("data.key").exists(), "no other key takes its place");
    check(new.path(), &["import", &export, "--data", "data"], 1, &["holds a store already", "--replace"]);
    let key = old.path().join("data.key").display().to_string();
    let bring = ["import", &export, "--data", "data", "--key", &key, "--replace"];
    check(new.path(), &bring, 0, &["right one", "store.replaced-"]);
    let other = Daemon::start(new.path());
    holds_the_same(&other, &expected, &decisions).await;
    assert!(other.stop().success());

    // Killed, exported where it lay, and brought to a third place: the window is charged there as it would be here.
    daemon.kill();
    let stopped = old.path().join("stopped.ndjson").display().to_string();
    let answer = check(old.path(), &["--json", "export", &stopped, "--data", "data"], 0, &["records"]);
    let answer: Value = serde_json::from_str(&answer).expect("JSON");
    assert!(answer["records"].as_u64().expect("a count") > 50, "{answer}");
    let third = tempfile::tempdir().expect("a folder");
    setting(third.path(), "");
    let bring = ["import", &stopped, "--data", "data", "--key", &key];
    check(third.path(), &bring, 0, &["right one", "left by a crash"]);
    let daemon = Daemon::start(old.path());
    let expected = held(&daemon, &decisions).await;
    let other = Daemon::start(third.path());
    holds_the_same(&other, &expected, &decisions).await;
}

#[tokio::test]
async fn an_import_that_cannot_be_done_changes_nothing() {
    let (folder, elsewhere) = (tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("a folder"));
    let at = folder.path();
    setting(at, "");
    Daemon::start(at).stop();
    check(at, &["export", "whole.ndjson", "--data", "data"], 0, &["records"]);
    check(at, &["export", "whole.ndjson", "--data", "data"], 1, &["is there already"]);
    check(at, &["export", "more.ndjson", "--data", "nowhere"], 1, &["no store"]);
    assert!(!at.join("nowhere").exists(), "looking makes nothing");

    let text = std::fs::read_to_string(at.join("whole.ndjson")).expect("the export");
    std::fs::write(at.join("cut.ndjson"), &text[..text.len() / 2]).expect("written");
    std::fs::write(at.join("changed.ndjson"), text.replacen("\"payload\":\"0", "\"payload\":\"1", 1)).expect("written");
    std::fs::write(at.join("wrong.key"), [7; 32]).expect("written");
    std::fs::write(at.join("short.key"), [7; 31]).expect("written");
    let bring = |file: &'static str, more: &[&'static str]| -> Vec<&'static str> {
        [&["import", file, "--data", "new"], more].concat()
    };
    check(at, &bring("cut.ndjson", &[]), 4, &["line", "nothing was imported"]);
    check(at, &bring("changed.ndjson", &[]), 4, &["line", "were changed"]);
    check(at, &bring("missing.ndjson", &[]), 4, &["could not be read"]);
    check(at, &bring("smartguard.toml", &[]), 4, &["line 1"]);
    check(at, &bring("whole.ndjson", &["--key", "wrong.key"]), 1, &["wrong.key is not the one", "--without-key"]);
    check(at, &bring("whole.ndjson", &["--key", "short.key"]), 1, &["31 bytes"]);
    check(at, &bring("whole.ndjson", &["--key", "no.key"]), 1, &["no key in no.key"]);
    check(at, &bring("whole.ndjson", &["--key", "data.key", "--without-key"]), 2, &["cannot be used"]);
    check(at, &["import"], 2, &["Usage"]);
    check(at, &["import", "--help"], 0, &["Examples:", "--without-key"]);
    assert!(!at.join("new/store").exists() && !at.join("new.key").exists(), "nothing has changed");
    assert!(!at.join("new/store.importing").exists(), "nothing half-done is left");

    // Where the key is lost for good, the rest is brought over and callees begin anew.
    setting(elsewhere.path(), "");
    let export = at.join("whole.ndjson").display().to_string();
    check(elsewhere.path(), &["import", &export, "--data", "data", "--without-key"], 0, &["begin anew"]);
    assert!(Daemon::start(elsewhere.path()).stop().success());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn scheduled_exports_are_made_kept_and_can_be_imported() {
    let (folder, new) = (tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("a folder"));
    setting(folder.path(), "[export]\nevery = \"1s\"\nkeep = 2\nfolder = \"backups\"\n");
    setting(new.path(), "");
    let daemon = Daemon::start(folder.path());
    let decisions = fill(&daemon).await;
    let expected = held(&daemon, &decisions).await;
    let backups = folder.path().join("backups");
    let before = exports(&backups);
    // Two more than there were: the last of them began when everything above was there.
    let mut seen = std::collections::BTreeSet::new();
    while seen.len() < 2 {
        seen.extend(exports(&backups).into_iter().filter(|export| !before.contains(export)));
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    assert!(daemon.stop().success());
    let kept = exports(&backups);
    assert_eq!(kept.len(), 2, "{kept:?}");
    let newest = kept[1].display().to_string();
    let key = folder.path().join("data.key").display().to_string();
    check(new.path(), &["import", &newest, "--data", "data", "--key", &key], 0, &["right one"]);
    let daemon = Daemon::start(new.path());
    holds_the_same(&daemon, &expected, &decisions).await;
}

/// The exports in a folder, oldest first.
fn exports(folder: &Path) -> Vec<PathBuf> {
    let mut found: Vec<PathBuf> = std::fs::read_dir(folder)
        .into_iter()
        .flatten()
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "ndjson"))
        .collect();
    found.sort();
    found
}
