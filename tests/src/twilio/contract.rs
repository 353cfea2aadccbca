//! Twilio's specifications, laid into one document that a mock server can serve, and what of them the mock does not hold.
//!
//! Nothing is changed about an operation but the `encoding` of array fields in forms, without which the mock takes none.

use serde_json::{Map, Value, json};
use std::collections::BTreeSet;
use std::path::Path;

/// Those that the adapters for Twilio rest on.
const SPECIFICATIONS: [&str; 6] = [
    "twilio_api_v2010.trimmed.json",
    "twilio_insights_v2.json",
    "twilio_lookups_v1.json",
    "twilio_lookups_v2.json",
    "twilio_marketplace_v1.trimmed.json",
    "twilio_trusthub_v1.json",
];
const METHODS: [&str; 4] = ["get", "post", "put", "delete"];
const FORM: &str = "application/x-www-form-urlencoded";
const JSON: &str = "application/json";

/// All of them together.
pub struct Contract {
    pub document: Value,
    operations: Vec<Operation>,
}

/// One operation, as far as requests are held to it.
pub struct Operation {
    /// `lookups_v1 FetchPhoneNumber`: the same name stands in several specifications.
    pub id: String,
    method: String,
    path: String,
    query: BTreeSet<String>,
    /// The fields of a body, by its type.
    form: BTreeSet<String>,
    json: BTreeSet<String>,
    /// The fullest example of an answer.
    pub example: Value,
}

/// A request, as far as operations are told apart and held to what they name.
#[derive(Clone, Debug)]
pub struct Asked {
    pub method: String,
    pub path: String,
    pub query: Vec<(String, String)>,
    pub content_type: String,
    pub body: String,
}

impl Asked {
    pub fn form(&self) -> Vec<(String, String)> {
        if self.content_type == FORM { pairs(&self.body) } else { Vec::new() }
    }
}

/// The pairs of a form or a query.
pub fn pairs(text: &str) -> Vec<(String, String)> {
    let decoded = reqwest::Url::parse(&format!("http://form/?{text}")).expect("a query is taken as it is");
    decoded.query_pairs().into_owned().collect()
}

impl Contract {
    /// Reads the folder of specifications.
    pub fn read(folder: &Path) -> Contract {
        let mut document = json!({
            "openapi": "3.0.1",
            "info": { "title": "Twilio", "version": "1" },
            "paths": {},
            "components": { "schemas": {}, "securitySchemes": {} },
        });
        let mut operations = Vec::new();
        for file in SPECIFICATIONS {
            let path = folder.join(file);
            let text = std::fs::read_to_string(&path).unwrap_or_else(|cause| panic!("{}: {cause}", path.display()));
            let name = file.split('.').next().unwrap_or_default().trim_start_matches("twilio_");
            // Names of schemas stand in several of them.
            let text = text.replace("#/components/schemas/", &format!("#/components/schemas/{name}."));
            let mut specification: Value = serde_json::from_str(&text).expect("a specification is JSON");
            for (path, item) in object(&mut specification["paths"]) {
                for method in METHODS {
                    if let Some(operation) = item.get_mut(method) {
                        encode_arrays(operation);
                    }
                }
                let before = object(&mut document["paths"]).insert(path.clone(), item.clone());
                assert!(before.is_none(), "{path} stands in two specifications");
            }
            for (schema, value) in object(&mut specification["components"]["schemas"]) {
                object(&mut document["components"]["schemas"]).insert(format!("{name}.{schema}"), value.clone());
            }
            let schemes = object(&mut specification["components"]["securitySchemes"]).clone();
            object(&mut document["components"]["securitySchemes"]).extend(schemes);
            operations.extend(object(&mut specification["paths"]).iter().flat_map(|(path, item)| {
                METHODS
                    .into_iter()
                    .filter_map(|method| Some((method, item.get(method)?)))
                    .map(move |(method, operation)| (name, method, path.clone(), operation.clone()))
            }));
        }
        let operations = operations
            .into_iter()
            .map(|(name, method, path, operation)| Operation::of(name, method, path, &operation, &document))
            .collect();
        Contract { document, operations }
    }

    /// The operation that a request is meant for: of several whose path fits, the one that names more of it.
    pub fn operation(&self, method: &str, path: &str) -> Option<&Operation> {
        let fitting =
            self.operations.iter().filter(|operation| operation.method == method && fits(&operation.path, path));
        fitting.max_by_key(|operation| literal(&operation.path))
    }
}

impl Operation {
    fn of(name: &str, method: &str, path: String, operation: &Value, document: &Value) -> Operation {
        let parameters = operation["parameters"].as_array().map_or(&[][..], Vec::as_slice);
        let query = parameters.iter().filter(|parameter| parameter["in"] == "query");
        let fields = |content_type: &str| {
            let schema = resolved(&operation["requestBody"]["content"][content_type]["schema"], document);
            schema["properties"].as_object().map(|fields| fields.keys().cloned().collect()).unwrap_or_default()
        };
        let answers = operation["responses"].as_object().into_iter().flat_map(Map::values);
        let examples =
            answers.filter_map(|answer| answer["content"][JSON]["examples"].as_object()).flat_map(Map::values);
        let fullest = examples.map(|example| &example["value"]).max_by_key(|value| value.to_string().len());
        Operation {
            id: format!("{name} {}", operation["operationId"].as_str().unwrap_or_default()),
            method: method.to_owned(),
            path,
            query: query.filter_map(|parameter| parameter["name"].as_str().map(str::to_owned)).collect(),
            form: fields(FORM),
            json: fields(JSON),
            example: fullest.cloned().unwrap_or_default(),
        }
    }

    /// What a request says that the operation does not name, which the mock lets through.
    pub fn strangers(&self, asked: &Asked) -> Vec<String> {
        let query = asked.query.iter().map(|(name, _)| name.clone()).filter(|name| !self.query.contains(name));
        let form = asked.form().into_iter().map(|(name, _)| name).filter(|name| !self.form.contains(name));
        let json: Value = match asked.content_type.as_str() {
            JSON => serde_json::from_str(&asked.body).unwrap_or_default(),
            _ => Value::Null,
        };
        let json = json.as_object().into_iter().flat_map(Map::keys).filter(|name| !self.json.contains(*name)).cloned();
        query.chain(form).chain(json).collect()
    }
}

fn object(value: &mut Value) -> &mut Map<String, Value> {
    value.as_object_mut().expect("a specification has objects there")
}

/// Repeated fields of a form are an array to the mock only where the specification says how they are written.
fn encode_arrays(operation: &mut Value) {
    let Some(form) = operation.pointer_mut("/requestBody/content/application~1x-www-form-urlencoded") else { return };
    let Some(fields) = form["schema"]["properties"].as_object() else { return };
    let arrays = fields.iter().filter(|(_, schema)| schema["type"] == "array");
    let encoding: Map<String, Value> =
        arrays.map(|(name, _)| (name.clone(), json!({ "style": "form", "explode": true }))).collect();
    if !encoding.is_empty() {
        form["encoding"] = encoding.into();
    }
}

fn resolved<'d>(schema: &'d Value, document: &'d Value) -> &'d Value {
    match schema["$ref"].as_str().and_then(|reference| document.pointer(reference.trim_start_matches('#'))) {
        Some(schema) => schema,
        None => schema,
    }
}

/// Whether a path is one of this template, in which `{Name}` stands for a part of one segment.
fn fits(template: &str, path: &str) -> bool {
    let (template, path): (Vec<&str>, Vec<&str>) = (template.split('/').collect(), path.split('/').collect());
    template.len() == path.len() && template.iter().zip(path).all(|(template, segment)| segment_fits(template, segment))
}

fn segment_fits(template: &str, segment: &str) -> bool {
    let Some((before, rest)) = template.split_once('{') else { return template == segment };
    let after = rest.split_once('}').map_or("", |(_, after)| after);
    segment.len() > before.len() + after.len() && segment.starts_with(before) && segment.ends_with(after)
}

/// How many segments of a template are no more than themselves.
fn literal(template: &str) -> usize {
    template.split('/').filter(|segment| !segment.contains('{')).count()
}
