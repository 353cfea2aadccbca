//! What was stored once is read as it was written: frozen bytes of every kind of record, each with what it says.
//!
//! The encoding names no fields. A field that is moved, or a variant put before others, would be read as something else,
//! and no error would tell. Whoever changes what is stored raises [`FORMAT`] and freezes the bytes anew with
//! `cargo test --workspace --lib freeze -- --ignored`. Grants are JSON, which names its fields, and are not among them.

use super::do_not_call;
use super::format::FORMAT;
use super::keeper::{ADAPTERS, EVENT_PREFIX, NEXT_ID, POLICY, REVISION, now};
use super::record::{Record, encode};
use super::rolled::RolledNumber;
use super::rollup::tests::world::{NOW, Rooms, furnish, number, records, start, write};
use super::seen::ViewOf;
use super::stored::pages;
use crate::desk::{ListChange, ListImport};
use crate::store::{MemoryStore, Store, Tree};
use core::fmt::Debug;
use futures_util::StreamExt;
use numbers::{
    AdapterFacts, Business, CalleeRecord, Carrier, Case, Command, Decision, Effects, Event, Exemption, Filing,
    FilingOutcome, FilingPlan, ListName, Number, Observation, Owner, OwnerId, Patch, Policy, Purpose, Scope, Score,
    Source, Status, Task, Turn, What,
};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

/// The format, then two lines for each sample: its kind and bytes, and what they say.
const FROZEN: &str = include_str!("golden.txt");

/// Reads a stored value. Answers what it says, and how it would be written now.
type Read = fn(&[u8]) -> (String, Vec<u8>);

/// The kinds of stored records. Those of calls lie in pages, several in one.
const KINDS: [(&str, Read); 18] = [
    ("adapters", read::<Vec<AdapterFacts>>),
    ("business", read::<Business>),
    ("call", read::<(u64, Record)>),
    ("callee", read::<CalleeRecord>),
    ("case", read::<Case>),
    ("do_not_call_change", read::<do_not_call::Change>),
    ("do_not_call_list", read::<do_not_call::Base>),
    ("event", read::<Event>),
    ("filing", read::<Filing>),
    ("next_id", read::<u64>),
    ("number", read::<Number>),
    ("owner", read::<Owner>),
    ("policy", read::<u64>),
    ("policy_of_all", read::<(Policy, u32)>),
    ("policy_of_scope", read::<(Scope, Patch)>),
    ("task", read::<Task>),
    ("turn", read::<(OwnerId, Turn)>),
    ("usage", read::<RolledNumber>),
];

fn read<T: Debug + Serialize + DeserializeOwned>(value: &[u8]) -> (String, Vec<u8>) {
    let read: T = postcard::from_bytes(value).unwrap_or_else(|cause| panic!("it cannot be read: {cause}; {REMEDY}"));
    (format!("{read:?}"), postcard::to_stdvec(&read).expect("an encoding"))
}

const REMEDY: &str = "data of before would be read wrongly; if that has to be, raise FORMAT and freeze anew";

#[test]
fn what_was_stored_once_is_read_as_it_was_written() {
    let mut lines = FROZEN.lines();
    assert_eq!(lines.next(), Some(format!("format {FORMAT}").as_str()), "freeze the bytes of this format");
    let mut seen = BTreeSet::new();
    while let Some((line, says)) = lines.next().zip(lines.next()) {
        let (kind, hex) = line.split_once(' ').expect("a kind and its bytes");
        let bytes: Vec<u8> = (0..hex.len() / 2)
            .map(|at| u8::from_str_radix(&hex[at * 2..at * 2 + 2], 16).expect("two digits"))
            .collect();
        let (_, read) = KINDS.iter().find(|(name, _)| *name == kind).expect("a kind");
        let (found, again) = read(&bytes);
        assert_eq!(found, says, "{kind}: {REMEDY}");
        assert_eq!(again, bytes, "{kind} is written otherwise: {REMEDY}");
        seen.insert(kind);
    }
    assert_eq!(seen, KINDS.iter().map(|(kind, _)| *kind).collect(), "a sample of each kind");
}

#[tokio::test]
#[ignore = "writes the file of frozen bytes anew, after FORMAT was raised"]
async fn freeze() {
    let mut text = format!("format {FORMAT}\n");
    for (kind, bytes) in samples().await {
        let (_, read) = KINDS.iter().find(|(name, _)| *name == kind).expect("a kind");
        let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        text.push_str(&format!("{kind} {hex}\n{}\n", read(&bytes).0));
    }
    let place = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/house/golden.txt");
    std::fs::write(place, text).expect("written");
}

/// Some of everything that a daemon stores.
async fn samples() -> Vec<(&'static str, Vec<u8>)> {
    let folder = tempfile::tempdir().expect("a folder");
    let store: Arc<dyn Store> = Arc::new(MemoryStore::new());
    let rooms = start(&store, folder.path()).await;
    live_a_little(&store, &rooms).await;
    let calls = records(4, 300);
    write(&store, &calls).await;
    while rooms.roller.roll_up_some(NOW).await.expect("it rolls up") > 0 {}
    rooms.keeper.stop().await;

    let mut samples = Vec::new();
    let mut kinds = BTreeSet::new();
    for (seq, record) in &calls {
        let kind = match record {
            Record::Decided(decided) => (0, matches!(decided.decision, Decision::Use { .. })),
            Record::Reported(reported) => (1, reported.call.as_ref().is_some_and(|call| call.before.is_some())),
            Record::Restored { .. } => (2, true),
            Record::Charged { .. } => (3, true),
            Record::Settled { .. } => (4, true),
            Record::Viewed(viewed) => (5, matches!(viewed.of, ViewOf::Pool { .. })),
        };
        if kinds.insert(kind) {
            samples.push(("call", encode(*seq, record).expect("an encoding")));
        }
    }
    for tree in Tree::ALL {
        let mut of_kind = std::collections::BTreeMap::new();
        for (key, value) in pages(store.as_ref(), tree, &[], None).await.expect("pages") {
            let Some(kind) = kind(tree, &key) else { continue };
            let count: &mut usize = of_kind.entry(kind).or_default();
            *count += 1;
            // Every event is another one; of the rest a few are enough.
            if *count <= 3 || kind == "event" {
                samples.push((kind, value.to_vec()));
            }
        }
    }
    samples
}

fn kind(tree: Tree, key: &[u8]) -> Option<&'static str> {
    match tree {
        Tree::Meta if key == POLICY => Some("policy"),
        Tree::Meta if key.starts_with(REVISION) => {
            Some(if key.len() == REVISION.len() + 8 { "policy_of_all" } else { "policy_of_scope" })
        }
        Tree::Meta if key == ADAPTERS => Some("adapters"),
        Tree::Meta if key == NEXT_ID => Some("next_id"),
        Tree::Event if key.first() == Some(&EVENT_PREFIX) => Some("event"),
        Tree::Usage => Some(if key.first() == Some(&b't') { "turn" } else { "usage" }),
        Tree::Meta | Tree::Event | Tree::Job => None,
        // What may be dropped is said by the key alone.
        Tree::DoNotCall => match key.first() {
            Some(&do_not_call::BASE) => Some("do_not_call_list"),
            Some(&do_not_call::CHANGE) => Some("do_not_call_change"),
            Some(_) | None => None,
        },
        tree => Some(tree.name()),
    }
}

/// A business whose numbers are filed, one of which is flagged, disputed, and cleared by a person.
async fn live_a_little(store: &Arc<dyn Store>, rooms: &Rooms) {
    let say = async |what| rooms.keeper.propose(what).await.expect("it is taken");
    let registry = AdapterFacts {
        id: "registry".into(),
        checks: true,
        speaks_for: vec!["registry".into()],
        registers: true,
        register_required: true,
        disputes: vec!["registry".into()],
        disputes_for: numbers::Carriers::NONE,
        disputes_by_machine: true,
        register_effects: Effects::Idempotent,
        dispute_effects: Effects::Manual,
    };
    say(What::RosterChanged { adapters: vec![registry] }).await;
    let exemption = Exemption { rule: "attempts_per_24h".into(), because: "consent".into(), by: "Ann".into() };
    let patch =
        Patch { turn_calls: Some(4), attempts_per_24h: Some(5), exemptions: vec![exemption], ..Patch::default() };
    say(What::ScopesDrafted { scopes: vec![(Scope::Campaign("spring".into()), patch)] }).await;
    let revision = rooms.hot.policy.load().revision + 1;
    say(What::PolicyAdopted { revision, policy: rooms.hot.policy.load().base().clone(), scopes: 1 }).await;
    furnish(rooms, 2, 6).await;
    say(What::CallbackProven { number: number(1), route: "+12125550100".into() }).await;
    let observation = |carrier, score| Observation {
        number: number(2),
        agency: "registry".into(),
        carrier,
        status: Status::Flagged,
        label: Some("Spam Risk".into()),
        score,
        observed_at: now(),
        cost_micros: 4_000,
    };
    let source = Source::Adapter("registry".into());
    let score = Some(Score { value: 80, best: 0, worst: 100 });
    let (asked, observations) = (vec![number(2), number(3)], vec![observation(None, score)]);
    say(What::Observed { source, adapter: Some("registry".into()), asked: asked.clone(), observations }).await;
    let (source, observations) = (Source::Person("Ann".into()), vec![observation(Some(Carrier::Tmobile), None)]);
    say(What::Observed { source, adapter: None, asked: vec![number(2)], observations }).await;
    say(What::CheckFailed { adapter: "registry".into(), asked, failure: "it did not answer".into() }).await;

    let wanted = rooms.keeper.read(|state| {
        let mut wanted = state.wants_for_business("acme", now());
        wanted.extend(state.wants(number(2), now()));
        wanted
    });
    for command in wanted.await.expect("an answer") {
        let Command::File { filing: plan } = command else { continue };
        let answer = answer_to(&plan);
        let touched = say(What::FilingIntended { plan }).await;
        let filing = *touched.filings.first().expect("a filing");
        let touched = say(What::FilingAnswered { filing, answer }).await;
        if let Some(task) = touched.tasks.first() {
            say(What::TaskDone { task: *task, by: "Ann".into(), note: Some("FCR-4711".into()) }).await;
        }
    }
    let lists = do_not_call::Lists::new(store.clone(), rooms.keeper.clone(), rooms.hot.clone());
    let list = ListName::National;
    let text = bytes::Bytes::from_static(b"212,5550100\n305,5550101\nnobody\n");
    let body = futures_util::stream::iter([Ok(text)]).boxed();
    let (from, by) = ("registry.txt".to_owned(), "Ann".to_owned());
    let import =
        ListImport { list: list.clone(), replace: true, column: None, bad_percent_max: 50, from, by: by.clone() };
    lists.import(import, body).await.expect("it is taken");
    for (numbers, remove) in [(vec![number(8), number(9)], false), (vec![number(8)], true)] {
        let change = ListChange { list: list.clone(), numbers, remove, by: by.clone() };
        lists.change(change).await.expect("it is taken");
    }
    say(What::NumberRetired { number: number(5), by: "Ann".into() }).await;
}

fn answer_to(plan: &FilingPlan) -> FilingOutcome {
    match plan.purpose {
        Purpose::Register => {
            let (packet_blob, title) = ("00".repeat(32), "File it by hand".to_owned());
            FilingOutcome::NeedsPerson { packet_blob, title, due_at: now() }
        }
        Purpose::Dispute { .. } => FilingOutcome::Pending { token: "ticket".into(), ask_again_at: now() },
    }
}
