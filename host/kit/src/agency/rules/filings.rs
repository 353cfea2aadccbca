//! Rules about filings: sent once, never lost, complete where a person has to send them.

use super::probes::{Made, Probes, Seed, broke};
use super::replies::Reply;
use crate::agency::{Ask, Told};
use crate::breaking::{self, page};
use crate::verdict::{Findings, Verdict};
use numbers::Packet;
use sandbox::agency::TrackAnswer;
use sandbox::{AdapterError, CallError, HttpError, HttpRequest, HttpResponse};
use std::time::Duration;

pub(super) async fn register_repeats(probes: &Probes<'_>) -> Verdict {
    repeats(probes, "register").await.verdict("no cassette shows a registration")
}

pub(super) async fn dispute_repeats(probes: &Probes<'_>) -> Verdict {
    repeats(probes, "dispute").await.verdict("no cassette shows a dispute")
}

/// Much later than a crash takes to be mended.
const AN_HOUR: Duration = Duration::from_secs(3600);

async fn repeats(probes: &Probes<'_>, function: &'static str) -> Findings {
    let mut findings = Findings::default();
    for seed in probes.good(function) {
        let first = probes.make(seed.with("sent")).await;
        let again = probes.make(seed.with("sent again an hour later").later(99, AN_HOUR)).await;
        let wrong = if let Some(difference) = different(&first.tape.requests, &again.tape.requests) {
            Some(difference)
        } else if first.outcome != again.outcome {
            Some(match (packet(&first), packet(&again)) {
                (Some(_), Some(_)) => "the packet is another one".to_owned(),
                _ => "the answer is another one".to_owned(),
            })
        } else {
            None
        };
        findings.note(&again.what, wrong);
    }
    findings
}

fn different(first: &[HttpRequest], again: &[HttpRequest]) -> Option<String> {
    if first.len() != again.len() {
        return Some(format!("{} requests are made where {} were made", again.len(), first.len()));
    }
    let (one, other) = first.iter().zip(again).find(|(one, other)| one != other)?;
    let part = if one.path != other.path {
        "path"
    } else if one.query != other.query {
        "query"
    } else if one.headers != other.headers {
        "headers"
    } else if one.body != other.body {
        "body"
    } else {
        "address"
    };
    Some(format!("the {part} of {} {} is another one", one.method.word(), one.path))
}

fn packet(made: &Made) -> Option<&Packet> {
    match &made.outcome {
        Err(CallError::Adapter(AdapterError::NeedsPerson(packet))) => Some(packet),
        Ok(_) | Err(_) => None,
    }
}

fn filings<'p>(probes: &'p Probes<'_>) -> impl Iterator<Item = &'p Seed> {
    probes.good("register").chain(probes.good("dispute"))
}

pub(super) async fn filing_key(probes: &Probes<'_>) -> Verdict {
    let mut findings = Findings::default();
    for seed in filings(probes).filter(|seed| !seed.tape.requests.is_empty()) {
        let mut ask = seed.ask.clone();
        let key = "another-key-4711";
        match &mut ask {
            Ask::Register(register) => register.key = key.to_owned(),
            Ask::Dispute(dispute) => dispute.key = key.to_owned(),
            Ask::Describe
            | Ask::Check(_)
            | Ask::Track { .. }
            | Ask::Inbound { .. }
            | Ask::CallStarted { .. }
            | Ask::Probe => {}
        }
        let made = probes.make(seed.with("under another key").asking(ask)).await;
        let carried = made.tape.requests.iter().any(|request| format!("{request:?}").contains(key));
        findings.note(&made.what, (!carried).then(|| "no request holds the key".to_owned()));
    }
    findings.verdict("it sends no filing")
}

pub(super) async fn dispute_stranger(probes: &Probes<'_>) -> Verdict {
    let mut findings = Findings::default();
    for seed in probes.good("dispute") {
        let Ask::Dispute(mut dispute) = seed.ask.clone() else { continue };
        dispute.agency = "an_agency_of_nobody".to_owned();
        let made = probes.make(seed.with("at another agency").asking(Ask::Dispute(dispute))).await;
        let refused =
            matches!(made.outcome, Err(CallError::Adapter(AdapterError::Unsupported(_) | AdapterError::Rejected(_))));
        findings.note(&made.what, (!refused).then(|| "it is filed all the same".to_owned()));
    }
    findings.verdict("no cassette shows a dispute")
}

pub(super) async fn track_never_lost(probes: &Probes<'_>) -> Verdict {
    let respond =
        |status, body: &str| -> Reply { Ok(HttpResponse { status, headers: Vec::new(), body: body.to_owned() }) };
    let faults = [
        ("401", respond(401, "")),
        ("403", respond(403, &page("403"))),
        ("429", respond(429, "[]")),
        ("500", respond(500, "[]")),
        ("503", respond(503, &page("503"))),
        ("an empty body", respond(200, "")),
        ("a web page", respond(200, &page("200"))),
        ("null", respond(200, "null")),
        ("no answer in time", Err(HttpError::TimedOut)),
        ("no connection", Err(HttpError::Unreachable("connection refused".to_owned()))),
    ];
    let mut findings = Findings::default();
    for seed in probes.good("track") {
        for (what, reply) in &faults {
            let reply = reply.clone();
            let made = probes.make(seed.with(*what).answering(move |_, _, _| reply.clone())).await;
            findings.note(&made.what, lost(&made));
        }
        let first = seed.bodies().first().copied().unwrap_or_default().to_owned();
        for broken in breaking::truncated(&first).into_iter().chain(breaking::without_fields(&first)) {
            let made = probes.make(seed.with_body(None, &broken.how, &broken.body)).await;
            let was = matches!(seed.outcome, Ok(Told::Tracked(TrackAnswer::Absent)));
            findings.note(&made.what, lost(&made).filter(|_| !was || !breaking::is_json(&broken.body)));
        }
    }
    findings.verdict("it tracks no filing")
}

fn lost(made: &Made) -> Option<String> {
    let absent = made.outcome == Ok(Told::Tracked(TrackAnswer::Absent));
    absent
        .then(|| "the filing is told to be absent, and would be sent again".to_owned())
        .or_else(|| broke(&made.outcome))
}

pub(super) async fn packet_complete(probes: &Probes<'_>) -> Verdict {
    let mut findings = Findings::default();
    for seed in filings(probes) {
        let made = probes.make(seed.with("its packet")).await;
        if let Some(packet) = packet(&made) {
            findings.note(&made.what, lacking(packet));
        }
    }
    findings.verdict("it makes no packet")
}

fn lacking(packet: &Packet) -> Option<String> {
    let empty = |text: &str| text.trim().is_empty();
    if empty(&packet.title) {
        return Some("it has no title".to_owned());
    }
    if packet.steps.is_empty() || packet.steps.iter().any(|step| empty(step)) {
        return Some("it does not say what to do".to_owned());
    }
    if packet.url.is_none() && packet.email.is_none() {
        return Some("it names neither a page nor an address".to_owned());
    }
    if let Some(field) = packet.fields.iter().find(|field| empty(&field.label)) {
        return Some(format!("the field {:?} has no label", field.id));
    }
    let blank = packet.fields.iter().find(|field| field.required && !field.by_person && empty(&field.value));
    if let Some(field) = blank {
        return Some(format!("the required field {:?} is empty", field.label));
    }
    if let Some(email) = packet.email.as_ref().filter(|email| !email.to.contains('@') || empty(&email.body)) {
        return Some(format!("the letter to {:?} cannot be sent", email.to));
    }
    let mut names: Vec<&str> = packet.files.iter().map(|file| file.name.as_str()).collect();
    names.sort_unstable();
    if names.windows(2).any(|pair| pair[0] == pair[1]) || names.iter().any(|name| empty(name) || name.contains('/')) {
        return Some("its files are not named apart".to_owned());
    }
    None
}
