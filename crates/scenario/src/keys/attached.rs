//! Keys of an estate that already stands.

use crate::shape::{Is, Shape, key};

pub(super) static ATTACHED: Shape = Shape {
    name: "[attached]",
    says: "An estate that already stands: where it is, and as whom the harness works there. Used with `--estate attached`.",
    keys: &[
        key(
            "setup",
            Is::Word(&["theirs", "ours"]),
            "Whose set-up the promises are about. `theirs`, the default: mounts, roles and policies are there already, the `[[setup]]` steps are not done. `ours`: they are done where nothing of it is there, and taken away afterwards.",
        ),
        key(
            "quiet",
            Is::Flag,
            "Whether nobody else takes credentials of the promised roles meanwhile. Only then whatever is left over is the run's (RUN-2, INV-3, INV-11). Default false.",
        ),
        key("vault", Is::Table(&VAULT), VAULT.says).needed(),
        key("postgres", Is::Named(&POSTGRES), POSTGRES.says).needed(),
    ],
};

static VAULT: Shape = Shape {
    name: "[attached.vault]",
    says: "The Vault that stands.",
    keys: &[
        key("address", Is::Text, "Its address, `https://vault.example:8200`.").needed(),
        key("ca", Is::Text, "File (PEM) with the authorities that vouch for it; needed with https."),
        key("cert", Is::Text, "File (PEM) with the client certificate, where it asks for one; goes with `key`."),
        key("key", Is::Text, "File (PEM) with that certificate's key."),
        key("namespace", Is::Text, "The namespace that every path is below."),
        key("auth", Is::Table(&AUTH), AUTH.says).needed(),
    ],
};

static AUTH: Shape = Shape {
    name: "`auth`",
    says: "As whom the harness speaks to Vault. Its token is renewed while a run lasts.",
    keys: &[
        key("method", Is::Word(&["token", "approle", "userpass"]), "How it logs in.").needed(),
        key("mount", Is::Text, "The auth method's path. Default: its name."),
        key("token_file", Is::Text, "Of `token`: the file that holds it."),
        key("token_env", Is::Text, "Of `token`: the environment variable that holds it, `VAULT_TOKEN`."),
        key("role_id_file", Is::Text, "Of `approle`: the file that holds the role's id."),
        key("secret_id_file", Is::Text, "Of `approle`: the file that holds the secret id."),
        key("user", Is::Text, "Of `userpass`: the name."),
        key("password_file", Is::Text, "Of `userpass`: the file that holds the password."),
        key("password_env", Is::Text, "Of `userpass`: the environment variable that holds it."),
    ],
};

static POSTGRES: Shape = Shape {
    name: "[attached.postgres.<cluster>]",
    says: "A PostgreSQL cluster that stands, by the name of its [postgres.<cluster>].",
    keys: &[
        key(
            "observer",
            Is::Text,
            "As whom the harness looks on, and where: `postgres://leaseproof@db.example:5432/postgres`, without a password.",
        )
        .needed(),
        key("password_file", Is::Text, "The file that holds the observer's password."),
        key("password_env", Is::Text, "The environment variable that holds it."),
        key("operator", Is::Text, "The PostgreSQL user that SQL steps are done as, with `setup = \"ours\"`."),
        key("operator_password_file", Is::Text, "The file that holds the operator's password."),
        key("operator_password_env", Is::Text, "The environment variable that holds it."),
        key(
            "endpoints",
            Is::Texts(&Is::Text),
            "Where the credentials log in, as `host:port`, where writes go first. Default: the observer's.",
        ),
        key(
            "sslmode",
            Is::Word(&["verify-full", "disable"]),
            "Whether logins, the credentials' too, are encrypted and the server made sure of. Default `verify-full`.",
        ),
        key("ca", Is::Text, "File (PEM) with the authorities that vouch for the server; needed with `verify-full`."),
        key("cert", Is::Text, "File (PEM) with the observer's client certificate; goes with `key`."),
        key("key", Is::Text, "File (PEM) with that certificate's key."),
    ],
};
