//! The daemon beside the dialer, as a library: the binary only hands it the command line.

pub mod cli;
pub mod config;
pub mod desk;
pub mod doors;
pub mod house;
pub mod logs;
pub mod policies;
pub mod store;
pub mod strict;
