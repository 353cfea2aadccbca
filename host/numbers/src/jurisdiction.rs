//! What the law says of the hours and the number of sales calls, place by place and date by date.
//!
//! Owns `jurisdictions.tsv`, reads it, and gives the rules of a place. Every rule says from when to when it holds, where it
//! stands, and how sure we are of it; a changed law is a line that ends and one that begins.
//! It weighs nothing: which places a callee may be in, and what follows from several at once, is [`crate::law`].
//! It knows no exemption: consent or business-to-business is for a named person to claim, and never assumed here.

use crate::holiday::Holidays;
use crate::hours::{Hours, HoursError};
use crate::region::{Country, Region};
use crate::zone::Date;
use core::fmt;
use std::sync::LazyLock;

/// Whose law it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Jurisdiction {
    /// Federal law.
    Federal(Country),
    /// That of a state, territory or province.
    Region(Region),
}

/// How sure we are that a rule is as it stands here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Mark {
    /// The statute's or the regulator's own text.
    D,
    /// A secondary source.
    S,
    /// Knowledge of the trade, to be verified.
    M,
}

/// One line of the table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    pub jurisdiction: Jurisdiction,
    /// The first date on which it holds; none where that is longer ago than anybody asks.
    pub from: Option<Date>,
    /// The last date on which it holds; none until further notice.
    pub until: Option<Date>,
    /// When a call is permitted; all day where the rule is about something else.
    pub hours: Hours,
    /// Attempts that one callee may get in 24 hours, where the rule limits them.
    pub attempts_per_24h: Option<u32>,
    /// Days on which nobody is called, whatever the hours.
    pub closed_on: Holidays,
    pub mark: Mark,
    /// The statute, regulation or decision, in words.
    pub source: Box<str>,
    /// What a reader should know beside it; often empty.
    pub remark: Box<str>,
}

/// Why the table cannot be read, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TableError {
    /// Counted from 1, as editors do.
    pub line: usize,
    pub reason: RowError,
}

/// What is wrong with a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RowError {
    /// There are this many columns.
    Columns(usize),
    Place(String),
    Date(String),
    /// The last date is before the first.
    EndsBeforeItBegins,
    Hours(HoursError),
    /// Hours that never open would forbid all calls to a place, which no rule does.
    NeverOpens,
    Attempts(String),
    Holiday(String),
    Mark(String),
    /// A rule nobody can look up is no rule.
    NoSource,
    /// The source names a site; it must be words that hold when the site is gone.
    SourceIsAddress,
    /// It limits nothing.
    SaysNothing,
}

impl Jurisdiction {
    /// `USA`, `CAN`, or the two letters of a region: the word of the table, of answers and of logs.
    pub fn code(self) -> &'static str {
        match self {
            Jurisdiction::Federal(Country::UnitedStates) => "USA",
            Jurisdiction::Federal(Country::Canada) => "CAN",
            Jurisdiction::Region(region) => region.code(),
        }
    }

    /// Its rules, those included that hold no longer or not yet.
    pub fn rules(self) -> &'static [Rule] {
        let table = &*TABLE;
        match self {
            Jurisdiction::Federal(Country::UnitedStates) => &table.united_states,
            Jurisdiction::Federal(Country::Canada) => &table.canada,
            Jurisdiction::Region(region) => &table.regions[region.index()],
        }
    }

    /// Its rules that hold on this date.
    pub fn rules_on(self, date: Date) -> impl Iterator<Item = &'static Rule> {
        self.rules().iter().filter(move |rule| rule.holds_on(date))
    }
}

impl Rule {
    /// Whether it holds on this date, which is the callee's.
    pub fn holds_on(&self, date: Date) -> bool {
        self.from.is_none_or(|from| from <= date) && self.until.is_none_or(|until| date <= until)
    }
}

/// The rules by place.
struct Table {
    united_states: Vec<Rule>,
    canada: Vec<Rule>,
    regions: Vec<Vec<Rule>>,
}

static TABLE: LazyLock<Table> = LazyLock::new(|| {
    let rules = read(include_str!("jurisdictions.tsv")).unwrap_or_else(|error| panic!("jurisdictions.tsv: {error}"));
    let of = |jurisdiction| rules.iter().filter(|rule| rule.jurisdiction == jurisdiction).cloned().collect();
    Table {
        united_states: of(Jurisdiction::Federal(Country::UnitedStates)),
        canada: of(Jurisdiction::Federal(Country::Canada)),
        regions: Region::all().map(|region| of(Jurisdiction::Region(region))).collect(),
    }
});

/// Reads a table: one rule a line, nine columns separated by tabs; a line that begins with `#` is a remark.
///
/// # Errors
/// Says which line is wrong and why; see [`TableError`].
pub fn read(table: &str) -> Result<Vec<Rule>, TableError> {
    let lines = table.lines().enumerate().filter(|(_, line)| !line.starts_with('#'));
    lines.map(|(place, line)| row(line).map_err(|reason| TableError { line: place + 1, reason })).collect()
}

fn row(line: &str) -> Result<Rule, RowError> {
    let columns: Vec<&str> = line.split('\t').collect();
    let [place, from, until, hours, attempts, holidays, mark, source, remark] = columns[..] else {
        return Err(RowError::Columns(columns.len()));
    };
    let given = |text| Some(text).filter(|text| *text != "-");
    let date =
        |text| given(text).map(|text| Date::parse(text).ok_or_else(|| RowError::Date(text.to_owned()))).transpose();
    let (from, until) = (date(from)?, date(until)?);
    if let (Some(from), Some(until)) = (from, until)
        && until < from
    {
        return Err(RowError::EndsBeforeItBegins);
    }
    let hours = given(hours).map(Hours::parse).transpose().map_err(RowError::Hours)?;
    if hours.is_some_and(|hours| !hours.opens_ever()) {
        return Err(RowError::NeverOpens);
    }
    let attempts_per_24h = given(attempts)
        .map(|text| text.parse().ok().filter(|count| *count > 0).ok_or_else(|| RowError::Attempts(text.to_owned())))
        .transpose()?;
    let closed_on =
        given(holidays).map(Holidays::parse).transpose().map_err(|word| RowError::Holiday(word.to_owned()))?;
    let mark = match mark {
        "D" => Mark::D,
        "S" => Mark::S,
        "M" => Mark::M,
        other => return Err(RowError::Mark(other.to_owned())),
    };
    if given(source.trim()).is_none_or(str::is_empty) {
        return Err(RowError::NoSource);
    }
    if ["://", "www.", ".com", ".gov", ".org"].iter().any(|part| source.contains(part)) {
        return Err(RowError::SourceIsAddress);
    }
    if hours.is_none() && attempts_per_24h.is_none() && closed_on.is_none() {
        return Err(RowError::SaysNothing);
    }
    Ok(Rule {
        jurisdiction: jurisdiction(place)?,
        from,
        until,
        hours: hours.unwrap_or(Hours::ALWAYS),
        attempts_per_24h,
        closed_on: closed_on.unwrap_or(Holidays::NONE),
        mark,
        source: source.into(),
        remark: remark.into(),
    })
}

fn jurisdiction(place: &str) -> Result<Jurisdiction, RowError> {
    match place {
        "USA" => Ok(Jurisdiction::Federal(Country::UnitedStates)),
        "CAN" => Ok(Jurisdiction::Federal(Country::Canada)),
        region => {
            let region = Region::parse(region).map_err(|_| RowError::Place(place.to_owned()))?;
            Ok(Jurisdiction::Region(region))
        }
    }
}

impl fmt::Display for Jurisdiction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Jurisdiction::Federal(Country::UnitedStates) => "the United States",
            Jurisdiction::Federal(Country::Canada) => "Canada",
            Jurisdiction::Region(region) => region.name(),
        })
    }
}

impl fmt::Display for TableError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.line, self.reason)
    }
}

impl fmt::Display for RowError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            RowError::Columns(count) => write!(
                f,
                "it has {count} columns; write place, from, until, hours, attempts, holidays, mark, source and remark, \
                 with a tab between and a dash for none"
            ),
            RowError::Place(text) => write!(f, "`{text}` is no place; write USA, CAN or the two letters of a state"),
            RowError::Date(text) => write!(f, "`{text}` is no date; write it as in 2026-01-31, or a dash"),
            RowError::EndsBeforeItBegins => f.write_str("its last date is before its first; swap them"),
            RowError::Hours(error) => write!(f, "hours, {error}"),
            RowError::NeverOpens => f.write_str("its hours never open; write when calls are permitted, or a dash"),
            RowError::Attempts(text) => write!(f, "`{text}` is no number of attempts; write 1 or more, or a dash"),
            RowError::Holiday(word) => {
                write!(f, "`{word}` is no holiday; write federal or a word of holiday.rs, or a dash")
            }
            RowError::Mark(text) => write!(f, "`{text}` is no mark; write D, S or M"),
            RowError::NoSource => f.write_str("it has no source; cite the statute, rule or decision"),
            RowError::SourceIsAddress => f.write_str("its source is an address; cite the statute in words instead"),
            RowError::SaysNothing => f.write_str("it limits nothing; give hours, attempts or holidays, or take it out"),
        }
    }
}

impl core::error::Error for TableError {}
impl core::error::Error for RowError {}
