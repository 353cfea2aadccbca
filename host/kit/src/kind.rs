//! What can be asked of a kind of adapter, as one value. Which values there are is said in [`crate::kinds`], by which rules
//! a kind is judged in [`crate::check`].

use crate::call::Call;
use crate::form::Parsed;
use sandbox::manifest;
use sandbox::trouble::Trouble;
use std::sync::Arc;

/// A kind of adapter, as the kit treats it.
pub struct Kind {
    pub kind: manifest::Kind,
    /// What can be asked of it, in the order of the interface.
    pub functions: &'static [Function],
    /// The name of the function that is meant where a command line names none.
    pub obvious: &'static str,
}

/// One function of the interface.
pub struct Function {
    /// As the interface and the cassettes spell it.
    pub name: &'static str,
    /// What an `[answer]` may name, beside the errors that every function has.
    pub answers: &'static [&'static str],
    /// Reads a cassette whose `call` is this function.
    pub read: fn(file: &str, text: &str) -> Result<Parsed, Trouble>,
    /// What may stand behind its name on a command line.
    pub words: &'static [Word],
    /// `[request]` of a call as an example, as a cassette has it.
    pub example: &'static str,
    /// It files, buys, gives back or tells something, so that a call by hand is no mere question.
    pub effects: bool,
}

/// A word of a command line, and the field of the request that it fills.
#[derive(Clone, Copy, Debug)]
pub enum Word {
    One(&'static str),
    /// A whole figure.
    Count(&'static str),
    /// May be left out.
    Maybe(&'static str),
    /// One at least; the last of a function's words.
    Many(&'static str),
}

impl Word {
    const fn field(self) -> &'static str {
        match self {
            Word::One(field) | Word::Count(field) | Word::Maybe(field) | Word::Many(field) => field,
        }
    }
}

impl Function {
    /// How it is asked on a command line: `search <area_code> <count>`.
    pub fn usage(&self) -> String {
        self.words.iter().fold(self.name.to_owned(), |usage, word| match word {
            Word::One(field) | Word::Count(field) => format!("{usage} <{field}>"),
            Word::Maybe(field) => format!("{usage} [<{field}>]"),
            Word::Many(field) => format!("{usage} <{field}>…"),
        })
    }

    /// The `[request]` that these words of a command line stand for.
    ///
    /// # Errors
    /// When there are too few words, too many, or one that should be a figure is none.
    pub fn request(&self, words: &[String]) -> Result<toml::Table, Trouble> {
        let wrong = |reason: String| {
            let remedy = if self.words.is_empty() && !self.example.is_empty() {
                format!("write its [request] into a file and name that with --request, as in:\n{}", self.example)
            } else {
                format!("write `{}`", self.usage())
            };
            Trouble::new(format!("`{}`", self.name), reason, remedy)
        };
        let mut request = toml::Table::new();
        let mut left = words.iter();
        for word in self.words {
            let value = match word {
                Word::Many(_) => {
                    let all: Vec<toml::Value> = left.by_ref().map(|text| text.as_str().into()).collect();
                    if all.is_empty() { None } else { Some(toml::Value::Array(all)) }
                }
                Word::Count(_) => match left.next() {
                    Some(text) => {
                        let count: i64 = text.parse().map_err(|_| wrong(format!("`{text}` is no whole figure")))?;
                        Some(count.into())
                    }
                    None => None,
                },
                Word::One(_) | Word::Maybe(_) => left.next().map(|text| text.as_str().into()),
            };
            match (value, word) {
                (Some(value), word) => drop(request.insert(word.field().to_owned(), value)),
                (None, Word::Maybe(_)) => {}
                (None, word) => return Err(wrong(format!("`{}` is not said", word.field()))),
            }
        }
        match left.next() {
            Some(text) => Err(wrong(format!("`{text}` is one word too many"))),
            None if self.words.is_empty() && !self.example.is_empty() => {
                Err(wrong("what it is asked does not fit on a command line".to_owned()))
            }
            None => Ok(request),
        }
    }

    /// A call with this `[request]`; `file` is where it is written, as errors show it.
    ///
    /// # Errors
    /// What is wrong with the request.
    pub fn call(&self, file: &str, request: &toml::Table) -> Result<Arc<dyn Call>, Trouble> {
        let mut cassette = toml::Table::new();
        for (name, value) in [("about", "A call by hand."), ("provenance", "imagined"), ("call", self.name)] {
            cassette.insert(name.to_owned(), value.into());
        }
        cassette.insert("now".to_owned(), toml::Value::Integer(0));
        cassette.insert("request".to_owned(), request.clone().into());
        match (self.read)(file, &cassette.to_string()) {
            Ok(parsed) => Ok(parsed.call),
            // The line would be that of a text that nobody has seen.
            Err(Trouble { reason, remedy, .. }) => Err(Trouble::new(file, reason, remedy)),
        }
    }

    /// `[request]` of the example.
    pub(crate) fn example_request(&self) -> toml::Table {
        self.example.parse().unwrap_or_default()
    }
}

impl Kind {
    /// The function that is meant where a command line names none.
    pub fn obvious(&self) -> &'static Function {
        self.functions.iter().find(|function| function.name == self.obvious).unwrap_or(&self.functions[0])
    }

    pub fn function(&self, name: &str) -> Option<&'static Function> {
        self.functions.iter().find(|function| function.name == name)
    }
}
