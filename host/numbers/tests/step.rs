//! What events make of the state.

mod common;

use common::{IN_SERVICE, World, agency, at, number, policy, registry, secs, user};
use numbers::step::AGAIN_AFTER;
use numbers::{
    AdapterFacts, Carrier, Carriers, CaseState, Closure, Command, Effects, FilingOutcome, FilingState, Lack, Life,
    Place, Policy, Purpose, Refusal, RegistrationState, RightToUse, Service, State, Status, TaskKind, TaskState, What,
};

/// Where a number should be.
fn check(world: &World, e164: numbers::E164, life: Life, place: Place) {
    let number = world.number(e164);
    assert_eq!((number.life, number.place.clone()), (life, place), "{e164}");
}

fn pool(name: &str) -> Place {
    Place::Pool(user(name))
}

#[test]
fn the_whole_loop() {
    let mut world = World::new();
    let (first, old) = (number(212, 1), number(212, 2));

    // Imported new: quarantined, and everything it lacks is said.
    world.import(0, [first], Service::New);
    check(&world, first, Life::Quarantined, Place::Aside);
    assert_eq!(
        world.state.lacks(world.number(first), at(0)),
        [
            Lack::Filing { adapter: "fcr".into() },
            Lack::Screening { adapter: "nomorobo".into() },
            Lack::Waiting { until: at(20) }
        ]
    );

    // Screened and filed, as it is wanted.
    assert_eq!(world.state.wants(first, at(0)), [Command::Check { adapter: "nomorobo".into(), numbers: vec![first] }]);
    world.checked(1, first, Status::Unflagged);
    let [Command::File { filing: plan }] = &world.state.wants_for_business("acme", at(1))[..] else {
        panic!("a registration is wanted")
    };
    assert_eq!(plan.key, "register-fcr-acme-1");
    let plan = plan.clone();
    let touched = world.must(2, What::FilingIntended { plan });
    let filing = *touched.filings.first().expect("a filing");
    assert!(world.state.wants_for_business("acme", at(2)).is_empty(), "it is on its way");
    let answer = FilingOutcome::NeedsPerson { packet_blob: "b1".into(), title: "File at fcr".into(), due_at: at(50) };
    let touched = world.must(3, What::FilingAnswered { filing, answer });
    let task = *touched.tasks.first().expect("a task");
    assert_eq!(world.state.tasks[&task].packet.as_deref(), Some("b1"));
    world.must(10, What::TaskDone { task, by: "ann".into(), note: Some("FB-1".into()) });
    let registration = &world.number(first).registrations[0];
    assert_eq!(registration.state, RegistrationState::Filed { at: at(10) });

    // Ready when the wait since the filing is over, and assigned when a user comes.
    assert_eq!(world.state.lacks(world.number(first), at(29)), [Lack::Waiting { until: at(30) }]);
    world.woke(29, first);
    check(&world, first, Life::Quarantined, Place::Aside);
    world.woke(30, first);
    check(&world, first, Life::Ready, Place::Reserve);
    world.must(31, What::OwnerAdded { id: user("eve"), business: "acme".into(), pool_size: Some(1) });
    check(&world, first, Life::Active, pool("eve"));
    assert_eq!(world.number(first).ramp_since, Some(at(31)));

    // Flagged everywhere: a case is opened, it leaves its pool, and one of its area code takes its place at once.
    world.import(40, [old, number(315, 1)], IN_SERVICE);
    world.checked(50, first, Status::Flagged);
    check(&world, first, Life::Remediating, Place::Aside);
    check(&world, old, Life::Active, pool("eve"));
    check(&world, number(315, 1), Life::Ready, Place::Reserve);
    let case = world.number(first).cases[0];
    let [Command::File { filing: plan }] = &world.state.wants(first, at(50))[..] else { panic!("a dispute is wanted") };
    assert_eq!((plan.purpose, plan.key.clone()), (Purpose::Dispute { case }, format!("case-{case}-1")));
    let plan = plan.clone();
    let filing = *world.must(51, What::FilingIntended { plan }).filings.first().expect("a filing");
    world.must(
        52,
        What::FilingAnswered {
            filing,
            answer: FilingOutcome::Filed { reference: Some("D1".into()), refused: Vec::new() },
        },
    );
    assert_eq!(world.state.cases[&case].state, CaseState::Submitted { at: at(52) });

    // Still flagged at the next look, clean at the one after.
    world.checked(56, first, Status::Flagged);
    assert_eq!(world.state.cases[&case].state, CaseState::Verifying { since: at(56) });
    world.checked(61, first, Status::Unflagged);
    assert_eq!(world.state.cases[&case].state, CaseState::Closed { how: Closure::Cleared, at: at(61) });
    check(&world, first, Life::Resting, Place::Aside);

    // Rested: its pool is full, so it waits in the reserve with the first claim, and its ramp runs.
    assert_eq!(world.number(first).rest_until, Some(at(91)));
    world.woke(90, first);
    check(&world, first, Life::Resting, Place::Aside);
    world.woke(91, first);
    check(&world, first, Life::Ready, Place::Reserve);
    assert_eq!((world.number(first).home.clone(), world.number(first).ramp_since), (Some(user("eve")), Some(at(91))));

    // The other one is flagged in turn: the first goes home.
    world.checked(95, old, Status::Blocked);
    check(&world, first, Life::Active, pool("eve"));
    check(&world, old, Life::Remediating, Place::Aside);
}

/// A pool of two in 212, one more in the reserve.
fn small_floor() -> World {
    let mut world = World::new();
    world.import(0, (1..=3).map(|n| number(212, n)), IN_SERVICE);
    world.must(1, What::OwnerAdded { id: user("eve"), business: "acme".into(), pool_size: Some(2) });
    assert_eq!(world.pool("eve"), [number(212, 1), number(212, 2)]);
    world
}

#[test]
fn a_number_flagged_on_few_callees_stays_in_its_pool() {
    let mut world = small_floor();
    let one = number(212, 1);
    world.reported(5, one, Some(Carrier::Tmobile), Some("Scam Likely"), Status::Flagged);
    check(&world, one, Life::Remediating, pool("eve"));
    let case = &world.state.cases[&world.number(one).cases[0]];
    assert_eq!(case.agency, "first_orion");
    // Nobody disputes there by machine, so a person is asked.
    let task = case.task.expect("a task");
    assert_eq!(world.state.tasks[&task].kind, TaskKind::Dispute { case: case.id });
    // A quarter of two may rest in place, which is none: once clean it rests elsewhere and the reserve fills in.
    world.reported(9, one, Some(Carrier::Tmobile), None, Status::Unflagged);
    check(&world, one, Life::Resting, Place::Aside);
    check(&world, number(212, 3), Life::Active, pool("eve"));
    assert!(matches!(world.state.tasks[&task].state, TaskState::Withdrawn { .. }));
}

#[test]
fn few_enough_rest_in_their_place() {
    let mut world = World::new();
    world.import(0, (1..=5).map(|n| number(212, n)), IN_SERVICE);
    world.add_user(1, "eve");
    let (one, two) = (number(212, 1), number(212, 2));
    for number in [one, two] {
        world.reported(5, number, Some(Carrier::Att), None, Status::Flagged);
        world.reported(6, number, Some(Carrier::Att), None, Status::Unflagged);
    }
    // It never left its pool, so it serves on, and rests on the carrier that had the label.
    check(&world, one, Life::Active, pool("eve"));
    let att = Carriers::NONE.with(Carrier::Att);
    assert_eq!(world.number(one).excluded_on(), att);
    check(&world, two, Life::Resting, Place::Aside);
    check(&world, number(212, 5), Life::Active, pool("eve"));
    // Another carrier's label beside it: what rests and what is flagged together are most callees, so it leaves.
    world.reported(10, one, Some(Carrier::Verizon), None, Status::Flagged);
    check(&world, one, Life::Remediating, Place::Aside);
    world.reported(11, one, Some(Carrier::Verizon), None, Status::Unflagged);
    check(&world, one, Life::Resting, Place::Aside);
    assert_eq!(world.number(one).resting_on, Carriers::NONE, "all of it rests");
}

#[test]
fn a_rest_on_one_carrier_ends_by_itself() {
    let mut world = World::new();
    world.import(0, (1..=5).map(|n| number(212, n)), IN_SERVICE);
    world.add_user(1, "eve");
    let one = number(212, 1);
    world.reported(5, one, Some(Carrier::Att), None, Status::Flagged);
    world.reported(6, one, Some(Carrier::Att), None, Status::Unflagged);
    assert_eq!(world.number(one).excluded_on(), Carriers::NONE.with(Carrier::Att));
    let until = 6 + policy().rest_for.as_secs();
    assert_eq!(world.number(one).rest_until, Some(at(until)));
    assert_eq!(world.state.next_wake(one), Some(at(until)));
    world.woke(until - 1, one);
    assert!(!world.number(one).excluded_on().is_empty());
    world.woke(until, one);
    check(&world, one, Life::Active, pool("eve"));
    assert_eq!(world.number(one).excluded_on(), Carriers::NONE);
    assert_eq!(world.number(one).ramp_since, None, "it was in service all the while, and has nothing to warm up for");
}

#[test]
fn silence_never_clears() {
    let mut world = small_floor();
    let one = number(212, 1);
    world.checked(5, one, Status::Flagged);
    let silence = [
        What::CheckFailed { adapter: "nomorobo".into(), asked: vec![one], failure: "503".into() },
        What::Observed {
            source: numbers::Source::Adapter("nomorobo".into()),
            adapter: Some("nomorobo".into()),
            asked: vec![one],
            observations: vec![],
        },
    ];
    for what in silence {
        world.must(10, what);
        assert_eq!(world.number(one).standings[0].status, Status::Flagged);
    }
    world.checked(11, one, Status::Unknown);
    assert_eq!(world.number(one).standings[0].status, Status::Flagged);
    check(&world, one, Life::Remediating, Place::Aside);
    // What was fine becomes unknown, not fine for ever.
    let two = number(212, 2);
    world.checked(12, two, Status::Unflagged);
    world.must(
        13,
        What::Observed {
            source: numbers::Source::Adapter("nomorobo".into()),
            adapter: Some("nomorobo".into()),
            asked: vec![two],
            observations: vec![],
        },
    );
    assert_eq!(world.number(two).standings[0].status, Status::Unknown);
}

#[test]
fn a_source_that_only_fails_does_not_block_for_ever() {
    let mut world = World::with(Policy { new_number_wait: secs(0), ..policy() }, vec![agency()]);
    let one = number(212, 1);
    world.import(0, [one], Service::New);
    check(&world, one, Life::Quarantined, Place::Aside);
    world.must(1, What::CheckFailed { adapter: "nomorobo".into(), asked: vec![one], failure: "503".into() });
    check(&world, one, Life::Ready, Place::Reserve);
}

#[test]
fn a_number_flagged_at_screening_still_has_to_be_filed() {
    let mut world = World::new();
    let one = number(212, 1);
    world.import(0, [one], Service::New);
    world.checked(1, one, Status::Flagged);
    check(&world, one, Life::Remediating, Place::Aside);
    world.checked(6, one, Status::Unflagged);
    check(&world, one, Life::Resting, Place::Aside);
    world.woke(40, one);
    check(&world, one, Life::Quarantined, Place::Aside);
}

#[test]
fn an_early_warning_ends_or_is_confirmed() {
    let mut world = small_floor();
    let (one, two) = (number(212, 1), number(212, 2));
    let carriers = numbers::Carriers::NONE.with(Carrier::Verizon);
    for number in [one, two] {
        world.checked(2, number, Status::Unflagged);
        world.must(5, What::EarlyWarning { number, carriers });
        check(&world, number, Life::AtRisk, pool("eve"));
        assert_eq!(world.number(number).status_on(Carrier::Verizon), Status::MixedHigh);
        assert_eq!(world.state.check_due_at(number, "nomorobo"), Some(at(5)), "checked at once");
    }
    world.woke(19, one);
    check(&world, one, Life::AtRisk, pool("eve"));
    world.woke(20, one);
    check(&world, one, Life::Active, pool("eve"));
    assert_eq!(world.number(one).status_on(Carrier::Verizon), Status::Unflagged);
    world.checked(20, two, Status::Flagged);
    check(&world, two, Life::Remediating, Place::Aside);
}

#[test]
fn a_case_refused_too_often_retires_its_number() {
    let mut world = small_floor();
    let one = number(212, 1);
    world.checked(5, one, Status::Flagged);
    let case = world.number(one).cases[0];
    for attempt in 1..=3 {
        let now = 5 + 25 * attempt;
        let plan = world
            .state
            .wants(one, at(now))
            .into_iter()
            .find_map(|command| if let Command::File { filing } = command { Some(filing) } else { None })
            .expect("a dispute is wanted");
        assert_eq!(plan.key, format!("case-{case}-{attempt}"));
        let filing = *world.must(now, What::FilingIntended { plan }).filings.first().expect("a filing");
        let answer = FilingOutcome::Rejected { reason: "complaints".into() };
        world.must(now, What::FilingAnswered { filing, answer });
        let early = world.state.wants(one, at(now + 24));
        assert!(
            !early.iter().any(|command| matches!(command, Command::File { .. })),
            "a pause lies between two disputes"
        );
    }
    assert_eq!(world.state.cases[&case].state, CaseState::Closed { how: Closure::Refused, at: at(80) });
    check(&world, one, Life::Retired, Place::Aside);
    assert_eq!(world.pool("eve"), [number(212, 2), number(212, 3)]);
}

#[test]
fn an_expired_case_ends_in_rest_and_then_in_a_new_one() {
    let mut world = small_floor();
    let one = number(212, 1);
    world.checked(5, one, Status::Flagged);
    let case = world.number(one).cases[0];
    world.woke(505, one);
    assert_eq!(world.state.cases[&case].state, CaseState::Closed { how: Closure::Expired, at: at(505) });
    check(&world, one, Life::Resting, Place::Aside);
    world.checked(510, one, Status::Flagged);
    check(&world, one, Life::Resting, Place::Aside);
    world.woke(535, one);
    check(&world, one, Life::Remediating, Place::Aside);
    assert_ne!(world.number(one).cases, [case]);
}

#[test]
fn swaps_of_fresh_numbers_are_rationed() {
    // Twenty holdings at ten in a hundred: two swaps.
    let mut world = World::with(Policy { new_number_wait: secs(0), pool_size: 10, ..policy() }, vec![agency()]);
    world.import(0, (1..=10).map(|n| number(212, n)), IN_SERVICE);
    world.add_user(1, "eve");
    world.import(2, (11..=20).map(|n| number(212, n)), Service::New);
    for n in 11..=20 {
        world.checked(3, number(212, n), Status::Unflagged);
    }
    assert_eq!(world.state.swaps_left("acme", at(3)), 2);
    for n in 1..=4 {
        world.checked(4 + n, number(212, n), Status::Flagged);
    }
    assert_eq!(world.pool("eve").len(), 8, "two were replaced, then the pool shrank");
    let drawn = What::NumberDrawn { owner: user("eve"), number: number(212, 20) };
    assert_eq!(world.step(20, drawn), Err(Refusal::SwapRation("acme".into())));
    // A first fill is no swap.
    world.must(30, What::OwnerAdded { id: user("zoe"), business: "acme".into(), pool_size: Some(3) });
    assert_eq!(world.pool("zoe").len(), 3);
    assert_eq!(world.state.swaps_left("acme", at(1003)), 0);
    assert_eq!(world.state.swaps_left("acme", at(1100)), 2, "the window is over");
}

#[test]
fn a_first_fill_spreads_over_the_area_codes() {
    let mut world = World::new();
    world.import(0, (1..=6).map(|n| number(212, n)).chain([number(315, 1), number(518, 1)]), IN_SERVICE);
    world.add_user(1, "eve");
    assert_eq!(world.pool("eve"), [number(212, 1), number(212, 2), number(315, 1), number(518, 1)]);
}

#[test]
fn a_short_pool_is_filled_when_numbers_become_ready() {
    let mut world = World::new();
    world.add_user(0, "eve");
    world.import(1, (1..=5).map(|n| number(212, n)), IN_SERVICE);
    assert_eq!(world.pool("eve").len(), 4);
    check(&world, number(212, 5), Life::Ready, Place::Reserve);
}

#[test]
fn an_unproven_number_is_never_given_to_anybody() {
    let mut world = World::new();
    let one = number(212, 1);
    let mut rows = common::rows([one], IN_SERVICE);
    rows[0].right = RightToUse::Unproven;
    world.must(0, What::NumbersImported { business: "acme".into(), by: "ann".into(), rows });
    world.add_user(1, "eve");
    check(&world, one, Life::Quarantined, Place::Aside);
    let right = RightToUse::Provider { provider: "twilio".into(), seen_at: at(2) };
    world.must(2, What::RightRecorded { number: one, right });
    check(&world, one, Life::Active, pool("eve"));
    world.must(3, What::RightRecorded { number: one, right: RightToUse::Unproven });
    check(&world, one, Life::Quarantined, Place::Aside);
}

#[test]
fn what_a_restart_does_depends_on_what_the_adapter_declares() {
    fn check(effects: Effects, expect: fn(&FilingState) -> bool) -> (World, u64) {
        let adapter = AdapterFacts { dispute_effects: effects, ..agency() };
        let mut world = World::with(policy(), vec![adapter]);
        let one = number(212, 1);
        world.import(0, [one], IN_SERVICE);
        world.checked(5, one, Status::Flagged);
        let Some(Command::File { filing: plan }) = world.state.wants(one, at(5)).pop() else { panic!("a dispute") };
        let filing = *world.must(6, What::FilingIntended { plan }).filings.first().expect("a filing");
        world.must(7, What::Restarted);
        let state = &world.state.filings[&filing].state;
        assert!(expect(state), "{effects:?}: {state:?}");
        (world, filing)
    }
    let asks = |world: &World, filing, now| {
        world.state.wants(number(212, 1), at(now)).contains(&Command::AskFiling { filing })
    };

    let (mut world, filing) = check(Effects::Idempotent, |state| matches!(state, FilingState::Again { .. }));
    assert!(asks(&world, filing, 7));
    world.must(8, What::FilingResent { filing });
    assert!(!asks(&world, filing, 8), "it is on its way");

    let queryable = Effects::Queryable { settle: secs(3) };
    let (mut world, filing) = check(queryable, |state| *state == FilingState::Unsure { track_at: at(10) });
    assert!(!asks(&world, filing, 9), "absence counts only after the settling time");
    assert!(asks(&world, filing, 10));
    assert!(world.step(10, What::FilingResent { filing }).is_err());
    world.must(11, What::FilingAnswered { filing, answer: FilingOutcome::Absent });
    world.must(11, What::FilingResent { filing });

    // An agency that is down is not asked all the while.
    for effects in [Effects::Idempotent, queryable] {
        let (mut world, filing) = check(effects, |_| true);
        let answer = FilingOutcome::Lost { reason: "it does not answer".into() };
        world.must(20, What::FilingAnswered { filing, answer });
        let again = at(20).plus(AGAIN_AFTER);
        assert_eq!(world.state.next_wake(number(212, 1)), Some(again), "{effects:?}");
        assert!(!asks(&world, filing, 21));
    }

    let (world, filing) = check(Effects::Manual, |state| matches!(state, FilingState::WithPerson { .. }));
    assert!(!asks(&world, filing, 1000), "never sent again by machine");
}

#[test]
fn an_answer_takes_the_place_of_a_persons_task() {
    let mut world = small_floor();
    let one = number(212, 1);
    world.checked(5, one, Status::Flagged);
    let case = world.number(one).cases[0];
    let Some(Command::File { filing: plan }) = world.state.wants(one, at(5)).pop() else { panic!("a dispute") };
    let filing = *world.must(6, What::FilingIntended { plan }).filings.first().expect("a filing");
    let answer = FilingOutcome::NeedsPerson { packet_blob: "b".into(), title: "File".into(), due_at: at(50) };
    let task = *world.must(7, What::FilingAnswered { filing, answer }).tasks.first().expect("a task");
    let answer = FilingOutcome::Unsupported { reason: "closed".into() };
    world.must(8, What::FilingAnswered { filing, answer });
    world.checked(9, one, Status::Unflagged);
    let late = What::TaskDone { task, by: "ann".into(), note: None };
    assert_eq!(world.step(10, late), Err(Refusal::TaskNotOpen(task)), "it would open a closed case again");
    assert!(matches!(world.state.cases[&case].state, CaseState::Closed { how: Closure::Cleared, .. }));
    assert!(world.state.tasks.values().all(|task| task.state != TaskState::Open));
}

#[test]
fn an_unsupported_registry_is_not_waited_for() {
    let mut world = World::with(Policy { new_number_wait: secs(0), ..policy() }, vec![registry()]);
    let one = number(212, 1);
    world.import(0, [one], Service::New);
    let Some(Command::File { filing: plan }) = world.state.wants_for_business("acme", at(0)).pop() else {
        panic!("a registration")
    };
    let filing = *world.must(1, What::FilingIntended { plan: plan.clone() }).filings.first().expect("a filing");
    assert!(matches!(world.step(1, What::FilingIntended { plan }), Err(Refusal::StaleFiling { .. })), "never twice");
    let answer = FilingOutcome::Unsupported { reason: "only the user of the numbers may file".into() };
    world.must(2, What::FilingAnswered { filing, answer });
    check(&world, one, Life::Ready, Place::Reserve);
    // The next one waits for its day, even when there is something to file.
    world.import(3, [number(212, 2)], Service::New);
    assert!(world.state.wants_for_business("acme", at(60)).is_empty());
    assert_eq!(world.state.next_wake_for_business("acme"), Some(at(61)));
    assert_eq!(world.state.wants_for_business("acme", at(61)).len(), 1);
}

#[test]
fn refusals_say_why() {
    let mut world = small_floor();
    let stranger = number(999, 1);
    let stranger_rows = common::rows([stranger], Service::New);
    let table = [
        (What::OwnerAdded { id: user("eve"), business: "acme".into(), pool_size: None }, "is there already"),
        (What::OwnerAdded { id: user("zoe"), business: "nobody".into(), pool_size: None }, "no business"),
        (What::NumbersImported { business: "nobody".into(), by: "a".into(), rows: stranger_rows }, "no business"),
        (What::NumberDrawn { owner: user("eve"), number: number(212, 3) }, "is full"),
        (What::NumberDrawn { owner: user("zoe"), number: number(212, 3) }, "there is no user zoe"),
        (What::NumberRetired { number: stranger, by: "a".into() }, "not one of our numbers"),
        (What::NumbersBenched { numbers: vec![number(212, 3), number(212, 1)], by: "a".into() }, "not in the reserve"),
        (What::Woke { numbers: vec![stranger; 101] }, "at most 100"),
        (What::TaskDone { task: 77, by: "a".into(), note: None }, "no task 77"),
        (What::FilingAnswered { filing: 77, answer: FilingOutcome::Absent }, "no filing 77"),
    ];
    for (what, expect) in table {
        let refusal = world.step(5, what.clone()).expect_err("refused").to_string();
        assert!(refusal.contains(expect), "{what:?}: {refusal}");
    }
    world.must(6, What::NumberRetired { number: number(212, 1), by: "a".into() });
    let again = world.step(7, What::NumberRetired { number: number(212, 1), by: "a".into() });
    assert_eq!(again.expect_err("refused").to_string(), "+12125550001 is retired, and cannot be retired from there");
}

#[test]
fn a_state_rebuilt_from_its_records_is_the_same() {
    let mut world = small_floor();
    world.checked(5, number(212, 1), Status::Flagged);
    world.import(6, [number(315, 9)], Service::New);
    let state = world.state.clone();
    let rebuilt = State::from_records(
        state.businesses.values().cloned(),
        state.owners.values().cloned(),
        state.numbers.values().cloned(),
        state.cases.values().cloned(),
        state.filings.values().cloned(),
        state.tasks.values().cloned(),
        state.policies.clone(),
        state.adapters.values().cloned(),
        state.next_id,
    );
    assert!(rebuilt == state);
}
