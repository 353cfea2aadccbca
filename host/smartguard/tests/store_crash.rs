//! What is left when the process is killed, and in which order it syncs and answers.
//!
//! The test binary runs itself again as the process that is killed or traced: `child` does nothing unless asked.

use futures_util::future::join_all;
use smartguard::store::*;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{ChildStderr, Command, Stdio};

const FOLDER: &str = "STORE_CRASH_FOLDER";
const COMMITS: &str = "STORE_CRASH_COMMITS";
const TASKS: &str = "STORE_CRASH_TASKS";

fn slot(name: &str) -> Key {
    Key::new(Tree::Number, name.as_bytes())
}

fn step(number: u64) -> Key {
    Key::new(Tree::Event, number.to_be_bytes())
}

/// Commits on and on, and says each number once its commit was answered.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn child() {
    let Ok(folder) = std::env::var(FOLDER) else { return };
    let number = |name| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    let store = SledStore::open(Path::new(&folder), SledOptions::default()).expect("the child opens the store");
    let (last, tasks) = (number(COMMITS).unwrap_or(u64::MAX), number(TASKS).unwrap_or(1));
    let mut next = store.scan(Tree::Event, &[], None, SCAN_MAX).await.unwrap().len() as u64;
    while next < last {
        let round = (next..next + tasks).map(|number| {
            let value = number.to_be_bytes().to_vec();
            let ops = vec![
                Op::put(slot("a"), value.clone()),
                Op::put(step(number), vec![number as u8; 1 + number as usize * 97 % 3000]),
                Op::put(slot("b"), value),
            ];
            let store = &store;
            async move {
                store.commit(ops).await.expect("the child commits");
                // One call, so that one line of the trace is one answer.
                std::io::stderr().write_all(format!("ack {number}\n").as_bytes()).unwrap();
            }
        });
        join_all(round).await;
        next += tasks;
    }
}

fn this_binary(mut command: Command, folder: &Path) -> Command {
    command.args(["child", "--exact", "--nocapture", "--test-threads=1"]).env(FOLDER, folder);
    command.stdout(Stdio::null()).stderr(Stdio::piped());
    command
}

fn acknowledged(line: &str) -> Option<u64> {
    line.strip_prefix("ack ")?.trim().parse().ok()
}

/// Reads answers until `enough` says so, or until the child says no more.
fn read_acks(lines: &mut BufReader<ChildStderr>, mut enough: impl FnMut(u64) -> bool) -> Option<u64> {
    let (mut last, mut line) = (None, String::new());
    while lines.read_line(&mut line).unwrap() > 0 {
        last = acknowledged(&line).or(last);
        if last.is_some_and(&mut enough) {
            break;
        }
        line.clear();
    }
    last
}

#[tokio::test]
async fn ten_kills_lose_nothing_acknowledged() {
    let place = tempfile::tempdir().unwrap();
    let folder = place.path().join("store");
    let mut acknowledged = None;
    for round in 0..10u64 {
        let binary = Command::new(std::env::current_exe().unwrap());
        let mut child = this_binary(binary, &folder).spawn().unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap());
        // Some are killed at once, while they open; the others after more and more answers.
        let target = acknowledged.unwrap_or(0) + round * 3;
        if round % 4 != 1 {
            acknowledged = read_acks(&mut lines, |number| number >= target).max(acknowledged);
        }
        child.kill().unwrap();
        acknowledged = read_acks(&mut lines, |_| false).max(acknowledged);
        child.wait().unwrap();

        let store = SledStore::open(&folder, SledOptions::default()).expect("it opens after a kill");
        let steps = store.scan(Tree::Event, &[], None, SCAN_MAX).await.unwrap();
        let kept = steps.len() as u64;
        assert!(
            kept > acknowledged.unwrap_or(0) || acknowledged.is_none(),
            "round {round}: {kept} of {acknowledged:?}"
        );
        for (number, (key, _, value)) in steps.iter().enumerate() {
            assert_eq!(*key, (number as u64).to_be_bytes());
            assert_eq!(value[..], vec![number as u8; 1 + number * 97 % 3000], "round {round}, step {number}");
        }
        for name in ["a", "b"] {
            let found = store.get(&slot(name)).await.unwrap().map(|entry| entry.value.to_vec());
            assert_eq!(
                found,
                kept.checked_sub(1).map(|last| last.to_be_bytes().to_vec()),
                "round {round}, slot {name}"
            );
        }
    }
    println!("acknowledged over ten kills: {:?}", acknowledged.map(|last| last + 1));
    assert!(acknowledged > Some(50), "the children did hardly anything: {acknowledged:?}");
}

/// What a trace shows: answers, syncs of `db` that ended well, and answers that came before any new sync.
struct Trace {
    acks: usize,
    syncs: usize,
    early: Vec<String>,
}

/// Runs the child under strace; `None`, with the reason printed, where that cannot be done.
fn trace(commits: u64, tasks: u64) -> Option<Trace> {
    let place = tempfile::tempdir().unwrap();
    let log = place.path().join("trace");
    let mut strace = Command::new("strace");
    strace.args(["-f", "-y", "-s", "40", "-e", "trace=fdatasync,write", "-o"]).arg(&log);
    strace.arg(std::env::current_exe().unwrap()).env(COMMITS, commits.to_string()).env(TASKS, tasks.to_string());
    let ran = match this_binary(strace, &place.path().join("store")).output() {
        Ok(ran) => ran,
        Err(error) => {
            println!("skipped: strace cannot be run here: {error}");
            return None;
        }
    };
    if !ran.status.success() {
        let said = String::from_utf8_lossy(&ran.stderr).into_owned();
        assert!(said.contains("ptrace"), "the traced child failed: {said}");
        println!("skipped: strace may not trace here: {said}");
        return None;
    }
    let mut trace = Trace { acks: 0, syncs: 0, early: Vec::new() };
    let (mut in_sync, mut synced) = (std::collections::HashSet::new(), false);
    for line in std::fs::read_to_string(&log).unwrap().lines() {
        let pid = line.split_whitespace().next().unwrap_or_default().to_owned();
        let ended = line.ends_with("= 0");
        if line.contains("fdatasync(") && line.contains("/store/db>") {
            match line.contains("<unfinished") {
                true => drop(in_sync.insert(pid)),
                false if ended => (synced, trace.syncs) = (true, trace.syncs + 1),
                false => {}
            }
        } else if line.contains("fdatasync resumed") && in_sync.remove(&pid) && ended {
            (synced, trace.syncs) = (true, trace.syncs + 1);
        } else if line.contains("write(2<") && line.contains("\"ack ") {
            trace.acks += 1;
            if !synced {
                trace.early.push(line.to_owned());
            }
            // With one committer each answer needs a sync of its own; with many they share.
            synced = tasks > 1 && synced;
        }
    }
    Some(trace)
}

#[test]
fn every_answer_follows_a_sync_of_its_own() {
    let Some(trace) = trace(40, 1) else { return };
    assert_eq!(trace.acks, 40);
    assert_eq!(trace.early, Vec::<String>::new());
}

#[test]
fn commits_that_wait_together_share_a_sync() {
    let Some(trace) = trace(160, 16) else { return };
    println!("{} commits of 16 tasks took {} syncs", trace.acks, trace.syncs);
    assert_eq!(trace.acks, 160);
    assert!(trace.syncs < 80, "{} syncs for 160 commits", trace.syncs);
}
