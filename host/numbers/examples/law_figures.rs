//! Times the law of calling and prints nanoseconds: `cargo run -p numbers --example law_figures`.
//!
//! Each line is the best and the median of many rounds; the machine and the profile are for whoever writes it down.

use numbers::law::{attempts_per_24h, hours};
use numbers::{Hours, Moment, Region, Whereabouts, Zip};
use std::hint::black_box;
use std::time::{Duration, Instant};

const ROUNDS: usize = 200;
const CALLS_A_ROUND: u32 = 1_000;

fn main() {
    let code = |area_code| Whereabouts { area_code: Some(area_code), state: None, zip: None };
    let florida = Region::parse("FL").expect("a state");
    let miami = Zip::parse("33101").expect("a ZIP code");
    // A Wednesday at noon in New York, and the midnight after it.
    let noon = Moment::from_seconds(1_780_502_400);
    let night = Moment::from_seconds(1_780_545_600);
    let own = Hours::parse("mon-fri 9:00-20:00, sat 10:00-16:00").expect("hours");

    print("one zone, federal law alone", || hours(code(212), noon, &own, true).is_ok());
    print("one zone, a state's law", || hours(code(305), noon, &own, true).is_ok());
    print("one zone, holidays", || hours(code(504), noon, &own, true).is_ok());
    print("two zones", || hours(code(850), noon, &own, true).is_ok());
    print("area code, state and ZIP code", || {
        hours(Whereabouts { state: Some(florida), zip: Some(miami), ..code(305) }, noon, &own, true).is_ok()
    });
    print("moved: another state's code", || {
        hours(Whereabouts { state: Some(florida), zip: Some(miami), ..code(212) }, noon, &own, true).is_ok()
    });
    print("toll-free, the whole continent", || hours(code(800), noon, &own, true).is_ok());
    print("attempts in 24 hours", || attempts_per_24h(code(305), noon).is_some());
    print("not now: until the next morning", || hours(code(212), night, &own, true).is_ok());
    print("not now: the whole continent", || hours(code(800), night, &own, true).is_ok());
    print("never: all eight days looked at", || hours(code(212), night, &Hours::NEVER, true).is_ok());
}

fn print(what: &str, asked: impl Fn() -> bool) {
    let mut rounds: Vec<Duration> = (0..ROUNDS)
        .map(|_| {
            let begun = Instant::now();
            for _ in 0..CALLS_A_ROUND {
                black_box(black_box(&asked)());
            }
            begun.elapsed() / CALLS_A_ROUND
        })
        .collect();
    rounds.sort();
    println!("{what:<34} {:>6} ns best, {:>6} ns median", rounds[0].as_nanos(), rounds[ROUNDS / 2].as_nanos());
}
