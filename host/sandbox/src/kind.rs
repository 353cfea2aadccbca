//! The kinds of adapters: which world of `wit/` each lives in, and what it may ask for there.
//!
//! What differs between two kinds stands here and in the bindings; everything else treats them alike.

use serde::{Deserialize, Serialize};
use std::fmt;

/// Which of the interface's worlds an adapter lives in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// Speaks for an organisation that labels, blocks, scores or registers numbers.
    Agency,
    /// Speaks for a carrier that numbers come from.
    Provider,
    /// Says which carrier serves a callee; the only kind that may see callees.
    CarrierLookup,
    /// Orders candidates that the policy has permitted.
    Ranker,
}

impl Kind {
    pub const ALL: [Kind; 4] = [Kind::Agency, Kind::Provider, Kind::CarrierLookup, Kind::Ranker];

    /// As manifests and the interface write it.
    pub const fn word(self) -> &'static str {
        match self {
            Kind::Agency => "agency",
            Kind::Provider => "provider",
            Kind::CarrierLookup => "carrier-lookup",
            Kind::Ranker => "ranker",
        }
    }

    /// The world of this kind in `wit/`.
    pub const fn world(self) -> &'static str {
        match self {
            Kind::Agency => "agency-adapter",
            Kind::Provider => "provider-adapter",
            Kind::CarrierLookup => "carrier-lookup-adapter",
            Kind::Ranker => "ranker-adapter",
        }
    }

    /// The name under which a script exports its functions.
    pub const fn export(self) -> &'static str {
        match self {
            Kind::Agency => "agency",
            Kind::Provider => "provider",
            Kind::CarrierLookup => "carrierLookup",
            Kind::Ranker => "ranker",
        }
    }

    /// The functions of this kind beside `describe`, as a script names them.
    pub const fn functions(self) -> &'static [&'static str] {
        match self {
            Kind::Agency => &["check", "register", "dispute", "track", "inbound", "callStarted", "probe"],
            Kind::Provider => &["search", "acquire", "release", "listNumbers", "probe"],
            Kind::CarrierLookup => &["lookup", "priceMicros", "probe"],
            Kind::Ranker => &["rank"],
        }
    }

    /// The same functions as manifests and cassettes spell them.
    pub fn function_names(self) -> Vec<String> {
        let snake = |name: &&str| {
            name.chars().fold(String::new(), |mut snake, letter| {
                if letter.is_ascii_uppercase() {
                    snake.push('_');
                }
                snake.push(letter.to_ascii_lowercase());
                snake
            })
        };
        self.functions().iter().map(snake).collect()
    }

    /// The interfaces of the host that this kind may import.
    pub(crate) const fn imports(self) -> &'static [&'static str] {
        match self {
            Kind::Agency | Kind::CarrierLookup => &["types", "http", "log", "clock", "random", "config", "files"],
            Kind::Provider => &["types", "http", "log", "clock", "random", "config"],
            Kind::Ranker => &["types", "log", "random"],
        }
    }

    pub(crate) const fn index(self) -> usize {
        self as usize
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}
