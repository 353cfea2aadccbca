//! What a rule is, by what it is judged and what can become of it.

use crate::folder::Folder;
use crate::test::Tested;
use sandbox::Guest;
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
    /// All that it can do is to make packets for people, and it keeps every rule for that.
    Packets,
    /// It is considerate, and its contract is known at first hand.
    Gold,
}

impl Tier {
    pub const fn word(self) -> &'static str {
        match self {
            Tier::Bronze => "bronze",
            Tier::Silver => "silver",
            Tier::Packets => "packets",
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
