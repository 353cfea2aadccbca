//! Single values of a cassette: times, days, "nothing there", and numbers as people write them.

use jiff::civil::Date;
use numbers::{Carrier, E164};
use serde::de::{DeserializeOwned, Error as _};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::collections::BTreeMap;

/// A moment in seconds since 1970-01-01 UTC, written as `2026-11-23T12:00:00Z` or as the figure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Time(pub u64);

impl Time {
    /// None for a time without its zone, and for one before 1970.
    pub(crate) fn of(written: &toml::value::Datetime) -> Option<Time> {
        let time: jiff::Timestamp = written.to_string().parse().ok()?;
        u64::try_from(time.as_second()).ok().map(Time)
    }
}

impl<'de> Deserialize<'de> for Time {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Time, D::Error> {
        let time = match toml::Value::deserialize(deserializer)? {
            toml::Value::Integer(seconds) => u64::try_from(seconds).ok().map(Time),
            toml::Value::Datetime(written) => Time::of(&written),
            _ => None,
        };
        time.ok_or_else(|| D::Error::custom("no time after 1970; write it as in `2026-11-23T12:00:00Z`"))
    }
}

impl Serialize for Time {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let written = i64::try_from(self.0).ok().and_then(|seconds| jiff::Timestamp::from_second(seconds).ok());
        match written.and_then(|time| time.to_string().parse::<toml::value::Datetime>().ok()) {
            Some(time) => time.serialize(serializer),
            // Beyond the year 9999, which no calendar writes.
            None => i64::try_from(self.0).unwrap_or(i64::MAX).serialize(serializer),
        }
    }
}

/// A day, counted from 1970-01-01 and written as `2026-11-23` or as the count.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Day(pub u32);

const EPOCH: Date = Date::constant(1970, 1, 1);

impl<'de> Deserialize<'de> for Day {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Day, D::Error> {
        let days = match toml::Value::deserialize(deserializer)? {
            toml::Value::Integer(days) => u32::try_from(days).ok(),
            toml::Value::Datetime(written) => written
                .to_string()
                .parse::<Date>()
                .and_then(|date| EPOCH.until(date))
                .ok()
                .and_then(|span| u32::try_from(span.get_days()).ok()),
            _ => None,
        };
        days.map(Day).ok_or_else(|| D::Error::custom("no day after 1970; write it as in `2026-11-23`"))
    }
}

impl Serialize for Day {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let days = i64::from(self.0);
        let date = jiff::Span::new().try_days(days).and_then(|span| EPOCH.checked_add(span));
        match date.ok().and_then(|date| date.to_string().parse::<toml::value::Datetime>().ok()) {
            Some(date) => date.serialize(serializer),
            None => days.serialize(serializer),
        }
    }
}

/// A value, or `false` for nothing there: TOML has no null.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Maybe<T> {
    There(T),
    Nothing,
}

impl<T> From<Option<T>> for Maybe<T> {
    fn from(value: Option<T>) -> Maybe<T> {
        value.map_or(Maybe::Nothing, Maybe::There)
    }
}

impl<'de, T: DeserializeOwned> Deserialize<'de> for Maybe<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Maybe<T>, D::Error> {
        match toml::Value::deserialize(deserializer)? {
            toml::Value::Boolean(false) => Ok(Maybe::Nothing),
            // A time is one in a text alone: taken from a value it is none any more.
            value @ toml::Value::Datetime(_) => {
                let text = value.to_string();
                let time = toml::de::ValueDeserializer::parse(&text).and_then(T::deserialize);
                time.map(Maybe::There).map_err(|error| D::Error::custom(error.message()))
            }
            value => T::deserialize(value).map(Maybe::There).map_err(|error| D::Error::custom(error.message())),
        }
    }
}

impl<T: Serialize> Serialize for Maybe<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Maybe::There(value) => value.serialize(serializer),
            Maybe::Nothing => false.serialize(serializer),
        }
    }
}

/// One text, or several under the same name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Texts {
    One(String),
    Many(Vec<String>),
}

impl Texts {
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        match self {
            Texts::One(text) => std::slice::from_ref(text),
            Texts::Many(texts) => texts,
        }
        .iter()
        .map(String::as_str)
    }

    pub(crate) fn and(self, text: String) -> Texts {
        match self {
            Texts::One(first) => Texts::Many(vec![first, text]),
            Texts::Many(mut texts) => {
                texts.push(text);
                Texts::Many(texts)
            }
        }
    }
}

impl<'de> Deserialize<'de> for Texts {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Texts, D::Error> {
        match toml::Value::deserialize(deserializer)? {
            toml::Value::String(text) => Ok(Texts::One(text)),
            value @ toml::Value::Array(_) => {
                Vec::deserialize(value).map(Texts::Many).map_err(|error| D::Error::custom(error.message()))
            }
            _ => Err(D::Error::custom("neither a text nor a list of texts")),
        }
    }
}

/// A setting, written as text, number or switch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setting(pub String);

impl<'de> Deserialize<'de> for Setting {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Setting, D::Error> {
        match toml::Value::deserialize(deserializer)? {
            toml::Value::String(text) => Ok(Setting(text)),
            toml::Value::Array(_) | toml::Value::Table(_) => {
                Err(D::Error::custom("a setting is one text, number or switch"))
            }
            plain => Ok(Setting(plain.to_string())),
        }
    }
}

/// A telephone number as people write it.
pub fn number<'de, D: Deserializer<'de>>(deserializer: D) -> Result<E164, D::Error> {
    parse_number(&String::deserialize(deserializer)?)
}

pub fn numbers<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<E164>, D::Error> {
    Vec::<String>::deserialize(deserializer)?.iter().map(|text| parse_number(text)).collect()
}

/// A table with a name for each number.
pub fn named<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<(E164, String)>, D::Error> {
    let names = BTreeMap::<String, String>::deserialize(deserializer)?;
    names.into_iter().map(|(text, name)| Ok((parse_number(&text)?, name))).collect()
}

fn parse_number<E: serde::de::Error>(text: &str) -> Result<E164, E> {
    E164::parse(text).map_err(|error| E::custom(format_args!("{text:?} is no number: {error}")))
}

pub fn carrier<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Carrier>, D::Error> {
    let word = String::deserialize(deserializer)?;
    let carrier = Carrier::parse(&word);
    carrier.map(Some).ok_or_else(|| D::Error::custom(format_args!("no carrier is called {word:?}")))
}
