//! What a pool can bear is what it bears: the calls are made, and the last one that fits is the last one that was promised.

use numbers::choose::{Candidate, Pool, Question, choose, record};
use numbers::pace::{Pace, pace, pool_size_for};
use numbers::policy::JURISDICTIONS;
use numbers::{
    Ask, CalleeRecord, Carrier, Counts, Decision, E164, Exemption, Hours, Life, Listed, Moment, OwnerId, OwnerUsage,
    Policy, Usage,
};
use std::time::Duration;

const DAY: u64 = 24 * 60 * 60;
/// Eight hours into a calling day.
const NOW: Moment = Moment::from_seconds(20_500 * DAY + 17 * 60 * 60);

fn candidate(n: u64, life: Life) -> Candidate {
    Candidate::good(E164::from_digits(13_125_550_100 + n).expect("a number"), life)
}

fn policy() -> Policy {
    let exemption = Exemption { rule: JURISDICTIONS.into(), because: "a test".into(), by: "nobody".into() };
    Policy {
        per_day_soft: 20,
        per_day_hard: 25,
        per_hour: 6,
        turn_gap: Duration::ZERO,
        calling_hours: Hours::ALWAYS,
        exemptions: vec![exemption],
        ..Policy::default()
    }
}

/// Calls that this pool takes from `from` on, when one is tried every `every` for `span`; each time for another callee.
fn placed(
    candidates: &[Candidate],
    usage: &mut [Usage],
    from: Moment,
    span: Duration,
    every: Duration,
    policy: &Policy,
) -> u32 {
    let mut owner = OwnerUsage::default();
    let (mut placed, mut at, mut n) = (0, from, 0);
    while at < from.plus(span) {
        let ask = Ask {
            owner: OwnerId::User("ann".into()),
            campaign: None,
            callee: E164::from_digits(12_125_550_000 + n).expect("a number"),
            state: None,
            zip: None,
            carrier: Some(Carrier::Verizon),
            at,
            tie_break: n,
        };
        let nobody = Pool::default();
        let pool = Pool { candidates, usage };
        let question = Question {
            ask: &ask,
            pool,
            bench: nobody,
            reserve: nobody,
            owner: &owner,
            callee: None,
            listed: Listed::NOWHERE,
            policy,
            order: &[],
        };
        let answer = choose(&question);
        if let Decision::Use { number, .. } = answer.decision {
            let place = candidates.iter().position(|candidate| candidate.number == number).expect("one of ours");
            record(&answer, ask.shown(policy), &mut usage[place], &mut owner, &mut CalleeRecord::default(), policy);
            placed += 1;
        }
        at = at.plus(every);
        n += 1;
    }
    placed
}

#[test]
fn what_is_promised_for_the_hour_and_the_day_is_what_can_be_placed() {
    let policy = policy();
    let candidates = [
        candidate(1, Life::Active),
        candidate(2, Life::AtRisk),
        candidate(3, Life::Resting),
        candidate(4, Life::Active),
    ];
    let mut usage = vec![Usage::default(); candidates.len()];
    usage[0].charge(NOW.before(Duration::from_secs(3 * 60 * 60)), 23, false, &policy);
    let fresh = usage.clone();
    let promised = pace(Pool { candidates: &candidates, usage: &usage }, &Counts::default(), NOW, &policy);
    // Two are left of the first; half a share of six and of twenty-five; nothing of one that rests; six and twenty-five.
    assert_eq!(promised, Pace { next_hour: 2 + 3 + 6, today: 2 + 13 + 25 });
    let minute = Duration::from_secs(20);
    let hour = placed(&candidates, &mut usage, NOW, Duration::from_secs(59 * 60), minute, &policy);
    assert_eq!(hour, promised.next_hour);
    let mut usage = fresh;
    let day = placed(&candidates, &mut usage, NOW, Duration::from_secs(15 * 60 * 60), minute, &policy);
    assert_eq!(day, promised.today);
    let late = NOW.plus(Duration::from_secs(15 * 60 * 60 - 1));
    let spent = pace(Pool { candidates: &candidates, usage: &usage }, &Counts::default(), late, &policy);
    assert_eq!(spent.today, 0);
    assert_eq!(spent.next_hour, 0, "the next day begins later than in an hour");
    let eve = NOW.plus(Duration::from_secs(15 * 60 * 60 + 60));
    let spent = pace(Pool { candidates: &candidates, usage: &usage }, &Counts::default(), eve, &policy);
    assert_eq!(spent.next_hour, 6 + 3 + 6, "the next day begins within the hour");
}

#[test]
fn advice_on_the_size_of_a_pool() {
    let policy = Policy::default();
    assert_eq!(pool_size_for(900, &policy), 13);
    assert_eq!(pool_size_for(300, &policy), 5);
    assert_eq!(pool_size_for(0, &policy), 1);
}
