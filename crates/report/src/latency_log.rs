//! `latency.hlog`: the histograms of a run in HdrHistogram's interval log, which its own tools read.

use std::time::{Duration, SystemTime};

use hdrhistogram::Histogram;
use hdrhistogram::serialization::V2DeflateSerializer;
use hdrhistogram::serialization::interval_log::{IntervalLogWriterBuilder, Tag};
use leaseproof_domain::{Micros, UnixMicros};

/// A histogram that cannot be written.
#[derive(Debug, thiserror::Error)]
#[error("the histogram of `{tag}` cannot be written as an interval log: {why}")]
pub struct LatencyLogError {
    /// The histogram's tag.
    pub tag: String,
    /// The encoder's error.
    pub why: String,
}

/// One interval for the whole run (from `epoch`, `length` long), with one line per histogram (microseconds), tagged
/// `issue.response` and so on. The column of maxima is in milliseconds. Requests without an answer are included with
/// their lower bound, and are also in a separate histogram `issue.response.unanswered`.
///
/// # Errors
/// If a tag contains a comma or a space, or a histogram cannot be encoded.
pub fn latency_log<'a>(
    histograms: impl IntoIterator<Item = (String, &'a Histogram<u64>)>,
    epoch: UnixMicros,
    length: Micros,
) -> Result<Vec<u8>, LatencyLogError> {
    let start = SystemTime::UNIX_EPOCH + Duration::from_micros(u64::try_from(epoch.0).unwrap_or(0));
    let length = Duration::from_micros(length.0);
    let mut bytes = Vec::new();
    let mut serializer = V2DeflateSerializer::new();
    let failed = |tag: &str, why: String| LatencyLogError { tag: tag.to_owned(), why };
    let mut log = IntervalLogWriterBuilder::new()
        .add_comment("[Latencies of a leaseproof run, in microseconds; Interval_Max in milliseconds]")
        .add_comment(
            "[Requests without an answer count with the time that they waited, and at least with the client's timeout]",
        )
        .add_comment("[*.unanswered has only these lower bounds, which are also in the main histogram]")
        .with_start_time(start)
        .with_base_time(start)
        .with_max_value_divisor(1_000.0)
        .begin_log_with(&mut bytes, &mut serializer)
        .map_err(|error| failed("header", error.to_string()))?;
    for (name, histogram) in histograms {
        let tag = Tag::new(&name).ok_or_else(|| failed(&name, "a tag has no comma and no white space".into()))?;
        log.write_histogram(histogram, Duration::ZERO, length, Some(tag))
            .map_err(|error| failed(&name, error.to_string()))?;
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use hdrhistogram::Histogram;
    use hdrhistogram::serialization::interval_log::{IntervalLogIterator, LogEntry};
    use leaseproof_domain::{Micros, UnixMicros};

    use super::latency_log;

    #[test]
    fn what_is_written_is_read_back() {
        let mut histogram = Histogram::new(3).unwrap();
        histogram.record(12_300).unwrap();
        let bytes = latency_log([("issue.response".into(), &histogram)], UnixMicros(1_000_000), Micros(40_000_000));
        let bytes = bytes.unwrap();
        let tags: Vec<_> = IntervalLogIterator::new(&bytes)
            .filter_map(|entry| match entry.unwrap() {
                LogEntry::Interval(interval) => Some((interval.tag().unwrap().as_str().to_owned(), interval.max())),
                _ => None,
            })
            .collect();
        assert_eq!(tags, [("issue.response".to_owned(), 12.303)]);
    }
}
