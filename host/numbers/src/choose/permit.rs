//! What one candidate may do for one call, and how it compares with the others.

use super::{From, Question};
use crate::area::{Locality, locality, same_exchange};
use crate::carrier::{Carrier, Carriers};
use crate::counts::{Limits, Window};
use crate::decision::{Ask, CampaignHash, Passed};
use crate::e164::E164;
use crate::moment::Moment;
use crate::number::{Life, Number, Origin};
use crate::policy::{Policy, Rung, Strictness};
use crate::standing::Status;
use crate::turn::{Turn, spread};
use crate::usage::Usage;
use core::time::Duration;

/// A number as the keeper publishes it for decisions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    pub number: E164,
    pub life: Life,
    /// The right to show it is proven.
    pub proven: bool,
    /// It was in service before, so that taking it from the reserve is no swap.
    pub known: bool,
    /// The standing at each carrier, by [`Carrier::index`].
    pub status: [Status; 8],
    /// Carriers on whose callees it rests, beyond what the standing says.
    pub excluded: Carriers,
    /// Its share is halved, as it is while it is at risk.
    pub half_share: bool,
    /// The warm-up runs from here; none when it has none to go through.
    pub ramp_since: Option<Moment>,
    /// A registry has it.
    pub registered: bool,
    /// It is known where a call back to it arrives.
    pub answerable: bool,
    /// Until then it may lack either of these, because it was in service before us.
    pub grace_until: Option<Moment>,
}

impl Candidate {
    /// A number of which nothing bad is known, for whoever makes one up.
    pub fn good(number: E164, life: Life) -> Candidate {
        Candidate {
            number,
            life,
            proven: true,
            known: true,
            status: [Status::Unflagged; 8],
            excluded: Carriers::NONE,
            half_share: life == Life::AtRisk,
            ramp_since: None,
            registered: true,
            answerable: true,
            grace_until: None,
        }
    }

    /// What the keeper's record of a number says for decisions.
    pub fn of(number: &Number) -> Candidate {
        Candidate {
            number: number.e164,
            life: number.life,
            proven: number.is_proven(),
            known: number.first_shown.is_some(),
            status: Carrier::ALL.map(|carrier| number.status_on(carrier)),
            excluded: number.excluded_on(),
            half_share: number.life == Life::AtRisk,
            ramp_since: number.ramp_since,
            registered: number.is_registered(),
            answerable: number.callback_route.is_some(),
            grace_until: match number.origin {
                Origin::Adopted { deadline, .. } => Some(deadline),
                Origin::New => None,
            },
        }
    }
}

impl Candidate {
    /// What it may be shown for at `at`; with `hard`, up to the hard cap of the day.
    pub(crate) fn caps(&self, at: Moment, policy: &Policy, hard: bool) -> Caps {
        let per_day = if hard { policy.per_day_soft.max(policy.per_day_hard) } else { policy.per_day_soft };
        let ramp = match (self.ramp_since, self.life) {
            (Some(since), _) => policy.ramp_cap(at.since(since)),
            // One from the reserve begins its warm-up with this call.
            (None, Life::Ready) => policy.ramp_cap(Duration::ZERO),
            (None, _) => None,
        };
        let halved = self.half_share || self.life == Life::AtRisk;
        // Rounded up, so that a cap of one call still lets one through.
        let share = |cap: u32| if halved { cap.div_ceil(2) } else { cap };
        let day = share(ramp.map_or(per_day, |ramp| ramp.min(per_day)));
        let limits =
            Limits { minute: Some(share(policy.per_minute)), hour: Some(share(policy.per_hour)), day: Some(day) };
        Caps { limits, day, warming: ramp.is_some_and(|ramp| ramp < per_day) }
    }

    /// The first rule of policy that keeps this number from being shown to anybody, whatever the time and whoever is called.
    pub(crate) fn kept_back(&self, at: Moment, policy: &Policy) -> Option<Passed> {
        if !self.proven {
            return Some(Passed::RightUnproven);
        }
        if policy.excluded.contains(&self.number) {
            return Some(Passed::Excluded);
        }
        if self.grace_until.is_some_and(|until| until > at) {
            return None;
        }
        let lacks = |rule: Strictness, kept: bool| rule == Strictness::Hard && !kept;
        if lacks(policy.registered_only, self.registered) {
            return Some(Passed::Unregistered);
        }
        lacks(policy.callback_required, self.answerable).then_some(Passed::NoCallback)
    }
}

/// What the ladder has given so far.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Leeway {
    pub any_locality: bool,
    pub no_gap: bool,
    pub bench: bool,
    pub reserve: bool,
    pub hard_cap: bool,
}

impl Leeway {
    pub fn strict(policy: &Policy) -> Leeway {
        let any_locality = policy.locality != Strictness::Hard;
        Leeway { any_locality, no_gap: false, bench: false, reserve: false, hard_cap: false }
    }

    pub fn relaxed(mut self, rung: Rung) -> Leeway {
        match rung {
            Rung::RelaxLocality => self.any_locality = true,
            Rung::EndTurnEarly => self.no_gap = true,
            Rung::Bench => self.bench = true,
            Rung::Reserve => self.reserve = true,
            Rung::HardCap => self.hard_cap = true,
        }
        self
    }

    /// A number that the callee saw last time counts for caps, not for turns, and need not be local.
    pub fn for_sticky(self) -> Leeway {
        Leeway { any_locality: true, no_gap: true, ..self }
    }
}

/// Whether a number is of the callee's own rate-centre group.
pub(super) fn is_local(shown: E164, callee: E164) -> bool {
    locality(shown, callee) == Locality::Group
}

/// How a permitted candidate compares; the least is shown. The fields are compared in their order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Rank {
    /// The policy names it to be shown first.
    pinned: core::cmp::Reverse<bool>,
    /// Its place in the ranker's order; those left out of it come last.
    place: u32,
    pub standing: Status,
    /// The soft rules that it does not keep.
    breaks: Breaks,
    /// The same for all where the policy does not ask how near they are.
    pub locality: Locality,
    turn: TurnRank,
    /// Calls of today in a thousand of its cap, so that a number with half a share is loaded by half as many.
    load: u32,
    life: Life,
    draw: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum TurnRank {
    ItsTurn,
    Waiting,
    /// It had the last turn, and passes the next on where it can.
    JustHad,
}

/// Soft rules that a number does not keep, the weightier first. One that keeps them all comes before one that does not.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
struct Breaks {
    unregistered: bool,
    no_callback: bool,
    own_exchange: bool,
    other_campaign: bool,
}

impl Breaks {
    /// The first rule that the other one keeps and this one does not.
    fn behind(self, other: Breaks) -> Option<Passed> {
        if self.unregistered != other.unregistered {
            Some(Passed::Unregistered)
        } else if self.no_callback != other.no_callback {
            Some(Passed::NoCallback)
        } else if self.own_exchange != other.own_exchange {
            Some(Passed::OwnExchange)
        } else {
            (self.other_campaign != other.other_campaign).then_some(Passed::OtherCampaign)
        }
    }
}

impl Rank {
    /// Whether only the draw decides between the two.
    pub fn ties_with(self, other: Rank) -> bool {
        Rank { draw: 0, ..self } == Rank { draw: 0, ..other }
    }

    /// Whether it is shown because the policy names it, and so takes no turn.
    pub fn is_pinned(self) -> bool {
        self.pinned.0
    }

    /// Why this one was not shown when `best` was; chosen when it is the best itself.
    pub fn behind(self, best: Rank) -> Passed {
        if self.pinned != best.pinned {
            Passed::PinnedFirst
        } else if self.place != best.place {
            Passed::RankedFirst
        } else if self.standing != best.standing {
            Passed::BetterStandingFirst
        } else if let Some(rule) = self.breaks.behind(best.breaks) {
            rule
        } else if self.locality != best.locality {
            Passed::NearerFirst
        } else if self.turn != best.turn {
            Passed::OutOfTurn
        } else if self.load != best.load {
            Passed::LessLoadedFirst
        } else if self.life != best.life {
            Passed::HealthierFirst
        } else if self.draw != best.draw {
            Passed::Drawn
        } else {
            Passed::Chosen
        }
    }
}

/// Judges candidates for one call.
#[derive(Clone, Copy, Debug)]
pub(super) struct Judge<'a> {
    ask: &'a Ask,
    policy: &'a Policy,
    turn: Option<&'a Turn>,
    order: &'a [E164],
    campaign: Option<CampaignHash>,
}

/// What a number may be shown for, with its warm-up and its half share counted in.
pub(crate) struct Caps {
    pub limits: Limits,
    /// The cap of the day among them.
    pub day: u32,
    /// The day's cap comes from the warm-up.
    pub warming: bool,
}

impl<'a> Judge<'a> {
    pub fn new(question: &Question<'a>, turn: Option<&'a Turn>) -> Judge<'a> {
        let Question { ask, policy, order, .. } = *question;
        // Only a policy that tells campaigns apart has to know which one this is.
        let campaign = if policy.one_campaign == Strictness::Off { None } else { ask.campaign_hash() };
        Judge { ask, policy, turn, order, campaign }
    }

    /// The rank of a candidate that may be shown, or the first reason why it may not.
    pub fn permit(&self, candidate: &Candidate, usage: &Usage, from: From, leeway: Leeway) -> Result<Rank, Passed> {
        let standing = self.may_ever(candidate, from, leeway)?;
        let at = self.ask.at;
        let caps = self.caps(candidate, leeway);
        match usage.all().at_limit(at, &caps.limits, self.policy) {
            Some(Window::Day) => return Err(if caps.warming { Passed::WarmUp } else { Passed::PerDay }),
            Some(Window::Hour) => return Err(Passed::PerHour),
            Some(Window::Minute) => return Err(Passed::PerMinute),
            None => {}
        }
        let on_carrier = self.ask.carrier.and_then(|carrier| usage.on(carrier));
        let carrier_limits = self.policy.carrier_limits();
        if on_carrier.is_some_and(|on| on.at_limit(at, &carrier_limits, self.policy).is_some()) {
            return Err(Passed::PerCarrier);
        }
        let other_campaign = usage.free_for(self.campaign, self.policy).is_some_and(|free| free > at);
        if other_campaign && self.policy.one_campaign == Strictness::Hard {
            return Err(Passed::OtherCampaign);
        }
        if self.gap_ends_at(candidate, usage, leeway, at).is_some_and(|ends| ends > at) {
            return Err(Passed::TurnGap);
        }
        let place = self.order.iter().position(|number| *number == candidate.number);
        let today = usage.today(at, self.policy);
        let asked = |rule: Strictness| rule != Strictness::Off;
        Ok(Rank {
            pinned: core::cmp::Reverse(self.is_pinned(candidate)),
            place: place.map_or(u32::MAX, |place| place as u32),
            standing,
            breaks: Breaks {
                unregistered: asked(self.policy.registered_only) && !candidate.registered,
                no_callback: asked(self.policy.callback_required) && !candidate.answerable,
                own_exchange: asked(self.policy.own_exchange) && same_exchange(candidate.number, self.ask.callee),
                other_campaign,
            },
            locality: match self.policy.locality {
                Strictness::Off => Locality::Elsewhere,
                Strictness::Soft | Strictness::Hard => locality(candidate.number, self.ask.callee),
            },
            turn: match self.turn {
                Some(turn) if turn.is_of(candidate.number, at) => TurnRank::ItsTurn,
                Some(turn) if turn.number == candidate.number => TurnRank::JustHad,
                _ => TurnRank::Waiting,
            },
            load: (u64::from(today) * 1000 / u64::from(caps.day)) as u32,
            life: candidate.life,
            draw: spread(self.ask.tie_break ^ candidate.number.digits()),
        })
    }

    /// When the caps, the gap and the wait between campaigns let this candidate pass, if nothing else stands against it.
    pub fn frees_at(&self, candidate: &Candidate, usage: &Usage, from: From, leeway: Leeway) -> Option<Moment> {
        self.may_ever(candidate, from, leeway).ok()?;
        let at = self.ask.at;
        let frees = usage.all().frees_at(at, &self.caps(candidate, leeway).limits, self.policy)?;
        let on_carrier = self.ask.carrier.and_then(|carrier| usage.on(carrier));
        let on_carrier =
            on_carrier.map_or(Some(at), |on| on.frees_at(at, &self.policy.carrier_limits(), self.policy))?;
        let campaign = match self.policy.one_campaign {
            Strictness::Hard => usage.free_for(self.campaign, self.policy).unwrap_or(at),
            Strictness::Off | Strictness::Soft => at,
        };
        let frees = frees.max(on_carrier).max(campaign);
        // A turn that is measured in time may be over by then, and the gap behind it not.
        let frees = frees.max(self.gap_ends_at(candidate, usage, leeway, frees).unwrap_or(at));
        // Its days of grace may be over by then.
        candidate.kept_back(frees, self.policy).is_none().then_some(frees)
    }

    /// The standing of a candidate against which nothing speaks that time alone would not mend: life, right, standing,
    /// place.
    fn may_ever(&self, candidate: &Candidate, from: From, leeway: Leeway) -> Result<Status, Passed> {
        match (from, candidate.life) {
            (From::Pool | From::Bench, Life::Active | Life::AtRisk | Life::Remediating) => {}
            (From::Reserve, Life::Ready) => {}
            (_, Life::Resting) => return Err(Passed::Resting),
            (_, life) => return Err(Passed::NotShown(life)),
        }
        if let Some(rule) = candidate.kept_back(self.ask.at, self.policy) {
            return Err(rule);
        }
        if self.policy.own_exchange == Strictness::Hard && same_exchange(candidate.number, self.ask.callee) {
            return Err(Passed::OwnExchange);
        }
        let standing = self.standing(candidate);
        if standing.excludes() {
            return Err(match self.ask.carrier {
                Some(_) => Passed::StandingExcludes,
                None => Passed::UnknownCarrierRisk,
            });
        }
        if !leeway.any_locality && !is_local(candidate.number, self.ask.callee) {
            return Err(Passed::NotLocal);
        }
        Ok(standing)
    }

    /// The standing that this callee's carrier makes of the candidate. While the carrier is unknown it is the worst one
    /// that more callees share than the policy lets pass, so a bad name at a tiny carrier does not weigh.
    fn standing(&self, candidate: &Candidate) -> Status {
        let on = |carrier: Carrier| {
            let status = candidate.status[carrier.index()];
            if candidate.excluded.contains(carrier) { status.max(Status::Flagged) } else { status }
        };
        match self.ask.carrier {
            Some(carrier) => on(carrier),
            None => {
                let mut shares = [0; Status::Blocked as usize + 1];
                for carrier in Carrier::ALL {
                    shares[on(carrier) as usize] += carrier.share_permille();
                }
                let mut worse = 0;
                let worst_first =
                    [Status::Blocked, Status::Flagged, Status::MixedHigh, Status::MixedLow, Status::Unknown];
                worst_first
                    .into_iter()
                    .find(|status| {
                        worse += shares[*status as usize];
                        worse > self.policy.unknown_carrier_excluded_permille
                    })
                    .unwrap_or(Status::Unflagged)
            }
        }
    }

    fn caps(&self, candidate: &Candidate, leeway: Leeway) -> Caps {
        candidate.caps(self.ask.at, self.policy, leeway.hard_cap)
    }

    fn is_pinned(&self, candidate: &Candidate) -> bool {
        self.policy.pinned.contains(&candidate.number)
    }

    /// When it may begin a turn, as it is asked at `at`; none when it may at any time, goes on with the turn it has, or takes
    /// none.
    fn gap_ends_at(&self, candidate: &Candidate, usage: &Usage, leeway: Leeway, at: Moment) -> Option<Moment> {
        let its_turn = self.turn.is_some_and(|turn| turn.is_of(candidate.number, at));
        if leeway.no_gap || its_turn || self.is_pinned(candidate) {
            return None;
        }
        usage.turn_ended_at().map(|ended| ended.plus(self.policy.turn_gap))
    }
}
