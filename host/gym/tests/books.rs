//! The books balance: every question is shown or held, every number is in one place, and no cap is exceeded as somebody
//! else counts it, from nothing but which number was shown when.

mod common;

use common::small;
use gym::{Blind, Called, Contender, Course, House, Ranker, Strategy, Tally, Watcher, watch};
use numbers::{E164, Life, Moment, Place, Policies, Policy};
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// Counts by itself what the caps are about.
#[derive(Default)]
struct Ledger {
    /// When each number was shown within the last day.
    shown: BTreeMap<E164, VecDeque<Moment>>,
    attempts: BTreeMap<u64, Vec<Moment>>,
    calls: u64,
    worst: Worst,
    days: u32,
}

#[derive(Default, Debug)]
struct Worst {
    minute: usize,
    hour: usize,
    calling_day: usize,
    attempts_in_day: usize,
    attempts_in_all: usize,
}

const MINUTE: u64 = 60_000;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;

impl Watcher for Ledger {
    fn shown(&mut self, at: Moment, _user: u32, callee: Called, number: E164) {
        self.calls += 1;
        let shown = self.shown.entry(number).or_default();
        shown.push_back(at);
        while shown.front().is_some_and(|first| at.0 - first.0 >= DAY) {
            shown.pop_front();
        }
        let within = |span: u64| shown.iter().filter(|earlier| at.0 - earlier.0 < span).count();
        let day_began = at.day(Policy::default().day_starts_at).begins(Policy::default().day_starts_at);
        let worst = &mut self.worst;
        worst.minute = worst.minute.max(within(MINUTE));
        worst.hour = worst.hour.max(within(HOUR));
        worst.calling_day = worst.calling_day.max(shown.iter().filter(|earlier| **earlier >= day_began).count());
        let attempts = self.attempts.entry(callee.person).or_default();
        attempts.push(at);
        let of_day = attempts.iter().filter(|earlier| at.0 - earlier.0 < DAY).count();
        worst.attempts_in_day = worst.attempts_in_day.max(of_day);
        worst.attempts_in_all = worst.attempts_in_all.max(attempts.len());
    }

    fn day_ends(&mut self, house: Option<&House>) {
        self.days += 1;
        let Some(house) = house else { return };
        let pools = house.pools();
        let in_pools: BTreeSet<u32> = pools.iter().flatten().copied().collect();
        assert_eq!(in_pools.len(), pools.iter().map(Vec::len).sum::<usize>(), "a number is in one pool");
        let state = &house.state;
        let pooled = state.numbers.values().filter(|number| matches!(number.place, Place::Pool(_))).count();
        assert_eq!(in_pools.len(), pooled, "the views are what the state says");
        for number in state.numbers.values() {
            let fits = match number.life {
                Life::Quarantined | Life::Retired => number.place == Place::Aside,
                Life::Ready => number.place == Place::Reserve,
                Life::Active | Life::AtRisk => matches!(number.place, Place::Pool(_) | Place::Bench),
                Life::Remediating | Life::Resting => number.place != Place::Reserve,
            };
            assert!(fits, "{} is {:?} and in {:?}", number.e164, number.life, number.place);
        }
    }
}

fn balance(tally: &Tally, ledger: &Ledger) {
    assert_eq!(tally.asks, tally.shown + tally.held_total());
    let empty = tally.slots_held + tally.slots_outside_hours + tally.slots_dry;
    assert_eq!(tally.slots, tally.shown + empty);
    assert_eq!(tally.shown, ledger.calls);
    assert_eq!(tally.shown, tally.outcomes.iter().sum::<u64>());
    assert_eq!(tally.shown, tally.shown_by_carrier.iter().sum::<u64>());
    assert_eq!(tally.shown, tally.calls_on_number_days);
    assert!(tally.engaged <= tally.human);
    let labels = &tally.labels;
    assert_eq!(labels.set, labels.detected + labels.ended_unseen + labels.unseen);
    assert_eq!(labels.set, labels.redressed + labels.expired + labels.standing);
    assert!(tally.numbers_shown <= tally.numbers_held + tally.bought);
}

#[test]
fn the_policy_keeps_its_caps_in_every_world() {
    let policy = Policy::default();
    let Contender { strategy, .. } = Contender::policy("default", policy.clone());
    for (name, _) in gym::world::WORLDS {
        let mut world = small(name);
        // Twice what ten numbers bear well, so that every cap is met.
        world.floor.dials_per_user_and_day = 600;
        let mut ledger = Ledger::default();
        let course = Course { world: &world, strategy: &strategy, seed: 11, days: 12, more_numbers: 0 };
        let tally = watch(&course, &mut |_| {}, &mut ledger);
        balance(&tally, &ledger);
        let worst = &ledger.worst;
        assert_eq!(ledger.days, 12);
        assert!(worst.minute <= policy.per_minute as usize, "{name}: {worst:?}");
        assert!(worst.hour <= policy.per_hour as usize, "{name}: {worst:?}");
        assert!(worst.calling_day <= policy.per_day_hard as usize, "{name}: {worst:?}");
        assert!(worst.calling_day > policy.per_day_soft as usize / 2, "{name}: the caps were never near: {worst:?}");
        assert!(worst.attempts_in_day <= policy.attempts_per_24h as usize, "{name}: {worst:?}");
        assert!(worst.attempts_in_all <= policy.attempts_per_30d as usize, "{name}: {worst:?}");
    }
}

#[test]
fn a_ranker_reorders_and_permits_nothing() {
    let policy = Policy::default();
    let mut world = small("default");
    world.floor.dials_per_user_and_day = 600;
    let run = |strategy: Strategy| {
        let mut ledger = Ledger::default();
        let course = Course { world: &world, strategy: &strategy, seed: 4, days: 8, more_numbers: 0 };
        (watch(&course, &mut |_| {}, &mut ledger), ledger)
    };
    let policies = Policies::default();
    let (alone, _) = run(Strategy::Policy(policies.clone()));
    let silent = Ranker::new(|_, _| Vec::new());
    assert_eq!(run(Strategy::Ranked(policies.clone(), silent)).0, alone);
    let agrees = Ranker::new(|_, permitted| permitted.iter().map(|number| number.number).collect());
    assert_eq!(run(Strategy::Ranked(policies.clone(), agrees)).0, alone);
    // One that puts the most used number first, and one of its own that is nobody's.
    let contrary = Ranker::new(|ask, permitted| {
        let mut order: Vec<_> = permitted.iter().map(|number| (number.shown_today, number.number)).collect();
        order.sort_unstable();
        [ask.callee].into_iter().chain(order.into_iter().rev().map(|(_, number)| number)).collect()
    });
    let (tally, ledger) = run(Strategy::Ranked(policies.clone(), contrary));
    assert_ne!(tally, alone);
    balance(&tally, &ledger);
    let worst = &ledger.worst;
    assert!(worst.minute <= policy.per_minute as usize && worst.hour <= policy.per_hour as usize, "{worst:?}");
    assert!(worst.calling_day <= policy.per_day_hard as usize, "{worst:?}");
}

#[test]
fn the_blind_ones_keep_the_law_and_nothing_else() {
    let mut world = small("default");
    world.list.attempts_max = 32;
    world.list.redial_after_hours = 1;
    world.answers.human_permille = 10;
    for how in [Blind::OneNumber, Blind::RoundRobin { every: 5 }, Blind::Random, Blind::LeastUsed] {
        let mut ledger = Ledger::default();
        let strategy = Strategy::Blind(how);
        let course = Course { world: &world, strategy: &strategy, seed: 2, days: 12, more_numbers: 0 };
        let tally = watch(&course, &mut |_| {}, &mut ledger);
        balance(&tally, &ledger);
        assert!(tally.held_total() > 0, "{how:?}: the law was never met");
        let worst = &ledger.worst;
        assert!(worst.attempts_in_day <= 3 && worst.attempts_in_all <= 8, "{how:?}: {worst:?}");
    }
}
