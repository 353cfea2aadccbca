//! Takes every kept decision again and holds the answer against what was answered.

use super::super::House;
use super::super::keeper::now;
use super::super::record::kept;
use super::super::record::{Decided, Record};
use super::Onlooker;
use super::scene::{NotAgain, Scene};
use crate::desk::{DeskError, DifferenceView, Stamp, VerifiedView};
use core::time::Duration;
use numbers::{Answer, Decision, Moment};
use std::collections::BTreeMap;

/// Decisions that come out otherwise and are named.
const NAMED_MAX: usize = 20;
pub(super) const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// What was found so far.
#[derive(Debug, Default)]
pub struct Verifier {
    /// Earlier decisions are not counted.
    pub since: Moment,
    pub decisions: u64,
    pub same: u64,
    pub differ: u64,
    pub first: Vec<DifferenceView>,
    pub not_again: BTreeMap<NotAgain, u64>,
    pub restored: u64,
    pub oldest: Option<Moment>,
}

impl Onlooker for Verifier {
    fn look(&mut self, scene: &Scene, seq: u64, record: &Record) -> bool {
        match record {
            Record::Decided(decided) if decided.at >= self.since => self.hold_against(scene, seq, decided),
            Record::Restored { at, .. } if *at >= self.since => self.restored += 1,
            Record::Decided(_)
            | Record::Restored { .. }
            | Record::Reported(_)
            | Record::Charged { .. }
            | Record::Settled { .. }
            | Record::Viewed(_) => {}
        }
        true
    }
}

impl Verifier {
    fn hold_against(&mut self, scene: &Scene, seq: u64, decided: &Decided) {
        self.decisions += 1;
        self.oldest = Some(self.oldest.map_or(decided.at, |oldest| oldest.min(decided.at)));
        match scene.again(decided).map(|again| difference(decided, &again)) {
            Err(why) => *self.not_again.entry(why).or_default() += 1,
            Ok(None) => self.same += 1,
            Ok(Some(what)) => {
                self.differ += 1;
                if self.first.len() < NAMED_MAX {
                    let owner = decided.owner.to_string();
                    self.first.push(DifferenceView { record: seq, at: Stamp(decided.at), owner, what });
                }
            }
        }
    }

    pub fn view(self) -> VerifiedView {
        let not_again: BTreeMap<String, u64> =
            self.not_again.iter().map(|(why, count)| (why.word().to_owned(), *count)).collect();
        VerifiedView {
            since: Stamp(self.since),
            oldest: self.oldest.map(Stamp),
            decisions: self.decisions,
            same: self.same,
            differ: self.differ,
            first: self.first,
            not_again,
            restored: self.restored,
        }
    }
}

/// What is otherwise in the answer to the same question, in words; none where it is the same, candidate by candidate.
pub fn difference(decided: &Decided, again: &Answer) -> Option<String> {
    if decided.decision != again.decision {
        return Some(format!("it was answered {}, and now {}", said(&decided.decision), said(&again.decision)));
    }
    if decided.rungs != again.rungs {
        return Some(format!("the rungs were {:?}, and now {:?}", decided.rungs, again.rungs));
    }
    if (decided.turn, decided.bucket, decided.from) != (again.turn, again.bucket, again.from) {
        return Some("the number is the same, and its turn or its place is another one".to_owned());
    }
    let considered = kept(&again.considered);
    if decided.considered == considered {
        return None;
    }
    let other = decided.considered.iter().zip(&considered).find(|(was, is)| was != is);
    Some(match other {
        Some(((number, was), (other, is))) => {
            format!("{number} was {}, and now {other} is {}", was.word(), is.word())
        }
        None => format!("{} candidates were looked at, and now {}", decided.considered.len(), considered.len()),
    })
}

fn said(decision: &Decision) -> String {
    match decision {
        Decision::Use { number, .. } => format!("{number} ({})", super::super::hot::reason_of(decision)),
        Decision::Hold { reason, retry_after, .. } => format!("hold for {} ({:?})", reason.word(), retry_after),
    }
}

impl House {
    /// Takes the decisions of so many days again; of all that are kept where it is not said.
    pub(in super::super) async fn verify_receipts(&self, days: Option<u32>) -> Result<VerifiedView, DeskError> {
        let since = now().before(days.map_or(self.config.keep_calls, |days| DAY * days));
        let verifier = self.replay("receipts verify", Verifier { since, ..Verifier::default() }).await?;
        Ok(verifier.view())
    }
}
