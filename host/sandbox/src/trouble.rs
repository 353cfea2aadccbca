//! What went wrong with something that a person wrote: where, why, and what to do about it.
//!
//! Owns the one shape in which manifests, configuration and policies are refused, and the reading of TOML errors into it.
//! It prints nothing: doors, tables and logs show the three sentences as they like.

use serde::Serialize;
use std::fmt;

/// A refusal that its reader can act on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Trouble {
    /// File and line, or the name of the thing when there is no file.
    pub place: String,
    pub reason: String,
    pub remedy: String,
}

impl Trouble {
    pub fn new(place: impl Into<String>, reason: impl Into<String>, remedy: impl Into<String>) -> Trouble {
        Trouble { place: place.into(), reason: reason.into(), remedy: remedy.into() }
    }

    /// From the TOML reader's error, with the line and the nearest known name for a field that does not exist.
    pub fn from_toml(file: &str, text: &str, error: &toml::de::Error) -> Trouble {
        let place = match error.span() {
            Some(span) => format!("{file}:{}", line_of(text, span.start)),
            None => file.to_owned(),
        };
        let message = error.message();
        let names = backticked(message);
        let remedy = match names.split_first() {
            Some((unknown, known))
                if message.starts_with("unknown field") || message.starts_with("unknown variant") =>
            {
                match nearest(unknown, known) {
                    Some(name) => format!("did you mean `{name}`? (known here: {})", known.join(", ")),
                    None if known.is_empty() => "remove it".to_owned(),
                    None => format!("known here: {}", known.join(", ")),
                }
            }
            Some((name, _)) if message.starts_with("missing field") => format!("add `{name} = …`"),
            _ => "correct it and save the file again".to_owned(),
        };
        let reason = match message.split_once(", expected ") {
            Some((head, _)) if message.starts_with("unknown") => head.to_owned(),
            _ => message.to_owned(),
        };
        Trouble { place, reason, remedy }
    }
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}; {}", self.place, self.reason, self.remedy)
    }
}

impl std::error::Error for Trouble {}

/// The line, counted from 1, in which the byte at `offset` lies.
pub fn line_of(text: &str, offset: usize) -> usize {
    1 + text.bytes().take(offset).filter(|byte| *byte == b'\n').count()
}

/// The known name that is closest to what was written, unless none is close.
pub fn nearest<'a, S: AsRef<str>>(written: &str, known: &'a [S]) -> Option<&'a str> {
    known
        .iter()
        .map(AsRef::as_ref)
        .map(|name| (distance(written, name), name))
        // Further away than a third of its letters, a guess confuses more than it helps.
        .filter(|(distance, name)| *distance <= 1 + name.chars().count() / 3)
        .min()
        .map(|(_, name)| name)
}

/// How many letters to insert, drop or change to get from one word to the other.
fn distance(from: &str, to: &str) -> usize {
    let to: Vec<char> = to.chars().collect();
    let mut row: Vec<usize> = (0..=to.len()).collect();
    for (i, letter) in from.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, other) in to.iter().enumerate() {
            let change = diagonal + usize::from(letter != *other);
            diagonal = row[j + 1];
            row[j + 1] = change.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[to.len()]
}

fn backticked(message: &str) -> Vec<&str> {
    message.split('`').skip(1).step_by(2).collect()
}
