//! Times `choose` for a pool of ten and prints nanoseconds: `cargo run -p numbers --example choose_figures`.
//!
//! Each line is the best and the median of many rounds; the machine and the profile are for whoever writes it down.

use numbers::callee::CalleeRecord;
use numbers::choose::{Candidate, Pool, Question, choose, record};
use numbers::{Ask, Carrier, Carriers, Decision, E164, Life, Listed, Moment, OwnerId, Policy, Status, Turns, Usage};
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
    let mut turns = Turns::new();
    for call in 0..200u64 {
        let earlier = Ask { at: Moment(ask.at.0 - (200 - call) * 20_000), tie_break: call, ..ask.clone() };
        let question = question(&earlier, &candidates, &usage, &turns, None, &policy);
        let answer = choose(&question);
        if let Decision::Use { number, .. } = answer.decision
            && let Some(place) = candidates.iter().position(|candidate| candidate.number == number)
        {
            record(&answer, earlier.at, &mut usage[place], &mut turns, &mut CalleeRecord::default(), &policy);
        }
    }
    let mut seen = CalleeRecord::default();
    seen.record_shown(candidates[3].number, Moment(ask.at.0 - 3_600_000));
    let mut spent = usage.clone();
    spent.iter_mut().for_each(|usage| usage.charge(ask.at, policy.per_day_hard, &policy));

    print("an afternoon, carrier known", &question(&ask, &candidates, &usage, &turns, None, &policy));
    print("an afternoon, carrier unknown", &question(&unknown, &candidates, &usage, &turns, None, &policy));
    print("callee saw a number before", &question(&ask, &candidates, &usage, &turns, Some(&seen), &policy));
    print("every cap reached, ladder spent", &question(&ask, &candidates, &spent, &turns, None, &policy));
    println!("{:<34} {:>6} bytes", "counts of one number", size_of::<Usage>());
}

fn question<'a>(
    ask: &'a Ask,
    candidates: &'a [Candidate],
    usage: &'a [Usage],
    turns: &'a Turns,
    callee: Option<&'a CalleeRecord>,
    policy: &'a Policy,
) -> Question<'a> {
    let nobody = Pool::default();
    Question {
        ask,
        pool: Pool { candidates, usage },
        bench: nobody,
        reserve: nobody,
        turns,
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
    Candidate {
        number: number(13_125_550_110 + place),
        life: Life::Active,
        proven: true,
        known: true,
        status: [Status::Unflagged; 8],
        excluded: Carriers::NONE,
        half_share: false,
        ramp_since: None,
    }
}

fn number(digits: u64) -> E164 {
    E164::from_digits(digits).expect("the figures above are telephone numbers")
}
