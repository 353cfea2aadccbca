//! Do-not-call lists through the real binary: a list comes in, calls are held, and nothing acknowledged is forgotten.

use serde_json::{Value, json};
use smartguard_tests::daemon::{Daemon, binary};
use smartguard_tests::floor::{NOWHERE, POLICY, business, import, list, prepare, share_compiled_adapters, sheet, text};
use std::path::Path;
use std::process::Command;

/// A daemon with two businesses, and a user of each.
async fn start(folder: &Path) -> Daemon {
    prepare(folder, NOWHERE, NOWHERE, POLICY);
    let consent =
        "scope = \"campaign:renewals\"\n[[exempt]]\nrule = \"do_not_call\"\nbecause = \"a consent\"\nby = \"Ann\"\n";
    std::fs::write(folder.join("policies/renewals.toml"), consent).expect("written");
    share_compiled_adapters(folder);
    let daemon = Daemon::start(folder);
    for (business_id, area, user) in [("acme", 212, "ann"), ("bolt", 646, "bob")] {
        daemon.must_post("/v1/businesses", &business(business_id, "self")).await;
        import(&daemon, business_id, sheet(area, 12, |_| true)).await;
        daemon.must_post("/v1/users", &json!({ "name": user, "business": business_id })).await;
    }
    daemon
}

/// Sends a text into a list; the status and the answer.
async fn send(daemon: &Daemon, list: &str, query: &str, body: impl Into<reqwest::Body>) -> (u16, Value) {
    let url = daemon.url(&format!("/v1/do-not-call/{list}/import?by=Ann&{query}"));
    let response = daemon.client.post(url).body(body).send().await.expect("an answer");
    let status = response.status().as_u16();
    (status, response.json().await.expect("JSON"))
}

async fn must_send(daemon: &Daemon, list: &str, query: &str, body: &str) -> Value {
    let (status, answer) = send(daemon, list, query, body.to_owned()).await;
    assert_eq!(status, 200, "{answer}");
    answer
}

/// Asks for a call; what came of it, as `use` or the reason of the hold.
async fn asked(daemon: &Daemon, user: &str, to: &str, campaign: Option<&str>, call: &str) -> String {
    let ask = json!({ "user": user, "campaign": campaign, "to": to, "call_id": call });
    let answer = daemon.must_post("/v1/caller-id", &ask).await;
    match answer["decision"].as_str() {
        Some("use") => "use".to_owned(),
        _ => {
            assert_eq!(answer["class"], "callee_law", "{answer}");
            text(&answer, "reason").to_owned()
        }
    }
}

async fn lists_of(daemon: &Daemon, number: &str) -> Value {
    daemon.get(&format!("/v1/do-not-call?number={}", number.replace('+', "%2B"))).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_stands_on_a_list_is_held() {
    let folder = tempfile::tempdir().expect("a folder");
    let daemon = start(folder.path()).await;
    let ask = async |user, to, call| asked(&daemon, user, to, None, call).await;
    assert_eq!(ask("ann", "+13055550100", "a0").await, "use");
    let view = must_send(&daemon, "national", "from=registry.txt", "305,5550100\n305,5550101\n305,5550101\n\n").await;
    assert_eq!(
        (&view["lines"], &view["added"], &view["twice"], &view["held"]),
        (&json!(3), &json!(2), &json!(1), &json!(2))
    );
    assert_eq!(ask("ann", "+13055550100", "a1").await, "do_not_call");
    assert_eq!(ask("bob", "+13055550101", "b1").await, "do_not_call");
    assert_eq!(ask("ann", "+13055550102", "a2").await, "use");

    // The list of a state holds wherever the callee may live, and that of a business for its own calls.
    must_send(&daemon, "state:TX", "", "number\n+13055550103\n").await;
    assert_eq!(ask("ann", "+13055550103", "a3").await, "do_not_call");
    let added = json!({ "numbers": ["+13055550104", "+13055550105"], "by": "Ann" });
    let view = daemon.must_post("/v1/do-not-call/business:acme/add", &added).await;
    assert_eq!((&view["changed"], &view["held"]), (&json!(2), &json!(2)));
    assert_eq!(ask("ann", "+13055550104", "a4").await, "do_not_call");
    assert_eq!(ask("bob", "+13055550104", "b4").await, "use");
    let removed = json!({ "numbers": ["+13055550104"], "by": "Ann" });
    daemon.must_post("/v1/do-not-call/business:acme/remove", &removed).await;
    assert_eq!(ask("ann", "+13055550104", "a5").await, "use");

    // A consent lifts the lists of nation and state, and not that of the business.
    let renew = async |to, call| asked(&daemon, "ann", to, Some("renewals"), call).await;
    assert_eq!(renew("+13055550101", "r1").await, "use");
    assert_eq!(renew("+13055550103", "r2").await, "use");
    assert_eq!(renew("+13055550105", "r3").await, "do_not_call");

    // Receipt, preflight and the list itself name it.
    let receipt = daemon.get("/v1/receipts?call_id=a3").await;
    assert_eq!((&receipt["listed"], &receipt["answer"]["reason"]), (&json!(["state:TX"]), &json!("do_not_call")));
    let question = json!({ "user": "ann", "callees": [{ "to": "+13055550105" }, { "to": "+13055550106" }] });
    let told = daemon.must_post("/v1/preflight", &question).await;
    let [held, free] = list(&told, "callees") else { panic!("{told}") };
    assert_eq!((text(held, "reason"), &held["listed"]), ("do_not_call", &json!(["business"])));
    assert_eq!(free["callable"], true);
    assert_eq!(lists_of(&daemon, "+13055550101").await["lists"], json!(["national"]));
    let lists = daemon.get("/v1/do-not-call").await;
    let national = &list(&lists, "lists")[0];
    assert_eq!(
        (text(national, "list"), &national["numbers"], &national["age_days"]),
        ("national", &json!(2), &json!(0))
    );
    assert_eq!((text(&national["imported"], "from"), text(&national["imported"], "by")), ("registry.txt", "Ann"));
    assert!(text(national, "good_until") > text(&national["imported"], "at"), "{national}");
    let own = list(&lists, "lists").last().expect("a list");
    assert_eq!((text(own, "list"), text(&own["changed"], "by")), ("business:acme", "Ann"), "{lists}");

    // A new version takes the place of the old one.
    let view = must_send(&daemon, "national", "mode=replace", "+13055550101\n+13055550107\n").await;
    assert_eq!((&view["added"], &view["already_held"], &view["removed"]), (&json!(1), &json!(1), &json!(1)));
    assert_eq!(ask("ann", "+13055550107", "a7").await, "do_not_call");
    assert_eq!(ask("ann", "+13055550100", "a8").await, "use");
    let effective = daemon.get("/v1/policies/effective?campaign=renewals").await;
    let lifted = list(&effective, "lifted").iter().find(|lifted| lifted["rule"] == "do_not_call").expect("lifted");
    assert_eq!((text(lifted, "scope"), text(lifted, "by")), ("campaign:renewals", "Ann"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_acknowledged_outlives_a_kill() {
    let folder = tempfile::tempdir().expect("a folder");
    let daemon = start(folder.path()).await;
    let text: String = (0..20_000).map(|n| format!("305,{:07}\n", 2_000_000 + n * 7)).collect();
    assert_eq!(must_send(&daemon, "national", "mode=replace", &text).await["added"], 20_000);
    daemon.kill();

    let daemon = Daemon::start(folder.path());
    assert_eq!(asked(&daemon, "ann", "+13052000007", None, "k1").await, "do_not_call");
    assert_eq!(asked(&daemon, "ann", "+13052000008", None, "k2").await, "use");
    let change = json!({ "numbers": ["+13052000008"], "by": "Ann" });
    daemon.must_post("/v1/do-not-call/business:acme/add", &change).await;
    daemon.kill();

    let daemon = Daemon::start(folder.path());
    assert_eq!(asked(&daemon, "ann", "+13052000008", None, "k3").await, "do_not_call");
    let change = json!({ "numbers": ["+13052000007"], "by": "Ann" });
    daemon.must_post("/v1/do-not-call/national/remove", &change).await;
    daemon.kill();

    // An import that broke off half-way leaves what was there.
    let daemon = Daemon::start(folder.path());
    assert_eq!(asked(&daemon, "ann", "+13052000007", None, "k4").await, "use");
    let broken = futures_util::stream::iter([Ok("305,2000007\n".to_owned()), Err(std::io::Error::other("gone"))]);
    let url = daemon.url("/v1/do-not-call/national/import?by=Ann&mode=replace");
    let sent = daemon.client.post(url).body(reqwest::Body::wrap_stream(broken)).send().await;
    assert!(sent.map_or(true, |response| !response.status().is_success()));
    assert_eq!(lists_of(&daemon, "+13052000014").await["lists"], json!(["national"]));
    assert!(daemon.stop().success());

    let daemon = Daemon::start(folder.path());
    let lists = daemon.get("/v1/do-not-call").await;
    assert_eq!(list(&lists, "lists").iter().map(|list| &list["numbers"]).collect::<Vec<_>>(), [19_999, 1], "{lists}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bad_lines_lose_no_good_ones_and_too_many_lose_all() {
    let folder = tempfile::tempdir().expect("a folder");
    let daemon = start(folder.path()).await;
    let mut lines: Vec<String> = (0..100).map(|n| format!("+130555501{n:02}")).collect();
    lines[41] = "nobody".to_owned();
    let view = must_send(&daemon, "state:FL", "", &lines.join("\r\n")).await;
    assert_eq!(
        (&view["added"], &view["bad"], &view["bad_lines"][0]["line"]),
        (&json!(99), &json!(1), &json!(42)),
        "{view}"
    );
    for n in 0..10 {
        lines[n * 9 + 2] = "nobody".to_owned();
    }
    let refused = |answer: &Value, code: &str| assert_eq!(text(answer, "code"), code, "{answer}");
    let (status, answer) = send(&daemon, "state:GA", "", lines.join("\n")).await;
    assert_eq!((status, answer["detail"].to_string().contains("line 3: ")), (422, true), "{answer}");
    refused(&answer, "too_many_bad_lines");
    assert_eq!(lists_of(&daemon, "+13055550150").await["lists"], json!(["state:FL"]));
    let view = must_send(&daemon, "state:GA", "bad_percent_max=20", &lines.join("\n")).await;
    assert_eq!(view["bad"], 11, "{view}");

    // Whoever is refused while he still sends reads why.
    let long = "305,5550100\n".repeat(1_000_000);
    for (list, query, code) in [
        ("nation", "", "no_such_list"),
        ("business:nobody", "", "no_such_business"),
        ("national", "mode=some", "bad_value"),
        ("national", "colunm=a", "unknown_field"),
        ("national", "column=phone", "no_such_column"),
    ] {
        let (_, answer) = send(&daemon, list, query, long.clone()).await;
        refused(&answer, code);
    }
    refused(&send(&daemon, "national", "", "").await.1, "no_numbers");
    let (status, answer) =
        daemon.post("/v1/do-not-call/national/add", &json!({ "numbers": ["12"], "by": "Ann" })).await;
    assert_eq!((status, text(&answer, "code")), (422, "bad_number"), "{answer}");
    let (_, answer) =
        daemon.post("/v1/do-not-call/national/remove", &json!({ "numbers": ["+13055550100"], "by": "Ann" })).await;
    refused(&answer, "no_such_list");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn outcomes_suppress_and_an_export_brings_everything_along() {
    let folder = tempfile::tempdir().expect("a folder");
    let daemon = start(folder.path()).await;
    // A 607, and an agent's do-not-call disposition, keep the callee from being called again, by that business.
    for (n, outcome) in [json!({ "sip_code": 607 }), json!({ "disposition": "DNC" })].into_iter().enumerate() {
        let to = format!("+1305555020{n}");
        let ask = json!({ "user": "ann", "to": to, "call_id": format!("s{n}") });
        let answer = daemon.must_post("/v1/caller-id", &ask).await;
        let mut report = outcome;
        report["decision_id"] = answer["decision_id"].clone();
        daemon.must_post("/v1/outcomes", &report).await;
        assert_eq!(asked(&daemon, "ann", &to, None, &format!("t{n}")).await, "suppressed");
        assert_eq!(asked(&daemon, "bob", &to, None, &format!("u{n}")).await, "use");
        let told = lists_of(&daemon, &to).await;
        assert_eq!((&told["lists"], &told["suppressed_for"]), (&json!([]), &json!(["acme"])));
    }
    must_send(&daemon, "national", "mode=replace", "+13055550100\n+447700900123\n").await;
    let change = json!({ "numbers": ["+13055550101"], "by": "Ann" });
    daemon.must_post("/v1/do-not-call/state:FL/add", &change).await;
    let export = folder.path().join("export.ndjson");
    daemon.must_post("/v1/export", &json!({ "to": export })).await;
    let lists = daemon.get("/v1/do-not-call").await;
    assert!(daemon.stop().success());

    let elsewhere = tempfile::tempdir().expect("a folder");
    prepare(elsewhere.path(), NOWHERE, NOWHERE, POLICY);
    let key = folder.path().join("data.key");
    let said = say(elsewhere.path(), &["import", &export.display().to_string(), "--key", &key.display().to_string()]);
    assert_eq!(said.0, 0, "{}", said.1);
    share_compiled_adapters(elsewhere.path());
    let daemon = Daemon::start(elsewhere.path());
    assert_eq!(daemon.get("/v1/do-not-call").await, lists);
    for (to, reason) in [
        ("+13055550100", "do_not_call"),
        ("+13055550101", "do_not_call"),
        ("+447700900123", "do_not_call"),
        ("+13055550201", "suppressed"),
        ("+13055550102", "use"),
    ] {
        assert_eq!(asked(&daemon, "ann", to, None, to).await, reason, "{to}");
    }
}

/// What the command line said, both ways, and its exit code.
fn say(folder: &Path, arguments: &[&str]) -> (i32, String) {
    let output = Command::new(binary()).current_dir(folder).args(arguments).output().expect("the binary runs");
    let said = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    (output.status.code().expect("it ended by itself"), said)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_command_line_does_the_same() {
    let folder = tempfile::tempdir().expect("a folder");
    let daemon = start(folder.path()).await;
    let check = |arguments: &[&str], exit: i32, parts: &[&str]| {
        let server = ["--server", &daemon.base];
        let (code, said) = say(folder.path(), &[["do-not-call"].as_slice(), arguments, &server].concat());
        assert_eq!(code, exit, "{arguments:?} said:\n{said}");
        for part in parts {
            assert!(said.contains(part), "{part:?} is not said of {arguments:?}:\n{said}");
        }
    };
    let table =
        "name,phone\nAnn,305-555-0100\nBob,305-555-0101\n".to_owned() + &"Eve,3055550102\n".repeat(40) + "Joe,\n";
    std::fs::write(folder.path().join("leads.csv"), table).expect("written");
    check(&["list"], 0, &["There are none."]);
    let national = ["--list", "national", "--replace", "--by", "Jo"];
    check(
        &[["import", "leads.csv"].as_slice(), &national].concat(),
        5,
        &["added            3", "bad lines        1", "44"],
    );
    check(&["list"], 0, &["national", "leads.csv by Jo (replace)", "0 days"]);
    check(&["check", "+13055550102"], 0, &["national"]);
    check(
        &["add", "+13055550109", "305-555-0102", "--list", "business:bolt"],
        0,
        &["2 numbers put on the list business:bolt"],
    );
    check(&["check", "+13055550102"], 0, &["national, business:bolt"]);
    check(&["remove", "+13055550109", "--list", "business:bolt"], 0, &["1 numbers taken off", "it holds 1 now"]);
    check(&["import", "nowhere.csv", "--list", "national"], 4, &["nowhere.csv cannot be read"]);
    check(&["import", "leads.csv", "--list", "national", "--column", "mobile"], 1, &["no column `mobile`"]);
    check(&["add", "+13055550109", "--list", "acme"], 1, &["is the name of no list", "state:FL"]);
    check(&["import", "--help"], 0, &["area code,number", "31 days"]);
    let doctor = daemon.must_post("/v1/doctor", &json!({})).await;
    let list_of = list(&doctor, "checkups").iter().find(|checkup| checkup["what"] == "do_not_call").expect("looked at");
    assert_eq!((text(list_of, "state"), text(list_of, "found")), ("well", "3 numbers, imported 0 days ago"));
}

/// About `how_many` lines as the national registry writes them: every area code of the United States, four in five exchanges of
/// each, and within them numbers that are drawn, more of them in some area codes than in others; in order, without repetition.
fn registry(how_many: u64) -> impl Iterator<Item = String> + Send {
    let of_states = |area: &u16| numbers::area::area(*area).is_some();
    let areas: Vec<u64> = (200..1000).filter(of_states).map(u64::from).collect();
    let per_area = how_many / areas.len() as u64;
    let mut draw = 0x2545_F491_4F6C_DD1Du64;
    let mut drawn = move || {
        draw ^= draw << 13;
        draw ^= draw >> 7;
        draw ^= draw << 17;
        draw
    };
    let (mut area, mut at, mut step) = (0, 0, 0);
    std::iter::from_fn(move || {
        loop {
            if step == 0 {
                // Between a third and five thirds of what each would have, and the mean is what is wanted.
                let share = 1 + drawn() % 5;
                step = (2 * 6_400_000 * 3 / (per_area * share)).max(2);
            }
            at += 1 + drawn() % (step - 1).max(1);
            if at >= 8_000_000 {
                (area, at, step) = (area + 1, 0, 0);
                areas.get(area)?;
                continue;
            }
            let exchange = at / 10_000;
            if exchange % 5 != 4 {
                return Some(format!("{},{}{:04}\n", areas.get(area)?, exchange + 200, at % 10_000));
            }
        }
    })
}

/// Resident memory of a process, in MiB.
fn resident(pid: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).expect("a process");
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).expect("a figure");
    line.split_whitespace().nth(1).expect("KiB").parse::<u64>().expect("a number") / 1024
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "measures thirty million numbers; run it alone with --ignored --nocapture"]
async fn figures() {
    let folder = tempfile::tempdir().expect("a folder");
    let daemon = start(folder.path()).await;
    println!("before: {} MiB resident", resident(daemon.pid()));
    let pieces = {
        let mut lines = registry(30_000_000);
        futures_util::stream::iter(std::iter::from_fn(move || {
            let piece: String = lines.by_ref().take(20_000).collect();
            (!piece.is_empty()).then_some(Ok::<_, std::io::Error>(piece))
        }))
    };
    let begun = std::time::Instant::now();
    let done = std::sync::atomic::AtomicBool::new(false);
    let importing = async {
        let taken = send(&daemon, "national", "mode=replace", reqwest::Body::wrap_stream(pieces)).await;
        done.store(true, std::sync::atomic::Ordering::Release);
        taken
    };
    let asking = async {
        let mut waits = Vec::new();
        while !done.load(std::sync::atomic::Ordering::Acquire) {
            let (to, call) = (format!("+1989555{:04}", waits.len() % 10_000), waits.len());
            let begun = std::time::Instant::now();
            asked(&daemon, "ann", &to, None, &format!("f{call}")).await;
            waits.push(begun.elapsed());
        }
        waits
    };
    let ((status, view), mut waits) = tokio::join!(importing, asking);
    assert_eq!(status, 200, "{view}");
    println!("import: {:.1} s, {view}", begun.elapsed().as_secs_f64());
    waits.sort_unstable();
    let part = |permille: usize| waits[(waits.len() - 1) * permille / 1000];
    println!("{} asks meanwhile: p50 {:?}, p99 {:?}, longest {:?}", waits.len(), part(500), part(990), part(1000));
    println!("after: {} MiB resident", resident(daemon.pid()));
    let begun = std::time::Instant::now();
    let change = json!({ "numbers": ["+13055550101"], "by": "Ann" });
    daemon.must_post("/v1/do-not-call/national/add", &change).await;
    println!("add one: {:.1} ms", begun.elapsed().as_secs_f64() * 1e3);
    assert!(daemon.stop().success());
    for _ in 0..3 {
        let begun = std::time::Instant::now();
        let daemon = Daemon::start(folder.path());
        println!("start: {:.0} ms, {} MiB resident", begun.elapsed().as_secs_f64() * 1e3, resident(daemon.pid()));
        assert!(daemon.stop().success());
    }
}
