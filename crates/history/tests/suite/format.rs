//! The format's number is raised with every change of the events.

use std::path::Path;

use leaseproof_domain::{Event, FORMAT_VERSION};
use serde_json::Value;

/// The schema of a line of a history, without descriptions: they change nothing of what is written.
fn schema() -> Value {
    let mut schema = serde_json::to_value(schemars::schema_for!(Event)).unwrap();
    strip(&mut schema);
    schema["title"] = format!("leaseproof-history/{FORMAT_VERSION}").into();
    schema
}

fn strip(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            // A field may have one of these names: what stands under it is a schema then.
            fields.retain(|name, field| !(["title", "description"].contains(&name.as_str()) && field.is_string()));
            fields.values_mut().for_each(strip);
        }
        Value::Array(items) => items.iter_mut().for_each(strip),
        _ => {}
    }
}

/// `UPDATE_DOCS=1` writes the schema anew, except under a number that stood for other events.
#[test]
fn the_schema_in_the_docs_is_the_schema_and_other_events_have_another_number() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/history.schema.json");
    let kept: Value = std::fs::read_to_string(&path).map_or(Value::Null, |text| serde_json::from_str(&text).unwrap());
    let now = schema();
    assert!(
        kept == now || kept["title"] != now["title"],
        "the events differ from docs/history.schema.json under the same number: raise FORMAT_VERSION"
    );
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(&path, format!("{now:#}\n")).unwrap();
    }
    let kept: Value = serde_json::from_str(&std::fs::read_to_string(&path).unwrap_or_default()).unwrap_or_default();
    assert!(kept == now, "docs/history.schema.json is out of date: run with UPDATE_DOCS=1");
}
