//! Adapters in Rust do what the scripts do: the same cassettes, the same rules.

use kit::Folder;
use kit::check::{Report, Tier};
use numbers::E164;
use sandbox::agency::Check;
use sandbox::kind::Kind;
use sandbox::{Engine, EngineOptions, Limits, Powers};
use smartguard_tests::compiled::{Canned, built, put_together};
use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

fn engine() -> Engine {
    let cache = Path::new(env!("CARGO_TARGET_TMPDIR")).join("adapter-cache");
    Engine::new(EngineOptions::new(cache)).expect("the engine starts")
}

/// Holds a component to the cassettes that lie in this folder of the repository, and to the rules; nothing where it is
/// not built.
async fn check(guest: &str, folder: &str) -> Option<(usize, Report)> {
    let component = built(guest)?;
    let scratch = tempfile::tempdir().expect("a folder");
    let path = put_together(&component, folder, scratch.path());
    let folder = Folder::read(&path).unwrap_or_else(|trouble| panic!("{trouble}"));
    let engine = engine();
    let tested = kit::test::run(&engine, &folder, false, |_| {}).await.unwrap_or_else(|trouble| panic!("{trouble}"));
    let differences: Vec<String> =
        tested.cassettes.iter().flat_map(|tested| &tested.differences).map(ToString::to_string).collect();
    assert!(tested.passed(), "{}", differences.join("\n"));
    let report = kit::check::run(&engine, &folder, &|_| {}).await.unwrap_or_else(|trouble| panic!("{trouble}"));
    Some((tested.cassettes.len(), report))
}

fn broken(report: &Report) -> BTreeSet<&str> {
    report.broken().map(|judged| judged.id).collect()
}

#[tokio::test]
async fn the_rust_adapter_keeps_the_cassettes_and_the_rules_of_the_script() {
    let Some((cassettes, report)) = check("nomorobo", "adapters/nomorobo").await else { return };
    assert!(cassettes >= 40, "{cassettes} cassettes");
    // As for the script: nobody has been able to record what the agency says.
    let expected = (BTreeSet::from(["provenance"]), Some(Tier::Silver));
    assert_eq!((broken(&report), report.tier), expected, "{:#?}", report.rules);
}

#[tokio::test]
async fn the_rust_ranker_keeps_its_cassette_and_the_rules_of_rankers() {
    let Some((_, report)) = check("best_answered", "adapters/sdk/examples/best_answered").await else { return };
    assert_eq!((broken(&report), report.tier), (BTreeSet::new(), Some(Tier::Gold)), "{:#?}", report.rules);
}

#[tokio::test]
async fn a_panic_ends_the_call_and_says_what_happened_and_where() {
    let Some(component) = built("panics") else { return };
    let code = std::fs::read(component).expect("a component");
    let guest = engine().load(Kind::Agency, code, "panics/adapter.wasm", Limits::default()).await;
    let guest = guest.unwrap_or_else(|error| panic!("{error}"));
    let powers: Arc<dyn Powers> = Arc::new(Canned::default());
    let number = E164::from_digits(12_025_550_100).expect("a number");
    let fault = guest.check(&powers, Check::of(&[number])).await.expect_err("it panics").to_string();
    let place = "panicked at ./tests/guests/rust/panics/src/lib.rs:21";
    for word in ["adapter panics: `check` was ended by a trap", "1 numbers are too many for me", place] {
        assert!(fault.contains(word), "{word}: {fault}");
    }
    let unsupported = guest.track(&powers, "key").await.expect_err("it does not track").to_string();
    assert!(unsupported.contains("this adapter has no `track`"), "{unsupported}");
}
