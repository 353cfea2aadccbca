//! What one number has been shown for: the counts that its caps are held against, the last turn, the campaign it speaks for.
//!
//! It counts; what the counts permit is said in [`crate::choose`].

use crate::carrier::Carrier;
use crate::counts::Counts;
use crate::decision::CampaignHash;
use crate::moment::Moment;
use crate::policy::Policy;
use serde::{Deserialize, Serialize};

/// The counts of one number, in about a hundred bytes; where calls are capped by carrier, in some six hundred.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Usage {
    all: Counts,
    /// By [`Carrier::index`], of the calls to callees whose carrier was known; kept only where a policy caps them.
    carriers: Option<Box<[Counts; Carrier::ALL.len()]>>,
    /// The campaign that it was last shown for, and when it last was.
    campaign: Option<(CampaignHash, Moment)>,
    turn_ended_at: Option<Moment>,
    shown_total: u64,
}

/// One call that a number is shown on, as far as it is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shown {
    pub at: Moment,
    /// The callee's, where it is known and calls are counted by it.
    pub carrier: Option<Carrier>,
    pub campaign: Option<CampaignHash>,
    /// It is counted for the user or campaign that placed it too.
    pub by_user: bool,
}

impl Shown {
    /// A call of which no more is known.
    pub const fn at(at: Moment) -> Shown {
        Shown { at, carrier: None, campaign: None, by_user: false }
    }
}

impl Usage {
    /// Counts one decision that shows this number.
    pub fn record(&mut self, shown: Shown, policy: &Policy) {
        let Shown { at, carrier, campaign, by_user: _ } = shown;
        self.all.count(at, 1, policy);
        if let Some(carrier) = carrier {
            self.carriers.get_or_insert_default()[carrier.index()].count(at, 1, policy);
        }
        if let Some(campaign) = campaign {
            self.campaign = Some((campaign, at));
        }
        self.shown_total = self.shown_total.saturating_add(1);
    }

    /// Counts calls that may have been made in the window lost to an unclean stop. They are as good as made for the
    /// caps, where calls are counted `by_carrier` by every one of them, and are not said to have been shown.
    pub fn charge(&mut self, at: Moment, calls: u32, by_carrier: bool, policy: &Policy) {
        if calls == 0 {
            return;
        }
        self.all.count(at, calls, policy);
        if by_carrier {
            for carrier in self.carriers.get_or_insert_default().iter_mut() {
                carrier.count(at, calls, policy);
            }
        }
    }

    /// Takes back a decision of `at` whose call was never placed. What has left its window is not taken back again.
    ///
    /// The caller sees to it that a decision is given back once at most.
    pub fn give_back(&mut self, at: Moment, carrier: Option<Carrier>) {
        self.all.take_back(at);
        if let Some((carrier, carriers)) = carrier.zip(self.carriers.as_mut()) {
            carriers[carrier.index()].take_back(at);
        }
        self.shown_total = self.shown_total.saturating_sub(1);
    }

    /// Notes a call within a turn; the last one noted is when the turn ended.
    pub fn note_turn(&mut self, at: Moment) {
        self.turn_ended_at = self.turn_ended_at.max(Some(at));
    }

    /// When it was last shown within a turn, which is when that turn ended unless it still goes on.
    pub fn turn_ended_at(&self) -> Option<Moment> {
        self.turn_ended_at
    }

    /// Every decision that showed it and was not given back.
    pub fn shown_total(&self) -> u64 {
        self.shown_total
    }

    /// All its calls.
    pub fn all(&self) -> &Counts {
        &self.all
    }

    /// Its calls to callees on this carrier; none where they are not counted, because no policy caps them.
    pub fn on(&self, carrier: Carrier) -> Option<&Counts> {
        self.carriers.as_ref().map(|carriers| &carriers[carrier.index()])
    }

    /// From when it may be shown for this campaign, if it was last shown for another one and has to wait in between.
    pub fn free_for(&self, campaign: Option<CampaignHash>, policy: &Policy) -> Option<Moment> {
        let (last, at) = self.campaign?;
        campaign.filter(|campaign| *campaign != last).map(|_| at.plus(policy.campaign_wait))
    }

    /// Calls in the last hour, never fewer than were made.
    pub fn in_hour(&self, now: Moment) -> u32 {
        self.all.in_hour(now)
    }

    /// Calls in the last minute, never fewer than were made.
    pub fn in_minute(&self, now: Moment) -> u32 {
        self.all.in_minute(now)
    }

    /// Calls in the calling day of `now`.
    pub fn today(&self, now: Moment, policy: &Policy) -> u32 {
        self.all.today(now, policy)
    }
}
