//! What was answered is answered again, whatever came in between; and what was not, is found.

use super::super::hot::{Asked, Told};
use super::super::keys::Sealed;
use super::super::record::{Decided, add_to_page, encode};
use super::super::rollup::tests::world::*;
use super::super::seen::RECORDED_FOR;
use super::judge::Judge;
use super::verify::Verifier;
use super::*;
use crate::desk::{JudgedView, OutcomeReport};
use crate::store::{MemoryStore, Op};
use numbers::policy::Patch;
use numbers::{
    Carrier, Decision, E164, Observation, Passed, Policies, Policy, Ranked, Ranking, Region, Rung, Scope, Source,
    Status, Strictness, What,
};
use std::path::Path;

const MINUTE: u64 = 60 * 1000;

/// A house whose owners are short of calls, so that every rung of the ladder is climbed.
async fn open_house(store: &Arc<dyn Store>, folder: &Path) -> Rooms {
    let rooms = start(store, folder).await;
    furnish(&rooms, OWNERS, 34).await;
    rooms
        .keeper
        .propose(What::NumbersBenched { numbers: vec![number(30), number(31)], by: "Ann".into() })
        .await
        .expect("it is taken");
    let policy = rooms.hot.policy.load().base().clone();
    adopt(&rooms, Policy { per_day_soft: 6, per_day_hard: 9, per_hour: 9, turn_calls: 3, turn_jitter: 1, ..policy })
        .await;
    rooms
}

async fn ask(rooms: &Rooms, owner_n: u64, n: u64, now: Moment) -> Told {
    let ranking = n.is_multiple_of(5).then(|| Ranking {
        ranker: "by_hand".into(),
        said: match n % 10 {
            0 => Ranked::Order { order: vec![number(n % 34), number(3)], reason: "a test".into() },
            _ => Ranked::FellBack { why: "too late".into() },
        },
    });
    // Some live abroad, some near, some far.
    let callee = [12_125_550_000, 13_125_550_000, 442_071_830_000, 19_175_550_000][n as usize % 4] + n % 150;
    let asked = Asked {
        owner: rooms.directory.owner(&owner(owner_n)).expect("an owner"),
        campaign: n.is_multiple_of(2).then(|| "spring".to_owned()),
        call_id: format!("{owner_n}-{n}"),
        callee: E164::from_digits(callee).expect("a number"),
        state: n.is_multiple_of(7).then(|| Region::parse("FL").expect("a state")),
        zip: None,
        carrier: [None, Some(Carrier::Verizon), Some(Carrier::Att)][n as usize % 3],
        now,
        tie_break: n.wrapping_mul(0x9e37_79b9_7f4a_7c15),
        ranking,
    };
    rooms.hot.ask(asked).await.expect("an answer")
}

/// Tells what became of a call that was shown.
async fn report(rooms: &Rooms, told: &Told, report: OutcomeReport, now: Moment) {
    let Told::Use { sealed, .. } = told else { return };
    let report = OutcomeReport { decision_id: Some(rooms.hot.keys.seal(sealed)), ..report };
    rooms.hot.report(vec![report], &rooms.directory, now).await.expect("taken");
}

fn not_placed() -> OutcomeReport {
    OutcomeReport { not_placed: true, ..OutcomeReport::default() }
}

fn unwanted() -> OutcomeReport {
    OutcomeReport { sip_code: Some(607), ..OutcomeReport::default() }
}

/// Calls of two days, with everything in between that changes what a decision sees.
async fn live(rooms: &Rooms, calls: u64, first: Moment) {
    let step = 2 * 24 * 60 * MINUTE / calls;
    for n in 0..calls {
        let now = Moment(first.0 + n * step);
        let told = ask(rooms, n % OWNERS, n, now).await;
        match n % 9 {
            0 => report(rooms, &told, not_placed(), now.plus(Duration::from_secs(5))).await,
            1 if n % 4 == 1 => report(rooms, &told, unwanted(), now.plus(Duration::from_secs(50))).await,
            _ => {}
        }
        if n == calls / 4 {
            // A decision that a crash took, and that its outcome brings back.
            let sealed =
                Sealed { seq: 1 << 40, at: now.before(Duration::from_secs(60)), number: number(25), callee: callee(1) };
            let told = Told::Use {
                sealed,
                number: number(25),
                reason: String::new(),
                attempts_left: 1,
                valid_until: now,
                calls_left: numbers::Pace::default(),
            };
            report(
                rooms,
                &told,
                OutcomeReport { dialstatus: Some("NOANSWER".into()), ..OutcomeReport::default() },
                now,
            )
            .await;
        }
        if n == calls / 3 {
            // The third owner alone calls on this carrier.
            flag(rooms, number(25)).await;
        }
        if n == calls / 2 {
            let policy = rooms.hot.policy.load().base().clone();
            let scopes = vec![(Scope::Campaign("spring".into()), Patch { per_hour: Some(3), ..Patch::default() })];
            rooms.keeper.propose(What::ScopesDrafted { scopes }).await.expect("it is taken");
            let policy = Policy {
                day_starts_at: Duration::from_secs(3 * 60 * 60),
                sticky_for: Duration::from_secs(60 * 60),
                locality: Strictness::Hard,
                user_per_hour: Some(9),
                carrier_per_day: Some(8),
                turn_for: Some(Duration::from_secs(20 * 60)),
                explore_permille: 150,
                ..policy
            };
            let revision = rooms.hot.policy.load().revision + 1;
            rooms.keeper.propose(What::PolicyAdopted { revision, policy, scopes: 1 }).await.expect("it is taken");
        }
    }
}

async fn flag(rooms: &Rooms, number: E164) {
    let observation = Observation {
        number,
        agency: "hiya".into(),
        carrier: Some(Carrier::Att),
        status: Status::Flagged,
        label: Some("Spam".into()),
        score: None,
        observed_at: NOW,
        cost_micros: 0,
    };
    let what = What::Observed {
        source: Source::Person("Ann".into()),
        adapter: None,
        asked: vec![number],
        observations: vec![observation],
    };
    rooms.keeper.propose(what).await.expect("it is taken");
}

async fn look_on<O: Onlooker>(rooms: &Rooms, store: &Arc<dyn Store>, onlooker: O) -> O {
    rooms.hot.journal.settle().await.expect("durable");
    show(store.as_ref(), rooms.hot.journal.sequence(), onlooker, |_, _| {}).await.expect("it reads")
}

async fn decisions(store: &Arc<dyn Store>) -> Vec<(u64, Decided)> {
    let mut walk = Walk::new(u64::MAX);
    let mut found = Vec::new();
    while let Some(records) = walk.next(store.as_ref()).await.expect("it reads") {
        found.extend(records.into_iter().filter_map(|(seq, record)| match record {
            Record::Decided(decided) => Some((seq, *decided)),
            _ => None,
        }));
    }
    found
}

#[track_caller]
fn all_the_same(verified: &Verifier, decisions: usize) {
    assert_eq!((verified.differ, verified.not_again.len()), (0, 0), "{verified:#?}");
    assert_eq!((verified.same, verified.decisions), (decisions as u64, decisions as u64), "{verified:#?}");
}

#[tokio::test]
async fn every_decision_is_answered_the_same_again() {
    let folder = tempfile::tempdir().expect("a folder");
    let store: Arc<dyn Store> = Arc::new(MemoryStore::new());
    let rooms = open_house(&store, folder.path()).await;
    live(&rooms, 900, NOW).await;
    let verified = look_on(&rooms, &store, Verifier::default()).await;
    all_the_same(&verified, 900);
    assert_eq!(verified.restored, 1);
    // It was a life in which everything came up that a decision rests on.
    let decisions = decisions(&store).await;
    let any = |what: &str, which: &dyn Fn(&Decided) -> bool| {
        assert!(decisions.iter().any(|(_, decided)| which(decided)), "no call came to this: {what}");
    };
    any("bench and reserve", &|decided| decided.views.shared.is_some());
    any("a hold", &|decided| matches!(decided.decision, Decision::Hold { .. }));
    any("the same number again", &|decided| matches!(decided.decision, Decision::Use { sticky: true, .. }));
    any("a number of the bench", &|decided| matches!(decided.decision, Decision::Use { rung: Some(Rung::Bench), .. }));
    any("the hard cap", &|decided| matches!(decided.decision, Decision::Use { rung: Some(Rung::HardCap), .. }));
    any("a flag", &|decided| decided.considered.iter().any(|(_, passed)| *passed == Passed::StandingExcludes));
    any("a ranker", &|decided| decided.considered.iter().any(|(_, passed)| *passed == Passed::RankedFirst));
    any("abroad", &|decided| decided.asked.prefix.is_none());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn calls_and_reports_at_the_same_time_stand_in_the_order_in_which_they_took_effect() {
    let folder = tempfile::tempdir().expect("a folder");
    let store: Arc<dyn Store> = Arc::new(MemoryStore::new());
    let rooms = Arc::new(open_house(&store, folder.path()).await);
    let at_once = (0..6u64).map(|task| {
        let rooms = rooms.clone();
        tokio::spawn(async move {
            for n in 0..120 {
                // All of one owner, to the same few callees, about the same numbers.
                let told = ask(&rooms, 1, task * 1000 + n, NOW.plus(Duration::from_secs(n))).await;
                report(&rooms, &told, not_placed(), NOW.plus(Duration::from_secs(n))).await;
            }
        })
    });
    futures_util::future::join_all(at_once).await.into_iter().for_each(|done| done.expect("it ends"));
    all_the_same(&look_on(&rooms, &store, Verifier::default()).await, 720);
}

#[tokio::test]
async fn what_was_rolled_up_takes_nothing_from_what_is_kept() {
    let folder = tempfile::tempdir().expect("a folder");
    let store: Arc<dyn Store> = Arc::new(MemoryStore::new());
    let rooms = open_house(&store, folder.path()).await;
    // Nobody publishes anything in these ten days, and still each decision names a view that is kept.
    let first = NOW.before(KEEP + Duration::from_secs(3 * 24 * 60 * 60));
    let hours = NOW.since(first).as_secs() / 3600;
    for hour in 0..hours {
        ask(&rooms, hour % OWNERS, hour, first.plus(Duration::from_secs(hour * 3600))).await;
    }
    rooms.hot.journal.settle().await.expect("durable");
    let before = decisions(&store).await.len();
    while rooms.roller.roll_up_some(NOW).await.expect("it rolls up") > 0 {}
    let left = decisions(&store).await;
    assert!(left.len() < before, "something was rolled up");
    let kept = left.iter().filter(|(_, decided)| decided.at >= NOW.before(KEEP)).count();
    let verified = look_on(&rooms, &store, Verifier { since: NOW.before(KEEP), ..Verifier::default() }).await;
    all_the_same(&verified, kept);
    assert!(RECORDED_FOR < KEEP);
}

#[tokio::test]
async fn an_answer_that_was_tampered_with_is_found() {
    let folder = tempfile::tempdir().expect("a folder");
    let store: Arc<dyn Store> = Arc::new(MemoryStore::new());
    let rooms = open_house(&store, folder.path()).await;
    live(&rooms, 60, NOW).await;
    rooms.hot.journal.settle().await.expect("durable");
    let (tampered, _) = decisions(&store).await[20];
    let pages = store.scan(Tree::Event, &[PAGE_PREFIX], Some(&[PAGE_PREFIX + 1]), 4096).await.expect("pages");
    for (key, _, page) in pages {
        let mut changed = Vec::new();
        for (seq, mut record) in read_page(&page).expect("a page") {
            if let (true, Record::Decided(decided)) = (seq == tampered, &mut record)
                && let Decision::Use { attempts_left, .. } = &mut decided.decision
            {
                *attempts_left += 1;
            }
            add_to_page(&mut changed, &encode(seq, &record).expect("an encoding"));
        }
        store.commit(vec![Op::put(Key::new(Tree::Event, key), changed)]).await.expect("kept");
    }
    let verified = look_on(&rooms, &store, Verifier::default()).await;
    let named: Vec<u64> = verified.first.iter().map(|difference| difference.record).collect();
    assert_eq!((verified.differ, named), (1, vec![tampered]), "{verified:#?}");
}

async fn judged(rooms: &Rooms, store: &Arc<dyn Store>, change: impl FnOnce(&mut Policy)) -> JudgedView {
    let in_force = rooms.hot.policy.load_full();
    let mut policy = in_force.base().clone();
    change(&mut policy);
    let policies = Policies::new(0, policy, in_force.scopes().clone());
    look_on(rooms, store, Judge::new(policies, Moment::ZERO)).await.view("new.toml".into())
}

#[tokio::test]
async fn another_policy_is_judged_by_the_calls_of_before() {
    let folder = tempfile::tempdir().expect("a folder");
    let store: Arc<dyn Store> = Arc::new(MemoryStore::new());
    let rooms = open_house(&store, folder.path()).await;
    for n in 0..450 {
        let now = NOW.plus(Duration::from_secs(n * 40));
        let told = ask(&rooms, n % OWNERS, n, now).await;
        if n % 6 == 0 {
            report(&rooms, &told, not_placed(), now).await;
        }
    }
    // Rankers are asked by nobody here.
    let same = judged(&rooms, &store, |policy| policy.ranker = Some("by_hand".into())).await;
    assert_eq!((same.calls, same.again, same.same), (450, 450, 450), "{same:#?}");
    assert_eq!(same.was, same.would_be);
    assert!(same.was.held > 0 && same.was.cap_touched > 0 && same.was.rungs.contains_key("bench"), "{same:#?}");

    let tight = judged(&rooms, &store, |policy| (policy.per_day_soft, policy.per_day_hard) = (1, 1)).await;
    assert!(tight.use_to_hold["caps_reached"] > 0 && tight.hold_to_use.is_empty(), "{tight:#?}");
    assert_eq!(tight.would_be.per_number_day_max, 1);
    assert!(tight.was.per_number_day_max > 1 && tight.would_be.shown < tight.was.shown, "{tight:#?}");
    let sum = tight.same + tight.other_number + tight.other_hold + tight.use_to_hold.values().sum::<u64>();
    assert_eq!(sum, tight.again);
    assert!(tight.unknown.iter().any(|said| said.contains("reports belong to calls")), "{tight:#?}");

    let loose = judged(&rooms, &store, |policy| {
        (policy.per_day_soft, policy.per_day_hard, policy.per_hour, policy.per_minute) = (100, 100, 100, 100);
    })
    .await;
    assert!(loose.hold_to_use.contains_key("caps_reached") && loose.would_be.shown > loose.was.shown, "{loose:#?}");
}
