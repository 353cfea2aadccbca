//! The HTTP doors: they read what comes in, ask the [`Desk`], and write the answer out.
//!
//! Two doors are hot, `/v1/caller-id` and `/v1/outcomes` ([`hot`]): a dialer is at the other end, so they forgive what they
//! can and count it. All others ([`rest`]) are strict. Every refusal is a problem document with a stable code ([`problem`]).
//! Nothing here decides about a number or a call, and no other module says axum.

mod agencies;
mod body;
pub mod csv;
mod do_not_call;
mod hot;
mod plan;
mod problem;
mod replay;
mod rest;
pub(crate) mod wire;

use crate::config::refuse_beyond_loopback;
use crate::desk::Desk;
use crate::strict::Problem;
use axum::Router;
use axum::extract::{Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::serve::ListenerExt;
use problem::Refusal;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;

/// The largest body of a hot door: a batch of some hundred outcomes.
pub const BODY_BYTES_MAX_HOT: usize = 64 * 1024;
/// The largest body of a strict door.
pub const BODY_BYTES_MAX_JSON: usize = 1024 * 1024;
/// The largest body of an import: about 300,000 rows.
pub const BODY_BYTES_MAX_IMPORT: usize = 16 * 1024 * 1024;
/// The largest do-not-call list as text: the national one has some 250 million lines of 12 bytes.
pub const LIST_BYTES_MAX: u64 = 8 * 1024 * 1024 * 1024;
/// A body must have arrived after so long. On one machine it takes milliseconds.
pub const BODY_TIME_MAX: Duration = Duration::from_secs(20);
/// Requests that are worked on at once; beyond it a door answers that it is busy. Guessed: far above what a dialer opens.
pub const HOT_REQUESTS_MAX: usize = 1024;
pub const OTHER_REQUESTS_MAX: usize = 64;
/// Numbers that one import hands to the keeper at once, so that decisions go on in between.
pub const IMPORT_SLICE_ROWS: usize = 500;

/// What every handler holds.
struct Hall {
    desk: Arc<dyn Desk>,
    counts: Counts,
    hot_permits: Semaphore,
    other_permits: Semaphore,
    /// Drawn at the start, so that request ids of two runs differ.
    request_prefix: u32,
}

/// What the doors count themselves; the rest is counted behind the desk.
#[derive(Default)]
struct Counts {
    requests: AtomicU64,
    refused: AtomicU64,
    busy: AtomicU64,
    /// Fields of the hot doors that they do not know.
    fields_ignored: AtomicU64,
    /// Fields of the hot doors that are known and could not be read.
    fields_unreadable: AtomicU64,
}

impl Counts {
    fn text(&self) -> String {
        let mut text = String::new();
        for (name, help, count) in [
            ("smartguard_http_requests_total", "Requests that came in.", &self.requests),
            ("smartguard_http_refused_total", "Requests answered with an error.", &self.refused),
            ("smartguard_http_busy_total", "Requests turned away because too many were worked on.", &self.busy),
            (
                "smartguard_http_fields_ignored_total",
                "Fields of the hot doors that nobody knows.",
                &self.fields_ignored,
            ),
            (
                "smartguard_http_fields_unreadable_total",
                "Fields of the hot doors that made no sense and were left out.",
                &self.fields_unreadable,
            ),
        ] {
            let count = count.load(Ordering::Relaxed);
            text.push_str(&format!("# HELP {name} {help}\n# TYPE {name} counter\n{name} {count}\n"));
        }
        text
    }
}

/// Opens the port. Port 0 picks a free one; ask the listener which.
///
/// # Errors
/// Refuses an address that other machines reach, and says why a port cannot be had.
pub async fn open(listen: SocketAddr) -> Result<TcpListener, Problem> {
    refuse_beyond_loopback("listen", listen)?;
    TcpListener::bind(listen).await.map_err(|error| Problem {
        place: "listen".to_owned(),
        reason: format!("{listen} cannot be opened: {error}"),
        remedy: "stop whatever uses the port, or choose another one with --listen 127.0.0.1:0".to_owned(),
    })
}

/// Serves until `stop` comes, then finishes the requests under way.
///
/// # Errors
/// When the listener breaks.
pub async fn serve(
    listener: TcpListener,
    desk: Arc<dyn Desk>,
    stop: impl Future<Output = ()> + Send + 'static,
) -> std::io::Result<()> {
    // Answers are smaller than a packet; waiting to fill one would cost each call 40 ms.
    let listener = listener.tap_io(|stream| {
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "a connection keeps its delay");
        }
    });
    axum::serve(listener, router(desk)).with_graceful_shutdown(stop).await
}

/// Every door.
pub fn router(desk: Arc<dyn Desk>) -> Router {
    let mut seed = [0u8; 4];
    // Without randomness the ids begin at zero, which harms nobody.
    let _ = getrandom::fill(&mut seed);
    let hall = Arc::new(Hall {
        desk,
        counts: Counts::default(),
        hot_permits: Semaphore::new(HOT_REQUESTS_MAX),
        other_permits: Semaphore::new(OTHER_REQUESTS_MAX),
        request_prefix: u32::from_le_bytes(seed),
    });
    Router::new()
        .route("/v1/caller-id", get(hot::caller_id).post(hot::caller_id))
        .route("/v1/outcomes", get(hot::outcomes).post(hot::outcomes))
        .route("/v1/businesses", get(rest::businesses).post(rest::add_business))
        .route("/v1/users", get(rest::users).post(rest::add_user))
        .route("/v1/campaigns", get(rest::campaigns).post(rest::add_campaign))
        .route("/v1/numbers", get(rest::numbers).post(rest::import))
        .route("/v1/numbers/{number}", get(rest::number))
        .route("/v1/numbers/{number}/reports", post(rest::report))
        .route("/v1/cases", get(rest::cases))
        .route("/v1/cases/{id}", get(rest::case))
        .route("/v1/tasks", get(rest::tasks))
        .route("/v1/tasks/{id}", get(rest::task))
        .route("/v1/tasks/{id}/files/{name}", get(rest::task_file))
        .route("/v1/tasks/{id}/done", post(rest::task_done))
        .route("/v1/receipts", get(rest::receipt_of_call))
        .route("/v1/receipts/verify", post(replay::verify))
        .route("/v1/receipts/{decision_id}", get(rest::receipt))
        .route("/v1/replaying", get(replay::replaying))
        .route("/v1/adapters", get(rest::adapters))
        .route("/v1/adapters/{id}", get(rest::adapter))
        .route("/v1/adapters/{id}/grant", post(rest::adapter_grant))
        .route("/v1/adapters/{id}/try", post(rest::adapter_try))
        .route("/v1/adapters/{id}/development", post(rest::adapter_develop).delete(rest::adapter_settle))
        .route("/v1/agencies", get(agencies::agencies))
        .route("/v1/directory", get(agencies::directory))
        .route("/directory", get(agencies::directory_page))
        .route("/v1/packets", post(agencies::make_packet))
        .route("/v1/packets/{id}/files/{name}", get(agencies::packet_file))
        .route("/v1/inbound/{adapter}", post(agencies::inbound))
        .route("/v1/doctor", post(agencies::doctor))
        .route("/v1/do-not-call", get(do_not_call::lists))
        .route("/v1/do-not-call/{list}/import", post(do_not_call::import))
        .route("/v1/do-not-call/{list}/add", post(do_not_call::add))
        .route("/v1/do-not-call/{list}/remove", post(do_not_call::remove))
        .route("/v1/preflight", post(plan::preflight))
        .route("/v1/pacing", get(plan::pacing))
        .route("/v1/policies", get(rest::policies))
        .route("/v1/policies/effective", get(rest::effective_policy))
        .route("/v1/policies/explained", get(replay::explained))
        .route("/v1/policies/replay", post(replay::judge))
        .route("/v1/shadow", get(replay::shadows))
        .route("/v1/status", get(rest::status))
        .route("/v1/export", post(rest::export))
        .route("/healthz", get(rest::healthz))
        .route("/readyz", get(rest::readyz))
        .route("/metrics", get(rest::metrics))
        .fallback(no_such_door)
        .method_not_allowed_fallback(no_such_method)
        .layer(middleware::from_fn_with_state(hall.clone(), attend))
        .with_state(hall)
}

async fn no_such_door(request: Request) -> Refusal {
    Refusal::new(
        StatusCode::NOT_FOUND,
        "no_such_path",
        format!("there is no {}", request.uri().path()),
        "the paths begin with /v1/, such as /v1/caller-id; /healthz, /readyz and /metrics stand beside them",
    )
}

async fn no_such_method(request: Request) -> Refusal {
    Refusal::new(
        StatusCode::METHOD_NOT_ALLOWED,
        "no_such_method",
        format!("{} does not take {}", request.uri().path(), request.method()),
        "read with GET, change with POST",
    )
}

/// Stands around every request: bounds them, gives each an id, and writes refusals out.
async fn attend(State(hall): State<Arc<Hall>>, request: Request, next: Next) -> Response {
    let count = hall.counts.requests.fetch_add(1, Ordering::Relaxed);
    let id = format!("{:08x}-{count:x}", hall.request_prefix);
    let path = request.uri().path();
    let hot = hot::is_hot(path);
    let as_text = hot && body::wants_text(request.headers(), request.uri().query());
    // Health must be visible while every other door is full.
    let permits = match path {
        "/healthz" | "/readyz" | "/metrics" => None,
        _ if hot => Some(&hall.hot_permits),
        _ => Some(&hall.other_permits),
    };
    let permit = permits.map(Semaphore::try_acquire).transpose();
    let mut response = match (refuse_foreign(&request), permit) {
        (Err(refusal), _) => refusal.into_response(),
        (_, Err(_)) => {
            hall.counts.busy.fetch_add(1, Ordering::Relaxed);
            Refusal::busy().into_response()
        }
        // The permit is held until the answer is ready.
        (Ok(()), Ok(_permit)) => next.run(request).await,
    };
    if let Some(refusal) = response.extensions_mut().remove::<Refusal>() {
        hall.counts.refused.fetch_add(1, Ordering::Relaxed);
        response = refusal.write(&id, as_text);
    }
    let headers = response.headers_mut();
    if let Ok(id) = HeaderValue::from_str(&id) {
        headers.insert("x-request-id", id);
    }
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// A web page that a person on this machine opens must not be able to ask us: its browser names the page's own origin,
/// or a host name that was made to point here.
fn refuse_foreign(request: &Request) -> Result<(), Refusal> {
    let refuse = |said: &str| {
        Err(Refusal::new(
            StatusCode::FORBIDDEN,
            "foreign_origin",
            format!("the request is for or from {said:?}, and only this machine may ask"),
            "ask for 127.0.0.1, [::1] or localhost; a proxy before us sets the Host header so",
        ))
    };
    if let Some(host) = request.headers().get(header::HOST) {
        let host = host.to_str().unwrap_or("?");
        if !names_this_machine(host) {
            return refuse(host);
        }
    }
    if let Some(origin) = request.headers().get(header::ORIGIN) {
        let origin = origin.to_str().unwrap_or("?");
        let host = origin.split_once("://").map_or("", |(_, host)| host);
        if !names_this_machine(host) {
            return refuse(origin);
        }
    }
    Ok(())
}

/// Whether `host`, with or without a port, is loopback.
fn names_this_machine(host: &str) -> bool {
    if let Ok(address) = host.parse::<SocketAddr>() {
        return address.ip().is_loopback();
    }
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|b| b.is_ascii_digit()) => name,
        _ => host,
    };
    let bare = name.trim_start_matches('[').trim_end_matches(']');
    name.eq_ignore_ascii_case("localhost") || bare.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}
