//! What a number is, what happened to it, what should happen next, and which one to show.
//!
//! Everything here is pure: no clock, no file, no network, no randomness, no async, and no order that depends on a hash.
//! `now` and a drawn tie-break arrive inside the event or the question.
//! The short list of dependencies is the proof.

pub mod area;
pub mod business;
pub mod callee;
pub mod carrier;
pub mod case;
pub mod choose;
pub mod counts;
pub mod decision;
pub mod do_not_call;
pub mod e164;
pub mod event;
pub mod holiday;
pub mod hours;
pub mod jurisdiction;
pub mod law;
pub mod life;
pub mod moment;
pub mod number;
pub mod outcome;
pub mod owner;
pub mod pace;
pub mod packet;
pub mod policy;
pub mod region;
pub mod scope;
pub mod sentence;
pub mod standing;
pub mod state;
pub mod step;
pub mod turn;
pub mod usage;
pub mod wants;
pub mod zone;

pub use area::{Area, Locality};
pub use business::{Address, Business, Contact, LegalForm, Relation};
pub use callee::{CalleeHash, CalleeRecord, Change};
pub use carrier::{Carrier, Carriers};
pub use case::{Case, CaseState, Closure, Filing, FilingState, Purpose, Task, TaskKind, TaskState};
pub use choose::{Answer, Candidate, Pool, Question, TurnChange, choose};
pub use counts::{Counts, Limits};
pub use decision::{Ask, CampaignHash, Decision, HoldClass, HoldReason, Passed, Ranked, Ranking, Receipt};
pub use do_not_call::{DoNotCall, ListName, Listed};
pub use e164::{E164, E164Error};
pub use event::{Event, FilingOutcome, FilingPlan, ImportedRow, Service, What};
pub use hours::{Hours, HoursError, HoursReason};
pub use jurisdiction::{Jurisdiction, Mark, Rule};
pub use law::{Because, NotNow, Whereabouts};
pub use moment::{Day, Moment};
pub use number::{Checked, Life, Number, Origin, Place, Registration, RegistrationState, RightToUse, Source, Standing};
pub use outcome::{CallReport, Heard, Outcome, Rank, Redress, Verdict};
pub use owner::{Owner, OwnerId};
pub use pace::Pace;
pub use packet::{Confidence, Email, FileContent, Packet, PacketField, PacketFile};
pub use policy::{Durability, Exemption, OnUnknownUser, Patch, Policy, Rung, Strictness};
pub use region::{Country, Region, RegionError, Regions, Zip, ZipError};
pub use scope::{Policies, Scope};
pub use standing::{AgencyId, Observation, Score, Status};
pub use state::{AdapterFacts, Effects, State};
pub use step::{Drawn, Lack, Refusal, Room, Touched, agency_of_report};
pub use turn::{OwnerUsage, Turn, Turns};
pub use usage::{Shown, Usage};
pub use wants::Command;
pub use zone::{Date, Local, Weekday, Zone, Zones};
