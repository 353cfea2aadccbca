//! What should happen next: commands derived from the state, so that after a crash they are simply asked for again.
//!
//! Asked for touched numbers and due wakes, never by scanning everything.
//! Whoever performs them keeps the set in flight, because the same want is given until an event says it was met.

use crate::e164::E164;
use crate::event::FilingPlan;

/// Something to be done outside; its result comes back as an event.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Command {
    /// Ask this adapter about these numbers.
    Check { adapter: String, numbers: Vec<E164> },
    /// Propose [`crate::event::What::FilingIntended`], and send it when that is committed.
    File { filing: FilingPlan },
    /// Go on with a filing, as its [`crate::case::FilingState`] says:
    /// `Again` sends it under the same key, `Unsure` tracks the key, `Pending` asks with the token.
    AskFiling { filing: u64 },
    /// Send [`crate::event::What::Woke`] for these numbers.
    Wake { numbers: Vec<E164> },
}
