//! What cannot hold together, although each value alone is possible: between two fields, and between a scope and the wider
//! ones that it is laid over.

use super::fields::FIELDS;
use super::folder::{ReadPolicies, problem};
use crate::strict::Problem;
use numbers::policy::{LAWS, Policy};
use numbers::scope::Scope;
use std::collections::BTreeSet;

/// The problems of everything that may come to hold together.
pub(super) fn check_together(read: &ReadPolicies) -> Vec<Problem> {
    let mut found = Found { read, problems: Vec::new(), seen: BTreeSet::new() };
    found.check(None, &read.policy, "");
    for (scope, patch) in &read.scopes {
        for (with, wide) in wider(read, scope) {
            let mut policy = wide.clone();
            patch.apply(&mut policy);
            let with = with.map(|with| format!(", together with {with}")).unwrap_or_default();
            // What is left of two rules of law may be nothing, which says more than that one of them is looser.
            found.check(Some(scope), &policy, &with);
            found.relaxes(scope, &wide, &policy);
        }
    }
    found.problems
}

/// Every policy that this scope may be laid over, with the scope that makes it.
///
/// A user in a campaign of a business is not looked at with both at once: what two of them pass together is never wrong by a
/// third, but for figures that then only make a cap meaningless.
fn wider(read: &ReadPolicies, scope: &Scope) -> Vec<(Option<Scope>, Policy)> {
    let mut wider = vec![(None, read.policy.clone())];
    // The order of scopes has the wider ones first.
    for (other, patch) in &read.scopes {
        let is_wider = match (scope, other) {
            (Scope::Business(_), _) => false,
            (Scope::Campaign(_), other) => matches!(other, Scope::Business(_)),
            (Scope::User(_), other) => !matches!(other, Scope::User(_)),
        };
        if is_wider {
            let mut policy = read.policy.clone();
            patch.apply(&mut policy);
            wider.push((Some(other.clone()), policy));
        }
    }
    wider
}

struct Found<'a> {
    read: &'a ReadPolicies,
    problems: Vec<Problem>,
    /// Places and reasons that were said, because many pairs of scopes can have the same fault.
    seen: BTreeSet<(String, &'static str)>,
}

impl Found<'_> {
    /// A scope that says less of a rule of law than a wider one, without an exemption from it.
    fn relaxes(&mut self, scope: &Scope, wide: &Policy, policy: &Policy) {
        let Some(patch) = self.read.scopes.get(scope) else { return };
        let mut freely = wide.clone();
        patch.apply_freely(&mut freely);
        for field in FIELDS.iter().filter(|field| LAWS.contains(&field.name)) {
            let (said, held) = ((field.show)(&freely), (field.show)(policy));
            if said != held {
                let place = self.read.place(Some(scope), field.name).unwrap_or_default().to_owned();
                let reason = format!("`{}` = {said} would relax a rule of law, which is {held} here", field.name);
                let remedy =
                    "tighten it, or add [[exempt]] with `rule`, `because` and `by`, if somebody answers for it";
                self.say(place, field.name, reason, remedy);
            }
        }
    }

    fn say(&mut self, place: String, field: &'static str, reason: String, remedy: &str) {
        if self.seen.insert((place.clone(), field)) {
            self.problems.push(problem(&place, reason, remedy));
        }
    }

    /// The faults of one policy; `scope` is the narrowest one in it, and said at least one of the two fields.
    fn check(&mut self, scope: Option<&Scope>, policy: &Policy, with: &str) {
        for Fault { fields, reason, remedy } in faults(policy) {
            let place = fields.iter().find_map(|field| self.read.place(scope, field)).map(str::to_owned);
            // The first defaults hold together, and a fault between wider scopes is said of those.
            if let Some(place) = place {
                self.say(place, fields[0], format!("{reason}{with}"), remedy);
            }
        }
    }
}

struct Fault {
    fields: [&'static str; 2],
    reason: String,
    remedy: &'static str,
}

fn faults(policy: &Policy) -> Vec<Fault> {
    let mut faults = Vec::new();
    let mut refuse = |wrong: bool, fields, reason: String, remedy| {
        if wrong {
            faults.push(Fault { fields, reason, remedy });
        }
    };
    refuse(
        policy.per_day_soft > policy.per_day_hard,
        ["per_day_soft", "per_day_hard"],
        format!("`per_day_soft` ({}) is above `per_day_hard` ({})", policy.per_day_soft, policy.per_day_hard),
        "the soft cap comes first: make it at most the hard one",
    );
    refuse(
        policy.per_hour > policy.per_day_hard,
        ["per_hour", "per_day_hard"],
        format!("`per_hour` ({}) is above `per_day_hard` ({})", policy.per_hour, policy.per_day_hard),
        "an hour allows no more than its day: lower `per_hour` or raise `per_day_hard`",
    );
    refuse(
        policy.per_minute > policy.per_hour,
        ["per_minute", "per_hour"],
        format!("`per_minute` ({}) is above `per_hour` ({})", policy.per_minute, policy.per_hour),
        "a minute allows no more than its hour: lower `per_minute` or raise `per_hour`",
    );
    refuse(
        policy.turn_jitter >= policy.turn_calls,
        ["turn_jitter", "turn_calls"],
        format!(
            "`turn_jitter` ({}) is not below `turn_calls` ({}), so a turn could have no call",
            policy.turn_jitter, policy.turn_calls
        ),
        "make `turn_jitter` smaller than `turn_calls`",
    );
    refuse(
        policy.attempts_per_24h > policy.attempts_per_30d,
        ["attempts_per_24h", "attempts_per_30d"],
        format!(
            "`attempts_per_24h` ({}) is above `attempts_per_30d` ({})",
            policy.attempts_per_24h, policy.attempts_per_30d
        ),
        "a day allows no more than its month: lower the first or raise the second",
    );
    refuse(
        policy.check_every_urgent > policy.check_every,
        ["check_every_urgent", "check_every"],
        "`check_every_urgent` is longer than `check_every`, so a suspect number would be watched less".to_owned(),
        "make `check_every_urgent` at most `check_every`",
    );
    refuse(
        policy.case_expires_after < policy.dispute_every,
        ["case_expires_after", "dispute_every"],
        "`case_expires_after` is shorter than `dispute_every`, so no second dispute could be sent".to_owned(),
        "make `case_expires_after` at least `dispute_every`",
    );
    refuse(
        !policy.calling_hours.opens_ever(),
        ["calling_hours", "calling_hours"],
        format!("`calling_hours` leaves nothing of the hours of the wider scope, \"{}\"", policy.calling_hours),
        "let both have an hour in common",
    );
    let falls = policy.ramp_per_day.windows(2).find(|pair| pair[0] > pair[1]);
    refuse(
        falls.is_some(),
        ["ramp_per_day", "ramp_per_day"],
        falls
            .map(|pair| format!("`ramp_per_day` falls from {} to {}, and a warm-up only rises", pair[0], pair[1]))
            .unwrap_or_default(),
        "order the stages from the fewest calls to the most",
    );
    let last = policy.ramp_per_day.last().copied().unwrap_or_default();
    refuse(
        last > policy.per_day_hard,
        ["ramp_per_day", "per_day_hard"],
        format!("`ramp_per_day` ends at {last}, above `per_day_hard` ({})", policy.per_day_hard),
        "end the warm-up at or below the hard cap",
    );
    for ([smaller, larger], [few, many]) in [
        (["carrier_per_minute", "carrier_per_hour"], [policy.carrier_per_minute, policy.carrier_per_hour]),
        (["carrier_per_hour", "carrier_per_day"], [policy.carrier_per_hour, policy.carrier_per_day]),
        (["user_per_minute", "user_per_hour"], [policy.user_per_minute, policy.user_per_hour]),
        (["user_per_hour", "user_per_day"], [policy.user_per_hour, policy.user_per_day]),
    ] {
        refuse(
            few.zip(many).is_some_and(|(few, many)| few > many),
            [smaller, larger],
            format!("`{smaller}` is above `{larger}`, so it caps nothing"),
            "lower the first or raise the second",
        );
    }
    let both = policy.pinned.iter().find(|number| policy.excluded.contains(number));
    refuse(
        both.is_some(),
        ["pinned", "excluded"],
        both.map(|number| format!("{number} is both `pinned` and `excluded`")).unwrap_or_default(),
        "name it in one of the two",
    );
    refuse(
        policy.rest_every.is_some_and(|every| every <= policy.rest_planned_for),
        ["rest_every", "rest_planned_for"],
        "`rest_every` is not longer than `rest_planned_for`, so a number would rest more than it serves".to_owned(),
        "let a number serve longer than it rests",
    );
    faults
}
