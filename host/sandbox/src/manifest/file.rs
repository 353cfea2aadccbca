//! The shape of `adapter.toml` on disk, and the checks that turn it into a [`Manifest`].

use super::about::{DirectoryFile, FactFile, ObservesFile, StandingFile};
use super::functions::FunctionsFile;
use super::reader::Reader;
use super::{
    DatasetAsk, Encoding, Exemption, KIB, Kind, Limits, MIB, Manifest, Origin, RATE_PER_MINUTE_DEFAULT, SecondSource,
    SecretAsk, Timetable, Verb, WIT_VERSION, is_id,
};
use crate::trouble::{Trouble, line_of, nearest};
use crate::version::Version;
use numbers::Confidence;
use serde::Deserialize;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserializer, Error as _, MapAccess, Visitor};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::ops::RangeInclusive;
use std::time::Duration;
use toml::Spanned;
use url::Url;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ManifestFile {
    id: Spanned<String>,
    kind: Kind,
    version: String,
    summary: String,
    wit: Spanned<String>,
    confidence: Confidence,
    #[serde(default)]
    sources: Vec<String>,
    #[serde(default)]
    origins: BTreeMap<Spanned<String>, OriginFile>,
    #[serde(default)]
    secrets: BTreeMap<Spanned<String>, SecretFile>,
    #[serde(default)]
    config: BTreeMap<String, Setting>,
    #[serde(default)]
    limits: LimitsFile,
    #[serde(default)]
    rates: RatesFile,
    #[serde(default)]
    agencies: AgenciesFile,
    observes: Option<Spanned<ObservesFile>>,
    directory: Option<DirectoryFile>,
    #[serde(default)]
    standings: Vec<StandingFile>,
    #[serde(default)]
    facts: Vec<FactFile>,
    #[serde(default)]
    functions: FunctionsFile,
    #[serde(default)]
    timetable: TimetableFile,
    #[serde(default)]
    datasets: BTreeMap<Spanned<String>, DatasetFile>,
    #[serde(default)]
    exempt: BTreeMap<Spanned<String>, String>,
}

/// Either `api = "https://…"`, which may only be read from, or a table with its methods.
struct OriginFile {
    url: Spanned<String>,
    methods: Option<BTreeSet<Verb>>,
    per_minute: Option<Spanned<u64>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OriginTable {
    url: Spanned<String>,
    methods: Option<BTreeSet<Verb>>,
    per_minute: Option<Spanned<u64>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SecretFile {
    origins: Spanned<Vec<String>>,
    #[serde(rename = "where")]
    obtained: String,
    functions: Option<Vec<Spanned<String>>>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct LimitsFile {
    memory_max_mib: Option<Spanned<u64>>,
    cpu_ms: Option<Spanned<u64>>,
    timeout_s: Option<Spanned<u64>>,
    concurrency: Option<Spanned<u64>>,
    body_max_kib: Option<Spanned<u64>>,
    log_max_kib: Option<Spanned<u64>>,
    batch_max: Option<Spanned<u64>>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct RatesFile {
    per_minute: Option<Spanned<u64>>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct AgenciesFile {
    #[serde(default)]
    speaks_for: Vec<Spanned<String>>,
    #[serde(default)]
    files_for: Vec<Spanned<String>>,
    #[serde(default)]
    carriers: Vec<Spanned<String>>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct TimetableFile {
    acknowledged_in_days: Option<Spanned<u64>>,
    effective_in_days: Option<Spanned<u64>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DatasetFile {
    origin: Spanned<String>,
    path: Spanned<String>,
    days: Spanned<u64>,
    #[serde(default)]
    weekdays_only: bool,
    key_column: String,
    #[serde(default)]
    encoding: Encoding,
    #[serde(default)]
    must_begin_with: String,
    fetch_every_s: Option<Spanned<u64>>,
    file_max_kib: Option<Spanned<u64>>,
    second: Option<SecondFile>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SecondFile {
    origin: Spanned<String>,
    path: Spanned<String>,
    query: Spanned<BTreeMap<String, String>>,
    #[serde(default)]
    headers: BTreeMap<String, String>,
    page: Spanned<u64>,
    pages_max: Option<Spanned<u64>>,
    rows: String,
    key: String,
}

/// A setting: written as text, number or switch, handed to the adapter as text.
struct Setting(String);

impl Reader<'_> {
    fn name(&self, what: &str, written: &Spanned<String>) -> Result<String, Trouble> {
        if is_id(written.get_ref()) {
            return Ok(written.get_ref().clone());
        }
        Err(Trouble::new(
            self.at(written),
            format!("`{}` is no {what}", written.get_ref()),
            "write up to 40 lower-case letters, digits and underscores, beginning with a letter",
        ))
    }

    fn known_origin(&self, at: String, name: &str, origins: &BTreeMap<String, Origin>) -> Result<(), Trouble> {
        if origins.contains_key(name) {
            return Ok(());
        }
        let known: Vec<&String> = origins.keys().collect();
        let remedy = match nearest(name, &known) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("name it under [origins], as in `{name} = \"https://…\"`"),
        };
        Err(Trouble::new(at, format!("no origin is named `{name}`"), remedy))
    }

    /// Functions by their names, each of which must be declared.
    fn declared(&self, named: &[Spanned<String>], declared: &[&str]) -> Result<BTreeSet<String>, Trouble> {
        for name in named {
            if !declared.contains(&name.get_ref().as_str()) {
                let remedy = match nearest(name.get_ref(), declared) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => format!("declared are {}", declared.join(", ")),
                };
                let reason = format!("`{}` is no function that this manifest declares", name.get_ref());
                return Err(Trouble::new(self.at(name), reason, remedy));
            }
        }
        Ok(named.iter().map(|name| name.get_ref().clone()).collect())
    }

    fn origin(&self, written: &OriginFile) -> Result<Origin, Trouble> {
        let at = self.at(&written.url);
        let url = parse_base(written.url.get_ref()).map_err(|reason| {
            Trouble::new(
                &at,
                format!("`{}` {reason}", written.url.get_ref()),
                "write it as in `https://api.example.com`",
            )
        })?;
        if url.scheme() != "https" {
            return Err(Trouble::new(
                at,
                format!("`{}` is not encrypted", written.url.get_ref()),
                "write `https://…`; the operator's configuration may rebind it to a plain address",
            ));
        }
        let methods = written.methods.clone().unwrap_or_else(|| BTreeSet::from([Verb::Get]));
        let per_minute = match &written.per_minute {
            Some(rate) => {
                Some(self.bounded("per_minute", Some(rate), u64::from(RATE_PER_MINUTE_DEFAULT), RATE_BOUNDS)? as u32)
            }
            None => None,
        };
        Ok(Origin { url, methods, per_minute })
    }

    fn limits(&self, written: &LimitsFile) -> Result<Limits, Trouble> {
        let bounded = |field: &str, value: &Option<Spanned<u64>>, default, bounds| {
            self.bounded(field, value.as_ref(), default, bounds)
        };
        Ok(Limits {
            memory_max: bounded("memory_max_mib", &written.memory_max_mib, 48, 4..=MEMORY_MAX_MIB)? * MIB,
            cpu_max: Duration::from_millis(bounded("cpu_ms", &written.cpu_ms, 500, 1..=60_000)?),
            timeout: Duration::from_secs(bounded("timeout_s", &written.timeout_s, 20, 1..=300)?),
            concurrency: bounded("concurrency", &written.concurrency, 4, 1..=64)? as u32,
            body_max: bounded("body_max_kib", &written.body_max_kib, 1024, 1..=65_536)? * KIB,
            log_max: bounded("log_max_kib", &written.log_max_kib, 16, 0..=1024)? * KIB,
            batch_max: bounded("batch_max", &written.batch_max, 50, 1..=10_000)? as u32,
        })
    }

    fn dataset(&self, written: &DatasetFile, origins: &BTreeMap<String, Origin>) -> Result<DatasetAsk, Trouble> {
        let origin = written.origin.get_ref();
        self.known_origin(self.at(&written.origin), origin, origins)?;
        let path = written.path.get_ref();
        if !path.starts_with('/') || path.matches("{date}").count() != 1 {
            return Err(Trouble::new(
                self.at(&written.path),
                format!("`{path}` does not say where the file of a day is"),
                "begin with `/` and write `{date}` once, where 2026-11-23 stands in the address",
            ));
        }
        let fetch_every = self.bounded("fetch_every_s", written.fetch_every_s.as_ref(), 21_600, 1..=30 * 86_400)?;
        let file_max = self.bounded("file_max_kib", written.file_max_kib.as_ref(), 16_384, 1..=262_144)?;
        Ok(DatasetAsk {
            origin: origin.clone(),
            path: path.clone(),
            days: self.bounded("days", Some(&written.days), 90, 1..=366)? as u32,
            weekdays_only: written.weekdays_only,
            key_column: written.key_column.clone(),
            encoding: written.encoding,
            must_begin_with: written.must_begin_with.clone(),
            fetch_every: Duration::from_secs(fetch_every),
            file_max: file_max * KIB,
            second: written.second.as_ref().map(|second| self.second(second, origins)).transpose()?,
        })
    }

    fn second(&self, written: &SecondFile, origins: &BTreeMap<String, Origin>) -> Result<SecondSource, Trouble> {
        self.known_origin(self.at(&written.origin), written.origin.get_ref(), origins)?;
        let query = written.query.get_ref();
        let says = |what: &str| query.values().any(|value| value.contains(what));
        if !written.path.get_ref().starts_with('/') || !says("{date}") || !says("{offset}") {
            return Err(Trouble::new(
                self.at(&written.query),
                "it does not say how a page of a day is asked for",
                "begin `path` with `/`, and write `{date}` and `{offset}` into values of `query`",
            ));
        }
        Ok(SecondSource {
            origin: written.origin.get_ref().clone(),
            path: written.path.get_ref().clone(),
            query: query.clone(),
            headers: written.headers.clone(),
            page: self.bounded("page", Some(&written.page), 50, 1..=10_000)? as u32,
            pages_max: self.bounded("pages_max", written.pages_max.as_ref(), 1_000, 1..=100_000)? as u32,
            rows: written.rows.clone(),
            key: written.key.clone(),
        })
    }
}

/// The engine reserves this much address space for each call, so no manifest can ask for more.
const MEMORY_MAX_MIB: u64 = 64;

/// One request in a minute at least, a hundred a second at most.
const RATE_BOUNDS: RangeInclusive<u64> = 1..=6_000;

pub(super) fn parse(file: &str, text: &str) -> Result<Manifest, Trouble> {
    let written: ManifestFile = toml::from_str(text).map_err(|error| Trouble::from_toml(file, text, &error))?;
    let reader = Reader { file, text };
    let id = reader.name("adapter id", &written.id)?;
    let wit = Version::of(written.wit.get_ref()).ok_or_else(|| {
        Trouble::new(
            reader.at(&written.wit),
            format!("`wit` is `{}`, which this host does not serve", written.wit.get_ref()),
            format!("build the adapter against `{WIT_VERSION}`, or install a host that serves it"),
        )
    })?;
    if !wit.kinds().contains(&written.kind) {
        return Err(Trouble::new(
            reader.at(&written.wit),
            format!("version {wit} of the interface has no world for adapters of kind `{}`", written.kind),
            format!("build the adapter against `{WIT_VERSION}`"),
        ));
    }
    let mut origins = BTreeMap::new();
    for (name, origin) in &written.origins {
        origins.insert(reader.name("name for an origin", name)?, reader.origin(origin)?);
    }
    let functions = written.functions.read(&reader, written.kind, !origins.is_empty())?;
    let mut secrets = BTreeMap::new();
    for (name, secret) in &written.secrets {
        let is_name = name.get_ref().bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_');
        if !is_name || name.get_ref().is_empty() {
            return Err(Trouble::new(
                reader.at(name),
                format!("`{}` is no name for a secret", name.get_ref()),
                "write upper-case letters, digits and underscores, as in `API_KEY`",
            ));
        }
        for origin in secret.origins.get_ref() {
            reader.known_origin(reader.at(&secret.origins), origin, &origins)?;
        }
        let declared = functions.named();
        let for_functions = match &secret.functions {
            None => declared.iter().map(|function| (*function).to_owned()).collect(),
            Some(named) => reader.declared(named, &declared)?,
        };
        let bound = secret.origins.get_ref().iter().cloned().collect();
        let ask = SecretAsk { origins: bound, obtained: secret.obtained.clone(), functions: for_functions };
        secrets.insert(name.get_ref().clone(), ask);
    }
    let agencies = |written: &[Spanned<String>]| {
        written.iter().map(|agency| reader.name("agency id", agency)).collect::<Result<Vec<String>, Trouble>>()
    };
    let mut datasets = BTreeMap::new();
    for (name, dataset) in &written.datasets {
        datasets.insert(reader.name("name for a data set", name)?, reader.dataset(dataset, &origins)?);
    }
    let mut exempt = BTreeMap::new();
    for (rule, reason) in written.exempt {
        if reason.trim().is_empty() {
            return Err(Trouble::new(
                reader.at(&rule),
                format!("`{}` is exempt without a reason", rule.get_ref()),
                "write why the rule does not hold for this agency",
            ));
        }
        let line = line_of(text, rule.span().start);
        exempt.insert(rule.into_inner(), Exemption { reason, line });
    }
    let observes = match &written.observes {
        Some(observes) if functions.check.is_none() => {
            return Err(Trouble::new(
                reader.at(observes),
                "it observes something, and checks nothing",
                "declare `[functions.check]`, or take [observes] out: a packet sees no lines",
            ));
        }
        observes => observes.as_ref().map(|observes| reader.observes(observes.get_ref())).transpose()?,
    };
    let days = |field: &str, value: &Option<Spanned<u64>>, default| {
        reader.bounded(field, value.as_ref(), default, 0..=365).map(|days| days as u32)
    };
    Ok(Manifest {
        id,
        kind: written.kind,
        version: written.version,
        summary: written.summary,
        wit,
        confidence: written.confidence,
        sources: written.sources,
        limits: reader.limits(&written.limits)?,
        per_minute: reader.bounded(
            "per_minute",
            written.rates.per_minute.as_ref(),
            u64::from(RATE_PER_MINUTE_DEFAULT),
            RATE_BOUNDS,
        )? as u32,
        origins,
        secrets,
        config: written.config.into_iter().map(|(key, Setting(value))| (key, value)).collect(),
        speaks_for: agencies(&written.agencies.speaks_for)?,
        files_for: agencies(&written.agencies.files_for)?,
        carriers: reader.carriers(&written.agencies.carriers)?,
        observes,
        directory: written.directory.as_ref().map(|directory| reader.directory(directory)).transpose()?,
        standings: reader.standings(&written.standings)?,
        facts: reader.facts(&written.facts)?,
        functions,
        timetable: Timetable {
            acknowledged_in_days: days("acknowledged_in_days", &written.timetable.acknowledged_in_days, 2)?,
            effective_in_days: days("effective_in_days", &written.timetable.effective_in_days, 14)?,
        },
        datasets,
        exempt,
    })
}

/// A base address: a host, perhaps a path, and nothing that belongs to one request.
pub(crate) fn parse_base(text: &str) -> Result<Url, String> {
    let url = Url::parse(text).map_err(|error| format!("is no address ({error})"))?;
    if !matches!(url.scheme(), "http" | "https") || url.host().is_none() {
        return Err("is no web address".to_owned());
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err("holds a user or a password; those are secrets".to_owned());
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err("holds a query; the adapter writes that with each request".to_owned());
    }
    Ok(url)
}

impl<'de> Deserialize<'de> for OriginFile {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<OriginFile, D::Error> {
        // The address alone carries its line only through `Spanned`, and a table only through a map,
        // so the shape is found out first and read a second time from the value itself.
        struct Shape;
        impl<'de> Visitor<'de> for Shape {
            type Value = OriginTable;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an address, or a table with `url` and `methods`")
            }
            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<OriginTable, E> {
                Ok(OriginTable { url: Spanned::new(0..0, text.to_owned()), methods: None, per_minute: None })
            }
            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<OriginTable, A::Error> {
                OriginTable::deserialize(MapAccessDeserializer::new(map))
            }
        }
        struct Whole(OriginTable);
        impl<'de> Deserialize<'de> for Whole {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Whole, D::Error> {
                deserializer.deserialize_any(Shape).map(Whole)
            }
        }
        let whole = Spanned::<Whole>::deserialize(deserializer)?;
        let span = whole.span();
        let Whole(table) = whole.into_inner();
        let url = if table.url.span().is_empty() { Spanned::new(span, table.url.into_inner()) } else { table.url };
        Ok(OriginFile { url, methods: table.methods, per_minute: table.per_minute })
    }
}

impl<'de> Deserialize<'de> for Setting {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Setting, D::Error> {
        match toml::Value::deserialize(deserializer)? {
            toml::Value::String(text) => Ok(Setting(text)),
            toml::Value::Integer(value) => Ok(Setting(value.to_string())),
            toml::Value::Float(value) => Ok(Setting(value.to_string())),
            toml::Value::Boolean(value) => Ok(Setting(value.to_string())),
            toml::Value::Datetime(value) => Ok(Setting(value.to_string())),
            toml::Value::Array(_) | toml::Value::Table(_) => {
                Err(D::Error::custom("a setting is one text, number or switch"))
            }
        }
    }
}
