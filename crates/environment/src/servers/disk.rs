//! The small file system under a server's data, which a fault fills.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use leaseproof_postgres::Session;

use crate::EnvironmentError;
use crate::servers::server::Server;

/// The file that fills it. PostgreSQL passes over files that it does not know.
const FILLER: &str = "leaseproof-filler";
/// How many segments of WAL are brought to their end: those that PostgreSQL has made in advance need no room.
const SEGMENTS: u32 = 64;

/// Fills it, and has the server write until it needs room that is not there.
pub(crate) async fn fill(server: &Server) -> Result<PathBuf, EnvironmentError> {
    let path = server.data.join(FILLER);
    let filled = fill_up(&path);
    filled.map_err(|source| EnvironmentError::Folder { doing: "fill the disk with", path: path.clone(), source })?;
    // Every answer is right here: the server may end by what it is asked to do.
    if let Ok(session) = Session::open(&server.observer_login("postgres")).await {
        for _ in 0..SEGMENTS {
            let next = "SELECT pg_logical_emit_message(true, 'leaseproof', ''), pg_switch_wal()";
            if session.query(next).await.is_err() {
                break;
            }
        }
        session.close().await;
    }
    Ok(path)
}

fn fill_up(path: &Path) -> io::Result<()> {
    let mut file = File::create(path)?;
    for piece in [1 << 20, 1 << 12, 1] {
        let zeros = vec![0; piece];
        loop {
            match file.write_all(&zeros) {
                Ok(()) => {}
                Err(full) if full.kind() == io::ErrorKind::StorageFull => break,
                Err(other) => return Err(other),
            }
        }
    }
    Ok(())
}

/// Gives the room back.
pub(crate) fn clear(filler: &Path) -> Result<(), EnvironmentError> {
    fs::remove_file(filler).map_err(|source| EnvironmentError::Folder {
        doing: "remove",
        path: filler.to_owned(),
        source,
    })
}
