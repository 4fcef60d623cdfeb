//! XML bodies: awsQuery, ec2Query, restXml, S3's.

use std::borrow::Cow;
use std::str;

use quick_xml::Reader;
use quick_xml::errors::{Error, SyntaxError};
use quick_xml::escape::resolve_predefined_entity;
use quick_xml::events::Event;
use quick_xml::parser::{ElementParser, Parser};

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
    walk(body, details, found).end != End::Malformed
}

/// Whether a body is an error as S3 sends it: XML with the root `Error`, or XML
/// that ends before its root does.
pub(crate) fn is_error(body: Looked<'_>) -> bool {
    let is_markup = match text(body.bytes) {
        [b'<', rest @ ..] => rest
            .first()
            .is_none_or(|byte| byte.is_ascii_alphabetic() || b"!?_:".contains(byte)),
        _ => false,
    };
    if !is_markup {
        return false;
    }
    let walked = walk(body.bytes, false, &mut Found::default());
    walked.is_error || (body.is_whole && walked.end == End::Early)
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

/// What a walk came to, besides what it found.
struct Walked {
    end: End,
    /// Whether the root is `Error`, whatever becomes of it.
    is_error: bool,
}

/// Walks through a document, of which nothing is found yet.
fn walk<'a>(body: &'a [u8], details: bool, found: &mut Found<'a>) -> Walked {
    let body = text(body);
    let mut walk = Walk::new(details, found);
    let end = if skim(body, &mut walk).is_some() {
        End::Closed
    } else {
        *found = Found::default();
        walk = Walk::new(details, found);
        read_all(body, &mut walk)
    };
    let is_error = walk.is_error;
    Walked { end, is_error }
}

/// A walk through a document, one piece after the other.
struct Walk<'f, 'a> {
    details: bool,
    found: &'f mut Found<'a>,
    path: Path,
    /// Whether the root is `Error`.
    is_error: bool,
    /// Whether the root has been closed.
    closed: bool,
    /// The field that is open, and its text so far.
    field: Option<Field>,
    value: Text<'a>,
}

impl<'f, 'a> Walk<'f, 'a> {
    const fn new(details: bool, found: &'f mut Found<'a>) -> Self {
        Self {
            details,
            found,
            path: Path {
                open: [Element::Other; DEEPEST],
                depth: 0,
            },
            is_error: false,
            closed: false,
            field: None,
            value: None,
        }
    }

    /// An element begins, or says that none may.
    #[must_use]
    fn start(&mut self, local_name: &[u8]) -> Option<()> {
        let element = self.begin(local_name)?;
        self.path.enter(element);
        self.field = self.path.field(self.details);
        self.value = None;
        Some(())
    }

    /// An element that is empty.
    #[must_use]
    fn empty(&mut self, local_name: &[u8]) -> Option<()> {
        self.begin(local_name)?;
        self.closed = self.path.depth == 0;
        Some(())
    }

    fn begin(&mut self, local_name: &[u8]) -> Option<Element> {
        if self.closed {
            return None;
        }
        let element = Element::of(local_name);
        self.is_error |= self.path.depth == 0 && element == Element::Error;
        Some(element)
    }

    /// The innermost open element ends.
    fn end(&mut self) {
        // The first of several errors counts.
        if let Some(place) = self.field.take().map(|field| field.place(self.found)) {
            if place.is_none() {
                *place = self.value.take().and_then(trimmed);
            }
        }
        self.path.depth = self.path.depth.saturating_sub(1);
        self.closed = self.path.depth == 0;
    }

    /// A piece of text, or says that it may not stand here.
    #[must_use]
    fn text(&mut self, piece: Cow<'a, [u8]>) -> Option<()> {
        if self.field.is_some() {
            append(&mut self.value, piece)
        } else if self.path.depth == 0 {
            piece.trim_ascii().is_empty().then_some(())
        } else {
            Some(())
        }
    }
}

/// How deep a document may be to be skimmed.
const SKIMMED_DEPTH: usize = 8;

/// Walks through a whole document of the plain kind that services send: a
/// declaration perhaps, elements with names of letters and digits, and fields
/// without references. In anything else it gets stuck, and says so: what it
/// walked through is then read again with all of XML in mind.
///
/// It is an abbreviation of [`read_all`] that allocates nothing, and claims
/// nothing that it does not: it does not even tell how a document is malformed.
fn skim<'a>(body: &'a [u8], walk: &mut Walk<'_, 'a>) -> Option<()> {
    let mut rest = match body.strip_prefix(b"<?xml ") {
        Some(declaration) => {
            let end = declaration.iter().position(|byte| *byte == b'?')?;
            declaration.get(end..)?.strip_prefix(b"?>")?
        }
        None => body,
    };
    let mut names: [&[u8]; SKIMMED_DEPTH] = [&[]; SKIMMED_DEPTH];
    // Tags often follow one another: no need to search for the next.
    let next = |rest: &[u8]| match rest {
        [b'<', ..] => Some(0),
        _ => memchr::memchr2(b'<', b'&', rest),
    };
    while let Some(end) = next(rest) {
        let (piece, markup) = rest.split_at_checked(end)?;
        if !piece.is_empty() {
            walk.text(Cow::Borrowed(piece))?;
        }
        rest = match markup {
            [b'<', b'/', name @ ..] => {
                let open = names.get(walk.path.depth.checked_sub(1)?)?;
                walk.end();
                name.strip_prefix(*open)?.strip_prefix(b">")?
            }
            // A reference in a text that nobody asks for, such as around an ETag.
            [b'&', name @ ..] if walk.field.is_none() && walk.path.depth > 0 => {
                let end = name.iter().position(|byte| !byte.is_ascii_alphanumeric())?;
                let (name, rest) = name.split_at_checked(end)?;
                rest.strip_prefix(b";").filter(|_| !name.is_empty())?
            }
            [b'<', name @ ..] => {
                let end = name.iter().position(|byte| !byte.is_ascii_alphanumeric())?;
                let (name, tag) = name.split_at_checked(end)?;
                let (attributes, rest) = match tag {
                    [b'>', rest @ ..] => (&[][..], rest),
                    [b' ', ..] => {
                        let end = ElementParser::default().feed(tag)?;
                        (tag.get(..end)?, tag.get(end..)?.strip_prefix(b">")?)
                    }
                    _ => return None,
                };
                if name.is_empty() || attributes.last() == Some(&b'/') {
                    return None;
                }
                *names.get_mut(walk.path.depth)? = name;
                walk.start(name)?;
                rest
            }
            _ => return None,
        };
    }
    walk.text(Cow::Borrowed(rest))?;
    walk.closed.then_some(())
}

/// Walks through any document.
fn read_all<'a>(body: &'a [u8], walk: &mut Walk<'_, 'a>) -> End {
    let mut reader = Reader::from_reader(body);
    loop {
        let event = match reader.read_event() {
            Ok(event) => event,
            Err(Error::Syntax(error)) if is_end_of_input(error) => return End::Early,
            Err(_) => return End::Malformed,
        };
        let walked = match event {
            Event::Start(start) => walk.start(start.local_name().as_ref()),
            Event::Empty(start) => walk.empty(start.local_name().as_ref()),
            Event::End(_) => {
                walk.end();
                Some(())
            }
            Event::CData(_) | Event::GeneralRef(_) if walk.path.depth == 0 => None,
            Event::Text(piece) => walk.text(piece.into_inner()),
            Event::CData(piece) => walk.text(piece.into_inner()),
            Event::GeneralRef(_) if walk.field.is_none() => Some(()),
            Event::GeneralRef(reference) => {
                let character = reference.resolve_char_ref().ok().flatten();
                let name = str::from_utf8(&reference).ok();
                let mut buffer = [0; 4];
                let text = match (character, name.and_then(resolve_predefined_entity)) {
                    (Some(character), _) => Some(&*character.encode_utf8(&mut buffer)),
                    (None, text) => text,
                };
                text.map(|text| walk.value.get_or_insert_default().to_mut().push_str(text))
            }
            Event::Eof if walk.closed => return End::Closed,
            Event::Eof => return End::Early,
            Event::Comment(_) | Event::Decl(_) | Event::DocType(_) | Event::PI(_) => Some(()),
        };
        if walked.is_none() {
            return End::Malformed;
        }
    }
}

/// Adds a piece of text, or says that it is no text.
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

#[cfg(all(test, not(loom)))]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_services_send_is_skimmed() {
        for body in [
            "<Error><Code>SlowDown</Code><Message>Slow down.</Message></Error>",
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>A</Code></Error>\n",
            "<ErrorResponse xmlns=\"https://iam.amazonaws.com/doc/2010-05-08/\">\n  <Error>\n\
             <Code>Throttling</Code></Error><RequestId>1</RequestId></ErrorResponse>",
        ] {
            let mut found = Found::default();
            let skimmed = skim(body.as_bytes(), &mut Walk::new(true, &mut found));
            assert_eq!(skimmed, Some(()), "{body}");
            assert!(found.kind.is_some(), "{body}");
        }
    }

    /// An element with what is in it, named so that there are many fields.
    fn any_element() -> impl Strategy<Value = String> {
        let text = "[ \nA&;]{0,3}".boxed();
        text.prop_recursive(10, 24, 4, |inner| {
            let name = "Error|Errors|ErrorResponse|Code|Code|Message|RequestI[dD]|a|b:Code";
            let attribute = prop_oneof![
                8 => Just(""), 1 => Just(" x='>'"), 1 => Just(" x=\"/\""), 1 => Just("/"),
            ];
            (name, attribute, proptest::collection::vec(inner, 0..4)).prop_map(
                |(name, attribute, inner)| match attribute {
                    "/" => format!("<{name}/>"),
                    _ => format!("<{name}{attribute}>{}</{name}>", inner.concat()),
                },
            )
        })
    }

    /// The shapes that fields are found in, with anything among them.
    fn any_error() -> impl Strategy<Value = String> {
        let field = ("Code|Message|RequestId", "[ \nA]{0,3}")
            .prop_map(|(name, text)| format!("<{name}>{text}</{name}>"));
        let inside = proptest::collection::vec(prop_oneof![field, any_element()], 0..4);
        let shapes = prop_oneof![
            Just(&["Error"][..]),
            Just(&["ErrorResponse", "Error"][..]),
            Just(&["Response", "Errors", "Error"][..]),
        ];
        (shapes, inside).prop_map(|(shape, inside)| {
            shape.iter().rev().fold(inside.concat(), |inside, name| {
                format!("<{name}>{inside}</{name}>")
            })
        })
    }

    /// What may stand anywhere, or nowhere.
    fn any_junk() -> impl Strategy<Value = &'static str> {
        prop_oneof![
            16 => Just(""),
            1 => Just("<?xml version='1.0'?>"),
            1 => Just("<?xml ?x?>"),
            1 => Just("<!-- > -->"),
            1 => Just("<![CDATA[<]]>"),
            1 => Just("&lt;"),
            1 => Just("]]>"),
            1 => Just("<a/>"),
            1 => Just("</Code>"),
            1 => Just("<"),
            1 => Just(">"),
            1 => Just("\""),
            1 => Just("\u{e9}"),
        ]
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(20_000))]

        #[test]
        fn what_is_skimmed_is_read_alike(
            declaration in prop_oneof![Just(""), Just("<?xml version=\"1.0\"?>\n")],
            root in prop_oneof![any_element(), any_error()],
            junk in any_junk(),
            place in any::<proptest::sample::Index>(),
            details in any::<bool>(),
        ) {
            let mut body = format!("{declaration}{root}").into_bytes();
            let place = place.index(body.len().saturating_add(1));
            body.splice(place..place, junk.bytes());
            let shown = String::from_utf8_lossy(&body);
            let mut skimmed = Found::default();
            let mut skimming = Walk::new(details, &mut skimmed);
            if skim(&body, &mut skimming).is_some() {
                let mut read = Found::default();
                let mut reading = Walk::new(details, &mut read);
                let end = read_all(&body, &mut reading);
                prop_assert_eq!(skimming.is_error, reading.is_error, "{}", shown);
                prop_assert_eq!(end, End::Closed, "{}", shown);
                prop_assert_eq!(format!("{skimmed:?}"), format!("{read:?}"), "{}", shown);
            }
        }
    }
}
