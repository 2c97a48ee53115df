//! Which line a server that does not start leads to.

#[test]
fn a_server_that_does_not_start_leads_to_the_line() {
    let scenario = r#"
title = "t"
[vault]
storage = "postgresql"
[vault.postgresql]
connection_url = "postgres://postgres:x@${postgres.target.write}/nodb"
[postgres.target]
hba = """
local all all trust
x y
"""
[postgres.target.settings]
Shared_buffers = "nonsense"
"#;
    let (plan, _) = crate::checked(scenario).unwrap_or_else(|problems| panic!("{problems}"));
    let line = |words: &str| plan.line_of_failed_start(words).map(|origin| origin.line);
    let ended = "did not start: it ended with exit status: 1\nIts last lines:\n  ";
    for (server, last, expected) in [
        ("postgres.target", "LOG:  invalid value for parameter \"shared_buffers\": \"nonsense\"", Some(13)),
        ("postgres.target.1", "LOG:  unrecognized configuration parameter \"shared_buffers\"", Some(13)),
        ("postgres.target", "FATAL:  could not load pg_hba.conf", Some(8)),
        ("vault", "Error initializing storage of type postgresql: database \"nodb\" does not exist", Some(6)),
        ("vault", "Error: permission denied", None),
        ("postgres.other", "FATAL:  could not load pg_hba.conf", None),
        ("postgres.target", "FATAL:  could not create lock file", None),
    ] {
        assert_eq!(line(&format!("{server} {ended}{last}")), expected, "{server} {last}");
    }
}
