//! The two doors a dialer uses on every call.
//!
//! They take JSON, forms and queries, ignore and count the fields that they do not know, and answer a dialplan that
//! reads bare text with the number, `HOLD`, or nothing at all.

use super::body::{self, Fields};
use super::problem::Refusal;
use super::{BODY_BYTES_MAX_HOT, Hall};
use crate::desk::{AskAnswer, AskRequest, OutcomeReceipt, OutcomeReport, Stamp};
use axum::Json;
use axum::extract::{Request, State};
use axum::http::{Method, StatusCode};
use axum::response::{IntoResponse, Response};
use numbers::carrier::Carrier;
use numbers::e164::E164;
use numbers::moment::Moment;
use numbers::region::{Region, Zip};
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// The longest text that a hot door keeps of one field; header fields of SIP are the longest.
const FIELD_BYTES_MAX: usize = 2048;
/// The longest name of a call, a user, a campaign.
const NAME_BYTES_MAX: usize = 200;
/// The name of this door, within which a `call_id` is unique.
const REPORTER: &str = "http";

pub(super) fn is_hot(path: &str) -> bool {
    path == "/v1/caller-id" || path == "/v1/outcomes"
}

/// Answers which caller ID to show.
pub(super) async fn caller_id(State(hall): State<Arc<Hall>>, request: Request) -> Response {
    let mut as_text = body::wants_text(request.headers(), request.uri().query());
    let answer = async {
        let (mut batch, _) = read(request).await?;
        let mut fields = match (batch.pop(), batch.is_empty()) {
            (Some(fields), true) => fields?,
            _ => {
                return Err(Refusal::senseless(
                    "one_call_only",
                    "this path answers for one call at a time",
                    "send one object",
                ));
            }
        };
        if let Some(format) = fields.take("format") {
            as_text = format == "text";
        }
        let ask = read_ask(&mut fields)?;
        hall.counts.fields_ignored.fetch_add(fields.left(), Ordering::Relaxed);
        Ok::<AskAnswer, Refusal>(hall.desk.ask(ask).await?)
    };
    let answer = answer.await;
    match answer {
        Ok(AskAnswer::Use { caller_id, .. }) if as_text => caller_id.into_response(),
        Ok(AskAnswer::Hold { .. }) if as_text => "HOLD".into_response(),
        Ok(answer) => Json(answer).into_response(),
        Err(refusal) => refusal.with_empty_body(as_text).into_response(),
    }
}

fn read_ask(fields: &mut Fields) -> Result<AskRequest, Refusal> {
    let to = fields.take("to").ok_or_else(|| missing("to", "the number to be called, such as +12125550143"))?;
    let to = E164::parse(&to).map_err(|error| {
        Refusal::senseless("bad_number", format!("`to` is {to:?}, and that is no number: {error}"), "correct `to`")
    })?;
    let call_id = name(fields, "call_id")?.ok_or_else(|| missing("call_id", "the dialer's own name of the call"))?;
    let (user, campaign) = (name(fields, "user")?, name(fields, "campaign")?);
    if user.is_none() && campaign.is_none() {
        return Err(missing("user", "the seat that calls, or `campaign` where no seat does yet"));
    }
    Ok(AskRequest {
        to,
        call_id,
        user,
        campaign,
        // A carrier that is none of ours is still known to be none of ours.
        callee_carrier: fields.take("callee_carrier").map(|said| Carrier::parse(&said).unwrap_or(Carrier::Other)),
        list: name(fields, "list")?,
        lead: name(fields, "lead")?,
        attempt: fields.take("attempt").and_then(|said| said.trim().parse().ok()),
        // A list with a slip in it must not stop the floor: what cannot be read is counted, and the number tells alone.
        state: place(fields, "state", Region::parse),
        zip: place(fields, "zip", Zip::parse),
        tz: name(fields, "tz")?,
        trunk: name(fields, "trunk")?,
    })
}

/// A part of the callee's address; left among the fields that are counted as ignored where it cannot be read.
fn place<T, E>(fields: &mut Fields, field: &str, parse: impl FnOnce(&str) -> Result<T, E>) -> Option<T> {
    let said = fields.take(field).filter(|said| !said.trim().is_empty())?;
    let read = parse(said.trim()).ok();
    if read.is_none() {
        fields.put_back(field, said);
    }
    read
}

fn missing(field: &str, what: &str) -> Refusal {
    Refusal::senseless("missing_field", format!("`{field}` is missing"), format!("add `{field}`: {what}"))
}

/// A short text, without the spaces around it.
fn name(fields: &mut Fields, field: &str) -> Result<Option<String>, Refusal> {
    match fields.take(field) {
        Some(said) if said.len() > NAME_BYTES_MAX => Err(Refusal::senseless(
            "too_long",
            format!("`{field}` has {} bytes", said.len()),
            format!("keep it within {NAME_BYTES_MAX} bytes"),
        )),
        said => Ok(said.map(|said| said.trim().to_owned())),
    }
}

/// Takes in what became of calls.
pub(super) async fn outcomes(State(hall): State<Arc<Hall>>, request: Request) -> Response {
    let as_text = body::wants_text(request.headers(), request.uri().query());
    match take_outcomes(&hall, request).await {
        Ok(_) if as_text => "OK".into_response(),
        Ok(receipts) => Json(receipts).into_response(),
        Err(refusal) => refusal.with_empty_body(as_text).into_response(),
    }
}

/// One report is answered with its receipt. Of a batch, the rows that make sense are taken and the others named.
async fn take_outcomes(hall: &Hall, request: Request) -> Result<Value, Refusal> {
    let (batch, single) = read(request).await?;
    let mut rows = Vec::with_capacity(batch.len());
    let mut reports = Vec::with_capacity(batch.len());
    let mut refused = Vec::new();
    for (index, fields) in batch.into_iter().enumerate() {
        let report = fields.and_then(|mut fields| {
            // Said for the whole request, by the query or a form.
            fields.take("format");
            let report = read_outcome(hall, &mut fields)?;
            hall.counts.fields_ignored.fetch_add(fields.left(), Ordering::Relaxed);
            Ok(report)
        });
        match report {
            Ok(report) => {
                rows.push(index + 1);
                reports.push(report);
            }
            Err(refusal) if single => return Err(refusal),
            Err(refusal) => refused.push(json!({ "row": index + 1, "reason": refusal.reason() })),
        }
    }
    if reports.is_empty() && !refused.is_empty() {
        return Err(Refusal::senseless(
            "no_outcome_taken",
            format!("none of {} reports makes sense; the first: {}", refused.len(), refused[0]["reason"]),
            "correct them and send them again",
        ));
    }
    let receipts: Vec<OutcomeReceipt> =
        if reports.is_empty() { Vec::new() } else { hall.desk.outcomes(reports).await? };
    if single {
        return Ok(json!(receipts.first()));
    }
    let receipts: Vec<Value> = rows
        .into_iter()
        .zip(receipts)
        .map(|(row, receipt)| {
            let mut receipt = json!(receipt);
            receipt["row"] = json!(row);
            receipt
        })
        .collect();
    Ok(json!({ "receipts": receipts, "refused": refused }))
}

fn read_outcome(hall: &Hall, fields: &mut Fields) -> Result<OutcomeReport, Refusal> {
    let mut unreadable = 0;
    let report = OutcomeReport {
        reporter: REPORTER.to_owned(),
        call_id: name(fields, "call_id")?,
        decision_id: name(fields, "decision_id")?,
        to: read_with(fields, "to", &mut unreadable, |said| E164::parse(said).ok()),
        from: read_with(fields, "from", &mut unreadable, |said| E164::parse(said).ok()),
        user: name(fields, "user")?,
        campaign: name(fields, "campaign")?,
        sip_code: read_with(fields, "sip_code", &mut unreadable, leading_figure),
        sip_reason: long(fields, "sip_reason"),
        reason_header: long(fields, "reason_header"),
        call_info: long(fields, "call_info"),
        q850: read_with(fields, "q850", &mut unreadable, leading_figure),
        dialstatus: long(fields, "dialstatus"),
        tech_cause: long(fields, "tech_cause"),
        answered_by: long(fields, "answered_by"),
        dial_time: read_with(fields, "dial_time", &mut unreadable, leading_figure),
        duration: read_with(fields, "duration", &mut unreadable, leading_figure),
        ended_at: read_with(fields, "ended_at", &mut unreadable, read_moment),
        disposition: long(fields, "disposition"),
        attestation: long(fields, "attestation"),
        trunk: name(fields, "trunk")?,
        not_placed: read_with(fields, "not_placed", &mut unreadable, read_switch).unwrap_or(false),
    };
    hall.counts.fields_unreadable.fetch_add(unreadable, Ordering::Relaxed);
    if report.call_id.is_none() && report.decision_id.is_none() && report.to.is_none() {
        return Err(Refusal::senseless(
            "outcome_names_no_call",
            "the report does not say which call it is about",
            "add `decision_id`, or `call_id`, or `to` as a number such as +12125550143",
        ));
    }
    let tells = report.not_placed
        || report.sip_code.is_some()
        || report.q850.is_some()
        || report.duration.is_some()
        || [
            &report.sip_reason,
            &report.reason_header,
            &report.dialstatus,
            &report.tech_cause,
            &report.answered_by,
            &report.disposition,
            &report.call_info,
        ]
        .into_iter()
        .any(Option::is_some);
    if !tells {
        return Err(Refusal::senseless(
            "outcome_tells_nothing",
            "the report does not say what became of the call",
            "add what is known of `sip_code`, `q850`, `dialstatus`, `duration`, `disposition` or `not_placed`",
        ));
    }
    Ok(report)
}

/// A field that is left out, and counted, when it makes no sense: the rest of the report is still worth having.
fn read_with<T>(fields: &mut Fields, field: &str, unreadable: &mut u64, read: impl Fn(&str) -> Option<T>) -> Option<T> {
    let said = fields.take(field)?;
    let value = read(said.trim());
    if value.is_none() {
        *unreadable += 1;
    }
    value
}

/// The figure that a text begins with: `603`, `603+`, `12.7`.
fn leading_figure<T: std::str::FromStr>(said: &str) -> Option<T> {
    let end = said.bytes().take_while(u8::is_ascii_digit).count();
    said.get(..end)?.parse().ok()
}

fn read_switch(said: &str) -> Option<bool> {
    match said.to_ascii_lowercase().as_str() {
        "1" | "true" | "yes" | "y" => Some(true),
        "0" | "false" | "no" | "n" => Some(false),
        _ => None,
    }
}

/// RFC 3339, or seconds or milliseconds since 1970.
fn read_moment(said: &str) -> Option<Moment> {
    /// As seconds this is the year 5138; as milliseconds, 1973.
    const MILLIS_FROM: u64 = 100_000_000_000;
    match leading_figure::<u64>(said) {
        Some(figure) if said.bytes().all(|b| b.is_ascii_digit() || b == b'.') => {
            Some(if figure >= MILLIS_FROM { Moment(figure) } else { Moment::from_seconds(figure) })
        }
        _ => Stamp::parse(said).map(|stamp| stamp.0),
    }
}

/// A text of a reporter, cut where it grows too long to be worth keeping.
fn long(fields: &mut Fields, field: &str) -> Option<String> {
    let mut said = fields.take(field)?;
    if said.len() > FIELD_BYTES_MAX {
        said.truncate(said.floor_char_boundary(FIELD_BYTES_MAX));
    }
    Some(said)
}

/// The fields of each call in a request, and whether it was sent as a single one rather than a batch.
async fn read(request: Request) -> Result<(Vec<Result<Fields, Refusal>>, bool), Refusal> {
    let query = Fields::from_form(request.uri().query().unwrap_or("").as_bytes());
    if request.method() == Method::GET || request.method() == Method::HEAD {
        return Ok((vec![Ok(query)], true));
    }
    let media_type = body::media_type(request.headers());
    let bytes = body::read(request.into_body(), BODY_BYTES_MAX_HOT).await?;
    let lines = matches!(media_type.as_str(), "application/x-ndjson" | "application/ndjson" | "application/jsonl");
    if lines {
        let lines = bytes.split(|b| *b == b'\n').filter(|line| !line.trim_ascii().is_empty());
        let batch = lines.map(|line| {
            let value = serde_json::from_slice(line).map_err(|error| body::misread(&error))?;
            Fields::from_json(value)
        });
        return Ok((batch.collect(), false));
    }
    // Many clients call whatever they post a form, so the first character counts for more than the type.
    let json = matches!(bytes.trim_ascii_start().first(), Some(b'{' | b'['));
    if json || media_type == "application/json" {
        return match serde_json::from_slice(&bytes).map_err(|error| body::misread(&error))? {
            Value::Array(items) => Ok((items.into_iter().map(Fields::from_json).collect(), false)),
            value => Ok((vec![Ok(Fields::from_json(value)?.or(query))], true)),
        };
    }
    if !bytes.is_empty() && !bytes.contains(&b'=') {
        return Err(Refusal::new(
            StatusCode::BAD_REQUEST,
            "unreadable_body",
            "the body is neither JSON nor a form",
            "send a JSON object, or a form such as to=%2B12125550143&call_id=1&user=anna",
        ));
    }
    Ok((vec![Ok(Fields::from_form(&bytes).or(query))], true))
}
