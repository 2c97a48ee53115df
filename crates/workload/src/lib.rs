//! Arrival schedules, lives and histograms.
