//! What the path of a call writes: decisions, outcomes and charges, in the order of their sequence numbers.
//!
//! These are the disk's own types. Replaying them rebuilds the hot state; a decision is applied as it was taken and never taken anew.

use numbers::choose::From;
use numbers::{CalleeHash, Carrier, Decision, E164, Moment, OwnerId, Passed, Rung, TurnChange, Verdict};
use serde::{Deserialize, Serialize};

/// One record of the path of a call.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum Record {
    Decided(Decided),
    Reported(Reported),
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
    /// The decision that this report joins; none for an orphan.
    pub decision: Option<u64>,
    /// The callee, where the report or its call tells; a complaint is remembered even of an orphan.
    pub callee: Option<CalleeHash>,
    /// None when the report told nothing about the outcome.
    pub verdict: Option<Verdict>,
}
