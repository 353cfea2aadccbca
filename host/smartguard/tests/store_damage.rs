//! What the store does when the medium or a person spoils its files: it says so, and never answers with what is old.

use smartguard::store::*;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

const RECORDS: u16 = 200;

fn key(number: u16) -> Key {
    Key::new(Tree::Number, number.to_be_bytes())
}

/// The payload of a record after its last change; no two are alike.
fn newest(number: u16) -> Vec<u8> {
    let mut value = format!("record {number} in its last form ").into_bytes();
    value.resize(40 + usize::from(number) * 7 % 900, number as u8);
    value
}

fn options(verify: Verify) -> SledOptions {
    SledOptions { verify, group_spacing: std::time::Duration::ZERO, disk_free_min: 0, ..SledOptions::default() }
}

/// A closed store whose records were each changed twice.
async fn filled(folder: &Path) {
    let store = SledStore::open(folder, options(Verify::Always)).unwrap();
    for form in ["first", "second", "last"] {
        for from in (0..RECORDS).step_by(20) {
            let value = |number| if form == "last" { newest(number) } else { form.as_bytes().repeat(40) };
            store.commit((from..from + 20).map(|number| Op::put(key(number), value(number))).collect()).await.unwrap();
        }
    }
    store.close().await.unwrap();
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for file in fs::read_dir(from).unwrap() {
        let file = file.unwrap();
        let place = to.join(file.file_name());
        if file.file_type().unwrap().is_dir() {
            copy(&file.path(), &place)
        } else {
            fs::copy(file.path(), place).map(|_| ()).unwrap()
        }
    }
}

#[derive(Debug, PartialEq)]
enum Seen {
    AllNew,
    Quarantined,
}

/// Opens a spoiled folder and asks for everything; anything but the newest values or a quarantine is a failure.
async fn check(folder: &Path, what: &str) -> Seen {
    match SledStore::open(folder, options(Verify::Always)) {
        Ok(store) => {
            for number in 0..RECORDS {
                let entry = store.get(&key(number)).await.unwrap_or_else(|error| panic!("{what}: {error}"));
                assert_eq!(entry.map(|entry| entry.value.to_vec()), Some(newest(number)), "{what}: record {number}");
            }
            Seen::AllNew
        }
        Err(OpenError::Damaged { quarantined_to, folder, .. }) => {
            assert!(quarantined_to.join("db").exists() && !folder.exists(), "{what}: not moved aside");
            let fresh = SledStore::open(&folder, options(Verify::Always)).expect("a new store begins in its place");
            assert_eq!(fresh.get(&key(1)).await.unwrap(), None);
            Seen::Quarantined
        }
        Err(other) => panic!("{what}: {other}"),
    }
}

#[tokio::test]
async fn flipped_bits_and_cut_tails_are_never_answered_with_old_values() {
    let place = tempfile::tempdir().unwrap();
    let good = place.path().join("good");
    filled(&good).await;
    let length = fs::metadata(good.join("db")).unwrap().len() as usize;
    let untouched = place.path().join("untouched");
    copy(&good, &untouched);
    assert_eq!(check(&untouched, "untouched").await, Seen::AllNew);
    let mut seen = Vec::new();
    for trial in 0..24usize {
        let folder = place.path().join(format!("trial-{trial}"));
        copy(&good, &folder);
        let mut content = fs::read(folder.join("db")).unwrap();
        let what = if trial % 4 == 3 {
            content.truncate(length - 1 - trial * 5003 % (length / 2));
            format!("cut to {} of {length}", content.len())
        } else {
            // The log is written from the front and its end is padding, so that the front is aimed at more often.
            let at = trial * 7919 * 13 % (length / (1 + trial % 3));
            content[at] ^= 1 << (trial % 8);
            format!("bit at {at} of {length}")
        };
        fs::write(folder.join("db"), content).unwrap();
        let outcome = check(&folder, &what).await;
        println!("{what}: {outcome:?}");
        seen.push(outcome);
    }
    assert!(seen.contains(&Seen::Quarantined), "no trial did any damage");
}

/// Changes one stored record behind the store's back.
fn spoil(folder: &Path, number: u16, change: impl FnOnce(Option<Vec<u8>>) -> Option<Vec<u8>>) {
    let db = sled::open(folder).unwrap();
    let mut raw = vec![Tree::Number as u8];
    raw.extend(number.to_be_bytes());
    match change(db.get(&raw).unwrap().map(|value| value.to_vec())) {
        Some(value) => db.insert(raw, value).unwrap(),
        None => db.remove(raw).unwrap(),
    };
    db.flush().unwrap();
}

#[tokio::test]
async fn a_bad_checksum_is_named_on_every_read() {
    let place = tempfile::tempdir().unwrap();
    let folder = place.path().join("store");
    filled(&folder).await;
    spoil(&folder, 7, |value| {
        let mut value = value.unwrap();
        value[20] ^= 4;
        Some(value)
    });
    let store = SledStore::open(&folder, options(Verify::Never)).unwrap();
    let bad = |error: &StoreError| matches!(error, StoreError::BadValue { key: at, .. } if *at == key(7));
    let read = store.get(&key(7)).await.unwrap_err();
    assert!(bad(&read), "{read}");
    assert!(read.to_string().contains("number/0x0007"), "{read}");
    let scanned = store.scan(Tree::Number, &[], None, 100).await.unwrap_err();
    assert!(bad(&scanned), "{scanned}");
    let written = store.commit(vec![Op::put(key(8), vec![1]), Op::put(key(7), vec![1])]).await.unwrap_err();
    assert!(matches!(&written, CommitError::Store(error) if bad(error)), "{written}");
    assert_eq!(store.get(&key(8)).await.unwrap().unwrap().value, newest(8));
    store.close().await.unwrap();
    drop(store);
    assert_eq!(check(&folder, "a bad checksum").await, Seen::Quarantined);
}

#[tokio::test]
async fn a_record_that_is_gone_or_old_or_elsewhere_is_noticed_when_verified() {
    let place = tempfile::tempdir().unwrap();
    let good = place.path().join("good");
    let store = SledStore::open(&good, options(Verify::Always)).unwrap();
    store.commit(vec![Op::put(key(7), b"old".to_vec())]).await.unwrap();
    store.close().await.unwrap();
    drop(store);
    let mut old = None;
    spoil(&good, 7, |value| {
        old = value.clone();
        value
    });
    filled(&good).await;
    for (what, number, value) in [("gone", 7, None), ("old", 7, old.clone()), ("elsewhere", 9, old)] {
        let folder = place.path().join(what);
        copy(&good, &folder);
        spoil(&folder, number, |_| value);
        assert_eq!(check(&folder, what).await, Seen::Quarantined, "{what}");
    }
    assert_eq!(check(&good, "untouched").await, Seen::AllNew);
}

#[tokio::test]
async fn a_log_that_lost_its_end_is_noticed_by_the_witness() {
    let place = tempfile::tempdir().unwrap();
    let (folder, early) = (place.path().join("store"), place.path().join("early"));
    let store = SledStore::open(&folder, options(Verify::Never)).unwrap();
    store.commit(vec![Op::put(key(1), vec![1])]).await.unwrap();
    store.close().await.unwrap();
    drop(store);
    copy(&folder, &early);
    filled(&folder).await;
    fs::copy(folder.join("witness"), early.join("witness")).unwrap();
    let opened = SledStore::open(&early, options(Verify::Never)).err().expect("it is not opened");
    assert!(matches!(opened, OpenError::Damaged { .. }), "{opened}");
    assert!(opened.to_string().contains("was acknowledged"), "{opened}");
}

#[tokio::test]
async fn a_spoiled_letter_is_named_and_can_be_put_again() {
    let place = tempfile::tempdir().unwrap();
    let store = SledStore::open(&place.path().join("store"), options(Verify::Never)).unwrap();
    let id = store.put_blob(vec![5; 9000].into()).await.unwrap();
    let file = place.path().join("store/letters").join(id.to_string());
    fs::write(&file, vec![5; 8999]).unwrap();
    assert!(matches!(store.get_blob(id).await, Err(StoreError::BadBlob { .. })));
    store.put_blob(vec![5; 9000].into()).await.unwrap();
    assert_eq!(store.get_blob(id).await.unwrap().unwrap().len(), 9000);
}

#[tokio::test]
async fn a_second_daemon_is_told_that_the_folder_is_taken() {
    let place = tempfile::tempdir().unwrap();
    let first = SledStore::open(place.path(), options(Verify::Always)).unwrap();
    let second = SledStore::open(place.path(), options(Verify::Always)).err().expect("it is taken");
    assert!(matches!(second, OpenError::InUse { .. }), "{second}");
    assert!(second.to_string().contains("another daemon"), "{second}");
    first.commit(vec![Op::put(key(1), vec![1])]).await.expect("the first goes on");
}

#[tokio::test]
async fn values_at_the_cap_leave_no_unsynced_files_and_such_files_are_reported() {
    let place = tempfile::tempdir().unwrap();
    let folder = place.path().join("store");
    let store = SledStore::open(&folder, options(Verify::Always)).unwrap();
    for round in 0..40u16 {
        // Noise, with neighbours that share no prefix, and every record written over and over.
        let value =
            |number: u16| blake3::hash(&[round as u8, number as u8]).as_bytes().repeat(128)[..PAYLOAD_MAX].to_vec();
        let long = |number: u16| Key::new(Tree::Case, number.to_be_bytes().repeat(KEY_MAX / 2));
        store.commit((0..50).map(|number| Op::put(long(number * 1201), value(number))).collect()).await.unwrap();
    }
    let health = store.health();
    assert!(health.writer_idle_since.is_some() || health.writer_busy_since.is_some());
    store.close().await.unwrap();
    drop(store);
    assert_eq!(fs::read_dir(folder.join("blobs")).map_or(0, Iterator::count), 0);
    let store = SledStore::open(&folder, options(Verify::Always)).unwrap();
    assert!(!store.health().unsynced_files);
    fs::create_dir_all(folder.join("blobs")).unwrap();
    fs::write(folder.join("blobs/123456789"), b"x").unwrap();
    for round in 0..300u16 {
        store.commit(vec![Op::put(key(round), vec![1])]).await.unwrap();
    }
    assert!(store.health().unsynced_files, "the writer looks now and then");
}

/// A small file system of its own; taken away again at the end, even while a failed test still has files open there.
struct SmallDisk(PathBuf);

impl SmallDisk {
    /// `None`, with the reason printed, where mounting is not permitted.
    fn mount(at: &Path) -> Option<SmallDisk> {
        fs::create_dir_all(at).unwrap();
        match Command::new("mount").args(["-t", "tmpfs", "-o", "size=12m", "tmpfs"]).arg(at).output() {
            Ok(ran) if ran.status.success() => Some(SmallDisk(at.into())),
            Ok(ran) => {
                println!("skipped: mounting is not permitted here: {}", String::from_utf8_lossy(&ran.stderr));
                None
            }
            Err(error) => {
                println!("skipped: mount cannot be run here: {error}");
                None
            }
        }
    }

    fn enlarge(&self) {
        let ran = Command::new("mount").args(["-o", "remount,size=64m"]).arg(&self.0).status().unwrap();
        assert!(ran.success());
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(&self.0).status();
    }
}

async fn fill(store: &SledStore) -> (u16, CommitError) {
    for number in 0..20_000 {
        if let Err(error) = store.commit(vec![Op::put(key(number), vec![number as u8; 3000])]).await {
            return (number, error);
        }
    }
    panic!("the disk never filled up");
}

#[tokio::test]
async fn a_nearly_full_disk_is_refused_and_needs_no_restart() {
    let place = tempfile::tempdir().unwrap();
    let Some(disk) = SmallDisk::mount(&place.path().join("disk")) else { return };
    let reserve = SledOptions { disk_free_min: 4 << 20, ..options(Verify::Always) };
    let store = SledStore::open(&disk.0.join("store"), reserve).unwrap();
    let (number, error) = fill(&store).await;
    assert!(number > 100 && matches!(error, CommitError::DiskFull { .. }), "{number}: {error}");
    disk.enlarge();
    store.commit(vec![Op::put(key(number), vec![1])]).await.expect("it goes on by itself");
    store.close().await.unwrap();
}

#[tokio::test]
async fn a_full_disk_poisons_and_loses_nothing_acknowledged() {
    let place = tempfile::tempdir().unwrap();
    let Some(disk) = SmallDisk::mount(&place.path().join("disk")) else { return };
    let store = SledStore::open(&disk.0.join("store"), options(Verify::Always)).unwrap();
    let (number, error) = fill(&store).await;
    // Which of the two depends on whether the engine met the full disk in our write or in one of its own before it.
    let refused = matches!(error, CommitError::Unknown { .. } | CommitError::Poisoned { .. });
    assert!(number > 100 && refused, "{number}: {error}");
    let next = store.commit(vec![Op::put(key(0), vec![1])]).await.unwrap_err();
    assert!(matches!(next, CommitError::Poisoned { .. }), "{next}");
    assert!(store.health().poisoned.is_some());
    assert!(store.close().await.is_err(), "a poisoned store leaves no mark of a clean stop");
    drop(store);
    // A thread of the engine may still be leaving the failed write, and holds the file for so long.
    fs::File::open(disk.0.join("store/db")).unwrap().lock().unwrap();
    disk.enlarge();
    let store = SledStore::open(&disk.0.join("store"), options(Verify::Always)).unwrap();
    assert!(!store.opened_cleanly());
    for kept in 0..number {
        let entry = store.get(&key(kept)).await.unwrap();
        assert_eq!(entry.map(|entry| entry.value.to_vec()), Some(vec![kept as u8; 3000]), "{kept} of {number}");
    }
    println!("{number} commits were acknowledged before the disk was full");
}
