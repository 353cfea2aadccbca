//! What the daemon shows of its policies.

use super::{ProblemView, RefusalView, Stamp};
use crate::policies::Explained;
use numbers::{Exemption, Scope};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A policy in force: that of everybody, or what one scope says beside it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PolicyView {
    /// `default`, or the scope: `business:acme`, `campaign:spring`, `user:ann`.
    pub name: String,
    pub revision: u64,
    /// The file it was read from, or `bundled`.
    pub file: String,
    pub in_force_since: Stamp,
    pub warnings: Vec<ProblemView>,
    /// The newer version of the files that was not taken.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_refusal: Option<RefusalView>,
    /// Every field with its value as a policy file has it; of a scope only those that it says.
    pub fields: BTreeMap<String, String>,
}

/// Whose policy is wanted. A user's business, or that of a campaign with a pool, need not be said.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScopeQuery {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub business: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub campaign: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
}

/// What holds for somebody.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EffectivePolicyView {
    pub revision: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub business: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub campaign: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    pub fields: Vec<EffectiveFieldView>,
    /// The rules of law that do not bind here; all others do, those without a field (`jurisdictions`, `do_not_call`) too.
    #[serde(default)]
    pub lifted: Vec<LiftedRuleView>,
}

/// A rule of law that somebody answers for that it does not bind.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LiftedRuleView {
    pub rule: String,
    pub because: String,
    pub by: String,
    /// `default`, or the scope that lifts it.
    pub scope: String,
}

impl From<(Exemption, Option<Scope>)> for LiftedRuleView {
    fn from((exemption, scope): (Exemption, Option<Scope>)) -> LiftedRuleView {
        let Exemption { rule, because, by } = exemption;
        LiftedRuleView { rule, because, by, scope: scope_word(scope) }
    }
}

fn scope_word(scope: Option<Scope>) -> String {
    scope.map_or_else(|| "default".to_owned(), |scope| scope.to_string())
}

/// One field as it holds, and who said so.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EffectiveFieldView {
    pub name: String,
    pub value: String,
    /// `default`, or the scope whose word holds.
    pub scope: String,
    /// The file and line; missing for a first default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<String>,
}

impl From<Explained> for EffectiveFieldView {
    fn from(field: Explained) -> EffectiveFieldView {
        let Explained { name, value, scope, place } = field;
        EffectiveFieldView { name: name.to_owned(), value, scope: scope_word(scope), place }
    }
}
