//! The world that an adapter under test sees: nothing of it is real but the rules about what may be sent.
//!
//! Time stands still, chance repeats itself, and answers come from whoever set the stage.
//! A request passes the same rules as in the daemon ([`Door`]), with invented secrets, and is then only written down.

use crate::form::DatasetReply;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use numbers::Moment;
use parking_lot::Mutex;
use sandbox::grant::PowerSet;
use sandbox::http::{Door, Gate, Rebinds};
use sandbox::manifest::Manifest;
use sandbox::secrets::{Secret, Secrets};
use sandbox::{FilesError, Found, HttpError, HttpRequest, HttpResponse, LogLevel, Powers, Usage};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Answers a request; the first has the number 0.
pub(crate) type Answers = Box<dyn Fn(usize, &HttpRequest) -> Result<HttpResponse, HttpError> + Send + Sync>;
/// Answers a look-up in a data set.
pub(crate) type Finds = Box<dyn Fn(&str, &[String]) -> Result<Found, FilesError> + Send + Sync>;

/// Set for one call.
pub(crate) struct Stage {
    pub now: Moment,
    /// Where the sequence of chance begins.
    pub chance: u64,
    pub config: BTreeMap<String, String>,
    pub door: Arc<Door>,
    pub answers: Answers,
    pub finds: Finds,
    pub tape: Mutex<Tape>,
}

/// What an adapter did during a call.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tape {
    pub requests: Vec<HttpRequest>,
    /// Which of the requests the host would not have sent, and why.
    pub refused: Vec<(usize, HttpError)>,
    pub lookups: Vec<(String, Vec<String>)>,
    pub log: Vec<(LogLevel, String)>,
    pub used: Option<Usage>,
    drawn: u64,
}

impl Tape {
    /// The log as people read it.
    pub fn log_lines(&self) -> Vec<String> {
        self.log.iter().map(|(level, line)| format!("{}: {line}", format!("{level:?}").to_lowercase())).collect()
    }
}

/// The value that stands for a secret on the stage.
pub(crate) fn invented(secret: &str) -> String {
    format!("invented-{secret}-value")
}

/// What the manifest asks for, granted whole, with every secret invented.
pub(crate) fn door(manifest: &Manifest) -> Arc<Door> {
    let mut secrets = Secrets::default();
    for name in manifest.secrets.keys() {
        secrets.insert(&manifest.id, name, Secret::new(invented(name)));
    }
    Arc::new(Gate::new(Rebinds::default(), secrets).door(manifest, &PowerSet::asked_by(manifest)))
}

impl Stage {
    fn answer(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let mut tape = self.tape.lock();
        let turn = tape.requests.len();
        tape.requests.push(request);
        if let Some(refusal) = self.door.refusal(&tape.requests[turn]) {
            tape.refused.push((turn, refusal.clone()));
            return Err(refusal);
        }
        (self.answers)(turn, &tape.requests[turn])
    }
}

impl Powers for Stage {
    fn fetch(&self, request: HttpRequest) -> BoxFuture<'_, Result<HttpResponse, HttpError>> {
        std::future::ready(self.answer(request)).boxed()
    }

    fn config(&self, key: &str) -> Option<String> {
        self.config.get(key).cloned()
    }

    fn lookup(&self, dataset: &str, keys: Vec<String>) -> BoxFuture<'_, Result<Found, FilesError>> {
        let found = (self.finds)(dataset, &keys);
        self.tape.lock().lookups.push((dataset.to_owned(), keys));
        std::future::ready(found).boxed()
    }

    fn log(&self, level: LogLevel, message: &str) {
        self.tape.lock().log.push((level, message.to_owned()));
    }

    fn now_ms(&self) -> u64 {
        self.now.0
    }

    fn uniform(&self) -> f64 {
        let mut tape = self.tape.lock();
        tape.drawn += 1;
        drawn(self.chance, tape.drawn)
    }

    fn used(&self, usage: Usage) {
        self.tape.lock().used = Some(usage);
    }
}

/// A data set that holds what the cassette shows, and nothing of other keys.
pub(crate) fn find(dataset: Option<&DatasetReply>, name: &str, keys: &[String]) -> Result<Found, FilesError> {
    let Some(dataset) = dataset.filter(|dataset| dataset.name == name) else {
        return Err(FilesError::Denied(format!("the cassettes show no data set {name}")));
    };
    let found = dataset.reply.clone()?;
    let hits = keys.iter().map(|key| {
        let known = found.hits.iter().find(|hits| hits.key == *key).cloned();
        known.unwrap_or_else(|| sandbox::Hits { key: key.clone(), days: Vec::new() })
    });
    Ok(Found { coverage: found.coverage, hits: hits.collect() })
}

/// The nth draw of a sequence that begins at `chance`: at least 0 and less than 1, and the same each time.
pub(crate) fn drawn(chance: u64, nth: u64) -> f64 {
    // The finaliser of splitmix64: neighbouring counts come out far apart.
    let mut bits = chance.wrapping_add(nth.wrapping_mul(0x9e37_79b9_7f4a_7c15));
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    // A double holds 53 bits exactly.
    ((bits ^ (bits >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
}

/// Headers that let somebody in.
const CREDENTIALS: [&str; 6] = ["authorization", "x-api-key", "api-key", "apikey", "x-auth-token", "x-access-token"];

fn holds_placeholder(value: &str) -> bool {
    value.contains("{{secret:") || value.contains("{{basic:")
}

/// Whether this secret is sent in a request, alone or as user or password of HTTP's Basic scheme.
pub(crate) fn sends(request: &HttpRequest, secret: &str) -> bool {
    let said = format!("{request:?}");
    let placeholders = said.split("{{").skip(1).filter_map(|rest| rest.split_once("}}")).map(|(inside, _)| inside);
    placeholders.into_iter().any(|inside| match inside.split_once(':') {
        Some(("secret", name)) => name == secret,
        Some(("basic", names)) => names.split(':').any(|name| name == secret),
        _ => false,
    })
}

/// A credential that is neither a placeholder nor something that a server handed out in the same call.
pub(crate) fn own_credential(request: &HttpRequest, replies: &[Result<HttpResponse, HttpError>]) -> Option<String> {
    let own = |(name, value): &&(String, String)| {
        let word = value.rsplit(' ').next().unwrap_or_default();
        let handed_out = || replies.iter().flatten().any(|response| response.body.contains(word));
        CREDENTIALS.contains(&name.to_ascii_lowercase().as_str()) && !holds_placeholder(value) && !handed_out()
    };
    request.headers.iter().find(own).map(|(name, _)| format!("{name} holds a credential that is no placeholder"))
}
