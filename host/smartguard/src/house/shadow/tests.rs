//! Shadows of calls that the real `choose` decided, with outcomes whose true rates are known.

use super::super::hot::BusinessCell;
use super::*;
use crate::policies::{ReadPolicies, ReadShadows, ShadowFile};
use numbers::{Carriers, Life, OwnerId, Room, Status, Strictness};
use std::collections::BTreeMap;

/// A Friday afternoon in New York.
const NOON: Moment = Moment(1_800_036_000_000);
/// How often people answer each of five numbers.
const RATES: [f64; 5] = [0.10, 0.20, 0.10, 0.10, 0.35];

fn number(n: u64) -> E164 {
    E164::from_digits(12_125_550_000 + n).expect("a number")
}

fn policy(pinned: Option<u64>, explore_permille: u32) -> Policy {
    let pinned = pinned.map(number).into_iter().collect();
    Policy { pinned, explore_permille, locality: Strictness::Off, ..Policy::default() }
}

fn candidate(n: u64) -> Candidate {
    Candidate {
        number: number(n),
        life: Life::Active,
        proven: true,
        known: true,
        status: [Status::Unflagged; 8],
        excluded: Carriers::default(),
        half_share: false,
        ramp_since: None,
        registered: true,
        answerable: true,
        grace_until: None,
    }
}

struct World {
    owner: Arc<OwnerCell>,
    view: Arc<OwnerView>,
    shared: Arc<SharedView>,
    shadows: Arc<Shadows>,
    in_force: Policies,
    seed: u64,
}

impl World {
    fn new(in_force: Policy, shadow: Policy, seed: u64) -> World {
        let world = World {
            owner: Arc::new(OwnerCell::new(OwnerId::User("ann".into()), Arc::new(BusinessCell::new("acme".into())))),
            view: Arc::new(OwnerView::new((0..5).map(candidate).collect(), Room::default())),
            shared: Arc::default(),
            shadows: Shadows::new().0,
            in_force: Policies::new(3, in_force, BTreeMap::new()),
            seed,
        };
        world.shadows.put(shadows([("one", shadow)]), &world.in_force, NOON);
        world
    }

    fn roll(&mut self) -> u64 {
        self.seed = self.seed.wrapping_add(0x9E37_79B9_7F4A_7C15);
        // Not the spread that the shadow draws by.
        (u128::from(apart(self.seed) ^ 0x5555).wrapping_mul(0xDA94_2042_E4DD_58B5) >> 32) as u64
    }

    /// A call to somebody who was never called, decided by the policy in force, and what became of it.
    fn call(&mut self, seq: u64) {
        let ask = Ask {
            owner: self.owner.id.clone(),
            campaign: None,
            callee: E164::from_digits(16_465_550_000 + seq % 10_000).expect("a number"),
            state: None,
            zip: None,
            carrier: None,
            at: Moment(NOON.0 + seq),
            tie_break: self.roll(),
        };
        let (usage, owner_usage) = (vec![Usage::default(); 5], OwnerUsage::default());
        let nobody = Pool { candidates: &[], usage: &[] };
        let answer = choose::choose(&Question {
            ask: &ask,
            pool: Pool { candidates: &self.view.candidates, usage: &usage },
            bench: nobody,
            reserve: nobody,
            owner: &owner_usage,
            callee: None,
            listed: Listed::default(),
            policy: self.in_force.base(),
            order: &[],
        });
        let shown = match answer.decision {
            Decision::Use { number, .. } => Some(number),
            Decision::Hold { .. } => None,
        };
        let shadowed = Shadowed {
            seq,
            owner: self.owner.clone(),
            view: self.view.clone(),
            shared: self.shared.clone(),
            usage,
            shared_asked: None,
            ask,
            owner_usage,
            callee: None,
            listed: Listed::default(),
            ranking: None,
            answer,
            policy_revision: self.in_force.revision,
            explore_permille: self.in_force.base().explore_permille,
        };
        self.tell(Word::Decided(Box::new(shadowed)));
        let Some(shown) = shown else { return };
        let rate = RATES[(shown.digits() - number(0).digits()) as usize];
        let answered = (self.roll() as u32) < (rate * f64::from(u32::MAX)) as u32;
        let outcome = if answered { Outcome::AnsweredHuman } else { Outcome::NoAnswer };
        self.tell(Word::Known { seq, outcome });
    }

    fn tell(&self, word: Word) {
        self.shadows.take(word, &Bystander);
    }

    fn shown(&self) -> ShadowView {
        self.shadows.view().shadows.remove(0)
    }
}

fn shadows<const N: usize>(policies: [(&str, Policy); N]) -> ReadShadows {
    let file = |(name, policy): (&str, Policy)| ShadowFile {
        name: name.to_owned(),
        read: ReadPolicies::of(&Policies::new(0, policy, BTreeMap::new()), format!("shadow/{name}.toml")),
    };
    ReadShadows { shadows: policies.into_iter().map(file).collect(), ..ReadShadows::default() }
}

#[test]
fn the_rate_of_a_shadow_is_told_from_calls_that_the_policy_in_force_explored() {
    let (mut held, seeds) = (0, 60);
    for seed in 0..seeds {
        let mut world = World::new(policy(Some(0), 200), policy(Some(4), 0), seed);
        (0..2000).for_each(|seq| world.call(seq));
        let shown = world.shown();
        assert_eq!((shown.comparison.calls, shown.estimate.out_of_reach), (2000, 0), "seed {seed}: {shown:?}");
        let rates = shown.estimate.rates.unwrap_or_else(|| panic!("seed {seed}: {:?}", shown.estimate));
        assert!(rates.in_force.high < 0.22 && rates.shadow.value > 0.2, "seed {seed}: {rates:?}");
        held += u32::from(rates.shadow.low <= RATES[4] && RATES[4] <= rates.shadow.high);
    }
    // 57 are expected of a true 95 %; fewer than 51 would come once in some hundred times.
    assert!(held >= 51, "{held} of {seeds} intervals hold the true rate");
}

#[test]
fn the_same_policy_in_shadow_answers_the_same_at_the_same_rate() {
    let (mut held, seeds) = (0, 40);
    for seed in 0..seeds {
        // Nothing is pinned, so all five are equals and the draw decides.
        let mut world = World::new(policy(None, 50), policy(None, 50), seed);
        (0..2000).for_each(|seq| world.call(seq));
        let shown = world.shown();
        assert_eq!(shown.comparison.same, 2000, "drawn by the same figure: {shown:?}");
        let measures = &shown.comparison.measures;
        assert!(!measures.is_empty() && measures.iter().all(|measure| measure.difference.value == 0.0));
        let (estimate, truth) = (shown.estimate, RATES.iter().sum::<f64>() / 5.0);
        assert!((estimate.mean_weight - 1.0).abs() < 0.2, "drawn apart: {estimate:?}");
        let rates = estimate.rates.unwrap_or_else(|| panic!("seed {seed}: {:?}", estimate.why_not));
        held += u32::from(
            rates.shadow.low <= truth
                && truth <= rates.shadow.high
                && rates.difference.low <= 0.0
                && rates.difference.high >= 0.0,
        );
    }
    assert!(held >= 33, "{held} of {seeds}");
}

#[test]
fn a_number_that_is_never_drawn_is_out_of_reach_and_nothing_is_said_of_it() {
    let elsewhere = Policy { excluded: vec![number(4)], ..policy(Some(0), 100) };
    let mut world = World::new(elsewhere, policy(Some(4), 0), 1);
    (0..50).for_each(|seq| world.call(seq));
    let estimate = world.shown().estimate;
    assert_eq!((estimate.out_of_reach, estimate.calls, estimate.estimable), (50, 0, false));
}

#[test]
fn a_policy_in_force_that_explores_nothing_is_compared_and_not_estimated() {
    let mut world = World::new(policy(Some(0), 0), policy(Some(4), 0), 1);
    (0..50).for_each(|seq| world.call(seq));
    let shown = world.shown();
    assert_eq!((shown.comparison.calls, shown.comparison.other_number), (50, 50));
    assert!(shown.estimate.why_not.expect("a reason").contains("explores less than 1 %"));
}

#[test]
fn counts_begin_anew_with_what_changed_alone() {
    let mut world = World::new(policy(Some(0), 0), policy(Some(4), 0), 1);
    let both = |one: Option<u64>, other: Option<u64>| shadows([("one", policy(one, 0)), ("two", policy(other, 0))]);
    world.shadows.put(both(Some(4), Some(3)), &world.in_force, NOON);
    (0..10).for_each(|seq| world.call(seq));
    let calls = |world: &World| -> Vec<(String, u64)> {
        let shadows = world.shadows.view().shadows;
        shadows.into_iter().map(|shadow| (shadow.name, shadow.comparison.calls)).collect()
    };
    let counted = |one, two| vec![("one".to_owned(), one), ("two".to_owned(), two)];
    assert_eq!(calls(&world), counted(10, 10));

    world.shadows.put(both(Some(4), Some(2)), &world.in_force, NOON);
    assert_eq!(calls(&world), counted(10, 0), "the one that did not change goes on");

    let fault = Problem { place: "shadow/one.toml:1".into(), reason: "a slip".into(), remedy: "mend it".into() };
    let broken = ReadShadows { refused: vec!["one".into()], problems: vec![fault.clone()], ..ReadShadows::default() };
    world.shadows.put(broken, &world.in_force, NOON);
    assert_eq!(calls(&world), [("one".to_owned(), 10)], "refused, so the one before goes on; the other is gone");
    assert_eq!(world.shadows.refused(), Some((NOON, vec![fault.clone()])));
    world.shadows.put(ReadShadows { problems: vec![fault], ..ReadShadows::default() }, &world.in_force, NOON);
    assert_eq!(calls(&world), [("one".to_owned(), 10)], "the folder could not be read");

    let in_force = Policies::new(4, policy(Some(1), 0), BTreeMap::new());
    world.shadows.put(shadows([("one", policy(Some(4), 0))]), &in_force, NOON);
    assert_eq!(calls(&world), [("one".to_owned(), 0)], "beside another policy");
    world.call(11);
    assert_eq!(calls(&world), [("one".to_owned(), 0)], "decided under the one before");
    world.shadows.put(ReadShadows::default(), &in_force, NOON);
    assert!(!world.shadows.wanted() && world.shadows.view().shadows.is_empty());
}

#[test]
fn what_does_not_fit_is_left_out_and_counted() {
    let (shadows, waiting) = Shadows::new();
    shadows.known(1, Outcome::NoAnswer);
    assert!(waiting.try_recv().is_err(), "nobody is in shadow");
    let in_force = Policies::default();
    shadows.put(self::shadows([("one", Policy::default())]), &in_force, NOON);
    (0..WAITING_MAX as u64 + 3).for_each(|seq| shadows.known(seq, Outcome::NoAnswer));
    assert_eq!(shadows.view().shadows[0].left_out, 3);
}

#[test]
fn a_ranker_in_shadow_is_heard_beside_the_calls() {
    let ranked = |ranker: &str| Policy { ranker: Some(ranker.to_owned()), ..policy(None, 0) };
    let mut world = World::new(policy(Some(0), 0), ranked("highest"), 1);
    (0..50).for_each(|seq| world.call(seq));
    let comparison = world.shown().comparison;
    assert_eq!((comparison.calls, comparison.other_number, comparison.ranker_silent), (50, 50, 0), "{comparison:?}");

    // By its own order the shadow would show each of five, and by the ranker's always the last.
    let mut world = World::new(policy(Some(4), 0), ranked("highest"), 1);
    (0..50).for_each(|seq| world.call(seq));
    assert_eq!(world.shown().comparison.same, 50);
    let mut world = World::new(policy(Some(4), 0), ranked("silent"), 1);
    (0..50).for_each(|seq| world.call(seq));
    let comparison = world.shown().comparison;
    assert_eq!(comparison.ranker_silent, 50, "{comparison:?}");
    assert!(comparison.same < 30, "the draw decides among five: {comparison:?}");
}

/// A daemon whose ranker puts the highest number first, unless it is called `silent`.
struct Bystander;

impl Beside for Bystander {
    fn usage_of(&self, candidates: &[Candidate]) -> Vec<Usage> {
        vec![Usage::default(); candidates.len()]
    }

    fn order(&self, ranker: &str, _: Duration, _: &Shadowed, permitted: Vec<Permitted>) -> Option<Vec<E164>> {
        let mut numbers: Vec<E164> = permitted.into_iter().map(|open| open.number).collect();
        numbers.sort_unstable_by(|one, other| other.cmp(one));
        (ranker != "silent").then_some(numbers)
    }
}
