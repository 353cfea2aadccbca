//! __ID__: orders the numbers that the policy permits for a call. It can permit nothing more.
//!
//! This one shows the number first that people answered most often. Change `before` and the cassettes to what you
//! believe; `smartguard adapter test` and `smartguard adapter check` tell what is still missing.

use smartguard_adapter::Ranker;
use smartguard_adapter::ranker::{Candidate, Description, Error, RankRequest, Ranking};
use std::cmp::Ordering;

struct Adapter;

smartguard_adapter::ranker!(Adapter);

impl Ranker for Adapter {
    fn describe() -> Description {
        Description {
            id: "__ID__".to_owned(),
            version: "0.1.0".to_owned(),
            functions: vec!["rank".to_owned()],
            speaks_for: Vec::new(),
        }
    }

    /// Places in `candidates`, best first. Candidates come in the host's own order, which decides between equals.
    fn rank(RankRequest { candidates, .. }: RankRequest) -> Result<Ranking, Error> {
        let mut order: Vec<u32> = (0..).take(candidates.len()).collect();
        // A stable sort, so equals stay in the host's order.
        order.sort_by(|one, other| before(&candidates[*one as usize], &candidates[*other as usize]));
        Ok(Ranking { order, reason: "answered most often first".to_owned() })
    }
}

/// By the share of calls that people answered, as if each number had had ten calls of which two were answered before its
/// own: a number without a past is no worse than the others. Shares are compared as fractions, so nothing is rounded.
fn before(one: &Candidate, other: &Candidate) -> Ordering {
    let answered = |candidate: &Candidate| u64::from(candidate.engaged) + 2;
    let calls = |candidate: &Candidate| u64::from(candidate.attempts) + 10;
    (answered(other) * calls(one)).cmp(&(answered(one) * calls(other)))
}
