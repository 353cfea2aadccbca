//! The daemon's part, in virtual time: the keeper's state, the views that decisions are made on, and what is wanted.
//!
//! It follows `house/keeper.rs`, `house/performer.rs` and `house/hot.rs` of the daemon step for step, and calls the same
//! functions of `numbers`; no rule is its own. Agencies are the world's engines, and answer after their delay.
//! It keeps no disk, no journal and no rate of requests: an adapter here takes as many as are due.

mod agencies;
mod views;

use crate::contender::Ranker;
use crate::engine::Engines;
use crate::tally::Tally;
use crate::world::World;
use numbers::choose::{self, From};
use numbers::event::{IMPORT_ROWS_MAX, SCOPES_MAX};
use numbers::{
    Ask, CalleeRecord, Command, Decision, E164, Event, FilingOutcome, ImportedRow, Listed, Moment, OwnerId, OwnerUsage,
    Place, Policies, Policy, Pool, Purpose, Question, Refusal, RightToUse, Service, State, Touched, What,
};
use std::collections::{BTreeMap, BTreeSet};
use views::{View, Where};

/// The keeper, the path of a call, and the performer.
pub struct House {
    pub state: State,
    /// What holds for a call of an owner who has no policy of its own.
    policy: Policy,
    /// Asked where there is a choice.
    pub(crate) ranker: Option<Ranker>,
    numbers: Vec<E164>,
    index: BTreeMap<E164, u32>,
    places: Vec<Where>,
    usage: Vec<numbers::Usage>,
    owners: Vec<Owner>,
    owner_ids: BTreeMap<OwnerId, u32>,
    bench: View,
    reserve: View,
    due: Due,
    adapters: Vec<Asked>,
    /// When each number is next asked about at each adapter; [`OUT`] while it is out.
    checks: Vec<Moment>,
    wakes: Vec<Moment>,
    business_wakes: Moment,
    /// Filings that are being asked about, and what a pending one will come to.
    asking: BTreeSet<u64>,
    verdicts: BTreeMap<u64, FilingOutcome>,
}

struct Owner {
    ask: Ask,
    view: View,
    usage: OwnerUsage,
    /// Where its own scope says something.
    policy: Option<Box<Policy>>,
}

/// An adapter that checks, and what waits for it.
struct Asked {
    id: String,
    /// Its place in the world's sources.
    source: usize,
    engines: Vec<usize>,
    waiting: Vec<u32>,
}

/// What time brings, in order.
#[derive(Default)]
struct Due {
    entries: BTreeMap<(Moment, u64), Item>,
    made: u64,
}

enum Item {
    Check {
        adapter: usize,
        number: u32,
    },
    /// What waits for this adapter is sent, even if it fills no batch.
    Flush {
        adapter: usize,
    },
    Answer {
        adapter: usize,
        numbers: Vec<u32>,
    },
    WakeNumber(u32),
    WakeBusiness,
    Filing {
        filing: u64,
        outcome: FilingOutcome,
    },
    Redressed {
        engine: usize,
        number: u32,
        label: u32,
    },
}

impl Due {
    fn push(&mut self, at: Moment, item: Item) {
        self.made += 1;
        self.entries.insert((at, self.made), item);
    }
}

/// A check that was handed out is not handed out again until it is answered.
const OUT: Moment = Moment(u64::MAX);
/// There is nothing to wake for.
const NEVER: Moment = Moment(u64::MAX - 1);

/// What a question came to.
pub struct Told {
    pub decision: Decision,
    /// The number that is shown, by its place.
    pub number: Option<u32>,
}

impl House {
    /// Takes numbers and users in, as an operator would on the first day. Without remediation it has no adapters.
    pub fn new(world: &World, policies: &Policies, remediates: bool, numbers: &[E164], began: Moment) -> House {
        let mut house = House {
            state: State::default(),
            policy: policies.of_business(BUSINESS).clone(),
            ranker: None,
            numbers: Vec::new(),
            index: BTreeMap::new(),
            places: Vec::new(),
            usage: Vec::new(),
            owners: Vec::new(),
            owner_ids: BTreeMap::new(),
            bench: View::default(),
            reserve: View::default(),
            due: Due::default(),
            adapters: agencies::checks(world, remediates),
            checks: Vec::new(),
            wakes: Vec::new(),
            business_wakes: NEVER,
            asking: BTreeSet::new(),
            verdicts: BTreeMap::new(),
        };
        let scopes: Vec<_> = policies.scopes().iter().map(|(scope, patch)| (scope.clone(), patch.clone())).collect();
        for part in scopes.chunks(SCOPES_MAX) {
            house.must(began, What::ScopesDrafted { scopes: part.to_vec() });
        }
        let (policy, scopes) = (policies.base().clone(), scopes.len() as u32);
        house.must(began, What::PolicyAdopted { revision: 1, policy, scopes });
        let adapters = if remediates { agencies::roster(world) } else { Vec::new() };
        house.must(began, What::RosterChanged { adapters });
        house.must(began, What::BusinessAdded(agencies::business()));
        let since = Moment(began.0.saturating_sub(400 * DAY_MS));
        house.import(numbers, Service::InService { since }, began);
        for user in 0..world.floor.users {
            let id = owner_id(user);
            house.owner_ids.insert(id.clone(), user);
            let policy = policies.of_owner(BUSINESS, &id).into_owned();
            let policy = (policy != house.policy).then(|| Box::new(policy));
            house.owners.push(Owner::new(id.clone(), policy, began));
            // Without remediation nothing is ever drawn from the reserve, so it is dealt out at once: whoever rotates only
            // shall not show fewer numbers than whoever remediates.
            let spare = numbers.len() as u32 - world.floor.users * world.holdings.numbers_per_user;
            let dealt = (spare + world.floor.users - 1 - user) / world.floor.users;
            let pool_size = Some(world.holdings.numbers_per_user + if remediates { 0 } else { dealt });
            house.must(began, What::OwnerAdded { id, business: BUSINESS.to_owned(), pool_size });
        }
        house.follow_everything(began);
        house
    }

    /// Numbers that are bought.
    pub fn buy(&mut self, numbers: &[E164], now: Moment) {
        self.import(numbers, Service::New, now);
    }

    /// The numbers of each user's pool, by place.
    pub fn pools(&self) -> Vec<Vec<u32>> {
        self.owners.iter().map(|owner| owner.view.numbers.clone()).collect()
    }

    /// Numbers in the reserve and in quarantine, and how many there are without the retired ones.
    pub fn stock(&self) -> (usize, usize) {
        let lives = self.state.numbers.values().map(|number| number.life);
        let spare = |life: &numbers::Life| matches!(life, numbers::Life::Ready | numbers::Life::Quarantined);
        let kept = |life: &numbers::Life| *life != numbers::Life::Retired;
        (lives.clone().filter(spare).count(), lives.filter(kept).count())
    }

    /// Which number for this call: the path of a call in the daemon. The core's record of it is applied at once.
    pub fn ask(
        &mut self,
        user: u32,
        callee: E164,
        carrier: Option<numbers::Carrier>,
        at: Moment,
        tie_break: u64,
        record: &mut CalleeRecord,
    ) -> Told {
        let owner = &mut self.owners[user as usize];
        owner.ask.callee = callee;
        owner.ask.carrier = carrier;
        owner.ask.at = at;
        owner.ask.tie_break = tie_break;
        let nobody = Pool::default();
        let policy = owner.policy.as_deref().unwrap_or(&self.policy);
        let question = Question {
            ask: &owner.ask,
            pool: owner.view.pool(),
            bench: nobody,
            reserve: nobody,
            owner: &owner.usage,
            callee: Some(record),
            listed: Listed::NOWHERE,
            policy,
            order: &[],
        };
        // A draw is seen by the keeper at once here, so that none is ever on its way.
        // It is seldom needed, and finding it costs more than the decision.
        let room =
            |owner: &OwnerId| self.state.owners.get(owner).map(|owner| self.state.room(owner)).unwrap_or_default();
        let swaps_left = |state: &State| state.swaps_left(BUSINESS, at);
        let order = self.ranker.as_ref().map(|ranker| {
            let reserve = self.reserve.drawable(room(&owner.ask.owner), || swaps_left(&self.state));
            let everything = Question { bench: self.bench.pool(), reserve: reserve.pool(), ..question };
            let mut permitted = choose::permitted(&everything);
            permitted.truncate(TOLD_MAX);
            if permitted.len() < 2 { Vec::new() } else { ranker.order(&owner.ask, &permitted) }
        });
        let question = Question { order: order.as_deref().unwrap_or_default(), ..question };
        let mut answer = choose::choose(&question);
        if answer.falls_short() && !(self.bench.is_empty() && self.reserve.is_empty()) {
            let reserve = self.reserve.drawable(room(&owner.ask.owner), || swaps_left(&self.state));
            answer = choose::choose(&Question { bench: self.bench.pool(), reserve: reserve.pool(), ..question });
        }
        let Decision::Use { number, .. } = answer.decision else {
            return Told { decision: answer.decision, number: None };
        };
        let view = match answer.from {
            From::Pool => &mut owner.view,
            From::Bench => &mut self.bench,
            From::Reserve => &mut self.reserve,
        };
        let Some(place) = view.place(number) else {
            return Told { decision: answer.decision, number: None };
        };
        let shown = view.numbers[place];
        choose::record(&answer, owner.ask.shown(policy), &mut view.usage[place], &mut owner.usage, record, policy);
        if answer.from == From::Reserve {
            let owner = owner.ask.owner.clone();
            self.must(at, What::NumberDrawn { owner, number });
        }
        Told { decision: answer.decision, number: Some(shown) }
    }

    /// When time next brings something.
    pub fn next_due(&self) -> Moment {
        self.due.entries.first_key_value().map_or(NEVER, |((at, _), _)| *at)
    }

    /// Does what is due first.
    pub fn advance(&mut self, world: &World, engines: &mut Engines, tally: &mut Tally) {
        let Some(((now, _), item)) = self.due.entries.pop_first() else { return };
        match item {
            Item::Check { adapter, number } => self.hand_out(adapter, number, now, world),
            Item::Flush { adapter } => self.flush(adapter, now, world),
            Item::Answer { adapter, numbers } => self.answer(adapter, &numbers, now, world, engines, tally),
            Item::WakeNumber(number) => {
                if self.wakes[number as usize] == now {
                    self.wakes[number as usize] = NEVER;
                    let e164 = self.numbers[number as usize];
                    let again = self.state.next_wake(e164).map(|due| due.max(now.plus(WANT_AGAIN_AFTER)));
                    for command in self.state.wants(e164, now) {
                        self.perform(command, now, world, engines, tally);
                    }
                    if let Some(again) = again {
                        self.wake_number(number, again);
                    }
                }
            }
            Item::WakeBusiness => {
                if self.business_wakes == now {
                    self.business_wakes = NEVER;
                    for command in self.state.wants_for_business(BUSINESS, now) {
                        self.perform(command, now, world, engines, tally);
                    }
                    self.wake_business(now);
                }
            }
            Item::Filing { filing, outcome } => self.filing_answered(filing, outcome, now, engines),
            Item::Redressed { engine, number, label } => {
                if engines.label(engine, number) == Some(label) {
                    engines.clear(engine, number, now, crate::engine::Gone::Redressed);
                }
            }
        }
    }

    /// Our own calls say something of a number.
    pub fn tell(&mut self, what: What, now: Moment) {
        self.step(now, what);
    }

    fn perform(&mut self, command: Command, now: Moment, world: &World, engines: &mut Engines, tally: &mut Tally) {
        match command {
            // Checks come from the schedule.
            Command::Check { .. } => {}
            Command::Wake { numbers } => drop(self.step(now, What::Woke { numbers })),
            Command::File { filing } => {
                match filing.purpose {
                    Purpose::Register => tally.registrations += filing.numbers.len() as u64,
                    Purpose::Dispute { .. } => tally.disputes += 1,
                }
                if let Some(touched) = self.step(now, What::FilingIntended { plan: filing }) {
                    for filing in touched.filings {
                        self.send(filing, now, world, engines);
                    }
                }
            }
            Command::AskFiling { filing } => self.ask_filing(filing, now, world, engines),
        }
    }

    fn import(&mut self, numbers: &[E164], service: Service, now: Moment) {
        let right = RightToUse::Declared { by: "the operator".to_owned(), at: now, letter: None };
        for part in numbers.chunks(IMPORT_ROWS_MAX) {
            for number in part {
                self.index.insert(*number, self.numbers.len() as u32);
                self.numbers.push(*number);
                self.places.push(Where::Aside);
                self.usage.push(numbers::Usage::default());
                self.wakes.push(NEVER);
                self.checks.resize(self.numbers.len() * self.adapters.len(), NEVER);
            }
            let row = |number: &E164| ImportedRow {
                number: *number,
                service,
                right: right.clone(),
                callback_route: Some("the office".to_owned()),
            };
            let rows = part.iter().map(row).collect();
            let what = What::NumbersImported { business: BUSINESS.to_owned(), by: "the operator".to_owned(), rows };
            self.must(now, what);
        }
    }

    /// A step that fits; anything else is a mistake of the gym's.
    fn must(&mut self, at: Moment, what: What) {
        let event = Event { at, what };
        match self.state.step(&event) {
            Ok(touched) => self.follow(&touched, at),
            Err(refusal) => panic!("the core refused {:?}: {refusal}", event.what),
        }
    }

    /// A step that the core may refuse, because what it was made for has passed.
    fn step(&mut self, at: Moment, what: What) -> Option<Touched> {
        self.try_step(at, what).ok()
    }

    fn try_step(&mut self, at: Moment, what: What) -> Result<Touched, Refusal> {
        let touched = self.state.step(&Event { at, what })?;
        self.follow(&touched, at);
        Ok(touched)
    }

    /// Publishes what changed, and sees to it that what is wanted is asked for when it is due; see the daemon's keeper.
    fn follow(&mut self, touched: &Touched, now: Moment) {
        self.publish(touched);
        let mut concerned: BTreeSet<E164> = touched.numbers.clone();
        let mut cases = touched.cases.clone();
        let mut registers = !touched.businesses.is_empty() || !touched.numbers.is_empty();
        for filing in touched.filings.iter().filter_map(|id| self.state.filings.get(id)) {
            match filing.purpose {
                Purpose::Register => registers = true,
                Purpose::Dispute { case } => drop(cases.insert(case)),
            }
        }
        concerned.extend(cases.iter().filter_map(|id| self.state.cases.get(id)).map(|case| case.number));
        for number in concerned {
            self.schedule(number, now);
        }
        if registers {
            self.wake_business(now);
        }
    }

    fn follow_everything(&mut self, now: Moment) {
        let numbers = self.state.numbers.keys().copied().collect();
        let owners = self.state.owners.keys().cloned().collect();
        self.follow(&Touched { numbers, owners, ..Touched::default() }, now);
    }

    fn schedule(&mut self, number: E164, now: Moment) {
        let Some(place) = self.index.get(&number).copied() else { return };
        for adapter in 0..self.adapters.len() {
            let at = place as usize * self.adapters.len() + adapter;
            if self.checks[at] == OUT {
                continue;
            }
            let due = self.state.check_due_at(number, &self.adapters[adapter].id);
            // Nothing is handed out in the past.
            let due = due.map_or(NEVER, |due| due.max(now));
            if due != self.checks[at] {
                self.checks[at] = due;
                if due != NEVER {
                    self.due.push(due, Item::Check { adapter, number: place });
                }
            }
        }
        match self.state.next_wake(number) {
            Some(due) => self.wake_number(place, due.max(now)),
            None => self.wakes[place as usize] = NEVER,
        }
    }

    fn wake_number(&mut self, number: u32, due: Moment) {
        if self.wakes[number as usize] != due {
            self.wakes[number as usize] = due;
            self.due.push(due, Item::WakeNumber(number));
        }
    }

    fn wake_business(&mut self, now: Moment) {
        if let Some(due) = self.state.next_wake_for_business(BUSINESS) {
            let due = due.max(now.plus(GATHERED_FOR));
            if due < self.business_wakes {
                self.business_wakes = due;
                self.due.push(due, Item::WakeBusiness);
            }
        }
    }
}

impl Owner {
    fn new(id: OwnerId, policy: Option<Box<Policy>>, at: Moment) -> Owner {
        Owner { ask: blank_ask(id, at), view: View::default(), usage: OwnerUsage::default(), policy }
    }
}

/// A question of this owner's that awaits its callee. Where a callee lives is told by its number alone.
pub(crate) fn blank_ask(owner: OwnerId, at: Moment) -> Ask {
    let callee = crate::dialer::number_of(12_122_200_000);
    Ask { owner, campaign: None, callee, state: None, zip: None, carrier: None, at, tie_break: 0 }
}

pub(crate) fn owner_id(user: u32) -> OwnerId {
    OwnerId::User(format!("user-{user:06}"))
}

fn place_of(place: &Place, owners: &BTreeMap<OwnerId, u32>) -> Where {
    match place {
        Place::Aside => Where::Aside,
        Place::Reserve => Where::Reserve,
        Place::Bench => Where::Bench,
        Place::Pool(owner) => owners.get(owner).map_or(Where::Aside, |owner| Where::Pool(*owner)),
    }
}

/// Numbers that a ranker is told of, as in the daemon.
const TOLD_MAX: usize = 32;
/// The business in whose name the gym calls; its users are `user-000000` and so on, and it has no campaigns.
pub const BUSINESS: &str = "acme";
const DAY_MS: u64 = 86_400_000;
/// As in the daemon's keeper.
const WANT_AGAIN_AFTER: core::time::Duration = core::time::Duration::from_secs(1);
const GATHERED_FOR: core::time::Duration = core::time::Duration::from_secs(1);
