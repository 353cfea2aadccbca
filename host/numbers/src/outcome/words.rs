//! The tables: each program's codes and words, and what they say in ours.

use super::{Heard, Outcome, Rank};

/// What one code or word says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Said {
    Outcome(Outcome),
    /// Somebody or something picked up.
    Answered,
    /// Somebody or something picked up, and this is who.
    Heard(Heard),
    /// The call ended in the ordinary way, which is as true of a talk as of ringing that we gave up.
    Ended,
}

/// A disposition, with how much it weighs.
#[derive(Clone, Copy, Debug)]
pub(super) struct Disposition {
    pub said: Said,
    pub rank: Rank,
    pub complaint: bool,
}

/// A final SIP status; none for redirections and for codes that no standard knows.
pub(super) fn sip(code: u16) -> Option<Said> {
    Some(Said::Outcome(match code {
        408 | 480 | 487 => Outcome::NoAnswer,
        486 | 600 => Outcome::Busy,
        603 => Outcome::Rejected,
        607 => Outcome::BlockedUnwanted,
        608 => Outcome::BlockedAnalytics,
        404 | 410 | 484 | 485 | 604 => Outcome::InvalidNumber,
        401 | 403 | 407 | 428 | 433 | 436 | 437 | 438 | 606 => Outcome::CallerIdRefused,
        // What is left of the request failures is between the machines, like every server failure.
        400..=599 => Outcome::NetworkFailed,
        _ => return None,
    }))
}

/// A Q.850 cause. It never says blocked: 21 is what every refusal becomes.
pub(super) fn cause(cause: u16) -> Option<Said> {
    Some(Said::Outcome(match cause {
        16 | 31 => return Some(Said::Ended),
        1 | 2 | 3 | 22 | 23 | 26 | 28 => Outcome::InvalidNumber,
        17 => Outcome::Busy,
        18..=20 => Outcome::NoAnswer,
        21 => Outcome::Rejected,
        55 | 57 | 87 => Outcome::CallerIdRefused,
        27 | 29 | 34 | 38 | 41 | 42 | 47 | 58 | 65 | 70 | 88 | 102 | 111 | 127 => Outcome::NetworkFailed,
        _ => return None,
    }))
}

/// Causes that a program uses for want of a better one, so that its own word says more.
pub(super) fn cause_is_open(cause: u16) -> bool {
    matches!(cause, 16 | 31 | 127)
}

/// The final status word of Asterisk, FreeSWITCH, Twilio, Telnyx, Plivo or jambonz; none while a call is under way.
pub(super) fn status(word: &str) -> Option<Said> {
    Some(match plain(word).as_str() {
        "answer" | "answered" | "completed" | "success" => Said::Answered,
        "normalclearing" | "timelimit" | "4000" => Said::Ended,
        "noanswer" | "cancel" | "canceled" | "cancelled" | "timeout" | "originatorcancel" | "nouserresponse"
        | "allottedtimeout" | "3020" => Said::Outcome(Outcome::NoAnswer),
        "busy" | "userbusy" | "3010" => Said::Outcome(Outcome::Busy),
        "callrejected" => Said::Outcome(Outcome::Rejected),
        // FreeSWITCH gives this name to 607 and to nothing else.
        "unwanted" => Said::Outcome(Outcome::BlockedUnwanted),
        "unallocatednumber" | "noroutedestination" | "invalidnumberformat" | "numberchanged" | "notfound" => {
            Said::Outcome(Outcome::InvalidNumber)
        }
        "congestion"
        | "chanunavail"
        | "failed"
        | "unspecified"
        | "normalcircuitcongestion"
        | "normaltemporaryfailure"
        | "recoveryontimerexpire"
        | "networkoutoforder" => Said::Outcome(Outcome::NetworkFailed),
        "dontcall" | "torture" | "invalidargs" => Said::Outcome(Outcome::NotPlaced),
        _ => return None,
    })
}

/// What a detector of Asterisk, Twilio or Telnyx heard.
pub(super) fn detector(word: &str) -> Option<Heard> {
    let word = plain(word);
    Some(match word.as_str() {
        "fax" | "faxdetected" => Heard::Fax,
        // A callee who hangs up on the detector has answered all the same.
        "unknown" | "notsure" | "silence" | "hangup" => Heard::Unsure,
        _ if word.starts_with("human") => Heard::Human,
        _ if word.starts_with("machine") => Heard::Machine,
        _ => return None,
    })
}

/// A VICIdial status, or a word of our own set.
///
/// Only those by which somebody heard the callee weigh more than the carrier's answer.
/// The others VICIdial makes from causes itself, so that a block of our number stands there as a bad lead.
pub(super) fn disposition(word: &str) -> Option<Disposition> {
    let heard = |heard, rank| Disposition { said: Said::Heard(heard), rank, complaint: false };
    let status = |outcome| Disposition { said: Said::Outcome(outcome), rank: Rank::Status, complaint: false };
    let upper = word.to_ascii_uppercase();
    Some(match upper.as_str() {
        "SALE" | "NI" | "CALLBK" | "DEC" | "XFER" => heard(Heard::Human, Rank::Agent),
        "DNC" => Disposition { complaint: true, ..heard(Heard::Human, Rank::Agent) },
        "A" => heard(Heard::Machine, Rank::Agent),
        "AA" | "AM" | "AL" => heard(Heard::Machine, Rank::Detector),
        "AFAX" => heard(Heard::Fax, Rank::Detector),
        "DROP" | "PDROP" => heard(Heard::Abandoned, Rank::Detector),
        "PU" | "PM" | "NOTSURE" | "DAIR" => heard(Heard::Unsure, Rank::Status),
        "NA" | "N" => status(Outcome::NoAnswer),
        "AB" | "B" => status(Outcome::Busy),
        "ADCT" | "HUC21" => status(Outcome::Rejected),
        "DC" | "ADC" | "CPDSV" => status(Outcome::InvalidNumber),
        "CPDATB" | "HUC34" => status(Outcome::NetworkFailed),
        "DNCCAR" | "ADCCAR" | "DONTCALL" => status(Outcome::NotPlaced),
        _ => {
            let outcome = Outcome::ALL.into_iter().find(|outcome| outcome.word().eq_ignore_ascii_case(word))?;
            match outcome {
                Outcome::AnsweredHuman | Outcome::ShortCall => heard(Heard::Human, Rank::Agent),
                Outcome::Voicemail => heard(Heard::Machine, Rank::Agent),
                Outcome::Fax => heard(Heard::Fax, Rank::Agent),
                Outcome::AnsweredUnknown => heard(Heard::Unsure, Rank::Status),
                // A block needs SIP evidence; nobody's word is enough.
                Outcome::BlockedNetwork | Outcome::BlockedUnwanted | Outcome::BlockedAnalytics => {
                    status(Outcome::Rejected)
                }
                Outcome::NoAnswer
                | Outcome::Busy
                | Outcome::Rejected
                | Outcome::InvalidNumber
                | Outcome::CallerIdRefused
                | Outcome::NetworkFailed
                | Outcome::NotPlaced => status(outcome),
            }
        }
    })
}

/// Reads `SIP 603 Network Blocked`, `SIP/2.0 603 …` or `sip:603`: the code and the phrase, which may be empty.
pub(super) fn tech_cause(text: &str) -> Option<(u16, &str)> {
    let rest = ["SIP/2.0 ", "SIP ", "SIP:"].into_iter().find_map(|start| {
        text.get(..start.len()).filter(|head| head.eq_ignore_ascii_case(start)).map(|_| &text[start.len()..])
    })?;
    let rest = rest.trim_start();
    let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
    let code = rest[..digits].parse::<u16>().ok().filter(|code| (100..700).contains(code))?;
    Some((code, rest[digits..].trim()))
}

/// Whether the outbound leg gave the phrase as well, as Asterisk does.
pub(super) fn tech_has_phrase(text: &str) -> bool {
    tech_cause(text).is_some_and(|(_, phrase)| !phrase.is_empty())
}

/// The phrase of a 603+.
pub(super) fn is_network_blocked(phrase: &str) -> bool {
    phrase.split_whitespace().map(str::to_ascii_lowercase).eq(["network", "blocked"])
}

/// Letters and digits alone, in lower case, because programs differ in nothing but the separators.
fn plain(word: &str) -> String {
    word.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect()
}
