//! Adapters that have to be compiled before a test can load them, and a host that gives them the same answers each time.

use futures_util::future::BoxFuture;
use sandbox::{Coverage, DayCount, FilesError, Found, Hits, HttpError, HttpRequest, HttpResponse, LogLevel, Powers};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;

/// A guest that `cargo xtask guests` built. Where it was not built, this says so, and the test has nothing to do;
/// where CI says that it must have been (`SMARTGUARD_GUESTS=required`), the test fails.
pub fn built(name: &str) -> Option<PathBuf> {
    let guest = target_folder().join("guests").join(format!("{name}.wasm"));
    if guest.is_file() {
        return Some(guest);
    }
    let missing = format!("{} is not built; `cargo xtask guests` builds it", guest.display());
    assert!(std::env::var_os("SMARTGUARD_GUESTS").is_none_or(|said| said != "required"), "{missing}");
    println!("skipped: {missing}");
    None
}

/// Builds the crate of an adapter into its `adapter.wasm`, as `cargo xtask guests` builds ours and from the same crates,
/// so that nothing is downloaded.
pub fn build_one(folder: &Path) {
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["run", "--quiet", "--locked", "--package", "xtask", "--target-dir"]).arg(target_folder());
    cargo.args(["--", "guest"]).arg(folder).current_dir(env!("CARGO_MANIFEST_DIR")).env("CARGO_NET_OFFLINE", "true");
    let output = cargo.output().expect("cargo runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

/// Where this program itself was built, as far as all profiles share it.
fn target_folder() -> PathBuf {
    let program = std::env::current_exe().expect("this program");
    program.ancestors().nth(3).expect("a folder of a profile, in that of the target").to_owned()
}

/// A folder with the manifest and the cassettes of another one, which is named from the root of the repository, and with
/// this component for its code.
pub fn put_together(component: &Path, folder: &str, scratch: &Path) -> PathBuf {
    let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(folder);
    let to = scratch.join(from.file_name().expect("a name"));
    std::fs::create_dir_all(to.join("cassettes")).expect("made");
    std::fs::copy(component, to.join("adapter.wasm")).expect("copied");
    std::fs::copy(from.join("adapter.toml"), to.join("adapter.toml")).expect("copied");
    for entry in std::fs::read_dir(from.join("cassettes")).expect("cassettes").flatten() {
        std::fs::copy(entry.path(), to.join("cassettes").join(entry.file_name())).expect("copied");
    }
    to
}

/// A host in which every request is answered with the same text, and time stands still.
#[derive(Debug, Default)]
pub struct Canned {
    pub body: String,
    pub label: Option<String>,
    /// What the guest logged.
    pub lines: Mutex<Vec<String>>,
}

impl Canned {
    /// 2027-01-15T08:00:00Z.
    pub const NOW_MS: u64 = 1_800_000_000_000;

    pub fn lines(&self) -> Vec<String> {
        self.lines.lock().expect("no test panics while it holds this").clone()
    }
}

impl Powers for Canned {
    fn fetch(&self, _request: HttpRequest) -> BoxFuture<'_, Result<HttpResponse, HttpError>> {
        let body = self.body.clone();
        Box::pin(async { Ok(HttpResponse { status: 200, headers: Vec::new(), body }) })
    }

    fn config(&self, key: &str) -> Option<String> {
        self.label.clone().filter(|_| key == "label")
    }

    fn lookup(&self, _dataset: &str, keys: Vec<String>) -> BoxFuture<'_, Result<Found, FilesError>> {
        let hits = keys.into_iter().map(|key| Hits { key, days: vec![DayCount { day: 20_000, rows: 1 }] }).collect();
        Box::pin(async { Ok(Found { coverage: Coverage { first_day: 1, last_day: 2, files: 1, missing: 0 }, hits }) })
    }

    fn log(&self, _level: LogLevel, message: &str) {
        self.lines.lock().expect("no test panics while it holds this").push(message.to_owned());
    }

    fn now_ms(&self) -> u64 {
        Canned::NOW_MS
    }

    fn uniform(&self) -> f64 {
        0.5
    }
}
