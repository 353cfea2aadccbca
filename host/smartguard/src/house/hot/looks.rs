//! Looks that change nothing: what a ranker is told of a call, what would be answered, and how many calls are left.

use super::super::calls::{Tallies, Tally};
use super::super::seen::open;
use super::{Asked, Hot, OwnerCell, callee_part, drawable, part};
use numbers::callee::ATTEMPTS_SHORT;
use numbers::choose::{Permitted, choose, permitted};
use numbers::pace::{Pace, pace};
use numbers::{Answer, CalleeRecord, Carrier, E164, Moment, Pool, Question};

/// Numbers that a ranker is told of at most, the first in the policy's own order.
const TOLD_MAX: usize = 32;

/// What a ranker is told.
pub struct Open {
    /// In the policy's own order; each with its tally on the callee's carrier, or on all where that is unknown.
    pub numbers: Vec<(Permitted, Tally)>,
    /// Which attempt within 24 hours this call is; the first is 1.
    pub attempt: u32,
}

impl Hot {
    /// What may be shown for this call, where there is a choice. Changes nothing, and holds no lock when it returns:
    /// [`Hot::ask`] permits once more.
    pub fn permitted(&self, asked: &Asked) -> Option<Open> {
        let known = self.known(asked);
        let numbers = self.looked_at(asked, known.as_ref(), permitted)?;
        self.told(numbers, known.as_ref(), asked.now, asked.carrier)
    }

    /// What a ranker is told of these numbers; none where there is no choice.
    pub fn told(
        &self,
        mut numbers: Vec<Permitted>,
        callee: Option<&CalleeRecord>,
        at: Moment,
        carrier: Option<Carrier>,
    ) -> Option<Open> {
        if numbers.len() < 2 {
            return None;
        }
        numbers.truncate(TOLD_MAX);
        let calls = self.calls.lock();
        let numbers = numbers.into_iter().map(|open| {
            let tally = summed(&calls.tallies(open.number), carrier);
            (open, tally)
        });
        let attempts = callee.map_or(0, |callee| callee.attempts_in(ATTEMPTS_SHORT, at));
        Some(Open { numbers: numbers.collect(), attempt: attempts + 1 })
    }
}

impl Hot {
    /// What would be answered now. Nothing is consumed and nothing is kept.
    pub fn would_answer(&self, asked: &Asked) -> Option<Answer> {
        let known = self.known(asked);
        self.looked_at(asked, known.as_ref(), choose)
    }

    /// Whether this callee asked this business not to be called.
    pub fn is_suppressed(&self, business: &str, callee: E164) -> bool {
        let callee = self.keys.callee(business, callee);
        let callees = self.callees[part(callee_part(callee))].lock();
        callees.get(&callee).is_some_and(|callee| callee.suppressed.is_some())
    }

    fn known(&self, asked: &Asked) -> Option<CalleeRecord> {
        let callee = self.keys.callee(&asked.owner.business.id, asked.callee);
        self.callees[part(callee_part(callee))].lock().get(&callee).cloned()
    }

    /// Looks at the question that this call would be, with bench and reserve; none where it was answered already. Holds no
    /// lock when it returns, so that the answer may be another one by then.
    fn looked_at<T>(
        &self,
        asked: &Asked,
        known: Option<&CalleeRecord>,
        look: impl FnOnce(&Question<'_>) -> T,
    ) -> Option<T> {
        let owner = &asked.owner;
        let policies = self.policy.load();
        let policy = asked.policy(&policies);
        let callee = self.keys.callee(&owner.business.id, asked.callee);
        let call = self.keys.call(&asked.call_id);
        let ask = asked.ask();
        let (view, shared) = (owner.view.load(), owner.business.view.load());
        let reserve = open(&shared.reserve, drawable(&shared, &owner.business.drawing.lock(), &owner.id, view.room));
        let usages = [&view.candidates, &shared.bench, &reserve].map(|candidates| self.usage_of(candidates));
        let hot = owner.hot.lock();
        if hot.repeated(call, callee, asked.now).is_some() {
            return None;
        }
        Some(look(&Question {
            ask: &ask,
            pool: Pool { candidates: &view.candidates, usage: &usages[0] },
            bench: Pool { candidates: &shared.bench, usage: &usages[1] },
            reserve: Pool { candidates: &reserve, usage: &usages[2] },
            owner: &hot.usage,
            callee: known,
            listed: self.do_not_call.load().listed(&owner.business.id, asked.callee),
            policy: &policy,
            order: &[],
        }))
    }

    /// How many more calls this owner's pool takes.
    pub fn pace(&self, owner: &OwnerCell, now: Moment) -> Pace {
        let policies = self.policy.load();
        let policy = policies.of_owner(&owner.business.id, &owner.id);
        let view = owner.view.load();
        let usage = self.usage_of(&view.candidates);
        let placed = owner.hot.lock().usage.counts.clone();
        pace(Pool { candidates: &view.candidates, usage: &usage }, &placed, now, &policy)
    }
}

/// What a ranker needs of the tally on this carrier, or of all of them where it is unknown.
fn summed(tallies: &Tallies, carrier: Option<Carrier>) -> Tally {
    let of = |on: &Option<Carrier>| carrier.is_none() || *on == carrier;
    tallies.iter().filter(|(on, _)| of(on)).fold(Tally::default(), |sum, (_, tally)| Tally {
        attempts: sum.attempts.saturating_add(tally.attempts),
        answered_human: sum.answered_human.saturating_add(tally.answered_human),
        short_calls: sum.short_calls.saturating_add(tally.short_calls),
        ..sum
    })
}

#[cfg(test)]
mod tests {
    use super::super::super::journal::RECORD_BYTES_MAX;
    use super::super::super::record::{Asked, Counted, Decided, Record, encode, kept};
    use super::super::super::seen::{SharedSeen, Views};
    use super::TOLD_MAX;
    use numbers::choose::From;
    use numbers::{
        CalleeHash, Carrier, Decision, E164, Life, Listed, Moment, OwnerId, Passed, Ranked, Ranking, Region, Rung,
        TurnChange, Zip,
    };

    #[test]
    fn the_largest_decision_with_the_longest_ranking_can_be_kept() {
        let number = |n: u64| E164::from_digits(999_000_000_000_000 + n).expect("the longest there is");
        let considered: Vec<_> = (0..1000).map(|n| (number(n), Passed::NotShown(Life::Retired))).collect();
        let decided = Decided {
            at: Moment(u64::MAX),
            owner: OwnerId::Campaign("n".repeat(128)),
            call: u64::MAX,
            callee: CalleeHash([255; 16]),
            asked: Asked {
                prefix: Some(u32::MAX),
                state: Some(Region::parse("FL").expect("a state")),
                zip: Some(Zip::parse("33101").expect("a ZIP code")),
                campaign: Some("n".repeat(128)),
                tie_break: u64::MAX,
                listed: Listed { national: true, state: Some(Region::parse("FL").expect("a state")), own: true },
            },
            carrier: Some(Carrier::Verizon),
            decision: Decision::Use {
                number: number(0),
                rung: Some(Rung::HardCap),
                sticky: false,
                attempts_left: u32::MAX,
            },
            from: From::Reserve,
            turn: TurnChange::Begin { length: u32::MAX, until: Some(Moment(u64::MAX)) },
            bucket: u16::MAX,
            valid_until: Moment(u64::MAX),
            considered: kept(&considered),
            rungs: vec![Rung::HardCap; 5],
            propensity_ppm: u32::MAX,
            counted: Counted::default(),
            policy_revision: u64::MAX,
            ranking: Some(Ranking {
                ranker: "r".repeat(40),
                said: Ranked::Order { order: (0..TOLD_MAX as u64).map(number).collect(), reason: "r".repeat(200) },
            }),
            views: Views { pool: u64::MAX, shared: Some(SharedSeen { view: u64::MAX, open: u64::MAX }) },
        };
        let bytes = encode(u64::MAX, &Record::Decided(Box::new(decided))).expect("it can be encoded").len();
        assert!(bytes <= RECORD_BYTES_MAX, "{bytes} of {RECORD_BYTES_MAX}");
    }
}
