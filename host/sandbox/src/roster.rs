//! The roster: which adapters there are, which of them serve, and why the others do not.
//!
//! Owns the seats, one an adapter id. A new version is read, judged, built and asked who it is beside the one that serves;
//! one pointer swap puts it in force, and calls in flight finish on what they started with.
//! Whatever fails on the way changes nothing but the visible [`Trouble`] of its seat.
//! Repeated faults bench an adapter for a while; what a fault is, the caller's error says ([`Strike`]).
//! How an adapter is built is the [`Maker`]'s business, and where files change is told by [`crate::watch`].

mod engine;
mod kept;
mod seat;

pub use seat::{AdapterStatus, Live, Origin, Refused, State, Strike, Waiting};

use crate::datasets::{Datasets, Progress, Refreshed};
use crate::grant::{Grant, Grants, Verdict};
use crate::http::Gate;
use crate::manifest::Manifest;
use crate::powers::HostPowers;
use crate::trouble::{Trouble, nearest};
use crate::watch::Change;
use futures_util::future::{BoxFuture, join_all};
use kept::Kept;
use numbers::Moment;
use parking_lot::{Mutex, RwLock};
use seat::{Candidate, Seat};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Turns an adapter's code into something that can be called.
pub trait Maker: Send + Sync {
    type Guest: Send + Sync;

    /// Builds under the manifest's limits, and asks the adapter who it is.
    fn make<'a>(
        &'a self,
        manifest: &'a Manifest,
        file: &'a str,
        code: Vec<u8>,
    ) -> BoxFuture<'a, Result<Made<Self::Guest>, Trouble>>;
}

/// An adapter that runs, and what it says of itself.
pub struct Made<G> {
    pub guest: G,
    pub id: String,
    pub speaks_for: Vec<String>,
}

/// An adapter that came with the program.
#[derive(Clone, Copy, Debug)]
pub struct Bundled {
    pub id: &'static str,
    pub manifest: &'static str,
    pub script: &'static str,
    /// The other modules of its folder, by their names (`<adapter>/form.js`).
    pub modules: &'static [(&'static str, &'static str)],
}

/// Adapters that serve from their author's folder for a while, with who served before. Changes of the adapters' folder
/// wait for the end of it.
type Developed<G> = BTreeMap<String, Option<Arc<Live<G>>>>;

/// All adapters.
pub struct Roster<M: Maker> {
    maker: M,
    gate: Arc<Gate>,
    datasets: Datasets,
    /// The operator's settings, by adapter.
    config: BTreeMap<String, BTreeMap<String, String>>,
    grants: Mutex<Grants>,
    bundled: Mutex<BTreeMap<String, Bundled>>,
    developed: Mutex<Developed<M::Guest>>,
    seats: RwLock<BTreeMap<String, Arc<Seat<M::Guest>>>>,
    kept: Kept,
}

/// What became of an offered version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Offered {
    /// It serves now.
    Live,
    /// It is what already serves.
    Unchanged,
    /// It waits for a grant, and the one before it serves on if there is one.
    Waiting,
}

impl<M: Maker> Roster<M> {
    pub fn new(
        maker: M,
        gate: Arc<Gate>,
        datasets: Datasets,
        config: BTreeMap<String, BTreeMap<String, String>>,
        grants: Grants,
    ) -> Roster<M> {
        let (grants, bundled, seats) = (Mutex::new(grants), Mutex::default(), RwLock::default());
        let developed = Mutex::default();
        Roster { maker, gate, datasets, config, grants, bundled, developed, seats, kept: Kept::new(None) }
    }

    /// Keeps what serves in a folder of its own, so that the next start goes on with it where a newer version may not.
    #[must_use]
    pub fn keeping(mut self, folder: PathBuf) -> Roster<M> {
        self.kept = Kept::new(Some(folder));
        self
    }

    /// Puts the adapters in force that came with the program, granted what their own manifests ask.
    /// One that fails is visible in its seat; the others serve.
    pub async fn load_bundled(&self, bundled: &[Bundled], now: Moment) {
        let each = bundled.iter().map(|bundled| async move {
            self.bundled.lock().insert(bundled.id.to_owned(), *bundled);
            if let Ok(manifest) = Manifest::parse(bundled.id, bundled.manifest) {
                self.grants.lock().add(&Grant::of(&manifest));
            }
            // The refusal stands in the seat.
            drop(self.offer_bundled(bundled, now).await);
        });
        join_all(each).await;
    }

    /// Puts the adapter of one folder in force, in the place of a bundled one of the same id.
    ///
    /// # Errors
    /// Why not; it also stands in the adapter's seat, and what served before serves on.
    pub async fn load_folder(&self, folder: &Path, now: Moment) -> Result<Offered, Trouble> {
        let id = id_of(folder);
        if self.is_developed(&id) {
            return Ok(Offered::Unchanged);
        }
        match Candidate::read(folder, &id) {
            Ok(candidate) => self.offer(&id, candidate, now).await,
            Err(trouble) => {
                self.seat(&id).refuse(trouble.clone());
                Err(trouble)
            }
        }
    }

    /// Puts the adapter of its author's folder in force, in the place of any other of its id, until its development ends.
    ///
    /// # Errors
    /// As [`Roster::load_folder`].
    pub async fn develop(&self, folder: &Path, now: Moment) -> Result<Offered, Trouble> {
        let id = id_of(folder);
        let before = self.live(&id);
        self.developed.lock().entry(id.clone()).or_insert(before);
        match Candidate::read(folder, &id) {
            Ok(candidate) => {
                let origin = Origin::Development(folder.to_owned());
                self.offer(&id, Candidate { origin, ..candidate }, now).await
            }
            Err(trouble) => {
                self.seat(&id).refuse(trouble.clone());
                Err(trouble)
            }
        }
    }

    /// Whether an adapter serves from its author's folder.
    pub fn is_developed(&self, id: &str) -> bool {
        self.developed.lock().contains_key(id)
    }

    /// Ends it: who served before serves again, and what has changed in the adapters' folder meanwhile is taken in.
    ///
    /// # Errors
    /// When what lies in the adapters' folder now cannot be put in force.
    pub async fn end_development(&self, id: &str, adapters: &Path, now: Moment) -> Result<(), Trouble> {
        let Some(before) = self.developed.lock().remove(id) else { return Ok(()) };
        self.seat(id).restore(before);
        let folder = adapters.join(id);
        match is_adapter(&folder) {
            true => self.load_folder(&folder, now).await.map(drop),
            false => self.remove_folder(id, now).await,
        }
    }

    /// Puts every adapter in force that has a folder here; each refusal stands in its own seat.
    /// Where the version that served last is another one, it serves until the folder's is taken.
    pub async fn load_all(&self, adapters: &Path, now: Moment) {
        self.kept.forget_without_folder(adapters);
        let Ok(entries) = std::fs::read_dir(adapters) else { return };
        let folders = entries.filter_map(|entry| entry.ok().map(|entry| entry.path())).filter(|path| is_adapter(path));
        join_all(folders.map(|folder| async move {
            let id = folder.file_name().and_then(|name| name.to_str()).unwrap_or_default();
            if let Some(before) = self.kept.other_than(id, &folder) {
                drop(self.offer(id, before, now).await);
            }
            drop(self.load_folder(&folder, now).await);
        }))
        .await;
    }

    /// Follows one change that the watch of the adapters' folder told.
    ///
    /// # Errors
    /// As [`Roster::load_folder`] and [`Roster::remove_folder`].
    pub async fn follow(&self, change: &Change, now: Moment) -> Result<Option<Offered>, Trouble> {
        let (Change::Written(path) | Change::Removed(path)) = change;
        let id = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        match change {
            Change::Written(path) if is_adapter(path) => self.load_folder(path, now).await.map(Some),
            // A folder that is only being filled, or a file that lies about, is nobody's adapter.
            Change::Written(_) if !self.serves_from(id, path) => Ok(None),
            Change::Written(_) | Change::Removed(_) => self.remove_folder(id, now).await.map(|()| None),
        }
    }

    /// Fetches what is due of every data set that a serving adapter asks for, one after the other.
    pub async fn refresh_datasets(
        &self,
        now: Moment,
        progress: &(dyn Fn(&str, Progress) + Send + Sync),
    ) -> Vec<(String, Result<Refreshed, Trouble>)> {
        let mut outcomes = Vec::new();
        for live in self.all_live() {
            let (door, datasets) = live.powers.datasets();
            for (name, dataset) in datasets {
                let name = format!("{}/{name}", live.manifest.id);
                let refreshed = dataset.refresh(door, now, &|step| progress(&name, step)).await;
                outcomes.push((name, refreshed));
            }
        }
        outcomes
    }

    /// What the configuration says of adapters and origins that are not here: most often a misspelt name.
    pub fn configuration_unused(&self) -> Vec<Trouble> {
        let live = self.all_live();
        let ids: Vec<&str> = live.iter().map(|live| live.manifest.id.as_str()).collect();
        let mut troubles = Vec::new();
        let mut check = |place: String, what: &str, name: &str, known: &[&str]| {
            if known.contains(&name) {
                return;
            }
            let remedy = nearest(name, known)
                .map_or_else(|| "remove it, or add what it names".to_owned(), |near| format!("did you mean `{near}`?"));
            troubles.push(Trouble::new(place, format!("no {what} `{name}` serves"), remedy));
        };
        for id in self.config.keys() {
            check(format!("[config] {id}"), "adapter", id, &ids);
        }
        for (id, origin) in self.gate.rebound() {
            let place = format!("[origins] {id}.{origin}");
            match live.iter().find(|live| live.manifest.id == id) {
                None => check(place, "adapter", id, &ids),
                Some(live) => {
                    let origins: Vec<&str> = live.manifest.origins.keys().map(String::as_str).collect();
                    check(place, "origin", origin, &origins);
                }
            }
        }
        troubles
    }

    /// The folder of an adapter is gone: the bundled one serves again, or nobody does.
    ///
    /// # Errors
    /// When the bundled one cannot be put in force.
    pub async fn remove_folder(&self, id: &str, now: Moment) -> Result<(), Trouble> {
        if self.is_developed(id) {
            return Ok(());
        }
        self.kept.forget(id);
        let bundled = self.bundled.lock().get(id).copied();
        match bundled {
            Some(bundled) => self.offer_bundled(&bundled, now).await.map(drop),
            None => {
                self.seats.write().remove(id);
                Ok(())
            }
        }
    }

    /// Grants an adapter everything that its newest version asks for, and puts that version in force if it waits.
    ///
    /// # Errors
    /// When there is no such adapter, or it cannot be put in force.
    pub async fn grant(&self, id: &str, now: Moment) -> Result<Grant, Trouble> {
        let seat = self.seats.read().get(id).cloned();
        let unknown =
            || Trouble::new(id, "no adapter of this id is here", "put its folder under the adapters' folder first");
        let seat = seat.ok_or_else(unknown)?;
        let waiting = seat.take_waiting();
        let manifest = match (&waiting, seat.live()) {
            (Some(candidate), _) => Manifest::parse(&candidate.file, &candidate.manifest)?,
            (None, Some(live)) => live.manifest.clone(),
            (None, None) => return Err(seat.trouble().unwrap_or_else(unknown)),
        };
        let grant = Grant::of(&manifest);
        self.grants.lock().add(&grant);
        if let Some(candidate) = waiting {
            self.offer(id, candidate, now).await?;
        }
        Ok(grant)
    }

    /// What serves under this id, rest or no rest.
    pub fn live(&self, id: &str) -> Option<Arc<Live<M::Guest>>> {
        self.seats.read().get(id)?.live()
    }

    /// Everything that serves.
    pub fn all_live(&self) -> Vec<Arc<Live<M::Guest>>> {
        self.seats.read().values().filter_map(|seat| seat.live()).collect()
    }

    /// Calls an adapter, counts how it went, and benches it when it keeps failing.
    /// The call gets the version that serves now, and keeps it to its end.
    ///
    /// # Errors
    /// When nobody serves or the adapter rests, and what the call itself failed with.
    pub async fn call<T, E, F>(&self, id: &str, now: Moment, call: F) -> Result<T, Refused<E>>
    where
        E: Strike + std::fmt::Display,
        F: AsyncFnOnce(Arc<Live<M::Guest>>) -> Result<T, E>,
    {
        let seat = self.seats.read().get(id).cloned();
        let seat = seat.ok_or_else(|| Refused::NotLive(format!("there is no adapter `{id}`")))?;
        seat.call(now, call).await
    }

    /// Every seat, for people.
    pub fn list(&self, now: Moment) -> Vec<AdapterStatus> {
        let seats: Vec<_> = self.seats.read().iter().map(|(id, seat)| (id.clone(), seat.clone())).collect();
        seats.into_iter().map(|(id, seat)| seat.status(id, now, &self.gate)).collect()
    }

    /// The gate that all adapters ask through.
    pub fn gate(&self) -> &Gate {
        &self.gate
    }

    fn serves_from(&self, id: &str, path: &Path) -> bool {
        self.live(id).is_some_and(|live| live.origin == Origin::Folder(path.to_owned()))
    }

    fn seat(&self, id: &str) -> Arc<Seat<M::Guest>> {
        self.seats.write().entry(id.to_owned()).or_default().clone()
    }

    async fn offer_bundled(&self, bundled: &Bundled, now: Moment) -> Result<Offered, Trouble> {
        match bundled.candidate() {
            Ok(candidate) => self.offer(bundled.id, candidate, now).await,
            Err(trouble) => {
                self.seat(bundled.id).refuse(trouble.clone());
                Err(trouble)
            }
        }
    }

    /// Read, judge, build, ask, swap. Offers for one seat go one after the other, so the last one offered wins.
    async fn offer(&self, id: &str, candidate: Candidate, now: Moment) -> Result<Offered, Trouble> {
        let seat = self.seat(id);
        let _alone = seat.offering.lock().await;
        let offered = self.build(id, &seat, candidate, now).await;
        if let Err(trouble) = &offered {
            tracing::warn!(adapter = id, %trouble, "a version was refused");
            seat.refuse(trouble.clone());
        }
        offered
    }

    async fn build(
        &self,
        id: &str,
        seat: &Seat<M::Guest>,
        candidate: Candidate,
        now: Moment,
    ) -> Result<Offered, Trouble> {
        let manifest = Manifest::parse(&candidate.file, &candidate.manifest)?;
        if manifest.id != id {
            return Err(Trouble::new(
                &candidate.file,
                format!("`id` is `{}`, and the folder is `{id}`", manifest.id),
                "give both the same name",
            ));
        }
        let verdict = self.grants.lock().judge(&manifest);
        let permitted = match verdict {
            Verdict::Granted(permitted) => permitted,
            Verdict::Held { .. } | Verdict::Ungranted { .. } => {
                tracing::warn!(adapter = id, ?verdict, "a version waits for a grant");
                seat.wait(candidate, &manifest.version, &verdict);
                return Ok(Offered::Waiting);
            }
        };
        let revision = candidate.revision();
        if seat.live().is_some_and(|live| live.revision == revision && live.origin == candidate.origin) {
            seat.settle();
            return Ok(Offered::Unchanged);
        }
        let made = self.maker.make(&manifest, &candidate.code_file, candidate.code.clone()).await?;
        if made.id != manifest.id {
            return Err(Trouble::new(
                &candidate.code_file,
                format!("`describe` says `{}`, and {} says `{}`", made.id, candidate.file, manifest.id),
                "let `describe` answer with the manifest's id",
            ));
        }
        if let Some(agency) = made.speaks_for.iter().find(|agency| !manifest.speaks_for.contains(agency)) {
            return Err(Trouble::new(
                &candidate.code_file,
                format!("`describe` speaks for `{agency}`, and the manifest does not"),
                "name it under [agencies] `speaks_for`",
            ));
        }
        let nothing = BTreeMap::new();
        let settings = self.config.get(id).unwrap_or(&nothing);
        let powers = Arc::new(HostPowers::new(&manifest, &permitted, &self.gate, &self.datasets, settings)?);
        tracing::info!(adapter = id, version = manifest.version, revision, "a version serves");
        self.kept.keep(id, &candidate);
        seat.swap(Live { manifest, guest: made.guest, powers, revision, origin: candidate.origin, loaded_at: now });
        Ok(Offered::Live)
    }
}

/// The adapter that a folder is named after.
fn id_of(folder: &Path) -> String {
    folder.file_name().and_then(|name| name.to_str()).unwrap_or_default().to_owned()
}

/// A folder with a manifest; all else in the adapters' folder is left alone.
fn is_adapter(path: &Path) -> bool {
    path.join("adapter.toml").is_file()
}
