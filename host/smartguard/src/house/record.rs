//! What the path of a call writes: decisions, outcomes and charges, in the order of their sequence numbers.
//!
//! These are the disk's own types. Replaying them rebuilds the hot state; a decision is applied as it was taken and never taken anew.
//! They are kept in pages, each a few records one behind the other.

use super::seen::{RECORDED_FOR, Viewed, Views};
use crate::store::{Key, Tree};
use numbers::choose::From;
use numbers::outcome::merge;
use numbers::{
    Answer, Ask, CalleeHash, CampaignHash, Carrier, Decision, E164, Listed, Moment, Outcome, OwnerId, Passed, Policy,
    Ranking, Region, Rung, Shown, TurnChange, Verdict, Zip,
};
use serde::{Deserialize, Serialize};

/// First byte of the keys of pages, beside the keeper's own events in the same tree.
pub const PAGE_PREFIX: u8 = b'c';
/// Each record of a page is preceded by its length.
pub const LENGTH_BYTES: usize = 2;

/// One record of the path of a call.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum Record {
    /// Boxed, as the next one is, because they are far larger than the others.
    Decided(Box<Decided>),
    Reported(Box<Reported>),
    /// A crash lost the decision, and a late report brought it back under its seal.
    Restored {
        seq: u64,
        at: Moment,
        number: E164,
        callee: CalleeHash,
    },
    /// After an unclean stop: what each of these numbers may have been shown for without a record of it.
    Charged {
        owner: OwnerId,
        numbers: Vec<E164>,
        lost: Lost,
    },
    /// A start after a clean stop: nothing that was decided before this is missing.
    Settled {
        at: Moment,
    },
    /// What the decisions after it saw.
    Viewed(Box<Viewed>),
}

/// A decision, with its receipt.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Decided {
    pub at: Moment,
    pub owner: OwnerId,
    /// The keyed hash of the dialer's call id.
    pub call: u64,
    pub callee: CalleeHash,
    pub asked: Asked,
    pub carrier: Option<Carrier>,
    pub decision: Decision,
    pub from: From,
    pub turn: TurnChange,
    /// The locality bucket whose turn it was.
    pub bucket: u16,
    pub valid_until: Moment,
    /// The candidates, as many as a receipt keeps, and why each was passed over.
    pub considered: Vec<(E164, Passed)>,
    /// The rungs that were climbed.
    pub rungs: Vec<Rung>,
    /// How likely the number was that is shown.
    pub propensity_ppm: u32,
    pub counted: Counted,
    pub policy_revision: u64,
    /// None where no ranker was asked.
    pub ranking: Option<Ranking>,
    /// The candidates that it was taken from.
    pub views: Views,
}

/// Belongs to nobody, and lies outside the North American plan.
const NUMBER_ELSEWHERE: u64 = 999_000_000_000_000;

/// For whom calls were counted beside their numbers, by the policy that held.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counted {
    pub by_carrier: bool,
    pub by_user: bool,
}

impl Counted {
    pub fn of(policy: &Policy) -> Counted {
        Counted { by_carrier: !policy.carrier_limits().is_none(), by_user: !policy.user_limits().is_none() }
    }
}

/// Calls of each number that a lost window may have held.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lost {
    pub at: Moment,
    pub calls: u32,
    pub counted: Counted,
}

/// What the answer rested on and is not said elsewhere, so that the same question can be asked again. Of the callee's number
/// it holds where the callee is, and not who.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Asked {
    /// The country, area code and exchange of a callee in the North American plan, such as 1212555.
    pub prefix: Option<u32>,
    pub state: Option<Region>,
    pub zip: Option<Zip>,
    pub campaign: Option<String>,
    pub tie_break: u64,
    /// The do-not-call lists on which the callee stood.
    pub listed: Listed,
}

impl Asked {
    pub fn of(ask: &Ask, listed: Listed) -> Asked {
        let prefix = ask.callee.area_code().map(|_| (ask.callee.digits() / 10_000) as u32);
        let Ask { state, zip, tie_break, .. } = *ask;
        Asked { prefix, state, zip, campaign: ask.campaign.clone(), tie_break, listed }
    }
}

/// What became of a call.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Reported {
    pub at: Moment,
    /// The call that this report joins; none for an orphan.
    pub call: Option<Joined>,
    /// Whom an orphan is about, where it can be told in whose name the call was made. A complaint is kept even of an orphan.
    pub callee: Option<CalleeHash>,
    /// None when the report told nothing about the outcome.
    pub verdict: Option<Verdict>,
    /// A call that was placed without being asked for, which is an attempt like any other.
    pub unasked: Option<Unasked>,
}

/// A call that nobody asked for, as far as an orphan tells of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unasked {
    /// When it was placed.
    pub at: Moment,
    /// By what a second report of it is known: a hash of the dialer's call id, or of the callee and the minute.
    pub call: u64,
}

/// A call as a report found it. The report can be counted by it alone, long after the decision's own record is gone.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Joined {
    pub seq: u64,
    pub at: Moment,
    pub number: E164,
    pub callee: CalleeHash,
    pub carrier: Option<Carrier>,
    /// What was known of it before.
    pub before: Option<Verdict>,
}

impl Record {
    /// When it was recorded, or when the call was decided that it brings back.
    pub fn at(&self) -> Moment {
        match self {
            Record::Decided(decided) => decided.at,
            Record::Reported(reported) => reported.at,
            Record::Restored { at, .. } | Record::Settled { at } => *at,
            Record::Charged { lost, .. } => lost.at,
            Record::Viewed(viewed) => viewed.at,
        }
    }

    /// Nothing that was recorded later than this rests on it. A view is there for the decisions after it.
    pub fn needed_until(&self) -> Moment {
        match self {
            Record::Viewed(viewed) => viewed.at.plus(RECORDED_FOR),
            Record::Decided(_)
            | Record::Reported(_)
            | Record::Restored { .. }
            | Record::Charged { .. }
            | Record::Settled { .. } => self.at(),
        }
    }
}

impl Decided {
    /// The question again, with somebody who lives where the callee does. Of a callee's number nothing decides but area code and
    /// exchange; outside the North American plan nothing does at all.
    pub fn ask(&self) -> Ask {
        let Asked { prefix, state, zip, campaign, tie_break, listed: _ } = self.asked.clone();
        let callee = prefix.and_then(|prefix| E164::from_digits(u64::from(prefix) * 10_000));
        let elsewhere = || E164::from_digits(NUMBER_ELSEWHERE).expect("a number of fifteen digits");
        Ask {
            owner: self.owner.clone(),
            campaign,
            callee: callee.unwrap_or_else(elsewhere),
            state,
            zip,
            carrier: self.carrier,
            at: self.at,
            tie_break,
        }
    }

    /// What was answered, as far as it is needed to apply it.
    pub fn answer(&self) -> Answer {
        Answer {
            decision: self.decision.clone(),
            considered: Vec::new(),
            rungs: Vec::new(),
            from: self.from,
            turn: self.turn,
            bucket: self.bucket,
            propensity_ppm: self.propensity_ppm,
        }
    }

    /// The call as it is counted.
    pub fn shown(&self) -> Shown {
        let campaign = match (&self.asked.campaign, &self.owner) {
            (Some(campaign), _) | (None, OwnerId::Campaign(campaign)) => Some(CampaignHash::of(campaign)),
            (None, OwnerId::User(_)) => None,
        };
        let Counted { by_carrier, by_user } = self.counted;
        Shown { at: self.at, carrier: self.carrier.filter(|_| by_carrier), campaign, by_user }
    }
}

impl Reported {
    /// The call that it joins, with what is known of it after this report; none when it tells nothing about a call.
    pub fn counted(&self) -> Option<(&Joined, Verdict)> {
        let (joined, verdict) = self.call.as_ref().zip(self.verdict.as_ref())?;
        Some((joined, joined.known(verdict)))
    }

    /// Whom the report is about, where it can be told.
    pub fn callee(&self) -> Option<CalleeHash> {
        self.call.as_ref().map(|call| call.callee).or(self.callee)
    }

    /// The callee who was called without anybody asking, and when.
    pub fn attempt(&self) -> Option<(CalleeHash, Moment)> {
        self.callee.zip(self.unasked.map(|unasked| unasked.at))
    }

    /// The callee who must not be called again, as this report says.
    pub fn suppresses(&self) -> Option<CalleeHash> {
        let suppresses = self.verdict.as_ref().is_some_and(|verdict| verdict.suppress_callee);
        self.callee().filter(|_| suppresses)
    }
}

impl Joined {
    /// What is known of the call with this verdict added.
    fn known(&self, verdict: &Verdict) -> Verdict {
        self.before.as_ref().map_or_else(|| verdict.clone(), |before| merge(before, verdict))
    }

    /// The call was never placed, and no report before this one said so.
    pub fn gives_back(&self, known: &Verdict) -> bool {
        let not_placed = |verdict: &Verdict| verdict.outcome == Outcome::NotPlaced;
        not_placed(known) && !self.before.as_ref().is_some_and(not_placed)
    }
}

/// Candidates that a receipt holds at most, so that a record stays within its bound: each takes up to 10 bytes, and a ranking some 500.
const CANDIDATES_KEPT_MAX: usize = 250;

/// The candidates of a very large pool are cut to what a receipt holds; the chosen one is always among them.
pub fn kept(considered: &[(E164, Passed)]) -> Vec<(E164, Passed)> {
    let mut kept: Vec<_> = considered.iter().take(CANDIDATES_KEPT_MAX).copied().collect();
    let beyond = considered.iter().skip(CANDIDATES_KEPT_MAX).find(|(_, passed)| *passed == Passed::Chosen);
    if let (Some(chosen), Some(last)) = (beyond, kept.last_mut()) {
        *last = *chosen;
    }
    kept
}

/// The key of the page that begins with this record.
pub fn page_key(first: u64) -> Key {
    let mut key = vec![PAGE_PREFIX];
    key.extend_from_slice(&first.to_be_bytes());
    Key::new(Tree::Event, key)
}

/// A record as it stands in a page, with its sequence number.
///
/// # Errors
/// It cannot be written.
pub fn encode(seq: u64, record: &Record) -> Result<Vec<u8>, postcard::Error> {
    postcard::to_stdvec(&(seq, record))
}

/// Adds a record that was encoded, of less than 64 KiB.
pub fn add_to_page(page: &mut Vec<u8>, bytes: &[u8]) {
    page.extend_from_slice(&(bytes.len() as u16).to_be_bytes());
    page.extend_from_slice(bytes);
}

/// The records of a page, in their order.
///
/// # Errors
/// It is no page, or one of another version.
pub fn read_page(page: &[u8]) -> Result<Vec<(u64, Record)>, postcard::Error> {
    let mut records = Vec::new();
    let mut rest = page;
    while let Some((length, after)) = rest.split_first_chunk::<LENGTH_BYTES>() {
        let length = usize::from(u16::from_be_bytes(*length));
        let bytes = after.get(..length).ok_or(postcard::Error::DeserializeUnexpectedEnd)?;
        records.push(postcard::from_bytes(bytes)?);
        rest = after.get(length..).unwrap_or_default();
    }
    Ok(records)
}
