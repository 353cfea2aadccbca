//! The floor: when each user has a slot for a call, and which lead comes next.
//!
//! Leads and their facts are drawn by the user and the lead's place in the list, and luck by the attempt, so that every
//! policy in a seed meets the same people. A lead that is done is forgotten; nobody is on two users' lists.

use crate::draw::{Key, Of};
use crate::world::{Floor, World};
use core::cmp::Reverse;
use numbers::{CalleeRecord, Carrier, E164, Moment};
use std::collections::BinaryHeap;

/// One callee on a user's list, while it is worth calling.
#[derive(Clone, Debug)]
pub struct Lead {
    pub key: Key,
    pub callee: E164,
    pub carrier: Carrier,
    pub carrier_known: bool,
    pub screens: bool,
    pub invalid: bool,
    /// Calls made so far.
    pub attempts: u32,
    /// The number it saw last.
    pub saw: Option<u32>,
    pub record: CalleeRecord,
}

/// One user's list: fresh leads in order, and those that are to be called again.
#[derive(Debug, Default)]
pub struct Leads {
    next: u32,
    later: BinaryHeap<Reverse<(u64, u32)>>,
    kept: Vec<Lead>,
    free: Vec<u32>,
}

/// What is drawn of leads, made ready once.
#[derive(Debug)]
pub struct LeadFacts {
    key: Key,
    leads_per_user: u32,
    area_codes: Vec<u16>,
    elsewhere: Vec<u16>,
    elsewhere_percent: u64,
    exchanges: u64,
    /// The upper bound of each carrier in a thousand.
    carriers: Vec<(u64, Carrier)>,
    known_percent: u64,
    screening_percent: u64,
    invalid_permille: u64,
}

/// Exchanges are counted from here; the plan allows none below 200.
pub const EXCHANGE_FIRST: u64 = 220;

impl LeadFacts {
    pub fn new(world: &World, key: Key) -> LeadFacts {
        let mut below = 0;
        let mut carriers = Vec::new();
        for (carrier, share) in &world.list.carrier_permille {
            below += u64::from(*share);
            carriers.push((below, *carrier));
        }
        LeadFacts {
            key,
            leads_per_user: world.list.leads_per_user,
            area_codes: world.list.area_codes.clone(),
            elsewhere: world.list.elsewhere_area_codes.clone(),
            elsewhere_percent: u64::from(world.list.elsewhere_percent),
            exchanges: u64::from(world.list.exchanges_per_area),
            carriers,
            known_percent: u64::from(world.list.carrier_known_percent),
            screening_percent: u64::from(world.answers.screening_percent),
            invalid_permille: u64::from(world.answers.invalid_permille),
        }
    }

    fn lead(&self, user: u32, place: u32) -> Lead {
        let key = self.key.at(u64::from(user)).at(u64::from(place));
        let area = key.of(Of::Area);
        let elsewhere = area.below(100) < self.elsewhere_percent;
        let codes = if elsewhere { &self.elsewhere } else { &self.area_codes };
        let code = codes[area.at(1).below(codes.len() as u64) as usize];
        let exchange = EXCHANGE_FIRST + key.of(Of::Exchange).below(self.exchanges);
        // Our own numbers' lines begin at 1000, so that nobody is called from their own number.
        let digits = 10_000_000_000 + u64::from(code) * 10_000_000 + exchange * 10_000 + key.of(Of::Line).below(1000);
        let drawn = key.of(Of::Carrier).below(1000);
        let carrier = self.carriers.iter().find(|(below, _)| drawn < *below).map_or(Carrier::Other, |(_, c)| *c);
        Lead {
            key,
            callee: number_of(digits),
            carrier,
            carrier_known: key.of(Of::CarrierKnown).below(100) < self.known_percent,
            screens: key.of(Of::Screens).below(100) < self.screening_percent,
            invalid: key.of(Of::Invalid).permille(self.invalid_permille),
            attempts: 0,
            saw: None,
            record: CalleeRecord::default(),
        }
    }
}

/// A number that we made up by the rules of the plan.
pub fn number_of(digits: u64) -> E164 {
    match E164::from_digits(digits) {
        Some(number) => number,
        None => unreachable!("a world is checked to have area codes that there are, and exchanges from 220 to 919"),
    }
}

impl Leads {
    /// The lead to call now: one that was to be called again by now, else a fresh one, else none.
    pub fn take(&mut self, facts: &LeadFacts, user: u32, now: Moment) -> Option<u32> {
        if let Some(Reverse((due, slot))) = self.later.peek().copied()
            && due <= now.0
        {
            self.later.pop();
            return Some(slot);
        }
        if self.next >= facts.leads_per_user {
            return None;
        }
        let lead = facts.lead(user, self.next);
        self.next += 1;
        Some(match self.free.pop() {
            Some(slot) => {
                self.kept[slot as usize] = lead;
                slot
            }
            None => {
                self.kept.push(lead);
                self.kept.len() as u32 - 1
            }
        })
    }

    pub fn lead(&mut self, slot: u32) -> &mut Lead {
        &mut self.kept[slot as usize]
    }

    pub fn again(&mut self, slot: u32, due: Moment) {
        self.later.push(Reverse((due.0, slot)));
    }

    pub fn done(&mut self, slot: u32) {
        self.free.push(slot);
    }
}

/// The slots of one day in order of time: what the floor's clock shows, in milliseconds after midnight, and the user.
pub fn slots(floor: &Floor, key: Key, day: u32, slots: &mut Vec<(u32, u32)>) {
    slots.clear();
    let weekday = floor.begins_on.plus_days(i64::from(day)).weekday();
    if weekday as u32 >= floor.working_days_per_week {
        return;
    }
    let all: u64 = floor.hour_weights.iter().copied().map(u64::from).sum();
    let dials = u64::from(floor.dials_per_user_and_day);
    let begins = u64::from(floor.begins_hour) * HOUR;
    for user in 0..floor.users {
        let key = key.of(Of::Slot).at(u64::from(user)).at(u64::from(day));
        let (mut weight, mut made) = (0, 0);
        for (hour, its) in floor.hour_weights.iter().enumerate() {
            weight += u64::from(*its);
            let until = dials * weight / all;
            let count = until - made;
            for nth in 0..count {
                let within = HOUR * nth / count + key.at(made + nth).below(HOUR / count);
                slots.push(((begins + hour as u64 * HOUR + within) as u32, user));
            }
            made = until;
        }
    }
    slots.sort_unstable();
}

const HOUR: u64 = 3_600_000;
