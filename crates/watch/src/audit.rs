use std::borrow::Cow;

use leaseproof_domain::{AuditEntry, LeaseId, UnixMicros};
use serde::Deserialize;

/// Which entries of an audit log are events: those about the credentials of the watched mounts.
#[derive(Clone, Debug)]
pub(crate) struct AuditFilter {
    issues: Vec<String>,
}

/// What of an entry is observed (Vault, audit/entry_formatter.go). The rest is hashed by Vault or of no interest.
#[derive(Deserialize)]
struct Line<'a> {
    #[serde(borrow)]
    time: Cow<'a, str>,
    #[serde(borrow, rename = "type")]
    kind: Cow<'a, str>,
    #[serde(borrow)]
    request: Request<'a>,
    #[serde(borrow, default)]
    response: Option<Response<'a>>,
    #[serde(borrow, default)]
    error: Option<Cow<'a, str>>,
}

#[derive(Deserialize)]
struct Request<'a> {
    #[serde(borrow, default)]
    id: Cow<'a, str>,
    #[serde(borrow, default)]
    operation: Cow<'a, str>,
    #[serde(borrow, default)]
    path: Cow<'a, str>,
}

#[derive(Deserialize)]
struct Response<'a> {
    #[serde(borrow, default)]
    secret: Option<LeaseOf<'a>>,
}

#[derive(Deserialize)]
struct LeaseOf<'a> {
    #[serde(borrow, default)]
    lease_id: Option<Cow<'a, str>>,
}

impl AuditFilter {
    /// The filter for database engines at these mounts.
    pub(crate) fn new<'a>(mounts: impl IntoIterator<Item = &'a str>) -> Self {
        let mut issues: Vec<String> = mounts.into_iter().map(|mount| format!("{mount}/creds/")).collect();
        issues.sort();
        issues.dedup();
        Self { issues }
    }

    /// The entry of that line; none where it is about something else.
    ///
    /// # Errors
    /// What is wrong with a line that is no entry of an audit log. It does not repeat the line.
    pub(crate) fn read(&self, line: &str) -> Result<Option<AuditEntry>, String> {
        let line: Line<'_> = serde_json::from_str(line)
            .map_err(|error| format!("expected a JSON entry of Vault's audit log: {:?} error", error.classify()))?;
        let path = &line.request.path;
        let issue = self.issues.iter().any(|prefix| path.starts_with(prefix));
        if !issue && !is_about_leases(path) {
            return Ok(None);
        }
        let time: jiff::Timestamp = line.time.parse().map_err(|_| "expected an RFC 3339 `time`".to_owned())?;
        let lease =
            line.response.and_then(|response| response.secret?.lease_id).filter(|lease| issue && !lease.is_empty());
        Ok(Some(AuditEntry {
            time: UnixMicros(time.as_microsecond()),
            response: line.kind == "response",
            request: line.request.id.into_owned(),
            operation: line.request.operation.into_owned(),
            path: line.request.path.into_owned(),
            lease: lease.map(LeaseId::new),
            error: line.error.is_some_and(|error| !error.is_empty()),
        }))
    }
}

fn is_about_leases(path: &str) -> bool {
    ["sys/leases/renew", "sys/leases/revoke"]
        .into_iter()
        .any(|of_leases| path.strip_prefix(of_leases).is_some_and(|rest| rest.is_empty() || rest.starts_with('/')))
}

#[cfg(test)]
mod tests {
    use leaseproof_domain::{AuditEntry, LeaseId, UnixMicros};

    use super::AuditFilter;

    fn read(line: &str) -> Result<Option<AuditEntry>, String> {
        AuditFilter::new(["database", "database"]).read(line)
    }

    #[test]
    fn an_issues_response_tells_its_lease() {
        let line = r#"{"time":"2026-11-22T23:00:00.5Z","type":"response","auth":{"client_token":"hmac-sha256:ab"},
            "request":{"id":"r-1","operation":"read","path":"database/creds/app","mount_type":"database"},
            "response":{"data":{"password":"hmac-sha256:cd"},"secret":{"lease_id":"database/creds/app/abc"}}}"#;
        let entry = read(line).unwrap().unwrap();
        assert_eq!(
            entry,
            AuditEntry {
                time: UnixMicros(1_795_388_400_500_000),
                response: true,
                request: "r-1".to_owned(),
                operation: "read".to_owned(),
                path: "database/creds/app".to_owned(),
                lease: Some(LeaseId::new("database/creds/app/abc")),
                error: false,
            }
        );
    }

    #[test]
    fn only_entries_about_credentials_are_events() {
        let entry = |path: &str| {
            let line = format!(r#"{{"time":"2026-11-22T23:00:00Z","type":"request","request":{{"path":"{path}"}}}}"#);
            read(&line).unwrap().is_some()
        };
        for path in ["database/creds/app", "sys/leases/renew", "sys/leases/revoke", "sys/leases/revoke/database/x"] {
            assert!(entry(path), "{path}");
        }
        for path in ["sys/health", "sys/leases/revoke-prefix/database", "sys/leases/lookup/database", "other/creds/app"]
        {
            assert!(!entry(path), "{path}");
        }
    }

    #[test]
    fn a_refused_request_carries_its_error() {
        let line = r#"{"time":"2026-11-22T23:00:00Z","type":"response","error":"1 error occurred:\n\t* permission denied\n",
            "request":{"id":"r","operation":"update","path":"sys/leases/renew"},"response":null}"#;
        assert!(read(line).unwrap().unwrap().error);
    }

    #[test]
    fn a_line_that_is_no_entry_is_reported_without_its_text() {
        for line in ["", "{", "[]", "{\"secret\":1}"] {
            let error = read(line).unwrap_err();
            assert!(error.starts_with("expected a JSON entry of Vault's audit log"), "{error}");
            assert!(!error.contains("secret"));
        }
        let undated = r#"{"time":"today","type":"request","request":{"path":"database/creds/app"}}"#;
        assert_eq!(read(undated).unwrap_err(), "expected an RFC 3339 `time`");
    }
}
