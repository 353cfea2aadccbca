//! What stands against the daemon's work: for the health pages, the status and the metrics, all from one list.

use super::House;
use super::keeper::Condition;
use crate::desk::{Stamp, TroubleView};
use core::time::Duration;
use std::collections::BTreeSet;

/// A write that takes longer than this is no slow disk any more; rare stalls of two seconds were measured.
const STUCK_AFTER: Duration = Duration::from_secs(5);
/// And after so long it may be the engine itself, which only a restart frees.
const STUCK_FOR_GOOD_AFTER: Duration = Duration::from_secs(60);

/// One thing that is wrong.
pub struct Trouble {
    pub code: &'static str,
    pub view: TroubleView,
}

impl House {
    /// Everything that is wrong now, the worst first.
    pub(super) fn troubles_now(&self) -> Vec<Trouble> {
        let data = self.config.data.display();
        let health = self.store.health();
        let journal = &self.hot.journal;
        let mut troubles = Vec::new();
        if let Some(reason) = health.poisoned.clone().or((!journal.is_well()).then(|| "see the log".to_owned())) {
            troubles.push(trouble(
                "store_broken",
                format!("a write to {data} failed ({reason}), so nothing is durable any more and no call is answered"),
                format!("see to the disk that holds {data}, then restart the daemon; nothing acknowledged is lost"),
                (true, true),
            ));
        }
        if health.stuck(STUCK_AFTER) {
            troubles.push(trouble(
                "disk_stuck",
                format!("one write to {data} has taken longer than {} seconds", STUCK_AFTER.as_secs()),
                format!("look at the disk that holds {data}; restart the daemon if the disk is well and this stays"),
                (true, health.stuck(STUCK_FOR_GOOD_AFTER)),
            ));
        }
        let condition = self.keeper.condition();
        let changes_wait = match &condition {
            Condition::HeldUp(reason) => Some(reason.clone()),
            Condition::Well | Condition::Halted(_) => None,
        };
        let stops_calls = journal.held_up().is_some();
        if let Some(reason) = journal.held_up().or(changes_wait) {
            let what = if stops_calls { "no call is answered and nothing is changed" } else { "nothing is changed" };
            troubles.push(trouble(
                "disk_full",
                format!("the disk that holds {data} is full ({reason}), so {what}"),
                "free some space; what waits is then made durable, and no restart is needed".to_owned(),
                (stops_calls, false),
            ));
        }
        if let Condition::Halted(reason) = condition {
            troubles.push(trouble(
                "changes_halted",
                format!(
                    "a change could not be made durable ({reason}), so nothing more is changed; \
                     calls are answered as before it, and what is shown may hold what a restart takes back"
                ),
                format!("see to the disk that holds {data}, then restart the daemon"),
                (false, true),
            ));
        }
        if let Some(reason) = self.roster_refused.lock().clone() {
            troubles.push(trouble(
                "adapters_not_taken",
                format!("the adapters that serve now are not used for numbers yet: {reason}"),
                "remove the folders of adapters that are not needed".to_owned(),
                (false, false),
            ));
        }
        let policies = self.hot.policy.load();
        let scopes = policies.scopes().values().filter_map(|patch| patch.ranker.as_ref()?.as_ref());
        for ranker in policies.base().ranker.iter().chain(scopes).collect::<BTreeSet<_>>() {
            let Some(reason) = self.adapters.why_no_ranker(ranker) else { continue };
            troubles.push(trouble(
                "ranker_absent",
                format!("the policy names the ranker `{ranker}`, and {reason}; the policy's own order holds"),
                "put it into the folder of adapters and grant it, or set `ranker = \"\"` in the policy".to_owned(),
                (false, false),
            ));
        }
        for (adapter, function, drift) in self.adapters.drifts.all() {
            troubles.push(trouble(
                "adapter_drift",
                format!(
                    "the agency of `{adapter}` answers `{function}` otherwise than the adapter knows, since {} ({})",
                    Stamp(drift.since),
                    drift.reason
                ),
                format!(
                    "put in a newer version of the adapter; `smartguard adapter try {adapter} {function}` shows the answer"
                ),
                (false, false),
            ));
        }
        if health.unsynced_files {
            troubles.push(trouble(
                "unsynced_files",
                format!("the store in {data} has files that a power cut may damage"),
                "export now (`smartguard export`), stop the daemon, and import into a new data folder".to_owned(),
                (false, false),
            ));
        }
        if let Some(cause) = &*self.roller.trouble.lock() {
            let reason = super::chain(cause);
            troubles.push(trouble(
                "old_calls_stay",
                format!("old calls stay in {data} and do not move to the archive ({reason}); nothing is lost by it"),
                cause.remedy(&self.config.data),
                (false, false),
            ));
        }
        troubles
    }
}

fn trouble(
    code: &'static str,
    sentence: String,
    remedy: String,
    (stops_calls, needs_restart): (bool, bool),
) -> Trouble {
    Trouble { code, view: TroubleView { code: code.to_owned(), sentence, remedy, stops_calls, needs_restart } }
}
