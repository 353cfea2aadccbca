//! What became of a call: every program's words brought to one normal set.
//!
//! Owns the set, the order of evidence, and how two reports about one call become one verdict.
//! A report goes in as the reporter said it, [`normalise`] weighs it, and [`merge`] corrects an earlier verdict by a later one.
//! It joins no reports to calls, keeps no counts, and decides nothing about a number: it says only what happened.

mod reason;
mod words;

pub use reason::Redress;

use core::fmt;
use reason::Reasons;
use serde::{Deserialize, Serialize};
use words::Said;

/// Below this many seconds the carriers themselves count an answered call as one of short duration.
pub const SHORT_CALL_BELOW_S: u32 = 6;
/// A refusal sooner than this comes before a handset can ring, let alone a person decide.
pub const SUSPECT_BELOW_S: u32 = 2;

/// What became of a call, in the normal set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// A person answered, as far as anyone could tell, and the talk was no short call.
    AnsweredHuman,
    /// Answered by no machine that we know of, and over in less than [`SHORT_CALL_BELOW_S`].
    ShortCall,
    Voicemail,
    Fax,
    /// Answered, and nobody knows by whom; this includes calls that we abandoned.
    AnsweredUnknown,
    NoAnswer,
    Busy,
    /// The callee, a handset or an app declined, or a carrier blocked without saying so.
    Rejected,
    /// The network blocked it on analytics and said so (603+).
    BlockedNetwork,
    /// The callee marked the call unwanted (607).
    BlockedUnwanted,
    /// An intermediary's analytics rejected it (608).
    BlockedAnalytics,
    /// The list is at fault: no such callee.
    InvalidNumber,
    /// The number we showed was refused: not verified, or without attestation.
    CallerIdRefused,
    NetworkFailed,
    /// The dialer never placed the call.
    NotPlaced,
}

impl Outcome {
    pub const ALL: [Outcome; 15] = [
        Outcome::AnsweredHuman,
        Outcome::ShortCall,
        Outcome::Voicemail,
        Outcome::Fax,
        Outcome::AnsweredUnknown,
        Outcome::NoAnswer,
        Outcome::Busy,
        Outcome::Rejected,
        Outcome::BlockedNetwork,
        Outcome::BlockedUnwanted,
        Outcome::BlockedAnalytics,
        Outcome::InvalidNumber,
        Outcome::CallerIdRefused,
        Outcome::NetworkFailed,
        Outcome::NotPlaced,
    ];

    /// The word used in files, addresses and answers.
    pub const fn word(self) -> &'static str {
        match self {
            Outcome::AnsweredHuman => "answered_human",
            Outcome::ShortCall => "short_call",
            Outcome::Voicemail => "voicemail",
            Outcome::Fax => "fax",
            Outcome::AnsweredUnknown => "answered_unknown",
            Outcome::NoAnswer => "no_answer",
            Outcome::Busy => "busy",
            Outcome::Rejected => "rejected",
            Outcome::BlockedNetwork => "blocked_network",
            Outcome::BlockedUnwanted => "blocked_unwanted",
            Outcome::BlockedAnalytics => "blocked_analytics",
            Outcome::InvalidNumber => "invalid_number",
            Outcome::CallerIdRefused => "caller_id_refused",
            Outcome::NetworkFailed => "network_failed",
            Outcome::NotPlaced => "not_placed",
        }
    }

    /// Whether the call was stopped because of the number it showed.
    pub const fn blocks(self) -> bool {
        match self {
            Outcome::BlockedNetwork | Outcome::BlockedUnwanted | Outcome::BlockedAnalytics => true,
            Outcome::AnsweredHuman
            | Outcome::ShortCall
            | Outcome::Voicemail
            | Outcome::Fax
            | Outcome::AnsweredUnknown
            | Outcome::NoAnswer
            | Outcome::Busy
            | Outcome::Rejected
            | Outcome::InvalidNumber
            | Outcome::CallerIdRefused
            | Outcome::NetworkFailed
            | Outcome::NotPlaced => false,
        }
    }

    /// Whether somebody or something picked up.
    pub const fn answered(self) -> bool {
        match self {
            Outcome::AnsweredHuman
            | Outcome::ShortCall
            | Outcome::Voicemail
            | Outcome::Fax
            | Outcome::AnsweredUnknown => true,
            Outcome::NoAnswer
            | Outcome::Busy
            | Outcome::Rejected
            | Outcome::BlockedNetwork
            | Outcome::BlockedUnwanted
            | Outcome::BlockedAnalytics
            | Outcome::InvalidNumber
            | Outcome::CallerIdRefused
            | Outcome::NetworkFailed
            | Outcome::NotPlaced => false,
        }
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// What a reporter says about a call, in its own words. An empty text and a code of 0 say nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct CallReport {
    /// The final SIP status as the reporter got it; a dialer behind Asterisk may get another than the carrier sent.
    pub sip_code: Option<u16>,
    /// The phrase after that status.
    pub sip_reason: Option<String>,
    /// The `Reason` header fields, joined by commas when there are several.
    pub reason_header: Option<String>,
    /// The `Call-Info` header fields.
    pub call_info: Option<String>,
    pub q850: Option<u16>,
    /// Asterisk's DIALSTATUS, or the word of the same sense of another program or provider.
    pub dialstatus: Option<String>,
    /// What the outbound leg heard: Asterisk's `SIP 603 Decline` or FreeSWITCH's `sip:603`.
    pub tech_cause: Option<String>,
    /// What a machine detector heard.
    pub answered_by: Option<String>,
    /// What an agent or the dialer wrote down: a VICIdial status or a word of our own set.
    pub disposition: Option<String>,
    /// Seconds from placing the call until it was answered or ended.
    pub dial_time_s: Option<u32>,
    /// Seconds between the answer and the end.
    pub talk_s: Option<u32>,
    /// The dialer did not place the call after all.
    pub not_placed: bool,
}

/// The order of evidence: of two verdicts about one call the higher rank holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Rank {
    /// Seconds alone.
    Duration,
    /// A dialer's or a provider's word.
    Status,
    /// A Q.850 cause.
    Cause,
    /// A SIP status without its words, which may be one that a hop in between made up.
    Sip,
    /// A SIP status with the carrier's own phrase.
    SipPhrase,
    /// A SIP status with a `Reason` header, or with the contact that a 608 brings.
    SipReason,
    /// A machine detector that heard who answered.
    Detector,
    /// An agent who spoke with the callee.
    Agent,
}

/// Who picked up, as far as an agent or a detector said. Kept so that a later report can be weighed together with an earlier one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Heard {
    /// Nobody listened.
    #[default]
    Nothing,
    /// Somebody listened and could not tell.
    Unsure,
    Human,
    Machine,
    Fax,
    /// We hung up on whoever it was.
    Abandoned,
}

/// One report, weighed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verdict {
    pub outcome: Outcome,
    pub rank: Rank,
    /// False for a block of which only the phrase came through (Asterisk keeps the `Reason` header to itself).
    pub confirmed: bool,
    /// The callee complained: asked not to be called, or marked the call unwanted.
    pub complaint: bool,
    /// This callee must not be called again.
    pub suppress_callee: bool,
    /// No proof of a block, but it looks like one: a refusal faster than a telephone rings, or half of a 603+.
    pub suspected_block: bool,
    /// Whom to ask about a block.
    pub redress: Option<Redress>,
    /// The `Reason` that looked like a 603+ and is none, for a person to read. Untrusted text.
    pub note: Option<String>,
    pub heard: Heard,
    pub talk_s: Option<u32>,
}

impl Verdict {
    /// An answered call that we gave up ourselves; it counts against the number.
    pub const fn abandoned(&self) -> bool {
        matches!(self.heard, Heard::Abandoned)
    }
}

/// Weighs one report; none when it tells nothing about the outcome.
///
/// Who answered is decided by agent and detector; all else by the SIP status, then the Q.850 cause,
/// then the program's word, then the seconds. Only SIP evidence (or FreeSWITCH's own name for 607) makes a block.
pub fn normalise(report: &CallReport) -> Option<Verdict> {
    let disposition = said(&report.disposition).and_then(words::disposition);
    let detector = said(&report.answered_by).and_then(words::detector);
    let status = said(&report.dialstatus).and_then(words::status);
    let reasons = said(&report.reason_header).map(Reasons::parse).unwrap_or_default();
    let carrier = carrier_answer(report, &reasons);
    let cause = reasons.q850().or(report.q850).filter(|cause| *cause != 0);
    let said_complaint = disposition.is_some_and(|disposition| disposition.complaint);

    let dispositive = disposition.map(|disposition| (disposition.said, disposition.rank));
    let (heard, heard_rank) = match (dispositive, detector) {
        (Some((Said::Heard(heard), rank)), _) if heard != Heard::Unsure => (heard, rank),
        (_, Some(heard)) if heard != Heard::Unsure => (heard, Rank::Detector),
        (Some((Said::Heard(_), _)), _) | (_, Some(_)) => (Heard::Unsure, Rank::Status),
        (_, None) => (Heard::Nothing, Rank::Duration),
    };

    let mut verdict = Verdict {
        outcome: Outcome::NotPlaced,
        rank: Rank::Status,
        confirmed: true,
        complaint: said_complaint,
        suppress_callee: said_complaint,
        suspected_block: false,
        redress: None,
        note: None,
        heard,
        talk_s: report.talk_s,
    };
    if report.not_placed {
        return Some(verdict);
    }
    let word = status.or(dispositive.map(|(said, _)| said).filter(|said| !matches!(said, Said::Heard(_))));

    (verdict.outcome, verdict.rank) = if heard_rank >= Rank::Detector {
        (answered(heard, report.talk_s), heard_rank)
    } else if let Some((said, rank)) = carrier.as_ref().and_then(|answer| by_sip(answer, cause, word, report.talk_s)) {
        match said {
            Said::Outcome(outcome) => (outcome, rank),
            Said::Answered | Said::Heard(_) | Said::Ended => (answered(heard, report.talk_s), rank),
        }
    } else {
        by_cause_and_word(cause, word, heard, report.talk_s)?
    };
    weigh_block(&mut verdict, report, carrier.as_ref(), &reasons);
    Some(verdict)
}

/// What is known after another report about the same call, given in the order of their happening.
///
/// The higher rank holds, the later one when they are equal; who answered and how long they talked are put together,
/// a complaint is never taken back, and what one report adds to the same outcome is kept.
#[must_use]
pub fn merge(earlier: &Verdict, later: &Verdict) -> Verdict {
    let (holds, yields) = if later.rank >= earlier.rank { (later, earlier) } else { (earlier, later) };
    let mut verdict = holds.clone();
    verdict.complaint |= yields.complaint;
    verdict.suppress_callee |= yields.suppress_callee;
    if holds.outcome.answered() && yields.outcome.answered() {
        if holds.heard == Heard::Nothing {
            verdict.heard = yields.heard;
        }
        verdict.talk_s = holds.talk_s.or(yields.talk_s);
        verdict.outcome = answered(verdict.heard, verdict.talk_s);
    }
    if holds.outcome == yields.outcome {
        verdict.confirmed |= yields.confirmed;
        verdict.suspected_block |= yields.suspected_block;
        verdict.redress = verdict.redress.or_else(|| yields.redress.clone());
        verdict.note = verdict.note.or_else(|| yields.note.clone());
    }
    verdict
}

/// The SIP answer nearest the carrier that the report holds.
struct CarrierAnswer<'a> {
    code: u16,
    phrase: &'a str,
    rank: Rank,
    /// It is what the outbound leg heard, where no header comes along.
    from_tech: bool,
}

fn carrier_answer<'a>(report: &'a CallReport, reasons: &Reasons) -> Option<CarrierAnswer<'a>> {
    let sip_reason = said(&report.sip_reason).unwrap_or("");
    let tech = said(&report.tech_cause).and_then(words::tech_cause);
    let sip_code = report.sip_code.filter(|code| *code != 0);
    // The outbound leg is nearer the carrier: what it heard goes before what a dialer was told of it.
    let (code, phrase, from_tech) = match (tech, sip_code, reasons.sip()) {
        (Some((code, "")), _, _) => (code, sip_reason, true),
        (Some((code, phrase)), _, _) => (code, phrase, true),
        (None, Some(code), _) => (code, sip_reason, false),
        (None, None, Some(code)) => (code, sip_reason, false),
        (None, None, None) => return None,
    };
    let rank = if !reasons.is_empty() || (code == 608 && said(&report.call_info).is_some()) {
        Rank::SipReason
    } else if from_tech || !phrase.is_empty() {
        Rank::SipPhrase
    } else {
        Rank::Sip
    };
    Some(CarrierAnswer { code, phrase, rank, from_tech })
}

fn by_sip(
    answer: &CarrierAnswer<'_>,
    cause: Option<u16>,
    word: Option<Said>,
    talk_s: Option<u32>,
) -> Option<(Said, Rank)> {
    let said = match answer.code {
        // It rang, and the last the carrier said is that it rings: either somebody answered later or we gave up.
        100..=199 if word == Some(Said::Answered) || talk_s.is_some_and(|talk| talk > 0) => Said::Answered,
        100..=199 => Said::Outcome(Outcome::NoAnswer),
        200..=299 => Said::Answered,
        // A time-out of our own side, with nothing heard from the far one, is no ringing telephone.
        408 if cause.is_some_and(|cause| words::cause(cause) == Some(Said::Outcome(Outcome::NetworkFailed)))
            || word == Some(Said::Outcome(Outcome::NetworkFailed)) =>
        {
            Said::Outcome(Outcome::NetworkFailed)
        }
        code => words::sip(code)?,
    };
    Some((said, answer.rank))
}

fn by_cause_and_word(
    cause: Option<u16>,
    word: Option<Said>,
    heard: Heard,
    talk_s: Option<u32>,
) -> Option<(Outcome, Rank)> {
    // After an answer the cause says only how the talk ended.
    if word == Some(Said::Answered) && (talk_s != Some(0) || cause.is_none_or(words::cause_is_open)) {
        return Some((answered(heard, talk_s), Rank::Status));
    }
    if let Some(cause) = cause
        && !words::cause_is_open(cause)
        && let Some(Said::Outcome(outcome)) = words::cause(cause)
    {
        return Some((outcome, Rank::Cause));
    }
    let open_cause = cause.and_then(words::cause);
    match (word, open_cause, talk_s) {
        (Some(Said::Outcome(outcome)), _, _) => Some((outcome, Rank::Status)),
        (_, Some(Said::Outcome(outcome)), None | Some(0)) => Some((outcome, Rank::Cause)),
        (Some(Said::Ended), _, Some(0)) => Some((Outcome::NoAnswer, Rank::Status)),
        (_, Some(Said::Ended), Some(0)) => Some((Outcome::NoAnswer, Rank::Cause)),
        (Some(Said::Ended), _, Some(_)) => Some((answered(heard, talk_s), Rank::Status)),
        (_, _, Some(talk)) if talk > 0 => Some((answered(heard, talk_s), Rank::Duration)),
        _ if heard == Heard::Unsure => Some((answered(heard, talk_s), Rank::Status)),
        (_, _, Some(_)) => Some((Outcome::NoAnswer, Rank::Duration)),
        (_, _, None) => None,
    }
}

/// Tells the kinds of refusal apart, and keeps what a block brings with it.
fn weigh_block(verdict: &mut Verdict, report: &CallReport, carrier: Option<&CarrierAnswer<'_>>, reasons: &Reasons) {
    if verdict.outcome.answered() {
        return;
    }
    let blocked_phrase = carrier.is_some_and(|answer| answer.code == 603 && words::is_network_blocked(answer.phrase));
    let analytics = reasons.analytics();
    if verdict.outcome == Outcome::Rejected && blocked_phrase && analytics.is_some() {
        verdict.outcome = Outcome::BlockedNetwork;
        verdict.redress = analytics.and_then(|analytics| analytics.redress());
    } else if verdict.outcome == Outcome::Rejected
        && blocked_phrase
        && reasons.is_empty()
        && carrier
            .is_some_and(|answer| answer.from_tech && said(&report.tech_cause).is_some_and(words::tech_has_phrase))
    {
        verdict.outcome = Outcome::BlockedNetwork;
        verdict.confirmed = false;
    } else if blocked_phrase || analytics.is_some() {
        // Half of a 603+ is an ordinary refusal, and worth a person's look.
        verdict.suspected_block = true;
        verdict.note = said(&report.reason_header).map(reason::note);
    }
    if verdict.outcome == Outcome::BlockedUnwanted {
        verdict.complaint = true;
        verdict.suppress_callee = true;
    }
    if verdict.outcome == Outcome::BlockedAnalytics {
        verdict.redress = said(&report.call_info).and_then(reason::card);
    }
    let refused = verdict.outcome == Outcome::Rejected || carrier.is_some_and(|answer| answer.code == 480);
    if refused && report.dial_time_s.is_some_and(|dial_time| dial_time < SUSPECT_BELOW_S) {
        verdict.suspected_block = true;
    }
}

/// The outcome of an answered call.
fn answered(heard: Heard, talk_s: Option<u32>) -> Outcome {
    let short = talk_s.is_some_and(|talk| talk < SHORT_CALL_BELOW_S);
    match heard {
        Heard::Machine => Outcome::Voicemail,
        Heard::Fax => Outcome::Fax,
        Heard::Abandoned => Outcome::AnsweredUnknown,
        Heard::Nothing | Heard::Unsure | Heard::Human if short => Outcome::ShortCall,
        Heard::Human => Outcome::AnsweredHuman,
        Heard::Unsure => Outcome::AnsweredUnknown,
        // Without a detector, a talk of some length is the best sign there is of a person.
        Heard::Nothing if talk_s.is_some() => Outcome::AnsweredHuman,
        Heard::Nothing => Outcome::AnsweredUnknown,
    }
}

fn said(text: &Option<String>) -> Option<&str> {
    text.as_deref().map(str::trim).filter(|text| !text.is_empty())
}
