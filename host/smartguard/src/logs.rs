//! The daemon's log: lines on the standard error, which a supervisor keeps.
//!
//! What is printed on the standard output is for the person who started the daemon; everything that happens later is here.

use std::io::IsTerminal;
use tracing_subscriber::EnvFilter;

/// The variable that says how much is logged, for example `warn` or `info,sandbox=debug`.
pub const VARIABLE: &str = "SMARTGUARD_LOG";
/// Our own words from `info`; what libraries say only when something is wrong.
const DEFAULT: &str = "warn,smartguard=info,sandbox=info,numbers=info";

/// Begins to log for this process: text, or one JSON object a line.
///
/// # Errors
/// What is wrong with the variable; nothing is logged then.
pub fn start(json: bool) -> Result<(), String> {
    let filter = match std::env::var(VARIABLE) {
        Ok(said) if !said.is_empty() => EnvFilter::try_new(&said)
            .map_err(|cause| format!("{VARIABLE} is `{said}`, which cannot be read: {cause}"))?,
        Ok(_) | Err(_) => EnvFilter::new(DEFAULT),
    };
    let lines = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    let started = if json {
        lines.json().flatten_event(true).try_init()
    } else {
        lines.with_ansi(std::io::stderr().is_terminal()).with_target(false).try_init()
    };
    started.map_err(|cause| format!("the log could not be started: {cause}"))
}
