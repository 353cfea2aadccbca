//! The next state: what an event changes.
//!
//! An event goes through whole or is refused whole: [`change::Change`] keeps what it touches as it was, and puts it back.
//! The branching of a number's life is in [`settle`] alone; the other modules record what happened and let it decide.

mod cases;
mod change;
mod filings;
mod index;
mod observe;
mod pools;
mod settle;
mod tasks;

pub use observe::{OWN_CALLS, UNATTRIBUTED, agency_of_report};
pub use pools::{Drawn, Room};
pub use settle::Lack;

use crate::carrier::Carriers;
use crate::e164::E164;
use crate::event::{
    ADAPTERS_MAX, BUSINESS_BYTES_MAX, Event, IMPORT_ROWS_MAX, ImportedRow, NUMBERS_MAX, SCOPES_MAX, Service, What,
};
use crate::number::{Life, Number, Origin, Place, RightToUse};
use crate::owner::{Owner, OwnerId};
use crate::state::State;
use change::Change;
use core::fmt;
use core::time::Duration;
use std::collections::BTreeSet;

pub(crate) use filings::dispute_key;

/// How long a person has for a task whose adapter names no date. A guess: until tomorrow.
pub const TASK_DUE: Duration = Duration::from_secs(24 * 60 * 60);

/// How long a filing waits to be sent or tracked again when nobody knows what became of it. A guess: an agency that is
/// down is so for minutes, and must not be asked all the while.
pub const AGAIN_AFTER: Duration = Duration::from_secs(5 * 60);

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
    /// A policy came without all the scopes that it says it has.
    DraftsMissing {
        drafted: usize,
        wanted: usize,
    },
    /// What is to be kept is longer than what holds it.
    TooLong {
        what: &'static str,
        bytes: usize,
        max: usize,
    },
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
            Refusal::DraftsMissing { drafted, wanted } => {
                write!(f, "the policy has {wanted} scopes and {drafted} of them came before it; adopt it again")
            }
            Refusal::TooLong { what, bytes, max } => {
                write!(f, "{what} would take {bytes} bytes, and at most {max} are kept; shorten the texts in it")
            }
        }
    }
}

impl core::error::Error for Refusal {}

impl State {
    /// Applies an event, whole or not at all.
    ///
    /// # Errors
    /// When it does not fit the state, which is then as it was.
    pub fn step(&mut self, event: &Event) -> Result<Touched, Refusal> {
        self.step_if(event, |_, _| Ok(()))
    }

    /// As [`State::step`], but whoever keeps the records looks at what they have become, and may refuse them.
    ///
    /// # Errors
    /// Also when `fits` refuses; the state is then as it was.
    pub fn step_if(
        &mut self,
        event: &Event,
        fits: impl FnOnce(&State, &Touched) -> Result<(), Refusal>,
    ) -> Result<Touched, Refusal> {
        let mut change = Change::new(self, event.at);
        let applied = apply(&mut change, &event.what).and_then(|()| {
            let touched = change.count();
            fits(change.state, &touched).map(|()| touched)
        });
        if applied.is_err() {
            change.undo();
        }
        applied
    }
}

fn apply(change: &mut Change<'_>, what: &What) -> Result<(), Refusal> {
    match what {
        What::BusinessAdded(business) => {
            let bytes = business.text_bytes();
            if bytes > BUSINESS_BYTES_MAX {
                let what = "all that the business says of itself";
                return Err(Refusal::TooLong { what, bytes, max: BUSINESS_BYTES_MAX });
            }
            change.put_business(business.clone());
            Ok(())
        }
        What::OwnerAdded { id, business, pool_size } => add_owner(change, id, business, *pool_size),
        What::NumbersImported { business, by: _, rows } => import(change, business, rows),
        What::RightRecorded { number, right } => {
            change.edit_number(*number, |number| number.right = right.clone())?;
            settle::settle(change, *number)
        }
        What::CallbackProven { number, route } => {
            change.edit_number(*number, |number| number.callback_route = Some(route.clone()))
        }
        What::ScopesDrafted { scopes } => {
            bounded("scopes", scopes.len(), SCOPES_MAX)?;
            change.draft_scopes(scopes);
            Ok(())
        }
        What::PolicyAdopted { revision, policy, scopes } => {
            change.put_policy(*revision, policy.clone(), *scopes as usize)
        }
        What::RosterChanged { adapters } => {
            bounded("adapters", adapters.len(), ADAPTERS_MAX)?;
            change.put_adapters(adapters.iter().map(|adapter| (adapter.id.clone(), adapter.clone())).collect());
            Ok(())
        }
        What::Observed { source, adapter, asked, observations } => {
            observe::observed(change, source, adapter.as_deref(), asked, observations)
        }
        What::CheckFailed { adapter, asked, failure } => observe::check_failed(change, adapter, asked, failure),
        What::EarlyWarning { number, carriers } => observe::warned(change, *number, *carriers),
        What::NumberDrawn { owner, number } => pools::draw(change, *number, owner),
        What::NumbersBenched { numbers, by: _ } => {
            bounded("numbers", numbers.len(), NUMBERS_MAX)?;
            numbers.iter().try_for_each(|number| pools::bench(change, *number))
        }
        What::FilingIntended { plan } => filings::intended(change, plan),
        What::FilingResent { filing } => filings::resent(change, *filing),
        What::FilingAnswered { filing, answer } => filings::answered(change, *filing, answer),
        What::TaskDone { task, by, note } => filings::task_done(change, *task, by, note.as_deref()),
        What::TaskWithdrawn { task, by, reason } => filings::task_withdrawn(change, *task, by, reason),
        What::Woke { numbers } => {
            bounded("numbers", numbers.len(), NUMBERS_MAX)?;
            // A number that is gone needs no waking.
            let known: Vec<E164> = numbers.iter().copied().filter(|n| change.state.numbers.contains_key(n)).collect();
            known.into_iter().try_for_each(|number| settle::settle(change, number))
        }
        What::VolumeSeen { totals } => {
            bounded("numbers", totals.len(), NUMBERS_MAX)?;
            totals
                .iter()
                .filter(|(number, _)| change.state.numbers.contains_key(number))
                .copied()
                .collect::<Vec<_>>()
                .into_iter()
                .try_for_each(|(number, shown_total)| {
                    change.edit_number(number, |number| number.shown_total = number.shown_total.max(shown_total))?;
                    settle::settle(change, number)
                })
        }
        What::Restarted => filings::restarted(change),
        What::NumberRetired { number, by: _ } => settle::retire(change, *number),
    }
}

fn add_owner(change: &mut Change<'_>, id: &OwnerId, business: &str, pool_size: Option<u32>) -> Result<(), Refusal> {
    known_business(change, business)?;
    if change.state.owners.contains_key(id) {
        return Err(Refusal::OwnerExists(id.clone()));
    }
    let pool_size = pool_size.unwrap_or_else(|| change.state.policies.of_owner(business, id).pool_size);
    change.put_owner(Owner { id: id.clone(), business: business.to_owned(), pool_size, filled: pool_size == 0 });
    pools::fill(change, id)
}

fn import(change: &mut Change<'_>, business: &str, rows: &[ImportedRow]) -> Result<(), Refusal> {
    bounded("rows", rows.len(), IMPORT_ROWS_MAX)?;
    known_business(change, business)?;
    for row in rows {
        match change.state.numbers.get(&row.number) {
            Some(number) if number.business != business => {
                return Err(Refusal::NumberOfOther { number: row.number, business: number.business.clone() });
            }
            // Imported again: only what it lacked is learned, so that a second import of the same file changes nothing.
            Some(_) => change.edit_number(row.number, |number| {
                if !number.is_proven() {
                    number.right = row.right.clone();
                }
                if number.callback_route.is_none() {
                    number.callback_route.clone_from(&row.callback_route);
                }
            })?,
            None => {
                let number = imported(change, business, row);
                change.put_number(number);
            }
        }
    }
    for row in rows {
        settle::settle(change, row.number)?;
    }
    Ok(())
}

fn imported(change: &Change<'_>, business: &str, row: &ImportedRow) -> Number {
    let now = change.now;
    let policy = change.state.policies.of_business(business);
    let proven = row.right != RightToUse::Unproven;
    let (origin, first_shown) = match row.service {
        Service::New => (Origin::New, None),
        Service::InService { since } => {
            let deadline = now.plus(policy.adopted_deadline);
            (Origin::Adopted { in_service_since: since, deadline }, Some(since))
        }
    };
    let (life, place) = match row.service {
        Service::InService { .. } if proven => (Life::Ready, Place::Reserve),
        Service::InService { .. } | Service::New => (Life::Quarantined, Place::Aside),
    };
    Number {
        e164: row.number,
        business: business.to_owned(),
        right: row.right.clone(),
        origin,
        life,
        life_since: now,
        place,
        home: None,
        standings: Vec::new(),
        checked: Vec::new(),
        registrations: Vec::new(),
        first_shown,
        swapped_in: None,
        ramp_since: None,
        served: None,
        shown_total: 0,
        resting_on: Carriers::NONE,
        rest_until: None,
        cases: Vec::new(),
        callback_route: row.callback_route.clone(),
        revision: 0,
    }
}

fn known_business(change: &Change<'_>, business: &str) -> Result<(), Refusal> {
    if change.state.businesses.contains_key(business) {
        Ok(())
    } else {
        Err(Refusal::UnknownBusiness(business.to_owned()))
    }
}

fn bounded(what: &'static str, count: usize, max: usize) -> Result<(), Refusal> {
    if count <= max { Ok(()) } else { Err(Refusal::TooMany { what, count, max }) }
}
