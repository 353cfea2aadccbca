//! What each command does.

use super::client::{Client, segment};
use super::import_csv::{self, Import};
use super::{
    AdapterCommand, BusinessCommand, CaseCommand, Cli, Command, Exit, Failure, Machine, NumberCommand, OwnerCommand,
    TaskCommand, agencies, author, do_not_call, pack, plan, policy, replay, show, simulate, transfer,
};
use crate::config::{Config, Overrides};
use crate::desk::{
    AdapterView, CasePage, CaseView, ExportView, NumberPage, NumberView, OwnerKind, OwnerView, PAGE_MAX, ReceiptView,
    StatusView, TaskView, TryView,
};
use crate::doors::wire::{DoneBody, ExportBody, GrantBody, OwnerBody, ReportBody, TryBody};
use crate::policies;
use crate::strict::Problem;
use numbers::business::Business;
use sandbox::manifest::Manifest;
use sandbox::trouble::Trouble;
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::path::{Path, PathBuf};

pub(super) fn run(cli: Cli) -> Result<Exit, Failure> {
    let Cli { server, json, command } = cli;
    match command {
        Command::Run { machine, in_memory } => return serve(&machine, in_memory, json),
        Command::Check(machine) => return check(&machine, json),
        Command::Simulate(words) => return simulate::run(words, json),
        Command::Policy(command) if !command.asks_a_daemon() => return policy::run(command, json),
        Command::Adapter(AdapterCommand::Author(command)) if !command.asks_a_daemon() => {
            return author::run(command, json);
        }
        Command::Adapter(AdapterCommand::Try(call)) if call.is_of_a_folder() => return author::try_folder(call, json),
        Command::Adapter(AdapterCommand::Pack(command)) => return pack::run(command, json),
        _ => {}
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(|error| {
        Failure::new(Exit::Refused, format!("this process could not be set up: {error}"), "check its limits")
    })?;
    match command {
        Command::Import { file, data, config, key, without_key, replace } => {
            let data = match data {
                Some(data) => data,
                None => match Config::load(config.as_deref(), Overrides::default()) {
                    Ok(config) => config.data,
                    Err(problems) => return verdict(json, &problems, &[], ""),
                },
            };
            let import = transfer::Import { file, data, key, without_key, replace };
            runtime.block_on(transfer::import(import, json))
        }
        Command::Export { to, data: Some(data) } => runtime.block_on(transfer::export_stopped(&to, &data, json)),
        command => runtime.block_on(ask(&Client::new(&server)?, json, command)),
    }
}

/// Shows the daemon's answer: the JSON as it came, or what `shown` makes of it.
pub(super) fn answer<T: DeserializeOwned>(
    json: bool,
    answer: Value,
    shown: impl FnOnce(T) -> String,
) -> Result<Exit, Failure> {
    let text = if json {
        answer.to_string()
    } else {
        let view = serde_json::from_value(answer).map_err(|error| {
            Failure::new(
                Exit::NoDaemon,
                format!("the daemon's answer cannot be read: {error}"),
                "use the command line of the same version as the daemon, or --json",
            )
        })?;
        shown(view)
    };
    show::print(&text);
    Ok(Exit::Done)
}

async fn ask(client: &Client, json: bool, command: Command) -> Result<Exit, Failure> {
    match command {
        Command::Run { .. } | Command::Check(_) | Command::Import { .. } | Command::Simulate(_) => Ok(Exit::Done),
        Command::Status => answer::<StatusView>(json, client.get("/v1/status", &[]).await?, |v| show::status(&v)),
        Command::Number(command) => ask_number(client, json, command).await,
        Command::User(command) => ask_owner(client, json, OwnerKind::User, command).await,
        Command::Campaign(command) => ask_owner(client, json, OwnerKind::Campaign, command).await,
        Command::Business(BusinessCommand::Add { file }) => {
            let business = read_business(&file)?;
            answer(json, client.post("/v1/businesses", &business).await?, |v: Business| show::businesses(&[v]))
        }
        Command::Business(BusinessCommand::List) => {
            let views = client.get("/v1/businesses", &[]).await?["businesses"].take();
            answer(json, views, |v: Vec<Business>| show::businesses(&v))
        }
        Command::Case(CaseCommand::List { all, number }) => {
            let mut query =
                vec![("state", if all { "all" } else { "open" }.to_owned()), ("limit", PAGE_MAX.to_string())];
            query.extend(number.map(|number| ("number", number)));
            answer(json, client.get("/v1/cases", &query).await?, |v: CasePage| show::cases(&v))
        }
        Command::Case(CaseCommand::Show { id }) => {
            answer(json, client.get(&format!("/v1/cases/{id}"), &[]).await?, |v: CaseView| show::case(&v))
        }
        Command::Task(command) => ask_task(client, json, command).await,
        Command::Adapter(command) => ask_adapter(client, json, command).await,
        Command::Agency(command) => agencies::agency(client, json, command).await,
        Command::Directory { id } => agencies::directory(client, json, id).await,
        Command::Packet(words) => agencies::make_packet(client, json, words).await,
        Command::DoNotCall(command) => do_not_call::ask(client, json, command).await,
        Command::Doctor => agencies::doctor(client, json).await,
        Command::Policy(command) => policy::ask(client, json, command).await,
        Command::Preflight(words) => plan::preflight(client, json, words).await,
        Command::Pacing(words) => plan::pacing(client, json, words).await,
        Command::Receipts(command) => replay::receipts(client, json, command).await,
        Command::Receipt { id, call } => {
            let view = if call {
                client.get("/v1/receipts", &[("call_id", id)]).await?
            } else {
                client.get(&format!("/v1/receipts/{}", segment(&id)), &[]).await?
            };
            answer(json, view, |v: ReceiptView| show::receipt(&v))
        }
        Command::Export { to, .. } => {
            let to = std::path::absolute(&to).unwrap_or(to);
            let body = ExportBody { to: to.display().to_string() };
            let waiting = transfer::waiting("the daemon writes the export");
            let view = client.post_patiently("/v1/export", &body).await;
            waiting.finish_and_clear();
            answer(json, view?, |v: ExportView| show::export(&v))
        }
    }
}

async fn ask_number(client: &Client, json: bool, command: NumberCommand) -> Result<Exit, Failure> {
    match command {
        NumberCommand::Import { file, business, service, since, by } => {
            let import = Import { file: &file, business, service, since, by };
            let report = import_csv::run(client, import).await?;
            let exit = if report.refused.is_empty() { Exit::Done } else { Exit::InPart };
            show::print(&if json { serde_json::json!(report).to_string() } else { show::import(&report) });
            Ok(exit)
        }
        NumberCommand::List { life, business, owner, limit } => {
            let mut query = vec![("limit", limit.to_string())];
            query.extend(life.map(|life| ("life", life)));
            query.extend(business.map(|business| ("business", business)));
            query.extend(owner.map(|owner| ("owner", owner)));
            answer(json, client.get("/v1/numbers", &query).await?, |v: NumberPage| show::numbers(&v))
        }
        NumberCommand::Show { number } => {
            let view = client.get(&format!("/v1/numbers/{}", segment(&number)), &[]).await?;
            answer(json, view, |v: NumberView| show::number(&v))
        }
        NumberCommand::Report { number, label, clear, carrier, agency, by } => {
            let path = format!("/v1/numbers/{}/reports", segment(&number));
            let view = client.post(&path, &ReportBody { label, carrier, agency, clear, by }).await?;
            answer(json, view, |v: NumberView| show::number(&v))
        }
    }
}

async fn ask_owner(client: &Client, json: bool, kind: OwnerKind, command: OwnerCommand) -> Result<Exit, Failure> {
    let plural = format!("{}s", kind.word());
    let path = format!("/v1/{plural}");
    match command {
        OwnerCommand::Add { name, business, pool_size } => {
            let view = client.post(&path, &OwnerBody { name, business, pool_size }).await?;
            answer(json, view, |v: OwnerView| show::owners(&[v]))
        }
        OwnerCommand::List => {
            let views = client.get(&path, &[]).await?[plural.as_str()].take();
            answer(json, views, |v: Vec<OwnerView>| show::owners(&v))
        }
    }
}

async fn ask_task(client: &Client, json: bool, command: TaskCommand) -> Result<Exit, Failure> {
    match command {
        TaskCommand::List { all } => {
            let state = if all { "all" } else { "open" }.to_owned();
            let views = client.get("/v1/tasks", &[("state", state)]).await?["tasks"].take();
            answer(json, views, |v: Vec<TaskView>| show::tasks(&v))
        }
        TaskCommand::Show { id } => {
            answer(json, client.get(&format!("/v1/tasks/{id}"), &[]).await?, |v: TaskView| show::task(&v))
        }
        TaskCommand::Done { id, note, by } => {
            let view = client.post(&format!("/v1/tasks/{id}/done"), &DoneBody { by, note }).await?;
            answer(json, view, |v: TaskView| show::tasks(&[v]))
        }
        TaskCommand::File { id, name, output } => {
            let bytes = client.bytes(&format!("/v1/tasks/{id}/files/{}", segment(&name))).await?;
            // The daemon names the file; only its last part may choose a place in this folder.
            let own = Path::new(&name).file_name().map_or_else(|| PathBuf::from("packet-file"), PathBuf::from);
            let output = output.unwrap_or(own);
            std::fs::write(&output, &bytes).map_err(|error| {
                let sentence = format!("{} cannot be written: {error}", output.display());
                Failure::new(Exit::FaultyFile, sentence, "choose another place with --output")
            })?;
            let saved = serde_json::json!({ "saved": output.display().to_string(), "bytes": bytes.len() });
            answer(json, saved, |_: Value| format!("{} bytes saved as {}", bytes.len(), output.display()))
        }
    }
}

async fn ask_adapter(client: &Client, json: bool, command: AdapterCommand) -> Result<Exit, Failure> {
    match command {
        AdapterCommand::List => {
            let views = client.get("/v1/adapters", &[]).await?["adapters"].take();
            answer(json, views, |v: Vec<AdapterView>| show::adapters(&v))
        }
        AdapterCommand::Show { id } => {
            let view = client.get(&format!("/v1/adapters/{}", segment(&id)), &[]).await?;
            answer(json, view, |v: AdapterView| show::adapter(&v))
        }
        AdapterCommand::Grant { id, by } => {
            let view = client.post(&format!("/v1/adapters/{}/grant", segment(&id)), &GrantBody { by }).await?;
            answer(json, view, |v: AdapterView| show::adapter(&v))
        }
        AdapterCommand::Try(call) => {
            let path = format!("/v1/adapters/{}/try", segment(&call.what));
            let request = call.request_text()?;
            let body = TryBody { function: call.function, numbers: call.words, request, send: call.send };
            let view = client.post(&path, &body).await?;
            let failed = view["error"].is_string();
            answer(json, view, |v: TryView| show::tried(&v))?;
            Ok(if failed { Exit::Refused } else { Exit::Done })
        }
        AdapterCommand::Author(author::AuthorCommand::Dev(dev)) => author::develop(client, &dev, json).await,
        // These have worked by themselves.
        AdapterCommand::Author(_) | AdapterCommand::Pack(_) => Ok(Exit::Done),
    }
}

fn read_business(file: &Path) -> Result<Business, Failure> {
    let name = file.display();
    let fault = |sentence: String, hint: &str| Failure::new(Exit::FaultyFile, sentence, hint);
    let text = std::fs::read_to_string(file)
        .map_err(|error| fault(format!("{name} cannot be read: {error}"), "check the path"))?;
    toml::from_str(&text).map_err(|error| {
        let line = error.span().map_or(1, |span| text[..span.start].matches('\n').count() + 1);
        fault(
            format!("{name}:{line}: {}", error.message()),
            "a business has id, legal_name, relation, address, contact, use_case, calls_per_month, originating_providers",
        )
    })
}

/// The configuration that the command line and the file say together.
fn load(machine: &Machine) -> Result<Config, Vec<Problem>> {
    let Machine { config, data, listen, adapters, policies } = machine.clone();
    Config::load(config.as_deref(), Overrides { listen, data, adapters, policies })
}

fn check(machine: &Machine, json: bool) -> Result<Exit, Failure> {
    let config = match load(machine) {
        Ok(config) => config,
        Err(problems) => return verdict(json, &problems, &[], ""),
    };
    let (mut problems, mut warnings) = (Vec::new(), Vec::new());
    let mut good = "The configuration is right".to_owned();
    match policies::read_folder(&config.policies) {
        Ok(read) => {
            good.push_str(&format!(", and so is the policy ({})", read.file));
            warnings = read.warnings;
        }
        Err(found) => problems = found,
    }
    let manifests = manifests(&config.adapters);
    for manifest in &manifests {
        if let Err(trouble) = Manifest::read(manifest) {
            let Trouble { place, reason, remedy } = trouble;
            problems.push(Problem { place, reason, remedy });
        }
    }
    good.push_str(&format!("; adapter manifests that are right: {}.", manifests.len()));
    verdict(json, &problems, &warnings, &good)
}

/// The manifests in a folder of adapters, in the order of their names; none where there is no such folder.
fn manifests(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten();
    let manifests = entries.filter_map(|entry| Some(entry.ok()?.path().join("adapter.toml")));
    let mut manifests: Vec<PathBuf> = manifests.filter(|manifest| manifest.is_file()).collect();
    manifests.sort();
    manifests
}

/// Says what is wrong and what is unwise, or that all is right.
pub(super) fn verdict(json: bool, problems: &[Problem], warnings: &[Problem], good: &str) -> Result<Exit, Failure> {
    let exit = if problems.is_empty() { Exit::Done } else { Exit::FaultyFile };
    let views =
        |problems: &[Problem]| -> Vec<crate::desk::ProblemView> { problems.iter().cloned().map(Into::into).collect() };
    if json {
        show::print(&serde_json::json!({ "problems": views(problems), "warnings": views(warnings) }).to_string());
        return Ok(exit);
    }
    let said = problems.iter().map(|problem| format!("Error: {problem}"));
    let mut lines: Vec<String> = said.chain(warnings.iter().map(|warning| format!("Warning: {warning}"))).collect();
    if problems.is_empty() {
        lines.push(good.to_owned());
    }
    show::print(&lines.join("\n"));
    Ok(exit)
}

/// Serves until the process is told to stop.
fn serve(machine: &Machine, in_memory: bool, json: bool) -> Result<Exit, Failure> {
    let config = match load(machine) {
        Ok(config) => Config { in_memory, ..config },
        Err(problems) => return verdict(json, &problems, &[], ""),
    };
    crate::logs::start(json).map_err(|reason| {
        Failure::new(Exit::Refused, reason, "say for example `info`, `warn` or `info,sandbox=debug`")
    })?;
    let failed = |error: &dyn std::error::Error| {
        let mut sentence = error.to_string();
        let mut source = error.source();
        while let Some(cause) = source {
            sentence.push_str(&format!(": {cause}"));
            source = cause.source();
        }
        // What does not start says itself what to do about it.
        Failure::new(Exit::Refused, sentence, "")
    };
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().map_err(|error| failed(&error))?;
    runtime.block_on(crate::house::run(config)).map_err(|error| failed(&error))?;
    Ok(Exit::Done)
}
