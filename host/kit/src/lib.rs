//! What the author of an adapter works with: cassettes, and the runs that hold an adapter against them.
//!
//! A folder is read ([`folder`]), its cassettes are parsed strictly ([`cassette`]), and each is one call made through
//! the shipped component in the real sandbox, with a host that answers what the cassette says ([`test`]).
//! What differs between kinds of adapters is one value, [`kind::Kind`]; nothing else here asks which kind it has before it.
//! It prints nothing and keeps nothing: the command line shows its reports.

pub mod agency;
pub mod cassette;
pub mod check;
mod compare;
pub mod folder;
pub mod kind;
pub mod record;
mod stage;
pub mod test;
mod update;

pub use folder::Folder;
