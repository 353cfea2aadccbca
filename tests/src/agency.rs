//! Agencies on loopback that speak their real contracts, with a mind that the test can change.

use axum::Router;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use std::collections::{BTreeSet, HashMap};
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

/// Nomorobo's Enterprise API, version 2, as public clients of it describe it.
#[derive(Clone, Default)]
pub struct Nomorobo {
    bad: Arc<Mutex<BTreeSet<String>>>,
    asked: Arc<AtomicU64>,
}

impl Nomorobo {
    /// Serves on a free port.
    pub async fn start() -> (Nomorobo, SocketAddr) {
        let agency = Nomorobo::default();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("its address");
        let router = Router::new().route("/v2/check", get(check)).with_state(agency.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        (agency, address)
    }

    /// From now on these numbers, and no others, are blocked.
    pub fn block(&self, numbers: impl IntoIterator<Item = String>) {
        *self.bad.lock().expect("not poisoned") = numbers.into_iter().map(|number| digits(&number)).collect();
    }

    pub fn asked(&self) -> u64 {
        self.asked.load(Ordering::Relaxed)
    }
}

fn digits(number: &str) -> String {
    number.chars().filter(char::is_ascii_digit).collect()
}

async fn check(
    State(agency): State<Nomorobo>,
    headers: HeaderMap,
    Query(query): Query<HashMap<String, String>>,
) -> Response {
    if headers.get("x-api-key").is_none_or(|key| key != "test-key-not-secret") {
        return (StatusCode::UNAUTHORIZED, "{\"message\":\"bad key\"}").into_response();
    }
    agency.asked.fetch_add(1, Ordering::Relaxed);
    let from = query.get("From").map(|from| digits(from)).unwrap_or_default();
    let bad = agency.bad.lock().expect("not poisoned").contains(&from);
    axum::Json(serde_json::json!({
        "version": "1",
        "phone_number": from,
        "phone_number_reputation_details": {
            "number_of_calls": 37,
            "last_call": "2026-11-20T15:29:51.000000Z",
            "stir_shaken": "A",
            "reported_name": "Acme Dental",
            "reported_category": if bad { "Robocall" } else { "Unknown" },
            "block_status": if bad { "blocked" } else { "allowed" },
            "risk_score": if bad { 92 } else { 4 },
            "violations": [],
        }
    }))
    .into_response()
}
