//! Ways in which an answer can be broken.

use serde_json::{Value, json};

/// One answer that was broken, and how.
pub(crate) struct Broken {
    pub how: String,
    pub body: String,
}

/// A page as a proxy or a site under maintenance answers it, with status 200. It is long, as such pages are.
pub(crate) const PAGE: &str = "<!doctype html>\n<html><head><title>Maintenance</title></head>\n<body>\
    <h1>We will be back soon</h1><p>This service is under maintenance. Spam 0, score 0, status ok, allowed.</p>\
    <p>Reference: ";

pub(crate) fn page(reference: &str) -> String {
    format!("{PAGE}{reference}</p></body></html>\n")
}

/// The body cut off in the middle: what is left is no JSON.
pub(crate) fn truncated(body: &str) -> Vec<Broken> {
    let Some(whole) = container(body) else { return Vec::new() };
    let cuts = [whole.len() / 4, whole.len() / 2, whole.len() * 3 / 4, whole.len() - 1];
    let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| whole.floor_char_boundary(cut.max(1))).collect();
    cuts.dedup();
    cuts.into_iter()
        .map(|cut| Broken { how: format!("the body ends after {cut} bytes"), body: whole[..cut].to_owned() })
        .collect()
}

/// A body that is a JSON object or list, without the space around it.
fn container(body: &str) -> Option<&str> {
    let body = body.trim();
    matches!(serde_json::from_str(body), Ok(Value::Object(_) | Value::Array(_))).then_some(body)
}

pub(crate) fn is_json(body: &str) -> bool {
    container(body).is_some()
}

/// Well-formed JSON of another shape than the body's own.
pub(crate) fn other_shapes(body: &str) -> Vec<Broken> {
    let Some(own) = container(body).and_then(|body| serde_json::from_str::<Value>(body).ok()) else {
        return Vec::new();
    };
    let shapes = [json!(null), json!(true), json!(7), json!("ok"), json!({}), json!([]), json!([null]), json!([[]])];
    let alike = |shape: &Value| shape.is_object() == own.is_object() && shape.is_array() == own.is_array();
    let other = shapes.into_iter().filter(|shape| !alike(shape));
    other.map(|shape| Broken { how: format!("the whole body is {shape}"), body: shape.to_string() }).collect()
}

/// Places of one body that are broken; a body with more shows no more by them.
const PLACES_MAX: usize = 150;

/// Every value of the body with every other type, one at a time.
pub(crate) fn wrong_types(body: &str) -> Vec<(String, Broken)> {
    let Some(whole) = container(body).and_then(|body| serde_json::from_str::<Value>(body).ok()) else {
        return Vec::new();
    };
    let mut broken = Vec::new();
    for place in places(&whole).into_iter().take(PLACES_MAX) {
        let Some(own) = whole.pointer(&place) else { continue };
        for other in others(own) {
            let mut changed = whole.clone();
            if let Some(value) = changed.pointer_mut(&place) {
                value.clone_from(&other);
            }
            let how = format!("`{}` is {other} where {} stood", dotted(&place), brief(own));
            broken.push((place.clone(), Broken { how, body: changed.to_string() }));
        }
    }
    broken
}

/// Every field of every object left out, one at a time.
pub(crate) fn without_fields(body: &str) -> Vec<Broken> {
    let Some(whole) = container(body).and_then(|body| serde_json::from_str::<Value>(body).ok()) else {
        return Vec::new();
    };
    let mut broken = Vec::new();
    for place in places(&whole).into_iter().take(PLACES_MAX) {
        let Some((parent, name)) = place.rsplit_once('/') else { continue };
        let mut changed = whole.clone();
        let Some(fields) = changed.pointer_mut(parent).and_then(Value::as_object_mut) else { continue };
        fields.remove(&name.replace("~1", "/").replace("~0", "~"));
        broken.push(Broken { how: format!("`{}` is missing", dotted(&place)), body: changed.to_string() });
    }
    broken
}

/// The body with one value taken from another body, where both have the place and differ there.
pub(crate) fn transplants(body: &str, from: &str) -> Vec<(String, String)> {
    let parse = |body: &str| container(body).and_then(|body| serde_json::from_str::<Value>(body).ok());
    let (Some(whole), Some(other)) = (parse(body), parse(from)) else { return Vec::new() };
    let mut changed = Vec::new();
    for place in places(&whole).into_iter().take(PLACES_MAX) {
        let (Some(own), Some(theirs)) = (whole.pointer(&place), other.pointer(&place)) else { continue };
        if own == theirs || own.is_object() || own.is_array() {
            continue;
        }
        let mut with = whole.clone();
        if let Some(value) = with.pointer_mut(&place) {
            value.clone_from(theirs);
        }
        changed.push((place, with.to_string()));
    }
    changed
}

/// Pointers to every value below the root.
fn places(whole: &Value) -> Vec<String> {
    fn walk(value: &Value, place: &str, found: &mut Vec<String>) {
        let mut enter = |name: &str, value: &Value| {
            let place = format!("{place}/{name}");
            found.push(place.clone());
            walk(value, &place, found);
        };
        match value {
            Value::Object(fields) => {
                fields.iter().for_each(|(name, value)| enter(&name.replace('~', "~0").replace('/', "~1"), value));
            }
            Value::Array(list) => list.iter().enumerate().for_each(|(index, value)| enter(&index.to_string(), value)),
            _ => {}
        }
    }
    let mut found = Vec::new();
    walk(whole, "", &mut found);
    found
}

fn others(own: &Value) -> Vec<Value> {
    let kinds = [json!("seven"), json!(7), json!(true), json!(null), json!([]), json!({ "value": 7 })];
    match own {
        // Nobody knows what would stand there, so nothing is wrong.
        Value::Null => Vec::new(),
        own => kinds.into_iter().filter(|kind| std::mem::discriminant(kind) != std::mem::discriminant(own)).collect(),
    }
}

fn dotted(place: &str) -> String {
    place.trim_start_matches('/').replace('/', ".")
}

fn brief(value: &Value) -> String {
    let text = value.to_string();
    if text.len() <= 40 { text } else { format!("{}…", &text[..text.floor_char_boundary(40)]) }
}

/// Whether a text is what scripts make of a value that was not there.
pub(crate) fn is_garbled(text: &str) -> bool {
    ["undefined", "[object Object]", "NaN"].iter().any(|word| text.contains(word)) || text == "null"
}
