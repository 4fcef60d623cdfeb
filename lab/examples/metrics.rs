//! Counts retries with the `metrics` crate: by error kind, with their delays and the ends
//! of calls.

use std::time::Duration;

use metrics::{counter, histogram};
use metrics_util::debugging::{DebugValue, DebuggingRecorder};
use reattempt::{Backoff, ErrorKind, Observer, RetryEvent, RetryPolicy, StopEvent, Verdict};

struct Metrics;

impl Observer for Metrics {
    fn on_retry(&self, event: &RetryEvent) {
        let policy = event.name().unwrap_or("unnamed");
        let kind = event.kind().as_str();
        counter!("retries_total", "policy" => policy, "kind" => kind).increment(1);
        histogram!("retry_delay_seconds", "policy" => policy).record(event.delay());
    }

    fn on_limited(&self, delay: Duration) {
        histogram!("limiter_delay_seconds").record(delay);
    }

    fn on_stop(&self, event: &StopEvent) {
        let policy = event.name().unwrap_or("unnamed");
        let reason = event.reason().as_str();
        counter!("calls_total", "policy" => policy, "end" => reason).increment(1);
        histogram!("call_attempts", "policy" => policy).record(event.attempts());
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    // In production, use a recorder that exports, such as metrics-exporter-prometheus.
    let recorder = DebuggingRecorder::new();
    let snapshotter = recorder.snapshotter();
    recorder.install()?;

    let policy = RetryPolicy::new(Backoff::exponential(Duration::from_millis(1)))
        .name("orders")
        .observer(Metrics)
        .classify_fn(|outcome: Result<&(), &u16>| match outcome {
            Ok(()) => Verdict::Success,
            Err(429) => Verdict::retry(ErrorKind::Throttling),
            Err(500..) => Verdict::retry(ErrorKind::Server),
            Err(_) => Verdict::Permanent,
        });
    for answers in [&[200][..], &[429, 503, 200], &[404], &[500, 500, 500]] {
        let mut left = answers.iter();
        let result = policy
            .retry_blocking(|_| match left.next() {
                Some(200) | None => Ok(()),
                Some(status) => Err(*status),
            })
            .call();
        println!("{answers:?}: {result:?}");
    }

    println!();
    let mut lines: Vec<_> = snapshotter
        .snapshot()
        .into_vec()
        .into_iter()
        .map(|(key, _, _, value)| {
            let key = key.key();
            let labels: Vec<_> = key
                .labels()
                .map(|label| format!("{}={}", label.key(), label.value()))
                .collect();
            let value = match value {
                DebugValue::Counter(count) => count.to_string(),
                DebugValue::Gauge(level) => level.to_string(),
                DebugValue::Histogram(samples) => format!("{} samples", samples.len()),
            };
            format!("{}{{{}}} {value}", key.name(), labels.join(", "))
        })
        .collect();
    lines.sort();
    println!("{}", lines.join("\n"));
    Ok(())
}
