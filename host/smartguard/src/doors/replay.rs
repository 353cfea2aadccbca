//! Calls that are taken again: receipts held against it, one call in words, another policy; and policies
//! that are asked beside the one in force.

use super::body::{self, small_json};
use super::problem::Refusal;
use super::rest::{Answer, House, filled, no_query, ok};
use super::wire::{ExplainQuery, ReplayBody, VerifyBody};
use crate::desk::{DeskErrorKind, ReceiptKey};
use axum::extract::{Request, State};
use axum::http::Uri;
use serde_json::json;

/// A year: nothing is kept that long.
const DAYS_MAX: u32 = 366;

fn read_days(days: Option<u32>) -> Result<Option<u32>, Refusal> {
    match days {
        Some(days) if !(1..=DAYS_MAX).contains(&days) => {
            Err(Refusal::senseless("bad_value", format!("`days` is {days}"), format!("write 1 to {DAYS_MAX}")))
        }
        days => Ok(days),
    }
}

pub(super) async fn verify(State(hall): House, request: Request) -> Answer {
    let VerifyBody { days } = small_json(request).await?;
    ok(hall.desk.verify_receipts(read_days(days)?).await?)
}

/// By the decision id, or else by the dialer's call id.
pub(super) async fn explained(State(hall): House, uri: Uri) -> Answer {
    let ExplainQuery { call } = body::query(uri.query())?;
    let call = filled("call", call)?;
    match hall.desk.explain_call(ReceiptKey::Decision(call.clone())).await {
        Err(error) if error.kind == DeskErrorKind::NotFound && error.code == "no_such_receipt" => {
            ok(hall.desk.explain_call(ReceiptKey::Call(call)).await?)
        }
        explained => ok(explained?),
    }
}

pub(super) async fn judge(State(hall): House, request: Request) -> Answer {
    let ReplayBody { days, files } = small_json(request).await?;
    ok(hall.desk.judge_policy(read_days(days)?, files).await?)
}

pub(super) async fn shadows(State(hall): House, uri: Uri) -> Answer {
    no_query(&uri)?;
    ok(hall.desk.shadows().await?)
}

pub(super) async fn replaying(State(hall): House, uri: Uri) -> Answer {
    no_query(&uri)?;
    ok(json!({ "running": hall.desk.replaying() }))
}
