//! `ResumeError`: why a body ended before its last byte.

use std::fmt;

use http::{HeaderValue, Response};
use http_body::Body;

use super::object::{Mismatch, Obstacle};
use crate::error::StopReason;

/// The error of a [`ResumingBody`](crate::resume::ResumingBody).
///
/// `E` is the error of a request and `B` the client's body type. Positions count from the
/// start of the object.
///
/// An error of the client is kept as it was and is the `source()`, so a classifier such as
/// [`HttpClassifier`](crate::http::HttpClassifier) recognises it.
#[non_exhaustive]
#[derive(thiserror::Error)]
pub enum ResumeError<E, B: Body> {
    /// The body broke, and the policy allowed no further request.
    #[non_exhaustive]
    #[error("the body broke at byte {offset} and was not resumed: {reason}")]
    Broken {
        /// The error of the body, or `None` if the body only ended too early.
        source: Option<B::Error>,
        /// The first byte that is missing.
        offset: u64,
        /// Why no further request was sent.
        reason: StopReason,
    },
    /// The object changed after its beginning was read: a later response has another `ETag`,
    /// encoding or length, or the status 412.
    #[non_exhaustive]
    #[error("the object changed while it was read: byte {offset} would be of another version")]
    Changed {
        /// The first byte that is missing.
        offset: u64,
    },
    /// The body broke, and its first response does not permit a continuation.
    #[non_exhaustive]
    #[error("the body broke at byte {offset} and cannot be resumed: {obstacle}")]
    NotResumable {
        /// The error of the body, or `None` if the body only ended too early.
        source: Option<B::Error>,
        /// The first byte that is missing.
        offset: u64,
        /// Why the first response cannot be continued.
        obstacle: Obstacle,
    },
    /// The server answered with a 416: the object does not have the bytes that are missing.
    /// A 416 that confirms the end of a body of unknown length is not an error.
    #[non_exhaustive]
    #[error("the server has no bytes from byte {offset} on: 416 Range Not Satisfiable")]
    NotSatisfiable {
        /// The first byte that is missing.
        offset: u64,
    },
    /// The server answered the last request with an error.
    #[non_exhaustive]
    #[error("the request for the bytes from {offset} on got {}: {reason}", response.status())]
    Refused {
        /// The last response, as the client returned it.
        response: Box<Response<B>>,
        /// The first byte that is missing.
        offset: u64,
        /// Why no further request was sent.
        reason: StopReason,
    },
    /// The last request failed.
    #[non_exhaustive]
    #[error("the request for the bytes from {offset} on failed: {reason}")]
    Request {
        /// The error of the request.
        source: E,
        /// The first byte that is missing.
        offset: u64,
        /// Why no further request was sent.
        reason: StopReason,
    },
    /// The server sent other bytes than those it was asked for, or bytes of an object of
    /// another length.
    #[non_exhaustive]
    #[error("expected the bytes from {offset} on, got Content-Range {found:?}")]
    WrongRange {
        /// The first byte that is missing.
        offset: u64,
        /// The `Content-Range` of the response.
        found: Option<HeaderValue>,
    },
}

impl<E, B: Body> ResumeError<E, B> {
    /// Returns the position in the object of the first byte that is missing.
    #[must_use]
    pub const fn offset(&self) -> u64 {
        match self {
            Self::Broken { offset, .. }
            | Self::Changed { offset }
            | Self::NotResumable { offset, .. }
            | Self::NotSatisfiable { offset }
            | Self::Refused { offset, .. }
            | Self::Request { offset, .. }
            | Self::WrongRange { offset, .. } => *offset,
        }
    }

    /// Returns the error of a response that does not continue the body.
    pub(super) fn mismatch(
        mismatch: Mismatch,
        response: Response<B>,
        offset: u64,
        reason: StopReason,
    ) -> Self {
        match mismatch {
            Mismatch::Changed => Self::Changed { offset },
            Mismatch::NotSatisfiable => Self::NotSatisfiable { offset },
            Mismatch::Refused => Self::Refused {
                response: Box::new(response),
                offset,
                reason,
            },
            Mismatch::WrongRange => Self::WrongRange {
                offset,
                found: response.headers().get(http::header::CONTENT_RANGE).cloned(),
            },
        }
    }
}

impl<E, B> fmt::Debug for ResumeError<E, B>
where
    E: fmt::Debug,
    B: Body<Error: fmt::Debug>,
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (name, offset) = (self.name(), self.offset());
        let mut f = f.debug_struct(name);
        f.field("offset", &offset);
        match self {
            Self::Broken { source, reason, .. } => {
                f.field("reason", reason).field("source", source);
            }
            Self::Changed { .. } | Self::NotSatisfiable { .. } => {}
            Self::NotResumable {
                source, obstacle, ..
            } => {
                f.field("obstacle", obstacle).field("source", source);
            }
            Self::Refused {
                response, reason, ..
            } => {
                f.field("status", &response.status())
                    .field("headers", response.headers())
                    .field("reason", reason);
            }
            Self::Request { source, reason, .. } => {
                f.field("reason", reason).field("source", source);
            }
            Self::WrongRange { found, .. } => {
                f.field("found", found);
            }
        }
        f.finish()
    }
}

impl<E, B: Body> ResumeError<E, B> {
    const fn name(&self) -> &'static str {
        match self {
            Self::Broken { .. } => "Broken",
            Self::Changed { .. } => "Changed",
            Self::NotResumable { .. } => "NotResumable",
            Self::NotSatisfiable { .. } => "NotSatisfiable",
            Self::Refused { .. } => "Refused",
            Self::Request { .. } => "Request",
            Self::WrongRange { .. } => "WrongRange",
        }
    }
}
