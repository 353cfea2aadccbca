//! Script adapters: what the author sees, and that a broken or hostile one costs its own call alone.

use futures_util::future::BoxFuture;
use numbers::{Carrier, E164, Status};
use sandbox::agency::{Check, CheckAnswer};
use sandbox::kind::Kind;
use sandbox::{
    AdapterError, CallError, Engine, EngineOptions, Fault, FaultKind, FilesError, Found, Guest, HttpError, HttpRequest,
    HttpResponse, Limits, LoadError, LogLevel, Powers, Usage,
};
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

/// One engine for all tests; its cache outlives them, so that the runtime for scripts is compiled once.
fn engine() -> &'static Engine {
    static ENGINE: OnceLock<Engine> = OnceLock::new();
    ENGINE.get_or_init(|| {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("adapter-cache");
        Engine::new(EngineOptions::new(folder)).expect("the engine starts")
    })
}

/// Powers that answer from memory and remember what was asked.
#[derive(Default)]
struct World {
    logged: Mutex<Vec<(LogLevel, String)>>,
    requests: Mutex<Vec<HttpRequest>>,
    drawn: AtomicU64,
    used: Mutex<Vec<Usage>>,
}

const NOW_MS: u64 = 1_800_000_000_000;

impl Powers for World {
    fn fetch(&self, request: HttpRequest) -> BoxFuture<'_, Result<HttpResponse, HttpError>> {
        Box::pin(async move {
            let answer = match request.path.as_str() {
                "/slow" => std::future::pending().await,
                "/limited" => Err(HttpError::RateLimited(7)),
                "/gone" => Err(HttpError::Unreachable("no route".into())),
                _ => Ok(HttpResponse { status: 200, headers: vec![], body: r#"{"label":"Spam Likely"}"#.into() }),
            };
            self.requests.lock().expect("no test panics while it holds this").push(request);
            answer
        })
    }

    fn config(&self, key: &str) -> Option<String> {
        (key == "region").then(|| "us".to_owned())
    }

    fn lookup(&self, _dataset: &str, _keys: Vec<String>) -> BoxFuture<'_, Result<Found, FilesError>> {
        Box::pin(async { Err(FilesError::NotReady(30)) })
    }

    fn log(&self, level: LogLevel, message: &str) {
        self.logged.lock().expect("no test panics while it holds this").push((level, message.to_owned()));
    }

    fn now_ms(&self) -> u64 {
        NOW_MS
    }

    fn uniform(&self) -> f64 {
        self.drawn.fetch_add(1, Ordering::Relaxed) as f64 / 1000.0
    }

    fn used(&self, usage: Usage) {
        self.used.lock().expect("no test panics while it holds this").push(usage);
    }
}

const DESCRIBE: &str =
    "describe() { return { id: 'probe', version: '1', functions: ['check'], speaksFor: ['probe'] }; },\n";
const IMPORTS: &str = "import * as http from 'smartguard:adapter/http@0.0.1'; import * as files from 'smartguard:adapter/files@0.0.1'; import * as config from 'smartguard:adapter/config@0.0.1';\n";

/// A script whose `check` has this body, which begins at the fourth line.
fn script(check: &str) -> String {
    format!("{IMPORTS}export const agency = {{ {DESCRIBE}check(request) {{\n{check}\n}} }};\n")
}

fn limits() -> Limits {
    Limits { cpu_max: Duration::from_millis(500), deadline: Duration::from_secs(60), ..Limits::default() }
}

fn number() -> E164 {
    E164::parse("+12125550143").expect("a number")
}

async fn load(text: &str, limits: Limits) -> Result<Guest, LoadError> {
    engine().load(Kind::Agency, text.as_bytes(), "probe/adapter.js", limits).await
}

async fn ask(guest: &Guest, world: &Arc<World>) -> Result<CheckAnswer, CallError> {
    let powers: Arc<dyn Powers> = Arc::clone(world) as _;
    guest.check(&powers, Check::of(&[number()])).await
}

/// Loads a script with this `check`, asks it once, and hands over what it answered and what it did.
async fn check(body: &str) -> (Result<CheckAnswer, CallError>, Arc<World>) {
    let guest = load(&script(body), limits()).await.unwrap_or_else(|error| panic!("{error}"));
    let world = Arc::new(World::default());
    (ask(&guest, &world).await, world)
}

async fn adapter_error(body: &str) -> AdapterError {
    match check(body).await.0 {
        Err(CallError::Adapter(error)) => error,
        other => panic!("{other:?}"),
    }
}

const OBSERVED: &str = "{ number: request.numbers[0], agency: 'probe', carrier: 'T-Mobile', status: 'flagged', label: 'Spam Likely', score: null, observedAt: 1700000000, costMicros: 5 }";

fn observing(changes: &str) -> String {
    format!("return {{ tag: 'observations', val: [{{ ...{OBSERVED}, {changes} }}] }};")
}

#[tokio::test]
async fn a_script_answers_with_observations() {
    let (answer, _) = check(&observing("")).await;
    let Ok(CheckAnswer::Observations(observations)) = answer else { panic!("{answer:?}") };
    assert_eq!(observations.len(), 1);
    let observation = &observations[0];
    assert_eq!(observation.number, number());
    assert_eq!(observation.carrier, Some(Carrier::Tmobile));
    assert_eq!(observation.status, Status::Flagged);
    assert_eq!(observation.label.as_deref(), Some("Spam Likely"));
    assert_eq!(observation.cost_micros, 5);
}

#[tokio::test]
async fn a_script_uses_its_powers() {
    let (answer, world) = check(
        "const answer = http.fetch({ method: 'get', origin: 'api', path: '/n', query: [['q', '1']], headers: [], body: null });
         console.log('asked', config.get('region'), Date.now(), Math.random(), Math.random());
         return { tag: 'pending', val: { token: JSON.parse(answer.body).label, askAgainS: 9 } };",
    )
    .await;
    let Ok(CheckAnswer::Pending(pending)) = answer else { panic!("{answer:?}") };
    assert_eq!((pending.token.as_str(), pending.ask_again), ("Spam Likely", Duration::from_secs(9)));
    assert_eq!(world.requests.lock().unwrap()[0].query, [("q".to_owned(), "1".to_owned())]);
    assert_eq!(*world.logged.lock().unwrap(), [(LogLevel::Info, format!("asked us {NOW_MS} 0 0.001"))]);
}

#[tokio::test]
async fn what_a_call_used_up_is_told_when_it_is_over() {
    let (answer, world) = check("console.log('a'); console.log('b'); return { tag: 'observations', val: [] };").await;
    assert_eq!(answer, Ok(CheckAnswer::Observations(vec![])));
    let (_, hungry) =
        check("const held = new Uint8Array(8 << 20).fill(1); throw new Error(String(held.length));").await;
    let (small, large) = (world.used.lock().unwrap().clone(), hungry.used.lock().unwrap().clone());
    assert_eq!((small.len(), large.len()), (1, 1), "a call that fails is told as well");
    assert_eq!((small[0].function, small[0].log_lines), ("check", 2));
    assert!(Duration::ZERO < small[0].computing && small[0].computing <= small[0].wall, "{small:?}");
    assert!(large[0].memory >= small[0].memory + (8 << 20), "{small:?} {large:?}");
}

#[tokio::test]
async fn a_missing_function_is_unsupported() {
    let guest = load(&script("return 1;"), limits()).await.unwrap();
    let powers: Arc<dyn Powers> = Arc::new(World::default());
    let Err(CallError::Adapter(AdapterError::Unsupported(reason))) = guest.track(&powers, "k").await else { panic!() };
    assert_eq!(reason, "this adapter has no function `track`");
}

#[tokio::test]
async fn errors_keep_their_kind() {
    let retry = AdapterError::RetryAfter(Duration::from_secs(3));
    assert_eq!(adapter_error("throw { tag: 'retry-after', val: 3 };").await, retry);
    assert_eq!(adapter_error("throw { tag: 'rejected', val: 'no' };").await, AdapterError::Rejected("no".into()));
}

#[tokio::test]
async fn errors_of_the_host_pass_through_a_script_with_a_fitting_kind() {
    let fetch = |path: &str| {
        format!(
            "return http.fetch({{ method: 'get', origin: 'api', path: '{path}', query: [], headers: [], body: null }});"
        )
    };
    assert_eq!(adapter_error(&fetch("/limited")).await, AdapterError::RetryAfter(Duration::from_secs(7)));
    assert_eq!(adapter_error(&fetch("/gone")).await, AdapterError::Unavailable("no route".into()));
    let not_ready = AdapterError::RetryAfter(Duration::from_secs(30));
    assert_eq!(adapter_error("return files.lookup('d', ['k']);").await, not_ready);
}

#[tokio::test]
async fn a_thrown_error_names_the_line_of_the_script() {
    let AdapterError::Internal(message) = adapter_error("\nthrow new Error('no such page');").await else { panic!() };
    assert!(message.starts_with("`check` threw Error: no such page\n"), "{message}");
    // Two lines before `check`, one with its head, one empty.
    assert!(message.contains("probe/adapter.js:5:"), "{message}");
    assert!(!message.contains("sandbox:"), "{message}");
}

#[tokio::test]
async fn a_promise_is_explained() {
    let AdapterError::Internal(message) = adapter_error("return Promise.resolve(1);").await else { panic!() };
    assert!(message.contains("without `async`"), "{message}");
}

async fn refusal(text: &str) -> String {
    match load(text, limits()).await {
        Err(error) => error.to_string(),
        Ok(_) => panic!("it was loaded"),
    }
}

#[tokio::test]
async fn a_script_that_does_not_evaluate_says_where() {
    let message = refusal("export const agency = {\n  describe() { return 1 1; },\n};\n").await;
    assert!(message.contains("probe/adapter.js:2:"), "{message}");
    let message = refusal("const a = 1;\nthrow new Error('not today');\n").await;
    assert!(message.contains("not today") && message.contains("probe/adapter.js:2:"), "{message}");
    let message = refusal("export const adapter = {};").await;
    assert!(message.contains("exports no object `agency`"), "{message}");
    let message = refusal("export const agency = { check() {} };").await;
    assert!(message.contains("no function `describe`"), "{message}");
    let message = refusal("import x from './x.js'; export const agency = {};").await;
    assert!(message.contains("`./x.js` cannot be imported") && message.contains("probe/adapter.js:1"), "{message}");
    let message =
        refusal("// One.\nimport http from 'smartguard:adapter/http@0.0.2';\nexport const agency = {};").await;
    assert!(message.contains("write `smartguard:adapter/http@0.0.1`"), "{message}");
    assert!(message.contains("probe/adapter.js:2"), "{message}");
    let message = refusal("import * as random from 'smartguard:adapter/random@0.0.1'; random.uniform();").await;
    assert!(message.contains("top level"), "{message}");
}

#[tokio::test]
async fn a_top_level_that_never_ends_is_ended() {
    assert!(refusal("for (;;) {}").await.contains("runs too long"));
    assert!(refusal("const a = []; for (;;) a.push(new Uint8Array(1 << 20).fill(1));").await.contains("memory"));
}

#[tokio::test]
async fn an_adapter_that_describes_nonsense_is_refused() {
    let error =
        load("export const agency = { describe() { throw new Error('who am I'); } };", limits()).await.err().unwrap();
    let LoadError::Describe { source, .. } = error else { panic!("{error}") };
    assert!(source.to_string().contains("who am I"), "{source}");
}

#[tokio::test]
async fn what_cannot_be_true_is_refused_with_its_field() {
    for (changes, field) in [
        ("number: '12'", "observations[0].number"),
        ("number: '+13125550199'", "was not asked for"),
        ("agency: 'hiya'", "does not speak for"),
        ("carrier: 'Acme Wireless'", "observations[0].carrier"),
        ("observedAt: 1800000000000", "observations[0].observed-at"),
    ] {
        let AdapterError::Protocol(message) = adapter_error(&observing(changes)).await else { panic!("{changes}") };
        assert!(message.contains(field), "{changes}: {message}");
    }
    let (answer, _) = check(&observing("label: 'é'.repeat(500)")).await;
    let Ok(CheckAnswer::Observations(observations)) = answer else { panic!("{answer:?}") };
    assert_eq!(observations[0].label.as_ref().map(String::len), Some(200));
}

#[tokio::test]
async fn what_the_interface_does_not_allow_is_told_by_its_field() {
    let broken = async |text: &str| match adapter_error(text).await {
        AdapterError::Internal(message) => message,
        other => panic!("{other}"),
    };
    for (changes, told) in [
        ("costMicros: 'free'", "`observations[0].costMicros` is \"free\", where a whole number from 0 to"),
        ("costMicros: -3", "`observations[0].costMicros` is -3, where a whole number from 0 to"),
        (
            "costMicros: undefined, costMicro: 3",
            "is missing, where a whole number from 0 to 9007199254740991 belongs (there is `costMicro`,",
        ),
        ("status: 'clean'", "`observations[0].status` is \"clean\", where one of \"unflagged\", \"unknown\","),
        ("label: 7", "`observations[0].label` is 7, where a text belongs"),
        ("score: { value: 7, best: 0 }", "`observations[0].score.worst` is missing"),
    ] {
        let message = broken(&observing(changes)).await;
        assert!(message.contains(told), "{changes}: {message}");
    }
    let message = broken("return 42;").await;
    assert!(
        message.contains("the answer is 42, where `{ tag, val }` with a tag of \"observations\", \"pending\" belongs"),
        "{message}"
    );
    let message = broken("return { tag: 'observation', val: [] };").await;
    assert!(
        message.contains("`tag` is \"observation\", where one of \"observations\", \"pending\" belongs"),
        "{message}"
    );
    let message = broken("throw { tag: 'retry-after', val: 'soon' };").await;
    assert!(message.contains("`check` throws") && message.contains("`retry-after` is \"soon\""), "{message}");
}

/// One adapter that does what its configuration-like token says, so that a good call follows each bad one.
#[tokio::test]
async fn a_hostile_call_ends_alone() {
    let text = script(&format!(
        "switch (request.token) {{
           case 'spin': for (;;) {{}}
           case 'bomb': {{ const kept = []; for (;;) kept.push(new Uint8Array(1 << 20).fill(1)); }}
           case 'recurse': {{ const dig = (n) => dig(n + 1) + 1; return dig(0); }}
           case 'wait': return http.fetch({{ method: 'get', origin: 'api', path: '/slow', query: [], headers: [], body: null }});
           case 'log': {{ const line = 'x'.repeat(1 << 20); for (let i = 0; i < 100; i++) console.log(line); }}
         }}
         {}",
        observing("")
    ));
    let tight = Limits { deadline: Duration::from_secs(20), ..limits() };
    let guest = load(&text, tight).await.unwrap();
    let hasty = load(&text, Limits { deadline: Duration::from_millis(200), ..limits() }).await.unwrap();
    for (token, kinds) in [
        ("spin", &[FaultKind::TimedOut][..]),
        ("bomb", &[FaultKind::OutOfMemory]),
        ("recurse", &[FaultKind::StackOverflow]),
        ("wait", &[FaultKind::TimedOut]),
    ] {
        let world = Arc::new(World::default());
        let powers: Arc<dyn Powers> = Arc::clone(&world) as _;
        let asked = if token == "wait" { &hasty } else { &guest };
        match asked.check(&powers, Check { token: Some(token.to_owned()), ..Check::of(&[number()]) }).await {
            Err(CallError::Fault(fault @ Fault { .. })) => {
                assert!(kinds.contains(&fault.kind), "{token}: {fault}");
                assert_eq!((fault.adapter.as_str(), fault.function), ("probe", "check"), "{token}");
            }
            other => panic!("{token}: {other:?}"),
        }
        let next = ask(&guest, &world).await;
        assert!(matches!(next, Ok(CheckAnswer::Observations(_))), "after {token}: {next:?}");
    }
    let world = Arc::new(World::default());
    let powers: Arc<dyn Powers> = Arc::clone(&world) as _;
    // Copying 100 MB takes its time on a busy machine, and this case is about the log alone.
    let patient = load(&text, Limits { cpu_max: Duration::from_secs(30), ..limits() }).await.unwrap();
    patient.check(&powers, Check { token: Some("log".into()), ..Check::of(&[number()]) }).await.unwrap();
    let logged = world.logged.lock().unwrap();
    let bytes: usize = logged.iter().map(|(_, line)| line.len()).sum();
    assert!(bytes <= Limits::default().log_bytes_max + 100, "{bytes} bytes");
    assert!(logged.last().unwrap().1.ends_with("more lines of this call's log were left out"));
}

#[tokio::test]
async fn a_guest_that_is_too_busy_says_so() {
    let busy = Limits { calls_max: 1, turn_max: Duration::from_millis(50), ..limits() };
    let guest = load(
        &script(
            "return http.fetch({ method: 'get', origin: 'api', path: '/slow', query: [], headers: [], body: null });",
        ),
        busy,
    )
    .await
    .unwrap();
    let world = Arc::new(World::default());
    let first = ask(&guest, &world);
    tokio::pin!(first);
    let second = async {
        match ask(&guest, &world).await {
            Err(CallError::Fault(fault)) => fault.kind,
            other => panic!("{other:?}"),
        }
    };
    tokio::select! {
        biased;
        ended = &mut first => panic!("{ended:?}"),
        kind = second => assert_eq!(kind, FaultKind::TooBusy),
    }
}

#[tokio::test]
async fn a_cached_script_is_the_same_component() {
    let folder = tempfile::tempdir().unwrap();
    let text = script(&observing("label: 'cached'"));
    let mut revisions = Vec::new();
    for _ in 0..2 {
        let engine = Engine::new(EngineOptions::new(folder.path())).unwrap();
        let guest = engine.load(Kind::Agency, text.as_bytes(), "cached.js", limits()).await.unwrap();
        assert!(matches!(ask(&guest, &Arc::new(World::default())).await, Ok(CheckAnswer::Observations(_))));
        revisions.push(guest.revision());
    }
    assert_eq!(revisions[0], revisions[1]);
    // Damage is noticed, and the entry is made again.
    for entry in std::fs::read_dir(folder.path()).unwrap() {
        let path = entry.unwrap().path();
        let mut bytes = std::fs::read(&path).unwrap();
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
        std::fs::write(&path, bytes).unwrap();
    }
    let engine = Engine::new(EngineOptions::new(folder.path())).unwrap();
    let guest = engine.load(Kind::Agency, text.as_bytes(), "cached.js", limits()).await.unwrap();
    assert!(matches!(ask(&guest, &Arc::new(World::default())).await, Ok(CheckAnswer::Observations(_))));
}
