//! What a world's file may say: every problem is told with its line, its field and its remedy.

use super::{Model, World, is_placed};
use core::fmt;
use numbers::Carrier;
use std::collections::BTreeSet;

/// Why a world cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WorldError {
    /// The line of the file, from 1; none where no file was found.
    pub line: Option<usize>,
    /// As it is written in the file, with its table.
    pub field: String,
    pub reason: String,
    pub remedy: String,
}

impl WorldError {
    pub(super) fn unreadable(cause: &toml::de::Error, text: &str) -> WorldError {
        let start = cause.span().map(|span| span.start);
        let line = start.map(|start| text[..start].matches('\n').count() + 1);
        let said = line.and_then(|line| text.lines().nth(line - 1)).unwrap_or_default();
        let field = said.split('=').next().unwrap_or_default().trim().to_owned();
        let remedy = "write it as worlds/default.toml does".to_owned();
        WorldError { line, field, reason: cause.message().to_owned(), remedy }
    }

    pub(super) fn unknown(name: &str, known: &[&str]) -> WorldError {
        WorldError {
            line: None,
            field: "name".to_owned(),
            reason: format!("no world `{name}` comes with the program"),
            remedy: format!("name a file, or one of {}", known.join(", ")),
        }
    }
}

impl fmt::Display for WorldError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(line) = self.line {
            write!(f, "line {line}: ")?;
        }
        write!(f, "`{}`: {}; {}", self.field, self.reason, self.remedy)
    }
}

impl core::error::Error for WorldError {}

/// Finds the first thing that cannot be.
pub(super) fn check(world: &World, text: &str) -> Result<(), WorldError> {
    let World { name: _, about: _, floor, list, answers, holdings, own_calls, engine, source, registry } = world;
    let wrong = |table: &str, nth: usize, field: &str, reason: String, remedy: &str| {
        let line = line_of(text, table, nth, field);
        let field = if table.is_empty() { field.to_owned() } else { format!("{table}.{field}") };
        Err(WorldError { line, field, reason, remedy: remedy.to_owned() })
    };
    let within = |table: &str, nth: usize, figures: &[(&str, u32, u32, u32)]| {
        for (field, figure, least, most) in figures {
            if figure < least || figure > most {
                let reason = format!("{figure} is not between {least} and {most}");
                return wrong(table, nth, field, reason, "write a figure between them");
            }
        }
        Ok(())
    };
    let hours = floor.hour_weights.len() as u32;
    within(
        "floor",
        0,
        &[
            ("users", floor.users, 1, 100_000),
            ("dials_per_user_and_day", floor.dials_per_user_and_day, 1, 2_000),
            ("working_days_per_week", floor.working_days_per_week, 1, 7),
            ("begins_hour", floor.begins_hour, 0, 23),
            ("asks_per_slot_max", floor.asks_per_slot_max, 1, 10),
        ],
    )?;
    // The core tells the clocks by the rules of these years.
    if !(2008..=2100).contains(&floor.begins_on.year) {
        let reason = format!("{} is not between 2008 and 2100", floor.begins_on);
        return wrong("floor", 0, "begins_on", reason, "write a date of these years");
    }
    if hours == 0 || floor.begins_hour + hours > 24 || floor.hour_weights.iter().sum::<u32>() == 0 {
        let reason = format!("{hours} hours from {} on are no working day", floor.begins_hour);
        return wrong("floor", 0, "hour_weights", reason, "write one weight for each hour until midnight at most");
    }
    within(
        "list",
        0,
        &[
            ("leads_per_user", list.leads_per_user, 1, 10_000_000),
            ("elsewhere_percent", list.elsewhere_percent, 0, 100),
            ("exchanges_per_area", list.exchanges_per_area, 1, 700),
            ("carrier_known_percent", list.carrier_known_percent, 0, 100),
            ("attempts_max", list.attempts_max, 1, 32),
            ("redial_after_hours", list.redial_after_hours, 1, 720),
        ],
    )?;
    for (field, codes) in [("area_codes", &list.area_codes), ("elsewhere_area_codes", &list.elsewhere_area_codes)] {
        if let Some(code) = codes.iter().find(|code| !is_placed(**code)) {
            return wrong("list", 0, field, format!("{code} is no area code that has a place"), "leave it out");
        }
        if codes.is_empty() {
            return wrong("list", 0, field, "it is empty".to_owned(), "name one area code at least");
        }
    }
    let carriers: u32 = list.carrier_permille.values().sum();
    if carriers != 1000 {
        let reason = format!("the carriers' shares add up to {carriers}");
        return wrong("list", 0, "carrier_permille", reason, "make them a thousand");
    }
    let permille = answers.human_permille * answers.local_answers_percent.max(100) / 100
        + answers.voicemail_permille
        + answers.busy_permille
        + answers.rejected_permille
        + answers.network_failed_permille
        + answers.blocked_permille
        + answers.invalid_permille;
    if permille > 1000 {
        let reason = format!("all outcomes together make {permille} of a thousand");
        return wrong("answers", 0, "human_permille", reason, "lower one of the outcomes");
    }
    within(
        "answers",
        0,
        &[
            ("local_answers_percent", answers.local_answers_percent, 0, 1000),
            ("again_answers_percent", answers.again_answers_percent, 0, 100),
            ("changed_number_answers_percent", answers.changed_number_answers_percent, 0, 100),
            ("short_percent", answers.short_percent, 0, 100),
            ("talk_median_seconds", answers.talk_median_seconds, 1, 3600),
            ("engaged_talk_seconds", answers.engaged_talk_seconds, 6, 3600),
            ("complaint_per_10000", answers.complaint_per_10000, 0, 10_000),
            ("complaint_growth_percent", answers.complaint_growth_percent, 0, 1000),
            ("screening_percent", answers.screening_percent, 0, 100),
            ("screened_answers_percent", answers.screened_answers_percent, 0, 100),
        ],
    )?;
    within(
        "holdings",
        0,
        &[
            ("numbers_per_user", holdings.numbers_per_user, 1, 100),
            ("reserve_percent", holdings.reserve_percent, 0, 100),
            ("dirty_at_start_permille", holdings.dirty_at_start_permille, 0, 1000),
            ("registered_at_start_percent", holdings.registered_at_start_percent, 0, 100),
            ("buy_below_percent", holdings.buy_below_percent, 0, 100),
            ("dirty_when_bought_permille", holdings.dirty_when_bought_permille, 0, 1000),
        ],
    )?;
    // Each exchange has lines for so many numbers of ours; see where they are made.
    let room = list.area_codes.len() as u64 * u64::from(list.exchanges_per_area) * 8000;
    let numbers = u64::from(floor.users) * u64::from(holdings.numbers_per_user) * 2;
    if numbers > room {
        let reason = format!("{numbers} numbers, twice as many as the pools hold, have no room in the exchanges");
        return wrong("holdings", 0, "numbers_per_user", reason, "add area codes or exchanges, or take fewer users");
    }
    within(
        "own_calls",
        0,
        &[("of_calls", own_calls.of_calls, 1, 64), ("blocks", own_calls.blocks, 1, own_calls.of_calls)],
    )?;
    let mut served: BTreeSet<Carrier> = BTreeSet::new();
    for (nth, engine) in engine.iter().enumerate() {
        if let Some(carrier) = engine.carriers.iter().find(|carrier| !served.insert(**carrier)) {
            let reason = format!("{carrier} has an engine already");
            return wrong("engine", nth, "carriers", reason, "give each carrier one engine at most");
        }
        // The core takes an engine's label to concern the carriers that it knows the engine to serve.
        if let Some(carrier) = engine.carriers.iter().find(|carrier| carrier.engine() != Some(&engine.agency)) {
            let engine = carrier.engine().unwrap_or("no engine");
            let reason = format!("{carrier} shows the labels of {engine}");
            return wrong("engine", nth, "carriers", reason, "keep to the pairs that the core knows");
        }
        within(
            "engine.label",
            nth,
            &[
                ("answers_percent", engine.label.answers_percent, 0, 100),
                ("voicemail_added_permille", engine.label.voicemail_added_permille, 0, 300),
                ("blocked_permille", engine.label.blocked_permille, 0, 300),
                ("rejected_percent", engine.label.rejected_percent, 0, 1000),
                ("expires_after_days", engine.label.expires_after_days, 1, 3650),
                ("suspect_days", engine.label.suspect_days, 0, 3650),
                ("suspect_percent", engine.label.suspect_percent, 100, 10_000),
            ],
        )?;
        let redress = &engine.redress;
        within(
            "engine.redress",
            nth,
            &[
                ("success_percent", redress.success_percent, 0, 100),
                ("refusal_percent", redress.refusal_percent, 0, 100 - redress.success_percent.min(100)),
                ("delay_max_hours", redress.delay_max_hours, redress.delay_min_hours, 8760),
            ],
        )?;
        if let Model::Complaints { window_days, .. } = engine.model {
            within("engine.model.complaints", nth, &[("window_days", window_days, 1, 60)])?;
        }
    }
    for (nth, source) in source.iter().enumerate() {
        if let Some(agency) = source.speaks_for.iter().find(|agency| !engine.iter().any(|e| e.agency == **agency)) {
            let reason = format!("there is no engine `{agency}`");
            return wrong("source", nth, "speaks_for", reason, "name the agency of an engine");
        }
        within(
            "source",
            nth,
            &[("delay_seconds", source.delay_seconds, 1, 86_400), ("fails_permille", source.fails_permille, 0, 1000)],
        )?;
    }
    let mut adapters: BTreeSet<&str> = BTreeSet::new();
    for (nth, registry) in registry.iter().enumerate() {
        if !adapters.insert(&registry.adapter) {
            let reason = format!("`{}` is named twice", registry.adapter);
            return wrong("registry", nth, "adapter", reason, "name each registry once");
        }
    }
    Ok(())
}

/// The line of a field, where the file has it; else that of its table.
fn line_of(text: &str, table: &str, nth: usize, field: &str) -> Option<usize> {
    let root = table.split('.').next().unwrap_or_default();
    let mut current = String::new();
    let mut seen = 0;
    let mut table_at = None;
    for (at, line) in text.lines().enumerate() {
        let line = line.trim();
        if let Some(header) = line.strip_prefix('[') {
            current = header.trim_matches(['[', ']']).to_owned();
            if current == root && header.starts_with('[') {
                seen += 1;
            }
        }
        let is_nth = seen == 0 || seen == nth + 1;
        if is_nth && current == table {
            table_at = table_at.or(Some(at + 1));
            if line.split('=').next().is_some_and(|key| key.trim() == field) {
                return Some(at + 1);
            }
        }
        // A table of its own, such as `[list.carrier_permille]`.
        if is_nth && current == format!("{table}.{field}") {
            return Some(at + 1);
        }
    }
    table_at
}
