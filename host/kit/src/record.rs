//! Makes a cassette from what a server really says, through the same gate as the daemon's.
//!
//! The adapter writes placeholders, and the gate scrubs what comes back; whatever is written down passes the scrubber
//! once more as a whole. Tokens that a server hands out for a while are no secrets of ours, and are replaced as well.
//! Nothing is written when the server was not reached.

use crate::cassette::Cassette;
use crate::folder::{CASSETTES, Folder};
use crate::form::{Asks, DatasetFile, DatasetReply, HttpFailure, Time, by_name, table_of};
use crate::stage;
use crate::test::{Tested, replay};
use crate::update::{save, whole};
use crate::words::table;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use numbers::Moment;
use parking_lot::Mutex;
use sandbox::datasets::{Datasets, Progress};
use sandbox::grant::PowerSet;
use sandbox::http::Gate;
use sandbox::powers::HostPowers;
use sandbox::trouble::Trouble;
use sandbox::{Engine, FilesError, Found, HttpError, HttpRequest, HttpResponse, LogLevel, Powers};
use serde::Serialize;
use std::collections::BTreeMap;
use std::sync::Arc;
use toml_edit::{ArrayOfTables, DocumentMut, Item, Table};

/// What to record, and from where.
pub struct Recording<'a> {
    /// The cassette's name. One that exists is asked again and keeps its request; else a new one asks about `subjects`.
    pub name: &'a str,
    pub subjects: &'a [String],
    pub about: Option<&'a str>,
    /// Holds the secrets, and says where origins lead.
    pub gate: Arc<Gate>,
    /// Where published data sets are kept; what is due is fetched first.
    pub datasets: &'a Datasets,
    pub now: Moment,
}

/// A cassette that was written.
#[derive(Debug, Serialize)]
pub struct Recorded {
    pub file: String,
    /// What its reader should look at before it is kept.
    pub warnings: Vec<String>,
    /// How it went when it was played at once.
    pub tested: Tested,
}

/// Makes one call over the network and writes it down.
///
/// # Errors
/// When there is nothing to ask, the server cannot be reached, or the file cannot be written.
pub async fn record(
    engine: &Engine,
    folder: &Folder,
    recording: &Recording<'_>,
    progress: &(dyn Fn(Progress) + Send + Sync),
) -> Result<Recorded, Trouble> {
    let sketch = sketch(folder, recording)?;
    let guest = folder.load(engine).await?;
    let (manifest, powers) = (&folder.manifest, PowerSet::asked_by(&folder.manifest));
    let overrides = &sketch.parsed.config;
    let host = HostPowers::new(manifest, &powers, &recording.gate, recording.datasets, overrides)?;
    let (door, datasets) = host.datasets();
    for (_, dataset) in datasets {
        dataset.refresh(door, recording.now, progress).await?;
    }
    // Cassettes count in seconds, and what is played must see the same time as what was recorded.
    let now = Moment::from_seconds(recording.now.seconds());
    let recorder = Arc::new(Recorder { host, now, taken: Mutex::default() });
    let powers: Arc<dyn Powers> = recorder.clone();
    let answer = table(sketch.parsed.call.make(&guest, &powers).await);
    let taken = std::mem::take(&mut *recorder.taken.lock());
    reached(folder, &taken)?;

    let written = write(&sketch, now, &taken, &answer).map_err(|reason| {
        Trouble::new(sketch.file(), format!("cannot be written: {reason}"), "write the cassette by hand")
    })?;
    let door = recording.gate.door(manifest, &PowerSet::asked_by(manifest));
    let mut warnings = Vec::new();
    if taken.exchanges.iter().any(|(request, _)| door.scrub(&format!("{request:?}")) != format!("{request:?}")) {
        warnings.push("the code holds the value of a secret itself; write `{{secret:NAME}}` there".to_owned());
    }
    let text = without_tokens(&door.scrub(&written), &taken);
    if let Some(folder) = sketch.path.parent() {
        std::fs::create_dir_all(folder).map_err(|error| {
            Trouble::new(folder.display().to_string(), format!("cannot be made: {error}"), "let this user write there")
        })?;
    }
    let cassette = Cassette::parse(folder.kind, &sketch.path, text)?;
    save(&cassette.path, &cassette.text)?;
    let (tested, _) = replay(&guest, folder, &cassette, &stage::door(manifest)).await;
    if !tested.differences.is_empty() {
        warnings.push("the adapter does not do the same when it is played; see what differs".to_owned());
    }
    Ok(Recorded { file: cassette.file(), warnings, tested })
}

/// The cassette before it is recorded: whom it asks, and what the author has written about it.
fn sketch(folder: &Folder, recording: &Recording<'_>) -> Result<Cassette, Trouble> {
    let Recording { name, subjects, about, .. } = recording;
    let path = folder.path.join(CASSETTES).join(format!("{name}.toml"));
    let file = path.display().to_string();
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    if name.is_empty() || !name.chars().all(plain) {
        return Err(Trouble::new(file, "is no name for a cassette", "write letters, digits and underscores"));
    }
    if path.exists() && subjects.is_empty() {
        return Cassette::read(folder.kind, &path);
    }
    if path.exists() {
        return Err(Trouble::new(
            file,
            "exists and has a request of its own",
            "name nothing more to ask it again, or choose another name",
        ));
    }
    if subjects.is_empty() {
        return Err(Trouble::new(
            file,
            "does not exist, and nothing says what to ask",
            "name a number, or write `about`, `call` and `[request]` into the file first",
        ));
    }
    let mut head = toml::Table::new();
    let about = about.map_or_else(|| format!("What was answered about {}.", subjects.join(", ")), str::to_owned);
    head.insert("about".to_owned(), about.into());
    head.insert("provenance".to_owned(), "recorded".into());
    head.insert("now".to_owned(), toml::Value::Integer(0));
    let obvious = folder.kind.obvious();
    head.insert("call".to_owned(), obvious.name.into());
    head.insert("request".to_owned(), obvious.request(subjects)?.into());
    Cassette::parse(folder.kind, &path, head.to_string())
}

fn reached(folder: &Folder, taken: &Taken) -> Result<(), Trouble> {
    for (request, reply) in &taken.exchanges {
        let (reason, remedy) = match reply {
            Err(HttpError::Unreachable(reason)) => (reason.clone(), "check the address, or lead the origin elsewhere"),
            Err(HttpError::Denied(reason)) => (reason.clone(), "mend the request or the manifest"),
            Err(HttpError::SecretMissing(name)) => {
                (format!("the secret {name} is not configured"), "set its variable, or name a file of secrets")
            }
            Ok(_) | Err(HttpError::TimedOut | HttpError::TooLarge(_) | HttpError::RateLimited(_)) => continue,
        };
        let place = format!("{}: {} {}", folder.manifest.id, request.method.word(), request.path);
        return Err(Trouble::new(place, reason, remedy));
    }
    Ok(())
}

fn write(sketch: &Cassette, now: Moment, taken: &Taken, answer: &toml::Table) -> Result<String, String> {
    let mut document: DocumentMut =
        sketch.text.parse().map_err(|error: toml_edit::TomlError| error.message().to_owned())?;
    document["provenance"] = toml_edit::value("recorded");
    let time = table_of(&BTreeMap::from([("now", Time(now.seconds()))]))?;
    document["now"] = time.get("now").map_or(Item::None, whole);
    for old in ["exchange", "dataset", "answer"] {
        document.remove(old);
    }
    if !taken.exchanges.is_empty() {
        let mut tables = ArrayOfTables::new();
        for (request, reply) in &taken.exchanges {
            tables.push(exchange(request, reply)?);
        }
        document.insert("exchange", Item::ArrayOfTables(tables));
    }
    if let Some(dataset) = &taken.dataset {
        let file = table_of(&DatasetFile::from(dataset))?;
        document.insert("dataset", whole(&file.into()));
    }
    document.insert("answer", whole_table(answer));
    Ok(document.to_string())
}

/// A table with a header of its own, however small it is.
fn whole_table(fields: &toml::Table) -> Item {
    match whole(&toml::Value::Table(fields.clone())) {
        Item::Value(toml_edit::Value::InlineTable(table)) => Item::Table(table.into_table()),
        item => item,
    }
}

fn exchange(request: &HttpRequest, reply: &Result<HttpResponse, HttpError>) -> Result<Table, String> {
    let mut asked = Asks::from(request);
    // What is not there is not worth a line.
    asked.query = asked.query.filter(|query| !query.is_empty());
    asked.headers = asked.headers.filter(|headers| !headers.is_empty());
    asked.body = asked.body.filter(|_| request.body.is_some());
    let mut asks = Table::new();
    asks.set_dotted(true);
    for (name, value) in table_of(&asked)? {
        asks.insert(&name, inline(&value));
    }
    let mut table = Table::new();
    table.insert("asks", Item::Table(asks));
    match reply {
        Ok(response) => {
            table.insert("status", toml_edit::value(i64::from(response.status)));
            let kept: Vec<(String, String)> =
                response.headers.iter().filter(|(name, _)| is_kept(name)).cloned().collect();
            if !kept.is_empty() {
                table.insert("headers", inline(&table_of(&by_name(&kept))?.into()));
            }
            table.insert("body", toml_edit::value(response.body.as_str()));
        }
        Err(error) => {
            table.insert("fails", inline(&table_of(&HttpFailure::from(error.clone()))?.into()));
        }
    }
    Ok(table)
}

fn inline(value: &toml::Value) -> Item {
    match whole(value) {
        Item::Table(table) => toml_edit::value(table.into_inline_table()),
        item => item,
    }
}

/// Headers that carry the message and say nothing, or that would let a reader go on with our session.
const HEADERS_LEFT_OUT: [&str; 14] = [
    "set-cookie",
    "date",
    "server",
    "connection",
    "keep-alive",
    "content-length",
    "transfer-encoding",
    "strict-transport-security",
    "vary",
    "via",
    "alt-svc",
    "nel",
    "report-to",
    "authorization",
];

fn is_kept(name: &str) -> bool {
    !HEADERS_LEFT_OUT.contains(&name.to_ascii_lowercase().as_str())
}

/// Fields in which servers hand out what lets a bearer in.
const TOKENS: [&str; 6] = ["access_token", "refresh_token", "id_token", "session_token", "client_secret", "password"];
/// Shorter ones cannot be told from ordinary words.
const TOKEN_BYTES_MIN: usize = 8;

/// Replaces what a server handed out, wherever it stands, so that the requests still fit the answers.
fn without_tokens(text: &str, taken: &Taken) -> String {
    let mut tokens = Vec::new();
    for (_, reply) in &taken.exchanges {
        if let Ok(response) = reply
            && let Ok(body) = serde_json::from_str(&response.body)
        {
            find_tokens(&body, &mut tokens);
        }
    }
    tokens.iter().enumerate().fold(text.to_owned(), |text, (index, token)| {
        text.replace(token.as_str(), &format!("recorded-token-{}", index + 1))
    })
}

fn find_tokens(body: &serde_json::Value, found: &mut Vec<String>) {
    match body {
        serde_json::Value::Object(fields) => {
            for (name, value) in fields {
                match value.as_str() {
                    Some(token) if TOKENS.contains(&name.as_str()) && token.len() >= TOKEN_BYTES_MIN => {
                        found.push(token.to_owned());
                    }
                    _ => find_tokens(value, found),
                }
            }
        }
        serde_json::Value::Array(list) => list.iter().for_each(|value| find_tokens(value, found)),
        _ => {}
    }
}

/// Hands every question on, and writes down what was asked and answered. Time and chance are those of the stage.
struct Recorder {
    host: HostPowers,
    now: Moment,
    taken: Mutex<Taken>,
}

#[derive(Default)]
struct Taken {
    exchanges: Vec<(HttpRequest, Result<HttpResponse, HttpError>)>,
    dataset: Option<DatasetReply>,
    drawn: u64,
}

impl Powers for Recorder {
    fn fetch(&self, request: HttpRequest) -> BoxFuture<'_, Result<HttpResponse, HttpError>> {
        async move {
            let reply = self.host.fetch(request.clone()).await;
            self.taken.lock().exchanges.push((request, reply.clone()));
            reply
        }
        .boxed()
    }

    fn config(&self, key: &str) -> Option<String> {
        self.host.config(key)
    }

    fn lookup(&self, dataset: &str, keys: Vec<String>) -> BoxFuture<'_, Result<Found, FilesError>> {
        let name = dataset.to_owned();
        async move {
            let reply = self.host.lookup(&name, keys).await;
            self.taken.lock().dataset = Some(DatasetReply { name, reply: reply.clone() });
            reply
        }
        .boxed()
    }

    fn log(&self, level: LogLevel, message: &str) {
        self.host.log(level, message);
    }

    fn now_ms(&self) -> u64 {
        self.now.0
    }

    fn uniform(&self) -> f64 {
        // What is played draws the same: an adapter that writes what it drew into a request must write it again.
        let mut taken = self.taken.lock();
        taken.drawn += 1;
        stage::drawn(0, taken.drawn)
    }
}
