//! Reads files that people write: strictly, and saying the place, the reason and the remedy of every fault at once.
//!
//! Policies and the configuration are read through here. What a field means is said by them, not here.

use crate::desk::ProblemView;
use core::ops::Range;
use core::time::Duration;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// One fault in a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// File and line, such as `policies/acme.toml:12`.
    pub place: String,
    pub reason: String,
    pub remedy: String,
}

impl std::fmt::Display for Problem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}\n  Hint: {}", self.place, self.reason, self.remedy)
    }
}

impl From<Problem> for ProblemView {
    fn from(problem: Problem) -> ProblemView {
        ProblemView { place: problem.place, reason: problem.reason, remedy: problem.remedy }
    }
}

/// A value with where it stands.
pub type Value<'t> = Spanned<DeValue<'t>>;

/// One file under the reader's eye. Problems are gathered, so that a person sees all of them at once.
pub struct Page<'t> {
    file: &'t str,
    text: &'t str,
    pub problems: Vec<Problem>,
}

impl<'t> Page<'t> {
    pub fn new(file: &'t str, text: &'t str) -> Page<'t> {
        // Editors on Windows put a byte order mark in front.
        Page { file, text: text.strip_prefix('\u{feff}').unwrap_or(text), problems: Vec::new() }
    }

    /// The table that the whole file is; none when it is no TOML, which is then the only problem.
    pub fn table(&mut self) -> Option<DeTable<'t>> {
        match DeTable::parse(self.text) {
            Ok(table) => Some(table.into_inner()),
            Err(error) => {
                let span = error.span().unwrap_or(0..0);
                // The message may run over lines; the place already says where.
                let reason = format!("this is no TOML: {}", error.message().replace('\n', " "));
                self.problem(span, reason, "write one `name = value` a line; a text goes in double quotes");
                None
            }
        }
    }

    pub fn problem(&mut self, span: Range<usize>, reason: impl Into<String>, remedy: impl Into<String>) {
        let place = self.place(span);
        self.problems.push(Problem { place, reason: reason.into(), remedy: remedy.into() });
    }

    /// File and line.
    pub fn place(&self, span: Range<usize>) -> String {
        let before = self.text.as_bytes().get(..span.start).unwrap_or(self.text.as_bytes());
        format!("{}:{}", self.file, before.iter().filter(|b| **b == b'\n').count() + 1)
    }

    /// The problem of a field that there is not.
    pub fn unknown<'n>(&mut self, span: Range<usize>, field: &str, known: impl IntoIterator<Item = &'n str>) {
        self.problem(span, format!("there is no field `{field}`"), remedy_for_unknown(field, known));
    }

    /// A text, or a problem.
    pub fn text(&mut self, field: &str, value: &Value<'_>) -> Option<String> {
        match value.get_ref().as_str() {
            Some(text) => Some(text.to_owned()),
            None => {
                self.mistyped(field, value, "a text in double quotes");
                None
            }
        }
    }

    /// `true` or `false`, or a problem.
    pub fn switch(&mut self, field: &str, value: &Value<'_>) -> Option<bool> {
        let switch = value.get_ref().as_bool();
        if switch.is_none() {
            self.mistyped(field, value, "`true` or `false`, without quotes");
        }
        switch
    }

    /// A whole number within these bounds, or a problem.
    pub fn count(&mut self, field: &str, value: &Value<'_>, least: u32, most: u32) -> Option<u32> {
        let Some(integer) = value.get_ref().as_integer() else {
            self.mistyped(field, value, "a whole number, without quotes");
            return None;
        };
        let count = i64::from_str_radix(integer.as_str(), integer.radix()).ok();
        match count.and_then(|count| u32::try_from(count).ok()).filter(|count| (least..=most).contains(count)) {
            Some(count) => Some(count),
            None => {
                self.problem(
                    value.span(),
                    format!("`{field}` is {}, which is outside of {least} to {most}", integer.as_str()),
                    format!("write a number from {least} to {most}"),
                );
                None
            }
        }
    }

    /// A span of time within these bounds, or a problem.
    pub fn span(&mut self, field: &str, value: &Value<'_>, least: Duration, most: Duration) -> Option<Duration> {
        let span = match value.get_ref() {
            DeValue::String(text) => duration(text),
            DeValue::Integer(seconds) => {
                u64::from_str_radix(seconds.as_str(), seconds.radix()).ok().map(Duration::from_secs)
            }
            _ => None,
        };
        let Some(span) = span else {
            self.mistyped(field, value, "a span of time: \"14d\", \"4h\", \"2m\", \"90s\", or whole seconds");
            return None;
        };
        if span < least || span > most {
            let bounds = format!("{} to {}", in_words(least), in_words(most));
            self.problem(
                value.span(),
                format!("`{field}` is {}, which is outside of {bounds}", in_words(span)),
                format!("write a span of {bounds}"),
            );
            return None;
        }
        Some(span)
    }

    /// A whole number within these bounds, none for "off", or a problem.
    #[allow(clippy::option_option)] // The outer one is whether anything was read, as in the others.
    pub fn count_or_off(&mut self, field: &str, value: &Value<'_>, least: u32, most: u32) -> Option<Option<u32>> {
        match value.get_ref() {
            DeValue::String(said) if said.as_ref() == "off" => Some(None),
            DeValue::Integer(_) => self.count(field, value, least, most).map(Some),
            _ => {
                self.mistyped(field, value, "a whole number, without quotes, or \"off\"");
                None
            }
        }
    }

    /// A span of time within these bounds, none for "off", or a problem.
    #[allow(clippy::option_option)] // As above.
    pub fn span_or_off(
        &mut self,
        field: &str,
        value: &Value<'_>,
        least: Duration,
        most: Duration,
    ) -> Option<Option<Duration>> {
        match value.get_ref() {
            DeValue::String(said) if said.as_ref() == "off" => Some(None),
            _ => self.span(field, value, least, most).map(Some),
        }
    }

    pub fn mistyped(&mut self, field: &str, value: &Value<'_>, wanted: &str) {
        let said = self.text.get(value.span()).unwrap_or("").lines().next().unwrap_or("").to_owned();
        self.problem(value.span(), format!("`{field}` is {said}, and that is not {wanted}"), format!("write {wanted}"));
    }
}

/// What to write instead of a name that there is not.
pub fn remedy_for_unknown<'n>(name: &str, known: impl IntoIterator<Item = &'n str>) -> String {
    let known: Vec<&str> = known.into_iter().collect();
    match nearest(name, known.iter().copied()) {
        Some(near) => format!("did you mean `{near}`?"),
        None if known.is_empty() => "leave it out".to_owned(),
        None => format!("leave it out, or write one of: {}", known.join(", ")),
    }
}

/// The known name that a person most likely meant; none when nothing is near.
pub fn nearest<'n>(name: &str, known: impl IntoIterator<Item = &'n str>) -> Option<&'n str> {
    // Guessed: beyond a third of the letters it is another word.
    let most = (name.chars().count() / 3).max(1);
    known
        .into_iter()
        .map(|near| (strsim::damerau_levenshtein(name, near), near))
        .filter(|(distance, _)| *distance <= most)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, near)| near)
}

/// Reads `14d`, `4h`, `2m`, `90s`, `250ms` and sums of them such as `1d12h`.
pub fn duration(text: &str) -> Option<Duration> {
    let mut rest = text.trim();
    let mut sum = Duration::ZERO;
    if rest.is_empty() {
        return None;
    }
    while !rest.is_empty() {
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        let count: u64 = rest.get(..digits)?.parse().ok()?;
        rest = rest.get(digits..)?;
        let letters = rest.bytes().take_while(u8::is_ascii_alphabetic).count();
        let millis = match rest.get(..letters)? {
            "ms" => 1,
            "s" => 1000,
            "m" => 60 * 1000,
            "h" => 60 * 60 * 1000,
            "d" => 24 * 60 * 60 * 1000,
            _ => return None,
        };
        sum = sum.checked_add(Duration::from_millis(count.checked_mul(millis)?))?;
        rest = rest.get(letters..)?.trim_start();
    }
    Some(sum)
}

/// A span as a file has it; [`duration`] reads it back.
pub fn in_words(span: Duration) -> String {
    let mut millis = span.as_millis();
    let mut words = String::new();
    for (unit, length) in [("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1000), ("ms", 1)] {
        if millis >= length {
            words.push_str(&format!("{}{unit}", millis / length));
            millis %= length;
        }
    }
    if words.is_empty() { "0s".to_owned() } else { words }
}
