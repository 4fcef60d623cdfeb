//! A tower stack: `RetryLayer`, `BufferErrorLayer`, a timeout and hyper-util's client.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt, Empty};
use reattempt::Verdict;
use reattempt::aws::{AwsClassifier, Buffered};
use reattempt::tower::{BufferErrorLayer, RetryLayer};
use tokio::time::timeout;
use tower::timeout::TimeoutLayer;
use tower::{Service, ServiceBuilder, ServiceExt};

use super::SETTLE;
use super::hyper_util::{BoxError, https_client};
use crate::cell::{self, Body};
use crate::{Cell, Failure, Limits, Reply};

type Incoming = Buffered<hyper::body::Incoming>;
type Log = Arc<Mutex<Vec<Verdict>>>;

/// Builds the stack as a user would, with an `inspect` that logs the verdicts.
fn stack(
    limits: Limits,
    log: Log,
) -> impl Service<Request<Empty<Bytes>>, Response = Response<Incoming>, Error = BoxError> {
    let policy = cell::policy()
        .classify(AwsClassifier::new().boxed())
        .inspect(move |_: Result<&Response<Incoming>, &BoxError>, verdict| {
            log.lock().expect("no panic").push(verdict);
        });
    ServiceBuilder::new()
        .layer(RetryLayer::new(policy))
        .layer(BufferErrorLayer::new(64 * 1024))
        .layer(TimeoutLayer::new(limits.head))
        .service(https_client(limits))
}

async fn read(response: Response<Incoming>, limit: Duration) -> Result<Reply, BoxError> {
    let (head, body) = response.into_parts();
    let body = timeout(limit, body.collect()).await??;
    Ok(Reply::from_parts(head, body.to_bytes()))
}

pub(super) async fn cell(url: &str, failure: Failure) -> Option<Cell> {
    let request = Request::get(url).body(Empty::new()).ok()?;
    let limits = failure.limits();
    let log = Log::default();
    let mut service = stack(limits, log.clone());
    if failure.is_second_call() {
        let first = service.ready().await.ok()?.call(request.clone()).await;
        let first = first.expect("the first call succeeds");
        read(first, limits.body).await.expect("its body is whole");
        tokio::time::sleep(SETTLE).await;
        log.lock().expect("no panic").clear();
    }
    let result = service.ready().await.ok()?.call(request).await;
    let verdicts = log.lock().expect("no panic").clone();
    let response = match result {
        Ok(response) => response,
        Err(error) => return Some(Cell::of(verdicts, &Err(error))),
    };
    let result = read(response, limits.body).await;
    let mut cell = Cell::of(verdicts, &result);
    if result.is_err() {
        cell.body = Body::Lost;
    }
    Some(cell)
}
