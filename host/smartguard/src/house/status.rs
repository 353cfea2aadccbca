//! How the daemon is: for `smartguard status` and the metrics page.

use super::House;
use super::keeper::now;
use crate::desk::{DeskError, Stamp, StatusView, TroubleView};
use numbers::{Durability, State};
use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::atomic::Ordering::Relaxed;

impl House {
    pub(super) async fn status_view(&self) -> Result<StatusView, DeskError> {
        let adapters = self.adapters.views();
        let states: BTreeMap<String, String> =
            adapters.iter().map(|adapter| (adapter.id.clone(), adapter.state.clone())).collect();
        // That a key is not there is no trouble of its adapter; which one would help most is said once.
        let trouble: Vec<String> = adapters
            .iter()
            .filter(|adapter| adapter.state != "live")
            .filter_map(|adapter| {
                let reason = adapter.reason.as_ref()?;
                Some(format!("The adapter `{}` is {}: {reason}.", adapter.id, adapter.state))
            })
            .collect();
        let key = self.key_advice().into_iter().next().map(|key| {
            let set: Vec<String> =
                key.lacks.iter().map(|lack| format!("{} ({})", lack.variable, lack.obtained)).collect();
            format!("{}: set {}; `smartguard agency list` has the others.", key.adds, set.join(" and "))
        });
        let counted = self.keeper.read(count).await?;
        let counts = &self.hot.counts;
        let pressing = self.troubles_now().into_iter().map(|trouble| sentences(&trouble.view));
        let advice = pressing.chain(counted.advice).chain(trouble).chain(key).collect();
        Ok(StatusView {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            running_since: Stamp(self.since),
            listen: self.listen.to_string(),
            data: if self.config.in_memory {
                "in memory, gone when the daemon stops".to_owned()
            } else {
                self.config.data.display().to_string()
            },
            durability: match self.hot.policy.load().base().durability {
                _ if self.config.in_memory => "none",
                Durability::Lease => "lease",
                Durability::Sync => "sync",
            }
            .to_owned(),
            businesses: counted.businesses,
            users: counted.users,
            campaigns: counted.campaigns,
            numbers: counted.numbers,
            lives: counted.lives,
            cases_open: counted.cases_open,
            tasks_open: counted.tasks_open,
            decisions: counts.used.load(Relaxed),
            holds: counts.held.load(Relaxed),
            outcomes: counts.outcomes.load(Relaxed),
            orphans: counts.orphans.load(Relaxed),
            adapters: states,
            advice,
        })
    }
}

/// What is wrong and what to do, as an advice reads.
fn sentences(trouble: &TroubleView) -> String {
    let mut letters = trouble.sentence.chars();
    let first = letters.next().map(|first| first.to_uppercase().to_string()).unwrap_or_default();
    format!("{first}{}: {}.", letters.as_str(), trouble.remedy)
}

#[derive(Default)]
struct Counted {
    businesses: u64,
    users: u64,
    campaigns: u64,
    numbers: u64,
    lives: BTreeMap<String, u64>,
    cases_open: u64,
    tasks_open: u64,
    advice: Vec<String>,
}

fn count(state: &State) -> Counted {
    let mut counted = Counted {
        businesses: state.businesses.len() as u64,
        users: state.owners.keys().filter(|id| matches!(id, numbers::OwnerId::User(_))).count() as u64,
        campaigns: state.owners.keys().filter(|id| matches!(id, numbers::OwnerId::Campaign(_))).count() as u64,
        numbers: state.numbers.len() as u64,
        cases_open: state.cases.values().filter(|case| !case.is_closed()).count() as u64,
        tasks_open: state.tasks.values().filter(|task| task.state == numbers::TaskState::Open).count() as u64,
        ..Counted::default()
    };
    for number in state.numbers.values() {
        *counted.lives.entry(number.life.word().to_owned()).or_default() += 1;
    }
    counted.advice = advice(state, &counted);
    counted
}

fn advice(state: &State, counted: &Counted) -> Vec<String> {
    let mut advice = Vec::new();
    if counted.businesses == 0 {
        advice.push("Say whose numbers these are: `smartguard business add business.toml`.".to_owned());
    } else if counted.numbers == 0 {
        advice.push("Bring your numbers in: `smartguard number import numbers.csv --business <id>`.".to_owned());
    } else if counted.users + counted.campaigns == 0 {
        advice.push("Give somebody a pool: `smartguard user add <name>`.".to_owned());
    }
    if counted.tasks_open > 0 {
        advice.push(format!("{} tasks wait for a person: `smartguard task list`.", counted.tasks_open));
    }
    let unproven = state.numbers.values().filter(|number| number.right == numbers::RightToUse::Unproven).count();
    if unproven > 0 {
        advice.push(format!(
            "{unproven} numbers are never shown, because nobody has said by what right; import them with a `right`."
        ));
    }
    let short: Vec<String> = state
        .owners
        .values()
        .filter(|owner| (state.pool(owner).count() as u64) < u64::from(owner.pool_size))
        .map(|owner| owner.id.to_string())
        .collect();
    if let Some(first) = short.first() {
        advice
            .push(format!("{} pools have fewer numbers than they should, the first is that of {first}.", short.len()));
    }
    advice
}

/// The metrics page. Labels come from closed sets only, so that it stays short.
pub(super) fn metrics(house: &House) -> String {
    let counts = &house.hot.counts;
    let calls = house.hot.calls.lock();
    let figures: [(&str, &str, &str, u64); 10] = [
        ("smartguard_decisions_total", "counter", "Calls that were given a number.", counts.used.load(Relaxed)),
        ("smartguard_holds_total", "counter", "Calls that were told to wait.", counts.held.load(Relaxed)),
        ("smartguard_repeated_asks_total", "counter", "Asks answered as before.", counts.repeated.load(Relaxed)),
        (
            "smartguard_answers_after_sync_total",
            "counter",
            "Answers that waited for the disk.",
            counts.waited_for_disk.load(Relaxed),
        ),
        ("smartguard_ranked_total", "counter", "Decisions in a ranker's order.", counts.ranked.load(Relaxed)),
        (
            "smartguard_ranking_fell_back_total",
            "counter",
            "Decisions for which the policy's ranker gave no order in time.",
            counts.ranking_fell_back.load(Relaxed),
        ),
        ("smartguard_outcomes_total", "counter", "Reports taken.", counts.outcomes.load(Relaxed)),
        ("smartguard_orphans_total", "counter", "Reports that joined no call.", counts.orphans.load(Relaxed)),
        ("smartguard_calls_open", "gauge", "Calls that may still be reported.", calls.open() as u64),
        ("smartguard_calls_let_go_early_total", "counter", "Calls let go before 48 hours.", calls.let_go_early),
    ];
    drop(calls);
    let mut text = String::new();
    for (name, kind, help, value) in figures {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "# HELP {name} {help}\n# TYPE {name} {kind}\n{name} {value}");
    }
    let _ = writeln!(
        text,
        "# HELP smartguard_adapter_calls_total Calls of adapters.\n# TYPE smartguard_adapter_calls_total counter"
    );
    for adapter in house.adapters.views() {
        let _ = writeln!(text, "smartguard_adapter_calls_total{{adapter=\"{}\"}} {}", adapter.id, adapter.calls);
        let _ = writeln!(text, "smartguard_adapter_faults_total{{adapter=\"{}\"}} {}", adapter.id, adapter.faults);
    }
    let well = u64::from(house.hot.journal.is_well());
    let health = house.store.health();
    let busy = health.writer_busy_since.map_or(0, |since| since.elapsed().as_millis());
    let troubles = house.troubles_now();
    let stopped = u64::from(troubles.iter().any(|trouble| trouble.view.stops_calls));
    let restart = u64::from(troubles.iter().any(|trouble| trouble.view.needs_restart));
    for (name, help, value) in [
        ("smartguard_store_well", "1 while records are made durable.", well.to_string()),
        ("smartguard_store_waiting", "Commits that wait for the disk.", health.waiting.to_string()),
        (
            "smartguard_store_busy_seconds",
            "How long the write under way has taken.",
            format!("{}.{:03}", busy / 1000, busy % 1000),
        ),
        ("smartguard_calls_stopped", "1 while no call can be answered; /readyz says why.", stopped.to_string()),
        ("smartguard_restart_needed", "1 when only a restart helps; /healthz says why.", restart.to_string()),
    ] {
        let _ = writeln!(text, "# HELP {name} {help}\n# TYPE {name} gauge\n{name} {value}");
    }
    let _ = writeln!(
        text,
        "# HELP smartguard_trouble What is wrong now; the status says what to do.\n# TYPE smartguard_trouble gauge"
    );
    for trouble in &troubles {
        let _ = writeln!(text, "smartguard_trouble{{code=\"{}\"}} 1", trouble.code);
    }
    let _ = writeln!(
        text,
        "# HELP smartguard_up_seconds Seconds since the start.\n# TYPE smartguard_up_seconds gauge\nsmartguard_up_seconds {}",
        now().since(house.since).as_secs()
    );
    text
}
