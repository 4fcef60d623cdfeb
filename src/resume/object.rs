//! `Object`: an object as its first response describes it, and the checks of later ones.

use std::fmt;

use headers::{ContentLength, ContentRange, ETag, HeaderMapExt, IfMatch, IfRange, LastModified};
use http::header::{CONTENT_ENCODING, ETAG};
use http::{HeaderMap, HeaderValue, Response, StatusCode};

use super::requests::Rules;

/// Why the body of a first response cannot be resumed.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Obstacle {
    /// It is a 206 without a `Content-Range`, or one of several ranges.
    NoContentRange,
    /// It has no `ETag`, or a weak one. [`without_etag`](crate::resume::Get::without_etag)
    /// allows such a response.
    NoEtag,
    /// It is not a 200 or a 206.
    Status(StatusCode),
    /// Its body is longer than its `Content-Length`.
    TooLong,
}

impl fmt::Display for Obstacle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NoContentRange => "the 206 has no Content-Range with one range",
            Self::NoEtag => "the response has no strong ETag; allow this with without_etag()",
            Self::Status(status) => return write!(f, "the status is {status}, not 200 or 206"),
            Self::TooLong => "it is longer than its Content-Length",
        })
    }
}

/// Why a response does not continue the body.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Mismatch {
    Changed,
    NotSatisfiable,
    Refused,
    WrongRange,
}

impl Mismatch {
    /// Returns what a response with this status means if it is not accepted.
    pub(super) fn of_status(status: StatusCode) -> Self {
        match status {
            StatusCode::PRECONDITION_FAILED => Self::Changed,
            StatusCode::RANGE_NOT_SATISFIABLE => Self::NotSatisfiable,
            _ => Self::Refused,
        }
    }
}

/// The bytes that a response holds.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Part {
    /// How many bytes come before the first one that is needed.
    pub(super) skip: u64,
    /// The position in the object after the last byte, if it is known.
    pub(super) end: Option<u64>,
}

/// The object that is read, as the first response describes it.
#[derive(Debug)]
pub(super) struct Object {
    encoding: Option<HeaderValue>,
    etag: Option<ETag>,
    last_modified: Option<LastModified>,
    /// The length of the whole object.
    total: Option<u64>,
    /// The first byte that is wanted.
    pub(super) start: u64,
    /// The position after the last byte that is wanted.
    pub(super) end: Option<u64>,
    pub(super) obstacle: Option<Obstacle>,
    rules: Rules,
}

impl Object {
    /// Reads the head of the first response.
    pub(super) fn new<B>(response: &Response<B>, rules: Rules) -> Self {
        let headers = response.headers();
        let mut object = Self {
            encoding: headers.get(CONTENT_ENCODING).cloned(),
            etag: etag(headers),
            last_modified: headers.typed_get(),
            total: None,
            start: 0,
            end: None,
            obstacle: None,
            rules,
        };
        match response.status() {
            StatusCode::OK => {
                object.total = length(headers);
                object.end = object.total;
            }
            StatusCode::PARTIAL_CONTENT => object.read_part(headers),
            // The length of a response to HEAD or of a 304 is not that of its body.
            status => object.obstacle = Some(Obstacle::Status(status)),
        }
        if object.obstacle.is_none() && object.strong_etag().is_none() && !rules.needs_no_etag {
            object.obstacle = Some(Obstacle::NoEtag);
        }
        object
    }

    fn read_part(&mut self, headers: &HeaderMap) {
        if let Some((start, end, total)) = range(headers) {
            self.start = start;
            self.end = Some(end);
            self.total = total;
        } else {
            self.end = length(headers);
            self.obstacle = Some(Obstacle::NoContentRange);
        }
    }

    /// Forgets the length of a first response whose body is longer.
    pub(super) const fn outgrow(&mut self) {
        self.end = None;
        self.obstacle = Some(Obstacle::TooLong);
    }

    fn strong_etag(&self) -> Option<&ETag> {
        self.etag.as_ref().filter(|etag| !etag.is_weak())
    }

    /// Returns the headers that ask for the bytes from `offset` on.
    pub(super) fn request(&self, offset: u64) -> HeaderMap {
        let mut headers = HeaderMap::new();
        let range = match self.end {
            Some(end) if self.end != self.total => {
                headers::Range::bytes(offset..=end.saturating_sub(1))
            }
            _ => headers::Range::bytes(offset..),
        };
        // Bounds that start with a byte are always valid.
        if let Ok(range) = range {
            headers.typed_insert(range);
        }
        match self.strong_etag() {
            Some(etag) if self.rules.sends_if_match => {
                headers.typed_insert(IfMatch::from(etag.clone()));
            }
            Some(etag) => headers.typed_insert(IfRange::etag(etag.clone())),
            None => {}
        }
        headers
    }

    /// Checks that `response` holds the bytes from `offset` on of the same object.
    pub(super) fn check<B>(
        &mut self,
        response: &Response<B>,
        offset: u64,
    ) -> Result<Part, Mismatch> {
        let (status, headers) = (response.status(), response.headers());
        if !matches!(status, StatusCode::OK | StatusCode::PARTIAL_CONTENT) {
            return Err(Mismatch::of_status(status));
        }
        if !self.is_same_version(headers) || !self.is_same_encoding(status, headers) {
            return Err(Mismatch::Changed);
        }
        if status == StatusCode::OK {
            self.check_whole(headers, offset)
        } else {
            self.check_part(headers, offset)
        }
    }

    /// Returns true if the response is a 416 whose length is `offset`: the object ends there.
    /// A body of unknown length that broke there was complete.
    pub(super) fn ends_at<B>(&self, response: &Response<B>, offset: u64) -> bool {
        let headers = response.headers();
        let total = || {
            let range: ContentRange = headers.typed_get()?;
            // A 416 has a length and no range.
            range.bytes_len().filter(|_| range.bytes_range().is_none())
        };
        response.status() == StatusCode::RANGE_NOT_SATISFIABLE
            && self.end.is_none()
            && self.is_same_version(headers)
            && total() == Some(offset)
    }

    /// Returns true if a response is about the same version of the object.
    fn is_same_version(&self, headers: &HeaderMap) -> bool {
        let etag = etag(headers);
        if self.strong_etag().is_some() {
            etag == self.etag
        } else {
            let last_modified: Option<LastModified> = headers.typed_get();
            agree(etag.as_ref(), self.etag.as_ref())
                && agree(last_modified.as_ref(), self.last_modified.as_ref())
        }
    }

    /// Returns true if a response has the encoding of the object. A server that compresses on
    /// the fly may give both forms the same `ETag`, but hardly ever the same length.
    fn is_same_encoding(&self, status: StatusCode, headers: &HeaderMap) -> bool {
        let encoding = headers.get(CONTENT_ENCODING);
        // A 206 to If-Range should not repeat the header (RFC 9110, section 15.3.7).
        if encoding.is_none() && status == StatusCode::PARTIAL_CONTENT {
            let total = range(headers).and_then(|(_, _, total)| total);
            let sent_if_range = self.strong_etag().is_some() && !self.rules.sends_if_match;
            if sent_if_range && total.is_some() && total == self.total {
                return true;
            }
        }
        encoding == self.encoding.as_ref()
    }

    /// Checks a 200: the server ignored the range and sends the whole object.
    fn check_whole(&mut self, headers: &HeaderMap, offset: u64) -> Result<Part, Mismatch> {
        let length = length(headers);
        if !agree(length.as_ref(), self.total.as_ref())
            || length.is_some_and(|length| length < offset)
        {
            return Err(Mismatch::Changed);
        }
        // A frame may hold the last byte that is wanted and the next one, and a generic
        // frame cannot be cut there.
        if self.end != self.total {
            return Err(Mismatch::WrongRange);
        }
        self.learn_total(length);
        Ok(Part {
            skip: offset,
            end: self.end,
        })
    }

    fn check_part(&mut self, headers: &HeaderMap, offset: u64) -> Result<Part, Mismatch> {
        let Some((start, end, total)) = range(headers) else {
            return Err(Mismatch::WrongRange);
        };
        let is_within = match self.end {
            Some(wanted) => end <= wanted,
            // A part may be shorter than asked for. Without a length its end would look like
            // that of the object.
            None => total.is_some(),
        };
        if start != offset || !is_within || !agree(total.as_ref(), self.total.as_ref()) {
            return Err(Mismatch::WrongRange);
        }
        self.learn_total(total);
        Ok(Part {
            skip: 0,
            end: Some(end),
        })
    }

    /// Takes the length of the whole object from a later response, if the first one did not
    /// have it.
    fn learn_total(&mut self, total: Option<u64>) {
        self.total = self.total.or(total);
        // A first response without an end was a 200, so all of the object is wanted.
        self.end = self.end.or(self.total);
    }
}

/// Returns false only if both values are known and differ.
fn agree<T: PartialEq>(a: Option<&T>, b: Option<&T>) -> bool {
    a.is_none() || b.is_none() || a == b
}

/// Returns the `ETag`. One with white space inside, which HTTP does not allow, counts as none.
fn etag(headers: &HeaderMap) -> Option<ETag> {
    // `headers` asserts in a debug build that there is none.
    let is_blank = |byte: &u8| matches!(byte, b' ' | b'\t');
    let mut values = headers.get_all(ETAG).iter();
    if values.any(|value| value.as_bytes().iter().any(is_blank)) {
        return None;
    }
    headers.typed_get()
}

fn length(headers: &HeaderMap) -> Option<u64> {
    let ContentLength(length) = headers.typed_get()?;
    Some(length)
}

/// Returns the range of a response: its first byte, the position after its last byte, and
/// the length of the whole object.
fn range(headers: &HeaderMap) -> Option<(u64, u64, Option<u64>)> {
    let range: ContentRange = headers.typed_get()?;
    let (first, last) = range.bytes_range()?;
    let end = last.checked_add(1)?;
    let total = range.bytes_len();
    let is_possible = total.is_none_or(|total| end <= total);
    is_possible.then_some((first, end, total))
}
