//! Days as published files name them.

use numbers::Moment;

/// Days since 1970-01-01 UTC.
pub(super) fn day_of(now: Moment) -> u32 {
    (now.seconds() / 86_400) as u32
}

pub(super) fn is_weekend(day: u32) -> bool {
    // 1970-01-01 was a Thursday.
    matches!((day + 3) % 7, 5 | 6)
}

/// The day as `2026-11-23`, by the calendar that repeats every 400 years and is easiest to cut at the first of March.
pub(super) fn date(day: u32) -> String {
    let shifted = u64::from(day) + 719_468;
    let era = shifted / 146_097;
    let of_era = shifted % 146_097;
    let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let from_march = (5 * of_year + 2) / 153;
    let of_month = of_year - (153 * from_march + 2) / 5 + 1;
    let month = if from_march < 10 { from_march + 3 } else { from_march - 9 };
    let year = era * 400 + year_of_era + u64::from(month <= 2);
    format!("{year:04}-{month:02}-{of_month:02}")
}

#[cfg(test)]
mod tests {
    use super::{date, is_weekend};

    #[test]
    fn days_have_their_dates() {
        for (day, expected) in [
            (0, "1970-01-01"),
            (59, "1970-03-01"),
            (11_016, "2000-02-29"),
            (20_780, "2026-11-23"),
            (47_541, "2100-03-01"),
        ] {
            assert_eq!(date(day), expected);
        }
        assert!(!is_weekend(20_780), "2026-11-23 is a Monday");
        assert!(is_weekend(20_779) && is_weekend(20_778) && !is_weekend(20_777));
    }
}
