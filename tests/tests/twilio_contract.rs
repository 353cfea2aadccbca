//! The adapters for Twilio, as they are shipped, against Twilio's own specification: no request of theirs is one that it
//! does not take, and none says what it does not name.
//!
//! It wants Prism and the specifications, and is skipped where they are not.

use kit::Folder;
use kit::attempt::{Watched, json};
use sandbox::datasets::Datasets;
use sandbox::grant::PowerSet;
use sandbox::http::{Gate, Rebinds};
use sandbox::powers::HostPowers;
use sandbox::secrets::{Secret, Secrets};
use sandbox::{CallError, Engine, EngineOptions, Guest};
use serde_json::Value;
use smartguard_tests::twilio::account::Held;
use smartguard_tests::twilio::{Account, Contract, Prism, Proxy};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

/// The number that Twilio's examples are about.
const EXAMPLE: &str = "+18089255327";
const OURS: [&str; 2] = ["+12025550143", "+12025550144"];
const OF_ANOTHER_CARRIER: &str = "+12025550145";
const KEY: &str = "register-twilio-acme-1";

/// What is needed beside the program; none, and the reason is told, where it is not there.
fn contract() -> Option<(PathBuf, std::ffi::OsString)> {
    let Some(prism) = std::env::var_os("SMARTGUARD_PRISM") else {
        eprintln!("skipped: SMARTGUARD_PRISM does not name Prism; `.ci/run` installs it");
        return None;
    };
    let folder = std::env::var_os("SMARTGUARD_CONTRACTS")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/contracts"), PathBuf::from);
    if !folder.is_dir() {
        let place = folder.display();
        eprintln!("skipped: there are no specifications in {place}; SMARTGUARD_CONTRACTS names their folder");
        return None;
    }
    Some((folder, prism))
}

fn engine() -> &'static Engine {
    static ENGINE: OnceLock<Engine> = OnceLock::new();
    ENGINE.get_or_init(|| {
        let cache = Path::new(env!("CARGO_TARGET_TMPDIR")).join("adapter-cache");
        Engine::new(EngineOptions::new(cache)).expect("the engine starts")
    })
}

/// An adapter that is shipped, with its origins led to a proxy.
struct Adapter {
    folder: Folder,
    guest: Guest,
    powers: Arc<HostPowers>,
    proxy: Proxy,
}

impl Adapter {
    async fn load(id: &str, proxy: &Proxy, settings: &[(&str, &str)]) -> Adapter {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../adapters").join(id);
        let folder = Folder::read(&path).unwrap_or_else(|trouble| panic!("{trouble}"));
        let guest = folder.load(engine()).await.unwrap_or_else(|trouble| panic!("{trouble}"));
        let manifest = &folder.manifest;
        let mut rebinds = Rebinds::default();
        for origin in manifest.origins.keys() {
            rebinds.bind(id, origin, &proxy.base).expect("an address");
        }
        let mut secrets = Secrets::default();
        for (name, value) in [
            ("API_KEY", "SK00000000000000000000000000000001"),
            ("API_SECRET", "a-secret-of-the-test"),
            ("ACCOUNT_SID", "AC00000000000000000000000000000001"),
        ] {
            secrets.insert(id, name, Secret::new(value.to_owned()));
        }
        let gate = Gate::new(rebinds, secrets);
        let settings: BTreeMap<String, String> =
            settings.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
        let datasets = Datasets::new(Path::new(env!("CARGO_TARGET_TMPDIR")).join("twilio-datasets"));
        let powers = HostPowers::new(manifest, &PowerSet::asked_by(manifest), &gate, &datasets, &settings)
            .unwrap_or_else(|trouble| panic!("{trouble}"));
        Adapter { guest, powers: Arc::new(powers), proxy: proxy.clone(), folder }
    }

    /// One call, as `adapter try` makes it. What it asked was taken, and it asked something.
    async fn call(&self, function: &str, request: &str) -> Result<Value, CallError> {
        let known = self.folder.kind.function(function).unwrap_or_else(|| panic!("no function is called {function}"));
        let request: toml::Table = request.parse().expect("a request is TOML");
        let call = known.call(function, &request).unwrap_or_else(|trouble| panic!("{trouble}"));
        let made = Watched::new(self.powers.clone()).make(&self.guest, &*call).await;
        let id = &self.folder.manifest.id;
        let seen = self.proxy.take_seen();
        assert!(!seen.is_empty(), "{id} {function} asked Twilio nothing: {made:?}");
        let wrong: Vec<&String> = seen.iter().filter_map(|seen| seen.wrong.as_ref()).collect();
        assert!(wrong.is_empty(), "{id} {function} asks what Twilio does not take: {wrong:#?}");
        made.map(|answer| json(&answer.into()))
    }

    /// The answer of a call that must succeed.
    async fn must(&self, function: &str, request: &str) -> Value {
        self.call(function, request).await.unwrap_or_else(|error| panic!("{function}: {error}"))
    }

    /// Steps of a registration until it waits for a review or is done.
    async fn registered(&self, numbers: &[&str]) -> Result<Value, CallError> {
        /// A registration with three products and a few numbers takes a dozen.
        const STEPS_MAX: usize = 30;
        let mut token = String::new();
        for _ in 0..STEPS_MAX {
            let answer = self.call("register", &register(numbers, &token)).await?;
            match &answer["pending"] {
                Value::Null => return Ok(answer),
                pending if pending["ask_again_s"].as_u64() > Some(60) => return Ok(answer),
                pending => pending["token"].as_str().expect("a token").clone_into(&mut token),
            }
        }
        panic!("the registration comes to no end");
    }
}

const BUSINESS: &str = r#"
[business]
id = "acme"
legal_name = "Acme Dental LLC"
relation = "self"
website = "https://www.acme.example"
use_case = "Appointment reminders"
calls_per_month = 42000
originating_providers = ["Twilio"]
cnam = "ACME DENTAL"
employees = 25
address = { line1 = "1 Main Street", city = "Dayton", state = "OH", zip = "45402", country = "US" }
contact = { name = "Ann Example", email = "ann@acme.example", phone = "+19375550100" }
"#;

fn register(numbers: &[&str], token: &str) -> String {
    let token = if token.is_empty() { String::new() } else { format!("token = '{token}'") };
    format!("key = \"{KEY}\"\nnumbers = {numbers:?}\n{token}\n{BUSINESS}")
}

fn dispute(number: &str) -> String {
    let said = "agency = \"hiya\"\ncarrier = \"att\"\nstatus = \"flagged\"\nlabel = \"Spam Risk\"\nstatement = \"\"";
    format!("key = \"case-7-1\"\nnumber = \"{number}\"\n{said}\n{BUSINESS}")
}

fn check(token: &str) -> String {
    let token = if token.is_empty() { String::new() } else { format!("token = '{token}'") };
    format!("numbers = [\"{}\"]\n{token}\n", OURS[0])
}

/// One mock for all of it, because it takes its time to start.
#[tokio::test]
async fn twilio_takes_all_that_its_adapters_ask() {
    let Some((folder, program)) = contract() else { return };
    let contract = Arc::new(Contract::read(&folder));
    let scratch = tempfile::tempdir().expect("a folder");
    let document = scratch.path().join("twilio.json");
    std::fs::write(&document, contract.document.to_string()).expect("written");
    let prism = Prism::start(&program, &document);

    every_function_asks_what_the_specification_names(&contract, &prism).await;
    what_it_does_not_name_is_noticed(&contract, &prism).await;
    a_registration_goes_from_draft_to_approval(&contract, &prism).await;
    a_registration_that_is_rejected_tells_why(&contract, &prism).await;
    a_dispute_puts_a_number_on_the_product(&contract, &prism).await;
    checks_hear_add_ons_and_reports(&contract, &prism).await;
    numbers_are_bought_listed_and_given_back(&contract, &prism).await;
}

/// Against the specification's own examples. They are about other things than were asked for, so what comes out does not
/// matter here; what was asked does.
async fn every_function_asks_what_the_specification_names(contract: &Arc<Contract>, prism: &Prism) {
    let proxy = Proxy::start(contract, prism, None).await;
    let twilio = Adapter::load("twilio", &proxy, &[]).await;
    let with_reports = Adapter::load("twilio", &proxy, &[("insights", "true")]).await;
    let lookup = Adapter::load("twilio_lookup", &proxy, &[]).await;
    let numbers = Adapter::load("twilio_numbers", &proxy, &[]).await;
    let report = r#"{"report":"voiceinsights_report_01jmzm99cte5rrbbhv8bctd4av","look":1}"#;
    let body = format!("body = \"BundleSid=BU{}\"\n", "a".repeat(32));
    let calls = [
        (&twilio, "check", check("")),
        (&with_reports, "check", check("")),
        (&with_reports, "check", check(report)),
        (&twilio, "register", register(&OURS, "")),
        (&twilio, "dispute", dispute(EXAMPLE)),
        (&twilio, "track", format!("key = \"{KEY}\"")),
        (&twilio, "inbound", body),
        (&twilio, "probe", String::new()),
        (&lookup, "lookup", format!("numbers = [\"{EXAMPLE}\"]")),
        (&lookup, "probe", String::new()),
        (&numbers, "search", "area_code = \"202\"\ncount = 2".to_owned()),
        (&numbers, "acquire", format!("key = \"buy-7\"\nnumber = \"{}\"", OURS[0])),
        (&numbers, "acquire", format!("key = \"buy-7\"\nnumber = \"{EXAMPLE}\"")),
        (&numbers, "release", format!("key = \"give-7\"\nnumber = \"{EXAMPLE}\"")),
        (&numbers, "list_numbers", String::new()),
        (&numbers, "probe", String::new()),
    ];
    let mut reached: BTreeSet<(&str, &str)> = BTreeSet::new();
    for (adapter, function, request) in &calls {
        // Only that it asked, and what, is judged here.
        let _ = adapter.call(function, request).await;
        reached.insert((&adapter.folder.manifest.id, function));
    }
    for adapter in [&twilio, &lookup, &numbers] {
        let manifest = &adapter.folder.manifest;
        // To name a price is to ask nobody.
        for function in manifest.functions.named().into_iter().filter(|function| *function != "price_micros") {
            assert!(reached.contains(&(manifest.id.as_str(), function)), "{} {function} is not tried", manifest.id);
        }
    }
}

/// The proxy sees what the mock does not, and the mock what is wrong.
async fn what_it_does_not_name_is_noticed(contract: &Arc<Contract>, prism: &Prism) {
    let proxy = Proxy::start(contract, prism, None).await;
    let client = smartguard_tests::daemon::client();
    let products = format!("{}/v1/TrustProducts", proxy.base);
    let whole =
        [("FriendlyName", "x"), ("Email", "x@acme.example"), ("PolicySid", "RN5b3660f9598883b1df4e77f77acefba0")];
    let cases = [(vec![("Colour", "red")], Some("it does not name Colour")), (vec![], None)];
    for (further, told) in cases {
        let form: Vec<(&str, &str)> = whole.into_iter().chain(further).collect();
        client.post(&products).basic_auth("user", Some("password")).form(&form).send().await.expect("an answer");
        let seen = proxy.take_seen();
        let wrong = seen[0].wrong.as_deref();
        assert_eq!(wrong.is_some(), told.is_some(), "{wrong:?}");
        assert!(told.is_none_or(|told| wrong.is_some_and(|wrong| wrong.contains(told))), "{wrong:?}");
    }
    client.post(&products).basic_auth("user", Some("password")).form(&whole[..2]).send().await.expect("an answer");
    assert!(proxy.take_seen()[0].wrong.as_ref().is_some_and(|wrong| wrong.contains("'PolicySid'")), "the mock checks");
    client.get(format!("{products}?Colour=red")).basic_auth("user", Some("password")).send().await.expect("an answer");
    assert!(proxy.take_seen()[0].wrong.is_some(), "a query is held to its names as well");
}

/// What there is of each kind: products, end users, numbers on products.
fn count(held: &Held) -> (usize, usize, usize) {
    (held.products.len(), held.end_users.len(), held.products.values().map(|product| product.numbers.len()).sum())
}

async fn a_registration_goes_from_draft_to_approval(contract: &Arc<Contract>, prism: &Prism) {
    let account = Account::of(&OURS);
    account.change(|held| held.wants_ranges = true);
    let proxy = Proxy::start(contract, prism, Some(account.clone())).await;
    let everything = [("shaken", "true"), ("cnam", "true"), ("status_callback", "https://guard.acme.example/twilio")];
    let twilio = Adapter::load("twilio", &proxy, &everything).await;
    let numbers = [OURS[0], OURS[1], OF_ANOTHER_CARRIER];

    let waiting = twilio.registered(&numbers).await.expect("it waits for its review");
    let held = account.held();
    assert_eq!(count(&held), (3, 2, 6), "Voice Integrity, SHAKEN/STIR and CNAM, with both numbers each: {held:#?}");
    assert!(held.products.values().all(|product| product.status == "pending-review"), "{held:#?}");
    let said: BTreeSet<String> = held.end_users.values().map(|end_user| end_user.attributes.to_string()).collect();
    assert!(said.iter().any(|said| said.contains("\"1001-10000\"")), "the call volume is said by a range: {said:?}");
    assert!(said.iter().any(|said| said.contains("ACME DENTAL")), "{said:?}");
    for product in held.products.values() {
        assert!(product.name.ends_with(&format!(" acme {KEY}")), "{}", product.name);
    }

    // As after a crash that lost the token: everything is found, and nothing is made again.
    let again = twilio.registered(&numbers).await.expect("it waits for its review");
    assert_eq!(again, waiting);
    assert_eq!(count(&account.held()), count(&held), "nothing is made twice");

    let track = format!("key = \"{KEY}\"");
    assert_eq!(twilio.must("track", &track).await["found"]["status"], "submitted");
    account.review("twilio-approved", &Value::Null);
    assert_eq!(twilio.must("track", &track).await["found"]["status"], "accepted");
    let (main, _) = held.products.iter().find(|(_, product)| product.name.contains("voice-integrity")).expect("there");
    let told = twilio.must("inbound", &format!("body = \"BundleSid={main}&Status=twilio-rejected\"")).await;
    // Twilio itself says approved: that wakes the step which waits, and the rejection that the caller told goes nowhere.
    assert_eq!(told["filings"].as_array().map(Vec::len), Some(1), "{told}");
    let heard = &told["filings"][0];
    assert_eq!(
        (&heard["key"], &heard["filing"]["status"]),
        (&KEY.into(), &"in-review".into()),
        "the call itself is not believed: {told}"
    );

    let filed = twilio.registered(&numbers).await.expect("it is filed")["filed"].clone();
    assert_eq!((&filed["status"], &filed["reference"]), (&"accepted".into(), &main.as_str().into()));
    assert_eq!(filed["refused"][0]["number"], OF_ANOTHER_CARRIER);
    assert_eq!(filed["refused"].as_array().map(Vec::len), Some(1), "{filed}");
    assert!(filed["detail"].as_str().is_some_and(|detail| detail.contains("CNAM")), "{filed}");
}

async fn a_registration_that_is_rejected_tells_why(contract: &Arc<Contract>, prism: &Prism) {
    let account = Account::of(&OURS);
    let proxy = Proxy::start(contract, prism, Some(account.clone())).await;
    let twilio = Adapter::load("twilio", &proxy, &[]).await;
    twilio.registered(&OURS).await.expect("it waits for its review");
    account.review("twilio-rejected", &serde_json::json!([{ "code": 30794, "message": "The name does not match" }]));
    let error = twilio.registered(&OURS).await.expect_err("it is rejected").to_string();
    assert!(error.contains("The name does not match (error 30794)"), "{error}");
    let product = account.held().products.into_keys().next().expect("a product");
    let told = twilio.must("inbound", &format!("body = \"BundleSid={product}\"")).await;
    assert_eq!((&told["filings"][0]["key"], &told["filings"][0]["filing"]["status"]), (&KEY.into(), &"refused".into()));

    let stranger = Account::of(&[]);
    let proxy = Proxy::start(contract, prism, Some(stranger.clone())).await;
    let twilio = Adapter::load("twilio", &proxy, &[]).await;
    let error = twilio.registered(&OURS).await.expect_err("the numbers are not there").to_string();
    assert!(error.contains("none of these numbers is in the Twilio account"), "{error}");
    assert_eq!(count(&stranger.held()), (0, 0, 0), "nothing is made for them");
}

async fn a_dispute_puts_a_number_on_the_product(contract: &Arc<Contract>, prism: &Prism) {
    let account = Account::of(&OURS);
    let proxy = Proxy::start(contract, prism, Some(account.clone())).await;
    let twilio = Adapter::load("twilio", &proxy, &[]).await;
    let error = twilio.call("dispute", &dispute(OURS[1])).await.expect_err("nothing is registered").to_string();
    assert!(error.contains("register it first"), "{error}");
    twilio.registered(&OURS[..1]).await.expect("it waits for its review");
    account.review("twilio-approved", &Value::Null);
    for word in ["was put on it", "is on it already"] {
        let filed = twilio.must("dispute", &dispute(OURS[1])).await["filed"].clone();
        assert!(filed["detail"].as_str().is_some_and(|detail| detail.contains(word)), "{filed}");
        assert_eq!(count(&account.held()), (1, 1, 2));
    }
}

async fn checks_hear_add_ons_and_reports(contract: &Arc<Contract>, prism: &Prism) {
    let proxy = Proxy::start(contract, prism, Some(Account::of(&OURS))).await;
    let twilio = Adapter::load("twilio", &proxy, &[("insights", "true")]).await;
    let waiting = twilio.must("check", &check("")).await;
    let token = waiting["pending"]["token"].as_str().expect("a token");
    let observations = twilio.must("check", &check(token)).await["observations"].clone();
    let told: Vec<(&str, &str)> = observations
        .as_array()
        .expect("observations")
        .iter()
        .map(|seen| (seen["agency"].as_str().unwrap_or_default(), seen["status"].as_str().unwrap_or_default()))
        .collect();
    assert_eq!(told, [("nomorobo", "flagged"), ("icehook_scout", "unflagged"), ("hiya", "blocked")]);
    let found = twilio.must("probe", "").await["probed"]["found"].clone();
    assert!(found.as_str().is_some_and(|found| found.starts_with("nomorobo_spamscore is installed")), "{found}");
    let lookup = Adapter::load("twilio_lookup", &proxy, &[]).await;
    let served = lookup.must("lookup", &format!("numbers = [\"{EXAMPLE}\"]")).await;
    assert_eq!(served["served"][0]["carrier"], "verizon", "{served}");
}

async fn numbers_are_bought_listed_and_given_back(contract: &Arc<Contract>, prism: &Prism) {
    let account = Account::of(&OURS);
    let proxy = Proxy::start(contract, prism, Some(account.clone())).await;
    let numbers = Adapter::load("twilio_numbers", &proxy, &[("voice_url", "https://voice.acme.example/inbound")]).await;
    let offers = numbers.must("search", "area_code = \"202\"\ncount = 2").await;
    let offer = offers["offers"][0]["number"].as_str().expect("an offer").to_owned();
    let acquire = format!("key = \"buy-7\"\nnumber = \"{offer}\"");
    for _ in 0..2 {
        assert_eq!(numbers.must("acquire", &acquire).await["acquired"]["number"], offer.as_str());
        assert_eq!(account.held().numbers.len(), 3, "bought once");
    }
    // One that was there before, under a name of its own.
    let ours = format!("key = \"buy-8\"\nnumber = \"{}\"", OURS[0]);
    assert_eq!(numbers.must("acquire", &ours).await["acquired"]["number"], OURS[0]);

    let mut listed = Vec::new();
    let mut request = String::new();
    loop {
        let page = numbers.must("list_numbers", &request).await;
        let held = page["numbers"].as_array().expect("numbers").iter().filter_map(|held| held["number"].as_str());
        listed.extend(held.map(str::to_owned));
        let Some(next) = page["next"].as_str() else { break };
        request = format!("page = '{next}'");
    }
    assert_eq!(listed, [OURS[0], OURS[1], &offer]);
    for _ in 0..2 {
        let release = format!("key = \"give-7\"\nnumber = \"{offer}\"");
        assert_eq!(numbers.must("release", &release).await["released"], true);
        assert_eq!(account.held().numbers.len(), 2);
    }
}
