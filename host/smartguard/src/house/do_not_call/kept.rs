//! How do-not-call lists are kept: each a base, whose numbers lie in pieces among the store's files, and the changes since.
//!
//! These are the disk's own types. A piece is written before the base that names it, and a base takes the place of another,
//! with the changes that are in it, in one commit: so a list is the one from before or the one after, whenever a crash comes.
//! Pieces are noted as spare before they are written, and when no base names them any more, so that a start finds what a
//! crash left over. It knows no call, and what a list means is the business of whoever asks.

use super::set::NumberSet;
use crate::house::stored::{StoredError, pages};
use crate::store::{BlobId, Key, Op, Store, Tree};
use numbers::{E164, ListName, Moment};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// First bytes of keys: what a list was when it was last written whole, one change since, a piece that nobody may need.
pub const BASE: u8 = b'b';
pub const CHANGE: u8 = b'c';
const SPARE: u8 = b's';
/// Numbers in one record of a change; each takes up to 8 bytes, and who made it up to 128.
pub const CHANGE_NUMBERS_MAX: usize = 400;
/// Who changed a list, and from what it was imported, are cut to so many bytes, so that a record stays within its bound.
pub const WORDS_MAX: usize = 128;

/// A list as it was last written whole.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Base {
    /// The names of its pieces.
    pub pieces: Vec<[u8; 32]>,
    /// Changes before this one are in it.
    pub next: u64,
    pub imported: Option<Imported>,
    /// The last change that is in it.
    pub changed: Option<Changed>,
}

/// The last import of a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Imported {
    pub at: Moment,
    pub by: String,
    /// Such as the name of the file.
    pub from: String,
    /// What was on the list before was not kept.
    pub replaced: bool,
    /// Numbers that were read, and lines that could not be.
    pub read: u64,
    pub bad: u64,
}

/// Who changed a list by hand, and when.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Changed {
    pub at: Moment,
    pub by: String,
}

/// One record of a change by hand; a long one is several of them in one commit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    pub changed: Changed,
    pub what: AddedOrRemoved,
    pub numbers: Vec<E164>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum AddedOrRemoved {
    Added,
    Removed,
}

/// A list as it stands.
#[derive(Clone, Debug, Default)]
pub struct List {
    pub set: NumberSet,
    pub base: Base,
    /// The number of the next change.
    pub next: u64,
    /// The last change, whether it is in the base or not.
    pub changed: Option<Changed>,
}

impl List {
    /// Changes that are not in the base.
    pub fn unfolded(&self) -> u64 {
        self.next - self.base.next
    }

    /// Makes a change of numbers; answers how many of them it concerned.
    pub fn apply(&mut self, what: AddedOrRemoved, numbers: &[E164]) -> u64 {
        let concerned = numbers.iter().filter(|number| match what {
            AddedOrRemoved::Added => self.set.insert(**number),
            AddedOrRemoved::Removed => self.set.remove(**number),
        });
        concerned.count() as u64
    }
}

/// What a start finds.
pub struct Found {
    pub lists: BTreeMap<ListName, List>,
    /// Pieces that may be dropped where no list names them.
    pub spare: Vec<BlobId>,
}

/// Reads every list.
///
/// # Errors
/// Something of a list is missing or damaged. A list that is not whole forbids less than it should, so there is no start on it.
pub async fn read(store: &dyn Store) -> Result<Found, StoredError> {
    let mut found = Found { lists: BTreeMap::new(), spare: Vec::new() };
    for (key, value) in pages(store, Tree::DoNotCall, &[], None).await? {
        let format = |source| StoredError::Format { key: Key::new(Tree::DoNotCall, key.clone()), source };
        let unknown = || format(postcard::Error::DeserializeBadEncoding);
        match key.split_first() {
            Some((&BASE, name)) => {
                let name = named(name).ok_or_else(unknown)?;
                let base: Base = postcard::from_bytes(&value).map_err(format)?;
                let mut list = List { next: base.next, changed: base.changed.clone(), ..List::default() };
                for id in base.pieces.iter().copied().map(BlobId) {
                    let list_name = || name.to_string();
                    let missing = || StoredError::NoPiece { list: list_name(), id };
                    let piece = store.get_blob(id).await?.ok_or_else(missing)?;
                    list.set.take_piece(&piece).map_err(|source| StoredError::BadPiece {
                        list: list_name(),
                        id,
                        source,
                    })?;
                }
                list.base = base;
                found.lists.insert(name, list);
            }
            // Bases come first, and each change behind its base and in its order.
            Some((&CHANGE, rest)) => {
                let (name, seq) = rest.split_last_chunk::<8>().ok_or_else(unknown)?;
                let list = named(name).and_then(|name| found.lists.get_mut(&name)).ok_or_else(unknown)?;
                let change: Change = postcard::from_bytes(&value).map_err(format)?;
                list.apply(change.what, &change.numbers);
                list.next = u64::from_be_bytes(*seq) + 1;
                list.changed = Some(change.changed);
            }
            Some((&SPARE, id)) => found.spare.push(BlobId(id.try_into().map_err(|_| unknown())?)),
            Some(_) | None => return Err(unknown()),
        }
    }
    Ok(found)
}

fn named(key: &[u8]) -> Option<ListName> {
    ListName::parse(std::str::from_utf8(key).ok()?).ok()
}

fn base_key(name: &ListName) -> Key {
    Key::new(Tree::DoNotCall, [&[BASE], name.to_string().as_bytes()].concat())
}

fn change_key(name: &ListName, seq: u64) -> Key {
    Key::new(Tree::DoNotCall, [&[CHANGE], name.to_string().as_bytes(), &seq.to_be_bytes()].concat())
}

fn spare_key(id: BlobId) -> Key {
    Key::new(Tree::DoNotCall, [&[SPARE], id.0.as_slice()].concat())
}

/// The commit of a change by hand. The first change of a list makes the list as well.
pub fn change_ops(name: &ListName, list: &List, is_new: bool, changes: &[Change]) -> Vec<Op> {
    let base = is_new.then(|| put(base_key(name), &list.base));
    base.into_iter().chain((list.next..).zip(changes).map(|(seq, change)| put(change_key(name, seq), change))).collect()
}

/// The commit that puts a base in the place of what was there, all changes until then with it.
pub fn base_ops(name: &ListName, before: &List, base: &Base) -> Vec<Op> {
    let folded = (before.base.next..before.next).map(|seq| Op::Delete { key: change_key(name, seq) });
    let kept: BTreeSet<_> = base.pieces.iter().collect();
    let given_up = before.base.pieces.iter().filter(|id| !kept.contains(id)).map(|id| spare(BlobId(*id)));
    [put(base_key(name), base)].into_iter().chain(folded).chain(given_up).collect()
}

/// The note that nobody may need this piece.
pub fn spare(id: BlobId) -> Op {
    Op::put(spare_key(id), Vec::new())
}

/// The note is of no use any more: the piece is gone, or a list names it.
pub fn not_spare(id: BlobId) -> Op {
    Op::Delete { key: spare_key(id) }
}

/// Everything stored is plain data with known lengths, which postcard can always write.
fn put<T: Serialize>(key: Key, value: &T) -> Op {
    Op::put(key, postcard::to_stdvec(value).expect("plain data can be encoded"))
}

/// Words of a person, cut to what a record takes.
pub fn cut(mut words: String) -> String {
    let mut end = WORDS_MAX.min(words.len());
    while !words.is_char_boundary(end) {
        end -= 1;
    }
    words.truncate(end);
    words
}
