//! Small worlds for the tests of the gym.
#![allow(dead_code)] // Each test file uses its share.

use gym::{Contender, World};
use numbers::Policy;

/// The default policy first, and everybody it is held against.
pub fn contenders() -> Vec<Contender> {
    let mut contenders = vec![Contender::policy("default policy", Policy::default())];
    contenders.extend(Contender::baselines());
    contenders
}

/// A world of few users, which runs in a moment.
pub fn small(name: &str) -> World {
    let mut world = World::named(name).expect("a world that comes with the program");
    world.floor.users = 3;
    world
}
