//! What people are shown of a report: whole, legible, and without a figure that is none.

mod common;

use common::small;
use gym::compare::MEASURES;
use gym::{Better, Comparison, Contender, Report, compare, plot_svg, render_differences, render_table};
use numbers::Policy;

fn report(seeds: u64) -> Report {
    let world = small("volume_threshold");
    let mut contenders = common::contenders();
    let name = "a policy with <a & long> name that nobody could fit into a margin";
    contenders.push(Contender::policy(name, Policy { per_hour: 8, ..Policy::default() }));
    let seeds = (1..=seeds).collect();
    compare(&Comparison { world: &world, contenders: &contenders, days: 8, seeds, against: 0, threads: 2 }, &|_| {})
}

#[test]
fn a_table_has_everybody_and_everything_in_straight_columns() {
    for seeds in [1, 3] {
        let report = report(seeds);
        let table = render_table(&report);
        for measure in MEASURES {
            assert!(table.contains(measure.title()), "{measure:?} is missing");
        }
        for row in &report.contenders {
            assert!(table.contains(&row.name), "{} is missing", row.name);
        }
        let widths: Vec<usize> = table.lines().skip(2).map(|line| line.chars().count()).collect();
        assert!(widths.windows(2).all(|pair| pair[0] == pair[1]), "{table}");
        assert!(!table.contains("inf") && !table.contains("NaN"), "{table}");
        // A single seed is no evidence, whatever it says.
        assert_eq!(seeds == 1, !table.contains("worse"), "{table}");
    }
}

#[test]
fn differences_are_told_in_words() {
    for seeds in [1, 3] {
        let report = report(seeds);
        let text = render_differences(&report);
        let judged = MEASURES.into_iter().filter(|measure| measure.better() != Better::Neither).count();
        assert!(text.lines().count() <= (report.contenders.len() - 1) * (judged + 1), "{text}");
        assert!(text.contains("`random` less `default policy`, seed by seed"), "{text}");
        assert!(text.contains("cannot tell") && !text.contains("inf") && !text.contains("NaN"), "{text}");
        // A single seed is no evidence.
        assert_eq!(seeds == 1, !text.contains("  worse ") && !text.contains("  better "), "{text}");
    }
}

#[test]
fn a_picture_is_whole_and_its_words_stand_apart() {
    for seeds in [1, 3] {
        let picture = plot_svg(&report(seeds));
        assert!(picture.starts_with("<svg ") && picture.ends_with("</svg>\n"));
        assert!(!picture.contains("inf") && !picture.contains("NaN") && !picture.contains("<a & long>"));
        let texts = texts(&picture);
        assert!(texts.len() > 30);
        for (nth, one) in texts.iter().enumerate() {
            assert!(one.left >= 0.0 && one.right <= one.width, "{} leaves the picture", one.words);
            for other in &texts[nth + 1..] {
                let apart = one.right < other.left || other.right < one.left;
                let on_a_line = (one.y - other.y).abs() < 9.0;
                assert!(apart || !on_a_line, "{:?} runs into {:?}", one.words, other.words);
            }
        }
    }
}

struct Text {
    words: String,
    left: f64,
    right: f64,
    y: f64,
    width: f64,
}

/// Every text of the picture with the place it takes, at six tenths of its size a letter.
fn texts(picture: &str) -> Vec<Text> {
    let attribute = |tag: &str, name: &str| {
        let (_, rest) = tag.split_once(&format!(" {name}=\""))?;
        rest.split_once('"').map(|(value, _)| value.to_owned())
    };
    let number = |tag: &str, name: &str, default: f64| {
        attribute(tag, name).map_or(default, |value| value.parse().expect("a number"))
    };
    let width = number(picture, "width", 0.0);
    picture
        .split("<text")
        .skip(1)
        .map(|text| {
            let (tag, rest) = text.split_once('>').expect("a tag ends");
            let (words, _) = rest.split_once("</text>").expect("a text ends");
            let words = words.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&");
            let wide = words.chars().count() as f64 * number(tag, "font-size", 13.0) * 0.6;
            let x = number(tag, "x", 0.0);
            let left = match attribute(tag, "text-anchor").as_deref() {
                Some("middle") => x - wide / 2.0,
                Some("end") => x - wide,
                _ => x,
            };
            Text { words, left, right: left + wide, y: number(tag, "y", 0.0), width }
        })
        .collect()
}
