//! What an event leaves to be stored, and whether the store can hold it.

use super::super::stored::StoredError;
use crate::store::{COMMIT_BYTES_MAX, KEY_MAX, Key, OPS_MAX, Op, PAYLOAD_MAX, Store, Tree};
use numbers::event::Event;
use numbers::policy::{Patch, Policy};
use numbers::scope::{Policies, Scope};
use numbers::state::State;
use numbers::step::{Refusal, Touched};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::collections::BTreeMap;

/// First byte of the keys of the keeper's events, beside the pages of calls in the same tree.
pub const EVENT_PREFIX: u8 = b'k';
/// Names of single records.
pub const NEXT_ID: &[u8] = b"next_id";
pub const POLICY: &[u8] = b"policy";
/// Before the number of a revision of the policies.
pub const REVISION: &[u8] = b"policy/";
pub const ADAPTERS: &[u8] = b"adapters";

/// The event itself.
pub fn of_event(seq: u64, event: &Event) -> Op {
    let mut key = vec![EVENT_PREFIX];
    key.extend_from_slice(&seq.to_be_bytes());
    put(Tree::Event, key, event)
}

/// Every touched record as it is now. The next id comes first: were a commit to end early, an id would be left out
/// and never given twice.
pub fn of_touched(state: &State, touched: &Touched) -> Vec<Op> {
    let Touched { businesses, owners, numbers, cases, filings, tasks, policy, adapters } = touched;
    let mut ops = vec![put(Tree::Meta, NEXT_ID, &state.next_id)];
    if *policy {
        ops.extend(of_policies(&state.policies));
    }
    if *adapters {
        ops.push(put(Tree::Meta, ADAPTERS, &state.adapters.values().collect::<Vec<_>>()));
    }
    ops.extend(businesses.iter().filter_map(|id| Some(put(Tree::Business, id.as_bytes(), state.businesses.get(id)?))));
    ops.extend(owners.iter().filter_map(|id| Some(put(Tree::Owner, encoded(id), state.owners.get(id)?))));
    ops.extend(
        numbers.iter().filter_map(|id| Some(put(Tree::Number, id.digits().to_be_bytes(), state.numbers.get(id)?))),
    );
    ops.extend(cases.iter().filter_map(|id| Some(put(Tree::Case, id.to_be_bytes(), state.cases.get(id)?))));
    ops.extend(filings.iter().filter_map(|id| Some(put(Tree::Filing, id.to_be_bytes(), state.filings.get(id)?))));
    ops.extend(tasks.iter().filter_map(|id| Some(put(Tree::Task, id.to_be_bytes(), state.tasks.get(id)?))));
    ops
}

/// Every record of a revision of the policies, the one that puts it in force last. Those of former revisions stay: by them a
/// decision of before can be explained and taken again.
fn of_policies(policies: &Policies) -> Vec<Op> {
    let revision = policies.revision;
    let scopes = policies.scopes().iter().enumerate();
    let mut ops: Vec<Op> =
        scopes.map(|(place, said)| put(Tree::Meta, scope_key(revision, place as u32), &said)).collect();
    ops.push(put(Tree::Meta, revision_key(revision), &(policies.base(), ops.len() as u32)));
    ops.push(put(Tree::Meta, POLICY, &revision));
    ops
}

/// The policies of a revision; none where there was no such revision.
pub async fn read_policies(store: &dyn Store, revision: u64) -> Result<Option<Policies>, StoredError> {
    let Some((base, scopes)) = one::<(Policy, u32)>(store, revision_key(revision)).await? else { return Ok(None) };
    let mut said = BTreeMap::new();
    for place in 0..scopes {
        said.extend(one::<(Scope, Patch)>(store, scope_key(revision, place)).await?);
    }
    Ok(Some(Policies::new(revision, base, said)))
}

fn revision_key(revision: u64) -> Vec<u8> {
    [REVISION, &revision.to_be_bytes()].concat()
}

fn scope_key(revision: u64, place: u32) -> Vec<u8> {
    [revision_key(revision), place.to_be_bytes().to_vec()].concat()
}

async fn one<T: DeserializeOwned>(store: &dyn Store, key: Vec<u8>) -> Result<Option<T>, StoredError> {
    let key = Key::new(Tree::Meta, key);
    let Some(entry) = store.get(&key).await? else { return Ok(None) };
    postcard::from_bytes(&entry.value).map(Some).map_err(|source| StoredError::Format { key, source })
}

/// How many bytes these write.
///
/// # Errors
/// Names the first that is longer than the store holds, before anything relies on it.
pub fn fit(ops: &[Op]) -> Result<usize, Refusal> {
    let mut bytes = 0;
    for op in ops {
        let Op::Put { key, value } = op else { continue };
        if key.bytes.len() > KEY_MAX {
            return Err(Refusal::TooLong { what: name(key.tree).0, bytes: key.bytes.len(), max: KEY_MAX });
        }
        if value.len() > PAYLOAD_MAX {
            return Err(Refusal::TooLong { what: name(key.tree).1, bytes: value.len(), max: PAYLOAD_MAX });
        }
        bytes += key.bytes.len() + value.len();
    }
    Ok(bytes)
}

/// As few commits as the store takes. It is one in all but the largest events (a pool of five hundred numbers); those
/// may stop between two records, and the next start fills and settles the rest.
pub fn commits(ops: Vec<Op>) -> Vec<Vec<Op>> {
    let mut commits = Vec::new();
    let (mut commit, mut bytes) = (Vec::new(), 0);
    for op in ops {
        let size = match &op {
            Op::Put { key, value } => key.bytes.len() + value.len(),
            _ => 0,
        };
        if commit.len() == OPS_MAX || bytes + size > COMMIT_BYTES_MAX {
            commits.push(core::mem::take(&mut commit));
            bytes = 0;
        }
        bytes += size;
        commit.push(op);
    }
    commits.push(commit);
    commits
}

/// What a person calls the key and the record of this tree.
const fn name(tree: Tree) -> (&'static str, &'static str) {
    match tree {
        Tree::Business => ("the id of the business", "the record of the business"),
        Tree::Owner => ("the name of the user or campaign", "the record of the user or campaign"),
        Tree::Number => ("the number", "the record of the number"),
        Tree::Case => ("the id of the case", "the record of the case"),
        Tree::Filing => ("the id of the filing", "the record of the filing"),
        Tree::Task => ("the id of the task", "the record of the task"),
        Tree::Meta => ("the name of the setting", "the record of the policy or of the adapters"),
        Tree::Event | Tree::Callee | Tree::Usage | Tree::Job | Tree::DoNotCall => {
            ("the key of the change", "the change")
        }
    }
}

fn put<T: Serialize>(tree: Tree, key: impl Into<Vec<u8>>, value: &T) -> Op {
    Op::put(Key::new(tree, key), encoded(value))
}

/// Everything stored is plain data with known lengths, which postcard can always write.
fn encoded<T: Serialize + ?Sized>(value: &T) -> Vec<u8> {
    postcard::to_stdvec(value).expect("plain data can be encoded")
}
