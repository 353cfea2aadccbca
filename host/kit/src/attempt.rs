//! One call made by hand: everything that was asked and answered meanwhile, and plain words for what went wrong.
//!
//! No secret is in it: an adapter writes placeholders, and what comes back has been scrubbed before it arrives here.

use crate::call::{Call, Made};
use crate::kind::Function;
use crate::test::Used;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use parking_lot::Mutex;
use sandbox::manifest::Manifest;
use sandbox::trouble::Trouble;
use sandbox::{
    AdapterError, CallError, FaultKind, FilesError, Found, Guest, HttpError, HttpRequest, HttpResponse, LogLevel,
    Powers, Usage,
};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use std::time::Instant;

/// A request that an adapter made, as it wrote it, and what came back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Exchange {
    pub method: String,
    /// The name of an origin and the path there; where it leads is the host's business.
    pub url: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub query: Vec<(String, String)>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub headers: Vec<(String, String)>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub answer_headers: Vec<(String, String)>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answer: Option<String>,
    /// What the host said in place of an answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    pub took_ms: u64,
}

/// What was seen of a call.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Seen {
    pub exchanges: Vec<Exchange>,
    pub log: Vec<String>,
    pub used: Option<Used>,
}

/// Lines and exchanges of one call that are kept.
const KEPT_MAX: usize = 200;
/// Bytes of one body that are kept.
const BODY_BYTES_MAX: usize = 64 * 1024;

/// Hands every question on to an adapter's own powers, and writes down what was asked and answered.
pub struct Watched {
    powers: Arc<dyn Powers>,
    seen: Mutex<Seen>,
}

impl Watched {
    pub fn new(powers: Arc<dyn Powers>) -> Arc<Watched> {
        Arc::new(Watched { powers, seen: Mutex::default() })
    }

    pub fn seen(&self) -> Seen {
        self.seen.lock().clone()
    }

    /// Makes the call under these eyes.
    ///
    /// # Errors
    /// What the call failed with.
    pub async fn make(self: &Arc<Watched>, guest: &Guest, call: &dyn Call) -> Made {
        let powers: Arc<dyn Powers> = self.clone();
        call.make(guest, &powers).await
    }
}

impl Powers for Watched {
    fn fetch(&self, request: HttpRequest) -> BoxFuture<'_, Result<HttpResponse, HttpError>> {
        async move {
            let begun = Instant::now();
            let mut exchange = Exchange {
                method: request.method.word().to_owned(),
                url: format!("{}:{}", request.origin, request.path),
                query: request.query.clone(),
                headers: request.headers.clone(),
                body: request.body.as_deref().map(cut),
                status: None,
                answer_headers: Vec::new(),
                answer: None,
                error: None,
                took_ms: 0,
            };
            let answered = self.powers.fetch(request).await;
            exchange.took_ms = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX);
            match &answered {
                Ok(HttpResponse { status, headers, body }) => {
                    exchange.status = Some(*status);
                    exchange.answer_headers.clone_from(headers);
                    exchange.answer = Some(cut(body));
                }
                Err(error) => exchange.error = Some(sentence(error)),
            }
            let mut seen = self.seen.lock();
            if seen.exchanges.len() < KEPT_MAX {
                seen.exchanges.push(exchange);
            }
            answered
        }
        .boxed()
    }

    fn config(&self, key: &str) -> Option<String> {
        self.powers.config(key)
    }

    fn lookup(&self, dataset: &str, keys: Vec<String>) -> BoxFuture<'_, Result<Found, FilesError>> {
        self.powers.lookup(dataset, keys)
    }

    fn log(&self, level: LogLevel, message: &str) {
        let mut seen = self.seen.lock();
        if seen.log.len() < KEPT_MAX {
            seen.log.push(format!("{}: {message}", format!("{level:?}").to_lowercase()));
        }
    }

    fn now_ms(&self) -> u64 {
        self.powers.now_ms()
    }

    fn uniform(&self) -> f64 {
        self.powers.uniform()
    }

    fn used(&self, usage: Usage) {
        let mut seen = self.seen.lock();
        let exchanges = seen.exchanges.len();
        seen.used = Some(Used::during(usage, exchanges));
        self.powers.used(usage);
    }
}

fn cut(body: &str) -> String {
    match body.len() {
        bytes if bytes > BODY_BYTES_MAX => {
            format!("{}… ({bytes} bytes)", &body[..body.floor_char_boundary(BODY_BYTES_MAX)])
        }
        _ => body.to_owned(),
    }
}

fn sentence(error: &HttpError) -> String {
    match error {
        HttpError::Denied(reason) => format!("the host refuses it: {reason}"),
        HttpError::SecretMissing(name) => format!("the secret {name} is not configured"),
        HttpError::TimedOut => "no answer in time".to_owned(),
        HttpError::TooLarge(bytes) => format!("the answer is longer than {bytes} bytes"),
        HttpError::RateLimited(seconds) => format!("the adapter's own rate is used up for {seconds} s"),
        HttpError::Unreachable(reason) => format!("not reached: {reason}"),
    }
}

/// Refuses a call that does more than ask, unless somebody says that this is meant.
///
/// # Errors
/// When the function has effects and nobody said so.
pub fn permit(function: &Function, send: bool) -> Result<(), Trouble> {
    if !function.effects || send {
        return Ok(());
    }
    Err(Trouble::new(
        format!("`{}`", function.name),
        "does more than ask: what it files, buys or tells by hand is held by nobody",
        "say --send if that is meant, or point the origin at a server of your own",
    ))
}

/// What an author or operator does about a call that failed.
pub fn remedy(manifest: &Manifest, error: &CallError, seen: &Seen) -> String {
    let secret = |name: &str| format!("SMARTGUARD_SECRET_{}_{name}", manifest.id.to_uppercase());
    match error {
        CallError::Fault(fault) => match fault.kind {
            FaultKind::TimedOut => {
                "make it faster, or raise `cpu_ms` (computing) or `timeout_s` (waiting included) under [limits]".to_owned()
            }
            FaultKind::OutOfMemory => "keep less at a time, or raise `memory_max_mib` under [limits]".to_owned(),
            FaultKind::StackOverflow => "turn the recursion into a loop".to_owned(),
            FaultKind::TooBusy => "try again when fewer calls are in flight".to_owned(),
            FaultKind::Protocol => {
                "let it answer as the interface says; `smartguard.d.ts` has the types, and `// @ts-check` shows the place"
                    .to_owned()
            }
            FaultKind::Trapped => "look at the line that the message names".to_owned(),
        },
        CallError::Adapter(error) => match error {
            AdapterError::RetryAfter(wait) => format!("ask again in {} s", wait.as_secs()),
            AdapterError::Rejected(_) => "look at what was sent, above; the server understood it and refuses".to_owned(),
            AdapterError::Unauthorized(_) => {
                let names: Vec<String> = manifest.secrets.keys().map(|name| secret(name)).collect();
                if names.is_empty() {
                    "the manifest names no secret; add one under [secrets] and write it as {{secret:NAME}}".to_owned()
                } else {
                    format!("give the right value in {}", names.join(", "))
                }
            }
            AdapterError::Unavailable(_) if seen.exchanges.is_empty() => "try again later".to_owned(),
            AdapterError::Unavailable(_) => {
                "check that the server answers; --origin NAME=URL leads an origin to another one".to_owned()
            }
            AdapterError::NeedsPerson(_) => "this is no fault: a person does what the packet says".to_owned(),
            AdapterError::Protocol(_) if seen.exchanges.is_empty() => {
                "mend what the field named above is answered with".to_owned()
            }
            AdapterError::Protocol(_) => {
                "lay the server's answer, above, beside what the script reads; `adapter test --record` keeps it as a cassette"
                    .to_owned()
            }
            AdapterError::Internal(_) => "mend the line that the message names".to_owned(),
            AdapterError::Unsupported(_) => {
                format!("it does: {}", manifest.functions.named().join(", "))
            }
        },
    }
}

/// An answer for programs: times are texts there.
pub fn json(value: &toml::Value) -> serde_json::Value {
    match value {
        toml::Value::Datetime(time) => time.to_string().into(),
        toml::Value::Array(list) => list.iter().map(json).collect(),
        toml::Value::Table(fields) => fields.iter().map(|(name, value)| (name.clone(), json(value))).collect(),
        toml::Value::String(text) => text.as_str().into(),
        toml::Value::Integer(figure) => (*figure).into(),
        toml::Value::Float(figure) => (*figure).into(),
        toml::Value::Boolean(switch) => (*switch).into(),
    }
}
