//! What is under way with an agency: cases, the filings they and registrations send out, and the tasks left to a person.
//!
//! The types alone; [`crate::step`] changes them.

use crate::business::Business;
use crate::carrier::{Carrier, Carriers};
use crate::e164::E164;
use crate::moment::Moment;
use crate::standing::{AgencyId, Status};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// The dispute of one number's label with one agency. There is at most one open case for each such pair.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Case {
    pub id: u64,
    pub number: E164,
    pub agency: AgencyId,
    pub opened_at: Moment,
    pub state: CaseState,
    /// What the agency said when the case was opened; goes into every dispute.
    pub status: Status,
    pub label: Option<String>,
    /// Set when the label was seen on one carrier only.
    pub carrier: Option<Carrier>,
    /// Disputes begun so far, those aside that the adapter could not make.
    pub attempts: u32,
    /// The adapters that could not dispute this label; the next one is tried.
    pub unsupported_by: BTreeSet<String>,
    /// How many of them were refused.
    pub refusals: u32,
    /// No dispute before this.
    pub next_at: Moment,
    /// The filing under way.
    pub filing: Option<u64>,
    /// The open task.
    pub task: Option<u64>,
    /// Why the last dispute came to nothing, in the agency's or the adapter's words.
    pub note: Option<String>,
}

/// `open → submitting → submitted → verifying → closed`, and from a refusal back to `open`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CaseState {
    Open,
    /// A filing is on its way, or a person has been asked to make it.
    Submitting,
    /// The agency has it, and nothing has looked at the number since.
    Submitted {
        at: Moment,
    },
    /// A source has looked since, and the number was not clean yet.
    Verifying {
        since: Moment,
    },
    Closed {
        how: Closure,
        at: Moment,
    },
}

/// How a case ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Closure {
    Cleared,
    Refused,
    Expired,
}

impl Case {
    /// How often a dispute has been begun by whatever adapter, so that no two have the same key.
    pub fn begun(&self) -> u32 {
        self.attempts + u32::try_from(self.unsupported_by.len()).unwrap_or(u32::MAX)
    }

    /// The carriers whose callees meet the label.
    pub fn concerns(&self) -> Carriers {
        match self.carrier {
            Some(carrier) => Carriers::NONE.with(carrier),
            None => Carriers::concerned_by(&self.agency),
        }
    }

    pub const fn is_closed(&self) -> bool {
        matches!(self.state, CaseState::Closed { .. })
    }
}

/// What a filing is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Purpose {
    Register,
    Dispute { case: u64 },
}

/// One request to an agency, whose effect must happen once.
///
/// It exists from the event of its intent on, which is committed before the request leaves.
/// What it says is frozen then: a later change of the business changes the next filing, not this one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Filing {
    pub id: u64,
    /// The same for every sending of this filing.
    pub key: String,
    pub purpose: Purpose,
    pub adapter: String,
    pub numbers: Vec<E164>,
    /// The business as it was when the intent was recorded.
    pub business: Business,
    pub intended_at: Moment,
    pub state: FilingState,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FilingState {
    /// The request is out, or about to be. After a restart nobody knows which; see [`crate::event::What::Restarted`].
    Sending,
    /// It certainly has no effect yet and is sent again, under the same key, from this moment on.
    Again {
        at: Moment,
        reason: String,
    },
    /// The adapter is asked to `track` the key from this moment on, because nobody knows whether the request arrived.
    Unsure {
        track_at: Moment,
    },
    /// The adapter works on it; it is asked again with this token.
    Pending {
        token: String,
        ask_again_at: Moment,
    },
    /// A person makes or looks for it.
    WithPerson {
        task: u64,
    },
    Filed {
        at: Moment,
        reference: Option<String>,
    },
    Unsupported {
        reason: String,
    },
    Rejected {
        reason: String,
        at: Moment,
    },
    /// What it was for is over.
    Withdrawn {
        at: Moment,
    },
}

impl FilingState {
    /// Whether nothing more will come of it.
    pub const fn is_over(&self) -> bool {
        match self {
            FilingState::Sending
            | FilingState::Again { .. }
            | FilingState::Unsure { .. }
            | FilingState::Pending { .. }
            | FilingState::WithPerson { .. } => false,
            FilingState::Filed { .. }
            | FilingState::Unsupported { .. }
            | FilingState::Rejected { .. }
            | FilingState::Withdrawn { .. } => true,
        }
    }
}

/// Something that only a person can do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Task {
    pub id: u64,
    pub business: String,
    pub kind: TaskKind,
    pub title: String,
    /// The stored packet with the form, files and letter.
    pub packet: Option<String>,
    pub opened_at: Moment,
    pub due_at: Moment,
    pub state: TaskState,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TaskKind {
    /// File what the packet says.
    File { filing: u64 },
    /// Nobody knows whether this filing arrived: look, file it if it did not, and say so.
    FindOut { filing: u64 },
    /// No adapter disputes at this case's agency: dispute it by hand.
    Dispute { case: u64 },
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TaskState {
    Open,
    Done {
        by: String,
        at: Moment,
        /// What the person noted, such as the agency's feedback id.
        note: Option<String>,
    },
    Withdrawn {
        at: Moment,
        reason: String,
    },
}
