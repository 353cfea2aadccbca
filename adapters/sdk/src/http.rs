//! Requests to an agency, and what its refusals mean.
//!
//! The same HTTP status means the same at every agency, so it is put into the words of the interface here, once.

use crate::bindings::agency::smartguard::adapter::http;
use crate::bindings::agency::smartguard::adapter::types::Error;
use crate::failure::Failure;
use crate::json::Json;
use crate::{csv, now_ms};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::time::{Duration, UNIX_EPOCH};

pub use http::Method;

/// Guessed, for a 429 that does not say how long to wait.
const RETRY_AFTER_DEFAULT_S: u32 = 60;
const RETRY_AFTER_MAX_S: u32 = 86_400;

/// One origin of the manifest, with the words for its errors.
#[derive(Clone, Copy, Debug)]
pub struct Api {
    /// Whose it is, as people call it.
    pub name: &'static str,
    /// Its name under `[origins]`.
    pub origin: &'static str,
    /// Where the operator gets the key, as half a sentence: "it comes with a contract".
    pub key_from: &'static str,
}

impl Api {
    pub fn get(&self, path: &str) -> Request<'_> {
        self.request(Method::Get, path)
    }

    pub fn post(&self, path: &str) -> Request<'_> {
        self.request(Method::Post, path)
    }

    /// A request of any method. `path` begins with `/`.
    pub fn request(&self, method: Method, path: &str) -> Request<'_> {
        let request = http::Request {
            method,
            origin: self.origin.to_owned(),
            path: path.to_owned(),
            query: Vec::new(),
            headers: Vec::new(),
            body: None,
        };
        Request { api: self, request }
    }

    /// What the host's refusal means for the adapter's caller.
    fn refused(&self, error: http::HttpError) -> Failure {
        let name = self.name;
        match error {
            http::HttpError::Denied(reason) => {
                Failure::all(Error::Unsupported(format!("the host does not permit asking {name}: {reason}")))
            }
            http::HttpError::SecretMissing(secret) => {
                Failure::all(Error::Unauthorized(format!("the secret {secret} is not configured; {}", self.key_from)))
            }
            http::HttpError::RateLimited(seconds) => Failure::all(Error::RetryAfter(seconds)),
            http::HttpError::TimedOut => Failure::all(Error::Unavailable(format!("{name} did not answer in time"))),
            http::HttpError::Unreachable(reason) => {
                Failure::all(Error::Unavailable(format!("{name} cannot be reached: {reason}")))
            }
            http::HttpError::TooLarge(bytes) => Failure::protocol(format!("the answer is longer than {bytes} bytes")),
        }
    }
}

/// A request that is being put together.
#[derive(Clone, Debug)]
pub struct Request<'a> {
    api: &'a Api,
    request: http::Request,
}

impl Request<'_> {
    /// Adds to the query; the host encodes it.
    #[must_use]
    pub fn query(mut self, name: &str, value: &str) -> Self {
        self.request.query.push((name.to_owned(), value.to_owned()));
        self
    }

    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.request.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Sends a secret of the manifest as this header. Its value never comes here.
    #[must_use]
    pub fn secret(self, header: &str, secret: &str) -> Self {
        self.header(header, &placeholder(secret))
    }

    /// Sends a secret as `Authorization: Bearer …`.
    #[must_use]
    pub fn bearer(self, secret: &str) -> Self {
        self.header("Authorization", &format!("Bearer {}", placeholder(secret)))
    }

    /// Sends this as JSON.
    ///
    /// # Errors
    /// `internal` when it cannot be written as JSON, which is a fault of the adapter.
    pub fn json(self, body: &impl Serialize) -> Result<Self, Failure> {
        let text = serde_json::to_string(body).map_err(|error| {
            Failure::all(Error::Internal(format!("the request cannot be written as JSON: {error}")))
        })?;
        Ok(self.body("application/json", text))
    }

    /// Sends these fields as a form.
    #[must_use]
    pub fn form(self, fields: &[(&str, &str)]) -> Self {
        let text: Vec<String> =
            fields.iter().map(|(name, value)| format!("{}={}", form_encoded(name), form_encoded(value))).collect();
        self.body("application/x-www-form-urlencoded", text.join("&"))
    }

    /// Sends any other text.
    #[must_use]
    pub fn body(mut self, content_type: &str, text: String) -> Self {
        self.request.body = Some(text);
        self.header("Content-Type", content_type)
    }

    /// Sends it, and takes whatever status comes.
    ///
    /// # Errors
    /// What the host refused it for, in the interface's words.
    pub fn send(self) -> Result<Response, Failure> {
        let http::Response { status, headers, body } =
            http::fetch(&self.request).map_err(|error| self.api.refused(error))?;
        Ok(Response { name: self.api.name, status, headers, body })
    }

    /// Sends it, and takes only this status for an answer.
    ///
    /// # Errors
    /// As [`Request::send`], and what every other status means.
    pub fn fetch(self, expected: u16) -> Result<Response, Failure> {
        let response = self.send()?;
        response.refuse_other_than(expected)?;
        Ok(response)
    }
}

/// What came back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Response {
    name: &'static str,
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: String,
}

impl Response {
    /// The first header of this name, in whatever letters.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim())
    }

    /// The body as JSON, of which nothing is believed yet.
    ///
    /// # Errors
    /// `protocol` when it is none.
    pub fn json(&self) -> Result<Json, Failure> {
        Json::parse(&self.body)
    }

    /// The body as JSON of a known shape.
    ///
    /// # Errors
    /// `protocol` with what does not fit.
    pub fn json_as<T: DeserializeOwned>(&self) -> Result<T, Failure> {
        serde_json::from_str(&self.body).map_err(|error| Failure::protocol(format!("the answer does not fit: {error}")))
    }

    /// The body as CSV with a header line.
    ///
    /// # Errors
    /// `protocol` with the line that does not fit.
    pub fn csv<T: DeserializeOwned>(&self) -> Result<Vec<T>, Failure> {
        csv::records(&self.body)
    }

    /// The address of the next page, where the `Link` header names one.
    pub fn next_link(&self) -> Option<&str> {
        let links = self.header("link")?;
        links.split(',').find_map(|link| {
            let (address, relation) = link.split_once(';')?;
            let is_next = relation.split(';').any(|part| matches!(part.trim(), "rel=\"next\"" | "rel=next"));
            is_next.then(|| address.trim().trim_start_matches('<').trim_end_matches('>'))
        })
    }

    fn refuse_other_than(&self, expected: u16) -> Result<(), Failure> {
        let (status, name) = (self.status, self.name);
        Err(match status {
            _ if status == expected => return Ok(()),
            429 => Failure::all(Error::RetryAfter(retry_after(self.header("retry-after"), now_ms()))),
            401 | 403 => {
                Failure::all(Error::Unauthorized(format!("{name} does not accept the API key (HTTP {status})")))
            }
            500.. => Failure::one(Error::Unavailable(format!("{name} has a fault of its own (HTTP {status})"))),
            400.. => Failure::one(Error::Rejected(format!("{name} refuses the question (HTTP {status})"))),
            _ => Failure::protocol(format!("HTTP {status}, where {expected} was expected")),
        })
    }
}

/// How many seconds to wait: `Retry-After` holds seconds or a date, or is missing.
pub fn retry_after(written: Option<&str>, now_ms: u64) -> u32 {
    let written = written.unwrap_or_default();
    let until = || {
        let at = httpdate::parse_http_date(written).ok()?.duration_since(UNIX_EPOCH).ok()?;
        Some(at.saturating_sub(Duration::from_millis(now_ms)).as_millis().div_ceil(1000))
    };
    let seconds = written.parse::<u128>().ok().or_else(until);
    seconds.map_or(RETRY_AFTER_DEFAULT_S, |seconds| {
        u32::try_from(seconds).unwrap_or(RETRY_AFTER_MAX_S).clamp(1, RETRY_AFTER_MAX_S)
    })
}

/// What the host replaces by the value of this secret, for the origins that it is bound to.
pub fn placeholder(secret: &str) -> String {
    format!("{{{{secret:{secret}}}}}")
}

/// As forms want it: letters, digits and a few signs stay, a space becomes `+`, and a placeholder is left to the host.
fn form_encoded(text: &str) -> String {
    if text.starts_with("{{secret:") && text.ends_with("}}") {
        return text.to_owned();
    }
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'*' | b'-' | b'.' | b'_' => encoded.push(char::from(byte)),
            b' ' => encoded.push('+'),
            _ => encoded.push_str(&format!("%{byte:02X}")),
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    const API: Api = Api { name: "Example", origin: "api", key_from: "it comes with a contract" };
    /// 2026-11-23T12:00:00Z.
    const NOW_MS: u64 = 1_795_435_200_000;

    fn answer(status: u16, headers: &[(&str, &str)]) -> Response {
        let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Response { name: "Example", status, headers, body: String::new() }
    }

    #[test]
    fn retry_after_is_seconds_a_date_or_a_guess() {
        assert_eq!(retry_after(Some("30"), NOW_MS), 30);
        assert_eq!(retry_after(Some("Mon, 23 Nov 2026 12:02:00 GMT"), NOW_MS), 120);
        assert_eq!(retry_after(Some("Mon, 23 Nov 2026 11:02:00 GMT"), NOW_MS), 1, "a date that has passed");
        assert_eq!(retry_after(Some("99999999999999999999"), NOW_MS), RETRY_AFTER_MAX_S);
        for silent in [None, Some(""), Some("soon"), Some("-5")] {
            assert_eq!(retry_after(silent, NOW_MS), RETRY_AFTER_DEFAULT_S, "{silent:?}");
        }
    }

    #[test]
    fn each_status_has_its_meaning() {
        let refused = |status| answer(status, &[]).refuse_other_than(200).expect_err("refused");
        assert_eq!(answer(200, &[]).refuse_other_than(200), Ok(()));
        assert_eq!(
            refused(403),
            Failure::all(Error::Unauthorized("Example does not accept the API key (HTTP 403)".to_owned()))
        );
        assert_eq!(refused(502).error, Error::Unavailable("Example has a fault of its own (HTTP 502)".to_owned()));
        assert_eq!(refused(422).error, Error::Rejected("Example refuses the question (HTTP 422)".to_owned()));
        assert_eq!(refused(302), Failure::protocol("HTTP 302, where 200 was expected"));
        assert!(!refused(502).concerns_all, "the next number may be answered");
    }

    #[test]
    fn what_the_host_refuses_has_its_meaning() {
        let refused = |error| API.refused(error);
        assert_eq!(
            refused(http::HttpError::SecretMissing("API_KEY".to_owned())),
            Failure::all(Error::Unauthorized(
                "the secret API_KEY is not configured; it comes with a contract".to_owned()
            ))
        );
        assert_eq!(refused(http::HttpError::RateLimited(7)), Failure::all(Error::RetryAfter(7)));
        assert!(!refused(http::HttpError::TooLarge(1024)).concerns_all, "another answer may be shorter");
    }

    #[test]
    fn forms_and_bodies_are_encoded() {
        let request = API.post("/file").form(&[("to", "+1 202"), ("who", "Ann & Søn"), ("key", "{{secret:API_KEY}}")]);
        assert_eq!(request.request.body.as_deref(), Some("to=%2B1+202&who=Ann+%26+S%C3%B8n&key={{secret:API_KEY}}"));
        let request = API.post("/file").bearer("API_KEY").json(&["+12025550143"]).expect("JSON");
        assert_eq!(request.request.body.as_deref(), Some("[\"+12025550143\"]"));
        let headers = [("Authorization", "Bearer {{secret:API_KEY}}"), ("Content-Type", "application/json")];
        assert_eq!(request.request.headers, headers.map(|(name, value)| (name.to_owned(), value.to_owned())));
    }

    #[test]
    fn the_next_page_is_read_from_the_link_header() {
        let links =
            r#"<https://api.example.com/list?page=1>; rel="prev", <https://api.example.com/list?page=3>; rel="next""#;
        let page = answer(200, &[("Link", links)]);
        assert_eq!(page.next_link(), Some("https://api.example.com/list?page=3"));
        assert_eq!(answer(200, &[]).next_link(), None);
    }
}
