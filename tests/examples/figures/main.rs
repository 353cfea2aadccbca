//! Measures the daemon: its own binary, over real sockets, in the profile that this program is built in.
//!
//! `cargo xtask long` runs it in the release profile. `cargo run -p smartguard-tests --example figures` gives a quick look
//! with fewer calls; words after `--` choose among `decisions`, `hostile`, `swaps`, `starts`.
//! It prints and asserts nothing about time; what is worth keeping goes to `host/FIGURES.md` with machine and date.

mod constant;
mod decisions;
mod hostile;
mod load;
mod room;
mod starts;
mod swaps;

use smartguard_tests::daemon;
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

/// How much is measured.
struct Scale {
    /// Rounds in which all contenders take their turn. The machine's other work comes and goes; a ratio within one round
    /// suffers from it less than one of two averages.
    rounds: usize,
    run: Duration,
    swaps: usize,
    starts: usize,
}

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    if words.first().is_some_and(|word| word == constant::ARGUMENT) {
        return match constant::serve() {
            Ok(()) => ExitCode::SUCCESS,
            Err(cause) => {
                eprintln!("Error: the constant server failed: {cause}");
                ExitCode::FAILURE
            }
        };
    }
    // Waits and prints; the load has a thread of its own.
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
    runtime.expect("a runtime").block_on(measure(&words));
    ExitCode::SUCCESS
}

async fn measure(words: &[String]) {
    let quick = cfg!(debug_assertions);
    let second = Duration::from_secs(1);
    let (profile, scale) = if quick {
        ("dev", Scale { rounds: 3, run: second, swaps: 5, starts: 3 })
    } else {
        ("release", Scale { rounds: 11, run: 2 * second, swaps: 20, starts: 7 })
    };
    let binary: &'static Path = Box::leak(daemon::build(profile).into_boxed_path());
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    println!("The daemon in profile {profile}, on {cores} cores that the load generator shares with it.");
    let wanted = |word: &str| words.is_empty() || words.iter().any(|said| said == word);
    if wanted("decisions") {
        decisions::measure(binary, &scale).await;
    }
    if wanted("hostile") {
        hostile::measure(binary, &scale).await;
    }
    if wanted("swaps") {
        swaps::measure(binary, &scale).await;
    }
    if wanted("starts") {
        starts::measure(binary, &scale).await;
    }
}

/// A ratio of each round, and the median of them.
fn print_ratios(what: &str, ratios: Vec<f64>) {
    let each: Vec<String> = ratios.iter().map(|ratio| format!("{ratio:.2}")).collect();
    println!("{what}: {:.2} (rounds: {})", median(ratios), each.join(", "));
}

fn median(mut figures: Vec<f64>) -> f64 {
    figures.sort_by(f64::total_cmp);
    figures[figures.len() / 2]
}
