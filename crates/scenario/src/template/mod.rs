//! The first scenario that `leaseproof new` writes: complete, commented, and it runs.

use crate::schema::json_schema;

/// The files of a first scenario called `name`, each with its path in the scenario's folder.
pub fn template(name: &str) -> Vec<(String, String)> {
    // In a TOML text as in SQL, a name that is written by hand needs no more care than this.
    let title: String = name.chars().filter(|c| !c.is_control() && !matches!(c, '"' | '\\')).collect();
    let schema = serde_json::to_string_pretty(&json_schema()).expect("a schema has text keys and finite numbers");
    [
        ("scenario.toml", include_str!("scenario.toml").replace("__NAME__", &title)),
        ("schema.sql", include_str!("schema.sql").to_owned()),
        ("app-role.sql", include_str!("app-role.sql").to_owned()),
        ("client.hcl", include_str!("client.hcl").to_owned()),
        ("scenario.schema.json", schema + "\n"),
    ]
    .map(|(file, text)| (file.to_owned(), text))
    .to_vec()
}
