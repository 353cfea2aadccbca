//! What the path of a call writes: decisions, outcomes and charges, in the order of their sequence numbers.
//!
//! These are the disk's own types. Replaying them rebuilds the hot state; a decision is applied as it was taken and never taken anew.

use numbers::choose::From;
use numbers::outcome::merge;
use numbers::{CalleeHash, Carrier, Decision, E164, Moment, Outcome, OwnerId, Passed, Rung, TurnChange, Verdict};
use serde::{Deserialize, Serialize};

/// One record of the path of a call.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum Record {
    Decided(Decided),
    /// Boxed, because it is far larger than the others.
    Reported(Box<Reported>),
    /// A crash lost the decision, and a late report brought it back under its seal.
    Restored {
        seq: u64,
        at: Moment,
        number: E164,
        callee: CalleeHash,
    },
    /// After an unclean stop: what each of these numbers may have been shown for without a record of it.
    Charged {
        at: Moment,
        owner: OwnerId,
        numbers: Vec<E164>,
        calls: u32,
    },
    /// A start after a clean stop: nothing that was decided before this is missing.
    Settled {
        at: Moment,
    },
}

/// A decision, with its receipt.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Decided {
    pub at: Moment,
    pub owner: OwnerId,
    /// The keyed hash of the dialer's call id.
    pub call: u64,
    pub callee: CalleeHash,
    pub carrier: Option<Carrier>,
    pub decision: Decision,
    pub from: From,
    pub turn: TurnChange,
    /// The locality bucket whose turn it was.
    pub bucket: u16,
    pub valid_until: Moment,
    /// Every candidate, and why it was passed over.
    pub considered: Vec<(E164, Passed)>,
    /// The rungs that were climbed.
    pub rungs: Vec<Rung>,
    pub policy_revision: u64,
}

/// What became of a call.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Reported {
    pub at: Moment,
    /// The call that this report joins; none for an orphan.
    pub call: Option<Joined>,
    /// Whom an orphan is about, where it can be told in whose name the call was made. A complaint is kept even of an orphan.
    pub callee: Option<CalleeHash>,
    /// None when the report told nothing about the outcome.
    pub verdict: Option<Verdict>,
}

/// A call as a report found it. The report can be counted by it alone, long after the decision's own record is gone.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Joined {
    pub seq: u64,
    pub at: Moment,
    pub number: E164,
    pub callee: CalleeHash,
    pub carrier: Option<Carrier>,
    /// What was known of it before.
    pub before: Option<Verdict>,
}

impl Reported {
    /// The callee who must not be called again, as this report says.
    pub fn suppresses(&self) -> Option<CalleeHash> {
        let suppresses = self.verdict.as_ref().is_some_and(|verdict| verdict.suppress_callee);
        self.call.as_ref().map(|call| call.callee).or(self.callee).filter(|_| suppresses)
    }
}

impl Joined {
    /// What is known of the call with this verdict added.
    pub fn known(&self, verdict: &Verdict) -> Verdict {
        self.before.as_ref().map_or_else(|| verdict.clone(), |before| merge(before, verdict))
    }

    /// The call was never placed, and no report before this one said so.
    pub fn gives_back(&self, known: &Verdict) -> bool {
        let not_placed = |verdict: &Verdict| verdict.outcome == Outcome::NotPlaced;
        not_placed(known) && !self.before.as_ref().is_some_and(not_placed)
    }
}
