//! How many calls are left before caps are reached, so that a dialer can slow down instead of being told to hold.
//!
//! It counts what numbers can bear and knows nothing of callees: how many of them may be called, and on whose carriers a
//! number rests, is asked call by call.

use crate::choose::{Candidate, Pool};
use crate::counts::Counts;
use crate::moment::Moment;
use crate::number::Life;
use crate::policy::{Policy, Rung};
use crate::usage::Usage;
use core::iter::Sum;
use core::time::Duration;
use serde::{Deserialize, Serialize};

/// Calls that can be placed at most before every number is at one of its caps.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pace {
    pub next_hour: u32,
    /// Until the calling day ends.
    pub today: u32,
}

const HOUR: Duration = Duration::from_secs(60 * 60);

/// What the numbers of this pool can bear from `at` on.
///
/// Whoever may climb to the hard cap is counted with it. Calls of the last hour have left it by the end of the next one, so
/// that the next hour takes as many as its cap, if the day does.
pub fn pace(pool: Pool<'_>, owner: &Counts, at: Moment, policy: &Policy) -> Pace {
    let hard = policy.ladder.contains(&Rung::HardCap);
    let numbers: Pace = pool
        .candidates
        .iter()
        .zip(pool.usage)
        .map(|(candidate, usage)| of_number(candidate, usage, at, policy, hard))
        .sum();
    let limits = policy.user_limits();
    let today = limits.day.map_or(u32::MAX, |cap| cap.saturating_sub(owner.today(at, policy)));
    let in_an_hour = limits.minute.map_or(u32::MAX, |cap| cap.saturating_mul(60)).min(limits.hour.unwrap_or(u32::MAX));
    let tomorrow = if a_day_begins(at, policy) { limits.day.unwrap_or(0) } else { 0 };
    Pace {
        next_hour: numbers.next_hour.min(in_an_hour).min(today.saturating_add(tomorrow)),
        today: numbers.today.min(today),
    }
}

/// Whether a calling day begins within the hour.
fn a_day_begins(at: Moment, policy: &Policy) -> bool {
    at.plus(HOUR).day(policy.day_starts_at) > at.day(policy.day_starts_at)
}

fn of_number(candidate: &Candidate, usage: &Usage, at: Moment, policy: &Policy, hard: bool) -> Pace {
    let shown = match candidate.life {
        Life::Active | Life::AtRisk | Life::Remediating => candidate.kept_back(at, policy).is_none(),
        Life::Quarantined | Life::Ready | Life::Resting | Life::Retired => false,
    };
    if !shown {
        return Pace::default();
    }
    let caps = candidate.caps(at, policy, hard);
    let today = caps.day.saturating_sub(usage.today(at, policy));
    // A day that begins within the hour brings its own calls.
    let tomorrow = if a_day_begins(at, policy) { caps.day } else { 0 };
    let (minute, hour) = (caps.limits.minute.unwrap_or(u32::MAX), caps.limits.hour.unwrap_or(u32::MAX));
    let next_hour = hour.min(minute.saturating_mul(60)).min(today.saturating_add(tomorrow));
    Pace { next_hour, today }
}

impl Pace {
    /// What is left when one more call is placed.
    #[must_use]
    pub const fn after_one(self) -> Pace {
        Pace { next_hour: self.next_hour.saturating_sub(1), today: self.today.saturating_sub(1) }
    }
}

impl Sum for Pace {
    fn sum<I: Iterator<Item = Pace>>(each: I) -> Pace {
        each.fold(Pace::default(), |sum, one| Pace {
            next_hour: sum.next_hour.saturating_add(one.next_hour),
            today: sum.today.saturating_add(one.today),
        })
    }
}

/// Numbers that carry so many dials a day at the hard cap, while one of them rests.
pub fn pool_size_for(dials_per_day: u32, policy: &Policy) -> u32 {
    dials_per_day.div_ceil(policy.per_day_hard.max(1)).saturating_add(1)
}
