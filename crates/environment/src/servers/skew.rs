//! A PostgreSQL whose clock is wrong: libfaketime stands before the C library's clocks in its processes. Vault, which asks
//! the kernel without the C library, cannot be fooled so.

use std::ffi::OsString;
use std::fs;
use std::path::PathBuf;

use leaseproof_scenario::PostgresPlan;
use nix::unistd::Pid;

use crate::EnvironmentError;
use crate::launch::find::Places;

/// How far a server's clock is off.
#[derive(Clone, Debug)]
pub(crate) struct Skew {
    library: PathBuf,
    seconds: i64,
}

impl Skew {
    pub(crate) fn of(plan: &PostgresPlan) -> Result<Option<Self>, EnvironmentError> {
        if plan.clock == 0 {
            return Ok(None);
        }
        Ok(Some(Self { library: Places::here().faketime()?, seconds: plan.clock }))
    }

    /// What its processes are started with. Time-outs run by the monotonic clock, and that stays right (faketime(1)).
    pub(crate) fn environment(&self) -> Vec<(String, OsString)> {
        vec![
            ("LD_PRELOAD".to_owned(), self.library.clone().into()),
            ("FAKETIME".to_owned(), format!("{:+}", self.seconds).into()),
            ("FAKETIME_DONT_FAKE_MONOTONIC".to_owned(), "1".into()),
        ]
    }
}

/// What libfaketime makes for a process and its children, and a process that is killed leaves.
pub(crate) fn traces(pid: Pid) -> [PathBuf; 2] {
    [format!("/dev/shm/faketime_shm_{pid}").into(), format!("/dev/shm/sem.faketime_sem_{pid}").into()]
}

/// Removes it after the process's end.
pub(crate) fn remove(pid: Pid) {
    for path in traces(pid) {
        let _absent = fs::remove_file(path);
    }
}
