//! Whether what a statement does goes away with the roles and databases that a set-up makes.

use std::collections::BTreeSet;

use leaseproof_history::MadeThere;

/// What a statement does beyond the databases that the set-up makes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Effect {
    /// Nothing: it goes with its database.
    Within,
    /// It makes a role or a database of the cluster.
    Makes(MadeThere),
    /// Something that nobody could take away afterwards, in words.
    Beyond(String),
}

/// What may be done in a database of the set-up's own: all of it goes with the database. A function that is called by
/// the way may do more; it is the scenario's own.
const WITHIN: [&str; 14] = [
    "CREATE", "ALTER", "DROP", "INSERT", "UPDATE", "DELETE", "TRUNCATE", "GRANT", "REVOKE", "COMMENT", "SET", "RESET",
    "BEGIN", "COMMIT",
];
/// What is of the whole cluster, by the second word.
const OF_CLUSTER: [&str; 6] = ["SYSTEM", "TABLESPACE", "SUBSCRIPTION", "PARAMETER", "ROLE", "DATABASE"];

/// Of a statement on a cluster, in a database, after those have been made.
pub(super) fn effect(statement: &str, on: &str, database: &str, made: &BTreeSet<MadeThere>) -> Effect {
    let words = words(statement);
    let word = |at: usize| words.get(at).map(|word| word.to_ascii_uppercase()).unwrap_or_default();
    let name = |at: usize| words.get(at).map(|word| folded(word)).unwrap_or_default();
    let has_role = |name: &str| made.contains(&MadeThere::Role { cluster: on.to_owned(), name: name.to_owned() });
    let has_database =
        |name: &str| made.contains(&MadeThere::Database { cluster: on.to_owned(), name: name.to_owned() });
    let beyond = || Effect::Beyond(format!("`{}` may change more than what the set-up makes", shown(&words)));
    let (first, second) = (word(0), word(1));
    let role = matches!(second.as_str(), "ROLE" | "USER" | "GROUP");
    match (first.as_str(), second.as_str()) {
        ("CREATE", _) if role => Effect::Makes(MadeThere::Role { cluster: on.to_owned(), name: name(2) }),
        ("CREATE", "DATABASE") => Effect::Makes(MadeThere::Database { cluster: on.to_owned(), name: name(2) }),
        ("ALTER", _) if role && has_role(&name(2)) => Effect::Within,
        ("ALTER", "DATABASE") if has_database(&name(2)) => Effect::Within,
        ("GRANT" | "REVOKE", _) => match rights(&words, has_role, has_database) {
            Some(true) => Effect::Within,
            Some(false) if has_database(database) => Effect::Within,
            _ => beyond(),
        },
        ("SELECT", call) if call.starts_with("SETVAL") && has_database(database) => Effect::Within,
        _ if role || OF_CLUSTER.contains(&second.as_str()) => beyond(),
        ("COMMENT", _) if OF_CLUSTER.contains(&word(2).as_str()) => beyond(),
        (first, _) if WITHIN.contains(&first) && has_database(database) => Effect::Within,
        _ => beyond(),
    }
}

/// Of GRANT and REVOKE: true where it goes with a role or database of the set-up's own, false where it is about objects
/// of the database that it is done in; none where it is neither.
fn rights(words: &[&str], has_role: impl Fn(&str) -> bool, has_database: impl Fn(&str) -> bool) -> Option<bool> {
    let place = |wanted: &[&str]| words.iter().position(|word| wanted.contains(&word.to_ascii_uppercase().as_str()));
    let to = place(&["TO", "FROM"])?;
    let names = |from: usize, to: usize| words.get(from..to).unwrap_or_default().iter().map(|word| folded(word));
    if let Some(on) = place(&["ON"]).filter(|on| *on < to) {
        let kind = words.get(on + 1)?.to_ascii_uppercase();
        return match kind.as_str() {
            "DATABASE" => names(on + 2, to).all(|name| has_database(&name)).then_some(true),
            "PARAMETER" | "TABLESPACE" => None,
            _ => Some(false),
        };
    }
    let end = place(&["WITH", "GRANTED", "CASCADE"]).unwrap_or(words.len());
    let ours = names(1, to).all(|name| has_role(&name)) || names(to + 1, end).all(|name| has_role(&name));
    ours.then_some(true)
}

/// The words of a statement: without comments, brackets and commas; a quoted name is one word.
fn words(statement: &str) -> Vec<&str> {
    let mut rest = statement;
    let mut words = Vec::new();
    loop {
        rest = rest.trim_start_matches(|sign: char| sign.is_whitespace() || matches!(sign, ',' | ';' | '(' | ')'));
        if rest.is_empty() {
            return words;
        }
        if rest.starts_with("--") {
            rest = rest.split_once('\n').map_or("", |(_, rest)| rest);
            continue;
        }
        if let Some(comment) = rest.strip_prefix("/*") {
            rest = comment.split_once("*/").map_or("", |(_, rest)| rest);
            continue;
        }
        let quote = rest.chars().next().filter(|sign| matches!(sign, '"' | '\''));
        let end = match quote {
            Some(quote) => rest[1..].find(quote).map(|end| end + 2),
            None => rest.find(|sign: char| sign.is_whitespace() || matches!(sign, ',' | ';' | '(' | ')')),
        };
        let (word, after) = rest.split_at(end.unwrap_or(rest.len()));
        words.push(word);
        rest = after;
    }
}

/// A name as the catalog has it.
fn folded(word: &str) -> String {
    match word.strip_prefix('"').and_then(|word| word.strip_suffix('"')) {
        Some(quoted) => quoted.to_owned(),
        None => word.to_ascii_lowercase(),
    }
}

/// Its first words; never a password, which comes later.
fn shown(words: &[&str]) -> String {
    words.iter().take(3).copied().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use leaseproof_history::MadeThere;

    use super::{Effect, effect};

    #[test]
    fn what_goes_with_our_own_roles_and_databases_is_within() {
        let cluster = || "target".to_owned();
        let made = BTreeSet::from([
            MadeThere::Database { cluster: cluster(), name: "shop".to_owned() },
            MadeThere::Role { cluster: cluster(), name: "Ada".to_owned() },
        ]);
        let of = |statement: &str, database: &str| effect(statement, "target", database, &made);
        for statement in [
            "-- why\nCREATE TABLE t (id int)",
            "ALTER ROLE \"Ada\" CREATEDB",
            "GRANT SELECT ON t TO \"Ada\", theirs",
            "GRANT pg_monitor TO \"Ada\"",
            "GRANT \"Ada\" TO theirs WITH ADMIN OPTION",
            "GRANT CONNECT ON DATABASE shop TO PUBLIC",
            "ALTER DATABASE shop SET work_mem = '1MB'",
            "INSERT INTO t SELECT 1",
            "SELECT setval('s', 3)",
        ] {
            assert_eq!(of(statement, "shop"), Effect::Within, "{statement}");
        }
        for statement in [
            "ALTER ROLE theirs CREATEDB",
            "ALTER SYSTEM SET fsync = off",
            "DROP DATABASE theirs",
            "DROP ROLE theirs",
            "GRANT pg_monitor TO theirs",
            "GRANT CONNECT ON DATABASE theirs TO \"Ada\"",
            "GRANT SET ON PARAMETER work_mem TO \"Ada\"",
            "COMMENT ON ROLE theirs IS 'x'",
            "SELECT pg_reload_conf()",
            "DO $$ BEGIN END $$",
            "CREATE TABLESPACE fast LOCATION '/x'",
        ] {
            assert!(matches!(of(statement, "shop"), Effect::Beyond(_)), "{statement}");
        }
        assert!(matches!(of("CREATE TABLE t (id int)", "postgres"), Effect::Beyond(_)));
        assert!(matches!(of("GRANT SELECT ON t TO \"Ada\"", "postgres"), Effect::Beyond(_)));
        let role = MadeThere::Role { cluster: cluster(), name: "bob".to_owned() };
        assert_eq!(of("CREATE USER Bob PASSWORD 'x'", "postgres"), Effect::Makes(role));
    }
}
