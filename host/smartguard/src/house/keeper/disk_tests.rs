//! What the keeper does when the disk is full or breaks, and when records would not fit.

use super::super::moody_store::{Mood, MoodyStore};
use super::*;
use crate::house::begun::Begun;
use crate::house::journal::Journal;
use crate::house::keys::Keys;
use crate::house::shadow::Shadows;
use crate::store::Tree;
use numbers::Policies;
use numbers::{Address, Business, Contact, ImportedRow, OwnerId, Policy, Relation, RightToUse, Service};

fn business(id: &str, use_case: &str) -> What {
    let said = str::to_owned;
    What::BusinessAdded(Business {
        id: said(id),
        legal_name: said("Acme LLC"),
        dba: None,
        relation: Relation::Own,
        ein: None,
        address: Address {
            line1: said("1 Main St"),
            line2: None,
            city: said("Dayton"),
            state: said("OH"),
            zip: said("45402"),
            country: said("US"),
        },
        website: None,
        contact: Contact {
            title: None,
            name: said("Ann"),
            email: said("ann@acme.example"),
            phone: said("+19375550100"),
        },
        use_case: said(use_case),
        category: None,
        calls_per_month: 1,
        originating_providers: Vec::new(),
        cnam: None,
        duns: None,
        employees: None,
        legal_form: None,
        incorporated_in: None,
        industry: None,
    })
}

/// A keeper over a disk with moods.
struct Room {
    keeper: KeeperHandle,
    store: Arc<MoodyStore>,
    hot: Arc<Hot>,
    _folder: tempfile::TempDir,
}

impl Room {
    async fn open() -> Room {
        let folder = tempfile::tempdir().expect("a folder");
        let store = Arc::new(MoodyStore::new());
        let kept: Arc<dyn Store> = store.clone();
        let keys = Keys::of_store(&kept, &folder.path().join("key")).await.expect("a key");
        let (journal, _writing) = Journal::start(kept.clone(), 1);
        let (draws, _) = mpsc::unbounded_channel();
        let hot = Arc::new(Hot::new(keys, journal, Policies::default(), draws, Begun::new().0, Shadows::new().0));
        let mut state = State::default();
        state.next_id = 1;
        let parts = KeeperParts {
            state,
            store: kept,
            hot: hot.clone(),
            directory: Arc::default(),
            schedule: Schedule::default(),
            commands: mpsc::unbounded_channel().0,
            next_event: 1,
        };
        let (keeper, _keeping) = start(parts);
        Room { keeper, store, hot, _folder: folder }
    }

    /// How many businesses the disk has, and how many the keeper shows.
    async fn businesses(&self) -> (usize, usize) {
        let kept = self.store.scan(Tree::Business, &[], None, 100).await.expect("a page").len();
        (kept, self.keeper.read(|state| state.businesses.len()).await.expect("readers are answered"))
    }

    async fn becomes(&self, fits: impl FnMut(&Condition) -> bool) {
        self.keeper.condition.clone().wait_for(fits).await.expect("the keeper goes on");
    }
}

#[tokio::test]
async fn while_the_disk_is_full_the_hurried_are_told_and_the_patient_wait() {
    let room = Room::open().await;
    room.keeper.propose(business("first", "")).await.expect("durable");
    room.store.become_(Mood::Full);
    let waiting = room.keeper.propose(business("second", "")).await;
    assert!(matches!(waiting, Err(ProposeError::Waiting(_))), "{waiting:?}");
    assert!(matches!(room.keeper.condition(), Condition::HeldUp(_)));
    let refused = room.keeper.propose(business("third", "")).await;
    assert!(matches!(refused, Err(ProposeError::NotTaken(_))), "{refused:?}");
    assert!(matches!(room.keeper.hold().await, Err(ProposeError::NotTaken(_))), "an export is told as well");
    assert_eq!(room.businesses().await, (1, 2), "readers are answered meanwhile");
    let keeper = room.keeper.clone();
    let patient = tokio::spawn(async move { keeper.propose_patiently(business("fourth", "")).await });
    assert_eq!(room.businesses().await.0, 1);

    room.store.become_(Mood::Well);
    patient.await.expect("it waited").expect("and was taken");
    room.becomes(|condition| *condition == Condition::Well).await;
    assert_eq!(room.businesses().await, (3, 3), "what waited is durable, what was refused is not there");
}

#[tokio::test]
async fn a_stop_does_not_wait_for_a_full_disk() {
    let room = Room::open().await;
    room.store.become_(Mood::Full);
    let waiting = room.keeper.propose(business("first", "")).await;
    assert!(matches!(waiting, Err(ProposeError::Waiting(_))), "{waiting:?}");
    room.keeper.stop().await;
    let stopped = room.keeper.propose(business("second", "")).await;
    assert!(matches!(stopped, Err(ProposeError::Stopping)), "{stopped:?}");
}

#[tokio::test]
async fn after_a_failed_commit_nothing_more_is_changed() {
    let room = Room::open().await;
    room.keeper.propose(business("first", "")).await.expect("durable");
    room.store.become_(Mood::Broken);
    let policy = Policy { per_hour: 1, ..Policy::default() };
    let lost = room.keeper.propose(What::PolicyAdopted { revision: 9, policy, scopes: 0 }).await;
    assert!(matches!(&lost, Err(ProposeError::Halted(why)) if why.contains("the cable is out")), "{lost:?}");
    room.store.become_(Mood::Well);
    for _ in 0..2 {
        let refused = room.keeper.propose_patiently(business("second", "")).await;
        assert!(matches!(refused, Err(ProposeError::Halted(_))), "{refused:?}");
    }
    assert_eq!(room.businesses().await, (1, 1), "nothing is written beside what was lost");
    assert_eq!(room.hot.policy.load().revision, 0, "the path of a call goes on with what was published before");
    assert!(matches!(room.keeper.condition(), Condition::Halted(_)));
    room.keeper.stop().await;
}

#[tokio::test]
async fn what_does_not_fit_is_refused_and_harms_nothing() {
    let room = Room::open().await;
    let refused = room.keeper.propose(business(&"b".repeat(200), "")).await;
    let Err(ProposeError::Refused(refusal @ Refusal::TooLong { .. })) = refused else { panic!("{refused:?}") };
    assert!(refusal.to_string().contains("the id of the business would take 200"), "{refusal}");
    assert_eq!(room.businesses().await, (0, 0));
    room.keeper.propose(business("first", "Reminders")).await.expect("durable");
    let rows = (0..40).map(|n| ImportedRow {
        number: E164::from_digits(12_125_550_000 + n).expect("a number"),
        service: Service::New,
        right: RightToUse::Declared { by: "a".repeat(100), at: Moment(1), letter: None },
        callback_route: None,
    });
    let rows = rows.collect();
    let refused = room.keeper.propose(What::NumbersImported { business: "first".into(), by: "a".into(), rows }).await;
    let Err(ProposeError::Refused(refusal @ Refusal::TooLong { .. })) = refused else { panic!("{refused:?}") };
    assert!(refusal.to_string().contains("the change would take 4"), "{refusal}");
    let id = OwnerId::User("u".repeat(150));
    let refused = room.keeper.propose(What::OwnerAdded { id, business: "first".into(), pool_size: None }).await;
    assert!(matches!(refused, Err(ProposeError::Refused(Refusal::TooLong { .. }))), "{refused:?}");
    assert_eq!(room.keeper.condition(), Condition::Well);
}
