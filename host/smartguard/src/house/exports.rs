//! Exports while the daemon runs, by hand and by schedule.
//!
//! What the keeper keeps belongs together: a case names its number, and the next id is beyond all that were given. So the
//! keeper holds its changes back while its records are written. Calls go on meanwhile; their records only add to what
//! was there, and none of them is rolled up before the export is done. Do-not-call lists change while no record of theirs is
//! being written, and lose no file before the export is done.

use super::do_not_call::Lists;
use super::errors::inner;
use super::hot::Hot;
use super::keeper::{KeeperHandle, now};
use super::rollup::Roller;
use super::{House, key_path};
use crate::desk::{DeskError, DeskErrorKind, ExportView};
use crate::store::export::{self, ExportError, Exporter, Progress};
use crate::store::{Store, Tree};
use core::time::Duration;
use std::io::Write;
use std::path::PathBuf;
use std::sync::Arc;

/// The trees that only the keeper and the grants of adapters write.
const KEPT: [Tree; 7] = [Tree::Meta, Tree::Business, Tree::Owner, Tree::Number, Tree::Case, Tree::Filing, Tree::Task];
/// The trees of calls, and of what older calls add up to.
const CALLS: [Tree; 4] = [Tree::Event, Tree::Callee, Tree::Usage, Tree::Job];
/// Do-not-call lists; their numbers are in files.
const LISTS: [Tree; 1] = [Tree::DoNotCall];

/// A schedule whose time is long past still lets the daemon start in peace.
const FIRST_AFTER_MIN: Duration = Duration::from_secs(1);

/// What an export is written from.
struct Writer {
    keeper: KeeperHandle,
    hot: Arc<Hot>,
    store: Arc<dyn Store>,
    roller: Arc<Roller>,
    lists: Arc<Lists>,
}

impl House {
    /// Writes everything to a file of the daemon's machine that is not there yet.
    pub(super) async fn export_to(&self, to: PathBuf) -> Result<ExportView, DeskError> {
        let place = to.display().to_string();
        let refused = |sentence, remedy| DeskError::new(DeskErrorKind::Refused, "export_place", sentence, remedy);
        if to.exists() {
            return Err(refused(format!("{place} is there already"), "name a file that does not exist yet"));
        }
        let done = self.export(to.clone()).await.map_err(|cause| match cause {
            ExportError::Write(cause) => refused(
                format!("{place} could not be written: {cause}"),
                "name a file in a folder that the daemon may write to, on a disk with room",
            ),
            cause => inner("writing the export", &cause),
        })?;
        let bytes = std::fs::metadata(to).map_err(|cause| inner("looking at the export", &cause))?.len();
        let key = key_path(&self.config.data);
        let key = std::path::absolute(&key).unwrap_or(key).display().to_string();
        Ok(ExportView { path: place, records: done.records, bytes, key })
    }

    /// Writes on a thread of its own, because much of it is work and waiting for the disk, and calls must not wait for it.
    async fn export(&self, to: PathBuf) -> Result<Progress, ExportError> {
        let writer = Writer {
            keeper: self.keeper.clone(),
            hot: self.hot.clone(),
            store: self.store.clone(),
            roller: self.roller.clone(),
            lists: self.lists.clone(),
        };
        let runtime = tokio::runtime::Handle::current();
        let written = tokio::task::spawn_blocking(move || {
            runtime.block_on(export::write_to(&to, async |out| writer.write(out).await))
        });
        written.await.unwrap_or_else(|broken| Err(ExportError::Write(std::io::Error::other(broken))))
    }
}

impl Writer {
    async fn write(&self, out: &mut (dyn Write + Send)) -> Result<Progress, ExportError> {
        let _rolling = self.roller.working.lock().await;
        // What was answered before the export was asked for is in it.
        self.hot.journal.settle().await.map_err(|cause| ExportError::Write(std::io::Error::other(cause)))?;
        let held = self.keeper.hold().await.map_err(|cause| ExportError::Write(std::io::Error::other(cause)))?;
        let mut exporter = Exporter::begin(self.store.as_ref(), out, false)?;
        exporter.trees(&KEPT, &mut |_| {}).await?;
        drop(held);
        exporter.trees(&CALLS, &mut |_| {}).await?;
        let files = self.lists.keep_files().await;
        let changing = self.lists.hold().await;
        exporter.trees(&LISTS, &mut |_| {}).await?;
        drop(changing);
        let done = exporter.finish(&mut |_| {}).await;
        drop(files);
        done
    }
}

/// Writes exports as the configuration says, until the daemon stops. A restart does not begin the time anew.
pub async fn on_schedule(house: Arc<House>) {
    let Some(schedule) = house.config.export.clone() else { return };
    loop {
        let at = now();
        let last = export::exports(&schedule.folder).ok().and_then(|exports| export::made_at(exports.last()?));
        let due = last.unwrap_or(at).plus(schedule.every);
        tokio::time::sleep(due.since(at).clamp(FIRST_AFTER_MIN, schedule.every)).await;
        let to = export::place_in(&schedule.folder, now());
        let written = house.export(to.clone()).await;
        match written.and_then(|_| export::keep_newest(&schedule.folder, schedule.keep as usize)) {
            Ok(()) => tracing::info!(path = %to.display(), "exported"),
            Err(cause) => tracing::error!(%cause, "the scheduled export failed"),
        }
    }
}
