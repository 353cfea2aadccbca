//! What is asked of an agency's adapter and what it answers, in the host's own types.
//!
//! An adapter's answer is a stranger's word: here it becomes something that may be relied on, or a `Protocol` error
//! that names the field. What an answer means for a number is decided elsewhere.

use crate::bindings::{cut, wit_agency, wit_types as wit};
use numbers::{
    AgencyId, Business, Carrier, Confidence, E164, Email, FileContent, LegalForm, Moment, Observation, Packet,
    PacketField, PacketFile, Relation, Score, Status,
};
use std::collections::BTreeSet;
use std::time::Duration;

/// Bytes of a label that are kept. The longest that a handset shows is far shorter.
pub const LABEL_BYTES_MAX: usize = 200;
/// An agency's clock may be this far ahead of ours.
const CLOCK_SKEW_MAX: Duration = Duration::from_secs(300);
/// Observations that one number can have in one answer: every agency on every carrier, and room to spare.
const OBSERVATIONS_PER_NUMBER_MAX: usize = 256;
/// Bytes of any other text in an answer: references, tokens, details.
const TEXT_BYTES_MAX: usize = 16 * 1024;
/// Numbers that a filing may be refused of. More than a filing ever names.
const REFUSED_MAX: usize = 10_000;
/// Entries that a webhook may bring at once.
const INBOUND_ENTRIES_MAX: usize = 10_000;

/// Who an adapter says it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Description {
    pub id: String,
    pub version: String,
    /// The functions that do something; the others answer `Unsupported`.
    pub functions: Vec<String>,
    /// The agencies whose opinion it reports. An opinion of any other is refused.
    pub speaks_for: Vec<AgencyId>,
}

/// A function is not done: ask it again with this token after this time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pending {
    pub token: String,
    pub ask_again: Duration,
}

/// A question about some numbers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Check {
    pub numbers: Vec<E164>,
    /// The name that a number is registered to show, for those whose business has one.
    pub cnams: Vec<(E164, String)>,
    pub token: Option<String>,
}

impl Check {
    /// Asks about these numbers alone.
    pub fn of(numbers: &[E164]) -> Check {
        Check { numbers: numbers.to_vec(), ..Check::default() }
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CheckAnswer {
    /// A number that is missing here counts as unknown.
    Observations(Vec<Observation>),
    Pending(Pending),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FilingStatus {
    Submitted,
    InReview,
    Accepted,
    Refused,
}

/// A filing as the agency knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Filing {
    pub reference: Option<String>,
    pub status: FilingStatus,
    pub detail: Option<String>,
    /// Numbers that the agency took out of it, each with the reason.
    pub refused: Vec<(E164, String)>,
}

/// What one harmless question showed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Probed {
    /// For people.
    pub found: String,
    /// Millionths of a US dollar.
    pub cost_micros: u64,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FilingAnswer {
    Filed(Filing),
    Pending(Pending),
}

/// What became of a filing that was sent under a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TrackAnswer {
    Found(Filing),
    /// Counts only after the settling time that the manifest names.
    Absent,
    Unknown,
}

/// The true statements with which a label is disputed.
#[derive(Clone, Debug)]
pub struct Dispute {
    /// The same key for the same filing, however often it is sent.
    pub key: String,
    pub business: Business,
    pub number: E164,
    pub agency: AgencyId,
    pub carrier: Option<Carrier>,
    pub label: Option<String>,
    pub status: Status,
    pub statement: String,
    pub token: Option<String>,
}

/// A business and its numbers, to be made known to an agency.
#[derive(Clone, Debug)]
pub struct Register {
    /// The same key for the same filing, however often it is sent.
    pub key: String,
    pub business: Business,
    pub numbers: Vec<E164>,
    pub token: Option<String>,
}

/// What a webhook of the agency brought.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct InboundAnswer {
    pub observations: Vec<Observation>,
    /// The key of a filing, and what the agency now says of it.
    pub filings: Vec<(String, Filing)>,
}

/// Why an adapter gave no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AdapterError {
    #[error("the agency was asked too often; it may be asked again in {} s", .0.as_secs())]
    RetryAfter(Duration),
    #[error("the agency refuses: {0}")]
    Rejected(String),
    #[error("the agency does not accept the credentials: {0}")]
    Unauthorized(String),
    #[error("the agency cannot be reached: {0}")]
    Unavailable(String),
    #[error("only a person can do this: {}", .0.title)]
    NeedsPerson(Box<Packet>),
    #[error("the answer does not fit the contract: {0}")]
    Protocol(String),
    #[error("the adapter broke: {0}")]
    Internal(String),
    #[error("the adapter cannot do this: {0}")]
    Unsupported(String),
}

pub(crate) fn protocol(field: impl std::fmt::Display, wrong: impl std::fmt::Display) -> AdapterError {
    AdapterError::Protocol(format!("`{field}`: {wrong}"))
}

/// What an answer's observations are held against.
pub(crate) struct Expected<'a> {
    /// None where the adapter may speak of any number.
    pub(crate) numbers: Option<&'a BTreeSet<E164>>,
    pub(crate) speaks_for: &'a [AgencyId],
    pub(crate) now: Moment,
}

pub(crate) fn observations(
    answer: Vec<wit::Observation>,
    expected: &Expected<'_>,
) -> Result<Vec<Observation>, AdapterError> {
    let entries_max = expected
        .numbers
        .map_or(INBOUND_ENTRIES_MAX, |numbers| numbers.len().saturating_mul(OBSERVATIONS_PER_NUMBER_MAX));
    if answer.len() > entries_max {
        return Err(protocol(
            "observations",
            format_args!("{} entries, at most {entries_max} make sense", answer.len()),
        ));
    }
    answer.into_iter().enumerate().map(|(place, observed)| observation(place, observed, expected)).collect()
}

fn observation(place: usize, observed: wit::Observation, expected: &Expected<'_>) -> Result<Observation, AdapterError> {
    let field = |name: &str| format!("observations[{place}].{name}");
    let number = E164::parse(&observed.number)
        .map_err(|e| protocol(field("number"), format_args!("{:?}: {e}", cut(&observed.number, 40))))?;
    if expected.numbers.is_some_and(|asked| !asked.contains(&number)) {
        return Err(protocol(field("number"), format_args!("{number} was not asked for")));
    }
    if !expected.speaks_for.contains(&observed.agency) {
        let agency = cut(&observed.agency, 60);
        return Err(protocol(field("agency"), format_args!("the adapter does not speak for {agency:?}")));
    }
    let carrier = observed
        .carrier
        .map(|word| {
            Carrier::parse(&word)
                .ok_or_else(|| protocol(field("carrier"), format_args!("no carrier is called {:?}", cut(&word, 60))))
        })
        .transpose()?;
    let observed_at = Moment::from_seconds(observed.observed_at);
    if observed_at > expected.now.plus(CLOCK_SKEW_MAX) {
        return Err(protocol(
            field("observed-at"),
            format_args!(
                "{} s lies in the future; it counts seconds since 1970, not milliseconds",
                observed.observed_at
            ),
        ));
    }
    Ok(Observation {
        number,
        agency: observed.agency,
        carrier,
        status: match observed.status {
            wit::Status::Unflagged => Status::Unflagged,
            wit::Status::Unknown => Status::Unknown,
            wit::Status::MixedLow => Status::MixedLow,
            wit::Status::MixedHigh => Status::MixedHigh,
            wit::Status::Flagged => Status::Flagged,
            wit::Status::Blocked => Status::Blocked,
        },
        label: observed.label.map(|label| cut(&label, LABEL_BYTES_MAX).to_owned()),
        score: observed.score.map(|wit::Score { value, best, worst }| Score { value, best, worst }),
        observed_at,
        cost_micros: observed.cost_micros,
    })
}

pub(crate) fn text(field: &str, text: String) -> Result<String, AdapterError> {
    if text.len() > TEXT_BYTES_MAX {
        return Err(protocol(field, format_args!("{} bytes, at most {TEXT_BYTES_MAX} are taken", text.len())));
    }
    Ok(text)
}

pub(crate) fn pending(pending: wit::Pending) -> Result<Pending, AdapterError> {
    Ok(Pending {
        token: text("pending.token", pending.token)?,
        ask_again: Duration::from_secs(pending.ask_again_s.into()),
    })
}

fn filing(filing: wit::Filing) -> Result<Filing, AdapterError> {
    Ok(Filing {
        reference: filing.reference.map(|reference| text("filing.reference", reference)).transpose()?,
        status: match filing.status {
            wit::FilingStatus::Submitted => FilingStatus::Submitted,
            wit::FilingStatus::InReview => FilingStatus::InReview,
            wit::FilingStatus::Accepted => FilingStatus::Accepted,
            wit::FilingStatus::Refused => FilingStatus::Refused,
        },
        detail: filing.detail.map(|detail| text("filing.detail", detail)).transpose()?,
        refused: refused(filing.refused)?,
    })
}

fn refused(refused: Vec<wit::RefusedNumber>) -> Result<Vec<(E164, String)>, AdapterError> {
    if refused.len() > REFUSED_MAX {
        let count = refused.len();
        return Err(protocol("filing.refused", format_args!("{count} entries, at most {REFUSED_MAX} are taken")));
    }
    let each = refused.into_iter().enumerate().map(|(place, wit::RefusedNumber { number, reason })| {
        let number = E164::parse(&number).map_err(|error| {
            protocol(format_args!("filing.refused[{place}].number"), format_args!("{:?}: {error}", cut(&number, 40)))
        })?;
        Ok((number, text("filing.refused.reason", reason)?))
    });
    each.collect()
}

pub(crate) fn probed(probed: wit::Probed) -> Result<Probed, AdapterError> {
    Ok(Probed { found: text("probed.found", probed.found)?, cost_micros: probed.cost_micros })
}

pub(crate) fn description(description: wit::Description) -> Result<Description, AdapterError> {
    if description.id.is_empty() {
        return Err(protocol("description.id", "it is empty; write the id that `adapter.toml` names"));
    }
    Ok(Description {
        id: text("description.id", description.id)?,
        version: text("description.version", description.version)?,
        functions: description.functions,
        speaks_for: description.speaks_for,
    })
}

pub(crate) fn check_answer(
    answer: wit_agency::CheckAnswer,
    expected: &Expected<'_>,
) -> Result<CheckAnswer, AdapterError> {
    match answer {
        wit_agency::CheckAnswer::Observations(answer) => observations(answer, expected).map(CheckAnswer::Observations),
        wit_agency::CheckAnswer::Pending(token) => pending(token).map(CheckAnswer::Pending),
    }
}

pub(crate) fn filing_answer(answer: wit::FilingAnswer) -> Result<FilingAnswer, AdapterError> {
    match answer {
        wit::FilingAnswer::Filed(filed) => filing(filed).map(FilingAnswer::Filed),
        wit::FilingAnswer::Pending(token) => pending(token).map(FilingAnswer::Pending),
    }
}

pub(crate) fn track_answer(answer: wit::TrackAnswer) -> Result<TrackAnswer, AdapterError> {
    match answer {
        wit::TrackAnswer::Found(found) => filing(found).map(TrackAnswer::Found),
        wit::TrackAnswer::Absent => Ok(TrackAnswer::Absent),
        wit::TrackAnswer::Unknown => Ok(TrackAnswer::Unknown),
    }
}

pub(crate) fn inbound_answer(
    answer: wit_agency::InboundAnswer,
    expected: &Expected<'_>,
) -> Result<InboundAnswer, AdapterError> {
    if answer.filings.len() > INBOUND_ENTRIES_MAX {
        return Err(protocol(
            "filings",
            format_args!("{} entries, at most {INBOUND_ENTRIES_MAX} are taken", answer.filings.len()),
        ));
    }
    let filings =
        answer.filings.into_iter().map(|update| Ok((text("filings.key", update.key)?, filing(update.filing)?)));
    Ok(InboundAnswer {
        observations: observations(answer.observations, expected)?,
        filings: filings.collect::<Result<_, _>>()?,
    })
}

pub(crate) fn error(error: wit::Error) -> AdapterError {
    let kept = |text: String| cut(&text, TEXT_BYTES_MAX).to_owned();
    match error {
        wit::Error::RetryAfter(seconds) => AdapterError::RetryAfter(Duration::from_secs(seconds.into())),
        wit::Error::Rejected(reason) => AdapterError::Rejected(kept(reason)),
        wit::Error::Unauthorized(reason) => AdapterError::Unauthorized(kept(reason)),
        wit::Error::Unavailable(reason) => AdapterError::Unavailable(kept(reason)),
        wit::Error::NeedsPerson(needed) => match packet(needed) {
            Ok(packet) => AdapterError::NeedsPerson(Box::new(packet)),
            Err(error) => error,
        },
        wit::Error::Protocol(detail) => AdapterError::Protocol(kept(detail)),
        wit::Error::Internal(message) => AdapterError::Internal(kept(message)),
        wit::Error::Unsupported(reason) => AdapterError::Unsupported(kept(reason)),
    }
}

fn packet(packet: wit::Packet) -> Result<Packet, AdapterError> {
    let confidence = match packet.confidence.as_str() {
        "official" => Confidence::Official,
        "secondary" => Confidence::Secondary,
        "unknown" => Confidence::Unknown,
        other => {
            let other = cut(other, 60);
            return Err(protocol(
                "packet.confidence",
                format_args!("{other:?}; write `official`, `secondary` or `unknown`"),
            ));
        }
    };
    let fields = packet.fields.into_iter().map(|field| PacketField {
        id: field.id,
        label: field.label,
        value: field.value,
        required: field.required,
        by_person: field.by_person,
        note: field.note,
    });
    let files = packet.files.into_iter().map(|file| PacketFile {
        name: file.name,
        content: match file.content {
            wit::FileContent::Text(text) => FileContent::Text(text),
            wit::FileContent::Table(table) => FileContent::Table { columns: table.columns, rows: table.rows },
        },
    });
    Ok(Packet {
        title: packet.title,
        url: packet.url,
        steps: packet.steps,
        fields: fields.collect(),
        files: files.collect(),
        email: packet.email.map(|email| Email { to: email.to, subject: email.subject, body: email.body }),
        tracking: packet.tracking,
        acknowledged_in_days: packet.acknowledged_in_days,
        effective_in_days: packet.effective_in_days,
        confidence,
    })
}

pub(crate) fn to_wit_status(status: Status) -> wit::Status {
    match status {
        Status::Unflagged => wit::Status::Unflagged,
        Status::Unknown => wit::Status::Unknown,
        Status::MixedLow => wit::Status::MixedLow,
        Status::MixedHigh => wit::Status::MixedHigh,
        Status::Flagged => wit::Status::Flagged,
        Status::Blocked => wit::Status::Blocked,
    }
}

pub(crate) fn to_wit_business(business: Business) -> wit::Business {
    wit::Business {
        id: business.id,
        legal_name: business.legal_name,
        dba: business.dba,
        relation: match business.relation {
            Relation::Own => wit::Relation::Itself,
            Relation::Client => wit::Relation::Client,
        },
        ein: business.ein,
        address: wit::Address {
            line1: business.address.line1,
            line2: business.address.line2,
            city: business.address.city,
            state: business.address.state,
            zip: business.address.zip,
            country: business.address.country,
        },
        website: business.website,
        contact: wit::Contact {
            name: business.contact.name,
            title: business.contact.title,
            email: business.contact.email,
            phone: business.contact.phone,
        },
        use_case: business.use_case,
        category: business.category,
        calls_per_month: business.calls_per_month,
        originating_providers: business.originating_providers,
        cnam: business.cnam,
        duns: business.duns,
        employees: business.employees,
        legal_form: business.legal_form.map(|form| match form {
            LegalForm::Corporation => wit::LegalForm::Corporation,
            LegalForm::Llc => wit::LegalForm::Llc,
            LegalForm::Partnership => wit::LegalForm::Partnership,
            LegalForm::Nonprofit => wit::LegalForm::Nonprofit,
            LegalForm::Government => wit::LegalForm::Government,
            LegalForm::SoleProprietor => wit::LegalForm::SoleProprietor,
            LegalForm::Other => wit::LegalForm::Other,
        }),
        incorporated_in: business.incorporated_in,
        industry: business.industry,
    }
}
