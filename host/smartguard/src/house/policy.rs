//! The policy in force: adopts a file that reads well, keeps the old one when it does not, and says why.

use super::House;
use super::keeper::{ProposeError, now};
use crate::config::Config;
use crate::desk::{PolicyView, ProblemView, RefusalView, Stamp};
use crate::policies::{self, ReadPolicy};
use crate::strict::Problem;
use numbers::{Moment, Policy, What};
use std::sync::Arc;

/// What is in force, and the newer file that was not taken.
pub struct InForce {
    read: ReadPolicy,
    since: Moment,
    refused: Option<(Moment, Vec<Problem>)>,
}

impl InForce {
    pub fn file(&self) -> &str {
        &self.read.file
    }
}

/// The policy at a start: the folder's. When that one is refused, the one that was in force when we stopped,
/// and at the first start of all the bundled one.
pub fn read_at_start(config: &Config, (revision, known): (u64, &Policy)) -> InForce {
    match policies::read_folder(&config.policies) {
        Ok(read) => InForce { read, since: now(), refused: None },
        Err(problems) => {
            report(&problems);
            let read = match revision {
                0 => policies::bundled(),
                _ => ReadPolicy {
                    file: format!("revision {revision}, as before the start"),
                    policy: known.clone(),
                    ..policies::bundled()
                },
            };
            InForce { read, since: now(), refused: Some((now(), problems)) }
        }
    }
}

impl House {
    /// Puts the policy that was read at the start in force, unless it is already.
    pub(super) async fn adopt_at_start(&self) -> Result<(), ProposeError> {
        let read = self.policy.lock().read.clone();
        self.adopt(&read).await
    }

    async fn adopt(&self, read: &ReadPolicy) -> Result<(), ProposeError> {
        let mut policy = read.policy.clone();
        if let Some(durability) = self.config.durability {
            policy.durability = durability;
        }
        let (revision, known) = self.keeper.read(|state| (state.policy_revision, state.policy.clone())).await?;
        if revision == 0 || known != policy {
            self.keeper.propose_patiently(What::PolicyAdopted { revision: revision + 1, policy }).await?;
            tracing::info!(revision = revision + 1, file = read.file, "a policy is in force");
        }
        Ok(())
    }

    /// Reads the folder again; a file that is refused changes nothing.
    pub(super) async fn reload_policy(&self) {
        match policies::read_folder(&self.config.policies) {
            Ok(read) => match self.adopt(&read).await {
                Ok(()) => *self.policy.lock() = InForce { read, since: now(), refused: None },
                Err(cause) => {
                    let reason = super::chain(&cause);
                    tracing::error!(reason, "the new policy could not be put in force; the old one stays");
                    let remedy = "save the file again when that has changed".to_owned();
                    let problem = Problem { place: read.file, reason, remedy };
                    self.policy.lock().refused = Some((now(), vec![problem]));
                }
            },
            Err(problems) => {
                report(&problems);
                self.policy.lock().refused = Some((now(), problems));
            }
        }
    }

    pub(super) fn policy_view(&self) -> PolicyView {
        let in_force = self.hot.policy.load();
        let kept = self.policy.lock();
        PolicyView {
            name: "default".to_owned(),
            revision: in_force.0,
            file: kept.read.file.clone(),
            in_force_since: Stamp(kept.since),
            warnings: kept.read.warnings.iter().map(problem).collect(),
            last_refusal: kept
                .refused
                .as_ref()
                .map(|(at, problems)| RefusalView { at: Stamp(*at), problems: problems.iter().map(problem).collect() }),
            fields: policies::shown(&in_force.1),
        }
    }
}

/// Follows the policies folder for as long as the daemon runs.
pub fn watch(house: &Arc<House>) {
    let folder = house.config.policies.clone();
    let house = house.clone();
    super::adapters::follow(folder, move |_| {
        let house = house.clone();
        Box::pin(async move { house.reload_policy().await })
    });
}

fn report(problems: &[Problem]) {
    for problem in problems {
        tracing::error!(
            place = problem.place,
            remedy = problem.remedy,
            "policy refused, the one before stays: {}",
            problem.reason
        );
    }
}

pub fn problem(problem: &Problem) -> ProblemView {
    ProblemView { place: problem.place.clone(), reason: problem.reason.clone(), remedy: problem.remedy.clone() }
}
