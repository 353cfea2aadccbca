//! Policies in shadow of the real daemon: watched beside the one in force, and never heard.

use serde_json::{Value, json};
use smartguard_tests::command::smartguard;
use smartguard_tests::daemon::Daemon;
use smartguard_tests::floor::{NOWHERE, POLICY, business, import, list, prepare, share_compiled_adapters, sheet, text};
use std::path::Path;

const SHADOW: &str = "/v1/shadow";
const POLICIES: &str = "/v1/policies";
/// Nobody waits so long unless something is stuck.
const PATIENCE_S: u64 = 60;
const CALLS: u64 = 20;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_shadow_is_counted_beside_the_policy_in_force_and_changes_no_answer() {
    let folder = tempfile::tempdir().expect("a folder");
    let in_force = format!("{POLICY}turn_calls = 100\nturn_jitter = 0\nexplore_permille = 0\n");
    prepare(folder.path(), NOWHERE, NOWHERE, &in_force);
    share_compiled_adapters(folder.path());
    let shadow = "extends = \"default.toml\"\nturn_calls = 1\n";
    put(folder.path(), "short-turns.toml", shadow);
    let daemon = Daemon::start(folder.path());
    daemon.must_post("/v1/businesses", &business("acme", "self")).await;
    import(&daemon, "acme", sheet(212, 10, |_| true)).await;
    daemon.must_post("/v1/users", &json!({ "name": "ann", "business": "acme" })).await;
    assert_eq!(names(&daemon.get(SHADOW).await), ["short-turns"], "it is there from the start");

    // One call a number and day, of ten numbers.
    put(
        folder.path(),
        "holds.toml",
        "extends = \"default.toml\"\nper_day_soft = 1\nper_day_hard = 1\nper_hour = 1\nper_minute = 1\nramp_per_day = [1]\nladder = []\n",
    );
    daemon.wait_for(SHADOW, PATIENCE_S, |page| names(page) == ["holds", "short-turns"]).await;
    let revision = list(&daemon.get(POLICIES).await, "policies")[0]["revision"].clone();

    let first = call(&daemon, "a", 0).await;
    for n in 1..CALLS {
        assert_eq!(call(&daemon, "a", n).await, first, "a turn of a hundred calls is in force");
    }
    let page = daemon.wait_for(SHADOW, PATIENCE_S, |page| calls(page) == [CALLS, CALLS]).await;
    let [holds, turns] = list(&page, "shadows") else { panic!("{page:#}") };
    assert_eq!(turns["comparison"]["hold_to_use"], json!({}), "{page:#}");
    assert!(number(&turns["comparison"], "same") >= 1 && turns["left_out"] == 0, "{page:#}");
    assert_eq!(turns["estimate"]["estimable"], false);
    assert!(text(&turns["estimate"], "why_not").contains("explores less than 1 %"), "{page:#}");
    assert_eq!(holds["comparison"]["use_to_hold"]["caps_reached"], Value::Null, "nine others are free: {page:#}");
    let shown = measure(turns, "shown", "a_number");
    assert_eq!((&shown["in_force"], &shown["shadow"]), (&json!(CALLS), &json!(CALLS)));
    assert!(shown["difference"]["low"].as_f64() < Some(0.0) && shown["difference"]["high"].as_f64() > Some(0.0));

    // Another rule shows in the figures: what the policy in force shows to everybody, the shadow excludes.
    put(folder.path(), "holds.toml", &format!("extends = \"default.toml\"\nexcluded = [\"{first}\"]\nladder = []\n"));
    put(folder.path(), "far.toml", "extends = \"default.toml\"\nlocality = \"hard\"\nladder = []\n");
    daemon
        .wait_for(SHADOW, PATIENCE_S, |page| names(page) == ["far", "holds", "short-turns"] && calls(page)[1] == 0)
        .await;
    for n in 0..CALLS {
        assert_eq!(call(&daemon, "b", n).await, first);
    }
    let page = daemon.wait_for(SHADOW, PATIENCE_S, |page| calls(page) == [CALLS, CALLS, 2 * CALLS]).await;
    let [far, holds, turns] = list(&page, "shadows") else { panic!("{page:#}") };
    assert_eq!(holds["comparison"]["other_number"], CALLS, "{page:#}");
    assert_eq!(far["comparison"]["use_to_hold"], json!({ "no_local_number": CALLS }), "{page:#}");
    let held = measure(far, "held", "no_local_number");
    assert_eq!(
        (&held["in_force"], &held["shadow"], &held["difference"]["value"]),
        (&json!(0), &json!(CALLS), &json!(1.0))
    );
    assert!(held["difference"]["low"].as_f64() > Some(0.7), "{held}");
    assert_eq!(turns["comparison"]["calls"], 2 * CALLS, "what did not change goes on");

    broken_and_removed(&daemon, folder.path(), &first, &revision).await;
    explored(&daemon, folder.path(), &in_force).await;
    assert!(daemon.stop().success());
}

/// A broken file changes nothing, one that is gone ends, and nothing of it is a new policy.
async fn broken_and_removed(daemon: &Daemon, folder: &Path, first: &str, revision: &Value) {
    put(folder, "far.toml", "extends = \"default.toml\"\nlocalty = \"hard\"\n");
    let page = daemon.wait_for(SHADOW, PATIENCE_S, |page| !list(page, "refused").is_empty()).await;
    assert!(text(&page["refused"][0], "place").ends_with("shadow/far.toml:2"), "{page:#}");
    assert_eq!(names(&page), ["far", "holds", "short-turns"], "what was in shadow stays there: {page:#}");
    let policies = daemon.get(POLICIES).await;
    let refusal = policies["policies"][0]["last_refusal"].to_string();
    assert!(refusal.contains("localty") && refusal.contains("locality"), "{policies:#}");
    assert_eq!(call(daemon, "c", 0).await, first);
    let checked = smartguard(folder, &["policy", "check", "policies"]).ended(4);
    assert!((checked.out + &checked.err).contains("shadow/far.toml:2"));

    put(folder, "far.toml", "scope = \"user:ann\"\n");
    daemon.wait_for(SHADOW, PATIENCE_S, |page| page["refused"].to_string().contains("user:ann")).await;
    put(folder, "zz.toml", "extends = \"nobody.toml\"\n");
    daemon.wait_for(SHADOW, PATIENCE_S, |page| page["refused"].to_string().contains("3 policies")).await;
    for name in ["far.toml", "holds.toml", "zz.toml"] {
        std::fs::remove_file(folder.join("policies/shadow").join(name)).expect("removed");
    }
    let page = daemon.wait_for(SHADOW, PATIENCE_S, |page| names(page) == ["short-turns"]).await;
    assert_eq!(page["refused"], json!([]));
    let policies = daemon.get(POLICIES).await;
    assert_eq!(policies["policies"][0]["last_refusal"], Value::Null, "{policies:#}");
    assert_eq!(policies["policies"][0]["revision"], *revision, "a shadow is no new policy");
    smartguard(folder, &["policy", "check", "policies"]).ended(0);
    smartguard(folder, &["policy", "check", "policies/shadow/short-turns.toml"]).ended(0);
}

/// While the policy in force explores, outcomes are weighed; and all of it is shown on the command line.
async fn explored(daemon: &Daemon, folder: &Path, in_force: &str) {
    let before = daemon.get(SHADOW).await["revision"].clone();
    smartguard_tests::floor::write_policy(folder, &in_force.replace("explore_permille = 0", "explore_permille = 200"));
    let page = daemon.wait_for(SHADOW, PATIENCE_S, |page| page["revision"] != before).await;
    assert_eq!(calls(&page), [0], "the comparison begins anew beside another policy: {page:#}");
    for n in 0..120 {
        call(daemon, "d", n).await;
        let outcome = match n % 3 {
            0 => json!({ "call_id": format!("d{n}"), "dialstatus": "ANSWER", "answered_by": "human", "duration": 40 }),
            _ => json!({ "call_id": format!("d{n}"), "dialstatus": "NOANSWER" }),
        };
        daemon.must_post("/v1/outcomes", &outcome).await;
    }
    let told = |page: &Value| {
        let estimate = &page["shadows"][0]["estimate"];
        calls(page) == [120] && number(estimate, "calls") + number(estimate, "out_of_reach") == 120
    };
    let page = daemon.wait_for(SHADOW, PATIENCE_S, told).await;
    let estimate = &page["shadows"][0]["estimate"];
    assert_eq!((&estimate["of"], &estimate["untold"]), (&json!("answered_human"), &json!(0)), "{page:#}");
    assert!(number(estimate, "shown_alike") > 0 && estimate["since"].is_string(), "{page:#}");

    let server = ["--server", daemon.base.as_str()];
    let said = smartguard(folder, &[&server[..], &["policy", "shadow"]].concat()).ended(0);
    for part in ["short-turns", "same answer", "locality", "answered_human", "delta method", "Wald"] {
        assert!(said.out.contains(part), "{part:?} is not said:\n{}", said.out);
    }
    let said = smartguard(folder, &[&server[..], &["--json", "policy", "shadow"]].concat()).ended(0).json();
    assert_eq!(said["shadows"][0]["name"], "short-turns");

    std::fs::remove_dir_all(folder.join("policies/shadow")).expect("removed");
    daemon.wait_for(SHADOW, PATIENCE_S, |page| names(page).is_empty()).await;
    call(daemon, "e", 0).await;
    let said = smartguard(folder, &[&server[..], &["policy", "shadow"]].concat()).ended(0);
    assert!(said.out.contains("No policy is in shadow"), "{said:?}");
}

fn put(folder: &Path, name: &str, policy: &str) {
    let shadows = folder.join("policies/shadow");
    std::fs::create_dir_all(&shadows).expect("a folder");
    std::fs::write(shadows.join(name), policy).expect("written");
}

/// Calls somebody of California, who was never called; answers with the number that was shown.
async fn call(daemon: &Daemon, round: &str, n: u64) -> String {
    let place = round.bytes().next().map_or(0, u64::from) % 10;
    let ask = json!({ "user": "ann", "to": format!("+1415555{place}{n:03}"), "call_id": format!("{round}{n}") });
    let answer = daemon.must_post("/v1/caller-id", &ask).await;
    text(&answer, "caller_id").to_owned()
}

fn names(page: &Value) -> Vec<&str> {
    list(page, "shadows").iter().map(|shadow| text(shadow, "name")).collect()
}

fn calls(page: &Value) -> Vec<u64> {
    list(page, "shadows").iter().map(|shadow| number(&shadow["comparison"], "calls")).collect()
}

fn number(value: &Value, field: &str) -> u64 {
    value[field].as_u64().unwrap_or_else(|| panic!("`{field}` is no count in {value}"))
}

fn measure(shadow: &Value, what: &str, word: &str) -> Value {
    let measures = list(&shadow["comparison"], "measures");
    let found = measures.iter().find(|measure| measure["what"] == what && measure["word"] == word);
    found.unwrap_or_else(|| panic!("{what} {word} is not in {shadow:#}")).clone()
}
