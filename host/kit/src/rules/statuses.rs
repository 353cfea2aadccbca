//! Rules about what servers and the host say in place of an answer.

use super::plays::{Played, Plays, Reply, error, shown};
use crate::breaking::page;
use crate::verdict::{Findings, Verdict};
use sandbox::{HttpError, HttpResponse};
use toml::{Table, Value};

const NOTHING_SENT: &str = "it sends no request";

/// What was expected, unless it came.
type Expect = fn(&Table) -> Option<&'static str>;

/// What the servers of these plays name in Retry-After.
const WAIT_S: i64 = 41;

fn is_unauthorized(answer: &Table) -> Option<&'static str> {
    (error(answer) != Some("unauthorized")).then_some("`unauthorized`")
}

fn is_unavailable(answer: &Table) -> Option<&'static str> {
    (error(answer) != Some("unavailable")).then_some("`unavailable`")
}

fn is_retryable(answer: &Table) -> Option<&'static str> {
    let fits = matches!(error(answer), Some("unavailable" | "retry-after"));
    (!fits).then_some("`unavailable` or `retry-after`")
}

fn waits_as_told(answer: &Table) -> Option<&'static str> {
    let told = answer.get("value").and_then(Value::as_integer) == Some(WAIT_S);
    (error(answer) != Some("retry-after") || !told).then_some("`retry-after` with 41 seconds")
}

fn waits(answer: &Table) -> Option<&'static str> {
    let seconds = answer.get("value").and_then(Value::as_integer);
    let fits = match error(answer) {
        Some("retry-after") => seconds.is_some_and(|seconds| seconds >= 1),
        word => word == Some("unavailable"),
    };
    (!fits).then_some("`retry-after` with a second at least, or `unavailable`")
}

fn is_final(answer: &Table) -> Option<&'static str> {
    is_retryable(answer).is_none().then_some("an error that is not tried again")
}

fn typed(_: &Table) -> Option<&'static str> {
    None
}

fn wrong(plays: &Plays<'_>, played: &Played, expect: Expect) -> Option<String> {
    plays.dishonest(played).or_else(|| {
        let expected = expect(&played.answer)?;
        Some(format!("{expected} was expected, and it answers {}", shown(&played.answer)))
    })
}

/// Every seed that sends something, with this in the place of every answer.
async fn instead(plays: &Plays<'_>, findings: &mut Findings, what: &str, reply: Reply, expect: Expect) {
    for seed in plays.fetching() {
        let reply = reply.clone();
        let played = plays.play(seed.with(what).answering(move |_, _| reply.clone())).await;
        findings.note(&played.what, wrong(plays, &played, expect));
    }
}

/// Refusals come as JSON, as a page and without a word.
async fn refusals(plays: &Plays<'_>, statuses: &[u16], headers: &[(&str, &str)], expect: Expect) -> Findings {
    let mut findings = Findings::default();
    for status in statuses {
        for body in [r#"{"error":"refused"}"#, page("refused").as_str(), ""] {
            let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
            let what = format!("{status} with {:?}", &body[..body.len().min(12)]);
            let reply = Ok(HttpResponse { status: *status, headers, body: body.to_owned() });
            instead(plays, &mut findings, &what, reply, expect).await;
        }
    }
    findings
}

pub(crate) async fn unauthorized(plays: &Plays<'_>) -> Verdict {
    refusals(plays, &[401, 403], &[], is_unauthorized).await.verdict(NOTHING_SENT)
}

pub(crate) async fn retry_after(plays: &Plays<'_>) -> Verdict {
    // The host hands header names over in small letters, as HTTP/2 has them.
    refusals(plays, &[429], &[("retry-after", "41")], waits_as_told).await.verdict(NOTHING_SENT)
}

pub(crate) async fn retry_after_forms(plays: &Plays<'_>) -> Verdict {
    let mut findings = refusals(plays, &[429], &[], waits).await;
    findings.join(refusals(plays, &[429], &[("retry-after", "soon")], waits).await);
    findings.verdict(NOTHING_SENT)
}

pub(crate) async fn server_fault(plays: &Plays<'_>) -> Verdict {
    refusals(plays, &[500, 502, 503, 504], &[], is_retryable).await.verdict(NOTHING_SENT)
}

pub(crate) async fn client_fault(plays: &Plays<'_>) -> Verdict {
    refusals(plays, &[400, 422], &[], is_final).await.verdict(NOTHING_SENT)
}

pub(crate) async fn slow_answer(plays: &Plays<'_>) -> Verdict {
    let mut findings = Findings::default();
    instead(plays, &mut findings, "no answer in time", Err(HttpError::TimedOut), is_unavailable).await;
    findings.verdict(NOTHING_SENT)
}

pub(crate) async fn host_refusals(plays: &Plays<'_>) -> Verdict {
    let refusals: [(HttpError, Expect); 4] = [
        (HttpError::Unreachable("connection refused".to_owned()), is_unavailable),
        (HttpError::RateLimited(41), waits_as_told),
        (HttpError::SecretMissing("API_KEY".to_owned()), is_unauthorized),
        (HttpError::TooLarge(65_536), is_final),
    ];
    let mut findings = Findings::default();
    for (refusal, expect) in refusals {
        let what = format!("the host says {refusal:?}");
        instead(plays, &mut findings, &what, Err(refusal), expect).await;
    }
    // A host that denies what the manifest asks for is news to the adapter; that it calls this its own fault is true.
    for seed in plays.fetching() {
        let denied = HttpError::Denied("the operator has not granted this".to_owned());
        let played = plays.play(seed.with("the host denies it").answering(move |_, _| Err(denied.clone()))).await;
        let internal = error(&played.answer) == Some("internal");
        findings.note(&played.what, wrong(plays, &played, typed).filter(|_| !internal));
    }
    findings.verdict(NOTHING_SENT)
}
