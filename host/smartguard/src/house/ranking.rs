//! Asks the policy's ranker, on the path of a call, outside of every lock and for a few milliseconds at most.
//!
//! A ranker reorders and never permits: [`super::hot`] permits once more what is shown. Whatever goes wrong with it, the
//! policy's own order holds, and the receipt says why.

use super::House;
use super::hot::{Asked, Open};
use numbers::{Ask, Locality, Ranked, Ranking};
use sandbox::ranker::{RankCandidate, RankRequest};
use std::sync::atomic::Ordering::Relaxed;

/// Bytes of the reason for a fall-back that are kept for the receipt.
const WHY_BYTES_MAX: usize = 200;

impl House {
    /// What the policy's ranker says of this call; none where the policy names none, or there is no choice.
    pub(super) async fn ranking(&self, asked: &Asked) -> Option<Ranking> {
        let policies = self.hot.policy.load_full();
        let policy = asked.policy(&policies);
        let ranker = policy.ranker.clone()?;
        let open = self.hot.permitted(asked)?;
        let request = request(&asked.ask(), &open);
        let said = match self.adapters.rank(&ranker, &request, policy.ranker_deadline).await {
            Ok(ranking) => {
                self.hot.counts.ranked.fetch_add(1, Relaxed);
                let order = ranking.order.iter().map(|place| request.candidates[*place].number).collect();
                Ranked::Order { order, reason: ranking.reason }
            }
            Err(mut why) => {
                self.hot.counts.ranking_fell_back.fetch_add(1, Relaxed);
                why.truncate(why.floor_char_boundary(WHY_BYTES_MAX));
                Ranked::FellBack { why }
            }
        };
        Some(Ranking { ranker, said })
    }
}

/// What a ranker is asked of one call.
pub(super) fn request(ask: &Ask, open: &Open) -> RankRequest {
    let candidates = open.numbers.iter().map(|(number, tally)| RankCandidate {
        number: number.number,
        standing: number.standing,
        locality: locality_word(number.locality),
        shown_today: number.shown_today,
        shown_last_hour: number.shown_last_hour,
        engaged: tally.answered_human.saturating_sub(tally.short_calls),
        attempts: tally.attempts,
        turn_left: number.turn_left,
    });
    RankRequest {
        owner: ask.owner.to_string(),
        campaign: ask.campaign.clone(),
        callee_area_code: ask.callee.area_code().map(|code| code.to_string()).unwrap_or_default(),
        callee_carrier: ask.carrier.map(|carrier| carrier.word().to_owned()),
        attempt: open.attempt,
        at: ask.at,
        candidates: candidates.collect(),
    }
}

/// As the interface of a ranker calls it.
const fn locality_word(locality: Locality) -> &'static str {
    match locality {
        Locality::Group => "group",
        Locality::State => "state",
        Locality::Neighbour | Locality::Zone => "zone",
        Locality::Elsewhere => "none",
    }
}
