use leaseproof_domain::Micros;

/// A part of a run, from one moment to another.
pub(crate) type Span = (Micros, Micros);

/// What is left of a span without others, in order.
pub(crate) fn without(span: Span, others: impl Iterator<Item = Span>) -> Vec<Span> {
    let mut left = vec![span];
    for (from, to) in others {
        left = left.into_iter().flat_map(|(begin, end)| [(begin, end.min(from)), (begin.max(to), end)]).collect();
        left.retain(|(begin, end)| begin < end);
    }
    left
}

#[cfg(test)]
mod tests {
    use leaseproof_domain::Micros;

    use super::without;

    #[test]
    fn overlapping_parts_are_left_out_once() {
        let span = |from, to| (Micros(from), Micros(to));
        let left = without(span(0, 100), [span(10, 30), span(20, 40), span(90, u64::MAX), span(200, 300)].into_iter());
        assert_eq!(left, [span(0, 10), span(40, 90)]);
        assert_eq!(without(span(5, 6), [span(0, 9)].into_iter()), []);
    }
}
