//! Turns a history and a plan into verdicts.
