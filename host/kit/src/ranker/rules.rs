//! What every ranker is held to, whoever wrote it.

use crate::rules::itself::{self, changed};
use crate::rules::plays::{Seed, broke, error, shown};
use crate::rules::{Law, Plays, bronze, gold, judge as judge_by, manners, of_itself, of_the_ledger, silver};
use crate::verdict::{Bench, Findings, Judgement, Rule, Verdict};
use futures_util::FutureExt;
use std::time::Duration;
use toml::{Table, Value};

static OF_ITSELF: [Law; 6] = of_itself!();
static OWN: [Law; 6] = [
    bronze("same_order", "The same candidates come in the same order, whatever chance brings.", |p| {
        same_order(p).boxed()
    }),
    bronze("order_permitted", "It names candidates that it was given, each once, however many there are.", |p| {
        order_permitted(p).boxed()
    }),
    bronze("odd_candidates", "Numbers without a past, and with an endless one, are ordered like others.", |p| {
        odd_candidates(p).boxed()
    }),
    silver("order_whole", "It says where each candidate belongs, and leaves none to chance.", |p| {
        order_whole(p).boxed()
    }),
    silver(
        "in_time",
        "Fifty candidates are ordered within its deadline, and within five milliseconds of computing.",
        |p| in_time(p).boxed(),
    ),
    silver("reason_told", "It says why, in a few words, for the receipt.", |p| reason_told(p).boxed()),
];
static OF_THE_LEDGER: [Law; 5] = of_the_ledger!();

fn laws() -> impl Iterator<Item = &'static Law> {
    // A ranker has no network, so nothing can be sent and no key can be kept.
    let offline = OF_THE_LEDGER.iter().filter(|law| !matches!(law.rule.id, "origins_named" | "secrets_kept"));
    OF_ITSELF.iter().chain(&OWN).chain(offline)
}

/// Every rule, in the order in which they are judged.
pub(crate) fn list() -> Vec<Rule> {
    laws().map(|law| law.rule).collect()
}

/// Judges an adapter by each of them that it is not exempt from.
pub(crate) async fn judge(bench: &Bench<'_>) -> Judgement {
    judge_by(bench, |_| Vec::new(), laws()).await
}

const NO_ORDER: &str = "no cassette shows an order";

fn given(seed: &Seed) -> Vec<Table> {
    let given = seed.request.get("candidates").and_then(Value::as_array).into_iter().flatten();
    given.filter_map(Value::as_table).cloned().collect()
}

/// So many candidates that are like those of the seed, with numbers of their own.
fn many(seed: &Seed, count: usize) -> Table {
    let given = given(seed);
    let candidates: Vec<Value> = given
        .iter()
        .cycle()
        .take(count)
        .enumerate()
        .map(|(index, candidate)| {
            let mut candidate = changed(candidate, "number", format!("+1312555{index:04}"));
            for (field, figure) in [("engaged", index % 7), ("shown_today", index % 11), ("turn_left", index % 5)] {
                candidate = changed(&candidate, field, i64::try_from(figure).unwrap_or_default());
            }
            candidate.into()
        })
        .collect();
    changed(&seed.request, "candidates", candidates)
}

/// Why this is no order; the host has looked at the places and refused those that cannot be.
fn disordered(answer: &Table) -> Option<String> {
    broke(answer).or_else(|| error(answer).map(|_| format!("it answers {}", shown(answer))))
}

async fn order_permitted(plays: &Plays<'_>) -> Verdict {
    let mut findings = Findings::default();
    for seed in plays.good("rank") {
        for count in [0, 1, 2, 3, 10, 50] {
            let scene = seed.with(format!("{count} candidates")).asking(seed.function, &many(seed, count));
            let played = plays.play(scene).await;
            findings.note(&played.what, disordered(&played.answer));
        }
    }
    findings.verdict(NO_ORDER)
}

async fn same_order(plays: &Plays<'_>) -> Verdict {
    let mut findings = Findings::default();
    for seed in plays.good("rank") {
        // Among so many, some are alike in every figure.
        let asked = |chance| {
            let scene = seed.with("20 candidates, with other luck").asking(seed.function, &many(seed, 20));
            scene.later(chance, Duration::ZERO)
        };
        let first = plays.play(asked(0)).await;
        for chance in [7, 11] {
            let again = plays.play(asked(chance)).await;
            let wrong = (first.answer != again.answer).then(|| "the order is another one".to_owned());
            findings.note(&again.what, wrong);
        }
    }
    findings.verdict(NO_ORDER)
}

async fn odd_candidates(plays: &Plays<'_>) -> Verdict {
    let mut findings = Findings::default();
    let fields = ["shown_today", "shown_last_hour", "engaged", "attempts", "turn_left"];
    for seed in plays.good("rank") {
        // No more than this: the runtime for scripts hands greater figures over as negative ones.
        for figure in [0, i64::from(i32::MAX)] {
            let odd = given(seed).into_iter().map(|candidate| {
                Value::from(fields.iter().fold(candidate, |candidate, field| changed(&candidate, field, figure)))
            });
            let request = changed(&seed.request, "candidates", odd.collect::<Vec<Value>>());
            let scene = seed.with(format!("every figure is {figure}")).asking(seed.function, &request);
            let played = plays.play(scene).await;
            findings.note(&played.what, disordered(&played.answer));
        }
    }
    findings.verdict(NO_ORDER)
}

async fn order_whole(plays: &Plays<'_>) -> Verdict {
    let mut findings = Findings::default();
    for seed in plays.good("rank") {
        let played = plays.play(seed.with("20 candidates").asking(seed.function, &many(seed, 20))).await;
        let ordered = played.answer.get("order").and_then(Value::as_array).map_or(0, Vec::len);
        findings.note(&played.what, (ordered != 20).then(|| format!("it orders {ordered} of 20")));
    }
    findings.verdict(NO_ORDER)
}

/// A decision waits for it; guessed: a script takes under a millisecond for ten.
const COMPUTING_MAX: Duration = Duration::from_millis(5);

async fn in_time(plays: &Plays<'_>) -> Verdict {
    let mut findings = Findings::default();
    for seed in plays.good("rank") {
        let mut computing = Vec::new();
        for _ in 0..9 {
            let played = plays.play(seed.with("50 candidates").asking(seed.function, &many(seed, 50))).await;
            findings.note(&played.what, disordered(&played.answer));
            computing.extend(played.tape.used.map(|used| used.computing));
        }
        // The fastest one: the others may have been held up by the machine, and a slow ranker is slow each time.
        let fastest = computing.into_iter().min().unwrap_or_default();
        let most = COMPUTING_MAX.min(plays.manifest.limits.timeout);
        findings
            .note(&seed.name, (fastest > most).then(|| format!("it computes at least {fastest:?} for 50 candidates")));
    }
    findings.verdict(NO_ORDER)
}

async fn reason_told(plays: &Plays<'_>) -> Verdict {
    let mut findings = Findings::default();
    for seed in plays.good("rank") {
        let reason = seed.answer.get("reason").and_then(Value::as_str).unwrap_or_default();
        findings.note(&seed.name, reason.trim().is_empty().then(|| "the reason is empty".to_owned()));
    }
    findings.verdict(NO_ORDER)
}
