//! `Range`: what one request has to ask for.

use http::HeaderMap;

use crate::attempt::Attempt;

/// The part of the object that a request has to ask for.
///
/// The closure of [`get`](crate::resume::get()) receives one for each request, and adds its
/// headers before it signs and sends the request. The first request has none: it asks for
/// what the caller wants.
///
/// ```
/// use http::Request;
/// use reattempt::resume::Range;
///
/// fn request(range: &Range) -> http::Result<Request<()>> {
///     let mut request = Request::get("http://localhost/object").body(())?;
///     range.apply(request.headers_mut());
///     Ok(request)
/// }
/// ```
#[derive(Clone, Debug)]
pub struct Range {
    attempt: Attempt,
    headers: HeaderMap,
    offset: u64,
}

impl Range {
    /// Returns the range of a first request.
    pub(super) fn whole(attempt: Attempt) -> Self {
        Self {
            attempt,
            headers: HeaderMap::new(),
            offset: 0,
        }
    }

    /// Returns the range of a request that continues at byte `offset`.
    pub(super) const fn rest(attempt: Attempt, headers: HeaderMap, offset: u64) -> Self {
        Self {
            attempt,
            headers,
            offset,
        }
    }

    /// Sets the headers of this range in `headers`. They replace those with the same name.
    ///
    /// They are `Range`, and `If-Range` or `If-Match` if the object has a strong `ETag`.
    /// For the first request it does nothing.
    pub fn apply(&self, headers: &mut HeaderMap) {
        for (name, value) in &self.headers {
            headers.insert(name, value.clone());
        }
    }

    /// Returns the headers to set, for clients that accept a map: reqwest's
    /// `RequestBuilder::headers`. The map of the first request is empty.
    #[must_use]
    pub fn into_headers(self) -> HeaderMap {
        self.headers
    }

    /// Returns the position in the object of the first byte that is needed. For the first
    /// request it is 0, whatever that request asks for.
    #[must_use]
    pub const fn offset(&self) -> u64 {
        self.offset
    }

    /// Returns true if this request continues a body that broke.
    #[must_use]
    pub fn is_resumption(&self) -> bool {
        !self.headers.is_empty()
    }

    /// Returns the attempt that sends this request, for `sdk_headers` or a log.
    ///
    /// Attempts are counted from the last break that followed new bytes: the request that
    /// broke is number 1.
    #[must_use]
    pub const fn attempt(&self) -> Attempt {
        self.attempt
    }
}
