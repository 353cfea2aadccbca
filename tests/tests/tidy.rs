//! Rules of the house that no compiler holds: imports run one way, and each outside thing is known in one place.

use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).expect("a folder").flatten() {
        let path = entry.path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

/// Only these files may say the word in code.
fn check(word: &str, folders: &[&str], allowed: &[&str]) {
    let mut files = Vec::new();
    for folder in folders {
        sources(&root().join(folder), &mut files);
    }
    assert!(!files.is_empty());
    let strangers: Vec<String> = files
        .iter()
        .filter(|file| !allowed.iter().any(|allowed| file.to_string_lossy().contains(allowed)))
        .flat_map(|file| {
            let text = std::fs::read_to_string(file).expect("a source");
            text.lines()
                .enumerate()
                .filter(|(_, line)| !line.trim_start().starts_with("//") && line.contains(word))
                .map(|(number, _)| format!("{}:{}", file.display(), number + 1))
                .collect::<Vec<_>>()
        })
        .collect();
    assert!(strangers.is_empty(), "`{word}` is known in {allowed:?} alone; move these there: {strangers:#?}");
}

const HOST: [&str; 5] = ["host/numbers/src", "host/gym/src", "host/sandbox/src", "host/kit/src", "host/smartguard/src"];

#[test]
fn each_outside_thing_is_known_in_one_place() {
    check("wasmtime::", &HOST, &["host/sandbox/src"]);
    check("sled::", &HOST, &["smartguard/src/store"]);
    check("notify::", &HOST, &["sandbox/src/watch.rs"]);
    check("axum::", &HOST, &["smartguard/src/doors"]);
    check("roaring::", &HOST, &["smartguard/src/house/do_not_call/set.rs"]);
}

#[test]
fn imports_run_one_way() {
    check("sandbox::", &["host/numbers/src", "host/gym/src"], &[]);
    check("gym::", &["host/numbers/src", "host/sandbox/src", "host/kit/src"], &[]);
    // The daemon that is judged must not know the judge.
    check("gym::", &["host/smartguard/src"], &["smartguard/src/cli/simulate.rs"]);
    // The bindings say the name of the WIT package, which is the product's.
    check(
        "smartguard::",
        &["host/numbers/src", "host/gym/src", "host/sandbox/src", "host/kit/src"],
        &["sandbox/src/bindings.rs", "sandbox/src/lift.rs"],
    );
    check("kit::", &["host/numbers/src", "host/gym/src", "host/sandbox/src"], &[]);
    assert_eq!(
        dependencies("host/numbers"),
        ["serde"],
        "the pure crate stays pure by having nothing to be impure with"
    );
    assert_eq!(dependencies("host/gym"), ["numbers", "serde", "toml"], "a world is made of a file and a seed alone");
}

/// What a crate is built with, by its manifest.
fn dependencies(folder: &str) -> Vec<String> {
    let manifest = std::fs::read_to_string(root().join(folder).join("Cargo.toml")).expect("a manifest");
    let dependencies = manifest.split("[dependencies]").nth(1).expect("dependencies");
    dependencies
        .lines()
        .take_while(|line| !line.starts_with("[dev"))
        .filter_map(|line| line.split_once(" =").map(|(name, _)| name.to_owned()))
        .collect()
}

#[test]
fn the_pure_crate_never_touches_the_world() {
    for word in
        ["std::time::SystemTime", "std::time::Instant", "std::fs", "std::net", "std::env", "HashMap", "async fn"]
    {
        check(word, &["host/numbers/src"], &[]);
    }
}

#[test]
fn a_world_is_its_seed_and_no_clock() {
    for word in ["std::time", "std::fs", "std::net", "std::env", "HashMap", "async fn"] {
        check(word, &["host/gym/src"], &[]);
    }
}

#[test]
fn unsafe_is_in_one_audited_place() {
    check("unsafe {", &HOST, &["sandbox/src/cache.rs"]);
}
