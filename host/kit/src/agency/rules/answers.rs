//! Rules about answers that are broken, or that say nothing.

use super::probes::{Probes, Seed, standings};
use crate::breaking::{self, Broken};
use crate::verdict::{Findings, Verdict};
use numbers::Status;
use sandbox::{Coverage, Found, HttpResponse};
use std::collections::BTreeSet;

const NOTHING_FETCHED: &str = "no cassette shows an answer of an agency";
const NO_JSON: &str = "no cassette shows an answer in JSON";

pub(super) async fn malformed(probes: &Probes<'_>) -> Verdict {
    broken(probes, breaking::truncated).await.verdict(NO_JSON)
}

pub(super) async fn wrong_shape(probes: &Probes<'_>) -> Verdict {
    broken(probes, breaking::other_shapes).await.verdict(NO_JSON)
}

pub(super) async fn empty(probes: &Probes<'_>) -> Verdict {
    let nothing = |how: &str, body: &str| Broken { how: how.to_owned(), body: body.to_owned() };
    let emptied = |body: &str| match body.trim() {
        "" => Vec::new(),
        _ => vec![nothing("an empty body", ""), nothing("a body of blanks", " \n ")],
    };
    broken(probes, emptied).await.verdict(NOTHING_FETCHED)
}

pub(super) async fn html(probes: &Probes<'_>) -> Verdict {
    let page = |_: &str| vec![Broken { how: "a web page with status 200".to_owned(), body: breaking::page("4711") }];
    broken(probes, page).await.verdict(NOTHING_FETCHED)
}

/// Bodies that are broken as a whole: nothing may be made of them. Where an answer is made of several bodies, one that
/// is broken may leave what the others say.
async fn broken(probes: &Probes<'_>, breaks: impl Fn(&str) -> Vec<Broken>) -> Findings {
    let mut findings = Findings::default();
    for seed in probes.fetching() {
        let bodies = seed.bodies();
        for (index, body) in bodies.iter().enumerate() {
            for Broken { how, body } in breaks(body) {
                let all = probes.make(seed.with_body(None, &how, &body)).await;
                findings.note(&all.what, all.dishonest());
                if bodies.len() > 1 {
                    let what = format!("answer {} alone: {how}", index + 1);
                    let one = probes.make(seed.with_body(Some(index), &what, &body)).await;
                    findings.note(&one.what, one.invented(&seed.outcome));
                }
            }
        }
    }
    findings
}

pub(super) async fn wrong_type(probes: &Probes<'_>) -> Verdict {
    let mut findings = Findings::default();
    for seed in probes.fetching() {
        let decisive = decisive(probes, seed).await;
        for (index, body) in seed.bodies().into_iter().enumerate() {
            for (place, Broken { how, body }) in breaking::wrong_types(body) {
                let made = probes.make(seed.with_body(Some(index), &how, &body)).await;
                let wrong = made.invented(&seed.outcome);
                let wrong = wrong.or_else(|| made.dishonest().filter(|_| decisive.contains(&place)));
                findings.note(&made.what, wrong);
            }
        }
    }
    findings.verdict(NO_JSON)
}

/// The places that make a good number bad by themselves when they are taken from the answer about a bad one.
/// While such a value cannot be read, nobody knows that the number is good.
async fn decisive(probes: &Probes<'_>, seed: &Seed) -> BTreeSet<String> {
    let mut places = BTreeSet::new();
    let clean = |seed: &Seed| {
        let standings = standings(&seed.outcome);
        !standings.is_empty() && standings.iter().all(|(.., status)| *status == Status::Unflagged)
    };
    let bodies = seed.bodies();
    let [body] = bodies.as_slice() else { return places };
    if !clean(seed) {
        return places;
    }
    for bad in probes.good("check").filter(|bad| !clean(bad) && bad.bodies().len() == 1) {
        for (place, transplanted) in breaking::transplants(body, bad.bodies()[0]) {
            if places.contains(&place) {
                continue;
            }
            let what = format!("{place} as in {}", bad.name);
            let made = probes.make(seed.with_body(None, &what, &transplanted)).await;
            if standings(&made.outcome).iter().any(|(.., status)| *status != Status::Unflagged) {
                places.insert(place);
            }
        }
    }
    places
}

pub(super) async fn missing_field(probes: &Probes<'_>) -> Verdict {
    let mut findings = Findings::default();
    for seed in probes.fetching() {
        let known = standings(&seed.outcome);
        for (index, body) in seed.bodies().into_iter().enumerate() {
            for Broken { how, body } in breaking::without_fields(body) {
                let made = probes.make(seed.with_body(Some(index), &how, &body)).await;
                let wrong = made.invented(&seed.outcome).filter(|_| {
                    // A field may be left out where it has nothing to say, so a milder standing may be the truth.
                    // Only a clean one needs a statement.
                    let now = standings(&made.outcome);
                    now.is_empty() || now.difference(&known).any(|(.., status)| *status == Status::Unflagged)
                });
                findings.note(&made.what, wrong);
            }
        }
    }
    findings.verdict(NO_JSON)
}

pub(super) async fn unknown_number(probes: &Probes<'_>) -> Verdict {
    let silences = [
        (404, r#"{"error":"not found"}"#),
        (404, ""),
        (404, r#"{"message":"no such number","score":0,"status":"ok"}"#),
        (200, "{}"),
        (200, "[]"),
        (200, "null"),
        (204, ""),
    ];
    let mut findings = Findings::default();
    for seed in probes.good("check").filter(|seed| !seed.replies.is_empty()) {
        for (status, body) in silences {
            let response = HttpResponse { status, headers: Vec::new(), body: body.to_owned() };
            let what = format!("{status} with {body:?}");
            let made = probes.make(seed.with(what).answering(move |_, _, _| Ok(response.clone()))).await;
            findings.note(&made.what, made.dishonest());
        }
    }
    findings.verdict("it asks no agency about numbers over the network")
}

/// A year and more: no data set speaks for today after so long.
const OLD_DAYS: u32 = 400;

pub(super) async fn dataset_stale(probes: &Probes<'_>) -> Verdict {
    let mut findings = Findings::default();
    for seed in probes.good("check") {
        let Some(Ok(found)) = seed.dataset.as_ref().map(|dataset| &dataset.reply) else { continue };
        let Coverage { first_day, last_day, files, missing } = found.coverage;
        let stale = [
            ("a data set without a day", Coverage { first_day: 0, last_day: 0, files: 0, missing: 0 }),
            (
                "a data set that ended long ago",
                Coverage {
                    first_day: first_day.saturating_sub(OLD_DAYS),
                    last_day: last_day.saturating_sub(OLD_DAYS),
                    files,
                    missing,
                },
            ),
            ("a data set with its last day alone", Coverage { first_day: last_day, last_day, files: 1, missing: 0 }),
        ];
        for (what, coverage) in stale {
            let made = probes.make(seed.with(what).finding(Ok(Found { coverage, hits: Vec::new() }))).await;
            findings.note(&made.what, made.dishonest());
        }
    }
    findings.verdict("it reads no data set")
}
