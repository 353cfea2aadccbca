//! The adapters, as the keeper's side asks them: their answers become plain results, their failures never reach anybody else.

mod by_hand;
mod development;
mod shown;

use super::House;
use super::drift::Drifts;
use super::keeper::now;
use super::pace::{Pace, Turn};
use crate::config::Config;
use crate::desk::{AdapterView, CheckupState, DeskError, DeskErrorKind, TryCall, TryView};
use crate::store::{Key, Op, Store, Tree, after};
use core::time::Duration;
use development::Developments;
use numbers::case::Filing;
use numbers::{AdapterFacts, Case, E164, Effects, Moment, Observation, Packet};
use sandbox::agency::{
    AdapterError, Check, CheckAnswer, Dispute, FilingAnswer, FilingStatus, InboundAnswer, Register, TrackAnswer,
};
use sandbox::call::Powers;
use sandbox::datasets::Datasets;
use sandbox::grant::{Grant, Grants};
use sandbox::http::{Gate, Rebinds};
use sandbox::manifest::{self, By, Kind, Manifest};
use sandbox::modules::LIBRARY_FOLDER;
use sandbox::ranker::{RankRequest, Ranking};
use sandbox::roster::{Bundled, Live, Refused, Roster};
use sandbox::secrets::Secrets;
use sandbox::trouble::{Trouble, nearest};
use sandbox::watch::{Change, QUIET_DEFAULT, Watch};
use sandbox::{CallError, Engine, EngineOptions, FaultKind, Guest};
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::Arc;

// The adapters that are part of the program: every folder of `adapters/` with a script.
include!(concat!(env!("OUT_DIR"), "/bundled.rs"));

/// What the adapter of this id that came with the program says of itself.
pub fn bundled_manifest(id: &str) -> Option<Manifest> {
    let bundled = BUNDLED.iter().find(|bundled| bundled.id == id)?;
    Manifest::parse(&format!("{id}/adapter.toml"), bundled.manifest).ok()
}

/// Those that the operator wants of the adapters that came with the program.
fn chosen(config: &Config) -> Result<Vec<Bundled>, String> {
    let Some(wanted) = &config.bundled else { return Ok(BUNDLED.to_vec()) };
    let known: Vec<&str> = BUNDLED.iter().map(|bundled| bundled.id).collect();
    if let Some(stray) = wanted.iter().find(|id| !known.contains(&id.as_str())) {
        let remedy = match nearest(stray, &known) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("known are {}", known.join(", ")),
        };
        return Err(format!("`bundled` names `{stray}`, which did not come with the program; {remedy}"));
    }
    Ok(BUNDLED.iter().filter(|bundled| wanted.contains(bundled.id)).copied().collect())
}

/// A pending answer is asked for again so often before it is taken for lost.
const PENDING_ROUNDS_MAX: u32 = 5;
/// And never waited for longer than this between two rounds, because a check is asked again anyway.
const PENDING_WAIT_MAX: Duration = Duration::from_secs(60);

/// What came of a check.
pub enum CheckResult {
    Observed(Vec<Observation>),
    Failed(String),
}

/// What came of sending or tracking a filing.
pub enum FileResult {
    Filed {
        reference: Option<String>,
        /// Numbers that the agency took out of it, each with the reason.
        refused: Vec<(E164, String)>,
    },
    Pending {
        token: String,
        ask_again: Duration,
    },
    Packet(Packet),
    Unsupported(String),
    Rejected(String),
    /// It did not reach the agency, for certain.
    Failed {
        reason: String,
        retry_after: Option<Duration>,
    },
    /// It may or may not have reached the agency.
    Lost(String),
    Absent,
}

/// All adapters, and the grants that the operator gave.
pub struct Adapters {
    pub(super) roster: Roster<Engine>,
    pace: Pace,
    store: Arc<dyn Store>,
    folder: PathBuf,
    /// Answers that did not fit what their adapters know.
    pub(super) drifts: Drifts,
    /// Which adapters their authors work on, and until when they said to be there.
    developments: Developments,
}

type Failure = Refused<CallError>;

impl Adapters {
    /// Loads what is bundled and what lies in the folder. One that fails is visible in the list; the others serve.
    pub async fn open(config: &Config, store: Arc<dyn Store>) -> Result<Arc<Adapters>, String> {
        let rebinds = Rebinds::from_table(&config.origins).map_err(|trouble| trouble.to_string())?;
        let mut secrets = Secrets::from_environment(std::env::vars());
        if let Some(file) = &config.secrets_file {
            match secrets.read_file(file) {
                Ok(Some(warning)) => tracing::warn!(%warning, "the file of secrets"),
                Ok(None) => {}
                Err(trouble) => return Err(trouble.to_string()),
            }
        }
        let mut grants = Grants::default();
        for grant in kept_grants(&store).await? {
            grants.add(&grant);
        }
        let cache = config.data.join("cache");
        let maker = Engine::new(EngineOptions::new(cache)).map_err(|cause| cause.to_string())?;
        let datasets = Datasets::new(config.data.join("datasets"));
        let roster = Roster::new(maker, Gate::new(rebinds, secrets), datasets, config.settings.clone(), grants)
            .keeping(config.data.join("adapters"));
        let adapters = Adapters {
            roster,
            pace: Pace::default(),
            store,
            folder: config.adapters.clone(),
            drifts: Drifts::default(),
            developments: Developments::default(),
        };
        adapters.roster.load_bundled(&chosen(config)?, now()).await;
        adapters.roster.load_all(&adapters.folder, now()).await;
        Ok(Arc::new(adapters))
    }

    /// What the core needs to know of those that serve, and of each what works with the secrets that are there.
    pub fn facts(&self) -> Vec<AdapterFacts> {
        let mut facts: Vec<AdapterFacts> = self
            .roster
            .all_live()
            .iter()
            .map(|live| fact(&live.manifest, &|secret| self.has_secret(&live.manifest.id, secret)))
            .filter(|fact| fact.checks || fact.registers || !fact.disputes.is_empty())
            .collect();
        facts.sort_by(|one, other| one.id.cmp(&other.id));
        facts
    }

    /// What those say of themselves that serve, in the order of their ids.
    pub fn manifests(&self) -> Vec<Manifest> {
        let mut manifests: Vec<Manifest> = self.roster.all_live().iter().map(|live| live.manifest.clone()).collect();
        manifests.sort_by(|one, other| one.id.cmp(&other.id));
        manifests
    }

    /// Whether the operator has provided this secret.
    pub fn has_secret(&self, id: &str, secret: &str) -> bool {
        self.roster.gate().has_secret(id, secret)
    }

    /// Secrets that are given to nobody: most often a misspelt name.
    pub fn secrets_unknown(&self) -> Vec<Trouble> {
        self.roster.gate().secrets_unknown(&self.manifests())
    }

    /// By how many milliseconds an agency's clock is ahead of ours, as the last answer said.
    pub fn clock_skew(&self) -> Option<i64> {
        self.roster.gate().clock_skew()
    }

    pub fn views(&self) -> Vec<AdapterView> {
        self.roster.list(now()).into_iter().map(|status| shown::adapter(status, &self.roster)).collect()
    }

    /// How many numbers this adapter takes at once.
    pub fn batch_max(&self, id: &str) -> usize {
        self.roster.live(id).map_or(1, |live| live.manifest.limits.batch_max as usize)
    }

    /// Waits until this adapter may be asked about up to so many numbers.
    pub async fn turn(&self, id: &str, wanted: usize) -> Turn {
        let at_once = self.roster.live(id).map_or(1, |live| live.manifest.limits.concurrency);
        // Where nobody serves, nothing has to be waited for: the call says so.
        let room = || self.roster.live(id).map_or(Ok(u32::MAX), |live| live.powers.room());
        self.pace.line(id, at_once).turn(wanted, room).await
    }

    /// What the agencies make of these numbers. `cnams` is what those of them are registered to show that are.
    pub async fn check(&self, id: &str, numbers: &[E164], cnams: &[(E164, String)]) -> CheckResult {
        let mut token = None;
        for _ in 0..PENDING_ROUNDS_MAX {
            let check = Check { numbers: numbers.to_vec(), cnams: cnams.to_vec(), token: token.clone() };
            let asked = self.roster.call(id, now(), async |live| live.guest.check(&powers(&live), check).await).await;
            self.drifts.heard(id, "check", &asked);
            match asked {
                Ok(CheckAnswer::Observations(observations)) => return CheckResult::Observed(observations),
                Ok(CheckAnswer::Pending(pending)) => {
                    tokio::time::sleep(pending.ask_again.min(PENDING_WAIT_MAX)).await;
                    token = Some(pending.token);
                }
                Err(failure) => return CheckResult::Failed(sentence(&failure)),
            }
        }
        CheckResult::Failed("the answer was still pending after several rounds".to_owned())
    }

    pub async fn register(&self, filing: &Filing, token: Option<String>) -> FileResult {
        let register = Register {
            key: filing.key.clone(),
            business: filing.business.clone(),
            numbers: filing.numbers.clone(),
            token,
        };
        let answered = self
            .roster
            .call(&filing.adapter, now(), async |live| live.guest.register(&powers(&live), register).await)
            .await;
        self.drifts.heard(&filing.adapter, "register", &answered);
        filed(answered)
    }

    pub async fn dispute(&self, filing: &Filing, case: &Case, token: Option<String>) -> FileResult {
        let dispute = Dispute {
            key: filing.key.clone(),
            business: filing.business.clone(),
            number: case.number,
            agency: case.agency.clone(),
            carrier: case.carrier,
            label: case.label.clone(),
            status: case.status,
            statement: statement(filing, case),
            token,
        };
        let answered = self
            .roster
            .call(&filing.adapter, now(), async |live| live.guest.dispute(&powers(&live), dispute).await)
            .await;
        self.drifts.heard(&filing.adapter, "dispute", &answered);
        filed(answered)
    }

    pub async fn track(&self, id: &str, key: &str) -> FileResult {
        let answered = self.roster.call(id, now(), async |live| live.guest.track(&powers(&live), key).await).await;
        self.drifts.heard(id, "track", &answered);
        match answered {
            Ok(TrackAnswer::Found(filing)) => filed(Ok(FilingAnswer::Filed(filing))),
            Ok(TrackAnswer::Absent) => FileResult::Absent,
            Ok(TrackAnswer::Unknown) => FileResult::Lost("the agency cannot say whether it has it".to_owned()),
            Err(failure) => FileResult::Lost(sentence(&failure)),
        }
    }

    /// What an adapter makes of a webhook.
    ///
    /// # Errors
    /// Says in a sentence why it makes nothing of it.
    pub async fn inbound(
        &self,
        id: &str,
        headers: Vec<(String, String)>,
        body: String,
    ) -> Result<InboundAnswer, String> {
        let asked =
            self.roster.call(id, now(), async |live| live.guest.inbound(&powers(&live), headers, body).await).await;
        asked.map_err(|failure| sentence(&failure))
    }

    /// Tells an agency that a call has begun.
    ///
    /// # Errors
    /// Says in a sentence why it could not be told.
    pub async fn call_started(&self, id: &str, number: E164, at: Moment) -> Result<(), String> {
        let told =
            self.roster.call(id, now(), async |live| live.guest.call_started(&powers(&live), number, at).await).await;
        self.drifts.heard(id, "call_started", &told);
        told.map_err(|failure| sentence(&failure))
    }

    /// Why this adapter puts nothing in order; none when it does.
    pub fn why_no_ranker(&self, id: &str) -> Option<String> {
        match self.roster.live(id).map(|live| live.guest.kind()) {
            Some(Kind::Ranker) => None,
            Some(kind) => Some(format!("it is an adapter of kind `{kind}`")),
            None => Some("no adapter of that id serves".to_owned()),
        }
    }

    /// Has a ranker put candidates in order, within so long.
    ///
    /// # Errors
    /// Says in a sentence why there is no order.
    pub async fn rank(&self, id: &str, request: &RankRequest, within: Duration) -> Result<Ranking, String> {
        let asked = self
            .roster
            .call(id, now(), async |live| live.guest.rank_within(&powers(&live), request, within).await)
            .await;
        asked.map_err(|failure| sentence(&failure))
    }

    /// Grants what the adapter's newest version asks for, durably, and lets it serve.
    pub async fn grant(&self, id: &str, by: &str) -> Result<(), DeskError> {
        let grant = self.roster.grant(id, now()).await.map_err(refused)?;
        let bytes = serde_json::to_vec(&grant).map_err(|cause| super::errors::inner("writing the grant", &cause))?;
        let key = Key::new(Tree::Meta, [GRANT, id.as_bytes()].concat());
        let kept = self.store.commit(vec![Op::put(key, bytes)]).await;
        kept.map_err(|cause| super::errors::not_durable("keeping the grant", cause))?;
        tracing::info!(adapter = id, by, "granted");
        Ok(())
    }

    /// One call by hand, whose answer changes nothing.
    pub async fn try_once(&self, id: &str, call: TryCall) -> Result<TryView, DeskError> {
        by_hand::try_once(self, id, call).await
    }

    /// Takes in what changed in the adapters' folder.
    async fn take_in(&self, changes: Vec<Change>) {
        for change in changes {
            let taken = match &change {
                // The modules that all of them share: whoever imports what changed is another version now.
                Change::Written(path) | Change::Removed(path)
                    if path.file_name().is_some_and(|name| name == LIBRARY_FOLDER) =>
                {
                    self.roster.load_all(&self.folder, now()).await;
                    Ok(())
                }
                Change::Written(path) if path.is_dir() => self.roster.load_folder(path, now()).await.map(drop),
                Change::Written(_) => Ok(()),
                Change::Removed(path) => match path.file_name().and_then(|name| name.to_str()) {
                    Some(id) => self.roster.remove_folder(id, now()).await,
                    None => Ok(()),
                },
            };
            let (Change::Written(path) | Change::Removed(path)) = &change;
            if let (Ok(()), Some(id)) = (&taken, path.file_name().and_then(|name| name.to_str())) {
                // Another version may know what this one did not.
                self.drifts.forget(id);
            }
            if let Err(trouble) = taken {
                tracing::error!(%trouble, "an adapter was refused, the one before serves on");
            }
        }
    }

    /// Fetches the published data sets that are due.
    async fn refresh_datasets(&self) {
        for live in self.roster.all_live() {
            let (door, datasets) = live.powers.datasets();
            for (name, dataset) in datasets {
                match dataset.refresh(door, now(), &|_| {}).await {
                    Ok(done) if done.fetched > 0 => tracing::info!(
                        adapter = live.manifest.id,
                        dataset = name,
                        files = done.fetched,
                        rows = done.rows,
                        "a published data set was fetched"
                    ),
                    Ok(done) => {
                        tracing::debug!(adapter = live.manifest.id, dataset = name, reason = ?done.last_reason, "nothing new");
                    }
                    Err(trouble) => tracing::warn!(%trouble, dataset = name, "a published data set could not be kept"),
                }
            }
        }
    }
}

/// Names of grants in the tree of single records.
const GRANT: &[u8] = b"grant/";
/// How often it is seen to that published data sets are fresh; each has its own longer time.
const DATASETS_EVERY: Duration = Duration::from_secs(10 * 60);

async fn kept_grants(store: &Arc<dyn Store>) -> Result<Vec<Grant>, String> {
    let mut grants = Vec::new();
    let mut from = GRANT.to_vec();
    loop {
        let page = store.scan(Tree::Meta, &from, Some(b"grant0"), 256).await.map_err(|cause| cause.to_string())?;
        let Some((last, _, _)) = page.last() else { return Ok(grants) };
        from = after(last);
        for (key, _, value) in &page {
            let grant = serde_json::from_slice(value)
                .map_err(|cause| format!("the grant {} cannot be read: {cause}", String::from_utf8_lossy(key)))?;
            grants.push(grant);
        }
    }
}

pub(super) fn powers(live: &Live<Guest>) -> Arc<dyn Powers> {
    live.powers.clone()
}

/// A function whose secrets are not there is as good as none: asking would fail for every number.
/// A registration that a person makes is asked for where it is required, and otherwise when somebody wants its packet.
fn fact(manifest: &Manifest, has_secret: &dyn Fn(&str) -> bool) -> AdapterFacts {
    let usable = |function: &str| manifest.secrets_of(function).all(has_secret);
    let functions = &manifest.functions;
    let register =
        functions.register.filter(|filing| usable("register") && (filing.by == By::Machine || filing.required));
    let dispute = functions.dispute.filter(|_| usable("dispute"));
    AdapterFacts {
        id: manifest.id.clone(),
        checks: functions.check.is_some() && usable("check"),
        speaks_for: manifest.speaks_for.clone(),
        registers: register.is_some(),
        register_required: register.is_some_and(|register| register.required),
        disputes: if dispute.is_some() { manifest.disputes_at().to_vec() } else { Vec::new() },
        disputes_for: manifest.carriers,
        disputes_by_machine: dispute.is_some_and(|dispute| dispute.by == By::Machine),
        register_effects: register.map_or(Effects::Manual, |filing| effects(&filing)),
        dispute_effects: dispute.map_or(Effects::Manual, |filing| effects(&filing)),
    }
}

fn effects(filing: &manifest::Filing) -> Effects {
    match filing.effects {
        manifest::Effects::Idempotent => Effects::Idempotent,
        manifest::Effects::Queryable => Effects::Queryable { settle: filing.settle },
        manifest::Effects::Manual => Effects::Manual,
    }
}

/// True statements, and no more than we know.
fn statement(filing: &Filing, case: &Case) -> String {
    let business = &filing.business;
    format!(
        "{} is used by {} for this purpose: {}. It is shown with the label \"{}\". The number is answered on call-back, and we ask for a review.",
        case.number,
        business.legal_name,
        business.use_case,
        case.label.as_deref().unwrap_or(case.status.word()),
    )
}

pub(super) fn filed(answered: Result<FilingAnswer, Failure>) -> FileResult {
    match answered {
        Ok(FilingAnswer::Pending(pending)) => {
            FileResult::Pending { token: pending.token, ask_again: pending.ask_again }
        }
        Ok(FilingAnswer::Filed(filing)) if filing.status == FilingStatus::Refused => {
            FileResult::Rejected(filing.detail.unwrap_or_else(|| "without a reason".to_owned()))
        }
        Ok(FilingAnswer::Filed(filing)) => FileResult::Filed { reference: filing.reference, refused: filing.refused },
        Err(Refused::Failed(CallError::Adapter(error))) => match error {
            AdapterError::NeedsPerson(packet) => FileResult::Packet(*packet),
            AdapterError::Unsupported(reason) => FileResult::Unsupported(reason),
            AdapterError::Rejected(reason) => FileResult::Rejected(reason),
            AdapterError::RetryAfter(after) => {
                FileResult::Failed { reason: "asked too often".to_owned(), retry_after: Some(after) }
            }
            AdapterError::Unauthorized(reason) => FileResult::Failed { reason, retry_after: None },
            // The request may have arrived before the connection broke, and the answer may be to a filing that was taken.
            AdapterError::Unavailable(reason) | AdapterError::Protocol(reason) | AdapterError::Internal(reason) => {
                FileResult::Lost(reason)
            }
        },
        Err(Refused::Failed(CallError::Fault(fault))) => match fault.kind {
            FaultKind::TooBusy => FileResult::Failed { reason: fault.to_string(), retry_after: None },
            FaultKind::Trapped
            | FaultKind::TimedOut
            | FaultKind::OutOfMemory
            | FaultKind::StackOverflow
            | FaultKind::Protocol => FileResult::Lost(fault.to_string()),
        },
        Err(refused @ (Refused::NotLive(_) | Refused::Benched { .. })) => {
            FileResult::Failed { reason: sentence(&refused), retry_after: None }
        }
    }
}

pub(super) fn sentence(failure: &Failure) -> String {
    match failure {
        Refused::NotLive(reason) => reason.clone(),
        Refused::Benched { reason, .. } => format!("it rests after repeated faults: {reason}"),
        Refused::Failed(error) => error.to_string(),
    }
}

/// How bad it is that a probe failed so, and what to do.
pub(super) fn remedy(failure: &Failure) -> (CheckupState, String) {
    let again = "it is asked again by itself; `smartguard adapter try <id> probe` shows every exchange";
    match failure {
        Refused::NotLive(_) => (CheckupState::Wrong, "correct or grant the adapter".to_owned()),
        Refused::Benched { .. } | Refused::Failed(CallError::Fault(_)) => (CheckupState::Wrong, again.to_owned()),
        Refused::Failed(CallError::Adapter(error)) => match error {
            AdapterError::Unauthorized(_) => {
                (CheckupState::Wrong, "put the right key in, and restart the daemon".to_owned())
            }
            AdapterError::Protocol(_) => (
                CheckupState::Wrong,
                "the agency answers otherwise than the adapter knows: look for a newer version of it".to_owned(),
            ),
            AdapterError::RetryAfter(_) | AdapterError::Unavailable(_) => (CheckupState::Warning, again.to_owned()),
            AdapterError::Rejected(_) | AdapterError::Internal(_) | AdapterError::Unsupported(_) => (
                CheckupState::Wrong,
                "look at the adapter's settings (`[settings.<id>]` in smartguard.toml)".to_owned(),
            ),
            AdapterError::NeedsPerson(packet) => (CheckupState::Warning, packet.steps.join(" ")),
        },
    }
}

fn refused(trouble: Trouble) -> DeskError {
    DeskError::new(
        DeskErrorKind::Refused,
        "adapter_refused",
        format!("{}: {}", trouble.place, trouble.reason),
        trouble.remedy,
    )
}

/// Follows the adapters' folder, and keeps published data sets fresh, for as long as the daemon runs.
pub fn watch(house: &Arc<House>) {
    let following = house.clone();
    follow(house.adapters.folder.clone(), move |changes| {
        let house = following.clone();
        Box::pin(async move {
            house.adapters.take_in(changes).await;
            if let Err(cause) = house.roster_changed().await {
                tracing::error!(%cause, "the new roster could not be recorded");
            }
        })
    });
    development::watch(house);
    let adapters = house.adapters.clone();
    tokio::spawn(async move {
        loop {
            adapters.refresh_datasets().await;
            tokio::time::sleep(DATASETS_EVERY).await;
        }
    });
}

/// What is done about changes.
type Doing = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Follows one folder for as long as the daemon runs.
pub fn follow(folder: PathBuf, changed: impl Fn(Vec<Change>) -> Doing + Send + 'static) {
    match Watch::start(vec![folder.clone()], QUIET_DEFAULT) {
        Ok(mut watch) => {
            tokio::spawn(async move {
                loop {
                    let changes = watch.changed().await;
                    changed(changes).await;
                }
            });
        }
        Err(trouble) => {
            tracing::error!(%trouble, folder = %folder.display(), "changes are not followed; restart to take them in");
        }
    }
}
