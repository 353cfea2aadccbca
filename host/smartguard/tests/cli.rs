//! The real binary: its exit codes, its answers, and what it says when something is wrong.

mod fake_desk;

use fake_desk::FakeDesk;
use serde_json::Value;
use std::path::Path;
use std::process::Stdio;
use std::sync::Arc;
use tokio::process::Command;

/// Runs the binary and checks its exit code, and that what it printed (both ways) has all of `parts`.
async fn check(server: &str, folder: &Path, arguments: &[&str], exit: i32, parts: &[&str]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_smartguard"))
        .args(arguments)
        .current_dir(folder)
        .env("SMARTGUARD_SERVER", server)
        .stdin(Stdio::null())
        .output()
        .await
        .expect("the binary runs");
    let out = String::from_utf8_lossy(&output.stdout).into_owned();
    let said = format!("{out}{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(output.status.code(), Some(exit), "{arguments:?} said:\n{said}");
    for part in parts {
        assert!(said.contains(part), "{part:?} is not said of {arguments:?}:\n{said}");
    }
    out
}

async fn serve() -> (String, Arc<FakeDesk>) {
    let listener = smartguard::doors::open("127.0.0.1:0".parse().expect("an address")).await.expect("a port");
    let server = format!("http://{}", listener.local_addr().expect("its address"));
    let desk = Arc::new(FakeDesk::default());
    tokio::spawn(smartguard::doors::serve(listener, desk.clone(), std::future::pending()));
    (server, desk)
}

#[tokio::test]
async fn without_a_daemon_it_says_how_to_start_one() {
    let folder = tempfile::tempdir().expect("a folder");
    // A port that was free a moment ago, and that nobody listens on.
    let listener = smartguard::doors::open("127.0.0.1:0".parse().expect("an address")).await.expect("a port");
    let server = format!("http://{}", listener.local_addr().expect("its address"));
    drop(listener);
    check(&server, folder.path(), &["status"], 3, &["no daemon answers", "smartguard run"]).await;
    check("nonsense", folder.path(), &["status"], 3, &["no web address"]).await;
    check(&server, folder.path(), &["stauts"], 2, &["status"]).await;
    check(&server, folder.path(), &["--help"], 0, &["Examples:", "Exit codes:"]).await;
}

#[tokio::test]
async fn files_are_checked_without_a_daemon() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path();
    check("", at, &["check", "--server", "http://127.0.0.1:1"], 0, &["The configuration is right"]).await;
    std::fs::create_dir(at.join("policies")).expect("made");
    std::fs::write(at.join("policies/default.toml"), "per_hour = 3\nper_huor = 4\n").expect("written");
    let server = "http://127.0.0.1:1";
    check(server, at, &["policy", "check"], 4, &["default.toml:2", "`per_hour`"]).await;
    check(server, at, &["check"], 4, &["default.toml:2"]).await;
    std::fs::write(at.join("policies/default.toml"), "rest_for = 5\n").expect("written");
    check(server, at, &["policy", "check"], 0, &["Warning:", "default.toml:1", "right: 1"]).await;
    std::fs::create_dir_all(at.join("adapters/acme")).expect("made");
    std::fs::write(at.join("adapters/acme/adapter.toml"), "id = \n").expect("written");
    check(server, at, &["check"], 4, &["adapter.toml:1"]).await;
    std::fs::remove_dir_all(at.join("adapters")).expect("removed");
    std::fs::write(at.join("smartguard.toml"), "listen = \"0.0.0.0:1\"\n").expect("written");
    check(server, at, &["check"], 4, &["smartguard.toml:1", "other machines"]).await;
}

#[tokio::test]
async fn answers_of_a_daemon_come_as_tables_or_json() {
    let (server, desk) = serve().await;
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path();
    let json = check(&server, at, &["user", "add", "anna", "--business", "acme", "--json"], 0, &[]).await;
    let view: Value = serde_json::from_str(&json).expect("it is JSON");
    assert_eq!((view["name"].as_str(), view["kind"].as_str()), (Some("anna"), Some("user")));
    check(&server, at, &["user", "add", "anna", "--business", "acme"], 0, &["name", "anna", "0 of 10"]).await;
    check(&server, at, &["case", "list"], 0, &["There are none."]).await;
    check(&server, at, &["number", "show", "+12125550143"], 1, &["no_such_number", "Hint: look at the list"]).await;
    check(&server, at, &["task", "file", "7", "a b.csv", "-o", "saved"], 0, &["saved as saved"]).await;
    assert_eq!(std::fs::read_to_string(at.join("saved")).expect("it is there"), "task 7 a b.csv");
    std::fs::write(at.join("acme.toml"), "id = \"acme\"\nlegal_nam = \"Acme\"\n").expect("written");
    check(&server, at, &["business", "add", "acme.toml"], 4, &["acme.toml:2", "legal_nam"]).await;

    let mut csv = String::from("number\n");
    for index in 0..700 {
        csv.push_str(&format!("+1212555{index:04}\n"));
    }
    std::fs::write(at.join("n.csv"), csv).expect("written");
    let import = ["number", "import", "n.csv", "--business", "acme"];
    check(&server, at, &import, 4, &["n.csv", "no column `service`", "--service new"]).await;
    let with_service = [&import[..], &["--service", "new", "--json"]].concat();
    let report: Value = serde_json::from_str(&check(&server, at, &with_service, 0, &[]).await).expect("it is JSON");
    assert_eq!(report["added"], 700);
    assert_eq!(*desk.slices.lock().expect("no test died"), [500, 200]);
    std::fs::write(at.join("n.csv"), "number,service\r\n1.2125E+10,new\r\n+12125550143,new\r\n").expect("written");
    check(&server, at, &import, 5, &["spreadsheet", "added            1"]).await;
    let undated = [&import[..], &["--service", "in_service"]].concat();
    check(&server, at, &undated, 4, &["--since 2024-03-01"]).await;
}

#[tokio::test]
async fn the_daemon_logs_to_the_standard_error_as_it_is_told() {
    use tokio::io::{AsyncBufReadExt as _, BufReader};
    let folder = tempfile::tempdir().expect("a folder");
    let mut daemon = Command::new(env!("CARGO_BIN_EXE_smartguard"))
        .args(["run", "--json", "--listen", "127.0.0.1:0"])
        .current_dir(folder.path())
        .env("SMARTGUARD_LOG", "info")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .expect("the binary runs");
    let mut lines = BufReader::new(daemon.stderr.take().expect("its standard error")).lines();
    let line = lines.next_line().await.expect("readable").expect("a line before it ends");
    let event: Value = serde_json::from_str(&line).expect("one JSON object a line");
    assert!(event["level"].is_string() && event["message"].is_string(), "{line}");

    let refused = Command::new(env!("CARGO_BIN_EXE_smartguard"))
        .args(["run", "--listen", "127.0.0.1:0"])
        .current_dir(folder.path())
        .env("SMARTGUARD_LOG", "smartguard=loudly")
        .output()
        .await
        .expect("the binary runs");
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert_eq!(refused.status.code(), Some(1), "{said}");
    assert!(said.contains("SMARTGUARD_LOG") && said.contains("Hint:"), "{said}");
}
