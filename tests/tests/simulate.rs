//! `smartguard simulate`: the real binary judges policies in the gym's worlds.

use serde_json::Value;
use smartguard_tests::daemon::binary;
use std::path::Path;
use std::process::{Command, Stdio};

/// Small enough to be done in a moment.
const SMALL: [&str; 8] = ["--users", "2", "--dials", "60", "--days", "4", "--seeds", "3"];

/// Runs it to its end: the exit code, what it printed, and what it said beside.
fn simulate(folder: &Path, words: &[&str]) -> (i32, String, String) {
    let mut command = Command::new(binary());
    command.current_dir(folder).arg("simulate").args(words).stdin(Stdio::null());
    let output = command.output().expect("the program runs");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status.code().expect("it ends by itself"), text(&output.stdout), text(&output.stderr))
}

/// With a file for the policy of everybody, and one that builds on it.
fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    write(folder.path(), "base.toml", "turn_calls = 6\n");
    write(folder.path(), "threes.toml", "extends = \"base.toml\"\nturn_calls = 3\n");
    folder
}

fn write(folder: &Path, name: &str, text: &str) {
    std::fs::write(folder.join(name), text).expect("written");
}

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

fn list<'v>(value: &'v Value, name: &str) -> &'v [Value] {
    value[name].as_array().unwrap_or_else(|| panic!("`{name}` is no list in {value}"))
}

#[test]
fn two_policies_are_held_against_each_other() {
    let folder = folder();
    let words = [&["--json", "--policy", "base.toml", "--policy", "threes.toml"][..], &SMALL].concat();
    let (code, printed, said) = simulate(folder.path(), &words);
    assert_eq!((code, said.as_str()), (0, ""), "no bar is drawn where nobody watches");
    let report = &json(&printed)["worlds"][0];
    assert_eq!(
        (&report["world"], &report["against"], &report["users"]),
        (&"default".into(), &"base".into(), &2.into())
    );
    assert!(report["made_up"].as_str().expect("a sentence").contains("guesses or choices of ours"), "{report}");
    let contenders = list(report, "contenders");
    let names: Vec<&str> = contenders.iter().filter_map(|contender| contender["name"].as_str()).collect();
    assert_eq!(names, ["base", "threes"], "two policies need no baselines");
    for (nth, contender) in contenders.iter().enumerate() {
        let figures = list(contender, "figures");
        let engaged = figures.iter().find(|figure| figure["measure"] == "engaged_per1000").expect("it is measured");
        let interval = &engaged["value"];
        let end = |name: &str| interval[name].as_f64().unwrap_or_else(|| panic!("no `{name}` in {engaged}"));
        assert!(end("low") <= end("mean") && end("mean") <= end("high"), "{engaged}");
        assert_eq!(interval["seeds"], 3);
        assert_eq!(engaged["less_the_other"].is_null(), nth == 0, "{engaged}");
        assert_eq!(engaged["judgement"].is_null(), nth == 0, "{engaged}");
    }
    let (_, again, _) = simulate(folder.path(), &[&words[..], &["--threads", "3"]].concat());
    assert_eq!(again, printed, "the same seeds give the same bytes, however many threads run them");
    let (_, other, _) = simulate(folder.path(), &[&words[..], &["--seed", "9"]].concat());
    assert_ne!(other, printed, "other seeds are other luck");
}

#[test]
fn people_get_a_table_words_and_a_picture() {
    let folder = folder();
    let words = [&["--policy", "base.toml", "--policy", "threes.toml", "--plot", "out.svg"][..], &SMALL].concat();
    let (code, printed, said) = simulate(folder.path(), &words);
    assert_eq!(code, 0, "{said}");
    for part in ["made up", " base |", " ± ", "`threes` less `base`", "cannot tell", "labelled calls at verizon"] {
        assert!(printed.contains(part), "{part:?} is missing:\n{printed}");
    }
    let picture = std::fs::read_to_string(folder.path().join("out.svg")).expect("a picture");
    assert!(picture.starts_with("<svg") && picture.contains("threes"), "{picture}");

    let two = ["--world", "default", "--world", "complaints", "--plot", "two.svg", "--no-baselines"];
    let (code, printed, said) = simulate(folder.path(), &[&two[..], &SMALL].concat());
    assert_eq!(code, 0, "{said}");
    assert!(printed.contains("World `default`") && printed.contains("World `complaints`"), "{printed}");
    for name in ["two-default.svg", "two-complaints.svg"] {
        assert!(folder.path().join(name).is_file(), "{name}");
    }
}

/// What the page says can be done: its two lines, and the scope that the question becomes.
#[test]
fn the_page_on_tuning_says_what_works() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let page = std::fs::read_to_string(root.join("host/docs/tune-a-policy.md")).expect("the page");
    let files: Vec<&str> = page.split("```toml\n").skip(1).filter_map(|rest| rest.split("```").next()).collect();
    assert_eq!(files.len(), 2, "the question, and the same for a campaign");
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::copy(root.join("policies/default.toml"), folder.path().join("default.toml")).expect("copied");
    for file in files {
        write(folder.path(), "turns-of-three.toml", file);
        let check = Command::new(binary()).current_dir(folder.path()).args(["policy", "check", "."]).output();
        assert!(check.expect("the program runs").status.success(), "{file}");
        let words = ["--policy", "default.toml", "--policy", "turns-of-three.toml", "--json"];
        let (code, printed, said) = simulate(folder.path(), &[&words[..], &SMALL].concat());
        assert_eq!(code, 0, "{printed}{said}");
    }
    assert!(page.contains("](turns-of-three.svg)") && root.join("host/docs/turns-of-three.svg").is_file());
}

#[test]
fn one_policy_is_held_against_mere_rotation() {
    let folder = folder();
    let (code, printed, said) = simulate(folder.path(), &[&["--json"][..], &SMALL].concat());
    assert_eq!(code, 0, "{said}");
    let report = &json(&printed)["worlds"][0];
    let names: Vec<&str> = list(report, "contenders").iter().filter_map(|row| row["name"].as_str()).collect();
    assert_eq!(names, ["default", "one number", "round robin every 5", "random", "least used", "no remediation"]);
}

#[test]
fn worlds_are_listed_and_may_be_files() {
    let folder = folder();
    let (_, printed, _) = simulate(folder.path(), &["--list-worlds", "--json"]);
    let worlds = json(&printed);
    let purposes: Vec<&str> = list(&worlds, "worlds").iter().filter_map(|world| world["purpose"].as_str()).collect();
    assert_eq!(purposes, ["tune", "judge", "judge", "judge", "judge", "judge"], "one to tune in, five to judge");
    write(folder.path(), "mine.toml", "name = \"mine\"\nabout = \"No engine labels anybody.\"\n");
    let words = [&["--world", "mine.toml", "--json", "--no-baselines"][..], &SMALL].concat();
    let (code, printed, said) = simulate(folder.path(), &words);
    assert_eq!(code, 0, "{said}");
    assert_eq!(json(&printed)["worlds"][0]["world"], "mine");
}

/// With these words it is refused as a faulty file, and all of these are said.
#[track_caller]
fn refused(folder: &Path, words: &[&str], parts: &[&str]) {
    let (code, printed, said) = simulate(folder, &[words, &SMALL].concat());
    assert_eq!(code, 4, "{printed}{said}");
    for part in parts {
        assert!(printed.contains(part), "{part:?} is missing:\n{printed}");
    }
}

#[test]
fn what_is_faulty_is_told_with_its_place_and_remedy() {
    let folder = folder();
    write(folder.path(), "typo.toml", "# A mistake.\ntrun_calls = 3\n");
    refused(
        folder.path(),
        &["--policy", "typo.toml"],
        &["typo.toml:2", "there is no field", "did you mean `turn_calls`?"],
    );
    write(folder.path(), "lost.toml", "extends = \"bse.toml\"\n");
    refused(folder.path(), &["--policy", "lost.toml"], &["lost.toml:1", "no such file", "did you mean \"base.toml\"?"]);
    refused(folder.path(), &["--world", "complants"], &["complants", "did you mean `complaints`?"]);
    write(folder.path(), "odd.toml", "name = \"odd\"\nabout = \"Odd.\"\n[floor]\nusers = 0\n");
    refused(folder.path(), &["--world", "odd.toml"], &["odd.toml:4", "`floor.users`", "between"]);
    refused(folder.path(), &["--plot", "nowhere/out.svg"], &["no folder nowhere", "a folder that is there"]);
    let (code, printed, _) = simulate(folder.path(), &["--json", "--policy", "typo.toml"]);
    assert_eq!(code, 4);
    assert_eq!(json(&printed)["problems"][0]["remedy"], "did you mean `turn_calls`?");
}
