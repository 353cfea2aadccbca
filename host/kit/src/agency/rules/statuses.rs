//! Rules about what servers and the host say in place of an answer.

use super::probes::{Made, Outcome, Probes, Seed, broke};
use super::replies::Reply;
use crate::agency::Ask;
use crate::breaking::page;
use crate::verdict::{Findings, Verdict};
use sandbox::{AdapterError, CallError, FilesError, HttpError, HttpResponse};
use std::time::Duration;

const NOTHING_SENT: &str = "it sends no request";

/// What was expected, unless it came.
type Expect = fn(&Outcome) -> Option<&'static str>;

fn error(outcome: &Outcome) -> Option<&AdapterError> {
    match outcome {
        Err(CallError::Adapter(error)) => Some(error),
        Ok(_) | Err(CallError::Fault(_)) => None,
    }
}

fn is_unauthorized(outcome: &Outcome) -> Option<&'static str> {
    (!matches!(error(outcome), Some(AdapterError::Unauthorized(_)))).then_some("`unauthorized`")
}

fn is_unavailable(outcome: &Outcome) -> Option<&'static str> {
    (!matches!(error(outcome), Some(AdapterError::Unavailable(_)))).then_some("`unavailable`")
}

fn is_retryable(outcome: &Outcome) -> Option<&'static str> {
    let fits = matches!(error(outcome), Some(AdapterError::Unavailable(_) | AdapterError::RetryAfter(_)));
    (!fits).then_some("`unavailable` or `retry-after`")
}

/// What the servers of these probes name in Retry-After.
const WAIT: Duration = Duration::from_secs(41);

fn waits_as_told(outcome: &Outcome) -> Option<&'static str> {
    (error(outcome) != Some(&AdapterError::RetryAfter(WAIT))).then_some("`retry-after` with 41 seconds")
}

fn waits(outcome: &Outcome) -> Option<&'static str> {
    let fits = match error(outcome) {
        Some(AdapterError::RetryAfter(wait)) => *wait >= Duration::from_secs(1),
        Some(AdapterError::Unavailable(_)) => true,
        _ => false,
    };
    (!fits).then_some("`retry-after` with a second at least, or `unavailable`")
}

/// Forty seconds until the date, and a minute's doubt about which clock is right.
fn waits_for_date(outcome: &Outcome) -> Option<&'static str> {
    let fits = matches!(error(outcome), Some(AdapterError::RetryAfter(wait)) if wait.abs_diff(WAIT) <= Duration::from_secs(60));
    (!fits).then_some("`retry-after` until the date")
}

fn is_final(outcome: &Outcome) -> Option<&'static str> {
    let again = matches!(error(outcome), Some(AdapterError::Unavailable(_) | AdapterError::RetryAfter(_)));
    again.then_some("an error that is not tried again")
}

fn typed(_: &Outcome) -> Option<&'static str> {
    None
}

fn wrong(made: &Made, expect: Expect) -> Option<String> {
    made.dishonest().or_else(|| {
        let expected = expect(&made.outcome)?;
        let came = match &made.outcome {
            Ok(told) => format!("{told:?}"),
            Err(error) => error.to_string(),
        };
        Some(format!("{expected} was expected, and it answers: {came}"))
    })
}

/// Every seed that sends something, with this in the place of every answer.
async fn instead(probes: &Probes<'_>, findings: &mut Findings, what: &str, reply: Reply, expect: Expect) {
    for seed in sending(probes) {
        let reply = reply.clone();
        let made = probes.make(seed.with(what).answering(move |_, _, _| reply.clone())).await;
        findings.note(&made.what, wrong(&made, expect));
    }
}

fn sending<'p>(probes: &'p Probes<'_>) -> impl Iterator<Item = &'p Seed> {
    probes.fetching().into_iter().filter(|seed| !matches!(seed.ask, Ask::Inbound { .. }) && !seed.replies.is_empty())
}

fn response(status: u16, headers: &[(&str, &str)], body: &str) -> Reply {
    let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    Ok(HttpResponse { status, headers, body: body.to_owned() })
}

/// Refusals come as JSON, as a page and without a word.
async fn refusals(probes: &Probes<'_>, statuses: &[u16], headers: &[(&str, &str)], expect: Expect) -> Findings {
    let mut findings = Findings::default();
    for status in statuses {
        for body in [r#"{"error":"refused","score":0,"status":"ok"}"#, page("refused").as_str(), ""] {
            let what = format!("{status} with {:?}", &body[..body.len().min(12)]);
            instead(probes, &mut findings, &what, response(*status, headers, body), expect).await;
        }
    }
    findings
}

pub(super) async fn unauthorized(probes: &Probes<'_>) -> Verdict {
    refusals(probes, &[401, 403], &[], is_unauthorized).await.verdict(NOTHING_SENT)
}

pub(super) async fn retry_after(probes: &Probes<'_>) -> Verdict {
    // The host hands header names over in small letters, as HTTP/2 has them.
    refusals(probes, &[429], &[("retry-after", "41")], waits_as_told).await.verdict(NOTHING_SENT)
}

pub(super) async fn retry_after_forms(probes: &Probes<'_>) -> Verdict {
    let mut findings = refusals(probes, &[429], &[], waits).await;
    findings.join(refusals(probes, &[429], &[("retry-after", "soon")], waits).await);
    for seed in sending(probes) {
        // The date is as far ahead as the seconds are in the other rule.
        let date = http_date(seed.now_s() + WAIT.as_secs());
        let reply = response(429, &[("retry-after", &date)], "");
        let made = probes.make(seed.with(format!("429 until {date}")).answering(move |_, _, _| reply.clone())).await;
        findings.note(&made.what, wrong(&made, waits_for_date));
    }
    findings.verdict(NOTHING_SENT)
}

fn http_date(seconds: u64) -> String {
    let time = i64::try_from(seconds).ok().and_then(|seconds| jiff::Timestamp::from_second(seconds).ok());
    time.map_or_else(String::new, |time| time.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string())
}

pub(super) async fn server_fault(probes: &Probes<'_>) -> Verdict {
    refusals(probes, &[500, 502, 503, 504], &[], is_retryable).await.verdict(NOTHING_SENT)
}

pub(super) async fn client_fault(probes: &Probes<'_>) -> Verdict {
    refusals(probes, &[400, 422], &[], is_final).await.verdict(NOTHING_SENT)
}

pub(super) async fn slow_answer(probes: &Probes<'_>) -> Verdict {
    let mut findings = Findings::default();
    instead(probes, &mut findings, "no answer in time", Err(HttpError::TimedOut), is_unavailable).await;
    findings.verdict(NOTHING_SENT)
}

pub(super) async fn host_refusals(probes: &Probes<'_>) -> Verdict {
    let refusals: [(HttpError, Expect); 5] = [
        (HttpError::Unreachable("connection refused".to_owned()), is_unavailable),
        (HttpError::RateLimited(41), waits_as_told),
        (HttpError::SecretMissing("API_KEY".to_owned()), is_unauthorized),
        (HttpError::TooLarge(65_536), is_final),
        (HttpError::Denied("the operator has not granted this".to_owned()), typed),
    ];
    let mut findings = Findings::default();
    for (refusal, expect) in refusals {
        for seed in sending(probes) {
            let (what, reply) = (format!("the host says {refusal:?}"), Err(refusal.clone()));
            let made = probes.make(seed.with(what).answering(move |_, _, _| reply.clone())).await;
            // A host that denies what the manifest asks for is news to the adapter; that it calls this its own fault is true.
            let denied = matches!(refusal, HttpError::Denied(_))
                && matches!(error(&made.outcome), Some(AdapterError::Internal(_)));
            findings.note(&made.what, wrong(&made, expect).filter(|_| !denied));
        }
    }
    for seed in probes.good("check").filter(|seed| seed.dataset.is_some()) {
        let not_ready =
            probes.make(seed.with("the data set is not ready").finding(Err(FilesError::NotReady(41)))).await;
        findings.note(&not_ready.what, wrong(&not_ready, waits_as_told));
        let denied = FilesError::Denied("the operator has not granted this".to_owned());
        let made = probes.make(seed.with("the data set is denied").finding(Err(denied))).await;
        findings.note(&made.what, broke(&made.outcome).or_else(|| made.dishonest()));
    }
    findings.verdict("it asks nothing of the host")
}
