//! The vocabulary of leaseproof: roles, leases, credentials, privileges, operations, events, checks and verdicts, and
//! how they are written down.
//!
//! Everything here is a plain value. This crate never does I/O, never awaits, never reads a clock and never prints a
//! secret.

mod action;
mod causes;
mod check;
mod count;
mod dns;
mod end;
mod event;
mod harness;
mod metric;
mod name;
mod note;
mod observation;
mod observer;
mod operation;
mod origin;
mod password_shape;
mod privilege;
mod probe;
mod redactor;
mod second;
mod secret;
mod time;
mod verdict;
mod visible;

pub use action::{ActionBefore, ActionEnd, ActionEnds, ActionFigures, ActionMark, ActionWindow};
pub use causes::with_causes;
pub use check::{CATALOGUE, CheckId, CheckInfo, Timing, UnknownCheck};
pub use count::count;
pub use dns::{DnsAnswer, DnsEvent, DnsFigures, DnsQuery, PolicyProbe, Rendering, ZoneChange, ZoneOutcome, ZoneWrite};
pub use end::{Cause, End, EndReason};
pub use event::{
    AccountReading, AuditEntry, Baseline, ClockReading, Dropped, Event, FORMAT_VERSION, Header, LeaseBefore,
    LeaseObservation, OtherLeases, PhaseMark, PhasePoint, PrivilegeReading, RoleObservation, RoleRead, RoleSeen,
    SecretSeen, ServerLost, SetupRecord,
};
pub use harness::{FLOOD_ACCOUNT, HarnessFault, HarnessTrouble};
pub use metric::{Metric, Quantity, UnknownMetric};
pub use name::{LeaseId, Username};
pub use note::{LoggedNote, ObservedNote, ServerNote, Severity};
pub use observation::{
    AuthFailure, DependencyObservation, DependencySeen, FailedRevocation, FaultMark, FaultPoint, HeldSession,
    IrrevocableObservation, MetricReading, SessionObservation, SessionSeen,
};
pub use observer::{Observer, WatchGap};
pub use operation::{Failure, FailureSource, Operation, OperationRecord, Outcome, RefusedRequest, Span};
pub use origin::Origin;
pub use password_shape::PasswordShape;
pub use privilege::{
    Escalation, EscalationKind, FutureGrant, Grant, GrantedTo, Membership, Object, ObjectKind, Privilege, PrivilegeSet,
    RoleAttributes, RoleSetting, RowSecurity, Why,
};
pub use probe::{Expected, ProbeOutcome, ProbeRecord};
pub use redactor::{Redactor, Scrubbed, is_common_word, is_password_word, looks_generated};
pub use second::SecondFigures;
pub use secret::Secret;
pub use time::{BadTtl, Micros, MoreThan, Ttl, UnixMicros};
pub use verdict::{
    AlsoBroken, ArrivalCounts, CauseFault, CauseSeen, CauseSubject, Coverage, CreatedGroup, CredentialEnd,
    FailureCause, FaultFigures, Finding, Judgment, KnownIssue, LatencySummary, LoadFigures, MeasuredOf, NotRequested,
    Observed, OperationStatistics, OrphanBefore, RevocationFigures, RoleStatements, RunOutcome, RunVerdicts,
    ScenarioWarning, SelectedBy, SetupLine, Subject, Totals, UndecidedBefore, VERDICTS_SCHEMA, Validity, Verdict,
};
pub use visible::{is_hidden, visible, visible_json, visible_lines, visible_styled};
