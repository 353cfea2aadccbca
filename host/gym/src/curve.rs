//! The two curves of the world, in integers, so that every machine draws the same: the logistic function and talk times.

use crate::draw::{BILLION, Key};

/// The chance, in parts of a thousand million, that belongs to so many thousandths of a log-odd.
pub fn logistic(log_odds_milli: i64) -> u64 {
    // 1 / (1 + e^-x) for x >= 0, and mirrored below.
    let tail = exp_minus(log_odds_milli.unsigned_abs());
    let one = 1u128 << SCALE;
    let above = (u128::from(BILLION) * one / (one + u128::from(tail))) as u64;
    if log_odds_milli >= 0 { above } else { BILLION - above }
}

/// e to the power of minus so many thousandths, in parts of 2^63.
fn exp_minus(milli: u64) -> u64 {
    if milli >> EXP_MINUS.len() != 0 {
        return 0;
    }
    let mut product = 1u128 << SCALE;
    for (bit, factor) in EXP_MINUS.iter().enumerate() {
        if milli >> bit & 1 == 1 {
            product = (product * u128::from(*factor)) >> SCALE;
        }
    }
    product as u64
}

const SCALE: u32 = 63;

/// e^(-2^k / 1000) in parts of 2^63, computed with sixty digits and rounded.
const EXP_MINUS: [u64; 15] = [
    9_214_153_274_967_095_017,
    9_204_943_727_233_457_039,
    9_186_552_237_399_320_465,
    9_149_879_422_975_643_396,
    9_076_972_404_502_746_931,
    8_932_896_526_659_065_735,
    8_651_569_083_101_707_462,
    8_115_215_053_734_890_852,
    7_140_199_387_514_126_046,
    5_527_528_011_419_391_421,
    3_312_624_254_441_866_547,
    1_189_747_026_062_558_497,
    153_468_599_159_683_837,
    2_553_579_193_588_215,
    706_982_942_016,
];

/// Seconds of talk once the first six are over, lognormal with this median and a spread of 1.3.
pub fn talk_seconds(key: Key, median_seconds: u64) -> u32 {
    // 8.7 % of such talks would end within six seconds; those are short calls, which are drawn apart.
    let place = TALK_FROM + key.below(TALK_STEPS - TALK_FROM);
    let (at, part) = ((place >> 16) as usize, place & 0xffff);
    let (low, high) = (TALK_PERMILLE[at], TALK_PERMILLE[at + 1]);
    let permille = low + (((high - low) * part) >> 16);
    (median_seconds * permille / 1000).max(6) as u32
}

/// Sixty-four steps of 2^16 places each.
const TALK_STEPS: u64 = 64 << 16;
const TALK_FROM: u64 = TALK_STEPS * 87 / 1000;

/// Each sixty-fourth quantile of a lognormal with spread 1.3, in thousandths of its median; both ends are cut at a
/// quarter of a step.
const TALK_PERMILLE: [u64; 65] = [
    31, 61, 89, 113, 136, 158, 180, 202, 224, 246, 269, 292, 316, 340, 364, 390, 416, 443, 471, 500, 530, 561, 593,
    626, 661, 697, 735, 774, 815, 858, 903, 950, 1000, 1052, 1107, 1165, 1227, 1292, 1361, 1435, 1513, 1597, 1687,
    1784, 1888, 2001, 2123, 2257, 2403, 2565, 2744, 2944, 3169, 3424, 3717, 4058, 4461, 4947, 5548, 6316, 7347, 8835,
    11_263, 16_445, 31_756,
];

#[cfg(test)]
mod tests {
    use super::logistic;

    #[test]
    fn the_logistic_curve_is_the_one_in_the_books() {
        // From a table of the function, to nine digits.
        for (milli, chance) in
            [(0, 500_000_000), (1000, 731_058_578), (-1000, 268_941_422), (-7000, 911_052), (-20_000, 0)]
        {
            let drawn = logistic(milli);
            assert!(drawn.abs_diff(chance) <= 3, "{milli}: {drawn} is not {chance}");
        }
    }
}
