//! What calls add up to when their own records are gone: the counts of numbers, the memory of callees, the turns of owners.
//!
//! It is kept in many small records, and the records of calls are applied to it in the order in which they were made,
//! just as a replay applies them. A start begins with it and replays the records that are left.

use super::calls::{Calls, Tallies};
use super::directory::Directory;
use super::hot::Hot;
use super::record::{Decided, Lost, Record};
use super::stored::{StoredError, pages};
use crate::store::{Key, Op, Store, StoreError, Tree, after};
use core::time::Duration;
use numbers::choose;
use numbers::{
    Answer, CalleeHash, CalleeRecord, Candidate, Counts, Decision, E164, Moment, OwnerId, OwnerUsage, Policy, Shown,
    Turn, Turns, Usage,
};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The highest sequence number among the records that were removed.
pub const ROLLED_TO: &[u8] = b"rolled_to";
/// First bytes of the keys in [`Tree::Usage`].
const NUMBER: u8 = b'n';
const TURN: u8 = b't';
const OWNER: u8 = b'o';

/// What the calls of one number add up to.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct RolledNumber {
    pub usage: Usage,
    pub tallies: Tallies,
}

/// What calls add up to, or the part of it that some of them touch.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Rolled {
    pub numbers: BTreeMap<E164, RolledNumber>,
    pub callees: BTreeMap<CalleeHash, CalleeRecord>,
    /// By owner and locality bucket; none where the owner has had no turn there yet.
    pub turns: BTreeMap<(OwnerId, u16), Option<Turn>>,
    /// What owners have placed, where that is counted.
    pub owners: BTreeMap<OwnerId, Counts>,
}

impl Rolled {
    /// The part that these records touch, not yet read.
    pub fn touched_by<'a>(records: impl IntoIterator<Item = &'a Record>) -> Rolled {
        let mut touched = Rolled::default();
        for record in records {
            match record {
                Record::Decided(decided) => {
                    let Decision::Use { number, .. } = decided.decision else { continue };
                    touched.touch(Some(number), Some(decided.callee));
                    touched.turns.insert((decided.owner.clone(), decided.bucket), None);
                    if decided.counted.by_user {
                        touched.owners.insert(decided.owner.clone(), Counts::default());
                    }
                }
                Record::Reported(reported) => {
                    let number = reported.call.as_ref().map(|call| call.number);
                    touched.touch(number, reported.call.as_ref().map(|call| call.callee).or(reported.callee));
                }
                Record::Restored { number, callee, .. } => touched.touch(Some(*number), Some(*callee)),
                // The minutes, hours and days that a charge counts in are over when it is rolled up.
                Record::Charged { .. } | Record::Settled { .. } | Record::Viewed(_) => {}
            }
        }
        touched
    }

    /// What it takes to take these decisions again, not yet read, without the turns: whatever they touch or look at.
    pub fn looked_at_by<'a>(records: impl IntoIterator<Item = &'a Record> + Clone) -> Rolled {
        let mut looked_at = Rolled::touched_by(records.clone());
        for record in records {
            match record {
                Record::Decided(decided) => {
                    looked_at.touch(None, Some(decided.callee));
                    looked_at.owners.insert(decided.owner.clone(), Counts::default());
                }
                Record::Viewed(viewed) => {
                    viewed.candidates.iter().for_each(|candidate| looked_at.touch(Some(candidate.number()), None));
                }
                Record::Charged { numbers, .. } => {
                    numbers.iter().for_each(|number| looked_at.touch(Some(*number), None))
                }
                Record::Reported(_) | Record::Restored { .. } | Record::Settled { .. } => {}
            }
        }
        looked_at.turns.clear();
        looked_at
    }

    /// Without what is known already.
    #[must_use]
    pub fn without(mut self, known: &Rolled) -> Rolled {
        self.numbers.retain(|number, _| !known.numbers.contains_key(number));
        self.callees.retain(|callee, _| !known.callees.contains_key(callee));
        self.owners.retain(|owner, _| !known.owners.contains_key(owner));
        self
    }

    /// Takes in other parts.
    pub fn join(&mut self, parts: Rolled) {
        self.numbers.extend(parts.numbers);
        self.callees.extend(parts.callees);
        self.turns.extend(parts.turns);
        self.owners.extend(parts.owners);
    }

    /// Reads every turn of an owner.
    pub async fn read_turns(&mut self, store: &dyn Store, owner: &OwnerId) -> Result<(), StoredError> {
        let (from, to) = (turn_key(owner, 0).bytes, turn_key(owner, u16::MAX).bytes);
        for (key, value) in pages(store, Tree::Usage, &from, Some(&after(&to))).await? {
            let bucket = key.get(17..19).and_then(|bucket| bucket.try_into().ok()).map(u16::from_be_bytes);
            let (owner, turn): (OwnerId, Turn) = decoded(Key::new(Tree::Usage, key), &value)?;
            self.turns.extend(bucket.map(|bucket| ((owner, bucket), Some(turn))));
        }
        Ok(())
    }

    /// What one owner has placed and whose turn it is, as a decision asks for it.
    pub fn owner_usage(&self, owner: &OwnerId) -> OwnerUsage {
        let of_owner = self.turns.range((owner.clone(), 0)..=(owner.clone(), u16::MAX));
        let turns: Turns = of_owner.filter_map(|((_, bucket), turn)| Some((*bucket, (*turn)?))).collect();
        OwnerUsage { turns, counts: self.owners.get(owner).cloned().unwrap_or_default() }
    }

    /// What these candidates were shown for, in their order.
    pub fn usage_of(&self, candidates: &[Candidate]) -> Vec<Usage> {
        let usage = |candidate: &Candidate| self.numbers.get(&candidate.number).map(|rolled| rolled.usage.clone());
        candidates.iter().map(|candidate| usage(candidate).unwrap_or_default()).collect()
    }

    /// Counts the window that an unclean stop may have cost. When calls are added up it is over already, and left out.
    pub fn charge(&mut self, owner: &OwnerId, numbers: &[E164], lost: Lost, policy: &Policy) {
        let Lost { at, calls, counted } = lost;
        if counted.by_user {
            self.owners.entry(owner.clone()).or_default().count(at, calls, policy);
        }
        for number in numbers {
            self.numbers.entry(*number).or_default().usage.charge(at, calls, counted.by_carrier, policy);
        }
    }

    /// Counts one decision.
    pub fn record(&mut self, decided: &Decided, answer: &Answer, shown: Shown, policy: &Policy) {
        let Decision::Use { number, .. } = answer.decision else { return };
        let turn = self.turns.entry((decided.owner.clone(), answer.bucket)).or_default();
        let mut by =
            OwnerUsage { turns: turn.map(|turn| (answer.bucket, turn)).into_iter().collect(), ..OwnerUsage::default() };
        if shown.by_user {
            by.counts = self.owners.remove(&decided.owner).unwrap_or_default();
        }
        let rolled = self.numbers.entry(number).or_default();
        let callee = self.callees.entry(decided.callee).or_default();
        choose::record(answer, shown, &mut rolled.usage, &mut by, callee, policy);
        rolled.tallies.entry(decided.carrier).or_default().attempts += 1;
        *turn = by.turns.remove(&answer.bucket);
        if shown.by_user {
            self.owners.insert(decided.owner.clone(), by.counts);
        }
    }

    fn touch(&mut self, number: Option<E164>, callee: Option<CalleeHash>) {
        self.numbers.extend(number.map(|number| (number, RolledNumber::default())));
        self.callees.extend(callee.map(|callee| (callee, CalleeRecord::default())));
    }

    /// How many records it is kept in.
    pub fn len(&self) -> usize {
        self.numbers.len() + self.callees.len() + self.turns.len() + self.owners.len()
    }

    /// Reads each of its parts from the store; one that is not there begins anew.
    pub async fn read(mut self, store: &dyn Store) -> Result<Rolled, StoredError> {
        for (number, rolled) in &mut self.numbers {
            *rolled = one(store, number_key(*number)).await?.unwrap_or_default();
        }
        for (callee, record) in &mut self.callees {
            *record = one(store, callee_key(*callee)).await?.unwrap_or_default();
        }
        for ((owner, bucket), turn) in &mut self.turns {
            let kept: Option<(OwnerId, Turn)> = one(store, turn_key(owner, *bucket)).await?;
            *turn = kept.map(|(_, turn)| turn);
        }
        for (owner, counts) in &mut self.owners {
            let kept: Option<(OwnerId, Counts)> = one(store, owner_key(owner)).await?;
            *counts = kept.map(|(_, counts)| counts).unwrap_or_default();
        }
        Ok(self)
    }

    /// Applies one record to the parts that it touches.
    pub fn apply(&mut self, record: &Record, policy: &Policy) {
        match record {
            Record::Decided(decided) => self.record(decided, &decided.answer(), decided.shown(), policy),
            Record::Reported(reported) => {
                if let Some((joined, known)) = reported.counted() {
                    let rolled = self.numbers.entry(joined.number).or_default();
                    rolled.tallies.entry(joined.carrier).or_default().correct(joined.before.as_ref(), &known);
                    if joined.gives_back(&known) {
                        rolled.usage.give_back(joined.at, joined.carrier);
                        self.callees.entry(joined.callee).or_default().give_back_attempt(joined.at);
                    }
                }
                if let Some((callee, at)) = reported.attempt() {
                    self.callees.entry(callee).or_default().record_attempt(at);
                }
                if let Some(callee) = reported.suppresses() {
                    self.callees.entry(callee).or_default().suppress(reported.at);
                }
            }
            Record::Restored { at, number, callee, .. } => {
                let rolled = self.numbers.entry(*number).or_default();
                rolled.usage.record(Shown::at(*at), policy);
                rolled.tallies.entry(None).or_default().attempts += 1;
                let callee = self.callees.entry(*callee).or_default();
                callee.record_attempt(*at);
                callee.record_shown(*number, *at);
            }
            Record::Charged { .. } | Record::Settled { .. } | Record::Viewed(_) => {}
        }
    }

    /// Writes all its parts. A callee of whom nothing was to be remembered at `oldest` already, the time from which on
    /// calls still have records of their own, is forgotten.
    pub fn ops(&self, oldest: Moment, sticky_for: Duration) -> Vec<Op> {
        let mut ops = Vec::with_capacity(self.len());
        ops.extend(self.numbers.iter().map(|(number, rolled)| put(number_key(*number), rolled)));
        ops.extend(self.callees.iter().map(|(callee, record)| match record.is_forgotten(oldest, sticky_for) {
            true => Op::Delete { key: callee_key(*callee) },
            false => put(callee_key(*callee), record),
        }));
        ops.extend(self.turns.iter().filter_map(|((owner, bucket), turn)| {
            let turn = turn.as_ref()?;
            Some(put(turn_key(owner, *bucket), &(owner, turn)))
        }));
        ops.extend(self.owners.iter().map(|(owner, counts)| put(owner_key(owner), &(owner, counts))));
        ops
    }

    /// Everything that is kept.
    pub async fn all(store: &dyn Store) -> Result<Rolled, StoredError> {
        let mut all = Rolled::default();
        for (key, value) in pages(store, Tree::Callee, &[], None).await? {
            let callee = callee_of(&key);
            let record = decoded(Key::new(Tree::Callee, key), &value)?;
            all.callees.extend(callee.map(|callee| (callee, record)));
        }
        for (key, value) in pages(store, Tree::Usage, &[NUMBER], Some(&[NUMBER + 1])).await? {
            let number = key.get(1..9).and_then(|digits| digits.try_into().ok()).map(u64::from_be_bytes);
            let rolled = decoded(Key::new(Tree::Usage, key), &value)?;
            all.numbers.extend(number.and_then(E164::from_digits).map(|number| (number, rolled)));
        }
        for (key, value) in pages(store, Tree::Usage, &[TURN], Some(&[TURN + 1])).await? {
            let bucket = key.get(17..19).and_then(|bucket| bucket.try_into().ok()).map(u16::from_be_bytes);
            let (owner, turn): (OwnerId, Turn) = decoded(Key::new(Tree::Usage, key), &value)?;
            all.turns.extend(bucket.map(|bucket| ((owner, bucket), Some(turn))));
        }
        for (key, value) in pages(store, Tree::Usage, &[OWNER], Some(&[OWNER + 1])).await? {
            let (owner, counts): (OwnerId, Counts) = decoded(Key::new(Tree::Usage, key), &value)?;
            all.owners.insert(owner, counts);
        }
        Ok(all)
    }

    /// Lets the path of a call begin with it.
    pub fn begin(self, hot: &Hot, calls: &mut Calls, directory: &Directory) {
        for (number, RolledNumber { usage, tallies }) in self.numbers {
            hot.with_usage(number, |known| *known = usage);
            calls.begin_with(number, tallies);
        }
        for (callee, record) in self.callees {
            hot.with_callee(callee, |known| *known = record);
        }
        for ((owner, bucket), turn) in self.turns {
            // An owner that is gone has no turns to go on with.
            if let Some((owner, turn)) = directory.owner(&owner).zip(turn) {
                owner.begin_with_turn(bucket, turn);
            }
        }
        for (owner, counts) in self.owners {
            if let Some(owner) = directory.owner(&owner) {
                owner.begin_with_counts(counts);
            }
        }
    }
}

/// The callees of a page of [`Tree::Callee`] of whom nothing was to be remembered at `oldest`.
pub fn forgotten(
    page: &[crate::store::Record],
    oldest: Moment,
    sticky_for: Duration,
) -> Result<Vec<CalleeHash>, StoredError> {
    let mut forgotten = Vec::new();
    for (key, _, value) in page {
        let record: CalleeRecord = decoded(Key::new(Tree::Callee, key.clone()), value)?;
        if record.is_forgotten(oldest, sticky_for) {
            forgotten.extend(callee_of(key));
        }
    }
    Ok(forgotten)
}

pub fn callee_key(callee: CalleeHash) -> Key {
    Key::new(Tree::Callee, callee.0)
}

fn callee_of(key: &[u8]) -> Option<CalleeHash> {
    key.try_into().ok().map(CalleeHash)
}

fn number_key(number: E164) -> Key {
    let mut key = vec![NUMBER];
    key.extend_from_slice(&number.digits().to_be_bytes());
    Key::new(Tree::Usage, key)
}

/// An owner's name may be longer than a key, so it stands in the value and its hash in the key.
fn turn_key(owner: &OwnerId, bucket: u16) -> Key {
    let mut key = vec![TURN];
    key.extend_from_slice(&blake3::hash(&encoded(owner)).as_bytes()[..16]);
    key.extend_from_slice(&bucket.to_be_bytes());
    Key::new(Tree::Usage, key)
}

fn owner_key(owner: &OwnerId) -> Key {
    Key::new(Tree::Usage, [&[OWNER], &blake3::hash(&encoded(owner)).as_bytes()[..16]].concat())
}

async fn one<T: DeserializeOwned>(store: &dyn Store, key: Key) -> Result<Option<T>, StoredError> {
    let entry: Result<_, StoreError> = store.get(&key).await;
    entry?.map(|entry| decoded(key, &entry.value)).transpose()
}

fn decoded<T: DeserializeOwned>(key: Key, value: &[u8]) -> Result<T, StoredError> {
    postcard::from_bytes(value).map_err(|source| StoredError::Format { key, source })
}

fn put<T: Serialize>(key: Key, value: &T) -> Op {
    Op::put(key, encoded(value))
}

/// Plain data with known lengths, which postcard can always write.
fn encoded<T: Serialize + ?Sized>(value: &T) -> Vec<u8> {
    postcard::to_stdvec(value).expect("plain data can be encoded")
}
