//! Recipes, one page each. These modules contain documentation only.
//!
//! - [Any operation](any_operation)
//! - [Choosing which errors are retried](choosing_errors)
//! - [Choosing settings](choosing_settings)
//! - [anyhow, eyre and boxed errors](error_types)
//! - [Polling until ready](polling)
//! - [Mutable state](mutable_state)
//! - [Databases](databases)
//! - [Deadlines and timeouts](deadlines)
//! - [Operations that must not run twice](non_idempotent)
//! - [Logs and messages](notify)
//! - [Limits for each kind of failure](limits_per_kind)
//! - [Retry-After](retry_after)
//! - [Language model services](llm)
//! - [One budget for all calls of a client](budget)
//! - [A client in an application's state](app_state)
//! - [A connection that is opened again](reconnecting)
//! - [A token that has expired](tokens)
//! - [Policies from a configuration file](config_file)
//! - [A machine with a wrong clock](clock_skew)
//! - [Shutdown and Ctrl-C](shutdown)
//! - [Testing your own retries](testing)
//! - [Other runtimes](runtimes)
//! - [Downloads that resume](resume)
//! - [`reqwest`]
//! - [`ureq`]
//! - [`tower`]
//! - [gRPC](grpc)
//! - [One call to DynamoDB](dynamodb)
//! - [DynamoDB batches](batches)
//! - [What each client does with each failure](failures)
//! - [Coming from another crate](coming_from)

// `not(doctest)`: the lab runs the examples of the page, with crates of its own.

#[doc = include_str!("../docs/cookbook/any_operation.md")]
pub mod any_operation {}

#[doc = include_str!("../docs/cookbook/choosing_errors.md")]
pub mod choosing_errors {}

#[doc = include_str!("../docs/cookbook/choosing_settings.md")]
pub mod choosing_settings {}

#[doc = include_str!("../docs/cookbook/error_types.md")]
pub mod error_types {}

#[doc = include_str!("../docs/cookbook/polling.md")]
pub mod polling {}

#[doc = include_str!("../docs/cookbook/mutable_state.md")]
pub mod mutable_state {}

#[doc = include_str!("../docs/cookbook/databases.md")]
pub mod databases {}

#[doc = include_str!("../docs/cookbook/deadlines.md")]
pub mod deadlines {}

#[doc = include_str!("../docs/cookbook/non_idempotent.md")]
pub mod non_idempotent {}

#[doc = include_str!("../docs/cookbook/notify.md")]
pub mod notify {}

#[doc = include_str!("../docs/cookbook/limits_per_kind.md")]
pub mod limits_per_kind {}

#[doc = include_str!("../docs/cookbook/retry_after.md")]
pub mod retry_after {}

#[doc = include_str!("../docs/cookbook/llm.md")]
pub mod llm {}

#[doc = include_str!("../docs/cookbook/budget.md")]
pub mod budget {}

#[doc = include_str!("../docs/cookbook/app_state.md")]
pub mod app_state {}

#[doc = include_str!("../docs/cookbook/reconnecting.md")]
pub mod reconnecting {}

#[doc = include_str!("../docs/cookbook/tokens.md")]
pub mod tokens {}

#[cfg_attr(not(doctest), doc = include_str!("../docs/cookbook/config_file.md"))]
pub mod config_file {}

#[doc = include_str!("../docs/cookbook/clock_skew.md")]
pub mod clock_skew {}

#[cfg_attr(not(doctest), doc = include_str!("../docs/cookbook/shutdown.md"))]
pub mod shutdown {}

#[doc = include_str!("../docs/cookbook/testing.md")]
pub mod testing {}

#[cfg_attr(not(doctest), doc = include_str!("../docs/cookbook/runtimes.md"))]
pub mod runtimes {}

#[doc = include_str!("../docs/cookbook/resume.md")]
pub mod resume {}

#[cfg_attr(not(doctest), doc = include_str!("../docs/cookbook/reqwest.md"))]
pub mod reqwest {}

#[doc = include_str!("../docs/cookbook/ureq.md")]
pub mod ureq {}

#[doc = include_str!("../docs/cookbook/tower.md")]
pub mod tower {}

#[doc = include_str!("../docs/cookbook/grpc.md")]
pub mod grpc {}

#[doc = include_str!("../docs/cookbook/dynamodb.md")]
pub mod dynamodb {}

#[doc = include_str!("../docs/cookbook/batches.md")]
pub mod batches {}

#[doc = include_str!("../docs/failures.md")]
pub mod failures {}

#[doc = include_str!("../docs/cookbook/coming_from.md")]
pub mod coming_from {}
