//! Calls to MiniStack, a stand-in for AWS that is developed independently of this crate. It
//! throttles, checks signatures and supports every protocol.
//!
//! `STANDIN_URL` is the URL of one that accepts any signature, `STANDIN_AUTH_URL` of one that
//! was started with `AUTH=true`. `.ci/run` starts both. If a variable is not set, its tests
//! print that they were skipped. These tests wait in real time, as no others do.
#![cfg(all(feature = "aws", feature = "tokio"))]
#![expect(
    clippy::arithmetic_side_effects,
    clippy::disallowed_methods,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "small numbers; signatures need the real date; the counts are for the reader"
)]

mod caller;
#[path = "../../examples/common/client.rs"]
mod client;
mod faults;
mod permanent;
mod proxy;
mod throttling;
#[path = "../../examples/common/wire.rs"]
mod wire;

use std::time::Duration;

use http::Method;
use reattempt::StopReason;
use reattempt::aws;
use serde_json::json;

use crate::caller::{AwsRequest, Caller, code};

/// Returns the URL in a variable. If it is not set, prints how to run the test.
fn standin(variable: &str) -> Option<String> {
    let url = std::env::var(variable).ok().filter(|url| !url.is_empty());
    if url.is_none() {
        println!(
            "skipped: {variable} is not set. To run this test: \
             pip install -r tests/standin/requirements.txt, then \
             BIND_HOST=127.0.0.1 GATEWAY_PORT=4566 MINISTACK_HOST=127.0.0.1 ministack \
             (AUTH=true before it for STANDIN_AUTH_URL), and {variable}=http://127.0.0.1:4566"
        );
    }
    url
}
