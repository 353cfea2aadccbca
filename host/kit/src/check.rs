//! The conformance kit: rules that hold for every adapter of a kind, and that no adapter's author wrote.
//!
//! A kind of adapter brings its rules; here they are put in order, exemptions are honoured and a quality is drawn.
//! The answers that are broken on purpose come from the adapter's own cassettes.

pub use crate::verdict::{Bench, Judgement, Rule, Tier, Verdict};

use crate::folder::Folder;
use crate::test;
use crate::{agency, lookup, provider, ranker};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use sandbox::Engine;
use sandbox::manifest::Kind;
use sandbox::trouble::{Trouble, nearest};
use serde::Serialize;

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

/// The rules for adapters of this kind, in the order in which they are judged.
pub fn rules(kind: Kind) -> Vec<Rule> {
    match kind {
        Kind::Agency => agency::rules::list(),
        Kind::Provider => provider::rules::list(),
        Kind::CarrierLookup => lookup::rules::list(),
        Kind::Ranker => ranker::rules::list(),
    }
}

/// Judges an adapter by each rule of its kind that it is not exempt from.
fn judge<'a>(bench: &'a Bench<'a>) -> BoxFuture<'a, Judgement> {
    match bench.folder.kind.kind {
        Kind::Agency => agency::rules::judge(bench).boxed(),
        Kind::Provider => provider::rules::judge(bench).boxed(),
        Kind::CarrierLookup => lookup::rules::judge(bench).boxed(),
        Kind::Ranker => ranker::rules::judge(bench).boxed(),
    }
}

/// Holds an adapter to every rule of its kind. `judged` is called after each rule.
///
/// # Errors
/// When the adapter cannot be made ready, or its manifest exempts it from a rule that does not exist.
pub async fn run(engine: &Engine, folder: &Folder, judged: &(dyn Fn(&Rule) + Sync)) -> Result<Report, Trouble> {
    let known: Vec<&str> = rules(folder.kind.kind).iter().map(|rule| rule.id).collect();
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
    let (verdicts, calls) = judge(&bench).await;
    let rules: Vec<Judged> = verdicts
        .into_iter()
        .map(|(Rule { id, tier, sentence }, verdict)| Judged { id, tier, sentence, verdict })
        .collect();
    let broken = |tier: Tier| rules.iter().any(|judged| judged.tier == tier && judged.is_broken());
    let reached = [Tier::Bronze, Tier::Silver, Tier::Gold].into_iter().take_while(|tier| !broken(*tier)).last();
    // How well an interface is known that there is none of says nothing.
    let packets = folder.manifest.only_packets() && reached >= Some(Tier::Silver);
    let reached = if packets { Some(Tier::Packets) } else { reached };
    Ok(Report {
        adapter: folder.manifest.id.clone(),
        version: folder.manifest.version.clone(),
        tier: reached,
        rules,
        calls: calls + tested.len(),
    })
}
