//! How much of a history is read, so that a damaged or a made-up one fills neither memory nor time. docs/files.md lists
//! them.

/// The longest line, in bytes. The longest of a real run are the objects of a database and a set of privileges: 10 MB
/// for 10,000 tables with every privilege.
pub(crate) const MAX_LINE: usize = 64 << 20;

/// All lines of a history, in bytes. A day at 20 credentials per second writes some 12 GiB.
pub(crate) const MAX_TOTAL: u64 = 64 << 30;

/// How many times its file's size a history may unpack to. Real ones come to 10 or 20, an idle run's to less than 100.
pub(crate) const MAX_RATIO: u64 = 1_000;
/// A history that unpacks to no more than that, in bytes, is not asked for its ratio.
pub(crate) const RATIO_COUNTS_FROM: u64 = 64 << 20;

/// Binary logarithm of the largest window that a frame of zstd may ask memory for: 8 MiB, which every decoder should
/// allow (RFC 8878, 3.1.1.1.2). The recorder's own is 2 MiB.
pub(crate) const MAX_WINDOW_LOG: u32 = 23;

/// How much the memory of this process may grow while a history is read, in bytes. A judgment keeps 64 bytes of each
/// credential that has ended: a million of them are 64 MB.
pub(crate) const MAX_GROWTH: u64 = 1 << 30;
/// How much is read between two looks at the memory, in bytes.
pub(crate) const GROWTH_COUNTS_EVERY: u64 = 4 << 20;
