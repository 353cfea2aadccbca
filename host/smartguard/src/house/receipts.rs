//! Why a call got the answer it got, read from the record of its decision.

use super::House;
use super::calls::Call;
use super::desk::hold_class;
use super::errors::{inner, missing};
use super::keeper::now;
use super::keys::Sealed;
use super::packets;
use super::record::{Decided, Record, page_key, read_page};
use crate::config::Config;
use crate::desk::{AskAnswer, CandidateView, DeskError, DeskErrorKind, RankingView, ReceiptKey, ReceiptView, Stamp};
use crate::store::{BlobId, Tree};
use crate::strict::in_words;
use numbers::{Decision, Moment, Packet, Passed, Ranked, Ranking};

/// A page begins at most so many sequence numbers before the record it holds: the longest queue and a group.
const PAGE_BACK_MAX: u64 = 40_000;
const PAGE_BACK_USUAL: u64 = 200;

impl House {
    pub(super) async fn receipt_of(&self, key: ReceiptKey) -> Result<ReceiptView, DeskError> {
        let (seq, at, call_id) = self.place_of(&key)?;
        let kept = match self.decided(seq).await? {
            Some(decided) => Some(self.receipt_view(seq, call_id, &decided)),
            None => self.restored_view(seq, call_id),
        };
        kept.ok_or_else(|| no_record(at, now(), &self.config))
    }

    /// The record of a decision by whichever name it is asked for, when it was made as far as the name tells, and the call id
    /// as far as it was given.
    pub(super) fn place_of(&self, key: &ReceiptKey) -> Result<(u64, Option<Moment>, String), DeskError> {
        match key {
            ReceiptKey::Decision(id) => {
                let sealed = self.hot.keys.unseal(id).ok_or_else(|| missing("receipt", "this decision id"))?;
                Ok((sealed.seq, Some(sealed.at), String::new()))
            }
            ReceiptKey::Call(call_id) => {
                let seq = self.hot.calls.lock().newest(self.hot.keys.call(call_id));
                Ok((seq.ok_or_else(|| no_recent_call(call_id))?, None, call_id.clone()))
            }
        }
    }

    pub(super) async fn decided(&self, seq: u64) -> Result<Option<Decided>, DeskError> {
        // What was just decided may still be on its way to the disk.
        self.hot.journal.settle().await?;
        // Most often it is near the beginning of its page, and only after a long wait for the disk far behind it.
        match self.decided_within(seq, PAGE_BACK_USUAL).await? {
            Some(decided) => Ok(Some(decided)),
            None => self.decided_within(seq, PAGE_BACK_MAX).await,
        }
    }

    /// Looks through the pages that begin at most so far before it.
    async fn decided_within(&self, seq: u64, back: u64) -> Result<Option<Decided>, DeskError> {
        let mut begin = page_key(seq.saturating_sub(back)).bytes;
        let to = page_key(seq + 1).bytes;
        loop {
            let page = self
                .store
                .scan(Tree::Event, &begin, Some(&to), 512)
                .await
                .map_err(|cause| inner("reading the records of calls", &cause))?;
            let Some((last, _, _)) = page.last() else { return Ok(None) };
            begin = crate::store::after(last);
            for (_, _, value) in page {
                let records = read_page(&value).map_err(|cause| inner("reading a page of records", &cause))?;
                for (found, record) in records {
                    if let (true, Record::Decided(decided)) = (found == seq, record) {
                        return Ok(Some(*decided));
                    }
                }
            }
        }
    }

    pub(super) fn receipt_view(&self, seq: u64, call_id: String, decided: &Decided) -> ReceiptView {
        let (answer, decision_id) = match &decided.decision {
            Decision::Use { number, attempts_left, .. } => {
                let sealed = Sealed { seq, at: decided.at, number: *number, callee: decided.callee };
                let id = self.hot.keys.seal(&sealed);
                let answer = AskAnswer::Use {
                    caller_id: number.to_string(),
                    decision_id: id.clone(),
                    reason: super::hot::reason_of(&decided.decision),
                    trunk: None,
                    attempts_left: *attempts_left,
                    valid_until: Stamp(decided.valid_until),
                    calls_left: None,
                };
                (answer, Some(id))
            }
            Decision::Hold { class, reason, retry_after } => {
                let reason = reason.word().to_owned();
                let retry_after_s = retry_after.as_secs().max(1);
                (AskAnswer::Hold { class: hold_class(*class), reason, retry_after_s, calls_left: None }, None)
            }
        };
        let outcome = self.hot.calls.lock().by_seq(seq).and_then(outcome);
        ReceiptView {
            decision_id,
            call_id,
            at: Stamp(decided.at),
            owner: Some(decided.owner.to_string()),
            answer,
            listed: decided.asked.listed.lists().map(|list| list.to_string()).collect(),
            candidates: decided
                .considered
                .iter()
                .map(|(number, passed)| CandidateView {
                    number: number.to_string(),
                    chosen: *passed == Passed::Chosen,
                    reasons: vec![passed.word().to_owned()],
                })
                .collect(),
            rungs: decided.rungs.iter().map(|rung| crate::policies::rung_word(*rung).to_owned()).collect(),
            policy_revision: Some(decided.policy_revision),
            ranking: decided.ranking.as_ref().map(ranking_view),
            outcome,
        }
    }

    /// What is known of a call whose decision a crash took and whose outcome brought it back.
    fn restored_view(&self, seq: u64, call_id: String) -> Option<ReceiptView> {
        let call = self.hot.calls.lock().by_seq(seq)?.clone();
        let decision_id = self.hot.keys.seal(&Sealed { seq, at: call.at, number: call.number, callee: call.callee });
        Some(ReceiptView {
            decision_id: Some(decision_id.clone()),
            call_id,
            at: Stamp(call.at),
            owner: None,
            answer: AskAnswer::Use {
                caller_id: call.number.to_string(),
                decision_id,
                reason: "restored_by_its_outcome".to_owned(),
                trunk: None,
                attempts_left: 0,
                valid_until: Stamp(call.at),
                calls_left: None,
            },
            listed: Vec::new(),
            candidates: Vec::new(),
            rungs: Vec::new(),
            policy_revision: None,
            ranking: None,
            outcome: outcome(&call),
        })
    }

    /// The packet of a task, when it has one.
    pub(super) async fn packet(&self, task: u64) -> Result<Option<Packet>, DeskError> {
        let named = self.keeper.read(move |state| state.tasks.get(&task).and_then(|task| task.packet.clone())).await?;
        let Some(id) = named.and_then(|name| BlobId::parse(&name)) else { return Ok(None) };
        let bytes = self.store.get_blob(id).await.map_err(|cause| inner("reading the packet", &cause))?;
        let bytes = bytes.ok_or_else(|| missing("file", "the packet of this task"))?;
        packets::from_bytes(&bytes).map(Some).map_err(|cause| inner("reading the packet", &cause))
    }
}

/// Nothing is left of the decision by which it could be explained.
pub(super) fn no_record(at: Option<Moment>, now: Moment, config: &Config) -> DeskError {
    match at.filter(|at| now.since(*at) >= config.keep_calls) {
        Some(at) => DeskError::new(
            DeskErrorKind::NotFound,
            "receipt_too_old",
            format!(
                "this call was decided at {}, and receipts are kept for {}",
                Stamp(at),
                in_words(config.keep_calls)
            ),
            match config.archive() {
                Some(archive) => format!("the call itself stands in the archive, in {}", archive.display()),
                None => "a daemon that keeps all in memory has nothing more of it".to_owned(),
            },
        ),
        None => missing("receipt", "the record of this decision"),
    }
}

fn no_recent_call(call_id: &str) -> DeskError {
    DeskError::new(
        DeskErrorKind::NotFound,
        "no_such_receipt",
        format!("no decision for call `{call_id}` is known of the last 48 hours"),
        "look for an older call by its decision id",
    )
}

fn outcome(call: &Call) -> Option<String> {
    Some(call.verdict.as_ref()?.outcome.word().to_owned())
}

fn ranking_view(ranking: &Ranking) -> RankingView {
    let order = ranking.order().iter().map(ToString::to_string).collect();
    let (reason, fell_back) = match &ranking.said {
        Ranked::Order { reason, .. } => (Some(reason.clone()), None),
        Ranked::FellBack { why } => (None, Some(why.clone())),
    };
    RankingView { ranker: ranking.ranker.clone(), order, reason, fell_back }
}

#[cfg(test)]
mod tests {
    use super::*;
    use core::time::Duration;

    #[test]
    fn an_old_call_is_said_to_be_old() {
        let now = Moment::from_seconds(1_800_000_000);
        let config = Config { data: "/data".into(), ..Config::default() };
        let days = |n: u64| Some(now.before(Duration::from_secs(n * 24 * 60 * 60)));
        let old = no_record(days(7), now, &config);
        assert_eq!(old.code, "receipt_too_old");
        assert!(old.sentence.contains("receipts are kept for 7d"), "{}", old.sentence);
        assert!(old.remedy.contains("/data/archive"), "{}", old.remedy);
        assert_eq!(no_record(days(6), now, &config).code, "no_such_receipt", "it should be there and is not");
        assert_eq!(no_record(None, now, &config).code, "no_such_receipt");
    }
}
