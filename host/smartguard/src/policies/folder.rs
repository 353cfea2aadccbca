//! What the files of a policies folder make together: the policy of everybody, and what each scope says beside it.

use super::FILE_OF_ALL;
use super::case::Case;
use super::fields::{FIELDS, Reach};
use super::file::{PolicyFile, Said};
use super::together::check_together;
use crate::strict::Problem;
use numbers::policy::{Patch, Policy};
use numbers::scope::{Policies, Scope};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// Files build on each other at most so deep; nobody could follow more.
const DEPTH_MAX: usize = 8;

/// The policies of a folder, with where each value comes from and what we advise against.
#[derive(Clone, Debug)]
pub struct ReadPolicies {
    /// The file that holds for everybody, or `bundled`.
    pub file: String,
    pub policy: Policy,
    pub scopes: BTreeMap<Scope, Patch>,
    /// Every file and what it is there for, in the order of their names.
    pub files: Vec<(String, Role)>,
    /// Where the fields of everybody, and those of each scope, are said.
    places: BTreeMap<(Option<Scope>, &'static str), String>,
    /// The cases of every file.
    pub cases: Vec<Case>,
    pub warnings: Vec<Problem>,
}

/// What a file is there for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Role {
    /// It holds for everybody.
    All,
    Scope(Scope),
    /// Others build on it; by itself it changes nothing.
    Template,
}

impl Default for ReadPolicies {
    fn default() -> ReadPolicies {
        ReadPolicies {
            file: "bundled".to_owned(),
            policy: Policy::default(),
            scopes: BTreeMap::new(),
            files: Vec::new(),
            places: BTreeMap::new(),
            cases: Vec::new(),
            warnings: Vec::new(),
        }
    }
}

impl ReadPolicies {
    /// Policies of which no file is at hand; `name` says where they come from.
    pub fn of(policies: &Policies, name: String) -> ReadPolicies {
        let (policy, scopes) = (policies.base().clone(), policies.scopes().clone());
        ReadPolicies { file: name, policy, scopes, ..ReadPolicies::default() }
    }

    /// Under this revision.
    pub fn policies(&self, revision: u64) -> Policies {
        Policies::new(revision, self.policy.clone(), self.scopes.clone())
    }

    /// Where this scope says this field; none where it does not. Without a scope, where it is said for everybody.
    pub fn place(&self, scope: Option<&Scope>, field: &str) -> Option<&str> {
        let field = FIELDS.iter().find(|known| known.name == field)?.name;
        self.places.get(&(scope.cloned(), field)).map(String::as_str)
    }

    /// The file of a scope.
    pub fn file_of(&self, scope: &Scope) -> Option<&str> {
        let role = Role::Scope(scope.clone());
        self.files.iter().find(|(_, is)| *is == role).map(|(file, _)| file.as_str())
    }
}

/// Reads a folder: its `default.toml` for everybody, or the bundled policy where there is none, and beside it each file
/// that names its scope.
///
/// # Errors
/// Gives every problem of every file.
pub fn read_folder(folder: &Path) -> Result<ReadPolicies, Vec<Problem>> {
    let mut problems = Vec::new();
    let mut files = Vec::new();
    for path in toml_files(folder)? {
        match PolicyFile::open(&path) {
            Ok(file) => files.push(file),
            Err(found) => problems.extend(found),
        }
    }
    if problems.is_empty() { read_files(files) } else { Err(problems) }
}

/// Reads one file as the policy of everybody, whatever its name is, over the files beside it that it builds on, so that it
/// can be tried before it is put in place.
///
/// One with a scope is read as if everybody were that scope: over the policy of everybody beside it, where there is one.
///
/// # Errors
/// Gives every problem of the file, and of those that it builds on.
pub fn read_file(path: &Path) -> Result<ReadPolicies, Vec<Problem>> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let file = PolicyFile::open(path)?;
    let scope = file.scope.as_ref().map(|said| said.what.clone());
    let mut files = vec![file];
    let of_all = folder.join(FILE_OF_ALL);
    if scope.is_some() && files[0].name() != FILE_OF_ALL && of_all.is_file() {
        files.push(PolicyFile::open(&of_all)?);
    }
    let beside = toml_files(folder)?;
    let name_of = |path: &Path| path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let mut at = 0;
    while let Some(file) = files.get(at) {
        at += 1;
        let Some(extends) = &file.extends else { continue };
        if files.iter().any(|other| other.name() == extends.what) {
            continue;
        }
        match beside.iter().find(|path| name_of(path) == extends.what) {
            Some(under) => files.push(PolicyFile::open(under)?),
            None => {
                let names = beside.iter().map(|path| name_of(path)).filter(|name| name != files[at - 1].name());
                return Err(vec![no_such_file(extends, &names.collect::<Vec<_>>())]);
            }
        }
    }
    let Some(scope) = scope else { return for_everybody(files) };
    let mut read = read_files(files)?;
    let patch = read.scopes.remove(&scope).unwrap_or_default();
    patch.apply(&mut read.policy);
    for field in FIELDS {
        if let Some(place) = read.places.remove(&(Some(scope.clone()), field.name)) {
            read.places.insert((None, field.name), place);
        }
    }
    read.file = path.display().to_string();
    Ok(read)
}

/// The first of these files in the place of the policy of everybody, over those of the others that it builds on, with scopes
/// that are in force already.
///
/// # Errors
/// Gives every problem of the file, and those that it has together with the scopes.
pub fn in_place_of_all(files: Vec<PolicyFile>, scopes: BTreeMap<Scope, Patch>) -> Result<ReadPolicies, Vec<Problem>> {
    let Some(first) = files.first() else {
        return Err(vec![problem(
            "the request",
            "there is no policy in it".to_owned(),
            "send the text of a policy file",
        )]);
    };
    if let Some(scope) = &first.scope {
        let reason = format!("it is for {}, and it is to stand in the place of `{FILE_OF_ALL}`", scope.what);
        return Err(vec![problem(&scope.place, reason, "take `scope` out")]);
    }
    let mut read = for_everybody(files)?;
    read.scopes = scopes;
    let problems = check_together(&read);
    if problems.is_empty() { Ok(read) } else { Err(problems) }
}

/// The first of these files as the policy of everybody; the others are there to be built on.
fn for_everybody(files: Vec<PolicyFile>) -> Result<ReadPolicies, Vec<Problem>> {
    let mut problems = Vec::new();
    let mut read = ReadPolicies { file: files[0].file.clone(), ..ReadPolicies::default() };
    if let Some((patch, places)) = resolved(&files[0], &files, &mut problems) {
        patch.apply_freely(&mut read.policy);
        read.places.extend(places.into_iter().map(|(field, place)| ((None, field), place)));
        read.warnings.extend(files.iter().flat_map(|file| file.warnings.iter().cloned()));
        let role = |nth| if nth == 0 { Role::All } else { Role::Template };
        read.files.extend(files.iter().enumerate().map(|(nth, file)| (file.file.clone(), role(nth))));
        problems = check_together(&read);
    }
    if problems.is_empty() { Ok(read) } else { Err(problems) }
}

/// The TOML files of a folder in the order of their names; none where there is no folder.
pub(super) fn toml_files(folder: &Path) -> Result<Vec<PathBuf>, Vec<Problem>> {
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => {
            let (place, reason) = (folder.display().to_string(), format!("it cannot be read: {error}"));
            return Err(vec![Problem { place, reason, remedy: "check its permissions".to_owned() }]);
        }
    };
    let mut files: Vec<PathBuf> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
    files.retain(|file| file.extension().is_some_and(|extension| extension == "toml"));
    files.sort();
    Ok(files)
}

/// Puts files together that lie in one folder.
///
/// A single file is the policy of everybody, whatever its name is, so that one can be tried before it is put in place.
///
/// # Errors
/// Gives every problem between the files.
pub fn read_files(files: impl IntoIterator<Item = PolicyFile>) -> Result<ReadPolicies, Vec<Problem>> {
    let files: Vec<PolicyFile> = files.into_iter().collect();
    let alone = files.len() == 1 && files[0].scope.is_none();
    let mut problems = Vec::new();
    let mut read = ReadPolicies::default();
    for file in &files {
        read.warnings.extend(file.warnings.iter().cloned());
        read.cases.extend(file.cases.iter().cloned());
        let role = match (&file.scope, file.name() == FILE_OF_ALL || alone) {
            (None, true) => Role::All,
            (None, false) => Role::Template,
            (Some(scope), false) => Role::Scope(scope.what.clone()),
            (Some(scope), true) => {
                let reason = format!("`{FILE_OF_ALL}` holds for everybody, and this says it is for {}", scope.what);
                problems.push(problem(&scope.place, reason, "take `scope` out, or give the file another name"));
                continue;
            }
        };
        let Some((patch, places)) = resolved(file, &files, &mut problems) else { continue };
        match &role {
            Role::All => {
                read.file.clone_from(&file.file);
                patch.apply_freely(&mut read.policy);
                read.places.extend(places.into_iter().map(|(field, place)| ((None, field), place)));
            }
            Role::Scope(scope) => {
                out_of_reach(scope, &places, &mut problems);
                if read.scopes.contains_key(scope) {
                    let (place, other) = (scope_place(file), read.file_of(scope).unwrap_or_default());
                    let reason = format!("{scope} has a file already, {other}");
                    problems.push(problem(&place, reason, "put both into one file, or let one be a template"));
                }
                read.scopes.insert(scope.clone(), patch);
                let of_scope = places.into_iter().map(|(field, place)| ((Some(scope.clone()), field), place));
                read.places.extend(of_scope);
            }
            Role::Template => {}
        }
        read.files.push((file.file.clone(), role));
    }
    if problems.is_empty() {
        problems = check_together(&read);
    }
    if !problems.is_empty() {
        return Err(problems);
    }
    let used: BTreeSet<&str> = files.iter().filter_map(|file| Some(file.extends.as_ref()?.what.as_str())).collect();
    for file in files.iter().filter(|file| file.scope.is_none() && !used.contains(file.name())) {
        if file.name() != FILE_OF_ALL && !alone {
            let reason = "it has no `scope` and no file builds on it, so it changes nothing".to_owned();
            let remedy = "add `scope = \"business:acme\"`, `campaign:` or `user:`, or a file with `extends`";
            read.warnings.push(problem(&file.file, reason, remedy));
        }
    }
    Ok(read)
}

type Places = BTreeMap<&'static str, String>;

/// A file laid over those it builds on.
fn resolved(file: &PolicyFile, files: &[PolicyFile], problems: &mut Vec<Problem>) -> Option<(Patch, Places)> {
    let (mut patch, mut places) = (file.patch.clone(), file.places.clone());
    let (mut at, mut seen) = (file, vec![file.name()]);
    while let Some(extends) = &at.extends {
        let Said { what, place } = extends;
        if file.scope.is_some() && what == FILE_OF_ALL {
            let reason =
                format!("`extends` names \"{what}\", which holds for everybody, and so lies under this file already");
            problems.push(problem(place, reason, "take `extends` out"));
            return None;
        }
        let Some(under) = files.iter().find(|other| other.name() == what) else {
            let names = files.iter().map(PolicyFile::name).filter(|name| *name != at.name());
            problems.push(no_such_file(extends, &names.map(str::to_owned).collect::<Vec<_>>()));
            return None;
        };
        if seen.contains(&under.name()) || seen.len() >= DEPTH_MAX {
            let path = format!("{} → {what}", seen.join(" → "));
            problems.push(problem(
                place,
                format!("files build on each other in a circle, or too deep: {path}"),
                "break the chain",
            ));
            return None;
        }
        patch = patch.over(under.patch.clone());
        for (field, place) in &under.places {
            places.entry(field).or_insert_with(|| place.clone());
        }
        seen.push(under.name());
        at = under;
    }
    Some((patch, places))
}

/// A file builds on one that is not among those beside it.
pub(super) fn no_such_file(extends: &Said<String>, names: &[String]) -> Problem {
    let Said { what, place } = extends;
    let remedy = match crate::strict::nearest(what, names.iter().map(String::as_str)) {
        Some(near) => format!("did you mean \"{near}\"?"),
        None => "put that file beside this one, or take `extends` out".to_owned(),
    };
    problem(place, format!("`extends` names \"{what}\", and there is no such file here"), &remedy)
}

/// The problems of fields that a scope may not say.
fn out_of_reach(scope: &Scope, places: &Places, problems: &mut Vec<Problem>) {
    for field in FIELDS {
        let Some(place) = places.get(field.name) else { continue };
        let (may, remedy) = match (field.reach, scope) {
            (Reach::User, _) | (Reach::Business, Scope::Business(_)) => continue,
            (Reach::Business, Scope::Campaign(_) | Scope::User(_)) => (
                "concerns numbers and cases, which belong to a business",
                "move it to the file of the business".to_owned(),
            ),
            (Reach::Default, _) => ("is one for the whole daemon", format!("move it to {FILE_OF_ALL}")),
        };
        problems.push(problem(place, format!("`{}` {may}, and this is for {scope}", field.name), &remedy));
    }
}

fn scope_place(file: &PolicyFile) -> String {
    file.scope.as_ref().map_or_else(|| file.file.clone(), |scope| scope.place.clone())
}

pub(super) fn problem(place: &str, reason: String, remedy: &str) -> Problem {
    Problem { place: place.to_owned(), reason, remedy: remedy.to_owned() }
}
