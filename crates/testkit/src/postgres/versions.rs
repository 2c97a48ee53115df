//! Where the binaries of each PostgreSQL are.

use std::io::Write as _;
use std::path::{Path, PathBuf};

/// The version that the tests need on every machine; those that name no version run with it.
pub const USUAL: u32 = 15;

/// Major versions that have to be here, separated by commas: `LEASEPROOF_REQUIRE_POSTGRES=14,16,17,18`.
pub const REQUIRED: &str = "LEASEPROOF_REQUIRE_POSTGRES";

/// The folder with a version's binaries. Where there is none, the test that asks for it fails if the version is required,
/// and otherwise passes and prints what it did not cover.
pub fn bin_of(major: u32) -> Option<PathBuf> {
    let given = std::env::var_os("PG_BIN_DIR").map(PathBuf::from).filter(|_| major == USUAL);
    let home = std::env::var_os("HOME").map(|home| Path::new(&home).join(".cache"));
    let cache = std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from).or(home);
    let cached = cache.map(|cache| cache.join(format!("leaseproof/servers/postgresql-{major}/bin")));
    let packaged = PathBuf::from(format!("/usr/lib/postgresql/{major}/bin"));
    // The unprivileged account that the server runs as may not pass through a home folder: a link is followed here.
    let places = [given, Some(packaged), cached].into_iter().flatten();
    let found = places.filter(|place| place.join("initdb").exists()).find_map(|place| place.canonicalize().ok());
    if found.is_none() {
        let required = std::env::var(REQUIRED).unwrap_or_default();
        let how = format!("`ci/servers/postgresql {major}` fetches it");
        assert!(!is_required(major, &required), "PostgreSQL {major} is required and is not installed: {how}");
        let test = std::thread::current();
        let test = test.name().unwrap_or("a test");
        let line = format!("NOT COVERED: {test} ran without PostgreSQL {major}, which is not installed: {how}");
        // cargo test hides what a passing test prints; this goes past it.
        let _best_effort = writeln!(std::io::stderr(), "{line}");
    }
    found
}

/// Whether a version has to be here, by the value of [`REQUIRED`].
pub fn is_required(major: u32, required: &str) -> bool {
    let versions = required.split(',').map(str::trim).filter(|word| !word.is_empty()).map(|word| {
        let version = word.parse::<u32>();
        version.unwrap_or_else(|_| panic!("{REQUIRED}: expected major versions such as 14,16; got {word:?}"))
    });
    major == USUAL || versions.collect::<Vec<_>>().contains(&major)
}
