//! The canary: what agencies' answers have become that no longer fit what their adapters know.
//!
//! Every adapter with a probe asks its harmless question once a day, and every call of all adapters counts: an answer of
//! another shape is told at once, by trouble, log and metrics, and not first by a filing that fails.

use super::House;
use super::adapters::Adapters;
use super::keeper::now;
use core::time::Duration;
use numbers::Moment;
use parking_lot::Mutex;
use sandbox::CallError;
use sandbox::agency::{AdapterError, Probed};
use sandbox::roster::Refused;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Guessed: forms change from one day to the next, and a probe may cost a request of a small daily allowance.
const PROBED_EVERY: Duration = Duration::from_secs(24 * 60 * 60);
/// After a start every adapter has its own time in this span, so that they do not all ask at once.
const SPREAD: Duration = Duration::from_secs(60 * 60);

/// Answers that did not fit, by adapter and function.
#[derive(Default)]
pub struct Drifts {
    of: Mutex<BTreeMap<(String, &'static str), Drift>>,
}

/// An answer that did not fit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Drift {
    pub since: Moment,
    pub reason: String,
}

impl Drifts {
    /// Notes how a call went. Only an answer of the agency says something, and only another one takes it back.
    pub fn heard<T>(&self, adapter: &str, function: &'static str, result: &Result<T, Refused<CallError>>) {
        let key = || (adapter.to_owned(), function);
        match result {
            Ok(_) => drop(self.of.lock().remove(&key())),
            Err(Refused::Failed(CallError::Adapter(AdapterError::Protocol(reason)))) => {
                let mut of = self.of.lock();
                of.entry(key()).or_insert_with(|| {
                    tracing::error!(adapter, function, reason, "an agency answers otherwise than its adapter knows");
                    Drift { since: now(), reason: reason.clone() }
                });
            }
            Err(_) => {}
        }
    }

    /// A new version of the adapter may know better.
    pub fn forget(&self, adapter: &str) {
        self.of.lock().retain(|(known, _), _| known != adapter);
    }

    pub fn all(&self) -> Vec<(String, &'static str, Drift)> {
        let of = self.of.lock();
        of.iter().map(|((adapter, function), drift)| (adapter.clone(), *function, drift.clone())).collect()
    }
}

impl Adapters {
    /// Asks an adapter's harmless question.
    ///
    /// # Errors
    /// As every call.
    pub(super) async fn probe(&self, id: &str) -> Result<Probed, Refused<CallError>> {
        let asked =
            self.roster.call(id, now(), async |live| live.guest.probe(&super::adapters::powers(&live)).await).await;
        self.drifts.heard(id, "probe", &asked);
        asked
    }

    /// The adapters whose probe works with the secrets that are there.
    pub(super) fn probed(&self) -> Vec<String> {
        let able = self.manifests().into_iter();
        able.filter(|manifest| manifest.functions.probe && self.lacks(manifest, "probe").is_empty())
            .map(|manifest| manifest.id)
            .collect()
    }
}

/// Probes for as long as the daemon runs.
pub fn watch(house: &Arc<House>) {
    let adapters = house.adapters.clone();
    tokio::spawn(async move {
        let mut due: BTreeMap<String, Moment> = BTreeMap::new();
        loop {
            for id in adapters.probed() {
                let at = *due.entry(id.clone()).or_insert_with(|| now().plus(share_of(&id, SPREAD)));
                if at <= now() {
                    due.insert(id.clone(), now().plus(PROBED_EVERY));
                    if let Err(failure) = adapters.probe(&id).await {
                        tracing::warn!(adapter = id, reason = super::adapters::sentence(&failure), "a probe failed");
                    }
                }
            }
            tokio::time::sleep(SPREAD / 60).await;
        }
    });
}

/// Always the same part of the span for the same adapter.
fn share_of(id: &str, span: Duration) -> Duration {
    let hash = blake3::hash(id.as_bytes());
    let [first, second, ..] = *hash.as_bytes();
    span * u32::from(u16::from_be_bytes([first, second])) / u32::from(u16::MAX)
}
