//! The `Reason` header of RFC 3326, what a 603+ writes into it, and the contact that comes with a 608.
//!
//! All of it was written by strangers: it is bounded, checked and shown, and nothing in it is ever fetched.

use crate::e164::E164;
use serde::{Deserialize, Serialize};

/// Longer headers than this no telephone exchange sends; the rest is not read.
const HEADER_BYTES_MAX: usize = 4096;
/// As much of a header as a person reads.
const NOTE_CHARS_MAX: usize = 400;
const URL_BYTES_MAX: usize = 1024;
/// The longest address that mail takes.
const EMAIL_BYTES_MAX: usize = 254;
/// The standard's own bound.
const ID_BYTES_MAX: usize = 64;
const LOCATION_BYTES_MAX: usize = 16;

/// Whom to ask about a block, each part only when it is well formed. Written by strangers: show it, never fetch it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Redress {
    /// Always https, and without user name or password.
    pub url: Option<String>,
    pub tel: Option<E164>,
    pub email: Option<String>,
    /// The blocking carrier's own reference.
    pub id: Option<String>,
    /// Where it was blocked, in the words of RFC 8606: `RLN` is the callee's network.
    pub location: Option<String>,
}

/// The values of a `Reason` header.
#[derive(Debug, Default)]
pub(super) struct Reasons {
    values: Vec<Reason>,
}

#[derive(Debug, Default)]
struct Reason {
    protocol: String,
    cause: Option<u16>,
    text: String,
    location: Option<String>,
}

/// The value that makes a 603 a 603+.
pub(super) struct Analytics<'a> {
    reason: &'a Reason,
}

impl Reasons {
    pub(super) fn parse(header: &str) -> Reasons {
        let header = until(header, HEADER_BYTES_MAX);
        let header = match header.get(..7) {
            Some(name) if name.eq_ignore_ascii_case("reason:") => &header[7..],
            _ => header,
        };
        let values = split(header, ',').into_iter().map(Reason::parse).filter(|reason| reason.cause.is_some());
        Reasons { values: values.collect() }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    pub(super) fn q850(&self) -> Option<u16> {
        self.values.iter().find(|reason| reason.is("Q.850")).and_then(|reason| reason.cause)
    }

    pub(super) fn sip(&self) -> Option<u16> {
        self.values.iter().find(|reason| reason.is("SIP")).and_then(|reason| reason.cause)
    }

    pub(super) fn analytics(&self) -> Option<Analytics<'_>> {
        self.values.iter().find(|reason| reason.is_analytics()).map(|reason| Analytics { reason })
    }
}

impl Reason {
    fn parse(value: &str) -> Reason {
        let mut parts = split(value, ';').into_iter();
        let mut reason = Reason { protocol: parts.next().unwrap_or("").trim().to_string(), ..Reason::default() };
        for part in parts {
            let Some((name, value)) = part.split_once('=') else { continue };
            let value = unquoted(value.trim());
            match name.trim().to_ascii_lowercase().as_str() {
                "cause" => reason.cause = value.trim().parse().ok(),
                "text" => reason.text = value,
                "location" => reason.location = Some(value),
                _ => {}
            }
        }
        reason
    }

    fn is(&self, protocol: &str) -> bool {
        self.protocol.eq_ignore_ascii_case(protocol)
    }

    fn is_analytics(&self) -> bool {
        let names_the_block =
            (self.is("SIP") && self.cause == Some(603)) || (self.is("Q.850") && self.cause == Some(21));
        let mut attributes = attributes(&self.text);
        // The mark stands first, and a semicolon ends it; alone it is no 603+.
        let first = attributes.next();
        names_the_block && self.text.contains(';') && first == Some(("v".to_string(), "analytics1"))
    }
}

impl Analytics<'_> {
    /// None when no part of it is well formed; the block stands all the same.
    pub(super) fn redress(&self) -> Option<Redress> {
        let mut redress = Redress::default();
        for (name, value) in attributes(&self.reason.text) {
            match name.as_str() {
                "url" => redress.url = redress.url.or_else(|| safe_url(value)),
                "tel" => redress.tel = redress.tel.or_else(|| telephone(value)),
                "email" => redress.email = redress.email.or_else(|| address(value)),
                "id" => redress.id = redress.id.or_else(|| token(value, ID_BYTES_MAX)),
                _ => {}
            }
        }
        redress.location = self.reason.location.as_deref().and_then(|place| token(place, LOCATION_BYTES_MAX));
        (redress != Redress::default()).then_some(redress)
    }
}

/// The signed card that a 608 points to: `<https://…>;purpose=jwscard`.
pub(super) fn card(call_info: &str) -> Option<Redress> {
    split(until(call_info, HEADER_BYTES_MAX), ',').into_iter().find_map(|value| {
        let (before, parameters) = value.split_once('>')?;
        let (_, url) = before.split_once('<')?;
        let is_card = split(parameters, ';').into_iter().any(|parameter| {
            parameter.split_once('=').is_some_and(|(name, value)| {
                name.trim().eq_ignore_ascii_case("purpose") && unquoted(value.trim()).eq_ignore_ascii_case("jwscard")
            })
        });
        let url = safe_url(url).filter(|_| is_card)?;
        Some(Redress { url: Some(url), ..Redress::default() })
    })
}

/// A header as a person may read it: bounded, and on one line.
pub(super) fn note(header: &str) -> String {
    header.chars().map(|c| if c.is_control() { ' ' } else { c }).take(NOTE_CHARS_MAX).collect()
}

fn attributes(text: &str) -> impl Iterator<Item = (String, &str)> {
    text.split(';')
        .filter_map(|attribute| attribute.split_once('='))
        .map(|(name, value)| (name.trim().to_ascii_lowercase(), value.trim()))
}

fn safe_url(url: &str) -> Option<String> {
    const SCHEME: &str = "https://";
    let url = url.trim();
    let scheme_fits = url.get(..SCHEME.len()).is_some_and(|head| head.eq_ignore_ascii_case(SCHEME));
    // A backslash is a slash to some browsers and none to others, which is how a host gets disguised.
    let plain = url.bytes().all(|b| b.is_ascii_graphic() && !matches!(b, b'<' | b'>' | b'"' | b'\\' | b'`'));
    if !scheme_fits || !plain || url.len() > URL_BYTES_MAX {
        return None;
    }
    let rest = &url[SCHEME.len()..];
    let (authority, path) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
    let host = authority.rsplit('@').next().unwrap_or("");
    let host_fits = host.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b':' | b'[' | b']'));
    let named = host.bytes().next().is_some_and(|b| b.is_ascii_alphanumeric() || b == b'[');
    (host_fits && named).then(|| format!("{SCHEME}{host}{path}"))
}

fn telephone(value: &str) -> Option<E164> {
    value.starts_with('+').then(|| E164::parse(value).ok()).flatten()
}

fn address(value: &str) -> Option<String> {
    let (local, domain) = value.split_once('@')?;
    let plain = value.bytes().all(|b| b.is_ascii_graphic() && !matches!(b, b'<' | b'>' | b'"' | b',' | b'\\'));
    let fits = !local.is_empty() && domain.contains('.') && !domain.contains('@') && value.len() <= EMAIL_BYTES_MAX;
    (plain && fits).then(|| value.to_string())
}

fn token(value: &str, bytes_max: usize) -> Option<String> {
    let value = value.trim();
    let plain = value.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'));
    (plain && !value.is_empty() && value.len() <= bytes_max).then(|| value.to_string())
}

/// Splits at a separator, but not within quotes.
fn split(text: &str, separator: char) -> Vec<&str> {
    let mut parts = Vec::new();
    let (mut begins, mut quoted, mut escaped) = (0, false, false);
    for (at, c) in text.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            _ if c == separator && !quoted => {
                parts.push(&text[begins..at]);
                begins = at + c.len_utf8();
            }
            _ => {}
        }
    }
    parts.push(&text[begins..]);
    parts
}

fn unquoted(value: &str) -> String {
    let Some(inner) = value.strip_prefix('"') else { return value.to_string() };
    let inner = inner.strip_suffix('"').unwrap_or(inner);
    let mut plain = String::with_capacity(inner.len());
    let mut chars = inner.chars();
    while let Some(c) = chars.next() {
        plain.extend(if c == '\\' { chars.next() } else { Some(c) });
    }
    plain
}

fn until(text: &str, bytes_max: usize) -> &str {
    &text[..text.floor_char_boundary(bytes_max)]
}
