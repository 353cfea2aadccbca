//! How long a start takes: of the adapters alone, of the daemon cold and warm, with many numbers, after a crash.

use super::room::Room;
use super::{Scale, median};
use sandbox::{Engine, EngineOptions};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

const NUMBERS_MANY: u64 = 10_000;
const CALLS_MANY: u64 = 50_000;

/// Every adapter that is shipped: where it lies.
fn shipped() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../adapters");
    let mut folders: Vec<PathBuf> =
        std::fs::read_dir(folder).expect("adapters").flatten().map(|entry| entry.path()).collect();
    folders.retain(|folder| folder.join("adapter.toml").is_file());
    folders.sort();
    folders
}

pub async fn measure(binary: &'static Path, scale: &Scale) {
    println!("\n## All {} shipped adapters, made ready to be called at once\n", shipped().len());
    let (mut cold, mut warm) = (Vec::new(), Vec::new());
    let mut idle_kib = 0;
    for _ in 0..scale.starts {
        let cache = tempfile::tempdir().expect("a folder");
        cold.push(load(cache.path()).await.0);
        let (took, kib) = load(cache.path()).await;
        warm.push(took);
        idle_kib = kib;
    }
    print("cold: an empty cache (goal: 20 s)", cold);
    print("warm: from the cache (goal: 300 ms)", warm);
    println!("- the idle roster takes {} MiB of the process", idle_kib / 1024);

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

/// All of them at once, in an engine of their own, as a start does it. Also how many KiB the process grew by.
async fn load(cache: &Path) -> (Duration, u64) {
    let before = resident_kib();
    let begun = Instant::now();
    let engine = Engine::new(EngineOptions::new(cache)).expect("an engine");
    let each = shipped().into_iter().map(|path| {
        let engine = engine.clone();
        async move {
            let folder = kit::Folder::read(&path).unwrap_or_else(|trouble| panic!("{trouble}"));
            folder.load(&engine).await.unwrap_or_else(|trouble| panic!("{trouble}"))
        }
    });
    let guests = futures_util::future::join_all(each).await;
    let took = begun.elapsed();
    let grown = resident_kib().saturating_sub(before);
    drop(guests);
    (took, grown)
}

fn resident_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(|line| line.trim().trim_end_matches(" kB").parse().ok()).unwrap_or(0)
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
