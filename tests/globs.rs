//! A glob import of the prelude, next to crates that have the names of modules.
#![cfg(all(feature = "http", feature = "tower"))]

use http::StatusCode;
use reattempt::prelude::*;
use tower::ServiceBuilder;

#[test]
fn the_prelude_does_not_hide_the_crates_http_and_tower() {
    let policy = reattempt::http::policy();
    let judge = reattempt::http::HttpClassifier::new();
    assert!(matches!(
        judge.judge_status(StatusCode::TOO_MANY_REQUESTS),
        Verdict::Retry {
            kind: ErrorKind::Throttling,
            ..
        }
    ));
    let _layers = ServiceBuilder::new().layer(reattempt::tower::RetryLayer::new(policy));
}
