//! A campaign or a user has a policy of its own while the daemon runs, after a restart, and when a newer file is refused.

use serde_json::{Value, json};
use smartguard_tests::daemon::Daemon;
use smartguard_tests::floor::{NOWHERE, POLICY, business, import, list, prepare, share_compiled_adapters, sheet, text};
use std::collections::BTreeSet;
use std::path::Path;

const POLICIES: &str = "/v1/policies";
/// Nobody waits so long unless something is stuck.
const PATIENCE_S: u64 = 60;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_user_and_a_campaign_have_policies_of_their_own() {
    let folder = tempfile::tempdir().expect("a folder");
    prepare(folder.path(), NOWHERE, NOWHERE, &format!("{POLICY}turn_calls = 5\nturn_jitter = 0\n"));
    share_compiled_adapters(folder.path());
    let daemon = Daemon::start(folder.path());
    daemon.must_post("/v1/businesses", &business("acme", "self")).await;
    import(&daemon, "acme", sheet(212, 40, |_| true)).await;
    for name in ["ann", "bob"] {
        daemon.must_post("/v1/users", &json!({ "name": name, "business": "acme" })).await;
    }
    assert_eq!(shown_in(&daemon, "ann", 1, 5).await, 1, "a turn of five calls");

    write(folder.path(), "ann.toml", "scope = \"user:ann\"\nturn_calls = 1\n");
    write(
        folder.path(),
        "spring.toml",
        "scope = \"campaign:spring\"\nper_day_soft = 1\nper_day_hard = 1\nladder = []\n",
    );
    let refused = daemon.wait_for(POLICIES, PATIENCE_S, |page| !page["policies"][0]["last_refusal"].is_null()).await;
    let problem = &refused["policies"][0]["last_refusal"]["problems"][0];
    assert!(text(problem, "reason").contains("per_hour"), "65000 an hour and one a day: {refused}");

    let spring = "scope = \"campaign:spring\"\nper_day_soft = 1\nper_day_hard = 1\nper_hour = 1\nper_minute = 1\nramp_per_day = [1]\nladder = []\n";
    write(folder.path(), "spring.toml", spring);
    let page = daemon.wait_for(POLICIES, PATIENCE_S, |page| list(page, "policies").len() == 3).await;
    let names: Vec<String> = list(&page, "policies").iter().map(|policy| text(policy, "name").to_owned()).collect();
    assert_eq!(names, ["default", "campaign:spring", "user:ann"]);
    assert_eq!(page["policies"][2]["fields"], json!({ "turn_calls": "1" }));

    let effective = daemon.get("/v1/policies/effective?user=ann&campaign=spring").await;
    assert_eq!(effective["business"], "acme", "known from the user: {effective}");
    let field = |name: &str| {
        list(&effective, "fields")
            .iter()
            .find(|field| field["name"] == name)
            .unwrap_or_else(|| panic!("{name}"))
            .clone()
    };
    assert_eq!((&field("turn_calls")["value"], &field("turn_calls")["scope"]), (&json!("1"), &json!("user:ann")));
    assert!(text(&field("turn_calls"), "place").ends_with("ann.toml:2"), "{effective}");
    assert_eq!(field("per_hour")["scope"], "campaign:spring");

    assert!(shown_in(&daemon, "ann", 10, 5).await > 1, "each call ends a turn");
    assert_eq!(shown_in(&daemon, "bob", 20, 5).await, 1, "and not those of another user");

    // One call a day on each of ten numbers, and those of other campaigns count.
    let mut held = 0;
    for n in 0..12 {
        let ask = json!({ "user": "bob", "campaign": "spring", "to": format!("+1646555{:04}", 300 + n), "call_id": format!("s{n}") });
        held += u32::from(daemon.must_post("/v1/caller-id", &ask).await["decision"] == "hold");
    }
    assert_eq!(held, 3, "one number had its calls before, so nine are left");

    assert!(daemon.stop().success());
    write(folder.path(), "ann.toml", "scope = \"user:ann\"\nturn_calls = 0\n");
    let daemon = Daemon::start(folder.path());
    let page = daemon.get(POLICIES).await;
    assert!(!page["policies"][0]["last_refusal"].is_null(), "{page}");
    assert_eq!(page["policies"][2]["fields"], json!({ "turn_calls": "1" }), "what was in force goes on: {page}");
    assert!(shown_in(&daemon, "ann", 40, 5).await > 1);
    std::fs::remove_file(folder.path().join("policies/ann.toml")).expect("removed");
    daemon.wait_for(POLICIES, PATIENCE_S, |page| list(page, "policies").len() == 2).await;
    assert_eq!(shown_in(&daemon, "ann", 50, 5).await, 1, "a file that is gone says nothing");
}

fn write(folder: &Path, name: &str, policy: &str) {
    std::fs::write(folder.join("policies").join(name), policy).expect("written");
}

/// How many numbers these callees see.
async fn shown_in(daemon: &Daemon, user: &str, first: u32, calls: u32) -> usize {
    let mut shown = BTreeSet::new();
    for n in first..first + calls {
        let ask = json!({ "user": user, "to": format!("+1646555{:04}", 100 + n), "call_id": format!("{user}{n}") });
        let answer: Value = daemon.must_post("/v1/caller-id", &ask).await;
        shown.insert(text(&answer, "caller_id").to_owned());
    }
    shown.len()
}
