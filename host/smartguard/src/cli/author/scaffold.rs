//! `adapter new` and `adapter types`: where a script begins.

use super::faulty;
use crate::cli::{Exit, Failure, show};
use clap::{Args, ValueEnum};
use kit::new;
use sandbox::manifest::Kind;
use std::path::PathBuf;

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum KindWord {
    Agency,
    Provider,
    CarrierLookup,
    Ranker,
}

impl From<KindWord> for Kind {
    fn from(word: KindWord) -> Kind {
        match word {
            KindWord::Agency => Kind::Agency,
            KindWord::Provider => Kind::Provider,
            KindWord::CarrierLookup => Kind::CarrierLookup,
            KindWord::Ranker => Kind::Ranker,
        }
    }
}

#[derive(Debug, Args)]
pub(in crate::cli) struct New {
    /// Its name: up to 40 lower-case letters, digits and underscores, beginning with a letter.
    id: String,
    /// What it speaks for: agency, provider, carrier-lookup or ranker.
    #[arg(long, value_enum, default_value = "agency", value_name = "KIND")]
    kind: KindWord,
    /// Write it in Rust, as a crate that stands on the SDK. For agencies and rankers.
    #[arg(long)]
    rust: bool,
    /// The folder of adapters that it is made in.
    #[arg(long = "in", default_value = "adapters", value_name = "DIR")]
    within: PathBuf,
}

pub(super) fn make(New { id, kind, rust, within }: New, json: bool) -> Result<Exit, Failure> {
    if rust {
        return make_crate(&new::rust::write(&within, &id, kind.into()).map_err(faulty)?, &id, json);
    }
    let (folder, files) = new::write(&within, &id, kind.into()).map_err(faulty)?;
    if json {
        let files: Vec<String> = files.iter().map(|file| file.display().to_string()).collect();
        show::print(&serde_json::json!({ "folder": folder.display().to_string(), "files": files }).to_string());
        return Ok(Exit::Done);
    }
    let folder = folder.display();
    let mut text = format!("{folder} is made:\n");
    for file in files {
        text.push_str(&format!("  {}\n", file.display()));
    }
    text.push_str(&format!(
        "
It passes its tests as it is, and speaks to a server that does not exist. What to do next:
  1. Say in adapter.toml what it may reach, and in README.md what an operator needs.
  2. Write adapter.js; an editor that knows TypeScript shows what the interface offers.
  3. smartguard adapter test {folder}
     smartguard adapter check {folder}
     The first says what the cassettes expect and what came, the second what every adapter of its kind must do.
  4. smartguard adapter try {folder} <function> …
     One call of the real server, with every exchange; `adapter test --record` makes a cassette of it.
  5. smartguard adapter dev {folder}
     Each change that passes serves in the running daemon, after `smartguard adapter grant {id}`.
"
    ));
    show::print(text.trim_end());
    Ok(Exit::Done)
}

/// Says what was made of a crate, and how it becomes an adapter.
fn make_crate(made: &new::rust::Crate, id: &str, json: bool) -> Result<Exit, Failure> {
    let new::rust::Crate { folder, files, sdk, sdk_is_new } = made;
    let (folder, sdk) = (folder.display(), sdk.display());
    if json {
        let files: Vec<String> = files.iter().map(|file| file.display().to_string()).collect();
        let (folder, sdk) = (folder.to_string(), sdk.to_string());
        let made = serde_json::json!({ "folder": folder, "files": files, "sdk": sdk, "sdk_is_new": sdk_is_new });
        show::print(&made.to_string());
        return Ok(Exit::Done);
    }
    let mut text = format!("{folder} is made:\n");
    for file in files {
        text.push_str(&format!("  {}\n", file.display()));
    }
    let how = if *sdk_is_new { "was put there as well" } else { "was there already" };
    text.push_str(&format!(
        "
It stands on the SDK in {sdk}, which {how}; {sdk}/README.md lists its helpers.
Once built, it passes its tests as it is. What to do next:
  1. (cd {folder} && cargo build --release --target wasm32-unknown-unknown)
     cp {folder}/target/wasm32-unknown-unknown/release/adapter.wasm {folder}/
     Where cargo misses that target, add it to your toolchain in the toolchain's own way.
     On Debian, `apt-get install rustc-web rust-web-src lld` gives what builds it (Rust 1.95 or newer) by
     RUSTC=/usr/bin/rustc RUSTC_BOOTSTRAP=1 CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER=wasm-ld \\
       cargo build --release --target wasm32-unknown-unknown -Zbuild-std=std,panic_abort
  2. smartguard adapter test {folder}
     smartguard adapter check {folder}
     The first says what the cassettes expect and what came, the second what every adapter of its kind must do.
  3. Say in adapter.toml what it may reach, in README.md what an operator needs, and write src/lib.rs; build it again.
  4. smartguard adapter dev {folder}
     Each adapter.wasm that you copy there and that passes serves in the running daemon, after
     `smartguard adapter grant {id}`.
"
    ));
    show::print(text.trim_end());
    Ok(Exit::Done)
}

/// Prints what `smartguard.d.ts` holds.
pub(super) fn types(json: bool) -> Exit {
    let declarations = kit::declarations::typescript();
    let text = if json { serde_json::json!({ "declarations": declarations }).to_string() } else { declarations };
    show::print(text.trim_end());
    Exit::Done
}
