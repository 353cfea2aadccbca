//! What chance may bring: policies, numbers, and what happens on an afternoon.

use super::*;

#[derive(Clone, Debug)]
pub enum Step {
    Ask {
        callee: usize,
        carrier: Option<Carrier>,
        campaign: Option<&'static str>,
        tie_break: u64,
        /// What a ranker says, which may be anything.
        order: Vec<prop::sample::Index>,
    },
    /// The call of an earlier decision was never placed.
    GiveBack(prop::sample::Index),
    /// An unclean stop: so many calls may have been made with this number.
    Charge(prop::sample::Index, u32),
}

pub fn policy() -> impl Strategy<Value = Policy> {
    let caps = (0..5u32, 1..9u32, 1..14u32, 0..5u32);
    let some_cap = |most: u32| prop::option::weighted(0.2, 1..most);
    let other_caps = (some_cap(4), some_cap(6), some_cap(10), some_cap(6), some_cap(20), some_cap(40));
    let turns = (0..5u32, 0..4u32, 0..180u64, prop::option::weighted(0.2, 1..900u64));
    let callee = (3600..40 * 24 * 3600u64, 0..7u32, 1..40u32);
    let rungs = [Rung::RelaxLocality, Rung::EndTurnEarly, Rung::Bench, Rung::Reserve, Rung::HardCap];
    let ladder = (Just(rungs.to_vec()).prop_shuffle(), 0..6usize);
    // Half of them call at any hour, so that caps and turns are met often enough.
    let hours = prop::option::weighted(0.5, prop::sample::select(vec!["daily 8:00-21:00", "daily 10:00-12:00"]));
    // Locality, exchange, registration, call-back, campaign.
    let rules = prop::array::uniform5(strictness());
    let explore = prop::option::weighted(0.2, 1..400u32);
    (caps, other_caps, turns, callee, ladder, rules, (0..400u32, hours, explore, 0..200_000u64, any::<bool>()))
        .prop_map(
            |(
                caps,
                other_caps,
                turns,
                callee,
                (mut ladder, rungs),
                rules,
                (risk, hours, explore, campaign_wait, lifts),
            )| {
                ladder.truncate(rungs);
                Policy {
                    per_minute: caps.0,
                    per_hour: caps.1,
                    per_day_soft: caps.2,
                    per_day_hard: caps.2 + caps.3,
                    carrier_per_minute: other_caps.0,
                    carrier_per_hour: other_caps.1,
                    carrier_per_day: other_caps.2,
                    user_per_minute: other_caps.3,
                    user_per_hour: other_caps.4,
                    user_per_day: other_caps.5,
                    turn_calls: turns.0,
                    turn_jitter: turns.1,
                    turn_gap: Duration::from_secs(turns.2),
                    turn_for: turns.3.map(Duration::from_secs),
                    sticky_for: Duration::from_secs(callee.0),
                    attempts_per_24h: callee.1,
                    attempts_per_30d: callee.2,
                    ramp_per_day: vec![2, 4, 6],
                    ladder,
                    locality: rules[0],
                    own_exchange: rules[1],
                    registered_only: rules[2],
                    callback_required: rules[3],
                    one_campaign: rules[4],
                    campaign_wait: Duration::from_secs(campaign_wait),
                    explore_permille: explore.unwrap_or(0),
                    unknown_carrier_excluded_permille: risk,
                    calling_hours: hours.map_or(Hours::ALWAYS, |hours| Hours::parse(hours).expect("hours")),
                    exemptions: if hours.is_some() {
                        Vec::new()
                    } else if lifts {
                        vec![exempt_from(JURISDICTIONS), exempt_from(DO_NOT_CALL)]
                    } else {
                        vec![exempt_from(JURISDICTIONS)]
                    },
                    ..Policy::default()
                }
            },
        )
}

/// Most callees stand on no list.
pub fn listed() -> impl Strategy<Value = Listed> {
    let seldom = || prop::bool::weighted(0.05);
    (seldom(), seldom(), seldom()).prop_map(|(national, state, own)| Listed {
        national,
        state: state.then(|| numbers::Region::parse("FL").expect("a state")),
        own,
    })
}

fn strictness() -> impl Strategy<Value = Strictness> {
    prop_oneof![3 => Just(Strictness::Soft), 1 => Just(Strictness::Hard), 1 => Just(Strictness::Off)]
}

fn exempt_from(rule: &str) -> Exemption {
    Exemption { rule: rule.into(), because: "a test".into(), by: "nobody".into() }
}

/// Whether the callees of these tests may be called at this hour, said in a plainer way than the law is looked up: by the
/// wall clocks of Chicago, New York (twice) and, for a number abroad, the whole continent.
pub fn is_day(ask: &Ask, policy: &Policy) -> bool {
    let zones: &[&str] = match ask.callee.area_code() {
        Some(312) => &["America/Chicago"],
        Some(_) => &["America/New_York"],
        None => &["America/New_York", "America/Chicago", "America/Denver", "America/Phoenix", "America/Los_Angeles"],
    };
    zones.iter().all(|zone| {
        let local = numbers::zone::local(zone, ask.at).expect("a zone");
        // Florida ends an hour earlier than the rest.
        let closes = if ask.callee.area_code() == Some(305) { 20 * 60 } else { 21 * 60 };
        let legal = !policy.is_bound() || (8 * 60..closes).contains(&local.minute);
        legal && policy.calling_hours.contains(local.weekday, local.minute)
    })
}

pub fn candidate() -> impl Strategy<Value = (Candidate, Option<bool>)> {
    use Status::{Blocked, Flagged, MixedHigh, MixedLow, Unflagged, Unknown};
    let life = prop_oneof![
        6 => Just(Life::Active),
        1 => Just(Life::AtRisk),
        1 => Just(Life::Remediating),
        2 => Just(Life::Ready),
        1 => Just(Life::Resting),
        1 => Just(Life::Quarantined),
    ];
    let status =
        prop::sample::select(vec![Unflagged, Unflagged, Unflagged, Unknown, MixedLow, MixedHigh, Flagged, Blocked]);
    let area_code = prop::sample::select(AREA_CODES.to_vec());
    let rests = prop::option::weighted(0.2, carrier());
    let ramp = prop::option::weighted(0.2, 0..20u64);
    // The callees' own exchange, and another.
    let exchange = prop::sample::select(vec![222_u64, 555, 555]);
    // What it lacks: a registry, a call-back, and how long it has been given for both.
    let lacks = (prop::bool::weighted(0.8), prop::bool::weighted(0.8), prop::option::weighted(0.3, 0..4u64));
    // Named by the policy: pinned, excluded, or neither.
    let named = prop::option::weighted(0.2, any::<bool>());
    let known = (prop::bool::weighted(0.9), prop::array::uniform8(status), rests, prop::bool::weighted(0.2), ramp);
    ((area_code, exchange), life, known, lacks, named).prop_map(
        |((area_code, exchange), life, (proven, status, rests, half_share, ramp), lacks, named)| {
            let candidate = Candidate {
                proven,
                status,
                excluded: rests.into_iter().collect::<Carriers>(),
                half_share,
                ramp_since: ramp.map(|days| Moment(NOW.0 - days * DAY.as_millis() as u64)),
                registered: lacks.0,
                answerable: lacks.1,
                grace_until: lacks.2.map(|days| NOW.plus(DAY * days as u32)),
                // The line is filled in when the place in the world is known.
                ..Candidate::good(e164(10_000_000_000 + area_code * 10_000_000 + exchange * 10_000), life)
            };
            (candidate, named)
        },
    )
}

pub fn carrier() -> impl Strategy<Value = Carrier> {
    prop::sample::select(Carrier::ALL.to_vec())
}

/// Mostly a busy dialer, with breaks that let the windows slide.
pub fn pause() -> impl Strategy<Value = Duration> {
    prop_oneof![6 => 0..15_000u64, 2 => 0..200_000u64, 1 => 0..4_000_000u64, 1 => 0..100_000_000u64]
        .prop_map(Duration::from_millis)
}

pub fn step() -> impl Strategy<Value = Step> {
    let order = prop_oneof![Just(Vec::new()), prop::collection::vec(any::<prop::sample::Index>(), 1..6)];
    let campaign = prop::option::weighted(0.7, prop::sample::select(vec!["spring", "spring", "autumn"]));
    let ask = (0..CALLEES.len(), prop::option::weighted(0.8, carrier()), campaign, any::<u64>(), order);
    prop_oneof![
        12 => ask.prop_map(|(callee, carrier, campaign, tie_break, order)| {
            Step::Ask { callee, carrier, campaign, tie_break, order }
        }),
        2 => any::<prop::sample::Index>().prop_map(Step::GiveBack),
        1 => (any::<prop::sample::Index>(), 0..5u32).prop_map(|(number, calls)| Step::Charge(number, calls)),
    ]
}
