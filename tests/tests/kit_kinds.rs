//! The rules for providers, look-ups of carriers and rankers find the faults that they are meant for.

use kit::Folder;
use sandbox::{Engine, EngineOptions, manifest};
use serde::Deserialize;
use std::collections::BTreeSet;
use std::path::Path;
use std::sync::OnceLock;

/// One engine for all tests; its cache outlives them, so that each script is compiled once.
fn engine() -> &'static Engine {
    static ENGINE: OnceLock<Engine> = OnceLock::new();
    ENGINE.get_or_init(|| {
        let cache = Path::new(env!("CARGO_TARGET_TMPDIR")).join("adapter-cache");
        Engine::new(EngineOptions::new(cache)).expect("the engine starts")
    })
}

const KINDS: [manifest::Kind; 3] = [manifest::Kind::Provider, manifest::Kind::CarrierLookup, manifest::Kind::Ranker];

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Faults {
    fault: Vec<Fault>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Fault {
    name: String,
    rule: String,
    of: manifest::Kind,
    replace: Option<String>,
    with: Option<String>,
    #[serde(default)]
    also: Vec<Change>,
    #[serde(default)]
    without: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Change {
    #[serde(default = "script")]
    file: String,
    replace: String,
    with: String,
}

fn script() -> String {
    "adapter.js".to_owned()
}

impl Fault {
    /// A new adapter of its kind with this fault put in.
    fn put_in(&self, scratch: &Path) -> Folder {
        let (path, _) = kit::new::write(scratch, "faulty", self.of).unwrap_or_else(|trouble| panic!("{trouble}"));
        let own = self.replace.iter().zip(&self.with).map(|(replace, with)| (script(), replace, with));
        for (file, replace, with) in own.chain(self.also.iter().map(|c| (c.file.clone(), &c.replace, &c.with))) {
            let text = std::fs::read_to_string(path.join(&file)).expect("a file");
            assert_eq!(text.matches(replace.as_str()).count(), 1, "{}: {replace:?} stands there once", self.name);
            std::fs::write(path.join(&file), text.replace(replace.as_str(), with)).expect("written");
        }
        for name in &self.without {
            std::fs::remove_file(path.join(format!("cassettes/{name}.toml"))).expect("taken away");
        }
        Folder::read(&path).unwrap_or_else(|trouble| panic!("{}: {trouble}", self.name))
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_fault_is_found_by_the_rule_that_is_meant_for_it() {
    let text = Path::new(env!("CARGO_MANIFEST_DIR")).join("guests/faults_of_kinds.toml");
    let text = std::fs::read_to_string(text).expect("a table of faults");
    let Faults { fault: faults } = toml::from_str(&text).unwrap_or_else(|error| panic!("{error}"));
    let mut missed = Vec::new();
    // Two at a time, as the engine compiles two at a time.
    for pair in faults.chunks(2) {
        let checks = pair.iter().map(|fault| async move {
            let scratch = tempfile::tempdir().expect("a folder");
            let folder = fault.put_in(scratch.path());
            let report = kit::check::run(engine(), &folder, &|_| {}).await;
            (fault, report.unwrap_or_else(|trouble| panic!("{}: {trouble}", fault.name)))
        });
        for (fault, report) in futures_util::future::join_all(checks).await {
            let found: BTreeSet<&str> = report.broken().map(|judged| judged.id).collect();
            if !found.contains(fault.rule.as_str()) {
                missed.push(format!("{}: {} does not find it, and these do: {found:?}", fault.name, fault.rule));
            }
        }
    }
    assert!(missed.is_empty(), "{}", missed.join("\n"));
    let rules: BTreeSet<&str> = KINDS.iter().flat_map(|kind| kit::check::rules(*kind)).map(|rule| rule.id).collect();
    let idle: Vec<&&str> = rules.iter().filter(|id| !faults.iter().any(|fault| fault.rule == **id)).collect();
    assert_eq!(idle, Vec::<&&str>::new(), "each rule has a fault that it is proved by");
}
