//! Tells agencies that want to know it that a call of ours has begun: off the path of the call, after its answer.
//!
//! The path of a call only drops the number into a bounded queue. What does not fit is left out and counted, because no
//! call waits for an agency.

use super::adapters::Adapters;
use super::keeper::now;
use numbers::{E164, Moment};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use tokio::sync::mpsc;

/// Calls that wait to be told. At ten calls a second these are a hundred seconds, after which nobody wants to know.
const WAITING_MAX: usize = 1000;

/// The end of the queue that the path of a call holds.
pub struct Begun {
    /// Somebody wants to know. Most daemons have nobody.
    wanted: AtomicBool,
    sender: mpsc::Sender<(E164, Moment)>,
    pub left_out: AtomicU64,
}

impl Begun {
    pub fn new() -> (Arc<Begun>, mpsc::Receiver<(E164, Moment)>) {
        let (sender, receiver) = mpsc::channel(WAITING_MAX);
        (Arc::new(Begun { wanted: AtomicBool::new(false), sender, left_out: AtomicU64::new(0) }), receiver)
    }

    /// This number is being shown.
    pub fn shown(&self, number: E164, at: Moment) {
        if self.wanted.load(Ordering::Relaxed) && self.sender.try_send((number, at)).is_err() {
            self.left_out.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// The adapters have changed.
    pub fn want(&self, wanted: bool) {
        self.wanted.store(wanted, Ordering::Relaxed);
    }
}

impl Adapters {
    /// The adapters that want to know of calls that begin.
    pub(super) fn told_of_calls(&self) -> Vec<String> {
        let able = self.manifests().into_iter();
        able.filter(|manifest| manifest.functions.call_started && self.lacks(manifest, "call_started").is_empty())
            .map(|manifest| manifest.id)
            .collect()
    }
}

/// Tells it, one call after the other, for as long as the daemon runs.
pub async fn tell(adapters: Arc<Adapters>, mut begun: mpsc::Receiver<(E164, Moment)>) {
    while let Some((number, at)) = begun.recv().await {
        for id in adapters.told_of_calls() {
            let told = adapters.call_started(&id, number, at).await;
            if let Err(reason) = told {
                tracing::debug!(
                    adapter = id,
                    reason,
                    waited_ms = now().since(at).as_millis() as u64,
                    "a call was not told"
                );
            }
        }
    }
}
