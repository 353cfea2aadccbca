//! An adapter whose next version turns on its owner: what it newly asks for waits, and what served before serves on,
//! through restarts as well, until the operator says yes or goes back.

use serde_json::{Value, json};
use smartguard_tests::command::{Said, smartguard};
use smartguard_tests::daemon::Daemon;
use smartguard_tests::floor::{list, share_compiled_adapters, text};
use std::fs;
use std::path::Path;

const ADAPTER: &str = "/v1/adapters/weather";
const PATIENCE_S: u64 = 30;

const GOOD: &str = r#"
id = "weather"
kind = "agency"
version = "1.0.0"
summary = "Says of every number what its version says"
wit = "0.0.1"
confidence = "official"
sources = ["this test"]
[origins]
api = "https://api.example.com"
[secrets.API_KEY]
origins = ["api"]
where = "nowhere"
[limits]
memory_max_mib = 16
timeout_s = 10
[agencies]
speaks_for = ["weather"]
[functions.check]
"#;

/// What the next version asks for beyond the first: another place to send to, another way to send, the secret there,
/// all the memory there is, minutes of time, and a file of everybody's numbers.
const GREEDY: &[(&str, &str)] = &[
    ("version = \"1.0.0\"", "version = \"2.0.0\""),
    (
        "api = \"https://api.example.com\"",
        "api = { url = \"https://api.example.com\", methods = [\"get\", \"post\"] }\nelsewhere = \"https://collector.example.net\"",
    ),
    ("origins = [\"api\"]", "origins = [\"api\", \"elsewhere\"]"),
    ("memory_max_mib = 16", "memory_max_mib = 64\ncpu_ms = 30000"),
    ("timeout_s = 10", "timeout_s = 300"),
    (
        "[functions.check]",
        "[functions.check]\n[datasets.everybody]\norigin = \"elsewhere\"\npath = \"/{date}.csv\"\ndays = 30\nkey_column = \"number\"\nmust_begin_with = \"number\"",
    ),
];

const ASKED_MORE: &[&str] = &[
    "POST requests to https://api.example.com/ (as `api`)",
    "GET requests to https://collector.example.net/ (as `elsewhere`)",
    "the secret API_KEY at `elsewhere`",
    "the data set `everybody` (/{date}.csv at `elsewhere`)",
    "up to 67108864 bytes of memory",
    "up to 30000 ms of computing in one call",
    "up to 300 s for one call",
];

fn script(version: &str) -> String {
    format!(
        "export const agency = {{
  describe() {{ return {{ id: 'weather', version: '{version}', functions: ['check'], speaksFor: ['weather'] }}; }},
  check(request) {{
    return {{ tag: 'observations', val: request.numbers.map((number) => ({{
      number, agency: 'weather', carrier: null, status: 'unflagged', label: 'by {version}', score: null,
      observedAt: 1700000000, costMicros: 0,
    }})) }};
  }},
}};
"
    )
}

/// Writes a version into the folder that packs are made of, and packs it.
fn pack(room: &Path, version: &str, manifest: &str) {
    let folder = room.join("weather");
    fs::create_dir_all(folder.join("cassettes")).expect("made");
    fs::write(folder.join("adapter.toml"), manifest).expect("written");
    fs::write(folder.join("adapter.js"), script(version)).expect("written");
    let cassette = format!(
        "about = \"All is well.\"\nprovenance = \"documented\"\nnow = 2026-11-23T12:00:00Z\ncall = \"check\"\n\n\
         [request]\nnumbers = [\"+12025550143\"]\n\n[[answer.observations]]\nnumber = \"+12025550143\"\n\
         label = \"by {version}\"\nstatus = \"unflagged\"\n"
    );
    fs::write(folder.join("cassettes/clean.toml"), cassette).expect("written");
    smartguard(room, &["adapter", "pack", "weather", "--out", &format!("{version}.adapter")]).ended(0);
}

fn install(room: &Path, version: &str) -> Said {
    smartguard(room, &["adapter", "install", &format!("{version}.adapter"), "--adapters", "adapters", "--yes"]).ended(0)
}

/// Which version answers now.
async fn answers(daemon: &Daemon) -> String {
    let asked = json!({ "function": "check", "numbers": ["+12025550143"] });
    let tried = daemon.must_post(&format!("{ADAPTER}/try"), &asked).await;
    assert_eq!(tried.get("error").filter(|error| !error.is_null()), None, "{tried}");
    text(&tried["answer"]["observations"][0], "label").to_owned()
}

fn held(adapter: &Value) {
    let asked: Vec<&str> = list(&adapter["waiting"], "asks_more").iter().filter_map(Value::as_str).collect();
    let (mut asked, mut expected) = (asked, ASKED_MORE.to_vec());
    asked.sort_unstable();
    expected.sort_unstable();
    assert_eq!(asked, expected, "{adapter}");
    assert_eq!((&adapter["waiting"]["version"], &adapter["state"]), (&json!("2.0.0"), &json!("live")), "{adapter}");
    for power in ASKED_MORE {
        assert!(!adapter["granted"].to_string().contains(power), "{power}: {adapter}");
    }
}

#[tokio::test]
async fn a_version_that_asks_for_more_waits_and_the_one_before_serves_on() {
    let room = tempfile::tempdir().expect("a folder");
    let room = room.path();
    fs::create_dir_all(room.join("policies")).expect("made");
    fs::write(room.join("smartguard.toml"), "bundled = [\"fcr\"]\n").expect("written");
    share_compiled_adapters(room);
    pack(room, "1.0.0", GOOD);
    let greedy = GREEDY.iter().fold(GOOD.to_owned(), |manifest, (replace, with)| {
        assert!(manifest.contains(replace), "{replace:?} stands in {manifest}");
        manifest.replace(replace, with)
    });
    pack(room, "2.0.0", &greedy);

    // A first version that nobody granted does nothing.
    install(room, "1.0.0");
    let daemon = Daemon::start(room);
    assert_eq!(daemon.get(ADAPTER).await["state"], "ungranted");
    daemon.must_post(&format!("{ADAPTER}/grant"), &json!({ "by": "Ann" })).await;
    assert_eq!(answers(&daemon).await, "by 1.0.0");

    // The difference is told before it is in the folder, and again by the daemon.
    let said = install(room, "2.0.0");
    for power in ASKED_MORE {
        assert!(said.out.contains(&format!("  + {power}\n")), "{power}: {said:?}");
    }
    for limit in ["memory_max_mib 16 → 64", "cpu_ms 500 → 30000", "timeout_s 10 → 300"] {
        assert!(said.out.contains(limit), "{limit}: {said:?}");
    }
    held(&daemon.wait_for(ADAPTER, PATIENCE_S, |adapter| !adapter["waiting"].is_null()).await);
    assert_eq!(answers(&daemon).await, "by 1.0.0");
    let said = smartguard(room, &["--server", &daemon.base, "adapter", "show", "weather"]).ended(0);
    assert!(said.out.contains("Version 2.0.0 waits for `smartguard adapter grant weather`"), "{said:?}");
    assert!(said.out.contains("https://collector.example.net"), "{said:?}");

    // A start finds only the new version in the folder, and goes on with the one that served.
    assert!(daemon.stop().success());
    let daemon = Daemon::start(room);
    held(&daemon.get(ADAPTER).await);
    assert_eq!(answers(&daemon).await, "by 1.0.0");
    daemon.kill();
    let daemon = Daemon::start(room);
    held(&daemon.get(ADAPTER).await);
    assert_eq!(answers(&daemon).await, "by 1.0.0");

    // The operator goes back, and nothing waits any more.
    smartguard(room, &["adapter", "rollback", "weather", "--adapters", "adapters", "--yes"]).ended(0);
    daemon.wait_for(ADAPTER, PATIENCE_S, |adapter| adapter["waiting"].is_null()).await;
    assert_eq!(answers(&daemon).await, "by 1.0.0");

    // Or says yes, and the new version serves with what it asked for.
    smartguard(room, &["adapter", "rollback", "weather", "--adapters", "adapters", "--yes"]).ended(0);
    held(&daemon.wait_for(ADAPTER, PATIENCE_S, |adapter| !adapter["waiting"].is_null()).await);
    let granted = daemon.must_post(&format!("{ADAPTER}/grant"), &json!({ "by": "Ann" })).await;
    assert!(granted["waiting"].is_null(), "{granted}");
    assert_eq!(answers(&daemon).await, "by 2.0.0");
    assert!(daemon.stop().success());
    let daemon = Daemon::start(room);
    assert_eq!(answers(&daemon).await, "by 2.0.0");

    // What was removed stays away, whatever served last.
    smartguard(room, &["adapter", "remove", "weather", "--adapters", "adapters", "--yes"]).ended(0);
    let gone = daemon.wait_for("/v1/adapters", PATIENCE_S, |page| !page.to_string().contains("weather")).await;
    assert!(daemon.stop().success());
    let daemon = Daemon::start(room);
    assert_eq!(list(&daemon.get("/v1/adapters").await, "adapters").len(), list(&gone, "adapters").len());
    assert!(!room.join("data/adapters/weather").exists(), "and nothing of it is kept to serve again");
}
