//! Everything that a door may ask of the daemon, and the words in which it is answered.
//!
//! A door (HTTP now, other ways in later) reads what came in over the wire, turns it into a question here, and writes
//! the answer out. The [`Desk`] is the only thing it holds of the daemon; the keeper's side implements it.
//! The views are plain structures of their own: they are promises to strangers, so a change inside does not change them.
//! Nothing here decides, reads a clock or touches a socket.

mod view;

pub use view::*;

use bytes::Bytes;
use futures_util::future::BoxFuture;
use numbers::business::Business;
use numbers::carrier::Carrier;
use numbers::e164::E164;
use numbers::moment::Moment;
use numbers::number::Life;
use numbers::region::{Region, Zip};
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// A call of an adapter by hand.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TryCall {
    pub function: String,
    /// What is asked, as on a command line.
    pub words: Vec<String>,
    /// What is asked, as `[request]` of a cassette has it, in the place of the words.
    pub request: Option<String>,
    /// That it may file, buy or tell something is meant.
    pub send: bool,
}

/// What a desk answers, some time later.
pub type Asked<'a, T> = BoxFuture<'a, Result<T, DeskError>>;

/// The daemon as its doors see it.
pub trait Desk: Send + Sync + 'static {
    /// Which caller ID for this call. A hold is an answer, not an error.
    fn ask(&self, ask: AskRequest) -> Asked<'_, AskAnswer>;
    /// Takes what became of calls; one receipt for each report, in the same order, once all of them are durable.
    fn outcomes(&self, reports: Vec<OutcomeReport>) -> Asked<'_, Vec<OutcomeReceipt>>;

    /// Adds a business, or changes the one with this id.
    fn add_business(&self, business: Business) -> Asked<'_, Business>;
    fn businesses(&self) -> Asked<'_, Vec<Business>>;

    /// Adds a user or campaign, whose pool is filled from the reserve as far as that goes.
    fn add_owner(&self, owner: NewOwner) -> Asked<'_, OwnerView>;
    fn owners(&self, kind: OwnerKind) -> Asked<'_, Vec<OwnerView>>;

    /// Takes numbers in. A row that is refused keeps no other from being taken.
    fn import_numbers(&self, business: String, by: String, rows: Vec<ImportRow>) -> Asked<'_, ImportReport>;
    fn numbers(&self, filter: NumberFilter) -> Asked<'_, NumberPage>;
    fn number(&self, number: E164) -> Asked<'_, NumberView>;
    /// A person says how the number is shown; answers with the number as it stands after that.
    fn report(&self, number: E164, report: PersonReport) -> Asked<'_, NumberView>;

    fn cases(&self, filter: CaseFilter) -> Asked<'_, CasePage>;
    fn case(&self, id: u64) -> Asked<'_, CaseView>;

    /// The tasks without their packets; `all` brings those that are done as well.
    fn tasks(&self, all: bool) -> Asked<'_, Vec<TaskView>>;
    /// One task with its packet.
    fn task(&self, id: u64) -> Asked<'_, TaskView>;
    fn task_file(&self, id: u64, name: String) -> Asked<'_, TaskFile>;
    fn task_done(&self, id: u64, done: TaskDone) -> Asked<'_, TaskView>;

    fn receipt(&self, key: ReceiptKey) -> Asked<'_, ReceiptView>;
    /// Takes the decisions of so many days again, or all that are kept, and holds the answers against what was answered.
    fn verify_receipts(&self, days: Option<u32>) -> Asked<'_, VerifiedView>;
    /// A receipt in words.
    fn explain_call(&self, key: ReceiptKey) -> Asked<'_, ExplainedView>;
    /// Takes the recorded calls again under another policy in the place of that of everybody: the first of these texts,
    /// which may build on the others.
    fn judge_policy(&self, days: Option<u32>, texts: Vec<PolicyText>) -> Asked<'_, JudgedView>;
    /// The policies that run in shadow, and what was counted of them.
    fn shadows(&self) -> Asked<'_, ShadowsView>;
    /// The replay of calls that is under way.
    fn replaying(&self) -> Option<ReplayingView>;

    fn adapters(&self) -> Asked<'_, Vec<AdapterView>>;
    fn adapter(&self, id: String) -> Asked<'_, AdapterView>;
    /// Grants the adapter the powers that its manifest asks for.
    fn adapter_grant(&self, id: String, by: String) -> Asked<'_, AdapterView>;
    /// Runs one call of the adapter and shows every exchange; what it answers changes nothing we hold.
    fn adapter_try(&self, id: String, call: TryCall) -> Asked<'_, TryView>;
    /// Lets the adapter of a folder serve for as long as its author goes on asking for it. Without a folder, what serves
    /// already serves on.
    fn adapter_develop(&self, id: String, folder: Option<PathBuf>) -> Asked<'_, AdapterView>;
    /// The author is done: whoever served before serves again.
    fn adapter_settle(&self, id: String) -> Asked<'_, ()>;

    /// Every agency with every way to it, and what one more key would add.
    fn agencies(&self) -> Asked<'_, AgenciesView>;
    /// Where a person files by hand.
    fn directory(&self) -> Asked<'_, Vec<DirectoryEntry>>;
    /// Makes a packet for one number. Nothing is filed by it.
    fn make_packet(&self, wish: PacketWish) -> Asked<'_, MadePacketView>;
    fn made_packet_file(&self, id: String, name: String) -> Asked<'_, TaskFile>;
    /// Takes a webhook for an adapter.
    fn inbound(&self, adapter: String, headers: Vec<(String, String)>, body: String) -> Asked<'_, InboundView>;
    /// Looks at everything that the daemon needs, the worst first.
    fn doctor(&self) -> Asked<'_, Vec<CheckupView>>;

    fn do_not_call_lists(&self) -> Asked<'_, Vec<DoNotCallListView>>;
    /// What forbids calls to this number.
    fn do_not_call_number(&self, number: E164) -> Asked<'_, DoNotCallNumberView>;
    /// Takes a whole text into a list, or nothing of it.
    fn import_do_not_call(&self, import: ListImport, body: ListBody) -> Asked<'_, ListImportView>;
    /// Puts numbers on a list, or takes them off.
    fn change_do_not_call(&self, change: ListChange) -> Asked<'_, ListChangeView>;

    /// Whom somebody may call now. Consumes nothing.
    fn preflight(&self, request: PreflightRequest) -> Asked<'_, PreflightView>;
    /// How many more calls fit under the caps of numbers; with planned dials a day, advice on the size of pools.
    fn pacing(&self, query: PacingQuery, dials: Option<u32>) -> Asked<'_, PacingView>;

    /// The policy of everybody first, then each scope.
    fn policies(&self) -> Asked<'_, Vec<PolicyView>>;
    /// What holds for somebody, and where each value comes from.
    fn effective_policy(&self, query: ScopeQuery) -> Asked<'_, EffectivePolicyView>;
    fn status(&self) -> Asked<'_, StatusView>;
    /// Whether decisions can be given now.
    fn ready(&self) -> Asked<'_, ()>;
    /// What stands against the daemon's work now, the worst first; nothing when all is well.
    fn troubles(&self) -> Vec<TroubleView>;
    /// The daemon's counters in the Prometheus text format.
    fn metrics_text(&self) -> String;
    /// Writes all that is held to a new file on the daemon's own machine.
    fn export(&self, to: PathBuf) -> Asked<'_, ExportView>;
}

/// One question for a caller ID, read and checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AskRequest {
    pub to: E164,
    /// The dialer's own name of the call. The same one, asked again while its answer is valid, gets the same answer.
    pub call_id: String,
    /// At least one of user and campaign is set.
    pub user: Option<String>,
    pub campaign: Option<String>,
    pub callee_carrier: Option<Carrier>,
    pub list: Option<String>,
    pub lead: Option<String>,
    pub attempt: Option<u32>,
    /// Where the callee lives, as the dialer's list says.
    pub state: Option<Region>,
    pub zip: Option<Zip>,
    pub tz: Option<String>,
    pub trunk: Option<String>,
}

/// The answer to an ask, as the wire has it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "decision", rename_all = "snake_case")]
pub enum AskAnswer {
    Use {
        caller_id: String,
        decision_id: String,
        reason: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        trunk: Option<String>,
        attempts_left: u32,
        valid_until: Stamp,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        calls_left: Option<AnswerPaceView>,
    },
    Hold {
        class: HoldClass,
        reason: String,
        retry_after_s: u64,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        calls_left: Option<AnswerPaceView>,
    },
}

/// What kind of hold it is. Only the first may become "do not call" in a dialer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HoldClass {
    CalleeLaw,
    Time,
    Capacity,
}

/// What became of one call, in the reporter's own words, with its numbers and figures read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OutcomeReport {
    /// The door it came in by; a `call_id` is unique within one reporter only.
    pub reporter: String,
    pub call_id: Option<String>,
    pub decision_id: Option<String>,
    pub to: Option<E164>,
    pub from: Option<E164>,
    /// Who called; with the numbers it tells in whose name, where the report joins no call that we decided.
    pub user: Option<String>,
    pub campaign: Option<String>,
    pub sip_code: Option<u16>,
    pub sip_reason: Option<String>,
    pub reason_header: Option<String>,
    pub call_info: Option<String>,
    pub q850: Option<u16>,
    pub dialstatus: Option<String>,
    pub tech_cause: Option<String>,
    pub answered_by: Option<String>,
    /// Whole seconds from dialling to the answer or the end.
    pub dial_time: Option<u32>,
    /// Whole seconds of talk.
    pub duration: Option<u32>,
    pub ended_at: Option<Moment>,
    pub disposition: Option<String>,
    pub attestation: Option<String>,
    pub trunk: Option<String>,
    pub not_placed: bool,
}

/// What was done with one report.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OutcomeReceipt {
    pub matched: Matched,
    /// The word of the normal set, such as `answered_human`.
    pub outcome: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decision_id: Option<String>,
}

/// Whether a report was joined to a call that we decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Matched {
    Joined,
    /// Kept and counted, and joined to nothing.
    Orphan,
}

/// A user or a campaign.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OwnerKind {
    User,
    Campaign,
}

impl OwnerKind {
    pub const fn word(self) -> &'static str {
        match self {
            OwnerKind::User => "user",
            OwnerKind::Campaign => "campaign",
        }
    }
}

/// A user or campaign to be added.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewOwner {
    pub kind: OwnerKind,
    pub name: String,
    /// May be left out where there is only one business.
    pub business: Option<String>,
    /// The policy's `pool_size` when left out.
    pub pool_size: Option<u32>,
}

/// One number to take in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImportRow {
    /// The line in the file, or the place in the list counted from 1, so that a person finds it again.
    pub row: u32,
    pub number: E164,
    pub service: Service,
    pub right: RightClaim,
    /// Where an inbound call goes.
    pub callback: Option<String>,
}

/// Whether a number was in service before us.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Service {
    New,
    InService { since: Moment },
}

/// By what right the business shows the number, as the file says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RightClaim {
    Provider(String),
    Declared(String),
    /// The file says nothing. The number is taken and never shown.
    Unproven,
}

/// Which numbers to list, in the order of their digits.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NumberFilter {
    pub life: Option<Life>,
    pub business: Option<String>,
    /// Of the pool of this user or campaign.
    pub owner: Option<String>,
    /// Only numbers beyond this one.
    pub after: Option<E164>,
    /// At most so many, between 1 and [`PAGE_MAX`].
    pub limit: u32,
}

/// Which cases to list, newest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CaseFilter {
    pub number: Option<E164>,
    pub open_only: bool,
    /// Only cases older than this one.
    pub before: Option<u64>,
    /// At most so many, between 1 and [`PAGE_MAX`].
    pub limit: u32,
}

/// The longest page that a list answers with.
pub const PAGE_MAX: u32 = 1000;
/// The page when nothing is said.
pub const PAGE_DEFAULT: u32 = 100;

/// How a person saw the number shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PersonReport {
    /// The words on the screen. None together with `clear = false` is refused at the door.
    pub label: Option<String>,
    /// The carrier of the phone it was seen on.
    pub carrier: Option<Carrier>,
    /// Whose label it is, where the person knows it: that of an app on the phone, say.
    pub agency: Option<String>,
    /// The person saw it without a label.
    pub clear: bool,
    pub by: String,
}

/// A packet that somebody wants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PacketWish {
    /// An adapter's id, or an agency's.
    pub agency: String,
    pub number: E164,
    pub what: Wish,
    pub carrier: Option<Carrier>,
    /// The words on the screen.
    pub label: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Wish {
    Register,
    Dispute,
}

/// A person says that a task is done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TaskDone {
    pub by: String,
    /// Such as the feedback id that the registry gave.
    pub note: Option<String>,
}

/// How a receipt is looked up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReceiptKey {
    Decision(String),
    /// The newest decision for this call id.
    Call(String),
}

/// The text of a policy file that is not in force.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PolicyText {
    /// As it is called in problems, and by files that build on it.
    pub name: String,
    pub text: String,
}

/// A file of a packet, rendered for the person who asked for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TaskFile {
    pub name: String,
    pub media_type: String,
    pub bytes: Bytes,
}

/// Why a question has no answer. The inner story goes to the log, not in here.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{sentence}")]
pub struct DeskError {
    pub kind: DeskErrorKind,
    /// Stable, for programs: `unknown_user`, `no_such_number`, …
    pub code: &'static str,
    /// What happened and why, for people.
    pub sentence: String,
    /// What to do next.
    pub remedy: String,
}

/// What sort of answer the reader should make of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeskErrorKind {
    /// There is no such thing.
    NotFound,
    /// It is understood, and is not allowed.
    Refused,
    /// It contradicts what is held.
    Conflict,
    /// It may work later.
    Unavailable { retry_after_s: u32 },
    /// What was sent makes no sense.
    Invalid,
}

impl DeskError {
    pub fn new(
        kind: DeskErrorKind,
        code: &'static str,
        sentence: impl Into<String>,
        remedy: impl Into<String>,
    ) -> DeskError {
        DeskError { kind, code, sentence: sentence.into(), remedy: remedy.into() }
    }
}
