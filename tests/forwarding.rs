//! Pointers to classifiers and observers, and the texts of small types.
#![expect(clippy::unwrap_used, reason = "no thread panics with these locks")]

use std::error::Error;
use std::io;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use reattempt::{
    Backoff, Classify, ErrorKind, Limiter, Observer, RetryEvent, RetryPolicy, StopEvent, Verdict,
};

/// A classifier that retries nothing and can print its errors.
struct Printing;

impl Classify<(), io::Error> for Printing {
    fn classify(&self, _: Result<&(), &io::Error>) -> Verdict {
        Verdict::Permanent
    }

    fn error<'e>(&self, error: &'e io::Error) -> Option<&'e (dyn Error + 'static)> {
        Some(error)
    }
}

/// Checks that `classifier` does what [`Printing`] does.
fn assert_prints(classifier: impl Classify<(), io::Error>) {
    let error = io::Error::other("disk");
    assert_eq!(classifier.classify(Err(&error)), Verdict::Permanent);
    let printed = classifier.error(&error).map(ToString::to_string);
    assert_eq!(printed.as_deref(), Some("disk"));
}

#[test]
fn a_pointer_to_a_classifier_is_that_classifier() {
    assert_prints(Printing);
    assert_prints(&Printing);
    assert_prints(Box::new(Printing));
    assert_prints(Arc::new(Printing));
    assert_prints(Box::new(Printing) as Box<dyn Classify<(), io::Error>>);
}

#[cfg(feature = "tonic")]
#[test]
fn the_classifier_for_grpc_prints_its_status() {
    let status = tonic::Status::unavailable("down");
    let judge = reattempt::grpc::GrpcClassifier::new();
    let printed = Classify::<(), _>::error(&judge, &status).map(ToString::to_string);
    assert_eq!(printed, Some(status.to_string()));
}

/// An observer that records the names of its calls.
#[derive(Clone, Default)]
struct Names(Arc<Mutex<Vec<&'static str>>>);

impl Names {
    fn add(&self, name: &'static str) {
        self.0.lock().unwrap().push(name);
    }
}

impl Observer for Names {
    fn on_retry(&self, _: &RetryEvent) {
        self.add("retry");
    }

    fn on_limited(&self, _: Duration) {
        self.add("limited");
    }

    fn on_stop(&self, _: &StopEvent) {
        self.add("stop");
    }
}

/// A limiter that refuses once.
#[derive(Debug, Default)]
struct RefusesOnce(Mutex<bool>);

impl Limiter for RefusesOnce {
    fn acquire(&self, _: Duration) -> Result<(), Duration> {
        let mut has_refused = self.0.lock().unwrap();
        if std::mem::replace(&mut *has_refused, true) {
            Ok(())
        } else {
            Err(Duration::from_nanos(1))
        }
    }

    fn record(&self, _: Duration, _: bool) {}
}

/// Checks that a call with this observer reports its limiter, its retry and its end.
fn assert_observes(names: &Names, observer: impl Observer + 'static) {
    let _ = RetryPolicy::new(Backoff::none())
        .max_attempts(2)
        .limiter(RefusesOnce::default())
        .observer(observer)
        .retry_blocking(|_| Err::<(), _>("down"))
        .sleep_with(|_| ())
        .call();
    let seen = std::mem::take(&mut *names.0.lock().unwrap());
    assert_eq!(seen, ["limited", "retry", "stop"]);
}

#[test]
fn a_pointer_to_an_observer_is_that_observer() {
    let names = Names::default();
    assert_observes(&names, names.clone());
    assert_observes(&names, Arc::new(names.clone()));
    assert_observes(&names, Box::new(names.clone()));
}

#[test]
fn each_observer_of_a_pair_receives_every_event() {
    let names = Names::default();
    assert_observes(&names, (names.clone(), Names::default()));
    assert_observes(&names, (Names::default(), names.clone()));
}

#[test]
fn a_kind_prints_its_name() {
    for (kind, name) in [
        (ErrorKind::Server, "server"),
        (ErrorKind::Throttling, "throttling"),
        (ErrorKind::Transient, "transient"),
        (ErrorKind::Unsent, "unsent"),
    ] {
        assert_eq!((kind.to_string().as_str(), kind.as_str()), (name, name));
    }
}
