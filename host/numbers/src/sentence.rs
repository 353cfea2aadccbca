//! What the codes of a receipt say in a sentence, once for everybody who shows them, and which fields of a policy stand behind
//! each.
//!
//! The words that programs read are beside the codes, in [`crate::decision`]. Nothing here decides.

use crate::decision::{HoldReason, Passed};
use crate::number::Life;
use crate::policy::Rung;

impl Passed {
    /// What became of the candidate, for a person.
    pub const fn sentence(self) -> &'static str {
        match self {
            Passed::Chosen => "It is the number that was chosen.",
            Passed::NotShown(Life::Quarantined) => {
                "It is new and not yet screened and filed, so it is shown to nobody."
            }
            Passed::NotShown(Life::Ready) => "It is ready in the reserve and no number of this pool.",
            Passed::NotShown(Life::Active) => "It is in service and no number of the reserve any more.",
            Passed::NotShown(Life::AtRisk) => "It is at risk and no number of the reserve any more.",
            Passed::NotShown(Life::Remediating) => {
                "A label of it is being disputed, and it is no number of the reserve."
            }
            Passed::NotShown(Life::Retired) => "It is retired and shown to nobody any more.",
            Passed::NotShown(Life::Resting) | Passed::Resting => "It rests.",
            Passed::RightUnproven => "Nobody has proven that the business may show it.",
            Passed::Excluded => "The policy names it among those that are not shown.",
            Passed::Unregistered => "No registry has it, and the policy asks for one that does.",
            Passed::NoCallback => "Nobody has shown where a call back to it arrives, and the policy asks for that.",
            Passed::OwnExchange => "It shares the callee's exchange, as the number of a neighbour does.",
            Passed::OtherCampaign => "It spoke for another campaign not long enough ago.",
            Passed::PerCarrier => "Its calls to the callee's carrier are made for now.",
            Passed::StandingExcludes => "It is flagged or blocked on the callee's carrier, or rests there.",
            Passed::UnknownCarrierRisk => {
                "The callee's carrier is not known, and too many callees are on carriers where it is flagged or blocked."
            }
            Passed::NotLocal => "The policy wants a number that is local to the callee, and it is none.",
            Passed::WarmUp => "It is in its warm-up, and the calls of its stage for this day are made.",
            Passed::PerDay => "Its calls for this day are made.",
            Passed::PerHour => "Its calls for this hour are made.",
            Passed::PerMinute => "Its calls for this minute are made.",
            Passed::TurnGap => "Its last turn ended less than the gap between two turns ago.",
            Passed::PinnedFirst => "It might have been shown; the policy names the chosen one to be shown first.",
            Passed::Explored => {
                "It might have been shown; the chosen one was drawn evenly, so that something is learned of each."
            }
            Passed::UserHeld => "It was not looked at, because its user or campaign has placed enough calls for now.",
            Passed::BetterStandingFirst => {
                "It might have been shown; the chosen one has a better standing with the callee's carrier."
            }
            Passed::NearerFirst => "It might have been shown; the chosen one is nearer to the callee.",
            Passed::OutOfTurn => "It might have been shown; it was the turn of the chosen one.",
            Passed::LessLoadedFirst => "It might have been shown; the chosen one had used less of its day.",
            Passed::HealthierFirst => "It might have been shown; the chosen one is healthier.",
            Passed::Drawn => "It might have been shown as well as the chosen one; the draw decided.",
            Passed::StickyFirst => "The callee saw another number last time, which comes before all others.",
            Passed::CalleeHeld => "It was not looked at, because this callee is not to be called now.",
            Passed::RankedFirst => "It might have been shown; the policy's ranker put the chosen one before it.",
        }
    }

    /// The fields of a policy that this code rests on.
    pub const fn rests_on(self) -> &'static [&'static str] {
        match self {
            Passed::WarmUp => &["ramp_per_day", "ramp_for"],
            Passed::PerDay => &["per_day_soft", "per_day_hard", "day_starts_at"],
            Passed::PerHour => &["per_hour"],
            Passed::PerMinute => &["per_minute"],
            Passed::TurnGap => &["turn_gap"],
            Passed::Excluded => &["excluded"],
            Passed::PinnedFirst => &["pinned"],
            Passed::Unregistered => &["registered_only", "adopted_deadline"],
            Passed::NoCallback => &["callback_required", "adopted_deadline"],
            Passed::OwnExchange => &["own_exchange"],
            Passed::OtherCampaign => &["one_campaign", "campaign_wait"],
            Passed::PerCarrier => &["carrier_per_minute", "carrier_per_hour", "carrier_per_day"],
            Passed::Explored => &["explore_permille"],
            Passed::UserHeld => &["user_per_minute", "user_per_hour", "user_per_day"],
            Passed::NearerFirst => &["locality"],
            Passed::OutOfTurn => &["turn_calls", "turn_jitter", "turn_for"],
            Passed::LessLoadedFirst => &["per_day_soft", "per_day_hard"],
            Passed::StickyFirst => &["sticky_for"],
            Passed::NotLocal => &["locality"],
            Passed::UnknownCarrierRisk => &["unknown_carrier_excluded_permille"],
            Passed::RankedFirst => &["ranker", "ranker_deadline"],
            Passed::Chosen
            | Passed::NotShown(_)
            | Passed::Resting
            | Passed::RightUnproven
            | Passed::StandingExcludes
            | Passed::BetterStandingFirst
            | Passed::HealthierFirst
            | Passed::Drawn
            | Passed::CalleeHeld => &[],
        }
    }
}

impl HoldReason {
    /// Why nobody is called, for a person.
    pub const fn sentence(self) -> &'static str {
        match self {
            HoldReason::Suppressed => "The callee asked not to be called, or blocked us.",
            HoldReason::DoNotCall => "The callee stands on a do-not-call list.",
            HoldReason::OutsideLegalHours => {
                "A law of where the callee is lets nobody call it at this hour or on this day."
            }
            HoldReason::OutsidePolicyHours => "The policy calls nobody there at this hour.",
            HoldReason::AttemptsSpent => "The callee was called as often as law or policy permit.",
            HoldReason::UserCapsReached => "The user or campaign has placed as many calls as it may for now.",
            HoldReason::ChangeSpent => {
                "The callee saw a change of number already, and the one it should see cannot be shown now."
            }
            HoldReason::TurnGap => "Every number that is left had its turn less than the gap ago.",
            HoldReason::CapsReached => "Every number that might be shown is at one of its caps.",
            HoldReason::NoLocalNumber => "No number is local to the callee, and the policy wants one that is.",
            HoldReason::NoNumber => {
                "No number may be shown to this callee, whatever the time: standing, life or right stand against it."
            }
        }
    }

    /// The fields of a policy that this reason rests on.
    pub const fn rests_on(self) -> &'static [&'static str] {
        match self {
            HoldReason::Suppressed | HoldReason::DoNotCall | HoldReason::OutsideLegalHours => &[],
            HoldReason::OutsidePolicyHours => &["calling_hours"],
            HoldReason::AttemptsSpent => &["attempts_per_24h", "attempts_per_30d"],
            HoldReason::UserCapsReached => &["user_per_minute", "user_per_hour", "user_per_day"],
            HoldReason::ChangeSpent => &["sticky_for"],
            HoldReason::TurnGap => &["turn_gap", "ladder"],
            HoldReason::CapsReached | HoldReason::NoNumber => &["ladder"],
            HoldReason::NoLocalNumber => &["locality", "ladder"],
        }
    }
}

impl Rung {
    /// What the rung gave, for a person.
    pub const fn sentence(self) -> &'static str {
        match self {
            Rung::RelaxLocality => "A number from elsewhere might be shown.",
            Rung::EndTurnEarly => "A number might be shown whose last turn ended less than the gap ago.",
            Rung::Bench => "The bench of the business was asked.",
            Rung::Reserve => "The reserve was asked.",
            Rung::HardCap => "Numbers might be shown up to their hard cap of the day.",
        }
    }
}
