//! Starts and supervises processes and containers: programs, folders, ports, certificates, logs, ends.

pub(crate) mod account;
pub(crate) mod all;
pub(crate) mod child;
pub(crate) mod containers;
pub(crate) mod context;
pub(crate) mod find;
pub(crate) mod folder;
pub(crate) mod identity;
pub(crate) mod launcher;
pub(crate) mod limits;
pub(crate) mod logs;
pub(crate) mod mount;
pub(crate) mod ports;
pub(crate) mod process;
pub(crate) mod processes;
pub(crate) mod program;
pub(crate) mod spawner;
pub(crate) mod tls;
pub(crate) mod wait;
