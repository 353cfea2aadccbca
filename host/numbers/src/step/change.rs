//! One event's changes: every record is written through here, so that the indexes follow and a refusal undoes it all.

use super::{Refusal, Touched};
use crate::business::Business;
use crate::case::{Case, Filing, Task};
use crate::e164::E164;
use crate::life::LifeChange;
use crate::moment::Moment;
use crate::number::{Number, Place};
use crate::owner::{Owner, OwnerId};
use crate::policy::{Patch, Policy};
use crate::scope::{Policies, Scope};
use crate::state::{AdapterFacts, State};
use std::collections::{BTreeMap, BTreeSet};

/// The state while an event is applied, and each touched record as it was before; none when it was not there.
pub(super) struct Change<'a> {
    pub state: &'a mut State,
    pub now: Moment,
    businesses: BTreeMap<String, Option<Business>>,
    numbers: BTreeMap<E164, Option<Number>>,
    owners: BTreeMap<OwnerId, Option<Owner>>,
    cases: BTreeMap<u64, Option<Case>>,
    filings: BTreeMap<u64, Option<Filing>>,
    tasks: BTreeMap<u64, Option<Task>>,
    policies: Option<(Policies, Vec<(Scope, Patch)>)>,
    adapters: Option<BTreeMap<String, AdapterFacts>>,
    next_id: u64,
}

impl<'a> Change<'a> {
    pub fn new(state: &'a mut State, now: Moment) -> Change<'a> {
        let next_id = state.next_id;
        Change {
            state,
            now,
            businesses: BTreeMap::new(),
            numbers: BTreeMap::new(),
            owners: BTreeMap::new(),
            cases: BTreeMap::new(),
            filings: BTreeMap::new(),
            tasks: BTreeMap::new(),
            policies: None,
            adapters: None,
            next_id,
        }
    }

    /// Counts up the revisions of the numbers that are changed, and says which records are to be stored.
    pub fn count(&mut self) -> Touched {
        let numbers = changed(&self.numbers, &self.state.numbers);
        for e164 in &numbers {
            if let Some(number) = self.state.numbers.get_mut(e164) {
                number.revision += 1;
            }
        }
        Touched {
            // A business said again in the same words is published and stored again all the same.
            businesses: self.businesses.keys().cloned().collect(),
            owners: changed(&self.owners, &self.state.owners),
            numbers,
            cases: changed(&self.cases, &self.state.cases),
            filings: changed(&self.filings, &self.state.filings),
            tasks: changed(&self.tasks, &self.state.tasks),
            policy: self.policies.as_ref().is_some_and(|(before, _)| before.revision != self.state.policies.revision),
            adapters: self.adapters.is_some(),
        }
    }

    /// Puts everything back as it was.
    pub fn undo(mut self) {
        for (id, before) in core::mem::take(&mut self.businesses) {
            restore(&mut self.state.businesses, id, before);
        }
        for (e164, before) in core::mem::take(&mut self.numbers) {
            self.set_number(e164, before);
        }
        for (id, before) in core::mem::take(&mut self.owners) {
            restore(&mut self.state.owners, id.clone(), before);
            self.state.reindex_owner(&id);
        }
        for (id, before) in core::mem::take(&mut self.cases) {
            restore(&mut self.state.cases, id, before);
        }
        for (id, before) in core::mem::take(&mut self.filings) {
            self.set_filing(id, before);
        }
        for (id, before) in core::mem::take(&mut self.tasks) {
            restore(&mut self.state.tasks, id, before);
        }
        if let Some((policies, drafted)) = self.policies.take() {
            (self.state.policies, self.state.drafted) = (policies, drafted);
        }
        if let Some(adapters) = self.adapters.take() {
            self.state.adapters = adapters;
            self.state.reindex_unfiled();
        }
        self.state.next_id = self.next_id;
    }

    pub fn id(&mut self) -> u64 {
        let id = self.state.next_id;
        self.state.next_id += 1;
        id
    }

    pub fn number(&self, e164: E164) -> Result<&Number, Refusal> {
        self.state.numbers.get(&e164).ok_or(Refusal::UnknownNumber(e164))
    }

    pub fn case(&self, id: u64) -> Result<&Case, Refusal> {
        self.state.cases.get(&id).ok_or(Refusal::UnknownCase(id))
    }

    pub fn filing(&self, id: u64) -> Result<&Filing, Refusal> {
        self.state.filings.get(&id).ok_or(Refusal::UnknownFiling(id))
    }

    pub fn put_business(&mut self, business: Business) {
        let before = self.state.businesses.insert(business.id.clone(), business.clone());
        self.businesses.entry(business.id).or_insert(before);
    }

    /// What holds for the number of this case.
    pub fn policy_of_case(&self, case: u64) -> Result<&Policy, Refusal> {
        Ok(self.state.policies.of_business(&self.number(self.case(case)?.number)?.business))
    }

    /// Lays these scopes aside until the policy comes that they belong to.
    pub fn draft_scopes(&mut self, scopes: &[(Scope, Patch)]) {
        self.keep_policies();
        self.state.drafted.extend_from_slice(scopes);
    }

    /// Puts a policy in force, with the scopes that were drafted for it.
    pub fn put_policy(&mut self, revision: u64, policy: Policy, scopes: usize) -> Result<(), Refusal> {
        let drafted = self.state.drafted.len();
        let first = drafted.checked_sub(scopes).ok_or(Refusal::DraftsMissing { drafted, wanted: scopes })?;
        self.keep_policies();
        let scopes = self.state.drafted.split_off(first).into_iter().collect();
        self.state.drafted.clear();
        self.state.policies = Policies::new(revision, policy, scopes);
        Ok(())
    }

    fn keep_policies(&mut self) {
        if self.policies.is_none() {
            self.policies = Some((self.state.policies.clone(), self.state.drafted.clone()));
        }
    }

    pub fn put_adapters(&mut self, adapters: BTreeMap<String, AdapterFacts>) {
        let before = core::mem::replace(&mut self.state.adapters, adapters);
        self.state.reindex_unfiled();
        self.adapters.get_or_insert(before);
    }

    pub fn put_number(&mut self, number: Number) {
        let e164 = number.e164;
        let before = self.state.numbers.get(&e164).cloned();
        self.numbers.entry(e164).or_insert(before);
        self.set_number(e164, Some(number));
    }

    pub fn edit_number(&mut self, e164: E164, edit: impl FnOnce(&mut Number)) -> Result<(), Refusal> {
        let mut number = self.number(e164)?.clone();
        edit(&mut number);
        self.put_number(number);
        Ok(())
    }

    /// Takes a step in a number's life, if there is such a step.
    pub fn live(&mut self, e164: E164, change: LifeChange, place: Place) -> Result<(), Refusal> {
        let number = self.number(e164)?;
        let life = number.life.after(change).map_err(|illegal| Refusal::Life {
            number: e164,
            life: illegal.life,
            change: illegal.change.word(),
        })?;
        let now = self.now;
        self.edit_number(e164, |number| {
            number.life = life;
            number.life_since = now;
            number.place = place;
        })
    }

    pub fn put_owner(&mut self, owner: Owner) {
        let before = self.state.owners.get(&owner.id).cloned();
        self.owners.entry(owner.id.clone()).or_insert(before);
        let id = owner.id.clone();
        self.state.owners.insert(id.clone(), owner);
        self.state.reindex_owner(&id);
    }

    pub fn put_case(&mut self, case: Case) {
        let before = self.state.cases.get(&case.id).cloned();
        self.cases.entry(case.id).or_insert(before);
        self.state.cases.insert(case.id, case);
    }

    pub fn edit_case(&mut self, id: u64, edit: impl FnOnce(&mut Case)) -> Result<(), Refusal> {
        let mut case = self.case(id)?.clone();
        edit(&mut case);
        self.put_case(case);
        Ok(())
    }

    pub fn put_filing(&mut self, filing: Filing) {
        let before = self.state.filings.get(&filing.id).cloned();
        self.filings.entry(filing.id).or_insert(before);
        self.set_filing(filing.id, Some(filing));
    }

    pub fn edit_filing(&mut self, id: u64, edit: impl FnOnce(&mut Filing)) -> Result<(), Refusal> {
        let mut filing = self.filing(id)?.clone();
        edit(&mut filing);
        self.put_filing(filing);
        Ok(())
    }

    pub fn put_task(&mut self, task: Task) {
        let before = self.state.tasks.get(&task.id).cloned();
        self.tasks.entry(task.id).or_insert(before);
        self.state.tasks.insert(task.id, task);
    }

    fn set_number(&mut self, e164: E164, number: Option<Number>) {
        let State { numbers, index, adapters, .. } = &mut *self.state;
        let old = numbers.remove(&e164);
        if let Some(old) = &old {
            index.remove_number(old);
        }
        let mut pools: Vec<OwnerId> = Vec::new();
        for number in old.iter().chain(number.iter()) {
            if let Place::Pool(owner) = &number.place
                && !pools.contains(owner)
            {
                pools.push(owner.clone());
            }
        }
        let moved = old.as_ref().map(|old| &old.place) != number.as_ref().map(|number| &number.place);
        if let Some(number) = number {
            index.add_number(&number, adapters);
            numbers.insert(e164, number);
        }
        if moved {
            for owner in pools {
                self.state.reindex_owner(&owner);
            }
        }
    }

    fn set_filing(&mut self, id: u64, filing: Option<Filing>) {
        if let Some(old) = self.state.filings.remove(&id) {
            self.state.index.remove_filing(&old);
        }
        if let Some(filing) = filing {
            self.state.index.add_filing(&filing);
            self.state.filings.insert(id, filing);
        }
    }
}

/// The keys of the records that are not as they were.
fn changed<K: Ord + Clone, V: PartialEq>(before: &BTreeMap<K, Option<V>>, records: &BTreeMap<K, V>) -> BTreeSet<K> {
    before.iter().filter(|(key, before)| records.get(key) != before.as_ref()).map(|(key, _)| key.clone()).collect()
}

fn restore<K: Ord, V>(records: &mut BTreeMap<K, V>, key: K, before: Option<V>) {
    match before {
        Some(record) => records.insert(key, record),
        None => records.remove(&key),
    };
}
