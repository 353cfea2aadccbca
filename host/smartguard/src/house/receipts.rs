//! Why a call got the answer it got, read from the record of its decision.

use super::House;
use super::counter::{hold_class, inner, missing};
use super::journal::{page_key, read_page};
use super::keys::Sealed;
use super::packets;
use super::record::{Decided, Record};
use crate::desk::{AskAnswer, CandidateView, DeskError, ReceiptKey, ReceiptView, Stamp};
use crate::store::{BlobId, Tree};
use numbers::{Decision, Packet, Passed};

/// A page begins at most so many sequence numbers before the record it holds: the longest queue and a group.
const PAGE_BACK_MAX: u64 = 40_000;

impl House {
    pub(super) async fn receipt_of(&self, key: ReceiptKey) -> Result<ReceiptView, DeskError> {
        let (seq, call_id) = match &key {
            ReceiptKey::Decision(id) => {
                let sealed = self.hot.keys.unseal(id).ok_or_else(|| missing("receipt", "this decision id"))?;
                (sealed.seq, String::new())
            }
            ReceiptKey::Call(call_id) => {
                let seq = self.hot.calls.lock().newest(self.hot.keys.call(call_id));
                (seq.ok_or_else(|| missing("receipt", &format!("a decision for call `{call_id}`")))?, call_id.clone())
            }
        };
        let decided = self.decided(seq).await?.ok_or_else(|| missing("receipt", "the record of this decision"))?;
        Ok(self.receipt_view(seq, call_id, &decided))
    }

    async fn decided(&self, seq: u64) -> Result<Option<Decided>, DeskError> {
        // What was just decided may still be on its way to the disk.
        self.hot.journal.settle().await?;
        let from = page_key(seq.saturating_sub(PAGE_BACK_MAX)).bytes;
        let to = page_key(seq + 1).bytes;
        let mut begin = from;
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
                        return Ok(Some(decided));
                    }
                }
            }
        }
    }

    fn receipt_view(&self, seq: u64, call_id: String, decided: &Decided) -> ReceiptView {
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
                };
                (answer, Some(id))
            }
            Decision::Hold { class, reason, retry_after } => {
                let reason = reason.word().to_owned();
                let retry_after_s = retry_after.as_secs().max(1);
                (AskAnswer::Hold { class: hold_class(*class), reason, retry_after_s }, None)
            }
        };
        let outcome =
            self.hot.calls.lock().by_seq(seq).and_then(|call| Some(call.verdict.as_ref()?.outcome.word().to_owned()));
        ReceiptView {
            decision_id,
            call_id,
            at: Stamp(decided.at),
            owner: decided.owner.to_string(),
            answer,
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
            policy_revision: decided.policy_revision,
            outcome,
        }
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
