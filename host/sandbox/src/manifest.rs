//! The manifest of an adapter: what `adapter.toml` says, checked once, and relied on from there.
//!
//! Owns the file's fields, their defaults and their bounds.
//! It grants nothing: what a manifest asks for is only a wish until [`crate::grant`] compares it with what was granted.
//! An unknown field is an error, because a misspelt bound that is silently ignored is no bound.

mod about;
mod file;
mod functions;
mod reader;

pub(crate) use file::parse_base;

pub use crate::kind::Kind;
pub use about::{Directory, Fact, Observes, StandingRow};

use crate::trouble::Trouble;
use crate::version::Version;
use numbers::{Carriers, Confidence};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::time::Duration;
use url::Url;

/// The newest version of the interface, which new adapters are written against.
pub const WIT_VERSION: &str = Version::NEWEST.word();

/// Larger files are no manifest. Guessed: the largest that we ship has some four KiB.
pub const MANIFEST_BYTES_MAX: u64 = 256 * 1024;

/// What one adapter is and what it asks for.
#[derive(Clone, Debug, PartialEq)]
pub struct Manifest {
    pub id: String,
    pub kind: Kind,
    /// The adapter's own version, for people.
    pub version: String,
    pub summary: String,
    /// The version of the interface that it was written against.
    pub wit: Version,
    /// How well the agency's contract is known, and from where.
    pub confidence: Confidence,
    pub sources: Vec<String>,
    pub origins: BTreeMap<String, Origin>,
    pub secrets: BTreeMap<String, SecretAsk>,
    /// Settings with their defaults; the operator's configuration overrides them by key.
    pub config: BTreeMap<String, String>,
    pub limits: Limits,
    /// Requests in any minute, over all origins.
    pub per_minute: u32,
    pub speaks_for: Vec<String>,
    /// Agencies that a filing here reaches, where these are not those it speaks for.
    pub files_for: Vec<String>,
    /// Its filings concern the subscribers of these carriers alone; every carrier that the agency labels for when empty.
    pub carriers: Carriers,
    /// What its checks see; none where it checks nothing.
    pub observes: Option<Observes>,
    /// Where a person goes who files by hand.
    pub directory: Option<Directory>,
    /// How the agency's words become a standing.
    pub standings: Vec<StandingRow>,
    /// What is known of its contract, and how well.
    pub facts: Vec<Fact>,
    pub functions: Functions,
    pub timetable: Timetable,
    pub datasets: BTreeMap<String, DatasetAsk>,
    /// Rules of the conformance kit that it does not keep, each with its reason. Nobody else reads them.
    pub exempt: BTreeMap<String, Exemption>,
}

/// Why a rule of the conformance kit does not hold for an adapter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exemption {
    pub reason: String,
    /// Where it is written, because only the kit knows whether there is such a rule.
    pub line: usize,
}

/// A place on the network, by the name that the adapter uses for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    pub url: Url,
    pub methods: BTreeSet<Verb>,
    /// A tighter rate for this origin than the adapter's own.
    pub per_minute: Option<u32>,
}

/// A request method that a manifest may ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Verb {
    Get,
    Post,
    Put,
    Patch,
    Delete,
}

impl Verb {
    pub const fn word(self) -> &'static str {
        match self {
            Verb::Get => "GET",
            Verb::Post => "POST",
            Verb::Put => "PUT",
            Verb::Patch => "PATCH",
            Verb::Delete => "DELETE",
        }
    }
}

/// A secret that the operator provides and the host fills in; the adapter only ever writes its name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SecretAsk {
    /// The names of the origins that may receive it.
    pub origins: BTreeSet<String>,
    /// How the operator gets one.
    pub obtained: String,
    /// The functions that cannot work without it, as manifests spell them.
    pub functions: BTreeSet<String>,
}

/// What one call may use up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    pub memory_max: u64,
    /// Computing time, without the time spent waiting for an agency.
    pub cpu_max: Duration,
    /// From the call to its answer, waiting included.
    pub timeout: Duration,
    pub concurrency: u32,
    pub body_max: u64,
    pub log_max: u64,
    /// How many numbers one `check` may be asked for.
    pub batch_max: u32,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            // Derived: a QuickJS guest starts at some 2 MiB, and an answer of body_max parsed as JSON takes about ten times its size.
            memory_max: 48 * MIB,
            // Guessed: a check through a script takes under a millisecond, so this is a hang and not work.
            cpu_max: Duration::from_millis(500),
            // Guessed: slower agencies answer with `pending`.
            timeout: Duration::from_secs(20),
            concurrency: 4,
            body_max: 1024 * KIB,
            log_max: 16 * KIB,
            batch_max: 50,
        }
    }
}

/// Requests in any minute where a manifest names no rate. Guessed: a check every second is polite everywhere.
pub const RATE_PER_MINUTE_DEFAULT: u32 = 60;

/// What the adapter does; a function that is not named answers `unsupported`. Only those of its own kind are ever named.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Functions {
    pub check: Option<Check>,
    pub register: Option<Filing>,
    pub dispute: Option<Filing>,
    pub track: bool,
    pub inbound: bool,
    pub call_started: bool,
    pub probe: bool,
    pub search: bool,
    pub acquire: Option<Filing>,
    pub release: Option<Filing>,
    pub list_numbers: bool,
    pub price_micros: bool,
    pub lookup: bool,
    pub rank: bool,
}

/// How asking about numbers costs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Check {
    /// Millionths of a US dollar for one number.
    pub price_micros: u64,
    /// How long an answer stays worth having; the schedule does not ask sooner.
    pub fresh: Option<Duration>,
}

/// How a function that has effects outside may be repeated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Filing {
    pub effects: Effects,
    /// How long after sending `track` may answer `absent` and be believed.
    pub settle: Duration,
    /// For `register`: a new number waits until this agency has it.
    pub required: bool,
    pub by: By,
}

/// Who files with an agency.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum By {
    /// The adapter itself, over the network.
    Machine,
    /// A person, with a packet that the adapter makes.
    Person,
}

impl By {
    pub const fn word(self) -> &'static str {
        match self {
            By::Machine => "machine",
            By::Person => "person",
        }
    }
}

/// What to do when the host cannot know whether a request arrived.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Effects {
    /// The same key sent twice is one filing: send again.
    Idempotent,
    /// `track` tells whether it arrived.
    Queryable,
    /// Nobody can tell: never sent again by machine.
    Manual,
}

/// When to expect what of the agency.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timetable {
    pub acknowledged_in_days: u32,
    pub effective_in_days: u32,
}

/// A published data set of one file a day, fetched and indexed by the host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DatasetAsk {
    pub origin: String,
    /// With `{date}` where the day stands as `2026-11-23`.
    pub path: String,
    /// How many days back the index reaches.
    pub days: u32,
    pub weekdays_only: bool,
    /// The header of the column that holds the telephone number.
    pub key_column: String,
    pub encoding: Encoding,
    /// A file that begins otherwise is none: some sites answer a missing day with a page and status 200.
    pub must_begin_with: String,
    pub fetch_every: Duration,
    pub file_max: u64,
    /// Where the rows of a day are had whose file is not there.
    pub second: Option<SecondSource>,
}

/// An interface that tells the rows of a day page by page, as JSON.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SecondSource {
    pub origin: String,
    pub path: String,
    /// With `{date}` where the day stands, and `{offset}` where the number of rows before the page does.
    pub query: BTreeMap<String, String>,
    pub headers: BTreeMap<String, String>,
    /// Rows in a full page.
    pub page: u32,
    pub pages_max: u32,
    /// Where the list of rows stands in an answer, and the key in a row: names with dots between them.
    pub rows: String,
    pub key: String,
}

/// How a published file writes its letters.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Encoding {
    #[default]
    #[serde(rename = "utf-8")]
    Utf8,
    #[serde(rename = "cp1252")]
    Cp1252,
}

const KIB: u64 = 1024;
const MIB: u64 = 1024 * KIB;

impl Manifest {
    /// Reads a manifest; `file` is its name as errors shall show it.
    ///
    /// # Errors
    /// The first thing that is wrong, with its line.
    pub fn parse(file: &str, text: &str) -> Result<Manifest, Trouble> {
        file::parse(file, text)
    }

    /// Reads the manifest at `path`.
    ///
    /// # Errors
    /// When it cannot be read, or what [`Manifest::parse`] says.
    pub fn read(path: &Path) -> Result<Manifest, Trouble> {
        let place = path.display().to_string();
        let unreadable = |error: std::io::Error| {
            Trouble::new(&place, format!("cannot be read: {error}"), "make it a text file that this user may read")
        };
        let size = std::fs::metadata(path).map_err(unreadable)?.len();
        if size > MANIFEST_BYTES_MAX {
            return Err(Trouble::new(
                &place,
                format!("has {size} bytes, more than a manifest may have ({MANIFEST_BYTES_MAX})"),
                "move data out of it",
            ));
        }
        Manifest::parse(&place, &std::fs::read_to_string(path).map_err(unreadable)?)
    }
}

impl Manifest {
    /// The secrets without which this function cannot work.
    pub fn secrets_of<'a>(&'a self, function: &'a str) -> impl Iterator<Item = &'a str> + use<'a> {
        let needed = move |(_, ask): &(&String, &SecretAsk)| ask.functions.contains(function);
        self.secrets.iter().filter(needed).map(|(name, _)| name.as_str())
    }

    /// The agencies that a filing reaches: those it files for, and where it names none, those it speaks for.
    pub fn disputes_at(&self) -> &[String] {
        if self.files_for.is_empty() { &self.speaks_for } else { &self.files_for }
    }

    /// What the adapter does by itself, and what it prepares for a person.
    pub fn ability(&self) -> String {
        let functions = &self.functions;
        let filing = |what: &str, filing: Option<Filing>| {
            filing.map(|filing| match filing.by {
                By::Machine => format!("{what} by itself"),
                By::Person => format!("makes the packet to {}", what.trim_end_matches('s')),
            })
        };
        let mut able: Vec<String> = functions.check.iter().map(|_| "checks by itself".to_owned()).collect();
        able.extend(filing("registers", functions.register));
        able.extend(filing("disputes", functions.dispute));
        able.extend(filing("acquires numbers", functions.acquire));
        able.extend(functions.lookup.then(|| "looks up carriers by itself".to_owned()));
        able.extend(functions.rank.then(|| "orders candidates".to_owned()));
        if able.is_empty() { "nothing".to_owned() } else { able.join(", ") }
    }

    /// Whether all that it ever does is to make packets for people.
    pub fn only_packets(&self) -> bool {
        let Functions { check, register, dispute, .. } = &self.functions;
        let by_person = |filing: &Option<Filing>| filing.is_none_or(|filing| filing.by == By::Person);
        let files = register.is_some() || dispute.is_some();
        files && check.is_none() && by_person(register) && by_person(dispute)
    }
}

/// Whether this is an id: it stands in file names, addresses and variables, so lower-case letters, digits and `_`.
pub fn is_id(text: &str) -> bool {
    (1..=40).contains(&text.len())
        && text.starts_with(|c: char| c.is_ascii_lowercase())
        && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
}
