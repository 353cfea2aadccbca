//! An adapter in a language that we know nothing of, made by that language's own tool, is held to the same rules.

use kit::Folder;
use kit::check::Tier;
use sandbox::{Engine, EngineOptions};
use smartguard_tests::compiled::{built, put_together};
use std::path::Path;

#[tokio::test]
async fn an_adapter_in_python_keeps_the_cassettes_and_the_rules_of_the_script() {
    let Some(component) = built("plain_python") else { return };
    let scratch = tempfile::tempdir().expect("a folder");
    let path = put_together(&component, "tests/guests/plain", scratch.path());
    let folder = Folder::read(&path).unwrap_or_else(|trouble| panic!("{trouble}"));
    let cache = Path::new(env!("CARGO_TARGET_TMPDIR")).join("adapter-cache");
    let engine = Engine::new(EngineOptions::new(cache)).expect("the engine starts");
    let report = kit::check::run(&engine, &folder, &|_| {}).await.unwrap_or_else(|trouble| panic!("{trouble}"));
    let broken: Vec<&str> = report.broken().map(|judged| judged.id).collect();
    assert_eq!((broken, report.tier), (vec![], Some(Tier::Gold)), "{:#?}", report.rules);
}
