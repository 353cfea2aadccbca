//! The legal steps of a number's life. Nothing else sets [`Life`] on a number that exists.
//!
//! When to take a step is decided in [`crate::step`]; this says only which steps there are.

use crate::number::Life;

/// A step in a number's life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LifeChange {
    /// Screened, filed and waited for.
    Admitted,
    /// Given to a pool or the bench.
    Assigned,
    /// An early sign.
    Warned,
    /// The early sign was not confirmed.
    Calmed,
    /// A source says it is flagged or blocked.
    Flagged,
    /// Its cases are over, and it rests wholly.
    Cleared,
    /// Its cases are over, and it served on meanwhile; what rests is its calls to some carriers.
    Resumed,
    /// It has served for long, and pauses in its place.
    Paused,
    /// Rested, and back in a pool or on the bench.
    Returned,
    /// Rested, and ready for whoever needs a number.
    Reserved,
    /// Its right to be shown, or what a new number needs, is missing.
    Withheld,
    /// Out for good.
    Retired,
}

impl LifeChange {
    /// The word used in a refusal.
    pub const fn word(self) -> &'static str {
        match self {
            LifeChange::Admitted => "admitted",
            LifeChange::Assigned => "assigned",
            LifeChange::Warned => "warned about",
            LifeChange::Calmed => "calmed",
            LifeChange::Flagged => "flagged",
            LifeChange::Cleared => "cleared",
            LifeChange::Resumed => "resumed",
            LifeChange::Paused => "paused",
            LifeChange::Returned => "returned",
            LifeChange::Reserved => "reserved",
            LifeChange::Withheld => "withheld",
            LifeChange::Retired => "retired",
        }
    }
}

/// There is no such step from here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Illegal {
    pub life: Life,
    pub change: LifeChange,
}

impl Life {
    /// The state after this step.
    ///
    /// # Errors
    /// When there is no such step from here.
    pub const fn after(self, change: LifeChange) -> Result<Life, Illegal> {
        use LifeChange::{
            Admitted, Assigned, Calmed, Cleared, Flagged, Paused, Reserved, Resumed, Retired, Returned, Warned,
            Withheld,
        };
        match (self, change) {
            (Life::Quarantined, Admitted) | (Life::Resting, Reserved) => Ok(Life::Ready),
            (Life::Ready, Assigned)
            | (Life::AtRisk, Calmed)
            | (Life::Remediating, Resumed)
            | (Life::Resting, Returned) => Ok(Life::Active),
            (Life::Active, Warned) => Ok(Life::AtRisk),
            (Life::Quarantined | Life::Ready | Life::Active | Life::AtRisk | Life::Resting, Flagged) => {
                Ok(Life::Remediating)
            }
            (Life::Remediating, Cleared) | (Life::Active, Paused) => Ok(Life::Resting),
            (Life::Ready | Life::Active | Life::AtRisk | Life::Resting, Withheld) => Ok(Life::Quarantined),
            (
                Life::Quarantined | Life::Ready | Life::Active | Life::AtRisk | Life::Remediating | Life::Resting,
                Retired,
            ) => Ok(Life::Retired),

            (
                Life::Quarantined,
                Assigned | Warned | Calmed | Cleared | Resumed | Paused | Returned | Reserved | Withheld,
            )
            | (Life::Ready, Admitted | Warned | Calmed | Cleared | Resumed | Paused | Returned | Reserved)
            | (Life::Active, Admitted | Assigned | Calmed | Cleared | Resumed | Returned | Reserved)
            | (Life::AtRisk, Admitted | Assigned | Warned | Cleared | Resumed | Paused | Returned | Reserved)
            | (
                Life::Remediating,
                Admitted | Assigned | Warned | Calmed | Flagged | Paused | Returned | Reserved | Withheld,
            )
            | (Life::Resting, Admitted | Assigned | Warned | Calmed | Cleared | Resumed | Paused)
            | (
                Life::Retired,
                Admitted | Assigned | Warned | Calmed | Flagged | Cleared | Resumed | Paused | Returned | Reserved
                | Withheld | Retired,
            ) => Err(Illegal { life: self, change }),
        }
    }
}
