//! How many calls are left before caps are reached, so that a dialer can slow down instead of being told to hold.
//!
//! It counts what numbers can bear and knows nothing of callees: how many of them may be called, and on whose carriers a
//! number rests, is asked call by call.

use crate::choose::{Candidate, Pool};
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
pub fn pace(pool: Pool<'_>, at: Moment, policy: &Policy) -> Pace {
    let hard = policy.ladder.contains(&Rung::HardCap);
    pool.candidates.iter().zip(pool.usage).map(|(candidate, usage)| of_number(candidate, usage, at, policy, hard)).sum()
}

fn of_number(candidate: &Candidate, usage: &Usage, at: Moment, policy: &Policy, hard: bool) -> Pace {
    let shown = match candidate.life {
        Life::Active | Life::AtRisk | Life::Remediating => candidate.proven,
        Life::Quarantined | Life::Ready | Life::Resting | Life::Retired => false,
    };
    if !shown {
        return Pace::default();
    }
    let caps = candidate.caps(at, policy, hard);
    let today = caps.day.saturating_sub(usage.today(at, policy));
    let in_an_hour = at.plus(HOUR);
    // A day that begins within the hour brings its own calls.
    let tomorrow = if in_an_hour.day(policy.day_starts_at) > at.day(policy.day_starts_at) { caps.day } else { 0 };
    let next_hour = caps.hour.min(caps.minute.saturating_mul(60)).min(today.saturating_add(tomorrow));
    Pace { next_hour, today }
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
