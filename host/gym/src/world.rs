//! The world as its file says it: who dials whom, what callees do, what engines secretly go by, who can be asked.
//!
//! Every field has its unit in its name, and a default; `worlds/default.toml` says of each where its figure comes from.
//! Reading is strict, so that a misspelt field is an error with its line and not a default. What happens in a world is
//! said elsewhere; this module reads and checks.

use numbers::{Carrier, Date, Zone, area};
use serde::{Deserialize, Deserializer, Serialize};
use std::collections::BTreeMap;

mod check;
mod marks;

pub use check::WorldError;
pub use marks::Marks;

/// A world that has been read and checked.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct World {
    pub name: String,
    /// One sentence for whoever chooses among worlds.
    pub about: String,
    #[serde(default)]
    pub floor: Floor,
    #[serde(default)]
    pub list: List,
    #[serde(default)]
    pub answers: Answers,
    #[serde(default)]
    pub holdings: Holdings,
    #[serde(default)]
    pub own_calls: OwnCalls,
    /// Each labels for some carriers; no carrier has two.
    #[serde(default)]
    pub engine: Vec<Engine>,
    /// Where an opinion can be read.
    #[serde(default)]
    pub source: Vec<SourceFile>,
    /// Where numbers are registered.
    #[serde(default)]
    pub registry: Vec<Registry>,
}

/// Who dials, and when.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Floor {
    pub users: u32,
    /// Slots for a call that one user has in a working day.
    pub dials_per_user_and_day: u32,
    /// So many days of the week from Monday on.
    pub working_days_per_week: u32,
    /// The first day of a run, by the floor's own calendar. It decides which daylight time, holidays and laws there are.
    #[serde(deserialize_with = "date")]
    pub begins_on: Date,
    /// Where the floor is, by its name in the tz database; callees live by the clocks of their own area codes.
    #[serde(deserialize_with = "zone")]
    pub time_zone: Zone,
    /// In whole hours of the floor's own clock.
    pub begins_hour: u32,
    /// The share of the day's dials in each hour from `begins_hour` on, as weights.
    pub hour_weights: Vec<u32>,
    /// Leads that are asked about for one slot before it stays empty, when one after the other is held.
    pub asks_per_slot_max: u32,
}

/// Whom they dial.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct List {
    pub leads_per_user: u32,
    /// Where most callees live, evenly; our numbers are spread over the same codes.
    pub area_codes: Vec<u16>,
    pub elsewhere_percent: u32,
    pub elsewhere_area_codes: Vec<u16>,
    /// Exchanges of an area code that callees and our numbers are spread over.
    pub exchanges_per_area: u32,
    /// Callees of each carrier in a thousand.
    pub carrier_permille: BTreeMap<Carrier, u32>,
    /// Callees whose carrier the dialer knows and tells.
    pub carrier_known_percent: u32,
    /// Attempts that a lead is worth; the policy may stop before.
    pub attempts_max: u32,
    pub redial_after_hours: u32,
}

/// What callees do with a call that shows a clean number which is not local.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Answers {
    /// Of a thousand dials; what is left of the thousand is not answered.
    pub human_permille: u32,
    pub voicemail_permille: u32,
    pub busy_permille: u32,
    pub rejected_permille: u32,
    pub network_failed_permille: u32,
    /// 603+ on a number without a label.
    pub blocked_permille: u32,
    /// Of a thousand leads.
    pub invalid_permille: u32,
    /// Human answers to a number of the callee's own rate-centre group, against one from elsewhere.
    pub local_answers_percent: u32,
    /// Human answers to each further attempt, against the one before.
    pub again_answers_percent: u32,
    /// Human answers to another number than the callee saw before, against the same one.
    pub changed_number_answers_percent: u32,
    /// Human answers that end within six seconds.
    pub short_percent: u32,
    pub talk_median_seconds: u32,
    /// A human answer of so much talk is an engaged one.
    pub engaged_talk_seconds: u32,
    /// Complaints in ten thousand human answers to a first attempt, and how much likelier each further attempt makes one.
    pub complaint_per_10000: u32,
    pub complaint_growth_percent: u32,
    /// Callees whose phone answers for them, and how many human answers that leaves.
    pub screening_percent: u32,
    pub screened_answers_percent: u32,
}

/// What the business holds when it begins, and what it buys.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Holdings {
    pub numbers_per_user: u32,
    /// Further numbers in service that nobody uses yet.
    pub reserve_percent: u32,
    /// For each engine: numbers that it labels when the run begins.
    pub dirty_at_start_permille: u32,
    pub registered_at_start_percent: u32,
    /// Numbers are bought while reserve and quarantine together hold less than this share of the holdings.
    pub buy_below_percent: u32,
    pub buys_per_day_max: u32,
    /// For each engine: bought numbers that it labels already.
    pub dirty_when_bought_permille: u32,
    /// Millionths of a dollar for one number and thirty days.
    pub number_price_micros: u64,
}

/// What our own calls tell the keeper of a number.
///
/// The daemon tells nothing of the kind yet, so the default is `nothing`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct OwnCalls {
    pub tell: Tell,
    /// So many 603+ of one carrier, within the last calls of the number to that carrier.
    pub blocks: u32,
    pub of_calls: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Tell {
    Nothing,
    /// [`numbers::What::EarlyWarning`].
    Warning,
    /// [`numbers::What::Observed`], from [`numbers::Source::Outcomes`].
    Block,
}

/// One engine, and what nobody outside of it knows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Engine {
    pub agency: String,
    pub carriers: Vec<Carrier>,
    pub model: Model,
    #[serde(default)]
    pub label: Label,
    #[serde(default)]
    pub redress: Redress,
}

/// What sets a label. Dials are those that the engine sees, scaled up to all callees by its share of them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Model {
    /// Too many dials of one number.
    Volume {
        dials_per_day_max: u32,
        dials_per_hour_max: u32,
        /// The chance of a label for each day or hour beyond it.
        chance_permille: u32,
    },
    /// A chance each day, by what the number did. Weights are thousandths of a log-odd.
    Logistic {
        base: i64,
        per_dial: i64,
        per_short_percent: i64,
        per_complaint_permille: i64,
        per_answer_percent: i64,
        unregistered: i64,
    },
    /// As above, and for the business as a whole: new numbers are distrusted, and the more of them the more.
    Enterprise {
        base: i64,
        per_dial: i64,
        /// For each percent of the numbers of the last thirty days that were first seen within them.
        per_churn_percent: i64,
        /// For each percent of the numbers of the last thirty days that stopped calling within thirty days of the first.
        per_short_lived_percent: i64,
        /// While the number was first seen less than `new_days` ago.
        new_number: i64,
        new_days: u32,
        unregistered: i64,
    },
    /// So many complaints, and more than so many in a thousand dials, within the window.
    Complaints { window_days: u32, complaints_min: u32, per_1000_dials_max: u32, chance_permille: u32 },
    /// A chance each day for numbers that call their own neighbourhood.
    Neighbour { base: i64, per_same_area_percent: i64, per_same_exchange_percent: i64, per_dial: i64 },
}

/// What a label does.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Label {
    /// Human answers, against a clean number.
    pub answers_percent: u32,
    pub voicemail_added_permille: u32,
    /// 603+ instead of [`Answers::blocked_permille`].
    pub blocked_permille: u32,
    pub rejected_percent: u32,
    /// It goes by itself so long after it was last deserved.
    pub expires_after_days: u32,
    /// For so long after it went the number is suspect: the chance of a label, against one that had none.
    pub suspect_days: u32,
    pub suspect_percent: u32,
}

/// What comes of a dispute.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Redress {
    /// Of a hundred disputes. What is left of the hundred stalls: nothing is heard, and nothing changes.
    pub success_percent: u32,
    pub refusal_percent: u32,
    /// The label goes, or the refusal comes, between these, evenly.
    pub delay_min_hours: u32,
    pub delay_max_hours: u32,
}

/// An adapter that can be asked what engines think.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SourceFile {
    pub adapter: String,
    pub speaks_for: Vec<String>,
    /// Millionths of a dollar for each number.
    #[serde(default)]
    pub price_micros: u64,
    #[serde(default = "seconds_of_a_check")]
    pub delay_seconds: u32,
    /// What it says is what the engine held so long ago.
    #[serde(default)]
    pub lag_hours: u32,
    #[serde(default)]
    pub fails_permille: u32,
}

fn date<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Date, D::Error> {
    let text = String::deserialize(deserializer)?;
    let wrong = || serde::de::Error::custom(format!("\"{text}\" is no date such as \"2026-01-05\""));
    Date::parse(&text).ok_or_else(wrong)
}

fn zone<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Zone, D::Error> {
    let text = String::deserialize(deserializer)?;
    let names: Vec<&str> = Zone::all().map(Zone::name).collect();
    let wrong = || serde::de::Error::custom(format!("\"{text}\" is none of the zones {}", names.join(", ")));
    Zone::named(&text).ok_or_else(wrong)
}

fn seconds_of_a_check() -> u32 {
    5
}

/// An adapter that takes registrations.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Registry {
    pub adapter: String,
    pub required: bool,
    pub delay_hours: u32,
}

impl World {
    /// Reads a world from its file's text.
    ///
    /// # Errors
    /// With the line and the field, and what to write instead.
    pub fn parse(text: &str) -> Result<World, WorldError> {
        let world: World = toml::from_str(text).map_err(|cause| WorldError::unreadable(&cause, text))?;
        check::check(&world, text)?;
        Ok(world)
    }

    /// A world that comes with the program.
    ///
    /// # Errors
    /// When there is none of this name; the error lists those that there are.
    pub fn named(name: &str) -> Result<World, WorldError> {
        match WORLDS.iter().find(|(known, _)| *known == name) {
            Some((_, text)) => World::parse(text),
            None => Err(WorldError::unknown(name, &WORLDS.map(|(known, _)| known))),
        }
    }

    /// This world with another floor.
    ///
    /// # Errors
    /// When that floor cannot be; see [`World::parse`].
    pub fn with_floor(mut self, users: Option<u32>, dials: Option<u32>) -> Result<World, WorldError> {
        self.floor.users = users.unwrap_or(self.floor.users);
        self.floor.dials_per_user_and_day = dials.unwrap_or(self.floor.dials_per_user_and_day);
        check::check(&self, "")?;
        Ok(self)
    }

    /// The engine of this carrier, by its place.
    pub fn engine_of(&self, carrier: Carrier) -> Option<usize> {
        self.engine.iter().position(|engine| engine.carriers.contains(&carrier))
    }
}

/// The worlds that come with the program. The first is the one that policies are tuned in; the others only judge.
pub const WORLDS: [(&str, &str); 6] = [
    ("default", include_str!("../worlds/default.toml")),
    ("volume_threshold", include_str!("../worlds/volume_threshold.toml")),
    ("enterprise_churn", include_str!("../worlds/enterprise_churn.toml")),
    ("complaints", include_str!("../worlds/complaints.toml")),
    ("neighbour", include_str!("../worlds/neighbour.toml")),
    ("slow_redress", include_str!("../worlds/slow_redress.toml")),
];

impl Default for Floor {
    fn default() -> Floor {
        Floor {
            users: 20,
            dials_per_user_and_day: 300,
            working_days_per_week: 5,
            begins_on: Date { year: 2026, month: 1, day: 5 },
            time_zone: new_york(),
            begins_hour: 9,
            hour_weights: vec![9, 11, 11, 7, 8, 10, 10, 9, 9, 8, 8],
            asks_per_slot_max: 3,
        }
    }
}

impl Default for List {
    fn default() -> List {
        List {
            leads_per_user: 6000,
            area_codes: vec![212, 312, 404, 614, 713],
            elsewhere_percent: 15,
            elsewhere_area_codes: vec![206, 303, 505, 602, 801, 916],
            exchanges_per_area: 40,
            carrier_permille: Carrier::ALL.into_iter().map(|carrier| (carrier, carrier.share_permille())).collect(),
            carrier_known_percent: 80,
            attempts_max: 6,
            redial_after_hours: 20,
        }
    }
}

impl Default for Answers {
    fn default() -> Answers {
        Answers {
            human_permille: 70,
            voicemail_permille: 550,
            busy_permille: 30,
            rejected_permille: 20,
            network_failed_permille: 25,
            blocked_permille: 5,
            invalid_permille: 60,
            local_answers_percent: 135,
            again_answers_percent: 95,
            changed_number_answers_percent: 100,
            short_percent: 15,
            talk_median_seconds: 35,
            engaged_talk_seconds: 60,
            complaint_per_10000: 30,
            complaint_growth_percent: 25,
            screening_percent: 15,
            screened_answers_percent: 60,
        }
    }
}

impl Default for Holdings {
    fn default() -> Holdings {
        Holdings {
            numbers_per_user: 10,
            reserve_percent: 10,
            dirty_at_start_permille: 40,
            registered_at_start_percent: 50,
            buy_below_percent: 3,
            buys_per_day_max: 2,
            dirty_when_bought_permille: 60,
            number_price_micros: 1_150_000,
        }
    }
}

impl Default for OwnCalls {
    fn default() -> OwnCalls {
        OwnCalls { tell: Tell::Nothing, blocks: 3, of_calls: 40 }
    }
}

impl Default for Label {
    fn default() -> Label {
        Label {
            answers_percent: 35,
            voicemail_added_permille: 80,
            blocked_permille: 60,
            rejected_percent: 300,
            expires_after_days: 30,
            suspect_days: 14,
            suspect_percent: 300,
        }
    }
}

impl Default for Redress {
    fn default() -> Redress {
        Redress { success_percent: 70, refusal_percent: 10, delay_min_hours: 24, delay_max_hours: 120 }
    }
}

fn new_york() -> Zone {
    match Zone::named("America/New_York") {
        Some(zone) => zone,
        None => unreachable!("the core's table has this zone"),
    }
}

/// Whether our table knows where an area code is.
fn is_placed(code: u16) -> bool {
    area::area(code).is_some()
}
