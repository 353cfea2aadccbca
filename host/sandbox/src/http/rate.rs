//! How often an adapter may ask: exact, over any minute.

use parking_lot::Mutex;
use std::collections::VecDeque;
use std::time::Duration;
use tokio::time::Instant;

/// The moments of the requests of the last minute. At most as many as the rate allows, so its size is bounded by it.
#[derive(Default)]
pub(super) struct Rate {
    sent: Mutex<VecDeque<Instant>>,
}

const MINUTE: Duration = Duration::from_secs(60);

impl Rate {
    /// Counts one request, or says in how many seconds there is room for one.
    pub fn take(&self, per_minute: u32, now: Instant) -> Result<(), u32> {
        let mut sent = self.sent.lock();
        while sent.front().is_some_and(|first| now.duration_since(*first) >= MINUTE) {
            sent.pop_front();
        }
        if (sent.len() as u64) < u64::from(per_minute) {
            sent.push_back(now);
            return Ok(());
        }
        // The rate may have been lowered meanwhile: room comes when all but per_minute - 1 have grown old.
        let leaves = sent.len().saturating_sub(per_minute.max(1) as usize);
        let room_at = sent.get(leaves).map_or(now, |moment| *moment + MINUTE);
        Err(room_at.duration_since(now).as_secs_f64().ceil().max(1.0) as u32)
    }

    /// Gives the last one back: it was refused by a tighter rate and never sent.
    pub fn untake(&self) {
        self.sent.lock().pop_back();
    }
}

#[cfg(test)]
mod tests {
    use super::{MINUTE, Rate};
    use std::time::Duration;
    use tokio::time::Instant;

    #[test]
    fn any_minute_holds_the_rate_and_the_wait_is_named() {
        let (rate, began) = (Rate::default(), Instant::now());
        let at = |seconds| began + Duration::from_secs(seconds);
        assert_eq!(rate.take(2, at(0)), Ok(()));
        assert_eq!(rate.take(2, at(50)), Ok(()));
        assert_eq!(rate.take(2, at(55)), Err(5));
        assert_eq!(rate.take(2, began + MINUTE), Ok(()), "the first has grown old");
        assert_eq!(rate.take(2, at(61)), Err(49), "the one of second 50 has not");
        assert_eq!(rate.take(1, at(61)), Err(59), "a lowered rate waits for more of them");
        rate.untake();
        assert_eq!(rate.take(2, at(61)), Ok(()));
    }
}
