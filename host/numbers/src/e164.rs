//! The only door for telephone numbers: past it nobody checks again.

use core::fmt;
use serde::{Deserialize, Serialize};

/// A telephone number in the form of ITU-T E.164: a plus sign and at most 15 digits.
///
/// Numbers of the North American Numbering Plan are held to its own rules as well:
/// ten digits after the 1, and neither the area code nor the exchange begins with 0 or 1.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct E164(u64);

/// Why a text is not a telephone number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum E164Error {
    /// There is nothing in it.
    Empty,
    /// A spreadsheet turned it into a figure such as `1.2125E+10`, and the last digits are gone.
    Spreadsheet,
    /// It holds something that is no digit and no usual separator.
    Character(char),
    /// Too few digits for any number.
    TooShort(usize),
    /// More than 15 digits.
    TooLong(usize),
    /// Begins with a zero after the plus sign, which no country code does.
    CountryCode,
    /// The area code of a North American number begins with 0 or 1.
    AreaCode(u16),
    /// The exchange of a North American number begins with 0 or 1.
    Exchange(u16),
}

impl E164 {
    /// Reads a number as people, dialers and spreadsheets write it.
    ///
    /// Takes `+12125550143`, `1212…`, `212…` (ten digits are taken for North America), spaces, dashes, dots and brackets,
    /// the leading space that a form decoder makes of an unescaped plus sign, the apostrophe of a spreadsheet,
    /// and the invisible marks that come with copied text.
    ///
    /// # Errors
    /// Says what is wrong; see [`E164Error`].
    pub fn parse(text: &str) -> Result<E164, E164Error> {
        let text = text.trim_matches(|c: char| c.is_whitespace() || is_invisible(c));
        // A spreadsheet writes an apostrophe before a figure that is to stay a text.
        let text = text.strip_prefix('\'').unwrap_or(text);
        // A table program that took the column for figures writes `2125550143.0`; read on, that zero would make another number.
        let text = text
            .split_once('.')
            .filter(|(whole, rest)| whole.len() >= 10 && whole.bytes().all(|b| b.is_ascii_digit()) && is_zeros(rest))
            .map_or(text, |(whole, _)| whole);
        let looks_scientific = text.bytes().any(|b| b.is_ascii_digit())
            && text.bytes().any(|b| b == b'e' || b == b'E')
            && text.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'.' | b',' | b'+' | b'-' | b'e' | b'E'));
        if looks_scientific {
            return Err(E164Error::Spreadsheet);
        }
        let mut plus = false;
        let mut value: u64 = 0;
        let mut digits = 0usize;
        for c in text.chars() {
            match c {
                '0'..='9' => {
                    digits += 1;
                    if digits > DIGITS_MAX {
                        continue;
                    }
                    value = value * 10 + u64::from(c as u8 - b'0');
                }
                '+' if digits == 0 && !plus => plus = true,
                ' ' | '-' | '.' | '(' | ')' | '/' | '\u{a0}' | '\u{202f}' | '\u{2010}'..='\u{2014}' => {}
                invisible if is_invisible(invisible) => {}
                other => return Err(E164Error::Character(other)),
            }
        }
        if digits == 0 {
            return Err(E164Error::Empty);
        }
        if !plus && digits == 10 {
            value += 10_000_000_000;
            digits = 11;
        }
        E164::of(value, digits)
    }

    /// Holds a figure of so many digits, country code first, to the rules; leading zeros count as digits.
    fn of(value: u64, digits: usize) -> Result<E164, E164Error> {
        if digits > DIGITS_MAX {
            return Err(E164Error::TooLong(digits));
        }
        if digits < DIGITS_MIN {
            return Err(E164Error::TooShort(digits));
        }
        let first = value / 10u64.pow(digits as u32 - 1);
        if first == 0 {
            return Err(E164Error::CountryCode);
        }
        if first == 1 {
            match digits.cmp(&11) {
                core::cmp::Ordering::Less => return Err(E164Error::TooShort(digits)),
                core::cmp::Ordering::Greater => return Err(E164Error::TooLong(digits)),
                core::cmp::Ordering::Equal => {}
            }
            let area_code = (value / 10_000_000 % 1000) as u16;
            let exchange = (value / 10_000 % 1000) as u16;
            if area_code < 200 {
                return Err(E164Error::AreaCode(area_code));
            }
            if exchange < 200 {
                return Err(E164Error::Exchange(exchange));
            }
        }
        Ok(E164(value))
    }

    /// The digits as one figure, country code first.
    pub const fn digits(self) -> u64 {
        self.0
    }

    /// From the figure that [`E164::digits`] gave; none when it could not have come from there.
    pub fn from_digits(digits: u64) -> Option<E164> {
        let length = digits.checked_ilog10()? as usize + 1;
        E164::of(digits, length).ok()
    }

    /// Whether the number lies in the North American Numbering Plan.
    pub const fn is_nanp(self) -> bool {
        self.0 >= 12_000_000_000 && self.0 < 20_000_000_000
    }

    /// The three digits after the 1, for a North American number.
    pub const fn area_code(self) -> Option<u16> {
        if self.is_nanp() { Some((self.0 / 10_000_000 % 1000) as u16) } else { None }
    }

    /// The three digits after the area code, for a North American number.
    pub const fn exchange(self) -> Option<u16> {
        if self.is_nanp() { Some((self.0 / 10_000 % 1000) as u16) } else { None }
    }
}

/// The most digits that E.164 allows.
const DIGITS_MAX: usize = 15;
/// Shorter than any subscriber number with its country code.
const DIGITS_MIN: usize = 7;

fn is_zeros(text: &str) -> bool {
    text.bytes().all(|b| b == b'0')
}

/// A byte order mark, or a mark of writing direction as telephones put around a number that is copied.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{feff}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

impl fmt::Display for E164 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "+{}", self.0)
    }
}

impl fmt::Debug for E164 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl core::str::FromStr for E164 {
    type Err = E164Error;
    fn from_str(text: &str) -> Result<E164, E164Error> {
        E164::parse(text)
    }
}

impl fmt::Display for E164Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            E164Error::Empty => f.write_str("it is empty; write a number such as +12125550143"),
            E164Error::Spreadsheet => f.write_str(
                "a spreadsheet turned it into a figure and cut its last digits; format the column as text and export again",
            ),
            E164Error::Character(c) => write!(f, "it holds {c:?}; write digits, as in +12125550143"),
            E164Error::TooShort(n) => write!(f, "it has only {n} digits; write country code, area code and number"),
            E164Error::TooLong(n) => write!(f, "it has {n} digits, too many for its country; write it as in +12125550143"),
            E164Error::CountryCode => f.write_str("no country code begins with 0; write it as in +12125550143"),
            E164Error::AreaCode(code) => {
                write!(f, "{code:03} is no North American area code (they begin with 2 to 9)")
            }
            E164Error::Exchange(code) => {
                write!(f, "{code:03} is no North American exchange (they begin with 2 to 9)")
            }
        }
    }
}

impl core::error::Error for E164Error {}
