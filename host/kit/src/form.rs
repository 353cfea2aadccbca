//! A cassette: one call of an adapter, what the world answers meanwhile, and what the adapter must make of it.
//!
//! Owns the form of the files under `adapters/<id>/cassettes`, which is strict: an unknown field, a field that the
//! function does not have or a time without its zone is refused with its line.
//! What is asked and answered belongs to a kind of adapter, and is read by its [`crate::kind::Function`].

mod words;

pub use words::{Day, Maybe, Setting, Texts, Time, carrier, named, number, numbers};

use crate::call::Call;
use numbers::Moment;
use sandbox::trouble::{Trouble, line_of};
use sandbox::{Coverage, DayCount, FilesError, Found, Hits, HttpError, HttpRequest, HttpResponse};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Arc;
use toml::Spanned;

/// What a file says.
pub struct Parsed {
    pub about: String,
    pub provenance: Provenance,
    pub now: Moment,
    pub at_most: Bounds,
    /// Settings that differ from the manifest's.
    pub config: BTreeMap<String, String>,
    pub call: Arc<dyn Call>,
    pub exchanges: Vec<Exchange>,
    pub dataset: Option<DatasetReply>,
    /// What must come out; none while nobody has said so yet.
    pub answer: Option<toml::Table>,
}

/// Where a cassette's exchanges are known from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Provenance {
    /// A server said it, and it was written down by `--record`.
    Recorded,
    /// The agency's own documentation.
    Documented,
    /// Others' clients and descriptions, with values of our own.
    Secondary,
    /// What a broken or unwilling server might say.
    Imagined,
}

impl Provenance {
    pub const fn word(self) -> &'static str {
        match self {
            Provenance::Recorded => "recorded",
            Provenance::Documented => "documented",
            Provenance::Secondary => "secondary",
            Provenance::Imagined => "imagined",
        }
    }
}

/// What the call may use up; what is not named is only bounded by the manifest.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bounds {
    /// Milliseconds of computing. Waiting does not count, so a busy machine does not fail a cassette.
    pub ms: Option<u64>,
    pub memory_kib: Option<u64>,
    /// Requests that are sent.
    pub exchanges: Option<u64>,
}

/// A request, as far as the cassette cares, and what comes back.
#[derive(Clone, Debug)]
pub struct Exchange {
    pub asks: Asks,
    pub reply: Result<HttpResponse, HttpError>,
}

/// What a request must be. What is not named may be anything.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Asks {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub method: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub origin: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// Where it is named, there is no more in the query than this.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub query: Option<BTreeMap<String, Texts>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub headers: Option<BTreeMap<String, Texts>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub body: Option<Maybe<String>>,
}

impl From<&HttpRequest> for Asks {
    fn from(request: &HttpRequest) -> Asks {
        Asks {
            method: Some(request.method.word().to_lowercase()),
            origin: Some(request.origin.clone()),
            path: Some(request.path.clone()),
            query: Some(by_name(&request.query)),
            headers: Some(by_name(&request.headers)),
            body: Some(request.body.clone().into()),
        }
    }
}

pub(crate) fn by_name(pairs: &[(String, String)]) -> BTreeMap<String, Texts> {
    let mut named: BTreeMap<String, Texts> = BTreeMap::new();
    for (name, text) in pairs {
        let texts = match named.remove(name) {
            Some(texts) => texts.and(text.clone()),
            None => Texts::One(text.clone()),
        };
        named.insert(name.clone(), texts);
    }
    named
}

/// What a look-up in a published data set finds.
#[derive(Clone, Debug)]
pub struct DatasetReply {
    pub name: String,
    pub reply: Result<Found, FilesError>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CassetteFile<R, A> {
    about: Spanned<String>,
    provenance: Provenance,
    now: Time,
    #[serde(rename = "call")]
    _call: String,
    #[serde(default)]
    at_most: Bounds,
    #[serde(default)]
    config: BTreeMap<String, Setting>,
    request: Option<R>,
    #[serde(default)]
    exchange: Vec<Spanned<ExchangeFile>>,
    dataset: Option<Spanned<DatasetFile>>,
    answer: Option<A>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ExchangeFile {
    #[serde(default)]
    asks: Asks,
    status: Option<u16>,
    #[serde(default)]
    headers: BTreeMap<String, Texts>,
    #[serde(default)]
    body: String,
    fails: Option<HttpFailure>,
}

/// What the host says in place of an answer.
#[derive(Deserialize, Serialize)]
#[serde(tag = "tag", content = "value", rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) enum HttpFailure {
    Denied(String),
    SecretMissing(String),
    TimedOut,
    TooLarge(u64),
    RateLimited(u32),
    Unreachable(String),
}

impl From<HttpFailure> for HttpError {
    fn from(failure: HttpFailure) -> HttpError {
        match failure {
            HttpFailure::Denied(reason) => HttpError::Denied(reason),
            HttpFailure::SecretMissing(name) => HttpError::SecretMissing(name),
            HttpFailure::TimedOut => HttpError::TimedOut,
            HttpFailure::TooLarge(bytes) => HttpError::TooLarge(bytes),
            HttpFailure::RateLimited(seconds) => HttpError::RateLimited(seconds),
            HttpFailure::Unreachable(reason) => HttpError::Unreachable(reason),
        }
    }
}

impl From<HttpError> for HttpFailure {
    fn from(error: HttpError) -> HttpFailure {
        match error {
            HttpError::Denied(reason) => HttpFailure::Denied(reason),
            HttpError::SecretMissing(name) => HttpFailure::SecretMissing(name),
            HttpError::TimedOut => HttpFailure::TimedOut,
            HttpError::TooLarge(bytes) => HttpFailure::TooLarge(bytes),
            HttpError::RateLimited(seconds) => HttpFailure::RateLimited(seconds),
            HttpError::Unreachable(reason) => HttpFailure::Unreachable(reason),
        }
    }
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct DatasetFile {
    name: String,
    #[serde(default)]
    first_day: Day,
    #[serde(default)]
    last_day: Day,
    #[serde(default)]
    files: u32,
    #[serde(default)]
    missing: u32,
    #[serde(default)]
    hits: Vec<HitsFile>,
    #[serde(skip_serializing_if = "Option::is_none")]
    fails: Option<DatasetFailure>,
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct HitsFile {
    key: String,
    #[serde(default)]
    days: Vec<DayFile>,
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct DayFile {
    day: Day,
    rows: u32,
}

#[derive(Deserialize, Serialize)]
#[serde(tag = "tag", content = "value", rename_all = "kebab-case", deny_unknown_fields)]
enum DatasetFailure {
    Denied(String),
    NotReady(u32),
}

impl From<&DatasetReply> for DatasetFile {
    fn from(reply: &DatasetReply) -> DatasetFile {
        let name = reply.name.clone();
        let empty = DatasetFile {
            name,
            first_day: Day(0),
            last_day: Day(0),
            files: 0,
            missing: 0,
            hits: Vec::new(),
            fails: None,
        };
        match &reply.reply {
            Err(FilesError::Denied(reason)) => {
                DatasetFile { fails: Some(DatasetFailure::Denied(reason.clone())), ..empty }
            }
            Err(FilesError::NotReady(seconds)) => {
                DatasetFile { fails: Some(DatasetFailure::NotReady(*seconds)), ..empty }
            }
            Ok(Found { coverage, hits }) => {
                let days = |days: &[DayCount]| days.iter().map(|d| DayFile { day: Day(d.day), rows: d.rows }).collect();
                DatasetFile {
                    first_day: Day(coverage.first_day),
                    last_day: Day(coverage.last_day),
                    files: coverage.files,
                    missing: coverage.missing,
                    hits: hits.iter().map(|hits| HitsFile { key: hits.key.clone(), days: days(&hits.days) }).collect(),
                    ..empty
                }
            }
        }
    }
}

impl From<DatasetFile> for DatasetReply {
    fn from(file: DatasetFile) -> DatasetReply {
        let DatasetFile { name, first_day, last_day, files, missing, hits, fails } = file;
        let reply = match fails {
            Some(DatasetFailure::Denied(reason)) => Err(FilesError::Denied(reason)),
            Some(DatasetFailure::NotReady(seconds)) => Err(FilesError::NotReady(seconds)),
            None => Ok(Found {
                coverage: Coverage { first_day: first_day.0, last_day: last_day.0, files, missing },
                hits: hits
                    .into_iter()
                    .map(|HitsFile { key, days }| Hits {
                        key,
                        days: days.into_iter().map(|d| DayCount { day: d.day.0, rows: d.rows }).collect(),
                    })
                    .collect(),
            }),
        };
        DatasetReply { name, reply }
    }
}

/// Reads a whole file whose request is an `R` and whose answer is an `A`; the kinds' functions are made of it.
///
/// # Errors
/// The first thing that is wrong, with its line.
pub fn read<R, A>(file: &str, text: &str) -> Result<Parsed, Trouble>
where
    R: DeserializeOwned + Into<Arc<dyn Call>>,
    A: DeserializeOwned + Serialize,
{
    let trouble = |error: toml::de::Error| Trouble::from_toml(file, text, &error);
    let written: CassetteFile<R, A> = toml::from_str(text).map_err(trouble)?;
    let at = |span: std::ops::Range<usize>| format!("{file}:{}", line_of(text, span.start));
    if written.about.get_ref().trim().is_empty() {
        return Err(Trouble::new(at(written.about.span()), "nobody says what it is about", "write what it shows"));
    }
    let request = match written.request {
        Some(request) => request,
        // Some functions are asked nothing; the others say here what is missing.
        None => toml::from_str("").map_err(|error| {
            let mut trouble = Trouble::from_toml(file, "", &error);
            trouble.place = format!("{file}:1");
            trouble.reason = format!("`[request]` is missing: {}", trouble.reason);
            trouble
        })?,
    };
    let mut exchanges = Vec::new();
    for exchange in written.exchange {
        let place = at(exchange.span());
        let ExchangeFile { asks, status, headers, body, fails } = exchange.into_inner();
        let reply = match (status, fails) {
            (Some(status), None) => {
                let headers = headers.iter().flat_map(|(name, texts)| texts.iter().map(|t| (name.clone(), t.into())));
                Ok(HttpResponse { status, headers: headers.collect(), body })
            }
            (None, Some(failure)) => Err(failure.into()),
            (None, None) => {
                return Err(Trouble::new(
                    place,
                    "an exchange has no answer",
                    "add `status = 200` and a `body`, or `fails = { tag = \"timed-out\" }`",
                ));
            }
            (Some(_), Some(_)) => {
                return Err(Trouble::new(place, "an exchange both answers and fails", "keep `status` or `fails`"));
            }
        };
        exchanges.push(Exchange { asks, reply });
    }
    // Only what was named is written, so the strict form and the free one say the same.
    let answer = written.answer.as_ref().map(table_of).transpose().map_err(|reason| {
        Trouble::new(file, format!("the answer cannot be kept: {reason}"), "write smaller figures")
    })?;
    Ok(Parsed {
        about: written.about.into_inner(),
        provenance: written.provenance,
        now: Moment(written.now.0.saturating_mul(1000)),
        at_most: written.at_most,
        config: written.config.into_iter().map(|(key, Setting(value))| (key, value)).collect(),
        call: request.into(),
        exchanges,
        dataset: written.dataset.map(|dataset| dataset.into_inner().into()),
        answer,
    })
}

/// Anything as TOML has it. It goes by its text, because a table that is made without it keeps no times.
pub(crate) fn table_of<T: Serialize>(value: &T) -> Result<toml::Table, String> {
    let text = toml::to_string(value).map_err(|error| error.to_string())?;
    toml::from_str(&text).map_err(|error| error.message().to_owned())
}
