//! Rules about what an adapter says of itself, and about its cassettes.

use super::plays::{Plays, error, shown};
use crate::form::Provenance;
use crate::verdict::{Findings, Verdict};
use std::time::Duration;
use toml::{Table, Value};

const NO_CASSETTE: &str = "it has no cassette";
const NO_FUNCTION: &str = "it declares no function";

pub(crate) async fn describe_stable(plays: &Plays<'_>) -> Verdict {
    let mut findings = Findings::default();
    let Some(describe) = plays.bench.folder.kind.function("describe") else { return findings.verdict(NO_FUNCTION) };
    let Some(seed) = plays.seeds.first() else { return findings.verdict(NO_CASSETTE) };
    let asked = |chance: u64| {
        seed.with("it describes itself")
            .asking(describe, &Table::new())
            .later(chance, Duration::from_secs(chance * 86_400))
    };
    let first = plays.play(asked(0)).await.answer;
    for chance in 1..=3 {
        let again = plays.play(asked(chance)).await.answer;
        let wrong = (again != first).then(|| format!("it says {}, and said {}", shown(&again), shown(&first)));
        findings.note("asked again", wrong);
    }
    findings.verdict("")
}

pub(crate) async fn describe_true(plays: &Plays<'_>) -> Verdict {
    let (said, manifest) = (plays.bench.guest.description(), plays.manifest);
    let mut findings = Findings::default();
    let mut check = |what: &str, said: String, is: String| {
        findings.note(what, (said != is).then(|| format!("`describe` says {said}, and the manifest {is}")));
    };
    let sorted = |names: &[String]| {
        let mut names: Vec<String> = names.iter().map(|name| name.replace('-', "_")).collect();
        names.sort();
        names.join(", ")
    };
    check("id", said.id.clone(), manifest.id.clone());
    check("version", said.version.clone(), manifest.version.clone());
    check("speaks_for", sorted(&said.speaks_for), sorted(&manifest.speaks_for));
    let functions: Vec<String> = manifest.functions.named().into_iter().map(str::to_owned).collect();
    check("functions", sorted(&said.functions), sorted(&functions));
    findings.verdict("")
}

pub(crate) async fn undeclared_unsupported(plays: &Plays<'_>) -> Verdict {
    let mut findings = Findings::default();
    let Some(seed) = plays.seeds.first() else { return findings.verdict(NO_CASSETTE) };
    let declared = plays.manifest.functions.named();
    let functions = plays.bench.folder.kind.functions.iter();
    for function in functions.filter(|function| function.name != "describe" && !declared.contains(&function.name)) {
        let played = plays.play(seed.with(function.name).asking(function, &function.example_request())).await;
        let unsupported = error(&played.answer) == Some("unsupported");
        let wrong = (!unsupported).then(|| format!("it answers {}", shown(&played.answer)));
        findings.note(format_args!("`{}`", function.name), wrong);
    }
    findings.verdict("it declares every function")
}

pub(crate) async fn cassettes_pass(plays: &Plays<'_>) -> Verdict {
    let mut findings = Findings::default();
    for trouble in &plays.bench.folder.troubles {
        findings.note(&trouble.place, Some(trouble.reason.clone()));
    }
    for tested in plays.bench.tested {
        let first = tested.differences.first();
        let wrong = first.map(|difference| {
            format!("expected {}, got {} ({})", difference.expected, difference.got, difference.what)
        });
        findings.note(first.map_or(tested.file.as_str(), |difference| &difference.place), wrong);
    }
    findings.verdict(NO_CASSETTE)
}

pub(crate) async fn cassettes_cover(plays: &Plays<'_>) -> Verdict {
    let mut findings = Findings::default();
    for function in plays.manifest.functions.named() {
        let covered = plays.good(function).next().is_some();
        findings.note(format_args!("`{function}`"), (!covered).then(|| "no cassette in which all is well".to_owned()));
    }
    findings.verdict(NO_FUNCTION)
}

pub(crate) async fn same_answer(plays: &Plays<'_>) -> Verdict {
    let mut findings = Findings::default();
    for seed in plays.seeds.iter().filter(|seed| seed.function.name != "describe") {
        let first = plays.play(seed.with("asked")).await;
        for chance in [7, 11] {
            let again = plays.play(seed.with("asked again with other luck").later(chance, Duration::ZERO)).await;
            let wrong = (first.answer != again.answer).then(|| "the answer is another one".to_owned());
            findings.note(&again.what, wrong);
        }
    }
    findings.verdict(NO_CASSETTE)
}

pub(crate) async fn provenance(plays: &Plays<'_>) -> Verdict {
    let mut findings = Findings::default();
    for function in plays.manifest.functions.named() {
        let cassettes = plays.bench.folder.cassettes.iter().filter(|cassette| cassette.function.name == function);
        let best = cassettes.map(|cassette| cassette.parsed.provenance).min();
        let wrong = match best {
            Some(Provenance::Recorded | Provenance::Documented) => None,
            Some(best) => Some(format!("known at best as `{}`", best.word())),
            None => Some("no cassette".to_owned()),
        };
        findings.note(format_args!("`{function}`"), wrong);
    }
    findings.verdict(NO_FUNCTION)
}

/// The request of a seed with one field changed.
pub(crate) fn changed(request: &Table, field: &str, value: impl Into<Value>) -> Table {
    let mut request = request.clone();
    request.insert(field.to_owned(), value.into());
    request
}
