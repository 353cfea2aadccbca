//! Holidays on which the law of some states permits no sales call.
//!
//! Owns how each is found in the calendar. Those with a fixed date are kept on the Friday or the Monday as well where they
//! fall on a Saturday or a Sunday, because states differ in which of both days counts.
//! It does not know days that a governor proclaims, nor since when a holiday exists: an earlier year is told by today's.

use crate::zone::{Date, Weekday};
use core::fmt;

/// How a holiday is found in a year.
#[derive(Clone, Copy, Debug)]
enum When {
    /// A month and a day.
    Fixed(u8, u8),
    /// The n-th such day of the week in a month.
    Nth(u8, Weekday, u8),
    /// The last Monday of a month.
    LastMonday(u8),
    /// So many days after Easter Sunday.
    Easter(i64),
    /// So many days after the first Monday of November.
    AfterFirstMondayOfNovember(i64),
    /// The day after the fourth Thursday of November.
    DayAfterThanksgiving,
}

use When::{AfterFirstMondayOfNovember, DayAfterThanksgiving, Easter, Fixed, LastMonday, Nth};

/// The word of a table, how it is found, and whether it is one of 5 U.S.C. 6103.
const HOLIDAYS: [(&str, When, bool); 22] = [
    ("new_year", Fixed(1, 1), true),
    ("martin_luther_king", Nth(1, Weekday::Monday, 3), true),
    ("washingtons_birthday", Nth(2, Weekday::Monday, 3), true),
    ("memorial_day", LastMonday(5), true),
    ("juneteenth", Fixed(6, 19), true),
    ("independence_day", Fixed(7, 4), true),
    ("labor_day", Nth(9, Weekday::Monday, 1), true),
    ("columbus_day", Nth(10, Weekday::Monday, 2), true),
    ("veterans_day", Fixed(11, 11), true),
    ("thanksgiving", Nth(11, Weekday::Thursday, 4), true),
    ("christmas", Fixed(12, 25), true),
    ("mardi_gras", Easter(-47), false),
    ("good_friday", Easter(-2), false),
    ("confederate_memorial_day", Nth(4, Weekday::Monday, 4), false),
    ("rhode_island_independence_day", Fixed(5, 4), false),
    ("jefferson_davis_birthday", Nth(6, Weekday::Monday, 1), false),
    ("flag_day", Fixed(6, 14), false),
    ("pioneer_day", Fixed(7, 24), false),
    ("victory_day", Nth(8, Weekday::Monday, 2), false),
    // Kept every year, though some states have it in even years alone.
    ("election_day", AfterFirstMondayOfNovember(1), false),
    ("day_after_thanksgiving", DayAfterThanksgiving, false),
    ("rosa_parks_day", Fixed(12, 1), false),
];

/// A set of holidays.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub struct Holidays(u32);

impl Holidays {
    pub const NONE: Holidays = Holidays(0);

    /// Reads words separated by commas; `federal` stands for all that the United States keep.
    ///
    /// # Errors
    /// Gives back the word that is no holiday.
    pub fn parse(text: &str) -> Result<Holidays, &str> {
        text.split(',').try_fold(Holidays::NONE, |Holidays(set), word| {
            let is_meant = |(name, _, federal): &(&str, When, bool)| *name == word || (word == "federal" && *federal);
            let found = HOLIDAYS.iter().enumerate().filter(|(_, holiday)| is_meant(holiday));
            match found.fold(0, |found, (place, _)| found | 1 << place) {
                0 => Err(word),
                found => Ok(Holidays(set | found)),
            }
        })
    }

    /// Whether one of them is kept on this date.
    pub fn contains(self, date: Date) -> bool {
        self.0 != 0 && self.iter().any(|(_, when)| when.is_on(date))
    }

    fn iter(self) -> impl Iterator<Item = (&'static str, When)> {
        let chosen = HOLIDAYS.iter().enumerate().filter(move |(place, _)| self.0 & 1 << place != 0);
        chosen.map(|(_, (name, when, _))| (*name, *when))
    }
}

impl When {
    fn is_on(self, date: Date) -> bool {
        match self {
            Fixed(month, day) => {
                let is = |date: Date| date.month == month && date.day == day;
                is(date)
                    || match date.weekday() {
                        Weekday::Friday => is(date.plus_days(1)),
                        Weekday::Monday => is(date.plus_days(-1)),
                        _ => false,
                    }
            }
            Nth(month, weekday, nth) => {
                date.month == month && (date.day - 1) / 7 + 1 == nth && date.weekday() == weekday
            }
            LastMonday(month) => {
                date.month == month && date.plus_days(7).month != month && date.weekday() == Weekday::Monday
            }
            // Easter is from 22 March to 25 April, so no other month is asked.
            Easter(days) => (2..=4).contains(&date.month) && easter(date.year).plus_days(days) == date,
            AfterFirstMondayOfNovember(days) => Nth(11, Weekday::Monday, 1).is_on(date.plus_days(-days)),
            DayAfterThanksgiving => Nth(11, Weekday::Thursday, 4).is_on(date.plus_days(-1)),
        }
    }
}

/// Easter Sunday of the Gregorian calendar, by the method that Butcher published in 1876.
fn easter(year: i32) -> Date {
    let golden = year.rem_euclid(19);
    let (century, of_century) = (year.div_euclid(100), year.rem_euclid(100));
    let (leaps, kept) = (century / 4, century % 4);
    let moon = (century + 8) / 25;
    let epact = (19 * golden + century - leaps - (century - moon + 1) / 3 + 15) % 30;
    let weekday = (32 + 2 * kept + 2 * (of_century / 4) - epact - of_century % 4) % 7;
    let late = (golden + 11 * epact + 22 * weekday) / 451;
    let days = epact + weekday - 7 * late + 114;
    Date { year, month: (days / 31) as u8, day: (days % 31 + 1) as u8 }
}

impl fmt::Debug for Holidays {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter().map(|(name, _)| name)).finish()
    }
}
