//! Real scripts in the roster: swapped under load, refused when broken, benched when they keep failing.

use numbers::{E164, Moment};
use sandbox::agency::{Check, CheckAnswer};
use sandbox::datasets::Datasets;
use sandbox::grant::Grants;
use sandbox::http::{Gate, Rebinds};
use sandbox::roster::{Bundled, Live, Offered, Refused, Roster, State};
use sandbox::secrets::Secrets;
use sandbox::{CallError, Engine, EngineOptions, Guest, Powers};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;
use tempfile::TempDir;

const NOW: Moment = Moment(1_800_000_000_000);
const MANIFEST: &str = r#"
id = "probe"
kind = "agency"
version = "1"
summary = "Labels every number with its own version"
wit = "0.0.1"
confidence = "unknown"
[agencies]
speaks_for = ["probe"]
[limits]
cpu_ms = 200
timeout_s = 5
[functions.check]
"#;
const VERSION_ZERO: &str = "export const agency = {
  describe() { return { id: 'probe', version: '1', functions: ['check'], speaksFor: ['probe'] }; },
  check(request) {
    const observe = (number) => ({ number, agency: 'probe', status: 'unflagged', label: 'v0', observedAt: 0, costMicros: 0 });
    return { tag: 'observations', val: request.numbers.map(observe) };
  },
};
";
const BUNDLED: [Bundled; 1] = [Bundled { id: "probe", manifest: MANIFEST, script: VERSION_ZERO, modules: &[] }];

struct Room {
    roster: Arc<Roster<Engine>>,
    folder: TempDir,
}

impl Room {
    async fn new() -> Room {
        let folder = tempfile::tempdir().expect("a folder");
        // The cache outlives the tests, so that the runtime for scripts is compiled once.
        let cache = Path::new(env!("CARGO_TARGET_TMPDIR")).join("adapter-cache");
        let engine = Engine::new(EngineOptions::new(cache)).expect("the engine starts");
        let gate = Gate::new(Rebinds::default(), Secrets::default());
        let datasets = Datasets::new(folder.path().join("datasets"));
        let roster = Roster::new(engine, gate, datasets, BTreeMap::new(), Grants::default());
        roster.load_bundled(&BUNDLED, NOW).await;
        let trouble = roster.list(NOW).remove(0).trouble;
        assert_eq!(trouble, None, "the bundled script serves");
        Room { roster: Arc::new(roster), folder }
    }

    async fn save(&self, script: &str) -> Result<Offered, String> {
        let folder = self.folder.path().join("probe");
        std::fs::create_dir_all(&folder).expect("a folder");
        std::fs::write(folder.join("adapter.toml"), MANIFEST).expect("a manifest");
        std::fs::write(folder.join("adapter.js"), script).expect("a script");
        self.roster.load_folder(&folder, NOW).await.map_err(|trouble| trouble.to_string())
    }
}

/// The label that the version in force gives.
async fn label(roster: &Roster<Engine>, now: Moment) -> Result<String, Refused<CallError>> {
    let number = E164::parse("+12025550143").expect("a number");
    let check = async |live: Arc<Live<Guest>>| {
        let powers: Arc<dyn Powers> = live.powers.clone();
        live.guest.check(&powers, Check::of(&[number])).await
    };
    match roster.call("probe", now, check).await? {
        CheckAnswer::Observations(observations) => Ok(observations[0].label.clone().unwrap_or_default()),
        CheckAnswer::Pending(_) => Ok("pending".to_owned()),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_script_is_swapped_twenty_times_under_load_and_no_call_is_dropped() {
    let room = Room::new().await;
    let (stop, calls) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
    let callers: Vec<_> = (0..3)
        .map(|_| {
            let (roster, stop, calls) = (room.roster.clone(), stop.clone(), calls.clone());
            tokio::spawn(async move {
                while !stop.load(Ordering::SeqCst) {
                    assert!(label(&roster, NOW).await.expect("an answer").starts_with('v'));
                    calls.fetch_add(1, Ordering::SeqCst);
                    // Load, not starvation: without a breath between calls this would measure how the machine shares its cores.
                    tokio::time::sleep(Duration::from_millis(2)).await;
                }
            })
        })
        .collect();
    let began = std::time::Instant::now();
    for version in 1..=20 {
        let saved = room.save(&VERSION_ZERO.replace("'v0'", &format!("'v{version}'"))).await;
        assert_eq!(saved, Ok(Offered::Live));
        assert_eq!(label(&room.roster, NOW).await, Ok(format!("v{version}")));
    }
    println!("20 swaps in {:?}, {} calls meanwhile", began.elapsed(), calls.load(Ordering::SeqCst));
    stop.store(true, Ordering::SeqCst);
    for caller in callers {
        caller.await.expect("no call was dropped");
    }
}

#[tokio::test]
async fn a_broken_script_is_refused_with_its_place_and_changes_nothing() {
    let room = Room::new().await;
    for (script, words) in [
        (VERSION_ZERO.replace("check(request) {", "check(request {"), "probe/adapter.js"),
        (format!("{VERSION_ZERO}throw new Error('at load');"), "at load"),
        (VERSION_ZERO.replace("id: 'probe'", "id: 'other'"), "`describe` says `other`"),
        (VERSION_ZERO.replace("speaksFor: ['probe']", "speaksFor: ['hiya']"), "speaks for `hiya`"),
    ] {
        let refusal = room.save(&script).await.expect_err(words);
        assert!(refusal.contains(words), "{refusal}");
        let status = room.roster.list(NOW).remove(0);
        assert_eq!(status.state, State::Live);
        assert_eq!(status.trouble.map(|trouble| trouble.to_string()), Some(refusal));
        assert_eq!(label(&room.roster, NOW).await, Ok("v0".to_owned()));
    }
}

#[tokio::test]
async fn a_script_that_keeps_spinning_is_benched_and_a_repaired_one_serves_at_once() {
    let room = Room::new().await;
    let spinning = VERSION_ZERO.replace("check(request) {", "check(request) { for (;;) {}");
    assert_eq!(room.save(&spinning).await, Ok(Offered::Live));
    for _ in 0..3 {
        assert!(matches!(label(&room.roster, NOW).await, Err(Refused::Failed(CallError::Fault(_)))));
    }
    match label(&room.roster, NOW).await {
        Err(Refused::Benched { reason, .. }) => assert!(reason.starts_with("3 faults in a row"), "{reason}"),
        other => panic!("{other:?}"),
    }
    assert!(matches!(room.roster.list(NOW).remove(0).state, State::Benched { .. }));
    assert_eq!(room.save(&VERSION_ZERO.replace("'v0'", "'v1'")).await, Ok(Offered::Live));
    assert_eq!(label(&room.roster, NOW).await, Ok("v1".to_owned()));
}
