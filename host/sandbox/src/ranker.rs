//! What is asked of a ranker and what it answers, in the host's own types.

use crate::agency::{AdapterError, protocol, text, to_wit_status};
use crate::bindings::wit_ranker as wit;
use numbers::{E164, Moment, Status};

/// Bytes of a reason that are kept for the receipt.
const REASON_BYTES_MAX: usize = 200;

/// A number that the policy permits for this call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RankCandidate {
    pub number: E164,
    /// On the callee's carrier.
    pub standing: Status,
    /// `group`, `state`, `zone` or `none`.
    pub locality: &'static str,
    pub shown_today: u32,
    pub shown_last_hour: u32,
    /// Human answers of a useful length, and attempts, on the callee's carrier.
    pub engaged: u32,
    pub attempts: u32,
    /// Calls that are left of its turn.
    pub turn_left: u32,
}

/// The call, without the callee.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RankRequest {
    pub owner: String,
    pub campaign: Option<String>,
    pub callee_area_code: String,
    pub callee_carrier: Option<String>,
    pub attempt: u32,
    pub at: Moment,
    /// In the host's own order.
    pub candidates: Vec<RankCandidate>,
}

/// An order of the candidates.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ranking {
    /// Places in the request's candidates, best first; each at most once. Those left out come last, in the host's order.
    pub order: Vec<usize>,
    pub reason: String,
}

pub(crate) fn to_wit(request: &RankRequest) -> wit::RankRequest {
    wit::RankRequest {
        call: wit::Call {
            owner: request.owner.clone(),
            campaign: request.campaign.clone(),
            callee_area_code: request.callee_area_code.clone(),
            callee_carrier: request.callee_carrier.clone(),
            attempt: request.attempt,
            at_ms: request.at.0,
        },
        candidates: request
            .candidates
            .iter()
            .map(|candidate| wit::Candidate {
                number: candidate.number.to_string(),
                standing: to_wit_status(candidate.standing),
                locality: candidate.locality.to_owned(),
                shown_today: candidate.shown_today,
                shown_last_hour: candidate.shown_last_hour,
                engaged: candidate.engaged,
                attempts: candidate.attempts,
                turn_left: candidate.turn_left,
            })
            .collect(),
    }
}

pub(crate) fn ranking(answer: wit::Ranking, count: usize) -> Result<Ranking, AdapterError> {
    let mut order: Vec<usize> = Vec::with_capacity(answer.order.len().min(count));
    for (place, index) in answer.order.into_iter().map(|index| index as usize).enumerate() {
        let field = format!("order[{place}]");
        if index >= count {
            return Err(protocol(field, format_args!("{index}, where there are {count} candidates, counted from 0")));
        }
        // Candidates are a pool's, so a handful: looking through them costs less than a set.
        if order.contains(&index) {
            return Err(protocol(field, format_args!("{index} stands there twice")));
        }
        order.push(index);
    }
    let reason = text("reason", answer.reason)?;
    Ok(Ranking { order, reason: crate::bindings::cut(&reason, REASON_BYTES_MAX).to_owned() })
}
