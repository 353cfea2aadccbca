//! The question for one call, the answer to it, and the receipt that says why.

use crate::carrier::Carrier;
use crate::e164::E164;
use crate::law::Whereabouts;
use crate::moment::Moment;
use crate::number::Life;
use crate::owner::OwnerId;
use crate::policy::{Policy, Rung};
use crate::region::{Region, Zip};
use crate::usage::Shown;
use core::time::Duration;
use serde::{Deserialize, Serialize};

/// Which caller ID for this call?
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ask {
    pub owner: OwnerId,
    /// Selects the policy's scope beside the owner; whoever asks has resolved it.
    pub campaign: Option<String>,
    pub callee: E164,
    /// Where the callee lives, as the list says; beside what its number tells.
    pub state: Option<Region>,
    pub zip: Option<Zip>,
    /// The callee's carrier, where it is known.
    pub carrier: Option<Carrier>,
    /// Stamped once, at the door.
    pub at: Moment,
    /// Drawn once, at the door: decides between equals and how long a turn lasts.
    pub tie_break: u64,
}

/// A campaign as far as its calls are told apart: a hash of its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct CampaignHash(pub u32);

impl CampaignHash {
    /// FNV-1a over the bytes of the name. Two names with one hash are taken for one campaign, which happens once in millions
    /// of pairs and costs a rule of policy, never one of law.
    pub fn of(name: &str) -> CampaignHash {
        let hash = name.bytes().fold(0x811c_9dc5_u32, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193));
        CampaignHash(hash)
    }

    /// Folded into half of it.
    pub const fn folded(self) -> u16 {
        (self.0 ^ (self.0 >> 16)) as u16
    }
}

impl Ask {
    /// The campaign that this call is for: the one that it names, or the one that owns the pool.
    pub fn campaign_hash(&self) -> Option<CampaignHash> {
        match (&self.campaign, &self.owner) {
            (Some(campaign), _) | (None, OwnerId::Campaign(campaign)) => Some(CampaignHash::of(campaign)),
            (None, OwnerId::User(_)) => None,
        }
    }

    /// The call as this policy has it counted.
    pub fn shown(&self, policy: &Policy) -> Shown {
        Shown {
            at: self.at,
            carrier: self.carrier.filter(|_| !policy.carrier_limits().is_none()),
            campaign: self.campaign_hash(),
            by_user: !policy.user_limits().is_none(),
        }
    }

    /// What is known of where the callee is.
    pub const fn whereabouts(&self) -> Whereabouts {
        Whereabouts { area_code: self.callee.area_code(), state: self.state, zip: self.zip }
    }
}

/// Show this number, or do not call now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Decision {
    Use {
        number: E164,
        /// The rung of the ladder it took, where it took one.
        rung: Option<Rung>,
        /// The callee saw this number last time.
        sticky: bool,
        /// Attempts that remain for this callee after this one.
        attempts_left: u32,
    },
    Hold {
        class: HoldClass,
        reason: HoldReason,
        /// After so long the same question may be answered otherwise.
        retry_after: Duration,
    },
}

/// What kind of no it is. Only [`HoldClass::CalleeLaw`] may become "do not call" in a dialer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HoldClass {
    CalleeLaw,
    Time,
    Capacity,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HoldReason {
    /// The callee asked not to be called, or blocked us.
    Suppressed,
    /// The callee stands on a do-not-call list.
    DoNotCall,
    /// A law of where the callee is lets nobody call it at this hour or on this day.
    OutsideLegalHours,
    /// The policy calls nobody there at this hour.
    OutsidePolicyHours,
    /// The callee's attempts in a day or in thirty days are spent.
    AttemptsSpent,
    /// The user or campaign has placed as many calls as its policy permits for now.
    UserCapsReached,
    /// The callee saw a change already, and the number it should see cannot be shown now.
    ChangeSpent,
    /// Every number that is left had its turn less than the gap ago.
    TurnGap,
    /// Every number that might be shown is at one of its caps.
    CapsReached,
    /// No number is local to the callee, and the policy wants one that is.
    NoLocalNumber,
    /// No number may be shown to this callee, whatever the time: standing, life or right stand against it.
    NoNumber,
}

impl HoldReason {
    /// The kind of no that this reason makes.
    pub const fn class(self) -> HoldClass {
        match self {
            HoldReason::Suppressed
            | HoldReason::DoNotCall
            | HoldReason::OutsideLegalHours
            | HoldReason::OutsidePolicyHours
            | HoldReason::AttemptsSpent => HoldClass::CalleeLaw,
            HoldReason::UserCapsReached | HoldReason::ChangeSpent | HoldReason::TurnGap => HoldClass::Time,
            HoldReason::CapsReached | HoldReason::NoLocalNumber | HoldReason::NoNumber => HoldClass::Capacity,
        }
    }

    /// The word used in answers and logs.
    pub const fn word(self) -> &'static str {
        match self {
            HoldReason::Suppressed => "suppressed",
            HoldReason::DoNotCall => "do_not_call",
            HoldReason::OutsideLegalHours => "outside_legal_hours",
            HoldReason::OutsidePolicyHours => "outside_policy_hours",
            HoldReason::AttemptsSpent => "attempts_spent",
            HoldReason::ChangeSpent => "change_spent",
            HoldReason::UserCapsReached => "user_caps_reached",
            HoldReason::TurnGap => "turn_gap",
            HoldReason::CapsReached => "caps_reached",
            HoldReason::NoLocalNumber => "no_local_number",
            HoldReason::NoNumber => "no_number",
        }
    }
}

impl HoldClass {
    /// The word used in answers and logs.
    pub const fn word(self) -> &'static str {
        match self {
            HoldClass::CalleeLaw => "callee_law",
            HoldClass::Time => "time",
            HoldClass::Capacity => "capacity",
        }
    }
}

/// What became of one candidate: chosen, or the first reason why not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Passed {
    Chosen,
    /// Its life keeps it from being shown.
    NotShown(Life),
    Resting,
    RightUnproven,
    /// The policy keeps it from being shown here.
    Excluded,
    /// No registry has it, and the policy wants one that does.
    Unregistered,
    /// Nobody has shown where a call back to it arrives, and the policy wants that.
    NoCallback,
    /// It shares the callee's exchange, as the number of a neighbour does.
    OwnExchange,
    /// It was shown for another campaign not long enough ago.
    OtherCampaign,
    /// Flagged or blocked on the callee's carrier.
    StandingExcludes,
    /// The callee's carrier is unknown, and too many callees are on carriers where it is flagged or blocked.
    UnknownCarrierRisk,
    /// The policy wants a local number, and it is none.
    NotLocal,
    WarmUp,
    PerDay,
    PerHour,
    PerMinute,
    /// It is at a cap of calls to the callee's carrier.
    PerCarrier,
    /// Its last turn ended less than the gap ago.
    TurnGap,
    /// It might be shown; the policy names another that is shown first.
    PinnedFirst,
    /// It might be shown; another has a better standing on the callee's carrier.
    BetterStandingFirst,
    /// It might be shown; another is nearer to the callee.
    NearerFirst,
    /// It might be shown; it is another number's turn.
    OutOfTurn,
    /// It might be shown; another has used less of its day.
    LessLoadedFirst,
    /// It might be shown; another is healthier.
    HealthierFirst,
    /// It might be shown as well as the other; the draw decided.
    Drawn,
    /// The callee saw another number last time.
    StickyFirst,
    /// It might be shown; for this call one was drawn evenly among all that might be, so that something is learned of each.
    Explored,
    /// Nothing was asked of it, because its user or campaign has placed enough calls for now.
    UserHeld,
    /// Nothing was asked of it, because this callee is not to be called now.
    CalleeHeld,
    /// It might be shown; the policy's ranker put another before it.
    RankedFirst,
}

impl Passed {
    /// The word used in receipts and logs.
    pub const fn word(self) -> &'static str {
        match self {
            Passed::Chosen => "chosen",
            Passed::NotShown(Life::Quarantined) => "not_shown_quarantined",
            Passed::NotShown(Life::Ready) => "not_shown_ready",
            Passed::NotShown(Life::Active) => "not_shown_active",
            Passed::NotShown(Life::AtRisk) => "not_shown_at_risk",
            Passed::NotShown(Life::Remediating) => "not_shown_remediating",
            Passed::NotShown(Life::Retired) => "not_shown_retired",
            Passed::NotShown(Life::Resting) | Passed::Resting => "resting",
            Passed::RightUnproven => "right_unproven",
            Passed::Excluded => "excluded",
            Passed::Unregistered => "unregistered",
            Passed::NoCallback => "no_callback",
            Passed::OwnExchange => "own_exchange",
            Passed::OtherCampaign => "other_campaign",
            Passed::PerCarrier => "per_carrier",
            Passed::PinnedFirst => "pinned_first",
            Passed::Explored => "explored",
            Passed::UserHeld => "user_held",
            Passed::StandingExcludes => "standing_excludes",
            Passed::UnknownCarrierRisk => "unknown_carrier_risk",
            Passed::NotLocal => "not_local",
            Passed::WarmUp => "warm_up",
            Passed::PerDay => "per_day",
            Passed::PerHour => "per_hour",
            Passed::PerMinute => "per_minute",
            Passed::TurnGap => "turn_gap",
            Passed::RankedFirst => "ranked_first",
            Passed::BetterStandingFirst => "better_standing_first",
            Passed::NearerFirst => "nearer_first",
            Passed::OutOfTurn => "out_of_turn",
            Passed::LessLoadedFirst => "less_loaded_first",
            Passed::HealthierFirst => "healthier_first",
            Passed::Drawn => "drawn",
            Passed::StickyFirst => "sticky_first",
            Passed::CalleeHeld => "callee_held",
        }
    }
}

/// What the policy's ranker had to do with a decision. Stored with it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ranking {
    /// The adapter's id.
    pub ranker: String,
    pub said: Ranked,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ranked {
    /// These first, in this order, of what the policy permits.
    Order { order: Vec<E164>, reason: String },
    /// Nothing that can be used, or not in time, so the policy's own order holds.
    FellBack { why: String },
}

impl Ranking {
    /// What comes first; nothing where the policy's own order holds.
    pub fn order(&self) -> &[E164] {
        match &self.said {
            Ranked::Order { order, .. } => order,
            Ranked::FellBack { .. } => &[],
        }
    }
}

/// Why a decision came out as it did. Stored with it, never computed again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Receipt {
    pub considered: Vec<(E164, Passed)>,
    /// The rungs that were climbed, in order; the last one is where it ended.
    pub rungs: Vec<Rung>,
    pub policy_revision: u64,
}
