//! The kinds of adapters that there are.

use crate::kind::Kind;
use crate::{agency, lookup, provider, ranker};
use sandbox::manifest;

/// What the kit knows of a kind.
pub fn of(kind: manifest::Kind) -> &'static Kind {
    match kind {
        manifest::Kind::Agency => &agency::KIND,
        manifest::Kind::Provider => &provider::KIND,
        manifest::Kind::CarrierLookup => &lookup::KIND,
        manifest::Kind::Ranker => &ranker::KIND,
    }
}
