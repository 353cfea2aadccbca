//! Adapters as people see them, and one call made by hand.

use super::{Adapters, powers, sentence};
use crate::desk::{
    AdapterView, DeskError, DeskErrorKind, ExchangeView, FailureView, ProblemView, RefusalView, Stamp, TryView,
    WaitingView,
};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use numbers::E164;
use parking_lot::Mutex;
use sandbox::Engine;
use sandbox::agency::CheckAnswer;
use sandbox::call::{FilesError, Found, HttpError, HttpRequest, HttpResponse, LogLevel, Powers};
use sandbox::grant::PowerSet;
use sandbox::roster::{AdapterStatus, Origin, Roster, State};
use std::sync::Arc;
use std::time::Instant;

/// An adapter in the list.
pub fn adapter(status: AdapterStatus, roster: &Roster<Engine>) -> AdapterView {
    let live = roster.live(&status.id);
    let asks: Vec<String> = live
        .as_ref()
        .map(|live| PowerSet::asked_by(&live.manifest).iter().map(ToString::to_string).collect())
        .unwrap_or_default();
    let (state, reason, granted) = match &status.state {
        State::Live => ("live", None, asks.clone()),
        State::Held { reason, missing } => ("ungranted", Some(format!("{reason}: {}", missing.join(", "))), Vec::new()),
        State::Ungranted { asked } => ("ungranted", Some(format!("it asks for {}", asked.join(", "))), Vec::new()),
        State::Benched { reason, .. } => ("benched", Some(reason.clone()), asks.clone()),
        State::Broken => ("refused", status.trouble.as_ref().map(|trouble| trouble.reason.clone()), Vec::new()),
    };
    let reason = reason.or_else(|| {
        let missing = status.secrets_missing.first()?;
        Some(format!("{}; {}", missing.reason, missing.remedy))
    });
    AdapterView {
        name: status.summary.clone().unwrap_or_else(|| status.id.clone()),
        world: "agency".to_owned(),
        origin: match &status.origin {
            Some(Origin::Bundled) => "bundled".to_owned(),
            Some(Origin::Folder(folder)) => folder.display().to_string(),
            None => "nowhere".to_owned(),
        },
        state: state.to_owned(),
        reason,
        revision: status.revision.clone(),
        functions: live.map(|live| live.guest.description().functions.clone()).unwrap_or_default(),
        asks,
        granted,
        last_refusal: status.trouble.as_ref().map(|trouble| RefusalView {
            at: Stamp(super::now()),
            problems: vec![ProblemView {
                place: trouble.place.clone(),
                reason: trouble.reason.clone(),
                remedy: trouble.remedy.clone(),
            }],
        }),
        waiting: status.waiting.map(|waiting| WaitingView { version: waiting.version, asks_more: waiting.missing }),
        calls: status.calls,
        faults: status.faults,
        last_failure: status.last_failure.map(|(at, reason)| FailureView { at: Stamp(at), reason }),
        id: status.id,
    }
}

/// Hands every question on to the adapter's own powers, and writes down what was asked.
struct Watched {
    powers: Arc<dyn Powers>,
    exchanges: Mutex<Vec<ExchangeView>>,
    log: Mutex<Vec<String>>,
}

/// Lines and exchanges of one call that are shown.
const SHOWN_MAX: usize = 200;

impl Powers for Watched {
    fn fetch(&self, request: HttpRequest) -> BoxFuture<'_, Result<HttpResponse, HttpError>> {
        async move {
            let begun = Instant::now();
            // Names of origins and secrets, never what they stand for: the gate fills those in behind this.
            let url = format!("{}:{}", request.origin, request.path);
            let method = request.method.word().to_owned();
            let answered = self.powers.fetch(request).await;
            let (status, error) = match &answered {
                Ok(response) => (Some(response.status), None),
                Err(error) => (None, Some(format!("{error:?}"))),
            };
            let took_ms = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX);
            let mut exchanges = self.exchanges.lock();
            if exchanges.len() < SHOWN_MAX {
                exchanges.push(ExchangeView { method, url, status, error, took_ms });
            }
            answered
        }
        .boxed()
    }

    fn config(&self, key: &str) -> Option<String> {
        self.powers.config(key)
    }

    fn lookup(&self, dataset: &str, keys: Vec<String>) -> BoxFuture<'_, Result<Found, FilesError>> {
        self.powers.lookup(dataset, keys)
    }

    fn log(&self, level: LogLevel, message: &str) {
        let mut log = self.log.lock();
        if log.len() < SHOWN_MAX {
            log.push(format!("{level:?}: {message}").to_lowercase());
        }
    }

    fn now_ms(&self) -> u64 {
        self.powers.now_ms()
    }

    fn uniform(&self) -> f64 {
        self.powers.uniform()
    }
}

/// Calls one function once. Only what reads is offered: a filing by hand would be a filing that nobody holds.
pub async fn try_once(adapters: &Adapters, id: &str, function: &str, numbers: Vec<E164>) -> Result<TryView, DeskError> {
    if function != "check" {
        return Err(DeskError::new(
            DeskErrorKind::Invalid,
            "not_tried",
            format!("`{function}` is not tried by hand, because it may file something"),
            "try `check`",
        ));
    }
    let begun = Instant::now();
    let watched = Mutex::new(None);
    let answered = adapters
        .roster
        .call(id, super::now(), async |live| {
            let watching =
                Arc::new(Watched { powers: powers(&live), exchanges: Mutex::default(), log: Mutex::default() });
            *watched.lock() = Some(watching.clone());
            let powers: Arc<dyn Powers> = watching;
            live.guest.check(&powers, &numbers, None).await
        })
        .await;
    let (exchanges, log) = match watched.into_inner() {
        Some(watched) => (watched.exchanges.lock().clone(), watched.log.lock().clone()),
        None => (Vec::new(), Vec::new()),
    };
    let (answer, error) = match answered {
        Ok(answer) => (Some(shown(answer)), None),
        Err(failure) => (None, Some(sentence(&failure))),
    };
    let took_ms = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX);
    Ok(TryView { adapter: id.to_owned(), function: function.to_owned(), answer, error, exchanges, log, took_ms })
}

fn shown(answer: CheckAnswer) -> serde_json::Value {
    match answer {
        CheckAnswer::Pending(pending) => serde_json::json!({ "pending": pending.token }),
        CheckAnswer::Observations(observations) => observations
            .into_iter()
            .map(|observation| {
                serde_json::json!({
                    "number": observation.number.to_string(),
                    "agency": observation.agency,
                    "carrier": observation.carrier.map(numbers::Carrier::word),
                    "status": observation.status.word(),
                    "label": observation.label,
                    "score": observation.score.map(|score| score.value),
                    "cost_micros": observation.cost_micros,
                })
            })
            .collect(),
    }
}
