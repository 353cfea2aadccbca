//! Contenders against each other over many seeds: each measure with its interval, and the paired difference to one of them.
//!
//! Runs are independent and may be made by several threads; each result lies at the place of its run, so their order
//! changes nothing. The intervals are Student's over the seeds. Only this module and what draws its reports uses floats.

mod measure;

pub use measure::{Better, MEASURES, Measure};

use crate::contender::Contender;
use crate::run::{Course, Progress, run};
use crate::tally::Tally;
use crate::world::World;
use numbers::Carrier;
use serde::Serialize;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

/// What is to be compared.
#[derive(Clone, Debug)]
pub struct Comparison<'a> {
    pub world: &'a World,
    pub contenders: &'a [Contender],
    pub days: u32,
    pub seeds: Vec<u64>,
    /// The contender that the others are held against, by its place.
    pub against: usize,
    pub threads: usize,
}

/// What came of it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Report {
    pub world: String,
    pub days: u32,
    pub seeds: Vec<u64>,
    pub users: u32,
    pub dials_per_user_and_day: u32,
    /// The name of the contender that the differences are taken against.
    pub against: String,
    pub contenders: Vec<Row>,
}

/// One contender's figures.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Row {
    pub name: String,
    pub figures: Vec<Figure>,
    /// Shares of calls shown with a label, in percent, by carrier.
    pub labelled_percent_by_carrier: Vec<(Carrier, Option<Interval>)>,
    /// All seeds together.
    pub total: Tally,
}

/// One measure of one contender.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Figure {
    pub measure: Measure,
    /// None where no seed had anything to measure.
    pub value: Option<Interval>,
    /// This contender less the one that all are held against, seed by seed. None for that one itself.
    pub less_the_other: Option<Interval>,
}

/// A mean over the seeds and its 95 % interval. A seed in which there was nothing to measure is left out.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Interval {
    pub mean: f64,
    /// Half its width; infinite with fewer than two seeds.
    pub half: f64,
    pub seeds: usize,
}

/// How a difference is judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Judgement {
    Better,
    Worse,
    /// The interval holds 0.
    Tie,
}

impl Judgement {
    /// For people: a tie is no proof that both are the same.
    pub const fn words(self) -> &'static str {
        match self {
            Judgement::Better => "better",
            Judgement::Worse => "worse",
            Judgement::Tie => "cannot tell",
        }
    }
}

impl Interval {
    pub fn low(&self) -> f64 {
        self.mean - self.half
    }

    pub fn high(&self) -> f64 {
        self.mean + self.half
    }

    /// The mean of these and its interval; none of nothing.
    pub fn of(values: &[f64]) -> Option<Interval> {
        let seeds = values.len();
        let count = seeds as f64;
        let mean = values.iter().sum::<f64>() / count;
        match seeds {
            0 => return None,
            1 => return Some(Interval { mean, half: f64::INFINITY, seeds }),
            _ => {}
        }
        let squares: f64 = values.iter().map(|value| (value - mean) * (value - mean)).sum();
        let half = student(seeds - 1) * (squares / (count - 1.0) / count).sqrt();
        Some(Interval { mean, half, seeds })
    }
}

impl Figure {
    /// Whether this contender is better or worse than the one that all are held against.
    pub fn judgement(&self) -> Option<Judgement> {
        let difference = self.less_the_other?;
        let (above, below) = match self.measure.better() {
            Better::More => (Judgement::Better, Judgement::Worse),
            Better::Less => (Judgement::Worse, Judgement::Better),
            Better::Neither => (Judgement::Tie, Judgement::Tie),
        };
        Some(if difference.low() > 0.0 {
            above
        } else if difference.high() < 0.0 {
            below
        } else {
            Judgement::Tie
        })
    }
}

impl Report {
    /// One figure of one contender.
    pub fn figure(&self, contender: &str, measure: Measure) -> Option<&Figure> {
        let row = self.contenders.iter().find(|row| row.name == contender)?;
        row.figures.iter().find(|figure| figure.measure == measure)
    }
}

/// Runs every contender through every seed. `progress` hears of each day of each run, from whatever thread makes it.
///
/// Whoever is no policy gets as many further numbers in service as the one that all are held against showed beyond the
/// holdings, so that nothing is won by showing more numbers.
///
/// # Panics
/// When `against` names no contender.
pub fn compare(comparison: &Comparison<'_>, progress: &(dyn Fn(Progress) + Sync)) -> Report {
    let Comparison { world, contenders, days, seeds, against, threads } = comparison;
    // The one that all are held against runs first, so that nobody need show fewer numbers than it did.
    let ran = |jobs: &[(usize, u32, usize)]| {
        let run = |(contender, more_numbers, seed): &(usize, u32, usize)| {
            let strategy = &contenders[*contender].strategy;
            let (seed, days, more_numbers) = (seeds[*seed], *days, *more_numbers);
            run(&Course { world, strategy, seed, days, more_numbers }, &mut |heard| progress(heard))
        };
        in_order(jobs, *threads, run)
    };
    let first: Vec<_> = (0..seeds.len()).map(|seed| (*against, 0, seed)).collect();
    let of_first = ran(&first);
    let more =
        |tally: &Tally| u32::try_from(tally.numbers_shown.saturating_sub(tally.numbers_held)).unwrap_or(u32::MAX);
    let others = (0..contenders.len()).filter(|contender| contender != against);
    let jobs: Vec<_> = others
        .flat_map(|contender| {
            let may_buy = contenders[contender].strategy.remediates();
            let more = of_first.iter().map(move |tally| if may_buy { 0 } else { more(tally) });
            more.enumerate().map(move |(seed, more)| (contender, more, seed))
        })
        .collect();
    let mut tallies = ran(&jobs);
    tallies.splice(against * seeds.len()..against * seeds.len(), of_first);
    let of = |contender: usize| &tallies[contender * seeds.len()..][..seeds.len()];
    let rows = contenders
        .iter()
        .enumerate()
        .map(|(place, contender)| row(contender, of(place), of(*against), place == *against));
    Report {
        world: world.name.clone(),
        days: *days,
        seeds: seeds.clone(),
        users: world.floor.users,
        dials_per_user_and_day: world.floor.dials_per_user_and_day,
        against: contenders[*against].name.clone(),
        contenders: rows.collect(),
    }
}

/// Does each job, in several threads, and gives the results in the order of the jobs.
fn in_order<J: Sync, T: Send>(jobs: &[J], threads: usize, work: impl Fn(&J) -> T + Sync) -> Vec<T> {
    let next = AtomicUsize::new(0);
    let done: Mutex<Vec<(usize, T)>> = Mutex::new(Vec::with_capacity(jobs.len()));
    std::thread::scope(|scope| {
        for _ in 0..threads.clamp(1, jobs.len().max(1)) {
            scope.spawn(|| {
                loop {
                    let place = next.fetch_add(1, Ordering::Relaxed);
                    let Some(job) = jobs.get(place) else { break };
                    let result = work(job);
                    done.lock().unwrap_or_else(PoisonError::into_inner).push((place, result));
                }
            });
        }
    });
    let mut done = done.into_inner().unwrap_or_else(PoisonError::into_inner);
    done.sort_unstable_by_key(|(place, _)| *place);
    done.into_iter().map(|(_, result)| result).collect()
}

fn row(contender: &Contender, tallies: &[Tally], others: &[Tally], is_other: bool) -> Row {
    let figures = MEASURES.into_iter().map(|measure| {
        let all: Vec<Option<f64>> = tallies.iter().map(|tally| measure.of(tally)).collect();
        let present: Vec<f64> = all.iter().copied().flatten().collect();
        let differences: Vec<f64> =
            all.iter().zip(others).filter_map(|(value, other)| Some((*value)? - measure.of(other)?)).collect();
        Figure {
            measure,
            value: Interval::of(&present),
            less_the_other: if is_other { None } else { Interval::of(&differences) },
        }
    });
    let by_carrier = Carrier::ALL.into_iter().map(|carrier| {
        let share = |tally: &Tally| {
            let at = carrier.index();
            measure::percent(tally.labelled_by_carrier[at], tally.shown_by_carrier[at])
        };
        let shares: Vec<f64> = tallies.iter().filter_map(share).collect();
        (carrier, Interval::of(&shares))
    });
    let mut total = Tally::default();
    tallies.iter().for_each(|tally| total.add(tally));
    Row {
        name: contender.name.clone(),
        figures: figures.collect(),
        labelled_percent_by_carrier: by_carrier.collect(),
        total,
    }
}

/// The 97.5 % quantile of Student's distribution; between the steps of the table that of the step below, which is wider.
fn student(freedom: usize) -> f64 {
    match freedom {
        0 => f64::INFINITY,
        1..=30 => STUDENT[freedom - 1],
        31..=39 => STUDENT[29],
        40..=59 => 2.021,
        60..=119 => 2.000,
        _ => 1.980,
    }
}

/// By degrees of freedom, from 1.
const STUDENT: [f64; 30] = [
    12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.160, 2.145, 2.131, 2.120,
    2.110, 2.101, 2.093, 2.086, 2.080, 2.074, 2.069, 2.064, 2.060, 2.056, 2.052, 2.048, 2.045, 2.042,
];

#[cfg(test)]
mod tests {
    use super::Interval;

    #[test]
    fn an_interval_is_students() {
        // Worked by hand: mean 3, deviation sqrt(2.5), four degrees of freedom.
        let interval = Interval::of(&[1.0, 2.0, 3.0, 4.0, 5.0]).expect("five values");
        assert_eq!(interval.mean, 3.0);
        assert!((interval.half - 2.776 * 0.5f64.sqrt()).abs() < 1e-12);
        assert!(Interval::of(&[1.0]).expect("one value").half.is_infinite());
        assert_eq!(Interval::of(&[]), None);
    }
}
