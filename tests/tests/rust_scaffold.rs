//! What `adapter new --rust` makes passes its own tests and the rules of its kind untouched, once it is built.

use kit::Folder;
use kit::check::Tier;
use sandbox::kind::Kind;
use sandbox::{Engine, EngineOptions};
use smartguard_tests::compiled::{build_one, built};
use std::collections::BTreeSet;
use std::path::Path;

fn write(parent: &Path, id: &str, kind: Kind) -> kit::new::rust::Crate {
    kit::new::rust::write(parent, id, kind).unwrap_or_else(|trouble| panic!("{trouble}"))
}

#[tokio::test]
async fn a_new_crate_of_each_kind_passes_untouched_once_it_is_built() {
    // Whoever could build this one can build those, from the same crates.
    if built("nomorobo").is_none() {
        return;
    }
    // Always the same place, so that each run's builds take the place of those before.
    let scratch = Path::new(env!("CARGO_TARGET_TMPDIR")).join("rust_scaffold");
    if scratch.exists() {
        std::fs::remove_dir_all(&scratch).expect("what the last run left can be removed");
    }
    let engine = EngineOptions::new(Path::new(env!("CARGO_TARGET_TMPDIR")).join("adapter-cache"));
    let engine = Engine::new(engine).expect("the engine starts");
    for (kind, expected, tier) in [
        // Its server is imagined, and that is said; a ranker has none.
        (Kind::Agency, BTreeSet::from(["provenance"]), Tier::Silver),
        (Kind::Ranker, BTreeSet::new(), Tier::Gold),
    ] {
        let made = write(&scratch, &format!("new_{kind}"), kind);
        build_one(&made.folder);
        let folder = Folder::read(&made.folder).unwrap_or_else(|trouble| panic!("{trouble}"));
        let tested =
            kit::test::run(&engine, &folder, false, |_| {}).await.unwrap_or_else(|trouble| panic!("{trouble}"));
        assert!(tested.passed(), "{kind}: {tested:#?}");
        let covered: BTreeSet<&str> = tested.cassettes.iter().map(|tested| tested.function).collect();
        assert_eq!(covered, folder.manifest.functions.named().into_iter().collect(), "{kind}");
        let report = kit::check::run(&engine, &folder, &|_| {}).await.unwrap_or_else(|trouble| panic!("{trouble}"));
        let broken: BTreeSet<&str> = report.broken().map(|judged| judged.id).collect();
        assert_eq!((broken, report.tier), (expected, Some(tier)), "{kind}: {:#?}", report.rules);
    }
}

#[test]
fn the_sdk_is_put_beside_the_first_crate_whole_and_left_alone_by_the_next() {
    let scratch = tempfile::tempdir().expect("a folder");
    let first = write(scratch.path(), "first", Kind::Agency);
    assert!(first.sdk_is_new, "{first:?}");
    // By its manifest a folder is known as an adapter's.
    assert!(first.folder.join("adapter.toml").is_file() && !first.sdk.join("adapter.toml").exists());
    let names = |folder: &Path| -> BTreeSet<_> {
        std::fs::read_dir(folder).expect("a folder").flatten().map(|entry| entry.file_name()).collect()
    };
    let ours = Path::new(env!("CARGO_MANIFEST_DIR")).join("../adapters/sdk/src");
    assert_eq!(names(&first.sdk.join("src")), names(&ours), "a source of the SDK is not part of the program");
    std::fs::write(first.sdk.join("src/lib.rs"), "mine").expect("written");
    let second = write(scratch.path(), "second", Kind::Ranker);
    assert!(!second.sdk_is_new);
    assert_eq!(std::fs::read_to_string(first.sdk.join("src/lib.rs")).expect("a source"), "mine");
}

#[test]
fn what_cannot_be_made_leaves_nothing_behind() {
    let scratch = tempfile::tempdir().expect("a folder");
    let refused = |id: &str, kind: Kind| {
        kit::new::rust::write(scratch.path(), id, kind).map(|made| made.folder).expect_err("refused").to_string()
    };
    for kind in [Kind::Provider, Kind::CarrierLookup] {
        let said = refused("acme", kind);
        assert!(said.contains("no template in Rust") && said.contains("leave out `--rust`"), "{said}");
    }
    assert!(refused("sdk", Kind::Agency).contains("choose another id"));
    assert!(refused("Acme", Kind::Agency).contains("write `acme`"));
    assert_eq!(std::fs::read_dir(scratch.path()).expect("a folder").count(), 0);
    std::fs::create_dir(scratch.path().join("sdk")).expect("a folder");
    assert!(refused("acme", Kind::Agency).contains("is not the SDK"));
    assert!(!scratch.path().join("acme").exists());
}
