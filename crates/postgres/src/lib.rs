//! Catalog snapshots, the privilege diff and sessions of PostgreSQL.
