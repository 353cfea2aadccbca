//! What changed under watched folders, as people and editors change it.

use sandbox::watch::{Change, QUIET_DEFAULT, Watch};
use std::path::Path;
use tempfile::TempDir;

/// A watched folder with one adapter's folder and one policy in it.
fn room() -> (TempDir, Watch) {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::create_dir(folder.path().join("nomorobo")).expect("a folder");
    std::fs::write(folder.path().join("nomorobo/adapter.js"), "one").expect("a file");
    std::fs::write(folder.path().join("acme.toml"), "one").expect("a file");
    let watch = Watch::start(vec![folder.path().to_owned()], QUIET_DEFAULT).expect("a watch");
    (folder, watch)
}

/// Does something, and says what is noticed of it.
async fn check(act: impl FnOnce(&Path), expected: &[(&str, bool)]) {
    let (folder, mut watch) = room();
    act(folder.path());
    let expected: Vec<Change> = expected
        .iter()
        .map(|(name, written)| {
            let path = folder.path().join(name);
            if *written { Change::Written(path) } else { Change::Removed(path) }
        })
        .collect();
    assert_eq!(watch.changed().await, expected);
    assert_eq!(watch.look().await, [], "told once");
}

#[tokio::test]
async fn a_save_is_noticed_where_it_happened() {
    check(|at| std::fs::write(at.join("nomorobo/adapter.js"), "two").expect("a save"), &[("nomorobo", true)]).await;
    check(|at| std::fs::write(at.join("acme.toml"), "two").expect("a save"), &[("acme.toml", true)]).await;
    let by_rename = |at: &Path| {
        std::fs::write(at.join(".acme.toml.tmp"), "two").expect("a save");
        std::fs::rename(at.join(".acme.toml.tmp"), at.join("acme.toml")).expect("a rename");
    };
    check(by_rename, &[("acme.toml", true)]).await;
    let new_adapter = |at: &Path| {
        std::fs::create_dir(at.join("fcr")).expect("a folder");
        std::fs::write(at.join("fcr/adapter.toml"), "x").expect("a file");
        std::fs::write(at.join("fcr/adapter.js"), "y").expect("a file");
    };
    check(new_adapter, &[("fcr", true)]).await;
    check(|at| std::fs::remove_dir_all(at.join("nomorobo")).expect("a removal"), &[("nomorobo", false)]).await;
}

#[tokio::test]
async fn a_save_without_a_change_and_an_editors_own_files_are_not_reported() {
    let noise_then_a_save = |at: &Path| {
        std::fs::write(at.join("nomorobo/adapter.js"), "one").expect("a save");
        std::fs::write(at.join("acme.toml~"), "backup").expect("a backup");
        std::fs::write(at.join("nomorobo/.adapter.js.swp"), "swap").expect("a swap file");
        std::fs::write(at.join("acme.toml"), "two").expect("a save");
    };
    check(noise_then_a_save, &[("acme.toml", true)]).await;
}

#[tokio::test]
async fn a_folder_that_was_replaced_or_appears_later_is_watched_again() {
    let parent = tempfile::tempdir().expect("a folder");
    let folder = parent.path().join("policies");
    let mut watch = Watch::start(vec![folder.clone()], QUIET_DEFAULT).expect("a watch");
    for text in ["one", "two"] {
        std::fs::create_dir(&folder).expect("a folder");
        std::fs::write(folder.join("acme.toml"), text).expect("a file");
        assert_eq!(watch.look().await, [Change::Written(folder.join("acme.toml"))]);
        std::fs::write(folder.join("acme.toml"), "noticed").expect("a save");
        assert_eq!(watch.changed().await, [Change::Written(folder.join("acme.toml"))], "notices work again");
        std::fs::remove_dir_all(&folder).expect("a removal");
        assert_eq!(watch.look().await, [Change::Removed(folder.join("acme.toml"))]);
    }
}
