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
        room(&mut sent, per_minute, now).map_err(|wait| wait.as_secs_f64().ceil().max(1.0) as u32)?;
        sent.push_back(now);
        Ok(())
    }

    /// For how many requests there is room now, or in how long there is room for one.
    pub fn room(&self, per_minute: u32, now: Instant) -> Result<u32, Duration> {
        room(&mut self.sent.lock(), per_minute, now)
    }

    /// Gives the last one back: it was refused by a tighter rate and never sent.
    pub fn untake(&self) {
        self.sent.lock().pop_back();
    }
}

fn room(sent: &mut VecDeque<Instant>, per_minute: u32, now: Instant) -> Result<u32, Duration> {
    while sent.front().is_some_and(|first| now.duration_since(*first) >= MINUTE) {
        sent.pop_front();
    }
    let counted = u32::try_from(sent.len()).unwrap_or(u32::MAX);
    if counted < per_minute {
        return Ok(per_minute - counted);
    }
    // The rate may have been lowered meanwhile: room comes when all but per_minute - 1 have grown old.
    let leaves = sent.len().saturating_sub(per_minute.max(1) as usize);
    let room_at = sent.get(leaves).map_or(now, |moment| *moment + MINUTE);
    Err(room_at.duration_since(now))
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
        assert_eq!(rate.room(2, at(0)), Ok(2));
        assert_eq!(rate.take(2, at(0)), Ok(()));
        assert_eq!(rate.room(2, at(0)), Ok(1));
        assert_eq!(rate.take(2, at(50)), Ok(()));
        assert_eq!(rate.take(2, at(55)), Err(5));
        assert_eq!(rate.room(2, at(55)), Err(Duration::from_secs(5)));
        assert_eq!(rate.take(2, began + MINUTE), Ok(()), "the first has grown old");
        assert_eq!(rate.take(2, at(61)), Err(49), "the one of second 50 has not");
        assert_eq!(rate.take(1, at(61)), Err(59), "a lowered rate waits for more of them");
        rate.untake();
        assert_eq!(rate.take(2, at(61)), Ok(()));
    }
}
