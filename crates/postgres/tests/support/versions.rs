//! Where the binaries of each PostgreSQL are.

use std::path::{Path, PathBuf};

/// Packages on every machine have this one; the tests that name no version run with it.
pub(crate) const USUAL: u32 = 15;

/// The folder with a version's binaries. Where there is none, the test that asks says so and passes, unless
/// `LEASEPROOF_ALL_POSTGRES` wants them all.
pub(crate) fn bin_of(major: u32) -> Option<PathBuf> {
    let given = std::env::var_os("PG_BIN_DIR").map(PathBuf::from).filter(|_| major == USUAL);
    let home = std::env::var_os("HOME").map(|home| Path::new(&home).join(".cache"));
    let cache = std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from).or(home);
    let cached = cache.map(|cache| cache.join(format!("leaseproof/servers/postgresql-{major}/bin")));
    let packaged = PathBuf::from(format!("/usr/lib/postgresql/{major}/bin"));
    let wanted = cached.clone().unwrap_or_else(|| packaged.clone());
    // The unprivileged account that the server runs as may not pass through a home folder: a link is followed here.
    let places = [given, Some(packaged), cached].into_iter().flatten();
    let found = places.filter(|place| place.join("initdb").exists()).find_map(|place| place.canonicalize().ok());
    if let Some(found) = &found {
        tell(&format!("PostgreSQL {major}: {}", found.display()));
        return Some(found.clone());
    }
    let how = format!("apt-get install postgresql-{major}, or put its binaries in {}", wanted.display());
    assert!(
        major != USUAL && std::env::var_os("LEASEPROOF_ALL_POSTGRES").is_none_or(|all| all != "1"),
        "PostgreSQL {major} is needed: {how}"
    );
    tell(&format!("PostgreSQL {major} is not here, and nothing was tested with it: {how}"));
    None
}

#[allow(clippy::print_stdout, reason = "a test run says what it ran with")]
fn tell(what: &str) {
    println!("{what}");
}
