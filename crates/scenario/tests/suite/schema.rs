//! The JSON Schema against real files: what the reader takes, the schema takes.

use std::path::{Path, PathBuf};

use leaseproof_scenario::{discover, json_schema, load, template};
use serde_json::{Value, json};

/// The part of JSON Schema that ours is written in. Answers with where `value` breaks it.
fn breaks(schema: &Value, value: &Value, at: &str) -> Vec<String> {
    let mut broken = Vec::new();
    let mut must = |holds: bool, what: &str| {
        if !holds {
            broken.push(format!("{at}: {what}"));
        }
    };
    let types: Vec<&str> = match &schema["type"] {
        Value::String(one) => vec![one],
        Value::Array(several) => several.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    };
    must(types.is_empty() || types.iter().any(|wanted| is_type(value, wanted)), "type");
    if let Some(words) = schema["enum"].as_array() {
        must(words.contains(value), "enum");
    }
    if let (Some(pattern), Some(text)) = (schema["pattern"].as_str(), value.as_str()) {
        must(regex::Regex::new(pattern).unwrap().is_match(text), pattern);
    }
    if let (Some(least), Some(number)) = (schema["minimum"].as_f64(), value.as_f64()) {
        must(number >= least, "minimum");
    }
    if let (Some(most), Some(number)) = (schema["maximum"].as_f64(), value.as_f64()) {
        must(number <= most, "maximum");
    }
    if let Some(needed) = schema["required"].as_array() {
        must(needed.iter().all(|key| value.get(key.as_str().unwrap()).is_some()), "required");
    }
    for (word, holds) in [("anyOf", (|n| n > 0) as fn(usize) -> bool), ("oneOf", |n| n == 1)] {
        if let Some(options) = schema[word].as_array() {
            let fitting = options.iter().filter(|option| breaks(option, value, at).is_empty()).count();
            must(holds(fitting), word);
        }
    }
    for (key, inner) in value.as_object().into_iter().flatten() {
        let at = format!("{at}.{key}");
        match (schema["properties"].get(key), &schema["additionalProperties"]) {
            (Some(property), _) => broken.extend(breaks(property, inner, &at)),
            (None, Value::Bool(false)) => broken.push(format!("{at}: unknown")),
            (None, any) => broken.extend(breaks(any, inner, &at)),
        }
    }
    for (index, item) in value.as_array().into_iter().flatten().enumerate() {
        broken.extend(breaks(&schema["items"], item, &format!("{at}[{index}]")));
    }
    broken
}

fn is_type(value: &Value, wanted: &str) -> bool {
    match wanted {
        "string" => value.is_string(),
        "boolean" => value.is_boolean(),
        "integer" => value.is_i64(),
        "number" => value.is_number(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        other => panic!("our schema says no type {other}"),
    }
}

fn json(text: &str) -> Value {
    serde_json::to_value(toml::from_str::<toml::Table>(text).unwrap()).unwrap()
}

#[test]
fn it_takes_what_the_reader_takes() {
    let mut files: Vec<PathBuf> =
        discover(Path::new("../../scenarios")).unwrap().into_iter().map(|one| one.path).collect();
    files.extend(discover(Path::new("../leaseproof/tests/variants")).unwrap().into_iter().map(|one| one.path));
    files.extend(["base", "child"].map(|name| Path::new("tests/fixtures").join(name)));
    for file in files {
        if load(&file, &Default::default()).is_ok() {
            let text = std::fs::read_to_string(file.join("scenario.toml")).unwrap();
            assert_eq!(breaks(&json_schema(), &json(&text), ""), Vec::<String>::new(), "{}", file.display());
        }
    }
    let first = template("x").into_iter().find(|(file, _)| file == "scenario.toml").unwrap().1;
    assert_eq!(breaks(&json_schema(), &json(&first), ""), Vec::<String>::new());
    assert!(first.starts_with("#:schema ./scenario.schema.json\n"));
}

#[test]
fn it_refuses_what_the_reader_refuses() {
    for (text, at) in [
        ("titel = 'x'", ".titel: unknown"),
        ("seed = -1", ".seed: minimum"),
        ("vault.storage = 'disk'", ".vault.storage: enum"),
        ("vault.audit = 'yes'", ".vault.audit: type"),
        ("[promise]\nusable_within = '1 s'", ".promise.usable_within: ^([0-9]+(ms|s|m|h|d))+$"),
        ("[[setup]]\nwirte = 'x'", ".setup[0]: oneOf"),
        ("[[setup]]\nenable = 'kv'\nwrite = 'x'", ".setup[0]: oneOf"),
        ("[profile.x]\nextends = 'y'", ".profile.x.extends: unknown"),
        ("[[threshold]]\nmetric = 'issue.p99'", ".threshold[0].metric: enum"),
    ] {
        let mut value = json(text);
        for needed in ["title", "postgres"] {
            value
                .as_object_mut()
                .unwrap()
                .insert(needed.into(), if needed == "title" { json!("x") } else { json!({}) });
        }
        assert_eq!(breaks(&json_schema(), &value, ""), [at], "{text}");
    }
}

#[test]
fn the_reference_names_every_key() {
    let reference = std::fs::read_to_string("../../docs/scenario.md").unwrap();
    let mut missing = Vec::new();
    keys(&json_schema(), &mut |key| {
        if !reference.contains(&format!("`{key}`"))
            && !reference.contains(&format!("`[{key}"))
            && !reference.contains(&format!("`[[{key}]]`"))
        {
            missing.push(key.to_owned());
        }
    });
    assert!(missing.is_empty(), "docs/scenario.md does not name {missing:?}");
}

fn keys(schema: &Value, visit: &mut impl FnMut(&str)) {
    for (key, property) in schema["properties"].as_object().into_iter().flatten() {
        visit(key);
        keys(property, visit);
    }
    for inner in ["additionalProperties", "items"] {
        if schema[inner].is_object() {
            keys(&schema[inner], visit);
        }
    }
    schema["oneOf"].as_array().into_iter().flatten().for_each(|option| keys(option, visit));
}
