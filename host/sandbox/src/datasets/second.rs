//! A day of a data set from its second source: an interface that tells the same rows page by page, for days whose file is
//! not there.

use super::index::DayIndex;
use crate::call::{HttpError, HttpRequest, Method};
use crate::http::Door;
use crate::manifest::SecondSource;
use serde_json::Value;
use std::time::Duration;

/// Waits for the adapter's own rate add up to no more than this for one day. A day of 11,000 rows has 220 pages.
const WAIT_MAX: Duration = Duration::from_secs(60 * 60);

/// Asks for every page of a day.
///
/// # Errors
/// Why the day could not be had whole; nothing of it is then kept.
pub(super) async fn fetch(source: &SecondSource, door: &Door, day: u32, date: &str) -> Result<DayIndex, String> {
    let mut keys = Vec::new();
    let mut waited = Duration::ZERO;
    let mut page = 0;
    while page < source.pages_max {
        let request = request(source, date, page * source.page);
        let answer = match door.fetch(request).await {
            Ok(answer) => answer,
            Err(HttpError::RateLimited(seconds)) if waited < WAIT_MAX => {
                let pause = Duration::from_secs(u64::from(seconds).max(1));
                waited += pause;
                tokio::time::sleep(pause).await;
                continue;
            }
            Err(error) => return Err(format!("{error:?}")),
        };
        if answer.status != 200 {
            return Err(format!("its second source answers {}", answer.status));
        }
        let rows = rows(source, &answer.body)?;
        let count = rows.len();
        keys.extend(rows);
        // What the answer says of its length is known to be wrong at times; a page that is not full is the last.
        if count < source.page as usize {
            return Ok(DayIndex::from_keys(day, keys));
        }
        page += 1;
    }
    Err(format!("its second source has more than {} pages", source.pages_max))
}

fn request(source: &SecondSource, date: &str, offset: u32) -> HttpRequest {
    let filled = |text: &String| text.replace("{date}", date).replace("{offset}", &offset.to_string());
    HttpRequest {
        method: Method::Get,
        origin: source.origin.clone(),
        path: source.path.clone(),
        query: source.query.iter().map(|(name, value)| (name.clone(), filled(value))).collect(),
        headers: source.headers.iter().map(|(name, value)| (name.clone(), value.clone())).collect(),
        body: None,
    }
}

/// The keys of a page, as they stand there; a row without one has an empty key.
fn rows(source: &SecondSource, body: &str) -> Result<Vec<String>, String> {
    let answer: Value = serde_json::from_str(body).map_err(|error| format!("its second source is no JSON: {error}"))?;
    let rows = at(&answer, &source.rows).and_then(Value::as_array);
    let rows = rows.ok_or_else(|| format!("its second source has no list `{}`", source.rows))?;
    let key = |row: &Value| at(row, &source.key).and_then(Value::as_str).unwrap_or_default().to_owned();
    Ok(rows.iter().map(key).collect())
}

/// What stands at `attributes.company-phone-number`.
fn at<'v>(value: &'v Value, path: &str) -> Option<&'v Value> {
    path.split('.').try_fold(value, |value, name| value.get(name))
}
