//! Which value of each field holds for somebody, and who said it.

use super::fields::FIELDS;
use super::folder::ReadPolicies;
use numbers::Exemption;
use numbers::scope::Scope;

/// One field as it holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explained {
    pub name: &'static str,
    /// As a file has it.
    pub value: String,
    /// The scope whose word holds; none for the policy of everybody.
    pub scope: Option<Scope>,
    /// The file and line that says it; none where it is a first default.
    pub place: Option<String>,
}

/// Every field as it holds for these scopes, the wider ones first.
///
/// A scope that says less of a rule of law than a wider one does is not the one whose word holds.
pub fn explained(read: &ReadPolicies, scopes: &[Scope]) -> Vec<Explained> {
    let place = |scope: Option<&Scope>, field| read.place(scope, field).map(str::to_owned);
    let mut policy = read.policy.clone();
    let mut fields: Vec<Explained> = FIELDS
        .iter()
        .map(|field| Explained {
            name: field.name,
            value: (field.show)(&policy),
            scope: None,
            place: place(None, field.name),
        })
        .collect();
    for scope in scopes {
        let Some(patch) = read.scopes.get(scope) else { continue };
        let mut freely = policy.clone();
        patch.apply(&mut policy);
        patch.apply_freely(&mut freely);
        for (field, explained) in FIELDS.iter().zip(&mut fields) {
            let value = (field.show)(&policy);
            if patch.says(field.name) && value == (field.show)(&freely) {
                let (scope, place) = (Some(scope.clone()), place(Some(scope), field.name));
                *explained = Explained { name: field.name, value, scope, place };
            }
        }
    }
    fields
}

/// The rules of law that do not bind these scopes, each with the scope that lifts it; none is the policy of everybody.
pub fn lifted(read: &ReadPolicies, scopes: &[Scope]) -> Vec<(Exemption, Option<Scope>)> {
    let of_all = read.policy.exemptions.iter().map(|exemption| (exemption.clone(), None));
    let of_scopes =
        scopes.iter().filter_map(|scope| Some((scope, read.scopes.get(scope)?))).flat_map(|(scope, patch)| {
            patch.exemptions.iter().map(move |exemption| (exemption.clone(), Some(scope.clone())))
        });
    of_all.chain(of_scopes).collect()
}
