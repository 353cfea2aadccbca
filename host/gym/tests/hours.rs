//! Nobody is called at an hour that the law of where they live forbids, whoever calls, and the floor keeps its own clock.

mod common;

use common::small;
use gym::{Called, Contender, Course, Watcher, World, watch};
use numbers::{Date, E164, Hours, Moment, Patch, Policies, Policy, Scope, Whereabouts, law};
use std::collections::{BTreeMap, BTreeSet};

/// What clock and calendar of the floor show at each call.
struct Clock<'a> {
    world: &'a World,
    hours: BTreeSet<u16>,
    days: BTreeSet<Date>,
    /// Calls before eight or after nine in the evening, by the floor's own clock.
    odd: u64,
}

impl Watcher for Clock<'_> {
    fn shown(&mut self, at: Moment, _user: u32, callee: Called, _number: E164) {
        let here = self.world.floor.time_zone.local(at);
        let forbidden = law::hours(Whereabouts::of(callee.number), at, &Hours::FEDERAL, true).err();
        assert_eq!(forbidden, None, "{} is called at {here:?}", callee.number);
        self.hours.insert(here.minute / 60);
        self.days.insert(here.date);
        self.odd += u64::from(!(8 * 60..21 * 60).contains(&here.minute));
    }
}

fn kept(world: &World, contender: &Contender, days: u32) -> (gym::Tally, BTreeSet<u16>, BTreeSet<Date>, u64) {
    let mut clock = Clock { world, hours: BTreeSet::new(), days: BTreeSet::new(), odd: 0 };
    let course = Course { world, strategy: &contender.strategy, seed: 3, days, more_numbers: 0 };
    let tally = watch(&course, &mut |_| {}, &mut clock);
    (tally, clock.hours, clock.days, clock.odd)
}

#[test]
fn the_law_of_where_callees_live_binds_everybody() {
    let mut world = small("default");
    // All round the clock, over the Sunday on which it jumps.
    world.floor.begins_hour = 0;
    world.floor.hour_weights = vec![1; 24];
    world.floor.begins_on = Date { year: 2026, month: 3, day: 5 };
    world.floor.working_days_per_week = 7;
    for contender in common::contenders() {
        let (tally, _, days, odd) = kept(&world, &contender, 6);
        let counted = tally.held_outside_hours();
        assert!(counted > 0 && tally.slots_outside_hours > 0, "{}: it was never too early", contender.name);
        assert_eq!(days.len(), 6, "{}", contender.name);
        // In Los Angeles it is not yet nine when it is midnight in New York.
        assert!(odd > 0, "{}: nobody in the west was called late", contender.name);
    }
}

#[test]
fn a_floor_works_by_its_own_clock_and_week() {
    // The week in which the clock of New York is turned back.
    for (zone, begins) in [("America/New_York", 26), ("America/Los_Angeles", 27), ("America/Phoenix", 31)] {
        let text = include_str!("../worlds/default.toml")
            .replace("America/New_York", zone)
            .replace("2026-01-05", &format!("2026-10-{begins}"));
        let mut world = World::parse(&text).expect("a world");
        world.floor.users = 2;
        let (_, hours, days, _) = kept(&world, &common::contenders()[0], 14);
        assert!(hours.iter().all(|hour| (9..20).contains(hour)), "{zone}: {hours:?}");
        assert!(days.iter().all(|day| (day.weekday() as u32) < 5), "{zone}: {days:?}");
        assert_eq!(days.len(), 10, "{zone}: {days:?}");
    }
}

#[test]
fn own_hours_and_scopes_hold_for_those_whom_they_name() {
    let world = small("default");
    let hours = |text: &str| Hours::parse(text).expect("hours");
    let patch = |text: &str| Patch { calling_hours: Some(hours(text)), ..Patch::default() };
    let tally = |scopes: BTreeMap<Scope, Patch>| {
        let policies = Policies::new(1, Policy::default(), scopes);
        kept(&world, &Contender::policies("scoped", policies), 5).0
    };
    let plain = tally(BTreeMap::new());
    let nobody = Scope::User("ann".to_owned());
    assert_eq!(tally(BTreeMap::from([(nobody, patch("mon 12:00-13:00"))])), plain, "nobody here is called ann");
    let one = Scope::User("user-000001".to_owned());
    let of_one = tally(BTreeMap::from([(one, patch("mon 12:00-13:00"))]));
    let business = Scope::Business(gym::house::BUSINESS.to_owned());
    let of_all = tally(BTreeMap::from([(business, patch("mon 12:00-13:00"))]));
    assert!(plain.shown > of_one.shown && of_one.shown > of_all.shown, "{of_all:?}");
    let policy_hours = gym::tally::HOLD_REASONS
        .iter()
        .position(|reason| *reason == numbers::HoldReason::OutsidePolicyHours)
        .expect("it is counted");
    assert!(plain.held[policy_hours] == 0 && of_one.held[policy_hours] > 0);
}
