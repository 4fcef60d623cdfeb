//! The fields of an error body, in each of AWS's wire formats.
//!
//! The first byte of the body decides which format it is. Content types are not used,
//! because proxies and old services set wrong ones.

mod cbor;
mod json;
mod xml;

use std::borrow::Cow;

pub(crate) use xml::SuccessBody;

use super::buffer::PeekBody;

/// The largest number of bytes of a body that are read.
pub(crate) const MAX_PEEKED: usize = 64 * 1024;

/// A text of a body, borrowed if the body holds it unchanged.
pub(crate) type Text<'a> = Option<Cow<'a, str>>;

/// The fields of an error body.
#[derive(Debug, Default)]
pub(crate) struct Found<'a> {
    /// JSON's `code` or `Code`, which takes precedence over `__type`.
    pub(crate) code: Text<'a>,
    /// The `Code` of JSON's top-level object `Error`. It is used only if the other two are
    /// absent. Query services send it if the request asks for JSON.
    pub(crate) nested_code: Text<'a>,
    /// `__type` of JSON and CBOR, `Code` of XML.
    pub(crate) kind: Text<'a>,
    pub(crate) message: Text<'a>,
    pub(crate) request_id: Text<'a>,
}

/// The bytes of a body that can be read.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Peeked<'a> {
    pub(crate) bytes: &'a [u8],
    /// True if `bytes` is the whole body.
    pub(crate) is_whole: bool,
    /// True if the body failed after `bytes`.
    pub(crate) is_broken: bool,
}

impl<'a> Peeked<'a> {
    pub(crate) fn of<B: PeekBody>(body: &'a B) -> Self {
        Self {
            is_broken: body.is_broken(),
            ..Self::new(body.peek(), body.is_whole())
        }
    }

    pub(crate) const fn new(bytes: &'a [u8], is_whole: bool) -> Self {
        let (bytes, is_whole) = match bytes.split_at_checked(MAX_PEEKED) {
            Some((start, rest)) => (start, is_whole && rest.is_empty()),
            None => (bytes, is_whole),
        };
        Self {
            bytes,
            is_whole,
            is_broken: false,
        }
    }

    /// Returns the fields. The message and the request id are read only if `details` is true.
    ///
    /// Returns no fields for a malformed body. For a truncated body, returns the fields
    /// before the cut.
    pub(crate) fn read(self, details: bool) -> Found<'a> {
        let mut found = Found::default();
        let well_formed = match self.format() {
            Some(Format::Cbor) => cbor::read(self.bytes, details, &mut found).is_ok(),
            Some(Format::Json) => json::read(self.bytes, details, &mut found),
            Some(Format::Xml) => xml::read(self.bytes, details, &mut found),
            None => false,
        };
        if well_formed || !self.is_whole {
            found
        } else {
            Found::default()
        }
    }

    fn format(self) -> Option<Format> {
        match text(self.bytes).first()? {
            b'{' => Some(Format::Json),
            b'<' => Some(Format::Xml),
            // A CBOR map has major type 5 in its three upper bits. Only a text may begin
            // with white space or a byte order mark.
            0xa0..=0xbf if self.bytes.len() == text(self.bytes).len() => Some(Format::Cbor),
            _ => None,
        }
    }
}

enum Format {
    Cbor,
    Json,
    Xml,
}

/// Returns `bytes` without a leading byte order mark and white space.
fn text(bytes: &[u8]) -> &[u8] {
    bytes
        .strip_prefix(b"\xef\xbb\xbf")
        .unwrap_or(bytes)
        .trim_ascii_start()
}
