//! What one candidate may do for one call, and how it compares with the others.

use super::{From, Question};
use crate::area::{Locality, locality};
use crate::carrier::{Carrier, Carriers};
use crate::decision::{Ask, Passed};
use crate::e164::E164;
use crate::moment::Moment;
use crate::number::{Life, Number};
use crate::policy::{Policy, Rung};
use crate::standing::Status;
use crate::turn::{Turn, spread};
use crate::usage::{CAP_MAX, Usage};
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
}

impl Candidate {
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
        Caps {
            minute: share(policy.per_minute).min(CAP_MAX),
            hour: share(policy.per_hour).min(CAP_MAX),
            day: share(ramp.map_or(per_day, |ramp| ramp.min(per_day))),
            warming: ramp.is_some_and(|ramp| ramp < per_day),
        }
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
        Leeway { any_locality: !policy.locality_required, no_gap: false, bench: false, reserve: false, hard_cap: false }
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
    /// Its place in the ranker's order; those left out of it come last.
    place: u32,
    pub standing: Status,
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

impl Rank {
    /// Why this one was not shown when `best` was; chosen when it is the best itself.
    pub fn behind(self, best: Rank) -> Passed {
        if self.place != best.place {
            Passed::RankedFirst
        } else if self.standing != best.standing {
            Passed::BetterStandingFirst
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
}

/// What a number may be shown for, with its warm-up and its half share counted in.
pub(crate) struct Caps {
    pub minute: u32,
    pub hour: u32,
    pub day: u32,
    /// The day's cap comes from the warm-up.
    pub warming: bool,
}

impl<'a> Judge<'a> {
    pub fn new(question: &Question<'a>, turn: Option<&'a Turn>) -> Judge<'a> {
        let Question { ask, policy, order, .. } = *question;
        Judge { ask, policy, turn, order }
    }

    /// The rank of a candidate that may be shown, or the first reason why it may not.
    pub fn permit(&self, candidate: &Candidate, usage: &Usage, from: From, leeway: Leeway) -> Result<Rank, Passed> {
        let standing = self.may_ever(candidate, from, leeway)?;
        let at = self.ask.at;
        let caps = self.caps(candidate, leeway);
        let today = usage.today(at, self.policy);
        if today >= caps.day {
            return Err(if caps.warming { Passed::WarmUp } else { Passed::PerDay });
        }
        if usage.in_hour(at) >= caps.hour {
            return Err(Passed::PerHour);
        }
        if usage.in_minute(at) >= caps.minute {
            return Err(Passed::PerMinute);
        }
        if self.gap_ends_at(candidate, usage, leeway).is_some_and(|ends| ends > at) {
            return Err(Passed::TurnGap);
        }
        let place = self.order.iter().position(|number| *number == candidate.number);
        Ok(Rank {
            place: place.map_or(u32::MAX, |place| place as u32),
            standing,
            locality: locality(candidate.number, self.ask.callee),
            turn: match self.turn {
                Some(turn) if turn.is_of(candidate.number) => TurnRank::ItsTurn,
                Some(turn) if turn.number == candidate.number => TurnRank::JustHad,
                _ => TurnRank::Waiting,
            },
            load: (u64::from(today) * 1000 / u64::from(caps.day)) as u32,
            life: candidate.life,
            draw: spread(self.ask.tie_break ^ candidate.number.digits()),
        })
    }

    /// When the caps and the gap let this candidate pass, if nothing else stands against it.
    pub fn frees_at(&self, candidate: &Candidate, usage: &Usage, from: From, leeway: Leeway) -> Option<Moment> {
        self.may_ever(candidate, from, leeway).ok()?;
        let at = self.ask.at;
        let caps = self.caps(candidate, leeway);
        let day = usage.day_frees_at(at, caps.day, self.policy)?;
        let hour = usage.hour_frees_at(at, caps.hour)?;
        let minute = usage.minute_frees_at(at, caps.minute)?;
        let gap = self.gap_ends_at(candidate, usage, leeway).unwrap_or(at);
        Some(day.max(hour).max(minute).max(gap))
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
        if !candidate.proven {
            return Err(Passed::RightUnproven);
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

    /// When it may begin a turn; none when it may at any time, or goes on with the turn it has.
    fn gap_ends_at(&self, candidate: &Candidate, usage: &Usage, leeway: Leeway) -> Option<Moment> {
        let its_turn = self.turn.is_some_and(|turn| turn.is_of(candidate.number));
        if leeway.no_gap || its_turn {
            return None;
        }
        usage.turn_ended_at().map(|ended| ended.plus(self.policy.turn_gap))
    }
}
