//! Times `choose` for a pool of ten and prints nanoseconds: `cargo run -p numbers --example choose_figures`.
//!
//! Each line is the best and the median of many rounds; the machine and the profile are for whoever writes it down.

use numbers::callee::CalleeRecord;
use numbers::choose::{Candidate, Pool, Question, choose, record};
use numbers::{Ask, Carrier, Decision, E164, Life, Listed, Moment, OwnerId, OwnerUsage, Policy, Usage};
use std::hint::black_box;
use std::time::{Duration, Instant};

const ROUNDS: usize = 200;
const CALLS_A_ROUND: u32 = 1_000;

fn main() {
    let policy = Policy::default();
    let candidates: Vec<Candidate> = (0..10).map(candidate).collect();
    let ask = Ask {
        state: None,
        zip: None,
        owner: OwnerId::User("anna".into()),
        campaign: None,
        callee: number(13_125_550_100),
        carrier: Some(Carrier::Verizon),
        at: Moment::from_seconds(1_770_000_000),
        tie_break: 7,
    };
    let unknown = Ask { carrier: None, ..ask.clone() };

    // An afternoon of calls, so that the windows are full of figures and a turn is under way.
    let mut usage = vec![Usage::default(); candidates.len()];
    let mut owner = OwnerUsage::default();
    for call in 0..200u64 {
        let earlier = Ask { at: Moment(ask.at.0 - (200 - call) * 20_000), tie_break: call, ..ask.clone() };
        let question = question(&earlier, &candidates, &usage, &owner, None, &policy);
        let answer = choose(&question);
        if let Decision::Use { number, .. } = answer.decision
            && let Some(place) = candidates.iter().position(|candidate| candidate.number == number)
        {
            record(
                &answer,
                earlier.shown(&policy),
                &mut usage[place],
                &mut owner,
                &mut CalleeRecord::default(),
                &policy,
            );
        }
    }
    let mut seen = CalleeRecord::default();
    seen.record_shown(candidates[3].number, Moment(ask.at.0 - 3_600_000));
    let mut spent = usage.clone();
    spent.iter_mut().for_each(|usage| usage.charge(ask.at, policy.per_day_hard, false, &policy));

    print("an afternoon, carrier known", &question(&ask, &candidates, &usage, &owner, None, &policy));
    print("an afternoon, carrier unknown", &question(&unknown, &candidates, &usage, &owner, None, &policy));
    print("callee saw a number before", &question(&ask, &candidates, &usage, &owner, Some(&seen), &policy));
    print("every cap reached, ladder spent", &question(&ask, &candidates, &spent, &owner, None, &policy));
    println!("{:<34} {:>6} bytes", "counts of one number", size_of::<Usage>());
}

fn question<'a>(
    ask: &'a Ask,
    candidates: &'a [Candidate],
    usage: &'a [Usage],
    owner: &'a OwnerUsage,
    callee: Option<&'a CalleeRecord>,
    policy: &'a Policy,
) -> Question<'a> {
    let nobody = Pool::default();
    Question {
        ask,
        pool: Pool { candidates, usage },
        bench: nobody,
        reserve: nobody,
        owner,
        callee,
        listed: Listed::NOWHERE,
        policy,
        order: &[],
    }
}

fn print(what: &str, question: &Question<'_>) {
    let mut rounds: Vec<Duration> = (0..ROUNDS)
        .map(|_| {
            let begun = Instant::now();
            for _ in 0..CALLS_A_ROUND {
                black_box(choose(black_box(question)));
            }
            begun.elapsed() / CALLS_A_ROUND
        })
        .collect();
    rounds.sort();
    println!("{what:<34} {:>6} ns best, {:>6} ns median", rounds[0].as_nanos(), rounds[ROUNDS / 2].as_nanos());
}

fn candidate(place: u64) -> Candidate {
    Candidate::good(number(13_125_550_110 + place), Life::Active)
}

fn number(digits: u64) -> E164 {
    E164::from_digits(digits).expect("the figures above are telephone numbers")
}
