//! What a ranker may put in another order: the numbers that the policy permits for one call, and no other.
//!
//! Permitting comes first and is done again when the order is there: between the two other calls are decided, and a
//! ranker can only ever choose among what still passes then.

use super::permit::Judge;
use super::{From, Question, bucket, callee_law, climb, same_again};
use crate::area::Locality;
use crate::e164::E164;
use crate::standing::Status;

/// A number that may be shown for this call, and what speaks for or against it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Permitted {
    pub number: E164,
    /// At the callee's carrier; while that is unknown, the worst one that enough callees share.
    pub standing: Status,
    pub locality: Locality,
    /// Calls that it was shown on, in the calling day and in the last hour.
    pub shown_today: u32,
    pub shown_last_hour: u32,
    /// Calls that are left of its turn; 0 when it is not its turn.
    pub turn_left: u32,
}

/// The numbers that may be shown for this call, in the policy's own order.
///
/// Fewer than two where there is nothing to put in order: the callee is held or is shown the same number again, or the
/// ladder leaves one number or none.
pub fn permitted(question: &Question<'_>) -> Vec<Permitted> {
    let question = Question { order: &[], ..*question };
    let Question { ask, policy, callee, owner, .. } = question;
    let Ok(left) = callee_law(&question) else { return Vec::new() };
    if owner.counts.at_limit(ask.at, &policy.user_limits(), policy).is_some() {
        return Vec::new();
    }
    let bucket = bucket(&question);
    let turn = owner.turns.get(&bucket);
    let judge = Judge::new(&question, turn);
    let remembered = callee.and_then(|callee| callee.remembered(ask.at, policy.sticky_for));
    if remembered.is_some_and(|number| same_again(&question, &judge, number, left, bucket).is_some()) {
        return Vec::new();
    }
    let climbed = climb(&question, &judge);
    let Some(chosen) = climbed.chosen else { return Vec::new() };
    let pool = match chosen.from {
        From::Pool => question.pool,
        From::Bench => question.bench,
        From::Reserve => question.reserve,
    };
    let mut ranked: Vec<_> = climbed
        .verdicts
        .iter()
        .filter_map(|seen| {
            let (_, usage) = pool.each().find(|(candidate, _)| candidate.number == seen.number)?;
            Some((seen.rank.ok()?, seen.number, usage))
        })
        .collect();
    ranked.sort_unstable_by_key(|(rank, ..)| *rank);
    ranked
        .into_iter()
        .map(|(rank, number, usage)| Permitted {
            number,
            standing: rank.standing,
            locality: rank.locality,
            shown_today: usage.today(ask.at, policy),
            shown_last_hour: usage.in_hour(ask.at),
            turn_left: turn.filter(|turn| turn.number == number).map_or(0, |turn| turn.left),
        })
        .collect()
}
