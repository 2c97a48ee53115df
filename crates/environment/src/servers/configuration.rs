use std::fmt::Write;
use std::path::{Path, PathBuf};

use leaseproof_domain::FLOOD_ACCOUNT;
use leaseproof_scenario::PostgresPlan;

use crate::launch::tls::CertificateFiles;

/// The harness's own account: a superuser with a line of its own in pg_hba.conf, so that nothing that is done to the
/// environment's accounts can blind it. It is excluded from every judgment.
pub(crate) const OBSERVER: &str = "leaseproof_observer";
/// The account by which HAProxy asks a server whether it is the primary. It may log in without a password from
/// loopback, to one database, and has no rights.
pub(crate) const CHECK: &str = "leaseproof_check";
/// How much WAL a primary keeps for a standby that lags.
pub(crate) const KEPT_WAL: &str = "256MB";
/// Longest path of a socket that Linux takes (unix(7), `sun_path`), less the socket's own name.
const LONGEST_SOCKET_FOLDER: usize = 107 - "/.s.PGSQL.32767.lock".len();

/// What the scenario may not change, because the harness could not reach or hear the server any more.
const OURS: [&str; 4] = ["port", "unix_socket_directories", "logging_collector", "log_destination"];

/// The settings of one cluster: the harness's wishes, then the scenario's, then what the harness cannot do without.
/// Of two values of a setting PostgreSQL takes the last.
pub(crate) fn settings(plan: &PostgresPlan, port: u16, socket_folders: &[PathBuf]) -> String {
    let mut text = String::from("# Written by leaseproof.\n");
    let mut set = |name: &str, value: &str| {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "{name} = {}", quoted(value));
    };
    set("listen_addresses", "127.0.0.1");
    set("log_line_prefix", "%m [%p] %q%u@%d %a ");
    // Files in the data directory, where POSIX segments would stay in /dev/shm after a SIGKILL of the server.
    set("dynamic_shared_memory_type", "mmap");
    for (name, value) in plan.settings.iter().filter(|(name, _)| !is_ours(name)) {
        set(name, value);
    }
    let folders: Vec<String> = socket_folders.iter().map(|folder| format!("\"{}\"", folder.display())).collect();
    set("port", &port.to_string());
    set("unix_socket_directories", &folders.join(", "));
    set("logging_collector", "off");
    set("log_destination", "stderr");
    text
}

/// The settings of a server that uses TLS (PostgreSQL, "Secure TCP/IP Connections with SSL").
pub(crate) fn tls_settings(files: &CertificateFiles) -> String {
    let file = |path: &Path| quoted(&path.to_string_lossy());
    format!("ssl = 'on'\nssl_cert_file = {}\nssl_key_file = {}\n", file(&files.certificate), file(&files.key))
}

pub(crate) fn is_ours(name: &str) -> bool {
    OURS.iter().any(|ours| ours.eq_ignore_ascii_case(name))
}

/// Where the server makes its sockets: where the scenario says, and in the private folder, if its path is not too
/// long for that. The scenario's list is PostgreSQL's own: commas between folders, double quotes around one.
pub(crate) fn socket_folders(wanted: Option<&str>, own: &Path) -> Vec<PathBuf> {
    let wanted = wanted.unwrap_or_default().split(',').map(|folder| folder.trim().trim_matches('"'));
    let mut folders: Vec<PathBuf> = wanted.filter(|folder| !folder.is_empty()).map(PathBuf::from).collect();
    if own.as_os_str().len() <= LONGEST_SOCKET_FOLDER {
        folders.push(own.to_owned());
    }
    folders
}

/// The text of pg_hba.conf: the harness's own line first, because PostgreSQL takes the first that matches.
pub(crate) fn hba(scenario: Option<&str>) -> String {
    const DEFAULT: &str = "local all all scram-sha-256\nhost all all 127.0.0.1/32 scram-sha-256\n";
    format!("host all {OBSERVER},{FLOOD_ACCOUNT} 127.0.0.1/32 scram-sha-256\n{}", scenario.unwrap_or(DEFAULT))
}

/// A value as postgresql.conf takes every value.
pub(crate) fn quoted(value: &str) -> String {
    format!("'{}'", value.replace('\\', "\\\\").replace('\'', "''"))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::path::{Path, PathBuf};

    use leaseproof_domain::{Origin, Secret};
    use leaseproof_scenario::{PostgresPlan, Setting};

    use super::{hba, settings, socket_folders};

    fn plan(settings: &[(&str, &str)]) -> PostgresPlan {
        PostgresPlan {
            clock: 0,
            replicate_as: None,
            lines: BTreeMap::new(),
            layout: leaseproof_scenario::Layout::Standalone,
            version: "15".to_owned(),
            hba: None,
            settings: settings.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
            tls: false,
            superuser: "postgres".to_owned(),
            password: Setting::Secret(Secret::new("x")),
            port: None,
            origin: Origin { file: "scenario.toml".to_owned(), line: 1, column: 1 },
        }
    }

    #[test]
    fn the_scenarios_settings_win_but_for_what_the_harness_needs() {
        let plan = plan(&[
            ("log_statement", "ddl"),
            ("port", "5432"),
            ("log_line_prefix", "it's"),
            ("unix_socket_directories", "/tmp"),
        ]);
        let folders = socket_folders(Some("/tmp"), Path::new("/x/leaseproof-r/sockets"));
        insta::assert_snapshot!(settings(&plan, 15001, &folders), @r#"
        # Written by leaseproof.
        listen_addresses = '127.0.0.1'
        log_line_prefix = '%m [%p] %q%u@%d %a '
        dynamic_shared_memory_type = 'mmap'
        log_line_prefix = 'it''s'
        log_statement = 'ddl'
        port = '15001'
        unix_socket_directories = '"/tmp", "/x/leaseproof-r/sockets"'
        logging_collector = 'off'
        log_destination = 'stderr'
        "#);
    }

    #[test]
    fn sockets_are_where_the_scenario_says_and_in_the_private_folder() {
        let own = Path::new("/t/sockets");
        let long = PathBuf::from(format!("/{}", "x".repeat(100)));
        assert_eq!(socket_folders(None, own), [own]);
        assert_eq!(
            socket_folders(Some("/tmp, \"/var/run/a\""), own),
            [Path::new("/tmp"), Path::new("/var/run/a"), own]
        );
        assert_eq!(socket_folders(Some("/tmp"), &long), [Path::new("/tmp")]);
        assert!(socket_folders(Some(""), &long).is_empty());
    }

    #[test]
    fn the_harness_logs_in_by_the_first_line() {
        let lines = hba(Some("host all all all reject\n"));
        assert_eq!(
            lines.lines().next().unwrap(),
            "host all leaseproof_observer,leaseproof_flood 127.0.0.1/32 scram-sha-256"
        );
        assert!(lines.ends_with("\nhost all all all reject\n"));
        assert_eq!(hba(None).lines().count(), 3);
    }
}
