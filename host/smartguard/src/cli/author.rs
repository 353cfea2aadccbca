//! What an adapter's author runs, without a daemon: new folders, tests by cassettes, recordings, rules.

mod attempt;
mod dev;
mod scaffold;

use super::{Exit, Failure, show};
pub(super) use attempt::{Try, try_folder};
use clap::{Args, Subcommand, ValueEnum};
pub(super) use dev::develop;
use indicatif::{ProgressBar, ProgressStyle};
use kit::Folder;
use kit::check::{self, Judged, Tier, Verdict};
use kit::record::{Recorded, Recording};
use kit::test::{Report, Tested};
use numbers::Moment;
use sandbox::datasets::Datasets;
use sandbox::http::{Gate, Rebinds};
use sandbox::secrets::Secrets;
use sandbox::trouble::Trouble;
use sandbox::{Engine, EngineOptions};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

#[derive(Debug, Subcommand)]
pub(super) enum AuthorCommand {
    /// Make the folder of a new adapter, which passes its tests before anything of it is changed.
    #[command(after_help = "\
Examples:
  smartguard adapter new acme_labels
  smartguard adapter new most_answered --kind ranker
  smartguard adapter new acme_labels --rust
  smartguard adapter new acme_labels --in /etc/smartguard/adapters

It writes adapter.toml, adapter.js, a README, a cassette for each function, and what an editor needs to check the
script's types. With --rust it writes a crate in the script's place, and the SDK beside it where that is not there yet.
Nothing that is there already is written over.")]
    New(scaffold::New),
    /// Work on an adapter while a daemon runs: each change is tested, and what passes serves there at once.
    #[command(after_help = "\
Example:
  smartguard adapter dev adapters/acme_labels

It watches the folder, runs the cassettes after each change, and lets a version that passes serve in the running daemon,
in the place of any other of its id. `adapter list` and `status` call it a development version. When this command ends,
however it ends, whoever served before serves again.")]
    Dev(dev::Dev),
    /// Print the page of an adapter: what it does, reaches, needs and costs, and how well that is known.
    #[command(after_help = "\
Examples:
  smartguard adapter docs adapters/nomorobo > adapters/nomorobo/REFERENCE.md
  smartguard adapter docs adapters/* --index
  smartguard adapter docs adapters/* --facts
  smartguard adapter docs adapters/* --directory > adapters/DIRECTORY.md")]
    Docs {
        /// Adapters' folders. What is no adapter's folder is left out where several are named.
        #[arg(required = true)]
        folders: Vec<PathBuf>,
        /// Print one table with a line for each of them.
        #[arg(long)]
        index: bool,
        /// Print one table that says of each what rests on official documents, what on secondary sources, what is unknown.
        #[arg(long, conflicts_with = "index")]
        facts: bool,
        /// Print the do-it-yourself directory: where a person files by hand, what, and what our adapter can do.
        #[arg(long, conflicts_with_all = ["index", "facts"])]
        directory: bool,
    },
    /// Print the TypeScript declarations of the interface, for editors and tsc.
    #[command(after_help = "Example:\n  smartguard adapter types > adapters/smartguard.d.ts")]
    Types,
    /// Run an adapter's cassettes through it, without a daemon and without the network.
    #[command(after_help = "\
Examples:
  smartguard adapter test adapters/nomorobo
  smartguard adapter test adapters/nomorobo --update
  smartguard adapter test adapters/nomorobo --record live_clean +12125550143
  smartguard adapter test adapters/nomorobo --record clean --origin api=http://127.0.0.1:9000

With --record one call is made over the network and written down as a cassette, without the value of any secret. An
existing cassette is asked again with its own request; write `about`, `provenance`, `now`, `call` and `[request]` first
to record another function than `check`. Secrets come from SMARTGUARD_SECRET_<ADAPTER>_<NAME> or from --secrets.

Exit codes: 0 none differs, 4 a file is faulty, 6 some differ.")]
    Test(Test),
    /// Hold an adapter to the rules that every adapter of its kind is held to.
    #[command(after_help = "\
Examples:
  smartguard adapter check adapters/nomorobo
  smartguard adapter check adapters/nomorobo --at-least gold

Broken answers are made from the adapter's own cassettes. A rule that cannot hold for an agency is exempted in
adapter.toml with its reason, as in `[exempt]` and `other_number = \"the answer names no number\"`.

Exit codes: 0 the tier is reached, 4 a file is faulty, 6 a rule of the tier is broken.")]
    Check {
        /// The adapter's folder.
        folder: PathBuf,
        /// The tier that must be reached: bronze, silver or gold.
        #[arg(long, value_enum, default_value = "silver", value_name = "TIER")]
        at_least: TierWord,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum TierWord {
    Bronze,
    Silver,
    Gold,
}

impl From<TierWord> for Tier {
    fn from(word: TierWord) -> Tier {
        match word {
            TierWord::Bronze => Tier::Bronze,
            TierWord::Silver => Tier::Silver,
            TierWord::Gold => Tier::Gold,
        }
    }
}

#[derive(Debug, Args)]
pub(super) struct Test {
    /// The adapter's folder.
    folder: PathBuf,
    /// Rewrite the [answer] of each cassette that differs to what came.
    #[arg(long, conflicts_with = "record")]
    update: bool,
    /// Make one call over the network, and write it down as the cassette of this name.
    #[arg(long, value_name = "NAME")]
    record: Option<String>,
    /// The numbers that a new recording asks about.
    #[arg(requires = "record")]
    subjects: Vec<String>,
    /// What a new recording shows.
    #[arg(long, requires = "record")]
    about: Option<String>,
    /// Lead an origin of the manifest elsewhere while recording.
    #[arg(long, value_name = "NAME=URL", requires = "record")]
    origin: Vec<String>,
    /// A file with secrets for the recording, as the daemon reads it.
    #[arg(long, value_name = "FILE", requires = "record")]
    secrets: Option<PathBuf>,
}

impl AuthorCommand {
    /// Whether it has to do with a running daemon.
    pub(super) const fn asks_a_daemon(&self) -> bool {
        matches!(self, AuthorCommand::Dev(_))
    }
}

/// Does what an author asks for, where no daemon is needed.
pub(super) fn run(command: AuthorCommand, json: bool) -> Result<Exit, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(|error| {
        Failure::new(Exit::Refused, format!("this process could not be set up: {error}"), "check its limits")
    })?;
    match command {
        AuthorCommand::New(new) => scaffold::make(new, json),
        AuthorCommand::Docs { folders, index, facts, directory } => {
            let page = match (index, facts, directory) {
                (true, _, _) => kit::docs::index,
                (_, true, _) => kit::docs::facts,
                (_, _, true) => kit::docs::directory,
                (false, false, false) => {
                    |folders: &[Folder]| folders.iter().map(kit::docs::page).collect::<Vec<String>>().join("\n")
                }
            };
            docs(&folders, page, json)
        }
        AuthorCommand::Types => Ok(scaffold::types(json)),
        // It is done with a client of the daemon.
        AuthorCommand::Dev(_) => Ok(Exit::Done),
        AuthorCommand::Test(test) => runtime.block_on(async {
            let folder = Folder::read(&test.folder).map_err(faulty)?;
            match &test.record {
                Some(name) => record(&folder, name, &test, json).await,
                None => self::test(&folder, test.update, json).await,
            }
        }),
        AuthorCommand::Check { folder, at_least } => runtime.block_on(async {
            let folder = Folder::read(&folder).map_err(faulty)?;
            check(&folder, at_least.into(), json).await
        }),
    }
}

fn docs(folders: &[PathBuf], page: fn(&[Folder]) -> String, json: bool) -> Result<Exit, Failure> {
    let several = folders.len() > 1;
    let named = folders.iter().filter(|folder| !several || folder.join("adapter.toml").is_file());
    let read = named.map(|folder| Folder::read(folder)).collect::<Result<Vec<Folder>, Trouble>>().map_err(faulty)?;
    let text = page(&read);
    show::print(if json { serde_json::json!({ "markdown": text }).to_string() } else { text }.trim_end());
    Ok(Exit::Done)
}

async fn test(folder: &Folder, update: bool, json: bool) -> Result<Exit, Failure> {
    let engine = engine()?;
    let bar = bar(folder.cassettes.len(), "{bar:40} {pos} of {len} cassettes");
    let ran = kit::test::run(&engine, folder, update, |_| bar.inc(1)).await;
    bar.finish_and_clear();
    let report = ran.map_err(faulty)?;
    show::print(&if json { serde_json::json!(report).to_string() } else { shown(&report) });
    Ok(if !report.troubles.is_empty() {
        Exit::FaultyFile
    } else if report.passed() {
        Exit::Done
    } else {
        Exit::Differs
    })
}

async fn check(folder: &Folder, at_least: Tier, json: bool) -> Result<Exit, Failure> {
    let engine = engine()?;
    let bar = bar(kit::check::rules(folder.kind.kind).len(), "{bar:40} {pos} of {len} rules");
    let ran = check::run(&engine, folder, &|_| bar.inc(1)).await;
    bar.finish_and_clear();
    let report = ran.map_err(faulty)?;
    show::print(&if json { serde_json::json!(report).to_string() } else { shown_check(&report) });
    Ok(if report.tier.is_some_and(|tier| tier >= at_least) { Exit::Done } else { Exit::Differs })
}

async fn record(folder: &Folder, name: &str, test: &Test, json: bool) -> Result<Exit, Failure> {
    let gate = gate(folder, &test.origin, test.secrets.as_deref())?;
    let recording = Recording {
        name,
        subjects: &test.subjects,
        about: test.about.as_deref(),
        gate,
        datasets: &Datasets::new(cache().join("datasets")),
        now: now(),
    };
    let engine = engine()?;
    let bar = bar(0, "{bar:40} {pos} of {len} files");
    let recorded = kit::record::record(&engine, folder, &recording, &|step| {
        bar.set_length(step.of.into());
        bar.set_position(step.done.into());
    })
    .await;
    bar.finish_and_clear();
    let recorded = recorded.map_err(faulty)?;
    show::print(&if json { serde_json::json!(recorded).to_string() } else { shown_recording(&recorded) });
    Ok(if recorded.tested.differences.is_empty() { Exit::Done } else { Exit::Differs })
}

fn now() -> Moment {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    Moment(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
}

/// The gate to the network, with origins led elsewhere and secrets as the author gives them.
fn gate(folder: &Folder, origins: &[String], secrets_file: Option<&Path>) -> Result<Arc<Gate>, Failure> {
    let id = &folder.manifest.id;
    let mut rebinds = Rebinds::default();
    for origin in origins {
        let Some((origin, address)) = origin.split_once('=').filter(|(o, _)| folder.manifest.origins.contains_key(*o))
        else {
            let known: Vec<&str> = folder.manifest.origins.keys().map(String::as_str).collect();
            let hint = format!("write NAME=URL; the manifest names: {}", known.join(", "));
            return Err(Failure::new(Exit::FaultyFile, format!("--origin {origin} leads no origin anywhere"), hint));
        };
        rebinds.bind(id, origin, address).map_err(faulty)?;
    }
    let mut secrets = Secrets::from_environment(std::env::vars());
    if let Some(file) = secrets_file
        && let Some(warning) = secrets.read_file(file).map_err(faulty)?
    {
        eprintln!("Warning: {warning}");
    }
    Ok(Gate::new(rebinds, secrets))
}

pub(super) fn faulty(trouble: Trouble) -> Failure {
    Failure::new(Exit::FaultyFile, format!("{}: {}", trouble.place, trouble.reason), trouble.remedy)
}

/// What authors' runs keep: compiled adapters, so that only the first run is slow, and data sets that were recorded.
fn cache() -> PathBuf {
    let kept = std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from).filter(|folder| folder.is_absolute());
    let home = || std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".cache"));
    kept.or_else(home).unwrap_or_else(std::env::temp_dir).join("smartguard")
}

pub(super) fn engine() -> Result<Engine, Failure> {
    Engine::new(EngineOptions::new(cache().join("adapters"))).map_err(|error| {
        Failure::new(Exit::Refused, error.to_string(), "let this user write there, or set XDG_CACHE_HOME")
    })
}

/// It shows itself on a terminal alone.
pub(super) fn bar(length: usize, template: &str) -> ProgressBar {
    let bar = ProgressBar::new(u64::try_from(length).unwrap_or(u64::MAX));
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style);
    }
    bar
}

fn shown(report: &Report) -> String {
    let mut text = show::table(
        ["cassette", "asks", "provenance", "result", "computing", "memory", "requests"],
        report.cassettes.iter().map(|tested| {
            let result = match (tested.updated, tested.differences.is_empty()) {
                (false, true) => "as expected".to_owned(),
                (true, true) => "updated".to_owned(),
                (_, false) => format!("{} differ", tested.differences.len()),
            };
            [
                tested.name.clone(),
                tested.function.to_owned(),
                tested.provenance.word().to_owned(),
                result,
                format!("{:.1} ms", tested.used.computing_us as f64 / 1000.0),
                format!("{} KiB", tested.used.memory_kib),
                tested.used.exchanges.to_string(),
            ]
        }),
    );
    text.push('\n');
    for tested in &report.cassettes {
        text.push_str(&differences(tested));
    }
    for trouble in &report.troubles {
        text.push_str(&format!("\nError: {}: {}\nHint: {}\n", trouble.place, trouble.reason, trouble.remedy));
    }
    let differ = report.cassettes.iter().filter(|tested| !tested.differences.is_empty()).count();
    let updated = report.cassettes.iter().filter(|tested| tested.updated).count();
    text.push_str(&format!(
        "\n{} {}: {} cassettes, {} as expected, {differ} differ, {updated} updated, {} faulty\n",
        report.adapter,
        report.version,
        report.cassettes.len() + report.troubles.len(),
        report.cassettes.len()
            - differ
            - report.cassettes.iter().filter(|t| t.updated && t.differences.is_empty()).count(),
        report.troubles.len(),
    ));
    text
}

/// Lines of an adapter's log that are shown beside a difference; the last ones say most.
const LOG_SHOWN_MAX: usize = 5;

fn differences(tested: &Tested) -> String {
    let mut text = String::new();
    if tested.differences.is_empty() {
        return text;
    }
    text.push_str(&format!("\n{}: {}\n", tested.name, tested.about));
    for difference in &tested.differences {
        text.push_str(&format!("{difference}\n"));
    }
    for line in tested.log.iter().rev().take(LOG_SHOWN_MAX).rev() {
        text.push_str(&format!("  log {line}\n"));
    }
    text
}

fn shown_check(report: &check::Report) -> String {
    let word = |judged: &Judged| match judged.verdict {
        Verdict::Kept => "kept",
        Verdict::Broken(_) => "BROKEN",
        Verdict::NotApplicable(_) => "-",
        Verdict::Exempt(_) => "exempt",
    };
    let mut text = show::table(
        ["rule", "tier", "result", "what must hold"],
        report.rules.iter().map(|judged| {
            [judged.id.to_owned(), judged.tier.word().to_owned(), word(judged).to_owned(), judged.sentence.to_owned()]
        }),
    );
    text.push('\n');
    let mut told = |title: &str, reason: fn(&Verdict) -> Option<&str>| {
        let lines = report.rules.iter().filter_map(|judged| Some((judged.id, reason(&judged.verdict)?)));
        let lines: Vec<String> = lines.map(|(id, reason)| format!("  {id}: {reason}")).collect();
        if !lines.is_empty() {
            text.push_str(&format!("\n{title}\n{}\n", lines.join("\n")));
        }
    };
    told("Broken", |verdict| if let Verdict::Broken(reason) = verdict { Some(reason) } else { None });
    told("Exempt", |verdict| if let Verdict::Exempt(reason) = verdict { Some(reason) } else { None });
    told("Not applicable", |verdict| if let Verdict::NotApplicable(reason) = verdict { Some(reason) } else { None });
    let count = |word_: &str| report.rules.iter().filter(|judged| word(judged) == word_).count();
    let tier = report.tier.map_or("no tier", Tier::word);
    text.push_str(&format!(
        "\n{} {}: {tier}; {} rules kept, {} broken, {} exempt, {} not applicable; {} calls\n",
        report.adapter,
        report.version,
        count("kept"),
        count("BROKEN"),
        count("exempt"),
        count("-"),
        report.calls,
    ));
    text
}

fn shown_recording(recorded: &Recorded) -> String {
    let mut text = format!("{} is written: {} requests\n", recorded.file, recorded.tested.used.exchanges);
    for warning in &recorded.warnings {
        text.push_str(&format!("Warning: {warning}\n"));
    }
    text.push_str(&differences(&recorded.tested));
    text.push_str("Read it before you keep it: numbers and names in it are real.\n");
    text
}
