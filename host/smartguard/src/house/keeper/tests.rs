//! What time alone brings about: the tests stand in for the performer, and nothing else happens to the keeper.

use super::super::journal::Journal;
use super::super::keys::Keys;
use super::*;
use crate::house::begun::Begun;
use crate::house::shadow::Shadows;
use crate::store::MemoryStore;
use core::time::Duration;
use numbers::Policies;
use numbers::{
    AdapterFacts, Address, Business, Contact, Effects, FilingOutcome, FilingPlan, ImportedRow, Observation, Policy,
    Relation, RightToUse, Service, Source, Status,
};

/// Short, and long enough that everything before it is over on a slow machine.
const LATER: Duration = Duration::from_millis(700);

/// What is not wanted after so long is not wanted at all.
const NEVER: Duration = Duration::from_secs(60);

struct World {
    keeper: KeeperHandle,
    commands: mpsc::UnboundedReceiver<Command>,
}

impl World {
    /// A keeper with one business and one registry that also disputes.
    async fn start() -> World {
        let folder = tempfile::tempdir().expect("a folder");
        let store: Arc<dyn Store> = Arc::new(MemoryStore::new());
        let keys = Keys::of_store(&store, &folder.path().join("key")).await.expect("a key");
        let (journal, _writer) = Journal::start(store.clone(), 1);
        let hot = Arc::new(Hot::new(
            keys,
            journal,
            Policies::default(),
            mpsc::unbounded_channel().0,
            Begun::new().0,
            Shadows::new().0,
        ));
        let (wanted, commands) = mpsc::unbounded_channel();
        let (keeper, _keeping) = start(KeeperParts {
            state: State::default(),
            store,
            hot,
            directory: Arc::default(),
            schedule: Schedule::default(),
            commands: wanted,
            next_event: 1,
        });
        let world = World { keeper, commands };
        let policy = Policy { file_every: LATER, ..Policy::default() };
        world.say(What::PolicyAdopted { revision: 1, policy, scopes: 0 }).await;
        let registry = AdapterFacts {
            id: "registry".into(),
            checks: false,
            speaks_for: vec!["registry".into()],
            registers: true,
            register_required: true,
            disputes: vec!["registry".into()],
            disputes_for: numbers::Carriers::NONE,
            disputes_by_machine: true,
            register_effects: Effects::Idempotent,
            dispute_effects: Effects::Idempotent,
        };
        world.say(What::RosterChanged { adapters: vec![registry] }).await;
        world.say(What::BusinessAdded(business())).await;
        world
    }

    async fn say(&self, what: What) -> Touched {
        self.keeper.propose(what).await.expect("it is taken")
    }

    async fn import(&self, count: u64) {
        let numbers: Vec<E164> = (0..count).filter_map(|n| E164::from_digits(12_125_550_000 + n)).collect();
        for numbers in numbers.chunks(numbers::event::IMPORT_ROWS_MAX) {
            let rows = numbers
                .iter()
                .map(|number| ImportedRow {
                    number: *number,
                    service: Service::New,
                    right: RightToUse::Declared { by: "Ann".into(), at: Moment(1), letter: None },
                    callback_route: None,
                })
                .collect();
            self.say(What::NumbersImported { business: "acme".into(), by: "Ann".into(), rows }).await;
        }
    }

    /// The next command of which the test says that it fits.
    async fn wanted<T>(&mut self, fits: impl Fn(Command) -> Option<T>) -> T {
        loop {
            let command = tokio::time::timeout(NEVER, self.commands.recv()).await.expect("it is wanted by itself");
            let command = command.expect("the keeper runs");
            if let Some(found) = fits(command) {
                return found;
            }
        }
    }

    /// The intent of the filing, and what came of it.
    async fn file(&self, plan: FilingPlan, answer: FilingOutcome) -> u64 {
        let touched = self.say(What::FilingIntended { plan }).await;
        let filing = *touched.filings.first().expect("a filing");
        self.say(What::FilingAnswered { filing, answer }).await;
        filing
    }
}

fn business() -> Business {
    Business {
        id: "acme".into(),
        legal_name: "Acme LLC".into(),
        dba: None,
        relation: Relation::Own,
        ein: None,
        address: Address {
            line1: "1 Main St".into(),
            line2: None,
            city: "Dayton".into(),
            state: "OH".into(),
            zip: "45402".into(),
            country: "US".into(),
        },
        website: None,
        contact: Contact { title: None, name: "A".into(), email: "a@example.com".into(), phone: "+19375550100".into() },
        use_case: "reminders".into(),
        category: None,
        calls_per_month: 1000,
        originating_providers: vec!["Example Telecom".into()],
        cnam: None,
        duns: None,
        employees: None,
        legal_form: None,
        incorporated_in: None,
        industry: None,
    }
}

fn filing_of(numbers: usize) -> impl Fn(Command) -> Option<FilingPlan> {
    move |command| match command {
        Command::File { filing } if filing.numbers.len() == numbers => Some(filing),
        Command::File { .. } | Command::Check { .. } | Command::AskFiling { .. } | Command::Wake { .. } => None,
    }
}

#[tokio::test]
async fn more_numbers_than_one_filing_holds_go_out_in_the_next_one_by_themselves() {
    let mut world = World::start().await;
    world.import(400).await;
    let first = world.wanted(filing_of(300)).await;
    world.file(first.clone(), FilingOutcome::Filed { reference: None, refused: Vec::new() }).await;
    // Nothing happens from here on.
    let second = world.wanted(filing_of(100)).await;
    assert_ne!(second.key, first.key);
    assert!(first.numbers.iter().all(|number| !second.numbers.contains(number)));
    world.file(second, FilingOutcome::Filed { reference: None, refused: Vec::new() }).await;
    let unfiled = world.keeper.read(|state| state.next_wake_for_business("acme")).await.expect("an answer");
    assert_eq!(unfiled, None, "all of them are filed");
}

#[tokio::test]
async fn a_filing_that_failed_is_asked_for_again_by_itself() {
    let mut world = World::start().await;
    world.import(3).await;
    let plan = world.wanted(filing_of(3)).await;
    let failed = || FilingOutcome::Failed { reason: "closed".into(), retry_at: now().plus(LATER) };
    let asked = |command| match command {
        Command::AskFiling { filing } => Some(filing),
        Command::File { .. } | Command::Check { .. } | Command::Wake { .. } => None,
    };
    let registration = world.file(plan, failed()).await;
    assert_eq!(world.wanted(asked).await, registration);

    let number = E164::from_digits(12_125_550_001).expect("a number");
    let observation = Observation {
        number,
        agency: "registry".into(),
        carrier: None,
        status: Status::Flagged,
        label: Some("Spam".into()),
        score: None,
        observed_at: now(),
        cost_micros: 0,
    };
    let source = Source::Adapter("registry".into());
    let adapter = Some("registry".into());
    world.say(What::Observed { source, adapter, asked: vec![number], observations: vec![observation] }).await;
    let plan = world.wanted(filing_of(1)).await;
    let dispute = world.file(plan, failed()).await;
    loop {
        // The registration is still to be asked for as well.
        if world.wanted(asked).await == dispute {
            break;
        }
    }
}
