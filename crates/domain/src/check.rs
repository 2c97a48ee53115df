use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

/// The catalogue entry of one check.
#[derive(Clone, Copy, Debug)]
pub struct CheckInfo {
    /// Its stable id.
    pub id: &'static str,
    /// The promise in one line.
    pub title: &'static str,
    /// What is compared with what, and what is left out of judgment.
    pub shown: &'static str,
    /// The source of the promise, or of the server's behavior behind it.
    pub source: &'static str,
    /// Whether a failure rests on timing and therefore does not count in an invalid measurement.
    pub timing: Timing,
}

/// Whether failures of a check rest on timing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Timing {
    /// All of them do.
    Rests,
    /// All of them do, except of thresholds on a share of failures.
    RestsExceptShares,
    /// None of them does.
    DoesNotRest,
}

impl Timing {
    /// Whether a failure rests on timing if its check does not say otherwise.
    pub const fn rests(self) -> bool {
        !matches!(self, Self::DoesNotRest)
    }
}

/// All checks, in the order of reports.
pub const CATALOGUE: &[CheckInfo] = &[
    CheckInfo {
        id: "SAT-1",
        title: "The backlog does not grow while arrivals last (no saturation)",
        shown: "The backlog is the number of requests that were due and not completed, plus roles whose lease had \
                ended. It is taken in steady state: during each phase's arrivals, after the ramp-up (at most a \
                quarter of the phase) and outside fault windows; the backlog of a second is the smallest one in it. The \
                check fails if the slope over time (Theil-Sen estimator) is above zero at 99 % confidence, adds at \
                least 5 % of the arrivals and 10 requests over the interval, lasts from its first third to its last, \
                and response times grew with it, arrivals were dropped, or clients timed out. It also fails if, at the end, 30 % of the arrivals are unanswered and clients timed out or arrivals were dropped; the slope is not required then, because it is uncertain if the server responds in bursts. If neither holds, but growth is likely, \
                the check is Unknown. Intervals of less than 15 s or 20 arrivals are not judged, nor are phases with \
                `overload = true`. In an attached environment that others use, roles are not counted.",
        source: "Sen 1968, Estimates of the Regression Coefficient Based on Kendall's Tau; Little's law",
        timing: Timing::Rests,
    },
    CheckInfo {
        id: "AVL-1",
        title: "Every request gets an answer within the client's timeout",
        shown: "Each request of a lifecycle that was due outside fault windows got an answer, positive or negative, \
                before `timeout` of [client], or the lifecycle's own timeout if that is shorter. A dropped arrival is \
                an issue without an answer. `unanswered` in [promise] allows a share of each operation's requests, \
                rounded up to a whole request.",
        source: "the scenario's timeouts",
        timing: Timing::Rests,
    },
    CheckInfo {
        id: "ISS-1",
        title: "Each issued credential has a renewable lease and exactly one PostgreSQL role",
        shown: "Every answered issue of the role: its status, the lease id's form `<mount>/creds/<role>/<24 \
                characters>`, renewable = true, and one role with that name in pg_roles right after it.",
        source: "Vault, builtin/logical/database/path_creds_create.go; vault/expiration.go",
        timing: Timing::DoesNotRest,
    },
    CheckInfo {
        id: "ISS-2",
        title: "Usernames match the template, fit in 63 bytes and are unique",
        shown: "Every acknowledged username of the run, against the template in force (the engine's default \
                `v-<display, 8>-<role, 8>-<20 random>-<unix time>`, or the scenario's pattern).",
        source: "Vault, plugins/database/postgresql/postgresql.go, defaultUserNameTemplate",
        timing: Timing::DoesNotRest,
    },
    CheckInfo {
        id: "ISS-4",
        title: "VALID UNTIL is the time of the issue plus the TTL plus Vault's 5 seconds",
        shown: "rolvaliduntil of each new role minus the time of its issue on Vault's clock is in [ttl + 4 s, ttl + 6 \
                s], widened by the duration of the request and the uncertainty of the clocks. NULL is a failure.",
        source: "Vault, sdk/database/dbplugin/v5: expiration is now + TTL + 5 s",
        timing: Timing::DoesNotRest,
    },
    CheckInfo {
        id: "LOG-1",
        title: "A new credential can log in at every endpoint of the environment",
        shown: "The first logins of every acknowledged credential: at least one worked before usable_within and \
                before the lease's end. Each failed try is recorded with its SQLSTATE. A credential that got no \
                answer at an endpoint, without a fault that explains it, fails.",
        source: "the scenario's promise",
        timing: Timing::DoesNotRest,
    },
    CheckInfo {
        id: "GRA-1",
        title: "A credential has exactly the promised privileges",
        shown: "Tables, columns, sequences, schemas, databases, role attributes and memberships of each credential, \
                read in one transaction, against the role's `grants`. Missing and extra privileges both fail. The finding shows which grant gives an extra privilege, and which statements of the Vault role to inspect. PUBLIC's built-in defaults are not judged unless `public = \
                \"forbidden\"`. A reading that may overlap with the credential's revocation is judged for extra \
                privileges only.",
        source: "PostgreSQL, aclexplode and acldefault; pg_auth_members; pg_shdepend",
        timing: Timing::DoesNotRest,
    },
    CheckInfo {
        id: "PRB-1",
        title: "Promised privileges work, and others are rejected",
        shown: "Privileges tried with the credential itself, each rolled back: every promised privilege must work \
                while the credential is in force, and a seeded sample of other privileges on the database's schemas, \
                tables, columns, sequences and functions must be rejected with 42501. PUBLIC's built-in defaults are \
                tried only if they are forbidden. Privileges that cannot be tried without harm (REFERENCES, TRIGGER, \
                usually TRUNCATE and MAINTAIN, ALTER SYSTEM, GRANT OPTION) are reported as not tested; GRA-1 judges \
                them from the catalog.",
        source: "PostgreSQL, aclchk.c and execMain.c: privileges are checked before the first row; SQLSTATE 42501",
        timing: Timing::DoesNotRest,
    },
    CheckInfo {
        id: "PRB-2",
        title: "The catalog lists exactly the privileges that work",
        shown: "Each probe that succeeded or was rejected, against the same credential's privileges read from the \
                catalog: a privilege that works and is not listed, or is listed and rejected, fails. Probes that may \
                overlap with the credential's end are left out, and so are privileges that differ between the \
                readings.",
        source: "PostgreSQL, aclexplode and acldefault compared with the executor's checks",
        timing: Timing::DoesNotRest,
    },
    CheckInfo {
        id: "TTL-2",
        title: "A renewal grants the requested increment, and PostgreSQL's VALID UNTIL moves with it",
        shown: "Each acknowledged renewal: lease_duration equals the increment (capped at the rest of max_ttl), and \
                rolvaliduntil read after it is the time of the renewal + increment + 5 s. A rejected renewal of a \
                lease that is in force is a failure.",
        source: "Vault, builtin/logical/database/secret_creds.go, secretCredsRenew",
        timing: Timing::DoesNotRest,
    },
    CheckInfo {
        id: "TTL-7",
        title: "The role's default and maximum TTL are the promised ones",
        shown: "lease_duration of every issue equals the promised default; a renewal with a larger increment than the \
                promised maximum is capped at the rest of it.",
        source: "Vault, builtin/logical/database/path_creds_create.go; framework.CalculateTTL",
        timing: Timing::DoesNotRest,
    },
    CheckInfo {
        id: "REV-1",
        title: "A revocation is acknowledged, and the role is gone when it returns",
        shown: "Every answered revocation: HTTP 204, and no observation of pg_roles that began after the answer shows \
                the role's OID.",
        source: "Vault, vault/logical_system.go: sync is the default of sys/leases/revoke",
        timing: Timing::DoesNotRest,
    },
    CheckInfo {
        id: "EXP-1",
        title: "The role of an expired lease is gone within dead_within",
        shown: "Every credential that was left to expire: the first observation without its role was at most \
                dead_within plus one observation interval after the lease's end. The distribution of the lag is \
                reported; a role that was never observed to be gone counts with the time for which it was observed. If Vault could not \
                revoke the lease, the finding has the reason from Vault's log; an attached run does not read that log.",
        source: "Vault, vault/expiration.go",
        timing: Timing::Rests,
    },
    CheckInfo {
        id: "POL-1",
        title: "Requests outside the policy are rejected with 403 and create no role",
        shown: "Three requests of the run: without a token, with an invalid token, and with the client's token on a \
                path outside its policy.",
        source: "Vault, vault/request_handling.go",
        timing: Timing::DoesNotRest,
    },
    CheckInfo {
        id: "AUD-1",
        title: "Every acknowledged operation is in the audit log as one request and one response",
        shown: "An audit device is enabled, its log was read to the end, and each acknowledged lease has exactly one \
                response entry. Each request about credentials and leases has one response, matched by Vault's id, \
                and each response has a request; a request without an answer may have none. Each acknowledged renewal \
                and revocation has a response without an error; they contain the lease id only as a hash, so they are \
                counted.",
        source: "Vault, audit/: the lease id of an issue's response is in plain text",
        timing: Timing::DoesNotRest,
    },
    CheckInfo {
        id: "PWD-1",
        title: "No server log contains a password",
        shown: "Every line of every server log and of the audit log is searched, while it is collected, for each \
                issued password and for password literals in statements. A SCRAM verifier is not a password.",
        source: "PostgreSQL, log_statement; the scenario's password_in_logs",
        timing: Timing::DoesNotRest,
    },
    CheckInfo {
        id: "PWD-2",
        title: "A login with a wrong password is rejected",
        shown: "Each lifecycle that tries its role's privileges also logs in with a new credential's name and a wrong \
                password: PostgreSQL must reject it. With a `trust` line in pg_hba.conf it does not.",
        source: "PostgreSQL, pg_hba.conf; src/backend/libpq/auth.c",
        timing: Timing::DoesNotRest,
    },
    CheckInfo {
        id: "TLS-1",
        title: "Every session of credentials and of Vault itself is encrypted",
        shown: "Each session in pg_stat_activity of a role that did not exist before the run, and of each account \
                that Vault logs in with: for its connection in the setup, for its storage, or in an [account]. \
                pg_stat_ssl shows whether a session is encrypted.",
        source: "PostgreSQL, pg_stat_ssl; the scenario's encrypted",
        timing: Timing::DoesNotRest,
    },
    CheckInfo {
        id: "ACC-1",
        title: "Vault's own PostgreSQL account has exactly the promised attributes",
        shown: "The account's attributes in pg_roles after the setup.",
        source: "PostgreSQL, pg_roles",
        timing: Timing::DoesNotRest,
    },
    CheckInfo {
        id: "RUN-2",
        title: "No role is left without a lease",
        shown: "After the drain: roles that did not exist before the run, minus Vault's leases. Again after the run's \
                token was revoked, when no role may exist any more: judged when nothing is left, or when Vault has revoked \
                nothing for 35 s. A role whose lease is still in Vault is not an orphan: if revocation has stopped, \
                the check fails with that reason; if it still continues after 15 minutes, the check is Unknown. A \
                group that creation statements create and credentials share (no LOGIN, no password, no VALID UNTIL) \
                is not a credential: the scenario allows it by name (`creates`), and each other group is one finding.",
        source: "the scenario's orphans",
        timing: Timing::DoesNotRest,
    },
    CheckInfo {
        id: "RUN-7",
        title: "No role from before the run is without a lease",
        shown: "The roles that exist before the first credential is requested and match a username pattern: the \
                promised one, the one derived from the connection's username_template, or the engine's own. They are \
                compared with the leases of all database engines of the namespace, by VALID UNTIL, which is 5 s after the \
                lease's end, by the time in the name, and by the Vault role's name in it. A role without a fitting lease is reported. \
                Where a lease of another Vault role fits, or fewer leases than roles, the check cannot tell which role has a lease: \
                that is undecided. A matching name is no proof: the role may belong to a person.",
        source: "the scenario's orphans_before",
        timing: Timing::DoesNotRest,
    },
    CheckInfo {
        id: "INV-1",
        title: "A credential is usable within the promised time",
        shown: "The time from each issue's answer to the start of the first successful login is at most \
                usable_within. The distribution is reported; a credential without a successful login counts with the \
                time for which logins were tried.",
        source: "the scenario's usable_within",
        timing: Timing::Rests,
    },
    CheckInfo {
        id: "INV-2",
        title: "A credential that Vault returned works until its lease ends",
        shown: "Each observation of pg_roles that began after an issue's answer and ended before its revocation began \
                or its lease ended shows the role, and no renewal in that time fails with PostgreSQL's 42704 (the \
                role does not exist).",
        source: "the meaning of a lease",
        timing: Timing::DoesNotRest,
    },
    CheckInfo {
        id: "INV-3",
        title: "In every observation, each generated role belongs to a lease or to a request in flight",
        shown: "Each role that appears during the run has an acknowledged lease, an issue in flight during the \
                observation, or an issue without an answer. RUN-2 judges groups that credentials share.",
        source: "the scenario's orphans",
        timing: Timing::DoesNotRest,
    },
    CheckInfo {
        id: "INV-4",
        title: "VALID UNTIL is never before the lease's end, and at most 5 seconds after it",
        shown: "Each reading of rolvaliduntil against the end of the lease at that time, within the uncertainty of \
                the clocks and the duration of the request.",
        source: "Vault, sdk/database/dbplugin/v5: 5 s are added to the lease's end",
        timing: Timing::DoesNotRest,
    },
    CheckInfo {
        id: "INV-5",
        title: "No login is rejected before the lease ends",
        shown: "Each login of a credential that ended before the lease's end and before the revocation began.",
        source: "the meaning of a lease",
        timing: Timing::DoesNotRest,
    },
    CheckInfo {
        id: "INV-6a",
        title: "No new login works after an acknowledged revocation, or after expiry plus dead_within",
        shown: "PostgreSQL must reject a login that is tried with each revoked and each expired credential. At a \
                standby that does not replay before its primary acknowledges (any replication except remote_apply), logins must be rejected only `dead_within` after the answer to the revocation.",
        source: "the scenario's dead_within",
        timing: Timing::DoesNotRest,
    },
    CheckInfo {
        id: "INV-6b",
        title: "Open sessions survive or end as promised when their credential ends",
        shown: "Sessions that were opened before their credential's end and held open: each runs a query afterwards, \
                and is looked up in pg_stat_activity by OID (a dropped role's session has no name there). `survive`: \
                the connection stays open, whatever its queries return (42501 for tables, after the role is dropped). \
                `die`: dead_within after the end, no session of the role is left and none responds to a query.",
        source: "the scenario's sessions_after_revoke; PostgreSQL: neither DROP ROLE nor VALID UNTIL ends a session",
        timing: Timing::DoesNotRest,
    },
    CheckInfo {
        id: "INV-7",
        title: "No renewal exceeds the maximum TTL",
        shown: "The end of each acknowledged renewal is at most max_ttl after the issue.",
        source: "Vault, framework.CalculateTTL",
        timing: Timing::DoesNotRest,
    },
    CheckInfo {
        id: "INV-8",
        title: "No lease becomes irrevocable",
        shown: "Each observation of sys/leases?type=irrevocable during the run. Vault marks a lease as irrevocable \
                after six failed revocations, or immediately for some errors, and then never retries by itself.",
        source: "Vault, vault/expiration.go",
        timing: Timing::DoesNotRest,
    },
    CheckInfo {
        id: "INV-9",
        title: "A renewal does not change a credential's privileges",
        shown: "Each credential's privileges after a renewal against the first reading before it. GRA-1 judges \
                whether they are the promised ones. Objects that were created after the setup are left out. A reading \
                that may overlap with the credential's end is not judged.",
        source: "Vault, plugins/database/postgresql: a renewal changes VALID UNTIL and nothing else, unless \
                renew_statements do",
        timing: Timing::DoesNotRest,
    },
    CheckInfo {
        id: "INV-10",
        title: "Every acknowledged credential is accounted for",
        shown: "issued = revoked + expired + live + being retried + indeterminate, each counted from observations; a \
                credential in none of these groups is a finding.",
        source: "accounting: each issued credential ends in exactly one of these groups",
        timing: Timing::DoesNotRest,
    },
    CheckInfo {
        id: "INV-11",
        title: "A dropped role leaves nothing in pg_shdepend",
        shown: "Each observation of pg_shdepend, in one snapshot with pg_roles: a row of a role that no longer exists \
                stays forever, and no revocation removes it. If credentials ended and none of their roles is gone, \
                that is also a failure.",
        source: "PostgreSQL, catalog pg_shdepend",
        timing: Timing::DoesNotRest,
    },
    CheckInfo {
        id: "FLT-1",
        title: "After each fault, credentials are issued again within recovers_within",
        shown: "Each fault began and was healed, and a credential that was requested after the healing was \
                acknowledged at most recovers_within later. If the load ended before that time was over and no request succeeded, the check is \
                Unknown. The same applies to each action with `affects = [\"issue\"]`; its effect is over when the action named by `until` ends. Operations that overlap with the fault window (from a \
                fault's beginning until recovers_within after it is healed) are not judged if they had no answer or \
                one of expect_errors; standbys are not judged in that time, and failed observations make no check \
                Unknown.",
        source: "the scenario's promise",
        timing: Timing::Rests,
    },
    CheckInfo {
        id: "FLT-2",
        title: "After each fault, every standby replicates from the primary again",
        shown: "Each fault on a cluster whose standbys replicate with an account of the scenario (`replicate_as`): \
                after the healing every standby streams from the primary with that account and the password in its \
                configuration. A standby that cannot is not changed, and the server's message is reported.",
        source: "PostgreSQL, primary_conninfo; pg_stat_replication",
        timing: Timing::DoesNotRest,
    },
    CheckInfo {
        id: "ACT-1",
        title: "Each action of the operator ends as the scenario expects",
        shown: "The answer to each [[action]]: success, or the failure that `expect` names. With `warnings = \"fail\"` a \
                warning is a failure. The finding has the server's message and the action's line. The check is Unknown if an \
                action did not begin before the load ended.",
        source: "the scenario's `expect`; Vault's HTTP status, PostgreSQL's SQLSTATE",
        timing: Timing::DoesNotRest,
    },
    CheckInfo {
        id: "ACT-2",
        title: "Credentials that an action ends are gone, and their logins are rejected",
        shown: "Every credential of a role in `ends_leases_of` that was acknowledged before the action began and was \
                live then: its role is gone from pg_roles at most `dead_within` after the action's end, and no login \
                succeeds after that time. A credential whose issue or revocation was in flight at that moment is not \
                judged. Observations of pg_roles and later logins show it.",
        source: "Vault, vault/mount.go (unmounting revokes the mount's leases); vault/expiration.go, RevokePrefix",
        timing: Timing::Rests,
    },
    CheckInfo {
        id: "DNS-1",
        title: "The DNS server returns the promised response code outside credential changes",
        shown: "Compares the response code of every DNS query with `answers`. That the PowerDNS process is running is not enough. Another code \
                than `answers`, or no answer within `timeout`, is reported and not judged from a rendering of the \
                configuration until `cycle_within` after it; at any other time it is a failure.",
        source: "PowerDNS: a backend whose user was dropped returns SERVFAIL while the process keeps running",
        timing: Timing::Rests,
    },
    CheckInfo {
        id: "DNS-2",
        title: "The server uses each new credential and stops using the old one",
        shown: "Each rendering: cycle_within after it, pg_stat_activity has sessions of its user and none of the \
                users that were rendered before. Sessions are found by user name, and by OID after the role is \
                dropped. A rendering that is followed by another one sooner is not judged.",
        source: "PowerDNS reads its settings once at start; PostgreSQL: DROP ROLE does not end sessions",
        timing: Timing::Rests,
    },
    CheckInfo {
        id: "DNS-3",
        title: "Records can be created and deleted with the live credential",
        shown: "Each change of the zone through PowerDNS's HTTP interface, outside the windows after a rendering: it \
                is acknowledged (HTTP 204), and a query for the record shows it.",
        source: "PowerDNS, pdns/ws-auth.cc: PATCH of a zone deletes and inserts in one transaction",
        timing: Timing::DoesNotRest,
    },
    CheckInfo {
        id: "DNS-4",
        title: "The agent's policy gives access to its credentials only",
        shown: "Requests with the agent's token on other paths, those in `forbidden` and paths close to its own: each \
                must be rejected with 403.",
        source: "Vault, vault/request_handling.go",
        timing: Timing::DoesNotRest,
    },
    CheckInfo {
        id: "THR-1",
        title: "A threshold holds",
        shown: "The metric over the run against its limit. Everything that was due counts: a request without an \
                answer counts with the time that it waited, and at least with the client's timeout; a dropped arrival \
                counts in the same way, as an issue. If a figure falls among those, only a lower bound is known (`> \
                10 s`): a limit below it fails, and a limit above it is Unknown. The check is Unknown if there are no samples, or if the limit on a time is met but no request succeeded.",
        source: "the scenario's [[threshold]]",
        timing: Timing::RestsExceptShares,
    },
    CheckInfo {
        id: "KNO-1",
        title: "Every declared known issue still occurs",
        shown: "Each [[known_issue]] entry must match a failure; an entry without a match must be removed from the scenario.",
        source: "the scenario's [[known_issue]]",
        timing: Timing::DoesNotRest,
    },
];

/// The id of a check in the catalogue, e.g. `GRA-1` or `INV-6a`. Ids have the order of the catalogue.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct CheckId(u8);

/// A text that is not the id of a check.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("there is no check `{given}`{}", nearest.map(|id| format!("; did you mean `{id}`?")).unwrap_or_default())]
pub struct UnknownCheck {
    /// What was given.
    pub given: String,
    /// The most similar id, if there is one.
    pub nearest: Option<&'static str>,
}

impl CheckId {
    /// The check with that id.
    ///
    /// # Panics
    /// If the catalogue does not have it. Use this for ids written in code; parse ids from outside.
    pub fn of(id: &str) -> Self {
        Self::find(|info| info.id == id).expect("an id written in code is in the catalogue")
    }

    /// The id as text.
    pub fn as_str(self) -> &'static str {
        self.info().id
    }

    /// Its catalogue entry.
    pub fn info(self) -> &'static CheckInfo {
        &CATALOGUE[usize::from(self.0)]
    }

    fn find(matches: impl Fn(&CheckInfo) -> bool) -> Option<Self> {
        CATALOGUE.iter().position(matches).and_then(|place| u8::try_from(place).ok()).map(Self)
    }
}

impl fmt::Display for CheckId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl fmt::Debug for CheckId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for CheckId {
    type Err = UnknownCheck;

    fn from_str(text: &str) -> Result<Self, UnknownCheck> {
        let wanted = text.to_ascii_uppercase();
        if let Some(id) = Self::find(|info| info.id.to_ascii_uppercase() == wanted) {
            return Ok(id);
        }
        let nearest = CATALOGUE
            .iter()
            .map(|info| (strsim::osa_distance(&info.id.to_ascii_uppercase(), &wanted), info.id))
            .min()
            .filter(|(distance, _)| *distance <= 2)
            .map(|(_, id)| id);
        Err(UnknownCheck { given: text.to_owned(), nearest })
    }
}

impl TryFrom<String> for CheckId {
    type Error = UnknownCheck;

    fn try_from(text: String) -> Result<Self, UnknownCheck> {
        text.parse()
    }
}

impl From<CheckId> for String {
    fn from(id: CheckId) -> Self {
        id.as_str().to_owned()
    }
}

impl JsonSchema for CheckId {
    fn schema_name() -> Cow<'static, str> {
        "CheckId".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let ids: Vec<&str> = CATALOGUE.iter().map(|info| info.id).collect();
        json_schema!({ "type": "string", "enum": ids })
    }
}

#[cfg(test)]
mod tests {
    use super::{CATALOGUE, CheckId};

    #[test]
    fn ids_are_unique_and_read_back_in_any_case() {
        for info in CATALOGUE {
            assert_eq!(info.id.to_lowercase().parse::<CheckId>().unwrap().as_str(), info.id);
            assert_eq!(CATALOGUE.iter().filter(|other| other.id == info.id).count(), 1);
        }
    }

    #[test]
    fn the_error_for_a_misspelled_id_suggests_the_most_similar_one() {
        let error = "GRA-l".parse::<CheckId>().unwrap_err();
        assert_eq!(error.to_string(), "there is no check `GRA-l`; did you mean `GRA-1`?");
    }
}
