//! Cases as they stand under `adapters/<id>/cases`: read strictly, replayed exchange by exchange, compared field by field.

use numbers::{Business, Carrier, E164, Observation, Packet, Status};
use sandbox::agency::{CheckAnswer, Dispute, FilingAnswer, Register};
use sandbox::{
    AdapterError, CallError, Coverage, DayCount, FilesError, Found, Guest, Hits, HttpError, HttpRequest, HttpResponse,
    LogLevel, Powers,
};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex};

type Answer<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

const FIELDS: [&str; 9] = ["about", "provenance", "now", "call", "config", "request", "exchange", "dataset", "answer"];
const PROVENANCES: [&str; 4] = ["recorded", "documented", "secondary", "imagined"];

/// One file under `cases`.
pub struct Case(Value);

impl Case {
    pub fn parse(text: &str) -> Result<Case, String> {
        let table: toml::Table = toml::from_str(text).map_err(|error| error.to_string())?;
        if let Some(field) = table.keys().find(|key| !FIELDS.contains(&key.as_str())) {
            return Err(format!("no field of a case is called `{field}`"));
        }
        let case = plain(toml::Value::Table(table));
        let provenance = case["provenance"].as_str().unwrap_or_default();
        if !PROVENANCES.contains(&provenance) {
            return Err(format!("`provenance` is {provenance:?}, where one of {PROVENANCES:?} was expected"));
        }
        if case["about"].as_str().is_none_or(str::is_empty) {
            return Err("nobody says what it is about".into());
        }
        Ok(Case(case))
    }

    /// Makes the call with powers that replay the exchanges, and says everything that differs from the answer.
    pub async fn run(&self, guest: &Guest, settings: &BTreeMap<String, String>) -> Result<(), String> {
        let case = &self.0;
        let mut config = settings.clone();
        for (key, value) in case["config"].as_object().into_iter().flatten() {
            config.insert(key.clone(), value.as_str().ok_or("a setting in a case is a text")?.to_owned());
        }
        let replay = Arc::new(Replay {
            now_ms: case["now"].as_u64().ok_or("`now` is no time")? * 1000,
            config,
            dataset: case["dataset"].clone(),
            exchanges: case["exchange"].as_array().cloned().unwrap_or_default(),
            asked: Mutex::default(),
        });
        let powers: Arc<dyn Powers> = replay.clone();
        let got = call(case, guest, &powers).await?;
        let mut differences = Vec::new();
        compare("answer", &case["answer"], &got, &mut differences);
        let asked = replay.asked.lock().expect("no replay panics while it holds this");
        if asked.count != replay.exchanges.len() {
            differences.push(format!("{} requests were made, {} were expected", asked.count, replay.exchanges.len()));
        }
        differences.extend(asked.differences.iter().cloned());
        if differences.is_empty() { Ok(()) } else { Err(differences.join("\n    ")) }
    }
}

async fn call(case: &Value, guest: &Guest, powers: &Arc<dyn Powers>) -> Result<Value, String> {
    let request = &case["request"];
    let text = |name: &str| {
        request[name].as_str().map(str::to_owned).ok_or_else(|| format!("the request's `{name}` is no text"))
    };
    let business = || {
        let business = request["business"].clone();
        serde_json::from_value::<Business>(business).map_err(|error| format!("the business: {error}"))
    };
    let optional = |name: &str| request[name].as_str().map(str::to_owned);
    match case["call"].as_str() {
        Some("check") => {
            let answer = guest.check(powers, &numbers_of(request)?, None).await;
            Ok(answer.map_or_else(failed, |answer| match answer {
                CheckAnswer::Observations(observed) => {
                    json!({ "observations": observed.iter().map(observation).collect::<Vec<Value>>() })
                }
                CheckAnswer::Pending(pending) => json!({ "pending": pending.token }),
            }))
        }
        Some("register") => {
            let register =
                Register { key: text("key")?, business: business()?, numbers: numbers_of(request)?, token: None };
            Ok(guest.register(powers, register).await.map_or_else(failed, filed))
        }
        Some("dispute") => {
            let status = text("status")?;
            let dispute = Dispute {
                key: text("key")?,
                business: business()?,
                number: E164::parse(&text("number")?).map_err(|error| error.to_string())?,
                agency: text("agency")?,
                carrier: match optional("carrier") {
                    None => None,
                    Some(word) => Some(Carrier::parse(&word).ok_or_else(|| format!("no carrier is called {word}"))?),
                },
                label: optional("label"),
                status: serde_json::from_value::<Status>(json!(status)).map_err(|error| error.to_string())?,
                statement: text("statement")?,
                token: None,
            };
            Ok(guest.dispute(powers, dispute).await.map_or_else(failed, filed))
        }
        other => Err(format!("`call` is {other:?}, where check, register or dispute was expected")),
    }
}

fn numbers_of(request: &Value) -> Result<Vec<E164>, String> {
    let numbers = request["numbers"].as_array().ok_or("the request has no `numbers`")?;
    numbers.iter().map(|number| E164::parse(number.as_str().unwrap_or("")).map_err(|error| error.to_string())).collect()
}

fn observation(observed: &Observation) -> Value {
    json!({
        "number": observed.number.to_string(),
        "agency": observed.agency,
        "carrier": observed.carrier.map(Carrier::word),
        "status": observed.status.word(),
        "label": observed.label,
        "score": observed.score.map(|score| json!({ "value": score.value, "best": score.best, "worst": score.worst })),
        "observed_at": observed.observed_at.seconds(),
        "cost_micros": observed.cost_micros,
    })
}

fn filed(answer: FilingAnswer) -> Value {
    json!({ "filed": format!("{answer:?}") })
}

fn failed(error: CallError) -> Value {
    let (tag, value) = match error {
        CallError::Fault(fault) => return json!({ "fault": fault.to_string() }),
        CallError::Adapter(AdapterError::NeedsPerson(needed)) => {
            return json!({ "error": "needs-person", "packet": packet(&needed) });
        }
        CallError::Adapter(AdapterError::RetryAfter(wait)) => ("retry-after", json!(wait.as_secs())),
        CallError::Adapter(AdapterError::Rejected(reason)) => ("rejected", json!(reason)),
        CallError::Adapter(AdapterError::Unauthorized(reason)) => ("unauthorized", json!(reason)),
        CallError::Adapter(AdapterError::Unavailable(reason)) => ("unavailable", json!(reason)),
        CallError::Adapter(AdapterError::Protocol(detail)) => ("protocol", json!(detail)),
        CallError::Adapter(AdapterError::Internal(message)) => ("internal", json!(message)),
        CallError::Adapter(AdapterError::Unsupported(reason)) => ("unsupported", json!(reason)),
    };
    json!({ "error": tag, "value": value })
}

fn packet(packet: &Packet) -> Value {
    let mut shown = serde_json::to_value(packet).unwrap_or_default();
    // A file's content stands beside its name, and fields can be looked up by id, or by label where there is no id.
    for file in shown["files"].as_array_mut().into_iter().flatten() {
        if let (Value::Object(content), Some(file)) = (file["content"].take(), file.as_object_mut()) {
            file.extend(content);
        }
    }
    let name = |field: &numbers::PacketField| if field.id.is_empty() { field.label.clone() } else { field.id.clone() };
    let values: Map<String, Value> = packet.fields.iter().map(|field| (name(field), json!(field.value))).collect();
    shown["field_values"] = Value::Object(values);
    shown
}

/// What is named must be so; a list must have just these members; `false` stands for nothing there.
fn compare(place: &str, expected: &Value, got: &Value, differences: &mut Vec<String>) {
    match (expected, got) {
        (Value::Bool(false), Value::Null) => {}
        (Value::Object(expected), Value::Object(got)) => {
            for (name, value) in expected {
                compare(&format!("{place}.{name}"), value, got.get(name).unwrap_or(&Value::Null), differences);
            }
        }
        (Value::Array(expected), Value::Array(got)) if expected.len() == got.len() => {
            for (index, (expected, got)) in expected.iter().zip(got).enumerate() {
                compare(&format!("{place}[{index}]"), expected, got, differences);
            }
        }
        _ if expected == got => {}
        _ => differences.push(format!("{place}: expected {expected}\n      got {got}")),
    }
}

/// Powers that answer what the case says, in its order, and notice what was asked differently.
struct Replay {
    now_ms: u64,
    config: BTreeMap<String, String>,
    dataset: Value,
    exchanges: Vec<Value>,
    asked: Mutex<Asked>,
}

#[derive(Default)]
struct Asked {
    count: usize,
    differences: Vec<String>,
}

impl Powers for Replay {
    fn fetch(&self, request: HttpRequest) -> Answer<'_, Result<HttpResponse, HttpError>> {
        let mut asked = self.asked.lock().expect("no replay panics while it holds this");
        let place = format!("exchange[{}]", asked.count);
        let exchange = self.exchanges.get(asked.count);
        asked.count += 1;
        let Some(exchange) = exchange else {
            return Box::pin(async { Err(HttpError::Unreachable("the case has no further exchange".into())) });
        };
        let table = |pairs: &[(String, String)]| -> Value {
            pairs.iter().map(|(name, value)| (name.clone(), json!(value))).collect::<Map<String, Value>>().into()
        };
        let seen = json!({
            "method": request.method.word().to_lowercase(),
            "origin": request.origin,
            "path": request.path,
            "query": table(&request.query),
            "headers": table(&request.headers),
            "body": request.body,
        });
        compare(&place, &exchange["asks"], &seen, &mut asked.differences);
        if let Value::Object(expected) = &exchange["asks"]["query"]
            && expected.len() != request.query.len()
        {
            asked.differences.push(format!("{place}: more was asked than {expected:?}: {:?}", request.query));
        }
        let answer = respond(exchange);
        Box::pin(async { answer })
    }

    fn config(&self, key: &str) -> Option<String> {
        self.config.get(key).cloned()
    }

    fn lookup(&self, dataset: &str, keys: Vec<String>) -> Answer<'_, Result<Found, FilesError>> {
        let found = self.find(dataset, &keys);
        Box::pin(async { found })
    }

    fn log(&self, _level: LogLevel, _message: &str) {}

    fn now_ms(&self) -> u64 {
        self.now_ms
    }

    fn uniform(&self) -> f64 {
        0.5
    }
}

impl Replay {
    fn find(&self, name: &str, keys: &[String]) -> Result<Found, FilesError> {
        let written = &self.dataset;
        if written["name"] != name {
            return Err(FilesError::Denied(format!("the case has no data set {name}")));
        }
        match written["fails"]["tag"].as_str() {
            Some("not-ready") => return Err(FilesError::NotReady(small(&written["fails"]["value"]))),
            Some(_) => return Err(FilesError::Denied(words(&written["fails"]["value"]))),
            None => {}
        }
        let hits: Vec<Hits> = written["hits"].as_array().into_iter().flatten().map(hits).collect();
        if !hits.iter().zip(keys).all(|(hits, key)| hits.key == *key) {
            return Err(FilesError::Denied(format!("other keys were looked up: {keys:?}")));
        }
        let coverage = Coverage {
            first_day: small(&written["first_day"]),
            last_day: small(&written["last_day"]),
            files: small(&written["files"]),
            missing: small(&written["missing"]),
        };
        Ok(Found { coverage, hits })
    }
}

fn hits(written: &Value) -> Hits {
    let day = |day: &Value| DayCount { day: small(&day["day"]), rows: small(&day["rows"]) };
    Hits { key: words(&written["key"]), days: written["days"].as_array().into_iter().flatten().map(day).collect() }
}

fn respond(exchange: &Value) -> Result<HttpResponse, HttpError> {
    let fails = &exchange["fails"];
    match fails["tag"].as_str() {
        None => {}
        Some("denied") => return Err(HttpError::Denied(words(&fails["value"]))),
        Some("secret-missing") => return Err(HttpError::SecretMissing(words(&fails["value"]))),
        Some("timed-out") => return Err(HttpError::TimedOut),
        Some("too-large") => return Err(HttpError::TooLarge(small(&fails["value"]).into())),
        Some("rate-limited") => return Err(HttpError::RateLimited(small(&fails["value"]))),
        Some("unreachable") => return Err(HttpError::Unreachable(words(&fails["value"]))),
        Some(other) => return Err(HttpError::Unreachable(format!("the case fails with an unknown `{other}`"))),
    }
    let headers = exchange["headers"].as_object().into_iter().flatten();
    Ok(HttpResponse {
        status: small(&exchange["status"]) as u16,
        headers: headers.map(|(name, value)| (name.clone(), words(value))).collect(),
        body: words(&exchange["body"]),
    })
}

fn words(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn small(value: &Value) -> u32 {
    value.as_u64().and_then(|value| u32::try_from(value).ok()).unwrap_or_default()
}

/// TOML as JSON: a time becomes seconds since 1970, a date becomes days.
fn plain(value: toml::Value) -> Value {
    match value {
        toml::Value::String(text) => json!(text),
        toml::Value::Integer(number) => json!(number),
        toml::Value::Float(number) => json!(number),
        toml::Value::Boolean(truth) => json!(truth),
        toml::Value::Datetime(moment) => {
            let days = moment.date.map_or(0, |date| days_of(date.year, date.month, date.day));
            match moment.time {
                None => json!(days),
                Some(time) => {
                    let second = u64::from(time.second.unwrap_or(0));
                    json!(days * 86_400 + u64::from(time.hour) * 3_600 + u64::from(time.minute) * 60 + second)
                }
            }
        }
        toml::Value::Array(list) => list.into_iter().map(plain).collect(),
        toml::Value::Table(table) => {
            table.into_iter().map(|(name, value)| (name, plain(value))).collect::<Map<String, Value>>().into()
        }
    }
}

fn days_of(year: u16, month: u8, day: u8) -> u64 {
    let leap = |year: u16| year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    let years: u64 = (1970..year).map(|year| if leap(year) { 366 } else { 365 }).sum();
    let lengths = [31, if leap(year) { 29 } else { 28 }, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    let months: u64 = lengths.iter().take(usize::from(month) - 1).sum();
    years + months + u64::from(day) - 1
}
