/// The memory of this process that is in use, in bytes (`VmRSS`; proc_pid_status(5)). None where the system does not say.
pub(crate) fn resident() -> Option<u64> {
    let status = procfs::process::Process::myself().ok()?.status().ok()?;
    Some(status.vmrss? << 10)
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_kernel_says_how_much_is_in_use() {
        let before = super::resident().expect("Linux says so");
        let taken = vec![1_u8; 64 << 20];
        let after = super::resident().expect("Linux says so");
        assert!(after > before + (32 << 20), "{before} {after} {}", taken.len());
    }
}
