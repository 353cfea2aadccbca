//! Mistakes that people make in policy files: each is caught without a daemon, with its place, the reason and a remedy.

use smartguard::policies::{self, PolicyFile};
use smartguard::strict::Problem;

/// What `policy check` and then `policy test` say of these files, which lie in one folder.
fn said(files: &[(&str, &str)]) -> Vec<Problem> {
    let mut read = Vec::new();
    let mut problems = Vec::new();
    for (name, text) in files {
        match PolicyFile::read(name, text) {
            Ok(file) => read.push(file),
            Err(found) => problems.extend(found),
        }
    }
    if !problems.is_empty() {
        return problems;
    }
    match policies::read_files(read) {
        Ok(read) => policies::try_cases(&read.cases, &read.policies(0)).failed,
        Err(problems) => problems,
    }
}

#[track_caller]
fn check_files(what: &str, files: &[(&str, &str)], place: &str, reason: &str, remedy: &str) {
    let said = said(files);
    let [problem] = said.as_slice() else { panic!("{what}: one problem is expected, and these came: {said:#?}") };
    assert_eq!(problem.place, place, "{what}: {problem}");
    assert!(problem.reason.contains(reason), "{what}: {problem}");
    assert!(problem.remedy.contains(remedy), "{what}: {problem}");
}

#[track_caller]
fn check(what: &str, text: &str, line: u32, reason: &str, remedy: &str) {
    check_files(what, &[("default.toml", text)], &format!("default.toml:{line}"), reason, remedy);
}

#[test]
fn mistakes_are_caught_before_anything_is_saved_for_real() {
    check("a wrong unit", "turn_gap = \"2 minutes\"", 1, "that is not a span of time", "\"2m\"");
    check("a unit where none belongs", "per_hour = \"12/h\"", 1, "not a whole number", "without quotes");
    check("an unknown field", "\nper_day_sotf = 50", 2, "no field `per_day_sotf`", "`per_day_soft`");
    check("a cap of nothing", "per_day_soft = 0", 1, "outside of 1 to", "from 1 to");
    check("a soft cap above the hard one", "per_day_soft = 90", 1, "above `per_day_hard` (75)", "at most the hard one");
    check("an hour above its day", "per_hour = 80", 1, "above `per_day_hard`", "lower `per_hour`");
    check("a turn that could have no call", "turn_jitter = 5", 1, "a turn could have no call", "smaller than");
    check("a span that is negative", "rest_for = -3", 1, "not a span of time", "\"14d\"");
    check("a warm-up that falls", "ramp_per_day = [20, 10, 60]", 1, "falls from 20 to 10", "fewest calls");
    check("a rung that there is not", "ladder = [\"bench\", \"hardcap\"]", 1, "no rung \"hardcap\"", "\"hard_cap\"");
    check("a rung that is never reached", "ladder = [\"bench\", \"bench\"]", 1, "twice", "each rung once");
    check("hours that never open", "calling_hours = \"mon-sun closed\"", 1, "never opens", "open at least one day");
    check(
        "hours across midnight",
        "calling_hours = \"mon-fri 20:00-6:00\"",
        1,
        "closes before it opens",
        "two entries",
    );
    check("a day that there is not", "calling_hours = \"mo-fr 8:00-20:00\"", 1, "is no day", "mon-fri");
    check("a rule that is neither off nor soft nor hard", "locality = true", 1, "not a text", "in double quotes");
    check("a choice that there is not", "on_unknown_user = \"creat\"", 1, "knows no \"creat\"", "\"create\"");
    check("suspects watched less", "check_every = \"2h\"", 1, "would be watched less", "at most `check_every`");
    check("the same line twice", "per_hour = 3\nper_hour = 4", 2, "no TOML", "a line");
    check(
        "an exemption that nobody answers for",
        "[[exempt]]\nrule = \"jurisdictions\"",
        1,
        "who answers for it",
        "by =",
    );

    let relaxed =
        [("default.toml", ""), ("ann.toml", "scope = \"user:ann\"\nattempts_per_24h = 9\nattempts_per_30d = 9")];
    let said_of = said(&relaxed);
    assert_eq!(said_of.len(), 2, "a law relaxed, twice: {said_of:#?}");
    assert!(said_of.iter().all(|problem| problem.reason.contains("would relax a rule of law")), "{said_of:#?}");
    let hours = [
        ("default.toml", "calling_hours = \"daily 9:00-12:00\""),
        ("ann.toml", "scope = \"user:ann\"\ncalling_hours = \"daily 13:00-18:00\""),
    ];
    let said_of = said(&hours);
    assert!(
        said_of.iter().any(|problem| problem.place == "ann.toml:2" && problem.reason.contains("leaves nothing")),
        "{said_of:#?}"
    );
    check_files(
        "a scope that is nobody",
        &[("default.toml", ""), ("x.toml", "scope = \"team:red\"")],
        "x.toml:1",
        "which is nobody",
        "user:ann",
    );
}

#[test]
fn a_case_that_fails_says_what_came_instead() {
    let case = |rest: &str| format!("per_day_soft = 20\n\n[[case]]\nname = \"busy\"\n{rest}");
    check(
        "a case that fails",
        &case("pool = [{ name = \"A\", today = 19 }, { name = \"B\", today = 20 }]\nexpect = \"B\""),
        3,
        "expects `B`, and the answer is `A` because of turn (A chosen, B per_day)",
        "change the rule",
    );
    check(
        "a reason that is another",
        &case("pool = [{ name = \"A\" }]\nexpect = \"A\"\nbecause = \"reserve\""),
        3,
        "because of reserve, and the answer is `A` because of turn",
        "say in the case",
    );
    check("a case without a number", &case("pool = [{ name = \"A\" }]\nexpect = \"C\""), 3, "no number \"C\"", "are A");
    check("a case that expects nothing", &case("pool = [{ name = \"A\" }]"), 3, "says what it expects", "expect =");
    check(
        "a field of a number that there is not",
        &case("pool = [{ name = \"A\", tody = 3 }]\nexpect = \"A\""),
        5,
        "no field `tody`",
        "`today`",
    );
    check(
        "a carrier that there is not",
        &case("pool = [{ name = \"A\" }]\ncallee = { carrier = \"verison\" }\nexpect = \"A\""),
        6,
        "knows no \"verison\"",
        "\"verizon\"",
    );
}

#[test]
fn the_cases_of_the_bundled_file_hold() {
    let read = policies::read("default.toml", policies::BUNDLED).expect("it reads");
    assert!(read.cases.len() >= 6);
    let trial = policies::try_cases(&read.cases, &read.policies(0));
    assert_eq!(trial.failed, [], "{:#?}", trial.failed);
    assert_eq!(trial.passed, read.cases.len());
}
