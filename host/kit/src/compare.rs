//! What was expected against what came: each difference with its place in the cassette.

use serde::Serialize;
use std::fmt;
use toml::Value;

/// One thing that is not as the cassette says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// File and line.
    pub place: String,
    /// What in the cassette: `answer.observations[0].status`.
    pub what: String,
    pub expected: String,
    pub got: String,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Difference { place, what, expected, got } = self;
        write!(f, "{place}: {what}\n  - {}\n  + {}", expected.replace('\n', "\n    "), got.replace('\n', "\n    "))
    }
}

/// One step on the way to a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    Name(String),
    Index(usize),
}

impl From<&str> for Step {
    fn from(name: &str) -> Step {
        Step::Name(name.to_owned())
    }
}

impl From<usize> for Step {
    fn from(index: usize) -> Step {
        Step::Index(index)
    }
}

/// The lines in which the values of a TOML file stand.
pub(crate) struct Lines<'a> {
    text: &'a str,
    document: Option<toml_edit::Document<&'a str>>,
}

impl<'a> Lines<'a> {
    pub fn of(text: &'a str) -> Lines<'a> {
        Lines { text, document: toml_edit::Document::parse(text).ok() }
    }

    /// The line of the value, or of the nearest thing around it that is written.
    pub fn line(&self, path: &[Step]) -> usize {
        let Some(document) = &self.document else { return 1 };
        let mut item = document.as_item();
        let mut start = 0;
        for step in path {
            let inner = match step {
                Step::Name(name) => {
                    let key = item.as_table_like().and_then(|table| table.key(name));
                    if let Some(span) = key.and_then(toml_edit::Key::span) {
                        start = span.start;
                    }
                    item.get(name)
                }
                Step::Index(index) => item.get(*index),
            };
            let Some(inner) = inner else { break };
            // The values that a table spreads over several headers have no span of their own.
            if matches!(step, Step::Index(_))
                && let Some(span) = inner.span()
            {
                start = span.start;
            }
            item = inner;
        }
        sandbox::trouble::line_of(self.text, start)
    }
}

/// Gathers differences of one cassette.
pub(crate) struct Differences<'a> {
    file: String,
    lines: Lines<'a>,
    found: Vec<Difference>,
}

impl<'a> Differences<'a> {
    pub fn new(file: String, text: &'a str) -> Differences<'a> {
        Differences { file, lines: Lines::of(text), found: Vec::new() }
    }

    pub fn add(&mut self, path: &[Step], expected: impl Into<String>, got: impl Into<String>) {
        let place = format!("{}:{}", self.file, self.lines.line(path));
        self.found.push(Difference { place, what: shown_path(path), expected: expected.into(), got: got.into() });
    }

    /// What is named must be so; a list must have just these members; `false` stands for nothing there.
    pub fn compare(&mut self, path: &mut Vec<Step>, expected: &Value, got: Option<&Value>) {
        match (expected, got) {
            (Value::Table(expected), Some(Value::Table(got))) => {
                for (name, value) in expected {
                    path.push(name.as_str().into());
                    self.compare(path, value, got.get(name));
                    path.pop();
                }
            }
            (Value::Array(expected), Some(Value::Array(got))) if expected.len() == got.len() => {
                for (index, (expected, got)) in expected.iter().zip(got).enumerate() {
                    path.push(index.into());
                    self.compare(path, expected, Some(got));
                    path.pop();
                }
            }
            (Value::Boolean(false), None) => {}
            (expected, Some(got)) if expected == got => {}
            (Value::String(expected), Some(Value::String(got))) if expected.contains('\n') || got.contains('\n') => {
                let (expected, got) = differing_lines(expected, got);
                self.add(path, expected, got);
            }
            (expected, got) => {
                self.add(path, shown(expected), got.map_or_else(|| "nothing there".to_owned(), shown));
            }
        }
    }

    pub fn found(self) -> Vec<Difference> {
        self.found
    }
}

/// Differing lines of two long texts that are shown; the rest is counted.
const LINES_SHOWN_MAX: usize = 4;

/// Of two long texts, the part in which they differ.
fn differing_lines(expected: &str, got: &str) -> (String, String) {
    let (left, right): (Vec<&str>, Vec<&str>) = (expected.split('\n').collect(), got.split('\n').collect());
    let same_before = left.iter().zip(&right).take_while(|(one, other)| one == other).count();
    let rest = left.len().min(right.len()) - same_before;
    let same_after =
        left.iter().rev().zip(right.iter().rev()).take(rest).take_while(|(one, other)| one == other).count();
    let part = |lines: &[&str]| {
        let lines = &lines[same_before..lines.len() - same_after];
        let mut text = format!(
            "line {}: {}",
            same_before + 1,
            lines.iter().take(LINES_SHOWN_MAX).copied().collect::<Vec<_>>().join("\n")
        );
        if lines.is_empty() {
            text = format!("line {}: nothing there", same_before + 1);
        } else if lines.len() > LINES_SHOWN_MAX {
            text.push_str(&format!("\n({} more lines)", lines.len() - LINES_SHOWN_MAX));
        }
        text
    };
    (part(&left), part(&right))
}

/// A value on one line, as TOML has it.
pub(crate) fn shown(value: &Value) -> String {
    match value {
        Value::Table(table) => {
            let fields: Vec<String> = table.iter().map(|(name, value)| format!("{name} = {}", shown(value))).collect();
            format!("{{ {} }}", fields.join(", "))
        }
        Value::Array(list) => format!("[{}]", list.iter().map(shown).collect::<Vec<_>>().join(", ")),
        plain => plain.to_string(),
    }
}

fn shown_path(path: &[Step]) -> String {
    let mut text = String::new();
    for step in path {
        match step {
            Step::Name(name) if text.is_empty() => text.push_str(name),
            Step::Name(name) => text.push_str(&format!(".{name}")),
            Step::Index(index) => text.push_str(&format!("[{index}]")),
        }
    }
    text
}
