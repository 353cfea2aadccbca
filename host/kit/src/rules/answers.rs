//! Rules about answers that are broken.

use super::plays::Plays;
use crate::breaking::{self, Broken};
use crate::verdict::{Findings, Verdict};

const NOTHING_FETCHED: &str = "no cassette shows an answer of a server";
const NO_JSON: &str = "no cassette shows an answer in JSON";

pub(crate) async fn malformed(plays: &Plays<'_>) -> Verdict {
    broken(plays, breaking::truncated).await.verdict(NO_JSON)
}

pub(crate) async fn wrong_shape(plays: &Plays<'_>) -> Verdict {
    broken(plays, breaking::other_shapes).await.verdict(NO_JSON)
}

pub(crate) async fn empty(plays: &Plays<'_>) -> Verdict {
    let emptied = |body: &str| match body.trim() {
        "" => Vec::new(),
        _ => vec![Broken { how: "an empty body".to_owned(), body: String::new() }],
    };
    broken(plays, emptied).await.verdict(NOTHING_FETCHED)
}

pub(crate) async fn html(plays: &Plays<'_>) -> Verdict {
    let page = |body: &str| match body.trim() {
        "" => Vec::new(),
        _ => vec![Broken { how: "a web page with status 200".to_owned(), body: breaking::page("4711") }],
    };
    broken(plays, page).await.verdict(NOTHING_FETCHED)
}

/// Bodies that are broken as a whole: nothing may be made of them.
async fn broken(plays: &Plays<'_>, breaks: impl Fn(&str) -> Vec<Broken>) -> Findings {
    let mut findings = Findings::default();
    for seed in plays.fetching() {
        let bodies = seed.bodies();
        for (index, body) in bodies.iter().enumerate() {
            for Broken { how, body } in breaks(body) {
                let all = plays.play(seed.with_body(None, &how, &body)).await;
                findings.note(&all.what, plays.dishonest(&all));
                if bodies.len() > 1 {
                    let what = format!("answer {} alone: {how}", index + 1);
                    let one = plays.play(seed.with_body(Some(index), &what, &body)).await;
                    findings.note(&one.what, plays.invented(&one, &seed.answer));
                }
            }
        }
    }
    findings
}

pub(crate) async fn wrong_type(plays: &Plays<'_>) -> Verdict {
    // Null is of no wrong type: it is how servers say that there is nothing.
    let wrong = |body: &str| {
        breaking::wrong_types(body)
            .into_iter()
            .filter(|(place, broken)| !is_null(&broken.body, place))
            .map(|(_, broken)| broken)
            .collect()
    };
    in_one_place(plays, wrong).await
}

fn is_null(body: &str, place: &str) -> bool {
    let body = serde_json::from_str(body).unwrap_or(serde_json::Value::Null);
    body.pointer(place).is_some_and(serde_json::Value::is_null)
}

pub(crate) async fn missing_field(plays: &Plays<'_>) -> Verdict {
    in_one_place(plays, breaking::without_fields).await
}

async fn in_one_place(plays: &Plays<'_>, breaks: impl Fn(&str) -> Vec<Broken>) -> Verdict {
    let mut findings = Findings::default();
    for seed in plays.fetching() {
        for (index, body) in seed.bodies().into_iter().enumerate() {
            for Broken { how, body } in breaks(body) {
                let played = plays.play(seed.with_body(Some(index), &how, &body)).await;
                findings.note(&played.what, plays.invented(&played, &seed.answer));
            }
        }
    }
    findings.verdict(NO_JSON)
}
