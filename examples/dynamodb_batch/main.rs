//! Writes a batch to DynamoDB with a retry loop that sends only the failed items again.
//!
//! If the table does not have enough capacity for a batch, DynamoDB writes a part of it. It
//! returns the rest in a 200 as `UnprocessedItems`, which AWS's SDKs do not retry.
#![expect(clippy::print_stdout, reason = "the example prints each attempt")]

#[path = "../common/client.rs"]
mod client;
mod server;
#[path = "../common/wire.rs"]
mod wire;

use std::error::Error;
use std::io;
use std::ops::ControlFlow;
use std::time::{Duration, SystemTime};

use aws_credential_types::Credentials;
use http::{Method, Request};
use http_body_util::Full;
use reattempt::aws::{self, InvocationId, ServiceError, sdk_headers};
use reattempt::http::judge_error;
use reattempt::{Attempt, Backoff, ErrorKind, Verdict};
use serde_json::{Value, json};

const ITEMS: usize = 100;
/// The largest number of items in a batch of DynamoDB.
const BATCH: usize = 25;

/// The reason why an attempt did not write the whole batch.
#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error("{0} items left unprocessed")]
    Unprocessed(usize),
    #[error(transparent)]
    Service(#[from] ServiceError),
    #[error(transparent)]
    Transport(#[from] io::Error),
}

fn judge(outcome: Result<&(), &Failure>) -> Verdict {
    match outcome {
        Ok(()) => Verdict::Success,
        // The table had no capacity left.
        Err(Failure::Unprocessed(_)) => Verdict::retry(ErrorKind::Throttling),
        Err(Failure::Service(error)) => error.verdict(),
        // A connection that was lost, or a request that could not be signed.
        Err(Failure::Transport(error)) => judge_error(error),
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error + Send + Sync>> {
    let (url, table) = server::start().await?;
    println!("The table at {url} has capacity for a part of each batch.\n");

    // Use one policy for the client, so that all batches share its budget. The backoff after
    // throttling is shorter than the default, so that the example ends soon.
    let policy = aws::dynamodb()
        .throttling_backoff(Backoff::exponential(Duration::from_millis(250)))
        .max_attempts(10)
        .classify_fn(judge);

    let items: Vec<Value> = (0..ITEMS).map(put).collect();
    for (number, items) in items.chunks(BATCH).enumerate() {
        println!("batch {}", number.saturating_add(1));
        let mut left = items.to_vec();
        let id = InvocationId::new();
        let mut calls = policy.start();
        let done = loop {
            let attempt = calls.next_attempt().await;
            let result = write(&url, &mut left, &id, &attempt).await;
            match &result {
                Ok(()) => println!("  {}  all written", attempt.number()),
                Err(error) => println!("  {}  {error}", attempt.number()),
            }
            if let ControlFlow::Break(done) = calls.check(result) {
                break done;
            }
        };
        done?;
    }

    let (written, twice) = table.count();
    println!("\n{ITEMS} items sent, {written} in the table, {twice} written twice");
    if (written, twice) == (ITEMS, 0) {
        Ok(())
    } else {
        Err("the table does not hold each item once".into())
    }
}

fn put(number: usize) -> Value {
    let id = format!("item-{number:03}");
    json!({"PutRequest": {"Item": {"id": {"S": id}}}})
}

/// Makes one attempt with a new signature. Leaves only the items that were not written in
/// `left`.
async fn write(
    url: &str,
    left: &mut Vec<Value>,
    id: &InvocationId,
    attempt: &Attempt,
) -> Result<(), Failure> {
    let body = json!({"RequestItems": {server::TABLE: &left}}).to_string();
    let request = request(url, &body, id, attempt).map_err(io::Error::other)?;
    let response = client::send(request).await?;
    if let Some(error) = ServiceError::from_response(&response) {
        return Err(error.into());
    }
    let mut answer: Value = serde_json::from_slice(response.body()).map_err(io::Error::from)?;
    *left = match answer.pointer_mut(&format!("/UnprocessedItems/{}", server::TABLE)) {
        Some(Value::Array(unprocessed)) => std::mem::take(unprocessed),
        _ => Vec::new(),
    };
    if left.is_empty() {
        Ok(())
    } else {
        Err(Failure::Unprocessed(left.len()))
    }
}

fn request(
    url: &str,
    body: &str,
    id: &InvocationId,
    attempt: &Attempt,
) -> Result<Request<Full<bytes::Bytes>>, Box<dyn Error + Send + Sync>> {
    let credentials = Credentials::new("AKIADEMO", "demo-secret", None, None, "demo");
    let host = url.trim_start_matches("http://");
    let mut request = Request::builder()
        .method(Method::POST)
        .uri(format!("{url}/"))
        .header("host", host)
        .header("content-type", "application/x-amz-json-1.0")
        .header("x-amz-target", "DynamoDB_20120810.BatchWriteItem")
        .body(Full::from(body.to_owned()))?;
    request.headers_mut().extend(sdk_headers(id, attempt));
    #[expect(
        clippy::disallowed_methods,
        reason = "a signature carries the real date"
    )]
    let now = SystemTime::now();
    let body = body.as_bytes();
    client::sign(
        &mut request,
        body,
        "dynamodb",
        "us-east-1",
        &credentials,
        now,
    )?;
    Ok(request)
}
