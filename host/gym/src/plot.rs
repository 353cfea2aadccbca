//! A report as a picture: one panel a measure, one line a contender, a dot at the mean and a bar for its interval.
//!
//! The picture is plain SVG without a script or a font of its own, so that it looks the same in a page and in a mail.

use crate::compare::{Figure, Measure, Report};
use crate::table::digits;
use core::fmt::Write;

/// The measures that are drawn.
const DRAWN: [Measure; 3] = [Measure::LabelledPercent, Measure::EngagedPer1000, Measure::EmptySlotsPercent];

const NAMES_WIDTH: f64 = 215.0;
const PANEL_WIDTH: f64 = 290.0;
const PANEL_GAP: f64 = 36.0;
const LINE_HEIGHT: f64 = 34.0;
const HEAD: f64 = 96.0;
const FOOT: f64 = 56.0;
const MARGIN: f64 = 20.0;
/// About the width of a character of the names' size, to cut names that would run into the first panel.
const NAME_CHARS_MAX: usize = 24;
const TICKS: usize = 5;
/// About the width of a figure beside its bar.
const FIGURE_WIDTH: f64 = 40.0;

/// Draws the report.
pub fn plot_svg(report: &Report) -> String {
    let lines = report.contenders.len() as f64;
    let panels = DRAWN.len() as f64;
    let width = 2.0 * MARGIN + NAMES_WIDTH + panels * PANEL_WIDTH + (panels - 1.0) * PANEL_GAP;
    let height = HEAD + lines * LINE_HEIGHT + FOOT;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width:.0} {height:.0}\" width=\"{width:.0}\" \
         height=\"{height:.0}\" font-family=\"Helvetica, Arial, sans-serif\" font-size=\"13\" fill=\"#222\">\n\
         <rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n\
         <text x=\"{MARGIN}\" y=\"30\" font-size=\"17\" font-weight=\"bold\">World “{}”</text>\n\
         <text x=\"{MARGIN}\" y=\"50\" fill=\"#555\">{} users, {} dials a day each, {} days, {} seeds. Dots are means, \
         bars their 95 % intervals over the seeds.</text>\n",
        escaped(&report.world),
        report.users,
        report.dials_per_user_and_day,
        report.days,
        report.seeds.len()
    );
    for (nth, row) in report.contenders.iter().enumerate() {
        let y = line_y(nth);
        if nth % 2 == 0 {
            let (x, top, wide) = (MARGIN, y - LINE_HEIGHT / 2.0, width - 2.0 * MARGIN);
            let _ = writeln!(
                svg,
                "<rect x=\"{x}\" y=\"{top:.1}\" width=\"{wide:.0}\" height=\"{LINE_HEIGHT}\" fill=\"#f4f5f7\"/>"
            );
        }
        let weight = if row.name == report.against { "bold" } else { "normal" };
        let name = cut(&row.name);
        let _ = writeln!(
            svg,
            "<text x=\"{:.0}\" y=\"{:.1}\" font-weight=\"{weight}\">{}</text>",
            MARGIN + 8.0,
            y + 4.5,
            escaped(&name)
        );
    }
    for (nth, measure) in DRAWN.into_iter().enumerate() {
        let left = MARGIN + NAMES_WIDTH + nth as f64 * (PANEL_WIDTH + PANEL_GAP);
        panel(&mut svg, report, measure, left);
    }
    svg.push_str("</svg>\n");
    svg
}

fn panel(svg: &mut String, report: &Report, measure: Measure, left: f64) {
    let figures: Vec<&Figure> = report
        .contenders
        .iter()
        .filter_map(|row| row.figures.iter().find(|figure| figure.measure == measure))
        .collect();
    let finite = |value: f64| value.is_finite().then_some(value);
    let ends = figures
        .iter()
        .filter_map(|figure| figure.value)
        .flat_map(|value| [finite(value.low()), finite(value.high()), finite(value.mean)]);
    let (low, high) =
        ends.flatten().fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| (low.min(value), high.max(value)));
    let scale = Scale::around(low, high);
    let bottom = HEAD + report.contenders.len() as f64 * LINE_HEIGHT;
    let x_of = |value: f64| left + (value - scale.from) / (scale.to - scale.from) * PANEL_WIDTH;
    let _ =
        writeln!(svg, "<text x=\"{left:.0}\" y=\"{:.0}\" font-weight=\"bold\">{}</text>", HEAD - 14.0, measure.title());
    for tick in scale.ticks() {
        let x = x_of(tick);
        let _ = writeln!(
            svg,
            "<line x1=\"{x:.1}\" y1=\"{HEAD}\" x2=\"{x:.1}\" y2=\"{bottom:.0}\" stroke=\"#d0d4da\"/>\n\
             <text x=\"{x:.1}\" y=\"{:.0}\" text-anchor=\"middle\" font-size=\"11\" fill=\"#555\">{}</text>",
            bottom + 17.0,
            scale.words(tick)
        );
    }
    for (nth, value) in figures.into_iter().enumerate().filter_map(|(nth, figure)| Some((nth, figure.value?))) {
        let y = line_y(nth);
        let ours = report.contenders[nth].name == report.against;
        let colour = if ours { "#b3361b" } else { "#2b5d8a" };
        if value.half.is_finite() {
            let (from, to) = (x_of(value.low().max(0.0)), x_of(value.high()));
            let _ = writeln!(
                svg,
                "<line x1=\"{from:.1}\" y1=\"{y:.1}\" x2=\"{to:.1}\" y2=\"{y:.1}\" stroke=\"{colour}\" stroke-width=\"2.5\"/>"
            );
        }
        let x = x_of(value.mean);
        let _ = writeln!(svg, "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"4.5\" fill=\"{colour}\"/>");
        // The figure stands right of its bar, left of it where the panel ends, and above one that fills the panel.
        let reach = |end: f64| if end.is_finite() { x_of(end) } else { x };
        let (right, before) = (reach(value.high()).max(x) + 9.0, reach(value.low()).min(x) - 9.0);
        let (at, line, anchor) = if right + FIGURE_WIDTH <= left + PANEL_WIDTH {
            (right, y + 4.0, "start")
        } else if before - FIGURE_WIDTH >= left {
            (before, y + 4.0, "end")
        } else {
            (left + PANEL_WIDTH, y - 7.0, "end")
        };
        let _ = writeln!(
            svg,
            "<text x=\"{at:.1}\" y=\"{:.1}\" text-anchor=\"{anchor}\" font-size=\"11\" fill=\"{colour}\">{:.*}</text>",
            line,
            digits(value.mean),
            value.mean
        );
    }
}

fn line_y(nth: usize) -> f64 {
    HEAD + (nth as f64 + 0.5) * LINE_HEIGHT
}

/// The stretch of a measure that a panel shows, between round figures.
struct Scale {
    from: f64,
    to: f64,
    step: f64,
}

impl Scale {
    fn around(low: f64, high: f64) -> Scale {
        let (low, high) = if low.is_finite() && high.is_finite() { (low, high) } else { (0.0, 1.0) };
        // A little air, and from 0 on where that is near.
        let span = (high - low).max(high.abs() * 0.02).max(0.01);
        // Nothing that is drawn can be less than nothing, whatever its interval says.
        let low = if low < span { 0.0 } else { low - span * 0.05 };
        let high = high + span * 0.05;
        let raw = (high - low) / TICKS as f64;
        let mut step = 0.001;
        'found: loop {
            for times in [1.0, 2.0, 5.0] {
                if step * times >= raw {
                    step *= times;
                    break 'found;
                }
            }
            step *= 10.0;
        }
        Scale { from: (low / step).floor() * step, to: (high / step).ceil() * step, step }
    }

    fn ticks(&self) -> impl Iterator<Item = f64> {
        let count = ((self.to - self.from) / self.step).round() as usize;
        let (from, step) = (self.from, self.step);
        (0..=count).map(move |nth| from + nth as f64 * step)
    }

    fn words(&self, tick: f64) -> String {
        let digits = match self.step {
            step if step >= 1.0 => 0,
            step if step >= 0.1 => 1,
            step if step >= 0.01 => 2,
            _ => 3,
        };
        format!("{tick:.digits$}")
    }
}

fn cut(name: &str) -> String {
    if name.chars().count() <= NAME_CHARS_MAX {
        return name.to_owned();
    }
    name.chars().take(NAME_CHARS_MAX - 1).chain(['…']).collect()
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
