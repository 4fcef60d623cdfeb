//! Response bodies that are requested again where they break.
//!
//! A long body breaks with its connection, and a retry of the whole request starts over.
//! [`get`](get()) returns a response whose body continues instead: it waits as the policy says, sends
//! the request again with `Range: bytes=N-`, and yields the rest. The reader sees one body. No
//! byte is missing or delivered twice.
//!
//! ```
//! # #[cfg(all(feature = "reqwest", feature = "tokio"))]
//! # mod example {
//! use std::sync::Arc;
//! use reattempt::{http, resume};
//!
//! async fn download(client: reqwest::Client, url: String) -> reqwest::Result<reqwest::Response> {
//!     let policy = Arc::new(http::policy());
//!     let get = resume::get(policy, move |range| {
//!         let request = client.get(&url).headers(range.into_headers());
//!         async { request.send().await.map(::http::Response::from) }
//!     });
//!     Ok(get.send().await?.map(reqwest::Body::wrap).into())
//! }
//! # }
//! ```
//!
//! The closure makes and signs each request. It adds the headers of its [`Range`], which are
//! empty for the first request. It works with any client whose responses are
//! `http::Response` with a body that implements `http_body::Body`.
//!
//! # What is checked
//!
//! | answer to a later request | result |
//! | --- | --- |
//! | 206 with the same `ETag`, the byte that is needed first and the same total length | its bytes follow |
//! | 200 with the same `ETag`: the range was ignored | its bytes follow, without those that were delivered |
//! | another `ETag` or [`Content-Encoding`](#compressed-bodies), a 200 of another length; 412 | [`Changed`](ResumeError::Changed) |
//! | 416 with the same `ETag` and the length of the bytes so far, if no earlier response had a length | the body is complete |
//! | any other 416 | [`NotSatisfiable`](ResumeError::NotSatisfiable) |
//! | 206 with another range, or a body longer than its range; 200 if only a part is wanted that ends before the end of the object, or if the length of the object is unknown | [`WrongRange`](ResumeError::WrongRange) |
//! | an error or a status that the classifier retries | the next attempt |
//! | any other error or status | [`Request`](ResumeError::Request), [`Refused`](ResumeError::Refused) |
//!
//! A body that is shorter than its `Content-Length` breaks too, and so does a later 206 that is
//! shorter than the range of its request. The range of your own first request is not known: if
//! its 206 is shorter, the body ends there. After the last byte a lost connection is the normal
//! end. If no response has a length, an early end without an error cannot be detected.
//!
//! The first response must be a 200, or a 206 if the first request asked for one range. It must
//! have a strong `ETag`. Otherwise a break ends the body with
//! [`NotResumable`](ResumeError::NotResumable). See [`Get::without_etag`].
//!
//! # The policy
//!
//! The first request is a call of the policy like any other, and ends with the head of the
//! response. The first break starts a second call, which lasts until the end of the body:
//!
//! - The classifier judges errors of the body, and errors and responses of later requests. A
//!   body that ends early is retried as transient.
//! - [`max_attempts`](crate::RetryPolicy::max_attempts),
//!   [`max_elapsed`](crate::RetryPolicy::max_elapsed) and the backoff count from the last break
//!   that followed new bytes. The request that broke is attempt 1. So a policy of 3 attempts
//!   allows 2 requests in a row that bring no new byte. `max_elapsed` limits an outage and not
//!   the whole download. To limit the whole download, use the time limit of your runtime.
//! - The budget pays for each later request. At the end of the body, the cost of the last
//!   request is returned, and no other. A server that breaks every response thus uses up the
//!   budget.
//! - The limiter is asked before each request. Server hints are honoured.
//!
//! A body that stalls does not break. Set a read timeout in the client.
//!
//! # Compressed bodies
//!
//! Positions count the bytes that the server sends. A body with a `Content-Encoding` can be
//! resumed if the client leaves it encoded. If the client decodes bodies, switch that off for
//! these requests, or send `Accept-Encoding: identity`: the positions would be wrong otherwise.
//! Clients that decode often remove `Content-Length` and `Content-Encoding`, so this cannot be
//! detected. A decoder on top of the resuming body works.
//!
//! A server that obeys `If-Range` may leave `Content-Encoding` out of a 206. Such a response is
//! accepted if both responses have the same total length. With
//! [`if_match`](Get::if_match), or without a strong `ETag`, the header must be repeated.
//!
//! # Trailers
//!
//! The trailers of the response that brings the last byte are passed on.

mod body;
mod download;
mod error;
mod get;
mod object;
mod range;
mod requests;

pub use body::ResumingBody;
pub use error::ResumeError;
pub use get::{FirstResponse, Get, get};
pub use object::Obstacle;
pub use range::Range;
pub use requests::Requests;
