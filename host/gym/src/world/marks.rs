//! Where the figures of a world come from, as the remarks beside them say.

use core::fmt;

/// Figures of a world's file, by the mark in the remark on their line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Marks {
    /// Counted by somebody neutral, or public.
    pub measured: u32,
    /// Claimed by somebody who sells something.
    pub vendor: u32,
    /// Guesses or choices of ours.
    pub ours: u32,
    /// Nobody says.
    pub unmarked: u32,
}

impl Marks {
    /// Counts the lines with a figure. One line may hold a list of them, and is counted once.
    pub fn of(text: &str) -> Marks {
        let mut marks = Marks::default();
        // A remark beside the head of a table is one on each of its lines.
        let mut of_table = "";
        for line in text.lines().map(str::trim).filter(|line| !line.starts_with('#')) {
            let (said, remark) = line.split_once(" #").map_or((line, ""), |(said, remark)| (said, remark.trim()));
            if said.starts_with('[') {
                of_table = remark;
                continue;
            }
            let Some((_, value)) = said.split_once('=') else { continue };
            let value = value.trim();
            let is_figure = value.starts_with(|c: char| c.is_ascii_digit() || c == '-')
                || value.starts_with('[') && !value.starts_with("[\"");
            let remark = if remark.is_empty() { of_table } else { remark };
            let count = match remark.split(|c: char| !c.is_alphabetic()).next() {
                _ if !is_figure => continue,
                Some("measured") => &mut marks.measured,
                Some("vendor" | "vendors") => &mut marks.vendor,
                Some("ours") => &mut marks.ours,
                Some(_) | None => &mut marks.unmarked,
            };
            *count += 1;
        }
        marks
    }
}

impl fmt::Display for Marks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Marks { measured, vendor, ours, unmarked } = self;
        let parts = [
            (*measured, "measured"),
            (*vendor, "claimed by vendors"),
            (*ours, "guesses or choices of ours"),
            (*unmarked, "without a word of where they come from"),
        ];
        let mut before = "";
        for (count, what) in parts.into_iter().filter(|(count, _)| *count > 0) {
            write!(f, "{before}{count} {what}")?;
            before = ", ";
        }
        Ok(())
    }
}
