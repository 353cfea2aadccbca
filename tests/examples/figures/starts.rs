//! How long a start takes: of the adapters alone, of the daemon cold and warm, with many numbers, after a crash.

use super::room::Room;
use super::{Scale, median};
use sandbox::{Engine, EngineOptions, Limits};
use smartguard_tests::floor;
use std::path::Path;
use std::time::{Duration, Instant};

const NUMBERS_MANY: u64 = 10_000;
const CALLS_MANY: u64 = 50_000;
const SHIPPED: [&str; 3] = ["fcr", "ftc_dnc", "nomorobo"];

pub async fn measure(binary: &'static Path, scale: &Scale) {
    println!("\n## The three shipped adapters, made ready to be called\n");
    let (mut cold, mut warm) = (Vec::new(), Vec::new());
    for _ in 0..scale.starts {
        let cache = tempfile::tempdir().expect("a folder");
        cold.push(load(cache.path()).await);
        warm.push(load(cache.path()).await);
    }
    print("cold: an empty cache", cold);
    print("warm: from the cache", warm);

    println!("\n## Starts, from the process to the word that it serves\n");
    let mut cold = Vec::new();
    for _ in 0..scale.starts {
        cold.push(Room::open(binary, "", &[]).1);
    }
    print("cold: an empty folder, every adapter built from its script", cold);
    let (mut room, _) = Room::open(binary, "", &[]);
    print("warm: adapters from the cache, no numbers", again(&mut room, scale, Room::stop));
    room.import(NUMBERS_MANY).await;
    print("warm, 10,000 numbers (goal: 300 ms)", again(&mut room, scale, Room::stop));
    print("warm, 10,000 numbers, after kill -9", again(&mut room, scale, Room::kill));

    let (mut room, _) = Room::open(binary, "", &[]);
    let asker = room.furnish().await;
    asker.some(CALLS_MANY).await;
    print("warm, 5,000 numbers and 50,000 recorded calls", again(&mut room, scale, Room::stop));
}

/// One after the other, in an engine of their own.
async fn load(cache: &Path) -> Duration {
    let begun = Instant::now();
    let engine = Engine::new(EngineOptions::new(cache)).expect("an engine");
    for id in SHIPPED {
        let loaded =
            engine.load(sandbox::kind::Kind::Agency, floor::shipped(id, "adapter.js"), id, Limits::default()).await;
        assert!(loaded.is_ok(), "{id} loads");
    }
    begun.elapsed()
}

/// Ends it and starts it anew, several times.
fn again(room: &mut Room, scale: &Scale, end: fn(&mut Room)) -> Vec<Duration> {
    (0..scale.starts)
        .map(|_| {
            end(room);
            room.start()
        })
        .collect()
}

fn print(what: &str, spans: Vec<Duration>) {
    let spans: Vec<f64> = spans.iter().map(|span| span.as_secs_f64() * 1e3).collect();
    let max = spans.iter().copied().fold(0.0, f64::max);
    println!("{what:<60} median {:>6.0} ms, max {max:>6.0} ms, of {}", median(spans.clone()), spans.len());
}
