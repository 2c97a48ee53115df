use std::time::Duration;

/// How far the load has come, for limits and displays. It is updated several times per second.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LoadState {
    /// The phase's name; empty before the first one.
    pub phase: String,
    /// Arrivals a second that the phase asks for.
    pub target_rate: f64,
    /// Since the phase began.
    pub elapsed: Duration,
    /// How long arrivals come in this phase; once it drains, how long it may last with its drain.
    pub total: Duration,
    /// Arrivals so far, in all phases.
    pub arrived: u64,
    /// Lifecycles so far that were added to the arrivals, one for each promised `ttl.max`.
    pub extra: u64,
    /// Credentials that were issued and whose lifecycle is not over.
    pub live: u64,
    /// Lifecycles that are over.
    pub finished: u64,
    /// Requests and logins so far that should have worked and did not.
    pub failures: u64,
    /// Whether no more arrivals come in this phase.
    pub draining: bool,
}
