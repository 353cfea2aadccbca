//! Which number to show for one call: permitted first, then ranked, then the ladder, then an honest hold.
//!
//! [`choose`] is pure and takes about a microsecond; it reads what its question holds and changes nothing.
//! [`record`] applies its answer to the hot state, and is the same function when the events are replayed, so nothing is
//! ever chosen anew. What one candidate may do is judged in [`permit`]; this module owns the order of things.
//!
//! It never prefers a number because it shares the callee's exchange: sharing it counts against a number, or not at all.

mod order;
mod permit;

pub use order::{Permitted, permitted};
pub use permit::Candidate;

use crate::area::area;
use crate::callee::{Attempts, CalleeRecord};
use crate::decision::{Ask, CampaignHash, Decision, HoldClass, HoldReason, Passed, Receipt};
use crate::do_not_call::Listed;
use crate::e164::E164;
use crate::law::{self, Because, NotNow};
use crate::moment::Moment;
use crate::policy::{Policy, Rung, Strictness};
use crate::turn::{BUCKET_ELSEWHERE, OwnerUsage, Turn, spread, turn_length};
use crate::usage::{Shown, Usage};
use core::time::Duration;
use permit::{Judge, Leeway, Rank};
use serde::{Deserialize, Serialize};

/// Candidates of one kind with their counts, in the same order.
#[derive(Clone, Copy, Debug, Default)]
pub struct Pool<'a> {
    pub candidates: &'a [Candidate],
    /// As many as there are candidates; one without counts is never shown.
    pub usage: &'a [Usage],
}

impl<'a> Pool<'a> {
    fn each(self) -> impl Iterator<Item = (&'a Candidate, &'a Usage)> {
        self.candidates.iter().zip(self.usage)
    }
}

/// Everything that one decision rests on.
#[derive(Clone, Copy, Debug)]
pub struct Question<'a> {
    pub ask: &'a Ask,
    pub pool: Pool<'a>,
    pub bench: Pool<'a>,
    pub reserve: Pool<'a>,
    pub owner: &'a OwnerUsage,
    /// Absent when nothing is remembered of the callee.
    pub callee: Option<&'a CalleeRecord>,
    /// The do-not-call lists on which the callee stands.
    pub listed: Listed,
    pub policy: &'a Policy,
    /// Of what may be shown, these come first, in this order: a ranker's answer to [`permitted`]. Empty without one.
    pub order: &'a [E164],
}

/// Where the shown number was kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum From {
    Pool,
    Bench,
    Reserve,
}

/// What the decision does to the turn of its bucket.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TurnChange {
    /// One more call of the turn that goes on.
    Continue,
    /// A turn of this many calls begins with this one, and lasts until then too where turns are measured in time; whatever
    /// turn there was is over.
    Begin { length: u32, until: Option<Moment> },
    /// A hold, or a number shown outside of turns: the one that the callee saw last time, a pinned one, or one that was drawn
    /// to learn of it.
    None,
}

/// The decision with everything needed to apply it and to explain it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    pub decision: Decision,
    /// One code for every number that was looked at: the whole pool, and the first [`CONSIDERED_MAX`] of bench and
    /// reserve, where the ladder led there. The number that is shown is always among them.
    pub considered: Vec<(E164, Passed)>,
    /// The rungs that were climbed, in order.
    pub rungs: Vec<Rung>,
    pub from: From,
    pub turn: TurnChange,
    /// The locality bucket whose turn this is; see [`crate::Turns`].
    pub bucket: u16,
    /// How likely this number was, as the draw might have fallen, in parts of a million.
    pub propensity_ppm: u32,
}

/// The propensity of what nothing was drawn for.
pub const CERTAIN_PPM: u32 = 1_000_000;

/// Numbers of bench and reserve that are kept in an answer, so that a receipt stays small. The pool is kept whole.
pub const CONSIDERED_MAX: usize = 32;

/// When nothing frees by time alone, ask again after so long. Guessed: standings are asked again every few hours, and a
/// person may add numbers at any minute.
pub const RETRY_WHEN_NOTHING_FREES: Duration = Duration::from_secs(15 * 60);

/// A callee who is suppressed or on a list has no time to try again; a year says so without a figure that overflows somebody's field.
pub const RETRY_NEVER: Duration = Duration::from_secs(365 * 24 * 60 * 60);

impl Answer {
    /// Whether the pool alone gave nothing, or only beyond its soft cap, so that bench and reserve should be asked first.
    pub fn falls_short(&self) -> bool {
        match &self.decision {
            Decision::Use { rung, .. } => *rung == Some(Rung::HardCap),
            Decision::Hold { class, .. } => *class == HoldClass::Capacity,
        }
    }

    /// The part of the answer that is stored to explain it.
    pub fn receipt(&self, policy_revision: u64) -> Receipt {
        Receipt { considered: self.considered.clone(), rungs: self.rungs.clone(), policy_revision }
    }
}

/// Answers which number to show.
pub fn choose(question: &Question<'_>) -> Answer {
    let Question { ask, policy, callee, .. } = *question;
    let attempts_left = match callee_law(question) {
        Ok(left) => left,
        Err((reason, retry_after)) => return held(question, reason, retry_after, Passed::CalleeHeld),
    };
    let user_limits = policy.user_limits();
    if question.owner.counts.at_limit(ask.at, &user_limits, policy).is_some() {
        let frees = question.owner.counts.frees_at(ask.at, &user_limits, policy);
        let retry_after = frees.map_or(RETRY_WHEN_NOTHING_FREES, |frees| frees.since(ask.at));
        return held(question, HoldReason::UserCapsReached, retry_after, Passed::UserHeld);
    }
    let bucket = bucket(question);
    let turn = question.owner.turns.get(&bucket);
    let judge = Judge::new(question, turn);
    let remembered = callee.and_then(|callee| callee.remembered(ask.at, policy.sticky_for));
    if let Some(number) = remembered
        && let Some(answer) = same_again(question, &judge, number, attempts_left, bucket)
    {
        return answer;
    }

    let Climb { chosen, verdicts, leeway, rungs } = climb(question, &judge);
    let Some(best) = chosen else {
        let (reason, retry_after) = nothing_passes(question, &judge, leeway, &verdicts, remembered);
        return Answer {
            decision: hold(question, reason, retry_after),
            considered: considered(&verdicts, None),
            rungs,
            from: From::Pool,
            turn: TurnChange::None,
            bucket,
            propensity_ppm: CERTAIN_PPM,
        };
    };
    let Drawing { number, explored, propensity_ppm } = drawn(question, best, &verdicts);
    // The ladder may come round to the number the callee saw last time, at the hard cap.
    let sticky = remembered == Some(number);
    Answer {
        decision: Decision::Use { number, rung: rungs.last().copied(), sticky, attempts_left },
        considered: if explored { explored_codes(&verdicts, number) } else { considered(&verdicts, Some(best.rank)) },
        rungs,
        from: best.from,
        turn: match turn {
            _ if sticky || explored || best.rank.is_pinned() => TurnChange::None,
            Some(turn) if turn.is_of(number, ask.at) => TurnChange::Continue,
            _ => {
                let (length, until) = turn_length(ask.at, ask.tie_break, policy);
                TurnChange::Begin { length, until }
            }
        },
        bucket,
        propensity_ppm,
    }
}

/// Which of the numbers that may be shown is, and how likely that was.
struct Drawing {
    number: E164,
    /// It is not the one that the policy's own order puts first.
    explored: bool,
    propensity_ppm: u32,
}

/// The best one, or on a small share of the calls any of those that may be shown, drawn evenly.
fn drawn(question: &Question<'_>, best: Chosen, verdicts: &[Verdict]) -> Drawing {
    let explore = question.policy.explore_permille.min(1000);
    let open = || verdicts.iter().filter(|verdict| verdict.from == best.from && verdict.rank.is_ok());
    let ties = open().filter(|verdict| verdict.rank.is_ok_and(|rank| rank.ties_with(best.rank))).count() as u32;
    let by_order = (1000 - explore) * 1000 / ties.max(1);
    if explore == 0 {
        return Drawing { number: best.number, explored: false, propensity_ppm: by_order };
    }
    let count = open().count() as u32;
    let evenly = explore * 1000 / count.max(1);
    let tie_break = question.ask.tie_break ^ EXPLORE_SALT;
    let explores = spread(tie_break) % 1000 < u64::from(explore);
    let other = open().min_by_key(|verdict| spread(tie_break ^ verdict.number.digits())).filter(|_| explores);
    match other {
        Some(other) if other.number != best.number => {
            let ties = other.rank.is_ok_and(|rank| rank.ties_with(best.rank));
            let propensity_ppm = evenly + if ties { by_order } else { 0 };
            Drawing { number: other.number, explored: true, propensity_ppm }
        }
        Some(_) | None => Drawing { number: best.number, explored: false, propensity_ppm: evenly + by_order },
    }
}

/// Keeps the drawing of a number to learn of apart from the order of equals, which is drawn from the same figure.
const EXPLORE_SALT: u64 = 0x6578_706c_6f72;

/// Applies an answer to the hot state of its number, its owner and its callee; a hold changes nothing.
///
/// `usage` belongs to the number that the answer shows, `owner` to the owner that asked, `callee` to the callee.
pub fn record(
    answer: &Answer,
    shown: Shown,
    usage: &mut Usage,
    owner: &mut OwnerUsage,
    callee: &mut CalleeRecord,
    policy: &Policy,
) {
    let Decision::Use { number, .. } = answer.decision else { return };
    let at = shown.at;
    usage.record(shown, policy);
    if shown.by_user {
        owner.counts.count(at, 1, policy);
    }
    match answer.turn {
        TurnChange::None => {}
        TurnChange::Continue => {
            usage.note_turn(at);
            if let Some(turn) = owner.turns.get_mut(&answer.bucket) {
                turn.left = turn.left.saturating_sub(1);
            }
        }
        TurnChange::Begin { length, until } => {
            usage.note_turn(at);
            owner.turns.insert(answer.bucket, Turn { number, left: length.saturating_sub(1), until });
        }
    }
    callee.record_attempt(at);
    callee.record_shown(number, at);
}

/// Attempts that remain after this one, or why the callee is not to be called: it asked so, it stands on a do-not-call list,
/// its attempts are spent, or it is no hour to call it. No rung relaxes this. Asked before any number is looked at, and of no pool.
///
/// # Errors
/// Says why, and after how long the callee may be called.
pub fn callee_law(question: &Question<'_>) -> Result<u32, (HoldReason, Duration)> {
    let Question { ask, policy, callee, listed, .. } = *question;
    let at = ask.at;
    let nobody = CalleeRecord::default();
    let callee = callee.unwrap_or(&nobody);
    if callee.suppressed.is_some() {
        return Err((HoldReason::Suppressed, RETRY_NEVER));
    }
    if listed.forbids(policy.lifts_do_not_call()).is_some() {
        return Err((HoldReason::DoNotCall, RETRY_NEVER));
    }
    let attempts = Attempts::of(ask, policy);
    let Some(left) = callee.attempts_left(at, attempts).checked_sub(1) else {
        let frees = callee.attempt_frees_at(at, attempts).map_or(RETRY_NEVER, |frees| frees.since(at));
        return Err((HoldReason::AttemptsSpent, frees));
    };
    law::hours(ask.whereabouts(), at, &policy.calling_hours, policy.is_bound()).map_err(
        |NotNow { until, because }| {
            let reason = match because {
                Because::Law(_) => HoldReason::OutsideLegalHours,
                Because::Policy => HoldReason::OutsidePolicyHours,
            };
            (reason, until.map_or(RETRY_NEVER, |until| until.since(at)))
        },
    )?;
    Ok(left)
}

/// The bucket whose turn this call belongs to. Where numbers speak for one campaign each, so does a turn; two campaigns that
/// fall into one bucket by chance merely share it.
fn bucket(question: &Question<'_>) -> u16 {
    let Question { ask, policy, .. } = *question;
    let group = ask.callee.area_code().and_then(area).map(|area| area.group).filter(|_| {
        let near = |candidate: &Candidate| permit::is_local(candidate.number, ask.callee);
        policy.locality != Strictness::Off && question.pool.candidates.iter().any(near)
    });
    let group = group.unwrap_or(BUCKET_ELSEWHERE);
    let campaign = ask.campaign.as_deref().filter(|_| policy.one_campaign != Strictness::Off);
    campaign.map_or(group, |name| group ^ CampaignHash::of(name).folded())
}

/// Shows the number that the callee saw last time, or holds because the callee may see no other one now.
/// None when the callee may see another number, which is then chosen like any.
fn same_again(
    question: &Question<'_>,
    judge: &Judge<'_>,
    number: E164,
    attempts_left: u32,
    bucket: u16,
) -> Option<Answer> {
    let Question { ask, policy, callee, .. } = *question;
    let change_spent_until = callee.and_then(|callee| callee.change_spent_until(ask.at, policy.sticky_for));
    let place = find(question, number);
    let verdict = |leeway| place.map(|(from, candidate, usage)| judge.permit(candidate, usage, from, leeway));

    let mut leeway = Leeway::strict(policy).for_sticky();
    let mut verdict_now = verdict(leeway);
    let mut rung = None;
    // Of the ladder only the hard cap can help this number, and it is taken only where no other number may be shown.
    if !matches!(verdict_now, Some(Ok(_))) && change_spent_until.is_some() && policy.ladder.contains(&Rung::HardCap) {
        rung = Some(Rung::HardCap);
        leeway = leeway.relaxed(Rung::HardCap);
        verdict_now = verdict(leeway);
    }

    let decision = match (verdict_now, change_spent_until) {
        (Some(Ok(_)), _) => Decision::Use { number, rung, sticky: true, attempts_left },
        (Some(Err(_)) | None, None) => return None,
        (Some(Err(_)) | None, Some(until)) => {
            let frees_at = place.and_then(|(from, candidate, usage)| judge.frees_at(candidate, usage, from, leeway));
            let retry_at = frees_at.map_or(until, |frees_at| frees_at.min(until));
            hold(question, HoldReason::ChangeSpent, retry_at.since(ask.at))
        }
    };
    let its_code = match verdict_now {
        Some(Err(code)) => code,
        Some(Ok(_)) | None => Passed::Chosen,
    };
    let others = question.pool.candidates.iter().filter(|candidate| candidate.number != number);
    Some(Answer {
        decision,
        considered: place
            .map(|_| (number, its_code))
            .into_iter()
            .chain(others.map(|candidate| (candidate.number, Passed::StickyFirst)))
            .collect(),
        rungs: rung.into_iter().collect(),
        from: place.map_or(From::Pool, |(from, _, _)| from),
        turn: TurnChange::None,
        bucket,
        propensity_ppm: CERTAIN_PPM,
    })
}

/// The number in the pool or on the bench. One that went back to the reserve is not shown without its rung.
fn find<'a>(question: &Question<'a>, number: E164) -> Option<(From, &'a Candidate, &'a Usage)> {
    [(From::Pool, question.pool), (From::Bench, question.bench)].into_iter().find_map(|(from, pool)| {
        let place = pool.candidates.iter().position(|candidate| candidate.number == number)?;
        Some((from, &pool.candidates[place], pool.usage.get(place)?))
    })
}

/// What came of one look at one candidate.
struct Verdict {
    from: From,
    number: E164,
    rank: Result<Rank, Passed>,
}

#[derive(Clone, Copy)]
struct Chosen {
    from: From,
    number: E164,
    rank: Rank,
}

/// Where the ladder led.
struct Climb {
    chosen: Option<Chosen>,
    /// Of the last look.
    verdicts: Vec<Verdict>,
    leeway: Leeway,
    rungs: Vec<Rung>,
}

/// Looks, and climbs the ladder for as long as nothing passes.
fn climb(question: &Question<'_>, judge: &Judge<'_>) -> Climb {
    let mut verdicts = Vec::with_capacity(question.pool.candidates.len());
    let mut leeway = Leeway::strict(question.policy);
    let mut rungs = Vec::new();
    let mut chosen = look(question, judge, leeway, &mut verdicts);
    for rung in &question.policy.ladder {
        if chosen.is_some() {
            break;
        }
        rungs.push(*rung);
        leeway = leeway.relaxed(*rung);
        if may_help(*rung, question, &verdicts) {
            chosen = look(question, judge, leeway, &mut verdicts);
        }
    }
    Climb { chosen, verdicts, leeway, rungs }
}

/// The best of the first open pool in which any candidate passes. Leaves a verdict for each one it looked at.
fn look(question: &Question<'_>, judge: &Judge<'_>, leeway: Leeway, verdicts: &mut Vec<Verdict>) -> Option<Chosen> {
    verdicts.clear();
    for (from, pool) in open(question, leeway) {
        let mut chosen: Option<Chosen> = None;
        for (candidate, usage) in pool.each() {
            let number = candidate.number;
            let rank = judge.permit(candidate, usage, from, leeway);
            if let Ok(rank) = rank
                && chosen.as_ref().is_none_or(|best| rank < best.rank)
            {
                chosen = Some(Chosen { from, number, rank });
            }
            verdicts.push(Verdict { from, number, rank });
        }
        if chosen.is_some() {
            return chosen;
        }
    }
    None
}

/// Whether another look can find what the last one did not, now that this rung is climbed.
fn may_help(rung: Rung, question: &Question<'_>, verdicts: &[Verdict]) -> bool {
    let any = |code| verdicts.iter().any(|verdict| verdict.rank.err() == Some(code));
    match rung {
        Rung::RelaxLocality => any(Passed::NotLocal),
        Rung::EndTurnEarly => any(Passed::TurnGap),
        Rung::Bench => !question.bench.candidates.is_empty(),
        Rung::Reserve => !question.reserve.candidates.is_empty(),
        Rung::HardCap => any(Passed::PerDay),
    }
}

/// The pools that may be taken from, in their order.
fn open<'a>(question: &Question<'a>, leeway: Leeway) -> impl Iterator<Item = (From, Pool<'a>)> + use<'a> {
    [
        Some((From::Pool, question.pool)),
        leeway.bench.then_some((From::Bench, question.bench)),
        leeway.reserve.then_some((From::Reserve, question.reserve)),
    ]
    .into_iter()
    .flatten()
}

/// One code for every verdict, as many as are kept.
fn considered(verdicts: &[Verdict], best: Option<Rank>) -> Vec<(E164, Passed)> {
    codes(verdicts, |verdict| match (verdict.rank, best) {
        (Err(code), _) => Some(code),
        (Ok(rank), Some(best)) => Some(rank.behind(best)),
        // A hold has no verdict that passes.
        (Ok(_), None) => None,
    })
}

/// The same where one was drawn evenly.
fn explored_codes(verdicts: &[Verdict], number: E164) -> Vec<(E164, Passed)> {
    codes(verdicts, |verdict| match verdict.rank {
        Err(code) => Some(code),
        Ok(_) if verdict.number == number => Some(Passed::Chosen),
        Ok(_) => Some(Passed::Explored),
    })
}

fn codes(verdicts: &[Verdict], code: impl Fn(&Verdict) -> Option<Passed>) -> Vec<(E164, Passed)> {
    let mut kept = CONSIDERED_MAX;
    let mut codes = Vec::with_capacity(verdicts.len().min(64));
    for verdict in verdicts {
        let Some(code) = code(verdict) else { continue };
        if verdict.from != From::Pool && code != Passed::Chosen {
            let Some(fewer) = kept.checked_sub(1) else { continue };
            kept = fewer;
        }
        codes.push((verdict.number, code));
    }
    codes
}

/// Holds before any number is looked at.
fn held(question: &Question<'_>, reason: HoldReason, retry_after: Duration, code: Passed) -> Answer {
    let candidates = question.pool.candidates.iter();
    Answer {
        decision: hold(question, reason, retry_after),
        considered: candidates.map(|candidate| (candidate.number, code)).collect(),
        rungs: Vec::new(),
        from: From::Pool,
        turn: TurnChange::None,
        bucket: BUCKET_ELSEWHERE,
        propensity_ppm: CERTAIN_PPM,
    }
}

/// Why nothing passes when the ladder is spent, and when the first number comes free.
fn nothing_passes(
    question: &Question<'_>,
    judge: &Judge<'_>,
    leeway: Leeway,
    verdicts: &[Verdict],
    remembered: Option<E164>,
) -> (HoldReason, Duration) {
    let looked_at = open(question, leeway).flat_map(|(from, pool)| pool.each().map(move |each| (from, each)));
    let frees = looked_at.zip(verdicts).filter_map(|((from, (candidate, usage)), verdict)| {
        let gap = verdict.rank.err() == Some(Passed::TurnGap);
        Some((judge.frees_at(candidate, usage, from, leeway)?, gap))
    });
    // The number the callee saw last time waits for its caps alone, and so may be the first.
    let same_again = remembered.and_then(|number| find(question, number)).and_then(|(from, candidate, usage)| {
        let frees_at = judge.frees_at(candidate, usage, from, Leeway::strict(question.policy).for_sticky())?;
        Some((frees_at, false))
    });
    let first = frees.chain(same_again).min_by_key(|(frees_at, _)| *frees_at);
    match first {
        Some((frees_at, gap)) => {
            (if gap { HoldReason::TurnGap } else { HoldReason::CapsReached }, frees_at.since(question.ask.at))
        }
        None if verdicts.iter().any(|verdict| verdict.rank.err() == Some(Passed::NotLocal)) => {
            (HoldReason::NoLocalNumber, RETRY_WHEN_NOTHING_FREES)
        }
        None => (HoldReason::NoNumber, RETRY_WHEN_NOTHING_FREES),
    }
}

/// Says no, and from when the answer may be another one: not before the callee may be called at all.
fn hold(question: &Question<'_>, reason: HoldReason, retry_after: Duration) -> Decision {
    let Question { ask, policy, .. } = *question;
    let frees = ask.at.plus(retry_after);
    let retry_after = match law::hours(ask.whereabouts(), frees, &policy.calling_hours, policy.is_bound()) {
        Err(NotNow { until: Some(until), .. }) if retry_after < RETRY_NEVER => until.since(ask.at),
        Err(_) | Ok(()) => retry_after,
    };
    Decision::Hold { class: reason.class(), reason, retry_after }
}
