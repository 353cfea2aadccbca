//! `agency`, `directory`, `packet` and `doctor`: what each asks the daemon, and how the answer is shown.

use super::client::{Client, segment};
use super::commands::answer;
use super::show::{facts, packet, section, table};
use super::{Exit, Failure};
use crate::desk::{
    AgenciesView, AgencyView, CheckupState, CheckupView, DirectoryEntry, KeyAdviceView, MadePacketView, WayView, Wish,
};
use crate::doors::wire::PacketBody;
use clap::{Args, Subcommand};
use serde_json::Value;
use std::path::{Path, PathBuf};

#[derive(Debug, Subcommand)]
pub(super) enum AgencyCommand {
    /// List agencies with who sees, registers and disputes there now, what is not seen, and which key would add most.
    List,
    /// Show one agency with every way to it, and what each way lacks.
    Show { id: String },
}

#[derive(Debug, Args)]
pub(super) struct PacketWords {
    /// An agency, such as tns, or an adapter of `smartguard directory`.
    agency: String,
    /// A number of ours.
    number: String,
    /// The packet for a registration. Without it, for a dispute.
    #[arg(long)]
    register: bool,
    /// The carrier of the phone that shows the label: att, tmobile, verizon, …
    #[arg(long)]
    carrier: Option<String>,
    /// The words on the screen.
    #[arg(long)]
    label: Option<String>,
    /// Save the letter and all files into this folder.
    #[arg(long, short, value_name = "DIR")]
    output: Option<PathBuf>,
}

pub(super) async fn agency(client: &Client, json: bool, command: AgencyCommand) -> Result<Exit, Failure> {
    let view = client.get("/v1/agencies", &[]).await?;
    match command {
        AgencyCommand::List => answer(json, view, |view: AgenciesView| agencies(&view)),
        AgencyCommand::Show { id } => {
            let known = view["agencies"].as_array().cloned().unwrap_or_default();
            let Some(found) = known.iter().find(|agency| agency["id"] == id.as_str()) else {
                let ids: Vec<&str> = known.iter().filter_map(|agency| agency["id"].as_str()).collect();
                let hint = match sandbox::trouble::nearest(&id, &ids) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => format!("known are {}", ids.join(", ")),
                };
                return Err(Failure::new(Exit::Refused, format!("there is no agency `{id}`"), hint));
            };
            answer(json, found.clone(), |view: AgencyView| one_agency(&view))
        }
    }
}

pub(super) async fn directory(client: &Client, json: bool, id: Option<String>) -> Result<Exit, Failure> {
    let entries = client.get("/v1/directory", &[]).await?["directory"].take();
    let Some(id) = id else {
        return answer(json, entries, |entries: Vec<DirectoryEntry>| {
            let row = |e: DirectoryEntry| [e.adapter, e.name, e.contact, e.ability, e.verified];
            table(["id", "agency", "contact", "our adapter", "verified"], entries.into_iter().map(row))
        });
    };
    let found = entries.as_array().and_then(|entries| entries.iter().find(|entry| entry["adapter"] == id.as_str()));
    let Some(found) = found else {
        let hint = "`smartguard directory` lists them";
        return Err(Failure::new(Exit::Refused, format!("the directory has no `{id}`"), hint));
    };
    answer(json, found.clone(), |e: DirectoryEntry| {
        facts([
            ("agency", e.name),
            ("website", e.website.unwrap_or_else(|| "none is known".to_owned())),
            ("contact", e.contact),
            ("what to file", e.file),
            ("who sees it", e.covers),
            ("our adapter", format!("{} {}", e.adapter, e.ability)),
            ("contract", e.confidence),
            ("last verified", e.verified),
        ])
    })
}

pub(super) async fn make_packet(client: &Client, json: bool, words: PacketWords) -> Result<Exit, Failure> {
    let PacketWords { agency, number, register, carrier, label, output } = words;
    let what = if register { Wish::Register } else { Wish::Dispute };
    let made = client.post("/v1/packets", &PacketBody { agency, number, what, carrier, label }).await?;
    let view: MadePacketView = serde_json::from_value(made.clone()).map_err(|error| {
        let sentence = format!("the daemon's answer cannot be read: {error}");
        Failure::new(Exit::NoDaemon, sentence, "use the same version of both")
    })?;
    let mut saved = Vec::new();
    if let Some(folder) = &output {
        saved = save(client, &view, folder).await?;
    }
    answer(json, made, |_: Value| {
        let mut text = format!("made by {}\n{}", view.adapter, packet(&view.packet));
        let beside = match (&output, view.packet.files.is_empty()) {
            (Some(folder), _) => format!("\nSaved in {}: {}\n", folder.display(), saved.join(", ")),
            (None, false) => "\nSave letter and files with --output DIR.\n".to_owned(),
            (None, true) => String::new(),
        };
        text.push_str(&beside);
        text
    })
}

/// Everything of the packet into one folder.
async fn save(client: &Client, view: &MadePacketView, folder: &Path) -> Result<Vec<String>, Failure> {
    let unwritable = |path: &Path, error: std::io::Error| {
        let sentence = format!("{} cannot be written: {error}", path.display());
        Failure::new(Exit::FaultyFile, sentence, "choose another place with --output")
    };
    std::fs::create_dir_all(folder).map_err(|error| unwritable(folder, error))?;
    let mut saved = Vec::new();
    for name in &view.packet.files {
        let path = format!("/v1/packets/{}/files/{}", segment(&view.id), segment(name));
        let bytes = client.bytes(&path).await?;
        // The adapter names the file; only its last part may choose a place in this folder.
        let own = Path::new(name).file_name().map_or_else(|| PathBuf::from("packet-file"), PathBuf::from);
        let place = folder.join(&own);
        std::fs::write(&place, bytes).map_err(|error| unwritable(&place, error))?;
        saved.push(own.display().to_string());
    }
    let place = folder.join("packet.txt");
    std::fs::write(&place, packet(&view.packet)).map_err(|error| unwritable(&place, error))?;
    saved.push("packet.txt".to_owned());
    Ok(saved)
}

pub(super) async fn doctor(client: &Client, json: bool) -> Result<Exit, Failure> {
    let waiting = super::transfer::waiting("every key, name and folder is looked at");
    let found = client.post_patiently("/v1/doctor", &serde_json::json!({})).await;
    waiting.finish_and_clear();
    let found = found?["checkups"].take();
    let wrong = found.as_array().is_some_and(|all| all.iter().any(|one| one["state"] == CheckupState::Wrong.word()));
    answer(json, found, |checkups: Vec<CheckupView>| {
        let row = |c: CheckupView| [c.state.word().to_owned(), c.what, c.of, c.found, c.remedy.unwrap_or_default()];
        table(["", "what", "of", "found", "what to do"], checkups.into_iter().map(row))
    })?;
    Ok(if wrong { Exit::Unwell } else { Exit::Done })
}

fn agencies(view: &AgenciesView) -> String {
    let rows = view.agencies.iter().map(|agency| {
        let AgencyView { id, name, seen_by, registered_by, disputed_by } = agency;
        [id.clone(), name.clone(), ways(seen_by), ways(registered_by), ways(disputed_by)]
    });
    let mut text = table(["id", "agency", "seen by", "registered by", "disputed by"], rows);
    let unobserved = if view.unobserved.is_empty() { "none".to_owned() } else { view.unobserved.join(", ") };
    text.push_str(&format!("\n\nUnobserved carriers: {unobserved}\n"));
    if !view.keys.is_empty() {
        text.push_str(&section("What one more key would add, the cheapest look first", keys(&view.keys)));
    }
    text
}

fn keys(keys: &[KeyAdviceView]) -> String {
    let line = |key: &KeyAdviceView| {
        let price = match key.price_micros {
            Some(0) => "a check costs nothing".to_owned(),
            Some(micros) => format!("a check costs {:.4} US dollars", micros as f64 / 1_000_000.0),
            None => "the price is agreed with them".to_owned(),
        };
        let lacks: Vec<String> =
            key.lacks.iter().map(|lack| format!("{} ({})", lack.variable, lack.obtained)).collect();
        format!("  - {}; {price}.\n    Set {}", key.adds, lacks.join(", "))
    };
    keys.iter().map(line).collect::<Vec<_>>().join("\n")
}

/// Those that work by themselves first; what lacks a key in brackets.
fn ways(ways: &[WayView]) -> String {
    let way = |way: &WayView| match (way.usable, way.by.as_str()) {
        (true, "machine") => way.adapter.clone(),
        (true, _) => format!("{} (packet)", way.adapter),
        (false, _) => format!("[{}]", way.adapter),
    };
    if ways.is_empty() { "nobody".to_owned() } else { ways.iter().map(way).collect::<Vec<_>>().join(", ") }
}

fn one_agency(view: &AgencyView) -> String {
    let mut text = format!("{} ({})\n", view.name, view.id);
    for (title, ways) in
        [("Seen by", &view.seen_by), ("Registered by", &view.registered_by), ("Disputed by", &view.disputed_by)]
    {
        let rows = ways.iter().map(|way| {
            let lacks: Vec<String> =
                way.lacks.iter().map(|lack| format!("{} ({})", lack.variable, lack.obtained)).collect();
            let state = if way.usable { "works" } else { "lacks a key" };
            [way.adapter.clone(), way.by.clone(), state.to_owned(), way.carriers.join(", "), lacks.join(", ")]
        });
        text.push_str(&section(title, table(["adapter", "by", "state", "carriers", "set"], rows)));
    }
    text
}
