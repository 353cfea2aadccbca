//! Runs other people's code without trusting it: turns adapters into components, and calls them under limits.
//!
//! This is the only crate that says wasmtime.
//! It decides nothing about numbers, and it keeps nothing between two calls of an adapter.

pub mod call;
pub mod datasets;
pub mod grant;
pub mod http;
pub mod manifest;
pub mod powers;
pub mod roster;
pub mod secrets;
pub mod trouble;
pub mod watch;

pub use call::{
    Coverage, DayCount, FilesError, Found, Hits, HttpError, HttpRequest, HttpResponse, LogLevel, Method, Powers,
};
