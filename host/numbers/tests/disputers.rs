//! Who disputes a label, in which order, and what becomes of numbers that an agency takes out of a filing.

mod common;

use common::{IN_SERVICE, World, agency, at, number, observation, policy, registry};
use numbers::{
    AdapterFacts, Carrier, CaseState, Command, E164, FilingOutcome, FilingPlan, Purpose, RegistrationState, Source,
    Status, What,
};

/// One that disputes with TNS.
fn disputer(id: &str, by_machine: bool, carriers: &[Carrier]) -> AdapterFacts {
    AdapterFacts {
        id: id.into(),
        checks: false,
        speaks_for: vec![],
        disputes: vec!["tns".into()],
        disputes_for: carriers.iter().copied().collect(),
        disputes_by_machine: by_machine,
        ..agency()
    }
}

#[test]
fn a_machine_goes_first_then_the_carriers_own_then_the_agencys_own() {
    let adapters = vec![
        disputer("fcr", false, &[]),
        disputer("tns", false, &[]),
        disputer("verizon", false, &[Carrier::Verizon]),
        disputer("spectrum_tns", false, &[Carrier::Spectrum]),
        disputer("zeta", true, &[]),
    ];
    let world = World::with(policy(), adapters);
    let cases: [(Option<Carrier>, &[&str]); 4] = [
        (None, &["zeta", "tns", "fcr"]),
        (Some(Carrier::Verizon), &["zeta", "verizon", "tns", "fcr"]),
        (Some(Carrier::Spectrum), &["zeta", "spectrum_tns", "tns", "fcr"]),
        (Some(Carrier::Att), &["zeta", "tns", "fcr"]),
    ];
    for (carrier, order) in cases {
        let found: Vec<&str> =
            world.state.disputers("tns", carrier).iter().map(|adapter| adapter.id.as_str()).collect();
        assert_eq!(found, order, "{carrier:?}");
    }
    assert_eq!(world.state.disputers("hiya", None), Vec::<&AdapterFacts>::new());
}

/// A number that TNS flags at Verizon, and the dispute that is wanted now.
fn flagged(adapters: Vec<AdapterFacts>) -> (World, E164, u64) {
    let mut world = World::with(policy(), adapters);
    let one = number(212, 1);
    world.import(0, [one], IN_SERVICE);
    let seen = observation(one, "tns", Some(Carrier::Verizon), Status::Flagged, 5);
    let source = Source::Person("bob".into());
    world.must(5, What::Observed { source, adapter: None, asked: vec![], observations: vec![seen] });
    let case = world.number(one).cases[0];
    (world, one, case)
}

fn wanted(world: &World, number: E164, when: u64) -> Option<FilingPlan> {
    let commands = world.state.wants(number, at(when));
    commands.into_iter().find_map(|command| match command {
        Command::File { filing } => Some(filing),
        _ => None,
    })
}

fn answer(world: &mut World, when: u64, plan: FilingPlan, answer: FilingOutcome) {
    let filing = *world.must(when, What::FilingIntended { plan }).filings.first().expect("a filing");
    world.must(when, What::FilingAnswered { filing, answer });
}

#[test]
fn who_cannot_dispute_makes_way_for_the_next_one_and_costs_no_attempt() {
    let adapters = vec![disputer("tns", false, &[]), disputer("telnyx", true, &[])];
    let (mut world, one, case) = flagged(adapters);
    let first = wanted(&world, one, 5).expect("a dispute");
    assert_eq!((first.adapter.as_str(), first.key.clone()), ("telnyx", format!("case-{case}-1")));
    answer(&mut world, 6, first, FilingOutcome::Unsupported { reason: "not in the account".into() });
    let second = wanted(&world, one, 6).expect("the next one is tried at once");
    assert_eq!((second.adapter.as_str(), second.key.clone()), ("tns", format!("case-{case}-2")));
    answer(&mut world, 7, second, FilingOutcome::Unsupported { reason: "not for clients".into() });
    let held = &world.state.cases[&case];
    assert_eq!((held.attempts, held.state), (0, CaseState::Submitting), "nobody is left, so a person is asked");
    assert!(held.task.is_some());
}

#[test]
fn a_refusal_goes_on_with_another_way() {
    let adapters = vec![disputer("tns", false, &[]), disputer("telnyx", true, &[])];
    let (mut world, one, case) = flagged(adapters);
    let first = wanted(&world, one, 5).expect("a dispute");
    answer(&mut world, 6, first, FilingOutcome::Rejected { reason: "not enough calls".into() });
    let again = 6 + policy().dispute_every.as_secs();
    let second = wanted(&world, one, again).expect("the next attempt");
    assert_eq!((second.adapter.as_str(), second.purpose), ("tns", Purpose::Dispute { case }));
}

#[test]
fn a_number_that_the_agency_takes_out_is_refused_alone() {
    let mut world = World::with(policy(), vec![registry()]);
    let (taken, refused) = (number(212, 1), number(212, 2));
    world.import(0, [taken, refused], IN_SERVICE);
    let Some(Command::File { filing: plan }) = world.state.wants_for_business("acme", at(0)).pop() else {
        panic!("a registration")
    };
    let why = "it belongs to another business";
    let outcome = FilingOutcome::Filed { reference: Some("R1".into()), refused: vec![(why.into(), vec![refused])] };
    answer(&mut world, 3, plan, outcome);
    let state = |number| world.number(number).registrations[0].state.clone();
    assert_eq!(state(taken), RegistrationState::Filed { at: at(3) });
    assert_eq!(state(refused), RegistrationState::Refused { reason: why.into(), at: at(3) });
}
