//! Keys of an environment that already stands.

use crate::shape::{Is, Shape, key};

pub(super) static ATTACHED: Shape = Shape {
    name: "[attached]",
    says: "An environment that is already running: its addresses and the harness's accounts. Used with `--environment attached`.",
    keys: &[
        key(
            "setup",
            Is::Word(&["theirs", "ours"]),
            "Whose setup the promises are about. `theirs`, the default: mounts, roles and policies already exist, the `[[setup]]` steps are not run. `ours`: the steps are run if nothing that they create exists, and are undone afterwards.",
        ),
        key(
            "quiet",
            Is::Flag,
            "Whether nobody else requests credentials of the promised roles during the run. Only then does everything that is left over belong to the run, so only then are RUN-2, INV-3 and INV-11 checked. Default false.",
        ),
        key("vault", Is::Table(&VAULT), VAULT.says).needed(),
        key("postgres", Is::Named(&POSTGRES), POSTGRES.says).needed(),
    ],
};

static VAULT: Shape = Shape {
    name: "[attached.vault]",
    says: "The running Vault.",
    keys: &[
        key("address", Is::Text, "Its address, `https://vault.example:8200`.").needed(),
        key("ca", Is::Text, "File (PEM) with the certificate authorities for its certificate; required with https."),
        key("cert", Is::Text, "File (PEM) with the client certificate, if it requires one; needs `key`."),
        key("key", Is::Text, "File (PEM) with that certificate's key."),
        key(
            "namespace",
            Is::Text,
            "The namespace of all paths. Only for a Vault that has namespaces (Vault Enterprise, HCP Vault).",
        ),
        key("auth", Is::Table(&AUTH), AUTH.says).needed(),
    ],
};

static AUTH: Shape = Shape {
    name: "`auth`",
    says: "How the harness authenticates to Vault. Its token is renewed during the run.",
    keys: &[
        key("method", Is::Word(&["token", "approle", "userpass"]), "The auth method.").needed(),
        key("mount", Is::Text, "The auth method's path. Default: its name."),
        key("token_file", Is::Text, "For `token`: the file with the token."),
        key("token_env", Is::Text, "For `token`: the environment variable with the token, `VAULT_TOKEN`."),
        key("role_id_file", Is::Text, "For `approle`: the file with the role id."),
        key("secret_id_file", Is::Text, "For `approle`: the file with the secret id."),
        key("user", Is::Text, "For `userpass`: the username."),
        key("password_file", Is::Text, "For `userpass`: the file with the password."),
        key("password_env", Is::Text, "For `userpass`: the environment variable with the password."),
    ],
};

static POSTGRES: Shape = Shape {
    name: "[attached.postgres.<cluster>]",
    says: "A running PostgreSQL cluster, with the name of its [postgres.<cluster>].",
    keys: &[
        key(
            "observer",
            Is::Text,
            "The account that the harness observes with, and the server: `postgres://leaseproof@db.example:5432/postgres`, without a password.",
        )
        .needed(),
        key("password_file", Is::Text, "The file with the observer's password."),
        key("password_env", Is::Text, "The environment variable with that password."),
        key("operator", Is::Text, "The PostgreSQL user that runs the SQL steps, with `setup = \"ours\"`."),
        key("operator_password_file", Is::Text, "The file with the operator's password."),
        key("operator_password_env", Is::Text, "The environment variable with that password."),
        key(
            "endpoints",
            Is::Texts(&Is::Text),
            "Where the credentials log in, as `host:port`; the write endpoint first. Default: the observer's.",
        ),
        key(
            "sslmode",
            Is::Word(&["verify-full", "disable"]),
            "Whether logins (also those of the credentials) are encrypted and the server's certificate is verified. Default `verify-full`.",
        ),
        key("ca", Is::Text, "File (PEM) with the certificate authorities for the server's certificate; required with `verify-full`."),
        key("cert", Is::Text, "File (PEM) with the observer's client certificate; needs `key`."),
        key("key", Is::Text, "File (PEM) with that certificate's key."),
    ],
};
