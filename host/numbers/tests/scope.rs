//! Which policy holds for whom, and that no scope relaxes a rule of law.

mod common;

use common::{World, at, number, user};
use numbers::event::What;
use numbers::policy::LAWS;
use numbers::{Exemption, OwnerId, Patch, Policies, Policy, Refusal, Scope};
use std::collections::BTreeMap;

fn policies(scopes: &[(Scope, Patch)]) -> Policies {
    let base = Policy { turn_calls: 5, attempts_per_24h: 3, ..Policy::default() };
    Policies::new(1, base, scopes.iter().cloned().collect())
}

fn turns_of(calls: u32) -> Patch {
    Patch { turn_calls: Some(calls), ..Patch::default() }
}

fn attempts(calls: u32) -> Patch {
    Patch { attempts_per_24h: Some(calls), ..Patch::default() }
}

fn business(name: &str) -> Scope {
    Scope::Business(name.into())
}

fn campaign(name: &str) -> Scope {
    Scope::Campaign(name.into())
}

#[test]
fn the_narrowest_scope_that_says_a_field_has_the_last_word() {
    let policies = policies(&[
        (business("acme"), Patch { per_hour: Some(9), ..turns_of(6) }),
        (campaign("spring"), turns_of(7)),
        (Scope::User("ann".into()), turns_of(8)),
    ]);
    let ann = user("ann");
    let turn = |business, owner: &OwnerId, campaign| policies.of_call(business, owner, campaign).turn_calls;
    assert_eq!(turn("acme", &ann, Some("spring")), 8);
    assert_eq!(turn("acme", &user("bob"), Some("spring")), 7);
    assert_eq!(turn("acme", &user("bob"), Some("autumn")), 6);
    assert_eq!(turn("zenith", &user("bob"), None), 5);
    assert_eq!(turn("zenith", &OwnerId::Campaign("spring".into()), None), 7, "a campaign's own pool");
    assert_eq!(turn("zenith", &OwnerId::Campaign("autumn".into()), Some("spring")), 5, "is in no other campaign");
    assert_eq!(
        policies.of_call("acme", &ann, Some("spring")).per_hour,
        9,
        "what a scope leaves out comes from the wider one"
    );
    assert_eq!(policies.of_business("acme").turn_calls, 6);
    assert_eq!(policies.of_business("zenith"), policies.base());
}

#[test]
fn a_rule_of_law_is_tightened_and_only_an_exemption_relaxes_it() {
    assert!(LAWS.contains(&"attempts_per_24h"));
    let left = |patch: Patch| {
        policies(&[(business("acme"), attempts(2)), (campaign("spring"), patch)])
            .of_call("acme", &user("ann"), Some("spring"))
            .attempts_per_24h
    };
    assert_eq!(left(attempts(1)), 1);
    assert_eq!(left(attempts(30)), 2, "not above what the business says");
    let exemption = |rule: &str| Exemption { rule: rule.into(), because: "consent".into(), by: "jo".into() };
    assert_eq!(left(Patch { exemptions: vec![exemption("attempts_per_24h")], ..attempts(30) }), 30);
    assert_eq!(
        left(Patch { exemptions: vec![exemption("attempts_per_30d")], ..attempts(30) }),
        2,
        "of that rule alone"
    );
}

#[test]
fn what_one_patch_leaves_out_the_one_under_it_says() {
    let under = Patch { per_hour: Some(9), ..turns_of(6) };
    let patch = turns_of(7).over(under);
    assert_eq!((patch.turn_calls, patch.per_hour, patch.per_day_soft), (Some(7), Some(9), None));
}

#[test]
fn a_policy_is_adopted_with_the_scopes_that_were_drafted_for_it() {
    let mut world = World::new();
    let adopted = |scopes| What::PolicyAdopted { revision: 2, policy: common::policy(), scopes };
    assert!(matches!(world.step(1, adopted(1)), Err(Refusal::DraftsMissing { drafted: 0, wanted: 1 })));
    // A crash came after this one.
    world.must(1, What::ScopesDrafted { scopes: vec![(campaign("gone"), turns_of(9))] });
    let before = world.state.policies.clone();
    world.must(2, What::ScopesDrafted { scopes: vec![(business("acme"), turns_of(6))] });
    world.must(2, What::ScopesDrafted { scopes: vec![(campaign("spring"), turns_of(7))] });
    assert_eq!(world.state.policies, before, "a draft changes nothing");
    world.must(2, adopted(2));
    let held: BTreeMap<Scope, Patch> =
        [(business("acme"), turns_of(6)), (campaign("spring"), turns_of(7))].into_iter().collect();
    assert_eq!(world.state.policies.scopes(), &held);
    assert_eq!(world.state.policies.revision, 2);
    world.must(3, adopted(0));
    assert!(world.state.policies.scopes().is_empty());
}

#[test]
fn the_numbers_of_a_business_live_by_its_own_policy() {
    let mut world = World::new();
    let short = Patch { check_every: Some(common::secs(5)), ..Patch::default() };
    world.must(0, What::ScopesDrafted { scopes: vec![(business("acme"), short)] });
    world.must(0, What::PolicyAdopted { revision: 2, policy: common::policy(), scopes: 1 });
    world.import(1, [number(212, 1)], common::IN_SERVICE);
    world.must(
        2,
        What::CheckFailed { adapter: common::agency().id, asked: vec![number(212, 1)], failure: String::new() },
    );
    world.must(
        3,
        What::Observed {
            source: numbers::Source::Adapter(common::agency().id),
            adapter: Some(common::agency().id),
            asked: vec![number(212, 1)],
            observations: Vec::new(),
        },
    );
    assert_eq!(world.state.check_due_at(number(212, 1), &common::agency().id), Some(at(3 + 5)));
}

#[test]
fn scopes_are_read_as_they_are_written() {
    for scope in [business("acme"), campaign("spring sale"), Scope::User("ann".into())] {
        assert_eq!(Scope::parse(&scope.to_string()), Some(scope));
    }
    for text in ["acme", "team:acme", "user:", "user: "] {
        assert_eq!(Scope::parse(text), None, "{text:?}");
    }
}
