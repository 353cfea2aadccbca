//! Everything the keeper holds, as records that are stored one by one, and the indexes made from them.

use crate::business::Business;
use crate::carrier::Carriers;
use crate::case::{Case, Filing, Task};
use crate::e164::E164;
use crate::moment::Moment;
use crate::number::{Number, Place};
use crate::owner::{Owner, OwnerId};
use crate::policy::Patch;
use crate::scope::{Policies, Scope};
use crate::standing::AgencyId;
use core::time::Duration;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// What the core needs to know of an adapter in force.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AdapterFacts {
    pub id: String,
    /// Answers `check`.
    pub checks: bool,
    /// The agencies whose opinion its checks report.
    pub speaks_for: Vec<AgencyId>,
    /// Takes registrations.
    pub registers: bool,
    /// A new number waits for this registry.
    pub register_required: bool,
    /// The agencies it disputes at.
    pub disputes: Vec<AgencyId>,
    /// Its disputes concern the subscribers of these carriers alone; of every carrier when empty.
    pub disputes_for: Carriers,
    /// It disputes by itself, and asks no person to.
    pub disputes_by_machine: bool,
    pub register_effects: Effects,
    pub dispute_effects: Effects,
}

/// What may be done about a request of which nobody knows whether it arrived.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Effects {
    /// Send it again.
    Idempotent,
    /// Track its key; that it is absent counts only when it has had so long to settle.
    Queryable { settle: Duration },
    /// Never sent again by machine.
    Manual,
}

/// Everything the keeper holds. The public fields are the records; change them by [`State::step`] alone,
/// because the private indexes follow them.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct State {
    pub businesses: BTreeMap<String, Business>,
    pub owners: BTreeMap<OwnerId, Owner>,
    pub numbers: BTreeMap<E164, Number>,
    pub cases: BTreeMap<u64, Case>,
    pub filings: BTreeMap<u64, Filing>,
    pub tasks: BTreeMap<u64, Task>,
    pub policies: Policies,
    /// Scopes that wait for their policy. They are not stored: a start that finds no policy after them reads the files again.
    pub drafted: Vec<(Scope, Patch)>,
    pub adapters: BTreeMap<String, AdapterFacts>,
    /// The id that the next case, filing or task takes; ids are never used twice.
    pub next_id: u64,
    pub(crate) index: Index,
}

/// Made from the records, never stored. Each entry mirrors exactly what the records say.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Index {
    /// The numbers in each place, by business, so that two businesses' reserves are never mixed.
    pub place: BTreeMap<(String, Place), BTreeSet<E164>>,
    /// How many numbers a business holds, retired ones aside.
    pub holdings: BTreeMap<String, usize>,
    /// The numbers that the swap ration may still have to count, by when they were swapped in.
    pub swapped: BTreeMap<String, BTreeSet<(Moment, E164)>>,
    /// The numbers that some registry in force has not been told of.
    pub unfiled: BTreeMap<String, BTreeSet<E164>>,
    /// The owners whose pools lack numbers.
    pub short: BTreeMap<String, BTreeSet<OwnerId>>,
    /// The registration filings of each adapter and business, in order.
    pub registers: BTreeMap<(String, String), Vec<u64>>,
    /// Filings that are not over.
    pub open_filings: BTreeSet<u64>,
}

impl State {
    /// Rebuilds the state from stored records; the indexes are made anew.
    #[allow(clippy::too_many_arguments)] // One argument a kind of record, which no struct would make plainer.
    pub fn from_records(
        businesses: impl IntoIterator<Item = Business>,
        owners: impl IntoIterator<Item = Owner>,
        numbers: impl IntoIterator<Item = Number>,
        cases: impl IntoIterator<Item = Case>,
        filings: impl IntoIterator<Item = Filing>,
        tasks: impl IntoIterator<Item = Task>,
        policies: Policies,
        adapters: impl IntoIterator<Item = AdapterFacts>,
        next_id: u64,
    ) -> State {
        let mut state = State {
            businesses: businesses.into_iter().map(|business| (business.id.clone(), business)).collect(),
            owners: owners.into_iter().map(|owner| (owner.id.clone(), owner)).collect(),
            numbers: numbers.into_iter().map(|number| (number.e164, number)).collect(),
            cases: cases.into_iter().map(|case| (case.id, case)).collect(),
            filings: filings.into_iter().map(|filing| (filing.id, filing)).collect(),
            tasks: tasks.into_iter().map(|task| (task.id, task)).collect(),
            policies,
            drafted: Vec::new(),
            adapters: adapters.into_iter().map(|adapter| (adapter.id.clone(), adapter)).collect(),
            next_id,
            index: Index::default(),
        };
        state.reindex();
        state
    }

    /// The numbers in this place, in ascending order.
    pub fn numbers_in<'a>(&'a self, business: &str, place: &Place) -> impl Iterator<Item = &'a Number> + use<'a> {
        self.index
            .place
            .get(&(business.to_owned(), place.clone()))
            .into_iter()
            .flatten()
            .filter_map(|number| self.numbers.get(number))
    }

    /// The numbers in this owner's pool, in ascending order.
    pub fn pool<'a>(&'a self, owner: &Owner) -> impl Iterator<Item = &'a Number> + use<'a> {
        self.numbers_in(&owner.business, &Place::Pool(owner.id.clone()))
    }

    /// How many numbers are in this place.
    pub fn count_in(&self, business: &str, place: &Place) -> usize {
        self.index.place.get(&(business.to_owned(), place.clone())).map_or(0, BTreeSet::len)
    }

    /// The filings that are not over.
    pub fn open_filings(&self) -> impl Iterator<Item = &Filing> {
        self.index.open_filings.iter().filter_map(|filing| self.filings.get(filing))
    }
}
