//! Reports that join no call still say what a callee wants, when it can be told in whose name the call was made.

use serde_json::{Value, json};
use smartguard_tests::daemon::Daemon;

async fn add(daemon: &Daemon, business: &str, user: &str, area: u16) {
    let body = json!({
        "id": business, "legal_name": format!("{business} LLC"), "relation": "self", "website": "https://acme.example",
        "use_case": "Appointment reminders", "calls_per_month": 20000, "originating_providers": ["Twilio"],
        "address": {"line1": "1 Main St", "city": "Dayton", "state": "OH", "zip": "45402"},
        "contact": {"name": "Ann Smith", "email": "ann@acme.example", "phone": "+19375550100"},
    });
    daemon.must_post("/v1/businesses", &body).await;
    let numbers: Vec<Value> = (0..10)
        .map(|n| {
            let number = format!("+1{area}5552{n:03}");
            json!({ "number": number, "service": "in_service", "since": "2025-01-01", "right": "declared:Ann" })
        })
        .collect();
    daemon.must_post("/v1/numbers", &json!({ "business": business, "by": "Ann", "numbers": numbers })).await;
    daemon.must_post("/v1/users", &json!({ "name": user, "business": business })).await;
}

/// Which of the two users may still call.
async fn may_call(daemon: &Daemon, to: &str, round: &str) -> (bool, bool) {
    let mut may = [false, false];
    for (user, may) in ["ann", "bob"].into_iter().zip(&mut may) {
        let ask = json!({ "to": to, "call_id": format!("{round}-{user}-{to}"), "user": user });
        let answer = daemon.must_post("/v1/caller-id", &ask).await;
        *may = answer["decision"] == "use";
        assert!(*may || (answer["class"] == "callee_law" && answer["reason"] == "suppressed"), "{answer}");
    }
    (may[0], may[1])
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_orphans_complaint_is_kept_for_the_business_that_can_be_told() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::create_dir_all(folder.path().join("policies")).expect("a folder");
    let policy = "turn_gap = \"0s\"\nper_minute = 60\nper_hour = 60\nattempts_per_24h = 20\nattempts_per_30d = 20\n";
    std::fs::write(folder.path().join("policies/default.toml"), policy).expect("written");
    std::fs::write(folder.path().join("smartguard.toml"), "bundled = [\"fcr\"]\n").expect("written");
    let daemon = Daemon::start(folder.path());
    add(&daemon, "acme", "ann", 212).await;

    // One business alone: nobody else can have called.
    let report = json!({ "to": "+13125550101", "call_id": "unheard-of", "disposition": "DNC" });
    assert_eq!(daemon.must_post("/v1/outcomes", &report).await["matched"], "orphan");

    add(&daemon, "bolt", "bob", 646).await;
    let reports = [
        ("the number that was shown", json!({ "to": "+13125550102", "from": "+16465552003", "sip_code": 607 })),
        ("the seat that called", json!({ "to": "+13125550103", "user": "ann", "disposition": "DNC" })),
        ("nothing", json!({ "to": "+13125550104", "call_id": "unheard-of", "sip_code": 607 })),
        ("strangers", json!({ "to": "+13125550105", "from": "+19995550100", "user": "eve", "sip_code": 607 })),
        ("a refusal that is no complaint", json!({ "to": "+13125550106", "from": "+12125552003", "sip_code": 603 })),
    ];
    for (what, report) in &reports {
        let receipt = daemon.must_post("/v1/outcomes", report).await;
        assert_eq!(receipt["matched"], "orphan", "{what}: {receipt}");
    }
    let expected = [(false, true), (true, false), (false, true), (true, true), (true, true), (true, true)];
    for (n, expected) in expected.iter().enumerate() {
        let to = format!("+1312555010{}", n + 1);
        assert_eq!(may_call(&daemon, &to, "before").await, *expected, "{to}");
    }

    daemon.kill();
    let daemon = Daemon::start(folder.path());
    for (n, expected) in expected.iter().enumerate() {
        let to = format!("+1312555010{}", n + 1);
        assert_eq!(may_call(&daemon, &to, "after").await, *expected, "{to} after a restart");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_call_that_nobody_asked_for_is_an_attempt_like_any_other() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::create_dir_all(folder.path().join("policies")).expect("a folder");
    let policy = "turn_gap = \"0s\"\nper_minute = 60\nper_hour = 60\nattempts_per_24h = 20\nattempts_per_30d = 20\n";
    std::fs::write(folder.path().join("policies/default.toml"), policy).expect("written");
    std::fs::write(folder.path().join("smartguard.toml"), "bundled = [\"fcr\"]\n").expect("written");
    let daemon = Daemon::start(folder.path());
    add(&daemon, "acme", "ann", 212).await;
    let to = "+13125550101";
    let reports = [
        json!({ "to": to, "call_id": "manual-1", "dialstatus": "NOANSWER", "dial_time": 25 }),
        // The carrier tells of the same call.
        json!({ "to": to, "call_id": "manual-1", "sip_code": 480 }),
        json!({ "to": to, "call_id": "manual-2", "disposition": "SALE", "duration": 95 }),
        json!({ "to": to, "call_id": "manual-3", "not_placed": true }),
        json!({ "to": "+13125550102", "call_id": "manual-2", "dialstatus": "BUSY" }),
    ];
    for report in &reports {
        assert_eq!(daemon.must_post("/v1/outcomes", report).await["matched"], "orphan");
    }
    let ask = |to: &str, id: &str| json!({ "to": to, "call_id": id, "user": "ann" });
    // Two of the twenty were made by hand, and this is the third.
    let answer = daemon.must_post("/v1/caller-id", &ask(to, "first")).await;
    assert_eq!(answer["attempts_left"], 17, "{answer}");
    let answer = daemon.must_post("/v1/caller-id", &ask("+13125550102", "other")).await;
    assert_eq!(answer["attempts_left"], 18, "{answer}");

    daemon.kill();
    let daemon = Daemon::start(folder.path());
    let again = json!({ "to": to, "call_id": "manual-2", "duration": 95 });
    assert_eq!(daemon.must_post("/v1/outcomes", &again).await["matched"], "orphan");
    let answer = daemon.must_post("/v1/caller-id", &ask(to, "second")).await;
    assert_eq!(answer["attempts_left"], 16, "what was reported is remembered, and counted once: {answer}");
}
