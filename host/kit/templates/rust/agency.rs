//! __ID__: say here what this agency is, and what a reader should know of its interface.
//!
//! The server that this speaks to is imagined. Change `look_up`, `Filing` and the cassettes to what yours says;
//! `smartguard adapter test` and `smartguard adapter check` tell what is still missing.

use serde::Serialize;
use smartguard_adapter::agency::{
    CheckAnswer, CheckRequest, Description, DisputeRequest, Error, Filing, FilingAnswer, FilingStatus, Observation,
    Packet, PacketField, RegisterRequest, Score, Status,
};
use smartguard_adapter::{Agency, Api, Failure, now_s, one_by_one, setting};

const ID: &str = "__ID__";

const API: Api = Api { name: "__ID__", origin: "api", key_from: "say how one gets a key" };

struct Adapter;

smartguard_adapter::agency!(Adapter);

impl Agency for Adapter {
    fn describe() -> Description {
        Description {
            id: ID.to_owned(),
            version: "0.1.0".to_owned(),
            functions: ["check", "register", "dispute"].map(str::to_owned).to_vec(),
            speaks_for: vec![ID.to_owned()],
        }
    }

    /// What the agency makes of these numbers. A number that is left out counts as unknown, never as clean.
    fn check(request: CheckRequest) -> Result<CheckAnswer, Error> {
        let flagged_from = setting("flagged_from", 0..=100)? as i64;
        one_by_one(&request.numbers, |number| look_up(number, flagged_from))
    }

    /// Makes a business and its numbers known. The same key is the same filing, however often it is sent.
    fn register(request: RegisterRequest) -> Result<FilingAnswer, Error> {
        let RegisterRequest { key, business, numbers, .. } = &request;
        let wish = Wish { key, name: &business.legal_name, numbers };
        Ok(FilingAnswer::Filed(file(&wish)?))
    }

    /// Where only a person can file, answer with the packet that makes it easy.
    fn dispute(request: DisputeRequest) -> Result<FilingAnswer, Error> {
        if request.agency != ID {
            return Err(Error::Unsupported(format!("this is not the place for {}", request.agency)));
        }
        Err(Error::NeedsPerson(packet(&request)))
    }
}

/// Believes nothing that does not fit: a wrong guess here would call a bad number clean.
fn look_up(number: &str, flagged_from: i64) -> Result<Observation, Failure> {
    let answer = API.get(&format!("/numbers/{}", number.trim_start_matches('+'))).bearer("API_KEY").fetch(200)?;
    let json = answer.json()?;
    let whole = json.object()?;
    whole.field("number").must_be(number)?;
    let score = whole.field("score").integer(0..=100)?;
    let blocked = whole.field("blocked").truth()?;
    let label = whole.field("label").optional_text()?;
    Ok(Observation {
        number: number.to_owned(),
        agency: ID.to_owned(),
        carrier: None,
        status: match score {
            _ if blocked => Status::Blocked,
            score if score >= flagged_from => Status::Flagged,
            _ => Status::Unflagged,
        },
        label: label.map(str::to_owned),
        score: Some(Score { value: score as i32, best: 0, worst: 100 }),
        observed_at: now_s(),
        cost_micros: 0,
    })
}

/// What is sent to make numbers known.
#[derive(Serialize)]
struct Wish<'a> {
    key: &'a str,
    name: &'a str,
    numbers: &'a [String],
}

fn file(wish: &Wish) -> Result<Filing, Failure> {
    let answer = API.post("/filings").bearer("API_KEY").json(wish)?.fetch(201)?;
    let json = answer.json()?;
    let whole = json.object()?;
    let id = whole.field("id").text()?;
    if id.is_empty() {
        return Err(Failure::protocol("`id` is empty"));
    }
    let status = match whole.field("state").one_of(&["received", "accepted", "refused"])? {
        "accepted" => FilingStatus::Accepted,
        "refused" => FilingStatus::Refused,
        _ => FilingStatus::Submitted,
    };
    Ok(Filing { reference: Some(id.to_owned()), status, detail: None, refused: Vec::new() })
}

fn packet(request: &DisputeRequest) -> Packet {
    let DisputeRequest { business, number, statement, .. } = request;
    let field = |label: &str, value: &str| PacketField {
        id: String::new(),
        label: label.to_owned(),
        value: value.to_owned(),
        required: true,
        by_person: false,
        note: None,
    };
    Packet {
        title: format!("Dispute the label of {number}"),
        url: Some("https://www.example.com/dispute".to_owned()),
        steps: ["Open the page.", "Fill in the fields, and send them if every word is true."]
            .map(str::to_owned)
            .to_vec(),
        fields: vec![field("Number", number), field("Business", &business.legal_name), field("Statement", statement)],
        files: Vec::new(),
        email: None,
        tracking: vec!["reference".to_owned()],
        acknowledged_in_days: 2,
        effective_in_days: 7,
        confidence: "unknown".to_owned(),
    }
}
