//! The functions of an adapter that knows which carrier serves a callee.

use super::{CallError, Guest, instantiate};
use crate::call::Powers;
use crate::linked::Pre;
use crate::lookup::{self, LookupAnswer};
use numbers::E164;
use std::collections::BTreeSet;
use std::sync::Arc;

impl Guest {
    /// What looking up so many callees would cost, in millionths of a US dollar. It spends nothing.
    ///
    /// # Errors
    /// The adapter's own error, an answer that cannot be true, or the fault that ended the call; so for all functions here.
    pub async fn price_micros(&self, powers: &Arc<dyn Powers>, count: u32) -> Result<u64, CallError> {
        self.call(powers, "price-micros", move |store, pre| {
            Box::pin(async move {
                let adapter = instantiate!(pre, store, CarrierLookup);
                adapter.smartguard_adapter_carrier_lookup().call_price_micros(store, count).await
            })
        })
        .await
    }

    /// Which carriers serve these callees. One that is missing in the answer is unknown.
    ///
    /// # Errors
    /// As [`Guest::price_micros`].
    pub async fn lookup(
        &self,
        powers: &Arc<dyn Powers>,
        callees: &[E164],
        token: Option<String>,
    ) -> Result<LookupAnswer, CallError> {
        let asked: Vec<String> = callees.iter().map(E164::to_string).collect();
        let answer = self
            .call(powers, "lookup", |store, pre| {
                Box::pin(async move {
                    let adapter = instantiate!(pre, store, CarrierLookup);
                    adapter.smartguard_adapter_carrier_lookup().call_lookup(store, &asked, token.as_deref()).await
                })
            })
            .await?;
        let expected: BTreeSet<E164> = callees.iter().copied().collect();
        Ok(lookup::answer(answer, &expected)?)
    }
}
