//! Calls that were decided and may still be reported, and what the reports add up to.
//!
//! Joins a report to its call, corrects an earlier verdict by later evidence, and counts per number and carrier.
//! It keeps calls for 48 hours, and no more of them than its bound; a report for anything older is an orphan.

use super::record::Joined;
use core::time::Duration;
use numbers::{CalleeHash, Carrier, E164, Moment, Outcome, Verdict};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, HashMap, HashSet};

/// Later evidence corrects a verdict for so long.
pub const CORRECTED_FOR: Duration = Duration::from_secs(48 * 60 * 60);
/// A report with neither id joins by the two numbers when the call was decided at most so long before.
pub const PAIRED_WITHIN: Duration = Duration::from_secs(10 * 60);
/// Calls kept at most: about 200 MiB. Beyond it the oldest are let go before their time, and the metrics page says so.
pub const CALLS_MAX: usize = 1_000_000;

/// Holds that can be looked up by their call id, before the table begins anew; by decision they are found for as long as records are kept.
const HELD_MAX: usize = 100_000;

/// A call that was decided.
#[derive(Clone, Debug)]
pub struct Call {
    pub seq: u64,
    pub at: Moment,
    /// The keyed hash of the dialer's call id.
    pub call: u64,
    pub number: E164,
    pub callee: CalleeHash,
    pub carrier: Option<Carrier>,
    pub verdict: Option<Verdict>,
}

/// What our own calls show of one number on one carrier. Integers, so that they can be added up anywhere.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tally {
    pub attempts: u32,
    pub answered_human: u32,
    pub short_calls: u32,
    pub voicemail: u32,
    pub blocks: u32,
    pub rejected: u32,
    pub complaints: u32,
    pub talk_s: u64,
}

/// The tallies of one number, by the callees' carrier where it is known.
pub type Tallies = BTreeMap<Option<Carrier>, Tally>;

/// The open calls and the tallies.
#[derive(Debug, Default)]
pub struct Calls {
    by_seq: BTreeMap<u64, Call>,
    by_call: HashMap<u64, u64>,
    by_pair: HashMap<(E164, CalleeHash), u64>,
    /// Holds, by call, so that they can be explained; a later call under the same id takes the place.
    held: HashMap<u64, u64>,
    tallies: BTreeMap<E164, Tallies>,
    /// Calls that nobody asked for and that were counted as attempts.
    unasked: HashSet<u64>,
    /// Calls let go before their time because there were too many.
    pub let_go_early: u64,
}

impl Calls {
    /// Takes in a call that was just decided.
    pub fn decided(&mut self, call: Call) {
        let too_old = call.at.before(CORRECTED_FOR);
        while let Some(oldest) = self.by_seq.first_entry() {
            let early = oldest.get().at >= too_old;
            if early && self.by_seq.len() < CALLS_MAX {
                break;
            }
            self.let_go_early += u64::from(early);
            self.forget_oldest();
        }
        self.by_call.insert(call.call, call.seq);
        self.by_pair.insert((call.number, call.callee), call.seq);
        self.tally(call.number, call.carrier).attempts += 1;
        self.by_seq.insert(call.seq, call);
    }

    /// Takes in a call that was told to wait.
    pub fn held(&mut self, call: u64, seq: u64) {
        if self.held.len() >= HELD_MAX {
            self.held.clear();
        }
        self.held.insert(call, seq);
    }

    /// Whether this is the first report of a call that nobody asked for; from now on it is not. Of very many the table begins
    /// anew, and a second report of one of them would be counted as another attempt.
    pub fn is_first_of(&mut self, call: u64) -> bool {
        if self.unasked.len() >= HELD_MAX {
            self.unasked.clear();
        }
        self.unasked.insert(call)
    }

    /// The newest decision under this hash of a call id, a hold or not.
    pub fn newest(&self, call: u64) -> Option<u64> {
        self.by_call.get(&call).copied().max(self.held.get(&call).copied())
    }

    fn forget_oldest(&mut self) {
        if let Some((seq, call)) = self.by_seq.pop_first() {
            if self.by_call.get(&call.call) == Some(&seq) {
                self.by_call.remove(&call.call);
            }
            if self.by_pair.get(&(call.number, call.callee)) == Some(&seq) {
                self.by_pair.remove(&(call.number, call.callee));
            }
        }
    }

    pub fn by_seq(&self, seq: u64) -> Option<&Call> {
        self.by_seq.get(&seq)
    }

    /// The newest call under this hash of a call id.
    pub fn by_call(&self, call: u64) -> Option<&Call> {
        self.by_call.get(&call).and_then(|seq| self.by_seq.get(seq))
    }

    /// The newest call between the two, when it was decided within [`PAIRED_WITHIN`] before `now`.
    pub fn by_pair(&self, number: E164, callee: CalleeHash, now: Moment) -> Option<&Call> {
        let call = self.by_pair.get(&(number, callee)).and_then(|seq| self.by_seq.get(seq))?;
        (now.since(call.at) <= PAIRED_WITHIN).then_some(call)
    }

    /// The call as a report that comes now finds it.
    pub fn joined(&self, seq: u64) -> Option<Joined> {
        self.by_seq.get(&seq).map(Call::joined)
    }

    /// Counts what is known of a call now, in place of what was counted before.
    pub fn count(&mut self, joined: &Joined, known: &Verdict) {
        self.tally(joined.number, joined.carrier).correct(joined.before.as_ref(), known);
        if let Some(call) = self.by_seq.get_mut(&joined.seq) {
            call.verdict = Some(known.clone());
        }
    }

    /// Takes in what calls of before add up to.
    pub fn begin_with(&mut self, number: E164, tallies: Tallies) {
        self.tallies.insert(number, tallies);
    }

    fn tally(&mut self, number: E164, carrier: Option<Carrier>) -> &mut Tally {
        self.tallies.entry(number).or_default().entry(carrier).or_default()
    }

    /// What our own calls show of this number, by carrier.
    pub fn tallies(&self, number: E164) -> Tallies {
        self.tallies.get(&number).cloned().unwrap_or_default()
    }

    pub fn open(&self) -> usize {
        self.by_seq.len()
    }
}

impl Call {
    /// The call as a report that comes now finds it.
    pub fn joined(&self) -> Joined {
        let Call { seq, at, call: _, number, callee, carrier, verdict } = self.clone();
        Joined { seq, at, number, callee, carrier, before: verdict }
    }
}

impl Tally {
    /// Counts what is known of a call, in place of what was known of it before.
    pub fn correct(&mut self, before: Option<&Verdict>, known: &Verdict) {
        if let Some(before) = before {
            self.take_out(before);
        }
        self.put_in(known);
    }

    fn put_in(&mut self, verdict: &Verdict) {
        let (count, complaint, talk_s) = self.places(verdict);
        if let Some(count) = count {
            *count += 1;
        }
        self.complaints += complaint;
        self.talk_s += talk_s;
    }

    fn take_out(&mut self, verdict: &Verdict) {
        let (count, complaint, talk_s) = self.places(verdict);
        if let Some(count) = count {
            *count = count.saturating_sub(1);
        }
        self.complaints = self.complaints.saturating_sub(complaint);
        self.talk_s = self.talk_s.saturating_sub(talk_s);
    }

    fn places(&mut self, verdict: &Verdict) -> (Option<&mut u32>, u32, u64) {
        let count = match verdict.outcome {
            Outcome::AnsweredHuman => Some(&mut self.answered_human),
            Outcome::ShortCall => Some(&mut self.short_calls),
            Outcome::Voicemail => Some(&mut self.voicemail),
            Outcome::BlockedNetwork | Outcome::BlockedUnwanted | Outcome::BlockedAnalytics => Some(&mut self.blocks),
            Outcome::Rejected => Some(&mut self.rejected),
            Outcome::Fax
            | Outcome::AnsweredUnknown
            | Outcome::NoAnswer
            | Outcome::Busy
            | Outcome::InvalidNumber
            | Outcome::CallerIdRefused
            | Outcome::NetworkFailed
            | Outcome::NotPlaced => None,
        };
        (count, u32::from(verdict.complaint), u64::from(verdict.talk_s.unwrap_or(0)))
    }
}
