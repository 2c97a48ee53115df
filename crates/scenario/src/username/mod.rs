//! What a Vault role's usernames look like: the pattern that follows from the `username_template` of its connection.

mod eval;
mod layout;
mod lexer;
mod name;
mod steps;

use crate::plan::UsernamePattern;

pub(crate) use steps::Namings;

/// The template of Vault's PostgreSQL plugin where a connection has none (plugins/database/postgresql/postgresql.go).
const DEFAULT: &str = r#"{{ printf "v-%s-%s-%s-%s" (.DisplayName | truncate 8) (.RoleName | truncate 8) (random 20) (unix_time) | truncate 63 }}"#;

/// PostgreSQL cuts names here (NAMEDATALEN - 1).
const LONGEST: usize = 63;

impl UsernamePattern {
    /// What follows from the template for the credentials of `role`.
    pub(crate) fn of(template: &str, role: &str) -> Self {
        let found = eval::evaluate(template, role);
        Self { names: found.name.regex(), roles: found.name.clone().cut(LONGEST).regex(), notes: found.notes }
    }

    /// What follows from the engine's own template, where the connection has none.
    pub fn by_default(role: &str) -> Self {
        Self::of(DEFAULT, role)
    }
}

#[cfg(test)]
mod tests {
    use super::UsernamePattern;

    #[test]
    fn patterns_follow_from_templates() {
        for (template, pattern) in [
            ("app-{{random 10}}", r"app\-[A-Za-z0-9]{10}"),
            ("{{.RoleName | truncate 5}}-{{unix_time}}", r"repor\-[0-9]{10}"),
            ("{{ .RoleName | uppercase | replace \"-\" \"_\" }}{{unix_time_millis}}", "REPORTS_DAILY[0-9]{13}"),
            (
                "{{.DisplayName | truncate 8}}.{{uuid}}",
                r".{0,8}\.[0-9a-f]{8}\-[0-9a-f]{4}\-[0-9a-f]{4}\-[0-9a-f]{4}\-[0-9a-f]{12}",
            ),
            ("{{ uuid | replace \"-\" \"\" | truncate 12 }}", "[0-9a-f]{8}[0-9a-f]{4}"),
            ("{{ printf \"%s_%s%%\" (random 4 | lowercase) \"x\" }}", r"[a-z0-9]{4}_x%"),
            ("{{ timestamp \"2006-01-02\" }}", r"[0-9]{4}\-[0-9]{2}\-[0-9]{2}"),
            ("{{ .RoleName | sha256 | truncate 6 }}", "[0-9a-f]{6}"),
            ("{{ random 6 | base64 }}", "[A-Za-z0-9+/=]{8}"),
            ("{{ .RoleName | truncate_sha256 10 }}", "re[0-9a-f]{8}"),
            ("{{ .RoleName | truncate_sha256 40 }}", r"reports\-daily"),
            ("a{{- /* why */ -}} b", "ab"),
        ] {
            let found = UsernamePattern::of(template, "reports-daily");
            assert_eq!((found.names.as_str(), found.notes), (pattern, vec![]), "{template}");
        }
    }

    #[test]
    fn what_cannot_be_reported_can_be_any_text_and_is_noted() {
        for (template, pattern, note) in [
            ("x-{{ .Unknown }}", r"x\-.*", "`{{.Unknown}}` is not supported and can be any text"),
            ("{{if .RoleName}}a{{end}}", ".*", "`{{if .RoleName}}` is a condition: the text after it can be anything"),
            (
                "{{ printf \"%q\" .RoleName }}",
                ".*",
                "`{{printf \"%q\" .RoleName}}` is not supported and can be any text",
            ),
            ("{{ random 5 | replace \"a\" \"b\" }}", ".{5}", "what `replace \"a\"` changes is not known"),
            ("${postgres.target.port}-x", r".*\-x", "`${postgres.target.port}` can be any text"),
            (
                "{{ printf \"%s-%s\" .DisplayName (random 9) | truncate 20 }}",
                ".{10,20}",
                "the position of the first 20 bytes is not known",
            ),
            ("{{random 3", ".*", "an action has no end"),
        ] {
            let found = UsernamePattern::of(template, "reports-daily");
            assert_eq!((found.names.as_str(), found.notes), (pattern, vec![note.to_owned()]), "{template}");
        }
    }

    #[test]
    fn a_role_has_the_first_63_bytes_of_a_long_name() {
        let found = UsernamePattern::of("{{random 50}}-{{random 20}}", "app");
        assert_eq!(found.names, r"[A-Za-z0-9]{50}\-[A-Za-z0-9]{20}");
        assert_eq!(found.roles, r"[A-Za-z0-9]{50}\-[A-Za-z0-9]{12}");
    }

    #[test]
    fn the_engines_own_template_is_one() {
        let found = UsernamePattern::by_default("reports-daily");
        assert_eq!(found.names, r"v\-.{0,8}\-reports\-\-[A-Za-z0-9]{20}\-[0-9]{10}");
        assert!(found.notes.is_empty());
    }
}
