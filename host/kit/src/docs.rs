//! What an operator should know of an adapter, made from its manifest, the interface and its cassettes.

mod lists;

pub use lists::{directory, facts, index};

use crate::declarations;
use crate::folder::Folder;
use crate::form::Provenance;
use lists::sees;
use numbers::Confidence;
use sandbox::manifest::{By, Effects, Fact, Filing, Manifest, StandingRow, Verb};
use std::collections::BTreeMap;
use std::time::Duration;

/// The page of one adapter, as Markdown.
pub fn page(folder: &Folder) -> String {
    let manifest = &folder.manifest;
    let mut page = Page::default();
    page.line(&format!("# {}", manifest.id));
    page.line("");
    page.line(&format!("{}.", manifest.summary.trim_end_matches('.')));
    page.line("");
    page.line(&format!(
        "Version {} of an adapter of kind `{}`, written against interface {}.",
        manifest.version, manifest.kind, manifest.wit
    ));
    page.line("This page is made by `smartguard adapter docs`; `README.md` beside it is written by people.");
    page.section("What it does");
    page.table(&["function", "answers", "effects", "cassettes"], functions(folder));
    page.pairs(&[("Speaks for", words(&manifest.speaks_for)), ("Files for", words(&manifest.files_for))]);
    if let Some(observes) = &manifest.observes {
        page.pairs(&[("It sees", format!("{} ({})", sees(manifest), observes.basis))]);
    }
    if let Some(directory) = &manifest.directory {
        page.section("By hand");
        page.pairs(&[
            ("Agency", directory.name.clone()),
            ("Website", directory.website.clone().unwrap_or_default()),
            ("Contact", directory.contact.clone()),
            ("What to file", directory.file.clone()),
            ("Who sees it", directory.covers.clone()),
            ("Last verified", directory.verified.clone()),
        ]);
    }
    if !manifest.standings.is_empty() {
        page.section("What an answer becomes");
        let row = |row: &StandingRow| vec![row.says.clone(), code(row.status.word()), row.source.clone()];
        page.table(&["the agency says", "standing", "known from"], manifest.standings.iter().map(row).collect());
    }
    page.section("How well it is known");
    page.line(&format!("The contract: {}.", known(manifest.confidence)));
    manifest.sources.iter().for_each(|source| page.line(&format!("- {source}")));
    if !manifest.facts.is_empty() {
        page.line("");
        let row = |fact: &Fact| vec![fact.what.clone(), known(fact.known).to_owned(), fact.source.clone()];
        page.table(&["fact", "known", "from"], manifest.facts.iter().map(row).collect());
    }
    if !manifest.origins.is_empty() {
        page.section("What it reaches");
        page.table(&["origin", "address", "methods", "requests a minute"], origins(manifest));
    }
    if !manifest.datasets.is_empty() {
        page.section("What the host fetches for it");
        let rows = manifest.datasets.iter().map(|(name, ask)| {
            let every = span(ask.fetch_every);
            vec![code(name), format!("{} {}", code(&ask.origin), code(&ask.path)), format!("{} days", ask.days), every]
        });
        page.table(&["data set", "files", "reaches back", "looked for every"], rows.collect());
    }
    if !manifest.secrets.is_empty() {
        page.section("What it needs");
        let rows = manifest.secrets.iter().map(|(name, ask)| {
            let variable = format!("`SMARTGUARD_SECRET_{}_{name}`", manifest.id.to_uppercase());
            let origins: Vec<String> = ask.origins.iter().cloned().collect();
            let functions: Vec<String> = ask.functions.iter().cloned().collect();
            vec![code(name), variable, words(&origins), words(&functions), ask.obtained.clone()]
        });
        page.table(&["secret", "given as", "sent to", "needed for", "how to get it"], rows.collect());
    }
    page.section("Rates and cost");
    page.pairs(&rates(manifest));
    if !manifest.config.is_empty() {
        page.section("Settings");
        let rows = manifest.config.iter().map(|(key, value)| vec![code(key), code(value)]).collect();
        page.table(&["setting", "default"], rows);
    }
    if !manifest.exempt.is_empty() {
        page.section("Rules that do not hold for it");
        let rows = manifest.exempt.iter().map(|(rule, exemption)| vec![code(rule), exemption.reason.clone()]).collect();
        page.table(&["rule", "why"], rows);
    }
    page.text
}

fn functions(folder: &Folder) -> Vec<Vec<String>> {
    let manifest = &folder.manifest;
    let row = |name: &&'static str| {
        let shown = declarations::signature(manifest.kind, name).unwrap_or_else(|| (*name).to_owned());
        let filing = match *name {
            "register" => manifest.functions.register,
            "dispute" => manifest.functions.dispute,
            "acquire" => manifest.functions.acquire,
            "release" => manifest.functions.release,
            _ => None,
        };
        vec![code(name), code(&shown), filing.map_or_else(|| "asks only".to_owned(), effects), cassettes(folder, name)]
    };
    manifest.functions.named().iter().map(row).collect()
}

fn effects(filing: Filing) -> String {
    if filing.by == By::Person {
        let required = if filing.required { ", which is required of every new number" } else { "" };
        return format!("a packet for a person{required}");
    }
    let required = if filing.required { ", required of every new number" } else { "" };
    match filing.effects {
        Effects::Idempotent => format!("`idempotent`: sent again under the same key{required}"),
        Effects::Queryable => format!("`queryable`: looked for after {}{required}", span(filing.settle)),
        Effects::Manual => format!("`manual`: never sent again by machine{required}"),
    }
}

fn cassettes(folder: &Folder, function: &str) -> String {
    let mut counts: BTreeMap<Provenance, usize> = BTreeMap::new();
    for cassette in folder.cassettes.iter().filter(|cassette| cassette.function.name == function) {
        *counts.entry(cassette.parsed.provenance).or_default() += 1;
    }
    let counts: Vec<String> =
        counts.iter().map(|(provenance, count)| format!("{count} {}", provenance.word())).collect();
    if counts.is_empty() { "none".to_owned() } else { counts.join(", ") }
}

fn origins(manifest: &Manifest) -> Vec<Vec<String>> {
    let row = |(name, origin): (&String, &sandbox::manifest::Origin)| {
        let methods: Vec<&str> = origin.methods.iter().copied().map(Verb::word).collect();
        let rate = origin.per_minute.unwrap_or(manifest.per_minute);
        vec![code(name), origin.url.to_string(), methods.join(", "), rate.to_string()]
    };
    manifest.origins.iter().map(row).collect()
}

fn rates(manifest: &Manifest) -> Vec<(&'static str, String)> {
    let mut rates = Vec::new();
    if !manifest.origins.is_empty() {
        rates.push((
            "Requests",
            format!("at most {} a minute, {} at the same time", manifest.per_minute, manifest.limits.concurrency),
        ));
    }
    if let Some(check) = manifest.functions.check {
        let dollars = |micros: u64| format!("{:.4} US dollars", micros as f64 / 1_000_000.0);
        let price = match (check.price_micros, manifest.config.get("price_micros").and_then(|set| set.parse().ok())) {
            (0, Some(0)) => "as your contract says; write it under `price_micros`".to_owned(),
            (0, Some(micros)) => dollars(micros),
            (0, None) => "nothing".to_owned(),
            (micros, _) => dollars(micros),
        };
        rates.push(("A check of one number costs", price));
        rates.push(("Numbers in one check", format!("at most {}", manifest.limits.batch_max)));
        rates.extend(check.fresh.map(|fresh| ("An answer is worth having for", span(fresh))));
    }
    let limits = &manifest.limits;
    rates.push((
        "A call",
        format!(
            "at most {}, {} of computing, {} MiB",
            span(limits.timeout),
            span(limits.cpu_max),
            limits.memory_max >> 20
        ),
    ));
    if manifest.functions.register.is_some() || manifest.functions.dispute.is_some() {
        let timetable = manifest.timetable;
        rates.push((
            "Expected after filing",
            format!(
                "acknowledged in {} days, effective in {}",
                timetable.acknowledged_in_days, timetable.effective_in_days
            ),
        ));
    }
    rates
}

const fn known(confidence: Confidence) -> &'static str {
    match confidence {
        Confidence::Official => "official",
        Confidence::Secondary => "secondary",
        Confidence::Unknown => "unknown",
    }
}

fn span(span: Duration) -> String {
    match (span.as_secs(), span.as_millis()) {
        (0, millis) => format!("{millis} ms"),
        (seconds, _) if seconds % 3600 == 0 => format!("{} h", seconds / 3600),
        (seconds, _) if seconds % 60 == 0 => format!("{} min", seconds / 60),
        (seconds, _) => format!("{seconds} s"),
    }
}

fn code(text: &str) -> String {
    format!("`{text}`")
}

fn words(names: &[String]) -> String {
    names.iter().map(|name| code(name)).collect::<Vec<_>>().join(", ")
}

#[derive(Default)]
struct Page {
    text: String,
}

impl Page {
    fn line(&mut self, line: &str) {
        self.text.push_str(line);
        self.text.push('\n');
    }

    fn section(&mut self, title: &str) {
        self.line(&format!("\n## {title}\n"));
    }

    fn table(&mut self, header: &[&str], rows: Vec<Vec<String>>) {
        self.line(&format!("| {} |", header.join(" | ")));
        self.line(&format!("| {} |", vec!["---"; header.len()].join(" | ")));
        for row in rows {
            let cells: Vec<String> = row
                .iter()
                .map(|cell| if cell.is_empty() { "–".to_owned() } else { cell.replace('|', "\\|") })
                .collect();
            self.line(&format!("| {} |", cells.join(" | ")));
        }
    }

    /// What is empty is left out.
    fn pairs(&mut self, pairs: &[(&str, String)]) {
        let said: Vec<String> = pairs
            .iter()
            .filter(|(_, value)| !value.is_empty())
            .map(|(name, value)| format!("- {name}: {value}"))
            .collect();
        if !said.is_empty() {
            if !self.text.ends_with("\n\n") {
                self.line("");
            }
            self.line(&said.join("\n"));
        }
    }
}
