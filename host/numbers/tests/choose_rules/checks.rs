//! Every rule, said once more.

use super::chance::is_day;
use super::*;

impl World {
    pub fn every_rule_holds(&self, callee: usize, ask: &Ask, answer: &Answer) -> Result<(), TestCaseError> {
        self.codes_are_complete(answer)?;
        self.ranker_is_heard(callee, ask, answer)?;
        match answer.decision {
            Decision::Use { number, rung, sticky, attempts_left } => {
                prop_assert_eq!(answer.rungs.last().copied(), rung);
                self.may_be_shown(ask, answer, number)?;
                self.no_cap_is_exceeded(ask, answer, number)?;
                self.callee_is_respected(callee, ask, number, sticky, attempts_left)?;
                self.turn_is_in_bounds(ask, answer, number)
            }
            Decision::Hold { reason, retry_after, .. } => self.hold_is_honest(callee, ask, answer, reason, retry_after),
        }
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
            let pinned: Vec<E164> = open.iter().filter(|open| self.policy.pinned.contains(open)).copied().collect();
            let first = if pinned.is_empty() { &open } else { &pinned };
            let named = self.order.iter().find(|number| first.contains(number));
            if self.was_explored(answer) {
                prop_assert!(open.contains(&number), "{} is not permitted", number);
            } else {
                prop_assert_eq!(Some(&number), named.or(first.first()), "{:?} are permitted", open);
            }
        }
        if matches!(answer.decision, Decision::Hold { .. }) {
            prop_assert_eq!(open, Vec::new(), "held, although these are permitted");
        }
        Ok(())
    }

    fn may_be_shown(&self, ask: &Ask, answer: &Answer, number: E164) -> Result<(), TestCaseError> {
        let candidate = self.candidate(number).0;
        prop_assert!(candidate.proven);
        prop_assert!(!self.policy.excluded.contains(&number));
        prop_assert!(self.keeps_hard_rules(ask, candidate));
        prop_assert!(self.waited_between_campaigns(ask, number));
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
        let its_calls = || self.calls.iter().filter(|call| call.number == number).map(|call| call.at);
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
        if let Some(carrier) = ask.carrier {
            let there = |call: &&world::Call| call.number == number && (call.carrier == Some(carrier) || call.charged);
            let there: Vec<Moment> = self.calls.iter().filter(there).map(|call| call.at).collect();
            let Policy { carrier_per_minute, carrier_per_hour, carrier_per_day, .. } = self.policy;
            self.within(ask, &there, [carrier_per_minute, carrier_per_hour, carrier_per_day], "on the carrier")?;
        }
        let Policy { user_per_minute, user_per_hour, user_per_day, .. } = self.policy;
        self.within(ask, &self.placed, [user_per_minute, user_per_hour, user_per_day], "of the user")
    }

    /// One more call keeps within what a minute, an hour and a day permit.
    fn within(
        &self,
        ask: &Ask,
        calls: &[Moment],
        [minute, hour, day]: [Option<u32>; 3],
        whose: &str,
    ) -> Result<(), TestCaseError> {
        let within = |window| 1 + calls.iter().filter(|at| ask.at.since(**at) < window).count() as u32;
        let day_of = |at: Moment| at.day(self.policy.day_starts_at);
        let today = 1 + calls.iter().filter(|at| day_of(**at) == day_of(ask.at)).count() as u32;
        let fits = |cap: Option<u32>, calls: u32| cap.is_none_or(|cap| calls <= cap);
        prop_assert!(fits(minute, within(MINUTE)), "{} calls {whose} in a minute", within(MINUTE));
        prop_assert!(fits(hour, within(HOUR)), "{} calls {whose} in an hour", within(HOUR));
        prop_assert!(fits(day, today), "{} calls {whose} in a day", today);
        Ok(())
    }

    /// The hard rules about what a number has, as far as they bind it now, and about the callee's exchange.
    fn keeps_hard_rules(&self, ask: &Ask, candidate: &Candidate) -> bool {
        let Policy { own_exchange, registered_only, callback_required, .. } = self.policy;
        let in_grace = candidate.grace_until.is_some_and(|until| ask.at < until);
        let has = |rule: Strictness, has: bool| rule != Strictness::Hard || has || in_grace;
        let neighbour = candidate.number.digits() / 10_000 == ask.callee.digits() / 10_000;
        has(registered_only, candidate.registered)
            && has(callback_required, candidate.answerable)
            && (own_exchange != Strictness::Hard || !neighbour)
    }

    /// The business's own list binds always, the others where nobody answers for the contrary.
    fn forbidden_by_a_list(&self, callee: usize) -> bool {
        let Listed { national, state, own } = self.listed[callee];
        let lifted = self.policy.exemptions.iter().any(|exemption| exemption.rule == DO_NOT_CALL);
        own || ((national || state.is_some()) && !lifted)
    }

    fn waited_between_campaigns(&self, ask: &Ask, number: E164) -> bool {
        let Some((spoke_for, at)) = self.spoke.get(&number) else { return true };
        self.policy.one_campaign != Strictness::Hard
            || ask.campaign.as_deref().is_none_or(|campaign| campaign == *spoke_for)
            || ask.at.since(*at) >= self.policy.campaign_wait
    }

    /// Not the first in the policy's order, but drawn evenly among all that might be shown.
    fn was_explored(&self, answer: &Answer) -> bool {
        let explored = answer.considered.iter().any(|(_, code)| *code == Passed::Explored);
        explored && self.policy.explore_permille > 0
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
        prop_assert!(!self.forbidden_by_a_list(callee), "called although it stands on a list");
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
                let pinned = self.policy.pinned.contains(&number);
                prop_assert!(sticky || pinned || self.was_explored(answer), "a number was shown outside every turn");
            }
            TurnChange::Continue => {
                let (its, left, until) = self.turn_of[&answer.bucket];
                let goes_on = left > 0 || until.is_some_and(|until| ask.at < until);
                prop_assert!(its == number && goes_on, "a turn goes on beyond its length");
            }
            TurnChange::Begin { length, until } => {
                let Policy { turn_calls, turn_jitter, turn_gap, turn_for, .. } = self.policy;
                prop_assert_eq!(until, turn_for.map(|turn_for| ask.at.plus(turn_for)));
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
        // The night may come before the hour at which a call is placed, and days of grace end in it.
        let lapses = |candidate: &Candidate| {
            candidate.grace_until.is_some_and(|until| ask.at < until && until <= ask.at.plus(retry_after))
        };
        let lapses = self.kept.iter().flat_map(|k| &k.candidates).any(lapses);
        match reason {
            HoldReason::Suppressed => prop_assert!(false, "nobody is suppressed here"),
            HoldReason::DoNotCall => {
                prop_assert!(self.forbidden_by_a_list(callee), "it stands on no list that binds");
                prop_assert_eq!(retry_after, RETRY_NEVER);
            }
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
            HoldReason::UserCapsReached => {
                let earlier = again(just_before);
                prop_assert!(!matches!(earlier, Decision::Use { .. }), "there was room earlier");
                prop_assert!(!same(&again(retry_after)), "told to come back for nothing");
            }
            HoldReason::ChangeSpent => prop_assert!(lapses || !same(&again(retry_after))),
            HoldReason::TurnGap | HoldReason::CapsReached | HoldReason::NoLocalNumber | HoldReason::NoNumber => {
                prop_assert_eq!(&answer.rungs, &self.policy.ladder, "a hold before the ladder was spent");
                let climbed = |rung| self.policy.ladder.contains(&rung);
                let freedom = Freedom {
                    anywhere: self.policy.locality != Strictness::Hard || climbed(Rung::RelaxLocality),
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
                    prop_assert!(
                        lapses || matches!(then, Decision::Use { .. }),
                        "told to come back for nothing: {then:?}"
                    );
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
        let pinned = policy.pinned.contains(&candidate.number);
        let on_carrier = ask.carrier.and_then(|carrier| usage.on(carrier));
        let carrier_free = on_carrier.is_none_or(|on| {
            policy.carrier_per_minute.is_none_or(|cap| on.in_minute(ask.at) < cap)
                && policy.carrier_per_hour.is_none_or(|cap| on.in_hour(ask.at) < cap)
                && policy.carrier_per_day.is_none_or(|cap| on.today(ask.at, policy) < cap)
        });
        let rested = self.turn_calls.get(&candidate.number).is_none_or(|at| ask.at.since(*at) >= policy.turn_gap);
        candidate.proven
            && standing
            && life
            && (freedom.anywhere || local)
            && usage.in_minute(ask.at) < cap(policy.per_minute)
            && usage.in_hour(ask.at) < cap(policy.per_hour)
            && usage.today(ask.at, policy) < cap(per_day)
            && carrier_free
            && !policy.excluded.contains(&candidate.number)
            && self.keeps_hard_rules(ask, candidate)
            && self.waited_between_campaigns(ask, candidate.number)
            && (freedom.no_gap || rested || pinned)
    }
}

/// What the ladder gives in the end.
#[derive(Clone, Copy)]
struct Freedom {
    anywhere: bool,
    no_gap: bool,
    hard: bool,
}
