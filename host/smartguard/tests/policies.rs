//! Policy files: what is read, what is refused with place, reason and remedy, and that the documents keep step.

use core::time::Duration;
use numbers::E164;
use numbers::Scope;
use numbers::policy::{Durability, OnUnknownUser, Policy, Rung, Strictness};
use smartguard::policies::{self, BUNDLED, PolicyFile, fields};
use std::collections::BTreeSet;

/// Every problem of `text` as one line each: place, reason, remedy.
fn problems(text: &str) -> String {
    let problems = policies::read("p.toml", text).map(|_| Vec::new()).unwrap_or_else(|problems| problems);
    let lines: Vec<String> = problems.iter().map(|p| format!("{} | {} | {}", p.place, p.reason, p.remedy)).collect();
    lines.join("\n")
}

/// Checks that `text` is refused with one problem that says all of `parts`.
#[track_caller]
fn check(text: &str, parts: &[&str]) {
    let said = problems(text);
    assert_eq!(said.lines().count(), 1, "one problem is expected in {text:?}, and these came:\n{said}");
    for part in parts {
        assert!(said.contains(part), "{part:?} is not said of {text:?}:\n{said}");
    }
}

#[test]
fn the_bundled_file_says_the_defaults_in_full() {
    let read = policies::read("default.toml", BUNDLED).expect("the bundled file is right");
    assert_eq!(read.policy, Policy::default());
    assert_eq!(read.warnings, [], "the defaults follow our own advice");
    for field in fields::FIELDS {
        let line = format!("{} = {}", field.name, (field.show)(&Policy::default()));
        assert!(BUNDLED.lines().any(|said| said == line), "the bundled file lacks the line `{line}`");
    }
}

#[test]
fn every_field_of_a_policy_can_be_said() {
    let policy = serde_json::to_value(Policy::default()).expect("plain data");
    let held: BTreeSet<&str> = policy.as_object().expect("a record").keys().map(String::as_str).collect();
    // Exemptions are tables of their own.
    let held: BTreeSet<&str> = held.into_iter().filter(|field| *field != "exemptions").collect();
    let said: BTreeSet<&str> = fields::FIELDS.iter().map(|field| field.name).collect();
    assert_eq!(held, said, "a field that is missing on one side belongs into `policies/fields.rs`");
}

#[test]
fn every_code_of_a_receipt_has_a_sentence_and_rests_on_fields_that_there_are() {
    use numbers::{HoldReason, Life, Passed};
    let lives = [Life::Quarantined, Life::Ready, Life::Active, Life::AtRisk, Life::Remediating, Life::Retired];
    let codes = [
        Passed::Chosen,
        Passed::Resting,
        Passed::RightUnproven,
        Passed::StandingExcludes,
        Passed::UnknownCarrierRisk,
        Passed::NotLocal,
        Passed::WarmUp,
        Passed::PerDay,
        Passed::PerHour,
        Passed::PerMinute,
        Passed::TurnGap,
        Passed::BetterStandingFirst,
        Passed::NearerFirst,
        Passed::OutOfTurn,
        Passed::LessLoadedFirst,
        Passed::HealthierFirst,
        Passed::Drawn,
        Passed::StickyFirst,
        Passed::CalleeHeld,
        Passed::RankedFirst,
    ];
    let holds = [
        HoldReason::Suppressed,
        HoldReason::OutsideLegalHours,
        HoldReason::OutsidePolicyHours,
        HoldReason::AttemptsSpent,
        HoldReason::ChangeSpent,
        HoldReason::TurnGap,
        HoldReason::CapsReached,
        HoldReason::NoLocalNumber,
        HoldReason::NoNumber,
    ];
    let codes = codes.into_iter().chain(lives.map(Passed::NotShown)).map(|code| (code.sentence(), code.rests_on()));
    let holds = holds.map(|hold| (hold.sentence(), hold.rests_on()));
    let mut sentences = BTreeSet::new();
    for (sentence, rests_on) in codes.chain(holds) {
        assert!(sentence.ends_with('.') && sentences.insert(sentence), "{sentence}");
        for field in rests_on {
            assert!(fields::FIELDS.iter().any(|known| known.name == *field), "there is no field `{field}`: {sentence}");
        }
    }
}

#[test]
fn the_readme_has_every_field() {
    let readme = include_str!("../../../policies/README.md");
    let table = fields::table();
    assert!(readme.contains(&table), "put this table into policies/README.md:\n{table}");
}

#[test]
fn what_is_shown_can_be_read_back() {
    let policy = Policy {
        per_day_soft: 7,
        per_hour: 7,
        turn_gap: Duration::from_millis(90_250),
        ladder: vec![Rung::Reserve],
        ramp_per_day: vec![1, 2],
        on_unknown_user: OnUnknownUser::Refuse,
        durability: Durability::Sync,
        carrier_per_day: Some(5),
        user_per_hour: Some(90),
        turn_for: Some(Duration::from_secs(600)),
        rest_every: Some(Duration::from_secs(60 * 86_400)),
        rest_every_calls: Some(3_000),
        locality: Strictness::Hard,
        one_campaign: Strictness::Off,
        pinned: vec![E164::parse("+13125550100").expect("a number")],
        explore_permille: 20,
        ranker: Some("answered_first".to_owned()),
        ranker_deadline: Duration::from_millis(3),
        ..Policy::default()
    };
    let text: Vec<String> = policies::shown(&policy).iter().map(|(name, value)| format!("{name} = {value}")).collect();
    assert_eq!(policies::read("p.toml", &text.join("\n")).expect("it reads").policy, policy);
}

#[test]
fn durations_may_be_texts_or_seconds() {
    let read = |value: &str| policies::read("p.toml", &format!("turn_gap = {value}")).map(|read| read.policy.turn_gap);
    for (value, seconds) in
        [("\"14d\"", 14 * 86_400), ("\"90s\"", 90), ("\"2m\"", 120), ("45", 45), ("\"1d12h\"", 129_600)]
    {
        assert_eq!(read(value).ok(), Some(Duration::from_secs(seconds)), "{value}");
    }
    for value in ["\"2 minutes\"", "\"\"", "-1", "\"m\"", "1.5", "\"99999999999999999999d\"", "true"] {
        check(&format!("turn_gap = {value}"), &["p.toml:1", "turn_gap", "\"14d\""]);
    }
}

#[test]
fn impossible_files_are_refused_with_place_reason_and_remedy() {
    check("\n\nper_day_sotf = 3", &["p.toml:3", "`per_day_sotf`", "did you mean `per_day_soft`?"]);
    check("colour = 3", &["p.toml:1", "`colour`", "write one of: per_day_soft"]);
    check("per_day_soft = 80\nper_day_hard = 70", &["p.toml:1", "above `per_day_hard` (70)"]);
    check("turn_calls = 3\nturn_jitter = 3", &["p.toml:2", "not below `turn_calls`"]);
    check(
        "ladder = [\n  \"bench\",\n  \"reserv\",\n]",
        &["p.toml:3", "no rung \"reserv\"", "did you mean \"reserve\"?"],
    );
    check("ladder = [\"bench\", \"bench\"]", &["twice"]);
    check("pool_size = 0", &["p.toml:1", "`pool_size` is 0", "1 to 1000"]);
    check("per_minute = 20", &["above `per_hour` (12)"]);
    check("attempts_per_24h = 9", &["above `attempts_per_30d` (8)"]);
    check("per_hour = 0", &["`per_hour` is 0"]);
    check("resting_percent_max = 101", &["0 to 100"]);
    check("leave_pool_permille = -1", &["-1"]);
    check("per_hour = 99999999999999999999", &["p.toml:1", "`per_hour`"]);
    check("per_hour = \"12\"", &["without quotes"]);
    check("ramp_per_day = [20, 10]", &["falls from 20 to 10"]);
    check("ramp_per_day = [10, 200]", &["ends at 200"]);
    check(&format!("ramp_per_day = [{}]", "1, ".repeat(101)), &["101 stages", "at most 100"]);
    check("check_every = \"1h\"", &["`check_every_urgent` is longer"]);
    check("on_unknown_user = \"creat\"", &["did you mean \"create\"?"]);
    check("ranker = \"Answered First\"", &["p.toml:1", "`ranker`", "adapter.toml"]);
    check("ranker_deadline = \"1s\"", &["p.toml:1", "`ranker_deadline`", "50ms"]);
    check("durability = \"always\"", &["write one of: lease, sync"]);
    check("locality = \"hart\"", &["p.toml:1", "did you mean \"hard\"?"]);
    check("user_per_day = \"none\"", &["p.toml:1", "`user_per_day`", "or \"off\""]);
    check("turn_for = \"0s\"", &["outside of 1s"]);
    check("pinned = [\"+13125550100\", \"312\"]", &["p.toml:1", "`pinned` has \"312\"", "with its country"]);
    check("pinned = [\"+13125550100\"]\nexcluded = [\"+13125550100\"]", &["p.toml:1", "both `pinned` and `excluded`"]);
    check("user_per_hour = 9\nuser_per_day = 8", &["p.toml:1", "`user_per_hour` is above `user_per_day`"]);
    check("rest_every = \"20d\"\nrest_planned_for = \"30d\"", &["p.toml:1", "rest more than it serves"]);
    check("day_starts_at = \"25h\"", &["outside of 0s to"]);
    check("check_every = 0", &["outside of 1s"]);
    check("per_hour = 3\nper_hour = 4", &["p.toml:2", "no TOML"]);
    check("per_hour = ", &["p.toml:1", "no TOML"]);
}

#[test]
fn all_problems_come_at_once() {
    assert_eq!(problems("per_hour = 0\nnope = 1\npool_size = \"x\"").lines().count(), 3);
}

#[test]
fn unwise_values_are_warned_of_and_hold() {
    let read = policies::read("p.toml", "\nrest_for = 2\ncheck_every = 5\ncheck_every_urgent = 1").expect("allowed");
    assert_eq!(read.policy.rest_for, Duration::from_secs(2));
    let places: Vec<&str> = read.warnings.iter().map(|warning| warning.place.as_str()).collect();
    assert_eq!(places, ["p.toml:2", "p.toml:3", "p.toml:4"]);
}

#[test]
fn a_folder_without_a_file_has_the_bundled_policy() {
    let folder = tempfile::tempdir().expect("a folder");
    assert_eq!(policies::read_folder(folder.path()).expect("bundled").policy, Policy::default());
    std::fs::write(folder.path().join("default.toml"), "\u{feff}per_hour = 11\r\n").expect("written");
    assert_eq!(policies::read_folder(folder.path()).expect("read").policy.per_hour, 11);
    std::fs::write(folder.path().join("default.toml"), [0xff, 0xfe, 0x00]).expect("written");
    assert_eq!(policies::read_folder(folder.path()).expect_err("no text").len(), 1);
}

/// Reads these files as one folder. Answers every problem as one line each: place, reason, remedy.
fn folder(files: &[(&str, &str)]) -> Result<policies::ReadPolicies, String> {
    let read = |(name, text): &(&str, &str)| PolicyFile::read(name, text).expect("each file alone is right");
    policies::read_files(files.iter().map(read)).map_err(|problems| {
        let lines = problems.iter().map(|p| format!("{} | {} | {}", p.place, p.reason, p.remedy));
        lines.collect::<Vec<_>>().join("\n")
    })
}

/// Checks that the folder is refused with one problem that says all of `parts`.
#[track_caller]
fn check_folder(files: &[(&str, &str)], parts: &[&str]) {
    let said = folder(files).expect_err("it is refused");
    assert_eq!(said.lines().count(), 1, "one problem is expected, and these came:\n{said}");
    for part in parts {
        assert!(said.contains(part), "{part:?} is not said:\n{said}");
    }
}

#[test]
fn a_scope_says_only_what_it_changes() {
    let read = folder(&[
        ("default.toml", "turn_calls = 6"),
        ("careful.toml", "per_hour = 8\nper_day_soft = 40"),
        ("acme.toml", "scope = \"business:acme\"\nextends = \"careful.toml\"\nper_day_soft = 45"),
        ("ann.toml", "scope = \"user:ann\"\nturn_calls = 3"),
    ])
    .expect("it reads");
    let held = read.policies(1);
    let policy = held.of_call("acme", &numbers::OwnerId::User("ann".into()), None);
    assert_eq!((policy.per_hour, policy.per_day_soft, policy.turn_calls, policy.per_minute), (8, 45, 3, 3));
    assert_eq!(read.warnings, []);

    let scopes = [Scope::Business("acme".into()), Scope::User("ann".into())];
    let explained = policies::explained(&read, &scopes);
    let said = |name: &str| {
        let field = explained.iter().find(|field| field.name == name).expect("a field");
        let scope = field.scope.as_ref().map_or("default".to_owned(), ToString::to_string);
        (scope, field.place.clone().unwrap_or_default())
    };
    assert_eq!(said("per_hour"), ("business:acme".into(), "careful.toml:1".into()));
    assert_eq!(said("per_day_soft"), ("business:acme".into(), "acme.toml:3".into()));
    assert_eq!(said("turn_calls"), ("user:ann".into(), "ann.toml:2".into()));
    assert_eq!(said("per_minute"), ("default".into(), String::new()));
}

#[test]
fn what_is_lifted_is_told_with_its_scope() {
    let read = folder(&[
        ("default.toml", "turn_calls = 6"),
        (
            "spring.toml",
            "scope = \"campaign:spring\"\n[[exempt]]\nrule = \"do_not_call\"\nbecause = \"consent\"\nby = \"Ann\"",
        ),
    ])
    .expect("it reads");
    let lifted = |campaign: &str| {
        let lifted = policies::lifted(&read, &[Scope::Business("acme".into()), Scope::Campaign(campaign.into())]);
        lifted.into_iter().map(|(exemption, scope)| (exemption.rule, scope.map(|scope| scope.to_string())))
    };
    let in_spring = ("do_not_call".to_owned(), Some("campaign:spring".to_owned()));
    assert_eq!(lifted("spring").collect::<Vec<_>>(), [in_spring]);
    assert_eq!(lifted("autumn").count(), 0);
}

#[test]
fn a_scope_that_cannot_hold_is_refused() {
    let of = |scope: &str, rest: &str| format!("scope = \"{scope}\"\n{rest}");
    let one = |text: &str, parts: &[&str]| check_folder(&[("default.toml", ""), ("x.toml", text)], parts);
    one(&of("user:ann", "durability = \"sync\""), &["x.toml:2", "one for the whole daemon", "move it to default.toml"]);
    one(&of("user:ann", "rest_for = \"7d\""), &["x.toml:2", "belong to a business", "file of the business"]);
    one(&of("user:ann", "attempts_per_24h = 4"), &["x.toml:2", "would relax a rule of law, which is 3", "[[exempt]]"]);
    one(&of("user:ann", "per_day_soft = 80"), &["x.toml:2", "above `per_day_hard` (75)"]);
    one("extends = \"y.toml\"", &["x.toml:1", "no such file"]);
    one("extends = \"defalt.toml\"", &["x.toml:1", "did you mean \"default.toml\"?"]);
    one("extends = \"x.toml\"", &["x.toml:1", "in a circle"]);
    let all = ("default.toml", BUNDLED);
    let ann = ("x.toml", "scope = \"user:ann\"\nextends = \"default.toml\"");
    check_folder(&[all, ann], &["x.toml:2", "holds for everybody", "take `extends` out"]);
    check_folder(
        &[("default.toml", "scope = \"user:ann\""), ("x.toml", "")],
        &["default.toml:1", "holds for everybody", "take `scope` out"],
    );
    check_folder(
        &[("a.toml", &of("user:ann", "")), ("b.toml", &of("user:ann", ""))],
        &["b.toml:1", "has a file already, a.toml"],
    );
    let narrow = of("campaign:spring", "per_hour = 12");
    check_folder(
        &[
            (
                "acme.toml",
                &of("business:acme", "per_hour = 8\nper_day_soft = 10\nper_day_hard = 11\nramp_per_day = []"),
            ),
            ("spring.toml", &narrow),
        ],
        &["spring.toml:2", "above `per_day_hard` (11)", "together with business:acme"],
    );
    check("scope = \"team:a\"", &["p.toml:1", "which is nobody", "business:acme"]);
    check("scpe = \"user:a\"", &["p.toml:1", "did you mean `scope`?"]);
}

#[test]
fn an_exemption_names_its_rule_its_reason_and_who_answers_for_it() {
    let exempt = |rest: &str| format!("scope = \"business:acme\"\nattempts_per_24h = 4\n[[exempt]]\n{rest}");
    let right = exempt("rule = \"attempts_per_24h\"\nbecause = \"written consent\"\nby = \"Jo Doe\"");
    let read = folder(&[("default.toml", ""), ("acme.toml", &right)]).expect("it reads");
    let held = read.policies(1);
    assert_eq!(held.of_business("acme").attempts_per_24h, 4);
    assert_eq!(held.of_business("acme").exemptions[0].by, "Jo Doe");
    for (rest, parts) in [
        ("rule = \"attempts_per_24h\"\nbecause = \"x\"", &["`by = "][..]),
        ("rule = \"per_hour\"\nbecause = \"x\"\nby = \"y\"", &["no rule of law", "attempts_per_24h"]),
        ("rul = \"attempts_per_24h\"", &["did you mean `rule`?"]),
    ] {
        let problems = PolicyFile::read("p.toml", &exempt(rest)).expect_err("it is refused");
        let said: Vec<String> = problems.iter().map(ToString::to_string).collect();
        for part in parts {
            assert!(said.iter().any(|line| line.contains(part)), "{part:?} is not said of {rest:?}: {said:?}");
        }
    }
}

#[test]
fn a_file_that_changes_nothing_is_warned_of() {
    let read = folder(&[("default.toml", ""), ("left.toml", "turn_calls = 4")]).expect("it reads");
    let warning = &read.warnings[0];
    assert!(warning.place == "left.toml" && warning.reason.contains("changes nothing"), "{warning}");
}

#[test]
fn one_file_is_tried_as_the_policy_of_everybody_over_what_it_builds_on() {
    let folder = tempfile::tempdir().expect("a folder");
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).expect("written");
    write("default.toml", "turn_calls = 6\nper_hour = 9\nattempts_per_24h = 2\n");
    write("threes.toml", "extends = \"default.toml\"\nturn_calls = 3\n");
    write("alone.toml", "turn_calls = 4\n");
    write("spring.toml", "scope = \"campaign:spring\"\nextends = \"alone.toml\"\nper_hour = 7\n");
    write("broken.toml", "trun_calls = 4\n");
    write("circle.toml", "extends = \"ring.toml\"\n");
    write("ring.toml", "extends = \"circle.toml\"\n");
    write("lax.toml", "scope = \"campaign:lax\"\nattempts_per_24h = 3\n");
    write("out.toml", "extends = \"../default.toml\"\n");
    let read = |name: &str| policies::read_file(&folder.path().join(name));
    let figures = |name: &str| {
        let read = read(name).unwrap_or_else(|problems| panic!("{name}: {problems:?}"));
        assert!(read.scopes.is_empty(), "{name}: it holds for everybody");
        let Policy { turn_calls, per_hour, attempts_per_24h, .. } = read.policy;
        (turn_calls, per_hour, attempts_per_24h)
    };
    assert_eq!(figures("default.toml"), (6, 9, 2));
    assert_eq!(figures("threes.toml"), (3, 9, 2), "what it leaves out, the file that it builds on says");
    assert_eq!(figures("alone.toml"), (4, 12, 3), "what nobody says is a first default");
    assert_eq!(figures("spring.toml"), (4, 7, 2), "as if everybody were in that campaign");
    let place = read("threes.toml").expect("right").place(None, "per_hour").expect("said").to_owned();
    assert!(place.ends_with("default.toml:2"), "{place}");
    for (name, part) in [
        ("broken.toml", "there is no field `trun_calls`"),
        ("circle.toml", "in a circle"),
        ("lax.toml", "would relax a rule of law"),
        ("out.toml", "no such file"),
    ] {
        let problems = read(name).expect_err(name);
        assert!(problems.iter().any(|problem| problem.reason.contains(part)), "{name}: {problems:?}");
    }
}
