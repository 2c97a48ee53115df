use std::path::PathBuf;

use leaseproof_scenario::Plan;

use crate::Environment;
use crate::launch::tls::CertificateFiles;

impl Environment {
    /// What a shell needs to work with the environment: VAULT_ADDR and VAULT_TOKEN (root's), and PGHOST, PGPORT, PGUSER,
    /// PGPASSWORD, PGDATABASE for the first promised role's cluster and database; where they speak TLS, VAULT_CACERT,
    /// and PGSSLMODE and PGSSLROOTCERT. It holds secrets.
    pub fn exports(&self) -> Vec<(String, String)> {
        let database = self.main.as_ref().map_or("postgres", |(_, database)| database.as_str());
        self.environment_of(database)
    }

    pub(crate) fn environment_of(&self, database: &str) -> Vec<(String, String)> {
        let mut all =
            vec![("VAULT_ADDR", self.vault.address.clone()), ("VAULT_TOKEN", self.vault.token.expose().to_owned())];
        if let Some(certificate_files) = &self.vault.certificate_files {
            all.push(("VAULT_CACERT", certificate_files.ca.to_string_lossy().into_owned()));
        }
        if let Some(cluster) = self.main.as_ref().and_then(|(name, _)| self.clusters.get(name)) {
            all.extend([
                ("PGHOST", "127.0.0.1".to_owned()),
                ("PGPORT", cluster.write_port().to_string()),
                ("PGUSER", cluster.superuser.clone()),
                ("PGPASSWORD", cluster.password.expose().to_owned()),
                ("PGDATABASE", database.to_owned()),
            ]);
            all.extend(cluster.primary().certificate_files.iter().flat_map(CertificateFiles::libpq));
        }
        all.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
    }

    /// Folders that come first in the PATH of a setup's scripts: this Vault and this PostgreSQL.
    pub(crate) fn programs(&self) -> Vec<PathBuf> {
        let main = self.main.as_ref().and_then(|(name, _)| self.clusters.get(name));
        [self.folder.path().join("bin")]
            .into_iter()
            .chain(main.map(|cluster| cluster.primary().bin.clone()))
            // What is in an image is in no folder here: scripts use this machine's own.
            .filter(|folder| !folder.as_os_str().is_empty())
            .collect()
    }
}

/// The first promised role's cluster and database; without roles `target`, or else the first cluster.
pub(crate) fn main_database(plan: &Plan) -> Option<(String, String)> {
    let promised = plan.roles.iter().find(|role| plan.postgres.contains_key(&role.on));
    let any = || plan.postgres.keys().find(|name| *name == "target").or(plan.postgres.keys().next());
    promised
        .map(|role| (role.on.clone(), role.database.clone()))
        .or_else(|| any().map(|name| (name.clone(), "postgres".to_owned())))
}
