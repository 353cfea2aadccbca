//! New scripts and new policies come into force while calls and checks go on, and a broken one changes nothing.

use serde_json::{Value, json};
use smartguard::desk::Stamp;
use smartguard_tests::agency::{self, Nomorobo};
use smartguard_tests::daemon::Daemon;
use smartguard_tests::floor::{
    POLICY, adapter_folder, business, import, let_nomorobo_ask_more, list, prepare, sheet, shipped, text, write_policy,
};
use smartguard_tests::stream::{Owner, Stream, nothing_was_dropped, print_latencies};
use std::collections::BTreeSet;
use std::path::Path;
use std::time::SystemTime;

const SWAPS: u32 = 20;
const NUMBERS: u32 = 100;
const ADAPTER: &str = "/v1/adapters/nomorobo";
const POLICIES: &str = "/v1/policies";
/// Nobody waits so long unless something is stuck.
const PATIENCE_S: u64 = 60;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn twenty_scripts_and_twenty_policies_are_swapped_while_calls_go_on() {
    let folder = tempfile::tempdir().expect("a folder");
    let (_nomorobo, address) = Nomorobo::start().await;
    // Checks are under way all the time.
    let policy = POLICY.replace("check_every = \"20s\"", "check_every = \"2s\"");
    let policy = policy.replace("check_every_urgent = \"8s\"", "check_every_urgent = \"2s\"");
    prepare(folder.path(), address, agency::ftc().await, &policy);
    let daemon = Daemon::start(folder.path());
    let_nomorobo_ask_more(&daemon, folder.path()).await;
    daemon.must_post("/v1/businesses", &business("acme", "self")).await;
    import(&daemon, "acme", sheet(212, NUMBERS, |_| true)).await;
    let mut owners = Vec::new();
    for name in ["ann", "bob", "eve"] {
        daemon.must_post("/v1/users", &json!({ "name": name, "business": "acme" })).await;
        owners.push(Owner::User(name.to_owned()));
    }

    let stream = Stream::start(&daemon, &owners, 8);
    stream.reach(100).await;
    let begun = stream.count();
    tokio::join!(swap_scripts(&daemon, folder.path()), swap_policies(&daemon, folder.path(), &policy));
    assert!(stream.count() > begun + 100, "calls went on");
    each_is_checked_after(&daemon, SystemTime::now()).await;

    a_broken_script_is_refused(&daemon, folder.path()).await;
    a_broken_policy_is_refused(&daemon, folder.path()).await;
    stream.reach(stream.count() + 100).await;
    each_is_checked_after(&daemon, SystemTime::now()).await;
    let calls = stream.stop().await;
    nothing_was_dropped(&daemon, &calls).await;
    print_latencies("asks", calls.iter().map(|call| call.answered_after));

    let before = daemon.get(POLICIES).await;
    assert!(daemon.stop().success());
    let daemon = Daemon::start(folder.path());
    let page = daemon.get(POLICIES).await;
    for unchanged in ["revision", "fields"] {
        assert_eq!(page["policies"][0][unchanged], before["policies"][0][unchanged], "a start changes nothing: {page}");
    }
    let problem = &page["policies"][0]["last_refusal"]["problems"][0];
    assert!(text(problem, "place").ends_with("default.toml:2"), "and the file is still refused: {page}");
}

fn write_script(folder: &Path, script: &str) {
    std::fs::write(adapter_folder(folder, "nomorobo").join("adapter.js"), script).expect("written");
}

/// Saves a script that differs twenty times; each is waited for until it serves.
async fn swap_scripts(daemon: &Daemon, folder: &Path) {
    let mut revisions = BTreeSet::from([revision(&daemon.get(ADAPTER).await)]);
    for n in 1..=SWAPS {
        write_script(folder, &format!("{}\nconst SWAP = {n};\n", shipped("nomorobo", "adapter.js")));
        let swapped = daemon.wait_for(ADAPTER, PATIENCE_S, |adapter| !revisions.contains(&revision(adapter))).await;
        assert_eq!(swapped["state"], "live", "{swapped}");
        assert_eq!(swapped["last_refusal"], Value::Null, "{swapped}");
        revisions.insert(revision(&swapped));
    }
    assert_eq!(revisions.len(), 1 + SWAPS as usize);
}

/// Saves a policy that differs twenty times; each is waited for until it is in force.
async fn swap_policies(daemon: &Daemon, folder: &Path, policy: &str) {
    let before = policy_revision(&daemon.get(POLICIES).await);
    for n in 1..=SWAPS {
        let turn_calls = 5 + n;
        write_policy(folder, &format!("{policy}turn_calls = {turn_calls}\n"));
        let page = daemon.wait_for(POLICIES, PATIENCE_S, |page| policy_revision(page) >= before + u64::from(n)).await;
        assert_eq!(policy_revision(&page), before + u64::from(n), "{page}");
        assert_eq!(text(&page["policies"][0]["fields"], "turn_calls"), turn_calls.to_string(), "{page}");
    }
}

async fn a_broken_script_is_refused(daemon: &Daemon, folder: &Path) {
    let before = daemon.get(ADAPTER).await;
    write_script(folder, "export const agency = {\n  describe() {\n    return 1 +;\n  },\n};\n");
    let refused = daemon.wait_for(ADAPTER, PATIENCE_S, |adapter| !adapter["last_refusal"].is_null()).await;
    let problem = &refused["last_refusal"]["problems"][0];
    println!("the script: {problem}");
    assert_eq!(problem["place"], "nomorobo/adapter.js:3", "{problem}");
    assert!(text(problem, "reason").contains("unexpected token"), "it says what is wrong there: {problem}");
    assert_eq!(revision(&refused), revision(&before), "what served before serves on: {refused}");
    assert_eq!(refused["state"], "live", "{refused}");
}

async fn a_broken_policy_is_refused(daemon: &Daemon, folder: &Path) {
    let before = daemon.get(POLICIES).await;
    write_policy(folder, "per_hour = 10\nper_day_sofd = 5\n");
    let page = daemon.wait_for(POLICIES, PATIENCE_S, |page| !page["policies"][0]["last_refusal"].is_null()).await;
    let problem = &page["policies"][0]["last_refusal"]["problems"][0];
    println!("the policy: {problem}");
    assert!(text(problem, "place").ends_with("default.toml:2"), "{problem}");
    assert!(text(problem, "reason").contains("per_day_sofd"), "{problem}");
    assert!(text(problem, "remedy").contains("per_day_soft"), "{problem}");
    for unchanged in ["revision", "fields", "in_force_since"] {
        assert_eq!(page["policies"][0][unchanged], before["policies"][0][unchanged], "the old one stays: {page}");
    }
}

/// Every number is looked up anew: no check was lost on the way, and the version that serves works.
async fn each_is_checked_after(daemon: &Daemon, moment: SystemTime) {
    let seconds = moment.duration_since(SystemTime::UNIX_EPOCH).expect("a time").as_secs();
    let is_checked = |number: &Value| {
        list(number, "standings")
            .iter()
            .filter(|standing| standing["source"] == "nomorobo")
            .any(|standing| Stamp::parse(text(standing, "observed_at")).expect("a time").0.seconds() > seconds)
    };
    let page = daemon
        .wait_for("/v1/numbers?limit=1000", PATIENCE_S, |page| list(page, "numbers").iter().all(is_checked))
        .await;
    assert_eq!(list(&page, "numbers").len(), NUMBERS as usize);
}

fn revision(adapter: &Value) -> String {
    text(adapter, "revision").to_owned()
}

fn policy_revision(page: &Value) -> u64 {
    page["policies"][0]["revision"].as_u64().unwrap_or_else(|| panic!("no revision in {page}"))
}
