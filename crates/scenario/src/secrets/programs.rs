//! Programs that take a secret on their command line: which option has it, or which operand is one.

use Place::{Apart, Behind, From, Glued, Login, May, Operand, Source, Value};

/// Programs with the same options.
#[derive(Debug)]
pub(super) struct Program {
    /// Their names; one that ends with `*` stands for all that begin so.
    pub(super) names: &'static [&'static str],
    /// Words or options of which one has to be there: `login`, `token lookup`, `-b`. None where they always take a secret.
    pub(super) when: &'static [&'static str],
    /// Options with a value, which is no operand.
    pub(super) takes: &'static [&'static str],
    /// Where the secrets are.
    pub(super) secrets: &'static [Place],
}

/// Where a secret is on a command line.
#[derive(Clone, Copy, Debug)]
pub(super) enum Place {
    /// `-P S`, `-PS`, `-rP S`, `--pass S`, `--pass=S`.
    Value(&'static str),
    /// The same, where other things are said so too.
    May(&'static str),
    /// `-k S` only, where `-key` is an option too.
    Apart(&'static str),
    /// `-pS` only: `-p` alone asks for it.
    Glued(&'static str),
    /// What stands behind a sign in an option's value: `-u ada:S`. Behind `=` it may be one.
    Behind(&'static str, char),
    /// An option's value that says where the secret comes from: `pass:S`, but also `file:…`.
    Source(&'static str),
    /// An operand, from 0 behind the words of `when`.
    Operand(usize),
    /// That operand and all later ones: one of them may be it.
    From(usize),
    /// An operand such as `ada/S@db`.
    Login,
}

const fn program(names: &'static [&'static str], secrets: &'static [Place]) -> Program {
    Program { names, when: &[], takes: &[], secrets }
}

impl Program {
    const fn when(mut self, words: &'static [&'static str]) -> Self {
        self.when = words;
        self
    }

    const fn takes(mut self, options: &'static [&'static str]) -> Self {
        self.takes = options;
        self
    }
}

/// What they are.
pub(super) static PROGRAMS: &[Program] = &[
    // Keys and certificates.
    program(
        &["keytool", "jarsigner"],
        &[
            Value("-storepass"),
            Value("-keypass"),
            Value("-srcstorepass"),
            Value("-deststorepass"),
            Value("-srckeypass"),
            Value("-destkeypass"),
            Value("-new"),
        ],
    ),
    program(&["apksigner"], &[Source("--ks-pass"), Source("--key-pass")]),
    program(
        &["openssl"],
        &[
            Source("-passin"),
            Source("-passout"),
            Source("-pass"),
            Source("-password"),
            Source("-passcerts"),
            Apart("-k"),
            Apart("-K"),
            Value("-psk"),
            Value("-hmac"),
            Value("-macopt"),
        ],
    ),
    program(&["openssl"], &[Operand(0)]).when(&["passwd"]).takes(&["-salt", "-in"]),
    program(&["gpg", "gpg2"], &[Value("--passphrase")]),
    program(&["pk12util"], &[Value("-K"), Value("-W")]),
    program(&["ssh-keygen"], &[Value("-N"), Value("-P")]),
    program(&["pkcs11-tool", "pkcs15-tool"], &[Value("-p"), Value("--pin"), Value("--so-pin"), Value("--new-pin")]),
    program(&["qpdf"], &[From(0)]).when(&["--encrypt"]),
    // Archives.
    program(&["zip", "unzip", "zipnote", "funzip"], &[Value("-P"), Value("--password")]),
    program(&["7z", "7za", "7zr", "7zz", "rar", "unrar"], &[Glued("-p"), Glued("-hp")]),
    // Password files.
    program(&["htpasswd"], &[Operand(1)]).when(&["-n"]).takes(&["-C", "-r"]),
    program(&["htpasswd"], &[Operand(2)]).when(&["-b"]).takes(&["-C", "-r"]),
    program(&["mkpasswd", "pg_md5", "pg_enc", "argon2"], &[Operand(0)])
        .takes(&["-m", "-S", "-R", "--method", "--salt", "--rounds", "-u"]),
    program(&["slappasswd"], &[Value("-s")]),
    program(&["caddy"], &[Value("--plaintext"), Value("-p")]).when(&["hash-password"]),
    program(&["useradd", "usermod"], &[Value("-p"), Value("--password")]),
    program(&["wpa_passphrase", "radtest"], &[Operand(1)]),
    program(&["net"], &[Operand(1)]).when(&["user"]),
    program(&["net"], &[From(1)]).when(&["use"]),
    program(&["nmcli"], &[Operand(0)]).when(&["password"]),
    // HTTP.
    program(
        &["curl"],
        &[
            Behind("-u", ':'),
            Behind("--user", ':'),
            Behind("-U", ':'),
            Behind("--proxy-user", ':'),
            Behind("-E", ':'),
            Behind("--cert", ':'),
            Behind("--proxy-cert", ':'),
            Value("--pass"),
            Value("--proxy-pass"),
            Value("--oauth2-bearer"),
            Value("--tlspassword"),
            Value("--proxy-tlspassword"),
            Behind("-b", '='),
            Behind("--cookie", '='),
        ],
    ),
    program(
        &["wget", "aria2c"],
        &[
            Value("--password"),
            Value("--http-password"),
            Value("--http-passwd"),
            Value("--ftp-password"),
            Value("--proxy-password"),
            Behind("--user", ':'),
            Behind("-u", ':'),
        ],
    ),
    program(&["http", "https", "xh", "xhs"], &[Behind("-a", ':'), Behind("--auth", ':'), Value("--cert-key-pass")]),
    // Databases.
    program(
        &["mysql*", "mariadb*", "mariabackup", "xtrabackup", "innobackupex", "pt-*"],
        &[Glued("-p"), Value("--password"), Value("--encrypt-key")],
    ),
    program(&["mydumper", "myloader"], &[Value("-p"), Value("--password")]),
    program(
        &["redis-cli", "redis-benchmark", "valkey-cli", "valkey-benchmark", "keydb-cli"],
        &[Value("-a"), Value("--pass")],
    ),
    program(&["redis-server", "valkey-server"], &[Value("--requirepass"), Value("--masterauth")]),
    program(
        &["mongo", "mongosh", "mongodump", "mongorestore", "mongoexport", "mongoimport", "mongostat", "mongotop"],
        &[Value("-p"), Value("--password"), Value("--sslPEMKeyPassword"), Value("--tlsCertificateKeyFilePassword")],
    ),
    program(&["sqlcmd", "mssql-cli", "bcp", "tsql", "sqsh", "osql"], &[Value("-P")]),
    program(&["sqlplus", "sqlldr", "expdp", "impdp", "rman"], &[Login]),
    program(&["isql", "iusql"], &[Operand(2)]),
    program(
        &[
            "cqlsh",
            "cypher-shell",
            "cbq",
            "couchbase-cli",
            "cbimport",
            "cbexport",
            "rabbitmqadmin",
            "clickhouse-client",
        ],
        &[Value("-p"), Value("--password")],
    ),
    program(&["clickhouse"], &[Value("--password")]),
    program(&["influx"], &[Value("-password"), Value("--password"), Value("-p"), Value("-t"), Value("--token")]),
    program(&["rabbitmqctl"], &[Operand(1)]).when(&["add_user", "change_password", "authenticate_user"]),
    program(&["neo4j-admin"], &[Operand(0)]).when(&["set-initial-password"]),
    program(&["etcdctl"], &[Behind("--user", ':'), Value("--password")]),
    program(&["mc", "mcli"], &[From(2)]).when(&["alias set", "config host add", "user add"]),
    // Directories, Kerberos, Windows shares.
    program(&["ldap*", "dsconf", "dsidm"], &[Value("-w")]),
    program(&["ldappasswd"], &[Value("-s"), Value("-a")]),
    program(&["kadmin", "kadmin.local", "ktutil"], &[Value("-w"), Value("-pw"), Value("-P")]),
    program(
        &["smbclient", "smbget", "smbcacls", "smbtree", "rpcclient", "winexe", "net", "wmic", "samba-tool"],
        &[Behind("-U", '%'), Behind("--user", '%'), Value("--password"), Value("--pw-nt-hash"), Value("--newpassword")],
    ),
    program(&["smbclient"], &[Operand(1)]).takes(&["-U", "-c", "-W", "-I", "-p", "-D", "-A", "-m", "-d"]),
    program(&["samba-tool"], &[Operand(1)]).when(&["user create", "user add"]),
    // Other machines.
    program(&["sshpass"], &[Value("-p")]),
    program(&["plink", "pscp", "psftp", "putty", "kitty"], &[Value("-pw")]),
    program(&["lftp"], &[Behind("-u", ','), Value("--password")]),
    program(
        &["ncftp", "ncftpput", "ncftpget", "ncftpls", "evil-winrm", "nxc", "netexec", "crackmapexec"],
        &[Value("-p")],
    ),
    program(&["xfreerdp", "wlfreerdp", "mstsc"], &[Glued("/p:")]),
    program(&["rdesktop", "racadm"], &[Value("-p")]),
    program(&["ipmitool"], &[Value("-P"), Value("-K")]),
    program(&["snmp*"], &[Value("-A"), Value("-X"), May("-c")]),
    program(&["swaks"], &[Value("-ap"), Value("--auth-password")]),
    program(&["sendemail", "sendEmail"], &[Value("-xp")]),
    program(&["knife"], &[Value("-P"), Value("--ssh-password")]),
    // Registries and clouds.
    program(
        &[
            "docker", "podman", "nerdctl", "buildah", "skopeo", "helm", "oras", "crane", "regctl", "oc", "az", "cf",
            "fly", "argocd",
        ],
        &[Value("-p"), Value("--password"), Value("--token"), Value("--identity-token")],
    )
    .when(&["login"]),
    program(
        &["podman", "buildah", "skopeo"],
        &[Behind("--creds", ':'), Behind("--src-creds", ':'), Behind("--dest-creds", ':')],
    ),
    program(
        &["aws"],
        &[Value("--secret-string"), Value("--master-user-password"), Value("--password"), Value("--auth-token")],
    ),
    program(&["aws"], &[May("--value")]).when(&["put-parameter"]),
    program(&["rclone"], &[Operand(0)]).when(&["obscure"]),
    program(&["twine"], &[Value("-p"), Value("--password")]),
    program(&["cargo"], &[Operand(0)]).when(&["login"]).takes(&["--registry"]),
    program(&["nuget", "dotnet"], &[Value("-k"), Value("--api-key"), Value("-ApiKey")]),
    program(&["nuget"], &[Operand(0)]).when(&["setapikey"]),
    program(&["ngrok"], &[Operand(0)]).when(&["authtoken", "add-authtoken"]),
    program(&["tailscale"], &[Value("--authkey"), Value("--auth-key")]),
    program(&["kubectl", "oc"], &[Behind("--from-literal", '=')]),
    program(&["jenkins-cli", "java"], &[Behind("-auth", ':')]),
    program(&["grafana-cli", "grafana"], &[Operand(0)]).when(&["reset-admin-password"]),
    program(&["bw"], &[Operand(0)]).when(&["unlock"]),
    program(&["ansible-vault"], &[Operand(0)]).when(&["encrypt_string"]).takes(&[
        "--name",
        "-n",
        "--vault-id",
        "--vault-password-file",
    ]),
    // Vault.
    program(&["vault", "bao"], &[Operand(0)])
        .when(&[
            "login",
            "unwrap",
            "operator unseal",
            "operator rekey",
            "operator rotate-keys",
            "token lookup",
            "token renew",
            "token revoke",
            "token capabilities",
        ])
        .takes(&[
            "-namespace",
            "-ns",
            "-address",
            "-path",
            "-method",
            "-format",
            "-field",
            "-increment",
            "-nonce",
            "-mount",
        ]),
    program(&["vault", "bao"], &[Value("-otp"), Value("-decode"), Operand(0)])
        .when(&["generate-root"])
        .takes(&["-nonce", "-pgp-key"]),
];
