use std::ffi::OsString;

use crate::EnvironmentError;
use crate::launch::child::Launch;
use crate::launch::find::Places;
use crate::launch::launcher::{Launched, Launcher};
use crate::launch::program::{HAPROXY, PDNS, PostgresPrograms, Program};

/// Programs of this machine, as child processes.
pub(crate) struct Processes;

impl Launcher for Processes {
    fn vault(&self) -> Result<Program, EnvironmentError> {
        Places::here().vault()
    }

    fn haproxy(&self) -> Result<Program, EnvironmentError> {
        Places::here().named(&HAPROXY)
    }

    fn postgres(&self, major: &str) -> Result<PostgresPrograms, EnvironmentError> {
        Places::here().postgres(major)
    }

    fn powerdns(&self) -> Result<Program, EnvironmentError> {
        Places::here().named(&PDNS)
    }

    fn within(&self, _run: &str, _server: &str, _program: &str) -> Option<String> {
        None
    }

    fn variables(&self) -> Vec<(String, OsString)> {
        Vec::new()
    }

    fn prepare(&self, launch: Launch, _of: &Launched<'_>) -> Result<Launch, EnvironmentError> {
        Ok(launch)
    }
}
