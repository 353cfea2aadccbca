//! What became of calls: weighs a report, joins it to its call, corrects the counts, and answers when it is durable.

use super::calls::{CORRECTED_FOR, Call, Calls};
use super::directory::Directory;
use super::hot::{Callees, Hot};
use super::journal::{Done, JournalError};
use super::keys::Sealed;
use super::record::{Record, Reported, Unasked};
use crate::desk::{Matched, OutcomeReceipt, OutcomeReport};
use core::time::Duration;
use numbers::{CallReport, CalleeHash, E164, Moment, Outcome, OwnerId, Verdict};
use std::sync::atomic::Ordering;

impl Hot {
    /// Takes reports in order and answers when all of them are durable.
    pub async fn report(
        &self,
        reports: Vec<OutcomeReport>,
        directory: &Directory,
        now: Moment,
    ) -> Result<Vec<OutcomeReceipt>, JournalError> {
        self.journal.has_room()?;
        let businesses = directory.businesses();
        let receipts = reports
            .iter()
            .map(|report| self.take(report, directory, &businesses, now))
            .collect::<Result<Vec<_>, _>>()?;
        self.journal.settle().await?;
        Ok(receipts)
    }

    fn take(
        &self,
        report: &OutcomeReport,
        directory: &Directory,
        businesses: &[String],
        now: Moment,
    ) -> Result<OutcomeReceipt, JournalError> {
        let verdict = numbers::outcome::normalise(&words(report));
        let at = report.ended_at.unwrap_or(now);
        let sealed = report.decision_id.as_deref().and_then(|id| self.keys.unseal(id));
        let call = self.join(report, sealed, (directory, businesses), (at, now))?;
        let callee = match (&call, sealed) {
            (Some(_), _) => None,
            (None, Some(sealed)) => Some(sealed.callee),
            (None, None) => self.callee_of_orphan(report, directory, businesses),
        };
        self.counts.outcomes.fetch_add(1, Ordering::Relaxed);
        let gives_back = verdict.as_ref().is_some_and(|verdict| verdict.outcome == Outcome::NotPlaced);
        // One that was asked for was counted when it was.
        let placed = call.is_none() && sealed.is_none() && !gives_back;
        let unasked = callee.filter(|_| placed).map(|callee| Unasked {
            at: at.before(took(report)),
            call: match &report.call_id {
                Some(id) => self.keys.call(&format!("{callee} {id}")),
                None => self.keys.call(&format!("{callee} {}", at.seconds() / 60)),
            },
        });
        let record = |callees: Option<&mut Callees>| {
            // Recorded under the lock under which it is counted, so that a replay counts two reports of one call in the
            // same order.
            let mut calls = self.calls.lock();
            let joined = call.as_ref().map(|call| calls.joined(call.seq).unwrap_or_else(|| call.joined()));
            // Two reports of one call are one attempt.
            let unasked = unasked.filter(|unasked| calls.is_first_of(unasked.call));
            let reported = Reported { at: now, call: joined, callee, verdict: verdict.clone(), unasked };
            self.journal.append(
                self.journal.sequence(),
                &Record::Reported(Box::new(reported.clone())),
                Done::Nobody,
            )?;
            let known = Hot::count(&mut calls, &reported);
            drop(calls);
            if let Some(callees) = callees {
                self.act_on(&reported, callees);
            }
            if let Some((joined, known)) = reported.call.as_ref().zip(known.as_ref()) {
                self.shadows.known(joined.seq, known.outcome);
            }
            Ok(known.or(reported.verdict))
        };
        // Only these change what later calls are answered; a call is taken for one that was never placed by no other report.
        let suppresses = verdict.as_ref().is_some_and(|verdict| verdict.suppress_callee);
        let concerned =
            call.as_ref().map(|call| call.callee).or(callee).filter(|_| gives_back || suppresses || unasked.is_some());
        let number = call.as_ref().map(|call| call.number).filter(|_| gives_back);
        let known = match concerned {
            Some(callee) => self.in_order(directory, number, callee, |callees| record(Some(callees)))?,
            None => record(None)?,
        };
        let outcome = known.map_or("untold", |known| known.outcome.word()).to_owned();
        let Some(call) = call else {
            self.counts.orphans.fetch_add(1, Ordering::Relaxed);
            return Ok(OutcomeReceipt { matched: Matched::Orphan, outcome, decision_id: None });
        };
        let sealed = Sealed { seq: call.seq, at: call.at, number: call.number, callee: call.callee };
        Ok(OutcomeReceipt { matched: Matched::Joined, outcome, decision_id: Some(self.keys.seal(&sealed)) })
    }

    /// Applies a report that was taken before this start.
    pub fn replay_report(&self, reported: &Reported) {
        let mut calls = self.calls.lock();
        Hot::count(&mut calls, reported);
        if let Some(unasked) = reported.unasked {
            calls.is_first_of(unasked.call);
        }
        drop(calls);
        if let Some(callee) = reported.callee() {
            self.act_on(reported, &mut self.callees_with(callee));
        }
    }

    /// Counts a report with its call. Answers what is now known of that call.
    fn count(calls: &mut Calls, reported: &Reported) -> Option<Verdict> {
        let (joined, known) = reported.counted()?;
        calls.count(joined, &known);
        Some(known)
    }

    /// Lets a report act on caps and callee.
    fn act_on(&self, reported: &Reported, callees: &mut Callees) {
        if let Some((joined, known)) = reported.counted()
            && joined.gives_back(&known)
        {
            self.with_usage(joined.number, |usage| usage.give_back(joined.at, joined.carrier));
            callees.entry(joined.callee).or_default().give_back_attempt(joined.at);
        }
        if let Some((callee, at)) = reported.attempt() {
            callees.entry(callee).or_default().record_attempt(at);
        }
        if let Some(callee) = reported.suppresses() {
            callees.entry(callee).or_default().suppress(reported.at);
        }
    }

    /// The callee of a report that joins no call, when it can be told in whose name the call was made: by the number
    /// that was shown, else by who called, else because there is one business alone.
    fn callee_of_orphan(
        &self,
        report: &OutcomeReport,
        directory: &Directory,
        businesses: &[String],
    ) -> Option<CalleeHash> {
        let owner = || {
            let user = report.user.clone().map(OwnerId::User);
            let campaign = report.campaign.clone().map(OwnerId::Campaign);
            let owner = user.into_iter().chain(campaign).find_map(|id| directory.owner(&id))?;
            Some(owner.business.id.clone())
        };
        let only = || <&[String; 1]>::try_from(businesses).ok().map(|[only]| only.clone());
        let business = report.from.and_then(|from| directory.business_of(from)).or_else(owner).or_else(only)?;
        Some(self.keys.callee(&business, report.to?))
    }

    /// By the sealed id, else by the call id, else by the two numbers within ten minutes. A call whose decision a crash
    /// took is brought back by its sealed id. One that is older than calls are corrected for is left as it was counted.
    fn join(
        &self,
        report: &OutcomeReport,
        sealed: Option<Sealed>,
        (directory, businesses): (&Directory, &[String]),
        (at, now): (Moment, Moment),
    ) -> Result<Option<Call>, JournalError> {
        if let Some(sealed) = sealed {
            if let Some(call) = self.calls.lock().by_seq(sealed.seq) {
                return Ok(Some(call.clone()));
            }
            let Sealed { seq, at, number, callee } = sealed;
            if now.since(at) > CORRECTED_FOR {
                return Ok(None);
            }
            return self.in_order(directory, Some(number), callee, |callees| {
                // Another report of the same call may have been a moment earlier.
                if let Some(call) = self.calls.lock().by_seq(seq) {
                    return Ok(Some(call.clone()));
                }
                let record = Record::Restored { seq, at, number, callee };
                self.journal.append(self.journal.sequence(), &record, Done::Nobody)?;
                self.restore(&sealed, callees, self.policy.load().base());
                Ok(self.calls.lock().by_seq(seq).cloned())
            });
        }
        let calls = self.calls.lock();
        if let Some(call) = report.call_id.as_deref().and_then(|id| calls.by_call(self.keys.call(id))) {
            return Ok(Some(call.clone()));
        }
        let Some((from, to)) = report.from.zip(report.to) else { return Ok(None) };
        Ok(businesses.iter().find_map(|business| self.pair(&calls, business, from, to, at)))
    }

    fn pair(&self, calls: &Calls, business: &str, from: E164, to: E164, at: Moment) -> Option<Call> {
        calls.by_pair(from, self.keys.callee(business, to), at).cloned()
    }
}

/// How long the call took until it ended, as far as it is told.
fn took(report: &OutcomeReport) -> Duration {
    Duration::from_secs(u64::from(report.dial_time.unwrap_or(0)) + u64::from(report.duration.unwrap_or(0)))
}

fn words(report: &OutcomeReport) -> CallReport {
    CallReport {
        sip_code: report.sip_code,
        sip_reason: report.sip_reason.clone(),
        reason_header: report.reason_header.clone(),
        call_info: report.call_info.clone(),
        q850: report.q850,
        dialstatus: report.dialstatus.clone(),
        tech_cause: report.tech_cause.clone(),
        answered_by: report.answered_by.clone(),
        disposition: report.disposition.clone(),
        dial_time_s: report.dial_time,
        talk_s: report.duration,
        not_placed: report.not_placed,
    }
}
