//! The interface of adapters as Rust, one world a kind, and the host's side of it.
//!
//! Every question goes on to [`Powers`]; here it is only put into plain types, counted and bounded.
//! While the top level of a script runs there is nobody to ask, and each question says so.

use crate::call::{self, LogLevel, Powers, Usage};
use crate::version::World;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use wasmtime::{Error, ResourceLimiter, Result};

wasmtime::component::bindgen!({
    path: "../../wit/0.0.1",
    world: "agency-adapter",
    imports: { default: async | trappable },
    exports: { default: async },
});

/// The other worlds, which share the types and the imports of the first.
macro_rules! world {
    ($name:ident, $world:literal, $shared:tt) => {
        pub(crate) mod $name {
            wasmtime::component::bindgen!({
                path: "../../wit/0.0.1",
                world: $world,
                imports: { default: async | trappable },
                exports: { default: async },
                with: $shared,
            });
        }
    };
}
world!(
    provider,
    "provider-adapter",
    {
        "smartguard:adapter/types": super::smartguard::adapter::types,
        "smartguard:adapter/http": super::smartguard::adapter::http,
        "smartguard:adapter/log": super::smartguard::adapter::log,
        "smartguard:adapter/clock": super::smartguard::adapter::clock,
        "smartguard:adapter/random": super::smartguard::adapter::random,
        "smartguard:adapter/config": super::smartguard::adapter::config,
    }
);
world!(
    carrier_lookup,
    "carrier-lookup-adapter",
    {
        "smartguard:adapter/types": super::smartguard::adapter::types,
        "smartguard:adapter/http": super::smartguard::adapter::http,
        "smartguard:adapter/log": super::smartguard::adapter::log,
        "smartguard:adapter/clock": super::smartguard::adapter::clock,
        "smartguard:adapter/random": super::smartguard::adapter::random,
        "smartguard:adapter/config": super::smartguard::adapter::config,
        "smartguard:adapter/files": super::smartguard::adapter::files,
    }
);
world!(
    ranker,
    "ranker-adapter",
    {
        "smartguard:adapter/types": super::smartguard::adapter::types,
        "smartguard:adapter/log": super::smartguard::adapter::log,
        "smartguard:adapter/random": super::smartguard::adapter::random,
    }
);

pub(crate) use carrier_lookup::exports::smartguard::adapter::carrier_lookup as wit_lookup;
pub(crate) use exports::smartguard::adapter::agency as wit_agency;
pub(crate) use provider::exports::smartguard::adapter::provider as wit_provider;
pub(crate) use ranker::exports::smartguard::adapter::ranker as wit_ranker;
pub(crate) use smartguard::adapter::types as wit_types;
use smartguard::adapter::{clock, config, files, http, log, random};

/// The longest line of log that is kept; what is longer is cut. Guessed: a stack trace fits.
const LOG_LINE_BYTES_MAX: usize = 8 * 1024;

/// What belongs to one call of an adapter. It is made for the call and thrown away with the store.
pub(crate) struct Ctx {
    /// None while the top level of a script runs.
    powers: Option<Arc<dyn Powers>>,
    pub(crate) ceiling: Ceiling,
    pub(crate) log: LogAllowance,
    /// Ticks of the engine's clock that the guest may still run.
    pub(crate) ticks_left: u64,
    /// The source of a script, while it is made into a component.
    pub(crate) script: Option<Source>,
}

/// The script whose top level is being run.
#[derive(Clone, Debug)]
pub(crate) struct Source {
    pub(crate) world: World,
    /// The name in error messages and stack traces.
    pub(crate) name: String,
    pub(crate) text: String,
    /// The modules that it imports by a path, by name.
    pub(crate) modules: BTreeMap<String, String>,
}

impl Ctx {
    pub(crate) fn new(powers: Option<Arc<dyn Powers>>, memory_max: usize, ticks: u64, log: LogAllowance) -> Ctx {
        let ceiling = Ceiling { memory_max, memory: 0, reached: false };
        Ctx { powers, ceiling, log, ticks_left: ticks, script: None }
    }

    fn powers(&self, asked: &str) -> Result<Arc<dyn Powers>> {
        self.powers.clone().ok_or_else(|| {
            Error::msg(format!(
                "`{asked}` cannot be used at the top level of a script, which runs only once, when the script is loaded; use it inside a function"
            ))
        })
    }

    pub(crate) fn now_ms(&self) -> u64 {
        self.powers.as_ref().map_or(0, |powers| powers.now_ms())
    }

    /// Says how much of the log was left out and what the call used up, once it is over.
    pub(crate) fn close(&self, function: &'static str, wall: Duration, computing: Duration) {
        let Some(powers) = &self.powers else { return };
        let LogAllowance { kept, dropped, .. } = self.log;
        if dropped > 0 {
            powers.log(LogLevel::Warn, &format!("{dropped} more lines of this call's log were left out"));
        }
        powers.used(Usage { function, wall, computing, memory: self.ceiling.memory, log_lines: kept + dropped });
    }
}

/// How much a call may still log, and what it said last.
#[derive(Clone, Debug, Default)]
pub(crate) struct LogAllowance {
    pub(crate) lines_left: u32,
    pub(crate) bytes_left: usize,
    pub(crate) kept: u64,
    pub(crate) dropped: u64,
    /// The last line of level `error`: when a guest ends without a typed error, this is often its reason.
    pub(crate) last_error: Option<String>,
}

/// Holds all memories of one call together under one ceiling.
#[derive(Debug)]
pub(crate) struct Ceiling {
    memory_max: usize,
    pub(crate) memory: usize,
    pub(crate) reached: bool,
}

/// Entries of all tables together; a QuickJS guest has about two thousand.
const TABLE_ENTRIES_MAX: usize = 100_000;

impl ResourceLimiter for Ceiling {
    fn memory_growing(&mut self, current: usize, desired: usize, _maximum: Option<usize>) -> Result<bool> {
        let memory = self.memory.saturating_add(desired.saturating_sub(current));
        if memory > self.memory_max {
            self.reached = true;
            return Err(Error::msg("the memory ceiling is reached"));
        }
        self.memory = memory;
        Ok(true)
    }

    fn table_growing(&mut self, _current: usize, desired: usize, _maximum: Option<usize>) -> Result<bool> {
        if desired > TABLE_ENTRIES_MAX {
            self.reached = true;
            return Err(Error::msg("the ceiling for tables is reached"));
        }
        Ok(true)
    }
}

impl wit_types::Host for Ctx {}

impl http::Host for Ctx {
    async fn fetch(&mut self, request: http::Request) -> Result<Result<http::Response, http::HttpError>> {
        let powers = self.powers("http.fetch")?;
        let request = call::HttpRequest {
            method: match request.method {
                http::Method::Get => call::Method::Get,
                http::Method::Post => call::Method::Post,
                http::Method::Put => call::Method::Put,
                http::Method::Patch => call::Method::Patch,
                http::Method::Delete => call::Method::Delete,
            },
            origin: request.origin,
            path: request.path,
            query: request.query,
            headers: request.headers,
            body: request.body,
        };
        Ok(match powers.fetch(request).await {
            Ok(call::HttpResponse { status, headers, body }) => Ok(http::Response { status, headers, body }),
            Err(error) => Err(match error {
                call::HttpError::Denied(reason) => http::HttpError::Denied(reason),
                call::HttpError::SecretMissing(name) => http::HttpError::SecretMissing(name),
                call::HttpError::TimedOut => http::HttpError::TimedOut,
                call::HttpError::TooLarge(bytes) => http::HttpError::TooLarge(bytes),
                call::HttpError::RateLimited(seconds) => http::HttpError::RateLimited(seconds),
                call::HttpError::Unreachable(reason) => http::HttpError::Unreachable(reason),
            }),
        })
    }
}

impl log::Host for Ctx {
    async fn write(&mut self, level: log::Level, message: String) -> Result<()> {
        let level = match level {
            log::Level::Debug => LogLevel::Debug,
            log::Level::Info => LogLevel::Info,
            log::Level::Warn => LogLevel::Warn,
            log::Level::Error => LogLevel::Error,
        };
        let line = cut(&message, LOG_LINE_BYTES_MAX);
        if level == LogLevel::Error {
            self.log.last_error = Some(line.to_owned());
        }
        if self.log.lines_left == 0 || self.log.bytes_left < line.len() {
            self.log.dropped += 1;
            return Ok(());
        }
        self.log.lines_left -= 1;
        self.log.kept += 1;
        self.log.bytes_left -= line.len();
        if let Some(powers) = &self.powers {
            powers.log(level, line);
        }
        Ok(())
    }
}

impl clock::Host for Ctx {
    async fn now_ms(&mut self) -> Result<u64> {
        Ok(self.powers("clock.now-ms")?.now_ms())
    }
}

impl random::Host for Ctx {
    async fn uniform(&mut self) -> Result<f64> {
        Ok(self.powers("random.uniform")?.uniform())
    }
}

impl config::Host for Ctx {
    async fn get(&mut self, key: String) -> Result<Option<String>> {
        Ok(self.powers("config.get")?.config(&key))
    }
}

impl files::Host for Ctx {
    async fn lookup(&mut self, dataset: String, keys: Vec<String>) -> Result<Result<files::Found, files::FilesError>> {
        let powers = self.powers("files.lookup")?;
        Ok(match powers.lookup(&dataset, keys).await {
            Ok(call::Found { coverage, hits }) => Ok(files::Found {
                coverage: files::Coverage {
                    first_day: coverage.first_day,
                    last_day: coverage.last_day,
                    files: coverage.files,
                    missing: coverage.missing,
                },
                hits: hits
                    .into_iter()
                    .map(|call::Hits { key, days }| files::Hits {
                        key,
                        days: days.into_iter().map(|d| files::DayCount { day: d.day, rows: d.rows }).collect(),
                    })
                    .collect(),
            }),
            Err(call::FilesError::Denied(reason)) => Err(files::FilesError::Denied(reason)),
            Err(call::FilesError::NotReady(seconds)) => Err(files::FilesError::NotReady(seconds)),
        })
    }
}

/// The longest beginning of `text` that is at most so many bytes and ends between two characters.
pub(crate) fn cut(text: &str, bytes_max: usize) -> &str {
    &text[..text.floor_char_boundary(bytes_max)]
}
