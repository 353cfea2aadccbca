//! What may be relied on of a policy file: every value parsed, in its bounds, with its unit in its type.
//!
//! These are policy, not law, unless a field says so. The defaults are guesses with reasons; `policies/README.md` gives them.

use core::time::Duration;
use serde::{Deserialize, Serialize};

/// The rungs of the ladder that a call climbs when nothing passes, in the order the policy names them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Rung {
    /// Show a number from elsewhere.
    RelaxLocality,
    /// Show a number whose turn ended less than the gap ago.
    EndTurnEarly,
    /// Take from the bench of the business.
    Bench,
    /// Take a ready number from the reserve; it joins the pool.
    Reserve,
    /// Go from the soft to the hard daily cap.
    HardCap,
}

/// What to do when a dialer names a user nobody has added.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OnUnknownUser {
    /// Ask the pool of the campaign that the call names.
    Campaign,
    /// Add the user, with a pool from the reserve, for the campaign's business or the only business there is.
    Create,
    /// Answer with an error.
    Refuse,
}

/// When an answer may leave.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Durability {
    /// An answer may run ahead of its group by the owner's window, which a crash charges to the caps.
    Lease,
    /// Every answer waits for its group.
    Sync,
}

/// A policy in force.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Policy {
    /// Calls a day that one number is shown on, before and after [`Rung::HardCap`].
    pub per_day_soft: u32,
    pub per_day_hard: u32,
    pub per_hour: u32,
    pub per_minute: u32,
    /// How long after midnight UTC a calling day begins; by default when nobody in the United States may be called.
    pub day_starts_at: Duration,
    /// A turn is this many calls, give or take the jitter, drawn at its start.
    pub turn_calls: u32,
    pub turn_jitter: u32,
    /// At least this long between two turns of one number.
    pub turn_gap: Duration,
    /// A callee sees the same number again for so long, and at most one change within it.
    pub sticky_for: Duration,
    /// Attempts per callee, counted per business over all its numbers. Law in places; the ladder never relaxes them.
    pub attempts_per_24h: u32,
    pub attempts_per_30d: u32,
    /// An unknown callee carrier: a number is passed over when carriers with more than this share of callees exclude it.
    pub unknown_carrier_excluded_permille: u32,
    /// Numbers in a pool when a user or campaign is added.
    pub pool_size: u32,
    /// A new number waits this long after it was filed.
    pub new_number_wait: Duration,
    /// The warm-up: calls a day in each stage, and how long the whole ramp takes. After it the soft cap rules.
    pub ramp_per_day: Vec<u32>,
    pub ramp_for: Duration,
    /// How long a number rests after its flag is cleared.
    pub rest_for: Duration,
    /// The greatest share of a pool that may rest in its place, in a hundred.
    pub resting_percent_max: u32,
    /// A flagged number leaves its pool when the carriers it rests on serve more than this of a thousand callees.
    pub leave_pool_permille: u32,
    /// Numbers first shown in `swap_window` stay within this share of the holdings, in a hundred.
    pub swap_percent_max: u32,
    pub swap_window: Duration,
    /// Adopted numbers have so long for registration and proof of a call-back route.
    pub adopted_deadline: Duration,
    /// How often each source is asked about a number: in service; new, flagged or at risk.
    pub check_every: Duration,
    pub check_every_urgent: Duration,
    /// A registry gets at most one filing a business within this time.
    pub file_every: Duration,
    /// An early warning that nothing confirms ends after so long.
    pub at_risk_for: Duration,
    /// A case: disputes at most, the pause between them, and when an unanswered one expires.
    pub dispute_attempts: u32,
    pub dispute_every: Duration,
    pub case_expires_after: Duration,
    /// An answer may be asked for again under the same call id for so long.
    pub decision_valid_for: Duration,
    pub ladder: Vec<Rung>,
    /// Only numbers of the callee's own rate-centre group, until [`Rung::RelaxLocality`].
    pub locality_required: bool,
    pub on_unknown_user: OnUnknownUser,
    pub durability: Durability,
    /// The adapter that may put what is permitted in another order, and how long a call waits for it.
    pub ranker: Option<String>,
    pub ranker_deadline: Duration,
}

const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;

impl Default for Policy {
    fn default() -> Policy {
        Policy {
            per_day_soft: 60,
            per_day_hard: 75,
            per_hour: 12,
            per_minute: 3,
            day_starts_at: Duration::from_secs(9 * HOUR),
            turn_calls: 5,
            turn_jitter: 2,
            turn_gap: Duration::from_secs(2 * MINUTE),
            sticky_for: Duration::from_secs(30 * DAY),
            attempts_per_24h: 3,
            attempts_per_30d: 8,
            unknown_carrier_excluded_permille: 100,
            pool_size: 10,
            new_number_wait: Duration::from_secs(3 * DAY),
            ramp_per_day: vec![10, 20, 35, 60],
            ramp_for: Duration::from_secs(14 * DAY),
            rest_for: Duration::from_secs(14 * DAY),
            resting_percent_max: 20,
            leave_pool_permille: 500,
            swap_percent_max: 10,
            swap_window: Duration::from_secs(30 * DAY),
            adopted_deadline: Duration::from_secs(30 * DAY),
            check_every: Duration::from_secs(DAY),
            check_every_urgent: Duration::from_secs(4 * HOUR),
            file_every: Duration::from_secs(DAY),
            at_risk_for: Duration::from_secs(3 * DAY),
            dispute_attempts: 3,
            dispute_every: Duration::from_secs(7 * DAY),
            case_expires_after: Duration::from_secs(45 * DAY),
            decision_valid_for: Duration::from_secs(2 * MINUTE),
            ladder: vec![Rung::RelaxLocality, Rung::EndTurnEarly, Rung::Bench, Rung::Reserve, Rung::HardCap],
            locality_required: false,
            on_unknown_user: OnUnknownUser::Campaign,
            durability: Durability::Lease,
            ranker: None,
            ranker_deadline: Duration::from_millis(5),
        }
    }
}

impl Policy {
    /// The most calls a day in the warm-up stage that an age of `age` has reached; none when the ramp is over.
    pub fn ramp_cap(&self, age: Duration) -> Option<u32> {
        let stages = self.ramp_per_day.len() as u128;
        if stages == 0 || age >= self.ramp_for {
            return None;
        }
        let stage = age.as_millis() * stages / self.ramp_for.as_millis().max(1);
        self.ramp_per_day.get(stage as usize).copied()
    }
}
