//! A server's log, a line a record: a password that is known never passes, and every line is counted.

#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| leaseproof_watch::fuzzing::collect(text));
