//! A base backup of a primary into the data folder of a server that becomes its standby.

use std::fs::{self, Permissions};
use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use leaseproof_postgres::Session;
use nix::sys::signal::Signal;
use tokio_util::sync::CancellationToken;

use crate::EnvironmentError;
use crate::launch::account::Account;
use crate::launch::context::{LaunchContext, LaunchSpec};
use crate::launch::folder;
use crate::launch::tls::CertificateFiles;
use crate::servers::configuration::quoted;
use crate::servers::server::Server;
use crate::servers::upstream::{Replicates, upstream};

/// Folders of which a base backup has the name only ("Making a Base Backup Using the Low Level API", PostgreSQL 15). The
/// standby gets the write-ahead log by streaming.
const WITHOUT_CONTENT: [&str; 8] =
    ["pg_dynshmem", "pg_notify", "pg_replslot", "pg_serial", "pg_snapshots", "pg_stat_tmp", "pg_subtrans", "pg_wal"];
/// Files that belong to the running server (same source).
const LEFT_OUT: [&str; 3] = ["postmaster.pid", "postmaster.opts", "pg_internal.init"];

/// Replaces the server's data by a base backup of the primary, and keeps the server's configuration.
pub(crate) async fn copy(
    server: &Server,
    primary: &Server,
    login: &Replicates,
    context: &LaunchContext,
) -> Result<(), EnvironmentError> {
    let data = &server.data;
    let own = data.join("leaseproof.conf");
    let settings = fs::read_to_string(&own).map_err(|source| folder::failed("read", &own, source))?;
    let emptied = data.clone();
    beside(move |_| folder::empty(&emptied)).await?;
    // Servers without pg_basebackup exist: the binaries that are embedded in tests of other projects.
    if server.image.is_some() || server.bin.join("pg_basebackup").exists() {
        with_program(server, primary.port, login, context).await?;
    } else {
        from_files(server, primary, context).await?;
    }
    let upstream = upstream(&server.name, primary.port, login, server.certificate_files.as_ref());
    let follow = format!("primary_conninfo = {}\n", quoted(upstream.expose()));
    folder::write(&own, &settings, 0o600, context.account)?;
    folder::write(&data.join("postgresql.auto.conf"), &follow, 0o600, context.account)?;
    folder::write(&data.join("standby.signal"), "", 0o600, context.account)
}

/// With pg_basebackup.
async fn with_program(
    server: &Server,
    port: u16,
    login: &Replicates,
    context: &LaunchContext,
) -> Result<(), EnvironmentError> {
    let name = format!("copy for {}", server.name);
    let port = port.to_string();
    let args = ["--host=127.0.0.1", "--checkpoint=fast", "--wal-method=stream", "--no-sync", "--no-password"];
    let args = args.into_iter().chain(["--username", &login.user, "--port", &port, "--pgdata"]).map(Into::into);
    let sure = server
        .certificate_files
        .iter()
        .flat_map(CertificateFiles::libpq)
        .map(|(name, value)| (name.to_owned(), value.into()));
    let spec = LaunchSpec {
        name: &name,
        program: server.bin.join("pg_basebackup"),
        image: server.image.clone(),
        args: args.chain([server.data.clone().into()]).collect(),
        env: sure.chain([("PGPASSWORD".to_owned(), login.password.expose().into())]).collect(),
        folder: &context.folder,
        account: context.account,
        death: Signal::SIGKILL,
        input: None,
    };
    context.run(&server.name, spec).await.map(drop)
}

/// With the backup functions of the primary, whose files are on this machine.
async fn from_files(server: &Server, primary: &Server, context: &LaunchContext) -> Result<(), EnvironmentError> {
    let doing = "take a base backup of it";
    let failed_sql = |source| EnvironmentError::Postgres { server: primary.name.clone(), doing, source };
    let session = Session::open(&primary.observer_login("postgres")).await.map_err(failed_sql)?;
    let version = session.value("SHOW server_version_num").await.map_err(failed_sql)?.unwrap_or_default();
    // The functions have these names since PostgreSQL 15. The session that starts a backup has to stop it.
    let (start, stop) = if version.as_str() < "150000" {
        ("SELECT pg_start_backup('leaseproof', true, false)", "SELECT labelfile FROM pg_stop_backup(false, false)")
    } else {
        ("SELECT pg_backup_start('leaseproof', true)", "SELECT labelfile FROM pg_backup_stop(false)")
    };
    session.value(start).await.map_err(failed_sql)?;
    let (from, to, account) = (primary.data.clone(), server.data.clone(), context.account);
    beside(move |given_up| {
        copy_tree(&from, &to, account, given_up).map_err(|source| folder::failed("copy", &from, source))
    })
    .await?;
    let label = session.value(stop).await.map_err(failed_sql)?.unwrap_or_default();
    session.close().await;
    folder::write(&server.data.join("backup_label"), &label, 0o600, context.account)
}

/// Works on many files in a thread of its own: the load goes on in this one. The work has to end soon after its token is
/// cancelled, which happens if nobody waits for it any more.
async fn beside<T: Send + 'static>(work: impl FnOnce(&CancellationToken) -> T + Send + 'static) -> T {
    let given_up = CancellationToken::new();
    let _cancels_when_dropped = given_up.clone().drop_guard();
    match tokio::task::spawn_blocking(move || work(&given_up)).await {
        Ok(done) => done,
        Err(error) => std::panic::resume_unwind(error.into_panic()),
    }
}

/// Copies the files of a running server. Files and folders that the server removes meanwhile are no error.
fn copy_tree(from: &Path, to: &Path, account: Option<Account>, given_up: &CancellationToken) -> io::Result<()> {
    for entry in fs::read_dir(from)? {
        if given_up.is_cancelled() {
            return Err(io::ErrorKind::Interrupted.into());
        }
        let entry = entry?;
        let is_gone =
            || matches!(fs::symlink_metadata(entry.path()), Err(why) if why.kind() == io::ErrorKind::NotFound);
        match copy_entry(&entry, to, account, given_up) {
            Err(why) if why.kind() == io::ErrorKind::NotFound && is_gone() => {}
            done => done?,
        }
    }
    Ok(())
}

fn copy_entry(
    entry: &fs::DirEntry,
    to: &Path,
    account: Option<Account>,
    given_up: &CancellationToken,
) -> io::Result<()> {
    let (name, kind) = (entry.file_name(), entry.file_type()?);
    let text = name.to_string_lossy();
    if LEFT_OUT.contains(&&*text) || text.starts_with("pgsql_tmp") {
        return Ok(());
    }
    let (source, target) = (entry.path(), to.join(&name));
    if kind.is_dir() {
        fs::create_dir(&target)?;
        fs::set_permissions(&target, Permissions::from_mode(0o700))?;
        folder::hand_over(&target, account)?;
        if WITHOUT_CONTENT.contains(&&*text) { Ok(()) } else { copy_tree(&source, &target, account, given_up) }
    } else if kind.is_file() {
        fs::copy(&source, &target).and_then(|_| folder::hand_over(&target, account))
    } else {
        let what = format!("{} is neither a file nor a folder (a tablespace?)", source.display());
        Err(io::Error::new(io::ErrorKind::Unsupported, what))
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::sync::mpsc;

    use tokio_util::sync::CancellationToken;

    use super::{beside, copy_tree};

    #[test]
    fn only_what_the_server_removed_is_left_out_of_a_copy() {
        let place = tempfile::tempdir().unwrap();
        let (from, to) = (place.path().join("from"), place.path().join("to"));
        fs::create_dir_all(from.join("base/1")).unwrap();
        fs::create_dir(&to).unwrap();
        fs::write(from.join("base/1/112"), "a table").unwrap();
        fs::write(from.join("postmaster.pid"), "1").unwrap();
        copy_tree(&from, &to, None, &CancellationToken::new()).unwrap();
        assert_eq!(fs::read_to_string(to.join("base/1/112")).unwrap(), "a table");
        assert!(!to.join("postmaster.pid").exists());
        // A file that is still there and was not copied is missing in the copy, whatever the system calls that.
        let error = copy_tree(&from.join("base/1"), &place.path().join("nowhere"), None, &CancellationToken::new());
        assert_eq!(error.unwrap_err().kind(), std::io::ErrorKind::NotFound);
        let cancelled = CancellationToken::new();
        cancelled.cancel();
        let given_up = copy_tree(&from, &place.path().join("again"), None, &cancelled);
        assert_eq!(given_up.unwrap_err().kind(), std::io::ErrorKind::Interrupted);
    }

    #[tokio::test]
    async fn the_load_goes_on_during_a_copy() {
        let (sender, receiver) = mpsc::channel();
        let copy = beside(move |_| receiver.recv());
        let load = async { sender.send("an arrival").unwrap() };
        assert_eq!(tokio::join!(copy, load).0, Ok("an arrival"));
    }
}
