//! `RetryLayer` above a layer of tower.

use std::io;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use http::{Request, Response, StatusCode};
use reattempt::tower::RetryLayer;
use reattempt::{Backoff, http as retries};
use tower::{ServiceBuilder, ServiceExt};

#[tokio::test]
async fn a_concurrency_limit_below_is_respected_without_deadlock() {
    let statuses = Arc::new(Mutex::new(vec![200, 503, 503]));
    let service = ServiceBuilder::new()
        .layer(RetryLayer::new(retries::policy().backoff(Backoff::none())))
        .concurrency_limit(1)
        .service_fn(|_: Request<String>| {
            let status = statuses.lock().unwrap().pop().unwrap();
            std::future::ready(
                Response::builder()
                    .status(status)
                    .body(())
                    .map_err(io::Error::other),
            )
        });
    let calls = async {
        let response = service.oneshot(Request::default()).await.unwrap();
        assert_eq!(response.status(), StatusCode::OK);
    };
    tokio::time::timeout(Duration::from_secs(5), calls)
        .await
        .unwrap();
}
