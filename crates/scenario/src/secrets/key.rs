//! Keys that secrets stand under.

/// Words at a key's end that say what is under it is a secret.
const ENDS: [&str; 18] = [
    "pass",
    "pw",
    "pwd",
    "cred",
    "credential",
    "jwt",
    "authorization",
    "private_key",
    "secret_key",
    "access_key",
    "api_key",
    "encryption_key",
    "signing_key",
    "master_key",
    "unseal_key",
    "secret_id",
    "account_json",
    "pem_bundle",
];

/// The same, also where they end a longer word: `PGPASSWORD`, `ldapbindpasswd`.
const GLUED: [&str; 11] = [
    "password",
    "passwd",
    "passphrase",
    "passcode",
    "bindpass",
    "secret",
    "token",
    "apikey",
    "secretkey",
    "privatekey",
    "accesskey",
];

/// Ends of keys that speak of a secret and hold none: `password_policy`, `token_ttl`, `secret_id_num_uses`.
const ABOUT: [&str; 19] = [
    "authentication",
    "cidrs",
    "encryption",
    "env",
    "file",
    "format",
    "length",
    "logs",
    "method",
    "number",
    "period",
    "policies",
    "policy",
    "prefix",
    "template",
    "ttl",
    "type",
    "uses",
    "version",
];

/// Words anywhere in a key that make what is under it look like a secret.
const WORDS: [&str; 10] =
    ["password", "passwd", "passphrase", "passcode", "secret", "token", "credential", "private", "bearer", "bindpass"];

/// Whole words of a key that do.
const SEGMENTS: [&str; 6] = ["pin", "key", "apikey", "cred", "creds", "jwt"];

/// Ends of a word that do, unless the word is one of `NOT_PASSWORDS`: `pgpass`, `dbpw`.
const WORD_ENDS: [&str; 3] = ["pass", "pw", "pwd"];
const NOT_PASSWORDS: [&str; 4] = ["bypass", "compass", "overpass", "trespass"];

/// Whether the value under `key` of a `vault write`, a setting or an environment is a secret. `password_policy` and
/// `password_authentication` are none.
pub(crate) fn is_secret_key(key: &str) -> bool {
    let key = segments(key).join("_");
    let key = key.trim_end_matches(|sign: char| sign.is_ascii_digit() || sign == '_');
    let key = ["_value", "_new", "_old"].iter().find_map(|end| key.strip_suffix(end)).unwrap_or(key);
    let is = |key: &str| GLUED.iter().any(|end| key.ends_with(end)) || ENDS.iter().any(|end| ends(key, end));
    is(key) || key.strip_suffix('s').is_some_and(is)
}

fn ends(key: &str, end: &str) -> bool {
    key.strip_suffix(end).is_some_and(|rest| rest.is_empty() || rest.ends_with('_'))
}

/// Whether what stands under `key` had better not be shown: a key that is secret, looks like one, or is one with a slip.
pub(crate) fn looks_secret(key: &str) -> bool {
    let segments = segments(key);
    // Of a role: it has keys of its own, such as `password_policy=…`.
    if key == "credential_config" || segments.last().is_some_and(|last| ABOUT.contains(&last.as_str())) {
        return false;
    }
    let whole = segments.concat();
    let slip = |segment: &String| {
        WORDS.iter().any(|word| strsim::osa_distance(segment, word) <= if word.len() < 7 { 1 } else { 2 })
    };
    let glued = |segment: &String| {
        !NOT_PASSWORDS.contains(&segment.as_str()) && WORD_ENDS.iter().any(|end| segment.ends_with(end))
    };
    is_secret_key(key)
        || segments.iter().any(glued)
        || WORDS.iter().any(|word| whole.contains(word))
        || segments.iter().any(|segment| SEGMENTS.contains(&segment.as_str()) || slip(segment))
}

/// Whether a word is PASSWORD with a slip: `PASSWRD`. PostgreSQL rejects the statement and repeats it in its log.
pub(super) fn is_slip(word: &str) -> bool {
    leaseproof_domain::is_password_word(word) && !is_secret_key(word)
}

/// The words of a key in lower case: `secretId`, `secret-id` and `secret_id` have the same.
fn segments(key: &str) -> Vec<String> {
    let mut segments = vec![String::new()];
    let mut small = false;
    for sign in key.chars() {
        if !sign.is_alphanumeric() || (sign.is_uppercase() && small) {
            segments.push(String::new());
        }
        small = sign.is_lowercase();
        if sign.is_alphanumeric()
            && let Some(last) = segments.last_mut()
        {
            last.extend(sign.to_lowercase());
        }
    }
    segments.retain(|segment| !segment.is_empty());
    segments
}

#[cfg(test)]
mod tests {
    use super::{is_secret_key, looks_secret};

    #[test]
    fn keys_of_secrets_are_known() {
        for key in [
            "password",
            "root_password",
            "private_key",
            "TOKEN",
            "passphrase",
            "secret_key",
            "secret_id",
            "api-key",
            "PGPASSWORD",
            "app.password",
            "service_account_jwt",
            "secretKey",
            "apiKeys",
            "passwords",
            "db_pass",
            "ldapbindpasswd",
            "password2",
            "secret_value",
            "service_account_json",
            "pem_bundle",
        ] {
            assert!(is_secret_key(key) && looks_secret(key), "{key}");
        }
        for key in [
            "password_policy",
            "password_authentication",
            "username",
            "token_ttl",
            "secret_id_num_uses",
            "token_policies",
            "token_file",
            "credential_config",
            "bypass",
            "default_ttl",
            "sql",
        ] {
            assert!(!is_secret_key(key) && !looks_secret(key), "{key}");
        }
        for key in [
            "pasword",
            "secretId",
            "pass_word",
            "passwrd2",
            "sekret",
            "clientCredential",
            "key",
            "pwd",
            "pgpass",
            "dbpw",
            "app_dbpwd",
        ] {
            assert!(looks_secret(key), "{key}");
        }
    }
}
