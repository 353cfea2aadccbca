//! Agencies as an operator meets them: what works without any key, what one more key would add, packets by hand, webhooks,
//! what the doctor says, and answers that no longer fit what an adapter knows.

use axum::Router;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use serde_json::{Value, json};
use smartguard_tests::daemon::{self, Daemon, binary};
use smartguard_tests::floor::{
    POLICY, business, import, list, number_path, prepare, share_compiled_adapters, shipped, text, write_policy,
};
use std::collections::{BTreeSet, HashMap};
use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;
use std::sync::{Arc, Mutex};

async fn serve(router: Router) -> SocketAddr {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    tokio::spawn(async move { axum::serve(listener, router).await });
    address
}

const OURS: &str = "+12125551000";

/// The FTC's daily files and the FCC's table, both with complaints about the first number of ours.
async fn complaints() -> SocketAddr {
    // One complaint, in yesterday's file alone; more of them would make it flagged.
    let yesterday = jiff::Timestamp::now() - jiff::SignedDuration::from_hours(24);
    let yesterday = yesterday.strftime("%Y-%m-%d").to_string();
    let ftc = move |file: axum::extract::Path<String>| async move {
        let row = format!("2125551000,{yesterday} 10:00:00\n");
        format!("Company_Phone_Number,Created_Date\n{}", if file.contains(&yesterday) { &row } else { "" })
    };
    let fcc = |Query(query): Query<HashMap<String, String>>| async move {
        let asked = query.get("$where").cloned().unwrap_or_default();
        let day = jiff::Timestamp::now().strftime("%Y-%m-%d").to_string();
        if query.get("$select").is_some_and(|select| select.contains("max(")) {
            return axum::Json(json!([{ "newest": format!("{day}T00:00:00.000") }]));
        }
        let row = json!({
            "id": "4412345", "issue_date": format!("{day}T00:00:00.000"), "issue_time": "2:10 pm", "issue_type": "Phone",
            "method": "Wireless (cell phone/other mobile device)", "issue": "Unwanted Calls",
            "caller_id_number": "212-555-1000", "type_of_call_or_messge": "Live Voice",
            "advertiser_business_phone_number": "None", "state": "OH", "zip": "45402",
        });
        axum::Json(if asked.contains("212-555-1000") { json!([row]) } else { json!([]) })
    };
    serve(Router::new().route("/sites/default/files/{file}", get(ftc)).route("/resource/{table}", get(fcc))).await
}

/// A daemon with every adapter that is shipped, and no key at all. All that it may ask leads to this address.
fn bare(folder: &Path, complaints: SocketAddr) -> Daemon {
    let mut config = String::new();
    for id in shipped_ids() {
        let manifest = sandbox::manifest::Manifest::parse(&id, &shipped(&id, "adapter.toml")).expect("a manifest");
        if manifest.origins.is_empty() {
            continue;
        }
        config.push_str(&format!("[origins.{id}]\n"));
        for origin in manifest.origins.keys() {
            config.push_str(&format!("{origin} = \"http://{complaints}\"\n"));
        }
    }
    std::fs::create_dir_all(folder.join("policies")).expect("a folder");
    std::fs::write(folder.join("smartguard.toml"), config).expect("written");
    write_policy(folder, POLICY);
    share_compiled_adapters(folder);
    let mut command = daemon::run(binary(), folder, &[]);
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("SMARTGUARD_SECRET_")) {
        command.env_remove(name);
    }
    command.env_remove("SMARTGUARD_SECRET_NOMOROBO_API_KEY");
    Daemon::try_start_with(command).unwrap_or_else(|said| panic!("{said}"))
}

fn cli(daemon: &Daemon, folder: &Path, words: &[&str]) -> (i32, String) {
    let output = Command::new(binary())
        .args(["--server", &daemon.base])
        .args(words)
        .current_dir(folder)
        .output()
        .expect("the command runs");
    let said = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    (output.status.code().unwrap_or(-1), said)
}

/// Every adapter of this repository, whatever its kind.
fn shipped_ids() -> BTreeSet<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../adapters");
    let entries = std::fs::read_dir(folder).expect("adapters").flatten();
    entries
        .filter(|entry| entry.path().join("adapter.toml").is_file())
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_any_key_there_is_useful_work_and_nothing_is_taken_for_clean() {
    let folder = tempfile::tempdir().expect("a folder");
    let daemon = bare(folder.path(), complaints().await);
    daemon.must_post("/v1/businesses", &business("acme", "self")).await;
    import(&daemon, "acme", "number,service,since,right,callback\n+12125551000,new,,declared:Ann,\n".to_owned()).await;

    // Public complaints are read, and say nothing about the three big carriers.
    let path = number_path(OURS);
    let seen = |number: &Value, agency: &str| {
        list(number, "standings").iter().any(|standing| standing["agency"] == agency && standing["status"] != "unknown")
    };
    let number = daemon.wait_for(&path, 60, |number| seen(number, "ftc_dnc") && seen(number, "fcc_complaints")).await;
    let unobserved: Vec<&str> = list(&number, "unobserved").iter().filter_map(Value::as_str).collect();
    for carrier in ["att", "tmobile", "verizon"] {
        assert!(unobserved.contains(&carrier), "{carrier} is unobserved: {number}");
        let view = list(&number, "carriers").iter().find(|view| view["carrier"] == carrier).expect("its view");
        assert_ne!(view["status"], "unflagged", "nobody looked at {carrier}: {number}");
    }
    assert_eq!(number["life"], "quarantined", "it is registered before its first call: {number}");

    // The registration is a packet for a person, with all that the form asks for.
    let tasks = daemon.wait_for("/v1/tasks", 30, |tasks| !list(tasks, "tasks").is_empty()).await;
    let [task] = list(&tasks, "tasks") else { panic!("one registration: {tasks}") };
    assert_eq!(task["adapter"], "fcr", "what Hiya, First Orion and TNS share is filed once: {task}");

    // What is not seen is said, and what would show it.
    let agencies = daemon.get("/v1/agencies").await;
    let not_seen: Vec<&str> = list(&agencies, "unobserved").iter().filter_map(Value::as_str).collect();
    for carrier in ["att", "tmobile", "verizon"] {
        assert!(not_seen.contains(&carrier), "{agencies}");
    }
    let keys = list(&agencies, "keys");
    let first = keys.first().expect("a key is proposed");
    assert!(first["lines_permille"].as_u64() > Some(0) && first["of"] == "US lines", "{first}");
    let status = daemon.get("/v1/status").await;
    let advice: Vec<&str> = list(&status, "advice").iter().filter_map(Value::as_str).collect();
    assert!(advice.iter().any(|line| line.contains(text(first, "adds"))), "{advice:?}");
    assert!(!status["advice"].to_string().contains("is live:"), "a missing key is no trouble: {advice:?}");
    let per_line = |key: &Value| {
        let price = key["price_micros"].as_u64()?;
        Some(price / key["lines_permille"].as_u64()?.max(1))
    };
    let priced: Vec<u64> = keys.iter().filter(|key| key["lines_permille"] != 0).filter_map(per_line).collect();
    assert!(priced.is_sorted(), "the cheapest look comes first: {keys:?}");

    // A person saw a label: the number rests there, and the packet for its engine exists.
    let report = json!({ "label": "Potential Spam", "carrier": "verizon", "by": "Ann" });
    let number = daemon.must_post(&format!("{path}/reports"), &report).await;
    assert_eq!(number["life"], "remediating", "{number}");
    let wanted = |tasks: &Value| list(tasks, "tasks").iter().any(|task| task["adapter"] == "verizon");
    daemon.wait_for("/v1/tasks", 30, wanted).await;
    let report = json!({ "label": "Spam", "agency": "truecaller", "by": "Ann" });
    daemon.must_post(&format!("{path}/reports"), &report).await;
    let wanted = |tasks: &Value| list(tasks, "tasks").iter().any(|task| task["adapter"] == "truecaller");
    daemon.wait_for("/v1/tasks", 30, wanted).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_person_finds_every_agency_and_gets_the_packet_for_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let daemon = bare(folder.path(), complaints().await);
    let directory = daemon.get("/v1/directory").await;
    let listed: BTreeSet<String> =
        list(&directory, "directory").iter().map(|entry| text(entry, "adapter").to_owned()).collect();
    assert_eq!(listed, shipped_ids(), "every adapter that is shipped stands in the directory");
    let page = daemon.client.get(daemon.url("/directory")).send().await.expect("a page");
    let policy = page.headers()["content-security-policy"].to_str().expect("a policy").to_owned();
    assert!(policy.contains("default-src 'none'"), "{policy}");
    let page = page.text().await.expect("a page");
    for id in &listed {
        assert!(page.contains(&format!("<section id=\"{id}\">")), "{id}");
    }

    let mut whole = business("acme", "self");
    whole["ein"] = json!("12-3456789");
    whole["cnam"] = json!("Acme");
    whole["duns"] = json!("123456789");
    whole["employees"] = json!(40);
    whole["legal_form"] = json!("llc");
    whole["incorporated_in"] = json!("OH");
    whole["industry"] = json!("Health care");
    whole["contact"]["title"] = json!("Office manager");
    daemon.must_post("/v1/businesses", &whole).await;
    import(
        &daemon,
        "acme",
        "number,service,since,right,callback\n+12125551000,in_service,2025-01-01,declared:Ann,\n".to_owned(),
    )
    .await;
    for id in &listed {
        let manifest = sandbox::manifest::Manifest::parse(id, &shipped(id, "adapter.toml")).expect("a manifest");
        let functions = [("register", manifest.functions.register), ("dispute", manifest.functions.dispute)];
        for (what, filing) in functions {
            if filing.is_none_or(|filing| filing.by != sandbox::manifest::By::Person) {
                continue;
            }
            let carrier = manifest.carriers.iter().next().map(numbers::Carrier::word);
            let wish =
                json!({ "agency": id, "number": OURS, "what": what, "carrier": carrier, "label": "Spam Likely" });
            let (status, made) = daemon.post("/v1/packets", &wish).await;
            assert_eq!(status, 200, "{id} {what}: {made}");
            assert_eq!(made["adapter"], id.as_str());
            assert!(!list(&made["packet"], "steps").is_empty(), "{id} {what}: {made}");
            for name in list(&made["packet"], "files") {
                let path = format!("/v1/packets/{}/files/{}", text(&made, "id"), name.as_str().expect("a name"));
                let file = daemon.client.get(daemon.url(&path)).send().await.expect("an answer");
                assert_eq!(file.status(), StatusCode::OK, "{id} {what}: {path}");
            }
        }
    }
    // Making packets files nothing and asks nobody to.
    assert_eq!(daemon.get(&number_path(OURS)).await["cases"], json!([]));

    let (code, said) = cli(&daemon, folder.path(), &["packet", "fcr", OURS, "--register", "--output", "packet"]);
    assert_eq!(code, 0, "{said}");
    assert!(said.contains("enterprise") || said.contains("Contact e-mail"), "{said}");
    assert!(
        folder.path().join("packet/fcr-numbers.xlsx").is_file() && folder.path().join("packet/packet.txt").is_file()
    );
    let (code, said) = cli(&daemon, folder.path(), &["packet", "verizn", OURS]);
    assert_eq!(code, 1, "{said}");
    assert!(said.contains("did you mean `verizon`?"), "{said}");
    let (code, said) = cli(&daemon, folder.path(), &["packet", "tns", OURS, "--carrier", "verizon"]);
    assert_eq!(code, 0, "{said}");
    let (code, said) = cli(&daemon, folder.path(), &["directory", "fcr"]);
    assert!(code == 0 && said.contains("Free Caller Registry"), "{said}");
    let (code, said) = cli(&daemon, folder.path(), &["agency", "show", "hiya"]);
    assert!(code == 0 && said.contains("lacks a key"), "{said}");
    let (code, said) = cli(&daemon, folder.path(), &["agency", "list"]);
    assert!(code == 0 && said.contains("Unobserved carriers: att, tmobile, verizon"), "{said}");
    let (code, said) = cli(&daemon, folder.path(), &["doctor"]);
    assert!(code == 0 && said.contains("none is configured"), "{said}");
}

/// An agency that answers as it is told to.
#[derive(Clone, Default)]
struct Mood {
    status: Arc<Mutex<u16>>,
    body: Arc<Mutex<String>>,
}

impl Mood {
    fn set(&self, status: u16, body: &str) {
        *self.status.lock().expect("not poisoned") = status;
        *self.body.lock().expect("not poisoned") = body.to_owned();
    }
}

async fn moody(State(mood): State<Mood>, Query(query): Query<HashMap<String, String>>) -> Response {
    let asked = query.get("From").cloned().unwrap_or_default();
    let status = StatusCode::from_u16(*mood.status.lock().expect("not poisoned")).expect("a status");
    let body = mood.body.lock().expect("not poisoned").replace("ASKED", &asked);
    (status, body).into_response()
}

const CLEAN: &str = r#"{"phone_number":"ASKED","phone_number_reputation_details":{"reported_category":"Unknown","block_status":"allowed","risk_score":3}}"#;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_doctor_tries_each_key_and_drift_is_told_before_a_filing_fails() {
    let folder = tempfile::tempdir().expect("a folder");
    let mood = Mood::default();
    mood.set(200, CLEAN);
    let nomorobo = serve(Router::new().route("/v2/check", get(moody)).with_state(mood.clone())).await;
    prepare(folder.path(), nomorobo, complaints().await, POLICY);
    share_compiled_adapters(folder.path());
    let mut command = daemon::run(binary(), folder.path(), &[]);
    command.env("SMARTGUARD_SECRET_NOMOROBO_API_KEI", "a misspelt one");
    let daemon = Daemon::try_start_with(command).unwrap_or_else(|said| panic!("{said}"));
    let checkup = async |what: &str, of: &str| {
        let (status, answer) = daemon.post("/v1/doctor", &json!({})).await;
        assert_eq!(status, 200, "{answer}");
        let found = list(&answer, "checkups").iter().find(|one| one["what"] == what && one["of"] == of).cloned();
        found.unwrap_or_else(|| panic!("nothing is said of {what} {of}: {answer}"))
    };
    let key = checkup("secret", "nomorobo").await;
    assert_eq!(key["state"], "well", "{key}");
    let clock = checkup("clock", "").await;
    assert_eq!(clock["state"], "well", "the agency's date is compared with ours: {clock}");
    let stray = checkup("secret", "SMARTGUARD_SECRET_NOMOROBO_API_KEI").await;
    assert!(text(&stray, "remedy").contains("SMARTGUARD_SECRET_NOMOROBO_API_KEY"), "{stray}");

    mood.set(401, "{}");
    let key = checkup("secret", "nomorobo").await;
    assert_eq!(
        (key["state"].as_str(), key["remedy"].as_str()),
        (Some("wrong"), Some("put the right key in, and restart the daemon")),
        "{key}"
    );
    let (code, said) = cli(&daemon, folder.path(), &["doctor"]);
    assert_eq!(code, 7, "{said}");
    assert!(!said.contains("test-key-not-secret"), "no key is shown: {said}");

    // The agency renames a field: that is drift, told wherever somebody looks, and over when it is understood again.
    mood.set(200, &CLEAN.replace("risk_score", "risk"));
    let key = checkup("secret", "nomorobo").await;
    assert_eq!(key["state"], "wrong", "{key}");
    let ready = daemon.get("/readyz").await;
    let drift = |page: &Value| {
        page["troubles"].as_array().is_some_and(|troubles| troubles.iter().any(|one| one["code"] == "adapter_drift"))
    };
    assert!(drift(&ready) && ready["ready"] == true, "calls go on, and it is said: {ready}");
    let metrics = daemon.client.get(daemon.url("/metrics")).send().await.expect("metrics").text().await.expect("text");
    assert!(metrics.contains("smartguard_trouble{code=\"adapter_drift\"} 1"), "{metrics}");
    mood.set(200, CLEAN);
    checkup("secret", "nomorobo").await;
    assert!(!drift(&daemon.get("/readyz").await));
}
