//! Calling AWS without the SDK: throttling wherever AWS hides it, and the retry
//! mode of AWS's own SDKs.
//!
//! ```
//! use http::Response;
//! use reattempt::aws::{self, Buffered, buffer_error};
//! # use http_body_util::BodyExt;
//! # type Failure = std::io::Error;
//! # type Body = http_body_util::combinators::UnsyncBoxBody<bytes::Bytes, Failure>;
//! # async fn send_signed_now() -> Result<Response<Body>, Failure> {
//! #     let body = http_body_util::Full::from("{}");
//! #     Ok(Response::new(body.map_err(|never| match never {}).boxed_unsync()))
//! # }
//!
//! async fn list_tables() -> Result<Response<Buffered<Body>>, Failure> {
//!     let response = send_signed_now().await?;
//!     // The body of an error is looked into; that of a success streams on.
//!     buffer_error(response, 64 * 1024).await
//! }
//!
//! # let runtime = tokio::runtime::Builder::new_current_thread().build()?;
//! # #[cfg(feature = "tokio")]
//! # runtime.block_on(async {
//! let policy = aws::standard(); // once for each client: clones share its budget
//! let response = policy.retry(|_| list_tables()).await?;
//! # assert_eq!(response.into_body().collect().await?.to_bytes(), "{}");
//! # Ok::<(), Failure>(())
//! # })?;
//! # Ok::<(), Failure>(())
//! ```
//!
//! # Sign each attempt
//!
//! A SigV4 signature carries its date and is good for about five minutes. Build
//! and sign the request inside the operation: it is called after the wait, so
//! the date is fresh. What AWS's SDKs send to tell a service of their retries,
//! [`sdk_headers`] with one [`InvocationId`] for each call, is signed too.
//!
//! # What is retried, and what never
//!
//! [`AwsClassifier`] asks the error code first, then the status:
//!
//! | outcome | verdict |
//! | --- | --- |
//! | a throttling code, at any error status, 400 included | retry, throttling |
//! | 429, whatever its code | retry, throttling |
//! | any other 5xx | retry, server |
//! | any other 4xx | permanent, or transient where the body broke off while it was read |
//! | a 200 with an error inside | as a 500 with that code |
//! | any other status | success |
//! | a transport error | as by [`HttpClassifier`](crate::http::HttpClassifier) |
//!
//! [`error_code()`] finds the code in each of AWS's wire formats. The throttling
//! codes are those of AWS's SDKs and some more that services send:
//! `ThrottlingException`, `SlowDown`, `RequestLimitExceeded`,
//! `ProvisionedThroughputExceededException`, `TooManyRequestsException`,
//! `KMSThrottlingException` and so on.
//!
//! `LimitExceededException` is on AWS's list, though most services mean a quota
//! by it that no wait will raise: `.never_code("LimitExceededException")` where
//! it is so. AWS's SDKs also retry `RequestTimeout`, a 400 of S3's that says the
//! client sent too slowly: [`AwsClassifier::like_sdk`] does.
//!
//! Two errors look transient and are not. With an expired token
//! (`ExpiredToken`, `ExpiredTokenException`), or a 401 of the instance metadata
//! service, fetch new credentials and make a new call. With a clock that is off
//! (`RequestTimeTooSkewed`, `SignatureDoesNotMatch`), set it, or sign by the
//! time in the response's Date header. The same request again gets the same
//! answer, so neither is retried.
//!
//! # An error inside a 200
//!
//! S3's `CopyObject`, `UploadPartCopy` and `CompleteMultipartUpload` answer 200
//! before they are done, and may then send `<Error>` as the body, or break off. A
//! 200 that holds XML with that root, or XML that ends before its root does, is
//! judged as a 500. It must come without the headers `ETag`, `Last-Modified` and
//! `Accept-Ranges`, which an object has: an object that happens to be such a
//! document is a success. A Content-Type, if there is one, must name XML. For
//! these three, read the whole body in the operation;
//! [`buffer_error`] leaves a 200 alone.
//! [`AwsClassifier::never_in_success`] switches the look into a 200 off.
//!
//! Batch calls fail in part inside a 200 (DynamoDB's `UnprocessedItems`, Kinesis'
//! `FailedRecordCount`, SQS' `Failed`), and no classifier can repeat a part: see
//! the example `dynamodb_batch`, which resubmits what is left with the loop form.
//!
//! # The budget and who shares it
//!
//! [`standard`], [`dynamodb`], [`adaptive`] and [`from_env`] each make a
//! [`RetryBudget`](crate::RetryBudget) of 500 tokens. All calls that fail
//! together should share one: keep one policy for each client of a service in a
//! region, and clone it. While everything is well the budget is full and free;
//! in an outage it lets about 35 retries through, then each call fails after its
//! first attempt, with [`OutOfBudget`](crate::StopReason::OutOfBudget), until
//! successes fill it again. That is the client's own limit, not the service's.
//!
//! A policy made for each call has a full budget each time, and so none at all.
//!
//! # The adaptive mode and when not to use it
//!
//! [`adaptive`] adds a limit on the rate of all attempts, first ones included,
//! once a throttling was seen. It suits a client whose calls all hit one
//! resource with a limit of its own, such as a bulk load into one table. It does
//! not suit a client shared by several resources or tenants, where one that is
//! throttled slows all others down, nor calls that a person waits for.
//!
//! # Throttled all the time
//!
//! Backoff spreads a peak. A call whose every attempt was throttled says so in
//! its [`RetryError`](crate::RetryError): where that happens often, ask AWS for
//! a higher service quota, or send less.
//!
//! # Long polling
//!
//! SQS `ReceiveMessage`, SWF `PollForActivityTask` and their like run in endless
//! loops, which must not spin when the budget is empty: give them
//! `standard().long_polling()`.

mod body;
mod buffer;
mod classifier;
mod codes;
mod config;
mod error_code;
mod headers;
#[cfg(feature = "tower")]
pub(crate) mod layer;
mod presets;
mod service_error;

pub use buffer::{Buffered, PeekBody, buffer_error};
pub use classifier::AwsClassifier;
pub use config::ConfigError;
pub use error_code::error_code;
pub use headers::{InvocationId, sdk_headers};
pub use presets::{adaptive, dynamodb, from_env, standard};
pub use service_error::ServiceError;
