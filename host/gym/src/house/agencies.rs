//! The agencies of the world, as adapters would bring them to the daemon: checks, registrations and disputes, each with
//! its delay, and their answers as events.

use super::{Asked, GATHERED_FOR, House, Item, NEVER, OUT};
use crate::draw::{Key, Of};
use crate::engine::Engines;
use crate::tally::Tally;
use crate::world::{SourceFile, World};
use core::time::Duration;
use numbers::event::OBSERVATIONS_MAX;
use numbers::{
    AdapterFacts, Address, Business, Carriers, Contact, E164, Effects, FilingOutcome, FilingState, Moment, Observation,
    Purpose, Relation, Source, Status, What,
};

/// Checks that come due within this are asked in one batch.
const BATCHED_FOR: Duration = Duration::from_secs(60);
/// How long a dispute is on its way.
const FILED_AFTER: Duration = Duration::from_secs(60);

/// The adapters that check; none where nothing is remediated.
pub(super) fn checks(world: &World, remediates: bool) -> Vec<Asked> {
    let sources = world.source.iter().enumerate().filter(|_| remediates);
    let engines = |source: &SourceFile| {
        let place = |agency: &String| world.engine.iter().position(|engine| engine.agency == *agency);
        source.speaks_for.iter().filter_map(place).collect()
    };
    sources
        .map(|(place, source)| Asked {
            id: source.adapter.clone(),
            source: place,
            engines: engines(source),
            waiting: Vec::new(),
        })
        .collect()
}

/// Every adapter as the core knows it. Each engine takes disputes, whether or not its opinion can be read.
pub(super) fn roster(world: &World) -> Vec<AdapterFacts> {
    let nothing = |id: &str| AdapterFacts {
        id: id.to_owned(),
        checks: false,
        speaks_for: Vec::new(),
        registers: false,
        register_required: false,
        disputes: Vec::new(),
        disputes_for: Carriers::NONE,
        disputes_by_machine: true,
        register_effects: Effects::Idempotent,
        dispute_effects: Effects::Idempotent,
    };
    let sources = world.source.iter().map(|source| AdapterFacts {
        checks: true,
        speaks_for: source.speaks_for.clone(),
        ..nothing(&source.adapter)
    });
    let registries = world.registry.iter().map(|registry| AdapterFacts {
        registers: true,
        register_required: registry.required,
        ..nothing(&registry.adapter)
    });
    let disputes = world.engine.iter().map(|engine| AdapterFacts {
        disputes: vec![engine.agency.clone()],
        ..nothing(&format!("{}-redress", engine.agency))
    });
    sources.chain(registries).chain(disputes).collect()
}

/// The business in whose name the gym calls.
pub(super) fn business() -> Business {
    Business {
        id: super::BUSINESS.to_owned(),
        legal_name: "Acme Inc.".to_owned(),
        dba: None,
        relation: Relation::Own,
        ein: None,
        address: Address {
            line1: "1 Main St".to_owned(),
            line2: None,
            city: "Albany".to_owned(),
            state: "NY".to_owned(),
            zip: "12207".to_owned(),
            country: "US".to_owned(),
        },
        website: None,
        contact: Contact {
            title: None,
            name: "Ann".to_owned(),
            email: "ann@acme.example".to_owned(),
            phone: "+15185550100".to_owned(),
        },
        use_case: "offers to people who asked for one".to_owned(),
        category: None,
        calls_per_month: 100_000,
        originating_providers: Vec::new(),
        cnam: None,
        duns: None,
        employees: None,
        legal_form: None,
        incorporated_in: None,
        industry: None,
    }
}

impl House {
    /// A check has come due: it is sent with others of its batch.
    pub(super) fn hand_out(&mut self, adapter: usize, number: u32, now: Moment, world: &World) {
        let at = number as usize * self.adapters.len() + adapter;
        if self.checks[at] != now {
            return;
        }
        self.checks[at] = OUT;
        let asked = &mut self.adapters[adapter];
        asked.waiting.push(number);
        if asked.waiting.len() == 1 {
            self.due.push(now.plus(BATCHED_FOR), Item::Flush { adapter });
        }
        let asked = &self.adapters[adapter];
        if asked.waiting.len() >= OBSERVATIONS_MAX / asked.engines.len().clamp(1, OBSERVATIONS_MAX) {
            self.flush(adapter, now, world);
        }
    }

    pub(super) fn flush(&mut self, adapter: usize, now: Moment, world: &World) {
        let numbers = core::mem::take(&mut self.adapters[adapter].waiting);
        if !numbers.is_empty() {
            let delay = Duration::from_secs(u64::from(world.source[self.adapters[adapter].source].delay_seconds));
            self.due.push(now.plus(delay), Item::Answer { adapter, numbers });
        }
    }

    /// An adapter answers what it was asked.
    pub(super) fn answer(
        &mut self,
        adapter: usize,
        numbers: &[u32],
        now: Moment,
        world: &World,
        engines: &mut Engines,
        tally: &mut Tally,
    ) {
        let (id, source) = (self.adapters[adapter].id.clone(), &world.source[self.adapters[adapter].source]);
        let asked: Vec<E164> = numbers.iter().map(|number| self.numbers[*number as usize]).collect();
        for number in numbers {
            self.checks[*number as usize * self.adapters.len() + adapter] = NEVER;
        }
        tally.checks += numbers.len() as u64;
        let luck = Key::seed(now.0).of(Of::CheckFails).at(adapter as u64);
        if luck.permille(u64::from(source.fails_permille)) {
            self.step(now, What::CheckFailed { adapter: id, asked, failure: "the agency is down".to_owned() });
            return;
        }
        tally.check_cost_micros += source.price_micros * numbers.len() as u64;
        let asked_of = Moment(now.0.saturating_sub(u64::from(source.lag_hours) * 3_600_000));
        let mut observations = Vec::with_capacity(numbers.len());
        for (number, e164) in numbers.iter().zip(&asked) {
            for engine in self.adapters[adapter].engines.iter().copied() {
                let labelled = engines.seems_labelled(engine, *number, asked_of);
                if labelled && let Some(label) = engines.label(engine, *number) {
                    engines.labels[label as usize].detected_at.get_or_insert(now);
                }
                observations.push(Observation {
                    number: *e164,
                    agency: engines.facts(engine).agency.clone(),
                    carrier: None,
                    status: if labelled { Status::Flagged } else { Status::Unflagged },
                    label: None,
                    score: None,
                    observed_at: now,
                    cost_micros: source.price_micros,
                });
            }
        }
        let source = Source::Adapter(id.clone());
        self.step(now, What::Observed { source, adapter: Some(id), asked, observations });
    }

    /// A filing leaves; what comes of it is drawn now and heard later.
    pub(super) fn send(&mut self, id: u64, now: Moment, world: &World, engines: &Engines) {
        let Some(filing) = self.state.filings.get(&id) else { return };
        match filing.purpose {
            Purpose::Register => {
                let registry = world.registry.iter().find(|registry| registry.adapter == filing.adapter);
                let hours = registry.map_or(0, |registry| u64::from(registry.delay_hours));
                let outcome = FilingOutcome::Filed { reference: None, refused: Vec::new() };
                let delay = Duration::from_secs(hours * 3600).max(GATHERED_FOR);
                self.due.push(now.plus(delay), Item::Filing { filing: id, outcome });
            }
            Purpose::Dispute { case } => {
                let Some(case) = self.state.cases.get(&case) else { return };
                let place = engines.by_agency(&case.agency).zip(self.index.get(&case.number).copied());
                let Some((engine, number)) = place else { return };
                let redress = &engines.facts(engine).redress;
                let about = u64::from(case.attempts) << 32 | engine as u64;
                let key = engines.key_of_redress().at(case.number.digits()).at(about);
                let spread = u64::from(redress.delay_max_hours - redress.delay_min_hours) + 1;
                let hours = u64::from(redress.delay_min_hours) + key.of(Of::RedressDelay).below(spread);
                let heard_at = now.plus(Duration::from_secs(hours * 3600));
                let drawn = key.below(100) as u32;
                let filed = FilingOutcome::Filed { reference: None, refused: Vec::new() };
                if drawn < redress.success_percent {
                    if let Some(label) = engines.label(engine, number) {
                        self.due.push(heard_at, Item::Redressed { engine, number, label });
                    }
                    self.due.push(now.plus(FILED_AFTER), Item::Filing { filing: id, outcome: filed });
                } else if drawn < redress.success_percent + redress.refusal_percent {
                    let refused = FilingOutcome::Rejected { reason: "the label is deserved".to_owned() };
                    self.verdicts.insert(id, refused);
                    let pending = FilingOutcome::Pending { token: "t".to_owned(), ask_again_at: heard_at };
                    self.due.push(now.plus(FILED_AFTER), Item::Filing { filing: id, outcome: pending });
                } else {
                    self.due.push(now.plus(FILED_AFTER), Item::Filing { filing: id, outcome: filed });
                }
            }
        }
    }

    /// Goes on with a filing, as the daemon's performer does.
    pub(super) fn ask_filing(&mut self, id: u64, now: Moment, world: &World, engines: &Engines) {
        match self.state.filings.get(&id).map(|filing| &filing.state) {
            Some(FilingState::Again { .. }) => {
                if self.step(now, What::FilingResent { filing: id }).is_some() {
                    self.send(id, now, world, engines);
                }
            }
            Some(FilingState::Pending { .. }) => {
                if self.asking.insert(id)
                    && let Some(outcome) = self.verdicts.remove(&id)
                {
                    self.due.push(now.plus(FILED_AFTER), Item::Filing { filing: id, outcome });
                }
            }
            // Nothing of this world gets lost on its way, and no person is asked.
            Some(
                FilingState::Unsure { .. }
                | FilingState::Sending
                | FilingState::WithPerson { .. }
                | FilingState::Filed { .. }
                | FilingState::Unsupported { .. }
                | FilingState::Rejected { .. }
                | FilingState::Withdrawn { .. },
            )
            | None => {}
        }
    }

    pub(super) fn filing_answered(&mut self, id: u64, outcome: FilingOutcome, now: Moment, engines: &mut Engines) {
        self.asking.remove(&id);
        if let FilingOutcome::Filed { .. } = outcome
            && let Some(filing) = self.state.filings.get(&id)
            && filing.purpose == Purpose::Register
        {
            for number in filing.numbers.iter().filter_map(|number| self.index.get(number).copied()) {
                engines.register(number);
            }
        }
        self.step(now, What::FilingAnswered { filing: id, answer: outcome });
    }
}
