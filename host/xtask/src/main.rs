//! Errands, kept thin: `cargo xtask ci` runs what CI runs, `cargo xtask long` the full-length proofs.

use std::process::{Command, ExitCode};

const USAGE: &str = "\
cargo xtask <errand>

  ci      the short form of every proof, exactly as CI runs it
  long    the full length: release build, figures, full-length crash tests
";

fn main() -> ExitCode {
    let errand = std::env::args().nth(1);
    match errand.as_deref() {
        Some("ci") => run(&[("bash", &[".ci/run"], &[])]),
        Some("long") => run(LONG),
        Some("help" | "--help" | "-h") | None => {
            print!("{USAGE}");
            ExitCode::SUCCESS
        }
        Some(other) => {
            eprintln!("Error: there is no errand `{other}`\n\n{USAGE}");
            ExitCode::from(2)
        }
    }
}

/// A program, its arguments and the variables it is given.
type Step = (&'static str, &'static [&'static str], &'static [(&'static str, &'static str)]);

/// `SMARTGUARD_LONG` makes the tests that have a short and a full length run the full one.
const LONG: &[Step] = &[
    ("cargo", &["test", "--workspace", "--locked", "--", "--nocapture"], &[("SMARTGUARD_LONG", "1")]),
    ("cargo", &["run", "--release", "--locked", "-p", "numbers", "--example", "choose_figures"], &[]),
    ("cargo", &["run", "--release", "--locked", "-p", "sandbox", "--example", "figures"], &[]),
];

fn run(steps: &[Step]) -> ExitCode {
    for (program, arguments, variables) in steps {
        println!("xtask: {program} {}", arguments.join(" "));
        match Command::new(program).args(*arguments).envs(variables.iter().copied()).status() {
            Ok(status) if status.success() => {}
            Ok(status) => {
                eprintln!("xtask: `{program} {}` ended with {status}", arguments.join(" "));
                return ExitCode::FAILURE;
            }
            Err(cause) => {
                eprintln!("xtask: `{program}` could not be started: {cause}");
                return ExitCode::FAILURE;
            }
        }
    }
    ExitCode::SUCCESS
}
