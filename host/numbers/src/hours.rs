//! Hours of the week: from when to when a clock permits something, day by day.
//!
//! Owns the text in which policies and the table of jurisdictions write them, such as `mon-fri 8:00-20:00, sat 9:00-17:00`.
//! A day has at most one window, and a window ends on its day: no law and no policy that is known here needs more.
//! It knows no zone and no date; whose clock is meant is for the caller to say.

use crate::zone::Weekday;
use core::fmt;
use serde::{Deserialize, Serialize};

/// From a minute after midnight until another, the second one no longer counted. Closed where both are the same.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Window {
    pub open: u16,
    pub close: u16,
}

/// A window for each day of the week.
///
/// Invariant: no window closes before it opens or after its day has ended, and a closed day opens and closes at 0.
/// Stored as the text that [`Hours::parse`] reads, so that what is stored is held to the same.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Hours([Window; 7]);

/// Why a text gives no hours, and where in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HoursError {
    /// Which entry, counted from 1; the entries are what commas separate.
    pub entry: usize,
    /// The entry itself.
    pub text: String,
    pub reason: HoursReason,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HoursReason {
    /// There is nothing in it.
    Empty,
    /// It has no space between days and times.
    NoTimes,
    /// No day of the week.
    Day(String),
    /// Neither `closed` nor two times with a dash between.
    Times(String),
    /// Not hours and minutes of a day.
    Time(String),
    /// It closes before it opens, as hours across midnight do.
    Backwards,
    /// An earlier entry gave this day already.
    Twice(Weekday),
}

const MINUTES_PER_DAY: u16 = 24 * 60;

impl Window {
    const CLOSED: Window = Window { open: 0, close: 0 };

    const fn new(open: u16, close: u16) -> Window {
        if open < close { Window { open, close } } else { Window::CLOSED }
    }

    pub const fn is_closed(self) -> bool {
        self.open >= self.close
    }

    pub const fn contains(self, minute: u16) -> bool {
        self.open <= minute && minute < self.close
    }

    pub fn intersection(self, other: Window) -> Window {
        Window::new(self.open.max(other.open), self.close.min(other.close))
    }
}

impl Hours {
    /// The whole of every day.
    pub const ALWAYS: Hours = Hours([Window { open: 0, close: MINUTES_PER_DAY }; 7]);
    /// From 8 to 21 every day, as federal law has it (47 CFR 64.1200(c)(1)).
    pub const FEDERAL: Hours = Hours([Window { open: 8 * 60, close: 21 * 60 }; 7]);
    /// No minute of any day.
    pub const NEVER: Hours = Hours([Window::CLOSED; 7]);

    /// Reads entries of days and times, separated by commas. Days that no entry names are closed.
    ///
    /// Days are `mon`, `mon-fri` or `daily`; times are `8:00-20:00`, on a clock of 24 hours, or `closed`.
    /// Hours that never open can be read, so that whoever checks a policy can say so in its own words.
    ///
    /// # Errors
    /// Says which entry is wrong, why, and how to write it; see [`HoursError`].
    pub fn parse(text: &str) -> Result<Hours, HoursError> {
        let mut given: [Option<Window>; 7] = [None; 7];
        for (place, entry) in text.split(',').map(str::trim).enumerate() {
            let wrong = |reason| HoursError { entry: place + 1, text: entry.to_owned(), reason };
            if entry.is_empty() {
                return Err(wrong(HoursReason::Empty));
            }
            let (days, times) = entry.split_once(char::is_whitespace).ok_or_else(|| wrong(HoursReason::NoTimes))?;
            let window = window(times.trim()).map_err(wrong)?;
            for day in days_of(days).map_err(wrong)? {
                let slot = &mut given[day as usize];
                if slot.is_some() {
                    return Err(wrong(HoursReason::Twice(day)));
                }
                *slot = Some(window);
            }
        }
        Ok(Hours(given.map(Option::unwrap_or_default)))
    }

    /// Whether this minute of this day lies in them.
    pub const fn contains(&self, weekday: Weekday, minute: u16) -> bool {
        self.0[weekday as usize].contains(minute)
    }

    /// Whether there is any minute in them.
    pub fn opens_ever(&self) -> bool {
        self.0.iter().any(|window| !window.is_closed())
    }

    /// The minutes that lie in both.
    #[must_use]
    pub fn intersection(&self, other: &Hours) -> Hours {
        Hours(core::array::from_fn(|day| self.0[day].intersection(other.0[day])))
    }

    pub(crate) const fn window(&self, weekday: Weekday) -> Window {
        self.0[weekday as usize]
    }
}

/// The days that a word or a range of words names. A range may go past Sunday.
fn days_of(text: &str) -> Result<Vec<Weekday>, HoursReason> {
    if text.eq_ignore_ascii_case("daily") {
        return Ok(Weekday::ALL.to_vec());
    }
    let day = |word: &str| {
        let found = Weekday::ALL.into_iter().find(|day| day.word().eq_ignore_ascii_case(word.trim()));
        found.ok_or_else(|| HoursReason::Day(word.trim().to_owned()))
    };
    let (first, last) = match text.split_once('-') {
        Some((first, last)) => (day(first)?, day(last)?),
        None => (day(text)?, day(text)?),
    };
    let length = (last as usize + 7 - first as usize) % 7;
    Ok((0..=length).map(|ahead| Weekday::ALL[(first as usize + ahead) % 7]).collect())
}

fn window(text: &str) -> Result<Window, HoursReason> {
    if text.eq_ignore_ascii_case("closed") {
        return Ok(Window::CLOSED);
    }
    let (open, close) = text.split_once('-').ok_or_else(|| HoursReason::Times(text.to_owned()))?;
    let (open, close) = (minute(open.trim())?, minute(close.trim())?);
    if close < open {
        return Err(HoursReason::Backwards);
    }
    Ok(Window::new(open, close))
}

/// Minutes after midnight. 24:00 is the end of a day.
fn minute(text: &str) -> Result<u16, HoursReason> {
    let wrong = || HoursReason::Time(text.to_owned());
    let digits = |text: &str, lengths: core::ops::RangeInclusive<usize>| {
        let is_figure = lengths.contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
        is_figure.then(|| text.parse::<u16>().ok()).flatten()
    };
    let (hour, minute) = text.split_once(':').ok_or_else(wrong)?;
    let hour = digits(hour, 1..=2).ok_or_else(wrong)?;
    let minute = digits(minute, 2..=2).filter(|minute| *minute < 60).ok_or_else(wrong)?;
    Some(hour * 60 + minute).filter(|minute| *minute <= MINUTES_PER_DAY).ok_or_else(wrong)
}

/// As [`Hours::parse`] reads them, with equal days that follow each other in one entry.
impl fmt::Display for Hours {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.opens_ever() {
            return f.write_str("daily closed");
        }
        let mut separator = "";
        let mut days = Weekday::ALL.into_iter().peekable();
        while let Some(first) = days.next() {
            let window = self.window(first);
            let mut last = first;
            while let Some(next) = days.next_if(|day| self.window(*day) == window) {
                last = next;
            }
            if window.is_closed() {
                continue;
            }
            f.write_str(separator)?;
            separator = ", ";
            match (first, last) {
                (Weekday::Monday, Weekday::Sunday) => f.write_str("daily")?,
                (first, last) if first == last => f.write_str(first.word())?,
                (first, last) => write!(f, "{}-{}", first.word(), last.word())?,
            }
            let Window { open, close } = window;
            write!(f, " {}:{:02}-{}:{:02}", open / 60, open % 60, close / 60, close % 60)?;
        }
        Ok(())
    }
}

impl fmt::Debug for Hours {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl TryFrom<String> for Hours {
    type Error = HoursError;
    fn try_from(text: String) -> Result<Hours, HoursError> {
        Hours::parse(&text)
    }
}

impl From<Hours> for String {
    fn from(hours: Hours) -> String {
        hours.to_string()
    }
}

impl core::str::FromStr for Hours {
    type Err = HoursError;
    fn from_str(text: &str) -> Result<Hours, HoursError> {
        Hours::parse(text)
    }
}

impl fmt::Display for HoursError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "entry {}, `{}`: ", self.entry, self.text)?;
        match &self.reason {
            HoursReason::Empty => f.write_str(
                "there is nothing in it; write days and times, as in mon-fri 8:00-20:00, or leave the comma out",
            ),
            HoursReason::NoTimes => f.write_str("times are missing; write days and times, as in mon-fri 8:00-20:00"),
            HoursReason::Day(word) => {
                write!(
                    f,
                    "`{word}` is no day; write mon, tue, wed, thu, fri, sat, sun or daily, or a range such as mon-fri"
                )
            }
            HoursReason::Times(text) => write!(f, "`{text}` is no span of time; write it as in 8:00-20:00, or closed"),
            HoursReason::Time(text) => {
                write!(f, "`{text}` is no time of day; write hours and minutes from 0:00 to 24:00, as in 8:30 or 20:00")
            }
            HoursReason::Backwards => f.write_str(
                "it closes before it opens; hours end on their day, so those across midnight are two entries",
            ),
            HoursReason::Twice(day) => {
                write!(f, "{} has its hours from an earlier entry; give each day once", day.word())
            }
        }
    }
}

impl core::error::Error for HoursError {}
