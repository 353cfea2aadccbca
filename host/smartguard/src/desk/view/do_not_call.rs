//! Do-not-call lists: what is asked of them, and what the daemon shows.

use super::super::DeskError;
use super::Stamp;
use bytes::Bytes;
use futures_util::stream::BoxStream;
use numbers::ListName;
use numbers::e164::E164;
use serde::{Deserialize, Serialize};

/// A list on its way in, in pieces of any length.
pub type ListBody = BoxStream<'static, Result<Bytes, DeskError>>;

/// Numbers that are put on a list or taken off it by hand, all or none of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListChange {
    pub list: ListName,
    pub numbers: Vec<E164>,
    /// They are taken off.
    pub remove: bool,
    pub by: String,
}

/// How a whole text is taken into a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListImport {
    pub list: ListName,
    /// What is on the list and not in the text is taken off.
    pub replace: bool,
    /// The name of the column that holds the numbers, where the text is a table.
    pub column: Option<String>,
    /// Of a hundred lines so many may be bad; with more of them nothing is taken.
    pub bad_percent_max: u64,
    /// Such as the name of the file.
    pub from: String,
    pub by: String,
}

/// One list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DoNotCallListView {
    /// `national`, `state:FL`, `business:acme`.
    pub list: String,
    pub numbers: u64,
    /// The last import; missing for a list that was made by hand.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub imported: Option<ListImportedView>,
    /// The last change by hand.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub changed: Option<ListChangedView>,
    /// Whole days since the last import.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub age_days: Option<u64>,
    /// Until when the law is content with this version: of the national list alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub good_until: Option<Stamp>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListImportedView {
    pub at: Stamp,
    pub by: String,
    /// Such as the name of the file.
    pub from: String,
    /// `replace` or `add`.
    pub mode: String,
    /// Numbers in it, and lines that could not be read.
    pub numbers: u64,
    pub bad: u64,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListChangedView {
    pub at: Stamp,
    pub by: String,
}

/// What came of an import.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListImportView {
    pub list: String,
    /// Lines that say something.
    pub lines: u64,
    pub added: u64,
    /// Numbers that were on the list before.
    pub already_held: u64,
    /// Lines with a number that an earlier line has as well.
    pub twice: u64,
    /// Numbers that were taken off, because the text replaces the list.
    pub removed: u64,
    /// Numbers on the list now.
    pub held: u64,
    pub bad: u64,
    /// The first of them.
    pub bad_lines: Vec<BadLineView>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BadLineView {
    pub line: u64,
    pub reason: String,
}

/// What came of a change by hand.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListChangeView {
    pub list: String,
    /// Numbers that were put on or taken off, and those that were so already.
    pub changed: u64,
    pub unchanged: u64,
    /// Numbers on the list now.
    pub held: u64,
}

/// What forbids calls to one number.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DoNotCallNumberView {
    pub number: String,
    /// Every list that it stands on.
    pub lists: Vec<String>,
    /// Businesses which it asked not to call, as outcomes of calls told.
    pub suppressed_for: Vec<String>,
}
