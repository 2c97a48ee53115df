//! `seconds.csv`: the figures of a run second by second, for charts.

use std::fmt::Write as _;

use leaseproof_domain::{Micros, SecondFigures};

/// The header of `seconds.csv`; docs/files.md explains the columns.
pub const SECONDS_HEADER: &str = "second,operation,due,completed,failed,unanswered,p50_ms,p99_ms,backlog";

/// The rows as CSV. No value needs quotes: numbers and names of operations have no comma.
pub fn seconds_csv(rows: &[SecondFigures]) -> String {
    let mut text = format!("{SECONDS_HEADER}\n");
    for row in rows {
        let SecondFigures { second, op, due, completed, failed, unanswered, backlog, .. } = row;
        let (p50, p99) = (millis(row.p50), millis(row.p99));
        writeln!(text, "{second},{op},{due},{completed},{failed},{unanswered},{p50},{p99},{backlog}")
            .expect("writing to a String does not fail");
    }
    text
}

/// Nothing, where nothing was due.
fn millis(time: Option<Micros>) -> String {
    time.map_or_else(String::new, |Micros(micros)| format!("{}.{:03}", micros / 1_000, micros % 1_000))
}

#[cfg(test)]
mod tests {
    use leaseproof_domain::{Micros, Operation, SecondFigures};

    use super::{SECONDS_HEADER, seconds_csv};

    #[test]
    fn times_are_in_milliseconds_and_empty_where_nothing_was_due() {
        let row = SecondFigures {
            second: 7,
            op: Operation::DeadLogin,
            due: 2,
            completed: 1,
            failed: 1,
            unanswered: 1,
            p50: Some(Micros(1_005)),
            p99: Some(Micros(10_000_000)),
            backlog: 3,
        };
        let nothing = SecondFigures { second: 8, due: 0, p50: None, p99: None, ..row };
        let text = seconds_csv(&[row, nothing]);
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines, [SECONDS_HEADER, "7,dead_login,2,1,1,1,1.005,10000.000,3", "8,dead_login,0,1,1,1,,,3"]);
    }

    #[test]
    fn the_documented_header_is_the_one_that_is_written() {
        let docs = include_str!("../../../docs/files.md");
        assert!(docs.contains(&format!("`{SECONDS_HEADER}`")), "docs/files.md");
    }
}
