//! Published data sets of one file a day: fetched by the host, kept with their history, asked by key.
//!
//! Owns the folder of indexes and the merged index in memory.
//! [`Dataset::refresh`] fetches what is due through the adapter's own [`Door`], newest day first;
//! [`Dataset::lookup`] only reads, and never waits for a refresh.
//! It decides nothing about what a count means, and it has no clock: the caller says what time it is.

mod calendar;
mod index;
mod second;

use crate::call::{Coverage, DayCount, FilesError, Found, Hits, HttpError};
use crate::http::Door;
use crate::manifest::{DatasetAsk, Manifest};
use crate::trouble::Trouble;
use arc_swap::ArcSwap;
use calendar::{date, day_of, is_weekend};
use index::DayIndex;
use numbers::{E164, Moment};
use parking_lot::Mutex;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// After so many files in a row that did not arrive, the site is down and the rest waits.
const FAILURES_IN_A_ROW_MAX: u32 = 3;
/// What has arrived is shown after so many files, so that a first fetch of months is useful before it ends.
const PUBLISH_EVERY: u32 = 16;
/// While nothing has been fetched, an adapter is told to ask again after this. Guessed: a first file takes seconds.
const NOT_READY: u32 = 60;

/// Older days are not asked of the second source, where each takes hundreds of requests.
const SECOND_DAYS_MAX: u32 = 10;

/// Keys asked in one look-up; a batch has at most as many numbers.
const KEYS_MAX: usize = 10_000;

/// All data sets of all adapters, in one folder.
pub struct Datasets {
    folder: PathBuf,
    open: Mutex<BTreeMap<PathBuf, Arc<Dataset>>>,
}

/// One data set.
pub struct Dataset {
    ask: DatasetAsk,
    name: String,
    folder: PathBuf,
    merged: ArcSwap<Merged>,
    /// When a day that could not be had is tried again. In memory alone: a restart may ask anew.
    retry: Mutex<BTreeMap<u32, Moment>>,
    /// Two refreshes of one data set would fetch everything twice.
    refreshing: tokio::sync::Mutex<()>,
}

/// All days as one sorted array.
#[derive(Default)]
struct Merged {
    entries: Vec<Entry>,
    days: BTreeSet<u32>,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Entry {
    key: u64,
    day: u32,
    rows: u32,
}

/// How far a refresh is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    pub done: u32,
    pub of: u32,
}

/// What a refresh brought.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Refreshed {
    pub fetched: u32,
    /// The site has no such file, or answered with something else.
    pub absent: u32,
    /// The site did not answer.
    pub failed: u32,
    pub rows: u64,
    pub rows_skipped: u64,
    /// Why the last file was not had.
    pub last_reason: Option<String>,
}

impl Datasets {
    pub fn new(folder: impl Into<PathBuf>) -> Datasets {
        Datasets { folder: folder.into(), open: Mutex::default() }
    }

    /// The data set that `manifest` names so; read from disk the first time.
    /// One whose files or key changed has an index of its own, because the old counts mean something else.
    ///
    /// # Errors
    /// When the folder cannot be used.
    pub fn open(&self, manifest: &Manifest, name: &str, now: Moment) -> Result<Option<Arc<Dataset>>, Trouble> {
        let Some(ask) = manifest.datasets.get(name) else { return Ok(None) };
        let meaning = format!("{}\n{}\n{:?}", ask.path, ask.key_column, ask.encoding);
        let mark = &blake3::hash(meaning.as_bytes()).to_hex()[..8];
        let folder = self.folder.join(&manifest.id).join(format!("{name}-{mark}"));
        let mut open = self.open.lock();
        if let Some(dataset) = open.get(&folder)
            && dataset.ask == *ask
        {
            return Ok(Some(dataset.clone()));
        }
        let dataset = Arc::new(Dataset::open(&format!("{}/{name}", manifest.id), &folder, ask.clone(), now)?);
        open.insert(folder, dataset.clone());
        Ok(Some(dataset))
    }
}

impl Dataset {
    /// Reads the days that are on disk. A damaged day is set aside and will be fetched again.
    fn open(name: &str, folder: &Path, ask: DatasetAsk, now: Moment) -> Result<Dataset, Trouble> {
        let unusable = |error: std::io::Error| {
            Trouble::new(
                folder.display().to_string(),
                format!("cannot be used: {error}"),
                "let this user read and write it",
            )
        };
        std::fs::create_dir_all(folder).map_err(unusable)?;
        let oldest = oldest_day(&ask, day_of(now));
        let mut indexes = Vec::new();
        for entry in std::fs::read_dir(folder).map_err(unusable)? {
            let path = entry.map_err(unusable)?.path();
            if path.extension().is_none_or(|extension| extension != "day") {
                continue;
            }
            match DayIndex::read(&std::fs::read(&path).map_err(unusable)?) {
                Some(index) if index.day >= oldest => indexes.push(index),
                Some(_) => {}
                None => {
                    tracing::warn!(dataset = name, file = %path.display(), "a day is damaged; it is set aside and fetched again");
                    std::fs::rename(&path, path.with_extension("damaged")).map_err(unusable)?;
                }
            }
        }
        let dataset = Dataset {
            ask,
            name: name.to_owned(),
            folder: folder.to_owned(),
            merged: ArcSwap::default(),
            retry: Mutex::default(),
            refreshing: tokio::sync::Mutex::default(),
        };
        dataset.publish(indexes, oldest);
        Ok(dataset)
    }

    /// How often the host asks for new files.
    pub fn fetch_every(&self) -> Duration {
        self.ask.fetch_every
    }

    /// Fetches the days that are due, and shows what arrived.
    ///
    /// # Errors
    /// When the folder cannot be written. What the site does wrong is part of the answer instead.
    pub async fn refresh(
        &self,
        door: &Door,
        now: Moment,
        progress: &(dyn Fn(Progress) + Send + Sync),
    ) -> Result<Refreshed, Trouble> {
        let _alone = self.refreshing.lock().await;
        let today = day_of(now);
        let oldest = oldest_day(&self.ask, today);
        let due = self.due(now, today);
        let mut refreshed = Refreshed::default();
        let mut arrived = Vec::new();
        let mut failures_in_a_row = 0;
        for (done, day) in due.iter().copied().enumerate() {
            progress(Progress { done: done as u32, of: due.len() as u32 });
            let reason = match self.fetch_day(door, day, today).await? {
                Fetched::Index(index) => {
                    failures_in_a_row = 0;
                    refreshed.fetched += 1;
                    refreshed.rows += u64::from(index.rows);
                    refreshed.rows_skipped += u64::from(index.skipped);
                    self.retry.lock().remove(&day);
                    arrived.push(index);
                    if refreshed.fetched % PUBLISH_EVERY == 0 {
                        self.publish(std::mem::take(&mut arrived), oldest);
                    }
                    continue;
                }
                Fetched::Absent(reason) => {
                    failures_in_a_row = 0;
                    refreshed.absent += 1;
                    reason
                }
                Fetched::Failed(reason) => {
                    failures_in_a_row += 1;
                    refreshed.failed += 1;
                    reason
                }
            };
            tracing::debug!(dataset = self.name, day = date(day), reason, "a day could not be had");
            refreshed.last_reason = Some(format!("{}: {reason}", date(day)));
            // The older a day, the less likely it still appears, so the rarer it is asked for.
            let patience = 1 + today.saturating_sub(day).min(15);
            self.retry.lock().insert(day, now.plus(self.ask.fetch_every * patience));
            if failures_in_a_row >= FAILURES_IN_A_ROW_MAX {
                break;
            }
        }
        self.publish(arrived, oldest);
        progress(Progress { done: due.len() as u32, of: due.len() as u32 });
        tracing::info!(
            dataset = self.name,
            fetched = refreshed.fetched,
            absent = refreshed.absent,
            failed = refreshed.failed,
            rows = refreshed.rows,
            rows_skipped = refreshed.rows_skipped,
            "refreshed"
        );
        Ok(refreshed)
    }

    /// How often each key stands in the files we hold.
    ///
    /// # Errors
    /// While no file has arrived.
    pub fn lookup(&self, keys: &[String], now: Moment) -> Result<Found, FilesError> {
        if keys.len() > KEYS_MAX {
            return Err(FilesError::Denied(format!("{} keys are more than {KEYS_MAX}", keys.len())));
        }
        let merged = self.merged.load();
        let (Some(first_day), Some(last_day)) = (merged.days.first(), merged.days.last()) else {
            return Err(FilesError::NotReady(NOT_READY));
        };
        let today = day_of(now);
        // Today's file may not be out yet, so its absence says nothing.
        let missing = self.expected(today).filter(|day| *day < today && !merged.days.contains(day)).count();
        let coverage = Coverage {
            first_day: *first_day,
            last_day: *last_day,
            files: merged.days.len() as u32,
            missing: missing as u32,
        };
        let hits = keys.iter().map(|key| Hits { key: key.clone(), days: merged.days_of(key) }).collect();
        Ok(Found { coverage, hits })
    }

    /// The days for which there should be a file, newest first.
    fn expected(&self, today: u32) -> impl Iterator<Item = u32> {
        let weekdays_only = self.ask.weekdays_only;
        (oldest_day(&self.ask, today)..=today).rev().filter(move |day| !(weekdays_only && is_weekend(*day)))
    }

    fn due(&self, now: Moment, today: u32) -> Vec<u32> {
        let merged = self.merged.load();
        let retry = self.retry.lock();
        self.expected(today)
            .filter(|day| !merged.days.contains(day) && retry.get(day).is_none_or(|at| *at <= now))
            .collect()
    }

    /// From the published file; where that is not there, and the day is over, from the second source.
    async fn fetch_day(&self, door: &Door, day: u32, today: u32) -> Result<Fetched, Trouble> {
        let first = self.fetch_file(door, day).await?;
        let (Fetched::Absent(reason) | Fetched::Failed(reason)) = &first else { return Ok(first) };
        let Some(source) = self.ask.second.as_ref().filter(|_| day < today && day + SECOND_DAYS_MAX >= today) else {
            return Ok(first);
        };
        match second::fetch(source, door, day, &date(day)).await {
            Ok(index) => self.keep(day, move || Ok(index)).await,
            Err(second) => {
                let reason = format!("{reason}; {second}");
                Ok(match first {
                    Fetched::Failed(_) => Fetched::Failed(reason),
                    Fetched::Absent(_) | Fetched::Index(_) => Fetched::Absent(reason),
                })
            }
        }
    }

    async fn fetch_file(&self, door: &Door, day: u32) -> Result<Fetched, Trouble> {
        let path = self.ask.path.replace("{date}", &date(day));
        let download = match door.download(&self.ask.origin, &path, self.ask.file_max).await {
            Ok(download) => download,
            Err(HttpError::Denied(reason)) => return Ok(Fetched::Absent(reason)),
            Err(HttpError::TooLarge(size)) => return Ok(Fetched::Absent(format!("it is larger than {size} bytes"))),
            Err(error) => return Ok(Fetched::Failed(format!("{error:?}"))),
        };
        match download.status {
            200 => {}
            403 | 404 | 410 => return Ok(Fetched::Absent(format!("the site answers {}", download.status))),
            status => return Ok(Fetched::Failed(format!("the site answers {status}"))),
        }
        let ask = self.ask.clone();
        self.keep(day, move || DayIndex::from_published(&ask, day, &download.body)).await
    }

    async fn keep(
        &self,
        day: u32,
        read: impl FnOnce() -> Result<DayIndex, String> + Send + 'static,
    ) -> Result<Fetched, Trouble> {
        let file = self.folder.join(format!("{}.day", date(day)));
        // Parsing a file of some thousand rows and syncing it would hold up the other tasks of this thread.
        let indexed = tokio::task::spawn_blocking(move || match read() {
            Err(reason) => Ok(Fetched::Absent(reason)),
            Ok(index) => index.write(&file).map(|()| Fetched::Index(index)).map_err(|error| {
                Trouble::new(
                    file.display().to_string(),
                    format!("cannot be written: {error}"),
                    "let this user write there, and see that the disk has room",
                )
            }),
        });
        indexed.await.unwrap_or_else(|broken| Ok(Fetched::Absent(format!("it could not be read: {broken}"))))
    }

    /// Adds days to what look-ups see, and lets go of those that have grown too old.
    fn publish(&self, arrived: Vec<DayIndex>, oldest: u32) {
        let before = self.merged.load();
        if arrived.is_empty() && before.days.first().is_none_or(|day| *day >= oldest) {
            return;
        }
        let mut days: BTreeSet<u32> = before.days.range(oldest..).copied().collect();
        let mut entries: Vec<Entry> = before.entries.iter().copied().filter(|entry| entry.day >= oldest).collect();
        for index in arrived {
            days.insert(index.day);
            entries.extend(index.counts.iter().map(|&(key, rows)| Entry { key, day: index.day, rows }));
        }
        // The stable sort, because it finds the days that are already sorted and only merges them.
        entries.sort();
        self.merged.store(Arc::new(Merged { entries, days }));
    }
}

enum Fetched {
    Index(DayIndex),
    Absent(String),
    Failed(String),
}

impl Merged {
    fn days_of(&self, key: &str) -> Vec<DayCount> {
        let Ok(number) = E164::parse(key) else { return Vec::new() };
        let key = number.digits();
        let from = self.entries.partition_point(|entry| entry.key < key);
        let same = self.entries[from..].iter().take_while(|entry| entry.key == key);
        same.map(|entry| DayCount { day: entry.day, rows: entry.rows }).collect()
    }
}

fn oldest_day(ask: &DatasetAsk, today: u32) -> u32 {
    (today + 1).saturating_sub(ask.days)
}
