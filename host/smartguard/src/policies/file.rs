//! One policy file: whom it is for, what it builds on, what it says, and where each of these stands.

use super::case::{self, Case};
use super::fields::{FIELDS, Field};
use crate::strict::{Page, Problem, Value};
use numbers::policy::{Exemption, LAWS, Patch, Policy};
use numbers::scope::Scope;
use std::collections::BTreeMap;
use std::path::Path;

/// No policy of ours comes near this; a larger file is something else.
const FILE_BYTES_MAX: u64 = 256 * 1024;
/// Longer words do not fit where the policy is kept.
const WORDS_MAX: usize = 80;
/// More exemptions than there are rules of law are a slip.
const EXEMPTIONS_MAX: usize = 8;

/// One file as it was read. It says nothing that was not written in it.
#[derive(Clone, Debug, Default)]
pub struct PolicyFile {
    /// As it is called in answers and problems.
    pub file: String,
    pub scope: Option<Said<Scope>>,
    /// The file that it builds on, beside it in its folder.
    pub extends: Option<Said<String>>,
    pub patch: Patch,
    /// Where each field stands.
    pub places: BTreeMap<&'static str, String>,
    /// What it is expected to answer.
    pub cases: Vec<Case>,
    /// What we advise against in it.
    pub warnings: Vec<Problem>,
}

/// A word of a file with its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Said<T> {
    pub what: T,
    pub place: String,
}

impl PolicyFile {
    /// The name by which other files build on it.
    pub fn name(&self) -> &str {
        self.file.rsplit(['/', '\\']).next().unwrap_or(&self.file)
    }

    /// Reads a file.
    ///
    /// # Errors
    /// Gives every problem of the file.
    pub fn open(path: &Path) -> Result<PolicyFile, Vec<Problem>> {
        let file = path.display().to_string();
        let fault =
            |reason: String, remedy: &str| vec![Problem { place: file.clone(), reason, remedy: remedy.to_owned() }];
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
        PolicyFile::read(&file, &text)
    }

    /// Reads the text of a file; `file` is what it is called in problems.
    ///
    /// # Errors
    /// Gives every problem of the text.
    pub fn read(file: &str, text: &str) -> Result<PolicyFile, Vec<Problem>> {
        let mut page = Page::new(file, text);
        let Some(table) = page.table() else { return Err(page.problems) };
        let mut read = PolicyFile { file: file.to_owned(), ..PolicyFile::default() };
        let mut spans = BTreeMap::new();
        for (name, value) in &table {
            match name.get_ref().as_ref() {
                "scope" => read.scope = scope(&mut page, value),
                "extends" => {
                    let place = page.place(value.span());
                    read.extends = page.text("extends", value).map(|what| Said { what, place });
                }
                "case" => read.cases = case::cases(&mut page, value),
                "exempt" => read.patch.exemptions = exemptions(&mut page, value),
                said => match FIELDS.iter().find(|field| field.name == said) {
                    Some(field) => {
                        read.places.insert(field.name, page.place(name.span()));
                        spans.insert(field.name, name.span());
                        (field.read)(&mut read.patch, &mut page, field, value);
                    }
                    None => page.unknown(name.span(), said, known()),
                },
            }
        }
        if !page.problems.is_empty() {
            return Err(page.problems);
        }
        let mut policy = Policy::default();
        // The advice is about each value alone, so that it does not matter what a rule of law makes of it.
        read.patch.apply_freely(&mut policy);
        let mut warnings = Page::new(file, text);
        for (field, span) in FIELDS.iter().filter_map(|field| Some((field, spans.get(field.name)?))) {
            if (field.unwise)(&policy) {
                let reason = format!("`{}` = {} is allowed and not advised", field.name, (field.show)(&policy));
                warnings.problem(span.clone(), reason, field.advised);
            }
        }
        read.warnings = warnings.problems;
        Ok(read)
    }

    /// Where this field stands; the file itself where it is not said.
    pub fn place(&self, field: &str) -> String {
        self.places.get(field).unwrap_or(&self.file).clone()
    }
}

fn known() -> impl Iterator<Item = &'static str> {
    FIELDS.iter().map(|field: &Field| field.name).chain(["scope", "extends", "exempt", "case"])
}

fn scope(page: &mut Page<'_>, value: &Value<'_>) -> Option<Said<Scope>> {
    let said = page.text("scope", value)?;
    let scope = Scope::parse(&said).filter(|_| said.len() <= WORDS_MAX);
    if scope.is_none() {
        let reason = format!("`scope` is \"{said}\", which is nobody");
        page.problem(value.span(), reason, "write \"business:acme\", \"campaign:spring\" or \"user:ann\"");
    }
    scope.map(|what| Said { what, place: page.place(value.span()) })
}

/// The tables `[[exempt]]`: each lifts one rule of law, for a reason that somebody answers for.
fn exemptions(page: &mut Page<'_>, value: &Value<'_>) -> Vec<Exemption> {
    let wanted = "a table: [[exempt]] with `rule`, `because` and `by`";
    let Some(tables) = value.get_ref().as_array().filter(|tables| tables.len() <= EXEMPTIONS_MAX) else {
        page.mistyped("exempt", value, wanted);
        return Vec::new();
    };
    let mut exemptions = Vec::new();
    for item in tables.iter() {
        let Some(table) = item.get_ref().as_table() else {
            page.mistyped("exempt", item, wanted);
            continue;
        };
        let mut exemption = Exemption { rule: String::new(), because: String::new(), by: String::new() };
        for (name, value) in table {
            let slot = match name.get_ref().as_ref() {
                "rule" => &mut exemption.rule,
                "because" => &mut exemption.because,
                "by" => &mut exemption.by,
                said => {
                    page.unknown(name.span(), said, ["rule", "because", "by"]);
                    continue;
                }
            };
            let Some(text) = page.text(name.get_ref(), value) else { continue };
            if text.len() > WORDS_MAX {
                let reason = format!("`{}` has {} bytes", name.get_ref(), text.len());
                page.problem(value.span(), reason, format!("write at most {WORDS_MAX}"));
            }
            *slot = text.trim().to_owned();
        }
        if !LAWS.contains(&exemption.rule.as_str()) {
            let reason = format!("`exempt` names the rule \"{}\", which is no rule of law", exemption.rule);
            page.problem(item.span(), reason, super::choice_hint(&exemption.rule, LAWS));
        } else if exemption.because.is_empty() || exemption.by.is_empty() {
            let reason = "an exemption says why it holds and who answers for it".to_owned();
            page.problem(
                item.span(),
                reason,
                "add `because = \"written consent of 2026-03-01\"` and `by = \"Jo Doe\"`",
            );
        }
        exemptions.push(exemption);
    }
    exemptions
}
