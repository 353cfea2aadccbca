//! The adapters that are shipped, run as they are by the real engine: against their cassettes and the rules, and over real
//! sockets.

use axum::Router;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use kit::Folder;
use kit::check::Tier;
use numbers::{Address, Business, Contact, E164, FileContent, Packet, Relation, Status};
use sandbox::agency::{Check, CheckAnswer, Register};
use sandbox::datasets::Datasets;
use sandbox::grant::PowerSet;
use sandbox::http::{Gate, Rebinds};
use sandbox::manifest::Manifest;
use sandbox::powers::HostPowers;
use sandbox::secrets::{Secret, Secrets};
use sandbox::{AdapterError, CallError, Engine, EngineOptions, Guest, Powers};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

fn folder(adapter: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../adapters").join(adapter)
}

fn manifest(adapter: &str) -> Manifest {
    Manifest::read(&folder(adapter).join("adapter.toml")).unwrap_or_else(|trouble| panic!("{trouble}"))
}

/// One engine for all tests; its cache outlives them, so that the runtime for scripts is compiled once.
fn engine() -> &'static Engine {
    static ENGINE: OnceLock<Engine> = OnceLock::new();
    ENGINE.get_or_init(|| {
        let cache = Path::new(env!("CARGO_TARGET_TMPDIR")).join("adapter-cache");
        Engine::new(EngineOptions::new(cache)).expect("the engine starts")
    })
}

async fn load(adapter: &str) -> Guest {
    let folder = Folder::read(&folder(adapter)).unwrap_or_else(|trouble| panic!("{trouble}"));
    folder.load(engine()).await.unwrap_or_else(|trouble| panic!("{trouble}"))
}

/// Every adapter that is shipped, of whatever kind.
fn shipped() -> Vec<String> {
    let entries = std::fs::read_dir(folder("")).expect("adapters").flatten();
    let mut ids: Vec<String> = entries
        .filter(|entry| entry.path().join("adapter.toml").is_file())
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect();
    ids.sort();
    ids
}

/// The table of systems that carriers, engines and dialers' customers meet.
#[test]
fn every_system_has_its_adapter() {
    let systems = [
        "att_hiya",
        "bandwidth_nrm",
        "caller_id_reputation",
        "cspire_tns",
        "fcc_complaints",
        "fcr",
        "ftc_dnc",
        "icehook_scout",
        "ipqs",
        "nomorobo",
        "numeracle",
        "purecallerid",
        "robokiller",
        "spectrum_tns",
        "telnyx_reputation",
        "tmobile_firstorion",
        "tns",
        "transunion",
        "truecaller",
        "truecnam",
        "trustcall",
        "twilio",
        "twilio_lookup",
        "twilio_numbers",
        "uscellular_tns",
        "verizon",
        "windstream",
        "youmail",
    ];
    assert_eq!(shipped(), systems);
    assert_eq!(manifest("fcr").files_for, ["hiya", "first_orion", "tns"]);
    let required: Vec<String> = shipped()
        .into_iter()
        .filter(|id| manifest(id).functions.register.is_some_and(|filing| filing.required))
        .collect();
    assert_eq!(required, ["fcr"], "a new number waits for one registry, which is free and reaches three engines");
}

/// Runs every cassette of every adapter, and holds it to every rule; all that is wrong is told in one run.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_adapter_keeps_its_cassettes_and_every_rule_that_it_could_keep() {
    let mut wrong = Vec::new();
    for pair in shipped().chunks(2) {
        let judged = pair.iter().map(|id| async move {
            let folder = Folder::read(&folder(id)).unwrap_or_else(|trouble| panic!("{trouble}"));
            let troubles: Vec<String> = folder.troubles.iter().map(|trouble| format!("{id}: {trouble}")).collect();
            let report = kit::check::run(engine(), &folder, &|_| {}).await;
            let report = report.unwrap_or_else(|trouble| panic!("{trouble}"));
            let tier = report.tier;
            // Nobody has been able to record what most agencies say, and few have published it.
            let broken = report.broken().filter(|judged| judged.id != "provenance");
            let mut wrong: Vec<String> = troubles
                .into_iter()
                .chain(broken.map(|judged| format!("{id}: {} {:?}", judged.id, judged.verdict)))
                .collect();
            let wanted = if folder.manifest.only_packets() { Tier::Packets } else { Tier::Silver };
            if tier < Some(wanted) {
                wrong.push(format!("{id} is {tier:?}, and should be {wanted:?}"));
            }
            wrong
        });
        wrong.extend(futures_util::future::join_all(judged).await.into_iter().flatten());
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[tokio::test]
async fn a_large_filing_comes_in_parts_that_the_registry_takes() {
    let guest = load("fcr").await;
    let powers: Arc<dyn Powers> = bound("fcr", "http://127.0.0.1:9");
    let numbers: Vec<E164> = (0..13_000).map(|n| parse(&format!("+1202{:07}", 2_000_000 + n))).collect();
    let register = Register { key: "reg-1".into(), business: business(), numbers: numbers.clone(), token: None };
    let packet = needs_person(guest.register(&powers, register).await);
    let mut seen = Vec::new();
    for part in 1..=3 {
        let text = text(&packet, &format!("fcr-numbers-part-{part}.txt"));
        assert!(text.len() <= 100 * 1024, "part {part} has {} bytes", text.len());
        let rows = table(&packet, &format!("fcr-numbers-part-{part}.xlsx"));
        assert_eq!(text.lines().collect::<Vec<&str>>(), rows, "both forms of part {part} hold the same numbers");
        seen.extend(text.lines().map(|line| parse(&format!("+1{line}"))));
    }
    assert_eq!(seen, numbers, "each number stands in one part, once");
    assert_eq!(packet.files.len(), 7);
    assert!(packet.steps.iter().any(|step| step.starts_with("The numbers fill 3 files")), "{:?}", packet.steps);
    let typed = text(&packet, "fcr-typing-fallback.txt");
    assert!(typed.contains("Form 650 of 650"), "13,000 numbers are 650 forms of 20");
    let group = typed.split("Form ").nth(1).expect("a first group");
    assert_eq!(group.lines().filter(|line| line.len() == 10).count(), 20);
}

/// A local server that speaks Nomorobo's contract, and whose opinion a test can change.
#[derive(Default)]
struct Nomorobo {
    bad: Mutex<BTreeSet<String>>,
    too_often: Mutex<bool>,
    asked: Mutex<Vec<String>>,
}

async fn v2_check(
    State(server): State<Arc<Nomorobo>>,
    Query(query): Query<BTreeMap<String, String>>,
    headers: HeaderMap,
) -> Response {
    if headers.get("x-api-key").is_none_or(|key| key != "a-key-of-the-test") {
        return StatusCode::UNAUTHORIZED.into_response();
    }
    if *server.too_often.lock().expect("no test panics while it holds this") {
        return (StatusCode::TOO_MANY_REQUESTS, [("Retry-After", "41")]).into_response();
    }
    let from = query["From"].clone();
    let bad = server.bad.lock().expect("no test panics while it holds this").contains(&from);
    server.asked.lock().expect("no test panics while it holds this").push(from.clone());
    let (block, risk, category) = if bad { ("blocked", 93, "Robocall") } else { ("allowed", 4, "Unknown") };
    axum::Json(serde_json::json!({
        "version": "1",
        "phone_number": from,
        "phone_number_reputation_details": {
            "number_of_calls": 12, "stir_shaken": "A", "reported_name": null, "reported_category": category,
            "block_status": block, "risk_score": risk, "violations": [],
        },
    }))
    .into_response()
}

#[tokio::test]
async fn nomorobo_is_asked_over_a_real_socket_with_a_secret_that_the_script_never_sees() {
    let server = Arc::new(Nomorobo::default());
    let address = serve(Router::new().route("/v2/check", get(v2_check)).with_state(server.clone())).await;
    let guest = load("nomorobo").await;
    let powers: Arc<dyn Powers> = bound("nomorobo", &address);
    let numbers = [parse("+12025550143"), parse("+13125550100")];
    let statuses = async || {
        guest.check(&powers, Check::of(&numbers)).await.map(|answer| match answer {
            CheckAnswer::Observations(seen) => seen.iter().map(|seen| (seen.status, seen.label.clone())).collect(),
            CheckAnswer::Pending(_) => Vec::new(),
        })
    };
    assert_eq!(statuses().await, Ok(vec![(Status::Unflagged, None), (Status::Unflagged, None)]));
    server.bad.lock().expect("free").insert("13125550100".into());
    let flagged = (Status::Flagged, Some("Robocall, blocked".to_owned()));
    assert_eq!(statuses().await, Ok(vec![(Status::Unflagged, None), flagged]));
    server.bad.lock().expect("free").clear();
    assert_eq!(statuses().await, Ok(vec![(Status::Unflagged, None), (Status::Unflagged, None)]));
    let asked = server.asked.lock().expect("free").clone();
    assert_eq!(asked, ["12025550143", "13125550100"].repeat(3));
    *server.too_often.lock().expect("free") = true;
    let refused = CallError::Adapter(AdapterError::RetryAfter(Duration::from_secs(41)));
    assert_eq!(statuses().await, Err(refused));

    let keyless = Arc::new(host_powers("nomorobo", &address, Secrets::default(), &Datasets::new(scratch("keyless"))));
    let keyless: Arc<dyn Powers> = keyless;
    let reason = "the secret API_KEY is not configured; it comes with a Nomorobo contract".to_owned();
    assert_eq!(
        guest.check(&keyless, Check::of(&numbers)).await,
        Err(CallError::Adapter(AdapterError::Unauthorized(reason)))
    );
}

/// A local server with one file a weekday, in each of which the first number stands once.
async fn complaints(axum::extract::Path(file): axum::extract::Path<String>) -> Response {
    if !file.starts_with("DNC_Complaint_Numbers_2") {
        return StatusCode::NOT_FOUND.into_response();
    }
    "Company_Phone_Number,Created_Date,Violation_Date,Consumer_City,Consumer_State,Consumer_Area_Code,Subject,Recorded_Message_Or_Robocall\r\n\
     2025550143,2026-11-19 10:22:31,2026-11-18 16:05:00,\"Dayton, East\",Ohio,937,Other,Y\r\n\
     ,2026-11-19 10:22:31,2026-11-18 16:05:00,Dayton,Ohio,937,Other,N\r\n"
        .into_response()
}

#[tokio::test]
async fn ftc_files_are_fetched_over_a_real_socket_and_counted() {
    let address = serve(Router::new().route("/sites/default/files/{file}", get(complaints))).await;
    let guest = load("ftc_dnc").await;
    let numbers = [parse("+12025550143"), parse("+13125550100")];
    let host = Arc::new(host_powers("ftc_dnc", &address, Secrets::default(), &Datasets::new(scratch("ftc"))));
    let powers: Arc<dyn Powers> = host.clone();
    let early = guest.check(&powers, Check::of(&numbers)).await;
    assert!(matches!(early, Err(CallError::Adapter(AdapterError::RetryAfter(_)))), "{early:?}");
    let (door, datasets) = host.datasets();
    for (_, dataset) in datasets {
        let refreshed =
            dataset.refresh(door, numbers::Moment(powers.now_ms()), &|_| {}).await.expect("a writable folder");
        assert_eq!((refreshed.absent, refreshed.failed), (0, 0), "{:?}", refreshed.last_reason);
        assert!((63..=66).contains(&refreshed.fetched), "90 days hold some 64 weekdays, not {}", refreshed.fetched);
    }
    let Ok(CheckAnswer::Observations(seen)) = guest.check(&powers, Check::of(&numbers)).await else {
        panic!("no observations");
    };
    let statuses: Vec<Status> = seen.iter().map(|seen| seen.status).collect();
    assert_eq!(statuses, [Status::Flagged, Status::Unflagged], "{seen:?}");
    assert_eq!(seen[1].label.as_deref(), Some("complaints: 0 in 7 days, 0 in 30, 0 in 90"));
}

async fn serve(router: Router) -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("a bound socket has an address");
    tokio::spawn(async move { axum::serve(listener, router).await });
    format!("http://{address}")
}

/// A folder of this test alone, empty at its start.
fn scratch(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("adapters-{name}"));
    let _ = std::fs::remove_dir_all(&folder);
    folder
}

fn bound(adapter: &str, address: &str) -> Arc<HostPowers> {
    let mut secrets = Secrets::default();
    secrets.insert(adapter, "API_KEY", Secret::new("a-key-of-the-test"));
    Arc::new(host_powers(adapter, address, secrets, &Datasets::new(scratch(adapter))))
}

/// All that the manifest asks for, with every origin led to `address`.
fn host_powers(adapter: &str, address: &str, secrets: Secrets, datasets: &Datasets) -> HostPowers {
    let manifest = manifest(adapter);
    let mut rebinds = Rebinds::default();
    for origin in manifest.origins.keys() {
        rebinds.bind(adapter, origin, address).expect("an address");
    }
    let gate = Gate::new(rebinds, secrets);
    HostPowers::new(&manifest, &PowerSet::asked_by(&manifest), &gate, datasets, &BTreeMap::new())
        .unwrap_or_else(|trouble| panic!("{trouble}"))
}

fn parse(text: &str) -> E164 {
    E164::parse(text).expect("a number of the test")
}

fn needs_person<T: std::fmt::Debug>(answer: Result<T, CallError>) -> Box<Packet> {
    match answer {
        Err(CallError::Adapter(AdapterError::NeedsPerson(packet))) => packet,
        other => panic!("no packet: {other:?}"),
    }
}

fn content<'a>(packet: &'a Packet, name: &str) -> &'a FileContent {
    let file = packet.files.iter().find(|file| file.name == name);
    &file.unwrap_or_else(|| panic!("no file is called {name}")).content
}

fn text<'a>(packet: &'a Packet, name: &str) -> &'a str {
    match content(packet, name) {
        FileContent::Text(text) => text,
        FileContent::Table { .. } => panic!("{name} is a table"),
    }
}

fn table(packet: &Packet, name: &str) -> Vec<String> {
    match content(packet, name) {
        FileContent::Table { columns, rows } => {
            assert_eq!(columns, &["Phone Number"]);
            rows.iter().map(|row| row.concat()).collect()
        }
        FileContent::Text(_) => panic!("{name} is a text"),
    }
}

fn business() -> Business {
    Business {
        id: "acme".into(),
        legal_name: "Acme Dental LLC".into(),
        dba: None,
        relation: Relation::Own,
        ein: Some("12-3456789".into()),
        address: Address {
            line1: "1 Main Street".into(),
            line2: None,
            city: "Dayton".into(),
            state: "OH".into(),
            zip: "45402".into(),
            country: "US".into(),
        },
        website: Some("https://www.acme.example".into()),
        contact: Contact {
            title: None,
            name: "Ann Example".into(),
            email: "ann@acme.example".into(),
            phone: "+19375550100".into(),
        },
        use_case: "Appointment reminders".into(),
        category: None,
        calls_per_month: 42_000,
        originating_providers: vec!["Twilio".into()],
        cnam: None,
        duns: None,
        employees: None,
        legal_form: None,
        incorporated_in: None,
        industry: None,
    }
}
