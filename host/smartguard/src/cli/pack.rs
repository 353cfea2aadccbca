//! Adapters as files: one is packed, put into the adapters' folder, taken out of it, and its version before put back.
//!
//! All of it works on files, without a daemon; one that runs notices by itself what changed in its folder.
//! What a version asks for is shown beside what the one before asked for, and nothing happens before somebody said yes.

use super::author::{bar, engine, faulty};
use super::{Exit, Failure, show};
use crate::config::{Config, Overrides};
use crate::house::bundled_manifest;
use clap::{Args, Subcommand};
use kit::Folder;
use kit::check;
use kit::pack::{self, Pack};
use kit::powers::Difference;
use kit::shelf::{Before, Shelf};
use sandbox::manifest::{Manifest, is_id};
use sandbox::roster::Maker;
use sandbox::trouble::Trouble;
use serde_json::json;
use std::io::{BufRead, IsTerminal, Write};
use std::path::{Path, PathBuf};

#[derive(Debug, Subcommand)]
pub(super) enum PackCommand {
    /// Make one file of an adapter that keeps its cassettes and the rules of the lowest tier.
    #[command(after_help = "\
Examples:
  smartguard adapter pack adapters/nomorobo
  smartguard adapter pack adapters/nomorobo --out /tmp/nomorobo.adapter

The same adapter gives the same file on any machine; `tar tf` lists what is in it.

Exit codes: 0 packed, 4 a file is faulty, 6 a cassette differs or a rule of the lowest tier is broken.")]
    Pack {
        /// The adapter's folder.
        folder: PathBuf,
        /// The file to write [<id>-<version>.adapter].
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
    },
    /// Put a packed adapter into the adapters' folder, and keep the version that is there.
    #[command(after_help = "\
Examples:
  smartguard adapter install nomorobo-0.2.0.adapter
  smartguard adapter install nomorobo-0.2.0.adapter --adapters /etc/smartguard/adapters --yes

What it asks for is shown beside what the version before asked for. A running daemon takes it in by itself; powers that \
are new wait there for `smartguard adapter grant <id>`, and the version before serves on until then.

Exit codes: 0 installed, 1 nobody said yes, 4 the file is faulty.")]
    Install {
        /// A file made by `smartguard adapter pack`.
        file: PathBuf,
        #[command(flatten)]
        place: Place,
    },
    /// Take an adapter out of the adapters' folder, and keep it for `rollback`.
    #[command(after_help = "\
Examples:
  smartguard adapter remove nomorobo
  smartguard adapter remove nomorobo --yes

Where an adapter of that id came with the program, that one serves again.

Exit codes: 0 removed, 1 nobody said yes, 4 there is none.")]
    Remove {
        id: String,
        #[command(flatten)]
        place: Place,
    },
    /// Put an adapter's version before in force again; a second time undoes the first.
    #[command(after_help = "\
Examples:
  smartguard adapter rollback nomorobo
  smartguard adapter rollback nomorobo --yes

Exit codes: 0 done, 1 nobody said yes, 4 no version before is kept.")]
    Rollback {
        id: String,
        #[command(flatten)]
        place: Place,
    },
}

#[derive(Debug, Args)]
pub(super) struct Place {
    /// The folder of adapters [that of smartguard.toml, or adapters].
    #[arg(long, value_name = "DIR")]
    adapters: Option<PathBuf>,
    /// The configuration file [smartguard.toml where there is one].
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Do not ask.
    #[arg(long)]
    yes: bool,
}

/// Does what is asked for with files.
pub(super) fn run(command: PackCommand, json: bool) -> Result<Exit, Failure> {
    match command {
        PackCommand::Pack { folder, out } => block_on(pack(&folder, out, json)),
        PackCommand::Install { file, place } => block_on(install(&file, &place, json)),
        PackCommand::Remove { id, place } => remove(&id, &place, json),
        PackCommand::Rollback { id, place } => rollback(&id, &place, json),
    }
}

fn block_on(work: impl Future<Output = Result<Exit, Failure>>) -> Result<Exit, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(|error| {
        Failure::new(Exit::Refused, format!("this process could not be set up: {error}"), "check its limits")
    })?;
    runtime.block_on(work)
}

async fn pack(folder: &Path, out: Option<PathBuf>, json: bool) -> Result<Exit, Failure> {
    let folder = Folder::read(folder).map_err(faulty)?;
    if let Some(trouble) = folder.troubles.first() {
        return Err(faulty(trouble.clone()));
    }
    let bar = bar(kit::check::rules(folder.kind.kind).len(), "{bar:40} {pos} of {len} rules");
    let judged = check::run(&engine()?, &folder, &|_| bar.inc(1)).await;
    bar.finish_and_clear();
    let Some(tier) = judged.map_err(faulty)?.tier else {
        let sentence = format!("{} breaks a rule of the lowest tier, so it is not packed", folder.manifest.id);
        let hint = format!("`smartguard adapter check {}` says which", folder.path.display());
        return Err(Failure::new(Exit::Differs, sentence, hint));
    };
    let out = out.unwrap_or_else(|| PathBuf::from(pack::file_name(&folder.manifest)));
    pack::write(&pack::pack(&folder, tier).map_err(faulty)?, &out).map_err(faulty)?;
    let packed = Pack::read(&out).map_err(faulty)?;
    show::print(&if json {
        let file = out.display().to_string();
        json!({ "file": file, "digest": packed.digest, "contents": packed.contents }).to_string()
    } else {
        format!(
            "{} holds {} {}: {}, {} cassettes kept\ndigest {}\n",
            out.display(),
            packed.contents.id,
            packed.contents.version,
            packed.contents.tier,
            packed.contents.cassettes.len(),
            packed.digest
        )
    });
    Ok(Exit::Done)
}

async fn install(file: &Path, place: &Place, json: bool) -> Result<Exit, Failure> {
    let pack = Pack::read(file).map_err(faulty)?;
    let (manifest, shelf) = (&pack.manifest, place.shelf()?);
    let folder = shelf.place(&manifest.id);
    if pack.is_in(&folder) {
        let sentence = format!("{} {} is in {} already", manifest.id, manifest.version, folder.display());
        show::print(&if json { json!({ "unchanged": manifest.id }).to_string() } else { format!("{sentence}\n") });
        return Ok(Exit::Done);
    }
    // What does not even load must not take the place of something that serves.
    let (code_file, code) = pack.code();
    engine()?.make(manifest, &code_file, code).await.map_err(faulty)?;

    let before = in_force(&shelf, &manifest.id);
    let difference = Difference::between(before.as_ref(), manifest);
    if !json {
        let digest = format!("digest {}, {} when it was packed\n", pack.digest, pack.contents.tier);
        show::print(&(shown(before.as_ref(), manifest, &difference) + &digest));
    }
    place.confirm(&format!("Install {} {}?", manifest.id, manifest.version))?;
    let kept = shelf.install(&pack).map_err(faulty)?;
    let (id, folder) = (&manifest.id, folder.display());
    show::print(&if json {
        let before = before.map(|before| before.version);
        json!({ "installed": id, "version": manifest.version, "before": before, "folder": folder.to_string(),
            "digest": pack.digest, "difference": difference })
        .to_string()
    } else {
        let mut text = format!("{id} {} is in {folder}.\n", manifest.version);
        if let Before::Kept(earlier) = kept {
            let earlier = earlier.display();
            text += &format!("What was there is kept in {earlier}: `smartguard adapter rollback {id}` puts it back.\n");
        }
        if !difference.more.is_empty() || before.is_none() {
            text +=
                &format!("It serves after `smartguard adapter grant {id}`; until then what served before serves on.\n");
        }
        text
    });
    Ok(Exit::Done)
}

fn remove(id: &str, place: &Place, json: bool) -> Result<Exit, Failure> {
    let shelf = place.shelf_of(id)?;
    place.confirm(&format!("Take `{id}` out of {}?", shelf.place(id).display()))?;
    let kept = shelf.remove(id).map_err(faulty)?.display().to_string();
    show::print(&if json {
        json!({ "removed": id, "kept": kept }).to_string()
    } else {
        let serves = match bundled_manifest(id) {
            Some(_) => "the one that came with the program serves again",
            None => "nobody serves in its place",
        };
        format!(
            "{id} is removed, and {serves}. It is kept in {kept}: `smartguard adapter rollback {id}` puts it back.\n"
        )
    });
    Ok(Exit::Done)
}

fn rollback(id: &str, place: &Place, json: bool) -> Result<Exit, Failure> {
    let shelf = place.shelf_of(id)?;
    let manifest = shelf.manifest_before(id).map_err(faulty)?;
    let before = in_force(&shelf, id);
    let difference = Difference::between(before.as_ref(), &manifest);
    if !json {
        show::print(&shown(before.as_ref(), &manifest, &difference));
    }
    place.confirm(&format!("Put {id} {} back?", manifest.version))?;
    shelf.rollback(id).map_err(faulty)?;
    show::print(&if json {
        json!({ "installed": id, "version": manifest.version, "difference": difference }).to_string()
    } else {
        format!("{id} {} is in {} again.\n", manifest.version, shelf.place(id).display())
    });
    Ok(Exit::Done)
}

impl Place {
    fn shelf(&self) -> Result<Shelf, Failure> {
        let overrides = Overrides { adapters: self.adapters.clone(), ..Overrides::default() };
        let config = Config::load(self.config.as_deref(), overrides).map_err(|problems| {
            let all: Vec<String> = problems.iter().map(ToString::to_string).collect();
            Failure::new(Exit::FaultyFile, all.join("\n"), "correct the configuration, or name another with --config")
        })?;
        std::fs::create_dir_all(&config.adapters).map_err(|error| {
            let sentence = format!("{} cannot be made: {error}", config.adapters.display());
            Failure::new(Exit::FaultyFile, sentence, "name a folder that you may write with --adapters")
        })?;
        Ok(Shelf::new(config.adapters))
    }

    /// The id becomes part of a path, so it must be one.
    fn shelf_of(&self, id: &str) -> Result<Shelf, Failure> {
        if is_id(id) {
            return self.shelf();
        }
        Err(faulty(Trouble::new(id, "is no adapter's id", "write lower-case letters, digits and `_`")))
    }

    /// Asks on a terminal; a script has to say `--yes`.
    fn confirm(&self, question: &str) -> Result<(), Failure> {
        let refused = |sentence: &str| Err(Failure::new(Exit::Refused, sentence, "say y, or --yes in a script"));
        if self.yes {
            return Ok(());
        }
        if !std::io::stdin().is_terminal() {
            return refused("nobody is there to be asked, so nothing was changed");
        }
        eprint!("{question} [y/N] ");
        let mut answer = String::new();
        let asked = std::io::stderr().flush().and_then(|()| std::io::stdin().lock().read_line(&mut answer));
        match (asked, answer.trim()) {
            (Ok(_), "y" | "Y" | "yes") => Ok(()),
            _ => refused("the answer was no, so nothing was changed"),
        }
    }
}

/// What the id means now: the folder's adapter, or the one that came with the program.
fn in_force(shelf: &Shelf, id: &str) -> Option<Manifest> {
    let folder = shelf.place(id).join("adapter.toml");
    if folder.is_file() { Manifest::read(&folder).ok() } else { bundled_manifest(id) }
}

fn shown(before: Option<&Manifest>, after: &Manifest, difference: &Difference) -> String {
    let mut text = match before {
        Some(before) => format!("{} {} → {}, {}\n", after.id, before.version, after.version, after.summary),
        None => format!("{} {}, {}\n", after.id, after.version, after.summary),
    };
    let mut lines = |sign: char, powers: &[String]| {
        for power in powers {
            text += &format!("  {sign} {power}\n");
        }
    };
    lines('+', &difference.more);
    lines('-', &difference.less);
    for change in &difference.limits {
        text += &format!("  {} {} → {}\n", change.limit, change.before, change.after);
    }
    if difference.is_empty() {
        text += match before {
            Some(_) => "  asks for nothing that the version before did not ask for\n",
            None => "  asks for nothing\n",
        };
    }
    text
}
