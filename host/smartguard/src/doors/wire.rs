//! What the strict doors take, as the wire has it. The command line sends the same structures.

use crate::desk::Wish;
use serde::{Deserialize, Serialize};

/// `POST /v1/users` and `/v1/campaigns`.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct OwnerBody {
    pub name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub business: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pool_size: Option<u32>,
}

/// `POST /v1/numbers` as JSON.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ImportBody {
    pub business: String,
    /// Who imports; kept with a declared right to use.
    pub by: String,
    pub numbers: Vec<RowBody>,
}

/// One number of an import, as a person or program writes it.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RowBody {
    /// The line that it came from; its place in the list when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub row: Option<u32>,
    pub number: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub right: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub callback: Option<String>,
}

/// The query of `POST /v1/numbers` with a CSV body.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ImportQuery {
    pub business: String,
    pub by: String,
    /// For rows whose own service is empty or whose file has no such column.
    #[serde(default)]
    pub service: Option<String>,
    #[serde(default)]
    pub since: Option<String>,
}

/// The query of `GET /v1/numbers`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct NumbersQuery {
    #[serde(default)]
    pub life: Option<String>,
    #[serde(default)]
    pub business: Option<String>,
    #[serde(default)]
    pub owner: Option<String>,
    #[serde(default)]
    pub after: Option<String>,
    #[serde(default)]
    pub limit: Option<String>,
}

/// The query of `GET /v1/cases`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct CasesQuery {
    #[serde(default)]
    pub number: Option<String>,
    /// `open` or `all`.
    #[serde(default)]
    pub state: Option<String>,
    #[serde(default)]
    pub before: Option<String>,
    #[serde(default)]
    pub limit: Option<String>,
}

/// The query of `GET /v1/tasks`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct TasksQuery {
    /// `open` or `all`.
    #[serde(default)]
    pub state: Option<String>,
}

/// The query of `GET /v1/receipts`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ReceiptQuery {
    pub call_id: String,
}

/// `POST /v1/receipts/verify`.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct VerifyBody {
    /// All that are kept, where it is left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub days: Option<u32>,
}

/// `POST /v1/policies/replay`.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ReplayBody {
    /// All that are kept, where it is left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub days: Option<u32>,
    /// The policy first, then the files that it builds on.
    pub files: Vec<crate::desk::PolicyText>,
}

/// The query of `GET /v1/policies/explained`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ExplainQuery {
    /// A decision id, or the dialer's call id.
    pub call: String,
}

/// The query of `GET /v1/do-not-call`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct DoNotCallQuery {
    /// Which lists forbid calls to this number; without it, which lists there are.
    #[serde(default)]
    pub number: Option<String>,
}

/// The query of `POST /v1/do-not-call/{list}/import`; the body is the text.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ListImportQuery {
    /// `add` or `replace`.
    #[serde(default)]
    pub mode: Option<String>,
    /// How the header calls the column of numbers.
    #[serde(default)]
    pub column: Option<String>,
    #[serde(default)]
    pub bad_percent_max: Option<String>,
    /// Such as the name of the file.
    #[serde(default)]
    pub from: Option<String>,
    pub by: String,
}

/// `POST /v1/do-not-call/{list}/add` and `/remove`.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ListChangeBody {
    pub numbers: Vec<String>,
    pub by: String,
}

/// Whom somebody is about to call.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PreflightBody {
    #[serde(default)]
    pub user: Option<String>,
    #[serde(default)]
    pub campaign: Option<String>,
    pub callees: Vec<PreflightCalleeBody>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PreflightCalleeBody {
    pub to: String,
    #[serde(default)]
    pub state: Option<String>,
    #[serde(default)]
    pub zip: Option<String>,
    #[serde(default)]
    pub callee_carrier: Option<String>,
}

/// A path that takes no query.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct NoQuery {}

/// `POST /v1/numbers/{number}/reports`.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ReportBody {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub carrier: Option<String>,
    /// Whose label it is, where that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agency: Option<String>,
    #[serde(default)]
    pub clear: bool,
    pub by: String,
}

/// `POST /v1/packets`.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PacketBody {
    /// An adapter's id, or an agency's.
    pub agency: String,
    pub number: String,
    pub what: Wish,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub carrier: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
}

/// `POST /v1/tasks/{id}/done`.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct DoneBody {
    pub by: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// `POST /v1/adapters/{id}/grant`.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct GrantBody {
    pub by: String,
}

/// `POST /v1/adapters/{id}/try`.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct TryBody {
    pub function: String,
    /// What is asked, as on a command line: numbers for most functions.
    #[serde(default, alias = "words")]
    pub numbers: Vec<String>,
    /// What is asked, as TOML, where it does not fit into words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request: Option<String>,
    /// That it may file, buy or tell something is meant.
    #[serde(default)]
    pub send: bool,
}

/// `POST /v1/adapters/{id}/development`. Without a folder it only says that the author is still there.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct DevelopmentBody {
    /// An absolute path on the daemon's own machine.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub folder: Option<String>,
}

/// `POST /v1/export`.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ExportBody {
    /// An absolute path on the daemon's own machine.
    pub to: String,
}
