//! A number of a business: where it is in its life, where it is kept, what is held of it.

use crate::carrier::{Carrier, Carriers};
use crate::e164::E164;
use crate::moment::Moment;
use crate::owner::OwnerId;
use crate::standing::{AgencyId, Score, Status};
use serde::{Deserialize, Serialize};

/// Where a number is in its life. The legal steps between these are in [`crate::life`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Life {
    Quarantined,
    Ready,
    Active,
    AtRisk,
    Remediating,
    Resting,
    Retired,
}

impl Life {
    /// The word used in files, addresses and answers.
    pub const fn word(self) -> &'static str {
        match self {
            Life::Quarantined => "quarantined",
            Life::Ready => "ready",
            Life::Active => "active",
            Life::AtRisk => "at_risk",
            Life::Remediating => "remediating",
            Life::Resting => "resting",
            Life::Retired => "retired",
        }
    }
}

/// By what right the business shows this number. An unproven one is never shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RightToUse {
    /// Seen in the account of this provider.
    Provider {
        provider: String,
        seen_at: Moment,
    },
    /// Declared by a named person; the letter, where there is one, is a stored blob.
    Declared {
        by: String,
        at: Moment,
        letter: Option<String>,
    },
    Unproven,
}

/// How the number came to us.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    /// Bought or returned: quarantined first.
    New,
    /// In service before us: serves at once, screened first, with a deadline for what it lacks.
    Adopted { in_service_since: Moment, deadline: Moment },
}

/// Where a number is kept. It is in exactly one place.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Place {
    /// With nobody: quarantined, resting outside a pool, or retired.
    Aside,
    /// Ready, for whoever needs one.
    Reserve,
    /// Shared by the owners of the business.
    Bench,
    /// In the pool of this owner.
    Pool(OwnerId),
}

/// How we learned of a standing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    Adapter(String),
    /// A named person saw it on a handset, or was told.
    Person(String),
    /// Our own calls were blocked.
    Outcomes,
}

/// What we hold of a number at one agency, for one carrier's subscribers or for all whom the agency concerns.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Standing {
    pub agency: AgencyId,
    pub carrier: Option<Carrier>,
    pub status: Status,
    pub label: Option<String>,
    pub score: Option<Score>,
    pub source: Source,
    pub observed_at: Moment,
    /// Since when it has this status.
    pub since: Moment,
}

impl Standing {
    /// The carriers whose subscribers this standing touches.
    pub fn concerns(&self) -> Carriers {
        match self.carrier {
            Some(carrier) => Carriers::NONE.with(carrier),
            None => Carriers::concerned_by(&self.agency),
        }
    }
}

/// When one source last gave an answer about this number, and when it was last asked in vain.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Checked {
    pub adapter: String,
    pub answered_at: Option<Moment>,
    pub asked_at: Moment,
    /// Why the last asking gave nothing; cleared by an answer.
    pub failure: Option<String>,
}

/// The state of this number's registration with one registry.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Registration {
    pub adapter: String,
    /// The filing it went out with.
    pub filing: Option<u64>,
    pub state: RegistrationState,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RegistrationState {
    /// A filing is under way.
    Filing,
    Filed {
        at: Moment,
    },
    /// The registry does not take it, for this reason; a required registry that says so is shown, and not waited for.
    Unsupported {
        reason: String,
    },
    Refused {
        reason: String,
        at: Moment,
    },
}

/// Where a stretch of service began.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Served {
    pub since: Moment,
    /// Calls that it had been shown on before, as far as the state was told.
    pub shown_before: u64,
    /// When it came to the pool or bench that it is in.
    pub placed_at: Moment,
}

/// A number and everything the keeper holds of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Number {
    pub e164: E164,
    pub business: String,
    pub right: RightToUse,
    pub origin: Origin,
    pub life: Life,
    pub life_since: Moment,
    pub place: Place,
    /// The owner whose pool it left, who has the first claim on it when it returns.
    pub home: Option<OwnerId>,
    pub standings: Vec<Standing>,
    pub checked: Vec<Checked>,
    pub registrations: Vec<Registration>,
    /// When it was first assigned to a pool or bench by us; adopted numbers carry their date of service.
    pub first_shown: Option<Moment>,
    /// When it was first shown in the place of another number, which the swap ration counts; a first fill is not counted.
    pub swapped_in: Option<Moment>,
    /// The warm-up runs from here; none when it has none to go through.
    pub ramp_since: Option<Moment>,
    /// Carriers on whose callees it rests, while it serves those of others; all of its rest ends together.
    pub resting_on: Carriers,
    /// How long and how much it has served since its last rest; none while it has never been in a pool.
    pub served: Option<Served>,
    /// Calls that it was shown on in all, as far as the state was told.
    pub shown_total: u64,
    /// Set while it rests, wholly or on some carriers.
    pub rest_until: Option<Moment>,
    /// The open cases.
    pub cases: Vec<u64>,
    /// Where an inbound call goes, as far as it is proven.
    pub callback_route: Option<String>,
    /// Changes with every change of this record.
    pub revision: u64,
}

impl Number {
    /// Whether its business may show it at all.
    pub fn is_proven(&self) -> bool {
        self.right != RightToUse::Unproven
    }

    /// Whether some registry has it.
    pub fn is_registered(&self) -> bool {
        self.registrations.iter().any(|registration| matches!(registration.state, RegistrationState::Filed { .. }))
    }

    /// Whether registries may be told of it: filings are true statements, so never of a number we may not use.
    pub fn is_fileable(&self) -> bool {
        self.life != Life::Retired && self.is_proven()
    }

    /// The worst status that touches callees of this carrier; `Unknown` when nobody has an opinion.
    pub fn status_on(&self, carrier: Carrier) -> Status {
        self.standings
            .iter()
            .filter(|standing| standing.concerns().contains(carrier))
            .map(|standing| standing.status)
            .filter(|status| *status != Status::Unknown)
            .max()
            .unwrap_or(Status::Unknown)
    }

    /// The carriers where an agency's word keeps it from being shown.
    pub fn flagged_on(&self) -> Carriers {
        self.standings
            .iter()
            .filter(|s| s.status.excludes())
            .map(Standing::concerns)
            .fold(Carriers::NONE, Carriers::union)
    }

    /// The carriers on whose callees it must not be shown: where it is flagged, and where it rests.
    pub fn excluded_on(&self) -> Carriers {
        self.flagged_on().union(self.resting_on)
    }
}
