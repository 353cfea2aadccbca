//! `number import`: reads the file here, asks the person where the file is silent, and sends it in slices.

use super::client::Client;
use super::{Exit, Failure, ServiceWord};
use crate::desk::{ImportReport, ImportRow, RefusedRow, RightClaim, Service, Stamp};
use crate::doors::IMPORT_SLICE_ROWS;
use crate::doors::csv::{self, SERVICE_UNKNOWN, Sheet, SheetError};
use crate::doors::wire::{ImportBody, RowBody};
use indicatif::{ProgressBar, ProgressStyle};
use std::io::{IsTerminal, Read, Write};
use std::path::Path;

/// What the command line says about an import.
pub(super) struct Import<'a> {
    pub file: &'a Path,
    pub business: String,
    pub service: Option<ServiceWord>,
    pub since: Option<String>,
    pub by: String,
}

pub(super) async fn run(client: &Client, import: Import<'_>) -> Result<ImportReport, Failure> {
    let name = import.file.display().to_string();
    let bytes = read_file(import.file)?;
    let fault = |error: SheetError| Failure::new(Exit::FaultyFile, format!("{name}: {}", error.sentence), error.remedy);
    let service = match import.service {
        Some(word) => Some(read_service(word, import.since.as_deref())?),
        None => None,
    };
    let sheet = match csv::read(&bytes, service) {
        // A script cannot be asked, and a person can when the file does not come over the standard input.
        Err(error) if error.code == SERVICE_UNKNOWN && std::io::stdin().is_terminal() => {
            eprintln!("{name}: {}.", error.sentence);
            csv::read(&bytes, Some(ask_service()?)).map_err(fault)?
        }
        sheet => sheet.map_err(fault)?,
    };
    send(client, import.business, import.by, sheet).await
}

async fn send(client: &Client, business: String, by: String, sheet: Sheet) -> Result<ImportReport, Failure> {
    let Sheet { rows, refused, duplicates } = sheet;
    let mut report = ImportReport { added: 0, already_held: duplicates, refused };
    let bar = ProgressBar::new(rows.len() as u64);
    if let Ok(style) = ProgressStyle::with_template("{bar:40} {pos} of {len} numbers, {eta} left") {
        bar.set_style(style);
    }
    for slice in rows.chunks(IMPORT_SLICE_ROWS) {
        let numbers = slice.iter().map(row_body).collect();
        let body = ImportBody { business: business.clone(), by: by.clone(), numbers };
        let part = client.post("/v1/numbers", &body).await.map_err(|mut failure| {
            let done = report.added + report.already_held;
            failure.sentence = format!("after {done} numbers: {}", failure.sentence);
            failure.hint = format!("{}; importing the file again leaves out what is held", failure.hint);
            failure
        })?;
        let part: ImportReport = serde_json::from_value(part).map_err(|error| {
            Failure::new(Exit::NoDaemon, format!("the daemon's answer cannot be read: {error}"), "check --server")
        })?;
        report.added += part.added;
        report.already_held += part.already_held;
        report.refused.extend(part.refused);
        bar.inc(slice.len() as u64);
    }
    bar.finish_and_clear();
    report.refused.sort_by_key(|RefusedRow { row, .. }| *row);
    Ok(report)
}

/// The row as the wire has it.
fn row_body(row: &ImportRow) -> RowBody {
    let (service, since) = match row.service {
        Service::New => ("new", None),
        Service::InService { since } => ("in_service", Some(Stamp(since).to_string())),
    };
    let right = match &row.right {
        RightClaim::Provider(name) => Some(format!("provider:{name}")),
        RightClaim::Declared(who) => Some(format!("declared:{who}")),
        RightClaim::Unproven => None,
    };
    RowBody {
        row: Some(row.row),
        number: row.number.to_string(),
        service: Some(service.to_owned()),
        since,
        right,
        callback: row.callback.clone(),
    }
}

fn read_file(file: &Path) -> Result<Vec<u8>, Failure> {
    let read = if file.as_os_str() == "-" {
        let mut bytes = Vec::new();
        std::io::stdin().lock().read_to_end(&mut bytes).map(|_| bytes)
    } else {
        std::fs::read(file)
    };
    read.map_err(|error| {
        Failure::new(Exit::FaultyFile, format!("{} cannot be read: {error}", file.display()), "check the path")
    })
}

fn read_service(word: ServiceWord, since: Option<&str>) -> Result<Service, Failure> {
    let word = match word {
        ServiceWord::New => "new",
        ServiceWord::InService => "in_service",
    };
    csv::read_service(word, since).map_err(|reason| {
        Failure::new(Exit::FaultyFile, format!("--service: {reason}"), "add --since 2024-03-01 to --service in_service")
    })
}

/// Asks until the answer makes sense or the person leaves.
fn ask_service() -> Result<Service, Failure> {
    loop {
        let word = ask("Are these numbers new, or in service already? [new/in_service] ")?;
        let since = match word.as_str() {
            "new" => None,
            _ => Some(ask("Since when? [such as 2024-03-01] ")?),
        };
        match csv::read_service(&word, since.as_deref()) {
            Ok(service) => return Ok(service),
            Err(reason) => eprintln!("That cannot be used: {reason}."),
        }
    }
}

fn ask(question: &str) -> Result<String, Failure> {
    let left = || Failure::new(Exit::FaultyFile, "the question was not answered", "say it with --service and --since");
    eprint!("{question}");
    std::io::stderr().flush().map_err(|_| left())?;
    let mut answer = String::new();
    match std::io::stdin().read_line(&mut answer) {
        Ok(0) | Err(_) => Err(left()),
        Ok(_) => Ok(answer.trim().to_owned()),
    }
}
