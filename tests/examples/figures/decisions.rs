//! Decisions over HTTP: made durable, from memory alone, and a constant answer, in turn within one run.

use super::constant::Constant;
use super::load::{Asker, Measured};
use super::room::{Room, USERS, cpu_of};
use super::{Scale, median, print_ratios};
use std::path::Path;
use std::time::Duration;

/// One server, or one way to ask it, and what was measured of it so far.
struct Contender {
    name: &'static str,
    asker: Asker,
    pid: u32,
    one: Runs,
    sixteen: Runs,
}

/// The runs at one number of connections.
#[derive(Default)]
struct Runs {
    each: Vec<Figures>,
    all: Measured,
    cpu: Duration,
}

struct Figures {
    per_second: f64,
    p50: f64,
}

const CONNECTIONS_MANY: u64 = 16;
/// As many seats as the main job's test has.
const USERS_FEW: u64 = 50;

pub async fn measure(binary: &'static Path, scale: &Scale) {
    println!("\n## Decisions over HTTP, {USERS} users with ten numbers each\n");
    let (durable, _) = Room::open(binary, "", &[]);
    let (memory, _) = Room::open(binary, "", &["--in-memory"]);
    let (sync, _) = Room::open(binary, "durability = \"sync\"", &[]);
    let asker = durable.furnish().await;
    let constant = Constant::start(&asker.once().await);
    let contender = |name, asker, pid| Contender { name, asker, pid, one: Runs::default(), sixteen: Runs::default() };
    let pid = |room: &Room| room.daemon().pid();
    let mut contenders = [
        contender("durable", asker.clone(), pid(&durable)),
        contender("in memory", memory.furnish().await, pid(&memory)),
        contender("constant answer", Asker::new(constant.address, USERS), constant.pid()),
        contender("durable, 50 users alone", asker.narrowed(USERS_FEW), pid(&durable)),
        contender("durability = \"sync\"", sync.furnish().await, pid(&sync)),
    ];
    for round in 0..scale.rounds {
        let places = contenders.len();
        for turn in 0..places {
            // Whoever goes first in one round goes later in the next, so that nobody always follows the same one.
            let contender = &mut contenders[(turn + round) % places];
            run(&contender.asker, contender.pid, &mut contender.one, 1, scale.run / 2).await;
            run(&contender.asker, contender.pid, &mut contender.sixteen, CONNECTIONS_MANY, scale.run).await;
        }
        let each: Vec<String> = contenders
            .iter()
            .map(|contender| format!("{} {:.0}", contender.name, contender.sixteen.each[round].per_second))
            .collect();
        println!("round {:>2}, asks/s at {CONNECTIONS_MANY} connections: {}", round + 1, each.join(", "));
    }
    println!(
        "\n{:<26} {:>5} {:>14} {:>8} {:>8} {:>8} {:>13}",
        "all rounds", "conns", "median asks/s", "p50 ms", "p99 ms", "max ms", "cpu us an ask"
    );
    for contender in &contenders {
        for (connections, runs) in [(1, &contender.one), (CONNECTIONS_MANY, &contender.sixteen)] {
            println!(
                "{:<26} {connections:>5} {:>14.0} {:>8.3} {:>8.3} {:>8.1} {:>13.1}",
                contender.name,
                median(runs.each.iter().map(|run| run.per_second).collect()),
                runs.all.permille(500),
                runs.all.permille(990),
                runs.all.max(),
                runs.cpu.as_secs_f64() * 1e6 / runs.all.asks() as f64,
            );
        }
    }
    let [durable, memory, constant, few, sync] = &contenders;
    let rate = |figures: &Figures| figures.per_second;
    let p50 = |figures: &Figures| figures.p50;
    println!();
    ratio("asks/s at 16, durable / in memory (goal: at least 0.8)", &durable.sixteen, &memory.sixteen, rate);
    ratio("asks/s at 16, durable / constant answer", &durable.sixteen, &constant.sixteen, rate);
    ratio("asks/s at 16, in memory / constant answer", &memory.sixteen, &constant.sixteen, rate);
    ratio("asks/s at 1, durable / in memory", &durable.one, &memory.one, rate);
    ratio("p50 at 1, durable / constant answer (goal: at most 3)", &durable.one, &constant.one, p50);
    ratio("asks/s at 16, durable with 50 users alone / in memory", &few.sixteen, &memory.sixteen, rate);
    ratio("asks/s at 16, every answer after its sync / in memory", &sync.sixteen, &memory.sixteen, rate);
}

async fn run(asker: &Asker, pid: u32, runs: &mut Runs, connections: u64, span: Duration) {
    let before = cpu_of(pid);
    let measured = asker.closed(connections, span).await;
    runs.cpu += cpu_of(pid) - before;
    runs.each.push(Figures { per_second: measured.per_second(), p50: measured.permille(500) });
    runs.all.join(&measured);
}

fn ratio(what: &str, over: &Runs, under: &Runs, figure: impl Fn(&Figures) -> f64) {
    let pairs = over.each.iter().zip(&under.each);
    print_ratios(what, pairs.map(|(over, under)| figure(over) / figure(under)).collect());
}
