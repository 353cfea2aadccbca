//! What an adapter's author runs, through the real binary: exit codes, tables and JSON, all without a daemon.

use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

fn shipped(adapter: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../adapters").join(adapter)
}

/// Runs the binary in a folder where nothing is, and checks its exit code and that it said all of `parts`.
fn check(folder: &Path, arguments: &[&str], exit: i32, parts: &[&str]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_smartguard"))
        .args(arguments)
        .current_dir(folder)
        // Kept between runs of this test, so that scripts are compiled once.
        .env("XDG_CACHE_HOME", Path::new(env!("CARGO_TARGET_TMPDIR")).join("author-cache"))
        .env("SMARTGUARD_SERVER", "http://127.0.0.1:1")
        .stdin(Stdio::null())
        .output()
        .expect("the binary runs");
    let out = String::from_utf8_lossy(&output.stdout).into_owned();
    let said = format!("{out}{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(output.status.code(), Some(exit), "{arguments:?} said:\n{said}");
    for part in parts {
        assert!(said.contains(part), "{part:?} is not said of {arguments:?}:\n{said}");
    }
    out
}

/// A shipped adapter in a folder where it may be changed.
fn copy(scratch: &Path) -> PathBuf {
    let (from, to) = (shipped("fcr"), scratch.join("fcr"));
    std::fs::create_dir_all(to.join("cassettes")).expect("made");
    for name in ["adapter.toml", "adapter.js", "cassettes/register.toml", "cassettes/dispute_hiya.toml"] {
        std::fs::copy(from.join(name), to.join(name)).expect("copied");
    }
    to
}

fn change(path: &Path, replace: &str, with: &str) {
    let text = std::fs::read_to_string(path).expect("a text");
    assert!(text.contains(replace), "{replace:?} stands in {}", path.display());
    std::fs::write(path, text.replace(replace, with)).expect("written");
}

#[test]
fn an_adapter_is_tested_by_its_cassettes_without_a_daemon() {
    let scratch = tempfile::tempdir().expect("a folder");
    let (at, adapter) = (scratch.path(), copy(scratch.path()));
    check(at, &["adapter", "test", "fcr"], 0, &["dispute_hiya", "as expected", "2 cassettes, 2 as expected"]);
    let cassette = adapter.join("cassettes/dispute_hiya.toml");
    change(&cassette, "Ask Hiya to re-evaluate", "Ask Hiya to look at");
    let place = format!("fcr/cassettes/dispute_hiya.toml:{}", line_of(&cassette, "title ="));
    let parts = [place.as_str(), "answer.packet.title", "- \"Ask Hiya to look at", "+ \"Ask Hiya to re-evaluate"];
    check(at, &["adapter", "test", "fcr"], 6, &parts);
    let json = check(at, &["adapter", "test", "fcr", "--json"], 6, &[]);
    let report: Value = serde_json::from_str(&json).expect("it is JSON");
    assert_eq!(report["cassettes"][0]["differences"][0]["place"], place);
    assert_eq!(report["cassettes"][1]["differences"], serde_json::json!([]));
    check(at, &["adapter", "test", "fcr", "--update"], 0, &["updated"]);
    check(&adapter, &["adapter", "test", "."], 0, &["2 as expected"]);
    change(&cassette, "[request]", "[reqest]");
    check(
        at,
        &["adapter", "test", "fcr"],
        4,
        &["dispute_hiya.toml", "unknown field `reqest`", "did you mean `request`?"],
    );
    check(at, &["adapter", "test", "nobody"], 4, &["nobody", "cannot be read"]);
    change(&adapter.join("adapter.js"), "  describe() {", "  describe( {");
    check(at, &["adapter", "test", "fcr"], 4, &["fcr/adapter.js"]);
    check(at, &["adapter", "test", "fcr", "--record", "new", "--origin", "api=http://127.0.0.1:1"], 4, &["--origin"]);
    check(at, &["adapter", "test", "fcr", "+12125550143"], 2, &["--record"]);
}

fn line_of(path: &Path, part: &str) -> usize {
    let text = std::fs::read_to_string(path).expect("a text");
    1 + text.lines().position(|line| line.contains(part)).expect("a line")
}

#[test]
fn an_adapter_is_held_to_rules_without_a_daemon() {
    let scratch = tempfile::tempdir().expect("a folder");
    let (at, adapter) = (scratch.path(), copy(scratch.path()));
    check(at, &["adapter", "check", "fcr"], 0, &["describe_stable", "bronze", "provenance", "fcr 0.1.0: packets"]);
    check(at, &["adapter", "check", "fcr", "--at-least", "gold"], 6, &["BROKEN", "known at best as `secondary`"]);
    let manifest = adapter.join("adapter.toml");
    let text = std::fs::read_to_string(&manifest).expect("a manifest");
    std::fs::write(&manifest, format!("{text}\n[exempt]\nprovenance = \"nobody may log in\"\n")).expect("written");
    let json = check(at, &["adapter", "check", "fcr", "--json"], 0, &[]);
    let report: Value = serde_json::from_str(&json).expect("it is JSON");
    assert_eq!(report["tier"], "packets", "what only makes packets reaches no further");
    let rules = report["rules"].as_array().expect("rules");
    let exempt = rules.iter().find(|rule| rule["result"] == "exempt").expect("one is exempt");
    assert_eq!((&exempt["id"], &exempt["reason"]), (&"provenance".into(), &"nobody may log in".into()));
    std::fs::write(&manifest, format!("{text}\n[exempt]\nprovenence = \"x\"\n")).expect("written");
    check(at, &["adapter", "check", "fcr"], 4, &["no rule is called `provenence`", "did you mean `provenance`?"]);
}
