//! The largest event and the largest records fit where they are stored, which is why the bounds are what they are.

mod common;

use common::{IN_SERVICE, World, at, number, observation};
use numbers::event::{
    ADAPTERS_MAX, BUSINESS_BYTES_MAX, EVENT_BYTES_MAX, FILING_NUMBERS_MAX, IMPORT_ROWS_MAX, NUMBERS_MAX,
    OBSERVATIONS_MAX, REASON_BYTES_MAX, SCOPES_MAX, TOKEN_BYTES_MAX, WORDS_MAX,
};
use numbers::{
    AdapterFacts, Carrier, Effects, Event, Exemption, FilingOutcome, FilingPlan, Patch, Policy, Purpose, Refusal,
    RightToUse, Scope, Score, Source, Status, What,
};

#[track_caller]
fn check(what: What) -> usize {
    let event = Event { at: at(0), what };
    let bytes = postcard::to_stdvec(&event).expect("an encoding");
    assert!(bytes.len() <= EVENT_BYTES_MAX, "{} bytes", bytes.len());
    assert_eq!(postcard::from_bytes::<Event>(&bytes).expect("a decoding"), event);
    bytes.len()
}

#[test]
fn the_largest_events_fit() {
    let words = "x".repeat(WORDS_MAX);
    let name = "n".repeat(24);
    let numbers = |count: usize| (0..count as u64).map(|n| number(999, n)).collect::<Vec<_>>();

    let mut rows = common::rows(numbers(IMPORT_ROWS_MAX), IN_SERVICE);
    for row in &mut rows {
        row.right = RightToUse::Declared { by: name.clone(), at: at(0), letter: None };
        row.callback_route = Some("+12125550143".into());
    }
    check(What::NumbersImported { business: name.clone(), by: name.clone(), rows });

    let observations = (0..OBSERVATIONS_MAX as u64).map(|n| {
        let mut seen = observation(number(999, n), &name[..16], Some(Carrier::UsCellular), Status::Blocked, 0);
        seen.label = Some(words.clone());
        seen.score = Some(Score { value: -100_000, best: 100_000, worst: -100_000 });
        seen.cost_micros = 1_000_000;
        seen
    });
    check(What::Observed {
        source: Source::Adapter(name.clone()),
        adapter: Some(name.clone()),
        asked: numbers(NUMBERS_MAX),
        observations: observations.collect(),
    });

    check(What::CheckFailed { adapter: name.clone(), asked: numbers(NUMBERS_MAX), failure: words });
    check(What::FilingIntended {
        plan: FilingPlan {
            purpose: Purpose::Register,
            adapter: name.clone(),
            business: name.clone(),
            numbers: numbers(FILING_NUMBERS_MAX),
            key: format!("register-{name}-{name}-1000"),
        },
    });
    let reason = "x".repeat(REASON_BYTES_MAX);
    check(What::FilingAnswered { filing: 1, answer: FilingOutcome::Failed { reason, retry_at: at(0) } });
    let token = "x".repeat(TOKEN_BYTES_MAX);
    check(What::FilingAnswered { filing: 1, answer: FilingOutcome::Pending { token, ask_again_at: at(0) } });
    check(What::PolicyAdopted { revision: 1000, policy: Policy::default(), scopes: 1000 });
    let exemption = Exemption { rule: "attempts_per_24h".into(), because: "b".repeat(WORDS_MAX), by: "n".repeat(24) };
    let long = Patch {
        ramp_per_day: Some(vec![100_000; 100]),
        exemptions: vec![exemption.clone(), exemption],
        ..Patch::default()
    };
    check(What::ScopesDrafted { scopes: vec![(Scope::Campaign("x".repeat(64)), long); SCOPES_MAX] });
    let adapter = |n: usize| AdapterFacts {
        id: format!("{n:016}"),
        checks: true,
        speaks_for: vec!["first_orion".into(), "transaction".into()],
        registers: true,
        register_required: true,
        disputes: vec!["first_orion".into()],
        disputes_for: numbers::Carriers::NONE,
        disputes_by_machine: true,
        register_effects: Effects::Queryable { settle: core::time::Duration::from_secs(100_000) },
        dispute_effects: Effects::Manual,
    };
    check(What::RosterChanged { adapters: (0..ADAPTERS_MAX).map(adapter).collect() });
}

#[test]
fn the_largest_filing_fits() {
    let mut world = World::new();
    let mut business = world.state.businesses["acme"].clone();
    let room = BUSINESS_BYTES_MAX - business.text_bytes();
    business.use_case.push_str(&"x".repeat(room));
    world.must(0, What::BusinessAdded(business.clone()));
    business.use_case.push('x');
    assert!(matches!(world.step(0, What::BusinessAdded(business)), Err(Refusal::TooLong { .. })));
    let numbers: Vec<_> = (0..FILING_NUMBERS_MAX as u64).map(|n| number(999, n)).collect();
    for some in numbers.chunks(IMPORT_ROWS_MAX) {
        world.import(0, some.iter().copied(), IN_SERVICE);
    }
    let Some(numbers::Command::File { filing: plan }) = world.state.wants_for_business("acme", at(0)).pop() else {
        panic!("a registration")
    };
    assert_eq!(plan.numbers.len(), FILING_NUMBERS_MAX);
    let filing = *world.must(0, What::FilingIntended { plan }).filings.first().expect("a filing");
    let bytes = postcard::to_stdvec(&world.state.filings[&filing]).expect("an encoding").len();
    assert!(bytes <= EVENT_BYTES_MAX, "{bytes} bytes");
}

#[test]
fn a_number_in_service_is_small() {
    let mut world = World::new();
    let one = number(212, 1);
    world.import(0, [one], IN_SERVICE);
    world.add_user(1, "eve");
    world.checked(2, one, Status::Unflagged);
    let bytes = postcard::to_stdvec(world.number(one)).expect("an encoding").len();
    // Of a million numbers, this much is read at each start.
    assert!(bytes <= 200, "{bytes} bytes");
}

/// Whoever keeps the records refuses what they have become.
#[track_caller]
fn check_refused(world: &mut World, what: What) {
    let before = world.state.clone();
    let event = Event { at: at(5), what };
    let too_long = Refusal::TooLong { what: "this", bytes: 5000, max: 4000 };
    let mut seen = None;
    let refused = world.state.step_if(&event, |state, touched| {
        seen = Some((state != &before, touched.clone()));
        Err(too_long.clone())
    });
    assert_eq!(refused, Err(too_long));
    let (changed, touched) = seen.expect("it was asked");
    assert!(changed, "it looked at what the records have become: {touched:?}");
    assert!(world.state == before, "a refusal leaves everything as it was: {event:?}");
}

#[test]
fn records_that_cannot_be_kept_change_nothing() {
    let mut world = World::new();
    let one = number(212, 1);
    world.import(0, [one], IN_SERVICE);
    let mut business = world.state.businesses["acme"].clone();
    business.use_case.push('x');
    check_refused(&mut world, What::BusinessAdded(business));
    check_refused(
        &mut world,
        What::PolicyAdopted { revision: 7, policy: Policy { per_hour: 1, ..Policy::default() }, scopes: 0 },
    );
    check_refused(&mut world, What::RosterChanged { adapters: Vec::new() });
    check_refused(&mut world, What::OwnerAdded { id: common::user("eve"), business: "acme".into(), pool_size: None });
    let rows = common::rows([number(212, 2)], IN_SERVICE);
    check_refused(&mut world, What::NumbersImported { business: "acme".into(), by: "ann".into(), rows });
    let seen = observation(one, "tns", None, Status::Flagged, 1);
    let (source, asked) = (Source::Person("ann".into()), vec![one]);
    check_refused(&mut world, What::Observed { source, adapter: None, asked, observations: vec![seen] });
}
