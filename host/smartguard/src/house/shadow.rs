//! Policies in shadow: each is asked, beside the one in force, what it would have answered to the same call.
//!
//! A shadow is asked in the situation that the policy in force has made: its counts, turns and callees. So it tells what would
//! have been shown next, and not what would have come of it had the shadow been in force all day; `replay/judge.rs` follows
//! that.
//! The path of a call only drops what it decided from into a bounded queue, after its answer and only while there is a shadow.
//! One thread of the lowest priority takes it from there; what does not fit is left out and counted. The counts are in memory
//! alone, and begin anew when a shadow or the policy in force changes. Nothing here changes an answer.

mod compared;
mod estimate;
mod figures;
mod put;
#[cfg(test)]
mod tests;

use super::adapters::Adapters;
use super::calls::CORRECTED_FOR;
use super::hot::{Hot, OwnerCell, OwnerView, SharedView};
use super::ranking;
use crate::desk::{ShadowView, ShadowsView, Stamp};
use crate::strict::Problem;
use compared::Compared;
use core::time::Duration;
use estimate::{Estimate, Tried};
use numbers::choose::{self, From, Permitted};
use numbers::{
    Answer, Ask, CalleeRecord, Candidate, Decision, Drawn, E164, Listed, Moment, Outcome, OwnerUsage, Passed, Policies,
    Policy, Pool, Question, Ranking, Usage,
};
use parking_lot::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Weak};

/// What waits for the thread at most. Guessed: each is a few kilobytes, and the thread takes thousands a second.
const WAITING_MAX: usize = 2048;
/// The lowest priority that there is.
const NICE: i32 = 19;
/// Shadows of a call are drawn apart from the draw of the policy in force: only then does the weight of a call that both
/// answer alike come out right.
const APART: u64 = 0x7368_6164_6f77;

/// A decision with what it was taken from.
pub struct Shadowed {
    pub seq: u64,
    pub owner: Arc<OwnerCell>,
    pub view: Arc<OwnerView>,
    pub shared: Arc<SharedView>,
    /// Of the pool's candidates.
    pub usage: Vec<Usage>,
    /// Where the decision went on to bench and reserve.
    pub shared_asked: Option<SharedAsked>,
    pub ask: Ask,
    pub owner_usage: OwnerUsage,
    pub callee: Option<CalleeRecord>,
    pub listed: Listed,
    pub ranking: Option<Ranking>,
    /// What the policy in force answered.
    pub answer: Answer,
    pub policy_revision: u64,
    pub explore_permille: u32,
}

/// The numbers of the reserve that might be drawn, and the counts of bench and reserve.
pub struct SharedAsked {
    pub reserve: Vec<Candidate>,
    pub bench_usage: Vec<Usage>,
    pub reserve_usage: Vec<Usage>,
}

/// What the path of a call tells.
pub enum Word {
    Decided(Box<Shadowed>),
    /// What is known of a call now.
    Known {
        seq: u64,
        outcome: Outcome,
    },
}

/// The end of the queue that the path of a call holds, and what was counted.
pub struct Shadows {
    wanted: AtomicBool,
    sender: SyncSender<Word>,
    left_out: AtomicU64,
    kept: Mutex<Kept>,
}

#[derive(Default)]
struct Kept {
    /// The revision beside which the shadows run.
    revision: u64,
    shadows: Vec<Shadow>,
    /// Files that were not taken, and when that was found.
    refused: Option<(Moment, Vec<Problem>)>,
}

/// One policy in shadow.
struct Shadow {
    name: String,
    file: String,
    since: Moment,
    policies: Policies,
    left_out_before: u64,
    compared: Compared,
    estimate: Estimate,
}

impl Shadows {
    pub fn new() -> (Arc<Shadows>, Receiver<Word>) {
        let (sender, receiver) = sync_channel(WAITING_MAX);
        let (wanted, left_out) = (AtomicBool::new(false), AtomicU64::new(0));
        (Arc::new(Shadows { wanted, sender, left_out, kept: Mutex::default() }), receiver)
    }

    /// Whether there is any shadow. Most daemons have none.
    pub fn wanted(&self) -> bool {
        self.wanted.load(Ordering::Relaxed)
    }

    /// Has a decision compared.
    pub fn ask(&self, shadowed: Option<Shadowed>) {
        if let Some(shadowed) = shadowed {
            self.tell(Word::Decided(Box::new(shadowed)));
        }
    }

    /// This is known of a call now.
    pub fn known(&self, seq: u64, outcome: Outcome) {
        if self.wanted() {
            self.tell(Word::Known { seq, outcome });
        }
    }

    fn tell(&self, word: Word) {
        if self.sender.try_send(word).is_err() {
            self.left_out.fetch_add(1, Ordering::Relaxed);
        }
    }

    pub(super) fn view(&self) -> ShadowsView {
        let kept = self.kept.lock();
        let left_out = self.left_out.load(Ordering::Relaxed);
        let view = |shadow: &Shadow| ShadowView {
            name: shadow.name.clone(),
            file: shadow.file.clone(),
            since: Stamp(shadow.since),
            left_out: left_out - shadow.left_out_before,
            comparison: shadow.compared.view(),
            estimate: shadow.estimate.view(),
        };
        let refused = kept.refused.iter().flat_map(|(_, problems)| problems).map(super::policy::problem);
        ShadowsView {
            revision: kept.revision,
            shadows: kept.shadows.iter().map(view).collect(),
            refused: refused.collect(),
            method: vec![
                format!("differences: {}", figures::PAIRED_METHOD),
                format!("answered_human: {}", figures::WEIGHTED_METHOD),
                "A shadow is asked what it would have answered in the same situation, which the policy in force has made; not \
                 what would have followed."
                    .to_owned(),
                "Intervals take calls for independent of each other; calls to one callee, and of one turn, are not quite."
                    .to_owned(),
                "Calls per carrier and per user are counted only where the policy in force caps them, so a shadow that alone \
                 has such a cap finds none."
                    .to_owned(),
            ],
        }
    }

    fn take(&self, word: Word, beside: &impl Beside) {
        let mut kept = self.kept.lock();
        match word {
            Word::Decided(shadowed) => {
                // What was decided under another revision is no comparison with this one.
                if shadowed.policy_revision == kept.revision {
                    kept.shadows.iter_mut().for_each(|shadow| shadow.take(&shadowed, beside));
                }
            }
            Word::Known { seq, outcome } => {
                kept.shadows.iter_mut().for_each(|shadow| shadow.estimate.known(seq, outcome));
            }
        }
    }
}

/// What the thread asks of the daemon, beside the words that it is told.
pub trait Beside {
    fn usage_of(&self, candidates: &[Candidate]) -> Vec<Usage>;
    /// What this ranker puts first of what is permitted, in its order; none where it says nothing that can be used.
    fn order(
        &self,
        ranker: &str,
        within: Duration,
        shadowed: &Shadowed,
        permitted: Vec<Permitted>,
    ) -> Option<Vec<E164>>;
}

/// The daemon while it is there.
struct Daemon {
    hot: Weak<Hot>,
    adapters: Weak<Adapters>,
    runtime: tokio::runtime::Handle,
}

impl Beside for Daemon {
    fn usage_of(&self, candidates: &[Candidate]) -> Vec<Usage> {
        self.hot.upgrade().map(|hot| hot.usage_of(candidates)).unwrap_or_default()
    }

    fn order(
        &self,
        ranker: &str,
        within: Duration,
        shadowed: &Shadowed,
        permitted: Vec<Permitted>,
    ) -> Option<Vec<E164>> {
        let (hot, adapters) = self.hot.upgrade().zip(self.adapters.upgrade())?;
        let Shadowed { ask, callee, .. } = shadowed;
        let Some(open) = hot.told(permitted, callee.as_ref(), ask.at, ask.carrier) else { return Some(Vec::new()) };
        let request = ranking::request(ask, &open);
        let said = self.runtime.block_on(adapters.rank(ranker, &request, within)).ok()?;
        Some(said.order.iter().map(|place| request.candidates[*place].number).collect())
    }
}

/// Takes what the path of a call tells, for as long as that is there.
pub fn run(hot: &Arc<Hot>, adapters: &Arc<Adapters>, words: Receiver<Word>) -> std::io::Result<()> {
    let shadows = Arc::downgrade(&hot.shadows);
    let daemon = Daemon {
        hot: Arc::downgrade(hot),
        adapters: Arc::downgrade(adapters),
        runtime: tokio::runtime::Handle::current(),
    };
    std::thread::Builder::new().name("shadow".to_owned()).spawn(move || {
        // On Linux a priority belongs to the thread that asks for it.
        if let Err(cause) = rustix::process::setpriority_process(None, NICE) {
            tracing::warn!(%cause, "policies in shadow are asked at the priority of everything else");
        }
        for word in words {
            let Some(shadows) = shadows.upgrade() else { return };
            shadows.take(word, &daemon);
        }
    })?;
    Ok(())
}

impl Shadow {
    fn take(&mut self, shadowed: &Shadowed, beside: &impl Beside) {
        let owner = &shadowed.owner;
        let policy = self.policies.of_call(&owner.business.id, &owner.id, shadowed.ask.campaign.as_deref());
        let heard = shadowed.ranking.as_ref().filter(|ranking| policy.ranker.as_ref() == Some(&ranking.ranker));
        let order = match (&policy.ranker, heard) {
            (None, _) => Some(Vec::new()),
            (Some(_), Some(heard)) => Some(heard.order().to_vec()),
            // One of its own, whom nobody has asked of this call.
            (Some(ranker), None) => {
                let permitted = look(shadowed, &shadowed.ask, &policy, &[], beside, choose::permitted);
                beside.order(ranker, policy.ranker_deadline, shadowed, permitted)
            }
        };
        let ranker_silent = order.is_none();
        let order = &order.unwrap_or_default()[..];
        let answer = answer(shadowed, &shadowed.ask, &policy, order, beside);
        self.compared.take(shadowed, &answer, ranker_silent);
        if !self.estimate.explores(shadowed.explore_permille, shadowed.ask.at) {
            return;
        }
        let Decision::Use { number, .. } = shadowed.answer.decision else { return };
        let apart = Ask { tie_break: apart(shadowed.ask.tie_break), ..shadowed.ask.clone() };
        let answer = self::answer(shadowed, &apart, &policy, order, beside);
        let tried = match answer.decision {
            Decision::Hold { .. } => Tried::Held,
            Decision::Use { number: other, .. } if other == number => Tried::Same(shadowed.answer.propensity_ppm),
            Decision::Use { number: other, .. } if might_show(&shadowed.answer, other, answer.from) => Tried::Other {
                // The first choices differ, so only exploring shows what the shadow would.
                by_choice: !explored(&shadowed.answer),
            },
            Decision::Use { .. } => Tried::Beyond,
        };
        self.estimate.take(shadowed.seq, shadowed.ask.at, tried);
    }
}

/// What the shadow answers; like the path of a call it asks the pool alone first.
fn answer(shadowed: &Shadowed, ask: &Ask, policy: &Policy, order: &[E164], beside: &impl Beside) -> Answer {
    let Shadowed { shared, .. } = shadowed;
    let answer = choose::choose(&alone(shadowed, ask, policy, order));
    if !answer.falls_short() || (shared.bench.is_empty() && shared.reserve.is_empty()) {
        return answer;
    }
    look(shadowed, ask, policy, order, beside, choose::choose)
}

/// The question with the pool alone.
fn alone<'a>(shadowed: &'a Shadowed, ask: &'a Ask, policy: &'a Policy, order: &'a [E164]) -> Question<'a> {
    let nobody = Pool { candidates: &[], usage: &[] };
    Question {
        ask,
        pool: Pool { candidates: &shadowed.view.candidates, usage: &shadowed.usage },
        bench: nobody,
        reserve: nobody,
        owner: &shadowed.owner_usage,
        callee: shadowed.callee.as_ref(),
        listed: shadowed.listed,
        policy,
        order,
    }
}

/// Looks at the question with bench and reserve.
fn look<T>(
    shadowed: &Shadowed,
    ask: &Ask,
    policy: &Policy,
    order: &[E164],
    beside: &impl Beside,
    look: impl Fn(&Question<'_>) -> T,
) -> T {
    let Shadowed { view, shared, .. } = shadowed;
    let with = |asked: &SharedAsked| {
        look(&Question {
            bench: Pool { candidates: &shared.bench, usage: &asked.bench_usage },
            reserve: Pool { candidates: &asked.reserve, usage: &asked.reserve_usage },
            ..alone(shadowed, ask, policy, order)
        })
    };
    match &shadowed.shared_asked {
        Some(asked) => with(asked),
        // The policy in force did not go there. As they were published, with the counts of a moment later.
        None => {
            let may = |candidate: &&Candidate| view.room.permits(candidate.known, Drawn::default(), shared.swaps_left);
            let reserve: Vec<Candidate> = shared.reserve.iter().filter(may).cloned().collect();
            let (bench_usage, reserve_usage) = (beside.usage_of(&shared.bench), beside.usage_of(&reserve));
            with(&SharedAsked { reserve, bench_usage, reserve_usage })
        }
    }
}

/// A figure drawn apart from this one, as SplitMix64 spreads it.
const fn apart(tie_break: u64) -> u64 {
    let mut mixed = (tie_break ^ APART).wrapping_add(0x9E37_79B9_7F4A_7C15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    mixed ^ (mixed >> 31)
}

/// Whether the draw might have fallen on this number.
fn might_show(answer: &Answer, number: E164, from: From) -> bool {
    use Passed::{
        BetterStandingFirst, Drawn, Explored, HealthierFirst, LessLoadedFirst, NearerFirst, OutOfTurn, PinnedFirst,
        RankedFirst,
    };
    let might = |passed: &Passed| {
        matches!(
            passed,
            Drawn
                | Explored
                | OutOfTurn
                | NearerFirst
                | BetterStandingFirst
                | LessLoadedFirst
                | HealthierFirst
                | PinnedFirst
                | RankedFirst
        )
    };
    answer.from == from && answer.considered.iter().any(|(other, passed)| *other == number && might(passed))
}

/// Whether the number was drawn to learn of it.
fn explored(answer: &Answer) -> bool {
    answer.considered.iter().any(|(_, passed)| *passed == Passed::Explored)
}
