//! Who is compared: policies, which the product's own core carries out, and the blind ways that people rotate without it.
//!
//! A blind contender shows the numbers of the same pool, and of the reserve as well, so that none of ours is won by showing
//! more numbers. It asks the same function of the core whether a callee may be called at all, and knows nothing else.

use crate::draw::{Key, Of};
use core::fmt;
use numbers::choose::Permitted;
use numbers::{Ask, E164, Policies, Policy};
use std::collections::BTreeMap;
use std::sync::Arc;

/// How numbers are chosen.
#[derive(Clone, Debug, PartialEq)]
#[allow(clippy::large_enum_variant)] // There are a handful of them.
pub enum Strategy {
    /// The product: rotation, checks, registrations, disputes, rest.
    ///
    /// Whole policies with their scopes; the gym's business and users have names of their own ([`crate::house::BUSINESS`]),
    /// so what a scope says for anybody else changes nothing here.
    Policy(Policies),
    /// The product, with a ranker that puts what the policy permits in another order.
    Ranked(Policies, Ranker),
    /// The same choice of numbers, and nothing else: no label is seen, nothing is filed, nothing rests, nothing is bought.
    NoRemediation(Policies),
    Blind(Blind),
}

/// A ranker as a closure, which stands where the daemon asks an adapter; it can reorder and permits nothing.
///
/// It hears of the numbers alone that are permitted, and of no tallies of earlier calls.
#[derive(Clone)]
pub struct Ranker(Arc<Rank>);

type Rank = dyn Fn(&Ask, &[Permitted]) -> Vec<E164> + Send + Sync;

impl Ranker {
    pub fn new(rank: impl Fn(&Ask, &[Permitted]) -> Vec<E164> + Send + Sync + 'static) -> Ranker {
        Ranker(Arc::new(rank))
    }

    /// What comes first, in this order.
    pub fn order(&self, ask: &Ask, permitted: &[Permitted]) -> Vec<E164> {
        (self.0)(ask, permitted)
    }
}

impl fmt::Debug for Ranker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Ranker")
    }
}

impl PartialEq for Ranker {
    fn eq(&self, other: &Ranker) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

/// Ways to choose that look at nothing but the pool.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Blind {
    OneNumber,
    /// The next number after so many calls.
    RoundRobin {
        every: u32,
    },
    Random,
    LeastUsed,
}

/// A strategy with the name it goes by in a report.
#[derive(Clone, Debug, PartialEq)]
pub struct Contender {
    pub name: String,
    pub strategy: Strategy,
}

impl Strategy {
    /// Whether it is the product, and so buys numbers of its own.
    pub const fn remediates(&self) -> bool {
        match self {
            Strategy::Policy(_) | Strategy::Ranked(..) => true,
            Strategy::NoRemediation(_) | Strategy::Blind(_) => false,
        }
    }
}

impl Contender {
    /// One policy for everybody.
    pub fn policy(name: &str, policy: Policy) -> Contender {
        Contender::policies(name, Policies::new(1, policy, BTreeMap::new()))
    }

    /// A policy with its scopes.
    pub fn policies(name: &str, policies: Policies) -> Contender {
        Contender { name: name.to_owned(), strategy: Strategy::Policy(policies) }
    }

    /// The built-in ones that every policy is held against.
    pub fn baselines() -> Vec<Contender> {
        let blind = |name: &str, blind| Contender { name: name.to_owned(), strategy: Strategy::Blind(blind) };
        vec![
            blind("one number", Blind::OneNumber),
            blind("round robin every 5", Blind::RoundRobin { every: 5 }),
            blind("random", Blind::Random),
            blind("least used", Blind::LeastUsed),
            Contender { name: "no remediation".to_owned(), strategy: Strategy::NoRemediation(Policies::default()) },
        ]
    }
}

/// One user's pool under a blind strategy.
#[derive(Debug)]
pub struct BlindPool {
    how: Blind,
    numbers: Vec<u32>,
    place: usize,
    left: u32,
    calls: u64,
    key: Key,
}

impl BlindPool {
    pub fn new(how: Blind, numbers: Vec<u32>, key: Key) -> BlindPool {
        let left = if let Blind::RoundRobin { every } = how { every } else { 0 };
        BlindPool { how, numbers, place: 0, left, calls: 0, key: key.of(Of::Contender) }
    }

    /// The number to show now. `today` counts the calls of each number since midnight.
    pub fn choose(&mut self, today: &[u32]) -> u32 {
        self.calls += 1;
        let place = match self.how {
            Blind::OneNumber => 0,
            Blind::RoundRobin { every } => {
                if self.left == 0 {
                    self.place = (self.place + 1) % self.numbers.len();
                    self.left = every;
                }
                self.left = self.left.saturating_sub(1);
                self.place
            }
            Blind::Random => self.key.at(self.calls).below(self.numbers.len() as u64) as usize,
            Blind::LeastUsed => {
                let used = |place: &usize| (today[self.numbers[*place] as usize], *place);
                (0..self.numbers.len()).min_by_key(used).unwrap_or(0)
            }
        };
        self.numbers[place]
    }
}
