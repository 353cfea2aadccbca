//! An adapter in a language that we know nothing of, made by that language's own tool, is held to the same rules.

use kit::Folder;
use kit::check::Tier;
use sandbox::{Engine, EngineOptions};
use smartguard_tests::compiled::built;
use std::fs;
use std::path::Path;

#[tokio::test]
async fn an_adapter_in_python_keeps_the_cassettes_and_the_rules_of_the_script() {
    let Some(component) = built("plain_python") else { return };
    let plain = Path::new(env!("CARGO_MANIFEST_DIR")).join("guests/plain");
    let scratch = tempfile::tempdir().expect("a folder");
    let path = scratch.path().join("plain");
    fs::create_dir_all(path.join("cassettes")).expect("made");
    fs::copy(component, path.join("adapter.wasm")).expect("copied");
    fs::copy(plain.join("adapter.toml"), path.join("adapter.toml")).expect("copied");
    for entry in fs::read_dir(plain.join("cassettes")).expect("cassettes").flatten() {
        fs::copy(entry.path(), path.join("cassettes").join(entry.file_name())).expect("copied");
    }
    let folder = Folder::read(&path).unwrap_or_else(|trouble| panic!("{trouble}"));
    let cache = Path::new(env!("CARGO_TARGET_TMPDIR")).join("adapter-cache");
    let engine = Engine::new(EngineOptions::new(cache)).expect("the engine starts");
    let report = kit::check::run(&engine, &folder, &|_| {}).await.unwrap_or_else(|trouble| panic!("{trouble}"));
    let broken: Vec<&str> = report.broken().map(|judged| judged.id).collect();
    assert_eq!((broken, report.tier), (vec![], Some(Tier::Gold)), "{:#?}", report.rules);
}
