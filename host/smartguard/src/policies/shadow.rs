//! Policies in shadow: the files of the folder `shadow` in a policies folder. Each stands in the place of the policy of
//! everybody; the scopes that are in force stay. One that is refused takes nothing from the others.

use super::file::PolicyFile;
use super::folder::{ReadPolicies, in_place_of_all, no_such_file, problem, toml_files};
use crate::strict::Problem;
use numbers::policy::Patch;
use numbers::scope::Scope;
use std::collections::BTreeMap;
use std::path::Path;

/// The folder of policies in shadow, in a policies folder.
pub const SHADOW_FOLDER: &str = "shadow";
/// Shadows at one time. Each takes every call again once or twice; more than three are compared in the gym.
pub const SHADOWS_MAX: usize = 3;

/// The shadows of a policies folder.
#[derive(Clone, Debug, Default)]
pub struct ReadShadows {
    pub shadows: Vec<ShadowFile>,
    /// The names of those that have a fault.
    pub refused: Vec<String>,
    pub problems: Vec<Problem>,
}

#[derive(Clone, Debug)]
pub struct ShadowFile {
    /// Of the file, without its ending.
    pub name: String,
    pub read: ReadPolicies,
}

/// Reads the shadows of a policies folder, with the scopes that are in force.
pub fn read_shadows(folder: &Path, scopes: &BTreeMap<Scope, Patch>) -> ReadShadows {
    let mut read = ReadShadows::default();
    let files = match toml_files(&folder.join(SHADOW_FOLDER)) {
        Ok(files) => files,
        Err(problems) => return ReadShadows { problems, ..read },
    };
    for (nth, path) in files.iter().enumerate() {
        let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        if nth >= SHADOWS_MAX {
            let reason = format!("there are {SHADOWS_MAX} policies in shadow already, the first by name");
            read.problems.push(problem(
                &path.display().to_string(),
                reason,
                "take one of them out of the folder first",
            ));
            continue;
        }
        match read_shadow(path, folder, scopes.clone()) {
            Ok(found) => read.shadows.push(ShadowFile { name, read: found }),
            Err(problems) => {
                read.problems.extend(problems);
                read.refused.push(name);
            }
        }
    }
    read
}

/// Reads one shadow of this policies folder, over the files of the folder that it builds on.
///
/// # Errors
/// Gives every problem of the file, and of those that it builds on.
pub fn read_shadow(path: &Path, folder: &Path, scopes: BTreeMap<Scope, Patch>) -> Result<ReadPolicies, Vec<Problem>> {
    let mut files = vec![PolicyFile::open(path)?];
    let beside = toml_files(folder)?;
    let name_of = |path: &Path| path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let own = files[0].name().to_owned();
    if beside.iter().any(|path| name_of(path) == own) {
        let reason = format!("{} has a file {own} too, so nobody could say which of them is meant", folder.display());
        return Err(vec![problem(&files[0].file, reason, "give the one in shadow another name")]);
    }
    let mut at = 0;
    while let Some(extends) = files.get(at).map(|file| file.extends.clone()) {
        at += 1;
        let Some(extends) = extends.filter(|extends| files.iter().all(|file| file.name() != extends.what)) else {
            continue;
        };
        match beside.iter().find(|path| name_of(path) == extends.what) {
            Some(under) => files.push(PolicyFile::open(under)?),
            None => {
                let names: Vec<String> = beside.iter().map(|path| name_of(path)).collect();
                return Err(vec![no_such_file(&extends, &names)]);
            }
        }
    }
    let cases = files[0].cases.clone();
    let mut read = in_place_of_all(files, scopes)?;
    read.cases = cases;
    Ok(read)
}
