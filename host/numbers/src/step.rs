//! The next state: what an event changes.
//!
//! An event goes through whole or is refused whole: [`Change`] keeps what it touches as it was, and puts it back.
//! The branching of a number's life is in [`settle`] alone; the other modules record what happened and let it decide.

mod index;

use crate::e164::E164;
use crate::number::Life;
use crate::owner::OwnerId;
use core::fmt;
use std::collections::BTreeSet;

/// The records that an event changed; each is to be stored again.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Touched {
    pub businesses: BTreeSet<String>,
    pub owners: BTreeSet<OwnerId>,
    pub numbers: BTreeSet<E164>,
    pub cases: BTreeSet<u64>,
    pub filings: BTreeSet<u64>,
    pub tasks: BTreeSet<u64>,
    pub policy: bool,
    pub adapters: bool,
}

/// Why an event changes nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    UnknownBusiness(String),
    UnknownOwner(OwnerId),
    UnknownNumber(E164),
    UnknownFiling(u64),
    UnknownTask(u64),
    UnknownAdapter(String),
    UnknownCase(u64),
    OwnerExists(OwnerId),
    /// Two businesses cannot both show a number.
    NumberOfOther {
        number: E164,
        business: String,
    },
    /// More than one event may hold.
    TooMany {
        what: &'static str,
        count: usize,
        max: usize,
    },
    /// The number is in no state for this.
    Life {
        number: E164,
        life: Life,
        change: &'static str,
    },
    /// Nobody has shown that the business may use it.
    Unproven(E164),
    /// Not free for whoever asked.
    NotInReserve(E164),
    PoolFull(OwnerId),
    /// The ration of numbers first shown is used up.
    SwapRation(String),
    /// It was made for a state of affairs that has passed.
    StaleFiling {
        key: String,
        reason: &'static str,
    },
    FilingOver(u64),
    TaskNotOpen(u64),
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Refusal::UnknownBusiness(id) => write!(f, "there is no business `{id}`; add it first"),
            Refusal::UnknownOwner(id) => write!(f, "there is no {id}; add it first"),
            Refusal::UnknownNumber(number) => write!(f, "{number} is not one of our numbers; import it first"),
            Refusal::UnknownFiling(id) => write!(f, "there is no filing {id}"),
            Refusal::UnknownTask(id) => write!(f, "there is no task {id}; list the tasks to see their ids"),
            Refusal::UnknownAdapter(id) => write!(f, "no adapter `{id}` is in force; list the adapters to see why"),
            Refusal::UnknownCase(id) => write!(f, "there is no case {id}"),
            Refusal::OwnerExists(id) => write!(f, "{id} is there already"),
            Refusal::NumberOfOther { number, business } => {
                write!(f, "{number} belongs to the business `{business}`; retire it there first")
            }
            Refusal::TooMany { what, count, max } => {
                write!(f, "{count} {what} are more than one event holds; send at most {max} at a time")
            }
            Refusal::Life { number, life, change } => {
                write!(f, "{number} is {}, and cannot be {change} from there", life.word())
            }
            Refusal::Unproven(number) => {
                write!(f, "nobody has shown that the business may use {number}; record its right to use first")
            }
            Refusal::NotInReserve(number) => write!(f, "{number} is not in the reserve; choose one that is"),
            Refusal::PoolFull(id) => write!(f, "the pool of {id} is full"),
            Refusal::SwapRation(business) => {
                write!(f, "the business `{business}` has used up its swaps for now; wait, or raise `swap_percent_max`")
            }
            Refusal::StaleFiling { key, reason } => write!(f, "the filing `{key}` is not made: {reason}"),
            Refusal::FilingOver(id) => write!(f, "nothing more can come of filing {id}"),
            Refusal::TaskNotOpen(id) => write!(f, "task {id} is done or withdrawn already"),
        }
    }
}

impl core::error::Error for Refusal {}
