//! Cases: what a policy is expected to answer, written beside its rules as `[[case]]` and tried by [`super::trial`].
//!
//! A case says which numbers there are, who is called and when, and what comes of it. What it leaves out is as ordinary as
//! can be: a number in service, seen as fine everywhere and not used today; a callee nobody called before; a Wednesday noon.

use super::fields::choice;
use crate::desk::Stamp;
use crate::strict::{Page, Value};
use core::ops::Range;
use core::time::Duration;
use numbers::region::{Region, Zip};
use numbers::{Carrier, Life, Listed, Moment, Status};
use toml::de::DeTable;

/// Numbers in one case at most, and cases in one file.
const NUMBERS_MAX: usize = 64;
const CASES_MAX: usize = 1_000;
/// Wednesday, 4 March 2026, 18:00 UTC: noon in Chicago, and a time at which everybody on the continent may be called.
const AT_DEFAULT: Moment = Moment::from_seconds(1_772_647_200);
/// Where callee and numbers are when nothing is said.
const AREA_DEFAULT: u32 = 312;

/// One case as it was read.
#[derive(Clone, Debug, Default)]
pub struct Case {
    pub name: String,
    /// File and line.
    pub place: String,
    pub at: Moment,
    pub business: String,
    pub user: Option<String>,
    pub campaign: Option<String>,
    pub pool: Vec<CaseNumber>,
    pub bench: Vec<CaseNumber>,
    pub reserve: Vec<CaseNumber>,
    pub callee: CaseCallee,
    /// Whose turn it is, and for how many more calls.
    pub turn: Option<(String, u32)>,
    /// Calls that the user or campaign has placed today, an hour ago and more.
    pub placed_today: u32,
    pub expect: String,
    /// The word of the reason: a rung, `turn`, `same_number_as_last_time`, or why the call is held.
    pub because: Option<String>,
    /// Why these numbers were passed over.
    pub passed: Vec<(String, String)>,
}

/// A number of a case.
#[derive(Clone, Debug)]
pub struct CaseNumber {
    pub name: String,
    pub area: u16,
    pub life: Option<Life>,
    pub proven: bool,
    pub known: bool,
    pub registered: bool,
    pub answerable: bool,
    /// It shares the callee's exchange.
    pub neighbour: bool,
    /// The campaign that it was shown for an hour ago.
    pub campaign: Option<String>,
    pub today: u32,
    pub hour: u32,
    pub minute: u32,
    /// How long ago its last turn ended, and its warm-up began.
    pub turn_ended: Option<Duration>,
    pub warming_for: Option<Duration>,
    pub standing: Vec<(Carrier, Status)>,
    pub rests_on: Vec<Carrier>,
}

/// The callee of a case.
#[derive(Clone, Debug)]
pub struct CaseCallee {
    pub area: u16,
    pub state: Option<Region>,
    pub zip: Option<Zip>,
    pub carrier: Option<Carrier>,
    /// The number that it saw last, and how long ago.
    pub saw: Option<String>,
    pub saw_ago: Duration,
    /// How long ago it saw a number other than before.
    pub changed_ago: Option<Duration>,
    pub attempts_today: u32,
    pub suppressed: bool,
    /// The do-not-call list on which it stands.
    pub listed: Listed,
}

impl Default for CaseCallee {
    fn default() -> CaseCallee {
        CaseCallee {
            area: AREA_DEFAULT as u16,
            state: None,
            zip: None,
            carrier: None,
            saw: None,
            saw_ago: DAY,
            changed_ago: None,
            attempts_today: 0,
            suppressed: false,
            listed: Listed::NOWHERE,
        }
    }
}

const DAY: Duration = Duration::from_secs(24 * 60 * 60);
const YEAR: Duration = Duration::from_secs(365 * 24 * 60 * 60);

/// Reads every `[[case]]` of a file.
pub(super) fn cases(page: &mut Page<'_>, value: &Value<'_>) -> Vec<Case> {
    let wanted = "a table: [[case]] with `name`, `pool`, `callee` and `expect`";
    let Some(tables) = value.get_ref().as_array() else {
        page.mistyped("case", value, wanted);
        return Vec::new();
    };
    if tables.len() > CASES_MAX {
        let reason = format!("there are {} cases", tables.len());
        page.problem(value.span(), reason, format!("keep at most {CASES_MAX} in one file"));
        return Vec::new();
    }
    let mut cases = Vec::new();
    for item in tables.iter() {
        match item.get_ref().as_table() {
            Some(table) => cases.push(case(page, table, item.span())),
            None => page.mistyped("case", item, wanted),
        }
    }
    cases
}

const CASE: [&str; 14] = [
    "name",
    "at",
    "business",
    "user",
    "campaign",
    "pool",
    "bench",
    "reserve",
    "callee",
    "turn",
    "placed_today",
    "expect",
    "because",
    "passed",
];

fn case(page: &mut Page<'_>, table: &DeTable<'_>, span: Range<usize>) -> Case {
    let mut case = Case { place: page.place(span.clone()), at: AT_DEFAULT, ..Case::default() };
    // Numbers are where the callee is when they do not say, so the callee is read first.
    let place = table.iter().find(|(name, _)| name.get_ref().as_ref() == "callee");
    if let Some((_, value)) = place {
        case.callee = callee(page, value);
    }
    let area = case.callee.area;
    for (name, value) in table {
        match name.get_ref().as_ref() {
            "callee" => {}
            "name" => case.name = page.text("name", value).unwrap_or_default(),
            "business" => case.business = page.text("business", value).unwrap_or_default(),
            "user" => case.user = page.text("user", value),
            "campaign" => case.campaign = page.text("campaign", value),
            "at" => case.at = at(page, value),
            "pool" => case.pool = numbers(page, "pool", value, area),
            "bench" => case.bench = numbers(page, "bench", value, area),
            "reserve" => case.reserve = numbers(page, "reserve", value, area),
            "turn" => case.turn = turn(page, value),
            "placed_today" => {
                case.placed_today = page.count("placed_today", value, 0, CALLS_MAX).unwrap_or_default();
            }
            "expect" => case.expect = page.text("expect", value).unwrap_or_default(),
            "because" => case.because = page.text("because", value),
            "passed" => case.passed = passed(page, value),
            said => page.unknown(name.span(), said, CASE),
        }
    }
    let names: Vec<String> = case.each().map(|number| number.name.clone()).collect();
    if case.expect.is_empty() {
        page.problem(span, "a case says what it expects", "add `expect = \"A\"`, the name of a number, or \"hold\"");
        return case;
    }
    let said = case.callee.saw.iter().chain(case.turn.iter().map(|(name, _)| name));
    let said = said.chain(case.passed.iter().map(|(name, _)| name)).chain([&case.expect]);
    for name in said.filter(|name| *name != "hold" && !names.contains(name)) {
        let remedy = match names.as_slice() {
            [] => "add `pool = [{ name = \"A\" }]`".to_owned(),
            names => format!("the numbers of this case are {}", names.join(", ")),
        };
        page.problem(span.clone(), format!("this case has no number \"{name}\""), remedy);
    }
    if let Some(twice) = names.iter().enumerate().find(|(place, name)| names[..*place].contains(name)) {
        page.problem(span, format!("this case has two numbers \"{}\"", twice.1), "give each a name of its own");
    }
    case
}

impl Case {
    /// Every number of the case.
    pub fn each(&self) -> impl Iterator<Item = &CaseNumber> {
        self.pool.iter().chain(&self.bench).chain(&self.reserve)
    }
}

fn at(page: &mut Page<'_>, value: &Value<'_>) -> Moment {
    let said = match value.get_ref().as_str() {
        Some(text) => text.to_owned(),
        None => page.text("at", value).unwrap_or_default(),
    };
    match Stamp::parse(&said) {
        Some(stamp) => stamp.0,
        None => {
            let reason = format!("`at` is \"{said}\", which is no moment");
            page.problem(value.span(), reason, "write it in UTC, as in \"2026-03-04T18:00:00Z\"");
            AT_DEFAULT
        }
    }
}

fn turn(page: &mut Page<'_>, value: &Value<'_>) -> Option<(String, u32)> {
    let (mut name, mut left) = (None, 1);
    fields(page, "turn", value, &["number", "left"], |page, field, value| match field {
        "number" => name = page.text(field, value),
        _ => left = page.count(field, value, 0, 1000).unwrap_or(1),
    });
    Some((name?, left))
}

fn passed(page: &mut Page<'_>, value: &Value<'_>) -> Vec<(String, String)> {
    let Some(table) = value.get_ref().as_table() else {
        page.mistyped("passed", value, "a table of reasons, such as { B = \"per_day\" }");
        return Vec::new();
    };
    let mut passed = Vec::new();
    for (name, value) in table {
        passed.extend(page.text(name.get_ref(), value).map(|word| (name.get_ref().to_string(), word)));
    }
    passed
}

fn numbers(page: &mut Page<'_>, field: &str, value: &Value<'_>, area: u16) -> Vec<CaseNumber> {
    let wanted = "a list of numbers, such as [{ name = \"A\", today = 5 }]";
    let Some(items) = value.get_ref().as_array().filter(|items| items.len() <= NUMBERS_MAX) else {
        page.mistyped(field, value, wanted);
        return Vec::new();
    };
    items.iter().map(|item| number(page, item, area)).collect()
}

const NUMBER: [&str; 16] = [
    "name",
    "area",
    "life",
    "proven",
    "known",
    "registered",
    "answerable",
    "neighbour",
    "campaign",
    "today",
    "hour",
    "minute",
    "turn_ended",
    "warming_for",
    "standing",
    "rests_on",
];
const LIVES: [Life; 7] =
    [Life::Quarantined, Life::Ready, Life::Active, Life::AtRisk, Life::Remediating, Life::Resting, Life::Retired];
const STATUSES: [Status; 6] =
    [Status::Unflagged, Status::Unknown, Status::MixedLow, Status::MixedHigh, Status::Flagged, Status::Blocked];
const CALLS_MAX: u32 = 100_000;

fn number(page: &mut Page<'_>, value: &Value<'_>, area: u16) -> CaseNumber {
    let mut number = CaseNumber {
        name: String::new(),
        area,
        life: None,
        proven: true,
        known: true,
        registered: true,
        answerable: true,
        neighbour: false,
        campaign: None,
        today: 0,
        hour: 0,
        minute: 0,
        turn_ended: None,
        warming_for: None,
        standing: Vec::new(),
        rests_on: Vec::new(),
    };
    fields(page, "a number", value, &NUMBER, |page, field, value| match field {
        "name" => number.name = page.text(field, value).unwrap_or_default(),
        "area" => number.area = page.count(field, value, 200, 999).unwrap_or(AREA_DEFAULT) as u16,
        "life" => number.life = choice(page, field, value, &LIVES.map(Life::word)).map(|place| LIVES[place]),
        "proven" => number.proven = page.switch(field, value).unwrap_or(true),
        "known" => number.known = page.switch(field, value).unwrap_or(true),
        "registered" => number.registered = page.switch(field, value).unwrap_or(true),
        "answerable" => number.answerable = page.switch(field, value).unwrap_or(true),
        "neighbour" => number.neighbour = page.switch(field, value).unwrap_or_default(),
        "campaign" => number.campaign = page.text(field, value),
        "today" => number.today = page.count(field, value, 0, CALLS_MAX).unwrap_or_default(),
        "hour" => number.hour = page.count(field, value, 0, CALLS_MAX).unwrap_or_default(),
        "minute" => number.minute = page.count(field, value, 0, CALLS_MAX).unwrap_or_default(),
        "turn_ended" => number.turn_ended = page.span(field, value, Duration::ZERO, YEAR),
        "warming_for" => number.warming_for = page.span(field, value, Duration::ZERO, YEAR),
        "standing" => number.standing = standing(page, value),
        _ => number.rests_on = carriers(page, field, value),
    });
    if number.name.is_empty() {
        page.problem(value.span(), "a number of a case has a name", "add `name = \"A\"`");
    }
    number
}

fn standing(page: &mut Page<'_>, value: &Value<'_>) -> Vec<(Carrier, Status)> {
    let Some(table) = value.get_ref().as_table() else {
        page.mistyped("standing", value, "a table of carriers, such as { att = \"flagged\" }");
        return Vec::new();
    };
    let mut standing = Vec::new();
    for (name, value) in table {
        let status = choice(page, name.get_ref(), value, &STATUSES.map(Status::word)).map(|place| STATUSES[place]);
        match Carrier::parse(name.get_ref()) {
            Some(carrier) => standing.extend(status.map(|status| (carrier, status))),
            None => page.unknown(name.span(), name.get_ref(), Carrier::ALL.map(Carrier::word)),
        }
    }
    standing
}

fn carriers(page: &mut Page<'_>, field: &str, value: &Value<'_>) -> Vec<Carrier> {
    let Some(items) = value.get_ref().as_array() else {
        page.mistyped(field, value, "a list of carriers, such as [\"att\"]");
        return Vec::new();
    };
    items.iter().filter_map(|item| carrier(page, field, item)).collect()
}

fn carrier(page: &mut Page<'_>, field: &str, value: &Value<'_>) -> Option<Carrier> {
    choice(page, field, value, &Carrier::ALL.map(Carrier::word)).map(|place| Carrier::ALL[place])
}

const CALLEE: [&str; 10] =
    ["area", "state", "zip", "carrier", "saw", "saw_ago", "changed_ago", "attempts_today", "suppressed", "listed"];

fn callee(page: &mut Page<'_>, value: &Value<'_>) -> CaseCallee {
    let mut callee = CaseCallee::default();
    fields(page, "callee", value, &CALLEE, |page, field, value| match field {
        "area" => callee.area = page.count(field, value, 200, 999).unwrap_or(AREA_DEFAULT) as u16,
        "state" => callee.state = parsed(page, field, value, Region::parse),
        "zip" => callee.zip = parsed(page, field, value, Zip::parse),
        "carrier" => callee.carrier = carrier(page, field, value),
        "saw" => callee.saw = page.text(field, value),
        "saw_ago" => callee.saw_ago = page.span(field, value, Duration::ZERO, YEAR).unwrap_or(DAY),
        "changed_ago" => callee.changed_ago = page.span(field, value, Duration::ZERO, YEAR),
        "attempts_today" => callee.attempts_today = page.count(field, value, 0, 32).unwrap_or_default(),
        "suppressed" => callee.suppressed = page.switch(field, value).unwrap_or_default(),
        _ => callee.listed = listed(page, value),
    });
    callee
}

/// The list that a callee stands on: `"national"`, `"state:FL"` or `"business"`, the one of the business that calls.
fn listed(page: &mut Page<'_>, value: &Value<'_>) -> Listed {
    let Some(said) = page.text("listed", value) else { return Listed::NOWHERE };
    let state = said.strip_prefix("state:").map(Region::parse);
    match (said.as_str(), state) {
        ("national", _) => Listed { national: true, ..Listed::NOWHERE },
        ("business", _) => Listed { own: true, ..Listed::NOWHERE },
        (_, Some(Ok(region))) => Listed { state: Some(region), ..Listed::NOWHERE },
        (_, unknown) => {
            let why = unknown.and_then(Result::err).map_or_else(String::new, |error| format!(": {error}"));
            let reason = format!("`listed` is \"{said}\", which is no do-not-call list{why}");
            page.problem(value.span(), reason, "write \"national\", \"state:FL\" or \"business\"");
            Listed::NOWHERE
        }
    }
}

fn parsed<T, E: core::fmt::Display>(
    page: &mut Page<'_>,
    field: &str,
    value: &Value<'_>,
    parse: impl FnOnce(&str) -> Result<T, E>,
) -> Option<T> {
    let said = page.text(field, value)?;
    parse(&said)
        .map_err(|error| page.problem(value.span(), format!("`{field}` is \"{said}\": {error}"), "correct it"))
        .ok()
}

/// Every field of an inline table that is known, and a problem for each that is not.
fn fields<'t>(
    page: &mut Page<'t>,
    of: &str,
    value: &Value<'_>,
    known: &[&'static str],
    mut read: impl FnMut(&mut Page<'t>, &'static str, &Value<'_>),
) {
    let Some(table) = value.get_ref().as_table() else {
        return page.mistyped(of, value, "a table, such as { area = 312 }");
    };
    for (name, value) in table {
        match known.iter().find(|known| **known == name.get_ref().as_ref()) {
            Some(field) => read(page, field, value),
            None => page.unknown(name.span(), name.get_ref(), known.iter().copied()),
        }
    }
}
