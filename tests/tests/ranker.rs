//! A ranker through the real daemon: named by a policy, heard among what is permitted, and never waited for in vain.

use serde_json::{Value, json};
use smartguard_tests::daemon::Daemon;
use smartguard_tests::floor::{
    NOWHERE, POLICY, adapter_folder, business, import, list, prepare, share_compiled_adapters, sheet, text,
    write_policy,
};
use std::path::Path;

/// Puts the number first that ends on this text, and would put one first that it was never told of.
fn script(ending: &str) -> String {
    format!(
        r#"export const ranker = {{
            describe: () => ({{ id: "by_ending", version: "1", functions: ["rank"], speaksFor: [] }}),
            rank({{ candidates, call }}) {{
                const first = candidates.findIndex(({{ number }}) => number.endsWith("{ending}"));
                if (call.calleeAreaCode === "773") return {{ order: [candidates.length], reason: "one of its own" }};
                if (call.calleeAreaCode === "630") for (;;);
                return {{ order: first < 0 ? [] : [first], reason: `those on {ending}, of ${{candidates.length}}` }};
            }},
        }};"#
    )
}

const MANIFEST: &str = r#"
id = "by_ending"
kind = "ranker"
version = "1"
summary = "For a test"
wit = "0.0.1"
confidence = "official"
[limits]
cpu_ms = 500
timeout_s = 1
[functions.rank]
"#;

/// A deadline that a machine full of other tests keeps as well.
fn policy() -> String {
    format!("{POLICY}turn_calls = 1\nturn_jitter = 0\nranker = \"by_ending\"\nranker_deadline = \"50ms\"\n")
}

async fn serve(folder: &Path) -> Daemon {
    prepare(folder, NOWHERE, NOWHERE, POLICY);
    share_compiled_adapters(folder);
    let place = adapter_folder(folder, "by_ending");
    std::fs::create_dir_all(&place).expect("a folder");
    std::fs::write(place.join("adapter.toml"), MANIFEST).expect("written");
    std::fs::write(place.join("adapter.js"), script("1003")).expect("written");
    let daemon = Daemon::start(folder);
    daemon.must_post("/v1/businesses", &business("acme", "self")).await;
    import(&daemon, "acme", sheet(212, 10, |_| true)).await;
    daemon.must_post("/v1/users", &json!({ "name": "ann", "business": "acme" })).await;
    let path = "/v1/adapters/by_ending";
    daemon.wait_for(path, 60, |adapter| adapter["state"] == "ungranted" || adapter["state"] == "live").await;
    daemon.must_post(&format!("{path}/grant"), &json!({ "by": "Ann" })).await;
    daemon
}

/// Asks, and answers with the number and with the decision's receipt.
async fn ask(daemon: &Daemon, area: u16, n: u32) -> (String, Value) {
    let call = format!("c{area}-{n}");
    let to = format!("+1{area}{:07}", 2_000_000 + n);
    let (status, answer) = daemon.post("/v1/caller-id", &json!({ "to": to, "call_id": call, "user": "ann" })).await;
    assert_eq!((status, &answer["decision"]), (200, &json!("use")), "{answer}");
    let decision = text(&answer, "decision_id");
    let receipt = daemon.get(&format!("/v1/receipts/{decision}")).await;
    (text(&answer, "caller_id").to_owned(), receipt)
}

/// Puts a policy in force.
async fn adopt(daemon: &Daemon, folder: &Path, policy: &str) {
    let before = list(&daemon.get("/v1/policies").await, "policies")[0]["revision"].clone();
    write_policy(folder, policy);
    daemon.wait_for("/v1/policies", 20, |found| list(found, "policies")[0]["revision"] != before).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_ranker_is_heard_among_what_is_permitted_and_its_faults_cost_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let daemon = serve(folder.path()).await;
    let (_, receipt) = ask(&daemon, 312, 1).await;
    assert_eq!(receipt["ranking"], Value::Null, "the policy names no ranker: {receipt}");

    adopt(&daemon, folder.path(), &policy()).await;
    for n in 2..6 {
        let (number, receipt) = ask(&daemon, 312, n).await;
        assert_eq!(number, "+12125551003", "{receipt}");
        assert_eq!(receipt["ranking"]["ranker"], "by_ending", "{receipt}");
        assert_eq!(receipt["ranking"]["order"], json!(["+12125551003"]), "{receipt}");
        assert_eq!(receipt["ranking"]["reason"], "those on 1003, of 10", "{receipt}");
        let passed = receipt["candidates"].to_string();
        assert_eq!(passed.matches("ranked_first").count(), 9, "{receipt}");
    }

    // Another one is saved, and serves as any adapter does.
    let revision = daemon.get("/v1/adapters/by_ending").await["revision"].clone();
    std::fs::write(adapter_folder(folder.path(), "by_ending").join("adapter.js"), script("1007")).expect("written");
    daemon.wait_for("/v1/adapters/by_ending", 60, |adapter| adapter["revision"] != revision).await;
    assert_eq!(ask(&daemon, 312, 6).await.0, "+12125551007");

    // What it may not say, and what it does not say in time, leave the policy's own order, with the reason.
    let (_, receipt) = ask(&daemon, 773, 7).await;
    assert!(text(&receipt["ranking"], "fell_back").contains("order[0]"), "{receipt}");
    let (_, receipt) = ask(&daemon, 630, 8).await;
    assert!(text(&receipt["ranking"], "fell_back").contains("50 ms passed"), "{receipt}");
    let metrics =
        daemon.client.get(daemon.url("/metrics")).send().await.expect("an answer").text().await.expect("text");
    assert!(metrics.contains("smartguard_ranked_total 5\n"), "{metrics}");
    assert!(metrics.contains("smartguard_ranking_fell_back_total 2\n"), "{metrics}");

    // What the policy does not permit, it cannot show: one that is at its cap is no candidate any more.
    adopt(&daemon, folder.path(), &policy().replace("65000", "1")).await;
    let (number, receipt) = ask(&daemon, 312, 9).await;
    assert_ne!(number, "+12125551007", "{receipt}");
    assert_eq!(receipt["ranking"]["order"], json!([]), "{receipt}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_policy_that_names_nobody_is_served_and_told_of() {
    let folder = tempfile::tempdir().expect("a folder");
    let daemon = serve(folder.path()).await;
    for (ranker, reason) in [("stranger", "no adapter of that id serves"), ("fcr", "of kind `agency`")] {
        adopt(&daemon, folder.path(), &policy().replace("by_ending", ranker)).await;
        let (_, receipt) = ask(&daemon, 312, ranker.len() as u32).await;
        assert!(text(&receipt["ranking"], "fell_back").len() > 10, "{receipt}");
        let status = daemon.get("/v1/status").await;
        assert!(status["advice"].to_string().contains(reason), "{status}");
    }
}
