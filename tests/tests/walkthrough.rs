//! What the walk-through says is what happens: its files are written, its commands run and their answers compared.

use smartguard_tests::daemon::{Daemon, binary};
use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

const PAGE: &str = include_str!("../../adapters/WALKTHROUGH.md");
/// The port of the page's own server, which is another one here.
const PORT: &str = "9009";

/// A fenced block: what stands behind the fence, and its lines.
struct Block {
    kind: &'static str,
    about: &'static str,
    text: &'static str,
}

fn blocks() -> VecDeque<Block> {
    PAGE.split("```")
        .skip(1)
        .step_by(2)
        .map(|fenced| {
            let (head, text) = fenced.split_once('\n').expect("a line behind the fence");
            let (kind, about) = head.split_once(' ').unwrap_or((head, ""));
            Block { kind, about, text }
        })
        .collect()
}

/// Ends what was started, whatever became of the test.
struct Server(Child);

impl Drop for Server {
    fn drop(&mut self) {
        self.0.kill().expect("it can be ended");
        self.0.wait().expect("it ends");
    }
}

/// Starts the page's server on a port that is free, and answers with it once it listens.
async fn serve(folder: &Path, line: &str) -> (Server, String) {
    let port = std::net::TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("an address").port();
    let line = line.replace(PORT, &port.to_string());
    let mut words = line.split_whitespace();
    let mut command = Command::new(words.next().expect("a program"));
    let child = command.args(words).current_dir(folder).stderr(Stdio::null()).spawn().expect("the server starts");
    let server = Server(child);
    let client = smartguard_tests::daemon::client();
    let url = format!("http://127.0.0.1:{port}/v1/numbers/12125550142");
    tokio::time::timeout(Duration::from_secs(30), async {
        while client.get(&url).send().await.is_err() {
            tokio::task::yield_now().await;
        }
    })
    .await
    .expect("the server answers");
    (server, port.to_string())
}

/// Runs one line of the page as a shell would, and answers with all that it prints.
async fn run(folder: &Path, line: &str, daemon: &str) -> String {
    let programs = binary().parent().expect("a folder").display().to_string();
    let path = std::env::var("PATH").unwrap_or_default();
    let mut command = tokio::process::Command::new("sh");
    command.args(["-c", &format!("{line} 2>&1")]).current_dir(folder);
    command.env("PATH", format!("{programs}:{path}")).env("SMARTGUARD_SERVER", daemon).stdin(Stdio::null());
    let output = command.output().await.expect("a shell");
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "$ {line}\n{said}");
    said
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_walk_through_is_what_happens() {
    if Command::new("python3").arg("--version").output().is_err() {
        let skipped = "skipped: the page's server needs python3, which is not here";
        assert!(std::env::var_os("SMARTGUARD_GUESTS").is_none(), "{skipped}, and must be");
        println!("{skipped}");
        return;
    }
    let place = tempfile::tempdir().expect("a folder");
    let folder = place.path();
    let mut server = None;
    let mut daemon: Option<Daemon> = None;
    let mut commands = 0;
    for Block { kind, about, text } in blocks() {
        let port = server.as_ref().map_or(PORT.to_owned(), |(_, port): &(Server, String)| port.clone());
        match kind {
            "console" => {
                let base = daemon.as_ref().map_or(String::new(), |daemon| daemon.base.clone());
                let mut said = String::new();
                for line in text.lines() {
                    if let Some(command) = line.strip_prefix("$ ") {
                        wait_until_found(command, daemon.as_ref()).await;
                        said = run(folder, &command.replace(PORT, &port), &base).await;
                        commands += 1;
                    } else {
                        assert!(said.contains(line), "the page says {line:?}, and this was said:\n{said}");
                    }
                }
            }
            "server" => server = Some(serve(folder, text.trim().trim_start_matches("$ ")).await),
            "daemon" => {
                keep_offline(&folder.join(about).join("smartguard.toml"));
                daemon = Some(Daemon::start(&folder.join(about)));
            }
            _ => write(folder.join(about), &text.replace(PORT, &port)),
        }
    }
    assert_eq!(commands, 12, "every command of the page was run");
    drop(daemon);
}

/// A person who types a grant is slower than the daemon that finds what was installed.
async fn wait_until_found(command: &str, daemon: Option<&Daemon>) {
    if let (true, Some(daemon)) = (command.contains("adapter grant"), daemon) {
        let known = |adapter: &serde_json::Value| adapter["state"] == "ungranted";
        daemon.wait_for("/v1/adapters", 60, |list| list.to_string().contains("clearlist")).await;
        daemon.wait_for("/v1/adapters/clearlist", 60, known).await;
    }
}

/// The adapters that are part of the program ask nobody meanwhile.
fn keep_offline(config: &Path) {
    let said = std::fs::read_to_string(config).expect("the page's configuration");
    std::fs::write(config, format!("bundled = [\"fcr\"]\n{said}")).expect("written");
}

fn write(path: PathBuf, text: &str) {
    std::fs::create_dir_all(path.parent().expect("a folder")).expect("made");
    std::fs::write(&path, text).unwrap_or_else(|cause| panic!("{}: {cause}", path.display()));
}
