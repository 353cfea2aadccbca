//! What every provider's adapter is held to, whoever wrote it.

use crate::rules::itself::{self, changed};
use crate::rules::{Law, Plays, answers, bronze, gold, manners, silver, statuses};
use crate::rules::{judge as judge_by, of_itself, of_the_ledger, of_the_network};
use crate::verdict::{Bench, Findings, Judgement, Rule, Verdict};
use futures_util::FutureExt;
use toml::{Table, Value};

static OF_ITSELF: [Law; 6] = of_itself!();
static OF_THE_NETWORK: [Law; 13] = of_the_network!();
static OWN: [Law; 4] = [
    bronze("acquire_repeats", "The same purchase under the same key is the same request.", |p| {
        repeats(p, "acquire").boxed()
    }),
    bronze("release_repeats", "The same return under the same key is the same request.", |p| {
        repeats(p, "release").boxed()
    }),
    silver("acquire_key", "A purchase that is sent carries its key.", |p| acquire_key(p).boxed()),
    silver("pages_move", "The next page of an account is another one than that which was asked for.", |p| {
        pages_move(p).boxed()
    }),
];
static OF_THE_LEDGER: [Law; 5] = of_the_ledger!();

fn laws() -> impl Iterator<Item = &'static Law> {
    OF_ITSELF.iter().chain(&OF_THE_NETWORK).chain(&OWN).chain(&OF_THE_LEDGER)
}

/// Every rule, in the order in which they are judged.
pub(crate) fn list() -> Vec<Rule> {
    laws().map(|law| law.rule).collect()
}

/// Judges an adapter by each of them that it is not exempt from.
pub(crate) async fn judge(bench: &Bench<'_>) -> Judgement {
    judge_by(bench, facts, laws()).await
}

fn facts(answer: &Table) -> Vec<String> {
    let mut facts = Vec::new();
    let word = |fields: &Table, name: &str| fields.get(name).map(ToString::to_string).unwrap_or_default();
    for offer in tables(answer, "offers") {
        facts.push(format!("{} is told to be for sale at {}", word(offer, "number"), word(offer, "monthly_micros")));
    }
    let acquired = answer.get("acquired").and_then(Value::as_table);
    for held in tables(answer, "numbers").chain(acquired) {
        let number = word(held, "number");
        facts.push(format!("{number} is told to be ours"));
        for name in ["acquired_at", "inbound_route"] {
            if held.get(name).and_then(Value::as_bool).is_none() {
                facts.push(format!("{name} of {number} is told to be {}", word(held, name)));
            }
        }
    }
    for (name, fact) in [("pending", "it is told to be pending"), ("released", "it is told to be given back")] {
        if answer.contains_key(name) {
            facts.push(fact.to_owned());
        }
    }
    if answer.contains_key("numbers") && answer.get("next").and_then(Value::as_bool).is_some() {
        facts.push("the account is told to be listed whole".to_owned());
    } else if answer.contains_key("next") {
        facts.push(format!("the next page is told to be {}", word(answer, "next")));
    }
    facts
}

fn tables<'t>(answer: &'t Table, name: &str) -> impl Iterator<Item = &'t Table> {
    answer.get(name).and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_table)
}

async fn repeats(plays: &Plays<'_>, function: &'static str) -> Verdict {
    let mut findings = Findings::default();
    for seed in plays.good(function).filter(|seed| !seed.replies.is_empty()) {
        let later = seed.with("sent again a day later").later(5, std::time::Duration::from_secs(86_400));
        let again = plays.play(later).await;
        let same = again.tape.requests == seed.tape.requests;
        findings.note(&again.what, (!same).then(|| "the request is another one".to_owned()));
    }
    findings.verdict("no cassette shows it sent")
}

async fn acquire_key(plays: &Plays<'_>) -> Verdict {
    const KEY: &str = "another-key-4711";
    let mut findings = Findings::default();
    for seed in plays.good("acquire").filter(|seed| !seed.replies.is_empty()) {
        let request = changed(&seed.request, "key", KEY);
        let played = plays.play(seed.with("under another key").asking(seed.function, &request)).await;
        let carried = played.tape.requests.iter().any(|request| format!("{request:?}").contains(KEY));
        findings.note(&played.what, (!carried).then(|| "no request holds the key".to_owned()));
    }
    findings.verdict("it sends no purchase")
}

async fn pages_move(plays: &Plays<'_>) -> Verdict {
    let mut findings = Findings::default();
    for seed in plays.good("list_numbers") {
        let Some(next) = seed.answer.get("next").and_then(Value::as_str) else { continue };
        let request = changed(&seed.request, "page", next);
        let played = plays.play(seed.with(format!("page {next:?}")).asking(seed.function, &request)).await;
        let moved = played.tape.requests != seed.tape.requests;
        findings.note(&played.what, (!moved).then(|| "the request is that of the page before".to_owned()));
    }
    findings.verdict("no cassette shows an account of several pages")
}
