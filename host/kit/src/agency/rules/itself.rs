//! Rules about what an adapter says of itself, and about its cassettes.

use super::probes::{Probes, function_of, standings};
use crate::agency::{Ask, Told};
use crate::form::Provenance;
use crate::verdict::{Findings, Verdict};
use numbers::{Address, Business, Contact, E164, LegalForm, Moment, Relation, Status};
use sandbox::agency::{Check, Description, Dispute, Register};
use sandbox::{AdapterError, CallError};
use std::time::Duration;

/// The functions that the manifest declares, as cassettes spell them.
fn declared(probes: &Probes<'_>) -> Vec<&'static str> {
    probes.manifest.functions.named()
}

async fn describe(probes: &Probes<'_>, chance: u64) -> Result<Description, String> {
    let Some(seed) = probes.seeds.first() else { return Ok(probes.bench.guest.description().clone()) };
    let scene =
        seed.with("it describes itself").asking(Ask::Describe).later(chance, Duration::from_secs(chance * 86_400));
    match probes.make(scene).await.outcome {
        Ok(Told::Described(description)) => Ok(description),
        Ok(_) => Err("it does not describe itself".to_owned()),
        Err(error) => Err(error.to_string()),
    }
}

pub(super) async fn describe_stable(probes: &Probes<'_>) -> Verdict {
    let first = probes.bench.guest.description();
    let mut findings = Findings::default();
    for chance in 1..=3 {
        let wrong = match describe(probes, chance).await {
            Ok(again) if again == *first => None,
            Ok(again) => Some(format!("it says {again:?}, and said {first:?}")),
            Err(reason) => Some(reason),
        };
        findings.note("asked again", wrong);
    }
    findings.verdict("")
}

pub(super) async fn describe_true(probes: &Probes<'_>) -> Verdict {
    let (said, manifest) = (probes.bench.guest.description(), probes.manifest);
    let mut findings = Findings::default();
    let mut check = |what: &str, said: &dyn std::fmt::Debug, is: &dyn std::fmt::Debug| {
        let (said, is) = (format!("{said:?}"), format!("{is:?}"));
        findings.note(what, (said != is).then(|| format!("`describe` says {said}, and the manifest {is}")));
    };
    let sorted = |names: &[String]| {
        let mut names: Vec<String> = names.iter().map(|name| name.replace('-', "_")).collect();
        names.sort();
        names
    };
    check("id", &said.id, &manifest.id);
    check("version", &said.version, &manifest.version);
    check("speaks_for", &sorted(&said.speaks_for), &sorted(&manifest.speaks_for));
    let functions: Vec<String> = declared(probes).into_iter().map(str::to_owned).collect();
    check("functions", &sorted(&said.functions), &sorted(&functions));
    findings.verdict("")
}

/// A business of nobody, whose every field is filled.
fn business() -> Business {
    Business {
        id: "acme".to_owned(),
        legal_name: "Acme Dental LLC".to_owned(),
        dba: None,
        relation: Relation::Own,
        ein: Some("12-3456789".to_owned()),
        address: Address {
            line1: "1 Main Street".to_owned(),
            line2: None,
            city: "Dayton".to_owned(),
            state: "OH".to_owned(),
            zip: "45402".to_owned(),
            country: "US".to_owned(),
        },
        website: Some("https://www.acme.example".to_owned()),
        contact: Contact {
            name: "Ann Example".to_owned(),
            title: Some("Office manager".to_owned()),
            email: "ann@acme.example".to_owned(),
            phone: "+19375550100".to_owned(),
        },
        use_case: "Appointment reminders".to_owned(),
        category: None,
        calls_per_month: 42_000,
        originating_providers: vec!["Twilio".to_owned()],
        cnam: Some("ACME DENTAL".to_owned()),
        duns: Some("123456789".to_owned()),
        employees: Some(40),
        legal_form: Some(LegalForm::Llc),
        incorporated_in: Some("OH".to_owned()),
        industry: Some("Health care".to_owned()),
    }
}

/// Something to ask every function.
fn samples(agency: &str, number: E164) -> Vec<Ask> {
    let (key, token) = ("kit-1".to_owned(), None);
    let dispute = Dispute {
        key: key.clone(),
        business: business(),
        number,
        agency: agency.to_owned(),
        carrier: None,
        label: Some("Spam Likely".to_owned()),
        status: Status::Flagged,
        statement: "We call patients who asked for a reminder.".to_owned(),
        token: None,
    };
    vec![
        Ask::Check(Check::of(&[number])),
        Ask::Register(Register { key: key.clone(), business: business(), numbers: vec![number], token }),
        Ask::Dispute(dispute),
        Ask::Track { key },
        Ask::Inbound { headers: Vec::new(), body: "{}".to_owned() },
        Ask::CallStarted { number, started_at: Moment::from_seconds(1_700_000_000) },
        Ask::Probe,
    ]
}

pub(super) async fn undeclared_unsupported(probes: &Probes<'_>) -> Verdict {
    let mut findings = Findings::default();
    let declared = declared(probes);
    let agency = probes.manifest.speaks_for.first().cloned().unwrap_or_else(|| probes.manifest.id.clone());
    let (Some(seed), Ok(number)) = (probes.seeds.first(), E164::parse("+12125550150")) else {
        return findings.verdict("it has no cassette");
    };
    for ask in samples(&agency, number).into_iter().filter(|ask| !declared.contains(&function_of(ask))) {
        let function = function_of(&ask);
        let made = probes.make(seed.with(function).asking(ask)).await;
        let unsupported = matches!(made.outcome, Err(CallError::Adapter(AdapterError::Unsupported(_))));
        let wrong = (!unsupported).then(|| match &made.outcome {
            Ok(told) => format!("it answers {told:?}"),
            Err(error) => format!("it answers: {error}"),
        });
        findings.note(format_args!("`{function}`"), wrong);
    }
    findings.verdict("it declares every function")
}

pub(super) async fn cassettes_pass(probes: &Probes<'_>) -> Verdict {
    let mut findings = Findings::default();
    for trouble in &probes.bench.folder.troubles {
        findings.note(&trouble.place, Some(trouble.reason.clone()));
    }
    for tested in probes.bench.tested {
        let first = tested.differences.first();
        let wrong = first.map(|difference| {
            format!("expected {}, got {} ({})", difference.expected, difference.got, difference.what)
        });
        findings.note(first.map_or(tested.file.as_str(), |difference| &difference.place), wrong);
    }
    findings.verdict("it has no cassette")
}

pub(super) async fn cassettes_cover(probes: &Probes<'_>) -> Verdict {
    let mut findings = Findings::default();
    for function in declared(probes) {
        let covered = probes.good(function).next().is_some();
        findings.note(format_args!("`{function}`"), (!covered).then(|| "no cassette in which all is well".to_owned()));
    }
    findings.verdict("it declares no function")
}

pub(super) async fn both_ways(probes: &Probes<'_>) -> Verdict {
    let mut findings = Findings::default();
    if declared(probes).contains(&"check") {
        let shown: Vec<Status> =
            probes.good("check").flat_map(|seed| standings(&seed.outcome)).map(|(.., status)| status).collect();
        let good = shown.contains(&Status::Unflagged);
        findings.note("cassettes", (!good).then(|| "none shows a number in good standing".to_owned()));
        let bad = shown.iter().any(|status| *status != Status::Unflagged);
        findings.note("cassettes", (!bad).then(|| "none shows a number in bad standing".to_owned()));
    }
    findings.verdict("it checks no numbers")
}

pub(super) async fn provenance(probes: &Probes<'_>) -> Verdict {
    let mut findings = Findings::default();
    for function in declared(probes) {
        let cassettes = probes.bench.folder.cassettes.iter().filter(|cassette| cassette.function.name == function);
        let known = |provenance| matches!(provenance, Provenance::Recorded | Provenance::Documented);
        let best = cassettes.map(|cassette| cassette.parsed.provenance).min();
        let wrong = match best {
            Some(best) if known(best) => None,
            Some(best) => Some(format!("known at best as `{}`", best.word())),
            None => Some("no cassette".to_owned()),
        };
        findings.note(format_args!("`{function}`"), wrong);
    }
    findings.verdict("it declares no function")
}

pub(super) async fn same_answer(probes: &Probes<'_>) -> Verdict {
    let mut findings = Findings::default();
    for seed in probes.seeds.iter().filter(|seed| function_of(&seed.ask) != "describe") {
        let first = probes.make(seed.with("asked")).await;
        let again = probes.make(seed.with("asked again with other luck").later(7, Duration::ZERO)).await;
        let wrong = (first.outcome != again.outcome).then(|| "the answer is another one".to_owned());
        findings.note(&again.what, wrong);
    }
    findings.verdict("it has no cassette")
}
