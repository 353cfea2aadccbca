//! From the save of a script to the moment at which it serves, while calls go on.

use super::Scale;
use super::room::Room;
use smartguard_tests::floor;
use std::path::Path;
use std::time::{Duration, Instant};

/// How often the daemon is asked whether the new version serves; the figures are no finer than this.
const LOOK_EVERY: Duration = Duration::from_millis(5);

pub async fn measure(binary: &'static Path, scale: &Scale) {
    println!("\n## Save of a script to live\n");
    let (room, _) = Room::open(binary, "", &[]);
    let asker = room.furnish().await;
    let daemon = room.daemon();
    let script = floor::shipped("nomorobo", "adapter.js");
    let folder = floor::adapter_folder(room.folder.path(), "nomorobo");
    std::fs::create_dir_all(&folder).expect("a folder");
    std::fs::write(folder.join("adapter.toml"), floor::shipped("nomorobo", "adapter.toml")).expect("written");
    let swap = async |version: usize| {
        let before = daemon.get("/v1/adapters/nomorobo").await["revision"].clone();
        let begun = Instant::now();
        std::fs::write(folder.join("adapter.js"), format!("{script}\n// version {version}\n")).expect("written");
        while daemon.get("/v1/adapters/nomorobo").await["revision"] == before {
            tokio::time::sleep(LOOK_EVERY).await;
        }
        begun.elapsed().as_secs_f64() * 1e3
    };
    let first = swap(0).await;
    println!("the first swap after a start: {first:.0} ms");
    for (beside, busy) in [("nothing else going on", false), ("200 asks a second going on", true)] {
        let done = std::sync::atomic::AtomicBool::new(false);
        let swaps = async {
            let mut spans = Vec::new();
            for version in 0..scale.swaps {
                spans.push(swap(1 + version + usize::from(busy) * scale.swaps).await);
            }
            done.store(true, std::sync::atomic::Ordering::Relaxed);
            spans
        };
        let asks = async {
            let mut asked = 0;
            while busy && !done.load(std::sync::atomic::Ordering::Relaxed) {
                asked += asker.paced(4, 200, Duration::from_secs(1)).await.asks();
            }
            asked
        };
        let (mut spans, asked) = tokio::join!(swaps, asks);
        spans.sort_by(f64::total_cmp);
        let (p50, max) = (spans[spans.len() / 2], spans[spans.len() - 1]);
        println!(
            "{} swaps, {beside}: p50 {p50:.0} ms, max {max:.0} ms (goal: 1,000 ms); {asked} asks, none dropped",
            spans.len()
        );
    }
}
