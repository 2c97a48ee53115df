//! Layouts of Go's `time` package: what `timestamp` writes.

use super::name::{Name, Set};

/// The pieces of a layout that stand for a part of a time, the longest of those that begin alike first (nextStdChunk in
/// Go's time/format.go). What is written in place of each is digits, or a text of which this is the longest.
const PIECES: &[(&str, Written)] = &[
    ("January", Written::Text(3, 9)),
    ("Jan", Written::Text(3, 3)),
    ("Monday", Written::Text(6, 9)),
    ("Mon", Written::Text(3, 3)),
    ("MST", Written::Text(3, 5)),
    ("2006", Written::Digits(4)),
    ("002", Written::Digits(3)),
    ("01", Written::Digits(2)),
    ("02", Written::Digits(2)),
    ("03", Written::Digits(2)),
    ("04", Written::Digits(2)),
    ("05", Written::Digits(2)),
    ("06", Written::Digits(2)),
    ("15", Written::Digits(2)),
    ("_2006", Written::Text(5, 5)),
    ("_2", Written::Text(2, 2)),
    ("PM", Written::Text(2, 2)),
    ("pm", Written::Text(2, 2)),
    ("Z07:00:00", Written::Text(1, 9)),
    ("Z070000", Written::Text(1, 7)),
    ("Z07:00", Written::Text(1, 6)),
    ("Z0700", Written::Text(1, 5)),
    ("Z07", Written::Text(1, 3)),
    ("-07:00:00", Written::Text(9, 9)),
    ("-070000", Written::Text(7, 7)),
    ("-07:00", Written::Text(6, 6)),
    ("-0700", Written::Text(5, 5)),
    ("-07", Written::Text(3, 3)),
    ("1", Written::Text(1, 2)),
    ("2", Written::Text(1, 2)),
    ("3", Written::Text(1, 2)),
    ("4", Written::Text(1, 2)),
    ("5", Written::Text(1, 2)),
];

#[derive(Clone, Copy)]
enum Written {
    Digits(usize),
    Text(usize, usize),
}

/// What a time looks like that is written by that layout.
pub(super) fn written(layout: &str) -> Name {
    let (mut name, mut rest) = (Name::default(), layout);
    while let Some(first) = rest.chars().next() {
        if let Some(digits) = fraction(rest) {
            // With nines a fraction's zeros at its end are left out.
            let nines = rest[1..].starts_with('9');
            name.push(if nines { Name::any(0, digits + 1) } else { Name::text(&rest[..1]) });
            if !nines {
                name.push(Name::of(Set::Digit, digits));
            }
            rest = &rest[1 + digits..];
            continue;
        }
        match PIECES.iter().find(|(piece, _)| rest.starts_with(piece)) {
            Some((piece, written)) => {
                name.push(match *written {
                    Written::Digits(count) => Name::of(Set::Digit, count),
                    Written::Text(least, most) => Name::any(least, most),
                });
                rest = &rest[piece.len()..];
            }
            None => {
                name.push(Name::text(&rest[..first.len_utf8()]));
                rest = &rest[first.len_utf8()..];
            }
        }
    }
    name
}

/// How many digits a fraction of a second has that the layout begins with: `.000` or `,999`, and no digit after it.
fn fraction(layout: &str) -> Option<usize> {
    let digits = layout.strip_prefix(['.', ','])?;
    let of = digits.chars().next().filter(|digit| matches!(digit, '0' | '9'))?;
    let count = digits.chars().take_while(|digit| *digit == of).count();
    let ends = !digits[count..].starts_with(|next: char| next.is_ascii_digit());
    ends.then_some(count)
}

#[cfg(test)]
mod tests {
    use super::written;

    #[test]
    fn layouts_are_read_as_go_reads_them() {
        for (layout, pattern) in [
            ("2006-01-02T15:04:05Z", "[0-9]{4}\\-[0-9]{2}\\-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z"),
            ("20060102150405", "[0-9]{4}[0-9]{2}[0-9]{2}[0-9]{2}[0-9]{2}[0-9]{2}"),
            ("15.000", "[0-9]{2}\\.[0-9]{3}"),
            ("05.999", "[0-9]{2}.{0,4}"),
            ("Jan 2", ".{3} .{1,2}"),
            ("x", "x"),
        ] {
            assert_eq!(written(layout).regex(), pattern, "{layout}");
        }
    }
}
