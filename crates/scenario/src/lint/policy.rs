//! Whether the client's policies allow what its lifecycles do.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::LazyLock;

use regex::Regex;

use super::mounts::Engines;
use super::{DEFAULT_MOUNT, Step};
use crate::node::{Node, Table};
use crate::problem::{Noted, Problem};
use crate::text::FileWhen;

/// A path's block in a policy.
static BLOCK: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r#"path\s+"(?<path>[^"]+)"\s*\{(?<body>[^}]*)\}"#).expect("a pattern written here"));
static CAPABILITIES: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?s)(?:capabilities\s*=\s*\[(?<list>[^\]]*)\]|policy\s*=\s*(?<old>\S+))")
        .expect("a pattern written here")
});
static COMMENT: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"(?s)#[^\n]*|//[^\n]*|/\*.*?\*/").expect("a pattern written here"));

/// Notes what a lifecycle asks for and no policy of the client allows.
pub(super) fn lint(root: &Table, steps: &[Step<'_>], engines: &Engines<'_>, noted: &Noted) {
    let Some(client) = root.table("client").and_then(|client| client.entry("policies")) else { return };
    let rules = rules(steps);
    let names: Vec<&str> = client.node.list().unwrap_or_default().iter().filter_map(Node::text).collect();
    // What a policy says that no step writes, no file knows.
    let Some(texts) = names.iter().map(|name| rules.get(*name)).collect::<Option<Vec<_>>>() else { return };
    let blocks: Vec<(String, String)> = texts.into_iter().flat_map(|text| blocks(text)).collect();
    if blocks.is_empty() || blocks.iter().any(|(path, _)| path.contains("{{")) {
        return;
    }
    let blocks = Blocks::of(blocks);
    for (path, capability, whose) in needed(root, engines) {
        if !blocks.allow(&path, capability) {
            let what = format!(
                "no policy of the client allows `{capability}` on `{path}`: Vault rejects the requests of {whose}"
            );
            let problem = Problem::warning(&client.at, what).label("of these policies");
            noted.add(problem.help(format!("add path \"{path}\" {{ capabilities = [\"{capability}\"] }}")));
        }
    }
}

/// The rules that steps write, by the policy's name.
fn rules(steps: &[Step<'_>]) -> BTreeMap<String, String> {
    let rule = |step: &Step<'_>| {
        let (name, entry) = match step.path() {
            None => (step.table.text("policy")?.value, step.table.entry("rules")?),
            Some(path) => {
                let name = path.strip_prefix("sys/policies/acl/").or_else(|| path.strip_prefix("sys/policy/"))?;
                (name, step.datum("policy")?)
            }
        };
        let text = step.texts(entry, FileWhen::At).into_iter().next()?.text;
        Some((name.to_owned(), text))
    };
    steps.iter().filter_map(rule).collect()
}

/// The paths of a policy with their capabilities.
fn blocks(rules: &str) -> Vec<(String, String)> {
    let rules = COMMENT.replace_all(rules, "");
    let capabilities = |body: &str| match CAPABILITIES.captures(body) {
        Some(found) => match (found.name("list"), found.name("old")) {
            (Some(list), _) => list.as_str().to_owned(),
            // `policy = "write"` of old.
            (None, Some(_)) => "read, update".to_owned(),
            (None, None) => String::new(),
        },
        None => String::new(),
    };
    BLOCK.captures_iter(&rules).map(|found| (found["path"].to_owned(), capabilities(&found["body"]))).collect()
}

/// What lifecycles ask Vault for: the path, the capability, and which lifecycle. A missing engine has its own warning.
fn needed(root: &Table, engines: &Engines<'_>) -> Vec<(String, &'static str, String)> {
    let promised: HashMap<&str, &Table> = root.named("role").map(|(role, table)| (role.key.as_str(), table)).collect();
    let mut seen: HashSet<String> = HashSet::new();
    let mut needed: Vec<(String, &'static str, String)> = Vec::new();
    for (lifecycle, table) in root.named("lifecycle") {
        let Some(role) = table.text("role") else { continue };
        let promised = promised.get(role.value);
        let mount = promised.and_then(|table| table.text("mount")).map_or(DEFAULT_MOUNT, |said| said.value);
        let end = |key: &str| table.table("end").and_then(|end| end.number(key)).map(|said| said.value);
        let revokes = end("revoke").or_else(|| end("expire").map(|share| 1.0 - share)).is_some_and(|share| share > 0.0);
        let renews = table.entry("renew").is_some() || table.entry("lease").is_some();
        let asks = [
            (format!("{}/creds/{}", mount.trim_matches('/'), role.value), "read", !engines.lack(mount)),
            ("sys/leases/renew".to_owned(), "update", renews),
            ("sys/leases/revoke".to_owned(), "update", revokes),
        ];
        for (path, capability, _) in asks.into_iter().filter(|(.., so)| *so) {
            if seen.insert(path.clone()) {
                needed.push((path, capability, format!("[lifecycle.{}]", lifecycle.key)));
            }
        }
    }
    needed
}

/// The paths of policies, to be found by a path that they mean.
struct Blocks {
    /// The capabilities of paths without `+` and `*`.
    plain: HashMap<String, String>,
    patterns: Vec<(String, String)>,
}

impl Blocks {
    fn of(blocks: Vec<(String, String)>) -> Self {
        let (patterns, named): (Vec<_>, Vec<_>) = blocks.into_iter().partition(|(path, _)| path.contains(['+', '*']));
        let mut plain: HashMap<String, String> = HashMap::new();
        for (path, capabilities) in named {
            let known = plain.entry(path).or_default();
            known.push(',');
            known.push_str(&capabilities);
        }
        Self { plain, patterns }
    }

    fn allow(&self, path: &str, capability: &str) -> bool {
        self.plain.get(path).is_some_and(|list| list.contains(capability))
            || self.patterns.iter().any(|(pattern, list)| list.contains(capability) && fits(pattern, path))
    }
}

/// Whether a policy's path means this one: `+` stands for one part, `*` at its end for anything.
fn fits(pattern: &str, path: &str) -> bool {
    let (pattern, open) = pattern.strip_suffix('*').map_or((pattern, false), |begin| (begin, true));
    let parts: Vec<&str> = pattern.split('/').collect();
    let given: Vec<&str> = path.split('/').collect();
    if parts.len() > given.len() || (!open && parts.len() != given.len()) {
        return false;
    }
    let last = parts.len() - 1;
    parts
        .iter()
        .zip(&given)
        .enumerate()
        .all(|(at, (part, given))| *part == "+" || part == given || (open && at == last && given.starts_with(part)))
}

#[cfg(test)]
mod tests {
    use super::{blocks, fits};

    #[test]
    fn paths_of_policies_are_read_as_vault_reads_them() {
        for (pattern, path, so) in [
            ("database/creds/app", "database/creds/app", true),
            ("database/creds/*", "database/creds/app", true),
            ("database/creds/a*", "database/creds/app", true),
            ("database/*", "database/creds/app", true),
            ("+/creds/app", "database/creds/app", true),
            ("*", "sys/leases/renew", true),
            ("database/creds", "database/creds/app", false),
            ("database/creds/app/x", "database/creds/app", false),
            ("database/creds/b*", "database/creds/app", false),
        ] {
            assert_eq!(fits(pattern, path), so, "{pattern}");
        }
        let rules = "# path \"x\" { capabilities = [\"read\"] }\npath \"a\" { capabilities = [\"read\",\n\"update\"] }\npath \"b\" { policy = \"write\" }";
        let read: Vec<String> = blocks(rules).into_iter().map(|(path, _)| path).collect();
        assert_eq!(read, ["a", "b"]);
    }
}
