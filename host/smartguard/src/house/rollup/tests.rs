//! Whatever was rolled up, and wherever a crash came in between, a start finds the same.

pub mod world;

use super::super::calls::Tallies;
use super::super::hot::{Asked, Told};
use super::super::moody_store::{Mood, MoodyStore};
use super::super::record::{add_to_page, encode, page_key};
use super::super::recover;
use super::super::stored::pages;
use super::*;
use crate::desk::{Matched, OutcomeReport};
use crate::store::{MemoryStore, SledOptions, SledStore};
use numbers::{CalleeRecord, Carrier, Decision, Policy, Turn, Usage, Verdict};
use std::collections::BTreeMap;
use std::path::Path;
use std::time::Instant;
use world::*;

/// Everything that caps, callees, turns and evidence rest on.
#[derive(Debug, PartialEq)]
struct Dump {
    numbers: Vec<(u32, u32, u32, u64, Option<Moment>, Tallies)>,
    /// Calls of today to the callees of Verizon, by number.
    on_verizon: Vec<Option<u32>>,
    /// Calls of today and of the last hour, by owner.
    placed: Vec<(u32, u32)>,
    callees: Vec<CalleeRecord>,
    turns: Vec<BTreeMap<u16, Turn>>,
    verdicts: BTreeMap<u64, Option<Verdict>>,
    next_event: u64,
}

async fn dump(store: &Arc<dyn Store>, folder: &Path, seqs: u64) -> Dump {
    let Woken { hot, directory, next_record, next_event, .. } = wake(store, folder).await;
    assert!(next_record > seqs, "no sequence number is given twice");
    let policy = hot.policy.load();
    let calls = hot.calls.lock();
    Dump {
        numbers: (0..NUMBERS)
            .map(|n| {
                let tallies = calls.tallies(number(n));
                hot.with_usage(number(n), |usage| {
                    let (minute, hour, today) =
                        (usage.in_minute(NOW), usage.in_hour(NOW), usage.today(NOW, policy.base()));
                    (minute, hour, today, usage.shown_total(), usage.turn_ended_at(), tallies)
                })
            })
            .collect(),
        on_verizon: (0..NUMBERS)
            .map(|n| {
                let on = |usage: &mut Usage| usage.on(Carrier::Verizon).map(|on| on.today(NOW, policy.base()));
                hot.with_usage(number(n), on)
            })
            .collect(),
        placed: (0..OWNERS)
            .map(|n| directory.owner(&owner(n)).expect("an owner").counts())
            .map(|counts| (counts.today(NOW, policy.base()), counts.in_hour(NOW)))
            .collect(),
        callees: (0..CALLEES)
            .map(|n| hot.with_callee(callee(n), |callee| callee.clone()))
            .map(
                |callee| {
                    if callee.is_forgotten(NOW, policy.sticky_for_longest()) { CalleeRecord::default() } else { callee }
                },
            )
            .collect(),
        turns: (0..OWNERS).map(|n| directory.owner(&owner(n)).expect("an owner").turns()).collect(),
        verdicts: (0..seqs).filter_map(|seq| Some((seq, calls.by_seq(seq)?.verdict.clone()))).collect(),
        next_event,
    }
}

/// Asks for an owner, for a callee and a call of its own.
async fn ask(rooms: &Rooms, owner_n: u64, n: u64, now: Moment) -> Told {
    let asked = Asked {
        owner: rooms.directory.owner(&owner(owner_n)).expect("an owner"),
        campaign: None,
        call_id: format!("{owner_n}-{n}"),
        callee: E164::from_digits(13_125_550_000 + owner_n * 100 + n).expect("a number"),
        state: None,
        zip: None,
        carrier: None,
        now,
        tie_break: n,
        ranking: None,
    };
    rooms.hot.ask(asked).await.expect("an answer")
}

async fn pages_left(store: &Arc<dyn Store>) -> usize {
    pages(store.as_ref(), Tree::Event, &[PAGE_PREFIX], Some(&[PAGE_PREFIX + 1])).await.expect("pages").len()
}

/// The lines of all files of the archive, by their record, and how many lines there are.
fn archived(folder: &Path) -> (BTreeMap<u64, serde_json::Value>, usize) {
    let (mut lines, mut count) = (BTreeMap::new(), 0);
    for file in std::fs::read_dir(folder.join("archive")).into_iter().flatten() {
        let path = file.expect("a file").path();
        let text = std::fs::read_to_string(&path).expect("text");
        for line in text.lines() {
            let line: serde_json::Value = serde_json::from_str(line).expect("JSON");
            let day = line["at"].as_str().and_then(|at| at.get(..10)).expect("a time");
            assert!(path.display().to_string().contains(day), "{} holds {line}", path.display());
            let before = lines.insert(line["record"].as_u64().expect("a record"), line.clone());
            assert!(before.is_none_or(|before| before == line), "a line that comes again is the same");
            count += 1;
        }
    }
    (lines, count)
}

#[tokio::test]
async fn rolling_up_changes_nothing_wherever_a_crash_comes() {
    for seed in 1..=6 {
        let folder = tempfile::tempdir().expect("a folder");
        let moody = Arc::new(MoodyStore::new());
        let store: Arc<dyn Store> = moody.clone();
        let rooms = start(&store, folder.path()).await;
        furnish(&rooms, OWNERS, NUMBERS).await;
        rooms.keeper.stop().await;
        let records = records(seed, 1500);
        write(&store, &records).await;
        let seqs = records.len() as u64;
        let mut expected = dump(&store, folder.path(), seqs).await;
        assert!(expected.numbers.iter().all(|number| number.3 > 0) && !expected.verdicts.is_empty(), "seed {seed}");
        assert!(expected.callees.iter().any(|callee| callee.suppressed.is_some()), "seed {seed}");
        let before = pages_left(&store).await;

        let mut steps = 0;
        loop {
            // A process that dies between the archive and the commit: another one begins where the store says.
            let rooms = start(&store, folder.path()).await;
            moody.become_(Mood::Broken);
            let failed = rooms.roller.roll_up_some(NOW).await;
            moody.become_(Mood::Well);
            assert_eq!(dump(&store, folder.path(), seqs).await, expected, "seed {seed}, step {steps}, not committed");
            if matches!(failed, Ok(0)) {
                break;
            }
            failed.expect_err("the store is broken");
            rooms.keeper.stop().await;

            // Another policy may be in force while it is done than before and after.
            let rooms = start(&store, folder.path()).await;
            let policy = rooms.hot.policy.load().base().clone();
            let other = Policy {
                sticky_for: policy.sticky_for * 3,
                day_starts_at: Duration::from_secs(HOUR / 1000),
                ..policy.clone()
            };
            adopt(&rooms, other).await;
            assert!(rooms.roller.roll_up_some(NOW).await.expect("it rolls up") > 0);
            adopt(&rooms, policy).await;
            expected.next_event += 2;
            rooms.keeper.stop().await;
            assert_eq!(dump(&store, folder.path(), seqs).await, expected, "seed {seed}, step {steps}, committed");
            steps += 1;
        }
        assert!(steps > 1, "seed {seed}: one step is no crash in between");
        let left = pages_left(&store).await;
        assert!(left * 3 < before, "seed {seed}: a week of forty days is left: {left} of {before}");

        // Whatever left the store is in the archive, and what came twice is the same.
        let (lines, count) = archived(folder.path());
        // A page of some thirty records spans most of a day here, and goes when all of them may, views some hours later.
        let old = |record: &Record| NOW.since(record.at()) > KEEP + Duration::from_secs(36 * 60 * 60);
        for (seq, record) in records.iter().filter(|(_, record)| old(record)) {
            let call = !matches!(record, Record::Charged { .. } | Record::Settled { .. } | Record::Viewed(_));
            assert_eq!(lines.contains_key(seq), call, "seed {seed}: record {seq} {record:?}");
        }
        assert!(count > lines.len(), "seed {seed}: each step was tried twice");
        let call = lines.values().find(|line| line["line"] == "call").expect("a call");
        assert_eq!(call["right"]["declared_by"], "Ann", "{call}");

        let rooms = start(&store, folder.path()).await;
        let mut from = Some(Vec::new());
        while let Some(place) = from {
            from = rooms.roller.forget_some(&place, NOW).await.expect("it forgets");
        }
        rooms.keeper.stop().await;
        assert_eq!(dump(&store, folder.path(), seqs).await, expected, "seed {seed}, callees forgotten");
    }
}

#[tokio::test]
async fn a_commit_that_is_tried_again_adds_nothing_to_the_archive_twice() {
    let folder = tempfile::tempdir().expect("a folder");
    let moody = Arc::new(MoodyStore::new());
    let store: Arc<dyn Store> = moody.clone();
    let rooms = start(&store, folder.path()).await;
    furnish(&rooms, OWNERS, NUMBERS).await;
    write(&store, &records(1, 400)).await;
    moody.become_(Mood::Full);
    for _ in 0..3 {
        rooms.roller.roll_up_some(NOW).await.expect_err("the disk is full");
    }
    moody.become_(Mood::Well);
    while rooms.roller.roll_up_some(NOW).await.expect("there is room") > 0 {}
    let (lines, count) = archived(folder.path());
    assert_eq!(lines.len(), count);
}

#[tokio::test]
async fn the_daemon_does_it_by_itself() {
    let folder = tempfile::tempdir().expect("a folder");
    let store: Arc<dyn Store> = Arc::new(MemoryStore::new());
    let Rooms { roller, keeper, .. } = start(&store, folder.path()).await;
    let mut dice = Dice(5);
    let old = |seq, dice: &mut Dice| {
        let decided = decided(dice, now().before(KEEP + SLACK).plus(Duration::from_millis(seq)));
        (seq, Record::Decided(Box::new(decided)))
    };
    let records: Vec<_> = (1..=2_000).map(|seq| old(seq, &mut dice)).collect();
    write(&store, &records).await;
    let rolling = Rolling::start(Arc::new(roller));
    let rolled_up = async {
        while pages_left(&store).await > 0 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), rolled_up).await.expect("old calls go by themselves");
    rolling.stop().await;
    keeper.stop().await;
    assert_eq!(archived(folder.path()).0.len(), records.len());
    let found = recover::read(&store).await.expect("it reads");
    assert!(found.past.records.is_empty() && found.next_record > 2_000, "no sequence number is given twice");
}

#[tokio::test]
async fn it_stops_while_something_else_must_not_be_moved() {
    let folder = tempfile::tempdir().expect("a folder");
    let store: Arc<dyn Store> = Arc::new(MemoryStore::new());
    let roller = Arc::new(start(&store, folder.path()).await.roller);
    let export = roller.working.lock().await;
    Rolling::start(roller.clone()).stop().await;
    drop(export);
}

#[tokio::test]
async fn an_archive_that_cannot_be_written_is_said_and_loses_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let store: Arc<dyn Store> = Arc::new(MemoryStore::new());
    let rooms = start(&store, folder.path()).await;
    write(&store, &records(2, 400)).await;
    let (before, in_the_way) = (pages_left(&store).await, folder.path().join("archive"));
    std::fs::write(&in_the_way, "a file").expect("written");
    let refused = rooms.roller.do_some(&mut Forgetting::default(), NOW).await;
    rooms.roller.note(refused.err());
    {
        let trouble = rooms.roller.trouble.lock();
        let remedy = trouble.as_ref().expect("it is said").remedy(Path::new("/data"));
        assert!(remedy.contains(&in_the_way.display().to_string()), "{remedy}");
    }
    assert_eq!(pages_left(&store).await, before);
    std::fs::remove_file(&in_the_way).expect("removed");
    let done = rooms.roller.do_some(&mut Forgetting::default(), NOW).await;
    rooms.roller.note(done.err());
    assert!(rooms.roller.trouble.lock().is_none() && pages_left(&store).await < before);
}

#[tokio::test]
async fn a_report_of_a_call_that_is_gone_counts_nothing_twice_and_is_heard() {
    let folder = tempfile::tempdir().expect("a folder");
    let store: Arc<dyn Store> = Arc::new(MemoryStore::new());
    let rooms = start(&store, folder.path()).await;
    furnish(&rooms, 1, 30).await;
    // What its decision saw is kept a little longer than the decision has to be.
    let old = NOW.before(KEEP + super::super::seen::RECORDED_FOR + Duration::from_secs(60));
    let Told::Use { sealed, .. } = ask(&rooms, 0, 0, old).await else { panic!("a number is free") };
    rooms.hot.journal.settle().await.expect("durable");
    assert!(rooms.roller.roll_up_some(NOW).await.expect("it rolls up") > 0);
    rooms.keeper.stop().await;

    let Woken { hot, directory, replayed, .. } = wake(&store, folder.path()).await;
    assert_eq!(replayed, 0);
    let known = || (hot.calls.lock().tallies(sealed.number), hot.with_usage(sealed.number, |usage| usage.clone()));
    let before = known();
    assert_eq!(before.1.shown_total(), 1);
    let report = OutcomeReport { decision_id: Some(hot.keys.seal(&sealed)), sip_code: Some(607), ..Default::default() };
    let receipts = hot.report(vec![report], &directory, NOW).await.expect("taken");
    assert_eq!(receipts[0].matched, Matched::Orphan);
    assert_eq!(known(), before);
    let callee = hot.with_callee(sealed.callee, |callee| callee.clone());
    assert_eq!((callee.suppressed, callee.attempts_in(KEEP * 2, NOW)), (Some(NOW), 1), "a complaint is never too late");
}

#[tokio::test]
async fn pages_that_were_filled_at_the_same_time_are_added_up_in_order() {
    let folder = tempfile::tempdir().expect("a folder");
    let store: Arc<dyn Store> = Arc::new(MemoryStore::new());
    let rooms = start(&store, folder.path()).await;
    let mut dice = Dice(3);
    let record = |dice: &mut Dice, seq: u64| {
        let mut decided = decided(dice, NOW.before(KEEP * 2).plus(Duration::from_secs(seq)));
        decided.callee = callee(1);
        decided.decision = Decision::Use { number: number(seq), rung: None, sticky: false, attempts_left: 1 };
        (seq, Record::Decided(Box::new(decided)))
    };
    // The last page that one commit would take, and the one behind it.
    let last = PAGES_MAX as u64;
    let pages: Vec<Vec<u64>> = (1..last).map(|seq| vec![seq]).chain([vec![last, last + 2], vec![last + 1]]).collect();
    for seqs in pages {
        let mut page = Vec::new();
        for (seq, record) in seqs.iter().map(|seq| record(&mut dice, *seq)) {
            add_to_page(&mut page, &encode(seq, &record).expect("an encoding"));
        }
        store.commit(vec![Op::put(page_key(seqs[0]), page)]).await.expect("kept");
    }
    assert_eq!(rooms.roller.roll_up_some(NOW).await.expect("it rolls up"), PAGES_MAX - 1);
    assert_eq!(rooms.roller.roll_up_some(NOW).await.expect("it rolls up"), 2);
    let rolled = Rolled::all(store.as_ref()).await.expect("it reads");
    assert_eq!(rolled.callees[&callee(1)].sticky.map(|(number, _)| number), Some(number(last + 2)));
}

#[tokio::test]
async fn an_owner_whose_last_record_went_waits_for_the_disk_again() {
    let folder = tempfile::tempdir().expect("a folder");
    let store: Arc<dyn Store> = Arc::new(MemoryStore::new());
    let rooms = start(&store, folder.path()).await;
    furnish(&rooms, 2, 30).await;
    let waited = || rooms.hot.counts.waited_for_disk.load(std::sync::atomic::Ordering::Relaxed);
    let ask = async |owner_n: u64, n: u64, now: Moment| {
        let told = ask(&rooms, owner_n, n, now).await;
        assert!(matches!(told, Told::Use { .. }), "{told:?}");
    };
    let old = NOW.before(KEEP + KEEP);
    for n in 0..2 {
        ask(0, n, old).await;
        ask(1, n, old).await;
    }
    ask(1, 2, NOW.before(KEEP / 2)).await;
    assert_eq!(waited(), 2, "the first decision of each is the grant of its window");
    rooms.hot.journal.settle().await.expect("durable");
    while rooms.roller.roll_up_some(NOW).await.expect("it rolls up") > 0 {}
    ask(0, 5, NOW).await;
    ask(1, 5, NOW).await;
    assert_eq!(waited(), 3, "the idle one waits again, the other has a record left");
}

/// Prints how long a start takes with old calls, after they were rolled up, and with none.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn old_calls_do_not_slow_a_start_down() {
    const CALLS: u64 = 200_000;
    let folder = tempfile::tempdir().expect("a folder");
    let options = SledOptions { group_spacing: Duration::ZERO, ..SledOptions::default() };
    let open = |name: &str| -> Arc<dyn Store> {
        Arc::new(SledStore::open(&folder.path().join(name), options.clone()).expect("a store"))
    };
    let time_start = async |name: &str, folder: &Path| {
        let begun = Instant::now();
        let store = open(name);
        let opened = begun.elapsed();
        let woken = wake(&store, folder).await;
        println!("{name}: {} calls replayed; opened in {opened:?}, up in {:?}", woken.replayed, begun.elapsed());
        store.close().await.expect("closed");
        woken.replayed as u64
    };

    let store = open("with-old-calls");
    let rooms = start(&store, folder.path()).await;
    furnish(&rooms, 50, 600).await;
    let mut dice = Dice(9);
    let records: Vec<(u64, Record)> = (1..=CALLS)
        .map(|seq| {
            let mut decided =
                decided(&mut dice, NOW.before(Duration::from_secs(20 * 24 * 60 * 60)).plus(Duration::from_millis(seq)));
            decided.callee = callee(dice.below(20_000));
            (seq, Record::Decided(Box::new(decided)))
        })
        .collect();
    write(&store, &records).await;
    rooms.keeper.stop().await;
    store.close().await.expect("closed");
    drop((store, rooms));
    assert_eq!(time_start("with-old-calls", folder.path()).await, CALLS);

    let store = open("with-old-calls");
    let rooms = start(&store, folder.path()).await;
    let (begun, mut commits) = (Instant::now(), 0);
    while rooms.roller.roll_up_some(NOW).await.expect("it rolls up") > 0 {
        commits += 1;
    }
    println!("rolled up in {commits} commits, {:?}", begun.elapsed());
    rooms.keeper.stop().await;
    store.close().await.expect("closed");
    drop((store, rooms));
    assert_eq!(time_start("with-old-calls", folder.path()).await, 0, "nothing is left to replay");

    let elsewhere = tempfile::tempdir().expect("a folder");
    let store = open("empty");
    let rooms = start(&store, elsewhere.path()).await;
    furnish(&rooms, 50, 600).await;
    rooms.keeper.stop().await;
    store.close().await.expect("closed");
    drop((store, rooms));
    assert_eq!(time_start("empty", elsewhere.path()).await, 0);
}
