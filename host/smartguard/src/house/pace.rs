//! How fast each adapter is asked: no more calls at once than it bears, and about no more numbers than its own rate
//! has room for.
//!
//! Whoever asks waits here for a turn. Without it a long list would fail for want of one, and count as asked in vain.

use core::time::Duration;
use parking_lot::Mutex;
use std::collections::BTreeMap;
use std::sync::Arc;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// A line before each adapter.
#[derive(Default)]
pub struct Pace {
    /// By adapter and by how many calls it bears at once, which a new version may change.
    lines: Mutex<BTreeMap<(String, u32), Arc<Line>>>,
}

/// The line before one adapter. Turns are given in the order in which they were asked for.
pub struct Line {
    lanes: Arc<Semaphore>,
    /// Numbers of the turns that are out; their requests may not have been counted yet.
    promised: Arc<Mutex<u32>>,
}

/// Leave to make one call about so many numbers. It ends when it is dropped.
pub struct Turn {
    numbers: u32,
    promised: Arc<Mutex<u32>>,
    _lane: Option<OwnedSemaphorePermit>,
}

/// While all room is promised to others it is looked again so soon; their calls take about as long.
const LOOK_AGAIN_AFTER: Duration = Duration::from_millis(100);

impl Pace {
    /// The line before this adapter.
    pub fn line(&self, adapter: &str, at_once: u32) -> Arc<Line> {
        self.lines.lock().entry((adapter.to_owned(), at_once)).or_insert_with(|| Arc::new(Line::new(at_once))).clone()
    }
}

impl Line {
    fn new(at_once: u32) -> Line {
        Line { lanes: Arc::new(Semaphore::new(at_once.max(1) as usize)), promised: Arc::default() }
    }

    /// Waits for leave to ask about up to `wanted` numbers. `room` says for how many requests the rate has room now,
    /// or in how long it has room for one; a number is taken to need one request.
    pub async fn turn(&self, wanted: usize, room: impl Fn() -> Result<u32, Duration>) -> Turn {
        // Nobody closes the lanes, so there is always a permit.
        let lane = self.lanes.clone().acquire_owned().await.ok();
        let wanted = u32::try_from(wanted).unwrap_or(u32::MAX);
        loop {
            let wait = match room() {
                Ok(room) => {
                    let mut promised = self.promised.lock();
                    let numbers = wanted.min(room.saturating_sub(*promised));
                    if numbers > 0 || wanted == 0 {
                        *promised += numbers;
                        return Turn { numbers, promised: self.promised.clone(), _lane: lane };
                    }
                    LOOK_AGAIN_AFTER
                }
                Err(wait) => wait,
            };
            tokio::time::sleep(wait).await;
        }
    }
}

impl Turn {
    /// At most so many numbers may be asked about.
    pub fn numbers(&self) -> usize {
        self.numbers as usize
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        *self.promised.lock() -= self.numbers;
    }
}

#[cfg(test)]
mod tests {
    use super::{Line, Pace};
    use core::time::Duration;
    use futures_util::FutureExt;
    use std::cell::Cell;

    #[tokio::test]
    async fn no_more_calls_at_once_than_it_bears() {
        let line = Line::new(2);
        let plenty = || Ok(1000);
        let first = line.turn(10, plenty).await;
        let second = line.turn(10, plenty).await;
        assert_eq!((first.numbers(), second.numbers()), (10, 10));
        let mut third = Box::pin(line.turn(10, plenty));
        assert!((&mut third).now_or_never().is_none(), "it waits in the line");
        drop(first);
        assert_eq!(third.await.numbers(), 10);
    }

    #[tokio::test]
    async fn no_more_numbers_than_the_rate_has_room_for() {
        let line = Line::new(4);
        let room = || Ok(25);
        let turns = [line.turn(10, room).await, line.turn(10, room).await, line.turn(10, room).await];
        assert_eq!(turns.each_ref().map(super::Turn::numbers), [10, 10, 5], "what is promised is not given twice");
        assert!(line.turn(10, room).now_or_never().is_none(), "nothing is left");
        drop(turns);
        assert_eq!(line.turn(10, room).await.numbers(), 10);
    }

    #[tokio::test]
    async fn it_waits_until_the_rate_has_room() {
        let line = Line::new(1);
        let looked = Cell::new(0);
        let room = || {
            looked.set(looked.get() + 1);
            if looked.get() < 3 { Err(Duration::from_millis(1)) } else { Ok(1) }
        };
        assert_eq!(line.turn(10, room).await.numbers(), 1);
        assert_eq!(looked.get(), 3);
    }

    #[test]
    fn each_adapter_has_a_line_of_its_own() {
        let pace = Pace::default();
        assert!(std::sync::Arc::ptr_eq(&pace.line("one", 4), &pace.line("one", 4)));
        assert!(!std::sync::Arc::ptr_eq(&pace.line("one", 4), &pace.line("other", 4)));
    }
}
