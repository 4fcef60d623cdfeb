//! The verdict on the errors of ureq 3.

use std::error::Error;
use std::fmt::{self, Write as _};
use std::ops::ControlFlow;

use http::StatusCode;
use ureq::Error as Ureq;

use super::chain::{Finding, Step, TRANSIENT, UNSENT, find, found};
use super::io::starts_with;
use crate::classify::Verdict;

/// Judges a link that is an error of ureq. Returns `None` for any other link.
pub(super) fn judge<'e>(link: &'e (dyn Error + 'static)) -> Option<Step<'e>> {
    find::<Ureq>(link).map(judge_ureq)
}

/// Judges an error of ureq. It has no `source()`, so each variant is matched here.
fn judge_ureq(error: &Ureq) -> Step<'_> {
    match error {
        Ureq::StatusCode(code) => match StatusCode::from_u16(*code) {
            Ok(status) => ControlFlow::Break(Finding::Status(status)),
            Err(_) => found(Verdict::Permanent),
        },
        Ureq::Io(error) => ControlFlow::Continue(Some(error)),
        Ureq::Timeout(_) => found(TRANSIENT),
        // Neither a name nor a connection: the request was not sent.
        Ureq::HostNotFound | Ureq::ConnectionFailed => found(UNSENT),
        Ureq::Other(error) => ControlFlow::Continue(Some(&**error)),
        Ureq::BadUri(_)
        | Ureq::BodyExceedsLimit(_)
        | Ureq::Http(_)
        | Ureq::InvalidProxyUrl
        | Ureq::LargeResponseHeader(..)
        | Ureq::Protocol(_)
        | Ureq::RedirectFailed
        | Ureq::RequireHttpsOnly(_)
        | Ureq::Tls(_)
        | Ureq::TlsRequired
        | Ureq::TooManyRedirects => found(Verdict::Permanent),
        // The connection was closed inside a chunked body. The variant is hidden, so that
        // only its text can be used.
        _ if starts_with(error, "body data reading stalled") || is_cut_off(error) => {
            found(TRANSIENT)
        }
        _ => ControlFlow::Continue(None),
    }
}

/// Returns true for a body that broke off while ureq decoded it as gzip, brotli or JSON.
///
/// Only the text can be used: the variants exist only with features of ureq, and have no
/// `source()`.
fn is_cut_off(error: &Ureq) -> bool {
    /// How the texts of ureq and of the decoders begin if bytes are missing.
    const CUT_OFF: [&str; 5] = [
        "Peer disconnected",
        "body data reading stalled",
        "incomplete deflate stream",
        "timeout: ",
        "unexpected end of file",
    ];
    let mut short = Short {
        bytes: [0; 128],
        len: 0,
    };
    if write!(short, "{error}").is_err() {
        return false;
    }
    let text = short.text();
    let json = text.strip_prefix("json: ");
    let decoded = json.unwrap_or(text);
    let cause = ["gzip", "brotli"].iter().find_map(|format| {
        let failed = decoded.strip_prefix(format)?;
        failed.strip_prefix(" decompression failed: ")
    });
    cause.or(json).is_some_and(|cause| {
        CUT_OFF.iter().any(|text| cause.starts_with(text)) || is_of_system(cause)
    })
}

/// Returns true for the text of an error of the operating system. A JSON parser may add a
/// position, and may quote the document, but not at the end.
fn is_of_system(cause: &str) -> bool {
    let text = cause
        .rsplit_once(" at line ")
        .map_or(cause, |(text, _)| text);
    let code = text
        .strip_suffix(')')
        .and_then(|text| text.rsplit_once(" (os error "));
    code.is_some_and(|(_, code)| code.bytes().all(|byte| byte.is_ascii_digit()))
}

/// A text of at most 128 bytes, so that nothing is allocated. Writing a longer one fails.
struct Short {
    bytes: [u8; 128],
    len: usize,
}

impl Short {
    fn text(&self) -> &str {
        let written = self.bytes.get(..self.len).unwrap_or_default();
        std::str::from_utf8(written).unwrap_or_default()
    }
}

impl fmt::Write for Short {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let end = self.len.saturating_add(text.len());
        let place = self.bytes.get_mut(self.len..end).ok_or(fmt::Error)?;
        place.copy_from_slice(text.as_bytes());
        self.len = end;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::is_of_system;

    #[test]
    fn an_error_of_the_operating_system_ends_with_its_code() {
        assert!(is_of_system("Connection reset by peer (os error 104)"));
        assert!(is_of_system("Broken pipe (os error 32) at line 1 column 7"));
        for text in [
            "invalid type: string \"reset (os error 104)\", expected u32 at line 1 column 30",
            "reset (os error x)",
            "(os error 104)",
            "corrupt deflate stream",
        ] {
            assert!(!is_of_system(text), "{text}");
        }
    }
}
