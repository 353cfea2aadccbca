//! Times a large world on one core and prints the figures: `cargo run --release -p gym --example speed [users [days]]`.

use gym::{Contender, Course, World, run};
use numbers::Policy;
use std::time::Instant;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1).map(|argument| argument.parse::<u32>());
    let users = arguments.next().transpose()?.unwrap_or(1000);
    let days = arguments.next().transpose()?.unwrap_or(30);
    let mut world = World::named("default")?;
    world.floor.users = users;
    // Every day is a working day, so that the figure is calls and not Sundays.
    world.floor.working_days_per_week = 7;
    world.list.leads_per_user = 100_000;
    let ours = Contender::policy("default policy", Policy::default());
    let others = Contender::baselines().into_iter().filter(|contender| contender.name != "one number");
    println!("{users} users x {} dials a day x {days} days", world.floor.dials_per_user_and_day);
    for contender in [ours].into_iter().chain(others) {
        let (begun, busy) = (Instant::now(), busy_seconds());
        let course = Course { world: &world, strategy: &contender.strategy, seed: 1, days, more_numbers: 0 };
        let tally = run(&course, &mut |_| {});
        let (took, busy) = (begun.elapsed(), busy_seconds() - busy);
        println!(
            "{:<22} {:>6.1} s, of which its core worked {:>5.1} s, {:>5.0} ns a slot; {} calls, {} held, {} checks, {} labels",
            contender.name,
            took.as_secs_f64(),
            busy,
            busy * 1e9 / tally.slots as f64,
            tally.shown,
            tally.held_total(),
            tally.checks,
            tally.labels.set,
        );
    }
    Ok(())
}

/// Seconds that this process has worked, so that a figure holds on a machine that others use too. Linux alone says so.
fn busy_seconds() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let mut fields = stat.rsplit(") ").next().unwrap_or_default().split(' ').skip(11);
    let ticks: f64 = fields.by_ref().take(2).filter_map(|field| field.parse::<f64>().ok()).sum();
    ticks / 100.0
}
