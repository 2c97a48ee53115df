//! How much of a history is read, so that a damaged or a made-up one fills neither memory nor time. docs/files.md lists
//! the figures.

/// The longest line, in bytes. The longest of a real run are the objects of a database and a set of privileges: 10 MB
/// for 10,000 tables with every privilege.
pub(crate) const MAX_LINE: u64 = 64 << 20;

/// Binary logarithm of the largest window that a frame of zstd may ask memory for: 8 MiB, which every decoder should
/// allow (RFC 8878, 3.1.1.1.2). The recorder's own is 2 MiB.
pub(crate) const MAX_WINDOW_LOG: u32 = 23;

/// The limits of one reading, in bytes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// The longest line.
    pub(crate) line: u64,
    /// All lines together.
    pub(crate) total: u64,
    /// How many times its file's size the lines may be together.
    pub(crate) ratio: u64,
    /// Lines that are no more than that together are not asked for their ratio.
    pub(crate) ratio_counts_from: u64,
    /// How much the memory of this process may grow.
    pub(crate) growth: u64,
    /// How much is read between two observations of the memory.
    pub(crate) growth_counts_every: u64,
}

impl Limits {
    /// A day at 20 credentials per second writes some 12 GiB. Real histories unpack to 10 or 20 times their file's size,
    /// an idle run's to less than 100. A judgment keeps 64 bytes of each credential that has ended: a million of them are
    /// 64 MB.
    pub(crate) const REAL: Self = Self {
        line: MAX_LINE,
        total: 64 << 30,
        ratio: 1_000,
        ratio_counts_from: 64 << 20,
        growth: 512 << 20,
        growth_counts_every: 4 << 20,
    };
}
