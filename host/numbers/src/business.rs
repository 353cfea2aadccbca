//! The legal caller in whose name numbers are shown and filings are made.

use serde::{Deserialize, Serialize};

/// Whether the business uses the numbers itself, or calls on behalf of a client.
/// Some registries take filings from the user of the numbers only.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Relation {
    /// The business dials with its own numbers for itself.
    #[serde(rename = "self")]
    Own,
    /// A call centre dials for this client.
    Client,
}

/// A postal address.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Address {
    pub line1: String,
    #[serde(default)]
    pub line2: Option<String>,
    pub city: String,
    /// Two-letter postal code of the state.
    pub state: String,
    pub zip: String,
    #[serde(default = "united_states")]
    pub country: String,
}

fn united_states() -> String {
    "US".into()
}

/// The person whom an agency may ask.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Contact {
    pub name: String,
    /// The position in the business.
    #[serde(default)]
    pub title: Option<String>,
    pub email: String,
    pub phone: String,
}

/// In which form a business was founded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LegalForm {
    Corporation,
    Llc,
    Partnership,
    Nonprofit,
    Government,
    SoleProprietor,
    Other,
}

/// A business. Every field is a statement of fact that may be filed with an agency, so none is guessed or filled in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Business {
    /// Short name used in files and addresses: lower-case letters, digits, `-` and `_`.
    pub id: String,
    pub legal_name: String,
    #[serde(default)]
    pub dba: Option<String>,
    pub relation: Relation,
    /// Employer identification number, `NN-NNNNNNN`. Given only to adapters whose registry asks for it.
    #[serde(default)]
    pub ein: Option<String>,
    pub address: Address,
    #[serde(default)]
    pub website: Option<String>,
    pub contact: Contact,
    /// The kind of calls, in the business's own words.
    pub use_case: String,
    /// The category on a registry's form, where the business has chosen one.
    #[serde(default)]
    pub category: Option<String>,
    pub calls_per_month: u32,
    /// The carriers or platforms that originate the calls.
    pub originating_providers: Vec<String>,
    /// The name that callees shall see, as it is registered with the carriers: at most 15 letters ([`CNAM_CHARS_MAX`]).
    #[serde(default)]
    pub cnam: Option<String>,
    /// The D-U-N-S number, nine digits.
    #[serde(default)]
    pub duns: Option<String>,
    #[serde(default)]
    pub employees: Option<u32>,
    #[serde(default)]
    pub legal_form: Option<LegalForm>,
    /// The state under whose law it was formed.
    #[serde(default)]
    pub incorporated_in: Option<String>,
    /// The line of business in its own words.
    #[serde(default)]
    pub industry: Option<String>,
}

/// Letters of a name at most, as the CNAM forms of carriers and platforms take it (Twilio's documentation).
pub const CNAM_CHARS_MAX: usize = 15;

impl Business {
    /// The statements that cannot be true as they are written, each with its field and what to write instead.
    /// What is not said is no mistake: whoever needs it asks for it.
    pub fn mistakes(&self) -> Vec<(&'static str, &'static str)> {
        let digits = |text: &str, count: usize| text.len() == count && text.bytes().all(|b| b.is_ascii_digit());
        let ein = |ein: &str| ein.split_once('-').is_some_and(|(area, serial)| digits(area, 2) && digits(serial, 7));
        let cnam = |name: &str| {
            let mut letters = name.chars();
            letters.next().is_some_and(|first| first.is_ascii_alphabetic())
                && letters.all(|letter| letter.is_ascii_alphanumeric() || "., ".contains(letter))
                && name.len() <= CNAM_CHARS_MAX
        };
        let state = |state: &str| state.len() == 2 && state.bytes().all(|b| b.is_ascii_uppercase());
        let said = |field: &Option<String>, fits: &dyn Fn(&str) -> bool| field.as_deref().is_none_or(fits);
        [
            (said(&self.ein, &ein), "ein", "write two digits, a dash and seven digits, as in `12-3456789`"),
            (said(&self.duns, &|duns| digits(duns, 9)), "duns", "write nine digits"),
            (
                said(&self.cnam, &cnam),
                "cnam",
                "write at most 15 letters, digits, dots, commas and spaces, a letter first",
            ),
            (said(&self.incorporated_in, &state), "incorporated_in", "write the two letters of the state, as in `OH`"),
        ]
        .into_iter()
        .filter(|(fits, ..)| !fits)
        .map(|(_, field, remedy)| (field, remedy))
        .collect()
    }

    /// Bytes of all its texts together.
    pub fn text_bytes(&self) -> usize {
        let Business {
            id,
            legal_name,
            dba,
            relation: _,
            ein,
            address,
            website,
            contact,
            use_case,
            category,
            calls_per_month: _,
            originating_providers,
            cnam,
            duns,
            employees: _,
            legal_form: _,
            incorporated_in,
            industry,
        } = self;
        let Address { line1, line2, city, state, zip, country } = address;
        let Contact { name, title, email, phone } = contact;
        let said = [id, legal_name, use_case, line1, city, state, zip, country, name, email, phone];
        let optional =
            [dba, ein, website, category, line2, title, cnam, duns, incorporated_in, industry].into_iter().flatten();
        said.into_iter().chain(optional).chain(originating_providers).map(String::len).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_statement_that_cannot_be_true_is_named_with_what_to_write() {
        let good: Business = Business {
            id: "acme".into(),
            legal_name: "Acme LLC".into(),
            dba: None,
            relation: Relation::Own,
            ein: Some("12-3456789".into()),
            address: Address {
                line1: "1 Main St".into(),
                line2: None,
                city: "Dayton".into(),
                state: "OH".into(),
                zip: "45402".into(),
                country: "US".into(),
            },
            website: None,
            contact: Contact {
                name: "Ann".into(),
                title: None,
                email: "a@b.example".into(),
                phone: "+19375550100".into(),
            },
            use_case: "Reminders".into(),
            category: None,
            calls_per_month: 1,
            originating_providers: vec![],
            cnam: Some("ACME DENTAL, OH".into()),
            duns: Some("123456789".into()),
            employees: None,
            legal_form: None,
            incorporated_in: Some("OH".into()),
            industry: None,
        };
        assert_eq!(good.mistakes(), []);
        let field = |business: Business| business.mistakes().iter().map(|(field, _)| *field).collect::<Vec<_>>();
        let with = |change: fn(&mut Business)| {
            let mut business = good.clone();
            change(&mut business);
            field(business)
        };
        assert_eq!(with(|b| b.ein = Some("123456789".into())), ["ein"]);
        assert_eq!(with(|b| b.duns = Some("12-345-6789".into())), ["duns"]);
        assert_eq!(with(|b| b.cnam = Some("ACME DENTAL OHIO".into())), ["cnam"]);
        assert_eq!(with(|b| b.cnam = Some("7 ACME".into())), ["cnam"]);
        assert_eq!(with(|b| b.incorporated_in = Some("Ohio".into())), ["incorporated_in"]);
    }
}
