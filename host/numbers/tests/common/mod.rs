//! A small world for the tests of the core: one registry, one source that also disputes, a policy in seconds.
#![allow(dead_code)] // Each test file uses its share.

pub mod chance;

use core::time::Duration;
use numbers::{
    AdapterFacts, Address, Business, Carrier, Contact, E164, Effects, Event, ImportedRow, Moment, Number, Observation,
    OwnerId, Place, Policy, Refusal, Relation, RightToUse, Service, Source, State, Status, Touched, What,
};

pub const START: u64 = 1_000_000;

pub fn at(seconds: u64) -> Moment {
    Moment::from_seconds(START + seconds)
}

pub fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// The n-th number of an area code.
pub fn number(area: u64, n: u64) -> E164 {
    E164::from_digits(10_000_000_000 + area * 10_000_000 + 5_550_000 + n).expect("a number")
}

pub fn user(name: &str) -> OwnerId {
    OwnerId::User(name.into())
}

pub fn business(id: &str) -> Business {
    Business {
        id: id.into(),
        legal_name: format!("{id} Inc."),
        dba: None,
        relation: Relation::Own,
        ein: None,
        address: Address {
            line1: "1 Main St".into(),
            line2: None,
            city: "Albany".into(),
            state: "NY".into(),
            zip: "12207".into(),
            country: "US".into(),
        },
        website: None,
        contact: Contact { title: None, name: "A".into(), email: "a@example.com".into(), phone: "+15185550100".into() },
        use_case: "appointment reminders".into(),
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

/// Checks every 10 s (5 s urgent), waits 20 s, rests 30 s, cases expire after 500 s.
pub fn policy() -> Policy {
    Policy {
        pool_size: 4,
        new_number_wait: secs(20),
        ramp_for: secs(40),
        rest_for: secs(30),
        check_every: secs(10),
        check_every_urgent: secs(5),
        file_every: secs(60),
        at_risk_for: secs(15),
        dispute_every: secs(25),
        case_expires_after: secs(500),
        resting_percent_max: 25,
        swap_window: secs(1000),
        ..Policy::default()
    }
}

pub fn agency() -> AdapterFacts {
    AdapterFacts {
        id: "nomorobo".into(),
        checks: true,
        speaks_for: vec!["nomorobo".into()],
        registers: false,
        register_required: false,
        disputes: vec!["nomorobo".into()],
        disputes_for: numbers::Carriers::NONE,
        disputes_by_machine: true,
        register_effects: Effects::Manual,
        dispute_effects: Effects::Idempotent,
    }
}

pub fn registry() -> AdapterFacts {
    AdapterFacts {
        id: "fcr".into(),
        checks: false,
        speaks_for: vec![],
        registers: true,
        register_required: true,
        disputes: vec![],
        disputes_for: numbers::Carriers::NONE,
        disputes_by_machine: true,
        register_effects: Effects::Manual,
        dispute_effects: Effects::Manual,
    }
}

pub fn rows(numbers: impl IntoIterator<Item = E164>, service: Service) -> Vec<ImportedRow> {
    let right = RightToUse::Declared { by: "ann".into(), at: at(0), letter: None };
    numbers
        .into_iter()
        .map(|number| ImportedRow { number, service, right: right.clone(), callback_route: None })
        .collect()
}

pub const IN_SERVICE: Service = Service::InService { since: Moment::from_seconds(1000) };

pub fn observation(number: E164, agency: &str, carrier: Option<Carrier>, status: Status, when: u64) -> Observation {
    Observation {
        number,
        agency: agency.into(),
        carrier,
        status,
        label: None,
        score: None,
        observed_at: at(when),
        cost_micros: 0,
    }
}

/// A state and the events that made it.
#[derive(Clone)]
pub struct World {
    pub state: State,
    pub events: Vec<Event>,
}

impl World {
    /// The business `acme`, both adapters, the policy above.
    pub fn new() -> World {
        World::with(policy(), vec![agency(), registry()])
    }

    pub fn with(policy: Policy, adapters: Vec<AdapterFacts>) -> World {
        let mut world = World { state: State::default(), events: Vec::new() };
        world.must(0, What::PolicyAdopted { revision: 1, policy, scopes: 0 });
        world.must(0, What::RosterChanged { adapters });
        world.must(0, What::BusinessAdded(business("acme")));
        world
    }

    pub fn step(&mut self, when: u64, what: What) -> Result<Touched, Refusal> {
        let event = Event { at: at(when), what };
        let before = self.state.clone();
        let answer = self.state.step(&event);
        match &answer {
            Ok(_) => self.events.push(event),
            Err(refusal) => assert!(self.state == before, "refused ({refusal}), and yet something changed"),
        }
        answer
    }

    pub fn must(&mut self, when: u64, what: What) -> Touched {
        match self.step(when, what) {
            Ok(touched) => touched,
            Err(refusal) => panic!("{refusal}"),
        }
    }

    pub fn import(&mut self, when: u64, numbers: impl IntoIterator<Item = E164>, service: Service) {
        let what = What::NumbersImported { business: "acme".into(), by: "ann".into(), rows: rows(numbers, service) };
        self.must(when, what);
    }

    pub fn add_user(&mut self, when: u64, name: &str) {
        self.must(when, What::OwnerAdded { id: user(name), business: "acme".into(), pool_size: None });
    }

    /// The agency's adapter was asked about this number and said this.
    pub fn checked(&mut self, when: u64, number: E164, status: Status) {
        self.must(
            when,
            What::Observed {
                source: Source::Adapter("nomorobo".into()),
                adapter: Some("nomorobo".into()),
                asked: vec![number],
                observations: vec![observation(number, "nomorobo", None, status, when)],
            },
        );
    }

    /// A person saw this on a handset of the carrier.
    pub fn reported(&mut self, when: u64, number: E164, carrier: Option<Carrier>, label: Option<&str>, status: Status) {
        let mut seen = observation(number, "", carrier, status, when);
        seen.label = label.map(str::to_owned);
        self.must(
            when,
            What::Observed {
                source: Source::Person("bob".into()),
                adapter: None,
                asked: vec![],
                observations: vec![seen],
            },
        );
    }

    pub fn woke(&mut self, when: u64, number: E164) {
        self.must(when, What::Woke { numbers: vec![number] });
    }

    pub fn number(&self, number: E164) -> &Number {
        &self.state.numbers[&number]
    }

    pub fn pool(&self, name: &str) -> Vec<E164> {
        self.state.numbers_in("acme", &Place::Pool(user(name))).map(|number| number.e164).collect()
    }
}
