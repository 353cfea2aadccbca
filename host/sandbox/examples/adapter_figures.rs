//! Measures what an adapter costs on this machine: `cargo run -p sandbox --example adapter_figures`.
//! It prints; what is worth keeping goes to `host/FIGURES.md` with machine and date.

use futures_util::future::BoxFuture;
use numbers::E164;
use sandbox::kind::Kind;
use sandbox::{
    Engine, EngineOptions, FilesError, Found, HttpError, HttpRequest, HttpResponse, Limits, LogLevel, Powers,
};
use std::sync::Arc;
use std::time::Instant;

const CALLS: usize = 2_000;

struct Still;

impl Powers for Still {
    fn fetch(&self, _request: HttpRequest) -> BoxFuture<'_, Result<HttpResponse, HttpError>> {
        Box::pin(async { Ok(HttpResponse { status: 200, headers: vec![], body: r#"{"label":"clean"}"#.into() }) })
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

fn script(version: u32) -> String {
    format!(
        "import * as http from 'smartguard:adapter/http@0.0.1';
export const agency = {{
  describe() {{ return {{ id: 'figures', version: '{version}', functions: ['check'], speaksFor: ['figures'] }}; }},
  check(request) {{
    const answer = http.fetch({{ method: 'get', origin: 'api', path: '/', query: [], headers: [], body: null }});
    const status = JSON.parse(answer.body).label === 'clean' ? 'unflagged' : 'flagged';
    return {{ tag: 'observations', val: request.numbers.map((number) => ({{
      number, agency: 'figures', carrier: null, status, label: null, score: null, observedAt: 1700000000, costMicros: 0,
    }})) }};
  }},
}};
"
    )
}

/// Private memory of this process, in KiB.
fn memory_kib() -> Option<u64> {
    let rollup = std::fs::read_to_string("/proc/self/smaps_rollup").ok()?;
    let private = rollup.lines().filter(|line| line.starts_with("Private_"));
    private.map(|line| line.split_whitespace().nth(1)?.parse::<u64>().ok()).sum()
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = std::env::temp_dir().join(format!("smartguard-figures-{}", std::process::id()));
    let engine = Engine::new(EngineOptions::new(&folder))?;
    let load = async |engine: &Engine, what: &str, version: u32| {
        let begun = Instant::now();
        let guest = engine.load(Kind::Agency, script(version), "figures.js", Limits::default()).await;
        println!("{what:<44} {:>9.1} ms", begun.elapsed().as_secs_f64() * 1e3);
        guest
    };
    load(&engine, "first script ever (compiles the runtime too)", 1).await?;
    load(&engine, "next script, never seen", 2).await?;
    load(&engine, "a third one, never seen", 3).await?;
    load(&engine, "the same script again", 3).await?;
    drop(engine);
    let engine = Engine::new(EngineOptions::new(&folder))?;
    let guest = load(&engine, "after a restart, from the cache", 3).await?;
    load(&engine, "after a restart, never seen", 4).await?;

    let powers: Arc<dyn Powers> = Arc::new(Still);
    for numbers in [1, 50] {
        let asked: Vec<E164> = (0..numbers).filter_map(|n| E164::from_digits(12_125_550_100 + n)).collect();
        let mut spans = Vec::with_capacity(CALLS);
        for _ in 0..CALLS {
            let begun = Instant::now();
            guest.check(&powers, &asked, None).await?;
            spans.push(begun.elapsed());
        }
        spans.sort_unstable();
        let at = |permille: usize| spans[CALLS * permille / 1000].as_secs_f64() * 1e3;
        println!("check of {numbers:>2} numbers, no network: p50 {:.3} ms, p99 {:.3} ms", at(500), at(990));
    }
    println!("private memory of this process after {} calls: {} KiB", 2 * CALLS, memory_kib().unwrap_or_default());
    std::fs::remove_dir_all(&folder)?;
    Ok(())
}
