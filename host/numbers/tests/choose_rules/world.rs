//! The state as the daemon holds it, beside it what truly happened, and the log of it that is replayed in the end.

use super::*;

#[derive(Clone, Default)]
pub struct Kept {
    pub candidates: Vec<Candidate>,
    pub usage: Vec<Usage>,
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

/// A call that counts for a cap.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Call {
    pub number: E164,
    pub at: Moment,
    pub carrier: Option<Carrier>,
    /// It may have been made in a window that a stop lost, by whichever carrier.
    pub charged: bool,
}

/// A decision whose call may yet turn out not to have been placed.
#[derive(Clone, Copy, Debug)]
pub struct Open {
    pub callee: usize,
    pub call: Call,
}

/// What a journal would hold.
#[derive(Clone)]
enum Kind {
    Asked { callee: usize, ask: Box<Ask>, order: Vec<E164>, answer: Box<Answer> },
    GaveBack(Open),
    Charged { number: E164, at: Moment, calls: u32 },
}

#[derive(Clone)]
pub struct World {
    pub policy: Policy,
    pub now: Moment,
    /// Pool, bench, reserve.
    pub kept: [Kept; 3],
    pub owner: OwnerUsage,
    callees: Vec<CalleeRecord>,
    pub calls: Vec<Call>,
    /// When the user placed calls; none is given back.
    pub placed: Vec<Moment>,
    /// Every attempt that counts: the callee, the number it saw, when.
    pub attempts: Vec<(usize, E164, Moment)>,
    open: Vec<Open>,
    /// When each callee saw which number, whether or not the call was placed.
    pub seen: Vec<(usize, E164, Moment)>,
    /// The last call within a turn, by number; and the turn of each bucket with the calls that remain and until when it lasts.
    pub turn_calls: BTreeMap<E164, Moment>,
    pub turn_of: BTreeMap<u16, (E164, u32, Option<Moment>)>,
    /// The campaign for which each number was last shown, and when.
    pub spoke: BTreeMap<E164, (&'static str, Moment)>,
    /// The do-not-call lists on which each callee stands.
    pub listed: [Listed; CALLEES.len()],
    /// What a ranker answers to the next ask: nothing, or any numbers in any order.
    pub order: Vec<E164>,
    log: Vec<Kind>,
}

impl World {
    pub fn new(
        mut policy: Policy,
        listed: [Listed; CALLEES.len()],
        numbers: Vec<(usize, (Candidate, Option<bool>))>,
    ) -> World {
        let mut kept: [Kept; 3] = Default::default();
        for (line, (place, (mut candidate, named))) in numbers.into_iter().enumerate() {
            candidate.number = e164(candidate.number.digits() + 200 + line as u64);
            match named {
                Some(true) => policy.pinned.push(candidate.number),
                Some(false) => policy.excluded.push(candidate.number),
                None => {}
            }
            // Most are in the pool; the others lie on the bench and in the reserve.
            let kept = &mut kept[place.saturating_sub(3)];
            kept.candidates.push(candidate);
            kept.usage.push(Usage::default());
        }
        World {
            policy,
            now: NOW,
            kept,
            owner: OwnerUsage::default(),
            callees: vec![CalleeRecord::default(); CALLEES.len()],
            calls: Vec::new(),
            placed: Vec::new(),
            attempts: Vec::new(),
            open: Vec::new(),
            seen: Vec::new(),
            turn_calls: BTreeMap::new(),
            turn_of: BTreeMap::new(),
            spoke: BTreeMap::new(),
            listed,
            order: Vec::new(),
            log: Vec::new(),
        }
    }

    pub fn take(&mut self, step: Step) -> Result<(), TestCaseError> {
        match step {
            Step::Ask { callee, carrier, campaign, tie_break, order } => {
                let ask = Ask {
                    state: None,
                    zip: None,
                    owner: OwnerId::User("ann".into()),
                    campaign: campaign.map(str::to_owned),
                    callee: e164(CALLEES[callee]),
                    carrier,
                    at: self.now,
                    tie_break,
                };
                let known: Vec<E164> = self.kept.iter().flat_map(|k| &k.candidates).map(|c| c.number).collect();
                self.order = order.into_iter().map(|which| known[which.index(known.len())]).collect();
                self.ask(callee, campaign, &ask)?;
            }
            Step::GiveBack(which) if !self.open.is_empty() => {
                let open = self.open.remove(which.index(self.open.len()));
                self.give_back(open);
                self.log.push(Kind::GaveBack(open));
                let call = self.calls.iter().position(|call| *call == open.call).expect("it was counted");
                self.calls.remove(call);
                let attempt = (open.callee, open.call.number, open.call.at);
                let attempt = self.attempts.iter().position(|other| *other == attempt).expect("it was counted");
                self.attempts.remove(attempt);
            }
            Step::GiveBack(_) => {}
            Step::Charge(which, calls) => {
                let numbers: Vec<E164> = self.kept.iter().flat_map(|k| &k.candidates).map(|c| c.number).collect();
                let number = numbers[which.index(numbers.len())];
                let at = self.now;
                self.charge(number, at, calls);
                self.log.push(Kind::Charged { number, at, calls });
                self.calls.extend((0..calls).map(|_| Call { number, at, carrier: None, charged: true }));
            }
        }
        Ok(())
    }

    fn ask(&mut self, callee: usize, campaign: Option<&'static str>, ask: &Ask) -> Result<(), TestCaseError> {
        let answer = self.answer(callee, ask);
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
        self.every_rule_holds(callee, ask, &answer)?;
        self.log.push(Kind::Asked {
            callee,
            ask: Box::new(ask.clone()),
            order: self.order.clone(),
            answer: Box::new(answer.clone()),
        });
        if let Decision::Use { number, .. } = answer.decision {
            self.apply(callee, ask, &answer, number);
            self.note(callee, campaign, ask, &answer, number);
        }
        Ok(())
    }

    /// Takes every decision again, from the beginning and from the log alone.
    pub fn replays_from(&self, mut began: World) -> Result<(), TestCaseError> {
        for kind in &self.log {
            match kind {
                Kind::Asked { callee, ask, order, answer } => {
                    began.order.clone_from(order);
                    prop_assert_eq!(&**answer, &began.answer(*callee, ask), "a replay decides otherwise");
                    if let Decision::Use { number, .. } = answer.decision {
                        began.apply(*callee, ask, answer, number);
                    }
                }
                Kind::GaveBack(open) => began.give_back(*open),
                Kind::Charged { number, at, calls } => began.charge(*number, *at, *calls),
            }
        }
        Ok(())
    }

    fn give_back(&mut self, open: Open) {
        self.usage_of(open.call.number).give_back(open.call.at, open.call.carrier);
        self.callees[open.callee].give_back_attempt(open.call.at);
    }

    fn charge(&mut self, number: E164, at: Moment, calls: u32) {
        let policy = self.policy.clone();
        let by_carrier = !policy.carrier_limits().is_none();
        self.usage_of(number).charge(at, calls, by_carrier, &policy);
    }

    fn apply(&mut self, callee: usize, ask: &Ask, answer: &Answer, number: E164) {
        let policy = self.policy.clone();
        let mut owner = std::mem::take(&mut self.owner);
        let mut memory = self.callees[callee].clone();
        record(answer, ask.shown(&policy), self.usage_of(number), &mut owner, &mut memory, &policy);
        self.owner = owner;
        self.callees[callee] = memory;
    }

    /// What truly happened, for whoever counts once more.
    fn note(&mut self, callee: usize, campaign: Option<&'static str>, ask: &Ask, answer: &Answer, number: E164) {
        let call = Call { number, at: ask.at, carrier: ask.carrier, charged: false };
        self.calls.push(call);
        self.placed.push(ask.at);
        self.attempts.push((callee, number, ask.at));
        self.open.push(Open { callee, call });
        self.seen.push((callee, number, ask.at));
        self.spoke.extend(campaign.map(|campaign| (number, (campaign, ask.at))));
        match answer.turn {
            TurnChange::None => return,
            TurnChange::Continue => {
                let turn = self.turn_of.get_mut(&answer.bucket).expect("it goes on");
                turn.1 = turn.1.saturating_sub(1);
            }
            TurnChange::Begin { length, until } => {
                self.turn_of.insert(answer.bucket, (number, length - 1, until));
            }
        }
        self.turn_calls.insert(number, ask.at);
    }

    pub fn question<'a>(&'a self, callee: usize, ask: &'a Ask) -> Question<'a> {
        let [pool, bench, reserve] = self.kept.each_ref().map(Kept::pool);
        let listed = self.listed[callee];
        let (owner, callee) = (&self.owner, Some(&self.callees[callee]));
        Question { ask, pool, bench, reserve, owner, callee, listed, policy: &self.policy, order: &self.order }
    }

    pub fn answer(&self, callee: usize, ask: &Ask) -> Answer {
        choose(&self.question(callee, ask))
    }

    pub fn place(&self, number: E164) -> Option<(From, &Candidate, &Usage)> {
        [From::Pool, From::Bench, From::Reserve].into_iter().zip(&self.kept).find_map(|(from, kept)| {
            let place = kept.candidates.iter().position(|candidate| candidate.number == number)?;
            Some((from, &kept.candidates[place], &kept.usage[place]))
        })
    }

    pub fn candidate(&self, number: E164) -> (&Candidate, &Usage) {
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
