//! How large a file of each kind may be, in bytes. They are far above what real files need and far below what a machine
//! has; docs/files.md lists them.

/// A file of a scenario: scenario.toml, SQL, scripts, data. The SQL dump of a schema with 10,000 tables is 10 MB.
pub const INPUT: u64 = 16 << 20;
/// A plan that is read back. It holds the texts of all files of its scenario.
pub const PLAN: u64 = 64 << 20;
/// A password, a token or an AppRole's secret id.
pub const SECRET: u64 = 64 << 10;
/// A file of certificates or a key; Debian's whole bundle of authorities is 220 kB.
pub const CERTIFICATES: u64 = 4 << 20;
/// Any other file of a recorded run: verdicts.json, run.json, a ledger.
pub const RECORD: u64 = 64 << 20;
