//! Takes the recorded calls again under another policy, and counts what would have been otherwise.
//!
//! Beside the scene, which follows what was answered, it keeps a second state of counts, callees and turns that follows what the
//! other policy would have answered. Views are as they were then, for both.

use super::super::House;
use super::super::calls::CORRECTED_FOR;
use super::super::keeper::now;
use super::super::record::{Decided, Record, Reported};
use super::super::rolled::Rolled;
use super::Onlooker;
use super::scene::{NotAgain, Scene, Seen, SharedThen, shown, take};
use super::verify::DAY;
use crate::desk::{DeskError, DeskErrorKind, JudgedView, PolicyText, SideView, Stamp};
use crate::policies::{self, PolicyFile};
use numbers::area::locality;
use numbers::{
    Answer, Candidate, Carrier, Day, Decision, Drawn, E164, HoldReason, Locality, Moment, Passed, Policies, Ranking,
    Status,
};
use std::collections::{BTreeMap, BTreeSet};

/// The recorded calls under another policy.
pub struct Judge {
    policies: Policies,
    since: Moment,
    /// What follows the other policy's answers.
    elsewise: Rolled,
    /// Calls that would have been answered otherwise, for as long as they may be reported.
    parted: BTreeMap<u64, Moment>,
    count: Count,
    was: Side,
    would_be: Side,
}

#[derive(Default)]
struct Count {
    calls: u64,
    again: u64,
    same: u64,
    other_number: u64,
    other_hold: u64,
    not_again: BTreeMap<NotAgain, u64>,
    hold_to_use: BTreeMap<&'static str, u64>,
    use_to_hold: BTreeMap<&'static str, u64>,
    /// Calls that would have gone on to a bench and reserve that nobody had looked at.
    shared_unseen: u64,
    /// Calls for which the other policy names a ranker that was not asked then.
    ranker_unasked: u64,
    /// Reports of calls that would have been answered otherwise.
    reports_left_out: u64,
}

#[derive(Default)]
struct Side {
    shown: u64,
    held: u64,
    per_day: BTreeMap<(Day, E164), u32>,
    numbers: BTreeSet<E164>,
    cap_touched: u64,
    rungs: BTreeMap<&'static str, u64>,
    locality: BTreeMap<&'static str, u64>,
    standing: BTreeMap<&'static str, u64>,
    changes_seen: u64,
}

impl Onlooker for Judge {
    fn loaded(&mut self, parts: &Rolled) {
        self.elsewise.join(parts.clone());
    }

    fn look(&mut self, scene: &Scene, seq: u64, record: &Record) -> bool {
        match record {
            Record::Decided(decided) => self.decide(scene, seq, decided),
            Record::Reported(reported) => self.report(scene, reported),
            Record::Charged { owner, numbers, lost } => {
                self.elsewise.charge(owner, numbers, *lost, self.policies.base());
            }
            Record::Restored { .. } => self.elsewise.apply(record, self.policies.base()),
            Record::Viewed(_) | Record::Settled { .. } => {}
        }
        true
    }
}

impl Judge {
    pub fn new(policies: Policies, since: Moment) -> Judge {
        Judge {
            policies,
            since,
            elsewise: Rolled::default(),
            parted: BTreeMap::new(),
            count: Count::default(),
            was: Side::default(),
            would_be: Side::default(),
        }
    }

    fn decide(&mut self, scene: &Scene, seq: u64, decided: &Decided) {
        if decided.at < self.since {
            return self.elsewise.record(decided, &decided.answer(), decided.shown(), scene.policies().base());
        }
        self.count.calls += 1;
        let seen = match scene.seen(decided) {
            Ok(seen) => seen,
            Err(why) => {
                *self.count.not_again.entry(why).or_default() += 1;
                return self.elsewise.record(decided, &decided.answer(), decided.shown(), scene.policies().base());
            }
        };
        self.count.again += 1;
        let business = seen.pool.business.clone();
        let (answer, seen) = self.take(scene, decided, seen);
        self.compare(&decided.decision, &answer.decision);
        let day_starts_at = self.policies.base().day_starts_at;
        let day = decided.at.day(day_starts_at);
        self.was.add(day, decided, &decided.decision, &decided.considered, &seen, &scene.rolled);
        self.would_be.add(day, decided, &answer.decision, &answer.considered, &seen, &self.elsewise);
        if shown(&answer.decision) != shown(&decided.decision) {
            self.parted.insert(seq, decided.at);
        }
        let policy = self.policies.of_call(&business, &decided.owner, decided.asked.campaign.as_deref());
        self.elsewise.record(decided, &answer, decided.ask().shown(&policy), &policy);
        while let Some(first) = self.parted.first_entry() {
            if decided.at.since(*first.get()) <= CORRECTED_FOR {
                break;
            }
            first.remove();
        }
    }

    /// The answer of the other policy, and what it was taken from: where it goes on to a bench and reserve that were not asked
    /// then, those that somebody saw last.
    fn take(&mut self, scene: &Scene, decided: &Decided, seen: Seen) -> (Answer, Seen) {
        let policy = self.policies.of_call(&seen.pool.business, &decided.owner, decided.asked.campaign.as_deref());
        let heard = decided.ranking.as_ref().filter(|ranking| policy.ranker.as_ref() == Some(&ranking.ranker));
        self.count.ranker_unasked += u64::from(policy.ranker.is_some() && heard.is_none());
        let order = heard.map_or(&[][..], Ranking::order);
        let answer = take(&self.elsewise, decided, &seen, &policy, order);
        if seen.shared.is_some() || !answer.falls_short() {
            return (answer, seen);
        }
        let Some(view) = scene.newest_shared(&seen.pool.business) else {
            self.count.shared_unseen += 1;
            return (answer, seen);
        };
        let room = seen.pool.room;
        let is_open = |candidate: &&Candidate| room.permits(candidate.known, Drawn::default(), view.swaps_left);
        let open = view.reserve.iter().filter(is_open).cloned().collect();
        let seen = Seen { shared: Some(SharedThen { view, open }), ..seen };
        (take(&self.elsewise, decided, &seen, &policy, order), seen)
    }

    fn compare(&mut self, was: &Decision, would_be: &Decision) {
        match (was, would_be) {
            (Decision::Use { number, .. }, Decision::Use { number: other, .. }) if number == other => {
                self.count.same += 1
            }
            (Decision::Use { .. }, Decision::Use { .. }) => self.count.other_number += 1,
            (Decision::Hold { reason, .. }, Decision::Hold { reason: other, .. }) if reason == other => {
                self.count.same += 1
            }
            (Decision::Hold { .. }, Decision::Hold { .. }) => self.count.other_hold += 1,
            (Decision::Hold { reason, .. }, Decision::Use { .. }) => add(&mut self.count.hold_to_use, *reason),
            (Decision::Use { .. }, Decision::Hold { reason, .. }) => add(&mut self.count.use_to_hold, *reason),
        }
    }

    /// A report counts for the call that it belongs to where that would have shown the same number. That somebody must not be
    /// called again is heard however it came about.
    fn report(&mut self, scene: &Scene, reported: &Reported) {
        let parted = reported.call.as_ref().is_some_and(|joined| self.parted.contains_key(&joined.seq));
        if let Some((joined, known)) = reported.counted()
            && joined.gives_back(&known)
        {
            let day = joined.at.day(self.policies.base().day_starts_at);
            self.was.give_back(day, joined.number);
            if !parted {
                self.would_be.give_back(day, joined.number);
            }
        }
        let base = scene.policies().base();
        if !parted {
            return self.elsewise.apply(&Record::Reported(Box::new(reported.clone())), base);
        }
        self.count.reports_left_out += 1;
        let heard = Reported { call: None, callee: reported.callee(), ..reported.clone() };
        self.elsewise.apply(&Record::Reported(Box::new(heard)), base);
    }

    pub fn view(self, policy: String) -> JudgedView {
        let unknown = self.unknown();
        let Judge { since, count, was, would_be, .. } = self;
        JudgedView {
            since: Stamp(since),
            policy,
            calls: count.calls,
            again: count.again,
            not_again: count.not_again.iter().map(|(why, count)| (why.word().to_owned(), *count)).collect(),
            same: count.same,
            other_number: count.other_number,
            hold_to_use: named(count.hold_to_use),
            use_to_hold: named(count.use_to_hold),
            other_hold: count.other_hold,
            was: was.view(),
            would_be: would_be.view(),
            unknown,
        }
    }

    /// What such a replay cannot know.
    fn unknown(&self) -> Vec<String> {
        let count = &self.count;
        let mut unknown = vec![
            "Callees would have answered otherwise to another number, and a call that was held was never placed: outcomes are \
             not foretold."
                .to_owned(),
            "Pools, bench and reserve, standings and lives of numbers are as they were, although other calls would have \
             changed them."
                .to_owned(),
            "A dialer that is told to wait asks again at another time; the recorded calls are asked when they were.".to_owned(),
        ];
        if count.reports_left_out > 0 {
            unknown.push(format!(
                "{} reports belong to calls that would have been answered otherwise; of them only is heard who must not be \
                 called again.",
                count.reports_left_out
            ));
        }
        if count.shared_unseen > 0 {
            unknown.push(format!(
                "{} calls would have gone on to a bench or reserve that was not recorded, because no call asked them then.",
                count.shared_unseen
            ));
        }
        if count.ranker_unasked > 0 {
            unknown.push(format!(
                "For {} calls the policy names a ranker that was not asked then; its own order holds there.",
                count.ranker_unasked
            ));
        }
        unknown
    }
}

impl Side {
    fn add(
        &mut self,
        day: Day,
        decided: &Decided,
        decision: &Decision,
        considered: &[(E164, Passed)],
        seen: &Seen,
        before: &Rolled,
    ) {
        let is_cap = |passed: &Passed| {
            use Passed::{PerCarrier, PerDay, PerHour, PerMinute, UserHeld, WarmUp};
            matches!(passed, PerDay | PerHour | PerMinute | PerCarrier | WarmUp | UserHeld)
        };
        self.cap_touched += u64::from(considered.iter().any(|(_, passed)| is_cap(passed)));
        let Decision::Use { number, rung, .. } = decision else {
            self.held += 1;
            return;
        };
        self.shown += 1;
        self.numbers.insert(*number);
        *self.per_day.entry((day, *number)).or_default() += 1;
        if let Some(rung) = rung {
            *self.rungs.entry(policies::rung_word(*rung)).or_default() += 1;
        }
        *self.locality.entry(locality_word(locality(*number, decided.ask().callee))).or_default() += 1;
        let shared = seen.shared.iter().flat_map(|shared| shared.view.bench.iter().chain(&shared.view.reserve));
        let candidates = seen.pool.candidates.iter().chain(shared);
        *self.standing.entry(standing_word(*number, decided.carrier, candidates)).or_default() += 1;
        let last = before.callees.get(&decided.callee).and_then(|callee| callee.sticky);
        self.changes_seen += u64::from(last.is_some_and(|(last, _)| last != *number));
    }

    /// A call that was never placed is no call of its number.
    fn give_back(&mut self, day: Day, number: E164) {
        if let Some(calls) = self.per_day.get_mut(&(day, number)) {
            *calls = calls.saturating_sub(1);
        }
    }

    fn view(self) -> SideView {
        let mut volumes: Vec<u32> = self.per_day.into_values().collect();
        volumes.sort_unstable();
        SideView {
            shown: self.shown,
            held: self.held,
            per_number_day_max: volumes.last().copied().unwrap_or_default(),
            per_number_day_p95: percentile(&volumes, 95),
            distinct_numbers: self.numbers.len() as u64,
            cap_touched: self.cap_touched,
            rungs: named(self.rungs),
            locality: named(self.locality),
            standing: named(self.standing),
            changes_seen: self.changes_seen,
        }
    }
}

/// The least of these ascending figures that so many in a hundred do not exceed.
fn percentile(ascending: &[u32], percent: usize) -> u32 {
    let place = (ascending.len() * percent).div_ceil(100).saturating_sub(1);
    ascending.get(place).copied().unwrap_or_default()
}

fn add(counts: &mut BTreeMap<&'static str, u64>, reason: HoldReason) {
    *counts.entry(reason.word()).or_default() += 1;
}

fn named(counts: BTreeMap<&'static str, u64>) -> BTreeMap<String, u64> {
    counts.into_iter().map(|(word, count)| (word.to_owned(), count)).collect()
}

/// How near a number is, in a word.
pub(in super::super) const fn locality_word(locality: Locality) -> &'static str {
    match locality {
        Locality::Group => "group",
        Locality::State => "state",
        Locality::Neighbour => "neighbour",
        Locality::Zone => "zone",
        Locality::Elsewhere => "elsewhere",
    }
}

/// The standing on this carrier of a number that is among these.
pub(in super::super) fn standing_word<'a>(
    number: E164,
    carrier: Option<Carrier>,
    mut candidates: impl Iterator<Item = &'a Candidate>,
) -> &'static str {
    let Some(carrier) = carrier else { return "carrier_not_known" };
    let candidate = candidates.find(|candidate| candidate.number == number);
    candidate.map_or(Status::Unknown, |candidate| candidate.status[carrier.index()]).word()
}

impl House {
    /// Takes the calls of so many days again under a policy that stands in the place of that of everybody; the scopes in force
    /// stay. The first text is the policy, the others are those that it builds on.
    pub(in super::super) async fn judge_policy(
        &self,
        days: Option<u32>,
        texts: Vec<PolicyText>,
    ) -> Result<JudgedView, DeskError> {
        let scopes = self.hot.policy.load().scopes().clone();
        let mut files = Vec::new();
        let mut problems = Vec::new();
        for PolicyText { name, text } in &texts {
            match PolicyFile::read(name, text) {
                Ok(file) => files.push(file),
                Err(found) => problems.extend(found),
            }
        }
        let read = if problems.is_empty() { policies::in_place_of_all(files, scopes) } else { Err(problems) };
        let read = read.map_err(|problems| {
            let said: Vec<String> =
                problems.iter().map(|problem| format!("{}: {}", problem.place, problem.reason)).collect();
            let remedy = problems.first().map(|problem| problem.remedy.clone()).unwrap_or_default();
            DeskError::new(DeskErrorKind::Invalid, "bad_policy", said.join("; "), remedy)
        })?;
        let since = now().before(days.map_or(self.config.keep_calls, |days| DAY * days));
        let judge = Judge::new(read.policies(0), since);
        Ok(self.replay("policy replay", judge).await?.view(read.file))
    }
}

#[cfg(test)]
mod tests {
    use super::percentile;

    #[test]
    fn a_percentile_is_a_figure_that_was_counted() {
        let figures: Vec<u32> = (1..=100).collect();
        assert_eq!((percentile(&figures, 95), percentile(&figures, 100)), (95, 100));
        assert_eq!((percentile(&[7], 95), percentile(&[], 95)), (7, 0));
        assert_eq!(percentile(&[1, 2, 3], 95), 3);
    }
}
