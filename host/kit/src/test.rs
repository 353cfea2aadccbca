//! Holds an adapter against its own cassettes.

use crate::cassette::Cassette;
use crate::compare::{Difference, Differences, Step};
use crate::folder::Folder;
use crate::form::{Asks, Exchange, Provenance};
use crate::stage::{Stage, Tape, door};
use crate::update;
use crate::words::table;
use parking_lot::Mutex;
use sandbox::http::Door;
use sandbox::trouble::Trouble;
use sandbox::{Engine, FilesError, Guest, HttpError, Powers, Usage};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use toml::Value;

/// How all cassettes of an adapter went.
#[derive(Debug, Serialize)]
pub struct Report {
    pub adapter: String,
    pub version: String,
    pub cassettes: Vec<Tested>,
    /// Cassettes that could not be read.
    pub troubles: Vec<Trouble>,
}

impl Report {
    /// Whether every cassette could be read and none differs.
    pub fn passed(&self) -> bool {
        self.troubles.is_empty() && self.cassettes.iter().all(|tested| tested.differences.is_empty())
    }
}

/// How one cassette went.
#[derive(Debug, Serialize)]
pub struct Tested {
    pub name: String,
    pub file: String,
    pub about: String,
    pub provenance: Provenance,
    pub function: &'static str,
    pub differences: Vec<Difference>,
    /// Its `[answer]` was rewritten.
    pub updated: bool,
    pub used: Used,
    /// What the adapter wrote to its log.
    pub log: Vec<String>,
}

/// What a call used up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Used {
    /// Microseconds of computing, waiting left out.
    pub computing_us: u64,
    pub memory_kib: u64,
    /// Requests that were made.
    pub exchanges: u64,
}

impl Used {
    pub(crate) fn of(tape: &Tape) -> Used {
        let exchanges = u64::try_from(tape.requests.len()).unwrap_or(u64::MAX);
        tape.used.map_or(Used { exchanges, ..Used::default() }, |used| Used::during(used, tape.requests.len()))
    }

    pub(crate) fn during(used: Usage, exchanges: usize) -> Used {
        let count = |amount: usize| u64::try_from(amount).unwrap_or(u64::MAX);
        Used {
            computing_us: u64::try_from(used.computing.as_micros()).unwrap_or(u64::MAX),
            memory_kib: count(used.memory) / 1024,
            exchanges: count(exchanges),
        }
    }
}

/// Runs every cassette. With `update`, the `[answer]` of each that differs is rewritten to what came.
/// `done` is called after each cassette.
///
/// # Errors
/// When the adapter cannot be made ready, or a cassette cannot be rewritten. A difference is no error.
pub async fn run(
    engine: &Engine,
    folder: &Folder,
    update: bool,
    mut done: impl FnMut(&Tested),
) -> Result<Report, Trouble> {
    let guest = folder.load(engine).await?;
    let door = door(&folder.manifest);
    let mut cassettes = Vec::new();
    for cassette in &folder.cassettes {
        let (mut tested, answer) = replay(&guest, folder, cassette, &door).await;
        if update && tested.differences.iter().any(|difference| difference.what.starts_with("answer")) {
            update::rewrite(cassette, &answer)?;
            tested.updated = true;
            tested.differences.retain(|difference| !difference.what.starts_with("answer"));
        }
        done(&tested);
        cassettes.push(tested);
    }
    Ok(Report {
        adapter: folder.manifest.id.clone(),
        version: folder.manifest.version.clone(),
        cassettes,
        troubles: folder.troubles.clone(),
    })
}

/// Plays every cassette of an adapter that is ready already.
pub(crate) async fn with(guest: &Guest, folder: &Folder) -> Vec<Tested> {
    let door = door(&folder.manifest);
    let mut tested = Vec::new();
    for cassette in &folder.cassettes {
        tested.push(replay(guest, folder, cassette, &door).await.0);
    }
    tested
}

/// Plays one cassette, and says what differs and what came.
pub(crate) async fn replay(
    guest: &Guest,
    folder: &Folder,
    cassette: &Cassette,
    door: &Arc<Door>,
) -> (Tested, toml::Table) {
    let (answer, tape) = play(guest, folder, cassette, door).await;
    (judge(folder, cassette, &answer, &tape), answer)
}

/// Makes the call with a host that answers what the cassette says, in its order.
async fn play(guest: &Guest, folder: &Folder, cassette: &Cassette, door: &Arc<Door>) -> (toml::Table, Tape) {
    let parsed = &cassette.parsed;
    let mut config = folder.manifest.config.clone();
    config.extend(parsed.config.clone());
    let replies: Vec<_> = parsed.exchanges.iter().map(|exchange| exchange.reply.clone()).collect();
    let dataset = parsed.dataset.clone();
    let stage = Arc::new(Stage {
        now: parsed.now,
        chance: 0,
        config,
        door: door.clone(),
        answers: Box::new(move |turn, _| {
            let none = || Err(HttpError::Unreachable("the cassette has no further exchange".to_owned()));
            replies.get(turn).cloned().unwrap_or_else(none)
        }),
        finds: Box::new(move |name, keys| match &dataset {
            Some(dataset) if dataset.name == name => match &dataset.reply {
                Ok(found) if found.hits.iter().zip(keys).any(|(hits, key)| hits.key != *key) => {
                    Err(FilesError::Denied(format!("other keys were looked up than the cassette has: {keys:?}")))
                }
                reply => reply.clone(),
            },
            _ => Err(FilesError::Denied(format!("the cassette has no data set {name}"))),
        }),
        tape: Mutex::default(),
    });
    let powers: Arc<dyn Powers> = stage.clone();
    let answer = table(parsed.call.make(guest, &powers).await);
    let tape = stage.tape.lock().clone();
    (answer, tape)
}

fn judge(folder: &Folder, cassette: &Cassette, answer: &toml::Table, tape: &Tape) -> Tested {
    let parsed = &cassette.parsed;
    let mut differences = Differences::new(cassette.file(), &cassette.text);
    let failed = |answer: &toml::Table| answer.contains_key("error") || answer.contains_key("fault");
    match &parsed.answer {
        // Field by field it would only be told that all of them are missing.
        Some(expected) if failed(answer) && !failed(expected) => {
            differences.add(&["answer".into()], "an answer", failure(answer));
        }
        Some(expected) => {
            let (expected, got) = (Value::Table(expected.clone()), Value::Table(answer.clone()));
            differences.compare(&mut vec!["answer".into()], &expected, Some(&got));
        }
        None => {
            let got = crate::compare::shown(&Value::Table(answer.clone()));
            differences.add(&["answer".into()], "nothing yet; `--update` takes what came", got);
        }
    }
    compare_requests(&mut differences, &parsed.exchanges, tape);
    for key in parsed.config.keys().filter(|key| !folder.manifest.config.contains_key(*key)) {
        differences.add(&["config".into(), key.as_str().into()], "a setting of the manifest", "no such setting");
    }
    let used = Used::of(tape);
    let bounds = [
        ("ms", parsed.at_most.ms, used.computing_us.div_ceil(1000)),
        ("memory_kib", parsed.at_most.memory_kib, used.memory_kib),
        ("exchanges", parsed.at_most.exchanges, used.exchanges),
    ];
    for (name, most, used) in bounds {
        if let Some(most) = most.filter(|most| used > *most) {
            differences.add(&["at_most".into(), name.into()], format!("at most {most}"), used.to_string());
        }
    }
    let differences = differences.found();
    Tested {
        name: cassette.name.clone(),
        file: cassette.file(),
        about: parsed.about.clone(),
        provenance: parsed.provenance,
        function: cassette.function.name,
        differences,
        updated: false,
        used,
        log: tape.log_lines(),
    }
}

/// How a call failed, in its own words.
fn failure(answer: &toml::Table) -> String {
    let word = |name: &str| answer.get(name).and_then(Value::as_str).map(str::to_owned);
    let error = word("error").unwrap_or_default();
    match (word("fault"), word("value")) {
        (Some(fault), _) => fault,
        (None, Some(reason)) => format!("{error}: {reason}"),
        (None, None) => crate::compare::shown(&Value::Table(answer.clone())),
    }
}

fn compare_requests(differences: &mut Differences<'_>, exchanges: &[Exchange], tape: &Tape) {
    for (turn, request) in tape.requests.iter().enumerate() {
        let place = |name: &str| vec![Step::from("exchange"), turn.into(), name.into()];
        let Some(exchange) = exchanges.get(turn) else {
            let got = format!("{} {} at `{}`", request.method.word(), request.path, request.origin);
            differences.add(&place("asks")[..2], "no further request", got);
            continue;
        };
        let seen = Asks::from(request);
        if let (Some(expected), Some(query)) = (&exchange.asks.query, &seen.query) {
            for name in query.keys().filter(|name| !expected.contains_key(*name)) {
                let mut path = place("asks");
                path.push("query".into());
                differences.add(&path, "nothing beyond what is named", format!("{name} as well"));
            }
        }
        // Texts and tables of texts: TOML can hold all of it.
        if let (Ok(expected), Ok(seen)) = (Value::try_from(&exchange.asks), Value::try_from(&seen)) {
            differences.compare(&mut place("asks"), &expected, Some(&seen));
        }
    }
    for turn in tape.requests.len()..exchanges.len() {
        differences.add(&["exchange".into(), turn.into()], "this request", "it was not made");
    }
    for (turn, refusal) in &tape.refused {
        let path = [Step::from("exchange"), (*turn).into()];
        differences.add(&path, "a request that the host sends", format!("the host refuses it: {refusal:?}"));
    }
}
