//! What decisions saw at a point of the past: counts, callees and turns, the views, the policies.

use super::super::record::{Decided, Record};
use super::super::recover::{Revisions, read_revisions};
use super::super::rolled::Rolled;
use super::super::seen::{Album, BusinessSeen, PoolSeen, open};
use super::super::stored::StoredError;
use crate::store::Store;
use numbers::{Answer, Candidate, Decision, E164, OwnerId, Policies, Policy, Pool, Question, choose};
use std::collections::BTreeSet;
use std::sync::Arc;

#[derive(Default)]
pub struct Scene {
    pub rolled: Rolled,
    album: Album,
    revisions: Revisions,
    /// Those of the last decision.
    policies: Arc<Policies>,
    /// Whose turns were read.
    owners: BTreeSet<OwnerId>,
}

/// What one decision was taken from.
#[derive(Clone)]
pub struct Seen {
    pub pool: Arc<PoolSeen>,
    /// Bench and reserve, where they were asked.
    pub shared: Option<SharedThen>,
}

#[derive(Clone)]
pub struct SharedThen {
    pub view: Arc<BusinessSeen>,
    /// The numbers of the reserve that might be drawn.
    pub open: Vec<Candidate>,
}

/// Why a decision cannot be taken again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum NotAgain {
    ViewGone,
    PolicyGone,
}

impl NotAgain {
    pub const fn word(self) -> &'static str {
        match self {
            NotAgain::ViewGone => "view_not_kept",
            NotAgain::PolicyGone => "policy_not_kept",
        }
    }

    pub const fn sentence(self) -> &'static str {
        match self {
            NotAgain::ViewGone => "what it saw of the pool is no longer kept",
            NotAgain::PolicyGone => "the revision of the policies that it was decided under is not kept",
        }
    }
}

impl Scene {
    /// Reads what it takes to apply these records and to take their decisions again. Answers what is new of it.
    pub async fn prepare(&mut self, store: &dyn Store, records: &[(u64, Record)]) -> Result<Rolled, StoredError> {
        read_revisions(store, records, &mut self.revisions).await?;
        let looked_at = Rolled::looked_at_by(records.iter().map(|(_, record)| record));
        let mut parts = looked_at.without(&self.rolled).read(store).await?;
        for (_, record) in records {
            let Record::Decided(decided) = record else { continue };
            if self.owners.insert(decided.owner.clone()) {
                parts.read_turns(store, &decided.owner).await?;
            }
        }
        Ok(parts)
    }

    pub fn begin_with(&mut self, parts: Rolled) {
        self.rolled.join(parts);
    }

    /// How much it holds.
    pub fn parts(&self) -> usize {
        self.rolled.len()
    }

    /// Applies a record as it was made.
    pub fn apply(&mut self, record: &Record) {
        match record {
            Record::Viewed(viewed) => self.album.take(viewed),
            Record::Charged { owner, numbers, lost } => {
                self.rolled.charge(owner, numbers, *lost, self.policies.base());
            }
            Record::Decided(decided) => {
                if let Some(policies) = self.revisions.get(&decided.policy_revision) {
                    self.policies = policies.clone();
                }
                self.rolled.apply(record, self.policies.base());
            }
            Record::Reported(_) | Record::Restored { .. } | Record::Settled { .. } => {
                self.rolled.apply(record, self.policies.base());
            }
        }
    }

    /// The policies that held when the last decision was taken.
    pub fn policies(&self) -> &Policies {
        &self.policies
    }

    /// What this decision saw.
    ///
    /// # Errors
    /// It is not kept.
    pub fn seen(&self, decided: &Decided) -> Result<Seen, NotAgain> {
        let pool = self.album.pool(&decided.owner, decided.views.pool).ok_or(NotAgain::ViewGone)?;
        let shared = match decided.views.shared {
            None => None,
            Some(shared) => {
                let view = self.album.shared(&pool.business, shared.view).ok_or(NotAgain::ViewGone)?;
                let open = open(&view.reserve, shared.open);
                Some(SharedThen { view, open })
            }
        };
        Ok(Seen { pool, shared })
    }

    /// Bench and reserve of a business as somebody last saw them.
    pub fn newest_shared(&self, business: &str) -> Option<Arc<BusinessSeen>> {
        self.album.newest_shared(business)
    }

    /// The policies of the decision's own revision.
    ///
    /// # Errors
    /// They are not kept.
    pub fn policies_of(&self, decided: &Decided) -> Result<&Policies, NotAgain> {
        self.revisions.get(&decided.policy_revision).map(Arc::as_ref).ok_or(NotAgain::PolicyGone)
    }

    /// Takes a decision again, as it was asked, of what it saw and by the policy of its revision.
    ///
    /// # Errors
    /// Something that it rested on is not kept.
    pub fn again(&self, decided: &Decided) -> Result<Answer, NotAgain> {
        let seen = self.seen(decided)?;
        let policy =
            self.policies_of(decided)?.of_call(&seen.pool.business, &decided.owner, decided.asked.campaign.as_deref());
        let order = decided.ranking.as_ref().map_or(&[][..], numbers::Ranking::order);
        Ok(take(&self.rolled, decided, &seen, &policy, order))
    }
}

/// Takes a decision of what it saw, from these counts, callees and turns. The pool is asked alone first, as on the path of a
/// call.
pub fn take(rolled: &Rolled, decided: &Decided, seen: &Seen, policy: &Policy, order: &[E164]) -> Answer {
    let ask = decided.ask();
    let usage = rolled.usage_of(&seen.pool.candidates);
    let owner = rolled.owner_usage(&decided.owner);
    let nobody = Pool { candidates: &[], usage: &[] };
    let question = Question {
        ask: &ask,
        pool: Pool { candidates: &seen.pool.candidates, usage: &usage },
        bench: nobody,
        reserve: nobody,
        owner: &owner,
        callee: rolled.callees.get(&decided.callee),
        listed: decided.asked.listed,
        policy,
        order,
    };
    let answer = choose::choose(&question);
    let Some(shared) = seen.shared.as_ref().filter(|_| answer.falls_short()) else { return answer };
    let bench = rolled.usage_of(&shared.view.bench);
    let reserve = rolled.usage_of(&shared.open);
    choose::choose(&Question {
        bench: Pool { candidates: &shared.view.bench, usage: &bench },
        reserve: Pool { candidates: &shared.open, usage: &reserve },
        ..question
    })
}

/// The number that a decision shows; none where it holds.
pub fn shown(decision: &Decision) -> Option<E164> {
    match decision {
        Decision::Use { number, .. } => Some(*number),
        Decision::Hold { .. } => None,
    }
}
