//! `do-not-call`: lists of numbers that must not be called. A file is sent as it lies there, piece by piece.

use super::client::{Client, segment};
use super::commands::answer;
use super::show::{facts, section, table};
use super::{Exit, Failure};
use crate::desk::{
    DoNotCallListView, DoNotCallNumberView, ListChangeView, ListChangedView, ListImportView, ListImportedView,
};
use crate::doors::wire::ListChangeBody;
use clap::{Args, Subcommand};
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::Value;
use std::path::{Path, PathBuf};
use tokio::io::{AsyncRead, AsyncReadExt};

/// What is read and sent at once.
const PIECE_BYTES: usize = 256 * 1024;

#[derive(Debug, Subcommand)]
pub(super) enum DoNotCallCommand {
    /// Which lists there are, how many numbers each holds, and how old it is.
    List,
    /// Take a file of numbers into a list.
    #[command(after_help = "\
Examples:
  smartguard do-not-call import registry.txt --list national --replace
  smartguard do-not-call import florida.csv --list state:FL --column Phone --replace
  zcat opt-outs.gz | smartguard do-not-call import - --list business:acme

A line holds one number, or `area code,number` as the national registry writes it. A table needs a header; without --column
its column number, phone, phone_number or telephone is taken. Lines that cannot be read are said with their numbers and lose
no others, but when more than 5 in 100 are bad, nothing is taken. The whole file is taken, or nothing of it. The law wants a
national list of at most 31 days: `smartguard do-not-call list` and `smartguard doctor` say how old it is.")]
    Import {
        /// The file; `-` reads from the standard input.
        file: PathBuf,
        #[command(flatten)]
        list: ListWord,
        /// Take off whoever is on the list and not in the file; without it nobody is taken off.
        #[arg(long)]
        replace: bool,
        /// How the header calls the column of numbers.
        #[arg(long, value_name = "NAME")]
        column: Option<String>,
        /// Of a hundred lines so many may be bad [5].
        #[arg(long, value_name = "PERCENT", value_parser = clap::value_parser!(u64).range(0..=100))]
        bad_percent_max: Option<u64>,
        /// Who imports [the user of this machine].
        #[arg(long, env = "USER", default_value = "operator")]
        by: String,
    },
    /// Put numbers on a list.
    #[command(after_help = "\
Examples:
  smartguard do-not-call add +12125550143 --list business:acme
  smartguard do-not-call add +12125550143 +13055550100 --list state:FL

Calls that are asked for from now on are held.")]
    Add(Change),
    /// Take numbers off a list.
    #[command(after_help = "\
Example:
  smartguard do-not-call remove +12125550143 --list business:acme

Who was suppressed by an outcome, such as a 607 or a do-not-call disposition, stands on no list and stays suppressed.")]
    Remove(Change),
    /// What forbids calls to a number: every list it stands on, and the businesses that it asked not to call.
    #[command(after_help = "Example:\n  smartguard do-not-call check +12125550143")]
    Check { number: String },
}

#[derive(Debug, Args)]
pub(super) struct ListWord {
    /// The list: national, a state's as in state:FL, or that of a business as in business:acme.
    #[arg(long, value_name = "LIST")]
    list: String,
}

#[derive(Debug, Args)]
pub(super) struct Change {
    #[arg(required = true)]
    numbers: Vec<String>,
    #[command(flatten)]
    list: ListWord,
    /// Who says so [the user of this machine].
    #[arg(long, env = "USER", default_value = "operator")]
    by: String,
}

pub(super) async fn ask(client: &Client, json: bool, command: DoNotCallCommand) -> Result<Exit, Failure> {
    match command {
        DoNotCallCommand::List => {
            let views = client.get("/v1/do-not-call", &[]).await?["lists"].take();
            answer(json, views, lists)
        }
        DoNotCallCommand::Import { file, list, replace, column, bad_percent_max, by } => {
            let mode = if replace { "replace" } else { "add" };
            let from = if is_stdin(&file) { "standard input".to_owned() } else { file.display().to_string() };
            let mut query = vec![("mode", mode.to_owned()), ("from", from), ("by", by)];
            query.extend(column.map(|column| ("column", column)));
            query.extend(bad_percent_max.map(|percent| ("bad_percent_max", percent.to_string())));
            let (bar, text) = open(&file).await?;
            let path = format!("/v1/do-not-call/{}/import", segment(&list.list));
            let taken = client.send_text(&path, &query, text).await;
            bar.finish_and_clear();
            let taken = taken?;
            let in_part = taken["bad"].as_u64() != Some(0);
            answer(json, taken, |view: ListImportView| imported(&view))?;
            Ok(if in_part { Exit::InPart } else { Exit::Done })
        }
        DoNotCallCommand::Add(change) => send(client, json, "add", change).await,
        DoNotCallCommand::Remove(change) => send(client, json, "remove", change).await,
        DoNotCallCommand::Check { number } => {
            let view = client.get("/v1/do-not-call", &[("number", number)]).await?;
            answer(json, view, |view: DoNotCallNumberView| of_number(&view))
        }
    }
}

async fn send(client: &Client, json: bool, what: &str, change: Change) -> Result<Exit, Failure> {
    let Change { numbers, list, by } = change;
    let path = format!("/v1/do-not-call/{}/{what}", segment(&list.list));
    let changed: Value = client.post(&path, &ListChangeBody { numbers, by }).await?;
    answer(json, changed, |view: ListChangeView| {
        let (done, was) = if what == "add" { ("put on", "on it already") } else { ("taken off", "not on it") };
        let ListChangeView { list, changed, unchanged, held } = view;
        format!("{changed} numbers {done} the list {list}, {unchanged} were {was}; it holds {held} now.")
    })
}

fn is_stdin(file: &Path) -> bool {
    file.as_os_str() == "-"
}

/// The file as a body that is read while it is sent, and a bar that says how far.
async fn open(file: &Path) -> Result<(ProgressBar, reqwest::Body), Failure> {
    let unreadable = |error: std::io::Error| {
        Failure::new(Exit::FaultyFile, format!("{} cannot be read: {error}", file.display()), "check the path")
    };
    let (source, bytes): (Box<dyn AsyncRead + Send + Unpin>, Option<u64>) = if is_stdin(file) {
        (Box::new(tokio::io::stdin()), None)
    } else {
        let opened = tokio::fs::File::open(file).await.map_err(unreadable)?;
        let bytes = opened.metadata().await.map_err(unreadable)?.len();
        (Box::new(opened), Some(bytes))
    };
    let bar = bytes.map_or_else(ProgressBar::new_spinner, ProgressBar::new);
    let template = "{spinner} {bytes} of {total_bytes} sent, {bytes_per_sec}, {eta} left";
    if let Ok(style) = ProgressStyle::with_template(if bytes.is_some() { template } else { "{spinner} {bytes} sent" }) {
        bar.set_style(style);
    }
    let counter = bar.clone();
    let pieces = futures_util::stream::try_unfold((source, counter), |(mut source, counter)| async move {
        let mut piece = vec![0; PIECE_BYTES];
        let read = source.read(&mut piece).await?;
        counter.inc(read as u64);
        piece.truncate(read);
        Ok::<_, std::io::Error>((read > 0).then_some((piece, (source, counter))))
    });
    Ok((bar, reqwest::Body::wrap_stream(pieces)))
}

fn lists(views: Vec<DoNotCallListView>) -> String {
    let row = |view: DoNotCallListView| {
        let DoNotCallListView { list, numbers, imported, changed, age_days, good_until } = view;
        let imported = imported.map(|ListImportedView { at, by, from, mode, .. }| {
            let from = if from.is_empty() { String::new() } else { format!(" from {from}") };
            format!("{at}{from} by {by} ({mode})")
        });
        let changed = changed.map(|ListChangedView { at, by }| format!("{at} by {by}"));
        let age = age_days.map(|days| format!("{days} days"));
        let until = good_until.map(|until| until.to_string());
        let [imported, changed, age, until] = [imported, changed, age, until].map(Option::unwrap_or_default);
        [list, numbers.to_string(), age, imported, changed, until]
    };
    table(["list", "numbers", "age", "last import", "last change", "good until"], views.into_iter().map(row))
}

fn imported(view: &ListImportView) -> String {
    let mut text = facts([
        ("list", view.list.clone()),
        ("lines", view.lines.to_string()),
        ("added", view.added.to_string()),
        ("already held", view.already_held.to_string()),
        ("twice in it", view.twice.to_string()),
        ("taken off", view.removed.to_string()),
        ("held now", view.held.to_string()),
        ("bad lines", view.bad.to_string()),
    ]);
    if !view.bad_lines.is_empty() {
        let rows = view.bad_lines.iter().map(|bad| [bad.line.to_string(), bad.reason.clone()]);
        text.push_str(&section("Bad lines, the first of them", table(["line", "reason"], rows)));
    }
    text
}

fn of_number(view: &DoNotCallNumberView) -> String {
    let said = |names: &[String], none: &str| if names.is_empty() { none.to_owned() } else { names.join(", ") };
    facts([
        ("number", view.number.clone()),
        ("on the lists", said(&view.lists, "none")),
        ("suppressed for", said(&view.suppressed_for, "nobody")),
    ])
}
