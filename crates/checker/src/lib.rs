//! History and plan in, verdicts out: what was promised is compared with what was seen, one small check a promise.
//!
//! Everything here is a pure fold over the events: the same history and plan give the same bytes, anywhere. A check
//! accuses only where the order of things is certain, and passes only where it has seen what it judges; otherwise it is
//! Unknown. The room does no I/O and reads no clock.

mod catalogue;
mod causes;
mod check;
mod checks;
mod fold;
mod judge;
mod known;
mod met;
mod observed;
mod outcome;
mod privilege_diff;
mod saturation;
mod server_words;
mod sheet;
mod statistics;
mod timeouts;
mod times;
mod trend;
mod validity;
mod wall;
mod words;

pub use catalogue::catalogue_markdown;
pub use causes::without_details;
pub use judge::{Judged, judge, overall};
pub use privilege_diff::{Deviation, DeviationKind, privilege_diff};
pub use statistics::{Clocking, Extent};
