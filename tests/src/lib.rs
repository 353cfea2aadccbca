//! What the end-to-end tests share: the real binary on a free port, and agencies that speak their real contracts on loopback.

pub mod agency;
pub mod daemon;
pub mod guests;
pub mod villain;
