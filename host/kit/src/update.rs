//! Changes `[answer]` of a cassette to what came, and nothing else of the file: not its order, not its comments.

use crate::cassette::Cassette;
use crate::form::Time;
use sandbox::trouble::Trouble;
use std::path::Path;
use toml::Value;
use toml_edit::{Array, ArrayOfTables, DocumentMut, InlineTable, Item, Table, TableLike};

/// Rewrites the file.
pub(crate) fn rewrite(cassette: &Cassette, answer: &toml::Table) -> Result<(), Trouble> {
    let changed = with_answer(&cassette.text, cassette.parsed.answer.as_ref(), answer)
        .map_err(|reason| Trouble::new(cassette.file(), reason, "write its `[answer]` by hand"))?;
    save(&cassette.path, &changed)
}

/// Puts a file in place whole or not at all.
pub(crate) fn save(path: &Path, text: &str) -> Result<(), Trouble> {
    let unfinished = path.with_extension("toml.new");
    let saved = std::fs::write(&unfinished, text).and_then(|()| std::fs::rename(&unfinished, path));
    saved.map_err(|error| {
        Trouble::new(path.display().to_string(), format!("cannot be written: {error}"), "let this user write there")
    })
}

/// The file with another answer. Where the call ended as before, only the values that an author named are changed;
/// where it ended otherwise, the whole answer is written.
fn with_answer(text: &str, expected: Option<&toml::Table>, got: &toml::Table) -> Result<String, String> {
    let mut document: DocumentMut = text.parse().map_err(|error: toml_edit::TomlError| error.message().to_owned())?;
    match (expected, document.get_mut("answer")) {
        (Some(expected), Some(answer)) if ended_alike(expected, got) => settle(answer, &Value::Table(got.clone())),
        (_, Some(answer)) => {
            let mut table = table(got);
            if let Item::Table(old) = &*answer {
                *table.decor_mut() = old.decor().clone();
            }
            *answer = Item::Table(table);
        }
        (_, None) => {
            let mut table = table(got);
            table.decor_mut().set_prefix("\n");
            document.insert("answer", Item::Table(table));
        }
    }
    Ok(document.to_string())
}

fn ended_alike(expected: &toml::Table, got: &toml::Table) -> bool {
    expected.keys().all(|name| got.contains_key(name)) && expected.get("error") == got.get("error")
}

/// Changes what is named and differs.
fn settle(item: &mut Item, got: &Value) {
    match (item, got) {
        (Item::ArrayOfTables(tables), Value::Array(list)) => {
            while tables.len() > list.len() {
                tables.remove(tables.len() - 1);
            }
            for (index, got) in list.iter().enumerate() {
                let Value::Table(got) = got else { continue };
                match tables.get_mut(index) {
                    Some(table) => settle_table(table, got),
                    None => tables.push(table(got)),
                }
            }
        }
        (Item::Table(table), Value::Table(got)) => settle_table(table, got),
        (Item::Value(toml_edit::Value::InlineTable(table)), Value::Table(got)) => settle_table(table, got),
        (Item::Value(value), got) if !same(value, got) => {
            let decor = value.decor().clone();
            let mut changed = plain(got);
            *changed.decor_mut() = decor;
            *value = changed;
        }
        // It says the same already, or was emptied: a list of tables that is empty now is written as a value.
        (Item::Value(_) | Item::None, _) => {}
        (item, got) => *item = whole(got),
    }
}

fn settle_table(table: &mut dyn TableLike, got: &toml::Table) {
    let names: Vec<String> = table.iter().map(|(name, _)| name.to_owned()).collect();
    for name in names {
        match (got.get(&name), table.get_mut(&name)) {
            (Some(Value::Array(list)), Some(Item::ArrayOfTables(_))) if list.is_empty() => {
                table.insert(&name, toml_edit::value(Array::new()));
            }
            (Some(Value::Array(list)), Some(item @ Item::Value(toml_edit::Value::Array(_))))
                if list.iter().any(Value::is_table) && item.as_array().is_some_and(Array::is_empty) =>
            {
                table.insert(&name, whole(&Value::Array(list.clone())));
            }
            (Some(got), Some(item)) => settle(item, got),
            // What is not there may be named by `false` alone.
            (None, Some(item)) if item.as_bool() == Some(false) => {}
            (None, _) => drop(table.remove(&name)),
            (Some(_), None) => {}
        }
    }
}

fn same(written: &toml_edit::Value, got: &Value) -> bool {
    match (written, got) {
        (toml_edit::Value::Array(list), Value::Array(got)) => {
            list.len() == got.len() && list.iter().zip(got).all(|(written, got)| same(written, got))
        }
        (toml_edit::Value::InlineTable(table), Value::Table(got)) => {
            table.iter().all(|(name, written)| got.get(name).is_some_and(|got| same(written, got)))
        }
        (toml_edit::Value::Integer(seconds), Value::Datetime(got)) => {
            u64::try_from(*seconds.value()).is_ok_and(|seconds| Time::of(got) == Some(Time(seconds)))
        }
        (toml_edit::Value::String(text), Value::String(got)) => text.value() == got,
        (toml_edit::Value::Integer(figure), Value::Integer(got)) => figure.value() == got,
        (toml_edit::Value::Boolean(switch), Value::Boolean(got)) => switch.value() == got,
        (toml_edit::Value::Datetime(time), Value::Datetime(got)) => time.value() == got,
        _ => false,
    }
}

/// A table of so many plain values stands in one line.
const INLINE_MAX: usize = 3;

/// A value that nobody has written yet, in the form in which a person would write it.
pub(crate) fn whole(got: &Value) -> Item {
    match got {
        Value::Table(fields) if fields.len() > INLINE_MAX || fields.values().any(|v| v.is_table() || v.is_array()) => {
            Item::Table(table(fields))
        }
        Value::Array(list) if list.iter().any(Value::is_table) => {
            let mut tables = ArrayOfTables::new();
            for got in list {
                if let Value::Table(fields) = got {
                    tables.push(table(fields));
                }
            }
            Item::ArrayOfTables(tables)
        }
        plainly => toml_edit::value(plain(plainly)),
    }
}

fn table(fields: &toml::Table) -> Table {
    let mut table = Table::new();
    // Only there to be looked up by an author who names some of a packet's fields.
    for (name, value) in fields.iter().filter(|(name, _)| *name != "field_values") {
        table.insert(name, whole(value));
    }
    // `[answer]` above nothing but `[[answer.observations]]` says nothing.
    table.set_implicit(!table.is_empty() && table.iter().all(|(_, item)| item.is_table() || item.is_array_of_tables()));
    table
}

fn plain(got: &Value) -> toml_edit::Value {
    match got {
        Value::String(text) => text.as_str().into(),
        Value::Integer(figure) => (*figure).into(),
        Value::Float(figure) => (*figure).into(),
        Value::Boolean(switch) => (*switch).into(),
        Value::Datetime(time) => (*time).into(),
        Value::Array(list) => toml_edit::Value::Array(list.iter().map(plain).collect()),
        Value::Table(fields) => {
            let mut table = InlineTable::new();
            for (name, value) in fields {
                table.insert(name, plain(value));
            }
            toml_edit::Value::InlineTable(table)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::with_answer;

    fn check(written: &str, came: &str, rewritten: &str) {
        let expected: toml::Table = toml::from_str(written).expect("a cassette");
        let expected = expected.get("answer").and_then(toml::Value::as_table).cloned();
        let came: toml::Table = toml::from_str(came).expect("an answer");
        assert_eq!(with_answer(written, expected.as_ref(), &came).as_deref(), Ok(rewritten));
    }

    const CAME: &str = "[[observations]]\nnumber = \"+1\"\nstatus = \"flagged\"\nlabel = false\n\
                        score = { value = 93, best = 0, worst = 100 }\nobserved_at = 2026-11-23T12:00:00Z\n";

    #[test]
    fn only_what_is_named_and_differs_is_changed() {
        check(
            "about = \"x\"  # why\n\n[[answer.observations]]\n# The word.\nstatus = \"unflagged\" # of old\n\
             observed_at = 1795435200\nscore = { value = 3 }\n",
            CAME,
            "about = \"x\"  # why\n\n[[answer.observations]]\n# The word.\nstatus = \"flagged\" # of old\n\
             observed_at = 1795435200\nscore = { value = 93 }\n",
        );
    }

    #[test]
    fn an_answer_of_another_sort_is_written_whole() {
        check(
            "[answer]\nerror = \"protocol\"\nvalue = \"?\"\n",
            CAME,
            "[[answer.observations]]\nnumber = \"+1\"\nstatus = \"flagged\"\nlabel = false\n\
             score = { value = 93, best = 0, worst = 100 }\nobserved_at = 2026-11-23T12:00:00Z\n",
        );
        check(
            "about = \"x\"\n",
            "error = \"retry-after\"\nvalue = 41\n",
            "about = \"x\"\n\n[answer]\nerror = \"retry-after\"\nvalue = 41\n",
        );
    }

    #[test]
    fn lists_grow_and_shrink() {
        let two = "[[observations]]\nnumber = \"+1\"\n[[observations]]\nnumber = \"+2\"\n";
        check(
            "[[answer.observations]]\nnumber = \"+1\" # one\n",
            two,
            "[[answer.observations]]\nnumber = \"+1\" # one\n\n[[answer.observations]]\nnumber = \"+2\"\n",
        );
        check(
            "[answer]\nobservations = []\n",
            two,
            "[answer]\n\n[[answer.observations]]\nnumber = \"+1\"\n\n[[answer.observations]]\nnumber = \"+2\"\n",
        );
        check("[[answer.observations]]\nnumber = \"+1\"\n", "observations = []\n", "[answer]\nobservations = []\n");
    }
}
