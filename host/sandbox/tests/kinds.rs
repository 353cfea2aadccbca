//! Scripts of the other kinds: each in its own world, with its own powers, and its answers held against what was asked.

use futures_util::future::BoxFuture;
use numbers::{Carrier, E164, Moment, Status};
use sandbox::agency::Check;
use sandbox::kind::Kind;
use sandbox::lookup::LookupAnswer;
use sandbox::provider::Acquired;
use sandbox::ranker::{RankCandidate, RankRequest};
use sandbox::{
    AdapterError, CallError, Engine, EngineOptions, FilesError, Found, Guest, HttpError, HttpRequest, HttpResponse,
    Limits, LoadError, LogLevel, Powers,
};
use std::path::Path;
use std::sync::{Arc, OnceLock};

/// One engine for all tests; its cache outlives them, so that each runtime for scripts is compiled once.
fn engine() -> &'static Engine {
    static ENGINE: OnceLock<Engine> = OnceLock::new();
    ENGINE.get_or_init(|| {
        let cache = Path::new(env!("CARGO_TARGET_TMPDIR")).join("kinds-cache");
        Engine::new(EngineOptions::new(cache)).expect("the engine starts")
    })
}

async fn load(kind: Kind, text: &str) -> Result<Guest, LoadError> {
    engine().load(kind, text.as_bytes(), "probe/adapter.js", Limits::default()).await
}

/// Scripts of these tests compute only.
struct Nothing;

impl Powers for Nothing {
    fn fetch(&self, _request: HttpRequest) -> BoxFuture<'_, Result<HttpResponse, HttpError>> {
        Box::pin(async { Err(HttpError::Denied("these scripts ask nobody".into())) })
    }
    fn config(&self, _key: &str) -> Option<String> {
        None
    }
    fn lookup(&self, _dataset: &str, _keys: Vec<String>) -> BoxFuture<'_, Result<Found, FilesError>> {
        Box::pin(async { Err(FilesError::NotReady(1)) })
    }
    fn log(&self, _level: LogLevel, _message: &str) {}
    fn now_ms(&self) -> u64 {
        1_800_000_000_000
    }
    fn uniform(&self) -> f64 {
        0.5
    }
}

fn powers() -> Arc<dyn Powers> {
    Arc::new(Nothing)
}

fn number(text: &str) -> E164 {
    E164::parse(text).expect("a number")
}

fn protocol(error: CallError) -> String {
    match error {
        CallError::Adapter(AdapterError::Protocol(detail)) => detail,
        other => panic!("{other}"),
    }
}

const DESCRIBE: &str = "describe() { return { id: 'probe', version: '1', functions: [], speaksFor: [] }; },";

#[tokio::test]
async fn a_provider_searches_takes_and_lists_numbers() {
    let text = format!(
        "export const provider = {{ {DESCRIBE}
  search(request) {{
    if (request.areaCode === '999') return [{{ number: '+12125550143', monthlyMicros: 1 }}];
    return [{{ number: `+1${{request.areaCode}}5550143`, monthlyMicros: 1150000 }}];
  }},
  acquire(key, number) {{
    return {{ tag: 'acquired', val: {{ number: key === 'other' ? '+12125550100' : number, acquiredAt: 1700000000, inboundRoute: null }} }};
  }},
  release(key, number) {{ if (key === 'held') throw {{ tag: 'rejected', val: `${{number}} is in use` }}; }},
  listNumbers(page) {{
    const number = page === null ? '+12125550143' : '+12125550144';
    return {{ numbers: [{{ number, acquiredAt: null, inboundRoute: 'sip:desk' }}], next: page === null ? '2' : null }};
  }},
}};"
    );
    let guest = load(Kind::Provider, &text).await.unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(guest.kind(), Kind::Provider);
    let powers = powers();
    let offers = guest.search(&powers, "212", 3).await.expect("offers");
    assert_eq!((offers[0].number, offers[0].monthly_micros), (number("+12125550143"), 1_150_000));
    let wrong = protocol(guest.search(&powers, "999", 3).await.expect_err("another area code"));
    assert!(wrong.contains("offers[0].number"), "{wrong}");
    let wanted = number("+12125550143");
    let Acquired::Held(held) = guest.acquire(&powers, "buy-1", wanted).await.expect("bought") else {
        panic!("it waits")
    };
    assert_eq!((held.number, held.acquired_at), (wanted, Some(Moment::from_seconds(1_700_000_000))));
    let wrong = protocol(guest.acquire(&powers, "other", wanted).await.expect_err("another number"));
    assert!(wrong.contains("acquired.number"), "{wrong}");
    guest.release(&powers, "give-1", wanted).await.expect("given back");
    let refused = guest.release(&powers, "held", wanted).await.expect_err("refused");
    assert!(matches!(refused, CallError::Adapter(AdapterError::Rejected(_))), "{refused}");
    let first = guest.list_numbers(&powers, None).await.expect("a page");
    let second = guest.list_numbers(&powers, first.next.clone()).await.expect("another");
    assert_eq!(
        (first.numbers[0].number, second.numbers[0].number, second.next),
        (wanted, number("+12125550144"), None)
    );
    let unfit = guest.check(&powers, Check::of(&[wanted])).await.expect_err("no function of this kind");
    assert!(matches!(unfit, CallError::Adapter(AdapterError::Unsupported(_))), "{unfit}");
}

#[tokio::test]
async fn a_carrier_lookup_names_its_price_before_it_answers() {
    let text = format!(
        "export const carrierLookup = {{ {DESCRIBE}
  priceMicros(count) {{ return count * 5000; }},
  lookup(numbers, token) {{
    if (token === null) return {{ tag: 'pending', val: {{ token: 't', askAgainS: 3 }} }};
    if (token === 'stranger') return {{ tag: 'served', val: [{{ number: '+13125550199', carrier: null, lineType: null, costMicros: 0 }}] }};
    return {{ tag: 'served', val: numbers.map((number) => ({{ number, carrier: 'tmobile', lineType: 'mobile', costMicros: 5000 }})) }};
  }},
}};"
    );
    let guest = load(Kind::CarrierLookup, &text).await.unwrap_or_else(|error| panic!("{error}"));
    let (powers, callee) = (powers(), number("+13125550142"));
    assert_eq!(guest.price_micros(&powers, 200).await.expect("a price"), 1_000_000);
    let LookupAnswer::Pending(pending) = guest.lookup(&powers, &[callee], None).await.expect("an answer") else {
        panic!("it is done at once")
    };
    let answer = guest.lookup(&powers, &[callee], Some(pending.token)).await.expect("an answer");
    let LookupAnswer::Served(served) = answer else { panic!("it waits for ever") };
    assert_eq!((served[0].callee, served[0].carrier), (callee, Some(Carrier::parse("tmobile").expect("known"))));
    let wrong = guest.lookup(&powers, &[callee], Some("stranger".into())).await.expect_err("another callee");
    assert!(protocol(wrong).contains("served[0].number"));
}

fn request(candidates: usize) -> RankRequest {
    RankRequest {
        owner: "ann".into(),
        campaign: None,
        callee_area_code: "312".into(),
        callee_carrier: Some("tmobile".into()),
        attempt: 1,
        at: Moment::from_seconds(1_700_000_000),
        candidates: (0..candidates)
            .map(|n| RankCandidate {
                number: number(&format!("+1212555{:04}", 100 + n)),
                standing: Status::Unknown,
                locality: "state",
                shown_today: n as u32,
                shown_last_hour: 0,
                engaged: n as u32 * 2,
                attempts: 10,
                turn_left: 5,
            })
            .collect(),
    }
}

#[tokio::test]
async fn a_ranker_orders_and_cannot_ask_for_the_network() {
    let text = format!(
        "export const ranker = {{ {DESCRIBE}
  rank(request) {{
    if (request.call.owner === 'twice') return {{ order: [0, 0], reason: '' }};
    if (request.call.owner === 'beyond') return {{ order: [99], reason: '' }};
    const order = request.candidates.map((_, place) => place);
    order.sort((a, b) => request.candidates[b].engaged - request.candidates[a].engaged);
    return {{ order, reason: 'most engaged first' }};
  }},
}};"
    );
    let guest = load(Kind::Ranker, &text).await.unwrap_or_else(|error| panic!("{error}"));
    let powers = powers();
    let ranking = guest.rank(&powers, &request(4)).await.expect("an order");
    assert_eq!((ranking.order, ranking.reason.as_str()), (vec![3, 2, 1, 0], "most engaged first"));
    for owner in ["twice", "beyond"] {
        let asked = RankRequest { owner: owner.into(), ..request(4) };
        let wrong = protocol(guest.rank(&powers, &asked).await.expect_err("no order"));
        assert!(wrong.contains("order["), "{wrong}");
    }
    let greedy = format!("import http from 'smartguard:adapter/http@0.0.1';\n{text}");
    let refused = load(Kind::Ranker, &greedy).await.err().expect("a ranker has no network").to_string();
    assert!(refused.contains("smartguard:adapter/http"), "{refused}");
}

#[tokio::test]
async fn a_script_of_another_kind_is_told_what_to_export() {
    let text = format!(
        "export const agency = {{ {DESCRIBE} check(request) {{ return {{ tag: 'observations', val: [] }}; }} }};"
    );
    let refused = load(Kind::Ranker, &text).await.err().expect("it is an agency's").to_string();
    assert!(refused.contains("export const ranker"), "{refused}");
}
