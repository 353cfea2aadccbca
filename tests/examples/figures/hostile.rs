//! What callers notice of adapters that spin, take memory, babble and are replaced all the time.

use super::load::{Asker, Measured};
use super::room::Room;
use super::{Scale, print_ratios};
use serde_json::json;
use smartguard_tests::daemon::Daemon;
use smartguard_tests::guests::{self, HOSTILE};
use smartguard_tests::villain::Villain;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

/// Asks a second that sixteen seats of a fast dialer never reach together.
const PACE: u64 = 500;
/// A guest that fails at once is called again after so long, so that the calls' own HTTP is not what is measured.
const CALL_EVERY: Duration = Duration::from_millis(10);
/// The guests do harm when they are asked about this number, which is none of ours, so that the daemon's own checks do
/// not bench them before anything is measured.
const STRUCK: &str = "+13125550001";
const SPARED: &str = "+13125550002";

/// What goes on beside the asks.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Beside {
    Nothing,
    Calls,
    CallsAndReloads,
}

pub async fn measure(binary: &'static Path, scale: &Scale) {
    println!("\n## Decisions beside hostile adapters\n");
    let (_villain, lair) = Villain::start().await;
    let configuration = guests::rebinds(lair);
    let (room, _) = Room::open(binary, &configuration, &[]);
    let asker = room.furnish().await;
    let adapters = room.folder.path().join("adapters");
    for guest in &HOSTILE {
        // The limits are the defaults, as any adapter has them.
        guests::drop_in(&adapters, guest.id, &script(guest.id), "");
        let path = format!("/v1/adapters/{}", guest.id);
        let known = |list: &serde_json::Value| list.to_string().contains(&format!("\"id\":\"{}\"", guest.id));
        room.daemon().wait_for("/v1/adapters", 60, known).await;
        room.daemon().wait_for(&path, 60, |adapter| adapter["state"] == "ungranted").await;
        room.daemon().must_post(&format!("{path}/grant"), &json!({ "by": "figures" })).await;
    }
    room.rest().await;
    println!("{:<46} {:>8} {:>8} {:>8} {:>8} {:>15}", "", "asks/s", "p50 ms", "p99 ms", "max ms", "guests' calls/s");
    for (load, paced) in [("500 asks a second, 16 connections", true), ("as fast as it goes, 16 connections", false)] {
        println!("{load}");
        let mut all = [Measured::default(), Measured::default(), Measured::default()];
        let mut p99 = [Vec::new(), Vec::new(), Vec::new()];
        for _ in 0..scale.rounds {
            for (place, beside) in [Beside::Nothing, Beside::Calls, Beside::CallsAndReloads].into_iter().enumerate() {
                let measured = run(&room, &asker, scale, paced, beside).await;
                p99[place].push(measured.permille(990));
                all[place].join(&measured);
            }
        }
        for (place, what) in [(1, "called"), (2, "called, one replaced without a pause")] {
            let ratios = p99[place].iter().zip(&p99[0]).map(|(with, without)| with / without).collect();
            print_ratios(&format!("p99, hostile adapters {what} / without (goal: at most 3)"), ratios);
            let (with, without) = (all[place].permille(990), all[0].permille(990));
            println!("  of all rounds together: {with:.3} ms / {without:.3} ms = {:.2}", with / without);
        }
    }
}

/// The guest as it lies in `tests/guests`, made to do harm about one number only: a success between its faults keeps it
/// from being benched, so that it can be called for as long as it takes.
fn script(id: &str) -> String {
    let head = "check(request) {\n";
    let spare = format!("if (request.numbers[0] !== '{STRUCK}') return {{ tag: 'observations', val: [] }};\n");
    let text = guests::script(id);
    assert!(text.contains(head), "{id} has a function `check`");
    text.replace(head, &format!("{head}{spare}"))
}

async fn run(room: &Room, asker: &Asker, scale: &Scale, paced: bool, beside: Beside) -> Measured {
    let stop = Arc::new(AtomicBool::new(false));
    let calls = Arc::new(AtomicU64::new(0));
    let (daemon, adapters) = (room.daemon(), room.folder.path().join("adapters"));
    let disturb = async {
        if beside != Beside::Nothing {
            let all = HOSTILE.iter().map(|guest| call_on(daemon, guest.id, &stop, &calls));
            join_all(all.collect()).await;
        }
    };
    let reload = async {
        if beside == Beside::CallsAndReloads {
            reload_on(daemon, &adapters, &stop).await;
        }
    };
    let ask = async {
        let measured = match paced {
            true => asker.paced(16, PACE, 3 * scale.run).await,
            false => asker.closed(16, scale.run).await,
        };
        stop.store(true, Ordering::Relaxed);
        measured
    };
    let (measured, (), ()) = tokio::join!(ask, disturb, reload);
    let what = match beside {
        Beside::Nothing => "  without",
        Beside::Calls => "  ten hostile adapters called",
        Beside::CallsAndReloads => "  called, and one replaced without a pause",
    };
    let calls = calls.load(Ordering::Relaxed) as f64 * measured.per_second() / measured.asks() as f64;
    println!(
        "{what:<46} {:>8.0} {:>8.3} {:>8.3} {:>8.1} {calls:>15.0}",
        measured.per_second(),
        measured.permille(500),
        measured.permille(990),
        measured.max(),
    );
    measured
}

async fn join_all<F: Future<Output = ()>>(futures: Vec<F>) {
    let mut futures: Vec<_> = futures.into_iter().map(Box::pin).collect();
    std::future::poll_fn(|context| {
        futures.retain_mut(|future| future.as_mut().poll(context).is_pending());
        if futures.is_empty() { std::task::Poll::Ready(()) } else { std::task::Poll::Pending }
    })
    .await;
}

/// Once no harm, then twice, for as long as it is measured.
async fn call_on(daemon: &Daemon, id: &str, stop: &AtomicBool, calls: &AtomicU64) {
    let path = format!("/v1/adapters/{id}/try");
    let mut pace = tokio::time::interval(CALL_EVERY);
    pace.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    while !stop.load(Ordering::Relaxed) {
        for number in [SPARED, STRUCK, STRUCK] {
            pace.tick().await;
            let answer = daemon.must_post(&path, &json!({ "function": "check", "numbers": [number] })).await;
            let error = answer["error"].as_str().unwrap_or_default();
            assert!(!error.contains("it rests"), "{id} is called on and on: {answer}");
            calls.fetch_add(1, Ordering::Relaxed);
            if stop.load(Ordering::Relaxed) {
                return;
            }
        }
    }
}

/// Saves a new version as soon as the one before serves.
async fn reload_on(daemon: &Daemon, adapters: &Path, stop: &AtomicBool) {
    let mut version = 0;
    while !stop.load(Ordering::Relaxed) {
        version += 1;
        let before = daemon.get("/v1/adapters/throws").await["revision"].clone();
        let salt = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("a clock").as_nanos();
        let text = format!("{}// version {version} of {salt}\n", script("throws"));
        std::fs::write(adapters.join("throws/adapter.js"), text).expect("written");
        while !stop.load(Ordering::Relaxed) && daemon.get("/v1/adapters/throws").await["revision"] == before {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}
