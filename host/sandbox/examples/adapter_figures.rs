//! Measures what an adapter costs on this machine: `cargo run -p sandbox --example adapter_figures`.
//! It prints; what is worth keeping goes to `host/FIGURES.md` with machine and date.
//!
//! The shipped `nomorobo` is asked, once as the script that it is and once in Rust (where `cargo xtask guests` has built
//! it), so that both do the same work for the same answer.

use futures_util::future::{BoxFuture, join_all};
use numbers::E164;
use sandbox::agency::{Check, CheckAnswer};
use sandbox::kind::Kind;
use sandbox::modules;
use sandbox::{
    Engine, EngineOptions, FilesError, Found, Guest, HttpError, HttpRequest, HttpResponse, Limits, LogLevel, Powers,
    Usage,
};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

const CALLS: usize = 2_000;
const SCRIPTS: u32 = 30;
const ADAPTERS: u32 = 100;
const TOGETHER: usize = 1_000;
const LEAK_CALLS: usize = 100_000;
/// Calls at once while leaks are looked for.
const LEAK_AT_ONCE: usize = 16;

const SCRIPT: &str = include_str!("../../../adapters/nomorobo/adapter.js");

/// An agency that answers every look-up after the same time.
#[derive(Default)]
struct Agency {
    after: Duration,
    /// The most memory that a call had.
    memory: AtomicUsize,
}

impl Powers for Agency {
    fn fetch(&self, request: HttpRequest) -> BoxFuture<'_, Result<HttpResponse, HttpError>> {
        let asked = request.query.into_iter().map(|(_, value)| value).next().unwrap_or_default();
        let body = format!(
            r#"{{"version":"1","phone_number":"{asked}","phone_number_reputation_details":{{"number_of_calls":37,
"last_call":"2026-11-20T15:29:51.000000Z","stir_shaken":"A","reported_name":"Acme Dental","reported_category":"Unknown",
"block_status":"allowed","risk_score":15,"violations":["internal"]}}}}"#
        );
        Box::pin(async move {
            if !self.after.is_zero() {
                tokio::time::sleep(self.after).await;
            }
            Ok(HttpResponse { status: 200, headers: vec![], body })
        })
    }

    fn config(&self, key: &str) -> Option<String> {
        let settings = [("mixed_from", "50"), ("flagged_from", "80"), ("price_micros", "0")];
        settings.iter().find(|(name, _)| *name == key).map(|(_, value)| (*value).to_owned())
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

    fn used(&self, usage: Usage) {
        self.memory.fetch_max(usage.memory, Ordering::Relaxed);
    }
}

type Failure = Box<dyn std::error::Error>;

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let folder = std::env::temp_dir().join(format!("smartguard-figures-{}", std::process::id()));
    let engine = Engine::new(EngineOptions::new(&folder))?;
    loading(&engine).await?;
    drop(engine);
    let engine = Engine::new(EngineOptions::new(&folder))?;
    timed("after a restart, from the cache", load(&engine, &script(SCRIPTS))).await?;
    let guest = timed("after a restart, never seen", load(&engine, &script(SCRIPTS + 1))).await?;
    calls("script", &guest).await?;
    leaks("script", &guest).await?;
    match std::fs::read(rust_guest()) {
        Ok(code) => {
            let guest = timed("Rust, never seen", load(&engine, &code)).await?;
            calls("Rust", &guest).await?;
            leaks("Rust", &guest).await?;
        }
        Err(error) => println!("Rust is left out: {}: {error}; `cargo xtask guests` builds it", rust_guest().display()),
    }
    many_adapters(&engine).await?;
    std::fs::remove_dir_all(&folder)?;
    Ok(())
}

/// The script with the modules that it imports, as the host lays them into one text when it reads a folder.
fn script(version: u32) -> Vec<u8> {
    let text = format!("{SCRIPT}\nexport const VERSION = {version};\n");
    let joined = modules::join("nomorobo/adapter.js", text, |name| Ok(modules::library(name).map(str::to_owned)));
    joined.expect("the shipped script reads").into_bytes()
}

/// Beside the folder of the profile that this program was built in.
fn rust_guest() -> PathBuf {
    let own = std::env::current_exe().unwrap_or_default();
    own.ancestors().nth(3).map(|target| target.join("guests/nomorobo.wasm")).unwrap_or_default()
}

async fn load(engine: &Engine, code: &[u8]) -> Result<Guest, Failure> {
    // More calls at once than a manifest's default, so that nothing here waits for a turn.
    let limits = Limits { calls_max: TOGETHER, turn_max: Duration::from_secs(60), ..Limits::default() };
    Ok(engine.load(Kind::Agency, code, "nomorobo/adapter", limits).await?)
}

async fn timed<T>(what: &str, work: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    let begun = Instant::now();
    let done = work.await;
    println!("{what:<48} {:>9.1} ms", begun.elapsed().as_secs_f64() * 1e3);
    done
}

async fn loading(engine: &Engine) -> Result<(), Failure> {
    timed("first script ever (compiles the runtime too)", load(engine, &script(0))).await?;
    let mut spans = Vec::new();
    for version in 1..=SCRIPTS {
        let begun = Instant::now();
        load(engine, &script(version)).await?;
        spans.push(begun.elapsed());
    }
    println!("{:<48} {}", format!("script to ready, never seen ({SCRIPTS} of them)"), quantiles(spans));
    timed("the same script again", load(engine, &script(SCRIPTS))).await?;
    Ok(())
}

async fn calls(what: &str, guest: &Guest) -> Result<(), Failure> {
    let agency = Arc::new(Agency::default());
    let powers: Arc<dyn Powers> = agency.clone();
    for numbers in [1, 10] {
        let asked = numbers_to_ask(numbers);
        let mut spans = Vec::with_capacity(CALLS);
        for _ in 0..CALLS {
            let begun = Instant::now();
            check(guest, &powers, &asked).await?;
            spans.push(begun.elapsed());
        }
        println!("{:<48} {}", format!("{what}: check of {numbers} numbers, no network"), quantiles(spans));
    }
    println!("{:<48} {:>9} KiB", format!("{what}: memory of a call"), agency.memory.load(Ordering::Relaxed) / 1024);
    Ok(())
}

/// A hundred adapters, each asked ten times, all at once, at agencies that take 50 ms.
async fn many_adapters(engine: &Engine) -> Result<(), Failure> {
    let mut guests = Vec::new();
    for version in 0..ADAPTERS {
        guests.push(load(engine, &script(1000 + version)).await?);
    }
    for pass in ["the first time", "again"] {
        together(&guests, pass).await?;
    }
    Ok(())
}

async fn together(guests: &[Guest], pass: &str) -> Result<(), Failure> {
    let powers: Arc<dyn Powers> = Arc::new(Agency { after: Duration::from_millis(50), ..Agency::default() });
    let asked = numbers_to_ask(1);
    let begun = Instant::now();
    let all = guests.iter().cycle().take(TOGETHER).map(|guest| {
        let (powers, asked) = (&powers, &asked);
        async move {
            check(guest, powers, asked).await.map_err(|error| error.to_string())?;
            Ok::<Duration, String>(begun.elapsed())
        }
    });
    let spans = join_all(all).await.into_iter().collect::<Result<Vec<Duration>, String>>()?;
    println!(
        "{:<48} {:>9.1} ms; each {}; memory of the process {} KiB",
        format!("{TOGETHER} checks at once, {ADAPTERS} adapters, 50 ms, {pass}"),
        begun.elapsed().as_secs_f64() * 1e3,
        quantiles(spans),
        memory_kib().unwrap_or_default()
    );
    Ok(())
}

/// Memory of the process after each tenth of many calls: it must not go on growing.
async fn leaks(what: &str, guest: &Guest) -> Result<(), Failure> {
    let powers: Arc<dyn Powers> = Arc::new(Agency::default());
    let asked = numbers_to_ask(1);
    let mut readings = Vec::new();
    for _ in 0..10 {
        for _ in 0..LEAK_CALLS / 10 / LEAK_AT_ONCE {
            let calls = (0..LEAK_AT_ONCE).map(|_| check(guest, &powers, &asked));
            join_all(calls).await.into_iter().collect::<Result<Vec<()>, Failure>>()?;
        }
        readings.push(memory_kib().unwrap_or_default().to_string());
    }
    println!("{what}: KiB of the process after each tenth of {LEAK_CALLS} calls: {}", readings.join(" "));
    Ok(())
}

async fn check(guest: &Guest, powers: &Arc<dyn Powers>, asked: &[E164]) -> Result<(), Failure> {
    match guest.check(powers, Check::of(asked)).await? {
        CheckAnswer::Observations(seen) if seen.len() == asked.len() => Ok(()),
        other => Err(format!("{other:?}").into()),
    }
}

fn numbers_to_ask(count: u64) -> Vec<E164> {
    (0..count).filter_map(|n| E164::from_digits(12_125_550_100 + n)).collect()
}

fn quantiles(mut spans: Vec<Duration>) -> String {
    spans.sort_unstable();
    let at = |permille: usize| spans[(spans.len() * permille / 1000).min(spans.len() - 1)].as_secs_f64() * 1e3;
    format!("p50 {:.3} ms, p99 {:.3} ms", at(500), at(990))
}

/// Private memory of this process, in KiB.
fn memory_kib() -> Option<u64> {
    let rollup = std::fs::read_to_string("/proc/self/smaps_rollup").ok()?;
    let private = rollup.lines().filter(|line| line.starts_with("Private_"));
    private.map(|line| line.split_whitespace().nth(1)?.parse::<u64>().ok()).sum()
}
