//! What an adapter may ask of the host while one of its functions runs, in plain types.
//!
//! [`Powers`] is served by whoever holds the grant: origins, secrets, rates and data sets are decided behind it.
//! This module only says what the questions and the answers look like; it neither permits nor refuses anything.

use futures_util::future::BoxFuture;
use std::time::Duration;

/// Everything outside itself that an adapter can reach. Nothing else is linked into it.
pub trait Powers: Send + Sync {
    /// Sends one request to an origin that the manifest names and the operator granted.
    fn fetch(&self, request: HttpRequest) -> BoxFuture<'_, Result<HttpResponse, HttpError>>;

    /// A setting from `[config]` of the manifest, as the operator's configuration overrides it.
    fn config(&self, key: &str) -> Option<String>;

    /// How often each key stands in a published data set, day by day.
    fn lookup(&self, dataset: &str, keys: Vec<String>) -> BoxFuture<'_, Result<Found, FilesError>>;

    /// Takes one line that the adapter wrote. The engine has already bounded how many there are and how long they are.
    fn log(&self, level: LogLevel, message: &str);

    /// Milliseconds since 1970-01-01 UTC.
    fn now_ms(&self) -> u64;

    /// At least 0 and less than 1; never the same sequence twice, because a script's own generator repeats itself.
    fn uniform(&self) -> f64;

    /// Is told what a call used up when it is over, however it ended.
    /// A call that never got its turn, and one that nobody waits for any more, are not told of.
    fn used(&self, _usage: Usage) {}
}

/// What one call of an adapter used up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Usage {
    pub function: &'static str,
    /// From its turn to its end, waiting included.
    pub wall: Duration,
    /// The part of `wall` in which the guest held a thread.
    pub computing: Duration,
    /// Bytes of all its memories together; a memory never shrinks, so this is the peak.
    pub memory: usize,
    /// Lines that it wrote to the log, with those that were left out.
    pub log_lines: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Method {
    Get,
    Post,
    Put,
    Patch,
    Delete,
}

impl Method {
    /// The word on the wire.
    pub const fn word(self) -> &'static str {
        match self {
            Method::Get => "GET",
            Method::Post => "POST",
            Method::Put => "PUT",
            Method::Patch => "PATCH",
            Method::Delete => "DELETE",
        }
    }
}

/// A request as the adapter wrote it: placeholders for secrets are still placeholders.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HttpRequest {
    pub method: Method,
    /// The name of an origin in the manifest; where it leads is not the adapter's business.
    pub origin: String,
    pub path: String,
    /// Not yet encoded.
    pub query: Vec<(String, String)>,
    pub headers: Vec<(String, String)>,
    pub body: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HttpResponse {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    /// Decoded as UTF-8; what does not decode became U+FFFD.
    pub body: String,
}

/// Why a request brought no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HttpError {
    /// Not asked for, not granted or not allowed: with what was refused and why.
    Denied(String),
    /// The secret of this name is not configured.
    SecretMissing(String),
    TimedOut,
    /// The answer is longer than this many bytes.
    TooLarge(u64),
    /// The adapter's own rate is used up; it may try again after so many seconds.
    RateLimited(u32),
    Unreachable(String),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogLevel {
    Debug,
    Info,
    Warn,
    Error,
}

/// What a data set says about the keys that were asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    pub coverage: Coverage,
    /// One for each key, in the order asked; an unknown key has no days.
    pub hits: Vec<Hits>,
}

/// Which days the index of a data set covers, in days since 1970-01-01.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Coverage {
    pub first_day: u32,
    pub last_day: u32,
    pub files: u32,
    /// Files that should be there and could not be had.
    pub missing: u32,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hits {
    pub key: String,
    /// Ascending by day; days without a row are left out.
    pub days: Vec<DayCount>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DayCount {
    /// Days since 1970-01-01.
    pub day: u32,
    pub rows: u32,
}

/// Why a data set gave no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FilesError {
    Denied(String),
    /// Nothing has been fetched yet; try again after so many seconds.
    NotReady(u32),
}
