//! How many calls there were in the last minute, the last hour and the calling day: what every cap is held against.
//!
//! The minute and the hour slide in steps: seven buckets of ten seconds cover at least any sixty seconds, thirteen of
//! five minutes at least any hour. So a count may be a little too high and never too low, and a cap is never exceeded.
//! A clock that is set back is met the same way: what was counted stays counted.
//!
//! It counts; whose calls these are, and what they may be, is said elsewhere.

use crate::moment::Moment;
use crate::policy::Policy;
use core::time::Duration;
use serde::{Deserialize, Serialize};

/// Counts of calls, in about sixty bytes.
///
/// Invariant: `minute` and `hour` hold the buckets that end with `minute_at` and `hour_at`, bucket `b` in place
/// `b % length`; `day_count` counts the calls of the day that begins at `day_begins`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    minute_at: u32,
    hour_at: u32,
    minute: [u16; MINUTE_BUCKETS],
    hour: [u16; HOUR_BUCKETS],
    day_count: u32,
    day_begins: Moment,
}

/// Calls that are permitted in any minute, in any hour and in a calling day; none is no cap.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Limits {
    pub minute: Option<u32>,
    pub hour: Option<u32>,
    pub day: Option<u32>,
}

/// The windows in which calls are counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Window {
    Minute,
    Hour,
    Day,
}

/// Caps a minute and an hour above this are held as this, because a bucket counts no further.
pub const CAP_MAX: u32 = u16::MAX as u32;

const MINUTE_BUCKET_SECONDS: u64 = 10;
const MINUTE_BUCKETS: usize = 7;
const HOUR_BUCKET_SECONDS: u64 = 300;
const HOUR_BUCKETS: usize = 13;
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

impl Limits {
    /// Nothing is capped.
    pub const NONE: Limits = Limits { minute: None, hour: None, day: None };

    pub fn is_none(&self) -> bool {
        *self == Limits::NONE
    }
}

impl Counts {
    /// Counts so many calls of `at`.
    pub fn count(&mut self, at: Moment, calls: u32, policy: &Policy) {
        let calls_small = u16::try_from(calls).unwrap_or(u16::MAX);
        add(&mut self.minute_at, &mut self.minute, bucket(at, MINUTE_BUCKET_SECONDS), calls_small);
        add(&mut self.hour_at, &mut self.hour, bucket(at, HOUR_BUCKET_SECONDS), calls_small);
        let begins = at.day(policy.day_starts_at).begins(policy.day_starts_at);
        if self.day_is_over(begins) {
            self.day_count = 0;
        }
        // A clock set back by more than a day takes the count along; one set back by less leaves it where it is, so
        // that two calls stamped out of order at the turn of the day do not lose the count of the new one.
        if begins > self.day_begins || begins.plus(DAY) < self.day_begins {
            self.day_begins = begins;
        }
        self.day_count = self.day_count.saturating_add(calls);
    }

    /// Takes back one call of `at`. What has left its window is not taken back again.
    pub fn take_back(&mut self, at: Moment) {
        take_back(self.minute_at, &mut self.minute, bucket(at, MINUTE_BUCKET_SECONDS));
        take_back(self.hour_at, &mut self.hour, bucket(at, HOUR_BUCKET_SECONDS));
        if at >= self.day_begins && at < self.day_begins.plus(DAY) {
            self.day_count = self.day_count.saturating_sub(1);
        }
    }

    /// Calls in the last minute, never fewer than were made.
    pub fn in_minute(&self, now: Moment) -> u32 {
        total(self.minute_at, &self.minute, bucket(now, MINUTE_BUCKET_SECONDS))
    }

    /// Calls in the last hour, never fewer than were made.
    pub fn in_hour(&self, now: Moment) -> u32 {
        total(self.hour_at, &self.hour, bucket(now, HOUR_BUCKET_SECONDS))
    }

    /// Calls in the calling day of `now`.
    pub fn today(&self, now: Moment, policy: &Policy) -> u32 {
        if self.day_is_over(now.day(policy.day_starts_at).begins(policy.day_starts_at)) { 0 } else { self.day_count }
    }

    /// The longest window in which no further call is permitted; none when one is.
    pub fn at_limit(&self, now: Moment, limits: &Limits, policy: &Policy) -> Option<Window> {
        if limits.day.is_some_and(|cap| self.today(now, policy) >= cap) {
            Some(Window::Day)
        } else if limits.hour.is_some_and(|cap| self.in_hour(now) >= cap.min(CAP_MAX)) {
            Some(Window::Hour)
        } else if limits.minute.is_some_and(|cap| self.in_minute(now) >= cap.min(CAP_MAX)) {
            Some(Window::Minute)
        } else {
            None
        }
    }

    /// The first moment from `now` on at which every window permits a call; none for a cap of nothing.
    pub fn frees_at(&self, now: Moment, limits: &Limits, policy: &Policy) -> Option<Moment> {
        let day = limits.day.map_or(Some(now), |cap| self.day_frees_at(now, cap, policy))?;
        let hour = limits.hour.map_or(Some(now), |cap| self.hour_frees_at(now, cap))?;
        let minute = limits.minute.map_or(Some(now), |cap| self.minute_frees_at(now, cap))?;
        Some(day.max(hour).max(minute))
    }

    /// The first moment from `now` on at which fewer than `cap` calls lie in the minute; none for a cap of nothing.
    pub fn minute_frees_at(&self, now: Moment, cap: u32) -> Option<Moment> {
        frees_at(self.minute_at, &self.minute, now, MINUTE_BUCKET_SECONDS, cap)
    }

    /// The first moment from `now` on at which fewer than `cap` calls lie in the hour; none for a cap of nothing.
    pub fn hour_frees_at(&self, now: Moment, cap: u32) -> Option<Moment> {
        frees_at(self.hour_at, &self.hour, now, HOUR_BUCKET_SECONDS, cap)
    }

    /// The first moment from `now` on at which fewer than `cap` calls lie in the day; none for a cap of nothing.
    pub fn day_frees_at(&self, now: Moment, cap: u32, policy: &Policy) -> Option<Moment> {
        if cap == 0 {
            return None;
        }
        if self.today(now, policy) < cap {
            return Some(now);
        }
        let counted_day = self.day_begins.day(policy.day_starts_at).max(now.day(policy.day_starts_at));
        let mut next = counted_day;
        next.0 += 1;
        let begins = next.begins(policy.day_starts_at);
        // A day that was begun under another hour of the clock is carried over once more; see `day_is_over`.
        Some(if self.day_is_over(begins) { begins } else { begins.plus(DAY) })
    }

    /// Whether a day that begins at `begins` leaves the counted day wholly behind. Two days that overlap, because the
    /// policy now cuts them elsewhere, share one count.
    fn day_is_over(&self, begins: Moment) -> bool {
        begins >= self.day_begins.plus(DAY)
    }
}

fn bucket(at: Moment, seconds: u64) -> u32 {
    u32::try_from(at.seconds() / seconds).unwrap_or(u32::MAX)
}

fn total(newest: u32, counts: &[u16], now: u32) -> u32 {
    let all: u32 = counts.iter().copied().map(u32::from).sum();
    if now <= newest || all == 0 {
        return all;
    }
    let length = counts.len() as u32;
    let passed = now - newest;
    if passed >= length {
        return 0;
    }
    // The places that the buckets from `newest + 1` to `now` will take hold what has left the window.
    let gone: u32 = (1..=passed).map(|step| u32::from(counts[place(newest, step, length)])).sum();
    all - gone
}

fn add(newest: &mut u32, counts: &mut [u16], at: u32, calls: u16) {
    let length = counts.len() as u32;
    if at > *newest {
        for step in 1..=(at - *newest).min(length) {
            counts[place(*newest, step, length)] = 0;
        }
        *newest = at;
    } else if *newest - at >= length {
        // The clock was set back by more than the window: all that was counted counts from now.
        let all = counts.iter().fold(0u16, |sum, count| sum.saturating_add(*count));
        counts.fill(0);
        *newest = at;
        counts[place(at, 0, length)] = all;
    }
    let newest_place = place(*newest, 0, length);
    counts[newest_place] = counts[newest_place].saturating_add(calls);
}

fn take_back(newest: u32, counts: &mut [u16], at: u32) {
    let length = counts.len() as u32;
    if at <= newest && newest - at < length {
        let its_place = place(at, 0, length);
        counts[its_place] = counts[its_place].saturating_sub(1);
    }
}

fn frees_at(newest: u32, counts: &[u16], now: Moment, seconds: u64, cap: u32) -> Option<Moment> {
    if cap == 0 {
        return None;
    }
    let cap = cap.min(CAP_MAX);
    let now_bucket = bucket(now, seconds);
    let mut left = total(newest, counts, now_bucket);
    if left < cap {
        return Some(now);
    }
    let first = now_bucket.max(newest);
    // Bucket by bucket, what leaves the window with each.
    let length = counts.len() as u32;
    (first - newest + 1..=length).find_map(|step| {
        left -= u32::from(counts[place(newest, step, length)]);
        let later = newest.saturating_add(step);
        (left < cap).then(|| Moment::from_seconds(u64::from(later) * seconds))
    })
}

fn place(newest: u32, step: u32, length: u32) -> usize {
    ((newest % length + step) % length) as usize
}
