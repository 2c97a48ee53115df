//! The JSON Schema of scenario.toml, for editors: made of the same tables that a file is checked with.

use leaseproof_domain::{CATALOGUE, Metric};
use serde_json::{Map, Value, json};

use crate::keys;
use crate::shape::{Is, Key, Shape};

const SPAN: &str = "^([0-9]+(ms|s|m|h|d))+$";
const SECONDS: &str = "^([0-9]+(s|m|h|d))+$";

/// The JSON Schema (2020-12) of a scenario file.
///
/// It allows what the reader allows, file by file: what only all layers together can have, as a needed key that the
/// extended scenario says, it does not ask for.
pub fn json_schema() -> Value {
    let mut schema = table(&keys::ROOT);
    let needed: Vec<&str> = keys::ROOT.keys.iter().filter(|key| key.needed).map(|key| key.name).collect();
    let head = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "leaseproof scenario",
        "anyOf": [{ "required": needed }, { "required": ["extends"] }],
    });
    if let (Value::Object(schema), Value::Object(mut whole)) = (&mut schema, head) {
        whole.append(schema);
        return Value::Object(whole);
    }
    schema
}

fn table(shape: &Shape) -> Value {
    let properties: Map<String, Value> = shape.keys.iter().map(|key| (key.name.to_owned(), property(key))).collect();
    json!({ "type": "object", "description": shape.says, "properties": properties, "additionalProperties": false })
}

fn property(key: &Key) -> Value {
    let mut schema = value(&key.is);
    if let Value::Object(schema) = &mut schema {
        let mut says = key.says.to_owned();
        if let Some(what) = key.later {
            says.push_str(&format!(" ({what} not built yet.)"));
        }
        schema.insert("description".into(), json!(says));
    }
    schema
}

fn value(is: &Is) -> Value {
    match is {
        Is::Text => json!({ "type": "string" }),
        Is::Pattern => json!({ "type": "string", "format": "regex" }),
        Is::Flag => json!({ "type": "boolean" }),
        Is::Whole(least, i64::MAX) => json!({ "type": "integer", "minimum": least }),
        Is::Whole(least, most) => json!({ "type": "integer", "minimum": least, "maximum": most }),
        Is::Share => json!({ "type": "number", "minimum": 0, "maximum": 1 }),
        Is::Percent => json!({ "type": "string", "pattern": "^[0-9]+(\\.[0-9]+)?%$" }),
        Is::Span => json!({ "type": "string", "pattern": SPAN }),
        Is::Seconds => json!({ "type": "string", "pattern": SECONDS }),
        Is::Rate => json!({ "type": "string", "pattern": "^[0-9]+(\\.[0-9]+)?/s$" }),
        Is::Limit => json!({ "type": "string", "pattern": "^[<>]=? *(([0-9]+(ms|s|m|h|d))+|[0-9]+(\\.[0-9]+)?%?)$" }),
        Is::SqlState => json!({ "type": "string", "pattern": "^[0-9A-Z]{5}$" }),
        Is::Metric => {
            json!({ "type": "string", "enum": Metric::all().iter().map(ToString::to_string).collect::<Vec<_>>() })
        }
        Is::Check => json!({ "type": "string", "enum": CATALOGUE.iter().map(|info| info.id).collect::<Vec<_>>() }),
        Is::Word(words) => json!({ "enum": words }),
        Is::Texts(is) => json!({ "type": "array", "items": value(is) }),
        Is::Map(is) => json!({ "type": "object", "additionalProperties": value(is) }),
        Is::Scalar => json!({ "type": ["string", "number", "boolean"] }),
        Is::Datum => json!({ "type": ["string", "integer", "boolean", "array"], "items": { "type": "string" } }),
        Is::TextOr(shape) => json!({ "anyOf": [{ "type": "string" }, table(shape)] }),
        Is::Table(shape) => table(shape),
        Is::Switch(shape) => json!({ "anyOf": [{ "type": "boolean" }, table(shape)] }),
        Is::Named(shape) => json!({ "type": "object", "additionalProperties": table(shape) }),
        Is::Many(shape, _) => json!({ "type": "array", "items": table(shape) }),
        Is::Steps(shapes) => {
            json!({ "type": "array", "items": { "oneOf": shapes.iter().map(step).collect::<Vec<_>>() } })
        }
        Is::Profiles => json!({ "type": "object", "additionalProperties": profile() }),
    }
}

/// A step is known by its action.
fn step(shape: &Shape) -> Value {
    let mut schema = table(shape);
    if let Value::Object(schema) = &mut schema {
        schema.insert("required".into(), json!([shape.action().name]));
    }
    schema
}

/// What a profile may say: all of the file but what it extends and its profiles.
fn profile() -> Value {
    let keys = keys::ROOT.keys.iter().filter(|key| !matches!(key.name, "extends" | "profile"));
    let properties: Map<String, Value> = keys.map(|key| (key.name.to_owned(), property(key))).collect();
    json!({ "type": "object", "properties": properties, "additionalProperties": false })
}
