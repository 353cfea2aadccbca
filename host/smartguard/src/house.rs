//! The daemon itself: opens the rooms in order, connects them, and closes them in order.
//!
//! Doors ask the [`House`] through [`crate::desk::Desk`]. Decisions are taken in [`hot`] under the lock of the pool's owner;
//! everything else goes as an event through the [`keeper`]. The [`performer`] does what the core wants done outside.

mod adapters;
mod agencies;
mod archive;
mod begun;
mod calls;
mod desk;
mod directory;
mod do_not_call;
mod doctor;
mod drift;
mod errors;
mod exports;
pub mod format;
#[cfg(test)]
mod golden;
mod hot;
mod inbound;
mod journal;
mod keeper;
mod keys;
#[cfg(test)]
mod moody_store;
mod on_demand;
mod pace;
mod packets;
mod performer;
mod plan;
mod policy;
mod ranking;
mod receipts;
pub mod record;
mod recover;
mod replay;
mod reports;
pub mod restore;
mod rolled;
mod rollup;
mod schedule;
mod seen;
mod shadow;
mod status;
mod stored;
mod trouble;
mod views;
mod wakes;

use crate::config::Config;
use crate::store::{MemoryStore, SledOptions, SledStore, Store};
use crate::strict::Problem;
use adapters::Adapters;
pub use adapters::bundled_manifest;
use archive::Archive;
use begun::Begun;
use directory::Directory;
use do_not_call::Lists;
use format::FormatError;
use hot::{ForKeeper, Hot};
use journal::{Journal, JournalError};
use keeper::{KeeperHandle, KeeperParts, ProposeError, now};
use keys::{KeyError, Keys};
use numbers::{Moment, State, Touched, What};
use parking_lot::Mutex;
use performer::Performer;
use policy::InForce;
use replay::Replaying;
use rollup::{Roller, Rolling};
use schedule::Schedule;
use shadow::Shadows;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use stored::StoredError;

/// The daemon, as its doors hold it.
pub struct House {
    config: Config,
    listen: SocketAddr,
    since: Moment,
    keeper: KeeperHandle,
    hot: Arc<Hot>,
    directory: Arc<Directory>,
    adapters: Arc<Adapters>,
    store: Arc<dyn Store>,
    performer: Arc<Performer>,
    policy: Mutex<InForce>,
    /// Why the core does not know the adapters that serve now, while it does not.
    roster_refused: Mutex<Option<String>>,
    lists: Arc<Lists>,
    /// Held by exports, and asked for its trouble.
    roller: Arc<Roller>,
    replaying: Arc<Replaying>,
}

/// Why the daemon did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    #[error("the data folder {path} could not be opened")]
    Store { path: PathBuf, source: crate::store::OpenError },
    #[error("the data folder cannot be used")]
    Format(#[from] FormatError),
    #[error("the key of this installation could not be had")]
    Key(#[from] KeyError),
    #[error("what is stored could not be read")]
    Recover(#[from] StoredError),
    #[error("the charge for calls lost in the last stop could not be written")]
    Charge(#[from] JournalError),
    #[error("{0}")]
    Adapters(String),
    #[error("the first events could not be recorded")]
    Propose(#[from] ProposeError),
    #[error("{}: {}; {}", .0.place, .0.reason, .0.remedy)]
    Listen(Problem),
    #[error("the thread of policies in shadow could not be started")]
    Shadow(#[source] std::io::Error),
    #[error("the door failed")]
    Serve(#[source] std::io::Error),
}

/// The key lies beside the data folder, not in it: `smartguard-data` has `smartguard-data.key`.
pub fn key_path(data: &Path) -> PathBuf {
    let mut name = data.file_name().unwrap_or(data.as_os_str()).to_owned();
    name.push(".key");
    data.with_file_name(name)
}

/// Runs the daemon until it is told to stop.
///
/// # Errors
/// Says which room could not be opened, and why.
pub async fn run(config: Config) -> Result<(), StartError> {
    let listener = crate::doors::open(config.listen).await.map_err(StartError::Listen)?;
    let listen = listener.local_addr().map_err(StartError::Serve)?;
    let store = open_store(&config)?;
    format::check(store.as_ref()).await?;
    let keys = Keys::of_store(&store, &key_path(&config.data)).await?;

    let rooms = open(config, listen, keys, store.clone()).await?;
    let house = rooms.house.clone();
    policy::watch(&house);
    adapters::watch(&house);
    drift::watch(&house);
    let exports = tokio::spawn(exports::on_schedule(house.clone()));
    // Who reads that the daemon serves may tell it to stop.
    let stopped = stopped();
    announce(&house).await;
    let served = crate::doors::serve(listener, house.clone(), stopped).await;
    exports.abort();
    rooms.rolling.stop().await;
    house.keeper.stop().await;
    // The last records are on the disk before the mark of a clean stop is.
    if house.hot.journal.settle().await.is_ok()
        && let Err(cause) = store.close().await
    {
        tracing::error!(%cause, "the store could not be closed cleanly; the next start charges the window to the caps");
    }
    served.map_err(StartError::Serve)
}

/// The store in the data folder, or one that lasts as long as the process.
fn open_store(config: &Config) -> Result<Arc<dyn Store>, StartError> {
    if config.in_memory {
        return Ok(Arc::new(MemoryStore::new()));
    }
    match SledStore::open(&config.data.join("store"), SledOptions::default()) {
        Ok(store) => Ok(Arc::new(store)),
        Err(source) => Err(StartError::Store { path: config.data.clone(), source }),
    }
}

struct Rooms {
    house: Arc<House>,
    rolling: Rolling,
}

async fn open(config: Config, listen: SocketAddr, keys: Keys, store: Arc<dyn Store>) -> Result<Rooms, StartError> {
    let since = now();
    let cleanly = store.opened_cleanly();
    let found = recover::read(&store).await?;
    let read = policy::read_at_start(&config, &found.state.policies);
    let (journal, _writer) = Journal::start(store.clone(), found.next_record);
    let (for_keeper, words) = tokio::sync::mpsc::unbounded_channel();
    let in_force = found.state.policies.clone();
    let (begun, calls_begun) = Begun::new();
    let (shadows, shadowed) = Shadows::new();
    let hot = Arc::new(Hot::new(keys, journal, in_force, for_keeper, begun, shadows));
    do_not_call::load(store.as_ref(), &hot.do_not_call).await?;
    let directory = Arc::new(Directory::default());
    directory.publish(&found.state, &everything(&found.state), since);
    recover::replay(&hot, &directory, found.past, cleanly, since).await?;

    let adapters = Adapters::open(&config, store.clone()).await.map_err(StartError::Adapters)?;
    shadow::run(&hot, &adapters, shadowed).map_err(StartError::Shadow)?;
    let (commands, wanted) = tokio::sync::mpsc::unbounded_channel();
    let parts = KeeperParts {
        state: found.state,
        store: store.clone(),
        hot: hot.clone(),
        directory: directory.clone(),
        schedule: Schedule::default(),
        commands,
        next_event: found.next_event,
    };
    let (keeper, _keeping) = keeper::start(parts);
    let archive = config.archive().map(|folder| Archive { folder });
    let roller =
        Roller::new((store.clone(), keeper.clone()), (hot.clone(), directory.clone()), archive, config.keep_calls);
    let roller = Arc::new(roller);
    let performer = Arc::new(Performer::new(keeper.clone(), adapters.clone(), store.clone()));
    tokio::spawn(begun::tell(adapters.clone(), calls_begun));
    let house = Arc::new(House {
        performer: performer.clone(),
        roller: roller.clone(),
        replaying: Arc::default(),
        lists: Arc::new(Lists::new(store.clone(), keeper.clone(), hot.clone())),
        policy: Mutex::new(read),
        roster_refused: Mutex::default(),
        listen,
        since,
        keeper: keeper.clone(),
        hot,
        directory,
        adapters,
        store,
        config,
    });
    house.adopt_at_start().await?;
    house.put_shadows();
    house.roster_changed().await?;
    keeper.propose_patiently(What::Restarted).await?;
    tokio::spawn(performer.run(wanted));
    tokio::spawn(tell_keeper(house.clone(), words));
    Ok(Rooms { house, rolling: Rolling::start(roller) })
}

impl House {
    /// Tells the core which adapters serve now.
    async fn roster_changed(&self) -> Result<(), ProposeError> {
        self.hot.begun.want(!self.adapters.told_of_calls().is_empty());
        let facts = self.adapters.facts();
        let known = self.keeper.read(|state| state.adapters.values().cloned().collect::<Vec<_>>()).await?;
        if known == facts {
            return Ok(());
        }
        let taken = self.keeper.propose_patiently(What::RosterChanged { adapters: facts }).await;
        // Too many of them, say. What was known before holds, and the calls go on.
        let refused = match &taken {
            Err(ProposeError::Refused(refusal)) => Some(refusal.to_string()),
            _ => None,
        };
        if let Some(refusal) = &refused {
            tracing::error!(refusal, "the adapters that serve now are not known to the core");
        }
        let is_refused = refused.is_some();
        *self.roster_refused.lock() = refused;
        if is_refused { Ok(()) } else { taken.map(drop) }
    }
}

/// Numbers that the path of a call drew from the reserve join their pools, and how often numbers were shown becomes known.
async fn tell_keeper(house: Arc<House>, mut words: tokio::sync::mpsc::UnboundedReceiver<ForKeeper>) {
    while let Some(word) = words.recv().await {
        match word {
            ForKeeper::Drawn { owner, number } => {
                let what = What::NumberDrawn { owner: owner.clone(), number };
                if let Err(cause) = house.keeper.propose_patiently(what).await {
                    tracing::warn!(%cause, %owner, %number, "a drawn number stays in the reserve");
                    if let Some(cell) = house.directory.owner(&owner) {
                        cell.business.settle_draw(number);
                    }
                }
            }
            ForKeeper::Volume { number, shown_total } => {
                let what = What::VolumeSeen { totals: vec![(number, shown_total)] };
                if let Err(cause) = house.keeper.propose_patiently(what).await {
                    tracing::warn!(%cause, %number, "how often it was shown is not noted, so it may pause later");
                }
            }
        }
    }
}

/// An error and what is behind it, in one line for the log.
fn chain(error: &dyn std::error::Error) -> String {
    let mut line = error.to_string();
    let mut next = error.source();
    while let Some(source) = next {
        line.push_str(&format!(": {source}"));
        next = source.source();
    }
    line
}

fn everything(state: &State) -> Touched {
    Touched {
        businesses: state.businesses.keys().cloned().collect(),
        owners: state.owners.keys().cloned().collect(),
        numbers: state.numbers.keys().copied().collect(),
        ..Touched::default()
    }
}

/// Says on the terminal what is served and what to do next.
async fn announce(house: &House) {
    println!("SmartGuard {} serves on http://{}", env!("CARGO_PKG_VERSION"), house.listen);
    let data = house.config.data.display();
    if house.config.in_memory {
        println!("  data      in memory alone: numbers, calls and grants are gone when this daemon stops");
    } else {
        println!("  data      {data} (key beside it in {})", key_path(&house.config.data).display());
    }
    match house.status_view().await {
        Ok(status) => {
            let adapters: Vec<String> = status.adapters.iter().map(|(id, state)| format!("{id} ({state})")).collect();
            println!("  adapters  {}", adapters.join(", "));
            println!("  policy    {}, durability {}", house.policy.lock().file(), status.durability);
            println!("  holds     {} numbers of {} businesses", status.numbers, status.businesses);
            for advice in &status.advice {
                println!("  next      {advice}");
            }
        }
        Err(cause) => tracing::warn!(%cause, "the status could not be had"),
    }
}

/// Listens for the signal to stop from now on, and ends when it comes: Ctrl-C, or SIGTERM from a supervisor.
fn stopped() -> impl Future<Output = ()> + Send + 'static {
    use tokio::signal::unix::{SignalKind, signal};
    let signals = [SignalKind::interrupt(), SignalKind::terminate()].map(signal);
    async move {
        // Without a handler the signal ends the process at once, which loses nothing acknowledged.
        let heard = signals.into_iter().flatten().map(|mut signal| Box::pin(async move { signal.recv().await }));
        let heard: Vec<_> = heard.collect();
        if heard.is_empty() {
            return core::future::pending().await;
        }
        drop(futures_util::future::select_all(heard).await);
    }
}
