//! What the author of an adapter works with: cassettes, and the runs that hold an adapter against them.
//!
//! A folder is read ([`folder`]), its cassettes are parsed strictly ([`form`], [`cassette`]), and each is one call made through
//! the shipped component in the real sandbox, with a host that answers what the cassette says ([`test`]).
//! What differs between kinds of adapters is one value, [`kind::Kind`], chosen in [`kinds`], and the rules that [`check`]
//! chooses; nothing else here asks which kind it has before it.
//! A new folder comes from a template ([`new`]), with the interface as editors understand it ([`declarations`]);
//! what an operator should know of an adapter stands on its page ([`docs`]).
//! What is good goes into one file ([`pack`]), whose wishes are laid beside those of the version before ([`powers`]), and
//! from there into the adapters' folder ([`shelf`]).
//! One call by hand shows everything that was asked and answered ([`attempt`]); a daemon makes such calls as well.
//! It prints nothing and keeps nothing: the command line shows its reports.

pub mod agency;
pub mod attempt;
mod breaking;
pub mod call;
pub mod cassette;
pub mod check;
mod compare;
pub mod declarations;
pub mod docs;
pub mod folder;
pub mod form;
pub mod kind;
pub mod kinds;
pub mod lookup;
pub mod new;
pub mod pack;
pub mod powers;
pub mod provider;
pub mod ranker;
pub mod record;
mod rules;
pub mod shelf;
mod stage;
pub mod test;
mod update;
mod verdict;
mod words;

pub use folder::Folder;
