//! What the harness's own accounts have to be allowed, and no more: the one source of what is checked before a run and
//! of what `leaseproof policy` prints.

use std::fmt;

use leaseproof_postgres::Observer;
use leaseproof_scenario::{Plan, SetupAction};
use leaseproof_vault::{Client, OwnToken};
use postgres_protocol::escape::escape_identifier;

use super::AttachError;

/// One rule of the harness's own Vault policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Need {
    /// The path, as a policy has it.
    pub path: String,
    /// The capabilities.
    pub capabilities: &'static [&'static str],
    /// What for.
    pub why: &'static str,
    /// Whether a run goes on without it, and tells less.
    pub optional: bool,
}

impl fmt::Display for Need {
    /// The rule of a policy, in HCL.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { path, capabilities, why, .. } = self;
        write!(f, "path \"{path}\" {{ capabilities = {capabilities:?} }} # {why}")
    }
}

impl Need {
    /// What of it a token with those capabilities lacks; none where it lacks nothing.
    fn lacks(&self, held: &[String]) -> Option<String> {
        let has = |wanted: &&str| held.iter().any(|held| held == wanted || held == "root");
        if self.capabilities.iter().all(has) {
            return None;
        }
        // Vault says `deny` where no rule is about the path.
        let got: Vec<&str> = held.iter().map(String::as_str).filter(|held| *held != "deny").collect();
        let got = if got.is_empty() { "none".to_owned() } else { got.join(", ") };
        Some(format!("  path \"{}\": expected {}, got {got} ({})", self.path, self.capabilities.join(", "), self.why))
    }
}

/// What the observer's PostgreSQL account needs beyond LOGIN: it reads the catalog as everybody may, and other accounts'
/// sessions as this role may.
pub const GRANTS: &[&str] = &["pg_read_all_stats"];

const LOOKUP_SELF: &str = "auth/token/lookup-self";
const CAPABILITIES_SELF: &str = "sys/capabilities-self";
/// What Vault says of a token that it does not have (vault/request_handling.go).
const INVALID: &str = "invalid token";
const TOKEN_CREATE: &str = "auth/token/create";
const OTHERS: &str = "to tell which roles from before the run may have a lease of another Vault role (optional)";

/// What the harness's own Vault token needs for a run of that plan. Its policies have to hold the client's too: Vault
/// lets a token make none that may more than itself.
pub fn harness_needs(plan: &Plan) -> Vec<Need> {
    let need = |path: &str, capabilities, why| Need { path: path.to_owned(), capabilities, why, optional: false };
    let mut needs = vec![
        need(LOOKUP_SELF, &["read"], "to find out how long its own token is valid"),
        need("auth/token/renew-self", &["update"], "to keep it alive while a run lasts"),
        need("auth/token/revoke-self", &["update"], "to log out"),
        need(CAPABILITIES_SELF, &["update"], "to find out beforehand whether these rules are in force"),
        need(TOKEN_CREATE, &["update"], "to make the run's own token, under which credentials are issued"),
        need("auth/token/revoke-accessor", &["update"], "to revoke that token, and with it whatever is left"),
        need("sys/leases", &["read", "sudo"], "to see leases become irrevocable"),
        Need {
            optional: true,
            ..need("sys/leases/lookup", &["update"], "to tell which roles from before the run have a lease (optional)")
        },
        Need { optional: true, ..need("sys/leases/lookup/*", &["list", "sudo"], OTHERS) },
        Need { optional: true, ..need("sys/metrics", &["read"], "to report gauges of Vault's telemetry (optional)") },
    ];
    for role in &plan.roles {
        let path = format!("sys/leases/lookup/{}/", role.creds_path());
        needs.push(need(&path, &["list", "sudo"], "to see the leases of a promised role"));
    }
    if plan.attached.as_ref().is_some_and(|attached| attached.ours) {
        needs.extend(set_up(plan));
    } else {
        needs.push(Need { optional: true, ..need("sys/mounts", &["read"], "to list all database engines (optional)") });
    }
    needs
}

/// What the setup needs, where it is leaseproof's.
fn set_up(plan: &Plan) -> Vec<Need> {
    let need = |path: String, capabilities, why| Need { path, capabilities, why, optional: false };
    let mut needs = vec![need("sys/mounts".to_owned(), &["read"] as &[_], "to see which mounts are there")];
    let policy = |name: &str| {
        let all: &[&str] = &["create", "read", "update", "delete"];
        need(format!("sys/policies/acl/{name}"), all, "to write a policy of the setup's, and to take it away")
    };
    for step in &plan.setup {
        match &step.action {
            SetupAction::Enable { path, .. } => {
                let path = format!("sys/mounts/{}", path.trim_matches('/'));
                needs.push(need(
                    path,
                    &["create", "update", "delete"],
                    "to make a mount of the setup's, and to take it away",
                ));
            }
            SetupAction::Policy { name, .. } => needs.push(policy(name)),
            SetupAction::Write { path, .. } => needs.push(match path.strip_prefix("sys/policies/acl/") {
                Some(name) => policy(name),
                None => need(path.clone(), &["create", "update"], "to write what the setup writes"),
            }),
            _ => {}
        }
    }
    needs
}

/// What the client's own policies have to allow, so that its lifecycles can be lived.
pub fn client_rights(plan: &Plan) -> Vec<Need> {
    let need = |path: String, capabilities, why| Need { path, capabilities, why, optional: false };
    let issues = plan.roles.iter().map(|role| need(role.creds_path(), &["read"], "to request credentials"));
    let leases = [
        need("sys/leases/renew".to_owned(), &["update"] as &[_], "to renew them"),
        need("sys/leases/revoke".to_owned(), &["update"], "to revoke them"),
    ];
    issues.chain(leases).collect()
}

/// Finds out which of them the token lacks.
pub(super) async fn lacking(vault: &Client, plan: &Plan, own: &OwnToken) -> Result<(), AttachError> {
    // With sudo there, Vault does not compare the policies with the token's own (vault/token_store.go, isSudo).
    let mut may_give_any = own.policies.iter().any(|policy| policy == "root");
    let (mut missing, mut rules) = (Vec::new(), Vec::new());
    for need in harness_needs(plan).into_iter().filter(|need| !need.optional) {
        let held = match vault.capabilities(&need.path).await {
            Ok(held) => held,
            Err(why) => {
                return Err(refused(vault, plan, CAPABILITIES_SELF, "say what leaseproof's own token may do", why));
            }
        };
        may_give_any |= need.path == TOKEN_CREATE && held.iter().any(|held| held == "sudo");
        if let Some(lacks) = need.lacks(&held) {
            missing.push(lacks);
            rules.push(need.to_string());
        }
    }
    for policy in plan.client.policies.iter().filter(|policy| !may_give_any && !own.policies.contains(policy)) {
        missing.push(format!(
            "  it lacks the policy `{policy}` of [client], got {}: a token cannot create another one with a policy that it \
             lacks. Give it that policy too",
            own.policies.join(", ")
        ));
    }
    if missing.is_empty() { Ok(()) } else { Err(AttachError::Lacking { missing, rules }) }
}

/// What Vault says of the harness's own token.
pub(super) async fn own_token(vault: &Client, plan: &Plan) -> Result<OwnToken, AttachError> {
    let own = vault.own_token().await;
    own.map_err(|why| refused(vault, plan, LOOKUP_SELF, "say what leaseproof's own token is", why))
}

/// Why a request to a path failed without which nobody can say which rights the token lacks: all of them are named then.
fn refused(
    vault: &Client,
    plan: &Plan,
    path: &str,
    doing: &'static str,
    source: leaseproof_vault::Error,
) -> AttachError {
    // A token that Vault does not have is refused with the same status.
    if source.status() != Some(403) || source.to_string().contains(INVALID) {
        return AttachError::Vault { address: vault.address().to_owned(), doing, source };
    }
    let needs = harness_needs(plan);
    let of_path = needs.iter().find(|need| need.path == path);
    let missing = of_path.and_then(|need| need.lacks(&[])).into_iter().chain([
        "  leaseproof cannot find out which other rights it lacks without that one: these are all that it needs"
            .to_owned(),
    ]);
    AttachError::Lacking { missing: missing.collect(), rules: needs.iter().map(ToString::to_string).collect() }
}

/// Refuses an observer that lacks one of [`GRANTS`]: PostgreSQL hides from it when other accounts' sessions began, and
/// whether they are encrypted, and every session would seem to be closed.
pub(super) async fn observer(cluster: &str, user: &str, observer: &Observer) -> Result<(), AttachError> {
    let failed = |source| AttachError::Postgres { cluster: cluster.to_owned(), source };
    let mut missing = Vec::new();
    for role in GRANTS {
        if !observer.has_privileges_of(role).await.map_err(failed)? {
            missing.push(format!("  GRANT {role} TO {};", escape_identifier(user)));
        }
    }
    if missing.is_empty() { Ok(()) } else { Err(AttachError::Blind { cluster: cluster.to_owned(), missing }) }
}
