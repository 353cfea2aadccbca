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
    /// The folder of adapters that it is made in.
    #[arg(long = "in", default_value = "adapters", value_name = "DIR")]
    within: PathBuf,
}

pub(super) fn make(New { id, kind, within }: New, json: bool) -> Result<Exit, Failure> {
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

/// Prints what `smartguard.d.ts` holds.
pub(super) fn types(json: bool) -> Exit {
    let declarations = kit::declarations::typescript();
    let text = if json { serde_json::json!({ "declarations": declarations }).to_string() } else { declarations };
    show::print(text.trim_end());
    Exit::Done
}
