//! Tries the cases of policy files: the same `choose` answers them that answers calls.

use super::case::{Case, CaseNumber};
use super::folder::problem;
use super::rung_word;
use crate::strict::Problem;
use core::time::Duration;
use numbers::choose::{Pool, Question, choose};
use numbers::scope::Policies;
use numbers::{
    Answer, Ask, CalleeRecord, CampaignHash, Candidate, Carriers, Change, Decision, E164, Life, Moment, OwnerId,
    OwnerUsage, Policy, Shown, Status, Turn, Usage,
};
use std::collections::BTreeMap;

/// What came of the cases.
#[derive(Clone, Debug, Default)]
pub struct Trial {
    pub passed: usize,
    /// What each of the others expected and got.
    pub failed: Vec<Problem>,
}

/// Tries these cases against these policies.
pub fn try_cases<'a>(cases: impl IntoIterator<Item = &'a Case>, policies: &Policies) -> Trial {
    let mut trial = Trial::default();
    for case in cases {
        match try_case(case, policies) {
            Ok(()) => trial.passed += 1,
            Err(failed) => trial.failed.push(failed),
        }
    }
    trial
}

fn try_case(case: &Case, policies: &Policies) -> Result<(), Problem> {
    let owner = match (&case.user, &case.campaign) {
        (None, Some(campaign)) => OwnerId::Campaign(campaign.clone()),
        (user, _) => OwnerId::User(user.clone().unwrap_or_default()),
    };
    let policy = policies.of_call(&case.business, &owner, case.campaign.as_deref());
    let names: BTreeMap<&str, E164> = named(case);
    let number_of = |name: &str| names.get(name).copied();
    let kept = |numbers: &[CaseNumber], life| kept(numbers, &names, life, case.at, &policy);
    let [pool, bench, reserve] =
        [kept(&case.pool, Life::Active), kept(&case.bench, Life::Active), kept(&case.reserve, Life::Ready)];
    let Some(callee) =
        E164::from_digits(10_000_000_000 + u64::from(case.callee.area) * 10_000_000 + CALLEE_EXCHANGE * 10_000 + 100)
    else {
        let reason = format!("{} is no area code that a callee can have", case.callee.area);
        return Err(problem(&case.place, reason, "write one from 200 to 999"));
    };
    let ask = Ask {
        owner,
        campaign: case.campaign.clone(),
        callee,
        state: case.callee.state,
        zip: case.callee.zip,
        carrier: case.callee.carrier,
        at: case.at,
        // Ties are decided the same way each time; a case that rests on one says more than a policy does.
        tie_break: 1,
    };
    let record = callee_record(case, number_of);
    let mut by = OwnerUsage::default();
    by.counts.count(earlier(case.at, Duration::from_secs(60 * 60), &policy), case.placed_today, &policy);
    if let Some((name, left)) = &case.turn
        && let Some(number) = number_of(name)
    {
        let turn = Turn { number, left: *left, until: None };
        // In whichever bucket the call turns out to be.
        by.turns.insert(numbers::turn::BUCKET_ELSEWHERE, turn);
        by.turns.extend(numbers::area::area(case.callee.area).map(|area| (area.group, turn)));
    }
    let answer = choose(&Question {
        ask: &ask,
        pool: Pool { candidates: &pool.0, usage: &pool.1 },
        bench: Pool { candidates: &bench.0, usage: &bench.1 },
        reserve: Pool { candidates: &reserve.0, usage: &reserve.1 },
        owner: &by,
        callee: Some(&record),
        listed: case.callee.listed,
        policy: &policy,
        order: &[],
    });
    compare(case, &answer, &names)
}

fn compare(case: &Case, answer: &Answer, names: &BTreeMap<&str, E164>) -> Result<(), Problem> {
    let name_of = |number: E164| names.iter().find(|(_, of)| **of == number).map_or("?", |(name, _)| name);
    let (shown, reason) = match &answer.decision {
        Decision::Use { number, sticky: true, .. } => (name_of(*number), "same_number_as_last_time"),
        Decision::Use { number, rung: Some(rung), .. } => (name_of(*number), rung_word(*rung)),
        Decision::Use { number, .. } => (name_of(*number), "turn"),
        Decision::Hold { reason, .. } => ("hold", reason.word()),
    };
    let code_of = |name: &str| {
        let considered = answer.considered.iter().find(|(number, _)| name_of(*number) == name);
        considered.map_or("not looked at", |(_, passed)| passed.word())
    };
    let as_expected = shown == case.expect
        && case.because.as_ref().is_none_or(|because| because == reason)
        && case.passed.iter().all(|(name, word)| code_of(name) == word);
    if as_expected {
        return Ok(());
    }
    let mut expected = format!("`{}`", case.expect);
    if let Some(because) = &case.because {
        expected.push_str(&format!(" because of {because}"));
    }
    for (name, word) in &case.passed {
        expected.push_str(&format!(", {name} {word}"));
    }
    let codes: Vec<String> = case.each().map(|number| format!("{} {}", number.name, code_of(&number.name))).collect();
    let reason = format!(
        "the case \"{}\" expects {expected}, and the answer is `{shown}` because of {reason} ({})",
        case.name,
        codes.join(", ")
    );
    Err(problem(&case.place, reason, "change the rule that decides this, or say in the case what is right now"))
}

/// The exchange of every callee.
const CALLEE_EXCHANGE: u64 = 987;

/// Numbers that nobody has, in the order of the case.
fn named(case: &Case) -> BTreeMap<&str, E164> {
    let numbers = case.each().enumerate();
    let named = numbers.filter_map(|(place, number)| {
        let exchange = if number.neighbour { CALLEE_EXCHANGE } else { 555 };
        let digits = 10_000_000_000 + u64::from(number.area) * 10_000_000 + exchange * 10_000 + 200 + place as u64;
        Some((number.name.as_str(), E164::from_digits(digits)?))
    });
    named.collect()
}

fn kept(
    numbers: &[CaseNumber],
    names: &BTreeMap<&str, E164>,
    life: Life,
    at: Moment,
    policy: &Policy,
) -> (Vec<Candidate>, Vec<Usage>) {
    let each = numbers.iter().filter_map(|number| {
        let mut status = [Status::Unflagged; 8];
        for (carrier, said) in &number.standing {
            status[carrier.index()] = *said;
        }
        let life = number.life.unwrap_or(life);
        let candidate = Candidate {
            proven: number.proven,
            known: number.known,
            status,
            excluded: number.rests_on.iter().copied().collect::<Carriers>(),
            ramp_since: number.warming_for.map(|span| at.before(span)),
            registered: number.registered,
            answerable: number.answerable,
            ..Candidate::good(*names.get(number.name.as_str())?, life)
        };
        Some((candidate, usage(number, at, policy)))
    });
    each.unzip()
}

/// Calls of the day count for no hour, and those of the hour for no minute, as far as the day is long enough for that.
fn usage(number: &CaseNumber, at: Moment, policy: &Policy) -> Usage {
    let mut usage = Usage::default();
    let earlier = |span: Duration| earlier(at, span, policy);
    if let Some(campaign) = &number.campaign {
        let an_hour_ago = at.before(Duration::from_secs(60 * 60));
        let shown = Shown { campaign: Some(CampaignHash::of(campaign)), ..Shown::at(an_hour_ago) };
        usage.record(shown, policy);
        usage.give_back(an_hour_ago, None);
    }
    let in_hour = number.hour.max(number.minute);
    usage.charge(earlier(Duration::from_secs(2 * 60 * 60)), number.today.saturating_sub(in_hour), false, policy);
    usage.charge(earlier(Duration::from_secs(30 * 60)), in_hour - number.minute, false, policy);
    usage.charge(at, number.minute, false, policy);
    if let Some(span) = number.turn_ended {
        usage.note_turn(at.before(span));
    }
    usage
}

/// A moment so long before, or the beginning of the calling day.
fn earlier(at: Moment, span: Duration, policy: &Policy) -> Moment {
    at.before(span).max(at.day(policy.day_starts_at).begins(policy.day_starts_at))
}

fn callee_record(case: &Case, number_of: impl Fn(&str) -> Option<E164>) -> CalleeRecord {
    let callee = &case.callee;
    let mut record = CalleeRecord::default();
    for _ in 0..callee.attempts_today {
        record.record_attempt(case.at.before(Duration::from_secs(60 * 60)));
    }
    let saw = callee.saw.as_deref().and_then(number_of);
    record.sticky = saw.map(|number| (number, case.at.before(callee.saw_ago)));
    record.changed = callee.changed_ago.map(|ago| {
        let at = case.at.before(ago);
        Change { at, before_at: at.before(Duration::from_secs(60)) }
    });
    if callee.suppressed {
        record.suppress(case.at.before(Duration::from_secs(60)));
    }
    record
}
