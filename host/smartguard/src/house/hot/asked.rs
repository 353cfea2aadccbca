//! A question as it comes from a door.

use super::OwnerCell;
use numbers::{Ask, Carrier, E164, Moment, Policies, Policy, Ranking, Region, Zip};
use std::borrow::Cow;
use std::sync::Arc;

/// With `now` and the tie-break already stamped.
pub struct Asked {
    pub owner: Arc<OwnerCell>,
    pub campaign: Option<String>,
    pub call_id: String,
    pub callee: E164,
    /// Where the callee lives, as the dialer's list says.
    pub state: Option<Region>,
    pub zip: Option<Zip>,
    pub carrier: Option<Carrier>,
    pub now: Moment,
    pub tie_break: u64,
    /// What the policy's ranker said of what [`Hot::permitted`] told; none where there was nothing to ask it.
    pub ranking: Option<Ranking>,
}

impl Asked {
    /// What holds for this call.
    pub fn policy<'p>(&self, policies: &'p Policies) -> Cow<'p, Policy> {
        policies.of_call(&self.owner.business.id, &self.owner.id, self.campaign.as_deref())
    }

    pub fn ask(&self) -> Ask {
        Ask {
            owner: self.owner.id.clone(),
            campaign: self.campaign.clone(),
            callee: self.callee,
            state: self.state,
            zip: self.zip,
            carrier: self.carrier,
            at: self.now,
            tie_break: self.tie_break,
        }
    }
}
