//! A version of the interface that is frozen never changes again: adapters are built against it that nobody here has.

use sandbox::version::Version;

/// The frozen versions, with the hash of their text. The newest is a draft as long as it is not in this list.
const FROZEN: [(Version, &str); 1] =
    [(Version::V0_0_0, "3cd5a31f6380ddbca8d9d7c8f96c2f1f742b2f33879ba6032300068fd8daef47")];

#[test]
fn a_frozen_version_is_what_it_was() {
    for (version, hash) in FROZEN {
        let found = blake3::hash(version.wit().as_bytes()).to_hex();
        assert_eq!(
            found.as_str(),
            hash,
            "wit/{version} is frozen: undo the change, and make it in the newest version (host/sandbox/src/lift.rs says how)"
        );
    }
}

#[test]
fn every_version_but_the_newest_is_frozen_and_says_its_own_name() {
    let frozen: Vec<Version> = FROZEN.map(|(version, _)| version).to_vec();
    for version in Version::ALL {
        assert!(version == Version::NEWEST || frozen.contains(&version), "{version} can still change");
        assert!(version.wit().contains(&format!("package smartguard:adapter@{version};\n")), "{version}");
        assert_eq!(Version::of(version.word()), Some(version));
    }
    assert_eq!(Version::ALL.last(), Some(&Version::NEWEST));
    let folders = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/../../wit")).expect("the interface");
    let mut served: Vec<String> = Version::ALL.map(|version| version.to_string()).to_vec();
    let folders = folders.flatten().filter(|entry| entry.path().is_dir());
    let mut there: Vec<String> = folders.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    there.sort();
    served.sort();
    assert_eq!(there, served, "each folder of wit/ is served");
}
