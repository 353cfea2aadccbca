//! What happened: the facts that change the state, as they are stored and replayed.
//!
//! Each event carries everything that [`crate::state::State::step`] needs, the time included,
//! so that replaying the events gives the same state on any machine.
//! Events are bounded, because a stored value is: whoever makes one splits what is larger.

use crate::business::Business;
use crate::carrier::Carriers;
use crate::case::Purpose;
use crate::e164::E164;
use crate::moment::Moment;
use crate::number::{RightToUse, Source};
use crate::owner::OwnerId;
use crate::policy::{Patch, Policy};
use crate::scope::Scope;
use crate::standing::Observation;
use crate::state::AdapterFacts;
use serde::{Deserialize, Serialize};

/// Bytes of an event in postcard. A stored value has 4 KiB at most, with its header.
pub const EVENT_BYTES_MAX: usize = 3584;

// The bounds below keep an event within that, given the lengths that follow them.
// A number takes 5 bytes, an imported row about 70, an observation about 120 with its label.

/// Rows in one import event.
pub const IMPORT_ROWS_MAX: usize = 40;
/// Observations in one event.
pub const OBSERVATIONS_MAX: usize = 20;
/// Numbers asked about, woken, or moved in one event.
pub const NUMBERS_MAX: usize = 100;
/// Numbers in one filing; the rest goes with the next one.
pub const FILING_NUMBERS_MAX: usize = 300;
/// Bytes of a label, or of why a check failed: a number keeps one for each source, and an event many.
pub const WORDS_MAX: usize = 80;
/// Bytes of a title, of a reference, or of why an agency took no filing, which a number keeps for each registry.
/// Two sentences fit.
pub const REASON_BYTES_MAX: usize = 240;
/// Reasons in one answer for which numbers are refused; the last one speaks for all that are left.
pub const REFUSALS_MAX: usize = 8;
/// Bytes of a token that an agency gave for asking again; a part of a longer one would be another token.
pub const TOKEN_BYTES_MAX: usize = 1024;
/// Bytes of all that a business says of itself; each filing holds it beside its numbers.
pub const BUSINESS_BYTES_MAX: usize = 1200;
/// Scopes drafted in one event. One takes some 100 bytes and some 1,000 with the longest lists and two exemptions.
pub const SCOPES_MAX: usize = 3;
/// Adapters in force at once.
pub const ADAPTERS_MAX: usize = 48;

/// One fact, and when it became one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Event {
    pub at: Moment,
    pub what: What,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum What {
    /// A business is new, or says something new about itself.
    BusinessAdded(Business),
    /// Its pool is filled from the reserve in the same step.
    OwnerAdded {
        id: OwnerId,
        business: String,
        /// The policy's size when it is not said.
        pool_size: Option<u32>,
    },
    NumbersImported {
        business: String,
        by: String,
        rows: Vec<ImportedRow>,
    },
    RightRecorded {
        number: E164,
        right: RightToUse,
    },
    CallbackProven {
        number: E164,
        route: String,
    },
    /// Scopes of the policy that is adopted next. They change nothing until then.
    ScopesDrafted {
        scopes: Vec<(Scope, Patch)>,
    },
    /// The policy in force, with its content, so that a replay needs no file.
    PolicyAdopted {
        revision: u64,
        policy: Policy,
        /// So many of the scopes that were drafted last belong to it; those before them came to nothing.
        scopes: u32,
    },
    /// The adapters in force.
    RosterChanged {
        adapters: Vec<AdapterFacts>,
    },
    /// A source answered. A number asked about and not observed was answered with nothing, which says nothing of it.
    Observed {
        source: Source,
        /// The adapter that was asked, when one was.
        adapter: Option<String>,
        asked: Vec<E164>,
        observations: Vec<Observation>,
    },
    /// A source gave no answer.
    CheckFailed {
        adapter: String,
        asked: Vec<E164>,
        failure: String,
    },
    /// Our own calls look worse than their controls on these carriers.
    EarlyWarning {
        number: E164,
        carriers: Carriers,
    },
    /// The hot path took a ready number from the reserve for this owner.
    NumberDrawn {
        owner: OwnerId,
        number: E164,
    },
    /// Ready numbers are put on the bench of their business.
    NumbersBenched {
        numbers: Vec<E164>,
        by: String,
    },
    /// Recorded before the request leaves. The filing takes the next id; [`crate::step::Touched`] says which.
    FilingIntended {
        plan: FilingPlan,
    },
    /// Recorded before a filing in [`crate::case::FilingState::Again`] leaves once more, for the same reason.
    FilingResent {
        filing: u64,
    },
    FilingAnswered {
        filing: u64,
        answer: FilingOutcome,
    },
    TaskDone {
        task: u64,
        by: String,
        /// Such as the agency's feedback id.
        note: Option<String>,
    },
    TaskWithdrawn {
        task: u64,
        by: String,
        reason: String,
    },
    /// So many calls each of these numbers has been shown on in all. Told where a policy rests numbers by volume.
    VolumeSeen {
        totals: Vec<(E164, u64)>,
    },
    /// Time passed for these numbers.
    Woke {
        numbers: Vec<E164>,
    },
    /// The daemon started: filings that were on their way are sorted by what their adapter declares.
    Restarted,
    NumberRetired {
        number: E164,
        by: String,
    },
}

/// One row of an import, already parsed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImportedRow {
    pub number: E164,
    pub service: Service,
    pub right: RightToUse,
    pub callback_route: Option<String>,
}

/// Whether an imported number has been shown to callees before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Service {
    New,
    InService { since: Moment },
}

/// What a filing will say and to whom.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct FilingPlan {
    pub purpose: Purpose,
    pub adapter: String,
    pub business: String,
    pub numbers: Vec<E164>,
    /// `case-<id>-<attempt>` or `register-<adapter>-<business>-<n>`.
    pub key: String,
}

/// What came of sending, asking again or tracking a filing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FilingOutcome {
    Filed {
        reference: Option<String>,
        /// Of a registration: the numbers that the agency took out of it, by its reason.
        refused: Vec<(String, Vec<E164>)>,
    },
    Pending {
        token: String,
        ask_again_at: Moment,
    },
    /// Only a person can file it; the stored packet says how.
    NeedsPerson {
        packet_blob: String,
        title: String,
        due_at: Moment,
    },
    Unsupported {
        reason: String,
    },
    /// The agency said no.
    Rejected {
        reason: String,
    },
    /// It did not reach the agency, for certain; try again.
    Failed {
        reason: String,
        retry_at: Moment,
    },
    /// It may or may not have reached the agency.
    Lost {
        reason: String,
    },
    /// Tracking found that the agency does not have it.
    Absent,
}
