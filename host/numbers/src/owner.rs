//! Users and campaigns: whoever owns a pool.

use core::fmt;
use serde::{Deserialize, Serialize};

/// A seat of the dialer or a calling purpose. Either may own a pool, because a predictive call has a campaign and no user.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OwnerId {
    User(String),
    Campaign(String),
}

impl OwnerId {
    pub fn name(&self) -> &str {
        match self {
            OwnerId::User(name) | OwnerId::Campaign(name) => name,
        }
    }
}

impl fmt::Display for OwnerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            OwnerId::User(name) => write!(f, "user {name}"),
            OwnerId::Campaign(name) => write!(f, "campaign {name}"),
        }
    }
}

/// An owner of a pool. Which numbers are in the pool is said by the numbers themselves ([`crate::number::Place`]).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Owner {
    pub id: OwnerId,
    pub business: String,
    /// How many numbers the pool should have.
    pub pool_size: u32,
    /// The pool has been full once. Until then the swap ration does not hold it back.
    pub filled: bool,
}
