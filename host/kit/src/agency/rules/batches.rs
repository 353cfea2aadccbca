//! Rules about several numbers at once, and about numbers that are not the ones that were meant.

use super::probes::{Made, Probes, Scene, Seed, broke, check_of, numbers_of, standings};
use super::replies::{Swap, is_in, mentions};
use crate::agency::Told;
use crate::verdict::{Findings, Verdict};
use numbers::E164;
use sandbox::HttpResponse;
use sandbox::agency::CheckAnswer;
use std::collections::BTreeSet;

const ONE_ONLY: &str = "it is asked about one number at a time";
const NO_NETWORK: &str = "it asks no agency about numbers over the network";
const NO_CHECK: &str = "no cassette shows a check";

/// Numbers for fiction, none of which stands in a cassette of ours.
fn spare(index: usize) -> Option<E164> {
    E164::parse(&format!("+1212555{:04}", 150 + index)).ok()
}

/// Cassettes that show how one number is asked about: one in which something is said of it.
fn single<'p>(probes: &'p Probes<'_>) -> impl Iterator<Item = (&'p Seed, E164)> {
    let said = probes.good("check").filter(|seed| !standings(&seed.outcome).is_empty());
    said.filter_map(|seed| match numbers_of(&seed.ask).as_slice() {
        [number] => Some((seed, *number)),
        _ => None,
    })
}

fn batch(seed: &Seed, what: &str, numbers: Vec<E164>) -> Scene {
    seed.with(what).asking(check_of(&seed.ask, numbers, None))
}

/// The first cassette of one number, whose answer also holds for a second number when both are asked for.
async fn pair(probes: &Probes<'_>) -> Option<(Seed, E164, E164, Made)> {
    if probes.manifest.limits.batch_max < 2 {
        return None;
    }
    for (seed, one) in single(probes) {
        let other = spare(0)?;
        let made = probes.make(batch(seed, "two numbers", vec![one, other])).await;
        let known: BTreeSet<E164> = standings(&made.outcome).into_iter().map(|(number, ..)| number).collect();
        // A data set says nothing of a number that is not in it, which may be an answer too.
        if known.contains(&one) && known.contains(&other) {
            return Some((seed.clone(), one, other, made));
        }
    }
    None
}

pub(super) async fn duplicates(probes: &Probes<'_>) -> Verdict {
    let mut findings = Findings::default();
    if let Some((seed, one, other, plain)) = pair(probes).await {
        for numbers in [vec![one, other, one], vec![one, one, other]] {
            let made = probes.make(batch(&seed, "one number twice", numbers)).await;
            let same = standings(&made.outcome) == standings(&plain.outcome);
            let wrong = broke(&made.outcome).or_else(|| (!same).then(|| "the standings are others".to_owned()));
            findings.note(&made.what, wrong);
            findings.note(&made.what, once(&made));
        }
    }
    findings.verdict(ONE_ONLY)
}

/// That a number is told twice by the same agency for the same carrier.
fn once(made: &Made) -> Option<String> {
    let Ok(Told::Checked(CheckAnswer::Observations(seen))) = &made.outcome else { return None };
    let mut told = BTreeSet::new();
    let again = seen.iter().find(|seen| !told.insert((seen.number, &seen.agency, seen.carrier)))?;
    Some(format!("{} is told and charged twice", again.number))
}

pub(super) async fn asked_once(probes: &Probes<'_>) -> Verdict {
    let mut findings = Findings::default();
    if let Some((seed, one, other, plain)) = pair(probes).await
        && !plain.tape.requests.is_empty()
    {
        let made = probes.make(batch(&seed, "one number twice", vec![one, other, one])).await;
        let (now, before) = (made.tape.requests.len(), plain.tape.requests.len());
        findings.note(&made.what, (now > before).then(|| format!("{now} requests are made, and {before} suffice")));
    }
    findings.verdict(NO_NETWORK)
}

pub(super) async fn mixed(probes: &Probes<'_>) -> Verdict {
    let mut findings = Findings::default();
    let Some((seed, one, other, plain)) = pair(probes).await else { return findings.verdict(ONE_ONLY) };
    let apart = plain.tape.requests.iter().all(|request| !(mentions(request, one) && mentions(request, other)));
    if !apart || plain.tape.requests.is_empty() {
        return Verdict::NotApplicable("one answer holds several numbers".to_owned());
    }
    for numbers in [vec![one, other], vec![other, one]] {
        let scene = batch(&seed, "one answer is broken", numbers).answering(move |_, request, reply| {
            let broken = |response: HttpResponse| HttpResponse { body: "{\"half\":".to_owned(), ..response };
            if mentions(request, other) { reply.map(broken) } else { reply }
        });
        let made = probes.make(scene).await;
        let told: BTreeSet<E164> = standings(&made.outcome).into_iter().map(|(number, ..)| number).collect();
        let wrong = match (told.contains(&one), told.contains(&other)) {
            (_, true) => Some(format!("{other} has a standing")),
            (false, false) => Some(format!("nothing is told of {one}, whose answer was whole")),
            (true, false) => None,
        };
        findings.note(&made.what, wrong);
    }
    findings.verdict(ONE_ONLY)
}

pub(super) async fn stops_when_refused(probes: &Probes<'_>) -> Verdict {
    let mut findings = Findings::default();
    let Some((seed, one, other, plain)) = pair(probes).await else { return findings.verdict(ONE_ONLY) };
    if plain.tape.requests.len() < 2 {
        return Verdict::NotApplicable("one request holds several numbers".to_owned());
    }
    for status in [401, 429] {
        let refused = move |_: usize, _: &_, _| Ok(HttpResponse { status, headers: Vec::new(), body: String::new() });
        let made = probes.make(batch(&seed, &format!("{status} at once"), vec![one, other]).answering(refused)).await;
        let requests = made.tape.requests.len();
        findings.note(&made.what, (requests > 1).then(|| format!("{requests} requests are made")));
    }
    findings.verdict(ONE_ONLY)
}

pub(super) async fn other_number(probes: &Probes<'_>) -> Verdict {
    let mut findings = Findings::default();
    for (seed, number) in single(probes) {
        let named = seed.replies.iter().flatten().any(|response| is_in(&response.body, number));
        let Some(stranger) = spare(1).filter(|_| named) else { continue };
        let swap = Swap::of([(number, stranger)]);
        let made =
            probes.make(seed.with("an answer about another number").answering(move |_, _, r| swap.reply(&r))).await;
        findings.note(&made.what, made.dishonest());
    }
    findings.verdict("no answer names the number that it is about")
}

pub(super) async fn odd_requests(probes: &Probes<'_>) -> Verdict {
    let mut findings = Findings::default();
    let Some(seed) = probes.good("check").next() else { return findings.verdict(NO_CHECK) };
    let most = usize::try_from(probes.manifest.limits.batch_max).unwrap_or(usize::MAX);
    let batches = [
        ("no number at all", Vec::new()),
        ("a number of another country", E164::parse("+442079460123").into_iter().collect()),
        ("as many numbers as its manifest takes", (0..most).filter_map(spare).collect::<Vec<E164>>()),
    ];
    for (what, numbers) in batches {
        let made = probes.make(batch(seed, what, numbers)).await;
        findings.note(&made.what, broke(&made.outcome));
    }
    let token = Some("a token that nobody gave".to_owned());
    let asked = seed.with("a strange token").asking(check_of(&seed.ask, numbers_of(&seed.ask), token));
    let made = probes.make(asked).await;
    findings.note(&made.what, broke(&made.outcome));
    findings.verdict(NO_CHECK)
}
