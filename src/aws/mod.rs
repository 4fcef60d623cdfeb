//! Retries for calls to AWS without its SDK. Throttling is recognised in every wire
//! format, and the presets retry as AWS's SDKs do.
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
//!     // Reads the body of an error response. The body of a success streams on.
//!     buffer_error(response, 64 * 1024).await
//! }
//!
//! # let runtime = tokio::runtime::Builder::new_current_thread().build()?;
//! # #[cfg(feature = "tokio")]
//! # runtime.block_on(async {
//! let policy = aws::standard(); // one per client: clones share its budget
//! let response = policy.retry(|_| list_tables()).await?;
//! # assert_eq!(response.into_body().collect().await?.to_bytes(), "{}");
//! # Ok::<(), Failure>(())
//! # })?;
//! # Ok::<(), Failure>(())
//! ```
//!
//! # Sign each attempt
//!
//! A SigV4 signature carries a date and is valid for about five minutes. Build and sign
//! the request inside the operation. It is called after the wait, so the date is fresh.
//! AWS's SDKs announce their retries in two headers. [`sdk_headers`] returns them. Use one
//! [`InvocationId`] per call, and sign the headers too.
//!
//! # What is retried
//!
//! [`AwsClassifier`] checks the error code first, then the status:
//!
//! | outcome | verdict |
//! | --- | --- |
//! | a throttling code, at any error status, 400 included | retry, throttling |
//! | 429, with any code | retry, throttling |
//! | any other 5xx | retry, server |
//! | any other 4xx | permanent, or transient if the body broke off while it was read |
//! | a 200 with an error inside | the verdict on a 500 with that code |
//! | any other status | success |
//! | a transport error | the verdict of [`HttpClassifier`](crate::http::HttpClassifier) |
//!
//! [`error_code()`] finds the code in each of AWS's wire formats. The throttling codes are
//! those of AWS's SDKs and some that only a few services send: `ThrottlingException`,
//! `SlowDown`, `RequestLimitExceeded`, `ProvisionedThroughputExceededException`,
//! `TooManyRequestsException`, `KMSThrottlingException` and so on.
//!
//! `LimitExceededException` is on AWS's list, although most services use it for a quota
//! that waiting does not raise. Use `.never_code("LimitExceededException")` for these
//! services.
//! [`AwsClassifier::like_sdk`] adds the three codes that AWS's SDKs retry beyond this
//! table: `RequestTimeout`, `RequestTimeoutException` and `IDPCommunicationError`.
//!
//! If a token has expired (`ExpiredToken`, `ExpiredTokenException`, or a 401 of the instance
//! metadata service), fetch new credentials and make a new call. If the clock is wrong
//! (`RequestTimeTooSkewed`, `SignatureDoesNotMatch`), correct it. Neither error is retried,
//! because the same request would fail again. With a [`ClockSkew`], the clock is corrected by
//! the server's date, and the rejected request is retried once.
//!
//! # Permanent, although the message says "try again"
//!
//! | code | service | what to do |
//! | --- | --- | --- |
//! | `OperationAborted` | S3, 409 | `.retry_code("OperationAborted", ErrorKind::Server)` if another change of the same bucket may be running |
//! | `ConditionalRequestConflict` | S3, 409 | read the object again, then write with its new `ETag`: a new call |
//! | `TransactionCanceledException` | DynamoDB | look for `ThrottlingError` in its reasons with [`classify_fn`](crate::RetryPolicy::classify_fn); for a conflict read the items again |
//! | `TooManyUpdates` | Systems Manager, 400 | `.retry_code("TooManyUpdates", ErrorKind::Throttling)` |
//!
//! ```
//! use reattempt::aws::{self, AwsClassifier};
//! use reattempt::ErrorKind;
//!
//! let judge = AwsClassifier::new()
//!     .retry_code("OperationAborted", ErrorKind::Server)
//!     .retry_code("TooManyUpdates", ErrorKind::Throttling)
//!     .never_code("LimitExceededException");
//! let policy = aws::standard().classify(judge);
//! # let _ = policy;
//! ```
//!
//! # An error inside a 200
//!
//! S3's `CopyObject`, `UploadPartCopy` and `CompleteMultipartUpload` answer 200 before they
//! are done. They may then send `<Error>` as the body, or break off. A 200 counts as a 500
//! in these cases:
//!
//! - The body is XML with the root `Error`, with any Content-Type. `MinIO` sends it as
//!   `text/event-stream`, with white space first.
//! - The body is XML that ends before its root is closed, or nothing but white space, and
//!   the Content-Type is XML or absent. An empty body is a success.
//!
//! A response with `ETag` or `Last-Modified` is an object and always a success. Read the
//! whole body in the operation if you call one of these three: [`buffer_error`] does not
//! read the body of a 200. [`AwsClassifier::never_in_success`] turns the check off.
//!
//! The classifier does not detect a batch call that fails in part inside a 200 (DynamoDB's
//! `UnprocessedItems`, Kinesis' `FailedRecordCount`, SQS' `Failed`). Send the failed part
//! again in a [`RetryLoop`](crate::RetryLoop), as the example `dynamodb_batch` does. Nor
//! does it detect an exception inside an event stream, which arrives after the response was
//! accepted.
//!
//! # Compressed bodies
//!
//! The classifier cannot find the code in a body with a Content-Encoding, so a throttled
//! request looks like any other 400. Do not send Accept-Encoding, or decompress before the
//! classifier reads the body: inside the operation, or in a tower layer under
//! `BufferErrorLayer`.
//!
//! # Servers that are not AWS
//!
//! | server | answer | setting |
//! | --- | --- | --- |
//! | `MinIO`, Alibaba's OSS, Wasabi | 503 `SlowDown`, `ServiceUnavailable` or their own code under overload | `SlowDown` is throttling, another 503 a server error; `.retry_code("ServiceUnavailable", ErrorKind::Throttling)` gives it the longer backoff and the lower cost |
//! | Alibaba Cloud | 400 with `Throttling.User`, `Throttling.Api` | `.retry_code("Throttling.User", ErrorKind::Throttling)` for each code |
//! | Tencent Cloud | 200 with `Response.Error.Code` `RequestLimitExceeded` | [`classify_fn`](crate::RetryPolicy::classify_fn), which receives the decoded answer |
//! | Google, GitHub | 403 with a reason such as `rateLimitExceeded` | [`classify_fn`](crate::RetryPolicy::classify_fn): a 403 without that reason is permanent |
//!
//! # Share the budget
//!
//! [`standard`], [`dynamodb`], [`adaptive`] and [`from_env`] each make a
//! [`RetryBudget`](crate::RetryBudget) of 500 tokens. Keep one policy per client of a service
//! in a region, and clone it: calls that fail together should share one budget. While calls
//! succeed, the budget stays full. In an outage it pays for about 35 retries. After that,
//! each call fails after its first attempt with
//! [`OutOfBudget`](crate::StopReason::OutOfBudget), until successes fill the budget again.
//! This is a limit of the client, not of the service. Do not make a policy for each call:
//! each would have a full budget, and nothing would be limited.
//!
//! # Server hints
//!
//! The presets use [`ServerHint::Bounded`](crate::ServerHint::Bounded), as AWS's SDKs do: a
//! hint lengthens the computed delay by 5 s at most. It ends a call only if the longer wait
//! would not end before `max_elapsed`.
//! [`http::policy`](crate::http::policy) waits for the whole hint instead, up to 300 s, and
//! ends the call if the hint is longer.
//!
//! # The adaptive mode
//!
//! [`adaptive`] limits the rate of all attempts, first ones included, after the first
//! throttling. Use it for a client whose calls all go to one resource with a limit of its
//! own, such as a bulk load into one table. Do not use it for a client of several resources
//! or tenants, where one throttled resource slows down the others, nor for calls that a
//! person waits for.
//!
//! # Throttled all the time
//!
//! Backoff spreads a peak. If every attempt of a call was throttled, its
//! [`RetryError`](crate::RetryError) says so. If that happens often, request a higher service
//! quota or send less.
//!
//! # Long polling
//!
//! Programs call SQS `ReceiveMessage`, SWF `PollForActivityTask` and similar operations in an
//! endless loop. While the budget is empty, such a loop would run without a pause. Use
//! [`long_polling`](crate::call::Call::long_polling) on each call: it then waits before it
//! fails.

mod body;
mod buffer;
mod classifier;
mod clock_skew;
mod codes;
mod config;
mod error_code;
mod headers;
#[cfg(feature = "tower")]
pub(crate) mod layer;
mod presets;
mod reply;
mod service_error;
mod verdict;

pub use buffer::{Buffered, PeekBody, buffer_error};
pub use classifier::AwsClassifier;
pub use clock_skew::{ClockSkew, SigningTime};
pub use config::ConfigError;
pub use error_code::error_code;
pub use headers::{InvocationId, sdk_headers};
pub use presets::{adaptive, dynamodb, from_env, standard};
pub use service_error::ServiceError;
