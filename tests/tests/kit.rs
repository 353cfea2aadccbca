//! The author's kit: cassettes that differ, recordings without secrets, and rules that find the faults that they are meant for.

use axum::Router;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use kit::Folder;
use kit::cassette::Cassette;
use kit::check::{Report, Tier};
use kit::record::Recording;
use numbers::Moment;
use sandbox::datasets::Datasets;
use sandbox::http::{Gate, Rebinds};
use sandbox::manifest::Manifest;
use sandbox::secrets::{Secret, Secrets};
use sandbox::{Engine, EngineOptions};
use serde::Deserialize;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

fn guests() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("guests")
}

/// One engine for all tests; its cache outlives them, so that each script is compiled once.
fn engine() -> &'static Engine {
    static ENGINE: OnceLock<Engine> = OnceLock::new();
    ENGINE.get_or_init(|| {
        let cache = Path::new(env!("CARGO_TARGET_TMPDIR")).join("adapter-cache");
        Engine::new(EngineOptions::new(cache)).expect("the engine starts")
    })
}

fn read(path: &Path) -> Folder {
    let folder = Folder::read(path).unwrap_or_else(|trouble| panic!("{trouble}"));
    assert!(folder.troubles.is_empty(), "{:?}", folder.troubles);
    folder
}

/// A copy of the good adapter that a test may change.
fn copy(scratch: &Path) -> PathBuf {
    let (from, to) = (guests().join("plain"), scratch.join("plain"));
    std::fs::create_dir_all(to.join("cassettes")).expect("made");
    for name in ["adapter.toml", "adapter.js"] {
        std::fs::copy(from.join(name), to.join(name)).expect("copied");
    }
    for entry in std::fs::read_dir(from.join("cassettes")).expect("cassettes").flatten() {
        std::fs::copy(entry.path(), to.join("cassettes").join(entry.file_name())).expect("copied");
    }
    to
}

fn change(path: &Path, replace: &str, with: &str) {
    let text = std::fs::read_to_string(path).expect("a text");
    assert!(text.contains(replace), "{replace:?} stands in {}", path.display());
    std::fs::write(path, text.replace(replace, with)).expect("written");
}

async fn test(path: &Path, update: bool) -> kit::test::Report {
    kit::test::run(engine(), &read(path), update, |_| {}).await.unwrap_or_else(|trouble| panic!("{trouble}"))
}

#[tokio::test]
async fn what_differs_is_named_with_its_line_and_can_be_taken_over() {
    let scratch = tempfile::tempdir().expect("a folder");
    let path = copy(scratch.path());
    assert!(test(&path, false).await.passed());
    let cassettes = path.join("cassettes");
    change(&cassettes.join("clean.toml"), "status = \"unflagged\"", "status = \"flagged\" # so it was");
    change(&cassettes.join("clean.toml"), "exchanges = 1", "exchanges = 0, memory_kib = 16, ms = 0");
    change(&cassettes.join("blocked.toml"), "/numbers/12025550143", "/numbers/2025550143");
    change(&cassettes.join("track.toml"), "key = \"reg-3\" }", "key = \"reg-3\", page = \"2\" }");
    change(
        &cassettes.join("register.toml"),
        "[answer]\nfiled = { reference = \"f-17\", status = \"submitted\", detail = false }\n",
        "",
    );
    change(&cassettes.join("track_absent.toml"), "[[exchange]]", "[config]\nflaged_from = 3\n\n[[exchange]]");
    let report = test(&path, false).await;
    let differences: Vec<(String, &str, &str, &str)> = report
        .cassettes
        .iter()
        .flat_map(|tested| &tested.differences)
        .map(|d| {
            let place = d.place.rsplit('/').next().unwrap_or_default();
            (place.to_owned(), d.what.as_str(), d.expected.as_str(), d.got.as_str())
        })
        .collect();
    let expected = [
        ("blocked.toml:13", "exchange[0].asks.path", "\"/numbers/2025550143\"", "\"/numbers/12025550143\""),
        ("clean.toml:23", "answer.observations[0].status", "\"flagged\"", "\"unflagged\""),
        ("clean.toml:5", "at_most.ms", "at most 0", "1"),
        ("clean.toml:5", "at_most.memory_kib", "at most 16", "1472"),
        ("clean.toml:5", "at_most.exchanges", "at most 0", "1"),
    ];
    for (index, (place, what, expected, got)) in expected.into_iter().enumerate() {
        let found = &differences[index];
        assert_eq!((found.0.as_str(), found.1, found.2), (place, what, expected), "{differences:#?}");
        // How long it computed and how much the runtime takes is the machine's business.
        assert!(found.3 == got || what == "at_most.ms" || what == "at_most.memory_kib", "{differences:#?}");
    }
    let rest: Vec<&str> = differences[expected.len()..].iter().map(|difference| difference.1).collect();
    assert_eq!(rest, ["answer", "exchange[0].asks.query.page", "config.flaged_from"], "{differences:#?}");
    assert!(!report.passed());

    let updated = test(&path, true).await;
    let names: Vec<&str> = updated.cassettes.iter().filter(|t| t.updated).map(|t| t.name.as_str()).collect();
    assert_eq!(names, ["clean", "register"], "only answers are taken over");
    let clean = std::fs::read_to_string(cassettes.join("clean.toml")).expect("a cassette");
    assert!(clean.contains("status = \"unflagged\" # so it was\n"), "{clean}");
    let register = std::fs::read_to_string(cassettes.join("register.toml")).expect("a cassette");
    let whole = "\n[answer.filed]\nreference = \"f-17\"\nstatus = \"submitted\"\ndetail = false\nrefused = []\n";
    assert!(register.contains(whole), "{register}");
    let again = test(&path, false).await;
    let left: Vec<&str> = again.cassettes.iter().flat_map(|t| &t.differences).map(|d| d.what.as_str()).collect();
    assert!(!left.iter().any(|what| what.starts_with("answer")), "{left:?}");
}

/// Repeats the key in every way that a server may.
async fn number(headers: HeaderMap, axum::extract::Path(number): axum::extract::Path<String>) -> Response {
    let key = headers["authorization"].to_str().expect("a text").to_owned();
    let cookie = [("set-cookie", "session=4711"), ("x-echo", &key), ("x-page", "1 of 1")];
    let body = serde_json::json!({
        "number": format!("+{number}"),
        "reputation": { "score": 93, "blocked": false, "label": "Spam Likely" },
        "request": { "authorization": key, "access_token": "ey-handed-out-4711" },
    });
    (StatusCode::OK, cookie, axum::Json(body)).into_response()
}

#[tokio::test]
async fn a_recording_holds_what_a_server_said_and_no_secret() {
    const KEY: &str = "a/key+of=the test";
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = format!("http://{}", listener.local_addr().expect("its address"));
    let router = Router::new().route("/numbers/{number}", get(number));
    tokio::spawn(async move { axum::serve(listener, router).await });

    let scratch = tempfile::tempdir().expect("a folder");
    let path = copy(scratch.path());
    let (mut rebinds, mut secrets) = (Rebinds::default(), Secrets::default());
    rebinds.bind("plain", "api", &address).expect("an address");
    secrets.insert("plain", "API_KEY", Secret::new(KEY));
    let datasets = Datasets::new(scratch.path().join("datasets"));
    let recording = |name, subjects| Recording {
        name,
        subjects,
        about: None,
        gate: Gate::new(rebinds.clone(), secrets.clone()),
        datasets: &datasets,
        now: Moment(1_795_435_200_123),
    };
    let numbers = ["+12025550143".to_owned()];
    let record =
        async |name, subjects| kit::record::record(engine(), &read(&path), &recording(name, subjects), &|_| {}).await;
    let recorded = record("live", &numbers).await.unwrap_or_else(|trouble| panic!("{trouble}"));
    assert_eq!((recorded.warnings.as_slice(), recorded.tested.differences.as_slice()), (&[][..], &[][..]));
    let text = std::fs::read_to_string(path.join("cassettes/live.toml")).expect("written");
    for secret in [KEY, "a%2Fkey", "a\\/key", "session=4711", "ey-handed-out-4711"] {
        assert!(!text.contains(secret), "{secret} stands in it:\n{text}");
    }
    let parts = [
        "about = \"What was answered about +12025550143.\"\nprovenance = \"recorded\"\nnow = 2026-11-23T12:00:00Z\n",
        "asks.path = \"/numbers/12025550143\"\n",
        "asks.headers = { Authorization = \"Bearer {{secret:API_KEY}}\" }\nstatus = 200\n",
        "x-page = \"1 of 1\"",
        "recorded-token-1",
        "[[answer.observations]]\nnumber = \"+12025550143\"\nagency = \"plain\"\n",
        "label = \"Spam Likely\"\n",
    ];
    for part in parts {
        assert!(text.contains(part), "{part:?} is missing:\n{text}");
    }
    assert!(test(&path, false).await.passed(), "what was recorded is played");

    // A cassette that exists is asked again with its own request, and keeps what its author wrote.
    change(&path.join("cassettes/clean.toml"), "about", "# Of old.\nabout");
    record("clean", &[]).await.unwrap_or_else(|trouble| panic!("{trouble}"));
    let text = std::fs::read_to_string(path.join("cassettes/clean.toml")).expect("written");
    assert!(text.starts_with("# Of old.\nabout = \"A low score"), "{text}");
    assert!(text.contains("provenance = \"recorded\"") && text.contains("status = \"flagged\""), "{text}");

    // The server takes no filings, and that is worth a cassette too.
    record("register", &[]).await.unwrap_or_else(|trouble| panic!("{trouble}"));
    let text = std::fs::read_to_string(path.join("cassettes/register.toml")).expect("written");
    assert!(text.contains("\nstatus = 404\n") && text.contains("\n[answer]\nerror = \"rejected\"\n"), "{text}");

    for (name, subjects, reason) in [
        ("clean", &numbers[..], "has a request of its own"),
        ("nothing", &[], "nothing says what to ask"),
        ("../cassettes/live", &[], "is no name"),
    ] {
        let trouble = record(name, subjects).await.expect_err(name);
        assert!(trouble.reason.contains(reason), "{trouble}");
    }
    let keyless =
        Recording { gate: Gate::new(rebinds.clone(), Secrets::default()), ..recording("keyless", &numbers[..]) };
    let refused = kit::record::record(engine(), &read(&path), &keyless, &|_| {}).await;
    assert!(refused.is_err_and(|trouble| trouble.reason.contains("API_KEY is not configured")));
    assert!(!path.join("cassettes/keyless.toml").exists(), "nothing is written when nothing was asked");
}

async fn check(folder: &Folder) -> Report {
    kit::check::run(engine(), folder, &|_| {}).await.unwrap_or_else(|trouble| panic!("{trouble}"))
}

fn broken(report: &Report) -> BTreeSet<&'static str> {
    report.broken().map(|judged| judged.id).collect()
}

#[tokio::test]
async fn adapters_without_faults_break_no_rule() {
    let plain = check(&read(&guests().join("plain"))).await;
    assert_eq!((plain.tier, broken(&plain)), (Some(Tier::Gold), BTreeSet::new()), "{:#?}", plain.rules);
    // Those that are shipped are judged in `adapters.rs`. One that only makes packets has a tier of its own.
    let packets = check(&read(&guests().join("../../adapters/fcr"))).await;
    assert_eq!(packets.tier, Some(Tier::Packets), "{:#?}", packets.rules);
}

#[tokio::test]
async fn an_exemption_is_shown_with_its_reason_and_must_name_a_rule() {
    let scratch = tempfile::tempdir().expect("a folder");
    let path = copy(scratch.path());
    let manifest = path.join("adapter.toml");
    let text = std::fs::read_to_string(&manifest).expect("a manifest");
    change(&path.join("adapter.js"), "of new Set(request.numbers)", "of request.numbers");
    std::fs::write(&manifest, format!("{text}\n[exempt]\nbatch_duplicates = \"it never happens\"\n")).expect("written");
    let report = check(&read(&path)).await;
    let rule = report.rules.iter().find(|judged| judged.id == "batch_duplicates").expect("the rule");
    assert_eq!(rule.verdict, kit::check::Verdict::Exempt("it never happens".into()));
    assert_eq!((broken(&report), report.tier), (BTreeSet::from(["asked_once"]), Some(Tier::Silver)));
    std::fs::write(&manifest, format!("{text}\n[exempt]\nbatch_dupicates = \"x\"\n")).expect("written");
    let refused = kit::check::run(engine(), &read(&path), &|_| {}).await.expect_err("no such rule");
    let lines = text.lines().count() + 3;
    assert!(refused.place.ends_with(&format!("adapter.toml:{lines}")), "{refused}");
    assert_eq!(refused.remedy, "did you mean `batch_duplicates`?");
    std::fs::write(&manifest, format!("{text}\n[exempt]\nasked_once = \" \"\n")).expect("written");
    let refused = Folder::read(&path).err().expect("no reason");
    assert!(refused.reason.contains("exempt without a reason"), "{refused}");
}

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
    of: Option<String>,
    file: Option<String>,
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
    replace: String,
    with: String,
}

impl Fault {
    /// The good adapter with this fault put in.
    fn put_in(&self) -> Folder {
        let mut folder = read(&guests().join(self.of.as_deref().unwrap_or("plain")));
        folder.cassettes.retain(|cassette| !self.without.contains(&cassette.name));
        let mut changes: Vec<(&str, &str)> =
            self.also.iter().map(|change| (change.replace.as_str(), change.with.as_str())).collect();
        if let (Some(replace), Some(with)) = (&self.replace, &self.with) {
            changes.push((replace, with));
        }
        for (replace, with) in changes {
            if self.file.as_deref() == Some("cassettes") {
                for cassette in &mut folder.cassettes {
                    let text = cassette.text.replace(replace, with);
                    let changed = Cassette::parse(folder.kind, &cassette.path, text);
                    *cassette = changed.unwrap_or_else(|trouble| panic!("{trouble}"));
                }
                continue;
            }
            if self.file.as_deref() == Some("manifest") {
                let text = std::fs::read_to_string(folder.path.join("adapter.toml")).expect("a manifest");
                assert_eq!(text.matches(replace).count(), 1, "{}: {replace:?} stands there once", self.name);
                let text = text.replace(replace, with);
                folder.manifest = Manifest::parse("adapter.toml", &text).unwrap_or_else(|trouble| panic!("{trouble}"));
                continue;
            }
            let code = String::from_utf8(folder.code).expect("a script");
            assert_eq!(code.matches(replace).count(), 1, "{}: {replace:?} stands there once", self.name);
            folder.code = code.replace(replace, with).into_bytes();
        }
        folder
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_fault_is_found_by_the_rule_that_is_meant_for_it() {
    let text = std::fs::read_to_string(guests().join("faults.toml")).expect("a table of faults");
    let Faults { fault: faults } = toml::from_str(&text).unwrap_or_else(|error| panic!("{error}"));
    assert!(faults.len() >= 30, "{} faults are too few", faults.len());
    // Two at a time, as the engine compiles two at a time.
    let mut missed = Vec::new();
    for pair in faults.chunks(2) {
        let checks = pair.iter().map(|fault| async move { (fault, check(&fault.put_in()).await) });
        for (fault, report) in futures_util::future::join_all(checks).await {
            let found = broken(&report);
            if !found.contains(fault.rule.as_str()) {
                missed.push(format!("{}: {} does not find it, and these do: {found:?}", fault.name, fault.rule));
            }
        }
    }
    assert!(missed.is_empty(), "{}", missed.join("\n"));
    let rules = kit::check::rules(kit::agency::KIND.kind);
    let idle: Vec<&str> =
        rules.iter().map(|rule| rule.id).filter(|id| !faults.iter().any(|fault| fault.rule == **id)).collect();
    assert_eq!(idle, Vec::<&str>::new(), "each rule has a fault that it is proved by");
}

#[test]
fn the_readme_tells_every_rule() {
    let readme = std::fs::read_to_string(guests().join("../../adapters/README.md")).expect("a README");
    for (heading, kind) in [
        ("## Rules for every agency's adapter", &kit::agency::KIND),
        ("### A provider's adapter", &kit::provider::KIND),
        ("### A look-up of carriers", &kit::lookup::KIND),
        ("### A ranker", &kit::ranker::KIND),
    ] {
        let section = readme.lines().skip_while(|line| *line != heading);
        let table = section.skip_while(|line| !line.starts_with("| rule |")).skip(2);
        let told: Vec<&str> = table.take_while(|line| line.starts_with('|')).collect();
        let rules = kit::check::rules(kind.kind);
        let lines: Vec<String> =
            rules.iter().map(|rule| format!("| `{}` | {} | {} |", rule.id, rule.tier.word(), rule.sentence)).collect();
        assert_eq!(told, lines, "{heading}");
    }
}
