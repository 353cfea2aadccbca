//! Reads bodies and queries within their bounds: strictly as JSON, or forgivingly as the fields of a hot door.

use super::problem::Refusal;
use super::{BODY_BYTES_MAX_JSON, BODY_TIME_MAX};
use crate::strict::nearest;
use axum::body::Body;
use axum::extract::Request;
use axum::http::{HeaderMap, StatusCode, header};
use bytes::{Bytes, BytesMut};
use futures_util::StreamExt;
use serde::de::DeserializeOwned;
use serde_json::Value;

/// How much of a body beyond its bound is still taken in, so that the sender gets to read the refusal.
const BODY_BYTES_DRAINED: usize = 4 * 1024 * 1024;

/// The whole body, if it is within `bytes_max` and arrives in time.
pub(super) async fn read(body: Body, bytes_max: usize) -> Result<Bytes, Refusal> {
    let gather = async {
        let mut stream = body.into_data_stream();
        let mut bytes = BytesMut::new();
        let mut beyond = 0usize;
        while let Some(piece) = stream.next().await {
            let piece = piece
                .map_err(|_| Refusal::unreadable("body_broken_off", "the body broke off", "send it again in whole"))?;
            if beyond > 0 || bytes.len() + piece.len() > bytes_max {
                beyond += piece.len();
                if beyond > BODY_BYTES_DRAINED {
                    break;
                }
            } else {
                bytes.extend_from_slice(&piece);
            }
        }
        if beyond > 0 {
            return Err(Refusal::new(
                StatusCode::PAYLOAD_TOO_LARGE,
                "body_too_large",
                format!("the body is larger than the {bytes_max} bytes that this path takes"),
                "send it in smaller parts",
            ));
        }
        Ok(bytes.freeze())
    };
    tokio::time::timeout(BODY_TIME_MAX, gather).await.unwrap_or_else(|_| {
        Err(Refusal::new(
            StatusCode::REQUEST_TIMEOUT,
            "body_too_slow",
            format!("the body had not arrived after {} seconds", BODY_TIME_MAX.as_secs()),
            "send it again",
        ))
    })
}

/// A strict JSON body.
pub(super) async fn json<T: DeserializeOwned>(request: Request, bytes_max: usize) -> Result<T, Refusal> {
    let is_json = media_type(request.headers()) == "application/json";
    // Whoever is refused while he still sends never reads why, so the body is taken in first.
    let bytes = read(request.into_body(), bytes_max).await?;
    // A form of a foreign web page cannot say this type without asking the browser first.
    if !is_json {
        return Err(Refusal::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "not_json",
            "this path takes JSON",
            "send a JSON object with the header Content-Type: application/json",
        ));
    }
    serde_json::from_slice(&bytes).map_err(|error| misread(&error))
}

/// A strict JSON body of the usual bound.
pub(super) async fn small_json<T: DeserializeOwned>(request: Request) -> Result<T, Refusal> {
    json(request, BODY_BYTES_MAX_JSON).await
}

/// The refusal of JSON that is broken, or holds what nobody knows.
pub(super) fn misread(error: &serde_json::Error) -> Refusal {
    let place = format!("line {}, column {}", error.line(), error.column());
    if !error.is_data() {
        let what = if error.is_eof() { "the JSON ends too early" } else { "this is no JSON" };
        return Refusal::unreadable("broken_json", format!("{what}, at {place}"), "send one whole JSON text in UTF-8");
    }
    let message = error.to_string();
    let reason = message.rsplit_once(" at line ").map_or(message.as_str(), |(reason, _)| reason);
    unfit(reason, &place)
}

/// The refusal of a value that was read and does not fit; `reason` is the reader's own sentence.
fn unfit(reason: &str, place: &str) -> Refusal {
    if reason.starts_with("unknown field") {
        // The reader names the unknown field first and then every known one, each in backticks.
        let mut names = reason.split('`').skip(1).step_by(2);
        let field = names.next().unwrap_or("");
        let known: Vec<&str> = names.collect();
        let remedy = match nearest(field, known.iter().copied()) {
            Some(near) => format!("did you mean `{near}`?"),
            None if known.is_empty() => "leave it out".to_owned(),
            None => format!("leave it out, or write one of: {}", known.join(", ")),
        };
        return Refusal::senseless("unknown_field", format!("there is no field `{field}`, at {place}"), remedy);
    }
    if let Some(field) = reason.strip_prefix("missing field `").and_then(|rest| rest.split('`').next()) {
        return Refusal::senseless("missing_field", format!("`{field}` is missing"), format!("add `{field}`"));
    }
    Refusal::senseless("bad_value", format!("{reason}, at {place}"), "write a value that the sentence names")
}

/// A strict query.
pub(super) fn query<T: DeserializeOwned>(query: Option<&str>) -> Result<T, Refusal> {
    let pairs: serde_json::Map<String, Value> = form_urlencoded::parse(query.unwrap_or("").as_bytes())
        .map(|(name, value)| (name.into_owned(), Value::String(value.into_owned())))
        .collect();
    serde_json::from_value(Value::Object(pairs)).map_err(|error| unfit(&error.to_string(), "the query"))
}

/// The media type without its parameters, in lower case.
pub(super) fn media_type(headers: &HeaderMap) -> String {
    let said = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or("");
    said.split(';').next().unwrap_or("").trim().to_ascii_lowercase()
}

/// Whether the caller wants the bare number: by `format=text`, or because its `Accept` takes plain text and no JSON.
pub(super) fn wants_text(headers: &HeaderMap, query: Option<&str>) -> bool {
    for (name, value) in form_urlencoded::parse(query.unwrap_or("").as_bytes()) {
        if name == "format" {
            return value == "text";
        }
    }
    let accept = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or("");
    accept.contains("text/plain") && !accept.contains("json")
}

/// The fields of one question or report at a hot door, by name. A name that comes twice keeps its last value.
#[derive(Debug, Default)]
pub(super) struct Fields(serde_json::Map<String, Value>);

impl Fields {
    /// From a query or a form.
    pub fn from_form(form: &[u8]) -> Fields {
        let pairs = form_urlencoded::parse(form).map(|(name, value)| {
            // An unescaped plus sign arrives as a space.
            let value = match value.strip_prefix(' ') {
                Some(rest) if rest.starts_with(|c: char| c.is_ascii_digit()) => format!("+{rest}"),
                _ => value.into_owned(),
            };
            (name.into_owned(), Value::String(value))
        });
        Fields(pairs.collect())
    }

    pub fn from_json(value: Value) -> Result<Fields, Refusal> {
        match value {
            Value::Object(fields) => Ok(Fields(fields)),
            _ => Err(Refusal::senseless("not_an_object", "this is JSON and no object", "send {\"to\": …}")),
        }
    }

    /// These fields, and those of `others` that are not among them.
    pub fn or(mut self, others: Fields) -> Fields {
        for (name, value) in others.0 {
            self.0.entry(name).or_insert(value);
        }
        self
    }

    /// A field that was taken and is no good, so that it is counted with those that nobody asked for.
    pub fn put_back(&mut self, name: &str, value: String) {
        self.0.insert(name.to_owned(), Value::String(value));
    }

    /// Takes a field out. Empty texts and `null` say nothing; lists and objects cannot be meant.
    pub fn take(&mut self, name: &str) -> Option<String> {
        let text = match self.0.remove(name)? {
            Value::String(text) => text,
            Value::Number(number) => number.to_string(),
            Value::Bool(switch) => switch.to_string(),
            Value::Null | Value::Array(_) | Value::Object(_) => return None,
        };
        Some(text).filter(|text| !text.trim().is_empty())
    }

    /// How many fields nobody took.
    pub fn left(&self) -> u64 {
        self.0.len() as u64
    }
}
