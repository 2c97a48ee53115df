use std::path::PathBuf;

use clap::{Args, ValueEnum};
use leaseproof_estate::{GRANTS, Need, client_rights, harness_needs};
use leaseproof_scenario::{AttachedPlan, Plan};

use crate::arguments::Overrides;
use crate::console;
use crate::exit::Exit;
use crate::failure::{Ended, Failure};

/// Print the least rights that the harness's own accounts need
///
/// For an estate that already stands: the Vault policy of the harness's own token, and the PostgreSQL account that looks
/// on, as statements for their operators. A run finds out beforehand whether they are in force.
#[derive(Debug, Args)]
#[command(after_long_help = "Examples:\n  leaseproof policy --for attached my-estate\n  \
                             leaseproof policy --for attached my-estate --part vault | vault policy write leaseproof -\n  \
                             leaseproof policy --for attached my-estate --part postgres | psql -d postgres")]
pub(crate) struct PolicyArgs {
    /// The scenario: its folder, or its scenario.toml
    path: PathBuf,
    /// The estate that the rights are for
    #[arg(long = "for", value_enum)]
    estate: For,
    /// Prints this part only
    #[arg(long, value_enum)]
    part: Option<Part>,
    #[command(flatten)]
    overrides: Overrides,
}

/// Whose accounts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum For {
    /// An estate that already stands
    Attached,
}

/// Which server's rights.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Part {
    /// The policy, in HCL
    Vault,
    /// The statements, in SQL
    Postgres,
}

pub(crate) fn policy(args: &PolicyArgs) -> Ended {
    let plan = super::load(&args.path, &args.overrides)?;
    let For::Attached = args.estate;
    let Some(attached) = &plan.attached else {
        return Err(Failure::usage(format!("the scenario {} has no [attached]: it does not say where", plan.name)));
    };
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
    let needs: String = harness_needs(plan).iter().map(rule).collect();
    let rights: String = client_rights(plan).iter().map(|need| format!("# {}", rule(need))).collect();
    format!(
        "# Vault: the policy of the harness's own token. It needs nothing of the `default` policy.\n\
         # Give that token the policies of the credentials' client too, {}: Vault lets it make none that may more.\n{needs}\
         # What those have to allow:\n{rights}",
        client.join(", ")
    )
}

fn rule(need: &Need) -> String {
    let Need { path, capabilities, why, .. } = need;
    format!("path \"{path}\" {{ capabilities = {capabilities:?} }} # {why}\n")
}

fn postgres(plan: &Plan, attached: &AttachedPlan) -> String {
    let mut text = String::new();
    for (name, cluster) in &attached.postgres {
        let observer = quoted(&cluster.observer);
        text.push_str(&format!(
            "-- postgres.{name}: the account that looks on. Its password, or its certificate, is yours to give.\n\
             CREATE ROLE {observer} LOGIN;\n"
        ));
        for grant in GRANTS {
            text.push_str(&format!("GRANT {grant} TO {observer};\n"));
        }
        if let Some(operator) = cluster.operator.as_deref().filter(|_| attached.ours).map(quoted) {
            text.push_str(&format!(
                "-- The account that does the set-up, and takes it away whoever is connected.\n\
                 CREATE ROLE {operator} LOGIN CREATEDB CREATEROLE;\nGRANT pg_signal_backend TO {operator};\n"
            ));
        }
        let mut databases: Vec<&str> = vec![&cluster.database];
        databases.extend(plan.roles.iter().filter(|role| role.on == *name).map(|role| role.database.as_str()));
        databases.sort_unstable();
        databases.dedup();
        text.push_str("-- And so for every other database of the cluster, where PUBLIC may not connect.\n");
        // A database of the set-up's own is not there yet, and PUBLIC may connect to it unless the set-up says otherwise.
        for database in databases.into_iter().filter(|database| !attached.ours || *database == cluster.database) {
            text.push_str(&format!("GRANT CONNECT ON DATABASE {} TO {observer};\n", quoted(database)));
        }
    }
    text
}

/// A name as SQL has it.
fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}
