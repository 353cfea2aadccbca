//! The powers of one revision of one adapter, as the engine hands them to its functions.
//!
//! Owns nothing itself: requests go to its [`Door`], look-ups to its [`Dataset`]s, settings come from the manifest
//! as the operator overrides them. What was not granted is not in here, so there is nothing to check twice.

use crate::call::{FilesError, Found, HttpError, HttpRequest, HttpResponse, LogLevel, Powers};
use crate::datasets::{Dataset, Datasets};
use crate::grant::{Power, PowerSet};
use crate::http::{Door, Gate};
use crate::manifest::Manifest;
use crate::trouble::{Trouble, nearest};
use futures_util::future::BoxFuture;
use numbers::Moment;
use std::collections::BTreeMap;
use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

/// What one adapter may reach.
pub struct HostPowers {
    adapter: String,
    door: Door,
    config: BTreeMap<String, String>,
    datasets: BTreeMap<String, Arc<Dataset>>,
    /// Keys drawn by the system when this was made; drawing is hashing the next count with them.
    random: RandomState,
    drawn: AtomicU64,
}

impl HostPowers {
    /// Binds a manifest's wishes to what is permitted; `overrides` is the operator's `[config]` for this adapter.
    ///
    /// # Errors
    /// When an override names no setting of the manifest, or a data set's folder cannot be used.
    pub fn new(
        manifest: &Manifest,
        permitted: &PowerSet,
        gate: &Arc<Gate>,
        datasets: &Datasets,
        overrides: &BTreeMap<String, String>,
    ) -> Result<HostPowers, Trouble> {
        let mut config = manifest.config.clone();
        for (key, value) in overrides {
            match config.get_mut(key) {
                Some(setting) => setting.clone_from(value),
                None => {
                    let known: Vec<&String> = manifest.config.keys().collect();
                    let remedy = nearest(key, &known).map_or_else(
                        || "remove it from the configuration".to_owned(),
                        |name| format!("did you mean `{name}`?"),
                    );
                    return Err(Trouble::new(
                        format!("[config] of {}", manifest.id),
                        format!("it has no setting `{key}`"),
                        remedy,
                    ));
                }
            }
        }
        let mut open = BTreeMap::new();
        for (name, ask) in &manifest.datasets {
            let (origin, path) = (ask.origin.clone(), ask.path.clone());
            let permitted = permitted.permits(&Power::ReadDataset { dataset: name.clone(), origin, path });
            if permitted && let Some(dataset) = datasets.open(manifest, name, now())? {
                open.insert(name.clone(), dataset);
            }
        }
        Ok(HostPowers {
            adapter: manifest.id.clone(),
            door: gate.door(manifest, permitted),
            config,
            datasets: open,
            random: RandomState::new(),
            drawn: AtomicU64::new(0),
        })
    }

    /// For how many requests the adapter's own rates have room now, or in how long they have room for one.
    pub fn room(&self) -> Result<u32, Duration> {
        self.door.room()
    }

    /// The data sets that the host refreshes for this adapter, and the door to do it through.
    pub fn datasets(&self) -> (&Door, impl Iterator<Item = (&str, &Arc<Dataset>)>) {
        (&self.door, self.datasets.iter().map(|(name, dataset)| (name.as_str(), dataset)))
    }
}

impl Powers for HostPowers {
    fn fetch(&self, request: HttpRequest) -> BoxFuture<'_, Result<HttpResponse, HttpError>> {
        Box::pin(self.door.fetch(request))
    }

    fn config(&self, key: &str) -> Option<String> {
        self.config.get(key).cloned()
    }

    fn lookup(&self, dataset: &str, keys: Vec<String>) -> BoxFuture<'_, Result<Found, FilesError>> {
        let found = match self.datasets.get(dataset) {
            Some(dataset) => dataset.lookup(&keys, now()),
            None => {
                let known: Vec<&String> = self.datasets.keys().collect();
                let hint = nearest(dataset, &known).map_or(String::new(), |name| format!("; did you mean `{name}`?"));
                Err(FilesError::Denied(format!("no data set `{dataset}` is named in adapter.toml and granted{hint}")))
            }
        };
        Box::pin(std::future::ready(found))
    }

    fn log(&self, level: LogLevel, message: &str) {
        let adapter = self.adapter.as_str();
        match level {
            LogLevel::Debug => tracing::debug!(adapter, "{message}"),
            LogLevel::Info => tracing::info!(adapter, "{message}"),
            LogLevel::Warn => tracing::warn!(adapter, "{message}"),
            LogLevel::Error => tracing::error!(adapter, "{message}"),
        }
    }

    fn now_ms(&self) -> u64 {
        now().0
    }

    fn uniform(&self) -> f64 {
        let hash = self.random.hash_one(self.drawn.fetch_add(1, Ordering::Relaxed));
        // A double holds 53 bits exactly.
        (hash >> 11) as f64 / (1u64 << 53) as f64
    }
}

fn now() -> Moment {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    Moment(since.as_millis() as u64)
}
