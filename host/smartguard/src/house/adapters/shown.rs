//! Adapters as people see them.

use crate::desk::{AdapterView, FailureView, ProblemView, RefusalView, Stamp, WaitingView};
use sandbox::Engine;
use sandbox::grant::PowerSet;
use sandbox::roster::{AdapterStatus, Origin, Roster, State};

/// An adapter in the list.
pub fn adapter(status: AdapterStatus, roster: &Roster<Engine>) -> AdapterView {
    let live = roster.live(&status.id);
    let asks: Vec<String> = live
        .as_ref()
        .map(|live| PowerSet::asked_by(&live.manifest).iter().map(ToString::to_string).collect())
        .unwrap_or_default();
    let (state, reason, granted) = match &status.state {
        State::Live if matches!(status.origin, Some(Origin::Development(_))) => {
            ("development", Some("it serves until `smartguard adapter dev` ends".to_owned()), asks.clone())
        }
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
        world: status.kind.map_or_else(String::new, |kind| kind.word().to_owned()),
        origin: match &status.origin {
            Some(Origin::Bundled) => "bundled".to_owned(),
            Some(Origin::Folder(folder)) => folder.display().to_string(),
            Some(Origin::Development(folder)) => format!("{} (development)", folder.display()),
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
