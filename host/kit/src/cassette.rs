//! A cassette: one file of an adapter's folder, read by the function of its kind that it calls.

use crate::form::Parsed;
use crate::kind::{Function, Kind};
use sandbox::trouble::{Trouble, line_of, nearest};
use serde::Deserialize;
use std::path::{Path, PathBuf};
use toml::Spanned;

/// One file, read and believed.
pub struct Cassette {
    /// The file's name without its ending.
    pub name: String,
    pub path: PathBuf,
    /// The file as it is written: places in reports are found in it, and `--update` changes single values of it.
    pub text: String,
    pub function: &'static Function,
    pub parsed: Parsed,
}

/// The one field that says how the rest is read.
#[derive(Deserialize)]
struct Head {
    call: Spanned<String>,
}

impl Cassette {
    /// Reads the file at `path`.
    ///
    /// # Errors
    /// When it cannot be read, or what [`Cassette::parse`] says.
    pub fn read(kind: &'static Kind, path: &Path) -> Result<Cassette, Trouble> {
        let file = path.display().to_string();
        let text = std::fs::read_to_string(path).map_err(|error| {
            Trouble::new(&file, format!("cannot be read: {error}"), "make it a text file that this user may read")
        })?;
        Cassette::parse(kind, path, text)
    }

    /// Reads a cassette of an adapter of this kind.
    ///
    /// # Errors
    /// The first thing that is wrong, with its line.
    pub fn parse(kind: &'static Kind, path: &Path, text: String) -> Result<Cassette, Trouble> {
        let file = path.display().to_string();
        let head: Head = toml::from_str(&text).map_err(|error| Trouble::from_toml(&file, &text, &error))?;
        let function = kind.function(head.call.get_ref()).ok_or_else(|| {
            let known: Vec<&str> = kind.functions.iter().map(|function| function.name).collect();
            let remedy = match nearest(head.call.get_ref(), &known) {
                Some(near) => format!("did you mean `{near}`? (known here: {})", known.join(", ")),
                None => format!("known here: {}", known.join(", ")),
            };
            let place = format!("{file}:{}", line_of(&text, head.call.span().start));
            Trouble::new(place, format!("no function is called `{}`", head.call.get_ref()), remedy)
        })?;
        let parsed = (function.read)(&file, &text)?;
        if let Some(answer) = &parsed.answer {
            only_its_own(&file, &text, function, answer)?;
        }
        let name = path.file_stem().map_or_else(String::new, |stem| stem.to_string_lossy().into_owned());
        Ok(Cassette { name, path: path.to_owned(), text, function, parsed })
    }

    /// The file as errors and reports show it.
    pub fn file(&self) -> String {
        self.path.display().to_string()
    }
}

/// Every function of every kind may answer with one of these.
const ERRORS: [&str; 4] = ["error", "value", "packet", "fault"];

fn only_its_own(file: &str, text: &str, function: &Function, answer: &toml::Table) -> Result<(), Trouble> {
    let Some(stranger) =
        answer.keys().find(|name| !ERRORS.contains(&name.as_str()) && !function.answers.contains(&name.as_str()))
    else {
        return Ok(());
    };
    let line = crate::compare::Lines::of(text).line(&["answer".into(), stranger.as_str().into()]);
    Err(Trouble::new(
        format!("{file}:{line}"),
        format!("`{}` never answers with `{stranger}`", function.name),
        format!("known here: {}, and for errors {}", function.answers.join(", "), ERRORS.join(", ")),
    ))
}
