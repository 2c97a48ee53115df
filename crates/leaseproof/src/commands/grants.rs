use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;
use leaseproof_checker::{Deviation, privilege_diff};
use leaseproof_domain::{Object, PrivilegeSet, Secret, Username, visible};
use leaseproof_postgres::{Login, Observer, Removal};
use leaseproof_report::{GRANTS_SCHEMA, RoleGrants, grants_json, grants_table};
use leaseproof_scenario::RolePromise;
use postgres_protocol::escape::escape_identifier;

use crate::console;
use crate::exit::Exit;
use crate::failure::{Ended, Failure};
use crate::overrides::Overrides;

/// The timeout of a login and of each query.
const TIMEOUT: Duration = Duration::from_secs(30);

/// Show everything that a PostgreSQL role can do, and why
///
/// Reads the catalogs of any reachable server, and changes nothing: privileges on all kinds of objects, held directly,
/// through groups, as owner or through PUBLIC; memberships, attributes, settings, default privileges, row security,
/// and ways around the ACLs. The account must be able to read the whole catalog, for example a superuser. The password
/// comes from PGPASSWORD or the file PGPASSFILE, as in libpq.
///
/// The connection is unencrypted by default, or encrypted and verified with `?sslmode=verify-full&sslrootcert=FILE` in
/// the URL (`sslcert` and `sslkey` if the server requires a certificate).
///
/// With `--against`, only deviations from a scenario's promise are printed. Ends with 0 if there are none, 1 if there
/// are some, 5 if the server cannot be read.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples: leaseproof grants --help",
    after_long_help = "Examples:\n  leaseproof grants app --server postgres://postgres@127.0.0.1:5432\n  \
                       leaseproof grants v-token-app-x1 --server postgres://postgres@db:5432 --database shop --json\n  \
                       leaseproof grants app --server 'postgres://postgres@db:5432/shop?sslmode=verify-full&sslrootcert=ca.pem'\n  \
                       leaseproof grants app --server postgres://postgres@db:5432 --against scenarios/powerdns --as powerdns-role"
)]
pub(crate) struct GrantsArgs {
    /// The PostgreSQL role
    role: String,
    /// The server and the account: postgres://USER@HOST:PORT/DATABASE
    #[arg(long, value_name = "URL")]
    server: String,
    /// The environment variable with the password
    #[arg(long, value_name = "VARIABLE", default_value = "PGPASSWORD")]
    password_from_env: String,
    /// Reads this database; can be repeated. Default: all that accept connections
    #[arg(long, value_name = "NAME")]
    database: Vec<String>,
    /// Prints JSON (docs/grants.schema.json)
    #[arg(long, conflicts_with = "against")]
    json: bool,
    /// Prints the SQL that removes the role and keeps what it owns, for the account of the URL, and changes nothing
    #[arg(long, conflicts_with_all = ["json", "against", "database"])]
    removal: bool,
    /// Prints only deviations from this scenario's promise
    #[arg(long, value_name = "SCENARIO")]
    against: Option<PathBuf>,
    /// The Vault role of the promise; required if the scenario promises more than one
    #[arg(long = "as", value_name = "VAULT_ROLE", requires = "against")]
    promised_as: Option<String>,
}

pub(crate) fn grants(args: &GrantsArgs) -> Ended {
    let promise = match &args.against {
        Some(scenario) => Some(promise(scenario, args.promised_as.as_deref())?),
        None => None,
    };
    let login = login(args)?;
    if args.removal {
        return removal(&args.role, &login);
    }
    let server = format!("{}:{}", login.host, login.port);
    let read = super::runtime()?.block_on(read(args, login, promise.as_ref()))?;
    if let Some(promise) = promise {
        return Ok(tell(&args.role, &promise, &read));
    }
    let grants = RoleGrants { schema: GRANTS_SCHEMA.into(), role: args.role.clone(), server, databases: read.sets };
    if args.json {
        console::json(grants_json(&grants));
    } else {
        console::out(grants_table(&grants));
    }
    Ok(Exit::Passed)
}

/// Prints what removes the role, as a script for psql.
fn removal(role: &str, login: &Login) -> Ended {
    let server = login.endpoint();
    let found = super::runtime()?.block_on(Removal::of(login, role));
    let found = found.map_err(|error| Failure::environment(format!("{server} cannot be read: {error}")))?;
    let removal = found.ok_or_else(|| Failure::usage(format!("there is no role {role} on {server}")))?;
    console::out(removal_script(&removal));
    Ok(Exit::Passed)
}

/// The catalog that was read.
struct Read {
    sets: Vec<PrivilegeSet>,
    /// The objects of the promised database.
    objects: BTreeSet<Object>,
}

async fn read(args: &GrantsArgs, login: Login, promise: Option<&RolePromise>) -> Result<Read, Failure> {
    let server = login.endpoint();
    let failed = |error| Failure::environment(format!("{server} cannot be read: {error}"));
    let observer = Observer::connect(login).await.map_err(failed)?;
    let role = observer.role(&Username::new(args.role.as_str())).await.map_err(failed)?;
    let Some(role) = role else {
        return Err(Failure::usage(format!("there is no role {} on {server}", args.role)));
    };
    let databases = observer.databases().await.map_err(failed)?;
    if let Some(unknown) = args.database.iter().find(|name| !databases.contains(name)) {
        let there = databases.join(", ");
        return Err(Failure::usage(format!("there is no database {unknown} on {server}; there are {there}")));
    }
    let mut read = Read { sets: Vec::new(), objects: BTreeSet::new() };
    for name in if args.database.is_empty() { &databases } else { &args.database } {
        let observer = observer.in_database(name);
        let failed = |error| Failure::environment(format!("database {name} on {server} cannot be read: {error}"));
        if promise.is_some_and(|promise| promise.database == *name) {
            read.objects = observer.objects().await.map_err(failed)?.into_iter().collect();
        }
        let set = observer.privileges(&[role.oid]).await.map_err(failed)?.remove(&role.oid);
        let gone = || Failure::environment(format!("the role {} was dropped while it was read", args.role));
        read.sets.push(set.ok_or_else(gone)?);
    }
    // Entries of the shared catalog about another database, which have OIDs only, were read there by name.
    let names: Vec<String> = read.sets.iter().map(|set| format!(" in database {}", set.database)).collect();
    let read_there =
        |line: &String| names.iter().any(|name| line.ends_with(name) || line.contains(&format!("{name},")));
    for set in &mut read.sets {
        set.beyond.retain(|line| !read_there(line));
    }
    if let Some(promise) = promise.filter(|promise| read.sets.iter().all(|set| set.database != promise.database)) {
        let lacking = format!("the promise is about database {}, which was not read on {server}", promise.database);
        return Err(Failure::usage(lacking));
    }
    Ok(read)
}

/// Prints every deviation once, although the role's own ones are the same in each database.
fn tell(role: &str, promise: &RolePromise, read: &Read) -> Exit {
    let all = read.sets.iter().flat_map(|set| privilege_diff(promise, &read.objects, set));
    let deviations: BTreeSet<Deviation> = all.collect();
    for Deviation { what, origin, .. } in &deviations {
        let line = origin.as_ref().map(|origin| format!("  ({}:{})", origin.file, origin.line)).unwrap_or_default();
        console::out(format!("{}\n", visible(&format!("{role} {what}{line}"))));
    }
    if deviations.is_empty() {
        console::note(format!("{role} has exactly the privileges that are promised for {}", promise.name));
        return Exit::Passed;
    }
    Exit::Failed
}

fn promise(scenario: &Path, promised_as: Option<&str>) -> Result<RolePromise, Failure> {
    let plan = super::load(scenario, &Overrides::default())?;
    let names = plan.roles.iter().map(|role| role.name.as_str()).collect::<Vec<_>>().join(", ");
    let named = |name: &str| {
        let no_such = || Failure::usage(format!("the scenario has no promise for the role {name}; it has {names}"));
        plan.roles.iter().find(|role| role.name == name).ok_or_else(no_such)
    };
    let promise = match (promised_as, plan.roles.as_slice()) {
        (Some(name), _) => named(name)?,
        (None, [only]) => only,
        (None, []) => return Err(Failure::usage("the scenario has no promise for any role")),
        (None, _) => return Err(Failure::usage(format!("several roles are promised; choose one with --as: {names}"))),
    };
    if promise.grants.is_none() {
        return Err(Failure::usage(format!("the scenario's promise for {} has no `grants`", promise.name)));
    }
    Ok(promise.clone())
}

fn login(args: &GrantsArgs) -> Result<Login, Failure> {
    let mut login = Login::from_url(&args.server, "leaseproof grants", TIMEOUT)
        .map_err(|error| Failure::usage(format!("--server cannot be used: {error}")))?;
    if login.password.is_none() {
        login.password = std::env::var(&args.password_from_env).ok().map(Secret::new).or_else(|| passfile(&login));
    }
    Ok(login)
}

/// The password in the first matching line, as in libpq: `host:port:database:user:password`, `*` matches any value.
fn passfile(login: &Login) -> Option<Secret> {
    let home = || Some(PathBuf::from(std::env::var_os("HOME")?).join(".pgpass"));
    let file = std::env::var_os("PGPASSFILE").map(PathBuf::from).or_else(home)?;
    let text = leaseproof_files::read_text(&file, leaseproof_files::SECRET).ok()?;
    let port = login.port.to_string();
    let wanted = [login.host.as_str(), &port, &login.database, &login.user];
    text.lines().filter(|line| !line.starts_with('#')).find_map(|line| {
        let fields = fields(line);
        let [host, port, database, user, password] = fields.as_slice() else { return None };
        let fit =
            [host, port, database, user].into_iter().zip(wanted).all(|(said, wanted)| said == "*" || said == wanted);
        fit.then(|| Secret::new(password.as_str()))
    })
}

/// The fields between colons; a backslash escapes the next character.
fn fields(line: &str) -> Vec<String> {
    let mut fields = vec![String::new()];
    let mut signs = line.chars();
    while let Some(sign) = signs.next() {
        let last = fields.last_mut();
        match (sign, last) {
            (':', _) => fields.push(String::new()),
            ('\\', Some(field)) => field.extend(signs.next()),
            (sign, Some(field)) => field.push(sign),
            (_, None) => {}
        }
    }
    fields
}

fn removal_script(removal: &Removal) -> String {
    let mut text = format!("-- Run it as {}.\n", visible(&removal.account));
    for obstacle in &removal.obstacles {
        let _ = writeln!(text, "-- {}", visible(obstacle));
    }
    for step in &removal.steps {
        let _ = writeln!(text, "\\connect {}", escape_identifier(&step.database));
        for statement in &step.statements {
            let _ = writeln!(text, "{statement};");
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::fields;

    #[test]
    fn a_line_of_passwords_is_read_as_libpq_reads_it() {
        assert_eq!(fields(r"h:5432:*:ada:p\:a\\ss"), ["h", "5432", "*", "ada", r"p:a\ss"]);
    }
}
