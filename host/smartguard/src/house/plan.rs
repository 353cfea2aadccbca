//! What a dialer is told before it calls. Nothing here consumes an attempt, a turn or a number, or adds a user.

use super::House;
use super::desk::hold_class;
use super::errors::{invalid, unknown_owner};
use super::hot::{Asked, OwnerCell};
use super::keeper::now;
use crate::desk::{
    DeskError, PacingQuery, PacingView, PoolPaceView, PreflightCallee, PreflightCalleeView, PreflightRequest,
    PreflightView, Stamp,
};
use numbers::{Decision, Moment, OwnerId, Pace};
use std::sync::Arc;

impl House {
    pub(super) fn preflight_of(&self, request: PreflightRequest) -> Result<PreflightView, DeskError> {
        let PreflightRequest { user, campaign, callees } = request;
        let owner = self.pool_of(user, campaign.clone())?;
        let now = now();
        let each = callees.into_iter().enumerate().map(|(place, callee)| {
            let asked = asked(&owner, campaign.clone(), place, &callee, now);
            let decision = self.hot.would_answer(&asked).map(|answer| answer.decision);
            let to = callee.to.to_string();
            let listed = self.hot.do_not_call.load().listed(&owner.business.id, callee.to);
            let listed = listed.lists().map(|list| list.to_string()).collect();
            match decision {
                Some(Decision::Hold { class, reason, retry_after }) => PreflightCalleeView {
                    to,
                    callable: false,
                    class: Some(hold_class(class)),
                    reason: Some(reason.word().to_owned()),
                    listed,
                    from: Some(Stamp(now.plus(retry_after))),
                },
                Some(Decision::Use { .. }) | None => {
                    PreflightCalleeView { to, callable: true, class: None, reason: None, listed, from: None }
                }
            }
        });
        let callees = each.collect();
        Ok(PreflightView { callees, calls_left: self.hot.pace(&owner, now).into() })
    }

    pub(super) fn pacing_of(&self, query: PacingQuery, dials: Option<u32>) -> Result<PacingView, DeskError> {
        let PacingQuery { user, campaign, business, .. } = query;
        let owners = match (user, campaign, business) {
            (None, None, business) => self.directory.owners_of(business.as_deref()),
            (user, campaign, _) => vec![self.pool_of(user, campaign)?],
        };
        let now = now();
        let policies = self.hot.policy.load();
        let (mut pools, mut sum, mut advice) = (Vec::new(), Vec::new(), Vec::new());
        for owner in &owners {
            let pace = self.hot.pace(owner, now);
            let numbers = owner.view.load().candidates.len();
            sum.push(pace);
            pools.push(PoolPaceView { owner: owner.id.to_string(), numbers, calls_left: pace.into() });
            let wanted = dials.map(|dials| {
                (dials, numbers::pace::pool_size_for(dials, &policies.of_owner(&owner.business.id, &owner.id)))
            });
            if let Some((dials, wanted)) = wanted.filter(|(_, wanted)| (*wanted as usize) > numbers) {
                advice.push(format!(
                    "at {dials} dials a day the {numbers} numbers of {} are not enough; {wanted} would be",
                    owner.id
                ));
            }
        }
        Ok(PacingView { pools, calls_left: sum.into_iter().sum::<Pace>().into(), advice })
    }

    /// The pool that would answer; an unknown user is not added for a question.
    fn pool_of(&self, user: Option<String>, campaign: Option<String>) -> Result<Arc<OwnerCell>, DeskError> {
        let named = [user.map(OwnerId::User), campaign.map(OwnerId::Campaign)];
        let found = named.iter().flatten().find_map(|id| self.directory.owner(id));
        let Some(asked) = named.iter().flatten().next() else {
            return Err(invalid("no_owner", "neither `user` nor `campaign` is set"));
        };
        found.ok_or_else(|| unknown_owner(asked))
    }
}

fn asked(
    owner: &Arc<OwnerCell>,
    campaign: Option<String>,
    place: usize,
    callee: &PreflightCallee,
    now: Moment,
) -> Asked {
    Asked {
        owner: owner.clone(),
        campaign,
        // No dialer's call has such a name, so that none is taken for one that was answered already.
        call_id: format!("\u{0}preflight {place}"),
        callee: callee.to,
        state: callee.state,
        zip: callee.zip,
        carrier: callee.carrier,
        now,
        tie_break: 0,
        ranking: None,
    }
}
