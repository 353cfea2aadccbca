//! Points in time. The pure crate reads no clock: every moment arrives inside an event or a question.

use core::time::Duration;
use serde::{Deserialize, Serialize};

/// Milliseconds since 1970-01-01 UTC.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Moment(pub u64);

impl Moment {
    /// The first moment there is; stands for "never yet" where a field says so.
    pub const ZERO: Moment = Moment(0);

    /// From whole seconds since 1970-01-01 UTC.
    pub const fn from_seconds(seconds: u64) -> Moment {
        Moment(seconds.saturating_mul(1000))
    }

    /// Whole seconds since 1970-01-01 UTC.
    pub const fn seconds(self) -> u64 {
        self.0 / 1000
    }

    /// How long ago `earlier` was; nothing when it lies ahead (a clock that was set back makes no negative ages).
    pub const fn since(self, earlier: Moment) -> Duration {
        Duration::from_millis(self.0.saturating_sub(earlier.0))
    }

    /// This moment and so much later.
    #[must_use]
    pub const fn plus(self, span: Duration) -> Moment {
        // A span beyond 584 million years is the end of time, which is what saturation says.
        Moment(self.0.saturating_add(span.as_millis() as u64))
    }

    /// This moment and so much earlier; the first moment there is when that lies before it.
    #[must_use]
    pub const fn before(self, span: Duration) -> Moment {
        Moment(self.0.saturating_sub(span.as_millis() as u64))
    }

    /// The calling day this moment lies in, when days begin `starts_at` after midnight UTC.
    pub const fn day(self, starts_at: Duration) -> Day {
        Day((self.0.saturating_sub(starts_at.as_millis() as u64) / MILLIS_PER_DAY) as u32)
    }
}

/// A calling day: whole days since 1970-01-01, cut where the policy says a day begins.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Day(pub u32);

impl Day {
    /// The moment this day begins.
    pub const fn begins(self, starts_at: Duration) -> Moment {
        Moment(self.0 as u64 * MILLIS_PER_DAY + starts_at.as_millis() as u64)
    }
}

const MILLIS_PER_DAY: u64 = 24 * 60 * 60 * 1000;
