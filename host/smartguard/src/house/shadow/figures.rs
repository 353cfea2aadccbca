//! Intervals: of the difference of two shares of the same calls, and of a rate estimated from calls that another policy chose.
//!
//! Only sums are kept, so that a call costs the same however many there were, and what is known of it can be corrected.

use crate::desk::IntervalView;

/// The 97.5 % quantile of the normal distribution.
const Z: f64 = 1.959_964;

/// How a paired difference is reckoned, for whoever reads it.
pub const PAIRED_METHOD: &str = "paired difference of shares of all compared calls, in points of 1; 95 % interval by normal \
                                 approximation (Wald) with half a call added to each of the four cells of matched pairs";
/// How the rate of the shadow is reckoned.
pub const WEIGHTED_METHOD: &str = "self-normalised inverse propensity weighting over calls of which the outcome was told; a \
                                   call weighs 1 / propensity where the shadow, drawn apart, shows the same number, else 0; 95 \
                                   % interval by the delta method";

/// The difference of the shares of calls for which something held under the one (`gained`) or the other alone (`lost`).
pub fn paired(calls: u64, gained: u64, lost: u64) -> IntervalView {
    let (n, b, c) = (calls as f64, gained as f64, lost as f64);
    let (wide_n, b_half, c_half) = (n + 2.0, b + 0.5, c + 0.5);
    let middle = (b_half - c_half) / wide_n;
    let half = Z * (b_half + c_half - (b_half - c_half).powi(2) / wide_n).sqrt() / wide_n;
    let value = if calls == 0 { 0.0 } else { (b - c) / n };
    IntervalView { value, low: (middle - half).max(-1.0), high: (middle + half).min(1.0) }
}

/// Sums over calls with their weights `w` and outcomes `y`, which are 0 or 1.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Sums {
    n: f64,
    y: f64,
    w: f64,
    wy: f64,
    ww: f64,
    wwy: f64,
}

impl Sums {
    pub fn add(&mut self, weight: f64, answered: bool) {
        self.count(1.0, weight, answered);
    }

    pub fn take_out(&mut self, weight: f64, answered: bool) {
        self.count(-1.0, weight, answered);
    }

    fn count(&mut self, sign: f64, weight: f64, answered: bool) {
        let y = f64::from(u8::from(answered));
        self.n += sign;
        self.y += sign * y;
        self.w += sign * weight;
        self.wy += sign * weight * y;
        self.ww += sign * weight * weight;
        self.wwy += sign * weight * weight * y;
    }

    pub fn calls(&self) -> f64 {
        self.n
    }

    /// Near 1 when there are calls enough for the weights to make up for how they were chosen.
    pub fn mean_weight(&self) -> f64 {
        if self.n > 0.5 { self.w / self.n } else { 0.0 }
    }

    /// So many calls, all of one weight, would be as good.
    pub fn effective_calls(&self) -> f64 {
        if self.ww > 0.0 { self.w * self.w / self.ww } else { 0.0 }
    }

    /// Some of the calls that weigh were answered, and some were not.
    pub fn varies(&self) -> bool {
        self.wy > 0.0 && self.wy < self.w * (1.0 - 1e-12)
    }

    /// The rate under the policy that chose.
    pub fn plain(&self) -> IntervalView {
        let rate = self.y / self.n;
        interval(rate, (rate * (1.0 - rate) / self.n).sqrt())
    }

    /// The rate under the other policy.
    pub fn weighted(&self) -> IntervalView {
        let rate = self.wy / self.w;
        interval(rate, self.spread_of(rate).sqrt() / self.w)
    }

    /// The weighted rate less the plain one, over the same calls.
    pub fn difference(&self) -> IntervalView {
        let (rate, plain) = (self.wy / self.w, self.y / self.n);
        let scale = self.n / self.w;
        // Of each call: scale * w * (y - rate) - (y - plain). Both add up to 0, so the squares are the variance.
        let weighted = scale * scale * self.spread_of(rate);
        let of_plain = self.n * plain * (1.0 - plain);
        let across = self.wy * (1.0 - rate - plain) + self.w * rate * plain;
        let squares = (weighted + of_plain - 2.0 * scale * across).max(0.0);
        let difference = rate - plain;
        let half = Z * squares.sqrt() / self.n;
        IntervalView { value: difference, low: (difference - half).max(-1.0), high: (difference + half).min(1.0) }
    }

    /// The sum of `w² (y - rate)²`.
    fn spread_of(&self, rate: f64) -> f64 {
        (self.wwy * (1.0 - 2.0 * rate) + self.ww * rate * rate).max(0.0)
    }
}

fn interval(value: f64, error: f64) -> IntervalView {
    IntervalView { value, low: (value - Z * error).max(0.0), high: (value + Z * error).min(1.0) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn near(one: f64, other: f64) {
        assert!((one - other).abs() < 1e-4, "{one} is not {other}");
    }

    #[test]
    fn a_paired_difference_is_what_a_reckoning_by_hand_gives() {
        // 30 gained and 12 lost of 100: (30.5 - 12.5) / 102 ± 1.96 * sqrt(43 - 18² / 102) / 102.
        let found = paired(100, 30, 12);
        near(found.value, 0.18);
        near(found.low, 0.176_471 - 0.121_267);
        near(found.high, 0.176_471 + 0.121_267);
        let nothing = paired(0, 0, 0);
        assert_eq!(nothing.value, 0.0);
        assert!(nothing.low < -0.5 && nothing.high > 0.5, "nothing is known of no calls: {nothing:?}");
        let same = paired(1000, 0, 0);
        assert!(same.low < 0.0 && same.high > 0.0 && same.high < 0.003, "no difference is no certainty: {same:?}");
    }

    #[test]
    fn weighted_rates_are_what_a_reckoning_call_by_call_gives() {
        let calls = [(1.25, true), (0.0, true), (10.0, false), (1.25, false), (20.0, true), (0.0, false), (1.25, true)];
        let mut sums = Sums::default();
        calls.iter().for_each(|(weight, answered)| sums.add(*weight, *answered));
        sums.add(7.0, true);
        sums.take_out(7.0, true);

        let y = |answered: bool| f64::from(u8::from(answered));
        let n = calls.len() as f64;
        let w: f64 = calls.iter().map(|(w, _)| w).sum();
        let rate = calls.iter().map(|(w, a)| w * y(*a)).sum::<f64>() / w;
        let plain = calls.iter().map(|(_, a)| y(*a)).sum::<f64>() / n;
        near(sums.weighted().value, rate);
        near(sums.plain().value, plain);
        let error = calls.iter().map(|(w, a)| (w * (y(*a) - rate)).powi(2)).sum::<f64>().sqrt() / w;
        near(sums.weighted().low, (rate - Z * error).max(0.0));
        let of_call = |w: f64, a: bool| n / w_total(&calls) * w * (y(a) - rate) - (y(a) - plain);
        let squares: f64 = calls.iter().map(|(w, a)| of_call(*w, *a).powi(2)).sum();
        near(sums.difference().value, rate - plain);
        near(sums.difference().high, (rate - plain + Z * squares.sqrt() / n).min(1.0));
        near(sums.effective_calls(), w * w / calls.iter().map(|(w, _)| w * w).sum::<f64>());
        near(sums.mean_weight(), w / n);
    }

    fn w_total(calls: &[(f64, bool)]) -> f64 {
        calls.iter().map(|(w, _)| w).sum()
    }

    #[test]
    fn equal_weights_make_no_difference() {
        let mut sums = Sums::default();
        (0..100).for_each(|n| sums.add(1.0, n % 4 == 0));
        near(sums.weighted().value, 0.25);
        near(sums.weighted().low, sums.plain().low);
        near(sums.difference().high, 0.0);
        near(sums.effective_calls(), 100.0);
    }
}
