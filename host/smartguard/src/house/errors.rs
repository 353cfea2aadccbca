//! What a door is told when something is not done: a stable code, what happened, and what to do about it.

use super::journal::JournalError;
use super::keeper::ProposeError;
use super::views;
use crate::desk::{DeskError, DeskErrorKind};
use crate::store::CommitError;
use numbers::{OwnerId, Refusal};

pub fn unknown_owner(id: &OwnerId) -> DeskError {
    let kind = views::owner_kind(id).word();
    DeskError::new(
        DeskErrorKind::NotFound,
        "unknown_owner",
        format!("there is no {id}"),
        format!("add it with `smartguard {kind} add {}`, or set `on_unknown_user` in the policy", id.name()),
    )
}

pub fn missing(what: &'static str, name: &str) -> DeskError {
    let code = match what {
        "number" => "no_such_number",
        "business" => "no_such_business",
        "case" => "no_such_case",
        "task" => "no_such_task",
        "file" => "no_such_file",
        "adapter" => "no_such_adapter",
        "receipt" => "no_such_receipt",
        _ => "not_found",
    };
    DeskError::new(
        DeskErrorKind::NotFound,
        code,
        format!("{name} is not known here"),
        "look at the list for the right name",
    )
}

pub fn invalid(code: &'static str, sentence: &str) -> DeskError {
    DeskError::new(DeskErrorKind::Invalid, code, sentence, "correct the request and send it again")
}

/// Something broke inside: the story goes to the log, the asker hears that it did.
pub fn inner(doing: &str, cause: &dyn std::fmt::Display) -> DeskError {
    tracing::error!(%cause, doing, "a request failed");
    DeskError::new(
        DeskErrorKind::Unavailable { retry_after_s: 1 },
        "internal",
        format!("{doing} failed"),
        "try again; the log names the cause",
    )
}

impl From<JournalError> for DeskError {
    fn from(error: JournalError) -> DeskError {
        let code = match error {
            JournalError::Full => "disk_busy",
            JournalError::TooLong => "record_too_long",
            JournalError::Broken => "store_broken",
        };
        let kind = DeskErrorKind::Unavailable { retry_after_s: 1 };
        DeskError::new(kind, code, error.to_string(), "the dialer goes on with its fall-back; see the daemon's log")
    }
}

impl From<ProposeError> for DeskError {
    fn from(error: ProposeError) -> DeskError {
        let reason = super::chain(&error);
        let unavailable = |retry_after_s, code, remedy| {
            DeskError::new(DeskErrorKind::Unavailable { retry_after_s }, code, reason.clone(), remedy)
        };
        match &error {
            ProposeError::Refused(refusal) => refused(refusal),
            ProposeError::NotTaken(_) => unavailable(5, "disk_full", "free some space, then send it again"),
            ProposeError::Waiting(_) => {
                unavailable(5, "disk_full", "free some space; look what has become of it before you send it again")
            }
            ProposeError::Halted(_) => unavailable(30, "changes_halted", "restart the daemon, then send it again"),
            ProposeError::Stopping => unavailable(5, "stopping", "try again when it runs"),
        }
    }
}

fn refused(refusal: &Refusal) -> DeskError {
    let (kind, code, remedy) = match refusal {
        Refusal::UnknownBusiness(_)
        | Refusal::UnknownOwner(_)
        | Refusal::UnknownNumber(_)
        | Refusal::UnknownTask(_)
        | Refusal::UnknownCase(_) => (DeskErrorKind::NotFound, "refused", "look at the list for the right name"),
        Refusal::OwnerExists(_) => (DeskErrorKind::Conflict, "refused", "use the one that is there, or another name"),
        Refusal::TooLong { .. } => (DeskErrorKind::Invalid, "too_long", "write it shorter, and send it again"),
        _ => (DeskErrorKind::Refused, "refused", "change what is asked, or what stands against it"),
    };
    DeskError::new(kind, code, refusal.to_string(), remedy)
}

/// Something that is kept without the keeper was not made durable.
pub fn not_durable(doing: &str, cause: CommitError) -> DeskError {
    match cause {
        CommitError::DiskFull { .. } | CommitError::QueueFull { .. } => ProposeError::NotTaken(cause).into(),
        other => inner(doing, &other),
    }
}
