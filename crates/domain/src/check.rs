use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

/// What the catalogue says of one check.
#[derive(Clone, Copy, Debug)]
pub struct CheckInfo {
    /// Its stable id.
    pub id: &'static str,
    /// The promise in one line.
    pub title: &'static str,
    /// What is compared with what, and what is left out of judgment.
    pub shown: &'static str,
    /// Where the promise, or the server's behaviour behind it, comes from.
    pub source: &'static str,
    /// Whether a failure rests on timing, so that an invalid measurement takes it back.
    pub timing: bool,
}

/// Every check of a promise, in the order of reports.
pub const CATALOGUE: &[CheckInfo] = &[
    CheckInfo {
        id: "SAT-1",
        title: "The backlog does not grow while arrivals last",
        shown: "Requests that were due and not completed, and roles whose lease had ended, over each phase's arrivals after the \
                ramp-up (a quarter of the phase at most) and outside fault windows. Of each second the smallest backlog \
                counts. It fails where the slope over time (Theil and Sen) is above zero at 99 % confidence, is at least 5 % of \
                the arrivals and 10 requests over the stretch, lasts from the first third to the last, and waits grew with it, \
                arrivals were dropped, or clients gave up. A stretch of less than 15 s or 20 arrivals is not judged, nor is \
                a phase with `overload = true`. Of an attached estate that others use, and of several clusters, roles are \
                left out.",
        source: "Sen 1968, Estimates of the Regression Coefficient Based on Kendall's Tau; Little's law",
        timing: true,
    },
    CheckInfo {
        id: "AVL-1",
        title: "Every request is answered within the client's time-out",
        shown: "Each request of a lifecycle that was due outside fault windows: an answer came, yes or no, before `timeout` of \
                [client], or the lifecycle's own where that is shorter. A dropped arrival is an issue without an answer. \
                `unanswered` in [promise] allows a share of each operation's requests, rounded up to a whole one.",
        source: "the scenario's time-outs",
        timing: true,
    },
    CheckInfo {
        id: "ISS-1",
        title: "An issue answers 200 with a renewable lease and makes exactly one role",
        shown: "Every answered issue of the role: its status, the lease id's form `<mount>/creds/<role>/<24 characters>`, \
                renewable = true, and one role of that name in pg_roles right after it.",
        source: "Vault, builtin/logical/database/path_creds_create.go; vault/expiration.go",
        timing: false,
    },
    CheckInfo {
        id: "ISS-2",
        title: "Usernames follow the template, fit 63 bytes and never repeat",
        shown: "Every acknowledged username of the run, against the template that is in force (the engine's default \
                `v-<display, 8>-<role, 8>-<20 random>-<unix time>`, or the scenario's pattern).",
        source: "Vault, plugins/database/postgresql/postgresql.go, defaultUserNameTemplate",
        timing: false,
    },
    CheckInfo {
        id: "ISS-4",
        title: "VALID UNTIL is the issue plus the TTL plus Vault's 5 seconds",
        shown: "rolvaliduntil of each fresh role minus the time of its issue on Vault's clock lies in [ttl + 4 s, ttl + 6 s], widened \
                by the request's own length and the clocks' uncertainty. A NULL is a failure.",
        source: "Vault, sdk/database/dbplugin/v5: expiration is now + TTL + 5 s",
        timing: false,
    },
    CheckInfo {
        id: "LOG-1",
        title: "A fresh credential can log in, at every endpoint of the estate",
        shown: "The first logins of every acknowledged credential: at least one worked before usable_within and the \
                lease's end. Each failing try keeps its SQLSTATE. A credential that got no answer at an endpoint, without a fault \
                that explains it, fails.",
        source: "the scenario's promise",
        timing: false,
    },
    CheckInfo {
        id: "GRA-1",
        title: "A credential's privileges are exactly the promised ones",
        shown: "Tables, columns, sequences, schemas, databases, role attributes and memberships of each credential, read in one \
                transaction, against the role's `grants`: what is missing and what is extra both fail, each with the reason why \
                it is held. PUBLIC's built-in defaults are not judged unless `public = \"forbidden\"`. A reading that may fall into \
                the credential's revocation is judged for extras only.",
        source: "PostgreSQL, aclexplode and acldefault; pg_auth_members; pg_shdepend",
        timing: false,
    },
    CheckInfo {
        id: "PRB-1",
        title: "What is promised can be done, and what is not promised is refused",
        shown: "Privileges tried out as the credential itself, each rolled back: every promised one, which has to be let \
                through while the credential is in force, and a seeded sample of the others on the database's schemas, \
                tables, columns, sequences and functions, which have to be refused with 42501. PUBLIC's built-in defaults \
                are tried only where they are forbidden. What cannot be tried without harm (REFERENCES, TRIGGER, most often \
                TRUNCATE and MAINTAIN, ALTER SYSTEM, GRANT OPTION) is told as unproved and left to GRA-1, which judges \
                from the catalog.",
        source: "PostgreSQL, aclchk.c and execMain.c: privileges are checked before the first row; SQLSTATE 42501",
        timing: false,
    },
    CheckInfo {
        id: "PRB-2",
        title: "What a credential can do is what the catalog says it may",
        shown: "Each probe that was let through or refused, against the readings of the same credential's privileges from the \
                catalog: a privilege that works and is not listed, or is listed and refused, fails. Left out are probes that \
                may fall into the credential's end, and privileges that the readings do not agree on among themselves.",
        source: "PostgreSQL, aclexplode and acldefault against what the executor checks",
        timing: false,
    },
    CheckInfo {
        id: "TTL-2",
        title: "A renewal grants its increment, and PostgreSQL's VALID UNTIL moves with it",
        shown: "Each acknowledged renewal: lease_duration equals the increment (capped at what is left of max_ttl), and \
                rolvaliduntil read after it lies at the renewal + increment + 5 s. A refusal while the lease stands is a \
                failure.",
        source: "Vault, builtin/logical/database/secret_creds.go, secretCredsRenew",
        timing: false,
    },
    CheckInfo {
        id: "TTL-7",
        title: "The role's default and maximum TTL are the promised ones",
        shown: "lease_duration of every issue equals the promised default; a renewal that asks for more than the promised \
                maximum is capped at what is left of it.",
        source: "Vault, builtin/logical/database/path_creds_create.go; framework.CalculateTTL",
        timing: false,
    },
    CheckInfo {
        id: "REV-1",
        title: "A revocation is acknowledged and the role is gone when it returns",
        shown: "Every answered revocation: HTTP 204, and no look at pg_roles that began after the answer shows the role's OID.",
        source: "Vault, vault/logical_system.go: sync is the default of sys/leases/revoke",
        timing: false,
    },
    CheckInfo {
        id: "EXP-1",
        title: "A lease that expires takes its role with it, within dead_within",
        shown: "Every credential that was left to expire: the first look without its role came at most dead_within, \
                and the pace of looking, after the lease's end. The lag's distribution is reported; a role that was never \
                seen to go is in it with the time for which it was seen.",
        source: "Vault, vault/expiration.go",
        timing: true,
    },
    CheckInfo {
        id: "POL-1",
        title: "Requests that the policy does not allow are refused with 403 and make no role",
        shown: "Three requests of the run: no token, an invented token, and the client's token on a path outside its policy.",
        source: "Vault, vault/request_handling.go",
        timing: false,
    },
    CheckInfo {
        id: "AUD-1",
        title: "Every acknowledged operation stands in the audit log, as one request and one response",
        shown: "An audit device is on, its log was read to the end, and each acknowledged lease has its one response entry. \
                Each request about credentials and leases has one response, matched by Vault's id, and each response its \
                request; a request without an answer may lack one. There is a response without an error for each \
                acknowledged renewal and revocation, which name their lease hashed only and so are counted.",
        source: "Vault, audit/: the lease id of an issue's response is in plain text",
        timing: false,
    },
    CheckInfo {
        id: "PWD-1",
        title: "No password is in any server's log",
        shown: "Every line of every server's log and of the audit log, searched while it was collected for each \
                issued password and for password literals in statements. A SCRAM verifier is no password.",
        source: "PostgreSQL, log_statement; the scenario's password_in_logs",
        timing: false,
    },
    CheckInfo {
        id: "PWD-2",
        title: "A wrong password lets nobody in",
        shown: "A login with a fresh credential's name and a password that is not its own, by each life that tries its role's \
                privileges out: PostgreSQL has to refuse it. A line of pg_hba.conf with `trust` does not.",
        source: "PostgreSQL, pg_hba.conf; src/backend/libpq/auth.c",
        timing: false,
    },
    CheckInfo {
        id: "TLS-1",
        title: "Every session of credentials and of Vault itself is encrypted",
        shown: "Each session that a look at pg_stat_activity shows of a role that was not there before the run, and of each \
                account that Vault logs in as: by its connection in the set-up, by its storage, or by an [account]. \
                pg_stat_ssl says of each whether it is encrypted.",
        source: "PostgreSQL, pg_stat_ssl; the scenario's encrypted",
        timing: false,
    },
    CheckInfo {
        id: "ACC-1",
        title: "Vault's own PostgreSQL account has exactly the promised attributes",
        shown: "The account in pg_roles after set-up, attribute by attribute.",
        source: "PostgreSQL, pg_roles",
        timing: false,
    },
    CheckInfo {
        id: "RUN-2",
        title: "No role is left without a lease",
        shown: "After the drain: roles that were not there before the run, minus Vault's leases. Once more after the run's \
                token was revoked, when no role may be left at all: judged when nothing is left, or when Vault has revoked \
                nothing more for 35 s. A role whose lease Vault still lists is no orphan; where revocation has stopped, it \
                fails as what it is, and where it still goes on after 15 minutes, it is Unknown. A group that creation \
                statements create and credentials share (no LOGIN, no password, no VALID UNTIL) is no credential: the \
                scenario allows it by name (`creates`), and each other one is one finding.",
        source: "the scenario's orphans",
        timing: false,
    },
    CheckInfo {
        id: "RUN-7",
        title: "No role is left without a lease from before the run",
        shown: "The roles that are there before the first credential is asked for and that match a username pattern: the \
                promised one, the one that follows from the connection's username_template, or the engine's own. Each is \
                paired with a lease of its Vault role by VALID UNTIL, which lies 5 s after the lease's end, and by the \
                time in its name; those that find none count. A name that matches proves nothing: a person may have it.",
        source: "the scenario's orphans_before",
        timing: false,
    },
    CheckInfo {
        id: "INV-1",
        title: "A credential is usable within the promised time",
        shown: "From each issue's answer to the start of the first login that worked: at most usable_within. Reported as a distribution; a credential that no login worked with is in it with the time for which it was tried.",
        source: "the scenario's usable_within",
        timing: true,
    },
    CheckInfo {
        id: "INV-2",
        title: "No acknowledged credential is lost before its end",
        shown: "Each look at pg_roles that began after an issue's answer and ended before its revocation began or its lease ended shows the role, and no renewal between the two is answered with PostgreSQL's 42704 (the role does not exist).",
        source: "the meaning of a lease",
        timing: false,
    },
    CheckInfo {
        id: "INV-3",
        title: "At every look, each generated role belongs to a lease or to a request under way",
        shown: "Each role that appears during the run has an acknowledged lease, an issue under way while it was looked at, or an issue without an answer. Groups that credentials share are left to RUN-2.",
        source: "the scenario's orphans",
        timing: false,
    },
    CheckInfo {
        id: "INV-4",
        title: "VALID UNTIL never ends before the lease, nor more than 5 seconds after it",
        shown: "Each reading of rolvaliduntil against the lease's end that was in force, within the clocks' uncertainty and the request's own length.",
        source: "Vault, sdk/database/dbplugin/v5: 5 s are added to the lease's end",
        timing: false,
    },
    CheckInfo {
        id: "INV-5",
        title: "No login is refused before the lease ends",
        shown: "Each login of a credential that ended before its lease and before its revocation began.",
        source: "the meaning of a lease",
        timing: false,
    },
    CheckInfo {
        id: "INV-6a",
        title: "No new login after a revocation was acknowledged, nor after expiry plus dead_within",
        shown: "A login that is tried with each revoked and each expired credential has to be refused by PostgreSQL. At a \
                standby that does not replay before its primary acknowledges (any replication but remote_apply), a \
                revocation counts from dead_within after its answer.",
        source: "the scenario's dead_within",
        timing: false,
    },
    CheckInfo {
        id: "INV-6b",
        title: "Open sessions fare as declared when their credential ends",
        shown: "Sessions that were opened before their credential's end and kept, each asked after it and looked for in pg_stat_activity by OID (a dropped role's session has no name there). `survive`: the connection stays, whatever its queries answer (42501 for tables, once the role is dropped). `die`: dead_within after the end no session of the role is left and none answers a query.",
        source: "the scenario's sessions_after_revoke; PostgreSQL: neither DROP ROLE nor VALID UNTIL ends a session",
        timing: false,
    },
    CheckInfo {
        id: "INV-7",
        title: "No renewal goes past the maximum TTL",
        shown: "Each acknowledged renewal: its end lies at most max_ttl after the issue.",
        source: "Vault, framework.CalculateTTL",
        timing: false,
    },
    CheckInfo {
        id: "INV-8",
        title: "No lease becomes irrevocable",
        shown: "Each look at sys/leases?type=irrevocable during the run: Vault marks a lease so after six failed revocations, or at once where the error says so, and then never tries again by itself.",
        source: "Vault, vault/expiration.go",
        timing: false,
    },
    CheckInfo {
        id: "INV-9",
        title: "A renewal leaves a credential's privileges as they were at its issue",
        shown: "Each credential's privileges read after a renewal against the first ones read before it. Whether those are the promised ones is GRA-1's to say. Objects that were made after set-up are left out. A reading that may fall into the credential's end is not judged.",
        source: "Vault, plugins/database/postgresql: a renewal alters VALID UNTIL and nothing else unless renew_statements say so",
        timing: false,
    },
    CheckInfo {
        id: "INV-10",
        title: "Every acknowledged credential is accounted for",
        shown: "issued = revoked + expired + live + being retried + indeterminate, each counted from what was seen; \
                what is in none of them is a finding.",
        source: "conservation",
        timing: false,
    },
    CheckInfo {
        id: "INV-11",
        title: "A role that is gone leaves nothing in pg_shdepend",
        shown: "Each look at pg_shdepend, in one snapshot with pg_roles: a row of a role that is no longer there stays for ever, and no revocation \
                removes it. Where credentials ended and not one of their roles is gone, that is a failure too.",
        source: "PostgreSQL, catalog pg_shdepend",
        timing: false,
    },
    CheckInfo {
        id: "FLT-1",
        title: "After each fault credentials are issued again, within recovers_within",
        shown: "Each fault began and was healed, and a credential that was asked for after the healing was acknowledged \
                at most recovers_within after it. Operations that overlap with the \
                time from a fault's beginning until recovers_within after its healing are not judged where they had no \
                answer or one of expect_errors, nor what standbys know; looks that could not be made in that time blind no check.",
        source: "the scenario's promise",
        timing: true,
    },
    CheckInfo {
        id: "FLT-2",
        title: "After each fault every standby follows the primary again",
        shown: "Each fault on a cluster whose standbys replicate as an account of the scenario's own (`replicate_as`): after its \
                healing every standby streams from the primary with that account and the password that it knows. A standby \
                that cannot is left as it is, with the server's own words.",
        source: "PostgreSQL, primary_conninfo; pg_stat_replication",
        timing: false,
    },
    CheckInfo {
        id: "DNS-1",
        title: "The DNS server answers as promised, but for the time that a change of credentials may take",
        shown: "Every question to the live PowerDNS: its response code, judged and not that a process lives. Another one than \
                `answers`, or none within `timeout`, is told and not judged from a rendering of the configuration until \
                `cycle_within` after it; outside of that it is a failure.",
        source: "PowerDNS: a backend whose user was dropped answers SERVFAIL while the process lives on",
        timing: true,
    },
    CheckInfo {
        id: "DNS-2",
        title: "Each new credential is taken into use, and the old one is let go",
        shown: "Each rendering: cycle_within after it sessions of its user are in pg_stat_activity, and those of the users \
                rendered before are gone. By user name, and by OID once the role is dropped. A rendering that another one \
                follows sooner is not judged.",
        source: "PowerDNS reads its settings once at start; PostgreSQL: DROP ROLE ends no session",
        timing: true,
    },
    CheckInfo {
        id: "DNS-3",
        title: "Records can be made and taken away on the live credential",
        shown: "Each change of the zone through PowerDNS's HTTP interface, outside the windows that a rendering opens: it is \
                acknowledged (HTTP 204), and a question for the record shows it.",
        source: "PowerDNS, pdns/ws-auth.cc: PATCH of a zone deletes and inserts in one transaction",
        timing: false,
    },
    CheckInfo {
        id: "DNS-4",
        title: "The agent's policy allows nothing but its credentials",
        shown: "Requests with the agent's token on other paths, those of `forbidden` and what lies beside its own: each has to be \
                refused with 403.",
        source: "Vault, vault/request_handling.go",
        timing: false,
    },
    CheckInfo {
        id: "THR-1",
        title: "A declared threshold holds",
        shown: "The metric over the run against its limit, over everything that was due: a request without an answer counts at \
                what was waited, and at the client's time-out at least; so does a dropped arrival, as an issue. Where a figure \
                falls among those it is only known to be larger (`> 10 s`): a bound below that fails, and whether a bound \
                above it holds is Unknown. Without samples it is Unknown.",
        source: "the scenario's [[threshold]]",
        timing: true,
    },
    CheckInfo {
        id: "KNO-1",
        title: "What is declared as known is still there",
        shown: "Each [[known]] entry has to match a failure; one that no longer does has to be taken out of the scenario.",
        source: "the scenario's [[known]]",
        timing: false,
    },
];

/// The id of a check in the catalogue, e.g. `GRA-1` or `INV-6a`. Ids are ordered as the catalogue is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct CheckId(u8);

/// A text that is no check's id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("there is no check `{given}`{}", nearest.map(|id| format!("; did you mean `{id}`?")).unwrap_or_default())]
pub struct UnknownCheck {
    /// What was given.
    pub given: String,
    /// The nearest id there is, where one is near.
    pub nearest: Option<&'static str>,
}

impl CheckId {
    /// The check of that id.
    ///
    /// # Panics
    /// Where the catalogue has none: for ids written in code. Ids from outside are parsed.
    pub fn of(id: &str) -> Self {
        Self::find(|info| info.id == id).expect("an id written in code is in the catalogue")
    }

    /// The id as text.
    pub fn as_str(self) -> &'static str {
        self.info().id
    }

    /// What the catalogue says of it.
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
    fn a_slip_is_told_the_nearest_id() {
        let error = "GRA-l".parse::<CheckId>().unwrap_err();
        assert_eq!(error.to_string(), "there is no check `GRA-l`; did you mean `GRA-1`?");
    }
}
