//! Which owners there are, and what each of them may show: the keeper writes, the path of a call reads.

use super::hot::{BusinessCell, OwnerCell, OwnerView, SharedView};
use arc_swap::ArcSwap;
use numbers::{Candidate, E164, Moment, Owner, OwnerId, Place, State, Touched};
use parking_lot::Mutex;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

/// The owners by name. Each table is replaced whole, so that a reader never waits.
#[derive(Default)]
pub struct Directory {
    owners: ArcSwap<HashMap<OwnerId, Arc<OwnerCell>>>,
    kept: Mutex<Kept>,
}

/// What the keeper remembers of its last publication.
#[derive(Default)]
struct Kept {
    businesses: BTreeMap<String, Arc<BusinessCell>>,
    /// Whose each number is, and where it was when it was last published, because an event says only where it is now.
    numbers: HashMap<E164, (Arc<BusinessCell>, Place)>,
}

impl Kept {
    /// The cell of this business, which is made where there is none.
    fn business(&mut self, id: &str) -> Arc<BusinessCell> {
        let cell = self.businesses.entry(id.to_owned());
        cell.or_insert_with(|| Arc::new(BusinessCell::new(id.to_owned()))).clone()
    }
}

impl Directory {
    /// The owner of this name.
    pub fn owner(&self, id: &OwnerId) -> Option<Arc<OwnerCell>> {
        self.owners.load().get(id).cloned()
    }

    /// The owners of a business, or all of them, by their names.
    pub fn owners_of(&self, business: Option<&str>) -> Vec<Arc<OwnerCell>> {
        let owners = self.owners.load();
        let of = |owner: &&Arc<OwnerCell>| business.is_none_or(|business| owner.business.id == business);
        let mut owners: Vec<_> = owners.values().filter(of).cloned().collect();
        owners.sort_by(|one, other| one.id.cmp(&other.id));
        owners
    }

    /// The businesses known to the path of a call.
    pub fn businesses(&self) -> Vec<String> {
        self.kept.lock().businesses.keys().cloned().collect()
    }

    /// The business whose number this is.
    pub fn business_of(&self, number: E164) -> Option<String> {
        self.kept.lock().numbers.get(&number).map(|(business, _)| business.id.clone())
    }

    /// Where this number was when it was last published, and whose it is.
    pub fn place_of(&self, number: E164) -> Option<(Arc<BusinessCell>, Place)> {
        self.kept.lock().numbers.get(&number).cloned()
    }

    /// Keeps the number where it is for as long as the answer lives; none where it has moved already. Nothing is published
    /// meanwhile.
    pub fn stays(&self, number: E164, place: &Place) -> Option<impl Sized + '_> {
        let kept = self.kept.lock();
        let stays = kept.numbers.get(&number).is_some_and(|(_, now)| now == place);
        stays.then_some(kept)
    }

    /// Shows the path of a call what an event changed.
    pub fn publish(&self, state: &State, touched: &Touched, now: Moment) {
        let mut kept = self.kept.lock();
        for business in &touched.businesses {
            kept.business(business);
        }
        self.add_owners(state, &mut kept, touched);
        let mut owners: BTreeSet<OwnerId> = touched.owners.clone();
        let mut shared: BTreeSet<String> = BTreeSet::new();
        for number in &touched.numbers {
            let Some(record) = state.numbers.get(number) else { continue };
            let business = kept.business(&record.business);
            let before = kept.numbers.insert(*number, (business, record.place.clone()));
            for place in before.iter().map(|(_, place)| place).chain(core::iter::once(&record.place)) {
                match place {
                    Place::Pool(owner) => drop(owners.insert(owner.clone())),
                    Place::Reserve | Place::Bench => drop(shared.insert(record.business.clone())),
                    Place::Aside => {}
                }
            }
        }
        for owner in owners.iter().filter_map(|id| state.owners.get(id)) {
            if let Some(cell) = self.owner(&owner.id) {
                let view = OwnerView::new(state.pool(owner).map(Candidate::of).collect(), state.room(owner));
                // One that says the same as before is not recorded anew.
                if *cell.view.load_full() != view {
                    cell.view.store(Arc::new(view));
                }
            }
        }
        for business in shared {
            let Some(cell) = kept.businesses.get(&business) else { continue };
            let bench = state.numbers_in(&business, &Place::Bench).map(Candidate::of).collect();
            let reserve =
                state.numbers_in(&business, &Place::Reserve).take(RESERVE_SHOWN_MAX).map(Candidate::of).collect();
            let view = SharedView::new(bench, reserve, state.swaps_left(&business, now));
            if *cell.view.load_full() != view {
                cell.view.store(Arc::new(view));
            }
        }
        // A number that has moved is drawn by nobody any more; it is no longer in the view that was just replaced.
        for number in &touched.numbers {
            if let Some(cell) = state.numbers.get(number).and_then(|record| kept.businesses.get(&record.business)) {
                cell.settle_draw(*number);
            }
        }
    }

    fn add_owners(&self, state: &State, kept: &mut Kept, touched: &Touched) {
        let new: Vec<&Owner> = touched
            .owners
            .iter()
            .filter_map(|id| state.owners.get(id))
            .filter(|owner| self.owner(&owner.id).is_none())
            .collect();
        if new.is_empty() {
            return;
        }
        let mut table = HashMap::clone(&self.owners.load());
        for owner in new {
            let business = kept.business(&owner.business);
            table.insert(owner.id.clone(), Arc::new(OwnerCell::new(owner.id.clone(), business)));
        }
        self.owners.store(Arc::new(table));
    }
}

/// Ready numbers shown to the path of a call at once; it draws one at a time, and the rest follows as these are taken.
const RESERVE_SHOWN_MAX: usize = super::seen::RESERVE_MAX;
