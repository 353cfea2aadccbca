//! `simulate`: policies against each other and against mere rotation, in the gym's worlds, before anyone's phone rings.
//!
//! It reads worlds and policies, hands them to [`gym::compare`], and shows the report as a table, as JSON or as a picture.
//! Nothing is written before the whole comparison is there, so an interrupted one leaves nothing behind.

use super::commands::verdict;
use super::show::{self, section, table};
use super::{Exit, Failure};
use crate::policies::{self, ReadPolicies};
use crate::strict::{Problem, remedy_for_unknown};
use clap::Args;
use gym::compare::{Figure, Row};
use gym::world::WORLDS;
use gym::{Comparison, Contender, Interval, Judgement, Marks, Report, World, compare, plot_svg};
use gym::{render_differences, render_table};
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::thread::available_parallelism;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::oneshot;

#[derive(Debug, Args)]
pub(super) struct Simulate {
    /// A world that comes with the program, or the file of one; may be said more than once.
    #[arg(long, value_name = "NAME|FILE", default_value = "default")]
    world: Vec<String>,
    /// A policy file, a folder of them, or the word `default` for the policy that comes with the program; may be said more
    /// than once. All others are held against the first.
    #[arg(long, value_name = "FILE|DIR|default")]
    policy: Vec<String>,
    /// Also run who rotates without looking: one number, round robin, random, least used, no remediation. So it is when
    /// fewer than two policies are given.
    #[arg(long)]
    baselines: bool,
    /// Run the policies alone.
    #[arg(long, conflicts_with = "baselines")]
    no_baselines: bool,
    /// Days of a run.
    #[arg(long, default_value_t = 30, value_parser = clap::value_parser!(u32).range(1..=3650))]
    days: u32,
    /// Runs of each contender, each with other luck.
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    seeds: u32,
    /// The first seed; the others follow it.
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// Runs at the same time [as many as there are cores]. The figures are the same with any.
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..=1024))]
    threads: Option<u16>,
    /// Draw the report into this SVG file; with several worlds one file each, the world's name before its ending.
    #[arg(long, value_name = "FILE")]
    plot: Option<PathBuf>,
    /// Users on the floor, instead of what the world says.
    #[arg(long)]
    users: Option<u32>,
    /// Dials of each user and working day, instead of what the world says.
    #[arg(long)]
    dials: Option<u32>,
    /// List the worlds that come with the program.
    #[arg(long)]
    list_worlds: bool,
}

pub(super) const HELP: &str = "\
Examples:
  smartguard simulate
  smartguard simulate --policy policies/default.toml --policy policies/turns-of-three.toml --plot turns.svg
  smartguard simulate --world complaints --world my-floor.toml --policy policies --days 60
  smartguard simulate --list-worlds

The worlds are made up: their figures are guesses, and say so. What holds in one world need not hold in yours, so look
into several. A policy is tuned in the world `default`; the others are there to judge it.
A file is tried as the policy of everybody, over the files that it extends; one with a scope as if the whole floor were that
scope. Of a folder, the scopes of its business `acme` and of its users `user-000000` and so on have somebody to hold for.

Exit codes: 0 it ran, 4 a policy or a world is faulty, 130 it was interrupted.";

pub(super) fn run(words: Simulate, json: bool) -> Result<Exit, Failure> {
    if words.list_worlds {
        list(json);
        return Ok(Exit::Done);
    }
    let (mut worlds, mut contenders, mut problems, mut warnings) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for name in &words.world {
        match read_world(name, &words) {
            Ok(world) => worlds.push(world),
            Err(problem) => problems.push(problem),
        }
    }
    let said = if words.policy.is_empty() { vec![BUNDLED.to_owned()] } else { words.policy.clone() };
    let mut names = BTreeSet::new();
    for said in said {
        match read_policy(&said) {
            Ok(read) => {
                let name = name_of(&said, &mut names);
                contenders.push(Contender::policies(&name, read.policies(1)));
                warnings.extend(read.warnings);
            }
            Err(found) => problems.extend(found),
        }
    }
    if let Some(plot) = &words.plot {
        problems.extend(cannot_be_written(plot));
    }
    if !problems.is_empty() {
        return verdict(json, &problems, &[], "");
    }
    warnings.iter().for_each(|warning| eprintln!("Warning: {warning}"));
    if words.baselines || (contenders.len() < 2 && !words.no_baselines) {
        contenders.extend(Contender::baselines());
    }
    let reports = judged(&words, worlds, contenders)?;
    if let Some(plot) = &words.plot {
        for (world, report) in &reports {
            let path = if reports.len() == 1 { plot.clone() } else { beside(plot, &world.world.name) };
            std::fs::write(&path, plot_svg(report)).map_err(|error| {
                let sentence = format!("{} cannot be written: {error}", path.display());
                Failure::new(Exit::FaultyFile, sentence, "choose another place with --plot")
            })?;
        }
    }
    show::print(&if json {
        let worlds: Vec<Value> = reports.iter().map(|(world, report)| as_json(world, report)).collect();
        json!({ "worlds": worlds }).to_string()
    } else {
        reports.iter().map(|(world, report)| in_words(world, report)).collect::<Vec<_>>().join("\n\n")
    });
    Ok(Exit::Done)
}

/// The word for the policy that comes with the program.
const BUNDLED: &str = "default";

/// A world with what its file says of its figures.
struct ReadWorld {
    world: World,
    marks: Marks,
}

fn read_world(name: &str, words: &Simulate) -> Result<ReadWorld, Problem> {
    let own = WORLDS.iter().find(|(known, _)| *known == name);
    let is_path = name.contains(['/', '\\', '.']);
    let text = match own {
        Some((_, text)) => (*text).to_owned(),
        None if is_path || Path::new(name).is_file() => std::fs::read_to_string(name).map_err(|error| Problem {
            place: name.to_owned(),
            reason: format!("it cannot be read: {error}"),
            remedy: "check the path, or take one of `smartguard simulate --list-worlds`".to_owned(),
        })?,
        None => {
            let known = WORLDS.iter().map(|(known, _)| *known);
            return Err(Problem {
                place: format!("--world {name}"),
                reason: "no world of this name comes with the program".to_owned(),
                remedy: format!("{} A file of one has a path or an ending.", remedy_for_unknown(name, known)),
            });
        }
    };
    let world = World::parse(&text).and_then(|world| world.with_floor(words.users, words.dials));
    match world {
        Ok(world) => Ok(ReadWorld { world, marks: Marks::of(&text) }),
        Err(error) => Err(Problem {
            place: error.line.map_or_else(|| name.to_owned(), |line| format!("{name}:{line}")),
            reason: format!("`{}`: {}", error.field, error.reason),
            remedy: error.remedy,
        }),
    }
}

fn read_policy(said: &str) -> Result<ReadPolicies, Vec<Problem>> {
    if said == BUNDLED {
        return Ok(policies::bundled());
    }
    let path = Path::new(said);
    if path.is_dir() { policies::read_folder(path) } else { policies::read_file(path) }
}

/// What a policy is called in the report: the name of its file, or its whole path where that is taken.
fn name_of(said: &str, names: &mut BTreeSet<String>) -> String {
    let stem = Path::new(said).file_stem().map_or_else(|| said.to_owned(), |stem| stem.to_string_lossy().into_owned());
    let taken = |name: &String| names.contains(name) || Contender::baselines().iter().any(|other| other.name == *name);
    let again = (2..).map(|nth| format!("{said} ({nth})"));
    let name = [stem, said.to_owned()].into_iter().chain(again).find(|name| !taken(name)).unwrap_or_default();
    names.insert(name.clone());
    name
}

/// What is in the way of a picture, as far as it can be known before hours of work.
fn cannot_be_written(plot: &Path) -> Option<Problem> {
    let folder = plot.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let reason = if plot.is_dir() {
        "it is a folder".to_owned()
    } else if !folder.is_dir() {
        format!("there is no folder {}", folder.display())
    } else {
        return None;
    };
    let remedy = "name a file in a folder that is there".to_owned();
    Some(Problem { place: plot.display().to_string(), reason, remedy })
}

fn beside(plot: &Path, world: &str) -> PathBuf {
    let stem = plot.file_stem().unwrap_or_default().to_string_lossy();
    let ending = plot.extension().map_or_else(String::new, |ending| format!(".{}", ending.to_string_lossy()));
    plot.with_file_name(format!("{stem}-{world}{ending}"))
}

/// Runs everybody through every world, until it is done or somebody stops it.
fn judged(
    words: &Simulate,
    worlds: Vec<ReadWorld>,
    contenders: Vec<Contender>,
) -> Result<Vec<(ReadWorld, Report)>, Failure> {
    let cores = || available_parallelism().map_or(1, usize::from);
    let threads = words.threads.map_or_else(cores, usize::from);
    let (days, seeds) = (words.days, (0..u64::from(words.seeds)).map(|nth| words.seed.wrapping_add(nth)));
    let seeds: Vec<u64> = seeds.collect();
    let all = worlds.len() as u64 * contenders.len() as u64 * seeds.len() as u64 * u64::from(days);
    // Where no person watches, nothing is drawn.
    let bar = ProgressBar::new(all);
    if let Ok(style) = ProgressStyle::with_template("{bar:40} {percent} % of {len} days, {eta} left") {
        bar.set_style(style);
    }
    let (done, result) = oneshot::channel();
    let of_worker = bar.clone();
    let worker = std::thread::Builder::new().name("simulate".to_owned()).spawn(move || {
        let report = |read: ReadWorld| {
            let (world, contenders, seeds) = (&read.world, &contenders[..], seeds.clone());
            let comparison = Comparison { world, contenders, days, seeds, against: 0, threads };
            let report = compare(&comparison, &|_| of_worker.inc(1));
            (read, report)
        };
        // Nobody waits for it any more when it was stopped.
        let _ = done.send(worlds.into_iter().map(report).collect());
    });
    let unwell = |error: std::io::Error| {
        Failure::new(Exit::Refused, format!("this process could not be set up: {error}"), "check its limits")
    };
    worker.map_err(unwell)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(unwell)?;
    let ended = runtime.block_on(async {
        let mut interrupted = signal(SignalKind::interrupt()).map_err(unwell)?;
        let mut terminated = signal(SignalKind::terminate()).map_err(unwell)?;
        let stopped = |()| Failure::new(Exit::Interrupted, "stopped before it was done; nothing was written", "");
        tokio::select! {
            result = result => result.map_err(|_| {
                let hint = "this is a fault of the program's; say which world, policy and --seed it was";
                Failure::new(Exit::Refused, "the gym broke down, as said above", hint)
            }),
            _ = interrupted.recv() => Err(stopped(())),
            _ = terminated.recv() => Err(stopped(())),
        }
    });
    bar.finish_and_clear();
    ended
}

fn made_up(read: &ReadWorld) -> String {
    format!(
        "This world is made up, and no call was made. Of the figures in its file: {}. Trust a difference between two \
         policies more than either figure, and no figure as a forecast.",
        read.marks
    )
}

const HOW_TO_READ: &str = "
\"Better\" and \"worse\" are said where the 95 % interval of the difference lies on one side of 0.
\"Cannot tell\" is no proof that both are the same; more seeds make the interval narrower.
Of many measures that are compared, one in twenty looks different by luck alone.
";

fn in_words(read: &ReadWorld, report: &Report) -> String {
    let world = &read.world;
    let mut text = format!("World `{}`: {}\n{}\n\n{}", world.name, world.about, made_up(read), render_table(report));
    let differences = render_differences(report);
    if !differences.is_empty() {
        text.push_str(&section("In words", differences.trim_end().to_owned()));
        text.push_str(HOW_TO_READ);
    }
    text
}

fn as_json(read: &ReadWorld, report: &Report) -> Value {
    let ReadWorld { world, marks } = read;
    let marks = json!({
        "measured": marks.measured, "vendor": marks.vendor, "ours": marks.ours, "unmarked": marks.unmarked,
    });
    json!({
        "world": world.name,
        "about": world.about,
        "made_up": made_up(read),
        "figures_of_the_world": marks,
        "users": report.users,
        "dials_per_user_and_day": report.dials_per_user_and_day,
        "begins_on": world.floor.begins_on.to_string(),
        "days": report.days,
        "seeds": report.seeds,
        "against": report.against,
        "contenders": report.contenders.iter().map(contender).collect::<Vec<_>>(),
    })
}

fn contender(row: &Row) -> Value {
    let carriers = row.labelled_percent_by_carrier.iter().map(|(carrier, share)| {
        let share = share.as_ref().map(interval);
        (carrier.to_string(), share.unwrap_or_default())
    });
    json!({
        "name": row.name,
        "figures": row.figures.iter().map(figure).collect::<Vec<_>>(),
        "labelled_percent_by_carrier": carriers.collect::<serde_json::Map<_, _>>(),
    })
}

fn figure(figure: &Figure) -> Value {
    let judgement = figure.judgement().map(|judgement| match judgement {
        Judgement::Better => "better",
        Judgement::Worse => "worse",
        Judgement::Tie => "cannot_tell",
    });
    json!({
        "measure": figure.measure,
        "title": figure.measure.title(),
        "value": figure.value.as_ref().map(interval),
        "less_the_other": figure.less_the_other.as_ref().map(interval),
        "judgement": judgement,
    })
}

/// With one seed there is no interval, and its ends are null.
fn interval(interval: &Interval) -> Value {
    let end = |end: f64| end.is_finite().then_some(end);
    json!({
        "mean": interval.mean, "low": end(interval.low()), "high": end(interval.high()), "seeds": interval.seeds,
    })
}

fn list(json: bool) {
    let worlds = WORLDS.iter().enumerate().filter_map(|(nth, (name, text))| {
        // Every world that comes along is one; a test says so.
        let world = World::parse(text).ok()?;
        let purpose = if nth == 0 { "tune" } else { "judge" };
        Some([(*name).to_owned(), purpose.to_owned(), world.about, Marks::of(text).to_string()])
    });
    show::print(&if json {
        let worlds = worlds.map(|[name, purpose, about, figures]| {
            json!({ "name": name, "purpose": purpose, "about": about, "figures": figures })
        });
        json!({ "worlds": worlds.collect::<Vec<_>>() }).to_string()
    } else {
        table(["world", "to", "about", "its figures"], worlds)
    });
}
