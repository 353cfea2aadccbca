//! What becomes of one call: the callee's luck, what the shown number makes of it, and how long they talk.
//!
//! One draw decides the outcome, and human answers stand first in it: a call that is answered under a label would have
//! been answered without one. So a label only ever costs answers, and two policies differ by nothing but their labels.

use crate::curve::talk_seconds;
use crate::dialer::Lead;
use crate::draw::Of;
use crate::world::{Answers, Label};
use numbers::Outcome;

/// One call, as far as anybody will know.
#[derive(Clone, Copy, Debug)]
pub struct Heard {
    pub outcome: Outcome,
    pub talk_seconds: u32,
    pub complaint: bool,
}

impl Heard {
    /// A person answered, however briefly.
    pub fn is_human(self) -> bool {
        matches!(self.outcome, Outcome::AnsweredHuman | Outcome::ShortCall)
    }
}

/// What the number that is shown means to this callee.
#[derive(Clone, Copy, Debug)]
pub struct Shown<'a> {
    pub local: bool,
    /// Another one than the callee saw before.
    pub changed: bool,
    /// The label that the callee's carrier puts on it.
    pub label: Option<&'a Label>,
}

/// Makes the call.
pub fn call(answers: &Answers, lead: &Lead, shown: Shown<'_>) -> Heard {
    let silent = |outcome| Heard { outcome, talk_seconds: 0, complaint: false };
    if lead.invalid {
        return silent(Outcome::InvalidNumber);
    }
    let key = lead.key.at(u64::from(lead.attempts));
    let of = |permille: u32| u64::from(permille) * 1000;
    let times = |parts: u64, percent: u32| parts * u64::from(percent) / 100;

    let mut human = of(answers.human_permille);
    if shown.local {
        human = times(human, answers.local_answers_percent);
    }
    for _ in 0..lead.attempts {
        human = times(human, answers.again_answers_percent);
    }
    if shown.changed {
        human = times(human, answers.changed_number_answers_percent);
    }
    let mut rejected = of(answers.rejected_permille);
    let mut blocked = of(answers.blocked_permille);
    let mut voicemail = of(answers.voicemail_permille);
    if let Some(label) = shown.label {
        human = times(human, label.answers_percent);
        rejected = times(rejected, label.rejected_percent);
        blocked = of(label.blocked_permille);
        voicemail += of(label.voicemail_added_permille);
    }
    let would_answer = human;
    if lead.screens {
        human = times(human, answers.screened_answers_percent);
    }
    let outcomes = [
        (human, Outcome::AnsweredHuman),
        // The phone took the call, and nobody came.
        (would_answer - human, Outcome::AnsweredUnknown),
        (voicemail, Outcome::Voicemail),
        (rejected, Outcome::Rejected),
        (blocked, Outcome::BlockedNetwork),
        (of(answers.busy_permille), Outcome::Busy),
        (of(answers.network_failed_permille), Outcome::NetworkFailed),
    ];
    let drawn = key.of(Of::Outcome).below(1_000_000);
    let mut below = 0;
    let outcome = outcomes
        .into_iter()
        .find(|(parts, _)| {
            below += parts;
            drawn < below
        })
        .map_or(Outcome::NoAnswer, |(_, outcome)| outcome);
    if outcome != Outcome::AnsweredHuman {
        return silent(outcome);
    }
    let short = key.of(Of::Short).below(100) < u64::from(answers.short_percent);
    let growth = 100 + u64::from(answers.complaint_growth_percent) * u64::from(lead.attempts);
    let complaint = key.of(Of::Complaint).below(1_000_000) < u64::from(answers.complaint_per_10000) * growth;
    Heard {
        outcome: if short { Outcome::ShortCall } else { Outcome::AnsweredHuman },
        talk_seconds: match short {
            true => key.of(Of::Talk).below(6) as u32,
            false => talk_seconds(key.of(Of::Talk), u64::from(answers.talk_median_seconds)),
        },
        complaint,
    }
}
