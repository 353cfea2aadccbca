//! The command line: what may be said, with examples, and the exit codes.
//!
//! `run`, `check`, `policy check`, `simulate`, `import`, `export --data` and what an adapter's author runs ([`author`]) work by
//! themselves; every other command asks a running daemon over HTTP ([`client`]) and shows the answer ([`show`]) as a
//! table on a terminal, or as the JSON that came.

mod agencies;
mod author;
mod client;
mod commands;
mod do_not_call;
mod import_csv;
mod pack;
mod plan;
mod policy;
mod replay;
mod shadow;
mod show;
mod simulate;
mod transfer;

use clap::{Args, Parser, Subcommand, ValueEnum};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

/// Keeps the caller IDs of outbound callers clean, trusted and answered.
#[derive(Debug, Parser)]
#[command(name = "smartguard", version, max_term_width = 100, after_help = AFTER_HELP)]
struct Cli {
    /// The daemon to ask.
    #[arg(long, global = true, env = "SMARTGUARD_SERVER", default_value = "http://127.0.0.1:8787", value_name = "URL")]
    server: String,
    /// Print the answer as JSON instead of a table.
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    command: Command,
}

const AFTER_HELP: &str = "\
Examples:
  smartguard run
  smartguard business add acme.toml
  smartguard number import numbers.csv --business acme
  smartguard user add anna --business acme
  smartguard number report +12125550143 --label \"Spam Likely\" --carrier tmobile
  smartguard case list
  smartguard doctor

Exit codes:
  0  it is done
  1  the daemon refused it or failed at it
  2  the command line is wrong
  3  no daemon answers
  4  a file is faulty: configuration, policy, business, numbers, export, adapter, cassette
  5  done in part: some rows of an import were refused
  6  an adapter differs from its cassettes, or breaks a rule that it is held to; a receipt is replayed to another answer
  7  the doctor found something wrong
  130  it was interrupted";

/// How a command ended, as the exit code of the process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
enum Exit {
    Done = 0,
    Refused = 1,
    NoDaemon = 3,
    FaultyFile = 4,
    InPart = 5,
    Differs = 6,
    Unwell = 7,
    /// As a shell says it of a process that Ctrl-C ended.
    Interrupted = 130,
}

/// Why a command did not do what it was asked for.
#[derive(Debug)]
struct Failure {
    exit: Exit,
    sentence: String,
    hint: String,
}

impl Failure {
    fn new(exit: Exit, sentence: impl Into<String>, hint: impl Into<String>) -> Failure {
        Failure { exit, sentence: sentence.into(), hint: hint.into() }
    }
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Start the daemon and serve until it is stopped.
    #[command(
        after_help = "Examples:\n  smartguard run\n  smartguard run --data /var/lib/smartguard --listen 127.0.0.1:0\n  smartguard run --in-memory --listen 127.0.0.1:0\n\nThe log goes to the standard error; SMARTGUARD_LOG says how much, such as warn or info,sandbox=debug.\nWith --json it has one JSON object a line."
    )]
    Run {
        #[command(flatten)]
        machine: Machine,
        /// Keep numbers, calls and grants in memory alone, for trials and measurements: all of it is gone when the
        /// daemon stops. The data folder then holds only what can be fetched and built again.
        #[arg(long)]
        in_memory: bool,
    },
    /// Check the configuration, the policy and the adapters' manifests without starting.
    Check(Machine),
    /// What the daemon serves, and what to do next.
    Status,
    /// Numbers: import, list, show, report.
    #[command(subcommand)]
    Number(NumberCommand),
    /// Users, the seats that call.
    #[command(subcommand)]
    User(OwnerCommand),
    /// Campaigns, which call without a seat.
    #[command(subcommand)]
    Campaign(OwnerCommand),
    /// Businesses, in whose name numbers are shown.
    #[command(subcommand)]
    Business(BusinessCommand),
    /// Cases, the disputes of labels.
    #[command(subcommand)]
    Case(CaseCommand),
    /// Tasks, the steps that only a person can do.
    #[command(subcommand)]
    Task(TaskCommand),
    /// Adapters, which speak for agencies.
    #[command(subcommand)]
    Adapter(AdapterCommand),
    /// Agencies: what can be seen, filed and disputed with the keys that are there, and what one more key would add.
    #[command(subcommand)]
    Agency(agencies::AgencyCommand),
    /// Where to file by hand: every agency with its contact, what to file there, and what its adapter can do.
    #[command(after_help = "\
Examples:
  smartguard directory
  smartguard directory nomorobo

The running daemon shows the same as a page at /directory.")]
    Directory {
        /// Only this adapter's entry, in full.
        id: Option<String>,
    },
    /// Make the ready-to-file form, files and letter for one number with one agency. Nothing is filed by it.
    #[command(after_help = "\
Examples:
  smartguard packet fcr +12125550143 --register
  smartguard packet tns +12125550143 --carrier verizon --label \"Potential Spam\" --output packet/
  smartguard packet nomorobo +12125550143")]
    Packet(agencies::PacketWords),
    /// Do-not-call lists: who must not be called, by the nation, a state, or a business's own word.
    #[command(subcommand)]
    DoNotCall(do_not_call::DoNotCallCommand),
    /// Look at everything that the daemon needs, and say what to fix: keys, clock, names, data folder, policy, reserve.
    #[command(after_help = "\
Example:
  smartguard doctor

Each key that is configured is tried by one harmless question to its agency. Exit code 7: something is wrong.")]
    Doctor,
    /// Policies.
    #[command(subcommand)]
    Policy(policy::PolicyCommand),
    /// What a policy would do, in a made-up world, before anyone's phone rings.
    #[command(after_help = simulate::HELP)]
    Simulate(simulate::Simulate),
    /// Who may be called now, why not, and from when. Nothing is consumed by asking.
    Preflight(plan::Preflight),
    /// How many more calls the pools can bear in the next hour and today, and whether they have numbers enough.
    Pacing(plan::Pacing),
    /// Receipts: whether every kept decision is replayed to the same answer.
    #[command(subcommand)]
    Receipts(replay::ReceiptsCommand),
    /// Why a call was answered as it was.
    Receipt {
        /// The decision id, or with --call the dialer's call id.
        id: String,
        #[arg(long)]
        call: bool,
    },
    /// Write all that is held to a file: the backup, and the way to another machine or version.
    #[command(after_help = "\
Examples:
  smartguard export /backup/smartguard.ndjson
  smartguard export /backup/smartguard.ndjson --data /var/lib/smartguard

Without --data the running daemon writes the file, on its own machine, while calls go on. With --data the folder is read \
where no daemon runs on it. The key of the installation, which lies beside the data folder as <data>.key, is never in an \
export: keep a copy of it in another place. Nor are the archive of old calls and what can be fetched again.")]
    Export {
        /// The file to make.
        to: PathBuf,
        /// Read this data folder, on which no daemon runs.
        #[arg(long, value_name = "DIR")]
        data: Option<PathBuf>,
    },
    /// Fill a new data folder from an export.
    #[command(after_help = "\
Examples:
  smartguard import /backup/smartguard.ndjson --data /var/lib/smartguard --key /safe/smartguard.key
  smartguard import newest.ndjson --replace

No daemon may run on the folder. Nothing changes before the whole export has been read and found right, and a store that \
is there is moved aside, never deleted. Callees are known by hashes under the key of the installation: without it nobody \
is recognised who was called before or asked not to be called, and decision ids of before do not verify. So the daemon \
does not start on the folder before the right key lies beside it as <data>.key.")]
    Import {
        /// The export.
        file: PathBuf,
        /// The data folder to fill [the configuration's, or data].
        #[arg(long, value_name = "DIR")]
        data: Option<PathBuf>,
        /// The configuration file [smartguard.toml where there is one].
        #[arg(long, value_name = "FILE")]
        config: Option<PathBuf>,
        /// The key that lay beside the exported data folder; it is copied beside the new one.
        #[arg(long, value_name = "FILE", conflicts_with = "without_key")]
        key: Option<PathBuf>,
        /// The key is lost: callees begin anew, those who asked not to be called among them.
        #[arg(long)]
        without_key: bool,
        /// Move a store that is in the folder aside.
        #[arg(long)]
        replace: bool,
    },
}

/// Where the daemon listens and finds its files; stands above the configuration file.
#[derive(Clone, Debug, Args)]
struct Machine {
    /// The configuration file [smartguard.toml where there is one].
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// The data folder [data].
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// The address to listen on; port 0 picks a free one [127.0.0.1:8787].
    #[arg(long, value_name = "ADDRESS")]
    listen: Option<SocketAddr>,
    /// The folder of adapters [adapters].
    #[arg(long, value_name = "DIR")]
    adapters: Option<PathBuf>,
    /// The folder of policies [policies].
    #[arg(long, value_name = "DIR")]
    policies: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
enum NumberCommand {
    /// Take numbers in from a CSV file with the columns number, service, since, right, callback.
    #[command(after_help = "\
Examples:
  smartguard number import numbers.csv --business acme
  smartguard number import old.csv --business acme --service in_service --since 2024-03-01

The column `service` says `new` (screened, registered and warmed up before its first call) or `in_service` (serves at \
once; `since` is the date of its first call). `right` says `provider:<name>` or `declared:<person>`; a number without \
it is taken and never shown.")]
    Import {
        /// The file; `-` reads from the standard input.
        file: PathBuf,
        /// The business whose numbers they are.
        #[arg(long)]
        business: String,
        /// For rows that do not say: were the numbers in service before?
        #[arg(long, value_enum)]
        service: Option<ServiceWord>,
        /// With --service in_service: the date of the first call.
        #[arg(long, value_name = "DATE", requires = "service")]
        since: Option<String>,
        /// Who imports [the user of this machine].
        #[arg(long, env = "USER", default_value = "operator")]
        by: String,
    },
    /// List numbers.
    List {
        /// quarantined, ready, active, at_risk, remediating, resting or retired.
        #[arg(long)]
        life: Option<String>,
        #[arg(long)]
        business: Option<String>,
        /// The user or campaign in whose pool they are.
        #[arg(long)]
        owner: Option<String>,
        /// At most so many.
        #[arg(long, default_value_t = 100)]
        limit: u32,
    },
    /// Show one number with all that is held of it.
    Show { number: String },
    /// Say how a number is shown on a phone.
    #[command(after_help = "\
Examples:
  smartguard number report +12125550143 --label \"Spam Likely\" --carrier tmobile
  smartguard number report +12125550143 --label \"Spam\" --agency truecaller
  smartguard number report +12125550143 --clear --carrier tmobile")]
    Report {
        number: String,
        /// The words on the screen.
        #[arg(long, required_unless_present = "clear", conflicts_with = "clear")]
        label: Option<String>,
        /// There was no label.
        #[arg(long)]
        clear: bool,
        /// The carrier of the phone: att, tmobile, verizon, …
        #[arg(long)]
        carrier: Option<String>,
        /// Whose label it is, where that is known: an app on the phone, such as truecaller.
        #[arg(long)]
        agency: Option<String>,
        /// Who saw it [the user of this machine].
        #[arg(long, env = "USER", default_value = "operator")]
        by: String,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
#[value(rename_all = "snake_case")]
enum ServiceWord {
    New,
    InService,
}

#[derive(Debug, Subcommand)]
enum OwnerCommand {
    /// Add one, with a pool from the reserve.
    Add {
        name: String,
        /// May be left out where there is only one business.
        #[arg(long)]
        business: Option<String>,
        /// Numbers in the pool [the policy's].
        #[arg(long)]
        pool_size: Option<u32>,
    },
    /// List them with their pools.
    List,
}

#[derive(Debug, Subcommand)]
enum BusinessCommand {
    /// Add a business from a TOML file, or change the one with its id.
    Add { file: PathBuf },
    /// List businesses.
    List,
}

#[derive(Debug, Subcommand)]
enum CaseCommand {
    /// List the open cases, newest first.
    List {
        /// The closed ones as well.
        #[arg(long)]
        all: bool,
        /// Only of this number.
        #[arg(long)]
        number: Option<String>,
    },
    /// Show one case with its history.
    Show { id: u64 },
}

#[derive(Debug, Subcommand)]
enum TaskCommand {
    /// List what waits for a person.
    List {
        /// What is done as well.
        #[arg(long)]
        all: bool,
    },
    /// Show one task with its packet.
    Show { id: u64 },
    /// Say that it is done.
    Done {
        id: u64,
        /// What the agency gave, such as a feedback id.
        #[arg(long)]
        note: Option<String>,
        /// Who did it [the user of this machine].
        #[arg(long, env = "USER", default_value = "operator")]
        by: String,
    },
    /// Save a file of its packet.
    File {
        id: u64,
        name: String,
        /// Where to save it [its own name, in this folder].
        #[arg(long, short)]
        output: Option<PathBuf>,
    },
}

#[derive(Debug, Subcommand)]
enum AdapterCommand {
    /// List adapters with their states.
    List,
    /// Show one adapter with its powers.
    Show { id: String },
    /// Grant an adapter the powers that its manifest asks for.
    Grant {
        id: String,
        /// Who grants [the user of this machine].
        #[arg(long, env = "USER", default_value = "operator")]
        by: String,
    },
    /// Make one call of an adapter and show every exchange, the time and the memory.
    #[command(after_help = "\
Examples:
  smartguard adapter try nomorobo check +12125550143
  smartguard adapter try adapters/acme_labels check +12125550143 --origin api=http://127.0.0.1:9000
  smartguard adapter try adapters/acme_labels register --request business.toml --send

A folder is tried by itself, without a daemon; secrets come from SMARTGUARD_SECRET_<ADAPTER>_<NAME> or from --secrets.
An id is tried by the running daemon, with what was granted there. What does not fit on a command line is written as
[request] of a cassette, into a file for --request. A function that files, buys or tells something wants --send.")]
    Try(author::Try),
    #[command(flatten)]
    Author(author::AuthorCommand),
    #[command(flatten)]
    Pack(pack::PackCommand),
}

/// Reads the command line, does what it says, and gives the exit code.
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    let json = cli.json;
    let exit = match commands::run(cli) {
        Ok(exit) => exit,
        Err(failure) => {
            if json {
                let error = serde_json::json!({ "error": failure.sentence, "hint": failure.hint });
                eprintln!("{error}");
            } else {
                eprintln!("Error: {}", failure.sentence);
                if !failure.hint.is_empty() {
                    eprintln!("Hint: {}", failure.hint);
                }
            }
            failure.exit
        }
    };
    ExitCode::from(exit as u8)
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_sound() {
        super::Cli::command().debug_assert();
    }
}
