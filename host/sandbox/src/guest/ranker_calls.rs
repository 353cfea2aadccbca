//! The one function of a ranker.

use super::{CallError, Fault, FaultKind, Guest, instantiate};
use crate::call::Powers;
use crate::linked::Pre;
use crate::ranker::{self, RankRequest, Ranking};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::timeout;

impl Guest {
    /// Orders candidates that the policy has permitted. The caller checks again what it shows.
    ///
    /// # Errors
    /// The adapter's own error, an order that cannot be, or the fault that ended the call.
    pub async fn rank(&self, powers: &Arc<dyn Powers>, request: &RankRequest) -> Result<Ranking, CallError> {
        let count = request.candidates.len();
        let request = ranker::to_wit(request);
        let answer = self
            .call(powers, "rank", |store, pre| {
                Box::pin(async move {
                    let adapter = instantiate!(pre, store, Ranker);
                    adapter.smartguard_adapter_ranker().call_rank(store, &request).await
                })
            })
            .await?;
        Ok(ranker::ranking(answer, count)?)
    }

    /// The same for a caller that waits for it: its turn and all else together take no longer than `within`.
    ///
    /// # Errors
    /// As [`Guest::rank`], and a fault when the time is over.
    pub async fn rank_within(
        &self,
        powers: &Arc<dyn Powers>,
        request: &RankRequest,
        within: Duration,
    ) -> Result<Ranking, CallError> {
        timeout(within, self.rank(powers, request)).await.unwrap_or_else(|_| {
            let detail = Some(format!("{} ms passed", within.as_millis()));
            Err(Fault { adapter: self.name.clone(), function: "rank", kind: FaultKind::TimedOut, detail }.into())
        })
    }
}
