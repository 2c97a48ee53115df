//! What `[attached]` needs on this machine, and what of the scenario cannot be used there: found without any server.

use leaseproof_scenario::{AttachedInput, AttachedPlan, Plan, SecretSource};
use leaseproof_vault::{Client, Reach};

use super::{REQUEST, made, query};
use crate::placeholders::Placeholders;

/// The files and environment variables of `[attached]` that cannot be read, each with its line.
pub fn missing_inputs(attached: &AttachedPlan) -> Vec<String> {
    let missing = |input: &AttachedInput| {
        let AttachedInput { key, source, origin } = input;
        let why = match source {
            SecretSource::File(path) => {
                let why = match leaseproof_files::open(path).and_then(|file| file.metadata()) {
                    Ok(there) if there.len() > 0 => return None,
                    Ok(_) => "the file is empty".to_owned(),
                    Err(why) => why.to_string(),
                };
                format!("cannot read {}: {why}", path.display())
            }
            SecretSource::Variable(name) => match std::env::var(name) {
                Ok(text) if !text.trim().is_empty() => return None,
                Ok(_) => format!("the environment variable {name} is empty"),
                Err(_) => format!("the environment variable {name} is not set"),
            },
        };
        Some(format!("{origin}: {key}: {why}"))
    };
    attached.inputs.iter().filter_map(missing).collect()
}

/// Queries and set-up steps that a run does not do in an environment that is not leaseproof's, each with its line.
pub fn not_done_there(plan: &Plan) -> Vec<String> {
    let queries = plan.lives.iter().filter_map(|life| {
        let why = query::rolled_back(&life.query).err()?;
        let origin = &life.origin;
        Some(format!(
            "{origin}: `query` of lifecycle {} is not run in an attached environment: {why}. Allowed are SELECT, INSERT, \
             UPDATE, DELETE, MERGE, EXPLAIN, SHOW and SET, in a transaction that leaseproof rolls back",
            life.name
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
