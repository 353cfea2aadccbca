//! Adapters that their authors are working on: each serves from its author's folder for as long as the author is there.
//!
//! The author's program says so again and again. When it falls silent, whoever served before serves again; nothing of it
//! is kept, so a restart of the daemon ends it as well. What such a version may do needs its grant like any other.

use super::{Adapters, now, refused};
use crate::desk::{DeskError, DeskErrorKind};
use crate::house::House;
use parking_lot::Mutex;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use tokio::sync::Notify;
use tokio::time::{Duration, Instant, sleep_until};

/// An author who is silent for so long is gone. Guessed: a laptop under load misses a second or two.
const SILENCE_MAX: Duration = Duration::from_secs(10);

/// Until when each author is taken to be there.
#[derive(Default)]
pub struct Developments {
    until: Mutex<BTreeMap<String, Instant>>,
    changed: Notify,
}

impl Developments {
    fn renew(&self, id: &str) {
        self.until.lock().insert(id.to_owned(), Instant::now() + SILENCE_MAX);
        self.changed.notify_one();
    }

    fn end(&self, id: &str) -> bool {
        self.until.lock().remove(id).is_some()
    }

    /// Waits until an author has been silent for too long.
    async fn abandoned(&self) -> String {
        loop {
            let next = self.until.lock().iter().map(|(id, until)| (*until, id.clone())).min();
            match next {
                Some((until, id)) if until <= Instant::now() => return id,
                Some((until, _)) => tokio::select! {
                    () = sleep_until(until) => {}
                    () = self.changed.notified() => {}
                },
                None => self.changed.notified().await,
            }
        }
    }
}

impl Adapters {
    /// Lets the adapter of this folder serve, or with none says that its author is still there.
    pub async fn develop(&self, id: &str, folder: Option<&Path>) -> Result<(), DeskError> {
        let gone = |sentence: String| {
            let remedy = "start `smartguard adapter dev` again";
            DeskError::new(DeskErrorKind::NotFound, "no_development", sentence, remedy)
        };
        match folder {
            None if !self.roster.is_developed(id) => {
                return Err(gone(format!("the adapter `{id}` is not under development")));
            }
            None => {}
            Some(folder) if !folder.is_absolute() || folder.file_name().and_then(|name| name.to_str()) != Some(id) => {
                let sentence = format!("{} is no whole path to a folder called `{id}`", folder.display());
                let remedy = "name the adapter's folder from the root of the file system on";
                return Err(DeskError::new(DeskErrorKind::Invalid, "bad_value", sentence, remedy));
            }
            Some(folder) => {
                // From here on the author counts as there, also when this version is refused.
                self.developments.renew(id);
                self.roster.develop(folder, now()).await.map_err(refused)?;
                tracing::info!(adapter = id, folder = %folder.display(), "a version under development is taken in");
            }
        }
        self.developments.renew(id);
        Ok(())
    }

    /// The author is done.
    pub async fn settle(&self, id: &str) -> Result<(), DeskError> {
        self.developments.end(id);
        if self.roster.is_developed(id) {
            self.roster.end_development(id, &self.folder, now()).await.map_err(refused)?;
            tracing::info!(adapter = id, "its development has ended; who served before serves again");
        }
        Ok(())
    }
}

/// Ends what its author has left behind, for as long as the daemon runs.
pub fn watch(house: &Arc<House>) {
    let house = house.clone();
    tokio::spawn(async move {
        loop {
            let id = house.adapters.developments.abandoned().await;
            if let Err(error) = house.adapters.settle(&id).await {
                tracing::error!(adapter = id, cause = error.sentence, "who served before could not be put back");
            }
            if let Err(cause) = house.roster_changed().await {
                tracing::error!(%cause, "the new roster could not be recorded");
            }
        }
    });
}
