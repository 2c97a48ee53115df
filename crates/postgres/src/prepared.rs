//! The statements that an observer prepares when it connects.

/// Every role but PostgreSQL's predefined ones and the one that observes.
const ALL: &str = include_str!("roles.sql");

/// The role of one name.
const ONE: &str = include_str!("role.sql");

/// The statements for all roles and for one. Where the account may read `pg_authid`, they tell who has a password.
pub(crate) fn roles(sees_passwords: bool) -> [String; 2] {
    [ALL, ONE].map(|sql| match sees_passwords {
        true => {
            let sql = sql.replace("NULL::boolean AS password", "rolpassword IS NOT NULL AS password");
            sql.replace("FROM pg_roles", "FROM pg_authid")
        }
        false => sql.to_owned(),
    })
}

/// The first version that has privileges on configuration parameters.
const PARAMETERS: u32 = 150_000;

/// Every fact that touches one of the roles asked for, one row each, in the words of a server of that version
/// (`server_version_num`).
pub(crate) fn privileges(version: u32) -> String {
    let parameters = if version >= PARAMETERS { include_str!("privileges/parameters.sql") } else { "" };
    [
        include_str!("privileges/roles.sql"),
        include_str!("privileges/objects.sql"),
        parameters,
        include_str!("privileges/entries.sql"),
        include_str!("privileges/facts.sql"),
    ]
    .concat()
}
