//! The performer: does what the core wants done outside, and brings the result back as an event.
//!
//! It keeps the set in flight, so that a want which is derived again is not done twice.
//! Before a filing leaves, its intent is an event of its own; what was on its way in a crash is sorted out by
//! what the adapter declares, never by guessing.

use super::adapters::{Adapters, CheckResult, FileResult};
use super::keeper::{KeeperHandle, ProposeError, now};
use super::packets;
use crate::store::Store;
use core::time::Duration;
use numbers::case::{Filing, FilingState, Purpose};
use numbers::event::{FilingOutcome, OBSERVATIONS_MAX, REASON_BYTES_MAX, REFUSALS_MAX, TOKEN_BYTES_MAX, WORDS_MAX};
use numbers::step::AGAIN_AFTER;
use numbers::{Case, Command, E164, FilingPlan, Moment, Packet, Source, What};
use parking_lot::Mutex;
use std::collections::BTreeSet;
use std::sync::Arc;
use tokio::sync::mpsc;

/// However soon an agency wants to be asked again, each time is an event that is kept.
const AGAIN_AFTER_MIN: Duration = Duration::from_secs(1);
/// A packet is due after so many days when it does not say.
const DUE_AFTER: Duration = Duration::from_secs(3 * 24 * 60 * 60);

/// What the performer works with.
pub struct Performer {
    pub keeper: KeeperHandle,
    pub adapters: Arc<Adapters>,
    pub store: Arc<dyn Store>,
    in_flight: Mutex<BTreeSet<Command>>,
}

impl Performer {
    pub fn new(keeper: KeeperHandle, adapters: Arc<Adapters>, store: Arc<dyn Store>) -> Performer {
        Performer { keeper, adapters, store, in_flight: Mutex::default() }
    }

    /// Works until nobody can want anything any more.
    pub async fn run(self: Arc<Performer>, mut commands: mpsc::UnboundedReceiver<Command>) {
        while let Some(command) = commands.recv().await {
            let performer = self.clone();
            tokio::spawn(async move {
                if let Err(cause) = performer.perform_alone(&command).await {
                    tracing::debug!(%cause, ?command, "a command came to nothing; it is wanted again while it is due");
                }
            });
        }
    }

    /// Performs a command, unless the same one is on its way: what that one brings back does for both.
    pub async fn perform_alone(&self, command: &Command) -> Result<(), ProposeError> {
        if !self.in_flight.lock().insert(command.clone()) {
            return Ok(());
        }
        let performed = self.perform(command).await;
        self.in_flight.lock().remove(command);
        performed
    }

    async fn perform(&self, command: &Command) -> Result<(), ProposeError> {
        match command {
            Command::Check { adapter, numbers } => self.check(adapter, numbers).await,
            Command::File { filing } => self.file(filing).await,
            Command::AskFiling { filing } => self.ask_filing(*filing).await,
            Command::Wake { numbers } => {
                self.keeper.propose_patiently(What::Woke { numbers: numbers.clone() }).await.map(drop)
            }
        }
    }

    async fn check(&self, adapter: &str, numbers: &[E164]) -> Result<(), ProposeError> {
        let mut rest = numbers;
        while !rest.is_empty() {
            let size = self.adapters.batch_max(adapter).clamp(1, OBSERVATIONS_MAX);
            let turn = self.adapters.turn(adapter, rest.len().min(size)).await;
            let (asked, later) = rest.split_at(turn.numbers());
            let cnams = self.cnams(asked.to_vec()).await?;
            let answer = self.adapters.check(adapter, asked, &cnams).await;
            drop(turn);
            rest = later;
            let what = match answer {
                CheckResult::Observed(mut observations) => {
                    for observation in &mut observations {
                        observation.label = observation.label.take().map(|label| cut(label, WORDS_MAX));
                    }
                    // One answer may speak for several agencies, and an event holds so many observations only.
                    let mut rest = observations;
                    while rest.len() > OBSERVATIONS_MAX {
                        let later = rest.split_off(OBSERVATIONS_MAX);
                        let part = core::mem::replace(&mut rest, later);
                        let asked = part.iter().map(|observation| observation.number).collect();
                        self.keeper.propose_patiently(observed(adapter, asked, part)).await?;
                    }
                    observed(adapter, asked.to_vec(), rest)
                }
                CheckResult::Failed(failure) => {
                    let failure = cut(failure, WORDS_MAX);
                    What::CheckFailed { adapter: adapter.to_owned(), asked: asked.to_vec(), failure }
                }
            };
            self.keeper.propose_patiently(what).await?;
        }
        Ok(())
    }

    /// What these numbers are registered to show, as far as their businesses have said so.
    async fn cnams(&self, asked: Vec<E164>) -> Result<Vec<(E164, String)>, ProposeError> {
        self.keeper
            .read(move |state| {
                let cnam = |number: E164| {
                    let business = state.businesses.get(&state.numbers.get(&number)?.business)?;
                    Some((number, business.cnam.clone()?))
                };
                asked.into_iter().filter_map(cnam).collect()
            })
            .await
    }

    /// The intent first; only when it is durable does the request leave.
    async fn file(&self, plan: &FilingPlan) -> Result<(), ProposeError> {
        let touched = self.keeper.propose_patiently(What::FilingIntended { plan: plan.clone() }).await?;
        for filing in touched.filings {
            self.send(filing, None).await?;
        }
        Ok(())
    }

    /// Goes on with a filing, as its state says.
    async fn ask_filing(&self, filing: u64) -> Result<(), ProposeError> {
        let state =
            self.keeper.read(move |state| state.filings.get(&filing).map(|filing| filing.state.clone())).await?;
        match state {
            Some(FilingState::Again { .. }) => {
                self.keeper.propose_patiently(What::FilingResent { filing }).await?;
                self.send(filing, None).await
            }
            Some(FilingState::Pending { token, .. }) => self.send(filing, Some(token)).await,
            Some(FilingState::Unsure { .. }) => self.track(filing).await,
            Some(
                FilingState::Sending
                | FilingState::WithPerson { .. }
                | FilingState::Filed { .. }
                | FilingState::Unsupported { .. }
                | FilingState::Rejected { .. }
                | FilingState::Withdrawn { .. },
            )
            | None => Ok(()),
        }
    }

    async fn send(&self, filing: u64, token: Option<String>) -> Result<(), ProposeError> {
        let Some((filing, case)) = self.filing(filing).await? else { return Ok(()) };
        let result = match (&filing.purpose, case) {
            (Purpose::Register, _) => self.adapters.register(&filing, token.clone()).await,
            (Purpose::Dispute { .. }, Some(case)) => self.adapters.dispute(&filing, &case, token.clone()).await,
            (Purpose::Dispute { case }, None) => FileResult::Rejected(format!("case {case} is not held any more")),
        };
        // The agency has what the token stands for. That it could not be asked how far it is changes nothing about that.
        let result = match (token, result) {
            (Some(token), FileResult::Failed { retry_after, .. }) => {
                FileResult::Pending { token, ask_again: retry_after.unwrap_or(AGAIN_AFTER) }
            }
            (Some(token), FileResult::Lost(_)) => FileResult::Pending { token, ask_again: AGAIN_AFTER },
            (_, result) => result,
        };
        let answer = self.answer(result).await;
        self.keeper.propose_patiently(What::FilingAnswered { filing: filing.id, answer }).await.map(drop)
    }

    async fn track(&self, filing: u64) -> Result<(), ProposeError> {
        let Some((filing, _)) = self.filing(filing).await? else { return Ok(()) };
        let result = self.adapters.track(&filing.adapter, &filing.key).await;
        let answer = self.answer(result).await;
        self.keeper.propose_patiently(What::FilingAnswered { filing: filing.id, answer }).await.map(drop)
    }

    /// What an agency said of a filing by itself.
    pub async fn heard(&self, filing: u64, result: FileResult) -> Result<(), ProposeError> {
        let answer = self.answer(result).await;
        self.keeper.propose_patiently(What::FilingAnswered { filing, answer }).await.map(drop)
    }

    async fn filing(&self, id: u64) -> Result<Option<(Filing, Option<Case>)>, ProposeError> {
        self.keeper
            .read(move |state| {
                let filing = state.filings.get(&id)?.clone();
                let case = match filing.purpose {
                    Purpose::Register => None,
                    Purpose::Dispute { case } => state.cases.get(&case).cloned(),
                };
                Some((filing, case))
            })
            .await
    }

    async fn answer(&self, result: FileResult) -> FilingOutcome {
        match result {
            FileResult::Filed { reference, refused } => FilingOutcome::Filed {
                reference: reference.map(|reference| cut(reference, REASON_BYTES_MAX)),
                refused: by_reason(refused),
            },
            FileResult::Pending { token, .. } if token.len() > TOKEN_BYTES_MAX => {
                FilingOutcome::Lost { reason: format!("its token is longer than {TOKEN_BYTES_MAX} bytes") }
            }
            FileResult::Pending { token, ask_again } => {
                FilingOutcome::Pending { token, ask_again_at: now().plus(ask_again.max(AGAIN_AFTER_MIN)) }
            }
            FileResult::Packet(packet) => self.keep(&packet).await,
            FileResult::Unsupported(reason) => FilingOutcome::Unsupported { reason: cut(reason, REASON_BYTES_MAX) },
            FileResult::Rejected(reason) => FilingOutcome::Rejected { reason: cut(reason, REASON_BYTES_MAX) },
            FileResult::Failed { reason, retry_after } => FilingOutcome::Failed {
                reason: cut(reason, REASON_BYTES_MAX),
                retry_at: now().plus(retry_after.unwrap_or(AGAIN_AFTER).max(AGAIN_AFTER_MIN)),
            },
            FileResult::Lost(reason) => FilingOutcome::Lost { reason: cut(reason, REASON_BYTES_MAX) },
            FileResult::Absent => FilingOutcome::Absent,
        }
    }

    /// The packet is on the disk before any event names it.
    async fn keep(&self, packet: &Packet) -> FilingOutcome {
        let kept = async {
            let bytes = packets::to_bytes(packet).map_err(|cause| cause.to_string())?;
            self.store.put_blob(bytes).await.map_err(|cause| cause.to_string())
        };
        match kept.await {
            Ok(blob) => FilingOutcome::NeedsPerson {
                packet_blob: blob.to_string(),
                title: cut(packet.title.clone(), REASON_BYTES_MAX),
                due_at: due(packet),
            },
            Err(reason) => {
                let reason = cut(format!("the packet could not be kept: {reason}"), REASON_BYTES_MAX);
                FilingOutcome::Failed { reason, retry_at: now().plus(AGAIN_AFTER) }
            }
        }
    }
}

fn observed(adapter: &str, asked: Vec<E164>, observations: Vec<numbers::Observation>) -> What {
    What::Observed {
        source: Source::Adapter(adapter.to_owned()),
        adapter: Some(adapter.to_owned()),
        asked,
        observations,
    }
}

fn due(packet: &Packet) -> Moment {
    let days = u64::from(packet.acknowledged_in_days);
    now().plus(if days == 0 { DUE_AFTER } else { Duration::from_secs(days * 24 * 60 * 60) })
}

/// The refused numbers by why, in as few words as an event holds.
fn by_reason(refused: Vec<(E164, String)>) -> Vec<(String, Vec<E164>)> {
    let mut reasons: Vec<(String, Vec<E164>)> = Vec::new();
    for (number, reason) in refused {
        let reason = cut(reason, WORDS_MAX);
        match reasons.iter().position(|(known, _)| *known == reason) {
            Some(at) => reasons[at].1.push(number),
            None if reasons.len() < REFUSALS_MAX => reasons.push((reason, vec![number])),
            None => {
                let (last, numbers) = &mut reasons[REFUSALS_MAX - 1];
                "several other reasons; the agency's own list has them".clone_into(last);
                numbers.push(number);
            }
        }
    }
    reasons
}

/// Words from outside are cut to what an event holds, at a letter, and show that they were.
fn cut(mut words: String, most: usize) -> String {
    const CUT: &str = "…";
    if words.len() > most {
        words.truncate(words.floor_char_boundary(most - CUT.len()));
        words.push_str(CUT);
    }
    words
}
