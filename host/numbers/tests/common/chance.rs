//! Tests against chance that can be brought back: the seed is printed, and `SMARTGUARD_SEED` and `SMARTGUARD_STEPS` say
//! which one, and how long. `SMARTGUARD_LONG` makes them as long as their proof is to be.

use proptest::prelude::*;
use proptest::test_runner::{Config, RngSeed, TestRunner};
use std::cell::Cell;
use std::hash::{BuildHasher, RandomState};

/// Draws as many cases as these steps take, `mean` steps a case on average, and tries each: `usual` steps, or `full` for the
/// whole proof. `test` answers how many steps it took.
pub fn try_many<S: Strategy>(
    [usual, full]: [u64; 2],
    mean: u64,
    drawn: &S,
    test: impl Fn(S::Value) -> Result<u64, TestCaseError>,
) {
    let figure = |name: &str| std::env::var(name).ok().map(|said| said.parse().expect("a whole number"));
    let seed = figure("SMARTGUARD_SEED").unwrap_or_else(|| RandomState::new().hash_one(usual));
    let length = if std::env::var_os("SMARTGUARD_LONG").is_some() { full } else { usual };
    let wanted: u64 = figure("SMARTGUARD_STEPS").unwrap_or(length);
    println!("seed {seed}; SMARTGUARD_SEED={seed} SMARTGUARD_STEPS={wanted} brings it back");
    let cases = u32::try_from(wanted.div_ceil(mean)).expect("so many cases");
    let config = Config { cases, rng_seed: RngSeed::Fixed(seed), failure_persistence: None, ..Config::default() };
    let steps = Cell::new(0);
    let held = TestRunner::new(config).run(drawn, |value| {
        steps.set(steps.get() + test(value)?);
        Ok(())
    });
    println!("{} steps in {cases} cases", steps.get());
    if let Err(broken) = held {
        panic!("seed {seed}: {broken}");
    }
    assert!(steps.get() >= wanted / 2, "far fewer steps than were wanted");
}
