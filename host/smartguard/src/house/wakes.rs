//! When the keeper asks again what is wanted, although nothing has happened to a number or a business by then.
//!
//! Derived from the state, never stored: after a start it is derived again.
//! It knows times alone; what is wanted when one comes is the core's to say.

use numbers::{E164, Moment};
use std::collections::{BTreeMap, BTreeSet};

/// Of whom it is asked.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Whom {
    Number(E164),
    Business(String),
}

/// One time at most for each.
///
/// Invariant: `due` and `of` hold the same pairs.
#[derive(Debug, Default)]
pub struct Wakes {
    due: BTreeSet<(Moment, Whom)>,
    of: BTreeMap<Whom, Moment>,
}

impl Wakes {
    /// From now on this is the time; none when there is nothing to ask about.
    pub fn set(&mut self, whom: Whom, due: Option<Moment>) {
        if let Some(before) = self.of.remove(&whom) {
            self.due.remove(&(before, whom.clone()));
        }
        if let Some(due) = due {
            self.due.insert((due, whom.clone()));
            self.of.insert(whom, due);
        }
    }

    /// Asks then, unless it asks earlier already.
    pub fn no_later_than(&mut self, whom: Whom, due: Moment) {
        if self.of.get(&whom).is_none_or(|before| *before > due) {
            self.set(whom, Some(due));
        }
    }

    pub fn next_due(&self) -> Option<Moment> {
        self.due.first().map(|(due, _)| *due)
    }

    /// Takes out what is due, the longest due first.
    pub fn take_due(&mut self, now: Moment) -> Vec<Whom> {
        let mut taken = Vec::new();
        while let Some((_, whom)) = self.due.first().filter(|(due, _)| *due <= now).cloned() {
            self.set(whom.clone(), None);
            taken.push(whom);
        }
        taken
    }
}

#[cfg(test)]
mod tests {
    use super::{Wakes, Whom};
    use numbers::{E164, Moment};

    fn number(n: u32) -> Whom {
        Whom::Number(E164::parse(&format!("+1212555{n:04}")).expect("a number"))
    }

    #[test]
    fn each_is_due_once_at_the_time_set_last() {
        let mut wakes = Wakes::default();
        let business = Whom::Business("acme".to_owned());
        wakes.set(number(1), Some(Moment(50)));
        wakes.set(number(1), Some(Moment(20)));
        wakes.set(number(2), Some(Moment(10)));
        wakes.set(number(3), Some(Moment(5)));
        wakes.set(number(3), None);
        wakes.no_later_than(business.clone(), Moment(30));
        wakes.no_later_than(business.clone(), Moment(40));
        assert_eq!(wakes.next_due(), Some(Moment(10)));
        assert_eq!(wakes.take_due(Moment(9)), []);
        assert_eq!(wakes.take_due(Moment(30)), [number(2), number(1), business.clone()]);
        assert_eq!(wakes.next_due(), None);
        wakes.no_later_than(business.clone(), Moment(40));
        wakes.no_later_than(business.clone(), Moment(35));
        assert_eq!(wakes.take_due(Moment(100)), [business]);
    }
}
