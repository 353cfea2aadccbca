//! What agencies send us by themselves: a webhook is handed to its adapter, and what that makes of it is taken in.
//!
//! A webhook is a stranger's word until its adapter has asked the agency; the bundled adapters believe none of it and
//! only take it as a reason to look.

use super::House;
use super::adapters::filed;
use super::errors::missing;
use super::keeper::now;
use crate::desk::{DeskError, DeskErrorKind, InboundView};
use numbers::event::OBSERVATIONS_MAX;
use numbers::{Command, FilingState, Observation, Source, What};
use sandbox::agency::{FilingAnswer, FilingStatus, InboundAnswer};

impl House {
    /// Takes a webhook for this adapter.
    pub(super) async fn inbound_for(
        &self,
        id: String,
        headers: Vec<(String, String)>,
        body: String,
    ) -> Result<InboundView, DeskError> {
        let declared =
            self.adapters.manifests().into_iter().any(|manifest| manifest.id == id && manifest.functions.inbound);
        if !declared {
            return Err(missing("adapter", &format!("an adapter `{id}` that takes webhooks")));
        }
        let answer = self.adapters.inbound(&id, headers, body).await.map_err(|failure| {
            let kind = DeskErrorKind::Unavailable { retry_after_s: 60 };
            DeskError::new(kind, "inbound_refused", failure, "the agency may send it again later")
        })?;
        let InboundAnswer { observations, filings } = answer;
        let mut view = InboundView { observations: 0, filings: 0 };
        for part in observations.chunks(OBSERVATIONS_MAX) {
            self.take_observations(&id, part.to_vec()).await?;
            view.observations += part.len() as u64;
        }
        for (key, told) in filings {
            let adapter = id.clone();
            let open = self
                .keeper
                .read(move |state| {
                    let of = |filing: &&numbers::Filing| filing.key == key && filing.adapter == adapter;
                    state.open_filings().find(of).map(|filing| (filing.id, filing.state.clone()))
                })
                .await?;
            let Some((open, state)) = open else { continue };
            match (state, told.status) {
                (_, FilingStatus::Refused) => {
                    self.performer.heard(open, filed(Ok(FilingAnswer::Filed(told)))).await?;
                }
                // Its adapter knows how to go on, and what became of each number.
                (FilingState::Pending { .. }, _) => {
                    self.performer.perform_alone(&Command::AskFiling { filing: open }).await?;
                }
                (_, FilingStatus::Accepted) => {
                    self.performer.heard(open, filed(Ok(FilingAnswer::Filed(told)))).await?;
                }
                (_, FilingStatus::Submitted | FilingStatus::InReview) => continue,
            }
            view.filings += 1;
        }
        tracing::info!(
            adapter = id,
            observations = view.observations,
            filings = view.filings,
            "a webhook was taken in"
        );
        Ok(view)
    }

    async fn take_observations(&self, id: &str, mut observations: Vec<Observation>) -> Result<(), DeskError> {
        for observation in &mut observations {
            observation.observed_at = observation.observed_at.min(now());
        }
        let what =
            What::Observed { source: Source::Adapter(id.to_owned()), adapter: None, asked: Vec::new(), observations };
        self.keeper.propose(what).await?;
        Ok(())
    }
}
