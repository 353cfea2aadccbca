//! Runs other people's code without trusting it: turns adapters into components, and calls them under limits.
//!
//! This is the only crate that says wasmtime.
//! It decides nothing about numbers, and it keeps nothing between two calls of an adapter.

mod accept;
pub mod agency;
mod bindings;
mod cache;
pub mod call;
pub mod datasets;
mod engine;
pub mod folder;
mod functions;
pub mod grant;
mod guest;
pub mod http;
pub mod kind;
mod lift;
mod linked;
pub mod lookup;
mod machine;
pub mod manifest;
pub mod modules;
pub mod powers;
pub mod provider;
pub mod ranker;
pub mod roster;
mod script;
pub mod secrets;
pub mod trouble;
pub mod version;
pub mod watch;

pub use agency::AdapterError;
pub use call::{
    Coverage, DayCount, FilesError, Found, Hits, HttpError, HttpRequest, HttpResponse, LogLevel, Method, Powers, Usage,
};
pub use engine::{Engine, LoadError};
pub use guest::{CallError, Fault, FaultKind, Guest};
pub use machine::{EngineError, EngineOptions, Limits, MEMORY_MAX};
pub use version::WIT;
