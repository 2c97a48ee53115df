//! Password policies that the setup writes: what the passwords look like that Vault generates by them.

use std::sync::LazyLock;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use leaseproof_domain::PasswordShape;
use regex::Regex;

use super::{PASSWORD_POLICIES, Plan};

static LENGTH: LazyLock<Regex> = LazyLock::new(|| regex(r#"\blength"?\s*[=:]\s*(\d+)"#));
/// A set of characters, in HCL or in JSON.
static CHARSET: LazyLock<Regex> = LazyLock::new(|| regex(r#"\bcharset"?\s*[=:]\s*"((?:[^"\\]|\\.)*)""#));
static LEAST: LazyLock<Regex> = LazyLock::new(|| regex(r#"\bmin-chars"?\s*[=:]\s*(\d+)"#));
/// The beginning of a rule.
static RULE: LazyLock<Regex> = LazyLock::new(|| regex(r#"\brule\s+"charset"|"charset"\s*:\s*\{"#));

fn regex(pattern: &str) -> Regex {
    Regex::new(pattern).expect("a pattern written here and tested below")
}

impl Plan {
    /// The shapes of the passwords that Vault generates by the policies of the setup.
    pub fn password_shapes(&self) -> Vec<PasswordShape> {
        let policies = self.writes(u32::MAX).filter(|write| write.path.starts_with(PASSWORD_POLICIES));
        policies.flat_map(|write| write.texts("policy")).filter_map(shape).collect()
    }
}

/// The shape of a policy, which may be in base64 as Vault allows it; none where it does not say a length and characters.
fn shape(policy: &str) -> Option<PasswordShape> {
    let decoded = STANDARD.decode(policy.trim()).ok().and_then(|bytes| String::from_utf8(bytes).ok());
    let policy = decoded.as_deref().unwrap_or(policy);
    let begins: Vec<usize> = RULE.find_iter(policy).map(|rule| rule.end()).collect();
    let ends = begins.iter().skip(1).copied().chain([policy.len()]);
    let rules = begins.iter().zip(ends).filter_map(|(begin, end)| rule(&policy[*begin..end]));
    let shape = PasswordShape { length: LENGTH.captures(policy)?[1].parse().ok()?, rules: rules.collect() };
    (shape.length > 0 && !shape.rules.is_empty()).then_some(shape)
}

fn rule(text: &str) -> Option<(String, usize)> {
    let charset = CHARSET.captures(text)?;
    // What a set of characters says is no key.
    let keys = text.replace(&charset[0], "");
    let least = LEAST.captures(&keys).and_then(|least| least[1].parse().ok());
    Some((charset[1].replace("\\\"", "\"").replace("\\\\", "\\"), least.unwrap_or_default()))
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use leaseproof_domain::PasswordShape;

    use super::{STANDARD, shape};

    #[test]
    fn policies_are_read_in_each_form() {
        let hcl = "length = 12\nrule \"charset\" {\n  charset = \"ab}\\\"\\\\\"\n  min-chars = 2\n}\nrule \"charset\" { min-chars = 1\n charset = \"123\" }\nrule \"charset\" { charset = \"-\" }";
        let json = r#"{"length": 12, "rule": [{"charset": {"charset": "ab}\"\\", "min-chars": 2}}, {"charset": {"min-chars": 1, "charset": "123"}}, {"charset": {"charset": "-"}}]}"#;
        let rules = vec![("ab}\"\\".to_owned(), 2), ("123".to_owned(), 1), ("-".to_owned(), 0)];
        let expected = Some(PasswordShape { length: 12, rules });
        assert_eq!(shape(hcl), expected);
        assert_eq!(shape(json), expected);
        assert_eq!(shape(&STANDARD.encode(hcl)), expected);
        for text in [
            "",
            "length = 12",
            "rule \"charset\" { charset = \"ab\" }",
            "length = 0 rule \"charset\" { charset = \"a\" }",
        ] {
            assert_eq!(shape(text), None, "{text}");
        }
    }
}
