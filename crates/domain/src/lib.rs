//! The vocabulary of leaseproof: roles, leases, credentials, privileges, operations, events, checks and verdicts, and
//! how they are written down.
//!
//! Everything here is a plain value. This crate never does I/O, never awaits, never reads a clock and never prints a
//! secret.

mod action;
mod cause;
mod check;
mod count;
mod dns;
mod end;
mod error_chain;
mod event;
mod figures;
mod generated;
mod harness;
mod latency;
mod metric;
mod name;
mod note;
mod observation;
mod observed;
mod observer;
mod operation;
mod origin;
mod password_shape;
mod privilege;
mod probe;
mod redactor;
mod run_outcome;
mod run_verdicts;
mod second;
mod secret;
mod time;
mod verdict;
mod visible;

pub use action::{ActionBefore, ActionEnd, ActionEnds, ActionFigures, ActionMark, ActionWindow};
pub use cause::{AlsoBroken, CauseFault, CauseSeen, CauseSubject, FailureCause, ScenarioWarning, SetupLine};
pub use check::{CATALOGUE, CheckId, CheckInfo, Timing, UnknownCheck};
pub use count::count;
pub use dns::{DnsAnswer, DnsEvent, DnsFigures, DnsQuery, PolicyProbe, Rendering, ZoneChange, ZoneOutcome, ZoneWrite};
pub use end::{Cause, End, EndReason};
pub use error_chain::with_causes;
pub use event::{
    AccountReading, AuditEntry, Baseline, ClockReading, Dropped, Event, FORMAT_VERSION, Header, LeaseBefore,
    LeaseObservation, OtherLeases, PhaseMark, PhasePoint, PrivilegeReading, RoleObservation, RoleRead, RoleSeen,
    SecretSeen, ServerLost, SetupRecord,
};
pub use figures::{CredentialEnd, FaultFigures, LoadFigures, OperationStatistics, RevocationFigures, Totals};
pub use generated::looks_generated;
pub use harness::{FLOOD_ACCOUNT, HarnessFault, HarnessTrouble};
pub use latency::{ArrivalCounts, LatencySummary, MeasuredOf};
pub use metric::{Metric, Quantity, UnknownMetric};
pub use name::{LeaseId, Username};
pub use note::{LoggedNote, ObservedNote, ServerNote, Severity};
pub use observation::{
    AuthFailure, DependencyObservation, DependencySeen, FailedRevocation, FaultMark, FaultPoint, HeldSession,
    IrrevocableObservation, MetricReading, SessionObservation, SessionSeen,
};
pub use observed::{CreatedGroup, Observed, OrphanBefore, UndecidedBefore};
pub use observer::{Observer, WatchGap};
pub use operation::{Failure, FailureSource, Operation, OperationRecord, Outcome, RefusedRequest, Span};
pub use origin::Origin;
pub use password_shape::PasswordShape;
pub use privilege::{
    Escalation, EscalationKind, FutureGrant, Grant, GrantedTo, Membership, Object, ObjectKind, Privilege, PrivilegeSet,
    RoleAttributes, RoleSetting, RowSecurity, Why,
};
pub use probe::{Expected, ProbeOutcome, ProbeRecord};
pub use redactor::{Redactor, Scrubbed, is_common_word, is_password_word};
pub use run_outcome::RunOutcome;
pub use run_verdicts::{NotRequested, RunVerdicts, SelectedBy, VERDICTS_SCHEMA};
pub use second::SecondFigures;
pub use secret::Secret;
pub use time::{BadTtl, Micros, MoreThan, Ttl, UnixMicros};
pub use verdict::{Coverage, Finding, Judgment, KnownIssue, RoleStatements, Subject, Validity, Verdict};
pub use visible::{is_hidden, visible, visible_json, visible_lines, visible_styled};
