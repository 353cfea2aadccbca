//! The rules of a decision held against chance: random pools, policies and afternoons, and after each call every rule.
//!
//! What is true is counted here once more, plainly and exactly, beside the counts that the crate keeps. The seed and the
//! number of steps are printed, and `SMARTGUARD_SEED` and `SMARTGUARD_STEPS` say others.

mod chance;
mod checks;
mod world;

use chance::{Step, candidate, pause, policy, step};
use numbers::choose::{Candidate, From, Pool, Question, RETRY_NEVER, choose, permitted, record};
use numbers::policy::JURISDICTIONS;
use numbers::{
    Answer, Ask, CalleeRecord, Carrier, Carriers, Decision, E164, Exemption, HoldReason, Hours, Life, Moment, OwnerId,
    OwnerUsage, Passed, Policy, Rung, Status, Strictness, TurnChange, Usage,
};
use proptest::prelude::*;
use proptest::test_runner::{Config, RngSeed, TestRunner};
use std::cell::Cell;
use std::collections::BTreeMap;
use std::hash::{BuildHasher, RandomState};
use std::time::Duration;
use world::World;

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3600);
const DAY: Duration = Duration::from_secs(24 * 3600);
const NOW: Moment = Moment::from_seconds(20_500 * 24 * 3600 + 15 * 3600);
const CALLEES: [u64; 5] = [13_122_220_100, 13_122_220_101, 12_122_220_100, 13_052_220_100, 442_079_460_000];
const AREA_CODES: [u64; 4] = [312, 212, 305, 773];

/// Steps of an afternoon at most, and on an average one.
const STEPS_MAX: usize = 120;
const STEPS_MEAN: u64 = 60;

#[test]
fn every_rule_holds_after_every_call_and_a_replay_decides_the_same() {
    let figure = |name: &str| std::env::var(name).ok().map(|said| said.parse().expect("a whole number"));
    let seed = figure("SMARTGUARD_SEED").unwrap_or_else(|| RandomState::new().hash_one("an afternoon"));
    let wanted: u64 = figure("SMARTGUARD_STEPS").unwrap_or(120_000);
    println!("seed {seed}; SMARTGUARD_SEED={seed} SMARTGUARD_STEPS={wanted} brings these afternoons back");
    let cases = u32::try_from(wanted.div_ceil(STEPS_MEAN)).expect("so many afternoons");
    let config = Config { cases, rng_seed: RngSeed::Fixed(seed), failure_persistence: None, ..Config::default() };
    let (steps, shown) = (Cell::new(0_u64), Cell::new(0_u64));
    let afternoons = (
        policy(),
        prop::collection::vec((0..6usize, candidate()), 1..10),
        prop::collection::vec((pause(), step()), 1..STEPS_MAX),
    );
    let held = TestRunner::new(config).run(&afternoons, |(policy, numbers, afternoon)| {
        let mut world = World::new(policy, numbers);
        let began = world.began_again();
        for (pause, step) in afternoon {
            world.now = world.now.plus(pause);
            world.take(step)?;
            steps.set(steps.get() + 1);
        }
        shown.set(shown.get() + world.seen.len() as u64);
        world.replays_from(began)
    });
    println!("{} steps, {} numbers shown", steps.get(), shown.get());
    if let Err(broken) = held {
        panic!("seed {seed}: {broken}");
    }
    assert!(shown.get() > steps.get() / 20, "almost nothing was shown, so almost nothing was tried");
}

fn e164(digits: u64) -> E164 {
    E164::from_digits(digits).expect("the figures above are telephone numbers")
}
