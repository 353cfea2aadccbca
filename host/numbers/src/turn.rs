//! Turns: one number of an owner is shown for a few calls in a row before the next one takes over.

use crate::counts::Counts;
use crate::e164::E164;
use crate::moment::Moment;
use crate::policy::Policy;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The number whose turn it is. When the turn is over it is the number that had the last one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Turn {
    pub number: E164,
    /// Calls that are left of it.
    pub left: u32,
    /// It lasts until then too, where turns are measured in time.
    pub until: Option<Moment>,
}

impl Turn {
    /// Whether it is this number's turn at `at`.
    pub fn is_of(&self, number: E164, at: Moment) -> bool {
        self.number == number && (self.left > 0 || self.until.is_some_and(|until| until > at))
    }
}

/// The turns of one owner, by locality bucket: the callee's group of area codes where the pool has numbers that are local
/// to it, [`BUCKET_ELSEWHERE`] for all other callees, so that a list from all over the country shares one turn.
pub type Turns = BTreeMap<u16, Turn>;

/// What changes with every call of an owner: its turns, and how many calls it has placed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OwnerUsage {
    pub turns: Turns,
    /// Counted only where a policy caps them.
    pub counts: Counts,
}

/// The bucket of callees to whom no number of the pool is local.
pub const BUCKET_ELSEWHERE: u16 = 0;

/// What a turn that begins with this draw is given: `turn_calls` give or take the jitter, and at least one call; and until
/// when it lasts beyond these, where the policy measures turns in time.
pub fn turn_length(at: Moment, tie_break: u64, policy: &Policy) -> (u32, Option<Moment>) {
    let shortest = policy.turn_calls.saturating_sub(policy.turn_jitter).max(1);
    let longest = policy.turn_calls.saturating_add(policy.turn_jitter).max(1);
    let lengths = u64::from(longest - shortest) + 1;
    let calls = shortest + (spread(tie_break ^ TURN_SALT) % lengths) as u32;
    (calls, policy.turn_for.map(|turn_for| at.plus(turn_for)))
}

/// Keeps the length of a turn apart from the order of equals, which is drawn from the same figure.
const TURN_SALT: u64 = 0x7475_726e;

/// Spreads a figure over all 64 bits, so that neighbours differ everywhere (the finisher of SplitMix64).
pub(crate) const fn spread(figure: u64) -> u64 {
    let figure = figure.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let figure = (figure ^ (figure >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let figure = (figure ^ (figure >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    figure ^ (figure >> 31)
}
