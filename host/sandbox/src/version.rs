//! The versions of the interface that this host serves, and the worlds in them.
//!
//! Inside, the host speaks the newest version alone; what an older one lacks is made up for in [`crate::lift`].

use crate::kind::Kind;
use serde::{Serialize, Serializer};
use std::fmt;

/// The newest version of the interface, as it is written.
pub const WIT: &str = Version::NEWEST.wit();

/// A version of `wit/`, the oldest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Version {
    /// The draft in which a dispute does not name the carrier. It has agencies alone.
    V0_0_0,
    V0_0_1,
}

impl Version {
    pub const ALL: [Version; 2] = [Version::V0_0_0, Version::V0_0_1];
    pub const NEWEST: Version = Version::V0_0_1;

    /// As manifests and the interface write it.
    pub const fn word(self) -> &'static str {
        match self {
            Version::V0_0_0 => "0.0.0",
            Version::V0_0_1 => "0.0.1",
        }
    }

    pub fn of(word: &str) -> Option<Version> {
        Version::ALL.into_iter().find(|version| version.word() == word)
    }

    /// The interface itself.
    pub const fn wit(self) -> &'static str {
        match self {
            Version::V0_0_0 => include_str!("../../../wit/0.0.0/adapter.wit"),
            Version::V0_0_1 => include_str!("../../../wit/0.0.1/adapter.wit"),
        }
    }

    /// The kinds of adapters that have a world in it.
    pub const fn kinds(self) -> &'static [Kind] {
        match self {
            Version::V0_0_0 => &[Kind::Agency],
            Version::V0_0_1 => &Kind::ALL,
        }
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

impl Serialize for Version {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.word())
    }
}

/// What an adapter is built against. A kind alone means its world in the newest version.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct World {
    pub kind: Kind,
    pub version: Version,
}

impl World {
    pub(crate) const COUNT: usize = Version::ALL.len() * Kind::ALL.len();

    pub(crate) const fn index(self) -> usize {
        self.version as usize * Kind::ALL.len() + self.kind.index()
    }
}

impl From<Kind> for World {
    fn from(kind: Kind) -> World {
        World { kind, version: Version::NEWEST }
    }
}
