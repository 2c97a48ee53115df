//! A throw-away Vault, initialised and unsealed, in a private folder; it ends with its value, also in a panic.

use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use leaseproof_vault::Client;
use tempfile::TempDir;

use crate::ports::free_port;

pub struct Vault {
    pub client: Client,
    folder: TempDir,
    server: Child,
}

impl Vault {
    /// A Vault that answers, and is neither initialised nor unsealed.
    pub async fn start() -> Self {
        Self::listening("tls_disable = true", |port| {
            Client::new(&format!("http://127.0.0.1:{port}"), Duration::from_secs(20)).unwrap()
        })
        .await
    }

    /// The same, with these lines in its listener's stanza, and reached by what `client` makes of its port.
    pub async fn listening(lines: &str, client: impl Fn(u16) -> Client) -> Self {
        for _ in 0..5 {
            let mut vault = Self::begun(lines, &client);
            if vault.answers().await {
                return vault;
            }
        }
        panic!("Vault did not start");
    }

    /// The same, before it answers anybody.
    pub fn begun(lines: &str, client: impl Fn(u16) -> Client) -> Self {
        let folder = tempfile::Builder::new().prefix("lpv-").tempdir().unwrap();
        let (port, cluster) = (free_port(), free_port());
        let config = folder.path().join("vault.hcl");
        let client = client(port);
        let text = format!(
            "disable_mlock = true\napi_addr = \"{}\"\nstorage \"inmem\" {{}}\n\
                 listener \"tcp\" {{\n  address = \"127.0.0.1:{port}\"\n  cluster_address = \"127.0.0.1:{cluster}\"\n  \
                 {lines}\n}}\n",
            client.address()
        );
        std::fs::write(&config, text).unwrap();
        let mut command = Command::new(program());
        command.args(["server", "-config"]).arg(&config).env("HOME", folder.path()).current_dir(folder.path());
        let server = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        Self { client, folder, server }
    }

    /// A Vault that is active, its client speaking with the root token.
    pub async fn open() -> Self {
        Self::start().await.opened().await
    }

    /// Initialised, unsealed and active, its client speaking with the root token.
    pub async fn opened(self) -> Self {
        let mut vault = self;
        let made = vault.client.initialise().await.unwrap();
        vault.client.unseal(&made.unseal_key).await.unwrap();
        let deadline = Instant::now() + Duration::from_secs(20);
        while vault.client.health().await.unwrap().standby {
            assert!(Instant::now() < deadline, "Vault did not become active");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        vault.client = vault.client.with_token(made.root_token);
        vault
    }

    /// A file of that name in its private folder.
    pub fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Its process.
    pub fn pid(&self) -> i32 {
        self.server.id().try_into().unwrap()
    }

    async fn answers(&mut self) -> bool {
        let deadline = Instant::now() + Duration::from_secs(30);
        while Instant::now() < deadline && self.server.try_wait().unwrap().is_none() {
            if self.client.health().await.is_ok() {
                return true;
            }
            tokio::time::sleep(Duration::from_millis(30)).await;
        }
        false
    }
}

impl Drop for Vault {
    fn drop(&mut self) {
        let _gone_already = self.server.kill();
        let _gone_already = self.server.wait();
    }
}

fn program() -> PathBuf {
    let named = std::env::var_os("VAULT_BIN").map(PathBuf::from);
    let path = std::env::var_os("PATH").unwrap_or_default();
    let in_path = std::env::split_paths(&path).map(|folder| folder.join("vault"));
    let home = || std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".cache"));
    let cache = std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from).or_else(home);
    let cached = cache.map(|cache| cache.join("leaseproof/servers/vault-1.21.0/vault"));
    let found = named.into_iter().chain(in_path).chain(cached).find(|program| program.is_file());
    found.expect("Vault is needed: set VAULT_BIN, put `vault` on the PATH, or build it into the server cache")
}
