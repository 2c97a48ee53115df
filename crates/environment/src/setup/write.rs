use std::collections::BTreeMap;

use leaseproof_scenario::SettingValue;
use leaseproof_vault::Client;
use serde_json::{Map, Value};

use super::{Done, NotDone, answered};
use crate::placeholders::{Placeholders, UnknownPlaceholder};

/// Writes to a path of that Vault.
pub(crate) async fn to(
    vault: &Client,
    placeholders: &Placeholders,
    path: &str,
    data: &BTreeMap<String, SettingValue>,
) -> Done {
    let filled: Result<Map<String, Value>, UnknownPlaceholder> =
        data.iter().map(|(key, value)| Ok((key.clone(), fill(value, placeholders)?))).collect();
    let filled = filled.map_err(|why| NotDone::Unsendable(why.to_string()))?;
    answered(vault.write(path, &Value::Object(filled)).await)
}

fn fill(value: &SettingValue, environment: &Placeholders) -> Result<Value, UnknownPlaceholder> {
    Ok(match value {
        SettingValue::Bool(value) => Value::from(*value),
        SettingValue::Number(value) => Value::from(*value),
        SettingValue::Text(text) => Value::from(environment.fill(text.expose())?),
        SettingValue::List(texts) => {
            let filled: Result<Vec<String>, UnknownPlaceholder> =
                texts.iter().map(|text| environment.fill(text.expose())).collect();
            Value::from(filled?)
        }
    })
}
