//! Exponential backoff for any fallible call, async or sync, with a classifier
//! that retries throttling and server errors and never a client's own mistake.
//!
//! A policy is made once; a call is one line, and returns what the operation
//! returned, unchanged:
//!
//! ```
//! use std::time::Duration;
//! use reattempt::{Backoff, RetryPolicy};
//!
//! static POLICY: RetryPolicy =
//!     RetryPolicy::new(Backoff::exponential(Duration::from_millis(50))).max_attempts(5);
//!
//! # async fn fetch() -> std::io::Result<u32> { Ok(7) }
//! # let runtime = tokio::runtime::Builder::new_current_thread().build()?;
//! # #[cfg(feature = "tokio")]
//! # runtime.block_on(async {
//! let fetched = POLICY.retry(|_| fetch()).await?;
//! # assert_eq!(fetched, 7);
//! # Ok::<(), std::io::Error>(())
//! # })?;
//! let parsed = POLICY.retry_blocking(|_| "12".parse::<u8>()).call()?;
//! # assert_eq!(parsed, 12);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Where an operation needs `&mut` state, the loop form borrows what it likes:
//! see [`Session`].
//!
//! # Vocabulary
//!
//! An *attempt* is one execution of the operation, the first one is number 1. A
//! *retry* is an attempt after the first. `max_attempts` bounds all attempts,
//! the first one included. The *backoff* is the delay before a retry: it starts
//! at the *base*, grows by the *factor*, is bounded by the *cap* and spread by
//! *jitter* inside the cap. A *verdict* is what the classifier says of an
//! outcome. A *server hint* is the delay that a server asks for.
//!
//! # Rules
//!
//! Never more than `max_attempts` executions, and no wait that would end after
//! `max_elapsed`, whatever a server asks for. The operation is called after the
//! wait, so what it computes (a signature's date, a token) is fresh. An outcome
//! that is to be retried is dropped before the wait; the last one comes back as
//! the operation returned it. Nothing is spawned and nothing allocated.
//!
//! # Features
//!
//! | feature | default | adds |
//! | --- | --- | --- |
//! | `tokio` | yes | `TokioTimer`, so that a call can be awaited without naming a timer |
//! | `aws` | yes | the `aws` module: throttling in each of AWS's wire formats, the presets of its SDKs |
//! | `http` | yes | the `http` module: verdicts from status codes, Retry-After and transport errors |
//! | `tower` | | the `tower` module: layers for a tower stack |
//! | `reqwest` | | reqwest's responses and errors judged by their own methods |
//! | `tracing` | | an event for each retry (debug) and each call given up (warn) |
//! | `governor` | | `GovernorLimiter`: a known API quota as a limiter |
//!
//! Calling AWS with raw HTTP is what the `aws` module's page is about.
//!
//! The `cookbook` module holds recipes: a deadline, `&mut` state, polling, other
//! runtimes, tower, reqwest, ureq, and how to come from another crate.
//!
//! # In an outage
//!
//! Retries multiply the load on a server that fails. A [`RetryBudget`], shared by
//! all calls of a client, bounds them as a whole; a [`Limiter`] bounds the rate
//! of all attempts. Neither costs anything to speak of while all is well.
//!
//! # What it does not do
//!
//! It sends no request twice at a time (hedging) and keeps no state of a
//! server's health (circuit breaking).

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
mod engine;
mod error;
mod event;
#[cfg(feature = "governor")]
mod governor;
#[cfg(feature = "http")]
#[cfg_attr(docsrs, doc(cfg(feature = "http")))]
pub mod http;
mod jitter;
mod limiter;
mod policy;
mod session;
pub mod testing;
mod timer;

pub use attempt::Attempt;
pub use backoff::{Backoff, Delays};
pub use budget::RetryBudget;
pub use call::{BlockingLoop, RetryLoop, retry, retry_blocking};
pub use classify::{AnyError, Classify, ClassifyFn, DynClassify, ErrorKind, Verdict, When};
pub use error::{Outcome, RetryError, StopReason, TimedOut};
pub use event::{Observer, RetryEvent, StopEvent};
#[cfg(feature = "governor")]
#[cfg_attr(docsrs, doc(cfg(feature = "governor")))]
pub use governor::GovernorLimiter;
pub use jitter::Jitter;
pub use limiter::{AdaptiveLimiter, Limiter};
pub use policy::{RetryPolicy, ServerHint};
pub use session::{Decision, Session};
pub use testing::ManualTimer;
pub use timer::Timer;
#[cfg(feature = "tokio")]
pub use timer::TokioTimer;

#[cfg(all(
    any(doc, doctest),
    feature = "aws",
    feature = "reqwest",
    feature = "tokio",
    feature = "tower",
    feature = "ureq",
))]
pub mod cookbook;

/// Layers for tower stacks.
#[cfg(feature = "tower")]
#[cfg_attr(docsrs, doc(cfg(feature = "tower")))]
pub mod tower {
    #[cfg(feature = "aws")]
    #[cfg_attr(docsrs, doc(cfg(feature = "aws")))]
    pub use crate::aws::layer::{BufferErrorFuture, BufferErrorLayer, BufferErrorService};
    pub use crate::call::tower::{
        AttemptLimit, AttemptTimeout, CloneAny, CloneRequest, CloneWhole, CloneWith, Exchange,
        NoTimeout, ResponseFuture, RetryLayer, RetryService, Sender,
    };
}
