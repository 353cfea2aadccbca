//! Judges the default policy in every world, at full length, and prints the tables that `host/FIGURES.md` holds.
//!
//! `cargo run --release -p gym --example judge [seeds [days [users [folder for pictures]]]]`

use gym::tally::HOLD_REASONS;
use gym::world::WORLDS;
use gym::{Comparison, Contender, Tally, World, compare, plot_svg, render_table};
use numbers::Policy;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let figure = |place: usize, default: u32| arguments.get(place).map_or(Ok(default), |text| text.parse::<u32>());
    let (seeds, days, users) = (figure(0, 20)?, figure(1, 60)?, figure(2, 20)?);
    let mut contenders = vec![Contender::policy("default policy", Policy::default())];
    contenders.extend(Contender::baselines());
    let only = std::env::var("WORLD").ok();
    for (name, _) in WORLDS.into_iter().filter(|(name, _)| only.as_deref().is_none_or(|only| only == *name)) {
        let mut world = World::named(name)?;
        world.floor.users = users;
        let comparison = Comparison {
            world: &world,
            contenders: &contenders,
            days,
            seeds: (1..=u64::from(seeds)).collect(),
            against: 0,
            threads: 2,
        };
        let report = compare(&comparison, &|_| {});
        println!("{}", render_table(&report));
        println!("{}", beyond_the_table(&report.contenders[0].total));
        if let Some(folder) = arguments.get(3) {
            std::fs::write(format!("{folder}/{name}.svg"), plot_svg(&report))?;
        }
    }
    Ok(())
}

/// What the table has no room for, of all seeds of the default policy together.
fn beyond_the_table(ours: &Tally) -> String {
    let held: Vec<String> = HOLD_REASONS
        .iter()
        .zip(ours.held)
        .filter(|(_, count)| *count > 0)
        .map(|(reason, count)| format!("{} {count}", reason.word()))
        .collect();
    let labels = &ours.labels;
    format!(
        "default policy, all seeds: {} asks, held: {}; rungs {:?}; {} disputes; \
         labels: {} set, {} detected, {} redressed, {} expired, {} standing\n",
        ours.asks,
        if held.is_empty() { "none".to_owned() } else { held.join(", ") },
        ours.rungs,
        ours.disputes,
        labels.set,
        labels.detected,
        labels.redressed,
        labels.expired,
        labels.standing,
    )
}
