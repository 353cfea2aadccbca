//! What the daemon stands on fails it: the folder is taken, or not its own, or the disk is full, or breaks.
//! Each error names the place, the reason and the remedy; nothing acknowledged is lost; what can heal heals.
//!
//! Users and mounts of its own need root; where that is missing a test says so and is skipped.

use rustix::process::{Pid, Resource, Rlimit};
use serde_json::{Value, json};
use smartguard_tests::daemon::{Daemon, binary, run, run_on};
use smartguard_tests::floor::{self, NOWHERE, POLICY, list, text};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;

/// `nobody`, on every Linux.
const NOBODY: u32 = 65_534;
/// What the store keeps free.
const RESERVE_MIB: u64 = 64;

/// Checks that the daemon does not start, and says all of these.
#[track_caller]
fn check_refused(command: Command, parts: &[&str]) -> String {
    let said = match Daemon::try_start_with(command) {
        Ok(_) => panic!("it started"),
        Err(said) => said,
    };
    println!("{said}");
    for part in parts {
        assert!(said.contains(part), "{part:?} is not said: {said}");
    }
    assert!(!said.contains("panicked"), "{said}");
    said
}

fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    floor::prepare(folder.path(), NOWHERE, NOWHERE, POLICY);
    folder
}

async fn set_up(daemon: &Daemon) {
    daemon.must_post("/v1/businesses", &floor::business("acme", "self")).await;
    floor::import(daemon, "acme", floor::sheet(212, 10, |_| true)).await;
    daemon.must_post("/v1/users", &json!({ "name": "ann", "business": "acme" })).await;
}

fn ask(n: u32) -> Value {
    json!({ "to": format!("+1312555{n:04}"), "call_id": format!("c{n}"), "user": "ann" })
}

#[tokio::test]
async fn a_second_daemon_on_the_same_folder_is_told_so() {
    let folder = folder();
    floor::share_compiled_adapters(folder.path());
    let first = Daemon::start(folder.path());
    check_refused(run(binary(), folder.path(), &[]), &["data", "another daemon has the store", "stop that one"]);
    set_up(&first).await;
}

#[tokio::test]
async fn a_port_that_is_taken_is_named() {
    let folder = folder();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = taken.local_addr().expect("its address").to_string();
    let mut command = Command::new(binary());
    command.current_dir(folder.path()).args(["run", "--listen", &address]);
    command.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped());
    check_refused(command, &[&address, "cannot be opened", "--listen 127.0.0.1:0"]);
}

/// A folder that everybody may enter, with the binary in it, because `nobody` sees nothing of root's own.
struct Commons {
    folder: tempfile::TempDir,
}

impl Commons {
    /// None, with the reason printed, where this test cannot become another user.
    fn open() -> Option<Commons> {
        if !rustix::process::getuid().is_root() {
            println!("skipped: only root may start the daemon as another user");
            return None;
        }
        let folder = folder();
        std::fs::copy(binary(), folder.path().join("smartguard")).expect("copied");
        let commons = Commons { folder };
        commons.chmod("", 0o755);
        commons.chmod("smartguard", 0o755);
        Some(commons)
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    fn chmod(&self, name: &str, mode: u32) {
        std::fs::set_permissions(self.path().join(name), std::fs::Permissions::from_mode(mode)).expect("permitted");
    }

    /// The daemon as an ordinary user.
    fn as_nobody(&self, data: &str) -> Command {
        let mut command = run_on(&self.path().join("smartguard"), self.path(), Path::new(data), &[]);
        command.uid(NOBODY).gid(NOBODY);
        command
    }
}

#[tokio::test]
async fn a_data_folder_of_somebody_else_is_refused_with_what_to_do() {
    let Some(commons) = Commons::open() else { return };
    // It cannot even be made.
    check_refused(commons.as_nobody("data"), &["data", "may not write", "give the folder to the user"]);
    // It is there, and belongs to root.
    std::fs::create_dir(commons.path().join("data")).expect("made");
    check_refused(commons.as_nobody("data"), &["data", "may not write", "give the folder to the user"]);
    // Root has run there before, and all of its files are there.
    let daemon = Daemon::start(commons.path());
    set_up(&daemon).await;
    assert!(daemon.stop().success());
    check_refused(commons.as_nobody("data"), &["data", "may not write", "give the folder to the user"]);
    // Its files are given to the user, and the key beside them was forgotten.
    let given = Command::new("chown").args(["-R", "nobody"]).arg(commons.path().join("data")).status().expect("chown");
    assert!(given.success());
    check_refused(commons.as_nobody("data"), &["data.key", "could not be read", "this user may read the file"]);
    let given = Command::new("chown").arg("nobody").arg(commons.path().join("data.key")).status().expect("chown");
    assert!(given.success());
    let daemon = Daemon::try_start_with(commons.as_nobody("data")).expect("now it is its own");
    let users = daemon.get("/v1/users").await;
    assert_eq!(list(&users, "users").len(), 1, "{users}");
    drop(daemon);
    // A place for the data, and none for the key beside it.
    let own = commons.path().join("own");
    std::fs::create_dir(&own).expect("made");
    std::os::unix::fs::chown(&own, Some(NOBODY), Some(NOBODY)).expect("given");
    check_refused(commons.as_nobody("own"), &["own.key", "could not be made", "write to its folder"]);
}

#[tokio::test]
async fn a_data_folder_that_is_a_file_is_refused() {
    let folder = folder();
    std::fs::write(folder.path().join("data"), "x").expect("written");
    check_refused(
        run(binary(), folder.path(), &[]),
        &["data/store", "is a file", "name another data folder with --data"],
    );
}

/// A small disk in memory; taken away again at the end.
struct SmallDisk(PathBuf);

impl SmallDisk {
    /// None, with the reason printed, where mounting is not permitted.
    fn mount(at: PathBuf, mib: u64) -> Option<SmallDisk> {
        std::fs::create_dir_all(&at).expect("a folder");
        let size = format!("size={mib}m");
        match Command::new("mount").args(["-t", "tmpfs", "-o", &size, "tmpfs"]).arg(&at).output() {
            Ok(ran) if ran.status.success() => Some(SmallDisk(at)),
            Ok(ran) => {
                println!("skipped: mounting is not permitted here: {}", String::from_utf8_lossy(&ran.stderr));
                None
            }
            Err(cause) => {
                println!("skipped: mount cannot be run here: {cause}");
                None
            }
        }
    }

    /// Fills it up to so much.
    fn leave_free(&self, mib: u64) {
        let disk = rustix::fs::statvfs(&self.0).expect("its size");
        let free = disk.f_bavail * disk.f_frsize;
        let filler = std::fs::File::create(self.filler()).expect("a file");
        rustix::fs::fallocate(&filler, rustix::fs::FallocateFlags::empty(), 0, free.saturating_sub(mib << 20))
            .expect("filled");
    }

    fn make_room(&self) {
        std::fs::remove_file(self.filler()).expect("removed");
    }

    fn filler(&self) -> PathBuf {
        self.0.join("filler")
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // The daemon of a failed test may still have files open there.
        let _ = Command::new("umount").arg("-l").arg(&self.0).status();
    }
}

#[tokio::test]
async fn a_start_on_a_full_disk_is_refused_with_what_is_free() {
    let folder = folder();
    let Some(disk) = SmallDisk::mount(folder.path().join("disk"), 160) else { return };
    let command = || run_on(binary(), folder.path(), &disk.0.join("data"), &[]);
    let parts = ["disk/data", "bytes are free", "67108864 are kept in reserve", "free some space and start again"];
    disk.leave_free(RESERVE_MIB - 4);
    check_refused(command(), &parts);
    disk.make_room();
    disk.leave_free(0);
    check_refused(command(), &["disk/data", "free some space"]);
    disk.make_room();
    let daemon = Daemon::try_start_with(command()).expect("there is room now");
    set_up(&daemon).await;
    daemon.must_post("/v1/caller-id", &ask(1)).await;
    assert!(daemon.stop().success());
    // A disk that filled up while nobody ran holds what it held.
    disk.leave_free(1);
    check_refused(command(), &parts);
    disk.make_room();
    let daemon = Daemon::try_start_with(command()).expect("there is room again");
    let receipt = daemon.get("/v1/receipts?call_id=c1").await;
    assert_eq!(receipt["answer"]["decision"], "use", "{receipt}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_disk_that_fills_up_stops_nobody_for_longer_than_it_is_full() {
    let folder = folder();
    let Some(disk) = SmallDisk::mount(folder.path().join("disk"), 256) else { return };
    let command = || run_on(binary(), folder.path(), &disk.0.join("data"), &[]);
    let daemon = Daemon::try_start_with(command()).expect("there is room");
    set_up(&daemon).await;
    let first = daemon.must_post("/v1/caller-id", &ask(1)).await;

    disk.leave_free(RESERVE_MIB - 4);
    // The daemon learns of it by a commit that is refused; this one is taken and waits, or is not taken any more.
    let (status, waits) = daemon.post("/v1/users", &json!({ "name": "bob", "business": "acme" })).await;
    assert_eq!((status, text(&waits, "code")), (503, "disk_full"), "{waits}");
    assert!(text(&waits, "detail").contains("are free on the disk"), "{waits}");
    assert!(text(&waits, "remedy").contains("free some space"), "{waits}");
    let outcome = json!({ "decision_id": first["decision_id"], "dialstatus": "BUSY" });
    let (status, refused) = daemon.post("/v1/outcomes", &outcome).await;
    assert_eq!((status, text(&refused, "code")), (503, "disk_busy"), "{refused}");
    let (status, refused) = daemon.post("/v1/caller-id", &ask(2)).await;
    assert_eq!((status, text(&refused, "code")), (503, "disk_busy"), "what is not durable is not answered: {refused}");
    let dialplan = daemon.client.get(daemon.url("/v1/caller-id?format=text&to=13125550003&call_id=c3&user=ann"));
    let dialplan = dialplan.send().await.expect("an answer");
    assert_eq!(dialplan.status(), 503);
    assert!(dialplan.headers().contains_key("retry-after"));
    assert_eq!(dialplan.text().await.expect("a body"), "", "a dialplan never takes an error for a number");
    let (status, refused) = daemon.post("/v1/users", &json!({ "name": "eve", "business": "acme" })).await;
    assert_eq!((status, text(&refused, "code")), (503, "disk_full"), "{refused}");

    // It says so everywhere, and whoever only reads is answered.
    let (status, ready) = get(&daemon, "/readyz").await;
    assert_eq!((status, text(&ready, "code")), (503, "disk_full"), "{ready}");
    assert!(text(&ready, "detail").contains("disk/data"), "the place is named: {ready}");
    let (status, alive) = get(&daemon, "/healthz").await;
    assert_eq!(status, 200, "a restart would not help: {alive}");
    assert_eq!(alive["troubles"][0]["code"], "disk_full", "{alive}");
    let status = daemon.get("/v1/status").await;
    assert!(list(&status, "advice")[0].to_string().contains("is full"), "{status}");
    assert_eq!(list(&daemon.get("/v1/numbers").await, "numbers").len(), 10);
    assert!(metrics(&daemon).await.contains("\nsmartguard_calls_stopped 1\n"));

    disk.make_room();
    daemon.wait_for("/v1/users", 30, |users| list(users, "users").len() == 2).await;
    daemon.wait_for("/v1/status", 30, |status| !status["advice"].to_string().contains("is full")).await;
    assert_eq!(get(&daemon, "/readyz").await, (200, json!({ "ready": true })));
    let users = daemon.get("/v1/users").await;
    assert!(users.to_string().contains("bob") && !users.to_string().contains("eve"), "what waited is there: {users}");
    let taken = daemon.must_post("/v1/outcomes", &outcome).await;
    assert_eq!(taken["outcome"], "busy", "{taken}");
    let second = daemon.must_post("/v1/caller-id", &ask(2)).await;
    assert_eq!(second["decision"], "use", "{second}");
    assert!(metrics(&daemon).await.contains("\nsmartguard_calls_stopped 0\n"));

    // A stop does not wait for somebody to make room.
    disk.leave_free(RESERVE_MIB - 4);
    let (status, _) = daemon.post("/v1/users", &json!({ "name": "eve", "business": "acme" })).await;
    assert_eq!(status, 503);
    assert!(daemon.stop().success());
    disk.make_room();
    let daemon = Daemon::try_start_with(command()).expect("there is room again");
    for (decision, outcome) in [(&first, Some("busy")), (&second, None)] {
        let receipt = daemon.get(&format!("/v1/receipts/{}", text(decision, "decision_id"))).await;
        assert_eq!(receipt["outcome"].as_str(), outcome, "{receipt}");
    }
    assert!(daemon.get("/v1/users").await.to_string().contains("bob"));
}

/// From here on every write of the daemon to a file fails, as on a disk that breaks.
fn break_writes(daemon: &Daemon) {
    let pid = Pid::from_raw(daemon.pid().cast_signed()).expect("a process");
    let nothing = Rlimit { current: Some(0), maximum: None };
    rustix::process::prlimit(Some(pid), Resource::Fsize, nothing).expect("limited");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_a_write_that_failed_nothing_is_acknowledged_and_a_restart_has_everything() {
    let folder = folder();
    floor::share_compiled_adapters(folder.path());
    // The signal that comes with such a limit would end the daemon; the error that comes without it is that of a disk.
    let untraced = run(binary(), folder.path(), &[]);
    let mut command = Command::new("sh");
    command.args(["-c", "trap '' XFSZ; exec \"$0\" \"$@\""]).arg(untraced.get_program()).args(untraced.get_args());
    command.envs(untraced.get_envs().filter_map(|(name, value)| Some((name, value?)))).current_dir(folder.path());
    command.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped());
    let daemon = Daemon::try_start_with(command).expect("it starts");
    set_up(&daemon).await;
    let first = daemon.must_post("/v1/caller-id", &ask(1)).await;
    assert_eq!(get(&daemon, "/healthz").await, (200, json!({ "alive": true })));

    break_writes(&daemon);
    let (status, lost) = daemon.post("/v1/users", &json!({ "name": "bob", "business": "acme" })).await;
    assert_eq!((status, text(&lost, "code")), (503, "changes_halted"), "{lost}");
    let (status, refused) = daemon.post("/v1/users", &json!({ "name": "eve", "business": "acme" })).await;
    assert_eq!((status, text(&refused, "code")), (503, "changes_halted"), "{refused}");
    assert!(text(&refused, "remedy").contains("restart the daemon"), "{refused}");
    let outcome = json!({ "decision_id": first["decision_id"], "dialstatus": "BUSY" });
    let (status, refused) = daemon.post("/v1/outcomes", &outcome).await;
    assert_eq!((status, text(&refused, "code")), (503, "store_broken"), "{refused}");
    for n in 2..4 {
        let (status, refused) = daemon.post("/v1/caller-id", &ask(n)).await;
        assert_eq!((status, text(&refused, "code")), (503, "store_broken"), "{refused}");
    }
    let (status, health) = get(&daemon, "/healthz").await;
    assert_eq!((status, text(&health, "code")), (503, "restart_needed"), "{health}");
    assert!(text(&health, "detail").contains("data"), "the place is named: {health}");
    let (status, ready) = get(&daemon, "/readyz").await;
    assert_eq!((status, text(&ready, "code")), (503, "store_broken"), "{ready}");
    let status = daemon.get("/v1/status").await;
    assert!(list(&status, "advice")[0].to_string().contains("restart the daemon"), "{status}");
    let metrics = metrics(&daemon).await;
    assert!(metrics.contains("\nsmartguard_store_well 0\n") && metrics.contains("\nsmartguard_restart_needed 1\n"));

    daemon.kill();
    let daemon = Daemon::start(folder.path());
    let receipt = daemon.get(&format!("/v1/receipts/{}", text(&first, "decision_id"))).await;
    assert_eq!(receipt["answer"]["caller_id"], first["caller_id"], "{receipt}");
    assert_eq!(list(&daemon.get("/v1/users").await, "users").len(), 1, "nothing of what was refused");
    daemon.must_post("/v1/outcomes", &outcome).await;
    daemon.must_post("/v1/users", &json!({ "name": "bob", "business": "acme" })).await;
}

async fn get(daemon: &Daemon, path: &str) -> (u16, Value) {
    let response = daemon.client.get(daemon.url(path)).send().await.expect("an answer");
    (response.status().as_u16(), response.json().await.expect("JSON"))
}

async fn metrics(daemon: &Daemon) -> String {
    daemon.client.get(daemon.url("/metrics")).send().await.expect("an answer").text().await.expect("a page")
}
