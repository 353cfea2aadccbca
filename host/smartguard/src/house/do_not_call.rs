//! Do-not-call lists: national, of states, and of each business. Holds them, changes them, and says who stands on which.
//!
//! The path of a call looks at a [`Listing`], which is whole and never changes: a change makes another one beside it, has it
//! made durable ([`kept`]), and puts it in its place with one pointer. So no call waits for a change, and a change that was
//! acknowledged outlives the process and the power. Changes come one after the other. What a list means for a call is decided
//! in `numbers`; that a callee asked us not to be called, as an outcome tells, is remembered of the callee and stands on no list.

mod kept;
mod reading;
mod set;
#[cfg(test)]
mod tests;
mod views;

#[cfg(test)]
pub use kept::{BASE, Base, CHANGE, Change};
pub use set::{NumberSet, PieceError};

use super::errors::{inner, missing, not_durable};
use super::hot::Hot;
use super::keeper::{KeeperHandle, now};
use super::stored::StoredError;
use crate::desk::{DeskError, DeskErrorKind, ListBody, ListChange, ListChangeView, ListImport, ListImportView};
use crate::store::{BlobId, CommitError, KEY_MAX, OPS_MAX, Store};
use arc_swap::ArcSwap;
use futures_util::StreamExt;
use kept::{AddedOrRemoved, CHANGE_NUMBERS_MAX, Changed, Imported, List, cut};
use numbers::{E164, ListName, Listed, Region};
use reading::{NoColumn, Read, Reading};
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

/// Changes by hand that are kept beside a list before it is written whole again. Guessed: reading them back costs nothing
/// that a start would feel, and a list of tens of millions is then written once for some hundred changes.
const CHANGES_MAX: u64 = 256;
/// Numbers on one list. Twice what the national registry holds.
const NUMBERS_MAX: u64 = 500_000_000;
/// Pieces of a body that wait for the thread that reads them.
const PIECES_WAITING_MAX: usize = 8;
/// What a key of a list holds beside its name.
const KEY_BYTES_BESIDE: usize = 1 + 8;

/// Every list as it stands at one moment.
#[derive(Debug, Default)]
pub struct Listing {
    lists: BTreeMap<ListName, Arc<List>>,
    national: Option<Arc<List>>,
    states: Vec<(Region, Arc<List>)>,
    own: HashMap<String, Arc<List>>,
}

impl Listing {
    fn new(lists: BTreeMap<ListName, Arc<List>>) -> Listing {
        let mut listing = Listing::default();
        for (name, list) in &lists {
            match name {
                ListName::National => listing.national = Some(list.clone()),
                ListName::State(region) => listing.states.push((*region, list.clone())),
                ListName::Business(id) => drop(listing.own.insert(id.clone(), list.clone())),
            }
        }
        Listing { lists, ..listing }
    }

    /// Where a callee stands, for a call of this business.
    pub fn listed(&self, business: &str, callee: E164) -> Listed {
        let holds = |list: &Arc<List>| list.set.contains(callee);
        Listed {
            national: self.national.as_ref().is_some_and(holds),
            state: self.states.iter().find(|(_, list)| holds(list)).map(|(region, _)| *region),
            own: self.own.get(business).is_some_and(holds),
        }
    }

    /// Every list on which a number stands, those of all businesses among them.
    fn lists_with(&self, number: E164) -> impl Iterator<Item = &ListName> {
        self.lists.iter().filter(move |(_, list)| list.set.contains(number)).map(|(name, _)| name)
    }
}

/// The room in which lists are changed.
pub struct Lists {
    store: Arc<dyn Store>,
    keeper: KeeperHandle,
    hot: Arc<Hot>,
    /// Held by each change, from its look at what stands until its own stands.
    changing: tokio::sync::Mutex<()>,
    /// Held by exports, so that no file goes which a record that they have written names.
    files: tokio::sync::Mutex<()>,
    /// One long text at a time, so that memory is bounded.
    importing: tokio::sync::Mutex<()>,
}

/// What a start finds on the disk, put where the path of a call looks. Pieces that nobody needs are dropped.
///
/// # Errors
/// A list is not whole, or the store cannot be read.
pub async fn load(store: &dyn Store, listing: &ArcSwap<Listing>) -> Result<(), StoredError> {
    let kept::Found { lists, spare } = kept::read(store).await?;
    let named = |id: BlobId| lists.values().any(|list| list.base.pieces.contains(&id.0));
    let gone: Vec<BlobId> = spare.into_iter().filter(|id| !named(*id)).collect();
    if let Err(cause) = drop_pieces(store, &gone).await {
        tracing::warn!(%cause, "pieces of do-not-call lists that nobody needs could not be removed");
    }
    listing.store(Arc::new(Listing::new(lists.into_iter().map(|(name, list)| (name, Arc::new(list))).collect())));
    Ok(())
}

async fn drop_pieces(store: &dyn Store, pieces: &[BlobId]) -> Result<(), CommitError> {
    for id in pieces {
        store.drop_blob(*id).await?;
    }
    for some in pieces.chunks(OPS_MAX) {
        store.commit(some.iter().copied().map(kept::not_spare).collect()).await?;
    }
    Ok(())
}

impl Lists {
    pub fn new(store: Arc<dyn Store>, keeper: KeeperHandle, hot: Arc<Hot>) -> Lists {
        let (changing, files, importing) = Default::default();
        Lists { store, keeper, hot, changing, files, importing }
    }

    /// Has no list change until the answer is dropped.
    pub async fn hold(&self) -> tokio::sync::MutexGuard<'_, ()> {
        self.changing.lock().await
    }

    /// Has no file of a list removed until the answer is dropped.
    pub async fn keep_files(&self) -> tokio::sync::MutexGuard<'_, ()> {
        self.files.lock().await
    }

    /// Puts numbers on a list, or takes them off. All of them or none.
    pub async fn change(&self, change: ListChange) -> Result<ListChangeView, DeskError> {
        let ListChange { list: name, numbers, remove, by } = change;
        self.is_known(&name).await?;
        let _changing = self.changing.lock().await;
        let (mut list, is_new) = match self.held(&name) {
            Some(list) => (list, false),
            None if remove => return Err(no_list(&name)),
            None => (Arc::default(), true),
        };
        let what = if remove { AddedOrRemoved::Removed } else { AddedOrRemoved::Added };
        let changed = Changed { at: now(), by: cut(by) };
        let record = |numbers: &[E164]| kept::Change { changed: changed.clone(), what, numbers: numbers.to_vec() };
        let records: Vec<kept::Change> = numbers.chunks(CHANGE_NUMBERS_MAX).map(record).collect();
        if list.unfolded() + records.len() as u64 > CHANGES_MAX {
            list = self.write_whole(&name, &list, List::clone(&list)).await?;
        }
        let mut after = List::clone(&list);
        let concerned = after.apply(what, &numbers);
        after.next += records.len() as u64;
        after.changed = Some(changed);
        is_within_bound(&after)?;
        let ops = kept::change_ops(&name, &list, is_new, &records);
        self.store.commit(ops).await.map_err(|cause| not_durable("changing the do-not-call list", cause))?;
        let held = after.set.len();
        self.put(&name, after);
        Ok(ListChangeView {
            list: name.to_string(),
            changed: concerned,
            unchanged: numbers.len() as u64 - concerned,
            held,
        })
    }

    /// Reads a whole text into a list. It is taken or refused as a whole; lines that cannot be read are left out, as long as
    /// they are few.
    pub async fn import(&self, import: ListImport, mut body: ListBody) -> Result<ListImportView, DeskError> {
        let done = self.import_from(import, &mut body).await;
        if done.is_err() {
            // Whoever is refused while he still sends never reads why.
            while let Some(Ok(_)) = body.next().await {}
        }
        done
    }

    async fn import_from(&self, import: ListImport, body: &mut ListBody) -> Result<ListImportView, DeskError> {
        let ListImport { list: name, replace, column, bad_percent_max, from, by } = import;
        self.is_known(&name).await?;
        let Ok(_importing) = self.importing.try_lock() else {
            let kind = DeskErrorKind::Unavailable { retry_after_s: 10 };
            let sentence = "another do-not-call list is being imported";
            return Err(DeskError::new(kind, "import_under_way", sentence, "send it again when that one is done"));
        };
        let read = read(body, column).await?;
        is_worth_taking(&read, bad_percent_max)?;

        let _changing = self.changing.lock().await;
        let before = self.held(&name).unwrap_or_default();
        let Read { set, lines, twice, bad, bad_lines, .. } = read;
        let read_numbers = set.len();
        let held_before = before.clone();
        let merged = tokio::task::spawn_blocking(move || {
            let already_held = held_before.set.in_common(&set);
            let mut set = set;
            if !replace {
                set.extend(&held_before.set);
            }
            (set, already_held)
        });
        let (set, already_held) = merged.await.map_err(|cause| inner("comparing the do-not-call lists", &cause))?;
        let mut after = List { set, next: before.next, changed: before.changed.clone(), base: before.base.clone() };
        is_within_bound(&after)?;
        let removed = if replace { before.set.len() - already_held } else { 0 };
        let imported = Imported { at: now(), by: cut(by), from: cut(from), replaced: replace, read: read_numbers, bad };
        after.base.imported = Some(imported);
        let held = self.write_whole(&name, &before, after).await?.set.len();
        Ok(ListImportView {
            list: name.to_string(),
            lines,
            added: read_numbers - already_held,
            already_held,
            twice,
            removed,
            held,
            bad,
            bad_lines: bad_lines.into_iter().map(views::bad_line).collect(),
        })
    }

    /// Writes a list whole, and puts it in the place of the one before. What it was imported from is said in its base.
    async fn write_whole(&self, name: &ListName, before: &List, list: List) -> Result<Arc<List>, DeskError> {
        let damaged = |cause: &dyn std::fmt::Display| inner("writing the do-not-call list", cause);
        let failed = |cause| not_durable("writing the do-not-call list", cause);
        // Packing a long list is work, and calls must not wait for it. What serves is what was written, read back.
        let packed = tokio::task::spawn_blocking(move || {
            let pieces = list.set.pieces();
            let mut set = NumberSet::default();
            let read = pieces.iter().try_for_each(|piece| set.take_piece(piece));
            read.map(|()| (List { set, ..list }, pieces))
        });
        let (mut list, pieces) = packed.await.map_err(|cause| damaged(&cause))?.map_err(|cause| damaged(&cause))?;
        let ids: Vec<BlobId> = pieces.iter().map(|piece| BlobId::of(piece)).collect();
        // Noted first, so that what a crash leaves of them is found.
        self.store.commit(ids.iter().copied().map(kept::spare).collect()).await.map_err(failed)?;
        for piece in pieces {
            self.store.put_blob(piece).await.map_err(|cause| damaged(&cause))?;
        }
        list.base.pieces = ids.iter().map(|id| id.0).collect();
        list.base.next = list.next;
        list.base.changed = list.changed.clone();
        let mut ops = kept::base_ops(name, before, &list.base);
        ops.extend(ids.iter().copied().map(kept::not_spare));
        self.store.commit(ops).await.map_err(failed)?;
        let list = self.put(name, list);
        let given_up = before.base.pieces.iter().copied().map(BlobId);
        self.drop_unneeded(given_up.collect()).await;
        Ok(list)
    }

    /// Removes pieces that no list names, unless an export is being written: then the next start does.
    async fn drop_unneeded(&self, pieces: Vec<BlobId>) {
        let Ok(_files) = self.files.try_lock() else { return };
        let listing = self.hot.do_not_call.load_full();
        let named = |id: &BlobId| listing.lists.values().any(|list| list.base.pieces.contains(&id.0));
        let gone: Vec<BlobId> = pieces.into_iter().filter(|id| !named(id)).collect();
        if let Err(cause) = drop_pieces(self.store.as_ref(), &gone).await {
            tracing::warn!(%cause, "pieces of a do-not-call list that nobody needs stay until the next start");
        }
    }

    fn held(&self, name: &ListName) -> Option<Arc<List>> {
        self.hot.do_not_call.load().lists.get(name).cloned()
    }

    fn put(&self, name: &ListName, list: List) -> Arc<List> {
        let list = Arc::new(list);
        let mut lists = self.hot.do_not_call.load().lists.clone();
        lists.insert(name.clone(), list.clone());
        self.hot.do_not_call.store(Arc::new(Listing::new(lists)));
        list
    }

    /// A list of a business is one of a business that is here.
    async fn is_known(&self, name: &ListName) -> Result<(), DeskError> {
        let ListName::Business(id) = name.clone() else { return Ok(()) };
        let known = self.keeper.read(move |state| state.businesses.contains_key(&id)).await?;
        if !known {
            return Err(missing("business", &format!("the business of the list {name}")));
        }
        if name.to_string().len() > KEY_MAX - KEY_BYTES_BESIDE {
            let sentence = format!("{name} is too long for the name of a list");
            return Err(DeskError::new(DeskErrorKind::Refused, "too_long", sentence, "give the business a shorter id"));
        }
        Ok(())
    }
}

/// Reads a body on a thread of its own, because tens of millions of lines are work.
async fn read(body: &mut ListBody, column: Option<String>) -> Result<Read, DeskError> {
    let (pieces, mut coming) = tokio::sync::mpsc::channel::<bytes::Bytes>(PIECES_WAITING_MAX);
    let reading = tokio::task::spawn_blocking(move || {
        let mut reading = Reading::new(column);
        while let Some(piece) = coming.blocking_recv() {
            reading.take(&piece)?;
        }
        reading.end()
    });
    while let Some(piece) = body.next().await {
        // Nobody reads on where the text was found to be no list, and the reader says why.
        if pieces.send(piece?).await.is_err() {
            break;
        }
    }
    drop(pieces);
    let read = reading.await.map_err(|cause| inner("reading the do-not-call list", &cause))?;
    read.map_err(|NoColumn { line, wanted, header }| {
        let wanted = wanted.map_or_else(|| "of numbers".to_owned(), |wanted| format!("`{wanted}`"));
        DeskError::new(
            DeskErrorKind::Invalid,
            "no_such_column",
            format!("line {line}, {header:?}, has no column {wanted}"),
            "say with `column` how the header calls the column of numbers, separated by commas or tabs",
        )
    })
}

/// A text in which much cannot be read is most likely another one than was meant.
fn is_worth_taking(read: &Read, bad_percent_max: u64) -> Result<(), DeskError> {
    let refused =
        |code, sentence: String, remedy: &str| Err(DeskError::new(DeskErrorKind::Invalid, code, sentence, remedy));
    if read.bad * 100 > read.lines * bad_percent_max {
        let first: Vec<String> =
            read.bad_lines.iter().take(3).map(|(line, why)| format!("line {line}: {why}")).collect();
        return refused(
            "too_many_bad_lines",
            format!(
                "{} of {} lines cannot be read, and nothing was taken ({})",
                read.bad,
                read.lines,
                first.join("; ")
            ),
            "correct them, name the column with `column`, or say with `bad_percent_max` how many in a hundred may be bad",
        );
    }
    if read.set.len() == 0 {
        let remedy = "send one number a line; to take numbers off a list, remove them";
        return refused("no_numbers", "there is no number in it, and nothing was changed".to_owned(), remedy);
    }
    Ok(())
}

fn is_within_bound(list: &List) -> Result<(), DeskError> {
    if list.set.len() <= NUMBERS_MAX {
        return Ok(());
    }
    let sentence = format!("the list would hold {} numbers, and {NUMBERS_MAX} are the most", list.set.len());
    Err(DeskError::new(
        DeskErrorKind::Refused,
        "list_too_long",
        sentence,
        "look whether this is the list that was meant",
    ))
}

fn no_list(name: &ListName) -> DeskError {
    let sentence = format!("there is no do-not-call list {name}");
    DeskError::new(DeskErrorKind::NotFound, "no_such_list", sentence, "look at the lists for the right name")
}
