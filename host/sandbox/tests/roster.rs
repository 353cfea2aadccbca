//! Who serves: offered versions, grants, swaps under load, refusals that change nothing, and the bench.
//!
//! The maker here understands one line of "code", so that each test says what its adapter does.

use futures_util::future::BoxFuture;
use numbers::Moment;
use sandbox::datasets::Datasets;
use sandbox::grant::Grants;
use sandbox::http::{Gate, Rebinds};
use sandbox::manifest::Manifest;
use sandbox::roster::{Bundled, Live, Made, Maker, Offered, Origin, Refused, Roster, State, Strike};
use sandbox::secrets::Secrets;
use sandbox::trouble::Trouble;
use sandbox::watch::{QUIET_DEFAULT, Watch};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;
use tempfile::TempDir;

struct OneLine;

impl Maker for OneLine {
    type Guest = String;

    fn make<'a>(
        &'a self,
        _: &'a Manifest,
        file: &'a str,
        code: Vec<u8>,
    ) -> BoxFuture<'a, Result<Made<String>, Trouble>> {
        Box::pin(async move {
            let code = String::from_utf8_lossy(&code).trim().to_owned();
            let made = |id: &str, agency: &str| {
                Ok(Made { guest: code.clone(), id: id.to_owned(), speaks_for: vec![agency.to_owned()] })
            };
            match code.split_once(' ') {
                Some(("syntax", rest)) => Err(Trouble::new(file, format!("does not evaluate: {rest}"), "correct it")),
                Some(("called", id)) => made(id, "probe"),
                Some(("speaks-for", agency)) => made("probe", agency),
                _ => made("probe", "probe"),
            }
        })
    }
}

#[derive(Debug, PartialEq)]
struct Broke(&'static str);

impl std::fmt::Display for Broke {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.0)
    }
}

impl Strike for Broke {
    fn strike(&self) -> Option<String> {
        (self.0 != "agency is down").then(|| self.0.to_owned())
    }
}

struct Room {
    roster: Arc<Roster<OneLine>>,
    folder: TempDir,
}

const NOW: Moment = Moment(1_800_000_000_000);
const BUNDLED: [Bundled; 1] = [Bundled { id: "probe", manifest: MANIFEST, script: "answers bundled", modules: &[] }];
const MANIFEST: &str = r#"
id = "probe"
kind = "agency"
version = "1"
summary = "Says what its one line says"
wit = "0.0.1"
confidence = "unknown"
[origins]
api = "https://api.example.com"
[secrets.API_KEY]
origins = ["api"]
where = "their sales"
[agencies]
speaks_for = ["probe"]
"#;

impl Room {
    fn new() -> Room {
        let folder = tempfile::tempdir().expect("a folder");
        let gate = Gate::new(Rebinds::default(), Secrets::default());
        let datasets = Datasets::new(folder.path().join("datasets"));
        let roster = Roster::new(OneLine, gate, datasets, BTreeMap::new(), Grants::default());
        Room { roster: Arc::new(roster), folder }
    }

    async fn bundled() -> Room {
        let room = Room::new();
        room.roster.load_bundled(&BUNDLED, NOW).await;
        room
    }

    fn path(&self, id: &str) -> PathBuf {
        self.folder.path().join(id)
    }

    /// Saves a version in the folder `probe` and offers it.
    async fn save(&self, manifest: &str, code: &str) -> Result<Offered, Trouble> {
        write(&self.path("probe"), manifest, code);
        self.roster.load_folder(&self.path("probe"), NOW).await
    }

    async fn ask(&self, now: Moment, fails: Option<&'static str>) -> Result<String, Refused<Broke>> {
        let call =
            async |live: Arc<Live<String>>| fails.map_or_else(|| Ok(live.guest.clone()), |broke| Err(Broke(broke)));
        self.roster.call("probe", now, call).await
    }

    fn state(&self, now: Moment) -> State {
        self.roster.list(now).remove(0).state
    }
}

fn write(folder: &Path, manifest: &str, code: &str) {
    std::fs::create_dir_all(folder).expect("a folder");
    std::fs::write(folder.join("adapter.toml"), manifest).expect("a manifest");
    std::fs::write(folder.join("adapter.js"), code).expect("a script");
}

/// A version that is refused: the bundled one serves on, and the reason is visible.
async fn check_refused(manifest: &str, code: &str, words: &str) {
    let room = Room::bundled().await;
    let refusal = room.save(manifest, code).await.expect_err(words);
    assert!(refusal.to_string().contains(words), "{refusal}");
    let status = room.roster.list(NOW).remove(0);
    assert_eq!((status.state, status.trouble), (State::Live, Some(refusal)));
    assert_eq!(room.ask(NOW, None).await, Ok("answers bundled".to_owned()));
    // The next good save is all it takes.
    assert_eq!(room.save(MANIFEST, "answers repaired").await, Ok(Offered::Live));
    assert_eq!(room.roster.list(NOW).remove(0).trouble, None);
    assert_eq!(room.ask(NOW, None).await, Ok("answers repaired".to_owned()));
}

#[tokio::test]
async fn a_bad_version_is_refused_with_its_reason_and_changes_nothing() {
    check_refused(MANIFEST, "syntax error in line 3", "probe/adapter.js: does not evaluate: error in line 3").await;
    check_refused(MANIFEST, "called other", "`describe` says `other`").await;
    check_refused(MANIFEST, "speaks-for hiya", "`describe` speaks for `hiya`").await;
    check_refused(&MANIFEST.replace("summary", "sumary"), "answers", "did you mean `summary`?").await;
    check_refused(&MANIFEST.replace("id = \"probe\"", "id = \"other\""), "answers", "and the folder is `probe`").await;
}

#[tokio::test]
async fn a_folder_goes_before_the_bundled_one_and_gives_its_place_back() {
    let room = Room::bundled().await;
    assert_eq!(room.save(MANIFEST, "answers mine").await, Ok(Offered::Live));
    assert_eq!(room.save(MANIFEST, "answers mine").await, Ok(Offered::Unchanged));
    let status = room.roster.list(NOW).remove(0);
    assert_eq!(status.origin, Some(Origin::Folder(room.path("probe"))));
    assert!(status.secrets_missing[0].remedy.contains("SMARTGUARD_SECRET_PROBE_API_KEY"));
    room.roster.remove_folder("probe", NOW).await.expect("the bundled one");
    assert_eq!(room.ask(NOW, None).await, Ok("answers bundled".to_owned()));
}

#[tokio::test]
async fn wider_powers_wait_for_a_grant_while_the_old_version_serves() {
    let room = Room::bundled().await;
    let wider = MANIFEST.replace("https://api.example.com", "https://elsewhere.example.com");
    assert_eq!(room.save(&wider, "answers wider").await, Ok(Offered::Waiting));
    let status = room.roster.list(NOW).remove(0);
    assert_eq!(status.state, State::Live);
    assert!(status.trouble.expect("a reason").reason.contains("GET requests to https://elsewhere.example.com/"));
    assert_eq!(room.ask(NOW, None).await, Ok("answers bundled".to_owned()));
    room.roster.grant("probe", NOW).await.expect("a grant");
    assert_eq!(room.ask(NOW, None).await, Ok("answers wider".to_owned()));
    // The grant binds to powers: the next script needs none.
    assert_eq!(room.save(&wider, "answers wider still").await, Ok(Offered::Live));
}

#[tokio::test]
async fn an_unknown_adapter_is_loaded_ungranted_until_somebody_grants_it() {
    let room = Room::new();
    assert_eq!(room.save(MANIFEST, "answers").await, Ok(Offered::Waiting));
    match room.state(NOW) {
        State::Ungranted { asked } => assert_eq!(asked.len(), 2, "{asked:?}"),
        state => panic!("{state:?}"),
    }
    assert!(
        matches!(room.ask(NOW, None).await, Err(Refused::NotLive(reason)) if reason.contains("nobody has granted it"))
    );
    room.roster.grant("probe", NOW).await.expect("a grant");
    assert_eq!(room.state(NOW), State::Live);
    assert!(room.roster.grant("nobody", NOW).await.is_err());
}

#[tokio::test]
async fn repeated_faults_bench_with_growing_rest_and_a_success_forgives() {
    let room = Room::bundled().await;
    let minutes = |count: u64| NOW.plus(Duration::from_secs(60 * count));
    let fault = |now| room.ask(now, Some("trapped"));
    for _ in 0..2 {
        assert_eq!(fault(NOW).await, Err(Refused::Failed(Broke("trapped"))));
    }
    // A success between them ends the row.
    assert_eq!(room.ask(NOW, None).await, Ok("answers bundled".to_owned()));
    for _ in 0..3 {
        assert_eq!(room.state(NOW), State::Live);
        assert_eq!(fault(NOW).await, Err(Refused::Failed(Broke("trapped"))));
    }
    match room.ask(NOW, None).await {
        Err(Refused::Benched { until, reason }) => {
            assert!(until >= minutes(1) && until < minutes(2), "{until:?}");
            assert_eq!(reason, "3 faults in a row; the last: trapped");
        }
        other => panic!("{other:?}"),
    }
    assert!(matches!(room.state(NOW), State::Benched { .. }));
    // After the rest one more fault is enough, and the rest is twice as long.
    assert!(matches!(fault(minutes(2)).await, Err(Refused::Failed(_))));
    assert!(matches!(room.ask(minutes(3), None).await, Err(Refused::Benched { until, .. }) if until >= minutes(4)));
    // After many of them it is an hour and never more.
    let mut now = minutes(5);
    for _ in 0..20 {
        assert!(matches!(fault(now).await, Err(Refused::Failed(_))), "{now:?}");
        now = now.plus(Duration::from_secs(3700));
    }
    assert_eq!(room.ask(now, None).await, Ok("answers bundled".to_owned()));
    assert!(matches!(fault(now).await, Err(Refused::Failed(_))));
    assert_eq!(room.state(now), State::Live, "one fault after a success is one fault");
    // A new version begins with a clean record.
    for _ in 0..2 {
        assert!(matches!(fault(now).await, Err(Refused::Failed(_))));
    }
    assert!(matches!(room.state(now), State::Benched { .. }));
    assert_eq!(room.save(MANIFEST, "answers new").await, Ok(Offered::Live));
    assert_eq!(room.ask(now, None).await, Ok("answers new".to_owned()));
}

#[tokio::test]
async fn what_the_agency_does_wrong_benches_nobody() {
    let room = Room::bundled().await;
    for _ in 0..10 {
        assert_eq!(room.ask(NOW, Some("agency is down")).await, Err(Refused::Failed(Broke("agency is down"))));
    }
    assert_eq!(room.state(NOW), State::Live);
    let last = room.roster.list(NOW)[0].last_failure.clone().expect("people see it all the same");
    assert_eq!(last.1, "agency is down");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn twenty_swaps_under_load_drop_no_call() {
    let room = Room::bundled().await;
    let (stop, calls) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
    let callers: Vec<_> = (0..4)
        .map(|_| {
            let (roster, stop, calls) = (room.roster.clone(), stop.clone(), calls.clone());
            tokio::spawn(async move {
                let mut newest = 0;
                while !stop.load(Ordering::SeqCst) {
                    let call = async |live: Arc<Live<String>>| {
                        tokio::task::yield_now().await;
                        Ok::<_, Broke>(live.guest.clone())
                    };
                    let answer = roster.call("probe", NOW, call).await.expect("an answer");
                    let version = answer.strip_prefix("answers ").and_then(|rest| rest.parse().ok()).unwrap_or(0);
                    assert!(version >= newest, "version {version} after {newest}");
                    newest = version;
                    calls.fetch_add(1, Ordering::SeqCst);
                }
            })
        })
        .collect();
    for version in 1..=20 {
        let before = calls.load(Ordering::SeqCst);
        assert_eq!(room.save(MANIFEST, &format!("answers {version}")).await, Ok(Offered::Live));
        while calls.load(Ordering::SeqCst) == before {
            tokio::task::yield_now().await;
        }
    }
    stop.store(true, Ordering::SeqCst);
    for caller in callers {
        caller.await.expect("no call was dropped");
    }
    println!("{} calls during 20 swaps", calls.load(Ordering::SeqCst));
}

#[tokio::test]
async fn what_is_saved_in_the_folder_comes_into_force() {
    let room = Room::bundled().await;
    let adapters = room.path("adapters");
    std::fs::create_dir(&adapters).expect("a folder");
    let mut watch = Watch::start(vec![adapters.clone()], QUIET_DEFAULT).expect("a watch");
    let folder = adapters.join("probe");

    write(&folder, MANIFEST, "answers saved");
    follow(&room, &mut watch).await;
    assert_eq!(room.ask(NOW, None).await, Ok("answers saved".to_owned()));

    std::fs::write(folder.join("adapter.js"), "syntax error").expect("a save");
    follow(&room, &mut watch).await;
    assert_eq!(room.ask(NOW, None).await, Ok("answers saved".to_owned()));
    assert!(room.roster.list(NOW)[0].trouble.is_some());

    std::fs::remove_dir_all(&folder).expect("a removal");
    follow(&room, &mut watch).await;
    assert_eq!(room.ask(NOW, None).await, Ok("answers bundled".to_owned()));

    write(&folder, MANIFEST, "answers at start");
    room.roster.load_all(&adapters, NOW).await;
    assert_eq!(room.ask(NOW, None).await, Ok("answers at start".to_owned()));
}

async fn follow(room: &Room, watch: &mut Watch) {
    for change in watch.changed().await {
        // A refusal stands in the seat, where the test looks for it.
        drop(room.roster.follow(&change, NOW).await);
    }
}

#[tokio::test]
async fn configuration_of_what_is_not_here_is_told() {
    let mut rebinds = Rebinds::default();
    for (adapter, origin) in [("probe", "api"), ("probe", "apo"), ("prob", "api")] {
        rebinds.bind(adapter, origin, "http://127.0.0.1:1").expect("an address");
    }
    let folder = tempfile::tempdir().expect("a folder");
    let config = BTreeMap::from([("prode".to_owned(), BTreeMap::new())]);
    let gate = Gate::new(rebinds, Secrets::default());
    let roster = Roster::new(OneLine, gate, Datasets::new(folder.path()), config, Grants::default());
    roster.load_bundled(&BUNDLED, NOW).await;
    let told: Vec<String> = roster.configuration_unused().iter().map(ToString::to_string).collect();
    assert_eq!(
        told,
        [
            "[config] prode: no adapter `prode` serves; did you mean `probe`?",
            "[origins] prob.api: no adapter `prob` serves; did you mean `probe`?",
            "[origins] probe.apo: no origin `apo` serves; did you mean `api`?",
        ]
    );
}
