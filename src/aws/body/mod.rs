//! What an error body holds, in each of AWS's wire formats.
//!
//! The format is told by the first byte, which differs in all of them, rather
//! than by a content type, which proxies and old services get wrong.

mod cbor;
mod json;
mod xml;

use std::borrow::Cow;

pub(crate) use xml::is_error;

use super::buffer::PeekBody;

/// How much of a body is looked at.
pub(crate) const LOOKED_AT: usize = 64 * 1024;

/// A text of a body, borrowed where it stands there as it is.
pub(crate) type Text<'a> = Option<Cow<'a, str>>;

/// What an error body says of itself.
#[derive(Debug, Default)]
pub(crate) struct Found<'a> {
    /// JSON's `code` or `Code`, which goes before `__type`.
    pub(crate) code: Text<'a>,
    /// `__type` of JSON and CBOR, `Code` of XML.
    pub(crate) kind: Text<'a>,
    pub(crate) message: Text<'a>,
    pub(crate) request_id: Text<'a>,
}

/// The bytes of a body, whether they are all of it, and whether it failed before
/// there were more.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Looked<'a> {
    pub(crate) bytes: &'a [u8],
    pub(crate) is_whole: bool,
    pub(crate) is_broken: bool,
}

impl<'a> Looked<'a> {
    pub(crate) fn at<B: PeekBody>(body: &'a B) -> Self {
        Self {
            is_broken: body.is_broken(),
            ..Self::new(body.peek(), body.is_whole())
        }
    }

    pub(crate) const fn new(bytes: &'a [u8], is_whole: bool) -> Self {
        let (bytes, is_whole) = match bytes.split_at_checked(LOOKED_AT) {
            Some((start, rest)) => (start, is_whole && rest.is_empty()),
            None => (bytes, is_whole),
        };
        Self {
            bytes,
            is_whole,
            is_broken: false,
        }
    }

    /// What the body says, with its message and request id only where `details`
    /// are wanted. Nothing of a malformed body is taken; of a body that is not
    /// whole, what stands before the cut.
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
            // A map: major type 5 in the three upper bits. Bare of the
            // whitespace and the mark that a text may begin with.
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

/// `bytes` without a byte order mark and whitespace before it.
fn text(bytes: &[u8]) -> &[u8] {
    bytes
        .strip_prefix(b"\xef\xbb\xbf")
        .unwrap_or(bytes)
        .trim_ascii_start()
}
