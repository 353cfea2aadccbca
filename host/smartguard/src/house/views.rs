//! The state as the doors show it. Computes, decides nothing.

use super::calls::Tally;
use super::hot::Hot;
use crate::desk::{
    CarrierView, CaseNote, CaseView, EmailView, EvidenceView, NumberView, OwnerKind, OwnerView, PacketFieldView,
    PacketView, PoolNumber, RegistrationView, Stamp, StandingView, TaskDoneView, TaskView,
};
use numbers::{
    Carrier, Carriers, Case, CaseState, Closure, Confidence, FilingState, Moment, Number, Origin, Owner, OwnerId,
    Packet, Place, RegistrationState, RightToUse, Source, State, Task, TaskKind, TaskState,
};
use std::borrow::Cow;
use std::collections::BTreeMap;

pub fn owner_kind(id: &OwnerId) -> OwnerKind {
    match id {
        OwnerId::User(_) => OwnerKind::User,
        OwnerId::Campaign(_) => OwnerKind::Campaign,
    }
}

pub fn owner(state: &State, hot: &Hot, owner: &Owner, now: Moment) -> OwnerView {
    OwnerView {
        kind: owner_kind(&owner.id),
        name: owner.id.name().to_owned(),
        business: owner.business.clone(),
        pool_size: owner.pool_size,
        pool: state
            .pool(owner)
            .map(|number| PoolNumber {
                number: number.e164.to_string(),
                life: number.life.word().to_owned(),
                shown_today: hot.with_usage(number.e164, |usage| usage.today(now, state.policies.base())),
            })
            .collect(),
    }
}

pub fn number(state: &State, hot: &Hot, number: &Number, now: Moment) -> NumberView {
    let policy = match &number.place {
        Place::Pool(owner) => state.policies.of_owner(&number.business, owner),
        Place::Aside | Place::Reserve | Place::Bench => Cow::Borrowed(state.policies.of_business(&number.business)),
    };
    let tallies = hot.calls.lock().tallies(number.e164);
    let (service, since, deadline) = match number.origin {
        Origin::New => ("new", None, None),
        Origin::Adopted { in_service_since, deadline } => ("in_service", Some(in_service_since), Some(deadline)),
    };
    let ramp = number.ramp_since.and_then(|since| policy.ramp_cap(now.since(since)));
    NumberView {
        number: number.e164.to_string(),
        business: number.business.clone(),
        right: right(&number.right),
        service: service.to_owned(),
        in_service_since: since.map(Stamp),
        deadline: deadline.map(Stamp),
        life: number.life.word().to_owned(),
        life_since: Stamp(number.life_since),
        place: place(&number.place),
        home: number.home.as_ref().map(OwnerId::to_string),
        shown_today: hot.with_usage(number.e164, |usage| usage.today(now, &policy)),
        cap_today: ramp.map_or(policy.per_day_soft, |ramp| ramp.min(policy.per_day_soft)),
        first_shown: number.first_shown.map(Stamp),
        rest_until: number.rest_until.map(Stamp),
        resting_on: number.resting_on.iter().map(|carrier| carrier.word().to_owned()).collect(),
        callback_route: number.callback_route.clone(),
        standings: number.standings.iter().map(standing).collect(),
        carriers: Carrier::ALL.into_iter().map(|carrier| carrier_view(number, carrier, &tallies)).collect(),
        unobserved: unobserved(number).iter().map(|carrier| carrier.word().to_owned()).collect(),
        registrations: number.registrations.iter().map(registration).collect(),
        cases: number.cases.clone(),
        revision: number.revision,
    }
}

/// A carrier is observed when its own engine, or someone who saw a phone of it, has told us something.
fn unobserved(number: &Number) -> Carriers {
    let observed: Carriers = number
        .standings
        .iter()
        .filter(|standing| standing.status != numbers::Status::Unknown)
        .filter(|standing| standing.carrier.is_some() || standing.concerns() != Carriers::EVERY)
        .flat_map(|standing| standing.concerns().iter().collect::<Vec<_>>())
        .collect();
    Carrier::ALL.into_iter().filter(|carrier| !observed.contains(*carrier)).collect()
}

fn carrier_view(number: &Number, carrier: Carrier, tallies: &BTreeMap<Option<Carrier>, Tally>) -> CarrierView {
    CarrierView {
        carrier: carrier.word().to_owned(),
        status: number.status_on(carrier).word().to_owned(),
        evidence: evidence(tallies.get(&Some(carrier)).copied().unwrap_or_default()),
    }
}

fn evidence(tally: Tally) -> EvidenceView {
    EvidenceView {
        attempts: tally.attempts.into(),
        human_answers: tally.answered_human.into(),
        talk_seconds: tally.talk_s,
        short_calls: tally.short_calls.into(),
        blocks: tally.blocks.into(),
    }
}

fn standing(standing: &numbers::Standing) -> StandingView {
    StandingView {
        agency: standing.agency.clone(),
        source: match &standing.source {
            Source::Adapter(id) => id.clone(),
            Source::Person(name) => format!("person {name}"),
            Source::Outcomes => "our own calls".to_owned(),
        },
        carriers: standing.concerns().iter().map(|carrier| carrier.word().to_owned()).collect(),
        status: standing.status.word().to_owned(),
        label: standing.label.clone(),
        score: standing.score.map(|score| score.value),
        observed_at: Stamp(standing.observed_at),
    }
}

fn registration(registration: &numbers::Registration) -> RegistrationView {
    let (state, reason, at) = match &registration.state {
        RegistrationState::Filing => ("filing", None, None),
        RegistrationState::Filed { at } => ("filed", None, Some(*at)),
        RegistrationState::Unsupported { reason } => ("unsupported", Some(reason.clone()), None),
        RegistrationState::Refused { reason, at } => ("refused", Some(reason.clone()), Some(*at)),
    };
    RegistrationView {
        adapter: registration.adapter.clone(),
        state: state.to_owned(),
        reason,
        at: at.map(Stamp),
        filing: registration.filing,
    }
}

fn right(right: &RightToUse) -> String {
    match right {
        RightToUse::Provider { provider, .. } => format!("provider:{provider}"),
        RightToUse::Declared { by, .. } => format!("declared:{by}"),
        RightToUse::Unproven => "unproven".to_owned(),
    }
}

fn place(place: &Place) -> String {
    match place {
        Place::Aside => "aside".to_owned(),
        Place::Reserve => "reserve".to_owned(),
        Place::Bench => "bench".to_owned(),
        Place::Pool(owner) => owner.to_string(),
    }
}

pub fn case(state: &State, case: &Case) -> CaseView {
    let (word, closed_at, next) = match case.state {
        CaseState::Open => ("open", None, Some("a dispute is being prepared".to_owned())),
        CaseState::Submitting => ("submitting", None, case.task.map(|task| format!("a person does task {task}"))),
        CaseState::Submitted { .. } => ("submitted", None, Some("the agency looks; the number is checked".to_owned())),
        CaseState::Verifying { .. } => ("verifying", None, Some("the number is checked until it is clean".to_owned())),
        CaseState::Closed { how: Closure::Cleared, at } => ("cleared", Some(at), None),
        CaseState::Closed { how: Closure::Refused, at } => ("refused", Some(at), None),
        CaseState::Closed { how: Closure::Expired, at } => ("expired", Some(at), None),
    };
    let mut history = vec![CaseNote {
        at: Stamp(case.opened_at),
        what: format!("opened: {} at {}", case.label.as_deref().unwrap_or(case.status.word()), case.agency),
    }];
    let mut filings: Vec<_> =
        state.filings.values().filter(|filing| filing.purpose == numbers::Purpose::Dispute { case: case.id }).collect();
    filings.sort_by_key(|filing| filing.intended_at);
    for filing in filings {
        let what = format!("dispute {} through {}: {}", filing.key, filing.adapter, filing_word(&filing.state));
        history.push(CaseNote { at: Stamp(filing.intended_at), what });
    }
    if let Some(at) = closed_at {
        history.push(CaseNote { at: Stamp(at), what: format!("closed: {word}") });
    }
    if let Some(note) = &case.note {
        history.push(CaseNote { at: Stamp(closed_at.unwrap_or(case.next_at)), what: note.clone() });
    }
    CaseView {
        id: case.id,
        number: case.number.to_string(),
        business: state.numbers.get(&case.number).map(|number| number.business.clone()).unwrap_or_default(),
        agency: case.agency.clone(),
        state: word.to_owned(),
        open: !case.is_closed(),
        label: case.label.clone(),
        opened_at: Stamp(case.opened_at),
        closed_at: closed_at.map(Stamp),
        attempts: case.attempts,
        next,
        tasks: case.task.into_iter().collect(),
        history,
    }
}

fn filing_word(state: &FilingState) -> String {
    match state {
        FilingState::Sending => "on its way".to_owned(),
        FilingState::Again { reason, .. } => format!("to be sent again ({reason})"),
        FilingState::Unsure { .. } => "nobody knows yet whether it arrived".to_owned(),
        FilingState::Pending { .. } => "in the agency's hands".to_owned(),
        FilingState::WithPerson { task } => format!("with a person, task {task}"),
        FilingState::Filed { reference, .. } => match reference {
            Some(reference) => format!("filed, {reference}"),
            None => "filed".to_owned(),
        },
        FilingState::Unsupported { reason } => format!("not possible: {reason}"),
        FilingState::Rejected { reason, .. } => format!("refused: {reason}"),
        FilingState::Withdrawn { .. } => "withdrawn".to_owned(),
    }
}

pub fn task(state: &State, task: &Task, packet: Option<&Packet>) -> TaskView {
    let (kind, filing, case) = match task.kind {
        TaskKind::File { filing } => ("file", Some(filing), None),
        TaskKind::FindOut { filing } => ("find_out", Some(filing), None),
        TaskKind::Dispute { case } => ("dispute", None, Some(case)),
    };
    let filing = filing.and_then(|filing| state.filings.get(&filing));
    let case = case.or(filing.and_then(|filing| match filing.purpose {
        numbers::Purpose::Dispute { case } => Some(case),
        numbers::Purpose::Register => None,
    }));
    let numbers = match filing {
        Some(filing) => filing.numbers.iter().map(numbers::E164::to_string).collect(),
        None => case.and_then(|case| state.cases.get(&case)).map(|case| case.number.to_string()).into_iter().collect(),
    };
    let kind = match filing.map(|filing| filing.purpose) {
        Some(numbers::Purpose::Register) if kind == "file" => "register",
        Some(numbers::Purpose::Dispute { .. }) if kind == "file" => "dispute",
        _ => kind,
    };
    TaskView {
        id: task.id,
        kind: kind.to_owned(),
        title: task.title.clone(),
        business: task.business.clone(),
        adapter: filing.map(|filing| filing.adapter.clone()).unwrap_or_default(),
        case,
        numbers,
        created_at: Stamp(task.opened_at),
        done: match &task.state {
            TaskState::Open => None,
            TaskState::Done { by, at, note } => {
                Some(TaskDoneView { at: Stamp(*at), by: by.clone(), note: note.clone() })
            }
            TaskState::Withdrawn { at, reason } => Some(TaskDoneView {
                at: Stamp(*at),
                by: "smartguard".to_owned(),
                note: Some(format!("withdrawn: {reason}")),
            }),
        },
        packet: packet.map(packet_view),
    }
}

pub(super) fn packet_view(packet: &Packet) -> PacketView {
    PacketView {
        url: packet.url.clone(),
        steps: packet.steps.clone(),
        fields: packet
            .fields
            .iter()
            .map(|field| PacketFieldView {
                id: field.id.clone(),
                label: field.label.clone(),
                value: field.value.clone(),
                required: field.required,
                by_person: field.by_person,
                note: field.note.clone(),
            })
            .collect(),
        files: packet.files.iter().map(|file| file.name.clone()).collect(),
        email: packet.email.as_ref().map(|email| EmailView {
            to: email.to.clone(),
            subject: email.subject.clone(),
            body: email.body.clone(),
        }),
        tracking: packet.tracking.clone(),
        acknowledged_in_days: packet.acknowledged_in_days,
        effective_in_days: packet.effective_in_days,
        confidence: match packet.confidence {
            Confidence::Official => "official",
            Confidence::Secondary => "secondary",
            Confidence::Unknown => "unknown",
        }
        .to_owned(),
    }
}
