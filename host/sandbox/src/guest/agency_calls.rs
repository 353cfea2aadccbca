//! The functions of an agency's adapter.

use super::{CallError, Guest, instantiate};
use crate::agency::{
    self, Check, CheckAnswer, Dispute, Expected, FilingAnswer, InboundAnswer, Probed, Register, TrackAnswer,
};
use crate::bindings::wit_agency;
use crate::call::Powers;
use crate::kind::Kind;
use crate::linked::Pre;
use numbers::{E164, Moment};
use std::collections::BTreeSet;
use std::sync::Arc;

impl Guest {
    /// What the agencies make of these numbers. A number that is missing in the answer counts as unknown.
    ///
    /// # Errors
    /// The adapter's own error, an answer that cannot be true, or the fault that ended the call; so for all functions here.
    pub async fn check(
        &self,
        powers: &Arc<dyn Powers>,
        Check { numbers, cnams, token }: Check,
    ) -> Result<CheckAnswer, CallError> {
        let request = wit_agency::CheckRequest {
            numbers: numbers.iter().map(E164::to_string).collect(),
            cnams: cnams.into_iter().map(|(number, cnam)| (number.to_string(), cnam)).collect(),
            token,
        };
        let answer = self
            .call(powers, "check", |store, pre| {
                Box::pin(async move {
                    let adapter = instantiate!(pre, store, Agency);
                    adapter.check(store, request).await
                })
            })
            .await?;
        let asked = numbers.into_iter().collect();
        Ok(agency::check_answer(answer, &self.expected(powers, Some(&asked)))?)
    }

    /// Makes a business and its numbers known to the agency.
    ///
    /// # Errors
    /// As [`Guest::check`].
    pub async fn register(&self, powers: &Arc<dyn Powers>, register: Register) -> Result<FilingAnswer, CallError> {
        let request = wit_agency::RegisterRequest {
            key: register.key,
            business: agency::to_wit_business(register.business),
            numbers: register.numbers.iter().map(E164::to_string).collect(),
            token: register.token,
        };
        let answer = self
            .call(powers, "register", |store, pre| {
                Box::pin(async move {
                    let adapter = instantiate!(pre, store, Agency);
                    adapter.register(store, request).await
                })
            })
            .await?;
        Ok(agency::filing_answer(answer)?)
    }

    /// Disputes a label.
    ///
    /// # Errors
    /// As [`Guest::check`].
    pub async fn dispute(&self, powers: &Arc<dyn Powers>, dispute: Dispute) -> Result<FilingAnswer, CallError> {
        let request = wit_agency::DisputeRequest {
            key: dispute.key,
            business: agency::to_wit_business(dispute.business),
            number: dispute.number.to_string(),
            agency: dispute.agency,
            carrier: dispute.carrier.map(|carrier| carrier.word().to_owned()),
            label: dispute.label,
            status: agency::to_wit_status(dispute.status),
            statement: dispute.statement,
            token: dispute.token,
        };
        let answer = self
            .call(powers, "dispute", |store, pre| {
                Box::pin(async move {
                    let adapter = instantiate!(pre, store, Agency);
                    adapter.dispute(store, request).await
                })
            })
            .await?;
        Ok(agency::filing_answer(answer)?)
    }

    /// What became of the filing that was sent under this key.
    ///
    /// # Errors
    /// As [`Guest::check`].
    pub async fn track(&self, powers: &Arc<dyn Powers>, key: &str) -> Result<TrackAnswer, CallError> {
        let key = key.to_owned();
        let answer = self
            .call(powers, "track", |store, pre| {
                Box::pin(async move {
                    let adapter = instantiate!(pre, store, Agency);
                    adapter.track(store, &key).await
                })
            })
            .await?;
        Ok(agency::track_answer(answer)?)
    }

    /// Reads a webhook of the agency. Its signature has not been looked at yet: that is the adapter's part.
    ///
    /// # Errors
    /// As [`Guest::check`].
    pub async fn inbound(
        &self,
        powers: &Arc<dyn Powers>,
        headers: Vec<(String, String)>,
        body: String,
    ) -> Result<InboundAnswer, CallError> {
        let request = wit_agency::InboundRequest { headers, body };
        let answer = self
            .call(powers, "inbound", |store, pre| {
                Box::pin(async move {
                    let adapter = instantiate!(pre, store, Agency);
                    adapter.inbound(store, request).await
                })
            })
            .await?;
        Ok(agency::inbound_answer(answer, &self.expected(powers, None))?)
    }

    /// Tells the agency that a call of ours has begun. The callee is never named.
    ///
    /// # Errors
    /// As [`Guest::check`].
    pub async fn call_started(
        &self,
        powers: &Arc<dyn Powers>,
        number: E164,
        started_at: Moment,
    ) -> Result<(), CallError> {
        let call = wit_agency::OwnCall { number: number.to_string(), started_at: started_at.seconds() };
        self.call(powers, "call-started", |store, pre| {
            Box::pin(async move {
                let adapter = instantiate!(pre, store, Agency);
                adapter.call_started(store, call).await
            })
        })
        .await
    }

    /// Asks one harmless question, of an adapter of any kind that has one.
    ///
    /// # Errors
    /// As [`Guest::check`].
    pub async fn probe(&self, powers: &Arc<dyn Powers>) -> Result<Probed, CallError> {
        let probed = match self.kind() {
            Kind::Agency => {
                self.call(powers, "probe", |store, pre| {
                    Box::pin(async move { instantiate!(pre, store, Agency).probe(store).await })
                })
                .await?
            }
            Kind::Provider => {
                self.call(powers, "probe", |store, pre| {
                    Box::pin(async move {
                        let adapter = instantiate!(pre, store, Provider);
                        adapter.smartguard_adapter_provider().call_probe(store).await
                    })
                })
                .await?
            }
            Kind::CarrierLookup => {
                self.call(powers, "probe", |store, pre| {
                    Box::pin(async move {
                        let adapter = instantiate!(pre, store, CarrierLookup);
                        adapter.smartguard_adapter_carrier_lookup().call_probe(store).await
                    })
                })
                .await?
            }
            Kind::Ranker => {
                let reason = "a ranker asks nobody, so there is nothing to probe".to_owned();
                return Err(CallError::Adapter(agency::AdapterError::Unsupported(reason)));
            }
        };
        Ok(agency::probed(probed)?)
    }

    fn expected<'a>(&'a self, powers: &Arc<dyn Powers>, numbers: Option<&'a BTreeSet<E164>>) -> Expected<'a> {
        Expected { numbers, speaks_for: &self.description.speaks_for, now: Moment(powers.now_ms()) }
    }
}
