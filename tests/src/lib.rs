//! What the end-to-end tests share: the real binary on a free port, agencies that speak their real contracts on loopback,
//! what stands before the first call, and the calls themselves.

pub mod agency;
pub mod command;
pub mod compiled;
pub mod daemon;
pub mod dice;
pub mod filer;
pub mod floor;
pub mod guests;
pub mod ledger;
pub mod load;
pub mod stream;
pub mod twilio;
pub mod villain;
