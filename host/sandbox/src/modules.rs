//! A script and the modules that it imports by a path, in one text.
//!
//! A script may be split into files: `./form.js` is a file of its own folder, `../lib/letter.js` one that all adapters
//! share. They are gathered when the folder is read and laid into one text, so that from there on an adapter's code is one
//! thing: hashed, kept, packed and compiled as a whole, under the names that its author knows.
//! A file of the folder `lib` beside the adapters goes before the one of that name that came with the program.

use crate::trouble::Trouble;
use std::collections::BTreeMap;

include!(concat!(env!("OUT_DIR"), "/library.rs"));

/// The folder, beside those of the adapters, whose modules all of them share.
pub const LIBRARY_FOLDER: &str = "lib";

/// Stands before each module of a joined text. A script that has no modules has none of these lines.
const MARK: &str = "//# module ";

/// The module of this name (`lib/letter.js`) that came with the program.
pub fn library(name: &str) -> Option<&'static str> {
    LIBRARY.iter().find(|(known, _)| *known == name).map(|(_, text)| *text)
}

/// The names of the modules that came with the program.
pub fn library_names() -> impl Iterator<Item = &'static str> {
    LIBRARY.iter().map(|(name, _)| *name)
}

/// Lays the modules that a script imports into one text with it. `read` finds a module by its name, `lib/letter.js` or
/// `<adapter>/form.js`; one that it does not find is told of when the script is evaluated, with its line.
///
/// # Errors
/// What `read` says, and where a text could not be told from a joined one.
pub fn join(
    name: &str,
    text: String,
    read: impl Fn(&str) -> Result<Option<String>, Trouble>,
) -> Result<String, Trouble> {
    if text.starts_with(MARK) {
        return Ok(text);
    }
    let mut modules: BTreeMap<String, String> = BTreeMap::new();
    let mut open = imported(name, &text);
    while let Some(module) = open.pop() {
        if module == name || modules.contains_key(&module) {
            continue;
        }
        let Some(found) = read(&module)? else { continue };
        open.extend(imported(&module, &found));
        modules.insert(module, found);
    }
    if modules.is_empty() {
        return Ok(text);
    }
    let mut joined = String::new();
    for (name, text) in modules.iter().map(|(name, text)| (name.as_str(), text)).chain([(name, &text)]) {
        if let Some(line) = text.lines().position(|line| line.starts_with(MARK)) {
            return Err(Trouble::new(
                format!("{name}:{}", line + 1),
                format!("a line begins with `{MARK}`, by which modules are told apart"),
                "write it otherwise",
            ));
        }
        joined.push_str(&format!("{MARK}{name}\n{text}"));
        if !text.ends_with('\n') {
            joined.push('\n');
        }
    }
    Ok(joined)
}

/// The script itself and its modules by name, out of a text that may be joined.
pub(crate) fn split(text: &str) -> (String, BTreeMap<String, String>) {
    if !text.starts_with(MARK) {
        return (text.to_owned(), BTreeMap::new());
    }
    let mut parts: Vec<(String, String)> = Vec::new();
    for line in text.split_inclusive('\n') {
        match (line.strip_prefix(MARK), parts.last_mut()) {
            (Some(name), _) => parts.push((name.trim_end().to_owned(), String::new())),
            (None, Some((_, text))) => text.push_str(line),
            (None, None) => {}
        }
    }
    let main = parts.pop().map(|(_, text)| text).unwrap_or_default();
    (main, parts.into_iter().collect())
}

/// The name of the module that `specifier` means in the module `base`; none where no adapter may import it.
pub(crate) fn resolve(base: &str, specifier: &str) -> Option<String> {
    let (folder, _) = base.rsplit_once('/')?;
    let (folder, file) = match specifier.strip_prefix("./") {
        Some(file) => (folder, file),
        None => (LIBRARY_FOLDER, specifier.strip_prefix("../")?.strip_prefix(LIBRARY_FOLDER)?.strip_prefix('/')?),
    };
    let stem = file.strip_suffix(".js")?;
    let plain = !stem.is_empty() && stem.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-');
    plain.then(|| format!("{folder}/{file}"))
}

/// The modules that a text names in its imports. One in a comment does no harm: it is laid in and never evaluated.
fn imported(name: &str, text: &str) -> Vec<String> {
    let mut found = Vec::new();
    for line in text.lines() {
        for keyword in ["from ", "import "] {
            for (at, _) in line.match_indices(keyword) {
                let rest = line[at + keyword.len()..].trim_start();
                let Some(quote) = rest.chars().next().filter(|c| matches!(c, '"' | '\'')) else { continue };
                let specifier = rest[1..].split(quote).next().unwrap_or_default();
                found.extend(resolve(name, specifier));
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::{join, resolve, split};
    use std::collections::BTreeMap;

    fn joined(text: &str, files: &[(&str, &str)]) -> String {
        let files: BTreeMap<&str, &str> = files.iter().copied().collect();
        join("acme/adapter.js", text.to_owned(), |name| Ok(files.get(name).map(|text| (*text).to_owned())))
            .expect("they can be joined")
    }

    #[test]
    fn a_script_alone_stays_as_it_is() {
        let text = "import * as log from \"smartguard:adapter/log@0.0.1\";\nexport const agency = {};\n";
        assert_eq!(joined(text, &[]), text);
        assert_eq!(split(text), (text.to_owned(), BTreeMap::new()));
    }

    #[test]
    fn modules_of_modules_come_along_once_and_are_told_apart_again() {
        let main = "import { a } from './a.js';\nimport {\n  b,\n} from \"../lib/b.js\";\nexport const agency = a(b)";
        let files = [
            ("acme/a.js", "import \"../lib/b.js\";\nexport const a = 1;\n"),
            ("lib/b.js", "export * from \"./c.js\";\n"),
            ("lib/c.js", "import { a } from \"./b.js\";\nexport const b = 2;\n"),
            ("lib/unused.js", "nothing"),
        ];
        let whole = joined(main, &files);
        let (text, modules) = split(&whole);
        assert_eq!(text, format!("{main}\n"));
        assert_eq!(modules.keys().collect::<Vec<_>>(), ["acme/a.js", "lib/b.js", "lib/c.js"]);
        assert_eq!(modules["lib/c.js"], files[2].1);
        assert_eq!(joined(&whole, &files), whole, "what is joined already is left alone");
    }

    #[test]
    fn only_the_own_folder_and_the_library_can_be_named() {
        let cases = [
            ("acme/adapter.js", "./form.js", Some("acme/form.js")),
            ("acme/adapter.js", "../lib/letter.js", Some("lib/letter.js")),
            ("lib/letter.js", "./business.js", Some("lib/business.js")),
            ("acme/adapter.js", "../other/adapter.js", None),
            ("acme/adapter.js", "./../other/adapter.js", None),
            ("acme/adapter.js", "../lib/../../etc/passwd.js", None),
            ("acme/adapter.js", "/etc/passwd.js", None),
            ("acme/adapter.js", "./.js", None),
            ("acme/adapter.js", "letter.js", None),
        ];
        for (base, specifier, name) in cases {
            assert_eq!(resolve(base, specifier).as_deref(), name, "{specifier} in {base}");
        }
    }

    #[test]
    fn a_text_that_looks_joined_is_refused() {
        let files = [("acme/a.js", "export const a = 1;\n//# module b.js\n")];
        let files: BTreeMap<&str, &str> = files.into_iter().collect();
        let text = "import { a } from \"./a.js\";\n".to_owned();
        let read = |name: &str| Ok(files.get(name).map(|text| (*text).to_owned()));
        let trouble = join("acme/adapter.js", text, read).expect_err("it cannot be told apart");
        assert_eq!(trouble.place, "acme/a.js:2");
    }
}
