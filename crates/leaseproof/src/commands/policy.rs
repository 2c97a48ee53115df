use std::path::PathBuf;

use clap::{Args, ValueEnum};
use leaseproof_environment::{GRANTS, client_rights, harness_needs};
use leaseproof_scenario::{AttachedPlan, Plan};
use postgres_protocol::escape::escape_identifier;

use crate::console;
use crate::exit::Exit;
use crate::failure::{Ended, Failure};
use crate::overrides::Overrides;

/// Print the least rights that the harness's own accounts need
///
/// For an environment that is already running: the Vault policy of the harness's own token, and the PostgreSQL account
/// of the observer, as statements for the operators. A run checks the rights of the token and of the observer before it
/// starts.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples: leaseproof policy --help",
    after_long_help = "Examples:\n  leaseproof policy --for attached my-environment\n  \
                             leaseproof policy --for attached my-environment --part vault | vault policy write leaseproof -\n  \
                             leaseproof policy --for attached my-environment --part postgres | psql -d postgres"
)]
pub(crate) struct PolicyArgs {
    /// The scenario: its folder, or its scenario.toml
    path: PathBuf,
    /// The environment that the rights are for
    #[arg(long = "for", value_enum, value_name = "ENVIRONMENT")]
    environment: For,
    /// Prints only this part
    #[arg(long, value_enum)]
    part: Option<Part>,
    #[command(flatten)]
    overrides: Overrides,
}

/// The environment of the accounts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum For {
    /// An environment that is already running
    Attached,
}

/// The server that the rights are for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Part {
    /// The policy, in HCL
    Vault,
    /// The statements, in SQL
    Postgres,
}

pub(crate) fn policy(args: &PolicyArgs) -> Ended {
    let plan = super::load(&args.path, &args.overrides)?;
    let For::Attached = args.environment;
    let Some(attached) = &plan.attached else {
        return Err(Failure::usage(format!(
            "the scenario {} has no [attached]: add the addresses of Vault and PostgreSQL there",
            plan.name
        )));
    };
    let not_done = leaseproof_environment::not_done_there(&plan);
    if !not_done.is_empty() {
        return Err(Failure::usage(format!("{}\nno rights make that run possible", not_done.join("\n"))));
    }
    if args.part != Some(Part::Postgres) {
        console::out(vault(&plan));
    }
    if args.part.is_none() {
        console::out("\n");
    }
    if args.part != Some(Part::Vault) {
        console::out(postgres(&plan, attached));
    }
    Ok(Exit::Passed)
}

fn vault(plan: &Plan) -> String {
    let client: Vec<String> = plan.client.policies.iter().map(|policy| format!("`{policy}`")).collect();
    let needs: String = harness_needs(plan).iter().map(|need| format!("{need}\n")).collect();
    let rights: String = client_rights(plan).iter().map(|need| format!("# {need}\n")).collect();
    format!(
        "# Vault: the policy of the harness's own token. It does not need the `default` policy.\n\
         # Give that token the policies of the credentials' client too, {}: Vault never lets a token create another token with more rights than its own.\n{needs}\
         # Those policies must allow:\n{rights}",
        client.join(", ")
    )
}

fn postgres(plan: &Plan, attached: &AttachedPlan) -> String {
    let mut text = String::new();
    for (name, cluster) in &attached.postgres {
        let observer = escape_identifier(&cluster.observer);
        text.push_str(&format!(
            "-- postgres.{name}: the observer's account. Set its password or certificate yourself.\n\
             CREATE ROLE {observer} LOGIN;\n"
        ));
        for grant in GRANTS {
            text.push_str(&format!("GRANT {grant} TO {observer};\n"));
        }
        if let Some(operator) = cluster.operator.as_deref().filter(|_| attached.ours).map(escape_identifier) {
            text.push_str(&format!(
                "-- The account that does the setup, and removes it even if clients are connected.\n\
                 CREATE ROLE {operator} LOGIN CREATEDB CREATEROLE;\nGRANT pg_signal_backend TO {operator};\n"
            ));
        }
        let mut databases: Vec<&str> = vec![&cluster.database];
        databases.extend(plan.roles.iter().filter(|role| role.on == *name).map(|role| role.database.as_str()));
        databases.sort_unstable();
        databases.dedup();
        text.push_str(
            "-- The same for every other database of the cluster in which PUBLIC has no CONNECT privilege.\n",
        );
        // A database that the setup creates does not exist yet; PUBLIC may connect to it by default.
        for database in databases.into_iter().filter(|database| !attached.ours || *database == cluster.database) {
            text.push_str(&format!("GRANT CONNECT ON DATABASE {} TO {observer};\n", escape_identifier(database)));
        }
    }
    text
}
