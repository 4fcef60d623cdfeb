//! Exponential backoff for any call that can fail, async or sync, with a classifier that retries throttling and server errors and never a client's own mistake.
//!
//! An operation is a closure that returns a `Result`. It receives the [`Attempt`];
//! write `|_|` if you do not need it. The last result is returned unchanged.
//!
//! With HTTP, responses and errors are classified by status, `Retry-After` and the
//! error's sources:
//!
//! ```
//! # #[cfg(all(feature = "http", feature = "tokio"))]
//! # mod http_example {
//! # use http::Response;
//! async fn send() -> std::io::Result<Response<String>> {
//!     // One request with reqwest, hyper or any other client.
//! #   Ok(Response::new(String::new()))
//! }
//!
//! pub async fn fetch() -> std::io::Result<Response<String>> {
//!     reattempt::http::policy().retry(|_| send()).await
//! }
//! # }
//! ```
//!
//! With AWS, without its SDK, a throttling code in the body is recognised too:
//!
//! ```
//! # #[cfg(all(feature = "aws", feature = "tokio"))]
//! # mod aws_example {
//! use http::Response;
//! use reattempt::RetryPolicy;
//! use reattempt::aws::{self, AwsClassifier};
//! # async fn sign_and_send() -> std::io::Result<Response<Vec<u8>>> { Ok(Response::new(Vec::new())) }
//!
//! struct Tables {
//!     // One policy per client: its calls share a retry budget.
//!     policy: RetryPolicy<AwsClassifier>,
//! }
//!
//! impl Tables {
//!     fn new() -> Self {
//!         Self { policy: aws::dynamodb() }
//!     }
//!
//!     async fn list(&self) -> std::io::Result<Response<Vec<u8>>> {
//!         // Signed again for each attempt.
//!         self.policy.retry(|_| sign_and_send()).await
//!     }
//! }
//! # }
//! ```
//!
//! For any other error, choose which ones are retried, or retry them all:
//!
//! ```
//! use std::io;
//! use std::time::Duration;
//! use reattempt::{Backoff, RetryPolicy};
//!
//! static POLICY: RetryPolicy =
//!     RetryPolicy::new(Backoff::exponential(Duration::from_millis(50))).max_attempts(5);
//!
//! let read = POLICY
//!     .retry_blocking(|_| io::Result::Ok("text"))
//!     .when(|error| error.kind() == io::ErrorKind::TimedOut)
//!     .call();
//! assert_eq!(read.ok(), Some("text"));
//! ```
//!
//! # Vocabulary
//!
//! | term | meaning |
//! | --- | --- |
//! | operation | the closure or request that may fail |
//! | attempt | one execution of it; the first is number 1 |
//! | retry | an attempt after the first |
//! | backoff | the delay before a retry: it starts at the base, grows by a factor up to the cap |
//! | jitter | the random spread of a delay, within the cap |
//! | verdict | the classifier's decision about an outcome: success, permanent or retry |
//! | server hint | the delay that a server asks for, such as `Retry-After` |
//!
//! # One call
//!
//! ```text
//! ┌─▶ limiter
//! │      ▼
//! │   attempt
//! │      ▼
//! │   classifier ── success, permanent ─▶ result
//! │      ▼ retry
//! │   idempotency, attempts, hint, time, budget ── refused ─▶ result
//! │      ▼ paid
//! │   observer, hook
//! │      ▼
//! └── wait
//! ```
//!
//! - A call makes at most [`max_attempts`](RetryPolicy::max_attempts) attempts.
//! - A retry is refused if its wait would end at or after
//!   [`max_elapsed`](RetryPolicy::max_elapsed), whatever the server asks for. Limiter
//!   waits are not limited.
//! - The operation is called after the wait, so a signature or a token is fresh.
//! - A result that is retried is dropped before the wait.
//! - Nothing is spawned, and the drivers allocate nothing. The `aws` module may allocate
//!   while it reads the body of an error. An error type may allocate when it is made from
//!   [`TimedOut`], as `io::Error` does.
//!
//! # Policy or call?
//!
//! | setting | policy | call |
//! | --- | --- | --- |
//! | backoff (for throttling too), server hint, budget, limiter, observer, name, seed | yes | |
//! | `unlimited_attempts`, `inspect`, `assume_idempotent`, `log_levels` | yes | |
//! | attempts, time limit, classifier | yes | replaces the policy's |
//! | `on_retry`, `non_idempotent`, `long_polling` | | yes |
//! | `attempt_timeout`, `timer` | | an async call |
//! | `sleep_with` | | a sync call |
//!
//! The settings of a call are methods of [`Call`](call::Call). A loop of your own, for
//! operations that need `&mut` state, is a [`RetryLoop`].
//!
//! # Imports
//!
//! `use reattempt::*` also imports the modules `http` and `tower`, and makes the crates of the
//! same names ambiguous. `use reattempt::prelude::*` imports every other name: see
//! [`prelude`].
//!
//! # Features
//!
//! A feature adds types and methods and changes none. With a feature that is named after a
//! client, the classifiers recognise that client's errors.
//!
//! | feature | default | adds |
//! | --- | --- | --- |
//! | `tokio` | yes | `TokioTimer`, the default timer; not on `wasm32-unknown-unknown` |
//! | `http` | yes | the `http` module: verdicts from statuses, hints and transport errors |
//! | `aws` | yes | the `aws` module: error codes of all wire formats, presets of the SDKs |
//! | `tower` | | the `tower` module: `RetryLayer` and, with `aws`, `BufferErrorLayer` |
//! | `reqwest` | | reqwest's responses and errors, and those of `hyper` |
//! | `hyper` | | errors of hyper 1 and hyper-util |
//! | `ureq` | | errors of ureq 3, statuses as errors included |
//! | `tonic` | | the `grpc` module: verdicts on tonic's statuses, pushback and `RetryInfo` |
//! | `serde` | | `PolicyConfig`: policies from configuration files and environment variables |
//! | `tracing` | | an event per retry (debug), per call given up (warn) and per error that was not recognised (debug), with the text of the error; `log_levels` changes the levels |
//! | `governor` | | `GovernorLimiter`: a known quota as a limiter |
//! | `resume` | | the `resume` module: response bodies that are requested again where they break |
//!
//! # WebAssembly
//!
//! On `wasm32-unknown-unknown` the crate uses the clocks and random numbers of the
//! JavaScript host, and an async call needs `.timer(..)`. The cookbook's page on [other
//! runtimes][runtimes] has a timer for the web, and a setting for hosts without JavaScript.
//!
//! [runtimes]: https://github.com/reattempt/reattempt/blob/main/docs/cookbook/runtimes.md
//!
//! # In an outage
//!
//! Retries multiply the load on a server that fails. A [`RetryBudget`] limits the retries
//! of one client as a whole, and a [`Limiter`] the rate of all its attempts. A budget does
//! not protect a server from a fleet of many small clients, because each client starts with
//! a full bucket. Such a fleet is safe only if rate × (1 + chance to retry) is less than the
//! server's capacity. See [`RetryBudget::starting_at`].
//!
//! [`RetryPolicy::schedule`] returns the delays to expect from a policy, and the chance that
//! a call outlasts an outage of a given length.
//!
//! # What it does not do
//!
//! Hedging (sending a request twice at the same time) and circuit breaking are out of
//! scope.

#![cfg_attr(docsrs, feature(doc_cfg))]
#![forbid(unsafe_code)]

mod attempt;
#[cfg(feature = "aws")]
#[cfg_attr(docsrs, doc(cfg(feature = "aws")))]
pub mod aws;
mod backoff;
mod budget;
pub mod call;
mod classify;
#[cfg(feature = "serde")]
mod config;
mod engine;
mod error;
mod event;
#[cfg(feature = "governor")]
mod governor;
#[cfg(feature = "tonic")]
#[cfg_attr(docsrs, doc(cfg(feature = "tonic")))]
pub mod grpc;
#[cfg(feature = "http")]
#[cfg_attr(docsrs, doc(cfg(feature = "http")))]
pub mod http;
mod jitter;
mod limiter;
#[cfg(feature = "tracing")]
mod log;
#[cfg(any(feature = "aws", feature = "tracing"))]
mod one_line;
mod policy;
pub mod prelude;
#[cfg(feature = "resume")]
#[cfg_attr(docsrs, doc(cfg(feature = "resume")))]
pub mod resume;
mod session;
pub mod testing;
mod timer;
#[cfg(feature = "tower")]
#[cfg_attr(docsrs, doc(cfg(feature = "tower")))]
pub mod tower;

#[doc(inline)]
pub use prelude::*;

/// The code in README.md, compiled and run.
#[cfg(all(doctest, feature = "http", feature = "tokio"))]
#[doc = include_str!("../README.md")]
mod readme {}

#[cfg(all(
    any(doc, doctest),
    feature = "aws",
    feature = "reqwest",
    feature = "resume",
    feature = "serde",
    feature = "tokio",
    feature = "tonic",
    feature = "tower",
    feature = "ureq",
))]
pub mod cookbook;
