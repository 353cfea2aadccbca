//! A dialer plans: whom it may call is told without consuming anything, and calls that are left run out as calls are made.

use serde_json::{Value, json};
use smartguard_tests::command::smartguard;
use smartguard_tests::daemon::Daemon;
use smartguard_tests::floor::{NOWHERE, business, import, list, prepare, share_compiled_adapters, sheet, text};
use std::time::SystemTime;

const POLICY: &str = "per_day_soft = 4\nper_day_hard = 5\nper_hour = 5\nper_minute = 5\nramp_per_day = []\nturn_gap = \"0s\"\nladder = [\"hard_cap\"]\nattempts_per_24h = 2\n";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_told_before_is_what_comes() {
    let folder = tempfile::tempdir().expect("a folder");
    // In the hour before a day begins, the calls of the next one are among those of the next hour.
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).expect("a clock").as_secs();
    let day_starts_at = (since + 12 * 60 * 60) % (24 * 60 * 60);
    prepare(folder.path(), NOWHERE, NOWHERE, &format!("{POLICY}day_starts_at = {day_starts_at}\n"));
    share_compiled_adapters(folder.path());
    let daemon = Daemon::start(folder.path());
    daemon.must_post("/v1/businesses", &business("acme", "self")).await;
    import(&daemon, "acme", sheet(212, 20, |_| true)).await;
    daemon.must_post("/v1/users", &json!({ "name": "ann", "business": "acme", "pool_size": 2 })).await;
    daemon.must_post("/v1/users", &json!({ "name": "bob", "business": "acme", "pool_size": 3 })).await;

    let left = async |query: &str| daemon.get(&format!("/v1/pacing?{query}")).await["calls_left"].clone();
    assert_eq!(left("user=ann").await, json!({ "next_hour": 10, "today": 10 }));
    assert_eq!(left("business=acme").await, json!({ "next_hour": 25, "today": 25 }));
    let paced = daemon.get("/v1/pacing?user=bob&dials=900").await;
    let advice = json!(["at 900 dials a day the 3 numbers of user bob are not enough; 181 would be"]);
    assert_eq!(paced["advice"], advice, "{paced}");

    let question =
        json!({ "user": "ann", "callees": [{ "to": "+16465550100" }, { "to": "+16465550101", "zip": "10001" }] });
    for _ in 0..5 {
        let told = daemon.must_post("/v1/preflight", &question).await;
        assert!(list(&told, "callees").iter().all(|callee| callee["callable"] == true), "{told}");
        assert_eq!(told["calls_left"]["today"], 10, "nothing is consumed: {told}");
    }
    for n in 0..2 {
        let ask = json!({ "user": "ann", "to": "+16465550100", "call_id": format!("a{n}") });
        assert_eq!(daemon.must_post("/v1/caller-id", &ask).await["decision"], "use");
    }
    let told = daemon.must_post("/v1/preflight", &question).await;
    let [spent, free] = list(&told, "callees") else { panic!("{told}") };
    assert_eq!((text(spent, "reason"), text(spent, "class")), ("attempts_spent", "callee_law"));
    assert!(text(spent, "from") > "2026", "{spent}");
    assert_eq!(free["callable"], true);
    assert_eq!(told["calls_left"]["today"], 8);

    let mut held = None;
    for n in 0..10 {
        let ask = json!({ "user": "ann", "to": format!("+1646555{:04}", 200 + n), "call_id": format!("b{n}") });
        let answer: Value = daemon.must_post("/v1/caller-id", &ask).await;
        if answer["decision"] == "hold" {
            held.get_or_insert(n);
        }
    }
    assert_eq!(held, Some(8), "as many as were left");
    assert_eq!(left("user=ann").await, json!({ "next_hour": 0, "today": 0 }));
    let (status, refused) = daemon.post("/v1/preflight", &json!({ "user": "eve", "callees": [] })).await;
    assert_eq!((status, text(&refused, "code")), (404, "unknown_owner"), "nobody is added by a question: {refused}");

    let server = ["--server", daemon.base.as_str()];
    let run = |words: &[&str]| smartguard(folder.path(), &[&server, words].concat()).ended(0);
    let said = run(&["preflight", "--user", "bob", "+16465550100", "+16465550300"]);
    assert!(said.out.contains("attempts_spent") && said.out.contains("yes"), "{said:?}");
    let said = run(&["pacing", "--business", "acme", "--dials", "900"]);
    assert!(said.out.contains("user ann") && said.out.contains("are not enough; 181 would be"), "{said:?}");
    assert!(said.out.contains("At most 15 more calls"), "ann has placed hers: {said:?}");
}
