//! What `adapter new` makes passes its own tests and the rules of its kind untouched; its types, and those of every script
//! that we ship, are those of the interface.

use kit::Folder;
use kit::check::{Report, Tier};
use sandbox::kind::Kind;
use sandbox::{Engine, EngineOptions};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// One engine for all tests; its cache outlives them, so that each script is compiled once.
fn engine() -> &'static Engine {
    static ENGINE: OnceLock<Engine> = OnceLock::new();
    ENGINE.get_or_init(|| {
        let cache = Path::new(env!("CARGO_TARGET_TMPDIR")).join("adapter-cache");
        Engine::new(EngineOptions::new(cache)).expect("the engine starts")
    })
}

async fn check(folder: &Folder) -> Report {
    kit::check::run(engine(), folder, &|_| {}).await.unwrap_or_else(|trouble| panic!("{trouble}"))
}

#[tokio::test]
async fn a_new_adapter_of_each_kind_passes_untouched() {
    let scratch = tempfile::tempdir().expect("a folder");
    for kind in Kind::ALL {
        let id = format!("new_{}", kind.word().replace('-', "_"));
        let (path, _) = kit::new::write(scratch.path(), &id, kind).unwrap_or_else(|trouble| panic!("{trouble}"));
        let folder = Folder::read(&path).unwrap_or_else(|trouble| panic!("{trouble}"));
        let report =
            kit::test::run(engine(), &folder, false, |_| {}).await.unwrap_or_else(|trouble| panic!("{trouble}"));
        assert!(report.passed(), "{kind}: {report:#?}");
        let covered: BTreeSet<&str> = report.cassettes.iter().map(|tested| tested.function).collect();
        let declared: BTreeSet<&str> = folder.manifest.functions.named().into_iter().collect();
        assert_eq!(covered, declared, "{kind}: a cassette for each function");
        let report = check(&folder).await;
        let broken: BTreeSet<&str> = report.broken().map(|judged| judged.id).collect();
        // Its server is imagined, and that is said; a ranker has none.
        let (expected, tier) = match kind {
            Kind::Ranker => (BTreeSet::new(), Tier::Gold),
            Kind::Agency | Kind::Provider | Kind::CarrierLookup => (BTreeSet::from(["provenance"]), Tier::Silver),
        };
        assert_eq!((broken, report.tier), (expected, Some(tier)), "{kind}: {:#?}", report.rules);
    }
}

#[test]
fn nothing_is_written_over_and_an_id_must_be_one() {
    let scratch = tempfile::tempdir().expect("a folder");
    let write = |id: &str| kit::new::write(scratch.path(), id, Kind::Agency);
    let (path, files) = write("acme").unwrap_or_else(|trouble| panic!("{trouble}"));
    assert!(files.iter().all(|file| path.join(file).is_file()));
    std::fs::write(path.join("adapter.js"), "mine").expect("written");
    let trouble = write("acme").expect_err("it is there");
    assert!(trouble.reason.contains("nothing is written over"), "{trouble}");
    assert_eq!(std::fs::read_to_string(path.join("adapter.js")).expect("a script"), "mine");
    let trouble = write("Acme-Labels").expect_err("no id");
    assert_eq!(trouble.remedy, "write `acme_labels`");
    assert!(write("9lives").is_err() && write("../acme").is_err());
}

#[test]
fn the_pages_and_the_index_of_what_we_ship_are_true() {
    let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("../adapters");
    let mut folders: Vec<PathBuf> =
        std::fs::read_dir(&shipped).expect("adapters").flatten().map(|entry| entry.path()).collect();
    folders.retain(|folder| folder.join("adapter.toml").is_file());
    folders.sort();
    let read = |folder: &PathBuf| Folder::read(folder).unwrap_or_else(|trouble| panic!("{trouble}"));
    let folders: Vec<Folder> = folders.iter().map(read).collect();
    for folder in &folders {
        let id = &folder.manifest.id;
        let kept = std::fs::read_to_string(folder.path.join("REFERENCE.md")).unwrap_or_default();
        let remedy = format!("run `smartguard adapter docs adapters/{id} > adapters/{id}/REFERENCE.md`");
        assert_eq!(kept, kit::docs::page(folder), "{remedy}");
    }
    let readme = std::fs::read_to_string(shipped.join("README.md")).expect("a README");
    for (table, flag) in [(kit::docs::index(&folders), "--index"), (kit::docs::facts(&folders), "--facts")] {
        let told = readme.contains(&format!("\n\n{table}\n"));
        assert!(told, "`smartguard adapter docs adapters/* {flag}` prints:\n{table}");
    }
    let kept = std::fs::read_to_string(shipped.join("DIRECTORY.md")).unwrap_or_default();
    let remedy = "run `smartguard adapter docs adapters/* --directory > adapters/DIRECTORY.md`";
    assert_eq!(kept, kit::docs::directory(&folders), "{remedy}");
}

#[test]
fn the_shared_declarations_are_those_of_the_interface() {
    let kept = Path::new(env!("CARGO_MANIFEST_DIR")).join("../adapters/smartguard.d.ts");
    let kept = std::fs::read_to_string(kept).expect("declarations");
    assert!(kept == kit::declarations::typescript(), "run `smartguard adapter types > adapters/smartguard.d.ts`");
}

/// The TypeScript compiler: what CI has installed, or what this machine has.
fn tsc() -> Option<PathBuf> {
    if let Some(installed) = std::env::var_os("SMARTGUARD_TSC") {
        return Some(installed.into());
    }
    let runs = Command::new("tsc").arg("--version").output().is_ok_and(|output| output.status.success());
    runs.then(|| PathBuf::from("tsc"))
}

/// What the compiler says of the scripts of a folder; nothing when it finds no fault.
fn check_types(tsc: &Path, folder: &Path) -> String {
    let output = Command::new(tsc).arg("-p").arg(folder.join("jsconfig.json")).output();
    let output = output.unwrap_or_else(|error| panic!("{} does not run: {error}", tsc.display()));
    let said = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.success(), said.is_empty(), "{said}");
    said
}

#[test]
fn every_script_keeps_to_the_types_of_the_interface() {
    let Some(tsc) = tsc() else {
        eprintln!("skipped: there is no `tsc`; `npm install --global typescript` brings one");
        return;
    };
    let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("../adapters");
    for entry in std::fs::read_dir(&shipped).expect("adapters").flatten() {
        if let Ok(script) = std::fs::read_to_string(entry.path().join("adapter.js")) {
            assert!(script.starts_with("// @ts-check\n"), "{} is not checked", entry.path().display());
        }
    }
    assert_eq!(check_types(&tsc, &shipped), "");
    let scratch = tempfile::tempdir().expect("a folder");
    for kind in Kind::ALL {
        let id = format!("new_{}", kind.word().replace('-', "_"));
        let (path, _) = kit::new::write(scratch.path(), &id, kind).unwrap_or_else(|trouble| panic!("{trouble}"));
        assert_eq!(check_types(&tsc, &path), "", "{kind}");
        // A misspelt field is found, so the types are really looked at.
        let script = std::fs::read_to_string(path.join("adapter.js")).expect("a script");
        std::fs::write(path.join("adapter.js"), script.replace("speaksFor:", "speakFor:")).expect("written");
        let said = check_types(&tsc, &path);
        assert!(said.contains("speakFor"), "{kind}: {said}");
    }
}

/// What a script finds when it looks itself: every module, by name and as a whole, and figures that are numbers.
const LOOKS: &str = r#"
import http, { fetch } from "smartguard:adapter/http@0.0.1";
import log, { write } from "smartguard:adapter/log@0.0.1";
import clock, { nowMs } from "smartguard:adapter/clock@0.0.1";
import random, { uniform } from "smartguard:adapter/random@0.0.1";
import config, { get } from "smartguard:adapter/config@0.0.1";
import files, { lookup } from "smartguard:adapter/files@0.0.1";

export const agency = {
  describe() { return { id: "looks", version: "1", functions: ["check"], speaksFor: ["looks"] }; },
  check(request) {
    const whole = [http.fetch, log.write, clock.nowMs, random.uniform, config.get, files.lookup];
    const named = [fetch, write, nowMs, uniform, get, lookup];
    let refused;
    try {
      http.fetch({ method: "get", origin: "api", path: "/", query: [], headers: [], body: null });
    } catch (error) {
      refused = error;
    }
    const seen = [
      whole.every((one) => typeof one === "function") && named.every((one) => typeof one === "function"),
      typeof clock.nowMs() === "number" && typeof random.uniform() === "number",
      config.get("nothing") === null && request.token === null && Array.isArray(request.numbers),
      refused instanceof Error && refused.payload.tag === "rate-limited" && typeof refused.payload.val === "number",
      typeof console.debug === "function" && typeof console.log === "function" && typeof console.info === "function",
      typeof console.warn === "function" && typeof console.error === "function" && typeof setTimeout === "undefined",
    ];
    throw { tag: "rejected", val: seen.join(" ") };
  },
};
"#;

#[tokio::test]
async fn the_runtime_offers_what_the_declarations_say() {
    let scratch = tempfile::tempdir().expect("a folder");
    let folder = scratch.path().join("looks");
    std::fs::create_dir_all(folder.join("cassettes")).expect("a folder");
    std::fs::write(folder.join("adapter.js"), LOOKS).expect("written");
    let manifest = "id = \"looks\"\nkind = \"agency\"\nversion = \"1\"\nsummary = \"looks\"\nwit = \"0.0.1\"\n\
                    confidence = \"official\"\n[origins]\napi = \"https://looks.example\"\n[agencies]\n\
                    speaks_for = [\"looks\"]\n[functions.check]\n";
    std::fs::write(folder.join("adapter.toml"), manifest).expect("written");
    let cassette = "about = \"It looks.\"\nprovenance = \"imagined\"\nnow = 2026-11-23T12:00:00Z\ncall = \"check\"\n\
                    [request]\nnumbers = [\"+12025550143\"]\n[[exchange]]\n\
                    fails = { tag = \"rate-limited\", value = 7 }\n[answer]\nerror = \"rejected\"\n\
                    value = \"true true true true true true\"\n";
    std::fs::write(folder.join("cassettes/look.toml"), cassette).expect("written");
    let folder = Folder::read(&folder).unwrap_or_else(|trouble| panic!("{trouble}"));
    let report = kit::test::run(engine(), &folder, false, |_| {}).await.unwrap_or_else(|trouble| panic!("{trouble}"));
    assert!(report.passed(), "{report:#?}");
}
