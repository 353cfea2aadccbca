//! The policy in force: adopts a file that reads well, keeps the old one when it does not, and says why.

use super::House;
use super::keeper::{ProposeError, now};
use crate::config::Config;
use crate::desk::{PolicyView, ProblemView, RefusalView, Stamp};
use crate::policies::{self, ReadPolicy};
use crate::strict::Problem;
use numbers::{Moment, What};
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

/// The policy at a start: the folder's, or the bundled one when the folder's is refused.
pub fn read_at_start(config: &Config) -> (InForce, ReadPolicy) {
    let (read, refused) = match policies::read_folder(&config.policies) {
        Ok(read) => (read, None),
        Err(problems) => {
            report(&problems);
            (policies::bundled(), Some((now(), problems)))
        }
    };
    (InForce { read: read.clone(), since: now(), refused }, read)
}

impl House {
    /// Puts a policy in force, unless it is already.
    pub(super) async fn adopt(&self, mut read: ReadPolicy) -> Result<(), ProposeError> {
        if let Some(durability) = self.config.durability {
            read.policy.durability = durability;
        }
        let (revision, known) = self.keeper.read(|state| (state.policy_revision, state.policy.clone())).await?;
        if revision == 0 || known != read.policy {
            let what = What::PolicyAdopted { revision: revision + 1, policy: read.policy.clone() };
            self.keeper.propose(what).await?;
            tracing::info!(revision = revision + 1, file = read.file, "a policy is in force");
        }
        *self.policy.lock() = InForce { read, since: now(), refused: None };
        Ok(())
    }

    /// Reads the folder again; a file that is refused changes nothing.
    pub(super) async fn reload_policy(&self) {
        match policies::read_folder(&self.config.policies) {
            Ok(read) => {
                if let Err(cause) = self.adopt(read).await {
                    tracing::error!(%cause, "the new policy could not be put in force; the old one stays");
                }
            }
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
