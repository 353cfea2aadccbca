//! Power cuts, simulated: nothing acknowledged is lost when the machine itself stops.
//!
//! The data folder lies on ext4 on a loop device whose backing file is in memory. At a random moment under load the daemon
//! is stopped and the backing file copied: the copy is what had reached the device. It is mounted as a disk that comes up
//! again, and a daemon is started on it. The device's own cache counts as safe, so this is the kindest disk there is.
//!
//! Part of `cargo xtask long`; needs root and loop devices, and says so where it is skipped.

use serde_json::json;
use smartguard_tests::daemon::{Daemon, binary, run_on};
use smartguard_tests::dice::Dice;
use smartguard_tests::filer::{self, Filer};
use smartguard_tests::floor::{self, NOWHERE};
use smartguard_tests::ledger::{Ledger, Look, Promise};
use smartguard_tests::load::{Load, Plan};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

/// The store keeps 64 MiB in reserve.
const DISK: &str = "320M";
const USERS: [&str; 3] = ["ann", "bob", "eve"];
/// Copies of the backing file before what is still on its way to the device must have arrived.
const COPIES_MAX: u32 = 50;

/// A disk that can be cut off.
struct Disk {
    image: PathBuf,
    device: String,
    at: PathBuf,
}

impl Disk {
    /// Makes a file system in memory; the reason where that cannot be done.
    fn make(image: PathBuf, at: &Path) -> Result<Disk, String> {
        said(Command::new("truncate").args(["-s", DISK]).arg(&image))?;
        said(Command::new("mkfs.ext4").args(["-q", "-m", "0", "-F"]).arg(&image))?;
        Disk::plug_in(image, at)
    }

    /// Mounts it as a disk that comes up again: the file system replays its journal.
    fn plug_in(image: PathBuf, at: &Path) -> Result<Disk, String> {
        std::fs::create_dir_all(at).map_err(|cause| cause.to_string())?;
        let device = said(Command::new("losetup").args(["-f", "--show"]).arg(&image))?.trim().to_owned();
        let disk = Disk { image, device, at: at.to_owned() };
        said(Command::new("mount").arg(&disk.device).arg(at))?;
        Ok(disk)
    }

    /// What has reached the device by now, as the image of another disk. What was already on its way is let through,
    /// because a copy that changes while it is made is the state of no moment.
    fn as_it_is(&self, copy: &Path) {
        let other = copy.with_extension("other");
        let copy_to = |place: &Path| said(Command::new("cp").arg("--sparse=auto").arg(&self.image).arg(place));
        copy_to(copy).expect("a copy");
        for _ in 0..COPIES_MAX {
            copy_to(&other).expect("another copy");
            let same = Command::new("cmp").arg("-s").args([copy, &other]).status().expect("cmp runs").success();
            std::fs::rename(&other, copy).expect("renamed");
            if same {
                return;
            }
        }
        panic!("the device is never at rest, although the daemon is stopped");
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        // Nothing of it is needed any more, and a failure here would hide the one before it.
        let _ = Command::new("umount").arg("-l").arg(&self.at).status();
        let _ = Command::new("losetup").arg("-d").arg(&self.device).status();
        let _ = std::fs::remove_file(&self.image);
    }
}

/// What a command prints, or what it complains about.
fn said(command: &mut Command) -> Result<String, String> {
    let program = command.get_program().to_string_lossy().into_owned();
    match command.output() {
        Ok(ran) if ran.status.success() => Ok(String::from_utf8_lossy(&ran.stdout).into_owned()),
        Ok(ran) => Err(format!("{program}: {}", String::from_utf8_lossy(&ran.stderr).trim())),
        Err(cause) => Err(format!("{program} cannot be run: {cause}")),
    }
}

/// Everything of one run.
struct Lab {
    folder: tempfile::TempDir,
    memory: tempfile::TempDir,
}

impl Lab {
    /// None, with the reason printed, where power cuts are not simulated.
    fn open() -> Option<(Lab, Disk)> {
        if std::env::var_os("SMARTGUARD_LONG").is_none() {
            println!("skipped: power cuts are part of `cargo xtask long`");
            return None;
        }
        let memory = match tempfile::tempdir_in("/dev/shm") {
            Ok(memory) => memory,
            Err(cause) => {
                println!("skipped: there is no /dev/shm for the disk: {cause}");
                return None;
            }
        };
        let lab = Lab { folder: tempfile::tempdir().expect("a folder"), memory };
        match Disk::make(lab.memory.path().join("disk-0"), &lab.mounted(0)) {
            Ok(disk) => Some((lab, disk)),
            Err(reason) => {
                println!("skipped: no disk of its own can be mounted here: {reason}");
                None
            }
        }
    }

    fn mounted(&self, cut: u32) -> PathBuf {
        self.folder.path().join(format!("mounted-{cut}"))
    }

    /// A daemon whose data folder, and the key beside it, lie on the disk.
    fn start(&self, disk: &Disk) -> Result<Daemon, String> {
        Daemon::try_start_with(run_on(binary(), self.folder.path(), &disk.at.join("data"), &[]))
    }

    /// Cuts the power, and gives the disk as it comes up again.
    fn cut(&self, daemon: Daemon, disk: Disk, cut: u32) -> Disk {
        let pid = rustix::process::Pid::from_raw(daemon.pid().cast_signed()).expect("a process");
        rustix::process::kill_process(pid, rustix::process::Signal::STOP).expect("stopped");
        let image = self.memory.path().join(format!("disk-{cut}"));
        disk.as_it_is(&image);
        daemon.kill();
        drop(disk);
        Disk::plug_in(image, &self.mounted(cut)).expect("the disk comes up again")
    }
}

async fn set_up(lab: &Lab, disk: &Disk, origin: &str, durability: &str) -> Daemon {
    let policy = format!("{}durability = \"{durability}\"\n", floor::POLICY);
    floor::prepare(lab.folder.path(), NOWHERE, NOWHERE, &policy);
    let origins = filer::drop_in(&lab.folder.path().join("adapters"), origin);
    let config = std::fs::read_to_string(lab.folder.path().join("smartguard.toml")).expect("written before");
    std::fs::write(lab.folder.path().join("smartguard.toml"), config + &origins).expect("written");
    let daemon = lab.start(disk).expect("it starts");
    daemon.must_post("/v1/businesses", &floor::business("acme", "self")).await;
    for adapter in [filer::ASKING, filer::BLIND] {
        daemon.must_post(&format!("/v1/adapters/{adapter}/grant"), &json!({ "by": "Ann" })).await;
    }
    floor::import(&daemon, "acme", floor::sheet(212, 30, |_| true)).await;
    for user in USERS {
        daemon.must_post("/v1/users", &json!({ "name": user, "business": "acme" })).await;
    }
    daemon
}

async fn power_cuts(cuts: u32, durability: &str, promise: Promise) {
    let mut dice = Dice::thrown("power cuts");
    let Some((lab, mut disk)) = Lab::open() else { return };
    let (filer, origin) = Filer::start(&mut dice).await;
    let mut daemon = set_up(&lab, &disk, &origin, durability).await;
    let ledger = Arc::new(Ledger::default());
    let (mut lost, mut forgotten) = (0, 0);
    for cut in 1..=cuts {
        let owners = USERS.map(str::to_owned).to_vec();
        let plan = Plan { round: cut, owners, grants: Vec::new(), label_every_ms: 200 };
        let load = Load::start(&daemon, &ledger, plan, &mut dice);
        tokio::time::sleep(dice.millis(100, 2_500)).await;
        // What nobody synced does not survive: without this the cuts would prove nothing.
        std::fs::write(disk.at.join("unsynced"), cut.to_string()).expect("written");
        disk = lab.cut(daemon, disk, cut);
        load.over().await;
        let unsynced = std::fs::read_to_string(disk.at.join("unsynced")).unwrap_or_default();
        forgotten += u32::from(unsynced != cut.to_string());
        daemon = lab.start(&disk).unwrap_or_else(|said| panic!("cut {cut}: it does not start again: {said}"));
        let look = ledger.look(&daemon, Some(cut), promise).await;
        println!("cut {cut}: {look:?}");
        lost += look.lost;
    }
    let look: Look = ledger.look(&daemon, None, promise).await;
    for (key, times) in filer.arrived() {
        assert_eq!(times, 1, "the filing {key} was sent {times} times");
    }
    println!(
        "{cuts} power cuts under {durability}: {} decisions acknowledged, {lost} of them gone; {} outcomes, {} cases, {} filings: none gone, none twice; what was not synced was gone after {forgotten} of them",
        look.decisions,
        look.outcomes,
        ledger.cases().len(),
        filer.arrived().len(),
    );
    assert!(forgotten > 0, "no cut took anything, so nothing is proven");
    drop(daemon);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_power_cut_loses_nothing_acknowledged() {
    power_cuts(20, "lease", Promise::Lease).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_power_cut_loses_no_decision_where_every_answer_waits_for_the_disk() {
    power_cuts(10, "sync", Promise::Sync).await;
}
