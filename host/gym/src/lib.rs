//! A world to judge policies in, before anyone's phone rings.
//!
//! Users dial lists of callees on carriers, in virtual time and from a seed; the carriers' engines label numbers by models
//! that nobody outside of them knows; labels cost answers; disputes take their time. The gym drives the same `choose`,
//! `step` and `wants` that the daemon runs, so that nothing of a policy is written twice.
//! A world comes in as a file ([`world`]), a run of it gives a [`tally`], and runs over many seeds a [`compare::Report`].
//!
//! It never reads a clock, and draws all luck from keys ([`draw`]), in integers: the same seed gives the same run, bit for
//! bit, on every machine. Only the statistics of a report are floats.

mod callee;
pub mod compare;
mod contender;
mod curve;
mod dialer;
mod draw;
mod engine;
pub mod house;
mod plot;
mod run;
mod table;
pub mod tally;
pub mod world;

pub use compare::{Better, Comparison, Interval, Judgement, Measure, Report, compare};
pub use contender::{Blind, Contender, Ranker, Strategy};
pub use house::House;
pub use plot::plot_svg;
pub use run::{Called, Course, Progress, Watcher, run, watch};
pub use table::{render_differences, render_table};
pub use tally::Tally;
pub use world::{Marks, World, WorldError};
