//! What a dialer is told before it calls. Nothing here consumes an attempt, a turn or a number, or adds a user.

use super::House;
use super::desk::hold_class;
use super::errors::{invalid, unknown_owner};
use super::hot::{Asked, BusinessCell, OwnerCell};
use super::keeper::now;
use crate::desk::{
    AnswerPaceView, DeskError, PacingQuery, PacingView, PoolPaceView, PreflightCallee, PreflightCalleeView,
    PreflightRequest, PreflightView, Stamp,
};
use core::sync::atomic::{AtomicBool, Ordering};
use core::time::Duration;
use numbers::{Decision, Moment, OwnerId, Pace};
use parking_lot::Mutex;
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

    /// What an answer says of the calls that are left. Those of the business are counted aside, at most every
    /// [`BUSINESS_PACE_EVERY`] while it calls, so that no answer waits for it.
    pub(super) fn answer_pace(&self, pool: Pace, business: &Arc<BusinessCell>) -> AnswerPaceView {
        let now = now();
        if business.pace.is_due(now) {
            let (hot, directory, business) = (self.hot.clone(), self.directory.clone(), business.clone());
            drop(tokio::task::spawn_blocking(move || {
                let owners = directory.owners_of(Some(&business.id));
                business.pace.counted(owners.iter().map(|owner| hot.pace(owner, now)).sum(), now);
            }));
        }
        AnswerPaceView { pool: pool.into(), business: business.pace.known().map(Into::into) }
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

/// What all pools of a business can bear, as it was counted last.
#[derive(Debug, Default)]
pub struct BusinessPace {
    last: Mutex<Option<(Moment, Pace)>>,
    is_counting: AtomicBool,
}

/// Guessed: often enough for a dialer that slows down, and too seldom to cost anything.
const BUSINESS_PACE_EVERY: Duration = Duration::from_secs(5);

impl BusinessPace {
    /// Whether it is to be counted now, which is then said to nobody else until it is counted.
    fn is_due(&self, now: Moment) -> bool {
        let is_old = self.last.lock().is_none_or(|(at, _)| now.since(at) >= BUSINESS_PACE_EVERY);
        is_old && !self.is_counting.swap(true, Ordering::AcqRel)
    }

    fn counted(&self, pace: Pace, at: Moment) {
        *self.last.lock() = Some((at, pace));
        self.is_counting.store(false, Ordering::Release);
    }

    fn known(&self) -> Option<Pace> {
        self.last.lock().map(|(_, pace)| pace)
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
