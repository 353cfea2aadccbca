//! Lists through starts, a break at every write, and an export under way.

use super::*;
use crate::house::moody_store::{Mood, MoodyStore};
use crate::house::rollup::tests::world::{Rooms, start};
use crate::store::Tree;
use futures_util::stream;
use std::collections::BTreeSet;

fn number(n: u64) -> E164 {
    E164::from_digits(13_055_550_000 + n).expect("a number")
}

/// A room of lists over a disk with moods.
struct Room {
    lists: Lists,
    store: Arc<MoodyStore>,
    _rooms: Rooms,
    _folder: tempfile::TempDir,
}

impl Room {
    async fn open() -> Room {
        let folder = tempfile::tempdir().expect("a folder");
        let store = Arc::new(MoodyStore::new());
        let kept: Arc<dyn Store> = store.clone();
        let rooms = start(&kept, folder.path()).await;
        let lists = Lists::new(kept, rooms.keeper.clone(), rooms.hot.clone());
        Room { lists, store, _rooms: rooms, _folder: folder }
    }

    async fn import(&self, numbers: impl IntoIterator<Item = u64>, replace: bool) -> Result<ListImportView, DeskError> {
        let text: String = numbers.into_iter().map(|n| format!("{}\n", number(n))).collect();
        let body = stream::iter([Ok(text.into())]).boxed();
        let (from, by) = ("a file".to_owned(), "Ann".to_owned());
        let list = ListName::National;
        let import = ListImport { list, replace, column: None, bad_percent_max: 5, from, by };
        self.lists.import(import, body).await
    }

    async fn change(&self, numbers: &[u64], remove: bool) -> Result<ListChangeView, DeskError> {
        let numbers = numbers.iter().copied().map(number).collect();
        let change = ListChange { list: ListName::National, numbers, remove, by: "Ann".to_owned() };
        self.lists.change(change).await
    }

    /// The numbers that the path of a call finds on the list.
    fn held(&self) -> BTreeSet<u64> {
        on(&self.lists.hot.do_not_call.load())
    }

    /// What another start finds, after it has done its own part.
    async fn wake(&self) -> BTreeSet<u64> {
        let listing = ArcSwap::<Listing>::default();
        load(&self.store.inner, &listing).await.expect("it starts");
        let named: BTreeSet<BlobId> =
            listing.load().lists.values().flat_map(|list| list.base.pieces.iter().copied().map(BlobId)).collect();
        assert_eq!(self.files().await, named, "every file is a piece of the list");
        on(&listing.load())
    }

    async fn files(&self) -> BTreeSet<BlobId> {
        self.store.inner.blobs(None, 1000).await.expect("files").into_iter().collect()
    }
}

fn on(listing: &Listing) -> BTreeSet<u64> {
    (0..2_000).filter(|n| listing.listed("acme", number(*n)).national).collect()
}

#[tokio::test]
async fn what_is_held_is_what_a_start_finds() {
    let room = Room::open().await;
    assert_eq!(room.held(), BTreeSet::new());
    let view = room.import(0..10, false).await.expect("it is taken");
    assert_eq!((view.added, view.already_held, view.removed, view.held), (10, 0, 0, 10));
    let view = room.import(5..15, false).await.expect("it is taken");
    assert_eq!((view.added, view.already_held, view.removed, view.held), (5, 5, 0, 15));
    let view = room.change(&[14, 20, 21], false).await.expect("it is taken");
    assert_eq!((view.changed, view.unchanged, view.held), (2, 1, 17));
    let view = room.change(&[0, 20, 99], true).await.expect("it is taken");
    assert_eq!((view.changed, view.unchanged, view.held), (2, 1, 15));
    let expected: BTreeSet<u64> = (1..15).chain([21]).collect();
    assert_eq!((room.held(), room.wake().await), (expected.clone(), expected));
    // A whole list takes the place of one with changes, and they are not made once more.
    let view = room.import(10..30, true).await.expect("it is taken");
    assert_eq!((view.added, view.already_held, view.removed, view.held), (14, 6, 9, 20));
    assert_eq!((room.held(), room.wake().await), ((10..30).collect(), (10..30).collect()));
    room.change(&[10], true).await.expect("it is taken");
    assert_eq!(room.wake().await, (11..30).collect());
}

#[tokio::test]
async fn a_break_at_any_write_leaves_the_list_from_before_or_the_one_after() {
    let (before, after): (BTreeSet<u64>, BTreeSet<u64>) = ((1..10).chain([40]).collect(), (100..120).collect());
    let mut seen = BTreeSet::new();
    for writes in 0.. {
        let room = Room::open().await;
        room.import(0..10, true).await.expect("it is taken");
        room.change(&[40], false).await.expect("it is taken");
        room.change(&[0], true).await.expect("it is taken");
        room.store.break_after(writes);
        let taken = room.import(100..120, true).await;
        let (held, found) = (room.held(), room.wake().await);
        assert!(found == before || found == after, "after {writes} writes: {found:?}");
        if taken.is_ok() {
            assert_eq!((&held, &found), (&after, &after), "after {writes} writes, acknowledged");
        } else {
            assert_eq!(held, before, "nothing was answered, and nothing is in force");
        }
        seen.insert((taken.is_ok(), found == after));
        if room.store.mood_is(Mood::Well) {
            break;
        }
    }
    assert!(seen.contains(&(false, false)) && seen.contains(&(true, true)), "{seen:?}");
}

#[tokio::test]
async fn a_change_that_is_not_on_the_disk_is_not_in_force() {
    let room = Room::open().await;
    room.import(0..10, true).await.expect("it is taken");
    room.store.become_(Mood::Full);
    assert_eq!(room.change(&[50], false).await.expect_err("the disk is full").code, "disk_full");
    assert_eq!(room.import(50..60, true).await.expect_err("the disk is full").code, "disk_full");
    assert_eq!((room.held(), room.wake().await), ((0..10).collect(), (0..10).collect()));
    room.store.become_(Mood::Well);
    room.change(&[50], false).await.expect("there is room again");
    assert_eq!(room.wake().await, (0..10).chain([50]).collect());
}

#[tokio::test]
async fn many_changes_are_folded_into_the_list() {
    let room = Room::open().await;
    for n in 0..2 * CHANGES_MAX + 10 {
        room.change(&[n], false).await.expect("it is taken");
        if n % 3 == 0 {
            room.change(&[n], true).await.expect("it is taken");
        }
    }
    let expected: BTreeSet<u64> = (0..2 * CHANGES_MAX + 10).filter(|n| n % 3 != 0).collect();
    assert_eq!((room.held(), room.wake().await), (expected.clone(), expected));
    let records = room.store.inner.scan(Tree::DoNotCall, &[], None, 4096).await.expect("records").len();
    assert!(records as u64 <= CHANGES_MAX + 1, "{records} records");
    // As long as any that a door lets in.
    let many: Vec<u64> = (0..10_000).map(|n| n % 2_000).collect();
    room.change(&many, false).await.expect("it is taken");
    assert_eq!(room.wake().await, (0..2_000).collect());
}

#[tokio::test]
async fn files_stay_while_an_export_is_written() {
    let room = Room::open().await;
    room.import(0..10, true).await.expect("it is taken");
    let first = room.files().await;
    let export = room.lists.keep_files().await;
    room.import(10..20, true).await.expect("an import does not wait for it");
    assert!(room.files().await.is_superset(&first), "what the export has named is there");
    drop(export);
    assert_eq!(room.wake().await, (10..20).collect());
    assert!(room.files().await.is_disjoint(&first), "the next start has removed it");
}

#[tokio::test]
async fn a_list_with_a_hole_is_no_list() {
    let room = Room::open().await;
    room.import(0..10, true).await.expect("it is taken");
    let piece = *room.files().await.first().expect("a piece");
    room.store.inner.drop_blob(piece).await.expect("gone");
    let refused = load(&room.store.inner, &ArcSwap::default()).await.expect_err("no start on it");
    assert!(refused.to_string().contains("national is not there; restore the last export"), "{refused}");
}

#[tokio::test]
async fn a_text_that_is_no_list_changes_nothing() {
    let room = Room::open().await;
    room.import(0..10, true).await.expect("it is taken");
    let import = |text: &str, broken: bool| {
        let end = DeskError::new(DeskErrorKind::Invalid, "body_broken_off", "it broke off", "again");
        let text = Ok(bytes::Bytes::copy_from_slice(text.as_bytes()));
        let body = stream::iter(core::iter::once(text).chain(broken.then_some(Err(end)))).boxed();
        let (list, by) = (ListName::National, "Ann".to_owned());
        let import = ListImport { list, replace: true, column: None, bad_percent_max: 5, from: String::new(), by };
        room.lists.import(import, body)
    };
    let code = async |text, broken| import(text, broken).await.expect_err("refused").code;
    assert_eq!(code("", false).await, "no_numbers");
    assert_eq!(code("name,city\nAnn,Dayton\n", false).await, "no_such_column");
    assert_eq!(code("+13055550011\nx1\nx2\n", false).await, "too_many_bad_lines");
    assert_eq!(code("+13055550011\n", true).await, "body_broken_off");
    let list = ListName::Business("nobody".into());
    let change = ListChange { list, numbers: vec![number(1)], remove: false, by: "Ann".to_owned() };
    assert_eq!(room.lists.change(change).await.expect_err("refused").code, "no_such_business");
    let list = ListName::parse("state:TX").expect("a list");
    let change = ListChange { list, numbers: vec![number(1)], remove: true, by: "Ann".to_owned() };
    assert_eq!(room.lists.change(change).await.expect_err("refused").code, "no_such_list");
    assert_eq!((room.held(), room.wake().await), ((0..10).collect(), (0..10).collect()));
}
