//! What every look-up of carriers is held to, whoever wrote it.

use crate::rules::itself::{self, changed};
use crate::rules::{Law, Plays, answers, bronze, gold, manners, silver, statuses};
use crate::rules::{judge as judge_by, of_itself, of_the_ledger, of_the_network};
use crate::verdict::{Bench, Findings, Judgement, Rule, Verdict};
use futures_util::FutureExt;
use sandbox::Method;
use toml::{Table, Value};

static OF_ITSELF: [Law; 6] = of_itself!();
static OF_THE_NETWORK: [Law; 13] = of_the_network!();
static OWN: [Law; 4] = [
    bronze("price_spends_nothing", "Naming the price sends nothing but questions.", |p| {
        price_spends_nothing(p).boxed()
    }),
    silver("price_covers", "A look-up costs no more than the price that was named for it.", |p| {
        price_covers(p).boxed()
    }),
    bronze("callees_kept", "No callee's number is logged or stands in an error.", |p| callees_kept(p).boxed()),
    silver("callee_duplicates", "A callee that stands twice in a batch is asked for once.", |p| duplicates(p).boxed()),
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
    for served in served(answer) {
        let word = |name: &str| served.get(name).map(ToString::to_string).unwrap_or_default();
        for name in ["carrier", "line_type"] {
            // What is not known is told as `false`.
            if served.get(name).and_then(Value::as_bool).is_none() {
                facts.push(format!("{name} of {} is told to be {}", word("number"), word(name)));
            }
        }
    }
    if answer.contains_key("pending") {
        facts.push("it is told to be pending".to_owned());
    }
    facts
}

fn served(answer: &Table) -> impl Iterator<Item = &Table> {
    answer.get("served").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_table)
}

async fn price_spends_nothing(plays: &Plays<'_>) -> Verdict {
    let mut findings = Findings::default();
    for seed in plays.seeds.iter().filter(|seed| seed.function.name == "price_micros") {
        let sent = seed.tape.requests.iter().find(|request| request.method != Method::Get);
        findings.note(&seed.name, sent.map(|request| format!("it sends {} {}", request.method.word(), request.path)));
    }
    findings.verdict("no cassette shows a price")
}

async fn price_covers(plays: &Plays<'_>) -> Verdict {
    let mut findings = Findings::default();
    let Some(price) = plays.good("price_micros").next() else { return findings.verdict("no cassette shows a price") };
    for seed in plays.good("lookup") {
        let callees = seed.request.get("numbers").and_then(Value::as_array).map_or(0, Vec::len);
        let count = i64::try_from(callees).unwrap_or(i64::MAX);
        let request = changed(&price.request, "count", count);
        let priced = plays.play(price.with(format!("for {count}")).asking(price.function, &request)).await;
        let named = priced.answer.get("price_micros").and_then(Value::as_integer).unwrap_or_default();
        let cost: i64 = served(&seed.answer).filter_map(|s| s.get("cost_micros").and_then(Value::as_integer)).sum();
        let wrong = (cost > named).then(|| format!("it costs {cost}, and {named} was the price"));
        findings.note(&seed.name, wrong);
    }
    findings.verdict("no cassette shows a look-up")
}

async fn callees_kept(plays: &Plays<'_>) -> Verdict {
    let mut findings = Findings::default();
    let mut callees: Vec<String> = Vec::new();
    for seed in plays.seeds.iter().filter(|seed| seed.function.name == "lookup") {
        let named = seed.request.get("numbers").and_then(Value::as_array).into_iter().flatten();
        callees.extend(named.filter_map(|number| number.as_str().map(|text| text.trim_start_matches("+1").to_owned())));
    }
    if callees.is_empty() {
        return findings.verdict("no cassette shows a look-up");
    }
    for played in plays.ledger() {
        let mut words: Vec<&str> = played.tape.log.iter().map(|(_, line)| line.as_str()).collect();
        words.extend(played.answer.get("value").and_then(Value::as_str));
        let told = words.into_iter().find(|words| callees.iter().any(|callee| words.contains(callee)));
        findings.note(&played.what, told.map(|words| format!("it says {words:?}")));
    }
    findings.verdict("no call was made")
}

async fn duplicates(plays: &Plays<'_>) -> Verdict {
    let mut findings = Findings::default();
    for seed in plays.good("lookup") {
        let Some(numbers) = seed.request.get("numbers").and_then(Value::as_array) else { continue };
        let twice: Vec<Value> = numbers.iter().chain(numbers).cloned().collect();
        let request = changed(&seed.request, "numbers", twice);
        let played = plays.play(seed.with("every callee twice").asking(seed.function, &request)).await;
        let wrong = if played.answer != seed.answer {
            Some(format!("it answers {}", crate::rules::plays::shown(&played.answer)))
        } else {
            (played.tape.requests != seed.tape.requests).then(|| "it sends other requests".to_owned())
        };
        findings.note(&played.what, wrong);
    }
    findings.verdict("no cassette shows a look-up")
}
