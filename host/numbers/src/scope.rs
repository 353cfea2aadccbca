//! Which policy holds for whom: the default one, and what a business, a campaign or a user says beside it.
//!
//! A narrower scope says only what it changes. It is laid over the wider ones in the order of [`Scope`], so that a user's
//! word comes last; rules of law are tightened on the way and never relaxed.

use crate::number::Place;
use crate::owner::OwnerId;
use crate::policy::{Patch, Policy};
use core::fmt;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::collections::BTreeMap;

/// Whom a patch is for, the wider ones first.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    Business(String),
    Campaign(String),
    User(String),
}

impl Scope {
    /// Reads `business:acme`, `campaign:spring` or `user:ann`.
    pub fn parse(text: &str) -> Option<Scope> {
        let (kind, name) = text.split_once(':')?;
        let name = Some(name.trim()).filter(|name| !name.is_empty())?.to_owned();
        match kind.trim() {
            "business" => Some(Scope::Business(name)),
            "campaign" => Some(Scope::Campaign(name)),
            "user" => Some(Scope::User(name)),
            _ => None,
        }
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Scope::Business(name) => write!(f, "business:{name}"),
            Scope::Campaign(name) => write!(f, "campaign:{name}"),
            Scope::User(name) => write!(f, "user:{name}"),
        }
    }
}

/// The default policy and every scope beside it, under one revision.
///
/// Invariant: `businesses` holds exactly the businesses that `scopes` names, each with its patch laid over `base`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Policies {
    /// Rises with every adoption; 0 while nothing was adopted.
    pub revision: u64,
    base: Policy,
    scopes: BTreeMap<Scope, Patch>,
    businesses: BTreeMap<String, Policy>,
}

impl Policies {
    pub fn new(revision: u64, base: Policy, scopes: BTreeMap<Scope, Patch>) -> Policies {
        let businesses = scopes
            .iter()
            .filter_map(|(scope, patch)| match scope {
                Scope::Business(business) => {
                    let mut policy = base.clone();
                    patch.apply(&mut policy);
                    Some((business.clone(), policy))
                }
                Scope::Campaign(_) | Scope::User(_) => None,
            })
            .collect();
        Policies { revision, base, scopes, businesses }
    }

    /// What holds where no scope says otherwise.
    pub fn base(&self) -> &Policy {
        &self.base
    }

    pub fn scopes(&self) -> &BTreeMap<Scope, Patch> {
        &self.scopes
    }

    /// What holds for the numbers, the cases and the filings of a business.
    pub fn of_business(&self, business: &str) -> &Policy {
        self.businesses.get(business).unwrap_or(&self.base)
    }

    /// What holds for a pool, whoever calls from it.
    pub fn of_owner(&self, business: &str, owner: &OwnerId) -> Cow<'_, Policy> {
        self.of_call(business, owner, None)
    }

    /// What holds for a number that is kept there.
    pub fn of_place(&self, business: &str, place: &Place) -> Cow<'_, Policy> {
        match place {
            Place::Pool(owner) => self.of_owner(business, owner),
            Place::Aside | Place::Reserve | Place::Bench => Cow::Borrowed(self.of_business(business)),
        }
    }

    /// What holds for a call from this owner's pool in this campaign. The scopes of a campaign's own pool are that campaign's.
    pub fn of_call(&self, business: &str, owner: &OwnerId, campaign: Option<&str>) -> Cow<'_, Policy> {
        let wide = Cow::Borrowed(self.of_business(business));
        // Only businesses have scopes in most houses, and this is on the path of every call.
        if self.scopes.len() == self.businesses.len() {
            return wide;
        }
        let (campaign, user) = match owner {
            OwnerId::Campaign(own) => (Some(own.as_str()), None),
            OwnerId::User(user) => (campaign, Some(user.as_str())),
        };
        let campaign = campaign.map(|name| Scope::Campaign(name.to_owned()));
        let user = user.map(|name| Scope::User(name.to_owned()));
        [campaign, user].iter().flatten().filter_map(|scope| self.scopes.get(scope)).fold(wide, |wide, patch| {
            let mut policy = wide.into_owned();
            patch.apply(&mut policy);
            Cow::Owned(policy)
        })
    }

    /// The longest that any scope lets a callee see the same number again: for so long a callee is remembered.
    pub fn sticky_for_longest(&self) -> core::time::Duration {
        let scopes = self.scopes.values().filter_map(|patch| patch.sticky_for);
        scopes.chain([self.base.sticky_for]).max().unwrap_or_default()
    }
}
