//! Rules about everything that an adapter did in all the calls before.

use super::plays::{Played, Plays, error};
use crate::breaking::{is_garbled, page};
use crate::stage::{invented, own_credential, sends};
use crate::verdict::{Findings, Verdict};
use sandbox::{HttpRequest, HttpResponse, LogLevel};
use toml::Value;

const NOTHING_SENT: &str = "it sends no request";

pub(crate) async fn origins_named(plays: &Plays<'_>) -> Verdict {
    let mut findings = Findings::default();
    for played in plays.ledger() {
        for (turn, refusal) in &played.tape.refused {
            findings.note(&played.what, Some(format!("request {}: {refusal:?}", turn + 1)));
        }
        if !played.tape.requests.is_empty() && played.tape.refused.is_empty() {
            findings.note(&played.what, None);
        }
    }
    findings.verdict(NOTHING_SENT)
}

pub(crate) async fn secrets_kept(plays: &Plays<'_>) -> Verdict {
    let mut findings = Findings::default();
    let ledger = plays.ledger();
    let sent: Vec<&HttpRequest> = ledger.iter().flat_map(|played| &played.tape.requests).collect();
    if sent.is_empty() {
        return findings.verdict(NOTHING_SENT);
    }
    for name in plays.manifest.secrets.keys() {
        let placeholder = format!("{{{{secret:{name}}}}}");
        let used = sent.iter().any(|request| sends(request, name));
        findings.note(name, (!used).then(|| format!("no request holds {placeholder}")));
    }
    for played in &ledger {
        let own = played.tape.requests.iter().find_map(|request| own_credential(request, &played.replies));
        findings.note(&played.what, own);
    }
    for seed in plays.fetching() {
        for name in plays.manifest.secrets.keys() {
            let key = invented(name);
            for (what, status, body) in [
                ("401 with the key", 401, format!("{{\"message\":\"the key {key} is not known\"}}")),
                ("400 with the key", 400, format!("{{\"headers\":{{\"x-api-key\":\"{key}\"}}}}")),
                ("500 with the key", 500, page(&key)),
                ("200 with the key in a page", 200, page(&key)),
            ] {
                let reply = HttpResponse { status, headers: Vec::new(), body };
                let played = plays.play(seed.with(what).answering(move |_, _| Ok(reply.clone()))).await;
                let leaks = played.words().iter().any(|words| words.contains(&key));
                findings.note(&played.what, leaks.then(|| "the key goes on in its answer or its log".to_owned()));
            }
        }
    }
    findings.verdict("it knows no secret")
}

/// The sentence of an error that an author wrote; what the runtime says of a script that broke is another matter.
fn reason(played: &Played) -> Option<&str> {
    let own = error(&played.answer).is_some_and(|error| !matches!(error, "internal" | "retry-after" | "needs-person"));
    played.answer.get("value").and_then(Value::as_str).filter(|_| own)
}

pub(crate) async fn plain_words(plays: &Plays<'_>) -> Verdict {
    let mut findings = Findings::default();
    for played in plays.ledger() {
        if let Some(reason) = reason(&played) {
            let wrong = if reason.trim().is_empty() {
                Some("the error has no words".to_owned())
            } else {
                is_garbled(reason).then(|| format!("the error says {reason:?}"))
            };
            findings.note(&played.what, wrong);
        }
        let garbled = played.tape.log.iter().find(|(_, line)| is_garbled(line) || line.trim().is_empty());
        findings.note(&played.what, garbled.map(|(_, line)| format!("the log says {line:?}")));
    }
    for seed in &plays.seeds {
        let garbled = texts(&Value::Table(seed.answer.clone())).into_iter().find(|text| is_garbled(text));
        findings.note(&seed.name, garbled.map(|text| format!("the answer says {text:?}")));
    }
    findings.verdict("it says nothing")
}

fn texts(value: &Value) -> Vec<String> {
    match value {
        Value::String(text) => vec![text.clone()],
        Value::Array(list) => list.iter().flat_map(texts).collect(),
        Value::Table(fields) => fields.values().flat_map(texts).collect(),
        _ => Vec::new(),
    }
}

/// Lines that an adapter may log in a call in which all is well. Guessed: more is a debugger's.
const LINES_MAX: usize = 10;

pub(crate) async fn frugal(plays: &Plays<'_>) -> Verdict {
    let mut findings = Findings::default();
    let limits = &plays.manifest.limits;
    let used: Vec<_> = plays.ledger().into_iter().filter_map(|played| played.tape.used).collect();
    if used.is_empty() {
        return findings.verdict("no call was measured");
    }
    let (memory, most) = (used.iter().map(|used| used.memory as u64).max().unwrap_or_default(), limits.memory_max / 2);
    findings.note("memory", (memory > most).then(|| format!("{memory} bytes, and half of its limit is {most}")));
    let mut computing: Vec<_> = used.iter().map(|used| used.computing).collect();
    computing.sort_unstable();
    // The middle one: a single call may have been held up by the machine.
    let (middle, most) = (computing[computing.len() / 2], limits.cpu_max / 2);
    findings.note("computing", (middle > most).then(|| format!("{middle:?}, and half of its limit is {most:?}")));
    for function in plays.manifest.functions.named() {
        for seed in plays.good(function) {
            let log = &seed.tape.log;
            let loud = log.iter().find(|(level, _)| matches!(level, LogLevel::Warn | LogLevel::Error));
            let wrong = loud.map(|(_, line)| format!("all is well, and it warns: {line:?}"));
            let wrong = wrong.or_else(|| (log.len() > LINES_MAX).then(|| format!("it logs {} lines", log.len())));
            findings.note(&seed.name, wrong);
        }
    }
    findings.verdict("no call was measured")
}
