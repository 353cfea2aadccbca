//! The policies in force: adopts files that read well, keeps the old ones when one does not, and says why.

use super::House;
use super::keeper::{ProposeError, now};
use crate::config::Config;
use crate::desk::{
    EffectiveFieldView, EffectivePolicyView, LiftedRuleView, PolicyView, ProblemView, RefusalView, ScopeQuery, Stamp,
};
use crate::policies::{self, ReadPolicies};
use crate::strict::Problem;
use numbers::event::SCOPES_MAX;
use numbers::{Moment, OwnerId, Policies, Scope, What};
use std::sync::Arc;

/// What is in force, and the newer files that were not taken.
pub struct InForce {
    read: ReadPolicies,
    since: Moment,
    refused: Option<(Moment, Vec<Problem>)>,
}

impl InForce {
    pub fn file(&self) -> &str {
        &self.read.file
    }
}

/// The policies at a start: the folder's. When they are refused, those that were in force when we stopped,
/// and at the first start of all the bundled one.
pub fn read_at_start(config: &Config, known: &Policies) -> InForce {
    match policies::read_folder(&config.policies) {
        Ok(read) => InForce { read, since: now(), refused: None },
        Err(problems) => {
            report(&problems);
            let read = match known.revision {
                0 => policies::bundled(),
                revision => ReadPolicies::of(known, format!("revision {revision}, as before the start")),
            };
            InForce { read, since: now(), refused: Some((now(), problems)) }
        }
    }
}

impl House {
    /// Puts the policies that were read at the start in force, unless they are already.
    pub(super) async fn adopt_at_start(&self) -> Result<(), ProposeError> {
        let read = self.policy.lock().read.clone();
        self.adopt(&read).await
    }

    async fn adopt(&self, read: &ReadPolicies) -> Result<(), ProposeError> {
        let ReadPolicies { file, mut policy, scopes, .. } = read.clone();
        if let Some(durability) = self.config.durability {
            policy.durability = durability;
        }
        let known = self.keeper.read(|state| state.policies.clone()).await?;
        if known.revision > 0 && *known.base() == policy && *known.scopes() == scopes {
            return Ok(());
        }
        let drafts: Vec<_> = scopes.into_iter().collect();
        for part in drafts.chunks(SCOPES_MAX) {
            self.keeper.propose_patiently(What::ScopesDrafted { scopes: part.to_vec() }).await?;
        }
        let (revision, scopes) = (known.revision + 1, drafts.len() as u32);
        self.keeper.propose_patiently(What::PolicyAdopted { revision, policy, scopes }).await?;
        tracing::info!(revision, file, scopes, "a policy is in force");
        Ok(())
    }

    /// Reads the folder again; a file that is refused changes nothing.
    pub(super) async fn reload_policy(&self) {
        match policies::read_folder(&self.config.policies) {
            Ok(read) => match self.adopt(&read).await {
                Ok(()) => {
                    let mut kept = self.policy.lock();
                    // What a shadow's file says is no other policy.
                    let stays = (&kept.read.policy, &kept.read.scopes) == (&read.policy, &read.scopes);
                    let since = if stays { kept.since } else { now() };
                    *kept = InForce { read, since, refused: None };
                }
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
        self.put_shadows();
    }

    /// The policy of everybody first, then what each scope says beside it.
    pub(super) fn policy_views(&self) -> Vec<PolicyView> {
        let in_force = self.hot.policy.load();
        let kept = self.policy.lock();
        let everybody = PolicyView {
            name: "default".to_owned(),
            revision: in_force.revision,
            file: kept.read.file.clone(),
            in_force_since: Stamp(kept.since),
            warnings: kept.read.warnings.iter().map(problem).collect(),
            last_refusal: refusal(kept.refused.iter().chain(&self.hot.shadows.refused())),
            fields: policies::shown(in_force.base()),
        };
        let scopes = in_force.scopes().iter().map(|(scope, patch)| {
            let mut policy = in_force.base().clone();
            patch.apply(&mut policy);
            let mut fields = policies::shown(&policy);
            fields.retain(|field, _| patch.says(field));
            PolicyView {
                name: scope.to_string(),
                revision: in_force.revision,
                file: kept.read.file_of(scope).unwrap_or(&kept.read.file).to_owned(),
                in_force_since: Stamp(kept.since),
                warnings: Vec::new(),
                last_refusal: None,
                fields,
            }
        });
        std::iter::once(everybody).chain(scopes).collect()
    }

    /// The policies in force as they were read, with where each value stands.
    pub(super) fn policies_read(&self) -> ReadPolicies {
        self.policy.lock().read.clone()
    }

    /// What holds for whom, and where each value comes from.
    pub(super) fn effective_policy(&self, query: ScopeQuery) -> EffectivePolicyView {
        let ScopeQuery { business, campaign, user } = query;
        let owner = user.clone().map(OwnerId::User).or_else(|| campaign.clone().map(OwnerId::Campaign));
        let business = business.or_else(|| Some(self.directory.owner(&owner?)?.business.id.clone()));
        let scopes = [
            business.clone().map(Scope::Business),
            campaign.clone().map(Scope::Campaign),
            user.clone().map(Scope::User),
        ];
        let scopes: Vec<Scope> = scopes.into_iter().flatten().collect();
        let revision = self.hot.policy.load().revision;
        let kept = self.policy.lock();
        let fields = policies::explained(&kept.read, &scopes).into_iter().map(EffectiveFieldView::from).collect();
        let lifted = policies::lifted(&kept.read, &scopes).into_iter().map(LiftedRuleView::from).collect();
        EffectivePolicyView { revision, business, campaign, user, fields, lifted }
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

/// What was refused in the newest files, of those in force and those in shadow.
fn refusal<'a>(refused: impl Iterator<Item = &'a (Moment, Vec<Problem>)>) -> Option<RefusalView> {
    refused.fold(None, |all, (at, problems)| {
        let before = all.map_or_else(Vec::new, |all: RefusalView| all.problems);
        let problems = before.into_iter().chain(problems.iter().map(problem)).collect();
        Some(RefusalView { at: Stamp(*at), problems })
    })
}

pub fn problem(problem: &Problem) -> ProblemView {
    ProblemView { place: problem.place.clone(), reason: problem.reason.clone(), remedy: problem.remedy.clone() }
}
