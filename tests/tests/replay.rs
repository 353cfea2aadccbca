//! Calls that are taken again by the real daemon, and through the command line: after a swap of policies, a restart, a kill.

use serde_json::{Value, json};
use smartguard_tests::command::smartguard;
use smartguard_tests::daemon::Daemon;
use smartguard_tests::floor::{
    self, NOWHERE, POLICY, business, import, list, number_path, prepare, share_compiled_adapters, sheet, text,
    write_policy,
};
use std::path::Path;

const USERS: [&str; 3] = ["ann", "bob", "cleo"];

/// Caps that are reached, so that the bench is asked.
fn policy() -> String {
    POLICY.replace("per_day_soft = 100000", "per_day_soft = 9").replace("per_day_hard = 100000", "per_day_hard = 12")
        + "turn_calls = 3\nturn_jitter = 1\nper_hour = 12\nramp_per_day = [12]\n"
}

fn fitting(policy: String) -> String {
    let lines = policy
        .lines()
        .filter(|line| !["per_hour = 65000", "per_minute = 65000", "ramp_per_day = [1000, 2000]"].contains(line));
    lines.map(|line| format!("{line}\n")).collect::<String>() + "per_minute = 12\n"
}

async fn serve(folder: &Path) -> Daemon {
    prepare(folder, NOWHERE, NOWHERE, &fitting(policy()));
    share_compiled_adapters(folder);
    let daemon = Daemon::start(folder);
    daemon.must_post("/v1/businesses", &business("acme", "self")).await;
    import(&daemon, "acme", sheet(212, 34, |_| true)).await;
    for user in USERS {
        daemon.must_post("/v1/users", &json!({ "name": user, "business": "acme" })).await;
    }
    daemon
}

/// Calls of every user at once, with what became of them.
async fn call(daemon: &Daemon, round: u32, calls: u32) {
    let of_user = USERS.iter().enumerate().map(async |(place, user)| {
        for n in 0..calls {
            let to = format!("+1{}{:07}", [212, 312, 917][(n % 3) as usize], 5_550_000 + n % 40 + 100 * place as u32);
            let id = format!("{round}-{user}-{n}");
            let mut ask = json!({ "to": to, "call_id": id, "user": user });
            if n % 2 == 0 {
                ask["callee_carrier"] = json!(["verizon", "att"][(n / 2 % 2) as usize]);
            }
            let answer = daemon.must_post("/v1/caller-id", &ask).await;
            let outcome = match n % 7 {
                0 => json!({ "call_id": id, "not_placed": true }),
                3 if n % 5 == 3 => json!({ "call_id": id, "sip_code": 607 }),
                4 => json!({ "call_id": id, "dialstatus": "ANSWER", "duration": 40 }),
                _ => continue,
            };
            if answer["decision"] == "use" {
                daemon.must_post("/v1/outcomes", &outcome).await;
            }
        }
    });
    futures_util::future::join_all(of_user).await;
}

/// Every kept decision is taken again to the same answer; answers with how many there are.
async fn verified(daemon: &Daemon) -> u64 {
    let found = daemon.must_post("/v1/receipts/verify", &json!({})).await;
    assert_eq!((&found["differ"], &found["not_again"]), (&json!(0), &json!({})), "{found:#}");
    assert_eq!(found["same"], found["decisions"], "{found:#}");
    found["decisions"].as_u64().expect("a count")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_decision_is_taken_again_to_the_same_answer() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut daemon = serve(folder.path()).await;
    call(&daemon, 0, 60).await;
    // A number is flagged, and another policy is put in force.
    let report = json!({ "label": "Spam Likely", "carrier": "att", "by": "Ann" });
    daemon.must_post(&format!("{}/reports", number_path("+12125551003")), &report).await;
    let revision = list(&daemon.get("/v1/policies").await, "policies")[0]["revision"].clone();
    write_policy(folder.path(), &(fitting(policy()) + "sticky_for = \"1h\"\nlocality = \"hard\"\n"));
    daemon.wait_for("/v1/policies", 20, |found| list(found, "policies")[0]["revision"] != revision).await;
    call(&daemon, 1, 40).await;
    assert_eq!(verified(&daemon).await, 300);

    assert!(daemon.stop().success());
    daemon = Daemon::start(folder.path());
    assert_eq!(verified(&daemon).await, 300, "a restart takes nothing");
    call(&daemon, 2, 20).await;
    let calling = call(&daemon, 3, 20);
    let (answered, ()) = tokio::join!(verified(&daemon), calling);
    assert!(answered >= 360, "calls go on meanwhile: {answered}");
    daemon.kill();
    daemon = Daemon::start(folder.path());
    let kept = verified(&daemon).await;
    assert!(kept >= 360, "what was acknowledged durably is there: {kept}");
    call(&daemon, 4, 20).await;
    assert_eq!(verified(&daemon).await, kept + 60, "the charge of the kill is replayed as it was made");

    through_the_command_line(&daemon, folder.path(), kept + 60).await;
}

async fn through_the_command_line(daemon: &Daemon, folder: &Path, decisions: u64) {
    let server = ["--server", daemon.base.as_str()];
    let run = |words: &[&str]| smartguard(folder, &[&server, words].concat());
    let said = run(&["receipts", "verify", "--days", "2"]).ended(0);
    assert!(said.out.contains("same answer") && said.out.contains(&decisions.to_string()), "{said:?}");

    // One call in words, by either of its names.
    let ask = json!({ "to": "+13125550777", "call_id": "in-words", "user": "ann", "callee_carrier": "att" });
    let answer = daemon.must_post("/v1/caller-id", &ask).await;
    let said = run(&["policy", "explain", "--call", "in-words"]).ended(0);
    for part in ["ann", "area code 312", "on att", "answered the same", "default.toml"] {
        assert!(said.out.contains(part), "{part:?} is not said:\n{}", said.out);
    }
    if let Some(decision) = answer["decision_id"].as_str() {
        let explained = run(&["--json", "policy", "explain", "--call", decision]).ended(0).json();
        assert_eq!(explained["replayed"]["same"], true, "{explained:#}");
        assert_eq!(text(&explained["receipt"], "decision_id"), decision);
    }
    run(&["policy", "explain", "--call", "nobody-asked"]).ended(1);

    // The policy in force answers the same; one with tighter caps holds.
    let in_force = std::fs::read_to_string(folder.join("policies/default.toml")).expect("a policy");
    std::fs::write(folder.join("same.toml"), &in_force).expect("written");
    let same = run(&["--json", "policy", "replay", "same.toml"]).ended(0).json();
    assert_eq!((&same["calls"], &same["again"]), (&json!(decisions + 1), &json!(decisions + 1)), "{same:#}");
    assert!(same["same"].as_u64() > Some(decisions / 2), "{same:#}");
    let tight = in_force
        .replace("per_day_soft = 9", "per_day_soft = 1")
        .replace("per_day_hard = 12", "per_day_hard = 1")
        .replace("per_hour = 12", "per_hour = 1")
        .replace("per_minute = 12", "per_minute = 1")
        .replace("ramp_per_day = [12]", "ramp_per_day = [1]");
    std::fs::write(folder.join("tight.toml"), tight).expect("written");
    let tight: Value = run(&["--json", "policy", "replay", "tight.toml"]).ended(0).json();
    assert!(tight["use_to_hold"]["caps_reached"].as_u64() > Some(0), "{tight:#}");
    assert!(tight["would_be"]["shown"].as_u64() < tight["was"]["shown"].as_u64(), "{tight:#}");
    let said = run(&["policy", "replay", "tight.toml"]).ended(0);
    assert!(said.out.contains("could be taken again") && said.out.contains("What this cannot know"), "{said:?}");
    // A mistake is said as `policy check` says it.
    std::fs::write(folder.join("wrong.toml"), "per_day_soft = \"many\"\n").expect("written");
    let said = run(&["policy", "replay", "wrong.toml"]).ended(4);
    assert!(said.out.contains("wrong.toml:1"), "{said:?}");
    let (status, refused) = daemon
        .post("/v1/policies/replay", &json!({ "files": [{ "name": "a.toml", "text": "scope = \"user:ann\"\n" }] }))
        .await;
    assert_eq!((status, &refused["code"]), (422, &json!("bad_policy")), "{refused}");
    assert_eq!(daemon.get("/v1/replaying").await["running"], Value::Null);
    floor::at_any_hour(folder);
}
