//! What a run counted: integers alone, so that the same seed gives the same tally, bit for bit.

use crate::engine::{Engines, Gone};
use numbers::{Carrier, HoldReason, Moment, Outcome, Rung};
use serde::Serialize;

/// Everything that one contender's run in one seed came to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Tally {
    /// Slots for a call; the same for every contender, so it is what shares of dials are held against.
    pub slots: u64,
    /// Slots that stayed empty because every lead that was asked about was held, for other reasons than the hour.
    pub slots_held: u64,
    /// Of other slots that stayed empty: those in which it was no hour to call any of the leads.
    pub slots_outside_hours: u64,
    /// Slots that stayed empty because the list had no lead left for now.
    pub slots_dry: u64,
    /// Questions: each one was shown or held.
    pub asks: u64,
    pub shown: u64,
    /// Held questions by reason, in the order of [`HOLD_REASONS`].
    pub held: [u64; HOLD_REASONS.len()],
    /// Calls by carrier, in the order of [`Carrier::ALL`], and those of them that showed a label there.
    pub shown_by_carrier: [u64; Carrier::ALL.len()],
    pub labelled_by_carrier: [u64; Carrier::ALL.len()],
    /// Calls by what became of them, in the order of [`Outcome::ALL`].
    pub outcomes: [u64; Outcome::ALL.len()],
    pub human: u64,
    pub engaged: u64,
    pub complaints: u64,
    /// Calls that showed the number that the callee saw last time.
    pub same_again: u64,
    /// Calls by the rung that they took, in the order of [`RUNGS`].
    pub rungs: [u64; RUNGS.len()],
    pub labels: Labels,
    pub disputes: u64,
    pub registrations: u64,
    pub checks: u64,
    pub check_cost_micros: u64,
    pub bought: u64,
    pub retired: u64,
    pub numbers_held: u64,
    pub numbers_shown: u64,
    pub number_cost_micros: u64,
    /// Of the days on which a number was shown at all: how many there were, their calls, and the days with so many calls.
    pub number_days: u64,
    pub calls_on_number_days: u64,
    pub number_days_by_calls: Vec<u64>,
}

/// What became of the labels that engines set.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Labels {
    pub set: u64,
    pub detected: u64,
    /// Ended before anybody had found them, and those that nobody had found when the run ended.
    pub ended_unseen: u64,
    pub unseen: u64,
    pub redressed: u64,
    pub expired: u64,
    /// Still there when the run ended.
    pub standing: u64,
    /// Seconds from the label to its detection, and to its end, in ascending order.
    pub detection_seconds: Vec<u64>,
    pub clearance_seconds: Vec<u64>,
}

/// The order of [`Tally::held`]; the hours come first.
pub const HOLD_REASONS: [HoldReason; 10] = [
    HoldReason::OutsideLegalHours,
    HoldReason::OutsidePolicyHours,
    HoldReason::Suppressed,
    HoldReason::DoNotCall,
    HoldReason::AttemptsSpent,
    HoldReason::ChangeSpent,
    HoldReason::TurnGap,
    HoldReason::CapsReached,
    HoldReason::NoLocalNumber,
    HoldReason::NoNumber,
];

/// The order of [`Tally::rungs`].
pub const RUNGS: [Rung; 5] = [Rung::RelaxLocality, Rung::EndTurnEarly, Rung::Bench, Rung::Reserve, Rung::HardCap];

impl Tally {
    pub fn hold(&mut self, reason: HoldReason) {
        let place = HOLD_REASONS.iter().position(|known| *known == reason);
        self.held[place.unwrap_or(HOLD_REASONS.len() - 1)] += 1;
    }

    pub fn held_total(&self) -> u64 {
        self.held.iter().sum()
    }

    /// Questions that were held because it was no hour to call the callee, which is nobody's doing.
    pub fn held_outside_hours(&self) -> u64 {
        self.held[..2].iter().sum()
    }

    pub fn labelled(&self) -> u64 {
        self.labelled_by_carrier.iter().sum()
    }

    /// Adds another run of the same contender, so that a report can say what all seeds together came to.
    pub fn add(&mut self, other: &Tally) {
        let Tally {
            slots,
            slots_held,
            slots_outside_hours,
            slots_dry,
            asks,
            shown,
            held,
            shown_by_carrier,
            labelled_by_carrier,
            outcomes,
            human,
            engaged,
            complaints,
            same_again,
            rungs,
            labels,
            disputes,
            registrations,
            checks,
            check_cost_micros,
            bought,
            retired,
            numbers_held,
            numbers_shown,
            number_cost_micros,
            number_days,
            calls_on_number_days,
            number_days_by_calls,
        } = other;
        for (mine, more) in [
            (&mut self.slots, slots),
            (&mut self.slots_held, slots_held),
            (&mut self.slots_outside_hours, slots_outside_hours),
            (&mut self.slots_dry, slots_dry),
            (&mut self.asks, asks),
            (&mut self.shown, shown),
            (&mut self.human, human),
            (&mut self.engaged, engaged),
            (&mut self.complaints, complaints),
            (&mut self.same_again, same_again),
            (&mut self.disputes, disputes),
            (&mut self.registrations, registrations),
            (&mut self.checks, checks),
            (&mut self.check_cost_micros, check_cost_micros),
            (&mut self.bought, bought),
            (&mut self.retired, retired),
            (&mut self.numbers_held, numbers_held),
            (&mut self.numbers_shown, numbers_shown),
            (&mut self.number_cost_micros, number_cost_micros),
            (&mut self.number_days, number_days),
            (&mut self.calls_on_number_days, calls_on_number_days),
        ] {
            *mine += more;
        }
        add_each(&mut self.held, held);
        add_each(&mut self.shown_by_carrier, shown_by_carrier);
        add_each(&mut self.labelled_by_carrier, labelled_by_carrier);
        add_each(&mut self.outcomes, outcomes);
        add_each(&mut self.rungs, rungs);
        let days = self.number_days_by_calls.len().max(number_days_by_calls.len());
        self.number_days_by_calls.resize(days, 0);
        add_each(&mut self.number_days_by_calls, number_days_by_calls);
        self.labels.add(labels);
    }

    /// One number was shown so often in a day.
    pub fn number_day(&mut self, calls: u32) {
        let place = calls as usize;
        if self.number_days_by_calls.len() <= place {
            self.number_days_by_calls.resize(place + 1, 0);
        }
        self.number_days_by_calls[place] += 1;
        self.number_days += 1;
        self.calls_on_number_days += u64::from(calls);
    }

    /// The calls that at most one number-day in twenty goes beyond.
    pub fn number_day_p95(&self) -> u64 {
        let mut left = self.number_days - self.number_days / 20;
        for (calls, days) in self.number_days_by_calls.iter().enumerate() {
            if *days >= left {
                return calls as u64;
            }
            left -= days;
        }
        0
    }

    /// Reads what became of the labels off the engines.
    pub fn read_labels(&mut self, engines: &Engines, began: Moment) {
        let labels = &mut self.labels;
        for label in &engines.labels {
            labels.set += 1;
            let since = label.set_at.max(began);
            match (label.detected_at, label.gone) {
                (Some(at), _) => {
                    labels.detected += 1;
                    labels.detection_seconds.push(at.since(since).as_secs());
                }
                (None, Some(_)) => labels.ended_unseen += 1,
                (None, None) => labels.unseen += 1,
            }
            match label.gone {
                Some((at, how)) => {
                    match how {
                        Gone::Redressed => labels.redressed += 1,
                        Gone::Expired => labels.expired += 1,
                    }
                    labels.clearance_seconds.push(at.since(since).as_secs());
                }
                None => labels.standing += 1,
            }
        }
        labels.detection_seconds.sort_unstable();
        labels.clearance_seconds.sort_unstable();
    }
}

impl Labels {
    fn add(&mut self, other: &Labels) {
        let Labels {
            set,
            detected,
            ended_unseen,
            unseen,
            redressed,
            expired,
            standing,
            detection_seconds,
            clearance_seconds,
        } = other;
        self.set += set;
        self.detected += detected;
        self.ended_unseen += ended_unseen;
        self.unseen += unseen;
        self.redressed += redressed;
        self.expired += expired;
        self.standing += standing;
        self.detection_seconds.extend(detection_seconds);
        self.clearance_seconds.extend(clearance_seconds);
        self.detection_seconds.sort_unstable();
        self.clearance_seconds.sort_unstable();
    }
}

fn add_each(mine: &mut [u64], more: &[u64]) {
    mine.iter_mut().zip(more).for_each(|(mine, more)| *mine += more);
}
