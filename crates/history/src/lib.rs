//! A run's durable record and its ledger.
