//! What a start finds in the store, and how the daemon becomes again what it was.
//!
//! Life, cases and configuration are read as records. The hot state begins with what old calls add up to, and the records
//! of later ones are replayed: decisions are applied as they were taken. After an unclean stop every owner that decided
//! anything since it was last charged, or since the last clean stop, is charged its window.

use super::directory::Directory;
use super::hot::{Hot, OwnerCell, WINDOW};
use super::journal::JournalError;
use super::keeper::{ADAPTERS, EVENT_PREFIX, NEXT_ID, POLICY, read_policies};
use super::keys::Sealed;
use super::record::{Counted, Decided, Lost, PAGE_PREFIX, Record, read_page};
use super::rolled::{ROLLED_TO, Rolled};
use super::stored::{StoredError, pages};
use crate::store::{Key, Store, Tree};
use numbers::{Decision, Durability, E164, Moment, OwnerId, Policies, Policy, State};
use serde::de::DeserializeOwned;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Sequence numbers are left out after a start, so that none that a crash lost is given twice.
const SEQUENCE_GAP: u64 = 1 << 20;

/// What the keeper's side of the store holds.
pub struct Found {
    pub state: State,
    pub next_event: u64,
    pub past: Past,
    /// The first sequence number for a new record.
    pub next_record: u64,
}

/// The policies of revisions, as far as they are kept.
pub type Revisions = BTreeMap<u64, Arc<Policies>>;

/// Reads the policies that these records were decided under, beside those that were read already.
pub async fn read_revisions(
    store: &dyn Store,
    records: &[(u64, Record)],
    revisions: &mut Revisions,
) -> Result<(), StoredError> {
    for (_, record) in records {
        let Record::Decided(decided) = record else { continue };
        let revision = decided.policy_revision;
        if !revisions.contains_key(&revision)
            && let Some(policies) = read_policies(store, revision).await?
        {
            revisions.insert(revision, Arc::new(policies));
        }
    }
    Ok(())
}

/// Reads everything.
pub async fn read(store: &Arc<dyn Store>) -> Result<Found, StoredError> {
    let policies = match one(store, POLICY).await? {
        Some(revision) => read_policies(store.as_ref(), revision).await?.unwrap_or_default(),
        None => Policies::default(),
    };
    let state = State::from_records(
        all(store, Tree::Business).await?,
        all(store, Tree::Owner).await?,
        all(store, Tree::Number).await?,
        all(store, Tree::Case).await?,
        all(store, Tree::Filing).await?,
        all(store, Tree::Task).await?,
        policies,
        one::<Vec<_>>(store, ADAPTERS).await?.unwrap_or_default(),
        one(store, NEXT_ID).await?.unwrap_or(1),
    );
    let mut records = Vec::new();
    for (key, value) in pages(store.as_ref(), Tree::Event, &[PAGE_PREFIX], Some(&[PAGE_PREFIX + 1])).await? {
        let format = |source| StoredError::Format { key: Key::new(Tree::Event, key), source };
        records.extend(read_page(&value).map_err(format)?);
    }
    records.sort_by_key(|(seq, _)| *seq);
    let rolled_to = store.get(&Key::new(Tree::Meta, ROLLED_TO)).await?;
    let rolled_to = rolled_to.and_then(|entry| entry.value.as_ref().try_into().ok()).map_or(0, u64::from_be_bytes);
    let last = records.last().map_or(0, |(seq, _)| *seq).max(rolled_to);
    let rolled = Rolled::all(store.as_ref()).await?;
    let mut revisions = Revisions::new();
    read_revisions(store.as_ref(), &records, &mut revisions).await?;
    let next_event = last_event(store.as_ref()).await? + 1;
    Ok(Found { state, next_event, past: Past { rolled, records, revisions }, next_record: last + SEQUENCE_GAP })
}

/// The number of the keeper's last event; 0 where there is none. Found by halving, because there may be millions.
async fn last_event(store: &dyn Store) -> Result<u64, StoredError> {
    let (mut last, mut beyond) = (0, u64::MAX);
    while last < beyond {
        // Is there any beyond the middle?
        let middle = last + (beyond - last) / 2;
        let from = [&[EVENT_PREFIX], (middle + 1).to_be_bytes().as_slice()].concat();
        let page = store.scan(Tree::Event, &from, Some(&[EVENT_PREFIX + 1]), 1).await?;
        match page.first().and_then(|(key, _, _)| key.get(1..9)?.try_into().ok()).map(u64::from_be_bytes) {
            Some(found) => last = found,
            None => beyond = middle,
        }
    }
    Ok(last)
}

/// What is left of the calls of before: what they add up to, and the records of later ones.
pub struct Past {
    /// What the calls add up to that have no records of their own any more.
    pub rolled: Rolled,
    /// All kept records of calls, in order.
    pub records: Vec<(u64, Record)>,
    /// The policies that they were decided under.
    pub revisions: Revisions,
}

/// Replays the records of calls into the hot state, which begins with what older calls add up to, and after an unclean
/// stop charges what may have been lost.
pub async fn replay(
    hot: &Hot,
    directory: &Directory,
    Past { rolled, records, revisions }: Past,
    cleanly: bool,
    now: Moment,
) -> Result<(), JournalError> {
    rolled.begin(hot, &mut hot.calls.lock(), directory);
    // The last decision of each owner that may have decided more than is recorded.
    let mut at_work: BTreeMap<OwnerId, usize> = BTreeMap::new();
    let in_force = hot.policy.load_full();
    let mut policies = &in_force;
    for (index, (seq, record)) in records.iter().enumerate() {
        match record {
            Record::Decided(decided) => {
                policies = revisions.get(&decided.policy_revision).unwrap_or(policies);
                hot.replay(directory.owner(&decided.owner).as_deref(), *seq, decided, policies.base(), now);
                if may_run_ahead(decided, &hot.policy.load()) {
                    at_work.insert(decided.owner.clone(), index);
                }
            }
            Record::Reported(reported) => hot.replay_report(reported),
            Record::Restored { seq, at, number, callee } => {
                let sealed = Sealed { seq: *seq, at: *at, number: *number, callee: *callee };
                hot.restore(&sealed, &mut hot.callees_with(*callee), policies.base());
            }
            Record::Charged { owner, numbers, lost } => {
                charge_window(hot, directory.owner(owner).as_deref(), numbers, *lost, policies.base());
                // A full record may be followed by another of the same charge, which a kill may have kept out.
                if numbers.len() < CHARGED_MAX {
                    at_work.remove(owner);
                }
            }
            Record::Settled { .. } => at_work.clear(),
            Record::Viewed(_) => {}
        }
    }
    if cleanly {
        if !at_work.is_empty() {
            hot.journal.append_durably(hot.journal.sequence(), &Record::Settled { at: now }).await?;
        }
        return Ok(());
    }
    for (owner, last) in at_work {
        let Record::Decided(last) = &records[last].1 else { continue };
        charge(hot, directory, owner, last, now).await?;
    }
    Ok(())
}

/// Whether others that are not recorded may have followed this decision. A hold grants no window, and under the policy
/// that is still in force every answer may have waited for the disk.
fn may_run_ahead(decided: &Decided, policies: &Policies) -> bool {
    let shown = matches!(decided.decision, Decision::Use { .. });
    let waited = policies.base().durability == Durability::Sync && decided.policy_revision == policies.revision;
    shown && !waited
}

/// The window of an owner may have been used on any number of its pool; each is charged all of it, durably, before anything
/// is answered. A number that has left the pool since the last recorded decision is among those that it looked at.
async fn charge(
    hot: &Hot,
    directory: &Directory,
    owner: OwnerId,
    last: &Decided,
    now: Moment,
) -> Result<(), JournalError> {
    let cell = directory.owner(&owner);
    let pool = cell.as_ref().map(|cell| cell.view.load_full());
    let pool = pool.iter().flat_map(|view| &view.candidates).map(|candidate| candidate.number);
    let numbers: BTreeSet<E164> = pool.chain(last.considered.iter().map(|(number, _)| *number)).collect();
    let numbers: Vec<E164> = numbers.into_iter().collect();
    let calls = u32::try_from(WINDOW).unwrap_or(u32::MAX);
    let policies = hot.policy.load();
    let policy = cell.as_ref().map(|cell| policies.of_owner(&cell.business.id, &owner));
    let lost = Lost { at: now, calls, counted: Counted::of(policy.as_deref().unwrap_or(policies.base())) };
    for numbers in numbers.chunks(CHARGED_MAX) {
        let record = Record::Charged { owner: owner.clone(), numbers: numbers.to_vec(), lost };
        hot.journal.append_durably(hot.journal.sequence(), &record).await?;
        charge_window(hot, cell.as_deref(), numbers, lost, policies.base());
    }
    tracing::warn!(%owner, numbers = numbers.len(), calls, "the last stop was not clean; the window is charged to the caps");
    Ok(())
}

/// Counts a lost window for its owner and for each of these numbers.
fn charge_window(hot: &Hot, owner: Option<&OwnerCell>, numbers: &[E164], lost: Lost, policy: &Policy) {
    let Lost { at, calls, counted } = lost;
    if counted.by_user {
        owner.iter().for_each(|owner| owner.charge(at, calls, policy));
    }
    for number in numbers {
        hot.with_usage(*number, |usage| usage.charge(at, calls, counted.by_carrier, policy));
    }
}

/// Numbers in one record of a charge.
const CHARGED_MAX: usize = 300;

async fn one<T: DeserializeOwned>(store: &Arc<dyn Store>, name: &[u8]) -> Result<Option<T>, StoredError> {
    let key = Key::new(Tree::Meta, name);
    let Some(entry) = store.get(&key).await? else { return Ok(None) };
    postcard::from_bytes(&entry.value).map(Some).map_err(|source| StoredError::Format { key, source })
}

async fn all<T: DeserializeOwned>(store: &Arc<dyn Store>, tree: Tree) -> Result<Vec<T>, StoredError> {
    pages(store.as_ref(), tree, &[], None)
        .await?
        .into_iter()
        .map(|(key, value)| {
            postcard::from_bytes(&value).map_err(|source| StoredError::Format { key: Key::new(tree, key), source })
        })
        .collect()
}
