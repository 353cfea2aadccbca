//! How the roster makes adapters ready with the engine, and which of its errors count as faults.

use super::{Made, Maker, Strike};
use crate::agency::AdapterError;
use crate::engine::Engine;
use crate::guest::{CallError, FaultKind, Guest};
use crate::machine::Limits;
use crate::manifest::{self, Manifest};
use crate::trouble::Trouble;
use crate::version::World;
use futures_util::future::BoxFuture;

impl Maker for Engine {
    type Guest = Guest;

    fn make<'a>(
        &'a self,
        manifest: &'a Manifest,
        file: &'a str,
        code: Vec<u8>,
    ) -> BoxFuture<'a, Result<Made<Guest>, Trouble>> {
        Box::pin(async move {
            let loaded = self
                .load(World { kind: manifest.kind, version: manifest.wit }, code, file, limits(&manifest.limits))
                .await;
            let guest = loaded.map_err(|error| {
                let reason = chain(&error);
                let place = place(file, &reason);
                Trouble::new(place, reason, "correct it and save the file again; what served before serves on")
            })?;
            let description = guest.description();
            Ok(Made { id: description.id.clone(), speaks_for: description.speaks_for.clone(), guest })
        })
    }
}

/// What the manifest asks for, in the engine's terms. Waiting for a turn keeps the engine's own bound.
fn limits(asked: &manifest::Limits) -> Limits {
    Limits {
        memory_max: usize::try_from(asked.memory_max).unwrap_or(usize::MAX),
        cpu_max: asked.cpu_max,
        deadline: asked.timeout,
        calls_max: asked.concurrency as usize,
        log_bytes_max: usize::try_from(asked.log_max).unwrap_or(usize::MAX),
        ..Limits::default()
    }
}

/// The file, with the line where the reason names one, as the stack of a script's error does.
fn place(file: &str, reason: &str) -> String {
    let named = reason.split(&format!("{file}:")).skip(1).find_map(|after| {
        let line: String = after.chars().take_while(char::is_ascii_digit).collect();
        (!line.is_empty()).then(|| format!("{file}:{line}"))
    });
    named.unwrap_or_else(|| file.to_owned())
}

/// An error and its causes as one sentence, because a seat shows one reason.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text
}

impl Strike for CallError {
    fn strike(&self) -> Option<String> {
        match self {
            CallError::Fault(fault) => match fault.kind {
                // The adapter was not even asked.
                FaultKind::TooBusy => None,
                FaultKind::Trapped
                | FaultKind::TimedOut
                | FaultKind::OutOfMemory
                | FaultKind::StackOverflow
                | FaultKind::Protocol => Some(fault.to_string()),
            },
            CallError::Adapter(error) => match error {
                // It broke, or said what cannot be true.
                AdapterError::Internal(_) | AdapterError::Protocol(_) => Some(error.to_string()),
                // The agency's doing, and reported as it should be.
                AdapterError::RetryAfter(_)
                | AdapterError::Rejected(_)
                | AdapterError::Unauthorized(_)
                | AdapterError::Unavailable(_)
                | AdapterError::NeedsPerson(_)
                | AdapterError::Unsupported(_) => None,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::place;

    #[test]
    fn the_line_is_part_of_the_place_where_it_is_known() {
        let stack = "it does not evaluate: nomorobo/adapter.js: no\n    at nomorobo/adapter.js:17:4";
        assert_eq!(place("nomorobo/adapter.js", stack), "nomorobo/adapter.js:17");
        assert_eq!(place("nomorobo/adapter.js", "nomorobo/adapter.js: too large"), "nomorobo/adapter.js");
    }
}
