//! Calls that are taken again: `receipts verify`, `policy explain --call`, `policy replay`.

use super::client::Client;
use super::commands::{answer, verdict};
use super::show::{facts, section, table};
use super::{Exit, Failure, transfer};
use crate::desk::{ExplainedView, JudgedView, PolicyText, ReplayingView, SideView, VerifiedView};
use crate::doors::wire::{ReplayBody, VerifyBody};
use crate::policies;
use clap::{Args, Subcommand};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::time::Duration;

/// How often the daemon is asked how far it is.
const ASK_EVERY: Duration = Duration::from_millis(500);

#[derive(Debug, Subcommand)]
pub(super) enum ReceiptsCommand {
    /// Take every kept decision again and hold the answers against what was answered. Exit code 6: one came out otherwise.
    Verify {
        /// Only the decisions of so many days.
        #[arg(long)]
        days: Option<u32>,
    },
}

#[derive(Debug, Args)]
pub(super) struct Replay {
    /// The policy file, which may build on those beside it.
    file: PathBuf,
    /// Only the calls of so many days.
    #[arg(long)]
    days: Option<u32>,
}

pub(super) async fn receipts(client: &Client, json: bool, command: ReceiptsCommand) -> Result<Exit, Failure> {
    let ReceiptsCommand::Verify { days } = command;
    let body = VerifyBody { days };
    let found = patiently(client, "receipts are verified", client.post_patiently("/v1/receipts/verify", &body)).await?;
    let differ = found["differ"].as_u64().is_some_and(|differ| differ > 0);
    answer(json, found, |view: VerifiedView| verified(&view))?;
    Ok(if differ { Exit::Differs } else { Exit::Done })
}

pub(super) async fn explain(client: &Client, json: bool, call: String) -> Result<Exit, Failure> {
    let query = [("call", call)];
    let found = patiently(client, "the call is replayed", client.get("/v1/policies/explained", &query)).await?;
    answer(json, found, |view: ExplainedView| explained(&view))
}

pub(super) async fn judge(client: &Client, json: bool, words: Replay) -> Result<Exit, Failure> {
    let Replay { file, days } = words;
    let read = match policies::read_file(&file) {
        Ok(read) => read,
        Err(problems) => return verdict(json, &problems, &[], ""),
    };
    let mut files = Vec::new();
    for (name, _) in read.files {
        let text = std::fs::read_to_string(&name).map_err(|error| {
            Failure::new(Exit::FaultyFile, format!("{name} cannot be read: {error}"), "check its permissions")
        })?;
        files.push(PolicyText { name, text });
    }
    let body = ReplayBody { days, files };
    let found = patiently(client, "calls are replayed", client.post_patiently("/v1/policies/replay", &body)).await?;
    answer(json, found, |view: JudgedView| judged(&view))
}

/// Waits for an answer, and says meanwhile how far the daemon is.
async fn patiently(
    client: &Client,
    what: &'static str,
    asked: impl Future<Output = Result<Value, Failure>>,
) -> Result<Value, Failure> {
    let waiting = transfer::waiting(what);
    tokio::pin!(asked);
    let found = loop {
        tokio::select! {
            found = &mut asked => break found,
            () = tokio::time::sleep(ASK_EVERY) => {}
        }
        // Whoever cannot be told how far it is waits all the same.
        let Ok(mut far) = client.get("/v1/replaying", &[]).await else { continue };
        if let Ok(Some(ReplayingView { records, at: Some(at), .. })) = serde_json::from_value(far["running"].take()) {
            waiting.set_message(format!("{what}: {records} records, at {at}"));
        }
    };
    waiting.finish_and_clear();
    found
}

fn counts(counts: &BTreeMap<String, u64>) -> String {
    let said: Vec<String> = counts.iter().map(|(name, count)| format!("{name} {count}")).collect();
    said.join(", ")
}

fn verified(view: &VerifiedView) -> String {
    let mut text = facts([
        ("since", view.oldest.map_or_else(|| view.since.to_string(), |oldest| oldest.to_string())),
        ("decisions", view.decisions.to_string()),
        ("same answer", view.same.to_string()),
        ("another answer", view.differ.to_string()),
        ("not taken again", counts(&view.not_again)),
        (
            "without receipt",
            if view.restored > 0 { format!("{} restored after a crash", view.restored) } else { String::new() },
        ),
    ]);
    if !view.first.is_empty() {
        let rows = view.first.iter().map(|d| [d.record.to_string(), d.at.to_string(), d.owner.clone(), d.what.clone()]);
        text.push_str(&section("The first that came out otherwise", table(["record", "at", "owner", "what"], rows)));
    }
    text
}

fn explained(view: &ExplainedView) -> String {
    let asked = &view.asked;
    let said = [
        asked.campaign.as_ref().map(|campaign| format!("in the campaign {campaign}")),
        asked.callee_area_code.map(|code| format!("to area code {code}")),
        asked.callee_state.as_ref().map(|state| format!("in {state}")),
        asked.callee_zip.as_ref().map(|zip| format!("ZIP code {zip}")),
        asked.callee_carrier.as_ref().map(|carrier| format!("on {carrier}")),
    ];
    let said: Vec<String> = said.into_iter().flatten().collect();
    let mut text = facts([
        ("call", view.receipt.call_id.clone()),
        ("decision", view.receipt.decision_id.clone().unwrap_or_default()),
        ("at", view.receipt.at.to_string()),
        ("asked", format!("{} {}", asked.owner, said.join(", "))),
        ("outcome", view.receipt.outcome.clone().unwrap_or_default()),
    ]);
    text.push_str(&format!("\n{}\n{}\n", view.answer, view.replayed.sentence));
    if let Some(ranking) = &view.ranking {
        text.push_str(&format!("{ranking}\n"));
    }
    let candidates = view.candidates.iter().map(|c| [c.number.clone(), c.code.clone(), c.sentence.clone()]);
    text.push_str(&section("Candidates", table(["number", "code", "what became of it"], candidates)));
    if !view.rungs.is_empty() {
        let rungs = view.rungs.iter().map(|rung| [rung.rung.clone(), rung.sentence.clone()]);
        text.push_str(&section("Rungs of the ladder, in order", table(["rung", "what it gave"], rungs)));
    }
    match &view.policy {
        Some(policy) => {
            let now = if policy.in_force { ", in force" } else { "" };
            let fields = policy.fields.iter().map(|field| {
                let place = field.place.clone().unwrap_or_default();
                [field.name.clone(), field.value.clone(), field.scope.clone(), place]
            });
            let title = format!("What decided in the policy, revision {}{now}", policy.revision);
            text.push_str(&section(&title, table(["field", "value", "scope", "said in"], fields)));
        }
        None => text.push_str("\nThe revision of the policy is not kept.\n"),
    }
    text
}

fn judged(view: &JudgedView) -> String {
    let mut text = facts([
        ("policy", view.policy.clone()),
        ("since", view.since.to_string()),
        ("calls", format!("of {} recorded calls {} could be taken again", view.calls, view.again)),
        ("not again", counts(&view.not_again)),
        ("same answer", view.same.to_string()),
        ("other number", view.other_number.to_string()),
        ("now shown", counts(&view.hold_to_use)),
        ("now held", counts(&view.use_to_hold)),
        ("held otherwise", view.other_hold.to_string()),
    ]);
    let rows = sides(&view.was, &view.would_be);
    text.push_str(&section(
        "Over the calls that could be taken again",
        table(["", "as it was", "would be"], rows.into_iter()),
    ));
    text.push_str(&section("What this cannot know", view.unknown.join("\n")));
    text
}

fn sides(was: &SideView, would_be: &SideView) -> Vec<[String; 3]> {
    let row = |name: &str, of: fn(&SideView) -> u64| [name.to_owned(), of(was).to_string(), of(would_be).to_string()];
    let mut rows = vec![
        row("shown", |side| side.shown),
        row("held", |side| side.held),
        row("calls per number and day, most", |side| u64::from(side.per_number_day_max)),
        row("calls per number and day, 95 in 100", |side| u64::from(side.per_number_day_p95)),
        row("distinct numbers", |side| side.distinct_numbers),
        row("decisions in which a cap passed over a number", |side| side.cap_touched),
        row("changes of number seen by callees", |side| side.changes_seen),
    ];
    for (title, of) in [
        ("rung", (|side| &side.rungs) as fn(&SideView) -> &BTreeMap<String, u64>),
        ("locality", |side| &side.locality),
        ("standing", |side| &side.standing),
    ] {
        let names: BTreeSet<&String> = of(was).keys().chain(of(would_be).keys()).collect();
        rows.extend(names.into_iter().map(|name| {
            let share = |side: &SideView| share(of(side).get(name).copied().unwrap_or_default(), side.shown);
            [format!("{title} {name}"), share(was), share(would_be)]
        }));
    }
    rows
}

/// A count with its share of what was shown.
fn share(count: u64, of: u64) -> String {
    match of {
        0 => count.to_string(),
        of => format!("{count} ({}.{} %)", count * 100 / of, count * 1000 / of % 10),
    }
}
