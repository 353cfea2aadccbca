//! A callee who stands on a do-not-call list is held, whatever the ladder would give, and no exemption but that of its own rule helps.

use numbers::choose::{Candidate, Pool, Question, RETRY_NEVER, choose, permitted};
use numbers::policy::{DO_NOT_CALL, JURISDICTIONS, LAWS};
use numbers::{
    Ask, CalleeRecord, Carrier, Decision, E164, Exemption, HoldClass, Hours, Life, ListName, Listed, Moment, OwnerId,
    OwnerUsage, Policy, Region, Rung, Scope, Usage,
};

const NATIONAL: Listed = Listed { national: true, ..Listed::NOWHERE };
const OWN: Listed = Listed { own: true, ..Listed::NOWHERE };
/// Midnight in New York, and no hour of any law.
const NIGHT: Moment = Moment::from_seconds(20_684 * 24 * 60 * 60 + 4 * 60 * 60);
const NOON: Moment = Moment::from_seconds(20_684 * 24 * 60 * 60 + 16 * 60 * 60);

fn florida() -> Listed {
    Listed { state: Some(Region::parse("FL").expect("a state")), ..Listed::NOWHERE }
}

fn number(text: &str) -> E164 {
    E164::parse(text).expect("a number")
}

/// A callee in New York, with a number that may be shown to it in each place that there is.
struct World {
    listed: Listed,
    callee: CalleeRecord,
    policy: Policy,
    at: Moment,
}

impl World {
    fn new(listed: Listed) -> World {
        World { listed, callee: CalleeRecord::default(), policy: Policy::default(), at: NOON }
    }

    fn exempt(mut self, rule: &str) -> World {
        self.policy.exemptions.push(Exemption { rule: rule.into(), because: "a consent".into(), by: "Ann".into() });
        self
    }

    /// The reason of the hold, or `used`. Also holds what must be true of every hold for a list.
    #[track_caller]
    fn check(&self, expected: &str) {
        let candidate = |text: &str| Candidate::good(number(text), Life::Active);
        let kept = ["+12125550101", "+12125550102", "+12125550103"].map(|text| [candidate(text)]);
        let usage = [Usage::default()];
        let [pool, bench, reserve] = kept.each_ref().map(|candidates| Pool { candidates, usage: &usage });
        let ask = Ask {
            owner: OwnerId::User("ann".into()),
            campaign: None,
            callee: number("+12125559876"),
            state: None,
            zip: None,
            carrier: Some(Carrier::Verizon),
            at: self.at,
            tie_break: 1,
        };
        let (owner, callee) = (&OwnerUsage::default(), Some(&self.callee));
        let (policy, listed) = (&self.policy, self.listed);
        let question = Question { ask: &ask, pool, bench, reserve, owner, callee, listed, policy, order: &[] };
        let answer = choose(&question);
        let said = match answer.decision {
            Decision::Use { .. } => "used",
            Decision::Hold { reason, .. } => reason.word(),
        };
        assert_eq!(said, expected, "{:?} under {:?}", self.listed, self.policy.exemptions);
        if let (Decision::Hold { class, retry_after, .. }, "do_not_call") = (answer.decision, said) {
            assert_eq!((class, retry_after), (HoldClass::CalleeLaw, RETRY_NEVER));
            assert_eq!(answer.rungs, [], "no rung is climbed for it");
            assert!(permitted(&question).is_empty(), "a ranker is asked nothing");
        }
    }
}

#[test]
fn every_list_holds_the_call() {
    World::new(Listed::NOWHERE).check("used");
    World::new(NATIONAL).check("do_not_call");
    World::new(OWN).check("do_not_call");
    // The number is one of New York, and its owner may have moved: the list of any state holds.
    World::new(florida()).check("do_not_call");
}

#[test]
fn no_rung_relaxes_it() {
    let rungs = [Rung::RelaxLocality, Rung::EndTurnEarly, Rung::Bench, Rung::Reserve, Rung::HardCap];
    for listed in [NATIONAL, OWN, florida()] {
        for ladder in rungs.iter().map(|rung| vec![*rung]).chain([rungs.to_vec(), Vec::new()]) {
            let mut world = World::new(listed);
            world.policy.ladder = ladder;
            world.check("do_not_call");
        }
    }
}

#[test]
fn an_exemption_lifts_the_lists_of_state_and_nation_and_never_the_own() {
    assert!(LAWS.contains(&DO_NOT_CALL));
    World::new(NATIONAL).exempt(DO_NOT_CALL).check("used");
    World::new(florida()).exempt(DO_NOT_CALL).check("used");
    World::new(OWN).exempt(DO_NOT_CALL).check("do_not_call");
    World::new(Listed { own: true, ..NATIONAL }).exempt(DO_NOT_CALL).check("do_not_call");
    // One from another rule lifts nothing here.
    World::new(NATIONAL).exempt(JURISDICTIONS).check("do_not_call");
    let mut suppressed = World::new(Listed::NOWHERE).exempt(DO_NOT_CALL);
    suppressed.callee.suppress(NOON);
    suppressed.check("suppressed");
}

#[test]
fn an_exemption_holds_for_its_scope_alone() {
    let patch = numbers::Patch {
        exemptions: vec![Exemption { rule: DO_NOT_CALL.into(), because: "consent".into(), by: "Ann".into() }],
        ..numbers::Patch::default()
    };
    let scopes = [(Scope::Campaign("spring".into()), patch)].into_iter().collect();
    let policies = numbers::Policies::new(1, Policy::default(), scopes);
    let of = |campaign| policies.of_call("acme", &OwnerId::User("ann".into()), campaign).into_owned();
    let world = |policy| World { policy, ..World::new(NATIONAL) };
    world(of(Some("spring"))).check("used");
    world(of(Some("autumn"))).check("do_not_call");
    world(of(None)).check("do_not_call");
}

#[test]
fn it_is_said_before_attempts_and_hours() {
    let mut world = World::new(NATIONAL);
    for _ in 0..3 {
        world.callee.record_attempt(NOON);
    }
    world.check("do_not_call");
    World { at: NIGHT, ..World::new(NATIONAL) }.check("do_not_call");
    World { at: NIGHT, ..World::new(NATIONAL) }.exempt(DO_NOT_CALL).check("outside_legal_hours");
    // Whoever asked us is remembered as that, on whatever list it stands.
    let mut asked_us = World::new(NATIONAL);
    asked_us.callee.suppress(NOON);
    asked_us.check("suppressed");
    // Hours that are always open open no list.
    let mut open = World::new(NATIONAL).exempt(JURISDICTIONS);
    open.policy.calling_hours = Hours::ALWAYS;
    open.check("do_not_call");
}

#[test]
fn the_list_that_least_can_be_said_against_is_named() {
    let words = |listed: Listed| listed.lists().map(|list| list.to_string()).collect::<Vec<_>>();
    let all = Listed { national: true, own: true, ..florida() };
    assert_eq!(words(all), ["business", "state:FL", "national"]);
    let forbids = |listed: Listed, lifted| listed.forbids(lifted).map(|list| list.to_string());
    assert_eq!(forbids(all, false).as_deref(), Some("business"));
    assert_eq!(forbids(all, true).as_deref(), Some("business"));
    assert_eq!(forbids(Listed { own: false, ..all }, false).as_deref(), Some("state:FL"));
    assert_eq!(forbids(Listed { own: false, ..all }, true), None);
    assert_eq!(forbids(NATIONAL, false).as_deref(), Some("national"));
    assert_eq!(words(Listed::NOWHERE), Vec::<String>::new());
}

#[test]
fn lists_are_read_as_they_are_written() {
    for name in ["national", "state:FL", "business:acme", "business:a:b"] {
        assert_eq!(ListName::parse(name).map(|list| list.to_string()).as_deref(), Ok(name));
    }
    assert_eq!(ListName::parse(" state:fl "), Ok(ListName::State(Region::parse("FL").expect("a state"))));
    for name in ["", "nation", "state", "state:", "state:ZZ", "business:", "user:ann"] {
        assert!(ListName::parse(name).is_err(), "{name:?}");
    }
}
