//! The main job at its full size, on the real binary over real sockets: 600 numbers of three businesses, 51 pools,
//! 20,000 calls, and an agency that turns against 30 numbers while the calls go on, until all of them are back.

use serde_json::{Value, json};
use smartguard::desk::Stamp;
use smartguard_tests::agency::{self, Nomorobo};
use smartguard_tests::daemon::{Daemon, binary};
use smartguard_tests::floor::{business, import, let_nomorobo_ask_more, list, number_path, prepare, sheet, text};
use smartguard_tests::stream::{Call, Owner, Stream, nothing_was_dropped, print_latencies};
use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

/// Seconds where people have days. The rest and the first stage of the ramp are looked for below.
const POLICY: &str = r#"
per_day_soft = 100000
per_day_hard = 100000
per_hour = 65000
per_minute = 65000
turn_gap = "0s"
new_number_wait = "1s"
ramp_for = "1h"
ramp_per_day = [5000, 10000]
rest_for = "3s"
check_every = "10s"
check_every_urgent = "3s"
file_every = "1s"
"#;
const REST: Duration = Duration::from_secs(3);
const RAMP_FIRST: u64 = 5000;

struct Firm {
    id: &'static str,
    relation: &'static str,
    area: u16,
    users: usize,
    campaign: bool,
}

const FIRMS: [Firm; 3] = [
    Firm { id: "acme", relation: "self", area: 212, users: 17, campaign: true },
    Firm { id: "beta", relation: "self", area: 415, users: 17, campaign: false },
    Firm { id: "caller", relation: "client", area: 713, users: 16, campaign: false },
];
const NUMBERS_EACH: u32 = 200;
const BAD_EACH: usize = 10;
const POOL: usize = 10;
const CALLS: u64 = 20_000;
const CONNECTIONS: usize = 64;
/// Nobody waits so long unless something is stuck.
const PATIENCE_S: u64 = 100;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn flagged_numbers_heal_while_twenty_thousand_calls_go_on() {
    let folder = tempfile::tempdir().expect("a folder");
    let (nomorobo, address) = Nomorobo::start().await;
    prepare(folder.path(), address, agency::ftc().await, POLICY);
    println!("with {}", binary().display());
    let clock = Clock::start();
    let daemon = Daemon::start(folder.path());
    clock.says("the daemon serves");
    let_nomorobo_ask_more(&daemon, folder.path()).await;
    clock.says("nomorobo may ask more often");

    open_firms(&daemon).await;
    clock.says("600 numbers are imported");
    file_as_a_person(&daemon).await;
    clock.says("registrations are filed");
    the_client_is_not_filed(&daemon).await;
    daemon.wait_for("/v1/status", PATIENCE_S, |status| status["lives"] == json!({ "ready": 600 })).await;
    clock.says("every number is ready");
    let owners = hire(&daemon).await;
    let pools_before = pools(&daemon).await;
    clock.says("51 pools are filled");

    let stream = Stream::start(&daemon, &owners, CONNECTIONS);
    stream.reach(CALLS / 2).await;
    let bad = some_of_each(&pools_before);
    assert_eq!(bad.len(), FIRMS.len() * BAD_EACH);
    nomorobo.block(bad.iter().cloned());
    clock.says("the agency turns against 30 numbers");
    let held = "/v1/numbers?life=remediating&limit=1000";
    let page = daemon.wait_for(held, PATIENCE_S, |page| list(page, "numbers").len() >= bad.len()).await;
    let found_at = Instant::now();
    clock.says("all of them are found");
    each_is_out_and_rests(&page, &bad);
    let cases = each_has_its_case_and_packet(&daemon, &nomorobo, &bad).await;
    clock.says("cases and packets are there");
    let pools_after = pools(&daemon).await;
    let joined = replacements(&pools_before, &pools_after, &bad);

    stream.reach((stream.count() + CALLS / 4).max(CALLS)).await;
    clock.says("20,000 calls are over, and they go on");
    let cleared_at = Instant::now();
    nomorobo.block([]);
    each_comes_back(&daemon, &cases).await;
    clock.says("all are back, through rest and ramp");
    let calls = stream.stop().await;
    clock.says("the calls are over");

    assert!(calls.len() as u64 >= CALLS);
    for call in &calls {
        let flagged = bad.contains(&call.number) && call.asked_at > found_at && call.asked_at < cleared_at;
        assert!(!flagged, "a flagged number is never shown: {call:?}");
    }
    for (owner, number) in &joined {
        let serves = calls.iter().any(|call| owner_name(&owners[call.owner]) == owner && call.number == *number);
        assert!(serves, "{number} serves {owner} in the place of one that left");
    }
    callees_meet_the_same_number_again(&calls, &bad);
    nothing_was_dropped(&daemon, &calls).await;
    they_serve_again(&daemon, &bad).await;
    println!("{} checks were answered", nomorobo.asked());
    print_latencies("asks", calls.iter().map(|call| call.answered_after));
    print_latencies("reports", calls.iter().map(|call| call.reported_after));
    assert!(daemon.stop().success());
}

/// Says what took how long, as a figure and not as a test.
struct Clock(Instant);

impl Clock {
    fn start() -> Clock {
        Clock(Instant::now())
    }

    fn says(&self, what: &str) {
        println!("{:6.2} s  {what}", self.0.elapsed().as_secs_f32());
    }
}

/// Half of the numbers in service, half of them new.
async fn open_firms(daemon: &Daemon) {
    for firm in &FIRMS {
        daemon.must_post("/v1/businesses", &business(firm.id, firm.relation)).await;
        let report = import(daemon, firm.id, sheet(firm.area, NUMBERS_EACH, |n| n % 2 == 0)).await;
        assert_eq!(report["added"], NUMBERS_EACH, "{report}");
    }
    let status = daemon.get("/v1/status").await;
    assert_eq!(status["numbers"], 600, "{status}");
    assert_eq!(status["lives"]["quarantined"], 300, "no new number serves before it is screened and filed: {status}");
}

/// Does what the packets of the Free Caller Registry ask a person to do, until both businesses' numbers are filed there.
async fn file_as_a_person(daemon: &Daemon) {
    let mut filed: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let until = Instant::now() + Duration::from_secs(PATIENCE_S);
    while filed.values().map(BTreeSet::len).sum::<usize>() < 2 * NUMBERS_EACH as usize {
        assert!(Instant::now() < until, "not every number is brought to be filed: {filed:#?}");
        let tasks = daemon.get("/v1/tasks").await;
        for task in list(&tasks, "tasks").iter().filter(|task| task["adapter"] == "fcr" && task["kind"] == "register") {
            let path = format!("/v1/tasks/{}", task["id"]);
            let task = daemon.get(&path).await;
            let business = text(&task, "business");
            let numbers = list(&task, "numbers").iter().map(|number| number.as_str().expect("a number"));
            let fields = list(&task["packet"], "fields");
            let company = fields.iter().find(|field| field["id"] == "enterprise_company_name").expect("the company");
            assert_eq!(company["value"], format!("{business} LLC"), "{task}");
            let file = daemon.client.get(daemon.url(&format!("{path}/files/fcr-numbers.txt"))).send().await;
            let file = file.expect("an answer").text().await.expect("the file");
            for number in numbers {
                assert!(file.lines().any(|line| line == &number[2..]), "{number} is in the file: {file}");
                let new = filed.entry(business.to_owned()).or_default().insert(number.to_owned());
                assert!(new, "{number} is filed once");
            }
            daemon.must_post(&format!("{path}/done"), &json!({ "by": "Ann", "note": "feedback 4711" })).await;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(filed.keys().collect::<Vec<_>>(), ["acme", "beta"]);
}

/// Only the business that uses the numbers may file at the Free Caller Registry, so a client's numbers are not filed there.
async fn the_client_is_not_filed(daemon: &Daemon) {
    let registrations = |number: &Value| {
        let registrations = list(number, "registrations");
        registrations.iter().find(|registration| registration["adapter"] == "fcr").cloned().unwrap_or_default()
    };
    let is_told = |number: &Value| registrations(number)["state"] == "unsupported";
    let page = daemon
        .wait_for("/v1/numbers?business=caller&limit=1000", PATIENCE_S, |page| {
            list(page, "numbers").iter().all(is_told)
        })
        .await;
    for number in list(&page, "numbers") {
        let registration = registrations(number);
        assert!(text(&registration, "reason").contains("relation = client"), "{registration}");
    }
}

/// Adds fifty users and a campaign, each with its pool.
async fn hire(daemon: &Daemon) -> Vec<Owner> {
    let mut owners = Vec::new();
    for firm in &FIRMS {
        for n in 0..firm.users {
            let name = format!("{}-{n}", firm.id);
            daemon.must_post("/v1/users", &json!({ "name": name, "business": firm.id })).await;
            owners.push(Owner::User(name));
        }
        if firm.campaign {
            let name = format!("{}-predictive", firm.id);
            daemon.must_post("/v1/campaigns", &json!({ "name": name, "business": firm.id })).await;
            owners.push(Owner::Campaign(name));
        }
    }
    assert_eq!(owners.len(), 51);
    owners
}

fn owner_name(owner: &Owner) -> &str {
    match owner {
        Owner::User(name) | Owner::Campaign(name) => name,
    }
}

/// The numbers of each owner.
async fn pools(daemon: &Daemon) -> BTreeMap<String, BTreeSet<String>> {
    let (users, campaigns) = (daemon.get("/v1/users").await, daemon.get("/v1/campaigns").await);
    let owners = list(&users, "users").iter().chain(list(&campaigns, "campaigns"));
    owners
        .map(|owner| {
            let pool: BTreeSet<String> =
                list(owner, "pool").iter().map(|number| text(number, "number").to_owned()).collect();
            assert_eq!(pool.len(), POOL, "every pool is full: {owner}");
            (text(owner, "name").to_owned(), pool)
        })
        .collect()
}

/// One number out of each of ten pools of each business, the campaign's among them.
fn some_of_each(pools: &BTreeMap<String, BTreeSet<String>>) -> BTreeSet<String> {
    let of_firm = |firm: &'static Firm| {
        let pools = pools.iter().filter(|(owner, _)| owner.starts_with(firm.id));
        // The last of acme is the campaign.
        pools.rev().take(BAD_EACH).map(|(_, pool)| pool.iter().nth(POOL / 2).expect("a full pool").clone())
    };
    FIRMS.iter().flat_map(of_firm).collect()
}

fn each_is_out_and_rests(page: &Value, bad: &BTreeSet<String>) {
    let found: BTreeSet<String> =
        list(page, "numbers").iter().map(|number| text(number, "number").to_owned()).collect();
    assert_eq!(found, *bad, "those and no others");
    for number in list(page, "numbers") {
        assert_eq!(number["place"], "aside", "every carrier is concerned, so it left its pool: {number}");
        for carrier in list(number, "carriers") {
            assert_eq!(carrier["status"], "flagged", "{number}");
        }
    }
}

/// The case of each number, once the packet of each is ready.
async fn each_has_its_case_and_packet(
    daemon: &Daemon,
    nomorobo: &Nomorobo,
    bad: &BTreeSet<String>,
) -> BTreeMap<String, u64> {
    let mut cases = BTreeMap::new();
    for number in bad {
        let path = format!("/v1/cases?number={}", number.replace('+', "%2B"));
        let page = daemon
            .wait_for(&path, PATIENCE_S, |page| list(page, "cases").iter().any(|case| case["tasks"][0].is_u64()))
            .await;
        assert_eq!(list(&page, "cases").len(), 1, "{page}");
        let case = &page["cases"][0];
        assert_eq!(case["number"], number.as_str());
        assert_eq!(case["agency"], "nomorobo");
        assert_eq!(case["label"], "Robocall, blocked", "{case}");

        let told: Vec<_> = nomorobo.told(number).into_iter().filter(|told| told.bad).collect();
        let moments =
            told.iter().map(|told| told.at.duration_since(std::time::UNIX_EPOCH).expect("a time").as_millis());
        let opened_at = u128::from(Stamp::parse(text(case, "opened_at")).expect("a time").0.0);
        let before = moments.filter(|at| *at <= opened_at).count();
        assert_eq!(before, 1, "it was found by the first check that could find it: {case} {told:?}");

        let task = daemon.get(&format!("/v1/tasks/{}", case["tasks"][0])).await;
        assert_eq!(task["kind"], "dispute", "{task}");
        assert_eq!(task["case"], case["id"], "{task}");
        assert_eq!(task["numbers"], json!([number]), "{task}");
        let letter = &task["packet"]["email"];
        assert!(text(letter, "subject").contains(number), "{letter}");
        let firm = FIRMS.iter().find(|firm| case["business"] == firm.id).expect("its business");
        for said in [number.as_str(), &format!("{} LLC", firm.id), "Appointment reminders", "Robocall, blocked"] {
            assert!(text(letter, "body").contains(said), "the letter says {said:?}: {letter}");
        }
        let on_behalf = text(letter, "body").contains("by a call centre on its behalf");
        assert_eq!(on_behalf, firm.relation == "client", "{letter}");
        cases.insert(number.clone(), case["id"].as_u64().expect("an id"));
    }
    cases
}

/// Who joined which pool where a flagged number left it: as many as left, of the same area code.
fn replacements(
    before: &BTreeMap<String, BTreeSet<String>>,
    after: &BTreeMap<String, BTreeSet<String>>,
    bad: &BTreeSet<String>,
) -> Vec<(String, String)> {
    let mut joined = Vec::new();
    for (owner, pool) in after {
        let left: BTreeSet<_> = before[owner].difference(pool).cloned().collect();
        let expected: BTreeSet<_> = before[owner].intersection(bad).cloned().collect();
        assert_eq!(left, expected, "flagged numbers leave {owner}, and no others");
        for number in pool.difference(&before[owner]) {
            let area = left.first().map(|number| &number[..5]);
            assert_eq!(Some(&number[..5]), area, "{owner} gets a number of the same area");
            joined.push((owner.clone(), number.clone()));
        }
    }
    assert_eq!(joined.len(), bad.len());
    joined
}

/// Its case is cleared, then it rests, and then it begins anew with few calls.
async fn each_comes_back(daemon: &Daemon, cases: &BTreeMap<String, u64>) {
    let moment = |view: &Value, field: &str| Stamp::parse(text(view, field)).expect("a time").0;
    for (number, case) in cases {
        let number = daemon
            .wait_for(&number_path(number), PATIENCE_S, |number| {
                number["life"] == "ready" || number["life"] == "active"
            })
            .await;
        let case = daemon.get(&format!("/v1/cases/{case}")).await;
        assert_eq!(case["state"], "cleared", "{case}");
        assert_eq!(case["tasks"], json!([]), "nobody is asked to dispute it any more: {case}");
        let rested = moment(&number, "life_since").since(moment(&case, "closed_at"));
        assert!(rested >= REST, "it rested {rested:?}: {number} {case}");
        assert_eq!(number["cap_today"], RAMP_FIRST, "it begins in the first stage of the ramp: {number}");
        for carrier in list(&number, "carriers") {
            assert_eq!(carrier["status"], "unflagged", "{number}");
        }
    }
}

fn callees_meet_the_same_number_again(calls: &[Call], bad: &BTreeSet<String>) {
    let mut first: BTreeMap<u64, &str> = BTreeMap::new();
    let mut again = 0;
    for call in calls {
        let before = first.entry(call.callee).or_insert(&call.number);
        if !bad.contains(*before) {
            assert_eq!(*before, call.number, "the callee saw another number before: {call:?}");
            again += 1;
        }
    }
    assert!(again > first.len(), "callees were called again");
}

/// Whoever needs numbers now is given those that came back, among others.
async fn they_serve_again(daemon: &Daemon, bad: &BTreeSet<String>) {
    let mut given = BTreeSet::new();
    for firm in &FIRMS {
        let free = NUMBERS_EACH as usize - (firm.users + usize::from(firm.campaign)) * POOL;
        let user = json!({ "name": format!("{}-late", firm.id), "business": firm.id, "pool_size": free });
        let owner = daemon.must_post("/v1/users", &user).await;
        given.extend(list(&owner, "pool").iter().map(|number| text(number, "number").to_owned()));
    }
    assert!(bad.is_subset(&given), "not back in service: {:?}", bad.difference(&given));
}
