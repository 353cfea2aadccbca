//! Worlds are read strictly, and a mistake is told with its line and its field.

use gym::world::{Answers, Floor, Holdings, List, OwnCalls, WORLDS};
use gym::{Marks, World};

const DEFAULT: &str = include_str!("../worlds/default.toml");

#[track_caller]
fn check(from: &str, to: &str, field: &str, reason: &str) {
    let at = DEFAULT.find(from).expect("it is in the file");
    let error = World::parse(&DEFAULT.replacen(from, to, 1)).expect_err("a mistake");
    assert_eq!(error.line, Some(DEFAULT[..at].lines().count() + 1), "{error}");
    assert!(error.field.ends_with(field), "{error}");
    assert!(error.to_string().contains(reason), "{error}");
    assert!(!error.remedy.is_empty());
}

#[test]
fn a_mistake_is_told_with_its_line_and_field() {
    check("users = 20", "user = 20", "user", "unknown field");
    check("users = 20", "users = -1", "users", "invalid value");
    check("users = 20", "users = \"20\"", "users", "invalid type");
    check("users = 20", "users = 0", "floor.users", "0 is not between 1 and 100000");
    check("hour_weights = [9,", "hour_weights = [1, 1, 1, 1, 1, 1, 1,", "floor.hour_weights", "no working day");
    check("begins_on = \"2026-01-05\"", "begins_on = \"2026-02-30\"", "begins_on", "no date such as");
    check("begins_on = \"2026-01-05\"", "begins_on = \"1926-01-05\"", "floor.begins_on", "not between 2008 and 2100");
    check(
        "time_zone = \"America/New_York\"",
        "time_zone = \"America/New_Yrok\"",
        "time_zone",
        "none of the zones America/New_York, America/Chicago",
    );
    check("area_codes = [212,", "area_codes = [800,", "list.area_codes", "800");
    check("human_permille = 70", "human_permille = 700", "answers.human_permille", "of a thousand");
    check("numbers_per_user = 10 ", "numbers_per_user = 101 ", "holdings.numbers_per_user", "not between");
    check("att = 280", "at_and_t = 280", "at_and_t", "unknown variant");
    check("carriers = [\"tmobile\"]", "carriers = [\"att\"]", "engine.carriers", "has an engine already");
    check("speaks_for = [\"hiya\"]", "speaks_for = [\"hija\"]", "source.speaks_for", "no engine `hija`");
    check("base = -7000", "bass = -7000", "bass", "unexpected keys");
    check("[engine.model.logistic] ", "[engine.model.logistics] ", "", "unknown variant");
    check("tell = \"nothing\"", "tell = \"everything\"", "tell", "unknown variant");
    check("of_calls = 40", "of_calls = 400", "own_calls.of_calls", "not between");
    check("refusal_percent = 10", "refusal_percent = 40", "engine.redress.refusal_percent", "not between");
}

#[test]
fn a_carrier_keeps_the_engine_that_the_core_knows() {
    let text = DEFAULT.replacen("carriers = [\"att\"]", "carriers = [\"verizon\"]", 1);
    let error = World::parse(&text).expect_err("a mistake").to_string();
    assert!(error.contains("verizon shows the labels of tns"), "{error}");
}

#[test]
fn every_world_that_comes_along_is_one_under_its_own_name() {
    for (name, _) in WORLDS {
        assert_eq!(World::named(name).expect("a world").name, name);
    }
    let error = World::named("defualt").expect_err("none").to_string();
    assert!(error.contains("default, volume_threshold"), "{error}");
}

#[test]
fn what_a_file_leaves_out_is_what_the_default_world_says() {
    let world = World::named("default").expect("a world");
    assert_eq!(world.floor, Floor::default());
    assert_eq!(world.list, List::default());
    assert_eq!(world.answers, Answers::default());
    assert_eq!(world.holdings, Holdings::default());
    assert_eq!(world.own_calls, OwnCalls::default());
    assert_eq!(world.engine[0].label, gym::world::Label::default());
    assert_eq!(world.engine[0].redress, gym::world::Redress::default());
}

#[test]
fn every_figure_says_where_it_comes_from() {
    for (name, text) in WORLDS {
        let marks = Marks::of(text);
        assert_eq!(marks.unmarked, 0, "{name}: {marks}");
        assert!(marks.ours > marks.vendor, "{name}: {marks}");
    }
    let marks = Marks::of(
        "a = 1 # measured: by us\nb = [2] # vendors say so\n[t] # ours\nc = -3\nd = \"x\"\n[u]\ne = 4 # who knows\n",
    );
    assert_eq!(marks, Marks { measured: 1, vendor: 1, ours: 1, unmarked: 1 });
    assert_eq!(marks.to_string().matches(',').count(), 3);
}

#[test]
fn another_floor_is_held_to_the_same_bounds() {
    let world = World::named("default").expect("a world");
    assert_eq!(world.clone().with_floor(Some(3), None).expect("a smaller one").floor.users, 3);
    let error = world.with_floor(None, Some(100_000)).expect_err("nobody dials so much");
    assert_eq!(error.field, "floor.dials_per_user_and_day");
}
