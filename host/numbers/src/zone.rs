//! What the clock shows where a callee is, in the time zones that `areas.tsv` names.
//!
//! Owns the offsets of those zones, the daylight rule that the United States and Canada share since 2007, and the provinces
//! that have stopped changing their clocks. It goes both ways: from a moment to the local clock, and to the moment at which
//! a local clock next shows a time.
//! It does not know zones elsewhere, nor the daylight rule before 2007: an earlier moment is told by the rule of today.
//! A change of law in one zone is a changed line of [`CLOCKS`], and a test compares every line with the tz database.

use crate::moment::Moment;
use core::fmt;

/// A day of the week, in the order of ISO 8601.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Weekday {
    Monday,
    Tuesday,
    Wednesday,
    Thursday,
    Friday,
    Saturday,
    Sunday,
}

/// A date of the Gregorian calendar, compared in the order of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Date {
    pub year: i32,
    pub month: u8,
    pub day: u8,
}

/// What clock and calendar show at one moment in one zone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Local {
    pub date: Date,
    pub weekday: Weekday,
    /// Minutes that the clock shows after midnight, from 0 to 1439. On a day on which the clock changes, that many have
    /// not passed.
    pub minute: u16,
}

/// One zone of [`CLOCKS`]. Whoever has one need not look its name up again.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Zone(u8);

/// When a zone's clock is an hour ahead of its standard time.
#[derive(Clone, Copy, Debug)]
enum Daylight {
    Never,
    /// From the second Sunday of March to the first Sunday of November, at 2:00 by the clock that ends.
    Yearly,
    /// As [`Daylight::Yearly`] until the March of this year, and from then on for good.
    KeptSince(i32),
}

#[derive(Clone, Copy, Debug)]
struct Clock {
    name: &'static str,
    /// Minutes that the standard time is ahead of UTC.
    standard: i16,
    daylight: Daylight,
}

use Daylight::{KeptSince, Never, Yearly};

/// British Columbia, Alberta and Manitoba did not turn their clocks back in November 2026; tz database 2026f has all three.
const CLOCKS: [Clock; 22] = [
    clock("America/New_York", -300, Yearly),
    clock("America/Chicago", -360, Yearly),
    clock("America/Denver", -420, Yearly),
    clock("America/Phoenix", -420, Never),
    clock("America/Los_Angeles", -480, Yearly),
    clock("America/Anchorage", -540, Yearly),
    clock("America/Adak", -600, Yearly),
    clock("Pacific/Honolulu", -600, Never),
    clock("America/Puerto_Rico", -240, Never),
    clock("America/St_Thomas", -240, Never),
    clock("Pacific/Guam", 600, Never),
    clock("Pacific/Saipan", 600, Never),
    clock("Pacific/Pago_Pago", -660, Never),
    clock("America/St_Johns", -210, Yearly),
    clock("America/Halifax", -240, Yearly),
    clock("America/Toronto", -300, Yearly),
    clock("America/Winnipeg", -360, KeptSince(2026)),
    clock("America/Regina", -360, Never),
    clock("America/Edmonton", -420, KeptSince(2026)),
    clock("America/Dawson_Creek", -420, Never),
    clock("America/Vancouver", -480, KeptSince(2026)),
    clock("America/Whitehorse", -420, Never),
];

const fn clock(name: &'static str, standard: i16, daylight: Daylight) -> Clock {
    Clock { name, standard, daylight }
}

const SECONDS_PER_DAY: i64 = 24 * 60 * 60;
/// When the clock changes, in minutes of standard time: at 2:00 in March, and in November at 2:00 of daylight time.
const SPRING_MINUTE: i64 = 2 * 60;
const AUTUMN_MINUTE: i64 = 60;

/// What the clock shows at `at` in the zone of this name; none for a zone that the table does not know.
pub fn local(zone: &str, at: Moment) -> Option<Local> {
    Zone::named(zone).map(|zone| zone.local(at))
}

impl Zone {
    /// How many zones there are; a set of them fits into 32 bits.
    pub const COUNT: usize = CLOCKS.len();

    /// The zone of this name in the tz database, if the table knows it.
    pub fn named(name: &str) -> Option<Zone> {
        CLOCKS.iter().position(|clock| clock.name == name).map(|place| Zone(place as u8))
    }

    /// Every zone of the table.
    pub fn all() -> impl Iterator<Item = Zone> {
        (0..CLOCKS.len() as u8).map(Zone)
    }

    pub const fn name(self) -> &'static str {
        self.clock().name
    }

    /// What clock and calendar show here at `at`.
    pub fn local(self, at: Moment) -> Local {
        let shown = at.seconds() as i64 + self.offset(at);
        let day = shown.div_euclid(SECONDS_PER_DAY);
        Local {
            date: Date::of_day(day),
            weekday: Weekday::of_day(day),
            minute: (shown.rem_euclid(SECONDS_PER_DAY) / 60) as u16,
        }
    }

    /// The first moment from `at` on at which the clock here shows `minute`, on that day of the week if one is given.
    ///
    /// A time that the clock jumps over in spring has come when it has jumped; one that it shows twice in autumn comes
    /// twice.
    pub fn next_at(self, at: Moment, weekday: Option<Weekday>, minute: u16) -> Moment {
        let today = self.local(at).date.day_number();
        // Today's may be over, and the same day of the next week is seven days ahead.
        (today..=today + 7)
            .filter(|day| weekday.is_none_or(|weekday| weekday == Weekday::of_day(*day)))
            .find_map(|day| self.shows(day, minute, at))
            .unwrap_or(at)
    }

    /// The first moment from `from` on at which the clock here shows `minute` of the date, or has jumped over it.
    pub fn shows_on(self, date: Date, minute: u16, from: Moment) -> Option<Moment> {
        self.shows(date.day_number(), minute, from)
    }

    fn shows(self, day: i64, minute: u16, from: Moment) -> Option<Moment> {
        let standard = i64::from(self.clock().standard) * 60;
        let midnight = day * SECONDS_PER_DAY;
        let shown = midnight + i64::from(minute) * 60;
        let by = |offset: i64| shown - offset;
        let is_shown = |seconds: i64, daylight: bool| self.is_daylight(seconds) == daylight;
        // By daylight time it comes an hour sooner, so that one is tried first.
        let mut candidates = [(by(standard + 3600), true), (by(standard), false)]
            .into_iter()
            .filter(|(seconds, daylight)| is_shown(*seconds, *daylight))
            .map(|(seconds, _)| seconds)
            .peekable();
        let jump = midnight + SPRING_MINUTE * 60 - standard;
        let jumped = if candidates.peek().is_none() { Some(jump) } else { None };
        candidates.chain(jumped).map(moment).find(|moment| *moment >= from)
    }

    /// Seconds that the clock here is ahead of UTC at `at`.
    fn offset(self, at: Moment) -> i64 {
        let standard = i64::from(self.clock().standard) * 60;
        if self.is_daylight(at.seconds() as i64) { standard + 3600 } else { standard }
    }

    /// Whether the clock is an hour ahead, by the date and the time that standard time would show.
    fn is_daylight(self, seconds: i64) -> bool {
        let Clock { standard, daylight, .. } = self.clock();
        let kept_since = match daylight {
            Daylight::Never => return false,
            Daylight::Yearly => i32::MAX,
            Daylight::KeptSince(year) => year,
        };
        let shown = seconds + i64::from(standard) * 60;
        let day = shown.div_euclid(SECONDS_PER_DAY);
        let minute = shown.rem_euclid(SECONDS_PER_DAY) / 60;
        let date = Date::of_day(day);
        // The last Sunday, today counted; below 1 when it fell into the month before.
        let sunday = i64::from(date.day) - i64::from(Weekday::of_day(day) as u8 + 1) % 7;
        let on_sunday = sunday == i64::from(date.day);
        let has_begun = match date.month {
            1 | 2 => false,
            // The second Sunday is from the 8th to the 14th.
            3 => sunday >= 8 && (sunday > 14 || !on_sunday || minute >= SPRING_MINUTE),
            _ => true,
        };
        if date.year > kept_since || (date.year == kept_since && has_begun) {
            return true;
        }
        let has_ended = match date.month {
            12 => true,
            11 => sunday >= 1 && (sunday > 7 || !on_sunday || minute >= AUTUMN_MINUTE),
            _ => false,
        };
        has_begun && !has_ended
    }

    const fn clock(self) -> Clock {
        CLOCKS[self.0 as usize]
    }

    /// Its place in a set.
    const fn bit(self) -> u32 {
        1 << self.0
    }
}

fn moment(seconds: i64) -> Moment {
    Moment::from_seconds(u64::try_from(seconds).unwrap_or(0))
}

/// A set of zones, small enough to be copied.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub struct Zones(u32);

impl Zones {
    pub const NONE: Zones = Zones(0);

    pub fn contains(self, zone: Zone) -> bool {
        self.0 & zone.bit() != 0
    }

    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    #[must_use]
    pub const fn union(self, other: Zones) -> Zones {
        Zones(self.0 | other.0)
    }

    #[must_use]
    pub const fn intersection(self, other: Zones) -> Zones {
        Zones(self.0 & other.0)
    }

    /// Whether every zone of this set is in the other.
    pub const fn is_within(self, other: Zones) -> bool {
        self.0 & !other.0 == 0
    }

    pub fn iter(self) -> impl Iterator<Item = Zone> + Clone {
        let mut left = self.0;
        core::iter::from_fn(move || {
            let place = left.trailing_zeros();
            left &= left.wrapping_sub(1);
            (place < u32::BITS).then_some(Zone(place as u8))
        })
    }
}

impl FromIterator<Zone> for Zones {
    fn from_iter<T: IntoIterator<Item = Zone>>(zones: T) -> Zones {
        Zones(zones.into_iter().fold(0, |set, zone| set | zone.bit()))
    }
}

impl fmt::Debug for Zones {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter()).finish()
    }
}

impl fmt::Debug for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl Weekday {
    pub const ALL: [Weekday; 7] = [
        Weekday::Monday,
        Weekday::Tuesday,
        Weekday::Wednesday,
        Weekday::Thursday,
        Weekday::Friday,
        Weekday::Saturday,
        Weekday::Sunday,
    ];

    /// The day of the week so many days after 1970-01-01, which was a Thursday.
    fn of_day(day: i64) -> Weekday {
        Weekday::ALL[(day + 3).rem_euclid(7) as usize]
    }

    /// The word used in policies and tables.
    pub const fn word(self) -> &'static str {
        match self {
            Weekday::Monday => "mon",
            Weekday::Tuesday => "tue",
            Weekday::Wednesday => "wed",
            Weekday::Thursday => "thu",
            Weekday::Friday => "fri",
            Weekday::Saturday => "sat",
            Weekday::Sunday => "sun",
        }
    }
}

impl Date {
    /// The date of this name, as in `2026-11-01`; none where the calendar has no such day.
    pub fn parse(text: &str) -> Option<Date> {
        let digits = |text: &str, length: usize| {
            (text.len() == length && text.bytes().all(|b| b.is_ascii_digit())).then(|| text.parse::<u16>().ok())?
        };
        let mut parts = text.split('-');
        let (year, month, day) = (parts.next()?, parts.next()?, parts.next()?);
        let date =
            Date { year: i32::from(digits(year, 4)?), month: digits(month, 2)? as u8, day: digits(day, 2)? as u8 };
        // Only a day of the calendar survives the way there and back.
        (parts.next().is_none() && Date::of_day(date.day_number()) == date).then_some(date)
    }

    /// The day of the week.
    pub fn weekday(self) -> Weekday {
        Weekday::of_day(self.day_number())
    }

    /// The date so many days later, or earlier.
    #[must_use]
    pub fn plus_days(self, days: i64) -> Date {
        Date::of_day(self.day_number() + days)
    }

    /// Whole days since 1970-01-01, by Howard Hinnant's `days_from_civil`: years begin in March, eras have 400 of them.
    fn day_number(self) -> i64 {
        let Date { year, month, day } = self;
        let year = i64::from(year) - i64::from(month <= 2);
        let era = year.div_euclid(400);
        let year_of_era = year.rem_euclid(400);
        let month_from_march = (i64::from(month) + 9) % 12;
        let day_of_year = (153 * month_from_march + 2) / 5 + i64::from(day) - 1;
        let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
        era * 146_097 + day_of_era - 719_468
    }

    /// The date so many days after 1970-01-01, by Howard Hinnant's `civil_from_days`.
    fn of_day(day: i64) -> Date {
        let day = day + 719_468;
        let era = day.div_euclid(146_097);
        let day_of_era = day.rem_euclid(146_097);
        let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let month_from_march = (5 * day_of_year + 2) / 153;
        let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
        Date {
            year: (year_of_era + era * 400 + i64::from(month <= 2)) as i32,
            month: month as u8,
            day: (day_of_year - (153 * month_from_march + 2) / 5 + 1) as u8,
        }
    }
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}-{:02}", self.year, self.month, self.day)
    }
}
