//! Reads JSON that another party wrote, and believes nothing that does not fit.
//!
//! A wrong guess here would call a bad number clean, so what is missing or of another type is a `protocol` failure
//! that names the field, what it holds and what was expected.

use crate::failure::Failure;
use serde_json::{Map, Value};
use std::ops::RangeInclusive;

/// So much of an answer that is none is shown.
const EXCERPT_CHARS: usize = 40;
/// So much of a field's value is shown.
const SHOWN_CHARS: usize = 60;

/// A whole answer.
#[derive(Clone, Debug)]
pub struct Json {
    value: Value,
}

impl Json {
    /// # Errors
    /// `protocol` with how it begins, when it is no JSON.
    pub fn parse(text: &str) -> Result<Json, Failure> {
        let value = serde_json::from_str(text)
            .map_err(|_| Failure::protocol(format!("the answer is no JSON; it begins with {}", excerpt(text))))?;
        Ok(Json { value })
    }

    /// # Errors
    /// `protocol` when it is something else.
    pub fn object(&self) -> Result<Object<'_>, Failure> {
        self.value.as_object().map(Object).ok_or_else(|| self.other("an object"))
    }

    /// # Errors
    /// `protocol` when it is something else.
    pub fn list(&self) -> Result<&[Value], Failure> {
        self.value.as_array().map(Vec::as_slice).ok_or_else(|| self.other("a list"))
    }

    fn other(&self, expected: &str) -> Failure {
        Failure::protocol(format!("the answer is {}, where {expected} was expected", shown(Some(&self.value))))
    }
}

/// An object, whose fields are asked for one by one.
#[derive(Clone, Copy, Debug)]
pub struct Object<'a>(&'a Map<String, Value>);

impl<'a> Object<'a> {
    /// A member of a list as an object.
    ///
    /// # Errors
    /// `protocol` when it is something else.
    pub fn of(value: &'a Value) -> Result<Object<'a>, Failure> {
        let other =
            || Failure::protocol(format!("the list holds {}, where an object was expected", shown(Some(value))));
        value.as_object().map(Object).ok_or_else(other)
    }

    pub fn field(self, name: &'a str) -> Field<'a> {
        Field { name, value: self.0.get(name) }
    }
}

/// A field that may be there or not, and hold what it should or not.
#[derive(Clone, Copy, Debug)]
pub struct Field<'a> {
    name: &'a str,
    value: Option<&'a Value>,
}

impl<'a> Field<'a> {
    /// # Errors
    /// `protocol` when it holds something else; so for all that follow.
    pub fn object(self) -> Result<Object<'a>, Failure> {
        self.value.and_then(Value::as_object).map(Object).ok_or_else(|| self.other("an object"))
    }

    pub fn list(self) -> Result<&'a [Value], Failure> {
        self.value.and_then(Value::as_array).map(Vec::as_slice).ok_or_else(|| self.other("a list"))
    }

    pub fn text(self) -> Result<&'a str, Failure> {
        self.value.and_then(Value::as_str).ok_or_else(|| self.other("a text"))
    }

    /// A text, or nothing when it is missing or `null`.
    pub fn optional_text(self) -> Result<Option<&'a str>, Failure> {
        match self.value {
            None | Some(Value::Null) => Ok(None),
            Some(_) => self.text().map(Some),
        }
    }

    /// One of a few words.
    pub fn one_of(self, words: &[&str]) -> Result<&'a str, Failure> {
        let quoted = || words.iter().map(|word| format!("\"{word}\"")).collect::<Vec<_>>().join(" or ");
        self.value.and_then(Value::as_str).filter(|text| words.contains(text)).ok_or_else(|| self.other(&quoted()))
    }

    /// A whole number between these two. `15.0` is one, as JSON has only one kind of number.
    pub fn integer(self, range: RangeInclusive<i64>) -> Result<i64, Failure> {
        let whole = |value: &Value| {
            value.as_i64().or_else(|| value.as_f64().filter(|float| float.fract() == 0.0).map(|float| float as i64))
        };
        self.value
            .and_then(whole)
            .filter(|number| range.contains(number))
            .ok_or_else(|| self.other(&format!("a whole number from {} to {}", range.start(), range.end())))
    }

    pub fn truth(self) -> Result<bool, Failure> {
        self.value.and_then(Value::as_bool).ok_or_else(|| self.other("true or false"))
    }

    /// Makes sure that an answer is about what was asked for.
    pub fn must_be(self, asked: &str) -> Result<(), Failure> {
        if self.value.and_then(Value::as_str) == Some(asked) {
            return Ok(());
        }
        Err(Failure::protocol(format!("`{}` is {}, where {asked} was asked", self.name, shown(self.value))))
    }

    fn other(self, expected: &str) -> Failure {
        Failure::protocol(format!("`{}` is {}, where {expected} was expected", self.name, shown(self.value)))
    }
}

/// The beginning of a text, quoted.
fn excerpt(text: &str) -> String {
    Value::from(text.chars().take(EXCERPT_CHARS).collect::<String>()).to_string()
}

fn shown(value: Option<&Value>) -> String {
    value.map_or_else(|| "missing".to_owned(), |value| value.to_string().chars().take(SHOWN_CHARS).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bindings::agency::smartguard::adapter::types::Error;

    fn reason(failure: Failure) -> String {
        match failure.error {
            Error::Protocol(reason) => reason,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn what_fits_is_read() {
        let json = Json::parse(r#"{"a":"x","n":15,"f":15.0,"o":{"l":[{"t":true}]},"nothing":null}"#).expect("JSON");
        let object = json.object().expect("an object");
        assert_eq!(object.field("a").one_of(&["x", "y"]), Ok("x"));
        assert_eq!(object.field("n").integer(0..=100), Ok(15));
        assert_eq!(object.field("f").integer(0..=100), Ok(15));
        assert_eq!(object.field("nothing").optional_text(), Ok(None));
        assert_eq!(object.field("missing").optional_text(), Ok(None));
        let list = object.field("o").object().and_then(|o| o.field("l").list()).expect("a list");
        assert_eq!(Object::of(&list[0]).and_then(|member| member.field("t").truth()), Ok(true));
    }

    #[test]
    fn what_does_not_fit_is_named_with_what_was_expected() {
        let no_json = Json::parse("<!doctype html>").expect_err("no JSON");
        assert_eq!(reason(no_json), "the answer is no JSON; it begins with \"<!doctype html>\"");
        let list = Json::parse("[]").expect("JSON");
        assert_eq!(reason(list.object().expect_err("a list")), "the answer is [], where an object was expected");
        let json = Json::parse(r#"{"score":"15","much":101,"half":0.5,"word":"no"}"#).expect("JSON");
        let object = json.object().expect("an object");
        for (field, expected) in [
            (object.field("score"), "`score` is \"15\", where a whole number from 0 to 100 was expected"),
            (object.field("much"), "`much` is 101, where a whole number from 0 to 100 was expected"),
            (object.field("half"), "`half` is 0.5, where a whole number from 0 to 100 was expected"),
            (object.field("gone"), "`gone` is missing, where a whole number from 0 to 100 was expected"),
        ] {
            assert_eq!(reason(field.integer(0..=100).expect_err("no number")), expected);
        }
        let word = object.field("word").one_of(&["allowed", "blocked"]).expect_err("another word");
        assert_eq!(reason(word), "`word` is \"no\", where \"allowed\" or \"blocked\" was expected");
        let other = object.field("word").must_be("yes").expect_err("another word");
        assert_eq!(reason(other), "`word` is \"no\", where yes was asked");
    }
}
