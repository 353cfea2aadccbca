//! Holds variants of the default policy against it, one field at a time, in one world:
//! `cargo run --release -p gym --example variants <world or file.toml> [seeds [days [dials [tell]]]]`.
//!
//! For finding out which rule of a policy a result comes from. Whoever tunes by it must do so in the world `default`.

use gym::world::Tell;
use gym::{Comparison, Contender, Strategy, World, compare, render_table};
use numbers::{Policies, Policy, Strictness};
use std::time::Duration;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let figure = |place: usize, default: u32| arguments.get(place).map_or(Ok(default), |text| text.parse::<u32>());
    let name = arguments.first().map_or("default", String::as_str);
    let mut world =
        if name.ends_with(".toml") { World::parse(&std::fs::read_to_string(name)?)? } else { World::named(name)? };
    world.floor.dials_per_user_and_day = figure(3, world.floor.dials_per_user_and_day)?;
    match arguments.get(4).map(String::as_str) {
        None => {}
        Some("warning") => world.own_calls.tell = Tell::Warning,
        Some("block") => world.own_calls.tell = Tell::Block,
        Some(other) => return Err(format!("`{other}` is neither `warning` nor `block`").into()),
    }
    let days = |days: u64| Duration::from_secs(days * 24 * 60 * 60);
    let base = Policy::default;
    let contenders = [
        Contender::policy("default policy", base()),
        Contender::policy("rest 3d", Policy { rest_for: days(3), ..base() }),
        Contender::policy("rest 7d", Policy { rest_for: days(7), ..base() }),
        Contender::policy("5d after rest", Policy { ramp_after_rest_for: days(5), ..base() }),
        Contender::policy("rest 7d, 5d", Policy { rest_for: days(7), ramp_after_rest_for: days(5), ..base() }),
        Contender::policy("rest 3d, 0d", Policy { rest_for: days(3), ramp_after_rest_for: days(0), ..base() }),
        Contender::policy("check every 6h", Policy { check_every: days(1) / 4, ..base() }),
        Contender::policy("pause each 30d", Policy { rest_every: Some(days(30)), ..base() }),
        Contender::policy("any locality", Policy { locality: Strictness::Off, ..base() }),
        Contender { name: "no remediation".to_owned(), strategy: Strategy::NoRemediation(Policies::default()) },
    ];
    let comparison = Comparison {
        world: &world,
        contenders: &contenders,
        days: figure(2, 60)?,
        seeds: (1..=u64::from(figure(1, 8)?)).collect(),
        against: 0,
        threads: 2,
    };
    let report = compare(&comparison, &|_| {});
    println!("{}", render_table(&report));
    for row in &report.contenders {
        let total = &row.total;
        println!("{}: held {:?}, rungs {:?}", row.name, total.held, total.rungs);
    }
    Ok(())
}
