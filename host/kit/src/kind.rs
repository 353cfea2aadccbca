//! Kinds of adapters. Everything that the kit must know of one is in one value.

use crate::cassette::Parsed;
use crate::check::{Bench, Judgement, Rule};
use futures_util::future::BoxFuture;
use sandbox::manifest;
use sandbox::trouble::Trouble;
use sandbox::{Guest, Powers};
use std::any::Any;
use std::sync::Arc;

/// A kind of adapter, as the kit treats it.
pub struct Kind {
    pub kind: manifest::Kind,
    /// What can be asked of it, in the order of the interface.
    pub functions: &'static [Function],
    /// `call` and `request` of a cassette that asks the obvious thing about what was named on a command line.
    pub sketch: fn(&[String]) -> toml::Table,
    /// The rules of the conformance kit, in the order in which they are judged.
    pub rules: fn() -> Vec<Rule>,
    /// Judges an adapter by each of them that it is not exempt from.
    pub judge: for<'a> fn(&'a Bench<'a>) -> BoxFuture<'a, Judgement>,
}

/// One function of the interface.
pub struct Function {
    /// As the interface and the cassettes spell it.
    pub name: &'static str,
    /// What an `[answer]` may name, beside the errors that every function has.
    pub answers: &'static [&'static str],
    /// Reads a cassette whose `call` is this function.
    pub read: fn(file: &str, text: &str) -> Result<Parsed, Trouble>,
}

/// A call that is ready to be made, as often as somebody likes.
pub trait Call: Any + Send + Sync {
    /// Makes it, and puts whatever comes back into the words of an `[answer]`.
    fn make<'a>(&'a self, guest: &'a Guest, powers: &'a Arc<dyn Powers>) -> BoxFuture<'a, toml::Table>;
}

/// The kinds that are served.
static KINDS: [&Kind; 1] = [&crate::agency::KIND];

impl Kind {
    /// What the kit knows of a kind; nothing while the host does not serve it.
    pub fn of(kind: manifest::Kind) -> Option<&'static Kind> {
        KINDS.into_iter().find(|known| known.kind == kind)
    }

    pub fn function(&self, name: &str) -> Option<&'static Function> {
        self.functions.iter().find(|function| function.name == name)
    }
}
