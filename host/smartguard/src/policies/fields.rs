//! Every field of a policy: its unit, its bounds, what we advise, and what it does.

use super::{choice_hint, rung_word};
use crate::strict::{Page, Value, in_words};
use core::time::Duration;
use numbers::policy::{Durability, LAWS, OnUnknownUser, Patch, Policy, Rung, Strictness};
use numbers::{E164, Hours};

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

/// Numbers in one list. More does not fit where a scope is kept, and a pool has ten.
const NUMBERS_MAX: usize = 30;
const STRICTNESS: [Strictness; 3] = [Strictness::Off, Strictness::Soft, Strictness::Hard];
const STRICTNESS_WORDS: [&str; 3] = ["off", "soft", "hard"];

const fn strictness_word(strictness: Strictness) -> &'static str {
    STRICTNESS_WORDS[strictness as usize]
}

fn span_or_off(span: Option<Duration>) -> String {
    format!("\"{}\"", span.map_or_else(|| "off".to_owned(), in_words))
}

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

/// A cap that may be off.
macro_rules! limit {
    ($name:ident, $reach:ident, $unit:literal, $effect:literal) => {
        Field {
            name: stringify!($name),
            unit: $unit,
            reach: Reach::$reach,
            effect: $effect,
            read: |patch, page, field, value| {
                if let Some(limit) = page.count_or_off(field.name, value, 1, CALLS_MAX * 100) {
                    patch.$name = Some(limit);
                }
            },
            show: |policy| policy.$name.map_or_else(|| "\"off\"".to_owned(), |limit| limit.to_string()),
            unwise: never,
            advised: "",
        }
    };
}

/// A rule that is off, soft or hard.
macro_rules! strictness {
    ($name:ident, $effect:literal) => {
        Field {
            name: stringify!($name),
            unit: "off, soft or hard",
            reach: Reach::User,
            effect: $effect,
            read: |patch, page, field, value| {
                if let Some(place) = choice(page, field.name, value, &STRICTNESS_WORDS) {
                    patch.$name = Some(STRICTNESS[place]);
                }
            },
            show: |policy| format!("\"{}\"", strictness_word(policy.$name)),
            unwise: never,
            advised: "",
        }
    };
}

/// A list of telephone numbers.
macro_rules! numbers {
    ($name:ident, $effect:literal) => {
        Field {
            name: stringify!($name),
            unit: "numbers, a list",
            reach: Reach::User,
            effect: $effect,
            read: |patch, page, field, value| {
                if let Some(numbers) = read_numbers(page, field, value) {
                    patch.$name = Some(numbers);
                }
            },
            show: |policy| {
                let numbers: Vec<String> = policy.$name.iter().map(|number| format!("\"{number}\"")).collect();
                format!("[{}]", numbers.join(", "))
            },
            unwise: never,
            advised: "",
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
    limit!(
        carrier_per_day,
        User,
        "calls or \"off\"",
        "Calls a day that one number is shown on to the callees of one carrier at most. A carrier's engine sees no others. Calls whose carrier is unknown are not counted."
    ),
    limit!(carrier_per_hour, User, "calls or \"off\"", "The same within any hour."),
    limit!(carrier_per_minute, User, "calls or \"off\"", "The same within any minute."),
    limit!(
        user_per_day,
        User,
        "calls or \"off\"",
        "Calls a day that one user or campaign places from its pool at most; a call that was not placed after all counts too."
    ),
    limit!(user_per_hour, User, "calls or \"off\"", "The same within any hour."),
    limit!(user_per_minute, User, "calls or \"off\"", "The same within any minute."),
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
    Field {
        name: "turn_for",
        unit: "span or \"off\"",
        reach: Reach::User,
        effect: "Measures turns in time: a turn lasts so long, and at least the calls above.",
        read: |patch, page, field, value| {
            if let Some(span) = page.span_or_off(field.name, value, SECOND, DAY) {
                patch.turn_for = Some(span);
            }
        },
        show: |policy| span_or_off(policy.turn_for),
        unwise: never,
        advised: "",
    },
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
    span!(
        ramp_after_rest_for,
        User,
        Duration::ZERO,
        "After a rest a number goes through the end of the warm-up once more, so long; 0s lets it serve in full at once."
    ),
    Field {
        name: "rest_every",
        unit: "span or \"off\"",
        reach: Reach::User,
        effect: "A number pauses in its pool when it has served so long since its last rest, as far as `resting_percent_max` lets it.",
        read: |patch, page, field, value| {
            if let Some(span) = page.span_or_off(field.name, value, DAY, SPAN_MAX) {
                patch.rest_every = Some(span);
            }
        },
        show: |policy| span_or_off(policy.rest_every),
        unwise: |policy| policy.rest_every.is_some_and(|every| every < DAY * 14),
        advised: "agencies know long-lived numbers best; let a number serve 14d at least",
    },
    limit!(
        rest_every_calls,
        User,
        "calls or \"off\"",
        "A number pauses in its pool when it was shown so often since its last rest, give or take a tenth."
    ),
    span!(rest_planned_for, User, SECOND, "How long such a pause lasts."),
    span!(
        dwell_min,
        User,
        Duration::ZERO,
        "A number stays in the pool that it came to for so long before it pauses by plan; a label takes it out at any time."
    ),
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
    strictness!(
        locality,
        "`soft` shows the number that is nearest to the callee (rate-centre group, state, neighbouring state, time zone); `hard` only numbers of the callee's own rate-centre group, until the rung `relax_locality`; `off` does not ask."
    ),
    strictness!(
        own_exchange,
        "A number that shares the callee's area code and exchange, as neighbour spoofing does: `soft` shows it last, `hard` never to that callee, `off` does not ask. None is ever preferred for it."
    ),
    strictness!(
        registered_only,
        "Numbers that some registry has: `soft` shows them first, `hard` shows no others, but a number that was in service before us has `adopted_deadline` for it. A new number waits for its required registries in any case."
    ),
    strictness!(
        callback_required,
        "Numbers on which a call back is known to arrive: `soft` shows them first, `hard` shows no others, but a number that was in service before us has `adopted_deadline` for it."
    ),
    strictness!(
        one_campaign,
        "A number speaks for one campaign until `campaign_wait` has passed since it last did: `soft` shows it last for another campaign, `hard` not at all, `off` does not ask. Calls without a campaign are for any."
    ),
    span!(
        campaign_wait,
        User,
        Duration::ZERO,
        "How long a number is not shown for any campaign before it may speak for another."
    ),
    numbers!(
        pinned,
        "Numbers that are shown before all others of their pool while they may be shown, and outside of turns."
    ),
    numbers!(excluded, "Numbers that are not shown, in a pool, on the bench or from the reserve."),
    count!(explore_permille, User, "‰ of calls", 0, 200,
        "Calls on which a number is drawn evenly among all that may be shown, so that another policy can be judged by what came of them. At 10 and more an estimate is given.",
        |n: &u32| *n > 50 => "each of these calls passes over the better number; stay at or below 50"),
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

fn read_numbers(page: &mut Page<'_>, field: &Field, value: &Value<'_>) -> Option<Vec<E164>> {
    let Some(items) = value.get_ref().as_array() else {
        page.mistyped(field.name, value, "a list of numbers, such as [\"+13125550100\"]");
        return None;
    };
    if items.len() > NUMBERS_MAX {
        let reason = format!("`{}` has {} numbers", field.name, items.len());
        page.problem(value.span(), reason, format!("name at most {NUMBERS_MAX} in one file"));
        return None;
    }
    let mut numbers = Vec::new();
    for item in items.iter() {
        let said = page.text(field.name, item)?;
        match E164::parse(&said) {
            Ok(number) => numbers.push(number),
            Err(error) => {
                let reason = format!("`{}` has \"{said}\": {error}", field.name);
                page.problem(item.span(), reason, "write it with its country, as in \"+13125550100\"");
            }
        }
    }
    Some(numbers)
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
