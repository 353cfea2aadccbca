//! Rules about everything that an adapter did in all the calls before.

use super::probes::{Outcome, Probes};
use crate::agency::{Ask, Told};
use crate::breaking::{is_garbled, page};
use crate::stage::{invented, own_credential, sends};
use crate::verdict::{Findings, Verdict};
use numbers::Moment;
use sandbox::agency::CheckAnswer;
use sandbox::{AdapterError, CallError, HttpRequest, HttpResponse, LogLevel};
use std::collections::BTreeSet;
use std::time::Duration;

pub(super) async fn origins_named(probes: &Probes<'_>) -> Verdict {
    let mut findings = Findings::default();
    for made in probes.ledger() {
        for (turn, refusal) in &made.tape.refused {
            findings.note(&made.what, Some(format!("request {}: {refusal:?}", turn + 1)));
        }
        if !made.tape.requests.is_empty() && made.tape.refused.is_empty() {
            findings.note(&made.what, None);
        }
    }
    findings.verdict("it sends no request")
}

pub(super) async fn secrets_kept(probes: &Probes<'_>) -> Verdict {
    let mut findings = Findings::default();
    let ledger = probes.ledger();
    let sent: Vec<&HttpRequest> = ledger.iter().flat_map(|made| &made.tape.requests).collect();
    if sent.is_empty() {
        return findings.verdict("it sends no request");
    }
    for name in probes.manifest.secrets.keys() {
        let placeholder = format!("{{{{secret:{name}}}}}");
        let used = sent.iter().any(|request| sends(request, name));
        findings.note(name, (!used).then(|| format!("no request holds {placeholder}")));
    }
    for made in &ledger {
        let own = made.tape.requests.iter().find_map(|request| own_credential(request, &made.replies));
        findings.note(&made.what, own);
    }
    for seed in probes.fetching().into_iter().filter(|seed| !matches!(seed.ask, Ask::Inbound { .. })) {
        for name in probes.manifest.secrets.keys() {
            let key = invented(name);
            for (what, echo) in echoes(&key) {
                let made = probes.make(seed.with(what).answering(move |_, _, reply| Ok(echo(reply.ok())))).await;
                let leak = made.words().into_iter().find(|words| words.contains(&key));
                findings.note(&made.what, leak.map(|words| format!("it goes on in {:?}", around(&words, &key))));
            }
        }
    }
    findings.verdict("it knows no secret")
}

type Echo = Box<dyn Fn(Option<HttpResponse>) -> HttpResponse + Send + Sync>;

/// Answers in which a server repeats the key, as some do.
fn echoes(key: &str) -> Vec<(&'static str, Echo)> {
    let respond = |status, body: String| -> Echo {
        Box::new(move |_| HttpResponse { status, headers: Vec::new(), body: body.clone() })
    };
    let (header, field) = (key.to_owned(), key.to_owned());
    vec![
        ("401 with the key", respond(401, format!("{{\"message\":\"the key {key} is not known\"}}"))),
        ("400 with the key", respond(400, format!("{{\"request\":{{\"headers\":{{\"x-api-key\":\"{key}\"}}}}}}"))),
        ("500 with the key", respond(500, page(key))),
        ("200 with the key in a page", respond(200, page(key))),
        (
            "a good answer with the key beside it",
            Box::new(move |response| {
                let mut response =
                    response.unwrap_or_else(|| HttpResponse { status: 200, headers: Vec::new(), body: String::new() });
                response.headers.push(("x-api-key".to_owned(), header.clone()));
                if let Ok(serde_json::Value::Object(mut fields)) = serde_json::from_str(&response.body) {
                    fields.insert("request_headers".to_owned(), serde_json::json!({ "X-API-Key": field }));
                    response.body = serde_json::Value::Object(fields).to_string();
                }
                response
            }),
        ),
    ]
}

fn around(words: &str, key: &str) -> String {
    let at = words.find(key).unwrap_or_default();
    let start = words.floor_char_boundary(at.saturating_sub(40));
    format!("…{}", words[start..at].to_owned() + "(the key)")
}

/// The sentence of an error that an author wrote; what the runtime says of a script that broke is another matter.
fn reason(outcome: &Outcome) -> Option<&str> {
    match outcome {
        Err(CallError::Adapter(
            AdapterError::Rejected(reason)
            | AdapterError::Unauthorized(reason)
            | AdapterError::Unavailable(reason)
            | AdapterError::Protocol(reason)
            | AdapterError::Unsupported(reason),
        )) => Some(reason),
        Ok(_) | Err(_) => None,
    }
}

/// An opinion older than this is news to nobody.
const AGE_MAX: Duration = Duration::from_secs(10 * 366 * 86_400);

pub(super) async fn plain_words(probes: &Probes<'_>) -> Verdict {
    let mut findings = Findings::default();
    for made in probes.ledger() {
        if let Some(reason) = reason(&made.outcome) {
            let wrong = if reason.trim().is_empty() {
                Some("the error has no words".to_owned())
            } else {
                is_garbled(reason).then(|| format!("the error says {reason:?}"))
            };
            findings.note(&made.what, wrong);
        }
        let garbled = made.tape.log.iter().find(|(_, line)| is_garbled(line) || line.trim().is_empty());
        findings.note(&made.what, garbled.map(|(_, line)| format!("the log says {line:?}")));
    }
    for seed in &probes.seeds {
        let Ok(Told::Checked(CheckAnswer::Observations(seen))) = &seed.outcome else { continue };
        for seen in seen {
            let earliest = Moment::from_seconds(seed.now_s()).0.saturating_sub(AGE_MAX.as_millis() as u64);
            let wrong = if seen.observed_at.0 < earliest {
                Some(format!(
                    "{} was seen at {} s, which is no time of this age",
                    seen.number,
                    seen.observed_at.seconds()
                ))
            } else if seen.score.is_some_and(|s| s.value < s.best.min(s.worst) || s.value > s.best.max(s.worst)) {
                Some(format!("{} has a score that is off its own scale", seen.number))
            } else {
                let label = seen.label.as_deref();
                label
                    .filter(|label| is_garbled(label) || label.trim().is_empty())
                    .map(|label| format!("the label is {label:?}"))
            };
            findings.note(&seed.name, wrong);
        }
    }
    findings.verdict("it says nothing")
}

/// Lines that an adapter may log in a call in which all is well. Guessed: more is a debugger's.
const LINES_MAX: usize = 10;

pub(super) async fn frugal(probes: &Probes<'_>) -> Verdict {
    let mut findings = Findings::default();
    let limits = &probes.manifest.limits;
    let (mut memory, mut computing) = (0, Vec::new());
    for made in probes.ledger() {
        let Some(used) = made.tape.used else { continue };
        memory = memory.max(used.memory as u64);
        computing.push(used.computing);
    }
    if computing.is_empty() {
        return findings.verdict("no call was measured");
    }
    computing.sort_unstable();
    let most = limits.memory_max / 2;
    findings.note("memory", (memory > most).then(|| format!("{memory} bytes, and half of its limit is {most}")));
    // The middle one: a single call may have been held up by the machine.
    let (middle, most) = (computing[computing.len() / 2], limits.cpu_max / 2);
    findings.note("computing", (middle > most).then(|| format!("{middle:?}, and half of its limit is {most:?}")));
    let good: BTreeSet<&str> = ["check", "register", "dispute", "track", "inbound"]
        .into_iter()
        .flat_map(|function| probes.good(function))
        .map(|seed| seed.name.as_str())
        .collect();
    for seed in probes.seeds.iter().filter(|seed| good.contains(seed.name.as_str())) {
        let log = &seed.tape.log;
        let loud = log.iter().find(|(level, _)| matches!(level, LogLevel::Warn | LogLevel::Error));
        let wrong = loud.map(|(_, line)| format!("all is well, and it warns: {line:?}"));
        let wrong = wrong.or_else(|| (log.len() > LINES_MAX).then(|| format!("it logs {} lines", log.len())));
        findings.note(&seed.name, wrong);
    }
    findings.verdict("no call was measured")
}
