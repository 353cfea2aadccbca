//! The path of a call: decides in the door's own thread, under the lock of the pool's owner.
//!
//! Reads what the keeper published (which numbers may be shown) and owns what changes with every call:
//! usage, turns, callees, the decisions that may be asked for again, and the calls that wait for an outcome.
//! It never waits for the keeper, an adapter or an agency; only a decision that may not run ahead waits for the disk.

mod asked;
mod looks;
mod past;

pub use asked::Asked;

pub use looks::Open;

use super::begun::Begun;
use super::calls::{Call, Calls};
use super::do_not_call::Listing;
use super::journal::{Done, Journal, JournalError};
use super::keys::{Keys, Sealed};
use super::plan::BusinessPace;
use super::record::{self, Counted, Decided, Record};
use super::seen::{Recorded, SharedSeen, ViewOf, Views, open};
use super::shadow::{Shadowed, Shadows, SharedAsked};
use arc_swap::ArcSwap;
use numbers::choose::{self, From};
use numbers::pace::pace;
use numbers::{
    CalleeHash, CalleeRecord, Candidate, Carrier, Counts as CallCounts, Decision, Drawn, Durability, E164, HoldClass,
    Moment, OwnerId, OwnerUsage, Pace, Policies, Policy, Pool, Question, Ranking, Room, Rung, Turn, Usage,
};
use parking_lot::Mutex;
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Answers that may run ahead of the disk for one owner. After an unclean stop each number it could have used is charged so many calls.
pub const WINDOW: u64 = 8;
/// Tables that every call touches are cut into so many parts, each under its own lock.
const PARTS: usize = 64;

/// What the keeper says may be shown for one owner.
#[derive(Debug, Default)]
pub struct OwnerView {
    pub candidates: Vec<Candidate>,
    /// What it may take from the reserve.
    pub room: Room,
    recorded: Recorded,
}

/// Numbers that several owners of one business may draw on.
#[derive(Debug, Default)]
pub struct SharedView {
    pub bench: Vec<Candidate>,
    pub reserve: Vec<Candidate>,
    /// Numbers that may be shown for the first time in the place of others.
    pub swaps_left: usize,
    recorded: Recorded,
}

impl OwnerView {
    pub fn new(candidates: Vec<Candidate>, room: Room) -> OwnerView {
        OwnerView { candidates, room, recorded: Recorded::default() }
    }
}

impl SharedView {
    pub fn new(bench: Vec<Candidate>, reserve: Vec<Candidate>, swaps_left: usize) -> SharedView {
        SharedView { bench, reserve, swaps_left, recorded: Recorded::default() }
    }
}

/// Whether decisions see the same, wherever it was recorded.
impl PartialEq for OwnerView {
    fn eq(&self, other: &OwnerView) -> bool {
        (&self.candidates, self.room) == (&other.candidates, other.room)
    }
}

impl PartialEq for SharedView {
    fn eq(&self, other: &SharedView) -> bool {
        (&self.bench, &self.reserve, self.swaps_left) == (&other.bench, &other.reserve, other.swaps_left)
    }
}

/// One owner on the path of a call.
pub struct OwnerCell {
    pub id: OwnerId,
    pub business: Arc<BusinessCell>,
    pub view: ArcSwap<OwnerView>,
    hot: Mutex<OwnerHot>,
    /// Answers that left before their record was durable.
    ahead: Arc<AtomicU64>,
}

/// What all owners of a business share.
pub struct BusinessCell {
    pub id: String,
    pub view: ArcSwap<SharedView>,
    pub pace: BusinessPace,
    /// Held while a number of the bench or the reserve is decided on. Taken after the owner's lock, never before it.
    drawing: Mutex<Drawing>,
}

/// Numbers of the reserve that were drawn and that the keeper has not yet moved.
type Drawing = HashMap<E164, DrawnBy>;

struct DrawnBy {
    owner: OwnerId,
    /// It was in service before.
    known: bool,
}

#[derive(Default)]
struct OwnerHot {
    usage: OwnerUsage,
    /// Decisions that may be asked for again, by the hash of their call id.
    recent: HashMap<u64, Recent>,
    /// Those past their time are swept out when there are so many.
    sweep_at: usize,
    /// Whether this owner has a durable decision of this run. The first one waits for the disk and is the grant of the window.
    granted: bool,
    /// When it last showed a number.
    shown_at: Moment,
}

#[derive(Clone)]
struct Recent {
    until: Moment,
    callee: CalleeHash,
    told: Told,
    /// The first answer waited for the disk, so every repetition does.
    after_sync: bool,
}

/// What an answer has to wait for before it may leave.
enum Wait {
    Nothing,
    /// Its own record.
    Record(tokio::sync::oneshot::Receiver<()>),
    /// Everything that was recorded before it.
    Before,
}

/// What the door is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Told {
    Use { number: E164, sealed: Sealed, reason: String, attempts_left: u32, valid_until: Moment, calls_left: Pace },
    Hold { class: HoldClass, reason: String, retry_after_s: u64, calls_left: Pace },
}

/// What the keeper is told of a decision.
#[derive(Clone, Debug)]
pub enum ForKeeper {
    /// A number was taken from the reserve.
    Drawn { owner: OwnerId, number: E164 },
    /// A number was shown so often in all, and pauses by volume.
    Volume { number: E164, shown_total: u64 },
}

/// What is remembered of callees, or a part of it.
pub type Callees = HashMap<CalleeHash, CalleeRecord>;

/// All that changes with calls.
pub struct Hot {
    pub keys: Keys,
    pub journal: Journal,
    pub policy: ArcSwap<Policies>,
    /// Who stands on which do-not-call list.
    pub do_not_call: ArcSwap<Listing>,
    pub calls: Mutex<Calls>,
    usage: Vec<Mutex<HashMap<E164, Usage>>>,
    callees: Vec<Mutex<Callees>>,
    for_keeper: tokio::sync::mpsc::UnboundedSender<ForKeeper>,
    pub counts: Counts,
    /// Who wants to know of calls that begin.
    pub begun: Arc<Begun>,
    /// Policies that are asked what they would have answered.
    pub shadows: Arc<Shadows>,
}

/// Counters for the metrics page.
#[derive(Debug, Default)]
pub struct Counts {
    pub used: AtomicU64,
    pub held: AtomicU64,
    pub repeated: AtomicU64,
    pub waited_for_disk: AtomicU64,
    pub outcomes: AtomicU64,
    pub orphans: AtomicU64,
    /// Decisions for which a ranker gave the order, and those for which it should have.
    pub ranked: AtomicU64,
    pub ranking_fell_back: AtomicU64,
    /// Asks that named the callee's carrier, by its index.
    pub carriers: [AtomicU64; Carrier::ALL.len()],
}

impl OwnerCell {
    pub fn new(id: OwnerId, business: Arc<BusinessCell>) -> OwnerCell {
        OwnerCell { id, business, view: ArcSwap::default(), hot: Mutex::default(), ahead: Arc::default() }
    }

    /// The record that granted the window is about to go, unless a number was shown since this moment. Without it a crash
    /// would not know whom to charge, so the next decision waits for the disk again.
    pub fn end_grant_of_before(&self, since: Moment) {
        let mut hot = self.hot.lock();
        hot.granted &= hot.shown_at >= since;
    }

    /// The turns as they stand.
    #[cfg(test)]
    pub fn turns(&self) -> numbers::Turns {
        self.hot.lock().usage.turns.clone()
    }

    /// The calls that it has placed.
    #[cfg(test)]
    pub fn counts(&self) -> CallCounts {
        self.hot.lock().usage.counts.clone()
    }

    /// Takes in a turn of before.
    pub fn begin_with_turn(&self, bucket: u16, turn: Turn) {
        self.hot.lock().usage.turns.insert(bucket, turn);
    }

    /// Counts calls that may have been placed in the window lost to an unclean stop.
    pub fn charge(&self, at: Moment, calls: u32, policy: &Policy) {
        self.hot.lock().usage.counts.count(at, calls, policy);
    }

    /// Takes in what it has placed before.
    pub fn begin_with_counts(&self, counts: CallCounts) {
        self.hot.lock().usage.counts = counts;
    }
}

impl BusinessCell {
    pub fn new(id: String) -> BusinessCell {
        BusinessCell { id, view: ArcSwap::default(), pace: BusinessPace::default(), drawing: Mutex::default() }
    }

    /// The keeper has moved the number; it may be drawn by nobody any more, or by anybody again.
    pub fn settle_draw(&self, number: E164) {
        self.drawing.lock().remove(&number);
    }
}

impl Hot {
    pub fn new(
        keys: Keys,
        journal: Journal,
        policies: Policies,
        for_keeper: tokio::sync::mpsc::UnboundedSender<ForKeeper>,
        begun: Arc<Begun>,
        shadows: Arc<Shadows>,
    ) -> Hot {
        Hot {
            keys,
            journal,
            policy: ArcSwap::from_pointee(policies),
            do_not_call: ArcSwap::default(),
            calls: Mutex::default(),
            usage: (0..PARTS).map(|_| Mutex::default()).collect(),
            callees: (0..PARTS).map(|_| Mutex::default()).collect(),
            for_keeper,
            counts: Counts::default(),
            begun,
            shadows,
        }
    }

    /// Which caller ID for this call. Answers in the caller's own thread; waits for the disk only where the answer may not run ahead.
    pub async fn ask(&self, asked: Asked) -> Result<Told, JournalError> {
        self.journal.has_room()?;
        let (told, wait) = self.decide(&asked)?;
        match wait {
            Wait::Nothing => {}
            Wait::Before => self.journal.settle().await?,
            Wait::Record(durable) => {
                self.counts.waited_for_disk.fetch_add(1, Ordering::Relaxed);
                self.journal.durable(durable).await?;
                asked.owner.hot.lock().granted = true;
            }
        }
        Ok(told)
    }

    fn decide(&self, asked: &Asked) -> Result<(Told, Wait), JournalError> {
        let owner = &asked.owner;
        let policies = self.policy.load();
        let policy_revision = policies.revision;
        let policy = &*asked.policy(&policies);
        let callee = self.keys.callee(&owner.business.id, asked.callee);
        let call = self.keys.call(&asked.call_id);
        let ask = asked.ask();
        let listed = self.do_not_call.load().listed(&owner.business.id, asked.callee);
        let order = asked.ranking.as_ref().map_or(&[][..], Ranking::order);

        let mut hot = owner.hot.lock();
        if let Some(recent) = hot.repeated(call, callee, asked.now) {
            self.counts.repeated.fetch_add(1, Ordering::Relaxed);
            let wait = if recent.after_sync { Wait::Before } else { Wait::Nothing };
            return Ok((recent.told.clone(), wait));
        }
        let mut callees = self.callees[part(callee_part(callee))].lock();
        let known = callees.get(&callee);
        let view = owner.view.load();
        let usage = self.usage_of(&view.candidates);
        let pool = Pool { candidates: &view.candidates, usage: &usage };
        let nobody = Pool { candidates: &[], usage: &[] };
        let question = Question {
            ask: &ask,
            pool,
            bench: nobody,
            reserve: nobody,
            owner: &hot.usage,
            callee: known,
            listed,
            policy,
            order,
        };
        let mut answer = choose::choose(&question);
        // Only when the pool alone does not do is the lock that the owners of a business share taken.
        let mut shared = owner.business.view.load();
        let mut drawing = None;
        let mut shared_seen = None;
        let mut shared_asked = None;
        if answer.falls_short() && !(shared.bench.is_empty() && shared.reserve.is_empty()) {
            let drawn = owner.business.drawing.lock();
            // The keeper publishes first and forgets the draw then: what is looked at under the lock counts none twice too few.
            shared = owner.business.view.load();
            let drawable = drawable(&shared, &drawn, &owner.id, owner.view.load().room);
            let reserve = open(&shared.reserve, drawable);
            let bench_usage = self.usage_of(&shared.bench);
            let reserve_usage = self.usage_of(&reserve);
            answer = choose::choose(&Question {
                bench: Pool { candidates: &shared.bench, usage: &bench_usage },
                reserve: Pool { candidates: &reserve, usage: &reserve_usage },
                ..question
            });
            shared_asked = self.shadows.wanted().then_some(SharedAsked { reserve, bench_usage, reserve_usage });
            let view = shared.recorded.name(
                &self.journal,
                asked.now,
                || ViewOf::Shared {
                    business: owner.business.id.clone(),
                    bench: shared.bench.len() as u32,
                    swaps_left: shared.swaps_left as u32,
                },
                shared.bench.iter().chain(&shared.reserve),
            )?;
            shared_seen = Some(SharedSeen { view, open: drawable });
            drawing = Some(drawn);
        }
        let pool_seen = view.recorded.name(
            &self.journal,
            asked.now,
            || ViewOf::Pool {
                owner: owner.id.clone(),
                business: owner.business.id.clone(),
                lacks: view.room.lacks as u32,
                filled: view.room.filled,
            },
            view.candidates.iter(),
        )?;

        let calls_left = pace(pool, &hot.usage.counts, asked.now, policy);
        let seq = self.journal.sequence();
        // What a shadow is asked must be as it was before this call is counted.
        let shadowed = self.shadows.wanted().then(|| Shadowed {
            seq,
            owner: owner.clone(),
            view: Arc::clone(&view),
            shared: Arc::clone(&shared),
            usage,
            shared_asked,
            ask: ask.clone(),
            owner_usage: hot.usage.clone(),
            callee: known.cloned(),
            listed,
            ranking: asked.ranking.clone(),
            answer: answer.clone(),
            policy_revision,
            explore_permille: policy.explore_permille,
        });
        let valid_until = asked.now.plus(policy.decision_valid_for);
        let record = Record::Decided(Box::new(Decided {
            at: asked.now,
            owner: owner.id.clone(),
            call,
            callee,
            asked: record::Asked::of(&ask, listed),
            carrier: asked.carrier,
            decision: answer.decision.clone(),
            from: answer.from,
            turn: answer.turn,
            bucket: answer.bucket,
            valid_until,
            considered: record::kept(&answer.considered),
            rungs: answer.rungs.clone(),
            propensity_ppm: answer.propensity_ppm,
            counted: Counted::of(policy),
            policy_revision,
            ranking: asked.ranking.clone(),
            views: Views { pool: pool_seen, shared: shared_seen },
        }));
        let (number, rung, sticky, attempts_left) = match answer.decision {
            Decision::Hold { class, reason, retry_after } => {
                // A hold spends nothing, so its receipt is waited for only where every answer is.
                self.journal.append(seq, &record, Done::Nobody)?;
                self.calls.lock().held(call, seq);
                self.shadows.ask(shadowed);
                self.counts.held.fetch_add(1, Ordering::Relaxed);
                let retry_after_s = retry_after.as_secs().max(1);
                let wait = match policy.durability {
                    Durability::Lease => Wait::Nothing,
                    Durability::Sync => Wait::Before,
                };
                return Ok((Told::Hold { class, reason: reason.word().to_owned(), retry_after_s, calls_left }, wait));
            }
            Decision::Use { number, rung, sticky, attempts_left } => (number, rung, sticky, attempts_left),
        };

        // A number that others may draw on too, a callee's last attempt, and an owner's first decision wait for the disk.
        let may_run_ahead = policy.durability == Durability::Lease
            && answer.from == From::Pool
            && attempts_left > 0
            && hot.granted
            && owner.ahead.load(Ordering::Acquire) < WINDOW;
        let sealed = Sealed { seq, at: asked.now, number, callee };
        let (done, wait) = if may_run_ahead {
            owner.ahead.fetch_add(1, Ordering::AcqRel);
            (Done::Ahead(owner.ahead.clone()), Wait::Nothing)
        } else {
            let (sender, durable) = tokio::sync::oneshot::channel();
            (Done::Sender(sender), Wait::Record(durable))
        };
        if let Err(refused) = self.journal.append(seq, &record, done) {
            if may_run_ahead {
                owner.ahead.fetch_sub(1, Ordering::AcqRel);
            }
            return Err(refused);
        }

        let callee_record = callees.entry(callee).or_default();
        let shown_total = self.with_usage(number, |usage| {
            choose::record(&answer, ask.shown(policy), usage, &mut hot.usage, callee_record, policy);
            usage.shown_total()
        });
        drop(callees);
        if let Some(mut drawn) = drawing.filter(|_| answer.from == From::Reserve) {
            let known = shared.reserve.iter().any(|candidate| candidate.number == number && candidate.known);
            drawn.insert(number, DrawnBy { owner: owner.id.clone(), known });
            self.tell_keeper(ForKeeper::Drawn { owner: owner.id.clone(), number });
        }
        if policy.tells_volume(shown_total) {
            self.tell_keeper(ForKeeper::Volume { number, shown_total });
        }
        let reason = reason(rung, sticky);
        let calls_left = calls_left.after_one();
        let told = Told::Use { number, sealed, reason, attempts_left, valid_until, calls_left };
        let after_sync = !may_run_ahead;
        hot.remember(call, Recent { until: valid_until, callee, told: told.clone(), after_sync }, asked.now);
        hot.shown_at = hot.shown_at.max(asked.now);
        drop(hot);
        self.calls.lock().decided(Call {
            seq,
            at: asked.now,
            call,
            number,
            callee,
            carrier: asked.carrier,
            verdict: None,
        });
        self.counts.used.fetch_add(1, Ordering::Relaxed);
        if let Some(carrier) = asked.carrier {
            self.counts.carriers[carrier.index()].fetch_add(1, Ordering::Relaxed);
        }
        self.begun.shown(number, asked.now);
        self.shadows.ask(shadowed);
        Ok((told, wait))
    }

    fn tell_keeper(&self, word: ForKeeper) {
        // The keeper's end is gone only while the daemon stops.
        let _ = self.for_keeper.send(word);
    }

    pub(super) fn usage_of(&self, candidates: &[Candidate]) -> Vec<Usage> {
        candidates
            .iter()
            .map(|candidate| {
                self.usage[part(candidate.number.digits())].lock().get(&candidate.number).cloned().unwrap_or_default()
            })
            .collect()
    }

    /// Changes the usage of one number.
    pub fn with_usage<T>(&self, number: E164, change: impl FnOnce(&mut Usage) -> T) -> T {
        change(self.usage[part(number.digits())].lock().entry(number).or_default())
    }

    /// Changes what is remembered of one callee.
    pub fn with_callee<T>(&self, callee: CalleeHash, change: impl FnOnce(&mut CalleeRecord) -> T) -> T {
        change(self.callees[part(callee_part(callee))].lock().entry(callee).or_default())
    }

    /// Lets go of the callees of whom nothing is to be remembered any more.
    pub fn forget_callees(&self, now: Moment) {
        let sticky_for = self.policy.load().sticky_for_longest();
        for part in &self.callees {
            part.lock().retain(|_, callee| !callee.is_forgotten(now, sticky_for));
        }
    }
}

impl OwnerHot {
    /// The decision that this call was given already, while it may be asked for again.
    fn repeated(&self, call: u64, callee: CalleeHash, now: Moment) -> Option<&Recent> {
        self.recent.get(&call).filter(|recent| recent.until > now && recent.callee == callee)
    }

    fn remember(&mut self, call: u64, recent: Recent, now: Moment) {
        // Only when the table has doubled since the last time, so that forgetting costs each call the same, however many are kept.
        if self.recent.len() >= self.sweep_at {
            self.recent.retain(|_, recent| recent.until > now);
            self.sweep_at = (2 * self.recent.len()).max(RECENT_SWEEP_MIN);
        }
        self.recent.insert(call, recent);
    }
}

/// Decisions of one owner that are kept before it is worth looking for those past their time.
const RECENT_SWEEP_MIN: usize = 256;

/// Which numbers of the reserve this owner may draw, the first in the lowest bit: as many as its pool lacks, within the swap ration, and none that is
/// drawn already.
fn drawable(shared: &SharedView, drawn: &Drawing, owner: &OwnerId, room: Room) -> u64 {
    let by_owner = drawn.values().filter(|drawn| drawn.owner == *owner).count();
    let unknown = drawn.values().filter(|drawn| !drawn.known).count();
    let is_open = |candidate: &Candidate| {
        let drawn_since = Drawn { by_owner, unknown };
        !drawn.contains_key(&candidate.number) && room.permits(candidate.known, drawn_since, shared.swaps_left)
    };
    shared.reserve.iter().enumerate().fold(0, |open, (place, candidate)| open | u64::from(is_open(candidate)) << place)
}

/// Why this number, in one word.
pub fn reason_of(decision: &Decision) -> String {
    match decision {
        Decision::Use { rung, sticky, .. } => reason(*rung, *sticky),
        Decision::Hold { reason, .. } => reason.word().into(),
    }
}

fn reason(rung: Option<Rung>, sticky: bool) -> String {
    match (sticky, rung) {
        (true, _) => "same_number_as_last_time".into(),
        (false, None) => "turn".into(),
        (false, Some(rung)) => crate::policies::rung_word(rung).into(),
    }
}

fn callee_part(callee: CalleeHash) -> u64 {
    let mut first = [0; 8];
    first.copy_from_slice(&callee.0[..8]);
    u64::from_be_bytes(first)
}

fn part(of: u64) -> usize {
    // Multiplying by a large odd constant spreads numbers that differ only in their last digits.
    (of.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 58) as usize % PARTS
}
