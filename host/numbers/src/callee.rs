//! What is remembered of one callee: the number it saw, how often it was called, whether it may be called at all.
//!
//! Callees are known here by a keyed hash alone; whoever holds the key makes it.

use crate::decision::Ask;
use crate::e164::E164;
use crate::law;
use crate::moment::Moment;
use crate::policy::Policy;
use core::fmt;
use core::time::Duration;
use serde::{Deserialize, Serialize};

/// A callee under a key that lies outside the data. Wide enough that two callees never share one by chance.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct CalleeHash(pub [u8; 16]);

impl fmt::Display for CalleeHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for CalleeHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A callee saw another number than before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    pub at: Moment,
    /// When it had last seen the number before.
    pub before_at: Moment,
}

/// The memory of one callee of one business: what was seen of it, judged by no policy until somebody asks.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CalleeRecord {
    /// The number it saw last, and when.
    pub sticky: Option<(E164, Moment)>,
    /// The last time that it saw another number than before. Whether that spent its one change is for the policy to say
    /// that is in force when it is asked.
    pub changed: Option<Change>,
    /// Since when it may not be called: it asked so, or blocked us.
    pub suppressed: Option<Moment>,
    /// Seconds since 1970, oldest first, each rounded up so that no attempt ages early; at most [`ATTEMPTS_MAX`].
    attempts: Vec<u32>,
}

/// Attempts remembered of a callee. A policy that permits more in thirty days is held to this.
pub const ATTEMPTS_MAX: usize = 32;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);
/// The two windows in which attempts are counted.
pub const ATTEMPTS_SHORT: Duration = DAY;
pub const ATTEMPTS_LONG: Duration = Duration::from_secs(30 * 24 * 60 * 60);

impl CalleeRecord {
    /// Counts an attempt, and forgets those that no window reaches any more.
    pub fn record_attempt(&mut self, at: Moment) {
        self.attempts.retain(|attempt| at.since(moment(*attempt)) < ATTEMPTS_LONG);
        if self.attempts.len() >= ATTEMPTS_MAX {
            self.attempts.remove(0);
        }
        let second = rounded_up(at);
        let place = self.attempts.partition_point(|attempt| *attempt <= second);
        self.attempts.insert(place, second);
    }

    /// Takes back the attempt of a decision of `at` whose call was never placed.
    pub fn give_back_attempt(&mut self, at: Moment) {
        if let Ok(place) = self.attempts.binary_search(&rounded_up(at)) {
            self.attempts.remove(place);
        }
    }

    /// It must not be called again, since `at` or since it said so before.
    pub fn suppress(&mut self, at: Moment) {
        self.suppressed.get_or_insert(at);
    }

    /// Attempts less than `window` ago. One that lies ahead, because the clock was set back, counts.
    pub fn attempts_in(&self, window: Duration, now: Moment) -> u32 {
        self.attempts.iter().filter(|attempt| now.since(moment(**attempt)) < window).count() as u32
    }

    /// Attempts that remain at `now` under both windows.
    pub fn attempts_left(&self, now: Moment, attempts: Attempts) -> u32 {
        let [short, long] = attempts.windows().map(|(window, cap)| cap.saturating_sub(self.attempts_in(window, now)));
        short.min(long)
    }

    /// The first moment from `now` on at which an attempt remains; none where the policy permits none at all.
    pub fn attempt_frees_at(&self, now: Moment, attempts: Attempts) -> Option<Moment> {
        let mut frees = now;
        for (window, cap) in attempts.windows() {
            if cap == 0 {
                return None;
            }
            if self.attempts_in(window, now) >= cap {
                // The newest `cap - 1` may stay in the window; the one before them must have left it.
                let leaving = self.attempts[self.attempts.len() - cap as usize];
                frees = frees.max(moment(leaving).plus(window));
            }
        }
        Some(frees)
    }

    /// Whether no rule asks about anything that is remembered of it, at `now` or later. `sticky_for` is the longest of
    /// any scope, because nobody knows which of them calls next.
    pub fn is_forgotten(&self, now: Moment, sticky_for: Duration) -> bool {
        self.suppressed.is_none()
            && self.remembered(now, sticky_for).is_none()
            && self.change_spent_until(now, sticky_for).is_none()
            && self.attempts_in(ATTEMPTS_LONG, now) == 0
    }

    /// The number it should see again, while it is remembered.
    pub fn remembered(&self, now: Moment, sticky_for: Duration) -> Option<E164> {
        self.sticky.filter(|(_, seen_at)| now.since(*seen_at) < sticky_for).map(|(number, _)| number)
    }

    /// Until when it may see no further change; none when it may see one now.
    pub fn change_spent_until(&self, now: Moment, sticky_for: Duration) -> Option<Moment> {
        // A change counts when the number before was still to be shown again. An earlier one that counted is over by then.
        let change = self.changed.filter(|change| change.at.since(change.before_at) < sticky_for);
        change.map(|change| change.at.plus(sticky_for)).filter(|until| *until > now)
    }

    /// Remembers which number it was shown.
    pub fn record_shown(&mut self, number: E164, at: Moment) {
        if let Some((before, before_at)) = self.sticky
            && before != number
        {
            self.changed = Some(Change { at, before_at });
        }
        self.sticky = Some((number, at));
    }
}

/// How often a callee may be called, by the policy and by the law of where it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Attempts {
    pub per_24h: u32,
    pub per_30d: u32,
}

impl Attempts {
    /// For the callee of this call.
    pub fn of(ask: &Ask, policy: &Policy) -> Attempts {
        let law = if policy.is_bound() { law::attempts_per_24h(ask.whereabouts(), ask.at) } else { None };
        let per_24h = law.map_or(policy.attempts_per_24h, |(law, _)| law.min(policy.attempts_per_24h));
        Attempts { per_24h, per_30d: policy.attempts_per_30d }
    }

    /// Both windows with their caps, held to what is remembered.
    fn windows(self) -> [(Duration, u32); 2] {
        let held = |cap: u32| cap.min(ATTEMPTS_MAX as u32);
        [(ATTEMPTS_SHORT, held(self.per_24h)), (ATTEMPTS_LONG, held(self.per_30d))]
    }
}

fn rounded_up(at: Moment) -> u32 {
    u32::try_from(at.0.div_ceil(1000)).unwrap_or(u32::MAX)
}

fn moment(attempt: u32) -> Moment {
    Moment::from_seconds(u64::from(attempt))
}
