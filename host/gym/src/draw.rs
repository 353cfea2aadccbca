//! Luck: draws that depend on what they are for, and on nothing that was drawn before.
//!
//! A key names one thing of one world (this seed, this callee, this attempt, its talk time), and its draw is always the
//! same. So two policies in one seed meet the same luck wherever they do the same, and differ only where they differ.
//! Integers alone, so that the draws are the same bits on every machine.

/// A draw that has been named.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Key(u64);

/// What a draw is for. Each purpose is a stream of its own.
#[derive(Clone, Copy, Debug)]
#[repr(u64)]
pub enum Of {
    Slot = 1,
    Area,
    Exchange,
    Line,
    Carrier,
    CarrierKnown,
    Screens,
    Invalid,
    Outcome,
    Short,
    Talk,
    Complaint,
    TieBreak,
    Dirty,
    Label,
    LabelHour,
    Redress,
    RedressDelay,
    CheckFails,
    Registered,
    Contender,
}

/// The finisher of SplitMix64: spreads a figure over all 64 bits.
const fn mix(figure: u64) -> u64 {
    let figure = figure.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let figure = (figure ^ (figure >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let figure = (figure ^ (figure >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    figure ^ (figure >> 31)
}

impl Key {
    pub const fn seed(seed: u64) -> Key {
        Key(mix(seed))
    }

    /// The same thing, named closer.
    #[must_use]
    pub const fn at(self, part: u64) -> Key {
        // Mixed once on its own, so that (1, 2) and (2, 1) are two keys.
        Key(mix(self.0 ^ mix(part).rotate_left(23)))
    }

    /// What is drawn of it.
    #[must_use]
    pub const fn of(self, purpose: Of) -> Key {
        self.at(purpose as u64 | 1 << 40)
    }

    /// All 64 bits.
    pub const fn bits(self) -> u64 {
        self.0
    }

    /// Evenly from `0..n`. The bias of so short a cut is below one in 2^32 for every n that is used here.
    pub const fn below(self, n: u64) -> u64 {
        ((self.0 as u128 * n as u128) >> 64) as u64
    }

    /// Whether something comes about that does so `parts` times in a thousand.
    pub const fn permille(self, parts: u64) -> bool {
        self.below(1000) < parts
    }

    /// Whether something comes about that does so `parts` times in a thousand million.
    pub const fn billionth(self, parts: u64) -> bool {
        self.below(BILLION) < parts
    }
}

/// The whole, where chances are given in parts of a thousand million.
pub const BILLION: u64 = 1_000_000_000;
