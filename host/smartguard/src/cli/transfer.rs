//! `import`, and `export` of a folder on which no daemon runs.

use super::{Exit, Failure, show};
use crate::desk::ExportView;
use crate::house::key_path;
use crate::house::restore::{self, KeySource, KeyState, RestoreError, Restored};
use crate::store::OpenError;
use crate::store::export::{ExportError, Progress};
use indicatif::{ProgressBar, ProgressStyle};
use std::error::Error;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// What the command line says about an import.
pub(super) struct Import {
    pub file: PathBuf,
    pub data: PathBuf,
    pub key: Option<PathBuf>,
    pub without_key: bool,
    pub replace: bool,
}

pub(super) async fn import(import: Import, json: bool) -> Result<Exit, Failure> {
    let Import { file, data, key, without_key, replace } = import;
    let key = match key {
        Some(key) => KeySource::File(key),
        None if without_key => KeySource::Lost,
        None => KeySource::Beside,
    };
    let bar = ProgressBar::new(0);
    if let Ok(style) = ProgressStyle::with_template("{bar:40} {pos} of {len} records, {eta} left") {
        bar.set_style(style);
    }
    let restored = restore::restore(&file, &data, &key, replace, &mut |done: Progress, total: Progress| {
        bar.set_length(total.records);
        bar.set_position(done.records);
    })
    .await;
    bar.finish_and_clear();
    let restored = restored.map_err(|error| failure(&error))?;
    show::print(&if json { as_json(&restored, &data).to_string() } else { in_words(&restored, &data) });
    Ok(Exit::Done)
}

fn as_json(restored: &Restored, data: &Path) -> serde_json::Value {
    serde_json::json!({
        "data": data.display().to_string(),
        "records": restored.brought.records,
        "files": restored.brought.blobs,
        "replaced": restored.replaced.as_ref().map(|replaced| replaced.display().to_string()),
        "key": match restored.key {
            KeyState::InPlace => "in_place",
            KeyState::Missing => "missing",
            KeyState::New => "new",
        },
        "key_file": key_path(data).display().to_string(),
    })
}

fn in_words(restored: &Restored, data: &Path) -> String {
    let Progress { records, blobs, crashed, .. } = restored.brought;
    let mut lines = vec![format!("{records} records and {blobs} files brought into {}.", data.display())];
    if let Some(replaced) = &restored.replaced {
        lines.push(format!(
            "The store that was there lies in {} now; remove it when you need it no more.",
            replaced.display()
        ));
    }
    let key = key_path(data).display().to_string();
    lines.push(match restored.key {
        KeyState::InPlace => format!("The key in {key} is the right one."),
        KeyState::Missing => format!(
            "The daemon does not start on it yet: put the key that lay beside the exported folder in {key}. It is in no \
             export. Under another key, callees of before would not be recognised, nor that they asked not to be called. \
             If it is lost for good, import again with --without-key --replace."
        ),
        KeyState::New => "Callees begin anew: the numbers they were shown and their attempts are forgotten, decision ids \
                          of before do not verify, and whoever asked not to be called has to be told to the daemon again."
            .to_owned(),
    });
    if crashed {
        lines.push(
            "The exported folder was left by a crash; what that may have lost is charged to the caps at the first start."
                .to_owned(),
        );
    }
    lines.push("What happened after the export was made is not in it.".to_owned());
    lines.join("\n")
}

pub(super) async fn export_stopped(to: &Path, data: &Path, json: bool) -> Result<Exit, Failure> {
    if to.exists() {
        let sentence = format!("{} is there already", to.display());
        return Err(Failure::new(Exit::Refused, sentence, "name a file that does not exist yet"));
    }
    let bar = waiting("reading the store");
    let written = restore::export_stopped(data, to, &mut |done| {
        bar.set_message(format!("{} records and {} files written", done.records, done.blobs));
    })
    .await;
    bar.finish_and_clear();
    let written = written.map_err(|error| failure(&error))?;
    let view = ExportView {
        path: to.display().to_string(),
        records: written.records,
        bytes: std::fs::metadata(to).map_or(0, |file| file.len()),
        key: key_path(data).display().to_string(),
    };
    show::print(&if json { serde_json::json!(view).to_string() } else { show::export(&view) });
    Ok(Exit::Done)
}

/// Says on a terminal that something is under way, and for how long it has been.
pub(super) fn waiting(what: &'static str) -> ProgressBar {
    let bar = ProgressBar::new_spinner().with_message(what);
    if let Ok(style) = ProgressStyle::with_template("{spinner} {msg}, {elapsed}") {
        bar.set_style(style);
    }
    bar.enable_steady_tick(Duration::from_millis(200));
    bar
}

fn failure(error: &RestoreError) -> Failure {
    let (exit, hint) = match error {
        RestoreError::InUse(_) => (Exit::Refused, "stop the daemon, or export through it without --data"),
        RestoreError::NotEmpty(_) => (Exit::Refused, "name a new folder, or move that store aside with --replace"),
        RestoreError::UnderWay(_) => (Exit::Refused, "wait until it is done"),
        RestoreError::NoStore(_) => (Exit::Refused, "name the folder that the daemon was given as --data"),
        RestoreError::OtherKey(_) | RestoreError::NoKey(_) => (
            Exit::Refused,
            "give the key that lay beside the exported folder with --key; if it is lost for good, say --without-key",
        ),
        RestoreError::Export(ExportError::Line { .. } | ExportError::Read(_)) => {
            (Exit::FaultyFile, "the newest export that is whole is the one to take")
        }
        RestoreError::Export(ExportError::Write(_)) => (Exit::Refused, "name a file in a folder with room"),
        RestoreError::Format(_) => (Exit::FaultyFile, "an export is imported by the version that wrote it"),
        RestoreError::Open(OpenError::Damaged { .. }) => (Exit::Refused, "import the last export into the folder"),
        RestoreError::Export(ExportError::NotEmpty | ExportError::Store(_) | ExportError::Commit(_))
        | RestoreError::Open(_)
        | RestoreError::Commit(_)
        | RestoreError::Store(_)
        | RestoreError::Key(_)
        | RestoreError::Files { .. } => (Exit::Refused, "nothing was changed"),
    };
    let mut sentence = error.to_string();
    let mut next = error.source();
    while let Some(source) = next {
        sentence = format!("{sentence}: {source}");
        next = source.source();
    }
    Failure::new(exit, sentence, hint)
}
