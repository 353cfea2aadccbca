//! An agency that takes disputes by machine and counts them, and two adapters that really post there: one may ask
//! afterwards whether a filing arrived (`queryable`), the other can never know (`manual`).

use crate::dice::Dice;
use axum::extract::{Path as Segment, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex};

/// Asks by key whether a filing arrived; disputes what T-Mobile shows.
pub const ASKING: &str = "a_asking";
/// Never learns what became of a filing; disputes what AT&T shows.
pub const BLIND: &str = "a_blind";
/// The agency has everything in its books after so long, and the manifest of [`ASKING`] says so.
const BOOKED_WITHIN_MS: u64 = 400;
const SETTLE_S: u64 = 2;

/// What the agency has in its books.
#[derive(Clone)]
pub struct Filer {
    arrived: Arc<Mutex<BTreeMap<String, u32>>>,
    dice: Arc<Mutex<Dice>>,
}

impl Filer {
    /// Serves on a free port and gives its origin.
    pub async fn start(dice: &mut Dice) -> (Filer, String) {
        let filer = Filer { arrived: Arc::default(), dice: Arc::new(Mutex::new(dice.fork())) };
        let router =
            Router::new().route("/filings", post(take)).route("/filings/{key}", get(find)).with_state(filer.clone());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("its address");
        tokio::spawn(async move { axum::serve(listener, router).await });
        (filer, format!("http://{address}"))
    }

    /// How often each filing arrived, by its key.
    pub fn arrived(&self) -> BTreeMap<String, u32> {
        self.arrived.lock().expect("not poisoned").clone()
    }

    fn wait(&self, most_ms: u64) -> std::time::Duration {
        self.dice.lock().expect("not poisoned").millis(0, most_ms)
    }
}

/// Books a filing some time after it came in, whether or not the sender still waits, and answers some time later.
async fn take(State(filer): State<Filer>, Json(filing): Json<Value>) -> Response {
    let key = filing["key"].as_str().unwrap_or_default().to_owned();
    let booked = tokio::spawn({
        let filer = filer.clone();
        async move {
            tokio::time::sleep(filer.wait(BOOKED_WITHIN_MS)).await;
            *filer.arrived.lock().expect("not poisoned").entry(key).or_default() += 1;
        }
    });
    let _ = booked.await;
    tokio::time::sleep(filer.wait(200)).await;
    (StatusCode::CREATED, Json(json!({ "reference": "R-1" }))).into_response()
}

async fn find(State(filer): State<Filer>, Segment(key): Segment<String>) -> Response {
    match filer.arrived.lock().expect("not poisoned").contains_key(&key) {
        true => Json(json!({ "reference": "R-1" })).into_response(),
        false => StatusCode::NOT_FOUND.into_response(),
    }
}

/// Puts both adapters into a folder of adapters, and gives the lines of configuration that lead them to `origin`.
pub fn drop_in(adapters: &Path, origin: &str) -> String {
    let asking = format!("[functions.dispute]\neffects = \"queryable\"\nsettle_s = {SETTLE_S}\n[functions.track]\n");
    write(adapters, ASKING, "first_orion", &asking);
    write(adapters, BLIND, "hiya", "[functions.dispute]\neffects = \"manual\"\n");
    format!("\n[origins.{ASKING}]\napi = \"{origin}\"\n\n[origins.{BLIND}]\napi = \"{origin}\"\n")
}

/// Puts an adapter into the folder that disputes where nobody flags anything, so that it is only ever granted.
pub fn drop_in_idle(adapters: &Path, id: &str) {
    write(adapters, id, "nobody", "[functions.dispute]\neffects = \"manual\"\n");
}

fn write(adapters: &Path, id: &str, agency: &str, functions: &str) {
    let folder = adapters.join(id);
    std::fs::create_dir_all(&folder).expect("a folder");
    let manifest = format!(
        "id = \"{id}\"\nkind = \"agency\"\nversion = \"1\"\nsummary = \"Posts and counts\"\nwit = \"0.0.1\"\n\
         confidence = \"unknown\"\n[origins.api]\nurl = \"https://agency.example\"\nmethods = [\"get\", \"post\"]\n\
         [rates]\nper_minute = 6000\n[limits]\nconcurrency = 8\n[agencies]\nspeaks_for = []\nfiles_for = [\"{agency}\"]\n{functions}"
    );
    std::fs::write(folder.join("adapter.toml"), manifest).expect("written");
    std::fs::write(folder.join("adapter.js"), SCRIPT.replace("ADAPTER_ID", id)).expect("written");
}

const SCRIPT: &str = r#"
import http from "smartguard:adapter/http@0.0.1";

export const agency = {
  describe() {
    return { id: "ADAPTER_ID", version: "1", functions: ["dispute", "track"], speaksFor: [] };
  },
  dispute({ key, number }) {
    const headers = [["content-type", "application/json"]];
    const body = JSON.stringify({ key, number });
    const answer = http.fetch({ method: "post", origin: "api", path: "/filings", query: [], headers, body });
    if (answer.status !== 201) throw { tag: "unavailable", val: `status ${answer.status}` };
    return { tag: "filed", val: { reference: JSON.parse(answer.body).reference, status: "submitted", detail: null, refused: [] } };
  },
  track(key) {
    const path = `/filings/${key}`;
    const answer = http.fetch({ method: "get", origin: "api", path, query: [], headers: [], body: null });
    if (answer.status === 404) return { tag: "absent" };
    if (answer.status !== 200) return { tag: "unknown" };
    return { tag: "found", val: { reference: "R-1", status: "submitted", detail: null, refused: [] } };
  },
};
"#;
