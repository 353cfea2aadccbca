//! The engines: what each sees of our calls, when it sets a label, and when the label goes.
//!
//! An engine sees the calls to its own carriers alone, and judges a number by what it remembers of them. What its model
//! goes by is hidden from everybody else: the business learns of a label by asking a source, or by what its calls meet.
//! Here nobody is asked and nothing is filed; [`crate::house`] does that.

use crate::curve::logistic;
use crate::draw::{Key, Of};
use crate::world::{Engine, Model, World};
use core::time::Duration;
use numbers::{Carrier, E164, Moment};

/// All engines of a world.
#[derive(Debug)]
pub struct Engines {
    of_carrier: [Option<u8>; Carrier::ALL.len()],
    each: Vec<Seat>,
    numbers: Vec<E164>,
    registered: Vec<bool>,
    key: Key,
    /// Labels that are decided and not yet to be seen: an engine spreads its verdicts over the day after.
    coming: Vec<(Moment, u8, u32)>,
    /// Every label there has been, in the order in which they were set.
    pub labels: Vec<LabelRecord>,
}

/// One label from its beginning to its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LabelRecord {
    pub engine: u8,
    pub number: u32,
    pub set_at: Moment,
    /// It was there before the run began, so the time until it was found counts from the beginning.
    pub detected_at: Option<Moment>,
    pub gone: Option<(Moment, Gone)>,
    /// When the engine last held that it is deserved.
    deserved_at: Moment,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gone {
    Expired,
    Redressed,
}

/// One engine at work.
#[derive(Debug)]
struct Seat {
    facts: Engine,
    /// Callees that it sees, of a thousand.
    share_permille: u64,
    seen: Vec<Seen>,
    /// Of the last days, a line for each number: dials and complaints. Kept for the models that look back over a window.
    window: Vec<(u16, u16)>,
    window_days: usize,
}

/// What one engine has seen of one number.
#[derive(Clone, Debug)]
struct Seen {
    today: Counts,
    hour_dials: u32,
    /// The last days in sixteenths, each day an eighth less than the one after it: about eight days' worth.
    memory: Counts,
    first_day: i32,
    last_day: i32,
    /// Its place in the list of labels, while it has one.
    label: Option<u32>,
    gone_at: Option<Moment>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Counts {
    dials: u32,
    answers: u32,
    short: u32,
    complaints: u32,
    same_area: u32,
    same_exchange: u32,
}

/// What an engine can see of one call.
#[derive(Clone, Copy, Debug, Default)]
pub struct CallFacts {
    pub answered: bool,
    pub short: bool,
    pub complaint: bool,
    pub same_area: bool,
    pub same_exchange: bool,
}

/// Numbers in service before the run were first seen so long ago: long enough to be old to every model.
const LONG_AGO: i32 = -400;
/// An engine that knows little of a number takes it for an ordinary one: so many answers and dials of an ordinary number
/// are added to what it saw. A guess; without them a single short call would be all of the evidence.
const ORDINARY_ANSWERS: u32 = 5;
const ORDINARY_SHORT_PERCENT: u32 = 15;
const ORDINARY_DIALS: u32 = 50;
const ORDINARY_ANSWER_PERCENT: u32 = 7;
/// The days that the enterprise score looks back over, and after how many quiet ones a number has stopped calling.
const ENTERPRISE_DAYS: i32 = 30;
const QUIET_DAYS: i32 = 5;

impl Engines {
    pub fn new(world: &World, key: Key) -> Engines {
        let share = |engine: &Engine| {
            let shares = engine.carriers.iter().filter_map(|carrier| world.list.carrier_permille.get(carrier));
            u64::from(shares.sum::<u32>()).max(1)
        };
        let seat = |engine: &Engine| Seat {
            share_permille: share(engine),
            window_days: match engine.model {
                Model::Complaints { window_days, .. } => window_days as usize,
                Model::Volume { .. } | Model::Logistic { .. } | Model::Enterprise { .. } | Model::Neighbour { .. } => 0,
            },
            facts: engine.clone(),
            seen: Vec::new(),
            window: Vec::new(),
        };
        Engines {
            of_carrier: Carrier::ALL.map(|carrier| world.engine_of(carrier).map(|engine| engine as u8)),
            each: world.engine.iter().map(seat).collect(),
            numbers: Vec::new(),
            registered: Vec::new(),
            key,
            coming: Vec::new(),
            labels: Vec::new(),
        }
    }

    /// A number that will be shown. `day` is when it was bought; none when it was in service before.
    pub fn add_number(&mut self, number: E164, registered: bool, bought: Option<u32>) {
        let first_day = bought.map_or(LONG_AGO, |_| i32::MAX);
        self.numbers.push(number);
        self.registered.push(registered);
        for seat in &mut self.each {
            seat.seen.push(Seen {
                today: Counts::default(),
                hour_dials: 0,
                memory: Counts::default(),
                first_day,
                last_day: if bought.is_some() { i32::MIN } else { -1 },
                label: None,
                gone_at: None,
            });
            seat.window.resize(seat.seen.len() * seat.window_days, (0, 0));
        }
    }

    pub fn register(&mut self, number: u32) {
        self.registered[number as usize] = true;
    }

    pub fn count(&self) -> usize {
        self.each.len()
    }

    pub fn facts(&self, engine: usize) -> &Engine {
        &self.each[engine].facts
    }

    pub fn of_carrier(&self, carrier: Carrier) -> Option<usize> {
        self.of_carrier[carrier.index()].map(usize::from)
    }

    pub fn by_agency(&self, agency: &str) -> Option<usize> {
        self.each.iter().position(|seat| seat.facts.agency == agency)
    }

    /// The label of this number, as a place in [`Engines::labels`].
    pub fn label(&self, engine: usize, number: u32) -> Option<u32> {
        self.each[engine].seen[number as usize].label
    }

    /// Whether a source whose answers are so old would say that it is labelled.
    pub fn seems_labelled(&self, engine: usize, number: u32, asked_of: Moment) -> bool {
        let seen = &self.each[engine].seen[number as usize];
        match seen.label {
            Some(label) => {
                self.labels[label as usize].set_at <= asked_of || seen.gone_at.is_some_and(|gone| gone > asked_of)
            }
            None => seen.gone_at.is_some_and(|gone| gone > asked_of),
        }
    }

    /// One call was shown to a callee of this engine.
    pub fn see(&mut self, engine: usize, number: u32, day: u32, call: CallFacts) {
        let seen = &mut self.each[engine].seen[number as usize];
        seen.first_day = seen.first_day.min(day as i32);
        seen.last_day = day as i32;
        seen.hour_dials += 1;
        let today = &mut seen.today;
        today.dials += 1;
        today.answers += u32::from(call.answered);
        today.short += u32::from(call.short);
        today.complaints += u32::from(call.complaint);
        today.same_area += u32::from(call.same_area);
        today.same_exchange += u32::from(call.same_exchange);
    }

    /// An hour is over: bursts are judged, and verdicts of the day before are to be seen.
    pub fn hour_ends(&mut self, hour: u64, now: Moment) {
        let due = |coming: &mut (Moment, u8, u32)| coming.0 <= now;
        let seen: Vec<_> = self.coming.extract_if(.., due).collect();
        for (_, engine, number) in seen {
            self.set(usize::from(engine), number, now);
        }
        for engine in 0..self.each.len() {
            let Model::Volume { dials_per_hour_max, chance_permille, .. } = self.each[engine].facts.model else {
                continue;
            };
            for number in 0..self.numbers.len() as u32 {
                let dials = self.each[engine].seen[number as usize].hour_dials;
                self.each[engine].seen[number as usize].hour_dials = 0;
                let beyond = self.scaled(engine, dials) > u64::from(dials_per_hour_max);
                let chance = self.each[engine].suspecting(number, u64::from(chance_permille) * 1_000_000, now);
                if beyond && self.luck(engine, number, hour | 1 << 32).billionth(chance) {
                    self.set(engine, number, now);
                }
            }
        }
    }

    /// A day is over: each engine judges the numbers that called, and labels that were not deserved for long go.
    pub fn day_ends(&mut self, day: u32, now: Moment) {
        for engine in 0..self.each.len() {
            let business = self.each[engine].of_business(day);
            for number in 0..self.numbers.len() as u32 {
                self.each[engine].remember(number, day);
                if self.each[engine].seen[number as usize].today.dials > 0 {
                    let registered = self.registered[number as usize];
                    let chance = self.each[engine].chance(number, day, registered, business);
                    let chance = self.each[engine].suspecting(number, chance, now);
                    let luck = self.luck(engine, number, u64::from(day));
                    if luck.billionth(chance) {
                        let hours = luck.of(Of::LabelHour).below(24);
                        self.coming.push((now.plus(Duration::from_secs(hours * 3600)), engine as u8, number));
                    }
                }
                self.each[engine].seen[number as usize].today = Counts::default();
                let days = u64::from(self.each[engine].facts.label.expires_after_days);
                let expires = Duration::from_secs(days * 86_400);
                if let Some(label) = self.label(engine, number)
                    && self.labels[label as usize].deserved_at.plus(expires) <= now
                {
                    self.clear(engine, number, now, Gone::Expired);
                }
            }
        }
    }

    /// Sets a label, or holds that the one there is deserved.
    pub fn set(&mut self, engine: usize, number: u32, now: Moment) {
        match self.label(engine, number) {
            Some(label) => self.labels[label as usize].deserved_at = now,
            None => {
                self.each[engine].seen[number as usize].label = Some(self.labels.len() as u32);
                let (engine, set_at) = (engine as u8, now);
                self.labels.push(LabelRecord {
                    engine,
                    number,
                    set_at,
                    detected_at: None,
                    gone: None,
                    deserved_at: now,
                });
            }
        }
    }

    /// Takes the label away.
    pub fn clear(&mut self, engine: usize, number: u32, now: Moment, how: Gone) {
        let seen = &mut self.each[engine].seen[number as usize];
        if let Some(label) = seen.label.take() {
            seen.gone_at = Some(now);
            self.labels[label as usize].gone = Some((now, how));
        }
    }

    /// Where the luck of disputes is drawn from.
    pub fn key_of_redress(&self) -> Key {
        self.key.of(Of::Redress)
    }

    fn scaled(&self, engine: usize, dials: u32) -> u64 {
        u64::from(dials) * 1000 / self.each[engine].share_permille
    }

    fn luck(&self, engine: usize, number: u32, when: u64) -> Key {
        self.key.of(Of::Label).at(engine as u64).at(self.numbers[number as usize].digits()).at(when)
    }
}

impl Seat {
    /// Folds the day into what is remembered of the number.
    fn remember(&mut self, number: u32, day: u32) {
        let seen = &mut self.seen[number as usize];
        let fold = |memory: u32, today: u32| memory - memory / 8 + today * 16;
        let (memory, today) = (&mut seen.memory, seen.today);
        memory.dials = fold(memory.dials, today.dials);
        memory.answers = fold(memory.answers, today.answers);
        memory.short = fold(memory.short, today.short);
        memory.complaints = fold(memory.complaints, today.complaints);
        memory.same_area = fold(memory.same_area, today.same_area);
        memory.same_exchange = fold(memory.same_exchange, today.same_exchange);
        if let Some(place) = (day as usize).checked_rem(self.window_days) {
            let cap = |count: u32| count.min(u32::from(u16::MAX)) as u16;
            self.window[number as usize * self.window_days + place] = (cap(today.dials), cap(today.complaints));
        }
    }

    /// The chance with what a label that went lately adds to it.
    fn suspecting(&self, number: u32, chance: u64, now: Moment) -> u64 {
        let label = &self.facts.label;
        let suspect_for = Duration::from_secs(u64::from(label.suspect_days) * 86_400);
        let is_suspect = self.seen[number as usize].gone_at.is_some_and(|gone| gone.plus(suspect_for) > now);
        if is_suspect { chance * u64::from(label.suspect_percent) / 100 } else { chance }
    }

    /// Of the last thirty days' numbers: the percentages that are new, and that stopped soon.
    fn of_business(&self, day: u32) -> (i64, i64) {
        if !matches!(self.facts.model, Model::Enterprise { .. }) {
            return (0, 0);
        }
        let day = day as i32;
        let since = day - ENTERPRISE_DAYS;
        let (mut all, mut new, mut short_lived) = (0, 0, 0);
        for seen in self.seen.iter().filter(|seen| seen.last_day > since) {
            all += 1;
            new += i64::from(seen.first_day > since);
            let stopped = seen.last_day < day - QUIET_DAYS;
            short_lived += i64::from(stopped && seen.last_day - seen.first_day < ENTERPRISE_DAYS);
        }
        if all == 0 { (0, 0) } else { (new * 100 / all, short_lived * 100 / all) }
    }

    /// The chance of a label for this number and this day, in parts of a thousand million.
    fn chance(&self, number: u32, day: u32, registered: bool, (churn, short_lived): (i64, i64)) -> u64 {
        let seen = &self.seen[number as usize];
        let dials = (u64::from(seen.today.dials) * 1000 / self.share_permille) as i64;
        let memory = &seen.memory;
        let unless_registered = |weight: i64| if registered { 0 } else { weight };
        match self.facts.model {
            Model::Volume { dials_per_day_max, chance_permille, .. } => {
                if dials > i64::from(dials_per_day_max) {
                    u64::from(chance_permille) * 1_000_000
                } else {
                    0
                }
            }
            Model::Logistic {
                base,
                per_dial,
                per_short_percent,
                per_complaint_permille,
                per_answer_percent,
                unregistered,
            } => {
                let short = percent(memory.short, memory.answers, ORDINARY_ANSWERS, ORDINARY_SHORT_PERCENT);
                let answers = percent(memory.answers, memory.dials, ORDINARY_DIALS, ORDINARY_ANSWER_PERCENT);
                let complaints = i64::from(memory.complaints) * 1000 / i64::from(memory.dials + ORDINARY_DIALS * 16);
                logistic(
                    base + per_dial * dials
                        + per_short_percent * short
                        + per_complaint_permille * complaints
                        + per_answer_percent * answers
                        + unless_registered(unregistered),
                )
            }
            Model::Enterprise {
                base,
                per_dial,
                per_churn_percent,
                per_short_lived_percent,
                new_number,
                new_days,
                unregistered,
            } => {
                let is_new = day as i32 - seen.first_day < new_days as i32;
                logistic(
                    base + per_dial * dials
                        + per_churn_percent * churn
                        + per_short_lived_percent * short_lived
                        + if is_new { new_number } else { 0 }
                        + unless_registered(unregistered),
                )
            }
            Model::Complaints { complaints_min, per_1000_dials_max, chance_permille, .. } => {
                let days = &self.window[number as usize * self.window_days..][..self.window_days];
                let (dials, complaints) = days
                    .iter()
                    .fold((0, 0), |(dials, complaints), day| (dials + u32::from(day.0), complaints + u32::from(day.1)));
                let beyond = complaints >= complaints_min.max(1) && complaints * 1000 > per_1000_dials_max * dials;
                if beyond { u64::from(chance_permille) * 1_000_000 } else { 0 }
            }
            Model::Neighbour { base, per_same_area_percent, per_same_exchange_percent, per_dial } => {
                let same_area = percent(memory.same_area, memory.dials, ORDINARY_DIALS, 0);
                let same_exchange = percent(memory.same_exchange, memory.dials, ORDINARY_DIALS, 0);
                logistic(
                    base + per_same_area_percent * same_area
                        + per_same_exchange_percent * same_exchange
                        + per_dial * dials,
                )
            }
        }
    }
}

/// The share of what is remembered, in percent, with so many ordinary ones added.
fn percent(part: u32, of: u32, ordinary: u32, ordinary_percent: u32) -> i64 {
    let part = u64::from(part) * 100 + u64::from(ordinary * 16 * ordinary_percent);
    (part / u64::from(of + ordinary * 16).max(1)) as i64
}

#[cfg(test)]
mod tests;
