//! The letter that a person sends, because nothing can be filed by machine.

use smartguard_adapter::agency::{
    Business, DisputeRequest, Email, Packet, PacketField, RegisterRequest, Relation, Status,
};

/// Nobody has published where a business writes to; this address was only ever heard of.
const UNVERIFIED_ADDRESS: &str = "reports@nomorobo.com";

/// Makes the numbers known.
pub fn introduction(request: &RegisterRequest) -> Packet {
    let name = &request.business.legal_name;
    let count = match request.numbers.len() {
        1 => "1 number".to_owned(),
        many => format!("{many} numbers"),
    };
    letter(
        &request.business,
        &request.numbers,
        Wish {
            title: format!("Introduce {count} of {name} to Nomorobo"),
            subject: format!("Business numbers of {name}"),
            wish: "Please note these numbers as ours, so that calls from them are judged as calls of a known business.",
            facts: Vec::new(),
        },
    )
}

/// Asks to look at a number again.
pub fn review(request: &DisputeRequest) -> Packet {
    let (name, number) = (&request.business.legal_name, &request.number);
    let status = word(request.status);
    let seen = request.label.as_ref().map_or_else(|| status.to_owned(), |label| format!("\"{label}\" ({status})"));
    let mut facts = vec![format!("What we see at your service for {number}: {seen}.")];
    let statement = request.statement.trim();
    if !statement.is_empty() {
        facts.push(statement.to_owned());
    }
    letter(
        &request.business,
        std::slice::from_ref(number),
        Wish {
            title: format!("Ask Nomorobo to review {number} of {name}"),
            subject: format!("Review of {number}, used by {name}"),
            wish: "Please review this number and tell us what led to the listing, so that we can correct it.",
            facts,
        },
    )
}

struct Wish {
    title: String,
    subject: String,
    wish: &'static str,
    facts: Vec<String>,
}

fn letter(business: &Business, numbers: &[String], wish: Wish) -> Packet {
    let Business { legal_name, address, contact, .. } = business;
    let mut lines = vec!["Hello,".to_owned(), String::new()];
    lines.push(match business.relation {
        Relation::Client => {
            format!("{legal_name} is the business in whose name these calls are made, by a call centre on its behalf.")
        }
        Relation::Itself => format!("{legal_name} makes calls from these numbers itself."),
    });
    lines.push(format!("What the calls are for: {}.", business.use_case));
    lines.extend(wish.facts);
    lines.extend([wish.wish, "", "Numbers:"].map(str::to_owned));
    lines.extend(numbers.iter().map(|number| format!("  {number}")));
    lines.extend(["", "Business:"].map(str::to_owned));
    let also = business.dba.as_ref().map_or_else(String::new, |dba| format!(" (doing business as {dba})"));
    lines.push(format!("  {legal_name}{also}"));
    let town = format!("{}, {} {}", address.city, address.state, address.zip);
    let place = [Some(&address.line1), address.line2.as_ref(), Some(&town)].into_iter().flatten();
    lines.extend(place.filter(|line| !line.is_empty()).map(|line| format!("  {line}")));
    lines.extend(business.website.iter().map(|website| format!("  {website}")));
    lines.extend([
        String::new(),
        format!("Please answer to {} or {}.", contact.email, contact.phone),
        String::new(),
        contact.name.clone(),
        String::new(),
    ]);
    Packet {
        title: wish.title,
        url: None,
        steps: vec![
            "No address or form for businesses is known for certain. Look on nomorobo.com for its present contact or report page.".to_owned(),
            format!("Verify the address of the letter: {UNVERIFIED_ADDRESS} is only known from hearsay, nobody confirmed it."),
            "Read the letter. Send it only if every sentence is true for this business.".to_owned(),
            "Send it by the form or address that you found; the fields below are what such a form usually asks for.".to_owned(),
            "Write down when and where you sent it, and any reference that comes back.".to_owned(),
            "Nomorobo does not report an outcome; the next look-ups show it.".to_owned(),
        ],
        fields: vec![
            field("Phone number(s)", &numbers.join(" "), true),
            field("Business name", legal_name, true),
            field("Website", business.website.as_deref().unwrap_or_default(), false),
            field("Purpose of the calls", &business.use_case, true),
            field("Your name", &contact.name, true),
            field("Your e-mail address", &contact.email, true),
            field("Your phone number", &contact.phone, false),
        ],
        files: Vec::new(),
        email: Some(Email {
            to: UNVERIFIED_ADDRESS.to_owned(),
            subject: wish.subject,
            body: lines.join("\n"),
        }),
        tracking: vec!["sent_to".to_owned(), "reference".to_owned()],
        acknowledged_in_days: 5,
        effective_in_days: 14,
        confidence: "unknown".to_owned(),
    }
}

fn field(label: &str, value: &str, required: bool) -> PacketField {
    PacketField {
        id: String::new(),
        label: label.to_owned(),
        value: value.to_owned(),
        required,
        by_person: false,
        note: None,
    }
}

/// A standing as the interface writes it.
fn word(status: Status) -> &'static str {
    match status {
        Status::Unflagged => "unflagged",
        Status::Unknown => "unknown",
        Status::MixedLow => "mixed-low",
        Status::MixedHigh => "mixed-high",
        Status::Flagged => "flagged",
        Status::Blocked => "blocked",
    }
}
