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
