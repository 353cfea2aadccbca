//! Writes an adapter for SmartGuard in Rust.
//!
//! Implement the trait of a kind ([`Agency`], [`Provider`], [`CarrierLookup`] or [`Ranker`]) and hand the type to the
//! macro of the same name. A function that is left out answers `unsupported`, as in a script.
//!
//! ```ignore
//! use smartguard_adapter::{Agency, Api, Failure, agency::*};
//!
//! const API: Api = Api { name: "Example", origin: "api", key_from: "it comes with an account at example.com" };
//!
//! struct Example;
//!
//! impl Agency for Example {
//!     fn describe() -> Description { … }
//!
//!     fn check(request: CheckRequest) -> Result<CheckAnswer, Error> {
//!         smartguard_adapter::one_by_one(&request.numbers, |number| {
//!             let answer = API.get(&format!("/numbers/{number}")).secret("X-API-Key", "API_KEY").fetch(200)?;
//!             …
//!         })
//!     }
//! }
//!
//! smartguard_adapter::agency!(Example);
//! ```
//!
//! Nothing is kept between two calls, secrets are only ever named, and every request passes the host's gate.
//! A number is called clean only when the answer says so: read with [`json`], which believes nothing that does not fit.

mod batch;
pub mod bindings;
pub mod csv;
mod failure;
pub mod http;
pub mod json;
mod kinds;
mod pages;
mod settings;

pub use batch::one_by_one;
pub use failure::Failure;
pub use http::{Api, Request, Response};
pub use kinds::{Agency, CarrierLookup, Provider, Ranker, agency, carrier_lookup, provider, ranker};
pub use pages::{PAGES_MAX, pages};
pub use settings::setting;

/// Lines for whoever runs the daemon.
pub use bindings::agency::smartguard::adapter::log;

/// Milliseconds since 1970-01-01 UTC. The clock of Rust's own library does not run in an adapter.
pub fn now_ms() -> u64 {
    bindings::agency::smartguard::adapter::clock::now_ms()
}

/// Seconds since 1970-01-01 UTC, as observations say them.
pub fn now_s() -> u64 {
    now_ms() / 1000
}
