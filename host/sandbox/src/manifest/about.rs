//! What a manifest says for people: where to file by hand, what an answer means, how well each fact is known.
//!
//! Nothing here changes what an adapter may do. The directory, its pages and advice on keys are made of it.

use super::reader::Reader;
use crate::trouble::Trouble;
use numbers::{Carrier, Carriers, Confidence, Status};
use serde::Deserialize;
use toml::Spanned;

/// Where a person goes who files by hand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Directory {
    /// The agency's name as people say it.
    pub name: String,
    pub website: Option<String>,
    /// A form, an address, or in words where to look for one.
    pub contact: String,
    /// What to file there, and when.
    pub file: String,
    /// Whose phones show what this agency says.
    pub covers: String,
    /// The day on which somebody last compared this with the agency's own pages, or with the descriptions it is from.
    pub verified: String,
}

/// Which part of the callees' lines a check sees. A packet sees none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Observes {
    /// The carriers whose subscribers see what a check reports; none for an app, whose users are on all of them.
    pub carriers: Carriers,
    /// Lines in a thousand US lines.
    pub lines_permille: u32,
    /// Where that figure is from.
    pub basis: String,
}

/// One row of the table by which an agency's words become a standing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StandingRow {
    /// In the agency's own words, fields and figures.
    pub says: String,
    pub status: Status,
    /// Where the meaning is known from.
    pub source: String,
}

/// One fact about the contract, and how well it is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fact {
    pub what: String,
    pub known: Confidence,
    pub source: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct DirectoryFile {
    name: Spanned<String>,
    website: Option<String>,
    contact: Spanned<String>,
    file: Spanned<String>,
    covers: Spanned<String>,
    verified: Spanned<toml::value::Datetime>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ObservesFile {
    #[serde(default)]
    carriers: Vec<Spanned<String>>,
    lines_permille: Option<Spanned<u64>>,
    basis: Spanned<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct StandingFile {
    says: Spanned<String>,
    status: Status,
    source: Spanned<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FactFile {
    what: Spanned<String>,
    known: Confidence,
    source: Spanned<String>,
}

impl Reader<'_> {
    fn said(&self, field: &str, written: &Spanned<String>) -> Result<String, Trouble> {
        let text = written.get_ref().trim();
        if text.is_empty() {
            return Err(Trouble::new(
                self.at(written),
                format!("`{field}` is empty"),
                "write it, or what is not known",
            ));
        }
        Ok(text.to_owned())
    }

    /// The carriers that these words name.
    pub(super) fn carriers(&self, written: &[Spanned<String>]) -> Result<Carriers, Trouble> {
        let each = written.iter().map(|word| {
            Carrier::parse(word.get_ref()).ok_or_else(|| {
                let known: Vec<&str> = Carrier::ALL.into_iter().map(Carrier::word).collect();
                Trouble::new(
                    self.at(word),
                    format!("no carrier is called `{}`", word.get_ref()),
                    format!("write one of {}", known.join(", ")),
                )
            })
        });
        each.collect()
    }

    pub(super) fn directory(&self, written: &DirectoryFile) -> Result<Directory, Trouble> {
        let verified = written.verified.get_ref();
        let Some(day) = verified.date.filter(|_| verified.time.is_none()) else {
            return Err(Trouble::new(
                self.at(&written.verified),
                "`verified` is no day",
                "write the day alone, as in `verified = 2026-11-22`",
            ));
        };
        Ok(Directory {
            name: self.said("name", &written.name)?,
            website: written.website.clone(),
            contact: self.said("contact", &written.contact)?,
            file: self.said("file", &written.file)?,
            covers: self.said("covers", &written.covers)?,
            verified: day.to_string(),
        })
    }

    pub(super) fn observes(&self, written: &ObservesFile) -> Result<Observes, Trouble> {
        let carriers = self.carriers(&written.carriers)?;
        let derived = u64::from(carriers.share_permille());
        let lines = self.bounded("lines_permille", written.lines_permille.as_ref(), derived, 0..=1000)?;
        Ok(Observes { carriers, lines_permille: lines as u32, basis: self.said("basis", &written.basis)? })
    }

    pub(super) fn standings(&self, written: &[StandingFile]) -> Result<Vec<StandingRow>, Trouble> {
        let row = |row: &StandingFile| {
            let (says, source) = (self.said("says", &row.says)?, self.said("source", &row.source)?);
            Ok(StandingRow { says, status: row.status, source })
        };
        written.iter().map(row).collect()
    }

    pub(super) fn facts(&self, written: &[FactFile]) -> Result<Vec<Fact>, Trouble> {
        let fact = |fact: &FactFile| {
            let (what, source) = (self.said("what", &fact.what)?, self.said("source", &fact.source)?);
            Ok(Fact { what, known: fact.known, source })
        };
        written.iter().map(fact).collect()
    }
}
