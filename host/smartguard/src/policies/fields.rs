//! Every field of a policy: its unit, its bounds, what we advise, and what it does.

use super::{choice_hint, rung_word};
use crate::strict::{Page, Value, in_words};
use core::time::Duration;
use numbers::Hours;
use numbers::policy::{Durability, LAWS, OnUnknownUser, Patch, Policy, Rung};

/// A field of a policy file.
pub struct Field {
    pub name: &'static str,
    pub unit: &'static str,
    /// What it does, as a sentence for `policies/README.md`.
    pub effect: &'static str,
    /// The narrowest scope that may say it.
    pub reach: Reach,
    /// Puts the value into the patch, or a problem on the page.
    pub read: fn(&mut Patch, &mut Page<'_>, &Field, &Value<'_>),
    /// The value as a file has it.
    pub show: fn(&Policy) -> String,
    /// Whether the value is possible and not wise; then `advised` is the remedy.
    pub unwise: fn(&Policy) -> bool,
    /// What we advise; empty where every possible value is fine.
    pub advised: &'static str,
}

/// How narrow a scope may say a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reach {
    /// One value for the whole daemon.
    Default,
    /// It concerns numbers, cases and filings, which belong to a business.
    Business,
    /// It concerns a call or a pool.
    User,
}

impl Reach {
    pub const fn word(self) -> &'static str {
        match self {
            Reach::Default => "default",
            Reach::Business => "business",
            Reach::User => "any",
        }
    }
}

const MILLISECOND: Duration = Duration::from_millis(1);
const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(60 * 60);
const DAY: Duration = Duration::from_secs(24 * 60 * 60);
/// Longer than any record is kept.
const SPAN_MAX: Duration = Duration::from_secs(5 * 365 * 24 * 60 * 60);
/// More stages than anybody has reason for; a longer list does not fit where the policy is kept.
const RAMP_STAGES_MAX: usize = 100;
/// Far above anything a carrier would bear; a larger figure is a slip of the key.
const CALLS_MAX: u32 = 100_000;

const fn never(_: &Policy) -> bool {
    false
}

/// A whole number with bounds, and the case in which we advise another.
macro_rules! count {
    ($name:ident, $reach:ident, $unit:literal, $least:expr, $most:expr, $effect:literal $(, $unwise:expr => $advice:literal)?) => {
        Field {
            name: stringify!($name),
            unit: $unit,
            reach: Reach::$reach,
            effect: $effect,
            read: |patch, page, field, value| {
                if let Some(count) = page.count(field.name, value, $least, $most) {
                    patch.$name = Some(count);
                }
            },
            show: |policy| policy.$name.to_string(),
            unwise: unwise!($name $(, $unwise)?),
            advised: concat!($($advice)?),
        }
    };
}

/// A span of time with its lower bound, and the case in which we advise another.
macro_rules! span {
    ($name:ident, $reach:ident, $least:expr, $effect:literal $(, $unwise:expr => $advice:literal)?) => {
        span!($name, $reach, $least, SPAN_MAX, $effect $(, $unwise => $advice)?)
    };
    ($name:ident, $reach:ident, $least:expr, $most:expr, $effect:literal $(, $unwise:expr => $advice:literal)?) => {
        Field {
            name: stringify!($name),
            unit: "span",
            reach: Reach::$reach,
            effect: $effect,
            read: |patch, page, field, value| {
                if let Some(span) = page.span(field.name, value, $least, $most) {
                    patch.$name = Some(span);
                }
            },
            show: |policy| format!("\"{}\"", in_words(policy.$name)),
            unwise: unwise!($name $(, $unwise)?),
            advised: concat!($($advice)?),
        }
    };
}

macro_rules! unwise {
    ($name:ident) => {
        never
    };
    ($name:ident, $unwise:expr) => {
        |policy| {
            let unwise = $unwise;
            unwise(&policy.$name)
        }
    };
}

/// Every field, in the order of the bundled file and of the table in `policies/README.md`.
pub const FIELDS: &[Field] = &[
    count!(per_day_soft, User, "calls", 1, CALLS_MAX,
        "Calls a day that one number is shown on, while another number can take over.",
        |n: &u32| *n > 100 => "engines look at the day's volume of a number; stay at or below 100"),
    count!(per_day_hard, User, "calls", 1, CALLS_MAX,
        "Calls a day that one number is shown on at most, reached only by the rung `hard_cap`.",
        |n: &u32| *n > 150 => "engines look at the day's volume of a number; stay at or below 150"),
    count!(per_hour, User, "calls", 1, CALLS_MAX, "Calls an hour that one number is shown on at most.",
        |n: &u32| *n > 30 => "bursts look like a robot; stay at or below 30"),
    count!(per_minute, User, "calls", 1, CALLS_MAX, "Calls a minute that one number is shown on at most.",
        |n: &u32| *n > 6 => "bursts look like a robot; stay at or below 6"),
    span!(
        day_starts_at,
        Default,
        Duration::ZERO,
        DAY - SECOND,
        "How long after midnight UTC a calling day begins. At 9h nobody in the continental United States may be called."
    ),
    count!(turn_calls, User, "calls", 1, 1000, "A turn of one number lasts about so many calls."),
    count!(
        turn_jitter,
        User,
        "calls",
        0,
        999,
        "A turn is longer or shorter by up to so many calls, drawn at its start."
    ),
    span!(turn_gap, User, Duration::ZERO, "At least this long between two turns of one number.",
        |span: &Duration| *span < MINUTE => "give a number at least 1m between its turns"),
    span!(sticky_for, User, Duration::ZERO,
        "A callee is shown the same number again for so long, and at most one change within it.",
        |span: &Duration| *span < DAY * 7 => "a callee who meets a new number every few days takes them for spam; keep it at least 7d"),
    Field {
        name: "calling_hours",
        unit: "days and times",
        reach: Reach::User,
        effect: "When callees are called, by the clock of where each of them is, such as `\"mon-fri 9:00-18:00, sat 10:00-14:00\"`; a day that is not named is closed. The laws of where the callee is hold beside it.",
        read: read_hours,
        show: |policy| format!("\"{}\"", policy.calling_hours),
        unwise: |policy| Hours::FEDERAL.intersection(&policy.calling_hours) != policy.calling_hours,
        advised: "federal law lets nobody sell by phone before 8:00 and after 21:00; stay within",
    },
    count!(attempts_per_24h, User, "attempts", 1, 1000,
        "Attempts per callee in 24 hours, counted per business over all its numbers. Never relaxed by the ladder.",
        |n: &u32| *n > 3 => "several states allow 3 attempts in 24 hours on one subject; stay at or below 3"),
    count!(
        attempts_per_30d,
        User,
        "attempts",
        1,
        1000,
        "Attempts per callee in 30 days, counted per business over all its numbers. Never relaxed by the ladder."
    ),
    count!(
        unknown_carrier_excluded_permille,
        User,
        "‰ of callees",
        0,
        1000,
        "When the callee's carrier is unknown, a number is passed over if carriers with more than this share of callees exclude it."
    ),
    count!(pool_size, User, "numbers", 1, 1000, "Numbers in the pool of a user or campaign when it is added.",
        |n: &u32| *n > 50 => "agencies take many numbers with few calls each for an evasion; stay at or below 50"),
    span!(new_number_wait, Business, Duration::ZERO, "A new number waits this long after it was filed with its registries.",
        |span: &Duration| *span < DAY => "registries need days to spread a filing; wait at least 1d"),
    Field {
        name: "ramp_per_day",
        unit: "calls, a list",
        reach: Reach::User,
        effect: "The warm-up: calls a day in each of its stages, which are equally long. An empty list is no warm-up.",
        read: read_ramp,
        show: |policy| format!("{:?}", policy.ramp_per_day),
        unwise: |policy| policy.ramp_per_day.is_empty(),
        advised: "a new number with full volume looks like a robot; give it stages",
    },
    span!(ramp_for, User, Duration::ZERO, "How long the whole warm-up takes.",
        |span: &Duration| *span < DAY * 7 => "a warm-up shorter than 7d is seen as a burst"),
    span!(rest_for, Business, Duration::ZERO, "How long a number rests after its flag is cleared, before its warm-up.",
        |span: &Duration| *span < DAY => "a number that returns within a day is flagged again; rest it at least 1d"),
    count!(
        resting_percent_max,
        User,
        "% of a pool",
        0,
        100,
        "The greatest share of a pool that may rest in its place."
    ),
    count!(
        leave_pool_permille,
        Business,
        "‰ of callees",
        0,
        1000,
        "A flagged number leaves its pool when the carriers that it rests on serve more than this share of callees."
    ),
    count!(swap_percent_max, Business, "% of holdings", 0, 100,
        "Numbers first shown within `swap_window` stay within this share of the holdings; beyond it a pool shrinks.",
        |n: &u32| *n > 25 => "agencies take the burning of numbers for abuse; stay at or below 25"),
    span!(swap_window, Business, SECOND, "The time that `swap_percent_max` looks back over."),
    span!(
        adopted_deadline,
        Business,
        Duration::ZERO,
        "Numbers that were in service before us have so long for their registration and the proof of a call-back route."
    ),
    span!(check_every, Business, SECOND, "How often each source is asked about a number in service.",
        |span: &Duration| *span < HOUR => "most sources count and bill each check; ask at most every 1h"),
    span!(check_every_urgent, Business, SECOND, "How often each source is asked about a number that is new, flagged or at risk.",
        |span: &Duration| *span < MINUTE * 15 => "most sources count and bill each check; ask at most every 15m"),
    span!(file_every, Business, Duration::ZERO, "A registry gets at most one filing of a business within this time.",
        |span: &Duration| *span < DAY => "registries take one filing of a business a day; keep it at 1d or more"),
    span!(at_risk_for, Business, SECOND, "An early warning that nothing confirms ends after so long."),
    count!(dispute_attempts, Business, "disputes", 1, 100, "Disputes that are sent in one case at most.",
        |n: &u32| *n > 5 => "agencies stop reading repeated disputes; stay at or below 5"),
    span!(dispute_every, Business, Duration::ZERO, "The pause between two disputes of one case.",
        |span: &Duration| *span < DAY => "agencies need days to answer; wait at least 1d"),
    span!(case_expires_after, Business, SECOND, "A case that nobody answers expires after so long."),
    span!(
        decision_valid_for,
        User,
        SECOND,
        HOUR * 24,
        "An ask repeated with the same owner and call id gets the same answer for so long, and counts once."
    ),
    Field {
        name: "ladder",
        unit: "list of rungs",
        reach: Reach::User,
        effect: "What is tried, in this order, when no number passes: `relax_locality`, `end_turn_early`, `bench`, `reserve`, `hard_cap`. An empty list holds the call at once.",
        read: read_ladder,
        show: |policy| {
            let rungs: Vec<String> = policy.ladder.iter().map(|rung| format!("\"{}\"", rung_word(*rung))).collect();
            format!("[{}]", rungs.join(", "))
        },
        unwise: never,
        advised: "",
    },
    Field {
        name: "locality_required",
        unit: "switch",
        reach: Reach::User,
        effect: "Only numbers of the callee's own rate-centre group are shown, until the rung `relax_locality`.",
        read: |patch, page, field, value| {
            if let Some(switch) = page.switch(field.name, value) {
                patch.locality_required = Some(switch);
            }
        },
        show: |policy| policy.locality_required.to_string(),
        unwise: never,
        advised: "",
    },
    Field {
        name: "on_unknown_user",
        unit: "choice",
        reach: Reach::Default,
        effect: "A user nobody has added: `campaign` asks the pool of the campaign that the call names, `create` adds the user, `refuse` answers with an error.",
        read: |patch, page, field, value| {
            let words = ["campaign", "create", "refuse"];
            let choices = [OnUnknownUser::Campaign, OnUnknownUser::Create, OnUnknownUser::Refuse];
            if let Some(index) = choice(page, field.name, value, &words) {
                patch.on_unknown_user = Some(choices[index]);
            }
        },
        show: |policy| {
            let word = match policy.on_unknown_user {
                OnUnknownUser::Campaign => "campaign",
                OnUnknownUser::Create => "create",
                OnUnknownUser::Refuse => "refuse",
            };
            format!("\"{word}\"")
        },
        unwise: never,
        advised: "",
    },
    Field {
        name: "durability",
        unit: "choice",
        reach: Reach::Default,
        effect: "`lease` lets an answer run ahead of the disk by a small window that a crash charges to the caps; `sync` lets every answer wait for the disk.",
        read: |patch, page, field, value| {
            if let Some(durability) = durability(page, field.name, value) {
                patch.durability = Some(durability);
            }
        },
        show: |policy| format!("\"{}\"", durability_word(policy.durability)),
        unwise: never,
        advised: "",
    },
    Field {
        name: "ranker",
        unit: "adapter",
        reach: Reach::User,
        effect: "The id of an adapter of kind `ranker` that may put the numbers that this policy permits for a call in another order; \"\" is none. On any fault, and after `ranker_deadline`, the policy's own order holds.",
        read: read_ranker,
        show: |policy| format!("\"{}\"", policy.ranker.as_deref().unwrap_or_default()),
        unwise: never,
        advised: "",
    },
    span!(ranker_deadline, User, MILLISECOND, MILLISECOND * 50, "How long a call waits for the ranker.",
        |span: &Duration| *span > MILLISECOND * 20 => "every call waits for it; stay at or below 20ms"),
];

/// Reads the word of a durability; the configuration has the same one.
pub fn durability(page: &mut Page<'_>, field: &str, value: &Value<'_>) -> Option<Durability> {
    let said = page.text(field, value)?;
    match said.as_str() {
        "lease" => Some(Durability::Lease),
        "sync" => Some(Durability::Sync),
        _ => {
            page.problem(
                value.span(),
                format!("`{field}` knows no \"{said}\""),
                choice_hint(&said, &["lease", "sync"]),
            );
            None
        }
    }
}

pub const fn durability_word(durability: Durability) -> &'static str {
    match durability {
        Durability::Lease => "lease",
        Durability::Sync => "sync",
    }
}

pub(super) fn choice(page: &mut Page<'_>, field: &str, value: &Value<'_>, words: &[&'static str]) -> Option<usize> {
    let said = page.text(field, value)?;
    let index = words.iter().position(|word| *word == said);
    if index.is_none() {
        page.problem(value.span(), format!("`{field}` knows no \"{said}\""), choice_hint(&said, words));
    }
    index
}

fn read_hours(patch: &mut Patch, page: &mut Page<'_>, field: &Field, value: &Value<'_>) {
    let Some(said) = page.text(field.name, value) else { return };
    match Hours::parse(&said) {
        Ok(hours) if hours.opens_ever() => patch.calling_hours = Some(hours),
        Ok(_) => page.problem(
            value.span(),
            format!("`calling_hours` is \"{said}\", which never opens, so nobody could be called"),
            "open at least one day, as in \"mon-fri 9:00-18:00\"",
        ),
        Err(error) => {
            let said = error.to_string();
            let (reason, remedy) = said.split_once("; ").unwrap_or((&said, "write it as in \"mon-fri 9:00-18:00\""));
            page.problem(value.span(), format!("`calling_hours`, {reason}"), remedy);
        }
    }
}

fn read_ramp(patch: &mut Patch, page: &mut Page<'_>, field: &Field, value: &Value<'_>) {
    let Some(stages) = value.get_ref().as_array() else {
        return page.mistyped(field.name, value, "a list of whole numbers, such as [10, 20, 35, 60]");
    };
    if stages.len() > RAMP_STAGES_MAX {
        let reason = format!("`ramp_per_day` has {} stages", stages.len());
        return page.problem(value.span(), reason, format!("write at most {RAMP_STAGES_MAX} stages"));
    }
    patch.ramp_per_day = Some(stages.iter().filter_map(|stage| page.count(field.name, stage, 1, CALLS_MAX)).collect());
}

fn read_ladder(patch: &mut Patch, page: &mut Page<'_>, field: &Field, value: &Value<'_>) {
    const RUNGS: [Rung; 5] = [Rung::RelaxLocality, Rung::EndTurnEarly, Rung::Bench, Rung::Reserve, Rung::HardCap];
    let Some(rungs) = value.get_ref().as_array() else {
        return page.mistyped(field.name, value, "a list of rungs, such as [\"relax_locality\", \"bench\"]");
    };
    let words = RUNGS.map(rung_word);
    let mut ladder = Vec::new();
    for item in rungs.iter() {
        let Some(said) = page.text(field.name, item) else { continue };
        match RUNGS.into_iter().find(|rung| rung_word(*rung) == said) {
            Some(rung) if ladder.contains(&rung) => {
                page.problem(item.span(), format!("`ladder` names the rung \"{said}\" twice"), "name each rung once");
            }
            Some(rung) => ladder.push(rung),
            None => page.problem(item.span(), format!("`ladder` knows no rung \"{said}\""), choice_hint(&said, &words)),
        }
    }
    patch.ladder = Some(ladder);
}

fn read_ranker(patch: &mut Patch, page: &mut Page<'_>, field: &Field, value: &Value<'_>) {
    let Some(said) = page.text(field.name, value) else { return };
    if !said.is_empty() && !sandbox::manifest::is_id(&said) {
        let reason = format!("`ranker` is \"{said}\", which can be no adapter's id");
        return page.problem(value.span(), reason, "write the `id` of a ranker's adapter.toml, or \"\" for none");
    }
    patch.ranker = Some(Some(said).filter(|said| !said.is_empty()));
}

/// The table of every field that stands in `policies/README.md`.
pub fn table() -> String {
    let mut table =
        String::from("| field | unit | default | scope | effect | advice |\n| --- | --- | --- | --- | --- | --- |\n");
    let policy = Policy::default();
    for Field { name, unit, reach, effect, advised, show, .. } in FIELDS {
        let (shown, scope) = (show(&policy), reach.word());
        let scope = if LAWS.contains(name) { format!("{scope}; law") } else { scope.to_owned() };
        table.push_str(&format!("| `{name}` | {unit} | `{shown}` | {scope} | {effect} | {advised} |\n"));
    }
    table
}
