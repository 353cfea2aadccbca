//! Rules about what an adapter's manifest tells people: where to file by hand, what an answer means, what is known.

use super::probes::{Probes, standings};
use crate::verdict::{Findings, Verdict};
use numbers::Status;
use std::collections::BTreeSet;

pub(super) async fn directory_told(probes: &Probes<'_>) -> Verdict {
    let manifest = probes.manifest;
    let mut findings = Findings::default();
    let lacks = |told: bool, table: &str, what: &str| (!told).then(|| format!("{table} is missing: {what}"));
    findings.note("adapter.toml", lacks(manifest.directory.is_some(), "[directory]", "where a person files by hand"));
    findings.note("adapter.toml", lacks(!manifest.facts.is_empty(), "[[facts]]", "what is known of the contract"));
    let checks = manifest.functions.check.is_some();
    let observes = manifest.observes.is_some() || !checks;
    findings.note("adapter.toml", lacks(observes, "[observes]", "which share of the lines a check sees"));
    findings.verdict("")
}

pub(super) async fn standings_shown(probes: &Probes<'_>) -> Verdict {
    let mut findings = Findings::default();
    if probes.manifest.functions.check.is_none() {
        return findings.verdict("it checks no numbers");
    }
    // That a number is unknown may be said by leaving it out, which shows in no cassette's standings.
    let known = |status: &Status| *status != Status::Unknown;
    let shown: BTreeSet<Status> =
        probes.good("check").flat_map(|seed| standings(&seed.outcome)).map(|(.., status)| status).collect();
    let told: BTreeSet<Status> = probes.manifest.standings.iter().map(|row| row.status).filter(known).collect();
    for status in shown.difference(&told) {
        findings
            .note("adapter.toml", Some(format!("a cassette shows `{status}`, and no row of [[standings]] says when")));
    }
    for status in told.difference(&shown) {
        findings.note("adapter.toml", Some(format!("[[standings]] has `{status}`, and no cassette shows it")));
    }
    findings.note("adapter.toml", told.is_empty().then(|| "[[standings]] is missing".to_owned()));
    findings.verdict("")
}
