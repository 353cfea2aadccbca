//! Secrets: where they come from, and how they are kept out of everything that is written down.
//!
//! Owns the values. They leave this module only into a request that [`crate::http`] sends to an origin the secret is bound to.
//! What comes back, and every error text, is scrubbed of them before an adapter or a log sees it.

use crate::manifest::Manifest;
use crate::trouble::Trouble;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD as BASE64;
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;

/// A value that does not print.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    pub fn new(value: impl Into<String>) -> Secret {
        Secret(value.into())
    }

    pub(crate) fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(REDACTED)
    }
}

/// Stands where a secret was.
pub const REDACTED: &str = "***";

/// Shorter values cannot be scrubbed without tearing ordinary words. No agency hands out keys this short.
const SECRET_BYTES_MIN: usize = 4;

/// Every secret that the operator has provided.
#[derive(Clone, Debug, Default)]
pub struct Secrets {
    /// `SMARTGUARD_SECRET_<ADAPTER>_<NAME>`, as the process was started with.
    environment: BTreeMap<String, Secret>,
    /// By adapter, then by name.
    file: BTreeMap<String, BTreeMap<String, Secret>>,
}

impl Secrets {
    /// Picks the secrets out of an environment; all other variables are left alone.
    pub fn from_environment(variables: impl IntoIterator<Item = (String, String)>) -> Secrets {
        let environment = variables
            .into_iter()
            .filter(|(name, _)| name.starts_with(VARIABLE_PREFIX))
            .filter(|(variable, value)| {
                let usable = value.len() >= SECRET_BYTES_MIN;
                if !usable && !value.is_empty() {
                    tracing::warn!(variable, "has fewer than {SECRET_BYTES_MIN} characters and is left aside");
                }
                usable
            })
            .map(|(name, value)| (name, Secret(value)))
            .collect();
        Secrets { environment, file: BTreeMap::new() }
    }

    /// Adds the secrets of a TOML file with one table an adapter. The environment goes before the file.
    /// The answer is a warning when others on this machine may read the file.
    ///
    /// # Errors
    /// When the file cannot be read or understood. The text of the file is never part of the error.
    pub fn read_file(&mut self, path: &Path) -> Result<Option<Trouble>, Trouble> {
        let place = path.display().to_string();
        let text = std::fs::read_to_string(path).map_err(|error| {
            Trouble::new(&place, format!("cannot be read: {error}"), "make it a text file that this user may read")
        })?;
        let tables: BTreeMap<String, BTreeMap<String, String>> = toml::from_str(&text).map_err(|error| {
            let line = error.span().map_or(1, |span| crate::trouble::line_of(&text, span.start));
            Trouble::new(
                format!("{place}:{line}"),
                "is no secret in the form that is expected",
                "write a table for each adapter and a text for each secret, as in `[nomorobo]` and `API_KEY = \"…\"`",
            )
        })?;
        for (adapter, secrets) in tables {
            for (name, value) in secrets {
                if value.len() < SECRET_BYTES_MIN {
                    return Err(Trouble::new(
                        &place,
                        format!("the secret {name} of `{adapter}` has fewer than {SECRET_BYTES_MIN} characters"),
                        "write the whole value",
                    ));
                }
                self.file.entry(adapter.clone()).or_default().insert(name, Secret(value));
            }
        }
        Ok(readable_by_others(path).then(|| {
            Trouble::new(&place, "others on this machine may read the secrets", format!("run `chmod 600 {place}`"))
        }))
    }

    /// Puts one secret in, as a configuration or a test does.
    pub fn insert(&mut self, adapter: &str, name: &str, secret: Secret) {
        self.file.entry(adapter.to_owned()).or_default().insert(name.to_owned(), secret);
    }

    /// Those that no manifest names, with the nearest name that one does.
    pub(crate) fn unknown(&self, manifests: &[Manifest]) -> Vec<Trouble> {
        let known: Vec<String> = manifests
            .iter()
            .flat_map(|manifest| manifest.secrets.keys().map(|name| variable(&manifest.id, name)))
            .collect();
        let of_file =
            self.file.iter().flat_map(|(adapter, secrets)| secrets.keys().map(|name| variable(adapter, name)));
        let given = self.environment.keys().cloned().chain(of_file);
        let stray = given.filter(|name| !known.contains(name)).map(|name| {
            let remedy = match crate::trouble::nearest(&name, &known) {
                Some(near) => format!("did you mean {near}?"),
                None => "take it out, or put in the adapter that asks for it".to_owned(),
            };
            Trouble::new(name, "no adapter that serves asks for this secret", remedy)
        });
        stray.collect()
    }

    pub(crate) fn get(&self, adapter: &str, name: &str) -> Option<&Secret> {
        self.environment.get(&variable(adapter, name)).or_else(|| self.file.get(adapter)?.get(name))
    }
}

/// The variable that holds a secret, for the people who set it.
pub fn variable(adapter: &str, name: &str) -> String {
    format!("{VARIABLE_PREFIX}{}_{name}", adapter.to_ascii_uppercase())
}

const VARIABLE_PREFIX: &str = "SMARTGUARD_SECRET_";

/// Takes secrets out of text that came from outside, in the spellings in which servers repeat what they were sent.
#[derive(Clone, Default)]
pub(crate) struct Scrubber {
    spellings: Vec<String>,
}

impl Scrubber {
    pub fn new<'a>(secrets: impl Iterator<Item = &'a Secret>) -> Scrubber {
        let values: Vec<&str> = secrets.map(Secret::expose).collect();
        let mut spellings = Vec::new();
        // Two of them may have been sent together by the Basic scheme.
        let pairs = values.iter().flat_map(|user| values.iter().map(move |password| basic(user, password)));
        spellings.extend(pairs);
        for value in values {
            let value = value.to_owned();
            spellings.push(value.clone());
            spellings.push(percent_encoded(&value));
            spellings.push(url::form_urlencoded::byte_serialize(value.as_bytes()).collect());
            // JSON with its quotes off, and as servers that escape the slash write it.
            let json = serde_json::Value::from(value.as_str()).to_string();
            let json = json[1..json.len() - 1].to_owned();
            spellings.push(json.replace('/', "\\/"));
            spellings.push(json);
        }
        spellings.retain(|spelling| !spelling.is_empty());
        // The longest first, so that no remainder of a longer spelling stays behind.
        spellings.sort_by_key(|spelling| std::cmp::Reverse(spelling.len()));
        spellings.dedup();
        Scrubber { spellings }
    }

    pub fn scrub(&self, text: String) -> String {
        let mut text = text;
        for spelling in &self.spellings {
            if text.contains(spelling.as_str()) {
                text = text.replace(spelling.as_str(), REDACTED);
            }
        }
        text
    }
}

/// Everything but letters, digits and `-._~` as `%XX`, so that a value is one piece of a path.
pub(crate) fn percent_encoded(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    encoded
}

/// What a placeholder stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Placeholder<'t> {
    /// `{{secret:NAME}}`: the value of one.
    Secret(&'t str),
    /// `{{basic:NAME:OTHER}}`: user and password as HTTP's Basic scheme writes them (RFC 7617).
    Basic(&'t str, &'t str),
}

/// User and password as HTTP's Basic scheme writes them after its name.
pub(crate) fn basic(user: &str, password: &str) -> String {
    BASE64.encode(format!("{user}:{password}"))
}

/// Splits text at placeholders, and puts in what `value` says for each. What is no whole placeholder stays as it is.
pub(crate) fn fill<'t, E>(
    text: &'t str,
    mut value: impl FnMut(Placeholder<'t>) -> Result<String, E>,
) -> Result<Cow<'t, str>, E> {
    let mut rest = text;
    let mut filled = String::new();
    let mut any = false;
    while let Some((before, after)) = rest.split_once("{{") {
        let Some((inside, remainder)) = after.split_once("}}") else { break };
        filled.push_str(before);
        let placeholder = match inside.split_once(':') {
            Some(("secret", name)) => Some(Placeholder::Secret(name)),
            Some(("basic", names)) => names.split_once(':').map(|(user, password)| Placeholder::Basic(user, password)),
            _ => None,
        };
        match placeholder {
            Some(placeholder) => {
                filled.push_str(&value(placeholder)?);
                rest = remainder;
                any = true;
            }
            // These are somebody's own braces; a placeholder may stand right behind them.
            None => {
                filled.push_str("{{");
                rest = after;
            }
        }
    }
    if !any {
        return Ok(Cow::Borrowed(text));
    }
    filled.push_str(rest);
    Ok(Cow::Owned(filled))
}

#[cfg(unix)]
fn readable_by_others(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    std::fs::metadata(path).is_ok_and(|metadata| metadata.permissions().mode() & 0o077 != 0)
}

#[cfg(not(unix))]
fn readable_by_others(_path: &Path) -> bool {
    false
}
