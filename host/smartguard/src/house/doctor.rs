//! Looks at everything that the daemon needs, and says of each how it is and what to do.
//!
//! Each configured secret is tried by its adapter's probe, which is one harmless question; all else is looked at here.

use super::House;
use super::keeper::now;
use crate::desk::{CheckupState, CheckupView};
use core::time::Duration;
use futures_util::future::join_all;
use numbers::{Life, Place, State};
use sandbox::manifest::Manifest;
use std::collections::BTreeSet;
use std::path::Path;
use std::time::Instant;

/// A name that takes longer has no answer that helps anybody.
const NAME_WAIT_MAX: Duration = Duration::from_secs(5);
/// Signatures of webhooks and tokens are refused beyond some minutes; a minute is noticed before that.
const SKEW_WARNING: Duration = Duration::from_secs(5);
const SKEW_WRONG: Duration = Duration::from_secs(60);
/// Less free space than this is soon none. Guessed: a week of calls of a large floor takes some 2 GiB.
const FREE_BYTES_MIN: u64 = 2 * 1024 * 1024 * 1024;

impl House {
    /// Everything, the worst first.
    pub(super) async fn checkup(&self) -> Vec<CheckupView> {
        let manifests = self.adapters.manifests();
        let mut found = self.secrets(&manifests).await;
        found.push(self.clock());
        found.extend(self.names(&manifests).await);
        found.extend(self.data().await);
        found.extend(self.policy_checkup());
        found.extend(self.reserve().await);
        let (state, is, remedy) = self.lists.checkup(now());
        found.push(checkup("do_not_call", "national", state, is, remedy));
        found.extend(self.adapters_checkup());
        let daemon = self.troubles_now().into_iter();
        found.extend(daemon.map(|trouble| {
            checkup("daemon", trouble.code, CheckupState::Wrong, trouble.view.sentence, Some(trouble.view.remedy))
        }));
        found.sort_by_key(|checkup| core::cmp::Reverse(checkup.state));
        found
    }

    /// One line for each adapter of which a secret is there, and one for secrets that nobody asks for.
    async fn secrets(&self, manifests: &[Manifest]) -> Vec<CheckupView> {
        let given = manifests
            .iter()
            .filter(|manifest| manifest.secrets.keys().any(|secret| self.adapters.has_secret(&manifest.id, secret)));
        let each = given.map(|manifest| async move {
            let id = manifest.id.as_str();
            let missing: Vec<&str> = manifest
                .secrets
                .keys()
                .map(String::as_str)
                .filter(|name| !self.adapters.has_secret(id, name))
                .collect();
            let lacks = self.adapters.lacks(manifest, "probe");
            if !manifest.functions.probe {
                let found = "it is there; this adapter has no harmless question to try it with".to_owned();
                return checkup(
                    "secret",
                    id,
                    CheckupState::Unknown,
                    found,
                    Some("make one check by hand: `smartguard adapter try`".to_owned()),
                );
            }
            if let Some(lack) = lacks.first() {
                let found = format!("the secret {} is not there, and those that are need it", lack.secret);
                return checkup(
                    "secret",
                    id,
                    CheckupState::Wrong,
                    found,
                    Some(format!("set {} ({})", lack.variable, lack.obtained)),
                );
            }
            match self.adapters.probe(id).await {
                Ok(probed) => {
                    let beside =
                        if missing.is_empty() { String::new() } else { format!("; without {}", missing.join(", ")) };
                    checkup("secret", id, CheckupState::Well, format!("{}{beside}", probed.found), None)
                }
                Err(failure) => {
                    let sentence = super::adapters::sentence(&failure);
                    let remedy = super::adapters::remedy(&failure);
                    checkup("secret", id, remedy.0, sentence, Some(remedy.1))
                }
            }
        });
        let mut found = join_all(each).await;
        found.extend(self.adapters.secrets_unknown().into_iter().map(|trouble| {
            checkup("secret", &trouble.place, CheckupState::Warning, trouble.reason, Some(trouble.remedy))
        }));
        if found.is_empty() {
            let advice = self.key_advice().into_iter().next();
            let remedy = advice.map(|key| {
                let lack = key
                    .lacks
                    .first()
                    .map_or_else(String::new, |lack| format!(": set {} ({})", lack.variable, lack.obtained));
                format!("{}{lack}", key.adds)
            });
            let none = "none is configured; complaints, people's reports and packets work all the same".to_owned();
            found.push(checkup("secret", "", CheckupState::Warning, none, remedy));
        }
        found
    }

    fn clock(&self) -> CheckupView {
        let Some(skew) = self.adapters.clock_skew() else {
            let remedy = "with a key of any agency its answers are compared with this clock".to_owned();
            return checkup(
                "clock",
                "",
                CheckupState::Unknown,
                "no agency has answered yet, so it could not be compared".to_owned(),
                Some(remedy),
            );
        };
        let (off, which) = match u64::try_from(skew) {
            Ok(ahead) => (Duration::from_millis(ahead), "behind"),
            Err(_) => (Duration::from_millis(skew.unsigned_abs()), "ahead of"),
        };
        // Answers carry whole seconds and take their time.
        let found = format!("it is {} s {which} that of an agency", off.as_secs());
        let remedy = || Some("let this machine's clock be set by the network (systemd-timesyncd, chrony)".to_owned());
        match off {
            off if off >= SKEW_WRONG => checkup("clock", "", CheckupState::Wrong, found, remedy()),
            off if off >= SKEW_WARNING => checkup("clock", "", CheckupState::Warning, found, remedy()),
            _ => checkup("clock", "", CheckupState::Well, "it agrees with that of an agency".to_owned(), None),
        }
    }

    /// Whether the hosts that adapters ask have addresses. Those without their secrets are never asked.
    async fn names(&self, manifests: &[Manifest]) -> Vec<CheckupView> {
        let mut hosts: BTreeSet<String> = BTreeSet::new();
        for manifest in manifests.iter().filter(|manifest| {
            manifest.functions.named().iter().any(|function| self.adapters.lacks(manifest, function).is_empty())
        }) {
            for (name, origin) in &manifest.origins {
                let led = self.config.origins.get(&manifest.id).and_then(|origins| origins.get(name));
                let host = match led {
                    Some(address) => {
                        reqwest::Url::parse(address).ok().and_then(|url| url.host_str().map(str::to_owned))
                    }
                    None => origin.url.host_str().map(str::to_owned),
                };
                hosts.extend(host.filter(|host| host.trim_matches(['[', ']']).parse::<std::net::IpAddr>().is_err()));
            }
        }
        let each = hosts.into_iter().map(|host| async move {
            let looked = tokio::time::timeout(NAME_WAIT_MAX, tokio::net::lookup_host((host.as_str(), 443))).await;
            let remedy =
                || Some("look at this machine's name service (/etc/resolv.conf) and its way to the network".to_owned());
            match looked {
                Ok(Ok(mut addresses)) => match addresses.next() {
                    Some(_) => checkup("names", &host, CheckupState::Well, "it has an address".to_owned(), None),
                    None => checkup("names", &host, CheckupState::Wrong, "it has no address".to_owned(), remedy()),
                },
                Ok(Err(error)) => {
                    checkup("names", &host, CheckupState::Wrong, format!("it has no address: {error}"), remedy())
                }
                Err(_) => {
                    checkup("names", &host, CheckupState::Wrong, "nobody says what its address is".to_owned(), remedy())
                }
            }
        });
        join_all(each).await
    }

    async fn data(&self) -> Vec<CheckupView> {
        let mut found = Vec::new();
        if self.config.in_memory {
            let remedy = Some("start without --in-memory to keep anything".to_owned());
            return vec![checkup(
                "data",
                "",
                CheckupState::Warning,
                "all is kept in memory and gone at the end".to_owned(),
                remedy,
            )];
        }
        let folder = self.config.data.clone();
        let place = folder.display().to_string();
        let written = tokio::task::spawn_blocking({
            let folder = folder.clone();
            move || writable(&folder)
        });
        match written.await {
            Ok(Ok(took)) => {
                found.push(checkup(
                    "data",
                    &place,
                    CheckupState::Well,
                    format!("a file is written and synced in {} ms", took.as_millis()),
                    None,
                ));
            }
            Ok(Err(error)) => {
                let remedy = Some("let this user write there, and see to the disk".to_owned());
                found.push(checkup(
                    "data",
                    &place,
                    CheckupState::Wrong,
                    format!("a file cannot be written: {error}"),
                    remedy,
                ));
            }
            Err(_) => {}
        }
        if let Ok(free) = free_bytes(&folder) {
            let gib = free as f64 / (1024.0 * 1024.0 * 1024.0);
            let (state, remedy) = if free < FREE_BYTES_MIN {
                (CheckupState::Warning, Some("free some space: a full disk stops the answers".to_owned()))
            } else {
                (CheckupState::Well, None)
            };
            found.push(checkup("data", &place, state, format!("{gib:.1} GiB are free"), remedy));
        }
        if self.config.export.is_none() {
            let remedy = Some("write `[export]` into smartguard.toml".to_owned());
            found.push(checkup(
                "data",
                &place,
                CheckupState::Warning,
                "no export is written on a schedule".to_owned(),
                remedy,
            ));
        }
        found
    }

    fn policy_checkup(&self) -> Vec<CheckupView> {
        let mut found = Vec::new();
        let Some(view) = self.policy_views().into_iter().next() else { return found };
        let problems = |problems: &[crate::desk::ProblemView]| {
            let first = problems.first();
            let sentence = first.map_or_else(String::new, |problem| format!("{}: {}", problem.place, problem.reason));
            (sentence, first.map(|problem| problem.remedy.clone()))
        };
        if let Some(refusal) = &view.last_refusal {
            let (sentence, remedy) = problems(&refusal.problems);
            found.push(checkup(
                "policy",
                &view.name,
                CheckupState::Wrong,
                format!("the newest file is not in force: {sentence}"),
                remedy,
            ));
        }
        if !view.warnings.is_empty() {
            let (sentence, remedy) = problems(&view.warnings);
            found.push(checkup("policy", &view.name, CheckupState::Warning, sentence, remedy));
        }
        if found.is_empty() {
            found.push(checkup(
                "policy",
                &view.name,
                CheckupState::Well,
                format!("revision {} of {} is in force", view.revision, view.file),
                None,
            ));
        }
        found
    }

    async fn reserve(&self) -> Vec<CheckupView> {
        self.keeper.read(reserves).await.unwrap_or_default()
    }

    fn adapters_checkup(&self) -> Vec<CheckupView> {
        let views = self.adapters.views().into_iter();
        views
            .filter_map(|adapter| {
                let reason = adapter.reason.clone().unwrap_or_default();
                let (state, remedy) = match adapter.state.as_str() {
                    "refused" => {
                        (CheckupState::Wrong, "correct its folder; `smartguard adapter check` says where".to_owned())
                    }
                    "benched" => (
                        CheckupState::Wrong,
                        "it is tried again by itself; `smartguard adapter show` has the last failure".to_owned(),
                    ),
                    "ungranted" => (
                        CheckupState::Warning,
                        format!("read what it asks for, then `smartguard adapter grant {}`", adapter.id),
                    ),
                    _ => return None,
                };
                Some(checkup("adapter", &adapter.id, state, reason, Some(remedy)))
            })
            .collect()
    }
}

/// A business whose pools are filled and whose reserve is empty cannot replace a number that is flagged.
fn reserves(state: &State) -> Vec<CheckupView> {
    let each = state.businesses.keys().map(|business| {
        let own = || state.numbers.values().filter(|number| number.business == *business);
        let ready = state.count_in(business, &Place::Reserve);
        let shown = own().filter(|number| matches!(number.place, Place::Pool(_))).count();
        let coming = own().filter(|number| number.life == Life::Quarantined).count();
        let found = format!("{ready} numbers in reserve, {shown} in pools, {coming} on their way");
        if ready == 0 && shown > 0 {
            let remedy = "bring in new numbers early: each takes some days until it may be shown".to_owned();
            checkup("reserve", business, CheckupState::Warning, found, Some(remedy))
        } else {
            checkup("reserve", business, CheckupState::Well, found, None)
        }
    });
    each.collect()
}

fn checkup(what: &str, of: &str, state: CheckupState, found: String, remedy: Option<String>) -> CheckupView {
    CheckupView { what: what.to_owned(), of: of.to_owned(), state, found, remedy }
}

/// Writes, syncs and removes a small file.
fn writable(folder: &Path) -> std::io::Result<Duration> {
    let path = folder.join(format!(".checkup-{}-{}", std::process::id(), now().0));
    let begun = Instant::now();
    let written = std::fs::File::create_new(&path).and_then(|mut file| {
        std::io::Write::write_all(&mut file, b"smartguard")?;
        file.sync_all()
    });
    let removed = std::fs::remove_file(&path);
    written.and(removed).map(|()| begun.elapsed())
}

fn free_bytes(folder: &Path) -> rustix::io::Result<u64> {
    let about = rustix::fs::statvfs(folder)?;
    Ok(about.f_bavail.saturating_mul(about.f_frsize))
}
