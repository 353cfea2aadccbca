//! What stands before the mock: counts requests, and refuses what an operation does not name, because the mock does not.
//!
//! Everything passes the mock, also what an [`Account`] answers then: the mock has no memory, the account has.

use super::contract::{Asked, pairs};
use super::{Account, Contract, Prism};
use crate::daemon::client;
use axum::Router;
use axum::body::to_bytes;
use axum::extract::{Request, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use std::sync::{Arc, Mutex};

/// No request of an adapter is as long.
const REQUEST_BYTES_MAX: usize = 64 * 1024;

/// A proxy before one mock.
#[derive(Clone)]
pub struct Proxy {
    contract: Arc<Contract>,
    mock: String,
    client: reqwest::Client,
    account: Option<Account>,
    seen: Arc<Mutex<Vec<Seen>>>,
    /// Where it listens.
    pub base: String,
}

/// A request that came.
#[derive(Clone, Debug)]
pub struct Seen {
    /// The operation as its specification calls it, or the method and path of a request that is none.
    pub operation: String,
    /// Why Twilio would not have taken it.
    pub wrong: Option<String>,
}

impl Proxy {
    /// Serves on a free port. Without an account the mock's own examples are the answers.
    pub async fn start(contract: &Arc<Contract>, prism: &Prism, account: Option<Account>) -> Proxy {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let base = format!("http://{}", listener.local_addr().expect("its address"));
        let (contract, mock) = (contract.clone(), prism.base.clone());
        let proxy = Proxy { contract, mock, client: client(), account, seen: Arc::default(), base };
        let router = Router::new().fallback(pass).with_state(proxy.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        proxy
    }

    /// The requests since this was asked last.
    pub fn take_seen(&self) -> Vec<Seen> {
        std::mem::take(&mut *self.seen.lock().expect("not poisoned"))
    }

    async fn judged(&self, asked: &Asked, authorization: Option<&str>) -> (String, Result<Response, String>) {
        let Some(operation) = self.contract.operation(&asked.method, &asked.path) else {
            let said = format!("{} {}", asked.method, asked.path);
            return (said, Err("no specification has this operation".to_owned()));
        };
        let strangers = operation.strangers(asked);
        if !strangers.is_empty() {
            return (operation.id.clone(), Err(format!("it does not name {}", strangers.join(", "))));
        }
        let answer = match (self.mocked(asked, authorization).await, &self.account) {
            (Ok(_), Some(account)) => {
                let (status, body) = account.answer(operation, asked);
                Ok((StatusCode::from_u16(status).expect("a status"), axum::Json(body)).into_response())
            }
            (answer, _) => answer,
        };
        (operation.id.clone(), answer)
    }

    /// What the mock answers, or why it refuses the request.
    async fn mocked(&self, asked: &Asked, authorization: Option<&str>) -> Result<Response, String> {
        let method = asked.method.to_uppercase().parse().expect("a method");
        let mut url = reqwest::Url::parse(&format!("{}{}", self.mock, asked.path)).expect("an address");
        if !asked.query.is_empty() {
            url.query_pairs_mut().extend_pairs(&asked.query);
        }
        let mut request = self.client.request(method, url).header(header::ACCEPT, "application/json");
        if let Some(authorization) = authorization {
            request = request.header(header::AUTHORIZATION, authorization);
        }
        if !asked.body.is_empty() {
            request = request.header(header::CONTENT_TYPE, &asked.content_type).body(asked.body.clone());
        }
        let response = request.send().await.map_err(|cause| format!("the mock is gone: {cause}"))?;
        let status = response.status().as_u16();
        let body = response.text().await.map_err(|cause| format!("the mock is gone: {cause}"))?;
        if status >= 400 {
            return Err(format!("{status}: {body}"));
        }
        Ok((StatusCode::from_u16(status).expect("a status"), body).into_response())
    }
}

async fn pass(State(proxy): State<Proxy>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let body = to_bytes(body, REQUEST_BYTES_MAX).await.expect("a request of an adapter");
    let text = |name| parts.headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
    let asked = Asked {
        method: parts.method.as_str().to_lowercase(),
        path: parts.uri.path().to_owned(),
        query: parts.uri.query().map(pairs).unwrap_or_default(),
        content_type: text(header::CONTENT_TYPE).unwrap_or_default(),
        body: String::from_utf8_lossy(&body).into_owned(),
    };
    let (operation, answer) = proxy.judged(&asked, text(header::AUTHORIZATION).as_deref()).await;
    let wrong = answer.as_ref().err().map(|reason| format!("{asked:?}: {reason}"));
    proxy.seen.lock().expect("not poisoned").push(Seen { operation, wrong });
    answer.unwrap_or_else(|reason| (StatusCode::BAD_REQUEST, reason).into_response())
}
