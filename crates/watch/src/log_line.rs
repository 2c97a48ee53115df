use std::collections::VecDeque;
use std::time::{Duration, Instant};

use leaseproof_domain::{Redactor, Username};

/// How long a line waits before it is scrubbed. PostgreSQL may log a password before Vault's answer has reported it to the
/// harness; by then it has.
pub(crate) const DELAY: Duration = Duration::from_millis(2_500);

/// Lines of one log that wait for their turn, oldest first.
#[derive(Debug, Default)]
pub(crate) struct DelayLine {
    waiting: VecDeque<(Instant, Vec<u8>)>,
    /// How many lines were taken out.
    taken: u64,
}

/// A log's record: a line, and those that continue it.
#[derive(Debug, PartialEq)]
pub(crate) struct Record {
    /// The number of its first line in the log, from 1.
    pub(crate) first_line: u64,
    /// Its lines, joined with newlines; bytes that are no UTF-8 are replaced.
    pub(crate) text: String,
}

/// A record without its secrets.
#[derive(Debug, PartialEq)]
pub(crate) struct CleanRecord {
    pub(crate) text: String,
    pub(crate) secret: Option<Secret>,
}

/// Where a secret stood.
#[derive(Debug, PartialEq)]
pub(crate) struct Secret {
    pub(crate) line: u64,
    pub(crate) username: Option<Username>,
}

impl DelayLine {
    pub(crate) fn push(&mut self, came: Instant, mut line: Vec<u8>) {
        while line.last().is_some_and(|byte| matches!(byte, b'\n' | b'\r')) {
            line.pop();
        }
        self.waiting.push_back((came, line));
    }

    /// The oldest record, if its first line has waited long enough.
    pub(crate) fn due(&mut self, now: Instant) -> Option<Record> {
        let (came, _) = self.waiting.front()?;
        if now.saturating_duration_since(*came) < DELAY { None } else { self.take() }
    }

    /// The oldest record, however long it has waited.
    pub(crate) fn take(&mut self) -> Option<Record> {
        let (_, first) = self.waiting.pop_front()?;
        let first_line = self.taken + 1;
        let mut text = String::from_utf8_lossy(&first).into_owned();
        self.taken += 1;
        // PostgreSQL begins every further line of a message with a tab (src/backend/utils/error/elog.c,
        // append_with_tabs), and writes the message at once.
        while let Some((_, next)) = self.waiting.pop_front_if(|(_, line)| line.first() == Some(&b'\t')) {
            text.push('\n');
            text.push_str(&String::from_utf8_lossy(&next));
            self.taken += 1;
        }
        Some(Record { first_line, text })
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// How many lines were taken out.
    pub(crate) fn lines(&self) -> u64 {
        self.taken
    }
}

impl Record {
    /// Takes its secrets out. A password's literal may stand on another line than its statement's beginning: the record
    /// is searched as a whole.
    pub(crate) fn scrub(self, redactor: &Redactor) -> CleanRecord {
        let clean = redactor.scrub(&self.text);
        let secret = clean.found.then(|| {
            let same = self.text.split('\n').zip(clean.text.split('\n')).take_while(|(before, after)| before == after);
            Secret { line: self.first_line + same.count() as u64, username: clean.username }
        });
        CleanRecord { text: clean.text, secret }
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use leaseproof_domain::{Redactor, Secret, Username};
    use proptest::prelude::*;

    use super::{DELAY, DelayLine, Record};

    fn line_of(lines: &[&str]) -> DelayLine {
        let mut line = DelayLine::default();
        let now = Instant::now();
        for text in lines {
            line.push(now, text.as_bytes().to_vec());
        }
        line
    }

    fn records(mut line: DelayLine) -> Vec<(u64, String)> {
        std::iter::from_fn(|| line.take()).map(|record| (record.first_line, record.text)).collect()
    }

    #[test]
    fn a_statement_of_several_lines_is_one_record_and_each_line_counts() {
        let line = line_of(&[
            "LOG:  statement: CREATE ROLE x",
            "\tWITH LOGIN",
            "\tPASSWORD 'p';",
            "LOG:  next\r\n",
            "\tof it",
        ]);
        assert_eq!(
            records(line),
            [
                (1, "LOG:  statement: CREATE ROLE x\n\tWITH LOGIN\n\tPASSWORD 'p';".to_owned()),
                (4, "LOG:  next\n\tof it".to_owned())
            ]
        );
    }

    #[test]
    fn a_line_waits_until_its_password_can_be_known() {
        let mut line = DelayLine::default();
        let came = Instant::now();
        line.push(came, b"one".to_vec());
        assert_eq!(line.due(came + DELAY - Duration::from_millis(1)), None);
        assert_eq!(line.due(came + DELAY), Some(Record { first_line: 1, text: "one".to_owned() }));
        assert_eq!(line.due(came + DELAY), None);
        assert_eq!(line.lines(), 1);
    }

    #[test]
    fn bytes_that_are_no_text_are_replaced() {
        let mut line = DelayLine::default();
        line.push(Instant::now(), b"caf\xe9".to_vec());
        assert_eq!(line.take().unwrap().text, "caf\u{fffd}");
    }

    #[test]
    fn a_secret_is_found_on_its_own_line() {
        let redactor = Redactor::new();
        redactor.add_password(Username::new("v-7"), Secret::new("Leak-0123456789"));
        let cases: [(&str, u64, Option<&str>, &str); 4] = [
            ("LOG:  nothing here", 0, None, "LOG:  nothing here"),
            ("LOG:  it is Leak-0123456789", 41, Some("v-7"), "LOG:  it is ***"),
            (
                "LOG:  statement: CREATE ROLE \"v-8\"\n\tWITH LOGIN\n\tPASSWORD 'never reported'",
                43,
                Some("v-8"),
                "LOG:  statement: CREATE ROLE \"v-8\"\n\tWITH LOGIN\n\tPASSWORD '***'",
            ),
            (
                "LOG:  statement: ALTER ROLE \"v-9\" PASSWORD\n\t'never reported'",
                42,
                Some("v-9"),
                "LOG:  statement: ALTER ROLE \"v-9\" PASSWORD\n\t'***'",
            ),
        ];
        for (text, line, username, expected) in cases {
            let clean = Record { first_line: 41, text: text.to_owned() }.scrub(&redactor);
            assert_eq!(clean.text, expected);
            let found = clean.secret.as_ref();
            assert_eq!(found.map_or(0, |secret| secret.line), line, "{text}");
            assert_eq!(found.and_then(|secret| secret.username.as_ref()).map(Username::as_str), username, "{text}");
        }
    }

    proptest! {
        /// No line is lost, and none is distinguished from its number.
        #[test]
        fn records_hold_every_line_once(lines in prop::collection::vec("\t?[a-z]{0,5}", 0..30)) {
            let line = line_of(&lines.iter().map(String::as_str).collect::<Vec<_>>());
            let records = records(line);
            let text: Vec<String> =
                records.iter().flat_map(|(_, text)| text.split('\n')).map(str::to_owned).collect();
            prop_assert_eq!(&text, &lines);
            for (first, text) in records {
                let place = usize::try_from(first).unwrap() - 1;
                prop_assert_eq!(text.split('\n').next().unwrap(), &lines[place]);
            }
        }
    }
}
