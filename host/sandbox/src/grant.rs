//! Two keys for every power: the manifest asks, the operator grants, and only what both name is given.
//!
//! Owns the list of powers, what one power covers of another, and the verdict on a manifest.
//! It stores no grant and enforces none: the daemon keeps them, and [`crate::http`], [`crate::datasets`] and the engine obey the verdict.
//!
//! A grant binds to an adapter's id and to powers, not to a revision.
//! So a changed script keeps its grant, and a version that asks for more is held back until somebody says yes.

use crate::manifest::{Kind, Limits, Manifest, RATE_PER_MINUTE_DEFAULT, Verb};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// One thing that an adapter may do beyond computing.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(tag = "power", rename_all = "snake_case")]
pub enum Power {
    /// Send requests of this method to this origin. The name is part of it, because configuration rebinds by name.
    Reach { origin: String, url: String, method: Verb },
    /// Have this secret filled in for this origin.
    UseSecret { secret: String, origin: String },
    /// Ask about a published file that the host fetches.
    ReadDataset { dataset: String, origin: String, path: String },
    /// See the numbers of callees.
    SeeCallees,
    /// Buy and release numbers at a provider.
    HoldNumbers,
    /// Order the candidates of a call.
    Rank,
    /// Use more of something than every adapter may.
    Exceed { limit: Bound, value: u64 },
}

/// What a manifest may ask more of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Bound {
    MemoryBytes,
    CpuMillis,
    TimeoutSeconds,
    Concurrency,
    BodyBytes,
    LogBytes,
    RequestsPerMinute,
}

impl Power {
    /// Whether holding `self` permits `asked`: a bound permits every lower one, all else permits itself alone.
    pub fn covers(&self, asked: &Power) -> bool {
        match (self, asked) {
            (Power::Exceed { limit, value }, Power::Exceed { limit: asked_limit, value: asked_value }) => {
                limit == asked_limit && value >= asked_value
            }
            _ => self == asked,
        }
    }
}

impl fmt::Display for Power {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Power::Reach { origin, url, method } => write!(f, "{} requests to {url} (as `{origin}`)", method.word()),
            Power::UseSecret { secret, origin } => write!(f, "the secret {secret} at `{origin}`"),
            Power::ReadDataset { dataset, origin, path } => {
                write!(f, "the data set `{dataset}` ({path} at `{origin}`)")
            }
            Power::SeeCallees => f.write_str("the numbers of callees"),
            Power::HoldNumbers => f.write_str("buying and releasing numbers"),
            Power::Rank => f.write_str("ordering the candidates of a call"),
            Power::Exceed { limit, value } => {
                let what = match limit {
                    Bound::MemoryBytes => "bytes of memory",
                    Bound::CpuMillis => "ms of computing in one call",
                    Bound::TimeoutSeconds => "s for one call",
                    Bound::Concurrency => "calls at once",
                    Bound::BodyBytes => "bytes in an answer",
                    Bound::LogBytes => "bytes of log in one call",
                    Bound::RequestsPerMinute => "requests a minute",
                };
                write!(f, "up to {value} {what}")
            }
        }
    }
}

/// Powers that can be compared.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PowerSet(BTreeSet<Power>);

impl PowerSet {
    /// Everything that a manifest asks for.
    pub fn asked_by(manifest: &Manifest) -> PowerSet {
        let mut powers = BTreeSet::new();
        for (name, origin) in &manifest.origins {
            for method in &origin.methods {
                powers.insert(Power::Reach { origin: name.clone(), url: origin.url.to_string(), method: *method });
            }
        }
        for (name, secret) in &manifest.secrets {
            for origin in &secret.origins {
                powers.insert(Power::UseSecret { secret: name.clone(), origin: origin.clone() });
            }
        }
        for (name, dataset) in &manifest.datasets {
            let (origin, path) = (dataset.origin.clone(), dataset.path.clone());
            powers.insert(Power::ReadDataset { dataset: name.clone(), origin, path });
        }
        match manifest.kind {
            Kind::Agency => {}
            Kind::Provider => drop(powers.insert(Power::HoldNumbers)),
            Kind::CarrierLookup => drop(powers.insert(Power::SeeCallees)),
            Kind::Ranker => drop(powers.insert(Power::Rank)),
        }
        let (asked, usual) = (&manifest.limits, Limits::default());
        let bounds = [
            (Bound::MemoryBytes, asked.memory_max, usual.memory_max),
            (Bound::CpuMillis, asked.cpu_max.as_millis() as u64, usual.cpu_max.as_millis() as u64),
            (Bound::TimeoutSeconds, asked.timeout.as_secs(), usual.timeout.as_secs()),
            (Bound::Concurrency, u64::from(asked.concurrency), u64::from(usual.concurrency)),
            (Bound::BodyBytes, asked.body_max, usual.body_max),
            (Bound::LogBytes, asked.log_max, usual.log_max),
            (Bound::RequestsPerMinute, u64::from(manifest.per_minute), u64::from(RATE_PER_MINUTE_DEFAULT)),
        ];
        for (limit, value, usual) in bounds {
            if value > usual {
                powers.insert(Power::Exceed { limit, value });
            }
        }
        PowerSet(powers)
    }

    pub fn permits(&self, asked: &Power) -> bool {
        self.0.iter().any(|held| held.covers(asked))
    }

    /// What of `asked` this set does not permit.
    pub fn missing(&self, asked: &PowerSet) -> PowerSet {
        PowerSet(asked.0.iter().filter(|power| !self.permits(power)).cloned().collect())
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn iter(&self) -> impl Iterator<Item = &Power> {
        self.0.iter()
    }

    fn join(&mut self, more: &PowerSet) {
        self.0.extend(more.0.iter().cloned());
    }
}

impl FromIterator<Power> for PowerSet {
    fn from_iter<I: IntoIterator<Item = Power>>(powers: I) -> PowerSet {
        PowerSet(powers.into_iter().collect())
    }
}

impl fmt::Display for PowerSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, power) in self.0.iter().enumerate() {
            if index > 0 {
                f.write_str(", ")?;
            }
            write!(f, "{power}")?;
        }
        Ok(())
    }
}

/// What the operator lets one adapter do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Grant {
    pub adapter: String,
    pub powers: PowerSet,
}

impl Grant {
    /// Exactly what the manifest asks for now.
    pub fn of(manifest: &Manifest) -> Grant {
        Grant { adapter: manifest.id.clone(), powers: PowerSet::asked_by(manifest) }
    }
}

/// All grants, by adapter. Several grants for one adapter add up.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Grants(BTreeMap<String, PowerSet>);

/// Whether a manifest may be put in force.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// With these powers: what it asks for, all of which is granted.
    Granted(PowerSet),
    /// Some grant exists, and this version asks for more.
    Held { reason: String, missing: PowerSet },
    /// Nobody has granted this adapter anything.
    Ungranted { asked: PowerSet },
}

impl Grants {
    pub fn add(&mut self, grant: &Grant) {
        self.0.entry(grant.adapter.clone()).or_default().join(&grant.powers);
    }

    /// Takes back everything that the adapter was granted.
    pub fn revoke(&mut self, adapter: &str) {
        self.0.remove(adapter);
    }

    /// The same adapter with the same powers is granted; more is held; an adapter without a grant stays out,
    /// even if it asks for nothing: to run somebody's code is a decision too.
    pub fn judge(&self, manifest: &Manifest) -> Verdict {
        let asked = PowerSet::asked_by(manifest);
        let Some(granted) = self.0.get(&manifest.id) else { return Verdict::Ungranted { asked } };
        let missing = granted.missing(&asked);
        if missing.is_empty() {
            return Verdict::Granted(asked);
        }
        let reason =
            format!("version {} of `{}` asks for more than it was granted: {missing}", manifest.version, manifest.id);
        Verdict::Held { reason, missing }
    }
}
