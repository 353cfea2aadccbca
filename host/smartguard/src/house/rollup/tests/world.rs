//! A house that leaves forty days of calls behind.

use super::super::super::everything;
use super::super::super::journal::{Done, Journal};
use super::super::super::keeper::{self, KeeperParts};
use super::super::super::keys::Keys;
use super::super::super::record::{Asked, Counted, Decided, Joined, Lost, Reported, Unasked};
use super::super::super::recover;
use super::super::*;
use crate::house::begun::Begun;
use crate::house::seen::{SeenCandidate, SharedSeen, ViewOf, Viewed, Views};
use crate::house::shadow::Shadows;
use crate::store::MemoryStore;
use numbers::choose::From;
use numbers::outcome::{merge, normalise};
use numbers::policy::JURISDICTIONS;
use numbers::{
    CallReport, CalleeHash, Candidate, Carrier, Carriers, Decision, HoldClass, HoldReason, ImportedRow, Life, Passed,
    Policy, Ranked, Ranking, RightToUse, Rung, Service, Status, TurnChange, Verdict, What,
};
use numbers::{Exemption, Hours, Listed, Region, Zip};
use std::path::Path;

pub const NOW: Moment = Moment(1_800_000_000_000);
pub const HOUR: u64 = 60 * 60 * 1000;
pub const KEEP: Duration = Duration::from_secs(7 * 24 * 60 * 60);

pub fn number(n: u64) -> E164 {
    E164::from_digits(12_125_550_000 + n).expect("a number")
}

pub fn callee(n: u64) -> CalleeHash {
    let mut hash = [7; 16];
    hash[..8].copy_from_slice(&n.to_be_bytes());
    CalleeHash(hash)
}

pub fn owner(n: u64) -> OwnerId {
    if n == 0 { OwnerId::Campaign("autumn".into()) } else { OwnerId::User(format!("user-{n}")) }
}

/// A running house as far as rolling up needs one.
pub struct Rooms {
    pub roller: Roller,
    pub hot: Arc<Hot>,
    pub directory: Arc<Directory>,
    pub keeper: KeeperHandle,
}

/// Starts on a store that holds what `recover` finds there.
pub async fn start(store: &Arc<dyn Store>, folder: &Path) -> Rooms {
    let found = recover::read(store).await.expect("it reads");
    let keys = Keys::of_store(store, &folder.join("key")).await.expect("a key");
    let (journal, _writer) = Journal::start(store.clone(), found.next_record);
    let draws = tokio::sync::mpsc::unbounded_channel().0;
    let policy = found.state.policies.clone();
    let (hot, directory) = (
        Arc::new(Hot::new(keys, journal, policy, draws, Begun::new().0, Shadows::new().0)),
        Arc::new(Directory::default()),
    );
    let (keeper, _keeping) = keeper::start(KeeperParts {
        state: found.state,
        store: store.clone(),
        hot: hot.clone(),
        directory: directory.clone(),
        schedule: Default::default(),
        commands: tokio::sync::mpsc::unbounded_channel().0,
        next_event: found.next_event,
    });
    let archive = Archive { folder: folder.join("archive") };
    let roller = Roller::new((store.clone(), keeper.clone()), (hot.clone(), directory.clone()), Some(archive), KEEP);
    Rooms { roller, hot, directory, keeper }
}

/// Adds a business with owners whose pools are full.
pub async fn furnish(rooms: &Rooms, owners: u64, numbers: u64) {
    let business = serde_json::from_value(serde_json::json!({
        "id": "acme", "legal_name": "Acme LLC", "relation": "self", "use_case": "reminders", "calls_per_month": 1000,
        "originating_providers": ["Example Telecom"],
        "address": { "line1": "1 Main St", "city": "Dayton", "state": "OH", "zip": "45402" },
        "contact": { "name": "Ann", "email": "ann@acme.example", "phone": "+19375550100" },
    }));
    let say = async |what| rooms.keeper.propose(what).await.expect("it is taken");
    // Calls are made at any hour, because hours are not what these tests are about.
    let exemption = Exemption { rule: JURISDICTIONS.into(), because: "a test".into(), by: "nobody".into() };
    let (calling_hours, exemptions) = (Hours::ALWAYS, vec![exemption]);
    let policy = Policy { attempts_per_30d: 30, calling_hours, exemptions, ..Policy::default() };
    adopt(rooms, policy).await;
    say(What::BusinessAdded(business.expect("a business"))).await;
    let all: Vec<u64> = (0..numbers).collect();
    for some in all.chunks(numbers::event::IMPORT_ROWS_MAX) {
        let rows = some
            .iter()
            .map(|n| ImportedRow {
                number: number(*n),
                service: Service::InService { since: Moment(1) },
                right: RightToUse::Declared { by: "Ann".into(), at: Moment(1), letter: None },
                callback_route: None,
            })
            .collect();
        say(What::NumbersImported { business: "acme".into(), by: "Ann".into(), rows }).await;
    }
    for n in 0..owners {
        say(What::OwnerAdded { id: owner(n), business: "acme".into(), pool_size: None }).await;
    }
}

/// Puts a policy in force.
pub async fn adopt(rooms: &Rooms, policy: Policy) {
    let revision = rooms.hot.policy.load().revision + 1;
    rooms.keeper.propose(What::PolicyAdopted { revision, policy, scopes: 0 }).await.expect("it is taken");
}

/// What a start on this store has in its hands, before it does anything.
pub struct Woken {
    pub hot: Hot,
    pub directory: Directory,
    pub next_record: u64,
    pub next_event: u64,
    /// Decisions that were replayed one by one.
    pub replayed: usize,
}

pub async fn wake(store: &Arc<dyn Store>, folder: &Path) -> Woken {
    let found = recover::read(store).await.expect("it reads");
    let keys = Keys::of_store(store, &folder.join("key")).await.expect("a key");
    // What a start records goes to another store, so that looking changes nothing.
    let (journal, _writer) = Journal::start(Arc::new(MemoryStore::new()), found.next_record);
    let policy = found.state.policies.clone();
    let hot =
        Hot::new(keys, journal, policy, tokio::sync::mpsc::unbounded_channel().0, Begun::new().0, Shadows::new().0);
    let directory = Directory::default();
    directory.publish(&found.state, &everything(&found.state), NOW);
    let replayed = found.past.records.iter().filter(|(_, record)| matches!(record, Record::Decided(_))).count();
    recover::replay(&hot, &directory, found.past, true, NOW).await.expect("it replays");
    Woken { hot, directory, next_record: found.next_record, next_event: found.next_event, replayed }
}

pub const NUMBERS: u64 = 12;
pub const CALLEES: u64 = 40;
pub const OWNERS: u64 = 3;

/// Figures that look drawn by chance and are the same in every run.
pub struct Dice(pub u64);

impl Dice {
    pub fn below(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % sides
    }
}

pub fn decided(dice: &mut Dice, at: Moment) -> Decided {
    let decision = match dice.below(8) {
        0 => {
            Decision::Hold { class: HoldClass::Time, reason: HoldReason::TurnGap, retry_after: Duration::from_secs(9) }
        }
        _ => Decision::Use {
            number: number(dice.below(NUMBERS)),
            rung: (dice.below(5) == 0).then_some(Rung::EndTurnEarly),
            sticky: dice.below(3) == 0,
            attempts_left: 2,
        },
    };
    Decided {
        at,
        owner: owner(dice.below(OWNERS)),
        call: dice.below(1 << 30),
        callee: callee(dice.below(CALLEES)),
        asked: Asked {
            prefix: Some(1_312_555),
            state: (dice.below(2) == 0).then(|| Region::parse("FL").expect("a state")),
            zip: (dice.below(2) == 0).then(|| Zip::parse("33101").expect("a ZIP code")),
            campaign: (dice.below(2) == 0).then(|| "spring".to_owned()),
            tie_break: dice.below(1 << 60),
            listed: Listed { national: true, state: Region::parse("FL").ok(), own: false },
        },
        carrier: [None, Some(Carrier::Att), Some(Carrier::Verizon)][dice.below(3) as usize],
        decision,
        from: From::Pool,
        turn: match dice.below(3) {
            0 => {
                TurnChange::Begin { length: 5, until: (dice.below(2) == 0).then(|| at.plus(Duration::from_secs(600))) }
            }
            1 => TurnChange::Continue,
            _ => TurnChange::None,
        },
        bucket: dice.below(4) as u16,
        valid_until: at.plus(Duration::from_secs(120)),
        considered: (0..10).map(|n| (number(n), Passed::OutOfTurn)).collect(),
        rungs: Vec::new(),
        propensity_ppm: 1_000_000,
        counted: Counted { by_carrier: dice.below(2) == 0, by_user: dice.below(2) == 0 },
        policy_revision: 1,
        views: Views { pool: 1, shared: at.0.is_multiple_of(3).then_some(SharedSeen { view: 2, open: 5 }) },
        ranking: (dice.below(4) == 0).then(|| Ranking {
            ranker: "answered_first".to_owned(),
            said: Ranked::Order { order: vec![number(1), number(0)], reason: "answered most often first".to_owned() },
        }),
    }
}

pub fn verdict(dice: &mut Dice) -> Option<Verdict> {
    let report = match dice.below(6) {
        0 => CallReport { sip_code: Some(607), ..CallReport::default() },
        1 => CallReport { not_placed: true, ..CallReport::default() },
        2 => CallReport { sip_code: Some(486), sip_reason: Some("Busy Here".into()), ..CallReport::default() },
        3 => CallReport { disposition: Some("SALE".into()), talk_s: Some(95), ..CallReport::default() },
        4 => CallReport { dialstatus: Some("NOANSWER".into()), ..CallReport::default() },
        _ => CallReport { talk_s: Some(3), dialstatus: Some("ANSWER".into()), ..CallReport::default() },
    };
    normalise(&report)
}

fn viewed(seq: u64, at: Moment) -> Viewed {
    let of = match seq % 4 {
        0 => ViewOf::Pool { owner: owner(seq % OWNERS), business: "acme".into(), lacks: 1, filled: true },
        _ => ViewOf::Shared { business: "acme".into(), bench: 1, swaps_left: 2 },
    };
    let candidate = |n| Candidate {
        known: n == 0,
        status: [Status::MixedLow; 8],
        excluded: Carriers::NONE.with(Carrier::Verizon),
        ramp_since: (n == 1).then_some(at),
        grace_until: (n == 1).then_some(at),
        ..Candidate::good(number(n), Life::AtRisk)
    };
    let candidates = (0..2).map(|n| SeenCandidate::from(&candidate(n))).collect();
    Viewed { at, view: seq, of, candidates, last: true }
}

fn reported(reported: Reported) -> Record {
    Record::Reported(Box::new(reported))
}

/// Records of forty days, as a busy daemon would leave them: calls, reports that correct each other, kills and restarts.
pub fn records(seed: u64, count: u64) -> Vec<(u64, Record)> {
    let mut dice = Dice(seed);
    let mut open: Vec<Joined> = Vec::new();
    let mut records = Vec::new();
    for seq in 1..=count {
        // The last one is an hour ago.
        let at = Moment(NOW.0 - HOUR - (count - seq) * (40 * 24 * HOUR / count));
        open.retain(|call| at.since(call.at) < Duration::from_secs(40 * 60 * 60));
        let record = match dice.below(20) {
            0 => Record::Charged {
                owner: owner(dice.below(OWNERS)),
                numbers: (0..NUMBERS / 2).map(number).collect(),
                lost: Lost { at, calls: 8, counted: Counted { by_carrier: true, by_user: dice.below(2) == 0 } },
            },
            1 if seq % 2 == 0 => Record::Viewed(Box::new(viewed(seq, at))),
            1 => Record::Settled { at },
            2 => {
                // A seal of a decision that a crash took; nobody else has its number.
                let (seq, number, callee) = (seq + (1 << 40), number(dice.below(NUMBERS)), callee(dice.below(CALLEES)));
                open.push(Joined { seq, at, number, callee, carrier: None, before: None });
                Record::Restored { seq, at, number, callee }
            }
            3 => reported(Reported {
                at,
                call: None,
                callee: Some(callee(dice.below(CALLEES))),
                verdict: verdict(&mut dice).filter(|_| dice.below(10) == 0),
                unasked: (seq % 3 == 0).then_some(Unasked { at: at.before(Duration::from_secs(60)), call: seq }),
            }),
            4..=9 if !open.is_empty() => {
                let place = dice.below(open.len() as u64) as usize;
                let call = open[place].clone();
                let said = verdict(&mut dice);
                if let Some(said) = &said {
                    let known = call.before.as_ref().map_or_else(|| said.clone(), |before| merge(before, said));
                    open[place].before = Some(known);
                }
                reported(Reported { at, call: Some(call), callee: None, verdict: said, unasked: None })
            }
            _ => {
                let decided = decided(&mut dice, at);
                if let Decision::Use { number, .. } = decided.decision {
                    let Decided { callee, carrier, .. } = decided;
                    open.push(Joined { seq, at, number, callee, carrier, before: None });
                }
                Record::Decided(Box::new(decided))
            }
        };
        records.push((seq, record));
    }
    records
}

pub async fn write(store: &Arc<dyn Store>, records: &[(u64, Record)]) {
    let (journal, _writer) = Journal::start(store.clone(), 1);
    for records in records.chunks(1000) {
        for (seq, record) in records {
            journal.append(*seq, record, Done::Nobody).expect("taken");
        }
        journal.settle().await.expect("durable");
    }
}
