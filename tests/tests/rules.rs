//! Rules of a policy as a dialer meets them: pinned and excluded numbers, campaigns, caps of a user, and pauses by volume.

use serde_json::{Value, json};
use smartguard_tests::daemon::Daemon;
use smartguard_tests::floor::{
    NOWHERE, business, import, list, prepare, share_compiled_adapters, sheet, text, write_policy,
};
use std::collections::BTreeSet;
use std::path::Path;

const POLICY: &str = "per_day_soft = 40\nper_day_hard = 40\nper_hour = 40\nper_minute = 40\nramp_per_day = []\nturn_gap = \"0s\"\nturn_calls = 1\nturn_jitter = 0\n";
/// Nobody waits so long unless something is stuck.
const PATIENCE_S: u64 = 60;

async fn floor(folder: &Path, policy: &str) -> Daemon {
    prepare(folder, NOWHERE, NOWHERE, &format!("{POLICY}{policy}"));
    share_compiled_adapters(folder);
    let daemon = Daemon::start(folder);
    daemon.must_post("/v1/businesses", &business("acme", "self")).await;
    import(&daemon, "acme", sheet(212, 6, |_| true)).await;
    daemon.must_post("/v1/users", &json!({ "name": "ann", "business": "acme", "pool_size": 6 })).await;
    daemon
}

async fn ask(daemon: &Daemon, n: u32, campaign: Option<&str>) -> Value {
    let mut ask = json!({ "user": "ann", "to": format!("+1646555{n:04}"), "call_id": format!("call-{n}") });
    if let Some(campaign) = campaign {
        ask["campaign"] = json!(campaign);
    }
    daemon.must_post("/v1/caller-id", &ask).await
}

/// The numbers that are shown on these calls, each to another callee.
async fn shown(daemon: &Daemon, calls: std::ops::Range<u32>, campaign: Option<&str>) -> BTreeSet<String> {
    let mut shown = BTreeSet::new();
    for n in calls {
        let answer = ask(daemon, n, campaign).await;
        assert_eq!(answer["decision"], "use", "{answer}");
        shown.insert(text(&answer, "caller_id").to_owned());
    }
    shown
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn numbers_are_pinned_excluded_and_kept_to_their_campaign() {
    let folder = tempfile::tempdir().expect("a folder");
    let daemon = floor(folder.path(), "").await;
    let all = shown(&daemon, 0..30, None).await;
    assert_eq!(all.len(), 6, "turns of one call each");

    // Two are excluded, and of the others those that spoke for the spring speak for nothing else while there are more.
    let excluded: Vec<&String> = all.iter().take(2).collect();
    write_policy(folder.path(), &format!("{POLICY}excluded = {excluded:?}\ncampaign_wait = \"1d\"\n"));
    daemon.wait_for("/v1/policies", PATIENCE_S, |page| page["policies"][0]["fields"]["excluded"] != "[]").await;
    let spring = shown(&daemon, 100..102, Some("spring")).await;
    let autumn = shown(&daemon, 200..206, Some("autumn")).await;
    assert!(spring.iter().chain(&autumn).all(|number| !excluded.contains(&number)), "{spring:?} {autumn:?}");
    assert!(spring.is_disjoint(&autumn), "{spring:?} {autumn:?}");

    let pinned = all.last().expect("a number");
    write_policy(folder.path(), &format!("{POLICY}pinned = [{pinned:?}]\n"));
    daemon.wait_for("/v1/policies", PATIENCE_S, |page| page["policies"][0]["fields"]["pinned"] != "[]").await;
    assert_eq!(shown(&daemon, 300..305, None).await, BTreeSet::from([pinned.clone()]));
    let receipt = daemon.get("/v1/receipts?call_id=call-304").await;
    let behind = list(&receipt, "candidates").iter().filter(|c| c["reasons"][0] == "pinned_first").count();
    assert_eq!(behind, 5, "{receipt}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_user_is_told_to_slow_down_before_it_is_told_to_wait() {
    let folder = tempfile::tempdir().expect("a folder");
    let daemon = floor(folder.path(), "user_per_day = 5\n").await;
    for left in (0..5_u32).rev() {
        let answer = ask(&daemon, left, None).await;
        assert_eq!(answer["calls_left"]["pool"]["today"], left, "{answer}");
    }
    let held = ask(&daemon, 9, None).await;
    assert_eq!((text(&held, "class"), text(&held, "reason")), ("time", "user_caps_reached"), "{held}");
    assert_eq!(held["calls_left"]["pool"]["today"], 0, "{held}");

    daemon.kill();
    let daemon = Daemon::start(folder.path());
    let held = ask(&daemon, 10, None).await;
    assert_eq!(text(&held, "reason"), "user_caps_reached", "what was placed is not forgotten: {held}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_number_that_served_much_pauses_in_its_pool_and_the_others_go_on() {
    let folder = tempfile::tempdir().expect("a folder");
    let policy = "rest_every_calls = 10\nrest_planned_for = \"1d\"\ndwell_min = \"0s\"\nresting_percent_max = 34\n";
    let daemon = floor(folder.path(), policy).await;
    const RESTING: &str = "/v1/numbers?life=resting";
    let resting = |page: &Value| list(page, "numbers").len();
    let mut calls = 0;
    let paused = loop {
        shown(&daemon, calls..calls + 12, None).await;
        calls += 12;
        if resting(&daemon.get(RESTING).await) > 0 || calls > 120 {
            break daemon.wait_for(RESTING, PATIENCE_S, |page| resting(page) == 2).await;
        }
    };
    let stay = list(&paused, "numbers").iter().filter(|number| text(number, "place") == "user ann").count();
    assert_eq!(stay, 2, "those that pause stay where they are: {paused}");
    let working = shown(&daemon, 500..540, None).await;
    assert_eq!(working.len(), 4, "a third of the pool rests, and no more: {working:?}");
}
