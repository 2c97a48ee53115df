//! Which key of the setup creates Vault reject something later: what it names is looked up only when a password is
//! generated or a credential is issued.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use leaseproof_domain::Origin;
use regex::Regex;

use crate::plan::{Plan, Setting, SettingValue, SetupAction, SetupStep};

/// Where Vault keeps password policies.
pub(crate) const PASSWORD_POLICIES: &str = "sys/policies/password/";

/// vault/dynamic_system_view.go, GeneratePasswordFromPolicy: of a policy that is not there, whatever its name.
const NO_POLICY: &str = "no password policy found";
/// builtin/logical/database/backend.go, DatabaseConfig.
static NO_CONNECTION: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r#"failed to find entry for connection with name: "(?<name>[^"]+)""#).expect("a pattern written here")
});
/// builtin/logical/database/path_creds_create.go.
static NOT_ALLOWED: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r#""(?<name>[^"]+)" is not an allowed role"#).expect("a pattern written here"));
/// In `credential_config`: `password_policy=…`, or the same in JSON.
static NAMED_POLICY: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r#"(?:^|[,{\s"])password_policy"?\s*[=:]\s*"?(?<name>[^",}\s]+)"#).expect("a pattern written here")
});

/// A key of a `write` that makes Vault reject a later request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WrongKey {
    /// The step's number, from 1.
    pub step: u32,
    /// The path that it writes to.
    pub path: String,
    /// The key: `password_policy`.
    pub key: &'static str,
    /// Its line.
    pub origin: Origin,
    /// What is wrong with its value.
    pub why: String,
}

impl std::fmt::Display for WrongKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { step, path, key, why, .. } = self;
        write!(f, "`{key}` of setup step {step} (write {path}) {why}")
    }
}

/// The name of the password policy in a text of `credential_config`, and where it stands.
pub(crate) fn policy_in(text: &str) -> Option<(&str, std::ops::Range<usize>)> {
    let name = NAMED_POLICY.captures(text)?.name("name")?;
    Some((name.as_str(), name.range()))
}

/// A `write` step.
pub(super) struct Write<'a> {
    number: u32,
    pub(super) path: &'a str,
    data: &'a BTreeMap<String, SettingValue>,
    step: &'a SetupStep,
}

impl Plan {
    /// The key of a step that makes Vault answer with `message`; where a step got that answer, of one before it.
    pub fn wrong_key(&self, message: &str, met_by: Option<u32>) -> Option<WrongKey> {
        let before = met_by.unwrap_or(u32::MAX);
        if message.contains(NO_POLICY) {
            return self.without_policy(before);
        }
        if let Some(found) = NO_CONNECTION.captures(message) {
            let name = &found["name"];
            let why = format!("names `{name}`, a connection that no step writes");
            return Some(self.writes(before).find(|write| write.texts("db_name") == [name])?.wrong("db_name", why));
        }
        let role = &NOT_ALLOWED.captures(message)?["name"];
        let own = format!("/roles/{role}");
        let of_role = self.writes(before).filter(|write| write.path.ends_with(&own)).last()?;
        let (mount, db_name) = (of_role.path.strip_suffix(own.as_str())?, *of_role.texts("db_name").first()?);
        let connection = format!("{mount}/config/{db_name}");
        let writes = self.writes(before).filter(|write| write.path == connection);
        let last = writes.filter(|write| !write.texts("allowed_roles").is_empty()).last()?;
        Some(last.wrong("allowed_roles", format!("does not allow the role `{role}`")))
    }

    fn without_policy(&self, before: u32) -> Option<WrongKey> {
        let written: Vec<&str> =
            self.writes(before).filter_map(|write| write.path.strip_prefix(PASSWORD_POLICIES)).collect();
        self.writes(before).find_map(|write| {
            let plain = write.texts("password_policy").into_iter().map(|name| ("password_policy", name));
            let config = write.texts("credential_config").into_iter();
            let config = config.filter_map(|text| Some(("credential_config", policy_in(text)?.0)));
            let (key, name) = plain.chain(config).find(|(_, name)| !name.is_empty() && !written.contains(name))?;
            let earlier = if before == u32::MAX { "no step" } else { "no earlier step" };
            Some(write.wrong(key, format!("names `{name}`, a password policy that {earlier} writes")))
        })
    }

    /// The `write` steps with a smaller number.
    pub(super) fn writes(&self, before: u32) -> impl Iterator<Item = Write<'_>> {
        (1_u32..).zip(&self.setup).take_while(move |(number, _)| *number < before).filter_map(|(number, step)| {
            let SetupAction::Write { path, data } = &step.action else { return None };
            Some(Write { number, path: path.trim().trim_matches('/'), data, step })
        })
    }
}

impl<'a> Write<'a> {
    pub(super) fn texts(&self, key: &str) -> Vec<&'a str> {
        self.data.get(key).into_iter().flat_map(SettingValue::settings).map(Setting::expose).collect()
    }

    fn wrong(&self, key: &'static str, why: String) -> WrongKey {
        WrongKey { step: self.number, path: self.path.to_owned(), key, origin: self.step.line_of(key).clone(), why }
    }
}

#[cfg(test)]
mod tests {
    use super::policy_in;

    #[test]
    fn a_policy_is_found_in_both_forms_of_a_credential_config() {
        for (text, name) in [
            ("password_policy=shop", Some("shop")),
            ("key_bits=2048,password_policy = shop", Some("shop")),
            (r#"{"password_policy": "shop", "x": 1}"#, Some("shop")),
            ("key_bits=2048", None),
            ("my_password_policy=shop", None),
        ] {
            assert_eq!(policy_in(text).map(|(name, _)| name), name, "{text}");
        }
    }
}
