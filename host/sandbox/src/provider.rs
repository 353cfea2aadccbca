//! What is asked of a provider's adapter and what it answers, in the host's own types.
//!
//! As with agencies, an answer is a stranger's word: it becomes something that may be relied on, or a `Protocol` error.

use crate::agency::{AdapterError, Pending, pending, protocol, text};
use crate::bindings::wit_provider as wit;
use numbers::{E164, Moment};

/// Numbers in one page of an account at most.
const PAGE_NUMBERS_MAX: usize = 5_000;

/// A number that may be had.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Offer {
    pub number: E164,
    /// Millionths of a US dollar a month.
    pub monthly_micros: u64,
}

/// A number of our account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeldNumber {
    pub number: E164,
    pub acquired_at: Option<Moment>,
    /// Where an inbound call to it goes, if anywhere: the proof of a call-back route.
    pub inbound_route: Option<String>,
}

/// One page of the numbers of our account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    pub numbers: Vec<HeldNumber>,
    /// What asks for the next page; none on the last one.
    pub next: Option<String>,
}

/// What came of a purchase.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Acquired {
    Held(HeldNumber),
    Pending(Pending),
}

fn number(field: &str, written: &str) -> Result<E164, AdapterError> {
    E164::parse(written)
        .map_err(|cause| protocol(field, format_args!("{:?}: {cause}", crate::bindings::cut(written, 40))))
}

pub(crate) fn offers(answer: Vec<wit::Offer>, area_code: &str, count: u32) -> Result<Vec<Offer>, AdapterError> {
    if answer.len() > count as usize {
        return Err(protocol("offers", format_args!("{} entries, {count} were asked for", answer.len())));
    }
    let offer = |(place, offer): (usize, wit::Offer)| {
        let field = format!("offers[{place}].number");
        let number = number(&field, &offer.number)?;
        if number.to_string().get(2..5) != Some(area_code) {
            return Err(protocol(field, format_args!("{number} does not lie in area code {area_code}")));
        }
        Ok(Offer { number, monthly_micros: offer.monthly_micros })
    };
    answer.into_iter().enumerate().map(offer).collect()
}

fn held(field: &str, held: wit::HeldNumber) -> Result<HeldNumber, AdapterError> {
    Ok(HeldNumber {
        number: number(&format!("{field}.number"), &held.number)?,
        acquired_at: held.acquired_at.map(Moment::from_seconds),
        inbound_route: held.inbound_route.map(|route| text(&format!("{field}.inbound-route"), route)).transpose()?,
    })
}

pub(crate) fn acquired(answer: wit::AcquireAnswer, asked: E164) -> Result<Acquired, AdapterError> {
    match answer {
        wit::AcquireAnswer::Acquired(answered) => {
            let answered = held("acquired", answered)?;
            if answered.number != asked {
                return Err(protocol(
                    "acquired.number",
                    format_args!("{} is not {asked}, which was asked for", answered.number),
                ));
            }
            Ok(Acquired::Held(answered))
        }
        wit::AcquireAnswer::Pending(token) => pending(token).map(Acquired::Pending),
    }
}

pub(crate) fn page(answer: wit::Page) -> Result<Page, AdapterError> {
    if answer.numbers.len() > PAGE_NUMBERS_MAX {
        return Err(protocol(
            "page.numbers",
            format_args!("{} entries, at most {PAGE_NUMBERS_MAX} are taken; answer in pages", answer.numbers.len()),
        ));
    }
    let numbers = answer.numbers.into_iter().enumerate();
    Ok(Page {
        numbers: numbers
            .map(|(place, number)| held(&format!("page.numbers[{place}]"), number))
            .collect::<Result<_, _>>()?,
        next: answer.next.map(|next| text("page.next", next)).transpose()?,
    })
}
