//! What may be relied on of a policy file: every value parsed, in its bounds, with its unit in its type.
//!
//! These are policy, not law, unless a field says so. The defaults are guesses with reasons; `policies/README.md` gives them.

use crate::counts::Limits;
use crate::e164::E164;
use crate::hours::Hours;
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

/// How much a rule of policy weighs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Strictness {
    /// Not asked.
    Off,
    /// A number that keeps the rule comes before one that does not.
    Soft,
    /// A number that does not keep the rule is not shown.
    Hard,
}

const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;

const fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// Says every field once: its meaning, its type, its first default. From it come the policy, and the patch that a scope
/// lays over it.
///
/// A field marked `law` is a rule of law, and says which of two values is the stricter one. A scope only ever tightens it.
macro_rules! fields {
    ($($(#[$meaning:meta])* $name:ident: $kind:ty = $first:expr $(, law $stricter:expr)?;)*) => {
        /// A policy in force for one call, or for one number.
        #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
        pub struct Policy {
            $($(#[$meaning])* pub $name: $kind,)*
            /// The rules of law that do not bind here, each by a named person and for a recorded reason.
            pub exemptions: Vec<Exemption>,
        }

        impl Default for Policy {
            fn default() -> Policy {
                Policy { $($name: $first,)* exemptions: Vec::new() }
            }
        }

        /// What one scope says: the fields that it names, and no others.
        #[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
        pub struct Patch {
            $(pub $name: Option<$kind>,)*
            /// Those that this scope adds.
            pub exemptions: Vec<Exemption>,
        }

        impl Patch {
            /// Lays this over a policy. A rule of law is tightened, and never relaxed but by an exemption.
            pub fn apply(&self, policy: &mut Policy) {
                policy.exemptions.extend(self.exemptions.iter().cloned());
                $(if let Some(said) = &self.$name {
                    let exempt = policy.exempts(stringify!($name));
                    policy.$name = fields!(@laid over policy.$name, said, exempt $(, $stricter)?);
                })*
            }

            /// Lays this over a policy and lets it relax what it likes. For the policy of everybody, under which nothing lies
            /// but the first defaults.
            pub fn apply_freely(&self, policy: &mut Policy) {
                policy.exemptions.extend(self.exemptions.iter().cloned());
                $(if let Some(said) = &self.$name {
                    policy.$name = said.clone();
                })*
            }

            /// Whether it says this field.
            pub fn says(&self, field: &str) -> bool {
                match field {
                    $(stringify!($name) => self.$name.is_some(),)*
                    _ => false,
                }
            }

            /// This patch with another one under it: what this one leaves out, the other one says.
            #[must_use]
            pub fn over(mut self, under: Patch) -> Patch {
                $(self.$name = self.$name.or(under.$name);)*
                self.exemptions.extend(under.exemptions);
                self
            }
        }

        /// The rules of law: the fields that scopes only tighten, the table of jurisdictions, and the do-not-call lists.
        pub const LAWS: &[&str] = &[$($(fields!(@first stringify!($name), $stricter),)?)* JURISDICTIONS, DO_NOT_CALL];
    };
    (@laid over $held:expr, $said:ident, $exempt:ident) => {{
        let _ = $exempt;
        $said.clone()
    }};
    (@laid over $held:expr, $said:ident, $exempt:ident, $stricter:expr) => {
        if $exempt { $said.clone() } else { $stricter($held, $said.clone()) }
    };
    (@first $name:expr, $stricter:expr) => { $name };
}

fields! {
    /// Calls a day that one number is shown on, before and after [`Rung::HardCap`].
    per_day_soft: u32 = 60;
    per_day_hard: u32 = 75;
    per_hour: u32 = 12;
    per_minute: u32 = 3;
    /// Calls that one number is shown on to the callees of one carrier, where that is known.
    carrier_per_day: Option<u32> = None;
    carrier_per_hour: Option<u32> = None;
    carrier_per_minute: Option<u32> = None;
    /// Calls that one user or campaign places from its pool.
    user_per_day: Option<u32> = None;
    user_per_hour: Option<u32> = None;
    user_per_minute: Option<u32> = None;
    /// How long after midnight UTC a calling day begins; by default when nobody in the United States may be called.
    day_starts_at: Duration = seconds(9 * HOUR);
    /// A turn is this many calls, give or take the jitter, drawn at its start.
    turn_calls: u32 = 5;
    turn_jitter: u32 = 2;
    /// Where it is set, a turn lasts so long and at least the calls above.
    turn_for: Option<Duration> = None;
    /// At least this long between two turns of one number.
    turn_gap: Duration = seconds(2 * MINUTE);
    /// A callee sees the same number again for so long, and at most one change within it.
    sticky_for: Duration = seconds(30 * DAY);
    /// When callees are called, by their own clocks. The law of where they are holds beside it and never under it.
    calling_hours: Hours = Hours::FEDERAL, law |held: Hours, said: Hours| held.intersection(&said);
    /// Attempts per callee, counted per business over all its numbers. Law in places; the ladder never relaxes them.
    attempts_per_24h: u32 = 3, law u32::min;
    attempts_per_30d: u32 = 8, law u32::min;
    /// An unknown callee carrier: a number is passed over when carriers with more than this share of callees exclude it.
    unknown_carrier_excluded_permille: u32 = 100;
    /// Numbers in a pool when a user or campaign is added.
    pool_size: u32 = 10;
    /// A new number waits this long after it was filed.
    new_number_wait: Duration = seconds(3 * DAY);
    /// The warm-up: calls a day in each stage, and how long the whole ramp takes. After it the soft cap rules.
    ramp_per_day: Vec<u32> = vec![10, 20, 35, 60];
    ramp_for: Duration = seconds(14 * DAY);
    /// How long a number rests after its flag is cleared.
    rest_for: Duration = seconds(7 * DAY);
    /// After a rest a number goes through the end of the warm-up once more, so long; nothing is none of it.
    ramp_after_rest_for: Duration = seconds(7 * DAY);
    /// A number in service rests when it has served so long, or been shown so often, since its last rest; for how long, and
    /// not before it has been in its pool for `dwell_min`.
    rest_every: Option<Duration> = None;
    rest_every_calls: Option<u32> = None;
    rest_planned_for: Duration = seconds(7 * DAY);
    dwell_min: Duration = seconds(30 * DAY);
    /// The greatest share of a pool that may rest in its place, in a hundred.
    resting_percent_max: u32 = 20;
    /// A flagged number leaves its pool when the carriers it rests on serve more than this of a thousand callees.
    leave_pool_permille: u32 = 500;
    /// Numbers first shown in `swap_window` stay within this share of the holdings, in a hundred.
    swap_percent_max: u32 = 10;
    swap_window: Duration = seconds(30 * DAY);
    /// Adopted numbers have so long for registration and proof of a call-back route.
    adopted_deadline: Duration = seconds(30 * DAY);
    /// How often each source is asked about a number: in service; new, flagged or at risk.
    check_every: Duration = seconds(DAY);
    check_every_urgent: Duration = seconds(4 * HOUR);
    /// A registry gets at most one filing a business within this time.
    file_every: Duration = seconds(DAY);
    /// An early warning that nothing confirms ends after so long.
    at_risk_for: Duration = seconds(3 * DAY);
    /// A case: disputes at most, the pause between them, and when an unanswered one expires.
    dispute_attempts: u32 = 3;
    dispute_every: Duration = seconds(7 * DAY);
    case_expires_after: Duration = seconds(45 * DAY);
    /// An answer may be asked for again under the same call id for so long.
    decision_valid_for: Duration = seconds(2 * MINUTE);
    ladder: Vec<Rung> = vec![Rung::RelaxLocality, Rung::EndTurnEarly, Rung::Bench, Rung::Reserve, Rung::HardCap];
    /// Numbers near the callee come first; hard: only those of its own rate-centre group, until [`Rung::RelaxLocality`].
    locality: Strictness = Strictness::Soft;
    /// Numbers of the callee's own exchange come last, or are not shown to it: that is how neighbour spoofing looks.
    own_exchange: Strictness = Strictness::Soft;
    /// Numbers that a registry has; adopted ones have `adopted_deadline` for it.
    registered_only: Strictness = Strictness::Soft;
    /// Numbers on which a call back is known to arrive; adopted ones have `adopted_deadline` for it.
    callback_required: Strictness = Strictness::Soft;
    /// A number speaks for one campaign, and for another one only when so long has passed.
    one_campaign: Strictness = Strictness::Soft;
    campaign_wait: Duration = seconds(45 * DAY);
    /// Shown before all others of the pool while they may be shown, and outside of turns.
    pinned: Vec<E164> = Vec::new();
    /// Not shown.
    excluded: Vec<E164> = Vec::new();
    /// Of a thousand calls, those on which a number is drawn evenly among all that may be shown, so that another policy can
    /// be judged by what came of it.
    explore_permille: u32 = 0;
    on_unknown_user: OnUnknownUser = OnUnknownUser::Campaign;
    durability: Durability = Durability::Lease;
    /// The adapter that may put what is permitted in another order, and how long a call waits for it.
    ranker: Option<String> = None;
    ranker_deadline: Duration = Duration::from_millis(5);
}

/// What an exemption calls the laws of where a callee is: their hours, holidays and attempts ([`crate::jurisdiction`]).
pub const JURISDICTIONS: &str = "jurisdictions";

/// What an exemption calls the national and the states' do-not-call lists. Nothing lifts the list of the business itself.
pub const DO_NOT_CALL: &str = "do_not_call";

/// A rule of law that does not bind a scope, because of a fact that a named person answers for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Exemption {
    /// The field, one of [`LAWS`].
    pub rule: String,
    /// Such as `consent` or `business-to-business`, in the words of whoever claims it.
    pub because: String,
    /// Who answers for it.
    pub by: String,
}

impl Policy {
    /// Whether somebody answers for it that this rule of law does not bind here.
    pub fn exempts(&self, rule: &str) -> bool {
        self.exemptions.iter().any(|exemption| exemption.rule == rule)
    }

    /// Whether the laws of where a callee is hold.
    pub fn is_bound(&self) -> bool {
        !self.exempts(JURISDICTIONS)
    }

    /// Whether somebody answers for it that the national and the states' do-not-call lists do not bind here.
    pub fn lifts_do_not_call(&self) -> bool {
        self.exempts(DO_NOT_CALL)
    }

    /// What one number is shown for at most to the callees of one carrier.
    pub const fn carrier_limits(&self) -> Limits {
        Limits { minute: self.carrier_per_minute, hour: self.carrier_per_hour, day: self.carrier_per_day }
    }

    /// What one user or campaign places at most.
    pub const fn user_limits(&self) -> Limits {
        Limits { minute: self.user_per_minute, hour: self.user_per_hour, day: self.user_per_day }
    }

    /// Whether the state is to be told that a number was shown so often in all: with each tenth of what it may serve before
    /// it pauses.
    pub fn tells_volume(&self, shown_total: u64) -> bool {
        self.rest_every_calls.is_some_and(|every| shown_total.is_multiple_of(u64::from(every.div_ceil(10)).max(1)))
    }

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
