//! What the shadow and the policy in force answered to the same calls, counted.

use super::super::replay::judge::{locality_word, standing_word};
use super::Shadowed;
use super::figures::paired;
use crate::desk::{ComparisonView, MeasureView};
use crate::policies::rung_word;
use numbers::area::locality;
use numbers::{Answer, Decision, HoldReason};
use std::collections::{BTreeMap, BTreeSet};

#[derive(Debug, Default)]
pub struct Compared {
    calls: u64,
    same: u64,
    other_number: u64,
    other_hold: u64,
    hold_to_use: BTreeMap<&'static str, u64>,
    use_to_hold: BTreeMap<&'static str, u64>,
    /// Calls of which the shadow's ranker said nothing that could be used.
    ranker_silent: u64,
    measures: BTreeMap<Fact, Both>,
}

/// Something that holds of an answer: a kind, and a word of that kind.
type Fact = (&'static str, &'static str);

/// Of how many answers a fact holds.
#[derive(Clone, Copy, Debug, Default)]
struct Both {
    in_force_alone: u64,
    shadow_alone: u64,
    both: u64,
}

impl Compared {
    pub fn take(&mut self, shadowed: &Shadowed, answer: &Answer, ranker_silent: bool) {
        self.calls += 1;
        self.ranker_silent += u64::from(ranker_silent);
        self.compare(&shadowed.answer.decision, &answer.decision);
        let (was, would_be) = (facts(shadowed, &shadowed.answer), facts(shadowed, answer));
        for fact in was.union(&would_be) {
            let both = self.measures.entry(*fact).or_default();
            match (was.contains(fact), would_be.contains(fact)) {
                (true, true) => both.both += 1,
                (true, false) => both.in_force_alone += 1,
                (false, _) => both.shadow_alone += 1,
            }
        }
    }

    fn compare(&mut self, was: &Decision, would_be: &Decision) {
        match (was, would_be) {
            (Decision::Use { number, .. }, Decision::Use { number: other, .. }) if number == other => self.same += 1,
            (Decision::Use { .. }, Decision::Use { .. }) => self.other_number += 1,
            (Decision::Hold { reason, .. }, Decision::Hold { reason: other, .. }) if reason == other => self.same += 1,
            (Decision::Hold { .. }, Decision::Hold { .. }) => self.other_hold += 1,
            (Decision::Hold { reason, .. }, Decision::Use { .. }) => add(&mut self.hold_to_use, *reason),
            (Decision::Use { .. }, Decision::Hold { reason, .. }) => add(&mut self.use_to_hold, *reason),
        }
    }

    pub fn view(&self) -> ComparisonView {
        let measure = |((kind, word), both): (&Fact, &Both)| MeasureView {
            what: (*kind).to_owned(),
            word: (*word).to_owned(),
            in_force: both.both + both.in_force_alone,
            shadow: both.both + both.shadow_alone,
            difference: paired(self.calls, both.shadow_alone, both.in_force_alone),
        };
        let named = |counts: &BTreeMap<&'static str, u64>| {
            counts.iter().map(|(word, count)| ((*word).to_owned(), *count)).collect()
        };
        ComparisonView {
            calls: self.calls,
            same: self.same,
            other_number: self.other_number,
            hold_to_use: named(&self.hold_to_use),
            use_to_hold: named(&self.use_to_hold),
            other_hold: self.other_hold,
            ranker_silent: self.ranker_silent,
            measures: self.measures.iter().map(measure).collect(),
        }
    }
}

fn add(counts: &mut BTreeMap<&'static str, u64>, reason: HoldReason) {
    *counts.entry(reason.word()).or_default() += 1;
}

/// What is compared of an answer.
fn facts(shadowed: &Shadowed, answer: &Answer) -> BTreeSet<Fact> {
    match &answer.decision {
        Decision::Hold { reason, .. } => [("held", reason.word())].into(),
        Decision::Use { number, rung, sticky, .. } => {
            let candidates =
                shadowed.view.candidates.iter().chain(&shadowed.shared.bench).chain(&shadowed.shared.reserve);
            let standing = standing_word(*number, shadowed.ask.carrier, candidates);
            let mut facts = BTreeSet::from([
                ("shown", "a_number"),
                ("locality", locality_word(locality(*number, shadowed.ask.callee))),
                ("standing", standing),
            ]);
            facts.extend(rung.map(|rung| ("rung", rung_word(rung))));
            facts.extend(sticky.then_some(("shown", "same_number_as_last_time")));
            facts
        }
    }
}
