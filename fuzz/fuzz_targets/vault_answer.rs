//! The body of an answer of Vault, after two bytes that choose its status: it is read or refused, and no error repeats a
//! password.

#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: (u16, &[u8])| {
    let (status, body) = input;
    leaseproof_vault::fuzzing::read(status, body);
});
