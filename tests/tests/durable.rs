//! Each acknowledgement that promises durability follows a sync of the database file that began after its request came in.
//! The real binary is run under strace; where that cannot be done the test says so and is skipped.

use serde_json::json;
use smartguard_tests::daemon::{Daemon, binary, run};
use smartguard_tests::floor::{self, NOWHERE, number_path};
use smartguard_tests::guests;
use std::collections::HashSet;
use std::path::Path;
use std::process::{Command, Stdio};

/// A request and whether a whole sync lies between it and its answer.
#[derive(Debug)]
struct Acknowledged {
    what: String,
    synced: bool,
}

/// A daemon under strace that writes to `log`; none, with the reason printed, where that cannot be done.
fn start_traced(folder: &Path, log: &Path) -> Option<Daemon> {
    let untraced = run(binary(), folder, &[]);
    let mut strace = Command::new("strace");
    strace
        .args(["-f", "-y", "-s", "60", "-e", "trace=fdatasync,read,recvfrom,write,writev,sendto,sendmsg", "-o"])
        .arg(log)
        .arg(untraced.get_program())
        .args(untraced.get_args())
        .envs(untraced.get_envs().filter_map(|(name, value)| Some((name, value?))))
        .current_dir(folder)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    if let Err(error) = Command::new("strace").arg("-V").stdout(Stdio::null()).stderr(Stdio::null()).status() {
        println!("skipped: strace cannot be run here: {error}");
        return None;
    }
    match Daemon::try_start_with(strace) {
        Ok(daemon) => Some(daemon),
        Err(said) if said.contains("ptrace") => {
            println!("skipped: strace may not trace here: {said}");
            None
        }
        Err(said) => panic!("the traced daemon did not start: {said}"),
    }
}

/// Ends the daemon that strace runs, and with it strace.
fn stop_traced(daemon: Daemon) {
    let children = format!("/proc/{0}/task/{0}/children", daemon.pid());
    let traced = std::fs::read_to_string(children).expect("strace runs");
    let traced: i32 = traced.trim().parse().expect("one child");
    let traced = rustix::process::Pid::from_raw(traced).expect("a process");
    rustix::process::kill_process(traced, rustix::process::Signal::TERM).expect("told");
    assert!(daemon.wait().success());
}

/// Requests and answers in their order; the test asks one after the other, so they alternate.
fn read(log: &Path) -> Vec<Acknowledged> {
    let mut seen = Vec::new();
    let (mut asked, mut synced) = (None, false);
    let mut in_sync = HashSet::new();
    for line in std::fs::read_to_string(log).expect("a trace").lines() {
        let pid = line.split_whitespace().next().unwrap_or_default().to_owned();
        let ended = line.ends_with("= 0");
        if let Some((_, request)) = line.split_once("\"POST /v1/") {
            asked = Some(request.split(' ').next().unwrap_or_default().to_owned());
            synced = false;
            // One that is under way may have begun too early to hold what this request asks for.
            in_sync.clear();
        } else if line.contains("fdatasync(") && line.contains("/store/db>") {
            match line.contains("<unfinished") {
                true => drop(in_sync.insert(pid)),
                false => synced |= ended,
            }
        } else if line.contains("fdatasync resumed") {
            synced |= in_sync.remove(&pid) && ended;
        } else if line.contains("\"HTTP/1.1 2")
            && let Some(what) = asked.take()
        {
            seen.push(Acknowledged { what, synced });
        }
    }
    seen
}

/// Asks for everything that promises durability, one after the other; gives what the trace shows.
async fn trace(durability: &str) -> Option<Vec<Acknowledged>> {
    let folder = tempfile::tempdir().expect("a folder");
    let policy = format!(
        "{}durability = \"{durability}\"\n",
        floor::POLICY.replace("check_every_urgent = \"8s\"", "check_every_urgent = \"20s\"")
    );
    floor::prepare(folder.path(), NOWHERE, NOWHERE, &policy);
    guests::drop_in(&folder.path().join("adapters"), "silent", &guests::script("silent"), "");
    let log = folder.path().join("trace");
    let daemon = start_traced(folder.path(), &log)?;
    daemon.must_post("/v1/businesses", &floor::business("acme", "self")).await;
    floor::import(&daemon, "acme", floor::sheet(212, 12, |_| true)).await;
    daemon.must_post("/v1/users", &json!({ "name": "ann", "business": "acme" })).await;
    daemon.must_post("/v1/campaigns", &json!({ "name": "spring", "business": "acme", "pool_size": 1 })).await;
    daemon.must_post("/v1/adapters/silent/grant", &json!({ "by": "Ann" })).await;
    let seen = json!({ "label": "Spam Likely", "carrier": "tmobile", "by": "Ann" });
    daemon.must_post(&format!("{}/reports", number_path("+12125551001")), &seen).await;
    for n in 0..20 {
        let ask = json!({ "to": format!("+1312555{n:04}"), "call_id": format!("c{n}"), "user": "ann" });
        let answer = daemon.must_post("/v1/caller-id", &ask).await;
        assert_eq!(answer["decision"], "use", "{answer}");
        let outcome = json!({ "decision_id": answer["decision_id"], "dialstatus": "BUSY" });
        daemon.must_post("/v1/outcomes", &outcome).await;
    }
    stop_traced(daemon);
    let seen = read(&log);
    assert_eq!(seen.len(), 6 + 2 * 20, "every request has its answer: {seen:?}");
    Some(seen)
}

/// What was acknowledged without a sync of its own.
fn early(seen: &[Acknowledged]) -> Vec<&str> {
    seen.iter().filter(|seen| !seen.synced).map(|seen| seen.what.as_str()).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_acknowledgement_follows_a_sync_of_its_own() {
    let Some(seen) = trace("sync").await else { return };
    println!("{} acknowledgements, each after a sync", seen.len());
    assert_eq!(early(&seen), Vec::<&str>::new());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn under_a_lease_only_calls_run_ahead_and_not_the_first() {
    let Some(seen) = trace("lease").await else { return };
    let early = early(&seen);
    println!("{} acknowledgements, {} calls ran ahead of the disk", seen.len(), early.len());
    assert!(early.iter().all(|what| *what == "caller-id"), "{early:?}");
    let first = seen.iter().find(|seen| seen.what == "caller-id").expect("a call");
    assert!(first.synced, "the first decision is the grant of the window: {seen:?}");
    assert!(!early.is_empty(), "an answer under a lease need not wait");
}
