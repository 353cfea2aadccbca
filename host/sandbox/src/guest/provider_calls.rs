//! The functions of a provider's adapter.

use super::{CallError, Guest, instantiate};
use crate::bindings::wit_provider as wit;
use crate::call::Powers;
use crate::linked::Pre;
use crate::provider::{self, Acquired, Offer, Page};
use numbers::E164;
use std::sync::Arc;

impl Guest {
    /// Numbers that may be had in an area code.
    ///
    /// # Errors
    /// The adapter's own error, an answer that cannot be true, or the fault that ended the call; so for all functions here.
    pub async fn search(&self, powers: &Arc<dyn Powers>, area_code: &str, count: u32) -> Result<Vec<Offer>, CallError> {
        let request = wit::SearchRequest { area_code: area_code.to_owned(), count };
        let answer = self
            .call(powers, "search", |store, pre| {
                Box::pin(async move {
                    let adapter = instantiate!(pre, store, Provider);
                    adapter.smartguard_adapter_provider().call_search(store, &request).await
                })
            })
            .await?;
        Ok(provider::offers(answer, area_code, count)?)
    }

    /// Takes a number. The same key is the same purchase, however often it is sent.
    ///
    /// # Errors
    /// As [`Guest::search`].
    pub async fn acquire(&self, powers: &Arc<dyn Powers>, key: &str, number: E164) -> Result<Acquired, CallError> {
        let (key, wanted) = (key.to_owned(), number.to_string());
        let answer = self
            .call(powers, "acquire", |store, pre| {
                Box::pin(async move {
                    let adapter = instantiate!(pre, store, Provider);
                    adapter.smartguard_adapter_provider().call_acquire(store, &key, &wanted).await
                })
            })
            .await?;
        Ok(provider::acquired(answer, number)?)
    }

    /// Gives a number back.
    ///
    /// # Errors
    /// As [`Guest::search`].
    pub async fn release(&self, powers: &Arc<dyn Powers>, key: &str, number: E164) -> Result<(), CallError> {
        let (key, number) = (key.to_owned(), number.to_string());
        self.call(powers, "release", |store, pre| {
            Box::pin(async move {
                let adapter = instantiate!(pre, store, Provider);
                adapter.smartguard_adapter_provider().call_release(store, &key, &number).await
            })
        })
        .await
    }

    /// One page of the numbers that the account holds.
    ///
    /// # Errors
    /// As [`Guest::search`].
    pub async fn list_numbers(&self, powers: &Arc<dyn Powers>, page: Option<String>) -> Result<Page, CallError> {
        let answer = self
            .call(powers, "list-numbers", |store, pre| {
                Box::pin(async move {
                    let adapter = instantiate!(pre, store, Provider);
                    adapter.smartguard_adapter_provider().call_list_numbers(store, page.as_deref()).await
                })
            })
            .await?;
        Ok(provider::page(answer)?)
    }
}
