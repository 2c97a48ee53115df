//! A promised GRANT: it is read, or every wrong word of it is shown at its own place.

#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| leaseproof_scenario::fuzzing::grant(text));
