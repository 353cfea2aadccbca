//! Policy files: TOML in, [`Policies`] that may be relied on out, or every problem with place, reason and remedy.
//!
//! A field that a file leaves out keeps its first default, or what the wider scope says. Every field is said once, in
//! [`fields`]: its unit, bounds, scope, advice and effect; reading, showing and the table in `policies/README.md` all follow
//! that one list. One file is read by [`file`], what the files of a folder make together by [`folder`], and what cannot hold
//! together is found by [`together`]; policies that only run beside those in force are read by [`shadow`].
//! Putting policies in force, and keeping the old ones when a file is refused, is the keeper's work.

mod case;
mod explained;
pub mod fields;
mod file;
mod folder;
mod shadow;
mod together;
mod trial;

pub use case::Case;
pub use explained::{Explained, explained, lifted};
pub use file::PolicyFile;
pub use folder::{ReadPolicies, Role, in_place_of_all, read_file, read_files, read_folder};
pub use shadow::{ReadShadows, SHADOW_FOLDER, ShadowFile, read_shadow, read_shadows};
pub use trial::{Trial, try_cases};

use crate::strict::{Problem, nearest};
use fields::{FIELDS, Field};
use numbers::policy::{Policy, Rung};
use std::collections::BTreeMap;

/// The policy file that is part of the program; it says the first defaults in full.
pub const BUNDLED: &str = include_str!("../../../policies/default.toml");
/// The file of a policies folder that holds for everybody.
pub const FILE_OF_ALL: &str = "default.toml";

/// The policy that serves when there is no file.
pub fn bundled() -> ReadPolicies {
    ReadPolicies::default()
}

/// Reads a text as the policy of everybody; `file` is what it is called in problems.
///
/// # Errors
/// Gives every problem of the text.
pub fn read(file: &str, text: &str) -> Result<ReadPolicies, Vec<Problem>> {
    read_files([PolicyFile::read(file, text)?])
}

/// Every field of a policy with its value as a file has it.
pub fn shown(policy: &Policy) -> BTreeMap<String, String> {
    FIELDS.iter().map(|field: &Field| (field.name.to_owned(), (field.show)(policy))).collect()
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
