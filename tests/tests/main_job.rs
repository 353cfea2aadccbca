//! Parts of the main job on the real binary over real sockets; `full_size.rs` has the whole of it.

use serde_json::{Value, json};
use smartguard_tests::daemon::{Daemon, binary, run};
use smartguard_tests::floor::{
    NOWHERE, POLICY, adapter_folder, business, import, list, number_path, prepare, sheet, shipped,
};

async fn ask(daemon: &Daemon, owner: &str, n: u32) -> Value {
    let to = format!("+1312{:07}", 2_000_000 + n % 7_000_000);
    let body = json!({ "to": to, "call_id": format!("c{n}"), "user": owner });
    let (status, answer) = daemon.post("/v1/caller-id", &body).await;
    assert_eq!(status, 200, "{answer}");
    assert_eq!(answer["decision"], "use", "{answer}");
    answer
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_person_flags_a_number_on_one_carrier_and_clears_it() {
    let folder = tempfile::tempdir().expect("a folder");
    prepare(folder.path(), NOWHERE, NOWHERE, POLICY);
    let daemon = Daemon::start(folder.path());
    daemon.must_post("/v1/businesses", &business("acme", "self")).await;
    import(&daemon, "acme", sheet(212, 20, |_| true)).await;
    daemon.must_post("/v1/users", &json!({ "name": "ann", "business": "acme" })).await;
    let first = ask(&daemon, "ann", 1).await["caller_id"].as_str().expect("a number").to_owned();
    let path = number_path(&first);
    let report = json!({ "label": "Spam Likely", "carrier": "tmobile", "by": "Ann" });
    let number = daemon.must_post(&format!("{path}/reports"), &report).await;
    assert_eq!(number["life"], "remediating", "{number}");
    assert_eq!(number["place"], "user ann", "one carrier's label is no reason to leave the pool: {number}");
    for n in 2..60 {
        let body = json!({ "to": format!("+1312{:07}", 2_000_000 + n), "call_id": format!("t{n}"), "user": "ann", "callee_carrier": "tmobile" });
        let (_, answer) = daemon.post("/v1/caller-id", &body).await;
        assert_ne!(answer["caller_id"], first.as_str(), "it rests on that carrier");
    }

    let cleared = daemon
        .must_post(&format!("{path}/reports"), &json!({ "clear": true, "carrier": "tmobile", "by": "Ann" }))
        .await;
    // It served the callees of others all the while, and rests on the carrier of its label alone.
    assert_eq!((&cleared["life"], &cleared["resting_on"]), (&json!("active"), &json!(["tmobile"])), "{cleared}");
    let rested = daemon.wait_for(&path, 20, |number| number["resting_on"].is_null()).await;
    assert_eq!((&rested["life"], &rested["rest_until"]), (&json!("active"), &json!(null)), "{rested}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_adapter_that_talks_at_length_harms_nobody() {
    let folder = tempfile::tempdir().expect("a folder");
    prepare(folder.path(), NOWHERE, NOWHERE, POLICY);
    let place = adapter_folder(folder.path(), "windbag");
    std::fs::create_dir_all(&place).expect("a folder");
    let manifest = shipped("nomorobo", "adapter.toml").replace("nomorobo", "windbag");
    // It files by itself, so that what it answers to filings is heard.
    let manifest = manifest.replace("by = \"person\"", "by = \"machine\"");
    std::fs::write(place.join("adapter.toml"), manifest).expect("written");
    // As long as the sandbox lets it be, which is more than the store keeps in one value.
    let script = r#"
        const words = "é".repeat(8_000);
        const says = () => { throw { tag: "rejected", val: words }; };
        const functions = ["check", "register", "dispute"];
        export const agency = {
            describe: () => ({ id: "windbag", version: "0.1.0", functions, speaksFor: ["windbag"] }),
            check: says,
            register: () => ({ tag: "pending", val: { token: words, askAgainS: 1 } }),
            dispute: says,
        };"#;
    std::fs::write(place.join("adapter.js"), script).expect("written");
    let start = || {
        let mut command = run(binary(), folder.path(), &[]);
        command.env("SMARTGUARD_SECRET_WINDBAG_API_KEY", "test-key-not-secret");
        Daemon::try_start_with(command).unwrap_or_else(|said| panic!("{said}"))
    };
    let daemon = start();
    daemon.must_post("/v1/adapters/windbag/grant", &json!({ "by": "Ann" })).await;
    daemon.must_post("/v1/businesses", &business("acme", "self")).await;
    import(&daemon, "acme", sheet(212, 60, |_| true)).await;
    daemon.wait_for("/v1/adapters/windbag", 30, |adapter| adapter["calls"].as_u64() > Some(6)).await;
    // It pends with a token that cannot be kept, so a person is asked or it is sent anew; nothing else is stuck behind it.
    daemon.must_post("/v1/users", &json!({ "name": "ann", "business": "acme" })).await;
    for n in 0..20 {
        ask(&daemon, "ann", n).await;
    }
    let before = daemon.get("/v1/numbers?limit=1000").await;
    assert!(daemon.stop().success());
    let daemon = start();
    let after = daemon.get("/v1/numbers?limit=1000").await;
    let kept = |page: &Value| -> Vec<Value> {
        let numbers = list(page, "numbers").iter();
        numbers.map(|number| json!([number["number"], number["life"], number["place"]])).collect()
    };
    assert_eq!(kept(&after), kept(&before), "what the daemon held is what it had stored");
}
