//! The names of the crate root without its modules, for `use reattempt::prelude::*`.
//!
//! `use reattempt::*` imports the modules `http` and `tower` too. The crates of the same names
//! are then ambiguous. This module has no modules, so both crates keep their names:
//!
#![cfg_attr(feature = "http", doc = "```")]
#![cfg_attr(not(feature = "http"), doc = "```text")]
//! use http::StatusCode;
//! use reattempt::prelude::*;
//!
//! let parsed: Result<u16, _> = retry_blocking(|_| "429".parse()).call();
//! assert_eq!(parsed, Ok(StatusCode::TOO_MANY_REQUESTS.as_u16()));
//! ```

pub use crate::attempt::Attempt;
pub use crate::backoff::{Backoff, Delays};
pub use crate::budget::RetryBudget;
pub use crate::call::{BlockingLoop, RetryLoop, retry, retry_blocking};
pub use crate::classify::{AnyError, Classify, ClassifyFn, DynClassify, ErrorKind, Verdict, When};
#[cfg(feature = "serde")]
#[cfg_attr(docsrs, doc(cfg(feature = "serde")))]
pub use crate::config::PolicyConfig;
pub use crate::error::{Outcome, RetryError, StopReason, TimedOut};
pub use crate::event::{Observer, RetryEvent, StopEvent};
#[cfg(feature = "governor")]
#[cfg_attr(docsrs, doc(cfg(feature = "governor")))]
pub use crate::governor::GovernorLimiter;
pub use crate::jitter::Jitter;
pub use crate::limiter::{AdaptiveLimiter, Limiter};
#[cfg(feature = "tracing")]
#[cfg_attr(docsrs, doc(cfg(feature = "tracing")))]
pub use crate::log::LogLevel;
pub use crate::policy::{RetryPolicy, Schedule, ScheduledRetry, ServerHint};
pub use crate::session::{Decision, Session};
pub use crate::testing::ManualTimer;
pub use crate::timer::Timer;
#[cfg(all(
    feature = "tokio",
    not(all(target_family = "wasm", target_os = "unknown"))
))]
pub use crate::timer::TokioTimer;
