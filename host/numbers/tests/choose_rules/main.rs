//! The rules of a decision held against chance: random pools, policies and afternoons, and after each call every rule.
//!
//! What is true is counted here once more, plainly and exactly, beside the counts that the crate keeps.

mod chance;
#[path = "../common/chance.rs"]
mod chance_tests;
mod checks;
mod world;

use chance::{Step, candidate, listed, pause, policy, step};
use numbers::choose::{Candidate, From, Pool, Question, RETRY_NEVER, choose, permitted, record};
use numbers::policy::{DO_NOT_CALL, JURISDICTIONS};
use numbers::{
    Answer, Ask, CalleeRecord, Carrier, Carriers, Decision, E164, Exemption, HoldReason, Hours, Life, Listed, Moment,
    OwnerId, OwnerUsage, Passed, Policy, Rung, Status, Strictness, TurnChange, Usage,
};
use proptest::prelude::*;
use std::cell::Cell;
use std::collections::BTreeMap;
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
    let afternoons = (
        policy(),
        prop::array::uniform5(listed()),
        prop::collection::vec((0..6usize, candidate()), 1..10),
        prop::collection::vec((pause(), step()), 1..STEPS_MAX),
    );
    let (steps, shown) = (Cell::new(0), Cell::new(0));
    chance_tests::try_many([120_000, 10_100_000], STEPS_MEAN, &afternoons, |(policy, listed, numbers, afternoon)| {
        let mut world = World::new(policy, listed, numbers);
        let began = world.clone();
        let length = afternoon.len() as u64;
        for (pause, step) in afternoon {
            world.now = world.now.plus(pause);
            world.take(step)?;
        }
        steps.set(steps.get() + length);
        shown.set(shown.get() + world.seen.len() as u64);
        world.replays_from(began)?;
        Ok(length)
    });
    println!("{} numbers shown", shown.get());
    assert!(shown.get() > steps.get() / 20, "almost nothing was shown, so almost nothing was tried");
}

fn e164(digits: u64) -> E164 {
    E164::from_digits(digits).expect("the figures above are telephone numbers")
}
