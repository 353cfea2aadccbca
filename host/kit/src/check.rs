//! The conformance kit: rules that hold for every adapter of a kind, and that no adapter's author wrote.
//!
//! A kind of adapter brings its rules; here they are put in order, exemptions are honoured and a quality is drawn.
//! The answers that are broken on purpose come from the adapter's own cassettes.

use crate::folder::Folder;
use crate::test::{self, Tested};
use sandbox::trouble::{Trouble, nearest};
use sandbox::{Engine, Guest};
use serde::Serialize;
use std::fmt;

/// Something that an adapter keeps or breaks.
#[derive(Clone, Copy, Debug)]
pub struct Rule {
    /// Stands in reports, and under `[exempt]` of a manifest.
    pub id: &'static str,
    pub tier: Tier,
    /// What must hold, in one sentence.
    pub sentence: &'static str,
}

/// How much an adapter can be relied on. Each tier asks for the one before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Tier {
    /// It does no harm: nothing is made up, nothing leaks, nothing is filed twice.
    Bronze,
    /// It does what it says, for batches and for people as well.
    Silver,
    /// It is considerate, and its contract is known at first hand.
    Gold,
}

impl Tier {
    pub const fn word(self) -> &'static str {
        match self {
            Tier::Bronze => "bronze",
            Tier::Silver => "silver",
            Tier::Gold => "gold",
        }
    }
}

/// What became of a rule.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "result", content = "reason", rename_all = "snake_case")]
pub enum Verdict {
    Kept,
    /// With what was done and what came of it.
    Broken(String),
    /// Nothing that the adapter does can break it.
    NotApplicable(String),
    /// The manifest says why it does not hold here.
    Exempt(String),
}

/// One line of a report.
#[derive(Clone, Debug, Serialize)]
pub struct Judged {
    pub id: &'static str,
    pub tier: Tier,
    pub sentence: &'static str,
    #[serde(flatten)]
    pub verdict: Verdict,
}

impl Judged {
    pub fn is_broken(&self) -> bool {
        matches!(self.verdict, Verdict::Broken(_))
    }
}

/// How an adapter did.
#[derive(Debug, Serialize)]
pub struct Report {
    pub adapter: String,
    pub version: String,
    /// The highest tier of which, and below which, no rule is broken. None while a bronze one is.
    pub tier: Option<Tier>,
    pub rules: Vec<Judged>,
    /// Calls that were made of the adapter.
    pub calls: usize,
}

impl Report {
    pub fn broken(&self) -> impl Iterator<Item = &Judged> {
        self.rules.iter().filter(|judged| judged.is_broken())
    }
}

/// What rules are judged by.
pub struct Bench<'a> {
    pub folder: &'a Folder,
    pub guest: &'a Guest,
    /// How its own cassettes went.
    pub tested: &'a [Tested],
    /// Is told of each rule when it is judged.
    pub judged: &'a (dyn Fn(&Rule) + Sync),
}

/// What a kind's judge comes back with: each rule with its verdict, and the calls that were made.
pub type Judgement = (Vec<(Rule, Verdict)>, usize);

/// Holds an adapter to every rule of its kind. `judged` is called after each rule.
///
/// # Errors
/// When the adapter cannot be made ready, or its manifest exempts it from a rule that does not exist.
pub async fn run(engine: &Engine, folder: &Folder, judged: &(dyn Fn(&Rule) + Sync)) -> Result<Report, Trouble> {
    let known: Vec<&str> = (folder.kind.rules)().iter().map(|rule| rule.id).collect();
    for (id, exemption) in &folder.manifest.exempt {
        if !known.contains(&id.as_str()) {
            let remedy = match nearest(id, &known) {
                Some(near) => format!("did you mean `{near}`?"),
                None => "`smartguard adapter check` lists the rules".to_owned(),
            };
            let place = format!("{}:{}", folder.manifest_file, exemption.line);
            return Err(Trouble::new(place, format!("no rule is called `{id}`"), remedy));
        }
    }
    let guest = folder.load(engine).await?;
    let tested = test::with(&guest, folder).await;
    let bench = Bench { folder, guest: &guest, tested: &tested, judged };
    let (verdicts, calls) = (folder.kind.judge)(&bench).await;
    let rules: Vec<Judged> = verdicts
        .into_iter()
        .map(|(Rule { id, tier, sentence }, verdict)| Judged { id, tier, sentence, verdict })
        .collect();
    let broken = |tier: Tier| rules.iter().any(|judged| judged.tier == tier && judged.is_broken());
    let reached = [Tier::Bronze, Tier::Silver, Tier::Gold].into_iter().take_while(|tier| !broken(*tier)).last();
    Ok(Report {
        adapter: folder.manifest.id.clone(),
        version: folder.manifest.version.clone(),
        tier: reached,
        rules,
        calls: calls + tested.len(),
    })
}

/// Gathers what a rule tried and what was wrong.
#[derive(Default)]
pub(crate) struct Findings {
    tried: usize,
    wrong: Vec<String>,
}

/// Faults of one rule that are told; the rest is counted.
const TOLD_MAX: usize = 2;

impl Findings {
    /// Counts something that was tried; what is wrong with it, if anything.
    pub fn note(&mut self, where_: impl fmt::Display, wrong: Option<String>) {
        self.tried += 1;
        self.wrong.extend(wrong.map(|wrong| format!("{where_}: {wrong}")));
    }

    pub fn join(&mut self, more: Findings) {
        self.tried += more.tried;
        self.wrong.extend(more.wrong);
    }

    /// Kept unless something was wrong; not applicable, for this reason, when nothing could be tried.
    pub fn verdict(self, otherwise: &str) -> Verdict {
        if self.tried == 0 {
            return Verdict::NotApplicable(otherwise.to_owned());
        }
        if self.wrong.is_empty() {
            return Verdict::Kept;
        }
        let mut told = self.wrong[..self.wrong.len().min(TOLD_MAX)].join("; ");
        if self.wrong.len() > TOLD_MAX {
            told.push_str(&format!("; and {} more", self.wrong.len() - TOLD_MAX));
        }
        Verdict::Broken(told)
    }
}
