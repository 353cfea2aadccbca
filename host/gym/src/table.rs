//! A report as a table for people: a column a contender, a row a measure, and below it what each difference says.

use crate::compare::{Better, Interval, Judgement, MEASURES, Measure, Report};
use crate::tally::{HOLD_REASONS, RUNGS, Tally};
use core::fmt::Write;
use numbers::{Carrier, Rung};

/// The report in Markdown that also reads well as it is.
pub fn render_table(report: &Report) -> String {
    let mut rows: Vec<Vec<String>> = Vec::new();
    let names = report.contenders.iter().map(|row| row.name.clone());
    rows.push([report.world.clone()].into_iter().chain(names).collect());
    for measure in MEASURES {
        let value = |row: &crate::compare::Row| {
            row.figures
                .iter()
                .find(|figure| figure.measure == measure)
                .map_or_else(String::new, |figure| words(figure.value))
        };
        rows.push([measure.title().to_owned()].into_iter().chain(report.contenders.iter().map(value)).collect());
    }
    for carrier in [Carrier::Att, Carrier::Tmobile, Carrier::Verizon] {
        let value = |row: &crate::compare::Row| {
            let found = row.labelled_percent_by_carrier.iter().find(|(its, _)| *its == carrier);
            found.map_or_else(String::new, |(_, share)| words(*share))
        };
        let title = format!("labelled calls at {carrier}, %");
        rows.push([title].into_iter().chain(report.contenders.iter().map(value)).collect());
    }
    for measure in [Measure::LabelledPercent, Measure::EngagedPer1000] {
        let value = |row: &crate::compare::Row| {
            let figure = row.figures.iter().find(|figure| figure.measure == measure);
            let Some((figure, difference)) = figure.and_then(|figure| Some((figure, figure.less_the_other?))) else {
                return "—".to_owned();
            };
            let verdict = match figure.judgement() {
                Some(judgement) => judgement.words(),
                None => "",
            };
            format!("{} {verdict}", signed(&difference))
        };
        let title = format!("{}: less `{}`", measure.title(), report.against);
        rows.push([title].into_iter().chain(report.contenders.iter().map(value)).collect());
    }

    // What happened at all, of all seeds together, so without intervals.
    let parts_of = |title: &str, part: &dyn Fn(&Tally) -> u64, whole: &dyn Fn(&Tally) -> u64| {
        let totals = report.contenders.iter().map(|row| &row.total);
        if totals.clone().all(|total| part(total) == 0) {
            return None;
        }
        let share = |total: &Tally| format!("{:.2}", part(total) as f64 * 1000.0 / whole(total).max(1) as f64);
        Some([title.to_owned()].into_iter().chain(totals.map(share)).collect::<Vec<String>>())
    };
    for (place, reason) in HOLD_REASONS.iter().enumerate() {
        let title = format!("held as {} per 1,000 questions", reason.word());
        rows.extend(parts_of(&title, &|total| total.held[place], &|total| total.asks));
    }
    for (place, rung) in RUNGS.iter().enumerate() {
        let title = format!("{} per 1,000 calls", rung_words(*rung));
        rows.extend(parts_of(&title, &|total| total.rungs[place], &|total| total.shown));
    }

    let widths: Vec<usize> = (0..=report.contenders.len())
        .map(|column| rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max().unwrap_or(0))
        .collect();
    let mut text = format!(
        "{} users x {} dials a day x {} days, {} seeds; mean ± half of the 95 % interval\n\n",
        report.users,
        report.dials_per_user_and_day,
        report.days,
        report.seeds.len()
    );
    for (nth, row) in rows.iter().enumerate() {
        for (column, (cell, width)) in row.iter().zip(&widths).enumerate() {
            let (cell, pad) = (cell.as_str(), width - cell.chars().count());
            let (before, after) = if column == 0 { (0, pad) } else { (pad, 0) };
            let _ = write!(text, "| {:before$}{cell}{:after$} ", "", "");
        }
        text.push_str("|\n");
        if nth == 0 {
            for (column, width) in widths.iter().enumerate() {
                let _ =
                    write!(text, "| {}{} ", "-".repeat(width.saturating_sub(1)), if column == 0 { '-' } else { ':' });
            }
            text.push_str("|\n");
        }
    }
    text
}

/// What each difference to the contender that all are held against says, in words: a line a measure that has a better side.
pub fn render_differences(report: &Report) -> String {
    let mut text = String::new();
    for row in report.contenders.iter().filter(|row| row.name != report.against) {
        let _ =
            writeln!(text, "`{}` less `{}`, seed by seed over {} seeds:", row.name, report.against, report.seeds.len());
        let judged = row.figures.iter().filter(|figure| figure.measure.better() != Better::Neither);
        for (figure, difference) in judged.filter_map(|figure| Some((figure, figure.less_the_other?))) {
            let verdict = figure.judgement().map_or("", Judgement::words);
            let _ = writeln!(text, "  {verdict:<12} {:<32} {}", figure.measure.title(), signed(&difference));
        }
    }
    text
}

fn words(interval: Option<Interval>) -> String {
    let Some(interval) = interval else { return "none".to_owned() };
    let digits = digits(interval.mean);
    if interval.half.is_finite() {
        format!("{:.digits$} ± {:.digits$}", interval.mean, interval.half)
    } else {
        format!("{:.digits$}", interval.mean)
    }
}

/// A difference, with as many digits as make two figures of its interval: it is about whether that holds 0.
fn signed(interval: &Interval) -> String {
    if !interval.half.is_finite() {
        return format!("{:+.*}", digits(interval.mean).max(2), interval.mean);
    }
    let mut digits = 0;
    while digits < 4 && interval.half > 0.0 && interval.half * 10f64.powi(digits) < 10.0 {
        digits += 1;
    }
    let digits = if interval.half > 0.0 { digits as usize } else { 2 };
    // What rounds to nothing has no sign.
    let mean = if format!("{:.digits$}", interval.mean).contains(|c: char| ('1'..='9').contains(&c)) {
        interval.mean
    } else {
        0.0
    };
    format!("{mean:+.digits$} ± {:.digits$}", interval.half)
}

fn rung_words(rung: Rung) -> &'static str {
    match rung {
        Rung::RelaxLocality => "rung relax_locality",
        Rung::EndTurnEarly => "rung end_turn_early",
        Rung::Bench => "rung bench",
        Rung::Reserve => "rung reserve",
        Rung::HardCap => "rung hard_cap",
    }
}

/// As many digits as make three figures.
pub(crate) fn digits(value: f64) -> usize {
    match value.abs() {
        large if large >= 100.0 => 0,
        middle if middle >= 10.0 => 1,
        _ => 2,
    }
}
