//! What is wanted, and when to ask again; and what holds whatever happens.

mod common;

use common::chance;
use common::{IN_SERVICE, World, agency, at, business, number, observation, policy, registry, user};
use numbers::event::{IMPORT_ROWS_MAX, NUMBERS_MAX};
use numbers::{
    Carrier, Carriers, CaseState, Command, E164, Event, FilingOutcome, Life, Moment, Number, OwnerId, Place, Policy,
    RightToUse, Service, Source, State, Status, What,
};
use proptest::prelude::*;
use std::cell::Cell;
use std::collections::BTreeSet;

#[test]
fn checks_are_due_by_how_urgent_the_number_is() {
    #[track_caller]
    fn check(world: &World, n: u64, due: u64) {
        let number = number(212, n);
        assert_eq!(world.state.check_due_at(number, "nomorobo"), Some(at(due)));
        let asks = Command::Check { adapter: "nomorobo".into(), numbers: vec![number] };
        assert!(!world.state.wants(number, Moment(at(due).0 - 1)).contains(&asks));
        assert!(world.state.wants(number, at(due)).contains(&asks));
    }
    let mut world = World::new();
    world.import(0, [number(212, 1), number(212, 2), number(212, 4)], IN_SERVICE);
    world.import(0, [number(212, 3)], Service::New);
    assert_eq!(world.state.check_due_at(number(212, 1), "nomorobo"), Some(Moment::ZERO), "never asked");
    assert_eq!(world.state.check_due_at(number(212, 1), "fcr"), None, "it does not check");
    world.checked(100, number(212, 1), Status::Unflagged);
    world.checked(100, number(212, 2), Status::Flagged);
    world.checked(100, number(212, 3), Status::Unflagged);
    world.must(
        100,
        What::CheckFailed { adapter: "nomorobo".into(), asked: vec![number(212, 4)], failure: "timeout".into() },
    );
    check(&world, 1, 110);
    check(&world, 2, 105);
    check(&world, 3, 105);
    check(&world, 4, 105);
}

#[test]
fn what_has_no_end_of_its_own_wants_no_wake() {
    let mut world = World::new();
    world.import(0, [number(212, 1)], IN_SERVICE);
    world.must(1, What::NumberRetired { number: number(212, 1), by: "ann".into() });
    assert_eq!(world.state.next_wake(number(212, 1)), None);
    assert!(world.state.wants(number(212, 1), at(10_000)).is_empty());
}

/// One thing that may happen, drawn; numbers are named by index, so that most of them exist.
#[derive(Clone, Debug)]
enum Act {
    Import {
        n: u64,
        new: bool,
        proven: bool,
    },
    AddOwner {
        name: u8,
        business: bool,
        size: u32,
    },
    Check {
        n: u64,
        status: Status,
    },
    Silence {
        n: u64,
    },
    Fail {
        n: u64,
    },
    Report {
        n: u64,
        carrier: Option<Carrier>,
        status: Status,
    },
    Warn {
        n: u64,
    },
    Draw {
        name: u8,
        n: u64,
    },
    Bench {
        n: u64,
    },
    Right {
        n: u64,
        proven: bool,
    },
    Obey {
        n: u64,
        answer: u8,
    },
    FinishTask {
        n: usize,
        done: bool,
    },
    Restart,
    Retire {
        n: u64,
    },
    /// So many more calls were made with it.
    Volume {
        n: u64,
        calls: u64,
    },
    Wait {
        seconds: u64,
    },
}

const NUMBERS: u64 = 24;

fn numbered(n: u64) -> E164 {
    number(212 + n % 3 * 100, n)
}

fn name_of(name: u8) -> OwnerId {
    if name.is_multiple_of(2) { user(&name.to_string()) } else { OwnerId::Campaign(name.to_string()) }
}

fn acts() -> impl Strategy<Value = Vec<Act>> {
    let n = || 0..NUMBERS;
    let status = || {
        prop_oneof![
            3 => Just(Status::Flagged),
            1 => Just(Status::Blocked),
            3 => Just(Status::Unflagged),
            1 => Just(Status::Unknown),
            1 => Just(Status::MixedLow),
            1 => Just(Status::MixedHigh),
        ]
    };
    let carrier = prop_oneof![
        Just(None),
        Just(Some(Carrier::Att)),
        Just(Some(Carrier::Tmobile)),
        Just(Some(Carrier::Verizon)),
        Just(Some(Carrier::Windstream)),
    ];
    let act = prop_oneof![
        6 => (n(), any::<bool>(), prop::bool::weighted(0.8)).prop_map(|(n, new, proven)| Act::Import { n, new, proven }),
        2 => (0..6u8, any::<bool>(), 0..5u32).prop_map(|(name, business, size)| Act::AddOwner { name, business, size }),
        8 => (n(), status()).prop_map(|(n, status)| Act::Check { n, status }),
        1 => n().prop_map(|n| Act::Silence { n }),
        1 => n().prop_map(|n| Act::Fail { n }),
        4 => (n(), carrier, status()).prop_map(|(n, carrier, status)| Act::Report { n, carrier, status }),
        2 => n().prop_map(|n| Act::Warn { n }),
        2 => (0..6u8, n()).prop_map(|(name, n)| Act::Draw { name, n }),
        1 => n().prop_map(|n| Act::Bench { n }),
        2 => (n(), any::<bool>()).prop_map(|(n, proven)| Act::Right { n, proven }),
        8 => (n(), 0..8u8).prop_map(|(n, answer)| Act::Obey { n, answer }),
        2 => (0..8usize, any::<bool>()).prop_map(|(n, done)| Act::FinishTask { n, done }),
        1 => Just(Act::Restart),
        1 => n().prop_map(|n| Act::Retire { n }),
        4 => (n(), 0..40u64).prop_map(|(n, calls)| Act::Volume { n, calls }),
        5 => (1..60u64).prop_map(|seconds| Act::Wait { seconds }),
    ];
    prop::collection::vec(act, 1..120)
}

/// The events that this act makes of the state now.
fn events(world: &World, act: &Act, now: u64) -> Vec<What> {
    let adapter = || Some("nomorobo".to_owned());
    let source = Source::Adapter("nomorobo".into());
    let right = |proven: bool| {
        if proven { RightToUse::Declared { by: "ann".into(), at: at(0), letter: None } } else { RightToUse::Unproven }
    };
    match act {
        Act::Import { n, new, proven } => {
            let mut rows = common::rows([numbered(*n)], if *new { Service::New } else { IN_SERVICE });
            rows[0].right = right(*proven);
            let business = if n % 4 == 3 { "other" } else { "acme" };
            vec![What::NumbersImported { business: business.into(), by: "ann".into(), rows }]
        }
        Act::AddOwner { name, business, size } => {
            let business = if *business { "acme" } else { "other" };
            vec![What::OwnerAdded { id: name_of(*name), business: business.into(), pool_size: Some(*size) }]
        }
        Act::Check { n, status } => {
            let observations = vec![observation(numbered(*n), "nomorobo", None, *status, now)];
            vec![What::Observed { source, adapter: adapter(), asked: vec![numbered(*n)], observations }]
        }
        Act::Silence { n } => {
            vec![What::Observed { source, adapter: adapter(), asked: vec![numbered(*n)], observations: vec![] }]
        }
        Act::Fail { n } => {
            vec![What::CheckFailed { adapter: "nomorobo".into(), asked: vec![numbered(*n)], failure: "503".into() }]
        }
        Act::Report { n, carrier, status } => {
            let observations = vec![observation(numbered(*n), "", *carrier, *status, now)];
            vec![What::Observed { source: Source::Person("bob".into()), adapter: None, asked: vec![], observations }]
        }
        Act::Warn { n } => vec![What::EarlyWarning { number: numbered(*n), carriers: Carriers::EVERY }],
        Act::Draw { name, n } => vec![What::NumberDrawn { owner: name_of(*name), number: numbered(*n) }],
        Act::Bench { n } => vec![What::NumbersBenched { numbers: vec![numbered(*n)], by: "ann".into() }],
        Act::Right { n, proven } => vec![What::RightRecorded { number: numbered(*n), right: right(*proven) }],
        Act::Obey { n, answer } => obey(world, numbered(*n), *answer, now),
        Act::FinishTask { n, done } => {
            let Some(task) = world.state.tasks.keys().rev().nth(*n).copied() else { return vec![] };
            let by = "ann".to_owned();
            vec![if *done {
                What::TaskDone { task, by, note: None }
            } else {
                What::TaskWithdrawn { task, by, reason: "no".into() }
            }]
        }
        Act::Restart => vec![What::Restarted],
        Act::Retire { n } => vec![What::NumberRetired { number: numbered(*n), by: "ann".into() }],
        Act::Volume { n, calls } => {
            let shown = world.state.numbers.get(&numbered(*n)).map_or(0, |number| number.shown_total);
            vec![What::VolumeSeen { totals: vec![(numbered(*n), shown + calls)] }]
        }
        Act::Wait { .. } => vec![What::Woke { numbers: (0..NUMBERS).map(numbered).collect() }],
    }
}

/// Does what is wanted for a number and for the businesses, and answers what is on its way.
fn obey(world: &World, number: E164, answer: u8, now: u64) -> Vec<What> {
    let wants = world.state.wants(number, at(now)).into_iter();
    let wants = wants.chain(["acme", "other"].iter().flat_map(|b| world.state.wants_for_business(b, at(now))));
    let mut events: Vec<What> = wants
        .filter_map(|command| match command {
            Command::File { filing } => Some(What::FilingIntended { plan: filing }),
            Command::AskFiling { filing } => Some(What::FilingResent { filing }),
            Command::Wake { numbers } => Some(What::Woke { numbers }),
            Command::Check { .. } => None,
        })
        .collect();
    if let Some(filing) = world.state.open_filings().next() {
        let reason = "so".to_owned();
        let answer = match answer {
            0 | 1 => FilingOutcome::Filed { reference: None, refused: Vec::new() },
            2 => FilingOutcome::Pending { token: "t".into(), ask_again_at: at(now + 5) },
            3 => FilingOutcome::NeedsPerson { packet_blob: "b".into(), title: "File".into(), due_at: at(now + 50) },
            4 => FilingOutcome::Unsupported { reason },
            5 => FilingOutcome::Rejected { reason },
            6 => FilingOutcome::Failed { reason, retry_at: at(now + 5) },
            _ => FilingOutcome::Lost { reason },
        };
        events.push(What::FilingAnswered { filing: filing.id, answer });
    }
    events
}

fn holds(state: &State, now: Moment) {
    for number in state.numbers.values() {
        // Exactly one place: listed where its record says, and nowhere else.
        let places = [Place::Aside, Place::Reserve, Place::Bench].into_iter();
        let places = places.chain(state.owners.keys().cloned().map(Place::Pool));
        let listed: Vec<Place> = places
            .filter(|place| state.numbers_in(&number.business, place).any(|other| other.e164 == number.e164))
            .collect();
        assert_eq!(listed, core::slice::from_ref(&number.place), "{}", number.e164);

        let allowed = match number.place {
            Place::Aside => [Life::Quarantined, Life::Remediating, Life::Resting, Life::Retired].contains(&number.life),
            Place::Reserve => number.life == Life::Ready,
            Place::Bench | Place::Pool(_) => {
                assert!(number.is_proven(), "{} is unproven and in {:?}", number.e164, number.place);
                [Life::Active, Life::AtRisk, Life::Remediating, Life::Resting].contains(&number.life)
            }
        };
        assert!(allowed, "{} is {:?} in {:?}", number.e164, number.life, number.place);
        if let Place::Pool(owner) = &number.place {
            assert_eq!(state.owners[owner].business, number.business);
        }
        if [Life::Ready, Life::Active, Life::AtRisk].contains(&number.life) {
            assert!(number.flagged_on().is_empty(), "{} is flagged and {:?}", number.e164, number.life);
        }
        // Where it will rest is known before its cases are over, and until when only then.
        let rests = number.life == Life::Resting || !number.resting_on.is_empty();
        let rests_now = rests && number.life != Life::Remediating;
        assert!(number.rest_until.is_some() || !rests_now, "{} rests for ever", number.e164);
        assert!(number.rest_until.is_none() || rests, "{} rests until some day, and does not rest", number.e164);

        // One open case an agency, each known to its number.
        let agencies: BTreeSet<&str> = number.cases.iter().map(|case| state.cases[case].agency.as_str()).collect();
        assert_eq!(agencies.len(), number.cases.len());
        assert!(number.cases.is_empty() || number.life == Life::Remediating, "{}", number.e164);
        let served = matches!(number.place, Place::Bench | Place::Pool(_));
        assert!(!served || number.served.is_some(), "{} serves since no moment", number.e164);
    }
    for case in state.cases.values() {
        let open = state.numbers[&case.number].cases.contains(&case.id);
        assert_eq!(open, !matches!(case.state, CaseState::Closed { .. }));
    }
    for owner in state.owners.values() {
        assert!(state.pool(owner).count() <= owner.pool_size as usize, "the pool of {} is too large", owner.id);
    }
    let keys: BTreeSet<&str> = state.filings.values().map(|filing| filing.key.as_str()).collect();
    assert_eq!(keys.len(), state.filings.len(), "two filings have one key");
    // Once woken, nothing is left to be woken for: no wake asks for itself for ever.
    let mut woken = state.clone();
    for number in state.numbers.keys() {
        woken.step(&Event { at: now, what: What::Woke { numbers: vec![*number] } }).expect("a wake");
    }
    for number in state.numbers.keys() {
        let again = woken.wants(*number, now).into_iter().find(|command| matches!(command, Command::Wake { .. }));
        assert_eq!(again, None, "{:?}", woken.numbers[number]);
    }
}

/// Numbers swapped in within the window, counted from the records.
fn swapped(state: &State, business: &str, now: Moment) -> usize {
    let recent = |at: Moment| at.plus(state.policies.base().swap_window) > now;
    state.numbers.values().filter(|n| n.business == business && n.swapped_in.is_some_and(recent)).count()
}

/// A number that paused by plan did so in its pool, and not too many of that pool do.
fn pauses_within_its_share(state: &State, number: &Number) {
    let Place::Pool(owner) = &number.place else { panic!("{} paused outside of a pool", number.e164) };
    let owner = &state.owners[owner];
    let resting = state.pool(owner).filter(|other| other.life == Life::Resting).count();
    let most = owner.pool_size as usize * state.policies.base().resting_percent_max as usize / 100;
    assert!(resting <= most, "{resting} of a pool of {} rest", owner.pool_size);
}

fn run(acts: &[Act]) -> World {
    let policy = Policy {
        new_number_wait: common::secs(7),
        swap_window: common::secs(300),
        rest_every: Some(common::secs(200)),
        rest_every_calls: Some(60),
        rest_planned_for: common::secs(20),
        dwell_min: common::secs(10),
        ..policy()
    };
    let mut world = World::with(policy, vec![agency(), registry()]);
    world.must(0, What::BusinessAdded(business("other")));
    let mut now = 1;
    for act in acts {
        if let Act::Wait { seconds } = act {
            now += seconds;
        }
        for what in events(&world, act, now) {
            let active: BTreeSet<E164> =
                world.state.numbers.values().filter(|n| n.life == Life::Active).map(|n| n.e164).collect();
            let before: Vec<usize> = ["acme", "other"].map(|b| swapped(&world.state, b, at(now))).to_vec();
            // A refusal is an answer; that it changes nothing is asserted inside.
            let Ok(touched) = world.step(now, what) else { continue };
            for number in touched.numbers {
                let number = world.state.numbers.get(&number).expect("it is known");
                if number.life == Life::Resting && active.contains(&number.e164) {
                    pauses_within_its_share(&world.state, number);
                }
            }
            for (business, before) in ["acme", "other"].into_iter().zip(before) {
                let after = swapped(&world.state, business, at(now));
                let holdings = world.state.numbers.values();
                let holdings = holdings.filter(|n| n.business == business && n.life != Life::Retired).count();
                let ration = (holdings * world.state.policies.base().swap_percent_max as usize / 100).max(1);
                assert!(after == before || after <= ration, "{after} swaps, {ration} allowed");
            }
            holds(&world.state, at(now));
        }
    }
    world
}

#[test]
fn whatever_happens_the_state_holds_and_replays() {
    let paused = Cell::new(0);
    chance::try_many([12_000, 1_000_000], 60, &acts(), |acts| {
        let world = run(&acts);
        let pauses = world.state.numbers.values().filter(|n| n.life == Life::Resting && n.cases.is_empty());
        paused.set(paused.get() + pauses.count());
        let mut replayed = State::default();
        for event in &world.events {
            replayed.step(event).expect("what was taken once is taken again");
        }
        prop_assert!(replayed == world.state);
        let state = world.state.clone();
        let rebuilt = State::from_records(
            state.businesses.into_values(),
            state.owners.into_values(),
            state.numbers.into_values(),
            state.cases.into_values(),
            state.filings.into_values(),
            state.tasks.into_values(),
            state.policies,
            state.adapters.into_values(),
            state.next_id,
        );
        prop_assert!(rebuilt == world.state, "the indexes follow the records");
        Ok(acts.len() as u64)
    });
    assert!(paused.get() > 0, "no number ever rested");
}

#[test]
fn an_event_holds_no_more_than_its_bounds() {
    let mut world = World::new();
    let many = (0..IMPORT_ROWS_MAX as u64 + 1).map(|n| number(212, n));
    let rows = common::rows(many, Service::New);
    assert!(world.step(0, What::NumbersImported { business: "acme".into(), by: "ann".into(), rows }).is_err());
    let asked = vec![number(212, 1); NUMBERS_MAX + 1];
    assert!(world.step(0, What::CheckFailed { adapter: "nomorobo".into(), asked, failure: "x".into() }).is_err());
}
