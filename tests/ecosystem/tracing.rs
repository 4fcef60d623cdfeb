//! The events of the feature `tracing`.

use std::fmt::{Debug, Write as _};
use std::future::{Pending, pending, ready};
use std::pin::pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Waker};
use std::time::Duration;

use reattempt::{Backoff, ErrorKind, LogLevel, Observer, RetryPolicy, StopReason, Timer, Verdict};
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
             help http.request.resend_count=1 error.type=\"throttling\" attempt=2 \
             max_attempts=2 waited_ms=1500 delay_ms=0 reason=attempts exhausted \
             policy=\"orders\"",
        ],
    );
}

#[test]
fn a_loop_that_does_not_wait_is_a_warning() {
    let policy = RetryPolicy::new(Backoff::none());
    let lines = logged(|| {
        let mut calls = policy.start_blocking();
        assert!(calls.check(Err::<(), _>("down")).is_break());
    });
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert!(lines[0].starts_with("WARN message=gave up"), "{lines:?}");
    assert!(
        lines[0].contains("call next_attempt before each attempt"),
        "{lines:?}"
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
    assert!(lines[0].contains("turn on the feature of its client (reqwest 0.13, ureq 3"));
    assert!(
        lines[0].contains("error.type=\"core::fmt::Error\""),
        "{lines:?}"
    );
}

#[cfg(feature = "ureq")]
#[test]
fn an_error_of_ureq_that_is_known_as_permanent_logs_nothing() {
    let lines = logged(|| {
        let error = ureq::Error::TooManyRedirects;
        assert_eq!(reattempt::http::judge_error(&error), Verdict::Permanent);
    });
    assert!(lines.is_empty(), "{lines:?}");
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

/// An error that no classifier knows, with a known one as its source.
#[cfg(feature = "http")]
#[derive(Debug)]
struct Broken(std::io::Error);

#[cfg(feature = "http")]
impl std::fmt::Display for Broken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("cannot load the orders")
    }
}

#[cfg(feature = "http")]
impl std::error::Error for Broken {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.0)
    }
}

#[cfg(feature = "http")]
fn broken() -> Result<(), Broken> {
    Err(Broken(std::io::ErrorKind::ConnectionReset.into()))
}

/// Checks that a retry and the end of the call have each logged the text of the error.
#[cfg(feature = "http")]
#[track_caller]
fn assert_text(lines: &[String], driver: &str) {
    let text = " error=cannot load the orders ";
    assert_eq!(lines.len(), 2, "{driver}: {lines:?}");
    let (retry, stop) = (lines.first().unwrap(), lines.last().unwrap());
    assert!(retry.starts_with("DEBUG message=retrying") && retry.contains(text));
    assert!(stop.starts_with("WARN message=gave up") && stop.contains(text));
}

#[cfg(feature = "http")]
#[test]
fn events_contain_the_text_of_the_error_in_every_driver() {
    use std::ops::ControlFlow;

    let policy = reattempt::http::error_policy()
        .backoff(Backoff::none())
        .max_attempts(2);
    let blocking = || {
        let _ = policy.retry_blocking(|_| broken()).call();
    };
    assert_text(&logged(blocking), "blocking");
    let session = || {
        let mut session = policy.start_at(Duration::ZERO);
        for _ in 0..2 {
            let _ = session.decide(broken().as_ref(), Duration::ZERO);
        }
    };
    assert_text(&logged(session), "session");
    let blocking_loop = || {
        let mut calls = policy.start_blocking();
        loop {
            calls.next_attempt();
            if let ControlFlow::Break(_) = calls.check(broken()) {
                break;
            }
        }
    };
    assert_text(&logged(blocking_loop), "blocking loop");
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    let call = || {
        let timer = reattempt::ManualTimer::new();
        let _ = runtime.block_on(policy.retry(|_| async { broken() }).timer(&timer));
    };
    assert_text(&logged(call), "async");
}

/// Checks the log of a call with this policy, whose operation returns a response.
#[cfg(feature = "http")]
#[track_caller]
fn assert_text_with<C>(policy: RetryPolicy<C>, classifier: &str)
where
    C: reattempt::Classify<http::Response<()>, Broken>,
{
    let policy = policy.backoff(Backoff::none()).max_attempts(2);
    let call = || {
        let call = policy.retry_blocking(|_| broken().map(|()| http::Response::new(())));
        let _ = call.call();
    };
    assert_text(&logged(call), classifier);
}

#[cfg(feature = "http")]
#[test]
fn every_classifier_passes_the_error_to_the_log() {
    use std::error::Error;

    use reattempt::http::ErrorClassifier;

    assert_text_with(reattempt::http::policy(), "responses");
    #[cfg(feature = "aws")]
    assert_text_with(reattempt::aws::standard(), "aws");
    let wrapped = reattempt::http::error_policy()
        .inspect(|_: Result<&http::Response<()>, &Broken>, _| {})
        .erased();
    assert_text_with(wrapped, "inspected and erased");
    let policy = reattempt::http::error_policy()
        .backoff(Backoff::none())
        .max_attempts(2);
    let boxed = policy.clone().classify(ErrorClassifier::new().boxed());
    let call = || {
        let call =
            boxed.retry_blocking(|_| broken().map_err(|error| Box::new(error) as Box<dyn Error>));
        let _ = call.call();
    };
    assert_text(&logged(call), "boxed");
    let call = || {
        let call = boxed.retry_blocking(|_| {
            broken().map_err(|error| Box::new(error) as Box<dyn Error + Send + Sync>)
        });
        let _ = call.call();
    };
    assert_text(&logged(call), "boxed, Send and Sync");
    let inner = policy.classify(ErrorClassifier::new().error_as(|(error,): &(Broken,)| error));
    let call = || {
        let call = inner.retry_blocking(|_| broken().map_err(|error| (error,)));
        let _ = call.call();
    };
    assert_text(&logged(call), "an error inside another type");
}

#[test]
fn the_levels_of_the_events_can_be_chosen() {
    let policy = RetryPolicy::new(Backoff::none()).max_attempts(2);
    for (retry, stop, expected) in [
        (LogLevel::Info, LogLevel::Error, vec!["INFO", "ERROR"]),
        (LogLevel::Trace, LogLevel::Debug, vec!["TRACE", "DEBUG"]),
        (LogLevel::Off, LogLevel::Warn, vec!["WARN"]),
        (LogLevel::Off, LogLevel::Off, vec![]),
    ] {
        let policy = policy.clone().log_levels(retry, stop);
        let lines = logged(|| {
            let _ = policy.retry_blocking(|_| Err::<(), _>(())).call();
        });
        let levels: Vec<&str> = lines
            .iter()
            .filter_map(|line| line.split(' ').next())
            .collect();
        assert_eq!(levels, expected);
    }
}

#[cfg(feature = "http")]
#[test]
fn a_server_cannot_add_lines_to_the_log() {
    use std::io::{Error, ErrorKind};

    let text = "down\nWARN all is well\u{1b}[2J";
    let escaped = r"error=down\nWARN all is well\u{1b}[2J ";
    let policy = reattempt::http::error_policy().backoff(Backoff::none());
    // An error that is retried, and one that is not recognised.
    for (kind, events) in [(ErrorKind::ConnectionReset, 3), (ErrorKind::Other, 1)] {
        let lines = logged(|| {
            let call = policy.retry_blocking(|_| Err::<(), _>(Error::new(kind, text)));
            assert!(call.call().is_err());
        });
        assert_eq!(lines.len(), events, "{lines:?}");
        for line in &lines {
            assert!(line.contains(escaped), "{line:?}");
            assert!(!line.contains(char::is_control), "{line:?}");
        }
    }
}

/// A timer whose sleeps never end.
struct Endless;

impl Timer for Endless {
    type Sleep = Pending<()>;

    fn now(&self) -> Duration {
        Duration::ZERO
    }

    fn sleep(&self, _: Duration) -> Pending<()> {
        pending()
    }
}

struct Silent;

impl Observer for Silent {}

#[test]
fn a_dropped_call_is_logged_alike_with_and_without_an_observer() {
    let levels = |policy: RetryPolicy| {
        let lines = logged(|| {
            let call = policy.retry(|_| ready(Err::<(), _>("down"))).timer(Endless);
            let mut context = Context::from_waker(Waker::noop());
            assert!(pin!(call).poll(&mut context).is_pending());
        });
        let level = |line: &String| line.split(' ').next().unwrap().to_owned();
        lines.iter().map(level).collect::<Vec<_>>()
    };
    let policy = RetryPolicy::new(Backoff::constant(Duration::from_secs(1)));
    // One event for the retry, and none for the end.
    assert_eq!(levels(policy.clone()), ["DEBUG"]);
    assert_eq!(levels(policy.observer(Silent)), ["DEBUG"]);
}
