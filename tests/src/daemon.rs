//! The real binary, started in a folder of its own.

use crate::floor;
use serde_json::Value;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;

/// A running daemon. It is killed when the test lets go of it.
pub struct Daemon {
    child: Child,
    pub base: String,
    pub client: reqwest::Client,
    /// Keeps the pipe open, so that the daemon may go on printing.
    said: Option<std::thread::JoinHandle<()>>,
}

/// The binary, built once by the tests themselves.
pub fn binary() -> &'static Path {
    static BINARY: OnceLock<PathBuf> = OnceLock::new();
    BINARY.get_or_init(|| build("dev"))
}

/// Builds the binary in a profile, or finds it built.
pub fn build(profile: &str) -> PathBuf {
    let mut cargo = Command::new(env!("CARGO"));
    // What cargo says of this package would be taken for a change by build scripts that look at it,
    // and everything that stands on them would be compiled again, each time.
    for (name, _) in std::env::vars_os() {
        let said = name.to_string_lossy();
        if said.starts_with("CARGO_PKG_") || said.starts_with("CARGO_MANIFEST_") {
            cargo.env_remove(&name);
        }
    }
    let built = cargo
        .args(["build", "--locked", "--message-format=json-render-diagnostics", "--profile", profile])
        .arg("--target-dir")
        .arg(target_folder())
        // A test beside the binary gives its dependencies the features that they have in `cargo test --workspace`,
        // so that nothing is compiled a second time.
        .args(["--workspace", "--bin", "smartguard", "--test", "tidy"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .stderr(Stdio::inherit())
        .output()
        .expect("cargo runs");
    assert!(built.status.success(), "the binary is built");
    String::from_utf8_lossy(&built.stdout)
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok())
        .filter(|message| message["target"]["name"] == "smartguard" && message["target"]["kind"][0] == "bin")
        .find_map(|message| message["executable"].as_str().map(PathBuf::from))
        .expect("cargo names the binary")
}

/// Where this program itself was built, two folders above it: whoever chose that folder need not say so again.
fn target_folder() -> PathBuf {
    let program = std::env::current_exe().expect("this program");
    program.ancestors().nth(3).expect("a folder of a profile, in that of the target").to_owned()
}

/// One client for all, with its crypto provider named although the tests speak plain HTTP.
pub fn client() -> reqwest::Client {
    // Another test of this process may have been first.
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder().no_proxy().pool_max_idle_per_host(32).build().expect("a client")
}

/// The command that runs a daemon in this folder, on a free port.
pub fn run(binary: &Path, folder: &Path, further: &[&str]) -> Command {
    run_on(binary, folder, Path::new("data"), further)
}

/// As [`run`], with the data folder in another place.
pub fn run_on(binary: &Path, folder: &Path, data: &Path, further: &[&str]) -> Command {
    floor::at_any_hour(folder);
    let mut command = Command::new(binary);
    command
        .current_dir(folder)
        .args(["run", "--listen", "127.0.0.1:0", "--adapters", "adapters", "--policies", "policies"])
        .arg("--data")
        .arg(data)
        .args(further)
        .env("SMARTGUARD_LOG", std::env::var("SMARTGUARD_TEST_LOG").unwrap_or_else(|_| "error".to_owned()))
        .env("SMARTGUARD_SECRET_NOMOROBO_API_KEY", "test-key-not-secret")
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    if folder.join("smartguard.toml").exists() {
        command.args(["--config", "smartguard.toml"]);
    }
    command
}

impl Daemon {
    /// Starts in this folder, which holds `smartguard.toml` when the test wrote one. Answers when it serves.
    pub fn start(folder: &Path) -> Daemon {
        match Daemon::try_start(folder) {
            Ok(daemon) => daemon,
            Err(said) => panic!("the daemon did not start: {said}"),
        }
    }

    /// As [`Daemon::start`], but gives what the daemon said when it does not come up.
    pub fn try_start(folder: &Path) -> Result<Daemon, String> {
        Daemon::try_start_as(binary(), folder, &[])
    }

    /// As [`Daemon::try_start`], with a binary of the caller's own and further arguments of `run`.
    pub fn try_start_as(binary: &Path, folder: &Path, further: &[&str]) -> Result<Daemon, String> {
        Daemon::try_start_with(run(binary, folder, further))
    }

    /// As [`Daemon::try_start`], with a command that the caller has put together, such as one under a limit.
    pub fn try_start_with(mut command: Command) -> Result<Daemon, String> {
        let mut child = command.spawn().expect("the binary runs");
        let mut lines = BufReader::new(child.stdout.take().expect("stdout")).lines();
        let mut heard = String::new();
        let base = loop {
            let Some(Ok(line)) = lines.next() else {
                let mut said = String::new();
                let stderr = child.stderr.take().expect("stderr");
                let _ = std::io::Read::read_to_string(&mut BufReader::new(stderr), &mut said);
                let _ = child.wait();
                return Err(format!("{heard}{said}"));
            };
            if let Some(base) = line.split_whitespace().find(|word| word.starts_with("http://")) {
                break base.to_owned();
            }
            heard.push_str(&line);
            heard.push('\n');
        };
        let stderr = child.stderr.take().expect("stderr");
        let said = std::thread::spawn(move || {
            let out = std::thread::spawn(move || lines.map_while(Result::ok).for_each(drop));
            for line in BufReader::new(stderr).lines().map_while(Result::ok) {
                eprintln!("daemon: {line}");
            }
            let _ = out.join();
        });
        Ok(Daemon { child, base, client: client(), said: Some(said) })
    }

    pub fn url(&self, path: &str) -> String {
        format!("{}{path}", self.base)
    }

    /// A JSON answer to a GET, which must be a success.
    pub async fn get(&self, path: &str) -> Value {
        let response = self.client.get(self.url(path)).send().await.expect("an answer");
        let status = response.status();
        let body = response.text().await.expect("a body");
        assert!(status.is_success(), "GET {path}: {status} {body}");
        serde_json::from_str(&body).expect("JSON")
    }

    /// A JSON answer to a POST, with its status.
    pub async fn post(&self, path: &str, body: &Value) -> (u16, Value) {
        let response = self.client.post(self.url(path)).json(body).send().await.expect("an answer");
        let status = response.status().as_u16();
        let text = response.text().await.expect("a body");
        (status, serde_json::from_str(&text).unwrap_or(Value::String(text)))
    }

    /// A POST that must succeed.
    pub async fn must_post(&self, path: &str, body: &Value) -> Value {
        let (status, answer) = self.post(path, body).await;
        assert!((200..300).contains(&status), "POST {path}: {status} {answer}");
        answer
    }

    /// Asks again until the answer fits. Panics with the last answer after `seconds`.
    pub async fn wait_for(&self, path: &str, seconds: u64, fits: impl Fn(&Value) -> bool) -> Value {
        let until = std::time::Instant::now() + std::time::Duration::from_secs(seconds);
        loop {
            let answer = self.get(path).await;
            if fits(&answer) {
                return answer;
            }
            assert!(std::time::Instant::now() < until, "GET {path} did not come to what is expected: {answer:#}");
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
    }

    /// Ends it at once, as a power cut of the process would.
    pub fn kill(mut self) {
        self.child.kill().expect("killed");
        self.child.wait().expect("gone");
        if let Some(said) = self.said.take() {
            let _ = said.join();
        }
    }

    /// Asks it to stop, and waits until it has.
    pub fn stop(mut self) -> std::process::ExitStatus {
        let pid = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(pid, rustix::process::Signal::TERM).expect("told");
        self.child.wait().expect("gone")
    }

    /// Waits until it has ended by itself.
    pub fn wait(mut self) -> std::process::ExitStatus {
        self.child.wait().expect("gone")
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        // It may be gone already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
