//! The configuration file: what it may say, and how it is refused.

use numbers::policy::Durability;
use smartguard::config::{Config, FIELDS, Overrides, refuse_beyond_loopback};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Checks that `text` is refused with one problem that says all of `parts`.
#[track_caller]
fn check(text: &str, parts: &[&str]) {
    let problems = Config::read(Path::new("etc/smartguard.toml"), text).expect_err("it is refused");
    let said: Vec<String> = problems.iter().map(ToString::to_string).collect();
    assert_eq!(said.len(), 1, "{said:?}");
    for part in parts {
        assert!(said[0].contains(part), "{part:?} is not said of {text:?}: {}", said[0]);
    }
}

#[test]
fn nothing_needs_to_be_said() {
    let config = Config::read(Path::new("smartguard.toml"), "").expect("an empty file is right");
    assert_eq!(config, Config::default());
    assert!(config.listen.ip().is_loopback());
}

#[test]
fn everything_can_be_said() {
    let text = r#"
        listen = "127.0.0.1:0"
        data = "/var/lib/smartguard"
        adapters = "my-adapters"
        durability = "sync"
        [origins]
        nomorobo.api = "http://127.0.0.1:9000/"
        [secrets]
        file = "secrets.toml"
        [export]
        every = "6h"
        keep = 3
        [calls]
        keep = "30d"
        archive = "calls"
    "#;
    let config = Config::read(Path::new("etc/smartguard.toml"), text).expect("it reads");
    assert_eq!(config.data, PathBuf::from("/var/lib/smartguard"));
    assert_eq!(config.adapters, PathBuf::from("etc/my-adapters"), "paths are relative to the file");
    assert_eq!(config.policies, PathBuf::from("etc/policies"));
    assert_eq!(config.durability, Some(Durability::Sync));
    assert_eq!(config.origins["nomorobo"]["api"], "http://127.0.0.1:9000");
    assert_eq!(config.secrets_file, Some(PathBuf::from("etc/secrets.toml")));
    let export = config.export.expect("exports are scheduled");
    assert_eq!((export.every, export.keep), (Duration::from_secs(6 * 3600), 3));
    assert_eq!(config.keep_calls, Duration::from_secs(30 * 24 * 3600));
    assert_eq!(config.archive, Some(PathBuf::from("etc/calls")));
}

#[test]
fn faults_are_said_with_place_reason_and_remedy() {
    check("\nlisten = \"0.0.0.0:8787\"", &["etc/smartguard.toml:2", "other machines", "Hint: listen on 127.0.0.1"]);
    check("listen = \"localhost\"", &["no address with a port", "127.0.0.1:8787"]);
    check("listn = \"127.0.0.1:1\"", &["did you mean `listen`?"]);
    check("[origins]\nnomorobo = \"http://x\"", &["smartguard.toml:2", "nomorobo.api"]);
    check("[origins]\nnomorobo.api = \"ftp://x\"", &["no web address"]);
    check("[secrets]\napi_key = \"k\"", &["a file of their own"]);
    check("[export]\nkeep = 0", &["`export.keep` is 0"]);
    check("[export]\nevry = \"1d\"", &["did you mean `every`?"]);
    check("[calls]\nkeep = \"1d\"", &["`calls.keep` is 1d", "2d to 366d"]);
    check("[calls]\nkep = \"9d\"", &["did you mean `keep`?"]);
    check("durability = \"never\"", &["lease, sync"]);
    check("data = \"\"", &["`data` is empty"]);
}

#[test]
fn the_command_line_stands_above_the_file() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("s.toml");
    std::fs::write(&file, "listen = \"127.0.0.1:1\"\ndata = \"a\"").expect("written");
    let overrides = Overrides { listen: "[::1]:2".parse().ok(), ..Overrides::default() };
    let config = Config::load(Some(&file), overrides).expect("it loads");
    assert_eq!(config.listen.to_string(), "[::1]:2");
    assert_eq!(config.data, folder.path().join("a"));
    let outside = Overrides { listen: "192.0.2.1:2".parse().ok(), ..Overrides::default() };
    assert!(Config::load(Some(&file), outside).is_err());
    let absent = Config::load(Some(&folder.path().join("none.toml")), Overrides::default());
    assert!(absent.expect_err("there is none")[0].reason.contains("cannot be read"));
}

#[test]
fn only_loopback_is_listened_on() {
    for (address, allowed) in
        [("127.0.0.1:1", true), ("127.9.9.9:1", true), ("[::1]:1", true), ("[::]:1", false), ("10.0.0.1:1", false)]
    {
        assert_eq!(
            refuse_beyond_loopback("listen", address.parse().expect("an address")).is_ok(),
            allowed,
            "{address}"
        );
    }
}

#[test]
fn the_readme_has_every_field() {
    let readme = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../README.md");
    let readme = std::fs::read_to_string(readme).expect("the README");
    let table: Vec<&str> = readme.lines().skip_while(|line| !line.starts_with("| field | default |")).collect();
    let table: Vec<&str> = table.into_iter().take_while(|line| line.starts_with('|')).collect();
    for field in FIELDS {
        let names = [format!("`{field}`"), format!("`{field}.")];
        let is_there = table.iter().any(|line| names.iter().any(|name| line.contains(name)));
        assert!(is_there, "`{field}` is missing in {table:#?}");
    }
    let defaults = Config::default();
    let expected = format!("| `calls.keep` | `\"{}\"` |", smartguard::strict::in_words(defaults.keep_calls));
    assert!(table.iter().any(|line| line.starts_with(&expected)), "{expected} is missing in {table:#?}");
}
