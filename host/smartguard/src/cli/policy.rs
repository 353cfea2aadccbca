//! `policy`: what is said of policy files without a daemon, and of the policies in force with one.

use super::client::Client;
use super::commands::{answer, verdict};
use super::show::{facts, section, table};
use super::{Exit, Failure};
use crate::desk::{EffectiveFieldView, EffectivePolicyView, LiftedRuleView, PolicyView, ScopeQuery};
use crate::policies::{self, PolicyFile, ReadPolicies, SHADOW_FOLDER};
use crate::strict::Problem;
use clap::{Args, Subcommand};
use numbers::Scope;
use numbers::policy::{DO_NOT_CALL, JURISDICTIONS, LAWS};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

#[derive(Debug, Subcommand)]
pub(super) enum PolicyCommand {
    /// Check policy files without a daemon. A folder is checked as a whole, as the daemon reads it.
    Check {
        /// Files or folders [policies].
        paths: Vec<PathBuf>,
    },
    /// Try the cases that stand in policy files as [[case]]. A folder is tried as a whole.
    Test {
        /// Files or folders [policies].
        paths: Vec<PathBuf>,
    },
    /// What differs between two policies: files or folders.
    Diff { before: PathBuf, after: PathBuf },
    /// The policies in force: that of everybody, then what each scope says beside it.
    List,
    /// Which value of each field holds for somebody, and which file and line says so; with --call, why a call was answered as
    /// it was, in words.
    #[command(after_help = "\
Examples:
  smartguard policy explain --user anna --said
  smartguard policy explain --call 20261129-0815-17")]
    Explain(Whose),
    /// What another policy would have answered to the recorded calls, in the place of that of everybody. Nothing is put in
    /// force.
    #[command(after_help = "\
Examples:
  smartguard policy replay new.toml
  smartguard policy replay --days 2 policies/trial.toml --json")]
    Replay(super::replay::Replay),
    /// What the policies in the folder `shadow` would have answered to the calls since they were put there, beside the one in
    /// force, with intervals.
    Shadow,
}

#[derive(Debug, Args)]
pub(super) struct Whose {
    /// The business; known from the user or the campaign, where the daemon knows these.
    #[arg(long)]
    business: Option<String>,
    #[arg(long)]
    campaign: Option<String>,
    #[arg(long)]
    user: Option<String>,
    /// A call, by its decision id or the dialer's call id.
    #[arg(long, value_name = "ID", conflicts_with_all = ["business", "campaign", "user", "folder", "said"])]
    call: Option<String>,
    /// Read this folder instead of asking the daemon.
    #[arg(long, value_name = "DIR")]
    folder: Option<PathBuf>,
    /// Only the fields that some file says.
    #[arg(long)]
    said: bool,
}

impl PolicyCommand {
    pub(super) fn asks_a_daemon(&self) -> bool {
        match self {
            PolicyCommand::Check { .. } | PolicyCommand::Test { .. } | PolicyCommand::Diff { .. } => false,
            PolicyCommand::List | PolicyCommand::Replay(_) | PolicyCommand::Shadow => true,
            PolicyCommand::Explain(whose) => whose.folder.is_none(),
        }
    }
}

/// Does what needs no daemon.
pub(super) fn run(command: PolicyCommand, json: bool) -> Result<Exit, Failure> {
    match command {
        PolicyCommand::Check { paths } => check(paths, json),
        PolicyCommand::Test { paths } => test(paths, json),
        PolicyCommand::Diff { before, after } => diff(&before, &after, json),
        PolicyCommand::Explain(Whose { folder: Some(folder), business, campaign, user, said, .. }) => {
            let read = match policies::read_folder(&folder) {
                Ok(read) => read,
                Err(problems) => return verdict(json, &problems, &[], ""),
            };
            let query = ScopeQuery { business, campaign, user };
            let view = explained(&read, query);
            answer(json, serde_json::json!(view), |view| effective(&view, said))
        }
        // These ask a daemon.
        PolicyCommand::List | PolicyCommand::Explain(_) | PolicyCommand::Replay(_) | PolicyCommand::Shadow => {
            Ok(Exit::Done)
        }
    }
}

pub(super) async fn ask(client: &Client, json: bool, command: PolicyCommand) -> Result<Exit, Failure> {
    match command {
        PolicyCommand::List => {
            let views = client.get("/v1/policies", &[]).await?["policies"].take();
            answer(json, views, |views: Vec<PolicyView>| in_force(&views))
        }
        PolicyCommand::Explain(Whose { call: Some(call), .. }) => super::replay::explain(client, json, call).await,
        PolicyCommand::Shadow => super::shadow::shadows(client, json).await,
        PolicyCommand::Replay(words) => super::replay::judge(client, json, words).await,
        PolicyCommand::Explain(Whose { business, campaign, user, said, .. }) => {
            let query = [("business", business), ("campaign", campaign), ("user", user)];
            let query: Vec<_> = query.into_iter().filter_map(|(name, value)| Some((name, value?))).collect();
            answer(json, client.get("/v1/policies/effective", &query).await?, |view| effective(&view, said))
        }
        // These ask no daemon.
        PolicyCommand::Check { .. } | PolicyCommand::Test { .. } | PolicyCommand::Diff { .. } => Ok(Exit::Done),
    }
}

fn check(paths: Vec<PathBuf>, json: bool) -> Result<Exit, Failure> {
    let paths = if paths.is_empty() { vec![PathBuf::from("policies")] } else { paths };
    let (mut problems, mut warnings, mut right) = (Vec::new(), Vec::new(), 0);
    for path in paths {
        match read(&path)? {
            Ok(read) => {
                right += read.files.len();
                warnings.extend(read.warnings);
                if path.is_dir() {
                    let beside = policies::read_shadows(&path, &read.scopes);
                    right += beside.shadows.len();
                    warnings.extend(beside.shadows.into_iter().flat_map(|shadow| shadow.read.warnings));
                    problems.extend(beside.problems);
                }
            }
            Err(found) => problems.extend(found),
        }
    }
    verdict(json, &problems, &warnings, &format!("Policy files that are right: {right}."))
}

fn test(paths: Vec<PathBuf>, json: bool) -> Result<Exit, Failure> {
    let paths = if paths.is_empty() { vec![PathBuf::from("policies")] } else { paths };
    let (mut problems, mut warnings, mut passed) = (Vec::new(), Vec::new(), 0);
    for path in &paths {
        match read(path)? {
            Ok(read) => {
                let trial = policies::try_cases(&read.cases, &read.policies(0));
                passed += trial.passed;
                problems.extend(trial.failed);
                if read.cases.is_empty() {
                    warnings.push(Problem {
                        place: path.display().to_string(),
                        reason: "there is no case in it, so nothing was tried".to_owned(),
                        remedy: "write one beside the rules; policies/README.md shows how".to_owned(),
                    });
                }
            }
            Err(found) => problems.extend(found),
        }
    }
    verdict(json, &problems, &warnings, &format!("Cases that came out as they should: {passed}."))
}

/// Every field whose value is another one, for everybody and for each scope.
fn diff(before: &Path, after: &Path, json: bool) -> Result<Exit, Failure> {
    let (before, after) = match (read(before)?, read(after)?) {
        (Ok(before), Ok(after)) => (before, after),
        (Err(problems), Ok(_)) | (Ok(_), Err(problems)) => return verdict(json, &problems, &[], ""),
        (Err(one), Err(other)) => return verdict(json, &[one, other].concat(), &[], ""),
    };
    let scopes: std::collections::BTreeSet<&Scope> = before.scopes.keys().chain(after.scopes.keys()).collect();
    let mut changes = Vec::new();
    for scope in std::iter::once(None).chain(scopes.into_iter().map(Some)) {
        let whom: Vec<Scope> = scope.into_iter().cloned().collect();
        let whose = scope.map_or_else(|| "default".to_owned(), ToString::to_string);
        let sides = policies::explained(&before, &whom).into_iter().zip(policies::explained(&after, &whom));
        for (old, new) in sides.filter(|(old, new)| old.value != new.value) {
            // What a scope merely inherits is told once, where it is said.
            let inherits = scope.is_some() && old.scope.is_none() && new.scope.is_none();
            if !inherits {
                changes.push(Difference { scope: whose.clone(), field: new.name, before: old.value, after: new.value });
            }
        }
    }
    let trial = policies::try_cases(&before.cases, &after.policies(0));
    answer(
        json,
        serde_json::json!({ "changes": changes, "cases_that_fail": trial.failed.len() }),
        |_: serde_json::Value| {
            let rows = changes.iter().map(|change| {
                [change.scope.clone(), change.field.to_owned(), change.before.clone(), change.after.clone()]
            });
            let mut text = match changes.is_empty() {
                true => "Both say the same.\n".to_owned(),
                false => table(["scope", "field", "before", "after"], rows),
            };
            for failed in &trial.failed {
                text.push_str(&format!("\nA case of the first one no longer holds: {failed}\n"));
            }
            text
        },
    )
}

#[derive(serde::Serialize)]
struct Difference {
    scope: String,
    field: &'static str,
    before: String,
    after: String,
}

/// Reads a folder, or a file: one that is for a scope or builds on another is read with those that lie beside it.
fn read(path: &Path) -> Result<Result<ReadPolicies, Vec<Problem>>, Failure> {
    if path.is_dir() {
        return Ok(policies::read_folder(path));
    }
    let file = match PolicyFile::open(path) {
        Ok(file) => file,
        Err(problems) => return Ok(Err(problems)),
    };
    if file.scope.is_none() && file.extends.is_none() {
        return Ok(policies::read_files([file]));
    }
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    Ok(match (folder.ends_with(SHADOW_FOLDER), folder.parent()) {
        (true, Some(policies)) => policies::read_shadow(path, policies, BTreeMap::new()),
        _ => policies::read_folder(folder),
    })
}

fn explained(read: &ReadPolicies, query: ScopeQuery) -> EffectivePolicyView {
    let ScopeQuery { business, campaign, user } = query;
    let business_scope = business.clone().map(Scope::Business);
    let scopes = [business_scope, campaign.clone().map(Scope::Campaign), user.clone().map(Scope::User)];
    let scopes: Vec<Scope> = scopes.into_iter().flatten().collect();
    let fields = policies::explained(read, &scopes).into_iter().map(EffectiveFieldView::from).collect();
    let lifted = policies::lifted(read, &scopes).into_iter().map(LiftedRuleView::from).collect();
    EffectivePolicyView { revision: 0, business, campaign, user, fields, lifted }
}

fn in_force(views: &[PolicyView]) -> String {
    let mut text = String::new();
    for p in views {
        let facts = [
            ("policy", format!("{}, revision {}", p.name, p.revision)),
            ("file", p.file.clone()),
            ("in force since", p.in_force_since.to_string()),
        ];
        text.push_str(&self::facts(facts));
        let fields = p.fields.iter().map(|(name, value)| [name.clone(), value.clone()]);
        text.push_str(&section("Fields", table(["field", "value"], fields)));
        let refused = p.last_refusal.iter().flat_map(|refusal| &refusal.problems).map(|p| (p, "refused"));
        let problems = refused.chain(p.warnings.iter().map(|p| (p, "warning")));
        let rows: Vec<[String; 4]> =
            problems.map(|(p, kind)| [kind.to_owned(), p.place.clone(), p.reason.clone(), p.remedy.clone()]).collect();
        if !rows.is_empty() {
            text.push_str(&section("Problems", table(["kind", "place", "reason", "remedy"], rows.into_iter())));
        }
    }
    text
}

/// With `said`, only what some file says.
fn effective(view: &EffectivePolicyView, said: bool) -> String {
    let whose = [("business", &view.business), ("campaign", &view.campaign), ("user", &view.user)];
    let whose: Vec<String> =
        whose.into_iter().filter_map(|(kind, name)| Some(format!("{kind} {}", name.as_ref()?))).collect();
    let fields = view.fields.iter().filter(|field| !said || field.place.is_some()).map(|field| {
        let place = field.place.clone().unwrap_or_else(|| "first default".to_owned());
        [field.name.clone(), field.value.clone(), field.scope.clone(), place]
    });
    let fields = table(["field", "value", "scope", "said in"], fields);
    let whose = if whose.is_empty() { "everybody".to_owned() } else { whose.join(", ") };
    section(&format!("Policy of {whose}"), fields) + &laws(view)
}

/// The rules of law that are no fields, and whatever is lifted.
fn laws(view: &EffectivePolicyView) -> String {
    let lifted = |rule: &str| {
        let found = view.lifted.iter().find(|lifted| lifted.rule == rule)?;
        Some(format!("lifted for {} because of {}; {} answers for it", found.scope, found.because, found.by))
    };
    let without_field = [
        (JURISDICTIONS, "binds: hours, holidays and attempts of where each callee is"),
        (DO_NOT_CALL, "binds: the national and the states' lists; a business's own list always does"),
    ];
    let rows = LAWS.iter().filter_map(|rule| {
        let binds = without_field.iter().find(|(name, _)| name == rule).map(|(_, binds)| (*binds).to_owned());
        Some([(*rule).to_owned(), lifted(rule).or(binds)?])
    });
    section("Rules of law", table(["rule", "here"], rows))
}
