//! `policy shadow`: what policies in shadow would have answered.

use super::client::Client;
use super::commands::answer;
use super::show::{facts, section, table};
use super::{Exit, Failure};
use crate::desk::{ComparisonView, EstimateView, IntervalView, ShadowView, ShadowsView};
use std::collections::BTreeMap;

pub(super) async fn shadows(client: &Client, json: bool) -> Result<Exit, Failure> {
    answer(json, client.get("/v1/shadow", &[]).await?, |view: ShadowsView| shown(&view))
}

fn shown(view: &ShadowsView) -> String {
    let mut text: String = view.shadows.iter().map(one).collect();
    if view.shadows.is_empty() {
        text.push_str("No policy is in shadow. Put a file into the folder `shadow` of the policies folder.\n");
    }
    if !view.refused.is_empty() {
        let rows = view.refused.iter().map(|p| [p.place.clone(), p.reason.clone(), p.remedy.clone()]);
        text.push_str(&section("Not put in shadow", table(["place", "reason", "remedy"], rows)));
    }
    if !view.shadows.is_empty() {
        text.push_str(&section("How this is reckoned", view.method.join("\n")));
    }
    text
}

fn one(shadow: &ShadowView) -> String {
    let ComparisonView { calls, same, other_number, other_hold, ranker_silent, .. } = shadow.comparison;
    let or_nothing = |count: u64| if count > 0 { count.to_string() } else { String::new() };
    let mut text = facts([
        ("shadow", shadow.name.clone()),
        ("file", shadow.file.clone()),
        ("since", shadow.since.to_string()),
        ("calls", calls.to_string()),
        ("same answer", share(same, calls)),
        ("other number", share(other_number, calls)),
        ("would be shown", reasons(&shadow.comparison.hold_to_use)),
        ("would be held", reasons(&shadow.comparison.use_to_hold)),
        ("held otherwise", or_nothing(other_hold)),
        ("ranker silent", or_nothing(ranker_silent)),
        ("left out", or_nothing(shadow.left_out)),
    ]);
    let rows = shadow.comparison.measures.iter().map(|m| {
        let name = format!("{} {}", m.what, m.word);
        [name, share(m.in_force, calls), share(m.shadow, calls), points(m.difference)]
    });
    let measures = table(["of all calls", "in force", "in shadow", "difference, points"], rows);
    text.push_str(&section("What was shown, and what would be", measures));
    text.push_str(&estimate(&shadow.estimate));
    text.push('\n');
    text
}

fn estimate(view: &EstimateView) -> String {
    let title = format!("Calls with the outcome {}, per call whose outcome was told", view.of);
    let mut said = match (&view.rates, &view.why_not) {
        (Some(rates), _) => table(
            ["in force", "in shadow", "difference, points"],
            [[percent(rates.in_force), percent(rates.shadow), points(rates.difference)]].into_iter(),
        ),
        (None, why) => format!("not estimable: {}", why.as_deref().unwrap_or("no reason was told")),
    };
    if let Some(since) = view.since {
        said.push_str(&format!(
            "\nOver {} calls since {since}, {} of them answered alike; worth {:.0} calls, mean weight {:.2}.",
            view.calls, view.shown_alike, view.effective_calls, view.mean_weight
        ));
        said.push_str(&format!(
            "\nNothing is said of {} calls that would be held, and of {} for which a number would be shown that could not be \
             drawn. Untold: {}; let go before they were told: {}.",
            view.would_be_held, view.out_of_reach, view.untold, view.let_go
        ));
    }
    section(&title, said)
}

fn reasons(counts: &BTreeMap<String, u64>) -> String {
    let said: Vec<String> = counts.iter().map(|(reason, count)| format!("{reason} {count}")).collect();
    said.join(", ")
}

fn share(count: u64, of: u64) -> String {
    if of == 0 { count.to_string() } else { format!("{count} ({:.1} %)", 100.0 * count as f64 / of as f64) }
}

fn percent(IntervalView { value, low, high }: IntervalView) -> String {
    format!("{:.1} % ({:.1} to {:.1})", 100.0 * value, 100.0 * low, 100.0 * high)
}

fn points(IntervalView { value, low, high }: IntervalView) -> String {
    format!("{:+.1} ({:+.1} to {:+.1})", 100.0 * value, 100.0 * low, 100.0 * high)
}
