//! An adapter's author at the command line: errors that say where and what to do, one call by hand, and an adapter that
//! is worked on while a daemon runs.

use axum::Router;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use serde_json::{Value, json};
use smartguard_tests::daemon::{Daemon, binary};
use smartguard_tests::floor::{self, NOWHERE, POLICY};
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The program, with a cache that all tests share, so that each script is compiled once.
fn smartguard(folder: &Path, args: &[&str]) -> Command {
    let mut command = Command::new(binary());
    let cache = Path::new(env!("CARGO_TARGET_TMPDIR")).join("author-cache");
    command.current_dir(folder).args(args).env("XDG_CACHE_HOME", cache).stdin(Stdio::null());
    command
}

/// Runs it to its end: the exit code, and everything that it said.
fn run(folder: &Path, args: &[&str]) -> (i32, String) {
    said(smartguard(folder, args))
}

fn said(mut command: Command) -> (i32, String) {
    let output = command.output().expect("the program runs");
    let said = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    (output.status.code().expect("it ends by itself"), said)
}

/// A new adapter `mine` in a folder of its own.
fn mine() -> (tempfile::TempDir, PathBuf) {
    let scratch = tempfile::tempdir().expect("a folder");
    let (code, said) = run(scratch.path(), &["adapter", "new", "mine"]);
    assert_eq!(code, 0, "{said}");
    assert!(said.contains("smartguard adapter test adapters/mine"), "the next step is told: {said}");
    let path = scratch.path().join("adapters/mine");
    (scratch, path)
}

fn change(file: &Path, replace: &str, with: &str) {
    let text = std::fs::read_to_string(file).expect("a text");
    assert!(text.contains(replace), "{replace:?} stands in {}", file.display());
    std::fs::write(file, text.replacen(replace, with, 1)).expect("written");
}

/// The line in which a text stands.
fn line(file: &Path, text: &str) -> usize {
    let whole = std::fs::read_to_string(file).expect("a text");
    1 + whole.lines().position(|line| line.contains(text)).expect("it stands there")
}

/// With this change of a new adapter, `adapter test` ends with this code and says where, why and what to do.
#[track_caller]
fn check(file: &str, replace: &str, with: &str, code: i32, place: &str, parts: &[&str]) {
    let (scratch, path) = mine();
    change(&path.join(file), replace, with);
    let (ended, said) = run(scratch.path(), &["adapter", "test", "adapters/mine"]);
    assert_eq!(ended, code, "{said}");
    // Where the changed line stands, it is named.
    let first = with.lines().next().unwrap_or_default();
    let place = match place.strip_suffix(":*") {
        Some(file_said) => format!("{file_said}:{}", line(&path.join(file), first)),
        None => place.to_owned(),
    };
    for part in [place.as_str()].iter().chain(parts) {
        assert!(said.contains(part), "{part:?} is not said: {said}");
    }
}

#[test]
fn a_mistake_in_a_script_is_told_with_its_line() {
    check(
        "adapter.js",
        "const flagged = score >=",
        "const flagged = scoer >=",
        6,
        "mine/adapter.js:*",
        &["`check` threw ReferenceError: scoer is not defined", "cassettes/check.toml:"],
    );
    check("adapter.js", "const ID = ", "const ID == ", 4, "mine/adapter.js:*", &["Hint: correct it"]);
    check(
        "adapter.js",
        "export const agency",
        "export const agent",
        4,
        "mine/adapter.js:*",
        &["exports no object `agency`", "write `export const agency = { describe() { … }, check(…) { … } };`"],
    );
    check(
        "adapter.js",
        "adapter/http@0.0.1",
        "adapter/http@0.0.2",
        4,
        "mine/adapter.js:*",
        &["`smartguard:adapter/http@0.0.2` cannot be imported", "write `smartguard:adapter/http@0.0.1`"],
    );
}

#[test]
fn an_answer_that_does_not_fit_names_its_field() {
    check(
        "adapter.js",
        "costMicros: 0,",
        "costMicros: \"free\",",
        6,
        "cassettes/check.toml:",
        &[
            "`check` answers what the interface does not allow: `observations[0].costMicros` is \"free\"",
            "where a whole number from 0 to",
        ],
    );
    check(
        "adapter.js",
        "    number,\n    agency: ID,",
        "    number: \"555\",\n    agency: ID,",
        6,
        "cassettes/check.toml:",
        &["`observations[0].number`: \"555\": it has only 3 digits"],
    );
}

#[test]
fn a_mistake_in_a_manifest_is_told_with_its_line() {
    check(
        "adapter.toml",
        "per_minute = 60",
        "per_minut = 60",
        4,
        "mine/adapter.toml:*",
        &["unknown field `per_minut`", "did you mean `per_minute`?"],
    );
    check("adapter.toml", "wit = \"0.0.1\"", "wit = \"9.9.9\"", 4, "mine/adapter.toml:*", &["`9.9.9`", "Hint: "]);
    check("adapter.toml", "[functions.dispute]", "[functions.rank]", 4, "mine/adapter.toml:", &["`effects`"]);
    check(
        "adapter.toml",
        "kind = \"agency\"",
        "kind = \"agncy\"",
        4,
        "mine/adapter.toml:*",
        &["did you mean `agency`?"],
    );
}

const KEY: &str = "a-key-of-the-test";

/// Repeats the key, as some servers do.
async fn number(headers: HeaderMap, axum::extract::Path(number): axum::extract::Path<String>) -> Response {
    if headers.get("authorization").is_none_or(|key| key != &format!("Bearer {KEY}")) {
        return StatusCode::UNAUTHORIZED.into_response();
    }
    let echo = format!("the key was {KEY}");
    let body =
        json!({ "number": format!("+{number}"), "score": 93, "blocked": false, "label": "Spam Likely", "echo": echo });
    axum::Json(body).into_response()
}

/// A local server that speaks as the template's imagined one does.
async fn agency() -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = format!("http://{}", listener.local_addr().expect("its address"));
    let filing = async || (StatusCode::CREATED, axum::Json(json!({ "id": "f-17", "state": "received" })));
    let router = Router::new().route("/numbers/{number}", get(number)).route("/filings", axum::routing::post(filing));
    tokio::spawn(async move { axum::serve(listener, router).await });
    address
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_call_by_hand_shows_every_exchange_and_no_secret() {
    let (scratch, _) = mine();
    let origin = format!("api={}", agency().await);
    let attempt = |further: &[&str], key: Option<&str>| {
        let args = [&["adapter", "try", "adapters/mine"], further, &["--origin", &origin]].concat();
        let mut command = smartguard(scratch.path(), &args);
        if let Some(key) = key {
            command.env("SMARTGUARD_SECRET_MINE_API_KEY", key);
        }
        said(command)
    };
    let (code, said) = attempt(&["check", "+12025550143"], Some(KEY));
    assert_eq!(code, 0, "{said}");
    assert!(!said.contains(KEY), "{said}");
    for part in [
        "GET api:/numbers/12025550143",
        "Bearer {{secret:API_KEY}}",
        "200 (after",
        "\"score\":93",
        "\"flagged\"",
        "KiB of memory",
    ] {
        assert!(said.contains(part), "{part:?} is not said: {said}");
    }
    let (code, said) = attempt(&["check", "+12025550143"], Some("another"));
    assert_eq!(code, 1, "{said}");
    assert!(
        said.contains("401 (after") && said.contains("give the right value in SMARTGUARD_SECRET_MINE_API_KEY"),
        "{said}"
    );
    let (_, said) = attempt(&["check", "+12025550143"], None);
    assert!(said.contains("the secret API_KEY is not configured"), "{said}");
    let (code, said) = attempt(&["register", "--request", "adapters/mine/cassettes/register.toml"], Some(KEY));
    assert!(code == 4 && said.contains("say --send if that is meant"), "{said}");
    let filing = ["register", "--send", "--request", "adapters/mine/cassettes/register.toml"];
    let (code, said) = attempt(&filing, Some(KEY));
    assert!(code == 0 && said.contains("POST api:/filings") && said.contains("\"f-17\""), "{said}");
    let (code, said) = attempt(&["chekc", "+12025550143"], Some(KEY));
    assert!(code == 4 && said.contains("did you mean `check`?"), "{said}");
    let (code, said) = attempt(&["track"], Some(KEY));
    assert!(code == 4 && said.contains("write `track <key>`"), "{said}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_version_under_development_serves_while_its_author_is_there() {
    let folder = tempfile::tempdir().expect("a folder");
    floor::prepare(folder.path(), NOWHERE, NOWHERE, POLICY);
    let config = folder.path().join("smartguard.toml");
    let text = std::fs::read_to_string(&config).expect("a configuration");
    std::fs::write(&config, format!("{text}\n[origins.mine]\napi = \"{}\"\n", agency().await)).expect("written");
    floor::share_compiled_adapters(folder.path());
    let daemon = Daemon::start(folder.path());
    let (scratch, path) = mine();

    let develop = || {
        let mut command = smartguard(scratch.path(), &["--json", "adapter", "dev", "adapters/mine"]);
        let mut child = command.env("SMARTGUARD_SERVER", &daemon.base).stdout(Stdio::piped()).spawn().expect("it runs");
        let said = BufReader::new(child.stdout.take().expect("its words")).lines();
        (child, said)
    };
    let (mut child, mut said) = develop();
    // What it says next, as far as its state.
    let mut state = move || -> String {
        let line = said.next().expect("a word").expect("a line");
        let told: Value = serde_json::from_str(&line).expect("JSON");
        told["state"].as_str().expect("a state").to_owned()
    };
    let mine = "/v1/adapters/mine";
    assert_eq!(state(), "waits", "nobody has granted it anything");
    assert_eq!(daemon.get(mine).await["state"], "ungranted");
    daemon.must_post(&format!("{mine}/grant"), &json!({ "by": "Ann" })).await;
    let serving = daemon.wait_for(mine, 30, |adapter| adapter["state"] == "development").await;
    assert!(serving["origin"].as_str().is_some_and(|from| from.ends_with("(development)")), "{serving}");
    let listed = daemon.get("/v1/status").await;
    assert_eq!(listed["adapters"]["mine"], "development", "{listed}");

    // The daemon makes a call by hand with what was granted there; the key is not configured.
    let tried = daemon.must_post(&format!("{mine}/try"), &json!({ "function": "track", "words": ["k"] })).await;
    assert!(tried["error"].as_str().is_some_and(|error| error.contains("no function `track`")), "{tried}");
    let tried =
        daemon.must_post(&format!("{mine}/try"), &json!({ "function": "check", "numbers": ["+12025550143"] })).await;
    assert_eq!(tried["exchanges"][0]["error"], "the secret API_KEY is not configured", "{tried}");
    let (status, refused) = daemon.post(&format!("{mine}/try"), &json!({ "function": "register" })).await;
    assert!(status == 422 && refused["remedy"].as_str().is_some_and(|r| r.contains("--send")), "{status} {refused}");

    // A version that passes takes its place; one that does not changes nothing.
    change(&path.join("adapter.js"), "the server refuses", "the server says no");
    assert_eq!(state(), "development");
    let newer = daemon.get(mine).await;
    assert_ne!(newer["revision"], serving["revision"]);
    change(&path.join("adapter.js"), "blocked ? \"blocked\"", "blocked ? \"flagged\"");
    assert_eq!(state(), "differs");
    assert_eq!(daemon.get(mine).await["revision"], newer["revision"]);

    // Whoever served before serves again: here nobody.
    rustix::process::kill_process(rustix::process::Pid::from_child(&child), rustix::process::Signal::TERM)
        .expect("told");
    assert_eq!(state(), "ended");
    assert!(child.wait().expect("gone").success());
    assert_eq!(daemon.client.get(daemon.url(mine)).send().await.expect("an answer").status(), 404);

    // An author who vanishes is missed after a while.
    change(&path.join("adapter.js"), "blocked ? \"flagged\"", "blocked ? \"blocked\"");
    let (mut child, _said) = develop();
    daemon.wait_for("/v1/status", 30, |status| status["adapters"]["mine"] == "development").await;
    child.kill().expect("killed");
    child.wait().expect("gone");
    daemon.wait_for("/v1/status", 30, |status| status["adapters"]["mine"].is_null()).await;
}
