//! The rules of a decision held against chance: random pools, policies and afternoons, and after each call every rule.
//!
//! What is true is counted here once more, plainly and exactly, beside the counts that the crate keeps.

use numbers::choose::{Candidate, From, Pool, Question, RETRY_NEVER, choose, permitted, record};
use numbers::policy::JURISDICTIONS;
use numbers::{
    Answer, Ask, CalleeRecord, Carrier, Carriers, Decision, E164, Exemption, HoldReason, Hours, Life, Listed, Moment,
    OwnerId, Passed, Policy, Rung, Status, TurnChange, Turns, Usage,
};
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::time::Duration;

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3600);
const DAY: Duration = Duration::from_secs(24 * 3600);
const NOW: Moment = Moment::from_seconds(20_500 * 24 * 3600 + 15 * 3600);
const CALLEES: [u64; 5] = [13_122_220_100, 13_122_220_101, 12_122_220_100, 13_052_220_100, 442_079_460_000];
const AREA_CODES: [u64; 4] = [312, 212, 305, 773];

#[derive(Clone, Debug)]
enum Step {
    Ask {
        callee: usize,
        carrier: Option<Carrier>,
        tie_break: u64,
        /// What a ranker says, which may be anything.
        order: Vec<prop::sample::Index>,
    },
    /// The call of an earlier decision was never placed.
    GiveBack(prop::sample::Index),
    /// An unclean stop: so many calls may have been made with this number.
    Charge(prop::sample::Index, u32),
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, ..ProptestConfig::default() })]

    #[test]
    fn every_rule_holds_after_every_call(
        policy in policy(),
        numbers in prop::collection::vec((0..6usize, candidate()), 1..10),
        steps in prop::collection::vec((pause(), step()), 1..120),
    ) {
        let mut world = World::new(policy, numbers);
        for (pause, step) in steps {
            world.now = world.now.plus(pause);
            world.take(step)?;
        }
    }
}

fn policy() -> impl Strategy<Value = Policy> {
    let caps = (0..5u32, 1..9u32, 1..14u32, 0..5u32);
    let turns = (0..5u32, 0..4u32, 0..180u64);
    let callee = (3600..40 * 24 * 3600u64, 0..7u32, 1..40u32);
    let rungs = [Rung::RelaxLocality, Rung::EndTurnEarly, Rung::Bench, Rung::Reserve, Rung::HardCap];
    let ladder = (Just(rungs.to_vec()).prop_shuffle(), 0..6usize);
    // Half of them call at any hour, so that caps and turns are met often enough.
    let hours = prop::option::weighted(0.5, prop::sample::select(vec!["daily 8:00-21:00", "daily 10:00-12:00"]));
    (caps, turns, callee, ladder, any::<bool>(), 0..400u32, hours).prop_map(
        |(caps, turns, callee, (mut ladder, rungs), locality_required, risk, hours)| {
            ladder.truncate(rungs);
            Policy {
                per_minute: caps.0,
                per_hour: caps.1,
                per_day_soft: caps.2,
                per_day_hard: caps.2 + caps.3,
                turn_calls: turns.0,
                turn_jitter: turns.1,
                turn_gap: Duration::from_secs(turns.2),
                sticky_for: Duration::from_secs(callee.0),
                attempts_per_24h: callee.1,
                attempts_per_30d: callee.2,
                ramp_per_day: vec![2, 4, 6],
                ladder,
                locality_required,
                unknown_carrier_excluded_permille: risk,
                calling_hours: hours.map_or(Hours::ALWAYS, |hours| Hours::parse(hours).expect("hours")),
                exemptions: if hours.is_some() { Vec::new() } else { vec![exempt_from_laws()] },
                ..Policy::default()
            }
        },
    )
}

fn exempt_from_laws() -> Exemption {
    Exemption { rule: JURISDICTIONS.into(), because: "a test".into(), by: "nobody".into() }
}

/// Whether the callees of these tests may be called at this hour, said in a plainer way than the law is looked up: by the
/// wall clocks of Chicago, New York (twice) and, for a number abroad, the whole continent.
fn is_day(ask: &Ask, policy: &Policy) -> bool {
    let zones: &[&str] = match ask.callee.area_code() {
        Some(312) => &["America/Chicago"],
        Some(_) => &["America/New_York"],
        None => &["America/New_York", "America/Chicago", "America/Denver", "America/Phoenix", "America/Los_Angeles"],
    };
    zones.iter().all(|zone| {
        let local = numbers::zone::local(zone, ask.at).expect("a zone");
        // Florida ends an hour earlier than the rest.
        let closes = if ask.callee.area_code() == Some(305) { 20 * 60 } else { 21 * 60 };
        let legal = !policy.is_bound() || (8 * 60..closes).contains(&local.minute);
        legal && policy.calling_hours.contains(local.weekday, local.minute)
    })
}

fn candidate() -> impl Strategy<Value = Candidate> {
    use Status::{Blocked, Flagged, MixedHigh, MixedLow, Unflagged, Unknown};
    let life = prop_oneof![
        6 => Just(Life::Active),
        1 => Just(Life::AtRisk),
        1 => Just(Life::Remediating),
        2 => Just(Life::Ready),
        1 => Just(Life::Resting),
        1 => Just(Life::Quarantined),
    ];
    let status =
        prop::sample::select(vec![Unflagged, Unflagged, Unflagged, Unknown, MixedLow, MixedHigh, Flagged, Blocked]);
    let area_code = prop::sample::select(AREA_CODES.to_vec());
    let rests = prop::option::weighted(0.2, carrier());
    let ramp = prop::option::weighted(0.2, 0..20u64);
    (area_code, life, prop::bool::weighted(0.9), prop::array::uniform8(status), rests, prop::bool::weighted(0.2), ramp)
        .prop_map(|(area_code, life, proven, status, rests, half_share, ramp)| Candidate {
            // The line is filled in when the place in the world is known.
            number: e164(10_000_000_000 + area_code * 10_000_000 + 5_550_000),
            life,
            proven,
            known: true,
            status,
            excluded: rests.into_iter().collect::<Carriers>(),
            half_share,
            ramp_since: ramp.map(|days| Moment(NOW.0 - days * DAY.as_millis() as u64)),
        })
}

fn carrier() -> impl Strategy<Value = Carrier> {
    prop::sample::select(Carrier::ALL.to_vec())
}

/// Mostly a busy dialer, with breaks that let the windows slide.
fn pause() -> impl Strategy<Value = Duration> {
    prop_oneof![6 => 0..15_000u64, 2 => 0..200_000u64, 1 => 0..4_000_000u64, 1 => 0..100_000_000u64]
        .prop_map(Duration::from_millis)
}

fn step() -> impl Strategy<Value = Step> {
    let order = prop_oneof![Just(Vec::new()), prop::collection::vec(any::<prop::sample::Index>(), 1..6)];
    let ask = (0..CALLEES.len(), prop::option::weighted(0.8, carrier()), any::<u64>(), order);
    prop_oneof![
        12 => ask.prop_map(|(callee, carrier, tie_break, order)| Step::Ask { callee, carrier, tie_break, order }),
        2 => any::<prop::sample::Index>().prop_map(Step::GiveBack),
        1 => (any::<prop::sample::Index>(), 0..5u32).prop_map(|(number, calls)| Step::Charge(number, calls)),
    ]
}

#[derive(Clone, Default)]
struct Kept {
    candidates: Vec<Candidate>,
    usage: Vec<Usage>,
}

impl Kept {
    fn pool(&self) -> Pool<'_> {
        Pool { candidates: &self.candidates, usage: &self.usage }
    }

    fn reversed(&self) -> Kept {
        let mut kept = self.clone();
        kept.candidates.reverse();
        kept.usage.reverse();
        kept
    }
}

/// The state as the daemon holds it, and beside it what truly happened.
struct World {
    policy: Policy,
    now: Moment,
    /// Pool, bench, reserve.
    kept: [Kept; 3],
    turns: Turns,
    callees: Vec<CalleeRecord>,
    /// Every call that counts for a cap: the number and when.
    calls: Vec<(E164, Moment)>,
    /// Every attempt that counts: the callee, the number it saw, when.
    attempts: Vec<(usize, E164, Moment)>,
    /// Decisions whose call may yet turn out not to have been placed.
    open: Vec<(usize, E164, Moment)>,
    /// When each callee saw which number, whether or not the call was placed.
    seen: Vec<(usize, E164, Moment)>,
    /// The last call within a turn, by number; and the turn of each bucket with the calls that remain.
    turn_calls: BTreeMap<E164, Moment>,
    turn_of: BTreeMap<u16, (E164, u32)>,
    /// What a ranker answers to the next ask: nothing, or any numbers in any order.
    order: Vec<E164>,
}

impl World {
    fn new(policy: Policy, numbers: Vec<(usize, Candidate)>) -> World {
        let mut kept: [Kept; 3] = Default::default();
        for (line, (place, mut candidate)) in numbers.into_iter().enumerate() {
            candidate.number = e164(candidate.number.digits() + 100 + line as u64);
            // Most are in the pool; the others lie on the bench and in the reserve.
            let kept = &mut kept[place.saturating_sub(3)];
            kept.candidates.push(candidate);
            kept.usage.push(Usage::default());
        }
        World {
            policy,
            now: NOW,
            kept,
            turns: Turns::new(),
            callees: vec![CalleeRecord::default(); CALLEES.len()],
            calls: Vec::new(),
            attempts: Vec::new(),
            open: Vec::new(),
            seen: Vec::new(),
            turn_calls: BTreeMap::new(),
            turn_of: BTreeMap::new(),
            order: Vec::new(),
        }
    }

    fn take(&mut self, step: Step) -> Result<(), TestCaseError> {
        match step {
            Step::Ask { callee, carrier, tie_break, order } => {
                let ask = Ask {
                    state: None,
                    zip: None,
                    owner: OwnerId::Campaign("spring".into()),
                    campaign: None,
                    callee: e164(CALLEES[callee]),
                    carrier,
                    at: self.now,
                    tie_break,
                };
                let known: Vec<E164> = self.kept.iter().flat_map(|k| &k.candidates).map(|c| c.number).collect();
                self.order = order.into_iter().map(|which| known[which.index(known.len())]).collect();
                self.ask(callee, &ask)?;
            }
            Step::GiveBack(which) if !self.open.is_empty() => {
                let decision = self.open.remove(which.index(self.open.len()));
                let (callee, number, at) = decision;
                self.usage_of(number).give_back(at);
                self.callees[callee].give_back_attempt(at);
                let call = self.calls.iter().position(|call| *call == (number, at)).expect("it was counted");
                self.calls.remove(call);
                let attempt = self.attempts.iter().position(|attempt| *attempt == decision).expect("it was counted");
                self.attempts.remove(attempt);
            }
            Step::GiveBack(_) => {}
            Step::Charge(which, calls) => {
                let numbers: Vec<E164> = self.kept.iter().flat_map(|k| &k.candidates).map(|c| c.number).collect();
                let number = numbers[which.index(numbers.len())];
                let (now, policy) = (self.now, self.policy.clone());
                self.usage_of(number).charge(now, calls, &policy);
                self.calls.extend((0..calls).map(|_| (number, now)));
            }
        }
        Ok(())
    }

    fn ask(&mut self, callee: usize, ask: &Ask) -> Result<(), TestCaseError> {
        let answer = self.answer(callee, ask);
        prop_assert_eq!(&answer, &self.answer(callee, ask), "the same question, another answer");
        let turned_round = {
            let [pool, bench, reserve] = self.kept.each_ref().map(Kept::reversed);
            let question = Question {
                pool: pool.pool(),
                bench: bench.pool(),
                reserve: reserve.pool(),
                ..self.question(callee, ask)
            };
            choose(&question)
        };
        prop_assert_eq!(&answer.decision, &turned_round.decision, "the order of the candidates decided");
        prop_assert_eq!(answer.turn, turned_round.turn);
        self.codes_are_complete(&answer)?;
        self.ranker_is_heard(callee, ask, &answer)?;
        match answer.decision {
            Decision::Use { number, rung, sticky, attempts_left } => {
                prop_assert_eq!(answer.rungs.last().copied(), rung);
                self.may_be_shown(ask, &answer, number)?;
                self.no_cap_is_exceeded(ask, &answer, number)?;
                self.callee_is_respected(callee, ask, number, sticky, attempts_left)?;
                self.turn_is_in_bounds(ask, &answer, number)?;
                self.apply(callee, ask, &answer, number);
            }
            Decision::Hold { reason, retry_after, .. } => {
                self.hold_is_honest(callee, ask, &answer, reason, retry_after)?
            }
        }
        Ok(())
    }

    fn codes_are_complete(&self, answer: &Answer) -> Result<(), TestCaseError> {
        let chosen: Vec<E164> =
            answer.considered.iter().filter(|(_, code)| *code == Passed::Chosen).map(|(number, _)| *number).collect();
        match answer.decision {
            Decision::Use { number, .. } => prop_assert_eq!(chosen, vec![number]),
            Decision::Hold { .. } => prop_assert!(chosen.is_empty(), "a hold shows nothing"),
        }
        for candidate in &self.kept[0].candidates {
            let codes = answer.considered.iter().filter(|(number, _)| *number == candidate.number).count();
            prop_assert_eq!(codes, 1, "{} has {} codes", candidate.number, codes);
        }
        Ok(())
    }

    /// Of what was permitted, the first that the ranker named is shown, and nothing else.
    fn ranker_is_heard(&self, callee: usize, ask: &Ask, answer: &Answer) -> Result<(), TestCaseError> {
        let open: Vec<E164> = permitted(&self.question(callee, ask)).iter().map(|open| open.number).collect();
        if let Decision::Use { number, .. } = answer.decision
            && !open.is_empty()
        {
            let named = self.order.iter().find(|number| open.contains(number));
            prop_assert_eq!(Some(&number), named.or(open.first()), "{:?} are permitted", open);
        }
        if matches!(answer.decision, Decision::Hold { .. }) {
            prop_assert_eq!(open, Vec::new(), "held, although these are permitted");
        }
        Ok(())
    }

    fn may_be_shown(&self, ask: &Ask, answer: &Answer, number: E164) -> Result<(), TestCaseError> {
        let candidate = self.candidate(number).0;
        prop_assert!(candidate.proven);
        let excluded = |carrier: Carrier| {
            candidate.excluded.contains(carrier) || candidate.status[carrier.index()] >= Status::Flagged
        };
        match ask.carrier {
            Some(carrier) => prop_assert!(!excluded(carrier), "shown where it is flagged"),
            None => {
                let share: u32 = Carrier::ALL.into_iter().filter(|c| excluded(*c)).map(Carrier::share_permille).sum();
                prop_assert!(share <= self.policy.unknown_carrier_excluded_permille);
            }
        }
        match answer.from {
            From::Pool | From::Bench => {
                prop_assert!(matches!(candidate.life, Life::Active | Life::AtRisk | Life::Remediating));
            }
            From::Reserve => {
                prop_assert_eq!(candidate.life, Life::Ready);
                prop_assert!(answer.rungs.contains(&Rung::Reserve));
            }
        }
        Ok(())
    }

    fn no_cap_is_exceeded(&self, ask: &Ask, answer: &Answer, number: E164) -> Result<(), TestCaseError> {
        let candidate = self.candidate(number).0;
        let its_calls = || self.calls.iter().filter(|(shown, _)| *shown == number).map(|(_, at)| *at);
        let within = |window| 1 + its_calls().filter(|at| ask.at.since(*at) < window).count() as u32;
        let day = |at: Moment| at.day(self.policy.day_starts_at);
        let today = 1 + its_calls().filter(|at| day(*at) == day(ask.at)).count() as u32;
        let halved = candidate.half_share || candidate.life == Life::AtRisk;
        let share = |cap: u32| if halved { cap.div_ceil(2) } else { cap };
        let hard = answer.rungs.contains(&Rung::HardCap);
        let mut per_day = if hard { self.policy.per_day_hard } else { self.policy.per_day_soft };
        let age = candidate.ramp_since.map(|since| ask.at.since(since));
        let age = age.or((candidate.life == Life::Ready).then_some(Duration::ZERO));
        if let Some(ramp) = age.and_then(|age| self.policy.ramp_cap(age)) {
            per_day = per_day.min(ramp);
        }
        prop_assert!(within(MINUTE) <= share(self.policy.per_minute), "{} calls in a minute", within(MINUTE));
        prop_assert!(within(HOUR) <= share(self.policy.per_hour), "{} calls in an hour", within(HOUR));
        prop_assert!(today <= share(per_day), "{} calls in a day", today);
        Ok(())
    }

    fn callee_is_respected(
        &self,
        callee: usize,
        ask: &Ask,
        number: E164,
        sticky: bool,
        attempts_left: u32,
    ) -> Result<(), TestCaseError> {
        prop_assert!(is_day(ask, &self.policy), "called at night");
        let florida = self.policy.is_bound() && ask.callee.area_code() == Some(305);
        let per_24h = if florida { self.policy.attempts_per_24h.min(3) } else { self.policy.attempts_per_24h };
        for (window, cap) in [(DAY, per_24h), (30 * DAY, self.policy.attempts_per_30d)] {
            let attempts = self.attempts.iter().filter(|(whom, _, at)| *whom == callee && ask.at.since(*at) < window);
            let after = attempts.count() as u32 + 1;
            prop_assert!(after + attempts_left <= cap, "{} attempts of {}, {} left", after, cap, attempts_left);
        }
        let seen: Vec<(E164, Moment)> =
            self.seen.iter().filter(|(whom, _, _)| *whom == callee).map(|(_, number, at)| (*number, *at)).collect();
        let last = seen.last().filter(|(_, at)| ask.at.since(*at) < self.policy.sticky_for).map(|(number, _)| *number);
        prop_assert_eq!(sticky, last == Some(number));
        if let Some(last) = last
            && last != number
        {
            let earlier_change = seen.windows(2).any(|pair| {
                let ((before, before_at), (after, after_at)) = (pair[0], pair[1]);
                before != after
                    && after_at.since(before_at) < self.policy.sticky_for
                    && ask.at.since(after_at) < self.policy.sticky_for
            });
            prop_assert!(!earlier_change, "the callee sees a second change");
            if let Some((from, candidate, usage)) = self.place(last).filter(|(from, _, _)| *from != From::Reserve) {
                let passes =
                    self.passes(ask, candidate, usage, from, Freedom { anywhere: true, no_gap: true, hard: false });
                prop_assert!(!passes, "{} is still good for the callee who saw it", last);
            }
        }
        Ok(())
    }

    fn turn_is_in_bounds(&self, ask: &Ask, answer: &Answer, number: E164) -> Result<(), TestCaseError> {
        match answer.turn {
            TurnChange::None => {
                let sticky = matches!(answer.decision, Decision::Use { sticky: true, .. });
                prop_assert!(sticky, "a number was shown outside every turn");
            }
            TurnChange::Continue => {
                let (its, left) = self.turn_of[&answer.bucket];
                prop_assert!(its == number && left > 0, "a turn goes on beyond its length");
            }
            TurnChange::Begin { length } => {
                let Policy { turn_calls, turn_jitter, turn_gap, .. } = self.policy;
                prop_assert!(length >= 1 && length >= turn_calls.saturating_sub(turn_jitter));
                prop_assert!(length <= (turn_calls + turn_jitter).max(1));
                if !answer.rungs.contains(&Rung::EndTurnEarly)
                    && let Some(ended_at) = self.turn_calls.get(&number)
                {
                    prop_assert!(ask.at.since(*ended_at) >= turn_gap, "two turns without the gap");
                }
            }
        }
        Ok(())
    }

    fn hold_is_honest(
        &self,
        callee: usize,
        ask: &Ask,
        answer: &Answer,
        reason: HoldReason,
        retry_after: Duration,
    ) -> Result<(), TestCaseError> {
        let again = |after: Duration| self.answer(callee, &Ask { at: ask.at.plus(after), ..ask.clone() }).decision;
        let same = |decision: &Decision| matches!(decision, Decision::Hold { reason: then, .. } if *then == reason);
        let just_before = retry_after.saturating_sub(Duration::from_millis(1));
        prop_assert!(!retry_after.is_zero());
        match reason {
            HoldReason::Suppressed | HoldReason::DoNotCall => prop_assert!(false, "nobody is suppressed here"),
            HoldReason::AttemptsSpent => {
                prop_assert!(!matches!(again(just_before), Decision::Use { .. }), "an attempt was left earlier");
                prop_assert!(self.policy.attempts_per_24h == 0 || !same(&again(retry_after)));
            }
            HoldReason::OutsideLegalHours | HoldReason::OutsidePolicyHours => {
                prop_assert!(!is_day(ask, &self.policy), "it is day there, and held for the hour");
                let then = Ask { at: ask.at.plus(just_before), ..ask.clone() };
                prop_assert!(!is_day(&then, &self.policy), "it opened earlier");
                // Two hours in the east and the same two in the west never come together.
                prop_assert!(retry_after == RETRY_NEVER || !same(&again(retry_after)));
            }
            HoldReason::ChangeSpent => prop_assert!(!same(&again(retry_after))),
            HoldReason::TurnGap | HoldReason::CapsReached | HoldReason::NoLocalNumber | HoldReason::NoNumber => {
                prop_assert_eq!(&answer.rungs, &self.policy.ladder, "a hold before the ladder was spent");
                let climbed = |rung| self.policy.ladder.contains(&rung);
                let freedom = Freedom {
                    anywhere: !self.policy.locality_required || climbed(Rung::RelaxLocality),
                    no_gap: climbed(Rung::EndTurnEarly),
                    hard: climbed(Rung::HardCap),
                };
                let opened = [true, climbed(Rung::Bench), climbed(Rung::Reserve)];
                for (from, opened) in [From::Pool, From::Bench, From::Reserve].into_iter().zip(opened) {
                    let kept = &self.kept[from as usize];
                    for (candidate, usage) in kept.candidates.iter().zip(&kept.usage).filter(|_| opened) {
                        prop_assert!(!self.passes(ask, candidate, usage, from, freedom), "{} passes", candidate.number);
                    }
                }
                if matches!(reason, HoldReason::TurnGap | HoldReason::CapsReached) {
                    let then = again(retry_after);
                    prop_assert!(matches!(then, Decision::Use { .. }), "told to come back for nothing: {then:?}");
                    // The end of a warm-up stage may free a number earlier than its count does.
                    let warming = self.kept.iter().flat_map(|k| &k.candidates).any(|c| c.ramp_since.is_some());
                    prop_assert!(
                        warming || !matches!(again(just_before), Decision::Use { .. }),
                        "told to come back late"
                    );
                }
            }
        }
        Ok(())
    }

    /// Whether a candidate might be shown, said once more from the rules.
    fn passes(&self, ask: &Ask, candidate: &Candidate, usage: &Usage, from: From, freedom: Freedom) -> bool {
        let policy = &self.policy;
        let excluded =
            |carrier: Carrier| candidate.excluded.contains(carrier) || candidate.status[carrier.index()].excludes();
        let share: u32 = Carrier::ALL.into_iter().filter(|c| excluded(*c)).map(Carrier::share_permille).sum();
        let standing = ask.carrier.map_or(share <= policy.unknown_carrier_excluded_permille, |c| !excluded(c));
        let life = match from {
            From::Reserve => candidate.life == Life::Ready,
            From::Pool | From::Bench => matches!(candidate.life, Life::Active | Life::AtRisk | Life::Remediating),
        };
        let local = numbers::area::locality(candidate.number, ask.callee) == numbers::area::Locality::Group;
        let halved = candidate.half_share || candidate.life == Life::AtRisk;
        let cap = |cap: u32| if halved { cap.div_ceil(2) } else { cap };
        let age = candidate.ramp_since.map(|since| ask.at.since(since));
        let age = age.or((candidate.life == Life::Ready).then_some(Duration::ZERO));
        let per_day = if freedom.hard { policy.per_day_hard } else { policy.per_day_soft };
        let per_day = per_day.min(age.and_then(|age| policy.ramp_cap(age)).unwrap_or(u32::MAX));
        let rested = self.turn_calls.get(&candidate.number).is_none_or(|at| ask.at.since(*at) >= policy.turn_gap);
        candidate.proven
            && standing
            && life
            && (freedom.anywhere || local)
            && usage.in_minute(ask.at) < cap(policy.per_minute)
            && usage.in_hour(ask.at) < cap(policy.per_hour)
            && usage.today(ask.at, policy) < cap(per_day)
            && (freedom.no_gap || rested)
    }

    fn apply(&mut self, callee: usize, ask: &Ask, answer: &Answer, number: E164) {
        let policy = self.policy.clone();
        let mut turns = std::mem::take(&mut self.turns);
        let mut memory = self.callees[callee].clone();
        record(answer, ask.at, self.usage_of(number), &mut turns, &mut memory, &policy);
        self.turns = turns;
        self.callees[callee] = memory;
        self.calls.push((number, ask.at));
        self.attempts.push((callee, number, ask.at));
        self.open.push((callee, number, ask.at));
        self.seen.push((callee, number, ask.at));
        match answer.turn {
            TurnChange::None => return,
            TurnChange::Continue => self.turn_of.get_mut(&answer.bucket).expect("it goes on").1 -= 1,
            TurnChange::Begin { length } => {
                self.turn_of.insert(answer.bucket, (number, length - 1));
            }
        }
        self.turn_calls.insert(number, ask.at);
    }

    fn question<'a>(&'a self, callee: usize, ask: &'a Ask) -> Question<'a> {
        let [pool, bench, reserve] = self.kept.each_ref().map(Kept::pool);
        let (turns, callee, listed) = (&self.turns, Some(&self.callees[callee]), Listed::NOWHERE);
        Question { ask, pool, bench, reserve, turns, callee, listed, policy: &self.policy, order: &self.order }
    }

    fn answer(&self, callee: usize, ask: &Ask) -> Answer {
        choose(&self.question(callee, ask))
    }

    fn place(&self, number: E164) -> Option<(From, &Candidate, &Usage)> {
        [From::Pool, From::Bench, From::Reserve].into_iter().zip(&self.kept).find_map(|(from, kept)| {
            let place = kept.candidates.iter().position(|candidate| candidate.number == number)?;
            Some((from, &kept.candidates[place], &kept.usage[place]))
        })
    }

    fn candidate(&self, number: E164) -> (&Candidate, &Usage) {
        let (_, candidate, usage) = self.place(number).expect("only what is there is shown");
        (candidate, usage)
    }

    fn usage_of(&mut self, number: E164) -> &mut Usage {
        let place = |kept: &Kept| kept.candidates.iter().position(|candidate| candidate.number == number);
        self.kept
            .iter_mut()
            .find_map(|kept| place(kept).map(|place| &mut kept.usage[place]))
            .expect("only what is there is shown")
    }
}

/// What the ladder gives in the end.
#[derive(Clone, Copy)]
struct Freedom {
    anywhere: bool,
    no_gap: bool,
    hard: bool,
}

fn e164(digits: u64) -> E164 {
    E164::from_digits(digits).expect("the figures above are telephone numbers")
}
