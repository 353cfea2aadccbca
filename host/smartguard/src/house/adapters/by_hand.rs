//! One call of an adapter, made by hand.

use super::{Adapters, powers, sentence};
use crate::desk::{DeskError, DeskErrorKind, TryCall, TryView};
use kit::attempt::{Watched, json, permit, remedy};
use kit::call::Call;
use kit::kind::Kind;
use kit::kinds;
use parking_lot::Mutex;
use sandbox::roster::Refused;
use sandbox::trouble::{Trouble, nearest};
use std::sync::Arc;
use std::time::Instant;

/// Calls one function once. It counts like every other call: an adapter that rests is not woken by it.
pub async fn try_once(adapters: &Adapters, id: &str, asked: TryCall) -> Result<TryView, DeskError> {
    let call = match adapters.roster.live(id) {
        Some(live) => Some(understood(kinds::of(live.manifest.kind), &asked).map_err(|trouble| wrong(&trouble))?),
        // The roster says why nobody serves.
        None => None,
    };
    let begun = Instant::now();
    let watched = Mutex::new(None);
    let made = adapters
        .roster
        .call(id, super::now(), async |live| {
            let watching = Watched::new(powers(&live));
            *watched.lock() = Some((watching.clone(), live.manifest.clone()));
            match &call {
                Some(call) => watching.make(&live.guest, &**call).await,
                None => Ok(toml::Table::new()),
            }
        })
        .await;
    let (seen, manifest) = match watched.into_inner() {
        Some((watched, manifest)) => (watched.seen(), Some(manifest)),
        None => Default::default(),
    };
    let outcome = match made {
        Ok(answer) => Ok(json(&answer.into())),
        Err(failure) => {
            let told = match (&failure, &manifest) {
                (Refused::Failed(error), Some(manifest)) => Some(remedy(manifest, error, &seen)),
                _ => None,
            };
            Err((sentence(&failure), told))
        }
    };
    Ok(TryView::of(id, &asked.function, outcome, seen, begun.elapsed()))
}

/// The call that was asked for.
fn understood(kind: &'static Kind, asked: &TryCall) -> Result<Arc<dyn Call>, Trouble> {
    let function = kind.function(&asked.function).ok_or_else(|| {
        let known: Vec<&str> = kind.functions.iter().map(|function| function.name).collect();
        let remedy = match nearest(&asked.function, &known) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("known here: {}", known.join(", ")),
        };
        Trouble::new(format!("`{}`", asked.function), "no function of this kind of adapter is called so", remedy)
    })?;
    permit(function, asked.send)?;
    let request = match &asked.request {
        Some(text) => text.parse().map_err(|error| Trouble::from_toml("request", text, &error))?,
        None => function.request(&asked.words)?,
    };
    function.call(&format!("`{}`", function.name), &request)
}

fn wrong(trouble: &Trouble) -> DeskError {
    let sentence = format!("{}: {}", trouble.place, trouble.reason);
    DeskError::new(DeskErrorKind::Invalid, "not_tried", sentence, trouble.remedy.clone())
}
