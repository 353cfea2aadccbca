//! How often people would have answered under the shadow, told from calls that the policy in force chose.
//!
//! That can be told only where the policy in force draws among its numbers: a number that it never shows teaches nothing. So
//! there is a figure only while it explores at least [`EXPLORE_PERMILLE_MIN`] of the calls, only over calls for which the
//! shadow would show a number that might have been drawn, and only when there are enough of them; otherwise a reason.

use super::CORRECTED_FOR;
use super::figures::Sums;
use crate::desk::{EstimateView, RatesView, Stamp};
use numbers::{Moment, Outcome};
use std::collections::BTreeMap;

/// The policy in force must explore so much, on every call since the estimate began.
pub const EXPLORE_PERMILLE_MIN: u32 = 10;
/// Calls kept until their outcome is told; each takes some fifty bytes. Beyond it the oldest are let go before their time.
const OPEN_MAX: usize = 200_000;
/// Below so many effective calls a normal approximation says nothing. The usual rule of thumb.
const EFFECTIVE_MIN: f64 = 30.0;
/// Where the first choices of the two differ, so many calls must have shown the shadow's by exploring. Guessed: with fewer, the
/// next one may turn the figure over.
const FAR_MIN: u64 = 10;
/// A call counts as shown by exploring when it was less likely than this.
const FAR_BELOW_PPM: u32 = 500_000;
/// First choices that differ on fewer than one call in so many move no figure.
const DIFFER_ONE_IN: u64 = 100;

/// What the shadow would have shown on a call on which the policy in force showed a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tried {
    /// The same, which was so likely.
    Same(u32),
    /// Another one, which might have been drawn.
    Other { by_choice: bool },
    /// Another one, which could not be drawn.
    Beyond,
    /// None.
    Held,
}

#[derive(Debug, Default)]
pub struct Estimate {
    /// Since when every call was decided by a policy that explores.
    begun: Option<Moment>,
    /// The last call that was not.
    unexplored_at: Option<Moment>,
    open: BTreeMap<u64, Open>,
    /// Calls let go before their time, because there were too many.
    let_go: u64,
    held: u64,
    beyond: u64,
    sums: Sums,
    /// Of the calls in the sums: shown alike at all, shown alike by exploring, and those on which the first choices differ.
    alike: u64,
    far: u64,
    differ: u64,
}

/// A call until nothing more can be told of it.
#[derive(Clone, Copy, Debug)]
struct Open {
    at: Moment,
    tried: Tried,
    answered: Option<bool>,
}

impl Estimate {
    /// Whether calls count from here on. One that was decided by a policy that explores too little begins the estimate anew.
    pub fn explores(&mut self, permille: u32, at: Moment) -> bool {
        if permille < EXPLORE_PERMILLE_MIN {
            *self = Estimate { unexplored_at: Some(at), ..Estimate::default() };
            return false;
        }
        self.begun.get_or_insert(at);
        true
    }

    pub fn take(&mut self, seq: u64, at: Moment, tried: Tried) {
        match tried {
            Tried::Held => self.held += 1,
            Tried::Beyond => self.beyond += 1,
            Tried::Same(_) | Tried::Other { .. } => {
                self.open.insert(seq, Open { at, tried, answered: None });
            }
        }
        while let Some(oldest) = self.open.first_entry() {
            let early = at.since(oldest.get().at) <= CORRECTED_FOR;
            if early && self.open.len() <= OPEN_MAX {
                break;
            }
            self.let_go += u64::from(early);
            self.open.pop_first();
        }
    }

    /// This is known of a call now, in place of what was known before. A call that was never placed counts nothing.
    pub fn known(&mut self, seq: u64, outcome: Outcome) {
        let answered = (outcome != Outcome::NotPlaced).then_some(outcome == Outcome::AnsweredHuman);
        let Some(open) = self.open.get_mut(&seq) else { return };
        let before = core::mem::replace(&mut open.answered, answered);
        let tried = open.tried;
        if before == answered {
            return;
        }
        if let Some(before) = before {
            self.sums.take_out(tried.weight(), before);
            self.add_parts(tried, |count| count.saturating_sub(1));
        }
        if let Some(answered) = answered {
            self.sums.add(tried.weight(), answered);
            self.add_parts(tried, |count| count + 1);
        }
    }

    fn add_parts(&mut self, tried: Tried, change: impl Fn(u64) -> u64) {
        match tried {
            Tried::Same(ppm) => {
                self.alike = change(self.alike);
                if ppm < FAR_BELOW_PPM {
                    self.far = change(self.far);
                }
            }
            Tried::Other { by_choice: true } => self.differ = change(self.differ),
            Tried::Other { by_choice: false } | Tried::Beyond | Tried::Held => {}
        }
    }

    pub fn view(&self) -> EstimateView {
        let why_not = self.why_not();
        EstimateView {
            of: Outcome::AnsweredHuman.word().to_owned(),
            estimable: why_not.is_none(),
            rates: why_not.is_none().then(|| RatesView {
                in_force: self.sums.plain(),
                shadow: self.sums.weighted(),
                difference: self.sums.difference(),
            }),
            why_not,
            since: self.begun.map(Stamp),
            calls: self.sums.calls().round() as u64,
            shown_alike: self.alike,
            effective_calls: self.sums.effective_calls(),
            mean_weight: self.sums.mean_weight(),
            would_be_held: self.held,
            out_of_reach: self.beyond,
            untold: self.open.values().filter(|open| open.answered.is_none()).count() as u64,
            let_go: self.let_go,
        }
    }

    fn why_not(&self) -> Option<String> {
        let calls = self.sums.calls();
        let percent = f64::from(EXPLORE_PERMILLE_MIN) / 10.0;
        if self.begun.is_none() {
            return Some(match self.unexplored_at {
                Some(at) => format!(
                    "the policy in force explores less than {percent} % of the calls (the last such call was at {}); set \
                     `explore_permille = {EXPLORE_PERMILLE_MIN}` or more for everybody who calls",
                    Stamp(at)
                ),
                None => "no call was compared yet".to_owned(),
            });
        }
        if calls < 0.5 {
            return Some("no outcome of a call was told yet".to_owned());
        }
        if self.sums.effective_calls() < EFFECTIVE_MIN {
            return Some(format!(
                "the calls that both answer alike are worth {:.0}, and {EFFECTIVE_MIN:.0} are needed; wait for more, or explore \
                 more",
                self.sums.effective_calls()
            ));
        }
        if self.far < FAR_MIN && self.differ * DIFFER_ONE_IN > calls as u64 {
            return Some(format!(
                "the first choices of the two differ, and exploring has shown the shadow's on {} calls, of which {FAR_MIN} are \
                 needed; wait for more, or explore more",
                self.far
            ));
        }
        (!self.sums.varies()).then(|| "every outcome so far is the same".to_owned())
    }
}

impl Tried {
    fn weight(self) -> f64 {
        match self {
            Tried::Same(ppm) => 1e6 / f64::from(ppm.max(1)),
            Tried::Other { .. } | Tried::Beyond | Tried::Held => 0.0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A stream of figures from a seed: SplitMix64.
    struct Dice(u64);

    impl Dice {
        fn roll(&mut self) -> f64 {
            self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
            super::super::apart(self.0) as f64 / u64::MAX as f64
        }

        fn below(&mut self, sides: u64) -> u64 {
            ((self.roll() * sides as f64) as u64).min(sides - 1)
        }
    }

    /// Of five numbers the policy in force shows the first, and one in `explore` thousandths any. Each is answered at its rate.
    /// The shadow shows the first on a half of the calls and the last on the others.
    fn simulated(seed: u64, explore: u32, calls: u64) -> (Estimate, f64) {
        const RATES: [f64; 5] = [0.10, 0.12, 0.14, 0.16, 0.30];
        let (mut dice, mut estimate) = (Dice(seed), Estimate::default());
        for seq in 0..calls {
            let at = Moment(1_800_000_000_000 + seq * 1000);
            let explores = dice.roll() * 1000.0 < f64::from(explore);
            let shown = if explores { dice.below(5) } else { 0 };
            let wished = if dice.roll() < 0.5 { 0 } else { 4 };
            let evenly = explore * 1000 / 5;
            let likely = evenly + if shown == 0 { (1000 - explore) * 1000 } else { 0 };
            if !estimate.explores(explore, at) {
                continue;
            }
            let explored = explores && shown != 0;
            let tried = if shown == wished { Tried::Same(likely) } else { Tried::Other { by_choice: !explored } };
            estimate.take(seq, at, tried);
            let answered = dice.roll() < RATES[shown as usize];
            // What was told first is corrected later, as it is on the path of a call.
            estimate.known(seq, Outcome::NoAnswer);
            estimate.known(seq, if answered { Outcome::AnsweredHuman } else { Outcome::Voicemail });
        }
        (estimate, (RATES[0] + RATES[4]) / 2.0)
    }

    #[test]
    fn the_interval_holds_the_true_rate_as_often_as_it_says() {
        let (mut held, mut differs, seeds) = (0, 0, 200);
        for seed in 0..seeds {
            let (estimate, truth) = simulated(seed, 100, 3000);
            let view = estimate.view();
            let rates = view.rates.unwrap_or_else(|| panic!("seed {seed}: {:?}", view.why_not));
            held += u32::from(rates.shadow.low <= truth && truth <= rates.shadow.high);
            differs += u32::from(rates.difference.low > 0.0);
            assert!((view.mean_weight - 1.0).abs() < 0.6, "seed {seed}: {}", view.mean_weight);
        }
        // 190 of 200 are expected of a true 95 %; a normal approximation of few heavy calls holds a little less.
        assert!((176..=200).contains(&held), "{held} of {seeds} intervals hold the true rate");
        assert!(differs > seeds as u32 / 2, "the shadow is better, and {differs} of {seeds} intervals say so");
    }

    #[test]
    fn without_exploring_nothing_is_estimated() {
        for explore in [0, 9] {
            let view = simulated(7, explore, 500).0.view();
            assert!(!view.estimable && view.rates.is_none());
            let why = view.why_not.expect("a reason");
            assert!(why.contains("explores less than 1 %") && why.contains("explore_permille"), "{why}");
        }
        assert_eq!(Estimate::default().view().why_not.as_deref(), Some("no call was compared yet"));
    }

    #[test]
    fn one_call_that_was_decided_without_exploring_begins_the_estimate_anew() {
        let (mut estimate, _) = simulated(3, 100, 3000);
        assert!(estimate.view().estimable);
        assert!(!estimate.explores(0, Moment(1)));
        estimate.known(5, Outcome::AnsweredHuman);
        let view = estimate.view();
        assert_eq!((view.estimable, view.calls, view.untold), (false, 0, 0));
        assert!(estimate.explores(10, Moment(2)));
        assert_eq!(estimate.view().since, Some(Stamp(Moment(2))));
    }

    #[test]
    fn too_little_that_was_explored_is_no_figure() {
        let view = simulated(11, 10, 400).0.view();
        assert!(!view.estimable, "half of the choices differ and four calls explored: {view:?}");
        assert!(view.why_not.expect("a reason").contains("explore more"));
    }

    #[test]
    fn calls_are_kept_for_two_days_and_no_more_of_them_than_the_bound() {
        let mut estimate = Estimate::default();
        let first = Moment(1_800_000_000_000);
        assert!(estimate.explores(10, first));
        (0..OPEN_MAX as u64 + 5).for_each(|seq| estimate.take(seq, first, Tried::Other { by_choice: true }));
        assert_eq!((estimate.open.len(), estimate.let_go), (OPEN_MAX, 5));
        let later = first.plus(CORRECTED_FOR).plus(core::time::Duration::from_secs(1));
        estimate.take(u64::MAX, later, Tried::Same(1_000_000));
        assert_eq!((estimate.open.len(), estimate.let_go), (1, 5), "old ones are let go in time");
        estimate.known(u64::MAX, Outcome::AnsweredHuman);
        estimate.known(u64::MAX, Outcome::NotPlaced);
        assert_eq!(estimate.view().calls, 0, "a call that was never placed counts nothing");
    }
}
