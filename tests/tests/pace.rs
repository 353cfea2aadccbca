//! More numbers than an agency may be asked about in a minute: they wait for their turn, and each has one.

use serde_json::Value;
use smartguard_tests::agency::{self, Nomorobo};
use smartguard_tests::daemon::Daemon;
use smartguard_tests::floor::{POLICY, business, import, list, prepare, sheet, text};

/// The manifest of Nomorobo lets it be asked sixty times in any minute.
const NUMBERS: u32 = 90;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_number_is_asked_about_once_at_the_adapters_own_rate() {
    if std::env::var_os("SMARTGUARD_LONG").is_none() {
        println!("left out: it takes a minute, because the rate is held over any minute; `cargo xtask long` runs it");
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    let (nomorobo, address) = Nomorobo::start().await;
    // Nothing is asked about twice within this test.
    let policy = POLICY.replace("check_every = \"20s\"", "check_every = \"1h\"");
    let policy = policy.replace("check_every_urgent = \"8s\"", "check_every_urgent = \"1h\"");
    prepare(folder.path(), address, agency::ftc().await, &policy);
    let daemon = Daemon::start(folder.path());
    daemon.must_post("/v1/businesses", &business("acme", "self")).await;
    import(&daemon, "acme", sheet(212, NUMBERS, |_| true)).await;
    let is_known = |number: &Value| {
        let standings = list(number, "standings");
        standings.iter().any(|standing| standing["source"] == "nomorobo" && standing["status"] == "unflagged")
    };
    daemon.wait_for("/v1/numbers?limit=1000", 100, |page| list(page, "numbers").iter().all(is_known)).await;
    let page = daemon.get("/v1/numbers?limit=1000").await;
    for number in list(&page, "numbers") {
        assert_eq!(nomorobo.told(text(number, "number")).len(), 1, "{number}");
    }
}
