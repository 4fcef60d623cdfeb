//! XML bodies: awsQuery, ec2Query, restXml and S3.

use std::borrow::Cow;
use std::str;

use quick_xml::Reader;
use quick_xml::errors::{Error, IllFormedError, SyntaxError};
use quick_xml::escape::resolve_predefined_entity;
use quick_xml::events::{BytesRef, Event};

use super::{Found, Peeked, Text, text};

/// The end of a document.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum End {
    /// The root is closed.
    Closed,
    /// The bytes end before the root is closed.
    Early,
    Malformed,
}

/// Reads the fields of an error. Returns false if the document is malformed.
///
/// A field that is closed counts even if the rest of the document is cut off.
pub(super) fn read<'a>(body: &'a [u8], details: bool, found: &mut Found<'a>) -> bool {
    walk(body, details, found).end != End::Malformed
}

/// The kinds of body that a 200 may have.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum SuccessBody {
    /// XML that ends before its root is closed, or only white space. S3 sends this if it
    /// fails after it began the response.
    CutOff,
    /// XML with the root `Error`.
    Error,
    Other,
}

impl SuccessBody {
    pub(crate) fn of(body: Peeked<'_>) -> Self {
        let bytes = text(body.bytes);
        if bytes.is_empty() {
            let is_blank = body.is_whole && !body.bytes.is_empty();
            return if is_blank { Self::CutOff } else { Self::Other };
        }
        let is_markup = match bytes {
            [b'<', rest @ ..] => rest
                .first()
                .is_none_or(|byte| byte.is_ascii_alphabetic() || b"!?_:".contains(byte)),
            _ => false,
        };
        if !is_markup {
            return Self::Other;
        }
        let walked = walk(body.bytes, false, &mut Found::default());
        if walked.is_error {
            Self::Error
        } else if body.is_whole && walked.end == End::Early {
            Self::CutOff
        } else {
            Self::Other
        }
    }
}

/// The elements that lead to a field, by their local names.
#[derive(Clone, Copy, Eq, PartialEq)]
enum Element {
    Code,
    Error,
    Errors,
    Message,
    RequestId,
    Other,
}

impl Element {
    fn of(name: &[u8]) -> Self {
        match name {
            b"Code" => Self::Code,
            b"Error" => Self::Error,
            b"Errors" => Self::Errors,
            b"Message" => Self::Message,
            b"RequestId" | b"RequestID" => Self::RequestId,
            _ => Self::Other,
        }
    }
}

/// The number of elements from the root to the deepest field.
const DEEPEST: usize = 4;

/// The open elements. Elements below the depth `DEEPEST` are only counted.
struct Path {
    open: [Element; DEEPEST],
    depth: usize,
}

impl Path {
    fn enter(&mut self, element: Element) {
        if let Some(place) = self.open.get_mut(self.depth) {
            *place = element;
        }
        self.depth = self.depth.saturating_add(1);
    }

    /// Returns the field that the innermost open element holds.
    fn field(&self, details: bool) -> Option<Field> {
        use Element::{Code, Error, Errors, Message, RequestId};
        match self.open.get(..self.depth)? {
            [Error, Code] | [_, Error, Code] | [_, Errors, Error, Code] => Some(Field::Code),
            [Error, Message] | [_, Error, Message] | [_, Errors, Error, Message] if details => {
                Some(Field::Message)
            }
            [_, RequestId] if details => Some(Field::RequestId),
            _ => None,
        }
    }
}

#[derive(Clone, Copy)]
enum Field {
    Code,
    Message,
    RequestId,
}

impl Field {
    const fn place<'f, 'a>(self, found: &'f mut Found<'a>) -> &'f mut Text<'a> {
        match self {
            Self::Code => &mut found.kind,
            Self::Message => &mut found.message,
            Self::RequestId => &mut found.request_id,
        }
    }
}

/// The result of a walk, besides the fields.
struct Walked {
    end: End,
    /// True if the root is `Error`, even if the rest is malformed.
    is_error: bool,
}

/// Walks through a document and adds its fields to `found`.
fn walk<'a>(body: &'a [u8], details: bool, found: &mut Found<'a>) -> Walked {
    let body = text(body);
    let mut walk = Walk {
        details,
        found,
        path: Path {
            open: [Element::Other; DEEPEST],
            depth: 0,
        },
        is_error: false,
        is_closed: false,
        field: None,
        value: None,
    };
    let mut reader = Reader::from_reader(body);
    let end = loop {
        match reader.read_event() {
            Ok(Event::Eof) => break walk.after_last_byte(),
            Ok(event) => {
                if walk.take(event).is_none() {
                    break End::Malformed;
                }
            }
            Err(error) if is_cut(&error, body) => break walk.after_last_byte(),
            Err(_) => break End::Malformed,
        }
    };
    Walked {
        end,
        is_error: walk.is_error,
    }
}

/// A walk through a document, event by event.
struct Walk<'f, 'a> {
    details: bool,
    found: &'f mut Found<'a>,
    path: Path,
    /// True if the root is `Error`.
    is_error: bool,
    /// True if the root has been closed.
    is_closed: bool,
    /// The field that is open.
    field: Option<Field>,
    /// The text of that field so far.
    value: Text<'a>,
}

impl<'a> Walk<'_, 'a> {
    /// Returns the end of a document whose bytes end here.
    const fn after_last_byte(&self) -> End {
        if self.is_closed {
            End::Closed
        } else {
            End::Early
        }
    }

    /// Takes an event. Returns `None` if it is not allowed at this place.
    fn take(&mut self, event: Event<'a>) -> Option<()> {
        match event {
            Event::Start(start) => {
                let element = self.begin(start.local_name().as_ref())?;
                self.path.enter(element);
                self.field = self.path.field(self.details);
                self.value = None;
                Some(())
            }
            Event::Empty(start) => {
                self.begin(start.local_name().as_ref())?;
                self.is_closed = self.path.depth == 0;
                Some(())
            }
            Event::End(_) => {
                self.end();
                Some(())
            }
            Event::CData(_) | Event::GeneralRef(_) if self.path.depth == 0 => None,
            Event::Text(piece) => self.text(piece.into_inner()),
            Event::CData(piece) => self.text(piece.into_inner()),
            Event::GeneralRef(reference) => self.reference(&reference),
            Event::Eof | Event::Comment(_) | Event::Decl(_) | Event::DocType(_) | Event::PI(_) => {
                Some(())
            }
        }
    }

    /// Begins an element. Returns `None` if the root has been closed.
    fn begin(&mut self, local_name: &[u8]) -> Option<Element> {
        if self.is_closed {
            return None;
        }
        let element = Element::of(local_name);
        self.is_error |= self.path.depth == 0 && element == Element::Error;
        Some(element)
    }

    /// Ends the innermost open element.
    fn end(&mut self) {
        // The first of several errors is used.
        if let Some(place) = self.field.take().map(|field| field.place(self.found)) {
            if place.is_none() {
                *place = self.value.take().and_then(trimmed);
            }
        }
        self.path.depth = self.path.depth.saturating_sub(1);
        self.is_closed = self.path.depth == 0;
    }

    /// Takes a piece of text. Returns `None` if it is not allowed at this place.
    fn text(&mut self, piece: Cow<'a, [u8]>) -> Option<()> {
        if self.field.is_some() {
            append(&mut self.value, piece)
        } else if self.path.depth == 0 {
            piece.trim_ascii().is_empty().then_some(())
        } else {
            Some(())
        }
    }

    /// Takes a reference such as `&amp;`. Returns `None` if it is part of a field and
    /// unknown.
    fn reference(&mut self, reference: &BytesRef<'_>) -> Option<()> {
        if self.field.is_none() {
            return Some(());
        }
        let mut buffer = [0; 4];
        let text = match reference.resolve_char_ref().ok().flatten() {
            Some(character) => &*character.encode_utf8(&mut buffer),
            None => resolve_predefined_entity(str::from_utf8(reference).ok()?)?,
        };
        self.value.get_or_insert_default().to_mut().push_str(text);
        Some(())
    }
}

/// Adds a piece of text. Returns `None` if it is not UTF-8.
fn append<'a>(value: &mut Text<'a>, piece: Cow<'a, [u8]>) -> Option<()> {
    let piece = match piece {
        Cow::Borrowed(bytes) => str::from_utf8(bytes).map(Cow::Borrowed).ok(),
        Cow::Owned(bytes) => String::from_utf8(bytes).map(Cow::Owned).ok(),
    };
    match (piece?, value) {
        (piece, value @ None) => *value = Some(piece),
        (piece, Some(value)) => value.to_mut().push_str(&piece),
    }
    Some(())
}

/// Returns the text without surrounding white space, or `None` if nothing is left.
fn trimmed(text: Cow<'_, str>) -> Text<'_> {
    let text = match text {
        Cow::Borrowed(text) => Cow::Borrowed(text.trim_ascii()),
        Cow::Owned(text) => Cow::Owned(text.trim_ascii().to_owned()),
    };
    (!text.is_empty()).then_some(text)
}

/// Returns true if an error means that the document is cut off.
fn is_cut(error: &Error, body: &[u8]) -> bool {
    match error {
        Error::IllFormed(IllFormedError::UnclosedReference) => {
            // A reference that is not closed is malformed unless the document ends in it.
            let name = body.rsplit(|byte| *byte == b'&').next().unwrap_or_default();
            let is_part_of_name = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'#';
            name.iter().all(is_part_of_name)
        }
        Error::Syntax(syntax) => match syntax {
            // `InvalidBangMarkup` also means `<!` before an unknown name, which no service
            // sends.
            SyntaxError::InvalidBangMarkup
            | SyntaxError::UnclosedPI
            | SyntaxError::UnclosedXmlDecl
            | SyntaxError::UnclosedComment
            | SyntaxError::UnclosedDoctype
            | SyntaxError::UnclosedCData
            | SyntaxError::UnclosedTag
            | SyntaxError::UnclosedSingleQuotedAttributeValue
            | SyntaxError::UnclosedDoubleQuotedAttributeValue => true,
        },
        _ => false,
    }
}
