//! Manifests as people write them, and what they are told when something in them is wrong.

use sandbox::grant::{Grant, Grants, Verdict};
use sandbox::manifest::{Effects, Encoding, Kind, Manifest, Verb};
use std::time::Duration;

const GOOD: &str = r#"
id = "nomorobo"
kind = "agency"
version = "1.0.0"
summary = "Blocks robocalls on landlines and in an app"
wit = "0.0.1"
confidence = "secondary"
sources = ["https://www.nomorobo.com"]

[origins]
api = "https://api.nomorobo.com"

[origins.form]
url = "https://www.nomorobo.com/contact"
methods = ["get", "post"]
per_minute = 6

[secrets.API_KEY]
origins = ["api"]
where = "ask their sales for the Enterprise API"

[config]
spam_from = 80
strict = true

[limits]
timeout_s = 10

[rates]
per_minute = 120

[agencies]
speaks_for = ["nomorobo"]

[functions.check]
price_micros = 3000

[functions.dispute]
effects = "manual"

[timetable]
acknowledged_in_days = 3

[datasets.complaints]
origin = "api"
path = "/files/{date}.csv"
days = 90
weekdays_only = true
key_column = "Phone"
encoding = "cp1252"
must_begin_with = "Phone"
"#;

/// Changes one place of the good manifest; the refusal names the line of the change, the reason and the remedy.
#[track_caller]
fn check(from: &str, to: &str, expected: &str) {
    assert!(GOOD.contains(from), "the good manifest has no {from:?}");
    let text = GOOD.replacen(from, to, 1);
    let before = GOOD.split(from).next().unwrap_or_default();
    // What is missing has no line of its own; the whole table's is named.
    let line = if to.is_empty() { 1 } else { before.lines().count().max(1) + usize::from(before.ends_with('\n')) };
    let refusal = match Manifest::parse("adapter.toml", &text) {
        Ok(_) => panic!("{to:?} was accepted"),
        Err(trouble) => trouble.to_string(),
    };
    assert_eq!(refusal, format!("adapter.toml:{line}: {expected}"));
}

#[test]
fn a_whole_manifest_says_what_it_says_and_has_defaults_for_the_rest() {
    let manifest = Manifest::parse("adapter.toml", GOOD).expect("the good manifest");
    assert_eq!((manifest.id.as_str(), manifest.kind), ("nomorobo", Kind::Agency));
    assert_eq!(manifest.origins["api"].methods, [Verb::Get].into());
    assert_eq!(manifest.origins["form"].methods, [Verb::Get, Verb::Post].into());
    assert_eq!(manifest.origins["form"].per_minute, Some(6));
    assert_eq!(manifest.config["spam_from"], "80");
    assert_eq!(manifest.config["strict"], "true");
    assert_eq!(manifest.limits.timeout, Duration::from_secs(10));
    assert_eq!(manifest.limits.memory_max, 48 << 20);
    assert_eq!(manifest.per_minute, 120);
    assert_eq!(manifest.functions.check.map(|check| check.price_micros), Some(3000));
    assert_eq!(manifest.functions.dispute.map(|filing| filing.effects), Some(Effects::Manual));
    assert!(manifest.functions.register.is_none());
    assert_eq!((manifest.timetable.acknowledged_in_days, manifest.timetable.effective_in_days), (3, 14));
    assert_eq!(manifest.datasets["complaints"].encoding, Encoding::Cp1252);
}

#[test]
fn an_unknown_field_names_its_line_and_the_nearest_known_name() {
    check(
        "timeout_s = 10",
        "timeuot_s = 10",
        "unknown field `timeuot_s`; did you mean `timeout_s`? (known here: memory_max_mib, cpu_ms, timeout_s, \
         concurrency, body_max_kib, log_max_kib, batch_max)",
    );
    check(
        "methods = [\"get\", \"post\"]",
        "method = [\"get\"]",
        "unknown field `method`; did you mean `methods`? (known here: url, methods, per_minute)",
    );
    check(
        "\"post\"]",
        "\"pots\"]",
        "unknown variant `pots`; did you mean `post`? (known here: get, post, put, patch, delete)",
    );
    check("version = \"1.0.0\"\n", "", "missing field `version`; add `version = …`");
}

#[test]
fn values_out_of_bounds_are_refused_with_the_bounds() {
    check("timeout_s = 10", "timeout_s = 900", "`timeout_s` is 900; write a value from 1 to 300 (default 20)");
    check("per_minute = 6\n", "per_minute = 0\n", "`per_minute` is 0; write a value from 1 to 6000 (default 60)");
    check(
        "https://api.nomorobo.com",
        "http://api.nomorobo.com",
        "`http://api.nomorobo.com` is not encrypted; write `https://…`; the operator's configuration may rebind \
         it to a plain address",
    );
    check(
        "https://api.nomorobo.com",
        "https://me:pw@api.nomorobo.com",
        "`https://me:pw@api.nomorobo.com` holds a user or a password; those are secrets; write it as in \
         `https://api.example.com`",
    );
    check(
        "id = \"nomorobo\"",
        "id = \"No/mo\"",
        "`No/mo` is no adapter id; write up to 40 lower-case letters, digits and underscores, beginning with a letter",
    );
    check(
        "wit = \"0.0.1\"",
        "wit = \"9.0.0\"",
        "`wit` is `9.0.0`, which this host does not serve; build the adapter against `0.0.1`, or install a host \
         that serves it",
    );
}

#[test]
fn things_that_refer_to_nothing_are_refused() {
    check("origins = [\"api\"]", "origins = [\"apo\"]", "no origin is named `apo`; did you mean `api`?");
    check(
        "origin = \"api\"",
        "origin = \"elsewhere\"",
        "no origin is named `elsewhere`; name it under [origins], as in `elsewhere = \"https://…\"`",
    );
    check(
        "effects = \"manual\"",
        "effects = \"queryable\"",
        "`dispute` is queryable, but nothing says how to query it; add `[functions.track]` and `settle_s = …` (how \
         long until `absent` can be believed), or write `effects = \"manual\"`",
    );
    check(
        "/files/{date}.csv",
        "/files/today.csv",
        "`/files/today.csv` does not say where the file of a day is; begin with `/` and write `{date}` once, where \
         2026-11-23 stands in the address",
    );
}

#[test]
fn a_kind_has_its_own_functions() {
    let text = GOOD.replacen("kind = \"agency\"", "kind = \"carrier-lookup\"", 1);
    let trouble = Manifest::parse("adapter.toml", &text).expect_err("it checks, as agencies do");
    let line = 1 + text.lines().position(|line| line == "[functions.check]").expect("it is declared");
    assert_eq!(trouble.place, format!("adapter.toml:{line}"));
    assert_eq!(trouble.reason, "adapters of kind `carrier-lookup` have no function `check`");
    assert_eq!(trouble.remedy, "known here: lookup, price_micros, probe");
}

/// Judges the good manifest, changed in one place, under the grant of the good manifest.
#[track_caller]
fn check_verdict(from: &str, to: &str, missing: Option<&str>) {
    let read = |text: &str| Manifest::parse("adapter.toml", text).expect("a manifest");
    let mut grants = Grants::default();
    grants.add(&Grant::of(&read(GOOD)));
    assert!(GOOD.contains(from), "the good manifest has no {from:?}");
    match (grants.judge(&read(&GOOD.replacen(from, to, 1))), missing) {
        (Verdict::Granted(_), None) => {}
        (Verdict::Held { missing, reason }, Some(expected)) => {
            assert_eq!(missing.to_string(), expected);
            assert!(reason.ends_with(expected), "{reason}");
        }
        (verdict, _) => panic!("{verdict:?}"),
    }
}

#[test]
fn a_grant_binds_to_powers_and_not_to_a_revision() {
    check_verdict("version = \"1.0.0\"", "version = \"2.0.0\"", None);
    check_verdict("\"get\", \"post\"", "\"get\"", None);
    check_verdict("per_minute = 120", "per_minute = 90", None);
    check_verdict(
        "\"get\", \"post\"",
        "\"get\", \"put\"",
        Some("PUT requests to https://www.nomorobo.com/contact (as `form`)"),
    );
    check_verdict("per_minute = 120", "per_minute = 121", Some("up to 121 requests a minute"));
    check_verdict(
        "https://api.nomorobo.com",
        "https://api.elsewhere.com",
        Some("GET requests to https://api.elsewhere.com/ (as `api`)"),
    );
    check_verdict("[\"api\"]", "[\"api\", \"form\"]", Some("the secret API_KEY at `form`"));

    let manifest = Manifest::parse("adapter.toml", GOOD).expect("the good manifest");
    let mut grants = Grants::default();
    grants.add(&Grant::of(&manifest));
    let sees_callees = Manifest { kind: Kind::CarrierLookup, ..manifest.clone() };
    let Verdict::Held { missing, .. } = grants.judge(&sees_callees) else { panic!("it sees callees now") };
    assert_eq!(missing.to_string(), "the numbers of callees");

    let mut grants = Grants::default();
    assert!(matches!(grants.judge(&manifest), Verdict::Ungranted { .. }));
    grants.add(&Grant::of(&manifest));
    assert!(matches!(grants.judge(&manifest), Verdict::Granted(_)));
    grants.revoke("nomorobo");
    assert!(matches!(grants.judge(&manifest), Verdict::Ungranted { .. }));
}
