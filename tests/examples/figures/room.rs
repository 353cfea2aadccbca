//! A daemon with numbers and users in it, in a folder of its own.

use super::load::Asker;
use serde_json::json;
use smartguard_tests::daemon::Daemon;
use smartguard_tests::floor;
use std::path::Path;
use std::time::{Duration, Instant};

/// Caps that nobody reaches and no checks in the meantime: what is measured is the path of a call.
const POLICY: &str = r#"
per_day_soft = 100000
per_day_hard = 100000
per_hour = 65000
per_minute = 65000
turn_gap = "0s"
check_every = "30d"
check_every_urgent = "30d"
"#;
/// So many that the window of an owner, the answers that may run ahead of the disk, is not the bound: as fast as this
/// machine goes, each is asked some eighty times a second, which is more than any seat or campaign calls.
pub const USERS: u64 = 500;
const POOL: u64 = 10;

/// The folder, the binary, and the daemon while it runs.
pub struct Room {
    pub folder: tempfile::TempDir,
    binary: &'static Path,
    further: &'static [&'static str],
    daemon: Option<Daemon>,
}

impl Room {
    /// An empty daemon, started for the first time, and what its start took.
    /// `configuration` goes before the rest of its file; no adapter reaches beyond this machine.
    pub fn open(binary: &'static Path, configuration: &str, further: &'static [&'static str]) -> (Room, Duration) {
        let folder = tempfile::tempdir().expect("a folder");
        floor::prepare(folder.path(), floor::NOWHERE, floor::NOWHERE, POLICY);
        let file = folder.path().join("smartguard.toml");
        let rest = std::fs::read_to_string(&file).expect("written just now");
        std::fs::write(&file, format!("{configuration}\n{rest}")).expect("written");
        let mut room = Room { folder, binary, further, daemon: None };
        let took = room.start();
        (room, took)
    }

    /// From the start of the process until it says that it serves.
    pub fn start(&mut self) -> Duration {
        let begun = Instant::now();
        let daemon = Daemon::try_start_as(self.binary, self.folder.path(), self.further).expect("it starts");
        let took = begun.elapsed();
        self.daemon = Some(daemon);
        took
    }

    pub fn stop(&mut self) {
        assert!(self.daemon.take().expect("it runs").stop().success());
    }

    pub fn kill(&mut self) {
        self.daemon.take().expect("it runs").kill();
    }

    pub fn daemon(&self) -> &Daemon {
        self.daemon.as_ref().expect("it runs")
    }

    /// A business with so many numbers in service.
    pub async fn import(&self, numbers: u64) {
        self.daemon().must_post("/v1/businesses", &floor::business("acme", "self")).await;
        let rows: String =
            (0..numbers).map(|n| format!("+1212555{n:04},in_service,2025-01-01,declared:Ann,+12125550100\n")).collect();
        let report = floor::import(self.daemon(), "acme", format!("number,service,since,right,callback\n{rows}")).await;
        assert_eq!(report["added"], numbers, "{report}");
    }

    /// Users with a full pool each; asks go to them in turn.
    pub async fn furnish(&self) -> Asker {
        self.import(USERS * POOL).await;
        for user in 0..USERS {
            let user = json!({ "name": format!("u{user}"), "business": "acme" });
            let answer = self.daemon().must_post("/v1/users", &user).await;
            assert_eq!(answer["pool"].as_array().map(Vec::len), Some(POOL as usize), "{answer}");
        }
        self.rest().await;
        let address = self.daemon().base.trim_start_matches("http://").parse().expect("an address");
        let asker = Asker::new(address, USERS);
        // Every owner's first decision waits for the disk; it is the grant of the window that later ones run ahead by.
        asker.some(2 * USERS).await;
        asker
    }

    /// Waits until the first checks of all numbers are over: no adapter was called for a second.
    pub async fn rest(&self) {
        let calls = async || {
            let adapters = self.daemon().get("/v1/adapters").await;
            floor::list(&adapters, "adapters").iter().filter_map(|adapter| adapter["calls"].as_u64()).sum::<u64>()
        };
        let mut before = calls().await;
        loop {
            tokio::time::sleep(Duration::from_secs(1)).await;
            let now = calls().await;
            if now == before {
                return;
            }
            before = now;
        }
    }
}

/// Computing time that a process has used so far, of all its threads.
pub fn cpu_of(pid: u32) -> Duration {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).expect("it runs");
    // The name in brackets may hold anything; user and system time are the twelfth and thirteenth after it.
    let after = stat.rsplit_once(')').expect("a name").1;
    let ticks: u64 = after.split_whitespace().skip(11).take(2).filter_map(|ticks| ticks.parse::<u64>().ok()).sum();
    // Linux counts these in hundredths of a second on every machine that we run on.
    Duration::from_millis(ticks * 10)
}
