//! `[functions]` of a manifest: what an adapter does, what it costs, and how it may be repeated.

use super::reader::Reader;
use super::{By, Check, Effects, Filing, Functions, Kind};
use crate::trouble::{Trouble, nearest};
use serde::Deserialize;
use std::time::Duration;
use toml::Spanned;

/// The functions of all kinds; which of them fit is judged by the manifest's own kind.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FunctionsFile {
    check: Option<Spanned<CheckFile>>,
    register: Option<Spanned<FilingFile>>,
    dispute: Option<Spanned<FilingFile>>,
    track: Option<Spanned<PlainFile>>,
    inbound: Option<Spanned<PlainFile>>,
    call_started: Option<Spanned<PlainFile>>,
    probe: Option<Spanned<PlainFile>>,
    search: Option<Spanned<PlainFile>>,
    acquire: Option<Spanned<FilingFile>>,
    release: Option<Spanned<FilingFile>>,
    list_numbers: Option<Spanned<PlainFile>>,
    price_micros: Option<Spanned<PlainFile>>,
    lookup: Option<Spanned<PlainFile>>,
    rank: Option<Spanned<PlainFile>>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct PlainFile {}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CheckFile {
    price_micros: Option<Spanned<u64>>,
    fresh_s: Option<Spanned<u64>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FilingFile {
    effects: Spanned<Effects>,
    settle_s: Option<Spanned<u64>>,
    #[serde(default)]
    required: bool,
    by: Option<By>,
}

impl FunctionsFile {
    /// What the manifest of an adapter of this kind declares.
    /// Where it reaches no network, a filing is a person's if nothing else is said.
    pub(super) fn read(&self, reader: &Reader<'_>, kind: Kind, reaches: bool) -> Result<Functions, Trouble> {
        let by = if reaches { By::Machine } else { By::Person };
        let place = |written: &Option<Spanned<PlainFile>>| written.as_ref().map(|written| reader.at(written));
        let filing_place = |written: &Option<Spanned<FilingFile>>| written.as_ref().map(|written| reader.at(written));
        let named = [
            ("check", self.check.as_ref().map(|written| reader.at(written))),
            ("register", filing_place(&self.register)),
            ("dispute", filing_place(&self.dispute)),
            ("track", place(&self.track)),
            ("inbound", place(&self.inbound)),
            ("call_started", place(&self.call_started)),
            ("probe", place(&self.probe)),
            ("search", place(&self.search)),
            ("acquire", filing_place(&self.acquire)),
            ("release", filing_place(&self.release)),
            ("list_numbers", place(&self.list_numbers)),
            ("price_micros", place(&self.price_micros)),
            ("lookup", place(&self.lookup)),
            ("rank", place(&self.rank)),
        ];
        let known = kind.function_names();
        for (name, place) in named {
            if let Some(place) = place.filter(|_| !known.iter().any(|known| known == name)) {
                let remedy = match nearest(name, &known) {
                    Some(near) => format!("did you mean `{near}`? (known here: {})", known.join(", ")),
                    None => format!("known here: {}", known.join(", ")),
                };
                return Err(Trouble::new(
                    place,
                    format!("adapters of kind `{kind}` have no function `{name}`"),
                    remedy,
                ));
            }
        }
        let check = match self.check.as_ref().map(Spanned::get_ref) {
            None => None,
            Some(check) => Some(Check {
                price_micros: reader.bounded("price_micros", check.price_micros.as_ref(), 0, 0..=1_000_000_000)?,
                fresh: match &check.fresh_s {
                    None => None,
                    Some(fresh) => {
                        Some(Duration::from_secs(reader.bounded("fresh_s", Some(fresh), 0, 1..=30 * 86_400)?))
                    }
                },
            }),
        };
        let tracked = ("[functions.track]", self.track.is_some());
        let listed = ("[functions.list_numbers]", self.list_numbers.is_some());
        Ok(Functions {
            check,
            register: filing(reader, "register", &self.register, tracked, by)?,
            dispute: filing(reader, "dispute", &self.dispute, tracked, by)?,
            track: self.track.is_some(),
            inbound: self.inbound.is_some(),
            call_started: self.call_started.is_some(),
            probe: self.probe.is_some(),
            search: self.search.is_some(),
            acquire: filing(reader, "acquire", &self.acquire, listed, by)?,
            release: filing(reader, "release", &self.release, listed, by)?,
            list_numbers: self.list_numbers.is_some(),
            price_micros: self.price_micros.is_some(),
            lookup: self.lookup.is_some(),
            rank: self.rank.is_some(),
        })
    }
}

/// `query` is the function that can tell what became of it, and whether it is declared.
fn filing(
    reader: &Reader<'_>,
    name: &str,
    written: &Option<Spanned<FilingFile>>,
    (query, declared): (&str, bool),
    by: By,
) -> Result<Option<Filing>, Trouble> {
    let Some(written) = written.as_ref().map(Spanned::get_ref) else { return Ok(None) };
    let effects = *written.effects.get_ref();
    if effects == Effects::Queryable && !(declared && written.settle_s.is_some()) {
        return Err(Trouble::new(
            reader.at(&written.effects),
            format!("`{name}` is queryable, but nothing says how to query it"),
            format!(
                "add `{query}` and `settle_s = …` (how long until `absent` can be believed), or write `effects = \"manual\"`"
            ),
        ));
    }
    let settle = reader.bounded("settle_s", written.settle_s.as_ref(), 0, 0..=30 * 86_400)?;
    Ok(Some(Filing {
        effects,
        settle: Duration::from_secs(settle),
        required: written.required,
        by: written.by.unwrap_or(by),
    }))
}

impl Functions {
    /// The names of those that are declared, as manifests and cassettes spell them, in the order of the interface.
    pub fn named(&self) -> Vec<&'static str> {
        let all = [
            ("check", self.check.is_some()),
            ("register", self.register.is_some()),
            ("dispute", self.dispute.is_some()),
            ("track", self.track),
            ("inbound", self.inbound),
            ("call_started", self.call_started),
            ("probe", self.probe),
            ("search", self.search),
            ("acquire", self.acquire.is_some()),
            ("release", self.release.is_some()),
            ("list_numbers", self.list_numbers),
            ("price_micros", self.price_micros),
            ("lookup", self.lookup),
            ("rank", self.rank),
        ];
        all.into_iter().filter(|(_, declared)| *declared).map(|(name, _)| name).collect()
    }
}
