//! Chance from a seed that is printed, so that a failure can be thrown again.

use std::time::{Duration, SystemTime};

/// SplitMix64: every seed gives another sequence, and every draw looks like chance.
#[derive(Clone, Debug)]
pub struct Dice {
    state: u64,
}

impl Dice {
    /// The seed of `SMARTGUARD_SEED`, or one of this moment; printed either way.
    pub fn thrown(of: &str) -> Dice {
        let said = std::env::var("SMARTGUARD_SEED").ok().and_then(|seed| seed.parse().ok());
        let seed = said.unwrap_or_else(|| {
            let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
            since.as_nanos() as u64
        });
        println!("{of}: SMARTGUARD_SEED={seed}");
        Dice { state: seed }
    }

    /// Other dice, so that several tasks may each throw their own.
    pub fn fork(&mut self) -> Dice {
        Dice { state: self.draw() }
    }

    pub fn draw(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// From 0 up to but without `below`.
    pub fn below(&mut self, below: u64) -> u64 {
        self.draw() % below.max(1)
    }

    /// True once in so many throws.
    pub fn one_in(&mut self, times: u64) -> bool {
        self.below(times) == 0
    }

    pub fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        &from[self.below(from.len() as u64) as usize]
    }

    pub fn millis(&mut self, from: u64, to: u64) -> Duration {
        Duration::from_millis(from + self.below(to - from))
    }
}
