//! What `[attached]` needs on this machine, and what of the scenario cannot be used there: found without any server.

use std::time::SystemTime;

use leaseproof_domain::Origin;
use leaseproof_postgres::{Encryption, EncryptionFiles};
use leaseproof_scenario::{AttachedInput, AttachedPlan, Plan, SecretSource};
use leaseproof_vault::{Client, Reach};

use super::certificates::{Holds, problem};
use super::login::reach;
use super::{REQUEST, made, query, secrets};
use crate::placeholders::Placeholders;

/// What is wrong with the files and environment variables of `[attached]`, each with its line. All of them are read, and
/// each key is checked against its certificate.
pub fn unusable_inputs(attached: &AttachedPlan) -> Vec<String> {
    let now = SystemTime::now();
    let unusable = |input: &AttachedInput| {
        let AttachedInput { key, source, origin } = input;
        let why = match source {
            SecretSource::File(path) => {
                let why = match key.rsplit('.').next() {
                    Some("ca") => problem(path, Holds::Authorities, now)?,
                    Some("cert") => problem(path, Holds::Certificate, now)?,
                    Some("key") => problem(path, Holds::Key, now)?,
                    _ => secrets::text(source, is_word(key)).err()?,
                };
                format!("cannot use {}: {why}", path.display())
            }
            SecretSource::Variable(name) => {
                let why = secrets::text(source, is_word(key)).err()?;
                format!("cannot use the environment variable {name}: {why}")
            }
        };
        Some(format!("{origin}: {key}: {why}"))
    };
    let found: Vec<String> = attached.inputs.iter().filter_map(unusable).collect();
    if found.is_empty() { unfit(attached) } else { found }
}

/// Whether a key's secret is sent in a header or a path: a token, the ids of AppRole.
fn is_word(key: &str) -> bool {
    ["token_", "role_id_", "secret_id_"]
        .iter()
        .any(|of| key.rsplit('.').next().is_some_and(|name| name.starts_with(of)))
}

/// Files that are well formed each and do not go together, and an address that no request can be sent to.
fn unfit(attached: &AttachedPlan) -> Vec<String> {
    let line = |table: &str| -> &Origin {
        let of =
            |input: &&AttachedInput| ["cert", "ca"].iter().any(|key| input.key == format!("attached.{table}.{key}"));
        attached.inputs.iter().rfind(of).map_or(&attached.origin, |input| &input.origin)
    };
    let vault = Client::reaching(&reach(attached, REQUEST)).err();
    let vault = vault.map(|why| format!("{}: attached.vault: {why}", line("vault")));
    let clusters = attached.postgres.iter().filter_map(|(name, said)| {
        let files = said.encryption.as_ref()?;
        let files = EncryptionFiles { root: files.ca.clone(), client: files.client.clone() };
        let why = Encryption::new(files).err()?;
        let table = format!("postgres.{name}");
        Some(format!("{}: attached.{table}: {why}", line(&table)))
    });
    vault.into_iter().chain(clusters).collect()
}

/// Queries and setup steps that a run does not do in an environment that is not leaseproof's, each with its line.
pub fn not_done_there(plan: &Plan) -> Vec<String> {
    let queries = plan.lifecycles.iter().filter_map(|lifecycle| {
        let why = query::rolled_back(&lifecycle.query).err()?;
        let origin = &lifecycle.origin;
        Some(format!(
            "{origin}: `query` of lifecycle {} is not run in an attached environment: {why}. Allowed are SELECT, INSERT, \
             UPDATE, DELETE, MERGE, EXPLAIN, SHOW and SET, in a transaction that leaseproof rolls back",
            lifecycle.name
        ))
    });
    let setup = plan.attached.as_ref().filter(|attached| attached.ours).and_then(|attached| {
        let placeholders = placeholders(attached)?;
        made::all(plan, &placeholders).err().map(|why| why.to_string())
    });
    queries.chain(setup).collect()
}

/// What the scenario's texts say of the servers.
fn placeholders(attached: &AttachedPlan) -> Option<Placeholders> {
    let address = &attached.vault.address;
    let reach = Reach { address: address.clone(), timeout: REQUEST, encryption: None, namespace: None };
    let (host, port) = Client::reaching(&reach).ok()?.place();
    let clusters = attached.postgres.iter().map(|(name, at)| (name.as_str(), at.endpoints.as_slice()));
    Some(Placeholders::of_attached(address, (&host, port), clusters))
}
