//! An account at Twilio that remembers what was made in it, and is as strict about the order of things as Trust Hub is said
//! to be. Its answers are the examples of Twilio's specification, with what it remembers put in.

use super::contract::{Asked, Operation};
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

/// Numbers in a page of the account's list, so that a short list has several.
const PAGE_NUMBERS: usize = 2;

/// One account.
#[derive(Clone)]
pub struct Account {
    held: Arc<Mutex<Held>>,
}

/// What an account holds.
#[derive(Clone, Debug, Default)]
pub struct Held {
    /// By their SIDs.
    pub products: BTreeMap<String, Product>,
    pub end_users: BTreeMap<String, EndUser>,
    /// The numbers that are assigned to each approved business profile.
    pub profiles: BTreeMap<String, BTreeSet<String>>,
    /// The numbers of the account: SID and name.
    pub numbers: BTreeMap<String, (String, String)>,
    /// Whether an evaluation takes the call volume by a range only.
    pub wants_ranges: bool,
    made: u64,
}

#[derive(Clone, Debug)]
pub struct Product {
    pub name: String,
    pub policy: String,
    pub status: String,
    pub entities: BTreeSet<String>,
    pub numbers: BTreeSet<String>,
    pub errors: Value,
}

#[derive(Clone, Debug)]
pub struct EndUser {
    pub name: String,
    pub kind: String,
    pub attributes: Value,
}

/// Twilio's code, and its words for people.
type Refusal = (u64, &'static str);
type Answer = Result<Value, Refusal>;

impl Account {
    /// With one approved business profile and these numbers.
    pub fn of(numbers: &[&str]) -> Account {
        let mut held = Held::default();
        let profile = held.sid("BU");
        held.profiles.insert(profile, BTreeSet::new());
        for number in numbers {
            let sid = held.sid("PN");
            held.numbers.insert((*number).to_owned(), (sid, (*number).to_owned()));
        }
        Account { held: Arc::new(Mutex::new(held)) }
    }

    pub fn held(&self) -> Held {
        self.held.lock().expect("not poisoned").clone()
    }

    /// What happens without a request: a review, or somebody at the Console.
    pub fn change(&self, change: impl FnOnce(&mut Held)) {
        change(&mut self.held.lock().expect("not poisoned"));
    }

    /// Every product that waits for its review gets this status.
    pub fn review(&self, status: &str, errors: &Value) {
        self.change(|held| {
            for product in held.products.values_mut().filter(|product| product.status == "pending-review") {
                status.clone_into(&mut product.status);
                product.errors = errors.clone();
            }
        });
    }

    /// Status and body for a request that the specification permits.
    pub fn answer(&self, operation: &Operation, asked: &Asked) -> (u16, Value) {
        let form: BTreeMap<String, String> = asked.form().into_iter().collect();
        let query: BTreeMap<String, String> = asked.query.iter().cloned().collect();
        let place: Vec<&str> = asked.path.split('/').collect();
        let about = Question { example: &operation.example, form, query, place };
        let answer = self.held.lock().expect("not poisoned").answer(&operation.id, &about);
        match answer {
            Ok(Value::Null) => (204, Value::Null),
            Ok(body) if asked.method == "post" && operation.id.contains(" Create") => (201, body),
            Ok(body) => (200, body),
            Err((code, message)) => {
                let status = if code == NOT_FOUND.0 { 404 } else { 400 };
                let more = format!("https://www.twilio.com/docs/errors/{code}");
                (status, json!({ "code": code, "message": message, "more_info": more, "status": status }))
            }
        }
    }
}

/// A request with its parts at hand.
struct Question<'a> {
    example: &'a Value,
    form: BTreeMap<String, String>,
    query: BTreeMap<String, String>,
    place: Vec<&'a str>,
}

impl Question<'_> {
    fn said(&self, field: &str) -> String {
        self.form.get(field).cloned().unwrap_or_default()
    }

    /// The example of one thing, with what is known of it.
    fn one(&self, fields: Value) -> Value {
        like(self.example, fields)
    }

    /// The example of a list with these entries, on its only page.
    fn list(&self, key: &str, entries: impl IntoIterator<Item = Value>) -> Value {
        let entries: Vec<Value> = entries.into_iter().map(|fields| like(&self.example[key][0], fields)).collect();
        let mut page = like(self.example, json!({ key: entries }));
        match page.get_mut("meta") {
            Some(meta) => meta["next_page_url"] = Value::Null,
            None => page["next_page_uri"] = Value::Null,
        }
        page
    }
}

fn like(example: &Value, fields: Value) -> Value {
    let mut whole = example.as_object().cloned().unwrap_or_else(Map::new);
    whole.extend(fields.as_object().cloned().unwrap_or_default());
    whole.into()
}

const NOT_FOUND: Refusal = (20404, "The requested resource was not found");

impl Held {
    fn sid(&mut self, prefix: &str) -> String {
        self.made += 1;
        format!("{prefix}{:032x}", self.made)
    }

    fn answer(&mut self, operation: &str, asked: &Question<'_>) -> Answer {
        match operation {
            "trusthub_v1 ListTrustProduct" => Ok(self.products(asked)),
            "trusthub_v1 CreateTrustProduct" => Ok(self.create_product(asked)),
            "trusthub_v1 FetchTrustProduct" => self.fetch_product(asked),
            "trusthub_v1 UpdateTrustProduct" => self.submit(asked),
            "trusthub_v1 ListTrustProductEntityAssignment" => {
                let entities = self.product(asked)?.entities.iter();
                Ok(asked.list("results", entities.map(|sid| json!({ "object_sid": sid }))))
            }
            "trusthub_v1 CreateTrustProductEntityAssignment" => self.assign_entity(asked),
            "trusthub_v1 ListTrustProductChannelEndpointAssignment" => {
                Ok(assigned(asked, &self.product(asked)?.numbers))
            }
            "trusthub_v1 CreateTrustProductChannelEndpointAssignment" => self.assign_to_product(asked),
            "trusthub_v1 CreateTrustProductEvaluation" => self.evaluate(asked),
            "trusthub_v1 ListCustomerProfile" => {
                let profile = |sid: &String| json!({ "sid": sid, "status": "twilio-approved" });
                Ok(asked.list("results", self.profiles.keys().map(profile)))
            }
            "trusthub_v1 ListCustomerProfileChannelEndpointAssignment" => {
                Ok(assigned(asked, self.profiles.get(asked.place[3]).ok_or(NOT_FOUND)?))
            }
            "trusthub_v1 CreateCustomerProfileChannelEndpointAssignment" => self.assign_to_profile(asked),
            "trusthub_v1 ListEndUser" => {
                let end_user =
                    |(sid, end_user): (&String, &EndUser)| json!({ "sid": sid, "friendly_name": end_user.name });
                Ok(asked.list("results", self.end_users.iter().map(end_user)))
            }
            "trusthub_v1 CreateEndUser" => Ok(self.create_end_user(asked)),
            "trusthub_v1 UpdateEndUser" => self.update_end_user(asked),
            "api_v2010 ListIncomingPhoneNumber" => Ok(self.numbers(asked)),
            "api_v2010 CreateIncomingPhoneNumber" => self.buy(asked),
            "api_v2010 DeleteIncomingPhoneNumber" => self.give_back(asked),
            "api_v2010 ListAvailablePhoneNumberLocal" => {
                let number = format!("+1{}5550190", asked.query["AreaCode"]);
                Ok(asked.list("available_phone_numbers", [json!({ "phone_number": number })]))
            }
            "lookups_v1 FetchPhoneNumber" => {
                Ok(asked.one(json!({ "phone_number": asked.place[3], "add_ons": add_ons() })))
            }
            "lookups_v2 FetchPhoneNumber" => {
                let line = json!({ "carrier_name": "Verizon Wireless", "type": "mobile", "error_code": null });
                Ok(asked.one(json!({ "phone_number": asked.place[3], "valid": true, "line_type_intelligence": line })))
            }
            "marketplace_v1 ListInstalledAddOn" => {
                Ok(asked.list("installed_add_ons", [json!({ "unique_name": "nomorobo_spamscore" })]))
            }
            "insights_v2 CreateOutboundPhoneNumbersReport" => Ok(asked.one(json!({}))),
            "insights_v2 ListOutboundPhoneNumbersReport" => {
                let blocked = json!([{ "country": "US", "carriers": [
                    { "carrier": "att", "total_calls": 400, "blocked_calls": 120, "blocked_calls_percentage": 30.0 },
                ] }]);
                let row = |number: &String| json!({ "handle": number, "blocked_calls_by_carrier": blocked });
                Ok(asked.list("reports", self.numbers.keys().map(row)))
            }
            stranger => panic!("the account knows nothing of {stranger}"),
        }
    }

    fn product(&mut self, asked: &Question<'_>) -> Result<&mut Product, Refusal> {
        self.products.get_mut(asked.place[3]).ok_or(NOT_FOUND)
    }

    fn products(&self, asked: &Question<'_>) -> Value {
        let wanted = |product: &&Product| {
            let fits = |field: &str, is: &str| asked.query.get(field).is_none_or(|wanted| wanted == is);
            fits("FriendlyName", &product.name) && fits("PolicySid", &product.policy) && fits("Status", &product.status)
        };
        let found = self.products.iter().filter(|(_, product)| wanted(product));
        asked.list("results", found.map(|(sid, product)| product.told(sid)))
    }

    fn create_product(&mut self, asked: &Question<'_>) -> Value {
        let sid = self.sid("BU");
        let product = Product {
            name: asked.said("FriendlyName"),
            policy: asked.said("PolicySid"),
            status: "draft".to_owned(),
            entities: BTreeSet::new(),
            numbers: BTreeSet::new(),
            errors: Value::Null,
        };
        let told = asked.one(product.told(&sid));
        self.products.insert(sid, product);
        told
    }

    fn fetch_product(&mut self, asked: &Question<'_>) -> Answer {
        Ok(asked.one(self.product(asked)?.told(asked.place[3])))
    }

    fn submit(&mut self, asked: &Question<'_>) -> Answer {
        let product = self.product(asked)?;
        if product.status != "draft" {
            return Err((22200, "The product has been submitted"));
        }
        product.status = asked.said("Status");
        Ok(asked.one(product.told(asked.place[3])))
    }

    fn assign_entity(&mut self, asked: &Question<'_>) -> Answer {
        let entity = asked.said("ObjectSid");
        if !self.end_users.contains_key(&entity) && !self.profiles.contains_key(&entity) {
            return Err((22201, "The object does not exist"));
        }
        match self.product(asked)?.entities.insert(entity.clone()) {
            true => Ok(asked.one(json!({ "object_sid": entity }))),
            false => Err((22202, "The object is assigned already")),
        }
    }

    fn assign_to_profile(&mut self, asked: &Question<'_>) -> Answer {
        let number = asked.said("ChannelEndpointSid");
        if !self.numbers.values().any(|(sid, _)| *sid == number) {
            return Err((22203, "The number is not in this account"));
        }
        match self.profiles.get_mut(asked.place[3]).ok_or(NOT_FOUND)?.insert(number.clone()) {
            true => Ok(asked.one(json!({ "channel_endpoint_sid": number }))),
            false => Err((22204, "The number is assigned already")),
        }
    }

    fn assign_to_product(&mut self, asked: &Question<'_>) -> Answer {
        let number = asked.said("ChannelEndpointSid");
        let profiles = self.profiles.clone();
        let product = self.product(asked)?;
        let on_profile =
            product.entities.iter().filter_map(|entity| profiles.get(entity)).any(|on| on.contains(&number));
        if !on_profile {
            return Err((22205, "The number is not on the business profile of this product"));
        }
        match product.numbers.insert(number.clone()) {
            true => Ok(asked.one(json!({ "channel_endpoint_sid": number }))),
            false => Err((22204, "The number is assigned already")),
        }
    }

    fn evaluate(&mut self, asked: &Question<'_>) -> Answer {
        let (end_users, profiles, wants_ranges) = (self.end_users.clone(), self.profiles.clone(), self.wants_ranges);
        let entities = &self.product(asked)?.entities;
        let mut failures = Vec::new();
        if !entities.iter().any(|entity| profiles.contains_key(entity)) {
            failures
                .push(json!({ "passed": false, "failure_reason": "The business profile is missing.", "invalid": [] }));
        }
        let volume = entities
            .iter()
            .filter_map(|entity| end_users.get(entity)?.attributes["average_business_day_call_volume"].as_str());
        if wants_ranges && volume.into_iter().any(|volume| !volume.contains('-')) {
            let field = "average_business_day_call_volume";
            let invalid =
                json!([{ "object_field": field, "failure_reason": "The call volume is not one of the ranges." }]);
            failures.push(json!({ "passed": false, "failure_reason": "A field is wrong.", "invalid": invalid }));
        }
        let status = if failures.is_empty() { "compliant" } else { "noncompliant" };
        Ok(asked.one(json!({ "status": status, "results": failures })))
    }

    fn create_end_user(&mut self, asked: &Question<'_>) -> Value {
        let sid = self.sid("IT");
        let attributes = serde_json::from_str(&asked.said("Attributes")).expect("attributes are JSON");
        let end_user = EndUser { name: asked.said("FriendlyName"), kind: asked.said("Type"), attributes };
        let told = asked.one(json!({ "sid": sid, "friendly_name": end_user.name, "type": end_user.kind }));
        self.end_users.insert(sid, end_user);
        told
    }

    fn update_end_user(&mut self, asked: &Question<'_>) -> Answer {
        let end_user = self.end_users.get_mut(asked.place[3]).ok_or(NOT_FOUND)?;
        end_user.attributes = serde_json::from_str(&asked.said("Attributes")).expect("attributes are JSON");
        Ok(asked.one(json!({ "sid": asked.place[3] })))
    }

    fn numbers(&self, asked: &Question<'_>) -> Value {
        let wanted = |number: &str, name: &str| {
            let fits = |field: &str, is: &str| asked.query.get(field).is_none_or(|wanted| wanted == is);
            fits("PhoneNumber", number) && fits("FriendlyName", name)
        };
        let found = self.numbers.iter().filter(|(number, (_, name))| wanted(number, name));
        let told: Vec<Value> = found.map(|(number, (sid, name))| held_number(number, sid, name)).collect();
        let from: usize = asked.query.get("PageToken").map_or(0, |token| token.parse().expect("a token of ours"));
        let to = told.len().min(from + PAGE_NUMBERS);
        let mut page = asked.list("incoming_phone_numbers", told[from..to].to_vec());
        if to < told.len() {
            let account = asked.place[3];
            page["next_page_uri"] =
                format!("/2010-04-01/Accounts/{account}/IncomingPhoneNumbers.json?PageSize=2&Page=1&PageToken={to}")
                    .into();
        }
        page
    }

    fn buy(&mut self, asked: &Question<'_>) -> Answer {
        let (number, name) = (asked.said("PhoneNumber"), asked.said("FriendlyName"));
        if self.numbers.contains_key(&number) {
            return Err((21422, "PhoneNumber Requested was not available"));
        }
        let sid = self.sid("PN");
        let told = asked.one(held_number(&number, &sid, &name));
        self.numbers.insert(number, (sid, name));
        Ok(told)
    }

    fn give_back(&mut self, asked: &Question<'_>) -> Answer {
        let sid = asked.place[5].trim_end_matches(".json");
        let before = self.numbers.len();
        self.numbers.retain(|_, (held, _)| held != sid);
        if self.numbers.len() < before { Ok(Value::Null) } else { Err(NOT_FOUND) }
    }
}

impl Product {
    fn told(&self, sid: &str) -> Value {
        json!({
            "sid": sid,
            "friendly_name": self.name,
            "policy_sid": self.policy,
            "status": self.status,
            "errors": self.errors,
        })
    }
}

fn held_number(number: &str, sid: &str, name: &str) -> Value {
    json!({ "sid": sid, "phone_number": number, "friendly_name": name })
}

fn assigned(asked: &Question<'_>, numbers: &BTreeSet<String>) -> Value {
    let wanted: BTreeSet<&str> =
        asked.query.get("ChannelEndpointSids").map(|sids| sids.split(',').collect()).unwrap_or_default();
    let found = numbers.iter().filter(|number| wanted.contains(number.as_str()));
    asked.list("results", found.map(|number| json!({ "channel_endpoint_sid": number })))
}

fn add_ons() -> Value {
    let result =
        |status: &str, result: Value| json!({ "status": status, "message": null, "code": null, "result": result });
    json!({ "status": "successful", "message": null, "code": null, "results": {
        "nomorobo_spamscore": result("successful", json!({ "score": 1, "neighbor_score": 0 })),
        "icehook_scout": result("successful", json!({ "risk_level": 47, "risk_rating": "possible" })),
        "truecnam_truespam": result("failed", json!({})),
    } })
}
