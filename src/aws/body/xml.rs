//! XML bodies: awsQuery, ec2Query, restXml, S3's.

use std::borrow::Cow;
use std::str;

use quick_xml::Reader;
use quick_xml::errors::{Error, SyntaxError};
use quick_xml::escape::resolve_predefined_entity;
use quick_xml::events::Event;

use super::{Found, Looked, Text, text};

/// What becomes of a document.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum End {
    /// Its root is closed and nothing follows.
    Closed,
    /// The bytes end before its root does.
    Early,
    Malformed,
}

/// Reads the fields of an error, and says whether the document is well-formed as
/// far as it goes: a field that is closed counts also where the rest is cut off.
pub(super) fn read<'a>(body: &'a [u8], details: bool, found: &mut Found<'a>) -> bool {
    walk(body, details, found) != End::Malformed
}

/// Whether a body is XML that ends before its root does.
pub(crate) fn ends_early(body: Looked<'_>) -> bool {
    body.is_whole
        && text(body.bytes).starts_with(b"<")
        && walk(body.bytes, false, &mut Found::default()) == End::Early
}

/// The elements on the way to a field, by their local names.
#[derive(Clone, Copy, Eq, PartialEq)]
enum Element {
    Code,
    Error,
    ErrorResponse,
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
            b"ErrorResponse" => Self::ErrorResponse,
            b"Errors" => Self::Errors,
            b"Message" => Self::Message,
            b"RequestId" | b"RequestID" => Self::RequestId,
            _ => Self::Other,
        }
    }
}

/// How deep a field lies at most.
const DEEPEST: usize = 4;

/// Where the walk is: the elements that are open, of which the outer ones count.
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

    /// What the text of the element that is open is of.
    fn field(&self, details: bool) -> Option<Field> {
        use Element::{Code, Error, ErrorResponse, Errors, Message, RequestId};
        match self.open.get(..self.depth)? {
            [Error, Code] | [ErrorResponse, Error, Code] | [_, Errors, Error, Code] => {
                Some(Field::Code)
            }
            [Error, Message] | [ErrorResponse, Error, Message] | [_, Errors, Error, Message]
                if details =>
            {
                Some(Field::Message)
            }
            [_, RequestId] if details => Some(Field::RequestId),
            _ => None,
        }
    }
}

/// A field that is looked for.
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

fn walk<'a>(body: &'a [u8], details: bool, found: &mut Found<'a>) -> End {
    let mut reader = Reader::from_reader(text(body));
    let mut path = Path {
        open: [Element::Other; DEEPEST],
        depth: 0,
    };
    let mut closed = false;
    // The field that is open, and its text so far.
    let mut field = None;
    let mut value: Text<'a> = None;
    loop {
        let event = match reader.read_event() {
            Ok(event) => event,
            Err(Error::Syntax(error)) if is_end_of_input(error) => return End::Early,
            Err(_) => return End::Malformed,
        };
        match event {
            Event::Start(_) | Event::Empty(_) if closed => return End::Malformed,
            Event::Start(start) => {
                let element = Element::of(start.local_name().as_ref());
                found.is_error_root |= path.depth == 0 && element == Element::Error;
                path.enter(element);
                field = path.field(details);
                value = None;
            }
            Event::Empty(start) => {
                let element = Element::of(start.local_name().as_ref());
                found.is_error_root |= path.depth == 0 && element == Element::Error;
                closed |= path.depth == 0;
            }
            Event::End(_) => {
                // The first of several errors counts.
                if let Some(place) = field.take().map(|field| field.place(found)) {
                    if place.is_none() {
                        *place = value.take().and_then(trimmed);
                    }
                }
                path.depth = path.depth.saturating_sub(1);
                closed |= path.depth == 0;
            }
            Event::Text(piece) if path.depth == 0 => {
                if !piece.trim_ascii().is_empty() {
                    return End::Malformed;
                }
            }
            Event::CData(_) | Event::GeneralRef(_) if path.depth == 0 => return End::Malformed,
            Event::Text(_) | Event::CData(_) | Event::GeneralRef(_) if field.is_none() => {}
            Event::Text(piece) => {
                if !append(&mut value, piece.into_inner()) {
                    return End::Malformed;
                }
            }
            Event::CData(piece) => {
                if !append(&mut value, piece.into_inner()) {
                    return End::Malformed;
                }
            }
            Event::GeneralRef(reference) => {
                let character = reference.resolve_char_ref().ok().flatten();
                let name = str::from_utf8(&reference).ok();
                let mut buffer = [0; 4];
                let text = match (character, name.and_then(resolve_predefined_entity)) {
                    (Some(character), _) => &*character.encode_utf8(&mut buffer),
                    (None, Some(text)) => text,
                    (None, None) => return End::Malformed,
                };
                value.get_or_insert_default().to_mut().push_str(text);
            }
            Event::Eof if closed => return End::Closed,
            Event::Eof => return End::Early,
            Event::Comment(_) | Event::Decl(_) | Event::DocType(_) | Event::PI(_) => {}
        }
    }
}

/// Adds a piece of text, or says that it is no text.
fn append<'a>(value: &mut Text<'a>, piece: Cow<'a, [u8]>) -> bool {
    let piece = match piece {
        Cow::Borrowed(bytes) => str::from_utf8(bytes).map(Cow::Borrowed).ok(),
        Cow::Owned(bytes) => String::from_utf8(bytes).map(Cow::Owned).ok(),
    };
    let Some(piece) = piece else { return false };
    match value {
        None => *value = Some(piece),
        Some(value) => value.to_mut().push_str(&piece),
    }
    true
}

/// The text without the whitespace around it, or nothing where there is no other.
fn trimmed(text: Cow<'_, str>) -> Text<'_> {
    let text = match text {
        Cow::Borrowed(text) => Cow::Borrowed(text.trim_ascii()),
        Cow::Owned(text) => Cow::Owned(text.trim_ascii().to_owned()),
    };
    (!text.is_empty()).then_some(text)
}

const fn is_end_of_input(error: SyntaxError) -> bool {
    match error {
        // Also of `<!` and something unknown, which no service sends.
        SyntaxError::InvalidBangMarkup
        | SyntaxError::UnclosedPI
        | SyntaxError::UnclosedXmlDecl
        | SyntaxError::UnclosedComment
        | SyntaxError::UnclosedDoctype
        | SyntaxError::UnclosedCData
        | SyntaxError::UnclosedTag
        | SyntaxError::UnclosedSingleQuotedAttributeValue
        | SyntaxError::UnclosedDoubleQuotedAttributeValue => true,
    }
}
