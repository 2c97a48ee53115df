use super::read;

fn granted(text: &str) -> Vec<String> {
    let granted = read(text).unwrap_or_else(|wrong| panic!("{text}: {wrong:?}"));
    let one_by_one = granted.grants.iter().map(ToString::to_string);
    let whole = granted.whole_schemas.iter().map(|whole| {
        let option = if whole.grantable { " WITH GRANT OPTION" } else { "" };
        format!("{} ON ALL {}S IN SCHEMA {}{option}", whole.privilege, whole.kind.word(), whole.schema)
    });
    one_by_one.chain(whole).collect()
}

#[test]
fn fragments_grant_what_they_say() {
    for (text, expected) in [
        ("USAGE ON SCHEMA public", vec!["USAGE ON SCHEMA public"]),
        ("SELECT ON domains", vec!["SELECT ON TABLE public.domains"]),
        (
            "select on table Domains, app.\"Mixed Case\"",
            vec!["SELECT ON TABLE public.domains", "SELECT ON TABLE app.Mixed Case"],
        ),
        (
            "SELECT (a, b), DELETE ON TABLE t",
            vec!["SELECT ON COLUMN public.t(a)", "SELECT ON COLUMN public.t(b)", "DELETE ON TABLE public.t"],
        ),
        (
            "ALL PRIVILEGES ON SEQUENCE s",
            vec!["USAGE ON SEQUENCE public.s", "SELECT ON SEQUENCE public.s", "UPDATE ON SEQUENCE public.s"],
        ),
        (
            "TEMP, CONNECT ON DATABASE d WITH GRANT OPTION",
            vec!["TEMPORARY ON DATABASE d WITH GRANT OPTION", "CONNECT ON DATABASE d WITH GRANT OPTION"],
        ),
        (
            "SELECT ON ALL TABLES IN SCHEMA app, public",
            vec!["SELECT ON ALL TABLES IN SCHEMA app", "SELECT ON ALL TABLES IN SCHEMA public"],
        ),
        (
            "USAGE ON ALL SEQUENCES IN SCHEMA \"a\"\"b\" WITH GRANT OPTION",
            vec!["USAGE ON ALL SEQUENCES IN SCHEMA a\"b WITH GRANT OPTION"],
        ),
        ("SELECT ON type", vec!["SELECT ON TABLE public.type"]),
        ("SELECT ON sequence, schema", vec!["SELECT ON TABLE public.sequence", "SELECT ON TABLE public.schema"]),
    ] {
        assert_eq!(granted(text), expected, "{text}");
    }
}

#[test]
fn slips_are_told_with_their_place() {
    let mut told = String::new();
    for text in [
        "SELCT ON TABLE domains",
        "SELECT, TRUNCATE ON SEQUENCE s",
        "SELECT, USAGE ON domains_id_seq",
        "SELECT domains",
        "app_readers",
        "GRANT SELECT ON t",
        "SELECT ON t TO app",
        "SELECT ON",
        "SELECT ON a b",
        "SELECT ON a.b.c",
        "SELECT (a ON t",
        "DELETE (a) ON t",
        "USAGE (a) ON SCHEMA s",
        "EXECUTE ON FUNCTION f",
        "SELECT ON FUNCTION f",
        "SELECT ON ALL FUNCTIONS IN SCHEMA s",
        "SELECT ON ALL TABLE IN SCHEMA s",
        "SELECT ON ALL TABLES SCHEMA s",
        "SELECT ON t WITH ADMIN OPTION",
        "SELECT ON \"t",
        "SELECT ON t;",
        "MAINTAIN ON t",
        "",
    ] {
        told.push_str(&format!("{text}\n"));
        for wrong in read(text).unwrap_err() {
            let caret = "^".repeat(wrong.at.len().max(1));
            told.push_str(&format!("{}{caret} {}\n", " ".repeat(wrong.at.start), wrong.message));
            for more in wrong.label.iter().chain(&wrong.help) {
                told.push_str(&format!("    {more}\n"));
            }
        }
    }
    insta::assert_snapshot!(told);
}

proptest::proptest! {
    #[test]
    fn no_fragment_makes_the_reader_panic(text in "[A-Za-z(),.\"é ]{0,30}") {
        let _ = read(&text);
    }
}
