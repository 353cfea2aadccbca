//! Asks a running daemon, and turns what goes wrong into a sentence with a hint.

use super::{Exit, Failure};
use reqwest::{Body, Method, Response, StatusCode};
use serde::Serialize;
use serde_json::Value;
use std::time::Duration;

/// No answer of a daemon on the same machine takes this long.
const ANSWER_TIME_MAX: Duration = Duration::from_secs(300);
/// An export of many millions of records to a slow disk may take an hour, and so may a long list from one.
const ANSWER_TIME_MAX_EXPORT: Duration = Duration::from_secs(4 * 60 * 60);

pub(super) struct Client {
    server: String,
    http: reqwest::Client,
}

impl Client {
    pub fn new(server: &str) -> Result<Client, Failure> {
        let url = reqwest::Url::parse(server).ok().filter(|url| url.has_host());
        if url.is_none() {
            return Err(Failure::new(
                Exit::NoDaemon,
                format!("--server is {server:?}, and that is no web address"),
                "write it as in http://127.0.0.1:8787",
            ));
        }
        // Another part of the process may have chosen already, which is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let http = reqwest::Client::builder().timeout(ANSWER_TIME_MAX).no_proxy().build().map_err(|error| {
            Failure::new(Exit::NoDaemon, format!("no connection can be made: {error}"), "check this machine's set-up")
        })?;
        Ok(Client { server: server.trim_end_matches('/').to_owned(), http })
    }

    pub async fn get(&self, path: &str, query: &[(&str, String)]) -> Result<Value, Failure> {
        let request = self.http.request(Method::GET, format!("{}{path}", self.server)).query(query);
        self.json(self.send(request).await?).await
    }

    pub async fn post(&self, path: &str, body: &impl Serialize) -> Result<Value, Failure> {
        let request = self.http.request(Method::POST, format!("{}{path}", self.server)).json(body);
        self.json(self.send(request).await?).await
    }

    pub async fn delete(&self, path: &str) -> Result<Value, Failure> {
        let request = self.http.request(Method::DELETE, format!("{}{path}", self.server));
        self.json(self.send(request).await?).await
    }

    /// As [`Client::post`], for what may take long.
    pub async fn post_patiently(&self, path: &str, body: &impl Serialize) -> Result<Value, Failure> {
        let request = self.http.request(Method::POST, format!("{}{path}", self.server)).json(body);
        self.json(self.send(request.timeout(ANSWER_TIME_MAX_EXPORT)).await?).await
    }

    /// Sends a text of any length, piece by piece.
    pub async fn send_text(&self, path: &str, query: &[(&str, String)], text: Body) -> Result<Value, Failure> {
        let request = self.http.request(Method::POST, format!("{}{path}", self.server)).query(query).body(text);
        self.json(self.send(request.timeout(ANSWER_TIME_MAX_EXPORT)).await?).await
    }

    pub async fn bytes(&self, path: &str) -> Result<Vec<u8>, Failure> {
        let request = self.http.request(Method::GET, format!("{}{path}", self.server));
        let bytes = self.send(request).await?.bytes().await.map_err(|error| self.broken(&error))?;
        Ok(bytes.to_vec())
    }

    async fn send(&self, request: reqwest::RequestBuilder) -> Result<Response, Failure> {
        let response = request.send().await.map_err(|error| self.broken(&error))?;
        let status = response.status();
        if status.is_success() {
            return Ok(response);
        }
        let problem: Value = response.json().await.unwrap_or(Value::Null);
        let said = |field: &str| problem[field].as_str().unwrap_or("").to_owned();
        if said("code").is_empty() {
            return Err(Failure::new(
                Exit::NoDaemon,
                format!("{} answers {status}, and not as SmartGuard does", self.server),
                "check --server",
            ));
        }
        let busy = if status == StatusCode::SERVICE_UNAVAILABLE { " (it may work in a moment)" } else { "" };
        Err(Failure::new(
            Exit::Refused,
            format!("{}{busy} [{}, request {}]", said("detail"), said("code"), said("request_id")),
            said("remedy"),
        ))
    }

    async fn json(&self, response: Response) -> Result<Value, Failure> {
        response.json().await.map_err(|error| self.broken(&error))
    }

    fn broken(&self, error: &reqwest::Error) -> Failure {
        let (sentence, hint) = if error.is_connect() {
            (
                format!("no daemon answers at {}", self.server),
                "start it with `smartguard run`, or name another one with --server or SMARTGUARD_SERVER",
            )
        } else if error.is_timeout() {
            (format!("{} did not answer in time", self.server), "look at the daemon's log, then try again")
        } else if error.is_decode() {
            (format!("{} answered with something that is no JSON of ours", self.server), "check --server")
        } else {
            (format!("the connection to {} broke: {error}", self.server), "look at the daemon's log, then try again")
        };
        Failure::new(Exit::NoDaemon, sentence, hint)
    }
}

/// One segment of a path, with everything escaped that could end it.
pub(super) fn segment(text: &str) -> String {
    form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>().replace('+', "%20")
}
