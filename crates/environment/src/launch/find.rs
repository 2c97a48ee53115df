use std::env;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use crate::EnvironmentError;
use crate::launch::identity::Identity;
use crate::launch::program::{PostgresPrograms, Program, Sought, major_of, postgres_identity, vault_identity};

/// The source of a program that leaseproof's own scripts built.
const CACHE: &str = "leaseproof's cache";
/// The variable that may name the folder of PostgreSQL's programs.
const PG_BIN_DIR: &str = "PG_BIN_DIR";

pub(crate) const GET_VAULT: &str = "ci/servers/vault/build, or name one by VAULT_BIN=/path/to/vault";

/// Where this machine may have servers: read from the environment once, so that a test can say otherwise.
#[derive(Clone, Debug)]
pub(crate) struct Places {
    /// `PATH`.
    pub(crate) path: Vec<PathBuf>,
    /// `${XDG_CACHE_HOME:-~/.cache}/leaseproof/servers`.
    pub(crate) cache: PathBuf,
    /// Where Debian keeps PostgreSQL's versions.
    pub(crate) postgres: PathBuf,
    /// `VAULT_BIN`.
    pub(crate) vault_bin: Option<PathBuf>,
    /// `PG_BIN_DIR`.
    pub(crate) pg_bin_dir: Option<PathBuf>,
}

impl Places {
    /// As this process's environment says.
    pub(crate) fn here() -> Self {
        let given = |name| env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
        let cache = given("XDG_CACHE_HOME").filter(|path| path.is_absolute());
        let home = || env::home_dir().unwrap_or_else(env::temp_dir).join(".cache");
        Self {
            path: env::var_os("PATH").map(|path| env::split_paths(&path).collect()).unwrap_or_default(),
            cache: cache.unwrap_or_else(home).join("leaseproof/servers"),
            postgres: "/usr/lib/postgresql".into(),
            vault_bin: given("VAULT_BIN"),
            pg_bin_dir: given(PG_BIN_DIR),
        }
    }

    /// The Vault to run, by [`Places::find_vault`]. Another program of that name is rejected. The cache holds what
    /// ci/servers/vault built: it is not asked, because starting so large a program takes time.
    pub(crate) fn vault(&self) -> Result<Program, EnvironmentError> {
        let program = self.find_vault()?;
        if program.source == CACHE { Ok(program) } else { program.checked("Vault", vault_identity, GET_VAULT) }
    }

    /// `VAULT_BIN`, else `PATH`, else the newest in the cache.
    pub(crate) fn find_vault(&self) -> Result<Program, EnvironmentError> {
        if let Some(path) = &self.vault_bin {
            // Who names a path means that path: nothing else is taken instead.
            return runs(path).then(|| program(path, "VAULT_BIN")).ok_or_else(|| EnvironmentError::ServerMissing {
                wanted: "Vault".to_owned(),
                searched: vec![format!("VAULT_BIN={} (no such program)", path.display())],
                how_to_get: GET_VAULT.to_owned(),
            });
        }
        let cached = || versions(&self.cache, "vault-").into_iter().map(|folder| folder.join("vault"));
        self.in_path("vault").or_else(|| cached().find(|path| runs(path)).map(|path| program(&path, CACHE))).ok_or_else(
            || EnvironmentError::ServerMissing {
                wanted: "Vault".to_owned(),
                searched: vec![
                    "VAULT_BIN (not set)".to_owned(),
                    "PATH".to_owned(),
                    format!("{}/vault-*/vault", self.cache.display()),
                ],
                how_to_get: GET_VAULT.to_owned(),
            },
        )
    }

    /// A program to run, by [`Places::find`]. Another one of that name is rejected.
    pub(crate) fn named(&self, sought: &Sought) -> Result<Program, EnvironmentError> {
        self.find(sought)?.checked(sought.called, |path| sought.identity(path), &sought.how_to_get())
    }

    /// A program that one variable may name: that one, else `PATH`.
    pub(crate) fn find(&self, sought: &Sought) -> Result<Program, EnvironmentError> {
        let Sought { name, called, setting, .. } = sought;
        let given = env::var_os(setting).filter(|value| !value.is_empty()).map(PathBuf::from);
        let (searched, found) = match given {
            Some(path) if runs(&path) => (String::new(), Some(program(&path, setting))),
            Some(path) => (format!("{setting}={} (no such program)", path.display()), None),
            None => (format!("{setting} (not set)"), self.in_path(name)),
        };
        found.ok_or_else(|| EnvironmentError::ServerMissing {
            wanted: (*called).to_owned(),
            searched: vec![searched, "PATH".to_owned()],
            how_to_get: sought.how_to_get(),
        })
    }

    /// libfaketime: `FAKETIME_LIB`, else where Debian has it.
    pub(crate) fn faketime(&self) -> Result<PathBuf, EnvironmentError> {
        let given = env::var_os("FAKETIME_LIB").filter(|value| !value.is_empty()).map(PathBuf::from);
        let folders = fs::read_dir("/usr/lib").into_iter().flatten().flatten().map(|entry| entry.path());
        let debian = || folders.map(|folder| folder.join("faketime/libfaketime.so.1")).find(|path| path.is_file());
        given.filter(|path| path.is_file() && is_faketime(path)).or_else(debian).ok_or_else(|| {
            EnvironmentError::ServerMissing {
                wanted: "libfaketime, for a PostgreSQL whose clock is wrong".to_owned(),
                searched: vec!["FAKETIME_LIB".to_owned(), "/usr/lib/*/faketime/libfaketime.so.1".to_owned()],
                how_to_get: "apt-get install libfaketime".to_owned(),
            }
        })
    }

    /// The PostgreSQL of that major version: `PG_BIN_DIR`, else `PATH`, else Debian's folder, else the cache.
    pub(crate) fn postgres(&self, major: &str) -> Result<PostgresPrograms, EnvironmentError> {
        if let Some(folder) = self.pg_bin_dir.as_ref().filter(|folder| !runs(&folder.join("postgres"))) {
            // As with VAULT_BIN: who names a folder means that folder.
            return Err(EnvironmentError::ServerMissing {
                wanted: format!("PostgreSQL {major}"),
                searched: vec![format!("PG_BIN_DIR={} (no program `postgres` in it)", folder.display())],
                how_to_get: get_postgres(major),
            });
        }
        let mut found = Vec::new();
        for (bin, source) in self.postgres_folders(major) {
            let program = bin.join("postgres");
            match postgres_identity(&program) {
                // As above.
                Identity::IsNot(why) if source == PG_BIN_DIR => {
                    return Err(EnvironmentError::AnotherProgram {
                        wanted: "PostgreSQL".to_owned(),
                        program,
                        found_by: source,
                        why,
                        how_to_get: get_postgres(major),
                    });
                }
                Identity::Is(Some(version)) if major_of(&version) == major && runs(&bin.join("initdb")) => {
                    return Ok(PostgresPrograms { bin, version, source, image: None });
                }
                Identity::Is(Some(version)) => {
                    found.push(format!("PostgreSQL {version} in {} ({source})", bin.display()));
                }
                Identity::Is(None) | Identity::IsNot(_) => {}
            }
        }
        let wanted = format!("PostgreSQL {major}");
        let how_to_get = get_postgres(major);
        // What other versions there are helps whoever has to choose.
        let others = self.all_postgres().into_iter();
        found.extend(others.map(|other| format!("PostgreSQL {} in {}", other.version, other.bin.display())));
        found.sort();
        found.dedup();
        if !found.is_empty() {
            return Err(EnvironmentError::WrongVersion { wanted, found, how_to_get });
        }
        let searched = vec![
            "PG_BIN_DIR (not set)".to_owned(),
            "PATH".to_owned(),
            format!("{}/{major}/bin", self.postgres.display()),
            format!("{}/postgresql-{major}/bin", self.cache.display()),
        ];
        Err(EnvironmentError::ServerMissing { wanted, searched, how_to_get })
    }

    /// Every PostgreSQL on this machine, each version once.
    pub(crate) fn all_postgres(&self) -> Vec<PostgresPrograms> {
        let cached = versions(&self.cache, "postgresql-");
        let folders = self.postgres_folders("").into_iter().chain(
            versions(&self.postgres, "")
                .into_iter()
                .chain(cached)
                .map(|folder| (folder.join("bin"), folder.display().to_string())),
        );
        let mut all: Vec<PostgresPrograms> = Vec::new();
        for (bin, source) in folders {
            if let Identity::Is(Some(version)) = postgres_identity(&bin.join("postgres"))
                && all.iter().all(|other| other.version != version)
            {
                all.push(PostgresPrograms { bin, version, source, image: None });
            }
        }
        all
    }

    /// A program in `PATH`, or in the folders for servers that a user's `PATH` often lacks.
    pub(crate) fn in_path(&self, name: &str) -> Option<Program> {
        let servers = [PathBuf::from("/usr/sbin"), PathBuf::from("/usr/local/sbin")];
        let found = self.path.iter().chain(&servers).map(|folder| folder.join(name)).find(|path| runs(path))?;
        Some(program(&found, "PATH"))
    }

    fn postgres_folders(&self, major: &str) -> Vec<(PathBuf, String)> {
        // Through links to where the program's own libraries and other programs are.
        let real = |folder: &PathBuf| folder.join("postgres").canonicalize().ok()?.parent().map(Path::to_owned);
        let in_path = self.path.iter().find(|folder| runs(&folder.join("postgres"))).and_then(real);
        let given = self.pg_bin_dir.clone().map(|path| (path, PG_BIN_DIR.to_owned()));
        let mut folders: Vec<_> = given.into_iter().chain(in_path.map(|path| (path, "PATH".to_owned()))).collect();
        if !major.is_empty() {
            let known = self.postgres.join(major).join("bin");
            folders.push((known, self.postgres.display().to_string()));
            // The cache may be a link to where PostgreSQL's own account can reach it (ci/servers/postgresql).
            let cached = self.cache.join(format!("postgresql-{major}")).join("bin");
            folders.push((cached.canonicalize().unwrap_or(cached), CACHE.to_owned()));
        }
        folders
    }
}

/// How to get a PostgreSQL of that major version.
pub(crate) fn get_postgres(major: &str) -> String {
    let package = if major.is_empty() { "postgresql".to_owned() } else { format!("postgresql-{major}") };
    let ours = if ["14", "16", "17", "18"].contains(&major) {
        format!("ci/servers/postgresql {major}, or ")
    } else {
        String::new()
    };
    format!("{ours}apt-get install {package}, or name its folder by PG_BIN_DIR=/path/to/bin")
}

/// The folders `<folder>/<prefix><version>`, the newest version first.
fn versions(folder: &Path, prefix: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    let number = |path: &Path| -> Option<Vec<u64>> {
        let version = path.file_name()?.to_str()?.strip_prefix(prefix)?.to_owned();
        Some(version.split('.').map(|part| part.parse().unwrap_or(0)).collect())
    };
    let mut found: Vec<_> = entries.filter_map(|path| Some((number(&path)?, path))).collect();
    found.sort_by(|a, b| b.cmp(a));
    found.into_iter().map(|(_, path)| path).collect()
}

/// Whether a library is libfaketime by its name: the loader only warns of another file, and the clock would be right.
fn is_faketime(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("libfaketime"))
}

/// Whether there is a program at that path.
pub(crate) fn runs(path: &Path) -> bool {
    path.metadata().is_ok_and(|file| file.is_file() && file.permissions().mode() & 0o111 != 0)
}

fn program(path: &Path, source: &str) -> Program {
    let path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    Program { path, source: source.to_owned(), image: None }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt;
    use std::path::{Path, PathBuf};

    use super::Places;
    use crate::launch::program::HAPROXY;
    use crate::launch::program::PDNS;
    use crate::servers::keeper::PATRONI;
    use crate::servers::patroni::ETCD;
    use crate::servers::pooler::PGBOUNCER;

    fn places(root: &Path) -> Places {
        Places {
            path: vec![root.join("path")],
            cache: root.join("cache"),
            postgres: root.join("postgresql"),
            vault_bin: None,
            pg_bin_dir: None,
        }
    }

    fn script(path: PathBuf, says: &str) -> PathBuf {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, format!("#!/bin/sh\necho '{says}'\n")).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        path
    }

    #[test]
    fn vault_is_taken_from_its_setting_then_path_then_the_newest_in_the_cache() {
        let root = tempfile::tempdir().unwrap();
        let mut places = places(root.path());
        let missing = places.vault().unwrap_err().to_string();
        for part in ["VAULT_BIN", "PATH", "cache/vault-*/vault", "ci/servers/vault/build"] {
            assert!(missing.contains(part), "{missing}");
        }
        script(root.path().join("cache/vault-1.9.2/vault"), "Vault v1.9.2");
        let newest = script(root.path().join("cache/vault-1.21.0/vault"), "Vault v1.21.0");
        assert_eq!(places.vault().unwrap().path, newest);
        let in_path = script(root.path().join("path/vault"), "Vault v1.20.0");
        assert_eq!(places.vault().unwrap().path, in_path);
        let other = script(root.path().join("other"), "a password manager, version 3.1");
        places.vault_bin = Some(other.clone());
        let words = places.vault().unwrap_err().to_string();
        assert!(
            words.starts_with(&format!("{} (from VAULT_BIN) is not Vault: expected", other.display()))
                && words.contains("got \"a password manager, version 3.1\"")
                && words.contains("VAULT_BIN=/path/to/vault"),
            "{words}"
        );
        assert_eq!(places.find_vault().unwrap().path, other);
        places.vault_bin = Some(root.path().join("nowhere"));
        assert!(places.vault().unwrap_err().to_string().contains("nowhere (no such program)"));
    }

    #[test]
    fn postgresql_has_to_be_of_the_wanted_major_version() {
        let root = tempfile::tempdir().unwrap();
        let mut places = places(root.path());
        let missing = places.postgres("15").unwrap_err().to_string();
        for part in ["PostgreSQL 15", "PG_BIN_DIR", "postgresql/15/bin", "apt-get install postgresql-15"] {
            assert!(missing.contains(part), "{missing}");
        }
        places.pg_bin_dir = Some(root.path().join("nowhere"));
        let named = places.postgres("15").unwrap_err().to_string();
        assert!(named.contains("nowhere (no program `postgres` in it)"), "{named}");
        let old = root.path().join("old");
        script(old.join("postgres"), "postgres (PostgreSQL) 14.9");
        places.pg_bin_dir = Some(old.clone());
        let wrong = places.postgres("15").unwrap_err().to_string();
        assert!(wrong.contains("wanted PostgreSQL 15, found PostgreSQL 14.9 in "), "{wrong}");
        script(old.join("postgres"), "a courier, version 15.2");
        let other = places.postgres("15").unwrap_err().to_string();
        assert!(other.contains("(from PG_BIN_DIR) is not PostgreSQL: expected `--version`"), "{other}");
        script(old.join("postgres"), "postgres (PostgreSQL) 14.9");
        let bin = root.path().join("postgresql/15/bin");
        script(bin.join("postgres"), "postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)");
        script(bin.join("initdb"), "initdb");
        let found = places.postgres("15").unwrap();
        assert_eq!((found.bin, found.version.as_str()), (bin, "15.18"));
    }

    #[test]
    fn another_program_of_a_server_s_name_is_rejected() {
        let root = tempfile::tempdir().unwrap();
        let places = places(root.path());
        for sought in [HAPROXY, PGBOUNCER, PDNS, PATRONI, ETCD] {
            script(root.path().join("path").join(sought.name), "a text editor, version 1.2");
            let words = places.named(&sought).unwrap_err().to_string();
            assert!(words.contains(&format!("(from PATH) is not {}: expected", sought.called)), "{words}");
            script(root.path().join("path").join(sought.name), &format!("{} 9.9", sought.marker()));
            assert_eq!(places.named(&sought).unwrap().source, "PATH");
        }
    }

    #[test]
    fn a_program_that_is_known_as_one_server_is_not_taken_for_another() {
        let root = tempfile::tempdir().unwrap();
        let vault = script(root.path().join("path").join(HAPROXY.name), "Vault v1.21.0");
        let places = Places { vault_bin: Some(vault), ..places(root.path()) };
        assert_eq!(places.vault().unwrap().source, "VAULT_BIN");
        let words = places.named(&HAPROXY).unwrap_err().to_string();
        assert!(words.contains("(from PATH) is not HAProxy: expected"), "{words}");
        assert_eq!(places.vault().unwrap().source, "VAULT_BIN");
    }
}
