//! Nomorobo, as `adapters/nomorobo` has it, in Rust: one look-up for each number by its Enterprise API, version 2.
//!
//! Manifest and cassettes are those of the script, and both must give the same answers.
//! Nothing can be filed by machine there, so `register` and `dispute` prepare a letter for a person.

mod letter;

use smartguard_adapter::agency::{
    CheckAnswer, CheckRequest, Description, DisputeRequest, Error, FilingAnswer, Observation, Probed, RegisterRequest,
    Score, Status,
};
use smartguard_adapter::{Agency, Api, Failure, now_s, one_by_one, setting};

const ID: &str = "nomorobo";

const API: Api = Api { name: "Nomorobo", origin: "api", key_from: "it comes with a Nomorobo contract" };

/// Long enough for every category seen; the rest of a longer text would only fill tables.
const LABEL_CHARS_MAX: usize = 80;

/// A number for fiction: what the agency says of it is nobody's business, and that it answers is what a probe wants to see.
const PROBED: &str = "+12025550143";

struct Nomorobo;

smartguard_adapter::agency!(Nomorobo);

impl Agency for Nomorobo {
    fn describe() -> Description {
        Description {
            id: ID.to_owned(),
            version: "0.1.0".to_owned(),
            functions: ["check", "register", "dispute", "probe"].map(str::to_owned).to_vec(),
            speaks_for: vec![ID.to_owned()],
        }
    }

    fn check(request: CheckRequest) -> Result<CheckAnswer, Error> {
        let settings = Settings::read()?;
        one_by_one(&request.numbers, |number| look_up(number, &settings))
    }

    fn register(request: RegisterRequest) -> Result<FilingAnswer, Error> {
        Err(Error::NeedsPerson(letter::introduction(&request)))
    }

    fn dispute(request: DisputeRequest) -> Result<FilingAnswer, Error> {
        if request.agency != ID {
            let reason = format!("nomorobo answers for itself only, not for {}", request.agency);
            return Err(Error::Unsupported(reason));
        }
        Err(Error::NeedsPerson(letter::review(&request)))
    }

    /// There is no free question, so one number is asked about.
    fn probe() -> Result<Probed, Error> {
        let seen = look_up(PROBED, &Settings::read()?)?;
        let risk = seen.score.map_or(0, |score| score.value);
        Ok(Probed {
            found: format!("the key is accepted; {PROBED} has risk score {risk}"),
            cost_micros: seen.cost_micros,
        })
    }
}

struct Settings {
    mixed_from: i64,
    flagged_from: i64,
    price_micros: u64,
}

impl Settings {
    fn read() -> Result<Settings, Error> {
        let (mixed_from, flagged_from) = (setting("mixed_from", 0..=100)?, setting("flagged_from", 0..=100)?);
        if mixed_from > flagged_from {
            return Err(Error::Internal(format!(
                "setting `mixed_from` ({mixed_from}) is above `flagged_from` ({flagged_from}); write it at most as high"
            )));
        }
        Ok(Settings {
            mixed_from: mixed_from as i64,
            flagged_from: flagged_from as i64,
            price_micros: setting("price_micros", 0..=1_000_000_000)?,
        })
    }
}

fn look_up(number: &str, settings: &Settings) -> Result<Observation, Failure> {
    let Some(asked) = number.strip_prefix('+').filter(|digits| is_north_american(digits)) else {
        return Err(Failure::one(Error::Rejected(format!("{number} is no number of the +1 countries"))));
    };
    let answer = API
        .get("/v2/check")
        .query("From", asked)
        .secret("X-API-Key", "API_KEY")
        .header("Accept", "application/json")
        .fetch(200)?;
    let json = answer.json()?;
    let whole = json.object()?;
    whole.field("phone_number").must_be(asked)?;
    let details = whole.field("phone_number_reputation_details").object()?;
    let blocked = details.field("block_status").one_of(&["allowed", "blocked"])? == "blocked";
    let risk = details.field("risk_score").integer(0..=100)?;
    let category = details.field("reported_category").optional_text()?.and_then(known_category);

    let status = match risk {
        _ if blocked => Status::Flagged,
        risk if risk >= settings.flagged_from => Status::Flagged,
        risk if risk >= settings.mixed_from => Status::MixedLow,
        _ => Status::Unflagged,
    };
    // The agency's own word first; where it has none, its figure.
    let word = category.or_else(|| (risk >= settings.mixed_from).then(|| format!("risk score {risk}")));
    let label = match (blocked, word) {
        (false, word) => word,
        (true, Some(word)) => Some(format!("{word}, blocked")),
        (true, None) => Some("blocked".to_owned()),
    };
    Ok(Observation {
        number: number.to_owned(),
        agency: ID.to_owned(),
        carrier: None,
        status,
        label,
        score: Some(Score { value: risk as i32, best: 0, worst: 100 }),
        // The answer says when the last call was seen, not when the score was made.
        observed_at: now_s(),
        cost_micros: settings.price_micros,
    })
}

/// `1`, an area code that begins with 2 to 9, and eight digits more.
fn is_north_american(digits: &str) -> bool {
    let digits = digits.as_bytes();
    digits.len() == 11 && digits.iter().all(u8::is_ascii_digit) && digits[0] == b'1' && digits[1] >= b'2'
}

fn known_category(category: &str) -> Option<String> {
    let text = category.trim();
    let says_something = !text.is_empty() && !text.eq_ignore_ascii_case("unknown");
    says_something.then(|| text.chars().take(LABEL_CHARS_MAX).collect())
}
