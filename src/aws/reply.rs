//! `Reply`: the parts of a response that the AWS classifier judges.

use http::header::{CONTENT_TYPE, ETAG, LAST_MODIFIED};
use http::{HeaderMap, HeaderValue, Response, StatusCode};

use super::body::Peeked;
use super::buffer::PeekBody;
use super::clock_skew::is_signed_at_wrong_time;

/// What is judged of a response.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reply<'r> {
    pub(crate) status: StatusCode,
    pub(crate) headers: &'r HeaderMap,
    pub(crate) body: Peeked<'r>,
    /// True if a `ClockSkew` has marked the response.
    pub(crate) is_signed_at_wrong_time: bool,
}

impl<'r> Reply<'r> {
    pub(crate) fn of<B: PeekBody>(response: &'r Response<B>) -> Self {
        Self {
            status: response.status(),
            headers: response.headers(),
            body: Peeked::of(response.body()),
            is_signed_at_wrong_time: is_signed_at_wrong_time(response),
        }
    }

    /// Returns true if the response is an object of S3, which has one of these headers. The
    /// body of an object may be any XML document.
    pub(super) fn is_object(&self) -> bool {
        self.headers.contains_key(ETAG) || self.headers.contains_key(LAST_MODIFIED)
    }

    /// Returns true if the Content-Type is XML or absent.
    pub(super) fn may_be_xml(&self) -> bool {
        self.headers.get(CONTENT_TYPE).is_none_or(is_xml)
    }
}

/// Returns true for a type that ends in `/xml` or `+xml`.
fn is_xml(content_type: &HeaderValue) -> bool {
    let bytes = content_type.as_bytes();
    let essence = bytes.split(|byte| *byte == b';').next().unwrap_or(bytes);
    let end = essence.trim_ascii().last_chunk::<4>();
    end.is_some_and(|end| end.eq_ignore_ascii_case(b"/xml") || end.eq_ignore_ascii_case(b"+xml"))
}
