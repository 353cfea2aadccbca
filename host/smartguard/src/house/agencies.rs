//! Which agencies can be seen, filed with and disputed at with the secrets that are there, and what one more key would add.
//!
//! Made of the manifests of what serves, each time it is asked for. It asks no agency.

use super::House;
use super::adapters::Adapters;
use crate::desk::{AgenciesView, AgencyView, DirectoryEntry, KeyAdviceView, LackView, WayView};
use numbers::{Carrier, Carriers, Confidence};
use sandbox::manifest::{By, Manifest};
use sandbox::secrets::variable;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::Ordering::Relaxed;

/// So many calls that named the callee's carrier make a share of one's own callees. Guessed: below it chance weighs more.
const CALLS_MIN: u64 = 200;

impl House {
    /// Every agency that some adapter speaks or files for.
    pub(super) fn agencies_view(&self) -> AgenciesView {
        let manifests = self.adapters.manifests();
        let lacks = |manifest: &Manifest, function: &str| self.adapters.lacks(manifest, function);
        let mut agencies: BTreeMap<String, AgencyView> = BTreeMap::new();
        for manifest in &manifests {
            let mut note = |ids: &[String], place: fn(&mut AgencyView) -> &mut Vec<WayView>, way: &WayView| {
                for id in ids {
                    let agency = agencies.entry(id.clone()).or_insert_with(|| AgencyView {
                        id: id.clone(),
                        name: name_of(id, &manifests),
                        seen_by: Vec::new(),
                        registered_by: Vec::new(),
                        disputed_by: Vec::new(),
                    });
                    place(agency).push(way.clone());
                }
            };
            let way = |function: &str, by: By| {
                let lacks = lacks(manifest, function);
                WayView {
                    adapter: manifest.id.clone(),
                    by: by.word().to_owned(),
                    usable: lacks.is_empty(),
                    lacks,
                    price_micros: None,
                    carriers: Vec::new(),
                }
            };
            let functions = &manifest.functions;
            if functions.check.is_some() {
                let carriers = observed(manifest).iter().map(|carrier| carrier.word().to_owned()).collect();
                let seen = WayView { price_micros: price(manifest), carriers, ..way("check", By::Machine) };
                note(&manifest.speaks_for, |agency| &mut agency.seen_by, &seen);
            }
            if let Some(register) = functions.register {
                note(manifest.disputes_at(), |agency| &mut agency.registered_by, &way("register", register.by));
            }
            if let Some(dispute) = functions.dispute {
                note(manifest.disputes_at(), |agency| &mut agency.disputed_by, &way("dispute", dispute.by));
            }
        }
        for agency in agencies.values_mut() {
            for ways in [&mut agency.seen_by, &mut agency.registered_by, &mut agency.disputed_by] {
                ways.sort_by_key(|way| {
                    (!way.usable, way.by != By::Machine.word(), way.price_micros, way.adapter.clone())
                });
            }
        }
        let seen = self.seen(&manifests);
        AgenciesView {
            agencies: agencies.into_values().collect(),
            unobserved: Carrier::ALL
                .into_iter()
                .filter(|carrier| *carrier != Carrier::Other && !seen.contains(*carrier))
                .map(|carrier| carrier.word().to_owned())
                .collect(),
            keys: self.key_advice(),
        }
    }

    /// The carriers whose labels some source sees that works now.
    fn seen(&self, manifests: &[Manifest]) -> Carriers {
        manifests
            .iter()
            .filter(|manifest| manifest.functions.check.is_some() && self.adapters.lacks(manifest, "check").is_empty())
            .map(observed)
            .fold(Carriers::NONE, Carriers::union)
    }

    /// What each key that is not there would add, the cheapest look at the most lines first.
    pub(super) fn key_advice(&self) -> Vec<KeyAdviceView> {
        let manifests = self.adapters.manifests();
        let seen = self.seen(&manifests);
        let known: BTreeSet<&str> = manifests
            .iter()
            .filter(|manifest| manifest.functions.check.is_some() && self.adapters.lacks(manifest, "check").is_empty())
            .flat_map(|manifest| manifest.speaks_for.iter().map(String::as_str))
            .collect();
        let shares = self.callee_shares();
        let mut advice: Vec<KeyAdviceView> = manifests
            .iter()
            .filter(|manifest| manifest.functions.check.is_some())
            .filter_map(|manifest| {
                let lacks = self.adapters.lacks(manifest, "check");
                if lacks.is_empty() {
                    return None;
                }
                let new_carriers: Carriers =
                    observed(manifest).iter().filter(|carrier| !seen.contains(*carrier)).collect();
                let new_agencies: Vec<String> = manifest
                    .speaks_for
                    .iter()
                    .filter(|agency| !known.contains(agency.as_str()))
                    .map(|agency| name_of(agency, &manifests))
                    .collect();
                if new_carriers.is_empty() && new_agencies.is_empty() {
                    return None;
                }
                let (of, lines) = match &shares {
                    Some(shares) => ("your callees", new_carriers.iter().map(|carrier| shares[carrier.index()]).sum()),
                    None => ("US lines", new_carriers.share_permille()),
                };
                let adds = sentence(manifest, &new_agencies, new_carriers, lines, of);
                Some(KeyAdviceView {
                    adapter: manifest.id.clone(),
                    lacks,
                    adds,
                    lines_permille: lines,
                    of: of.to_owned(),
                    price_micros: price(manifest),
                })
            })
            .collect();
        // A published price goes before one that has to be asked for.
        advice.sort_by_key(|key| {
            let per_line = key.price_micros.map(|price| price / u64::from(key.lines_permille.max(1)));
            (key.lines_permille == 0, per_line.is_none(), per_line, core::cmp::Reverse(key.lines_permille))
        });
        advice
    }

    /// Callees of each carrier in a thousand of one's own, once enough calls have named one.
    fn callee_shares(&self) -> Option<[u32; Carrier::ALL.len()]> {
        let counts = self.hot.counts.carriers.each_ref().map(|count| count.load(Relaxed));
        let all: u64 = counts.iter().sum();
        (all >= CALLS_MIN).then(|| counts.map(|count| u32::try_from(count * 1000 / all).unwrap_or(1000)))
    }

    /// Where a person files by hand.
    pub(super) fn directory_entries(&self) -> Vec<DirectoryEntry> {
        let entry = |manifest: &Manifest| {
            let directory = manifest.directory.clone()?;
            Some(DirectoryEntry {
                adapter: manifest.id.clone(),
                name: directory.name,
                website: directory.website,
                contact: directory.contact,
                file: directory.file,
                covers: directory.covers,
                ability: manifest.ability(),
                confidence: match manifest.confidence {
                    Confidence::Official => "official",
                    Confidence::Secondary => "secondary",
                    Confidence::Unknown => "unknown",
                }
                .to_owned(),
                verified: directory.verified,
            })
        };
        self.adapters.manifests().iter().filter_map(entry).collect()
    }
}

impl Adapters {
    /// The secrets that this function of an adapter lacks.
    pub(super) fn lacks(&self, manifest: &Manifest, function: &str) -> Vec<LackView> {
        manifest
            .secrets_of(function)
            .filter(|secret| !self.has_secret(&manifest.id, secret))
            .map(|secret| LackView {
                secret: secret.to_owned(),
                variable: variable(&manifest.id, secret),
                obtained: manifest.secrets[secret].obtained.clone(),
            })
            .collect()
    }
}

fn observed(manifest: &Manifest) -> Carriers {
    manifest.observes.as_ref().map_or(Carriers::NONE, |observes| observes.carriers)
}

/// The published price of a check; none where it is agreed with the agency.
fn price(manifest: &Manifest) -> Option<u64> {
    let check = manifest.functions.check?;
    let agreed = manifest.config.get("price_micros").is_some_and(|price| price == "0");
    (!agreed).then_some(check.price_micros)
}

/// The agency's name as people say it: its own adapter's, or its id with spaces.
fn name_of(id: &str, manifests: &[Manifest]) -> String {
    let own = manifests.iter().find(|manifest| manifest.id == id).and_then(|manifest| manifest.directory.as_ref());
    own.map_or_else(|| spoken(id), |directory| directory.name.clone())
}

fn spoken(id: &str) -> String {
    let word = |word: &str| {
        let mut letters = word.chars();
        letters.next().map(|first| first.to_ascii_uppercase().to_string() + letters.as_str()).unwrap_or_default()
    };
    id.split('_').map(word).collect::<Vec<_>>().join(" ")
}

/// The name of a carrier as people say it.
pub(super) const fn carrier_name(carrier: Carrier) -> &'static str {
    match carrier {
        Carrier::Att => "AT&T",
        Carrier::Tmobile => "T-Mobile",
        Carrier::Verizon => "Verizon",
        Carrier::UsCellular => "US Cellular",
        Carrier::CSpire => "C Spire",
        Carrier::Spectrum => "Spectrum",
        Carrier::Windstream => "Windstream",
        Carrier::Other => "other carriers",
    }
}

fn sentence(manifest: &Manifest, agencies: &[String], carriers: Carriers, lines: u32, of: &str) -> String {
    let key = manifest.directory.as_ref().map_or(manifest.id.as_str(), |directory| directory.name.as_str());
    let view = match agencies {
        [] => "another look".to_owned(),
        agencies => format!("the view of {}", listed(agencies)),
    };
    if carriers.is_empty() {
        return format!("A key of {key} adds {view}");
    }
    let names: Vec<String> = carriers.iter().map(carrier_name).map(str::to_owned).collect();
    format!("A key of {key} adds {view} on {}, some {} % of {of}", listed(&names), (lines + 5) / 10)
}

fn listed(words: &[String]) -> String {
    match words {
        [] => String::new(),
        [one] => one.clone(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}
