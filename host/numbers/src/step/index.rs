//! Keeps the indexes in step with the records.

use crate::case::{Filing, Purpose};
use crate::number::{Life, Number, Place};
use crate::owner::OwnerId;
use crate::state::{AdapterFacts, Index, State};
use std::collections::{BTreeMap, BTreeSet};

impl State {
    /// Makes every index anew from the records.
    pub(crate) fn reindex(&mut self) {
        self.index = Index::default();
        for number in self.numbers.values() {
            self.index.add_number(number, &self.adapters);
        }
        for filing in self.filings.values() {
            self.index.add_filing(filing);
        }
        let owners: Vec<OwnerId> = self.owners.keys().cloned().collect();
        for owner in owners {
            self.reindex_owner(&owner);
        }
    }

    /// Says anew which registries have not been told of which numbers; the roster changed.
    pub(crate) fn reindex_unfiled(&mut self) {
        self.index.unfiled.clear();
        for number in self.numbers.values() {
            if is_unfiled(number, &self.adapters) {
                self.index.unfiled.entry(number.business.clone()).or_default().insert(number.e164);
            }
        }
    }

    /// Says anew whether this owner's pool lacks numbers.
    pub(crate) fn reindex_owner(&mut self, id: &OwnerId) {
        for short in self.index.short.values_mut() {
            short.remove(id);
        }
        if let Some(owner) = self.owners.get(id)
            && self.count_in(&owner.business, &Place::Pool(id.clone())) < owner.pool_size as usize
        {
            self.index.short.entry(owner.business.clone()).or_default().insert(id.clone());
        }
        self.index.short.retain(|_, owners| !owners.is_empty());
    }
}

impl Index {
    pub(crate) fn add_number(&mut self, number: &Number, adapters: &BTreeMap<String, AdapterFacts>) {
        let business = &number.business;
        self.place.entry((business.clone(), number.place.clone())).or_default().insert(number.e164);
        if number.life != Life::Retired {
            *self.holdings.entry(business.clone()).or_default() += 1;
        }
        if let Some(at) = number.swapped_in {
            self.swapped.entry(business.clone()).or_default().insert((at, number.e164));
        }
        if is_unfiled(number, adapters) {
            self.unfiled.entry(business.clone()).or_default().insert(number.e164);
        }
    }

    pub(crate) fn remove_number(&mut self, number: &Number) {
        let business = &number.business;
        remove(&mut self.place, &(business.clone(), number.place.clone()), &number.e164);
        if number.life != Life::Retired
            && let Some(count) = self.holdings.get_mut(business)
        {
            *count -= 1;
            if *count == 0 {
                self.holdings.remove(business);
            }
        }
        if let Some(at) = number.swapped_in {
            remove(&mut self.swapped, business, &(at, number.e164));
        }
        remove(&mut self.unfiled, business, &number.e164);
    }

    pub(crate) fn add_filing(&mut self, filing: &Filing) {
        if filing.purpose == Purpose::Register {
            let filings = self.registers.entry((filing.adapter.clone(), filing.business.id.clone())).or_default();
            if let Err(at) = filings.binary_search(&filing.id) {
                filings.insert(at, filing.id);
            }
        }
        if filing.state.is_over() {
            self.open_filings.remove(&filing.id);
        } else {
            self.open_filings.insert(filing.id);
        }
    }

    pub(crate) fn remove_filing(&mut self, filing: &Filing) {
        let key = (filing.adapter.clone(), filing.business.id.clone());
        if let Some(filings) = self.registers.get_mut(&key) {
            filings.retain(|id| *id != filing.id);
            if filings.is_empty() {
                self.registers.remove(&key);
            }
        }
        self.open_filings.remove(&filing.id);
    }
}

/// Whether some registry in force has never been told of this number.
fn is_unfiled(number: &Number, adapters: &BTreeMap<String, AdapterFacts>) -> bool {
    number.is_fileable()
        && adapters
            .values()
            .any(|adapter| adapter.registers && !number.registrations.iter().any(|r| r.adapter == adapter.id))
}

/// Takes `value` out of the set at `key`, and the set with it when it was the last, so that equal states have equal indexes.
fn remove<K: Ord, V: Ord>(sets: &mut BTreeMap<K, BTreeSet<V>>, key: &K, value: &V) {
    if let Some(set) = sets.get_mut(key) {
        set.remove(value);
        if set.is_empty() {
            sets.remove(key);
        }
    }
}
