//! `adapter dev`: an author's folder, tested after each change, and serving in a running daemon while it passes.

use super::{engine, faulty, shown};
use crate::cli::client::{Client, segment};
use crate::cli::{Exit, Failure, show};
use crate::desk::AdapterView;
use crate::doors::wire::DevelopmentBody;
use clap::Args;
use kit::Folder;
use sandbox::Engine;
use sandbox::watch::{QUIET_DEFAULT, Watch};
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio::signal::unix::{SignalKind, signal};

#[derive(Debug, Args)]
pub(in crate::cli) struct Dev {
    /// The adapter's folder.
    folder: PathBuf,
}

/// How often the daemon is told that we are still there; it waits for three of these.
const PRESENT_EVERY: Duration = Duration::from_secs(3);

/// Works on the adapter until this program is told to stop.
pub(in crate::cli) async fn develop(client: &Client, dev: &Dev, json: bool) -> Result<Exit, Failure> {
    let folder = dev.folder.canonicalize().map_err(|error| {
        let sentence = format!("{} cannot be read: {error}", dev.folder.display());
        Failure::new(Exit::FaultyFile, sentence, "name an adapter's folder")
    })?;
    let id = folder.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
    let path = format!("/v1/adapters/{}/development", segment(&id));
    let stopped = |error: std::io::Error| {
        Failure::new(Exit::Refused, format!("signals cannot be waited for: {error}"), "check this machine's set-up")
    };
    let mut interrupted = signal(SignalKind::interrupt()).map_err(stopped)?;
    let mut terminated = signal(SignalKind::terminate()).map_err(stopped)?;
    // Before the folder is read for the first time, so that no change falls between.
    let mut watch = Watch::start(vec![folder.clone()], QUIET_DEFAULT).map_err(faulty)?;
    let engine = engine()?;
    let mut serves = take_in(client, &engine, &folder, &path, json).await?;
    let mut present = tokio::time::interval(PRESENT_EVERY);
    loop {
        tokio::select! {
            _ = interrupted.recv() => break,
            _ = terminated.recv() => break,
            _ = watch.changed() => serves |= take_in(client, &engine, &folder, &path, json).await?,
            _ = present.tick(), if serves => {
                client.post(&path, &DevelopmentBody { folder: None }).await?;
            }
        }
    }
    if serves {
        client.delete(&path).await?;
    }
    say(json, "ended", "The development version is taken out; who served before serves again.");
    Ok(Exit::Done)
}

/// Tests what lies in the folder, and lets it serve when it passes. Answers whether the daemon has taken it in.
async fn take_in(client: &Client, engine: &Engine, folder: &Path, path: &str, json: bool) -> Result<bool, Failure> {
    let tested = async {
        let read = Folder::read(folder)?;
        kit::test::run(engine, &read, false, |_| {}).await
    };
    let report = match tested.await {
        Ok(report) => report,
        Err(trouble) => {
            let sentence = format!("{}: {}\nHint: {}", trouble.place, trouble.reason, trouble.remedy);
            say(json, "faulty", &sentence);
            return Ok(false);
        }
    };
    if !report.passed() {
        say(
            json,
            "differs",
            &format!("{}\nIt does not pass, so what served before serves on.", shown(&report).trim_end()),
        );
        return Ok(false);
    }
    let body = DevelopmentBody { folder: Some(folder.display().to_string()) };
    let view = match client.post(path, &body).await {
        Ok(view) => view,
        Err(failure) if failure.exit == Exit::Refused => {
            say(json, "refused", &format!("{}\nHint: {}", failure.sentence, failure.hint));
            return Ok(true);
        }
        Err(failure) => return Err(failure),
    };
    let view: AdapterView = serde_json::from_value(view).map_err(|error| {
        Failure::new(
            Exit::NoDaemon,
            format!("the daemon's answer cannot be read: {error}"),
            "use the same version of both",
        )
    })?;
    let passed = format!("{} cassettes pass", report.cassettes.len());
    match view.state.as_str() {
        "ungranted" => {
            let asks = view.reason.unwrap_or_default();
            say(
                json,
                "waits",
                &format!("{passed}; the daemon waits: {asks}\nHint: smartguard adapter grant {}", view.id),
            );
        }
        state => say(json, state, &format!("{passed}; revision {} serves", view.revision.unwrap_or_default())),
    }
    Ok(true)
}

fn say(json: bool, state: &str, sentence: &str) {
    show::print(&if json {
        serde_json::json!({ "state": state, "sentence": sentence }).to_string()
    } else {
        sentence.to_owned()
    });
}
