//! Why one question brought no answer, and whether the next one is worth asking.

use crate::bindings::agency::smartguard::adapter::types::Error;
use std::fmt;

/// A question that brought no answer.
#[derive(Clone, Debug, PartialEq)]
pub struct Failure {
    pub error: Error,
    /// Whether asking for the next number would only fail the same way, or make the agency angrier.
    pub concerns_all: bool,
}

impl Failure {
    /// The others may still be answered.
    pub fn one(error: Error) -> Failure {
        Failure { error, concerns_all: false }
    }

    /// The others need not be asked.
    pub fn all(error: Error) -> Failure {
        Failure { error, concerns_all: true }
    }

    /// The answer does not fit the contract; `reason` says what was there and what was expected.
    pub fn protocol(reason: impl Into<String>) -> Failure {
        Failure::one(Error::Protocol(reason.into()))
    }
}

/// A faulty setting or a packet for a person stands for the whole call.
impl From<Error> for Failure {
    fn from(error: Error) -> Failure {
        Failure::all(error)
    }
}

impl From<Failure> for Error {
    fn from(failure: Failure) -> Error {
        failure.error
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.error {
            Error::RetryAfter(seconds) => write!(f, "asked too often; again in {seconds} s"),
            Error::Rejected(reason) => write!(f, "rejected: {reason}"),
            Error::Unauthorized(reason) => write!(f, "unauthorized: {reason}"),
            Error::Unavailable(reason) => write!(f, "unavailable: {reason}"),
            Error::NeedsPerson(packet) => write!(f, "only a person can do this: {}", packet.title),
            Error::Protocol(reason) => write!(f, "the answer does not fit: {reason}"),
            Error::Internal(reason) => write!(f, "the adapter broke: {reason}"),
            Error::Unsupported(reason) => write!(f, "unsupported: {reason}"),
        }
    }
}
