//! Errors in a report of eyre.

use std::io;

use eyre::Report;
use reattempt::http::ErrorClassifier;
use reattempt::{Classify, ErrorKind, Verdict};

#[test]
fn an_error_in_an_eyre_report_is_recognised() {
    let refused = io::Error::from(io::ErrorKind::ConnectionRefused);
    let judge = ErrorClassifier::new().error_as(|error: &Report| error.as_ref());
    let report = Report::from(refused).wrap_err("cannot load");
    let verdict = judge.classify(Err::<&(), _>(&report));
    assert_eq!(verdict, Verdict::retry(ErrorKind::Unsent));
}
