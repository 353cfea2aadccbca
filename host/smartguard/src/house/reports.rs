//! What became of calls: weighs a report, joins it to its call, corrects the counts, and answers when it is durable.

use super::calls::Call;
use super::hot::Hot;
use super::journal::{Done, JournalError};
use super::keys::Sealed;
use super::record::{Record, Reported};
use crate::desk::{Matched, OutcomeReceipt, OutcomeReport};
use numbers::{CallReport, E164, Moment, Verdict};
use std::sync::atomic::Ordering;

impl Hot {
    /// Takes reports in order and answers when all of them are durable.
    pub async fn report(
        &self,
        reports: Vec<OutcomeReport>,
        businesses: &[String],
        now: Moment,
    ) -> Result<Vec<OutcomeReceipt>, JournalError> {
        self.journal.has_room()?;
        let receipts =
            reports.iter().map(|report| self.take(report, businesses, now)).collect::<Result<Vec<_>, _>>()?;
        self.journal.settle().await?;
        Ok(receipts)
    }

    fn take(&self, report: &OutcomeReport, businesses: &[String], now: Moment) -> Result<OutcomeReceipt, JournalError> {
        let verdict = numbers::outcome::normalise(&words(report));
        let at = report.ended_at.unwrap_or(now);
        let joined = self.join(report, businesses, at)?;
        let callee = joined.as_ref().map(|call| call.callee);
        let record = Record::Reported(Reported {
            at: now,
            decision: joined.as_ref().map(|call| call.seq),
            callee,
            verdict: verdict.clone(),
        });
        self.journal.append(self.journal.sequence(), &record, Done::Nobody)?;
        self.counts.outcomes.fetch_add(1, Ordering::Relaxed);
        let Some(call) = joined else {
            self.counts.orphans.fetch_add(1, Ordering::Relaxed);
            let outcome = verdict.map_or("untold", |verdict| verdict.outcome.word()).to_owned();
            return Ok(OutcomeReceipt { matched: Matched::Orphan, outcome, decision_id: None });
        };
        let outcome = match &verdict {
            Some(verdict) => self.apply(call.seq, verdict, now).map_or(verdict.outcome, |known| known.outcome).word(),
            None => "untold",
        };
        let sealed = Sealed { seq: call.seq, at: call.at, number: call.number, callee: call.callee };
        Ok(OutcomeReceipt {
            matched: Matched::Joined,
            outcome: outcome.to_owned(),
            decision_id: Some(self.keys.seal(&sealed)),
        })
    }

    /// Counts a verdict with its call, and lets it act on caps and callee. Answers what is now known of the call.
    pub fn apply(&self, seq: u64, verdict: &Verdict, at: Moment) -> Option<Verdict> {
        let joined = self.calls.lock().reported(seq, verdict)?;
        let known = joined.call.verdict.clone();
        if joined.gives_back {
            self.with_usage(joined.call.number, |usage| usage.give_back(joined.call.at));
            self.with_callee(joined.call.callee, |callee| callee.give_back_attempt(joined.call.at));
        }
        if known.as_ref().is_some_and(|verdict| verdict.suppress_callee) {
            self.with_callee(joined.call.callee, |callee| {
                callee.suppressed.get_or_insert(at);
            });
        }
        known
    }

    /// By the sealed id, else by the call id, else by the two numbers within ten minutes.
    fn join(&self, report: &OutcomeReport, businesses: &[String], at: Moment) -> Result<Option<Call>, JournalError> {
        if let Some(sealed) = report.decision_id.as_deref().and_then(|id| self.keys.unseal(id)) {
            if let Some(call) = self.calls.lock().by_seq(sealed.seq) {
                return Ok(Some(call.clone()));
            }
            let Sealed { seq, at, number, callee } = sealed;
            self.journal.append(
                self.journal.sequence(),
                &Record::Restored { seq, at, number, callee },
                Done::Nobody,
            )?;
            self.restore(&sealed);
            return Ok(self.calls.lock().by_seq(seq).cloned());
        }
        let calls = self.calls.lock();
        if let Some(call) = report.call_id.as_deref().and_then(|id| calls.by_call(self.keys.call(id))) {
            return Ok(Some(call.clone()));
        }
        let Some((from, to)) = report.from.zip(report.to) else { return Ok(None) };
        Ok(businesses.iter().find_map(|business| self.pair(&calls, business, from, to, at)))
    }

    fn pair(&self, calls: &super::calls::Calls, business: &str, from: E164, to: E164, at: Moment) -> Option<Call> {
        calls.by_pair(from, self.keys.callee(business, to), at).cloned()
    }
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
