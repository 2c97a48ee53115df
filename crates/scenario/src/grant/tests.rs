use super::read;

fn granted(text: &str) -> Vec<String> {
    let granted = read(text, 15).unwrap_or_else(|wrong| panic!("{text}: {wrong:?}"));
    let one_by_one = granted.grants.iter().map(ToString::to_string);
    let whole = granted.whole_schemas.iter().map(|whole| {
        let option = if whole.grantable { " WITH GRANT OPTION" } else { "" };
        format!("{} ON ALL {}S IN SCHEMA {}{option}", whole.privilege, whole.kind.word(), whole.schema)
    });
    let future = granted.future.iter().map(|future| {
        let schema = future.schema.as_ref().map(|schema| format!(" IN SCHEMA {schema}")).unwrap_or_default();
        let option = if future.grantable { " WITH GRANT OPTION" } else { "" };
        format!("{} ON FUTURE {}S{schema} CREATED BY {}{option}", future.privilege, future.kind.word(), future.creator)
    });
    one_by_one.chain(whole).chain(future).collect()
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
        (
            "EXECUTE ON FUNCTION app.f(int, varchar(10), double precision, timestamptz[], app.\"Mood\"), g()",
            vec![
                "EXECUTE ON FUNCTION app.f(integer, character varying, double precision, timestamp with time zone[], app.\"Mood\")",
                "EXECUTE ON FUNCTION public.g()",
            ],
        ),
        (
            "EXECUTE ON PROCEDURE p(IN bool, OUT text, INOUT mood, VARIADIC numeric(10, 2)[], time(3) with time zone)",
            vec!["EXECUTE ON FUNCTION public.p(boolean, public.mood, numeric[], time with time zone)"],
        ),
        ("EXECUTE ON ROUTINE pg_catalog.pg_read_file(text)", vec!["EXECUTE ON FUNCTION pg_catalog.pg_read_file(text)"]),
        ("EXECUTE ON ALL ROUTINES IN SCHEMA app", vec!["EXECUTE ON ALL FUNCTIONS IN SCHEMA app"]),
        ("USAGE ON LANGUAGE plpgsql", vec!["USAGE ON LANGUAGE plpgsql"]),
        ("USAGE ON TYPE mood", vec!["USAGE ON TYPE public.mood"]),
        ("ALL ON DOMAIN app.positive", vec!["USAGE ON TYPE app.positive"]),
        ("USAGE ON FOREIGN DATA WRAPPER w", vec!["USAGE ON FOREIGN DATA WRAPPER w"]),
        ("USAGE ON FOREIGN SERVER s", vec!["USAGE ON FOREIGN SERVER s"]),
        ("SELECT, UPDATE ON LARGE OBJECT 16400", vec!["SELECT ON LARGE OBJECT 16400", "UPDATE ON LARGE OBJECT 16400"]),
        ("CREATE ON TABLESPACE fast", vec!["CREATE ON TABLESPACE fast"]),
        (
            "SET, ALTER SYSTEM ON PARAMETER Work_Mem, app.user",
            vec![
                "SET ON PARAMETER work_mem",
                "SET ON PARAMETER app.user",
                "ALTER SYSTEM ON PARAMETER work_mem",
                "ALTER SYSTEM ON PARAMETER app.user",
            ],
        ),
        (
            "SELECT ON FUTURE TABLES IN SCHEMA public CREATED BY app_owner",
            vec!["SELECT ON FUTURE TABLES IN SCHEMA public CREATED BY app_owner"],
        ),
        (
            "EXECUTE ON FUTURE FUNCTIONS CREATED BY a, b WITH GRANT OPTION",
            vec![
                "EXECUTE ON FUTURE FUNCTIONS CREATED BY a WITH GRANT OPTION",
                "EXECUTE ON FUTURE FUNCTIONS CREATED BY b WITH GRANT OPTION",
            ],
        ),
        ("SELECT ON future", vec!["SELECT ON TABLE public.future"]),
        ("SELECT ON type", vec!["SELECT ON TABLE public.type"]),
        ("SELECT ON sequence, schema", vec!["SELECT ON TABLE public.sequence", "SELECT ON TABLE public.schema"]),
    ] {
        assert_eq!(granted(text), expected, "{text}");
    }
}

#[test]
fn slips_are_reported_with_their_place() {
    let mut reported = String::new();
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
        "EXECUTE ON f",
        "EXECUTE ON FUNCTION f(a integer)",
        "EXECUTE ON FUNCTION f(integer",
        "SELECT ON FUNCTION f()",
        "EXECUTE ON ALL PROCEDURES IN SCHEMA s",
        "SELECT ON LARGE OBJECT big",
        "UPDATE ON TABLESPACE t",
        "SELECT ON FOREIGN SERVER s",
        "ALTER ON PARAMETER p",
        "SELECT ON FUTURE TABLES IN SCHEMA s",
        "USAGE ON FUTURE SCHEMAS IN SCHEMA s CREATED BY o",
        "USAGE ON FUTURE LANGUAGES CREATED BY o",
        "SELECT ON FUTURE LARGE OBJECTS CREATED BY o",
        "TRUNCATE ON FUTURE SEQUENCES CREATED BY o",
        "",
    ] {
        reported.push_str(&format!("{text}\n"));
        for wrong in read(text, 15).unwrap_err() {
            let caret = "^".repeat(wrong.at.len().max(1));
            reported.push_str(&format!("{}{caret} {}\n", " ".repeat(wrong.at.start), wrong.message));
            for more in wrong.label.iter().chain(&wrong.help) {
                reported.push_str(&format!("    {more}\n"));
            }
        }
    }
    insta::assert_snapshot!(reported);
}

proptest::proptest! {
    #[test]
    fn no_fragment_makes_the_reader_panic(text in "[A-Za-z0-9(),.\\[\\]\"é ]{0,30}") {
        let _ = read(&text, 15);
    }
}

#[test]
fn what_a_version_has_can_be_promised_of_it() {
    for (text, version) in
        [("MAINTAIN ON t", 17), ("SET ON PARAMETER p", 15), ("SELECT ON FUTURE LARGE OBJECTS CREATED BY o", 18)]
    {
        assert!(read(text, version).is_ok(), "{text}");
        let wrong = read(text, version - 1).unwrap_err();
        assert!(wrong[0].message.contains(&format!("from {version} on")), "{wrong:?}");
    }
    assert_eq!(read("ALL ON t", 16).unwrap().grants.len(), 7);
    assert_eq!(read("ALL ON t", 17).unwrap().grants.len(), 8);
}
