//! One run: a world, a contender and a seed, day by day in virtual time.
//!
//! Slots for calls come in order of time; before each one everything that time brought is done. A question that is held
//! puts its lead off and lets the next one be asked about; a call that is shown meets the callee's luck, and the engine
//! of the callee's carrier sees it. What a contender may do is said in [`crate::contender`] and [`crate::house`].

use crate::callee::{self, Heard, Shown};
use crate::contender::{BlindPool, Strategy};
use crate::dialer::{EXCHANGE_FIRST, LeadFacts, Leads, number_of, slots};
use crate::draw::{Key, Of};
use crate::engine::{CallFacts, Engines};
use crate::house::{House, blank_ask, owner_id};
use crate::tally::{RUNGS, Tally};
use crate::world::{Floor, OwnCalls, Tell, World};
use core::time::Duration;
use numbers::choose::callee_law;
use numbers::{
    Ask, Carrier, Carriers, Decision, E164, HoldReason, Listed, Locality, Moment, Observation, Outcome, OwnerUsage,
    Policies, Pool, Question, Source, Status, What, agency_of_report, area,
};

const HOUR_S: u64 = 3_600;

/// What somebody who waits may be told.
#[derive(Clone, Copy, Debug)]
pub struct Progress {
    pub day: u32,
    pub days: u32,
    pub calls: u64,
}

/// Who is called.
#[derive(Clone, Copy, Debug)]
pub struct Called {
    /// Names one person; two may share a number, as the world makes only so many.
    pub person: u64,
    pub number: E164,
}

/// Watches each question as it is answered, for whoever keeps books of their own.
pub trait Watcher {
    /// A number is shown by this user.
    fn shown(&mut self, at: Moment, user: u32, callee: Called, number: E164);
    /// The day is over, and the house stands like this.
    fn day_ends(&mut self, _house: Option<&House>) {}
}

struct Nobody;

impl Watcher for Nobody {
    fn shown(&mut self, _at: Moment, _user: u32, _callee: Called, _number: E164) {}
}

/// One contender's way through a world.
#[derive(Clone, Copy, Debug)]
pub struct Course<'a> {
    pub world: &'a World,
    pub strategy: &'a Strategy,
    pub seed: u64,
    pub days: u32,
    /// Numbers in service beyond what the world's holdings say, for whoever shall not show fewer than somebody else.
    pub more_numbers: u32,
}

/// Runs a contender through so many days of a world.
pub fn run(course: &Course<'_>, progress: &mut dyn FnMut(Progress)) -> Tally {
    watch(course, progress, &mut Nobody)
}

/// As [`run`], under the eyes of a watcher.
pub fn watch(course: &Course<'_>, progress: &mut dyn FnMut(Progress), watcher: &mut dyn Watcher) -> Tally {
    let days = course.days;
    let mut sim = Sim::new(course);
    for day in 0..days {
        sim.day(day, watcher);
        progress(Progress { day: day + 1, days, calls: sim.tally.shown });
    }
    sim.ends(days)
}

/// Everything that one run holds.
struct Sim<'a> {
    world: &'a World,
    key: Key,
    engines: Engines,
    facts: LeadFacts,
    leads: Vec<Leads>,
    numbers: Vec<E164>,
    /// Calls of each number today, and whether it was ever shown.
    today: Vec<u32>,
    shown: Vec<bool>,
    decides: Decides,
    buys: bool,
    blocks: Vec<[u64; Carrier::ALL.len()]>,
    tally: Tally,
    began: Moment,
    slots: Vec<(u32, u32)>,
}

#[allow(clippy::large_enum_variant)] // There is one of it.
enum Decides {
    House(House),
    Blind(Blindly),
}

/// Blind pools, which know of a call no more than whether it may be made.
struct Blindly {
    pools: Vec<BlindPool>,
    ask: Ask,
    usage: OwnerUsage,
    policies: Policies,
}

/// What a question came to, whoever decided.
enum Decided {
    Show(u32),
    Hold(HoldReason, Duration),
}

impl<'a> Sim<'a> {
    fn new(course: &Course<'a>) -> Sim<'a> {
        let Course { world, strategy, seed, days: _, more_numbers } = *course;
        let key = Key::seed(seed);
        let began = hour_of(&world.floor, 0, 0);
        let (policies, ranker) = match strategy {
            Strategy::Policy(policies) | Strategy::NoRemediation(policies) => (policies.clone(), None),
            Strategy::Ranked(policies, ranker) => (policies.clone(), Some(ranker.clone())),
            Strategy::Blind(_) => (Policies::default(), None),
        };
        let remediates = strategy.remediates();
        let in_pools = world.floor.users * world.holdings.numbers_per_user;
        let held = in_pools + in_pools * world.holdings.reserve_percent / 100 + more_numbers;
        let numbers: Vec<E164> = (0..held).map(|n| own_number(world, n)).collect();
        let mut engines = Engines::new(world, key);
        for (place, number) in numbers.iter().enumerate() {
            let percent = u64::from(world.holdings.registered_at_start_percent);
            let registered = key.of(Of::Registered).at(number.digits()).below(100) < percent;
            engines.add_number(*number, registered, None);
            let dirty = world.holdings.dirty_at_start_permille;
            label_by_luck(&mut engines, key, *number, place as u32, dirty, began);
        }
        let mut house = House::new(world, &policies, remediates, &numbers, began);
        house.ranker = ranker;
        let decides = match strategy {
            Strategy::Policy(_) | Strategy::Ranked(..) | Strategy::NoRemediation(_) => Decides::House(house),
            Strategy::Blind(how) => {
                let pools = house.pools();
                let pool = |(user, numbers)| BlindPool::new(*how, numbers, key.at(user as u64));
                let pools = pools.into_iter().enumerate().map(pool).collect();
                Decides::Blind(Blindly {
                    pools,
                    ask: blank_ask(owner_id(0), began),
                    usage: OwnerUsage::default(),
                    policies,
                })
            }
        };
        Sim {
            facts: LeadFacts::new(world, key),
            leads: (0..world.floor.users).map(|_| Leads::default()).collect(),
            today: vec![0; numbers.len()],
            shown: vec![false; numbers.len()],
            blocks: vec![[0; Carrier::ALL.len()]; numbers.len()],
            tally: Tally { numbers_held: numbers.len() as u64, ..Tally::default() },
            slots: Vec::new(),
            buys: remediates,
            world,
            key,
            engines,
            numbers,
            decides,
            began,
        }
    }

    fn day(&mut self, day: u32, watcher: &mut dyn Watcher) {
        let clock: [Moment; 25] = core::array::from_fn(|hour| hour_of(&self.world.floor, day, hour as u32));
        let mut slots_of_day = core::mem::take(&mut self.slots);
        slots(&self.world.floor, self.key, day, &mut slots_of_day);
        let mut hour = 0;
        for (millis, user) in &slots_of_day {
            let (shown, within) = (millis / HOUR_MS, millis % HOUR_MS);
            self.hours(day, &mut hour, shown, &clock);
            // An hour that the clock jumps over has no room, and everything of it happens when it has jumped.
            let [begins, ends] = [clock[shown as usize], clock[shown as usize + 1]];
            let at = begins.plus(Duration::from_millis(u64::from(within))).min(ends);
            self.catch_up(at);
            self.slot(*user, at, day, watcher);
        }
        self.slots = slots_of_day;
        self.hours(day, &mut hour, 24, &clock);
        let ends = clock[24];
        self.engines.day_ends(day, ends);
        for (number, calls) in self.today.iter_mut().enumerate().filter(|(_, calls)| **calls > 0) {
            self.shown[number] = true;
            self.tally.number_day(*calls);
            *calls = 0;
        }
        self.buy(day, ends);
        watcher.day_ends(match &self.decides {
            Decides::House(house) => Some(house),
            Decides::Blind(_) => None,
        });
    }

    /// Lets the hours of the day end, up to this one.
    fn hours(&mut self, day: u32, hour: &mut u32, until: u32, clock: &[Moment; 25]) {
        while *hour < until {
            *hour += 1;
            let ended = clock[*hour as usize];
            self.catch_up(ended);
            self.engines.hour_ends(u64::from(day) * 24 + u64::from(*hour), ended);
        }
    }

    fn catch_up(&mut self, until: Moment) {
        if let Decides::House(house) = &mut self.decides {
            while house.next_due() <= until {
                house.advance(self.world, &mut self.engines, &mut self.tally);
            }
        }
    }

    /// One slot: leads are asked about until one may be called.
    fn slot(&mut self, user: u32, at: Moment, day: u32, watcher: &mut dyn Watcher) {
        self.tally.slots += 1;
        let mut only_hours = true;
        for _ in 0..self.world.floor.asks_per_slot_max {
            let Some(slot) = self.leads[user as usize].take(&self.facts, user, at) else {
                self.tally.slots_dry += 1;
                return;
            };
            self.tally.asks += 1;
            match self.decide(user, slot, at) {
                Decided::Show(number) => {
                    let lead = self.leads[user as usize].lead(slot);
                    let callee = Called { person: lead.key.bits(), number: lead.callee };
                    watcher.shown(at, user, callee, self.numbers[number as usize]);
                    self.call(user, slot, number, at, day);
                    return;
                }
                Decided::Hold(reason, retry_after) => {
                    self.tally.hold(reason);
                    only_hours &= matches!(reason, HoldReason::OutsideLegalHours | HoldReason::OutsidePolicyHours);
                    let leads = &mut self.leads[user as usize];
                    if retry_after >= numbers::choose::RETRY_NEVER {
                        leads.done(slot);
                    } else {
                        leads.again(slot, at.plus(retry_after.max(HELD_FOR_MIN)));
                    }
                }
            }
        }
        if only_hours {
            self.tally.slots_outside_hours += 1;
        } else {
            self.tally.slots_held += 1;
        }
    }

    fn decide(&mut self, user: u32, slot: u32, at: Moment) -> Decided {
        let lead = self.leads[user as usize].lead(slot);
        match &mut self.decides {
            Decides::House(house) => {
                let carrier = lead.carrier_known.then_some(lead.carrier);
                let tie_break = lead.key.at(u64::from(lead.attempts)).of(Of::TieBreak).bits();
                let told = house.ask(user, lead.callee, carrier, at, tie_break, &mut lead.record);
                match (told.decision, told.number) {
                    (Decision::Use { rung, sticky, .. }, Some(number)) => {
                        self.tally.same_again += u64::from(sticky);
                        if let Some(place) = rung.and_then(|rung| RUNGS.iter().position(|known| *known == rung)) {
                            self.tally.rungs[place] += 1;
                        }
                        Decided::Show(number)
                    }
                    (Decision::Use { number, .. }, None) => {
                        unreachable!("{number} is in no view, and was chosen from one")
                    }
                    (Decision::Hold { reason, retry_after, .. }, _) => Decided::Hold(reason, retry_after),
                }
            }
            Decides::Blind(Blindly { pools, ask, usage, policies }) => {
                (ask.callee, ask.at) = (lead.callee, at);
                let nobody = Pool::default();
                let (owner, policy, callee) = (&*usage, policies.base(), Some(&lead.record));
                let (ask, order) = (&*ask, &[][..]);
                let (listed, bench, reserve) = (Listed::NOWHERE, nobody, nobody);
                let question = Question { ask, pool: nobody, bench, reserve, owner, callee, listed, policy, order };
                match callee_law(&question) {
                    Ok(_) => {
                        let number = pools[user as usize].choose(&self.today);
                        lead.record.record_attempt(at);
                        Decided::Show(number)
                    }
                    Err((reason, retry_after)) => Decided::Hold(reason, retry_after),
                }
            }
        }
    }

    fn call(&mut self, user: u32, slot: u32, number: u32, at: Moment, day: u32) {
        let lead = self.leads[user as usize].lead(slot);
        let shown = self.numbers[number as usize];
        let engine = self.engines.of_carrier(lead.carrier);
        let label = engine.filter(|engine| self.engines.label(*engine, number).is_some());
        let same_area = shown.area_code() == lead.callee.area_code();
        let heard = callee::call(
            &self.world.answers,
            lead,
            Shown {
                local: area::locality(shown, lead.callee) == Locality::Group,
                changed: lead.saw.is_some_and(|saw| saw != number),
                label: label.map(|engine| &self.engines.facts(engine).label),
            },
        );
        let Heard { outcome, talk_seconds, complaint } = heard;
        if let Some(engine) = engine {
            let facts = CallFacts {
                answered: heard.is_human(),
                short: outcome == Outcome::ShortCall,
                complaint,
                same_area,
                same_exchange: same_area && shown.exchange() == lead.callee.exchange(),
            };
            self.engines.see(engine, number, day, facts);
        }
        let tally = &mut self.tally;
        tally.shown += 1;
        tally.shown_by_carrier[lead.carrier.index()] += 1;
        tally.labelled_by_carrier[lead.carrier.index()] += u64::from(label.is_some());
        tally.outcomes[outcome as usize] += 1;
        tally.human += u64::from(heard.is_human());
        tally.engaged += u64::from(heard.is_human() && talk_seconds >= self.world.answers.engaged_talk_seconds);
        tally.complaints += u64::from(complaint);
        if matches!(self.decides, Decides::Blind(_)) {
            tally.same_again += u64::from(lead.saw == Some(number));
        }
        self.today[number as usize] += 1;

        let carrier = lead.carrier;
        lead.attempts += 1;
        lead.saw = Some(number);
        if complaint {
            lead.record.suppress(at);
        }
        let done = heard.is_human()
            || complaint
            || outcome == Outcome::InvalidNumber
            || lead.attempts >= self.world.list.attempts_max;
        let leads = &mut self.leads[user as usize];
        if done {
            leads.done(slot);
        } else {
            leads.again(slot, at.plus(Duration::from_secs(u64::from(self.world.list.redial_after_hours) * HOUR_S)));
        }
        self.listen(number, carrier, outcome == Outcome::BlockedNetwork, at);
    }

    /// What our own calls tell of a number, where the world says that they do.
    fn listen(&mut self, number: u32, carrier: Carrier, blocked: bool, at: Moment) {
        let OwnCalls { tell, blocks, of_calls } = self.world.own_calls;
        let Decides::House(house) = &mut self.decides else { return };
        if tell == Tell::Nothing || !self.buys {
            return;
        }
        let last = &mut self.blocks[number as usize][carrier.index()];
        *last = *last << 1 | u64::from(blocked);
        if !blocked || (*last & u64::MAX >> (64 - of_calls)).count_ones() < blocks {
            return;
        }
        *last = 0;
        let e164 = self.numbers[number as usize];
        let held = house.state.numbers.get(&e164).is_some_and(|record| record.excluded_on().contains(carrier));
        if held {
            return;
        }
        let what = match tell {
            Tell::Nothing => return,
            Tell::Warning => What::EarlyWarning { number: e164, carriers: Carriers::NONE.with(carrier) },
            Tell::Block => {
                let engine = self.engines.of_carrier(carrier);
                if let Some(label) = engine.and_then(|engine| self.engines.label(engine, number)) {
                    self.engines.labels[label as usize].detected_at.get_or_insert(at);
                }
                What::Observed {
                    source: Source::Outcomes,
                    adapter: None,
                    asked: Vec::new(),
                    observations: vec![Observation {
                        number: e164,
                        agency: agency_of_report(Some(carrier), None),
                        carrier: Some(carrier),
                        status: Status::Blocked,
                        label: None,
                        score: None,
                        observed_at: at,
                        cost_micros: 0,
                    }],
                }
            }
        };
        house.tell(what, at);
    }

    /// The operator buys while too few numbers are in reserve, at most so many a day.
    fn buy(&mut self, day: u32, now: Moment) {
        let Decides::House(house) = &mut self.decides else { return };
        if !self.buys {
            return;
        }
        let (spare, held) = house.stock();
        let wanted =
            (held as u64 * u64::from(self.world.holdings.buy_below_percent) / 100).saturating_sub(spare as u64);
        let count = wanted.min(u64::from(self.world.holdings.buys_per_day_max));
        let first = self.numbers.len() as u32;
        let bought: Vec<E164> = (first..first + count as u32).map(|n| own_number(self.world, n)).collect();
        for (place, number) in bought.iter().enumerate() {
            self.numbers.push(*number);
            self.today.push(0);
            self.shown.push(false);
            self.blocks.push([0; Carrier::ALL.len()]);
            self.engines.add_number(*number, false, Some(day));
            let dirty = self.world.holdings.dirty_when_bought_permille;
            label_by_luck(&mut self.engines, self.key, *number, first + place as u32, dirty, now);
        }
        self.tally.bought += count;
        if count > 0 {
            house.buy(&bought, now);
        }
    }

    fn ends(mut self, days: u32) -> Tally {
        if let Decides::House(house) = &self.decides {
            let lives = house.state.numbers.values();
            self.tally.retired = lives.filter(|number| number.life == numbers::Life::Retired).count() as u64;
        }
        self.tally.numbers_shown = self.shown.iter().filter(|shown| **shown).count() as u64;
        let held = self.tally.numbers_held + self.tally.bought;
        // What is bought is paid for from its first month on, and the rest for as long as the run takes.
        self.tally.number_cost_micros = self.world.holdings.number_price_micros * held * u64::from(days) / 30;
        self.tally.read_labels(&self.engines, self.began);
        self.tally
    }
}

/// When the floor's clock shows this hour of the day, or has jumped over it; the 24th is the midnight after it.
fn hour_of(floor: &Floor, day: u32, hour: u32) -> Moment {
    let date = floor.begins_on.plus_days(i64::from(day) + i64::from(hour / 24));
    let minute = (hour % 24 * 60) as u16;
    floor.time_zone.shows_on(date, minute, Moment::ZERO).unwrap_or_default()
}

const HOUR_MS: u32 = 3_600_000;
/// Whatever a hold says, a lead is not asked about again sooner. A guess: dialers recycle leads in minutes.
const HELD_FOR_MIN: Duration = Duration::from_secs(5 * 60);

/// The n-th number of the business: spread over the area codes in turn, and over their exchanges.
fn own_number(world: &World, n: u32) -> E164 {
    let codes = &world.list.area_codes;
    let (nth, code) = (n as usize / codes.len(), codes[n as usize % codes.len()]);
    let exchanges = world.list.exchanges_per_area as usize;
    let (line, exchange) = (1000 + nth / exchanges, EXCHANGE_FIRST + (nth % exchanges) as u64);
    number_of(10_000_000_000 + u64::from(code) * 10_000_000 + exchange * 10_000 + line as u64)
}

/// Labels that the number has before we show it.
fn label_by_luck(engines: &mut Engines, key: Key, number: E164, place: u32, permille: u32, at: Moment) {
    for engine in 0..engines.count() {
        if key.of(Of::Dirty).at(number.digits()).at(engine as u64).permille(u64::from(permille)) {
            engines.set(engine, place, at);
        }
    }
}
