//! What decisions saw of pool, bench and reserve, as it is recorded beside them, so that they can be taken again.
//!
//! A view is recorded before the first decision that rests on it, and again when that is long ago: a decision never names a
//! view whose record is older than [`RECORDED_FOR`]. What is rolled up therefore takes no view away that a kept decision
//! names. A large view is cut into parts. Nothing here decides, and nothing here publishes.

use super::journal::{Done, Journal, JournalError};
use super::record::Record;
use core::time::Duration;
use numbers::{Candidate, Carriers, E164, Life, Moment, OwnerId, Room, Status};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// A decision that comes later records its view anew. Guessed: an owner who calls all day records its pool twice then, and
/// old calls stay in the store for so much longer than they have to.
pub const RECORDED_FOR: Duration = Duration::from_secs(6 * 60 * 60);
/// Candidates in one record: each takes up to 48 bytes, and the names of owner and business up to 260 together.
const PART_MAX: usize = 60;
/// Numbers of the reserve that a view holds, so that one figure says which of them were open.
pub const RESERVE_MAX: usize = u64::BITS as usize;

/// A view, or one part of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Viewed {
    pub at: Moment,
    /// The sequence number of its first part, by which decisions name it.
    pub view: u64,
    pub of: ViewOf,
    pub candidates: Vec<SeenCandidate>,
    /// No other part follows.
    pub last: bool,
}

/// Whose view it is, and what it says beside the candidates.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum ViewOf {
    Pool {
        owner: OwnerId,
        business: String,
        lacks: u32,
        filled: bool,
    },
    /// The first `bench` candidates are its bench, the others its reserve.
    Shared {
        business: String,
        bench: u32,
        swaps_left: u32,
    },
}

/// A candidate as it stands on the disk.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SeenCandidate {
    number: E164,
    life: Life,
    proven: bool,
    known: bool,
    status: [Status; 8],
    excluded: Carriers,
    half_share: bool,
    ramp_since: Option<Moment>,
    registered: bool,
    answerable: bool,
    grace_until: Option<Moment>,
}

/// What one decision rested on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Views {
    /// The name of the view of the owner's pool.
    pub pool: u64,
    /// Where bench and reserve were asked.
    pub shared: Option<SharedSeen>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SharedSeen {
    pub view: u64,
    /// Which numbers of the reserve might be drawn then, the first one in the lowest bit.
    pub open: u64,
}

/// Under which name a view was recorded last, and when. Read and written under the lock that its decisions are taken under.
#[derive(Debug, Default)]
pub struct Recorded {
    /// 0 while it was not.
    view: AtomicU64,
    at: AtomicU64,
}

impl Recorded {
    /// The name by which a decision of `now` may rest on the view, which is recorded unless it was not long ago.
    ///
    /// # Errors
    /// The journal takes no record now, and so no decision either.
    pub fn name<'a>(
        &self,
        journal: &Journal,
        now: Moment,
        of: impl FnOnce() -> ViewOf,
        candidates: impl Iterator<Item = &'a Candidate>,
    ) -> Result<u64, JournalError> {
        let (view, at) = (self.view.load(Ordering::Relaxed), Moment(self.at.load(Ordering::Relaxed)));
        if view != 0 && now.since(at) < RECORDED_FOR {
            return Ok(view);
        }
        let view = journal.sequence();
        let mut seq = view;
        for part in parts(now, view, of(), candidates) {
            journal.append(seq, &Record::Viewed(Box::new(part)), Done::Nobody)?;
            seq = journal.sequence();
        }
        self.view.store(view, Ordering::Relaxed);
        self.at.store(now.0, Ordering::Relaxed);
        Ok(view)
    }
}

/// The records of a view; one at least.
fn parts<'a>(at: Moment, view: u64, of: ViewOf, candidates: impl Iterator<Item = &'a Candidate>) -> Vec<Viewed> {
    let candidates: Vec<SeenCandidate> = candidates.map(SeenCandidate::from).collect();
    let part = |candidates: &[SeenCandidate]| Viewed {
        at,
        view,
        of: of.clone(),
        candidates: candidates.to_vec(),
        last: false,
    };
    let mut parts: Vec<Viewed> = candidates.chunks(PART_MAX).map(part).collect();
    if parts.is_empty() {
        parts.push(part(&[]));
    }
    if let Some(last) = parts.last_mut() {
        last.last = true;
    }
    parts
}

/// The numbers of a reserve that this figure says were open.
pub fn open(reserve: &[Candidate], open: u64) -> Vec<Candidate> {
    let is_open = |place: usize| open.checked_shr(place as u32).is_some_and(|rest| rest & 1 == 1);
    reserve.iter().enumerate().filter(|(place, _)| is_open(*place)).map(|(_, candidate)| candidate.clone()).collect()
}

/// A view of a pool that was read back.
#[derive(Clone, Debug, PartialEq)]
pub struct PoolSeen {
    pub business: String,
    pub candidates: Vec<Candidate>,
    pub room: Room,
}

/// A view of bench and reserve that was read back.
#[derive(Clone, Debug, PartialEq)]
pub struct BusinessSeen {
    pub bench: Vec<Candidate>,
    pub reserve: Vec<Candidate>,
    pub swaps_left: usize,
}

/// The views that the records read so far have left: of each owner and each business the newest, because decisions rest on
/// no other one.
#[derive(Debug, Default)]
pub struct Album {
    pools: HashMap<OwnerId, (u64, Arc<PoolSeen>)>,
    shared: HashMap<String, (u64, Arc<BusinessSeen>)>,
    /// Views of which not every part was read yet. Where a full journal took no more parts, none ever follows.
    begun: HashMap<ViewOf, (u64, Vec<Candidate>)>,
}

impl Album {
    pub fn take(&mut self, viewed: &Viewed) {
        let begun = self.begun.remove(&viewed.of).filter(|(view, _)| *view == viewed.view);
        let mut candidates = begun.map(|(_, candidates)| candidates).unwrap_or_default();
        candidates.extend(viewed.candidates.iter().map(Candidate::from));
        if !viewed.last {
            self.begun.insert(viewed.of.clone(), (viewed.view, candidates));
            return;
        }
        match &viewed.of {
            ViewOf::Pool { owner, business, lacks, filled } => {
                let room = Room { lacks: *lacks as usize, filled: *filled };
                let seen = PoolSeen { business: business.clone(), candidates, room };
                self.pools.insert(owner.clone(), (viewed.view, Arc::new(seen)));
            }
            ViewOf::Shared { business, bench, swaps_left } => {
                let reserve = candidates.split_off(candidates.len().min(*bench as usize));
                let seen = BusinessSeen { bench: candidates, reserve, swaps_left: *swaps_left as usize };
                self.shared.insert(business.clone(), (viewed.view, Arc::new(seen)));
            }
        }
    }

    /// The view of this owner's pool, if it is the one of that name.
    pub fn pool(&self, owner: &OwnerId, view: u64) -> Option<Arc<PoolSeen>> {
        self.pools.get(owner).filter(|(name, _)| *name == view).map(|(_, seen)| seen.clone())
    }

    /// The view of bench and reserve of this business, if it is the one of that name.
    pub fn shared(&self, business: &str, view: u64) -> Option<Arc<BusinessSeen>> {
        self.shared.get(business).filter(|(name, _)| *name == view).map(|(_, seen)| seen.clone())
    }

    /// The newest view of bench and reserve of this business, whoever rested on it.
    pub fn newest_shared(&self, business: &str) -> Option<Arc<BusinessSeen>> {
        self.shared.get(business).map(|(_, seen)| seen.clone())
    }
}

impl From<&Candidate> for SeenCandidate {
    fn from(candidate: &Candidate) -> SeenCandidate {
        // Named one by one, so that whatever a decision comes to rest on is recorded too.
        let Candidate {
            number,
            life,
            proven,
            known,
            status,
            excluded,
            half_share,
            ramp_since,
            registered,
            answerable,
            grace_until,
        } = candidate.clone();
        SeenCandidate {
            number,
            life,
            proven,
            known,
            status,
            excluded,
            half_share,
            ramp_since,
            registered,
            answerable,
            grace_until,
        }
    }
}

impl From<&SeenCandidate> for Candidate {
    fn from(seen: &SeenCandidate) -> Candidate {
        let SeenCandidate {
            number,
            life,
            proven,
            known,
            status,
            excluded,
            half_share,
            ramp_since,
            registered,
            answerable,
            grace_until,
        } = seen.clone();
        Candidate {
            number,
            life,
            proven,
            known,
            status,
            excluded,
            half_share,
            ramp_since,
            registered,
            answerable,
            grace_until,
        }
    }
}

impl SeenCandidate {
    pub fn number(&self) -> E164 {
        self.number
    }
}

#[cfg(test)]
mod tests {
    use super::super::journal::RECORD_BYTES_MAX;
    use super::super::record::encode;
    use super::*;

    fn candidate(n: u64) -> Candidate {
        Candidate {
            number: E164::from_digits(999_000_000_000_000 + n).expect("the longest there is"),
            life: Life::Remediating,
            proven: n.is_multiple_of(2),
            known: n.is_multiple_of(3),
            status: [Status::Blocked; 8],
            excluded: Carriers::EVERY,
            half_share: true,
            ramp_since: Some(Moment(u64::MAX)),
            registered: true,
            answerable: true,
            grace_until: Some(Moment(u64::MAX)),
        }
    }

    #[test]
    fn the_largest_view_is_cut_into_records_that_can_be_kept_and_put_together_again() {
        let owner = OwnerId::Campaign("n".repeat(128));
        let business = "b".repeat(128);
        for count in [0, 1, PART_MAX as u64, PART_MAX as u64 + 1, 1000] {
            let candidates: Vec<Candidate> = (0..count).map(candidate).collect();
            let of = ViewOf::Pool { owner: owner.clone(), business: business.clone(), lacks: u32::MAX, filled: true };
            let mut album = Album::default();
            let parts = parts(Moment(u64::MAX), 7, of, candidates.iter());
            for (nth, part) in parts.iter().enumerate() {
                assert!(nth == 0 || album.pool(&owner, 7).is_none(), "a part is no view");
                let bytes = encode(u64::MAX, &Record::Viewed(Box::new(part.clone()))).expect("an encoding").len();
                assert!(bytes <= RECORD_BYTES_MAX, "{bytes} of {RECORD_BYTES_MAX}");
                album.take(part);
            }
            assert_eq!(album.pool(&owner, 7).expect("it is whole").candidates, candidates);
            assert!(album.pool(&owner, 8).is_none(), "another one");
        }
    }

    #[test]
    fn bench_and_reserve_come_apart_as_they_were_put_together() {
        let candidates: Vec<Candidate> = (0..5).map(candidate).collect();
        let of = ViewOf::Shared { business: "acme".into(), bench: 2, swaps_left: 3 };
        let mut album = Album::default();
        parts(Moment(1), 9, of, candidates.iter()).iter().for_each(|part| album.take(part));
        let seen = album.shared("acme", 9).expect("it is whole");
        assert_eq!((seen.bench.len(), seen.reserve.len(), seen.swaps_left), (2, 3, 3));
        let numbers = |open: Vec<Candidate>| open.iter().map(|candidate| candidate.number).collect::<Vec<_>>();
        assert_eq!(numbers(open(&seen.reserve, 0b101)), [candidates[2].number, candidates[4].number]);
        assert!(open(&seen.reserve, 0).is_empty());
    }
}
