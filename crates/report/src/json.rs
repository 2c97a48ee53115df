//! `verdicts.json` and its schema.

use leaseproof_domain::{RunVerdicts, VERDICTS_SCHEMA, visible_json};

/// The content of `verdicts.json`, and what `--format json` prints: the same verdicts are the same bytes.
pub fn verdicts_json(verdicts: &RunVerdicts) -> String {
    let text = serde_json::to_string_pretty(verdicts).expect("verdicts are plain values with text keys");
    format!("{}\n", visible_json(&text))
}

/// The JSON Schema of `verdicts.json`.
pub fn verdicts_schema() -> String {
    let mut schema = schemars::schema_for!(RunVerdicts);
    schema.insert("title".into(), VERDICTS_SCHEMA.into());
    let mut text = serde_json::to_string_pretty(&schema).expect("a schema is JSON");
    text.push('\n');
    text
}

#[cfg(test)]
mod tests {
    use leaseproof_domain::RunVerdicts;

    use super::{verdicts_json, verdicts_schema};

    #[test]
    fn what_is_written_is_read_back() {
        let verdicts = crate::sample::verdicts();
        let text = verdicts_json(&verdicts);
        assert_eq!(serde_json::from_str::<RunVerdicts>(&text).unwrap(), verdicts);
        insta::assert_snapshot!(text);
    }

    /// `UPDATE_DOCS=1 cargo test -p leaseproof-report` writes it anew.
    #[test]
    fn the_schema_in_the_docs_is_the_schema() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/verdicts.schema.json");
        if std::env::var_os("UPDATE_DOCS").is_some() {
            std::fs::write(path, verdicts_schema()).unwrap();
        }
        let kept = std::fs::read_to_string(path).unwrap_or_default();
        assert!(kept == verdicts_schema(), "docs/verdicts.schema.json is out of date: run with UPDATE_DOCS=1");
    }
}
