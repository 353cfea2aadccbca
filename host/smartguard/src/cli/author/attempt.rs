//! `adapter try` of a folder: one call by hand, without a daemon, through the same gate as the daemon's.

use super::{bar, cache, engine, faulty, gate, now};
use crate::cli::{Exit, Failure, show};
use crate::desk::TryView;
use clap::Args;
use kit::Folder;
use kit::attempt::{Watched, json, permit, remedy};
use sandbox::datasets::{Datasets, Progress};
use sandbox::grant::PowerSet;
use sandbox::powers::HostPowers;
use sandbox::trouble::{Trouble, nearest};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

#[derive(Debug, Args)]
pub(in crate::cli) struct Try {
    /// The id of an adapter that a daemon serves, or the folder of one.
    #[arg(value_name = "ID|FOLDER")]
    pub(in crate::cli) what: String,
    pub(in crate::cli) function: String,
    /// What is asked: numbers for `check` and `lookup`, `<area code> <count>` for `search`, and so on.
    pub(in crate::cli) words: Vec<String>,
    /// What is asked, as [request] of a cassette, where it does not fit on a command line. A cassette does as well.
    #[arg(long, value_name = "FILE", conflicts_with = "words")]
    request: Option<PathBuf>,
    /// It may file, buy or tell something, and that is meant.
    #[arg(long)]
    pub(in crate::cli) send: bool,
    /// Lead an origin of the manifest elsewhere. A daemon has [origins] in its configuration for this.
    #[arg(long, value_name = "NAME=URL")]
    origin: Vec<String>,
    /// A file with secrets, as the daemon reads it.
    #[arg(long, value_name = "FILE")]
    secrets: Option<PathBuf>,
}

impl Try {
    /// Whether a folder is named; ids have neither slashes nor dots.
    pub(in crate::cli) fn is_of_a_folder(&self) -> bool {
        self.what.contains(['/', '.']) || Path::new(&self.what).join("adapter.toml").is_file()
    }

    /// `[request]` of the file that was named.
    pub(in crate::cli) fn request_text(&self) -> Result<Option<String>, Failure> {
        let Some(file) = &self.request else { return Ok(None) };
        let place = file.display().to_string();
        let text = std::fs::read_to_string(file).map_err(|error| {
            faulty(Trouble::new(&place, format!("cannot be read: {error}"), "name a file that you may read"))
        })?;
        let table: toml::Table = text.parse().map_err(|error| faulty(Trouble::from_toml(&place, &text, &error)))?;
        Ok(Some(match table.get("request").and_then(toml::Value::as_table) {
            Some(request) => request.to_string(),
            None => text,
        }))
    }
}

pub(in crate::cli) fn try_folder(call: Try, json: bool) -> Result<Exit, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(|error| {
        Failure::new(Exit::Refused, format!("this process could not be set up: {error}"), "check its limits")
    })?;
    let view = runtime.block_on(attempt(&call))?;
    show::print(&if json { serde_json::json!(view).to_string() } else { show::tried(&view) });
    Ok(if view.error.is_some() { Exit::Refused } else { Exit::Done })
}

async fn attempt(asked: &Try) -> Result<TryView, Failure> {
    let folder = Folder::read(Path::new(&asked.what)).map_err(faulty)?;
    let kind = folder.kind;
    let function = kind.function(&asked.function).ok_or_else(|| {
        let known: Vec<&str> = kind.functions.iter().map(|function| function.name).collect();
        let remedy = match nearest(&asked.function, &known) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("known here: {}", known.join(", ")),
        };
        let sentence = format!("`{}` is no function of this kind of adapter", asked.function);
        Failure::new(Exit::FaultyFile, sentence, remedy)
    })?;
    permit(function, asked.send).map_err(faulty)?;
    let request = match asked.request_text()? {
        Some(text) => text.parse().map_err(|error| faulty(Trouble::from_toml("request", &text, &error)))?,
        None => function.request(&asked.words).map_err(faulty)?,
    };
    let place =
        asked.request.as_ref().map_or_else(|| format!("`{}`", function.name), |file| file.display().to_string());
    let call = function.call(&place, &request).map_err(faulty)?;
    let gate = gate(&folder, &asked.origin, asked.secrets.as_deref())?;
    let guest = folder.load(&engine()?).await.map_err(faulty)?;
    let manifest = &folder.manifest;
    let datasets = Datasets::new(cache().join("datasets"));
    let asked_for = PowerSet::asked_by(manifest);
    let powers = HostPowers::new(manifest, &asked_for, &gate, &datasets, &BTreeMap::new()).map_err(faulty)?;
    let (door, datasets) = powers.datasets();
    let bar = bar(0, "{bar:40} {pos} of {len} files");
    for (_, dataset) in datasets {
        let shown = |step: Progress| {
            bar.set_length(step.of.into());
            bar.set_position(step.done.into());
        };
        dataset.refresh(door, now(), &shown).await.map_err(faulty)?;
    }
    bar.finish_and_clear();
    let watched = Watched::new(Arc::new(powers));
    let begun = Instant::now();
    let made = watched.make(&guest, &*call).await;
    let (took, seen) = (begun.elapsed(), watched.seen());
    let outcome = match made {
        Ok(answer) => Ok(json(&answer.into())),
        Err(error) => Err((error.to_string(), Some(remedy(manifest, &error, &seen)))),
    };
    Ok(TryView::of(&manifest.id, function.name, outcome, seen, took))
}
