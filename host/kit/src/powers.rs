//! How what a version asks for differs from what the version before asked for.

use sandbox::grant::PowerSet;
use sandbox::manifest::{Limits, Manifest};
use serde::Serialize;

/// What is asked for newly, and no longer.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// Powers that the one before did not have. The operator has to grant these.
    pub more: Vec<String>,
    pub less: Vec<String>,
    /// Limits that are others than before, also those that need no grant.
    pub limits: Vec<LimitChange>,
}

/// One limit of a call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LimitChange {
    /// As `[limits]` and `[rates]` of the manifest write it.
    pub limit: &'static str,
    pub before: u64,
    pub after: u64,
}

impl Difference {
    /// Compares with the version before, or with the defaults where there is none.
    pub fn between(before: Option<&Manifest>, after: &Manifest) -> Difference {
        let (had, asks) = (before.map(PowerSet::asked_by).unwrap_or_default(), PowerSet::asked_by(after));
        let words = |powers: PowerSet| powers.iter().map(ToString::to_string).collect();
        let limits = limits(after).into_iter().zip(before.map_or_else(usual, limits));
        let limits = limits.filter(|((_, after), (_, before))| after != before);
        Difference {
            more: words(had.missing(&asks)),
            less: words(asks.missing(&had)),
            limits: limits.map(|((limit, after), (_, before))| LimitChange { limit, before, after }).collect(),
        }
    }

    pub fn is_empty(&self) -> bool {
        self.more.is_empty() && self.less.is_empty() && self.limits.is_empty()
    }
}

fn limits(manifest: &Manifest) -> Vec<(&'static str, u64)> {
    with_rate(&manifest.limits, manifest.per_minute)
}

fn usual() -> Vec<(&'static str, u64)> {
    with_rate(&Limits::default(), sandbox::manifest::RATE_PER_MINUTE_DEFAULT)
}

fn with_rate(limits: &Limits, per_minute: u32) -> Vec<(&'static str, u64)> {
    const KIB: u64 = 1024;
    vec![
        ("memory_max_mib", limits.memory_max / (KIB * KIB)),
        ("cpu_ms", limits.cpu_max.as_millis() as u64),
        ("timeout_s", limits.timeout.as_secs()),
        ("concurrency", limits.concurrency.into()),
        ("body_max_kib", limits.body_max / KIB),
        ("log_max_kib", limits.log_max / KIB),
        ("batch_max", limits.batch_max.into()),
        ("per_minute", per_minute.into()),
    ]
}
