//! Errands, kept thin: `cargo xtask ci` runs what CI runs, `cargo xtask long` the full-length proofs.

mod guests;

use std::path::Path;
use std::process::{Command, ExitCode};

const USAGE: &str = "\
cargo xtask <errand>

  ci      the short form of every proof, exactly as CI runs it
  guests  builds the adapters that are written in compiled languages, where their compilers are here
  guest   builds the crate of one adapter, whose folder is named behind it, into its adapter.wasm
  long    the full length: release build, figures, 60 kills, and power cuts where loop devices may be mounted
";

fn main() -> ExitCode {
    let errand = std::env::args().nth(1);
    match errand.as_deref() {
        Some("ci") => code(run(&[("bash", &[".ci/run"], &[])])),
        Some("guests") => code(guests::build()),
        Some("guest") => match std::env::args().nth(2) {
            Some(folder) => code(guests::build_one(Path::new(&folder))),
            None => {
                eprintln!("Error: no folder is named; write it behind `guest`\n\n{USAGE}");
                ExitCode::from(2)
            }
        },
        Some("long") => code(run(LONG) && measure()),
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
    // All in one, because a package built alone gives its dependencies other features, and wasmtime would be compiled anew.
    ("cargo", &["build", "--release", "--locked", "--workspace", "--bins", "--examples"], &[]),
];

/// The examples that measure, the quickest first.
const FIGURES: &[&str] = &["choose_figures", "adapter_figures", "figures"];

/// Runs what was built in the release profile, beside the folder of the profile that this program was built in.
fn measure() -> bool {
    let own = std::env::current_exe().unwrap_or_default();
    let examples = own.ancestors().nth(2).unwrap_or(Path::new("target")).join("release").join("examples");
    FIGURES.iter().all(|name| go(&mut Command::new(examples.join(name)), name))
}

fn run(steps: &[Step]) -> bool {
    steps.iter().all(|(program, arguments, variables)| {
        let mut command = Command::new(program);
        go(command.args(*arguments).envs(variables.iter().copied()), &format!("{program} {}", arguments.join(" ")))
    })
}

/// Runs one program to its end, and says whether it did what it should.
fn go(command: &mut Command, what: &str) -> bool {
    println!("xtask: {what}");
    match command.status() {
        Ok(status) if status.success() => return true,
        Ok(status) => eprintln!("xtask: `{what}` ended with {status}"),
        Err(cause) => eprintln!("xtask: `{what}` could not be started: {cause}"),
    }
    false
}

fn code(done: bool) -> ExitCode {
    if done { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
