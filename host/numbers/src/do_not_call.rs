//! What the do-not-call lists say of one callee, and which of them forbids a call.
//!
//! Whoever keeps the lists looks the callee up once for a call and hands the answer in, so that this crate knows no list and
//! no millions of numbers. A number on a state's list is held wherever its owner may be: nobody can tell that from here, and
//! the strictest is taken. That a callee asked *us* not to be called is remembered of the callee itself, and is no list.

use crate::region::Region;
use core::fmt;
use serde::{Deserialize, Serialize};

/// The lists on which a callee stands, as far as they matter to the business that calls.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Listed {
    pub national: bool,
    /// The first of the states on whose list it stands: one is enough to hold the call.
    pub state: Option<Region>,
    /// The list of the business that calls. The lists of others are theirs alone.
    pub own: bool,
}

/// A list that forbids a call, the one that the least can be said against first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DoNotCall {
    Own,
    State(Region),
    National,
}

impl Listed {
    /// On no list.
    pub const NOWHERE: Listed = Listed { national: false, state: None, own: false };

    /// The list that forbids the call. `lifted` says that somebody answers for it that the lists of the state and of the
    /// nation do not bind this call; nobody can answer for the business's own.
    pub fn forbids(self, lifted: bool) -> Option<DoNotCall> {
        self.lists().find(|list| *list == DoNotCall::Own || !lifted)
    }

    /// Every list, in the order of [`DoNotCall`].
    pub fn lists(self) -> impl Iterator<Item = DoNotCall> {
        let own = self.own.then_some(DoNotCall::Own);
        let national = self.national.then_some(DoNotCall::National);
        [own, self.state.map(DoNotCall::State), national].into_iter().flatten()
    }
}

/// The words of answers and receipts.
impl fmt::Display for DoNotCall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            DoNotCall::Own => f.write_str("business"),
            DoNotCall::State(region) => write!(f, "state:{}", region.code()),
            DoNotCall::National => f.write_str("national"),
        }
    }
}

/// A list as people name it: `national`, `state:FL`, `business:acme`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ListName {
    National,
    State(Region),
    Business(String),
}

impl ListName {
    /// Reads a name of a list.
    ///
    /// # Errors
    /// Says what is wrong with it.
    pub fn parse(text: &str) -> Result<ListName, String> {
        match text.trim().split_once(':') {
            None if text.trim() == "national" => Ok(ListName::National),
            Some(("state", state)) => Region::parse(state).map(ListName::State).map_err(|error| error.to_string()),
            Some(("business", id)) if !id.trim().is_empty() => Ok(ListName::Business(id.trim().to_owned())),
            Some(_) | None => Err("no list has such a name".to_owned()),
        }
    }
}

impl fmt::Display for ListName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ListName::National => f.write_str("national"),
            ListName::State(region) => write!(f, "state:{}", region.code()),
            ListName::Business(id) => write!(f, "business:{id}"),
        }
    }
}
