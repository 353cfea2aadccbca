//! Which number to show for one call: permitted first, then ranked, then the ladder, then an honest hold.
//!
//! [`choose`] is pure and takes about a microsecond; it reads what its question holds and changes nothing.
//! [`record`] applies its answer to the hot state, and is the same function when the events are replayed, so nothing is
//! ever chosen anew. What one candidate may do is judged in [`permit`]; this module owns the order of things.
//!
//! It never prefers a number because it shares the callee's exchange: it never looks at the exchange.

mod permit;

pub use permit::Candidate;

use crate::callee::CalleeRecord;
use crate::decision::{Ask, Decision, HoldReason, Passed, Receipt};
use crate::e164::E164;
use crate::moment::Moment;
use crate::policy::{Policy, Rung};
use crate::turn::{BUCKET_ELSEWHERE, Turn, Turns, turn_length};
use crate::usage::Usage;
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

/// Everything that one decision rests on.
#[derive(Clone, Copy, Debug)]
pub struct Question<'a> {
    pub ask: &'a Ask,
    pub pool: Pool<'a>,
    pub bench: Pool<'a>,
    pub reserve: Pool<'a>,
    pub turns: &'a Turns,
    /// Absent when nothing is remembered of the callee.
    pub callee: Option<&'a CalleeRecord>,
    pub policy: &'a Policy,
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
    /// A turn of this many calls begins with this one; whatever turn there was is over.
    Begin { length: u32 },
    /// A hold, or a number shown because the callee saw it last time.
    None,
}

/// The decision with everything needed to apply it and to explain it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    pub decision: Decision,
    /// Every number that was looked at; the whole pool, and of bench and reserve at most [`CONSIDERED_MAX`].
    pub considered: Vec<(E164, Passed)>,
    /// The rungs that were climbed, in order.
    pub rungs: Vec<Rung>,
    pub from: From,
    pub turn: TurnChange,
    /// The locality bucket whose turn this is; see [`Turns`].
    pub bucket: u16,
}

/// Numbers of bench and reserve that are kept in an answer, so that a receipt stays small. The pool is kept whole.
pub const CONSIDERED_MAX: usize = 32;

/// When nothing frees by time alone, ask again after so long. Guessed: standings are asked again every few hours, and a
/// person may add numbers at any minute.
pub const RETRY_WHEN_NOTHING_FREES: Duration = Duration::from_secs(15 * 60);

/// A suppressed callee has no time to try again; a year says so without a figure that overflows somebody's field.
pub const RETRY_NEVER: Duration = Duration::from_secs(365 * 24 * 60 * 60);

impl Answer {
    /// The part of the answer that is stored to explain it.
    pub fn receipt(&self, policy_revision: u64) -> Receipt {
        Receipt { considered: self.considered.clone(), rungs: self.rungs.clone(), policy_revision }
    }
}

/// Answers which number to show.
pub fn choose(question: &Question<'_>) -> Answer {
    let Question { ask, policy, callee, .. } = *question;
    let attempts_left = match attempts_left(callee, ask.at, policy) {
        Ok(left) => left,
        Err((reason, retry_after)) => return callee_held(question, reason, retry_after),
    };
    let bucket = bucket(question);
    let judge = Judge::new(ask, policy, question.turns.get(&bucket));
    let strict = Leeway::strict(policy);

    let remembered = callee.and_then(|callee| callee.remembered(ask.at, policy));
    if let Some(number) = remembered {
        let change_spent_until = callee.and_then(|callee| callee.change_spent_until(ask.at, policy));
        let hard = policy.ladder.contains(&Rung::HardCap).then_some(Rung::HardCap);
        // The hard cap is tried for its sake only when the callee may see no other number.
        let rungs = [None, hard.filter(|_| change_spent_until.is_some())];
        let place = find(question, number);
        if let Some((from, candidate, usage)) = place {
            for rung in rungs.into_iter().enumerate().filter(|(i, rung)| *i == 0 || rung.is_some()).map(|(_, r)| r) {
                let leeway = rung.map_or(strict, |rung| strict.relaxed(rung)).for_sticky();
                if judge.permit(candidate, usage, from, leeway).is_ok() {
                    return Answer {
                        decision: Decision::Use { number, rung, sticky: true, attempts_left },
                        considered: codes(question, from, |other| {
                            if other.number == number { Passed::Chosen } else { Passed::StickyFirst }
                        }),
                        rungs: rung.into_iter().collect(),
                        from,
                        turn: TurnChange::None,
                        bucket,
                    };
                }
            }
        }
        if let Some(until) = change_spent_until {
            let leeway = hard.map_or(strict, |rung| strict.relaxed(rung)).for_sticky();
            let frees = place.and_then(|(from, candidate, usage)| judge.frees_at(candidate, usage, from, leeway));
            let code = place.map(|(from, candidate, usage)| judge.permit(candidate, usage, from, leeway));
            let retry_at = frees.map_or(until, |frees| frees.min(until));
            return Answer {
                decision: hold(HoldReason::ChangeSpent, retry_at.since(ask.at)),
                considered: codes(question, place.map_or(From::Pool, |(from, _, _)| from), |other| match code {
                    Some(Err(code)) if other.number == number => code,
                    _ => Passed::StickyFirst,
                }),
                rungs: hard.into_iter().collect(),
                from: From::Pool,
                turn: TurnChange::None,
                bucket,
            };
        }
    }

    let mut leeway = strict;
    let mut rungs = Vec::new();
    let mut ladder = policy.ladder.iter().copied();
    loop {
        for (from, pool) in open(question, leeway) {
            let Some((best, rank)) = best(&judge, pool, from, leeway) else { continue };
            let number = pool.candidates[best].number;
            let sticky = remembered == Some(number);
            let turn = match question.turns.get(&bucket) {
                _ if sticky => TurnChange::None,
                Some(turn) if turn.number == number && turn.left > 0 => TurnChange::Continue,
                _ => TurnChange::Begin { length: turn_length(ask.tie_break, policy) },
            };
            return Answer {
                decision: Decision::Use { number, rung: rungs.last().copied(), sticky, attempts_left },
                considered: considered(question, &judge, leeway, Some((from, best, rank))),
                rungs,
                from,
                turn,
                bucket,
            };
        }
        match ladder.next() {
            Some(rung) => {
                rungs.push(rung);
                leeway = leeway.relaxed(rung);
            }
            None => break,
        }
    }

    let (reason, retry_after) = nothing_passes(question, &judge, leeway);
    Answer {
        decision: hold(reason, retry_after),
        considered: considered(question, &judge, leeway, None),
        rungs,
        from: From::Pool,
        turn: TurnChange::None,
        bucket,
    }
}

/// Applies an answer to the hot state of its number, its owner and its callee; a hold changes nothing.
///
/// `usage` belongs to the number that the answer shows, `turns` to the owner that asked, `callee` to the callee.
pub fn record(
    answer: &Answer,
    ask: &Ask,
    usage: &mut Usage,
    turns: &mut Turns,
    callee: &mut CalleeRecord,
    policy: &Policy,
) {
    let Decision::Use { number, .. } = answer.decision else { return };
    usage.record(ask.at, policy);
    match answer.turn {
        TurnChange::None => {}
        TurnChange::Continue => {
            usage.note_turn(ask.at);
            if let Some(turn) = turns.get_mut(&answer.bucket) {
                turn.left = turn.left.saturating_sub(1);
            }
        }
        TurnChange::Begin { length } => {
            usage.note_turn(ask.at);
            turns.insert(answer.bucket, Turn { number, left: length.saturating_sub(1) });
        }
    }
    callee.record_attempt(ask.at);
    callee.record_shown(number, ask.at, policy);
}

/// Attempts that remain after this one, or why the callee is not to be called. No rung relaxes this.
fn attempts_left(callee: Option<&CalleeRecord>, at: Moment, policy: &Policy) -> Result<u32, (HoldReason, Duration)> {
    let nobody = CalleeRecord::default();
    let callee = callee.unwrap_or(&nobody);
    if callee.suppressed.is_some() {
        return Err((HoldReason::Suppressed, RETRY_NEVER));
    }
    match callee.attempts_left(at, policy).checked_sub(1) {
        Some(left) => Ok(left),
        None => {
            let retry_after = callee.attempt_frees_at(at, policy).map_or(RETRY_NEVER, |frees| frees.since(at));
            Err((HoldReason::AttemptsSpent, retry_after))
        }
    }
}

/// The bucket whose turn this call belongs to.
fn bucket(question: &Question<'_>) -> u16 {
    let local =
        question.pool.candidates.iter().any(|candidate| permit::is_local(candidate.number, question.ask.callee));
    question.ask.callee.area_code().filter(|_| local).unwrap_or(BUCKET_ELSEWHERE)
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

fn find<'a>(question: &Question<'a>, number: E164) -> Option<(From, &'a Candidate, &'a Usage)> {
    [(From::Pool, question.pool), (From::Bench, question.bench)].into_iter().find_map(|(from, pool)| {
        let place = pool.candidates.iter().position(|candidate| candidate.number == number)?;
        Some((from, &pool.candidates[place], pool.usage.get(place)?))
    })
}

fn best(judge: &Judge<'_>, pool: Pool<'_>, from: From, leeway: Leeway) -> Option<(usize, Rank)> {
    let permitted = pool.candidates.iter().zip(pool.usage).enumerate().filter_map(|(place, (candidate, usage))| {
        let load = judge.permit(candidate, usage, from, leeway).ok()?;
        Some((place, judge.rank(candidate, load)))
    });
    permitted.min_by_key(|(_, rank)| *rank)
}

/// One code for every candidate that the leeway opened.
fn considered(
    question: &Question<'_>,
    judge: &Judge<'_>,
    leeway: Leeway,
    chosen: Option<(From, usize, Rank)>,
) -> Vec<(E164, Passed)> {
    let mut codes = Vec::with_capacity(question.pool.candidates.len());
    let mut others = 0;
    for (from, pool) in open(question, leeway) {
        for (place, (candidate, usage)) in pool.candidates.iter().zip(pool.usage).enumerate() {
            let is_chosen = chosen.is_some_and(|(its, at, _)| its == from && at == place);
            if from != From::Pool && !is_chosen {
                others += 1;
                if others >= CONSIDERED_MAX {
                    continue;
                }
            }
            let code = match (judge.permit(candidate, usage, from, leeway), chosen) {
                (Err(code), _) => code,
                _ if is_chosen => Passed::Chosen,
                (Ok(load), Some((_, _, best))) => judge.rank(candidate, load).behind(best),
                (Ok(_), None) => Passed::Drawn,
            };
            codes.push((candidate.number, code));
        }
    }
    codes
}

fn codes(question: &Question<'_>, from: From, code: impl Fn(&Candidate) -> Passed) -> Vec<(E164, Passed)> {
    let bench: &[Candidate] = if from == From::Bench { question.bench.candidates } else { &[] };
    let bench = bench.iter().filter(|candidate| code(candidate) != Passed::StickyFirst);
    question.pool.candidates.iter().chain(bench).map(|candidate| (candidate.number, code(candidate))).collect()
}

fn callee_held(question: &Question<'_>, reason: HoldReason, retry_after: Duration) -> Answer {
    Answer {
        decision: hold(reason, retry_after),
        considered: codes(question, From::Pool, |_| Passed::CalleeHeld),
        rungs: Vec::new(),
        from: From::Pool,
        turn: TurnChange::None,
        bucket: BUCKET_ELSEWHERE,
    }
}

/// Why nothing passes when the ladder is spent, and when the first number comes free.
fn nothing_passes(question: &Question<'_>, judge: &Judge<'_>, leeway: Leeway) -> (HoldReason, Duration) {
    let mut first: Option<(Moment, HoldReason)> = None;
    let mut not_local = false;
    for (from, pool) in open(question, leeway) {
        for (candidate, usage) in pool.candidates.iter().zip(pool.usage) {
            let code = judge.permit(candidate, usage, from, leeway);
            not_local |= code == Err(Passed::NotLocal);
            let Some(frees_at) = judge.frees_at(candidate, usage, from, leeway) else { continue };
            let reason = if code == Err(Passed::TurnGap) { HoldReason::TurnGap } else { HoldReason::CapsReached };
            if first.is_none_or(|(earliest, _)| frees_at < earliest) {
                first = Some((frees_at, reason));
            }
        }
    }
    match first {
        Some((frees_at, reason)) => (reason, frees_at.since(question.ask.at)),
        None if not_local => (HoldReason::NoLocalNumber, RETRY_WHEN_NOTHING_FREES),
        None => (HoldReason::NoNumber, RETRY_WHEN_NOTHING_FREES),
    }
}

fn hold(reason: HoldReason, retry_after: Duration) -> Decision {
    Decision::Hold { class: reason.class(), reason, retry_after }
}
