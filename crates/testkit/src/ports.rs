//! Free ports for throw-away servers.

use std::net::TcpListener;
use std::sync::atomic::{AtomicU32, Ordering};

/// A free port below Linux's ephemeral range. Each call begins at another, so that servers started at once differ.
pub fn free_port() -> u16 {
    static CALLS: AtomicU32 = AtomicU32::new(0);
    let seed = std::process::id().wrapping_mul(7_919).wrapping_add(CALLS.fetch_add(1, Ordering::Relaxed) * 131);
    (0..2_000_u32)
        .map(|step| 15_000 + u16::try_from(seed.wrapping_add(step * 97) % 17_000).unwrap())
        .find(|port| TcpListener::bind(("127.0.0.1", *port)).is_ok())
        .unwrap()
}
