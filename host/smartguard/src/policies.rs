//! Policy files: TOML in, a [`Policy`] that may be relied on out, or every problem with place, reason and remedy.
//!
//! A field that a file leaves out keeps its first default. Every field is said once, in [`fields`]: its unit, bounds, advice
//! and effect; reading, showing and the table in `policies/README.md` all follow that one list.
//! Putting a policy in force, and keeping the old one when a file is refused, is the keeper's work.

pub mod fields;

use crate::strict::{Page, Problem, nearest};
use fields::{FIELDS, Field};
use numbers::policy::{Policy, Rung};
use std::collections::BTreeMap;
use std::path::Path;

/// The policy file that is part of the program; it says the first defaults in full.
pub const BUNDLED: &str = include_str!("../../../policies/default.toml");
/// The file of a policies folder that is in force.
pub const FILE_IN_FORCE: &str = "default.toml";
/// No policy of ours comes near this; a larger file is something else.
const FILE_BYTES_MAX: u64 = 256 * 1024;

/// A policy that was read, with what we advise against in it.
#[derive(Clone, Debug, PartialEq)]
pub struct ReadPolicy {
    /// The file as it is called in answers, or `bundled`.
    pub file: String,
    /// Its content, so that an event can carry what was adopted.
    pub text: String,
    pub policy: Policy,
    pub warnings: Vec<Problem>,
}

/// The policy that serves when there is no file.
pub fn bundled() -> ReadPolicy {
    ReadPolicy { file: "bundled".to_owned(), text: BUNDLED.to_owned(), policy: Policy::default(), warnings: Vec::new() }
}

/// Reads the policy of a folder: its `default.toml`, or the bundled one where there is none.
///
/// # Errors
/// Gives every problem of the file.
pub fn read_folder(folder: &Path) -> Result<ReadPolicy, Vec<Problem>> {
    let path = folder.join(FILE_IN_FORCE);
    if path.exists() { read_file(&path) } else { Ok(bundled()) }
}

/// Reads one file.
///
/// # Errors
/// Gives every problem of the file.
pub fn read_file(path: &Path) -> Result<ReadPolicy, Vec<Problem>> {
    let file = path.display().to_string();
    let fault = |reason: String, remedy: &str| vec![Problem { place: file.clone(), reason, remedy: remedy.to_owned() }];
    let size = std::fs::metadata(path)
        .map_err(|error| fault(format!("it cannot be read: {error}"), "check the path and its permissions"))?
        .len();
    if size > FILE_BYTES_MAX {
        return Err(fault(
            format!("it has {size} bytes, and a policy file has at most {FILE_BYTES_MAX}"),
            "check that this is the policy file",
        ));
    }
    let text = std::fs::read_to_string(path)
        .map_err(|error| fault(format!("it cannot be read: {error}"), "save it as text in UTF-8"))?;
    read(&file, &text)
}

/// Reads the text of a policy file; `file` is what it is called in problems.
///
/// # Errors
/// Gives every problem of the text.
pub fn read(file: &str, text: &str) -> Result<ReadPolicy, Vec<Problem>> {
    let mut page = Page::new(file, text);
    let Some(table) = page.table() else { return Err(page.problems) };
    let mut policy = Policy::default();
    // Where each field stands, for problems between two of them.
    let mut places: BTreeMap<&'static str, core::ops::Range<usize>> = BTreeMap::new();
    for (name, value) in &table {
        match FIELDS.iter().find(|field| field.name == name.get_ref().as_ref()) {
            Some(field) => {
                places.insert(field.name, name.span());
                (field.read)(&mut policy, &mut page, field, value);
            }
            None => page.unknown(name.span(), name.get_ref(), FIELDS.iter().map(|field| field.name)),
        }
    }
    if page.problems.is_empty() {
        check_together(&policy, &places, &mut page);
    }
    if !page.problems.is_empty() {
        return Err(page.problems);
    }
    let mut warnings = Page::new(file, text);
    for field in FIELDS {
        if let Some(place) = places.get(field.name).filter(|_| (field.unwise)(&policy)) {
            warnings.problem(
                place.clone(),
                format!("`{}` = {} is allowed and not advised", field.name, (field.show)(&policy)),
                field.advised,
            );
        }
    }
    Ok(ReadPolicy { file: file.to_owned(), text: text.to_owned(), policy, warnings: warnings.problems })
}

/// Every field of a policy with its value as a file has it.
pub fn shown(policy: &Policy) -> BTreeMap<String, String> {
    FIELDS.iter().map(|field: &Field| (field.name.to_owned(), (field.show)(policy))).collect()
}

/// What cannot hold together, although each value alone is possible.
fn check_together(policy: &Policy, places: &BTreeMap<&'static str, core::ops::Range<usize>>, page: &mut Page<'_>) {
    let mut refuse = |fields: [&'static str; 2], reason: String, remedy: &str| {
        // The file set at least one of the two, because the defaults hold together.
        let span = fields.iter().find_map(|field| places.get(field)).cloned().unwrap_or(0..0);
        page.problem(span, reason, remedy);
    };
    if policy.per_day_soft > policy.per_day_hard {
        refuse(
            ["per_day_soft", "per_day_hard"],
            format!("`per_day_soft` ({}) is above `per_day_hard` ({})", policy.per_day_soft, policy.per_day_hard),
            "the soft cap comes first: make it at most the hard one",
        );
    }
    if policy.per_hour > policy.per_day_hard {
        refuse(
            ["per_hour", "per_day_hard"],
            format!("`per_hour` ({}) is above `per_day_hard` ({})", policy.per_hour, policy.per_day_hard),
            "an hour allows no more than its day: lower `per_hour` or raise `per_day_hard`",
        );
    }
    if policy.per_minute > policy.per_hour {
        refuse(
            ["per_minute", "per_hour"],
            format!("`per_minute` ({}) is above `per_hour` ({})", policy.per_minute, policy.per_hour),
            "a minute allows no more than its hour: lower `per_minute` or raise `per_hour`",
        );
    }
    if policy.turn_jitter >= policy.turn_calls {
        refuse(
            ["turn_jitter", "turn_calls"],
            format!(
                "`turn_jitter` ({}) is not below `turn_calls` ({}), so a turn could have no call",
                policy.turn_jitter, policy.turn_calls
            ),
            "make `turn_jitter` smaller than `turn_calls`",
        );
    }
    if policy.attempts_per_24h > policy.attempts_per_30d {
        refuse(
            ["attempts_per_24h", "attempts_per_30d"],
            format!(
                "`attempts_per_24h` ({}) is above `attempts_per_30d` ({})",
                policy.attempts_per_24h, policy.attempts_per_30d
            ),
            "a day allows no more than its month: lower the first or raise the second",
        );
    }
    if policy.check_every_urgent > policy.check_every {
        refuse(
            ["check_every_urgent", "check_every"],
            "`check_every_urgent` is longer than `check_every`, so a suspect number would be watched less".to_owned(),
            "make `check_every_urgent` at most `check_every`",
        );
    }
    if policy.case_expires_after < policy.dispute_every {
        refuse(
            ["case_expires_after", "dispute_every"],
            "`case_expires_after` is shorter than `dispute_every`, so no second dispute could be sent".to_owned(),
            "make `case_expires_after` at least `dispute_every`",
        );
    }
    if let Some(pair) = policy.ramp_per_day.windows(2).find(|pair| pair[0] > pair[1]) {
        refuse(
            ["ramp_per_day", "ramp_per_day"],
            format!("`ramp_per_day` falls from {} to {}, and a warm-up only rises", pair[0], pair[1]),
            "order the stages from the fewest calls to the most",
        );
    }
    if let Some(last) = policy.ramp_per_day.last().filter(|last| **last > policy.per_day_hard) {
        refuse(
            ["ramp_per_day", "per_day_hard"],
            format!("`ramp_per_day` ends at {last}, above `per_day_hard` ({})", policy.per_day_hard),
            "end the warm-up at or below the hard cap",
        );
    }
}

/// The word of a rung in files.
pub const fn rung_word(rung: Rung) -> &'static str {
    match rung {
        Rung::RelaxLocality => "relax_locality",
        Rung::EndTurnEarly => "end_turn_early",
        Rung::Bench => "bench",
        Rung::Reserve => "reserve",
        Rung::HardCap => "hard_cap",
    }
}

/// The known word nearest to one that is not known, as a hint for a list of choices.
fn choice_hint(said: &str, words: &[&'static str]) -> String {
    match nearest(said, words.iter().copied()) {
        Some(near) => format!("did you mean \"{near}\"?"),
        None => format!("write one of: {}", words.join(", ")),
    }
}
