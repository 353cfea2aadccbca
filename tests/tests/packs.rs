//! Adapters as files: packed the same everywhere, refused when they are not whole, put in place and taken back.

use smartguard_tests::command::{Said, smartguard};
use std::fs;
use std::path::{Path, PathBuf};

/// A folder with a copy of a good adapter, and an empty one for adapters.
fn room() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    copy(&Path::new(env!("CARGO_MANIFEST_DIR")).join("guests/plain"), &folder.path().join("plain"));
    fs::create_dir(folder.path().join("adapters")).expect("made");
    folder
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("made");
    for entry in fs::read_dir(from).expect("a folder").flatten() {
        let (from, to) = (entry.path(), to.join(entry.file_name()));
        if from.is_dir() {
            copy(&from, &to);
        } else {
            fs::copy(from, to).expect("copied");
        }
    }
}

fn change(path: &Path, replace: &str, with: &str) {
    let text = fs::read_to_string(path).expect("a text");
    assert!(text.contains(replace), "{replace:?} stands in {}", path.display());
    fs::write(path, text.replace(replace, with)).expect("written");
}

fn pack(room: &Path, out: &str) -> PathBuf {
    smartguard(room, &["adapter", "pack", "plain", "--out", out]).ended(0);
    room.join(out)
}

/// The next version, which asks for more and may take longer.
fn next_version(room: &Path) {
    let manifest = room.join("plain/adapter.toml");
    change(&manifest, "version = \"1.0.0\"", "version = \"2.0.0\"");
    change(&room.join("plain/adapter.js"), "version: \"1.0.0\"", "version: \"2.0.0\"");
    change(&manifest, "[limits]", "[limits]\ntimeout_s = 120");
}

fn install(room: &Path, file: &str) -> Said {
    smartguard(room, &["adapter", "install", file, "--adapters", "adapters", "--yes", "--json"])
}

/// Everything that lies in the place of the adapter, by name.
fn placed(room: &Path) -> Vec<(String, Vec<u8>)> {
    let Ok(entries) = fs::read_dir(room.join("adapters/plain")) else { return Vec::new() };
    let read = |path: PathBuf| {
        let name = path.file_name().expect("a name").to_string_lossy().into_owned();
        (name, fs::read(path).expect("a file"))
    };
    let mut files: Vec<(String, Vec<u8>)> = entries.flatten().map(|entry| read(entry.path())).collect();
    files.sort();
    files
}

#[test]
fn the_same_adapter_gives_the_same_file() {
    let (one, other) = (room(), room());
    let first = fs::read(pack(one.path(), "first.adapter")).expect("packed");
    // Another place, and files that are newer.
    let manifest = other.path().join("plain/adapter.toml");
    fs::write(&manifest, fs::read(&manifest).expect("a manifest")).expect("written");
    let second = fs::read(pack(other.path(), "second.adapter")).expect("packed");
    assert_eq!(first, second);
    change(&other.path().join("plain/cassettes/clean.toml"), "about = \"", "about = \"Now: ");
    let third = fs::read(pack(other.path(), "third.adapter")).expect("packed");
    assert_ne!(first, third, "the cassettes that it kept are part of what it is");
}

#[test]
fn only_what_keeps_its_cassettes_is_packed() {
    let room = room();
    change(&room.path().join("plain/cassettes/clean.toml"), "status = \"unflagged\"", "status = \"flagged\"");
    let said = smartguard(room.path(), &["adapter", "pack", "plain"]).ended(6);
    assert!(said.err.contains("breaks a rule of the lowest tier"), "{said:?}");
    assert!(said.err.contains("smartguard adapter check plain"), "{said:?}");
    assert!(!fs::read_dir(room.path()).expect("a folder").flatten().any(|e| e.path().extension().is_some()), "no file");
}

#[test]
fn a_file_is_put_in_place_and_the_version_before_comes_back() {
    let room = room();
    let path = room.path();
    pack(path, "one.adapter");
    next_version(path);
    pack(path, "two.adapter");

    let said = smartguard(path, &["adapter", "install", "one.adapter", "--adapters", "adapters"]).ended(1);
    assert!(said.out.contains("+ GET requests to https://"), "what it asks for is shown first: {said:?}");
    assert!(said.err.contains("nobody is there to be asked"), "{said:?}");
    assert_eq!(placed(path), [], "and nothing happened");

    let first = install(path, "one.adapter").ended(0).json();
    assert_eq!((&first["installed"], &first["before"]), (&"plain".into(), &serde_json::Value::Null), "{first}");
    let one = placed(path);
    let names: Vec<&str> = one.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["README.md", "adapter.js", "adapter.toml", "pack.toml"]);
    assert_eq!(install(path, "one.adapter").ended(0).json()["unchanged"], "plain");

    let second = install(path, "two.adapter").ended(0).json();
    assert_eq!(second["version"], "2.0.0");
    assert_eq!(second["difference"]["more"], serde_json::json!(["up to 120 s for one call"]), "{second}");
    assert_eq!(second["difference"]["less"], serde_json::json!([]), "{second}");
    assert_eq!(second["difference"]["limits"][0]["limit"], "timeout_s", "{second}");
    let two = placed(path);
    assert_ne!(one, two);

    let rollback = ["adapter", "rollback", "plain", "--adapters", "adapters", "--yes"];
    let said = smartguard(path, &rollback).ended(0);
    assert!(said.out.contains("- up to 120 s for one call"), "the difference is shown on the way back too: {said:?}");
    assert_eq!(placed(path), one);
    smartguard(path, &rollback).ended(0);
    assert_eq!(placed(path), two, "a second time undoes the first");

    smartguard(path, &["adapter", "remove", "plain", "--adapters", "adapters"]).ended(1);
    let remove = ["adapter", "remove", "plain", "--adapters", "adapters", "--yes"];
    smartguard(path, &remove).ended(0);
    assert_eq!(placed(path), []);
    let said = smartguard(path, &remove).ended(4);
    assert!(said.err.contains("no adapter `plain` is in adapters"), "{said:?}");
    smartguard(path, &rollback).ended(0);
    assert_eq!(placed(path), two, "what was removed comes back");
    let left: Vec<String> = fs::read_dir(path.join("adapters"))
        .expect("a folder")
        .flatten()
        .map(|e| e.file_name().to_string_lossy().into_owned())
        .collect();
    assert!(!left.contains(&".incoming".to_owned()), "{left:?}");
}

#[test]
fn a_folder_that_somebody_wrote_is_never_lost() {
    let room = room();
    let path = room.path();
    pack(path, "one.adapter");
    next_version(path);
    pack(path, "two.adapter");
    copy(&path.join("plain"), &path.join("adapters/plain"));
    let mine = path.join("adapters/plain/notes.txt");
    fs::write(&mine, "mine").expect("written");
    install(path, "one.adapter").ended(0);
    assert_eq!(fs::read_to_string(path.join("adapters/.earlier/plain/notes.txt")).expect("kept"), "mine");
    install(path, "two.adapter").ended(0);
    assert_eq!(fs::read_to_string(path.join("adapters/.earlier/plain.by-hand-1/notes.txt")).expect("kept"), "mine");
    assert!(path.join("adapters/.earlier/plain/pack.toml").is_file(), "the version before came from a file");
}

#[track_caller]
fn check_refused(room: &Path, bytes: &[u8], words: &[&str]) {
    fs::write(room.join("bad.adapter"), bytes).expect("written");
    let said = install(room, "bad.adapter").ended(4);
    for word in ["bad.adapter", "hint"].iter().chain(words) {
        assert!(said.err.contains(word), "{word}: {said:?}");
    }
    assert_eq!(placed(room), [], "nothing was put in place");
}

#[test]
fn what_is_damaged_or_foreign_is_refused() {
    let room = room();
    let path = room.path();
    let whole = fs::read(pack(path, "whole.adapter")).expect("packed");
    check_refused(path, b"", &["is no packed adapter"]);
    check_refused(path, b"export const agency = {};\n", &["is no packed adapter", "smartguard adapter pack"]);
    check_refused(path, &whole[..whole.len() / 2], &["is damaged", "fetch it again"]);
    check_refused(path, &whole[..whole.len() - 1024], &["is damaged"]);
    check_refused(path, &[&whole, &b"more"[..]].concat(), &["is damaged"]);
    // One bit anywhere is noticed: in names, sizes, contents, digests and what fills up the blocks.
    let file = path.join("flipped.adapter");
    for place in 0..whole.len() {
        let mut flipped = whole.clone();
        flipped[place] ^= 1 << (place % 8);
        fs::write(&file, &flipped).expect("written");
        assert!(kit::pack::Pack::read(&file).is_err(), "a bit of byte {place} is another");
    }
    for id in ["../plain", "Plain", ""] {
        let said = smartguard(path, &["adapter", "remove", id, "--adapters", "adapters", "--yes"]).ended(4);
        assert!(said.err.contains("is no adapter's id"), "{said:?}");
    }
    let said = smartguard(path, &["adapter", "rollback", "plain", "--adapters", "adapters", "--yes"]).ended(4);
    assert!(said.err.contains("no earlier version of `plain` is kept"), "{said:?}");
}

#[test]
fn what_does_not_load_takes_nobodys_place() {
    let room = room();
    let path = room.path();
    // Whole and well-formed, but its script throws when it is loaded: somebody packed it with another program.
    let mut bad = kit::Folder::read(&path.join("plain")).unwrap_or_else(|trouble| panic!("{trouble}"));
    bad.code = b"throw new Error('not today');\n".to_vec();
    let bytes = kit::pack::pack(&bad, kit::check::Tier::Gold).unwrap_or_else(|trouble| panic!("{trouble}"));
    fs::write(path.join("bad.adapter"), bytes).expect("written");
    let said = install(path, "bad.adapter").ended(4);
    assert!(said.err.contains("plain/adapter.js") && said.err.contains("not today"), "{said:?}");
    assert_eq!(placed(path), []);
}
