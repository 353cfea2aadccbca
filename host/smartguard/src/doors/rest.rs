//! The strict doors: what an operator or a program reads and changes.

use super::body::{self, media_type, small_json};
use super::csv::{self, Sheet};
use super::problem::Refusal;
use super::wire::{
    CasesQuery, DevelopmentBody, DoneBody, ExportBody, GrantBody, ImportBody, ImportQuery, NoQuery, NumbersQuery,
    OwnerBody, ReceiptQuery, ReportBody, TasksQuery, TryBody,
};
use super::{BODY_BYTES_MAX_IMPORT, Hall, IMPORT_SLICE_ROWS};
use crate::desk::{
    CaseFilter, ImportReport, NewOwner, NumberFilter, OwnerKind, PAGE_DEFAULT, PAGE_MAX, PersonReport, ReceiptKey,
    TaskDone, TaskFile, TroubleView, TryCall,
};
use crate::strict::remedy_for_unknown;
use axum::Json;
use axum::body::Body;
use axum::extract::{Path, Request, State};
use axum::http::{HeaderValue, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use numbers::business::Business;
use numbers::carrier::Carrier;
use numbers::e164::E164;
use numbers::number::Life;
use serde::Serialize;
use serde_json::{Value, json};
use std::path::PathBuf;
use std::sync::Arc;

pub(super) type House = State<Arc<Hall>>;
pub(super) type Answer = Result<Response, Refusal>;

/// The largest pool, as the policy's own `pool_size` has it.
const POOL_SIZE_MAX: u32 = 1000;
/// The most numbers, or other words, that one try of an adapter asks about.
const TRY_WORDS_MAX: usize = 20;

pub(super) fn ok(view: impl Serialize) -> Answer {
    Ok(Json(view).into_response())
}

fn created(view: impl Serialize) -> Answer {
    Ok((StatusCode::CREATED, Json(view)).into_response())
}

/// A list under its name, so that a page can say more beside it later.
pub(super) fn list(name: &str, views: impl Serialize) -> Answer {
    ok(json!({ name: views }))
}

pub(super) fn no_query(uri: &Uri) -> Result<(), Refusal> {
    body::query::<NoQuery>(uri.query()).map(|_| ())
}

pub(super) async fn businesses(State(hall): House, uri: Uri) -> Answer {
    no_query(&uri)?;
    list("businesses", hall.desk.businesses().await?)
}

pub(super) async fn add_business(State(hall): House, request: Request) -> Answer {
    let business: Business = small_json(request).await?;
    created(hall.desk.add_business(business).await?)
}

pub(super) async fn users(State(hall): House, uri: Uri) -> Answer {
    no_query(&uri)?;
    list("users", hall.desk.owners(OwnerKind::User).await?)
}

pub(super) async fn campaigns(State(hall): House, uri: Uri) -> Answer {
    no_query(&uri)?;
    list("campaigns", hall.desk.owners(OwnerKind::Campaign).await?)
}

pub(super) async fn add_user(State(hall): House, request: Request) -> Answer {
    add_owner(&hall, OwnerKind::User, request).await
}

pub(super) async fn add_campaign(State(hall): House, request: Request) -> Answer {
    add_owner(&hall, OwnerKind::Campaign, request).await
}

async fn add_owner(hall: &Hall, kind: OwnerKind, request: Request) -> Answer {
    let OwnerBody { name, business, pool_size } = small_json(request).await?;
    let name = filled("name", name)?;
    if let Some(size) = pool_size.filter(|size| !(1..=POOL_SIZE_MAX).contains(size)) {
        let sentence = format!("`pool_size` is {size}, and no pool has so many numbers");
        return Err(Refusal::senseless("bad_value", sentence, format!("write 1 to {POOL_SIZE_MAX}")));
    }
    created(hall.desk.add_owner(NewOwner { kind, name, business, pool_size }).await?)
}

/// A text that says something.
pub(super) fn filled(field: &str, said: String) -> Result<String, Refusal> {
    let said = said.trim();
    if said.is_empty() {
        return Err(Refusal::senseless("missing_field", format!("`{field}` is empty"), format!("fill in `{field}`")));
    }
    Ok(said.to_owned())
}

/// Takes numbers in, as CSV or as JSON.
pub(super) async fn import(State(hall): House, request: Request) -> Answer {
    let (business, by, sheet) = match media_type(request.headers()).as_str() {
        "text/csv" => {
            let ImportQuery { business, by, service, since } = body::query(request.uri().query())?;
            let service = service
                .map(|service| csv::read_service(&service, since.as_deref()))
                .transpose()
                .map_err(|reason| Refusal::senseless("bad_value", format!("in the query, {reason}"), "correct it"))?;
            let bytes = body::read(request.into_body(), BODY_BYTES_MAX_IMPORT).await?;
            let sheet = csv::read(&bytes, service)
                .map_err(|error| Refusal::senseless(error.code, error.sentence, error.remedy))?;
            (business, by, sheet)
        }
        _ => {
            let ImportBody { business, by, numbers } = body::json(request, BODY_BYTES_MAX_IMPORT).await?;
            (business, by, csv::read_rows(numbers, None))
        }
    };
    let (business, by) = (filled("business", business)?, filled("by", by)?);
    let Sheet { rows, refused, duplicates } = sheet;
    let mut report = ImportReport { added: 0, already_held: duplicates, refused };
    // An import that breaks off is sent again in whole: what was taken counts as already held then.
    let mut rows = rows.into_iter().peekable();
    while rows.peek().is_some() {
        let slice = rows.by_ref().take(IMPORT_SLICE_ROWS).collect();
        let part = hall.desk.import_numbers(business.clone(), by.clone(), slice).await?;
        report.added += part.added;
        report.already_held += part.already_held;
        report.refused.extend(part.refused);
    }
    report.refused.sort_by_key(|refused| refused.row);
    ok(report)
}

pub(super) fn read_number(said: &str) -> Result<E164, Refusal> {
    E164::parse(said).map_err(|error| {
        Refusal::senseless("bad_number", format!("{said:?} is no number: {error}"), "correct the number")
    })
}

fn read_id(said: &str) -> Result<u64, Refusal> {
    said.parse().map_err(|_| {
        Refusal::new(StatusCode::NOT_FOUND, "no_such_id", format!("{said:?} is no id"), "ids are whole numbers")
    })
}

fn read_limit(said: Option<String>) -> Result<u32, Refusal> {
    let Some(said) = said else { return Ok(PAGE_DEFAULT) };
    said.parse().ok().filter(|limit| (1..=PAGE_MAX).contains(limit)).ok_or_else(|| {
        let remedy = format!("write a number from 1 to {PAGE_MAX}");
        Refusal::senseless("bad_value", format!("`limit` is {said:?}"), remedy)
    })
}

/// One of the words, or the refusal that names the nearest.
fn read_word<T>(field: &str, said: &str, words: &[(&'static str, T)]) -> Result<T, Refusal>
where
    T: Copy,
{
    words.iter().find(|(word, _)| *word == said).map(|(_, value)| *value).ok_or_else(|| {
        let remedy = remedy_for_unknown(said, words.iter().map(|(word, _)| *word));
        Refusal::senseless("bad_value", format!("`{field}` knows no {said:?}"), remedy)
    })
}

pub(crate) const LIVES: [(&str, Life); 7] = [
    ("quarantined", Life::Quarantined),
    ("ready", Life::Ready),
    ("active", Life::Active),
    ("at_risk", Life::AtRisk),
    ("remediating", Life::Remediating),
    ("resting", Life::Resting),
    ("retired", Life::Retired),
];

pub(super) async fn numbers(State(hall): House, uri: Uri) -> Answer {
    let NumbersQuery { life, business, owner, after, limit } = body::query(uri.query())?;
    let filter = NumberFilter {
        life: life.map(|life| read_word("life", &life, &LIVES)).transpose()?,
        business,
        owner,
        after: after.map(|after| read_number(&after)).transpose()?,
        limit: read_limit(limit)?,
    };
    ok(hall.desk.numbers(filter).await?)
}

pub(super) async fn number(State(hall): House, Path(number): Path<String>) -> Answer {
    ok(hall.desk.number(read_number(&number)?).await?)
}

pub(super) async fn report(State(hall): House, Path(number): Path<String>, request: Request) -> Answer {
    let number = read_number(&number)?;
    let ReportBody { label, carrier, agency, clear, by } = small_json(request).await?;
    let label = label.map(|label| label.trim().to_owned()).filter(|label| !label.is_empty());
    if label.is_some() == clear {
        return Err(Refusal::senseless(
            "label_or_clear",
            "a report says either a label or that there was none",
            "send `label` with the words on the screen, or `clear`: true",
        ));
    }
    let carrier = read_carrier(carrier)?;
    let agency = agency.map(|agency| filled("agency", agency)).transpose()?;
    let by = filled("by", by)?;
    ok(hall.desk.report(number, PersonReport { label, carrier, agency, clear, by }).await?)
}

pub(super) fn read_carrier(said: Option<String>) -> Result<Option<Carrier>, Refusal> {
    let Some(said) = said else { return Ok(None) };
    Carrier::parse(&said).map(Some).ok_or_else(|| {
        let words = Carrier::ALL.map(Carrier::word);
        Refusal::senseless("bad_value", format!("nobody knows the carrier {said:?}"), remedy_for_unknown(&said, words))
    })
}

const STATES: [(&str, bool); 2] = [("open", false), ("all", true)];

pub(super) async fn cases(State(hall): House, uri: Uri) -> Answer {
    let CasesQuery { number, state, before, limit } = body::query(uri.query())?;
    let filter = CaseFilter {
        number: number.map(|number| read_number(&number)).transpose()?,
        open_only: !state.map_or(Ok(true), |state| read_word("state", &state, &STATES))?,
        before: before.map(|before| read_id(&before)).transpose()?,
        limit: read_limit(limit)?,
    };
    ok(hall.desk.cases(filter).await?)
}

pub(super) async fn case(State(hall): House, Path(id): Path<String>) -> Answer {
    ok(hall.desk.case(read_id(&id)?).await?)
}

pub(super) async fn tasks(State(hall): House, uri: Uri) -> Answer {
    let TasksQuery { state } = body::query(uri.query())?;
    let all = state.map_or(Ok(false), |state| read_word("state", &state, &STATES))?;
    list("tasks", hall.desk.tasks(all).await?)
}

pub(super) async fn task(State(hall): House, Path(id): Path<String>) -> Answer {
    ok(hall.desk.task(read_id(&id)?).await?)
}

pub(super) async fn task_file(State(hall): House, Path((id, name)): Path<(String, String)>) -> Answer {
    Ok(saved(hall.desk.task_file(read_id(&id)?, name).await?))
}

/// A file that a person saves.
pub(super) fn saved(file: TaskFile) -> Response {
    let mut response = Response::new(Body::from(file.bytes));
    let headers = response.headers_mut();
    let media_type =
        HeaderValue::from_str(&file.media_type).unwrap_or(HeaderValue::from_static("application/octet-stream"));
    headers.insert(header::CONTENT_TYPE, media_type);
    // A file is saved, never shown: a browser must not take a packet's content for a page of ours.
    let name: String =
        file.name.chars().map(|c| if c.is_ascii_alphanumeric() || "._-".contains(c) { c } else { '_' }).collect();
    if let Ok(disposition) = HeaderValue::from_str(&format!("attachment; filename=\"{name}\"")) {
        headers.insert(header::CONTENT_DISPOSITION, disposition);
    }
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}

pub(super) async fn task_done(State(hall): House, Path(id): Path<String>, request: Request) -> Answer {
    let id = read_id(&id)?;
    let DoneBody { by, note } = small_json(request).await?;
    ok(hall.desk.task_done(id, TaskDone { by: filled("by", by)?, note }).await?)
}

pub(super) async fn receipt(State(hall): House, Path(decision_id): Path<String>) -> Answer {
    ok(hall.desk.receipt(ReceiptKey::Decision(decision_id)).await?)
}

pub(super) async fn receipt_of_call(State(hall): House, uri: Uri) -> Answer {
    let ReceiptQuery { call_id } = body::query(uri.query())?;
    ok(hall.desk.receipt(ReceiptKey::Call(call_id)).await?)
}

pub(super) async fn adapters(State(hall): House, uri: Uri) -> Answer {
    no_query(&uri)?;
    list("adapters", hall.desk.adapters().await?)
}

pub(super) async fn adapter(State(hall): House, Path(id): Path<String>) -> Answer {
    ok(hall.desk.adapter(id).await?)
}

pub(super) async fn adapter_grant(State(hall): House, Path(id): Path<String>, request: Request) -> Answer {
    let GrantBody { by } = small_json(request).await?;
    ok(hall.desk.adapter_grant(id, filled("by", by)?).await?)
}

pub(super) async fn adapter_try(State(hall): House, Path(id): Path<String>, request: Request) -> Answer {
    let TryBody { function, numbers: words, request, send } = small_json(request).await?;
    if words.len() > TRY_WORDS_MAX {
        return Err(Refusal::senseless(
            "bad_value",
            format!("a try asks about {TRY_WORDS_MAX} numbers at most, and these are {}", words.len()),
            "name fewer numbers",
        ));
    }
    let call = TryCall { function: filled("function", function)?, words, request, send };
    ok(hall.desk.adapter_try(id, call).await?)
}

pub(super) async fn adapter_develop(State(hall): House, Path(id): Path<String>, request: Request) -> Answer {
    let DevelopmentBody { folder } = small_json(request).await?;
    ok(hall.desk.adapter_develop(id, folder.map(PathBuf::from)).await?)
}

pub(super) async fn adapter_settle(State(hall): House, Path(id): Path<String>) -> Answer {
    hall.desk.adapter_settle(id).await?;
    ok(serde_json::json!({ "settled": true }))
}

pub(super) async fn policies(State(hall): House, uri: Uri) -> Answer {
    no_query(&uri)?;
    list("policies", hall.desk.policies().await?)
}

pub(super) async fn effective_policy(State(hall): House, uri: Uri) -> Answer {
    ok(hall.desk.effective_policy(body::query(uri.query())?).await?)
}

pub(super) async fn status(State(hall): House, uri: Uri) -> Answer {
    no_query(&uri)?;
    ok(hall.desk.status().await?)
}

pub(super) async fn export(State(hall): House, request: Request) -> Answer {
    let ExportBody { to } = small_json(request).await?;
    let to = PathBuf::from(filled("to", to)?);
    if !to.is_absolute() {
        return Err(Refusal::senseless(
            "relative_path",
            format!("`to` is {:?}, and the daemon may run in another folder than you do", to.display().to_string()),
            "write the whole path, from the root on",
        ));
    }
    ok(hall.desk.export(to).await?)
}

/// The process runs, answers, and need not be started again. A supervisor may restart it on anything but success.
pub(super) async fn healthz(State(hall): House) -> Answer {
    let troubles = hall.desk.troubles();
    if let Some(trouble) = troubles.iter().find(|trouble| trouble.needs_restart) {
        let status = StatusCode::SERVICE_UNAVAILABLE;
        return Err(Refusal::new(status, "restart_needed", trouble.sentence.clone(), trouble.remedy.clone()));
    }
    ok(beside("alive", &troubles))
}

/// Decisions can be given.
pub(super) async fn readyz(State(hall): House) -> Answer {
    hall.desk.ready().await?;
    ok(beside("ready", &hall.desk.troubles()))
}

/// `true` under its name, and beside it what is wrong all the same.
fn beside(name: &str, troubles: &[TroubleView]) -> Value {
    match troubles {
        [] => json!({ name: true }),
        troubles => json!({ name: true, "troubles": troubles }),
    }
}

pub(super) async fn metrics(State(hall): House) -> Response {
    let mut text = hall.desk.metrics_text();
    if !text.is_empty() && !text.ends_with('\n') {
        text.push('\n');
    }
    text.push_str(&hall.counts.text());
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4")], text).into_response()
}
