//! A ranker in Rust: the number that people answer most goes first, as far as its calls can tell.
//!
//! The policy has permitted every candidate already. This only orders them, and keeps the host's order where the
//! calls say nothing, so that a new number gets its turn.

use smartguard_adapter::Ranker;
use smartguard_adapter::ranker::{Candidate, Description, Error, RankRequest, Ranking, Status};

struct BestAnswered;

smartguard_adapter::ranker!(BestAnswered);

/// Calls below this say little about a number. Guessed: at a fifth answered, thirty calls tell half from a tenth.
const ATTEMPTS_MIN: u32 = 30;

impl Ranker for BestAnswered {
    fn describe() -> Description {
        Description {
            id: "best_answered".to_owned(),
            version: "0.1.0".to_owned(),
            functions: vec!["rank".to_owned()],
            speaks_for: Vec::new(),
        }
    }

    fn rank(request: RankRequest) -> Result<Ranking, Error> {
        let mut order: Vec<u32> = (0..).take(request.candidates.len()).collect();
        // A stable sort, so equals stay in the host's order.
        order.sort_by_key(|index| {
            let candidate = &request.candidates[*index as usize];
            (risk(candidate), std::cmp::Reverse(answered_permille(candidate)), candidate.shown_today)
        });
        let told = request.candidates.iter().filter(|candidate| candidate.attempts >= ATTEMPTS_MIN).count();
        Ok(Ranking { order, reason: format!("by the share that was answered, known of {told}") })
    }
}

/// A number in doubt waits behind those that are not.
fn risk(candidate: &Candidate) -> u8 {
    match candidate.standing {
        Status::Unflagged | Status::Unknown => 0,
        Status::MixedLow => 1,
        Status::MixedHigh => 2,
        Status::Flagged | Status::Blocked => 3,
    }
}

/// Answered calls in a thousand; a number with few calls counts as an ordinary one.
fn answered_permille(candidate: &Candidate) -> u64 {
    /// Guessed: what cold calls reach.
    const ORDINARY: u64 = 120;
    if candidate.attempts < ATTEMPTS_MIN {
        return ORDINARY;
    }
    u64::from(candidate.engaged) * 1000 / u64::from(candidate.attempts)
}
