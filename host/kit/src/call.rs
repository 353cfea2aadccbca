//! A call of an adapter, whatever its kind.

use futures_util::future::BoxFuture;
use sandbox::{CallError, Guest, Powers};
use std::any::Any;
use std::sync::Arc;

/// What an adapter answered, as a cassette has it, or how the call failed.
pub type Made = Result<toml::Table, CallError>;

/// A call that is ready to be made, as often as somebody likes.
pub trait Call: Any + Send + Sync {
    /// Makes it, and puts what is answered into the words of an `[answer]`.
    fn make<'a>(&'a self, guest: &'a Guest, powers: &'a Arc<dyn Powers>) -> BoxFuture<'a, Made>;
}
