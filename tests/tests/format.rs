//! Data in another format than this version knows is left as it is, and it is said what to do.

use smartguard::house::format::{FORMAT, FORMAT_NAME};
use smartguard::store::{Key, Op, SledOptions, SledStore, Store, Tree};
use smartguard_tests::daemon::{Daemon, binary};
use smartguard_tests::floor::{self, NOWHERE, POLICY};
use std::path::Path;
use std::process::Command;

/// Has a store at rest say that it is in this format, or none.
async fn say_format(folder: &Path, format: Option<u32>) {
    let store = SledStore::open(&folder.join("data/store"), SledOptions::default()).expect("the store");
    let key = Key::new(Tree::Meta, FORMAT_NAME);
    let op = match format {
        Some(format) => Op::put(key, format.to_be_bytes().to_vec()),
        None => Op::Delete { key },
    };
    store.commit(vec![op]).await.expect("kept");
    store.close().await.expect("closed");
}

/// What the command line says to this, which it must refuse.
fn refusal(folder: &Path, arguments: &[&str]) -> String {
    let output = Command::new(binary()).current_dir(folder).args(arguments).output().expect("the binary runs");
    assert!(!output.status.success(), "{arguments:?} is refused");
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[tokio::test]
async fn data_of_another_format_is_left_as_it_is() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path();
    floor::prepare(at, NOWHERE, NOWHERE, POLICY);
    floor::share_compiled_adapters(at);
    assert!(Daemon::start(at).stop().success());
    let newer = FORMAT + 1;
    for (format, parts) in [
        (Some(newer), [format!("is in format {newer}"), "run the newer version".to_owned()]),
        (None, ["is in format 0".to_owned(), "run the older version".to_owned()]),
    ] {
        say_format(at, format).await;
        let said = Daemon::try_start(at).err().expect("it does not start");
        assert!(parts.iter().all(|part| said.contains(part)), "{said}");
        assert!(said.contains(&format!("knows format {FORMAT} alone")) && !said.contains("panicked"), "{said}");
    }

    // An export says its format too, and one of another is not imported.
    say_format(at, Some(newer)).await;
    let exported = Command::new(binary())
        .current_dir(at)
        .args(["export", "newer.ndjson", "--data", "data"])
        .status()
        .expect("the binary runs");
    assert!(exported.success());
    let said = refusal(at, &["import", "newer.ndjson", "--data", "other"]);
    assert!(said.contains(&format!("is in format {newer}")) && !at.join("other/store").exists(), "{said}");

    say_format(at, Some(FORMAT)).await;
    assert!(Daemon::start(at).stop().success(), "nothing was changed");
}
