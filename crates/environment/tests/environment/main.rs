//! Environments of real Vault and PostgreSQL: they stand, take a setup, and leave nothing, whatever ends them.

#[cfg(test)]
mod encrypted;
#[cfg(test)]
mod high_availability;
#[cfg(test)]
mod killed;
#[cfg(test)]
mod set_up;
#[cfg(test)]
mod start;
#[cfg(test)]
mod support;
