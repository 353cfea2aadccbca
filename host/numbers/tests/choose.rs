//! Which number is shown, and why not the others: a table that reads like the rules.
//! The rules held against chance are in `choose_rules/`.

use numbers::choose::{CONSIDERED_MAX, Candidate, From, Permitted, Pool, Question, RETRY_NEVER, choose, permitted};
use numbers::policy::JURISDICTIONS;
use numbers::{
    Answer, Ask, CalleeRecord, Carrier, Change, Decision, E164, Exemption, HoldReason, Hours, Life, Listed, Moment,
    OwnerId, OwnerUsage, Passed, Policy, Region, Rung, Shown, Status, Strictness, Turn, TurnChange, Usage, Zip,
};
use std::time::Duration;

const DAY: u64 = 24 * 60 * 60;
/// Six hours into a calling day.
const NOW: Moment = Moment::from_seconds(20_500 * DAY + 15 * 60 * 60);

fn ago(seconds: u64) -> Moment {
    Moment(NOW.0 - seconds * 1000)
}

/// A pool and a call in words; the answer in words.
///
/// Numbers: `A312 today=5` is the number A in area code 312, separated by `|`; behind `bench:` or `reserve:` it is kept
/// there. `today`, `hour` and `minute` are calls it was shown for, `gap=60` is how many seconds ago its last turn ended.
/// Call: the callee's area code and carrier (`?` when unknown), then what is remembered, and changes of the policy.
/// Answer: what is shown or why not, then every code in the order of the numbers.
#[track_caller]
fn check(numbers: &str, call: &str, expected: &str) {
    let found = World::read(numbers, call).answer_in_words();
    assert_eq!(found, expected, "\nfor numbers {numbers}\nand call {call}");
}

#[test]
fn a_ranker_chooses_among_what_is_permitted_and_permits_nothing() {
    check("A312 | B312 today=9", "312 verizon order=BA", "B: ranked_first, chosen");
    check(
        "A312 | B212 today=9 | C312 verizon=mixed_low",
        "312 verizon order=CB",
        "C: ranked_first, ranked_first, chosen",
    );
    // What it leaves out comes last, in the policy's own order.
    check("A312 | B312 today=9 | C312 today=5", "312 verizon order=B", "B: ranked_first, chosen, ranked_first");
    check(
        "A312 today=9 | B312 | C312 verizon=flagged",
        "312 verizon order=C",
        "B: less_loaded_first, chosen, standing_excludes",
    );
    check("A312 | B312 unproven | C312 today=60", "312 verizon order=BCA", "A: chosen, right_unproven, per_day");
    // No order climbs the ladder, or shows a callee who saw a number another one.
    check("A312 | bench: B312", "312 verizon order=BA", "A: chosen");
    check("A312 | B312", "312 verizon seen=A order=BA", "A sticky: chosen, sticky_first");
    check(
        "A312 | B312",
        "312 verizon suppressed order=BA",
        "hold callee_law suppressed 31536000s: callee_held, callee_held",
    );
    // A turn that it cuts short is over.
    check("A312 | B312", "312 verizon turn=A:3 order=BA", "B: ranked_first, chosen");
    check("A312 | B312", "312 verizon turn=A:3 order=AB", "A: chosen continues, ranked_first");
}

#[test]
fn what_is_permitted_is_told_to_a_ranker_in_the_policys_order() {
    let told = |numbers: &str, call: &str| {
        let world = World::read(numbers, call);
        let words = permitted(&world.question()).into_iter().map(|open| {
            let name = world.names.iter().find(|(_, number)| *number == open.number).unwrap().0;
            let Permitted { standing, locality, shown_today, shown_last_hour, turn_left, .. } = open;
            format!("{name} {} {locality:?} {shown_today} {shown_last_hour} {turn_left}", standing.word())
        });
        words.collect::<Vec<_>>().join(", ")
    };
    assert_eq!(
        told("A312 today=2 hour=4 verizon=mixed_low | B212 | C312 | D312 unproven", "312 verizon turn=C:3"),
        "C unflagged Group 0 0 3, B unflagged Elsewhere 0 0 0, A mixed_low Group 6 4 0"
    );
    // Where nothing passes in the pool, the next rung is what there is.
    assert_eq!(
        told("A312 today=60 | bench: B312 | bench: C312 today=1", "312 verizon"),
        "B unflagged Group 0 0 0, C unflagged Group 1 0 0"
    );
    assert_eq!(told("A312 | B312", "312 verizon seen=A"), "", "there is nothing to choose");
    assert_eq!(told("A312 | B312", "312 verizon suppressed"), "");
    assert_eq!(told("A312 unproven | B312 unproven", "312 verizon"), "");
}

#[test]
fn what_keeps_a_number_from_being_shown() {
    check("A312 | B312 today=9", "312 verizon", "A: chosen, less_loaded_first");
    check("A312 life=quarantined | B312", "312 verizon", "B: not_shown_quarantined, chosen");
    check("A312 life=ready | B312", "312 verizon", "B: not_shown_ready, chosen");
    check("A312 life=retired | B312", "312 verizon", "B: not_shown_retired, chosen");
    check("A312 life=resting | B312", "312 verizon", "B: resting, chosen");
    check("A312 unproven | B312 today=9", "312 verizon", "B: right_unproven, chosen");
    check("A312 verizon=flagged | B312 today=9", "312 verizon", "B: standing_excludes, chosen");
    check("A312 verizon=blocked | B312 today=9", "312 verizon", "B: standing_excludes, chosen");
    // Flagged at one carrier it still serves the callees of another, and so does one in remediation.
    check("A312 tmobile=flagged | B312 today=9", "312 verizon", "A: chosen, less_loaded_first");
    check("A312 life=remediating rests=att | B312 today=9", "312 verizon", "A: chosen, less_loaded_first");
    check("A312 life=remediating rests=att | B312 today=9", "312 att", "B: standing_excludes, chosen");
    // Nothing on the ladder shows a number that its standing or its right excludes.
    check(
        "A312 verizon=flagged | B312 unproven",
        "312 verizon",
        "hold capacity no_number 900s after relax_locality end_turn_early bench reserve hard_cap: standing_excludes, right_unproven",
    );
    check(
        "",
        "312 verizon",
        "hold capacity no_number 900s after relax_locality end_turn_early bench reserve hard_cap: ",
    );
}

#[test]
fn standing_on_the_carrier_of_the_callee_comes_first() {
    check("A212 | B312 verizon=unknown", "312 verizon", "A: chosen, better_standing_first");
    check("A312 verizon=mixed_low | B212 verizon=unknown", "312 verizon", "B: better_standing_first, chosen");
    check("A312 verizon=mixed_high | B212 verizon=mixed_low", "312 verizon", "B: better_standing_first, chosen");
    // Mixed never excludes.
    check("A312 verizon=mixed_high", "312 verizon", "A: chosen");
    // Carrier unknown: three in ten callees would see the flag, one in a hundred would not matter.
    check("A312 tmobile=flagged | B312 today=9", "312 ?", "B: unknown_carrier_risk, chosen");
    check("A312 uscellular=flagged | B312 today=9", "312 ?", "A: chosen, less_loaded_first");
    check("A312 uscellular=flagged cspire=flagged | B312 today=9", "312 ? risk=15", "B: unknown_carrier_risk, chosen");
    // ... and the same weighing ranks those that may be shown.
    check("A312 att=mixed_low | B312 today=9", "312 ?", "B: better_standing_first, chosen");
    check("A312 cspire=mixed_high | B312 today=9", "312 ?", "A: chosen, less_loaded_first");
}

#[test]
fn nearness_then_turn_then_load() {
    check("A212 | B312 today=9", "312 verizon", "B: nearer_first, chosen");
    check("A312 | B312 today=9", "312 verizon turn=B:2", "B: out_of_turn, chosen continues");
    check("A312 | B312 today=9", "312 verizon turn=B:0", "A: chosen, out_of_turn");
    // A turn ends when its number stops passing.
    check("A312 | B312 today=9 minute=3", "312 verizon turn=B:2", "A: chosen, per_minute");
    // No number is local: one turn for the whole country.
    check("A212 | B212 today=9", "305 verizon turn=B:2", "B: out_of_turn, chosen continues");
    // The gap holds for beginning a turn, not for going on with one.
    check("A312 gap=119 | B312 today=9", "312 verizon", "B: turn_gap, chosen");
    check("A312 gap=120 | B312 today=9", "312 verizon", "A: chosen, less_loaded_first");
    check("A312 gap=5 | B312", "312 verizon turn=A:1", "A: chosen continues, out_of_turn");
    // Half a share is used up twice as fast.
    check("A312 life=at_risk today=6 | B312 today=9", "312 verizon", "B: less_loaded_first, chosen");
    check("A312 life=at_risk | B312", "312 verizon", "B: healthier_first, chosen");
}

#[test]
fn caps() {
    check("A312 today=59 | B312 today=60", "312 verizon", "A: chosen, per_day");
    check("A312 hour=12 | B312 today=30", "312 verizon", "B: per_hour, chosen");
    check("A312 minute=3 | B312 today=30", "312 verizon", "B: per_minute, chosen");
    check("A312 life=at_risk today=30 | B312 today=50", "312 verizon", "B: per_day, chosen");
    check("A312 half minute=2 | B312 today=50", "312 verizon", "B: per_minute, chosen");
    // Ten calls a day in the first stage of the warm-up, twenty in the second, none of its own when it is over.
    check("A312 ramp=1 today=10 | B312 today=50", "312 verizon", "B: warm_up, chosen");
    check("A312 ramp=4 today=10 | B312 today=55", "312 verizon", "A: chosen, less_loaded_first");
    check("A312 ramp=14 today=50 | B312 today=55", "312 verizon", "A: chosen, less_loaded_first");
}

#[test]
fn a_callee_sees_the_same_number_again() {
    check("A312 | B312 today=30", "312 verizon seen=B", "B sticky: sticky_first, chosen");
    // For its sake neither nearness nor turn nor gap matter; caps, standing and right do.
    check("A312 | B212 gap=5", "312 verizon seen=B turn=A:3 local", "B sticky: sticky_first, chosen");
    check("A312 | B312 verizon=flagged", "312 verizon seen=B", "A: chosen, standing_excludes");
    check("A312 | B312 minute=3", "312 verizon seen=B", "A: chosen, per_minute");
    check("A312 | bench: B312", "312 verizon seen=B", "B sticky from bench: sticky_first, chosen");
    check("A312", "312 verizon seen=B", "A: chosen");
    // One change in thirty days; after it the callee waits for its number.
    check("A312 | B312 today=30", "312 verizon seen=B changed", "B sticky: sticky_first, chosen");
    check(
        "A312 | B312 minute=3",
        "312 verizon seen=B changed",
        "hold time change_spent 60s after hard_cap: sticky_first, per_minute",
    );
    check("A312 | B312 today=60", "312 verizon seen=B changed", "B by hard_cap sticky: sticky_first, chosen");
    check("A312", "312 verizon seen=B changed", "hold time change_spent 2505600s after hard_cap: sticky_first");
    check("A312", "312 verizon seen=B changed ladder=", "hold time change_spent 2505600s: sticky_first");
    check(
        "A312 | B312",
        "312 verizon seen=B changed attempts=3",
        "hold callee_law attempts_spent 82801s: callee_held, callee_held",
    );
}

#[test]
fn the_law_of_the_callee_is_never_relaxed() {
    check("A312", "312 verizon attempts=2", "A last: chosen");
    check("A312", "312 verizon attempts=3", "hold callee_law attempts_spent 82801s: callee_held");
    check("A312", "312 verizon suppressed", "hold callee_law suppressed 31536000s: callee_held");
    assert_eq!(RETRY_NEVER.as_secs(), 31_536_000);
}

#[test]
fn the_ladder() {
    check("A212 | B305 today=9", "312 verizon local", "A by relax_locality: chosen, less_loaded_first");
    check("A312 gap=5", "312 verizon", "A by end_turn_early: chosen");
    check("A312 minute=3 | bench: B212", "312 verizon", "B by bench from bench: per_minute, chosen");
    check("A312 minute=3 | bench: B212 | reserve: C312", "312 verizon", "B by bench from bench: per_minute, chosen");
    check("A312 minute=3 | reserve: C312", "312 verizon", "C by reserve from reserve: per_minute, chosen");
    check(
        "A312 minute=3 | reserve: C312 today=10",
        "312 verizon",
        "hold capacity caps_reached 60s after relax_locality end_turn_early bench reserve hard_cap: per_minute, warm_up",
    );
    check(
        "A312 minute=3 | reserve: C312 life=active",
        "312 verizon ladder=reserve",
        "hold capacity caps_reached 60s after reserve: per_minute, not_shown_active",
    );
    check("A312 today=60", "312 verizon", "A by hard_cap: chosen");
    check("A312 today=60 | bench: B312", "312 verizon", "B by bench from bench: per_day, chosen");
    // In the policy's own order.
    check("A312 today=60 | bench: B312", "312 verizon ladder=hard_cap,bench", "A by hard_cap: chosen");
    check(
        "A312 gap=5 | bench: B312",
        "312 verizon ladder=bench,end_turn_early",
        "B by bench from bench: turn_gap, chosen",
    );
    // What is not on the ladder is not done.
    check("A212", "312 verizon local ladder=bench", "hold capacity no_local_number 900s after bench: not_local");
    check("A312 gap=5", "312 verizon ladder=hard_cap", "hold time turn_gap 115s after hard_cap: turn_gap");
    // The hard cap lifts the soft cap of the day alone.
    check(
        "A312 ramp=1 today=10",
        "312 verizon ladder=hard_cap",
        "hold capacity caps_reached 64800s after hard_cap: warm_up",
    );
    check("A312 today=75", "312 verizon ladder=hard_cap", "hold capacity caps_reached 64800s after hard_cap: per_day");
    // The hold ends with the first cap that frees.
    check(
        "A312 today=75 | B312 hour=12",
        "312 verizon ladder=hard_cap",
        "hold capacity caps_reached 2100s after hard_cap: per_day, per_hour",
    );
}

#[test]
fn equals_are_drawn_and_no_number_is_preferred_because_it_is_a_neighbours() {
    // A shares area code and exchange with the callee, B the area code alone.
    let shown_of_a = |rule: Strictness| {
        let drawn = (0..1000).filter(|tie_break| {
            let mut world = World::read("A312 | B312", "312 verizon");
            world.policy.own_exchange = rule;
            world.ask.callee = E164::parse("+13125550199").unwrap();
            world.pool.0[1].number = E164::parse("+13127770166").unwrap();
            world.ask.tie_break = *tie_break;
            let Decision::Use { number, .. } = world.answer().decision else { panic!("two numbers are free") };
            number == world.pool.0[0].number
        });
        drawn.count()
    };
    let even = shown_of_a(Strictness::Off);
    assert!(even.abs_diff(500) < 60, "one of them is preferred: {even} of 1000");
    assert_eq!(shown_of_a(Strictness::Soft), 0, "the other one is free");
    assert_eq!(shown_of_a(Strictness::Hard), 0);
    let alone = |rule: Strictness| {
        let mut world = World::read("A312", "312 verizon");
        world.policy.own_exchange = rule;
        world.ask.callee = E164::parse("+13125550199").unwrap();
        world.answer().decision
    };
    assert!(matches!(alone(Strictness::Soft), Decision::Use { .. }), "nothing else can be shown");
    assert!(matches!(alone(Strictness::Hard), Decision::Hold { reason: HoldReason::NoNumber, .. }));
}

#[test]
fn a_receipt_keeps_the_whole_pool_and_a_bounded_part_of_the_rest() {
    let mut world = World::read("A312 minute=3 | bench: B312 today=60", "312 verizon");
    let spent = (world.bench.0[0].clone(), world.bench.1[0].clone());
    for i in 0..200 {
        let mut candidate = spent.0.clone();
        candidate.number = E164::from_digits(13_125_551_000 + i).unwrap();
        world.bench.0.push(candidate);
        world.bench.1.push(if i == 150 { Usage::default() } else { spent.1.clone() });
    }
    let answer = world.answer();
    assert_eq!(answer.considered.len(), 1 + CONSIDERED_MAX + 1);
    let chosen: Vec<_> = answer.considered.iter().filter(|(_, code)| *code == Passed::Chosen).collect();
    assert_eq!(chosen.len(), 1);
    assert_eq!(chosen[0].0.digits(), 13_125_551_150);
    let receipt = answer.receipt(7);
    assert_eq!((receipt.policy_revision, receipt.rungs), (7, answer.rungs.clone()));
}

#[test]
fn what_the_counts_say_when_the_clock_is_set_back() {
    let policy = Policy::default();
    let mut usage = Usage::default();
    for _ in 0..3 {
        usage.record(Shown::at(NOW), &policy);
    }
    for back in [1, 30, 600, 7200, 3 * DAY, 400 * DAY] {
        let mut usage = usage.clone();
        let counts = |usage: &Usage| {
            let now = ago(back);
            (usage.in_minute(now), usage.in_hour(now), usage.today(now, &policy))
        };
        assert_eq!(counts(&usage), (3, 3, 3), "forgotten {back} s earlier");
        usage.record(Shown::at(ago(back)), &policy);
        assert_eq!(counts(&usage), (4, 4, 4), "forgotten by a call {back} s earlier");
        // A clock that was far ahead does not keep the number from being shown for as long.
        let later = Moment(ago(back).0 + 2 * DAY * 1000);
        if back >= 3 * DAY {
            assert_eq!((usage.in_minute(later), usage.in_hour(later), usage.today(later, &policy)), (0, 0, 0));
        }
    }
}

#[test]
fn a_policy_that_cuts_the_day_elsewhere_forgets_no_call() {
    let policy = Policy::default();
    let mut usage = Usage::default();
    usage.charge(NOW, 60, false, &policy);
    let other = Policy { day_starts_at: policy.day_starts_at + Duration::from_secs(7 * 3600), ..policy.clone() };
    let later = Moment(NOW.0 + 2 * 3600 * 1000);
    assert_eq!(usage.today(later, &other), 60);
    let frees_at = usage.all().day_frees_at(later, 60, &other).unwrap();
    assert_eq!(usage.today(frees_at, &other), 0);
    usage.record(Shown::at(later), &other);
    assert_eq!(usage.today(later, &other), 61);
}

#[test]
fn a_charge_beyond_every_figure_still_holds() {
    let policy = Policy { per_minute: u32::MAX, per_hour: u32::MAX, ..Policy::default() };
    let mut world = World::read("A312", "312 verizon");
    world.policy = Policy { per_day_soft: u32::MAX, per_day_hard: u32::MAX, ..policy.clone() };
    world.pool.1[0].charge(NOW, u32::MAX, false, &policy);
    world.pool.1[0].charge(NOW, u32::MAX, false, &policy);
    assert!(matches!(world.answer().decision, Decision::Hold { reason: HoldReason::CapsReached, .. }));
}

// ── The world of one case ────────────────────────────────────────────────────────────────────────────────────────────

type Kept = (Vec<Candidate>, Vec<Usage>);

struct World {
    names: Vec<(char, E164)>,
    pool: Kept,
    bench: Kept,
    reserve: Kept,
    ask: Ask,
    owner: OwnerUsage,
    callee: CalleeRecord,
    policy: Policy,
    /// What a ranker answered.
    order: Vec<E164>,
}

impl World {
    fn read(numbers: &str, call: &str) -> World {
        let mut words = call.split_whitespace();
        let area_code = words.next().expect("the call begins with an area code");
        let carrier = words.next().expect("then comes a carrier or a question mark");
        let mut world = World {
            names: Vec::new(),
            pool: Kept::default(),
            bench: Kept::default(),
            reserve: Kept::default(),
            ask: Ask {
                state: None,
                zip: None,
                owner: OwnerId::User("anna".into()),
                campaign: None,
                callee: E164::parse(&format!("+1{area_code}2220100")).unwrap(),
                carrier: Carrier::parse(carrier),
                at: NOW,
                tie_break: 1,
            },
            owner: OwnerUsage::default(),
            callee: CalleeRecord::default(),
            // Hours are what `the_law_of_where_the_callee_is` is about.
            policy: Policy {
                turn_jitter: 0,
                calling_hours: Hours::ALWAYS,
                exemptions: vec![exempt()],
                ..Policy::default()
            },
            order: Vec::new(),
        };
        assert_eq!(carrier == "?", world.ask.carrier.is_none(), "there is no carrier {carrier}");
        for number in numbers.split('|').map(str::trim).filter(|number| !number.is_empty()) {
            world.read_number(number);
        }
        for word in words {
            world.read_call(word, area_code);
        }
        world
    }

    fn read_number(&mut self, text: &str) {
        let (from, text) = match text.split_once(": ") {
            Some(("bench", text)) => (From::Bench, text),
            Some(("reserve", text)) => (From::Reserve, text),
            Some((other, _)) => panic!("numbers are kept in no {other}"),
            None => (From::Pool, text),
        };
        let mut words = text.split_whitespace();
        let name = words.next().unwrap();
        let letter = name.chars().next().unwrap();
        let life = if from == From::Reserve { Life::Ready } else { Life::Active };
        let mut candidate = Candidate::good(number(letter, &name[1..]), life);
        let mut usage = Usage::default();
        for word in words {
            let (key, value) = word.split_once('=').unwrap_or((word, ""));
            let figure = || value.parse::<u32>().unwrap_or_else(|_| panic!("{word} needs a figure"));
            match key {
                "today" => usage.charge(ago(5 * 3600), figure(), false, &self.policy),
                "hour" => usage.charge(ago(1800), figure(), false, &self.policy),
                "minute" => usage.charge(ago(5), figure(), false, &self.policy),
                "gap" => usage.note_turn(ago(u64::from(figure()))),
                "ramp" => candidate.ramp_since = Some(ago(u64::from(figure()) * DAY)),
                "unproven" => candidate.proven = false,
                "half" => candidate.half_share = true,
                "rests" => candidate.excluded = candidate.excluded.with(Carrier::parse(value).unwrap()),
                "life" => {
                    candidate.life = [
                        Life::Quarantined,
                        Life::Ready,
                        Life::Active,
                        Life::AtRisk,
                        Life::Remediating,
                        Life::Resting,
                        Life::Retired,
                    ]
                    .into_iter()
                    .find(|life| life.word() == value)
                    .unwrap()
                }
                carrier => {
                    let carrier = Carrier::parse(carrier).unwrap_or_else(|| panic!("nobody reads {word}"));
                    candidate.status[carrier.index()] = STATUSES.into_iter().find(|s| s.word() == value).unwrap();
                }
            }
        }
        self.names.push((letter, candidate.number));
        let kept = match from {
            From::Pool => &mut self.pool,
            From::Bench => &mut self.bench,
            From::Reserve => &mut self.reserve,
        };
        kept.0.push(candidate);
        kept.1.push(usage);
    }

    fn read_call(&mut self, word: &str, area_code: &str) {
        let (key, value) = word.split_once('=').unwrap_or((word, ""));
        match key {
            "seen" => {
                let known = self.names.iter().find(|(letter, _)| value.starts_with(*letter)).map(|(_, number)| *number);
                self.callee.sticky = Some((known.unwrap_or_else(|| number('Z', area_code)), ago(DAY)));
            }
            "changed" => self.callee.changed = Some(Change { at: ago(DAY), before_at: ago(2 * DAY) }),
            "attempts" => (0..value.parse().unwrap()).for_each(|_| self.callee.record_attempt(Moment(ago(3600).0 + 1))),
            "suppressed" => self.callee.suppressed = Some(ago(DAY)),
            "turn" => {
                let (letter, left) = value.split_once(':').unwrap();
                let number = self.named(letter.chars().next().unwrap());
                let turn = Turn { number, left: left.parse().unwrap(), until: None };
                let local = self.pool.0.iter().any(|c| c.number.area_code() == self.ask.callee.area_code());
                self.owner.turns.insert(if local { area_code.parse().unwrap() } else { 0 }, turn);
            }
            "order" => self.order = value.chars().map(|letter| self.named(letter)).collect(),
            "local" => self.policy.locality = Strictness::Hard,
            "risk" => self.policy.unknown_carrier_excluded_permille = value.parse().unwrap(),
            "ladder" => {
                self.policy.ladder = value
                    .split(',')
                    .filter(|name| !name.is_empty())
                    .map(|name| LADDER.into_iter().find(|rung| rung_word(*rung) == name).unwrap())
                    .collect();
            }
            _ => panic!("nobody reads {word}"),
        }
    }

    fn named(&self, letter: char) -> E164 {
        self.names.iter().find(|(name, _)| *name == letter).unwrap().1
    }

    fn question(&self) -> Question<'_> {
        Question {
            ask: &self.ask,
            pool: Pool { candidates: &self.pool.0, usage: &self.pool.1 },
            bench: Pool { candidates: &self.bench.0, usage: &self.bench.1 },
            reserve: Pool { candidates: &self.reserve.0, usage: &self.reserve.1 },
            owner: &self.owner,
            callee: Some(&self.callee),
            listed: Listed::NOWHERE,
            policy: &self.policy,
            order: &self.order,
        }
    }

    fn answer(&self) -> Answer {
        choose(&self.question())
    }

    fn answer_in_words(&self) -> String {
        let answer = self.answer();
        let mut words = match answer.decision {
            Decision::Use { number, rung, sticky, attempts_left } => {
                let name = self.names.iter().find(|(_, known)| *known == number).unwrap().0;
                let mut words = name.to_string();
                if let Some(rung) = rung {
                    assert_eq!(answer.rungs.last(), Some(&rung));
                    words += &format!(" by {}", rung_word(rung));
                }
                words += if sticky { " sticky" } else { "" };
                words += match answer.from {
                    From::Pool => "",
                    From::Bench => " from bench",
                    From::Reserve => " from reserve",
                };
                words + if attempts_left == 0 { " last" } else { "" }
            }
            Decision::Hold { class, reason, retry_after } => {
                let mut words = format!("hold {} {} {}s", class.word(), reason.word(), retry_after.as_secs());
                if !answer.rungs.is_empty() {
                    let rungs: Vec<_> = answer.rungs.iter().map(|rung| rung_word(*rung)).collect();
                    words += &format!(" after {}", rungs.join(" "));
                }
                words
            }
        };
        let codes: Vec<String> = self
            .names
            .iter()
            .filter_map(|(_, number)| answer.considered.iter().find(|(considered, _)| considered == number))
            .map(|(_, code)| match (code, answer.turn) {
                (Passed::Chosen, TurnChange::Continue) => "chosen continues".to_string(),
                _ => code.word().to_string(),
            })
            .collect();
        words += ": ";
        words + &codes.join(", ")
    }
}

const STATUSES: [Status; 6] =
    [Status::Unflagged, Status::Unknown, Status::MixedLow, Status::MixedHigh, Status::Flagged, Status::Blocked];

const LADDER: [Rung; 5] = [Rung::RelaxLocality, Rung::EndTurnEarly, Rung::Bench, Rung::Reserve, Rung::HardCap];

fn rung_word(rung: Rung) -> &'static str {
    match rung {
        Rung::RelaxLocality => "relax_locality",
        Rung::EndTurnEarly => "end_turn_early",
        Rung::Bench => "bench",
        Rung::Reserve => "reserve",
        Rung::HardCap => "hard_cap",
    }
}

fn number(letter: char, area_code: &str) -> E164 {
    E164::parse(&format!("+1{area_code}55501{}", letter as u32)).unwrap()
}

fn exempt() -> Exemption {
    Exemption { rule: JURISDICTIONS.into(), because: "a test".into(), by: "nobody".into() }
}

/// A call at this UTC time of a Wednesday in August, under this policy: `used`, or why not and after how many minutes.
#[track_caller]
fn check_hour(time: &str, area_code: u16, address: (Option<&str>, Option<&str>), policy: &Policy, expected: &str) {
    let mut world = World::read("A312", &format!("{area_code} verizon"));
    let (hour, minute) = time.split_once(':').expect("a time");
    let (hour, minute): (u64, u64) = (hour.parse().expect("hours"), minute.parse().expect("minutes"));
    // 2026-08-19.
    world.ask.at = Moment::from_seconds(20_684 * DAY + hour * 3600 + minute * 60);
    world.ask.state = address.0.map(|state| Region::parse(state).expect("a state"));
    world.ask.zip = address.1.map(|zip| Zip::parse(zip).expect("a ZIP code"));
    world.policy = policy.clone();
    let said = match choose(&world.question()).decision {
        Decision::Use { .. } => "used".to_owned(),
        Decision::Hold { reason, retry_after, class } => {
            format!("{} {} {}m", class.word(), reason.word(), retry_after.as_secs() / 60)
        }
    };
    assert_eq!(said, expected, "{time} UTC, {area_code} {address:?}");
}

#[test]
fn the_law_of_where_the_callee_is() {
    let law = Policy::default();
    let nobody = (None, None);
    check_hour("13:00", 212, nobody, &law, "used");
    check_hour("11:59", 212, nobody, &law, "callee_law outside_legal_hours 1m");
    check_hour("01:00", 212, nobody, &law, "callee_law outside_legal_hours 660m");
    // New York may be called until 21, Florida until 20.
    check_hour("00:30", 212, nobody, &law, "used");
    check_hour("00:30", 305, nobody, &law, "callee_law outside_legal_hours 690m");
    // Somebody in Miami has kept a number of Chicago: both clocks count, and both laws.
    check_hour("00:30", 312, nobody, &law, "used");
    check_hour("00:30", 312, (Some("FL"), None), &law, "callee_law outside_legal_hours 750m");
    check_hour("00:30", 312, (None, Some("33101")), &law, "callee_law outside_legal_hours 750m");
    // The policy's own hours only take away.
    let late = Policy { calling_hours: Hours::parse("daily 10:00-23:00").expect("hours"), ..Policy::default() };
    check_hour("13:30", 212, nobody, &late, "callee_law outside_policy_hours 30m");
    check_hour("01:30", 212, nobody, &late, "callee_law outside_legal_hours 750m");
    let exempt = Policy { exemptions: vec![exempt()], ..late };
    check_hour("01:30", 212, nobody, &exempt, "used");
}

#[test]
fn the_law_counts_attempts_where_the_callee_is() {
    let mut world = World::read("A312", "305 verizon");
    world.policy = Policy { attempts_per_24h: 5, ..Policy::default() };
    for ago_s in [900, 600, 300] {
        world.callee.record_attempt(ago(ago_s));
    }
    let reason = |world: &World| match choose(&world.question()).decision {
        Decision::Use { attempts_left, .. } => Err(attempts_left),
        Decision::Hold { reason, .. } => Ok(reason),
    };
    assert_eq!(reason(&world), Ok(HoldReason::AttemptsSpent), "Florida allows three");
    world.policy.exemptions = vec![exempt()];
    assert_eq!(reason(&world), Err(1), "the policy itself allows five");
}
