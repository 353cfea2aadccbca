//! A report as a table for people: a column a contender, a row a measure, and below it what each difference says.

use crate::compare::{Interval, Judgement, MEASURES, Measure, Report};
use core::fmt::Write;
use numbers::Carrier;

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
                Some(Judgement::Better) => "better",
                Some(Judgement::Worse) => "worse",
                Some(Judgement::Tie) | None => "tie",
            };
            format!("{} {verdict}", signed(&difference))
        };
        let title = format!("{}: less `{}`", measure.title(), report.against);
        rows.push([title].into_iter().chain(report.contenders.iter().map(value)).collect());
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

fn words(interval: Option<Interval>) -> String {
    let Some(interval) = interval else { return "none".to_owned() };
    let digits = digits(interval.mean);
    if interval.half.is_finite() {
        format!("{:.digits$} ± {:.digits$}", interval.mean, interval.half)
    } else {
        format!("{:.digits$}", interval.mean)
    }
}

fn signed(interval: &Interval) -> String {
    let digits = digits(interval.mean).max(2);
    format!("{:+.digits$} ± {:.digits$}", interval.mean, interval.half)
}

/// As many digits as make three figures.
pub(crate) fn digits(value: f64) -> usize {
    match value.abs() {
        large if large >= 100.0 => 0,
        middle if middle >= 10.0 => 1,
        _ => 2,
    }
}
