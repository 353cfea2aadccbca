//! Adapters that were built against an older version of the interface are served beside those of the newest.

use numbers::{Address, Business, Carrier, Contact, E164, Moment, Relation, Status};
use sandbox::agency::{Check, CheckAnswer, Dispute, Filing, FilingAnswer, FilingStatus, Register, TrackAnswer};
use sandbox::kind::Kind;
use sandbox::version::{Version, World};
use sandbox::{AdapterError, CallError, Engine, EngineOptions, Guest, Limits, LoadError, Powers};
use smartguard_tests::compiled::{Canned, built};
use std::path::{Path, PathBuf};
use std::sync::Arc;

const OLD: World = World { kind: Kind::Agency, version: Version::V0_0_0 };

fn engine() -> Engine {
    let cache = Path::new(env!("CARGO_TARGET_TMPDIR")).join("versions-cache");
    Engine::new(EngineOptions::new(cache)).expect("the engine starts")
}

fn corpus(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("guests/corpus").join(name)
}

async fn load(engine: &Engine, world: impl Into<World>, path: &Path) -> Result<Guest, LoadError> {
    let code = std::fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    engine.load(world, code, "old/adapter", Limits::default()).await
}

fn number() -> E164 {
    E164::from_digits(12_025_550_143).expect("a number")
}

fn business() -> Business {
    Business {
        id: "acme".into(),
        legal_name: "Acme LLC".into(),
        dba: None,
        relation: Relation::Own,
        ein: None,
        address: Address {
            line1: "1 Main Street".into(),
            line2: None,
            city: "Dayton".into(),
            state: "OH".into(),
            zip: "45402".into(),
            country: "US".into(),
        },
        website: None,
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

/// Asks everything that version 0.0.0 can be asked, in the host's own words, which are those of the newest.
async fn check(guest: &Guest) {
    assert_eq!((guest.description().id.as_str(), guest.description().version.as_str()), ("old", "0.0.0"));
    let host = Arc::new(Canned { body: "from the agency".to_owned(), ..Canned::default() });
    let powers: Arc<dyn Powers> = host.clone();
    let answer = guest.check(&powers, Check::of(&[number()])).await.expect("an answer");
    let CheckAnswer::Observations(seen) = answer else { panic!("{answer:?}") };
    assert_eq!((seen[0].number, seen[0].status, seen[0].cost_micros), (number(), Status::MixedLow, 7));
    assert_eq!(seen[0].label.as_deref(), Some("from the agency"));
    assert_eq!(seen[0].observed_at, Moment(Canned::NOW_MS));
    assert_eq!(host.lines(), ["chance true, rows 1"]);

    let filed = |reference: &str| Filing {
        reference: Some(reference.to_owned()),
        status: FilingStatus::Submitted,
        detail: None,
        refused: Vec::new(),
    };
    let register = Register { key: "reg-1".into(), business: business(), numbers: vec![number()], token: None };
    let answer = guest.register(&powers, register).await.expect("an answer");
    assert_eq!(answer, FilingAnswer::Filed(filed("reg-1 Acme LLC +12025550143")));
    let dispute = Dispute {
        key: "dis-1".into(),
        business: business(),
        number: number(),
        agency: "old".into(),
        // What this version does not know.
        carrier: Some(Carrier::Tmobile),
        label: Some("Spam".into()),
        status: Status::Flagged,
        statement: "It is ours.".into(),
        token: None,
    };
    let answer = guest.dispute(&powers, dispute).await.expect("an answer");
    assert_eq!(answer, FilingAnswer::Filed(filed("dis-1 +12025550143 old Some(\"Spam\") It is ours. None")));
    assert_eq!(guest.track(&powers, "dis-1").await, Ok(TrackAnswer::Found(filed("dis-1"))));
    assert_eq!(guest.track(&powers, "lost").await, Ok(TrackAnswer::Absent));
    let answer = guest.inbound(&powers, Vec::new(), "dis-1".to_owned()).await.expect("an answer");
    assert_eq!(answer.filings, [("dis-1".to_owned(), filed("dis-1"))]);
    let refused = guest.call_started(&powers, number(), Moment::from_seconds(1_700_000_000)).await;
    let reason = "+12025550143 at 1700000000".to_owned();
    assert_eq!(refused, Err(CallError::Adapter(AdapterError::Rejected(reason))));
}

#[tokio::test]
async fn a_component_that_was_built_long_ago_is_served() {
    check(&load(&engine(), OLD, &corpus("v0_0_0.wasm")).await.unwrap_or_else(|error| panic!("{error}"))).await;
}

#[tokio::test]
async fn a_component_of_an_old_version_that_is_built_now_is_served() {
    let Some(component) = built("v0_0_0") else { return };
    check(&load(&engine(), OLD, &component).await.unwrap_or_else(|error| panic!("{error}"))).await;
}

#[tokio::test]
async fn a_script_of_an_old_version_is_served() {
    check(&load(&engine(), OLD, &corpus("v0_0_0.js")).await.unwrap_or_else(|error| panic!("{error}"))).await;
}

#[tokio::test]
async fn what_is_built_against_another_version_than_the_manifest_says_is_told_so() {
    let Err(error) = load(&engine(), Kind::Agency, &corpus("v0_0_0.wasm")).await else { panic!("it was loaded") };
    let expected = "old/adapter is built against version 0.0.0 of the interface, and its manifest says `wit = \"0.0.1\"`; \
         write the version that it is built against";
    assert_eq!(error.to_string(), expected);
}
