//! Reads a response from text, so that seeds are files that people can read.
//!
//! ```text
//! 503
//! retry-after: 5
//!
//! <Error><Code>SlowDown</Code></Error>
//! ```

use http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode};

/// Reads a response: a line with its status, a line for each header, an empty line, and the
/// body. Lines that are not headers are ignored. Returns `None` without a valid status.
pub fn response(text: &[u8]) -> Option<Response<&[u8]>> {
    let (status, mut rest) = line(text);
    let mut response = Response::new(&[][..]);
    *response.status_mut() = StatusCode::from_bytes(status.trim_ascii()).ok()?;
    while !rest.is_empty() {
        let (header, next) = line(rest);
        rest = next;
        if header.is_empty() {
            break;
        }
        add(response.headers_mut(), header);
    }
    *response.body_mut() = rest;
    Some(response)
}

/// Adds the header of a line such as `retry-after: 5`. Ignores any other line.
pub fn add(headers: &mut HeaderMap, line: &[u8]) {
    let Some(colon) = line.iter().position(|byte| *byte == b':') else {
        return;
    };
    let (name, value) = (&line[..colon], &line[colon + 1..]);
    // A client removes the space before a value.
    let value = value.strip_prefix(b" ").unwrap_or(value);
    let (name, value) = (HeaderName::from_bytes(name), HeaderValue::from_bytes(value));
    if let (Ok(name), Ok(value)) = (name, value) {
        headers.append(name, value);
    }
}

/// Returns the first line and the rest.
pub fn line(text: &[u8]) -> (&[u8], &[u8]) {
    match text.iter().position(|byte| *byte == b'\n') {
        Some(end) => (&text[..end], &text[end + 1..]),
        None => (text, &[]),
    }
}

/// Returns true if a character may change how a line of a log is shown: a control character,
/// a line separator, or a mark that changes the direction of text.
pub fn is_unprintable(character: char) -> bool {
    character.is_control()
        || matches!(
            character,
            '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}'
        )
        || matches!(character, '\u{2066}'..='\u{2069}')
}
