//! What decisions are made on: the numbers that may be shown, beside their counts. A view follows the state as the
//! daemon's directory does, and is touched only when one of its numbers was.

use super::{BUSINESS, House, place_of};
use numbers::{Candidate, Drawn, E164, OwnerId, Place, Pool, Room, Touched, Usage};
use std::collections::BTreeSet;

/// Numbers of one kind, in the order of the state, with their counts.
#[derive(Debug, Default)]
pub(super) struct View {
    pub numbers: Vec<u32>,
    pub candidates: Vec<Candidate>,
    pub usage: Vec<Usage>,
}

/// Where a number was when it was last published.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Where {
    Aside,
    Reserve,
    Bench,
    Pool(u32),
}

/// Numbers of the reserve that decisions see at once, as in the daemon.
const RESERVE_SHOWN_MAX: usize = 64;

impl View {
    pub fn pool(&self) -> Pool<'_> {
        Pool { candidates: &self.candidates, usage: &self.usage }
    }

    /// The numbers of a reserve that an owner with this room may draw; `swaps_left` is asked for where there is room at all.
    pub fn drawable(&self, room: Room, swaps_left: impl FnOnce() -> usize) -> View {
        if room.lacks == 0 {
            return View::default();
        }
        let swaps_left = swaps_left();
        let mut open = View::default();
        for (place, candidate) in self.candidates.iter().enumerate() {
            if room.permits(candidate.known, Drawn::default(), swaps_left) {
                open.numbers.push(self.numbers[place]);
                open.candidates.push(candidate.clone());
                open.usage.push(self.usage[place].clone());
            }
        }
        open
    }

    pub fn is_empty(&self) -> bool {
        self.numbers.is_empty()
    }

    pub fn place(&self, number: E164) -> Option<usize> {
        self.candidates.iter().position(|candidate| candidate.number == number)
    }
}

impl House {
    /// Brings the views up to what an event touched.
    pub(super) fn publish(&mut self, touched: &Touched) {
        let mut stale: BTreeSet<Where> = BTreeSet::new();
        stale.extend(touched.owners.iter().filter_map(|id| self.owner_ids.get(id)).map(|owner| Where::Pool(*owner)));
        for number in &touched.numbers {
            let (Some(record), Some(index)) = (self.state.numbers.get(number), self.index.get(number).copied()) else {
                continue;
            };
            let now_at = place_of(&record.place, &self.owner_ids);
            let was_at = core::mem::replace(&mut self.places[index as usize], now_at);
            if was_at != now_at {
                stale.extend([was_at, now_at]);
                continue;
            }
            let candidate = Candidate::of(record);
            if let Some(view) = self.view_mut(now_at)
                && let Some(place) = view.place(*number)
            {
                view.candidates[place] = candidate;
            }
        }
        // First every count comes back, and then it goes where its number is now.
        stale.iter().for_each(|place| self.empty(*place));
        stale.into_iter().for_each(|place| self.fill(place));
    }

    fn view_mut(&mut self, place: Where) -> Option<&mut View> {
        match place {
            Where::Aside => None,
            Where::Reserve => Some(&mut self.reserve),
            Where::Bench => Some(&mut self.bench),
            Where::Pool(owner) => self.owners.get_mut(owner as usize).map(|owner| &mut owner.view),
        }
    }

    /// The counts live in the view while a number is in it, and with the house while it is in none.
    fn empty(&mut self, place: Where) {
        let Some(view) = self.view_mut(place).map(core::mem::take) else { return };
        for (number, usage) in view.numbers.iter().zip(view.usage) {
            self.usage[*number as usize] = usage;
        }
    }

    fn fill(&mut self, place: Where) {
        let (at, shown_max) = match place {
            Where::Aside => return,
            Where::Reserve => (Place::Reserve, RESERVE_SHOWN_MAX),
            Where::Bench => (Place::Bench, usize::MAX),
            Where::Pool(owner) => (Place::Pool(self.id_of(owner)), usize::MAX),
        };
        let mut view = View::default();
        for number in self.state.numbers_in(BUSINESS, &at).take(shown_max) {
            let Some(index) = self.index.get(&number.e164).copied() else { continue };
            view.numbers.push(index);
            view.candidates.push(Candidate::of(number));
        }
        view.usage = view.numbers.iter().map(|number| core::mem::take(&mut self.usage[*number as usize])).collect();
        if let Some(place) = self.view_mut(place) {
            *place = view;
        }
    }

    fn id_of(&self, owner: u32) -> OwnerId {
        self.owners[owner as usize].ask.owner.clone()
    }
}
