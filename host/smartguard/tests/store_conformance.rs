//! What every engine of the store has to keep. Each case is asked of each engine.

use futures_util::future::BoxFuture;
use numbers::Moment;
use smartguard::store::*;
use std::{sync::Arc, time::Duration};

/// A place where one store can be opened again and again.
trait Place: Send + Sync {
    fn open(&self) -> Arc<dyn Store>;
}

struct Memory(MemoryDisk);

impl Place for Memory {
    fn open(&self) -> Arc<dyn Store> {
        Arc::new(MemoryStore::open(self.0.clone()).expect("a memory store opens"))
    }
}

struct Folder(tempfile::TempDir);

impl Place for Folder {
    fn open(&self) -> Arc<dyn Store> {
        Arc::new(SledStore::open(&self.0.path().join("store"), SledOptions::default()).expect("a folder opens"))
    }
}

type Case = for<'a> fn(&'a dyn Place) -> BoxFuture<'a, ()>;

/// Asks one case of every engine, each in a place of its own.
async fn check(case: Case) {
    for place in places() {
        case(place.as_ref()).await;
    }
}

fn places() -> Vec<Box<dyn Place>> {
    vec![Box::new(Memory(MemoryDisk::default())), Box::new(Folder(tempfile::tempdir().expect("a folder for the test")))]
}

fn key(text: &str) -> Key {
    Key::new(Tree::Number, text.as_bytes())
}

fn put(text: &str, value: &str) -> Op {
    Op::put(key(text), value.as_bytes().to_vec())
}

async fn value(store: &dyn Store, text: &str) -> Option<String> {
    let entry = store.get(&key(text)).await.expect("a read works");
    entry.map(|entry| String::from_utf8(entry.value.to_vec()).expect("tests store text"))
}

#[tokio::test]
async fn revisions_rise_and_never_come_back() {
    check(|place| {
        Box::pin(async move {
            let store = place.open();
            assert_eq!(store.get(&key("a")).await.unwrap(), None);
            let first = store.commit(vec![put("a", "1")]).await.unwrap();
            let before = store.get(&key("a")).await.unwrap().unwrap();
            assert_eq!(before.revision.0, first.0);
            store.commit(vec![Op::Delete { key: key("a") }]).await.unwrap();
            assert_eq!(value(&*store, "a").await, None);
            store.commit(vec![put("a", "1")]).await.unwrap();
            let again = store.get(&key("a")).await.unwrap().unwrap();
            assert!(again.revision > before.revision, "{again:?} {before:?}");
            assert_eq!(store.committed().0, again.revision.0);
        })
    })
    .await;
}

#[tokio::test]
async fn a_changed_revision_is_a_conflict_and_nothing_of_the_commit_happens() {
    check(|place| {
        Box::pin(async move {
            let store = place.open();
            store.commit(vec![put("a", "1"), put("gone", "1")]).await.unwrap();
            let read = store.get(&key("a")).await.unwrap().unwrap().revision;
            let checked = |expected| Op::Check { key: key("a"), expected };
            store.commit(vec![checked(Some(read)), put("a", "2")]).await.unwrap();
            for expected in [Some(read), None, Some(Revision(read.0 + 1000))] {
                let ops = vec![put("b", "x"), Op::Delete { key: key("gone") }, checked(expected), put("c", "x")];
                let refused = store.commit(ops).await;
                assert!(matches!(&refused, Err(CommitError::Conflict(at)) if *at == key("a")), "{refused:?}");
            }
            let absent = Op::Check { key: key("new"), expected: None };
            store.commit(vec![absent.clone(), put("new", "1")]).await.unwrap();
            assert!(matches!(store.commit(vec![absent]).await, Err(CommitError::Conflict(_))));
            assert_eq!(value(&*store, "a").await.as_deref(), Some("2"));
            assert_eq!(value(&*store, "b").await, None);
            assert_eq!(value(&*store, "c").await, None);
            assert_eq!(value(&*store, "gone").await.as_deref(), Some("1"));
        })
    })
    .await;
}

#[tokio::test]
async fn of_many_that_compete_exactly_one_wins() {
    check(|place| {
        Box::pin(async move {
            let store = place.open();
            for round in 0..5 {
                let revision = store.get(&key("a")).await.unwrap().map(|entry| entry.revision);
                let tries = (0..16).map(|competitor| {
                    let check = Op::Check { key: key("a"), expected: revision };
                    store.commit(vec![check, put("a", &format!("{round}-{competitor}"))])
                });
                let won: Vec<_> =
                    futures_util::future::join_all(tries).await.into_iter().filter_map(Result::ok).collect();
                assert_eq!(won.len(), 1, "round {round}");
            }
        })
    })
    .await;
}

#[tokio::test]
async fn scans_are_ordered_pages_within_one_tree() {
    check(|place| {
        Box::pin(async move {
            let store = place.open();
            let owner = |bytes: &[u8]| Key::new(Tree::Owner, bytes);
            let mut ops: Vec<Op> = (0..50u8).rev().map(|n| Op::put(Key::new(Tree::Number, [n, 7]), vec![n])).collect();
            ops.extend([Op::put(owner(&[]), vec![1]), Op::put(owner(&[255, 255]), vec![2])]);
            store.commit(ops).await.unwrap();

            let (mut from, mut seen) = (Vec::new(), Vec::new());
            loop {
                let page = store.scan(Tree::Number, &from, None, 7).await.unwrap();
                assert!(page.len() <= 7);
                let Some((last, ..)) = page.last() else { break };
                from = after(last);
                seen.extend(page.into_iter().map(|(key, _, value)| (key[0], value[0])));
            }
            assert_eq!(seen, (0..50).map(|n| (n, n)).collect::<Vec<_>>());

            let part = store.scan(Tree::Number, &[10, 7], Some(&[12, 7]), 100).await.unwrap();
            assert_eq!(part.iter().map(|(key, ..)| key[0]).collect::<Vec<_>>(), [10, 11]);
            assert_eq!(store.scan(Tree::Number, &[12], Some(&[10]), 100).await.unwrap(), []);
            let owners = store.scan(Tree::Owner, &[], None, 100).await.unwrap();
            assert_eq!(owners.iter().map(|(key, ..)| key.len()).collect::<Vec<_>>(), [0, 2]);
            assert_eq!(store.scan(Tree::Meta, &[], None, 100).await.unwrap(), [], "the store's own records are hidden");
        })
    })
    .await;
}

#[tokio::test]
async fn what_is_over_a_bound_is_refused_by_name() {
    check(|place| {
        Box::pin(async move {
            let store = place.open();
            let refused = |ops: Vec<Op>, bound: Bound| {
                let store = store.clone();
                async move {
                    let answer = store.commit(ops).await;
                    assert!(
                        matches!(&answer, Err(CommitError::TooLarge { bound: at, .. }) if *at == bound),
                        "{answer:?}"
                    );
                }
            };
            store.commit(vec![Op::put(key("full"), vec![7; PAYLOAD_MAX])]).await.unwrap();
            store.commit(vec![Op::put(Key::new(Tree::Number, [9; KEY_MAX]), vec![1])]).await.unwrap();
            refused(vec![put("a", "1"), Op::put(key("b"), vec![7; PAYLOAD_MAX + 1])], Bound::Value).await;
            refused(vec![Op::put(Key::new(Tree::Number, [9; KEY_MAX + 1]), vec![1])], Bound::Key).await;
            refused(vec![put("a", "1"); OPS_MAX + 1], Bound::Ops).await;
            let many = (0..80).map(|n| Op::put(key(&format!("k{n}")), vec![7; 4000])).collect();
            refused(many, Bound::CommitBytes).await;
            let job =
                |id, payload| NewJob { queue: Queue(1), id: vec![1; id], due: Moment(0), payload: vec![0; payload] };
            refused(vec![Op::Enqueue(job(JOB_ID_MAX + 1, 0))], Bound::JobId).await;
            refused(vec![Op::Enqueue(job(1, JOB_PAYLOAD_MAX + 1))], Bound::JobPayload).await;
            store.commit(vec![Op::Enqueue(job(JOB_ID_MAX, JOB_PAYLOAD_MAX))]).await.unwrap();
            assert_eq!(value(&*store, "a").await, None);
            assert_eq!(store.get(&key("full")).await.unwrap().unwrap().value.len(), PAYLOAD_MAX);
        })
    })
    .await;
}

#[tokio::test]
async fn blobs_are_named_by_their_content() {
    check(|place| {
        Box::pin(async move {
            let store = place.open();
            let letter = vec![3u8; 100_000];
            let id = store.put_blob(letter.clone().into()).await.unwrap();
            assert_eq!(store.put_blob(letter.clone().into()).await.unwrap(), id);
            let other = store.put_blob(b"short".to_vec().into()).await.unwrap();
            assert_eq!(store.get_blob(id).await.unwrap().unwrap(), letter);
            assert_eq!(store.get_blob(BlobId([0; 32])).await.unwrap(), None);
            let mut both = vec![id, other];
            both.sort();
            assert_eq!(store.blobs(None, 10).await.unwrap(), both);
            assert_eq!(store.blobs(Some(both[0]), 10).await.unwrap(), both[1..]);
            let refused = store.put_blob(vec![0; BLOB_MAX + 1].into()).await;
            assert!(matches!(refused, Err(StoreError::BlobTooLarge { .. })), "{refused:?}");
            store.close().await.unwrap();
            drop(store);
            let store = place.open();
            assert_eq!(store.get_blob(id).await.unwrap().unwrap(), letter);
            // Dropped is dropped, through a restart too, and once more changes nothing.
            for _ in 0..2 {
                store.drop_blob(id).await.unwrap();
                assert_eq!(store.get_blob(id).await.unwrap(), None);
                assert_eq!(store.blobs(None, 10).await.unwrap(), [other]);
            }
            store.close().await.unwrap();
            drop(store);
            let store = place.open();
            assert_eq!(store.blobs(None, 10).await.unwrap(), [other]);
            assert_eq!(store.put_blob(letter.clone().into()).await.unwrap(), id);
            assert_eq!(store.get_blob(id).await.unwrap().unwrap(), letter);
        })
    })
    .await;
}

#[tokio::test]
async fn a_lease_of_an_earlier_run_is_fenced_off() {
    check(|place| {
        Box::pin(async move {
            let store = place.open();
            let minute = Duration::from_secs(60);
            let old = store.lease("shard-1", minute).await.unwrap().unwrap();
            store.commit(vec![Op::Under(old.clone()), put("a", "1")]).await.unwrap();
            assert!(store.renew(&old, minute).await.unwrap());
            store.close().await.unwrap();
            drop(store);

            let store = place.open();
            assert!(!store.renew(&old, minute).await.unwrap());
            let refused = store.commit(vec![put("a", "2"), Op::Under(old)]).await;
            assert!(matches!(&refused, Err(CommitError::Fenced(name)) if name == "shard-1"), "{refused:?}");
            assert_eq!(value(&*store, "a").await.as_deref(), Some("1"));
            let new = store.lease("shard-1", minute).await.unwrap().unwrap();
            store.commit(vec![Op::Under(new), put("a", "3")]).await.unwrap();
        })
    })
    .await;
}

#[tokio::test]
async fn jobs_are_taken_once_and_again_when_the_lease_is_over() {
    check(|place| {
        Box::pin(async move {
            let store = place.open();
            let (queue, lease) = (Queue(3), Duration::from_secs(30));
            let job = |id: &str, due| {
                Op::Enqueue(NewJob { queue, id: id.into(), due: Moment(due), payload: id.as_bytes().to_vec() })
            };
            let ids =
                |jobs: &[Job]| jobs.iter().map(|job| String::from_utf8_lossy(&job.id).into_owned()).collect::<Vec<_>>();
            store
                .commit(vec![job("late", 300), job("early", 100), job("mid", 200), job("far", 900_000)])
                .await
                .unwrap();
            store.commit(vec![job("early", 0)]).await.unwrap();
            assert_eq!(store.take_jobs(Queue(4), Moment(1000), 9, lease).await.unwrap(), []);
            assert_eq!(store.take_jobs(queue, Moment(99), 9, lease).await.unwrap(), []);

            let first = store.take_jobs(queue, Moment(1000), 2, lease).await.unwrap();
            assert_eq!(ids(&first), ["early", "mid"]);
            assert_eq!((first[0].attempt, first[0].leased_until), (1, Moment(31_000)));
            assert_eq!(first[0].payload, b"early");
            let second = store.take_jobs(queue, Moment(1000), 9, lease).await.unwrap();
            assert_eq!(ids(&second), ["late"]);

            let finish = |id: &str, attempt| Op::FinishJob { queue, id: id.into(), attempt };
            store.commit(vec![finish("early", 1), put("done", "early")]).await.unwrap();
            let due = Moment(50_000);
            store.commit(vec![Op::PostponeJob { queue, id: "late".into(), attempt: 1, due }]).await.unwrap();
            assert_eq!(store.take_jobs(queue, Moment(30_999), 9, lease).await.unwrap(), []);
            store.close().await.unwrap();
            drop(store);

            let store = place.open();
            let again = store.take_jobs(queue, Moment(31_000), 9, lease).await.unwrap();
            assert_eq!((ids(&again), again[0].attempt), (vec!["mid".into()], 2));
            let refused = store.commit(vec![put("done", "mid"), finish("mid", 1)]).await;
            assert!(matches!(refused, Err(CommitError::Conflict(_))), "the first taker has lost it: {refused:?}");
            store.commit(vec![finish("mid", 2)]).await.unwrap();
            assert!(matches!(store.commit(vec![finish("mid", 2)]).await, Err(CommitError::Conflict(_))));
            assert_eq!(ids(&store.take_jobs(queue, Moment(60_000), 9, lease).await.unwrap()), ["late"]);
            assert_eq!(ids(&store.take_jobs(queue, Moment(900_000), 9, lease).await.unwrap()), ["late", "far"]);
            assert_eq!(value(&*store, "done").await.as_deref(), Some("early"));
        })
    })
    .await;
}

#[tokio::test]
async fn competing_takers_share_the_jobs() {
    check(|place| {
        Box::pin(async move {
            let store = place.open();
            let job = |n: u8| Op::Enqueue(NewJob { queue: Queue(1), id: vec![n], due: Moment(1), payload: vec![] });
            store.commit((0..40).map(job).collect()).await.unwrap();
            let takers = (0..8).map(|_| store.take_jobs(Queue(1), Moment(5), 10, Duration::from_secs(9)));
            let taken = futures_util::future::join_all(takers).await;
            let mut ids: Vec<u8> = taken.into_iter().flat_map(|jobs| jobs.unwrap()).map(|job| job.id[0]).collect();
            ids.sort();
            assert_eq!(ids, (0..40).collect::<Vec<_>>());
        })
    })
    .await;
}

#[tokio::test]
async fn opening_again_finds_everything_and_says_how_it_was_left() {
    check(|place| {
        Box::pin(async move {
            let store = place.open();
            assert!(store.opened_cleanly(), "a new store");
            assert_eq!(store.boot_epoch(), 1);
            for n in 0..20 {
                store.commit(vec![put(&format!("k{n}"), &n.to_string())]).await.unwrap();
            }
            let committed = store.committed();
            store.close().await.unwrap();
            assert!(matches!(store.get(&key("k1")).await, Err(StoreError::Closed)));
            assert!(store.commit(vec![put("k1", "x")]).await.is_err());
            store.close().await.expect("closing twice is no fault");
            drop(store);

            let store = place.open();
            assert!(store.opened_cleanly());
            assert_eq!((store.boot_epoch(), store.committed()), (2, committed));
            for n in 0..20 {
                assert_eq!(value(&*store, &format!("k{n}")).await, Some(n.to_string()));
            }
            drop(store);

            let store = place.open();
            assert!(!store.opened_cleanly(), "nobody closed it");
            assert_eq!((store.boot_epoch(), store.committed()), (3, committed));
            assert_eq!(value(&*store, "k7").await.as_deref(), Some("7"));
        })
    })
    .await;
}
