use leaseproof_domain::Secret;
use serde_json::{Value, json};

use crate::{Answer, Client, Error};

/// What initialising a Vault gives, once.
#[derive(Clone, Debug)]
pub struct Initialised {
    /// The one share of the unseal key, in base64.
    pub unseal_key: Secret,
    /// The root token.
    pub root_token: Secret,
}

/// A secrets engine that is mounted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mount {
    /// The type of its secrets engine, e.g. `database`.
    pub engine: String,
    /// Its accessor: Vault gives each mount another one.
    pub accessor: String,
    /// Its text for people.
    pub description: String,
}

impl Mount {
    fn of(mount: &Value) -> Self {
        let text = |key: &str| mount[key].as_str().unwrap_or_default().to_owned();
        Self { engine: text("type"), accessor: text("accessor"), description: text("description") }
    }
}

impl Client {
    /// Initialises a new Vault, with a key of one share.
    ///
    /// # Errors
    /// [`Error::Answer`] (400 where it is initialised already), [`Error::NoAnswer`], [`Error::Unreadable`].
    pub async fn initialise(&self) -> Result<Initialised, Error> {
        let answer = self.write("sys/init", &json!({ "secret_shares": 1, "secret_threshold": 1 })).await?;
        Ok(Initialised {
            unseal_key: Secret::new(answer.text("/keys_base64/0")?),
            root_token: Secret::new(answer.text("/root_token")?),
        })
    }

    /// Unseals it with its one share. It becomes active a moment later, see [`Client::health`].
    ///
    /// # Errors
    /// [`Error::Answer`] where the key is not its own, [`Error::NoAnswer`]; [`Error::Unreadable`] where it is still
    /// sealed.
    pub async fn unseal(&self, key: &Secret) -> Result<(), Error> {
        let answer = self.write("sys/unseal", &json!({ "key": key.expose() })).await?;
        if answer.flag("/sealed")? {
            return Err(Error::unreadable(answer.status, "it is still sealed after its one key share"));
        }
        Ok(())
    }

    /// Turns on a file audit device, `file/`, that writes to `path` on Vault's machine.
    ///
    /// # Errors
    /// [`Error::Answer`] where it is on already or cannot write there, [`Error::NoAnswer`], [`Error::Unreadable`].
    pub async fn enable_file_audit(&self, path: &str) -> Result<(), Error> {
        let device = json!({ "type": "file", "options": { "file_path": path } });
        self.write("sys/audit/file", &device).await.map(drop)
    }

    /// The audit devices that are on, by path, e.g. `file/`. Needs `sudo` on `sys/audit`.
    ///
    /// # Errors
    /// [`Error::Answer`], [`Error::NoAnswer`], [`Error::Unreadable`].
    pub async fn audit_devices(&self) -> Result<Vec<String>, Error> {
        let answer = self.read("sys/audit").await?;
        let devices = answer.value("/data")?.as_object();
        let devices = devices.ok_or_else(|| Error::unreadable(answer.status, "`/data` is no object"))?;
        Ok(devices.keys().cloned().collect())
    }

    /// Mounts a secrets engine of that type at `path`, e.g. `database` at `database`.
    ///
    /// # Errors
    /// [`Error::Answer`] where the path is in use or the type unknown, [`Error::NoAnswer`], [`Error::Unreadable`].
    pub async fn enable_engine(&self, path: &str, engine: &str) -> Result<Answer, Error> {
        let path = path.trim_matches('/');
        self.write(&format!("sys/mounts/{path}"), &json!({ "type": engine })).await
    }

    /// Unmounts the secrets engine at `path`. Vault revokes the mount's leases before it answers (vault/mount.go).
    ///
    /// # Errors
    /// [`Error::Answer`] where a lease cannot be revoked, [`Error::NoAnswer`], [`Error::Unreadable`].
    pub async fn disable_engine(&self, path: &str) -> Result<Answer, Error> {
        self.delete(&format!("sys/mounts/{}", path.trim_matches('/'))).await
    }

    /// Mounts one as [`Client::enable_engine`] does, with a text for people, which is there as soon as the mount is.
    ///
    /// # Errors
    /// As [`Client::enable_engine`].
    pub async fn enable_described_engine(&self, path: &str, engine: &str, description: &str) -> Result<(), Error> {
        let mount = json!({ "type": engine, "description": description });
        self.write(&format!("sys/mounts/{}", path.trim_matches('/')), &mount).await.map(drop)
    }

    /// The mount at `path`; none where nothing is mounted there.
    ///
    /// # Errors
    /// [`Error::Answer`], [`Error::NoAnswer`], [`Error::Unreadable`].
    pub async fn mount(&self, path: &str) -> Result<Option<Mount>, Error> {
        let answer = self.read("sys/mounts").await?;
        let Some(mount) = answer.body["data"].get(format!("{}/", path.trim_matches('/'))) else { return Ok(None) };
        Ok(Some(Mount::of(mount)))
    }

    /// All mounts, by their paths without the slash at their end.
    ///
    /// # Errors
    /// As [`Client::mount`].
    pub async fn mounts(&self) -> Result<Vec<(String, Mount)>, Error> {
        let answer = self.read("sys/mounts").await?;
        let mounts = answer.value("/data")?.as_object();
        let mounts = mounts.ok_or_else(|| Error::unreadable(answer.status, "`/data` is no object"))?;
        Ok(mounts.iter().map(|(path, mount)| (path.trim_matches('/').to_owned(), Mount::of(mount))).collect())
    }

    /// The rules of a policy; none where there is no such policy.
    ///
    /// # Errors
    /// [`Error::Answer`], [`Error::NoAnswer`], [`Error::Unreadable`].
    pub async fn policy(&self, name: &str) -> Result<Option<String>, Error> {
        match self.read(&format!("sys/policies/acl/{name}")).await {
            Ok(answer) => Ok(Some(answer.text("/data/policy")?.to_owned())),
            Err(Error::Answer { status: 404, .. }) => Ok(None),
            Err(why) => Err(why),
        }
    }

    /// Writes a policy, in Vault's policy language.
    ///
    /// # Errors
    /// [`Error::Answer`] where the rules cannot be parsed, [`Error::NoAnswer`], [`Error::Unreadable`].
    pub async fn write_policy(&self, name: &str, rules: &str) -> Result<Answer, Error> {
        self.write(&format!("sys/policies/acl/{name}"), &json!({ "policy": rules })).await
    }
}
