//! What people, dialers and spreadsheets get wrong, against the real daemon: each is refused with the place, the reason
//! and the remedy, changes nothing, and keeps nobody else from being served.

use serde_json::{Value, json};
use smartguard_tests::daemon::{Daemon, binary};
use smartguard_tests::floor::{self, NOWHERE, POLICY, adapter_folder, list, shipped, text, write_policy};
use std::path::Path;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

/// A daemon with a business, a user `ann` and a campaign `spring`, each with numbers.
async fn serve(policy: &str) -> (tempfile::TempDir, Daemon) {
    let folder = tempfile::tempdir().expect("a folder");
    floor::prepare(folder.path(), NOWHERE, NOWHERE, policy);
    floor::share_compiled_adapters(folder.path());
    let daemon = Daemon::start(folder.path());
    daemon.must_post("/v1/businesses", &floor::business("acme", "self")).await;
    floor::import(&daemon, "acme", floor::sheet(212, 30, |_| true)).await;
    daemon.must_post("/v1/users", &json!({ "name": "ann", "business": "acme" })).await;
    daemon.must_post("/v1/campaigns", &json!({ "name": "spring", "business": "acme" })).await;
    (folder, daemon)
}

fn ask(n: u32) -> Value {
    json!({ "to": format!("+1312555{n:04}"), "call_id": format!("c{n}"), "user": "ann" })
}

/// Checks that an answer is a problem with this status and code that says all of `parts`.
#[track_caller]
fn check(answer: (u16, Value), status: u16, code: &str, parts: &[&str]) {
    let (came, problem) = answer;
    assert_eq!((came, &problem["code"]), (status, &json!(code)), "{problem}");
    for part in parts {
        assert!(problem.to_string().contains(part), "{part:?} is not said: {problem}");
    }
    assert!(!text(&problem, "remedy").is_empty(), "{problem}");
}

async fn get(daemon: &Daemon, path: &str) -> (u16, Value) {
    let response = daemon.client.get(daemon.url(path)).send().await.expect("an answer");
    (response.status().as_u16(), response.json().await.expect("JSON"))
}

async fn send(daemon: &Daemon, path: &str, media_type: &str, body: Vec<u8>) -> (u16, Value) {
    let request = daemon.client.post(daemon.url(path)).header("content-type", media_type).body(body);
    let response = request.send().await.expect("an answer");
    let status = response.status().as_u16();
    let body = response.text().await.expect("a body");
    (status, serde_json::from_str(&body).unwrap_or(Value::String(body)))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_text_that_is_no_number_is_refused_at_every_door() {
    let (_folder, daemon) = serve(POLICY).await;
    let bad = [
        ("212555", "only 6 digits"),
        ("+1212555014312345678", "digits"),
        ("1.2125E+10", "spreadsheet"),
        ("sip:bob@example.com", "'s'"),
        ("+0123456789", "0"),
        ("++12125550143", "+"),
    ];
    for (number, reason) in bad {
        let mut question = ask(1);
        question["to"] = json!(number);
        check(daemon.post("/v1/caller-id", &question).await, 422, "bad_number", &["`to`", reason]);
        let escaped: String = form_escape(number);
        check(get(&daemon, &format!("/v1/numbers/{escaped}")).await, 422, "bad_number", &[reason]);
        let report = json!({ "label": "Spam", "by": "Ann" });
        check(daemon.post(&format!("/v1/numbers/{escaped}/reports"), &report).await, 422, "bad_number", &[reason]);
        let rows = json!([
            { "number": number, "service": "new" },
            { "number": "+12125559000", "service": "new" },
        ]);
        let report = json!({ "business": "acme", "by": "Ann", "numbers": rows });
        let report = daemon.must_post("/v1/numbers", &report).await;
        assert_eq!(list(&report, "refused").len(), 1, "the other row is taken: {report}");
        assert!(report["refused"][0].to_string().contains(reason), "{report}");
    }
    // An outcome is too dear to lose to a field that makes no sense.
    let answer = daemon.must_post("/v1/caller-id", &ask(1)).await;
    let outcome = json!({ "decision_id": answer["decision_id"], "to": "anonymous", "dialstatus": "BUSY" });
    assert_eq!(daemon.must_post("/v1/outcomes", &outcome).await["outcome"], "busy");
}

fn form_escape(text: &str) -> String {
    text.bytes()
        .map(|byte| if byte.is_ascii_alphanumeric() { (byte as char).to_string() } else { format!("%{byte:02X}") })
        .collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_plus_sign_that_a_query_ate_is_put_back() {
    let (_folder, daemon) = serve(POLICY).await;
    let first = daemon.must_post("/v1/caller-id", &ask(143)).await;
    for to in ["+13125550143", "%2013125550143", "%2B13125550143", "13125550143"] {
        let again = daemon.get(&format!("/v1/caller-id?to={to}&call_id=c143&user=ann")).await;
        assert_eq!(again["decision_id"], first["decision_id"], "the same call: {to}");
    }
    let outcome = format!("/v1/outcomes?to=+13125550143&from=+{}&dialstatus=BUSY", &text(&first, "caller_id")[1..]);
    let joined = daemon.get(&outcome).await;
    assert_eq!(joined["decision_id"], first["decision_id"], "joined by the two numbers: {joined}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_unknown_user_is_treated_as_the_policy_says() {
    let (folder, daemon) = serve(POLICY).await;
    let stranger = |name: &str, campaign: Option<&str>| {
        let mut ask = json!({ "to": "+13125550100", "call_id": format!("of {name}"), "user": name });
        if let Some(campaign) = campaign {
            ask["campaign"] = json!(campaign);
        }
        ask
    };
    // `campaign` is the default.
    let answer = daemon.must_post("/v1/caller-id", &stranger("bob", Some("spring"))).await;
    let receipt = daemon.get(&format!("/v1/receipts/{}", text(&answer, "decision_id"))).await;
    assert_eq!(receipt["owner"], "campaign spring", "{receipt}");
    let refused = daemon.post("/v1/caller-id", &stranger("bob", None)).await;
    check(refused, 404, "unknown_owner", &["user bob", "smartguard user add bob", "on_unknown_user"]);
    check(daemon.post("/v1/caller-id", &stranger("bob", Some("autumn"))).await, 404, "unknown_owner", &["user bob"]);

    adopt(&daemon, folder.path(), "on_unknown_user = \"create\"").await;
    let answer = daemon.must_post("/v1/caller-id", &stranger("bob", None)).await;
    let receipt = daemon.get(&format!("/v1/receipts/{}", text(&answer, "decision_id"))).await;
    assert_eq!(receipt["owner"], "user bob", "{receipt}");
    let users = daemon.get("/v1/users").await;
    let bob = list(&users, "users").iter().find(|user| user["name"] == "bob").expect("he was added");
    assert!(!list(bob, "pool").is_empty(), "with a pool: {bob}");
    let long = "b".repeat(180);
    check(daemon.post("/v1/caller-id", &stranger(&long, None)).await, 422, "too_long", &["the name of the user"]);
    daemon.must_post("/v1/caller-id", &stranger("eve", None)).await;

    adopt(&daemon, folder.path(), "on_unknown_user = \"refuse\"").await;
    check(daemon.post("/v1/caller-id", &stranger("mallory", Some("spring"))).await, 404, "unknown_owner", &["mallory"]);
    daemon.must_post("/v1/caller-id", &ask(7)).await;
    let users = daemon.get("/v1/users").await.to_string();
    assert!(users.contains("eve") && !users.contains("mallory"), "{users}");
}

/// Puts a policy with this line in force, and waits until it is.
async fn adopt(daemon: &Daemon, folder: &Path, line: &str) {
    let before = daemon.get("/v1/policies").await["policies"][0]["revision"].clone();
    write_policy(folder, &format!("{POLICY}{line}\n"));
    daemon.wait_for("/v1/policies", 20, |page| page["policies"][0]["revision"] != before).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_spreadsheets_export_is_taken_row_by_row() {
    let (folder, daemon) = serve(POLICY).await;
    // As a spreadsheet of a country with decimal commas saves it: a mark in front, semicolons, line ends of Windows.
    let sheet = "\u{feff}number;service;since;right;callback\r\n\
                 +12125559001;in_service;3/1/2024;declared:Ann;\r\n\
                 (212) 555-9002;new;;;\r\n\
                 1.2125E+10;new;;;\r\n\
                 12125559001;new;;;\r\n\
                 +12125551001;new;;;\r\n\
                 ;new;;;\r\n";
    let file = folder.path().join("numbers.csv");
    std::fs::write(&file, sheet).expect("written");
    let import = |json: bool| {
        let mut command = std::process::Command::new(binary());
        command.args(["--server", &daemon.base, "number", "import"]).arg(&file).args([
            "--business",
            "acme",
            "--by",
            "Ann",
        ]);
        if json {
            command.arg("--json");
        }
        command.output().expect("it runs")
    };
    let first = import(true);
    assert_eq!(first.status.code(), Some(5), "done in part: {first:?}");
    let report: Value = serde_json::from_slice(&first.stdout).expect("JSON");
    // Named twice in the file, and held before.
    assert_eq!((&report["added"], &report["already_held"]), (&json!(2), &json!(2)), "{report}");
    let rows: Vec<u64> = list(&report, "refused").iter().filter_map(|row| row["row"].as_u64()).collect();
    assert_eq!(rows, [4, 7], "by their lines: {report}");
    assert!(report["refused"][0].to_string().contains("spreadsheet"), "{report}");
    // The same file again adds nothing, and says so to a person.
    let again = import(false);
    let said = String::from_utf8_lossy(&again.stdout).into_owned();
    assert!(said.contains('4') && said.contains("spreadsheet"), "{said}");
    let taken = daemon.get("/v1/numbers/%2B12125559001").await;
    assert_eq!((&taken["service"], &taken["right"]), (&json!("in_service"), &json!("declared:Ann")), "{taken}");
    assert_eq!(daemon.get("/v1/numbers/%2B12125559002").await["life"], "quarantined");
    // A script that does not say what the numbers are gets an error, and nothing is taken.
    let path = "/v1/numbers?business=acme&by=Ann";
    let silent = send(&daemon, path, "text/csv", b"number\n+12125559003\n".to_vec()).await;
    check(silent, 422, "service_column_missing", &["--service new"]);
    check(send(&daemon, path, "text/csv", vec![0xfe; 1 << 20]).await, 422, "not_text", &["CSV UTF-8"]);
    check(
        send(&daemon, path, "text/csv", b"nmber,service\n1,new\n".to_vec()).await,
        422,
        "number_column_missing",
        &["number"],
    );
    let nobodys = send(&daemon, "/v1/numbers?business=acne&by=Ann", "text/csv", sheet.into()).await;
    check(nobodys, 404, "no_such_business", &["acne"]);
    check(get(&daemon, "/v1/numbers/%2B12125559003").await, 404, "no_such_number", &[]);
}

/// Every door that takes a body, and one that it takes.
const DOORS: [(&str, &str); 11] = [
    ("/v1/caller-id", r#"{"to":"+13125550100","call_id":"c","user":"ann"}"#),
    ("/v1/outcomes", r#"{"call_id":"c","dialstatus":"BUSY"}"#),
    ("/v1/businesses", r#"{"id":"b","legal_name":"B"}"#),
    ("/v1/users", r#"{"name":"bob"}"#),
    ("/v1/campaigns", r#"{"name":"fall"}"#),
    ("/v1/numbers", r#"{"business":"acme","by":"Ann","numbers":[]}"#),
    ("/v1/numbers/%2B12125551001/reports", r#"{"label":"Spam","by":"Ann"}"#),
    ("/v1/tasks/1/done", r#"{"by":"Ann"}"#),
    ("/v1/adapters/nomorobo/grant", r#"{"by":"Ann"}"#),
    ("/v1/adapters/nomorobo/try", r#"{"function":"check","numbers":["+12125551001"]}"#),
    ("/v1/export", r#"{"to":"/nowhere"}"#),
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn half_a_body_and_a_megabyte_of_garbage_are_refused_at_every_door() {
    let (_folder, daemon) = serve(POLICY).await;
    let noise: Vec<u8> = (0u32..1 << 20).map(|n| (n.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
    for (path, body) in DOORS {
        let half = body.as_bytes()[..body.len() / 2].to_vec();
        check(send(&daemon, path, "application/json", half).await, 400, "broken_json", &["line 1", "one whole JSON"]);
        let hot = path == "/v1/caller-id" || path == "/v1/outcomes";
        let (status, code) = if hot { (413, "body_too_large") } else { (400, "broken_json") };
        check(send(&daemon, path, "application/json", noise.clone()).await, status, code, &[]);
        let (status, _) = send(&daemon, path, "application/octet-stream", noise.clone()).await;
        assert!((400..500).contains(&status), "{path}: {status}");
        let (status, _) = send(&daemon, path, "application/json", Vec::new()).await;
        assert!((400..500).contains(&status), "{path}: {status}");
    }
    // Not even HTTP.
    let address = daemon.base.strip_prefix("http://").expect("an address");
    let mut stream = tokio::net::TcpStream::connect(address).await.expect("a connection");
    // It may be closed before all of it is taken.
    let _ = stream.write_all(&noise).await;
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer).await;
    assert!(answer.is_empty() || answer.starts_with(b"HTTP/1.1 4"), "{:?}", String::from_utf8_lossy(&answer));
    // A body that breaks off.
    let mut stream = tokio::net::TcpStream::connect(address).await.expect("a connection");
    let head = format!(
        "POST /v1/users HTTP/1.1\r\nhost: {address}\r\ncontent-type: application/json\r\ncontent-length: 50\r\n\r\n{{\"na"
    );
    stream.write_all(head.as_bytes()).await.expect("taken");
    drop(stream);

    assert_eq!(daemon.must_post("/v1/caller-id", &ask(1)).await["decision"], "use");
    assert_eq!(list(&daemon.get("/v1/users").await, "users").len(), 1, "nothing came of any of it");
    assert_eq!(get(&daemon, "/healthz").await, (200, json!({ "alive": true })));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_field_that_nobody_knows_is_named_at_every_strict_door() {
    let (_folder, daemon) = serve(POLICY).await;
    for (path, body) in &DOORS[2..] {
        let body = body.replacen('{', r#"{"colour":"red","#, 1);
        let refused = send(&daemon, path, "application/json", body.into_bytes()).await;
        check(refused, 422, "unknown_field", &["`colour`", "line 1"]);
    }
    for path in ["/v1/users?x=1", "/v1/numbers?lief=ready", "/v1/cases?stat=open", "/v1/receipts?call=c"] {
        let (status, problem) = get(&daemon, path).await;
        assert_eq!((status, &problem["code"]), (422, &json!("unknown_field")), "{problem}");
    }
    // A dialer's own fields are ignored and counted.
    let mut question = ask(1);
    question["colour"] = json!("red");
    assert_eq!(daemon.must_post("/v1/caller-id", &question).await["decision"], "use");
    let metrics =
        daemon.client.get(daemon.url("/metrics")).send().await.expect("an answer").text().await.expect("a page");
    assert!(metrics.contains("\nsmartguard_http_fields_ignored_total 1\n"), "{metrics}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn texts_and_figures_beyond_all_measure_are_refused_and_harm_nothing() {
    let (_folder, daemon) = serve(POLICY).await;
    let long = "x".repeat(5_000);
    let mut business = floor::business("bolt", "self");
    business["use_case"] = json!(long);
    check(daemon.post("/v1/businesses", &business).await, 422, "too_long", &["1200", "shorten"]);
    let business = floor::business(&"b".repeat(200), "self");
    check(daemon.post("/v1/businesses", &business).await, 422, "too_long", &["the id of the business"]);
    check(daemon.post("/v1/users", &json!({ "name": long })).await, 422, "too_long", &["the name of the user"]);
    for size in [0u64, 1001, 4_000_000_000] {
        let refused = daemon.post("/v1/campaigns", &json!({ "name": "big", "pool_size": size })).await;
        check(refused, 422, "bad_value", &["pool_size", "1 to 1000"]);
    }
    let refused = daemon.post("/v1/campaigns", &json!({ "name": "big", "pool_size": 1e30 })).await;
    check(refused, 422, "bad_value", &[]);
    let reports = "/v1/numbers/%2B12125551001/reports";
    check(daemon.post(reports, &json!({ "label": long, "by": "Ann" })).await, 422, "too_long", &["shorten"]);
    check(daemon.post(reports, &json!({ "label": "Spam", "by": long })).await, 422, "too_long", &["shorten"]);
    check(
        daemon.post("/v1/caller-id", &json!({ "to": "+13125550100", "call_id": long, "user": "ann" })).await,
        422,
        "too_long",
        &["`call_id`"],
    );
    // Of an import only the row that is too long is left out; long ones go in smaller parts.
    let rows: Vec<Value> = (0..60)
        .map(|n| {
            let who = if n == 50 { long.clone() } else { format!("{:a>200}", n) };
            json!({ "number": format!("+1646555{n:04}"), "service": "new", "right": format!("declared:{who}") })
        })
        .collect();
    let report = daemon.must_post("/v1/numbers", &json!({ "business": "acme", "by": "Ann", "numbers": rows })).await;
    assert_eq!((&report["added"], list(&report, "refused").len()), (&json!(59), 1), "{report}");
    assert_eq!(report["refused"][0]["row"], 51, "{report}");

    // Nothing of this stands in anybody's way.
    daemon.must_post("/v1/users", &json!({ "name": "bob", "business": "acme" })).await;
    assert_eq!(daemon.must_post("/v1/caller-id", &ask(1)).await["decision"], "use");
    assert_eq!(get(&daemon, "/readyz").await, (200, json!({ "ready": true })));
    let users = daemon.get("/v1/businesses").await;
    assert_eq!(list(&users, "businesses").len(), 1, "{users}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_largest_pool_is_served_with_its_receipt() {
    let (_folder, daemon) = serve(POLICY).await;
    floor::import(&daemon, "acme", floor::sheet(646, 600, |_| true)).await;
    let campaign =
        daemon.must_post("/v1/campaigns", &json!({ "name": "big", "business": "acme", "pool_size": 600 })).await;
    assert_eq!(list(&campaign, "pool").len(), 600);
    let ask = json!({ "to": "+13125550100", "call_id": "c", "campaign": "big" });
    let answer = daemon.must_post("/v1/caller-id", &ask).await;
    let receipt = daemon.get(&format!("/v1/receipts/{}", text(&answer, "decision_id"))).await;
    let chosen: Vec<&Value> =
        list(&receipt, "candidates").iter().filter(|candidate| candidate["chosen"] == true).collect();
    assert_eq!(chosen.len(), 1, "the one that is shown is among those that fit into a receipt");
    assert_eq!(chosen[0]["number"], answer["caller_id"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_policy_that_cannot_be_is_refused_at_the_start_and_while_running() {
    let folder = tempfile::tempdir().expect("a folder");
    let broken = "per_day_sofd = 5\nper_hour = 100000\npool_size = -3\nturn_gap = \"soon\"\n";
    floor::prepare(folder.path(), NOWHERE, NOWHERE, broken);
    floor::share_compiled_adapters(folder.path());
    let checked =
        std::process::Command::new(binary()).current_dir(folder.path()).arg("check").output().expect("it runs");
    assert_eq!(checked.status.code(), Some(4), "{checked:?}");
    assert!(String::from_utf8_lossy(&checked.stdout).contains("did you mean `per_day_soft`?"), "{checked:?}");

    let daemon = Daemon::start(folder.path());
    let policy = daemon.get("/v1/policies").await["policies"][0].clone();
    assert_eq!(policy["file"], "bundled", "it serves all the same: {policy}");
    let problems = list(&policy["last_refusal"], "problems");
    let places: Vec<&str> = problems.iter().map(|problem| text(problem, "place")).collect();
    for (problem, line) in problems.iter().zip([1, 3, 4]) {
        assert!(text(problem, "place").ends_with(&format!("default.toml:{line}")), "{places:?}");
        assert!(!text(problem, "reason").is_empty() && !text(problem, "remedy").is_empty(), "{problem}");
    }
    assert_eq!(problems.len(), 3, "all at once: {places:?}");

    write_policy(folder.path(), POLICY);
    let adopted = daemon.wait_for("/v1/policies", 20, |page| page["policies"][0]["last_refusal"].is_null()).await;
    let revision = adopted["policies"][0]["revision"].clone();
    for (impossible, reason) in [
        ("per_hour = 99999999999999999999", "per_hour"),
        ("turn_calls = 3\nturn_jitter = 3", "turn_jitter"),
        ("per_minute = -1", "-1"),
        ("attempts_per_24h = 0", "attempts_per_24h"),
    ] {
        let text_of = POLICY.replace("per_hour = 65000\n", "").replace("per_minute = 65000\n", "");
        write_policy(folder.path(), &format!("{text_of}{impossible}\n"));
        let told = |page: &Value| page["policies"][0]["last_refusal"].to_string().contains(reason);
        let page = daemon.wait_for("/v1/policies", 20, told).await;
        assert_eq!(page["policies"][0]["revision"], revision, "the old one stays: {page}");
    }
    write_policy(folder.path(), &format!("{POLICY}turn_calls = 4\n"));
    let page = daemon.wait_for("/v1/policies", 20, |page| page["policies"][0]["revision"] != revision).await;
    assert_eq!(page["policies"][0]["last_refusal"], Value::Null, "{page}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_manifest_that_asks_for_more_is_held_back_and_the_old_version_serves() {
    let (folder, daemon) = serve(POLICY).await;
    let path = "/v1/adapters/nomorobo";
    let before = daemon.get(path).await;
    assert_eq!(before["state"], "live");
    let place = adapter_folder(folder.path(), "nomorobo");
    std::fs::create_dir_all(&place).expect("a folder");
    std::fs::write(place.join("adapter.js"), shipped("nomorobo", "adapter.js")).expect("written");
    let wider = shipped("nomorobo", "adapter.toml")
        .replace("[origins]\n", "[origins]\nelsewhere = \"https://elsewhere.example\"\n");
    std::fs::write(place.join("adapter.toml"), &wider).expect("written");
    let held = daemon.wait_for(path, 30, |adapter| !adapter["last_refusal"].is_null()).await;
    let problem = &held["last_refusal"]["problems"][0];
    assert!(text(problem, "place").ends_with("nomorobo/adapter.toml"), "{problem}");
    assert!(text(problem, "reason").contains("asks for more than it was granted"), "{problem}");
    assert!(text(problem, "reason").contains("https://elsewhere.example"), "what it asks for is said: {problem}");
    assert!(text(problem, "remedy").contains("grant it"), "{problem}");
    assert_eq!(
        (&held["state"], &held["revision"]),
        (&before["state"], &before["revision"]),
        "the old one serves: {held}"
    );
    assert!(!held["granted"].to_string().contains("elsewhere"), "{held}");

    let granted = daemon.must_post(&format!("{path}/grant"), &json!({ "by": "Ann" })).await;
    assert_ne!(granted["revision"], before["revision"], "{granted}");
    assert_eq!(granted["last_refusal"], Value::Null, "{granted}");
    assert!(granted["granted"].to_string().contains("elsewhere"), "{granted}");
    // A manifest that makes no sense is refused with its line, and what was granted goes on.
    std::fs::write(place.join("adapter.toml"), wider.replace("batch_max", "batch_maxx")).expect("written");
    let refused = daemon.wait_for(path, 30, |adapter| !adapter["last_refusal"].is_null()).await;
    assert!(refused["last_refusal"].to_string().contains("batch_max"), "{refused}");
    assert_eq!(refused["revision"], granted["revision"], "{refused}");
    check(daemon.post("/v1/adapters/nobody/grant", &json!({ "by": "Ann" })).await, 403, "adapter_refused", &["nobody"]);
}
