//! The doors to do-not-call lists: what there is, who stands on which, a whole text into a list, a few numbers on or off.

use super::body::{self, small_json};
use super::problem::Refusal;
use super::rest::{Answer, House, filled, list, ok, read_number};
use super::wire::{DoNotCallQuery, ListChangeBody, ListImportQuery};
use super::{BODY_TIME_MAX, LIST_BYTES_MAX};
use crate::desk::{DeskError, DeskErrorKind, ListBody, ListChange, ListImport};
use axum::body::Body;
use axum::extract::{Path, Request, State};
use axum::http::Uri;
use futures_util::StreamExt;
use numbers::{E164, ListName};

/// Numbers that are put on or taken off at once; more of them are an import.
const NUMBERS_MAX: usize = 10_000;
/// Of a hundred lines so many may be bad when nothing is said. Guessed: a few slips are in every list that people keep, and
/// a list of something else is bad in most of its lines.
const BAD_PERCENT_MAX: u64 = 5;

pub(super) async fn lists(State(hall): House, uri: Uri) -> Answer {
    let DoNotCallQuery { number } = body::query(uri.query())?;
    match number {
        Some(number) => {
            let number = read_number(&unescaped_plus(number))?;
            ok(hall.desk.do_not_call_number(number).await?)
        }
        None => list("lists", hall.desk.do_not_call_lists().await?),
    }
}

pub(super) async fn import(State(hall): House, Path(name): Path<String>, request: Request) -> Answer {
    let import = read_import(&name, request.uri().query());
    let mut body = in_pieces(request.into_body());
    match import {
        Ok(import) => ok(hall.desk.import_do_not_call(import, body).await?),
        Err(refusal) => {
            // Whoever is refused while he still sends never reads why.
            while let Some(Ok(_)) = body.next().await {}
            Err(refusal)
        }
    }
}

fn read_import(name: &str, query: Option<&str>) -> Result<ListImport, Refusal> {
    let ListImportQuery { mode, column, bad_percent_max, from, by } = body::query(query)?;
    let bad_value = |sentence: String, remedy: &str| Refusal::senseless("bad_value", sentence, remedy);
    let replace = match mode.as_deref() {
        None | Some("add") => false,
        Some("replace") => true,
        Some(other) => return Err(bad_value(format!("`mode` is {other:?}"), "write `add` or `replace`")),
    };
    let percent = bad_percent_max.map_or(Ok(BAD_PERCENT_MAX), |said| match said.parse() {
        Ok(percent @ 0..=100) => Ok(percent),
        Ok(_) | Err(_) => Err(bad_value(format!("`bad_percent_max` is {said:?}"), "write a whole number up to 100")),
    })?;
    Ok(ListImport {
        list: read_name(name)?,
        replace,
        column: column.filter(|column| !column.trim().is_empty()),
        bad_percent_max: percent,
        from: from.unwrap_or_default(),
        by: filled("by", by)?,
    })
}

pub(super) async fn add(state: House, name: Path<String>, request: Request) -> Answer {
    change(state, name, request, false).await
}

pub(super) async fn remove(state: House, name: Path<String>, request: Request) -> Answer {
    change(state, name, request, true).await
}

async fn change(State(hall): House, Path(name): Path<String>, request: Request, remove: bool) -> Answer {
    let ListChangeBody { numbers, by } = small_json(request).await?;
    if numbers.is_empty() || numbers.len() > NUMBERS_MAX {
        let sentence = format!("there are {} numbers in `numbers`", numbers.len());
        let remedy = format!("send 1 to {NUMBERS_MAX}, and more of them to …/import");
        return Err(Refusal::senseless("bad_value", sentence, remedy));
    }
    let numbers: Vec<E164> = numbers.iter().map(|number| read_number(number)).collect::<Result<_, _>>()?;
    let change = ListChange { list: read_name(&name)?, numbers, remove, by: filled("by", by)? };
    ok(hall.desk.change_do_not_call(change).await?)
}

fn read_name(said: &str) -> Result<ListName, Refusal> {
    ListName::parse(said).map_err(|why| {
        Refusal::senseless(
            "no_such_list",
            format!("{said:?} is the name of no list: {why}"),
            "write `national`, a state's as in `state:FL`, or that of a business as in `business:acme`",
        )
    })
}

/// An unescaped plus sign arrives as a space.
fn unescaped_plus(said: String) -> String {
    match said.strip_prefix(' ') {
        Some(rest) if rest.starts_with(|c: char| c.is_ascii_digit()) => format!("+{rest}"),
        _ => said,
    }
}

/// A body of any length, piece by piece. Each piece has its time, and all together their bound.
fn in_pieces(body: Body) -> ListBody {
    let pieces = futures_util::stream::unfold((Some(body.into_data_stream()), 0u64), |(stream, taken)| async move {
        let mut stream = stream?;
        let failed = |code, sentence: String, remedy: &str| {
            let error = DeskError::new(DeskErrorKind::Invalid, code, sentence, remedy);
            Some((Err(error), (None, taken)))
        };
        match tokio::time::timeout(BODY_TIME_MAX, stream.next()).await {
            Err(_) => {
                let sentence = format!("nothing of the body came for {} seconds", BODY_TIME_MAX.as_secs());
                failed("body_too_slow", sentence, "send it again; nothing was changed")
            }
            Ok(None) => None,
            Ok(Some(Err(_))) => failed(
                "body_broken_off",
                "the body broke off".to_owned(),
                "send it again in whole; nothing was changed",
            ),
            Ok(Some(Ok(piece))) if taken + piece.len() as u64 > LIST_BYTES_MAX => {
                let sentence = format!("the body is larger than the {LIST_BYTES_MAX} bytes that a list has at most");
                failed("body_too_large", sentence, "send the first part, and the next ones with mode=add")
            }
            Ok(Some(Ok(piece))) => {
                let taken = taken + piece.len() as u64;
                Some((Ok(piece), (Some(stream), taken)))
            }
        }
    });
    // Whoever takes in what is left of a body asks on after its end.
    pieces.fuse().boxed()
}
