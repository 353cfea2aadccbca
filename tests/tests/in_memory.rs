//! A daemon that keeps nothing: it works like any other and says plainly what it is.

use serde_json::json;
use smartguard_tests::daemon::{Daemon, binary};

#[tokio::test]
async fn in_memory_it_works_and_keeps_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("smartguard.toml"), "bundled = [\"fcr\"]\n").expect("written");
    let start = || Daemon::try_start_as(binary(), folder.path(), &["--in-memory"]).expect("it starts");
    let daemon = start();
    let status = daemon.get("/v1/status").await;
    assert_eq!(status["durability"], "none");
    assert_eq!(status["data"], "in memory, gone when the daemon stops");
    let business = json!({
        "id": "acme", "legal_name": "Acme LLC", "relation": "self", "website": "https://acme.example",
        "use_case": "Appointment reminders", "calls_per_month": 20000, "originating_providers": ["Twilio"],
        "address": {"line1": "1 Main St", "city": "Dayton", "state": "OH", "zip": "45402"},
        "contact": {"name": "Ann Smith", "email": "ann@acme.example", "phone": "+19375550100"},
    });
    daemon.must_post("/v1/businesses", &business).await;
    assert_eq!(daemon.get("/v1/status").await["businesses"], 1);
    assert!(!folder.path().join("data/store").exists(), "no store is made on the disk");
    assert!(daemon.stop().success());
    let daemon = start();
    assert_eq!(daemon.get("/v1/status").await["businesses"], 0);
}
