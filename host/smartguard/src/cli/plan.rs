//! What a dialer can plan by, for a person: `preflight` and `pacing`. Neither consumes anything.

use super::client::Client;
use super::commands::answer;
use super::show::{section, table};
use super::{Exit, Failure};
use crate::desk::{CallsLeftView, PacingView, PreflightView};
use clap::Args;
use serde_json::{Value, json};

#[derive(Debug, Args)]
pub(super) struct Preflight {
    /// Whom to call, as +13125550100; at most 500.
    #[arg(required = true)]
    callees: Vec<String>,
    /// The user whose pool would be called from.
    #[arg(long, required_unless_present = "campaign")]
    user: Option<String>,
    /// The campaign; without a user its own pool.
    #[arg(long)]
    campaign: Option<String>,
    /// Where they live, as the list says, such as FL.
    #[arg(long)]
    state: Option<String>,
    #[arg(long)]
    zip: Option<String>,
}

#[derive(Debug, Args)]
pub(super) struct Pacing {
    /// One user's pool alone.
    #[arg(long, conflicts_with_all = ["campaign", "business"])]
    user: Option<String>,
    /// One campaign's own pool alone.
    #[arg(long, conflicts_with = "business")]
    campaign: Option<String>,
    /// The pools of one business.
    #[arg(long)]
    business: Option<String>,
    /// Dials that are planned for each pool in a day: says whether its numbers are enough.
    #[arg(long)]
    dials: Option<u32>,
}

pub(super) async fn preflight(client: &Client, json: bool, words: Preflight) -> Result<Exit, Failure> {
    let Preflight { callees, user, campaign, state, zip } = words;
    let callee = |to: &String| {
        let mut callee = json!({ "to": to });
        for (name, said) in [("state", &state), ("zip", &zip)] {
            if let Some(said) = said {
                callee[name] = json!(said);
            }
        }
        callee
    };
    let mut body = json!({ "callees": callees.iter().map(callee).collect::<Vec<Value>>() });
    for (name, said) in [("user", user), ("campaign", campaign)] {
        if let Some(said) = said {
            body[name] = json!(said);
        }
    }
    answer(json, client.post("/v1/preflight", &body).await?, |view: PreflightView| {
        let rows = view.callees.iter().map(|callee| {
            let why = [callee.reason.clone()].into_iter().flatten().chain(callee.listed.iter().cloned());
            [
                callee.to.clone(),
                if callee.callable { "yes" } else { "no" }.to_owned(),
                why.collect::<Vec<_>>().join(", "),
                callee.from.map(|from| from.to_string()).unwrap_or_default(),
            ]
        });
        format!("{}\n{}", table(["callee", "callable now", "why not", "again from"], rows), left(&view.calls_left))
    })
}

pub(super) async fn pacing(client: &Client, json: bool, words: Pacing) -> Result<Exit, Failure> {
    let Pacing { user, campaign, business, dials } = words;
    let dials = dials.map(|dials| dials.to_string());
    let said = [("user", user), ("campaign", campaign), ("business", business), ("dials", dials)];
    let query: Vec<(&str, String)> = said.into_iter().filter_map(|(name, said)| Some((name, said?))).collect();
    answer(json, client.get("/v1/pacing", &query).await?, |view: PacingView| {
        let rows = view.pools.iter().map(|pool| {
            let calls = &pool.calls_left;
            [pool.owner.clone(), pool.numbers.to_string(), calls.next_hour.to_string(), calls.today.to_string()]
        });
        let pools = table(["pool", "numbers", "calls left in the next hour", "today"], rows);
        let advice = view.advice.iter().map(|line| format!("{line}\n")).collect::<String>();
        let advice = if advice.is_empty() { String::new() } else { section("Advice", advice) };
        format!("{pools}\n{}{advice}", left(&view.calls_left))
    })
}

fn left(calls: &CallsLeftView) -> String {
    format!("At most {} more calls within an hour, and {} until the calling day ends.\n", calls.next_hour, calls.today)
}
