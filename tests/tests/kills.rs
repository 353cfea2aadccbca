//! kill -9 at random moments under load: nothing acknowledged is lost, no cap is exceeded, and no filing is sent twice.
//!
//! Six kills, or sixty with `SMARTGUARD_LONG`. The seed is printed; `SMARTGUARD_SEED` throws the same dice again, which
//! gives the same moments as far as the machine allows.

use serde_json::{Value, json};
use smartguard_tests::daemon::{Daemon, binary, run};
use smartguard_tests::dice::Dice;
use smartguard_tests::filer::{self, Filer};
use smartguard_tests::floor::{self, NOWHERE, list, text};
use smartguard_tests::ledger::{Ledger, Look, Promise, all_cases, numbers};
use smartguard_tests::load::{Load, Plan};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

/// What a number may be shown for in a day and in a minute. Three crashes charge 24 of these.
const PER_DAY: usize = 160;
const PER_MINUTE: usize = 120;
/// Rounds in which the same users call; then others take over, because by then the charges have used up the caps.
const ROUNDS_OF_A_SHIFT: u32 = 3;
const USERS_OF_A_SHIFT: u32 = 4;
/// Adapters that are granted one by one while kills come.
const GRANTS: u32 = 8;

fn rounds() -> u32 {
    if std::env::var_os("SMARTGUARD_LONG").is_some() { 60 } else { 6 }
}

/// Caps that are reached, a day that does not end during the test, no number from outside a pool.
fn policy(durability: &str) -> String {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).expect("a clock").as_secs();
    let day_starts_at = (since + 12 * 60 * 60) % (24 * 60 * 60);
    let caps = [
        ("per_day_soft = 100000", format!("per_day_soft = {PER_DAY}")),
        ("per_day_hard = 100000", format!("per_day_hard = {PER_DAY}")),
        ("per_hour = 65000", format!("per_hour = {PER_DAY}")),
        ("per_minute = 65000", format!("per_minute = {PER_MINUTE}")),
        ("ramp_per_day = [1000, 2000]", "ramp_per_day = [100]".to_owned()),
    ];
    let policy = caps.iter().fold(floor::POLICY.to_owned(), |policy, (from, to)| {
        assert!(policy.contains(from), "{from}");
        policy.replace(from, to)
    });
    format!(
        "{policy}day_starts_at = {day_starts_at}\ndurability = \"{durability}\"\n\
         ladder = [\"relax_locality\", \"end_turn_early\", \"hard_cap\"]\n"
    )
}

fn shift(round: u32) -> Vec<String> {
    (0..USERS_OF_A_SHIFT).map(|user| format!("user{}-{user}", round / ROUNDS_OF_A_SHIFT)).collect()
}

fn grants_of(round: u32) -> Vec<String> {
    if round < GRANTS { vec![format!("idle_{round}")] } else { Vec::new() }
}

/// A folder with everything that the load needs, and a daemon in it that holds the first numbers.
async fn set_up(folder: &Path, origin: &str, durability: &str) -> Daemon {
    floor::prepare(folder, NOWHERE, NOWHERE, &policy(durability));
    floor::share_compiled_adapters(folder);
    let adapters = folder.join("adapters");
    let origins = filer::drop_in(&adapters, origin);
    let config = std::fs::read_to_string(folder.join("smartguard.toml")).expect("written before");
    std::fs::write(folder.join("smartguard.toml"), config + &origins).expect("written");
    for round in 0..rounds() {
        grants_of(round).iter().for_each(|id| filer::drop_in_idle(&adapters, id));
    }
    let daemon = Daemon::start(folder);
    daemon.must_post("/v1/businesses", &floor::business("acme", "self")).await;
    for adapter in [filer::ASKING, filer::BLIND] {
        daemon.must_post(&format!("/v1/adapters/{adapter}/grant"), &json!({ "by": "Ann" })).await;
    }
    let pools = rounds().div_ceil(ROUNDS_OF_A_SHIFT) * USERS_OF_A_SHIFT * 10;
    let report = floor::import(&daemon, "acme", floor::sheet(212, pools, |_| true)).await;
    assert_eq!(report["added"], pools, "{report}");
    for user in (0..rounds()).step_by(ROUNDS_OF_A_SHIFT as usize).flat_map(shift) {
        let user = daemon.must_post("/v1/users", &json!({ "name": user, "business": "acme" })).await;
        assert_eq!(list(&user, "pool").len(), 10, "{user}");
    }
    daemon
}

/// Every kill, and what was found after each.
async fn kills(durability: &str, promise: Promise) {
    let mut dice = Dice::thrown("kills");
    let folder = tempfile::tempdir().expect("a folder");
    let (filer, origin) = Filer::start(&mut dice).await;
    let mut daemon = set_up(folder.path(), &origin, durability).await;
    let ledger = Arc::new(Ledger::default());
    let mut seen = Vec::new();
    for round in 0..rounds() {
        let plan = Plan { round, owners: shift(round), grants: grants_of(round), label_every_ms: 60 };
        let load = Load::start(&daemon, &ledger, plan, &mut dice);
        let lived = dice.millis(100, 1500);
        tokio::time::sleep(lived).await;
        daemon.kill();
        load.over().await;
        if dice.one_in(4) {
            kill_while_it_starts(folder.path(), &mut dice);
        }
        daemon = Daemon::start(folder.path());
        let look = ledger.look(&daemon, Some(round), promise).await;
        println!("round {round}: killed after {lived:?}, {look:?}");
        check_charges(&daemon, &ledger).await;
        seen.push(look);
    }
    let look = ledger.look(&daemon, None, promise).await;
    ledger.check_caps(PER_DAY, PER_MINUTE);
    ledger.check_attempts(3);
    check_filings(&daemon, &filer).await;
    let total = |of: fn(&Look) -> usize| seen.iter().map(of).sum::<usize>();
    println!(
        "{} kills under {durability}: {} decisions acknowledged, {} of them gone, {} calls held; {} outcomes, {} cases, {} filings: none gone",
        seen.len(),
        look.decisions,
        total(|look| look.lost),
        look.holds,
        look.outcomes,
        ledger.cases().len(),
        filer.arrived().len(),
    );
    assert!(look.decisions > 100 && look.outcomes > 20 && !ledger.cases().is_empty(), "hardly any load: {look:?}");
    assert!(daemon.stop().success());
}

/// A daemon that is killed before it serves.
fn kill_while_it_starts(folder: &Path, dice: &mut Dice) {
    let mut child = run(binary(), folder, &[]).spawn().expect("the binary runs");
    std::thread::sleep(dice.millis(0, 150));
    child.kill().expect("killed");
    child.wait().expect("gone");
}

/// The daemon counts at least every acknowledged call of a number: it may have charged more, never less.
async fn check_charges(daemon: &Daemon, ledger: &Ledger) {
    let mut called: BTreeMap<String, u64> = BTreeMap::new();
    for used in ledger.uses() {
        *called.entry(used.number).or_default() += 1;
    }
    for number in numbers(daemon).await {
        let shown = number["shown_today"].as_u64().expect("a count");
        let called = called.get(text(&number, "number")).copied().unwrap_or_default();
        assert!(shown >= called, "{called} calls are charged as {shown}: {number}");
    }
}

/// Every dispute arrived once at most; where the adapter may ask, every one arrived; where it may not, a person is asked.
async fn check_filings(daemon: &Daemon, filer: &Filer) {
    let until = std::time::Instant::now() + Duration::from_secs(90);
    let unfinished = loop {
        let cases = all_cases(daemon).await;
        let unfinished: Vec<Value> = cases.into_values().filter(|case| !is_with_somebody(case)).collect();
        if unfinished.is_empty() || std::time::Instant::now() > until {
            break unfinished;
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    };
    assert!(unfinished.is_empty(), "{} cases got stuck, the first: {:#}", unfinished.len(), unfinished[0]);
    let arrived = filer.arrived();
    for (key, times) in &arrived {
        assert_eq!(*times, 1, "the filing {key} was sent {times} times");
    }
    let mut by_person = 0;
    for (id, case) in all_cases(daemon).await {
        let there = arrived.contains_key(&format!("case-{id}-1"));
        let person = !list(&case, "tasks").is_empty();
        by_person += usize::from(person);
        match text(&case, "agency") {
            "first_orion" => assert!(there && !person, "a filing that can be asked for is missing: {case:#}"),
            "hiya" => assert!(there || person, "nobody sees to this case: {case:#}"),
            other => panic!("nobody flagged anything at {other}: {case:#}"),
        }
    }
    println!("{} filings arrived once each, {by_person} are with a person", arrived.len());
}

/// The agency has the dispute, or a person has been asked to find out.
fn is_with_somebody(case: &Value) -> bool {
    ["submitted", "verifying"].contains(&text(case, "state")) || !list(case, "tasks").is_empty()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_kill_loses_nothing_acknowledged_and_exceeds_no_cap() {
    kills("lease", Promise::Lease).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_kill_loses_no_decision_where_every_answer_waits_for_the_disk() {
    kills("sync", Promise::Sync).await;
}

/// An idle daemon may be killed as often as anybody likes: only what it may have answered is charged.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_kill_charges_whoever_was_at_work_and_nobody_else() {
    let folder = tempfile::tempdir().expect("a folder");
    floor::prepare(folder.path(), NOWHERE, NOWHERE, &policy("lease"));
    floor::share_compiled_adapters(folder.path());
    let mut daemon = Daemon::start(folder.path());
    daemon.must_post("/v1/businesses", &floor::business("acme", "self")).await;
    floor::import(&daemon, "acme", floor::sheet(212, 20, |_| true)).await;
    for user in ["ann", "bob"] {
        daemon.must_post("/v1/users", &json!({ "name": user, "business": "acme" })).await;
    }
    let ask = json!({ "to": "+13125550100", "call_id": "c1", "user": "ann" });
    let shown = text(&daemon.must_post("/v1/caller-id", &ask).await, "caller_id").to_owned();
    let counted = async |daemon: &Daemon, user: &str| -> BTreeMap<String, u64> {
        let page = daemon.get(&format!("/v1/numbers?owner={user}")).await;
        let count =
            |number: &Value| (text(number, "number").to_owned(), number["shown_today"].as_u64().expect("a count"));
        list(&page, "numbers").iter().map(count).collect()
    };
    for kill in 0..3 {
        daemon.kill();
        daemon = Daemon::start(folder.path());
        let anns: BTreeMap<String, u64> = counted(&daemon, "ann").await;
        for (number, count) in &anns {
            assert_eq!(*count, 8 + u64::from(*number == shown), "after kill {kill}: {anns:?}");
        }
        let bobs: BTreeSet<u64> = counted(&daemon, "bob").await.into_values().collect();
        assert_eq!(bobs, BTreeSet::from([0]), "he has not called");
    }
    // After a clean stop nothing is missing, so the next kill has nothing to charge either.
    let ask = json!({ "to": "+13125550101", "call_id": "c2", "user": "bob" });
    daemon.must_post("/v1/caller-id", &ask).await;
    assert!(daemon.stop().success());
    daemon = Daemon::start(folder.path());
    daemon.kill();
    daemon = Daemon::start(folder.path());
    let bobs: u64 = counted(&daemon, "bob").await.into_values().sum();
    assert_eq!(bobs, 1, "his one call and nothing else");
}
