//! The events of the feature `tracing`.

use std::fmt::{Debug, Write as _};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use reattempt::{Backoff, ErrorKind, RetryPolicy, StopReason, Verdict};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

/// Records each event as a line.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<String>>>);

struct Line(String);

impl Visit for Line {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        write!(self.0, " {}={value:?}", field.name()).unwrap();
    }
}

impl Subscriber for Log {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        let mut line = Line(event.metadata().level().to_string());
        event.record(&mut line);
        self.0.lock().unwrap().push(line.0);
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

fn logged(run: impl FnOnce()) -> Vec<String> {
    let log = Log::default();
    tracing::subscriber::with_default(log.clone(), run);
    log.0.lock().unwrap().clone()
}

#[test]
fn retries_are_debug_and_giving_up_is_a_warning() {
    let policy = RetryPolicy::new(Backoff::constant(Duration::from_millis(1_500)))
        .max_attempts(2)
        .name("orders")
        .classify_fn(|_: Result<&(), &()>| Verdict::retry(ErrorKind::Throttling));
    let lines = logged(|| {
        let call = policy.retry_blocking(|_| Err(())).sleep_with(|_| ());
        assert_eq!(call.outcome().reason, StopReason::OutOfAttempts);
    });
    assert_eq!(
        lines,
        [
            "DEBUG message=retrying http.request.resend_count=1 error.type=\"throttling\" \
             attempt=1 max_attempts=2 delay_ms=1500 policy=\"orders\"",
            "WARN message=gave up; every attempt was throttled, a service quota increase may \
             be due http.request.resend_count=1 error.type=\"throttling\" attempt=2 \
             max_attempts=2 waited_ms=1500 delay_ms=0 reason=attempts exhausted \
             policy=\"orders\"",
        ],
    );
}

#[cfg(feature = "http")]
#[test]
fn an_error_that_is_not_recognised_is_logged_once_per_call() {
    let lines = logged(|| {
        let policy = reattempt::http::error_policy();
        let call = policy.retry_blocking(|_| Err::<(), _>(std::fmt::Error));
        assert_eq!(call.outcome().reason, StopReason::Permanent);
    });
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert!(lines[0].starts_with("DEBUG message=error not recognised, not retried"));
    assert!(
        lines[0].contains("error.type=\"core::fmt::Error\""),
        "{lines:?}"
    );
}

#[test]
fn a_success_and_a_permanent_failure_log_nothing() {
    let lines = logged(|| {
        let policy = RetryPolicy::new(Backoff::none()).when(|_: &u8| false);
        assert_eq!(policy.retry_blocking(|_| Ok::<_, u8>(1)).call(), Ok(1));
        assert_eq!(policy.retry_blocking(|_| Err::<(), _>(7)).call(), Err(7));
    });
    assert!(lines.is_empty(), "{lines:?}");
}
