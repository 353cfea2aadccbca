//! The HTTP doors over real sockets, before a desk that only this file knows.

mod fake_desk;

use fake_desk::FakeDesk;
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::sync::Arc;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// What came back.
#[derive(Debug)]
struct Answer {
    status: u16,
    head: String,
    body: String,
}

impl Answer {
    fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|_| panic!("no JSON came: {self:?}"))
    }
}

struct Door {
    at: SocketAddr,
    desk: Arc<FakeDesk>,
}

impl Door {
    async fn open() -> Door {
        let listener = smartguard::doors::open("127.0.0.1:0".parse().expect("an address")).await.expect("a port");
        let at = listener.local_addr().expect("its address");
        let desk = Arc::new(FakeDesk::default());
        let served: Arc<dyn smartguard::desk::Desk> = desk.clone();
        tokio::spawn(smartguard::doors::serve(listener, served, std::future::pending()));
        Door { at, desk }
    }

    /// One request on a connection of its own, written byte by byte as given.
    async fn raw(&self, head: &str, body: &[u8]) -> Answer {
        let mut stream = TcpStream::connect(self.at).await.expect("a connection");
        let host = if head.contains("\r\nhost:") { String::new() } else { format!("host: {}\r\n", self.at) };
        let head = format!("{head}\r\n{host}content-length: {}\r\nconnection: close\r\n\r\n", body.len());
        stream.write_all(head.as_bytes()).await.expect("the head is taken");
        stream.write_all(body).await.expect("the body is taken");
        let mut bytes = Vec::new();
        stream.read_to_end(&mut bytes).await.expect("an answer");
        let text = String::from_utf8(bytes).expect("text");
        let (head, body) = text.split_once("\r\n\r\n").expect("a head");
        let status = head.split(' ').nth(1).and_then(|code| code.parse().ok()).expect("a status");
        Answer { status, head: head.to_ascii_lowercase(), body: body.to_owned() }
    }

    async fn get(&self, path: &str) -> Answer {
        self.raw(&format!("GET {path} HTTP/1.1"), b"").await
    }

    async fn post(&self, path: &str, media_type: &str, body: impl AsRef<[u8]>) -> Answer {
        self.raw(&format!("POST {path} HTTP/1.1\r\ncontent-type: {media_type}"), body.as_ref()).await
    }

    async fn post_json(&self, path: &str, body: Value) -> Answer {
        self.post(path, "application/json", body.to_string()).await
    }

    /// Checks that an answer is the problem document with this status and code, and says all of `parts`.
    #[track_caller]
    fn check(answer: &Answer, status: u16, code: &str, parts: &[&str]) {
        assert_eq!(answer.status, status, "{answer:?}");
        assert!(answer.head.contains("content-type: application/problem+json"), "{answer:?}");
        let problem = answer.json();
        assert_eq!(problem["code"], code, "{problem}");
        let id = problem["request_id"].as_str().expect("a request id");
        assert!(answer.head.contains(&format!("x-request-id: {id}")), "{answer:?}");
        for part in parts {
            assert!(answer.body.contains(part), "{part:?} is not said: {problem}");
        }
    }
}

const ASK: &str = "to=%2B12125550143&call_id=c1&user=anna";

#[tokio::test]
async fn an_ask_is_understood_in_every_form() {
    let door = Door::open().await;
    let json =
        json!({ "to": "+12125550143", "call_id": "c1", "user": "anna", "attempt": 2, "callee_carrier": "T-Mobile" });
    let answers = [
        door.post_json("/v1/caller-id", json.clone()).await,
        door.post("/v1/caller-id", "application/x-www-form-urlencoded", ASK).await,
        door.post("/v1/caller-id", "application/x-www-form-urlencoded", json.to_string()).await,
        door.get(&format!("/v1/caller-id?{ASK}")).await,
        // A plus sign that nobody escaped.
        door.get("/v1/caller-id?to=+12125550143&call_id=c1&user=anna").await,
        door.get("/v1/caller-id?to=%2012125550143&call_id=c1&user=anna").await,
        door.post_json("/v1/caller-id", json!({ "to": " 12125550143", "call_id": "c1", "user": "anna" })).await,
        door.post_json("/v1/caller-id", json!({ "to": 12125550143u64, "call_id": "c1", "user": "anna" })).await,
    ];
    for answer in &answers {
        assert_eq!(answer.status, 200, "{answer:?}");
        assert!(answer.head.contains("cache-control: no-store"), "{answer:?}");
        let said = answer.json();
        assert_eq!(said["decision"], "use");
        assert_eq!(said["caller_id"], "+12125550100");
        assert_eq!(said["valid_until"], "1970-01-01T00:01:00Z");
    }
    let asks = door.desk.asks.lock().expect("no test died").clone();
    assert_eq!(asks.len(), answers.len());
    for ask in &asks {
        assert_eq!((ask.to.to_string().as_str(), ask.user.as_deref()), ("+12125550143", Some("anna")));
    }
    assert_eq!(asks[0].attempt, Some(2));
    assert_eq!(asks[0].callee_carrier, Some(numbers::carrier::Carrier::Tmobile));
    // A number of another country keeps its digits although a query ate its plus sign.
    door.get("/v1/caller-id?to=+6561234567&call_id=c1&user=anna").await;
    let last = door.desk.asks.lock().expect("no test died").last().cloned().expect("an ask");
    assert_eq!(last.to.to_string(), "+6561234567");
}

#[tokio::test]
async fn a_dialplan_gets_the_number_or_hold_or_nothing() {
    let door = Door::open().await;
    let number = door.get(&format!("/v1/caller-id?format=text&{ASK}")).await;
    assert_eq!((number.status, number.body.as_str()), (200, "+12125550100"));
    let by_header = door.raw(&format!("GET /v1/caller-id?{ASK} HTTP/1.1\r\naccept: text/plain"), b"").await;
    assert_eq!(by_header.body, "+12125550100");
    let hold = door.get("/v1/caller-id?format=text&to=12125550143&call_id=c&user=holds").await;
    assert_eq!((hold.status, hold.body.as_str()), (200, "HOLD"));
    let unknown = "/v1/caller-id?format=text&to=12125550143&call_id=c&user=nobody";
    for (answer, status) in [
        (door.get(unknown).await, 403),
        (door.get("/v1/caller-id?format=text&to=12&call_id=c&user=anna").await, 422),
        (door.post("/v1/caller-id?format=text", "application/json", "{\"to\":").await, 400),
        (door.post("/v1/caller-id", "application/x-www-form-urlencoded", "format=text&to=1").await, 422),
        (door.raw("DELETE /v1/caller-id?format=text HTTP/1.1", b"").await, 405),
        (door.post("/v1/caller-id?format=text", "application/json", vec![b'x'; 1 << 20]).await, 413),
    ] {
        assert_eq!((answer.status, answer.body.as_str()), (status, ""), "{answer:?}");
    }
    let held = door.get("/v1/caller-id?to=12125550143&call_id=c&user=holds").await;
    let expected = json!({ "decision": "hold", "class": "capacity", "reason": "pool_empty", "retry_after_s": 30 });
    assert_eq!((held.status, held.json()), (200, expected));
}

#[tokio::test]
async fn bad_asks_are_refused_with_a_code_and_a_remedy() {
    let door = Door::open().await;
    for (query, code, part) in [
        ("call_id=c&user=anna", "missing_field", "`to`"),
        ("to=%2B12125550143&user=anna", "missing_field", "`call_id`"),
        ("to=%2B12125550143&call_id=c", "missing_field", "`campaign`"),
        ("to=212555&call_id=c&user=anna", "bad_number", "only 6 digits"),
        ("to=1.2125E%2B10&call_id=c&user=anna", "bad_number", "spreadsheet"),
        ("to=sip:bob&call_id=c&user=anna", "bad_number", "'s'"),
    ] {
        Door::check(&door.get(&format!("/v1/caller-id?{query}")).await, 422, code, &[part]);
    }
    Door::check(
        &door.get("/v1/caller-id?to=12125550143&call_id=c&user=nobody").await,
        403,
        "unknown_user",
        &["user add"],
    );
    Door::check(
        &door.post("/v1/caller-id", "application/json", "{\"to\": \"+1").await,
        400,
        "broken_json",
        &["too early"],
    );
    Door::check(&door.post("/v1/caller-id", "application/json", "[1").await, 400, "broken_json", &[]);
    Door::check(&door.post_json("/v1/caller-id", json!([])).await, 422, "one_call_only", &[]);
    Door::check(&door.post("/v1/caller-id", "text/plain", "hello").await, 400, "unreadable_body", &[]);
    Door::check(
        &door.post("/v1/caller-id", "application/json", vec![0xfe; 1 << 20]).await,
        413,
        "body_too_large",
        &["65536"],
    );
    Door::check(
        &door.post("/v1/outcomes", "application/x-ndjson", vec![b'{'; 1 << 20]).await,
        413,
        "body_too_large",
        &[],
    );
    Door::check(&door.post("/v1/users", "application/json", vec![0xfe; 1 << 20]).await, 400, "broken_json", &[]);
    let busy = door.get("/v1/caller-id?to=12125550143&call_id=c&user=busy").await;
    Door::check(&busy, 503, "catching_up", &[]);
    assert!(busy.head.contains("retry-after: 7"), "{busy:?}");
}

#[tokio::test]
async fn hot_doors_ignore_and_count_what_they_do_not_know() {
    let door = Door::open().await;
    let ask = json!({ "to": "+12125550143", "call_id": "c", "user": "anna", "colour": "red", "more": { "a": [1] } });
    assert_eq!(door.post_json("/v1/caller-id", ask).await.status, 200);
    let outcome = "call_id=c&sip_code=abc&q850=16&agent=7&to=anonymous";
    assert_eq!(door.get(&format!("/v1/outcomes?{outcome}")).await.status, 200);
    let metrics = door.get("/metrics").await.body;
    for line in ["desk_says 1", "smartguard_http_fields_ignored_total 3", "smartguard_http_fields_unreadable_total 2"] {
        assert!(metrics.lines().any(|said| said == line), "{line:?} is not in:\n{metrics}");
    }
}

#[tokio::test]
async fn outcomes_come_single_as_a_list_and_as_lines() {
    let door = Door::open().await;
    let one = json!({
        "decision_id": "d1", "sip_code": "603+", "sip_reason": "Network Blocked", "q850": 21, "duration": 12.7,
        "ended_at": "2026-03-01T15:04:05Z", "from": "+12125550100", "not_placed": "no"
    });
    let single = door.post_json("/v1/outcomes", one.clone()).await;
    assert_eq!(single.json(), json!({ "matched": "joined", "outcome": "no_answer", "decision_id": "d1" }));
    let list =
        door.post_json("/v1/outcomes", json!([one, { "call_id": "x" }, { "call_id": "c", "q850": 17 }, 5])).await;
    let said = list.json();
    assert_eq!(list.status, 200);
    assert_eq!((said["receipts"][0]["row"].clone(), said["receipts"][1]["row"].clone()), (json!(1), json!(3)));
    assert_eq!(said["receipts"][1]["matched"], "orphan");
    assert_eq!((said["refused"][0]["row"].clone(), said["refused"][1]["row"].clone()), (json!(2), json!(4)));
    let lines = "{\"call_id\":\"a\",\"not_placed\":1}\r\n\n{\"call_id\":\"b\",\"dialstatus\":\"BUSY\"}\n{\"call";
    let said = door.post("/v1/outcomes", "application/x-ndjson", lines).await.json();
    assert_eq!(said["receipts"].as_array().map(Vec::len), Some(2), "{said}");
    assert_eq!(said["refused"][0]["row"], 3, "{said}");
    let text = door.get("/v1/outcomes?format=text&call_id=c&dialstatus=ANSWER&ended_at=1709251200").await;
    assert_eq!(text.body, "OK");
    let empty = door.post_json("/v1/outcomes", json!([])).await;
    assert_eq!(empty.json(), json!({ "receipts": [], "refused": [] }));
    let reports = door.desk.reports.lock().expect("no test died").clone();
    assert_eq!((reports[0].sip_code, reports[0].q850, reports[0].duration), (Some(603), Some(21), Some(12)));
    assert!(reports[3].not_placed && !reports[0].not_placed);
    assert_eq!(reports.last().and_then(|report| report.ended_at).map(|at| at.seconds()), Some(1_709_251_200));
    Door::check(&door.get("/v1/outcomes?sip_code=200").await, 422, "outcome_names_no_call", &["decision_id"]);
    Door::check(&door.get("/v1/outcomes?call_id=c").await, 422, "outcome_tells_nothing", &["dialstatus"]);
    Door::check(&door.post_json("/v1/outcomes", json!([{ "call_id": "c" }])).await, 422, "no_outcome_taken", &[]);
}

#[tokio::test]
async fn strict_doors_name_what_is_wrong() {
    let door = Door::open().await;
    let user = |body: &'static str| door.post("/v1/users", "application/json", body);
    Door::check(&user("{\"nmae\":\"anna\"}").await, 422, "unknown_field", &["`nmae`", "did you mean `name`?"]);
    Door::check(&user("{\"name\":\"anna\",\"shoe\":1}").await, 422, "unknown_field", &["name, business, pool_size"]);
    Door::check(&user("{}").await, 422, "missing_field", &["`name`"]);
    Door::check(&user("{\"name\":\" \"}").await, 422, "missing_field", &["empty"]);
    Door::check(&user("{\"name\":\"a\",\"pool_size\":0}").await, 422, "bad_value", &["pool_size"]);
    Door::check(&user("{\"name\":\"a\",\"pool_size\":-1}").await, 422, "bad_value", &["line 1"]);
    Door::check(&user("{\"name\":").await, 400, "broken_json", &["too early"]);
    Door::check(&door.post("/v1/users", "text/plain", "{\"name\":\"a\"}").await, 415, "not_json", &[]);
    Door::check(&door.get("/v1/users?nmae=1").await, 422, "unknown_field", &["the query"]);
    Door::check(&door.get("/v1/numbers?life=activ").await, 422, "bad_value", &["did you mean `active`?"]);
    Door::check(&door.get("/v1/numbers?limit=0").await, 422, "bad_value", &["1 to 1000"]);
    Door::check(&door.get("/v1/numbers/12").await, 422, "bad_number", &[]);
    Door::check(&door.get("/v1/numbers/+12125550199").await, 404, "no_such_number", &[]);
    Door::check(&door.get("/v1/cases/x").await, 404, "no_such_id", &[]);
    Door::check(&door.get("/v1/nothing").await, 404, "no_such_path", &["/v1/nothing"]);
    Door::check(&door.raw("DELETE /v1/users HTTP/1.1", b"").await, 405, "no_such_method", &["DELETE"]);
    Door::check(&door.post_json("/v1/export", json!({ "to": "here" })).await, 422, "relative_path", &[]);
    let reports = "/v1/numbers/+12125550143/reports";
    Door::check(&door.post_json(reports, json!({ "by": "ann" })).await, 422, "label_or_clear", &[]);
    let both = json!({ "by": "ann", "label": "Spam", "clear": true });
    Door::check(&door.post_json(reports, both).await, 422, "label_or_clear", &[]);
    let carrier = json!({ "by": "ann", "label": "Spam", "carrier": "verison" });
    Door::check(&door.post_json(reports, carrier).await, 422, "bad_value", &["did you mean `verizon`?"]);
}

#[tokio::test]
async fn a_foreign_web_page_cannot_ask() {
    let door = Door::open().await;
    for line in ["host: evil.example", "origin: http://evil.example", "origin: null"] {
        let answer = door.raw(&format!("GET /v1/status HTTP/1.1\r\n{line}"), b"").await;
        Door::check(&answer, 403, "foreign_origin", &[]);
    }
    for line in ["host: localhost:8787", "host: [::1]:80", "origin: http://127.0.0.1:8787"] {
        assert_eq!(door.raw(&format!("GET /healthz HTTP/1.1\r\n{line}"), b"").await.status, 200, "{line}");
    }
}

#[tokio::test]
async fn numbers_are_imported_as_csv_and_as_json() {
    let door = Door::open().await;
    let mut csv = String::from("number,service,right\n");
    for index in 0..1200 {
        csv.push_str(&format!("+1212555{index:04},new,provider:twilio\n"));
    }
    csv.push_str("+12125550000,new,\n1.2125E+10,new,\n");
    let report = door.post("/v1/numbers?business=acme&by=ann", "text/csv; charset=utf-8", csv).await.json();
    assert_eq!((report["added"].clone(), report["already_held"].clone()), (json!(1200), json!(1)), "{report}");
    assert_eq!(report["refused"][0]["row"], 1203, "{report}");
    assert_eq!(*door.desk.slices.lock().expect("no test died"), [500, 500, 200]);
    let rows = json!([{ "number": "212 555 0143", "service": "in_service", "since": "2024-03-01" }, { "number": "7", "service": "new" }]);
    let body = json!({ "business": "acme", "by": "ann", "numbers": rows });
    let report = door.post_json("/v1/numbers", body).await.json();
    assert_eq!((report["added"].clone(), report["refused"][0]["row"].clone()), (json!(1), json!(2)), "{report}");
    let silent = door.post("/v1/numbers?business=acme&by=ann", "text/csv", "number\n+12125550143\n").await;
    Door::check(&silent, 422, "service_column_missing", &["in_service"]);
    let said = door.post("/v1/numbers?business=acme&by=ann&service=new", "text/csv", "number\n+12125550143\n").await;
    assert_eq!(said.json()["added"], 1);
    let garbage = door.post("/v1/numbers?business=acme&by=ann", "text/csv", vec![0xfe; 1 << 20]).await;
    Door::check(&garbage, 422, "not_text", &["CSV UTF-8"]);
}

#[tokio::test]
async fn the_rest_reaches_the_desk() {
    let door = Door::open().await;
    assert_eq!(door.get("/healthz").await.json(), json!({ "alive": true }));
    Door::check(&door.get("/readyz").await, 503, "catching_up", &[]);
    let user = door.post_json("/v1/users", json!({ "name": "anna", "business": "acme" })).await;
    assert_eq!((user.status, user.json()["kind"].clone()), (201, json!("user")));
    assert_eq!(door.get("/v1/campaigns").await.json(), json!({ "campaigns": [] }));
    let file = door.get("/v1/tasks/7/files/numbers%20a.csv").await;
    assert_eq!(file.body, "task 7 numbers a.csv");
    assert!(file.head.contains("attachment; filename=\"numbers_a.csv\""), "{file:?}");
}

#[tokio::test]
async fn other_machines_are_not_listened_to() {
    let problem = smartguard::doors::open("0.0.0.0:0".parse().expect("an address")).await.expect_err("it is refused");
    assert!(problem.reason.contains("no keys"), "{problem}");
}
