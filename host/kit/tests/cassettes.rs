//! What a cassette may say, and that everything else is refused with its line.

use kit::agency::KIND;
use kit::cassette::Cassette;
use kit::form::Provenance;
use std::path::Path;

const HEAD: &str =
    "about = \"A clean number.\"\nprovenance = \"recorded\"\nnow = 2026-11-23T12:00:00Z\ncall = \"check\"\n";
const REQUEST: &str = "[request]\nnumbers = [\"+12025550143\"]\n";
const EXCHANGE: &str = "[[exchange]]\nasks = { method = \"get\", query = { a = [\"1\", \"2\"] } }\nstatus = 200\n";

fn parse(text: &str) -> Result<Cassette, sandbox::trouble::Trouble> {
    Cassette::parse(&KIND, Path::new("acme/cassettes/x.toml"), text.to_owned())
}

#[test]
fn a_cassette_is_read_whole() {
    let text = format!(
        "{HEAD}at_most = {{ ms = 50, exchanges = 1 }}\n{REQUEST}[config]\nmixed_from = 40\nstrict = true\n{EXCHANGE}\
         headers = {{ Retry-After = \"41\" }}\nbody = '''\n{{}}'''\n[dataset]\nname = \"c\"\nfirst_day = 2026-11-01\n\
         hits = [{{ key = \"k\", days = [{{ day = 1970-01-03, rows = 2 }}] }}]\n[[answer.observations]]\n\
         status = \"unflagged\"\nlabel = false\nobserved_at = 1970-01-01T00:01:00Z\n"
    );
    let cassette = parse(&text).unwrap_or_else(|trouble| panic!("{trouble}"));
    assert_eq!((cassette.name.as_str(), cassette.function.name), ("x", "check"));
    let parsed = cassette.parsed;
    assert_eq!((parsed.provenance, parsed.now.seconds()), (Provenance::Recorded, 1_795_435_200));
    assert_eq!((parsed.at_most.ms, parsed.at_most.memory_kib, parsed.at_most.exchanges), (Some(50), None, Some(1)));
    assert_eq!((parsed.config["mixed_from"].as_str(), parsed.config["strict"].as_str()), ("40", "true"));
    let reply = parsed.exchanges[0].reply.as_ref().expect("an answer");
    assert_eq!((reply.status, reply.body.as_str(), reply.headers.len()), (200, "{}", 1));
    let found = parsed.dataset.expect("a data set").reply.expect("it finds something");
    assert_eq!((found.coverage.first_day, found.hits[0].days[0].day), (20_758, 2));
    let answer = parsed.answer.expect("an answer");
    let shown = answer["observations"][0]["observed_at"].to_string();
    assert_eq!(shown, "1970-01-01T00:01:00Z");
}

/// What is wrong with the text stands in this line, for this reason, with this advice.
fn check(text: &str, line: usize, reason: &str, remedy: &str) {
    let Err(trouble) = parse(text) else { panic!("this was taken:\n{text}") };
    assert_eq!(trouble.place, format!("acme/cassettes/x.toml:{line}"), "{trouble}");
    assert!(trouble.reason.contains(reason), "{trouble}");
    assert!(trouble.remedy.contains(remedy), "{trouble}");
}

#[test]
fn whatever_does_not_belong_is_refused_with_its_line() {
    let with = |rest: &str| format!("{HEAD}{REQUEST}{rest}");
    check("about = \"x\"\nabout = \"y\"\n", 2, "duplicate", "");
    check("about = \"x\"\n", 1, "missing field `call`", "add `call = …`");
    check(&HEAD.replace("check", "chekc"), 4, "no function is called `chekc`", "did you mean `check`?");
    check(&HEAD.replace("recorded", "dreamt"), 2, "unknown variant `dreamt`", "imagined");
    check(&format!("{}{REQUEST}", HEAD.replace("A clean number.", " ")), 1, "nobody says", "write what it shows");
    check(&format!("{}{REQUEST}", HEAD.replace("12:00:00Z", "12:00:00")), 3, "no time after 1970", "");
    check(HEAD, 1, "`[request]` is missing: missing field `numbers`", "add `numbers = …`");
    check(&with("[anwser]\nerror = \"protocol\"\n"), 7, "unknown field `anwser`", "did you mean `answer`?");
    check(&format!("{HEAD}[request]\nnumbers = [\"12\"]\n"), 6, "\"12\" is no number", "");
    check(&format!("{HEAD}[request]\nnumbers = []\nkey = \"k\"\n"), 7, "unknown field `key`", "");
    check(&with("[[exchange]]\nasks.methd = \"get\"\nstatus = 200\n"), 8, "unknown field `methd`", "`method`");
    check(&with("[[exchange]]\nasks.method = \"get\"\n"), 7, "has no answer", "status = 200");
    check(&with("[[exchange]]\nstatus = 200\nfails = { tag = \"timed-out\" }\n"), 7, "both", "`status` or `fails`");
    check(&with("[[exchange]]\nfails = { tag = \"tired\" }\n"), 8, "unknown variant `tired`", "timed-out");
    check(&with("[[answer.observations]]\nstauts = \"flagged\"\n"), 8, "unknown field `stauts`", "`status`");
    check(&with("[[answer.observations]]\nstatus = \"spam\"\n"), 8, "unknown variant `spam`", "flagged");
    check(&with("[answer]\nfiled = { status = \"accepted\" }\n"), 8, "`check` never answers with `filed`", "pending");
    check(&with("[answer]\nerror = \"tired\"\n"), 8, "unknown variant `tired`", "unavailable");
    check(&with("[dataset]\nname = \"c\"\nfirst_day = \"monday\"\n"), 9, "no day after 1970", "");
    check(&with("at_most = 3\n"), 7, "unknown field `at_most`", "");
    check(&format!("{HEAD}at_most = {{ seconds = 3 }}\n{REQUEST}"), 5, "unknown field `seconds`", "known here: ms");
}
