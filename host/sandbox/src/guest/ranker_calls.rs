//! The one function of a ranker.

use super::{CallError, Guest, instantiate};
use crate::bindings::Pre;
use crate::call::Powers;
use crate::ranker::{self, RankRequest, Ranking};
use std::sync::Arc;

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
}
