//! Adapters in Rust do what the scripts do: the same cassettes, the same rules, the same order.

use kit::Folder;
use kit::check::Tier;
use numbers::{E164, Moment, Status};
use sandbox::kind::Kind;
use sandbox::ranker::{RankCandidate, RankRequest};
use sandbox::{Engine, EngineOptions, Limits, Powers};
use smartguard_tests::compiled::{Canned, built};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

fn engine() -> Engine {
    let cache = Path::new(env!("CARGO_TARGET_TMPDIR")).join("adapter-cache");
    Engine::new(EngineOptions::new(cache)).expect("the engine starts")
}

/// A folder with the manifest and the cassettes of the script, and this component for its code.
fn in_the_place_of_the_script(component: &Path, scratch: &Path) -> PathBuf {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../adapters/nomorobo");
    let folder = scratch.join("nomorobo");
    std::fs::create_dir_all(folder.join("cassettes")).expect("made");
    std::fs::copy(component, folder.join("adapter.wasm")).expect("copied");
    std::fs::copy(script.join("adapter.toml"), folder.join("adapter.toml")).expect("copied");
    for entry in std::fs::read_dir(script.join("cassettes")).expect("cassettes").flatten() {
        std::fs::copy(entry.path(), folder.join("cassettes").join(entry.file_name())).expect("copied");
    }
    folder
}

#[tokio::test]
async fn the_rust_adapter_keeps_the_cassettes_and_the_rules_of_the_script() {
    let Some(component) = built("nomorobo") else { return };
    let scratch = tempfile::tempdir().expect("a folder");
    let path = in_the_place_of_the_script(&component, scratch.path());
    let folder = Folder::read(&path).unwrap_or_else(|trouble| panic!("{trouble}"));
    let engine = engine();
    let tested = kit::test::run(&engine, &folder, false, |_| {}).await.unwrap_or_else(|trouble| panic!("{trouble}"));
    let differences: Vec<String> =
        tested.cassettes.iter().flat_map(|tested| &tested.differences).map(ToString::to_string).collect();
    assert!(tested.passed(), "{}", differences.join("\n"));
    assert!(tested.cassettes.len() >= 40, "{} cassettes", tested.cassettes.len());
    let report = kit::check::run(&engine, &folder, &|_| {}).await.unwrap_or_else(|trouble| panic!("{trouble}"));
    // As for the script: nobody has been able to record what the agency says.
    let broken: BTreeSet<&str> = report.broken().map(|judged| judged.id).collect();
    assert_eq!((broken, report.tier), (BTreeSet::from(["provenance"]), Some(Tier::Silver)), "{:#?}", report.rules);
}

fn candidate(number: u64, standing: Status, engaged: u32, attempts: u32, shown_today: u32) -> RankCandidate {
    RankCandidate {
        number: E164::from_digits(number).expect("a number"),
        standing,
        locality: "state",
        shown_today,
        shown_last_hour: 0,
        engaged,
        attempts,
        turn_left: 3,
    }
}

#[tokio::test]
async fn the_rust_ranker_shows_first_what_is_answered_most() {
    let Some(component) = built("best_answered") else { return };
    let code = std::fs::read(component).expect("a component");
    let guest = engine().load(Kind::Ranker, code, "best_answered/adapter.wasm", Limits::default()).await;
    let guest = guest.unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(guest.description().id, "best_answered");
    let request = RankRequest {
        owner: "ann".to_owned(),
        campaign: None,
        callee_area_code: "202".to_owned(),
        callee_carrier: None,
        attempt: 1,
        at: Moment(Canned::NOW_MS),
        candidates: vec![
            candidate(12_025_550_100, Status::Unflagged, 4, 100, 3),
            candidate(12_025_550_101, Status::MixedLow, 90, 100, 0),
            candidate(12_025_550_102, Status::Unflagged, 30, 100, 9),
            // Too few calls to say anything, and the one that was shown less goes first.
            candidate(12_025_550_103, Status::Unknown, 5, 5, 2),
            candidate(12_025_550_104, Status::Unflagged, 0, 0, 1),
        ],
    };
    let powers: Arc<dyn Powers> = Arc::new(Canned::default());
    let ranking = guest.rank(&powers, &request).await.expect("an order");
    assert_eq!(ranking.order, [2, 4, 3, 0, 1]);
    assert_eq!(ranking.reason, "by the share that was answered, known of 3");
}

#[tokio::test]
async fn a_panic_ends_the_call_and_says_what_happened_and_where() {
    let Some(component) = built("panics") else { return };
    let code = std::fs::read(component).expect("a component");
    let guest = engine().load(Kind::Agency, code, "panics/adapter.wasm", Limits::default()).await;
    let guest = guest.unwrap_or_else(|error| panic!("{error}"));
    let powers: Arc<dyn Powers> = Arc::new(Canned::default());
    let number = E164::from_digits(12_025_550_100).expect("a number");
    let fault = guest.check(&powers, &[number], None).await.expect_err("it panics").to_string();
    for word in [
        "adapter panics: `check` was ended by a trap",
        "1 numbers are too many for me",
        "panicked at ./tests/guests/rust/panics/src/lib.rs:21",
    ] {
        assert!(fault.contains(word), "{word}: {fault}");
    }
    let unsupported = guest.track(&powers, "key").await.expect_err("it does not track").to_string();
    assert!(unsupported.contains("this adapter has no `track`"), "{unsupported}");
}
