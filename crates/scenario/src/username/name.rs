//! What a text of a template can look like: a row of characters and character classes.

/// One or several characters of one class.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Part {
    set: Set,
    least: usize,
    most: usize,
}

/// Which characters can stand in a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Set {
    /// This one.
    Char(char),
    /// Letters and digits, as `random` draws them.
    Alphanumeric,
    Uppercase,
    Lowercase,
    Digit,
    Hex,
    UppercaseHex,
    Base64,
    /// Any character.
    Any,
}

/// The texts that an expression of a template can result in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Name(Vec<Part>);

impl Set {
    fn regex(self) -> String {
        match self {
            Self::Char(char) => regex::escape(&char.to_string()),
            Self::Alphanumeric => "[A-Za-z0-9]".to_owned(),
            Self::Uppercase => "[A-Z0-9]".to_owned(),
            Self::Lowercase => "[a-z0-9]".to_owned(),
            Self::Digit => "[0-9]".to_owned(),
            Self::Hex => "[0-9a-f]".to_owned(),
            Self::UppercaseHex => "[0-9A-F]".to_owned(),
            Self::Base64 => "[A-Za-z0-9+/=]".to_owned(),
            Self::Any => ".".to_owned(),
        }
    }

    fn holds(self, char: char) -> bool {
        match self {
            Self::Char(own) => own == char,
            Self::Alphanumeric => char.is_ascii_alphanumeric(),
            Self::Uppercase => char.is_ascii_digit() || char.is_ascii_uppercase(),
            Self::Lowercase => char.is_ascii_digit() || char.is_ascii_lowercase(),
            Self::Digit => char.is_ascii_digit(),
            Self::Hex => char.is_ascii_digit() || ('a'..='f').contains(&char),
            Self::UppercaseHex => char.is_ascii_digit() || ('A'..='F').contains(&char),
            Self::Base64 => char.is_ascii_alphanumeric() || matches!(char, '+' | '/' | '='),
            Self::Any => true,
        }
    }

    /// Bytes of one character; those of a class are ASCII, as far as anybody knows.
    fn bytes(self) -> usize {
        if let Self::Char(char) = self { char.len_utf8() } else { 1 }
    }
}

impl Name {
    /// That text and no other.
    pub(super) fn text(text: &str) -> Self {
        Self(text.chars().map(|char| Part { set: Set::Char(char), least: 1, most: 1 }).collect())
    }

    /// So many characters of a class.
    pub(super) fn of(set: Set, count: usize) -> Self {
        Self(vec![Part { set, least: count, most: count }])
    }

    /// Between `least` and `most` characters of any kind.
    pub(super) fn any(least: usize, most: usize) -> Self {
        Self(vec![Part { set: Set::Any, least, most }])
    }

    pub(super) fn push(&mut self, more: Self) {
        self.0.extend(more.0);
    }

    /// The text, where it can be only one.
    pub(super) fn known(&self) -> Option<String> {
        let char = |part: &Part| match part.set {
            Set::Char(char) => Some(std::iter::repeat_n(char, part.least)),
            _ => None,
        };
        self.0.iter().map(char).collect::<Option<Vec<_>>>().map(|runs| runs.into_iter().flatten().collect())
    }

    /// The fewest bytes that it can have.
    pub(super) fn least(&self) -> usize {
        self.0.iter().map(|part| part.least * part.set.bytes()).sum()
    }

    /// The most bytes that it can have.
    pub(super) fn most(&self) -> usize {
        self.0.iter().fold(0, |most, part| most.saturating_add(part.most.saturating_mul(part.set.bytes())))
    }

    /// Whether where one part ends and the next one begins is not always the same, so that a cut may hit either.
    pub(super) fn is_cut_anywhere(&self, bytes: usize) -> bool {
        self.most() > bytes && self.clone().cut(bytes).0.last().is_some_and(|part| part.set == Set::Any)
    }

    /// Its first `bytes` bytes.
    pub(super) fn cut(self, bytes: usize) -> Self {
        if self.most() <= bytes {
            return self;
        }
        let (mut kept, mut left) = (Vec::new(), bytes);
        for (place, part) in self.0.iter().enumerate() {
            let fits = left / part.set.bytes();
            // However many characters of a class there are, the first ones are of it.
            let full = part.least >= fits && part.set.bytes() == 1;
            if !full && (part.least != part.most || (fits < part.most && part.set.bytes() > 1)) {
                let rest = Self(self.0[place..].to_vec());
                kept.push(Part { set: Set::Any, least: rest.least().min(left), most: left });
                break;
            }
            let count = part.most.min(fits);
            kept.push(Part { least: count, most: count, ..*part });
            left -= count * part.set.bytes();
            if left == 0 {
                break;
            }
        }
        Self(kept)
    }

    pub(super) fn uppercase(self) -> Self {
        self.each(|set| match set {
            Set::Char(char) => Set::Char(one(char.to_uppercase(), char)),
            Set::Alphanumeric | Set::Lowercase => Set::Uppercase,
            Set::Hex => Set::UppercaseHex,
            other => other,
        })
    }

    pub(super) fn lowercase(self) -> Self {
        self.each(|set| match set {
            Set::Char(char) => Set::Char(one(char.to_lowercase(), char)),
            Set::Alphanumeric | Set::Uppercase => Set::Lowercase,
            Set::UppercaseHex => Set::Hex,
            other => other,
        })
    }

    fn each(mut self, change: impl Fn(Set) -> Set) -> Self {
        self.0.iter_mut().for_each(|part| part.set = change(part.set));
        self
    }

    /// Each `find` replaced by `by`; none where a class can hold a part of `find`, so that nobody knows.
    pub(super) fn replaced(&self, find: &str, by: &str) -> Option<Self> {
        let in_a_class = |part: &&Part| !matches!(part.set, Set::Char(_)) && find.chars().any(|c| part.set.holds(c));
        if find.is_empty() || self.0.iter().any(|part| in_a_class(&part)) {
            return None;
        }
        let (mut name, mut run) = (Self::default(), String::new());
        for part in &self.0 {
            match part.set {
                Set::Char(char) => run.extend(std::iter::repeat_n(char, part.least)),
                _ => {
                    name.push(Self::text(&std::mem::take(&mut run).replace(find, by)));
                    name.0.push(*part);
                }
            }
        }
        name.push(Self::text(&run.replace(find, by)));
        Some(name)
    }

    /// A regular expression that all these texts match.
    pub(super) fn regex(&self) -> String {
        let part = |part: &Part| {
            let set = part.set.regex();
            match (part.least, part.most) {
                (1, 1) => set,
                (0, UNBOUNDED) => format!("{set}*"),
                (least, UNBOUNDED) => format!("{set}{{{least},}}"),
                (least, most) if least == most => format!("{set}{{{least}}}"),
                (least, most) => format!("{set}{{{least},{most}}}"),
            }
        };
        self.0.iter().map(part).collect()
    }
}

/// No bound on how many.
pub(super) const UNBOUNDED: usize = usize::MAX;

/// The one character that another one becomes; where it becomes several, as ß does, itself.
fn one(mut changed: impl Iterator<Item = char>, char: char) -> char {
    changed.next().filter(|_| changed.next().is_none()).unwrap_or(char)
}
