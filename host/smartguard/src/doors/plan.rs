//! The doors by which a dialer plans: whom it may call, and how many calls are left.

use super::body::{self, small_json};
use super::problem::Refusal;
use super::rest::{Answer, House, ok, read_carrier, read_number};
use super::wire::{PreflightBody, PreflightCalleeBody};
use crate::desk::{PacingQuery, PreflightCallee, PreflightRequest};
use axum::extract::{Request, State};
use axum::http::Uri;
use numbers::region::{Region, Zip};

/// Callees in one question. A longer list is asked about in parts.
const CALLEES_MAX: usize = 500;

pub(super) async fn preflight(State(hall): House, request: Request) -> Answer {
    let PreflightBody { user, campaign, callees } = small_json(request).await?;
    if callees.len() > CALLEES_MAX {
        let reason = format!("there are {} callees", callees.len());
        return Err(Refusal::senseless("too_many", reason, format!("ask about at most {CALLEES_MAX} at a time")));
    }
    let callees = callees.into_iter().map(callee).collect::<Result<_, _>>()?;
    ok(hall.desk.preflight(PreflightRequest { user, campaign, callees }).await?)
}

fn callee(said: PreflightCalleeBody) -> Result<PreflightCallee, Refusal> {
    let PreflightCalleeBody { to, state, zip, callee_carrier } = said;
    let bad = |field: &str, said: &str, error: String| {
        Refusal::senseless(
            "bad_value",
            format!("`{field}` is {said:?}: {error}"),
            format!("correct `{field}`, or leave it out"),
        )
    };
    let state = state.map(|said| Region::parse(&said).map_err(|error| bad("state", &said, error.to_string())));
    let zip = zip.map(|said| Zip::parse(&said).map_err(|error| bad("zip", &said, error.to_string())));
    Ok(PreflightCallee {
        to: read_number(&to)?,
        state: state.transpose()?,
        zip: zip.transpose()?,
        carrier: read_carrier(callee_carrier)?,
    })
}

pub(super) async fn pacing(State(hall): House, uri: Uri) -> Answer {
    let query: PacingQuery = body::query(uri.query())?;
    let dials = query.dials.as_deref().map(str::parse).transpose().map_err(|_| {
        Refusal::senseless("bad_value", "`dials` is no whole number", "write how many dials are planned in a day")
    })?;
    ok(hall.desk.pacing(query, dials).await?)
}
