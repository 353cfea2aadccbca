//! What is wanted later is done when its time has come, although nothing else happens to the number or the business by then.

use serde_json::{Value, json};
use smartguard_tests::daemon::Daemon;
use smartguard_tests::floor::{
    NOWHERE, POLICY, adapter_folder, business, import, list, number_path, prepare, sheet, text,
};
use std::path::Path;

const MANIFEST: &str = r#"
id = "bureau"
kind = "agency"
version = "0.1.0"
summary = "takes its time"
wit = "0.0.1"
confidence = "unknown"
sources = ["this test"]

[agencies]
speaks_for = []
files_for = ["hiya"]

[functions.register]
effects = "idempotent"
by = "machine"

[functions.dispute]
effects = "idempotent"
by = "machine"

[timetable]
acknowledged_in_days = 1
effective_in_days = 1
"#;

/// Every filing is to be asked for once more, in a second.
const SCRIPT: &str = r#"
const later = { tag: "pending", val: { token: "ticket", askAgainS: 1 } };
const filed = { tag: "filed", val: { reference: "case 4711", status: "submitted", detail: null, refused: [] } };

export const agency = {
  describe: () => ({ id: "bureau", version: "0.1.0", functions: ["register", "dispute"], speaksFor: [] }),
  check() { throw { tag: "unsupported", val: "it looks at nothing" }; },
  register: (request) => (request.token === "ticket" ? filed : later),
  dispute: (request) => (request.token === "ticket" ? filed : later),
};
"#;

async fn employ_bureau(daemon: &Daemon, folder: &Path) {
    let place = adapter_folder(folder, "bureau");
    std::fs::create_dir_all(&place).expect("a folder");
    std::fs::write(place.join("adapter.js"), SCRIPT).expect("written");
    std::fs::write(place.join("adapter.toml"), MANIFEST).expect("written");
    daemon
        .wait_for("/v1/adapters", 30, |page| list(page, "adapters").iter().any(|adapter| adapter["id"] == "bureau"))
        .await;
    daemon.must_post("/v1/adapters/bureau/grant", &json!({ "by": "Ann" })).await;
}

fn are_all_filed(page: &Value) -> bool {
    let is_filed = |registration: &Value| registration["adapter"] == "bureau" && registration["state"] == "filed";
    list(page, "numbers").iter().all(|number| list(number, "registrations").iter().any(is_filed))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pending_filings_and_the_next_registration_need_no_other_reason() {
    let folder = tempfile::tempdir().expect("a folder");
    // No check touches a number again within this test.
    let policy = POLICY.replace("check_every = \"20s\"", "check_every = \"1h\"");
    let policy = policy.replace("check_every_urgent = \"8s\"", "check_every_urgent = \"1h\"");
    assert_ne!(policy, POLICY);
    prepare(folder.path(), NOWHERE, NOWHERE, &policy);
    let daemon = Daemon::start(folder.path());
    employ_bureau(&daemon, folder.path()).await;
    daemon.must_post("/v1/businesses", &business("acme", "self")).await;
    let both = sheet(212, 220, |_| true);
    let first: String = both.lines().take(201).map(|line| format!("{line}\n")).collect();
    assert_eq!(import(&daemon, "acme", first).await["added"], 200);
    let page = daemon.wait_for("/v1/numbers?limit=1000", 30, are_all_filed).await;
    let filings: Vec<_> = list(&page, "numbers")
        .iter()
        .flat_map(|number| list(number, "registrations"))
        .filter(|registration| registration["adapter"] == "bureau")
        .map(|registration| registration["filing"].as_u64().expect("a filing"))
        .collect();
    assert!(filings.iter().all(|filing| *filing == filings[0]), "one import goes with one filing: {filings:?}");

    // The registry takes the next filing of this business a second later.
    assert_eq!(import(&daemon, "acme", both).await["added"], 20);
    let page = daemon.wait_for("/v1/numbers?limit=1000", 30, are_all_filed).await;
    assert_eq!(list(&page, "numbers").len(), 220);

    let number = text(&page["numbers"][0], "number");
    let report = json!({ "label": "Spam Risk", "carrier": "att", "by": "Ann" });
    daemon.must_post(&format!("{}/reports", number_path(number)), &report).await;
    let cases = daemon.wait_for("/v1/cases", 30, |page| page["cases"][0]["state"] == "submitted").await;
    assert!(cases.to_string().contains("case 4711"), "with the agency's reference: {cases}");
    assert!(daemon.stop().success());
}
