//! Agencies on loopback that speak their real contracts, with a mind that the test can change.

use axum::Router;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::SystemTime;

/// Nomorobo's Enterprise API, version 2, as public clients of it describe it.
#[derive(Clone, Default)]
pub struct Nomorobo {
    mind: Arc<Mutex<Mind>>,
}

#[derive(Default)]
struct Mind {
    bad: BTreeSet<String>,
    told: BTreeMap<String, Vec<Told>>,
}

/// One answer about one number.
#[derive(Clone, Copy, Debug)]
pub struct Told {
    pub bad: bool,
    pub at: SystemTime,
}

impl Nomorobo {
    /// Serves on a free port.
    pub async fn start() -> (Nomorobo, SocketAddr) {
        let agency = Nomorobo::default();
        let router = Router::new().route("/v2/check", get(check)).with_state(agency.clone());
        (agency, serve(router).await)
    }

    /// From now on these numbers, and no others, are blocked.
    pub fn block(&self, numbers: impl IntoIterator<Item = String>) {
        self.mind.lock().expect("not poisoned").bad = numbers.into_iter().map(|number| digits(&number)).collect();
    }

    /// How many questions were answered.
    pub fn asked(&self) -> usize {
        self.mind.lock().expect("not poisoned").told.values().map(Vec::len).sum()
    }

    /// What was answered about this number, in order.
    pub fn told(&self, number: &str) -> Vec<Told> {
        self.mind.lock().expect("not poisoned").told.get(&digits(number)).cloned().unwrap_or_default()
    }
}

/// The FTC's daily files of complaints, none of them about a number of ours. Gives the address where it serves.
pub async fn ftc() -> SocketAddr {
    let file = || async { "Company_Phone_Number,Created_Date\n2015550100,2026-11-20 10:00:00\n" };
    serve(Router::new().route("/sites/default/files/{file}", get(file))).await
}

async fn serve(router: Router) -> SocketAddr {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("its address");
    tokio::spawn(async move { axum::serve(listener, router).await });
    address
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
    let from = query.get("From").map(|from| digits(from)).unwrap_or_default();
    let bad = {
        let mut mind = agency.mind.lock().expect("not poisoned");
        let bad = mind.bad.contains(&from);
        mind.told.entry(from.clone()).or_default().push(Told { bad, at: SystemTime::now() });
        bad
    };
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
