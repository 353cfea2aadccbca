//! What a dialer is told before it calls: who may be called and from when, and how many calls are left.

use super::super::HoldClass;
use super::Stamp;
use numbers::Pace;
use numbers::carrier::Carrier;
use numbers::e164::E164;
use numbers::region::{Region, Zip};
use serde::{Deserialize, Serialize};

/// Whom somebody is about to call. Nothing is consumed by asking.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PreflightRequest {
    /// At least one of the two is set.
    pub user: Option<String>,
    pub campaign: Option<String>,
    pub callees: Vec<PreflightCallee>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PreflightCallee {
    pub to: E164,
    pub state: Option<Region>,
    pub zip: Option<Zip>,
    pub carrier: Option<Carrier>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PreflightView {
    /// In the order of the question.
    pub callees: Vec<PreflightCalleeView>,
    /// Of the pool that would be called from.
    pub calls_left: CallsLeftView,
}

/// What would be answered now for one callee.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PreflightCalleeView {
    pub to: String,
    pub callable: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub class: Option<HoldClass>,
    /// Why not, in the word of a hold.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The do-not-call lists on which it stands, the one that least can be said against first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub listed: Vec<String>,
    /// From when the answer may be another one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<Stamp>,
}

/// Calls that can be placed at most without breaking a cap of a number.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallsLeftView {
    pub next_hour: u32,
    /// Until the calling day ends.
    pub today: u32,
}

/// What an answer says of the calls that are left, so that a dialer can slow down before it is told to wait. A receipt says
/// nothing of it, because it is what was left then.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AnswerPaceView {
    /// Of the pool that answered.
    pub pool: CallsLeftView,
    /// Of all pools of the business, as it was some seconds ago; left out until it was counted for the first time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub business: Option<CallsLeftView>,
}

impl From<Pace> for CallsLeftView {
    fn from(pace: Pace) -> CallsLeftView {
        CallsLeftView { next_hour: pace.next_hour, today: pace.today }
    }
}

/// Whose calls are counted: a user's or a campaign's pool, or all pools of a business.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PacingQuery {
    #[serde(default)]
    pub user: Option<String>,
    #[serde(default)]
    pub campaign: Option<String>,
    #[serde(default)]
    pub business: Option<String>,
    /// Dials that are planned for each pool in a day, for advice on its size.
    #[serde(default)]
    pub dials: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PacingView {
    pub pools: Vec<PoolPaceView>,
    /// Of all these pools together.
    pub calls_left: CallsLeftView,
    pub advice: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PoolPaceView {
    /// `user ann` or `campaign spring`.
    pub owner: String,
    /// Numbers in the pool, those that rest included.
    pub numbers: usize,
    pub calls_left: CallsLeftView,
}
