//! An export holds everything, an import brings everything back, and a file that was touched changes nothing.

use numbers::Moment;
use smartguard::store::export::{
    ExportError, Progress, export, exports, import, keep_newest, made_at, place_in, verify, write_to,
};
use smartguard::store::*;
use std::io::Cursor;
use std::time::Duration;

async fn all(store: &dyn Store) -> Vec<(Tree, Vec<u8>, Vec<u8>)> {
    let mut found = Vec::new();
    for tree in Tree::ALL {
        for (key, _, value) in store.scan(tree, &[], None, SCAN_MAX).await.unwrap() {
            found.push((tree, key, value.to_vec()));
        }
    }
    for id in store.blobs(None, SCAN_MAX).await.unwrap() {
        found.push((Tree::Meta, id.0.to_vec(), store.get_blob(id).await.unwrap().unwrap().to_vec()));
    }
    found
}

async fn filled() -> MemoryStore {
    let store = MemoryStore::new();
    for tree in Tree::ALL.into_iter().filter(|tree| *tree != Tree::Job) {
        let ops = (0..150u8).map(|n| Op::put(Key::new(tree, [n, tree as u8]), vec![n; usize::from(n) * 9])).collect();
        store.commit(ops).await.unwrap();
    }
    let job = NewJob { queue: Queue(2), id: b"again".to_vec(), due: Moment(5), payload: b"work".to_vec() };
    store.commit(vec![Op::Enqueue(job), Op::put(Key::new(Tree::Meta, []), vec![])]).await.unwrap();
    for size in [0, 1, 32 * 1024, 100_000] {
        store.put_blob(vec![9; size].into()).await.unwrap();
    }
    store
}

async fn exported(store: &dyn Store) -> (Vec<u8>, Progress) {
    let mut file = Vec::new();
    let done = export(store, &mut file, &mut |_| {}).await.unwrap();
    (file, done)
}

#[tokio::test]
async fn an_import_into_each_engine_brings_everything_back() {
    let store = filled().await;
    let (file, done) = exported(&store).await;
    assert_eq!((done.records, done.blobs), (11 * 150 + 1 + 2, 4));
    assert_eq!(done.commit_begun, done.commit_ended);
    let place = tempfile::tempdir().unwrap();
    let engines: [Box<dyn Store>; 2] = [
        Box::new(MemoryStore::new()),
        Box::new(SledStore::open(&place.path().join("store"), SledOptions::default()).unwrap()),
    ];
    for engine in engines {
        let mut told = Vec::new();
        let brought = import(&*engine, &mut Cursor::new(&file), &mut |progress| told.push(progress)).await.unwrap();
        assert_eq!(brought, done);
        assert_eq!(told.last(), Some(&done));
        assert!(all(&*engine).await == all(&store).await, "{} differs", engine.caps().engine);
        let jobs = engine.take_jobs(Queue(2), Moment(5), 9, Duration::from_secs(1)).await.unwrap();
        assert_eq!((jobs.len(), jobs[0].payload.as_slice()), (1, b"work".as_slice()));
        let twice = import(&*engine, &mut Cursor::new(&file), &mut |_| {}).await;
        assert!(matches!(twice, Err(ExportError::NotEmpty)), "{twice:?}");
        engine.close().await.unwrap();
    }
    let again =
        SledStore::open(&place.path().join("store"), SledOptions { verify: Verify::Always, ..SledOptions::default() });
    assert!(again.unwrap().opened_cleanly());
}

#[tokio::test]
async fn a_file_that_was_touched_is_refused_whole() {
    let (file, done) = exported(&filled().await).await;
    assert_eq!(verify(&mut Cursor::new(&file)).unwrap(), done);
    let lines: Vec<&[u8]> = file.split_inclusive(|byte| *byte == b'\n').collect();
    let join = |lines: &[&[u8]]| lines.concat();
    let mut changed = file.clone();
    let digit = file.len() / 2;
    changed[digit] = if changed[digit] == b'1' { b'2' } else { b'1' };
    let mut swapped = lines.clone();
    swapped.swap(5, 6);
    let without = |at: usize| join(&[&lines[..at], &lines[at + 1..]].concat());
    for (what, file) in [
        ("one digit", changed),
        ("two lines swapped", join(&swapped)),
        ("without the header", without(0)),
        ("without a record", without(9)),
        ("without the trailer", without(lines.len() - 1)),
        ("cut", file[..file.len() * 2 / 3].to_vec()),
        ("twice", [file.clone(), file.clone()].concat()),
        ("empty", Vec::new()),
        ("no export at all", vec![b'x'; 1 << 20]),
    ] {
        let store = MemoryStore::new();
        let refused = import(&store, &mut Cursor::new(file), &mut |_| {}).await;
        assert!(matches!(refused, Err(ExportError::Line { .. })), "{what}: {refused:?}");
        assert_eq!((all(&store).await, store.committed()), (Vec::new(), CommitSeq(0)), "{what}");
    }
}

#[tokio::test]
async fn an_import_that_was_cut_short_is_not_mistaken_for_a_store() {
    let place = tempfile::tempdir().unwrap();
    let store = SledStore::open(&place.path().join("store"), SledOptions::default()).unwrap();
    // The second reading breaks off in the middle, as it would when the disk with the export goes away.
    let (file, _) = exported(&filled().await).await;
    let mut source = BreaksOnSecondReading { file: Cursor::new(file), readings: 0 };
    let broken = import(&store, &mut source, &mut |_| {}).await;
    assert!(matches!(broken, Err(ExportError::Read(_))), "{broken:?}");
    store.close().await.unwrap();
    drop(store);
    let opened = SledStore::open(&place.path().join("store"), SledOptions::default()).err();
    assert!(matches!(opened, Some(OpenError::ImportUnfinished { .. })), "{opened:?}");
}

struct BreaksOnSecondReading {
    file: Cursor<Vec<u8>>,
    readings: u32,
}

impl std::io::Read for BreaksOnSecondReading {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        self.file.read(buffer)
    }
}

impl std::io::BufRead for BreaksOnSecondReading {
    fn fill_buf(&mut self) -> std::io::Result<&[u8]> {
        if self.readings == 2 && self.file.position() > 300_000 {
            return Err(std::io::Error::other("the disk went away"));
        }
        self.file.fill_buf()
    }

    fn consume(&mut self, amount: usize) {
        self.file.consume(amount);
    }
}

impl std::io::Seek for BreaksOnSecondReading {
    fn seek(&mut self, to: std::io::SeekFrom) -> std::io::Result<u64> {
        self.readings += 1;
        self.file.seek(to)
    }
}

#[tokio::test]
async fn scheduled_exports_keep_the_newest() {
    let place = tempfile::tempdir().unwrap();
    let store = filled().await;
    std::fs::write(place.path().join("notes.txt"), "not ours").unwrap();
    let mut last = None;
    for hour in [9u64, 10, 99, 100, 1000] {
        let now = Moment::from_seconds(hour * 3600);
        let to = place_in(place.path(), now);
        assert_eq!(made_at(&to), Some(now));
        write_to(&to, async |out| export(&store, out, &mut |_| {}).await).await.unwrap();
        keep_newest(place.path(), 3).unwrap();
        last = Some(to);
    }
    let failed = place_in(place.path(), Moment::from_seconds(9_000_000));
    let broken = write_to(&failed, async |_| Err(ExportError::NotEmpty)).await;
    assert!(broken.is_err(), "what could not be written whole");
    let kept = exports(place.path()).unwrap();
    assert_eq!((kept.len(), kept.last()), (3, last.as_ref()));
    let mut newest = std::io::BufReader::new(std::fs::File::open(&kept[2]).unwrap());
    assert_eq!(verify(&mut newest).unwrap().blobs, 4);
    assert_eq!(std::fs::read_dir(place.path()).unwrap().count(), 4, "three exports, the notes, nothing half-written");
}
